//! Partial success as a status: what could be read, and what could not.

use crate::evidence::Location;
use serde::{Deserialize, Serialize};

/// Something that was not checked, named, with the next step.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Incomplete {
    /// What was not checked: a file, an entry, an archive.
    pub what: String,
    /// Why not.
    pub why: String,
    /// What supplies it.
    pub hint: String,
    /// Where that stands, if anywhere.
    pub location: Option<Location>,
}

impl Incomplete {
    /// Names what is missing, why, and what to do about it.
    pub fn new(what: impl Into<String>, why: impl Into<String>, hint: impl Into<String>) -> Self {
        Incomplete { what: what.into(), why: why.into(), hint: hint.into(), location: None }
    }

    /// Adds the place.
    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        self.location = Some(location);
        self
    }
}

/// A value, and what is missing from it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome<T> {
    /// As much as could be had.
    pub value: T,
    /// What could not.
    pub incomplete: Vec<Incomplete>,
}

impl<T> Outcome<T> {
    /// A value from which nothing is missing.
    pub fn complete(value: T) -> Self {
        Outcome { value, incomplete: Vec::new() }
    }
}
