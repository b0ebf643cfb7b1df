//! Files that hold others, and folders that are searched: databases, archives of applications, patterns of paths.

use crate::apis::{Apis, Call, filesystem};
use crate::interp::Interp;
use crate::value::{HOLE, Taint, Value};

/// Modules that open an SQLite database, and the names under which they do.
const DATABASES: &[(&[&str], &[&str])] = &[
    (&["better-sqlite3", "better-sqlite3-multiple-ciphers", "bun:sqlite"], &["Database"]),
    (&["sqlite3", "@vscode/sqlite3", "@journeyapps/sqlcipher"], &["Database", "cached"]),
    (&["sqlite", "node:sqlite"], &["open", "DatabaseSync"]),
];

/// Modules that list the files that a pattern describes.
const SEARCHES: &[&[&str]] = &[
    &["glob"],
    &["fast-glob"],
    &["globby"],
    &["tiny-glob", "tiny-glob/sync"],
    &["tinyglobby"],
    &["readdirp"],
    &["klaw", "klaw-sync"],
    &["recursive-readdir"],
    &["walk"],
    &["fdir"],
];

/// Characters that stand for others in a pattern.
const WILDCARDS: &[char] = &['*', '?', '{', '[', '!', '(', '+', '@'];

pub(super) fn register(apis: &mut Apis) {
    for (names, opens) in DATABASES {
        let module = apis.add_module(names);
        apis.set_call(module, open);
        apis.add_functions(module, opens, open);
    }
    for names in SEARCHES {
        let module = apis.add_module(names);
        apis.set_call(module, search);
        apis.add_functions(
            module,
            &["sync", "globSync", "glob", "async", "globby", "globbySync", "stream", "iterate"],
            search,
        );
    }
    let asar = apis.add_module(&["@electron/asar", "asar"]);
    apis.add_functions(asar, &["extractAll", "extractFile", "listPackage"], |interp, call| {
        let taint = filesystem::read_effects(interp, &call.arg(0)).1;
        interp.unknown(taint)
    });
    apis.add_functions(
        asar,
        &["createPackage", "createPackageWithOptions", "createPackageFromFiles", "createPackageFromStreams"],
        |interp, call| {
            interp.write_effects(&call.arg(1), &Value::UNKNOWN);
            interp.unknown(Taint::NONE)
        },
    );
}

/// A database: what it is asked for comes from its file.
fn open(interp: &mut Interp<'_>, call: &Call) -> Value {
    let path = match interp.option(&call.arg(0), "filename") {
        Some(path) => path,
        None => call.arg(0),
    };
    let taint = match path.alternatives().iter().any(|path| path.as_str().is_some()) {
        true => filesystem::read_effects(interp, &path).1,
        false => Taint::NONE,
    };
    let database = interp.unknown(taint);
    interp.finish_with(call, &database)
}

/// The files that a pattern describes: one stands for all.
fn search(interp: &mut Interp<'_>, call: &Call) -> Value {
    let folder = interp.option(&call.arg(1), "cwd").and_then(|folder| interp.to_text(&folder));
    let patterns = match call.arg(0).as_str() {
        Some(_) => vec![call.arg(0)],
        None => interp.iterate(&call.arg(0)).unwrap_or_default(),
    };
    let patterns = patterns.iter().flat_map(|pattern| pattern.alternatives().to_vec());
    let found: Vec<Value> = patterns
        .filter_map(|pattern| Some(Value::str(described(&interp.to_text(&pattern)?, folder.as_deref()))))
        .collect();
    if found.is_empty() {
        return interp.call_unknown(&Value::UNKNOWN, call.args.clone());
    }
    let found = interp.array(found);
    interp.finish_with(call, &found)
}

/// What is known of the paths that a pattern describes: what stands before its first wildcard, and how they end.
fn described(pattern: &str, folder: Option<&str>) -> String {
    let known = pattern.split(WILDCARDS).next().unwrap_or_default();
    let mut path = match folder.filter(|_| !known.starts_with(['/', '<', '~'])) {
        Some(folder) => format!("{folder}/{known}"),
        None => known.to_owned(),
    };
    if let Some(hidden) = pattern.get(known.len()..).filter(|hidden| !hidden.is_empty()) {
        path.push(HOLE);
        let ending = hidden.rsplit_once('.').map_or("", |(_, ending)| ending);
        if !ending.is_empty() && ending.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            path.push('.');
            path.push_str(ending);
        }
    }
    path
}
