//! Releases judged by the history of their package, with no advisory.

use serde_json::Value;
use vetch_testkit::{NpmRegistry, NpmRegistryBuilder, Pkg, Project, Run};

use super::{scan, using};

const HTTP: &str = "module.exports = { get: url => require('http').get(url) };\n";

fn client(version: &str, time: &str) -> Pkg {
    let pkg = Pkg::new("http-client", version).file("index.js", HTTP).published_at(time).maintainers(&["jason"]);
    pkg.field("main", "index.js".into()).publisher("jason").publisher_address("jason@mail.invalid")
}

/// As a workflow publishes it.
fn built(version: &str, time: &str) -> Pkg {
    client(version, time).trusted().field("gitHead", "0a1b2c".into())
}

/// By the hijacked account: only the manifest has changed.
fn hijacked(version: &str, time: &str) -> Pkg {
    client(version, time).publisher_address("jason@proton.invalid").dep("plain-helper", "^4.2.0")
}

fn helper(version: &str, time: &str) -> Pkg {
    Pkg::new("plain-helper", version).published_at(time).publisher("nobody").maintainers(&["nobody"])
}

fn dropper() -> Pkg {
    helper("4.2.1", "2026-03-30T23:59:00Z").script("postinstall", "node setup.js").file(
        "setup.js",
        "const fs = require('fs');\nrequire('child_process').spawn('sh', ['-c', 'echo inert'], { detached: true, \
         stdio: 'ignore' }).unref();\nfs.unlinkSync(__filename);\n",
    )
}

/// A client whose new line is published by a workflow and whose old one by hand; both are hijacked within the hour.
fn registry() -> NpmRegistryBuilder {
    NpmRegistry::builder()
        .package(client("0.30.2", "2026-01-01T00:00:00Z"))
        .package(client("0.30.3", "2026-02-01T00:00:00Z"))
        .package(built("1.13.0", "2026-02-02T00:00:00Z"))
        .package(built("1.13.1", "2026-03-01T00:00:00Z"))
        .package(built("1.14.0", "2026-03-27T19:01:40Z"))
        .package(hijacked("1.14.1", "2026-03-31T00:21:00Z"))
        .package(hijacked("0.30.4", "2026-03-31T01:00:00Z"))
        .package(helper("4.2.0", "2026-03-30T05:57:00Z"))
        .package(dropper())
}

fn locked(registry: &NpmRegistry, release: Pkg) -> Project {
    using(registry).dep("http-client", "*").lock_only(release).lock_only(dropper()).build()
}

fn online(project: &Project, more: &[&str]) -> Run {
    scan(project, &["--format", "json"]).args(more.iter().copied()).run()
}

#[track_caller]
fn rules(release: &Value) -> Vec<&str> {
    release["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap()).collect()
}

fn own(run: &Run, version: &str) -> Value {
    run.release(&format!("pkg:npm/http-client@{version}")).clone()
}

#[test]
fn a_hijacked_release_is_known_at_the_moment_it_appears() {
    let registry = registry().start();
    for (version, time, is_workflow) in
        [("1.14.1", "2026-03-31T00:21:00Z", true), ("0.30.4", "2026-03-31T01:00:00Z", false)]
    {
        let project = locked(&registry, hijacked(version, time));
        let release = own(&online(&project, &["--as-of", time]).expect(1), version);
        assert_eq!(release["verdict"], "malicious", "{release}");
        let found = rules(&release);
        for rule in ["hijacked-release", "suspect-new-dependency", "publisher-change"] {
            assert!(found.contains(&rule), "{rule} is not in {found:?}");
        }
        // The old line was never published by a workflow, so nothing of the kind was lost.
        assert_eq!(found.contains(&"publishing-channel-change"), is_workflow, "{found:?}");
    }
}

#[test]
fn the_releases_before_it_are_quiet() {
    let registry = registry().start();
    for version in ["0.30.3", "1.13.1", "1.14.0"] {
        let project = using(&registry).build();
        let run = scan(&project, &["--format", "json", &format!("npm:http-client@{version}")]).run().expect(0);
        let release = own(&run, version);
        assert_eq!(rules(&release), [] as [&str; 0], "{version}");
    }
}

#[test]
fn what_is_remembered_serves_offline_and_outlives_the_registry() {
    let first = registry().start();
    let project = locked(&first, hijacked("1.14.1", "2026-03-31T00:21:00Z"));
    online(&project, &[]).expect(1);
    let asked = first.requests().len();
    let again = scan(&project, &["--format", "json", "--offline"]).run().expect(1);
    assert!(rules(&own(&again, "1.14.1")).contains(&"hijacked-release"));
    assert_eq!(first.requests().len(), asked, "offline asks nobody");
}

#[test]
fn without_histories_contents_alone_are_judged() {
    let registry = registry().start();
    let project = locked(&registry, hijacked("1.14.1", "2026-03-31T00:21:00Z"));
    let run = online(&project, &["--no-history"]).expect(1);
    assert!(!rules(&own(&run, "1.14.1")).contains(&"hijacked-release"));
    let paths = registry.paths();
    assert!(paths.iter().all(|path| path.ends_with(".tgz")), "{paths:?}");
}

/// A project of one dependency, with a policy that holds releases back.
fn held_back(registry: &NpmRegistry, release: Pkg, cooldown: &str) -> Project {
    let project = using(registry).dep("http-client", "*").lock_only(release).build();
    std::fs::write(project.root().join("vetch.toml"), cooldown).unwrap();
    project
}

#[test]
fn young_releases_are_held_back_and_what_to_take_instead_is_said() {
    let young = || built("1.13.1", "2026-03-01T00:00:00Z");
    let registry = NpmRegistry::builder().package(built("1.13.0", "2026-02-02T00:00:00Z")).package(young()).start();
    let policy = "[cooldown]\ndays = 7\n";
    let project = held_back(&registry, young(), policy);
    let run = online(&project, &["--as-of", "2026-03-02T12:00:00Z"]).expect(1);
    let report = run.json();
    let mut findings =
        report["releases"].as_array().unwrap().iter().flat_map(|one| one["findings"].as_array().unwrap());
    let finding = findings.find(|finding| finding["rule"] == "release-in-cooldown").unwrap();
    let title = finding["title"].as_str().unwrap();
    assert!(title.contains("published 36 hours ago") && title.contains("old enough is 1.13.0"), "{title}");
    online(&project, &["--as-of", "2026-03-09T00:00:00Z"]).expect(0);
    // Whose own it is, and who is told only.
    for excepted in ["[cooldown.packages]\n\"http-*\" = 0\n", "[severity]\n\"release-in-cooldown\" = \"low\"\n"] {
        let project = held_back(&registry, young(), &format!("{policy}{excepted}"));
        online(&project, &["--as-of", "2026-03-02T12:00:00Z"]).expect(0);
    }
    // What nobody tells the age of is not let through in silence.
    let run = online(&project, &["--no-history"]).expect(3);
    assert!(run.stdout.contains("age of http-client@1.13.1"), "{}", run.stdout);
}

#[test]
fn a_release_that_mends_a_known_advisory_is_not_held_back() {
    let ago =
        |hours: i64| (jiff::Timestamp::now() - jiff::SignedDuration::from_hours(hours)).strftime("%FT%TZ").to_string();
    let mended = built("1.13.1", &ago(5));
    let registry = NpmRegistry::builder().package(built("1.13.0", &ago(24 * 60))).package(mended.clone()).start();
    let project = held_back(&registry, mended, "[cooldown]\ndays = 7\n");
    online(&project, &[]).expect(1);
    let record = r#"{"schema_version": "1.7.4", "id": "GHSA-aaaa-bbbb-cccc", "modified": "2026-04-07T14:41:20Z", "affected":
        [{"package": {"ecosystem": "npm", "name": "http-client"},
        "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.13.1"}]}]}]}"#;
    std::fs::write(project.root().join("record.json"), record).unwrap();
    vetch_testkit::Vetch::new(env!("CARGO_BIN_EXE_vetch"))
        .args(["intel", "import", "record.json"])
        .dir(project.root())
        .home(project.home())
        .run()
        .expect(0);
    online(&project, &[]).expect(0);
}
