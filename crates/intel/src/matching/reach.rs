//! Whether a version is affected: the evaluation of the OSV schema
//! (<https://ossf.github.io/osv-schema/#evaluation>), by each ecosystem's own order of versions.

use std::cmp::Ordering;

use vetch_model::advisory::Reach;
use vetch_model::inventory::Ecosystem;
use vetch_versions::{Sortable, python};

use crate::record::{Affected, Event, Range};

/// A version that is asked about, read once.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    ecosystem: Ecosystem,
    text: String,
    beginning: Option<u64>,
    /// `None` if it is no version: then only lists count, by their text.
    version: Option<Sortable>,
    /// Without its local label (`1.0+cu118`), if it has one: advisories speak of what is on the public index.
    public: Option<Sortable>,
}

impl Subject {
    pub(crate) fn new(ecosystem: &Ecosystem, text: &str) -> Subject {
        let version = Some(Sortable::parse(ecosystem, text)).filter(Sortable::is_version);
        let public = match &version {
            Some(Sortable::Python(version)) if version.is_local() => Some(Sortable::Python(version.public())),
            _ => None,
        };
        let (text, beginning) = (text.trim().to_owned(), beginning(text));
        Subject { ecosystem: ecosystem.clone(), text, beginning, version, public }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn version(&self) -> Option<&Sortable> {
        self.version.as_ref()
    }

    fn parse(&self, text: &str) -> Option<Sortable> {
        Some(Sortable::parse(&self.ecosystem, text)).filter(Sortable::is_version)
    }

    /// Itself, beside a version of a record: without the local label, unless that has one too.
    fn beside(&self, other: &Sortable) -> Option<&Sortable> {
        match other {
            Sortable::Python(other) if python::Version::is_local(other) => self.version.as_ref(),
            _ => self.public.as_ref().or(self.version.as_ref()),
        }
    }

    fn is(&self, listed: &str) -> bool {
        if listed.trim() == self.text {
            return true;
        }
        // Lists have hundreds of versions, and reading one costs more than seeing that it is another.
        let may_be_equal = || self.beginning.is_none() || beginning(listed).is_none_or(|it| Some(it) == self.beginning);
        if self.version.is_none() || !may_be_equal() {
            return false;
        }
        self.parse(listed).is_some_and(|listed| {
            // npm passes over what stands behind `+`, and so does its order.
            self.beside(&listed).is_some_and(|own| own.cmp(&listed) == Ordering::Equal)
        })
    }
}

/// A number for what a version begins with, up to the first that is neither a digit nor a point, zeros aside: equal
/// versions have the same. `None` where an epoch may come first, for then anything may be equal.
fn beginning(text: &str) -> Option<u64> {
    let mut hash = 0u64;
    // Numbers that are zero count only when another follows.
    let (mut number, mut zeros) = (0u64, 1u64);
    let mut is_inside = false;
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => {
                is_inside = true;
                number = number.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
            }
            b'.' if is_inside => {
                hash = with_number(hash, number, &mut zeros);
                number = 0;
            }
            b'!' if is_inside => return None,
            b'v' | b'V' | b'=' | b' ' | b'\t' | b'\n' | b'\r' if !is_inside => {}
            // Other white space, which Python takes as well.
            _ if !is_inside && !byte.is_ascii() => return None,
            _ => break,
        }
    }
    Some(with_number(hash, number, &mut zeros))
}

fn with_number(hash: u64, number: u64, zeros: &mut u64) -> u64 {
    if number == 0 {
        *zeros += 1;
        return hash;
    }
    let mixed = hash.wrapping_add(*zeros).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number;
    *zeros = 1;
    mixed.rotate_left(23)
}

/// How one range holds a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    No,
    /// By bounds that the range gives.
    Bounded,
    /// It gives no bounds, or none that can be read: all versions are meant.
    Open,
}

/// How the versions of one package in one record reach the version. `None` if they do not.
pub(crate) fn reach<T: AsRef<str>>(affected: &Affected<T>, subject: &Subject) -> Option<Reach> {
    if affected.versions.iter().any(|listed| subject.is(listed.as_ref())) {
        return Some(Reach::Named);
    }
    let mut is_open = false;
    let mut others_are_bounded = false;
    // An end that cannot be read is not no end.
    let mut has_lost_end = false;
    for range in &affected.ranges {
        match held(range, subject) {
            Held::Bounded => return Some(Reach::Named),
            Held::Open => {
                is_open = true;
                has_lost_end |= is_bounded(range);
            }
            Held::No => others_are_bounded |= is_bounded(range),
        }
    }
    match (is_open, others_are_bounded) {
        (false, _) => None,
        (true, true) => Some(Reach::ContradictedRange),
        (true, false) if has_lost_end || !affected.versions.is_empty() => Some(Reach::OpenRange),
        (true, false) => Some(Reach::Named),
    }
}

fn is_bounded<T: AsRef<str>>(range: &Range<T>) -> bool {
    range.events.iter().any(|event| match event {
        Event::Introduced(version) => version.as_ref() != "0",
        Event::Limit(version) => version.as_ref() != "*",
        Event::Fixed(_) | Event::LastAffected(_) => true,
    })
}

/// What an event does, and at which version; `None` is before all versions.
type Step = (Option<Sortable>, u8);

const INTRODUCED: u8 = 0;
const LAST: u8 = 1;
const FIXED: u8 = 2;

fn held<T: AsRef<str>>(range: &Range<T>, subject: &Subject) -> Held {
    if subject.version.is_none() {
        return Held::No;
    }
    let mut steps: Vec<Step> = Vec::with_capacity(range.events.len());
    let mut limits = 0usize;
    let mut is_before_limit = false;
    let mut is_bounded = false;
    for event in &range.events {
        let text = event.version();
        let kind = match event {
            Event::Introduced(_) if text == "0" => {
                steps.push((None, INTRODUCED));
                continue;
            }
            Event::Limit(_) if text == "*" => {
                limits += 1;
                is_before_limit = true;
                continue;
            }
            Event::Introduced(_) => INTRODUCED,
            Event::LastAffected(_) => LAST,
            Event::Fixed(_) => FIXED,
            Event::Limit(_) => {
                let limit = subject.parse(text);
                limits += 1;
                is_bounded |= limit.is_some();
                // A limit that cannot be read limits nothing.
                is_before_limit |= limit.is_none_or(|limit| subject.beside(&limit).is_some_and(|own| *own < limit));
                continue;
            }
        };
        // What cannot be read neither begins nor ends anything: a range may then seem open, which is told.
        if let Some(version) = subject.parse(text) {
            is_bounded = true;
            steps.push((Some(version), kind));
        }
    }
    if limits > 0 && !is_before_limit {
        return Held::No;
    }
    // At the same version, what is fixed is fixed.
    steps.sort();
    let mut is_held = false;
    for (version, kind) in steps {
        let own = |version: &Sortable| subject.beside(version).map(|own| own.cmp(version));
        let order = version.as_ref().map_or(Some(Ordering::Greater), own);
        match (kind, order) {
            (INTRODUCED, Some(Ordering::Equal | Ordering::Greater)) => is_held = true,
            (LAST, Some(Ordering::Greater)) | (FIXED, Some(Ordering::Equal | Ordering::Greater)) => is_held = false,
            _ => {}
        }
    }
    match (is_held, is_bounded) {
        (false, _) => Held::No,
        (true, true) => Held::Bounded,
        (true, false) => Held::Open,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// `>1.0 <2.0 <=3.0 |4.0 1.5`: introduced, fixed, last affected, limit; by themselves versions. Ranges are set
    /// apart by `;`.
    pub(crate) fn affected(text: &str) -> Affected<String> {
        let mut affected = Affected::default();
        for part in text.split(';') {
            let mut events = Vec::new();
            for word in part.split_whitespace() {
                match (word.strip_prefix("<="), word.chars().next()) {
                    (Some(version), _) => events.push(Event::LastAffected(version.to_owned())),
                    (None, Some('>')) => events.push(Event::Introduced(word[1..].to_owned())),
                    (None, Some('<')) => events.push(Event::Fixed(word[1..].to_owned())),
                    (None, Some('|')) => events.push(Event::Limit(word[1..].to_owned())),
                    _ => affected.versions.push(word.to_owned()),
                }
            }
            if !events.is_empty() {
                affected.ranges.push(Range { events });
            }
        }
        affected
    }

    #[track_caller]
    fn holds(ecosystem: &Ecosystem, text: &str, yes: &[&str], no: &[&str]) {
        let affected = affected(text);
        let of = |version: &&str| reach(&affected, &Subject::new(ecosystem, version));
        for version in yes {
            assert_eq!(of(version), Some(Reach::Named), "{text} and {version}");
        }
        for version in no {
            assert_eq!(of(version), None, "{text} and {version}");
        }
    }

    #[test]
    fn events_in_any_order_are_evaluated_by_version() {
        let npm = &Ecosystem::Npm;
        holds(npm, ">1.0.0 <1.2.0", &["1.0.0", "1.1.9", "1.2.0-rc.1"], &["0.9.9", "1.2.0", "1.0.0-beta"]);
        holds(npm, "<2.5.0 >2.0.0 <1.2.0 >0", &["0.0.0-alpha", "1.1.0", "2.4.9"], &["1.2.0", "1.9.0", "2.5.0"]);
        holds(npm, ">1.0.0 <=1.2.0", &["1.2.0"], &["1.2.1", "1.2.1-rc.1"]);
        holds(npm, ">1.0.0 |2.0.0", &["1.9.9"], &["2.0.0", "3.0.0"]);
        holds(npm, ">1.0.0 |2.0.0 |*", &["3.0.0"], &["0.1.0"]);
        holds(npm, ">1.0.0; <3.1.0 >3.0.0", &["1.0.0", "9.0.0"], &["0.9.0"]);
        holds(npm, ">1.0.0 <1.0.0", &[], &["0.1.0", "1.0.0", "1.0.1"]);
        holds(npm, ">9.0.0 >10.0.0 <9.5.0", &["9.1.0", "10.0.0"], &["9.5.0"]);
    }

    #[test]
    fn versions_are_compared_as_their_ecosystem_does() {
        holds(&Ecosystem::Npm, "v1.0.0 2.0.0+build", &["1.0.0", "=1.0.0", "2.0.0", "2.0.0+other"], &["1.0"]);
        holds(&Ecosystem::Pypi, "1.0 2.0rc1", &["1.0.0", "1", "2.0.RC1", "1.0+cu118"], &["1.0.1", "2.0"]);
        holds(&Ecosystem::Pypi, ">0 <2.0", &["0.dev0", "2.0a1"], &["2.0", "1!0"]);
        holds(&Ecosystem::Pypi, ">1.0 <=2.0", &["2.0+local", "2.0.0"], &["2.0.post1"]);
        holds(&Ecosystem::Pypi, "1.0+cu118", &["1.0+cu118", "1.0+CU118"], &["1.0", "1.0+cpu"]);
    }

    #[test]
    fn a_look_at_the_numbers_never_says_that_equal_versions_differ() {
        for (left, right) in
            [("1.0", "1"), ("1.0a1", "1.0.0-alpha-1"), ("v1.2.3", "=1.2.3+b"), ("01.2", "1.2.0"), ("0!1", "1")]
        {
            let (left, right) = (beginning(left), beginning(right));
            assert!(left.is_none() || right.is_none() || left == right);
        }
        let distinct = ["1", "1.0.1", "1.2.3", "1.2.30", "10", "0.1", "0.0.1", "1.0.0.1"];
        let beginnings: std::collections::BTreeSet<_> = distinct.iter().map(|text| beginning(text)).collect();
        assert_eq!(beginnings.len(), distinct.len());
    }

    #[test]
    fn what_is_no_version_is_matched_by_lists_alone() {
        holds(&Ecosystem::Npm, "latest; >0", &["latest"], &["next", "github:a/b"]);
        holds(&Ecosystem::Pypi, "2004d; >0 <3", &["2004d"], &["2004e"]);
    }

    #[test]
    fn a_hit_by_an_open_range_alone_is_told_apart() {
        let of = |text: &str, version: &str| reach(&affected(text), &Subject::new(&Ecosystem::Npm, version));
        assert_eq!(of(">0", "1.0.0"), Some(Reach::Named));
        assert_eq!(of(">0; 1.0.0", "1.0.0"), Some(Reach::Named));
        assert_eq!(of(">0; 1.0.0", "1.0.1"), Some(Reach::OpenRange));
        assert_eq!(of(">0; >4.1.1 <=4.1.2", "4.1.2"), Some(Reach::Named));
        assert_eq!(of(">0; >4.1.1 <=4.1.2", "4.1.0"), Some(Reach::ContradictedRange));
        assert_eq!(of(">0 <soon; 1.0.0", "1.0.1"), Some(Reach::OpenRange));
        assert_eq!(of(">0 <soon", "1.0.1"), Some(Reach::OpenRange));
        assert_eq!(of(">soon", "1.0.1"), None);
    }
}
