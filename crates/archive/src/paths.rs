//! Where npm puts an entry, and under which name it is analysed.

/// Folder under which entries are handed over that npm would not write, or not
/// under that name. The number of the entry follows, so that such an entry
/// never takes the place of an installed file.
pub const NOT_INSTALLED: &str = "!not-installed";

/// The place of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Relative, separated by `/`, without empty, `.` and `..` components. May be empty.
    pub(crate) path: String,
    /// npm writes it there.
    pub(crate) installed: bool,
    /// Why an extractor could put it somewhere else.
    pub(crate) escape: Option<&'static str>,
}

/// Strips the first component, whatever it is called, then roots and drive
/// letters; names with `..` are not installed (`CHECKPATH` and
/// `stripAbsolutePath` of npm's `tar`).
pub(crate) fn place(raw: &str) -> Place {
    let Some((_, below)) = raw.split_once('/') else {
        return Place { path: clean(raw), installed: false, escape: escape(raw, "") };
    };
    let mut rest = below;
    while let length @ 1.. = root_length(rest) {
        rest = &rest[length..];
    }
    let climbs = rest.split(['/', '\\']).any(|part| part == "..");
    if climbs || rest.contains('\0') {
        return Place { path: clean(rest), installed: false, escape: escape(raw, below) };
    }
    let path = rest.split('/').filter(|part| !matches!(*part, "" | ".")).collect::<Vec<_>>().join("/");
    Place { installed: !path.is_empty(), path, escape: escape(raw, below) }
}

/// Whether a link at `path` (as placed) leads out of the package. npm asks this
/// of every entry, also of a file that an extension header gave a link target.
pub(crate) fn link_escapes(path: &str, target: &str) -> bool {
    let mut rest = target;
    while let length @ 1.. = root_length(rest) {
        rest = &rest[length..];
    }
    if !rest.split(['/', '\\']).any(|part| part == "..") {
        return false;
    }
    let mut depth = path.matches('/').count();
    for part in rest.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." if depth == 0 => return true,
            ".." => depth -= 1,
            _ => depth += 1,
        }
    }
    false
}

/// A name for what is not installed: on no system does it lead anywhere else.
fn clean(path: &str) -> String {
    let parts = path.split(['/', '\\']).filter(|part| !matches!(*part, "" | "." | ".."));
    parts.collect::<Vec<_>>().join("/").replace([':', '\0'], "_")
}

fn escape(raw: &str, below: &str) -> Option<&'static str> {
    if raw.split(['/', '\\']).any(|part| part == "..") {
        return Some("`..` in the name: npm strips it or leaves the entry out, other extractors may climb");
    }
    if raw.contains('\0') {
        return Some("NUL in the name: extractors disagree where it ends");
    }
    if raw.contains('\\') {
        return Some("backslash in the name: a folder on Windows, part of the name elsewhere");
    }
    // An empty component (`package//a`) is absolute to npm only, and leads nowhere else.
    let drive = |path: &str| root_length(path) > 0 && !path.starts_with('/');
    (raw.starts_with('/') || raw.contains("//?/") || drive(raw) || drive(below.trim_start_matches('/')))
        .then_some("absolute name or drive letter")
}

/// Length of the root as Windows sees it: `/`, `\`, `C:`, `C:\`, `\\server\share\`.
fn root_length(path: &str) -> usize {
    let bytes = path.as_bytes();
    let separator = |byte: &u8| matches!(byte, b'/' | b'\\');
    match bytes {
        [b'/', ..] if !path.starts_with("//?/") => 1,
        [first, second, ..] if separator(first) && separator(second) => share_length(bytes).unwrap_or(1),
        [first, ..] if separator(first) => 1,
        [letter, b':', third, ..] if letter.is_ascii_alphabetic() && separator(third) => 3,
        [letter, b':', ..] if letter.is_ascii_alphabetic() => 2,
        _ => 0,
    }
}

/// Length of `\\server\share\`.
fn share_length(bytes: &[u8]) -> Option<usize> {
    let separator = |byte: &u8| matches!(byte, b'/' | b'\\');
    let server_end = 2 + bytes[2..].iter().position(separator).filter(|length| *length > 0)?;
    let share = server_end + bytes[server_end..].iter().position(|byte| !separator(byte))?;
    let end = bytes[share..].iter().position(separator);
    Some(end.map_or(bytes.len(), |length| share + length + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(raw: &str) -> (String, bool, bool) {
        let place = place(raw);
        (place.path, place.installed, place.escape.is_some())
    }

    #[test]
    fn links_that_escape() {
        assert!(!link_escapes("a", "b"));
        assert!(!link_escapes("lib/a", "../b"));
        assert!(!link_escapes("a", "/etc/passwd"), "taken for relative");
        assert!(link_escapes("a", "../b"));
        assert!(link_escapes("lib/a", "x/../..\\..\\b"));
    }

    // The installed column was checked against npm 11.19 (`tar` 7.5.22).
    #[test]
    fn places_as_npm() {
        for (raw, path, installed, escape) in [
            ("package/index.js", "index.js", true, false),
            ("node-v1/lib/a.js", "lib/a.js", true, false),
            ("./package/dot", "package/dot", true, false),
            ("package//dbl", "dbl", true, false),
            ("package/./d/./e", "d/e", true, false),
            ("a", "a", false, false),
            ("package/", "", false, false),
            ("/package/abs", "package/abs", true, true),
            ("../x/up", "x/up", true, true),
            ("package/x/../y", "x/y", false, true),
            ("package/../../etc/passwd", "etc/passwd", false, true),
            ("package/c:/win", "win", true, true),
            ("package/c:win", "win", true, true),
            ("C:/Users/a", "Users/a", true, true),
            ("package/back\\slash", "back\\slash", true, true),
            ("package/..\\evil", "evil", false, true),
            ("package/\\\\server\\share\\x", "x", true, true),
            ("package//?/C:/x", "?/C:/x", true, true),
            ("package///?/C:/x", "x", true, true),
            ("package/a\0b", "a_b", false, true),
            ("..", "", false, true),
        ] {
            assert_eq!(placed(raw), (path.to_owned(), installed, escape), "{raw:?}");
        }
    }
}
