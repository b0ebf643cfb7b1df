//! Threat intelligence: imported, matched, told.

use serde_json::Value;
use vetch_testkit::{NpmRegistry, Pkg, Project, ProjectBuilder, Run};

use crate::vetch;

fn scales(version: &str) -> Pkg {
    Pkg::new("kitchen-scales", version).file("index.js", "module.exports = (a, b) => a + b;\n")
}

fn record(id: &str, ecosystem: &str, name: &str, affected: &str, more: &str) -> String {
    format!(
        r#"{{"schema_version": "1.7.4", "id": "{id}", "modified": "2026-04-07T14:41:20Z",
        "summary": "About {name} ({ecosystem})", "affected": [{{"package": {{"ecosystem": "{ecosystem}", "name": "{name}"}},
        {affected}}}]{more}}}"#
    )
}

/// As OpenSSF has it.
fn malware() -> String {
    let aliases = r#", "aliases": ["GHSA-fw8c-xr5c-95f9"]"#;
    record("MAL-2026-2307", "npm", "kitchen-scales", r#""versions": ["0.30.4", "1.14.1"]"#, aliases)
}

fn locked(pkg: Pkg) -> ProjectBuilder {
    Project::builder("demo").lock_only(pkg.clone()).archive(&pkg)
}

/// Takes the project's own files in.
fn import(project: &Project, paths: &[&str]) -> Run {
    vetch(&["intel", "import"]).args(paths.iter().copied()).dir(project.root()).home(project.home()).run()
}

fn intel(project: &Project, arguments: &[&str]) -> Run {
    vetch(&["intel"]).args(arguments.iter().copied()).dir(project.root()).home(project.home()).run()
}

fn scan(project: &Project, more: &[&str]) -> Run {
    let arguments = ["scan", "--offline", "--allow-incomplete"];
    let run = vetch(&arguments).args(more.iter().copied()).args(["--archives"]).args([project.archives()]);
    run.dir(project.root()).home(project.home()).run()
}

fn json(project: &Project, more: &[&str]) -> Run {
    scan(project, &[&["--format", "json"], more].concat())
}

/// The project with these records imported.
fn with(builder: ProjectBuilder, records: &[String]) -> Project {
    let files = records.iter().enumerate();
    let project = files.fold(builder, |builder, (n, text)| builder.file(&format!("records/{n}.json"), text)).build();
    import(&project, &["records"]).expect(0);
    project
}

/// Verdict and rules of the category of the one release of this purl.
#[track_caller]
fn told(run: &Run, purl: &str) -> (String, Vec<String>) {
    let release = run.release(purl);
    let findings = release["findings"].as_array().unwrap().iter();
    let ours = |finding: &&Value| ["intelligence", "vulnerability"].contains(&finding["category"].as_str().unwrap());
    let rules = findings.filter(ours).map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect();
    (release["verdict"].as_str().unwrap().to_owned(), rules)
}

const PURL: &str = "pkg:npm/kitchen-scales@1.14.1";

#[test]
fn a_locked_release_that_a_record_names_is_malicious() {
    let project = with(locked(scales("1.14.1")), &[malware()]);
    let run = scan(&project, &[]).expect(1);
    for words in
        ["malicious", "MAL-2026-2307", "GHSA-fw8c-xr5c-95f9", "known-malware", "kitchen-scales@<1.14.1", "as of 20"]
    {
        assert!(run.stdout.contains(words), "{words}: {}", run.stdout);
    }
    let run = json(&project, &[]).expect(1);
    assert_eq!(told(&run, PURL), ("malicious".to_owned(), vec!["known-malware".to_owned()]));
    let advisory = &run.release(PURL)["advisories"][0];
    assert_eq!(
        (advisory["id"].as_str(), advisory["kind"].as_str(), advisory["affected"].as_str(), advisory["safe"].as_str()),
        (Some("MAL-2026-2307"), Some("malware"), Some("0.30.4, 1.14.1"), Some("<1.14.1"))
    );
    assert_eq!(run.json()["intelligence"]["records"], 1);
    // The same bytes again.
    assert_eq!(json(&project, &[]).stdout, run.stdout);
}

#[test]
fn where_the_registry_tells_of_others_the_version_to_go_to_is_named() {
    // A name that everybody knows: one that is not would be internal to the registry.
    let axios = |version: &str| Pkg::new("axios", version);
    let record = record("MAL-2026-2307", "npm", "axios", r#""versions": ["0.30.4", "1.14.1"]"#, "");
    let releases = ["1.13.0", "1.14.0", "1.14.1"].map(axios);
    let registry = releases.iter().fold(NpmRegistry::builder(), |all, one| all.package(one.clone())).start();
    let settings = format!("registry={}\n", registry.url());
    let public = |lock: &mut Value| {
        let url = "https://registry.npmjs.org/axios/-/axios-1.14.1.tgz";
        lock["packages"]["node_modules/axios"]["resolved"] = url.into();
    };
    let builder = Project::builder("demo").registry(&registry.url()).user_npmrc(&settings);
    let project = with(builder.lock_only(axios("1.14.1")), std::slice::from_ref(&record));
    let run = vetch(&["scan", "--format", "json"]).dir(project.root()).home(project.home()).run();
    // The registry of the test is none of the public ones: that is said, and one step less.
    let release = run.release("pkg:npm/axios@1.14.1");
    let finding = &release["findings"][0];
    assert_eq!(
        (release["verdict"].as_str(), release["advisories"][0]["safe"].as_str()),
        (Some("suspicious"), Some("1.14.0"))
    );
    assert!(finding["title"].as_str().unwrap().contains("a mirror, or another package of the name"), "{finding}");
    assert!(finding["remedy"].as_str().unwrap().ends_with("Go to `axios@1.14.0`."), "{finding}");
    let known = with(locked(axios("1.14.1")).edit_lockfile(public), std::slice::from_ref(&record));
    json(&known, &[]).expect(1);
}

/// A campaign that is shipped names it; nothing was imported, and there are no contents to look at.
#[test]
fn releases_of_known_campaigns_are_known_without_an_import() {
    let axios = |version: &str| Project::builder("demo").lock_only(Pkg::new("axios", version)).build();
    let run = scan(&axios("1.14.1"), &[]).expect(1);
    for words in ["malicious  axios@1.14.1", "MAL-2026-2307", "axios, March 2026", "UNC1069", "axios@<1.14.1"] {
        assert!(run.stdout.contains(words), "{words}: {}", run.stdout);
    }
    assert!(run.stdout.contains("demo@1.0.0 › axios@1.14.1"), "{}", run.stdout);
    assert_eq!(told(&json(&axios("1.14.0"), &[]).expect(0), "pkg:npm/axios@1.14.0").1.len(), 0);
    assert_eq!(told(&json(&axios("1.14.1"), &["--no-intel"]).expect(0), "pkg:npm/axios@1.14.1").1.len(), 0);
    assert_eq!(told(&json(&axios("1.14.1"), &["--as-of", "2026-03-31"]).expect(0), "pkg:npm/axios@1.14.1").1.len(), 0);
}

#[test]
fn lock_and_inspect_heed_it_too() {
    let project = with(locked(scales("1.14.1")), &[malware()]);
    let lock = vetch(&["lock", "--offline", "--archives"]).args([project.archives()]);
    let run = lock.dir(project.root()).home(project.home()).run().expect(1);
    assert!(run.stderr.contains("kitchen-scales@1.14.1") && run.stderr.contains("malicious"), "{}", run.stderr);
    let inspect = vetch(&["inspect", "kitchen-scales", "--offline", "--archives"]).args([project.archives()]);
    let run = inspect.dir(project.root()).home(project.home()).run().expect(0);
    assert!(run.stdout.contains("MAL-2026-2307"), "{}", run.stdout);
}

#[test]
fn without_intelligence_that_is_said_once_and_with_none_wanted_not_at_all() {
    let project = locked(scales("1.14.1")).build();
    let missing = |run: &Run| {
        let report = run.json();
        let all = report["unavailable"].as_array().unwrap();
        all.iter().filter(|one| one["what"].as_str().unwrap().contains("intelligence")).count()
    };
    let run = json(&project, &[]).expect(0);
    assert_eq!((missing(&run), told(&run, PURL).1.len()), (1, 0));
    assert_eq!(missing(&json(&project, &["--no-intel"])), 0);
    let project = with(locked(scales("1.14.1")), &[malware()]);
    let run = json(&project, &["--no-intel"]).expect(0);
    assert_eq!((missing(&run), told(&run, PURL).1.len()), (0, 0));
    assert!(run.json().get("intelligence").is_none());
}

#[test]
fn a_folder_of_ones_own_is_named_and_has_to_be_there() {
    let project = locked(scales("1.14.1")).file("a.json", malware()).build();
    import(&project, &["a.json", "--intel", "own"]).expect(0);
    json(&project, &[]).expect(0);
    json(&project, &["--intel", "own"]).expect(1);
    let run = json(&project, &["--intel", "other"]).expect(2);
    assert!(run.stderr.contains("other") && run.stderr.contains("vetch intel import"), "{}", run.stderr);
    // A damaged one is told; without having been asked for, it is no reason to judge nothing.
    std::fs::write(project.root().join("own/intel.sqlite"), vec![b'x'; 9000]).unwrap();
    json(&project, &["--intel", "own"]).expect(2);
}

#[test]
fn other_versions_and_vulnerabilities_fail_nothing() {
    let project = with(locked(scales("1.14.0")), &[malware()]);
    let (verdict, rules) = told(&json(&project, &[]).expect(0), "pkg:npm/kitchen-scales@1.14.0");
    assert_eq!((verdict.as_str(), rules), ("notable", vec!["malware-in-other-version".to_owned()]));
    let ranges = r#""ranges": [{"type": "SEMVER", "events": [{"introduced": "1.0.0"}, {"fixed": "1.15.0"}]}]"#;
    let severe = r#", "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]"#;
    let project = with(locked(scales("1.14.0")), &[record("GHSA-1", "npm", "kitchen-scales", ranges, severe)]);
    let run = json(&project, &[]).expect(0);
    assert_eq!(told(&run, "pkg:npm/kitchen-scales@1.14.0").0, "notable");
    let finding = &run.release("pkg:npm/kitchen-scales@1.14.0")["findings"][0];
    assert_eq!(
        (finding["severity"].as_str(), finding["rule"].as_str()),
        (Some("critical"), Some("known-vulnerability"))
    );
    assert!(finding["title"].as_str().unwrap().contains("CVSS 9.8"), "{finding}");
    assert!(finding["evidence"][0]["expected"] == "1.15.0" && finding["evidence"][0]["line"].is_number(), "{finding}");
    json(&project, &["--fail-on", "notable"]).expect(1);
}

#[test]
fn records_that_contradict_themselves_say_so() {
    let open = r#"{"type": "SEMVER", "events": [{"introduced": "0"}]}"#;
    let both = format!(
        r#""ranges": [{open}, {{"type": "SEMVER", "events": [{{"last_affected": "1.14.2"}}, {{"introduced": "1.14.1"}}]}}]"#
    );
    let contradicted = record("MAL-1", "npm", "kitchen-scales", &both, "");
    for (version, verdict, words) in
        [("1.14.2", "malicious", "is malware"), ("1.14.0", "notable", "contradicts itself")]
    {
        let run = json(&with(locked(scales(version)), std::slice::from_ref(&contradicted)), &[]);
        let release = run.release(&format!("pkg:npm/kitchen-scales@{version}"));
        assert_eq!(release["verdict"], verdict);
        assert!(release["findings"][0]["title"].as_str().unwrap().contains(words), "{release}");
    }
    let listed =
        record("MAL-1", "npm", "kitchen-scales", &format!(r#""versions": ["1.14.1"], "ranges": [{open}]"#), "");
    let run = json(&with(locked(scales("1.14.2")), &[listed]), &[]).expect(1);
    let release = run.release("pkg:npm/kitchen-scales@1.14.2");
    assert_eq!(release["verdict"], "suspicious");
    assert!(release["findings"][0]["title"].as_str().unwrap().contains("without an end"), "{release}");
    let all = record("MAL-1", "npm", "kitchen-scales", &format!(r#""ranges": [{open}]"#), "");
    assert_eq!(told(&json(&with(locked(scales("9.9.9")), &[all]), &[]), "pkg:npm/kitchen-scales@9.9.9").0, "malicious");
}

#[test]
fn what_is_withdrawn_and_ones_own_project_alarm_nobody() {
    let withdrawn = malware().replace(r#""modified""#, r#""withdrawn": "2026-04-08T00:00:00Z", "modified""#);
    let project = with(locked(scales("1.14.1")), &[withdrawn]);
    assert_eq!(told(&json(&project, &[]).expect(0), PURL).1.len(), 0);
    let run = intel(&project, &["show", "MAL-2026-2307"]).expect(0);
    assert!(run.stdout.contains("withdrawn"), "{}", run.stdout);
    // The project itself is called like a package that was malware.
    let own = with(
        Project::builder("kitchen-scales").lock_only(scales("0.1.0")),
        &[record(
            "MAL-2",
            "npm",
            "demo",
            r#""versions": ["1.0.0"], "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]"#,
            "",
        )],
    );
    json(&own, &[]).expect(0);
}

#[test]
fn a_private_package_of_the_same_name_is_another() {
    let from = |host: &'static str| {
        move |lock: &mut Value| {
            let url = format!("https://{host}/kitchen-scales/-/kitchen-scales-1.14.1.tgz");
            lock["packages"]["node_modules/kitchen-scales"]["resolved"] = url.into();
        }
    };
    let policy = "[names]\ninternal = [\"kitchen-scales\"]\n";
    let private = locked(scales("1.14.1")).edit_lockfile(from("npm.acme.invalid")).file("vetch.toml", policy);
    let run = json(&with(private, &[malware()]), &[]).expect(0);
    let finding = &run.release(PURL)["findings"][0];
    assert_eq!((finding["severity"].as_str(), run.release(PURL)["verdict"].as_str()), (Some("info"), Some("clean")));
    assert!(finding["title"].as_str().unwrap().contains("npm.acme.invalid"), "{finding}");
    // A mirror has other popular packages as well: what it serves may well be the public one.
    let express = Pkg::new("express", "4.0.0").file("index.js", "\n");
    let at_mirror = |lock: &mut Value| {
        let url = "https://npm.acme.invalid/express/-/express-4.0.0.tgz";
        lock["packages"]["node_modules/express"]["resolved"] = url.into();
    };
    let mirrored =
        locked(scales("1.14.1")).lock_only(express).edit_lockfile(from("npm.acme.invalid")).edit_lockfile(at_mirror);
    let run = json(&with(mirrored, &[malware()]), &[]).expect(1);
    assert_eq!(told(&run, PURL).0, "suspicious");
}

#[test]
fn names_and_versions_of_python_are_compared_as_python_does() {
    let lock = "version = 1\n\n[[package]]\nname = \"lite-llm\"\nversion = \"1.82.8\"\nsource = { registry = \"https://pypi.org/simple\" }\n";
    let record = record("MAL-3", "PyPI", "Lite_LLM", r#""versions": ["1.82.8.0"]"#, "");
    let builder = Project::builder("demo").no_lockfile().without("package.json").file("uv.lock", lock);
    let run = json(&with(builder, &[record]), &[]).expect(1);
    assert_eq!(told(&run, "pkg:pypi/lite-llm@1.82.8"), ("malicious".to_owned(), vec!["known-malware".to_owned()]));
}

#[test]
fn broken_records_are_named_and_hostile_archives_refused() {
    let project = locked(scales("1.14.1"))
        .file("records/good.json", malware())
        .file("records/broken.json", "{\"id\": 7}")
        .file("records/deep.json", "[".repeat(200_000))
        .file("records/\u{1b}[31m.json", "{}")
        .file("bomb.zip", "PK\u{5}\u{6} and nothing else")
        .build();
    let run = import(&project, &["records"]).expect(0);
    assert!(run.stdout.contains("1 added") && run.stdout.contains("3 broken"), "{}", run.stdout);
    assert!(run.stderr.contains("broken.json") && !run.stderr.contains('\u{1b}'), "{}", run.stderr);
    let run = import(&project, &["bomb.zip"]).expect(2);
    assert!(run.stderr.contains("bomb.zip") && run.stderr.contains("hint"), "{}", run.stderr);
    import(&project, &["gone.json"]).expect(2);
    // What was there before stands.
    json(&project, &[]).expect(1);
}

#[test]
fn what_there_is_is_told_and_found() {
    let project = locked(scales("1.14.1")).file("a.json", malware()).build();
    for command in [&["status"][..], &["search", "kitchen"], &["show", "MAL-1"]] {
        let run = intel(&project, command).expect(2);
        assert!(run.stderr.contains("vetch intel import"), "{}", run.stderr);
    }
    import(&project, &["a.json"]).expect(0);
    let run = intel(&project, &["status"]).expect(0);
    assert!(run.stdout.contains("1 records of malware") && run.stdout.contains("(today)"), "{}", run.stdout);
    let status = intel(&project, &["status", "--format", "json"]).expect(0);
    assert_eq!((&status.json()["malware"], &status.json()["newest"]), (&1.into(), &"2026-04-07T14:41:20Z".into()));
    for text in ["kitch", "MAL-2026", "GHSA-fw8c", "about kitchen-scales"] {
        let run = intel(&project, &["search", text]).expect(0);
        assert!(run.stdout.contains("MAL-2026-2307  malware"), "{text}: {}", run.stdout);
    }
    intel(&project, &["search", "nothing of the kind"]).expect(1);
    let run = intel(&project, &["show", "GHSA-fw8c-xr5c-95f9"]).expect(0);
    assert!(run.stdout.contains("npm:kitchen-scales 0.30.4, 1.14.1"), "{}", run.stdout);
    let shown = intel(&project, &["show", "MAL-2026-2307", "--format", "json"]).expect(0);
    assert_eq!(shown.json()["records"][0]["affected"][0]["package"], "npm:kitchen-scales");
    intel(&project, &["show", "MAL-0"]).expect(1);
}

/// A mirror with one record of kitchen-scales, and nothing of PyPI.
fn mirror(changes: &str, records: &[(&str, String)]) -> NpmRegistry {
    let empty = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let stored = Pkg::new("unused", "1.0.0");
    let mut builder = NpmRegistry::builder().package(stored);
    builder = builder.file("/npm/modified_id.csv", changes).file("/npm/all.zip", &empty[..]);
    builder = builder.file("/PyPI/modified_id.csv", "").file("/PyPI/all.zip", &empty[..]);
    for (id, text) in records {
        builder = builder.file(&format!("/npm/{id}.json"), text.as_str());
    }
    builder.start()
}

/// In the order of the requests.
fn asked_since(registry: &NpmRegistry, number: usize) -> Vec<String> {
    registry.requests().split_off(number).into_iter().map(|request| request.path).collect()
}

fn update(project: &Project, mirror: &NpmRegistry) -> Run {
    intel(project, &["update", "--mirror", &mirror.url()])
}

#[test]
fn an_update_takes_everything_once_and_then_what_changed() {
    let project = locked(scales("1.14.1")).build();
    let first = mirror("2026-04-07T00:00:00Z,OLD-1\n", &[]);
    update(&project, &first).expect(0);
    assert!(first.paths().contains(&"/npm/all.zip".to_owned()), "{:?}", first.paths());
    json(&project, &[]).expect(0);
    drop(first);
    // The address is part of what is remembered, and a server of the test has another each time.
    let records =
        [("MAL-2026-2307", malware()), ("OLD-1", record("OLD-1", "npm", "b", r#""versions": ["1.0.0"]"#, ""))];
    let list = "2026-04-07T14:41:20Z,MAL-2026-2307\n2026-04-07T00:00:00Z,OLD-1\n";
    let second = mirror(list, &records);
    let settings = format!("[intel]\nmirror = \"{}\"\n", second.url());
    let own = locked(scales("1.14.1")).home_file(".config/vetch/config.toml", &settings).build();
    intel(&own, &["update"]).expect(0);
    assert!(second.paths().contains(&"/npm/all.zip".to_owned()));
    let asked = second.requests().len();
    // Now the list has been followed to its end: what was named in it since is asked for by itself.
    let run = intel(&own, &["update"]).expect(0);
    let paths = asked_since(&second, asked);
    assert!(paths.contains(&"/npm/MAL-2026-2307.json".to_owned()), "{paths:?}");
    assert!(!paths.contains(&"/npm/all.zip".to_owned()), "{paths:?}");
    assert!(run.stdout.contains("1 added"), "{}", run.stdout);
    json(&own, &[]).expect(1);
    let asked = second.requests().len();
    intel(&own, &["update"]).expect(0);
    let paths = asked_since(&second, asked);
    assert!(paths.iter().all(|path| path.ends_with("modified_id.csv")), "what is known is not asked again: {paths:?}");
}

#[test]
fn an_update_that_cannot_be_done_says_so_and_harms_nothing() {
    let project = with(locked(scales("1.14.1")), &[malware()]);
    let run = intel(&project, &["update", "--offline"]).expect(2);
    assert!(run.stderr.contains("--offline") && run.stderr.contains("vetch intel import"), "{}", run.stderr);
    let run = intel(&project, &["update", "--mirror", "ftp://mirror.invalid"]).expect(2);
    assert!(run.stderr.contains("hint"), "{}", run.stderr);
    let broken = NpmRegistry::builder().file("/npm/modified_id.csv", "<html>").start();
    let run = update(&project, &broken).expect(2);
    assert!(run.stderr.contains("modified_id.csv"), "{}", run.stderr);
    let swapped = mirror("2026-04-07T00:00:00Z,OLD-1\n", &[]);
    update(&project, &swapped).expect(0);
    let settings = locked(scales("1.0.0")).home_file(".config/vetch/config.toml", "[intel]\nmiror = 1\n").build();
    let run = intel(&settings, &["update"]).expect(2);
    assert!(run.stderr.contains("config.toml"), "{}", run.stderr);
    json(&project, &[]).expect(1);
}

/// Inert: a zip that takes a moment to import.
fn many(count: usize) -> Vec<u8> {
    let entry = |number: usize| {
        let id = format!("MAL-2025-{number}");
        (format!("{id}.json"), record(&id, "npm", &format!("p-{number}"), r#""versions": ["1.0.0"]"#, ""))
    };
    vetch_testkit::zip_archive(&(0..count).map(entry).collect::<Vec<_>>())
}

#[test]
fn an_import_that_is_killed_leaves_what_was_there() {
    const COUNT: usize = 3_000;
    let project = with(locked(scales("1.14.1")), &[malware()]);
    std::fs::write(project.root().join("all.zip"), many(COUNT)).unwrap();
    for pause in [0, 30, 90, 200] {
        let import = vetch(&["intel", "import", "all.zip"]).dir(project.root()).home(project.home());
        let mut running = import.start();
        std::thread::sleep(std::time::Duration::from_millis(pause));
        running.kill();
        running.end();
        // All of it or nothing, whenever it was; what was there before stands.
        let status = intel(&project, &["status", "--format", "json"]).expect(0);
        let malware = status.json()["malware"].as_u64().unwrap() as usize;
        assert!([1, COUNT + 1].contains(&malware), "{malware}");
        json(&project, &[]).expect(1);
    }
    import(&project, &["all.zip"]).expect(0);
    // The first import of all, killed, leaves nothing that would look like intelligence.
    let fresh = locked(scales("1.14.1")).build();
    std::fs::write(fresh.root().join("all.zip"), many(COUNT)).unwrap();
    let mut running = vetch(&["intel", "import", "all.zip"]).dir(fresh.root()).home(fresh.home()).start();
    std::thread::sleep(std::time::Duration::from_millis(60));
    running.kill();
    running.end();
    json(&fresh, &[]).expect(0);
    import(&fresh, &["all.zip"]).expect(0);
}

#[test]
fn two_imports_at_once_do_not_mix() {
    let project = locked(scales("1.14.1")).build();
    std::fs::write(project.root().join("all.zip"), many(1_000)).unwrap();
    let start = || vetch(&["intel", "import", "all.zip"]).dir(project.root()).home(project.home()).start();
    let (one, other) = (start(), start());
    for run in [one.end(), other.end()] {
        assert!(run.status == 0 || run.stderr.contains("another import"), "{}", run.stderr);
    }
    let status = intel(&project, &["status", "--format", "json"]).expect(0);
    assert_eq!(status.json()["malware"], 1_000);
}

#[test]
fn what_is_known_now_does_not_count_for_an_earlier_moment() {
    let project = with(locked(scales("1.14.1")), &[malware()]);
    let run = json(&project, &["--as-of", "2026-03-30"]).expect(0);
    assert_eq!(told(&run, PURL).1.len(), 0);
    assert!(run.stdout.contains("as of an earlier moment"), "{}", run.stdout);
}

/// Whether the project's own code gets to what is vulnerable: directly, through others, or not at all.
#[test]
fn whether_the_project_imports_what_is_vulnerable_is_told() {
    let inner = || Pkg::new("minimatch", "1.0.0").file("index.js", "module.exports = 1;\n");
    let outer = |code: &str| Pkg::new("glob", "7.0.0").file("index.js", code).dep("minimatch", "^1.0.0");
    let events = r#"[{"introduced": "0"}, {"fixed": "1.1.4"}]"#;
    let weakness =
        record("GHSA-1", "npm", "minimatch", &format!(r#""ranges": [{{"type": "SEMVER", "events": {events}}}]"#), "");
    let told = |outer: Pkg, own: &str, policy: &str| {
        let builder = Project::builder("demo").dep("glob", "^7.0.0").install(outer).install(inner());
        let builder = builder.file("src/app.js", own).file("vetch.toml", policy);
        let project = with(builder, std::slice::from_ref(&weakness));
        let run = json(&project, &[]).expect(0);
        let release = run.release("pkg:npm/minimatch@1.0.0");
        (
            release["usage"].clone(),
            release["verdict"].as_str().unwrap().to_owned(),
            release["findings"][0]["title"].clone(),
        )
    };
    let uses = || outer("module.exports = require('minimatch');\n");
    let own = "const x = 1;\nconst glob = require('glob');\n";
    let (usage, verdict, title) = told(uses(), own, "");
    assert_eq!((&usage["imported"], &usage["file"], &usage["line"]), (&true.into(), &"src/app.js".into(), &2.into()));
    assert_eq!(usage["through"], serde_json::json!(["glob@7.0.0", "minimatch@1.0.0"]));
    assert!(title.as_str().unwrap().contains("imported in src/app.js:2 through glob@7.0.0"), "{title}");
    assert_eq!(verdict, "notable");
    // The project imports glob, and glob does not import it.
    let policy = "unimported-vulnerabilities = \"info\"\n";
    let (usage, verdict, title) = told(outer("module.exports = 1;\n"), own, policy);
    assert_eq!((usage["imported"].as_bool(), verdict.as_str()), (Some(false), "clean"));
    assert!(title.as_str().unwrap().contains("nothing in the project imports it"), "{title}");
    // Nobody imports glob; but the policy is of the other kind.
    assert_eq!(told(uses(), "const x = 1;\n", "").1, "notable");
    assert_eq!(told(uses(), own, policy).1, "notable");
    // What is loaded under a name that nobody can tell may be anything.
    let (usage, ..) = told(uses(), "require(process.env.PLUGIN);\n", policy);
    assert!(usage.is_null(), "{usage}");
}
