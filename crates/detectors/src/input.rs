//! What rules are given.

use crate::lineage::Lineage;
use vetch_model::advisory::{Advisory, Doubt, Usage};
use vetch_model::evidence::Location;
pub use vetch_model::facts::{ChangedFile, RecordDifference};
use vetch_model::facts::{InstalledDifference, PackageFacts};
use vetch_model::indicator::IndicatorHit;
use vetch_model::inventory::{Edge, Inventory, Package, PackageId};
use vetch_model::manifest::Manifest;
pub use vetch_names::{How, Lookalike};

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
    /// Python releases that have a `RECORD` of their files, beside what it says.
    pub recorded: Vec<Recorded<'a>>,
    /// Its place among the releases of its package, where its registry was asked.
    pub lineage: Option<&'a Lineage<'a>>,
    /// The release that it follows, where the contents of that are known.
    pub before: Option<Before<'a>>,
    /// What it asks for.
    pub dependencies: Vec<Asked<'a>>,
    /// What its name tells.
    pub name: NameFacts,
    /// What others know of it.
    pub intel: IntelFacts,
}

/// What threat intelligence says of a release, before anyone judges it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IntelFacts {
    /// The gravest first.
    pub advisories: Vec<Advisory>,
    /// Indicators that it meets, in the order in which it shows them.
    pub indicators: Vec<IndicatorHit>,
    /// Why the release may not be the package that they mean.
    pub doubt: Option<Doubt>,
    /// Whether the project's own code gets to it, where that is known.
    pub usage: Option<Usage>,
}

/// The release that another one follows.
#[derive(Debug, Clone, Copy)]
pub struct Before<'a> {
    /// Its version.
    pub version: &'a str,
    /// What its contents say.
    pub contents: &'a PackageFacts,
}

/// A package that the release asks for, as it is resolved.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    /// The name under which it is asked for.
    pub name: &'a str,
    /// Which one that is.
    pub package: &'a Package,
    /// Its contents, where known.
    pub contents: Option<&'a PackageFacts>,
    /// Its place among the releases of its package.
    pub lineage: Option<&'a Lineage<'a>>,
}

/// What the name of a release tells, before anyone judges it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameFacts {
    /// Popular packages that it may be mistaken for, the most likely first.
    pub lookalikes: Vec<Lookalike>,
    /// A popular package that asks for it: somebody else has looked at the name.
    pub asked_for_by: Option<String>,
    /// The name is internal, and this release is not known to be from a private registry.
    pub internal: Option<InternalRelease>,
}

/// A release under an internal name that a public registry serves or would serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InternalRelease {
    /// How the name is known to be internal.
    pub reason: InternalReason,
    /// The public host that the lockfile names; `None` if it names none and the settings lead to a public one.
    pub host: Option<String>,
    /// Versions of the same name that a private registry serves, in the same project.
    pub private_versions: Vec<String>,
}

/// How a name is known to be internal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InternalReason {
    /// The policy says so: the pattern and where it stands.
    Declared {
        /// As written.
        pattern: String,
        /// In the policy.
        location: Location,
    },
    /// Settings of the package manager tie the name or its scope to a private registry.
    Tied {
        /// That registry's host.
        host: String,
    },
    /// A private registry serves others of its scope, or the same name in another version.
    Served {
        /// That registry's host.
        host: String,
    },
}

impl InternalReason {
    /// Whether the user said so in as many words.
    pub fn is_declared(&self) -> bool {
        matches!(self, InternalReason::Declared { .. })
    }
}

/// One Python release beside its `RECORD`.
#[derive(Debug, Clone)]
pub struct Recorded<'a> {
    /// Its `.dist-info` folder, relative to the target.
    pub path: &'a str,
    /// Whether an installer wrote the record; otherwise it is the wheel's own.
    pub is_installed: bool,
    /// What differs.
    pub difference: &'a RecordDifference,
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
    /// The id of the format that it was read from: `package-lock`, `uv`, `node-modules`.
    pub format: &'a str,
    /// What the lockfile's reader noticed and did not judge.
    pub notes: Vec<Note<'a>>,
    /// Of an installed Python environment.
    pub environment: Option<&'a EnvironmentFacts>,
    /// Internal names that settings do not keep from a public registry.
    pub unbound: Vec<UnboundName>,
}

/// Internal packages that the package manager would ask a public registry for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnboundName {
    /// The scope, or the name where it has none.
    pub name: String,
    /// Where the policy says that it is internal.
    pub declared: Location,
    /// The packages' places in the inventory.
    pub packages: Vec<PackageId>,
    /// Who would be asked: a host.
    pub public: String,
    /// A private index that would be asked as well, and outbid by a higher version.
    pub beside: Option<String>,
}

/// What is odd about an installed Python environment as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EnvironmentFacts {
    /// The lockfiles that it was compared with; empty if there is none.
    pub lockfiles: Vec<String>,
    /// Installed in another version than any that is locked: which, the locked versions, where they are locked.
    pub differing: Vec<(PackageId, Vec<String>, Option<Location>)>,
    /// Installed and not locked.
    pub unlocked: Vec<PackageId>,
    /// Locked for every environment and not installed: label, and where it is locked.
    pub missing: Vec<(String, Option<Location>)>,
    /// What Python runs or heeds at every start and no installer recorded.
    pub startup: Vec<StartupFile>,
}

/// A file in `site-packages` that counts at every start of Python and that no `RECORD` lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartupFile {
    /// Where, with the line of the code in it.
    pub location: Location,
    /// What it does.
    pub kind: StartupKind,
    /// The line of code that is run, where it is one.
    pub line: String,
}

/// What a startup file does (<https://docs.python.org/3/library/site.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StartupKind {
    /// A `.pth` file that adds folders to the search path.
    Paths,
    /// virtualenv's own `.pth` file with its module, as virtualenv or uv wrote it.
    Virtualenv,
    /// A `.pth` file with lines that are run.
    Code,
    /// `sitecustomize` or `usercustomize`: imported at every start.
    Module,
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
