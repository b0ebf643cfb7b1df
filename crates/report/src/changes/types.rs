//! The public types of `vetch.release-diff/1`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::json::types::{Capability, Evidence, Flow, Incomplete, Release, Tool};

/// What changed between two releases.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReleaseDiff {
    /// `vetch.release-diff/1`.
    pub schema: &'static str,
    /// Who wrote it.
    pub tool: Tool,
    /// The old release: purl or file.
    pub old: String,
    /// The new one, as a scan tells of it: with verdict, findings and profile.
    pub release: Release,
    /// What differs; null if the contents of one could not be had.
    pub change: Option<ChangedContents>,
    /// What was not checked of either.
    pub incomplete: Vec<Incomplete>,
    /// What the registry tells of how both were published; null if it was not asked.
    pub publishing: Option<Publishing>,
}

/// Differences of contents.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ChangedContents {
    /// Capabilities that appeared.
    pub gained: Vec<Capability>,
    /// Capabilities that vanished.
    pub lost: Vec<Capability>,
    /// Flows that appeared.
    pub flows: Vec<Flow>,
    /// Install commands that appeared or changed.
    pub install_commands: Vec<Command>,
    /// Install commands that vanished.
    pub former_install_commands: Vec<Command>,
    /// Dependencies that were added, removed or asked for otherwise.
    pub dependencies: Vec<ChangedField>,
    /// Packages that the code newly imports.
    pub imports: Vec<String>,
    /// How files look that did not before.
    pub signals: Vec<LookOf>,
    /// Decoded layers, before and now.
    pub layers: [usize; 2],
    /// Files, before and now.
    pub files: [u32; 2],
    /// Bytes, before and now.
    pub bytes: [u64; 2],
    /// Source files that are newly run or loaded.
    pub reached_files: Vec<String>,
    /// Files that differ, of those that are read whole: code, manifests, what they run or load. Sorted by path.
    pub changed_files: Vec<ChangedFile>,
    /// Manifest fields that differ.
    pub fields: Vec<ChangedField>,
}

/// A file that differs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ChangedFile {
    /// Path within the package.
    pub path: String,
    /// Its size before, in bytes; null if it is new.
    pub before: Option<u64>,
    /// Its size now; null if it is gone.
    pub now: Option<u64>,
}

/// A command that runs at install.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Command {
    /// `preinstall`, `postinstall`, `setup.py`, …
    pub event: String,
    /// The line.
    pub command: String,
}

/// Something that has another value than before.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ChangedField {
    /// Which.
    pub name: String,
    /// Before; null if it was not there.
    pub before: Option<String>,
    /// Now; null if it is not there.
    pub now: Option<String>,
}

/// How a file looks.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LookOf {
    /// `mangled-names`, `native-binary`, …
    pub kind: &'static str,
    /// Where.
    pub evidence: Evidence,
}

/// How two releases were published.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Publishing {
    /// The registry.
    pub registry: String,
    /// The old one; null if the registry does not know it.
    pub old: Option<PublishedRelease>,
    /// The new one.
    pub new: PublishedRelease,
    /// Signals that this registry does not tell, or not as they were.
    pub unavailable: Vec<&'static str>,
}

/// How a release was published.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PublishedRelease {
    /// Its version.
    pub version: String,
    /// When (RFC 3339).
    pub published: Option<String>,
    /// The account.
    pub publisher: Option<String>,
    /// Whether a trusted publisher (OpenID Connect) did.
    pub trusted: bool,
    /// Whether attestations of its origin came with it.
    pub provenance: bool,
    /// The commit that it names.
    pub commit: Option<String>,
}
