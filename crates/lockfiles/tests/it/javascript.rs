//! The lockfiles of Yarn 1, Bun and Deno, Plug'n'Play and the bare manifest, by
//! example: every fixture has a snapshot of the same name.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::render_reading;
use vetch_lockfiles::{Format, MemoryFiles, ReadErrorKind, detect, read};

/// The formats here: the folder of its fixtures, the names of its files.
const FORMATS: &[(&str, Format, &[&str])] = &[
    ("yarn-classic", Format::YarnClassic, &["yarn.lock"]),
    ("bun", Format::Bun, &["bun.lock", "bun.lockb"]),
    ("deno", Format::Deno, &["deno.lock"]),
    ("pnp", Format::PlugNPlay, &[".pnp.cjs", ".pnp.data.json"]),
    ("package-json", Format::PackageJson, &["package.json"]),
];

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn load(folder: &Path, below: &str, files: &mut MemoryFiles) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        if entry.path().is_dir() {
            load(&entry.path(), &path, files);
        } else {
            files.0.insert(path, fs::read(entry.path()).unwrap());
        }
    }
}

/// The files of a case, and which of them is read.
pub(crate) fn case(format: &str, case: &str, names: &[&str]) -> (MemoryFiles, String) {
    let mut files = MemoryFiles::default();
    load(&fixtures().join(format).join(case), "", &mut files);
    let name = names.iter().find(|name| files.0.contains_key(**name)).unwrap();
    (files, (*name).to_owned())
}

/// The names of a format's cases.
pub(crate) fn cases(format: &str) -> Vec<String> {
    let entries = fs::read_dir(fixtures().join(format)).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn every_case_reads_as_its_snapshot_says() {
    for (folder, format, names) in FORMATS {
        for name in cases(folder) {
            let (files, file) = case(folder, &name, names);
            assert_eq!(detect(&file, &files.0[&file]), Some(*format), "{folder}/{name}");
            let text = match read(&files, &file, *format) {
                Ok(outcome) => {
                    assert_eq!(outcome.value.format, *format);
                    render_reading(&outcome)
                }
                Err(error) => format!("error {:?} {error}\n", error.kind),
            };
            insta::assert_snapshot!(format!("{folder}__{name}"), text);
        }
    }
}

#[test]
fn what_breaks_a_file_is_told_by_its_kind() {
    for (folder, name, kind) in [
        ("yarn-classic", "conflict", ReadErrorKind::Conflict),
        ("yarn-classic", "not-yarn", ReadErrorKind::Syntax),
        ("bun", "conflict", ReadErrorKind::Conflict),
        ("bun", "not-json", ReadErrorKind::Syntax),
        ("bun", "truncated", ReadErrorKind::Syntax),
        ("bun", "binary", ReadErrorKind::Shape),
        ("deno", "conflict", ReadErrorKind::Conflict),
        ("deno", "truncated", ReadErrorKind::Syntax),
        ("pnp", "conflict", ReadErrorKind::Conflict),
        ("pnp", "not-pnp", ReadErrorKind::Shape),
        ("package-json", "not-json", ReadErrorKind::Syntax),
    ] {
        let (_, format, names) = FORMATS.iter().find(|(known, ..)| *known == folder).unwrap();
        let (files, file) = case(folder, name, names);
        assert_eq!(read(&files, &file, *format).unwrap_err().kind, kind, "{folder}/{name}");
    }
}

#[test]
fn marks_and_line_ends_change_nothing_but_places() {
    for (folder, format, names) in FORMATS {
        let (mut files, file) = case(folder, "simple", names);
        let plain = read(&files, &file, *format).unwrap();
        let text = String::from_utf8(files.0[&file].clone()).unwrap();
        files.0.insert(file.clone(), format!("\u{feff}{}", text.replace('\n', "\r\n")).into_bytes());
        let marked = read(&files, &file, *format).unwrap();
        // The mark moves the columns of the first line.
        let lines = |outcome| {
            render_reading(outcome)
                .lines()
                .map(|line| line.split(" @").next().unwrap_or_default().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(lines(&plain), lines(&marked), "{folder}");
    }
}

#[test]
fn places_are_those_of_the_file() {
    let (files, file) = case("pnp", "simple", &[".pnp.cjs"]);
    let outcome = read(&files, &file, Format::PlugNPlay).unwrap();
    let text = String::from_utf8(files.0[&file].clone()).unwrap();
    let react = outcome.value.inventory.packages.iter().find(|package| package.label() == "react@17.0.2").unwrap();
    let location = react.declared_at.clone().unwrap();
    assert_eq!(&text[location.span.start as usize..location.span.end as usize], "\"npm:17.0.2\"");
    assert!(text.lines().nth(location.line as usize - 1).unwrap().contains("npm:17.0.2"));
}

#[test]
fn inlined_or_beside_the_map_is_the_same() {
    let inventory = |name: &str| {
        let (files, file) = case("pnp", name, &[".pnp.cjs"]);
        let mut inventory = read(&files, &file, Format::PlugNPlay).unwrap().value.inventory;
        inventory.file.clear();
        inventory.packages.iter_mut().for_each(|package| package.declared_at = None);
        inventory
    };
    assert_eq!(inventory("simple"), inventory("data"));
}

#[test]
fn berry_lockfiles_are_not_classic() {
    let berry =
        b"# This file is generated by running \"yarn install\" inside your project.\n\n__metadata:\n  version: 8\n";
    assert_ne!(detect("yarn.lock", berry), Some(Format::YarnClassic));
    assert_eq!(detect("a/yarn.lock", b"# yarn lockfile v1\n"), Some(Format::YarnClassic));
}
