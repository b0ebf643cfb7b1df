//! Whom a bad release contacts: what others may be told to look for.

use std::collections::BTreeSet;

use vetch_model::facts::PackageFacts;
use vetch_model::indicator::{IndicatorKind, Seen};

use crate::hosts::{Host, Standing, is_everywhere, is_shared_by_all, own_addresses};

/// Domains, addresses and URLs that code in these files contacts, in normal form and sorted; without what everybody uses, what
/// is the maker's own, and what means another machine in each network: to list those would alarm for nothing.
pub fn contacts(facts: &PackageFacts, files: &BTreeSet<&str>) -> Vec<(IndicatorKind, String)> {
    let own = own_addresses(facts);
    let names_somebody = |kind: IndicatorKind, value: &str| {
        let host = Host::parse(value, &own);
        let is_elsewhere = match host.name.parse() {
            Ok(address) => !is_everywhere(&address),
            // A page at a shared host is somebody's; the bare host is not.
            Err(_) => kind == IndicatorKind::Url || !is_shared_by_all(&host.name),
        };
        is_elsewhere && !matches!(host.standing, Standing::Loopback | Standing::Own | Standing::Distribution)
    };
    let used =
        facts.observables.iter().filter(|one| one.seen == Seen::Used && files.contains(one.location.file.as_str()));
    let network = used.filter(|one| matches!(one.kind, IndicatorKind::Domain | IndicatorKind::Ip | IndicatorKind::Url));
    let told = network.filter(|one| names_somebody(one.kind, &one.value));
    let all: BTreeSet<(IndicatorKind, String)> = told.map(|one| (one.kind, one.value.clone())).collect();
    all.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use vetch_model::Trigger;
    use vetch_model::evidence::{Location, Span};
    use vetch_model::indicator::Observable;

    #[test]
    fn what_everybody_uses_is_told_of_nobody() {
        let observable = |kind: IndicatorKind, value: &str, file: &str| Observable {
            kind,
            value: value.to_owned(),
            seen: Seen::Used,
            trigger: Trigger::Install,
            layer: 0,
            location: Location { file: file.to_owned(), line: 1, column: 1, span: Span { start: 0, end: 0 } },
        };
        let facts = PackageFacts {
            observables: vec![
                observable(IndicatorKind::Domain, "evil.invalid", "bad.js"),
                observable(IndicatorKind::Domain, "other.invalid", "good.js"),
                observable(IndicatorKind::Domain, "github.com", "bad.js"),
                observable(IndicatorKind::Domain, "pastebin.com", "bad.js"),
                observable(IndicatorKind::Url, "pastebin.com/raw/x", "bad.js"),
                observable(IndicatorKind::Ip, "127.0.0.1", "bad.js"),
                observable(IndicatorKind::Ip, "192.0.2.7", "bad.js"),
                observable(IndicatorKind::Ip, "8.8.8.8", "bad.js"),
            ],
            ..PackageFacts::default()
        };
        let values: Vec<String> =
            contacts(&facts, &BTreeSet::from(["bad.js"])).into_iter().map(|(_, value)| value).collect();
        assert_eq!(values, ["evil.invalid", "192.0.2.7", "pastebin.com/raw/x"]);
    }
}
