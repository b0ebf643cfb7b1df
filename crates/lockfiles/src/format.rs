//! Which formats there are, how a file is known as one of them, and who reads it.

use vetch_model::evidence::Location;
use vetch_model::inventory::Inventory;
use vetch_model::outcome::Outcome;

use crate::error::{ReadError, ReadErrorKind};
use crate::files::Files;
use crate::installed;
use crate::npm;
use crate::npm::package_lock::LockfileNote;
use crate::python;
use crate::sbom;

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
        /// An installed `node_modules` tree
        NodeModules = "node-modules",
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
        /// `site-packages`, `dist-packages`: an installed Python environment
        SitePackages = "site-packages",
        /// CycloneDX, JSON
        CycloneDxJson = "cyclonedx-json",
        /// CycloneDX, XML
        CycloneDxXml = "cyclonedx-xml",
        /// SPDX 2.2 and 2.3, JSON
        SpdxJson = "spdx-json",
        /// SPDX 2.2 and 2.3, tag-value
        SpdxTagValue = "spdx-tag-value",
        /// SPDX 3.0, JSON-LD
        Spdx3Json = "spdx3-json",
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
            Format::YarnClassic => npm::yarn_classic::read_in,
            Format::PlugNPlay => npm::pnp::read_in,
            Format::Bun => npm::bun::read_in,
            Format::Deno => npm::deno::read_in,
            Format::PackageJson => npm::package_json::read_in,
            Format::PipfileLock => python::pipfile_lock::read,
            Format::Poetry => python::poetry::read,
            Format::Pdm => python::pdm::read,
            Format::Uv => python::uv::read,
            Format::Pylock => python::pylock::read,
            Format::SitePackages => installed::site_packages::read_in,
            Format::Requirements => python::requirements::read_in,
            Format::Pyproject => python::pyproject::read_in,
            Format::SetupCfg => python::setup_cfg::read_in,
            Format::CycloneDxJson => sbom::read_cyclonedx_json,
            Format::CycloneDxXml => sbom::read_cyclonedx_xml,
            Format::SpdxJson => sbom::read_spdx_json,
            Format::SpdxTagValue => sbom::read_spdx_tag_value,
            Format::Spdx3Json => sbom::read_spdx3_json,
            // A folder, which the readers of installed trees take.
            Format::NodeModules => return None,
        };
        Some(reader)
    }
}

/// What a file is, by its name and, where names are shared, by its first bytes.
pub fn detect(path: &str, head: &[u8]) -> Option<Format> {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name {
        "package-lock.json" | "npm-shrinkwrap.json" | ".package-lock.json" => Some(Format::PackageLock),
        "bun.lock" | "bun.lockb" => Some(Format::Bun),
        "deno.lock" => Some(Format::Deno),
        "package.json" => Some(Format::PackageJson),
        ".pnp.cjs" | ".pnp.js" | ".pnp.data.json" => Some(Format::PlugNPlay),
        "yarn.lock" if npm::yarn_classic::is_classic(head) => Some(Format::YarnClassic),
        "pnpm-lock.yaml" => Some(Format::Pnpm),
        "yarn.lock" if contains(head, b"__metadata:") => Some(Format::YarnBerry),
        "Pipfile.lock" => Some(Format::PipfileLock),
        "poetry.lock" => Some(Format::Poetry),
        "pdm.lock" => Some(Format::Pdm),
        "uv.lock" => Some(Format::Uv),
        // Scripts (PEP 723) have their lockfile beside them: `tool.py.lock`.
        _ if name.ends_with(".py.lock") => Some(Format::Uv),
        "pylock.toml" => Some(Format::Pylock),
        _ if is_named_pylock(name) => Some(Format::Pylock),
        // A folder's name, and the file that marks a virtual environment.
        "site-packages" | "dist-packages" | "pyvenv.cfg" => Some(Format::SitePackages),
        "pyproject.toml" => Some(Format::Pyproject),
        "setup.cfg" => Some(Format::SetupCfg),
        _ if python::is_requirements(path) => Some(Format::Requirements),
        _ => sbom::detect(path, head),
    }
}

/// `pylock.<name>.toml`, the name without dots (PEP 751).
fn is_named_pylock(name: &str) -> bool {
    let inner = name.strip_prefix("pylock.").and_then(|rest| rest.strip_suffix(".toml"));
    inner.is_some_and(|inner| !inner.is_empty() && !inner.contains('.'))
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
