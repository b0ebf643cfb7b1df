//! Where an installer puts an entry, and under which name it is analysed.

/// Folder under which entries are handed over that no installer would write, or not
/// under that name. The number of the entry follows, so that such an entry
/// never takes the place of an installed file.
pub const NOT_INSTALLED: &str = "!not-installed";

/// The place of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Relative, separated by `/`, without empty, `.` and `..` components. May be empty.
    pub(crate) path: String,
    /// The installer writes it there.
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

/// As Python's installers have it: the name as it is written, below `folder` where the archive has
/// one around everything. Names that are absolute or climb are refused (`tarfile`'s data filter,
/// pip's `is_within_directory`); a NUL ends a name in `zipfile`, and is refused elsewhere.
pub(crate) fn place_as_named(raw: &str, folder: &str) -> Place {
    let whole = raw.split('/').filter(|part| !matches!(*part, "" | ".")).collect::<Vec<_>>().join("/");
    let below = match folder {
        "" => Some(whole.as_str()),
        folder => whole.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/').or(rest.is_empty().then_some(""))),
    };
    let climbs = raw.split(['/', '\\']).any(|part| part == "..");
    let escape = escape(raw, below.unwrap_or_default());
    match below {
        Some(below) if !climbs && !raw.contains('\0') && root_length(raw) == 0 => {
            Place { installed: !below.is_empty(), path: below.to_owned(), escape }
        }
        _ => Place { path: clean(raw), installed: false, escape },
    }
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
        return Some("`..` in the name: installers strip it or leave the entry out, other extractors may climb");
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

    #[test]
    fn places_as_named() {
        let placed = |raw: &str, folder: &str| {
            let place = place_as_named(raw, folder);
            (place.path, place.installed, place.escape.is_some())
        };
        for (raw, folder, path, installed, escape) in [
            ("a/__init__.py", "", "a/__init__.py", true, false),
            ("./a//b.py", "", "a/b.py", true, false),
            ("a-1.0/setup.py", "a-1.0", "setup.py", true, false),
            ("x/a-1.0/setup.py", "x/a-1.0", "setup.py", true, false),
            ("a-1.0/", "a-1.0", "", false, false),
            ("a-1.00/setup.py", "a-1.0", "a-1.00/setup.py", false, false),
            ("../evil.pth", "", "evil.pth", false, true),
            ("a/../../evil.pth", "a", "a/evil.pth", false, true),
            ("/etc/profile", "", "etc/profile", false, true),
            ("C:/x.py", "", "C_/x.py", false, true),
            ("a\\..\\b.py", "", "a/b.py", false, true),
            ("a/b\0.txt", "", "a/b_.txt", false, true),
        ] {
            assert_eq!(placed(raw, folder), (path.to_owned(), installed, escape), "{raw:?} {folder:?}");
        }
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
