//! Techniques of ATT&CK that were imported; those that are shipped stand in [`crate::knowledge()`].

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::write::Writer;
use super::{IntelStore, StoreError, packed, unpacked, whole};
use crate::knowledge::Technique;

/// Made when they are first needed: stores of before have none.
pub(super) const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS techniques (id TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
";

impl Writer<'_> {
    /// Takes techniques in, in place of those of the same ids.
    pub(crate) fn put_techniques(&mut self, all: &BTreeMap<String, Technique>) -> Result<(), StoreError> {
        let put = "INSERT OR REPLACE INTO techniques VALUES (?1, ?2)";
        let mut put = self.transaction.prepare_cached(put)?;
        for (id, technique) in all {
            put.execute(params![id, packed(technique)])?;
        }
        Ok(())
    }
}

impl IntelStore {
    /// A technique that was imported.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn technique(&self, id: &str) -> Result<Option<Technique>, StoreError> {
        if !whole::has_table(&self.connection, "techniques")? {
            return Ok(None);
        }
        let mut select = self.connection.prepare_cached("SELECT value FROM techniques WHERE id = ?1")?;
        let value: Option<Vec<u8>> = select.query_row([id], |row| row.get(0)).optional()?;
        value.map(|value| unpacked(&value).ok_or(StoreError::Damaged)).transpose()
    }
}

/// Every technique, in the order of their ids.
pub(crate) fn all(connection: &Connection) -> Result<BTreeMap<String, Technique>, StoreError> {
    if !whole::has_table(connection, "techniques")? {
        return Ok(BTreeMap::new());
    }
    let mut select = connection.prepare_cached("SELECT id, value FROM techniques")?;
    let mut rows = select.query([])?;
    let mut all = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let value: Vec<u8> = row.get(1)?;
        all.insert(row.get(0)?, unpacked(&value).ok_or(StoreError::Damaged)?);
    }
    Ok(all)
}
