//! What a reader could not read, told one by one up to a number and then only counted.

use vetch_model::evidence::Location;
use vetch_model::outcome::Incomplete;

use crate::error::short;

/// Most parts told one by one.
const MAX: usize = 10_000;

/// The parts that could not be read.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    told: Vec<Incomplete>,
    more: usize,
}

impl Gaps {
    /// `what` could not be read, for the reason `why`.
    pub(crate) fn tell(&mut self, what: &str, why: impl Into<String>, hint: &str, location: Location) {
        if self.told.len() >= MAX {
            self.more += 1;
            return;
        }
        let what = format!("{} in {}", short(what), location.file);
        self.told.push(Incomplete::new(what, why, hint).at(location));
    }

    /// Something that is already told as it should be.
    pub(crate) fn push(&mut self, incomplete: Incomplete) {
        if self.told.len() < MAX { self.told.push(incomplete) } else { self.more += 1 }
    }

    /// Everything told; the last one counts the rest.
    pub(crate) fn finish(mut self, file: &str, hint: &str) -> Vec<Incomplete> {
        if self.more > 0 {
            let why = format!("{} more of its parts could not be read", self.more);
            self.told.push(Incomplete::new(file, why, hint).at(Location::file(file)));
        }
        self.told
    }
}
