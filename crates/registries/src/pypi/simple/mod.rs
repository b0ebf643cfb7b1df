//! Pages of the Simple API: what an index has of one project.
//!
//! Two forms, one meaning: JSON (PEP 691, 700, 714, 740, 792) and HTML (PEP 503, 592, 658).
//! Everything in a page is the index's claim, and hostile until compared with a lockfile.

pub(crate) mod file_name;
pub(crate) mod html;
pub(crate) mod json;

use std::path::PathBuf;

use jiff::Timestamp;
use url::Url;
use vetch_model::{Incomplete, Integrity, Outcome};

use super::error::IndexError;
pub use file_name::FileKind;

/// No page holds more files than this; the largest of PyPI have some ten thousand.
pub(crate) const MAX_FILES: usize = 200_000;
/// Larger pages are refused, in bytes; the largest of PyPI have some ten megabytes.
pub(crate) const MAX_PAGE: u64 = 64 << 20;
/// At most so many faults of one page are told of one by one.
const MAX_FAULTS: usize = 100;

/// In which form an index answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// `application/vnd.pypi.simple.v1+json`.
    Json,
    /// HTML, which has no sizes, upload times or list of versions.
    Html,
    /// A page or folder of links (`find-links`), of any projects.
    Links,
}

/// What an index has of one project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectPage {
    /// The normalised name.
    pub name: String,
    /// The index that answered, without secrets.
    pub index: String,
    /// In which form.
    pub form: Form,
    /// `meta.api-version`, where it says one.
    pub api_version: Option<(u32, u32)>,
    /// Its files, in the index's order.
    pub files: Vec<ProjectFile>,
    /// Every version, also those without files (PEP 700).
    pub versions: Option<Vec<String>>,
    /// `project-status.status` (PEP 792): `active`, `archived`, `quarantined`, `deprecated`.
    pub status: Option<String>,
    /// Why it has that status.
    pub status_reason: Option<String>,
}

impl ProjectPage {
    /// The file of this name.
    pub fn file(&self, name: &str) -> Option<&ProjectFile> {
        self.files.iter().find(|file| file.file_name == name)
    }

    /// Signals that no file of this page has, so that nothing can be concluded from their absence:
    /// many mirrors strip them, and HTML has no place for some.
    pub fn unavailable(&self) -> Vec<&'static str> {
        let none = |has: fn(&ProjectFile) -> bool| !self.files.is_empty() && !self.files.iter().any(has);
        let mut missing = Vec::new();
        if none(|file| file.upload_time.is_some()) {
            missing.push("upload-time");
        }
        if none(|file| file.size.is_some()) {
            missing.push("size");
        }
        if none(|file| file.provenance.is_some()) {
            missing.push("provenance");
        }
        if none(|file| file.integrity.is_some()) {
            missing.push("hashes");
        }
        if self.versions.is_none() {
            missing.push("versions");
        }
        missing
    }
}

/// Where a file lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileLocation {
    /// At a URL, without user, password and fragment.
    Url(Url),
    /// In a folder that settings name as `find-links`.
    Local(PathBuf),
}

/// One file of a project: a wheel, a source distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectFile {
    /// Its name: `requests-2.32.0-py3-none-any.whl`.
    pub file_name: String,
    /// What kind of file its name says it is.
    pub kind: FileKind,
    /// The version in its name, as written.
    pub version: Option<String>,
    /// Where it lies.
    pub location: FileLocation,
    /// What the index says it hashes to: the strongest of SHA-256 and up.
    pub integrity: Option<Integrity>,
    /// Which Python versions it asks for (PEP 440 specifier), as written.
    pub requires_python: Option<String>,
    /// When it was uploaded.
    pub upload_time: Option<Timestamp>,
    /// In bytes.
    pub size: Option<u64>,
    /// Whether it was yanked (PEP 592): the reason, which may be empty.
    pub yanked: Option<String>,
    /// Whether its metadata can be had alone, at its URL with `.metadata` (PEP 658, 714).
    pub core_metadata: CoreMetadata,
    /// Where its attestations lie (PEP 740).
    pub provenance: Option<Url>,
}

/// Whether a file's METADATA is served alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum CoreMetadata {
    /// No, or not said.
    #[default]
    Absent,
    /// Yes, with what it hashes to where the index says so.
    Available(Option<Integrity>),
}

impl ProjectFile {
    /// The URL of its METADATA, where it is served alone.
    pub fn metadata_url(&self) -> Option<Url> {
        let FileLocation::Url(url) = &self.location else { return None };
        (self.core_metadata != CoreMetadata::Absent).then(|| {
            let mut url = url.clone();
            let path = format!("{}.metadata", url.path());
            url.set_path(&path);
            url
        })
    }
}

/// A page as it arrived.
pub(crate) struct Raw<'a> {
    /// The normalised name that was asked for.
    pub(crate) name: &'a str,
    /// Where the page came from in the end.
    pub(crate) url: &'a Url,
    /// The index, for messages.
    pub(crate) index: &'a str,
    /// `Content-Type`.
    pub(crate) content_type: &'a str,
    /// The page.
    pub(crate) bytes: &'a [u8],
}

/// Reads a page of either form, by what its `Content-Type` says.
///
/// # Errors
/// When it is no page of the Simple API, or another project's.
pub(crate) fn read(raw: &Raw<'_>) -> Result<Outcome<ProjectPage>, IndexError> {
    let media = raw.content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let not_utf8 = |error: std::str::Utf8Error| {
        let lines = raw.bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = lines.iter().filter(|byte| **byte == b'\n').count() + 1;
        raw.no_page(format!("it is not UTF-8 (line {line})"))
    };
    let text = std::str::from_utf8(raw.bytes).map_err(not_utf8)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match media.as_str() {
        "application/vnd.pypi.simple.v1+json" | "application/json" => json::read(raw, text),
        "application/vnd.pypi.simple.v1+html" | "text/html" => html::read(raw, text),
        "" => Err(raw.no_page("it has no content type".to_owned())),
        other if other.starts_with("application/vnd.pypi.simple.") => {
            Err(raw.no_page(format!("its form `{}` is newer than what is known", crate::http::cut(other))))
        }
        other => Err(raw.no_page(format!("its content type is `{}`", crate::http::cut(other)))),
    }
}

impl Raw<'_> {
    /// The error for what is no page of the Simple API.
    pub(crate) fn no_page(&self, reason: String) -> IndexError {
        IndexError::NotAPage { url: crate::http::shown(self.url), reason }
    }
}

/// Collects what could not be read of a page, without repeating itself for ever.
pub(crate) struct Faults<'a> {
    index: &'a str,
    name: &'a str,
    told: Vec<Incomplete>,
    more: usize,
}

impl<'a> Faults<'a> {
    pub(crate) fn new(index: &'a str, name: &'a str) -> Faults<'a> {
        Faults { index, name, told: Vec::new(), more: 0 }
    }

    pub(crate) fn add(&mut self, what: &str, why: impl Into<String>) {
        if self.told.len() >= MAX_FAULTS {
            self.more += 1;
            return;
        }
        let what = format!("{} of {} at {}", crate::http::cut(what), self.name, self.index);
        self.told.push(Incomplete::new(what, why, "ask who runs the index; other clients may pass it over silently"));
    }

    pub(crate) fn finish(mut self) -> Vec<Incomplete> {
        if self.more > 0 {
            let what = format!("{} at {}", self.name, self.index);
            let why = format!("{} more faults of its page were not listed", self.more);
            self.told.push(Incomplete::new(what, why, "ask who runs the index"));
        }
        self.told
    }
}

/// Resolves a file's link: http(s) with a host, without what is secret in it; the fragment apart.
pub(crate) fn link(base: &Url, href: &str) -> Option<(Url, Option<String>)> {
    let mut url = base.join(href.trim()).ok()?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return None;
    }
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    let fragment = url.fragment().map(str::to_owned);
    url.set_fragment(None);
    Some((url, fragment))
}

/// The integrity in a fragment: `sha256=<hex>`, among others separated by `&`.
pub(crate) fn fragment_integrity(fragment: &str) -> Option<Integrity> {
    crate::digest::from_hex(fragment.split('&').filter_map(|part| part.split_once('=')))
}

/// The last segment of a URL's path, percent-decoded.
pub(crate) fn last_segment(url: &Url) -> String {
    percent_decoded(url.path().rsplit('/').next().unwrap_or_default())
}

/// Resolves percent-encoding; what is no UTF-8 then is replaced.
pub(crate) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let code = tail.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match code.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = "application/vnd.pypi.simple.v1+json";
    const HEX: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn page(content_type: &str, bytes: &[u8]) -> Result<Outcome<ProjectPage>, IndexError> {
        let url = Url::parse("https://i.invalid/simple/demo/").unwrap();
        read(&Raw { name: "demo", url: &url, index: "https://i.invalid/simple/", content_type, bytes })
    }

    fn json_of(files: &str) -> Outcome<ProjectPage> {
        let text = format!(r#"{{"meta":{{"api-version":"1.1"}},"name":"Demo","files":[{files}]}}"#);
        page(JSON, text.as_bytes()).unwrap()
    }

    #[test]
    fn one_wrong_file_does_not_cost_the_others_and_is_told_of() {
        let good = r#"{"filename":"demo-1.0.tar.gz","url":"demo-1.0.tar.gz","hashes":{}}"#;
        for wrong in [
            "1",
            "{}",
            r#"{"filename":1,"url":"x"}"#,
            r#"{"filename":"../demo-1.tar.gz","url":"x"}"#,
            r#"{"filename":"demo-1.tar.gz"}"#,
            r#"{"filename":"demo-1.tar.gz","url":"file:///etc/passwd","hashes":{}}"#,
            r#"{"filename":"evil-1.tar.gz","url":"x","hashes":{}}"#,
        ] {
            let found = json_of(&format!("{wrong},{good}"));
            assert_eq!((found.value.files.len(), found.incomplete.len()), (1, 1), "{wrong}");
        }
        for wrong in [
            r#""hashes":1"#,
            r#""hashes":{"sha256":"abc"}"#,
            r#""hashes":{},"size":"1""#,
            r#""hashes":{},"size":-1"#,
            r#""hashes":{},"upload-time":"soon""#,
            r#""hashes":{},"requires-python":3"#,
            r#""hashes":{},"yanked":1"#,
            r#""hashes":{},"provenance":"javascript:1""#,
        ] {
            let found = json_of(&format!(r#"{{"filename":"demo-1.tar.gz","url":"https://u:p@h.invalid/x",{wrong}}}"#));
            assert_eq!((found.value.files.len(), found.incomplete.len()), (1, 1), "{wrong}");
            assert!(!format!("{found:?}").contains("u:p@"));
        }
        let yanked = json_of(r#"{"filename":"demo-1.tar.gz","url":"x","hashes":{},"yanked":1}"#);
        assert!(yanked.value.files[0].yanked.is_some(), "a warning too many rather than one too few");
    }

    #[test]
    fn what_is_no_page_is_refused() {
        for (content_type, text) in [
            (JSON, ""),
            (JSON, "{"),
            (JSON, "[]"),
            (JSON, r#"{"meta":{"api-version":"1.0"},"name":"demo"}"#),
            (JSON, r#"{"meta":{"api-version":"2.0"},"name":"demo","files":[]}"#),
            (JSON, r#"{"files":[],"files":[]}"#),
            ("text/html", "<html><form><a href=/forgot>forgot?</a></form>"),
            ("text/html", r#"<meta name="pypi:repository-version" content="2.0">"#),
            ("text/plain", "demo-1.0.tar.gz"),
            ("application/vnd.pypi.simple.v2+json", "{}"),
            ("", "{}"),
        ] {
            let error = page(content_type, text.as_bytes()).unwrap_err();
            assert!(matches!(error, IndexError::NotAPage { .. }), "{text}: {error}");
        }
        assert!(
            matches!(page(JSON, b"{\n\xff"), Err(IndexError::NotAPage { reason, .. }) if reason.contains("line 2"))
        );
        let other = page(JSON, br#"{"meta":{"api-version":"1.0"},"name":"evil","files":[]}"#);
        assert!(matches!(other, Err(IndexError::OtherProject { .. })));
        let empty = page("text/html", br#"<meta name="pypi:repository-version" content="1.0">"#).unwrap();
        assert!(empty.value.files.is_empty());
    }

    #[test]
    fn html_is_read_as_browsers_read_it() {
        let text = format!(
            "<!DOCTYPE html><!-- <a href='demo-0.1.tar.gz'> --><script>'<a href=\"demo-0.2.tar.gz\">'</script>\
             <BASE href=https://files.invalid/b/><A HREF = 'demo-1.0.tar.gz#sha256={HEX}' data-yanked>x</A>\
             <a\nhref=\"demo-2.0.tar.gz?a=1&amp;b=2\" data-requires-python='&gt;=3.8&#44;&#x3c;4'/>\
             <a href='/opaque/123' data-yanked='no &amp; why'>demo-3.0-py3-none-any.whl</a>\
             <a>no link</a><a href='http://[broken'>x</a><a href='evil-1.0.zip'>y</a><a href='demo-4.0.zip"
        );
        let found = page("text/html; charset=UTF-8", text.as_bytes()).unwrap();
        let names: Vec<&str> = found.value.files.iter().map(|file| file.file_name.as_str()).collect();
        assert_eq!(names, ["demo-1.0.tar.gz", "demo-2.0.tar.gz", "demo-3.0-py3-none-any.whl", "demo-4.0.zip"]);
        let [first, second, third, _] = &found.value.files[..] else { panic!() };
        let FileLocation::Url(url) = &first.location else { panic!() };
        assert_eq!(url.as_str(), "https://files.invalid/b/demo-1.0.tar.gz");
        assert!(first.integrity.is_some() && first.yanked.as_deref() == Some(""));
        assert_eq!(second.requires_python.as_deref(), Some(">=3.8,<4"));
        let FileLocation::Url(url) = &second.location else { panic!() };
        assert_eq!(url.query(), Some("a=1&b=2"));
        assert_eq!(third.yanked.as_deref(), Some("no & why"));
        assert_eq!(found.incomplete.len(), 2, "{:?}", found.incomplete);
    }

    #[test]
    fn absurd_pages_take_no_absurd_time() {
        let start = std::time::Instant::now();
        for piece in
            ["<", "<a", "<a href='", "<!--", "<a href=x>", "&#", "<a b ", "<script>", "</", "<a href=demo-1.zip>"]
        {
            let text = piece.repeat(2_000_000 / piece.len());
            page("text/html", text.as_bytes()).ok();
        }
        assert!(start.elapsed() < std::time::Duration::from_secs(30), "{:?}", start.elapsed());
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "(<a href=|demo-1.0.zip|['\"<>&;#/!=-]|\\PC){0,60}") {
            page("text/html", text.as_bytes()).ok();
            page(JSON, text.as_bytes()).ok();
        }
    }
}
