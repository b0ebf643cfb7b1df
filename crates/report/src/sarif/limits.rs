//! What code scanning accepts, and the account of what was left out for it.

use crate::label::counted;

/// Results of a run.
pub(super) const MAX_RESULTS: usize = 25_000;

/// Rules of a run.
pub(super) const MAX_RULES: usize = 25_000;

/// Tags of a rule.
pub(super) const MAX_TAGS: usize = 20;

/// Related locations of a result; GitHub takes 1,000 locations and shows 100.
pub(super) const MAX_RELATED: usize = 20;

/// Notifications of a run, of one kind.
pub(super) const MAX_NOTIFICATIONS: usize = 500;

/// Characters of a message, a snippet, a purl or a path.
pub(super) const MAX_MESSAGE: usize = 1_000;

/// Bytes of results with all their evidence. The upload limit is 10 MB after
/// gzip, and hostile excerpts may not compress at all: nobody may push the other
/// results out by filling a log.
const FULL_BYTES: usize = 6_000_000;

/// Bytes of results altogether: beyond `FULL_BYTES` they carry no evidence. More
/// than the 5,000 results that are shown, and below the limit uncompressed.
const ALL_BYTES: usize = 9_500_000;

/// What was written, and what was not.
#[derive(Default)]
pub(super) struct Budget {
    bytes: usize,
    results: usize,
    pub(super) left_out: usize,
    pub(super) slimmed: usize,
    pub(super) related: usize,
}

impl Budget {
    /// Whether a result may still carry evidence.
    pub(super) fn full(&self) -> bool {
        self.bytes < FULL_BYTES
    }

    /// Whether a result may still be written at all.
    pub(super) fn open(&self) -> bool {
        self.results < MAX_RESULTS && self.bytes < ALL_BYTES
    }

    /// Accounts for a result of so many bytes.
    pub(super) fn spend(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.results += 1;
    }

    /// What was left out, in words.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let mut note = |number: usize, one: &str, many: &str| {
            if number > 0 {
                let text = counted(number, one, many);
                notes.push(format!(
                    "{text} left out to stay within the limits of code scanning; `vetch scan` shows all."
                ));
            }
        };
        note(self.left_out, "result was", "results were");
        note(self.slimmed, "result had its evidence", "results had their evidence");
        note(self.related, "related location was", "related locations were");
        notes
    }
}

/// At most `limit` characters.
pub(super) fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_said() {
        let mut budget = Budget::default();
        assert!(budget.notes().is_empty() && budget.full() && budget.open());
        budget.spend(FULL_BYTES);
        assert!(!budget.full() && budget.open());
        budget.spend(ALL_BYTES);
        assert!(!budget.open());
        budget.left_out = 2;
        assert!(budget.notes()[0].starts_with("2 results were left out"));
    }
}
