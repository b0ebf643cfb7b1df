//! The reader: goes from header to header and hands files to the visitor.

use crate::header::{Decoded, Header, Kind, cut_at_nul, decode};
use crate::input::{BLOCK, Body, Got, Source, Stop};
use crate::layout::Layout;
use crate::limits::Limits;
use crate::paths::{Place, link_escapes};
use crate::pax::{Overrides, PaxError};
use crate::tree::{Tree, quoted};
use std::collections::BTreeMap;
use std::io::{self, Read};
use vetch_model::facts::{AnomalyKind, ContainerAnomaly, FileDigest};

/// npm ignores extension headers larger than this.
const EXTENSION_BYTES: u64 = 1 << 20;

/// One file, in the order of the archive.
pub struct FileEntry<'a> {
    /// Relative path within the package, separated by `/`, never leading out of
    /// it. It may hold any other character: a backslash is part of the name, as
    /// npm has it everywhere but on Windows. Where `installed` is false it
    /// starts with [`NOT_INSTALLED`](crate::NOT_INSTALLED) and the entry's number.
    pub path: &'a str,
    /// The name in the archive: hostile.
    pub written: &'a str,
    /// Size in bytes.
    pub size: u64,
    /// Any execute bit is set.
    pub executable: bool,
    /// Whether the installer writes this file. A later entry of the same path replaces it.
    pub installed: bool,
    /// Exactly `size` bytes, or an error. Need not be read to the end.
    pub body: &'a mut dyn Read,
}

/// Takes the files. An error ends the reading.
pub type Visitor<'v> = dyn FnMut(FileEntry<'_>) -> io::Result<()> + 'v;

/// What an archive was, as far as it could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArchiveSummary {
    /// Files handed over.
    pub files: u64,
    /// Their sizes in bytes, as announced.
    pub bytes: u64,
    /// Bytes after decompression, headers and padding included.
    pub decompressed: u64,
    /// In the order found; a few of each kind, then how many more.
    pub anomalies: Vec<ContainerAnomaly>,
    /// The files that the installer leaves on disk, by path: of several with one path the
    /// last. Only files that could be read to their end.
    pub installed: BTreeMap<String, FileDigest>,
    /// Links that an installer writes (npm writes none), by path, and where they lead: the path of a
    /// file or folder of the same archive, or nothing if they lead out of it.
    pub links: BTreeMap<String, Option<String>>,
}

impl ArchiveSummary {
    /// Whether nothing was left unread.
    pub fn is_complete(&self) -> bool {
        !self.anomalies.iter().any(ContainerAnomaly::loses_contents)
    }
}

/// Why an archive was not read, other than for what it is: damage and exceeded
/// limits are anomalies in the summary.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The input could not be read; nothing is known about the archive.
    #[error("the archive could not be read: {0}")]
    Input(#[source] io::Error),
    /// The visitor returned this, although the archive gave it no reason to.
    #[error("{0}")]
    Visitor(#[source] io::Error),
}

/// Reads a gzip'd or plain tar archive as npm does, and hands its files to `visit` while reading.
///
/// # Errors
/// As [`read_tar`].
pub fn read_tgz<R: Read>(input: R, limits: &Limits, visit: &mut Visitor<'_>) -> Result<ArchiveSummary, ReadError> {
    read_tar(input, &Layout::Npm, limits, visit)
}

/// Reads a gzip'd or plain tar archive, told apart by content, and hands its
/// files to `visit` while reading.
///
/// # Errors
/// When the input fails or the visitor returns an error. A damaged or hostile
/// archive is no error: see [`ArchiveSummary::is_complete`].
pub fn read_tar<R: Read>(
    input: R,
    layout: &Layout,
    limits: &Limits,
    visit: &mut Visitor<'_>,
) -> Result<ArchiveSummary, ReadError> {
    let mut state = State { tree: Tree::new(layout, limits), next: Overrides::default(), global: Overrides::default() };
    let stopped = match Source::open(input, limits) {
        Ok(source) => {
            let mut reader = Reader { source, state: &mut state, visit };
            let stopped = reader.run();
            let (read, trailing) = (reader.source.decompressed(), reader.source.trailing());
            state.tree.summary.decompressed = read;
            if trailing > 0 {
                let detail = || {
                    let installer = layout.installer();
                    format!("{trailing} bytes behind the compressed data; {installer} refuses or ignores them")
                };
                state.tree.anomalies.add(AnomalyKind::TrailingData, "", detail);
            }
            stopped
        }
        Err(stop) => Err(stop),
    };
    state.tree.finish(stopped)
}

/// What is remembered between entries.
struct State<'l> {
    tree: Tree<'l>,
    next: Overrides,
    global: Overrides,
}

struct Reader<'a, 'l, 'v, R: Read> {
    source: Source<R>,
    state: &'a mut State<'l>,
    visit: &'a mut Visitor<'v>,
}

impl<R: Read> Reader<'_, '_, '_, R> {
    fn run(&mut self) -> Result<(), Stop> {
        let mut block = [0; BLOCK];
        let (mut after_zero, mut after_invalid) = (false, false);
        loop {
            match self.source.block(&mut block)? {
                Got::Block => {}
                // npm ignores the rest of a block; zeros are nothing to miss.
                Got::Part(length) if block[..length].iter().any(|byte| *byte != 0) => {
                    return Err(self.cut_short());
                }
                Got::Part(_) | Got::End => break,
            }
            match decode(&block, &self.state.next, &self.state.global) {
                Decoded::Zero if after_zero => {
                    self.after_end()?;
                    break;
                }
                Decoded::Zero => after_zero = true,
                Decoded::Invalid(why) => {
                    if !after_invalid {
                        self.damaged_block(why);
                    }
                    (after_zero, after_invalid) = (false, true);
                }
                Decoded::Header(header) => {
                    if after_zero {
                        let reader = if self.state.tree.layout.is_npm() { "npm reads" } else { "some readers read" };
                        let detail = || format!("an entry behind a single zero block: {reader} on, others stop");
                        self.state.tree.anomalies.add(AnomalyKind::TrailingData, &header.path, detail);
                    }
                    (after_zero, after_invalid) = (false, false);
                    self.entry(&header)?;
                }
            }
        }
        match self.state.tree.entries {
            0 => Err(self.no_archive()),
            _ => Ok(()),
        }
    }

    /// The end came inside a header.
    fn cut_short(&self) -> Stop {
        match self.state.tree.entries {
            0 if !self.source.is_gzip() => self.no_archive(),
            _ => Stop::Damaged("ends inside a header".to_owned()),
        }
    }

    /// Nothing of it is a tar archive: often an error page or a pointer to the file instead of the file.
    fn no_archive(&self) -> Stop {
        let kind = if self.state.tree.layout.is_npm() { "npm" } else { "tar" };
        Stop::Damaged(match (self.source.is_gzip(), self.source.decompressed()) {
            (true, _) => format!("holds no entry: this is no {kind} archive"),
            (false, 0) => "is empty".to_owned(),
            (false, _) => format!("is no gzip archive, nor a plain tar one: this is no {kind} archive"),
        })
    }

    fn damaged_block(&mut self, why: &str) {
        let number = self.source.decompressed() / BLOCK as u64;
        let detail = || format!("block {number} is no header: {why}; some readers pass over it, others stop");
        self.state.tree.anomalies.add(AnomalyKind::Corrupt, "", detail);
    }

    /// Neither npm nor Python reads anything behind two zero blocks.
    fn after_end(&mut self) -> Result<(), Stop> {
        let trailing = self.source.drain()?;
        if trailing > 0 {
            let installer = self.state.tree.layout.installer();
            let detail = || format!("{trailing} bytes behind the end of the archive, which {installer} ignores");
            self.state.tree.anomalies.add(AnomalyKind::TrailingData, "", detail);
        }
        Ok(())
    }

    fn entry(&mut self, header: &Header) -> Result<(), Stop> {
        self.state.tree.count_entry()?;
        if header.kind.is_extension() {
            return self.extension(header);
        }
        let overrides = std::mem::take(&mut self.state.next);
        if overrides.sparse {
            let detail = || "sparse file: npm writes it as stored, other extractors expand it".to_owned();
            self.state.tree.anomalies.add(AnomalyKind::SpecialFile, &header.path, detail);
        }
        match header.kind {
            Kind::File => self.file(header),
            Kind::Folder => self.folder(header),
            _ => self.left_out(header),
        }
    }

    /// A long name or PAX header.
    fn extension(&mut self, header: &Header) -> Result<(), Stop> {
        // A size meant for the next entry makes npm misjudge the headers in
        // between, although not their length: too large, it ignores them;
        // zero, it takes their contents for headers.
        let judged = self.state.global.size.or(self.state.next.size).unwrap_or(header.size);
        if judged == 0 {
            return Ok(());
        }
        let mut body = Body::new(&mut self.source, header.size);
        if judged.max(header.size) > EXTENSION_BYTES {
            let detail = || format!("an extension header of {judged} bytes, which npm ignores");
            self.state.tree.anomalies.add(AnomalyKind::LimitExceeded, &header.path, detail);
            return body.finish().map(drop);
        }
        let mut bytes = Vec::new();
        let read = body.read_to_end(&mut bytes);
        // A failed read is remembered by the source, and comes out here.
        body.finish()?;
        read.map_err(Stop::Input)?;
        let text = String::from_utf8_lossy(&bytes);
        let mut applied = Ok(());
        match header.kind {
            Kind::GlobalPax => applied = self.state.global.apply_pax(&bytes),
            Kind::Pax => applied = self.state.next.apply_pax(&bytes),
            Kind::LongLink => self.state.next.set_link(&text),
            _ => self.state.next.path = Some(cut_at_nul(&text)),
        }
        match applied {
            Ok(()) => Ok(()),
            Err(PaxError::Ambiguous) => {
                let detail = || format!("PAX header: {}", PaxError::Ambiguous);
                self.state.tree.anomalies.add(AnomalyKind::Corrupt, &header.path, detail);
                Ok(())
            }
            Err(PaxError::Size) => Err(Stop::Damaged(format!("PAX header `{}`: {}", header.path, PaxError::Size))),
        }
    }

    /// npm makes folders for files only. Where this one points is of interest.
    fn folder(&mut self, header: &Header) -> Result<(), Stop> {
        self.state.tree.place(&header.path, &header.path, header.size)?;
        Body::new(&mut self.source, header.size).finish().map(drop)
    }

    /// Links, devices and unknown types: npm does not write them, Python writes the links.
    fn left_out(&mut self, header: &Header) -> Result<(), Stop> {
        let (kind, detail) = match header.kind {
            Kind::SymbolicLink => (AnomalyKind::Link, format!("symbolic link to `{}`", quoted(&header.link))),
            Kind::HardLink => (AnomalyKind::Link, format!("hard link to `{}`", quoted(&header.link))),
            Kind::Special => (AnomalyKind::SpecialFile, "device or pipe".to_owned()),
            Kind::Other(b'S') => (AnomalyKind::SpecialFile, "sparse file: other extractors write it".to_owned()),
            Kind::Other(flag) => {
                let flag = char::from(flag).escape_default();
                (AnomalyKind::SpecialFile, format!("entry of unknown type `{flag}`: other extractors may write it"))
            }
            _ => return Body::new(&mut self.source, header.size).finish().map(drop),
        };
        if self.state.tree.layout.is_npm() {
            self.state.tree.anomalies.add(kind, &header.path, || detail + "; npm leaves it out");
        } else {
            self.state.tree.anomalies.add(kind, &header.path, || detail);
            self.state.tree.link(header);
        }
        match self.state.tree.place(&header.path, &header.path, header.size)? {
            Some(place) if header.size > 0 => self.hand_over(header, &Place { installed: false, ..place }),
            _ => Body::new(&mut self.source, header.size).finish().map(drop),
        }
    }

    fn file(&mut self, header: &Header) -> Result<(), Stop> {
        let (path, shadowed) = self.state.tree.as_npmignore(&header.path);
        let Some(mut place) = self.state.tree.place(&header.path, &path, header.size)? else {
            return Body::new(&mut self.source, header.size).finish().map(drop);
        };
        place.installed &= !shadowed;
        if !header.link.is_empty() {
            let detail = || format!("a file with link target `{}`: readers disagree what it is", quoted(&header.link));
            self.state.tree.anomalies.add(AnomalyKind::Link, &header.path, detail);
            place.installed &= !link_escapes(&place.path, &header.link);
        }
        if place.installed {
            self.state.tree.claim(&header.path, &mut place);
        }
        self.hand_over(header, &place)
    }

    fn hand_over(&mut self, header: &Header, place: &Place) -> Result<(), Stop> {
        let path = self.state.tree.hand_over_as(&header.path, header.size, place);
        let mut body = Body::hashed(&mut self.source, header.size);
        let visited = (self.visit)(FileEntry {
            path: &path,
            written: &header.path,
            size: header.size,
            executable: header.executable,
            installed: place.installed,
            body: &mut body,
        });
        // What the visitor met in the archive is no fault of its own.
        visited.map_err(|error| body.take_failure().unwrap_or(Stop::Visitor(error)))?;
        let blake3 = body.finish()?;
        if place.installed {
            self.state.tree.install(&header.path, path, header.size, blake3);
        }
        Ok(())
    }
}
