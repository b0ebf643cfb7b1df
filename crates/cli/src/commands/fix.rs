//! `vetch fix`.

use std::path::PathBuf;

use vetch_engine::pin;
use vetch_model::outcome::Incomplete;
use vetch_report::hygiene::{PinCommand, PinDeed, PinView};
use vetch_report::release_label;

use super::pin::{status, tell, write};
use super::scanning;
use crate::args::{FixArgs, Global};
use crate::exit::{Exit, Failure};
use crate::output::OutputFile;
use crate::progress::Reporter;

/// Scans, chooses where to go from each bad release, shows the edits, and writes them if asked to.
pub(crate) fn run(arguments: &FixArgs, global: &Global) -> Result<Exit, Failure> {
    let file = arguments.outcome.output.as_deref().map(OutputFile::new).transpose()?;
    let progress = Reporter::new(global);
    let target = arguments.target.clone().unwrap_or_else(|| PathBuf::from("."));
    let options = scanning::options(std::slice::from_ref(&target), &arguments.contents, &arguments.policy, &progress)?;
    let report = scanning::scan(&options, progress)?;
    let pinning = pin::leave(&target, &report, &[])?;
    let diff = pinning.diff();
    let deed = if arguments.write { PinDeed::Fixed(Vec::new()) } else { PinDeed::Shown };
    let mut incomplete = pinning.incomplete.clone();
    incomplete.extend(unjudged(&report));
    let mut view = PinView {
        command: PinCommand::Fix,
        target: &pinning.target,
        lints: &pinning.lints,
        notes: &pinning.notes,
        diff: &diff,
        afterwards: &pinning.afterwards,
        incomplete: &incomplete,
        deed,
    };
    let failure = write(&pinning, &mut view).err();
    tell(arguments.outcome.format, global, file, &view)?;
    match failure {
        Some(failure) => Err(failure),
        None => Ok(match status(&pinning, arguments.write, true) {
            Exit::Passed if !incomplete.is_empty() && !arguments.policy.allow_incomplete => Exit::Incomplete,
            status => status,
        }),
    }
}

/// Releases that may be bad without anybody having been able to see it.
fn unjudged(report: &vetch_engine::ScanReport) -> impl Iterator<Item = Incomplete> + '_ {
    let releases = report.scan.releases.iter().filter(|release| release.way_out.is_none());
    releases.flat_map(|release| {
        let label = release_label(&release.purl);
        release.incomplete.iter().map(move |one| Incomplete { what: format!("{label}: {}", one.what), ..one.clone() })
    })
}
