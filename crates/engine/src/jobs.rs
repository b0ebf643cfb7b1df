//! The protocol between the program and its workers: small messages in postcard, bytes of
//! files and archives as raw frames.
//!
//! Where the user has YARA rules, each worker first gets them (`YARA`, answered by `COMPILED`).
//!
//! A **package job**: `MANIFEST`? `METADATA`* `PACKAGE` (`FILE` | `WITHHOLD`)* `END`, answered by
//! `NEEDS` (more files, then `END` again) or `DONE`. An **archive job**: `ARCHIVE` `CHUNK`*
//! `END`, answered by `DONE`. Before each file of an archive, and of a package that killed a
//! worker before, the worker says `STARTED`, without waiting: so the parent knows which file
//! it was. Each such word wakes the parent, so most packages are spared them.

use serde::{Deserialize, Serialize};
use vetch_model::facts::{ContainerAnomaly, FileDigest, PackageFacts, PythonForm, UnreadReason};
use vetch_model::yara::YaraRule;
use vetch_sandbox::{Frame, WorkerError, WorkerProcess};

/// Frames of the parent.
pub(crate) mod ask {
    /// Raw: the bytes of `package.json`, before [`PACKAGE`].
    pub(crate) const MANIFEST: u8 = 1;
    /// [`super::PackageJob`].
    pub(crate) const PACKAGE: u8 = 2;
    /// Raw: the file's index (4 bytes, little-endian), then its bytes or the head of them.
    pub(crate) const FILE: u8 = 3;
    /// [`super::Withhold`].
    pub(crate) const WITHHOLD: u8 = 4;
    /// Nothing more for now: think, and answer.
    pub(crate) const END: u8 = 5;
    /// [`super::ArchiveJob`].
    pub(crate) const ARCHIVE: u8 = 6;
    /// Raw: the next piece of the archive.
    pub(crate) const CHUNK: u8 = 7;
    /// A path and the bytes of a file that says something about a Python release, before [`PACKAGE`].
    pub(crate) const METADATA: u8 = 8;
    /// The user's YARA rules, for all jobs to come: a list of [`vetch_yara::Source`].
    pub(crate) const YARA: u8 = 9;
}

/// Frames of the worker; 0 is its greeting.
pub(crate) mod reply {
    /// 4 bytes, little-endian: the index of the file, or [`super::WHOLE`].
    pub(crate) const STARTED: u8 = 1;
    /// Indices of files that are wanted whole.
    pub(crate) const NEEDS: u8 = 2;
    /// [`vetch_model::facts::PackageFacts`] or [`super::ArchiveReply`].
    pub(crate) const DONE: u8 = 3;
    /// [`super::Compiled`]: the answer to [`super::ask::YARA`].
    pub(crate) const COMPILED: u8 = 4;
}

/// In `STARTED`: no single file, the package as a whole.
pub(crate) const WHOLE: u32 = u32::MAX;

/// Size of one piece of an archive.
pub(crate) const CHUNK_BYTES: usize = 16 << 20;

/// What became of the user's YARA rules.
pub(crate) type Compiled = Result<Vec<YaraRule>, Vec<vetch_yara::Problem>>;

/// Begins a package.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PackageJob {
    /// Every file, with its size.
    pub(crate) files: Vec<(String, u64)>,
    /// `prepare` and the like run for it.
    pub(crate) runs_prepare: bool,
    /// Whether the worker says which file it is at.
    pub(crate) tells_files: bool,
    /// Whether its files are all sent, for the user's YARA rules to be tried on them.
    pub(crate) is_tried: bool,
    /// The form of a Python release; `None` for npm's packages.
    pub(crate) python: Option<PythonForm>,
}

/// Says that a file will not come.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Withhold {
    pub(crate) file: u32,
    pub(crate) why: WhyWithheld,
    pub(crate) detail: String,
}

/// See [`vetch_behaviour::Withheld`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum WhyWithheld {
    WorkerDied,
    Unreadable,
    TooLarge,
}

impl WhyWithheld {
    pub(crate) fn reason(self) -> UnreadReason {
        match self {
            WhyWithheld::WorkerDied => UnreadReason::WorkerDied,
            WhyWithheld::Unreadable => UnreadReason::Unreadable,
            WhyWithheld::TooLarge => UnreadReason::TooLarge,
        }
    }
}

/// Whose archive it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum ArchiveKind {
    /// npm's, and read as npm reads it.
    #[default]
    Npm,
    /// npm's, in whatever form.
    AnyNpm,
    /// A Python release's.
    Python(NamedAs),
    /// To be told from what is in it, and from its name.
    ByContents {
        /// Whether it is called `.tgz`, as npm's are.
        is_tgz: bool,
    },
}

/// What the name of a Python release's archive says. Installers go by it: of a source distribution
/// `setup.py` is run, whatever else lies beside it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum NamedAs {
    /// Nothing that counts: it may be a release in whatever form, packed by whomever.
    #[default]
    Anything,
    /// It is not known, but an installer takes it as it is: a tar archive is a source distribution.
    Unknown,
    Wheel,
    Sdist,
}

/// Begins an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ArchiveJob {
    /// Whose it is.
    pub(crate) kind: ArchiveKind,
    /// The packages in it: its own (an empty path) and those it bundles. A file belongs to the
    /// one with the longest path.
    pub(crate) roots: Vec<ArchiveRoot>,
    /// Whether facts are wanted besides the list of files.
    pub(crate) facts: bool,
    /// Entries that a worker died on, by their number, with the cause.
    pub(crate) fatal: Vec<(u32, String)>,
}

/// One package in an archive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct ArchiveRoot {
    /// Its folder in the archive: empty, or `node_modules/b`.
    pub(crate) path: String,
    /// `prepare` and the like run for it.
    pub(crate) runs_prepare: bool,
}

/// What an archive holds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ArchiveReply {
    /// What is installed from it, sorted by path.
    pub(crate) files: Vec<FileDigest>,
    /// What is wrong with it; the facts do not repeat it.
    pub(crate) anomalies: Vec<ContainerAnomaly>,
    /// Whether entries were found that no installer would write.
    pub(crate) has_stowaways: bool,
    /// Whether it may as well be a package of the other ecosystem.
    pub(crate) is_doubtful: bool,
    /// By root, if wanted.
    pub(crate) facts: Vec<PackageFacts>,
}

/// The other end: a worker process, or in tests the same code without one.
pub(crate) trait Peer {
    /// Sends one frame whose payload is `parts`, one after the other.
    fn send(&mut self, kind: u8, parts: &[&[u8]]) -> Result<(), WorkerError>;
    /// Waits for the next frame.
    fn recv(&mut self) -> Result<Frame, WorkerError>;
    /// After an error: what it had said that nobody has read.
    fn last_frames(&mut self) -> Vec<Frame>;
}

impl Peer for WorkerProcess {
    fn send(&mut self, kind: u8, parts: &[&[u8]]) -> Result<(), WorkerError> {
        WorkerProcess::send(self, kind, parts)
    }

    fn recv(&mut self) -> Result<Frame, WorkerError> {
        WorkerProcess::recv(self)
    }

    fn last_frames(&mut self) -> Vec<Frame> {
        WorkerProcess::last_frames(self)
    }
}

/// Encodes a message.
pub(crate) fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, WorkerError> {
    postcard::to_stdvec(message).map_err(|error| WorkerError::protocol(error.to_string()))
}

/// Decodes a message.
pub(crate) fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, WorkerError> {
    postcard::from_bytes(bytes).map_err(|error| WorkerError::protocol(error.to_string()))
}

/// Reads the index at the beginning of a payload.
pub(crate) fn index_of(payload: &[u8]) -> Option<(u32, &[u8])> {
    let (index, rest) = payload.split_first_chunk::<4>()?;
    Some((u32::from_le_bytes(*index), rest))
}
