//! Where archives come from: npm's cache, the folder of archives, our own store, the registry.
//! Nothing is handed out that was not compared with the integrity asked for.

use std::io::Read;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use cap_std::fs::Dir;
use vetch_model::integrity::{Digest, Integrity};
use vetch_model::outcome::{Incomplete, Outcome};
use vetch_registries::{ArchivesDir, Cacache, CacheMiss, FetchError, IndexError, Tarball, sri, verify};

use super::scratch::Scratch;
use crate::cache::ArchiveStore;
use crate::jobs::ArchiveKind;

/// Largest archive read, in bytes: it lies in memory once on each side of the pipe.
pub(crate) const LARGEST_ARCHIVE: u64 = 128 << 20;

/// The places that need no network.
pub(crate) struct LocalSources {
    caches: Vec<(PathBuf, Cacache)>,
    archives: ArchivesDir,
    /// In the cache, if there is one.
    store: Option<ArchiveStore>,
    /// What the store does not take.
    scratch: Scratch,
    trouble: Mutex<Trouble>,
}

/// Whether the store can be written.
#[derive(Debug, Default)]
enum Trouble {
    #[default]
    None,
    /// With the reason, which nobody was told yet.
    Untold(String),
    Told,
}

/// Bytes that are not those of the locked integrity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mismatch {
    /// Who offered them.
    pub(crate) source: String,
    pub(crate) expected: String,
    pub(crate) found: String,
}

/// Why an archive is not to be had here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing {
    pub(crate) why: String,
    pub(crate) hint: String,
    pub(crate) mismatch: Option<Box<Mismatch>>,
    /// Whether a registry may have it all the same.
    pub(crate) fetch: bool,
}

impl Missing {
    /// Nothing names its archive by a hash: only a registry can say what it is.
    pub(crate) fn unnamed(kind: ArchiveKind) -> Missing {
        let why = "no integrity is locked, so no local archive can be known to be it".to_owned();
        Missing { why, ..Missing::absent(kind) }
    }

    /// No place has it, and nothing says who may.
    pub(crate) fn unasked(kind: ArchiveKind) -> Missing {
        let why = "no local source has an archive of it, and nothing says who is to be asked for one".to_owned();
        let hint = "pass --archives DIR (`pip download` fills one), or install it and scan the environment".to_owned();
        Missing { why, hint, fetch: false, ..Missing::absent(kind) }
    }

    /// No place has it.
    pub(crate) fn absent(kind: ArchiveKind) -> Missing {
        let (why, hint) = match kind {
            ArchiveKind::Python(_) => (
                "no local source has an archive of it",
                "drop --offline, pass --archives DIR (`pip download` fills one), or install it and scan the environment",
            ),
            _ => (
                "neither npm's cache nor another local source has its archive",
                "run `npm ci`, pass --archives DIR, or drop --offline",
            ),
        };
        Missing { why: why.to_owned(), hint: hint.to_owned(), mismatch: None, fetch: true }
    }
}

impl LocalSources {
    /// The archives of `folder`, and a store in `cache`, or for this run only.
    pub(crate) fn new(
        folder: Option<&PathBuf>,
        cache: Option<&PathBuf>,
        cancelled: &dyn Fn() -> bool,
    ) -> Outcome<LocalSources> {
        let indexed = folder.map(|folder| ArchivesDir::index(folder, LARGEST_ARCHIVE, cancelled)).unwrap_or_default();
        let sources = LocalSources {
            caches: Vec::new(),
            archives: indexed.value,
            store: cache.map(|cache| ArchiveStore::new(cache)),
            scratch: Scratch::default(),
            trouble: Mutex::default(),
        };
        Outcome { value: sources, incomplete: indexed.incomplete }
    }

    /// Adds npm's cache folder.
    pub(crate) fn add_npm_cache(&mut self, folder: PathBuf) {
        if self.caches.iter().all(|(known, _)| *known != folder)
            && let Some(cache) = Cacache::open(&folder)
        {
            self.caches.push((folder, cache));
        }
    }

    /// Whether some place claims to have the archive: much cheaper than reading it.
    pub(crate) fn may_have(&self, integrity: &Integrity) -> bool {
        // A limit of no bytes turns everything that is there into something too large.
        let cached = |cache: &Cacache| !matches!(cache.read(integrity, 0), Err(CacheMiss::Absent));
        self.caches.iter().any(|(_, cache)| cached(cache))
            || self.archives.find(integrity).is_some()
            || integrity.digests.iter().any(|digest| self.is_stored(digest))
    }

    /// The name of the file in the folder of archives that has this integrity.
    pub(crate) fn archive_name(&self, integrity: &Integrity) -> Option<&str> {
        self.archives.find(integrity)?.path.file_name()?.to_str()
    }

    /// The verified bytes of the archive of this integrity.
    ///
    /// # Errors
    /// When no place has it; with the worst that was met on the way.
    pub(crate) fn find(&self, integrity: &Integrity, kind: ArchiveKind) -> Result<Vec<u8>, Missing> {
        let mut missing = Missing::absent(kind);
        for (_, cache) in &self.caches {
            match cache.read(integrity, LARGEST_ARCHIVE) {
                Ok(bytes) => return Ok(bytes),
                Err(CacheMiss::Absent) => {}
                Err(error) => missing = Missing { why: error.to_string(), hint: error.hint().to_owned(), ..missing },
            }
        }
        match self.archives.read(integrity) {
            Ok(Some(bytes)) => return Ok(bytes),
            Ok(None) => {}
            Err(error) => {
                let why = format!("the folder of archives has it, but it cannot be read: {error}");
                missing = Missing { why, hint: "leave the folder alone during the scan".to_owned(), ..missing };
            }
        }
        self.stored(integrity).ok_or(missing)
    }

    /// Whether it was fetched before.
    pub(crate) fn is_stored(&self, digest: &Digest) -> bool {
        self.scratch.has(digest) || self.store.as_ref().is_some_and(|store| store.open(digest).is_some())
    }

    fn stored(&self, integrity: &Integrity) -> Option<Vec<u8>> {
        integrity.digests.iter().find_map(|digest| {
            if let Some(bytes) = self.scratch.get(digest) {
                return verify(&bytes, integrity).is_ok().then_some(bytes);
            }
            let store = self.store.as_ref()?;
            let mut bytes = Vec::new();
            let read = store.open(digest)?.take(LARGEST_ARCHIVE + 1).read_to_end(&mut bytes);
            if read.is_ok() && bytes.len() as u64 <= LARGEST_ARCHIVE && verify(&bytes, integrity).is_ok() {
                return Some(bytes);
            }
            // Not what its name says: of no use to any run. Should it stay, it is refused again.
            store.remove(digest).ok();
            None
        })
    }

    /// Keeps a fetched archive; the integrity under which [`LocalSources::find`] has it from now on:
    /// of several digests that were allowed, its own.
    ///
    /// # Errors
    /// In words, when it cannot be kept.
    pub(crate) fn keep(&self, tarball: Tarball, integrity: Option<&Integrity>) -> Result<Integrity, String> {
        let digest = tarball.sha512.clone();
        let own = Integrity { text: sri(&digest), digests: vec![digest] };
        let bytes = tarball.into_bytes().map_err(|error| error.to_string())?;
        // Under every digest it was asked by and has, or the next look-up would miss it.
        let asked = integrity.into_iter().flat_map(|integrity| &integrity.digests);
        let found = asked.chain(&own.digests).find(|digest| is_digest_of(&bytes, digest)).cloned();
        let digest = found.ok_or("it is not what it was just found to be")?;
        self.put(&digest, &bytes).map_err(|error| error.to_string())?;
        Ok(Integrity { text: sri(&digest), digests: vec![digest] })
    }

    /// In the cache, or else for this run: that the cache cannot be written changes no result.
    fn put(&self, digest: &Digest, bytes: &[u8]) -> std::io::Result<()> {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(store), Trouble::None) = (&self.store, &*trouble) {
            match store.put(digest, bytes) {
                Ok(()) => return Ok(()),
                Err(error) => *trouble = Trouble::Untold(error.kind().to_string()),
            }
        }
        self.scratch.put(digest, bytes)
    }

    /// Why fetched archives are no longer kept in the cache: said once.
    pub(crate) fn take_trouble(&self) -> Option<String> {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(&*trouble, Trouble::Untold(_)) {
            return None;
        }
        match std::mem::replace(&mut *trouble, Trouble::Told) {
            Trouble::Untold(reason) => Some(reason),
            Trouble::None | Trouble::Told => None,
        }
    }
}

fn is_digest_of(bytes: &[u8], digest: &Digest) -> bool {
    verify(bytes, &Integrity { digests: vec![digest.clone()], text: String::new() }).is_ok()
}

/// A `file:` archive of the project, compared with the locked integrity if there is one.
pub(crate) fn project_file(dir: &Dir, path: &str, integrity: Option<&Integrity>) -> Result<Vec<u8>, Missing> {
    let bytes = vetch_lockfiles::read_file(dir, path, path, LARGEST_ARCHIVE).map_err(|error| Missing {
        why: format!("{path}: {}", error.problem),
        hint: error.hint.clone(),
        mismatch: None,
        fetch: false,
    })?;
    match integrity.map(|integrity| verify(&bytes, integrity)) {
        Some(Err(error)) => Err(Missing {
            why: format!("{path} is not the archive that was locked"),
            hint: "find out what changed it; restore it, or lock it again if it was you".to_owned(),
            mismatch: Some(Box::new(Mismatch {
                source: path.to_owned(),
                expected: error.expected.text,
                found: sri(&error.actual),
            })),
            fetch: false,
        }),
        Some(Ok(())) | None => Ok(bytes),
    }
}

/// What a failed fetch says.
pub(crate) fn not_fetched(error: &FetchError) -> Missing {
    let mismatch = match error {
        FetchError::IntegrityMismatch { url, expected, actual } => {
            Some(Box::new(Mismatch { source: url.clone(), expected: expected.text.clone(), found: sri(actual) }))
        }
        _ => None,
    };
    Missing { why: error.to_string(), hint: error.hint().to_owned(), mismatch, fetch: false }
}

/// What an index that has not given an archive says. Only bytes that are `locked` can be others than those.
pub(crate) fn not_indexed(error: &IndexError, is_locked: bool) -> Missing {
    let mismatch = match error {
        IndexError::Fetch(error) if is_locked => not_fetched(error).mismatch,
        _ => None,
    };
    Missing { why: error.to_string(), hint: error.hint().to_owned(), mismatch, fetch: false }
}

impl Missing {
    /// As the report has it.
    pub(crate) fn incomplete(&self, label: &str) -> Incomplete {
        Incomplete::new(format!("the contents of {label}"), self.why.clone(), self.hint.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vetch_testkit::{Pkg, Project};

    fn sources(folder: Option<&PathBuf>, cache: Option<&PathBuf>) -> LocalSources {
        LocalSources::new(folder, cache, &|| false).value
    }

    #[test]
    fn every_local_place_is_asked() {
        let (cached, archived) = (Pkg::new("a", "1.0.0"), Pkg::new("b", "1.0.0"));
        let project = Project::builder("demo").cached(&cached).archive(&archived).build();
        let mut sources = sources(Some(&project.archives().to_owned()), None);
        sources.add_npm_cache(project.home().join(".npm"));
        for pkg in [&cached, &archived] {
            assert_eq!(sources.find(&Integrity::parse(&pkg.integrity()).unwrap(), ArchiveKind::Npm), Ok(pkg.tarball()));
        }
        let missing = sources
            .find(&Integrity::parse(&Pkg::new("c", "1.0.0").integrity()).unwrap(), ArchiveKind::Npm)
            .unwrap_err();
        assert!(missing.fetch && missing.hint.contains("--archives"), "{missing:?}");
        for (pkg, expected) in [(&cached, true), (&archived, true), (&Pkg::new("c", "1.0.0"), false)] {
            assert_eq!(sources.may_have(&Integrity::parse(&pkg.integrity()).unwrap()), expected);
        }
    }

    #[test]
    fn a_stored_archive_with_other_bytes_is_refused_and_removed() {
        let cache = tempfile::tempdir().unwrap();
        let folder = cache.path().to_owned();
        let integrity = Integrity::parse(&Pkg::new("a", "1.0.0").integrity()).unwrap();
        let store = ArchiveStore::new(&folder);
        store.put(&integrity.digests[0], b"other").unwrap();
        assert!(sources(None, Some(&folder)).find(&integrity, ArchiveKind::Npm).is_err());
        assert!(store.open(&integrity.digests[0]).is_none());
    }

    #[test]
    fn what_the_cache_does_not_take_is_kept_for_this_run() {
        let cache = tempfile::tempdir().unwrap();
        let no_folder = cache.path().join("file");
        std::fs::write(&no_folder, "").unwrap();
        let sources = sources(None, Some(&no_folder));
        let (a, b) = (Pkg::new("a", "1.0.0"), Pkg::new("b", "1.0.0"));
        for pkg in [&a, &b] {
            let integrity = Integrity::parse(&pkg.integrity()).unwrap();
            sources.put(&integrity.digests[0], &pkg.tarball()).unwrap();
            assert!(sources.may_have(&integrity));
            assert_eq!(sources.find(&integrity, ArchiveKind::Npm), Ok(pkg.tarball()));
        }
        assert!(sources.take_trouble().is_some());
        assert_eq!(sources.take_trouble(), None, "said once");
    }

    #[test]
    fn an_archive_of_the_project_has_to_be_the_locked_one() {
        let pkg = Pkg::new("a", "1.0.0");
        let project = Project::builder("demo").file("vendor/a.tgz", pkg.tarball()).build();
        let dir = Dir::open_ambient_dir(project.root(), cap_std::ambient_authority()).unwrap();
        let locked = Integrity::parse(&pkg.integrity()).unwrap();
        assert_eq!(project_file(&dir, "vendor/a.tgz", Some(&locked)), Ok(pkg.tarball()));
        let other = Integrity::parse(&Pkg::new("b", "1.0.0").integrity()).unwrap();
        let missing = project_file(&dir, "vendor/a.tgz", Some(&other)).unwrap_err();
        assert_eq!(missing.mismatch.unwrap().found, pkg.integrity());
        assert!(project_file(&dir, "../outside.tgz", None).is_err());
    }
}
