//! Findings of the user's YARA rules: what matched, as the rule itself grades it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use vetch_model::evidence::Evidence;
use vetch_model::facts::PackageFacts;
use vetch_model::finding::{Category, Finding};
use vetch_model::rule::RuleMeta;
use vetch_model::yara::{MAX_EVIDENCE, YaraMatch, YaraRule};

use crate::input::ReleaseFacts;

const REMEDY: &str = "Look at the lines that matched; ask whoever keeps this rule what it means.";

/// What reports know of a rule; it lives as long as the process, which reads its rules once.
pub fn meta_of(rule: &YaraRule) -> &'static RuleMeta {
    let text = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let mut doc = format!("{}.\n\nA YARA rule of yours, in `{}`.\n", rule.summary.trim_end_matches('.'), rule.file);
    if !rule.meta.is_empty() {
        doc.push_str("\n## What its author says\n\n");
    }
    for (name, value) in &rule.meta {
        let _ = writeln!(doc, "- {name}: {value}");
    }
    let _ = write!(doc, "\n## What to do\n\n{REMEDY}\n");
    Box::leak(Box::new(RuleMeta {
        id: text(rule.id.clone()),
        summary: text(rule.summary.clone()),
        category: Category::Policy,
        severity: rule.severity,
        confidence: rule.confidence,
        techniques: &[],
        remedy: REMEDY,
        doc: text(doc),
    }))
}

/// A finding for each rule that matched, in the release or in an installed copy that differs from it.
pub fn check(rules: &BTreeMap<&'static str, &'static RuleMeta>, release: &ReleaseFacts<'_>) -> Vec<Finding> {
    let mut found: BTreeMap<&'static str, (&'static RuleMeta, u32, Vec<Evidence>)> = BTreeMap::new();
    for matched in distinct(release).flat_map(matches) {
        let Some(meta) = rules.get(matched.rule.as_str()) else { continue };
        let entry = found.entry(meta.id).or_insert_with(|| (meta, 0, Vec::new()));
        entry.1 = entry.1.max(matched.files);
        entry.2.extend(
            matched.evidence.iter().filter(|evidence| !entry.2.contains(evidence)).cloned().collect::<Vec<_>>(),
        );
    }
    let finding = |(meta, files, evidence): (&'static RuleMeta, u32, Vec<Evidence>)| {
        let mut evidence = evidence.into_iter().take(MAX_EVIDENCE);
        let more = if files > 1 { format!(" ({files} files)") } else { String::new() };
        let title = format!("{}: {}{more}", release.package.label(), meta.summary);
        Some(Finding::new(meta, title, evidence.next()?).with_evidence(evidence))
    };
    found.into_values().filter_map(finding).collect()
}

/// The release's contents, and those of installed copies that are others.
fn distinct<'a>(release: &'a ReleaseFacts<'a>) -> impl Iterator<Item = &'a PackageFacts> {
    let first = release.contents;
    let copies = release.installed.iter().filter_map(|copy| copy.contents);
    let others = copies.filter(move |copy| first.is_none_or(|first| first.content_hash != copy.content_hash));
    first.into_iter().chain(others)
}

fn matches(contents: &PackageFacts) -> &[YaraMatch] {
    contents.yara.as_ref().map(|yara| yara.matches.as_slice()).unwrap_or_default()
}
