//! Rows: a value under a hash of its key, with a checksum over both.

use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension, params};

use super::database::Database;

/// Length of the checksum before each value.
const CHECKSUM: usize = 16;

/// The tables, which all look alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Facts,
    Identities,
    Archives,
}

impl Table {
    pub(super) const ALL: [Table; 3] = [Table::Facts, Table::Identities, Table::Archives];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Table::Facts => "facts",
            Table::Identities => "identities",
            Table::Archives => "archives",
        }
    }

    /// The row number of a key. Two keys of one number are told apart by the checksum.
    fn id(self, key: &[u8]) -> i64 {
        let mut hasher = self.hasher(key);
        hasher.update(b"id");
        let mut bytes = [0; 8];
        hasher.finalize_xof().fill(&mut bytes);
        i64::from_le_bytes(bytes)
    }

    fn checksum(self, key: &[u8], value: &[u8]) -> [u8; CHECKSUM] {
        let mut hasher = self.hasher(key);
        hasher.update(b"value");
        hasher.update(value);
        let mut bytes = [0; CHECKSUM];
        hasher.finalize_xof().fill(&mut bytes);
        bytes
    }

    fn hasher(self, key: &[u8]) -> blake3::Hasher {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&[self as u8]);
        hasher.update(&(key.len() as u64).to_le_bytes());
        hasher.update(key);
        hasher
    }
}

/// Hands every sound value to `found`, with the index of its key, in no particular order.
/// Answers the rows used, each with the day of its last use.
pub(super) fn get_many(
    database: &mut Database,
    table: Table,
    keys: &[Vec<u8>],
    mut found: impl FnMut(usize, &[u8]),
) -> rusqlite::Result<Vec<(i64, i64)>> {
    // In the order in which the rows lie in the file.
    let mut wanted: Vec<(i64, usize)> = keys.iter().enumerate().map(|(index, key)| (table.id(key), index)).collect();
    wanted.sort_unstable();
    let mut used = Vec::with_capacity(wanted.len());
    let name = table.name();
    let query = format!("SELECT value, day FROM {name} LEFT JOIN {name}_used USING (id) WHERE id = ?1");
    // One transaction: one lock for all of them instead of one for each.
    let transaction = database.connection.transaction()?;
    let mut statement = transaction.prepare_cached(&query)?;
    for (id, index) in wanted {
        let row = statement.query_row([id], |row| {
            let ValueRef::Blob(packed) = row.get_ref(0)? else { return Ok(None) };
            let Some(value) = unpack(table, &keys[index], packed) else { return Ok(None) };
            found(index, value);
            Ok(Some(match row.get_ref(1)? {
                ValueRef::Integer(day) => day,
                _ => i64::MIN,
            }))
        });
        if let Some(Some(day)) = row.optional()? {
            used.push((id, day));
        }
    }
    drop(statement);
    transaction.finish()?;
    Ok(used)
}

/// The value, if the row is whole and is this key's.
fn unpack<'v>(table: Table, key: &[u8], packed: &'v [u8]) -> Option<&'v [u8]> {
    let (checksum, value) = packed.split_at_checked(CHECKSUM)?;
    (checksum == table.checksum(key, value)).then_some(value)
}

/// Writes values, all or none.
pub(super) fn put_many(
    database: &mut Database,
    table: Table,
    entries: &[(Vec<u8>, Vec<u8>)],
    today: i64,
) -> rusqlite::Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let name = table.name();
    let transaction = database.write()?;
    {
        let mut value_of = transaction.prepare_cached(&format!("REPLACE INTO {name} (id, value) VALUES (?1, ?2)"))?;
        let mut day_of = transaction.prepare_cached(&format!("REPLACE INTO {name}_used (id, day) VALUES (?1, ?2)"))?;
        for (key, value) in entries {
            let mut packed = Vec::with_capacity(CHECKSUM + value.len());
            packed.extend_from_slice(&table.checksum(key, value));
            packed.extend_from_slice(value);
            let id = table.id(key);
            value_of.execute(params![id, packed])?;
            day_of.execute(params![id, today])?;
        }
    }
    transaction.commit()
}

/// Sets the day of last use.
pub(super) fn touch(database: &mut Database, table: Table, ids: &[i64], today: i64) -> rusqlite::Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let transaction = database.write()?;
    {
        let query = format!("REPLACE INTO {}_used (id, day) VALUES (?1, ?2)", table.name());
        let mut statement = transaction.prepare_cached(&query)?;
        for id in ids {
            statement.execute(params![id, today])?;
        }
    }
    transaction.commit()
}
