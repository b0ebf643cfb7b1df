//! `vetch diff --source DIR RELEASE`: what a release can do that the source it says it was made from cannot.

use std::fs;
use std::path::Path;

use vetch_engine::{Compare, ScanReport, own_source};
use vetch_model::change::Change;
use vetch_model::inventory::Ecosystem;
use vetch_model::purl::PurlParts;

use super::own::scan;
use super::releases::of_target;
use crate::args::{DiffArgs, Global};
use crate::exit::Failure;

/// Compares release `number` with the checkout; `None` if the contents of one could not be had.
pub(super) fn beyond(
    folder: &Path,
    report: &ScanReport,
    number: usize,
    arguments: &DiffArgs,
    global: &Global,
) -> Result<Option<Change>, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(
            format!("the source in `{}` cannot be compared: {error}", folder.display()),
            "name the folder of a checkout",
        )
    };
    let Some(release) = report.scan.releases.get(number) else { return Ok(None) };
    let (ecosystem, name) = named(release.purl.as_str());
    let checkout = own_source::of_folder(folder)?;
    let Some((archive, bytes)) = own_source::of_package(&checkout, &ecosystem, &name).map_err(failed)? else {
        return Err(Failure::new(
            format!("there is no source of `{name}` in `{}`", folder.display()),
            "name the folder of a checkout of its repository, or the folder of the package in it",
        ));
    };
    let scratch = tempfile::tempdir().map_err(failed)?;
    let packed = scratch.path().join(archive);
    fs::write(&packed, bytes).map_err(failed)?;
    let source = scan(&[packed], Compare::WhereOdd, arguments, global)?;
    let facts = |report: &ScanReport, number: usize| report.facts.get(number).cloned().flatten();
    let source = of_target(&source, 0).and_then(|number| facts(&source, number));
    Ok(source.zip(facts(report, number)).map(|(source, release)| Change::beyond_source(&source, &release)))
}

/// Ecosystem and name of a package by its purl.
fn named(purl: &str) -> (Ecosystem, String) {
    let Ok(parts) = PurlParts::parse(purl) else { return (Ecosystem::Npm, String::new()) };
    (parts.ecosystem(), parts.full_name())
}
