//! What neither the compiler nor clippy checks: sizes, headers, left-over markers, paths of
//! somebody's machine, and that ARCHITECTURE.md and the manifests tell the same story.

mod exceptions;
mod manifests;
mod sources;

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use anyhow::{Result, bail};

use crate::repo;
use exceptions::Exceptions;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Problem {
    /// Relative to the root.
    path: String,
    /// 1-based; 0 for the file as a whole.
    line: usize,
    /// What is wrong and what to do.
    message: String,
}

impl Problem {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Problem {
        Problem { path: path.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.message),
            line => write!(f, "{}:{line}: {}", self.path, self.message),
        }
    }
}

/// Checks the repository; every problem is listed.
pub(crate) fn run() -> Result<()> {
    let mut problems = check(&repo::root())?;
    if problems.is_empty() {
        return Ok(());
    }
    problems.sort();
    for problem in &problems {
        eprintln!("{problem}");
    }
    bail!("{} problems", problems.len());
}

fn check(root: &Path) -> Result<Vec<Problem>> {
    let mut problems = Vec::new();
    let mut exceptions = Exceptions::default();
    for path in files(root)? {
        // What is not text has nothing that could be checked; what was deleted and not yet committed is not there.
        let Ok(text) = std::fs::read_to_string(root.join(&path)) else { continue };
        problems.extend(sources::check(&path, &text, &mut exceptions));
    }
    problems.extend(manifests::check(root, &mut exceptions)?);
    problems.extend(exceptions.unused());
    Ok(problems)
}

/// Every file of the repository, also new ones, but not what git ignores.
fn files(root: &Path) -> Result<BTreeSet<String>> {
    let mut git = std::process::Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root);
    let output = repo::output(&mut git)?;
    let names = output.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    Ok(names.map(|name| String::from_utf8_lossy(name).into_owned()).collect())
}
