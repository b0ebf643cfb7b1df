//! What the names of distribution files say (PEP 427, PEP 625 and what came before).

use vetch_model::purl::normalised;

/// Endings of source distributions, longest first.
const SDISTS: &[&str] = &[".tar.bz2", ".tar.gz", ".tar.xz", ".tar.Z", ".tgz", ".tar", ".zip"];

/// What kind of file a name says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// `.whl`.
    Wheel,
    /// `.tar.gz`, `.zip` and older forms.
    Sdist,
    /// `.egg`.
    Egg,
    /// Installers and whatever else old releases have.
    Other,
}

impl FileKind {
    /// By a file name's ending.
    pub fn of(name: &str) -> FileKind {
        if name.ends_with(".whl") {
            FileKind::Wheel
        } else if name.ends_with(".egg") {
            FileKind::Egg
        } else if SDISTS.iter().any(|ending| name.ends_with(ending)) {
            FileKind::Sdist
        } else {
            FileKind::Other
        }
    }
}

/// The version in the name of a file of this (normalised) project, as written. `None` when the name
/// is another project's or has none.
pub(crate) fn version<'f>(file: &'f str, project: &str) -> Option<&'f str> {
    match FileKind::of(file) {
        FileKind::Wheel | FileKind::Egg => {
            let mut parts = file.split('-');
            let (name, version) = (parts.next()?, parts.next()?);
            // `name-1.0.egg` ends right behind its version.
            let version = version.strip_suffix(".egg").unwrap_or(version);
            (normalised(name) == project && !version.is_empty()).then_some(version)
        }
        FileKind::Sdist => {
            let stem = SDISTS.iter().find_map(|ending| file.strip_suffix(ending))?;
            // Old names hold dashes of their own: each is tried as the end of the name.
            stem.match_indices('-').take(32).find_map(|(at, _)| {
                let (name, version) = (stem.get(..at)?, stem.get(at + 1..)?);
                let starts = version.starts_with(|first: char| first.is_ascii_digit() || first == 'v');
                (starts && normalised(name) == project).then_some(version)
            })
        }
        FileKind::Other => None,
    }
}

/// The project, normalised, and the version that the name of a distribution file states. Where a name of
/// old holds dashes, the version starts behind the last one before a digit.
pub fn release_of(file: &str) -> Option<(String, String)> {
    let named = |name: &str, version: &str| {
        let name = normalised(name);
        let is_sound = !name.is_empty() && !version.is_empty() && is_plain(file);
        is_sound.then(|| (name, version.to_owned()))
    };
    match FileKind::of(file) {
        FileKind::Wheel | FileKind::Egg => {
            let mut parts = file.split('-');
            let (name, version) = (parts.next()?, parts.next()?);
            named(name, version.strip_suffix(".egg").unwrap_or(version))
        }
        FileKind::Sdist => {
            let stem = SDISTS.iter().find_map(|ending| file.strip_suffix(ending))?;
            let starts =
                |at: &usize| stem.get(at + 1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
            let at = stem.rmatch_indices('-').map(|(at, _)| at).find(starts)?;
            named(stem.get(..at)?, stem.get(at + 1..)?)
        }
        FileKind::Other => None,
    }
}

/// Whether a name can be one file's: no path, nothing invisible.
pub(crate) fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 512
        && !matches!(name, "." | "..")
        && !name.chars().any(|letter| matches!(letter, '/' | '\\') || letter.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_names_of_every_age() {
        for (file, project, expected) in [
            ("requests-2.32.0-py3-none-any.whl", "requests", Some("2.32.0")),
            ("ruamel.yaml-0.18.6-1-cp312-cp312-linux_x86_64.whl", "ruamel-yaml", Some("0.18.6")),
            ("zope_interface-5.0.tar.gz", "zope-interface", Some("5.0")),
            ("python-dateutil-2.8.2.tar.gz", "python-dateutil", Some("2.8.2")),
            ("a-1-b-2.0.zip", "a-1-b", Some("2.0")),
            ("a-1-b-2.0.zip", "a", Some("1-b-2.0")),
            ("pkg-1.0-py2.7.egg", "pkg", Some("1.0")),
            ("evil-1.0.tar.gz", "requests", None),
            ("evil-1.0-py3-none-any.whl", "requests", None),
            ("requests.tar.gz", "requests", None),
            ("requests-1.0.exe", "requests", None),
            ("", "requests", None),
        ] {
            assert_eq!(version(file, project), expected, "{file}");
        }
    }

    #[test]
    fn releases_are_found_in_names() {
        for (file, expected) in [
            ("Foo_Bar-1.0-py3-none-any.whl", Some(("foo-bar", "1.0"))),
            ("python-dateutil-2.8.2.tar.gz", Some(("python-dateutil", "2.8.2"))),
            ("a-1.0-py2.7.egg", Some(("a", "1.0"))),
            ("a-1.0.egg", Some(("a", "1.0"))),
            ("sample.zip", None),
            ("a-1.0.exe", None),
        ] {
            let expected = expected.map(|(name, version)| (name.to_owned(), version.to_owned()));
            assert_eq!(release_of(file), expected, "{file}");
        }
    }

    #[test]
    fn paths_are_no_file_names() {
        for name in ["", ".", "..", "a/b", "a\\b", "a\nb", "a\0"] {
            assert!(!is_plain(name), "{name:?}");
        }
        assert!(is_plain("a-1.0.tar.gz"));
    }
}
