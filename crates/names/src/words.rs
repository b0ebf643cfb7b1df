//! Which tokens are words of their own: they stand in names of several popular packages.

use rustc_hash::FxHashMap;

use crate::form::tokens;
use crate::index::wide_hash;
use crate::list::Lists;

/// How many names hold each token, by a hash of it: a word too many once in a million lists harms nobody.
#[derive(Debug, Default)]
pub(crate) struct Words(FxHashMap<u64, u32>);

/// A token of so many names is a word and not somebody's slip.
const WORD: u32 = 2;

/// A token of so many names says what a package is about, not whose it is.
const COMMON: u32 = 40;

impl Words {
    /// Of all names of all ecosystems.
    pub(crate) fn new(lists: &Lists) -> Words {
        let mut words = FxHashMap::default();
        words.reserve(lists.npm.len() + lists.pypi.len());
        for token in lists.npm.iter().chain(&lists.pypi).flat_map(|name| tokens(name)) {
            let count: &mut u32 = words.entry(wide_hash(token)).or_default();
            *count = count.saturating_add(1);
        }
        Words(words)
    }

    /// How many names hold it.
    pub(crate) fn count(&self, token: &str) -> u32 {
        self.0.get(&wide_hash(token)).copied().unwrap_or(0)
    }

    /// Whether it is a word, also in the plural or with a version behind it. Numbers are.
    pub(crate) fn knows(&self, token: &str) -> bool {
        let bare = token.trim_end_matches(|c: char| c.is_ascii_digit());
        bare.is_empty()
            || [token, bare, bare.strip_suffix('s').unwrap_or(bare)].iter().any(|word| self.count(word) >= WORD)
    }

    /// Whether it says what a package is about rather than whose it is.
    pub(crate) fn is_common(&self, token: &str) -> bool {
        self.count(token) >= COMMON
    }
}
