//! Several projects of several package managers in one folder; SBOMs.

use serde_json::Value;
use vetch_testkit::{NpmRegistry, Pkg, Project, ProjectBuilder, PyPkg, PythonIndex, Run, sha256};

use super::{dropper, harmless, incomplete, offline, rules, says, scan, settings, verdict, with_archives};

fn idna() -> PyPkg {
    PyPkg::new("idna", "3.7").file("idna/__init__.py", "def encode(text):\n    return text.encode()\n")
}

/// A lockfile of uv's that holds `svc` to the wheel of [`idna`].
fn uv() -> String {
    let hash = sha256(&idna().wheel());
    format!(
        r#"version = 1
revision = 1
requires-python = ">=3.9"

[[package]]
name = "idna"
version = "3.7"
source = {{ registry = "https://pypi.org/simple" }}
wheels = [
    {{ url = "https://files.invalid/idna-3.7-py3-none-any.whl", hash = "sha256:{hash}" }},
]

[[package]]
name = "svc"
version = "0.1.0"
source = {{ virtual = "." }}
dependencies = [{{ name = "idna" }}]

[package.metadata]
requires-dist = [{{ name = "idna", specifier = "==3.7" }}]
"#
    )
}

fn pnpm(pkg: &Pkg, name: &str) -> String {
    format!(
        "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    dependencies:\n      {name}:\n        specifier: 1.0.0\n        \
         version: 1.0.0\n\npackages:\n\n  {name}@1.0.0:\n    resolution: {{integrity: {}}}\n\nsnapshots:\n\n  \
         {name}@1.0.0: {{}}\n",
        pkg.integrity()
    )
}

fn yarn(pkg: &Pkg, name: &str) -> String {
    format!(
        "# yarn lockfile v1\n\n\n{name}@1.0.0:\n  version \"1.0.0\"\n  resolved \
         \"https://registry.yarnpkg.com/{name}/-/{name}-1.0.0.tgz#0000000000000000000000000000000000000000\"\n  integrity {}\n",
        pkg.integrity()
    )
}

fn manifest(name: &str, wants: &str) -> String {
    format!("{{\"name\": \"{name}\", \"version\": \"1.0.0\", \"dependencies\": {{\"{wants}\": \"1.0.0\"}}}}\n")
}

/// Writes the files of a package to a folder of the project.
fn install(mut project: ProjectBuilder, folder: &str, pkg: &Pkg) -> ProjectBuilder {
    for (path, bytes) in pkg.contents() {
        project = project.file(&format!("{folder}/{path}"), bytes);
    }
    project
}

const PLACE: &str = "web/node_modules/.pnpm/part@1.0.0/node_modules/part";

/// npm at the top, pnpm in `web`, uv in `svc`.
fn mixed(installed: &Pkg) -> Project {
    let part = harmless("part");
    let project = Project::builder("demo")
        .install(harmless("top"))
        .archive(&part)
        .file("web/package.json", manifest("web", "part"))
        .file("web/pnpm-lock.yaml", pnpm(&part, "part"))
        .file("svc/pyproject.toml", "[project]\nname = \"svc\"\nversion = \"0.1.0\"\ndependencies = [\"idna==3.7\"]\n")
        .archive_bytes(&idna().wheel_name(), idna().wheel())
        .file("svc/uv.lock", uv());
    install(project, PLACE, installed).build()
}

fn files(run: &Run) -> Vec<String> {
    let text = |file: &Value| {
        format!("{} {} {}", file["file"].as_str().unwrap(), file["format"].as_str().unwrap(), file["packages"])
    };
    run.json()["files"].as_array().unwrap().iter().map(text).collect()
}

#[test]
fn a_monorepo_of_npm_pnpm_and_uv_is_scanned_as_a_whole() {
    let project = mixed(&harmless("part"));
    let run = with_archives(&project).expect(0);
    let report = run.json();
    assert_eq!(report["targets"].as_array().unwrap().len(), 1);
    assert_eq!(
        files(&run),
        ["package-lock.json package-lock 1", "svc/uv.lock uv 1", "web/pnpm-lock.yaml pnpm 1"],
        "{}",
        run.stdout
    );
    let part = run.release("pkg:npm/part@1.0.0");
    assert_eq!(part["locations"][0]["path"], PLACE);
    assert_eq!(part["locations"][0]["file"], "web/pnpm-lock.yaml");
    assert_eq!(part["paths"][0][0]["label"], "web@1.0.0");
    assert!(part["content_hash"].is_string());
    let idna = run.release("pkg:pypi/idna@3.7");
    assert_eq!((&idna["verdict"], &idna["locations"][0]["file"]), (&"clean".into(), &"svc/uv.lock".into()));
    assert!(idna["content_hash"].is_string());
    let unavailable = report["unavailable"].as_array().unwrap();
    let told: Vec<&str> = unavailable.iter().map(|it| it["what"].as_str().unwrap()).collect();
    let expected = [
        "the histories of 1 package of https://pypi.org/simple",
        "the histories of 2 packages of https://registry.npmjs.org/",
        "threat intelligence",
    ];
    assert_eq!(told, expected);
    let text = scan(&project, &["--offline", "--archives"]).args([project.archives()]).run().expect(0).stdout;
    assert!(text.contains("web/pnpm-lock.yaml pnpm 9.0, 1 package"), "{text}");
}

#[test]
fn what_differs_in_a_pnpm_store_is_found_and_told_at_its_lockfile() {
    let tampered = harmless("part").file("index.js", "module.exports = () => 0;\n");
    let project = mixed(&tampered);
    let run = with_archives(&project).expect(1);
    assert_eq!(verdict(&run, "part"), "suspicious");
    assert_eq!(rules(&run, "part"), ["installed-files-changed"]);
    let sarif =
        scan(&project, &["--offline", "--format", "sarif", "--archives"]).args([project.archives()]).run().json();
    let uri = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(uri, "web/pnpm-lock.yaml");
    let markdown = scan(&project, &["--offline", "--format", "markdown"]).run().stdout;
    assert!(markdown.contains("svc/uv.lock"), "{markdown}");
}

#[test]
fn one_npm_project_is_told_as_before() {
    let project = Project::builder("demo").install(harmless("a")).build();
    let report = offline(&project, &[]).expect(0).json();
    assert!(report.get("files").is_none(), "{report}");
}

#[test]
fn a_yarn_project_is_judged_by_what_is_installed() {
    let (part, other) = (harmless("part"), dropper("part"));
    let base = |installed: &Pkg| {
        let project = Project::builder("demo")
            .no_lockfile()
            .field("dependencies", serde_json::json!({"part": "1.0.0"}))
            .archive(&part)
            .file("yarn.lock", yarn(&part, "part"));
        let project = install(project, "node_modules/part", installed);
        install(project, "node_modules/b/node_modules/part", &part).build()
    };
    let project = base(&part);
    let run = offline(&project, &[]);
    let places: Vec<String> = run.release("pkg:npm/part@1.0.0")["locations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|place| place["path"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(places, ["node_modules/b/node_modules/part", "node_modules/part"], "{}", run.stdout);
    assert_eq!(verdict(&run, "part"), "clean");
    // Planted under the name and version that is locked.
    let run = with_archives(&base(&other)).expect(1);
    let bad = run.json()["releases"]
        .as_array()
        .unwrap()
        .iter()
        .any(|release| release["locations"][0]["path"] == "node_modules/part" && release["verdict"] == "malicious");
    assert!(bad, "{}", run.stdout);
}

#[test]
fn another_installed_version_than_yarns_is_told() {
    let part = harmless("part");
    let project = Project::builder("demo")
        .no_lockfile()
        .field("dependencies", serde_json::json!({"part": "1.0.0"}))
        .file("yarn.lock", yarn(&part, "part"));
    let project = install(project, "node_modules/part", &Pkg::new("part", "1.0.9")).build();
    assert_eq!(rules(&offline(&project, &[]), "part"), ["installed-differs-from-lock"]);
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_stands() {
    let project = Project::builder("demo")
        .install(harmless("top"))
        .file("broken/pnpm-lock.yaml", "lockfileVersion: '9.0'\n<<<<<<< HEAD\n")
        .file("loose/package.json", manifest("loose", "x"))
        .file("old/bun.lockb", "x")
        .build();
    let run = offline(&project, &[]).expect(3);
    says(&run, &["broken/pnpm-lock.yaml"]);
    says(&run, &["loose/package.json", "neither locked nor installed"]);
    says(&run, &["old/bun.lockb"]);
    assert_eq!(verdict(&run, "top"), "clean");
}

fn bom() -> String {
    let component = |purl: &str, name: &str| {
        format!(
            "{{\"type\": \"library\", \"bom-ref\": \"{name}\", \"name\": \"{name}\", \"version\": \"1.0.0\", \"purl\": \"{purl}\"}}"
        )
    };
    format!(
        "{{\"bomFormat\": \"CycloneDX\", \"specVersion\": \"1.5\", \"version\": 1, \"components\": [{}, {}, {}]}}\n",
        component("pkg:npm/bad@1.0.0", "bad"),
        component("pkg:pypi/idna@1.0.0", "idna"),
        component("pkg:maven/org.example/lib@1.0.0", "lib")
    )
}

#[test]
fn an_sbom_is_judged_by_the_registrys_archives() {
    let registry = NpmRegistry::builder().package(dropper("bad")).start();
    let project = Project::builder("demo").user_npmrc(&settings(&registry)).file("bom.cdx.json", bom()).build();
    let run = offline(&project, &["bom.cdx.json"]).expect(3);
    assert_eq!(run.json()["targets"][0]["kind"], "sbom");
    assert_eq!(verdict(&run, "bad"), "incomplete");
    assert_eq!(incomplete(&run).len(), 1);
    assert_eq!(run.release("pkg:maven/org.example/lib@1.0.0")["verdict"], "clean");
    let unavailable = run.json()["unavailable"].as_array().unwrap().len();
    assert_eq!(unavailable, 3, "{}", run.stdout);
    let idna = PyPkg::new("idna", "1.0.0").file("idna/__init__.py", "import os\nos.system('uname')\n");
    let index = PythonIndex::builder().package(idna).start();
    let run = scan(&project, &["--format", "json", "bom.cdx.json"]).env("PIP_INDEX_URL", index.url()).run().expect(1);
    assert_eq!(verdict(&run, "bad"), "malicious");
    let capabilities = &run.release("pkg:pypi/idna@1.0.0")["profile"]["capabilities"];
    assert_eq!(capabilities[0]["id"], "process.spawn", "{}", run.stdout);
}

#[test]
fn an_sbom_beside_its_project_is_no_second_project() {
    let bom = bom().replace("npm/bad", "npm/top");
    let project = Project::builder("demo").install(harmless("top")).file("bom.cdx.json", bom).build();
    let run = offline(&project, &[]).expect(0);
    assert_eq!(run.release("pkg:npm/top@1.0.0")["locations"].as_array().unwrap().len(), 2);
}
