//! `vetch.lock`: what every release that a project depends on may do, and when.
//!
//! The lock pins less than a [`Profile`]: a path by its class, not by its name, and nothing of the
//! decoding layer, so that an ordinary new version of a package says nothing new. Code that nothing
//! reaches and code that only tests reach are left out: they do not run in a project that depends
//! on the package, and would show as new once they did.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use crate::capability::{Capability, CapabilityId, Resource, Trigger, UnknownId, stable_ids};
use crate::profile::Profile;
use crate::purl::Purl;

/// The name of the file.
pub const FILE_NAME: &str = "vetch.lock";

/// The version of the format.
pub const FORMAT_VERSION: i64 = 1;

/// Longest resource written, in bytes; of a longer one its beginning and its length, which
/// tell most changes, and the digest of all of it, which tells every one.
const MAX_RESOURCE: usize = 200;

/// The triggers that a lock knows: what can run in a project that depends on the package.
pub const LOCKED_TRIGGERS: [Trigger; 4] = [Trigger::Install, Trigger::Import, Trigger::Bin, Trigger::Call];

/// The releases of one project, each with what it may do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BehaviourLock {
    /// The version of the analysis that derived the profiles.
    pub analysis: String,
    /// One entry for each release.
    pub releases: BTreeMap<Purl, LockedRelease>,
}

/// What one release may do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockedRelease {
    /// What its archives hash to, as the project's lockfile has it; without one, the content hash.
    pub integrity: BTreeSet<String>,
    /// How much of the release its profile speaks for.
    pub coverage: Coverage,
    /// What it may do.
    pub capabilities: BTreeSet<LockedCapability>,
}

stable_ids! {
    /// How much of a release its profile speaks for.
    Coverage {
        /// All of it.
        Complete = "complete",
        /// Something that could run was not understood: there may be capabilities that are not listed.
        Incomplete = "incomplete",
        /// Its contents were not looked at: nothing is known.
        Unavailable = "unavailable",
    }
}

impl Default for Coverage {
    /// What was not looked at is not known.
    fn default() -> Self {
        Coverage::Unavailable
    }
}

/// One thing that a release may do, at one trigger.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LockedCapability {
    /// When.
    pub trigger: Trigger,
    /// What.
    pub id: CapabilityId,
    /// To what, as the vocabulary writes it; `None` if the capability has no resource.
    pub resource: Option<String>,
}

impl LockedCapability {
    /// What a lock keeps of a capability; `None` if its trigger is none that counts.
    pub fn of(capability: &Capability) -> Option<LockedCapability> {
        let resource = match &capability.resource {
            Resource::None => None,
            Resource::Path { class, .. } => Some(class.as_str().to_owned()),
            other => Some(shortened(other.to_string())),
        };
        let counts = LOCKED_TRIGGERS.contains(&capability.trigger);
        counts.then_some(LockedCapability { trigger: capability.trigger, id: capability.id, resource })
    }

    /// Everything that a lock keeps of a profile.
    pub fn all(profile: &Profile) -> BTreeSet<LockedCapability> {
        profile.capabilities.iter().filter_map(LockedCapability::of).collect()
    }

    /// Reads `id` or `id(resource)`.
    ///
    /// # Errors
    /// When the id is none of the vocabulary.
    pub fn parse(trigger: Trigger, text: &str) -> Result<LockedCapability, UnknownId> {
        let inner = text.strip_suffix(')').and_then(|head| head.split_once('('));
        let (id, resource) = inner.map_or((text, None), |(id, resource)| (id, Some(resource.to_owned())));
        Ok(LockedCapability { trigger, id: CapabilityId::from_str(id)?, resource })
    }
}

impl fmt::Display for LockedCapability {
    /// `id(resource)`, as flows and reports write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.resource {
            Some(resource) => write!(f, "{}({resource})", self.id),
            None => f.write_str(self.id.as_str()),
        }
    }
}

/// What differs between a folder's lock and what is there now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockCheck {
    /// Releases that have something new, or whose entry is not there, by purl.
    pub changes: Vec<Change>,
    /// Releases that are not here any more, by purl.
    pub removed: Vec<Purl>,
    /// Whether the lock is, byte for byte of its meaning, what would be written now.
    pub is_current: bool,
    /// The lock was written by another version of the analysis, which may have seen less.
    pub other_analysis: bool,
}

/// What is new of one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub purl: Purl,
    /// What the lock knows of it.
    pub standing: Standing,
    /// What it can do and the lock does not have.
    pub gained: BTreeSet<LockedCapability>,
    /// What the same version hashed to, and hashes to now, if that differs.
    pub integrity: Option<(BTreeSet<String>, BTreeSet<String>)>,
    /// How much of it is known.
    pub coverage: Coverage,
}

/// What the lock knows of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It has this version.
    SameVersion,
    /// It has these other versions of the package.
    OtherVersion(Vec<Purl>),
    /// It has no version of the package.
    NewPackage,
}

impl Change {
    /// Whether the check fails for it.
    pub fn is_failing(&self) -> bool {
        !self.gained.is_empty() || self.integrity.is_some()
    }
}

impl LockCheck {
    /// Whether the check fails.
    pub fn is_failing(&self) -> bool {
        self.changes.iter().any(Change::is_failing)
    }
}

fn shortened(mut text: String) -> String {
    if text.len() <= MAX_RESOURCE {
        return text;
    }
    let whole = (text.len(), fingerprint(text.as_bytes()));
    text.truncate(text.floor_char_boundary(MAX_RESOURCE));
    format!("{text}… {} bytes, {:016x}", whole.0, whole.1)
}

/// FNV-1a, 64 bit (RFC 9923). It tells honest changes of a long command apart; that two texts of one
/// release agree in it and in their beginning is no way around the lock, whose integrity changes.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capability::{Attributes, PathClass};
    use crate::evidence::{Evidence, Location};

    fn capability(id: CapabilityId, resource: Resource, trigger: Trigger) -> Capability {
        let evidence = Evidence::File { location: Location::file("index.js"), note: String::new() };
        Capability { id, resource, attributes: Attributes::default(), trigger, layer: 0, evidence }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let path = Resource::Path { class: PathClass::Credentials, path: Some("~/.npmrc".to_owned()) };
        for (id, resource, text) in [
            (CapabilityId::FsRead, path, "fs.read(credentials)"),
            (CapabilityId::EnvEnumerate, Resource::None, "env.enumerate"),
            (CapabilityId::NetConnect, Resource::Any, "net.connect(*)"),
            (CapabilityId::ProcessSpawn, Resource::Named("sh -c \"(a)\"".to_owned()), "process.spawn(sh -c \"(a)\")"),
        ] {
            let locked = LockedCapability::of(&capability(id, resource, Trigger::Import)).unwrap();
            assert_eq!(locked.to_string(), text);
            assert_eq!(LockedCapability::parse(Trigger::Import, text), Ok(locked));
        }
        assert!(LockedCapability::parse(Trigger::Import, "net.teleport(x)").is_err());
    }

    #[test]
    fn what_does_not_run_is_not_locked() {
        for trigger in [Trigger::Test, Trigger::Unreached] {
            assert_eq!(LockedCapability::of(&capability(CapabilityId::FsRead, Resource::Any, trigger)), None);
        }
    }

    #[test]
    fn long_resources_are_cut_and_still_told_apart() {
        let of = |tail: &str| {
            let command = Resource::Named(format!("{}{tail}", "é".repeat(5_000)));
            LockedCapability::of(&capability(CapabilityId::ProcessSpawn, command, Trigger::Install)).unwrap()
        };
        assert!(of("a").to_string().len() < 300);
        assert_ne!(of("a"), of("b"));
    }
}
