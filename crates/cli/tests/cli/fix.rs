//! `vetch fix`: where to go from bad releases, and the edits that do it.

use serde_json::Value;
use vetch_testkit::{NpmRegistry, Pkg, Project, ProjectBuilder, PyPkg, PythonIndex, Run, sha256};

use crate::vetch;

fn client(version: &str, time: &str) -> Pkg {
    Pkg::new("axios", version).file("index.js", "module.exports = (a, b) => a + b;\n").published_at(time)
}

fn record(id: &str, package: &str, affected: &str) -> String {
    let (ecosystem, name) = package.split_once(':').unwrap();
    format!(
        r#"{{"schema_version": "1.7.4", "id": "{id}", "modified": "2026-04-07T14:41:20Z", "summary": "About {name}",
        "affected": [{{"package": {{"ecosystem": "{ecosystem}", "name": "{name}"}}, {affected}}}]}}"#
    )
}

fn malware() -> String {
    record("MAL-2026-1", "npm:axios", r#""versions": ["0.30.4", "1.14.1"]"#)
}

/// A weakness that is mended in 1.1.4 and in 2.0.1.
fn weakness() -> String {
    let events = r#"[{"introduced": "0"}, {"fixed": "1.1.4"}, {"introduced": "2.0.0"}, {"fixed": "2.0.1"}]"#;
    record("GHSA-aaaa-bbbb-cccc", "npm:minimatch", &format!(r#""ranges": [{{"type": "SEMVER", "events": {events}}}]"#))
}

fn matcher(version: &str, time: &str) -> Pkg {
    Pkg::new("minimatch", version).file("index.js", "module.exports = (a, b) => a === b;\n").published_at(time)
}

fn using(registry: &NpmRegistry) -> ProjectBuilder {
    let settings = format!("registry={}\nfetch-retries=1\nfetch-retry-mintimeout=1\n", registry.url());
    Project::builder("demo").registry(&registry.url()).user_npmrc(&settings)
}

fn with(builder: ProjectBuilder, records: &[String]) -> Project {
    let files = records.iter().enumerate();
    let project = files.fold(builder, |builder, (n, text)| builder.file(&format!("records/{n}.json"), text)).build();
    vetch(&["intel", "import", "records"]).dir(project.root()).home(project.home()).run().expect(0);
    project.remove("records/0.json");
    project
}

fn run(project: &Project, arguments: &[&str]) -> Run {
    vetch(arguments).dir(project.root()).home(project.home()).run()
}

fn manifest(project: &Project) -> Value {
    serde_json::from_str(&project.read("package.json")).unwrap()
}

fn lock(project: &Project) -> Value {
    serde_json::from_str(&project.read("package-lock.json")).unwrap()
}

/// A hijacked release that the manifest's range lets in: the lockfile goes back, and the range lets it in no more.
#[test]
fn malware_is_left_downwards_and_cannot_come_back() {
    let good = client("1.14.0", "2026-03-01T00:00:00Z");
    let bad = client("1.14.1", "2026-03-31T00:21:00Z");
    let registry = NpmRegistry::builder()
        .package(client("1.13.0", "2026-02-01T00:00:00Z"))
        .package(good.clone())
        .package(bad.clone())
        .package(client("1.15.0", "2026-04-02T00:00:00Z"))
        .start();
    let project = with(using(&registry).dep("axios", "^1.14.0").lock_only(bad), &[malware()]);
    let before = (project.read("package.json"), project.read("package-lock.json"));

    let shown = run(&project, &["fix"]).expect(1);
    for words in [
        "malicious-release",
        "axios@1.14.1 (MAL-2026-1): go to 1.14.0, which all declared ranges take",
        "-    \"axios\": \"^1.14.0\"",
        "+    \"axios\": \"1.14.0\"",
        "`vetch fix --write`",
    ] {
        assert!(shown.stdout.contains(words), "{words}: {}", shown.stdout);
    }
    assert_eq!((project.read("package.json"), project.read("package-lock.json")), before);

    let written = run(&project, &["fix", "--write"]).expect(0);
    assert!(written.stdout.contains("npm ci --ignore-scripts"), "{}", written.stdout);
    assert_eq!(manifest(&project)["dependencies"]["axios"], "1.14.0");
    let lock = lock(&project);
    assert_eq!(lock["packages"][""]["dependencies"]["axios"], "1.14.0");
    let entry = &lock["packages"]["node_modules/axios"];
    assert_eq!(
        (entry["version"].as_str(), entry["integrity"].as_str(), entry["resolved"].as_str()),
        (Some("1.14.0"), Some(good.integrity().as_str()), Some(registry.tarball_url(&good).as_str()))
    );
    let again = run(&project, &["fix", "--format", "json"]).expect(0).json();
    assert_eq!((&again["schema"], again["lints"].as_array().unwrap().len()), (&"vetch.fix/1".into(), 0));
    run(&project, &["scan"]).expect(0);
}

/// A weakness in what somebody else asks for: within the range, only the lockfile changes.
#[test]
fn a_vulnerability_is_left_upwards_within_the_ranges() {
    let asking = Pkg::new("glob", "7.0.0").file("index.js", "module.exports = 1;\n").dep("minimatch", "^1.1.0");
    let good = matcher("1.1.4", "2026-01-03T00:00:00Z");
    let registry = NpmRegistry::builder()
        .package(asking.clone())
        .package(matcher("1.1.3", "2026-01-01T00:00:00Z"))
        .package(good.clone())
        .package(matcher("2.0.0", "2026-01-04T00:00:00Z"))
        .package(matcher("2.0.1", "2026-01-05T00:00:00Z"))
        .start();
    let builder = using(&registry).dep("glob", "^7.0.0").lock_only(asking);
    let project = with(builder.lock_only(matcher("1.1.3", "2026-01-01T00:00:00Z")), &[weakness()]);
    let before = project.read("package.json");
    let scanned = run(&project, &["scan", "--format", "json"]).expect(0);
    let way = scanned.release("pkg:npm/minimatch@1.1.3")["way_out"].clone();
    assert_eq!(
        (&way["version"], &way["in_ranges"], &way["because"][0]),
        (&"1.1.4".into(), &true.into(), &"GHSA-aaaa-bbbb-cccc".into())
    );
    run(&project, &["fix", "--write"]).expect(0);
    assert_eq!(project.read("package.json"), before);
    assert_eq!(lock(&project)["packages"]["node_modules/minimatch"]["version"], "1.1.4");
    assert_eq!(lock(&project)["packages"]["node_modules/minimatch"]["integrity"], good.integrity());
}

/// Nobody's range takes the version that is mended: an override does, and npm has to look at the tree again.
#[test]
fn what_no_range_takes_is_forced_by_an_override() {
    let asking = Pkg::new("glob", "7.0.0").file("index.js", "module.exports = 1;\n").dep("minimatch", "~1.0.0");
    let registry = NpmRegistry::builder()
        .package(asking.clone())
        .package(matcher("1.0.0", "2026-01-01T00:00:00Z"))
        .package(matcher("1.1.4", "2026-01-03T00:00:00Z").dep("brace-expansion", "^1.0.0"))
        .start();
    let builder = using(&registry).dep("glob", "^7.0.0").lock_only(asking);
    let project = with(builder.lock_only(matcher("1.0.0", "2026-01-01T00:00:00Z")), &[weakness()]);
    let written = run(&project, &["fix", "--write"]).expect(0);
    assert!(written.stdout.contains("which not all declared"), "{}", written.stdout);
    assert!(written.stdout.contains("npm install --package-lock-only --ignore-scripts"), "{}", written.stdout);
    assert_eq!(manifest(&project)["overrides"]["minimatch"], "1.1.4");
    // It asks for more than the old one did: only npm can place that.
    assert_eq!(lock(&project)["packages"]["node_modules/minimatch"]["version"], "1.0.0");
}

#[test]
fn no_version_is_taken_that_is_bad_or_held_back() {
    let registry = NpmRegistry::builder()
        .package(client("1.14.1", "2026-03-31T00:21:00Z"))
        .package(client("1.14.2", "2026-04-01T00:00:00Z"))
        .start();
    let other = record("MAL-2026-2", "npm:axios", r#""versions": ["1.14.2"]"#);
    let bad = || using(&registry).dep("axios", "^1.14.0").lock_only(client("1.14.1", "2026-03-31T00:21:00Z"));
    let project = with(bad(), &[malware(), other]);
    let refused = run(&project, &["fix", "--write"]).expect(1);
    for words in ["no version that may be taken is known", "not 1.14.2: MAL-2026-2 calls it malware", "vetch why axios"]
    {
        assert!(refused.stdout.contains(words), "{words}: {}", refused.stdout);
    }
    let young = NpmRegistry::builder()
        .package(client("1.14.0", "2026-03-01T00:00:00Z"))
        .package(client("1.14.1", "2026-03-31T00:21:00Z"))
        .start();
    let builder = using(&young).dep("axios", "^1.14.0").lock_only(client("1.14.1", "2026-03-31T00:21:00Z"));
    let project = with(builder.file("vetch.toml", "[cooldown]\ndays = 3650\n"), &[malware()]);
    let held = run(&project, &["fix"]).expect(1);
    assert!(held.stdout.contains("not 1.14.0: held back until 203"), "{}", held.stdout);
    assert!(!held.stdout.contains("--- a/") && !held.stdout.contains("+++ "), "{}", held.stdout);
}

#[test]
fn requirements_get_the_version_and_its_hashes() {
    let release = |version: &str, time: &str| {
        PyPkg::new("requests", version).file("requests/__init__.py", "def get():\n    return 1\n").uploaded_at(time)
    };
    let (good, bad) = (release("2.0.1", "2026-01-02T00:00:00Z"), release("2.0.0", "2026-01-01T00:00:00Z"));
    let index = PythonIndex::builder().package(bad.clone()).package(good.clone()).start();
    let hashes = |pkg: &PyPkg| -> Vec<String> { pkg.artifacts().iter().map(|(_, bytes)| sha256(bytes)).collect() };
    let lines: String = hashes(&bad).iter().map(|hash| format!(" \\\n    --hash=sha256:{hash}")).collect();
    let text = format!("# kept\nrequests==2.0.0{lines}\n# kept, too\n");
    let builder = Project::builder("demo").no_lockfile().without("package.json").file("requirements.txt", text);
    let settings = format!("[global]\nindex-url = {}\n", index.url());
    let events = r#"[{"introduced": "0"}, {"fixed": "2.0.1"}]"#;
    let affected = format!(r#""ranges": [{{"type": "ECOSYSTEM", "events": {events}}}]"#);
    let weakness = record("PYSEC-2026-1", "PyPI:requests", &affected);
    let project = with(builder.home_file(".config/pip/pip.conf", settings), &[weakness]);
    run(&project, &["fix", "--write"]).expect(0);
    let mut wanted = hashes(&good);
    wanted.sort();
    let lines: String = wanted.iter().map(|hash| format!(" \\\n    --hash=sha256:{hash}")).collect();
    assert_eq!(project.read("requirements.txt"), format!("# kept\nrequests==2.0.1{lines}\n# kept, too\n"));
}

#[test]
fn nothing_bad_is_nothing_to_do() {
    let project = Project::builder("demo").install(matcher("3.0.0", "2026-01-01T00:00:00Z")).build();
    let quiet = run(&project, &["fix", "--offline"]).expect(0);
    assert!(quiet.stdout.contains("no release here is known or found to be bad"), "{}", quiet.stdout);
}
