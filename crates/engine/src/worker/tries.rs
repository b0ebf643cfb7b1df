//! The user's YARA rules, tried on the files of one package as they come by, and on what they decode.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::{Duration, Instant};

use vetch_behaviour::{Analysis, LayerText};
use vetch_model::evidence::{Evidence, Location, Span};
use vetch_model::yara::{MAX_EVIDENCE, MAX_UNTRIED, Untried, YaraFacts, YaraMatch};
use vetch_syntax::text::{LineIndex, excerpt};
use vetch_yara::{Cut, Hit, Matched, Rules, Trial};

use crate::contents::LARGEST_FILE;

/// How long the rules may take on one file. Ordinary ones take milliseconds: this is for runaways.
const FILE_TIME: Duration = Duration::from_secs(10);

/// How long they may take on one package: below the time of a worker's job, which would lose everything.
const PACKAGE_TIME: Duration = Duration::from_secs(60);

/// Most bytes shown of a match in what is no text.
const MAX_SHOWN: usize = 32;

/// The trials of one package.
#[derive(Default)]
pub(super) struct Tries {
    rules: Option<Rc<Rules>>,
    /// Files that every rule was tried on, or for which it is told why not.
    done: BTreeSet<String>,
    matches: BTreeMap<String, YaraMatch>,
    untried: BTreeMap<String, String>,
    ran_out_of_time: bool,
    spent: Duration,
}

impl Tries {
    /// None, if the user has no rules.
    pub(super) fn new(rules: Option<Rc<Rules>>) -> Tries {
        Tries { rules, ..Tries::default() }
    }

    /// Whether a file of this size is tried.
    pub(super) fn wants(&self, size: u64) -> bool {
        self.rules.is_some() && size <= LARGEST_FILE
    }

    /// A file, under one or more paths. Only its first coming counts, and only if all of it is there.
    pub(super) fn file<'p>(&mut self, mut paths: impl Iterator<Item = &'p str> + Clone, bytes: &[u8], size: u64) {
        let Some(rules) = self.rules.clone().filter(|_| bytes.len() as u64 == size) else { return };
        let Some(path) = paths.next().filter(|path| !self.done.contains(*path)) else { return };
        self.done.insert(path.to_owned());
        self.done.extend(paths.map(str::to_owned));
        for matched in self.try_on(&rules, path, path, bytes) {
            let evidence = || in_file(&matched, path, bytes);
            self.found(&matched.rule.id, evidence);
        }
    }

    /// What the analysis decoded.
    pub(super) fn layers(&mut self, analysis: &mut Analysis) {
        let Some(rules) = self.rules.clone() else { return };
        for layer in analysis.layers() {
            let path = &layer.location.file;
            let shown = format!("{path} (what its line {} decodes)", layer.location.line);
            for matched in self.try_on(&rules, path, &shown, layer.text.as_bytes()) {
                let evidence = || in_layer(&matched, &layer);
                self.found(&matched.rule.id, evidence);
            }
        }
    }

    fn try_on<'r>(&mut self, rules: &'r Rules, path: &str, shown: &str, bytes: &[u8]) -> Vec<Matched<'r>> {
        let left = PACKAGE_TIME.saturating_sub(self.spent).min(FILE_TIME);
        if left.is_zero() {
            self.ran_out_of_time = true;
            let why = format!("the rules have taken {} seconds on other files of the package", PACKAGE_TIME.as_secs());
            self.untried.insert(shown.to_owned(), why);
            return Vec::new();
        }
        let start = Instant::now();
        let Trial { matched, cut } = rules.try_on(path, bytes, left);
        self.spent += start.elapsed();
        match cut {
            Some(Cut::Time) => {
                self.ran_out_of_time = true;
                let why = format!("the rules take longer than {} seconds on it", left.as_secs().max(1));
                self.untried.insert(shown.to_owned(), why);
            }
            Some(Cut::Matches(rule)) => {
                let why = format!("`{rule}` has strings that it holds more often than is counted");
                self.untried.insert(shown.to_owned(), why);
            }
            Some(Cut::Failed(why)) => {
                self.untried.insert(shown.to_owned(), why);
            }
            None => {}
        }
        matched
    }

    fn found(&mut self, rule: &str, evidence: impl FnOnce() -> Vec<Evidence>) {
        let found = self.matches.entry(rule.to_owned()).or_insert_with(|| YaraMatch {
            rule: rule.to_owned(),
            files: 0,
            evidence: Vec::new(),
        });
        found.files = found.files.saturating_add(1);
        if found.evidence.len() < MAX_EVIDENCE {
            found.evidence.extend(evidence());
            found.evidence.truncate(MAX_EVIDENCE);
        }
    }

    /// What came of it, once every file that could be had has come by.
    pub(super) fn finish<'f>(mut self, files: impl Iterator<Item = (&'f str, u64)>) -> Option<YaraFacts> {
        self.rules.as_ref()?;
        for (path, size) in files.filter(|(path, _)| !self.done.contains(*path)) {
            let why = match size > LARGEST_FILE {
                true => format!("{size} bytes are more than the limit of {LARGEST_FILE}"),
                false => "it could not be read, or not by the worker".to_owned(),
            };
            self.untried.insert(path.to_owned(), why);
        }
        let more = self.untried.len().saturating_sub(MAX_UNTRIED);
        let untried = self.untried.into_iter().take(MAX_UNTRIED);
        Some(YaraFacts {
            matches: self.matches.into_values().collect(),
            untried: untried.map(|(path, why)| Untried { path, why }).collect(),
            more_untried: u32::try_from(more).unwrap_or(u32::MAX),
            ran_out_of_time: self.ran_out_of_time,
        })
    }
}

/// The places of a match in a file of the package.
fn in_file(matched: &Matched<'_>, path: &str, bytes: &[u8]) -> Vec<Evidence> {
    if matched.hits.is_empty() {
        let note = "the condition of the rule holds of this file".to_owned();
        return vec![Evidence::File { location: Location::file(path), note }];
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return matched.hits.iter().map(|hit| in_binary(hit, path, bytes)).collect();
    };
    let index = LineIndex::new(text);
    let code = |hit: &Hit| {
        let span = span_of(hit);
        let (line, column) = index.position(span.start);
        let (excerpt, highlight) = excerpt(text, span);
        let location = Location { file: path.to_owned(), line, column, span };
        Evidence::Code { location, excerpt, highlight, layer: 0, note: note_of(hit) }
    };
    matched.hits.iter().map(code).collect()
}

fn in_binary(hit: &Hit, path: &str, bytes: &[u8]) -> Evidence {
    let end = hit.offset.saturating_add(hit.length.min(MAX_SHOWN));
    let shown = bytes.get(hit.offset..end).unwrap_or_default().escape_ascii();
    let note = format!("{} at byte {}: {shown}", note_of(hit), hit.offset);
    Evidence::File { location: Location { span: span_of(hit), ..Location::file(path) }, note }
}

/// The places of a match in decoded text; they stand for the shipped line that runs it.
fn in_layer(matched: &Matched<'_>, layer: &LayerText) -> Vec<Evidence> {
    let code = |span: Span, note: String| {
        let (excerpt, highlight) = excerpt(&layer.text, span);
        Evidence::Code { location: layer.location.clone(), excerpt, highlight, layer: layer.layer, note }
    };
    if matched.hits.is_empty() {
        return vec![code(Span::default(), "the condition of the rule holds of this decoded text".to_owned())];
    }
    matched.hits.iter().map(|hit| code(span_of(hit), note_of(hit))).collect()
}

fn note_of(hit: &Hit) -> String {
    format!("`{}` of the rule", hit.string)
}

fn span_of(hit: &Hit) -> Span {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span { start: offset(hit.offset), end: offset(hit.offset.saturating_add(hit.length)) }
}
