//! `vetch diff main..HEAD`: what a change adds to what the project's own code, and its CI, do.

use std::fs;
use std::path::PathBuf;

use vetch_engine::own_source::{self, ChangedPart, Source};
use vetch_engine::{Compare, ScanReport};
use vetch_model::change::Change;
use vetch_model::scan::ReleaseResult;
use vetch_report::changes::ChangeView;
use vetch_report::release_label;

use super::releases::{change, of_target};
use crate::args::{ContentsArgs, DiffArgs, Global};
use crate::commands::scanning;
use crate::exit::Failure;
use crate::progress::Reporter;

/// The parts that changed, each with what is said of it.
pub(super) struct Own(Vec<OwnPart>);

struct OwnPart {
    report: ScanReport,
    release: ReleaseResult,
    change: Option<Change>,
}

/// Looks at every part of the project that changed.
pub(super) fn run(old: &Source, new: &Source, arguments: &DiffArgs, global: &Global) -> Result<Own, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(format!("the project's own source cannot be compared: {error}"), "--no-source leaves it out")
    };
    let mut parts = Vec::new();
    for part in own_source::changed(old, new).map_err(failed)? {
        let scratch = tempfile::tempdir().map_err(failed)?;
        let mut targets = Vec::new();
        for (time, bytes) in [("old", &part.old), ("new", &part.new)] {
            let folder = scratch.path().join(time);
            fs::create_dir(&folder).map_err(failed)?;
            targets.push(folder.join(&part.archive));
            fs::write(folder.join(&part.archive), bytes).map_err(failed)?;
        }
        parts.extend(part_of(scan(&targets, Compare::Given, arguments, global)?, &part));
    }
    Ok(Own(parts))
}

/// Scans packed source. What is not published is asked for nowhere, by no name.
pub(super) fn scan(
    targets: &[PathBuf],
    compare: Compare,
    arguments: &DiffArgs,
    global: &Global,
) -> Result<ScanReport, Failure> {
    let contents = ContentsArgs {
        ecosystem: None,
        offline: true,
        archives: None,
        no_history: true,
        as_of: None,
        no_intel: true,
        ..arguments.contents.clone()
    };
    let progress = Reporter::new(global);
    let mut options = scanning::options(targets, &contents, &arguments.policy(), &progress)?;
    options.history.compare = compare;
    scanning::scan(&options, progress)
}

fn part_of(report: ScanReport, part: &ChangedPart) -> Option<OwnPart> {
    let number = of_target(&report, 1)?;
    let before = of_target(&report, 0).and_then(|number| report.scan.releases.get(number));
    let after = report.scan.releases.get(number)?;
    let release = part.added(before, after, &release_label(&after.purl));
    let change = change(&report, number);
    Some(OwnPart { report, release, change })
}

impl Own {
    /// One view for each part, the worst first.
    pub(super) fn views(&self) -> Vec<ChangeView<'_>> {
        let mut views: Vec<ChangeView<'_>> = self
            .0
            .iter()
            .map(|part| ChangeView {
                scan: &part.report.scan,
                old: "before",
                new: &part.release,
                change: part.change.as_ref(),
                published: None,
            })
            .collect();
        views.sort_by_key(|view| std::cmp::Reverse(view.new.verdict));
        views
    }
}
