//! The headers of `METADATA` and `PKG-INFO`
//! (<https://packaging.python.org/en/latest/specifications/core-metadata/>), and `requires.txt` of eggs.

use vetch_model::evidence::{Location, Span};

use crate::json::Lines;

/// Largest file of metadata read, in bytes; most of it is the description.
pub(in crate::installed) const MAX_BYTES: usize = 8 << 20;

/// Most dependencies of one distribution.
const MAX_REQUIRES: usize = 20_000;

/// Most addresses that are kept.
const MAX_URLS: usize = 32;

/// Longest licence that is kept, in bytes.
const MAX_LICENSE: usize = 1_000;

/// What the headers say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::installed) struct Metadata {
    pub(in crate::installed) name: Option<String>,
    pub(in crate::installed) version: Option<String>,
    /// `Requires-Dist`, or what `requires.txt` amounts to, with its place.
    pub(in crate::installed) requires: Vec<(String, Location)>,
    /// `Home-page` and the addresses of `Project-URL`.
    pub(in crate::installed) urls: Vec<String>,
    /// `License-Expression`, else `License`.
    pub(in crate::installed) license: Option<String>,
    /// Where the name stands.
    pub(in crate::installed) place: Option<Location>,
    /// What is odd, in words.
    pub(in crate::installed) faults: Vec<(String, Location)>,
}

/// Reads the headers: they end at the first blank line.
pub(in crate::installed) fn read(bytes: &[u8], file: &str) -> Metadata {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}');
    let lines = Lines::of(text.as_bytes());
    let mut found = Metadata::default();
    let mut header: Option<(&str, String, usize)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let bare = line.trim_end_matches(['\r', '\n']);
        if let (true, Some((_, value, _))) = (bare.starts_with([' ', '\t']), &mut header) {
            value.push('\n');
            value.push_str(bare.trim());
            continue;
        }
        if let Some(done) = header.take() {
            found.take(done, &lines, file);
        }
        if bare.trim().is_empty() {
            break;
        }
        match bare.split_once(':') {
            Some((key, value)) => header = Some((key.trim_end(), value.trim().to_owned(), start)),
            None => found.faults.push(("a line is no header".to_owned(), location(&lines, file, start, bare.len()))),
        }
    }
    if let Some(done) = header {
        found.take(done, &lines, file);
    }
    found
}

impl Metadata {
    /// Keeps a header that counts. The first name and version do, as for `importlib.metadata`.
    fn take(&mut self, (key, value, start): (&str, String, usize), lines: &Lines, file: &str) {
        let place = location(lines, file, start, key.len() + value.len());
        let is = |wanted: &str| key.eq_ignore_ascii_case(wanted);
        if self.urls.len() < MAX_URLS {
            match key.to_ascii_lowercase().as_str() {
                "home-page" | "download-url" => self.urls.push(value.clone()),
                // `label, address`
                "project-url" => self.urls.extend(value.split_once(',').map(|(_, url)| url.trim().to_owned())),
                _ => {}
            }
        }
        // The older field may hold the licence's whole text.
        let is_short = !value.is_empty() && !value.contains('\n') && value.len() <= MAX_LICENSE;
        if is_short && (is("License-Expression") || is("License") && self.license.is_none()) {
            self.license = Some(value.clone());
        }
        let counts = is("Name") || is("Version") || is("Requires-Dist");
        if counts && value.contains('\u{fffd}') {
            self.faults.push((format!("`{key}` holds a byte that is no UTF-8"), place.clone()));
        }
        if is("Name") && self.name.is_none() {
            self.name = Some(value).filter(|name| !name.is_empty());
            self.place = Some(place);
        } else if is("Version") && self.version.is_none() {
            self.version = Some(value).filter(|version| !version.is_empty());
        } else if is("Name") || is("Version") {
            self.faults.push((format!("`{key}` stands twice"), place));
        } else if is("Requires-Dist") {
            self.require(value, place);
        }
    }

    fn require(&mut self, text: String, place: Location) {
        match self.requires.len() {
            ..MAX_REQUIRES => self.requires.push((text, place)),
            MAX_REQUIRES => {
                self.faults.push((format!("it asks for more than {MAX_REQUIRES} packages"), place.clone()));
                self.requires.push((text, place));
            }
            _ => {}
        }
    }

    /// Takes in `requires.txt`: requirements, those below `[extra:marker]` under conditions.
    pub(in crate::installed) fn read_requires(&mut self, bytes: &[u8], file: &str) {
        let text = String::from_utf8_lossy(bytes);
        let lines = Lines::of(text.as_bytes());
        let mut condition = String::new();
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let start = at;
            at += line.len();
            let bare = line.trim();
            if bare.is_empty() || bare.starts_with('#') {
                continue;
            }
            if let Some(section) = bare.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                let (extra, marker) = section.split_once(':').unwrap_or((section, ""));
                let extra = (!extra.is_empty()).then(|| format!("extra == \"{extra}\""));
                let marker = (!marker.is_empty()).then(|| format!("({marker})"));
                condition = extra.into_iter().chain(marker).collect::<Vec<_>>().join(" and ");
                continue;
            }
            let text = if condition.is_empty() { bare.to_owned() } else { format!("{bare} ; {condition}") };
            self.require(text, location(&lines, file, start, bare.len()));
        }
    }
}

fn location(lines: &Lines, file: &str, start: usize, length: usize) -> Location {
    lines.location(file, Span { start: start as u32, end: (start + length) as u32 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_end_at_the_blank_line() {
        let text = "Metadata-Version: 2.1\r\nName: Foo.Bar\r\nversion: 1.0\r\nSummary: x\r\n  y\r\nLicense-Expression: MIT\r\nLicense: x\r\n\
                    Requires-Dist: a>=1\r\nRequires-Dist: b ;\r\n extra == 'x'\r\nName: Other\r\n\r\nRequires-Dist: no\r\n";
        let found = read(text.as_bytes(), "METADATA");
        assert_eq!((found.name.as_deref(), found.version.as_deref()), (Some("Foo.Bar"), Some("1.0")));
        let requires: Vec<&str> = found.requires.iter().map(|(text, _)| text.as_str()).collect();
        assert_eq!(requires, ["a>=1", "b ;\nextra == 'x'"]);
        assert_eq!(found.license.as_deref(), Some("MIT"));
        assert_eq!(found.place.unwrap().line, 2);
        assert_eq!(found.faults.len(), 1);
    }

    #[test]
    fn sections_of_eggs_are_conditions() {
        let mut found = Metadata::default();
        found.read_requires(b"a>=1\n\n[x]\nb\n[:os_name == 'nt']\nc\n[y:os_name == 'nt']\nd\n", "requires.txt");
        let requires: Vec<&str> = found.requires.iter().map(|(text, _)| text.as_str()).collect();
        assert_eq!(
            requires,
            ["a>=1", "b ; extra == \"x\"", "c ; (os_name == 'nt')", "d ; extra == \"y\" and (os_name == 'nt')"]
        );
    }
}
