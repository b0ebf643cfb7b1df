//! Builds `demo/axios` from `demo/src-packages`: archives, lockfile, and the installed tree as
//! the dropper left it. `cargo xtask codegen` runs it; with `--check` it changes nothing and
//! fails if a file is not current.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a development task: a panic says what is wrong with the sources"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::{Map, Value, json};
use vetch_testkit::{Pkg, integrity, stored_tarball};

/// Does not resolve, now or ever (RFC 2606).
const REGISTRY: &str = "https://registry.invalid";

/// Written by this program and nothing else; what it does not write there is left over.
const GENERATED: &[&str] = &["archives", "node_modules", "package-lock.json"];

/// The package whose install script ran.
const DROPPER: &str = "plain-crypto-js";

/// Path below `demo/axios` → contents.
type Files = BTreeMap<String, Vec<u8>>;

fn main() -> ExitCode {
    let check = std::env::args().any(|argument| argument == "--check");
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo");
    let project = demo.join("axios");
    let wanted = wanted(&packages(&demo.join("src-packages")), &project);
    let found = found(&project);
    let paths: BTreeSet<&String> = wanted.keys().chain(found.keys()).collect();
    let changed: Vec<&String> = paths.into_iter().filter(|path| wanted.get(*path) != found.get(*path)).collect();
    for path in &changed {
        if check {
            eprintln!("not current: demo/axios/{path}");
            continue;
        }
        match wanted.get(*path) {
            Some(bytes) => write(&project.join(path), bytes),
            None => fs::remove_file(project.join(path)).expect("a removable file"),
        }
        println!("wrote demo/axios/{path}");
    }
    if check && !changed.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Every source folder, `<name>-<version>`, as a release; sorted by name.
fn packages(sources: &Path) -> Vec<Pkg> {
    let mut folders: Vec<PathBuf> = fs::read_dir(sources).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let read = |folder: &PathBuf| {
        let manifest: Value = serde_json::from_slice(&fs::read(folder.join("package.json")).unwrap()).unwrap();
        Pkg::new(manifest["name"].as_str().unwrap(), manifest["version"].as_str().unwrap()).files_from(folder)
    };
    folders.iter().map(read).collect()
}

fn wanted(packages: &[Pkg], project: &Path) -> Files {
    let mut files = Files::new();
    for pkg in packages {
        files.insert(format!("archives/{}", pkg.file_name()), stored_tarball(&pkg.contents()));
        for (path, bytes) in installed(pkg) {
            files.insert(format!("node_modules/{}/{path}", pkg.name()), bytes);
        }
    }
    let root: Value = serde_json::from_slice(&fs::read(project.join("package.json")).unwrap()).unwrap();
    let mut entries: Map<String, Value> =
        packages.iter().map(|pkg| (format!("node_modules/{}", pkg.name()), entry(pkg))).collect();
    files.insert("node_modules/.package-lock.json".to_owned(), lockfile(&root, entries.clone()));
    let own = json!({ "name": root["name"], "version": root["version"], "dependencies": root["dependencies"] });
    entries.shift_insert(0, String::new(), own);
    files.insert("package-lock.json".to_owned(), lockfile(&root, entries));
    files
}

/// What lies in `node_modules`: for the dropper, what it left when it was done.
fn installed(pkg: &Pkg) -> Vec<(String, Vec<u8>)> {
    let mut files: BTreeMap<String, Vec<u8>> = pkg.contents().into_iter().collect();
    if pkg.name() == DROPPER {
        files.remove("setup.js").expect("the dropper's script");
        let decoy = files.remove("package.md").expect("the dropper's decoy");
        files.insert("package.json".to_owned(), decoy);
    }
    files.into_iter().collect()
}

fn entry(pkg: &Pkg) -> Value {
    let mut entry = json!({
        "version": pkg.version(),
        "resolved": format!("{REGISTRY}{}", pkg.tarball_path()),
        "integrity": integrity(&stored_tarball(&pkg.contents())),
    });
    if pkg.has_install_script() {
        entry["hasInstallScript"] = json!(true);
    }
    for field in ["license", "dependencies"] {
        if let Some(value) = pkg.manifest().get(field) {
            entry[field] = value.clone();
        }
    }
    entry
}

fn lockfile(root: &Value, packages: Map<String, Value>) -> Vec<u8> {
    let document = json!({
        "name": root["name"],
        "version": root["version"],
        "lockfileVersion": 3,
        "requires": true,
        "packages": packages,
    });
    let mut text = serde_json::to_vec_pretty(&document).unwrap();
    text.push(b'\n');
    text
}

/// The generated files as they are.
fn found(project: &Path) -> Files {
    let mut files = Files::new();
    let mut waiting: Vec<PathBuf> = GENERATED.iter().map(|path| project.join(path)).collect();
    while let Some(path) = waiting.pop() {
        if let Ok(entries) = fs::read_dir(&path) {
            waiting.extend(entries.map(|entry| entry.unwrap().path()));
        } else if let Ok(bytes) = fs::read(&path) {
            let relative = path.strip_prefix(project).unwrap().to_str().unwrap().replace('\\', "/");
            files.insert(relative, bytes);
        }
    }
    files
}

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
