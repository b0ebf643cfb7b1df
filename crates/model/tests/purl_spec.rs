//! The official purl test suite (`fixtures/purl/README.md`), all of it.

// Clippy takes only `#[test]` functions for tests, not their helpers.
#![allow(clippy::unwrap_used, clippy::panic)]

use serde_json::Value;
use vetch_model::purl::{Purl, PurlParts};

/// Cases left out, each with its reason. None.
const LEFT_OUT: &[(&str, &str)] = &[];

fn cases() -> Vec<Value> {
    let text = include_str!("fixtures/purl/test-suite-data.json");
    let cases: Vec<Value> = serde_json::from_str(text).unwrap();
    assert!(cases.len() >= 32, "the suite is whole");
    let is_kept = |case: &Value| !LEFT_OUT.iter().any(|(description, _)| case["description"] == *description);
    cases.into_iter().filter(is_kept).collect()
}

fn is_invalid(case: &Value) -> bool {
    case["is_invalid"] == true
}

#[test]
fn purls_become_canonical() {
    for case in cases() {
        let name = &case["description"];
        for field in ["purl", "canonical_purl"] {
            let Some(text) = case[field].as_str() else { continue };
            let parsed = text.parse::<Purl>();
            if is_invalid(&case) {
                assert!(parsed.is_err(), "{name}: {text} is taken as {parsed:?}");
            } else {
                let purl = parsed.unwrap_or_else(|error| panic!("{name}: {error}"));
                assert_eq!(purl.as_str(), case["canonical_purl"], "{name}: {text}");
            }
        }
    }
}

#[test]
fn purls_are_taken_apart() {
    for case in cases().iter().filter(|case| !is_invalid(case)) {
        let name = &case["description"];
        let parts = PurlParts::parse(case["canonical_purl"].as_str().unwrap()).unwrap();
        assert_eq!(parts.kind, case["type"], "{name}");
        // One case has its namespace with the separator behind it.
        let namespace = case["namespace"].as_str().map(|namespace| namespace.trim_end_matches('/'));
        assert_eq!(parts.namespace.as_deref(), namespace, "{name}");
        assert_eq!(parts.name, case["name"], "{name}");
        assert_eq!(parts.version.as_deref(), case["version"].as_str(), "{name}");
        assert_eq!(parts.subpath.as_deref(), case["subpath"].as_str(), "{name}");
        let expected = case["qualifiers"].as_object().map_or(0, serde_json::Map::len);
        assert_eq!(parts.qualifiers.len(), expected, "{name}");
        for (key, value) in case["qualifiers"].as_object().into_iter().flatten() {
            assert_eq!(parts.qualifier(key), value.as_str(), "{name}: {key}");
        }
    }
}

/// The builders take no qualifiers and no subpath: cases with either are the parser's alone.
#[test]
fn purls_are_built() {
    let mut built = 0;
    for case in cases() {
        let text = |field: &str| case[field].as_str();
        if is_invalid(&case) || !case["qualifiers"].is_null() || !case["subpath"].is_null() {
            continue;
        }
        let (kind, name) = (text("type").unwrap(), text("name").unwrap());
        let full = text("namespace").map_or(name.to_owned(), |namespace| format!("{namespace}/{name}"));
        let purl = match kind {
            "npm" => Purl::npm(&full, text("version")),
            "pypi" => Purl::pypi(&full, text("version")),
            _ => Purl::other(kind, &full, text("version")),
        };
        assert_eq!(purl.as_str(), case["canonical_purl"], "{}", case["description"]);
        built += 1;
    }
    assert!(built >= 10, "only {built} cases were built");
}
