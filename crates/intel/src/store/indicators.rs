//! Indicators in the store: written by record, found by value.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use vetch_model::history::Time;
use vetch_model::indicator::{Indicator, IndicatorKind};

use super::filter::{Filter, bytes_of, hash};
use super::write::Writer;
use super::{IntelStore, StoreError, packed, unpacked};
use crate::indicator::{Entry, Listing, More};
use crate::matching::Listed;

/// Made when they are first needed: stores of before have none.
pub(super) const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS listings (
        number INTEGER PRIMARY KEY, record TEXT NOT NULL UNIQUE, source TEXT NOT NULL, modified INTEGER NOT NULL,
        imported INTEGER NOT NULL
    );
    CREATE TABLE IF NOT EXISTS indicators (
        kind TEXT NOT NULL, value TEXT NOT NULL, listing INTEGER NOT NULL, place INTEGER NOT NULL, until INTEGER,
        more BLOB NOT NULL, PRIMARY KEY (kind, value, listing, place)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS indicators_by_listing ON indicators (listing);
    CREATE TABLE IF NOT EXISTS filters (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
";

/// Most indicators that are read of one value: as many sources rarely name one thing.
const MAX_EACH: usize = 64;

/// A row of an indicator, as [`read`] reads it.
const SELECT: &str =
    "SELECT kind, value, source, record, until, more, imported FROM indicators JOIN listings ON number = listing";

/// What became of a listing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    /// Indicators that came in.
    pub(crate) put: u64,
    /// Indicators that were taken out, or replaced.
    pub(crate) removed: u64,
    /// What is known is as new or newer.
    pub(crate) is_unchanged: bool,
}

/// A listing that is being written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpenListing {
    number: i64,
    place: i64,
}

impl Writer<'_> {
    /// Takes a listing in, unless one of the same record is known that is as new.
    pub(crate) fn put_listing(&mut self, listing: &Listing) -> Result<Taken, StoreError> {
        let known: Option<i64> = {
            let mut select = self.transaction.prepare_cached("SELECT modified FROM listings WHERE record = ?1")?;
            select.query_row([&listing.record], |row| row.get(0)).optional()?
        };
        if known.is_some_and(|known| known >= listing.modified) && !listing.is_revoked {
            return Ok(Taken { is_unchanged: true, ..Taken::default() });
        }
        if listing.is_revoked && known.is_none() {
            return Ok(Taken::default());
        }
        let (mut open, removed) = self.open_listing(&listing.record, &listing.source, listing.modified)?;
        if !listing.is_revoked {
            for entry in &listing.entries {
                self.put_entry(&mut open, entry)?;
            }
        }
        let put = if listing.is_revoked { 0 } else { listing.entries.len() as u64 };
        Ok(Taken { put, removed, is_unchanged: false })
    }

    /// Begins a listing anew; gives how many indicators it had.
    pub(crate) fn open_listing(
        &mut self,
        record: &str,
        source: &str,
        modified: i64,
    ) -> Result<(OpenListing, u64), StoreError> {
        self.open_listing_as_of(record, source, modified, self.now)
    }

    /// Likewise, one that was imported at another time.
    pub(crate) fn open_listing_as_of(
        &mut self,
        record: &str,
        source: &str,
        modified: i64,
        imported: Time,
    ) -> Result<(OpenListing, u64), StoreError> {
        self.has_new_indicators = true;
        let put = "INSERT INTO listings (record, source, modified, imported) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (record) DO UPDATE SET source = excluded.source, modified = excluded.modified,
            imported = excluded.imported";
        self.transaction.prepare_cached(put)?.execute(params![record, source, modified, imported.0])?;
        let number: i64 = self
            .transaction
            .prepare_cached("SELECT number FROM listings WHERE record = ?1")?
            .query_row([record], |row| row.get(0))?;
        let removed =
            self.transaction.prepare_cached("DELETE FROM indicators WHERE listing = ?1")?.execute([number])?;
        Ok((OpenListing { number, place: 0 }, removed as u64))
    }

    /// Adds an entry.
    pub(crate) fn put_entry(&mut self, open: &mut OpenListing, entry: &Entry) -> Result<(), StoreError> {
        let insert = "INSERT OR REPLACE INTO indicators VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let (kind, more) = (entry.kind.as_str(), packed(&entry.more));
        let values = params![kind, entry.value, open.number, open.place, entry.until, more];
        self.transaction.prepare_cached(insert)?.execute(values)?;
        open.place += 1;
        Ok(())
    }

    /// Makes the filter anew, if anything changed.
    pub(super) fn put_filter(&self) -> Result<(), StoreError> {
        if !self.has_new_indicators {
            return Ok(());
        }
        let count: i64 = self.transaction.query_row("SELECT count(*) FROM indicators", [], |row| row.get(0))?;
        let mut filter = Filter::new(count.unsigned_abs());
        let mut select = self.transaction.prepare("SELECT kind, value FROM indicators")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let kind = row.get_ref(0)?.as_str().ok().and_then(|kind| kind.parse::<IndicatorKind>().ok());
            if let (Some(kind), Ok(value)) = (kind, row.get_ref(1)?.as_str()) {
                filter.insert(hash(kind, &bytes_of(kind, value)));
            }
        }
        self.transaction.execute("INSERT OR REPLACE INTO state VALUES ('indicators', ?1)", [count])?;
        let insert = "INSERT OR REPLACE INTO filters VALUES ('indicators', ?1)";
        self.transaction.execute(insert, params![filter.as_bytes()])?;
        Ok(())
    }
}

/// What is listed, to be asked quickly.
#[derive(Debug)]
pub struct Watchlist<'s> {
    /// One for all questions: otherwise each locks and unlocks the file.
    transaction: Transaction<'s>,
    filter: Filter,
}

/// An indicator, and what has to be there besides for it to count.
pub type Conditional = (Indicator, Vec<(IndicatorKind, String)>);

impl IntelStore {
    /// What is listed; `None` if nothing is.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn watchlist(&self) -> Result<Option<Watchlist<'_>>, StoreError> {
        if !has_tables(self.connection())? {
            return Ok(None);
        }
        let select = "SELECT value FROM filters WHERE name = 'indicators'";
        let transaction = self.connection().unchecked_transaction()?;
        let bits: Option<Vec<u8>> = transaction.query_row(select, [], |row| row.get(0)).optional()?;
        Ok(bits.and_then(Filter::from_bytes).map(|filter| Watchlist { transaction, filter }))
    }

    /// Indicators by kind.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn indicator_counts(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        if !has_tables(self.connection())? {
            return Ok(BTreeMap::new());
        }
        let mut select = self.connection().prepare("SELECT kind, count(*) FROM indicators GROUP BY kind")?;
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Indicators of this value or of this record, also those that have ended; at most `limit`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn indicators_of(&self, text: &str, limit: usize) -> Result<Vec<Indicator>, StoreError> {
        let value = value_of(text);
        self.select(
            "value = ?1 OR record = ?2 ORDER BY kind, value, record, place LIMIT ?3",
            params![value, text.trim(), limit as i64],
        )
    }

    /// Indicators of this value, of this record, or whose value holds the text, also those that have ended; at most
    /// `limit`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn find_indicators(&self, text: &str, limit: usize) -> Result<Vec<Indicator>, StoreError> {
        let value = value_of(text);
        let pattern = format!("%{}%", value.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
        self.select(
            "value = ?1 OR record = ?2 OR value LIKE ?3 ESCAPE '\\' ORDER BY value <> ?1, kind, value, record, place LIMIT ?4",
            params![value, text.trim(), pattern, limit as i64],
        )
    }

    fn select(&self, condition: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Vec<Indicator>, StoreError> {
        if !has_tables(self.connection())? {
            return Ok(Vec::new());
        }
        let select = format!("{SELECT} WHERE {condition}");
        let mut select = self.connection().prepare(&select)?;
        let all = select.query_map(values, read)?.collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(all.into_iter().flatten().map(|(indicator, _)| indicator).collect())
    }
}

impl Listed for Watchlist<'_> {
    fn may_hold(&self, kind: IndicatorKind, value: &str) -> bool {
        match kind.is_hash() {
            true => self.may_hold_digest(kind, &bytes_of(kind, value)),
            false => self.filter.may_hold(hash(kind, value.as_bytes())),
        }
    }

    fn may_hold_digest(&self, kind: IndicatorKind, digest: &[u8]) -> bool {
        self.filter.may_hold(hash(kind, digest))
    }

    fn find(&self, kind: IndicatorKind, value: &str, now: Time) -> Result<Vec<Conditional>, StoreError> {
        let condition = "kind = ?1 AND value = ?2 AND (until IS NULL OR until > ?3) ORDER BY record, place LIMIT ?4";
        let mut select = self.transaction.prepare_cached(&format!("{SELECT} WHERE {condition}"))?;
        let rows = select.query_map(params![kind.as_str(), value, now.0, MAX_EACH as i64], read)?;
        let all = rows.collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(all.into_iter().flatten().collect())
    }
}

/// What is looked for: the normal form of an indicator, or a text.
fn value_of(text: &str) -> String {
    vetch_indicators::guess(text).map_or_else(|| text.trim().to_lowercase(), |(_, value)| value)
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<Conditional>> {
    let kind: String = row.get(0)?;
    let more: Option<More> = unpacked(row.get_ref(5)?.as_blob().unwrap_or_default());
    let (Ok(kind), Some(more)) = (kind.parse::<IndicatorKind>(), more) else { return Ok(None) };
    let source: String = row.get(2)?;
    let indicator = Indicator {
        kind,
        value: row.get(1)?,
        source: more.source.unwrap_or(source),
        record: row.get(3)?,
        description: more.description,
        context: more.context,
        confidence: more.confidence,
        until: row.get::<_, Option<i64>>(4)?.map(Time),
        imported: Time(row.get(6)?),
    };
    Ok(Some((indicator, more.with)))
}

/// Stores that an older version made have none until the next import.
fn has_tables(connection: &Connection) -> rusqlite::Result<bool> {
    let select =
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('listings', 'indicators', 'filters')";
    connection.query_row(select, [], |row| row.get::<_, i64>(0)).map(|count| count == 3)
}
