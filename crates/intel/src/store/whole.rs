//! The store as a whole, for snapshots: where it came from, what it holds in order, and all of it replaced.

use std::fs::File;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};
use vetch_model::history::Time;
use vetch_model::indicator::IndicatorKind;

use super::write::Writer;
use super::{IntelStore, StoreError, unpacked};
use crate::indicator::Entry;
use crate::snapshot::Origin;

/// At most one row: the snapshot that everything came in.
pub(super) const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS snapshots (
        number INTEGER PRIMARY KEY CHECK (number = 1), file TEXT NOT NULL, sha256 TEXT NOT NULL, key TEXT NOT NULL,
        made INTEGER NOT NULL, loaded INTEGER NOT NULL
    );
";

/// Of when the content is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StoreDates {
    /// When anything was last taken in.
    pub(crate) made: Time,
    /// When records last came in.
    pub(crate) imported: Time,
    /// When the newest of them was changed.
    pub(crate) newest: Option<Time>,
}

fn state(connection: &Connection, key: &str) -> rusqlite::Result<Option<i64>> {
    let mut select = connection.prepare_cached("SELECT value FROM state WHERE key = ?1")?;
    select.query_row([key], |row| row.get(0)).optional()
}

pub(super) fn has_table(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    let select = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1";
    Ok(connection.query_row(select, [name], |row| row.get::<_, i64>(0))? == 1)
}

/// Whether there may be indicators: stores of before have no place for them.
pub(crate) fn has_listings(connection: &Connection) -> Result<bool, StoreError> {
    Ok(has_table(connection, "listings")?)
}

/// Every indicator of a listing, in its order.
pub(crate) fn for_each_entry<E: From<StoreError>>(
    connection: &Connection,
    listing: i64,
    each: &mut dyn FnMut(Entry) -> Result<(), E>,
) -> Result<(), E> {
    let select = "SELECT kind, value, until, more FROM indicators WHERE listing = ?1 ORDER BY place, kind, value";
    let mut select = connection.prepare_cached(select).map_err(StoreError::from)?;
    let mut rows = select.query([listing]).map_err(StoreError::from)?;
    while let Some(row) = rows.next().map_err(StoreError::from)? {
        each(entry(row)?)?;
    }
    Ok(())
}

fn entry(row: &rusqlite::Row<'_>) -> Result<Entry, StoreError> {
    let kind = row.get::<_, String>(0)?.parse::<IndicatorKind>().map_err(|_| StoreError::Damaged)?;
    let more = row.get_ref(3)?.as_blob().ok().and_then(unpacked).ok_or(StoreError::Damaged)?;
    Ok(Entry { kind, value: row.get(1)?, until: row.get(2)?, more })
}

impl IntelStore {
    /// A file without a name in the store's folder.
    pub(crate) fn temporary(&self) -> Result<File, StoreError> {
        let folder = self.connection.path().and_then(|file| Path::new(file).parent());
        // A store that may only be read lies in a folder that cannot be written to.
        let beside = folder.and_then(|folder| tempfile::tempfile_in(folder).ok());
        Ok(beside.map_or_else(tempfile::tempfile, Ok)?)
    }

    /// Of when the content is.
    pub(crate) fn dates(&self) -> Result<StoreDates, StoreError> {
        let imported = state(&self.connection, "imported")?.unwrap_or_default();
        // Stores of before do not tell.
        let made = state(&self.connection, "changed")?.unwrap_or(imported);
        Ok(StoreDates {
            made: Time(made),
            imported: Time(imported),
            newest: state(&self.connection, "newest")?.map(Time),
        })
    }

    /// The snapshot that the content came in, if it did.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn origin(&self) -> Result<Option<Origin>, StoreError> {
        if !has_table(&self.connection, "snapshots")? {
            return Ok(None);
        }
        let changed = state(&self.connection, "changed")?;
        let read = |row: &rusqlite::Row<'_>| {
            let made = row.get(3)?;
            Ok(Origin {
                file: row.get(0)?,
                sha256: row.get(1)?,
                key: row.get(2)?,
                made: Time(made),
                loaded: Time(row.get(4)?),
                is_changed: changed.is_some_and(|changed| changed > made),
            })
        };
        let select = "SELECT file, sha256, key, made, loaded FROM snapshots";
        Ok(self.connection.query_row(select, [], read).optional()?)
    }
}

impl Writer<'_> {
    /// When the snapshot was made that everything came in, and when the newest record was changed.
    pub(crate) fn standing(&self) -> Result<(Option<Time>, Option<Time>), StoreError> {
        let before = self.transaction.query_row("SELECT made FROM snapshots", [], |row| row.get(0)).optional()?;
        Ok((before.map(Time), state(&self.transaction, "newest")?.map(Time)))
    }

    /// Takes everything out. How far feeds were followed is forgotten, too: it is no longer true.
    pub(crate) fn clear(&mut self) -> Result<(), StoreError> {
        self.transaction.execute_batch(
            "DELETE FROM records; DELETE FROM texts; DELETE FROM packages; DELETE FROM aliases; DELETE FROM exploited;
             DELETE FROM probabilities; DELETE FROM feeds; DELETE FROM state; DELETE FROM listings;
             DELETE FROM indicators; DELETE FROM filters; DELETE FROM snapshots; DELETE FROM related;
             DELETE FROM vex_documents; DELETE FROM vex_statements; DELETE FROM vex_ids;
             DELETE FROM techniques;",
        )?;
        self.has_new_indicators = true;
        Ok(())
    }

    /// Remembers that everything is of this snapshot, and of when it is.
    pub(crate) fn put_origin(&mut self, origin: &Origin, imported: Time) -> Result<(), StoreError> {
        let insert = "INSERT INTO snapshots VALUES (1, ?1, ?2, ?3, ?4, ?5)";
        let Origin { file, sha256, key, made, loaded, .. } = origin;
        self.transaction.execute(insert, params![file, sha256, key, made.0, loaded.0])?;
        for (key, time) in [("changed", *made), ("imported", imported)] {
            self.transaction.execute("INSERT OR REPLACE INTO state VALUES (?1, ?2)", params![key, time.0])?;
        }
        (self.is_snapshot, self.is_fresh) = (true, false);
        Ok(())
    }

    /// From here on something is added to the snapshot that came first.
    pub(crate) fn adds(&mut self) {
        self.is_snapshot = false;
    }
}
