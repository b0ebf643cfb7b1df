//! Versions and ranges of npm, to the letter of node-semver 7: what `npm install`
//! would make of them, oddities included.
//!
//! Grammar and desugaring: <https://github.com/npm/node-semver#ranges>. Written
//! for Vetch rather than taken from a crate, since those at hand differ from
//! node-semver in loose texts, x-ranges, prereleases and limits. The golden file
//! `tests/golden/npm.tsv` holds what node-semver itself answers.

mod desugar;
mod range;
mod syntax;
mod version;

pub use range::{Comparator, Operator, Range, max_satisfying, satisfies};
pub use version::{Identifier, Version};

/// The longest version, in UTF-16 units: node-semver's `MAX_LENGTH`.
pub const MAX_VERSION: usize = 256;

/// The longest range that is read, in bytes. node-semver has no limit; npm's own
/// ranges stay below 1 KiB.
pub const MAX_RANGE: usize = 64 * 1024;

/// The largest major, minor or patch number: JavaScript's `Number.MAX_SAFE_INTEGER`.
pub const MAX_NUMBER: u64 = (1 << 53) - 1;

/// How a range is read. By default strict, and prereleases only where asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Forgives `=v1.2.3`, `1.2.3beta`, leading zeros, and parts of a range that mean nothing.
    /// npm reads the ranges of manifests and lockfiles like this.
    pub loose: bool,
    /// Lets a prerelease in wherever its place in the order falls within the range.
    pub include_prerelease: bool,
}

impl Options {
    /// As npm reads ranges: loose, prereleases only where asked for.
    pub const NPM: Options = Options { loose: true, include_prerelease: false };
}
