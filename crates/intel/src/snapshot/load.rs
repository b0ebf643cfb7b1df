//! Loading: the signature first, then what the file says of itself, then each entry; what was there before is replaced
//! at the end or not at all.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, Write};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;
use sha2::{Digest, Sha256};
use vetch_model::history::{DAY, Time};

use super::form::{Counts, Dates, Entry, MAX_ENTRY, Manifest, read_manifest};
use super::keys::{self, KeyError, SIGNATURE_SUFFIX};
use super::{Origin, Trust};
use crate::ImportError;
use crate::indicator;
use crate::record::AffectedPackage;
use crate::source::Watcher;
use crate::store::{OpenListing, Put, StoreError, Writer};
use crate::vex::VexDocument;

/// Largest file, in bytes.
const MAX_FILE: u64 = 8 << 30;
/// Entries between two questions whether to stop.
const STRIDE: u64 = 1_024;

/// What every step needs.
struct Loading<'l> {
    path: &'l Path,
    trust: &'l Trust,
}

impl Loading<'_> {
    fn refused(&self, reason: impl Into<String>, hint: &'static str) -> ImportError {
        ImportError::Source { path: self.path.display().to_string(), reason: reason.into(), hint }
    }

    fn damaged(&self, reason: impl Into<String>) -> ImportError {
        self.refused(reason, "fetch the snapshot again, with its signature; or ask who made it to pack it anew")
    }
}

/// Takes a snapshot in, in place of everything. `temporary` is a file to copy it to: what is read must be what was
/// verified, whoever may write to the original.
///
/// # Errors
/// When it is not signed by a trusted key, not what it says, or older than what is there.
pub(crate) fn load(
    writer: &mut Writer<'_>,
    path: &Path,
    temporary: File,
    trust: &Trust,
    watcher: &mut dyn Watcher,
) -> Result<(Manifest, Origin), ImportError> {
    let loading = Loading { path, trust };
    let (mut copy, key) = loading.verified(temporary)?;
    copy.rewind().map_err(StoreError::from)?;
    let mut reader = BufReader::new(copy);
    let manifest = read_manifest(&mut reader).map_err(|why| loading.damaged(why))?;
    let dates = manifest.dates().ok_or_else(|| loading.damaged("one of its times is none"))?;
    let now = writer.now();
    loading.compare(writer, dates, now)?;
    writer.clear()?;
    loading.entries(writer, &mut reader, &manifest, watcher)?;
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let sha256 = manifest.sha256.clone();
    let origin = Origin { file, sha256, key, made: dates.made, loaded: now, is_changed: false };
    writer.put_origin(&origin, dates.imported)?;
    Ok((manifest, origin))
}

/// Whether a snapshot is older than what is there: than the one that came before it, or than the newest record.
fn is_older(dates: Dates, before: Option<Time>, newest: Option<Time>) -> bool {
    before.is_some_and(|before| dates.made < before) || newest > dates.newest
}

impl Loading<'_> {
    /// A copy of the file whose signature is good, and the key.
    fn verified(&self, mut copy: File) -> Result<(File, String), ImportError> {
        if self.trust.keys.is_empty() {
            let hint = "name the public key with --key, or under `trusted-keys` of `[intel]` in your config.toml; get it \
                        by another way than the snapshot";
            return Err(self.refused("it is a snapshot, and you trust no key that could have signed it", hint));
        }
        let signature = self.signature()?;
        let file = File::open(self.path).map_err(|error| self.damaged(error.to_string()))?;
        let length = file.metadata().map_err(|error| self.damaged(error.to_string()))?.len();
        if length > MAX_FILE {
            return Err(self.damaged(format!("it is larger than {MAX_FILE} bytes")));
        }
        let mut lost = None;
        let mut keep = |piece: &[u8]| copy.write_all(piece).inspect_err(|error| lost = Some(error.kind()));
        let key = keys::verify(&self.trust.keys, &signature, &mut file.take(MAX_FILE), &mut keep);
        match (key, lost) {
            (Ok(key), _) => Ok((copy, key)),
            (Err(_), Some(kind)) => Err(StoreError::Folder(kind.into()).into()),
            (Err(KeyError::UnknownKey(id)), _) => {
                let hint = "if that key is your team's, name it with --key, or under `trusted-keys` of `[intel]` in your \
                            config.toml; ask them for its id first";
                Err(self.refused(KeyError::UnknownKey(id).to_string(), hint))
            }
            (Err(error), _) => Err(self.damaged(error.to_string())),
        }
    }

    /// The text of the file beside it.
    fn signature(&self) -> Result<String, ImportError> {
        let mut place = self.path.as_os_str().to_owned();
        place.push(SIGNATURE_SUFFIX);
        let place = PathBuf::from(place);
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => {
                let hint = "fetch that file, too: it comes with the snapshot; who packs one signs it with --key, or with \
                            `minisign -S -m FILE`";
                self.refused(format!("it is not signed: there is no `{}`", place.display()), hint)
            }
            _ => self.damaged(format!("`{}` cannot be read: {error}", place.display())),
        };
        let mut bytes = Vec::new();
        let is_file = fs::metadata(&place).map_err(failed)?.is_file();
        if is_file {
            File::open(&place)
                .and_then(|file| file.take(keys::MAX_KEY_FILE).read_to_end(&mut bytes))
                .map_err(failed)?;
        }
        String::from_utf8(bytes).map_err(|_| self.damaged(format!("`{}` is no signature", place.display())))
    }

    fn compare(&self, writer: &Writer<'_>, dates: Dates, now: Time) -> Result<(), ImportError> {
        if dates.made.since(now) > DAY {
            let hint = "check this machine's clock, and that of the one that made it; with a time from the future, every \
                        honest snapshot to come would look old";
            return Err(self.refused("it was made in the future", hint));
        }
        let (before, newest) = writer.standing()?;
        if is_older(dates, before, newest) && !self.trust.allows_older {
            let hint = "fetch the current one; if the older one is what you want, pass --allow-older";
            return Err(self.refused("it is older than what is there", hint));
        }
        Ok(())
    }

    /// Reads the entries, and that they are what the manifest says, no more and no less.
    fn entries(
        &self,
        writer: &mut Writer<'_>,
        reader: &mut BufReader<File>,
        manifest: &Manifest,
        watcher: &mut dyn Watcher,
    ) -> Result<(), ImportError> {
        let damaged = |error: io::Error| self.damaged(format!("its content cannot be unpacked: {error}"));
        let content = GzDecoder::new(&mut *reader).take(manifest.bytes.saturating_add(1));
        let mut content = Content { content, hash: Sha256::new() };
        let (mut counts, mut read, mut open) = (Counts::default(), 0u64, None);
        while let Some(bytes) = content.entry().map_err(damaged)? {
            let entry: Entry =
                postcard::from_bytes(&bytes).map_err(|_| self.damaged(format!("its entry {read} is none")))?;
            counts.count(&entry);
            self.put(writer, entry, &mut open)?;
            read += 1;
            if read.is_multiple_of(STRIDE) {
                watcher.read(&self.path.display().to_string(), read);
                if watcher.is_cancelled() {
                    return Err(ImportError::Cancelled);
                }
            }
        }
        let left = content.content.limit();
        if left != 1 || counts != manifest.counts || hex::encode(content.hash.finalize()) != manifest.sha256 {
            return Err(self.damaged("its content is not what its second line says"));
        }
        if !reader.fill_buf().map_err(damaged)?.is_empty() {
            return Err(self.damaged("there is more behind its end"));
        }
        Ok(())
    }

    fn put(&self, writer: &mut Writer<'_>, entry: Entry, open: &mut Option<OpenListing>) -> Result<(), ImportError> {
        let twice = |what: &str| self.damaged(format!("`{what}` is there twice"));
        match entry {
            Entry::Record { imported, mut record, text, affected } => {
                record.text = text;
                let affected = affected.into_iter();
                record.affected =
                    affected.map(|(ecosystem, name, versions)| AffectedPackage { ecosystem, name, versions }).collect();
                if writer.put_as_of(&record, Time(imported))? != Put::Added {
                    return Err(twice(&record.id));
                }
            }
            Entry::Exploited { cve, since, ransomware } => writer.put_exploited_one(&cve, &since, ransomware)?,
            Entry::Probability { cve, hundred_thousandths } => writer.put_probability(&cve, hundred_thousandths)?,
            Entry::Listing { record, source, modified, imported } => {
                let (opened, _) = writer.open_listing_as_of(&record, &source, modified, Time(imported))?;
                *open = Some(opened);
            }
            Entry::Indicator { kind, value, until, more } => {
                let Some(open) = open else { return Err(self.damaged("an indicator is in no listing")) };
                writer.put_entry(open, &indicator::Entry { kind, value, more, until })?;
            }
            Entry::Judgements { author, id, modified, version, imported, statements } => {
                let modified = Some(modified);
                let document = VexDocument { author, id, modified, version, statements, ..VexDocument::default() };
                let taken = writer.put_vex_as_of(&document, Time(imported))?;
                if taken.is_unchanged || taken.removed > 0 {
                    return Err(twice(&document.id));
                }
            }
            Entry::Technique { id, technique } => writer.put_techniques(&BTreeMap::from([(id, technique)]))?,
        }
        Ok(())
    }
}

/// The content, hashed as it is read.
struct Content<R> {
    content: io::Take<R>,
    hash: Sha256,
}

impl<R: Read> Content<R> {
    /// The next entry; `None` at the end.
    fn entry(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut length = [0; 4];
        let first = loop {
            match self.content.read(&mut length) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        if first == 0 {
            return Ok(None);
        }
        self.content.read_exact(length.get_mut(first..).unwrap_or_default())?;
        self.hash.update(length);
        let length = u32::from_le_bytes(length);
        if length > MAX_ENTRY {
            return Err(io::Error::other(format!("an entry says that it has {length} bytes")));
        }
        // No more memory than there are bytes, whatever it says.
        let mut bytes = Vec::new();
        (&mut self.content).take(u64::from(length)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 != u64::from(length) {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        self.hash.update(&bytes);
        Ok(Some(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn age_is_that_of_the_snapshot_before_and_of_the_newest_record() {
        let dates = |made, newest: Option<i64>| Dates { made: Time(made), imported: Time(0), newest: newest.map(Time) };
        assert!(!is_older(dates(5, Some(3)), None, None));
        assert!(!is_older(dates(5, Some(3)), Some(Time(5)), Some(Time(3))), "the same again");
        assert!(is_older(dates(4, Some(3)), Some(Time(5)), Some(Time(3))));
        assert!(is_older(dates(9, Some(2)), Some(Time(5)), Some(Time(3))), "records were imported since");
        assert!(is_older(dates(9, None), None, Some(Time(3))));
    }

    #[test]
    fn entries_are_read_within_what_is_there() {
        let read = |bytes: &[u8]| {
            let mut content = Content { content: bytes.take(1 << 20), hash: Sha256::new() };
            content.entry()
        };
        assert_eq!(read(b"").unwrap(), None);
        assert_eq!(read(b"\x02\0\0\0ab").unwrap(), Some(b"ab".to_vec()));
        for wrong in [&b"\x02"[..], b"\x02\0\0\0a", b"\xff\xff\xff\xffa", b"\0\0\0\x01a"] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
