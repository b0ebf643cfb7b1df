//! What the tests of the YAML lockfiles share: whole fixture folders, and
//! readings as text.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use vetch_lockfiles::{MemoryFiles, ReadError, Reading};
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
