//! Which requirements files are entered on their own: those that no other includes,
//! and of an `x.in` with its compiled `x.txt` the latter.

use std::collections::{BTreeMap, BTreeSet};

use vetch_lockfiles::{Files, beside};

/// Larger ones are read by themselves; the reader says what it makes of them.
const MAX_BYTES: u64 = 4 << 20;

/// Of `candidates`, those to be read.
pub(super) fn entries(files: &dyn Files, candidates: &[&str]) -> Vec<String> {
    let known: BTreeSet<&str> = candidates.iter().copied().collect();
    let is_source =
        |path: &str| path.strip_suffix(".in").is_some_and(|stem| known.contains(format!("{stem}.txt").as_str()));
    let included: BTreeMap<&str, Vec<String>> = candidates.iter().map(|path| (*path, includes(files, path))).collect();
    let mut is_included: BTreeSet<&str> = BTreeSet::new();
    for (from, to) in &included {
        is_included.extend(to.iter().map(String::as_str).filter(|to| to != from));
    }
    let mut chosen = Vec::new();
    let mut covered: BTreeSet<String> = BTreeSet::new();
    // Those that nobody includes, then one of each ring of files that include each other.
    for round in [false, true] {
        for path in candidates.iter().filter(|path| is_included.contains(**path) == round) {
            if covered.contains(*path) || is_source(path) {
                continue;
            }
            chosen.push((*path).to_owned());
            cover(path, &included, &mut covered);
        }
    }
    chosen.sort();
    chosen
}

/// Marks a file and everything that it includes.
fn cover(path: &str, included: &BTreeMap<&str, Vec<String>>, covered: &mut BTreeSet<String>) {
    let mut ahead = vec![path.to_owned()];
    while let Some(path) = ahead.pop() {
        if covered.insert(path.clone()) {
            ahead.extend(included.get(path.as_str()).into_iter().flatten().cloned());
        }
    }
}

/// The files that a file names with `-r` and `-c`, in plain form; only those that could lie in the tree.
fn includes(files: &dyn Files, path: &str) -> Vec<String> {
    let Ok(Some(bytes)) = files.read(path, MAX_BYTES) else { return Vec::new() };
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().map(str::trim).filter(|line| line.starts_with('-'));
    lines.filter_map(option_value).filter_map(|name| plain(&beside(path, name))).collect()
}

/// `-r x`, `-rx`, `--requirement x`, `--requirement=x`, and the same for constraints.
fn option_value(line: &str) -> Option<&str> {
    let rest = ["--requirement", "--constraint", "-r", "-c"].iter().find_map(|option| line.strip_prefix(option))?;
    let value = rest.trim_start().trim_start_matches('=').split(" #").next()?.trim();
    (!value.is_empty() && !value.contains("://")).then(|| value.trim_matches(['"', '\'']))
}

/// Without `.` and `..`; nothing that leads out of the tree.
fn plain(path: &str) -> Option<String> {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()?),
            _ => segments.push(segment),
        }
    }
    Some(segments.join("/"))
}

#[cfg(test)]
mod tests {
    use vetch_lockfiles::MemoryFiles;

    use super::*;

    fn chosen(files: &[(&str, &str)]) -> Vec<String> {
        let tree =
            MemoryFiles(files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect());
        entries(&tree, &files.iter().map(|(path, _)| *path).collect::<Vec<_>>())
    }

    #[test]
    fn what_another_includes_is_not_entered() {
        let files = [
            ("base.txt", "a==1"),
            ("constraints.txt", "a<2"),
            ("dev.txt", "-r base.txt # the base\n-c ./constraints.txt\n"),
            ("sub/x.txt", "--requirement=../base.txt\n"),
        ];
        assert_eq!(chosen(&files), ["dev.txt", "sub/x.txt"]);
    }

    #[test]
    fn rings_and_loops_are_entered_once() {
        assert_eq!(chosen(&[("a.txt", "-r b.txt"), ("b.txt", "-r a.txt")]), ["a.txt"]);
        assert_eq!(chosen(&[("a.txt", "-r a.txt\nx")]), ["a.txt"]);
        assert_eq!(chosen(&[("a.txt", "-r ../../a.txt"), ("b.txt", "-r https://h/a.txt")]), ["a.txt", "b.txt"]);
    }

    #[test]
    fn the_compiled_file_beats_its_source() {
        assert_eq!(chosen(&[("x.in", "a"), ("x.txt", "a==1"), ("y.in", "b")]), ["x.txt", "y.in"]);
    }
}
