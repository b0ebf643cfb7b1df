//! How the files of a release differ from those of the one before: obfuscation, executables, size, terms.

use vetch_model::evidence::{Evidence, Location};
use vetch_model::facts::{PackageFacts, Signal, SignalKind};

use crate::input::ReleaseFacts;
use crate::lineage::{Sign, field};

/// A release that is larger by that factor …
const JUMP: u64 = 4;
/// … and by that many bytes has jumped.
const JUMP_BYTES: u64 = 1 << 20;
/// Source that a package must have had to be called emptied.
const SOURCE: u64 = 2_000;

/// Obfuscated, hidden or disguised code in a package that had none.
pub(crate) fn obfuscation_appeared(facts: &ReleaseFacts<'_>) -> Option<Sign> {
    let (before, contents) = (facts.before?.contents, facts.contents?);
    let has = |contents: &PackageFacts, kind: SignalKind| contents.signals.iter().any(|signal| signal.kind == kind);
    let is_new = |signal: &&Signal| signal.trigger.is_reached() && !has(before, signal.kind) && weight(signal) > 0;
    let mut new: Vec<&Signal> = contents.signals.iter().filter(is_new).collect();
    new.sort_by_key(|signal| (std::cmp::Reverse(weight(signal)), signal.trigger));
    let first = new.first()?;
    let words = match first.kind {
        SignalKind::DisguisedExecutable => "has an executable under a false name",
        SignalKind::DisguisedFile => "has a file that is not what its name says",
        SignalKind::NativeBinary => "has executables",
        SignalKind::InvisibleText | SignalKind::BidiControl => "has invisible text in its code",
        SignalKind::HiddenByWhitespace => "has code pushed out of sight",
        _ => "has obfuscated code",
    };
    let evidence = new.iter().map(|signal| signal.evidence.clone()).collect();
    Some(Sign { words: format!("{words}, as none before it"), evidence, is_strong: weight(first) > 1 })
}

/// How seldom an honest release gains it: 0 (it says nothing) to 2.
fn weight(signal: &Signal) -> u8 {
    match signal.kind {
        SignalKind::DisguisedExecutable | SignalKind::HiddenByWhitespace => 2,
        kind if kind.marks_obfuscator(signal.strength) => 2,
        SignalKind::InvisibleText | SignalKind::EscapedStrings if signal.strength >= 70 => 2,
        SignalKind::DisguisedFile | SignalKind::NativeBinary | SignalKind::BidiControl => 1,
        _ => 0,
    }
}

/// Many times as large as the release before.
pub(crate) fn size_jump(facts: &ReleaseFacts<'_>) -> Option<Sign> {
    let (now, before) = sizes(facts)?;
    if now < before.saturating_mul(JUMP) || now - before < JUMP_BYTES {
        return None;
    }
    let words = format!("is {} times as large as the one before it", now / before.max(1));
    let evidence = size_evidence(facts, now, before, "the size in bytes, unpacked")?;
    Some(Sign::weak(words, evidence))
}

fn sizes(facts: &ReleaseFacts<'_>) -> Option<(u64, u64)> {
    if let (Some(before), Some(contents)) = (facts.before, facts.contents) {
        return Some((contents.bytes, before.contents.bytes));
    }
    let lineage = facts.lineage?;
    Some((lineage.release.bytes?, lineage.previous?.bytes?))
}

fn size_evidence(facts: &ReleaseFacts<'_>, now: u64, before: u64, note: &str) -> Option<Evidence> {
    if let Some(lineage) = facts.lineage {
        return Some(field(lineage, "dist.unpackedSize", now.to_string(), Some(before.to_string()), note));
    }
    Some(Evidence::Field {
        location: Location::file("."),
        field: "size".to_owned(),
        found: now.to_string(),
        expected: Some(before.to_string()),
        note: note.to_owned(),
    })
}

/// The code is gone.
pub(crate) fn contents_removed(facts: &ReleaseFacts<'_>) -> Option<Sign> {
    let (before, contents) = (facts.before?.contents, facts.contents?);
    let is_emptied = before.parsed_bytes >= SOURCE && contents.parsed_bytes.saturating_mul(20) < before.parsed_bytes;
    // What moved to another package says so by asking for it.
    let asks = |contents: &PackageFacts| contents.manifest.as_ref().map_or(0, |manifest| manifest.dependencies.len());
    if !is_emptied || asks(contents) > asks(before) {
        return None;
    }
    let evidence = size_evidence(facts, contents.parsed_bytes, before.parsed_bytes, "bytes of source code")?;
    Some(Sign::strong("has hardly any of the code that the one before it had", evidence))
}

/// Nothing is left, in code or otherwise, and its maintainers do not say so: a stub passes on, warns, or is deprecated.
pub(crate) fn is_emptied_silently(facts: &ReleaseFacts<'_>) -> bool {
    let (Some(before), Some(contents)) = (facts.before, facts.contents) else { return false };
    let is_deprecated =
        facts.package.deprecated.is_some() || facts.lineage.is_some_and(|lineage| lineage.release.deprecated.is_some());
    let is_bare = contents.parsed_bytes == 0 && contents.bytes.saturating_mul(10) < before.contents.bytes;
    is_bare && !is_deprecated && contents_removed(facts).is_some()
}

/// Another licence, or another repository or none.
pub(crate) fn terms_changed(facts: &ReleaseFacts<'_>) -> Option<Sign> {
    let lineage = facts.lineage?;
    let history = lineage.history;
    let (before, now) = (history.declaration(lineage.previous?)?, history.declaration(lineage.release)?);
    let differs =
        |now: &Option<String>, before: &Option<String>| before.is_some() && repository(now) != repository(before);
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "absent".to_owned());
    if differs(&now.repository, &before.repository) {
        let words = match now.repository {
            None => "no longer says where its source is",
            Some(_) => "says that its source is elsewhere",
        };
        let (found, expected) = (shown(&now.repository), Some(shown(&before.repository)));
        return Some(Sign::weak(words, field(lineage, "repository", found, expected, "the repository it names")));
    }
    if before.license.is_some() && now.license != before.license {
        let (found, expected) = (shown(&now.license), Some(shown(&before.license)));
        let evidence = field(lineage, "license", found, expected, "the licence it states");
        return Some(Sign::weak("has another licence than the one before it", evidence));
    }
    None
}

/// Owner and name of a repository, whatever the way of writing it.
fn repository(url: &Option<String>) -> Option<String> {
    let url = url.as_deref()?.to_ascii_lowercase();
    let plain = url.trim_end_matches('/').trim_end_matches(".git").replace(':', "/");
    let mut parts = plain.rsplit('/').filter(|part| !part.is_empty());
    let name = parts.next()?.to_owned();
    Some(format!("{}/{name}", parts.next().unwrap_or_default()))
}
