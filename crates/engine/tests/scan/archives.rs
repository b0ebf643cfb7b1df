//! Contents of what is not installed: npm's cache, a folder of archives, our own store, the registry.

use vetch_engine::CacheMode;
use vetch_model::Verdict;
use vetch_testkit::{Fault, NpmRegistry, Pkg, Project};

use crate::Case;
use crate::support::{dropper, harmless, options, release, rules, run};

pub(crate) const CASES: &[Case] = &[
    ("every_local_place_is_used", every_local_place_is_used),
    ("what_is_nowhere_is_incomplete", what_is_nowhere_is_incomplete),
    ("the_registry_comes_last_and_is_remembered", the_registry_comes_last_and_is_remembered),
    ("other_bytes_are_refused_and_told_of", other_bytes_are_refused_and_told_of),
    ("one_broken_download_spoils_nothing_else", one_broken_download_spoils_nothing_else),
    ("bundled_packages_come_with_their_bundler", bundled_packages_come_with_their_bundler),
    ("a_package_without_integrity_is_fetched", a_package_without_integrity_is_fetched),
];

fn every_local_place_is_used() {
    let (cached, archived) = (dropper("cached"), dropper("archived"));
    let project = Project::builder("demo")
        .lock_only(cached.clone())
        .lock_only(archived.clone())
        .cached(&cached)
        .archive(&archived)
        .build();
    let mut options = options(&project);
    options.archives = Some(project.archives());
    let report = run(&options);
    for name in ["cached", "archived"] {
        let found = release(&report, &format!("pkg:npm/{name}@1.0.0"));
        assert!(found.verdict >= Verdict::Suspicious && found.incomplete.is_empty(), "{found:#?}");
        assert_eq!(found.locations[0].path, None);
        assert!(found.locations[0].declared_at.is_some());
    }
}

fn what_is_nowhere_is_incomplete() {
    let project = Project::builder("demo").install(harmless("a")).lock_only(harmless("gone")).build();
    let report = run(&options(&project));
    let gone = release(&report, "pkg:npm/gone@1.0.0");
    assert_eq!(gone.verdict, Verdict::Incomplete);
    assert!(gone.incomplete[0].hint.contains("--archives"), "{gone:#?}");
    assert_eq!(release(&report, "pkg:npm/a@1.0.0").verdict, Verdict::Clean);
}

/// A project whose packages are locked to a registry that the user has named.
fn online(registry: &NpmRegistry, pkgs: &[Pkg]) -> Project {
    let builder = Project::builder("demo")
        .registry(&registry.url())
        .user_npmrc(&format!("registry={}\nfetch-retries=0\n", registry.url()));
    pkgs.iter().fold(builder, |builder, pkg| builder.lock_only(pkg.clone())).build()
}

fn the_registry_comes_last_and_is_remembered() {
    let (here, there) = (harmless("here"), dropper("there"));
    let registry = NpmRegistry::builder().package(here.clone()).package(there.clone()).start();
    let project = online(&registry, &[here.clone(), there]);
    std::fs::create_dir_all(project.archives()).unwrap();
    std::fs::write(project.archives().join("here.tgz"), here.tarball()).unwrap();
    let cache = tempfile::tempdir().unwrap();
    let mut options = options(&project);
    options.offline = false;
    options.archives = Some(project.archives());
    options.cache = CacheMode::Dir(cache.path().to_owned());
    let first = run(&options);
    assert!(release(&first, "pkg:npm/there@1.0.0").verdict >= Verdict::Suspicious);
    assert_eq!(registry.paths().len(), 1, "{:?}", registry.paths());
    options.offline = true;
    let second = run(&options);
    assert_eq!(format!("{:#?}", first.scan), format!("{:#?}", second.scan));
}

fn other_bytes_are_refused_and_told_of() {
    let (pkg, other) = (harmless("a"), dropper("a"));
    let registry = NpmRegistry::builder()
        .package(pkg.clone())
        .fault(&pkg.tarball_path(), Fault::WrongBytes(other.tarball()))
        .start();
    let project = online(&registry, &[pkg]);
    let mut options = options(&project);
    options.offline = false;
    let report = run(&options);
    let a = release(&report, "pkg:npm/a@1.0.0");
    assert!(rules(a).contains(&"integrity-mismatch"), "{a:#?}");
    assert!(!a.incomplete.is_empty() && a.verdict >= Verdict::Suspicious);
    assert!(a.profile.capabilities.is_empty(), "the wrong bytes are not judged");
}

fn one_broken_download_spoils_nothing_else() {
    let (good, broken) = (harmless("good"), harmless("broken"));
    let registry = NpmRegistry::builder()
        .package(good.clone())
        .package(broken.clone())
        .fault(&broken.tarball_path(), Fault::Html)
        .start();
    let project = online(&registry, &[good, broken]);
    let mut options = options(&project);
    options.offline = false;
    let report = run(&options);
    assert_eq!(release(&report, "pkg:npm/good@1.0.0").verdict, Verdict::Clean);
    let broken = release(&report, "pkg:npm/broken@1.0.0");
    assert_eq!(broken.verdict, Verdict::Incomplete);
    assert!(broken.incomplete[0].why.contains("web page"), "{broken:#?}");
}

fn bundled_packages_come_with_their_bundler() {
    let outer = harmless("outer").bundle(dropper("inner"));
    let inner = dropper("inner");
    let project = Project::builder("demo")
        .lock_only(outer.clone())
        .lock_only_at("node_modules/outer/node_modules/inner", inner)
        .archive(&outer)
        .edit_lockfile(|lock| {
            let entry = &mut lock["packages"]["node_modules/outer/node_modules/inner"];
            entry["inBundle"] = serde_json::json!(true);
            entry.as_object_mut().unwrap().retain(|key, _| key != "integrity" && key != "resolved");
        })
        .build();
    let mut options = options(&project);
    options.archives = Some(project.archives());
    let report = run(&options);
    let inner = release(&report, "pkg:npm/inner@1.0.0");
    assert!(inner.verdict >= Verdict::Suspicious && inner.incomplete.is_empty(), "{inner:#?}");
    let outer = release(&report, "pkg:npm/outer@1.0.0");
    assert_eq!(outer.verdict, Verdict::Clean, "each is judged by what is its own: {outer:#?}");
}

fn a_package_without_integrity_is_fetched() {
    let pkg = dropper("a");
    let registry = NpmRegistry::builder().package(pkg.clone()).start();
    let project = Project::builder("demo")
        .registry(&registry.url())
        .user_npmrc(&format!("registry={}\n", registry.url()))
        .lock_only(pkg)
        .edit_lockfile(|lock| {
            lock["packages"]["node_modules/a"].as_object_mut().unwrap().retain(|key, _| key != "integrity");
        })
        .build();
    let mut options = options(&project);
    let offline = run(&options);
    assert_eq!(release(&offline, "pkg:npm/a@1.0.0").verdict, Verdict::Incomplete);
    options.offline = false;
    let report = run(&options);
    let a = release(&report, "pkg:npm/a@1.0.0");
    assert!(a.verdict >= Verdict::Suspicious && a.incomplete.is_empty(), "{a:#?}");
}
