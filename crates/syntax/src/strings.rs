//! The table that gives each distinct string of a file one [`StrId`].

use std::hash::{BuildHasher, RandomState};

use crate::ir::{StrId, Strings};

/// Collects strings in order of first appearance.
///
/// An open-addressing table over the text arena: no allocation per string. The
/// hash is seeded per process, so that a hostile file cannot choose colliding
/// names; ids depend on the order of appearance alone.
pub(crate) struct Interner {
    strings: Strings,
    /// Upper half: hash; lower half: id + 1; 0: free. The length is a power of two.
    slots: Vec<u64>,
    seed: u64,
}

const FIRST: u64 = 0xa076_1d64_78bd_642f;
const SECOND: u64 = 0xe703_7ed1_a0b4_28db;

impl Interner {
    /// A table with room for about `expected` strings.
    pub(crate) fn new(seed: u64, expected: usize) -> Self {
        let slots = vec![0; (expected * 2).next_power_of_two().max(64)];
        Interner { strings: Strings::default(), slots, seed }
    }

    /// A seed that differs from run to run.
    pub(crate) fn random_seed() -> u64 {
        RandomState::new().hash_one(0u8)
    }

    /// The id of `text`.
    pub(crate) fn intern(&mut self, text: &str) -> StrId {
        if (self.strings.ends.len() + 1) * 2 > self.slots.len() {
            self.grow();
        }
        let hash = self.hash(text.as_bytes());
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot == 0 {
                return self.insert(at, hash, text);
            }
            let id = StrId((slot as u32) - 1);
            if slot >> 32 == hash >> 32 && self.strings.get(id) == text {
                return id;
            }
            at = (at + 1) & mask;
        }
    }

    /// The strings collected.
    pub(crate) fn finish(self) -> Strings {
        self.strings
    }

    fn insert(&mut self, at: usize, hash: u64, text: &str) -> StrId {
        let id = self.strings.ends.len() as u32;
        self.strings.text.push_str(text);
        self.strings.ends.push(self.strings.text.len() as u32);
        self.slots[at] = (hash >> 32 << 32) | u64::from(id + 1);
        StrId(id)
    }

    fn grow(&mut self) {
        let len = self.slots.len() * 2;
        let mut slots = vec![0u64; len];
        for id in 0..self.strings.ends.len() as u32 {
            let hash = self.hash(self.strings.get(StrId(id)).as_bytes());
            let mut at = hash as usize & (len - 1);
            while slots[at] != 0 {
                at = (at + 1) & (len - 1);
            }
            slots[at] = (hash >> 32 << 32) | u64::from(id + 1);
        }
        self.slots = slots;
    }

    fn hash(&self, bytes: &[u8]) -> u64 {
        let mut state = self.seed ^ bytes.len() as u64;
        let (words, tail) = bytes.as_chunks::<8>();
        for word in words {
            state = mix(state ^ u64::from_le_bytes(*word), FIRST);
        }
        let mut last = [0u8; 8];
        last[..tail.len()].copy_from_slice(tail);
        mix(state ^ u64::from_le_bytes(last), SECOND)
    }
}

fn mix(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    (product as u64) ^ ((product >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_strings_share_an_id_across_growth() {
        let mut interner = Interner::new(7, 0);
        let ids: Vec<_> = (0..5000).map(|n| interner.intern(&format!("name{n}"))).collect();
        let again: Vec<_> = (0..5000).map(|n| interner.intern(&format!("name{n}"))).collect();
        assert_eq!(ids, again);
        let strings = interner.finish();
        assert_eq!(strings.get(ids[4321]), "name4321");
        assert_eq!(strings.ends.len(), 5000);
    }

    #[test]
    fn ids_do_not_depend_on_the_seed() {
        let ids = |seed| {
            let mut interner = Interner::new(seed, 0);
            ["b", "", "a", "b", "ab"].map(|text| interner.intern(text).0)
        };
        assert_eq!(ids(1), [0, 1, 2, 0, 3]);
        assert_eq!(ids(1), ids(99));
    }
}
