//! SBOMs by example: every fixture has a snapshot, and the syntaxes agree on the same project.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use crate::common::{render_incomplete, render_inventory};
use vetch_lockfiles::{Format, MemoryFiles, ReadError, ReadErrorKind, Reading, format, read};
use vetch_model::inventory::{Inventory, Package};
use vetch_model::outcome::Outcome;

const CYCLONEDX_JSON: &[(&str, &str)] = &[
    ("empty", "bom.json"),
    ("simple", "bom.cdx.json"),
    ("nested", "bom.json"),
    ("markers", "bom.cdx.json"),
    ("version-1-4", "bom.cdx.json"),
    ("git", "bom.json"),
    ("url", "bom.json"),
    ("groups", "bom.json"),
    ("nested-components", "bom.json"),
    ("workspaces", "bom.json"),
    ("wrong-types", "bom.json"),
    ("duplicate-keys", "bom.json"),
    ("unknown-version", "bom.json"),
    ("hostile-paths", "bom.json"),
];

const CYCLONEDX_XML: &[(&str, &str)] = &[
    ("empty", "bom.xml"),
    ("simple", "bom.cdx.xml"),
    ("nested", "bom.xml"),
    ("version-1-3", "bom.xml"),
    ("extensions", "bom.xml"),
    ("wrong-types", "bom.xml"),
    ("duplicate-keys", "bom.xml"),
    ("unknown-version", "bom.xml"),
];

const SPDX_JSON: &[(&str, &str)] = &[
    ("empty", "bom.spdx.json"),
    ("simple", "bom.spdx.json"),
    ("nested", "bom.spdx.json"),
    ("version-2-2", "bom.spdx.json"),
    ("relationships", "bom.spdx.json"),
    ("sources", "bom.spdx.json"),
    ("envelope", "sbom.spdx.json"),
    ("wrong-types", "bom.spdx.json"),
    ("unknown-version", "bom.spdx.json"),
];

const SPDX_TAG_VALUE: &[(&str, &str)] =
    &[("simple", "bom.spdx"), ("nested", "bom.spdx"), ("order", "bom.spdx"), ("wrong-types", "bom.spdx")];

const SPDX3_JSON: &[(&str, &str)] = &[
    ("empty", "bom.spdx3.json"),
    ("simple", "bom.spdx3.json"),
    ("nested", "bom.spdx3.json"),
    ("inlined", "bom.spdx3.json"),
    ("relationships", "bom.spdx3.json"),
    ("sources", "bom.spdx3.json"),
    ("several-roots", "bom.spdx3.json"),
    ("wrong-types", "bom.spdx3.json"),
    ("unknown-version", "bom.spdx3.json"),
];

const BROKEN: &[(Format, &str, &str)] = &[
    (Format::CycloneDxJson, "conflict", "bom.json"),
    (Format::CycloneDxJson, "not-json", "bom.json"),
    (Format::CycloneDxJson, "not-an-sbom", "bom.json"),
    (Format::CycloneDxJson, "truncated", "bom.json"),
    (Format::CycloneDxXml, "conflict", "bom.xml"),
    (Format::CycloneDxXml, "truncated", "bom.xml"),
    (Format::CycloneDxXml, "not-xml", "bom.xml"),
    (Format::CycloneDxXml, "not-an-sbom", "bom.xml"),
    (Format::CycloneDxXml, "entities", "bom.xml"),
    (Format::CycloneDxXml, "unknown-entity", "bom.xml"),
    (Format::CycloneDxXml, "other-encoding", "bom.xml"),
    (Format::CycloneDxXml, "utf-16", "bom.xml"),
    (Format::SpdxJson, "not-an-sbom", "bom.spdx.json"),
    (Format::SpdxJson, "truncated", "bom.spdx.json"),
    (Format::Spdx3Json, "conflict", "bom.spdx3.json"),
    (Format::Spdx3Json, "truncated", "bom.spdx3.json"),
    (Format::Spdx3Json, "not-an-sbom", "bom.spdx3.json"),
    (Format::SpdxTagValue, "conflict", "bom.spdx"),
    (Format::SpdxTagValue, "truncated", "bom.spdx"),
    (Format::SpdxTagValue, "not-an-sbom", "bom.spdx"),
    (Format::SpdxTagValue, "empty", "bom.spdx"),
];

/// Every fixture that is read.
fn all() -> Vec<(Format, &'static str, &'static str)> {
    let of =
        |format: Format, cases: &'static [(&str, &str)]| cases.iter().map(move |(case, file)| (format, *case, *file));
    of(Format::CycloneDxJson, CYCLONEDX_JSON)
        .chain(of(Format::CycloneDxXml, CYCLONEDX_XML))
        .chain(of(Format::SpdxJson, SPDX_JSON))
        .chain(of(Format::SpdxTagValue, SPDX_TAG_VALUE))
        .chain(of(Format::Spdx3Json, SPDX3_JSON))
        .collect()
}

fn fixture(format: Format, case: &str, file: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(format.as_str());
    let path = folder.join(case).join(file);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read_bytes(format: Format, file: &str, bytes: &[u8]) -> Result<Outcome<Reading>, ReadError> {
    read(&MemoryFiles(BTreeMap::from([(file.to_owned(), bytes.to_vec())])), file, format)
}

fn read_fixture(format: Format, case: &str, file: &str) -> Outcome<Reading> {
    read_bytes(format, file, &fixture(format, case, file)).unwrap_or_else(|error| panic!("{format} {case}: {error}"))
}

fn render(outcome: &Outcome<Reading>) -> String {
    let inventory = &outcome.value.inventory;
    let mut text = format!("version {}\n{}", outcome.value.format_version, render_inventory(inventory));
    for (id, package) in inventory.iter() {
        let more = render_more(package);
        if !more.is_empty() {
            writeln!(text, "{:>3}{more}", id.0).unwrap();
        }
    }
    for edge in inventory.edges.iter().filter(|edge| edge.condition.is_some()) {
        writeln!(text, "{} -> {} if {}", edge.from.0, edge.to.0, edge.condition.as_deref().unwrap()).unwrap();
    }
    for note in &outcome.value.notes {
        writeln!(text, "note {:?} {} line {}: {}", note.kind, note.field, note.location.line, note.found).unwrap();
    }
    text.push_str(&render_incomplete(&outcome.incomplete));
    text
}

/// What the common rendering does not show.
fn render_more(package: &Package) -> String {
    let mut text = format!(" {}", package.purl());
    if let Some(integrity) = &package.integrity {
        write!(text, " {}", integrity.text.get(..20).unwrap_or(&integrity.text)).unwrap();
    }
    for artifact in &package.artifacts {
        let digest = artifact.integrity.as_ref().map_or("-", |integrity| &integrity.text[..14]);
        write!(text, " [{} {digest}]", artifact.file).unwrap();
    }
    if let Some(checksum) = &package.cache_checksum {
        write!(text, " checksum {checksum}").unwrap();
    }
    if !package.groups.is_empty() {
        write!(text, " groups {:?}", package.groups).unwrap();
    }
    text
}

#[test]
fn sboms_are_read() {
    for (format, case, file) in all() {
        insta::assert_snapshot!(format!("{format}-{case}"), render(&read_fixture(format, case, file)));
    }
}

#[test]
fn broken_files_are_errors_with_a_place_and_a_next_step() {
    for (format, case, file) in BROKEN {
        let error = match read_bytes(*format, file, &fixture(*format, case, file)) {
            Err(error) => error.to_string(),
            Ok(outcome) => {
                // A tag-value file has no end of its own: what is no tag is told instead.
                assert!(!outcome.incomplete.is_empty(), "{format} {case}");
                render(&outcome)
            }
        };
        insta::assert_snapshot!(format!("{format}-{case}"), error);
    }
}

#[test]
fn fixtures_are_known_for_what_they_are() {
    let broken = BROKEN.iter().filter(|(_, case, _)| !matches!(*case, "utf-16")).copied();
    for (format, case, file) in all().into_iter().chain(broken) {
        assert_eq!(format::detect(file, &fixture(format, case, file)), Some(format), "{format} {case}");
    }
}

/// Who asks for whom how, by label; the same for all syntaxes of one project.
fn graph(inventory: &Inventory) -> Vec<(String, String, String)> {
    let label = |id| inventory.package(id).label();
    let mut edges: Vec<_> =
        inventory.edges.iter().map(|edge| (label(edge.from), label(edge.to), edge.kind.to_string())).collect();
    edges.sort();
    edges
}

#[test]
fn syntaxes_agree_on_the_same_project() {
    let cyclonedx = read_fixture(Format::CycloneDxJson, "nested", "bom.json").value.inventory;
    let xml = read_fixture(Format::CycloneDxXml, "nested", "bom.xml").value.inventory;
    let spdx = read_fixture(Format::SpdxJson, "nested", "bom.spdx.json").value.inventory;
    let tags = read_fixture(Format::SpdxTagValue, "nested", "bom.spdx").value.inventory;
    let spdx3 = read_fixture(Format::Spdx3Json, "nested", "bom.spdx3.json").value.inventory;
    assert_eq!(graph(&cyclonedx), graph(&spdx));
    assert_eq!(graph(&spdx), graph(&tags));
    assert_eq!(graph(&spdx), graph(&spdx3));
    let facts = |inventory: &Inventory| {
        let mut facts: Vec<_> = inventory
            .packages
            .iter()
            .map(|package| (package.purl(), package.source.clone(), package.integrity.clone(), package.alias.clone()))
            .collect();
        facts.sort();
        facts
    };
    assert_eq!(facts(&cyclonedx), facts(&spdx));
    assert_eq!(facts(&spdx), facts(&tags));
    assert_eq!(facts(&spdx), facts(&spdx3));
    assert_eq!(facts(&cyclonedx), facts(&xml));
    // The library that wrote the XML knows all but npm's flag for development.
    let pairs =
        |inventory: &Inventory| graph(inventory).into_iter().map(|(from, to, _)| (from, to)).collect::<Vec<_>>();
    assert_eq!(pairs(&cyclonedx), pairs(&xml));
}

#[test]
fn every_package_has_a_path() {
    for (format, case, file) in all() {
        let inventory = read_fixture(format, case, file).value.inventory;
        let mut reached = vec![false; inventory.packages.len()];
        reached[0] = true;
        while let Some(edge) =
            inventory.edges.iter().find(|edge| reached[edge.from.0 as usize] && !reached[edge.to.0 as usize])
        {
            reached[edge.to.0 as usize] = true;
        }
        assert!(reached.iter().all(|is_reached| *is_reached), "{format} {case}: {reached:?}");
    }
}

#[test]
fn spans_hold_the_component() {
    for (format, case, file) in all() {
        let bytes = fixture(format, case, file);
        for package in &read_fixture(format, case, file).value.inventory.packages {
            let location = package.declared_at.as_ref().unwrap();
            if location.line == 0 || package.name.is_empty() || format == Format::CycloneDxXml && case == "extensions" {
                continue;
            }
            let span = &bytes[location.span.start as usize..location.span.end as usize];
            let text = String::from_utf8_lossy(span).to_lowercase();
            let last = package.name.rsplit('/').next().unwrap();
            assert!(text.replace('_', "-").contains(&last.to_lowercase()), "{format} {case} {}: {text}", package.name);
        }
    }
}

#[test]
fn marks_and_line_ends_change_nothing_but_places() {
    for (format, case, file) in all() {
        let text = String::from_utf8(fixture(format, case, file)).unwrap();
        let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
        let marked = read_bytes(format, file, windows.as_bytes()).unwrap().value.inventory;
        let plain = read_fixture(format, case, file).value.inventory;
        assert_eq!(graph(&marked), graph(&plain), "{format} {case}");
        assert_eq!(marked.packages.len(), plain.packages.len(), "{format} {case}");
    }
}

#[test]
fn bombs_end_in_an_error() {
    let deep_json = format!("{{\"bomFormat\":\"CycloneDX\",{}", "\"components\":[{".repeat(50_000));
    let error = read_bytes(Format::CycloneDxJson, "bom.json", deep_json.as_bytes()).unwrap_err();
    assert_eq!(error.kind, ReadErrorKind::TooDeep);
    let deep_graph = format!("{{\"@context\":\"https://spdx.org/rdf/3.0.1/\",{}", "\"@graph\":[{".repeat(50_000));
    let error = read_bytes(Format::Spdx3Json, "bom.spdx3.json", deep_graph.as_bytes()).unwrap_err();
    assert_eq!(error.kind, ReadErrorKind::TooDeep);
    let open = "<bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\">";
    for element in ["<components><component>", "<x>", "<metadata><component><components>"] {
        let text = format!("{open}{}", element.repeat(50_000));
        let error = read_bytes(Format::CycloneDxXml, "bom.xml", text.as_bytes()).unwrap_err();
        assert_eq!(error.kind, ReadErrorKind::TooDeep, "{element}");
    }
    let text = format!("{open}{}", "<o xmlns=\"urn:x\">".repeat(50_000));
    assert!(read_bytes(Format::CycloneDxXml, "bom.xml", text.as_bytes()).is_err(), "namespaces are bounded too");
    let attributes: String = (0..200_000).map(|index| format!(" a{index}=\"\"")).collect();
    let text = format!("<bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\"{attributes}><components/></bom>");
    let outcome = read_bytes(Format::CycloneDxXml, "bom.xml", text.as_bytes()).unwrap();
    assert!(outcome.incomplete.last().unwrap().why.contains("more fields"));
    let text = format!("{open}<components><component name=\"a\" name=\"b\"/></components></bom>");
    let outcome = read_bytes(Format::CycloneDxXml, "bom.xml", text.as_bytes()).unwrap();
    assert!(outcome.incomplete.iter().any(|missing| missing.why.contains("`name` stands twice")));
    let bytes = b"SPDXVersion: SPDX-2.3\nPackageName: a\xff\n";
    let error = read_bytes(Format::SpdxTagValue, "bom.spdx", bytes).unwrap_err();
    assert_eq!((error.kind, error.location.line), (ReadErrorKind::Syntax, 2));
}

#[test]
fn collections_that_hold_each_other_end() {
    let text = r#"{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [
        {"type": "SpdxDocument", "spdxId": "urn:d", "rootElement": ["urn:s"]},
        {"type": "software_Sbom", "spdxId": "urn:s", "rootElement": ["urn:d", "urn:s", "urn:t"]},
        {"type": "software_Sbom", "spdxId": "urn:t", "rootElement": ["urn:s", "urn:p"]},
        {"type": "software_Package", "spdxId": "urn:p", "name": "p", "software_packageVersion": "1"}]}"#;
    // The name of a file does not tell, and the reader of SPDX 2 hands it on.
    for format in [Format::Spdx3Json, Format::SpdxJson] {
        let outcome = read_bytes(format, "bom.json", text.as_bytes()).unwrap();
        assert_eq!((outcome.value.format, outcome.value.inventory.packages.len()), (Format::Spdx3Json, 1));
        assert_eq!(outcome.value.inventory.packages[0].label(), "p@1");
        assert!(outcome.incomplete.is_empty(), "{:?}", outcome.incomplete);
    }
}

#[test]
fn an_archive_that_many_packages_share_is_read_once() {
    let hash = format!(r#"{{"type": "Hash", "algorithm": "sha256", "hashValue": "{}"}}"#, "a".repeat(64));
    let hashes = vec![hash.as_str(); 40].join(",");
    let packages: String = (0..50)
        .map(|at| {
            format!(
                r#"{{"type": "software_Package", "spdxId": "urn:p{at}", "name": "p{at}"}},
                {{"type": "Relationship", "from": "urn:p{at}", "relationshipType": "hasDistributionArtifact", "to": ["urn:f"]}},"#
            )
        })
        .collect();
    let text = format!(
        r#"{{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [{packages}
        {{"type": "SpdxDocument", "spdxId": "urn:d", "rootElement": ["urn:p0"]}},
        {{"type": "software_File", "spdxId": "urn:f", "verifiedUsing": [{hashes}],
          "externalRef": [{{"externalRefType": "binaryArtifact", "locator": ["https://files.invalid/a.tgz"]}}]}}]}}"#
    );
    let outcome = read_bytes(Format::Spdx3Json, "bom.spdx3.json", text.as_bytes()).unwrap();
    assert_eq!(outcome.value.inventory.packages.len(), 50);
    let told = outcome.incomplete.iter().filter(|one| one.why.contains("more than 16 hashes")).count();
    assert_eq!((told, outcome.incomplete.len()), (1, 1));
}
