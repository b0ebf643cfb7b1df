//! Where records come from: files, folders, OSV's zips; beside them CISA's catalogue, EPSS, indicators as STIX, MISP and
//! lists, and judgements (VEX).

mod epss;
mod feed;
mod folder;
mod lists;
mod report;
mod taxii;
mod zip;

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;
use vetch_model::history::Time;
use vetch_model::indicator::IndicatorKind;

use crate::indicator::{Entry, Listing, Listings, More, list, misp, stix};
use crate::record::{Document, MAX_RECORD, Record, RecordError, read_json, read_yaml};
use crate::snapshot::{self, Trust};
use crate::store::{IntelStore, Put, ShownVex, StoreError, Taken, VexTaken, Writer};
use crate::vex::{self, VexDocument};

pub use feed::{Change, FeedPart, FeedState, MAX_CHANGES, read_changes};
pub use report::{ImportReport, Named, SourceReport};

/// Largest catalogue of exploited vulnerabilities, in bytes: a JSON that is no record.
const MAX_CATALOGUE: u64 = 64 << 20;
/// Largest list in JSON, which is held in memory.
const MAX_LIST: u64 = 16 << 20;
/// How much of a document is looked at to tell what it is.
const HEAD: usize = 4096;
/// Records between two questions whether to stop.
const STRIDE: u64 = 256;

/// Why a feed's judgements are left out.
const FEED_VEX: &str = "it judges vulnerabilities (VEX), which a feed of records may not; import it by itself";

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
        self.import_trusting(paths, &Trust::default(), now, watcher)
    }

    /// Likewise, also from a snapshot that one of these keys signed. It stands in place of everything that was there,
    /// and what is named behind it adds to it.
    ///
    /// # Errors
    /// As [`IntelStore::import`].
    pub fn import_trusting(
        &mut self,
        paths: &[PathBuf],
        trust: &Trust,
        now: Time,
        watcher: &mut dyn Watcher,
    ) -> Result<ImportReport, ImportError> {
        let copy = self.temporary()?;
        let report = import_all(self.write(now)?, paths, (trust, copy), watcher)?;
        // A reader may be in the way; the next import will do it.
        self.keep_log().ok();
        Ok(report)
    }
}

fn import_all(
    writer: Writer<'_>,
    paths: &[PathBuf],
    (trust, copy): (&Trust, File),
    watcher: &mut dyn Watcher,
) -> Result<ImportReport, ImportError> {
    let mut report = ImportReport::default();
    let mut import = Import { writer, watcher, report: SourceReport::default(), takes_vex: true };
    let mut copy = Some(copy);
    for path in paths {
        import.report = SourceReport { path: path.display().to_string(), ..SourceReport::default() };
        let first = copy.take();
        match (snapshot::is_file(path), first) {
            (false, _) => {
                import.writer.adds();
                import.path(path)?;
            }
            (true, Some(copy)) => import.snapshot(path, copy, trust)?,
            (true, None) => {
                let reason = "it is a snapshot, which stands in place of everything that came before".to_owned();
                let (path, hint) = (path.display().to_string(), "name it first, and one only");
                return Err(ImportError::Source { path, reason, hint });
            }
        }
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
    Lines,
    Other,
}

fn kind_of(path: &Path) -> Kind {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let ends = |ending: &str| name.ends_with(ending);
    match () {
        () if ends(".json") => Kind::Json,
        () if ends(".yaml") || ends(".yml") => Kind::Yaml,
        () if ends(".zip") => Kind::Zip,
        () if ends(".jsonl") || ends(".ndjson") => Kind::Lines,
        () if [".csv", ".csv.gz", ".txt", ".txt.gz"].iter().any(|ending| ends(ending)) => Kind::Csv,
        () => Kind::Other,
    }
}

/// One import going on.
struct Import<'i, 's> {
    writer: Writer<'s>,
    watcher: &'i mut dyn Watcher,
    report: SourceReport,
    /// The user named what is imported, and may say what others judge.
    takes_vex: bool,
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
            Kind::Csv if lists::is_epss(path)? => epss::import(self, path),
            Kind::Csv => lists::import(self, path),
            Kind::Lines => self.lines(path),
            kind @ (Kind::Json | Kind::Yaml) => {
                let before = self.report.failed;
                self.file(path, &path.display().to_string(), kind)?;
                // The one file that was asked for.
                match self.report.named.first().filter(|_| self.report.failed > before) {
                    Some(named) => Err(unreadable(path, &named.why)),
                    None => Ok(()),
                }
            }
            Kind::Other => Err(unreadable(
                path,
                "it is no snapshot, and ends in none of .json, .jsonl, .yaml, .yml, .zip, .csv, .txt and .csv.gz",
            )),
        }
    }

    fn snapshot(&mut self, path: &Path, copy: File, trust: &Trust) -> Result<(), ImportError> {
        let (manifest, origin) = snapshot::load(&mut self.writer, path, copy, trust, self.watcher)?;
        self.report.snapshot = Some((manifest, origin));
        Ok(())
    }

    /// One record a line, of any number.
    fn lines(&mut self, path: &Path) -> Result<(), ImportError> {
        let failed = |error: io::Error| unreadable(path, &error.to_string());
        let mut file = BufReader::new(File::open(path).map_err(failed)?);
        let mut line = Vec::new();
        for number in 1u64.. {
            line.clear();
            // One byte more than a record may have shows that it has more.
            (&mut file).take(MAX_RECORD + 2).read_until(b'\n', &mut line).map_err(failed)?;
            if line.is_empty() {
                break;
            }
            let place = format!("{}:{number}", path.display());
            if line.len() as u64 > MAX_RECORD + 1 {
                return Err(unreadable(path, &format!("line {number} is longer than {MAX_RECORD} bytes")));
            }
            if !line.trim_ascii().is_empty() {
                self.bytes(&line, &place, Kind::Json)?;
            }
        }
        Ok(())
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
        match read(bytes, kind, place) {
            Ok(document) => self.document(document, place),
            Err(error) => self.failed(place, error.to_string()),
        }
    }

    fn vex(&mut self, document: VexDocument, place: &str) -> Result<(), ImportError> {
        // A feed of records has no say in what counts.
        if !self.takes_vex {
            return self.failed(place, FEED_VEX.to_owned());
        }
        let VexTaken { put, removed, is_unchanged } = self.writer.put_vex(&document)?;
        self.report.statements += put;
        self.report.statements_replaced += removed;
        self.report.older += u64::from(is_unchanged);
        self.report.foreign += document.foreign;
        self.report.partial += document.not_understood;
        if let Some(example) = document.example {
            self.report.name(place, example);
        }
        self.tick()
    }

    pub(super) fn document(&mut self, document: Document, place: &str) -> Result<(), ImportError> {
        match document {
            Document::Record(record, problem) => {
                self.listing(of_record(&record))?;
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
            // They were read on: `read` never gives them.
            Document::Stix | Document::Misp | Document::VexForm(_) => self.report.failed += 1,
            Document::Vex(document) => return self.vex(*document, place),
            Document::Indicators(listings) => {
                self.report.passed_over += listings.passed_over;
                self.report.partial += listings.not_understood;
                if let Some(example) = listings.example {
                    self.report.name(place, example);
                }
                self.report.techniques += listings.techniques.len() as u64;
                self.writer.put_techniques(&listings.techniques)?;
                listings.all.into_iter().try_for_each(|listing| self.listing(listing))?;
            }
        }
        self.tick()
    }

    fn listing(&mut self, mut listing: Listing) -> Result<(), ImportError> {
        // A list says nothing of when it was changed: the one that is imported last counts.
        if listing.modified == list::UNDATED {
            listing.modified = self.writer.now().0.saturating_mul(1_000_000);
        }
        if listing.entries.is_empty() && !listing.is_revoked {
            return Ok(());
        }
        let Taken { put, removed, is_unchanged } = self.writer.put_listing(&listing)?;
        self.report.indicators += put;
        self.report.replaced += removed;
        self.report.known += u64::from(is_unchanged);
        Ok(())
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

/// What indicators a record of OSV names.
fn of_record(record: &Record) -> Listing {
    let entry = |(kind, value): &(IndicatorKind, String)| Entry {
        kind: *kind,
        value: value.clone(),
        more: More { description: record.summary.clone(), ..More::default() },
        until: None,
    };
    Listing {
        record: record.id.clone(),
        source: "OSV".to_owned(),
        modified: record.modified,
        is_revoked: record.withdrawn.is_some(),
        entries: record.indicators.iter().map(entry).collect(),
    }
}

fn read(bytes: &[u8], kind: Kind, place: &str) -> Result<Document, RecordError> {
    if kind == Kind::Yaml {
        return read_yaml(bytes);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.trim_ascii_start().starts_with(b"[") {
        return indicators(bytes, place);
    }
    if bytes.len() as u64 > MAX_RECORD && !is_catalogue(bytes) {
        return Err(RecordError(format!("it is larger than {MAX_RECORD} bytes")));
    }
    match read_json(bytes) {
        Ok(Document::Stix) => stix::read(bytes, place).map(Document::Indicators).map_err(RecordError),
        Ok(Document::Misp) => misp::read(bytes, place).map(Document::Indicators).map_err(RecordError),
        Ok(Document::VexForm(form)) => vex::read(form, bytes, place).map(|read| Document::Vex(Box::new(read))),
        // The events stand beside it, and are read by themselves.
        Err(_) if misp::is_manifest(bytes) => {
            Ok(Document::Indicators(Listings { passed_over: 1, ..Listings::default() }))
        }
        Err(error) => indicators(bytes, place).map_err(|_| error),
        document => document,
    }
}

/// The indicators of a document in JSON.
///
/// # Errors
/// When it holds none, by design or by mistake.
pub(crate) fn listings(bytes: &[u8]) -> Result<Listings, String> {
    match read(bytes, Kind::Json, "list").map_err(|error| error.to_string())? {
        Document::Indicators(listings) => Ok(listings),
        _ => Err("it holds no indicators".to_owned()),
    }
}

/// The judgements (VEX) of a document of any form, without a store.
///
/// # Errors
/// When it is no such document.
pub fn read_judgements(bytes: &[u8]) -> Result<Vec<ShownVex>, RecordError> {
    match read(bytes, Kind::Json, "document")? {
        Document::Vex(document) => Ok(document.into_shown()),
        _ => Err(RecordError("it judges nothing".to_owned())),
    }
}

/// A list, or an array of MISP's events.
fn indicators(bytes: &[u8], place: &str) -> Result<Document, RecordError> {
    let head = bytes.get(..bytes.len().min(HEAD)).unwrap_or_default();
    if bytes.starts_with(b"[") && holds(head, b"\"Event\"") {
        return misp::read(bytes, place).map(Document::Indicators).map_err(RecordError);
    }
    if bytes.len() as u64 > MAX_LIST {
        return Err(RecordError(format!("it is larger than {MAX_LIST} bytes; lists of that size come as CSV")));
    }
    let document: Value = serde_json::from_slice(bytes).map_err(|error| RecordError(error.to_string()))?;
    list::read(&document, place).map(Document::Indicators).map_err(RecordError)
}

/// Whether it begins as one large document does that is no record: CISA's catalogue, a bundle of STIX, events, a list,
/// judgements.
fn is_catalogue(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(HEAD)).unwrap_or_default();
    let marks: [&[u8]; 10] = [
        b"\"CycloneDX\"",
        b"\"csaf_vex\"",
        b"https://openvex.dev/ns",
        b"\"catalogVersion\"",
        b"\"bundle\"",
        b"\"objects\"",
        b"\"Event\"",
        b"\"response\"",
        b"\"ioc_value\"",
        b"\"indicators\"",
    ];
    marks.iter().any(|mark| holds(head, mark))
}

fn holds(bytes: &[u8], mark: &[u8]) -> bool {
    bytes.windows(mark.len()).any(|window| window == mark)
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
        hint: "name OSV records (.json, .yaml), a folder of them, an ecosystem's zip, CISA's KEV catalogue (.json), EPSS \
               (.csv, .csv.gz), or indicators as STIX 2.1, MISP or a list (.json, .csv, .txt); nothing was imported",
    }
}

fn hostile(path: &Path, reason: &str) -> ImportError {
    ImportError::Source {
        path: path.display().to_string(),
        reason: reason.to_owned(),
        hint: "get it again from where it is published; nothing was imported",
    }
}
