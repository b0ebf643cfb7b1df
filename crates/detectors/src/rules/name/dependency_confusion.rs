//! An internal name that a public registry serves.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "dependency-confusion",
    summary: "Has an internal name and comes from a public registry",
    category: Category::Name,
    severity: Severity::High,
    confidence: Confidence::High,
    techniques: &["T1195.001", "T1195.002"],
    remedy: SEPARATE,
    doc: include_str!("dependency_confusion.md"),
};

/// What to do about names that two registries may serve.
pub(super) const SEPARATE: &str = "Do not install it. Bind the name to your registry (`@scope:registry=` in .npmrc; \
    `[[tool.uv.index]]` with `explicit = true` and `[tool.uv.sources]`; one `--index-url` that serves both), lock anew, and \
    register the name or scope at the public registry. If it was installed, treat those machines as compromised.";

use std::cmp::Ordering;

use crate::imitation::deeds::Deeds;
use crate::input::{InternalReason, InternalRelease};

pub(crate) fn check(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>) {
    let Some(internal) = &facts.name.internal else { return };
    let package = facts.package;
    let deeds = facts.contents.map(|contents| Deeds::of(&Contents::new(facts, contents))).unwrap_or_default();
    let outbids = outbids(package, internal);
    let may_run = deeds.installs() || deeds.acts() || package.has_install_script == Some(true);
    let grade = match (internal.reason.is_declared(), outbids.is_some(), deeds.is_hostile()) {
        // Where the lockfile names no host, a public registry only would be asked: `unbound-internal-name` says so.
        _ if internal.host.is_none() && outbids.is_none() && !deeds.is_hostile() => return,
        (true, true, _) | (_, true, true) | (true, _, true) => HARMFUL,
        (false, true, false) if may_run => HARMFUL,
        (true, false, false) => ALARMING,
        (false, true, false) | (false, false, true) => DOUBTFUL,
        (false, false, false) => ODD,
    };
    let from = match &internal.host {
        Some(host) => format!("comes from {host}"),
        None => "would be asked of a public registry".to_owned(),
    };
    let mut why = deeds.words();
    why.extend(outbids);
    let because = if why.is_empty() { String::new() } else { format!("; it {}", list(&why)) };
    let title = format!("{} {from}, though {}{because}", package.label(), words(internal));
    let mut evidence = vec![entry(package, internal)];
    if let InternalReason::Declared { pattern, location } = &internal.reason {
        evidence.push(Evidence::Field {
            location: location.clone(),
            field: "names.internal".to_owned(),
            found: pattern.clone(),
            expected: None,
            note: "says that the name is internal".to_owned(),
        });
    }
    evidence.extend(deeds.evidence());
    report(out, &META, grade, title, evidence);
}

fn words(internal: &InternalRelease) -> String {
    match &internal.reason {
        InternalReason::Declared { .. } => "its name is internal".to_owned(),
        InternalReason::Tied { host } => format!("settings tie its name to {host}"),
        InternalReason::Served { host } if internal.private_versions.is_empty() => {
            format!("others of its scope come from {host}")
        }
        InternalReason::Served { host } => {
            format!("{host} serves {}", internal.private_versions.join(", "))
        }
    }
}

/// Why the version is one that wins against the private ones.
fn outbids(package: &Package, internal: &InternalRelease) -> Option<&'static str> {
    let version = package.version.as_deref()?;
    if is_implausible(version) {
        return Some("has a version that outbids every other");
    }
    let is_higher =
        |private: &String| vetch_versions::compare(&package.ecosystem, version, private) == Some(Ordering::Greater);
    let private = &internal.private_versions;
    (!private.is_empty() && private.iter().all(is_higher)).then_some("has a higher version than the private one")
}

/// Versions are counted up from 0 or 1, or are dates. Who wants to win starts near the end of the digits.
fn is_implausible(version: &str) -> bool {
    let first = version.trim_start_matches('v').split(['.', '-', '+']).next().unwrap_or_default();
    let is_date = first.len() >= 4 && (first.starts_with("19") || first.starts_with("20"));
    first.parse::<u64>().is_ok_and(|number| number >= 90) && !is_date
}

fn entry(package: &Package, internal: &InternalRelease) -> Evidence {
    let url = match &package.source {
        Source::Registry { url: Some(url), .. } | Source::Tarball { url } => url.clone(),
        Source::Registry { index: Some(index), .. } => index.clone(),
        _ => package.label(),
    };
    let expected = match &internal.reason {
        InternalReason::Declared { .. } => None,
        InternalReason::Tied { host } | InternalReason::Served { host } => Some(host.clone()),
    };
    Evidence::Field {
        location: package.declared_at.clone().unwrap_or_else(|| Location::file(package.path.clone())),
        field: format!("{}: source", package.label()),
        found: url,
        expected,
        note: "where it comes from".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "dependency-confusion";

    fn internal(reason: InternalReason, host: Option<&str>, private: &[&str]) -> InternalRelease {
        let private_versions = private.iter().map(|version| (*version).to_owned()).collect();
        InternalRelease { reason, host: host.map(str::to_owned), private_versions }
    }

    fn declared() -> InternalReason {
        InternalReason::Declared { pattern: "acme-*".to_owned(), location: Location::file("vetch.toml") }
    }

    fn served() -> InternalReason {
        InternalReason::Served { host: "npm.acme.invalid".to_owned() }
    }

    const PUBLIC: Option<&str> = Some("registry.npmjs.org");

    #[test]
    fn what_is_declared_and_public_is_suspicious_and_what_outbids_malicious() {
        let of = |version, reason, private: &[&str]| {
            Facts::new().internal(version, internal(reason, PUBLIC, private)).verdict(RULE)
        };
        assert_eq!(of("1.2.0", declared(), &[]), Verdict::Suspicious);
        assert_eq!(of("99.0.1", declared(), &[]), Verdict::Malicious);
        assert_eq!(of("1.2.0", served(), &[]), Verdict::Notable);
        assert_eq!(of("9.0.0", served(), &["1.2.0"]), Verdict::Suspicious);
        assert_eq!(of("1.0.0", served(), &["1.2.0"]), Verdict::Notable);
        assert_eq!(of("2024.1.0", served(), &[]), Verdict::Notable);
    }

    #[test]
    fn a_higher_version_with_an_install_script_is_an_attack() {
        let facts = Facts::new().install("preinstall", "node index.js", &["index.js"]);
        assert_eq!(facts.internal("100.0.0", internal(served(), PUBLIC, &[])).verdict(RULE), Verdict::Malicious);
    }

    #[test]
    fn without_a_host_only_what_outbids_is_told() {
        let of = |version| Facts::new().internal(version, internal(declared(), None, &[])).verdict(RULE);
        assert_eq!((of("1.0.0"), of("999.0.0")), (Verdict::Clean, Verdict::Malicious));
    }
}
