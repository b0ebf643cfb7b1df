//! Checks of one text file.

use super::Problem;
use super::exceptions::{Exceptions, Kind};

/// Past this a file wants splitting.
const MAX_FILE: usize = 500;

/// Past this a function wants splitting.
const MAX_FUNCTION: usize = 80;

/// What is said to be done later is an issue, not a comment. Put together here so as not to find themselves.
const MARKERS: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("to", "do!("), concat!("HA", "CK:")];

/// Starts of absolute paths that are only true on one machine.
const MACHINE_PATHS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/var/", "tmp"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
];

/// Everything that holds for one file.
pub(super) fn check(path: &str, text: &str, exceptions: &mut Exceptions) -> Vec<Problem> {
    let mut problems = Vec::new();
    if path.ends_with(".rs") {
        header(path, text, &mut problems);
        lengths(path, text, exceptions, &mut problems);
    }
    if written_by_hand(path) {
        words(path, text, exceptions, &mut problems);
    }
    problems
}

/// Not data of tests, which may hold anything, nor what tools write.
fn written_by_hand(path: &str) -> bool {
    let data = ["/fixtures/", "/snapshots/", "/seeds/"].iter().any(|folder| path.contains(folder));
    !data && !path.ends_with(".snap") && !path.ends_with(".lock") && !path.ends_with(".proptest-regressions")
}

fn header(path: &str, text: &str, problems: &mut Vec<Problem>) {
    if !text.starts_with("//! ") {
        problems.push(Problem::new(path, 1, "open the file with `//!`: what it is for"));
    }
}

fn lengths(path: &str, text: &str, exceptions: &mut Exceptions, problems: &mut Vec<Problem>) {
    let lines = text.lines().count();
    if lines > MAX_FILE && !exceptions.allow(Kind::LongFile, path) {
        problems.push(Problem::new(path, 0, format!("{lines} lines: split files longer than {MAX_FILE}")));
    }
    for function in functions(text) {
        let name = format!("{path}#{}", function.name);
        if function.lines > MAX_FUNCTION && !exceptions.allow(Kind::LongFunction, &name) {
            let message =
                format!("`{}` has {} lines: split functions longer than {MAX_FUNCTION}", function.name, function.lines);
            problems.push(Problem::new(path, function.start, message));
        }
    }
}

struct Function<'a> {
    name: &'a str,
    /// 1-based line of `fn`.
    start: usize,
    lines: usize,
}

/// Functions with a body, told by the layout that rustfmt gives them: a body ends with
/// the first `}` that is indented as its `fn`.
fn functions(text: &str) -> Vec<Function<'_>> {
    let lines: Vec<&str> = text.lines().collect();
    let mut functions = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        if line.ends_with(';') || line.ends_with('}') {
            continue;
        }
        let indent = &line[..line.len() - line.trim_start().len()];
        let end = lines[index + 1..].iter().position(|line| {
            let at_same_level = line.strip_prefix(indent).filter(|rest| !rest.starts_with(' ') && !rest.is_empty());
            at_same_level.is_some_and(|rest| rest.starts_with('}') || rest.ends_with(';'))
        });
        if let Some(end) = end {
            functions.push(Function { name, start: index + 1, lines: end + 2 });
        }
    }
    functions
}

/// The name, if a function begins in this line.
fn function_name(line: &str) -> Option<&str> {
    const QUALIFIERS: &[&str] =
        &["pub", "pub(crate)", "pub(super)", "const", "async", "unsafe", "extern", "\"C\"", "default"];
    let mut rest = line.trim_start();
    loop {
        let (word, after) = rest.split_once(' ')?;
        if word == "fn" {
            let end = after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(after.len());
            return Some(&after[..end]).filter(|name| !name.is_empty());
        }
        if !QUALIFIERS.contains(&word) && !word.starts_with("pub(in") {
            return None;
        }
        rest = after;
    }
}

fn words(path: &str, text: &str, exceptions: &mut Exceptions, problems: &mut Vec<Problem>) {
    for (index, line) in text.lines().enumerate() {
        if let Some(marker) = MARKERS.iter().find(|marker| contains_word(line, marker)) {
            problems.push(Problem::new(path, index + 1, format!("`{marker}`: finish it, or open an issue")));
        }
        let found = MACHINE_PATHS.iter().find(|start| contains_path(line, start));
        if let Some(start) = found.filter(|_| !exceptions.allow(Kind::MachinePath, path)) {
            problems.push(Problem::new(path, index + 1, format!("`{start}` is a path of one machine")));
        }
    }
}

fn contains_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(start, _)| {
        let joins = |c: char| c.is_alphanumeric() || c == '_';
        let goes_on = word.ends_with(joins) && line[start + word.len()..].starts_with(joins);
        !line[..start].ends_with(joins) && !goes_on
    })
}

/// An absolute path: what stands before it is no part of a longer path or URL.
fn contains_path(line: &str, path: &str) -> bool {
    line.match_indices(path)
        .any(|(start, _)| !line[..start].ends_with(|c: char| c.is_alphanumeric() || "/._-~}>*$)".contains(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(path: &str, text: &str) -> Vec<String> {
        check(path, text, &mut Exceptions::default()).iter().map(Problem::to_string).collect()
    }

    fn function_of(lines: usize) -> String {
        format!("//! A.\n\nimpl A {{\n    pub(crate) fn a(\n{}    }}\n}}\n", "        x;\n".repeat(lines - 2))
    }

    #[test]
    fn files_open_with_their_purpose() {
        assert_eq!(messages("a.rs", "use b;\n"), ["a.rs:1: open the file with `//!`: what it is for"]);
        assert!(messages("a.rs", "//! A.\n").is_empty());
        assert!(messages("a.md", "use b;\n").is_empty());
    }

    #[test]
    fn long_files_and_functions_want_splitting() {
        assert!(messages("a.rs", &format!("//! A.\n{}", "a\n".repeat(499))).is_empty());
        assert_eq!(messages("a.rs", &format!("//! A.\n{}", "a\n".repeat(500))).len(), 1);
        assert!(messages("a.rs", &function_of(80)).is_empty());
        assert_eq!(messages("a.rs", &function_of(81)), ["a.rs:4: `a` has 81 lines: split functions longer than 80"]);
    }

    #[test]
    fn functions_are_measured_by_their_own_end() {
        let text = "fn one() { 1 }\n\
                    fn two() {\n    if x {\n    }\n}\n\
                    trait T {\n    fn three(\n        a: u8,\n    ) -> u8;\n    fn four();\n}\n\
                    pub async unsafe fn five() {\n}\n\
                    // fn six() {\n";
        let found: Vec<_> = functions(text).iter().map(|f| (f.name, f.start, f.lines)).collect();
        assert_eq!(found, [("two", 2, 4), ("three", 7, 3), ("five", 12, 2)]);
    }

    #[test]
    fn markers_are_words() {
        let marker = MARKERS[0];
        assert_eq!(messages("a.md", &format!("x\n// {marker}: later\n")).len(), 1);
        assert!(messages("a.md", &format!("{marker}S and my{marker}\n")).is_empty());
        assert_eq!(messages("a.rs", &format!("//! A.\nfn a() {{ {}) }}\n", MARKERS[2])).len(), 1);
        assert!(messages("tests/fixtures/a.js", &format!("// {marker}\n")).is_empty());
    }

    #[test]
    fn paths_of_one_machine_are_found() {
        let home = MACHINE_PATHS[3];
        assert_eq!(messages("a.md", &format!("see {home}someone/vetch\n")).len(), 1);
        assert!(messages("a.md", &format!("https://host.invalid{home}x and ./a{home}b\n")).is_empty());
        assert!(messages("crates/behaviour/src/paths.rs", &format!("//! A.\n\"{home}\"\n")).is_empty());
    }
}
