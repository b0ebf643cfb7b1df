//! CycloneDX in XML, turned into the JSON of the same names
//! (<https://cyclonedx.org/docs/1.6/xml/>).
//!
//! A pull parser with limits of its own. A document type is refused, so there are
//! no entities but XML's own five and characters by number; nothing is expanded.
//! Elements of other namespaces are extensions and passed over.

use std::borrow::Cow;

use quick_xml::NsReader;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use vetch_model::evidence::Span;

use super::{MAX_BYTES, MAX_VALUES, REMAKE, place};
use crate::error::{ReadError, ReadErrorKind, short};
use crate::files::too_large;
use crate::json::{Document, Kind, Member, Object, Value};

/// Deepest nesting, as for JSON.
const MAX_DEPTH: usize = 256;

const NAMESPACE: &str = "http://cyclonedx.org/schema/bom/";

/// How an element becomes JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Its attributes and elements are members.
    Object,
    /// Its text.
    Text,
    /// Its elements, all of this name, are items.
    List(&'static str),
    /// Its attributes, and its text as this member.
    Content(&'static str),
    /// `<dependency ref>`: its elements' references, by name.
    Dependency,
    /// `<dependency ref>` or `<provides ref>` inside of one.
    Reference,
    /// Not needed: `null`.
    Skipped,
}

/// The shape of the element `name` in an element called `parent`.
fn shape(parent: &str, name: &str) -> Shape {
    match (parent, name) {
        ("" | "services", _) | ("bom", "metadata") => Shape::Object,
        (_, "component") | ("externalReferences", "reference") | ("compositions", "composition") => Shape::Object,
        ("dependencies", "dependency") => Shape::Dependency,
        ("dependency", "dependency" | "provides") => Shape::Reference,
        ("bom" | "component", "components") => Shape::List("component"),
        ("bom" | "service", "services") => Shape::List("service"),
        ("bom", "dependencies") => Shape::List("dependency"),
        ("bom", "compositions") => Shape::List("composition"),
        ("component" | "reference", "hashes") => Shape::List("hash"),
        ("component", "externalReferences") => Shape::List("reference"),
        ("component", "properties") => Shape::List("property"),
        ("hashes", "hash") => Shape::Content("content"),
        ("properties", "property") => Shape::Content("value"),
        ("component", "licenses") | ("licenses", "license") => Shape::Object,
        ("licenses", "expression") | ("license", "id" | "name") => Shape::Text,
        ("component", "group" | "name" | "version" | "purl" | "cpe" | "scope" | "versionRange") => Shape::Text,
        ("reference", "url") | ("composition", "aggregate") => Shape::Text,
        _ => Shape::Skipped,
    }
}

/// Parses one file.
///
/// # Errors
/// When it is no XML, has a document type or an unknown entity, nests too deeply,
/// holds too much or is no CycloneDX.
pub(super) fn parse<'a>(text: &'a str, file: &'a str) -> Result<Document<'a>, ReadError> {
    if text.len() > MAX_BYTES {
        return Err(too_large(file, text.len() as u64, MAX_BYTES as u64));
    }
    let mut reader = NsReader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut parser = Parser { reader, room: MAX_VALUES, depth: 0 };
    match parser.document() {
        Ok(root) => Ok(Document::of(root, text.as_bytes(), file)),
        Err(fault) => {
            let conflict = text.starts_with("<<<<<<<").then_some(0).or_else(|| text.find("\n<<<<<<<").map(|at| at + 1));
            let (kind, at, problem) = match conflict {
                Some(at) if fault.kind == ReadErrorKind::Syntax => {
                    (ReadErrorKind::Conflict, at, "an unfinished merge left its conflict markers here".to_owned())
                }
                _ => (fault.kind, fault.at, fault.problem),
            };
            Err(ReadError::new(kind, place(text.as_bytes(), file, at), problem, REMAKE))
        }
    }
}

struct Fault {
    kind: ReadErrorKind,
    at: usize,
    problem: String,
}

/// What an event means here.
enum Step<'a> {
    /// An element of CycloneDX's namespace starts.
    Start(BytesStart<'a>),
    /// One of another namespace starts.
    Foreign,
    End,
    Text(Cow<'a, str>),
    Eof,
}

struct Parser<'a> {
    reader: NsReader<&'a [u8]>,
    /// Values that may still come.
    room: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn at(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    fn syntax<T>(&self, at: usize, problem: impl Into<String>) -> Result<T, Fault> {
        Err(Fault { kind: ReadErrorKind::Syntax, at, problem: problem.into() })
    }

    fn document(&mut self) -> Result<Value<'a>, Fault> {
        let mut root: Option<Value<'a>> = None;
        loop {
            let start = self.at();
            match self.step()? {
                Step::Eof => break,
                Step::Start(tag) if root.is_none() && tag.local_name().into_inner() == "bom" => {
                    root = Some(self.bom(&tag, start)?);
                }
                Step::Start(_) | Step::Foreign => return self.no_bom(start),
                Step::Text(text) if text.trim().is_empty() => {}
                Step::Text(_) | Step::End => return self.syntax(start, "there is text outside of the root element"),
            }
        }
        root.map_or_else(|| self.syntax(0, "the file holds no element"), Ok)
    }

    fn no_bom<T>(&self, at: usize) -> Result<T, Fault> {
        let problem = format!("the root element is not the one `bom` in a namespace `{NAMESPACE}…`");
        Err(Fault { kind: ReadErrorKind::Shape, at, problem })
    }

    /// The root, with what JSON states and XML has in its namespace.
    fn bom(&mut self, tag: &BytesStart<'a>, start: usize) -> Result<Value<'a>, Fault> {
        let ResolveResult::Bound(namespace) = self.reader.resolver().resolve_element(tag.name()).0 else {
            return self.no_bom(start);
        };
        let version = namespace.into_inner().strip_prefix(NAMESPACE).unwrap_or_default().to_owned();
        let end = self.at();
        let mut value = self.element(tag, start, "")?;
        if let Kind::Object(object) = &mut value.kind {
            let mut members = std::mem::take(&mut object.members);
            for (key, text) in [("bomFormat", "CycloneDX".to_owned()), ("specVersion", version)] {
                let span = span(start, end);
                let value = Value { span, kind: Kind::String(Cow::Owned(text)) };
                members.push(Member { key: Cow::Borrowed(key), span, value });
            }
            *object = Object::new(members);
        }
        Ok(value)
    }

    /// The next event that means something.
    fn step(&mut self) -> Result<Step<'a>, Fault> {
        loop {
            let start = self.at();
            let event = match self.reader.read_event() {
                Ok(event) => event,
                Err(error) => {
                    let at = usize::try_from(self.reader.error_position()).unwrap_or(start);
                    return self.syntax(at, format!("it is no XML: {}", short(&error.to_string())));
                }
            };
            match event {
                Event::Start(tag) => {
                    let resolved = self.reader.resolver().resolve_element(tag.name()).0;
                    return match resolved {
                        ResolveResult::Bound(namespace) if namespace.into_inner().starts_with(NAMESPACE) => {
                            Ok(Step::Start(tag))
                        }
                        ResolveResult::Unknown(prefix) => {
                            let problem = format!("the prefix `{}` stands for no namespace", short(&prefix));
                            self.syntax(start, problem)
                        }
                        _ => Ok(Step::Foreign),
                    };
                }
                Event::End(_) => return Ok(Step::End),
                Event::Text(text) => return Ok(Step::Text(text.into_inner())),
                Event::CData(text) => return Ok(Step::Text(text.into_inner())),
                Event::GeneralRef(reference) => return self.reference(start, &reference),
                Event::Eof => return Ok(Step::Eof),
                Event::DocType(_) => {
                    return self.syntax(
                        start,
                        "it has a document type (`<!DOCTYPE`), which no SBOM needs; entities are never expanded",
                    );
                }
                Event::Decl(declaration) => self.check_encoding(start, &declaration)?,
                Event::Comment(_) | Event::PI(_) | Event::Empty(_) => {}
            }
        }
    }

    fn check_encoding(&self, at: usize, declaration: &quick_xml::events::BytesDecl<'_>) -> Result<(), Fault> {
        match declaration.encoding() {
            Some(Ok(name))
                if !matches!(name.to_ascii_lowercase().as_str(), "utf-8" | "utf8" | "us-ascii" | "ascii") =>
            {
                self.syntax(at, format!("its encoding is `{}`; only UTF-8 is read", short(&name)))
            }
            Some(Err(error)) => self.syntax(at, format!("it is no XML: {}", short(&error.to_string()))),
            _ => Ok(()),
        }
    }

    /// `&amp;` and the like, and characters by number; any other entity is refused.
    fn reference(&self, at: usize, reference: &quick_xml::events::BytesRef<'a>) -> Result<Step<'a>, Fault> {
        let name: &str = reference;
        let character = match name {
            "lt" => Some('<'),
            "gt" => Some('>'),
            "amp" => Some('&'),
            "apos" => Some('\''),
            "quot" => Some('"'),
            _ => reference.resolve_char_ref().ok().flatten(),
        };
        match character {
            Some(character) => Ok(Step::Text(Cow::Owned(character.to_string()))),
            None => {
                self.syntax(at, format!("the entity `&{};` is not XML's own; entities are never expanded", short(name)))
            }
        }
    }

    /// The element that `tag` has just started, to its end.
    fn element(&mut self, tag: &BytesStart<'a>, start: usize, parent: &str) -> Result<Value<'a>, Fault> {
        self.take_room(start)?;
        if self.depth == MAX_DEPTH {
            let problem = format!("it nests deeper than {MAX_DEPTH} levels");
            return Err(Fault { kind: ReadErrorKind::TooDeep, at: start, problem });
        }
        self.depth += 1;
        let name = tag.local_name().into_inner();
        let kind = match shape(parent, name) {
            Shape::Skipped => {
                self.skip()?;
                Kind::Null
            }
            Shape::Text => Kind::String(self.content()?),
            Shape::Content(field) => {
                let mut members = self.attributes(tag, start)?;
                let from = self.at();
                let text = self.content()?;
                let span = span(from, self.at());
                let value = Value { span, kind: Kind::String(text) };
                members.push(Member { key: Cow::Borrowed(field), span, value });
                Kind::Object(Object::new(members))
            }
            Shape::List(item) => Kind::Array(self.list(name, item)?),
            Shape::Object => {
                let mut members = self.attributes(tag, start)?;
                self.members(name, &mut members)?;
                Kind::Object(Object::new(members))
            }
            Shape::Dependency => self.dependency(tag, start)?,
            Shape::Reference => self.reference_to(tag, start)?,
        };
        self.depth -= 1;
        Ok(Value { span: span(start, self.at()), kind })
    }

    fn take_room(&mut self, at: usize) -> Result<(), Fault> {
        match self.room.checked_sub(1) {
            Some(room) => self.room = room,
            None => {
                let problem = "it holds more values than any honest file of its kind".to_owned();
                return Err(Fault { kind: ReadErrorKind::TooLarge, at, problem });
            }
        }
        Ok(())
    }

    fn attributes(&mut self, tag: &BytesStart<'a>, start: usize) -> Result<Vec<Member<'a>>, Fault> {
        let mut members = Vec::new();
        let place = span(start, self.at());
        let mut attributes = tag.attributes();
        // Its own look for duplicates is quadratic; that of `Object` is not.
        attributes.with_checks(false);
        for attribute in attributes {
            self.take_room(start)?;
            let attribute = match attribute {
                Ok(attribute) => attribute,
                Err(error) => return self.syntax(start, format!("it is no XML: {}", short(&error.to_string()))),
            };
            let key: &str = attribute.key.into_inner();
            // Namespaces and other vocabularies' attributes are no fields.
            if key == "xmlns" || key.contains(':') {
                continue;
            }
            let text = match attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0) {
                Ok(text) => text.into_owned(),
                Err(error) => {
                    return self.syntax(start, format!("an attribute is unreadable: {}", short(&error.to_string())));
                }
            };
            let value = Value { span: place, kind: Kind::String(Cow::Owned(text)) };
            members.push(Member { key: Cow::Owned(key.to_owned()), span: place, value });
        }
        Ok(members)
    }

    /// The elements up to the end of the one called `parent`.
    fn members(&mut self, parent: &str, members: &mut Vec<Member<'a>>) -> Result<(), Fault> {
        loop {
            let start = self.at();
            match self.step()? {
                Step::Start(tag) => {
                    let value = self.element(&tag, start, parent)?;
                    let key = Cow::Owned(tag.local_name().into_inner().to_owned());
                    members.push(Member { key, span: value.span, value });
                }
                Step::Foreign => self.skip_deeper(start)?,
                Step::End => return Ok(()),
                Step::Text(text) if text.trim().is_empty() => {}
                Step::Text(_) => {
                    return self.syntax(start, format!("there is text in `{}`, which has none", short(parent)));
                }
                Step::Eof => return self.syntax(start, "the file ends inside an element"),
            }
        }
    }

    fn list(&mut self, parent: &str, item: &str) -> Result<Vec<Value<'a>>, Fault> {
        let mut members = Vec::new();
        self.members(parent, &mut members)?;
        let keep = |member: Member<'a>| match member.key == item {
            true => member.value,
            // A string where an object belongs: the readers report it.
            false => Value { span: member.span, kind: Kind::String(member.key) },
        };
        Ok(members.into_iter().map(keep).collect())
    }

    fn dependency(&mut self, tag: &BytesStart<'a>, start: usize) -> Result<Kind<'a>, Fault> {
        let mut members = self.attributes(tag, start)?;
        let mut inner = Vec::new();
        self.members("dependency", &mut inner)?;
        let (wanted, rest): (Vec<_>, Vec<_>) = inner.into_iter().partition(|member| member.key == "dependency");
        let (provided, unknown): (Vec<_>, Vec<_>) = rest.into_iter().partition(|member| member.key == "provides");
        for (key, found) in [("dependsOn", wanted), ("provides", provided)] {
            if let Some(span) = found.first().map(|member| member.span) {
                let items = found.into_iter().map(|member| member.value).collect();
                let value = Value { span, kind: Kind::Array(items) };
                members.push(Member { key: Cow::Borrowed(key), span, value });
            }
        }
        members.extend(unknown);
        Ok(Kind::Object(Object::new(members)))
    }

    /// The reference itself; without one, `null`, which the readers report.
    fn reference_to(&mut self, tag: &BytesStart<'a>, start: usize) -> Result<Kind<'a>, Fault> {
        let attributes = self.attributes(tag, start)?;
        self.skip()?;
        let reference = attributes.into_iter().find(|member| member.key == "ref");
        Ok(reference.map_or(Kind::Null, |member| member.value.kind))
    }

    /// The text up to the end of the element.
    fn content(&mut self) -> Result<Cow<'a, str>, Fault> {
        let mut content = Cow::Borrowed("");
        loop {
            let start = self.at();
            match self.step()? {
                Step::Text(text) if content.is_empty() => content = text,
                Step::Text(text) => content.to_mut().push_str(&text),
                Step::End => return Ok(content),
                Step::Foreign => self.skip_deeper(start)?,
                Step::Start(_) => return self.syntax(start, "there is an element where only text belongs"),
                Step::Eof => return self.syntax(start, "the file ends inside an element"),
            }
        }
    }

    fn skip_deeper(&mut self, at: usize) -> Result<(), Fault> {
        self.take_room(at)?;
        self.skip()
    }

    /// Passes over everything up to the end of the element that has just started.
    fn skip(&mut self) -> Result<(), Fault> {
        let mut depth = self.depth;
        let bottom = depth;
        loop {
            let start = self.at();
            match self.step()? {
                Step::Start(_) | Step::Foreign => {
                    self.take_room(start)?;
                    depth += 1;
                    if depth > MAX_DEPTH {
                        let problem = format!("it nests deeper than {MAX_DEPTH} levels");
                        return Err(Fault { kind: ReadErrorKind::TooDeep, at: start, problem });
                    }
                }
                Step::End if depth == bottom => return Ok(()),
                Step::End => depth -= 1,
                Step::Text(_) => {}
                Step::Eof => return self.syntax(start, "the file ends inside an element"),
            }
        }
    }
}

fn span(start: usize, end: usize) -> Span {
    let offset = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    Span { start: offset(start), end: offset(end) }
}
