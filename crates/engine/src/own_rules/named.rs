//! Rules that a policy names. Their paths are relative to the policy file and never lead out of its folder; where the
//! policy is a revision's, so are the rules: a change under review cannot weaken the rules that it is judged by.

use std::path::PathBuf;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use vetch_lockfiles::{DirFiles, Files};

use super::files::{self, Kind, RuleFile};
use crate::EngineError;
use crate::map::git::Revision;

/// What the policy of some targets names.
#[derive(Debug)]
pub(crate) struct Named {
    /// Indices of targets.
    pub(crate) targets: Vec<usize>,
    /// The folder that the policy lies in.
    pub(crate) folder: PathBuf,
    /// The revision that it is read from, if it is not the work tree's.
    pub(crate) revision: Option<String>,
    /// Relative to the folder.
    pub(crate) rules: Vec<String>,
    /// Relative to the folder.
    pub(crate) yara: Vec<String>,
}

impl Named {
    /// The files in TOML, and those in YARA for each path.
    pub(super) fn files(&self) -> Result<(Vec<RuleFile>, Vec<Vec<RuleFile>>), EngineError> {
        match &self.revision {
            Some(revision) => {
                let opened = Revision::open(&self.folder, revision)?;
                let folder = opened.folder(opened.within())?;
                let folder = folder.ok_or_else(|| EngineError::Input {
                    target: revision.clone(),
                    reason: format!("the revision has no folder `{}`", self.folder.display()),
                    hint: "the rules of a policy are read from where the policy is".to_owned(),
                })?;
                self.read(&folder, &|path| PathBuf::from(format!("{revision}:{path}")))
            }
            None => {
                let dir = Dir::open_ambient_dir(&self.folder, ambient_authority()).map_err(|error| {
                    EngineError::Environment {
                        what: format!("cannot open `{}`", self.folder.display()),
                        reason: error.to_string(),
                        hint: "correct its permissions".to_owned(),
                    }
                })?;
                self.read(&DirFiles(&dir), &|path| self.folder.join(path))
            }
        }
    }

    fn read(
        &self,
        from: &dyn Files,
        shown: &dyn Fn(&str) -> PathBuf,
    ) -> Result<(Vec<RuleFile>, Vec<Vec<RuleFile>>), EngineError> {
        let read = |paths: &[String], kind: &Kind| -> Result<Vec<Vec<RuleFile>>, EngineError> {
            let (mut all, mut bytes) = (Vec::new(), 0);
            for path in paths {
                let found = files::below(from, path, &shown(path), kind)?;
                bytes += found.iter().map(|file| file.bytes.len() as u64).sum::<u64>();
                // A project may name many paths, or one of them many times.
                kind.check_bytes(bytes, &shown(path))?;
                all.push(found);
            }
            Ok(all)
        };
        Ok((read(&self.rules, &files::TOML)?.into_iter().flatten().collect(), read(&self.yara, &files::YARA)?))
    }
}
