//! Writing: one transaction.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use vetch_model::advisory::AdvisoryKind;
use vetch_model::history::Time;

use super::{StoreError, packed, unpacked};
use crate::record::{Record, Text, World};

/// The packages that a record speaks of.
type Packages = Vec<(World, String)>;

/// What only people read, and the packages.
pub(super) fn text_of(connection: &Connection, number: i64) -> rusqlite::Result<Option<(Text, Packages)>> {
    let mut select = connection.prepare_cached("SELECT value FROM texts WHERE number = ?1")?;
    Ok(select.query_row([number], |row| Ok(unpacked(row.get_ref(0)?.as_blob()?))).optional()?.flatten())
}

fn packages_of(connection: &Connection, number: i64) -> rusqlite::Result<Option<Packages>> {
    Ok(text_of(connection, number)?.map(|(_, packages)| packages))
}

fn record_of(connection: &Connection, number: i64) -> rusqlite::Result<Option<Record>> {
    let mut select = connection.prepare_cached("SELECT value FROM records WHERE number = ?1")?;
    Ok(select.query_row([number], |row| Ok(unpacked(row.get_ref(0)?.as_blob()?))).optional()?.flatten())
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Put {
    /// It was not known.
    Added,
    /// It is newer than the one that was known.
    Updated,
    /// The one that is known is as new or newer.
    Unchanged,
}

/// An import that has not ended.
pub(crate) struct Writer<'s> {
    pub(super) transaction: Transaction<'s>,
    pub(super) now: Time,
    /// Indicators came or went: the filter has to be made anew.
    pub(super) has_new_indicators: bool,
    newest: i64,
    /// Records came, or a feed says that there are no new ones: what there is is of now.
    pub(super) is_fresh: bool,
    /// All of it is a snapshot, and nothing besides: it is of when that was made.
    pub(super) is_snapshot: bool,
}

impl<'s> Writer<'s> {
    pub(super) fn begin(connection: &'s mut Connection, now: Time) -> Result<Writer<'s>, StoreError> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        Ok(Writer {
            transaction,
            now,
            has_new_indicators: false,
            newest: i64::MIN,
            is_fresh: false,
            is_snapshot: false,
        })
    }

    /// Remembers how far a feed was followed.
    pub(crate) fn put_feed(&mut self, address: &str, tag: &str, seen: i64) -> Result<(), StoreError> {
        let insert = "INSERT OR REPLACE INTO feeds VALUES (?1, ?2, ?3)";
        self.transaction.execute(insert, params![address, tag, seen])?;
        self.is_fresh = true;
        Ok(())
    }

    /// Takes a record in, unless one of the same id is known that is as new.
    pub(crate) fn put(&mut self, record: &Record) -> Result<Put, StoreError> {
        self.put_as_of(record, self.now)
    }

    /// Likewise, one that was imported at another time.
    pub(crate) fn put_as_of(&mut self, record: &Record, imported: Time) -> Result<Put, StoreError> {
        self.newest = self.newest.max(record.modified);
        self.is_fresh = true;
        let known = self.known(&record.id)?;
        let put = match &known {
            Some((_, modified)) if *modified >= record.modified => return Ok(Put::Unchanged),
            Some((number, _)) => {
                self.remove(*number)?;
                Put::Updated
            }
            None => Put::Added,
        };
        let (malware, withdrawn) = (record.kind == AdvisoryKind::Malware, record.withdrawn.is_some());
        let insert = "INSERT INTO records (number, id, modified, imported, malware, withdrawn, value)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let number = known.map(|(number, _)| number);
        self.transaction.prepare_cached(insert)?.execute(params![
            number,
            record.id,
            record.modified,
            imported.0,
            malware,
            withdrawn,
            packed(record)
        ])?;
        let number = self.transaction.last_insert_rowid();
        let text =
            packed(&(&record.text, record.affected.iter().map(|one| (one.ecosystem, &one.name)).collect::<Vec<_>>()));
        self.transaction.prepare_cached("INSERT INTO texts VALUES (?1, ?2)")?.execute(params![number, text])?;
        let insert = "INSERT OR REPLACE INTO packages VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let mut packages = self.transaction.prepare_cached(insert)?;
        for affected in &record.affected {
            let value = packed(&affected.versions);
            packages.execute(params![affected.ecosystem as u8, affected.name, number, malware, withdrawn, value])?;
        }
        let mut aliases = self.transaction.prepare_cached("INSERT OR IGNORE INTO aliases VALUES (?1, ?2)")?;
        for alias in &record.aliases {
            aliases.execute(params![alias, number])?;
        }
        Ok(put)
    }

    fn known(&self, id: &str) -> rusqlite::Result<Option<(i64, i64)>> {
        let mut statement = self.transaction.prepare_cached("SELECT number, modified FROM records WHERE id = ?1")?;
        statement.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))).optional()
    }

    /// When this import takes place.
    pub(crate) fn now(&self) -> Time {
        self.now
    }

    /// Takes a record out, with all that refers to it.
    fn remove(&self, number: i64) -> rusqlite::Result<()> {
        let packages = packages_of(&self.transaction, number)?.unwrap_or_default();
        let record: Option<Record> = record_of(&self.transaction, number)?;
        if packages.is_empty() || record.is_none() {
            // It does not say any more what refers to it.
            self.transaction.execute("DELETE FROM packages WHERE record = ?1", [number])?;
            self.transaction.execute("DELETE FROM aliases WHERE record = ?1", [number])?;
        }
        let delete = "DELETE FROM packages WHERE ecosystem = ?1 AND name = ?2 AND record = ?3";
        let mut statement = self.transaction.prepare_cached(delete)?;
        for (world, name) in packages {
            statement.execute(params![world as u8, name, number])?;
        }
        let mut statement = self.transaction.prepare_cached("DELETE FROM aliases WHERE alias = ?1 AND record = ?2")?;
        for alias in record.iter().flat_map(|record| &record.aliases) {
            statement.execute(params![alias, number])?;
        }
        self.transaction.prepare_cached("DELETE FROM texts WHERE number = ?1")?.execute([number])?;
        self.transaction.prepare_cached("DELETE FROM records WHERE number = ?1")?.execute([number])?;
        Ok(())
    }

    /// A catalogue of exploited vulnerabilities, which replaces the one before: entries are taken back, too.
    pub(crate) fn put_exploited(&mut self, all: &[(String, String, bool)]) -> Result<(), StoreError> {
        self.transaction.execute("DELETE FROM exploited", [])?;
        all.iter().try_for_each(|(cve, since, ransomware)| self.put_exploited_one(cve, since, *ransomware))
    }

    /// One entry of it.
    pub(crate) fn put_exploited_one(&mut self, cve: &str, since: &str, ransomware: bool) -> Result<(), StoreError> {
        let insert = "INSERT OR REPLACE INTO exploited VALUES (?1, ?2, ?3)";
        self.transaction.prepare_cached(insert)?.execute(params![cve, since, ransomware])?;
        Ok(())
    }

    /// Forgets all probabilities, before those of another day.
    pub(crate) fn clear_probabilities(&mut self) -> Result<(), StoreError> {
        self.transaction.execute("DELETE FROM probabilities", [])?;
        Ok(())
    }

    /// The probability that a vulnerability is exploited, in hundred-thousandths.
    pub(crate) fn put_probability(&mut self, cve: &str, probability: u32) -> Result<(), StoreError> {
        let insert = "INSERT OR REPLACE INTO probabilities VALUES (?1, ?2)";
        self.transaction.prepare_cached(insert)?.execute(params![cve, probability])?;
        Ok(())
    }

    /// Makes it count.
    pub(crate) fn commit(self) -> Result<(), StoreError> {
        self.put_filter()?;
        let records: i64 = self.transaction.query_row("SELECT count(*) FROM records", [], |row| row.get(0))?;
        let set =
            "INSERT INTO state VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = max(value, excluded.value)";
        // A catalogue of exploited vulnerabilities makes records no newer.
        let keep = "INSERT OR IGNORE INTO state VALUES (?1, ?2)";
        self.transaction.execute(if self.is_fresh { set } else { keep }, params!["imported", self.now.0])?;
        if !self.is_snapshot {
            self.transaction.execute(set, params!["changed", self.now.0])?;
        }
        if self.newest > i64::MIN {
            self.transaction.execute(set, params!["newest", self.newest.div_euclid(1_000_000)])?;
        }
        self.transaction.execute("INSERT OR REPLACE INTO state VALUES ('records', ?1)", [records])?;
        self.transaction.commit()?;
        Ok(())
    }
}
