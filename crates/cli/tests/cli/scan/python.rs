//! Installed Python environments: against their lockfile, and against what their installer recorded.

use serde_json::Value;
use vetch_testkit::{Project, ProjectBuilder, Run};

use super::{incomplete, offline, says, scan};

const SITE: &str = ".venv/lib/python3.11/site-packages";

const METADATA: &str = "Metadata-Version: 2.1\nName: tool\nVersion: 1.0\n";

/// `tool/__init__.py` holds `x = 1`, `tool/data.txt` nothing.
const RECORD: &str = "tool/__init__.py,sha256=nia_NpkRxFwkPGhBR7I_yeHc_PJX0pmhxjIBam_NM_Q,6\n\
                      tool/__pycache__/__init__.cpython-311.pyc,,\n\
                      tool/data.txt,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n\
                      tool-1.0.dist-info/INSTALLER,,\n\
                      tool-1.0.dist-info/METADATA,sha256=alG2BhqRtxfzUXaH-VRM0snEgmZX-XTQqSozOaHFxG0,46\n\
                      tool-1.0.dist-info/RECORD,,\n";

fn environment() -> ProjectBuilder {
    Project::builder("demo")
        .no_lockfile()
        .without("package.json")
        .file("requirements.txt", "tool==1.0\n")
        .file(".venv/pyvenv.cfg", "home = /usr/bin\n")
        .file(&format!("{SITE}/tool/__init__.py"), "x = 1\n")
        .file(&format!("{SITE}/tool/__pycache__/__init__.cpython-311.pyc"), "compiled")
        .file(&format!("{SITE}/tool/data.txt"), "")
        .file(&format!("{SITE}/tool-1.0.dist-info/METADATA"), METADATA)
        .file(&format!("{SITE}/tool-1.0.dist-info/INSTALLER"), "uv\n")
        .file(&format!("{SITE}/tool-1.0.dist-info/RECORD"), RECORD)
}

fn findings(run: &Run) -> Vec<String> {
    let report = run.json();
    let of = |value: &Value| format!("{} {}", value["rule"].as_str().unwrap(), value["title"].as_str().unwrap());
    let releases =
        report["releases"].as_array().unwrap().iter().flat_map(|one| one["findings"].as_array().unwrap().clone());
    let targets = report["findings"].as_array().unwrap().iter().map(|one| one["finding"].clone());
    releases.chain(targets).map(|one| of(&one)).filter(|text| !text.starts_with("missing-integrity")).collect()
}

#[test]
fn an_untouched_environment_is_clean() {
    let project = environment().build();
    let run = offline(&project, &["--fail-on", "suspicious"]).expect(0);
    assert_eq!(findings(&run), Vec::<String>::new());
    assert_eq!(incomplete(&run), [] as [String; 0]);
    let tool = run.release("pkg:pypi/tool@1.0");
    let places = tool["locations"].as_array().unwrap();
    assert_eq!(places.len(), 2, "{places:?}");
    assert_eq!(places[1]["path"], format!("{SITE}/tool-1.0.dist-info"));
    for target in [".venv".to_owned(), SITE.to_owned()] {
        let run = offline(&project, &[&target]).expect(0);
        assert_eq!(run.json()["targets"][0]["kind"], "environment");
    }
}

#[test]
fn what_was_changed_planted_and_removed_is_found() {
    let project = environment()
        .file(&format!("{SITE}/tool/__init__.py"), "x = 2\n")
        .file(&format!("{SITE}/tool/planted.py"), "import os\n")
        .without(&format!("{SITE}/tool/data.txt"))
        .build();
    let run = offline(&project, &[]).expect(1);
    let tool = run.release("pkg:pypi/tool@1.0");
    assert_eq!(tool["verdict"], "suspicious");
    let found = findings(&run);
    for words in ["tool/__init__.py of tool@1.0 is not the one", "tool/planted.py lies among", "1 installed files"] {
        assert!(
            found.iter().any(|text| text.starts_with("recorded-files-changed") && text.contains(words)),
            "{found:#?}"
        );
    }
    let text = scan(&project, &["--offline"]).run().stdout;
    assert!(text.contains("RECORD:1"), "{text}");
}

/// Two releases that have files in common: whichever is installed last has its own there.
#[test]
fn what_another_release_was_installed_over_is_told_and_fails_nothing() {
    let other = "Metadata-Version: 2.1\nName: other\nVersion: 1.0\n";
    let record = "tool/__init__.py,sha256=QgXEgJqxsID9Mra_lkDl_qptG2m_n6aElUq3EBV-wUE,6\n\
                  other-1.0.dist-info/METADATA,,\nother-1.0.dist-info/RECORD,,\n";
    let project = environment()
        .file("requirements.txt", "tool==1.0\nother==1.0\n")
        .file(&format!("{SITE}/tool/__init__.py"), "x = 2\n")
        .file(&format!("{SITE}/other-1.0.dist-info/METADATA"), other)
        .file(&format!("{SITE}/other-1.0.dist-info/RECORD"), record)
        .build();
    let run = offline(&project, &["--allow-incomplete"]).expect(0);
    let found = findings(&run);
    let words = "recorded-files-changed 1 files of tool@1.0 are those of other@1.0, which was installed over it";
    assert!(found.iter().any(|text| text == words), "{found:#?}");
    assert_eq!(run.release("pkg:pypi/tool@1.0")["verdict"], "notable");
}

#[test]
fn what_runs_at_every_start_and_was_not_recorded_is_found() {
    let project = environment()
        .file(&format!("{SITE}/metrics.pth"), "# metrics\nimport os; os.getpid()\n")
        .file(&format!("{SITE}/folders.pth"), "../elsewhere\n")
        .file(&format!("{SITE}/sitecustomize.py"), "x = 1\n")
        .build();
    let run = offline(&project, &[]).expect(1);
    let found = findings(&run);
    let all = found.iter().filter(|text| text.starts_with("unrecorded-startup-code")).count();
    assert_eq!(all, 3, "{found:#?}");
    let recorded = format!("{RECORD}metrics.pth,,\n");
    let project = environment()
        .file(&format!("{SITE}/metrics.pth"), "import os\n")
        .file(&format!("{SITE}/tool-1.0.dist-info/RECORD"), recorded)
        .build();
    let run = offline(&project, &[]).expect(3);
    assert_eq!(findings(&run), Vec::<String>::new());
    says(&run, &["metrics.pth", "does not say what they hash to"]);
}

#[test]
fn an_environment_is_compared_with_the_lockfile() {
    let project = environment().file("requirements.txt", "tool==2.0\nabsent==1.0\n").build();
    let found = findings(&offline(&project, &[]));
    assert!(
        found.iter().any(|text| text.contains("tool@1.0 is installed, which is not the version in requirements.txt"))
    );
    assert!(found.iter().any(|text| text.contains("absent@1.0")), "{found:#?}");
    let project = environment().file("requirements.txt", "other==1.0\n").build();
    let found = findings(&offline(&project, &[]));
    assert!(found.iter().any(|text| text.contains("tool@1.0 is installed, and requirements.txt does not have it")));
}

#[test]
fn without_a_record_nothing_is_claimed() {
    let project = environment().without(&format!("{SITE}/tool-1.0.dist-info/RECORD")).build();
    let run = offline(&project, &[]).expect(3);
    says(&run, &["tool-1.0.dist-info", "no RECORD"]);
    assert_eq!(run.release("pkg:pypi/tool@1.0")["verdict"], "incomplete");
}

#[test]
fn another_index_and_open_versions_are_told() {
    let text = "--extra-index-url http://pypi.corp.invalid/simple\ntool==1.0\nopen>=2\n";
    let project = Project::builder("demo").no_lockfile().without("package.json").file("requirements.txt", text).build();
    let run = offline(&project, &[]).expect(3);
    let rules: Vec<String> = findings(&run).iter().map(|text| text.split(' ').next().unwrap().to_owned()).collect();
    assert!(rules.contains(&"extra-package-index".to_owned()), "{rules:?}");
    assert!(rules.contains(&"plain-http-source".to_owned()), "{rules:?}");
    says(&run, &["requirements.txt", "1 of the packages", "no version"]);
}
