//! Documents for others, made of a scan: what all of them have in common.
//!
//! ```text
//! openvex    what each vulnerability means to the products that were scanned
//! csaf       the same as CSAF VEX, and an advisory about the releases
//! osv        a record of each malicious release
//! matter     what there is to say: one vulnerability, or one bad release, in the products
//! ```
//!
//! The same scan, settings and time give the same bytes. Nothing is stated that the scan does not know.

pub mod csaf;
mod matter;
pub mod openvex;
pub mod osv;

use std::io;

use vetch_model::document::DocumentSettings;
use vetch_model::history::Time;
use vetch_model::inventory::Ecosystem;
use vetch_model::scan::Scan;

use crate::ToolInfo;

/// Longest text of a document, in characters.
const MAX_TEXT: usize = 2_000;

/// What documents need besides the scan.
pub struct DocumentView<'s> {
    /// The scan.
    pub scan: &'s Scan,
    /// By number of the release: what it is called.
    pub names: &'s [Name],
    /// By number of the release: the products that were scanned and ask for it; empty if it was scanned by itself.
    pub products: &'s [Vec<Name>],
    /// Who publishes.
    pub settings: &'s DocumentSettings,
    /// What made it.
    pub tool: &'s ToolInfo,
    /// The time that it carries.
    pub now: Time,
}

/// What a release or a product is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// Whose rules the name follows.
    pub ecosystem: Ecosystem,
    /// The name, as written.
    pub name: String,
    /// The version, where known.
    pub version: Option<String>,
    /// The purl, with the case of its letters.
    pub purl: String,
}

impl Name {
    /// `name@version`.
    fn label(&self) -> String {
        match &self.version {
            Some(version) => format!("{}@{version}", self.name),
            None => self.name.clone(),
        }
    }
}

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// The standard demands at least one statement.
    #[error("there is nothing to state, and {0} demands at least one statement")]
    Empty(&'static str),
    /// The standard demands what nobody but the user can know.
    #[error("CSAF demands who publishes: {0} not set")]
    Publisher(String),
    /// It cannot be written.
    #[error("cannot make the document: {0}")]
    Write(#[from] io::Error),
}

impl DocumentError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            DocumentError::Empty(_) => {
                "no advisory names a release of it and none is malicious or suspicious; `--format json` writes a report \
                 of that"
            }
            DocumentError::Publisher(_) => {
                "write `name = \"…\"` and `namespace = \"https://…\"` under `[documents]` in config.toml or vetch.toml"
            }
            DocumentError::Write(_) => "",
        }
    }
}

/// RFC 3339, in whole seconds.
fn time(time: Time) -> String {
    jiff::Timestamp::from_second(time.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_string()
}

/// Without characters that show nothing, and not endless.
fn text(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || *c == '\n').take(MAX_TEXT).collect::<String>().trim().to_owned()
}

/// Some text, if there is any.
fn some(given: &str) -> Option<String> {
    Some(text(given)).filter(|text| !text.is_empty())
}

/// A hash of these texts, each with its length, so that two never are another two.
fn digest<'t>(parts: impl IntoIterator<Item = &'t str>) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    *hasher.finalize().as_bytes()
}

/// So many digits of a digest, in capitals.
fn digits(digest: &[u8; 32], count: usize) -> String {
    let all: String = digest.iter().map(|byte| format!("{byte:02X}")).collect();
    all.get(..count).unwrap_or_default().to_owned()
}

/// A UUID of our own making (version 8, RFC 9562) of a digest.
fn uuid(digest: &[u8; 32]) -> String {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(to, from)| *to = *from);
    crate::uuid::text(bytes, 0x80)
}

/// Where a record of a public database is read.
fn address(id: &str) -> Option<String> {
    let is_public = ["GHSA-", "MAL-", "PYSEC-", "CVE-"].iter().any(|prefix| id.starts_with(prefix));
    let is_plain = id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (is_public && is_plain).then(|| format!("https://osv.dev/vulnerability/{id}"))
}
