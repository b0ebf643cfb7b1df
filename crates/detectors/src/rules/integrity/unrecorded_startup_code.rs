//! Code that runs at every start of Python, and that no installer recorded.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "unrecorded-startup-code",
    summary: "Something that no installer recorded runs at every start of Python",
    category: Category::Integrity,
    severity: Severity::High,
    confidence: Confidence::Medium,
    techniques: &["T1546"],
    remedy: VERIFY_PYTHON,
    doc: include_str!("unrecorded_startup_code.md"),
};

use crate::input::{StartupFile, StartupKind};

pub(crate) fn check(facts: &TargetFacts<'_>, out: &mut Vec<Finding>) {
    let Some(environment) = facts.environment else { return };
    for file in &environment.startup {
        if let Some(case) = judge(file) {
            report(out, &META, case.grade, case.title, case.evidence);
        }
    }
}

fn judge(file: &StartupFile) -> Option<Case> {
    let name = &file.location.file;
    let (grade, title, note) = match file.kind {
        StartupKind::Virtualenv => return None,
        StartupKind::Paths => (
            FACT,
            format!("{name} adds folders to where Python looks for modules, and no installer recorded it"),
            "adds folders to the search path",
        ),
        StartupKind::Code => (
            DOUBTFUL,
            format!("{name} runs code at every start of Python, and no installer recorded it"),
            "run at every start",
        ),
        StartupKind::Module => (
            DOUBTFUL,
            format!("{name} is imported at every start of Python, and no installer recorded it"),
            "imported at every start",
        ),
    };
    let evidence = match file.line.as_str() {
        "" => Evidence::File { location: file.location.clone(), note: note.to_owned() },
        line => Evidence::Field {
            location: file.location.clone(),
            field: "code".to_owned(),
            found: line.chars().take(400).collect(),
            expected: None,
            note: note.to_owned(),
        },
    };
    Some(Case::new(grade, title, vec![evidence]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::EnvironmentFacts;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    fn verdict(kind: StartupKind) -> Option<Verdict> {
        let startup = vec![StartupFile { location: Location::file("x.pth"), kind, line: "import x".to_owned() }];
        let findings = judge_environment(&EnvironmentFacts { startup, ..EnvironmentFacts::default() });
        findings.iter().find(|(rule, _)| *rule == META.id).map(|(_, verdict)| *verdict)
    }

    #[test]
    fn what_runs_is_suspicious_and_what_adds_folders_notable() {
        assert_eq!(verdict(StartupKind::Code), Some(Verdict::Suspicious));
        assert_eq!(verdict(StartupKind::Module), Some(Verdict::Suspicious));
        assert_eq!(verdict(StartupKind::Paths), Some(Verdict::Notable));
        assert_eq!(verdict(StartupKind::Virtualenv), None);
    }
}
