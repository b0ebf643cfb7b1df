//! What a second run need not do again: facts by content hash, content hashes by the
//! identity of installed files, file lists by archive digest, and downloaded archives.
//!
//! A cache never decides anything: every entry is checksummed over its key and its
//! bytes, keys hold the analysis version, and whatever is missing, torn, of another
//! version or unreadable is a miss. No failure of the cache fails a scan; it becomes a
//! [`Notice`]. Findings and verdicts are never kept here.
//!
//! **Trust.** The checksum finds accidents, not attackers: whoever can write the cache
//! folder can also write the program. So the folder is the user's own (mode 0700), and a
//! cache folder inside a scanned project is a mistake that `--cache-dir` cannot prevent.

mod archives;
mod database;
mod prune;
mod rows;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::civil::Date;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use vetch_model::ContentHash;
use vetch_model::facts::{FileDigest, PackageFacts};
use vetch_model::integrity::Digest;

pub use archives::ArchiveStore;
pub use prune::{Limits, Pruned};

use database::Database;
use rows::Table;

/// The database's name; the number is that of its schema.
pub const FILE_NAME: &str = "facts-v1.sqlite";

/// Something about the cache that the user should know. It changes no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice(pub String);

/// Names the facts of one release's contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FactsKey {
    /// The contents.
    pub content: ContentHash,
    /// What of the analysis was asked for; facts made under other flags are other facts.
    pub flags: u32,
}

/// A digest over the identities (path, device, inode, size, times) of an installed
/// package's files: as long as none of them changes, neither do the contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

/// What an archive holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveEntry {
    /// Names its contents.
    pub content_hash: ContentHash,
    /// Its files, sorted by path.
    pub files: Vec<FileDigest>,
}

/// The fact cache. All methods may be called from several threads; several processes
/// may use one folder, and any of them may be killed at any moment.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
    analysis: String,
    /// What facts depend on besides: the user's YARA rules.
    rules: Option<[u8; 32]>,
    /// Days since 1970-01-01.
    today: i64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// `None` once the cache turned out to be of no use.
    database: Option<Database>,
    /// After a failed write: no further attempts in this run.
    read_only: bool,
    notices: Vec<Notice>,
}

impl Cache {
    /// Opens or creates the cache in `folder`. `analysis` is part of every key. A cache that
    /// cannot be opened is a cache that misses, with a notice; a damaged file is set aside.
    pub fn open(folder: &Path, analysis: &str, today: Date) -> Cache {
        let mut state = State::default();
        match Database::open(folder, &mut state.notices) {
            Ok(database) => state.database = Some(database),
            Err(error) => state.notices.push(Notice(format!(
                "the cache in `{}` cannot be used ({error}); this run does without. \
                 {} with --cache-dir, or pass --no-cache",
                folder.display(),
                error.advice()
            ))),
        }
        let today = today.since(jiff::civil::date(1970, 1, 1)).map_or(0, |span| i64::from(span.get_days()));
        Cache { folder: folder.to_owned(), analysis: analysis.to_owned(), rules: None, today, state: Mutex::new(state) }
    }

    /// Facts depend on these rules as well: their digest becomes part of the key of all facts.
    #[must_use]
    pub fn with_rules(self, rules: Option<[u8; 32]>) -> Cache {
        Cache { rules, ..self }
    }

    /// What there is to tell the user since the last call.
    pub fn take_notices(&self) -> Vec<Notice> {
        std::mem::take(&mut self.lock().notices)
    }

    /// Facts, in the order of the keys.
    pub fn facts(&self, keys: &[FactsKey]) -> Vec<Option<PackageFacts>> {
        self.get_many(Table::Facts, keys.iter().map(|key| self.facts_key(key)).collect())
    }

    /// Keeps facts. Pass many at once: each call is a transaction.
    pub fn put_facts<'f>(&self, entries: impl IntoIterator<Item = (FactsKey, &'f PackageFacts)>) {
        self.put_many(Table::Facts, entries.into_iter().map(|(key, facts)| (self.facts_key(&key), facts)));
    }

    /// Content hashes of installed folders, in the order of the fingerprints.
    pub fn identities(&self, fingerprints: &[Fingerprint]) -> Vec<Option<ContentHash>> {
        self.get_many(Table::Identities, fingerprints.iter().map(|it| self.key(&[&it.0])).collect())
    }

    /// Keeps content hashes of installed folders.
    pub fn put_identities(&self, entries: impl IntoIterator<Item = (Fingerprint, ContentHash)>) {
        self.put_many(Table::Identities, entries.into_iter().map(|(it, hash)| (self.key(&[&it.0]), hash)));
    }

    /// What the archives of these digests hold, in their order.
    pub fn archives(&self, digests: &[&Digest]) -> Vec<Option<ArchiveEntry>> {
        self.get_many(Table::Archives, digests.iter().map(|digest| self.archive_key(digest)).collect())
    }

    /// Keeps what archives hold. The digest has to have been verified.
    pub fn put_archives<'e>(&self, entries: impl IntoIterator<Item = (&'e Digest, &'e ArchiveEntry)>) {
        self.put_many(Table::Archives, entries.into_iter().map(|(digest, entry)| (self.archive_key(digest), entry)));
    }

    /// Removes what has not been used for long or is too much, oldest first.
    ///
    /// # Errors
    /// In words, when the database cannot be opened or written.
    pub fn prune(&self, limits: Limits) -> Result<Pruned, String> {
        let mut state = self.lock();
        let Some(database) = &mut state.database else { return Err("the cache cannot be opened".to_owned()) };
        prune::database(database, limits, self.today).map_err(|error| error.to_string())
    }

    fn facts_key(&self, key: &FactsKey) -> Vec<u8> {
        let flags = key.flags.to_le_bytes();
        match &self.rules {
            Some(rules) => self.key(&[&key.content.0, &flags, rules]),
            None => self.key(&[&key.content.0, &flags]),
        }
    }

    fn archive_key(&self, digest: &Digest) -> Vec<u8> {
        self.key(&[digest.algorithm.as_str().as_bytes(), &digest.bytes])
    }

    /// The analysis version and the parts, each with its length: no two keys coincide.
    fn key(&self, parts: &[&[u8]]) -> Vec<u8> {
        let mut key = Vec::with_capacity(96);
        for part in [self.analysis.as_bytes()].iter().chain(parts) {
            key.extend_from_slice(&(part.len() as u64).to_le_bytes());
            key.extend_from_slice(part);
        }
        key
    }

    fn get_many<T: DeserializeOwned>(&self, table: Table, keys: Vec<Vec<u8>>) -> Vec<Option<T>> {
        let mut found: Vec<Option<T>> = Vec::new();
        found.resize_with(keys.len(), || None);
        let mut state = self.lock();
        let Some(database) = &mut state.database else { return found };
        let result = rows::get_many(database, table, &keys, |index, bytes| {
            found[index] = postcard::from_bytes(bytes).ok();
        });
        match result {
            Ok(used) if state.read_only => drop(used),
            Ok(used) => self.touch(&mut state, table, &used),
            Err(error) => self.failed(&mut state, "read", &error),
        }
        found
    }

    /// Notes that entries were used today; at most once a day per entry.
    fn touch(&self, state: &mut State, table: Table, used: &[(i64, i64)]) {
        let old: Vec<i64> = used.iter().filter(|(_, day)| *day < self.today).map(|(id, _)| *id).collect();
        let Some(database) = &mut state.database else { return };
        if let Err(error) = rows::touch(database, table, &old, self.today) {
            self.failed(state, "write", &error);
        }
    }

    fn put_many<T: Serialize>(&self, table: Table, entries: impl Iterator<Item = (Vec<u8>, T)>) {
        let encoded = entries.filter_map(|(key, value)| Some((key, postcard::to_stdvec(&value).ok()?)));
        let encoded: Vec<(Vec<u8>, Vec<u8>)> = encoded.collect();
        let mut state = self.lock();
        if state.read_only {
            return;
        }
        let Some(database) = &mut state.database else { return };
        if let Err(error) = rows::put_many(database, table, &encoded, self.today) {
            self.failed(&mut state, "write", &error);
        }
    }

    /// Goes on without what failed. A damaged file is set aside and a new one begun.
    fn failed(&self, state: &mut State, what: &str, error: &rusqlite::Error) {
        if database::is_damaged(error) {
            state.database = None;
            let mut notices = std::mem::take(&mut state.notices);
            state.database = Database::replace(&self.folder, error, &mut notices).ok();
            state.notices = notices;
            return;
        }
        state.read_only = true;
        let advice =
            if database::is_full(error) { "free some space on its disk" } else { "it will be tried again next time" };
        state.notices.push(Notice(format!(
            "the cache in `{}` could not {what}: {error}; the scan is not affected, {advice}",
            self.folder.display()
        )));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic in another thread leaves the database in order: transactions roll back.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes the cache in `folder`: the database and the archives, nothing else.
///
/// # Errors
/// When something that belongs to the cache cannot be removed.
pub fn clear(folder: &Path) -> std::io::Result<()> {
    database::remove(folder)?;
    ArchiveStore::new(folder).clear()
}

/// Where the cache is unless the user says otherwise: `$XDG_CACHE_HOME/vetch` if that is
/// absolute (the XDG specification ignores others), else `~/.cache/vetch`, on macOS
/// `~/Library/Caches/vetch`. `None` without a home.
pub fn default_folder(xdg_cache_home: Option<&Path>, home: Option<&Path>) -> Option<PathBuf> {
    if let Some(xdg) = xdg_cache_home.filter(|path| path.is_absolute()) {
        return Some(xdg.join("vetch"));
    }
    let caches = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    home.filter(|home| home.is_absolute()).map(|home| home.join(caches).join("vetch"))
}

#[cfg(test)]
mod tests;
