//! The history of a package: every release that its registry has or had, when it came, who published
//! it and how, what it declared. Facts only; what is odd about them is for rules to say.
//!
//! Accounts and declarations recur from release to release, so that a release holds indices into
//! tables of the history: a package of two thousand releases takes a few hundred kilobytes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::capability::stable_ids;

/// A moment: seconds since 1970-01-01T00:00:00Z, as registries tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Time(pub i64);

impl Time {
    /// Seconds from `earlier` to here; negative if `earlier` is later.
    pub fn since(self, earlier: Time) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Seconds of a day.
pub const DAY: i64 = 86_400;

/// Everything known of one package's releases.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// The package, as the registry writes it.
    pub name: String,
    /// The registry that told it, without secrets.
    pub registry: String,
    /// When the name was first published.
    pub created: Option<Time>,
    /// Every release, in the registry's order; those that it no longer has are marked.
    pub releases: Vec<HistoricRelease>,
    /// Accounts that releases refer to.
    pub accounts: Vec<Account>,
    /// Declarations that releases refer to.
    pub declarations: Vec<Declaration>,
    /// `latest` and the like, with the version that each names.
    pub tags: BTreeMap<String, String>,
    /// What became of tags while we looked.
    pub moved_tags: Vec<MovedTag>,
    /// The project's state, where the registry tells one (PEP 792): `quarantined`, `archived`.
    pub status: Option<String>,
    /// Signals that this registry strips or falsifies: nothing may be concluded from them.
    pub unavailable: BTreeSet<SignalSource>,
    /// Entries of the registry's document that could not be read, in words.
    pub problems: Vec<String>,
}

/// One release, as its registry tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoricRelease {
    /// As written.
    pub version: String,
    /// When it was published: of several files the first.
    pub published: Option<Time>,
    /// Who published it: an index into [`History::accounts`].
    pub publisher: Option<u32>,
    /// Who could publish then: indices into [`History::accounts`].
    pub maintainers: Vec<u32>,
    /// How it was published.
    pub channel: Channel,
    /// Whether attestations of its origin came with it.
    pub has_provenance: bool,
    /// The commit that it says it was made of.
    pub commit: Option<String>,
    /// What its files hash to, as lockfiles write it; sorted.
    pub digests: Vec<String>,
    /// Where its archive lies, where the registry says so.
    pub url: Option<String>,
    /// Files in its archive.
    pub files: Option<u64>,
    /// Their size in bytes, unpacked; for PyPI the size of the largest archive.
    pub bytes: Option<u64>,
    /// What it declares: an index into [`History::declarations`].
    pub declaration: Option<u32>,
    /// Why it is deprecated or yanked; an empty text if it is, without a reason.
    pub deprecated: Option<String>,
    /// What the registry did with it since we first saw it.
    pub fate: Fate,
}

impl HistoricRelease {
    /// Whether its registry still has it as it was, and has nothing against it.
    pub fn is_standing(&self) -> bool {
        self.fate.withdrawn.is_none() && self.fate.republished.is_none() && self.deprecated.is_none()
    }
}

/// How a release was published.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Channel {
    /// Not told.
    #[default]
    Unknown,
    /// By an account, with a token or a password.
    Account,
    /// By a trusted publisher: a workflow that proved who it is (OpenID Connect).
    Trusted {
        /// `github`, `gitlab`, …
        provider: String,
        /// The configuration, by the registry's id.
        configuration: String,
    },
}

/// Somebody who publishes or may publish.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Account {
    /// The account's name.
    pub name: String,
    /// Its address, where the registry tells it.
    pub email: String,
}

/// What a release says of itself in the registry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declaration {
    /// What installing it brings along, optional ones among them: name and range.
    pub dependencies: BTreeMap<String, String>,
    /// Scripts that run when it is installed: event and line.
    pub install_scripts: BTreeMap<String, String>,
    /// Whether the registry says that something runs when it is installed.
    pub has_install_script: bool,
    /// Its licence.
    pub license: Option<String>,
    /// Its repository.
    pub repository: Option<String>,
    /// Its page.
    pub homepage: Option<String>,
    /// What it is, in its own words.
    pub description: Option<String>,
    /// Its author, as text.
    pub author: Option<String>,
}

/// A tag that named a later release before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MovedTag {
    /// `latest`, …
    pub tag: String,
    /// What it named.
    pub from: String,
    /// What it names since; `None` if it is gone.
    pub to: Option<String>,
    /// When that was noticed.
    pub noticed: Time,
}

/// What a registry did with a release since it was first seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fate {
    /// When it was first seen here.
    pub first_seen: Option<Time>,
    /// When it was noticed that the registry no longer has it.
    pub withdrawn: Option<Time>,
    /// When it was noticed that the registry has it again, or with other bytes.
    pub republished: Option<Time>,
    /// Digests that it had before and has no longer.
    pub former_digests: Vec<String>,
}

stable_ids! {
    /// Where a signal about releases comes from.
    SignalSource {
        /// When releases were published.
        Times = "publish times",
        /// Who published them.
        Publishers = "publishers",
        /// Who may publish.
        Maintainers = "maintainers",
        /// Attestations and trusted publishing.
        Provenance = "provenance",
        /// Commits.
        Commits = "commits",
        /// Tags other than `latest`.
        Tags = "dist-tags",
        /// Manifests.
        Manifests = "manifests of releases",
    }
}

impl History {
    /// The release of this version, as written.
    pub fn release(&self, version: &str) -> Option<&HistoricRelease> {
        self.releases.iter().find(|release| release.version == version)
    }

    /// What was known at that moment: later releases had not come, and nothing was taken back later.
    #[must_use]
    pub fn as_of(mut self, moment: Time) -> History {
        self.releases.retain(|release| release.published.is_none_or(|published| published <= moment));
        let is_later = |time: &Option<Time>| time.is_some_and(|time| time > moment);
        for release in &mut self.releases {
            let fate = &mut release.fate;
            if is_later(&fate.withdrawn) {
                fate.withdrawn = None;
            }
            if is_later(&fate.republished) {
                (fate.republished, fate.former_digests) = (None, Vec::new());
            }
        }
        self.moved_tags.retain(|moved| moved.noticed <= moment);
        self
    }

    /// Whether this kind of signal can be relied on.
    pub fn tells(&self, source: SignalSource) -> bool {
        !self.unavailable.contains(&source)
    }

    /// The account of an index.
    pub fn account(&self, index: u32) -> Option<&Account> {
        self.accounts.get(index as usize)
    }

    /// Who published a release.
    pub fn publisher(&self, release: &HistoricRelease) -> Option<&Account> {
        self.account(release.publisher?)
    }

    /// What a release declares.
    pub fn declaration(&self, release: &HistoricRelease) -> Option<&Declaration> {
        self.declarations.get(release.declaration? as usize)
    }

    /// The index of an account, which is added if it is new.
    pub fn add_account(&mut self, account: Account) -> u32 {
        add(&mut self.accounts, account)
    }

    /// The index of a declaration, which is added if it is new.
    pub fn add_declaration(&mut self, declaration: Declaration) -> u32 {
        add(&mut self.declarations, declaration)
    }
}

/// Neighbours declare the same, so that looking from the end finds most at once; how far it looks is bounded.
fn add<T: PartialEq>(table: &mut Vec<T>, item: T) -> u32 {
    const LOOKED_AT: usize = 64;
    let known = table.iter().rposition(|known| *known == item).filter(|at| table.len() - at <= LOOKED_AT);
    let index = known.unwrap_or_else(|| {
        table.push(item);
        table.len() - 1
    });
    u32::try_from(index).unwrap_or(u32::MAX)
}
