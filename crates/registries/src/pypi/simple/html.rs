//! The HTML form (PEP 503), read by a small tokeniser of its own: it knows tags, attributes,
//! comments and character references, goes over the text once and builds no tree. Index pages need
//! no more, and a hostile one cannot ask for more.

use url::Url;
use vetch_model::Outcome;

use super::{
    CoreMetadata, Faults, FileKind, FileLocation, Form, MAX_FILES, ProjectFile, ProjectPage, Raw, fragment_integrity,
    last_segment, link,
};
use crate::pypi::error::IndexError;
use crate::pypi::simple::file_name;

/// Attributes of one tag beyond these are passed over.
const MAX_ATTRIBUTES: usize = 32;

/// An opening tag: its lower-case name and its attributes, in order.
struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
    /// Where the text behind it begins.
    end: usize,
}

impl Tag {
    /// The first of this name, as browsers take it.
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Anchors of a page with what is said of them, and the page's own words about itself.
pub(crate) struct Anchors {
    pub(crate) files: Vec<ProjectFile>,
    api_version: Option<(u32, u32)>,
    status: Option<String>,
    status_reason: Option<String>,
    /// Whether the page says that it is one of the Simple API.
    says_so: bool,
    anchors: usize,
}

pub(crate) fn read(raw: &Raw<'_>, text: &str) -> Result<Outcome<ProjectPage>, IndexError> {
    let mut faults = Faults::new(raw.index, raw.name);
    let found = anchors(raw, text, false, &mut faults);
    if let Some((major, _)) = found.api_version.filter(|(major, _)| *major != 1) {
        return Err(raw.no_page(format!("its API version {major} is newer than what is known")));
    }
    // Login pages of portals have links too, but none to an archive.
    if found.files.is_empty() && !found.says_so {
        let reason = match found.anchors {
            0 => "it is a web page without any links",
            _ => "it is a web page whose links are none to this project's files",
        };
        return Err(raw.no_page(reason.to_owned()));
    }
    let value = ProjectPage {
        name: raw.name.to_owned(),
        index: raw.index.to_owned(),
        form: Form::Html,
        api_version: found.api_version,
        files: found.files,
        versions: None,
        status: found.status,
        status_reason: found.status_reason,
    };
    Ok(Outcome { value, incomplete: faults.finish() })
}

/// Every link to a file of the project. On pages of links (`of_any`) other projects' are no fault.
pub(crate) fn anchors(raw: &Raw<'_>, text: &str, of_any: bool, faults: &mut Faults<'_>) -> Anchors {
    let mut found = Anchors {
        files: Vec::new(),
        api_version: None,
        status: None,
        status_reason: None,
        says_so: raw.content_type.starts_with("application/vnd.pypi.simple."),
        anchors: 0,
    };
    let mut base = raw.url.clone();
    let mut has_base = false;
    let mut at = 0;
    while let Some(tag) = next_tag(text, &mut at) {
        match tag.name.as_str() {
            "base" if !has_base => {
                if let Some((url, _)) = tag.get("href").and_then(|href| link(raw.url, href)) {
                    base = url;
                    has_base = true;
                }
            }
            "meta" => found.meta(&tag),
            "a" => {
                found.anchors += 1;
                if found.files.len() >= MAX_FILES {
                    faults.add("the page", format!("more than {MAX_FILES} files; the rest was not read"));
                    break;
                }
                let shown = text.get(tag.end..).unwrap_or_default();
                found.files.extend(file(raw, &base, &tag, shown, of_any, faults));
            }
            // What stands in scripts and styles is no markup.
            "script" | "style" => skip_to_end_of(text, &tag.name, &mut at),
            _ => {}
        }
    }
    found
}

impl Anchors {
    fn meta(&mut self, tag: &Tag) {
        let content = tag.get("content").unwrap_or_default();
        match tag.get("name") {
            Some("pypi:repository-version") => {
                self.says_so = true;
                self.api_version = api_version(content);
            }
            Some("pypi:project-status") => self.status = Some(content.to_owned()),
            Some("pypi:project-status-reason") => self.status_reason = Some(content.to_owned()),
            _ => {}
        }
    }
}

fn file(
    raw: &Raw<'_>,
    base: &Url,
    tag: &Tag,
    shown: &str,
    of_any: bool,
    faults: &mut Faults<'_>,
) -> Option<ProjectFile> {
    let href = tag.get("href")?;
    let resolved = link(base, href);
    let Some((url, fragment)) = resolved else {
        if !of_any {
            faults.add(href, "the link is no http or https URL");
        }
        return None;
    };
    // The URL says the name; where it is opaque, the text of the link does (PEP 503).
    let of_url = last_segment(&url);
    let of_text = || unescaped(shown.split('<').next().unwrap_or_default().trim());
    let name = if FileKind::of(&of_url) == FileKind::Other { of_text() } else { of_url };
    let kind = FileKind::of(&name);
    let version = file_name::version(&name, raw.name).map(str::to_owned);
    if !file_name::is_plain(&name) || (version.is_none() && kind != FileKind::Other) {
        if !of_any {
            faults.add(&name, "its name is no file's of this project");
        }
        return None;
    }
    if kind == FileKind::Other {
        return None;
    }
    let provenance = tag.get("data-provenance").and_then(|href| link(base, href)).map(|(url, _)| url);
    let metadata = tag.get("data-core-metadata").or_else(|| tag.get("data-dist-info-metadata"));
    Some(ProjectFile {
        file_name: name,
        kind,
        version,
        location: FileLocation::Url(url),
        integrity: fragment.as_deref().and_then(fragment_integrity),
        requires_python: tag.get("data-requires-python").map(str::to_owned),
        upload_time: None,
        size: None,
        yanked: tag.get("data-yanked").map(str::to_owned),
        core_metadata: match metadata {
            Some("false") | None => CoreMetadata::Absent,
            Some(hash) => CoreMetadata::Available(fragment_integrity(hash)),
        },
        provenance,
    })
}

/// `1.4` of `meta.api-version`.
pub(crate) fn api_version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.trim().split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// The next opening tag at or behind `at`, which moves behind it.
fn next_tag(text: &str, at: &mut usize) -> Option<Tag> {
    loop {
        let start = *at + text.get(*at..)?.find('<')?;
        let rest = text.get(start + 1..)?;
        if let Some(comment) = rest.strip_prefix("!--") {
            // A comment without an end takes the rest of the page, as in browsers.
            *at = start + 4 + comment.find("-->")? + 3;
            continue;
        }
        *at = start + 1;
        if rest.starts_with(|first: char| first.is_ascii_alphabetic()) {
            return Some(tag(text, at));
        }
    }
}

/// The tag whose name begins at `at`.
fn tag(text: &str, at: &mut usize) -> Tag {
    let take = |at: &mut usize, ends: &dyn Fn(u8) -> bool| {
        let rest = text.get(*at..).unwrap_or_default();
        let length = rest.bytes().position(ends).unwrap_or(rest.len());
        *at += length;
        rest.get(..length).unwrap_or_default()
    };
    let space = |byte: u8| byte.is_ascii_whitespace() || byte == b'/';
    let name = take(at, &|byte| space(byte) || byte == b'>').to_ascii_lowercase();
    let mut attributes = Vec::new();
    loop {
        take(at, &|byte| !space(byte));
        let rest = text.get(*at..).unwrap_or_default();
        if rest.is_empty() || rest.starts_with('>') {
            *at += usize::from(!rest.is_empty());
            return Tag { name, attributes, end: *at };
        }
        // An `=` at the very start belongs to the name, as in browsers.
        let start = *at;
        *at += rest.chars().next().map_or(0, char::len_utf8);
        take(at, &|byte| space(byte) || matches!(byte, b'=' | b'>'));
        let key = text.get(start..*at).unwrap_or_default().to_ascii_lowercase();
        let before = *at;
        take(at, &|byte| !byte.is_ascii_whitespace());
        let mut value = "";
        if text.as_bytes().get(*at) == Some(&b'=') {
            *at += 1;
            take(at, &|byte| !byte.is_ascii_whitespace());
            value = match text.as_bytes().get(*at) {
                Some(quote @ (b'"' | b'\'')) => {
                    *at += 1;
                    let value = take(at, &|byte| byte == *quote);
                    *at = (*at + 1).min(text.len());
                    value
                }
                _ => take(at, &|byte| byte.is_ascii_whitespace() || byte == b'>'),
            };
        } else {
            *at = before;
        }
        if attributes.len() < MAX_ATTRIBUTES {
            attributes.push((key, unescaped(value)));
        }
    }
}

fn skip_to_end_of(text: &str, name: &str, at: &mut usize) {
    let rest = text.get(*at..).unwrap_or_default();
    let closes = |(found, _): &(usize, &str)| {
        rest.get(found + 2..found + 2 + name.len()).is_some_and(|tag| tag.eq_ignore_ascii_case(name))
    };
    *at += rest.match_indices("</").find(closes).map_or(rest.len(), |(found, _)| found);
}

/// Resolves the character references that index pages have: the five of XML, and numbers.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = rest.find('&') {
        plain.push_str(rest.get(..found).unwrap_or_default());
        rest = rest.get(found..).unwrap_or_default();
        // No reference is longer than this.
        let end = rest.bytes().take(12).position(|byte| byte == b';');
        let reference = end.and_then(|end| rest.get(1..end));
        match reference.and_then(character) {
            Some(letter) => {
                plain.push(letter);
                rest = rest.get(end.unwrap_or_default() + 1..).unwrap_or_default();
            }
            None => {
                plain.push('&');
                rest = rest.get(1..).unwrap_or_default();
            }
        }
    }
    plain.push_str(rest);
    plain
}

fn character(reference: &str) -> Option<char> {
    match reference {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        _ => {}
    }
    let number = reference.strip_prefix('#')?;
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(code).filter(|letter| *letter != '\0')
}
