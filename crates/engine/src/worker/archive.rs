//! An archive job: the compressed bytes come in pieces, its list of files and its facts go back.
//!
//! The archive is kept compressed and read in passes: the first lists its files and takes
//! the manifests, the second hands the files to the analysis, further ones those that the
//! analysis asks for afterwards. So no more than one file lies unpacked in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Read};

use vetch_archive::{ArchiveSummary, FileEntry, Limits, read_tgz};
use vetch_behaviour::{Analysis, HEAD_BYTES, Wanted, Withheld, wanted};
use vetch_lockfiles::npm::package_json;
use vetch_model::Trigger;
use vetch_model::facts::{PackageFacts, Unread, UnreadReason};
use vetch_sandbox::WorkerError;

use super::{Reply, complete, read_manifest};
use crate::contents::LARGEST_FILE;
use crate::jobs::{ArchiveJob, ArchiveReply, ArchiveRoot, WHOLE, decode, encode, reply};

/// Most passes for files asked for afterwards: each follows one more link of a chain of references.
const MAX_PASSES: usize = 8;

/// An archive that is being received.
pub(super) struct ArchiveRun {
    job: ArchiveJob,
    bytes: Vec<u8>,
    observe: fn(&[u8]),
}

/// The first pass, for one root.
#[derive(Default)]
struct Listing {
    /// By path below the root: the number of the entry that counts (the last), and its size.
    files: BTreeMap<String, (u32, u64)>,
    manifest: Option<Vec<u8>>,
    /// A manifest that is there and could not be taken.
    unread: Option<Unread>,
}

/// One root under analysis.
struct Part {
    listing: Listing,
    unread: Option<Unread>,
    analysis: Analysis,
    needs: BTreeSet<String>,
    observe: fn(&[u8]),
}

impl ArchiveRun {
    pub(super) fn new(payload: &[u8], observe: fn(&[u8])) -> Result<ArchiveRun, WorkerError> {
        Ok(ArchiveRun { job: decode(payload)?, bytes: Vec::new(), observe })
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
        let mut listings: Vec<Listing> = self.job.roots.iter().map(|_| Listing::default()).collect();
        let mut has_stowaways = false;
        let summary = self.pass(&mut |index, root, path, entry| {
            has_stowaways |= !entry.installed;
            listings.get_mut(root).map_or(Ok(()), |listing| listing.add(index, path, entry))
        })?;
        let facts = if self.job.facts { self.facts(listings, reply)? } else { Vec::new() };
        let files = summary.installed.into_values().collect();
        let answer = ArchiveReply { files, anomalies: summary.anomalies, has_stowaways, facts };
        reply(reply::DONE, &[&encode(&answer)?])
    }

    /// Goes through the archive; `visit` gets the number of each entry, its root, and its path below that.
    fn pass(
        &self,
        visit: &mut dyn FnMut(u32, usize, &str, &mut FileEntry<'_>) -> io::Result<()>,
    ) -> Result<ArchiveSummary, WorkerError> {
        let mut index = 0;
        let read = read_tgz(self.bytes.as_slice(), &Limits::default(), &mut |mut entry: FileEntry<'_>| {
            index += 1;
            let path = entry.path.to_owned();
            match root_of(&self.job.roots, &path) {
                Some((root, below)) => visit(index, root, below, &mut entry),
                None => Ok(()),
            }
        });
        // The bytes lie in memory, so this can only be the visitor's error: a reply that could not be sent.
        read.map_err(|error| WorkerError::protocol(error.to_string()))
    }

    fn facts(&self, listings: Vec<Listing>, reply: &mut Reply<'_>) -> Result<Vec<PackageFacts>, WorkerError> {
        let roots = listings.into_iter().zip(&self.job.roots);
        let mut parts: Vec<Part> = roots.map(|(listing, root)| Part::new(listing, root, self.observe)).collect();
        let fatal: HashMap<u32, &str> = self.job.fatal.iter().map(|(index, why)| (*index, why.as_str())).collect();
        self.pass(&mut |index, root, path, entry| match parts.get_mut(root) {
            Some(part) => part.take(index, path, entry, wanted(path), &fatal, reply),
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
            self.pass(&mut |index, root, path, entry| match parts.get_mut(root) {
                Some(part) if part.needs.contains(path) => part.take(index, path, entry, Wanted::Whole, &fatal, reply),
                _ => Ok(()),
            })?;
        }
        Ok(parts.into_iter().map(|part| complete(part.analysis.finish(), part.unread)).collect())
    }
}

impl Listing {
    fn add(&mut self, index: u32, path: &str, entry: &mut FileEntry<'_>) -> io::Result<()> {
        self.files.insert(path.to_owned(), (index, entry.size));
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

    /// Every release has a manifest: without it nothing is known of what runs, and when.
    fn lacks_manifest(&self) -> Option<Unread> {
        let lacks = !self.files.is_empty() && !self.files.contains_key("package.json");
        let (trigger, reason, detail) = (Trigger::Install, UnreadReason::Missing, String::new());
        lacks.then(|| Unread { path: "package.json".to_owned(), trigger, reason, detail })
    }
}

impl Part {
    fn new(mut listing: Listing, root: &ArchiveRoot, observe: fn(&[u8])) -> Part {
        let (manifest, unread) = read_manifest(listing.manifest.take().as_deref());
        let unread = unread.or(listing.unread.take()).or_else(|| listing.lacks_manifest());
        let files: Vec<(String, u64)> = listing.files.iter().map(|(path, (_, size))| (path.clone(), *size)).collect();
        let analysis = Analysis::new(manifest, &files, root.runs_prepare);
        Part { listing, unread, analysis, needs: BTreeSet::new(), observe }
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
        if let Some(why) = fatal.get(&index) {
            self.analysis.withhold(path, Withheld::WorkerDied((*why).to_owned()));
            return Ok(());
        }
        let size = entry.size;
        if wanted == Wanted::Whole && size > LARGEST_FILE {
            let why = format!("{size} bytes, more than the limit of {LARGEST_FILE}");
            self.analysis.withhold(path, Withheld::TooLarge(why));
            return Ok(());
        }
        let limit = if wanted == Wanted::Head { HEAD_BYTES as u64 } else { size };
        let mut bytes = Vec::new();
        match (&mut *entry.body).take(limit).read_to_end(&mut bytes) {
            Ok(_) => {
                reply(reply::STARTED, &[&index.to_le_bytes()]).map_err(io::Error::other)?;
                (self.observe)(&bytes);
                self.analysis.file(path, &bytes);
            }
            // The archive is damaged here, which its anomalies say.
            Err(error) => self.analysis.withhold(path, Withheld::Unreadable(error.to_string())),
        }
        Ok(())
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
