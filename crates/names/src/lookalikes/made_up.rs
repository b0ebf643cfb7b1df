//! Names that are made from a popular one: words added, versions, other ecosystems. All of them weak: honest
//! packages are named so every day.

use vetch_model::inventory::Ecosystem;

use super::{How, Lookalike, Names, place};
use crate::form::{letters, tokens};

/// Words that say nothing of what a package does, or only which language it is for.
const AFFIXES: &[&str] = &[
    "js",
    "ts",
    "node",
    "nodejs",
    "npm",
    "javascript",
    "typescript",
    "py",
    "py3",
    "python",
    "python3",
    "pip",
    "pypi",
    "cli",
    "sdk",
    "api",
    "core",
    "util",
    "utils",
    "tool",
    "tools",
    "lib",
    "libs",
    "library",
    "pkg",
    "package",
    "client",
    "server",
    "app",
    "dev",
    "beta",
    "next",
    "latest",
    "new",
    "pro",
    "plus",
    "lite",
    "mini",
    "official",
    "real",
    "the",
    "x",
    "v2",
    "helper",
    "helpers",
    "common",
    "base",
    "types",
    "config",
    "kit",
    "wrapper",
    "fork",
    "patched",
    "fix",
    "fixed",
    "secure",
    "safe",
    "fast",
    "simple",
    "easy",
    "modern",
    "legacy",
    "plain",
    "logger",
    "proxy",
    "validator",
    "internal",
    "private",
    "bin",
    "runtime",
    "plugin",
    "extra",
    "extras",
    "support",
    "async",
    "min",
];

/// A name of fewer letters is no brand.
const BRAND: usize = 5;
/// Only of so popular packages names are made up.
const POPULAR: u32 = 3_000;

impl Names {
    /// What an unlisted name without scope is made from.
    pub(super) fn of_making(&self, ecosystem: &Ecosystem, name: &str) -> Vec<Lookalike> {
        let mut found = Vec::new();
        found.extend(self.with_affix(ecosystem, name));
        found.extend(self.with_version(ecosystem, name));
        if *ecosystem == Ecosystem::Npm {
            found.extend(self.scope_in_name(name));
        }
        if found.is_empty() {
            found.extend(self.made_up(ecosystem, name));
        }
        found.extend(self.of_other_ecosystem(ecosystem, name));
        found
    }

    /// A popular package whose name is its own: no word that many names have.
    fn brand(&self, ecosystem: &Ecosystem, name: &str) -> Option<u32> {
        let id = self.listed(ecosystem, name).filter(|id| *id < POPULAR)?;
        let is_distinctive = letters(name) >= BRAND && tokens(name).any(|token| !self.words().is_common(token));
        is_distinctive.then_some(id)
    }

    fn with_affix(&self, ecosystem: &Ecosystem, name: &str) -> Option<Lookalike> {
        for affix in AFFIXES {
            // Before and behind, with or without something between.
            let behind = name.strip_suffix(affix).map(|rest| rest.trim_end_matches(['-', '_', '.']));
            let before = name.strip_prefix(affix).map(|rest| rest.trim_start_matches(['-', '_', '.']));
            for rest in [behind, before].into_iter().flatten() {
                let is_joined = rest.len() + affix.len() == name.len();
                // Short affixes without a separator are ends of words.
                if is_joined && affix.len() < 2 {
                    continue;
                }
                if let Some(id) = self.brand(ecosystem, rest) {
                    return Some(self.lookalike(ecosystem, id, How::Affix((*affix).to_owned()), false));
                }
            }
        }
        None
    }

    fn with_version(&self, ecosystem: &Ecosystem, name: &str) -> Option<Lookalike> {
        let bare = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        if bare.len() == name.len() {
            return None;
        }
        let bare = bare.strip_suffix("-v").unwrap_or(bare).trim_end_matches(['-', '_', '.']);
        let id = self.brand(ecosystem, bare)?;
        Some(self.lookalike(ecosystem, id, How::Version, false))
    }

    /// Two popular names or more and nothing but words of popular packages: what sounds as if it had to exist.
    fn made_up(&self, ecosystem: &Ecosystem, name: &str) -> Option<Lookalike> {
        let words: Vec<&str> = tokens(name).collect();
        if !(2..=5).contains(&words.len()) || !words.iter().all(|word| self.words().count(word) >= 3) {
            return None;
        }
        let mut brands = words.iter().filter_map(|word| self.brand(ecosystem, word));
        let (first, second) = (brands.next()?, brands.next()?);
        Some(self.lookalike(ecosystem, first.min(second), How::MadeUp, false))
    }

    /// A name that everybody knows from elsewhere.
    fn of_other_ecosystem(&self, ecosystem: &Ecosystem, name: &str) -> Option<Lookalike> {
        let other = if place(ecosystem) == 0 { Ecosystem::Pypi } else { Ecosystem::Npm };
        let id = self.brand(&other, name)?;
        Some(self.lookalike(&other, id, How::OtherEcosystem, false))
    }
}
