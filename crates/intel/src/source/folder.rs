//! Folders: checkouts of advisory databases, whatever their layout.

use std::fs;
use std::path::Path;

use super::{Import, Kind, kind_of, unreadable};
use crate::ImportError;

/// Deepest folder, and most files that are looked at.
const MAX_DEPTH: usize = 32;
const MAX_FILES: u64 = 4_000_000;

/// Imports every record below `root`, in the order of names. Links are not followed: they lead out of the folder.
pub(super) fn import(import: &mut Import<'_, '_>, root: &Path) -> Result<(), ImportError> {
    let mut files = 0u64;
    // A stack of our own: the depth is the folder's to choose. Folders come after the files beside them.
    let mut waiting = vec![(root.to_owned(), 0usize)];
    while let Some((folder, depth)) = waiting.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if depth == 0 => return Err(unreadable(root, &error.to_string())),
            Err(error) => {
                import.failed(&shown(root, &folder), error.to_string())?;
                continue;
            }
        };
        let mut all = Vec::new();
        for entry in entries {
            match entry.and_then(|entry| Ok((entry.file_type()?, entry))) {
                Ok(entry) => all.push(entry),
                Err(error) => import.failed(&shown(root, &folder), error.to_string())?,
            }
        }
        all.sort_by_key(|(_, entry)| entry.file_name());
        let mut folders = Vec::new();
        for (kind, entry) in all {
            let path = entry.path();
            if kind.is_dir() {
                // `.git` has objects, not records; so have all hidden folders.
                if !entry.file_name().as_encoded_bytes().starts_with(b".") {
                    folders.push((path, depth + 1));
                }
                continue;
            }
            let kind = if kind.is_file() { kind_of(&path) } else { Kind::Other };
            if matches!(kind, Kind::Json | Kind::Yaml) {
                files += 1;
                if files > MAX_FILES {
                    return Err(unreadable(root, &format!("it has more than {MAX_FILES} files")));
                }
                import.file(&path, &shown(root, &path), kind)?;
            }
        }
        for (folder, depth) in folders.into_iter().rev() {
            if depth > MAX_DEPTH {
                import.failed(&shown(root, &folder), format!("it lies more than {MAX_DEPTH} folders deep"))?;
            } else {
                waiting.push((folder, depth));
            }
        }
    }
    Ok(())
}

/// Relative to what was given.
fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}
