//! The database of histories.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, TransactionBehavior, params};
use vetch_model::history::{History, Time};

use crate::files::{create_private, missing_is_fine};

/// The file in the state folder.
const FILE_NAME: &str = "history.sqlite";
/// Marks the file as ours (`vths`).
const APPLICATION_ID: i64 = 0x7674_6873;
/// Version of the tables.
const SCHEMA: i64 = 1;
/// Version of the form of a value: its first byte. A value of another version is asked of the registry again.
const FORMAT: u8 = 1;
/// How long a writer waits for another process.
const BUSY: Duration = Duration::from_secs(5);

const TABLES: &str = "
    CREATE TABLE histories (
        registry TEXT NOT NULL, name TEXT NOT NULL, checked INTEGER NOT NULL, tag TEXT, value BLOB NOT NULL,
        PRIMARY KEY (registry, name)
    ) WITHOUT ROWID;
";

/// Names the history of a package.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The registry, without secrets.
    pub registry: String,
    /// The package.
    pub name: String,
}

/// A history, and when it was last asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// What is known.
    pub history: History,
    /// When the registry last answered.
    pub checked: Time,
    /// The entity tag of its answer.
    pub tag: Option<String>,
}

/// Why nothing can be remembered.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder or file cannot be used.
    #[error("{0}")]
    Folder(#[from] io::Error),
    /// The database cannot.
    #[error("{0}")]
    Database(#[from] rusqlite::Error),
    /// The file is something else.
    #[error("`{FILE_NAME}` belongs to another program or a newer version of this one")]
    Foreign,
}

/// The histories of packages, kept over time.
#[derive(Debug)]
pub struct HistoryStore {
    connection: Connection,
}

impl HistoryStore {
    /// Opens the store in `folder`, or makes it. A damaged file is set aside, and told of as the second value.
    ///
    /// # Errors
    /// When there can be none: nothing is remembered then.
    pub fn open(folder: &Path) -> Result<(HistoryStore, Option<PathBuf>), StoreError> {
        create_private(folder)?;
        let file = folder.join(FILE_NAME);
        match connect(&file) {
            Err(StoreError::Database(error)) if is_damaged(&error) => {
                let aside = folder.join(format!("{FILE_NAME}.damaged"));
                for suffix in ["-wal", "-shm"] {
                    missing_is_fine(fs::remove_file(folder.join(format!("{FILE_NAME}{suffix}"))))?;
                }
                missing_is_fine(fs::rename(&file, &aside))?;
                Ok((connect(&file)?, Some(aside)))
            }
            result => Ok((result?, None)),
        }
    }

    /// What is remembered of each; `None` for what is not, or not in a form that is understood.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Remembered>>, StoreError> {
        let query = "SELECT checked, tag, value FROM histories WHERE registry = ?1 AND name = ?2";
        let mut statement = self.connection.prepare_cached(query)?;
        let mut all = Vec::with_capacity(keys.len());
        for key in keys {
            let found = statement.query_row(params![key.registry, key.name], |row| {
                let (checked, tag) = (Time(row.get(0)?), row.get(1)?);
                let history = read(row.get_ref(2)?.as_blob()?);
                Ok(history.map(|history| Remembered { history, checked, tag }))
            });
            all.push(found.optional()?.flatten());
        }
        Ok(all)
    }

    /// Remembers these, all or none.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn put_many<'h>(
        &mut self,
        entries: impl IntoIterator<Item = (&'h Key, &'h Remembered)>,
    ) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut statement =
                transaction.prepare_cached("INSERT OR REPLACE INTO histories VALUES (?1, ?2, ?3, ?4, ?5)")?;
            for (key, remembered) in entries {
                let value = written(&remembered.history);
                let Remembered { checked, tag, .. } = remembered;
                statement.execute(params![key.registry, key.name, checked.0, tag, value])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }
}

fn read(value: &[u8]) -> Option<History> {
    let (format, rest) = value.split_first()?;
    (*format == FORMAT).then(|| postcard::from_bytes(rest).ok()).flatten()
}

fn written(history: &History) -> Vec<u8> {
    // Only a sequence of unknown length cannot be written, and a history has none.
    postcard::to_extend(history, vec![FORMAT]).unwrap_or_default()
}

fn connect(file: &Path) -> Result<HistoryStore, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    if !is_ours(&connection)? {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have been faster.
        if !is_ours(&transaction)? {
            if number(&transaction, "SELECT count(*) FROM sqlite_schema")? > 0 {
                return Err(StoreError::Foreign);
            }
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", SCHEMA)?;
        }
        transaction.commit()?;
    }
    Ok(HistoryStore { connection })
}

fn is_ours(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(number(connection, "PRAGMA application_id")? == APPLICATION_ID
        && number(connection, "PRAGMA user_version")? == SCHEMA)
}

fn number(connection: &Connection, query: &str) -> rusqlite::Result<i64> {
    connection.query_row(query, [], |row| row.get(0))
}

fn is_damaged(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

#[cfg(test)]
mod tests {
    use super::*;
    use vetch_model::history::HistoricRelease;

    fn key(name: &str) -> Key {
        Key { registry: "https://r.invalid/".to_owned(), name: name.to_owned() }
    }

    fn remembered(version: &str) -> Remembered {
        let release = HistoricRelease { version: version.to_owned(), ..HistoricRelease::default() };
        let history = History { releases: vec![release], ..History::default() };
        Remembered { history, checked: Time(7), tag: Some("\"t\"".to_owned()) }
    }

    #[test]
    fn what_is_put_is_there_for_the_next_run() {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, aside) = HistoryStore::open(folder.path()).unwrap();
        assert_eq!(aside, None);
        store.put_many([(&key("a"), &remembered("1.0.0"))]).unwrap();
        store.put_many([(&key("a"), &remembered("2.0.0")), (&key("b"), &remembered("1.0.0"))]).unwrap();
        drop(store);
        let (store, _) = HistoryStore::open(folder.path()).unwrap();
        let all = store.get_many(&[key("b"), key("c"), key("a")]).unwrap();
        assert_eq!(all, [Some(remembered("1.0.0")), None, Some(remembered("2.0.0"))]);
    }

    #[test]
    fn a_damaged_file_is_set_aside_and_a_foreign_one_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE_NAME), vec![b'x'; 8192]).unwrap();
        let (store, aside) = HistoryStore::open(folder.path()).unwrap();
        assert!(aside.unwrap().exists() && store.get_many(&[key("a")]).unwrap() == [None]);
        let other = tempfile::tempdir().unwrap();
        let foreign = Connection::open(other.path().join(FILE_NAME)).unwrap();
        foreign.execute_batch("CREATE TABLE t (x)").unwrap();
        drop(foreign);
        assert!(matches!(HistoryStore::open(other.path()), Err(StoreError::Foreign)));
    }

    #[test]
    fn a_value_of_another_form_is_as_if_it_were_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let (mut store, _) = HistoryStore::open(folder.path()).unwrap();
        store.put_many([(&key("a"), &remembered("1.0.0"))]).unwrap();
        for value in [vec![], vec![FORMAT + 1, 1, 2], vec![FORMAT, 255, 255, 255, 255, 255]] {
            store.connection.execute("UPDATE histories SET value = ?1", params![value]).unwrap();
            assert_eq!(store.get_many(&[key("a")]).unwrap(), [None]);
        }
    }
}
