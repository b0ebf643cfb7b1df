//! Lists of popular names: their text, and the one that is shipped.
//!
//! The text is one name a line, the most downloaded first. A line `[npm]` or `[pypi]` says whose names follow,
//! `#` begins a comment. The shipped list is the same text under gzip; `data/README.md` says where it is from.

use std::fmt;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use rustc_hash::FxHashSet;
use vetch_model::inventory::Ecosystem;

use crate::form::normal;
use crate::index::wide_hash;

/// The largest text of lists that is read, in bytes.
pub const MAX_LIST_BYTES: usize = 64 << 20;

/// The longest name: npm's limit, which holds for PyPI as well.
pub(crate) const LONGEST: usize = 214;

/// Most names of one ecosystem.
const MOST: usize = 1_000_000;

static SHIPPED: &[u8] = include_bytes!("../data/popular.txt.gz");

/// Names of popular packages, by rank.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lists {
    /// npm's, in normal form and each once.
    pub(crate) npm: Vec<String>,
    /// PyPI's.
    pub(crate) pypi: Vec<String>,
}

/// What is wrong with a text of lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListError {
    /// 1-based; 0 for the text as a whole.
    pub line: usize,
    /// In words.
    pub problem: String,
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.problem),
            line => write!(f, "line {line}: {}", self.problem),
        }
    }
}

impl std::error::Error for ListError {}

impl Lists {
    /// The lists that this program comes with.
    pub fn shipped() -> Lists {
        // A test holds the file to this; an empty list only finds nothing.
        Lists::unpack(SHIPPED).unwrap_or_default()
    }

    /// Reads the text of lists.
    ///
    /// # Errors
    /// At the first line that is neither a name, a comment nor `[npm]` or `[pypi]`, or when it is too large.
    pub fn parse(text: &str) -> Result<Lists, ListError> {
        if text.len() > MAX_LIST_BYTES {
            let problem = format!("{} bytes are more than {MAX_LIST_BYTES}", text.len());
            return Err(ListError { line: 0, problem });
        }
        let mut lists = Lists::default();
        let mut current: Option<(Ecosystem, FxHashSet<u64>)> = None;
        for (index, line) in text.lines().enumerate() {
            let line_number = index + 1;
            let at = |problem: &str| ListError { line: line_number, problem: problem.to_owned() };
            let line = line.trim();
            match line {
                "" => continue,
                "[npm]" => current = Some((Ecosystem::Npm, FxHashSet::default())),
                "[pypi]" => current = Some((Ecosystem::Pypi, FxHashSet::default())),
                _ if line.starts_with('#') => continue,
                _ => {
                    let Some((ecosystem, seen)) = &mut current else {
                        return Err(at("a name comes after a line `[npm]` or `[pypi]`, which says whose it is"));
                    };
                    let name = checked(ecosystem, line).map_err(at)?;
                    let list = lists.of_mut(ecosystem);
                    if list.len() >= MOST {
                        return Err(at("there are more names than are read"));
                    }
                    if seen.insert(wide_hash(&name)) {
                        list.push(name);
                    }
                }
            }
        }
        Ok(lists)
    }

    /// These, and of `other` what these have no names for.
    #[must_use]
    pub fn or(self, other: Lists) -> Lists {
        let either = |own: Vec<String>, other| if own.is_empty() { other } else { own };
        Lists { npm: either(self.npm, other.npm), pypi: either(self.pypi, other.pypi) }
    }

    /// Names of one ecosystem, the most downloaded first.
    pub fn of(&self, ecosystem: &Ecosystem) -> &[String] {
        match ecosystem {
            Ecosystem::Npm => &self.npm,
            Ecosystem::Pypi => &self.pypi,
            Ecosystem::Other(_) => &[],
        }
    }

    fn of_mut(&mut self, ecosystem: &Ecosystem) -> &mut Vec<String> {
        if *ecosystem == Ecosystem::Npm { &mut self.npm } else { &mut self.pypi }
    }

    /// The text of the lists, with a comment at its head.
    pub fn text(&self, comment: &str) -> String {
        let mut text: String = comment.lines().map(|line| format!("# {line}\n")).collect();
        for (title, names) in [("[npm]", &self.npm), ("[pypi]", &self.pypi)] {
            text.push_str(title);
            text.push('\n');
            names.iter().for_each(|name| text.extend([name.as_str(), "\n"]));
        }
        text
    }

    /// A text as it is shipped: the same text gives the same bytes.
    ///
    /// # Errors
    /// Never by itself: writing to memory does not fail.
    pub fn pack(text: &str) -> std::io::Result<Vec<u8>> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text.as_bytes())?;
        encoder.finish()
    }

    /// Reads what [`Lists::pack`] made.
    ///
    /// # Errors
    /// When it is no gzip, too large, or its text is not as it should be.
    pub fn unpack(bytes: &[u8]) -> Result<Lists, ListError> {
        let mut text = String::new();
        let limit = MAX_LIST_BYTES as u64 + 1;
        let read = GzDecoder::new(bytes).take(limit).read_to_string(&mut text);
        read.map_err(|error| ListError { line: 0, problem: error.to_string() })?;
        Lists::parse(&text)
    }
}

/// The name in normal form, if it may be one.
fn checked(ecosystem: &Ecosystem, text: &str) -> Result<String, &'static str> {
    if text.len() > LONGEST {
        return Err("a name has at most 214 bytes");
    }
    let (scope, base) = match text.strip_prefix('@').and_then(|rest| rest.split_once('/')) {
        Some((scope, base)) if *ecosystem == Ecosystem::Npm => (scope, base),
        _ => ("x", text),
    };
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~!'()*".contains(&byte))
    };
    if is_part(scope) && is_part(base) { Ok(normal(ecosystem, text)) } else { Err("this is no name of a package") }
}
