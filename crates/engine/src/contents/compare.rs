//! Compares an installed folder with the archive of the locked integrity, file by file.

use std::cmp::Ordering;
use std::collections::HashSet;

use vetch_model::facts::{FileDigest, InstalledDifference};

use crate::jobs::ArchiveRoot;
use crate::worker::root_of;

/// The files of one root of an archive, with their paths below it, sorted. What lies in
/// `node_modules` and belongs to no root is left out: on disk those are packages of their own.
pub(crate) fn files_of(archive: &[FileDigest], roots: &[ArchiveRoot], root: usize) -> Vec<FileDigest> {
    let own = archive.iter().filter_map(|file| match root_of(roots, &file.path) {
        Some((index, rest)) if index == root && !rest.starts_with("node_modules/") => {
            Some(FileDigest { path: rest.to_owned(), ..file.clone() })
        }
        _ => None,
    });
    let mut own: Vec<FileDigest> = own.collect();
    own.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    own
}

/// What differs. Both lists are sorted by path. Files named in `unreadable` are on disk, but could not be hashed.
pub(crate) fn difference(
    archive: &[FileDigest],
    installed: &[FileDigest],
    unreadable: &HashSet<&str>,
) -> InstalledDifference {
    let mut difference = InstalledDifference::default();
    let (mut left, mut right) = (archive.iter().peekable(), installed.iter().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return difference,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => a.path.cmp(&b.path),
        };
        let archived = if order.is_le() { left.next() } else { None };
        let found = if order.is_ge() { right.next() } else { None };
        match (archived, found) {
            (Some(a), Some(b)) if a.blake3 != b.blake3 => difference.changed.push(a.path.clone()),
            (Some(a), None) if !unreadable.contains(a.path.as_str()) => difference.missing.push(a.path.clone()),
            (None, Some(b)) => difference.extra.push(b.path.clone()),
            _ => {}
        }
    }
}

/// Whether a file differs only as npm itself changes it: of a command that begins with
/// `#!…\r\n`, npm takes the carriage return away, or Unix would not find the interpreter
/// (<https://github.com/npm/bin-links>, `fix-bin.js`).
pub(crate) fn is_fixed_command(installed: &[u8], archived: &FileDigest) -> bool {
    if !installed.starts_with(b"#!") || archived.size != installed.len() as u64 + 1 {
        return false;
    }
    let Some(end) = installed.iter().position(|byte| *byte == b'\n') else { return false };
    let (line, rest) = installed.split_at(end);
    let mut hasher = blake3::Hasher::new();
    hasher.update(line).update(b"\r").update(rest);
    *hasher.finalize().as_bytes() == archived.blake3
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn file(path: &str, contents: &[u8]) -> FileDigest {
        FileDigest { path: path.to_owned(), size: contents.len() as u64, blake3: *blake3::hash(contents).as_bytes() }
    }

    fn files(map: &BTreeMap<String, u8>) -> Vec<FileDigest> {
        map.iter().map(|(path, byte)| file(path, &[*byte])).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn every_path_is_judged_once(
            a in prop::collection::btree_map("[a-d]{1,2}", 0u8..3, 0..8),
            b in prop::collection::btree_map("[a-d]{1,2}", 0u8..3, 0..8),
        ) {
            let found = difference(&files(&a), &files(&b), &HashSet::new());
            let expected = |wanted: fn(Option<&u8>, Option<&u8>) -> bool| {
                let paths: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
                paths.into_iter().filter(|path| wanted(a.get(*path), b.get(*path))).cloned().collect::<Vec<_>>()
            };
            prop_assert_eq!(&found.changed, &expected(|a, b| a.is_some() && b.is_some() && a != b));
            prop_assert_eq!(&found.missing, &expected(|a, b| a.is_some() && b.is_none()));
            prop_assert_eq!(&found.extra, &expected(|a, b| a.is_none() && b.is_some()));
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_missing() {
        let found = difference(&[file("a", b"1")], &[], &HashSet::from(["a"]));
        assert!(found.is_empty());
    }

    #[test]
    fn bundled_packages_are_compared_on_their_own() {
        let root = |path: &str| ArchiveRoot { path: path.to_owned(), runs_prepare: false };
        let roots = [root(""), root("node_modules/b")];
        let archive = [file("index.js", b"1"), file("node_modules/b/index.js", b"2"), file("node_modules/c/x", b"3")];
        assert_eq!(files_of(&archive, &roots, 0), [file("index.js", b"1")]);
        assert_eq!(files_of(&archive, &roots, 1), [file("index.js", b"2")]);
    }

    #[test]
    fn only_the_carriage_return_of_the_first_line_is_forgiven() {
        let archived = file("bin", b"#!/usr/bin/env node\r\nx\r\n");
        assert!(is_fixed_command(b"#!/usr/bin/env node\nx\r\n", &archived));
        assert!(!is_fixed_command(b"#!/usr/bin/env node\r\nx\n", &archived));
        assert!(!is_fixed_command(b"#!/usr/bin/env node\ny\r\n", &archived));
        assert!(!is_fixed_command(b"x\ny", &file("bin", b"x\r\ny")));
    }
}
