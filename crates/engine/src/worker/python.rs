//! A Python release in the hands of a worker: what its metadata say, and its files beside its `RECORD`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};

use vetch_archive::{IntegrityReader, VerifyError};
use vetch_behaviour::Analysis;
use vetch_lockfiles::MemoryFiles;
use vetch_lockfiles::installed::record::RecordedFile;
use vetch_lockfiles::installed::release::{self, ReleaseMetadata};
use vetch_model::Trigger;
use vetch_model::facts::{
    ChangedFile, PackageFacts, PythonForm, PythonRelease, RecordDifference, Unread, UnreadReason,
};
use vetch_model::integrity::Digest;
use vetch_model::outcome::Incomplete;

/// A release whose metadata are known and whose files come.
pub(super) struct Release {
    form: PythonForm,
    metadata: ReleaseMetadata,
}

impl Release {
    pub(super) fn new(form: PythonForm, metadata: &MemoryFiles) -> Release {
        Release { form, metadata: release::read(metadata) }
    }

    /// The analysis of its files.
    pub(super) fn analysis(&self, files: &[(String, u64)]) -> Analysis {
        let release = vetch_behaviour::PythonRelease {
            form: self.form,
            build_backend: self.metadata.build_backend.clone(),
            backend_path: self.metadata.backend_path.clone(),
            build_hooks: self.metadata.build_hooks.files.clone(),
            build_commands: self.metadata.build_hooks.commands.clone(),
        };
        Analysis::python(release, files)
    }

    /// What its `RECORD` is compared with.
    pub(super) fn record(&mut self) -> Option<Record> {
        self.metadata.record.take().map(|(folder, files)| Record::new(folder, files))
    }

    /// Adds what this module knows and the analysis does not.
    pub(super) fn complete(self, facts: &mut PackageFacts) {
        let ReleaseMetadata { name, version, place, urls, incomplete, .. } = self.metadata;
        facts.python = Some(PythonRelease { form: self.form, name, version, urls, stated_at: place, record: None });
        facts.unread.extend(incomplete.into_iter().map(unread));
        facts.unread.sort();
        facts.unread.dedup();
    }
}

/// Metadata say what is run, and what belongs to the release: what cannot be read of them may run at install.
fn unread(incomplete: Incomplete) -> Unread {
    let path = incomplete.location.map_or(incomplete.what, |location| location.file);
    Unread { path, trigger: Trigger::Install, reason: UnreadReason::SyntaxError, detail: incomplete.why }
}

/// A wheel's `RECORD`, while the files come by.
pub(super) struct Record {
    folder: String,
    expected: BTreeMap<String, RecordedFile>,
    seen: BTreeSet<String>,
    difference: RecordDifference,
}

impl Record {
    fn new(folder: String, files: Vec<RecordedFile>) -> Record {
        let expected = files.into_iter().filter_map(|file| Some((file.place.clone()?, file)));
        Record { folder, expected: expected.collect(), seen: BTreeSet::new(), difference: RecordDifference::default() }
    }

    /// Reads the first `limit` bytes of a file, and compares all of it with what is recorded.
    pub(super) fn read(&mut self, path: &str, body: &mut dyn Read, limit: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let Some(file) = self.expected.get(path) else {
            if !self.needs_no_line(path) {
                self.difference.extra.push(path.to_owned());
            }
            body.take(limit).read_to_end(&mut bytes)?;
            return Ok(bytes);
        };
        self.seen.insert(path.to_owned());
        let Some(integrity) = &file.integrity else {
            body.take(limit).read_to_end(&mut bytes)?;
            return Ok(bytes);
        };
        let mut reader = IntegrityReader::new(body, integrity);
        (&mut reader).take(limit).read_to_end(&mut bytes)?;
        match reader.finish() {
            Ok(()) => {}
            Err(VerifyError::Io(error)) => return Err(error),
            Err(VerifyError::Mismatch(mismatch)) => self.difference.changed.push(ChangedFile {
                path: path.to_owned(),
                expected: integrity.digests.first().map(shown).unwrap_or_default(),
                found: shown(&mismatch.actual),
                recorded_at: file.location.clone(),
            }),
        }
        Ok(bytes)
    }

    /// The record itself and its signatures (PEP 427).
    fn needs_no_line(&self, path: &str) -> bool {
        let own = path.strip_prefix(self.folder.as_str()).and_then(|rest| rest.strip_prefix('/'));
        matches!(own, Some("RECORD" | "RECORD.jws" | "RECORD.p7s"))
    }

    /// What differs, once every file has come by.
    pub(super) fn finish(mut self) -> (String, RecordDifference) {
        let missing = self.expected.into_iter().filter(|(path, _)| !self.seen.contains(path));
        self.difference.missing = missing.map(|(path, file)| (path, file.location)).collect();
        self.difference.extra.sort();
        self.difference.changed.sort_by(|a, b| a.path.cmp(&b.path));
        (self.folder, self.difference)
    }
}

fn shown(digest: &Digest) -> String {
    format!("{} {}", digest.algorithm.as_str(), digest.to_hex())
}
