//! Every reader against damaged fixtures: no panic, work in proportion to the input, and
//! what was complete is never silently shorter.

mod damage;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use vetch_lockfiles::{Files, Format, Listed, MemoryFiles, ReadError, Reading, read};
use vetch_model::outcome::Outcome;

use damage::{Damage, Dice, Kind, damage};

/// Damaged files per format.
const ROUNDS: usize = 1300;

/// Every format that is a file or a tree of files: the folder of its fixtures, which file is read.
const FORMATS: &[(Format, &str, &[&str])] = &[
    (Format::PackageLock, "npm", &["package-lock.json"]),
    (Format::YarnClassic, "yarn-classic", &["yarn.lock"]),
    (Format::YarnBerry, "yarn-berry", &["yarn.lock"]),
    (Format::PlugNPlay, "pnp", &[".pnp.cjs", ".pnp.data.json"]),
    (Format::Pnpm, "pnpm", &["pnpm-lock.yaml"]),
    (Format::Bun, "bun", &["bun.lock"]),
    (Format::Deno, "deno", &["deno.lock"]),
    (Format::PackageJson, "package-json", &["package.json"]),
    (Format::Requirements, "requirements", &["requirements.txt"]),
    (Format::PipfileLock, "pipfile-lock", &["Pipfile.lock"]),
    (Format::Poetry, "poetry", &["poetry.lock"]),
    (Format::Pdm, "pdm", &["pdm.lock"]),
    (Format::Uv, "uv", &["uv.lock"]),
    (Format::Pylock, "pylock", &["pylock.toml"]),
    (Format::Pyproject, "pyproject", &["pyproject.toml"]),
    (Format::SetupCfg, "setup-cfg", &["setup.cfg"]),
    (Format::CycloneDxJson, "cyclonedx-json", &["bom.json", "bom.cdx.json"]),
    (Format::CycloneDxXml, "cyclonedx-xml", &["bom.xml", "bom.cdx.xml"]),
    (Format::SpdxJson, "spdx-json", &["bom.spdx.json", "sbom.spdx.json"]),
    (Format::SpdxTagValue, "spdx-tag-value", &["bom.spdx"]),
    (Format::Spdx3Json, "spdx3-json", &["bom.spdx3.json"]),
];

/// A fixture that can be read.
struct Case {
    name: String,
    files: MemoryFiles,
    file: String,
    whole: Outcome<Reading>,
}

/// Counts what a reader asks for.
struct Counted<'f> {
    files: &'f MemoryFiles,
    asked: Cell<usize>,
}

impl Counted<'_> {
    fn count(&self) {
        self.asked.set(self.asked.get() + 1);
        assert!(self.asked.get() < 1000, "the reader asks for file after file");
    }
}

impl Files for Counted<'_> {
    fn read(&self, path: &str, limit: u64) -> Result<Option<Vec<u8>>, ReadError> {
        self.count();
        self.files.read(path, limit)
    }

    fn list(&self, folder: &str) -> Result<Vec<Listed>, ReadError> {
        self.count();
        self.files.list(folder)
    }
}

fn load(folder: &Path, below: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{below}{}", entry.file_name().into_string().unwrap());
        if entry.path().is_dir() {
            load(&entry.path(), &format!("{name}/"), files);
        } else {
            files.insert(name, fs::read(entry.path()).unwrap());
        }
    }
}

/// The cases of a format that can be read at all, by name.
fn cases(format: Format, folder: &str, names: &[&str]) -> Vec<Case> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let mut cases = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let entry = entry.unwrap();
        let mut files = MemoryFiles::default();
        load(&entry.path(), "", &mut files.0);
        let Some(file) = names.iter().find(|name| files.0.contains_key(**name)) else { continue };
        let Ok(whole) = read(&files, file, format) else { continue };
        cases.push(Case { name: entry.file_name().into_string().unwrap(), file: (*file).to_owned(), files, whole });
    }
    cases.sort_by(|left, right| left.name.cmp(&right.name));
    assert!(cases.iter().any(|case| case.whole.incomplete.is_empty()), "{format} has no complete fixture");
    cases
}

#[test]
fn damaged_files_are_never_silently_shorter() {
    let mut failures = Vec::new();
    let mut tried = 0;
    for (format, folder, names) in FORMATS {
        let cases = cases(*format, folder, names);
        let mut dice = Dice::new(tried as u64 + 1);
        let mut shorter = 0;
        for round in 0..ROUNDS {
            // Every case meets every kind: the number of kinds and that of cases may share a factor.
            let case = &cases[(round + round / Kind::ALL.len()) % cases.len()];
            let other = &cases[dice.below(cases.len())];
            let mut files = case.files.clone();
            let bytes = files.0.get_mut(&case.file).unwrap();
            let done = damage(bytes, &other.files.0[&other.file], round, &mut dice);
            tried += 1;
            match try_out(*format, case, &files, &done) {
                Ok(is_shorter) => shorter += usize::from(is_shorter),
                Err(problem) => failures.push(format!("{format}/{} ({done}): {problem}", case.name)),
            }
        }
        // The test could not fail if damage never made a difference.
        assert!(shorter > 0, "{format}: no damage made a file shorter");
    }
    assert!(tried >= 10_000, "{tried}");
    assert!(failures.is_empty(), "{} of {tried}:\n{}", failures.len(), failures.join("\n"));
}

/// Reads a damaged fixture. Whether it has become shorter, or what is wrong with the reading.
fn try_out(format: Format, case: &Case, files: &MemoryFiles, done: &Damage) -> Result<bool, String> {
    let counted = Counted { files, asked: Cell::new(0) };
    let Ok(outcome) = read(&counted, &case.file, format) else { return Ok(true) };
    let (whole, inventory) = (&case.whole.value, &outcome.value.inventory);
    let size: usize = files.0.values().map(Vec::len).sum();
    let count = inventory.packages.len() as u32;
    let ids = inventory.edges.iter().flat_map(|edge| [edge.from, edge.to]);
    if !ids.chain(inventory.unresolved.iter().map(|missing| missing.from)).all(|id| id.0 < count) {
        return Err("an edge leads nowhere".to_owned());
    }
    if inventory.packages.len() > size + 1 || inventory.edges.len() > size * 8 || outcome.incomplete.len() > size + 8 {
        return Err(format!("{count} packages, {} edges from {size} bytes", inventory.edges.len()));
    }
    for package in &inventory.packages {
        if package.path.split('/').any(|segment| segment == "..") {
            return Err(format!("{:?} leads out", package.path));
        }
        let Some(at) = &package.declared_at else { continue };
        let length = files.0.get(&at.file).map_or(0, Vec::len);
        if at.span.start > at.span.end || at.span.end as usize > length {
            return Err(format!("{} is declared at {:?} of {length} bytes", package.label(), at.span));
        }
    }
    let is_shorter = inventory.packages.len() < whole.inventory.packages.len();
    // What is faulty anyway may be mended by damage.
    let was_complete = case.whole.incomplete.is_empty();
    let is_told = !outcome.incomplete.is_empty()
        || inventory.unresolved.len() > whole.inventory.unresolved.len()
        || outcome.value.notes.len() > whole.notes.len();
    let text = |files: &MemoryFiles| String::from_utf8_lossy(&files.0[&case.file]).into_owned();
    if is_shorter && was_complete && !is_told && !is_honest(format, &case.name, &text(&case.files), &text(files), done)
    {
        let (left, all) = (inventory.packages.len(), whole.inventory.packages.len());
        return Err(format!("silently {left} of {all} packages"));
    }
    Ok(is_shorter)
}

/// Damage after which the file is another one that its tool could have written, of
/// which nothing can tell that there was more.
fn is_honest(format: Format, case: &str, before: &str, after: &str, done: &Damage) -> bool {
    let is_any = |kinds: &[Kind]| kinds.iter().any(|kind| done.has(*kind));
    // How much is left of a splice is a matter of chance.
    is_any(&[Kind::Splice])
        || match format {
            // Written by hand, with nothing that counts or links the entries.
            Format::Requirements | Format::Pyproject | Format::SetupCfg => {
                let is_less = is_any(&[Kind::Delete, Kind::DeleteLines, Kind::SwapLines]);
                // Tables of tools are open, and sources may say that one name is several packages.
                let is_open = format == Format::Pyproject && ["uv", "pdm"].contains(&case);
                is_less || is_open || skeleton(before) != skeleton(after)
            }
            // The document may be about one of its two packages: then no root is made up above them.
            Format::Spdx3Json if case == "several-roots" => is_any(&[Kind::DeleteLines, Kind::SwapLines]),
            // A component that no relationship names may stand on one line, and be gone with it.
            Format::CycloneDxJson | Format::SpdxJson | Format::SpdxTagValue | Format::Spdx3Json => {
                is_any(&[Kind::DeleteLines])
            }
            // Without the nested entry the one above is found: that is how Bun itself resolves.
            Format::Bun => is_any(&[Kind::DeleteLines]),
            // The format does not say which package asks for which.
            Format::PipfileLock => is_any(&[Kind::Delete, Kind::DeleteLines]),
            // What is asked for under a marker may have no entry, and there is no end mark.
            Format::Pdm => is_any(&[Kind::Truncate]),
            // One more line of a text in several lines, which goes on as long as it is indented.
            Format::Pnpm => case == "bundled",
            _ => false,
        }
}

/// What a list written by hand is made of, besides its words: how far each line is
/// indented, whether it is a remark, and its table if it is the heading of one.
fn skeleton(text: &str) -> Vec<(usize, bool, &str)> {
    let of_line = |line| {
        let bare = str::trim_start(line);
        (line.len() - bare.len(), bare.contains('#'), if bare.starts_with('[') { bare } else { "" })
    };
    text.lines().map(of_line).collect()
}
