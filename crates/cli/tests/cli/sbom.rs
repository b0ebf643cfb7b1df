//! `vetch sbom`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;
use vetch_testkit::Run;

use crate::vetch;

const SHA1: &str = "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=";
pub(crate) const SHA1_HEX: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

/// Each form, and a name of a file by which it is known again.
const FORMS: &[(&str, &str)] = &[
    ("cyclonedx-json", "sbom.cdx.json"),
    ("cyclonedx-xml", "sbom.cdx.xml"),
    ("spdx-json", "sbom.spdx.json"),
    ("spdx-tag-value", "sbom.spdx"),
    ("spdx3-json", "sbom.spdx3.json"),
];

/// A project with a ring, an alias, a git dependency, a private registry, a workspace, and one release at two places.
pub(crate) fn project() -> TempDir {
    let entry = |name: &str, version: &str, more: Value| {
        let file = name.rsplit('/').next().unwrap_or_default();
        let mut entry = json!({
            "version": version,
            "resolved": format!("https://registry.npmjs.org/{name}/-/{file}-{version}.tgz"),
            "integrity": SHA1,
        });
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        entry
    };
    let git = "git+ssh://git@github.com/acme/native.git#0123456789012345678901234567890123456789";
    let private = json!({ "resolved": "https://user:secret@npm.invalid/own/-/own-1.0.0.tgz" });
    let lock = json!({
        "name": "shop", "version": "1.0.0", "lockfileVersion": 3, "requires": true,
        "packages": {
            "": {
                "name": "shop", "version": "1.0.0", "license": "MIT", "workspaces": ["packages/*"],
                "dependencies": { "ring": "^1.0.0", "short": "npm:JSONStream@1", "native": "acme/native" },
                "devDependencies": { "tool": "^2.0.0" },
                "optionalDependencies": { "@acme/speedup": "^3.0.0"},
            },
            "node_modules/ring": entry("ring", "1.0.0", json!({ "license": "(MIT OR Apache-2.0)", "dependencies": { "back": "1.0.0" } })),
            "node_modules/back": entry("back", "1.0.0", json!({ "license": "SEE LICENSE IN x", "dependencies": { "ring": "1.0.0", "twice": "1.0.0", "absent": "^1.0.0" } })),
            "node_modules/short": entry("JSONStream", "1.0.0", json!({ "name": "JSONStream" })),
            "node_modules/native": { "version": "0.1.0", "resolved": git },
            "node_modules/tool": entry("tool", "2.0.0", json!({ "dev": true, "dependencies": { "twice": "1.0.0" } })),
            "node_modules/tool/node_modules/twice": entry("twice", "1.0.0", json!({ "dev": true })),
            "node_modules/@acme/speedup": entry("@acme/speedup", "3.0.0", json!({ "optional": true, "os": ["darwin"] })),
            "node_modules/twice": entry("twice", "1.0.0", json!({})),
            "node_modules/own": entry("own", "1.0.0", private),
            "node_modules/web": { "resolved": "packages/web", "link": true },
            "packages/web": { "name": "web", "version": "0.0.1", "dependencies": { "own": "1.0.0" } },
        }
    });
    let folder = tempfile::tempdir().unwrap();
    write(&folder, "package-lock.json", &format!("{lock:#}"));
    folder
}

pub(crate) fn write(folder: &TempDir, path: &str, text: &str) {
    std::fs::write(folder.path().join(path), text).unwrap();
}

pub(crate) fn run(folder: &TempDir, arguments: &[&str]) -> Run {
    vetch(arguments).dir(folder.path()).run()
}

pub(crate) fn texts<'v>(value: &'v Value, field: &str) -> Vec<&'v str> {
    value.as_array().unwrap().iter().map(|item| item[field].as_str().unwrap()).collect()
}

/// Components by name, and, of every reference, the names of what it depends on.
pub(crate) fn components(bom: &Value) -> (BTreeMap<&str, &Value>, BTreeMap<&str, Vec<&str>>) {
    let all: Vec<&Value> =
        std::iter::once(&bom["metadata"]["component"]).chain(bom["components"].as_array().unwrap()).collect();
    let by_reference: BTreeMap<&str, &Value> =
        all.iter().map(|component| (component["bom-ref"].as_str().unwrap(), *component)).collect();
    assert_eq!(by_reference.len(), all.len(), "references are unique");
    let references: BTreeSet<&str> = by_reference.keys().copied().collect();
    let dependencies = bom["dependencies"].as_array().unwrap();
    assert_eq!(dependencies.len(), all.len());
    assert_eq!(texts(&bom["dependencies"], "ref").into_iter().collect::<BTreeSet<_>>(), references);
    let name = |reference: &str| by_reference[reference]["name"].as_str().unwrap();
    let asked = dependencies.iter().map(|one| {
        let asked = one["dependsOn"].as_array().into_iter().flatten().map(|to| name(to.as_str().unwrap()));
        (name(one["ref"].as_str().unwrap()), asked.collect())
    });
    (all.iter().map(|component| (component["name"].as_str().unwrap(), *component)).collect(), asked.collect())
}

#[test]
fn cyclonedx_says_what_is_known() {
    let bom = run(&project(), &["sbom"]).expect(0).json();
    assert_eq!(
        (&bom["bomFormat"], &bom["specVersion"], &bom["version"]),
        (&json!("CycloneDX"), &json!("1.6"), &json!(1))
    );
    assert_eq!(bom["metadata"]["tools"]["components"][0]["name"], "vetch");
    assert_eq!(bom["metadata"]["component"]["purl"], "pkg:npm/shop@1.0.0");
    assert!(bom["metadata"]["timestamp"].as_str().unwrap().ends_with('Z') && bom.get("compositions").is_none());
    let (all, asked) = components(&bom);
    let mut of_root = asked["shop"].clone();
    of_root.sort_unstable();
    assert_eq!(of_root, ["JSONStream", "native", "ring", "speedup", "tool", "web"]);
    assert_eq!((&asked["ring"], &asked["own"]), (&vec!["back"], &vec![]));
    assert_eq!(asked["back"], ["ring", "twice"]);
    let ring = all["ring"];
    assert_eq!(ring["hashes"], json!([{ "alg": "SHA-1", "content": SHA1_HEX }]));
    assert_eq!(ring["externalReferences"][0]["url"], "https://registry.npmjs.org/ring/-/ring-1.0.0.tgz");
    assert_eq!(ring["licenses"], json!([{ "expression": "(MIT OR Apache-2.0)" }]));
    assert_eq!(all["back"]["licenses"], json!([{ "license": { "name": "SEE LICENSE IN x" } }]));
    let scopes = ["ring", "tool", "speedup", "twice"].map(|name| all[name]["scope"].as_str().unwrap());
    assert_eq!(scopes, ["required", "excluded", "optional", "required"]);
    assert_eq!(
        (&all["speedup"]["group"], &all["speedup"]["purl"]),
        (&json!("@acme"), &json!("pkg:npm/%40acme/speedup@3.0.0"))
    );
    assert_eq!(all["JSONStream"]["purl"], "pkg:npm/JSONStream@1.0.0");
    assert_eq!(all["own"]["purl"], "pkg:npm/own@1.0.0?repository_url=https://npm.invalid");
    assert!(all["native"]["purl"].as_str().unwrap().contains("?vcs_url=git%2Bssh://git%40github.com/acme"));
    assert_eq!(all["native"]["externalReferences"][0]["type"], "vcs");
    let values = |name: &str, property: &str| -> Vec<String> {
        let properties = all[name]["properties"].as_array().unwrap().iter();
        properties.filter(|one| one["name"] == property).map(|one| one["value"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(values("twice", "cdx:npm:package:path"), ["node_modules/tool/node_modules/twice", "node_modules/twice"]);
    assert!(values("twice", "vetch:declared").iter().all(|place| place.starts_with("package-lock.json:")));
    assert_eq!(values("JSONStream", "vetch:alias"), ["short"]);
    assert_eq!(values("back", "vetch:unresolved"), ["absent@^1.0.0 (production)"]);
    assert!(!bom.to_string().contains("secret"));
}

#[test]
fn spdx_says_what_is_known() {
    let spdx = run(&project(), &["sbom", "--format", "spdx-json"]).expect(0).json();
    assert_eq!((&spdx["spdxVersion"], &spdx["name"]), (&json!("SPDX-2.3"), &json!("shop")));
    let ids = texts(&spdx["packages"], "SPDXID");
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    let related: Vec<String> = spdx["relationships"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let part = |field: &str| one[field].as_str().unwrap().trim_start_matches("SPDXRef-").to_owned();
            format!("{} {} {}", part("spdxElementId"), part("relationshipType"), part("relatedSpdxElement"))
        })
        .collect();
    for expected in [
        "DOCUMENT DESCRIBES Project-shop-1.0.0",
        "Project-shop-1.0.0 DEPENDS_ON Package-ring-1.0.0",
        "Package-tool-2.0.0 DEV_DEPENDENCY_OF Project-shop-1.0.0",
        "Package-acme-speedup-3.0.0 OPTIONAL_DEPENDENCY_OF Project-shop-1.0.0",
        "Package-back-1.0.0 DEPENDS_ON Package-ring-1.0.0",
    ] {
        assert!(related.iter().any(|one| one == expected), "{expected} in {related:#?}");
    }
    let packages = spdx["packages"].as_array().unwrap();
    let package = |name: &str| packages.iter().find(|package| package["name"] == name).unwrap();
    assert_eq!(package("ring")["checksums"], json!([{ "algorithm": "SHA1", "checksumValue": SHA1_HEX }]));
    assert_eq!(package("ring")["licenseDeclared"], "(MIT OR Apache-2.0)");
    assert_eq!(package("back")["licenseDeclared"], "NOASSERTION");
    assert_eq!(package("ring")["externalRefs"][0]["referenceCategory"], "PACKAGE-MANAGER");
    assert!(
        package("native")["downloadLocation"]
            .as_str()
            .unwrap()
            .starts_with("git+ssh://git@github.com/acme/native.git@0123")
    );
}

/// Names and versions, and who asks for whom.
fn content(graph: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    let bare = |purl: &Value| purl.as_str().unwrap().split('?').next().unwrap().to_ascii_lowercase();
    let packages = graph["packages"].as_array().unwrap().iter();
    let packages = packages.map(|one| format!("{} {} {}", one["name"], one["version"], one["integrity"])).collect();
    let edges = graph["edges"].as_array().unwrap().iter().filter(|edge| edge["kind"] != "extraneous");
    (packages, edges.map(|edge| format!("{} → {}", bare(&edge["from"]), bare(&edge["to"]))).collect())
}

#[test]
fn what_is_written_is_read_back_the_same() {
    let folder = project();
    let before = run(&folder, &["graph", "--format", "json"]).expect(0).json();
    for (form, file) in FORMS {
        let written = run(&folder, &["sbom", "--format", form, "--output", file, "package-lock.json"]).expect(0);
        assert_eq!((written.stdout.as_str(), written.stderr.as_str()), ("", ""));
        let after = run(&folder, &["graph", "--format", "json", file]).expect(0).json();
        assert_eq!(after["files"][0]["format"], *form);
        assert_eq!(content(&after), content(&before), "{form}");
        let bom = run(&folder, &["sbom", file]).expect(0).json();
        let (all, _) = components(&bom);
        assert_eq!(all["ring"]["licenses"], json!([{ "expression": "(MIT OR Apache-2.0)" }]), "{form}");
    }
}

#[test]
fn reproducible_means_the_same_bytes() {
    let folder = project();
    for (form, _) in FORMS {
        let once = run(&folder, &["sbom", "--format", form, "--reproducible"]).expect(0).stdout;
        assert_eq!(once, run(&folder, &["sbom", "--format", form, "--reproducible"]).expect(0).stdout, "{form}");
        let epoch = || {
            vetch(&["sbom", "--format", form])
                .dir(folder.path())
                .env("SOURCE_DATE_EPOCH", "86400")
                .run()
                .expect(0)
                .stdout
        };
        assert!(epoch().contains("1970-01-02T00:00:00Z") && epoch() == epoch(), "{form}");
    }
    let reproducible = run(&folder, &["sbom", "--reproducible"]).expect(0).json();
    assert!(reproducible["metadata"].get("timestamp").is_none());
    let serial = || run(&folder, &["sbom"]).expect(0).json()["serialNumber"].as_str().unwrap().to_owned();
    let (one, other) = (serial(), serial());
    assert!(one != other && one.starts_with("urn:uuid:") && one.len() == 45, "{one} {other}");
    vetch(&["sbom"]).dir(folder.path()).env("SOURCE_DATE_EPOCH", "soon").run().expect(2);
}

#[test]
fn the_one_written_last_is_no_part_of_the_next() {
    let folder = project();
    let arguments = ["sbom", "--reproducible", "--output", "sbom.cdx.json"];
    assert_eq!(run(&folder, &arguments).expect(0).stderr, "");
    let once = std::fs::read(folder.path().join("sbom.cdx.json")).unwrap();
    let again = run(&folder, &arguments).expect(0);
    assert!(again.stderr.contains("`sbom.cdx.json` is an SBOM already"), "{}", again.stderr);
    assert_eq!(std::fs::read(folder.path().join("sbom.cdx.json")).unwrap(), once);
    let converted = run(&folder, &["sbom", "--format", "spdx-json", "sbom.cdx.json"]).expect(0).json();
    assert_eq!(converted["name"], "shop");
}

#[test]
fn versions_are_those_of_the_standard() {
    let folder = project();
    let newer = run(&folder, &["sbom", "--spec-version", "1.7"]).expect(0).json();
    assert_eq!(
        (&newer["specVersion"], &newer["$schema"]),
        (&json!("1.7"), &json!("http://cyclonedx.org/schema/bom-1.7.schema.json"))
    );
    let xml = run(&folder, &["sbom", "--format", "cyclonedx-xml", "--spec-version", "1.7"]).expect(0).stdout;
    assert!(xml.contains("xmlns=\"http://cyclonedx.org/schema/bom/1.7\""), "{xml}");
    run(&folder, &["sbom", "--format", "spdx-json", "--spec-version", "2.3"]).expect(0);
    run(&folder, &["sbom", "--format", "spdx3-json", "--spec-version", "3.0.1"]).expect(0);
    for arguments in [
        &["--spec-version", "2.3"][..],
        &["--spec-version", "1.5"],
        &["--spec-version", "3.0.1"],
        &["--format", "spdx-json", "--spec-version", "1.6"],
        &["--format", "spdx-json", "--spec-version", "3.0.1"],
        &["--format", "spdx3-json", "--spec-version", "2.3"],
        &["no-such-folder"],
        &["--output", "no/such/file"],
    ] {
        let failed = run(&folder, &[&["sbom"], arguments].concat()).expect(2);
        assert!(failed.stdout.is_empty() && failed.stderr.contains("error"), "{}", failed.stderr);
    }
}

#[test]
fn what_could_not_be_read_is_said() {
    let folder = project();
    std::fs::create_dir(folder.path().join("other")).unwrap();
    write(&folder, "other/package-lock.json", "{ \"name\": ");
    let run_with = |arguments: &[&str]| run(&folder, &[&["sbom"], arguments].concat());
    let bom = run_with(&[]).expect(3);
    assert!(bom.stderr.contains("other/package-lock.json"), "{}", bom.stderr);
    let bom = bom.json();
    assert_eq!(bom["compositions"][0]["aggregate"], "incomplete");
    assert!(bom["metadata"]["properties"].to_string().contains("vetch:incomplete"));
    for (form, _) in FORMS {
        let text = run_with(&["--format", form, "--allow-incomplete"]).expect(0).stdout;
        assert!(text.contains("incomplete") && text.contains("other/package-lock.json"), "{form}");
    }
}

#[test]
fn several_projects_hang_under_the_target() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("both");
    for name in ["a", "b"] {
        std::fs::create_dir_all(target.join(name)).unwrap();
        let lock = json!({ "name": name, "version": "1.0.0", "lockfileVersion": 3, "packages": {
            "": { "name": name, "version": "1.0.0", "dependencies": { "ms": "*" } },
            "node_modules/ms": { "version": "2.0.0", "integrity": SHA1 },
        }});
        std::fs::write(target.join(name).join("package-lock.json"), lock.to_string()).unwrap();
    }
    let bom = run(&folder, &["sbom", "both"]).expect(0).json();
    let (all, asked) = components(&bom);
    assert_eq!(bom["metadata"]["component"]["name"], "both");
    assert_eq!((&asked["both"], &asked["a"], &asked["b"]), (&vec!["a", "b"], &vec!["ms"], &vec!["ms"]));
    assert_eq!(all.len(), 4);
}

const HOSTILE: &str =
    "\u{1b}[2J\n::error::x\"]; a -> b \u{202e}<script>&]]>\u{0}\u{fffe}</text> ##[x]\nSPDXID: SPDXRef-x";

fn hostile() -> TempDir {
    let lock = json!({
        "name": HOSTILE, "version": HOSTILE, "lockfileVersion": 3,
        "packages": {
            "": { "name": HOSTILE, "version": HOSTILE, "license": HOSTILE, "dependencies": { "a": HOSTILE, "q": HOSTILE } },
            "node_modules/a": { "name": HOSTILE, "version": "1.0.0", "resolved": HOSTILE, "license": HOSTILE, "deprecated": HOSTILE },
            "node_modules/q": { "name": "<text>", "version": HOSTILE, "resolved": format!("http://[::1/{HOSTILE}"), "integrity": SHA1 },
            "node_modules/r": {},
            "node_modules/s": { "version": "1", "resolved": false },
        }
    });
    let folder = tempfile::tempdir().unwrap();
    write(&folder, "package-lock.json", &lock.to_string());
    folder
}

#[test]
fn hostile_names_break_no_form() {
    let folder = hostile();
    for (form, file) in FORMS {
        let written = run(&folder, &["sbom", "--format", form, "package-lock.json"]).expect(3);
        for text in [&written.stdout, &written.stderr] {
            assert!(!text.contains(['\u{1b}', '\u{202e}', '\0', '\u{fffe}']), "{form}: {text:?}");
            assert!(text.lines().all(|line| !line.trim_start().starts_with("::")), "{form}: {text}");
            assert!(!text.contains("##["), "{form}: {text}");
        }
        write(&folder, file, &written.stdout);
        // Versions and such may be nonsense, but the document is one, and all of it is there.
        let graph = run(&folder, &["graph", "--format", "json", "--allow-incomplete", file]).expect(0).json();
        assert_eq!(graph["packages"].as_array().unwrap().len(), 5, "{form}");
    }
    let spdx = run(&folder, &["sbom", "--format", "spdx-json"]).expect(3).json();
    for id in texts(&spdx["packages"], "SPDXID") {
        let rest = id.strip_prefix("SPDXRef-").unwrap();
        assert!(rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte)), "{id}");
    }
    let spdx = run(&folder, &["sbom", "--format", "spdx3-json"]).expect(3).json();
    for node in spdx["@graph"].as_array().unwrap().iter().skip(1) {
        let id = node["spdxId"].as_str().unwrap();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:/#".contains(&byte);
        assert!(id.starts_with("https://spdx.org/spdxdocs/") && id.bytes().all(is_plain), "{id}");
    }
    let lines = run(&folder, &["sbom", "--format", "spdx-tag-value"]).expect(3).stdout;
    assert_eq!(lines.lines().filter(|line| line.starts_with("SPDXID:")).count(), 6, "{lines}");
}

/// What a scan could have said of every release of a folder, some of it hostile.
fn scanned(folder: &TempDir) -> Value {
    let bom = run(folder, &["sbom", "--allow-incomplete", "package-lock.json"]).expect(0).json();
    let purls = bom["components"].as_array().unwrap().iter().filter_map(|one| one["purl"].as_str().map(str::to_owned));
    let advisory = json!({"kind": "vulnerability", "id": "GHSA-1", "aliases": ["CVE-2026-1", "PYSEC-2026-1"], "reach": "named",
        "summary": "<b>\u{1}]]> & more", "affected": "<1.2.0", "safe": "1.2.0", "severity": "critical", "score": 9.8,
        "counted": false});
    let other = json!({"kind": "malware", "id": "MAL-2026-1", "aliases": [], "reach": "other-version", "summary": "", "affected": "2.0.0",
        "safe": null, "severity": null, "score": null});
    let finding = |rule: &str, severity: &str| json!({"rule": rule, "category": "behaviour", "title": "it does \u{202e}harm", "severity": severity, "remedy": "Leave it."});
    let findings =
        [finding("credential-theft", "critical"), finding("known-vulnerability", "high"), finding("x", "low")];
    let release = |purl| json!({"purl": purl, "advisories": [advisory, other], "findings": findings});
    json!({"schema": "vetch.report/1", "releases": purls.map(release).collect::<Vec<_>>()})
}

#[test]
fn what_a_scan_found_goes_along_as_vulnerabilities() {
    let folder = project();
    write(&folder, "scan.json", &scanned(&folder).to_string());
    let bom = run(&folder, &["sbom", "--report", "scan.json", "package-lock.json"]).expect(0).json();
    let component = bom["components"].as_array().unwrap().iter().find(|one| one["purl"].is_string()).unwrap();
    let all = bom["vulnerabilities"].as_array().unwrap();
    let own: Vec<&Value> = all.iter().filter(|one| one["affects"][0]["ref"] == component["bom-ref"]).collect();
    let ids: Vec<&str> = own.iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["GHSA-1", "credential-theft"]);
    assert_eq!((&own[0]["source"]["name"], &own[0]["references"][0]["id"]), (&"GitHub".into(), &"CVE-2026-1".into()));
    assert_eq!(own[0]["ratings"][0]["severity"], "critical");
    assert_eq!(own[0]["analysis"]["state"], "not_affected");
    assert_eq!((&own[1]["source"]["name"], &own[1]["recommendation"]), (&"vetch".into(), &"Leave it.".into()));
    let xml =
        run(&folder, &["sbom", "--format", "cyclonedx-xml", "--report", "scan.json", "package-lock.json"]).expect(0);
    assert!(xml.stdout.contains("<vulnerability>") && xml.stdout.contains("<target>"), "{}", xml.stdout);
    let none = run(&folder, &["sbom", "--format", "spdx-json", "--report", "scan.json", "package-lock.json"]).expect(2);
    assert!(none.stderr.contains("no place for --report"), "{}", none.stderr);
    write(&folder, "other.json", "{\"schema\": \"x\", \"releases\": []}");
    let wrong = run(&folder, &["sbom", "--report", "other.json", "package-lock.json"]).expect(2);
    assert!(
        wrong.stderr.contains("other.json") && wrong.stderr.contains("vetch scan --format json"),
        "{}",
        wrong.stderr
    );
}

/// The official schemas and validators, where somebody has installed them.
#[test]
fn official_validators_agree() {
    const SCRIPT: &str = "
import io, sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from cyclonedx.validation.xml import XmlValidator
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
from spdx_python_model.bindings import v3_0_1 as spdx3
if len(sys.argv) == 1: sys.exit(0)
for path in sys.argv[1:]:
    if '.cdx.' in path:
        validator = JsonStrictValidator if path.endswith('.json') else XmlValidator
        fault = validator(SchemaVersion.V1_6).validate_str(open(path, encoding='utf-8').read())
        assert fault is None, (path, fault)
    elif path.endswith('.spdx3.json'):
        # Knows every class, property, type, enumeration and number of values of the model.
        read = spdx3.SHACLObjectSet()
        with open(path, 'rb') as file: spdx3.JSONLDDeserializer().read(file, read)
        spdx3.JSONLDSerializer().write(read, io.BytesIO())
        unknown = {id for id in read.link() if not id.startswith('https://spdx.org/rdf/3.0.1/terms/')}
        assert not unknown, (path, unknown)
        assert len(list(read.foreach_type('software_Package'))) > 3, path
    else:
        faults = validate_full_spdx_document(parse_file(path))
        assert not faults, (path, [fault.validation_message for fault in faults])
";
    let python = std::env::var_os("SBOM_VALIDATORS_PYTHON").unwrap_or_else(|| "python3".into());
    let validate = |paths: &[&Path]| Command::new(&python).arg("-c").arg(SCRIPT).args(paths).output();
    if !validate(&[]).is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: cyclonedx-python-lib[validation], spdx-tools and spdx-python-model are not all installed");
        return;
    }
    for folder in [project(), hostile()] {
        write(&folder, "scan.json", &scanned(&folder).to_string());
        for (form, file) in FORMS {
            let more: &[&str] = if file.contains(".cdx.") { &["--report", "scan.json"] } else { &[] };
            let arguments = ["sbom", "--format", form, "--allow-incomplete", "--output", file, "package-lock.json"];
            run(&folder, &[&arguments, more].concat()).expect(0);
        }
        let files: Vec<_> = FORMS.iter().map(|(_, file)| folder.path().join(file)).collect();
        let paths: Vec<&Path> = files.iter().map(std::path::PathBuf::as_path).collect();
        let output = validate(&paths).unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
