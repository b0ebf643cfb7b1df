//! Extras that ask for other extras of the same project: `all = ["demo[docs,test]"]`.

use std::collections::{HashMap, HashSet};

use vetch_model::inventory::EdgeKind;

use crate::python::wanted::Wanted;

/// Most dependencies after the expansion.
const MAX_EXPANDED: usize = 200_000;

/// Replaces what asks for the project itself by what the extras named there ask for.
pub(super) fn expand(own_name: &str, wanted: Vec<Wanted>) -> Vec<Wanted> {
    let is_own = |one: &Wanted| !own_name.is_empty() && one.name == own_name && one.source.is_none();
    let (own, others): (Vec<Wanted>, Vec<Wanted>) = wanted.into_iter().partition(is_own);
    if own.is_empty() {
        return others;
    }
    let mut asks: HashMap<&str, Vec<&str>> = HashMap::new();
    for one in own.iter().filter(|one| one.kind == EdgeKind::Optional) {
        if let Some(group) = &one.group {
            asks.entry(group).or_default().extend(extras(one));
        }
    }
    let mut by_extra: HashMap<&str, Vec<&Wanted>> = HashMap::new();
    for one in others.iter().filter(|one| one.kind == EdgeKind::Optional) {
        if let Some(extra) = &one.group {
            by_extra.entry(extra).or_default().push(one);
        }
    }
    let mut added = Vec::new();
    for one in &own {
        let mut open: Vec<&str> = extras(one).collect();
        let mut seen = HashSet::new();
        while let Some(extra) = open.pop() {
            if !seen.insert(extra) {
                continue;
            }
            open.extend(asks.get(extra).into_iter().flatten());
            for brought in by_extra.get(extra).into_iter().flatten() {
                if added.len() < MAX_EXPANDED {
                    added.push(brought_by(one, brought, extra));
                }
            }
        }
    }
    others.into_iter().chain(added).collect()
}

/// What `extra` brings, brought by whatever asks for the extra instead.
fn brought_by(asker: &Wanted, brought: &Wanted, extra: &str) -> Wanted {
    let condition = format!("extra == \"{extra}\"");
    let marker = brought.marker.as_deref().and_then(|marker| marker.strip_suffix(condition.as_str()));
    let marker = marker.and_then(|marker| marker.strip_suffix(" and ")).map(str::to_owned);
    let mut wanted = Wanted { kind: asker.kind, group: asker.group.clone(), marker, ..brought.clone() };
    if let Some(condition) = &asker.marker {
        wanted.only_when(condition);
    }
    wanted
}

/// The extras in `name[a,b]`.
fn extras(wanted: &Wanted) -> impl Iterator<Item = &str> {
    let inside = wanted.asked.split_once('[').map_or("", |(_, rest)| rest.trim_end_matches(']'));
    inside.split(',').filter(|extra| !extra.is_empty())
}
