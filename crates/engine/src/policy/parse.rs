//! `vetch.toml` → [`Policy`]. Strict: what is not understood is an error with its place,
//! and every mistake of the file is reported at once.

use std::collections::BTreeSet;
use std::str::FromStr;

use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use vetch_model::document::DocumentSettings;
use vetch_model::{ContentHash, Purl, Severity, Verdict};

use super::cooldown::MOST_DAYS;
use super::glob::Glob;
use super::internal_name::InternalName;
use super::problem::{PolicyError, Problem, Shown, position};
use super::suggest::nearest;
use super::{Cooldown, Exception, Paths, Policy, Setting};

/// Problems listed; a file with more is not worth more lines.
const MOST_PROBLEMS: usize = 20;

const TOP_KEYS: &[&str] = &[
    "fail-on",
    "allow-incomplete",
    "rules",
    "yara",
    "severity",
    "unimported-vulnerabilities",
    "names",
    "cooldown",
    "documents",
    "exception",
];
const NAMES_KEYS: &[&str] = &["internal"];
const COOLDOWN_KEYS: &[&str] = &["days", "packages"];
const EXCEPTION_KEYS: &[&str] = &["rule", "package", "path", "content-hash", "reason", "expires"];

/// Levels that can fail a scan.
pub(super) const LEVELS: &[Verdict] = &[Verdict::Malicious, Verdict::Suspicious, Verdict::Incomplete, Verdict::Notable];

/// Most paths of rules of one kind.
const MOST_PATHS: usize = 32;

/// Parses a policy. `file` names it in errors; `rules` are the ids that exist, if that is known already.
pub(super) fn parse(file: &str, text: &str, rules: Option<&BTreeSet<&str>>) -> Result<Policy, PolicyError> {
    let (policy, mut problems) = read(text, rules);
    if problems.is_empty() {
        return Ok(policy);
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
    problems.truncate(MOST_PROBLEMS);
    Err(PolicyError::Invalid { file: file.to_owned(), problems })
}

/// What a policy says, as far as it is understood: [`parse`] tells what is wrong with it, once all rules are known.
pub(super) fn understood(text: &str) -> Policy {
    read(text, None).0
}

fn read(text: &str, rules: Option<&BTreeSet<&str>>) -> (Policy, Vec<Problem>) {
    let document = match DeTable::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let (line, column) = position(text, error.span().map_or(0, |span| span.start));
            return (Policy::default(), vec![Problem { line, column, message: one_line(error.message()) }]);
        }
    };
    let mut reader = Reader { text, rules, problems: Vec::new() };
    (reader.policy(document.get_ref()), reader.problems)
}

/// The parser's message; only ours may span lines.
fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

struct Reader<'a> {
    text: &'a str,
    rules: Option<&'a BTreeSet<&'a str>>,
    problems: Vec<Problem>,
}

type Value<'i> = Spanned<DeValue<'i>>;

impl Reader<'_> {
    fn problem(&mut self, offset: usize, message: String) {
        let (line, column) = position(self.text, offset);
        self.problems.push(Problem { line, column, message });
    }

    fn line(&self, offset: usize) -> u32 {
        position(self.text, offset).0
    }

    fn expected(&mut self, value: &Value<'_>, what: &str) {
        let message = format!("expected {what}, found {}", with_article(value.get_ref().type_str()));
        self.problem(value.span().start, message);
    }

    fn policy(&mut self, table: &DeTable<'_>) -> Policy {
        let mut policy = Policy::default();
        for (key, value) in table {
            let line = self.line(key.span().start);
            match key.get_ref().as_ref() {
                "fail-on" => policy.fail_on = self.level(value).map(|value| Setting { value, line }),
                "allow-incomplete" => {
                    policy.allow_incomplete = self.boolean(value).map(|value| Setting { value, line })
                }
                "rules" => policy.rules = self.paths(value).map(|value| Setting { value, line }),
                "yara" => policy.yara = self.paths(value).map(|value| Setting { value, line }),
                "severity" => self.severities(value, &mut policy),
                "unimported-vulnerabilities" => {
                    let severities = Severity::ALL.iter().map(|severity| (severity.as_str(), *severity));
                    policy.unimported = self.word(value, "severity", severities).map(|value| Setting { value, line });
                }
                "names" => self.names(value, &mut policy),
                "cooldown" => policy.cooldown = self.cooldown(value).map(|value| Setting { value, line }),
                "documents" => self.documents(value, &mut policy),
                "exception" => self.exceptions(value, &mut policy),
                other => self.unknown_key(key.span().start, other, TOP_KEYS),
            }
        }
        policy
    }

    fn unknown_key(&mut self, offset: usize, key: &str, known: &[&str]) {
        let message = match nearest(key, known.iter().copied()) {
            Some(meant) => format!("unknown key {}; did you mean `{meant}`?", Shown(key)),
            None => format!("unknown key {}; known here: {}", Shown(key), known.join(", ")),
        };
        self.problem(offset, message);
    }

    fn level(&mut self, value: &Value<'_>) -> Option<Verdict> {
        self.word(value, "level", LEVELS.iter().map(|level| (level.as_str(), *level)))
    }

    fn boolean(&mut self, value: &Value<'_>) -> Option<bool> {
        let found = value.get_ref().as_bool();
        if found.is_none() {
            self.expected(value, "true or false");
        }
        found
    }

    /// Paths of rules: below the folder of the file, whatever the file says.
    fn paths(&mut self, value: &Value<'_>) -> Option<Paths> {
        let Some(array) = value.get_ref().as_array() else {
            self.expected(value, "a list of paths, such as [\"security/rules\"]");
            return None;
        };
        if array.len() > MOST_PATHS {
            self.problem(
                value.span().start,
                format!("more than {MOST_PATHS} paths; name a folder that holds them all"),
            );
            return None;
        }
        let mut paths = Vec::new();
        for entry in array.iter() {
            let text = self.string(entry, "a path")?;
            match plain(text) {
                Some(path) => paths.push(path),
                None => {
                    let message =
                        format!("{} leads out of the folder of this file; rules lie in it or below", Shown(text));
                    self.problem(entry.span().start, message);
                    return None;
                }
            }
        }
        Some(Paths(paths))
    }

    /// One of a few words.
    fn word<T: Copy>(
        &mut self,
        value: &Value<'_>,
        what: &str,
        known: impl Iterator<Item = (&'static str, T)>,
    ) -> Option<T> {
        let known: Vec<(&str, T)> = known.collect();
        let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
        let text = self.string(value, &format!("one of {}", words.join(", ")))?;
        let found = known.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let advice = match nearest(text, words.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("known are {}", words.join(", ")),
            };
            self.problem(value.span().start, format!("unknown {what} {}; {advice}", Shown(text)));
        }
        found
    }

    fn string<'v>(&mut self, value: &'v Value<'_>, what: &str) -> Option<&'v str> {
        let found = value.get_ref().as_str();
        if found.is_none() {
            self.expected(value, what);
        }
        found
    }

    fn severities(&mut self, value: &Value<'_>, policy: &mut Policy) {
        let Some(table) = value.get_ref().as_table() else {
            return self.expected(value, "a table of rule ids and severities");
        };
        for (rule, value) in table {
            let offset = rule.span().start;
            let known = self.known_rule(offset, rule.get_ref());
            let severities = Severity::ALL.iter().map(|severity| (severity.as_str(), *severity));
            if let (Some(value), true) = (self.word(value, "severity", severities), known) {
                let line = self.line(offset);
                policy.severity.insert(rule.get_ref().as_ref().to_owned(), Setting { value, line });
            }
        }
    }

    fn names(&mut self, value: &Value<'_>, policy: &mut Policy) {
        let Some(table) = value.get_ref().as_table() else {
            return self.expected(value, "a table, written as [names]");
        };
        for (key, value) in table {
            match (key.get_ref().as_ref(), value.get_ref().as_array()) {
                ("internal", Some(patterns)) => {
                    policy.internal = patterns.iter().filter_map(|pattern| self.internal_name(pattern)).collect();
                }
                ("internal", None) => self.expected(value, "a list of patterns of names, such as [\"@acme/*\"]"),
                (other, _) => self.unknown_key(key.span().start, other, NAMES_KEYS),
            }
        }
    }

    fn internal_name(&mut self, value: &Value<'_>) -> Option<InternalName> {
        let text = self.string(value, "a pattern of names, such as \"@acme/*\"")?;
        let start = value.span().start;
        InternalName::parse(text, self.line(start)).map_err(|reason| self.problem(start, reason.to_owned())).ok()
    }

    fn cooldown(&mut self, value: &Value<'_>) -> Option<Cooldown> {
        let Some(table) = value.get_ref().as_table() else {
            self.expected(value, "a table, written as [cooldown]");
            return None;
        };
        let mut cooldown = Cooldown::default();
        for (key, value) in table {
            match (key.get_ref().as_ref(), value.get_ref().as_table()) {
                ("days", _) => cooldown.days = self.days(value)?,
                ("packages", Some(packages)) => {
                    for (name, days) in packages {
                        let start = name.span().start;
                        let pattern = InternalName::parse(name.get_ref(), self.line(start));
                        let pattern = pattern.map_err(|reason| self.problem(start, reason.to_owned())).ok();
                        cooldown.packages.extend(pattern.zip(self.days(days)));
                    }
                }
                ("packages", None) => {
                    self.expected(value, "a table of patterns of names and days, such as \"@acme/*\" = 0")
                }
                (other, _) => self.unknown_key(key.span().start, other, COOLDOWN_KEYS),
            }
        }
        Some(cooldown)
    }

    fn documents(&mut self, value: &Value<'_>, policy: &mut Policy) {
        let Some(table) = value.get_ref().as_table() else {
            return self.expected(value, "a table, written as [documents]");
        };
        for (key, value) in table {
            let (start, name) = (key.span().start, key.get_ref().as_ref());
            if !DocumentSettings::KEYS.contains(&name) {
                self.unknown_key(start, name, DocumentSettings::KEYS);
            } else if let Some(text) = self.string(value, "a text")
                && let Err(why) = policy.documents.set(name, text)
            {
                self.problem(value.span().start, why);
            }
        }
    }

    fn days(&mut self, value: &Value<'_>) -> Option<i64> {
        let days = value.get_ref().as_integer().and_then(|days| i64::from_str_radix(days.as_str(), days.radix()).ok());
        let days = days.filter(|days| (0..=MOST_DAYS).contains(days));
        if days.is_none() {
            self.expected(value, "a number of days, such as 7");
        }
        days
    }

    fn known_rule(&mut self, offset: usize, rule: &str) -> bool {
        let Some(rules) = self.rules else { return true };
        let known = rules.contains(rule);
        if !known {
            let advice = match nearest(rule, rules.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "`vetch rules list` shows them".to_owned(),
            };
            self.problem(offset, format!("unknown rule {}; {advice}", Shown(rule)));
        }
        known
    }

    fn exceptions(&mut self, value: &Value<'_>, policy: &mut Policy) {
        let Some(array) = value.get_ref().as_array() else {
            return self.expected(value, "a list of tables, each written as [[exception]]");
        };
        for entry in array.iter() {
            match entry.get_ref().as_table() {
                Some(table) => policy.exceptions.extend(self.exception(entry.span().start, table)),
                None => self.expected(entry, "a table"),
            }
        }
    }

    fn exception(&mut self, start: usize, table: &DeTable<'_>) -> Option<Exception> {
        for key in table.keys().filter(|key| !EXCEPTION_KEYS.contains(&key.get_ref().as_ref())) {
            self.unknown_key(key.span().start, key.get_ref(), EXCEPTION_KEYS);
        }
        let rule = self.required(start, table, "rule", "the id of the rule", Self::rule);
        let package = self.required(start, table, "package", "the purl of the release", Self::package);
        let hash = "the content hash of what was looked at";
        let content_hash = self.required(start, table, "content-hash", hash, Self::content_hash);
        let reason = self.required(start, table, "reason", "why it is accepted", Self::reason);
        let expires = self.required(start, table, "expires", "the day it ends", Self::date);
        let path = match table.get("path") {
            Some(value) => Some(self.glob(value)?),
            None => None,
        };
        Some(Exception {
            rule: rule?,
            package: package?,
            path,
            content_hash: content_hash?,
            reason: reason?,
            expires: expires?,
            line: self.line(start),
        })
    }

    fn required<T>(
        &mut self,
        start: usize,
        table: &DeTable<'_>,
        key: &str,
        what: &str,
        read: fn(&mut Self, &Value<'_>) -> Option<T>,
    ) -> Option<T> {
        match table.get(key) {
            Some(value) => read(self, value),
            None => {
                self.problem(start, format!("this exception has no `{key}`: {what}"));
                None
            }
        }
    }

    fn rule(&mut self, value: &Value<'_>) -> Option<String> {
        let rule = self.string(value, "the id of a rule")?;
        self.known_rule(value.span().start, rule).then(|| rule.to_owned())
    }

    fn package(&mut self, value: &Value<'_>) -> Option<Purl> {
        let text = self.string(value, "a purl such as \"pkg:npm/name@1.2.3\"")?;
        match Purl::from_str(text) {
            Ok(purl) => Some(purl),
            Err(_) => {
                let message = format!("{} is not a purl; write it as `pkg:npm/name@1.2.3`", Shown(text));
                self.problem(value.span().start, message);
                None
            }
        }
    }

    fn content_hash(&mut self, value: &Value<'_>) -> Option<ContentHash> {
        let text = self.string(value, "\"blake3:\" and 64 hexadecimal digits")?;
        let hash = text.strip_prefix("blake3:").and_then(from_hex);
        if hash.is_none() {
            let message = format!(
                "{} is not a content hash; copy the `content_hash` of the release from the report",
                Shown(text)
            );
            self.problem(value.span().start, message);
        }
        hash.map(ContentHash)
    }

    fn reason(&mut self, value: &Value<'_>) -> Option<String> {
        let text = self.string(value, "a sentence")?.trim();
        if text.is_empty() {
            self.problem(value.span().start, "the reason is empty: say why this is accepted".to_owned());
            return None;
        }
        Some(text.to_owned())
    }

    fn date(&mut self, value: &Value<'_>) -> Option<Date> {
        let found = match value.get_ref().as_datetime() {
            Some(toml::value::Datetime { date: Some(date), time: None, offset: None }) => {
                let parts = (i16::try_from(date.year), i8::try_from(date.month), i8::try_from(date.day));
                match parts {
                    (Ok(year), Ok(month), Ok(day)) => Date::new(year, month, day).ok(),
                    _ => None,
                }
            }
            _ => None,
        };
        if found.is_none() {
            self.problem(value.span().start, "expected a date without quotes, such as 2027-01-31".to_owned());
        }
        found
    }

    fn glob(&mut self, value: &Value<'_>) -> Option<Glob> {
        let text = self.string(value, "a glob within the package, such as \"lib/**\"")?;
        Glob::parse(text).map_err(|reason| self.problem(value.span().start, reason.to_owned())).ok()
    }
}

/// A relative path without `.` and `..`, in plain form; empty for the folder itself.
fn plain(path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains(['\\', '\0', ':']) {
        return None;
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    (!parts.contains(&"..")).then(|| parts.join("/"))
}

/// 64 lower-case hexadecimal digits.
fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(bytes)
}

fn with_article(kind: &str) -> String {
    let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {kind}")
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
