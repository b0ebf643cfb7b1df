//! Files of installed distributions against their `RECORD`.

use std::collections::{BTreeMap, HashSet};

use cap_std::fs::Dir;
use vetch_detectors::input::ChangedFile;
use vetch_lockfiles::installed::record::{self, RecordedFile};
use vetch_lockfiles::{DirFiles, Files, ListedKind};
use vetch_model::integrity::{Digest, HashAlgorithm};
use vetch_model::outcome::Incomplete;

use super::Checked;
use crate::map::{folder_of, join};

/// Most files that are looked for in one environment beyond those that are recorded.
const MAX_FILES: usize = 1_000_000;

/// Folders above a file.
const MAX_DEPTH: usize = 64;

/// Files of a `.dist-info` folder that need no line in `RECORD`: itself and its signatures, by the
/// specification, and what installers write after it.
const UNRECORDED: &[&str] = &[
    "RECORD",
    "RECORD.jws",
    "RECORD.p7s",
    "INSTALLER",
    "REQUESTED",
    "direct_url.json",
    "uv_cache.json",
    "uv_build.json",
];

const REINSTALL: &str = "install the distribution again (`uv sync --reinstall`, `pip install --force-reinstall`)";

/// What an installer recorded.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// Whether there is a record and all of it was read.
    pub(super) is_read: bool,
    pub(super) files: Vec<RecordedFile>,
    incomplete: Vec<Incomplete>,
}

/// Reads the record of the distribution in a folder.
pub(super) fn read(dir: &Dir, folder: &str) -> Record {
    let missing = |why: &str| Incomplete::new(format!("the installed files of `{folder}`"), why, REINSTALL);
    if !folder.ends_with(".dist-info") {
        let why = "it was installed without a RECORD of its files, so changes to them cannot be seen";
        return Record { incomplete: vec![missing(why)], ..Record::default() };
    }
    match record::of(&DirFiles(dir), folder) {
        Ok(Some(outcome)) => {
            Record { is_read: outcome.incomplete.is_empty(), files: outcome.value, incomplete: outcome.incomplete }
        }
        Ok(None) => {
            let why = "it has no RECORD of its files, so changes to them cannot be seen";
            Record { incomplete: vec![missing(why)], ..Record::default() }
        }
        Err(error) => Record { incomplete: vec![error.into_incomplete()], ..Record::default() },
    }
}

/// Compares the recorded files with those on disk.
pub(super) fn verify(dir: &Dir, record: &Record) -> Checked {
    let mut checked = Checked { incomplete: record.incomplete.clone(), ..Checked::default() };
    let mut unread: Vec<(&str, String)> = Vec::new();
    let mut unhashed: Vec<&str> = Vec::new();
    for file in &record.files {
        let Some(place) = file.place.as_deref() else {
            checked.outside += 1;
            continue;
        };
        match look(dir, place, file) {
            Ok(Found::Same) => {}
            Ok(Found::Gone) if is_compiled(place) => {}
            Ok(Found::Gone) => checked.difference.missing.push((place.to_owned(), file.location.clone())),
            Ok(Found::Unhashed) => unhashed.push(place),
            Ok(Found::Other { expected, found }) => checked.difference.changed.push(ChangedFile {
                path: place.to_owned(),
                expected,
                found,
                recorded_at: file.location.clone(),
            }),
            Err(error) => unread.push((place, error.to_string())),
        }
    }
    if let Some((first, why)) = unread.first() {
        let what = format!("{} recorded files, `{first}` among them", unread.len());
        let hint = "make them readable; links that lead out of the target are not followed";
        checked.incomplete.push(Incomplete::new(what, format!("they cannot be read ({why})"), hint));
    }
    if let Some(first) = unhashed.first() {
        let what = format!("{} recorded files, `{first}` among them", unhashed.len());
        checked.incomplete.push(Incomplete::new(what, "their RECORD does not say what they hash to", REINSTALL));
    }
    checked
}

enum Found {
    Same,
    Gone,
    /// There, and nothing says what it should be.
    Unhashed,
    Other {
        expected: String,
        found: String,
    },
}

fn look(dir: &Dir, place: &str, file: &RecordedFile) -> std::io::Result<Found> {
    let metadata = match dir.metadata(place) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Found::Gone),
        Err(error) => return Err(error),
    };
    if !metadata.is_file() {
        let (expected, found) = ("a file".to_owned(), "a folder or special file".to_owned());
        return Ok(Found::Other { expected, found });
    }
    let Some(integrity) = &file.integrity else {
        let name = place.rsplit('/').next().unwrap_or(place);
        let may_lack = is_compiled(place) || (UNRECORDED.contains(&name) && folder_of(place).ends_with(".dist-info"));
        return Ok(if may_lack { Found::Same } else { Found::Unhashed });
    };
    if let Some(size) = file.size.filter(|size| *size != metadata.len()) {
        return Ok(Found::Other { expected: format!("{size} bytes"), found: format!("{} bytes", metadata.len()) });
    }
    Ok(match vetch_registries::verify_read(dir.open(place)?, integrity)? {
        Ok(()) => Found::Same,
        Err(mismatch) => Found::Other {
            expected: integrity.digests.first().map(shown).unwrap_or_default(),
            found: shown(&mismatch.actual),
        },
    })
}

fn shown(digest: &Digest) -> String {
    let algorithm = match digest.algorithm {
        HashAlgorithm::Sha1 => "sha1",
        HashAlgorithm::Sha256 => "sha256",
        HashAlgorithm::Sha384 => "sha384",
        HashAlgorithm::Sha512 => "sha512",
    };
    format!("{algorithm} {}", digest.to_hex())
}

/// What Python writes itself: recorded without hash, or not at all.
fn is_compiled(path: &str) -> bool {
    path.ends_with(".pyc") || path.ends_with(".pyo")
}

/// Files in the distributions' own folders that no record lists: the number of the distribution, and the path.
pub(super) fn extra(
    files: &dyn Files,
    folders: &[&str],
    records: &[Record],
    known: &HashSet<String>,
) -> Vec<(usize, String)> {
    let mut owners: BTreeMap<String, usize> = BTreeMap::new();
    for (number, (folder, record)) in folders.iter().zip(records).enumerate() {
        let site = folder_of(folder);
        if record.files.is_empty() {
            continue;
        }
        owners.insert((*folder).to_owned(), number);
        for place in record.files.iter().filter_map(|file| file.place.as_deref()) {
            let inner = if site.is_empty() {
                Some(place)
            } else {
                place.strip_prefix(site).map(|rest| rest.trim_start_matches('/'))
            };
            // Folders of Python's own, and of other distributions' metadata, are nobody's.
            let Some((top, _)) = inner.and_then(|inner| inner.split_once('/')) else { continue };
            let is_own =
                top != "__pycache__" && !top.ends_with(".dist-info") && !top.ends_with(".egg-info") && top != "..";
            if is_own && place.starts_with(site) {
                owners.entry(join(site, top)).or_insert(number);
            }
        }
    }
    let mut walk = Walk { files, known, found: Vec::new(), left: MAX_FILES };
    for (folder, owner) in &owners {
        // What has no record could own any of it.
        let is_shared = folders.iter().zip(records).any(|(other, record)| {
            !record.is_read && folder_of(other) == folder_of(folder) && !folder.ends_with(".dist-info")
        });
        if !is_shared {
            walk.folder(folder, *owner, 0);
        }
    }
    walk.found
}

struct Walk<'w> {
    files: &'w dyn Files,
    known: &'w HashSet<String>,
    found: Vec<(usize, String)>,
    left: usize,
}

/// The files of a distribution that say what it does, relative to the folder that it lies in: without
/// what Python compiles and what installers add, which differ from one machine to the next.
pub(super) fn own_files(record: &Record, folder: &str, extra: &[String]) -> Vec<String> {
    let site = folder_of(folder);
    let below = |path: &str| match site {
        "" => Some(path.to_owned()),
        site => Some(path.strip_prefix(site)?.strip_prefix('/')?.to_owned()),
    };
    let is_of_this_machine = |path: &str| is_compiled(path) && path.contains("__pycache__/");
    let says = |path: &str| !needs_no_line(folder, path) && !is_of_this_machine(path);
    let recorded = record.files.iter().filter_map(|file| file.place.as_deref());
    let all = recorded.chain(extra.iter().map(String::as_str)).filter(|path| says(path));
    let mut files: Vec<String> = all.filter_map(below).collect();
    files.sort_unstable();
    files.dedup();
    files
}

/// Whether a file of the `.dist-info` folder is written after the record, or is the record itself.
pub(super) fn needs_no_line(folder: &str, path: &str) -> bool {
    let own = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
    own.is_some_and(|name| UNRECORDED.contains(&name))
}

impl Record {
    /// Whether there is a record, readable or not.
    pub(super) fn is_there(&self) -> bool {
        self.is_read || !self.files.is_empty()
    }
}

impl Walk<'_> {
    fn folder(&mut self, folder: &str, owner: usize, depth: usize) {
        // A folder that cannot be listed has recorded files that cannot be read, which is told.
        for entry in self.files.list(folder).unwrap_or_default() {
            if self.left == 0 || depth > MAX_DEPTH {
                return;
            }
            self.left -= 1;
            let path = join(folder, &entry.name);
            match entry.kind {
                ListedKind::Folder => self.folder(&path, owner, depth + 1),
                _ if self.known.contains(&path) || self.is_expected(folder, &entry.name) => {}
                _ => self.found.push((owner, path)),
            }
        }
    }

    /// What needs no record: compiled forms of recorded modules, and files of installers.
    fn is_expected(&self, folder: &str, name: &str) -> bool {
        if folder.ends_with(".dist-info") {
            return UNRECORDED.contains(&name);
        }
        let Some(above) = folder.strip_suffix("__pycache__").filter(|_| is_compiled(name)) else { return false };
        let module = name.split('.').next().unwrap_or(name);
        self.known.contains(&format!("{above}{module}.py"))
    }
}
