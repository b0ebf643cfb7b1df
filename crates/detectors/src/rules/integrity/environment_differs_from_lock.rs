//! The installed Python packages are not those of the lockfile.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "environment-differs-from-lock",
    summary: "Installed Python packages are not those of the lockfile",
    category: Category::Integrity,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    techniques: &["T1554"],
    remedy: VERIFY_PYTHON,
    doc: include_str!("environment_differs_from_lock.md"),
};

use crate::input::EnvironmentFacts;

pub(crate) fn check(facts: &TargetFacts<'_>, out: &mut Vec<Finding>) {
    let Some(environment) = facts.environment.filter(|environment| !environment.lockfiles.is_empty()) else { return };
    let files: Vec<&str> = environment.lockfiles.iter().map(String::as_str).collect();
    let files = list(&files);
    let cases =
        [differing(facts, environment, &files), unlocked(facts, environment, &files), missing(environment, &files)];
    for case in cases.into_iter().flatten() {
        report(out, &META, case.grade, case.title, case.evidence);
    }
}

fn differing(facts: &TargetFacts<'_>, environment: &EnvironmentFacts, files: &str) -> Option<Case> {
    let (first, ..) = environment.differing.first()?;
    let count = environment.differing.len();
    let label = facts.inventory.package(*first).label();
    let title = match count {
        1 => format!("{label} is installed, which is not the version in {files}"),
        _ => format!("{count} packages are installed in other versions than {files} has, {label} among them"),
    };
    let evidence = environment.differing.iter().take(8).map(|(id, versions, _)| Evidence::Field {
        location: place(facts, *id),
        field: format!("{}: version", facts.inventory.package(*id).name),
        found: facts.inventory.package(*id).version.clone().unwrap_or_default(),
        expected: Some(versions.join(", ")),
        note: "the environment is stale or was changed".to_owned(),
    });
    Some(Case::new(ODD, title, evidence.collect()))
}

fn unlocked(facts: &TargetFacts<'_>, environment: &EnvironmentFacts, files: &str) -> Option<Case> {
    let first = environment.unlocked.first()?;
    let count = environment.unlocked.len();
    let label = facts.inventory.package(*first).label();
    let title = match count {
        1 => format!("{label} is installed, and {files} does not have it"),
        _ => format!("{count} packages are installed that {files} does not have, {label} among them"),
    };
    let evidence = environment.unlocked.iter().take(8).map(|id| Evidence::File {
        location: place(facts, *id),
        note: format!("{} is installed and not locked", facts.inventory.package(*id).label()),
    });
    Some(Case::new(FACT, title, evidence.collect()))
}

fn missing(environment: &EnvironmentFacts, files: &str) -> Option<Case> {
    let (first, _) = environment.missing.first()?;
    let title = format!("{} packages of {files} are not installed, {first} among them", environment.missing.len());
    let evidence = environment.missing.iter().take(8).map(|(label, location)| Evidence::File {
        location: location.clone().unwrap_or_else(|| Location::file(files)),
        note: format!("{label} is locked and not installed"),
    });
    Some(Case::new((Severity::Info, Confidence::High), title, evidence.collect()))
}

fn place(facts: &TargetFacts<'_>, id: vetch_model::inventory::PackageId) -> Location {
    let package = facts.inventory.package(id);
    package.declared_at.clone().unwrap_or_else(|| Location::file(package.path.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::inventory::PackageId;
    use vetch_model::verdict::Verdict;

    fn verdicts(change: impl FnOnce(&mut EnvironmentFacts)) -> Vec<Verdict> {
        let mut facts = EnvironmentFacts { lockfiles: vec!["uv.lock".to_owned()], ..EnvironmentFacts::default() };
        change(&mut facts);
        let findings = judge_environment(&facts);
        findings.iter().filter(|(rule, _)| *rule == META.id).map(|(_, verdict)| *verdict).collect()
    }

    #[test]
    fn other_versions_and_strangers_are_notable() {
        let versions = vec!["2.0".to_owned()];
        assert_eq!(verdicts(|it| it.differing.push((PackageId(0), versions, None))), [Verdict::Notable]);
        assert_eq!(verdicts(|it| it.unlocked.push(PackageId(0))), [Verdict::Notable]);
    }

    #[test]
    fn what_is_not_installed_and_what_has_no_lockfile_is_nothing() {
        assert_eq!(verdicts(|it| it.missing.push(("a@1".to_owned(), None))), [Verdict::Clean]);
        let without = |it: &mut EnvironmentFacts| {
            it.unlocked.push(PackageId(0));
            it.lockfiles.clear();
        };
        assert_eq!(verdicts(without), []);
    }
}
