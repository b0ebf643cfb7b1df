//! What rules are given.

use vetch_model::evidence::Location;
use vetch_model::facts::{InstalledDifference, PackageFacts};
use vetch_model::inventory::{Edge, Inventory, Package};
use vetch_model::manifest::Manifest;

/// One release, with everything that is known of it.
#[derive(Debug, Clone)]
pub struct ReleaseFacts<'a> {
    /// Its entry in the inventory.
    pub package: &'a Package,
    /// What its contents say; `None` if they could not be had.
    pub contents: Option<&'a PackageFacts>,
    /// Whether `contents` are those of the archive that the lockfile's integrity names
    /// (as opposed to the installed folder's).
    pub contents_are_locked: bool,
    /// Where it is installed, and how that differs from what was locked.
    pub installed: Vec<InstalledCopy<'a>>,
    /// Who asks for it.
    pub dependents: Vec<Dependent<'a>>,
    /// Bytes offered for it that are not those of the locked integrity.
    pub mismatches: Vec<Mismatch<'a>>,
}

/// One installed folder of the release.
#[derive(Debug, Clone)]
pub struct InstalledCopy<'a> {
    /// Relative to the target.
    pub path: &'a str,
    /// Its `package.json`, where readable.
    pub manifest: Option<&'a Manifest>,
    /// Facts of the installed contents, where they were analysed.
    pub contents: Option<&'a PackageFacts>,
    /// File by file against the archive of the locked integrity; `None` where no archive was at hand.
    pub difference: Option<&'a InstalledDifference>,
    /// A patch that the project keeps for this package (`patches/name+version.patch`), relative to the target.
    pub patch: Option<&'a str>,
}

/// A package that asks for the release.
#[derive(Debug, Clone)]
pub struct Dependent<'a> {
    /// Who.
    pub package: &'a Package,
    /// How.
    pub edge: &'a Edge,
    /// The dependent's contents, where known: they say whether it imports the release.
    pub contents: Option<&'a PackageFacts>,
}

/// Bytes that were offered as the release and do not hash to what the lockfile says.
#[derive(Debug, Clone)]
pub struct Mismatch<'a> {
    /// Who offered them: a registry's URL, an archive's path.
    pub source: &'a str,
    /// The integrity that the lockfile names.
    pub expected: &'a str,
    /// The integrity of the bytes.
    pub found: &'a str,
}

/// One target: its inventory, and what its reader noticed.
#[derive(Debug, Clone)]
pub struct TargetFacts<'a> {
    /// Packages and edges.
    pub inventory: &'a Inventory,
    /// What the lockfile's reader noticed and did not judge.
    pub notes: Vec<Note<'a>>,
}

/// Something that a reader noticed. Loosely typed on purpose: readers add kinds without touching rules.
#[derive(Debug, Clone)]
pub struct Note<'a> {
    /// The reader's id for it, kebab-case.
    pub kind: &'a str,
    /// The field of the lockfile that it is about.
    pub field: &'a str,
    /// What stands there.
    pub found: &'a str,
    /// What should, where the reader knows.
    pub expected: Option<&'a str>,
    /// Where.
    pub location: &'a Location,
}
