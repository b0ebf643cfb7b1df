//! The dependency fields, which manifests and lockfile entries share.

use std::collections::{HashMap, HashSet};

use vetch_model::evidence::Span;
use vetch_model::inventory::EdgeKind;
use vetch_model::manifest::Dependency;

use crate::error::short;
use crate::json::{Kind, Lines, Object, Value};

/// Something in a file that npm would not accept, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) span: Span,
    pub(crate) text: String,
}

impl Problem {
    pub(crate) fn new(span: Span, text: impl Into<String>) -> Problem {
        Problem { span, text: text.into() }
    }

    /// An entry that is no object.
    pub(crate) fn not_an_object(value: &Value<'_>) -> Problem {
        Problem::new(value.span, format!("the entry is {}, not an object", value.type_name()))
    }

    /// A field whose value is of another type than npm wants.
    pub(crate) fn wrong_type(field: &str, value: &Value<'_>, wanted: &str) -> Problem {
        Problem::new(value.span, format!("`{}` is {}, not {wanted}", short(field), value.type_name()))
    }
}

/// Problems of one entry or file. A hostile one has millions: past the first
/// hundred they are only counted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Problems {
    kept: Vec<Problem>,
    more: usize,
}

impl Problems {
    const MAX: usize = 100;

    pub(crate) fn push(&mut self, problem: Problem) {
        if self.kept.len() < Self::MAX { self.kept.push(problem) } else { self.more += 1 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The problems kept; the last one tells how many there are besides.
    pub(crate) fn into_kept(mut self) -> Vec<Problem> {
        if let Some(last) = self.kept.last().filter(|_| self.more > 0) {
            let span = last.span;
            self.kept.push(Problem::new(span, format!("and {} more problems", self.more)));
        }
        self.kept
    }

    pub(crate) fn append(&mut self, other: Problems) {
        other.kept.into_iter().for_each(|problem| self.push(problem));
        self.more += other.more;
    }
}

/// Every declared dependency in file order; odd ones are kept and reported.
pub(crate) fn read(object: &Object<'_>, lines: &Lines, problems: &mut Problems) -> Vec<Dependency> {
    let optional_peers = optional_peers(object);
    let mut found = Vec::new();
    for member in object.split_duplicates().0 {
        let kind = match member.key.as_ref() {
            "dependencies" => EdgeKind::Production,
            "devDependencies" => EdgeKind::Development,
            "optionalDependencies" => EdgeKind::Optional,
            "peerDependencies" => EdgeKind::Peer,
            _ => continue,
        };
        let Some(field) = member.value.as_object() else {
            if !is_empty(&member.value) {
                problems.push(Problem::wrong_type(&member.key, &member.value, "an object"));
            }
            continue;
        };
        let (kept, overridden) = field.split_duplicates();
        for member in overridden {
            problems.push(duplicate(&member.key, member.span));
        }
        for entry in kept {
            if entry.value.as_str().is_none() {
                problems.push(Problem::wrong_type(&format!("{}.{}", member.key, entry.key), &entry.value, "a string"));
            }
            let is_optional_peer = kind == EdgeKind::Peer && optional_peers.contains(entry.key.as_ref());
            found.push(Dependency {
                name: entry.key.to_string(),
                range: entry.value.as_str().unwrap_or_default().to_owned(),
                kind: if is_optional_peer { EdgeKind::PeerOptional } else { kind },
                span: entry.span,
                line: lines.line(entry.span.start),
            });
        }
    }
    found
}

/// Names that `peerDependenciesMeta` marks as optional.
fn optional_peers<'o>(object: &'o Object<'_>) -> HashSet<&'o str> {
    let Some(meta) = object.get("peerDependenciesMeta").and_then(Value::as_object) else {
        return HashSet::new();
    };
    let is_optional = |value: &Value<'_>| {
        value.as_object().and_then(|entry| entry.get("optional")).and_then(Value::as_bool) == Some(true)
    };
    let (kept, _) = meta.split_duplicates();
    kept.into_iter().filter(|member| is_optional(&member.value)).map(|member| member.key.as_ref()).collect()
}

/// The report of a member that a later one of the same key overrides.
pub(crate) fn duplicate(key: &str, span: Span) -> Problem {
    Problem::new(span, format!("the key `{}` stands here twice; npm takes the last", short(key)))
}

/// Values that old tools write for "none".
fn is_empty(value: &Value<'_>) -> bool {
    match &value.kind {
        Kind::Null | Kind::Bool(false) => true,
        Kind::Array(items) => items.is_empty(),
        Kind::String(text) => text.is_empty(),
        _ => false,
    }
}

/// `bundleDependencies` (or its other spelling): `true` bundles all that is needed to run.
pub(crate) fn read_bundled(object: &Object<'_>, dependencies: &[Dependency], problems: &mut Problems) -> Vec<String> {
    let Some(value) = object.get("bundleDependencies").or_else(|| object.get("bundledDependencies")) else {
        return Vec::new();
    };
    let needed = |kind| matches!(kind, EdgeKind::Production | EdgeKind::Optional);
    match &value.kind {
        Kind::Bool(true) => {
            dependencies.iter().filter(|dependency| needed(dependency.kind)).map(|d| d.name.clone()).collect()
        }
        Kind::Bool(false) | Kind::Null => Vec::new(),
        // Older npm took the keys of an object.
        Kind::Object(names) => names.members.iter().map(|member| member.key.to_string()).collect(),
        Kind::Array(_) => strings("bundleDependencies", value, problems),
        _ => {
            problems.push(Problem::wrong_type("bundleDependencies", value, "an array"));
            Vec::new()
        }
    }
}

/// A list of strings; a lone string counts as a list of one.
pub(crate) fn strings(field: &str, value: &Value<'_>, problems: &mut Problems) -> Vec<String> {
    match &value.kind {
        Kind::String(text) => vec![text.to_string()],
        Kind::Array(items) => {
            let mut found = Vec::with_capacity(items.len());
            for item in items {
                match item.as_str() {
                    Some(text) => found.push(text.to_owned()),
                    None => problems.push(Problem::wrong_type(&format!("{field}[]"), item, "a string")),
                }
            }
            found
        }
        Kind::Null => Vec::new(),
        _ => {
            problems.push(Problem::wrong_type(field, value, "an array of strings"));
            Vec::new()
        }
    }
}

/// What npm makes of one name in several fields: one edge. Development counts
/// only for the user's own packages; a name needed in production stays so, an
/// optional one may be missing even if `dependencies` repeats it (npm writes
/// optional dependencies into both).
pub(crate) fn effective(dependencies: &[Dependency], with_development: bool) -> Vec<&Dependency> {
    let rank = |kind| match kind {
        EdgeKind::Optional => 4,
        EdgeKind::Production => 3,
        EdgeKind::Development if with_development => 2,
        EdgeKind::Development => 0,
        _ => 1,
    };
    // A name stands once in a field; where one field counts alone, there is nothing to weigh.
    let first = dependencies.iter().map(|dependency| rank(dependency.kind)).find(|rank| *rank > 0);
    if dependencies.iter().all(|dependency| [first, Some(0)].contains(&Some(rank(dependency.kind)))) {
        return dependencies.iter().filter(|dependency| rank(dependency.kind) > 0).collect();
    }
    let mut best: HashMap<&str, usize> = HashMap::with_capacity(dependencies.len());
    for dependency in dependencies {
        let slot = best.entry(dependency.name.as_str()).or_default();
        *slot = (*slot).max(rank(dependency.kind));
    }
    let mut taken = HashSet::new();
    dependencies
        .iter()
        .filter(|dependency| {
            let rank = rank(dependency.kind);
            rank > 0 && best.get(dependency.name.as_str()) == Some(&rank) && taken.insert(dependency.name.as_str())
        })
        .collect()
}
