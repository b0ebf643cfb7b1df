//! Finds and reads the policy of each target.

use std::collections::BTreeSet;
use std::env;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use vetch_model::document::DocumentSettings;
use vetch_model::{Finding, Severity, Verdict};

use super::apply::Session;
use super::gate::Gate;
use super::parse::{parse, understood};
use super::problem::PolicyError;
use super::{Cooldown, FILE_NAME, InternalName, Paths, Policy, Setting, changes, revision, rules};
use crate::own_rules::Named;

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
        Unparsed::read(options, folders)?.parse(rules)
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

    /// For how long a target holds releases back: the policy's name in evidence, the line, and what it says.
    pub fn cooldown(&self, target: usize) -> Option<(&str, u32, &Cooldown)> {
        let loaded = self.by_target.get(target).and_then(|index| self.loaded.get(*index))?;
        let setting = loaded.policy.cooldown.as_ref()?;
        Some((loaded.label.as_str(), setting.line, &setting.value))
    }

    /// The severity that all of these targets give to vulnerabilities of what they do not import: the worst that any gives.
    pub fn unimported(&self, targets: &[usize]) -> Option<Severity> {
        let of = |target: &usize| {
            let loaded = self.by_target.get(*target).and_then(|index| self.loaded.get(*index))?;
            loaded.policy.unimported.map(|setting| setting.value)
        };
        let all: Option<Vec<Severity>> = targets.iter().map(of).collect();
        // The worst comes first.
        all?.into_iter().min()
    }

    /// Who publishes documents that are made of the scan: the first policy that says something of it counts.
    pub fn documents(&self) -> DocumentSettings {
        let all = self.by_target.iter().filter_map(|index| self.loaded.get(*index));
        all.fold(DocumentSettings::default(), |first, next| first.or(next.policy.documents.clone()))
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

/// The policies of a scan's targets as text: which rules there are depends on what they name.
#[derive(Debug)]
pub(crate) struct Unparsed {
    /// Every distinct one; `None` for targets that bring no policy.
    texts: Vec<Option<Text>>,
    by_target: Vec<usize>,
    revision: Option<String>,
    fail_on: Option<Verdict>,
    allow_incomplete: bool,
}

/// One policy as text.
#[derive(Debug)]
struct Text {
    source: Source,
    /// In the work tree; `None` if there is none.
    here: Result<Option<Vec<u8>>, PolicyError>,
    /// In the revision that is in force, if one is.
    at_revision: Option<Vec<u8>>,
}

impl Unparsed {
    /// Reads the policy of every target; see [`Policies::load`].
    pub(crate) fn read(options: &PolicyOptions, folders: &[Option<PathBuf>]) -> Result<Unparsed, PolicyError> {
        let mut unparsed = Unparsed {
            texts: Vec::new(),
            by_target: Vec::new(),
            revision: options.revision.clone(),
            fail_on: options.fail_on,
            allow_incomplete: options.allow_incomplete,
        };
        let mut sources: Vec<Option<Source>> = Vec::new();
        for folder in folders {
            let source = Source::of(options, folder.as_deref());
            let index = match sources.iter().position(|known| *known == source) {
                Some(index) => index,
                None => {
                    let text = source.as_ref().map(|source| Text::read(source, options.revision.as_deref()));
                    unparsed.texts.push(text.transpose()?);
                    sources.push(source);
                    sources.len() - 1
                }
            };
            unparsed.by_target.push(index);
        }
        Ok(unparsed)
    }

    /// The rules that the policies in force name.
    pub(crate) fn named(&self) -> Result<Vec<Named>, PolicyError> {
        let mut all = Vec::new();
        for (index, text) in self.texts.iter().enumerate() {
            let Some(text) = text else { continue };
            let Some((_, bytes)) = text.in_force(self.revision.as_deref())? else { continue };
            // What is wrong with the file is told all at once, when it is parsed.
            let policy = std::str::from_utf8(bytes).map(understood).unwrap_or_default();
            let paths = |setting: Option<Setting<Paths>>| setting.map(|setting| setting.value.0).unwrap_or_default();
            let (rules, yara) = (paths(policy.rules), paths(policy.yara));
            if rules.is_empty() && yara.is_empty() {
                continue;
            }
            let targets = self.by_target.iter().enumerate().filter(|(_, own)| **own == index);
            let targets = targets.map(|(target, _)| target).collect();
            let parent = text.source.path.parent().filter(|parent| !parent.as_os_str().is_empty());
            let folder = parent.unwrap_or(Path::new(".")).to_owned();
            all.push(Named { targets, folder, revision: self.revision.clone(), rules, yara });
        }
        Ok(all)
    }

    /// The policies, now that all rules are known.
    pub(crate) fn parse<'r>(self, rules: impl IntoIterator<Item = &'r str>) -> Result<Policies, PolicyError> {
        let mut known: BTreeSet<&str> = rules.into_iter().collect();
        known.extend(rules::ALL.iter().map(|rule| rule.id));
        let revision = self.revision.as_deref();
        let loaded: Result<Vec<Loaded>, PolicyError> = self
            .texts
            .iter()
            .map(|text| match text {
                Some(text) => text.load(revision, &known),
                None => Ok(Loaded { policy: Policy::default(), label: FILE_NAME.to_owned(), findings: Vec::new() }),
            })
            .collect();
        let Unparsed { by_target, fail_on, allow_incomplete, .. } = self;
        Ok(Policies { loaded: loaded?, by_target, fail_on, allow_incomplete })
    }
}

impl Text {
    fn read(source: &Source, revision: Option<&str>) -> Result<Text, PolicyError> {
        let at_revision = match revision {
            Some(revision) => revision::read(&source.path, revision)?,
            None => None,
        };
        Ok(Text { source: source.clone(), here: read_here(source), at_revision })
    }

    /// The policy in force, if there is one, and its name in messages.
    fn in_force(&self, revision: Option<&str>) -> Result<Option<(String, &[u8])>, PolicyError> {
        let Some(revision) = revision else { return self.here() };
        let bytes = self.at_revision.as_deref();
        Ok(bytes.map(|bytes| (format!("{revision}:{}", self.source.label), bytes)))
    }

    /// The policy in the work tree, likewise.
    fn here(&self) -> Result<Option<(String, &[u8])>, PolicyError> {
        let bytes = self.here.as_ref().map_err(Clone::clone)?;
        Ok(bytes.as_deref().map(|bytes| (shown(&self.source.path), bytes)))
    }

    fn load(&self, revision: Option<&str>, known: &BTreeSet<&str>) -> Result<Loaded, PolicyError> {
        let policy = parse_bytes(self.in_force(revision)?, Some(known))?;
        let label = self.source.label.clone();
        let Some(revision) = revision else { return Ok(Loaded { policy, label, findings: Vec::new() }) };
        // Rules that only the work tree's policy names are not known here, so ids are no matter.
        let here = self.here().and_then(|here| parse_bytes(here, None));
        let findings = changes::finding(&label, revision, &policy, here.as_ref()).into_iter().collect();
        Ok(Loaded { policy, label, findings })
    }
}

/// The file in the work tree; `None` if a project has none.
fn read_here(source: &Source) -> Result<Option<Vec<u8>>, PolicyError> {
    let file = shown(&source.path);
    match read_file(&source.path, source.explicit) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !source.explicit => Ok(None),
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

/// Without a file, the policy of a project that has none.
fn parse_bytes(file: Option<(String, &[u8])>, known: Option<&BTreeSet<&str>>) -> Result<Policy, PolicyError> {
    let Some((file, bytes)) = file else { return Ok(Policy::default()) };
    match std::str::from_utf8(bytes) {
        Ok(text) => parse(&file, text, known),
        Err(error) => Err(PolicyError::Unreadable {
            file,
            reason: format!("byte {} is not UTF-8", error.valid_up_to()),
            hint: "save it as UTF-8",
        }),
    }
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
