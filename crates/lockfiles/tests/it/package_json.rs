//! Manifests by example.

use proptest::prelude::*;
use vetch_lockfiles::ReadErrorKind;
use vetch_lockfiles::npm::package_json::read;
use vetch_model::inventory::EdgeKind;
use vetch_model::manifest::{EntryKind, Manifest};

const FILE: &str = "node_modules/x/package.json";

fn manifest(text: &str) -> Manifest {
    read(text.as_bytes(), FILE).unwrap()
}

/// Entries as `field path kind`.
fn entries(text: &str) -> Vec<String> {
    let told = |kind| match kind {
        EntryKind::Import => "import",
        EntryKind::Bin => "bin",
        EntryKind::Types => "types",
    };
    manifest(text).entries.iter().map(|entry| format!("{} {} {}", entry.field, entry.path, told(entry.kind))).collect()
}

#[test]
fn identity_and_description() {
    let manifest = manifest(
        r#"{"name": " x ", "version": "v1.2.3", "description": "d", "type": "module", "private": true, "gypfile": false,
            "homepage": "h", "license": {"type": "MIT"}, "repository": {"type": "git", "url": "u"},
            "author": {"name": "A", "email": "a@x.invalid", "url": "w"},
            "os": "linux", "cpu": ["x64", "!arm"], "libc": ["glibc"], "files": ["lib"], "workspaces": {"packages": ["p/*"]}}"#,
    );
    assert_eq!(manifest.name.as_deref(), Some("x"));
    assert_eq!(manifest.version.as_deref(), Some("1.2.3"));
    assert!(manifest.is_module && manifest.is_private);
    assert_eq!(manifest.gypfile, Some(false));
    assert_eq!(manifest.license.as_deref(), Some("MIT"));
    assert_eq!(manifest.repository.as_deref(), Some("u"));
    assert_eq!(manifest.author.as_deref(), Some("A <a@x.invalid> (w)"));
    assert_eq!(manifest.platform.os, ["linux"]);
    assert_eq!(manifest.platform.cpu, ["x64", "!arm"]);
    assert_eq!(manifest.platform.libc, ["glibc"]);
    assert_eq!(manifest.files, Some(vec!["lib".to_owned()]));
    assert_eq!(manifest.workspaces, ["p/*"]);
    assert!(manifest.problems.is_empty(), "{:?}", manifest.problems);
}

#[test]
fn scripts_keep_their_place() {
    let text =
        "\u{feff}{\r\n  \"scripts\": {\r\n    \"postinstall\": \"node \\u0061.js\",\r\n    \"test\": 1\r\n  }\r\n}";
    let manifest = manifest(text);
    let script = manifest.install_scripts().next().unwrap();
    assert_eq!(script.command, "node a.js");
    assert_eq!((script.location.line, script.location.column), (3, 5));
    assert_eq!(script.location.file, FILE);
    let span = script.location.span;
    assert_eq!(&text[span.start as usize..span.end as usize], "\"postinstall\": \"node \\u0061.js\"");
    assert_eq!(manifest.problems, ["line 4: `scripts.test` is a number, not a string"]);
}

#[test]
fn every_entry_field_is_followed() {
    assert_eq!(
        entries(
            r#"{"main": "a.js", "module": "b.mjs", "jsnext:main": "c.js", "unpkg": "d.js", "jsdelivr": "e.js",
                "browser": {"./a.js": "./f.js", "fs": false}, "react-native": "g.js", "types": "h.d.ts", "typings": "i.d.ts",
                "bin": {"x": "j.js"}, "directories": {"bin": "k/"}}"#
        ),
        [
            "main a.js import",
            "module b.mjs import",
            "jsnext:main c.js import",
            "browser[\"./a.js\"] ./f.js import",
            "react-native g.js import",
            "unpkg d.js import",
            "jsdelivr e.js import",
            "types h.d.ts types",
            "typings i.d.ts types",
            "bin.x j.js bin",
            "directories.bin k/* bin",
        ]
    );
    assert_eq!(entries(r#"{"bin": "x.js", "browser": "y.js"}"#), ["browser y.js import", "bin x.js bin"]);
}

#[test]
fn exports_are_flattened() {
    assert_eq!(
        entries(
            r#"{"exports": {".": {"types": {"import": "./a.d.mts"}, "import": "./a.mjs", "require": {"node": "./a.cjs", "default": null}},
                "./f/*": ["./g/*.js", {"default": "./h/*.js"}], "./no": null, "./t": "./t.d.ts"}}"#
        ),
        [
            "exports[\".\"].types.import ./a.d.mts types",
            "exports[\".\"].import ./a.mjs import",
            "exports[\".\"].require.node ./a.cjs import",
            "exports[\"./f/*\"][0] ./g/*.js import",
            "exports[\"./f/*\"][1].default ./h/*.js import",
            "exports[\"./t\"] ./t.d.ts types",
        ]
    );
    assert_eq!(entries(r#"{"exports": "./x.js"}"#), ["exports ./x.js import"]);
    assert!(manifest(r#"{"exports": {}}"#).has_exports);
    assert!(!manifest(r#"{"exports": null}"#).has_exports);
}

#[test]
fn dependencies_of_every_kind() {
    let manifest = manifest(
        "{\"dependencies\": {\"a\": \"1\", \"o\": \"2\"},\n\"devDependencies\": {\"d\": \"3\"},\n\"optionalDependencies\": {\"o\": \"2\"},\n\
         \"peerDependencies\": {\"p\": \"4\", \"q\": \"5\"}, \"peerDependenciesMeta\": {\"q\": {\"optional\": true}}, \"bundledDependencies\": true}",
    );
    let found: Vec<_> =
        manifest.dependencies.iter().map(|d| (d.name.as_str(), d.range.as_str(), d.kind, d.line)).collect();
    assert_eq!(
        found,
        [
            ("a", "1", EdgeKind::Production, 1),
            ("o", "2", EdgeKind::Production, 1),
            ("d", "3", EdgeKind::Development, 2),
            ("o", "2", EdgeKind::Optional, 3),
            ("p", "4", EdgeKind::Peer, 4),
            ("q", "5", EdgeKind::PeerOptional, 4),
        ]
    );
    assert_eq!(manifest.bundled, ["a", "o", "o"]);
}

#[test]
fn wrong_types_are_problems_and_the_rest_stands() {
    let manifest = manifest(
        r#"{"name": 1, "version": [], "main": {}, "bin": 3, "scripts": "x", "dependencies": ["a"], "optionalDependencies": {"b": {}},
            "files": {}, "workspaces": 7, "exports": 1, "gypfile": "true", "os": {}, "bundleDependencies": 1, "license": 2, "module": "m.js"}"#,
    );
    assert_eq!(manifest.entries.len(), 1);
    assert_eq!(manifest.gypfile, Some(true));
    assert_eq!(manifest.dependencies[0].name, "b");
    for field in [
        "name",
        "version",
        "main",
        "bin",
        "scripts",
        "dependencies",
        "optionalDependencies.b",
        "files",
        "workspaces",
        "exports",
        "gypfile",
        "os",
        "bundleDependencies",
        "license",
    ] {
        let named = format!("`{field}`");
        assert!(manifest.problems.iter().any(|problem| problem.contains(&named)), "{field}: {:?}", manifest.problems);
    }
}

#[test]
fn the_last_of_two_keys_counts_and_is_told() {
    let manifest = manifest(r#"{"scripts": {"install": "one", "install": "two"}, "name": "a", "name": "b"}"#);
    assert_eq!(manifest.name.as_deref(), Some("b"));
    assert_eq!(manifest.script("install").unwrap().command, "two");
    assert_eq!(manifest.scripts.len(), 1);
    assert_eq!(manifest.problems.iter().filter(|problem| problem.contains("twice")).count(), 2);
}

#[test]
fn limits_hold_and_are_told() {
    let many: Vec<String> = (0..20_001).map(|index| format!("\"./{index}\": \"./{index}.js\"")).collect();
    let manifest = manifest(&format!("{{\"exports\": {{{}}}}}", many.join(",")));
    assert_eq!(manifest.entries.len(), 20_000);
    assert!(manifest.problems[0].contains("20000"), "{:?}", manifest.problems);
    let bomb = format!("{{\"exports\": {}", "{\"a\":".repeat(10_000));
    assert_eq!(read(bomb.as_bytes(), FILE).unwrap_err().kind, ReadErrorKind::TooDeep);
    let wrong: Vec<String> = (0..500).map(|index| format!("\"{index}\": 1")).collect();
    let problems = read(format!("{{\"scripts\": {{{}}}}}", wrong.join(",")).as_bytes(), FILE).unwrap().problems;
    assert!(problems.last().unwrap().ends_with("and 400 more problems"), "{problems:?}");
}

#[test]
fn what_is_no_manifest_is_an_error() {
    for (text, kind) in [("", ReadErrorKind::Syntax), ("[]", ReadErrorKind::Shape), ("{", ReadErrorKind::Syntax)] {
        let error = read(text.as_bytes(), FILE).unwrap_err();
        assert_eq!(error.kind, kind, "{text}");
        assert!(error.to_string().starts_with(FILE));
    }
    let lossy = read(b"{\"name\": \"\xff\", \"main\": \"x.js\"}", FILE).unwrap();
    assert_eq!(lossy.entries.len(), 1);
    assert!(lossy.problems[0].contains("UTF-8"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn odd_fields_never_cost_the_others(
        field in prop::sample::select(vec![
            "name", "version", "bin", "main", "browser", "exports", "dependencies", "peerDependenciesMeta", "bundleDependencies",
            "workspaces", "os", "files", "directories", "author", "repository", "license", "scripts", "type", "private", "gypfile",
        ]),
        value in prop::sample::select(vec![
            "null", "true", "1", "\"\"", "[]", "{}", "[[]]", "{\"a\": null}", "{\"a\": {\"b\": [1]}}", "[null, \"x\"]", "\"\\ud800\"",
        ]),
    ) {
        let text = format!("{{\"{field}\": {value}, \"module\": \"kept.js\", \"devDependencies\": {{\"kept\": \"1\"}}}}");
        let manifest = manifest(&text);
        prop_assert!(manifest.entries.iter().any(|entry| entry.path == "kept.js"));
        prop_assert!(manifest.dependencies.iter().any(|dependency| dependency.name == "kept"));
    }
}
