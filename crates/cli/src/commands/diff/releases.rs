//! `vetch diff` of two releases: what the new one does that the old one did not.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use vetch_engine::{Compare, ScanReport};
use vetch_model::Verdict;
use vetch_model::change::Change;
use vetch_model::purl::PurlParts;
use vetch_model::scan::ReleaseResult;
use vetch_report::changes::{self, ChangeView, Published};
use vetch_report::release_label;

use super::source;
use crate::args::{DiffArgs, DiffFormat, Global};
use crate::commands::scanning::{self, tool};
use crate::exit::{Exit, Failure};
use crate::output::{self, OutputFile};
use crate::progress::Reporter;
use crate::screen;

/// What is compared.
pub(super) enum Releases<'a> {
    /// Two, as given.
    Two(&'a str, &'a str),
    /// One with the one before it.
    Previous(&'a str),
    /// One with the source that it was made from.
    Source(&'a str, &'a Path),
}

/// Whether releases are meant, as opposed to projects.
///
/// # Errors
/// When one is a release and the other is not.
pub(super) fn meant(arguments: &DiffArgs) -> Result<Option<Releases<'_>>, Failure> {
    let is_release = |text: &str| vetch_engine::is_release(Path::new(text));
    let old = arguments.old.as_str();
    if (arguments.previous || arguments.source.is_some()) && !is_release(old) {
        return Err(Failure::new(
            format!("`{old}` is no release"),
            "name it with its registry, e.g. `vetch diff --previous npm:axios@1.14.1`, or an archive",
        ));
    }
    if arguments.previous {
        return Ok(Some(Releases::Previous(old)));
    }
    if let Some(source) = &arguments.source {
        return Ok(Some(Releases::Source(old, source)));
    }
    let Some(new) = arguments.new.as_deref() else { return Ok(None) };
    Ok((is_release(old) && is_release(new)).then_some(Releases::Two(old, new)))
}

/// Scans both, and tells what differs.
pub(super) fn run(releases: &Releases<'_>, arguments: &DiffArgs, global: &Global) -> Result<Exit, Failure> {
    let file = arguments.output.as_deref().map(OutputFile::new).transpose()?;
    let progress = Reporter::new(global);
    let targets: Vec<PathBuf> = match releases {
        Releases::Two(old, new) => vec![PathBuf::from(old), PathBuf::from(new)],
        Releases::Previous(new) | Releases::Source(new, _) => vec![PathBuf::from(new)],
    };
    let mut options = scanning::options(&targets, &arguments.contents, &arguments.policy(), &progress)?;
    options.history.compare = match releases {
        Releases::Two(..) => Compare::Given,
        Releases::Previous(_) => Compare::Targets,
        Releases::Source(..) => Compare::WhereOdd,
    };
    let report = scanning::scan(&options, progress)?;
    let number = own(&report, targets.len() - 1)?;
    let (Some(new), Some(past)) = (report.scan.releases.get(number), report.pasts.get(number)) else {
        return Err(Failure::new("there is no release to compare", "name two releases, archives or package folders"));
    };
    let change = match releases {
        Releases::Source(_, folder) => source::beyond(folder, &report, number, arguments, global)?,
        _ => change(&report, number),
    };
    let old = old_label(releases, &report, new, past.before.as_ref().map(|(version, _)| version.as_str()))?;
    let view = ChangeView {
        scan: &report.scan,
        old: &old,
        new,
        change: change.as_ref(),
        published: published(&report, number).filter(|_| !matches!(releases, Releases::Source(..))),
    };
    let style = if file.is_some() { screen::file_style(global) } else { screen::stdout_style(global) };
    output::write(file, |out: &mut dyn Write| -> io::Result<()> {
        match arguments.format {
            DiffFormat::Terminal => out.write_all(changes::terminal(&view, style).as_bytes()),
            DiffFormat::Markdown => out.write_all(changes::markdown(&view).as_bytes()),
            DiffFormat::Html => out.write_all(changes::html(&view, &tool()).as_bytes()),
            DiffFormat::Json => changes::write_json(&view, &tool(), out),
        }
    })?;
    let is_whole = change.is_some() && new.incomplete.is_empty();
    Ok(match (new.verdict >= Verdict::Suspicious, is_whole || arguments.allow_incomplete) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::Passed,
        (false, false) => Exit::Incomplete,
    })
}

/// What a release does that the one before it did not; `None` if the contents of one could not be had.
pub(super) fn change(report: &ScanReport, number: usize) -> Option<Change> {
    let (_, old) = report.pasts.get(number)?.before.as_ref()?;
    Some(Change::between(old, report.facts.get(number)?.as_deref()?))
}

/// The release that a target itself is.
pub(super) fn of_target(report: &ScanReport, target: usize) -> Option<usize> {
    let is_own = |release: &ReleaseResult| release.locations.iter().any(|location| location.target == target);
    report.scan.releases.iter().position(is_own)
}

fn own(report: &ScanReport, target: usize) -> Result<usize, Failure> {
    of_target(report, target).ok_or_else(|| {
        let shown = report.scan.targets.get(target).map_or("", |target| target.path.as_str());
        Failure::new(format!("nothing is known of `{shown}`"), "check its name and version; `vetch scan` tells more")
    })
}

fn old_label(
    releases: &Releases<'_>,
    report: &ScanReport,
    new: &ReleaseResult,
    version: Option<&str>,
) -> Result<String, Failure> {
    match (releases, version) {
        (Releases::Two(old, _), _) => {
            let number = own(report, 0).ok().and_then(|number| report.scan.releases.get(number));
            Ok(number.map_or_else(|| (*old).to_owned(), |release| release_label(&release.purl)))
        }
        (Releases::Source(_, folder), _) => Ok(format!("its source in {}", folder.display())),
        (Releases::Previous(_), Some(version)) => {
            let label = release_label(&new.purl);
            Ok(format!("{}@{version}", label.rsplit_once('@').map_or(label.as_str(), |(name, _)| name)))
        }
        (Releases::Previous(given), None) => Err(Failure::new(
            format!("there is no release before `{given}` that could be looked at"),
            "name both: `vetch diff OLD NEW`; --offline and --no-history keep the registry from being asked",
        )),
    }
}

/// How both were published.
pub(super) fn published(report: &ScanReport, number: usize) -> Option<Published<'_>> {
    let past = report.pasts.get(number)?;
    let history = past.history.as_deref()?;
    let version = PurlParts::parse(report.scan.releases.get(number)?.purl.as_str()).ok()?.version?;
    let old = past.before.as_ref().and_then(|(version, _)| history.release(version));
    Some(Published { history, old, new: history.release(&version)? })
}
