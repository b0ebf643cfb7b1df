//! Under which keys an observable may be listed.

use vetch_model::indicator::IndicatorKind;

use crate::host::{Host, host};
use crate::normal::without_port;

/// Most domains above a host that are looked at.
const MAX_PARENTS: usize = 8;

/// The machine of an address in normal form, or of an e-mail address.
pub fn host_in(kind: IndicatorKind, value: &str) -> Option<Host> {
    match kind {
        IndicatorKind::Domain | IndicatorKind::Ip => host(value),
        IndicatorKind::Email => host(value.rsplit_once('@')?.1),
        IndicatorKind::Url => {
            let rest = value.split_once("://").map_or(value, |(_, rest)| rest);
            host(without_port(rest.split(['/', '?']).next()?))
        }
        _ => None,
    }
}

/// A domain and those above it, without the top one.
pub fn parents(domain: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(domain), |&part| Some(part.split_once('.')?.1))
        .filter(|part| part.contains('.'))
        .take(MAX_PARENTS)
}

/// Every kind and value of an indicator that this observable meets: itself; for an address also without its query, and
/// its machine; for a host also the domains above it; for a path its last name.
pub fn keys(kind: IndicatorKind, value: &str) -> Vec<(IndicatorKind, String)> {
    let mut all = vec![(kind, value.to_owned())];
    if kind == IndicatorKind::Url
        && let Some((path, _)) = value.split_once('?')
    {
        all.push((kind, path.to_owned()));
    }
    match host_in(kind, value) {
        Some(Host::Domain(name)) => {
            let own = kind == IndicatorKind::Domain;
            all.extend(parents(&name).skip(usize::from(own)).map(|part| (IndicatorKind::Domain, part.to_owned())));
        }
        Some(Host::Ip(address)) if kind == IndicatorKind::Url => all.push((IndicatorKind::Ip, address.to_string())),
        _ => {}
    }
    if kind == IndicatorKind::FilePath
        && let Some(name) = value.rsplit('/').next().filter(|name| !name.is_empty())
    {
        all.push((IndicatorKind::FileName, name.to_owned()));
    }
    if kind == IndicatorKind::Package
        && let Some((name, _)) = value.rsplit_once('@')
    {
        all.push((kind, name.to_owned()));
    }
    if kind == IndicatorKind::Account
        && let Some((_, name)) = value.split_once(':')
    {
        all.push((kind, name.to_owned()));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_observable_meets_what_lies_above_it() {
        let shown = |kind, value| {
            keys(kind, value).iter().map(|(kind, value)| format!("{kind} {value}")).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(
            shown(IndicatorKind::Url, "a.evil.invalid:8/x?y"),
            "url a.evil.invalid:8/x?y, url a.evil.invalid:8/x, domain a.evil.invalid, domain evil.invalid"
        );
        assert_eq!(shown(IndicatorKind::Url, "192.0.2.1/x"), "url 192.0.2.1/x, ip 192.0.2.1");
        assert_eq!(
            shown(IndicatorKind::Package, "pkg:npm/%40a/b@1"),
            "package pkg:npm/%40a/b@1, package pkg:npm/%40a/b"
        );
        assert_eq!(shown(IndicatorKind::Email, "a@evil.invalid"), "email a@evil.invalid, domain evil.invalid");
    }
}
