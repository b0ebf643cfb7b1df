//! What the author of a rule says of it.

use boreal::scanner::RuleDetails;
use boreal::{MetadataValue, Scanner};
use vetch_model::finding::{Confidence, Severity};
use vetch_model::yara::YaraRule;

use crate::Source;

/// Longest text kept of one entry, in characters.
const LONGEST: usize = 300;

/// Most entries kept of one rule.
const MOST: usize = 32;

/// A meta entry's value.
enum Said {
    Number(i64),
    Text(String),
}

impl Said {
    fn shown(&self) -> String {
        match self {
            Said::Number(number) => number.to_string(),
            Said::Text(text) => text.clone(),
        }
    }
}

/// A rule as reports know it.
pub(crate) fn describe(scanner: &Scanner, rule: &RuleDetails<'_>, file: &Source) -> YaraRule {
    let entries: Vec<(String, Said)> = rule
        .metadatas
        .iter()
        .take(MOST)
        .map(|entry| {
            let said = match entry.value {
                MetadataValue::Bytes(bytes) => {
                    Said::Text(one_line(&String::from_utf8_lossy(scanner.get_bytes_symbol(bytes))))
                }
                MetadataValue::Integer(number) => Said::Number(number),
                MetadataValue::Boolean(truth) => Said::Text(truth.to_string()),
            };
            (one_line(scanner.get_string_symbol(entry.name)), said)
        })
        .collect();
    let said = |name: &str| entries.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, said)| said);
    let summary = match said("description").map(Said::shown).filter(|text| !text.is_empty()) {
        Some(text) => text,
        None => format!("matches the YARA rule {}", rule.name),
    };
    let severity = said("severity").and_then(severity).or_else(|| said("score").and_then(severity));
    let tags: Vec<&str> = rule.tags.iter().take(MOST).map(|tag| scanner.get_string_symbol(*tag)).collect();
    let tags = (!tags.is_empty()).then(|| ("tags".to_owned(), tags.join(", ")));
    YaraRule {
        id: format!("yara:{}:{}", rule.namespace, rule.name),
        file: file.shown.clone(),
        root: file.root,
        summary,
        severity: severity.unwrap_or(Severity::High),
        confidence: said("confidence").and_then(confidence).unwrap_or(Confidence::Medium),
        meta: tags.into_iter().chain(entries.iter().map(|(name, said)| (name.clone(), said.shown()))).collect(),
    }
}

/// A word of ours, or a number from 0 to 100.
fn severity(said: &Said) -> Option<Severity> {
    match said {
        Said::Text(text) => match text.trim().parse::<i64>() {
            Ok(number) => severity(&Said::Number(number)),
            Err(_) => text.trim().to_ascii_lowercase().parse().ok(),
        },
        Said::Number(90..=100) => Some(Severity::Critical),
        Said::Number(70..90) => Some(Severity::High),
        Said::Number(40..70) => Some(Severity::Medium),
        Said::Number(1..40) => Some(Severity::Low),
        Said::Number(0) => Some(Severity::Info),
        Said::Number(_) => None,
    }
}

fn confidence(said: &Said) -> Option<Confidence> {
    match said {
        Said::Text(text) => match text.trim().parse::<i64>() {
            Ok(number) => confidence(&Said::Number(number)),
            Err(_) => text.trim().to_ascii_lowercase().parse().ok(),
        },
        Said::Number(70..=100) => Some(Confidence::High),
        Said::Number(40..70) => Some(Confidence::Medium),
        Said::Number(0..40) => Some(Confidence::Low),
        Said::Number(_) => None,
    }
}

/// Without anything that could act on a screen, and not for pages.
fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}
