//! Python releases, described once and used everywhere: as wheel, as source distribution, as files
//! of an index, as an installed environment. The same description always gives the same bytes.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::{Compression, Crc, GzBuilder};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

/// One release of a Python project.
#[derive(Debug, Clone)]
pub struct PyPkg {
    name: String,
    version: String,
    files: BTreeMap<String, Vec<u8>>,
    requires: Vec<String>,
    entry_points: Option<String>,
    pub(crate) requires_python: Option<String>,
    pub(crate) yanked: Option<String>,
    pub(crate) uploaded: Option<String>,
    pub(crate) provenance: Option<String>,
    pub(crate) wrong_hash: bool,
    pub(crate) no_sdist: bool,
    pub(crate) no_wheel: bool,
}

impl PyPkg {
    /// A release with nothing in it but its metadata.
    pub fn new(name: &str, version: &str) -> PyPkg {
        PyPkg {
            name: name.to_owned(),
            version: version.to_owned(),
            files: BTreeMap::new(),
            requires: Vec::new(),
            entry_points: None,
            requires_python: None,
            yanked: None,
            uploaded: None,
            provenance: None,
            wrong_hash: false,
            no_sdist: false,
            no_wheel: false,
        }
    }

    /// Adds a file by its path below `site-packages`: `requests/__init__.py`, `evil.pth`.
    #[must_use]
    pub fn file(mut self, path: &str, contents: impl AsRef<[u8]>) -> PyPkg {
        self.files.insert(path.to_owned(), contents.as_ref().to_vec());
        self
    }

    /// Adds every file of a fixture folder.
    #[must_use]
    pub fn files_from(mut self, folder: impl AsRef<Path>) -> PyPkg {
        let folder = folder.as_ref();
        let mut waiting = vec![folder.to_owned()];
        while let Some(next) = waiting.pop() {
            for entry in fs::read_dir(&next).unwrap_or_else(|error| panic!("{}: {error}", next.display())) {
                let path = entry.expect("a folder entry").path();
                if path.is_dir() {
                    waiting.push(path);
                    continue;
                }
                let relative =
                    path.strip_prefix(folder).expect("below the folder").to_string_lossy().replace('\\', "/");
                self.files.insert(relative, fs::read(&path).expect("a readable fixture"));
            }
        }
        self
    }

    /// Adds a `Requires-Dist`.
    #[must_use]
    pub fn requires(mut self, requirement: &str) -> PyPkg {
        self.requires.push(requirement.to_owned());
        self
    }

    /// Sets `entry_points.txt`.
    #[must_use]
    pub fn entry_points(mut self, text: &str) -> PyPkg {
        self.entry_points = Some(text.to_owned());
        self
    }

    /// Sets `Requires-Python`.
    #[must_use]
    pub fn requires_python(mut self, specifier: &str) -> PyPkg {
        self.requires_python = Some(specifier.to_owned());
        self
    }

    /// Yanks it, with a reason that may be empty.
    #[must_use]
    pub fn yanked(mut self, reason: &str) -> PyPkg {
        self.yanked = Some(reason.to_owned());
        self
    }

    /// Sets the upload time (RFC 3339); releases without one get a fixed day each.
    #[must_use]
    pub fn uploaded_at(mut self, time: &str) -> PyPkg {
        self.uploaded = Some(time.to_owned());
        self
    }

    /// Sets the URL of its attestations.
    #[must_use]
    pub fn provenance(mut self, url: &str) -> PyPkg {
        self.provenance = Some(url.to_owned());
        self
    }

    /// The index gives hashes that are not those of its files.
    #[must_use]
    pub fn wrong_hash(mut self) -> PyPkg {
        self.wrong_hash = true;
        self
    }

    /// Has no source distribution.
    #[must_use]
    pub fn wheel_only(mut self) -> PyPkg {
        self.no_sdist = true;
        self
    }

    /// Has no wheel.
    #[must_use]
    pub fn sdist_only(mut self) -> PyPkg {
        self.no_wheel = true;
        self
    }

    /// Its name, as written.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Its name as indexes normalise it (PEP 503).
    pub fn normalised(&self) -> String {
        let parts = self.name.split(['-', '_', '.']).filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join("-").to_lowercase()
    }

    /// `name-version`, escaped as file names have it.
    fn stem(&self) -> String {
        format!("{}-{}", self.normalised().replace('-', "_"), self.version)
    }

    /// `name-version-py3-none-any.whl`.
    pub fn wheel_name(&self) -> String {
        format!("{}-py3-none-any.whl", self.stem())
    }

    /// `name-version.tar.gz`.
    pub fn sdist_name(&self) -> String {
        format!("{}.tar.gz", self.stem())
    }

    /// `METADATA` and `PKG-INFO`.
    pub fn metadata(&self) -> String {
        let mut text = format!("Metadata-Version: 2.4\nName: {}\nVersion: {}\n", self.name, self.version);
        if let Some(specifier) = &self.requires_python {
            text.push_str(&format!("Requires-Python: {specifier}\n"));
        }
        for requirement in &self.requires {
            text.push_str(&format!("Requires-Dist: {requirement}\n"));
        }
        text
    }

    fn dist_info(&self) -> String {
        format!("{}.dist-info", self.stem())
    }

    /// Every file of the wheel but `RECORD`, by path.
    fn wheel_files(&self) -> BTreeMap<String, Vec<u8>> {
        let folder = self.dist_info();
        let mut files = self.files.clone();
        files.insert(format!("{folder}/METADATA"), self.metadata().into_bytes());
        let wheel = "Wheel-Version: 1.0\nGenerator: vetch-testkit\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
        files.insert(format!("{folder}/WHEEL"), wheel.as_bytes().to_vec());
        if let Some(text) = &self.entry_points {
            files.insert(format!("{folder}/entry_points.txt"), text.as_bytes().to_vec());
        }
        files
    }

    /// The wheel (PEP 427), `RECORD` last.
    pub fn wheel(&self) -> Vec<u8> {
        let files = self.wheel_files();
        let path = format!("{}/RECORD", self.dist_info());
        let record = record(&files, &path);
        let mut entries: Vec<(&str, &[u8])> =
            files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
        entries.push((&path, record.as_bytes()));
        zip_archive(&entries)
    }

    /// The source distribution (PEP 625) with `PKG-INFO` and a `pyproject.toml` unless one was added.
    pub fn sdist(&self) -> Vec<u8> {
        let mut files = self.files.clone();
        files.insert("PKG-INFO".to_owned(), self.metadata().into_bytes());
        files.entry("pyproject.toml".to_owned()).or_insert_with(|| {
            format!("[project]\nname = \"{}\"\nversion = \"{}\"\n", self.name, self.version).into_bytes()
        });
        let entries: Vec<(&str, &[u8])> = files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
        sdist_archive(&self.stem(), &entries)
    }

    /// Its files with their bytes, as an index has them.
    pub fn artifacts(&self) -> Vec<(String, Vec<u8>)> {
        let wheel = (!self.no_wheel).then(|| (self.wheel_name(), self.wheel()));
        let sdist = (!self.no_sdist).then(|| (self.sdist_name(), self.sdist()));
        wheel.into_iter().chain(sdist).collect()
    }
}

/// `RECORD`: each file with hash and size, and itself with neither.
fn record(files: &BTreeMap<String, Vec<u8>>, own_path: &str) -> String {
    let mut text = String::new();
    for (path, bytes) in files {
        let path = if path.contains([',', '"']) { format!("\"{}\"", path.replace('"', "\"\"")) } else { path.clone() };
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(bytes));
        text.push_str(&format!("{path},sha256={hash},{}\n", bytes.len()));
    }
    text.push_str(&format!("{own_path},,\n"));
    text
}

/// A zip archive of exactly these entries, in order, not compressed, with a fixed time (1 January
/// 1980): the same bytes whatever the compressor. Paths are written as they are: `..`, absolute, twice.
pub fn zip_archive<P: AsRef<str>, C: AsRef<[u8]>>(entries: &[(P, C)]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (path, contents) in entries {
        let (path, contents) = (path.as_ref().as_bytes(), contents.as_ref());
        let mut crc = Crc::new();
        crc.update(contents);
        let size = u32::try_from(contents.len()).expect("a small file");
        let mut common = Vec::new();
        // Version 2.0, UTF-8 names, stored, midnight, 1 January 1980.
        for field in [20u16, 0x0800, 0, 0, 0x21] {
            common.extend(field.to_le_bytes());
        }
        for field in [crc.sum(), size, size] {
            common.extend(field.to_le_bytes());
        }
        common.extend(u16::try_from(path.len()).expect("a short path").to_le_bytes());
        common.extend(0u16.to_le_bytes());
        let offset = u32::try_from(bytes.len()).expect("a small archive");
        directory.extend(b"PK\x01\x02");
        // Made on Unix, so that the mode below counts.
        directory.extend(0x0314u16.to_le_bytes());
        directory.extend(&common);
        for field in [0u16, 0, 0] {
            directory.extend(field.to_le_bytes());
        }
        directory.extend((0o100_644u32 << 16).to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(path);
        bytes.extend(b"PK\x03\x04");
        bytes.extend(&common);
        bytes.extend(path);
        bytes.extend(contents);
    }
    let (start, length) = (bytes.len(), directory.len());
    bytes.extend(directory);
    let count = u16::try_from(entries.len()).expect("few entries");
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(count.to_le_bytes());
    bytes.extend(count.to_le_bytes());
    bytes.extend(u32::try_from(length).expect("a small archive").to_le_bytes());
    bytes.extend(u32::try_from(start).expect("a small archive").to_le_bytes());
    bytes.extend(0u16.to_le_bytes());
    bytes
}

/// A `.tar.gz` with every path below `stem/`, in order, with a fixed time.
pub fn sdist_archive<P: AsRef<str>, C: AsRef<[u8]>>(stem: &str, entries: &[(P, C)]) -> Vec<u8> {
    let gzip = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::new(6));
    let mut tar = tar::Builder::new(gzip);
    for (path, contents) in entries {
        let contents = contents.as_ref();
        let mut header = tar::Header::new_ustar();
        header.set_size(contents.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_entry_type(tar::EntryType::Regular);
        tar.append_data(&mut header, format!("{stem}/{}", path.as_ref()), contents).expect("a path that tar can hold");
    }
    let mut gzip = tar.into_inner().expect("writing to memory");
    gzip.flush().expect("writing to memory");
    gzip.finish().expect("writing to memory")
}

/// An installed environment: a virtual environment's `site-packages`, as pip leaves it, and
/// tampered with on demand. It vanishes when dropped.
pub struct SitePackages {
    root: TempDir,
    folder: PathBuf,
}

impl Default for SitePackages {
    fn default() -> Self {
        SitePackages::new()
    }
}

impl SitePackages {
    /// An empty environment of Python 3.12.
    pub fn new() -> SitePackages {
        let root = TempDir::new().expect("a temporary folder");
        let folder = root.path().join(".venv/lib/python3.12/site-packages");
        fs::create_dir_all(&folder).expect("a folder");
        let settings = "home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.12.0\n";
        fs::write(root.path().join(".venv/pyvenv.cfg"), settings).expect("a written file");
        SitePackages { root, folder }
    }

    /// Installs a release: its files, `METADATA`, `WHEEL`, `INSTALLER`, `RECORD`.
    #[must_use]
    pub fn install(self, pkg: &PyPkg) -> SitePackages {
        self.install_from(pkg, None)
    }

    /// Installs a release with this `direct_url.json` (PEP 610).
    #[must_use]
    pub fn install_direct(self, pkg: &PyPkg, direct_url: &str) -> SitePackages {
        self.install_from(pkg, Some(direct_url))
    }

    fn install_from(self, pkg: &PyPkg, direct_url: Option<&str>) -> SitePackages {
        let info = pkg.dist_info();
        let mut files = pkg.wheel_files();
        files.insert(format!("{info}/INSTALLER"), b"pip\n".to_vec());
        files.insert(format!("{info}/REQUESTED"), Vec::new());
        if let Some(text) = direct_url {
            files.insert(format!("{info}/direct_url.json"), text.as_bytes().to_vec());
        }
        let path = format!("{info}/RECORD");
        let record = record(&files, &path);
        files.insert(path, record.into_bytes());
        files.into_iter().fold(self, |site, (path, bytes)| site.write(&path, &bytes))
    }

    /// Writes a file over whatever is there, without telling `RECORD`: a change after the install,
    /// or a file that nobody installed.
    #[must_use]
    pub fn write(self, path: &str, contents: impl AsRef<[u8]>) -> SitePackages {
        let target = self.folder.join(path);
        fs::create_dir_all(target.parent().expect("a parent")).expect("a folder");
        fs::write(&target, contents).expect("a written file");
        self
    }

    /// Removes a file without telling `RECORD`.
    #[must_use]
    pub fn remove(self, path: &str) -> SitePackages {
        fs::remove_file(self.folder.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        self
    }

    /// The folder that holds `.venv`.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// `site-packages` itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}
