//! Facts: what is known of a package's contents, before anyone judges it.
//! Cached by content hash and analysis version; serialised only for that cache
//! and between the program and its workers.

use serde::{Deserialize, Serialize};

use crate::capability::{Trigger, stable_ids};
use crate::evidence::{Evidence, Location};
use crate::indicator::{FileHashes, Observable};
use crate::integrity::ContentHash;
use crate::manifest::Manifest;
use crate::profile::Profile;
use crate::yara::YaraFacts;

/// Everything that the contents of one release say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageFacts {
    /// Names the contents.
    pub content_hash: ContentHash,
    /// `package.json` at the root, where there is one that can be read.
    pub manifest: Option<Manifest>,
    /// Number of files.
    pub files: u32,
    /// Their size in bytes.
    pub bytes: u64,
    /// Source files that were parsed, and their size in bytes.
    pub parsed_files: u32,
    /// See `parsed_files`.
    pub parsed_bytes: u64,
    /// What the code does.
    pub profile: Profile,
    /// What the files look like.
    pub signals: Vec<Signal>,
    /// What runs at install: scripts as declared, and what npm adds by itself (`node-gyp rebuild`).
    pub install_commands: Vec<InstallCommand>,
    /// Other packages that the code names, by package name; sorted, unique.
    pub imports: Vec<ImportedPackage>,
    /// Files that something reaches, by path.
    pub modules: Vec<ReachedFile>,
    /// Code that was not shipped as code, in the order in which it was met.
    pub layers: Vec<DecodedLayer>,
    /// Files that could not be understood.
    pub unread: Vec<Unread>,
    /// What is wrong with the archive or folder itself.
    pub anomalies: Vec<ContainerAnomaly>,
    /// Of a Python release: what it says of itself.
    pub python: Option<PythonRelease>,
    /// What the user's YARA rules say of it, where there are any.
    pub yara: Option<YaraFacts>,
    /// What indicators of compromise may name, those that code uses first; at most
    /// [`crate::indicator::MAX_OBSERVABLES`].
    pub observables: Vec<Observable>,
    /// Observables beyond that number.
    pub more_observables: u32,
    /// Hashes of the files that were read whole, by path.
    pub hashes: Vec<FileHashes>,
}

/// What a Python release says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PythonRelease {
    /// Its form.
    pub form: PythonForm,
    /// Its name, normalised, where its metadata state one.
    pub name: Option<String>,
    /// Its version, in normal form.
    pub version: Option<String>,
    /// Where its makers say that they are: home page, repository and the like, as written.
    pub urls: Vec<String>,
    /// Where the name stands.
    pub stated_at: Option<Location>,
    /// Of a wheel that is not installed: its `.dist-info` folder, and how its files differ from its `RECORD`.
    pub record: Option<(String, RecordDifference)>,
}

/// A shell line that runs when the package is installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallCommand {
    /// `preinstall`, `install`, `postinstall`, `prepare`, or `binding.gyp`.
    pub event: String,
    /// The line.
    pub command: String,
    /// Where it stands.
    pub location: Location,
    /// Files of the package that it runs.
    pub runs: Vec<String>,
    /// Whether npm runs it for a registry dependency (`prepare` only runs for git, links and the root).
    pub for_dependents: bool,
}

/// A source file that something reaches: a node of the module graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReachedFile {
    /// Path within the package.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// The first trigger that loads it.
    pub trigger: Trigger,
    /// The reached files that it names: indices into [`PackageFacts::modules`].
    pub loads: Vec<u32>,
}

/// Code that was decoded, put together or downloaded, and run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DecodedLayer {
    /// The shipped line that runs it.
    pub location: Location,
    /// When.
    pub trigger: Trigger,
    /// How many decodings deep; at least 1.
    pub layer: u8,
    /// Size of the text in bytes.
    pub bytes: u64,
    /// Its beginning, at most [`MAX_LAYER_TEXT`] bytes, raw. What is not known of it is `…`.
    pub text: String,
    /// Whether it could be parsed, and so was followed.
    pub is_understood: bool,
}

/// Most bytes kept of the text of a layer.
pub const MAX_LAYER_TEXT: usize = 600;

/// Most layers kept of one package.
pub const MAX_LAYERS: usize = 64;

/// A package that the code imports.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ImportedPackage {
    /// Package name, without subpath.
    pub name: String,
    /// The specifier as resolved.
    pub specifier: String,
    /// First place.
    pub location: Location,
    /// When that import runs.
    pub trigger: Trigger,
}

stable_ids! {
    /// How a file looks, as opposed to what it does.
    SignalKind {
        /// Names mangled as obfuscators do it (`_0x3fa2`), throughout.
        MangledNames = "mangled-names",
        /// An array of encoded strings reached through a decoder function.
        StringArray = "string-array",
        /// Most strings are written as escapes or built from character codes.
        EscapedStrings = "escaped-strings",
        /// A long literal of high entropy that decodes to something or is handed to a decoder.
        EncodedBlob = "encoded-blob",
        /// Bidirectional controls that reorder what a reader sees.
        BidiControl = "bidi-control",
        /// Runs of code points that show nothing (zero-width, variation selectors, tags).
        InvisibleText = "invisible-text",
        /// Code behind a run of white space that pushes it out of sight.
        HiddenByWhitespace = "hidden-by-whitespace",
        /// An executable (ELF, PE, Mach-O) under a name that says otherwise.
        DisguisedExecutable = "disguised-executable",
        /// An executable or native module under an honest name.
        NativeBinary = "native-binary",
        /// A file whose contents are not what its name says (script as image, archive as text).
        DisguisedFile = "disguised-file",
        /// Looks for identifiers with letters of other scripts that look like Latin ones.
        HomoglyphNames = "homoglyph-names",
        /// Debugger traps, console suppression and self-defending code as obfuscators insert it.
        SelfDefending = "self-defending",
        /// Obfuscated code computes names that evaluation could not make out: what it calls by them is not known.
        UnresolvedNames = "unresolved-names",
    }
}

impl SignalKind {
    /// Whether a sign of this strength is one that only obfuscators leave.
    pub fn marks_obfuscator(self, strength: u8) -> bool {
        const ENOUGH: u8 = 50;
        matches!(self, SignalKind::MangledNames | SignalKind::StringArray | SignalKind::SelfDefending)
            && strength >= ENOUGH
    }
}

/// One thing about how a file looks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// What.
    pub kind: SignalKind,
    /// When the file runs.
    pub trigger: Trigger,
    /// Where.
    pub evidence: Evidence,
    /// How strong, 0 to 100, within its kind.
    pub strength: u8,
}

/// A file that could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unread {
    /// Path within the package.
    pub path: String,
    /// When it runs, as far as the module graph tells. Reached: the release is `incomplete`.
    pub trigger: Trigger,
    /// Why.
    pub reason: UnreadReason,
    /// The parser's words, or the limit.
    pub detail: String,
}

stable_ids! {
    /// Why a file was not understood.
    UnreadReason {
        /// Over the size limit for parsing.
        TooLarge = "too-large",
        /// Nested deeper than the parser may go.
        TooDeep = "too-deep",
        /// No dialect of the language accepts it.
        SyntaxError = "syntax-error",
        /// Not UTF-8 and not UTF-16.
        Encoding = "encoding",
        /// The worker died or was stopped on it.
        WorkerDied = "worker-died",
        /// The analysis ran out of its fuel.
        OutOfFuel = "out-of-fuel",
        /// The file could not be read.
        Unreadable = "unreadable",
        /// Named by an entry or a script, but not there.
        Missing = "missing",
    }
}

stable_ids! {
    /// The forms in which a Python release comes, by what they say of it.
    PythonForm {
        /// Files without metadata.
        Sources = "sources",
        /// Sources with metadata or a build: run when it is installed.
        Sdist = "sdist",
        /// An egg (`EGG-INFO`).
        Egg = "egg",
        /// A wheel (`.dist-info`), packed, unpacked or installed.
        Wheel = "wheel",
    }
}

stable_ids! {
    /// What can be wrong with an archive or an installed folder.
    AnomalyKind {
        /// Absolute path, drive letter or `..`.
        PathEscape = "path-escape",
        /// A symbolic or hard link.
        Link = "link",
        /// A device, pipe or socket.
        SpecialFile = "special-file",
        /// Two entries of one path: which one a reader gets depends on the reader.
        DuplicateEntry = "duplicate-entry",
        /// Two paths that differ only by case or Unicode form.
        CollidingNames = "colliding-names",
        /// Bytes after the end of the archive.
        TrailingData = "trailing-data",
        /// Size, count, depth or ratio over the limit: the rest was not read.
        LimitExceeded = "limit-exceeded",
        /// Ends early or is damaged: the rest was not read.
        Corrupt = "corrupt",
        /// Says one thing in two places and not the same: what a reader sees depends on the reader.
        ContradictoryHeaders = "contradictory-headers",
    }
}

/// Something wrong with an archive or an installed folder itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ContainerAnomaly {
    /// What.
    pub kind: AnomalyKind,
    /// The entry it concerns, as written; may be hostile.
    pub path: String,
    /// In words.
    pub detail: String,
}

impl ContainerAnomaly {
    /// Whether part of the contents was not read because of it, or not as every reader would.
    pub fn loses_contents(&self) -> bool {
        use AnomalyKind::{ContradictoryHeaders, Corrupt, LimitExceeded};
        matches!(self.kind, LimitExceeded | Corrupt | ContradictoryHeaders)
    }
}

/// One file of a release: the unit in which an installed folder and an archive are compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDigest {
    /// Path within the package.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// BLAKE3 of the bytes.
    pub blake3: [u8; 32],
}

/// How an installed folder differs from the archive of the locked integrity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InstalledDifference {
    /// In both, with other bytes.
    pub changed: Vec<String>,
    /// In the archive only.
    pub missing: Vec<String>,
    /// On disk only.
    pub extra: Vec<String>,
}

impl InstalledDifference {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.missing.is_empty() && self.extra.is_empty()
    }
}

/// How the files of a Python release differ from its `RECORD`. Paths are relative to the target, or to
/// the wheel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordDifference {
    /// Files with other contents.
    pub changed: Vec<ChangedFile>,
    /// Files that are as another release recorded them, which was installed over this one; and that release.
    pub overwritten: Vec<(ChangedFile, String)>,
    /// Files that are recorded and not there, with the place of their record.
    pub missing: Vec<(String, Location)>,
    /// Files in the distribution's own folders that no record lists.
    pub extra: Vec<String>,
}

impl RecordDifference {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.overwritten.is_empty() && self.missing.is_empty() && self.extra.is_empty()
    }
}

/// A file that is not what was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedFile {
    /// Relative to the target.
    pub path: String,
    /// What it should hash to, or its size.
    pub expected: String,
    /// What it does.
    pub found: String,
    /// Where that is recorded.
    pub recorded_at: Location,
}
