//! Which formats there are, how a file is known as one of them, and who reads it.

use vetch_model::evidence::Location;
use vetch_model::inventory::Inventory;
use vetch_model::outcome::Outcome;

use crate::error::{ReadError, ReadErrorKind};
use crate::files::Files;
use crate::npm;
use crate::npm::package_lock::LockfileNote;

/// What a reader made of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What the file is.
    pub format: Format,
    /// The version that the file states of its format, as written; empty if it states none.
    pub format_version: String,
    /// Packages and edges. The first package is the project, where the format knows one.
    pub inventory: Inventory,
    /// What is odd without keeping anything from being read.
    pub notes: Vec<LockfileNote>,
}

vetch_model::stable_ids! {
    /// A format of lockfiles, manifests and SBOMs.
    Format {
        /// `package-lock.json`, `npm-shrinkwrap.json`, `node_modules/.package-lock.json`
        PackageLock = "package-lock",
        /// `yarn.lock` of Yarn 1
        YarnClassic = "yarn-classic",
        /// `yarn.lock` of Yarn 2 and later
        YarnBerry = "yarn-berry",
        /// `.pnp.cjs`, `.pnp.data.json`
        PlugNPlay = "pnp",
        /// `pnpm-lock.yaml`
        Pnpm = "pnpm",
        /// `bun.lock`
        Bun = "bun",
        /// `deno.lock`
        Deno = "deno",
        /// `package.json` with no lockfile
        PackageJson = "package-json",
        /// `requirements*.txt`, `constraints.txt`, `*.in` of pip and pip-tools
        Requirements = "requirements",
        /// `Pipfile.lock`
        PipfileLock = "pipfile-lock",
        /// `poetry.lock`
        Poetry = "poetry",
        /// `pdm.lock`
        Pdm = "pdm",
        /// `uv.lock`
        Uv = "uv",
        /// `pylock.toml`, `pylock.<name>.toml` (PEP 751)
        Pylock = "pylock",
        /// `pyproject.toml` with no lockfile
        Pyproject = "pyproject",
        /// `setup.cfg` with no lockfile
        SetupCfg = "setup-cfg",
        /// CycloneDX, JSON
        CycloneDxJson = "cyclonedx-json",
        /// CycloneDX, XML
        CycloneDxXml = "cyclonedx-xml",
        /// SPDX 2.2 and 2.3, JSON
        SpdxJson = "spdx-json",
        /// SPDX 2.2 and 2.3, tag-value
        SpdxTagValue = "spdx-tag-value",
    }
}

/// Reads one file of a tree; files that belong to it (the manifest beside a
/// lockfile, an included requirements file) are read from the same tree.
pub type Reader = fn(&dyn Files, &str) -> Result<Outcome<Reading>, ReadError>;

impl Format {
    /// Who reads it.
    fn reader(self) -> Option<Reader> {
        let reader: Reader = match self {
            Format::PackageLock => npm::package_lock::read_in,
            Format::Pnpm => npm::pnpm::read_in,
            Format::YarnBerry => npm::yarn_berry::read_in,
            _ => return None,
        };
        Some(reader)
    }
}

/// What a file is, by its name and, where names are shared, by its first bytes.
pub fn detect(path: &str, head: &[u8]) -> Option<Format> {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name {
        "package-lock.json" | "npm-shrinkwrap.json" | ".package-lock.json" => Some(Format::PackageLock),
        "pnpm-lock.yaml" => Some(Format::Pnpm),
        "yarn.lock" if contains(head, b"__metadata:") => Some(Format::YarnBerry),
        _ => None,
    }
}

fn contains(head: &[u8], needle: &[u8]) -> bool {
    head.windows(needle.len()).any(|window| window == needle)
}

/// Reads `file` as `format`.
///
/// # Errors
/// When the file as a whole cannot be read. A bad entry is [`Outcome::incomplete`],
/// and still a package as far as it is known.
pub fn read(files: &dyn Files, file: &str, format: Format) -> Result<Outcome<Reading>, ReadError> {
    match format.reader() {
        Some(reader) => reader(files, file),
        None => Err(ReadError::new(
            ReadErrorKind::Shape,
            Location::file(file),
            format!("files of the format {format} are not read"),
            "name a lockfile that is",
        )),
    }
}

/// The bytes of `file`, which must be there.
pub(crate) fn required(files: &dyn Files, file: &str, limit: u64) -> Result<Vec<u8>, ReadError> {
    files.read(file, limit)?.ok_or_else(|| {
        ReadError::new(
            ReadErrorKind::NotFound,
            Location::file(file),
            "it cannot be read (not found)",
            "check the path, or install the dependencies first",
        )
    })
}
