//! The end of a zip and its directory, found as Python's `zipfile` finds them (`_EndRecData`,
//! `_RealGetContents` of CPython 3.13). Format: APPNOTE.TXT 6.3.10, sections 4.3.12 to 4.3.16.

use super::entry::Entry;
use vetch_model::facts::AnomalyKind;

const END: &[u8; 4] = b"PK\x05\x06";
const END_BYTES: usize = 22;
const LOCATOR: &[u8; 4] = b"PK\x06\x07";
const LOCATOR_BYTES: usize = 20;
const END_64: &[u8; 4] = b"PK\x06\x06";
const END_64_BYTES: usize = 56;
const CENTRAL: &[u8; 4] = b"PK\x01\x02";
const CENTRAL_BYTES: usize = 46;

/// Longest comment behind the end record.
const COMMENT: usize = u16::MAX as usize;

/// Whether Python takes these bytes for a zip: they begin as one, or end as one.
pub fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(super::LOCAL)
        || bytes.starts_with(END)
        || End::find(bytes)
            .is_ok_and(|end| end.entries > 0 && bytes.get(end.directory..).is_some_and(|at| at.starts_with(CENTRAL)))
}

/// The end record.
#[derive(Debug)]
pub(super) struct End {
    /// Where the directory starts.
    pub(super) directory: usize,
    /// Its length in bytes.
    length: usize,
    /// How many bytes lie before the archive: added to every offset.
    shift: usize,
    /// How many entries it says there are.
    pub(super) entries: u64,
    /// What readers may disagree about.
    pub(super) oddities: Vec<(AnomalyKind, String)>,
}

impl End {
    /// The last end record in the reach of a comment counts.
    pub(super) fn find(bytes: &[u8]) -> Result<End, String> {
        let none = || match bytes.is_empty() {
            true => "is empty".to_owned(),
            false => "has no directory at its end: it is no zip archive, or cut short".to_owned(),
        };
        let reach = bytes.len().saturating_sub(COMMENT + END_BYTES);
        let tail = bytes.get(reach..).unwrap_or_default();
        let at = reach + tail.windows(END.len()).rposition(|four| four == END).ok_or_else(none)?;
        let record = bytes.get(at..at + END_BYTES).ok_or_else(none)?;
        let mut end = End {
            directory: 0,
            length: u32_at(record, 12) as usize,
            shift: 0,
            entries: u64::from(u16_at(record, 10)),
            oddities: Vec::new(),
        };
        let mut offset = u64::from(u32_at(record, 16));
        let mut records = at;
        if let Some(start) = end_64(bytes, at) {
            let record = bytes.get(start..start + END_64_BYTES).unwrap_or_default();
            end.entries = u64_at(record, 32);
            end.length = usize::try_from(u64_at(record, 40)).unwrap_or(usize::MAX);
            offset = u64_at(record, 48);
            records = start;
        }
        end.directory = records.checked_sub(end.length).ok_or("its directory is larger than the archive")?;
        let shift = (end.directory as u64).checked_sub(offset).ok_or("its directory lies behind where it ends")?;
        end.shift = usize::try_from(shift).map_err(|_| "its directory lies nowhere")?;
        end.behind(bytes, at, usize::from(u16_at(record, 20)));
        end.before(bytes, offset);
        if u16_at(record, 4) != 0 || u16_at(record, 6) != 0 {
            return Err("is one part of an archive in several".to_owned());
        }
        Ok(end)
    }

    /// What follows the end record, beside its comment.
    fn behind(&mut self, bytes: &[u8], at: usize, comment: usize) {
        let rest = bytes.len() - at - END_BYTES;
        if rest != comment {
            let why = format!("{rest} bytes behind its end, and it says {comment}: other readers look for another end");
            self.oddities.push((AnomalyKind::ContradictoryHeaders, why));
        } else if comment > 0 {
            self.oddities.push((AnomalyKind::TrailingData, format!("a comment of {comment} bytes")));
        }
    }

    /// What lies before the archive, and what a reader would find there that takes offsets as they are.
    fn before(&mut self, bytes: &[u8], offset: u64) {
        if self.shift == 0 {
            return;
        }
        let other = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..));
        if other.is_some_and(|other| other.starts_with(CENTRAL)) {
            let why = "it has two directories: which one counts depends on the reader".to_owned();
            self.oddities.push((AnomalyKind::ContradictoryHeaders, why));
        } else {
            let why = format!("{} bytes before the archive, as in a program that unpacks itself", self.shift);
            self.oddities.push((AnomalyKind::TrailingData, why));
        }
    }
}

/// Where the larger end record lies, if there is one.
fn end_64(bytes: &[u8], end: usize) -> Option<usize> {
    let locator = end.checked_sub(LOCATOR_BYTES)?;
    if !bytes.get(locator..)?.starts_with(LOCATOR) {
        return None;
    }
    let record = locator.checked_sub(END_64_BYTES)?;
    bytes.get(record..)?.starts_with(END_64).then_some(record)
}

/// Goes through the directory.
pub(super) struct Directory<'b> {
    bytes: &'b [u8],
    at: usize,
    end: usize,
    shift: usize,
}

impl<'b> Directory<'b> {
    pub(super) fn new(bytes: &'b [u8], end: &End) -> Directory<'b> {
        Directory { bytes, at: end.directory, end: end.directory + end.length, shift: end.shift }
    }

    /// The next entry, or why the rest cannot be read.
    pub(super) fn next(&mut self) -> Option<Result<Entry, String>> {
        if self.at >= self.end {
            return None;
        }
        let entry = self.read();
        if entry.is_err() {
            self.at = self.end;
        }
        Some(entry)
    }

    fn read(&mut self) -> Result<Entry, String> {
        let cut = "its directory is damaged or cut short";
        let record = self.bytes.get(self.at..self.at + CENTRAL_BYTES).ok_or(cut)?;
        if !record.starts_with(CENTRAL) {
            return Err(cut.to_owned());
        }
        let [name, extra, comment] = [28, 30, 32].map(|at| usize::from(u16_at(record, at)));
        let start = self.at + CENTRAL_BYTES;
        let name_bytes = self.bytes.get(start..start + name).ok_or(cut)?;
        let extra_bytes = self.bytes.get(start + name..start + name + extra).ok_or(cut)?;
        self.at = start + name + extra + comment;
        if self.at > self.end {
            return Err(cut.to_owned());
        }
        Entry::central(record, name_bytes, extra_bytes, self.shift)
    }
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |two| u16::from_le_bytes([two[0], two[1]]))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
