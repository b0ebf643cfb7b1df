//! One attempt at one archive or document: redirects by hand, hashing while the bytes come in.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::time::{Duration, SystemTime};

use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH,
    LOCATION, RETRY_AFTER,
};
use reqwest::{Response, StatusCode};
use rustls::CertificateError;
use tempfile::SpooledTempFile;
use url::Url;
use vetch_model::Integrity;
use vetch_model::integrity::{Digest, HashAlgorithm};

use super::authority::Authority;
use super::error::{FetchError, cut, shown};
use super::resolver::RefusedAddress;
use super::retry::retry_after;
use super::target::{self, Passage};
use super::transport::{Transport, chain};
use crate::digest::Hasher;
use crate::npmrc::origin;

/// Followed at most; npm follows 20, registries need one or two.
const MAX_REDIRECTS: usize = 5;
/// What an archive may take in memory; the rest of it goes to a temporary file.
const IN_MEMORY: usize = 4 << 20;

/// A fetched archive, read from its beginning: in memory if small, else in a
/// temporary file without a name.
pub struct Tarball {
    body: SpooledTempFile,
    /// Size in bytes.
    pub len: u64,
    /// SHA-512 of the bytes.
    pub sha512: Digest,
    /// Whether it was compared with an integrity; else nothing vouches for it but the connection.
    pub verified: bool,
    /// Where it came from in the end, without secrets.
    pub url: String,
}

impl fmt::Debug for Tarball {
    /// Without its bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Tarball");
        shown.field("url", &self.url).field("len", &self.len).field("verified", &self.verified).finish_non_exhaustive()
    }
}

impl Read for Tarball {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.body.read(buffer)
    }
}

impl Seek for Tarball {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.body.seek(to)
    }
}

impl Tarball {
    /// An archive that was read from a folder of the user's.
    pub(crate) fn local(bytes: &[u8], sha512: Digest, verified: bool, url: String) -> io::Result<Tarball> {
        let mut body = SpooledTempFile::new(IN_MEMORY);
        body.write_all(bytes)?;
        body.rewind()?;
        Ok(Tarball { body, len: bytes.len() as u64, sha512, verified, url })
    }

    /// All bytes. For a large archive, reading it as a stream takes less memory.
    ///
    /// # Errors
    /// When its temporary file cannot be read.
    pub fn into_bytes(mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(usize::try_from(self.len).unwrap_or_default());
        self.body.rewind()?;
        self.body.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// Why an attempt failed, and when the server would like the next one.
pub(crate) struct Failure {
    pub(crate) error: FetchError,
    pub(crate) retry_after: Option<Duration>,
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Failure {
        Failure { error, retry_after: None }
    }
}

/// What is asked for, whatever its URL.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// What it must hash to.
    pub(crate) integrity: Option<Integrity>,
    /// The value of `Accept`.
    pub(crate) accept: &'static str,
    /// What an answer that nothing vouches for must look like.
    pub(crate) kind: Kind,
    /// The entity tag of what is at hand: where it is still the same, nothing is sent.
    pub(crate) known: Option<String>,
}

/// Kinds of answers, known by their first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// npm's archives.
    Gzip,
    /// Wheels, eggs and source distributions: zip, gzip, bzip2 or xz.
    Python,
    /// A document, judged by who asked for it.
    Document,
    /// A large document, sent compressed: npm's of a package, a page of TAXII.
    Packument,
}

impl Kind {
    fn fits(self, start: &[u8]) -> bool {
        let magic: &[&[u8]] = match self {
            Kind::Gzip => &[&[0x1f, 0x8b]],
            Kind::Python => &[b"PK\x03\x04", &[0x1f, 0x8b], b"BZh", &[0xfd, b'7', b'z', b'X', b'Z']],
            Kind::Document | Kind::Packument => return true,
        };
        magic.iter().any(|magic| start.starts_with(magic))
    }

    fn is_document(self) -> bool {
        matches!(self, Kind::Document | Kind::Packument)
    }
}

/// An answer that was taken in.
pub(crate) struct Answer {
    /// Its bytes and what they hash to.
    pub(crate) tarball: Tarball,
    /// Where it came from in the end: the base of relative links in it.
    pub(crate) url: Url,
    /// `Content-Type`, as sent.
    pub(crate) content_type: String,
    /// `ETag`, as sent.
    pub(crate) tag: Option<String>,
    /// All headers.
    pub(crate) headers: HeaderMap,
    /// Whether what is at hand is still the same; then there are no bytes.
    pub(crate) is_unchanged: bool,
}

impl Answer {
    fn unchanged(url: &Url) -> io::Result<Answer> {
        let tarball = Tarball::local(&[], Hasher::new(HashAlgorithm::Sha512).finish().sha512, false, shown(url))?;
        let (content_type, headers) = (String::new(), HeaderMap::new());
        Ok(Answer { tarball, url: url.clone(), content_type, tag: None, headers, is_unchanged: true })
    }
}

/// What every attempt needs.
pub(crate) struct Attempt<'a> {
    pub(crate) config: &'a dyn Authority,
    pub(crate) transport: &'a Transport,
    pub(crate) wanted: &'a Wanted,
    pub(crate) limit: u64,
}

impl Attempt<'_> {
    /// Follows redirects from `first` to an answer and takes it in.
    pub(crate) async fn run(&self, first: &Url) -> Result<Answer, Failure> {
        let mut url = first.clone();
        let (mut may_be_local, mut authorised) = (true, true);
        for _ in 0..=MAX_REDIRECTS {
            let integrity = self.wanted.integrity.as_ref();
            let passage = target::passage(self.config, &self.transport.proxy_hosts, &url, integrity, may_be_local)?;
            let response = self.ask(&url, &passage, authorised).await?;
            if response.status() == StatusCode::NOT_MODIFIED && self.wanted.known.is_some() {
                let spool = |error: io::Error| FetchError::Spool { url: shown(&url), reason: error.to_string() };
                return Ok(Answer::unchanged(&url).map_err(spool)?);
            }
            if !response.status().is_redirection() {
                let sent = authorised && passage.authorization.is_some();
                check_status(&url, &response, sent, passage.held_back)?;
                return Ok(self.take(&url, response).await?);
            }
            let next = redirect(&url, &response)?;
            if !self.config.allows_redirect(&url, &next) {
                let reason = "it leads to another host, which your settings do not name";
                return Err(FetchError::RefusedRedirect { url: shown(&url), to: shown(&next), reason }.into());
            }
            if url.scheme() != next.scheme() || origin(&url) != origin(&next) {
                // Once dropped, credentials stay dropped, even if a later hop comes back.
                authorised = false;
                may_be_local = may_be_local && self.config.user_names(&url);
            }
            url = next;
        }
        Err(FetchError::TooManyRedirects { url: shown(first), limit: MAX_REDIRECTS }.into())
    }

    async fn ask(&self, url: &Url, passage: &Passage, authorised: bool) -> Result<Response, FetchError> {
        let client = if passage.named { &self.transport.named } else { &self.transport.public };
        // A compressed transfer of a compressed file would only hide what is hashed.
        let encoding = if self.wanted.kind == Kind::Packument { "gzip" } else { "identity" };
        let mut request = client.get(url.clone()).header(ACCEPT, self.wanted.accept).header(ACCEPT_ENCODING, encoding);
        if let Some(tag) = self.wanted.known.as_deref().and_then(|tag| HeaderValue::from_str(tag).ok()) {
            request = request.header(IF_NONE_MATCH, tag);
        }
        if let Some(secret) = passage.authorization.as_ref().filter(|_| authorised) {
            let reason = || FetchError::Setup {
                reason: "credentials for this host hold characters that no header can".to_owned(),
            };
            let mut value = HeaderValue::from_str(secret.expose()).map_err(|_| reason())?;
            value.set_sensitive(true);
            request = request.header(self.config.authorization_header(), value);
        }
        request.send().await.map_err(|error| sending_failed(url, &error))
    }

    /// Takes the body in: bounded, hashed on the way, compared at the end.
    async fn take(&self, url: &Url, mut response: Response) -> Result<Answer, FetchError> {
        let integrity = self.wanted.integrity.as_ref();
        let too_large = || FetchError::TooLarge { url: shown(url), limit: self.limit };
        if response.content_length().is_some_and(|length| length > self.limit) {
            return Err(too_large());
        }
        let header = |name: HeaderName| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
        let (content_type, tag) = (header(CONTENT_TYPE).unwrap_or_default(), header(ETAG));
        let headers = response.headers().clone();
        let is_packed = header(CONTENT_ENCODING).is_some_and(|encoding| encoding.eq_ignore_ascii_case("gzip"));
        let says_html = content_type.to_ascii_lowercase().contains("html");
        let spool = |error: io::Error| FetchError::Spool { url: shown(url), reason: error.to_string() };
        let algorithm = integrity.map_or(HashAlgorithm::Sha512, Integrity::algorithm);
        let (mut hasher, mut start, mut len) = (Hasher::new(algorithm), Vec::new(), 0u64);
        let mut body = SpooledTempFile::new(IN_MEMORY);
        while let Some(chunk) = response.chunk().await.map_err(|error| body_failed(url, &error))? {
            len += chunk.len() as u64;
            if len > self.limit {
                return Err(too_large());
            }
            start.extend(chunk.iter().take(64usize.saturating_sub(start.len())));
            hasher.update(&chunk);
            body.write_all(&chunk).map_err(spool)?;
        }
        let hashed = hasher.finish();
        let matched = integrity.map(|expected| hashed.check(expected));
        let page_is_wrong = !self.wanted.kind.is_document() && !matches!(matched, Some(Ok(())));
        if page_is_wrong && (says_html || looks_like_html(&start)) {
            return Err(FetchError::WebPage { url: shown(url) });
        }
        if let Some(Err(mismatch)) = matched {
            let (expected, actual) = (mismatch.expected, mismatch.actual);
            return Err(FetchError::IntegrityMismatch { url: shown(url), expected, actual });
        }
        if integrity.is_none() && !self.wanted.kind.fits(&start) {
            return Err(FetchError::NotAnArchive { url: shown(url) });
        }
        body.rewind().map_err(spool)?;
        if is_packed && self.wanted.kind.is_document() {
            (body, len) = unpacked(body, self.limit).map_err(spool)?.ok_or_else(too_large)?;
        }
        let tarball = Tarball { body, len, sha512: hashed.sha512, verified: integrity.is_some(), url: shown(url) };
        Ok(Answer { tarball, url: url.clone(), content_type, tag, headers, is_unchanged: false })
    }
}

/// A document that came compressed; `None` if it is larger than `limit`.
fn unpacked(body: SpooledTempFile, limit: u64) -> io::Result<Option<(SpooledTempFile, u64)>> {
    let mut whole = SpooledTempFile::new(IN_MEMORY);
    let mut reader = flate2::read::MultiGzDecoder::new(io::BufReader::new(body)).take(limit + 1);
    let len = io::copy(&mut reader, &mut whole)?;
    whole.rewind()?;
    Ok((len <= limit).then_some((whole, len)))
}

fn looks_like_html(start: &[u8]) -> bool {
    let text = String::from_utf8_lossy(start).trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    ["<!doctype", "<html", "<head", "<body", "<!--", "<?xml", "<script"].iter().any(|tag| text.starts_with(tag))
}

fn redirect(url: &Url, response: &Response) -> Result<Url, FetchError> {
    let location = response.headers().get(LOCATION).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    redirect_to(url, &location.unwrap_or_default())
}

fn redirect_to(url: &Url, text: &str) -> Result<Url, FetchError> {
    let refused = |to: String, reason| FetchError::RefusedRedirect { url: shown(url), to, reason };
    let next =
        url.join(text).ok().filter(|next| !text.is_empty() && next.host_str().is_some_and(|host| !host.is_empty()));
    let Some(mut next) = next.filter(|next| matches!(next.scheme(), "http" | "https")) else {
        let to = text.split(['?', '@']).next().map(cut).unwrap_or_default();
        return Err(refused(to, "it is no http or https URL"));
    };
    if url.scheme() == "https" && next.scheme() == "http" {
        return Err(refused(shown(&next), "it leads from https to plain http"));
    }
    // A password in a redirect is someone else's.
    if next.set_username("").and_then(|()| next.set_password(None)).is_err() {
        return Err(refused(shown(&next), "it is no http or https URL"));
    }
    Ok(next)
}

fn check_status(url: &Url, response: &Response, sent: bool, held_back: bool) -> Result<(), Failure> {
    let status = response.status();
    let url = shown(url);
    let header = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let after = header.and_then(|value| retry_after(value, SystemTime::now()));
    let error = match status {
        StatusCode::OK => return Ok(()),
        StatusCode::UNAUTHORIZED => FetchError::Unauthorized { url, sent, held_back },
        StatusCode::FORBIDDEN => FetchError::Forbidden { url },
        StatusCode::NOT_FOUND | StatusCode::GONE => FetchError::NotFound { url, status: status.as_u16() },
        StatusCode::TOO_MANY_REQUESTS => FetchError::RateLimited { url, retry_after: after },
        _ => FetchError::Status { url, status: status.as_u16() },
    };
    Err(Failure { error, retry_after: after })
}

/// Finds a cause of this type.
fn cause<E: std::error::Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<E>() {
            return Some(found);
        }
        // An I/O error hides from `source` what it wraps, which may be another I/O error.
        next = match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => cause.source(),
        };
    }
    None
}

fn sending_failed(url: &Url, error: &reqwest::Error) -> FetchError {
    if let Some(refused) = cause::<RefusedAddress>(error) {
        let (host, address, reason) = (refused.host.clone(), Some(refused.address), refused.reason);
        return FetchError::RefusedAddress { host, address, reason };
    }
    let tls = cause::<rustls::Error>(error);
    let url = shown(url);
    if let Some(refused @ rustls::Error::InvalidCertificate(problem)) = tls {
        return FetchError::Certificate { url, reason: refused.to_string(), advice: advice(problem) };
    }
    if let Some(error @ rustls::Error::InvalidMessage(_)) = tls {
        return FetchError::NoTls { url, reason: error.to_string() };
    }
    if error.is_timeout() {
        return FetchError::Timeout { url };
    }
    // The chain's first link repeats the URL, with its query.
    let reason = std::error::Error::source(error).map(chain).unwrap_or_else(|| "no reason given".to_owned());
    if error.is_connect() { FetchError::Connect { url, reason } } else { FetchError::Interrupted { url, reason } }
}

/// What to do about a certificate that is not accepted.
fn advice(problem: &CertificateError) -> &'static str {
    match problem {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "check this machine's clock; if it is right, ask who runs the registry to renew the certificate"
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "check this machine's clock; if it is right, ask who runs the registry"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the server is not the one it should be: check `registry` and `https-proxy` in ~/.npmrc, and the network"
        }
        _ => "if a company proxy re-signs connections, name its certificate with `cafile` in ~/.npmrc",
    }
}

fn body_failed(url: &Url, error: &reqwest::Error) -> FetchError {
    if error.is_timeout() {
        return FetchError::Timeout { url: shown(url) };
    }
    let reason = std::error::Error::source(error).map(chain).unwrap_or_else(|| "no reason given".to_owned());
    FetchError::Interrupted { url: shown(url), reason }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::http::resolver::PublicResolver;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn redirects_lead_only_where_they_may() {
        let from = url("https://a.invalid/x/y?token=secret");
        assert_eq!(redirect_to(&from, "../z").unwrap().as_str(), "https://a.invalid/z");
        assert_eq!(redirect_to(&from, "//b.invalid/z").unwrap().as_str(), "https://b.invalid/z");
        assert_eq!(redirect_to(&from, "https://u:p@b.invalid/z").unwrap().as_str(), "https://b.invalid/z");
        for to in ["", "http://a.invalid/x", "file:///etc/passwd", "ftp://a.invalid/", "https://", "javascript:1"] {
            let error = redirect_to(&from, to).unwrap_err();
            assert!(matches!(error, FetchError::RefusedRedirect { .. }), "{to}: {error}");
            assert!(!error.to_string().contains("secret"));
        }
        assert!(redirect_to(&url("http://a.invalid/"), "http://b.invalid/").is_ok());
    }

    #[test]
    fn a_name_that_turns_out_private_is_refused_before_connecting() {
        rustls::crypto::ring::default_provider().install_default().ok();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let resolver = PublicResolver::answering(vec![address]);
        let client = reqwest::Client::builder().no_proxy().dns_resolver(std::sync::Arc::new(resolver)).build().unwrap();
        let target = url(&format!("http://rebound.invalid:{}/", address.port()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let error = runtime.block_on(client.get(target.clone()).send()).unwrap_err();
        let expected = FetchError::RefusedAddress {
            host: "rebound.invalid".to_owned(),
            address: Some(address.ip()),
            reason: "loopback",
        };
        assert_eq!(sending_failed(&target, &error), expected);
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err(), "nothing may have connected");
    }

    #[test]
    fn web_pages_are_known_by_their_start() {
        assert!(looks_like_html(b"\xef\xbb\xbf \n<!DOCTYPE html>") && looks_like_html(b"<HTML>"));
        assert!(!looks_like_html(b"\x1f\x8b") && !looks_like_html(b"{}"));
    }
}
