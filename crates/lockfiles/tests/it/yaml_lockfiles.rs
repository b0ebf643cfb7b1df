//! What the tests of the YAML lockfiles share: whole fixture folders, readings
//! as text, and what must hold however a file is mutated.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use vetch_lockfiles::{Format, MemoryFiles, ReadError, Reading, read};
use vetch_model::inventory::Role;
use vetch_model::outcome::Outcome;

use crate::common::{render_incomplete, render_inventory};

/// A fixture's folder, in memory.
pub(crate) fn folder(format: &str, case: &str) -> MemoryFiles {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(format).join(case);
    let mut files = BTreeMap::new();
    collect(&root, "", &mut files);
    assert!(!files.is_empty(), "{} is empty", root.display());
    MemoryFiles(files)
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().into_string().unwrap());
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), &format!("{name}/"), files);
        } else {
            files.insert(name, std::fs::read(entry.path()).unwrap());
        }
    }
}

/// Everything a reader found, one thing a line.
pub(crate) fn render(outcome: &Result<Outcome<Reading>, ReadError>) -> String {
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => return format!("error {:?}: {error}\n", error.kind),
    };
    let Reading { format, format_version, inventory, notes } = &outcome.value;
    let mut text = format!("{format} {format_version:?}\n{}", render_inventory(inventory));
    for (id, package) in inventory.iter() {
        if let Some(checksum) = &package.cache_checksum {
            writeln!(text, "checksum {} {:.20}…", id.0, checksum).unwrap();
        }
        if !package.groups.is_empty() {
            writeln!(text, "groups {} {:?}", id.0, package.groups).unwrap();
        }
        if package.platform.is_limited() {
            writeln!(text, "platform {} {:?}", id.0, package.platform).unwrap();
        }
        for artifact in &package.artifacts {
            writeln!(text, "artifact {} {} {}", id.0, artifact.file, artifact.url.as_deref().unwrap_or("-")).unwrap();
        }
    }
    for edge in inventory.edges.iter().filter(|edge| edge.condition.is_some()) {
        writeln!(text, "condition {} -> {} {:?}", edge.from.0, edge.to.0, edge.condition).unwrap();
    }
    for note in notes {
        let place = format!("{}:{}", note.location.line, note.location.column);
        writeln!(text, "note {:?} {} {place}: {} / {:?}", note.kind, note.field, note.found, note.expected).unwrap();
    }
    text.push_str(&render_incomplete(&outcome.incomplete));
    text
}

/// Replaces, removes, doubles or cuts bytes or lines.
pub(crate) fn mutated(bytes: &[u8], edits: &[(usize, u8, u8)]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for &(at, action, byte) in edits {
        if bytes.is_empty() {
            break;
        }
        let at = at % bytes.len();
        let line_end = bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length + 1);
        let line_start = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |before| before + 1);
        match action % 8 {
            0 => bytes[at] = byte,
            1 => drop(bytes.remove(at)),
            2 => bytes.insert(at, byte),
            3 => bytes[at] = *b"{}[]\",: \n'#&*!|>?-0tf"[..].get(byte as usize % 21).unwrap(),
            4 => bytes.insert(at, *b" \n:#'\"-"[..].get(byte as usize % 7).unwrap()),
            5 => drop(bytes.drain(line_start..line_end)),
            6 => {
                let line = bytes[line_start..line_end].to_vec();
                bytes.splice(line_end..line_end, line);
            }
            _ => bytes.truncate(at),
        }
    }
    bytes
}

/// Reads a mutated lockfile; whatever became of it, what is missing is told.
pub(crate) fn never_silently_shorter(files: &MemoryFiles, file: &str, format: Format, edits: &[(usize, u8, u8)]) {
    let original = read(files, file, format).unwrap();
    assert!(original.incomplete.is_empty(), "{:?}", original.incomplete);
    let mut files = files.clone();
    let bytes = mutated(&files.0[file], edits);
    files.0.insert(file.to_owned(), bytes.clone());
    let Ok(outcome) = read(&files, file, format) else { return };
    let (before, after) = (&original.value.inventory, &outcome.value.inventory);
    let is_shorter = after.packages.len() < before.packages.len();
    assert!(!is_shorter || !outcome.incomplete.is_empty(), "{}", String::from_utf8_lossy(&bytes));
    for package in after.packages.iter().filter(|package| package.role == Role::Dependency) {
        let location = package.declared_at.as_ref().unwrap();
        assert!(bytes.get(location.span.start as usize..location.span.end as usize).is_some());
        assert!(!package.path.split('/').any(|segment| segment == ".."), "{}", package.path);
    }
    for edge in &after.edges {
        assert!((edge.from.0 as usize) < after.packages.len() && (edge.to.0 as usize) < after.packages.len());
    }
}
