//! SPDX 3 out of `vetch sbom` and into the other commands.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::sbom::{SHA1_HEX, components, project, run, texts, write};

/// The part of an IRI by which an element is told from others of its document.
fn fragment(iri: &Value) -> &str {
    iri.as_str().unwrap().split_once("#SPDXRef-").unwrap().1
}

#[test]
fn spdx3_says_what_is_known() {
    let spdx = run(&project(), &["sbom", "--format", "spdx3-json"]).expect(0).json();
    assert_eq!(spdx["@context"], "https://spdx.org/rdf/3.0.1/spdx-context.jsonld");
    let graph = spdx["@graph"].as_array().unwrap();
    let of = |class: &str| graph.iter().filter(|node| node["type"] == class).collect::<Vec<_>>();
    let info = of("CreationInfo")[0];
    assert_eq!((&info["@id"], &info["specVersion"]), (&json!("_:creationinfo"), &json!("3.0.1")));
    assert!(info["created"].as_str().unwrap().ends_with('Z'));
    let elements: Vec<&Value> = graph.iter().filter(|node| node["type"] != "CreationInfo").collect();
    let ids: BTreeSet<&str> = elements.iter().map(|node| node["spdxId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), elements.len(), "ids are unique");
    let namespace = "https://spdx.org/spdxdocs/shop-";
    assert!(
        ids.iter().all(|id| id.starts_with(namespace)) && elements.iter().all(|one| one["creationInfo"] == info["@id"])
    );
    let (document, sbom) = (of("SpdxDocument")[0], of("software_Sbom")[0]);
    assert_eq!(document["profileConformance"], json!(["core", "software", "simpleLicensing", "extension"]));
    assert_eq!(document["rootElement"], json!([sbom["spdxId"]]));
    assert_eq!(fragment(&sbom["rootElement"][0]), "Project-shop-1.0.0");
    let listed = sbom["element"].as_array().unwrap();
    assert!(listed.iter().all(|id| ids.contains(id.as_str().unwrap())) && listed.len() > 20);
    let relationships = of("Relationship").into_iter().chain(of("LifecycleScopedRelationship"));
    let related: BTreeMap<String, Vec<&str>> = relationships
        .filter(|one| one["relationshipType"] != "hasDeclaredLicense")
        .map(|one| {
            let scope = one["scope"].as_str().map(|scope| format!(" {scope}")).unwrap_or_default();
            let kind = format!("{} {}{scope}", fragment(&one["from"]), one["relationshipType"].as_str().unwrap());
            assert_eq!(one["type"] == "LifecycleScopedRelationship", !scope.is_empty(), "{kind}");
            (kind, one["to"].as_array().unwrap().iter().map(fragment).collect())
        })
        .collect();
    for (from, to) in [
        ("Project-shop-1.0.0 dependsOn development", &["Package-tool-2.0.0"][..]),
        ("Project-shop-1.0.0 hasOptionalDependency", &["Package-acme-speedup-3.0.0"]),
        ("Package-back-1.0.0 dependsOn", &["Package-ring-1.0.0", "Package-twice-1.0.0"]),
        ("Package-ring-1.0.0 dependsOn", &["Package-back-1.0.0"]),
    ] {
        assert_eq!(related.get(from).map(Vec::as_slice), Some(to), "{from} in {related:#?}");
    }
    let packages = of("software_Package");
    let package = |name: &str| *packages.iter().find(|package| package["name"] == name).unwrap();
    let ring = package("ring");
    assert_eq!(ring["verifiedUsing"], json!([{ "type": "Hash", "algorithm": "sha1", "hashValue": SHA1_HEX }]));
    assert_eq!(
        (&ring["software_packageVersion"], &ring["software_packageUrl"]),
        (&json!("1.0.0"), &json!("pkg:npm/ring@1.0.0"))
    );
    assert_eq!(
        ring["externalIdentifier"],
        json!([{ "type": "ExternalIdentifier", "externalIdentifierType": "packageUrl", "identifier": "pkg:npm/ring@1.0.0" }])
    );
    assert_eq!(ring["software_downloadLocation"], "https://registry.npmjs.org/ring/-/ring-1.0.0.tgz");
    let license = |name: &str| {
        let from = &package(name)["spdxId"];
        let is_its = |one: &&Value| one["relationshipType"] == "hasDeclaredLicense" && &one["from"] == from;
        let one = graph.iter().find(is_its).unwrap();
        let license = graph.iter().find(|node| node["spdxId"] == one["to"][0]);
        (license.map(|license| license["simplelicensing_licenseExpression"].clone()), one["comment"].clone())
    };
    assert_eq!(license("ring"), (Some(json!("(MIT OR Apache-2.0)")), Value::Null));
    assert_eq!(license("back"), (None, json!("declared as: SEE LICENSE IN x")));
    assert!(!spdx.to_string().contains("secret"));
}

#[test]
fn every_command_takes_spdx3() {
    let folder = project();
    let file = "sbom.spdx3.json";
    run(&folder, &["sbom", "--format", "spdx3-json", "--output", file, "package-lock.json"]).expect(0);
    let why = run(&folder, &["why", "twice", file, "--format", "json"]).expect(0).json();
    assert!(why.to_string().contains("pkg:npm/ring@1.0.0"), "{why}");
    let diff = run(&folder, &["diff", "package-lock.json", file, "--format", "json"]).expect(0).json();
    for change in ["added", "removed", "upgraded"] {
        assert!(diff[change].as_array().is_none_or(Vec::is_empty), "{diff}");
    }
    let scan = run(&folder, &["scan", "--offline", "--allow-incomplete", "--format", "json", file]).json();
    assert!(scan["files"].to_string().contains("spdx3-json"), "{}", scan["files"]);
    let purls: BTreeSet<&str> = texts(&scan["releases"], "purl").into_iter().collect();
    assert!(purls.contains("pkg:npm/ring@1.0.0") && purls.contains("pkg:npm/tool@2.0.0"), "{purls:?}");
}

#[test]
fn archives_of_python_releases_come_back_with_their_hashes() {
    let lock = format!(
        "lock-version = \"1.0\"\ncreated-by = \"x\"\n[[packages]]\nname = \"idna\"\nversion = \"3.10\"\n\
         [packages.sdist]\nname = \"idna-3.10.tar.gz\"\nurl = \"https://files.invalid/idna-3.10.tar.gz\"\n\
         hashes = {{ sha256 = \"{0}1\" }}\n[[packages.wheels]]\nname = \"idna-3.10-py3-none-any.whl\"\n\
         url = \"https://files.invalid/idna-3.10-py3-none-any.whl\"\nhashes = {{ sha256 = \"{0}2\" }}\n",
        "0".repeat(63)
    );
    let folder = tempfile::tempdir().unwrap();
    write(&folder, "pylock.toml", &lock);
    let archives = |target: &str| {
        let bom = run(&folder, &["sbom", target]).expect(0).json();
        let (all, _) = components(&bom);
        let references = all["idna"]["externalReferences"].as_array().unwrap().iter();
        references.map(|one| format!("{} {}", one["url"], one["hashes"])).collect::<BTreeSet<_>>()
    };
    run(&folder, &["sbom", "--format", "spdx3-json", "--output", "sbom.spdx3.json", "pylock.toml"]).expect(0);
    assert_eq!(archives("sbom.spdx3.json"), archives("pylock.toml"));
    assert_eq!(archives("pylock.toml").len(), 2);
}
