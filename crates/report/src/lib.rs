//! Writes a [`Scan`](vetch_model::scan::Scan) out for people and for programs.
//!
//! Nothing here judges, fetches or reads: a scan goes in, text comes out. What a
//! scan holds is hostile (names, source lines, URLs), so every output has its own
//! escaping, all of it in [`escape`]; no writer puts a scanned string anywhere
//! without passing it through there.

pub mod changes;
pub mod comparison;
pub mod documents;
pub mod escape;
pub mod explain;
pub mod graph;
pub mod html;
pub mod hygiene;
pub mod inspect;
pub mod json;
mod label;
pub mod lock;
pub mod markdown;
mod page;
pub mod sarif;
pub mod sbom;
pub mod stix;
pub mod terminal;
mod uuid;

pub use label::release_label;
pub use terminal::Style;

/// Who wrote the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolInfo {
    /// Version of the program.
    pub version: String,
    /// Version of the analysis: facts of different versions are not comparable.
    pub analysis: String,
}

/// The program's name, as reports give it.
pub const TOOL_NAME: &str = "vetch";

/// Where the program is described.
pub const TOOL_URI: &str = "https://github.com/vetch-dev/vetch";
