//! `vetch why PKG`.

use std::io::{self, Write};
use std::path::Path;

use vetch_engine::policy::suggest::nearest;
use vetch_graph::Selector;
use vetch_model::inventory::{Inventory, PackageId};
use vetch_report::Style;
use vetch_report::graph::MapView;
use vetch_report::graph::why::{self, Why};

use super::graph::Opened;
use super::scanning::tool;
use crate::args::{Global, WhyArgs, WhyFormat};
use crate::exit::{Exit, Failure};
use crate::output::{self, OutputFile};
use crate::{message, screen};

/// Versions named when the one asked for is not there.
const MAX_SIMILAR: usize = 8;

/// Asks the graph, writes the answer, and says how it ends: 0 found, 1 not found,
/// 3 not found in what could be read.
pub(crate) fn run(arguments: &WhyArgs, global: &Global) -> Result<Exit, Failure> {
    let file = arguments.output.as_deref().map(OutputFile::new).transpose()?;
    let opened = Opened::new(arguments.target.as_deref().unwrap_or(Path::new(".")))?;
    let view = opened.view();
    let wanted = arguments.package.trim();
    let (ids, similar) = match find(&opened.inventory, wanted) {
        Ok(ids) => (ids, Vec::new()),
        Err(similar) => (Vec::new(), similar),
    };
    let answer = Why { similar, ..Why::ask(&view, wanted, &ids, usize::from(arguments.paths)) };
    let style = if file.is_some() { screen::file_style(global) } else { screen::stdout_style(global) };
    let write = |out: &mut dyn Write| write_answer(arguments.format, &view, &answer, style, out);
    output::write(file, write)?;
    opened.tell(global);
    let is_whole = opened.map.incomplete.is_empty();
    if ids.is_empty() {
        not_found(wanted, &answer.similar, is_whole);
    }
    Ok(match (ids.is_empty(), is_whole) {
        (false, _) => Exit::Passed,
        (true, true) => Exit::Failed,
        (true, false) => Exit::Incomplete,
    })
}

fn not_found(wanted: &str, similar: &[String], is_whole: bool) {
    let so_far = if is_whole { "in the target" } else { "in what could be read of the target" };
    let hint = match similar {
        [] => "`vetch graph` shows all packages".to_owned(),
        [one] => format!("did you mean `{one}`?"),
        more => format!("there are: `{}`", more.join("`, `")),
    };
    message::error(&format!("there is no package `{wanted}` {so_far}"), &hint);
}

/// The packages that are meant; else what may have been meant: the versions that are
/// there, or the nearest name.
pub(super) fn find(inventory: &Inventory, wanted: &str) -> Result<Vec<PackageId>, Vec<String>> {
    let selector = Selector::parse(wanted);
    let found = selector.find(inventory);
    if !found.is_empty() {
        return Ok(found);
    }
    let labels = |ids: Vec<PackageId>| {
        let mut labels: Vec<String> = ids.into_iter().map(|id| inventory.package(id).label()).collect();
        labels.sort_unstable();
        labels.dedup();
        labels.truncate(MAX_SIMILAR);
        labels
    };
    let others = selector.any_version().map(|any| any.find(inventory)).unwrap_or_default();
    if !others.is_empty() {
        return Err(labels(others));
    }
    let names = inventory.packages.iter().map(|package| package.name.as_str()).filter(|name| !name.is_empty());
    Err(nearest(selector.name(), names).map(str::to_owned).into_iter().collect())
}

fn write_answer(
    format: WhyFormat,
    view: &MapView<'_>,
    answer: &Why,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        WhyFormat::Terminal => out.write_all(why::terminal(view, answer, style).as_bytes()),
        WhyFormat::Markdown => out.write_all(why::markdown(view, answer).as_bytes()),
        WhyFormat::Json => why::write_json(view, answer, &tool(), out),
    }
}
