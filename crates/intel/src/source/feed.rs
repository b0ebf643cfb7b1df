//! Feeds as OSV's bucket has them (<https://google.github.io/osv.dev/data/>): for each ecosystem a list of changes
//! (`modified_id.csv`, the newest first), each record by itself, and all of them in a zip.
//!
//! Nothing here touches the network: whoever does hands over what came.

use std::path::Path;

use rusqlite::OptionalExtension;
use vetch_model::history::Time;

use super::{Import, ImportError, Kind, SourceReport, Watcher, read, zip};
use crate::record::{Document, RecordError, micros};
use crate::store::{IntelStore, StoreError};

/// Largest list of changes, in bytes, and longest id in it.
pub const MAX_CHANGES: u64 = 256 << 20;
const MAX_ID: usize = 128;

/// How far a feed was followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedState {
    /// The entity tag of its list of changes; empty if it had none.
    pub tag: String,
    /// The time of the newest change in it, in microseconds.
    pub seen: i64,
}

/// A change: when, and of which record.
pub type Change = (i64, String);

/// What came of a feed.
#[derive(Debug)]
pub enum FeedPart<'p> {
    /// Everything, in a zip.
    Zip(&'p Path),
    /// Single records: the id that was asked for, and the bytes.
    Records(Vec<(String, Vec<u8>)>),
}

/// Reads a list of changes, the newest first, up to what was seen (with that: others may have had the same time).
///
/// # Errors
/// When a line is no time and id.
pub fn read_changes(bytes: &[u8], seen: Option<i64>) -> Result<Vec<Change>, RecordError> {
    let mut changes = Vec::new();
    for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = String::from_utf8_lossy(line);
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let wrong = || RecordError(format!("line {} is no time and id", number + 1));
        let (time, id) = line.split_once(',').ok_or_else(wrong)?;
        let time = micros(time).ok_or_else(wrong)?;
        if id.is_empty() || id.len() > MAX_ID || id.contains(['/', '\\', ',']) {
            return Err(wrong());
        }
        if seen.is_some_and(|seen| time < seen) {
            break;
        }
        changes.push((time, id.to_owned()));
    }
    Ok(changes)
}

impl IntelStore {
    /// How far a feed was followed; `None` if never.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn feed(&self, address: &str) -> Result<Option<FeedState>, StoreError> {
        let mut statement = self.connection().prepare_cached("SELECT tag, seen FROM feeds WHERE address = ?1")?;
        let read = |row: &rusqlite::Row<'_>| Ok(FeedState { tag: row.get(0)?, seen: row.get(1)? });
        Ok(statement.query_row([address], read).optional()?)
    }

    /// Those of the changes that are not known yet: an update that was stopped goes on where it was.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn unknown(&self, changes: Vec<Change>) -> Result<Vec<Change>, StoreError> {
        let transaction = self.connection().unchecked_transaction()?;
        let mut statement = transaction.prepare("SELECT modified FROM records WHERE id = ?1")?;
        let mut unknown = Vec::new();
        for (time, id) in changes {
            let known: Option<i64> = statement.query_row([&id], |row| row.get(0)).optional()?;
            if known.is_none_or(|known| known < time) {
                unknown.push((time, id));
            }
        }
        Ok(unknown)
    }

    /// Takes in what came of a feed; with `state`, everything up to there has come.
    ///
    /// # Errors
    /// As [`IntelStore::import`].
    pub fn take_in(
        &mut self,
        address: &str,
        parts: &[FeedPart<'_>],
        state: Option<&FeedState>,
        now: Time,
        watcher: &mut dyn Watcher,
    ) -> Result<SourceReport, ImportError> {
        let report = SourceReport { path: address.to_owned(), ..SourceReport::default() };
        let mut import = Import { writer: self.write(now)?, watcher, report, takes_vex: false };
        for part in parts {
            match part {
                FeedPart::Zip(path) => zip::import(&mut import, path)?,
                FeedPart::Records(records) => records.iter().try_for_each(|(id, bytes)| import.named(id, bytes))?,
            }
        }
        if let Some(state) = state {
            import.writer.put_feed(address, &state.tag, state.seen)?;
        }
        let Import { writer, report, .. } = import;
        writer.commit()?;
        Ok(report)
    }
}

impl Import<'_, '_> {
    /// A record that was asked for by its id: it has to be that one.
    fn named(&mut self, id: &str, bytes: &[u8]) -> Result<(), ImportError> {
        match read(bytes, Kind::Json, id) {
            Ok(Document::Record(record, _)) if record.id != id => {
                self.failed(id, format!("it is another record, `{}`", record.id))
            }
            Ok(document) => self.document(document, id),
            Err(error) => self.failed(id, error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_read_up_to_what_was_seen() {
        let list = b"2026-01-03T00:00:00Z,C\r\n2026-01-02T00:00:00Z,B\n2026-01-01T00:00:00Z,A\nbroken\n";
        let seen = micros("2026-01-02T00:00:00Z");
        let ids: Vec<String> = read_changes(list, seen).unwrap().into_iter().map(|(_, id)| id).collect();
        assert_eq!(ids, ["C", "B"]);
        for wrong in [&b"now,A"[..], b"2026-01-03T00:00:00Z", b"2026-01-03T00:00:00Z,../a", b"<html>"] {
            assert!(read_changes(wrong, None).is_err());
        }
        assert_eq!(read_changes(b"", None), Ok(Vec::new()));
    }
}
