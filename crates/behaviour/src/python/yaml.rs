//! YAML with tags of Python, which loaders that are not safe call (PyYAML, `!!python/object/apply`).

use super::containers::contents_of;
use crate::apis::{Apis, Call};
use crate::interp::Interp;
use crate::value::{Kind, Value};

/// Most tags of one text that are followed.
const MAX_TAGS: usize = 16;

/// What a tag that calls something begins with, before the dotted name.
const TAGS: [&str; 2] = ["!!python/object/apply:", "!!python/object/new:"];

pub(super) fn register(apis: &mut Apis) {
    let yaml = apis.add_python_module(&["yaml"]);
    apis.add_functions(yaml, &["load", "load_all", "unsafe_load", "full_load"], load);
}

fn load(interp: &mut Interp<'_>, call: &Call) -> Value {
    let data = match call.arg(0).kind {
        Kind::Object(_) => contents_of(interp, &call.arg(0)),
        _ => call.arg(0),
    };
    let taint = interp.deep_taint(&call.arg(0)).or(data.taint);
    interp.want_sources_of(taint);
    if let Some(text) = super::text(interp, &data)
        && interp.burn_bytes(text.len())
    {
        for (name, argument) in TAGS.iter().flat_map(|tag| calls(&text, tag)).take(MAX_TAGS) {
            let (module, member) = name.rsplit_once('.').unwrap_or(("builtins", name));
            let module = interp.python_builtin(if matches!(module, "posix" | "nt") { "os" } else { module });
            let function = interp.read_member(&module, member);
            if matches!(function.kind, Kind::Api(_)) {
                interp.call_value(&function, Value::UNDEFINED, vec![Value::str(argument).tainted(taint)]);
            }
        }
    }
    interp.unknown(taint)
}

/// Names that a tag calls, each with the first text that follows it.
fn calls<'t>(text: &'t str, tag: &'t str) -> impl Iterator<Item = (&'t str, &'t str)> {
    text.match_indices(tag).map(move |(at, _)| {
        let rest = &text[at + tag.len()..];
        let end = rest.find(|char: char| !(char.is_alphanumeric() || "._".contains(char))).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        let argument = rest.trim_start_matches(|char: char| char.is_whitespace() || "[-(:".contains(char));
        let argument = match argument.chars().next().filter(|quote| "\"'".contains(*quote)) {
            Some(quote) => argument[1..].split(quote).next(),
            None => argument.lines().next().map(|line| line.trim_end_matches([']', ' '])),
        };
        (name, argument.unwrap_or_default())
    })
}
