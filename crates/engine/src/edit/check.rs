//! Whether edits do what was meant, and nothing else: the file is parsed before and after, and every value is
//! compared. An anchor in YAML that others refer to, a key that stands twice, a quote that would end early: all
//! of it shows here.

use std::collections::{BTreeMap, BTreeSet};

use vetch_lockfiles::tree::{Syntax, Tree, parse};

use super::Change;

/// Why a change must not be made.
pub(super) fn fault(file: &str, change: &Change) -> Option<String> {
    let syntax = change.syntax?;
    let (before, after) = match (values(change.bytes(), file, syntax), values(&change.result(), file, syntax)) {
        (Ok(before), Ok(after)) => (before, after),
        (Err(error), _) => return Some(error),
        (_, Err(error)) => return Some(format!("it could not be read afterwards: {error}")),
    };
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed: BTreeSet<&String> =
        paths.into_iter().filter(|path| !path.is_empty() && before.get(*path) != after.get(*path)).collect();
    let meant: BTreeSet<&String> = change.meant.iter().collect();
    let differs = |what: &str, path: &str| format!("`{}` would {what}", path.replace('\0', "."));
    if let Some(path) = changed.difference(&meant).next() {
        return Some(differs("change as well", path));
    }
    meant.difference(&changed).next().map(|path| differs("not change", path))
}

/// Every value by its path; of duplicate keys all values count.
fn values(bytes: &[u8], file: &str, syntax: Syntax) -> Result<BTreeMap<String, Vec<String>>, String> {
    let leaves = match bytes.is_empty() {
        true => Vec::new(),
        false => parse(bytes, file, syntax).as_ref().map(Tree::leaves).map_err(ToString::to_string)?,
    };
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, value) in leaves {
        values.entry(path).or_default().push(value);
    }
    Ok(values)
}
