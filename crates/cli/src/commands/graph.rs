//! `vetch graph`.

use std::io::{self, Read, Write};
use std::path::Path;

use vetch_engine::map::{self, Map};
use vetch_graph::Graph;
use vetch_graph::risks::{self, Publishers};
use vetch_model::inventory::{Inventory, PackageId};
use vetch_report::Style;
use vetch_report::graph::{self as forms, MapFile, MapView, Shape, Verdicts};

use super::scanning::tool;
use super::why;
use crate::args::{Global, GraphArgs, GraphFormat};
use crate::exit::{Exit, Failure};
use crate::output::{self, OutputFile};
use crate::{message, screen};

/// Risk points shown; with `--verbose`.
const RISKS: usize = 10;
const RISKS_VERBOSE: usize = 50;

/// Packages in a diagram if not said otherwise: what Mermaid takes, and eyes.
const MERMAID_NODES: usize = 150;
const DOT_NODES: usize = 1_000;

/// Reads the target and draws it.
pub(crate) fn run(arguments: &GraphArgs, global: &Global) -> Result<Exit, Failure> {
    let file = arguments.output.as_deref().map(OutputFile::new).transpose()?;
    let opened = Opened::new(arguments.target.as_deref().unwrap_or(Path::new(".")))?;
    let starts = match &arguments.package {
        Some(wanted) => why::find(&opened.inventory, wanted).map_err(|similar| missing(wanted, &similar))?,
        None => Vec::new(),
    };
    let verdicts = arguments.report.as_deref().map(|report| verdicts(report, arguments.format)).transpose()?;
    let limit = match arguments.format {
        GraphFormat::Html => usize::MAX,
        _ if global.verbose => RISKS_VERBOSE,
        _ => RISKS,
    };
    let wants_risks = arguments.risks || matches!(arguments.format, GraphFormat::Json | GraphFormat::Html);
    let ranked = wants_risks.then(|| risks::rank(&opened.inventory, &opened.graph, &Publishers::new(), limit));
    let view = MapView { risks: ranked.as_ref(), ..opened.view() };
    let style = if file.is_some() { screen::file_style(global) } else { screen::stdout_style(global) };
    let write = |out: &mut dyn Write| write_graph(arguments, &view, starts, verdicts.as_ref(), style, out);
    output::write(file, write)?;
    opened.tell(global);
    Ok(match opened.map.incomplete.is_empty() || arguments.allow_incomplete {
        true => Exit::Passed,
        false => Exit::Incomplete,
    })
}

fn missing(wanted: &str, similar: &[String]) -> Failure {
    let hint = match similar.first() {
        Some(name) => format!("did you mean `{name}`?"),
        None => "without --package all packages are drawn".to_owned(),
    };
    Failure::new(format!("there is no package `{wanted}` in the target"), hint)
}

/// Longest report that is read, in bytes: one of a hundred thousand releases is shorter.
const MAX_REPORT: u64 = 512 * 1024 * 1024;

/// What a scan said, from its report.
fn verdicts(report: &Path, format: GraphFormat) -> Result<Verdicts, Failure> {
    if format != GraphFormat::Html {
        return Err(Failure::new("only the page shows the verdicts of --report", "add --format html"));
    }
    Verdicts::of_json(&report_bytes(report)?).map_err(|error| no_report(report, error.to_string()))
}

/// That a report cannot be used.
pub(super) fn no_report(report: &Path, reason: String) -> Failure {
    let what = format!("cannot use the report `{}`: {reason}", report.display());
    Failure::new(what, "write one with `vetch scan --format json --output FILE`")
}

/// The bytes of a report.
pub(super) fn report_bytes(report: &Path) -> Result<Vec<u8>, Failure> {
    let fail = |error: io::Error| no_report(report, error.to_string());
    let file = std::fs::File::open(report).map_err(fail)?;
    let mut bytes = Vec::new();
    file.take(MAX_REPORT + 1).read_to_end(&mut bytes).map_err(fail)?;
    match bytes.len() as u64 > MAX_REPORT {
        true => Err(no_report(report, format!("it is longer than {} MB", MAX_REPORT / 1024 / 1024))),
        false => Ok(bytes),
    }
}

fn write_graph(
    arguments: &GraphArgs,
    view: &MapView<'_>,
    starts: Vec<PackageId>,
    verdicts: Option<&Verdicts>,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let nodes = if arguments.format == GraphFormat::Mermaid { MERMAID_NODES } else { DOT_NODES };
    let max_nodes = arguments.max_nodes.unwrap_or(nodes);
    let shape = Shape { reverse: arguments.reverse, depth: arguments.depth, max_nodes, starts };
    let text = match arguments.format {
        GraphFormat::Tree if arguments.risks => forms::risks::risks(view, style),
        GraphFormat::Tree => forms::tree(view, &shape, style),
        GraphFormat::Dot => forms::dot(view, &shape),
        GraphFormat::Mermaid => forms::mermaid(view, &shape),
        GraphFormat::Json => return forms::write_json(view, &tool(), out),
        GraphFormat::Html => forms::html(view, verdicts, &tool())?,
    };
    out.write_all(text.as_bytes())
}

/// A target's map, ready for questions.
pub(super) struct Opened {
    pub(super) map: Map,
    pub(super) inventory: Inventory,
    pub(super) graph: Graph,
    files: Vec<MapFile>,
}

impl Opened {
    pub(super) fn new(target: &Path) -> Result<Opened, Failure> {
        Ok(Opened::of(map::open(target)?))
    }

    pub(super) fn of(map: Map) -> Opened {
        let inventory = map.inventory();
        let graph = Graph::new(&inventory);
        let file = |reading: &vetch_lockfiles::Reading| MapFile {
            file: reading.inventory.file.clone(),
            format: reading.format.as_str().to_owned(),
            version: reading.format_version.clone(),
            packages: reading.inventory.packages.len(),
        };
        let files = map.readings.iter().map(file).collect();
        Opened { map, inventory, graph, files }
    }

    pub(super) fn view(&self) -> MapView<'_> {
        MapView {
            target: &self.map.target,
            inventory: &self.inventory,
            graph: &self.graph,
            files: &self.files,
            incomplete: &self.map.incomplete,
            risks: None,
        }
    }

    /// Says on standard error what the picture lacks. It belongs to no form: a diagram has no place for it.
    pub(super) fn tell(&self, global: &Global) {
        const MOST: usize = 20;
        let limit = if global.verbose { usize::MAX } else { MOST };
        let missing = &self.map.incomplete;
        for one in missing.iter().take(limit) {
            let at = one.location.as_ref().filter(|at| at.line > 0 && at.file != one.what);
            let at = at.map(|at| format!(" ({}:{})", at.file, at.line)).unwrap_or_default();
            let hint = if one.hint.is_empty() { String::new() } else { format!("; {}", one.hint) };
            message::incomplete(&format!("{}{at}: {}{hint}", one.what, one.why));
        }
        if missing.len() > limit {
            message::incomplete(&format!("and {} more (--verbose lists all)", missing.len() - limit));
        }
        if !global.quiet && !self.map.ignored.is_empty() {
            let names = self.map.ignored.iter().take(5).map(|file| format!("`{file}`")).collect::<Vec<_>>().join(", ");
            let more = self.map.ignored.len().saturating_sub(5);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            message::note(&format!("left out by ignore files: {names}{more}; name one as the target to read it"));
        }
    }
}
