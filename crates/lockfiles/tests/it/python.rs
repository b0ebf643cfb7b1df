//! Requirements files, Python manifests, installed Python environments.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use vetch_lockfiles::format::detect;
use vetch_lockfiles::{Format, MemoryFiles, Reading, installed, read};
use vetch_model::inventory::Source;
use vetch_model::outcome::Outcome;

use crate::common::{render_incomplete, render_inventory};

/// Every file of a case, by path.
fn case(format: &str, case: &str) -> MemoryFiles {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(format).join(case);
    let mut files = MemoryFiles::default();
    collect(&root, "", &mut files);
    assert!(!files.0.is_empty(), "{}", root.display());
    files
}

fn collect(root: &Path, below: &str, files: &mut MemoryFiles) {
    for entry in fs::read_dir(root.join(below)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        if entry.file_type().unwrap().is_dir() {
            collect(root, &path, files);
        } else {
            files.0.insert(path.clone(), fs::read(root.join(&path)).unwrap());
        }
    }
}

/// What a reader made of a file, one thing a line.
fn told(files: &MemoryFiles, file: &str) -> String {
    let format = detect(file, b"").unwrap();
    match read(files, file, format) {
        Ok(outcome) => render(&outcome),
        Err(error) => format!("{:?} {error}\n", error.kind),
    }
}

fn render(outcome: &Outcome<Reading>) -> String {
    let inventory = &outcome.value.inventory;
    let mut text = render_inventory(inventory);
    for edge in inventory.edges.iter().filter(|edge| edge.condition.is_some()) {
        let condition = edge.condition.as_deref().unwrap_or_default();
        writeln!(text, "{} -> {} when {condition}", edge.from.0, edge.to.0).unwrap();
    }
    for package in &inventory.packages {
        if !package.groups.is_empty() {
            writeln!(text, "{} in {}", package.label(), package.groups.join(", ")).unwrap();
        }
        for artifact in &package.artifacts {
            let integrity = artifact.integrity.as_ref().map_or("-", |integrity| &integrity.text[..11]);
            writeln!(text, "{} as {:?} {integrity}…", package.label(), artifact.file).unwrap();
        }
        if let Source::Registry { index: Some(index), .. } = &package.source {
            writeln!(text, "{} from {index}", package.label()).unwrap();
        }
    }
    for note in &outcome.value.notes {
        writeln!(text, "note {:?} {} {:?} line {}", note.kind, note.field, note.found, note.location.line).unwrap();
    }
    text.push_str(&render_incomplete(&outcome.incomplete));
    text
}

/// The snapshot of a case, under its format and name.
macro_rules! cases {
    ($($test:ident: $format:literal $case:literal $file:literal;)*) => {
        $(#[test]
        fn $test() {
            insta::assert_snapshot!(concat!($format, "-", stringify!($test)), told(&case($format, $case), $file));
        })*
    };
}

cases! {
    compiled: "requirements" "simple" "requirements.txt";
    input: "requirements" "simple" "requirements.in";
    compiled_by_uv: "requirements" "uv" "requirements.txt";
    nothing: "requirements" "empty" "requirements.txt";
    nested: "requirements" "nested" "requirements.txt";
    extras: "requirements" "extras" "requirements.txt";
    git: "requirements" "git" "requirements.txt";
    url: "requirements" "url" "requirements.txt";
    file: "requirements" "file" "requirements.txt";
    groups: "requirements" "groups" "requirements-dev.txt";
    markers: "requirements" "markers" "requirements.txt";
    conflict: "requirements" "conflict" "requirements.txt";
    hostile_paths: "requirements" "hostile-paths" "requirements.txt";
    options: "requirements" "options" "requirements.txt";
    encodings: "requirements" "encodings" "requirements.txt";
    latin1: "requirements" "encodings" "latin1-requirements.txt";
    not_text: "requirements" "encodings" "broken-requirements.txt";
    wrong_types: "requirements" "wrong-types" "requirements.txt";
    pyproject_simple: "pyproject" "simple" "pyproject.toml";
    pyproject_groups: "pyproject" "groups" "pyproject.toml";
    pyproject_extras: "pyproject" "extras" "pyproject.toml";
    pyproject_poetry: "pyproject" "poetry" "pyproject.toml";
    pyproject_pdm: "pyproject" "pdm" "pyproject.toml";
    pyproject_uv: "pyproject" "uv" "pyproject.toml";
    pyproject_dynamic: "pyproject" "dynamic" "pyproject.toml";
    pyproject_wrong_types: "pyproject" "wrong-types" "pyproject.toml";
    pyproject_conflict: "pyproject" "conflict" "pyproject.toml";
    pyproject_not_toml: "pyproject" "not-toml" "pyproject.toml";
    pyproject_duplicate_keys: "pyproject" "duplicate-keys" "pyproject.toml";
    pyproject_hostile_paths: "pyproject" "hostile-paths" "pyproject.toml";
    pyproject_empty: "pyproject" "empty" "pyproject.toml";
    setup_cfg_simple: "setup-cfg" "simple" "setup.cfg";
    setup_cfg_wrong_types: "setup-cfg" "wrong-types" "setup.cfg";
    setup_cfg_conflict: "setup-cfg" "conflict" "setup.cfg";
    environment: "site-packages" "simple" "pyvenv.cfg";
    environment_kinds: "site-packages" "file" "site-packages";
}

#[test]
fn a_folder_without_environment_is_told() {
    let error = read(&MemoryFiles::default(), "", Format::SitePackages).unwrap_err();
    assert_eq!(error.problem, "no Python environment lies there");
}

#[test]
fn records_name_files_of_the_target() {
    let files = case("site-packages", "simple");
    let (path, bytes) = files.0.iter().find(|(path, _)| path.contains("/idna-") && path.ends_with("RECORD")).unwrap();
    let outcome = installed::record::read(bytes, path);
    assert!(outcome.incomplete.is_empty(), "{:?}", outcome.incomplete);
    let own = outcome.value.iter().find(|file| file.path.ends_with("/METADATA")).unwrap();
    assert!(files.0.contains_key(own.place.as_deref().unwrap()));
    assert!(own.integrity.is_some() && own.size.is_some());
    let folder = path.strip_suffix("/RECORD").unwrap();
    assert_eq!(installed::record::of(&files, folder).unwrap().unwrap(), outcome);
    let commands = installed::entry_points::of(&files, folder).unwrap();
    assert_eq!((commands[0].group.as_str(), commands[0].name.as_str()), ("console_scripts", "idna"));
}

/// Pseudorandom numbers, the same in every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end.max(1) as u64) as usize
    }
}

/// One small damage: a byte changed, removed or doubled, the end cut off.
fn damaged(bytes: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if bytes.is_empty() {
        return b"x".to_vec();
    }
    let at = numbers.below(bytes.len());
    match numbers.below(4) {
        0 => bytes[at] = b"\"'[]{}=,;:#\\\n\0 a\xff"[numbers.below(17)],
        1 => {
            bytes.remove(at);
        }
        2 => bytes.truncate(at),
        _ => doubled(&mut bytes, at, numbers),
    }
    bytes
}

fn doubled(bytes: &mut Vec<u8>, at: usize, numbers: &mut Numbers) {
    let end = (at + numbers.below(40)).min(bytes.len());
    let part = bytes[at..end].to_vec();
    bytes.splice(at..at, part);
}

/// Files of which one line is one package, and their names.
const TARGETS: &[(&str, &str, &str)] = &[
    ("requirements", "simple", "requirements.txt"),
    ("requirements", "git", "requirements.txt"),
    ("requirements", "options", "requirements.txt"),
    ("requirements", "uv", "requirements.txt"),
    ("pyproject", "poetry", "pyproject.toml"),
    ("pyproject", "groups", "pyproject.toml"),
    ("pyproject", "simple", "pyproject.toml"),
    ("pyproject", "uv", "pyproject.toml"),
    ("setup-cfg", "simple", "setup.cfg"),
];

/// Damage that makes no other honest file: no cut at the end of a line, no line that
/// becomes part of a comment, of which nothing can tell that there was more.
#[test]
fn damage_that_can_be_told_is_told() {
    let mut numbers = Numbers(0xbead);
    // A misspelt `[tool.poetry…]` or `[options…]` is the table of some other tool: not told.
    let is_closed = |format: &str, name: &str| match format {
        "requirements" => true,
        "pyproject" => matches!(name, "simple" | "groups"),
        _ => false,
    };
    for (format, name, file) in TARGETS.iter().filter(|(format, name, _)| is_closed(format, name)) {
        let files = case(format, name);
        let format = detect(file, b"").unwrap();
        let whole = read(&files, file, format).unwrap();
        for _ in 0..400 {
            let mut files = files.clone();
            let mut bytes = files.0[*file].clone();
            let at = numbers.below(bytes.len());
            match numbers.below(3) {
                0 if bytes[at] != b'\n' => bytes[at] = b"\"'[]{}=:\xff"[numbers.below(9)],
                1 => doubled(&mut bytes, at, &mut numbers),
                _ => bytes.insert(at, b"\"'[]{}=:\xff"[numbers.below(9)]),
            }
            let text = String::from_utf8_lossy(&bytes).into_owned();
            files.0.insert((*file).to_owned(), bytes);
            let Ok(outcome) = read(&files, file, format) else { continue };
            let is_less = outcome.value.inventory.packages.len() < whole.value.inventory.packages.len();
            let is_known = |why: &str| whole.incomplete.iter().any(|known| known.why == why);
            let is_told = outcome.incomplete.iter().any(|missing| !is_known(&missing.why));
            assert!(!is_less || is_told, "{file} of {name}, byte {at}:\n{text}");
        }
    }
}

/// A distribution is its folder: whatever its files hold, it never vanishes.
#[test]
fn damaged_environments_lose_no_distribution() {
    for (name, target) in [("simple", "pyvenv.cfg"), ("file", "site-packages")] {
        let files = case("site-packages", name);
        let whole = read(&files, target, Format::SitePackages).unwrap().value.inventory.packages.len();
        let paths: Vec<String> = files.0.keys().filter(|path| path.contains("site-packages/")).cloned().collect();
        let mut numbers = Numbers(0xfeed);
        for _ in 0..300 {
            let mut files = files.clone();
            let path = &paths[numbers.below(paths.len())];
            let bytes = damaged(&files.0[path], &mut numbers);
            files.0.insert(path.clone(), bytes);
            let found = read(&files, target, Format::SitePackages).unwrap().value.inventory.packages.len();
            assert!(found >= whole, "{path}");
        }
    }
}

#[test]
fn hostile_sizes_stay_quick() {
    let names: String = (0..50_000).map(|number| format!("p{number}==1.0\n    # via p{}\n", number / 2)).collect();
    let same = "same==1.0 --hash=md5:0\n    # via same\n".repeat(20_000);
    let comments = "# via\n".repeat(200_000);
    let continued = "a \\\n".repeat(200_000);
    for text in [names, same, comments, continued] {
        let mut files = MemoryFiles::default();
        files.0.insert("requirements.txt".to_owned(), text.into_bytes());
        let start = std::time::Instant::now();
        read(&files, "requirements.txt", Format::Requirements).unwrap();
        // Only what grows with the square takes this long.
        assert!(start.elapsed().as_secs() < 20);
    }
}
