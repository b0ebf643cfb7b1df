//! SPDX tag-value, turned into the JSON of the same document
//! (<https://spdx.github.io/spdx-spec/v2.3/>, "Tag: value" of each field).
//!
//! Order is all the structure there is: `PackageName` starts a package, `FileName`
//! a file, and what follows belongs to it. Relationships may stand anywhere.

use std::borrow::Cow;
use std::collections::HashSet;

use vetch_model::evidence::Span;

use super::{MAX_BYTES, MAX_VALUES, REMAKE, place};
use crate::error::{ReadError, ReadErrorKind};
use crate::files::too_large;
use crate::json::{Document, Kind, Member, Object, Value};

/// Tags of SPDX 2 that say nothing needed here; they are passed over. What is in
/// no list becomes a member under its own name, which the reader then reports.
const PASSED_OVER: &[&str] = &[
    "Created",
    "Creator",
    "CreatorComment",
    "DataLicense",
    "DocumentComment",
    "DocumentName",
    "DocumentNamespace",
    "ExternalDocumentRef",
    "LicenseListVersion",
    "PackageAttributionText",
    "PackageComment",
    "PackageCopyrightText",
    "PackageDescription",
    "PackageHomePage",
    "PackageLicenseComments",
    "PackageLicenseConcluded",
    "PackageLicenseDeclared",
    "PackageLicenseInfoFromFiles",
    "PackageOriginator",
    "PackageSourceInfo",
    "PackageSummary",
    "PackageSupplier",
    "PackageVerificationCode",
    "PrimaryPackagePurpose",
    "FilesAnalyzed",
    "BuiltDate",
    "ReleaseDate",
    "ValidUntilDate",
    "ExternalRefComment",
    "RelationshipComment",
    "FileType",
    "FileChecksum",
    "FileComment",
    "FileContributor",
    "FileCopyrightText",
    "FileDependency",
    "FileNotice",
    "FileAttributionText",
    "LicenseComments",
    "LicenseConcluded",
    "LicenseInfoInFile",
    "ArtifactOfProjectName",
    "ArtifactOfProjectHomePage",
    "ArtifactOfProjectURI",
    "SnippetFromFileSPDXID",
    "SnippetByteRange",
    "SnippetLineRange",
    "SnippetLicenseConcluded",
    "SnippetLicenseComments",
    "SnippetCopyrightText",
    "SnippetComment",
    "SnippetName",
    "SnippetAttributionText",
    "LicenseInfoInSnippet",
    "LicenseID",
    "LicenseName",
    "LicenseComment",
    "LicenseCrossReference",
    "ExtractedText",
    "Annotator",
    "AnnotationDate",
    "AnnotationComment",
    "AnnotationType",
    "SPDXREF",
    "Reviewer",
    "ReviewDate",
    "ReviewComment",
];

/// Parses one file.
///
/// # Errors
/// When it is too large, holds too many tags, is an unfinished merge or has no tag at all.
pub(super) fn parse<'a>(text: &'a str, file: &'a str) -> Result<Document<'a>, ReadError> {
    if text.len() > MAX_BYTES {
        return Err(too_large(file, text.len() as u64, MAX_BYTES as u64));
    }
    let fault = |kind, at, problem: &str| ReadError::new(kind, place(text.as_bytes(), file, at), problem, REMAKE);
    let mut lines = Tags { text, at: if text.starts_with('\u{feff}') { 3 } else { 0 } };
    let mut builder = Builder::default();
    let mut count = 0;
    while let Some(tag) = lines.next_tag().map_err(|(at, problem)| fault(ReadErrorKind::Syntax, at, problem))? {
        if tag.name.starts_with("<<<<<<<") {
            let problem = "an unfinished merge left its conflict markers here";
            return Err(fault(ReadErrorKind::Conflict, tag.span.start as usize, problem));
        }
        count += 1;
        if count > MAX_VALUES / 8 {
            let problem = "it holds more tags than any honest file of its kind";
            return Err(fault(ReadErrorKind::TooLarge, tag.span.start as usize, problem));
        }
        builder.add(tag);
    }
    if count == 0 {
        return Err(fault(ReadErrorKind::Syntax, 0, "the file is empty"));
    }
    let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
    let root = Value { span: Span { start: 0, end }, kind: Kind::Object(builder.finish()) };
    Ok(Document::of(root, text.as_bytes(), file))
}

/// One `Tag: value`.
struct Tag<'a> {
    /// Without a colon, the whole line.
    name: &'a str,
    value: Option<&'a str>,
    span: Span,
}

/// The tags of a text.
struct Tags<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tags<'a> {
    fn next_tag(&mut self) -> Result<Option<Tag<'a>>, (usize, &'static str)> {
        loop {
            let start = self.at;
            let rest = self.text.get(start..).unwrap_or_default();
            if rest.is_empty() {
                return Ok(None);
            }
            let length = rest.find('\n').unwrap_or(rest.len());
            let line = rest.get(..length).unwrap_or_default();
            self.at = start + length + 1;
            let trimmed = line.trim();
            if trimmed.is_empty() || trimmed.starts_with('#') {
                continue;
            }
            let Some((name, value)) = trimmed.split_once(':').filter(|_| !trimmed.starts_with("<<<<<<<")) else {
                return Ok(Some(Tag { name: trimmed, value: None, span: span(start, start + line.len()) }));
            };
            let value = match value.trim().strip_prefix("<text>") {
                Some(_) => self.long_text(start)?,
                None => value.trim(),
            };
            let end = self.at.saturating_sub(1).min(self.text.len());
            return Ok(Some(Tag { name: name.trim(), value: Some(value), span: span(start, end) }));
        }
    }

    /// `<text>…</text>` over several lines, from the line that starts at `start`.
    fn long_text(&mut self, start: usize) -> Result<&'a str, (usize, &'static str)> {
        let rest = self.text.get(start..).unwrap_or_default();
        let Some((from, to)) = rest.find("<text>").and_then(|from| Some((from + 6, rest.find("</text>")?))) else {
            return Err((start, "the file ends inside a `<text>`"));
        };
        let tail = rest.get(to..).unwrap_or_default();
        self.at = start + to + tail.find('\n').unwrap_or(tail.len()) + 1;
        Ok(rest.get(from..to).unwrap_or_default().trim())
    }
}

/// What the tags so far belong to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Section {
    #[default]
    Document,
    Package,
    File,
    Other,
}

/// The document that grows tag by tag.
#[derive(Default)]
struct Builder<'a> {
    document: Vec<Member<'a>>,
    packages: Vec<Value<'a>>,
    files: Vec<Value<'a>>,
    relationships: Vec<Value<'a>>,
    section: Section,
    /// The members, checksums and references of the current package or file.
    members: Vec<Member<'a>>,
    checksums: Vec<Value<'a>>,
    references: Vec<Value<'a>>,
    span: Span,
    /// Tags that SPDX does not have.
    unknown: HashSet<&'a str>,
}

impl<'a> Builder<'a> {
    fn add(&mut self, tag: Tag<'a>) {
        let Some(value) = tag.value else {
            let key = Cow::Borrowed(tag.name);
            self.document.push(member(key, Kind::Null, tag.span));
            return;
        };
        match tag.name {
            "PackageName" => self.start(Section::Package, tag.span, Some(("name", value))),
            "FileName" => self.start(Section::File, tag.span, Some(("fileName", value))),
            "SnippetSPDXID" => {
                self.start(Section::File, tag.span, None);
                self.field("SPDXID", value, tag.span);
            }
            "LicenseID" => self.start(Section::Other, tag.span, None),
            "SPDXVersion" => self.document.push(text("spdxVersion", value, tag.span)),
            "SPDXID" => self.field("SPDXID", value, tag.span),
            "PackageVersion" => self.field("versionInfo", value, tag.span),
            "PackageFileName" => self.field("packageFileName", value, tag.span),
            "PackageDownloadLocation" => self.field("downloadLocation", value, tag.span),
            "PackageLicenseDeclared" => self.field("licenseDeclared", value, tag.span),
            "PackageChecksum" => {
                let (algorithm, digest) = value.split_once(':').unwrap_or((value, ""));
                let members = [("algorithm", algorithm), ("checksumValue", digest)];
                self.checksums.push(object(&members, tag.span));
                self.extend(tag.span);
            }
            "ExternalRef" => {
                let mut words = value.split_ascii_whitespace();
                let members = [
                    ("referenceCategory", words.next().unwrap_or_default()),
                    ("referenceType", words.next().unwrap_or_default()),
                    ("referenceLocator", words.next().unwrap_or_default()),
                ];
                self.references.push(object(&members, tag.span));
                self.extend(tag.span);
            }
            "Relationship" => {
                let mut words = value.split_ascii_whitespace();
                let members = [
                    ("spdxElementId", words.next().unwrap_or_default()),
                    ("relationshipType", words.next().unwrap_or_default()),
                    ("relatedSpdxElement", words.next().unwrap_or_default()),
                ];
                self.relationships.push(object(&members, tag.span));
            }
            name if PASSED_OVER.contains(&name) => self.extend(tag.span),
            // Told once each, not as a field that stands twice.
            name if self.unknown.insert(name) => self.document.push(text(name, value, tag.span)),
            _ => {}
        }
    }

    /// Ends what was current and starts anew.
    fn start(&mut self, section: Section, span: Span, name: Option<(&'static str, &'a str)>) {
        self.close();
        self.section = section;
        self.span = span;
        self.members.extend(name.map(|(key, value)| text(key, value, span)));
    }

    /// A field of what is current.
    fn field(&mut self, key: &'static str, value: &'a str, span: Span) {
        match self.section {
            Section::Document => self.document.push(text(key, value, span)),
            _ => {
                self.members.push(text(key, value, span));
                self.extend(span);
            }
        }
    }

    fn extend(&mut self, span: Span) {
        self.span.end = self.span.end.max(span.end);
    }

    fn close(&mut self) {
        let mut members = std::mem::take(&mut self.members);
        for (key, items) in [("checksums", &mut self.checksums), ("externalRefs", &mut self.references)] {
            if let Some(span) = items.first().map(|item| item.span) {
                members.push(member(Cow::Borrowed(key), Kind::Array(std::mem::take(items)), span));
            }
        }
        let value = Value { span: self.span, kind: Kind::Object(Object::new(members)) };
        match self.section {
            Section::Package => self.packages.push(value),
            Section::File => self.files.push(value),
            // Fields before the first package, or of a licence: none are known.
            Section::Document | Section::Other => {
                if let Kind::Object(object) = value.kind {
                    self.document.extend(object.members);
                }
            }
        }
    }

    fn finish(mut self) -> Object<'a> {
        self.close();
        let span = Span::default();
        let sections = [("packages", self.packages), ("files", self.files), ("relationships", self.relationships)];
        for (key, items) in sections {
            if !items.is_empty() {
                self.document.push(member(Cow::Borrowed(key), Kind::Array(items), span));
            }
        }
        Object::new(self.document)
    }
}

fn member<'a>(key: Cow<'a, str>, kind: Kind<'a>, span: Span) -> Member<'a> {
    Member { key, span, value: Value { span, kind } }
}

fn text<'a>(key: &'a str, value: &'a str, span: Span) -> Member<'a> {
    member(Cow::Borrowed(key), Kind::String(Cow::Borrowed(value)), span)
}

fn object<'a>(fields: &[(&'static str, &'a str)], span: Span) -> Value<'a> {
    let members = fields.iter().map(|(key, value)| text(key, value.trim(), span)).collect();
    Value { span, kind: Kind::Object(Object::new(members)) }
}

fn span(start: usize, end: usize) -> Span {
    let offset = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    Span { start: offset(start), end: offset(end) }
}
