//! Reads a project's `vetch.lock`.

use std::io;
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use vetch_lockfiles::{ReadErrorKind, read_file};
use vetch_model::lock::{BehaviourLock, FILE_NAME};

use super::parse::parse;
use crate::policy::Problem;

/// Largest file that is read, in bytes: some 100,000 releases of a hundred capabilities each are less.
const MAX_BYTES: u64 = 64 << 20;

/// A lock, and the bytes that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockFile {
    /// What it says.
    pub lock: BehaviourLock,
    /// As it is in the file.
    pub text: String,
}

/// Why a lock cannot be used. Nothing of it counts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// It says something that is not understood.
    #[error("{}", listed(.file, .problems))]
    Invalid {
        /// The file, as the user would name it.
        file: String,
        /// At least one, in file order.
        problems: Vec<Problem>,
        /// What to do next.
        hint: &'static str,
    },
    /// It cannot be read.
    #[error("cannot read `{file}`: {reason}")]
    Unreadable {
        /// The file, as the user would name it.
        file: String,
        /// Why.
        reason: String,
        /// What to do next.
        hint: &'static str,
    },
}

impl LockError {
    /// What to do next.
    pub fn hint(&self) -> &str {
        match self {
            LockError::Invalid { hint, .. } | LockError::Unreadable { hint, .. } => hint,
        }
    }

    /// Whether a new file may be put in its place: what is an ordinary file of text can be replaced.
    pub fn may_be_replaced(&self) -> bool {
        matches!(self, LockError::Invalid { .. })
    }
}

fn listed(file: &str, problems: &[Problem]) -> String {
    let lines: Vec<String> =
        problems.iter().map(|it| format!("{file}:{}:{}: {}", it.line, it.column, it.message)).collect();
    lines.join("\n")
}

/// The lock in a folder; `None` if there is none. `shown` names the file in errors.
///
/// # Errors
/// When it is there and cannot be used.
pub fn read(folder: &Path, shown: &str) -> Result<Option<LockFile>, LockError> {
    let unreadable = |reason: String, hint| LockError::Unreadable { file: shown.to_owned(), reason, hint };
    let permissions = "make it readable, and try again";
    let dir = Dir::open_ambient_dir(folder, ambient_authority())
        .map_err(|error| unreadable(error.to_string(), permissions))?;
    match dir.symlink_metadata(FILE_NAME) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error.to_string(), permissions)),
        Ok(metadata) if !metadata.is_file() => {
            let reason = "it is no ordinary file".to_owned();
            return Err(unreadable(reason, "remove what is there, then run `vetch lock`"));
        }
        Ok(_) => {}
    }
    let bytes = read_file(&dir, FILE_NAME, shown, MAX_BYTES).map_err(|error| {
        let hint = match error.kind {
            ReadErrorKind::TooLarge => "no project needs as much; remove it, then run `vetch lock`",
            _ => permissions,
        };
        unreadable(error.problem.clone(), hint)
    })?;
    let text = String::from_utf8(bytes).map_err(|error| LockError::Invalid {
        file: shown.to_owned(),
        problems: vec![Problem { line: 1, column: 1, message: format!("it is not UTF-8: {}", error.utf8_error()) }],
        hint: super::parse::WRITE_ANEW,
    })?;
    let lock = parse(shown, &text)?;
    Ok(Some(LockFile { lock, text }))
}
