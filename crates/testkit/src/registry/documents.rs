//! The two forms of a package document: full, and abbreviated for installers.

use serde_json::{Map, Value, json};

use crate::archive;
use crate::package::Pkg;

/// The `Accept` value by which installers ask for the abbreviated form.
pub(super) const ABBREVIATED: &str = "application/vnd.npm.install-v1+json";

/// What the abbreviated form keeps of a version's manifest (npm registry documentation, "package metadata").
const KEPT: &[&str] = &[
    "name",
    "version",
    "dependencies",
    "devDependencies",
    "optionalDependencies",
    "peerDependencies",
    "peerDependenciesMeta",
    "bundleDependencies",
    "bin",
    "engines",
    "os",
    "cpu",
    "libc",
    "deprecated",
    "dist",
    "hasInstallScript",
];

/// The document of one package, as bytes.
pub(super) fn packument(url: &str, releases: &[Pkg], abbreviated: bool) -> Vec<u8> {
    let name = releases.first().map(Pkg::name).unwrap_or_default();
    let latest = releases.last().map(Pkg::version).unwrap_or_default();
    let times: Vec<String> = releases.iter().enumerate().map(|(place, pkg)| pkg.time(place)).collect();
    let modified = times.iter().max().cloned().unwrap_or_default();
    let mut versions = Map::new();
    for pkg in releases {
        versions.insert(pkg.version().to_owned(), version(url, pkg, abbreviated));
    }
    let mut document = json!({ "name": name, "dist-tags": { "latest": latest }, "versions": versions });
    if abbreviated {
        document["modified"] = json!(modified);
    } else {
        let mut time = Map::new();
        time.insert("created".to_owned(), json!(times.iter().min()));
        time.insert("modified".to_owned(), json!(modified));
        time.extend(releases.iter().map(|pkg| pkg.version().to_owned()).zip(times.into_iter().map(Value::String)));
        document["_id"] = json!(name);
        document["time"] = Value::Object(time);
        document["maintainers"] = releases.last().map_or(Value::Null, |pkg| pkg.users().1);
        document["readme"] = json!("");
    }
    serde_json::to_vec(&document).expect("JSON")
}

fn version(url: &str, pkg: &Pkg, abbreviated: bool) -> Value {
    let tarball = pkg.tarball();
    let contents = pkg.contents();
    let mut manifest = pkg.manifest();
    let mut dist = json!({
        "integrity": archive::integrity(&tarball),
        "shasum": archive::shasum(&tarball),
        "tarball": format!("{}{}", url.trim_end_matches('/'), pkg.tarball_path()),
        "fileCount": contents.len(),
        "unpackedSize": contents.iter().map(|(_, bytes)| bytes.len()).sum::<usize>(),
    });
    if !pkg.signatures().is_empty() {
        dist["signatures"] = json!(pkg.signatures());
    }
    if pkg.is_trusted() {
        let place = format!("{}/-/npm/v1/attestations/{}@{}", url.trim_end_matches('/'), pkg.name(), pkg.version());
        dist["attestations"] =
            json!({ "url": place, "provenance": { "predicateType": "https://slsa.dev/provenance/v1" } });
    }
    manifest["dist"] = dist;
    if pkg.has_install_script() {
        manifest["hasInstallScript"] = json!(true);
    }
    if abbreviated {
        let kept = manifest.as_object().into_iter().flatten().filter(|(key, _)| KEPT.contains(&key.as_str()));
        return Value::Object(kept.map(|(key, value)| (key.clone(), value.clone())).collect());
    }
    let (publisher, maintainers) = pkg.users();
    manifest["_id"] = json!(format!("{}@{}", pkg.name(), pkg.version()));
    manifest["_npmUser"] = publisher;
    manifest["maintainers"] = maintainers;
    manifest
}
