//! What the release is called: names that are mistaken for popular ones, and internal names that a public registry
//! serves.
//!
//! A name alone is weak. These rules are the only ones that look at one, and never excuse anything by it: that a name
//! is popular only says that it is the one which people mean. What a release does decides how much its name counts.

pub(crate) mod combosquatted_name;
pub(crate) mod cross_ecosystem_name;
pub(crate) mod dependency_confusion;
pub(crate) mod invented_name;
pub(crate) mod lookalike_scope;
pub(crate) mod typosquatted_name;
pub(crate) mod unbound_internal_name;

use vetch_model::inventory::Ecosystem;

use super::prelude::*;
use crate::imitation::deeds::Deeds;
use crate::imitation::identity::{Identity, is_established, is_new};
use crate::input::{How, Lookalike};

/// What to do about a name that may not be the one that was meant.
const MEANT: &str = "Compare the name with the one you meant. If you meant the popular package, remove this one, install that, \
    and treat every machine that installed this one as compromised: rotate the credentials that were within reach. If you meant \
    this one, except this rule for this content hash in `vetch.toml`, with the reason.";

/// Reports the release if the likeliest package that its name is mistaken for is one of these kinds.
fn judge(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>, meta: &'static RuleMeta, is_mine: fn(&How) -> bool) {
    let Some(lookalike) = facts.name.lookalikes.first().filter(|lookalike| is_mine(&lookalike.how)) else { return };
    let package = facts.package;
    // Only what is asked for by its name can be asked for by a wrong one.
    if package.role != Role::Dependency || matches!(package.source, Source::Git { .. }) {
        return;
    }
    let deeds = facts.contents.map(|contents| Deeds::of(&Contents::new(facts, contents))).unwrap_or_default();
    let identity = Identity::of(facts, lookalike);
    let Some((grade, why)) = grade(facts, lookalike, &deeds, &identity) else { return };
    let title = format!(
        "{} is named like {} ({}): {}{}",
        package.label(),
        lookalike.target,
        place_of(lookalike),
        lookalike.how,
        if why.is_empty() { String::new() } else { format!("; it {}", list(&why)) }
    );
    let mut evidence = vec![name_evidence(facts, lookalike)];
    evidence.extend(identity.evidence());
    evidence.extend(deeds.evidence());
    report(out, meta, grade, title, evidence);
}

/// How much the name counts, and what else speaks against the release.
fn grade(
    facts: &ReleaseFacts<'_>,
    lookalike: &Lookalike,
    deeds: &Deeds,
    identity: &Identity,
) -> Option<(Grade, Vec<&'static str>)> {
    let mut why = deeds.words();
    if identity.borrows() {
        why.push("gives that package's repository as its own");
    }
    let (is_strong, is_new) = (lookalike.is_strong && !is_established(facts), is_new(facts));
    if is_new {
        why.push("has hardly any releases before this one");
    }
    let grade = match (is_strong, deeds.is_hostile(), deeds.acts(), identity.borrows()) {
        (true, true, ..) => HARMFUL,
        (true, false, true, _) | (true, _, _, true) | (false, true, ..) => DOUBTFUL,
        (true, false, false, false) if deeds.installs() || is_new => UNCLEAR,
        (true, false, false, false) if identity.is_own() || facts.name.asked_for_by.is_some() => return None,
        (true, false, false, false) => (Severity::Medium, Confidence::Low),
        (false, false, true, _) if deeds.connects_and_runs_at_install() || is_new => UNCLEAR,
        (false, false, ..) => return None,
    };
    Some((grade, why))
}

/// `#6 on PyPI`.
fn place_of(lookalike: &Lookalike) -> String {
    let registry = match lookalike.ecosystem {
        Ecosystem::Npm => "npm",
        Ecosystem::Pypi => "PyPI",
        Ecosystem::Other(_) => "another registry",
    };
    format!("#{} on {registry}", lookalike.rank)
}

fn name_evidence(facts: &ReleaseFacts<'_>, lookalike: &Lookalike) -> Evidence {
    let package = facts.package;
    Evidence::Field {
        location: package.declared_at.clone().unwrap_or_else(|| Location::file(package.path.clone())),
        field: "name".to_owned(),
        found: package.name.clone(),
        expected: Some(lookalike.target.clone()),
        note: lookalike.how.to_string(),
    }
}
