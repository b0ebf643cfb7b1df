//! A Python index in this process: the Simple API in both forms, files and their metadata.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::http::Answer;
use super::server::{Fault, LoggedRequest, Server, Site, State};
use crate::python::PyPkg;

const JSON: &str = "application/vnd.pypi.simple.v1+json";

/// In which form an index answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PythonIndexForm {
    /// JSON where it is asked for, else HTML, as PyPI does.
    #[default]
    Negotiated,
    /// HTML whatever is asked for, with its version, as small servers do.
    Html,
    /// HTML without a word about itself, as file servers do.
    BareHtml,
    /// 406 unless HTML alone is asked for.
    NotAcceptable,
}

/// Describes an index before it starts. Pages are at `/simple/<name>/`, files at `/files/<file>`.
#[derive(Default)]
pub struct PythonIndexBuilder {
    releases: Vec<PyPkg>,
    form: PythonIndexForm,
    strip: bool,
    status: Option<(String, String)>,
    state: State,
    base: String,
    authorization: Option<String>,
}

impl PythonIndexBuilder {
    /// Serves a release; releases of one project in the order they were uploaded.
    #[must_use]
    pub fn package(mut self, pkg: PyPkg) -> Self {
        self.releases.push(pkg);
        self
    }

    /// Sets the form of its answers.
    #[must_use]
    pub fn form(mut self, form: PythonIndexForm) -> Self {
        self.form = form;
        self
    }

    /// Leaves out sizes, upload times, versions and provenance, as some mirrors do.
    #[must_use]
    pub fn stripped(mut self) -> Self {
        self.strip = true;
        self
    }

    /// Gives every project this status and reason (PEP 792).
    #[must_use]
    pub fn status(mut self, status: &str, reason: &str) -> Self {
        self.status = Some((status.to_owned(), reason.to_owned()));
        self
    }

    /// Serves any bytes at a path.
    #[must_use]
    pub fn file(mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.state.files.insert(path.to_owned(), bytes.into());
        self
    }

    /// Every request for `path` (decoded, with leading `/`) meets this fault.
    #[must_use]
    pub fn fault(mut self, path: &str, fault: Fault) -> Self {
        self.state.plan(path, fault, None);
        self
    }

    /// The first `times` requests for `path` meet this fault; then comes the next fault, or the truth.
    #[must_use]
    pub fn fault_times(mut self, path: &str, fault: Fault, times: u32) -> Self {
        self.state.plan(path, fault, Some(times));
        self
    }

    /// Asks for exactly this `Authorization` value everywhere.
    #[must_use]
    pub fn authorization(mut self, value: &str) -> Self {
        self.authorization = Some(value.to_owned());
        self
    }

    /// Puts the index below a path, as repository managers do: `/repository/pypi`.
    #[must_use]
    pub fn below(mut self, path: &str) -> Self {
        path.trim_end_matches('/').clone_into(&mut self.base);
        self
    }

    /// Starts it on a free port of 127.0.0.1.
    pub fn start(self) -> PythonIndex {
        let site = PythonSite { releases: self.releases, form: self.form, strip: self.strip, status: self.status };
        PythonIndex { server: Server::start(self.state, self.base, self.authorization, None, Box::new(site)) }
    }
}

/// A running index; it stops when dropped.
pub struct PythonIndex {
    server: Server,
}

impl PythonIndex {
    /// Describes one.
    pub fn builder() -> PythonIndexBuilder {
        PythonIndexBuilder::default()
    }

    /// `http://127.0.0.1:PORT/simple/`, with the path it lives below.
    pub fn url(&self) -> String {
        format!("{}simple/", self.server.shared.url())
    }

    /// As [`PythonIndex::url`], with user and password in it.
    pub fn url_with(&self, user: &str, password: &str) -> String {
        self.url().replacen("http://", &format!("http://{user}:{password}@"), 1)
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.server.shared.address.to_string()
    }

    /// The URL of a file here.
    pub fn file_url(&self, file: &str) -> String {
        format!("{}files/{file}", self.server.shared.url())
    }

    /// Every request so far, in order of arrival.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.server.shared.state().log.clone()
    }

    /// Decoded paths of every request so far, sorted (arrival order varies with threads).
    pub fn paths(&self) -> Vec<String> {
        self.server.paths()
    }
}

struct PythonSite {
    releases: Vec<PyPkg>,
    form: PythonIndexForm,
    strip: bool,
    status: Option<(String, String)>,
}

impl Site for PythonSite {
    fn answer(&self, base_url: &str, request: &LoggedRequest, path: &str) -> Option<Answer> {
        if let Some(name) = path.strip_prefix("/files/") {
            return self.file(name);
        }
        let name = path.strip_prefix("/simple/")?;
        let Some(name) = name.strip_suffix('/') else {
            return Some(Answer::new(301, "text/plain", "").with("Location", format!("{base_url}simple/{name}/")));
        };
        let releases: Vec<&PyPkg> = self.releases.iter().filter(|pkg| pkg.normalised() == name).collect();
        if releases.is_empty() {
            return None;
        }
        let accept = request.header("accept").unwrap_or_default();
        match self.form {
            PythonIndexForm::Negotiated if accept.contains(JSON) => {
                Some(Answer::new(200, JSON, self.json(name, &releases)).with("Vary", "Accept"))
            }
            PythonIndexForm::NotAcceptable if accept.contains(JSON) => Some(Answer::new(406, "text/plain", "no")),
            _ => Some(Answer::new(200, "text/html; charset=utf-8", self.html(name, &releases)).with("Vary", "Accept")),
        }
    }
}

impl PythonSite {
    fn file(&self, name: &str) -> Option<Answer> {
        if let Some(wheel) = name.strip_suffix(".metadata") {
            let pkg = self.releases.iter().find(|pkg| pkg.wheel_name() == wheel)?;
            return Some(Answer::new(200, "text/plain", pkg.metadata()));
        }
        let (_, bytes) = self.releases.iter().flat_map(PyPkg::artifacts).find(|(own, _)| own == name)?;
        Some(Answer::new(200, "application/octet-stream", bytes))
    }

    fn json(&self, name: &str, releases: &[&PyPkg]) -> Vec<u8> {
        let mut files = Vec::new();
        for (place, pkg) in releases.iter().enumerate() {
            for (file, bytes) in pkg.artifacts() {
                let mut entry = json!({
                    "filename": file,
                    "url": format!("../../files/{file}"),
                    "hashes": { "sha256": hash(pkg, &bytes) },
                    "requires-python": pkg.requires_python,
                    "yanked": pkg.yanked.as_ref().map_or(json!(false), |reason| if reason.is_empty() { json!(true) } else { json!(reason) }),
                });
                if file.ends_with(".whl") {
                    entry["core-metadata"] = json!({ "sha256": hex::encode(Sha256::digest(pkg.metadata())) });
                }
                if !self.strip {
                    entry["size"] = json!(bytes.len());
                    let day = format!("2024-01-{:02}T00:00:00.000000Z", place % 28 + 1);
                    entry["upload-time"] = json!(pkg.uploaded.clone().unwrap_or(day));
                    entry["provenance"] = json!(pkg.provenance);
                }
                files.push(entry);
            }
        }
        let mut page = json!({ "meta": { "api-version": "1.4" }, "name": name, "files": files });
        if !self.strip {
            page["versions"] = releases.iter().map(|pkg| Value::from(pkg.version())).collect();
        }
        if let Some((status, reason)) = &self.status {
            page["project-status"] = json!({ "status": status, "reason": reason });
        }
        serde_json::to_vec(&page).expect("JSON")
    }

    fn html(&self, name: &str, releases: &[&PyPkg]) -> Vec<u8> {
        let escape =
            |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        let mut page = String::from("<!DOCTYPE html>\n<html><head>");
        if self.form != PythonIndexForm::BareHtml {
            page.push_str(r#"<meta name="pypi:repository-version" content="1.4">"#);
        }
        page.push_str(&format!("<title>Links for {name}</title></head>\n<body><h1>Links for {name}</h1>\n"));
        for pkg in releases {
            for (file, bytes) in pkg.artifacts() {
                page.push_str(&format!(r#"<a href="../../files/{file}#sha256={}""#, hash(pkg, &bytes)));
                if let Some(specifier) = &pkg.requires_python {
                    page.push_str(&format!(r#" data-requires-python="{}""#, escape(specifier)));
                }
                if let Some(reason) = &pkg.yanked {
                    page.push_str(&format!(r#" data-yanked="{}""#, escape(reason)));
                }
                if file.ends_with(".whl") {
                    page.push_str(&format!(
                        r#" data-core-metadata="sha256={}""#,
                        hex::encode(Sha256::digest(pkg.metadata()))
                    ));
                }
                page.push_str(&format!(">{file}</a><br />\n"));
            }
        }
        page.push_str("</body></html>\n");
        page.into_bytes()
    }
}

/// What the index says a file hashes to.
fn hash(pkg: &PyPkg, bytes: &[u8]) -> String {
    let bytes = if pkg.wrong_hash { b"something else" } else { bytes };
    hex::encode(Sha256::digest(bytes))
}
