//! Where contents come from: the registry, npm's cache, a folder of archives.

use vetch_testkit::{Fault, NpmRegistry, Project};

use super::{dropper, harmless, incomplete, offline, online, rules, says, settings, using, verdict, with_archives};

#[test]
fn what_is_not_installed_is_fetched_and_checked() {
    let (good, bad) = (harmless("good"), dropper("bad"));
    let registry = NpmRegistry::builder().package(good.clone()).package(bad.clone()).start();
    let project = using(&registry).lock_only(good.clone()).lock_only(bad.clone()).build();
    let run = online(&project, &[]).expect(1);
    assert_eq!((verdict(&run, "good").as_str(), verdict(&run, "bad").as_str()), ("clean", "malicious"));
    assert_eq!(registry.paths(), [bad.tarball_path(), good.tarball_path()]);
    assert_eq!(incomplete(&run), [] as [String; 0]);
}

#[test]
fn offline_asks_nobody() {
    let bad = dropper("bad");
    let registry = NpmRegistry::builder().package(bad.clone()).start();
    let project = using(&registry).lock_only(bad).build();
    let run = offline(&project, &[]).expect(3);
    says(&run, &["bad@1.0.0"]);
    assert!(run.stdout.contains("drop --offline"), "the next step is named: {}", run.stdout);
    assert!(registry.requests().is_empty());
}

#[test]
fn what_was_fetched_once_is_there_offline() {
    let bad = dropper("bad");
    let registry = NpmRegistry::builder().package(bad.clone()).start();
    let project = using(&registry).lock_only(bad).build();
    online(&project, &[]).expect(1);
    assert_eq!(verdict(&offline(&project, &[]).expect(1), "bad"), "malicious");
    offline(&project, &["--no-cache"]).expect(3);
    assert_eq!(registry.requests().len(), 1);
}

#[test]
fn a_folder_of_archives_and_npms_cache_serve_offline() {
    let bad = dropper("bad");
    let archived = Project::builder("demo").lock_only(bad.clone()).archive(&bad).build();
    assert_eq!(verdict(&with_archives(&archived).expect(1), "bad"), "malicious");
    let cached = Project::builder("demo").lock_only(bad.clone()).cached(&bad).build();
    assert_eq!(verdict(&offline(&cached, &[]).expect(1), "bad"), "malicious");
}

#[test]
fn an_archive_of_other_contents_is_not_taken() {
    let project = Project::builder("demo").lock_only(dropper("bad")).archive(&harmless("bad")).build();
    let run = with_archives(&project).expect(3);
    assert_eq!(verdict(&run, "bad"), "incomplete");
}

#[test]
fn every_lockfile_version_leads_to_the_same_verdicts() {
    let inner = dropper("inner");
    let outer = harmless("outer").dep("inner", "^1.0.0");
    for version in [1, 2, 3] {
        let project = Project::builder("demo")
            .lockfile_version(version)
            .lock_only(outer.clone())
            .lock_only_at("node_modules/outer/node_modules/inner", inner.clone())
            .archive(&outer)
            .archive(&inner)
            .build();
        let run = with_archives(&project).expect(1);
        assert_eq!(verdict(&run, "inner"), "malicious", "version {version}");
        assert_eq!(verdict(&run, "outer"), "clean", "version {version}");
        assert!(rules(&run, "inner").iter().any(|rule| rule == "injected-dependency"), "version {version}");
        let path = &run.release("pkg:npm/inner@1.0.0")["paths"][0];
        let labels: Vec<&str> = super::list(path).iter().map(|step| step["label"].as_str().unwrap()).collect();
        assert_eq!(labels, ["demo@1.0.0", "outer@1.0.0", "inner@1.0.0"], "version {version}");
    }
}

#[test]
fn a_registry_that_stumbles_is_asked_again() {
    let good = harmless("good");
    let path = good.tarball_path();
    let registry = NpmRegistry::builder()
        .package(good.clone())
        .fault_times(&path, Fault::Status(429, Some("0".to_owned())), 1)
        .fault_times(&path, Fault::Status(503, None), 1)
        .start();
    let settings = settings(&registry).replace("fetch-retries=1", "fetch-retries=2");
    let project = Project::builder("demo").registry(&registry.url()).user_npmrc(&settings).lock_only(good).build();
    online(&project, &[]).expect(0);
    assert_eq!(registry.requests().len(), 3);
}
