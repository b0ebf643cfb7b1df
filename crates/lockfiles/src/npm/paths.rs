//! Paths that entries give relative to some folder of the project.

use super::places::{path_fault, sanitised};

/// `path` as seen from the project, when it is written as seen from `base`
/// (`""` is the project). A path that leads out, or is none, is kept in a form
/// that leads nowhere, with what is wrong in words.
pub(crate) fn joined(base: &str, path: &str) -> (String, Option<&'static str>) {
    let is_absolute = path.starts_with('/') || path.contains('\\') || path.contains('\0');
    let fault = if is_absolute { path_fault(path) } else { None };
    if let Some(fault) = fault {
        return (sanitised(path, 0), Some(fault));
    }
    let mut segments: Vec<&str> = Vec::new();
    for segment in base.split('/').chain(path.split('/')) {
        match segment {
            "" | "." => {}
            ".." if segments.last().is_some_and(|last| *last != "..") => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let plain = segments.join("/");
    match path_fault(&plain) {
        Some(fault) if !plain.is_empty() => (sanitised(&plain, 0), Some(fault)),
        _ => (plain, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_and_stay_inside() {
        for (base, path, expected, is_fault) in [
            ("", "packages/a", "packages/a", false),
            ("packages/a", "../b", "packages/b", false),
            ("packages/a", "../..", "", false),
            ("", "./x/", "x", false),
            ("", "../x", "%2e%2e/x", true),
            ("a", "../../x", "%2e%2e/x", true),
            ("", "/etc", "%/etc", true),
            ("", "C:\\x", "C%3a%5cx", true),
        ] {
            let (found, fault) = joined(base, path);
            assert_eq!((found.as_str(), fault.is_some()), (expected, is_fault), "{base} {path}");
        }
    }
}
