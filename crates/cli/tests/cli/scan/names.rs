//! Names: mistaken for popular ones, and internal ones that a public registry serves.

use serde_json::Value;
use vetch_testkit::{Pkg, Project, ProjectBuilder, Run};

use super::{harmless, incomplete, offline, online, rules, scan, verdict, with_archives};

/// Reports itself when it is installed. Inert: the host does not exist.
fn beacon(name: &str) -> Pkg {
    let script = "require('https').get('https://count.invalid/installed');\n";
    harmless(name).script("postinstall", "node setup.js").file("setup.js", script)
}

fn locked(pkg: Pkg) -> ProjectBuilder {
    Project::builder("demo").lock_only(pkg.clone()).archive(&pkg)
}

/// `rule: title` of the findings of the category `name`, of releases and of the target.
fn named(run: &Run) -> Vec<String> {
    let report = run.json();
    let releases = report["releases"].as_array().unwrap().iter().flat_map(|one| super::list(&one["findings"]).to_vec());
    let targets = report["findings"].as_array().unwrap().iter().map(|one| one["finding"].clone());
    let text = |one: &Value| format!("{}: {}", one["rule"].as_str().unwrap(), one["title"].as_str().unwrap());
    releases.chain(targets).filter(|one| one["category"] == "name").map(|one| text(&one)).collect()
}

#[test]
fn a_name_alone_is_notable_and_with_what_it_does_suspicious() {
    let alone = with_archives(&locked(harmless("comamnder")).build()).expect(0);
    assert_eq!(verdict(&alone, "comamnder"), "notable");
    assert!(named(&alone)[0].contains("named like commander (#"), "{:?}", named(&alone));
    let acting = with_archives(&locked(beacon("comamnder")).build()).expect(1);
    assert_eq!(verdict(&acting, "comamnder"), "suspicious");
    assert!(rules(&acting, "comamnder").contains(&"typosquatted-name".to_owned()));
}

#[test]
fn popular_names_and_names_of_ones_own_are_quiet() {
    for name in ["commander", "express", "kitchen-billing", "@kitchens/commander"] {
        let run = with_archives(&locked(beacon(name)).build()).expect(0);
        assert_eq!(named(&run), [] as [String; 0], "{name}");
    }
}

const LIST: &str = "# ours\n[npm]\nkitchen-billing\n";

#[test]
fn a_list_of_the_users_own_takes_the_place_of_the_shipped_one() {
    let project = locked(harmless("kitchen-biling")).file("list.txt", LIST).build();
    assert_eq!(named(&with_archives(&project)), [] as [String; 0]);
    let run = offline(&project, &["--popular", "list.txt", "--allow-incomplete"]).expect(0);
    assert!(named(&run)[0].contains("named like kitchen-billing (#1 on npm)"), "{:?}", named(&run));
    // What is popular elsewhere still counts there.
    let kept = locked(harmless("kitchen-biling")).home_file(".local/share/vetch/popular.txt", LIST).build();
    #[cfg(target_os = "linux")]
    assert_eq!(named(&with_archives(&kept)).len(), 1);
    #[cfg(not(target_os = "linux"))]
    drop(kept);
}

#[test]
fn a_list_that_is_none_is_told_by_line() {
    let project = locked(harmless("a")).file("list.txt", "[npm]\nno name\n").build();
    let run = scan(&project, &["--popular", "list.txt"]).run().expect(2);
    assert!(run.stderr.contains("list.txt") && run.stderr.contains("line 2"), "{}", run.stderr);
    scan(&project, &["--popular", "gone.txt"]).run().expect(2);
}

const POLICY: &str = "[names]\ninternal = [\"@acme/*\", \"acme-*\"]\n";

#[test]
fn an_internal_name_from_a_public_registry_is_told_and_not_asked_for() {
    let version = |version: &str| Pkg::new("@acme/tool", version).file("index.js", "module.exports = 1;\n");
    let project = |pkg| Project::builder("demo").lock_only(pkg).file("vetch.toml", POLICY).build();
    let run = offline(&project(version("1.2.0")), &[]).expect(1);
    assert_eq!(run.release("pkg:npm/%40acme/tool@1.2.0")["verdict"], "suspicious");
    let finding = &run.release("pkg:npm/%40acme/tool@1.2.0")["findings"][0];
    assert_eq!(
        (&finding["rule"], &finding["evidence"][1]["file"]),
        (&"dependency-confusion".into(), &"vetch.toml".into())
    );

    let run = online(&project(version("99.0.0")), &[]).expect(1);
    assert_eq!(run.release("pkg:npm/%40acme/tool@99.0.0")["verdict"], "malicious");
    let missing = incomplete(&run);
    assert!(missing[0].contains("its name is internal (`@acme/*`)"), "{missing:?}");
}

#[test]
fn a_scope_of_a_private_registry_is_learned() {
    let of = |name: &str, version: &str| Pkg::new(name, version).file("index.js", "module.exports = 1;\n");
    let from = |entry: &'static str, host: &'static str| {
        move |lock: &mut Value| {
            let entry = &mut lock["packages"][format!("node_modules/{entry}")];
            let url = entry["resolved"].as_str().unwrap().replace("registry.npmjs.org", host);
            entry["resolved"] = url.into();
        }
    };
    let project = |version: &str| {
        Project::builder("demo")
            .lock_only(of("@acme/one", "1.0.0"))
            .lock_only(of("@acme/two", version))
            .edit_lockfile(from("@acme/one", "npm.acme.invalid"))
    };
    let run = offline(&project("1.0.0").build(), &["--allow-incomplete"]).expect(0);
    assert_eq!(named(&run).len(), 1, "{:?}", named(&run));
    assert!(named(&run)[0].contains("others of its scope come from npm.acme.invalid"), "{:?}", named(&run));
    offline(&project("99.0.0").build(), &[]).expect(1);

    // A registry that serves popular packages too is a mirror.
    let mirror = project("1.0.0").lock_only(of("express", "1.0.0")).edit_lockfile(from("express", "npm.acme.invalid"));
    assert_eq!(named(&offline(&mirror.build(), &[])), [] as [String; 0]);

    let tied = Project::builder("demo")
        .lock_only(of("@acme/two", "1.0.0"))
        .user_npmrc("@acme:registry=https://npm.acme.invalid/\n")
        .build();
    let told = named(&offline(&tied, &[]));
    assert!(told[0].contains("settings tie its name to npm.acme.invalid"), "{told:?}");
}

#[test]
fn names_that_nothing_binds_are_told() {
    let unsaid = |lock: &mut Value| {
        lock["packages"]["node_modules/@acme/tool"].as_object_mut().unwrap().remove("resolved");
    };
    let project =
        || Project::builder("demo").lock_only(harmless("@acme/tool")).edit_lockfile(unsaid).file("vetch.toml", POLICY);
    let told = named(&offline(&project().build(), &[]));
    assert_eq!(
        told,
        ["unbound-internal-name: @acme is internal, but nothing keeps registry.npmjs.org from being asked for it"]
    );
    let bound = project().file(".npmrc", "@acme:registry=https://npm.acme.invalid/\n").build();
    assert_eq!(named(&offline(&bound, &[])), [] as [String; 0]);
}

fn python(file: &str, text: &str) -> Run {
    let project = Project::builder("demo").no_lockfile().without("package.json");
    offline(&project.file(file, text).file("vetch.toml", POLICY).build(), &["--allow-incomplete"])
}

#[test]
fn pythons_names_are_compared_as_pypi_does() {
    let uv = |name: &str, version: &str, index: &str| {
        format!(
            "version = 1\n\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = {{ registry = \"{index}\" }}\n"
        )
    };
    let run = python("uv.lock", &uv("acme-billing", "99.0", "https://pypi.org/simple")).expect(1);
    assert!(
        named(&run)[0].starts_with("dependency-confusion: acme-billing@99.0 comes from pypi.org"),
        "{:?}",
        named(&run)
    );
    let run = python("uv.lock", &uv("acme-billing", "1.0", "https://pypi.acme.invalid/simple"));
    assert_eq!(named(&run), [] as [String; 0]);

    let both =
        "--index-url https://pypi.acme.invalid/simple\n--extra-index-url https://pypi.org/simple\nAcme_Billing==1.0\n";
    let told = named(&python("requirements.txt", both));
    assert!(told[0].contains("pypi.org is asked for it beside pypi.acme.invalid"), "{told:?}");
    let one = "--index-url https://pypi.acme.invalid/simple\nacme-billing==1.0\n";
    assert_eq!(named(&python("requirements.txt", one)), [] as [String; 0]);
    let typo = named(&python("requirements.txt", "reqeusts==2.31.0\n"));
    assert!(typo[0].contains("named like requests (#") && typo[0].contains("on PyPI"), "{typo:?}");
}

#[test]
fn mistakes_in_the_policy_are_told() {
    for (policy, says) in [
        ("[names]\ninternal = \"x\"\n", "vetch.toml:2:12: expected a list"),
        ("[names]\ninternal = [\"*\"]\n", "vetch.toml:2:13: a pattern of internal names"),
        ("[names]\nintern = []\n", "did you mean `internal`?"),
    ] {
        let project = locked(harmless("a")).file("vetch.toml", policy).build();
        let run = scan(&project, &["--offline"]).run().expect(2);
        assert!(run.stderr.contains(says), "{}", run.stderr);
    }
}
