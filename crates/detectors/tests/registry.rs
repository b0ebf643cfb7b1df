//! What holds for every rule.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use vetch_detectors::all_rules;

mod page;

const SECTIONS: &[&str] = &[
    "What it means",
    "Why it matters",
    "Malicious example",
    "Benign twin",
    "When it is a false alarm",
    "What to do",
    "References",
];

fn rules_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules")
}

#[test]
fn ids_are_unique_kebab_case_noun_phrases() {
    let mut seen = BTreeSet::new();
    // Words that would make an id a sentence or a judgement instead of the name of a danger.
    let verbs = [
        "is",
        "has",
        "does",
        "uses",
        "reads",
        "writes",
        "runs",
        "detect",
        "detects",
        "check-for",
        "suspicious",
        "malicious",
    ];
    for rule in all_rules() {
        assert!(seen.insert(rule.id), "{} is there twice", rule.id);
        let kebab = rule
            .id
            .split('-')
            .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
        assert!(kebab, "{} is not kebab-case", rule.id);
        assert!(rule.id.split('-').all(|word| !verbs.contains(&word)), "{} is no noun phrase", rule.id);
        assert!(rule.id.contains('-') && rule.id.len() <= 40, "{} is too short or too long", rule.id);
    }
}

#[test]
fn every_file_is_registered_under_its_name_and_category() {
    let mut files = BTreeSet::new();
    for category in std::fs::read_dir(rules_folder()).expect("rules").flatten().filter(|entry| entry.path().is_dir()) {
        for file in std::fs::read_dir(category.path()).expect("a category").flatten() {
            let name = file.file_name().to_string_lossy().into_owned();
            let category = category.file_name().to_string_lossy().into_owned();
            let (stem, extension) = name.rsplit_once('.').expect("an extension");
            assert!(["rs", "md"].contains(&extension), "{category}/{name} is neither rule nor page");
            files.insert((category, stem.replace('_', "-"), extension.to_owned()));
        }
    }
    let registered: BTreeSet<(String, String, String)> = all_rules()
        .iter()
        .flat_map(|rule| {
            ["rs", "md"].map(|extension| (rule.category.to_string(), rule.id.to_owned(), extension.to_owned()))
        })
        .collect();
    assert_eq!(files, registered);
}

#[test]
fn every_page_has_its_sections_and_both_examples() {
    for rule in all_rules() {
        let headings: Vec<&str> = rule.doc.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(headings, SECTIONS, "{}", rule.id);
        assert_eq!(rule.doc.lines().next(), Some(format!("# {}", rule.id).as_str()));
        for section in rule.doc.split("\n## ").skip(1) {
            let (heading, text) = section.split_once('\n').expect("a section with text");
            assert!(text.trim().len() > 20, "{}: `{heading}` says nothing", rule.id);
        }
        let examples = page::examples(rule.id, rule.id, rule.doc).expect("examples that can be read");
        assert!(
            examples.iter().any(|example| example.expected.as_ref().is_some_and(|(id, _)| id == rule.id)),
            "{}: no malicious example",
            rule.id
        );
        assert!(examples.iter().any(|example| example.expected.is_none()), "{}: no benign twin", rule.id);
    }
}

#[test]
fn summaries_remedies_and_techniques_are_usable() {
    for rule in all_rules() {
        assert!((10..=100).contains(&rule.summary.len()), "{}: summary has {} bytes", rule.id, rule.summary.len());
        assert!(
            !rule.summary.ends_with('.') && rule.summary.starts_with(char::is_uppercase),
            "{}: {}",
            rule.id,
            rule.summary
        );
        assert!(rule.remedy.len() > 20, "{}: no remedy", rule.id);
        assert!(!rule.techniques.is_empty(), "{}: no technique", rule.id);
        for technique in rule.techniques {
            assert!(is_technique(technique), "{}: {technique}", rule.id);
            assert!(rule.doc.contains(technique), "{}: the page does not refer to {technique}", rule.id);
        }
    }
}

/// `T1059` or `T1059.007`.
fn is_technique(id: &str) -> bool {
    let Some(number) = id.strip_prefix('T') else { return false };
    let (technique, sub) = number.split_once('.').unwrap_or((number, "001"));
    let digits = |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(technique, 4) && digits(sub, 3)
}
