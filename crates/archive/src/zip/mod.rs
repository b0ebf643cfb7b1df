//! Zip archives: wheels, eggs and older source distributions, read as Python's `zipfile` reads them.
//!
//! A zip says everything twice: in a header before each entry and in a directory at its end. Installers
//! go by the directory; readers that stream go by the headers, and hostile archives live on the
//! difference (<https://docs.astral.sh/uv/concepts/zip/> lists what indexes refuse since 2025). The
//! directory counts here; whatever contradicts it, overlaps, or lies where the directory does not look
//! is told, and entries that only a streaming reader would find are handed over as not installed.

mod directory;
mod entry;

use crate::input::Stop;
use crate::layout::Layout;
use crate::limits::Limits;
use crate::paths::Place;
use crate::reader::{ArchiveSummary, FileEntry, ReadError, Visitor};
use crate::tree::{Tree, quoted};
use directory::{Directory, End};
use entry::{Body, Entry, Local};
use std::io::Read as _;
use vetch_model::facts::AnomalyKind;

pub use directory::is_zip;

/// Signature of the header before an entry.
const LOCAL: &[u8; 4] = b"PK\x03\x04";

/// Longest gap searched for entries that the directory does not have, in bytes.
const SEARCHED_GAP: usize = 64 << 20;

/// Reads a zip archive and hands its files to `visit`, in the order of its directory.
///
/// # Errors
/// When the visitor returns an error. A damaged or hostile archive is no error: see
/// [`ArchiveSummary::is_complete`].
pub fn read_zip(
    bytes: &[u8],
    layout: &Layout,
    limits: &Limits,
    visit: &mut Visitor<'_>,
) -> Result<ArchiveSummary, ReadError> {
    let mut reader = Reader { bytes, tree: Tree::new(layout, limits), visit };
    let stopped = reader.run();
    reader.tree.finish(stopped)
}

struct Reader<'b, 'l, 'a, 'v> {
    bytes: &'b [u8],
    tree: Tree<'l>,
    visit: &'a mut Visitor<'v>,
}

/// An entry of the directory with where its bytes lie.
struct Placed {
    entry: Entry,
    local: Result<Local, String>,
}

impl Placed {
    /// The bytes that it takes up, header included.
    fn span(&self) -> Option<(usize, usize)> {
        self.local.as_ref().ok().map(|local| (self.entry.offset, local.end))
    }
}

impl Reader<'_, '_, '_, '_> {
    fn run(&mut self) -> Result<(), Stop> {
        if self.bytes.len() as u64 > self.tree.limits.compressed_bytes {
            return Err(Stop::Limit(format!("the archive is larger than {} bytes", self.tree.limits.compressed_bytes)));
        }
        self.confused();
        let end = End::find(self.bytes).map_err(Stop::Damaged)?;
        for (kind, why) in &end.oddities {
            self.tree.anomalies.add(*kind, "", || why.clone());
        }
        let mut placed = Vec::new();
        let mut directory = Directory::new(self.bytes, &end);
        let mut damage = Ok(());
        while let Some(next) = directory.next() {
            match next {
                Ok(entry) => {
                    self.tree.count_entry()?;
                    let local = Local::read(self.bytes, &entry, end.directory);
                    placed.push(Placed { entry, local });
                }
                Err(why) => {
                    damage = Err(Stop::Damaged(why));
                    break;
                }
            }
        }
        if damage.is_ok() && placed.len() as u64 != end.entries {
            let (found, said) = (placed.len(), end.entries);
            let detail = || format!("its directory has {found} entries and says that it has {said}");
            self.tree.anomalies.add(AnomalyKind::ContradictoryHeaders, "", detail);
        }
        let gaps = gaps(&placed, end.directory)?;
        for (number, placed) in placed.iter().enumerate() {
            self.tree.entries = number as u64 + 1;
            self.entry(placed)?;
        }
        for (start, end) in gaps {
            self.gap(start, end)?;
        }
        damage
    }

    /// What begins as another archive is that to readers that go by the beginning, and to `pip` a zip.
    fn confused(&mut self) {
        let is_tar = self.bytes.get(257..262).is_some_and(|magic| magic == b"ustar");
        let is_packed = [&b"\x1f\x8b"[..], b"BZh", b"\xfd7zXZ"].iter().any(|magic| self.bytes.starts_with(magic));
        if is_tar || is_packed {
            let detail =
                || "begins as a tar archive and ends as a zip: which one it is depends on the reader".to_owned();
            self.tree.anomalies.add(AnomalyKind::ContradictoryHeaders, "", detail);
        }
    }

    /// Bytes between two entries: padding, or what only a streaming reader finds.
    fn gap(&mut self, start: usize, end: usize) -> Result<(), Stop> {
        let bytes = self.bytes;
        let gap = bytes.get(start..end).unwrap_or_default();
        if gap.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        let searched = gap.get(..SEARCHED_GAP).unwrap_or(gap);
        let found = searched.windows(LOCAL.len()).position(|four| four == LOCAL);
        let hidden = found.and_then(|at| Some((start + at, Local::hidden(bytes, start + at, end)?)));
        let Some((offset, (entry, local))) = hidden else {
            let detail = || format!("{} bytes at {start} that belong to no entry", gap.len());
            self.tree.anomalies.add(AnomalyKind::TrailingData, "", detail);
            return Ok(());
        };
        let detail =
            || format!("an entry at {offset} that the directory does not have: some readers see it, others do not");
        self.tree.anomalies.add(AnomalyKind::ContradictoryHeaders, &entry.name, detail);
        self.tree.count_entry()?;
        let after = local.end;
        self.hand_over(&entry, &local, false)?;
        self.rest_of_gap(after, end)
    }

    /// What follows a hidden entry in the same gap.
    fn rest_of_gap(&mut self, mut start: usize, end: usize) -> Result<(), Stop> {
        while start < end {
            let bytes = self.bytes;
            if bytes.get(start..start + LOCAL.len()) != Some(LOCAL) {
                return Ok(());
            }
            let Some((entry, local)) = Local::hidden(bytes, start, end) else { return Ok(()) };
            self.tree.count_entry()?;
            start = local.end;
            self.hand_over(&entry, &local, false)?;
        }
        Ok(())
    }

    fn entry(&mut self, placed: &Placed) -> Result<(), Stop> {
        let Placed { entry, local } = placed;
        for why in &entry.oddities {
            self.tree.anomalies.add(AnomalyKind::ContradictoryHeaders, &entry.name, || why.clone());
        }
        let local = match local {
            Ok(local) => local,
            Err(why) => {
                self.tree.anomalies.add(AnomalyKind::Corrupt, &entry.name, || why.clone());
                return Ok(());
            }
        };
        for why in &local.oddities {
            self.tree.anomalies.add(AnomalyKind::ContradictoryHeaders, &entry.name, || why.clone());
        }
        if entry.is_folder() {
            self.tree.place(&entry.name, &entry.name, 0)?;
            return Ok(());
        }
        if entry.is_link() {
            let detail = || "a symbolic link; pip writes its target's name into a file".to_owned();
            self.tree.anomalies.add(AnomalyKind::Link, &entry.name, detail);
        } else if entry.is_special() {
            self.tree.anomalies.add(AnomalyKind::SpecialFile, &entry.name, || "a device, pipe or socket".to_owned());
        }
        self.hand_over(entry, local, true)
    }

    fn hand_over(&mut self, entry: &Entry, local: &Local, is_listed: bool) -> Result<(), Stop> {
        let limits = self.tree.limits;
        let Some(mut place) = self.tree.place(&entry.name, &entry.name, entry.size)? else { return Ok(()) };
        place.installed &= is_listed;
        if place.installed {
            self.tree.claim(&entry.name, &mut place);
        }
        if let Some(why) = entry.unreadable() {
            self.tree.anomalies.add(AnomalyKind::Corrupt, &entry.name, || why);
            return Ok(());
        }
        let total = self.tree.summary.decompressed.saturating_add(entry.size);
        if total > limits.total_bytes {
            return Err(Stop::Limit(format!("more than {} bytes when decompressed", limits.total_bytes)));
        }
        if total > limits.ratio_floor && total / (self.bytes.len() as u64).max(1) > limits.ratio {
            return Err(Stop::Limit(format!("decompresses to more than {} times its size", limits.ratio)));
        }
        self.tree.summary.decompressed = total;
        self.visit(entry, local, &place)
    }

    fn visit(&mut self, entry: &Entry, local: &Local, place: &Place) -> Result<(), Stop> {
        let path = self.tree.hand_over_as(&entry.name, entry.size, place);
        let mut body = Body::new(self.bytes.get(local.start..local.end_of_data).unwrap_or_default(), entry);
        let visited = (self.visit)(FileEntry {
            path: &path,
            written: &entry.name,
            size: entry.size,
            executable: entry.is_executable(),
            installed: place.installed,
            body: &mut body,
        });
        let read = std::io::copy(&mut body.by_ref(), &mut std::io::sink());
        match (body.finish(), visited, read) {
            // Damage is this entry's alone: the others can still be read.
            (Err(why), _, _) => {
                self.tree
                    .anomalies
                    .add(AnomalyKind::Corrupt, &entry.name, || format!("{}: {why}", quoted(&entry.name)));
            }
            (Ok(_), Err(error), _) => return Err(Stop::Visitor(error)),
            (Ok(_), Ok(()), Err(error)) => return Err(Stop::Input(error)),
            (Ok(blake3), Ok(()), Ok(_)) if place.installed => self.tree.install(&entry.name, path, entry.size, blake3),
            (Ok(_), Ok(()), Ok(_)) => {}
        }
        Ok(())
    }
}

/// The bytes that belong to no entry; an error where some belong to two.
fn gaps(placed: &[Placed], directory: usize) -> Result<Vec<(usize, usize)>, Stop> {
    let mut spans: Vec<(usize, usize)> = placed.iter().filter_map(Placed::span).collect();
    spans.sort_unstable();
    spans.push((directory, directory));
    let mut gaps = Vec::new();
    let mut at = 0;
    for (start, end) in spans {
        if start < at {
            return Err(Stop::Damaged("entries lie over each other: a bomb, or two archives in one".to_owned()));
        }
        if start > at {
            gaps.push((at, start));
        }
        at = end;
    }
    Ok(gaps)
}

/// The names in the directory, without a look at the entries; fewer where it is damaged.
pub(crate) fn names(bytes: &[u8], limits: &Limits) -> Vec<String> {
    let Ok(end) = End::find(bytes) else { return Vec::new() };
    let mut directory = Directory::new(bytes, &end);
    let entries = std::iter::from_fn(|| directory.next()).map_while(Result::ok);
    let limit = usize::try_from(limits.entries).unwrap_or(usize::MAX);
    entries.take(limit).map(|entry| entry.name).collect()
}
