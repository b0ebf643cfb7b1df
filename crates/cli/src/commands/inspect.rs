//! `vetch inspect`.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use vetch_detectors::lineage::Lineage;
use vetch_engine::ScanReport;
use vetch_engine::lock::name_of;
use vetch_engine::policy::suggest::nearest;
use vetch_graph::Selector;
use vetch_model::history::Time;
use vetch_model::purl::PurlParts;
use vetch_model::reputation::Remark;
use vetch_model::scan::ReleaseResult;
use vetch_report::inspect::{self, InspectView};
use vetch_report::release_label;

use super::scanning;
use crate::args::{Global, InspectArgs, InspectFormat, PolicyArgs};
use crate::exit::{Exit, Failure};
use crate::output::{self, OutputFile};
use crate::progress::Reporter;
use crate::{message, screen};

/// Releases named when several are meant.
const MAX_NAMED: usize = 8;

/// Scans what has the release, and tells everything that is known of it.
pub(crate) fn run(arguments: &InspectArgs, global: &Global) -> Result<Exit, Failure> {
    let file = arguments.output.as_deref().map(OutputFile::new).transpose()?;
    let progress = Reporter::new(global);
    let (target, package) = meant(arguments)?;
    let policy = PolicyArgs { own: arguments.own.clone(), ..PolicyArgs::default() };
    let options = scanning::options(&[target], &arguments.contents, &policy, &progress)?;
    let report = scanning::scan(&options, progress)?;
    let number = match package {
        Some(package) => of_name(&report, package)?,
        None => of_target(&report, &arguments.target)?,
    };
    let Some(release) = report.scan.releases.get(number) else {
        return Err(Failure::new("there is no release in the target", "name a package folder or an archive"));
    };
    let facts = report.facts.get(number).and_then(Option::as_deref);
    let reputation = reputation(&report, number, options.history.as_of.unwrap_or(options.history.now));
    let view = InspectView { scan: &report.scan, release, facts, reputation: &reputation };
    let style = if file.is_some() { screen::file_style(global) } else { screen::stdout_style(global) };
    output::write(file, |out: &mut dyn Write| -> io::Result<()> {
        match arguments.format {
            InspectFormat::Terminal => out.write_all(inspect::terminal(&view, style).as_bytes()),
            InspectFormat::Html => out.write_all(inspect::html(&view, &scanning::tool()).as_bytes()),
            InspectFormat::Json => inspect::write_json(&view, &scanning::tool(), out),
        }
    })?;
    Ok(if release.incomplete.is_empty() && facts.is_some() { Exit::Passed } else { Exit::Incomplete })
}

/// What the history of a release says for and against it, as of `now`; nothing where no registry told one.
fn reputation(report: &ScanReport, number: usize, now: Time) -> Vec<Remark> {
    let release = report.scan.releases.get(number);
    let history = report.pasts.get(number).and_then(|past| past.history.as_deref());
    let Some((release, history)) = release.zip(history) else { return Vec::new() };
    let Ok(parts) = PurlParts::parse(release.purl.as_str()) else { return Vec::new() };
    let version = parts.version.as_deref();
    let lineage = version.and_then(|version| Lineage::new(history, &parts.ecosystem(), version));
    lineage
        .map(|lineage| vetch_detectors::reputation::reputation(&lineage, &release.advisories, now))
        .unwrap_or_default()
}

/// What to scan, and the package in it that is meant. A path that is there is a path.
fn meant(arguments: &InspectArgs) -> Result<(PathBuf, Option<&str>), Failure> {
    let target = arguments.target.trim();
    let is_there = Path::new(target).symlink_metadata().is_ok();
    match &arguments.project {
        None if is_there => Ok((PathBuf::from(target), None)),
        _ if target.is_empty() || target.starts_with(['/', '.']) || target.ends_with(".tgz") => {
            let hint = "name a package folder, an archive, or a package of the project";
            Err(Failure::new(format!("there is no `{target}`"), hint))
        }
        project => Ok((project.clone().unwrap_or_else(|| PathBuf::from(".")), Some(target))),
    }
}

/// The one release of this name; of several contents, the worst.
fn of_name(report: &ScanReport, package: &str) -> Result<usize, Failure> {
    let all = report.scan.releases.iter().enumerate();
    let wanted = Selector::parse(package);
    let found: Vec<(usize, &ReleaseResult)> = all.filter(|(_, release)| wanted.means(&release.purl)).collect();
    let purls: BTreeSet<&str> = found.iter().map(|(_, release)| release.purl.as_str()).collect();
    if purls.len() > 1 {
        let mut labels: Vec<String> = found.iter().map(|(_, release)| release_label(&release.purl)).collect();
        labels.dedup();
        let more = if labels.len() > MAX_NAMED { ", …" } else { "" };
        let named = labels.iter().take(MAX_NAMED).cloned().collect::<Vec<_>>().join("`, `");
        let message = format!("the project has {} releases of `{package}`: `{named}`{more}", labels.len());
        return Err(Failure::new(message, "name one of them with its version"));
    }
    if found.len() > 1 {
        let number = found.len();
        message::note(&format!("`{package}` is there with {number} different contents; this is the worst of them"));
    }
    let worst = found.iter().max_by_key(|(_, release)| (release.verdict, release.score));
    worst.map(|(number, _)| *number).ok_or_else(|| {
        let names: Vec<String> = report.scan.releases.iter().map(|release| name_of(&release.purl)).collect();
        let hint = match nearest(package, names.iter().map(String::as_str)) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "`vetch graph` shows all packages; a folder or archive is named by its path".to_owned(),
        };
        Failure::new(format!("there is no package `{package}` in the project"), hint)
    })
}

/// The release that the target itself is.
fn of_target(report: &ScanReport, target: &str) -> Result<usize, Failure> {
    let is_own = |release: &ReleaseResult| {
        let paths = release.locations.iter().filter_map(|location| location.path.as_deref());
        paths.into_iter().any(|path| path == "." || !path.contains("node_modules"))
    };
    let own = report.scan.releases.iter().position(is_own);
    own.or((report.scan.releases.len() == 1).then_some(0)).ok_or_else(|| {
        let hint = format!("name a package of it: `vetch inspect PACKAGE {target}`");
        Failure::new(format!("`{target}` is no package by itself"), hint)
    })
}
