//! The user's own rules: read once, before anything is scanned.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use vetch_detectors::all_rules;
use vetch_detectors::user::{self, RuleProblem, UserRule};

use crate::EngineError;

/// Largest file of rules, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// Most files of rules that a folder may hold.
const MAX_FILES: usize = 256;

/// Reads the rules of files, and of every `.toml` file that lies in folders.
///
/// # Errors
/// Everything that is wrong with any of the files, by line; or a file that cannot be read.
pub fn load(paths: &[PathBuf]) -> Result<Vec<UserRule>, EngineError> {
    let mut taken: BTreeSet<String> = all_rules().iter().map(|rule| rule.id.to_owned()).collect();
    taken.extend(crate::policy::rules::ALL.iter().map(|rule| rule.id.to_owned()));
    let (mut rules, mut problems) = (Vec::new(), Vec::new());
    for file in files(paths)? {
        let text = read(&file)?;
        match user::parse(&file, &text, taken.iter().map(String::as_str)) {
            Ok(parsed) => {
                taken.extend(parsed.iter().map(|rule| rule.meta.id.to_owned()));
                rules.extend(parsed);
            }
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(rules) } else { Err(EngineError::Rules { problems }) }
}

fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, EngineError> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries = std::fs::read_dir(path).map_err(|error| unreadable(path, &error))?;
        let found: Result<Vec<PathBuf>, _> = entries.map(|entry| Ok(entry?.path())).collect();
        let mut found = found.map_err(|error| unreadable(path, &error))?;
        found.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
        if found.is_empty() || found.len() > MAX_FILES {
            let why = format!("it holds {} .toml files; between 1 and {MAX_FILES} are read", found.len());
            return Err(unreadable(path, &std::io::Error::other(why)));
        }
        found.sort();
        files.extend(found);
    }
    Ok(files)
}

fn read(file: &Path) -> Result<String, EngineError> {
    let size = std::fs::metadata(file).map_err(|error| unreadable(file, &error))?.len();
    if size > MAX_FILE {
        return Err(unreadable(file, &std::io::Error::other(format!("{size} bytes are more than {MAX_FILE}"))));
    }
    std::fs::read_to_string(file).map_err(|error| unreadable(file, &error))
}

fn unreadable(path: &Path, error: &std::io::Error) -> EngineError {
    EngineError::Environment {
        what: format!("cannot read rules from `{}`", path.display()),
        reason: error.to_string(),
        hint: "name a file of rules, or a folder of .toml files; `vetch rules new` writes one".to_owned(),
    }
}

/// The problems, a line each.
pub(crate) fn shown(problems: &[RuleProblem]) -> String {
    let lines: Vec<String> = problems.iter().map(|problem| format!("\n  {problem}")).collect();
    lines.concat()
}
