//! A published package that depends on code outside the registry.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "dependency-from-git-or-url",
    summary: "Depends on code from git or a URL instead of the registry",
    category: Category::Manifest,
    severity: Severity::Medium,
    confidence: Confidence::High,
    techniques: &["T1195.001"],
    remedy: REVIEW,
    doc: include_str!("dependency_from_git_or_url.md"),
};

use vetch_model::manifest::Dependency;

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let package = c.release.package;
    if package.role != Role::Dependency {
        // The user's own project may depend on what it likes; `non-registry-source` notes it.
        return;
    }
    let asked = c.facts.manifest.iter().flat_map(|manifest| &manifest.dependencies);
    let mut cases: Vec<Case> = asked.filter_map(|dependency| asks(c, dependency)).collect();
    cases.extend(pulled_in(c));
    report_worst(out, &META, cases);
}

/// This release asks for code from elsewhere.
fn asks(c: &Contents<'_>, dependency: &Dependency) -> Option<Case> {
    if !matches!(dependency.kind, EdgeKind::Production | EdgeKind::Optional) {
        return None;
    }
    let from = origin(&dependency.range)?;
    // npm does not fail when an optional dependency cannot be had: nobody notices that it is there only to run `prepare`.
    let grade = if dependency.kind == EdgeKind::Optional && from == "git" {
        UNCLEAR
    } else {
        (Severity::Medium, Confidence::High)
    };
    let title = format!("{} depends on {} from {from} instead of the registry", c.label(), dependency.name);
    let location =
        Location { file: "package.json".to_owned(), line: dependency.line, column: 0, span: dependency.span };
    let evidence = Evidence::Field {
        location,
        field: format!("dependencies.{}", dependency.name),
        found: dependency.range.clone(),
        expected: None,
        note: "no registry has seen this code, and no integrity holds it in place".to_owned(),
    };
    Some(Case::new(grade, title, vec![evidence]))
}

/// This release is such code, was pulled in by a published package, and runs something at install.
fn pulled_in(c: &Contents<'_>) -> Option<Case> {
    let outside = matches!(c.release.package.source, Source::Git { .. } | Source::Tarball { .. });
    let asker = c.release.dependents.iter().find(|dependent| dependent.package.role == Role::Dependency)?;
    let command = c.install_commands().find(|command| command.event != "binding.gyp").filter(|_| outside)?;
    let evidence = super::binding_gyp_command::command_evidence(command, "runs when it is installed");
    let title = format!(
        "{} pulls {} in from outside the registry, and its {} runs code",
        asker.package.label(),
        c.label(),
        command.event
    );
    Some(Case::new(DOUBTFUL, title, vec![evidence]))
}

fn origin(range: &str) -> Option<&'static str> {
    let range = range.trim().to_ascii_lowercase();
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| range.starts_with(prefix));
    if starts(&["git+", "git://", "git@", "ssh://", "github:", "gitlab:", "bitbucket:", "gist:"]) {
        return Some("git");
    }
    if starts(&["http://", "https://"]) {
        return Some(if range.contains(".git") { "git" } else { "a URL" });
    }
    // `owner/repository`, which is no version range and no path.
    let short = range.split('#').next().unwrap_or_default();
    let mut parts = short.split('/');
    let (owner, repository) = (parts.next()?, parts.next()?);
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    (parts.next().is_none() && is_word(owner) && is_word(repository) && !owner.starts_with('.')).then_some("git")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    fn asking(range: &str, kind: EdgeKind) -> Verdict {
        let mut manifest = manifest("tool", "1.0.0", &[]);
        manifest.dependencies.push(Dependency {
            name: "x".to_owned(),
            range: range.to_owned(),
            kind,
            span: Default::default(),
            line: 5,
        });
        Facts::new().manifest(manifest).verdict(META.id)
    }

    #[test]
    fn origins_are_told_from_ranges() {
        for range in ["github:a/b", "a/b#main", "git+ssh://git@x.invalid/a.git", "https://x.invalid/a.tgz"] {
            assert_eq!(asking(range, EdgeKind::Production), Verdict::Notable, "{range}");
        }
        for range in ["^1.0.0", "npm:b@1", "file:../x", "workspace:*", "1.x || >=2", "latest", "*", "./a/b"] {
            assert_eq!(asking(range, EdgeKind::Production), Verdict::Clean, "{range}");
        }
        assert_eq!(asking("a/b", EdgeKind::Development), Verdict::Clean);
    }

    #[test]
    fn code_from_git_that_runs_at_install_is_suspicious() {
        let mut facts = Facts::new().install("prepare", "node build.js", &["build.js"]).dependent(
            Role::Dependency,
            EdgeKind::Optional,
            None,
        );
        assert_eq!(facts.verdict(META.id), Verdict::Clean);
        facts.package.source = Source::Git { url: "https://git.invalid/x".to_owned(), commit: None };
        assert_eq!(facts.verdict(META.id), Verdict::Suspicious);
    }
}
