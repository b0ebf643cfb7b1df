//! What indicators of compromise may name: hosts, addresses, wallets and paths, in files as they are shipped, in what they
//! decode, and in what the code does with them; and the hashes of files.
//!
//! Taken once, with the facts: a feed that comes later is compared with what is kept, and nothing is read again. Of files
//! that are only looked at in their first bytes, those are taken; prose is none of it, for documentation names much that
//! code has nothing to do with.

use std::collections::{BTreeMap, BTreeSet};

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use vetch_indicators::{Found, Style, host_in, scan};
use vetch_model::Span;
use vetch_model::capability::{Capability, CapabilityId, PathClass, Resource, Trigger};
use vetch_model::evidence::Location;
use vetch_model::facts::DecodedLayer;
use vetch_model::indicator::{FileHashes, IndicatorKind, MAX_OBSERVABLES, Observable, Seen};
use vetch_syntax::text::{LineIndex, decode};

use crate::LayerText;

/// Endings of prose, and names of files that are prose whatever their ending.
const PROSE: &[&str] = &[".md", ".markdown", ".mdx", ".rst", ".adoc", ".txt", ".map", ".css", ".scss", ".less"];
const PROSE_NAMES: &[&str] = &["license", "licence", "copying", "notice", "readme", "changelog", "history", "authors"];

/// Something that stands in a file.
#[derive(Debug, Clone)]
pub(crate) struct InFile {
    kind: IndicatorKind,
    value: String,
    line: u32,
    column: u32,
    span: Span,
}

/// What stands in a file: nothing, where it is prose or no text.
pub(crate) fn in_file(path: &str, bytes: &[u8]) -> Vec<InFile> {
    if is_prose(path) || bytes.get(..bytes.len().min(512)).unwrap_or_default().contains(&0) {
        return Vec::new();
    }
    let Ok(decoded) = decode(bytes) else { return Vec::new() };
    let found = scan(&decoded.text, Style::Code);
    if found.is_empty() {
        return Vec::new();
    }
    let index = LineIndex::new(&decoded.text);
    let mut seen = BTreeSet::new();
    let fresh = found.into_iter().filter(|found| seen.insert((found.kind, found.value.clone())));
    let in_file = |Found { kind, value, span }: Found| {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let span = Span { start: offset(span.start), end: offset(span.end) };
        let (line, column) = index.position(span.start);
        InFile { kind, value, line, column, span }
    };
    fresh.map(in_file).collect()
}

fn is_prose(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let stem = name.split('.').next().unwrap_or_default();
    PROSE.iter().any(|ending| name.ends_with(ending)) || PROSE_NAMES.contains(&stem)
}

/// The hashes under which feeds know a file.
pub(crate) fn hashes(path: &str, bytes: &[u8]) -> FileHashes {
    FileHashes {
        path: path.to_owned(),
        size: bytes.len() as u64,
        md5: md5::Digest::finalize(<Md5 as md5::Digest>::new_with_prefix(bytes)).into(),
        sha1: Sha1::digest(bytes).into(),
        sha256: Sha256::digest(bytes).into(),
    }
}

/// A file as far as it is of interest here.
pub(crate) struct FileView<'f> {
    pub(crate) path: &'f str,
    pub(crate) trigger: Trigger,
    pub(crate) found: &'f [InFile],
}

/// Everything that a package shows, what code uses first; and how much more there was.
pub(crate) fn all<'f>(
    capabilities: &[Capability],
    urls: impl Iterator<Item = &'f (String, Trigger, u8, Location)>,
    layers: &[DecodedLayer],
    texts: &[LayerText],
    files: impl Iterator<Item = FileView<'f>>,
) -> (Vec<Observable>, u32) {
    let mut all: Vec<Observable> = capabilities.iter().flat_map(of_capability).collect();
    for (url, trigger, layer, location) in urls {
        let observable = |value: String| Observable {
            kind: IndicatorKind::Url,
            value,
            seen: Seen::Used,
            trigger: *trigger,
            layer: *layer,
            location: location.clone(),
        };
        all.extend(vetch_indicators::normal(IndicatorKind::Url, url).map(observable));
    }
    for text in texts {
        let same = |layer: &&DecodedLayer| layer.location == text.location && layer.layer == text.layer;
        let trigger = layers.iter().find(same).map_or(Trigger::Call, |layer| layer.trigger);
        all.extend(scan(&text.text, Style::Code).into_iter().map(|found| Observable {
            kind: found.kind,
            value: found.value,
            seen: Seen::Decoded,
            trigger,
            layer: text.layer,
            location: text.location.clone(),
        }));
    }
    for file in files {
        all.extend(file.found.iter().map(|found| Observable {
            kind: found.kind,
            value: found.value.clone(),
            seen: Seen::Written,
            trigger: file.trigger,
            layer: 0,
            location: Location { file: file.path.to_owned(), line: found.line, column: found.column, span: found.span },
        }));
    }
    connect(&mut all);
    all.sort_unstable();
    all.dedup_by(|later, first| (later.kind, &later.value) == (first.kind, &first.value));
    all.sort_by_key(|one| (one.seen, one.trigger));
    let more = all.len().saturating_sub(MAX_OBSERVABLES);
    all.truncate(MAX_OBSERVABLES);
    (all, u32::try_from(more).unwrap_or(u32::MAX))
}

/// An address whose host the code connects to is used, too: the connection knows the host alone.
fn connect(all: &mut [Observable]) {
    let used: BTreeMap<String, Trigger> = all
        .iter()
        .filter(|one| one.seen == Seen::Used && one.kind.is_network())
        .filter_map(|one| Some((host_in(one.kind, &one.value)?.text(), one.trigger)))
        .collect();
    if used.is_empty() {
        return;
    }
    for one in all.iter_mut().filter(|one| one.seen != Seen::Used && one.kind == IndicatorKind::Url) {
        if let Some(trigger) = host_in(one.kind, &one.value).and_then(|host| used.get(&host.text())) {
            (one.seen, one.trigger) = (Seen::Used, *trigger);
        }
    }
}

/// Hosts that are connected to, what commands name, and places outside of the package.
fn of_capability(capability: &Capability) -> Vec<Observable> {
    let observable = |kind: IndicatorKind, value: String| Observable {
        kind,
        value,
        seen: Seen::Used,
        trigger: capability.trigger,
        layer: capability.layer,
        location: capability.evidence.location().clone(),
    };
    match (&capability.id, &capability.resource) {
        (
            CapabilityId::NetConnect
            | CapabilityId::NetDns
            | CapabilityId::ProcessSpawn
            | CapabilityId::HostProbe
            | CapabilityId::RegistryPublish,
            Resource::Named(text),
        ) => scan(text, Style::Words).into_iter().map(|found| observable(found.kind, found.value)).collect(),
        (
            CapabilityId::FsRead | CapabilityId::FsWrite | CapabilityId::FsDelete,
            Resource::Path { class, path: Some(path) },
        ) if !matches!(class, PathClass::Package | PathClass::Project | PathClass::Packages) => {
            let value = vetch_indicators::normal(IndicatorKind::FilePath, path);
            value.map(|value| observable(IndicatorKind::FilePath, value)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_and_binaries_name_nothing() {
        let text = b"see \"https://evil.invalid/a\"";
        assert_eq!(in_file("lib/a.js", text).len(), 1);
        for path in ["README.md", "docs/a.rst", "LICENSE", "dist/a.js.map"] {
            assert!(in_file(path, text).is_empty(), "{path}");
        }
        assert!(in_file("a.bin", b"\0\x01\"https://evil.invalid/\"").is_empty());
        assert!(in_file("a.js", &[0xff, 0xfe, 0xff]).is_empty());
    }

    #[test]
    fn hashes_are_those_of_the_field() {
        let hashes = hashes("empty", b"");
        assert_eq!(hex::encode(hashes.md5), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(hex::encode(hashes.sha1), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        assert!(hex::encode(hashes.sha256).starts_with("e3b0c44298fc1c14"));
    }
}
