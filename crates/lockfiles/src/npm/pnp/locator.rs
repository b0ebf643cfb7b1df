//! References of Yarn's packages: `npm:1.0.0`, `workspace:packages/a`,
//! `virtual:<hash>#npm:1.0.0`, `patch:a@npm%3A1.0.0#…`.
//! <https://yarnpkg.com/protocols>

use vetch_model::inventory::Source;

use crate::npm::listing::split_name;
use crate::npm::range::git;
use crate::npm::source::from_resolved;

/// A reference without what makes an instance of it virtual.
pub(super) fn devirtualised(reference: &str) -> &str {
    match reference.strip_prefix("virtual:") {
        Some(rest) => rest.split_once('#').map_or(rest, |(_, base)| base),
        None => reference,
    }
}

/// What a reference says of the package `name`: its version and source.
pub(super) fn read(name: &str, reference: &str) -> (Option<String>, Source) {
    // Parameters such as `::__archiveUrl=…`, percent-encoded.
    let (bare, parameters) = reference.split_once("::").unwrap_or((reference, ""));
    if let Some(version) = bare.strip_prefix("npm:") {
        let parameter = |wanted: &str| {
            parameters.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == wanted)
        };
        let url = parameter("__archiveUrl").map(|(_, url)| decoded(url));
        return (Some(version.to_owned()), Source::Registry { url, index: None });
    }
    if let Some(patched) = bare.strip_prefix("patch:") {
        // What is patched comes first; the patch is of the user or built into Yarn.
        let base = decoded(patched.split_once('#').map_or(patched, |(base, _)| base));
        let reference = split_name(&base).1;
        if !reference.is_empty() && !reference.starts_with("patch:") {
            let plain = !reference.contains(':');
            return read(name, &if plain { format!("npm:{reference}") } else { reference.to_owned() });
        }
        return (None, Source::Unknown { text: reference.to_owned() });
    }
    if let Some(path) = ["file:", "link:", "portal:"].iter().find_map(|scheme| bare.strip_prefix(scheme)) {
        let path = path.split_once('#').map_or(path, |(path, _)| path);
        return (None, from_resolved(&format!("file:{}", decoded(path)), name));
    }
    // Git: `https://host/a.git#commit=<hash>`.
    let plain = bare.replacen("#commit=", "#", 1);
    match git(&plain) {
        Some(found) => (None, found),
        None if bare.starts_with("http://") || bare.starts_with("https://") => {
            (None, Source::Tarball { url: bare.to_owned() })
        }
        None => (None, Source::Unknown { text: reference.to_owned() }),
    }
}

/// Percent-decoding; what is no escape stays.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_name_versions_and_sources() {
        let registry = |url: Option<&str>| Source::Registry { url: url.map(str::to_owned), index: None };
        let commit = "0123456789012345678901234567890123456789";
        for (reference, version, source) in [
            ("npm:1.0.0", Some("1.0.0"), registry(None)),
            (
                "npm:1.0.0::__archiveUrl=https%3A%2F%2Fh.invalid%2Fa.tgz",
                Some("1.0.0"),
                registry(Some("https://h.invalid/a.tgz")),
            ),
            (
                "patch:a@npm%3A2.3.3#optional!builtin<compat/a>::version=2.3.3&hash=df0bf1",
                Some("2.3.3"),
                registry(None),
            ),
            ("patch:@s/a@2.0.0#./a.patch", Some("2.0.0"), registry(None)),
            (
                &format!("https://h.invalid/a.git#commit={commit}"),
                None,
                Source::Git { url: "https://h.invalid/a.git".into(), commit: Some(commit.into()) },
            ),
            ("https://h.invalid/a.tgz", None, Source::Tarball { url: "https://h.invalid/a.tgz".into() }),
            ("file:./a.tgz#./a.tgz::hash=x", None, Source::File { path: "./a.tgz".into() }),
            ("portal:../a::locator=x", None, Source::Folder { path: "../a".into() }),
            ("nonsense", None, Source::Unknown { text: "nonsense".into() }),
        ] {
            assert_eq!(read("a", reference), (version.map(str::to_owned), source), "{reference}");
        }
        assert_eq!(devirtualised("virtual:0a#npm:1"), "npm:1");
        assert_eq!(decoded("%41%zz%"), "A%zz%");
    }
}
