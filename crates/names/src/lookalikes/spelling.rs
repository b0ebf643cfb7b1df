//! Names that are spelt like a popular one: looks, slips, separators, order of words.

use vetch_model::inventory::Ecosystem;

use super::{How, Lookalike, Names};
use crate::distance::Slip;
use crate::form::{letters, tokens};

impl Names {
    /// What an unlisted name without scope is spelt like.
    pub(super) fn of_spelling(&self, ecosystem: &Ecosystem, name: &str) -> Vec<Lookalike> {
        let (names, near) = (self.names(ecosystem), self.near(ecosystem));
        let mut found = Vec::new();
        if let Some(id) = near.same_looks(names, name) {
            let is_strong = !name.is_ascii() || self.is_slip_of(name, &names[id as usize], id, Slip::Lookalike);
            found.push(self.lookalike(ecosystem, id, How::Looks, is_strong));
        }
        if let Some(id) = near.same_letters(names, name) {
            // Registries have long refused new names of this kind, so what there is is old, or of a private one.
            let is_strong = letters(name) >= 7 && id < 1_000 && !self.is_joined_words(name, &names[id as usize]);
            found.push(self.lookalike(ecosystem, id, How::Separators, is_strong));
        }
        for (id, slip) in near.one_slip(names, name) {
            let is_strong = self.is_slip_of(name, &names[id as usize], id, slip);
            found.push(self.lookalike(ecosystem, id, How::Slip(slip), is_strong));
        }
        if let Some(id) = near.same_words(names, name) {
            found.push(self.lookalike(ecosystem, id, How::WordOrder, false));
        }
        if found.is_empty() {
            for id in near.two_slips(names, name) {
                let is_strong = self.is_slip_of(name, &names[id as usize], id, Slip::Two);
                found.push(self.lookalike(ecosystem, id, How::Slip(Slip::Two), is_strong));
            }
        }
        found
    }

    /// Whether the name is more likely a slip of the target's than a name of its own: what differs is no word, and
    /// long enough that few other names are as near.
    fn is_slip_of(&self, name: &str, target: &str, id: u32, slip: Slip) -> bool {
        let (own, others): (Vec<&str>, Vec<&str>) = (tokens(name).collect(), tokens(target).collect());
        if own.len() != others.len() || !is_popular(name, id) {
            return false;
        }
        let shortest = match slip {
            Slip::Lookalike | Slip::Swapped => 4,
            Slip::Repeated | Slip::NeighbouringKey | Slip::Omitted => 5,
            Slip::FlippedBit | Slip::Added => 6,
            Slip::Replaced => 7,
            Slip::Two => 9,
        };
        own.iter().zip(&others).filter(|(a, b)| a != b).all(|(token, meant)| {
            let is_derived = differs_by_digits(token, meant) || differs_by_intent(token, meant, slip);
            meant.len() >= shortest && !is_derived && !self.words().knows(token)
        })
    }

    /// Whether the name separates words that the target joins, or the other way round, and all are words.
    fn is_joined_words(&self, name: &str, target: &str) -> bool {
        tokens(name).chain(tokens(target)).all(|token| self.words().knows(token))
    }
}

/// Whether the target is so popular that others live off its name: the shorter the name, the more so.
fn is_popular(name: &str, id: u32) -> bool {
    let most = match letters(name) {
        0..=5 => 500,
        6..=7 => 2_000,
        8..=9 => 4_000,
        _ => 8_000,
    };
    id < most
}

/// Fingers slip in the middle of words. Who names a variant after the original puts a letter before it, behind it, or
/// in place of its first or last (`grequests`, `tensorboardx`, `ujson` after `ijson`).
fn differs_by_intent(token: &str, meant: &str, slip: Slip) -> bool {
    let (first, last) = (|text: &str| text.bytes().next(), |text: &str| text.bytes().next_back());
    let (first, last) = (first(token) != first(meant), last(token) != last(meant));
    match slip {
        Slip::Lookalike | Slip::Swapped | Slip::Repeated => false,
        Slip::Omitted => first,
        Slip::NeighbouringKey | Slip::FlippedBit | Slip::Added | Slip::Replaced | Slip::Two => first || last,
    }
}

/// Names that differ by numbers are versions or sizes of one thing.
fn differs_by_digits(token: &str, meant: &str) -> bool {
    let without = |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    without(token) == without(meant)
}
