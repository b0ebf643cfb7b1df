//! The installed manifest is not the locked one.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "installed-differs-from-lock",
    summary: "The installed manifest differs from what was locked",
    category: Category::Integrity,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    techniques: &["T1554", "T1070"],
    remedy: VERIFY,
    doc: include_str!("installed_differs_from_lock.md"),
};

use vetch_model::manifest::Manifest;

pub(crate) fn check(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>) {
    if facts.package.role != Role::Dependency {
        return;
    }
    if facts.installed.is_empty() {
        report_worst(out, &META, archive(facts));
    }
    for copy in &facts.installed {
        let Some(manifest) = copy.manifest else { continue };
        let cases = [name(facts, copy, manifest), version(facts, copy, manifest), scripts(facts, copy, manifest)];
        report_worst(out, &META, cases.into_iter().flatten());
    }
}

/// The archive of the locked integrity is another package by its own manifest.
fn archive(facts: &ReleaseFacts<'_>) -> Option<Case> {
    let manifest = facts.contents?.manifest.as_ref()?;
    let (locked, found) = (&facts.package.name, manifest.name.as_deref()?);
    if locked.is_empty() || locked == found || !matches!(facts.package.source, Source::Registry { .. }) {
        return None;
    }
    let evidence = Evidence::Field {
        location: Location::file("package.json"),
        field: "name".to_owned(),
        found: found.to_owned(),
        expected: Some(locked.clone()),
        note: "the archive of the locked integrity names another package".to_owned(),
    };
    Some(Case::new(ALARMING, format!("the archive locked as {locked} calls itself {found}"), vec![evidence]))
}

fn name(facts: &ReleaseFacts<'_>, copy: &InstalledCopy<'_>, manifest: &Manifest) -> Option<Case> {
    let (locked, found) = (&facts.package.name, manifest.name.as_deref()?);
    if locked.is_empty() || locked == found {
        return None;
    }
    // A git repository or an archive may call itself what it likes; a registry's package may not.
    let grade = if matches!(facts.package.source, Source::Registry { .. }) { ALARMING } else { ODD };
    let title = format!("{} is installed where the lockfile says {locked}", found);
    Some(Case::new(grade, title, vec![field(copy, "name", found, Some(locked), "another package lies there")]))
}

fn version(facts: &ReleaseFacts<'_>, copy: &InstalledCopy<'_>, manifest: &Manifest) -> Option<Case> {
    let locked = facts.package.version.as_deref()?;
    let found = manifest.version.as_deref()?;
    if plain(locked) == plain(found) {
        return same_version(facts, copy, manifest);
    }
    let mut evidence = vec![field(copy, "version", found, Some(locked), "the manifest on disk names another version")];
    if lost_its_scripts(facts, copy, manifest) {
        evidence.push(field(
            copy,
            "scripts",
            "no install scripts",
            Some("install scripts"),
            "the lockfile says that it has install scripts",
        ));
        let title = format!(
            "{} claims on disk to be {found} and to have no install scripts: code that ran at install may have rewritten it",
            facts.package.label()
        );
        return Some(Case::new(DOUBTFUL, title, evidence));
    }
    let title =
        format!("{} is locked, but {found} is installed: the tree is stale or was changed", facts.package.label());
    Some(Case::new(ODD, title, evidence))
}

/// A dropper need not change the version to remove its traces.
fn same_version(facts: &ReleaseFacts<'_>, copy: &InstalledCopy<'_>, manifest: &Manifest) -> Option<Case> {
    if !lost_its_scripts(facts, copy, manifest) {
        return None;
    }
    let note = "the lockfile says that it has install scripts";
    let evidence = field(copy, "scripts", "no install scripts", Some("install scripts"), note);
    let title = format!(
        "{} has install scripts by the lockfile, and none on disk: code that ran at install may have removed them",
        facts.package.label()
    );
    Some(Case::new(DOUBTFUL, title, vec![evidence]))
}

/// The lockfile says that there are install scripts; the disk says there are none, and nothing to compile either.
fn lost_its_scripts(facts: &ReleaseFacts<'_>, copy: &InstalledCopy<'_>, manifest: &Manifest) -> bool {
    let on_disk = copy.contents.or(facts.contents.filter(|_| !facts.contents_are_locked));
    let none_now = manifest.install_scripts().next().is_none()
        && manifest.gypfile != Some(true)
        && on_disk.is_none_or(|contents| !contents.install_commands.iter().any(|command| command.for_dependents));
    facts.package.has_install_script == Some(true) && none_now
}

/// The same version, with other install scripts than the locked archive has.
fn scripts(facts: &ReleaseFacts<'_>, copy: &InstalledCopy<'_>, manifest: &Manifest) -> Option<Case> {
    let locked = facts.contents.filter(|_| facts.contents_are_locked)?.manifest.as_ref()?;
    let same_version = locked.version.as_deref().map(plain) == manifest.version.as_deref().map(plain);
    let lines = |manifest: &Manifest| {
        let lines = manifest.install_scripts().map(|script| format!("{}: {}", script.name, script.command));
        lines.collect::<Vec<_>>().join("; ")
    };
    let (before, after) = (lines(locked), lines(manifest));
    if before == after || !same_version {
        return None;
    }
    let shown = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
    let title = format!("the install scripts of {} on disk are not those of the locked archive", facts.package.label());
    let evidence = field(copy, "scripts", &shown(&after), Some(&shown(&before)), "changed after it was installed");
    Some(Case::new(ALARMING, title, vec![evidence]))
}

/// A version without what npm itself strips: a leading `v` or `=`, build metadata.
pub(crate) fn plain(version: &str) -> &str {
    let version = version.trim().trim_start_matches(['v', '=']);
    version.split('+').next().unwrap_or(version)
}

fn field(copy: &InstalledCopy<'_>, field: &str, found: &str, expected: Option<&str>, note: &str) -> Evidence {
    Evidence::Field {
        location: Location::file(format!("{}/package.json", copy.path)),
        field: field.to_owned(),
        found: found.to_owned(),
        expected: expected.map(str::to_owned),
        note: note.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    fn installed(name: &str, version: &str, scripts: &[(&str, &str)]) -> Facts {
        Facts::new().copy(Some(manifest(name, version, scripts)), None)
    }

    #[test]
    fn another_package_is_suspicious_and_another_version_notable() {
        assert_eq!(installed("other", "1.0.0", &[]).verdict(META.id), Verdict::Suspicious);
        assert_eq!(installed("tool", "0.9.9", &[]).verdict(META.id), Verdict::Notable);
    }

    #[test]
    fn a_rewritten_manifest_without_its_scripts_is_suspicious() {
        let mut facts = installed("tool", "0.9.9", &[]);
        facts.package.has_install_script = Some(true);
        assert_eq!(facts.verdict(META.id), Verdict::Suspicious);
        let mut kept = installed("tool", "0.9.9", &[("install", "make")]);
        kept.package.has_install_script = Some(true);
        assert_eq!(kept.verdict(META.id), Verdict::Notable);
    }

    #[test]
    fn scripts_that_differ_from_the_archive_are_suspicious() {
        let locked = || Facts::new().manifest(manifest("tool", "1.0.0", &[])).locked();
        let planted = locked().copy(Some(manifest("tool", "1.0.0", &[("postinstall", "node x.js")])), None);
        assert_eq!(planted.verdict(META.id), Verdict::Suspicious);
        let same = locked().copy(Some(manifest("tool", "1.0.0", &[("test", "x")])), None);
        assert_eq!(same.verdict(META.id), Verdict::Clean);
    }

    #[test]
    fn spelling_of_versions_does_not_matter() {
        assert_eq!(installed("tool", "v1.0.0+build", &[]).verdict(META.id), Verdict::Clean);
        assert_eq!(installed("tool", "1.0.0", &[]).verdict(META.id), Verdict::Clean);
    }
}
