//! Opens the database, and sets a damaged one aside.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use vetch_store::{create_private, missing_is_fine};

use super::{FILE_NAME, Notice};

/// Marks the file as ours (`vtch`).
const APPLICATION_ID: i64 = 0x7674_6368;
/// Version of the schema, as in the file's name.
const SCHEMA: i64 = 1;
/// How long a writer waits for another process. Only writing waits: readers never block.
const BUSY: Duration = Duration::from_secs(5);

/// `id` is a hash of the key. Days of use are apart from the values: noting a use then
/// does not rewrite a value.
const TABLES: &str = "
    CREATE TABLE facts (id INTEGER PRIMARY KEY, value BLOB NOT NULL);
    CREATE TABLE facts_used (id INTEGER PRIMARY KEY, day INTEGER NOT NULL);
    CREATE TABLE identities (id INTEGER PRIMARY KEY, value BLOB NOT NULL);
    CREATE TABLE identities_used (id INTEGER PRIMARY KEY, day INTEGER NOT NULL);
    CREATE TABLE archives (id INTEGER PRIMARY KEY, value BLOB NOT NULL);
    CREATE TABLE archives_used (id INTEGER PRIMARY KEY, day INTEGER NOT NULL);
";

/// An open cache database.
#[derive(Debug)]
pub(super) struct Database {
    pub(super) connection: Connection,
}

/// Why there is no database.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpenError {
    #[error("{0}")]
    Folder(#[from] io::Error),
    #[error("{0}")]
    Database(#[from] rusqlite::Error),
    #[error("`{FILE_NAME}` belongs to another program or version")]
    Foreign,
}

impl OpenError {
    /// Begins what to do about it.
    pub(super) fn advice(&self) -> &'static str {
        match self {
            OpenError::Database(error) if is_full(error) => "Free some space on its disk, name another folder",
            OpenError::Folder(error) if error.kind() == io::ErrorKind::StorageFull => {
                "Free some space on its disk, name another folder"
            }
            _ => "Name a writable folder",
        }
    }
}

impl Database {
    /// Opens or creates it. A file that is damaged or not ours is renamed, and a new one made.
    pub(super) fn open(folder: &Path, notices: &mut Vec<Notice>) -> Result<Database, OpenError> {
        create_private(folder)?;
        match connect(folder) {
            Err(error) if needs_replacing(&error) => Self::replace(folder, &error, notices),
            result => result,
        }
    }

    /// Sets the file aside and begins anew.
    pub(super) fn replace(
        folder: &Path,
        reason: &dyn std::fmt::Display,
        notices: &mut Vec<Notice>,
    ) -> Result<Database, OpenError> {
        let aside = set_aside(folder)?;
        notices.push(Notice(format!(
            "the cache was damaged ({reason}) and begun anew; the old file is `{}`, which may be deleted",
            aside.display()
        )));
        connect(folder)
    }

    /// A transaction that may write; waits for other writers here, not half-way through.
    pub(super) fn write(&mut self) -> rusqlite::Result<Transaction<'_>> {
        self.connection.transaction_with_behavior(TransactionBehavior::Immediate)
    }
}

fn needs_replacing(error: &OpenError) -> bool {
    match error {
        OpenError::Database(error) => is_damaged(error),
        OpenError::Foreign => true,
        OpenError::Folder(_) => false,
    }
}

fn connect(folder: &Path) -> Result<Database, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(folder.join(FILE_NAME), flags)?;
    connection.busy_timeout(BUSY)?;
    // The file is data, never code: no functions from its schema, no writes to its schema.
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    if is_empty(&connection)? {
        // Both count only before the first page is written.
        connection.pragma_update(None, "page_size", 8192)?;
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    }
    // On file systems that cannot do WAL this answers another mode, which is safe too.
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    create_tables(&mut connection)?;
    Ok(Database { connection })
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(number(connection, "PRAGMA page_count")? == 0)
}

/// Creates the tables, once, even if two processes begin at the same moment.
fn create_tables(connection: &mut Connection) -> Result<(), OpenError> {
    if is_ours(connection)? {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if is_ours(&transaction)? {
        return Ok(());
    }
    if number(&transaction, "SELECT count(*) FROM sqlite_schema")? > 0 {
        return Err(OpenError::Foreign);
    }
    transaction.execute_batch(TABLES)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", SCHEMA)?;
    transaction.commit()?;
    Ok(())
}

fn is_ours(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(number(connection, "PRAGMA application_id")? == APPLICATION_ID
        && number(connection, "PRAGMA user_version")? == SCHEMA)
}

/// The one number that a query answers.
pub(super) fn number(connection: &Connection, query: &str) -> rusqlite::Result<i64> {
    connection.query_row(query, [], |row| row.get(0))
}

/// Whether the file itself is of no use any more.
pub(super) fn is_damaged(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(failure, message) => {
            let lost_table = message.as_deref().is_some_and(|text| text.starts_with("no such table"));
            matches!(failure.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) || lost_table
        }
        rusqlite::Error::SqlInputError { msg, .. } => msg.starts_with("no such"),
        rusqlite::Error::InvalidColumnType(..) => true,
        _ => false,
    }
}

/// Whether the disk is full.
pub(super) fn is_full(error: &rusqlite::Error) -> bool {
    // With room for the database but none for the index of its log, it is another error.
    let no_room_for_index = rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
    error.sqlite_error().is_some_and(|it| it.code == ErrorCode::DiskFull || it.extended_code == no_room_for_index)
}

/// The database and the files that SQLite keeps beside it.
fn files(folder: &Path) -> [PathBuf; 3] {
    ["", "-wal", "-shm"].map(|suffix| folder.join(format!("{FILE_NAME}{suffix}")))
}

/// Renames the database to `….damaged`, replacing an earlier one; its log goes with it.
fn set_aside(folder: &Path) -> io::Result<PathBuf> {
    let aside = folder.join(format!("{FILE_NAME}.damaged"));
    let [file, log, index] = files(folder);
    // The log first: a log of the old file beside a new one would be worse than a lost one.
    for file in [log, index] {
        missing_is_fine(fs::remove_file(file))?;
    }
    missing_is_fine(fs::rename(file, &aside))?;
    Ok(aside)
}

/// Removes the database and what is beside it.
pub(super) fn remove(folder: &Path) -> io::Result<()> {
    for file in files(folder).into_iter().rev().chain([folder.join(format!("{FILE_NAME}.damaged"))]) {
        missing_is_fine(fs::remove_file(file))?;
    }
    Ok(())
}
