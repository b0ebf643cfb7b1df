//! The way out of a release that is known or found to be bad: which version to go to, and why not a nearer one.

use crate::history::Time;

/// Where to go from a bad release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WayOut {
    /// The release does harm, rather than having a weakness.
    pub is_malicious: bool,
    /// Ids of the advisories and rules that speak against the release, the gravest first.
    pub because: Vec<String>,
    /// The nearest version that nothing known speaks against; `None` if there is none that may be taken.
    pub to: Option<Good>,
    /// Nearer versions that are not taken, with the reason, the nearest first.
    pub passed_over: Vec<(String, String)>,
}

/// A version to go to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Good {
    /// As its registry writes it.
    pub version: String,
    /// Whether every range that lets the bad release in lets this one in, too.
    pub is_in_ranges: bool,
    /// When it was published, where that is known.
    pub published: Option<Time>,
    /// What its archives hash to, as lockfiles write it.
    pub digests: Vec<String>,
    /// Where its archive lies, where the registry says so.
    pub url: Option<String>,
    /// It is known to ask for the same packages and to run the same scripts as the release that is left.
    pub asks_for_the_same: bool,
    /// Ids of advisories that hold for it as well: the version with the fewest is taken where none has none.
    pub still: Vec<String>,
}

/// Versions named in words.
const MAX_NAMED: usize = 3;

impl WayOut {
    /// In one line, where there is anything to say.
    pub fn told(&self) -> Option<String> {
        (self.to.is_some() || !self.passed_over.is_empty()).then(|| self.words())
    }

    /// In one line.
    pub fn words(&self) -> String {
        let passed = self.passed_over.iter().take(MAX_NAMED).map(|(version, why)| format!("not {version}: {why}"));
        let mut parts: Vec<String> = Vec::new();
        match &self.to {
            Some(good) if good.is_in_ranges => parts.push(format!("{}, which all declared ranges take", good.version)),
            Some(good) => parts.push(format!("{}, which not all declared ranges take", good.version)),
            None => parts.push("no version that may be taken is known".to_owned()),
        }
        if let Some(good) = self.to.as_ref().filter(|good| !good.still.is_empty()) {
            parts.push(format!("still {}", good.still.join(", ")));
        }
        parts.extend(passed);
        if self.passed_over.len() > MAX_NAMED {
            parts.push(format!("nor {} more", self.passed_over.len() - MAX_NAMED));
        }
        parts.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_say_where_to_and_why_not_nearer() {
        let good = Good { version: "1.14.0".to_owned(), is_in_ranges: true, ..Good::default() };
        let passed_over = vec![("1.14.2".to_owned(), "held back until 2026-04-08".to_owned())];
        let way = WayOut { to: Some(good), passed_over, ..WayOut::default() };
        assert_eq!(way.words(), "1.14.0, which all declared ranges take; not 1.14.2: held back until 2026-04-08");
        assert_eq!(WayOut::default().words(), "no version that may be taken is known");
    }
}
