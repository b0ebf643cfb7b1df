//! The objects of a JSON-LD file, wherever they stand: members of `@graph`, or inlined where they are used.

use std::borrow::Cow;
use std::collections::HashMap;

use vetch_model::evidence::Span;

use super::super::REMAKE;
use super::super::report::Report;
use crate::error::short;
use crate::json::{Kind, Member, Object, Value};

/// Longest namespace that ids are shortened by, in bytes: each of thousands of ids may stand for it.
const MAX_NAMESPACE: usize = 256;

/// Most members of an object that is compared with another: no class has as many, and each is looked for among all.
const MAX_COMPARED: usize = 64;

/// Classes of objects that are no elements, and to which nothing refers that matters here.
pub(super) const PARTS: &[&str] = &[
    "CdxPropertiesExtension",
    "CdxPropertyEntry",
    "ContentIdentifier",
    "DictionaryEntry",
    "EnergyConsumption",
    "EnergyConsumptionDescription",
    "ExternalIdentifier",
    "ExternalMap",
    "ExternalRef",
    "Hash",
    "NamespaceMap",
    "PackageVerificationCode",
    "PositiveIntegerRange",
];

/// An object with a class.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'d, 'a> {
    pub(super) object: &'d Object<'a>,
    pub(super) span: Span,
    /// `spdxId` or `@id`; empty if it has none.
    pub(super) id: &'d str,
    /// The class without the profile that it is of: `Package`.
    pub(super) class: &'d str,
}

/// All objects of a file.
#[derive(Debug, Default)]
pub(super) struct Graph<'d, 'a> {
    pub(super) nodes: Vec<Node<'d, 'a>>,
    places: HashMap<&'d str, usize>,
    ids: Ids<'d>,
}

/// Ids may be written in full or with a prefix; of each the way it was first written stands for all.
#[derive(Debug, Default)]
struct Ids<'d> {
    prefixes: HashMap<&'d str, &'d str>,
    known: HashMap<Cow<'d, str>, &'d str>,
}

impl<'d> Ids<'d> {
    fn of(&mut self, text: &'d str) -> &'d str {
        let text = text.trim();
        if self.prefixes.is_empty() {
            return text;
        }
        let full = match text.split_once(':') {
            Some((prefix, rest)) if !rest.starts_with("//") => match self.prefixes.get(prefix) {
                Some(namespace) => Cow::Owned(format!("{namespace}{rest}")),
                None => Cow::Borrowed(text),
            },
            _ => Cow::Borrowed(text),
        };
        self.known.entry(full).or_insert(text)
    }
}

impl<'d, 'a> Graph<'d, 'a> {
    /// Takes in the file's object. Nesting is bounded by the parser's own depth.
    pub(super) fn read(root: &'d Value<'a>, object: &'d Object<'a>, report: &mut Report<'d, 'a>) -> Graph<'d, 'a> {
        let mut graph = Graph::default();
        if let Some(context) = object.get("@context") {
            graph.read_prefixes(context, report);
        }
        match object.get("@graph") {
            Some(members) => {
                let members = members_of(members, report);
                for member in members {
                    let has_class = member.as_object().is_some_and(|object| class(object).is_some());
                    if !has_class {
                        let why = "a member of `@graph` is no object with a `type`; it was not read";
                        report.add("", member.span, why, REMAKE);
                    }
                    graph.visit(member);
                }
            }
            // A file may be one element, with the others inside it.
            None => graph.visit(root),
        }
        graph
    }

    fn read_prefixes(&mut self, context: &'d Value<'a>, report: &mut Report<'d, 'a>) {
        let items = context.as_array().unwrap_or(std::slice::from_ref(context));
        let terms = items.iter().filter_map(Value::as_object).flat_map(|object| &object.members);
        for term in terms {
            let Some(namespace) = term.value.as_str() else { continue };
            if namespace.len() > MAX_NAMESPACE {
                let why = format!("the namespace of `{}` is too long; ids are not read by it", short(&term.key));
                report.add("", term.value.span, why, REMAKE);
                continue;
            }
            self.ids.prefixes.insert(&term.key, namespace);
        }
    }

    fn visit(&mut self, value: &'d Value<'a>) {
        match &value.kind {
            Kind::Array(items) => items.iter().for_each(|item| self.visit(item)),
            Kind::Object(object) => {
                if let Some(class) = class(object) {
                    self.add(value.span, object, class);
                }
                for member in &object.members {
                    if matches!(member.value.kind, Kind::Array(_) | Kind::Object(_)) {
                        self.visit(&member.value);
                    }
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, span: Span, object: &'d Object<'a>, class: &'d str) {
        let id = self.id_of(object).unwrap_or_default();
        if id.is_empty() && PARTS.contains(&class) {
            return;
        }
        if !id.is_empty() {
            let first = *self.places.entry(id).or_insert(self.nodes.len());
            // Who inlines elements may do so at each place where one is used.
            if let Some(first) = self.nodes.get(first)
                && says_no_more(object, first.object)
            {
                return;
            }
        }
        self.nodes.push(Node { object, span, id, class });
    }

    /// The object's own id.
    fn id_of(&mut self, object: &'d Object<'a>) -> Option<&'d str> {
        let id = object.get("spdxId").or_else(|| object.get("@id"))?.as_str()?;
        Some(self.ids.of(id))
    }

    /// The id that a value gives: as a text, or of the object that is inlined.
    pub(super) fn reference(&mut self, value: &'d Value<'a>) -> Option<&'d str> {
        let id = match &value.kind {
            Kind::String(text) => Some(self.ids.of(text)),
            Kind::Object(object) => self.id_of(object),
            _ => None,
        };
        id.filter(|id| !id.is_empty())
    }

    /// The object that an id is of; the first, if it is of several.
    pub(super) fn node(&self, id: &str) -> Option<Node<'d, 'a>> {
        self.nodes.get(*self.places.get(id)?).copied()
    }

    /// What a field holds, one or several, inlined or by id.
    pub(super) fn objects(&mut self, object: &'d Object<'a>, field: &str) -> Vec<(&'d Object<'a>, Span)> {
        let mut found = Vec::new();
        for value in values(object, field) {
            if let Some(object) = value.as_object() {
                found.push((object, value.span));
            } else if let Some(node) = self.reference(value).and_then(|id| self.node(id)) {
                found.push((node.object, value.span));
            }
        }
        found
    }
}

/// Whether the one is the other, or a part of it: what it says is known, wherever it stands.
fn says_no_more(one: &Object<'_>, other: &Object<'_>) -> bool {
    let is_known = |member: &Member<'_>| other.get(&member.key).is_some_and(|value| is_same(&member.value, value));
    let is_small = other.members.len() <= MAX_COMPARED;
    is_small && one.members.len() <= other.members.len() && one.members.iter().all(is_known)
}

fn is_same(one: &Value<'_>, other: &Value<'_>) -> bool {
    match (&one.kind, &other.kind) {
        (Kind::Array(one), Kind::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Kind::Object(one), Kind::Object(other)) => {
            one.members.len() == other.members.len() && says_no_more(one, other)
        }
        (one, other) => one == other,
    }
}

/// The values of a field that may have one or several.
pub(super) fn values<'d, 'a>(object: &'d Object<'a>, field: &str) -> &'d [Value<'a>] {
    match object.get(field) {
        Some(value) if value.is_null() => &[],
        Some(value) => value.as_array().unwrap_or(std::slice::from_ref(value)),
        None => &[],
    }
}

/// The last part of a term: of `software_Package`, or of its IRI.
pub(super) fn term(text: &str) -> &str {
    let text = text.trim();
    let text = text.rsplit(['/', '#']).next().unwrap_or(text);
    text.rsplit('_').next().unwrap_or(text)
}

fn class<'d>(object: &'d Object<'_>) -> Option<&'d str> {
    let value = object.get("type").or_else(|| object.get("@type"))?;
    let text = value.as_str().or_else(|| value.as_array()?.first()?.as_str())?;
    Some(term(text)).filter(|class| !class.is_empty())
}

fn members_of<'d, 'a>(value: &'d Value<'a>, report: &mut Report<'d, 'a>) -> &'d [Value<'a>] {
    match &value.kind {
        Kind::Array(items) => items,
        Kind::Object(_) => std::slice::from_ref(value),
        _ => {
            report.wrong_type("", "@graph", value, "an array");
            &[]
        }
    }
}
