//! Was published in an unusual way and brings something unusual.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "hijacked-release",
    summary: "Was published in an unusual way and brings something unusual",
    category: Category::Release,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    techniques: &["T1078", "T1195.002"],
    remedy: CONTAIN,
    doc: include_str!("hijacked_release.md"),
};

use crate::lineage::{
    Sign, capabilities_appeared, contents_removed, injected_dependencies, install_script_appeared, manifest_mismatch,
    obfuscation_appeared, publishing_signs, size_jump, terms_changed,
};

/// How the release was published, and what it brings, have to be odd at once.
pub(crate) fn check(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>) {
    let (how, what) = (how(facts), what(facts));
    let strong = |signs: &[Sign]| signs.iter().filter(|sign| sign.is_strong).count();
    let (strong_how, strong_what) = (strong(&how), strong(&what));
    let grade = match (strong_how, how.len(), strong_what, what.len()) {
        (1.., _, 1.., _) => HARMFUL,
        (0, 2.., 1.., _) | (_, 1.., 2.., _) => ALARMING,
        (0, 1, 1, _) | (2.., _, 0, 1..) => DOUBTFUL,
        (0, 0, 2.., _) => DOUBTFUL,
        _ => return,
    };
    let mut signs = [how, what].concat();
    // Stable: how it was published comes first, as it is read.
    signs.sort_by_key(|sign| std::cmp::Reverse(sign.is_strong));
    let words: Vec<&str> = signs.iter().map(|sign| sign.words.as_str()).collect();
    let title = format!("{} {}", facts.package.label(), list(&words));
    report(out, &META, grade, title, signs.iter().flat_map(|sign| sign.evidence.first().cloned()).collect());
}

fn how(facts: &ReleaseFacts<'_>) -> Vec<Sign> {
    let Some(lineage) = facts.lineage else { return Vec::new() };
    let mut signs = publishing_signs(lineage, &facts.package.ecosystem);
    signs.extend(terms_changed(facts));
    signs
}

fn what(facts: &ReleaseFacts<'_>) -> Vec<Sign> {
    let injected = injected_dependencies(facts).into_iter().map(|injected| Sign {
        words: format!("brings {}, which {}", injected.name, injected.words.join(" and ")),
        evidence: injected.evidence,
        is_strong: injected.is_strong,
    });
    let signs = [
        install_script_appeared(facts),
        capabilities_appeared(facts),
        obfuscation_appeared(facts),
        manifest_mismatch(facts),
        contents_removed(facts),
        size_jump(facts),
    ];
    injected.chain(signs.into_iter().flatten()).collect()
}
