//! Finds and reads the policy of each target.

use std::collections::BTreeSet;
use std::env;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use vetch_model::{Finding, Verdict};

use super::apply::Session;
use super::gate::Gate;
use super::parse::parse;
use super::problem::PolicyError;
use super::{FILE_NAME, InternalName, Policy, changes, revision, rules};

/// A policy larger than this is refused.
pub(super) const MAX_BYTES: u64 = 1 << 20;

/// Which policy is in force.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyOptions {
    /// `--config`: this file for all targets, instead of each project's own.
    pub file: Option<PathBuf>,
    /// `--policy-from`: the file as of this git revision, instead of the work tree's.
    pub revision: Option<String>,
    /// `--fail-on`: overrides the file.
    pub fail_on: Option<Verdict>,
    /// `--allow-incomplete`: overrides the file.
    pub allow_incomplete: bool,
}

/// The policies of a scan's targets.
#[derive(Debug, Clone)]
pub struct Policies {
    /// Every distinct policy.
    pub(super) loaded: Vec<Loaded>,
    /// By target: an index into `loaded`.
    pub(super) by_target: Vec<usize>,
    fail_on: Option<Verdict>,
    allow_incomplete: bool,
}

/// A policy, and where it is from.
#[derive(Debug, Clone)]
pub(super) struct Loaded {
    pub(super) policy: Policy,
    /// As evidence names it: relative to the target.
    pub(super) label: String,
    /// What there is to say of the file itself.
    pub(super) findings: Vec<Finding>,
}

impl Policies {
    /// Loads the policy of every target.
    ///
    /// `folders` has one entry per target: the project folder whose `vetch.toml` counts,
    /// or `None` for a target that brings no policy (an archive: a release must not excuse itself).
    /// `rules` are the ids of the rules that exist, besides those of the policy itself.
    ///
    /// # Errors
    /// When a policy that should be in force cannot be read or understood.
    pub fn load<'r>(
        options: &PolicyOptions,
        folders: &[Option<PathBuf>],
        rules: impl IntoIterator<Item = &'r str>,
    ) -> Result<Policies, PolicyError> {
        let mut known: BTreeSet<&str> = rules.into_iter().collect();
        known.extend(rules::ALL.iter().map(|rule| rule.id));
        let mut policies = Policies {
            loaded: Vec::new(),
            by_target: Vec::new(),
            fail_on: options.fail_on,
            allow_incomplete: options.allow_incomplete,
        };
        let mut sources: Vec<Option<Source>> = Vec::new();
        for folder in folders {
            let source = Source::of(options, folder.as_deref());
            let index = match sources.iter().position(|known| *known == source) {
                Some(index) => index,
                None => {
                    policies.loaded.push(load_one(source.as_ref(), options.revision.as_deref(), &known)?);
                    sources.push(source);
                    sources.len() - 1
                }
            };
            policies.by_target.push(index);
        }
        Ok(policies)
    }

    /// What fails each target, with the command line's overrides.
    pub fn gates(&self) -> Vec<Gate> {
        let gate = |index: &usize| {
            let policy = self.loaded.get(*index).map(|loaded| &loaded.policy);
            let fail_on = policy.and_then(|policy| policy.fail_on).map(|setting| setting.value);
            let allow = policy.and_then(|policy| policy.allow_incomplete).is_some_and(|setting| setting.value);
            Gate {
                fail_on: self.fail_on.or(fail_on).unwrap_or(Verdict::Suspicious),
                allow_incomplete: self.allow_incomplete || allow,
            }
        };
        self.by_target.iter().map(gate).collect()
    }

    /// The internal names of a target, and the policy's name in evidence.
    pub fn internal(&self, target: usize) -> (&str, &[InternalName]) {
        let loaded = self.by_target.get(target).and_then(|index| self.loaded.get(*index));
        loaded.map_or((FILE_NAME, &[]), |loaded| (loaded.label.as_str(), loaded.policy.internal.as_slice()))
    }

    /// Begins to judge, as of `today`.
    pub fn session(&self, today: Date) -> Session<'_> {
        Session::new(self, today)
    }
}

/// A policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Source {
    path: PathBuf,
    label: String,
    /// Named by the user: has to be there, and may be a link.
    explicit: bool,
}

impl Source {
    fn of(options: &PolicyOptions, folder: Option<&Path>) -> Option<Source> {
        if let Some(file) = &options.file {
            // Reports hold no absolute paths.
            let shown = if file.is_relative() { Some(file.as_os_str()) } else { file.file_name() };
            let label = shown.unwrap_or_default().to_string_lossy().replace('\\', "/");
            return Some(Source { path: file.clone(), label, explicit: true });
        }
        folder.map(|folder| Source { path: folder.join(FILE_NAME), label: FILE_NAME.to_owned(), explicit: false })
    }
}

fn load_one(source: Option<&Source>, revision: Option<&str>, known: &BTreeSet<&str>) -> Result<Loaded, PolicyError> {
    let Some(source) = source else {
        return Ok(Loaded { policy: Policy::default(), label: FILE_NAME.to_owned(), findings: Vec::new() });
    };
    let here = read_here(source, known);
    let Some(revision) = revision else {
        return Ok(Loaded { policy: here?, label: source.label.clone(), findings: Vec::new() });
    };
    let policy = match revision::read(&source.path, revision)? {
        Some(bytes) => parse_bytes(&format!("{revision}:{}", source.label), bytes, known)?,
        None => Policy::default(),
    };
    let findings = changes::finding(&source.label, revision, &policy, here.as_ref()).into_iter().collect();
    Ok(Loaded { policy, label: source.label.clone(), findings })
}

/// The file in the work tree; the default policy if a project has none.
fn read_here(source: &Source, known: &BTreeSet<&str>) -> Result<Policy, PolicyError> {
    let file = shown(&source.path);
    match read_file(&source.path, source.explicit) {
        Ok(bytes) => parse_bytes(&file, bytes, known),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !source.explicit => Ok(Policy::default()),
        Err(error) => {
            let hint = match error.kind() {
                io::ErrorKind::NotFound => "check the path given with `--config`",
                io::ErrorKind::PermissionDenied => "make it readable, or name another with `--config`",
                _ => "put an ordinary file there, or name another with `--config`",
            };
            Err(PolicyError::Unreadable { file, reason: error.to_string(), hint })
        }
    }
}

/// The path as an editor or a terminal finds it from the current folder.
fn shown(path: &Path) -> String {
    let here = env::current_dir().ok();
    let below = here.as_deref().and_then(|here| path.strip_prefix(here).ok());
    let path = below.unwrap_or(path);
    path.strip_prefix(".").unwrap_or(path).to_string_lossy().into_owned()
}

/// Reads an ordinary file. A project's own policy must not be a link: a message about
/// what is wrong with it would show a line of whatever file it points to.
fn read_file(path: &Path, follow: bool) -> io::Result<Vec<u8>> {
    let metadata = if follow { fs::metadata(path)? } else { fs::symlink_metadata(path)? };
    if !metadata.is_file() {
        return Err(io::Error::other("it is no ordinary file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::other(format!("it has more than {MAX_BYTES} bytes")));
    }
    Ok(bytes)
}

fn parse_bytes(file: &str, bytes: Vec<u8>, known: &BTreeSet<&str>) -> Result<Policy, PolicyError> {
    match String::from_utf8(bytes) {
        Ok(text) => parse(file, &text, known),
        Err(error) => Err(PolicyError::Unreadable {
            file: file.to_owned(),
            reason: format!("byte {} is not UTF-8", error.utf8_error().valid_up_to()),
            hint: "save it as UTF-8",
        }),
    }
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
