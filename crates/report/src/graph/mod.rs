//! Writes a dependency map out: as a tree, as a diagram (DOT, Mermaid), as
//! `vetch.graph/1`, and as the answer to "why is it here?".
//!
//! Everything in a map is hostile: each form escapes for itself, through
//! [`crate::escape`]. Diagrams and trees are bounded and say what they leave out;
//! the JSON is whole.

mod convert;
mod diagram;
mod html;
pub(crate) mod merge;
pub mod risks;
mod starts;
mod tree;
pub mod types;
mod verdicts;
pub mod why;
mod why_text;
pub(crate) mod words;

use std::io::{self, Write};

use vetch_graph::Graph;
use vetch_graph::risks::Risks;
use vetch_model::Incomplete;
use vetch_model::inventory::{Inventory, PackageId};

use crate::ToolInfo;
use crate::json::write_value;

pub use diagram::{dot, mermaid};
pub(crate) use html::data;
pub use html::html;
pub use tree::tree;
pub use verdicts::Verdicts;

/// The value of `schema` in the graph's JSON.
pub const SCHEMA_ID: &str = "vetch.graph/1";

/// The value of `schema` in the JSON answer to "why?".
pub const WHY_SCHEMA_ID: &str = "vetch.why/1";

/// A dependency map, ready to be written.
#[derive(Debug, Clone, Copy)]
pub struct MapView<'m> {
    /// As given on the command line.
    pub target: &'m str,
    /// Packages of all files.
    pub inventory: &'m Inventory,
    /// Of that inventory.
    pub graph: &'m Graph,
    /// What was read.
    pub files: &'m [MapFile],
    /// What could not be read.
    pub incomplete: &'m [Incomplete],
    /// Where the risk is, if that was asked for.
    pub risks: Option<&'m Risks>,
}

/// One file that a map was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapFile {
    /// Relative to the target.
    pub file: String,
    /// Id of its format.
    pub format: String,
    /// The version that it states of its format; empty if none.
    pub version: String,
    /// Packages in it, the project's own included.
    pub packages: usize,
}

/// Which part of a map is drawn, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// From packages to who asks for them, rather than to what they ask for.
    pub reverse: bool,
    /// Most steps from where it starts.
    pub depth: Option<u32>,
    /// Most packages in a diagram.
    pub max_nodes: usize,
    /// Where to start; empty: at the projects, or, in reverse, at what asks for nothing.
    pub starts: Vec<PackageId>,
}

/// Writes `vetch.graph/1`, indented. The same map gives the same bytes.
///
/// # Errors
/// What `out` reports.
pub fn write_json(view: &MapView<'_>, tool: &ToolInfo, out: impl Write) -> io::Result<()> {
    write_value(&convert::report(view, tool), out)
}

/// The JSON Schema of `vetch.graph/1` (draft 2020-12).
pub fn json_schema() -> String {
    schema(&schemars::schema_for!(types::GraphReport))
}

/// The JSON Schema of `vetch.why/1` (draft 2020-12).
pub fn why_json_schema() -> String {
    schema(&schemars::schema_for!(types::WhyReport))
}

fn schema(schema: &schemars::Schema) -> String {
    let mut text = serde_json::to_string_pretty(schema).unwrap_or_default();
    text.push('\n');
    text
}
