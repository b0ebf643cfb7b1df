//! An archive job: the compressed bytes come in pieces, its list of files and its facts go back.
//!
//! The archive is kept compressed and read in passes: the first lists its files and takes
//! the manifests, the second hands the files to the analysis, further ones those that the
//! analysis asks for afterwards. So no more than one file lies unpacked in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Read};
use std::rc::Rc;

use vetch_archive::{ArchiveSummary, FileEntry, Layout, Limits, read_tar};
use vetch_behaviour::{Analysis, HEAD_BYTES, Wanted, Withheld, wanted};
use vetch_lockfiles::MemoryFiles;
use vetch_lockfiles::installed::release;
use vetch_lockfiles::npm::package_json;
use vetch_model::Trigger;
use vetch_model::facts::{PackageFacts, PythonForm, PythonRelease, Unread, UnreadReason};
use vetch_model::inventory::Ecosystem;
use vetch_sandbox::WorkerError;
use vetch_yara::Rules;

use super::python::{Record, Release};
use super::tries::Tries;
use super::{Reply, complete, read_manifest};
use crate::contents::LARGEST_FILE;
use crate::jobs::{ArchiveJob, ArchiveKind, ArchiveReply, ArchiveRoot, NamedAs, WHOLE, decode, encode, reply};

/// Most passes for files asked for afterwards: each follows one more link of a chain of references.
const MAX_PASSES: usize = 8;

/// Most links that are followed, and most files below a linked folder.
const MAX_LINKS: usize = 10_000;

/// Most files of an archive with those that are there by a link.
const MAX_FILES: usize = 400_000;

/// The number of a file that is there by a link alone.
const LINKED: u32 = u32::MAX - 1;

/// An archive that is being received.
pub(super) struct ArchiveRun {
    job: ArchiveJob,
    bytes: Vec<u8>,
    observe: fn(&[u8]),
    yara: Option<Rc<Rules>>,
}

/// How an archive is read.
struct Reading {
    layout: Layout,
    /// The form of a Python release; `None` for npm's packages.
    python: Option<PythonForm>,
    /// As npm has it: a tar archive, whatever lies behind it.
    is_tar: bool,
    /// Whether it may as well be a package of the other ecosystem.
    is_doubtful: bool,
}

/// The first pass, for one root.
#[derive(Default)]
struct Listing {
    /// By path below the root: the number of the entry that counts (the last), and its size.
    files: BTreeMap<String, (u32, u64)>,
    manifest: Option<Vec<u8>>,
    /// A manifest that is there and could not be taken.
    unread: Option<Unread>,
    /// What says something about a Python release.
    metadata: MemoryFiles,
    /// By path of a file: the links that lead to it.
    links: BTreeMap<String, Vec<String>>,
    /// Links that lead nowhere in the archive.
    lost: Vec<String>,
}

/// One root under analysis.
struct Part {
    listing: Listing,
    unread: Option<Unread>,
    analysis: Analysis,
    /// Of a Python release.
    python: Option<Release>,
    record: Option<Record>,
    needs: BTreeSet<String>,
    tries: Tries,
    observe: fn(&[u8]),
}

impl ArchiveRun {
    pub(super) fn new(payload: &[u8], observe: fn(&[u8]), yara: Option<Rc<Rules>>) -> Result<ArchiveRun, WorkerError> {
        Ok(ArchiveRun { job: decode(payload)?, bytes: Vec::new(), observe, yara })
    }

    pub(super) fn chunk(&mut self, payload: Vec<u8>) {
        if self.bytes.is_empty() {
            self.bytes = payload;
        } else {
            self.bytes.extend_from_slice(&payload);
        }
    }

    pub(super) fn end(self, reply: &mut Reply<'_>) -> Result<(), WorkerError> {
        reply(reply::STARTED, &[&WHOLE.to_le_bytes()])?;
        let reading = self.reading();
        let mut listings: Vec<Listing> = self.job.roots.iter().map(|_| Listing::default()).collect();
        let mut has_stowaways = false;
        let is_python = reading.python.is_some();
        let summary = self.pass(&reading, &mut |index, root, path, entry| {
            has_stowaways |= !entry.installed;
            listings.get_mut(root).map_or(Ok(()), |listing| listing.add(index, path, entry, is_python))
        })?;
        if let Some(listing) = listings.first_mut() {
            listing.follow(&summary.links);
        }
        let facts = if self.job.facts { self.facts(&reading, listings, reply)? } else { Vec::new() };
        let files = summary.installed.into_values().collect();
        let (anomalies, is_doubtful) = (summary.anomalies, reading.is_doubtful);
        let answer = ArchiveReply { files, anomalies, has_stowaways, is_doubtful, facts };
        reply(reply::DONE, &[&encode(&answer)?])
    }

    /// Whose archive it is, by what the job says or by what is in it.
    fn reading(&self) -> Reading {
        if self.job.kind == ArchiveKind::Npm {
            return Reading { layout: Layout::Npm, python: None, is_tar: true, is_doubtful: false };
        }
        let shape = vetch_archive::survey(&self.bytes, &Limits::default()).shape();
        let (ecosystem, is_doubtful) = match self.job.kind {
            ArchiveKind::Python(_) => (Ecosystem::Pypi, false),
            ArchiveKind::ByContents { is_tgz } => shape.ecosystem(is_tgz),
            ArchiveKind::Npm | ArchiveKind::AnyNpm => (Ecosystem::Npm, false),
        };
        let python = (ecosystem == Ecosystem::Pypi).then(|| self.form(shape.form));
        Reading { layout: shape.layout(&ecosystem), python, is_tar: false, is_doubtful }
    }

    /// The form of a Python release: where its name or container says it, that; else as its files have it.
    fn form(&self, by_files: PythonForm) -> PythonForm {
        match self.job.kind {
            ArchiveKind::Python(NamedAs::Wheel) => PythonForm::Wheel,
            ArchiveKind::Python(NamedAs::Sdist) => PythonForm::Sdist,
            // No installer takes a tar archive for a wheel, whatever metadata lie in it.
            ArchiveKind::Python(NamedAs::Unknown) if !vetch_archive::is_zip(&self.bytes) => {
                by_files.min(PythonForm::Sdist)
            }
            _ => by_files,
        }
    }

    /// Goes through the archive; `visit` gets the number of each entry, its root, and its path below that.
    fn pass(
        &self,
        reading: &Reading,
        visit: &mut dyn FnMut(u32, usize, &str, &mut FileEntry<'_>) -> io::Result<()>,
    ) -> Result<ArchiveSummary, WorkerError> {
        let mut index = 0;
        let mut visit = |mut entry: FileEntry<'_>| {
            index += 1;
            let path = entry.path.to_owned();
            match root_of(&self.job.roots, &path) {
                Some((root, below)) => visit(index, root, below, &mut entry),
                None => Ok(()),
            }
        };
        let (bytes, limits) = (self.bytes.as_slice(), Limits::default());
        let read = match reading.is_tar {
            true => read_tar(bytes, &reading.layout, &limits, &mut visit),
            false => vetch_archive::read(bytes, &reading.layout, &limits, &mut visit),
        };
        // The bytes lie in memory, so this can only be the visitor's error: a reply that could not be sent.
        read.map_err(|error| WorkerError::protocol(error.to_string()))
    }

    fn facts(
        &self,
        reading: &Reading,
        listings: Vec<Listing>,
        reply: &mut Reply<'_>,
    ) -> Result<Vec<PackageFacts>, WorkerError> {
        let roots = listings.into_iter().zip(&self.job.roots);
        let mut parts: Vec<Part> =
            roots.map(|(listing, root)| Part::new(listing, root, reading.python, self)).collect();
        let fatal: HashMap<u32, &str> = self.job.fatal.iter().map(|(index, why)| (*index, why.as_str())).collect();
        self.pass(reading, &mut |index, root, path, entry| match parts.get_mut(root) {
            Some(part) => part.first(index, path, entry, &fatal, reply),
            None => Ok(()),
        })?;
        for pass in 0.. {
            reply(reply::STARTED, &[&WHOLE.to_le_bytes()])?;
            parts.iter_mut().for_each(|part| part.needs = part.analysis.needs().into_iter().collect());
            if parts.iter().all(|part| part.needs.is_empty()) {
                break;
            }
            if pass >= MAX_PASSES {
                parts.iter_mut().for_each(Part::refuse);
                continue;
            }
            self.pass(reading, &mut |index, root, path, entry| match parts.get_mut(root) {
                Some(part) if part.is_needed(path) => part.take(index, path, entry, Wanted::Whole, &fatal, reply),
                _ => Ok(()),
            })?;
        }
        Ok(parts.into_iter().map(Part::finish).collect())
    }
}

impl Listing {
    fn add(&mut self, index: u32, path: &str, entry: &mut FileEntry<'_>, is_python: bool) -> io::Result<()> {
        self.files.insert(path.to_owned(), (index, entry.size));
        if is_python {
            return self.add_metadata(path, entry);
        }
        if path != "package.json" {
            return Ok(());
        }
        (self.manifest, self.unread) = (None, None);
        let mut bytes = Vec::new();
        let limit = package_json::MAX_BYTES as u64;
        match (&mut *entry.body).take(limit + 1).read_to_end(&mut bytes) {
            Ok(_) => self.manifest = Some(bytes),
            Err(error) => {
                let detail = error.to_string();
                let (trigger, reason) = (Trigger::Install, UnreadReason::Unreadable);
                self.unread = Some(Unread { path: path.to_owned(), trigger, reason, detail });
            }
        }
        Ok(())
    }

    fn add_metadata(&mut self, path: &str, entry: &mut FileEntry<'_>) -> io::Result<()> {
        if entry.installed && release::is_metadata(path) {
            let mut bytes = Vec::new();
            // One byte more than is read of it tells that it is too large. Damage is told by the anomalies.
            if (&mut *entry.body).take(release::MAX_BYTES as u64 + 1).read_to_end(&mut bytes).is_ok() {
                self.metadata.0.insert(path.to_owned(), bytes);
            }
        }
        Ok(())
    }

    /// Takes in links: each is a file, or the files of a folder, under another path.
    fn follow(&mut self, links: &BTreeMap<String, Option<String>>) {
        for (link, target) in links.iter().take(MAX_LINKS) {
            let Some(target) = target else {
                self.lost.push(link.clone());
                continue;
            };
            let folder = format!("{target}/");
            let below = self.files.range(folder.clone()..).take_while(|(path, _)| path.starts_with(&folder));
            let own = self.files.get_key_value(target);
            let files: Vec<(String, String, (u32, u64))> = own
                .into_iter()
                .chain(below.take(MAX_LINKS))
                .filter_map(|(path, file)| {
                    Some((path.clone(), format!("{link}{}", path.strip_prefix(target.as_str())?), *file))
                })
                .collect();
            if files.is_empty() {
                self.lost.push(link.clone());
            }
            for (path, alias, (_, size)) in files {
                if self.files.len() < MAX_FILES && !self.files.contains_key(&alias) {
                    self.files.insert(alias.clone(), (LINKED, size));
                    self.links.entry(path).or_default().push(alias);
                }
            }
        }
    }

    /// Code that is a link and leads out of the archive: nobody knows what runs.
    fn lost_code(&self) -> Option<Unread> {
        let is_code = |path: &&String| [".py", ".pth", ".pyw"].iter().any(|ending| path.ends_with(ending));
        let path = self.lost.iter().find(is_code)?.clone();
        let detail = "it is a link to something that the archive does not hold".to_owned();
        Some(Unread { path, trigger: Trigger::Import, reason: UnreadReason::Unreadable, detail })
    }

    /// Every release has a manifest: without it nothing is known of what runs, and when.
    fn lacks_manifest(&self) -> Option<Unread> {
        let lacks = !self.files.is_empty() && !self.files.contains_key("package.json");
        let (trigger, reason, detail) = (Trigger::Install, UnreadReason::Missing, String::new());
        lacks.then(|| Unread { path: "package.json".to_owned(), trigger, reason, detail })
    }
}

impl Part {
    fn new(mut listing: Listing, root: &ArchiveRoot, python: Option<PythonForm>, run: &ArchiveRun) -> Part {
        let files: Vec<(String, u64)> = listing.files.iter().map(|(path, (_, size))| (path.clone(), *size)).collect();
        let mut python = python.map(|form| Release::new(form, &listing.metadata));
        let (analysis, unread) = match &python {
            Some(release) => (release.analysis(&files), listing.lost_code()),
            None => {
                let (manifest, unread) = read_manifest(listing.manifest.take().as_deref());
                let unread = unread.or(listing.unread.take()).or_else(|| listing.lacks_manifest());
                (Analysis::new(manifest, &files, root.runs_prepare), unread)
            }
        };
        let record = python.as_mut().and_then(Release::record);
        let tries = Tries::new(run.yara.clone());
        Part { listing, unread, analysis, python, record, needs: BTreeSet::new(), tries, observe: run.observe }
    }

    /// An entry in the pass that goes through all of them.
    fn first(
        &mut self,
        index: u32,
        path: &str,
        entry: &mut FileEntry<'_>,
        fatal: &HashMap<u32, &str>,
        reply: &mut Reply<'_>,
    ) -> io::Result<()> {
        let links = self.listing.links.get(path).into_iter().flatten();
        let is_whole = std::iter::once(path).chain(links.map(String::as_str)).any(|path| wanted(path) == Wanted::Whole);
        self.take(index, path, entry, if is_whole { Wanted::Whole } else { Wanted::Head }, fatal, reply)
    }

    /// Whether the analysis asked for a file, or for a link to it.
    fn is_needed(&self, path: &str) -> bool {
        let links = self.listing.links.get(path).into_iter().flatten();
        std::iter::once(path).chain(links.map(String::as_str)).any(|path| self.needs.contains(path))
    }

    /// Hands an entry to the analysis.
    fn take(
        &mut self,
        index: u32,
        path: &str,
        entry: &mut FileEntry<'_>,
        wanted: Wanted,
        fatal: &HashMap<u32, &str>,
        reply: &mut Reply<'_>,
    ) -> io::Result<()> {
        // An entry that a later one of the same path replaces is never on disk; the pair is an anomaly.
        if self.listing.files.get(path).is_none_or(|(last, _)| *last != index) {
            return Ok(());
        }
        let size = entry.size;
        let withheld = match fatal.get(&index) {
            Some(why) => Some(Withheld::WorkerDied((*why).to_owned())),
            None if wanted == Wanted::Whole && size > LARGEST_FILE => {
                Some(Withheld::TooLarge(format!("{size} bytes, more than the limit of {LARGEST_FILE}")))
            }
            None => None,
        };
        let limit = match (&withheld, wanted) {
            (Some(_), _) => 0,
            (None, Wanted::Head) if self.tries.wants(size) => size,
            (None, Wanted::Head) => HEAD_BYTES as u64,
            (None, Wanted::Whole) => size,
        };
        let read = self.read(path, entry, limit);
        let links = self.listing.links.get(path).into_iter().flatten();
        let paths = std::iter::once(path).chain(links.map(String::as_str));
        match (withheld, read) {
            (Some(why), _) => paths.for_each(|path| self.analysis.withhold(path, why.clone())),
            (None, Ok(bytes)) => {
                reply(reply::STARTED, &[&index.to_le_bytes()]).map_err(io::Error::other)?;
                (self.observe)(&bytes);
                self.tries.file(paths.clone(), &bytes, size);
                let end = if wanted == Wanted::Head { bytes.len().min(HEAD_BYTES) } else { bytes.len() };
                paths.for_each(|path| self.analysis.file(path, bytes.get(..end).unwrap_or_default()));
            }
            // The archive is damaged here, which its anomalies say.
            (None, Err(error)) => {
                paths.for_each(|path| self.analysis.withhold(path, Withheld::Unreadable(error.to_string())));
            }
        }
        Ok(())
    }

    /// The first bytes of an entry; all of it is compared with the record, if there is one.
    fn read(&mut self, path: &str, entry: &mut FileEntry<'_>, limit: u64) -> io::Result<Vec<u8>> {
        if let Some(record) = self.record.as_mut().filter(|_| entry.installed) {
            return record.read(path, entry.body, limit);
        }
        let mut bytes = Vec::new();
        (&mut *entry.body).take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn finish(mut self) -> PackageFacts {
        self.tries.layers(&mut self.analysis);
        let mut facts = complete(self.analysis.finish(), self.unread);
        let files = self.listing.files.iter().filter(|(_, (number, _))| *number != LINKED);
        facts.yara = self.tries.finish(files.map(|(path, (_, size))| (path.as_str(), *size)));
        if let Some(release) = self.python {
            release.complete(&mut facts);
            let record = self.record.map(Record::finish);
            facts.python = facts.python.map(|python| PythonRelease { record, ..python });
        }
        facts
    }

    fn refuse(&mut self) {
        for path in std::mem::take(&mut self.needs) {
            let why = format!("it is asked for in the {MAX_PASSES}th round of references");
            self.analysis.withhold(&path, Withheld::TooLarge(why));
        }
    }
}

/// The root that a path belongs to, and the rest of the path.
pub(crate) fn root_of<'p>(roots: &[ArchiveRoot], path: &'p str) -> Option<(usize, &'p str)> {
    let below = |root: &ArchiveRoot| match root.path.as_str() {
        "" => Some(path),
        folder => path.strip_prefix(folder)?.strip_prefix('/'),
    };
    let candidates = roots.iter().enumerate().filter_map(|(index, root)| Some((index, below(root)?)));
    candidates.min_by_key(|(_, rest)| rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_belongs_to_the_innermost_root() {
        let root = |path: &str| ArchiveRoot { path: path.to_owned(), runs_prepare: false };
        let roots = [root(""), root("node_modules/a"), root("node_modules/a/node_modules/b")];
        for (path, expected) in [
            ("index.js", Some((0, "index.js"))),
            ("node_modules/ab/index.js", Some((0, "node_modules/ab/index.js"))),
            ("node_modules/a/index.js", Some((1, "index.js"))),
            ("node_modules/a/node_modules/c/index.js", Some((1, "node_modules/c/index.js"))),
            ("node_modules/a/node_modules/b/index.js", Some((2, "index.js"))),
        ] {
            assert_eq!(root_of(&roots, path), expected, "{path}");
        }
        assert_eq!(root_of(&roots[1..], "index.js"), None);
    }
}
