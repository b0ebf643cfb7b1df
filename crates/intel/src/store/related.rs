//! What collections of TAXII brought that later objects may be about, and how far they were gone through.

use rusqlite::params;

use super::StoreError;
use super::write::Writer;
use crate::indicator::stix::Object;

/// Made when it is first needed: stores of before have none.
pub(super) const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS related (
        feed TEXT NOT NULL, id TEXT NOT NULL, modified INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (feed, id)
    ) WITHOUT ROWID;
";

impl Writer<'_> {
    /// Remembers how far a collection was gone through. Records are none the newer for it.
    pub(crate) fn put_position(&mut self, feed: &str, seen: i64) -> Result<(), StoreError> {
        let insert = "INSERT OR REPLACE INTO feeds VALUES (?1, '', ?2)";
        self.transaction.execute(insert, params![feed, seen])?;
        Ok(())
    }

    /// What is kept of earlier updates.
    pub(crate) fn related(&self, feed: &str) -> Result<Vec<Object>, StoreError> {
        let mut select = self.transaction.prepare_cached("SELECT value FROM related WHERE feed = ?1 ORDER BY id")?;
        let mut rows = select.query([feed])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let text = row.get_ref(0)?.as_str().ok();
            // One that another version wrote differently is one less.
            all.extend(text.and_then(|text| serde_json::from_str::<Object>(text).ok()));
        }
        Ok(all)
    }

    /// Keeps an object for later updates, in its newest version.
    pub(crate) fn relate(&mut self, feed: &str, object: &Object) -> Result<(), StoreError> {
        let Ok(text) = serde_json::to_string(object) else { return Ok(()) };
        let insert = "INSERT INTO related VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (feed, id) DO UPDATE SET modified = excluded.modified, value = excluded.value
            WHERE excluded.modified > related.modified";
        let values = params![feed, object.id(), object.modified_micros(), text];
        self.transaction.prepare_cached(insert)?.execute(values)?;
        Ok(())
    }
}
