//! Rules of the user's own, in TOML and in YARA: those of the command line, and those that the policy of a target
//! names. All are read before anything is scanned. They add findings and never take one away.

mod files;
mod named;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use vetch_detectors::all_rules;
use vetch_detectors::user::{self, RuleProblem, UserRule};
use vetch_model::RuleMeta;
use vetch_sandbox::Cancel;
use vetch_yara::Source;

use crate::contents::Runner;
use crate::jobs::encode;
use crate::{EngineError, Quiet};
use files::RuleFile;

pub(crate) use named::Named;

/// Rules of the user's own, and what each of them is for.
#[derive(Default)]
pub(crate) struct OwnRules {
    rules: Vec<(Scope, UserRule)>,
    yara: Vec<(Scope, &'static RuleMeta)>,
    sources: Vec<Source>,
    /// By number of the folder that sources are of.
    roots: Vec<Scope>,
    /// Of all that workers get, if they get anything.
    digest: Option<[u8; 32]>,
}

/// Which releases a rule is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All: the user named it.
    Everywhere,
    /// Those of these targets, whose policy names it.
    Targets(BTreeSet<usize>),
}

impl Scope {
    fn holds(&self, targets: &[usize]) -> bool {
        match self {
            Scope::Everywhere => true,
            Scope::Targets(own) => targets.iter().any(|target| own.contains(target)),
        }
    }
}

impl OwnRules {
    /// Reads what the command line names; `add_yara` makes those ready that are in YARA.
    ///
    /// # Errors
    /// Everything that is wrong with any of the files, by line; or a file that cannot be read.
    pub(crate) fn of_user(rules: &[PathBuf], yara: &[PathBuf]) -> Result<OwnRules, EngineError> {
        let mut own = OwnRules::default();
        let mut found = Vec::new();
        for path in rules {
            found.extend(files::at(path, &files::TOML)?);
        }
        own.add_toml(&Scope::Everywhere, found)?;
        for path in yara {
            own.add_yara(Scope::Everywhere, files::at(path, &files::YARA)?);
        }
        Ok(own)
    }

    /// Takes in what the policy of some targets names.
    ///
    /// # Errors
    /// As [`OwnRules::of_user`].
    pub(crate) fn add_named(&mut self, named: &[Named]) -> Result<(), EngineError> {
        for named in named {
            let scope = Scope::Targets(named.targets.iter().copied().collect());
            let (toml, yara) = named.files()?;
            self.add_toml(&scope, toml)?;
            for files in yara {
                self.add_yara(scope.clone(), files);
            }
        }
        Ok(())
    }

    fn add_toml(&mut self, scope: &Scope, files: Vec<RuleFile>) -> Result<(), EngineError> {
        let mut taken: BTreeSet<String> = all_rules().iter().map(|rule| rule.id.to_owned()).collect();
        taken.extend(crate::policy::rules::ALL.iter().map(|rule| rule.id.to_owned()));
        taken.extend(self.rules.iter().map(|(_, rule)| rule.meta.id.to_owned()));
        let mut problems = Vec::new();
        for RuleFile { shown, bytes, .. } in files {
            let text = match String::from_utf8(bytes) {
                Ok(text) => text,
                Err(error) => {
                    let valid = error.utf8_error().valid_up_to();
                    let before = error.as_bytes().get(..valid).unwrap_or_default();
                    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
                    let message = format!("byte {valid} is not UTF-8; save the file as UTF-8");
                    problems.push(RuleProblem { file: shown, line, message });
                    continue;
                }
            };
            match user::parse(&shown, &text, taken.iter().map(String::as_str)) {
                Ok(parsed) => {
                    taken.extend(parsed.iter().map(|rule| rule.meta.id.to_owned()));
                    self.rules.extend(parsed.into_iter().map(|rule| (scope.clone(), rule)));
                }
                Err(found) => problems.extend(found),
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(EngineError::Rules { problems }) }
    }

    fn add_yara(&mut self, scope: Scope, files: Vec<RuleFile>) {
        let root = u32::try_from(self.roots.len()).unwrap_or(u32::MAX);
        self.roots.push(scope);
        self.sources.extend(files.into_iter().map(|RuleFile { shown, path, bytes }| {
            let shown = shown.to_string_lossy().into_owned();
            Source { shown, path, root, bytes }
        }));
    }

    /// Has a worker compile the rules in YARA, so that all workers get them: their files may be a hostile project's.
    ///
    /// # Errors
    /// Everything that is wrong with any of the files, by line; or no worker can be started.
    pub(crate) fn compile(&mut self, runner: &mut Runner<'_>) -> Result<(), EngineError> {
        if self.sources.is_empty() {
            return Ok(());
        }
        let payload = encode(&self.sources).map_err(|error| EngineError::Environment {
            what: "the YARA rules cannot be handed to a worker".to_owned(),
            reason: error.to_string(),
            hint: "use fewer of them".to_owned(),
        })?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(vetch_yara::ENGINE.as_bytes()).update(&payload);
        self.digest = Some(*hasher.finalize().as_bytes());
        runner.yara = Some(payload);
        let rules = runner
            .compile()?
            .map_err(|problems| EngineError::Rules { problems: problems.into_iter().map(as_rule_problem).collect() })?;
        for rule in rules {
            let scope = self.roots.get(rule.root as usize).cloned().unwrap_or(Scope::Everywhere);
            self.yara.push((scope, vetch_detectors::yara::meta_of(&rule)));
        }
        Ok(())
    }

    /// What facts depend on besides the analysis.
    pub(crate) fn digest(&self) -> Option<[u8; 32]> {
        self.digest
    }

    /// What reports know of each.
    pub(crate) fn metas(&self) -> impl Iterator<Item = &'static RuleMeta> {
        self.rules.iter().map(|(_, rule)| rule.meta).chain(self.yara.iter().map(|(_, meta)| *meta))
    }

    /// The rules in TOML for a release of these targets.
    pub(crate) fn toml_for(&self, targets: &[usize]) -> Vec<&UserRule> {
        self.rules.iter().filter(|(scope, _)| scope.holds(targets)).map(|(_, rule)| rule).collect()
    }

    /// The rules in YARA for a release of these targets, by id.
    pub(crate) fn yara_for(&self, targets: &[usize]) -> BTreeMap<&'static str, &'static RuleMeta> {
        self.yara.iter().filter(|(scope, _)| scope.holds(targets)).map(|(_, meta)| (meta.id, *meta)).collect()
    }
}

fn as_rule_problem(problem: vetch_yara::Problem) -> RuleProblem {
    RuleProblem { file: PathBuf::from(problem.file), line: problem.line as usize, message: problem.message }
}

/// Reads rules in TOML, of files and of every `.toml` file that lies in folders.
///
/// # Errors
/// Everything that is wrong with any of the files, by line; or a file that cannot be read.
pub fn load(paths: &[PathBuf]) -> Result<Vec<UserRule>, EngineError> {
    Ok(OwnRules::of_user(paths, &[])?.rules.into_iter().map(|(_, rule)| rule).collect())
}

/// What there is to say of rules in TOML and in YARA, in the order of files.
///
/// # Errors
/// As [`load`]; and when no worker can be started that compiles YARA.
pub fn describe(rules: &[PathBuf], yara: &[PathBuf], cancel: &Cancel) -> Result<Vec<&'static RuleMeta>, EngineError> {
    let mut own = OwnRules::of_user(rules, yara)?;
    own.compile(&mut Runner::new(NonZeroUsize::MIN, cancel, &Quiet))?;
    Ok(own.metas().collect())
}

/// The problems, a line each.
pub(crate) fn shown(problems: &[RuleProblem]) -> String {
    let lines: Vec<String> = problems.iter().map(|problem| format!("\n  {problem}")).collect();
    lines.concat()
}
