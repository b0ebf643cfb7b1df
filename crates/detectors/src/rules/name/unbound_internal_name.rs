//! Internal names that settings do not keep from a public registry.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "unbound-internal-name",
    summary: "Internal names are bound to no private registry, so a public one would be asked for them",
    category: Category::Name,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    techniques: &["T1195.001"],
    remedy: super::dependency_confusion::SEPARATE,
    doc: include_str!("unbound_internal_name.md"),
};

/// Most packages shown of one name.
const SHOWN: usize = 4;

pub(crate) fn check(facts: &TargetFacts<'_>, out: &mut Vec<Finding>) {
    for unbound in &facts.unbound {
        let title = match &unbound.beside {
            Some(private) => format!(
                "{} is internal, but {} is asked for it beside {private}, and the higher version is taken",
                unbound.name, unbound.public
            ),
            None => {
                format!("{} is internal, but nothing keeps {} from being asked for it", unbound.name, unbound.public)
            }
        };
        let packages = unbound.packages.iter().take(SHOWN).map(|id| facts.inventory.package(*id));
        let mut evidence: Vec<Evidence> = packages
            .map(|package| Evidence::Field {
                location: package.declared_at.clone().unwrap_or_else(|| Location::file(package.path.clone())),
                field: "name".to_owned(),
                found: package.label(),
                expected: None,
                note: format!("{} would be asked for it", unbound.public),
            })
            .collect();
        evidence.push(Evidence::Field {
            location: unbound.declared.clone(),
            field: "names.internal".to_owned(),
            found: unbound.name.clone(),
            expected: None,
            note: "says that the name is internal".to_owned(),
        });
        report(out, &META, ODD, title, evidence);
    }
}
