//! What Python runs or heeds at every start, and no installer recorded: `.pth` files,
//! `sitecustomize`, `usercustomize` (<https://docs.python.org/3/library/site.html>).

use std::collections::HashSet;

use cap_std::fs::Dir;
use vetch_detectors::input::{StartupFile, StartupKind};
use vetch_lockfiles::{DirFiles, Files, ListedKind, read_file};
use vetch_model::evidence::Location;
use vetch_model::integrity::Integrity;

use crate::map::join;

/// Largest `.pth` file read; a longer one counts as code.
const MAX_BYTES: u64 = 1 << 20;

/// SHA-256 of `_virtualenv.py` as virtualenv writes it.
const VIRTUALENV: &[&str] = &["02943e192823d75212f206e1f2991ac572119882683a95dfbb7a1b913d7b14b5"];

/// Looks through one `site-packages`. Where some distribution has no record, a `.pth` file that
/// only adds folders may be its own.
pub(super) fn find(dir: &Dir, site: &str, known: &HashSet<String>, all_recorded: bool, found: &mut Vec<StartupFile>) {
    for entry in DirFiles(dir).list(site).unwrap_or_default() {
        let path = join(site, &entry.name);
        let stem = entry.name.split('.').next().unwrap_or_default();
        let is_module = matches!(stem, "sitecustomize" | "usercustomize");
        if known.contains(&path) {
            continue;
        }
        if is_module && (entry.kind != ListedKind::Folder || is_unrecorded(dir, &path, known)) {
            found.push(StartupFile { location: Location::file(path), kind: StartupKind::Module, line: String::new() });
        } else if entry.name.ends_with(".pth") && entry.kind != ListedKind::Folder {
            let file = pth(dir, site, &path);
            if all_recorded || file.kind != StartupKind::Paths {
                found.push(file);
            }
        }
    }
}

/// Whether a folder holds a module that is not recorded.
fn is_unrecorded(dir: &Dir, folder: &str, known: &HashSet<String>) -> bool {
    let listed = DirFiles(dir).list(folder).unwrap_or_default();
    let mut modules = listed.iter().filter(|entry| entry.name.starts_with("__init__."));
    modules.any(|entry| !known.contains(&join(folder, &entry.name)))
}

/// What a `.pth` file does: lines that begin with `import` are run, the others are folders.
fn pth(dir: &Dir, site: &str, path: &str) -> StartupFile {
    let file = |kind, line: &str| StartupFile { location: Location::file(path), kind, line: line.to_owned() };
    let Ok(bytes) = read_file(dir, path, path, MAX_BYTES) else {
        return file(StartupKind::Code, "(it cannot be read)");
    };
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines().zip(1..);
    let code = lines.find(|(line, _)| {
        let line = line.trim_start_matches('\u{feff}');
        line.starts_with("import ") || line.starts_with("import\t")
    });
    match code {
        None => file(StartupKind::Paths, ""),
        Some(_) if is_virtualenvs(dir, site, path, &text) => file(StartupKind::Virtualenv, ""),
        Some((line, number)) => {
            let mut found = file(StartupKind::Code, line);
            found.location.line = number;
            found.location.column = 1;
            found
        }
    }
}

/// virtualenv's own, with the module that it imports as virtualenv writes it.
fn is_virtualenvs(dir: &Dir, site: &str, path: &str, text: &str) -> bool {
    let module = join(site, "_virtualenv.py");
    let is_it = |hex: &&str| {
        let expected = Integrity::from_hex("sha256", hex).ok();
        let read = read_file(dir, &module, &module, MAX_BYTES).ok();
        expected.zip(read).is_some_and(|(expected, bytes)| vetch_registries::verify(&bytes, &expected).is_ok())
    };
    path.ends_with("_virtualenv.pth") && text.trim() == "import _virtualenv" && VIRTUALENV.iter().any(is_it)
}
