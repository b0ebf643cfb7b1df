//! The version to go to: the nearest that no record speaks against.

use vetch_model::advisory::AdvisoryKind;
use vetch_versions::Sortable;

use super::reach::{Subject, reach};
use crate::record::{Affected, Event, World};

/// Versions that are tried: the nearest ones. Records choose how many they name.
const MAX_TRIED: usize = 64;

/// What is asked.
pub(crate) struct Ask<'a> {
    pub(crate) world: World,
    pub(crate) subject: &'a Subject,
    pub(crate) kind: AdvisoryKind,
    /// What the advisory's own records say of the package.
    pub(crate) own: &'a [&'a Affected<String>],
    /// What records of malware say of it.
    pub(crate) malware: &'a [&'a Affected<String>],
    /// Versions that are known to be there.
    pub(crate) known: &'a [&'a str],
}

/// A version, or `<version` where none is known to be there: below it, no record names any of the same line.
pub(crate) fn safe(ask: &Ask<'_>) -> Option<String> {
    let current = ask.subject.version()?;
    let fixed = ask.own.iter().flat_map(|own| &own.ranges).flat_map(|range| &range.events);
    let fixed = fixed.filter_map(|event| match event {
        Event::Fixed(version) => Some(version.as_str()),
        _ => None,
    });
    let (mut above, mut below) = (Vec::new(), Vec::new());
    for text in fixed.chain(ask.known.iter().copied()) {
        let version = Sortable::parse(&ask.world.ecosystem(), text);
        if !version.is_version() || (version.is_prerelease() && !current.is_prerelease()) {
            continue;
        }
        match version.cmp(current) {
            std::cmp::Ordering::Greater => above.push((version, text)),
            std::cmp::Ordering::Less => below.push((version, text)),
            std::cmp::Ordering::Equal => {}
        }
    }
    above.sort();
    below.sort_by(|a, b| b.cmp(a));
    let is_free = |text: &&str| {
        let subject = Subject::new(&ask.world.ecosystem(), text);
        ask.own.iter().chain(ask.malware).all(|affected| reach(affected, &subject).is_none())
    };
    let first =
        |all: &[(Sortable, &str)]| all.iter().take(MAX_TRIED).map(|(_, text)| *text).find(is_free).map(str::to_owned);
    match ask.kind {
        AdvisoryKind::Vulnerability => first(&above).or_else(|| first(&below)),
        // Who had the account may have published what follows, too.
        AdvisoryKind::Malware => first(&below).or_else(|| first(&above)).or_else(|| unnamed_below(ask, current)),
    }
}

/// Below everything of the same line (the major version, or `0.x`) that records name.
fn unnamed_below(ask: &Ask<'_>, current: &Sortable) -> Option<String> {
    let mut lowest: Option<(Sortable, &str)> = None;
    for affected in ask.own.iter().chain(ask.malware) {
        let introduced = affected.ranges.iter().flat_map(|range| &range.events).filter_map(|event| match event {
            Event::Introduced(version) => Some(version.as_str()),
            _ => None,
        });
        for text in introduced.chain(affected.versions.iter().map(String::as_str)) {
            if text == "0" {
                return None;
            }
            let version = Sortable::parse(&ask.world.ecosystem(), text);
            if !version.is_version() || version > *current || line(text) != line(ask.subject.text()) {
                continue;
            }
            if lowest.as_ref().is_none_or(|(lowest, _)| version < *lowest) {
                lowest = Some((version, text));
            }
        }
    }
    lowest.map(|(_, text)| format!("<{text}"))
}

/// The numbers within which versions promise to be compatible.
fn line(text: &str) -> (&str, &str) {
    let mut numbers = text.trim_start_matches(['v', '=']).split('.');
    let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    (major, if major == "0" { minor } else { "" })
}

#[cfg(test)]
mod tests {
    use super::super::reach::tests::affected;
    use super::*;

    fn of(kind: AdvisoryKind, own: &str, malware: &str, version: &str, known: &[&str]) -> Option<String> {
        let subject = Subject::new(&World::Npm.ecosystem(), version);
        let (own, malware) = (affected(own), affected(malware));
        safe(&Ask { world: World::Npm, subject: &subject, kind, own: &[&own], malware: &[&malware], known })
    }

    #[test]
    fn a_vulnerability_is_left_upwards() {
        let of = |own, malware, version, known: &[&str]| of(AdvisoryKind::Vulnerability, own, malware, version, known);
        let own = ">0 <1.2.3; >2.0.0 <2.4.0";
        assert_eq!(of(own, "", "1.0.0", &[]).as_deref(), Some("1.2.3"));
        assert_eq!(of(own, "", "2.1.0", &[]).as_deref(), Some("2.4.0"));
        assert_eq!(of(own, "1.2.3", "1.0.0", &[]).as_deref(), Some("2.4.0"));
        assert_eq!(of(own, "1.2.3", "1.0.0", &["1.2.4"]).as_deref(), Some("1.2.4"));
        assert_eq!(of(">1.0.0", "", "1.5.0", &["0.9.0", "1.4.0"]).as_deref(), Some("0.9.0"));
        assert_eq!(of(">0", "", "1.5.0", &["0.9.0"]), None);
    }

    #[test]
    fn malware_is_left_downwards() {
        let of = |own, version, known: &[&str]| of(AdvisoryKind::Malware, own, "", version, known);
        let own = "0.30.4 1.14.1";
        assert_eq!(of(own, "1.14.1", &["1.13.0", "1.14.0", "1.14.0-rc.1", "1.15.0"]).as_deref(), Some("1.14.0"));
        assert_eq!(of(own, "1.14.1", &["1.15.0"]).as_deref(), Some("1.15.0"));
        assert_eq!(of(own, "1.14.1", &[]).as_deref(), Some("<1.14.1"));
        assert_eq!(of(own, "0.30.4", &[]).as_deref(), Some("<0.30.4"));
        assert_eq!(of("1.82.7 1.82.8", "1.82.8", &[]).as_deref(), Some("<1.82.7"));
        assert_eq!(of(">4.1.1 <=4.1.2", "4.1.2", &[]).as_deref(), Some("<4.1.1"));
        assert_eq!(of(">0", "4.1.2", &["1.0.0"]), None);
    }
}
