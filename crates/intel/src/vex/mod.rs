//! What vendors and others judge of vulnerabilities in products (VEX): OpenVEX, CSAF VEX and CycloneDX VEX, read into one
//! form.
//!
//! ```text
//! openvex    OpenVEX 0.0.1 to 0.2.0, JSON-LD
//! csaf       CSAF 2.0 and 2.1, profile `csaf_vex`
//! cyclonedx  CycloneDX 1.4 to 1.7, `vulnerabilities[].analysis`
//! product    which package a statement names, and as a part of what
//! ```
//!
//! A statement counts for what it names and nothing else: without a package there is none, and what it limits (a version, a
//! qualifier, the product whose part it is) limits it. What is not understood is told, and silences nothing.

mod csaf;
mod cyclonedx;
mod openvex;
mod product;

use serde::{Deserialize, Serialize};
use vetch_model::vex::VexStatus;

use crate::record::{RecordError, World};

pub use product::{Own, Part};
pub(crate) use product::{Product, Whole};

/// Most statements of one document, each about one vulnerability of one product.
const MAX_STATEMENTS: usize = 100_000;
/// Most ids of one vulnerability.
const MAX_IDS: usize = 64;
/// Longest texts that are kept, in bytes.
const MAX_ID: usize = 256;
const MAX_TEXT: usize = 600;
const MAX_NAME: usize = 160;

/// One document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct VexDocument {
    /// Who speaks, where statements do not say otherwise.
    pub(crate) author: String,
    /// By which it is replaced.
    pub(crate) id: String,
    /// Last change, in seconds since 1970; `None` where it does not say.
    pub(crate) modified: Option<i64>,
    /// Its number, where it has one: of two of the same time the higher is the newer.
    pub(crate) version: i64,
    /// About packages of npm and PyPI.
    pub(crate) statements: Vec<Statement>,
    /// Statements about other things.
    pub(crate) foreign: u64,
    /// Statements that are not understood, or lack what their standard demands.
    pub(crate) not_understood: u64,
    /// The first of those.
    pub(crate) example: Option<String>,
}

/// One vulnerability of one product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Statement {
    /// All its ids; the first is the one by which the statement calls it.
    pub(crate) ids: Vec<String>,
    pub(crate) product: Product,
    pub(crate) status: VexStatus,
    pub(crate) justification: String,
    pub(crate) text: String,
    /// In seconds since 1970; 0 where neither it nor its document says.
    pub(crate) time: i64,
}

/// Which form a document has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VexForm {
    OpenVex,
    Csaf,
    CycloneDx,
}

/// Reads a document of that form. `place` names it where it does not name itself.
///
/// # Errors
/// When it is no such document, or says nothing at all.
pub(crate) fn read(form: VexForm, bytes: &[u8], place: &str) -> Result<VexDocument, RecordError> {
    let mut document = match form {
        VexForm::OpenVex => openvex::read(bytes),
        VexForm::Csaf => csaf::read(bytes),
        VexForm::CycloneDx => cyclonedx::read(bytes),
    }
    .map_err(RecordError)?;
    if document.id.is_empty() {
        document.id = name(place);
    }
    if document.author.is_empty() {
        document.author = format!("the author of {}", document.id);
    }
    Ok(document)
}

impl VexDocument {
    /// Counts what is not understood, and keeps the first.
    fn not_understood(&mut self, what: String) {
        self.not_understood += 1;
        self.example.get_or_insert(what);
    }

    /// Adds a statement about each of these.
    ///
    /// # Errors
    /// When there are too many.
    fn add(&mut self, said: &Said, parts: &[Named]) -> Result<(), String> {
        for part in parts {
            match part {
                Named::Foreign => self.foreign += 1,
                Named::Unclear(why) => self.not_understood(format!("{}: {why}", said.label())),
                Named::Part(product) => {
                    if self.statements.len() >= MAX_STATEMENTS {
                        return Err(format!("it has more than {MAX_STATEMENTS} statements"));
                    }
                    self.statements.push(Statement {
                        ids: said.ids.clone(),
                        product: product.clone(),
                        status: said.status,
                        justification: said.justification.clone(),
                        text: said.text.clone(),
                        time: said.time.or(self.modified).unwrap_or_default(),
                    });
                }
            }
        }
        Ok(())
    }
}

/// What a statement names.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Named {
    /// A package of npm or PyPI.
    Part(Product),
    /// Something else.
    Foreign,
    /// Nothing that can be compared, and why.
    Unclear(String),
}

/// A statement without its products.
#[derive(Debug, Clone)]
struct Said {
    ids: Vec<String>,
    status: VexStatus,
    justification: String,
    text: String,
    time: Option<i64>,
}

impl Said {
    fn label(&self) -> &str {
        self.ids.first().map_or("a statement", String::as_str)
    }
}

/// Ids of one vulnerability, each once, the first one first.
fn ids<'t>(all: impl Iterator<Item = &'t str>) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for id in all.map(str::trim).filter(|id| !id.is_empty() && id.len() <= MAX_ID && !id.contains(char::is_whitespace))
    {
        if ids.len() < MAX_IDS && !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
    ids
}

/// One line of a bounded length.
fn line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().take(MAX_TEXT).collect();
    cut(&words.join(" "), MAX_TEXT)
}

/// A name of a bounded length.
fn name(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().take(MAX_NAME).collect();
    cut(&words.join(" "), MAX_NAME)
}

fn cut(text: &str, limit: usize) -> String {
    text.get(..text.floor_char_boundary(limit)).unwrap_or_default().to_owned()
}

/// A moment in seconds since 1970.
fn seconds(text: Option<&str>) -> Option<i64> {
    crate::record::micros(text?).map(|micros| micros.div_euclid(1_000_000))
}

/// Whether an ecosystem's name of a purl is one that is matched.
fn world(kind: &str) -> Option<World> {
    match kind {
        "npm" => Some(World::Npm),
        "pypi" => Some(World::Pypi),
        _ => None,
    }
}
