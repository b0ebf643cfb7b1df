//! The text of a `vetch.lock` → [`BehaviourLock`]. Strict: what is not understood is an error with
//! its place, because a lock that is half understood pins half of what it seems to.

use std::collections::BTreeSet;
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use vetch_model::Trigger;
use vetch_model::lock::{BehaviourLock, Coverage, FORMAT_VERSION, LOCKED_TRIGGERS, LockedCapability, LockedRelease};
use vetch_model::purl::Purl;

use super::read::LockError;
use crate::policy::Problem;
use crate::policy::problem::{Shown, position};

/// Problems listed; a file with more is not worth more lines.
const MOST_PROBLEMS: usize = 20;

/// Releases read of one file.
const MAX_RELEASES: usize = 200_000;

/// Longest text of a value, in bytes.
const MAX_TEXT: usize = 4_096;

pub(super) const WRITE_ANEW: &str = "correct the file, or write it anew with `vetch lock` and look at what changed";
const RESOLVE: &str = "take either side, run `vetch lock`, and look at what changed";
const UPDATE: &str = "update Vetch, or write it anew with `vetch lock`";

/// Parses a lock. `file` names it in errors.
pub(super) fn parse(file: &str, text: &str) -> Result<BehaviourLock, LockError> {
    let invalid = |problems, hint| LockError::Invalid { file: file.to_owned(), problems, hint };
    if let Some(line) = conflict(text) {
        let message = "it has conflict markers of a merge".to_owned();
        return Err(invalid(vec![Problem { line, column: 1, message }], RESOLVE));
    }
    let document = DeTable::parse(text).map_err(|error| {
        let (line, column) = position(text, error.span().map_or(0, |span| span.start));
        let message = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
        invalid(vec![Problem { line, column, message }], WRITE_ANEW)
    })?;
    let mut reader = Reader { found: Vec::new(), hint: WRITE_ANEW };
    let lock = reader.lock(document.get_ref());
    if reader.found.is_empty() {
        return Ok(lock);
    }
    reader.found.sort();
    reader.found.truncate(MOST_PROBLEMS);
    let problem = |(offset, message): (usize, String)| {
        let (line, column) = position(text, offset);
        Problem { line, column, message }
    };
    Err(invalid(reader.found.into_iter().map(problem).collect(), reader.hint))
}

/// The 1-based line of the first conflict marker.
fn conflict(text: &str) -> Option<u32> {
    let is_marker = |line: &str| ["<<<<<<<", ">>>>>>>", "|||||||"].iter().any(|marker| line.starts_with(marker));
    let at = text.lines().position(is_marker)?;
    u32::try_from(at + 1).ok()
}

struct Reader {
    /// Byte offset and message of every problem.
    found: Vec<(usize, String)>,
    hint: &'static str,
}

type Value<'i> = Spanned<DeValue<'i>>;

impl Reader {
    fn problem(&mut self, offset: usize, message: String) {
        self.found.push((offset, message));
    }

    fn lock(&mut self, table: &DeTable<'_>) -> BehaviourLock {
        let mut lock = BehaviourLock::default();
        if !self.is_known_version(table) {
            return lock;
        }
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "version" => {}
                "analysis" => lock.analysis = self.text(value).unwrap_or_default().to_owned(),
                "package" => self.releases(value, &mut lock),
                other => self.problem(key.span().start, format!("unknown key {}", Shown(other))),
            }
        }
        lock
    }

    /// Nothing else is read of another version: its words may mean something else.
    fn is_known_version(&mut self, table: &DeTable<'_>) -> bool {
        let Some(value) = table.get("version") else {
            self.problem(0, "it states no `version` of its format".to_owned());
            return false;
        };
        let version = value.get_ref().as_integer().and_then(|it| i64::from_str_radix(it.as_str(), it.radix()).ok());
        match version {
            Some(FORMAT_VERSION) => return true,
            Some(version) if version > FORMAT_VERSION => {
                let message = format!("it has version {version} of the format, and this Vetch knows {FORMAT_VERSION}");
                self.problem(value.span().start, message);
                self.hint = UPDATE;
            }
            Some(version) => self.problem(value.span().start, format!("there is no version {version} of the format")),
            None => self.expected(value, "the number of the format's version"),
        }
        false
    }

    fn expected(&mut self, value: &Value<'_>, what: &str) {
        self.problem(value.span().start, format!("expected {what}, found: {}", value.get_ref().type_str()));
    }

    fn text<'v>(&mut self, value: &'v Value<'_>) -> Option<&'v str> {
        match value.get_ref().as_str() {
            Some(text) if text.len() <= MAX_TEXT => return Some(text),
            Some(_) => self.problem(value.span().start, format!("a text of more than {MAX_TEXT} bytes")),
            None => self.expected(value, "a text in quotes"),
        }
        None
    }

    fn releases(&mut self, value: &Value<'_>, lock: &mut BehaviourLock) {
        let Some(array) = value.get_ref().as_array() else {
            return self.expected(value, "a list of tables, each written as [[package]]");
        };
        if array.len() > MAX_RELEASES {
            return self.problem(value.span().start, format!("more than {MAX_RELEASES} packages"));
        }
        for entry in array.iter() {
            let Some(table) = entry.get_ref().as_table() else {
                self.expected(entry, "a table");
                continue;
            };
            let Some((purl, locked)) = self.release(entry.span().start, table) else { continue };
            if lock.releases.contains_key(&purl) {
                self.problem(entry.span().start, format!("a second entry of {}", Shown(purl.as_str())));
            }
            lock.releases.insert(purl, locked);
        }
    }

    fn release(&mut self, start: usize, table: &DeTable<'_>) -> Option<(Purl, LockedRelease)> {
        let mut locked = LockedRelease { coverage: Coverage::Complete, ..LockedRelease::default() };
        let mut purl = None;
        for (key, value) in table {
            let key_text = key.get_ref().as_ref();
            match key_text {
                "purl" => purl = self.purl(value),
                "integrity" => locked.integrity = self.integrity(value),
                "profile" => locked.coverage = self.coverage(value).unwrap_or_default(),
                _ => match Trigger::from_str(key_text).ok().filter(|trigger| LOCKED_TRIGGERS.contains(trigger)) {
                    Some(trigger) => self.capabilities(trigger, value, &mut locked.capabilities),
                    None => self.problem(key.span().start, format!("unknown key {}", Shown(key_text))),
                },
            }
        }
        if !table.contains_key("purl") {
            self.problem(start, "this entry has no `purl`".to_owned());
        }
        Some((purl?, locked))
    }

    fn purl(&mut self, value: &Value<'_>) -> Option<Purl> {
        let text = self.text(value)?;
        let purl = Purl::from_str(text).ok();
        if purl.is_none() {
            self.problem(value.span().start, format!("{} is no package URL", Shown(text)));
        }
        purl
    }

    fn integrity(&mut self, value: &Value<'_>) -> BTreeSet<String> {
        match value.get_ref().as_array() {
            Some(array) => array.iter().filter_map(|one| self.text(one)).map(str::to_owned).collect(),
            None => self.text(value).map(str::to_owned).into_iter().collect(),
        }
    }

    fn coverage(&mut self, value: &Value<'_>) -> Option<Coverage> {
        let text = self.text(value)?;
        let coverage = Coverage::from_str(text).ok();
        if coverage.is_none() {
            self.problem(value.span().start, format!("unknown profile {}", Shown(text)));
        }
        coverage
    }

    fn capabilities(&mut self, trigger: Trigger, value: &Value<'_>, into: &mut BTreeSet<LockedCapability>) {
        let Some(array) = value.get_ref().as_array() else {
            return self.expected(value, "a list of capabilities");
        };
        for one in array.iter() {
            let Some(text) = self.text(one) else { continue };
            match LockedCapability::parse(trigger, text) {
                Ok(capability) => {
                    into.insert(capability);
                }
                Err(_) => {
                    self.problem(one.span().start, format!("unknown capability {}", Shown(text)));
                    self.hint = UPDATE;
                }
            }
        }
    }
}
