//! The JSON report, `vetch.report/1`: the envelope of the vocabulary.
//!
//! The types are the public contract and apart from those of `model`, which may
//! change; `schemas/report.schema.json` is generated from them.

mod convert;
mod format;
mod read;
pub mod types;
mod way_out;

use std::io::{self, Write};

use serde::Serialize;
use vetch_model::Verdict;
use vetch_model::scan::Scan;

use crate::ToolInfo;
pub(crate) use convert::{capability, evidence, flow, incomplete, known, release, step, tool};
use format::SafePretty;
pub use read::ReportError;
pub(crate) use read::read_releases;

/// The value of `schema`.
pub const SCHEMA_ID: &str = "vetch.report/1";

/// Writes the report, indented, with a newline at the end. The same scan gives
/// the same bytes.
///
/// # Errors
/// What `out` reports.
pub fn write(scan: &Scan, tool: &ToolInfo, out: impl Write) -> io::Result<()> {
    write_value(&convert::report(scan, tool), out)
}

/// As [`write()`], but of the releases only those that are suspicious or malicious or
/// lack something; the summary counts all of them.
///
/// # Errors
/// What `out` reports.
pub fn write_findings(scan: &Scan, tool: &ToolInfo, out: impl Write) -> io::Result<()> {
    let mut report = convert::report(scan, tool);
    let (clean, notable) = (Verdict::Clean.as_str(), Verdict::Notable.as_str());
    report.releases.retain(|release| ![clean, notable].contains(&release.verdict) || !release.incomplete.is_empty());
    write_value(&report, out)
}

/// Any value, in the same safe form: hidden characters as `\uXXXX`.
pub(crate) fn write_value(value: &impl Serialize, out: impl Write) -> io::Result<()> {
    // serde_json writes token by token.
    let mut out = io::BufWriter::new(out);
    let mut serialiser = serde_json::Serializer::with_formatter(&mut out, SafePretty::new());
    value.serialize(&mut serialiser).map_err(io::Error::from)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// The JSON Schema of the report (draft 2020-12), as `schemas/report.schema.json` holds it.
pub fn json_schema() -> String {
    schema_of::<types::Report>()
}

/// The schema of a public type, as a file holds it.
pub(crate) fn schema_of<T: schemars::JsonSchema>() -> String {
    let schema = schemars::schema_for!(T);
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

/// A value in one line, with hidden characters as `\uXXXX` like everywhere.
pub(crate) fn write_line(value: &impl Serialize, mut out: impl Write) -> io::Result<()> {
    let text = serde_json::to_string(value).map_err(io::Error::from)?;
    // Only texts hold such characters, and there the escape means the same.
    out.write_all(crate::escape::json_fragment(&text).as_bytes())?;
    out.write_all(b"\n")
}
