//! `vetch scan`.

use std::io::{self, Write};
use std::path::Path;

use vetch_engine::ScanReport;
use vetch_engine::policy::judge;
use vetch_graph::risks::{self, Publishers};
use vetch_model::history::Time;
use vetch_model::scan::{Scan, TargetKind};
use vetch_report::graph::MapView;
use vetch_report::stix::{self, StixView};
use vetch_report::{Style, html, json, markdown, sarif, terminal};

use super::documents::{self, Place};
use super::graph::Opened;
use super::intel::Techniques;
use super::{rules, scanning, settings, surroundings};
use crate::args::{Format, Global, ScanArgs};
use crate::exit::{Exit, Failure};
use crate::output::{self, OutputFile};
use crate::progress::Reporter;
use crate::screen;

/// Scans, writes the report, and says how it ends.
pub(crate) fn run(arguments: &ScanArgs, global: &Global) -> Result<Exit, Failure> {
    let now = surroundings::source_date_epoch()?.unwrap_or_else(jiff::Timestamp::now);
    let now = Time(now.as_second());
    if documents::is_document(arguments.format) {
        return document(arguments, global, now);
    }
    let file = arguments.output.as_deref().map(OutputFile::new).transpose()?;
    let progress = Reporter::new(global);
    let options = scanning::options(&arguments.targets, &arguments.contents, &arguments.policy, &progress)?;
    let report = scanning::scan(&options, progress)?;
    let style = if file.is_some() { screen::file_style(global) } else { screen::stdout_style(global) };
    let style = Style { only_findings: arguments.only_findings, ..style };
    let intel = options.intel.folder.as_deref().filter(|_| options.intel.is_on);
    let write = |out: &mut dyn Write| match arguments.format {
        Format::Stix => stix(&report, intel, now, out),
        format => write_report(format, &report, style, out),
    };
    output::write(file, write)?;
    Ok(Exit::from(judge(&report.scan, &report.gates)))
}

/// Scans, and writes documents for others.
fn document(arguments: &ScanArgs, global: &Global, now: Time) -> Result<Exit, Failure> {
    let place = Place::new(arguments.format, arguments.output.as_deref())?;
    let settings = settings::documents()?;
    let progress = Reporter::new(global);
    let options = scanning::options(&arguments.targets, &arguments.contents, &arguments.policy, &progress)?;
    let report = scanning::scan(&options, progress)?;
    documents::write(arguments.format, &report, settings, now, place)?;
    Ok(Exit::from(judge(&report.scan, &report.gates)))
}

fn stix(report: &ScanReport, intel: Option<&Path>, now: Time, out: &mut dyn Write) -> io::Result<()> {
    let integrity = |number: usize| {
        let members = report.projects.iter().flat_map(|project| &project.members);
        let mut all: Vec<String> =
            members.filter(|member| member.release == number).flat_map(|member| member.integrity.clone()).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let techniques = Techniques::new(intel);
    let technique = |id: &str| {
        let known = techniques.named(id)?;
        Some((known.name, known.tactics))
    };
    stix::write(&StixView { scan: &report.scan, integrity: &integrity, technique: &technique, now }, out)
}

fn write_report(format: Format, report: &ScanReport, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let tool = scanning::tool();
    let scan = &report.scan;
    let mut rules = rules::all();
    rules.extend(&report.own_rules);
    rules.sort_unstable_by_key(|rule| rule.id);
    match format {
        Format::Terminal => out.write_all(terminal::render(scan, &rules, style).as_bytes()),
        Format::Json if style.only_findings => json::write_findings(scan, &tool, out),
        Format::Json => json::write(scan, &tool, out),
        Format::Sarif => {
            let root = std::env::current_dir().ok();
            sarif::write(scan, &rules, &tool, root.as_deref().and_then(Path::to_str), out)
        }
        Format::Markdown => out.write_all(markdown::render(scan).as_bytes()),
        Format::Html => write_page(scan, out),
        // They are written by `stix` and `document`.
        Format::Stix | Format::Osv | Format::Openvex | Format::Csaf | Format::CsafVex => Ok(()),
    }
}

/// The page, with the maps of those targets that have one. A map that cannot be had is only missing from the picture:
/// what of the target could not be read, the scan itself says.
fn write_page(scan: &Scan, out: &mut dyn Write) -> io::Result<()> {
    let has_map = |kind: TargetKind| {
        matches!(kind, TargetKind::Project | TargetKind::Lockfile | TargetKind::Environment | TargetKind::Sbom)
    };
    let targets = scan.targets.iter().filter(|target| has_map(target.kind));
    let opened: Vec<Opened> = targets.filter_map(|target| Opened::new(Path::new(&target.path)).ok()).collect();
    let rank = |one: &Opened| risks::rank(&one.inventory, &one.graph, &Publishers::new(), usize::MAX);
    let ranked: Vec<_> = opened.iter().map(rank).collect();
    let maps: Vec<MapView<'_>> =
        opened.iter().zip(&ranked).map(|(one, risks)| MapView { risks: Some(risks), ..one.view() }).collect();
    out.write_all(html::html(scan, &maps, &scanning::tool())?.as_bytes())
}
