//! Packing: everything that a store holds, in an order that follows from the content.
//!
//! How far feeds were followed is left out: it names hosts, and is of no use where there is no network.

use std::io::{self, BufReader, Read, Seek, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use rusqlite::Connection;
use sha2::{Digest, Sha256};
use vetch_model::history::Time;

use super::form::{Counts, Entry, FORMAT, MAGIC, MAX_CONTENT, MAX_ENTRY, Manifest};
use crate::source::Watcher;
use crate::store::{IntelStore, StoreError};
use crate::vex::VexDocument;

/// Entries between two questions whether to stop.
const STRIDE: u64 = 1_024;

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file cannot be written.
    #[error("{0}")]
    Write(#[from] io::Error),
    /// It holds more than a snapshot may.
    #[error("{0}")]
    TooLarge(String),
    /// The user stopped it.
    #[error("stopped before the end; nothing was written")]
    Cancelled,
}

/// A snapshot, and where it is.
#[derive(Debug)]
pub struct Packed {
    /// What it says of itself.
    pub manifest: Manifest,
    /// The entries, compressed.
    entries: std::fs::File,
}

impl Packed {
    /// The whole file, from its beginning.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn reader(&mut self) -> io::Result<impl Read + use<'_>> {
        let manifest = serde_json::to_string(&self.manifest).map_err(io::Error::other)?;
        self.entries.rewind()?;
        let first = io::Cursor::new(format!("{MAGIC}\n{manifest}\n"));
        Ok(first.chain(BufReader::new(&mut self.entries)))
    }
}

impl IntelStore {
    /// Packs everything into a temporary file beside the store.
    ///
    /// # Errors
    /// See [`PackError`].
    pub fn pack(&self, watcher: &mut dyn Watcher) -> Result<Packed, PackError> {
        // One transaction: an import beside it does not mix in.
        let transaction = self.connection().unchecked_transaction().map_err(StoreError::from)?;
        let file = self.temporary()?;
        // Fast: the next step costs a quarter more time for each hundredth of size.
        let output = GzEncoder::new(io::BufWriter::new(file), Compression::fast());
        let mut packing =
            Packing { output, hash: Sha256::new(), bytes: 0, counts: Counts::default(), watcher, written: 0 };
        packing.records(&transaction)?;
        packing.vulnerabilities(&transaction)?;
        packing.listings(&transaction)?;
        packing.judgements(&transaction)?;
        packing.techniques(&transaction)?;
        let Packing { output, hash, bytes, counts, .. } = packing;
        let entries = output.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        let status = self.dates()?;
        let manifest = Manifest {
            format: FORMAT,
            made: shown(status.made)?,
            imported: shown(status.imported)?,
            newest: status.newest.map(shown).transpose()?,
            counts,
            bytes,
            sha256: hex::encode(hash.finalize()),
        };
        Ok(Packed { manifest, entries })
    }
}

fn shown(time: Time) -> io::Result<String> {
    jiff::Timestamp::from_second(time.0).map(|moment| moment.to_string()).map_err(io::Error::other)
}

struct Packing<'p> {
    output: GzEncoder<io::BufWriter<std::fs::File>>,
    hash: Sha256,
    bytes: u64,
    counts: Counts,
    watcher: &'p mut dyn Watcher,
    written: u64,
}

impl Packing<'_> {
    fn put(&mut self, entry: &Entry) -> Result<(), PackError> {
        let bytes = postcard::to_stdvec(entry).map_err(io::Error::other)?;
        let length = u32::try_from(bytes.len()).ok().filter(|length| *length <= MAX_ENTRY);
        let length = length.ok_or_else(|| PackError::TooLarge(format!("an entry has {} bytes", bytes.len())))?;
        for part in [&length.to_le_bytes()[..], &bytes] {
            self.hash.update(part);
            self.output.write_all(part)?;
        }
        self.bytes += u64::from(length) + 4;
        if self.bytes > MAX_CONTENT {
            return Err(PackError::TooLarge(format!("there is more than a snapshot may hold ({MAX_CONTENT} bytes)")));
        }
        self.counts.count(entry);
        self.written += 1;
        if self.written.is_multiple_of(STRIDE) {
            self.watcher.read("snapshot", self.written);
            if self.watcher.is_cancelled() {
                return Err(PackError::Cancelled);
            }
        }
        Ok(())
    }

    fn records(&mut self, connection: &Connection) -> Result<(), PackError> {
        let mut numbers = prepared(connection, "SELECT number FROM records ORDER BY id")?;
        let mut rows = numbers.query([]).map_err(StoreError::from)?;
        while let Some(row) = rows.next().map_err(StoreError::from)? {
            let number = row.get(0).map_err(StoreError::from)?;
            let Some((mut record, imported)) = crate::store::whole(connection, number)? else {
                return Err(StoreError::Damaged.into());
            };
            let mut affected: Vec<_> = std::mem::take(&mut record.affected)
                .into_iter()
                .map(|one| (one.ecosystem, one.name, one.versions))
                .collect();
            affected.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
            let text = std::mem::take(&mut record.text);
            self.put(&Entry::Record { imported: imported.0, record: Box::new(record), text, affected })?;
        }
        Ok(())
    }

    fn vulnerabilities(&mut self, connection: &Connection) -> Result<(), PackError> {
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Entry::Exploited { cve: row.get(0)?, since: row.get(1)?, ransomware: row.get(2)? })
        };
        self.rows(connection, "SELECT cve, since, ransomware FROM exploited ORDER BY cve", &read)?;
        let read =
            |row: &rusqlite::Row<'_>| Ok(Entry::Probability { cve: row.get(0)?, hundred_thousandths: row.get(1)? });
        self.rows(connection, "SELECT cve, probability FROM probabilities ORDER BY cve", &read)
    }

    fn rows(
        &mut self,
        connection: &Connection,
        select: &str,
        read: &dyn Fn(&rusqlite::Row<'_>) -> rusqlite::Result<Entry>,
    ) -> Result<(), PackError> {
        let mut select = prepared(connection, select)?;
        let mut rows = select.query([]).map_err(StoreError::from)?;
        while let Some(row) = rows.next().map_err(StoreError::from)? {
            self.put(&read(row).map_err(StoreError::from)?)?;
        }
        Ok(())
    }

    fn listings(&mut self, connection: &Connection) -> Result<(), PackError> {
        if !crate::store::has_listings(connection)? {
            return Ok(());
        }
        let select = "SELECT number, record, source, modified, imported FROM listings ORDER BY record";
        let mut select = prepared(connection, select)?;
        let mut rows = select.query([]).map_err(StoreError::from)?;
        while let Some(row) = rows.next().map_err(StoreError::from)? {
            let (number, listing) = listing(row).map_err(StoreError::from)?;
            self.put(&listing)?;
            crate::store::for_each_entry(connection, number, &mut |one| {
                let (kind, value, until, more) = (one.kind, one.value, one.until, one.more);
                self.put(&Entry::Indicator { kind, value, until, more })
            })?;
        }
        Ok(())
    }

    fn judgements(&mut self, connection: &Connection) -> Result<(), PackError> {
        crate::store::for_each_document(connection, &mut |document, imported| {
            let VexDocument { author, id, modified, version, statements, .. } = document;
            let modified = modified.unwrap_or(imported.0);
            self.put(&Entry::Judgements { author, id, modified, version, imported: imported.0, statements })
        })
    }

    fn techniques(&mut self, connection: &Connection) -> Result<(), PackError> {
        let all = crate::store::all_techniques(connection)?;
        all.into_iter().try_for_each(|(id, technique)| self.put(&Entry::Technique { id, technique }))
    }
}

fn listing(row: &rusqlite::Row<'_>) -> rusqlite::Result<(i64, Entry)> {
    let (record, source) = (row.get(1)?, row.get(2)?);
    Ok((row.get(0)?, Entry::Listing { record, source, modified: row.get(3)?, imported: row.get(4)? }))
}

fn prepared<'c>(connection: &'c Connection, text: &str) -> Result<rusqlite::Statement<'c>, StoreError> {
    Ok(connection.prepare(text)?)
}
