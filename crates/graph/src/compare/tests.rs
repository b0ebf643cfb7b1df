//! What is told of two inventories, and that the comparison has no favourite side.

use proptest::prelude::*;
use vetch_model::evidence::Location;
use vetch_model::integrity::Integrity;
use vetch_model::inventory::{Artifact, Edge, Package, Role, Unresolved};

use super::*;

/// Digests of one repeated byte, as SRI.
fn sha512(byte: char) -> Integrity {
    Integrity::parse(&format!("sha512-{}==", byte.to_string().repeat(86))).unwrap()
}

fn sha256(byte: char) -> Integrity {
    Integrity::parse(&format!("sha256-{}=", byte.to_string().repeat(43))).unwrap()
}

fn registry(url: &str) -> Source {
    Source::Registry { url: (!url.is_empty()).then(|| url.to_owned()), index: None }
}

fn package(name: &str, version: &str) -> Package {
    Package {
        source: registry(""),
        path: format!("node_modules/{name}"),
        has_install_script: Some(false),
        declared_at: Some(Location::file("package-lock.json")),
        ..Package::new(Ecosystem::Npm, name, Some(version))
    }
}

/// A root, and packages that it asks for.
fn inventory(packages: impl IntoIterator<Item = Package>) -> Inventory {
    let mut inventory = Inventory::default();
    let source = Source::Folder { path: String::new() };
    let root = inventory.push(Package { role: Role::Root, source, path: String::new(), ..package("app", "1.0.0") });
    for package in packages {
        let (name, is_own) = (package.name.clone(), package.role != Role::Dependency);
        let id = inventory.push(package);
        let kind = if is_own { EdgeKind::Workspace } else { EdgeKind::Production };
        inventory.edges.push(Edge::new(root, id, name, "*", kind));
    }
    inventory
}

fn compared(
    old: impl IntoIterator<Item = Package>,
    new: impl IntoIterator<Item = Package>,
) -> Vec<(ChangeKind, Vec<Difference>, bool)> {
    let comparison = compare(&inventory(old), &inventory(new));
    comparison.changes.into_iter().map(|change| (change.kind, change.differences, change.is_alarming)).collect()
}

fn kinds(old: &[Package], new: &[Package]) -> Vec<(ChangeKind, String)> {
    let (old, new) = (inventory(old.to_vec()), inventory(new.to_vec()));
    let comparison = compare(&old, &new);
    let label = |inventory: &Inventory, ids: &[PackageId]| {
        ids.first().map_or(String::new(), |id| inventory.package(*id).label())
    };
    let text = |change: &Change| format!("{} > {}", label(&old, &change.old), label(&new, &change.new));
    comparison.changes.iter().map(|change| (change.kind, text(change))).collect()
}

fn at(path: &str, version: &str) -> Package {
    Package { path: path.to_owned(), ..package("a", version) }
}

#[test]
fn versions_and_presence() {
    let old = [package("down", "2.0.0"), package("gone", "1.0.0"), package("same", "1.0.0"), package("up", "1.9.0")];
    let new = [package("come", "1.0.0"), package("down", "1.0.0"), package("same", "1.0.0"), package("up", "1.10.0")];
    assert_eq!(
        kinds(&old, &new),
        [
            (ChangeKind::Added, " > come@1.0.0".to_owned()),
            (ChangeKind::Downgraded, "down@2.0.0 > down@1.0.0".to_owned()),
            (ChangeKind::Removed, "gone@1.0.0 > ".to_owned()),
            (ChangeKind::Upgraded, "up@1.9.0 > up@1.10.0".to_owned()),
        ]
    );
    assert_eq!(kinds(&[package("x", "latest")], &[package("x", "1.0.0")])[0].0, ChangeKind::OtherVersion);
}

#[test]
fn several_versions_are_matched_by_place_then_by_order() {
    let deep = "node_modules/b/node_modules/a";
    let shown =
        |old: &[Package], new: &[Package]| kinds(old, new).into_iter().map(|(_, text)| text).collect::<Vec<_>>();
    assert_eq!(
        shown(&[at("node_modules/a", "2.0.0"), at(deep, "1.0.0")], &[at("node_modules/a", "3.0.0"), at(deep, "1.1.0")]),
        ["a@2.0.0 > a@3.0.0", "a@1.0.0 > a@1.1.0"]
    );
    assert_eq!(shown(&[at("x", "1.0.0"), at("y", "2.0.0")], &[at("z", "2.5.0")]), ["a@1.0.0 > ", "a@2.0.0 > a@2.5.0"]);
    // One version less: nothing was upgraded.
    assert_eq!(
        shown(&[at("node_modules/a", "1.0.0"), at(deep, "2.0.0")], &[at("node_modules/a", "2.0.0")]),
        ["a@1.0.0 > "]
    );
}

#[test]
fn an_alias_that_leads_to_another_package_is_a_replacement() {
    let alias = |name: &str| Package {
        alias: Some("x".to_owned()),
        path: "node_modules/x".to_owned(),
        ..package(name, "1.0.0")
    };
    let found = compared([alias("a")], [alias("evil")]);
    assert_eq!(found, [(ChangeKind::Replaced, vec![], true)]);
}

#[test]
fn the_same_version_with_other_contents_is_alarming() {
    let with = |integrity: Integrity| Package { integrity: Some(integrity), ..package("a", "1.0.0") };
    let found = compared([with(sha512('A'))], [with(sha512('B'))]);
    assert!(matches!(found.as_slice(), [(ChangeKind::SameVersion, differences, true)] if differences.len() == 1));
    let upgraded = Package { version: Some("1.0.1".to_owned()), ..with(sha512('B')) };
    assert_eq!(compared([with(sha512('A'))], [upgraded]), [(ChangeKind::Upgraded, vec![], false)]);
    assert_eq!(compared([with(sha512('A'))], [with(sha256('B'))]), [], "another algorithm says nothing");
    let found = compared([with(sha512('A'))], [package("a", "1.0.0")]);
    assert!(
        matches!(found.as_slice(), [(_, differences, true)] if matches!(differences[0], Difference::IntegrityRemoved { .. }))
    );
    assert_eq!(compared([package("a", "1.0.0")], [with(sha512('A'))]), []);
    // A second place of the same version with other contents.
    let second = Package { path: "node_modules/b/node_modules/a".to_owned(), ..with(sha512('B')) };
    assert_eq!(compared([with(sha512('A'))], [with(sha512('A')), second]).len(), 1);
}

#[test]
fn releases_of_several_files() {
    let file =
        |name: &str, byte| Artifact { file: name.to_owned(), integrity: Some(sha256(byte)), ..Artifact::default() };
    let with = |artifacts: Vec<Artifact>| Package { artifacts, ..Package::new(Ecosystem::Pypi, "p", Some("1.0")) };
    let one = || vec![file("p.whl", 'A'), file("p.tar.gz", 'B')];
    assert_eq!(compared([with(one())], [with(one())]), []);
    let found = compared([with(one())], [with(vec![file("p.whl", 'C'), file("p.tar.gz", 'B')])]);
    assert!(found[0].2 && matches!(&found[0].1[0], Difference::Integrity { file, .. } if file == "p.whl"), "{found:?}");
    let found = compared([with(one())], [with(vec![file("p.whl", 'A'), file("q.whl", 'C')])]);
    let (added, removed) = (vec!["q.whl".to_owned()], vec!["p.tar.gz".to_owned()]);
    assert_eq!(found, [(ChangeKind::SameVersion, vec![Difference::Artifacts { added, removed }], false)]);
    // Without names, hashes are a set: some in common is a file more or less, none is another release.
    let bare = |bytes: &str| with(bytes.chars().map(|byte| file("", byte)).collect());
    assert!(
        matches!(compared([bare("AB")], [bare("BC")]).as_slice(), [(_, differences, false)] if differences.len() == 1)
    );
    assert!(compared([bare("AB")], [bare("CD")])[0].2);
    assert_eq!(compared([bare("AB")], [with(one())]), [], "names on one side only are no news");
}

#[test]
fn sources() {
    let with = |source: Source| Package { source, ..package("a", "1.0.0") };
    let npm = || with(registry("https://registry.npmjs.org/a/-/a-1.0.0.tgz"));
    let git = |url: &str, commit: &str| with(Source::Git { url: url.to_owned(), commit: Some(commit.to_owned()) });
    let concerns = |old: Package, new: Package| match compared([old], [new]).as_slice() {
        [] => None,
        [(_, differences, is_alarming)] => match differences.as_slice() {
            [Difference::Source { concerns, .. }] => {
                assert_eq!(*is_alarming, !concerns.is_empty());
                Some(concerns.clone())
            }
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    assert_eq!(concerns(npm(), with(registry("https://REGISTRY.yarnpkg.com/a/-/a-1.0.0.tgz"))), None);
    assert_eq!(concerns(npm(), with(registry(""))), None, "a mirror's address may be left out");
    assert_eq!(concerns(npm(), with(Source::Unknown { text: String::new() })), None);
    let elsewhere = with(registry("https://evil.example/a/-/a-1.0.0.tgz"));
    assert_eq!(concerns(npm(), elsewhere), Some(vec![SourceConcern::OtherHost]));
    let plain = with(registry("http://registry.npmjs.org/a/-/a-1.0.0.tgz"));
    assert_eq!(concerns(npm(), plain.clone()), Some(vec![SourceConcern::PlainHttp]));
    assert_eq!(concerns(plain.clone(), plain), None);
    let repository = "git+ssh://git@github.com/o/a.git";
    assert_eq!(concerns(npm(), git(repository, "1")), Some(vec![SourceConcern::NotFromRegistry]));
    assert_eq!(concerns(git(repository, "1"), npm()), Some(vec![]));
    assert_eq!(concerns(git(repository, "1"), git(repository, "2")), Some(vec![]));
    let https = git("https://github.com/o/a", "1");
    assert_eq!(concerns(git(repository, "1"), https), Some(vec![]), "the same repository, written otherwise");
    let fork = git("git+ssh://git@github.com/evil/a.git", "1");
    assert_eq!(concerns(git(repository, "1"), fork), Some(vec![SourceConcern::OtherPlace]));
    let own =
        Package { role: Role::Workspace, source: Source::Folder { path: "a".to_owned() }, ..package("a", "1.0.0") };
    assert_eq!(concerns(own, npm()), Some(vec![SourceConcern::WasOwnCode]));
}

#[test]
fn what_is_added_from_elsewhere_is_alarming_if_nobody_asked_for_it() {
    let git = Package { source: Source::Git { url: "https://h/a".to_owned(), commit: None }, ..package("a", "1.0.0") };
    assert!(!compared([], [git.clone()])[0].2);
    let old = inventory([package("b", "1.0.0")]);
    let mut new = inventory([package("b", "1.0.0")]);
    let id = new.push(git);
    new.edges.push(Edge::new(PackageId(1), id, "a", "*", EdgeKind::Production));
    let comparison = compare(&old, &new);
    assert!(comparison.is_alarming());
    let way = comparison.way(&comparison.changes[0]);
    assert_eq!(way.steps.iter().map(|step| step.package.0).collect::<Vec<_>>(), [0, 1, 2]);
}

#[test]
fn scripts_and_groups() {
    let with = |script, dev| Package { has_install_script: Some(script), dev, ..package("a", "1.0.0") };
    assert_eq!(
        compared([with(false, false)], [with(true, false)]),
        [(ChangeKind::SameVersion, vec![Difference::InstallScript], true)]
    );
    let unknown = Package { has_install_script: None, ..with(false, false) };
    assert_eq!(compared([unknown], [with(true, false)]), [], "the old format does not tell");
    assert_eq!(compared([], [with(true, false)]), [(ChangeKind::Added, vec![Difference::InstallScript], false)]);
    let (old, new) = (vec!["development".to_owned()], vec!["production".to_owned()]);
    assert_eq!(
        compared([with(false, true)], [with(false, false)]),
        [(ChangeKind::SameVersion, vec![Difference::Groups { old, new }], false)]
    );
}

#[test]
fn projects_of_one_repository_are_kept_apart() {
    let within = |file: &str, version: &str| Package {
        declared_at: Some(Location::file(file)),
        path: format!("{file}/a"),
        ..package("a", version)
    };
    let old = [within("api/package-lock.json", "1.0.0"), within("web/package-lock.json", "1.0.0")];
    let new = [within("api/package-lock.json", "1.0.0"), within("web/package-lock.json", "2.0.0")];
    assert_eq!(kinds(&old, &new), [(ChangeKind::Upgraded, "a@1.0.0 > a@2.0.0".to_owned())]);
    // A change of tools is no change of packages.
    let other = [within("api/pnpm-lock.yaml", "1.0.0"), within("web/yarn.lock", "1.0.0")];
    assert_eq!(kinds(&old, &other), []);
    // Moved from one requirements file to another.
    let (base, dev) = (within("base.txt", "1.0.0"), within("dev.txt", "1.0.0"));
    let anchor = |file: &str| Package { declared_at: Some(Location::file(file)), ..package(file, "1.0.0") };
    assert_eq!(
        kinds(&[base, anchor("base.txt"), anchor("dev.txt")], &[dev, anchor("base.txt"), anchor("dev.txt")]),
        []
    );
}

#[test]
fn ranges_of_the_project_itself() {
    let (mut old, mut new) = (inventory([package("a", "1.0.0")]), inventory([package("a", "1.0.0")]));
    old.edges[0].range = "^1.0.0".to_owned();
    new.edges[0].range = "*".to_owned();
    new.unresolved.push(Unresolved {
        from: PackageId(0),
        name: "missing".to_owned(),
        range: "1".to_owned(),
        kind: EdgeKind::Production,
    });
    let comparison = compare(&old, &new);
    assert_eq!(comparison.changes, []);
    let shown: Vec<_> = comparison
        .ranges
        .iter()
        .map(|change| {
            let range = |ask: &Option<Ask>| ask.as_ref().map_or("-".to_owned(), |ask| ask.range.clone());
            format!("{} {} {}", change.name, range(&change.old), range(&change.new))
        })
        .collect();
    assert_eq!(shown, ["a ^1.0.0 *", "missing - 1"]);
}

#[test]
fn many_places_cost_little() {
    let many = |shift: usize| {
        let packages = (0..20_000).map(move |n| Package {
            path: format!("node_modules/p{n}/node_modules/a"),
            source: registry(&format!("https://h{n}.example/{shift}")),
            artifacts: vec![Artifact { file: format!("{n}"), integrity: Some(sha256('A')), ..Artifact::default() }],
            cache_checksum: Some(format!("{n}/{shift}")),
            ..package("a", &format!("{}.0.0", n % 3))
        });
        inventory(packages)
    };
    let start = std::time::Instant::now();
    compare(&many(0), &many(1));
    assert!(start.elapsed() < std::time::Duration::from_secs(20), "quadratic: {:?}", start.elapsed());
}

fn any_package() -> impl Strategy<Value = Package> {
    let name = prop_oneof![Just("a"), Just("b"), Just("c"), Just("@s/d")];
    let version =
        prop_oneof![Just("1.0.0"), Just("1.1.0"), Just("2.0.0-rc.1"), Just("2.0.0"), Just("odd"), Just("1.10.0")];
    let place =
        prop_oneof![Just("node_modules/x"), Just("node_modules/y"), Just(""), Just("node_modules/z/node_modules/x")];
    let file = prop_oneof![Just("package-lock.json"), Just("web/yarn.lock"), Just("web/pnpm-lock.yaml")];
    let byte = prop_oneof![Just(None), Just(Some('A')), Just(Some('B'))];
    (name, version, place, file, byte, any::<bool>()).prop_map(|(name, version, place, file, byte, dev)| Package {
        path: place.to_owned(),
        integrity: byte.map(sha512),
        dev,
        declared_at: Some(Location::file(file)),
        ..package(name, version)
    })
}

fn any_inventory() -> impl Strategy<Value = Inventory> {
    proptest::collection::vec(any_package(), 0..12).prop_map(inventory)
}

proptest! {
    #[test]
    fn nothing_changed_between_a_thing_and_itself(one in any_inventory()) {
        let comparison = compare(&one, &one);
        prop_assert!(comparison.is_empty() && !comparison.is_alarming(), "{comparison:?}");
    }

    #[test]
    fn the_other_way_round_is_the_mirror_image(old in any_inventory(), new in any_inventory()) {
        let flipped = |kind| match kind {
            ChangeKind::Added => ChangeKind::Removed,
            ChangeKind::Removed => ChangeKind::Added,
            ChangeKind::Upgraded => ChangeKind::Downgraded,
            ChangeKind::Downgraded => ChangeKind::Upgraded,
            same => same,
        };
        let told = |comparison: Comparison, is_flipped: bool| {
            let changes = comparison.changes.into_iter().filter(|change| change.kind != ChangeKind::SameVersion);
            let mut told: Vec<_> = changes.map(|change| match is_flipped {
                true => (flipped(change.kind), change.new, change.old),
                false => (change.kind, change.old, change.new),
            }).collect();
            told.sort();
            told
        };
        prop_assert_eq!(told(compare(&old, &new), false), told(compare(&new, &old), true));
    }

    #[test]
    fn every_package_is_accounted_for(old in any_inventory(), new in any_inventory()) {
        let pairs = matching::pairs(&old, &new);
        let mut seen: Vec<_> = pairs.iter().flat_map(|pair| pair.new.iter().copied()).collect();
        seen.sort();
        prop_assert_eq!(seen, new.iter().map(|(id, _)| id).collect::<Vec<_>>());
        let mut seen: Vec<_> = pairs.iter().flat_map(|pair| pair.old.iter().copied()).collect();
        seen.sort();
        prop_assert_eq!(seen, old.iter().map(|(id, _)| id).collect::<Vec<_>>());
    }
}
