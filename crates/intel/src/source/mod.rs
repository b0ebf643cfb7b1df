//! Where records come from: files, folders, OSV's zips; beside them CISA's catalogue and EPSS.

mod epss;
mod feed;
mod folder;
mod zip;

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use vetch_model::history::Time;

use crate::record::{Document, MAX_RECORD, RecordError, read_json, read_yaml};
use crate::store::{IntelStore, Put, StoreError, Writer};

pub use feed::{Change, FeedPart, FeedState, MAX_CHANGES, read_changes};

/// Problems named of each source; the others are counted.
const MAX_NAMED: usize = 10;
/// Largest catalogue of exploited vulnerabilities, in bytes: a JSON that is no record.
const MAX_CATALOGUE: u64 = 64 << 20;
/// Records between two questions whether to stop.
const STRIDE: u64 = 256;

/// Follows an import, and may stop it.
pub trait Watcher {
    /// So many records of this source were read in all.
    fn read(&mut self, source: &str, records: u64);
    /// Whether to stop: nothing is then imported.
    fn is_cancelled(&self) -> bool;
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A path that cannot be read, or an archive that is damaged or hostile.
    #[error("cannot import `{path}`: {reason}")]
    Source {
        /// Which.
        path: String,
        /// Why.
        reason: String,
        /// What to do next.
        hint: &'static str,
    },
    /// The store does not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The user stopped it.
    #[error("stopped before the end; what was there before stands")]
    Cancelled,
}

impl ImportError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            ImportError::Source { hint, .. } => hint,
            ImportError::Store(error) => error.hint(),
            ImportError::Cancelled => "",
        }
    }
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// By source, as given.
    pub sources: Vec<SourceReport>,
}

/// What became of one source.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceReport {
    /// As given.
    pub path: String,
    /// Records that were not known.
    pub added: u64,
    /// Records that replace older ones.
    pub updated: u64,
    /// Records that were known as they are.
    pub unchanged: u64,
    /// Records about other ecosystems: passed over.
    pub foreign: u64,
    /// Records that are not numbered yet: passed over.
    pub unnumbered: u64,
    /// Entries of a catalogue of exploited vulnerabilities.
    pub exploited: u64,
    /// Probabilities of exploitation.
    pub probabilities: u64,
    /// Files and entries that are no record, or a broken one.
    pub failed: u64,
    /// Records of which a part could not be understood; the rest is kept.
    pub partial: u64,
    /// The first of both.
    pub named: Vec<Named>,
}

/// A problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// File, or entry of an archive.
    pub place: String,
    /// What is wrong.
    pub why: String,
}

impl SourceReport {
    /// Records and entries that were read.
    pub fn read(&self) -> u64 {
        self.added + self.updated + self.unchanged + self.foreign + self.unnumbered + self.failed
    }

    /// Takes another report of the same source in.
    pub fn add(&mut self, other: SourceReport) {
        self.added += other.added;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.foreign += other.foreign;
        self.unnumbered += other.unnumbered;
        self.exploited += other.exploited;
        self.probabilities += other.probabilities;
        self.failed += other.failed;
        self.partial += other.partial;
        self.named.extend(other.named);
        self.named.truncate(MAX_NAMED);
    }

    fn name(&mut self, place: &str, why: String) {
        if self.named.len() < MAX_NAMED {
            self.named.push(Named { place: place.to_owned(), why });
        }
    }
}

impl IntelStore {
    /// Imports all of these, or nothing.
    ///
    /// # Errors
    /// When a path cannot be read at all, the store cannot be written, or the user stops it. A record that is broken
    /// is counted, and the rest goes on.
    pub fn import(
        &mut self,
        paths: &[PathBuf],
        now: Time,
        watcher: &mut dyn Watcher,
    ) -> Result<ImportReport, ImportError> {
        let report = import_all(self.write(now)?, paths, watcher)?;
        // A reader may be in the way; the next import will do it.
        self.keep_log().ok();
        Ok(report)
    }
}

fn import_all(writer: Writer<'_>, paths: &[PathBuf], watcher: &mut dyn Watcher) -> Result<ImportReport, ImportError> {
    let mut report = ImportReport::default();
    let mut import = Import { writer, watcher, report: SourceReport::default() };
    for path in paths {
        import.report = SourceReport { path: path.display().to_string(), ..SourceReport::default() };
        import.path(path)?;
        report.sources.push(std::mem::take(&mut import.report));
    }
    import.writer.commit()?;
    Ok(report)
}

/// What a file is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Json,
    Yaml,
    Zip,
    Csv,
    Other,
}

fn kind_of(path: &Path) -> Kind {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let ends = |ending: &str| name.ends_with(ending);
    match () {
        () if ends(".json") => Kind::Json,
        () if ends(".yaml") || ends(".yml") => Kind::Yaml,
        () if ends(".zip") => Kind::Zip,
        () if ends(".csv") || ends(".csv.gz") => Kind::Csv,
        () => Kind::Other,
    }
}

/// One import going on.
struct Import<'i, 's> {
    writer: Writer<'s>,
    watcher: &'i mut dyn Watcher,
    report: SourceReport,
}

impl Import<'_, '_> {
    fn path(&mut self, path: &Path) -> Result<(), ImportError> {
        let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error.to_string()))?;
        if metadata.is_dir() {
            return folder::import(self, path);
        }
        if !metadata.is_file() {
            return Err(unreadable(path, "it is neither a file nor a folder"));
        }
        match kind_of(path) {
            Kind::Zip => zip::import(self, path),
            Kind::Csv => epss::import(self, path),
            kind @ (Kind::Json | Kind::Yaml) => {
                let before = self.report.failed;
                self.file(path, &path.display().to_string(), kind)?;
                // The one file that was asked for.
                match self.report.named.first().filter(|_| self.report.failed > before) {
                    Some(named) => Err(unreadable(path, &named.why)),
                    None => Ok(()),
                }
            }
            Kind::Other => Err(unreadable(path, "it ends in none of .json, .yaml, .yml, .zip, .csv and .csv.gz")),
        }
    }

    /// One file of a record, or a catalogue.
    fn file(&mut self, path: &Path, place: &str, kind: Kind) -> Result<(), ImportError> {
        let limit = if kind == Kind::Json { MAX_CATALOGUE } else { MAX_RECORD };
        match read_limited(path, limit) {
            Ok(bytes) => self.bytes(&bytes, place, kind),
            Err(error) => self.failed(place, error.to_string()),
        }
    }

    fn bytes(&mut self, bytes: &[u8], place: &str, kind: Kind) -> Result<(), ImportError> {
        match read(bytes, kind) {
            Ok(document) => self.document(document, place),
            Err(error) => self.failed(place, error.to_string()),
        }
    }

    fn document(&mut self, document: Document, place: &str) -> Result<(), ImportError> {
        match document {
            Document::Record(record, problem) => {
                match self.writer.put(&record)? {
                    Put::Added => self.report.added += 1,
                    Put::Updated => self.report.updated += 1,
                    Put::Unchanged => self.report.unchanged += 1,
                }
                if let Some(problem) = problem {
                    self.report.partial += 1;
                    self.report.name(place, problem);
                }
            }
            Document::Foreign => self.report.foreign += 1,
            Document::Unnumbered => self.report.unnumbered += 1,
            Document::Exploited(all) => {
                self.report.exploited += all.len() as u64;
                self.writer.put_exploited(&all)?;
            }
        }
        self.tick()
    }

    fn failed(&mut self, place: &str, why: String) -> Result<(), ImportError> {
        self.report.failed += 1;
        self.report.name(place, why);
        self.tick()
    }

    fn tick(&mut self) -> Result<(), ImportError> {
        let read = self.report.read();
        if read.is_multiple_of(STRIDE) {
            self.watcher.read(&self.report.path, read);
            if self.watcher.is_cancelled() {
                return Err(ImportError::Cancelled);
            }
        }
        Ok(())
    }
}

fn read(bytes: &[u8], kind: Kind) -> Result<Document, RecordError> {
    match kind {
        Kind::Yaml => read_yaml(bytes),
        _ if bytes.len() as u64 > MAX_RECORD && !is_catalogue(bytes) => {
            Err(RecordError(format!("it is larger than {MAX_RECORD} bytes")))
        }
        _ => read_json(bytes),
    }
}

/// Whether it begins as CISA's catalogue does, which is one large document.
fn is_catalogue(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(4096)).unwrap_or_default();
    head.windows(16).any(|window| window == b"\"catalogVersion\"")
}

fn read_limited(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!("it is larger than {limit} bytes")));
    }
    Ok(bytes)
}

fn unreadable(path: &Path, reason: &str) -> ImportError {
    ImportError::Source {
        path: path.display().to_string(),
        reason: reason.to_owned(),
        hint: "name OSV records (.json, .yaml), a folder of them, an ecosystem's zip, CISA's KEV catalogue (.json) or \
               EPSS (.csv, .csv.gz); nothing was imported",
    }
}

fn hostile(path: &Path, reason: &str) -> ImportError {
    ImportError::Source {
        path: path.display().to_string(),
        reason: reason.to_owned(),
        hint: "get it again from where it is published; nothing was imported",
    }
}
