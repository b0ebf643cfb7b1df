//! Workspace patterns (`packages/*`): which folders they mean.
//!
//! The subset that npm, Yarn and Bun share: `*`, `?`, `**`, `{a,b}`, and `!` before a
//! pattern that takes folders away. Links are never followed, `node_modules`
//! and hidden folders never looked into.

use std::collections::{BTreeSet, HashSet};

use vetch_model::evidence::Location;
use vetch_model::outcome::Incomplete;

use super::range::joined;
use crate::error::short;
use crate::files::{Files, ListedKind};

/// Most folders looked into for one project.
const MAX_FOLDERS: usize = 50_000;

/// Most alternatives that the braces of one pattern stand for.
const MAX_ALTERNATIVES: usize = 64;

/// Most segments of a pattern or folder.
const MAX_DEPTH: usize = 64;

/// Folders below `base` that the patterns of the manifest `file` mean, in order of
/// name, relative to `base`. Whether they hold a manifest is not looked at.
pub(crate) fn expand(
    files: &dyn Files,
    base: &str,
    patterns: &[String],
    file: &str,
    incomplete: &mut Vec<Incomplete>,
) -> Vec<String> {
    let mut walk = Walk { files, base, room: MAX_FOLDERS, found: BTreeSet::new(), incomplete, file };
    let (without, with): (Vec<&String>, Vec<&String>) = patterns.iter().partition(|pattern| pattern.starts_with('!'));
    for pattern in with {
        for pattern in alternatives(pattern) {
            match joined("", &pattern) {
                Some(plain) if plain.split('/').count() <= MAX_DEPTH => walk.expand(&plain),
                _ => walk.tell(format!("its pattern `{}` leads out of the project", short(&pattern))),
            }
        }
    }
    let mut found = walk.found;
    for pattern in without.iter().flat_map(|pattern| alternatives(pattern.trim_start_matches('!'))) {
        let plain = joined("", &pattern).unwrap_or_default();
        let segments: Vec<&str> = plain.split('/').collect();
        found.retain(|folder| !matches(&segments, folder));
    }
    found.into_iter().collect()
}

struct Walk<'f> {
    files: &'f dyn Files,
    base: &'f str,
    room: usize,
    found: BTreeSet<String>,
    incomplete: &'f mut Vec<Incomplete>,
    file: &'f str,
}

impl Walk<'_> {
    fn tell(&mut self, why: String) {
        let hint = "only what lies in the project is read: mend the patterns, or scan the folders one by one";
        let what = format!("`workspaces` in {}", self.file);
        self.incomplete.push(Incomplete::new(what, why, hint).at(Location::file(self.file)));
    }

    fn expand(&mut self, pattern: &str) {
        let segments: Vec<&str> = pattern.split('/').filter(|segment| !segment.is_empty()).collect();
        let mut seen = HashSet::new();
        let mut queue = vec![(String::new(), 0)];
        while let Some((folder, at)) = queue.pop() {
            if !seen.insert((folder.clone(), at)) {
                continue;
            }
            let Some(segment) = segments.get(at) else {
                self.found.insert(folder);
                continue;
            };
            if *segment == "**" {
                queue.push((folder.clone(), at + 1));
                queue.extend(self.folders(&folder, "*").into_iter().map(|inner| (inner, at)));
            } else if segment.contains(['*', '?']) {
                queue.extend(self.folders(&folder, segment).into_iter().map(|inner| (inner, at + 1)));
            } else {
                queue.push((below(&folder, segment), at + 1));
            }
        }
    }

    /// Folders directly in `folder` whose names match.
    fn folders(&mut self, folder: &str, pattern: &str) -> Vec<String> {
        if self.room == 0 || folder.split('/').count() > MAX_DEPTH {
            return Vec::new();
        }
        self.room -= 1;
        if self.room == 0 {
            self.tell(format!("its patterns lead through more than {MAX_FOLDERS} folders; the rest was not looked at"));
        }
        let listed = match self.files.list(&below(self.base, folder)) {
            Ok(listed) => listed,
            Err(error) => {
                self.incomplete.push(error.into_incomplete());
                return Vec::new();
            }
        };
        let is_wanted = |name: &str| !name.starts_with('.') && name != "node_modules" && matches_name(pattern, name);
        let folders = listed.into_iter().filter(|item| item.kind == ListedKind::Folder && is_wanted(&item.name));
        folders.map(|item| below(folder, &item.name)).collect()
    }
}

/// `name` in `folder`, which may be the project's own.
pub(crate) fn below(folder: &str, name: &str) -> String {
    match (folder.is_empty(), name.is_empty()) {
        (true, _) => name.to_owned(),
        (_, true) => folder.to_owned(),
        _ => format!("{folder}/{name}"),
    }
}

/// What braces stand for: `{a,b}/*` is `a/*` and `b/*`.
fn alternatives(pattern: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut queue = vec![pattern.to_owned()];
    while let Some(next) = queue.pop() {
        let parts = next.split_once('{').and_then(|(before, rest)| {
            let (inner, after) = rest.split_once('}')?;
            Some((before, inner, after))
        });
        match parts {
            Some((before, inner, after)) if queue.len() + done.len() < MAX_ALTERNATIVES => {
                queue.extend(inner.split(',').rev().map(|choice| format!("{before}{choice}{after}")));
            }
            _ => done.push(next),
        }
    }
    done
}

/// Whether a folder matches a pattern.
fn matches(pattern: &[&str], folder: &str) -> bool {
    let folder: Vec<&str> = folder.split('/').collect();
    // Reachable positions in the pattern, segment by segment: no backtracking.
    let mut states: BTreeSet<usize> = BTreeSet::from([0]);
    for segment in folder {
        let mut next = BTreeSet::new();
        for state in closed(pattern, &states) {
            match pattern.get(state) {
                Some(&"**") => next.insert(state),
                Some(part) if matches_name(part, segment) => next.insert(state + 1),
                _ => false,
            };
        }
        states = next;
    }
    closed(pattern, &states).contains(&pattern.len())
}

/// Positions that `**` lets through without a segment.
fn closed(pattern: &[&str], states: &BTreeSet<usize>) -> BTreeSet<usize> {
    let mut closed = states.clone();
    for state in states {
        let mut at = *state;
        while pattern.get(at) == Some(&"**") {
            at += 1;
            closed.insert(at);
        }
    }
    closed
}

/// `*` and `?` in one name, in linear steps of backtracking to the last `*` only.
fn matches_name(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut seen, mut star) = (0, 0, None);
    while seen < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(letter) if *letter == '?' || Some(letter) == name.get(seen) => {
                at += 1;
                seen += 1;
            }
            _ => match star {
                Some((back, from)) => {
                    star = Some((back, from + 1));
                    at = back + 1;
                    seen = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at).all(|letter| *letter == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::MemoryFiles;

    fn found(patterns: &[&str]) -> Vec<String> {
        let paths = [
            "p/package.json",
            "p/packages/a/package.json",
            "p/packages/b/package.json",
            "p/packages/b/inner/deep/package.json",
            "p/packages/.hidden/package.json",
            "p/packages/node_modules/x/package.json",
            "p/apps/web/package.json",
            "q/package.json",
        ];
        let files = MemoryFiles(paths.iter().map(|path| ((*path).to_owned(), b"{}".to_vec())).collect());
        let patterns: Vec<String> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        let mut incomplete = Vec::new();
        let found = expand(&files, "p", &patterns, "package.json", &mut incomplete);
        found.into_iter().chain(incomplete.into_iter().map(|missing| missing.why)).collect()
    }

    #[test]
    fn patterns_mean_folders() {
        assert_eq!(found(&["packages/*"]), ["packages/a", "packages/b"]);
        assert_eq!(found(&["./packages/a/", "apps/w?b"]), ["apps/web", "packages/a"]);
        assert_eq!(
            found(&["packages/**", "!**/inner"]),
            ["packages", "packages/a", "packages/b", "packages/b/inner/deep"]
        );
        assert_eq!(found(&["{packages,apps}/*", "!packages/b"]), ["apps/web", "packages/a"]);
        assert_eq!(found(&["../q"]), ["its pattern `../q` leads out of the project"]);
    }

    #[test]
    fn names_match_without_backtracking_for_ever() {
        assert!(matches_name("a*b*c", "axxbxxc"));
        assert!(!matches_name("a*b*c", "axxbxx"));
        assert!(!matches_name(&"*a".repeat(200), &"a".repeat(150)));
    }
}
