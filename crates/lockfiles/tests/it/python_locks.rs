//! Lockfiles of Python's tools by example: every fixture has a snapshot of the same name.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use vetch_lockfiles::format::detect;
use vetch_lockfiles::{Format, MemoryFiles, ReadError, ReadErrorKind, Reading, read};
use vetch_model::inventory::{EdgeKind, Package, Role, Source};
use vetch_model::outcome::Outcome;

use crate::common::render_incomplete;

const FORMATS: &[(&str, &str)] = &[
    ("pipfile-lock", "Pipfile.lock"),
    ("poetry", "poetry.lock"),
    ("pdm", "pdm.lock"),
    ("uv", "uv.lock"),
    ("pylock", "pylock.toml"),
];

fn folder(format: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(format)
}

fn cases(format: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder(format)).unwrap();
    let mut cases: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    cases.sort();
    assert!(!cases.is_empty(), "{format}");
    cases
}

/// The lockfile of a case and the manifest beside it.
fn load(format: &str, case: &str, lockfile: &str) -> MemoryFiles {
    let mut files = MemoryFiles::default();
    for name in [lockfile, "pyproject.toml", "Pipfile"] {
        if let Ok(bytes) = std::fs::read(folder(format).join(case).join(name)) {
            files.0.insert(name.to_owned(), bytes);
        }
    }
    files
}

fn read_in(files: &MemoryFiles, lockfile: &str) -> Result<Outcome<Reading>, ReadError> {
    read(files, lockfile, detect(lockfile, b"").unwrap())
}

fn read_case(format: &str, case: &str) -> Outcome<Reading> {
    let lockfile = FORMATS.iter().find(|(name, _)| *name == format).unwrap().1;
    read_in(&load(format, case, lockfile), lockfile).unwrap()
}

/// Everything a reader found, one thing a line.
fn render(outcome: &Outcome<Reading>) -> String {
    let Reading { format_version, inventory, notes, .. } = &outcome.value;
    let mut text = format!("version {format_version}\n");
    for (id, package) in inventory.iter() {
        writeln!(text, "{:>3} {}", id.0, render_package(package)).unwrap();
    }
    for edge in &inventory.edges {
        let condition = edge.condition.as_deref().map(|condition| format!(" if {condition}")).unwrap_or_default();
        writeln!(text, "{} -> {} {} {:?} {}{condition}", edge.from.0, edge.to.0, edge.name, edge.range, edge.kind)
            .unwrap();
    }
    for missing in &inventory.unresolved {
        writeln!(text, "{} -> ? {} {:?} {}", missing.from.0, missing.name, missing.range, missing.kind).unwrap();
    }
    for note in notes {
        writeln!(text, "note {:?} {} line {}: {}", note.kind, note.field, note.location.line, note.found).unwrap();
    }
    text + &render_incomplete(&outcome.incomplete)
}

fn render_package(package: &Package) -> String {
    let source = match &package.source {
        Source::Registry { index, .. } => format!("registry {}", index.as_deref().unwrap_or("-")),
        Source::Git { url, commit } => format!("git {url} {}", commit.as_deref().unwrap_or("-")),
        Source::Tarball { url } => format!("tarball {url}"),
        Source::File { path } => format!("file {path}"),
        Source::Folder { path } => format!("folder {path:?}"),
        Source::Unknown { text } => format!("unknown {text:?}"),
    };
    let mut text = format!("{} {:?} [{source}]", package.purl(), package.role);
    let hashed = package.artifacts.iter().filter(|artifact| artifact.integrity.is_some()).count();
    write!(text, " files {hashed}/{}", package.artifacts.len()).unwrap();
    for (_, name) in [(package.dev, "dev"), (package.optional, "optional")].iter().filter(|(is_set, _)| *is_set) {
        write!(text, " {name}").unwrap();
    }
    if !package.groups.is_empty() {
        write!(text, " groups {}", package.groups.join(",")).unwrap();
    }
    if let Some(kept) = &package.cache_checksum {
        write!(text, " checksum {kept}").unwrap();
    }
    let location = package.declared_at.as_ref().unwrap();
    write!(text, " @{}:{}:{}", location.file, location.line, location.column).unwrap();
    text
}

#[test]
fn lockfiles_are_read() {
    for (format, lockfile) in FORMATS {
        for case in cases(format) {
            let text = match read_in(&load(format, &case, lockfile), lockfile) {
                Ok(outcome) => render(&outcome),
                Err(error) => format!("{:?} {error}\n", error.kind),
            };
            insta::assert_snapshot!(format!("{format}-{case}"), text);
        }
    }
}

#[test]
fn everything_is_reachable_and_has_its_place() {
    for (format, lockfile) in FORMATS {
        for case in cases(format) {
            let files = load(format, &case, lockfile);
            let Ok(outcome) = read_in(&files, lockfile) else { continue };
            let inventory = &outcome.value.inventory;
            assert_eq!(inventory.packages[0].role, Role::Root, "{format} {case}");
            assert_eq!(reached(&outcome), inventory.packages.len(), "{format} {case}");
            for package in inventory.packages.iter().filter(|package| package.role == Role::Dependency) {
                let location = package.declared_at.as_ref().unwrap();
                let text = String::from_utf8_lossy(&files.0[&location.file]).into_owned();
                let entry = &text[location.span.start as usize..location.span.end as usize];
                assert!(entry.starts_with(['[', '"', '{', '7']) && location.line > 0, "{format} {case}: {entry}");
            }
        }
    }
}

/// Number of packages within reach of the root.
fn reached(outcome: &Outcome<Reading>) -> usize {
    let inventory = &outcome.value.inventory;
    let mut seen = BTreeSet::from([0]);
    let mut queue = vec![0];
    while let Some(at) = queue.pop() {
        let next = inventory.edges.iter().filter(|edge| edge.from.0 == at).map(|edge| edge.to.0);
        queue.extend(next.filter(|id| seen.insert(*id)));
    }
    seen.len()
}

#[test]
fn tools_agree_on_the_same_project() {
    // The `simple` case is one project: what it asks for is the same for every tool.
    let direct = |format: &str| -> BTreeSet<(String, EdgeKind)> {
        let outcome = read_case(format, "simple");
        let edges = outcome.value.inventory.edges.iter().filter(|edge| edge.from.0 == 0 && !edge.range.is_empty());
        edges.map(|edge| (edge.name.clone(), edge.kind)).collect()
    };
    let expected =
        BTreeSet::from([("httpx".to_owned(), EdgeKind::Production), ("pytest".to_owned(), EdgeKind::Development)]);
    for (format, _) in FORMATS {
        assert_eq!(direct(format), expected, "{format}");
        let outcome = read_case(format, "simple");
        let dev: Vec<_> = outcome.value.inventory.packages.iter().filter(|package| package.name == "pluggy").collect();
        // An export of uv into a pylock.toml does not tell groups.
        assert!(!dev.is_empty() && dev.iter().all(|package| package.dev || *format == "pylock"), "{format}");
        let main =
            outcome.value.inventory.packages.iter().filter(|package| ["httpx", "h11"].contains(&package.name.as_str()));
        assert!(main.clone().count() == 2 && main.clone().all(|package| !package.dev && !package.optional), "{format}");
    }
}

#[test]
fn marks_and_line_ends_change_nothing() {
    for (format, lockfile) in FORMATS {
        let mut files = load(format, "simple", lockfile);
        let plain = render(&read_in(&files, lockfile).unwrap());
        let text = String::from_utf8(files.0[*lockfile].clone()).unwrap();
        files.0.insert((*lockfile).to_owned(), format!("\u{feff}{}", text.replace('\n', "\r\n")).into_bytes());
        assert_eq!(render(&read_in(&files, lockfile).unwrap()), plain, "{format}");
    }
}

#[test]
fn broken_files_are_errors_with_a_place_and_a_next_step() {
    for (format, lockfile) in FORMATS {
        let text = String::from_utf8(load(format, "simple", lockfile).0[*lockfile].clone()).unwrap();
        let half = text.len() * 3 / 5;
        let line = text[..half].rfind('\n').unwrap();
        let conflict = format!("{}\n<<<<<<< HEAD\n{}", &text[..line], &text[line..]);
        let truncated = text[..text[..half].rfind("sha256").unwrap() + 20].to_owned();
        let mut no_text = text.clone().into_bytes();
        no_text.splice(half..half, [0xff]);
        for (bytes, kind) in [
            (conflict.into_bytes(), ReadErrorKind::Conflict),
            (truncated.into_bytes(), ReadErrorKind::Syntax),
            (b"not [ toml".to_vec(), ReadErrorKind::Syntax),
            (no_text, ReadErrorKind::Syntax),
        ] {
            let files = MemoryFiles([((*lockfile).to_owned(), bytes)].into());
            match read_in(&files, lockfile) {
                Err(error) => assert_eq!((error.kind, error.location.line > 0), (kind, true), "{error}"),
                // JSON's reader replaces what is no UTF-8, as Node.js does, and tells.
                Ok(outcome) => assert!(*format == "pipfile-lock" && outcome.incomplete[0].why.contains("UTF-8")),
            }
        }
        let error = read_in(&MemoryFiles::default(), lockfile).unwrap_err();
        assert_eq!(error.kind, ReadErrorKind::NotFound);
    }
}

#[test]
fn unknown_versions_are_read_and_told() {
    for (format, lockfile, old, new) in [
        ("pipfile-lock", "Pipfile.lock", "\"pipfile-spec\": 6", "\"pipfile-spec\": 9"),
        ("poetry", "poetry.lock", "lock-version = \"2.1\"", "lock-version = \"9.0\""),
        ("pdm", "pdm.lock", "lock_version = \"4", "lock_version = \"9"),
        ("uv", "uv.lock", "version = 1\n", "version = 9\n"),
        ("pylock", "pylock.toml", "lock-version = \"1.0\"", "lock-version = \"9.0\""),
    ] {
        let mut files = load(format, "simple", lockfile);
        let known = read_in(&files, lockfile).unwrap();
        let text = String::from_utf8(files.0[lockfile].clone()).unwrap();
        assert!(text.contains(old), "{format}");
        files.0.insert(lockfile.to_owned(), text.replacen(old, new, 1).into_bytes());
        let unknown = read_in(&files, lockfile).unwrap();
        assert_eq!(unknown.value.inventory.edges, known.value.inventory.edges, "{format}");
        assert_eq!(unknown.incomplete.len(), known.incomplete.len() + 1, "{format}");
    }
}

#[test]
fn without_a_manifest_the_root_is_inferred_and_told() {
    for (format, lockfile) in [("poetry", "poetry.lock"), ("pdm", "pdm.lock")] {
        let mut files = load(format, "simple", lockfile);
        files.0.remove("pyproject.toml");
        let outcome = read_in(&files, lockfile).unwrap();
        assert!(outcome.incomplete.iter().any(|missing| missing.why.contains("pyproject.toml")), "{format}");
        assert_eq!(reached(&outcome), outcome.value.inventory.packages.len(), "{format}");
    }
}

#[test]
fn names_of_files_tell_formats() {
    for (name, format) in [
        ("a/Pipfile.lock", Some(Format::PipfileLock)),
        ("poetry.lock", Some(Format::Poetry)),
        ("pdm.lock", Some(Format::Pdm)),
        ("uv.lock", Some(Format::Uv)),
        ("x/tool.py.lock", Some(Format::Uv)),
        ("pylock.toml", Some(Format::Pylock)),
        ("pylock.dev.toml", Some(Format::Pylock)),
        ("pylock.a.b.toml", None),
        ("pylock..toml", None),
    ] {
        assert_eq!(detect(name, b""), format, "{name}");
    }
}

/// Replaces, removes, doubles bytes or whole lines.
fn mutated(bytes: &[u8], edits: &[(usize, u8, u8)]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for &(at, action, byte) in edits {
        let at = at % bytes.len().max(1);
        let from = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let to = bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |end| at + end + 1);
        match action % 7 {
            0 => bytes[at] = byte,
            1 => drop(bytes.remove(at)),
            2 => bytes.insert(at, byte),
            3 => drop(bytes.drain(from..to)),
            4 => {
                let line = bytes[from..to].to_vec();
                drop(bytes.splice(from..from, line));
            }
            5 => bytes.truncate(at.max(1)),
            _ => bytes[at] = *b"{}[]\",='0#\n"[..].get(byte as usize % 11).unwrap(),
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes
}

/// Number of entries of packages, by another reader.
fn entries(lockfile: &str, bytes: &[u8]) -> Option<usize> {
    if lockfile == "Pipfile.lock" {
        let value: serde_json::Value = serde_json::from_slice(bytes).ok()?;
        let categories = value.as_object()?.iter().filter(|(name, _)| *name != "_meta");
        let names = categories.filter_map(|(_, category)| category.as_object()).flat_map(|category| category.keys());
        return Some(names.collect::<BTreeSet<_>>().len());
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let table: toml::Table = text.strip_prefix('\u{feff}').unwrap_or(text).parse().ok()?;
    let section = if lockfile == "pylock.toml" { "packages" } else { "package" };
    let list = table.get(section)?.as_array()?;
    // Entries of extras belong to a package that has its own.
    Some(list.iter().filter(|entry| entry.get("extras").is_none_or(|extras| !extras.is_array())).count())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn mutated_files_are_never_silently_shorter(
        (format, lockfile) in prop::sample::select(FORMATS.to_vec()),
        case in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<usize>(), any::<u8>(), any::<u8>()), 1..4),
    ) {
        let cases = cases(format);
        let case = case.get(&cases);
        let mut files = load(format, case, lockfile);
        let before = read_in(&files, lockfile).map(|outcome| outcome.value.inventory.packages.len()).unwrap_or(0);
        let original = files.0[lockfile].clone();
        let bytes = mutated(&original, &edits);
        files.0.insert(lockfile.to_owned(), bytes.clone());
        if let Ok(outcome) = read_in(&files, lockfile) {
            let packages = &outcome.value.inventory.packages;
            prop_assert_eq!(reached(&outcome), packages.len());
            if let Some(expected) = entries(lockfile, &bytes) {
                prop_assert!(packages.len() >= expected, "{} {}: {} of {}", format, case, packages.len(), expected);
            }
            if packages.len() < before && outcome.incomplete.is_empty() {
                // A sound file with fewer packages: the other reader must see as few.
                let others = entries(lockfile, &bytes).zip(entries(lockfile, &original));
                prop_assert!(others.is_some_and(|(left, whole)| left < whole), "{} {}", format, case);
            }
        }
    }
}
