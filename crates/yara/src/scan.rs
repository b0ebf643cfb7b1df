//! The rules, tried on the bytes of one file.

use std::collections::BTreeSet;
use std::time::Duration;

use boreal::scanner::{CallbackEvents, EvaluatedRule, ScanCallbackResult, ScanError, ScanEvent, ScanParams};
use vetch_model::yara::YaraRule;

use crate::Rules;
use crate::compile::SYMBOLS;

/// Most matches of one string in one file: the ways to `incomplete` are few below it, and memory is bounded.
const MAX_MATCHES: u32 = 20_000;

/// Most matches of one rule in one file that are handed on.
const MAX_HITS: usize = 4;

/// What came of a trial.
#[derive(Debug, Default)]
pub struct Trial<'r> {
    /// The rules that matched, in their order.
    pub matched: Vec<Matched<'r>>,
    /// Why not every rule has an answer.
    pub cut: Option<Cut>,
}

/// A rule that matched.
#[derive(Debug)]
pub struct Matched<'r> {
    /// Which.
    pub rule: &'r YaraRule,
    /// Where its strings were found, by offset; empty if its condition holds without any.
    pub hits: Vec<Hit>,
}

/// A string of a rule, found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    /// Byte offset.
    pub offset: usize,
    /// In bytes.
    pub length: usize,
    /// What the rule calls the string, with `$`.
    pub string: String,
}

/// Why a trial has no full answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cut {
    /// The clock ended it.
    Time,
    /// Strings of this rule are in the file more often than is counted, and the rule may depend on how often.
    Matches(String),
    /// The engine gave up, for this reason.
    Failed(String),
}

impl Rules {
    /// Tries every rule on the bytes of a file. `time` ends it, if nothing else does.
    pub fn try_on(&self, path: &str, bytes: &[u8], time: Duration) -> Trial<'_> {
        let mut scanner = self.scanner.clone();
        let events = CallbackEvents::RULE_MATCH | CallbackEvents::STRING_REACHED_MATCH_LIMIT;
        let params = ScanParams::default()
            .compute_full_matches(true)
            .match_max_length(0)
            .string_max_nb_matches(MAX_MATCHES)
            .timeout_duration(Some(time))
            .callback_events(events);
        scanner.set_scan_params(params);
        for (symbol, value) in SYMBOLS.iter().zip(symbols(path)) {
            // They were defined when the rules were compiled, as text.
            let _defined = scanner.define_symbol(symbol, value);
        }
        let (mut found, mut limited) = (Vec::new(), BTreeSet::new());
        let done = scanner.scan_mem_with_callback(bytes, |event| {
            match event {
                ScanEvent::RuleMatch(rule) => {
                    found.extend(self.number(rule.namespace, rule.name).zip(Some(hits(&rule))))
                }
                ScanEvent::StringReachedMatchLimit(string) => {
                    limited.insert((string.rule_namespace.to_owned(), string.rule_name.to_owned()));
                }
                _ => {}
            }
            ScanCallbackResult::Continue
        });
        found.sort_by_key(|(number, _)| *number);
        // A rule that matched all the same needs no further count.
        let undecided = limited.into_iter().find(|(namespace, name)| {
            self.number(namespace, name).is_none_or(|number| !found.iter().any(|(other, _)| *other == number))
        });
        let cut = match done {
            Err(ScanError::Timeout) => Some(Cut::Time),
            Err(error) => Some(Cut::Failed(error.to_string())),
            Ok(()) => undecided.map(|(namespace, name)| Cut::Matches(format!("yara:{namespace}:{name}"))),
        };
        let matched =
            found.into_iter().filter_map(|(number, hits)| Some(Matched { rule: self.rules.get(number)?, hits }));
        Trial { matched: matched.collect(), cut }
    }

    fn number(&self, namespace: &str, name: &str) -> Option<usize> {
        self.index.get(&(namespace.to_owned(), name.to_owned())).copied()
    }
}

/// The first places of every string of a rule, by offset.
fn hits(rule: &EvaluatedRule<'_>) -> Vec<Hit> {
    let mut hits: Vec<Hit> = Vec::new();
    for string in &rule.matches {
        let firsts = string.matches.iter().take(MAX_HITS);
        hits.extend(firsts.map(|found| Hit {
            offset: found.base + found.offset,
            length: found.length,
            string: format!("${}", string.name),
        }));
    }
    hits.sort();
    hits.truncate(MAX_HITS);
    hits
}

/// Values of [`SYMBOLS`].
fn symbols(path: &str) -> [String; 3] {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    let extension = name.rsplit_once('.').map(|(_, extension)| format!(".{extension}")).unwrap_or_default();
    [name.to_owned(), path.to_owned(), extension]
}
