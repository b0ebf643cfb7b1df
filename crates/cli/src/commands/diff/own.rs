//! `vetch diff main..HEAD`: what a change adds to what the project's own code, and its CI, do.

use std::fs;

use vetch_detectors::verdict_of;
use vetch_engine::own_source::{self, ChangedPart, Source};
use vetch_engine::{Compare, ScanReport};
use vetch_model::change::Change;
use vetch_model::purl::Purl;
use vetch_model::scan::ReleaseResult;
use vetch_report::changes::ChangeView;
use vetch_report::release_label;

use super::releases::{change, of_target};
use crate::args::{ContentsArgs, DiffArgs, Global, PolicyArgs};
use crate::commands::scanning;
use crate::exit::Failure;
use crate::progress::Reporter;

/// What to do about what a change does that nobody has merged yet.
const REMEDY: &str = "Do not merge it, nor run it, before whoever made the change has explained it. If it came under a name that \
                      you trust, ask them by another way whether it was them.";

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
        let progress = Reporter::new(global);
        let policy = PolicyArgs { allow_incomplete: arguments.allow_incomplete, ..PolicyArgs::default() };
        let mut options = scanning::options(&targets, &unpublished(&arguments.contents), &policy, &progress)?;
        options.history.compare = Compare::Given;
        parts.extend(part_of(scanning::scan(&options, progress)?, &part));
    }
    Ok(Own(parts))
}

/// What is not published is asked for nowhere, by no name.
fn unpublished(contents: &ContentsArgs) -> ContentsArgs {
    ContentsArgs { ecosystem: None, offline: true, archives: None, no_history: true, as_of: None, ..contents.clone() }
}

fn part_of(report: ScanReport, part: &ChangedPart) -> Option<OwnPart> {
    let number = of_target(&report, 1)?;
    let before = of_target(&report, 0).and_then(|number| report.scan.releases.get(number));
    let known: Vec<(&str, &str)> = before
        .iter()
        .flat_map(|release| &release.findings)
        .map(|finding| (finding.rule, finding.title.as_str()))
        .collect();
    let mut release = report.scan.releases.get(number)?.clone();
    // What was there before is not what the change does.
    release.findings.retain(|finding| !known.contains(&(finding.rule, finding.title.as_str())));
    let label = release_label(&release.purl);
    for finding in &mut release.findings {
        finding.title = part.told(&finding.title.replace(&label, &part.shown));
        REMEDY.clone_into(&mut finding.remedy);
    }
    release.verdict = verdict_of(&release.findings, !release.incomplete.is_empty());
    release.purl = Purl::generic(&part.shown);
    // Where it was put for the comparison is no place of it.
    (release.locations, release.paths) = (Vec::new(), Vec::new());
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
