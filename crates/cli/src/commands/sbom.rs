//! `vetch sbom`.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::path::Path;

use vetch_engine::map::{self, Map};
use vetch_lockfiles::{Format, Reading};
use vetch_report::sbom::{self, CycloneDxVersion, Reported, SbomFormat, SbomView, Stamp};

use super::graph::{Opened, no_report, report_bytes};
use super::scanning::tool;
use super::surroundings;
use crate::args::{Global, SbomArgs, SbomFormatName, SpecVersion};
use crate::exit::{Exit, Failure};
use crate::message;
use crate::output::{self, OutputFile};

/// Reads the target and writes what is in it.
pub(crate) fn run(arguments: &SbomArgs, global: &Global) -> Result<Exit, Failure> {
    let format = format(arguments)?;
    let stamp = stamp(arguments.reproducible)?;
    let file = arguments.output.as_deref().map(OutputFile::new).transpose()?;
    let target = arguments.target.as_deref().unwrap_or(Path::new("."));
    let mut map = map::open(target)?;
    if target.is_dir() {
        leave_out_sboms(&mut map, global);
    }
    let opened = Opened::of(map);
    let name = name(target);
    let reported = arguments.report.as_deref().map(|report| reported(report, format)).transpose()?;
    let view = opened.view();
    let view = SbomView {
        name: &name,
        inventory: view.inventory,
        graph: view.graph,
        files: view.files,
        incomplete: view.incomplete,
        reported: reported.as_ref(),
    };
    output::write(file, |out| sbom::write(&view, format, stamp, &tool(), out))?;
    opened.tell(global);
    Ok(match opened.map.incomplete.is_empty() || arguments.allow_incomplete {
        true => Exit::Passed,
        false => Exit::Incomplete,
    })
}

/// What a scan found, from its report.
fn reported(report: &Path, format: SbomFormat) -> Result<Reported, Failure> {
    if !matches!(format, SbomFormat::CycloneDxJson(_) | SbomFormat::CycloneDxXml(_)) {
        return Err(Failure::new("this form of SBOM has no place for --report", "use --format cyclonedx-json"));
    }
    let bytes = report_bytes(report)?;
    Reported::of_json(&bytes).map_err(|error| no_report(report, error.to_string()))
}

fn format(arguments: &SbomArgs) -> Result<SbomFormat, Failure> {
    let version = arguments.spec_version;
    let cyclonedx = match version {
        None | Some(SpecVersion::CycloneDx16) => Ok(CycloneDxVersion::V1_6),
        Some(SpecVersion::CycloneDx17) => Ok(CycloneDxVersion::V1_7),
        Some(SpecVersion::Spdx23 | SpecVersion::Spdx301) => Err(Failure::new(
            "CycloneDX has no such version",
            "use --spec-version 1.6 or 1.7, or --format spdx-json or spdx3-json",
        )),
    };
    let spdx = |format| match (format, version) {
        (_, None)
        | (SbomFormat::Spdx3Json, Some(SpecVersion::Spdx301))
        | (SbomFormat::SpdxJson | SbomFormat::SpdxTagValue, Some(SpecVersion::Spdx23)) => Ok(format),
        (SbomFormat::Spdx3Json, Some(_)) => Err(Failure::new(
            "spdx3-json is written in version 3.0.1 only",
            "leave out --spec-version, or use --format spdx-json for 2.3",
        )),
        (_, Some(_)) => Err(Failure::new(
            "this form of SPDX is written in version 2.3 only",
            "leave out --spec-version, or use --format spdx3-json for 3.0.1",
        )),
    };
    match arguments.format {
        SbomFormatName::CycloneDxJson => cyclonedx.map(SbomFormat::CycloneDxJson),
        SbomFormatName::CycloneDxXml => cyclonedx.map(SbomFormat::CycloneDxXml),
        SbomFormatName::SpdxJson => spdx(SbomFormat::SpdxJson),
        SbomFormatName::SpdxTagValue => spdx(SbomFormat::SpdxTagValue),
        SbomFormatName::Spdx3Json => spdx(SbomFormat::Spdx3Json),
    }
}

/// An SBOM that lies in a project says what was in it once; the one written last would be in the next one.
fn leave_out_sboms(map: &mut Map, global: &Global) {
    let is_sbom = |reading: &Reading| {
        use Format::{CycloneDxJson, CycloneDxXml, Spdx3Json, SpdxJson, SpdxTagValue};
        matches!(reading.format, CycloneDxJson | CycloneDxXml | SpdxJson | SpdxTagValue | Spdx3Json)
    };
    if map.readings.iter().all(is_sbom) {
        return;
    }
    let (sboms, readings) = std::mem::take(&mut map.readings).into_iter().partition(is_sbom);
    map.readings = readings;
    for file in Vec::into_iter(sboms).map(|reading| reading.inventory.file) {
        map.incomplete.retain(|one| one.what != file && one.location.as_ref().is_none_or(|at| at.file != file));
        if !global.quiet {
            message::note(&format!(
                "`{file}` is an SBOM already and was left out; name it as the target to convert it"
            ));
        }
    }
}

/// Time and randomness of the document, where they are wanted.
fn stamp(is_reproducible: bool) -> Result<Stamp, Failure> {
    let epoch = surroundings::source_date_epoch()?;
    if is_reproducible || epoch.is_some() {
        // SPDX must have a time; CycloneDX does without one, unless it is given.
        return Ok(Stamp { created: epoch, entropy: None });
    }
    let now = jiff::Timestamp::now();
    // The keys of the standard library's hash maps come from the system's source of randomness.
    let (high, low) = (RandomState::new().hash_one(now), RandomState::new().hash_one(std::process::id()));
    let entropy = u128::from(high) << 64 | u128::from(low);
    let created = jiff::Timestamp::from_second(now.as_second()).unwrap_or(now);
    Ok(Stamp { created: Some(created), entropy: Some(entropy.to_be_bytes()) })
}

/// What a target without a name of its own is called: its folder or file, never where that lies.
fn name(target: &Path) -> String {
    let whole = target.canonicalize().unwrap_or_else(|_| target.to_owned());
    let name = whole.file_name().map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "target".to_owned())
}
