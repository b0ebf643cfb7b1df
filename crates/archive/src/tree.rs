//! What an archive has written so far, and what may be written where: the same for every kind of archive.

use crate::anomalies::Anomalies;
use crate::header::{Header, Kind};
use crate::input::Stop;
use crate::layout::Layout;
use crate::limits::Limits;
use crate::names::Names;
use crate::paths::{NOT_INSTALLED, Place};
use crate::reader::{ArchiveSummary, ReadError};
use std::borrow::Cow;
use std::collections::HashSet;
use vetch_model::facts::{AnomalyKind, FileDigest};

/// The files of an archive as they come.
pub(crate) struct Tree<'l> {
    pub(crate) limits: &'l Limits,
    pub(crate) layout: &'l Layout,
    pub(crate) anomalies: Anomalies,
    pub(crate) summary: ArchiveSummary,
    names: Names,
    /// Paths of `.npmignore` entries, as written.
    npmignores: HashSet<String>,
    /// Headers so far.
    pub(crate) entries: u64,
}

impl<'l> Tree<'l> {
    pub(crate) fn new(layout: &'l Layout, limits: &'l Limits) -> Self {
        Tree {
            limits,
            layout,
            anomalies: Anomalies::new(limits.anomalies_per_kind),
            summary: ArchiveSummary::default(),
            names: Names::default(),
            npmignores: HashSet::new(),
            entries: 0,
        }
    }

    /// One more header.
    pub(crate) fn count_entry(&mut self) -> Result<(), Stop> {
        self.entries += 1;
        match self.entries > self.limits.entries {
            true => Err(Stop::Limit(format!("more than {} entries", self.limits.entries))),
            false => Ok(()),
        }
    }

    /// npm installs `.gitignore` as `.npmignore`, but not when that came before.
    pub(crate) fn as_npmignore<'p>(&mut self, path: &'p str) -> (Cow<'p, str>, bool) {
        if !self.layout.is_npm() {
            return (Cow::Borrowed(path), false);
        }
        match path.trim_end_matches('/').rsplit('/').next() {
            Some(".npmignore") if self.npmignores.insert(path.to_owned()) => self.names.charge(path),
            Some(".gitignore") => {
                if let Some(folder) = path.strip_suffix(".gitignore") {
                    let renamed = format!("{folder}.npmignore");
                    return match self.npmignores.contains(&renamed) {
                        true => (Cow::Borrowed(path), true),
                        false => (Cow::Owned(renamed), false),
                    };
                }
            }
            _ => {}
        }
        (Cow::Borrowed(path), false)
    }

    /// Decides the place of the entry `written`, to be put at `path`; `None` when a limit forbids it.
    pub(crate) fn place(&mut self, written: &str, path: &str, size: u64) -> Result<Option<Place>, Stop> {
        let limits = self.limits;
        if self.names.bytes() > limits.all_path_bytes {
            return Err(Stop::Limit(format!("more than {} bytes of names", limits.all_path_bytes)));
        }
        let depth = written.bytes().filter(|byte| matches!(byte, b'/' | b'\\')).count();
        let over = [
            ("a name of more bytes than", written.len() > limits.path_bytes, limits.path_bytes as u64),
            ("more folders deep than", depth > limits.depth, limits.depth as u64),
            ("larger in bytes than", size > limits.file_bytes, limits.file_bytes),
        ];
        if let Some((what, _, limit)) = over.into_iter().find(|(_, over, _)| *over) {
            let detail = || format!("{what} {limit}: not read");
            self.anomalies.add(AnomalyKind::LimitExceeded, written, detail);
            return Ok(None);
        }
        let place = self.layout.place(path);
        if let Some(why) = place.escape {
            self.anomalies.add(AnomalyKind::PathEscape, written, || why.to_owned());
        }
        Ok(Some(place))
    }

    /// Puts the file into the tree of names and reports what is in its way.
    pub(crate) fn claim(&mut self, written: &str, place: &mut Place) {
        if let Err(by) = self.names.add_file(&place.path) {
            place.installed = false;
            return self.blocked(written, &by);
        }
        if let Some(first) = self.names.collision(&place.path) {
            let detail = || format!("differs from `{}` only by case, Unicode form or kind of slash", quoted(first));
            self.anomalies.add(AnomalyKind::CollidingNames, written, detail);
        }
    }

    /// Notes a file that was read to its end. The same bytes again are no
    /// anomaly: old npm versions packed some files twice, and no reader is misled.
    pub(crate) fn install(&mut self, written: &str, path: String, size: u64, blake3: [u8; 32]) {
        let digest = FileDigest { path: path.clone(), size, blake3 };
        let Some(earlier) = self.summary.installed.insert(path, digest) else { return };
        // Of `.gitignore` under its installed name and the real one, npm means the latter.
        let renamed = self.layout.is_npm() && earlier.path.ends_with(".npmignore");
        if earlier.blake3 != blake3 && !renamed {
            let installer = self.layout.installer();
            let detail = || {
                format!(
                    "the path again, with other contents: {installer} keeps the last, other readers may take the first"
                )
            };
            self.anomalies.add(AnomalyKind::DuplicateEntry, written, detail);
        }
    }

    /// Notes a link: relative to its own folder if symbolic, to the archive's root if hard.
    pub(crate) fn link(&mut self, header: &Header) {
        let place = self.layout.place(&header.path);
        let target = match header.kind {
            Kind::HardLink => Some(header.link.clone()),
            Kind::SymbolicLink => followed(&header.path, &header.link),
            _ => return,
        };
        let target = target.map(|target| self.layout.place(&target)).filter(|target| target.installed);
        if place.installed && self.names.bytes() <= self.limits.all_path_bytes {
            self.names.charge(&place.path);
            self.names.charge(&header.link);
            self.summary.links.insert(place.path, target.map(|target| target.path));
        }
    }

    fn blocked(&mut self, written: &str, by: &str) {
        let installer = self.layout.installer();
        let detail = || format!("`{}` is both a file and a folder: {installer} keeps what came first", quoted(by));
        self.anomalies.add(AnomalyKind::DuplicateEntry, written, detail);
    }

    /// The name under which a placed file is handed over; counts it.
    pub(crate) fn hand_over_as(&mut self, written: &str, size: u64, place: &Place) -> String {
        self.summary.files += 1;
        self.summary.bytes = self.summary.bytes.saturating_add(size);
        if place.installed {
            return place.path.clone();
        }
        let name = if place.path.is_empty() { "unnamed" } else { &place.path };
        let path = format!("{NOT_INSTALLED}/{}/{name}", self.entries);
        // An archive may hold such a name itself.
        if self.names.add_file(&path) != Ok(true) {
            self.blocked(written, &path);
        }
        path
    }

    /// The summary, with why the reading stopped among its anomalies.
    pub(crate) fn finish(mut self, stopped: Result<(), Stop>) -> Result<ArchiveSummary, ReadError> {
        match stopped {
            Ok(()) => {}
            Err(Stop::Input(error)) => return Err(ReadError::Input(error)),
            Err(Stop::Visitor(error)) => return Err(ReadError::Visitor(error)),
            Err(Stop::Damaged(why)) => self.anomalies.add(AnomalyKind::Corrupt, "", || why),
            Err(Stop::Limit(why)) => self.anomalies.add(AnomalyKind::LimitExceeded, "", || why),
        }
        self.summary.anomalies = self.anomalies.finish();
        Ok(self.summary)
    }
}

/// Where a symbolic link leads; `None` out of the archive.
fn followed(link: &str, target: &str) -> Option<String> {
    if target.starts_with('/') {
        return None;
    }
    let folder = link.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(target.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// A name in a message, cut.
pub(crate) fn quoted(name: &str) -> String {
    name.chars().take(200).collect()
}
