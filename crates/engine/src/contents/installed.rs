//! Installed folders: which files they hold, and how one knows that they have not changed.
//!
//! **What a warm run trusts.** Reading 600 MB only to find that nothing has changed takes
//! seconds, so an installed folder is known again by the identity of its files: path, device,
//! inode, size, time of modification and **time of status change** (nanoseconds). The last is
//! the one that counts: the kernel sets it whenever a file's contents or inode change, and no
//! program can set it back, as `touch` can with the time of modification. Who can (root, or
//! whoever sets the clock or writes to the disk below the file system) can also replace this
//! program. Not trusted are files that changed within [`RACY`] before the run: a second change
//! within one tick of the clock would leave no trace ("racily clean", as git has it). Such
//! folders, and all with `--no-cache`, are read in full.
//!
//! The first `node_modules` level is left out: what lies there are other packages.

use std::collections::BTreeSet;
use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, fstat, openat, statat};
use vetch_model::facts::{AnomalyKind, ContainerAnomaly};

use crate::cache::Fingerprint;

/// How long before the run a file must have been left alone.
pub(crate) const RACY: Duration = Duration::from_secs(2);

/// Most files read of one package; the largest on the public registry have about 100,000.
const MAX_FILES: usize = 400_000;

/// Folders above a file; each holds a file descriptor during the walk.
const MAX_DEPTH: usize = 128;

/// Most anomalies kept of one folder, of those that lose contents and of others; a further one says how many there are.
const MAX_ANOMALIES: usize = 64;

/// What is left out of a walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// One package: without the `node_modules` at its top.
    Package,
    /// The user's own folder: without any `node_modules` and version control.
    OwnCode,
}

/// One file, and what it was when it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SeenFile {
    /// Relative to the folder, with `/`.
    pub(crate) path: String,
    pub(crate) identity: Identity,
}

/// What must not change if the contents are to be the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity {
    device: i128,
    inode: i128,
    pub(crate) size: u64,
    /// Nanoseconds since 1970.
    modified: i128,
    /// Nanoseconds since 1970.
    changed: i128,
}

impl Identity {
    pub(crate) fn of(stat: &Stat) -> Identity {
        let nanoseconds = |seconds: i128, rest: i128| seconds * 1_000_000_000 + rest;
        Identity {
            device: i128::from(stat.st_dev),
            inode: i128::from(stat.st_ino),
            size: u64::try_from(stat.st_size).unwrap_or_default(),
            modified: nanoseconds(i128::from(stat.st_mtime), i128::from(stat.st_mtime_nsec)),
            changed: nanoseconds(i128::from(stat.st_ctime), i128::from(stat.st_ctime_nsec)),
        }
    }
}

/// A folder, listed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Walked {
    /// Sorted by path.
    pub(crate) files: Vec<SeenFile>,
    /// Links, special files, and what could not be listed.
    pub(crate) anomalies: Vec<ContainerAnomaly>,
    /// The latest time of status change, in nanoseconds since 1970.
    newest: i128,
    dropped: usize,
}

impl Walked {
    /// Sizes of all files.
    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.identity.size).sum()
    }

    /// Whether there is nothing at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.anomalies.is_empty()
    }

    /// Whether every file has been left alone long enough before `start` to be known by its identity.
    pub(crate) fn is_settled(&self, start: SystemTime) -> bool {
        let start = start.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        let limit = i128::try_from(start.saturating_sub(RACY.as_nanos())).unwrap_or_default();
        self.newest < limit && !self.anomalies.iter().any(ContainerAnomaly::loses_contents)
    }

    /// A digest over the identities of all files.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        let mut hasher = blake3::Hasher::new();
        for SeenFile { path, identity } in &self.files {
            hasher.update(&(path.len() as u64).to_le_bytes()).update(path.as_bytes());
            for number in [identity.device, identity.inode, identity.modified, identity.changed] {
                hasher.update(&number.to_le_bytes());
            }
            hasher.update(&identity.size.to_le_bytes());
        }
        Fingerprint(*hasher.finalize().as_bytes())
    }

    fn note(&mut self, kind: AnomalyKind, path: &str, detail: impl Into<String>) {
        let anomaly = ContainerAnomaly { kind, path: path.to_owned(), detail: detail.into() };
        // What loses contents decides about the verdict: a flood of links must not push it out.
        let alike = self.anomalies.iter().filter(|other| other.loses_contents() == anomaly.loses_contents()).count();
        if alike < MAX_ANOMALIES {
            self.anomalies.push(anomaly);
        } else {
            self.dropped += 1;
        }
    }

    fn finish(mut self) -> Walked {
        self.files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        if self.dropped > 0 {
            let detail = format!("and {} more", self.dropped);
            self.anomalies.push(ContainerAnomaly { kind: AnomalyKind::Link, path: String::new(), detail });
        }
        self.anomalies.sort();
        self
    }
}

/// Opens a folder below `root` by a relative path, following no link on the way.
pub(crate) fn open_folder(root: BorrowedFd<'_>, path: &str) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut at = openat(root, ".", flags, Mode::empty())?;
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        if segment == ".." {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the path leads out of the scanned folder"));
        }
        at = openat(&at, segment, flags, Mode::empty())?;
    }
    Ok(at)
}

/// Opens a file of a folder; what is opened is compared with what was seen during the walk.
pub(crate) fn open_file(folder: BorrowedFd<'_>, seen: &SeenFile) -> io::Result<std::fs::File> {
    // A pipe that took the file's place must not block the run.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = openat(folder, seen.path.as_str(), flags, Mode::empty())?;
    if Identity::of(&fstat(&file)?) != seen.identity {
        return Err(io::Error::other("it changed while it was being scanned"));
    }
    Ok(file.into())
}

/// Lists a folder.
pub(crate) fn walk(folder: OwnedFd, scope: Scope) -> Walked {
    let mut walked = Walked::default();
    let mut walker = Walker { walked: &mut walked, scope, path: String::new(), is_full: false };
    walker.folder(folder, 0);
    walked.finish()
}

/// Looks at some files of a folder, by their paths; those that are not there are left out. No link is
/// followed, on the way neither.
pub(crate) fn listed(folder: &OwnedFd, paths: &[String]) -> Walked {
    let mut walked = Walked::default();
    let mut walker = Walker { walked: &mut walked, scope: Scope::Package, path: String::new(), is_full: false };
    let mut open: Option<(String, io::Result<OwnedFd>)> = None;
    for path in paths {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        if open.as_ref().is_none_or(|(known, _)| known != parent) {
            open = Some((parent.to_owned(), open_folder(folder.as_fd(), parent)));
            walker.path = if parent.is_empty() { String::new() } else { format!("{parent}/") };
        }
        match open.as_ref().map(|(_, opened)| opened) {
            Some(Ok(parent)) => walker.one(parent.as_fd(), name),
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => {
                walker.walked.note(AnomalyKind::Link, path, "its folder is a link, or no folder; it was not followed");
            }
            _ => {}
        }
    }
    walked.finish()
}

struct Walker<'w> {
    walked: &'w mut Walked,
    scope: Scope,
    /// Of the folder being read, with `/` at the end unless it is the top.
    path: String,
    is_full: bool,
}

impl Walker<'_> {
    fn folder(&mut self, folder: OwnedFd, depth: usize) {
        let mut folders = Vec::new();
        let mut entries = match Dir::read_from(&folder) {
            Ok(entries) => entries,
            Err(error) => return self.lost("", &error.into()),
        };
        while let Some(entry) = entries.read() {
            match entry {
                Ok(entry) if matches!(entry.file_name().to_bytes(), b"." | b"..") => {}
                Ok(entry) => self.entry(folder.as_fd(), entry.file_name(), entry.file_type(), &mut folders),
                Err(error) => {
                    self.lost("", &error.into());
                    break;
                }
            }
            if self.is_full {
                return;
            }
        }
        drop(entries);
        for name in folders {
            self.descend(folder.as_fd(), &name, depth);
        }
    }

    fn entry(&mut self, folder: BorrowedFd<'_>, name: &CStr, kind: FileType, folders: &mut Vec<String>) {
        let Ok(text) = name.to_str() else {
            let path = format!("{}{}", self.path, name.to_string_lossy());
            let detail = "its name is no UTF-8, which npm never writes; it was not read";
            return self.walked.note(AnomalyKind::Corrupt, &path, detail);
        };
        if kind == FileType::Directory {
            if !self.is_left_out(text) {
                folders.push(text.to_owned());
            }
            return;
        }
        match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => self.file(text, &stat, folders),
            Err(error) => self.lost(text, &error.into()),
        }
    }

    /// A file that should be there.
    fn one(&mut self, folder: BorrowedFd<'_>, name: &str) {
        match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => self.file(name, &stat, &mut Vec::new()),
            Err(rustix::io::Errno::NOENT) => {}
            Err(error) => self.lost(name, &error.into()),
        }
    }

    fn file(&mut self, name: &str, stat: &Stat, folders: &mut Vec<String>) {
        let identity = Identity::of(stat);
        let path = format!("{}{name}", self.path);
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile if self.walked.files.len() >= MAX_FILES => {
                self.is_full = true;
                let detail = format!("more than {MAX_FILES} files; the rest was not read");
                self.walked.note(AnomalyKind::LimitExceeded, &path, detail);
            }
            FileType::RegularFile => {
                self.walked.newest = self.walked.newest.max(identity.changed);
                self.walked.files.push(SeenFile { path, identity });
            }
            // File systems that do not tell kinds in listings.
            FileType::Directory if !self.is_left_out(name) => folders.push(name.to_owned()),
            FileType::Directory => {}
            FileType::Symlink => self.walked.note(AnomalyKind::Link, &path, "a symbolic link; it was not followed"),
            _ => self.walked.note(AnomalyKind::SpecialFile, &path, "a device, pipe or socket; it was not opened"),
        }
    }

    fn is_left_out(&self, name: &str) -> bool {
        match self.scope {
            Scope::Package => name == "node_modules" && self.path.is_empty(),
            Scope::OwnCode => matches!(name, "node_modules" | ".git" | ".hg" | ".svn"),
        }
    }

    fn descend(&mut self, folder: BorrowedFd<'_>, name: &str, depth: usize) {
        if depth >= MAX_DEPTH {
            let detail = format!("more than {MAX_DEPTH} folders deep; it was not read");
            let path = format!("{}{name}", self.path);
            return self.walked.note(AnomalyKind::LimitExceeded, &path, detail);
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match openat(folder, name, flags, Mode::empty()) {
            Ok(inner) => {
                let length = self.path.len();
                self.path.push_str(name);
                self.path.push('/');
                self.folder(inner, depth + 1);
                self.path.truncate(length);
            }
            Err(error) => self.lost(name, &error.into()),
        }
    }

    fn lost(&mut self, name: &str, error: &io::Error) {
        let path = format!("{}{name}", self.path);
        self.walked.note(AnomalyKind::Corrupt, &path, format!("it cannot be listed: {error}"));
    }
}

/// Does something for each of many things on `threads` threads; results in their order.
pub(crate) fn walk_all<'f, F: Sync, T: Send>(all: &'f [F], threads: usize, each: impl Fn(&'f F) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, T)>> = Mutex::new(Vec::with_capacity(all.len()));
    std::thread::scope(|scope| {
        let work = || {
            let mut own = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(one) = all.get(index) else { break };
                own.push((index, each(one)));
            }
            done.lock().unwrap_or_else(PoisonError::into_inner).append(&mut own);
        };
        for _ in 1..threads.min(all.len()) {
            scope.spawn(work);
        }
        work();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

/// The names in a folder of the project; nothing if there is none.
pub(crate) fn names(root: BorrowedFd<'_>, path: &str) -> BTreeSet<String> {
    let Ok(mut entries) = open_folder(root, path).and_then(|folder| Ok(Dir::new(folder)?)) else {
        return BTreeSet::new();
    };
    let mut names = BTreeSet::new();
    while let Some(Ok(entry)) = entries.read() {
        names.extend(entry.file_name().to_str().map(str::to_owned));
    }
    names
}

#[cfg(test)]
#[path = "installed_tests.rs"]
mod tests;
