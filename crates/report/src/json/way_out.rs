//! The public types of what to do about a bad release: whether the project gets to it, and where to go from it.

use schemars::JsonSchema;
use serde::Serialize;

/// Whether the project's own code gets to a release, by imports, scripts and commands.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Usage {
    /// It does; false: nothing that is known does, and everything on the way is known.
    pub imported: bool,
    /// The first import on the way, in a file of the project's own; null if there is none.
    pub file: Option<String>,
    /// 1-based; 0 if the whole file is meant, or there is none.
    pub line: u32,
    /// The packages on the way, the release itself at the end.
    pub through: Vec<String>,
}

/// Where to go from a bad release.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WayOut {
    /// Ids of the advisories and rules that speak against it.
    pub because: Vec<String>,
    /// The nearest version that nothing known speaks against; null if none may be taken.
    pub version: Option<String>,
    /// Whether every range that lets the bad release in takes that version, too.
    pub in_ranges: bool,
    /// When that version was published, RFC 3339; null where it is not known.
    pub published: Option<String>,
    /// Ids of advisories that hold for that version as well.
    pub still: Vec<String>,
    /// Nearer versions that are not taken, the nearest first.
    pub passed_over: Vec<PassedOver>,
}

/// A version that is not taken.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PassedOver {
    /// Which.
    pub version: String,
    /// Why.
    pub why: String,
}
