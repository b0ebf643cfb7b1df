//! SPDX 2.3 as lines `Tag: value`.

use std::fmt::Write as _;

use super::spdx::{SpdxDocument, SpdxPackage};
use crate::escape;

/// The document.
pub(super) fn text(document: &SpdxDocument<'_>) -> String {
    let mut out = String::new();
    tag(&mut out, "SPDXVersion", document.spdx_version);
    tag(&mut out, "DataLicense", document.data_license);
    tag(&mut out, "SPDXID", document.id);
    tag(&mut out, "DocumentName", document.name);
    tag(&mut out, "DocumentNamespace", &document.document_namespace);
    for creator in &document.creation_info.creators {
        tag(&mut out, "Creator", creator);
    }
    tag(&mut out, "Created", &document.creation_info.created);
    long(&mut out, "CreatorComment", document.creation_info.comment.as_deref());
    for one in &document.packages {
        out.push('\n');
        package(&mut out, one);
    }
    out.push('\n');
    for one in &document.relationships {
        tag(&mut out, "Relationship", &format!("{} {} {}", one.from, one.kind, one.to));
    }
    out
}

fn package(out: &mut String, package: &SpdxPackage<'_>) {
    tag(out, "PackageName", package.name);
    tag(out, "SPDXID", &package.id);
    if let Some(version) = package.version_info {
        tag(out, "PackageVersion", version);
    }
    if let Some(file) = package.package_file_name {
        tag(out, "PackageFileName", file);
    }
    tag(out, "PackageSupplier", package.supplier);
    tag(out, "PackageDownloadLocation", &package.download_location);
    tag(out, "FilesAnalyzed", if package.files_analyzed { "true" } else { "false" });
    for checksum in &package.checksums {
        tag(out, "PackageChecksum", &format!("{}: {}", checksum.algorithm, checksum.value));
    }
    long(out, "PackageSourceInfo", package.source_info.as_deref());
    tag(out, "PackageLicenseConcluded", package.license_concluded);
    tag(out, "PackageLicenseDeclared", package.license_declared);
    long(out, "PackageLicenseComments", package.license_comments.as_deref());
    tag(out, "PackageCopyrightText", package.copyright_text);
    long(out, "PackageComment", package.comment.as_deref());
    for reference in &package.external_refs {
        tag(out, "ExternalRef", &format!("{} {} {}", reference.category, reference.kind, reference.locator));
    }
    tag(out, "PrimaryPackagePurpose", package.primary_package_purpose);
}

fn tag(out: &mut String, name: &str, value: &str) {
    let _ = writeln!(out, "{name}: {}", escape::tag_value(value));
}

fn long(out: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        let _ = writeln!(out, "{name}: <text>{}</text>", escape::tag_value(value));
    }
}
