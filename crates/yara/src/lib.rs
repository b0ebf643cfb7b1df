//! The user's YARA rules, compiled and tried on bytes.
//!
//! Both the rules and the bytes may be hostile, so all of this happens in a worker process: [`Rules::compile`] once, then
//! [`Rules::try_on`] for each file. What boreal does not bound by itself is bounded here: how many files may include each
//! other, and how long one scan may take. Modules whose answers depend on the clock are not offered.

mod compile;
mod include;
mod meta;
mod scan;

use std::collections::HashMap;

use boreal::Scanner;
use serde::{Deserialize, Serialize};
use vetch_model::yara::YaraRule;

pub use scan::{Cut, Hit, Matched, Trial};

/// The engine behind this crate; changes whenever the same rules could match other bytes.
pub const ENGINE: &str = "boreal 1.4";

/// A file of rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// As messages name it; `/` between its parts.
    pub shown: String,
    /// Where it lies in its folder: what includes are looked up by, and what its rules are called by. Sources that may
    /// include each other have the same `root`.
    pub path: String,
    /// Which folder that is.
    pub root: u32,
    /// Its contents.
    pub bytes: Vec<u8>,
}

/// Something that is wrong with a file of rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// [`Source::shown`].
    pub file: String,
    /// 1-based; 0 if the file as a whole is meant.
    pub line: u32,
    /// What is wrong, and what to do.
    pub message: String,
}

/// Compiled rules.
pub struct Rules {
    scanner: Scanner,
    /// Those that can be reported: all but private ones.
    rules: Vec<YaraRule>,
    /// By namespace and name: an index into `rules`.
    index: HashMap<(String, String), usize>,
}

impl Rules {
    /// Every rule that can match, in the order of files and of rules in them.
    pub fn rules(&self) -> &[YaraRule] {
        &self.rules
    }
}

#[cfg(test)]
mod tests;
