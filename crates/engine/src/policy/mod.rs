//! The user's policy, `vetch.toml`: what fails a scan, how severe a rule is, and
//! which findings are excepted.
//!
//! An exception names the rule, the package, **the content hash** and the day it
//! ends, so it never excuses other bytes than those somebody looked at. The file
//! is part of the project and so as hostile as the project: it is parsed strictly,
//! never expands the environment, and [`PolicyOptions::revision`] takes it from a
//! revision that the change under review cannot edit.
//!
//! ```toml
//! fail-on = "suspicious"
//! allow-incomplete = false
//! rules = ["security/rules"]
//! yara = ["security/yara"]
//!
//! [severity]
//! "install-time-network" = "low"
//!
//! [names]
//! internal = ["@acme/*", "acme-*"]
//!
//! [cooldown]
//! days = 7
//!
//! [documents]
//! name = "Acme"
//! namespace = "https://acme.example"
//!
//! [[exception]]
//! rule = "install-time-network"
//! package = "pkg:npm/name@1.2.3"
//! path = "lib/**"
//! content-hash = "blake3:…"
//! reason = "fetches its prebuilt binary; read by us on 2026-11-02"
//! expires = 2027-01-01
//! ```
//!
//! [`Policies::load`] → [`Policies::session`] → [`Session::apply`] per release →
//! [`Session::finish`], and [`judge`] for the exit status.

mod apply;
mod changes;
pub mod cooldown;
pub mod gate;
mod glob;
mod internal_name;
mod load;
mod parse;
pub(crate) mod problem;
pub(crate) mod revision;
pub mod rules;
pub mod suggest;
pub mod trust;

use std::collections::BTreeMap;

use jiff::civil::Date;
use vetch_model::document::DocumentSettings;
use vetch_model::{ContentHash, Purl, Severity, Verdict};

pub use apply::{Applied, Session};
pub use cooldown::Cooldown;
pub use gate::{Gate, Judgement, judge, judge_release};
pub use glob::Glob;
pub use internal_name::InternalName;
pub(crate) use load::Unparsed;
pub use load::{Policies, PolicyOptions};
pub use problem::{PolicyError, Problem};
pub use trust::TrustStore;

/// The name of the policy file in a project.
pub const FILE_NAME: &str = "vetch.toml";

/// A parsed `vetch.toml`; the default is the policy of a project without one.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// The failing level, if the file sets one.
    pub fail_on: Option<Setting<Verdict>>,
    /// Whether `incomplete` is let pass, if the file says so.
    pub allow_incomplete: Option<Setting<bool>>,
    /// Rules in TOML that the project brings, relative to the file.
    pub rules: Option<Setting<Paths>>,
    /// Rules in YARA that the project brings, relative to the file.
    pub yara: Option<Setting<Paths>>,
    /// Severities by rule id.
    pub severity: BTreeMap<String, Setting<Severity>>,
    /// The severity of vulnerabilities of packages that the project does not import.
    pub unimported: Option<Setting<Severity>>,
    /// Names of packages that no public registry may serve, or learn.
    pub internal: Vec<InternalName>,
    /// For how long releases are held back.
    pub cooldown: Option<Setting<Cooldown>>,
    /// Who publishes documents that are made of scans.
    pub documents: DocumentSettings,
    /// In file order.
    pub exceptions: Vec<Exception>,
}

/// Paths below the folder of the policy, in plain form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paths(pub Vec<String>);

impl std::fmt::Display for Paths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

/// A value, and the line of the file it stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// 1-based.
    pub line: u32,
}

/// Findings that somebody has looked at and accepts.
#[derive(Debug, Clone)]
pub struct Exception {
    /// A known rule.
    pub rule: String,
    /// The release, or the package whatever its version.
    pub package: Purl,
    /// Only findings all of whose evidence lies in these files.
    pub path: Option<Glob>,
    /// The contents that were looked at.
    pub content_hash: ContentHash,
    /// Why it is accepted; never empty.
    pub reason: String,
    /// The first day on which it no longer holds.
    pub expires: Date,
    /// Where it begins in the file, 1-based.
    pub line: u32,
}

impl Exception {
    /// Whether it is over.
    pub fn has_expired(&self, today: Date) -> bool {
        today >= self.expires
    }

    /// Whether it is about this release. Versions are compared as text.
    pub fn covers(&self, purl: &Purl) -> bool {
        let (name, version) = split_version(self.package.as_str());
        let (other_name, other_version) = split_version(purl.as_str());
        name == other_name && (version.is_none() || version == other_version)
    }

    /// Whether it says the same as another, wherever in the file.
    fn says_the_same(&self, other: &Exception) -> bool {
        let key =
            |it: &Exception| (it.rule.clone(), it.package.clone(), it.content_hash, it.reason.clone(), it.expires);
        key(self) == key(other) && self.path == other.path
    }

    /// `rule for purl`, for messages.
    fn label(&self) -> String {
        match &self.path {
            Some(path) => format!("{} for {} in {}", self.rule, self.package, path),
            None => format!("{} for {}", self.rule, self.package),
        }
    }
}

/// A canonical purl without qualifiers and subpath, split at the version. An `@`
/// that is part of a name is percent-encoded there, so the last one is the version's.
fn split_version(purl: &str) -> (&str, Option<&str>) {
    let end = purl.find(['?', '#']).unwrap_or(purl.len());
    let bare = &purl[..end];
    match bare.rsplit_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (bare, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_from_scopes() {
        assert_eq!(split_version("pkg:npm/%40a/b@1.0.0"), ("pkg:npm/%40a/b", Some("1.0.0")));
        assert_eq!(split_version("pkg:npm/%40a/b"), ("pkg:npm/%40a/b", None));
        assert_eq!(split_version("pkg:npm/b@1?x=@#@"), ("pkg:npm/b", Some("1")));
    }
}
