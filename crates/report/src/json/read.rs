//! Reads reports that were written before: what other documents need of them.

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::SCHEMA_ID;
use crate::page::shown;

/// Why a report cannot be used.
#[derive(Debug)]
pub enum ReportError {
    /// It is no JSON, or not of the shape of a report.
    Malformed(serde_json::Error),
    /// It is another kind of document.
    Schema(String),
    /// It has a verdict or severity that does not exist.
    Unknown(String),
}

impl fmt::Display for ReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReportError::Malformed(error) => write!(f, "it is no report of a scan: {error}"),
            ReportError::Schema(schema) => write!(f, "its schema is `{schema}`, not `{SCHEMA_ID}`"),
            ReportError::Unknown(word) => write!(f, "it has `{word}` where a verdict or a severity is expected"),
        }
    }
}

impl std::error::Error for ReportError {}

#[derive(Deserialize)]
struct Report<R> {
    schema: String,
    releases: Vec<R>,
}

/// What is needed of each release of a `vetch.report/1`.
///
/// # Errors
/// When the bytes are none.
pub(crate) fn read_releases<R: DeserializeOwned>(bytes: &[u8]) -> Result<Vec<R>, ReportError> {
    let report: Report<R> = serde_json::from_slice(bytes).map_err(ReportError::Malformed)?;
    if report.schema != SCHEMA_ID {
        return Err(ReportError::Schema(shown(&report.schema)));
    }
    Ok(report.releases)
}
