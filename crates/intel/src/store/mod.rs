//! The file in which intelligence is kept: SQLite in the user's state folder.
//!
//! An import is one transaction: killed half-way, what was there before stands; a second importer waits a while and is
//! then told. Scans read beside it.

mod filter;
mod indicators;
mod query;
mod related;
mod techniques;
mod vex;
mod whole;
mod write;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use vetch_model::history::Time;
use vetch_store::{create_private, missing_is_fine};

pub use indicators::{Conditional, Watchlist};
pub(crate) use indicators::{OpenListing, Taken};
pub(crate) use query::whole;
pub use query::{Found, Shown};
pub(crate) use techniques::all as all_techniques;
pub use vex::{Judgements, ShownVex};
pub(crate) use vex::{VexTaken, for_each_document};
pub(crate) use whole::{for_each_entry, has_listings};
pub(crate) use write::{Put, Writer};

/// The file in the state folder.
pub const FILE_NAME: &str = "intel.sqlite";
/// Marks the file as ours (`vtin`).
const APPLICATION_ID: i64 = 0x7674_696e;
/// Version of the tables and of the form of values: the first byte of each. Other ones are imported anew.
const SCHEMA: i64 = 1;
const FORMAT: u8 = 1;
/// How long a writer waits for another process.
const BUSY: Duration = Duration::from_secs(5);
/// Pages kept in memory while importing, in KiB: what makes inserts in the order of names cheap.
const IMPORT_CACHE_KIB: i64 = 96 * 1024;

/// Bytes of the file that are mapped into memory to be read.
const MAPPED: i64 = 1 << 31;

/// Values are `FORMAT` and postcard. A package's row has all that decides whether a version is affected, so that a
/// release of which nothing is known costs one look into an index; what only people read lies apart from what is told
/// of every hit.
const TABLES: &str = "
    CREATE TABLE records (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, modified INTEGER NOT NULL, imported INTEGER NOT NULL,
        malware INTEGER NOT NULL, withdrawn INTEGER NOT NULL, value BLOB NOT NULL
    );
    CREATE TABLE texts (number INTEGER PRIMARY KEY, value BLOB NOT NULL);
    CREATE TABLE packages (
        ecosystem INTEGER NOT NULL, name TEXT NOT NULL, record INTEGER NOT NULL,
        malware INTEGER NOT NULL, withdrawn INTEGER NOT NULL, value BLOB NOT NULL,
        PRIMARY KEY (ecosystem, name, record)
    ) WITHOUT ROWID;
    CREATE TABLE aliases (alias TEXT NOT NULL, record INTEGER NOT NULL, PRIMARY KEY (alias, record)) WITHOUT ROWID;
    CREATE TABLE exploited (cve TEXT PRIMARY KEY, since TEXT NOT NULL, ransomware INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE probabilities (cve TEXT PRIMARY KEY, probability INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE feeds (address TEXT PRIMARY KEY, tag TEXT NOT NULL, seen INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE state (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
";

/// Why there is no intelligence.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder or file cannot be used.
    #[error("{0}")]
    Folder(#[from] io::Error),
    /// The database cannot.
    #[error("{0}")]
    Database(rusqlite::Error),
    /// Another process imports.
    #[error("another import is going on")]
    Busy,
    /// It is damaged.
    #[error("`{FILE_NAME}` is damaged")]
    Damaged,
    /// The file is something else.
    #[error("`{FILE_NAME}` belongs to another program or another version of this one")]
    Foreign,
}

impl StoreError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            StoreError::Folder(_) | StoreError::Database(_) => {
                "check who may read and write there and that the disk is not full, or name another folder with --intel DIR"
            }
            StoreError::Busy => "wait until it has ended, and run the command again",
            StoreError::Damaged => "run `vetch intel import` again: the damaged file is set aside then",
            StoreError::Foreign => "remove the file, and import again",
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged,
            _ => StoreError::Database(error),
        }
    }
}

/// How much there is, and of when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Status {
    /// Records of malware that stand.
    pub malware: u64,
    /// Records of vulnerabilities that stand.
    pub vulnerabilities: u64,
    /// Records that were taken back.
    pub withdrawn: u64,
    /// Packages that records speak of.
    pub packages: u64,
    /// Vulnerabilities known to be exploited.
    pub exploited: u64,
    /// Vulnerabilities with a probability.
    pub probabilities: u64,
    /// Documents of VEX.
    pub vex_documents: u64,
    /// Statements in them.
    pub vex_statements: u64,
    /// When something was last imported.
    pub imported: Option<Time>,
    /// When the newest record was changed.
    pub newest: Option<Time>,
}

/// Intelligence, kept over time.
#[derive(Debug)]
pub struct IntelStore {
    connection: Connection,
}

impl IntelStore {
    /// Opens the store in `folder`, if there is one, to read from.
    ///
    /// # Errors
    /// When what is there cannot be used.
    pub fn open(folder: &Path) -> Result<Option<IntelStore>, StoreError> {
        let file = folder.join(FILE_NAME);
        if !file.try_exists()? {
            return Ok(None);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = match Connection::open_with_flags(&file, flags).map_err(StoreError::from).and_then(ready) {
            // A folder that may only be read, as in a container: nobody writes there, so nothing need be locked.
            Err(StoreError::Database(_) | StoreError::Folder(_)) => ready(read_only(&file)?)?,
            other => other?,
        };
        // Look-ups go all over the file: without a map each page is a call and a copy.
        connection.pragma_update(None, "mmap_size", MAPPED)?;
        match is_ours(&connection)? {
            // Made and never written to: the first import was stopped.
            true if number(&connection, "SELECT count(*) FROM state")? == 0 => Ok(None),
            true => Ok(Some(IntelStore { connection })),
            false if is_empty(&connection)? => Ok(None),
            false => Err(StoreError::Foreign),
        }
    }

    /// Opens the store in `folder` to write to, or makes it. A damaged file is set aside: the second value.
    ///
    /// # Errors
    /// When there can be none.
    pub fn create(folder: &Path) -> Result<(IntelStore, Option<PathBuf>), StoreError> {
        create_private(folder)?;
        let file = folder.join(FILE_NAME);
        match make(&file) {
            Err(StoreError::Damaged) => {
                let aside = folder.join(format!("{FILE_NAME}.damaged"));
                for suffix in ["-wal", "-shm"] {
                    missing_is_fine(fs::remove_file(folder.join(format!("{FILE_NAME}{suffix}"))))?;
                }
                missing_is_fine(fs::rename(&file, &aside))?;
                Ok((make(&file)?, Some(aside)))
            }
            result => Ok((result?, None)),
        }
    }

    /// From now on readers and a writer do not wait for each other.
    ///
    /// # Errors
    /// When one is in the way just now.
    pub fn keep_log(&mut self) -> Result<(), StoreError> {
        Ok(self.connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?)
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Begins an import. Nothing of it counts before [`Writer::commit`].
    ///
    /// # Errors
    /// [`StoreError::Busy`] while another one is going on.
    pub(crate) fn write(&mut self, now: Time) -> Result<Writer<'_>, StoreError> {
        Writer::begin(&mut self.connection, now)
    }

    /// How much there is.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn status(&self) -> Result<Status, StoreError> {
        let count = |query: &str| number(&self.connection, query).map(|count| u64::try_from(count).unwrap_or_default());
        let state = |key: &str| {
            let mut statement = self.connection.prepare_cached("SELECT value FROM state WHERE key = ?1")?;
            let mut rows = statement.query([key])?;
            rows.next()?.map(|row| row.get(0).map(Time)).transpose()
        };
        let (vex_documents, vex_statements) = self.vex_counts()?;
        Ok(Status {
            vex_documents,
            vex_statements,
            malware: count("SELECT count(*) FROM records WHERE malware = 1 AND withdrawn = 0")?,
            vulnerabilities: count("SELECT count(*) FROM records WHERE malware = 0 AND withdrawn = 0")?,
            withdrawn: count("SELECT count(*) FROM records WHERE withdrawn = 1")?,
            packages: count("SELECT count(*) FROM (SELECT DISTINCT ecosystem, name FROM packages)")?,
            exploited: count("SELECT count(*) FROM exploited")?,
            probabilities: count("SELECT count(*) FROM probabilities")?,
            imported: state("imported")?,
            newest: state("newest")?,
        })
    }

    /// The number of records, when they were imported and when the newest was changed. Quick, unlike [`Self::status`].
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn age(&self) -> Result<vetch_model::advisory::IntelState, StoreError> {
        let state = |key: &str| -> rusqlite::Result<i64> {
            let mut statement = self.connection.prepare_cached("SELECT value FROM state WHERE key = ?1")?;
            let mut rows = statement.query([key])?;
            rows.next()?.map_or(Ok(0), |row| row.get(0))
        };
        Ok(vetch_model::advisory::IntelState {
            records: u64::try_from(state("records")?).unwrap_or_default(),
            indicators: u64::try_from(state("indicators")?).unwrap_or_default(),
            imported: Time(state("imported")?),
            newest: Time(state("newest")?),
        })
    }
}

fn read_only(file: &Path) -> Result<Connection, StoreError> {
    let mut address = String::from("file:");
    for byte in file.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => address.push(char::from(*byte)),
            _ => address.push_str(&format!("%{byte:02X}")),
        }
    }
    address.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(Connection::open_with_flags(address, flags)?)
}

/// The settings of every connection, and the first look at the file.
fn ready(connection: Connection) -> Result<Connection, StoreError> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    number(&connection, "SELECT count(*) FROM sqlite_schema")?;
    Ok(connection)
}

fn make(file: &Path) -> Result<IntelStore, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = ready(Connection::open_with_flags(file, flags)?)?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "cache_size", -IMPORT_CACHE_KIB)?;
    if !is_ours(&connection)? {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have been faster.
        if !is_ours(&transaction)? {
            if !is_empty(&transaction)? {
                return Err(StoreError::Foreign);
            }
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", SCHEMA)?;
        }
        transaction.commit()?;
    }
    connection.execute_batch(indicators::TABLES)?;
    connection.execute_batch(whole::TABLES)?;
    connection.execute_batch(related::TABLES)?;
    connection.execute_batch(vex::TABLES)?;
    connection.execute_batch(techniques::TABLES)?;
    let mut store = IntelStore { connection };
    // The first import fills an empty file: a journal of what was there before is then nearly empty, where a log of
    // what is new would hold everything twice. Afterwards scans read beside imports.
    if number(&store.connection, "SELECT count(*) FROM state")? > 0 {
        store.keep_log()?;
    }
    Ok(store)
}

fn is_ours(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(number(connection, "PRAGMA application_id")? == APPLICATION_ID
        && number(connection, "PRAGMA user_version")? == SCHEMA)
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(number(connection, "SELECT count(*) FROM sqlite_schema")? == 0)
}

fn number(connection: &Connection, query: &str) -> rusqlite::Result<i64> {
    connection.query_row(query, [], |row| row.get(0))
}

/// A value in the form in which it is kept.
fn packed<T: serde::Serialize>(value: &T) -> Vec<u8> {
    // Only a sequence of unknown length cannot be written, and there is none.
    postcard::to_extend(value, vec![FORMAT]).unwrap_or_default()
}

/// A value that is kept; `None` if it is of another form.
fn unpacked<'b, T: serde::Deserialize<'b>>(bytes: &'b [u8]) -> Option<T> {
    let (format, rest) = bytes.split_first()?;
    (*format == FORMAT).then(|| postcard::from_bytes(rest).ok()).flatten()
}
