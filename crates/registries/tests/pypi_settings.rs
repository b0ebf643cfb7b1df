//! Effective settings of Python's tools: their layers, and what a hostile project may not decide.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is a failed test")]

use std::collections::BTreeMap;

use url::Url;
use vetch_registries::{Environment, LinksPlace, PypiConfig, PythonLayer, PythonTool, Strategy};
use vetch_testkit::{Project, ProjectBuilder};

fn load(project: &Project, variables: &[(&str, &str)], trust_project: bool) -> PypiConfig {
    let mut all = BTreeMap::from([("XDG_CONFIG_DIRS".to_owned(), project.home().join("xdg").display().to_string())]);
    all.extend(variables.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    PypiConfig::load(&Environment {
        variables: all,
        home: Some(project.home()),
        project: Some(project.root()),
        trust_project,
    })
}

fn demo() -> ProjectBuilder {
    Project::builder("demo")
}

fn urls(config: &PypiConfig, tool: PythonTool) -> Vec<&str> {
    config.indexes(tool).indexes.iter().map(|index| index.url.as_str()).collect()
}

fn told(config: &PypiConfig, words: &str) -> bool {
    config.notices.iter().any(|notice| notice.message.contains(words) && !notice.hint.is_empty())
}

fn named(config: &PypiConfig, url: &str) -> bool {
    config.user_names(&Url::parse(url).unwrap())
}

#[test]
fn without_settings_the_public_index_is_asked() {
    let config = load(&demo().build(), &[], false);
    for tool in PythonTool::ALL {
        assert_eq!(urls(&config, tool), ["https://pypi.org/simple/"], "{tool:?}");
        assert_eq!(config.indexes(tool).indexes[0].origin.layer, PythonLayer::Default);
    }
    assert_eq!(config.indexes(PythonTool::Uv).strategy, Strategy::First);
    assert!(config.notices.is_empty(), "{:?}", config.notices);
}

#[cfg(target_os = "linux")]
#[test]
fn pips_layers_and_sections() {
    let project = demo()
        .home_file("xdg/pip/pip.conf", "[global]\nindex-url = https://global.invalid/simple\n[install]\nretries = 9\n")
        .home_file(".pip/pip.conf", "[global]\nindex-url = https://legacy.invalid/simple\n")
        .home_file(
            ".config/pip/pip.conf",
            "[global]\nindex_url: https://u:hunter2@user.invalid/simple\nretries=1\nextra-index-url =\n  https://a.invalid\n  https://b.invalid/x\n[download]\nno-index = no\n",
        )
        .home_file("venv/pip.conf", "[install]\nfind-links = /srv/wheels https://links.invalid/page.html\n")
        .home_file("other.conf", "[global]\nindex-url = https://named.invalid/\n")
        .build();
    let venv = project.home().join("venv").display().to_string();
    let other = project.home().join("other.conf").display().to_string();
    let config = load(&project, &[("VIRTUAL_ENV", &venv)], false);
    assert_eq!(
        urls(&config, PythonTool::Pip),
        ["https://user.invalid/simple/", "https://a.invalid/", "https://b.invalid/x/"]
    );
    let set = config.indexes(PythonTool::Pip);
    assert_eq!((set.indexes[0].origin.layer, set.indexes[0].origin.line), (PythonLayer::User, 2));
    assert!(set.indexes[0].origin.to_string().ends_with("pip.conf:2"));
    assert_eq!(set.indexes[1].origin.line, 4);
    assert_eq!(config.fetch.retries, 9, "the command's section goes before, in whatever file");
    assert_eq!(set.find_links.len(), 2);
    assert!(
        matches!(&set.find_links[1].place, LinksPlace::Page(url) if url.as_str() == "https://links.invalid/page.html")
    );
    assert!(named(&config, "https://user.invalid/x") && !named(&config, "http://user.invalid/x"));
    assert!(!format!("{config:?}").contains("hunter2"));
    assert_eq!(urls(&config, PythonTool::Uv), ["https://pypi.org/simple/"], "uv reads no pip.conf");
    // A named file stands in for the user's; a variable goes before all.
    let config = load(&project, &[("PIP_CONFIG_FILE", &other)], false);
    assert_eq!(urls(&config, PythonTool::Pip), ["https://named.invalid/"]);
    let config = load(&project, &[("PIP_CONFIG_FILE", &other), ("PIP_INDEX_URL", "https://env.invalid")], false);
    assert_eq!(urls(&config, PythonTool::Pip), ["https://env.invalid/"]);
    let none = load(&project, &[("PIP_CONFIG_FILE", "/dev/null")], false);
    assert_eq!(urls(&none, PythonTool::Pip), ["https://pypi.org/simple/"]);
}

#[test]
fn a_virtual_environment_in_the_project_is_the_projects_word() {
    let text = "[global]\nindex-url = https://evil.invalid/simple\nno-index = true\ntrusted-host = 10.0.0.1\nproxy = http://evil.invalid\nfind-links = /etc\n";
    let project = demo().file(".venv/pip.conf", text).build();
    let venv = project.root().join(".venv").display().to_string();
    let config = load(&project, &[("VIRTUAL_ENV", &venv)], false);
    for key in ["no-index", "trusted-host", "proxy"] {
        assert!(told(&config, &format!("`{key}` in .venv/pip.conf")), "{key}: {:?}", config.notices);
    }
    assert!(told(&config, "a folder of archives outside the project"));
    assert!(told(&config, "takes packages from evil.invalid"));
    assert!(!named(&config, "https://evil.invalid/") && !named(&config, "https://10.0.0.1/"));
    let evil = config.notices.iter().find(|notice| notice.message.contains("evil")).unwrap();
    assert_eq!(evil.origin.location().map(|at| (at.file, at.line)), Some((".venv/pip.conf".to_owned(), 2)));
    // What the user chose stays.
    let config = load(&project, &[("VIRTUAL_ENV", &venv), ("PIP_INDEX_URL", "https://mine.invalid/")], false);
    assert_eq!(urls(&config, PythonTool::Pip), ["https://mine.invalid/"]);
}

#[test]
fn uvs_layers() {
    let project = demo()
        .home_file(
            ".config/uv/uv.toml",
            "index-strategy = \"unsafe-best-match\"\nfind-links = [\"wheels\"]\n[[index]]\nname = \"user\"\nurl = \"https://user.invalid/simple\"\n",
        )
        .file(
            "pyproject.toml",
            "[tool.uv]\noffline = true\n[[tool.uv.index]]\nname = \"proj\"\nurl = \"https://proj.invalid/simple\"\nexplicit = true\n[[tool.uv.index]]\nname = \"d\"\nurl = \"https://def.invalid\"\ndefault = true\n[tool.uv.sources]\nTorch_X = [{ index = \"proj\", marker = \"x\" }]\n",
        )
        .build();
    let env = [
        ("UV_INDEX", "e=https://env.invalid/s https://bare.invalid/?a=b"),
        ("UV_EXTRA_INDEX_URL", "https://x.invalid"),
    ];
    let config = load(&project, &env, false);
    assert_eq!(
        urls(&config, PythonTool::Uv),
        [
            "https://env.invalid/s/",
            "https://bare.invalid/",
            "https://x.invalid/",
            "https://proj.invalid/simple/",
            "https://user.invalid/simple/",
            "https://def.invalid/",
        ]
    );
    let set = config.indexes(PythonTool::Uv);
    assert!(set.named("PROJ").unwrap().explicit && set.strategy == Strategy::All);
    assert_eq!(set.named("proj").unwrap().origin.to_string(), "pyproject.toml:5");
    assert_eq!(set.pins.get("torch-x").map(String::as_str), Some("proj"));
    assert!(matches!(&set.find_links[0].place, LinksPlace::Folder(path) if path.ends_with(".config/uv/wheels")));
    assert!(!config.offline && told(&config, "`offline` in pyproject.toml"));
    // The user's default is not the project's to replace.
    let env = [("UV_DEFAULT_INDEX", "https://mine.invalid/")];
    assert_eq!(urls(&load(&project, &env, false), PythonTool::Uv).last(), Some(&"https://mine.invalid/"));
    let project = demo()
        .home_file(".config/uv/uv.toml", "index-url = \"https://mine.invalid\"\n")
        .file("uv.toml", "index-url = \"https://evil.invalid\"\nindex-strategy = \"unsafe-first-match\"\n")
        .build();
    let config = load(&project, &[], false);
    assert_eq!(urls(&config, PythonTool::Uv), ["https://mine.invalid/"]);
    assert!(told(&config, "may not take the place") && told(&config, "`index-strategy` in uv.toml"));
    assert_eq!(urls(&load(&project, &[], true), PythonTool::Uv), ["https://evil.invalid/"]);
    assert_eq!(urls(&load(&project, &[("UV_NO_CONFIG", "1")], false), PythonTool::Uv), ["https://pypi.org/simple/"]);
}

#[test]
fn poetry_pdm_and_pipenv_read_the_project() {
    let project = demo()
        .file(
            "pyproject.toml",
            "[[tool.poetry.source]]\nname = \"corp\"\nurl = \"https://corp.invalid/simple\"\npriority = \"supplemental\"\n\
             [[tool.poetry.source]]\nname = \"torch\"\nurl = \"https://torch.invalid\"\npriority = \"explicit\"\n\
             [tool.poetry.group.ml.dependencies]\nTorch = { version = \"*\", source = \"torch\" }\n\
             [[tool.pdm.source]]\nname = \"pypi\"\nurl = \"https://pdm.invalid/simple\"\n\
             [[tool.pdm.source]]\ntype = \"find_links\"\nurl = \"./wheels\"\n",
        )
        .file("wheels/x", "")
        .file("Pipfile", "[[source]]\nname = \"ignored\"\nurl = \"https://ignored.invalid\"\n")
        .file(
            "Pipfile.lock",
            "{\n \"_meta\": {\"sources\": [\n  {\"name\": \"pypi\", \"url\": \"https://pypi.org/simple\"},\n  {\"name\": \"corp\", \"url\": \"https://corp.invalid/simple\"}]},\n \"default\": {\"x\": {\"index\": \"corp\"}}\n}",
        )
        .build();
    let config = load(&project, &[("PIPENV_PYPI_MIRROR", "https://mirror.invalid/simple")], false);
    assert_eq!(
        urls(&config, PythonTool::Poetry),
        ["https://pypi.org/simple/", "https://corp.invalid/simple/", "https://torch.invalid/"]
    );
    let poetry = config.indexes(PythonTool::Poetry);
    assert!(poetry.indexes[1].supplemental && poetry.indexes[2].explicit);
    assert_eq!(poetry.pins.get("torch").map(String::as_str), Some("torch"));
    assert_eq!(urls(&config, PythonTool::Pdm), ["https://pdm.invalid/simple/"]);
    assert_eq!(config.indexes(PythonTool::Pdm).find_links.len(), 1);
    assert_eq!(urls(&config, PythonTool::Pipenv), ["https://mirror.invalid/simple/", "https://corp.invalid/simple/"]);
    let pipenv = config.indexes(PythonTool::Pipenv);
    assert!(pipenv.indexes[1].explicit && pipenv.pins["x"] == "corp");
    assert_eq!(pipenv.indexes[1].origin.to_string(), "Pipfile.lock:4");
    let primary =
        demo().file("pyproject.toml", "[[tool.poetry.source]]\nname=\"a\"\nurl=\"https://a.invalid\"\n").build();
    assert_eq!(urls(&load(&primary, &[], false), PythonTool::Poetry), ["https://a.invalid/"]);
}

#[test]
fn the_project_reads_no_environment_and_names_nothing_outside() {
    let project = demo()
        .file("Pipfile", "[[source]]\nname = \"c\"\nurl = \"https://${TOKEN}@corp.invalid/simple\"\n")
        .file(
            "uv.toml",
            "find-links = [\"/etc\", \"../..\", \"file:///etc\"]\nindex-url = \"https://${TOKEN}.evil.invalid\"\n",
        )
        .build();
    let config = load(&project, &[("TOKEN", "hunter2")], false);
    assert!(!format!("{config:?}").contains("hunter2"));
    assert_eq!(config.notices.iter().filter(|notice| notice.message.contains("reads the environment")).count(), 2);
    assert!(config.indexes(PythonTool::Uv).find_links.is_empty());
    assert!(!config.indexes(PythonTool::Uv).unusable.is_empty());
    let trusted = load(&project, &[("TOKEN", "hunter2")], true);
    assert_eq!(urls(&trusted, PythonTool::Pipenv), ["https://corp.invalid/simple/"]);
    assert_eq!(urls(&trusted, PythonTool::Uv), ["https://hunter2.evil.invalid/"]);
}

#[test]
fn hostile_files_are_survived() {
    for (name, text) in [
        ("pyproject.toml", "[tool.uv\nindex = 1\n".to_owned()),
        ("pyproject.toml", "[tool.uv]\nindex = 1\nfind-links = [1]\n".to_owned()),
        ("pyproject.toml", format!("x = {}", "[".repeat(100_000))),
        ("uv.toml", "[[index]]\nname = \"x\"\n".to_owned()),
        ("Pipfile.lock", "{".to_owned()),
        ("Pipfile", "<<<<<<< ours\n".to_owned()),
        ("uv.toml", "a = 1\n".repeat(2_000_000)),
    ] {
        let config = load(&demo().file(name, &text).build(), &[], false);
        assert!(!config.notices.is_empty(), "{name}");
    }
    let many: String = (0..5000).map(|n| format!("[[index]]\nurl = \"https://h{n}.invalid\"\n")).collect();
    let config = load(&demo().file("uv.toml", &many).build(), &[], false);
    assert!(config.indexes(PythonTool::Uv).indexes.len() <= 100 && told(&config, "more than 100 indexes"));
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_project_is_not_read() {
    let project = demo().home_file("secret.toml", "index-url = \"https://s.invalid\"\n").build();
    std::os::unix::fs::symlink(project.home().join("secret.toml"), project.root().join("uv.toml")).unwrap();
    let config = load(&project, &[], false);
    assert!(told(&config, "lies outside the project"));
    assert_eq!(urls(&config, PythonTool::Uv), ["https://pypi.org/simple/"]);
}
