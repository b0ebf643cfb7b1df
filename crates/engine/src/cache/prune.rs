//! Keeps the cache small: by age, then by size, oldest first.

use rusqlite::{Connection, params};

use super::database::{Database, number};
use super::rows::Table;

/// What may stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Entries not used for more days than this go.
    pub days: Option<u32>,
    /// Then the oldest go until no more than this many bytes are left.
    pub bytes: Option<u64>,
}

/// What went, and what is left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Entries removed.
    pub entries: u64,
    /// Bytes in use before.
    pub before: u64,
    /// Bytes in use now.
    pub after: u64,
}

impl std::ops::Add for Pruned {
    type Output = Pruned;

    fn add(self, other: Pruned) -> Pruned {
        Pruned {
            entries: self.entries + other.entries,
            before: self.before + other.before,
            after: self.after + other.after,
        }
    }
}

/// Prunes the database and gives the space back.
pub(super) fn database(database: &mut Database, limits: Limits, today: i64) -> rusqlite::Result<Pruned> {
    let before = size(&database.connection)?;
    let mut entries = 0;
    let transaction = database.write()?;
    if let Some(days) = limits.days {
        entries += remove_before(&transaction, today.saturating_sub(i64::from(days)))?;
    }
    if let Some(bytes) = limits.bytes
        && let Some(day) = first_day_to_keep(&transaction, bytes)?
    {
        entries += remove_before(&transaction, day)?;
    }
    transaction.commit()?;
    give_back(&database.connection)?;
    Ok(Pruned { entries, before, after: size(&database.connection)? })
}

/// Removes what was last used before `day`.
fn remove_before(connection: &Connection, day: i64) -> rusqlite::Result<u64> {
    let mut removed = 0;
    for table in Table::ALL {
        let name = table.name();
        let query = format!("DELETE FROM {name} WHERE id NOT IN (SELECT id FROM {name}_used WHERE day >= ?1)");
        removed += connection.execute(&query, params![day])? as u64;
        connection.execute(&format!("DELETE FROM {name}_used WHERE day < ?1"), params![day])?;
    }
    Ok(removed)
}

/// The oldest day such that what was used since then fits in `bytes`; `None` if all does.
fn first_day_to_keep(connection: &Connection, bytes: u64) -> rusqlite::Result<Option<i64>> {
    let per_table = Table::ALL.map(|table| {
        let name = table.name();
        format!("SELECT day, length(value) AS bytes FROM {name} JOIN {name}_used USING (id)")
    });
    let query =
        format!("SELECT day, sum(bytes) FROM ({}) GROUP BY day ORDER BY day DESC", per_table.join(" UNION ALL "));
    let mut statement = connection.prepare(&query)?;
    let days = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
    let mut total = 0u64;
    for day in days {
        let (day, size) = day?;
        total = total.saturating_add(size.unsigned_abs());
        if total > bytes {
            return Ok(Some(day.saturating_add(1)));
        }
    }
    Ok(None)
}

/// Returns free pages to the file system. Best effort: a reader may hold them.
fn give_back(connection: &Connection) -> rusqlite::Result<()> {
    for query in ["PRAGMA incremental_vacuum", "PRAGMA wal_checkpoint(TRUNCATE)"] {
        let mut statement = connection.prepare(query)?;
        let mut rows = statement.query([])?;
        while rows.next()?.is_some() {}
    }
    Ok(())
}

/// Bytes in use, without free pages.
fn size(connection: &Connection) -> rusqlite::Result<u64> {
    let pages = number(connection, "PRAGMA page_count")? - number(connection, "PRAGMA freelist_count")?;
    Ok(pages.unsigned_abs() * number(connection, "PRAGMA page_size")?.unsigned_abs())
}
