//! The client: pages and archives, many at once, for callers that know no async.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use url::Url;
use vetch_model::inventory::{Artifact, Ecosystem, Package, Source};
use vetch_model::{Incomplete, Integrity, Outcome};

use super::choice::{Platform, Preference};
use super::error::IndexError;
use super::find_links::{in_folder, page_of_links};
use super::settings::{FindLinks, Index, LinksPlace, PypiConfig, PythonTool, Strategy};
use super::simple::{self, Faults, FileLocation, MAX_PAGE, ProjectFile, ProjectPage, Raw};
use super::target::{page_url, targets};
use crate::cacache::read_file;
use crate::digest::Hasher;
use crate::http::{ClientOptions, FetchError, Fetcher, Kind, Pool, Tarball, Wanted, cut, shown, without_secrets};

/// JSON first, as PEP 691 has it; HTML of any age else.
const ACCEPT: &str = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01";
const ACCEPT_HTML: &str = "text/html";

/// A project to look up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectRequest {
    /// Its name, normalised or not.
    pub name: String,
    /// Whose indexes are asked.
    pub tool: PythonTool,
    /// The index that the lockfile ties it to, by URL or name: then that one alone is asked.
    pub index: Option<String>,
}

/// An archive to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactRequest {
    /// The project and whom to ask, where no URL is recorded.
    pub project: ProjectRequest,
    /// Its version: which release it is of, where neither a file nor a hash is recorded.
    pub version: Option<String>,
    /// Its file name, where recorded.
    pub file: Option<String>,
    /// Where the lockfile says it lies.
    pub url: Option<String>,
    /// What it must hash to.
    pub integrity: Option<Integrity>,
}

impl ArtifactRequest {
    /// The request for one of the files that a lockfile allows for a package.
    pub fn of(package: &Package, artifact: &Artifact, tool: PythonTool) -> ArtifactRequest {
        let index = match &package.source {
            Source::Registry { index, .. } => index.clone(),
            _ => None,
        };
        ArtifactRequest {
            project: ProjectRequest { name: package.name.clone(), tool, index },
            version: package.version.clone(),
            file: Some(artifact.file.clone()).filter(|file| !file.is_empty()),
            url: artifact.url.clone(),
            integrity: artifact.integrity.clone(),
        }
    }
}

/// Who says what an archive hashes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voucher {
    /// The lockfile: the bytes are those that were locked.
    Lockfile,
    /// Only the index that serves them.
    Index,
    /// Nobody.
    Nobody,
}

/// An archive as it came.
#[derive(Debug)]
pub struct FetchedArtifact {
    /// Its bytes.
    pub archive: Tarball,
    /// Its file name.
    pub file_name: String,
    /// Who vouches for them.
    pub vouched_by: Voucher,
}

/// What the indexes have of one project: a page of each that answered, and what failed.
pub type ProjectResult = Result<Outcome<Vec<ProjectPage>>, IndexError>;

/// Asks Python indexes. Synchronous outside, with a small runtime of its own inside (so it must not
/// be used from within another Tokio runtime). Offline, only folders are read.
pub struct PypiClient {
    shared: Arc<Shared>,
    pool: Pool,
}

struct Shared {
    config: PypiConfig,
    /// `None` offline: then there is nothing that could reach the network.
    online: Option<Fetcher<PypiConfig>>,
    limit: u64,
}

impl PypiClient {
    /// A client with these settings.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn new(config: PypiConfig, options: ClientOptions) -> Result<PypiClient, IndexError> {
        let offline = options.offline || config.offline;
        let online = (!offline).then(|| Fetcher::new(config.clone(), options));
        let shared = Shared { config, online, limit: options.tarball_limit };
        Ok(PypiClient { shared: Arc::new(shared), pool: Pool::new(options.concurrency)? })
    }

    /// What the indexes have of one project: a page of each that may answer, in the order of the
    /// settings. Never empty.
    ///
    /// # Errors
    /// See [`IndexError`]. An index that fails while others answer is an [`Incomplete`] where all of
    /// them count ([`Strategy::All`]), and an error where the first counts: the next one might be
    /// public, and the name private.
    pub fn project(&self, request: ProjectRequest) -> ProjectResult {
        let mut result = Err(IndexError::Fetch(FetchError::Offline));
        self.projects(vec![request], &mut |_, found| {
            result = found;
            ControlFlow::Continue(())
        });
        result
    }

    /// As [`PypiClient::project`] for many at once. Each result goes to `sink` with the index of its
    /// request, on the calling thread, in the order they finish, unless `sink` breaks off.
    pub fn projects(
        &self,
        requests: Vec<ProjectRequest>,
        sink: &mut dyn FnMut(usize, ProjectResult) -> ControlFlow<()>,
    ) {
        let task = |index, request: ProjectRequest| {
            let shared = Arc::clone(&self.shared);
            async move { shared.project(index, &request).await }
        };
        self.pool.run(requests, task, broken, &|| false, sink);
    }

    /// Fetches one archive.
    ///
    /// # Errors
    /// See [`IndexError`]. Bytes that are not the ones locked are never handed out.
    pub fn fetch(&self, request: ArtifactRequest) -> Result<FetchedArtifact, IndexError> {
        let mut result = Err(IndexError::Fetch(FetchError::Offline));
        self.fetch_all(vec![request], &|| false, &mut |_, fetched| {
            result = fetched;
            ControlFlow::Continue(())
        });
        result
    }

    /// As [`PypiClient::fetch`] for many at once; results as in [`PypiClient::projects`]. As soon as
    /// `cancelled` says so, no further one comes.
    pub fn fetch_all(
        &self,
        requests: Vec<ArtifactRequest>,
        cancelled: &(dyn Fn() -> bool + Sync),
        sink: &mut dyn FnMut(usize, Result<FetchedArtifact, IndexError>) -> ControlFlow<()>,
    ) {
        let task = |index, request: ArtifactRequest| {
            let shared = Arc::clone(&self.shared);
            async move { shared.artifact(index, request).await }
        };
        self.pool.run(requests, task, broken, cancelled, sink);
    }
}

fn broken(reason: String) -> IndexError {
    IndexError::Fetch(FetchError::Setup { reason })
}

impl Shared {
    /// Bytes of a URL, with where they came from and their content type.
    async fn document(
        &self,
        place: usize,
        url: &Url,
        accept: &'static str,
    ) -> Result<(Vec<u8>, Url, String), IndexError> {
        let online = self.online.as_ref().ok_or(FetchError::Offline)?;
        let wanted = Wanted { integrity: None, accept, kind: Kind::Document, known: None };
        let answer = online.get(place, url, &wanted, MAX_PAGE).await?;
        let spool = |error: std::io::Error| FetchError::Spool { url: shown(url), reason: error.to_string() };
        Ok((answer.tarball.into_bytes().map_err(spool)?, answer.url, answer.content_type))
    }

    /// An index's page; asked again for HTML where it refuses the question for JSON.
    async fn page(&self, place: usize, index: &Index, name: &str) -> Result<Outcome<ProjectPage>, IndexError> {
        let url = page_url(index, name);
        if index.flat {
            let found = self.links_page(place, &url, name).await?;
            return found.ok_or_else(|| IndexError::NotFound { name: name.to_owned(), asked: vec![shown(&url)] });
        }
        let answer = match self.document(place, &url, ACCEPT).await {
            Err(IndexError::Fetch(FetchError::Status { status: 406 | 415, .. })) => {
                self.document(place, &url, ACCEPT_HTML).await
            }
            answer => answer,
        };
        let (bytes, url, content_type) = answer?;
        let base = shown(&index.url);
        simple::read(&Raw { name, url: &url, index: &base, content_type: &content_type, bytes: &bytes })
    }

    /// The links of one project on a page of any; `None` if there are none.
    async fn links_page(
        &self,
        place: usize,
        url: &Url,
        name: &str,
    ) -> Result<Option<Outcome<ProjectPage>>, IndexError> {
        let (bytes, url, content_type) = self.document(place, url, ACCEPT_HTML).await?;
        let base = shown(&url);
        let raw = Raw { name, url: &url, index: &base, content_type: &content_type, bytes: &bytes };
        let text = String::from_utf8_lossy(&bytes);
        let mut faults = Faults::new(&base, name);
        let files = simple::html::anchors(&raw, &text, true, &mut faults).files;
        let incomplete = faults.finish();
        Ok((!files.is_empty()).then(|| Outcome { value: page_of_links(name, &base, files), incomplete }))
    }

    async fn links(
        &self,
        place: usize,
        links: &FindLinks,
        name: &str,
    ) -> Result<Option<Outcome<ProjectPage>>, IndexError> {
        match &links.place {
            LinksPlace::Page(url) => self.links_page(place, url, name).await,
            LinksPlace::Folder(folder) => in_folder(folder, name),
        }
    }

    async fn project(&self, place: usize, request: &ProjectRequest) -> ProjectResult {
        let targets = targets(&self.config, request)?;
        let mut found = Found::new(&targets.name);
        for links in targets.links {
            let result = self.links(place, links, &targets.name).await;
            match result {
                Ok(Some(page)) => found.page(page),
                Ok(None) => {}
                Err(error) => found.failed(error),
            }
        }
        let mut answered = false;
        for index in &targets.indexes {
            if answered && (targets.strategy == Strategy::First || index.supplemental) {
                break;
            }
            found.asked.push(shown(&index.url));
            match self.page(place, index, &targets.name).await {
                Ok(page) => {
                    answered = true;
                    found.page(page);
                }
                Err(error) if error.is_absence() => {}
                // The next index might be public, and the name private.
                Err(error) if targets.strategy == Strategy::First => return Err(error),
                Err(error) => found.failed(error),
            }
        }
        found.finish()
    }

    async fn artifact(&self, place: usize, request: ArtifactRequest) -> Result<FetchedArtifact, IndexError> {
        if let Some(text) = &request.url {
            let unusable = || FetchError::UnusableUrl { url: without_secrets(text) };
            let whole = Url::parse(text).map_err(|_| unusable())?;
            let (url, fragment) = simple::link(&whole, text).ok_or_else(unusable)?;
            let locked = request.integrity.or_else(|| fragment.as_deref().and_then(simple::fragment_integrity));
            let vouched_by = if locked.is_some() { Voucher::Lockfile } else { Voucher::Nobody };
            let file_name = request.file.unwrap_or_else(|| simple::last_segment(&url));
            return self.archive(place, &url, locked, file_name, vouched_by).await;
        }
        let pages = self.project(place, &request.project).await?.value;
        let Some(file) = pick(&pages, &request) else {
            let hash = request.integrity.as_ref().map(|integrity| integrity.text.as_str());
            let what = request.file.as_deref().or(hash).or(request.version.as_deref());
            return Err(IndexError::NoSuchFile {
                index: pages.iter().map(|page| page.index.as_str()).collect::<Vec<_>>().join(", "),
                name: request.project.name.clone(),
                file: cut(what.unwrap_or("neither a file, a hash nor a version is recorded")),
            });
        };
        let vouched_by = match (&request.integrity, &file.integrity) {
            (Some(_), _) => Voucher::Lockfile,
            (None, Some(_)) => Voucher::Index,
            (None, None) => Voucher::Nobody,
        };
        let integrity = request.integrity.clone().or_else(|| file.integrity.clone());
        match &file.location {
            FileLocation::Url(url) => self.archive(place, url, integrity, file.file_name.clone(), vouched_by).await,
            FileLocation::Local(path) => self.local(path, integrity.as_ref(), file.file_name.clone(), vouched_by),
        }
    }

    async fn archive(
        &self,
        place: usize,
        url: &Url,
        integrity: Option<Integrity>,
        file_name: String,
        vouched_by: Voucher,
    ) -> Result<FetchedArtifact, IndexError> {
        let online = self.online.as_ref().ok_or(FetchError::Offline)?;
        let wanted = Wanted { integrity, accept: "*/*", kind: Kind::Python, known: None };
        let archive = online.get(place, url, &wanted, self.limit).await?.tarball;
        Ok(FetchedArtifact { archive, file_name, vouched_by })
    }

    fn local(
        &self,
        path: &Path,
        integrity: Option<&Integrity>,
        file_name: String,
        vouched_by: Voucher,
    ) -> Result<FetchedArtifact, IndexError> {
        let url = path.display().to_string();
        let unreadable = |reason: String| IndexError::Local { path: url.clone(), reason };
        let bytes = read_file(path, self.limit)
            .map_err(|error| unreadable(error.to_string()))?
            .ok_or_else(|| unreadable("it is no longer there, or too large".to_owned()))?;
        let mut hasher =
            Hasher::new(integrity.map_or(vetch_model::integrity::HashAlgorithm::Sha512, Integrity::algorithm));
        hasher.update(&bytes);
        let hashed = hasher.finish();
        if let Some(Err(mismatch)) = integrity.map(|expected| hashed.check(expected)) {
            let (expected, actual) = (mismatch.expected, mismatch.actual);
            return Err(FetchError::IntegrityMismatch { url, expected, actual }.into());
        }
        let archive = Tarball::local(&bytes, hashed.sha512, integrity.is_some(), url.clone())
            .map_err(|error| unreadable(error.to_string()))?;
        Ok(FetchedArtifact { archive, file_name, vouched_by })
    }
}

/// The file asked for: by its name, else by its hash, else by its version. Of several of one name,
/// that with the hash locked; where hash or version leave a choice, what an installer would take.
fn pick<'p>(pages: &'p [ProjectPage], request: &ArtifactRequest) -> Option<&'p ProjectFile> {
    let files = || pages.iter().flat_map(|page| &page.files);
    let has_hash = |file: &&ProjectFile| {
        let (locked, listed) = (request.integrity.as_ref(), file.integrity.as_ref());
        locked.zip(listed).is_some_and(|(locked, listed)| listed.digests.iter().any(|own| locked.digests.contains(own)))
    };
    let preference = |file: &&ProjectFile| Preference::of(&file.file_name, Platform::HERE);
    match (&request.file, &request.integrity) {
        (Some(name), _) => {
            let named = || files().filter(|file| file.file_name == *name);
            named().find(has_hash).or_else(|| named().next())
        }
        (None, Some(_)) => files().filter(has_hash).max_by_key(preference),
        (None, None) => files().filter(|file| is_version(file, request)).max_by_key(preference),
    }
}

/// Whether a file is of the version asked for, however that is written (PEP 440).
fn is_version(file: &ProjectFile, request: &ArtifactRequest) -> bool {
    let (Some(own), Some(wanted)) = (&file.version, &request.version) else { return false };
    let order = || vetch_versions::compare(&Ecosystem::Pypi, own, wanted);
    own == wanted || order() == Some(std::cmp::Ordering::Equal)
}

/// What several indexes said.
struct Found {
    name: String,
    asked: Vec<String>,
    pages: Vec<ProjectPage>,
    incomplete: Vec<Incomplete>,
    first_error: Option<IndexError>,
}

impl Found {
    fn new(name: &str) -> Found {
        Found { name: name.to_owned(), asked: Vec::new(), pages: Vec::new(), incomplete: Vec::new(), first_error: None }
    }

    fn page(&mut self, page: Outcome<ProjectPage>) {
        self.pages.push(page.value);
        self.incomplete.extend(page.incomplete);
    }

    fn failed(&mut self, error: IndexError) {
        self.incomplete.push(error.to_incomplete(&self.name));
        self.first_error.get_or_insert(error);
    }

    fn finish(self) -> ProjectResult {
        if self.pages.is_empty() {
            return Err(match self.first_error {
                Some(error) => error,
                None => IndexError::NotFound { name: self.name, asked: self.asked },
            });
        }
        Ok(Outcome { value: self.pages, incomplete: self.incomplete })
    }
}
