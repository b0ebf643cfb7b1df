//! What the integration tests share: fixtures, and an inventory as text.

use std::fmt::Write;
use std::path::PathBuf;

use vetch_lockfiles::Reading;
use vetch_lockfiles::npm::package_lock::Lockfile;
use vetch_model::inventory::{Inventory, Package, Source};
use vetch_model::outcome::{Incomplete, Outcome};

/// The bytes of a fixture.
pub(crate) fn fixture(case: &str, file: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/npm").join(case).join(file);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Everything a reader found, one thing a line.
pub(crate) fn render(outcome: &Outcome<Lockfile>) -> String {
    let mut text = format!("version {}\n", outcome.value.version);
    text.push_str(&render_inventory(&outcome.value.inventory));
    for note in &outcome.value.notes {
        let place = format!("{}:{}", note.location.line, note.location.column);
        writeln!(text, "note {:?} {} {place}: {} / {:?}", note.kind, note.field, note.found, note.expected).unwrap();
    }
    text.push_str(&render_incomplete(&outcome.incomplete));
    text
}

/// Everything a reader made of a file, one thing a line.
pub(crate) fn render_reading(outcome: &Outcome<Reading>) -> String {
    let mut text = format!("version {}\n", outcome.value.format_version);
    text.push_str(&render_inventory(&outcome.value.inventory));
    for note in &outcome.value.notes {
        let place = format!("{}:{}", note.location.line, note.location.column);
        writeln!(text, "note {:?} {} {place}: {} / {:?}", note.kind, note.field, note.found, note.expected).unwrap();
    }
    text.push_str(&render_incomplete(&outcome.incomplete));
    text
}

/// Packages, edges, unresolved dependencies.
pub(crate) fn render_inventory(inventory: &Inventory) -> String {
    let mut text = String::new();
    for (id, package) in inventory.iter() {
        writeln!(text, "{:>3} {}", id.0, render_package(package)).unwrap();
    }
    for edge in &inventory.edges {
        let bundled = if edge.bundled { " bundled" } else { "" };
        writeln!(text, "{} -> {} {}@{} {}{bundled}", edge.from.0, edge.to.0, edge.name, edge.range, edge.kind).unwrap();
    }
    for missing in &inventory.unresolved {
        writeln!(text, "{} -> ? {}@{} {}", missing.from.0, missing.name, missing.range, missing.kind).unwrap();
    }
    text
}

/// What could not be read.
pub(crate) fn render_incomplete(incomplete: &[Incomplete]) -> String {
    let mut text = String::new();
    for missing in incomplete {
        let line = missing.location.as_ref().map_or(0, |location| location.line);
        writeln!(text, "incomplete {} line {line}: {}", missing.what, missing.why).unwrap();
    }
    text
}

fn render_package(package: &Package) -> String {
    let mut text = format!("{:?} {:?} {:?}", package.path, package.label(), package.role);
    let source = match &package.source {
        Source::Registry { url, .. } => format!("registry {}", url.as_deref().unwrap_or("-")),
        Source::Git { url, commit } => format!("git {url} {}", commit.as_deref().unwrap_or("-")),
        Source::Tarball { url } => format!("tarball {url}"),
        Source::File { path } => format!("file {path}"),
        Source::Folder { path } => format!("folder {path:?}"),
        Source::Unknown { text } => format!("unknown {text:?}"),
    };
    write!(text, " [{source}]").unwrap();
    if let Some(alias) = &package.alias {
        write!(text, " alias {alias}").unwrap();
    }
    let flags = [
        (package.dev, "dev"),
        (package.optional, "optional"),
        (package.peer, "peer"),
        (package.bundled, "bundled"),
        (package.has_install_script == Some(true), "script"),
        (package.integrity.is_some(), "integrity"),
        (package.platform.is_limited(), "platform"),
        (package.deprecated.is_some(), "deprecated"),
    ];
    for (_, name) in flags.iter().filter(|(is_set, _)| *is_set) {
        write!(text, " {name}").unwrap();
    }
    if let Some(location) = &package.declared_at {
        write!(text, " @{}:{}", location.line, location.column).unwrap();
    }
    text
}
