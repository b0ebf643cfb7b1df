//! Keys of `packages` and `snapshots` ("dependency paths"), and the references
//! that lead to them. Source: `@pnpm/dependency-path` of pnpm 7 to 10.

/// How a version of the format writes keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `/name/1.0.0_peer@2.0.0` (5.x)
    Slash,
    /// `/name@1.0.0(peer@2.0.0)` (6.x)
    SlashAt,
    /// `name@1.0.0(peer@2.0.0)` (7 and later)
    At,
}

/// A key, taken apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct DepPath<'k> {
    /// The package's name, if the key tells it.
    pub(super) name: Option<&'k str>,
    /// What stands where registry packages have their version: a version, a URL, a path.
    pub(super) reference: &'k str,
    /// The registry's host, if the key names one.
    pub(super) host: Option<&'k str>,
}

impl<'k> DepPath<'k> {
    pub(super) fn parse(key: &'k str, style: Style) -> DepPath<'k> {
        match style {
            Style::At => Self::at(without_peers(key)),
            Style::SlashAt | Style::Slash if key.starts_with("file:") => {
                DepPath { reference: without_peers(key), ..DepPath::default() }
            }
            Style::SlashAt => Self::with_host(without_peers(key), Self::at),
            Style::Slash => Self::with_host(key, Self::slash),
        }
    }

    /// The version, if the reference is one.
    pub(super) fn version(&self) -> Option<&'k str> {
        Some(self.reference).filter(|text| is_version(text))
    }

    fn at(key: &'k str) -> DepPath<'k> {
        match key.char_indices().skip(1).find(|(_, character)| *character == '@') {
            Some((at, _)) => {
                DepPath { name: key.get(..at), reference: key.get(at + 1..).unwrap_or_default(), host: None }
            }
            None => DepPath { reference: key, ..DepPath::default() },
        }
    }

    /// A key that starts with `/` or with a registry's host.
    fn with_host(key: &'k str, parse: fn(&'k str) -> DepPath<'k>) -> DepPath<'k> {
        if let Some(rest) = key.strip_prefix('/') {
            return parse(rest);
        }
        let unknown = DepPath { reference: key, ..DepPath::default() };
        let Some((host, rest)) = key.split_once('/') else { return unknown };
        let found = parse(rest);
        match found.version() {
            Some(_) => DepPath { host: Some(host), ..found },
            None => unknown,
        }
    }

    /// `name/version_peers`
    fn slash(key: &'k str) -> DepPath<'k> {
        let unknown = DepPath { reference: key, ..DepPath::default() };
        let scope = if key.starts_with('@') { key.find('/').map_or(0, |at| at + 1) } else { 0 };
        let Some(end) = key.get(scope..).and_then(|rest| rest.find('/')).map(|at| scope + at) else { return unknown };
        let rest = key.get(end + 1..).unwrap_or_default();
        let rest = without_peers(rest);
        let version = rest.split('_').next().unwrap_or_default();
        if is_version(version) { DepPath { name: key.get(..end), reference: version, host: None } } else { unknown }
    }
}

fn is_version(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit()) && text.contains('.') && !text.contains(['/', ':', '\\'])
}

/// A key without its `(…)(…)` at the end: peers, and the hash of a patch.
fn without_peers(key: &str) -> &str {
    if !key.ends_with(')') {
        return key;
    }
    let mut open = 0usize;
    for (at, byte) in key.bytes().enumerate().rev() {
        match byte {
            b')' => open += 1,
            b'(' => open = open.saturating_sub(1),
            _ if open == 0 => return key.get(..at + 1).unwrap_or(key),
            _ => {}
        }
    }
    key
}

/// The key under which a snapshot's release stands in `packages`.
pub(super) fn release_key(key: &str) -> &str {
    without_peers(key)
}

/// The keys that a reference may mean, likeliest first: `1.0.0` asked for as
/// `name` is `name@1.0.0`, everything else stands for itself.
pub(super) fn candidates(name: &str, reference: &str, style: Style) -> [String; 2] {
    let full = match style {
        Style::Slash => format!("/{name}/{reference}"),
        Style::SlashAt => format!("/{name}@{reference}"),
        Style::At => format!("{name}@{reference}"),
    };
    [full, reference.to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_names_and_versions() {
        for (key, style, name, version, host) in [
            ("a@1.0.0", Style::At, Some("a"), Some("1.0.0"), None),
            ("@s/a@1.0.0(b@2.0.0(@c/d@3.0.0))(e@4.0.0)", Style::At, Some("@s/a"), Some("1.0.0"), None),
            ("a@1.0.0(patch_hash=abc)(b@1.0.0)", Style::At, Some("a"), Some("1.0.0"), None),
            ("a@https://h.invalid/a.tgz", Style::At, Some("a"), None, None),
            ("a@file:dir(b@1.0.0)", Style::At, Some("a"), None, None),
            ("/@s/a@1.0.0-rc.1(b@2.0.0)", Style::SlashAt, Some("@s/a"), Some("1.0.0-rc.1"), None),
            ("h.invalid/a@1.0.0", Style::SlashAt, Some("a"), Some("1.0.0"), Some("h.invalid")),
            ("file:dir", Style::SlashAt, None, None, None),
            ("github.com/u/r/0123abc", Style::SlashAt, None, None, None),
            ("@codeload.github.com/u/r/tar.gz/0123abc", Style::SlashAt, None, None, None),
            ("/@s/a/1.0.0_b@2.0.0+c@3.0.0", Style::Slash, Some("@s/a"), Some("1.0.0"), None),
            ("/a/1.0.0_hjk12", Style::Slash, Some("a"), Some("1.0.0"), None),
            ("h.invalid/@s/a/1.0.0", Style::Slash, Some("@s/a"), Some("1.0.0"), Some("h.invalid")),
            ("github.com/u/r/0123abc", Style::Slash, None, None, None),
            ("", Style::At, None, None, None),
            ("@", Style::At, None, None, None),
            ("((((", Style::At, None, None, None),
            ("))))", Style::At, None, None, None),
            ("/", Style::Slash, None, None, None),
        ] {
            let found = DepPath::parse(key, style);
            assert_eq!((found.name, found.version(), found.host), (name, version, host), "{key}");
        }
        assert_eq!(release_key("a@1.0.0(patch_hash=abc)(b@1.0.0)"), "a@1.0.0");
    }
}
