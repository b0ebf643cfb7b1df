//! Replaces its own `package.json` at install.

use super::self_deleting_script::is_self_deletion;
use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "manifest-rewrite",
    summary: "Rewrites its own package.json when it is installed",
    category: Category::Behaviour,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    techniques: &["T1070", "T1036"],
    remedy: CONTAIN,
    doc: include_str!("manifest_rewrite.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let writes = c.of(CapabilityId::FsWrite).filter(|write| is_unasked(write.trigger) && is_own_manifest(write));
    let cases = writes.map(|write| judge(c, write));
    report_worst(out, &META, cases);
}

/// Whether a capability is about the package's own manifest.
pub(crate) fn is_own_manifest(capability: &Capability) -> bool {
    own_path(capability) == Some("package.json")
}

fn judge(c: &Contents<'_>, write: &Capability) -> Case {
    let same = |capability: &&Capability| capability.trigger == write.trigger;
    let gone: Vec<&Capability> =
        c.reached().filter(same).filter(|capability| is_self_deletion(c, capability)).collect();
    let hidden = c.concealment(write);
    let connects = c.reached().filter(same).find(|capability| is_network(capability.id));
    let spawns = c.reached().filter(same).find(|capability| capability.id == CapabilityId::ProcessSpawn);
    let grade = match (gone.is_empty() && hidden.is_none(), connects.is_some(), spawns.is_some()) {
        (false, ..) => HARMFUL,
        (true, true, true) => DOUBTFUL,
        (true, ..) => ODD,
    };
    let mut reasons = Vec::new();
    reasons.extend((!gone.is_empty()).then_some("and deletes its own files"));
    reasons.extend(hidden.is_some().then_some("in hidden code"));
    let title =
        format!("{} rewrites its own package.json {}{}", c.label(), when_words(write.trigger), because(&reasons));
    let mut evidence = evidence_of([write].into_iter().chain(gone).chain(connects).chain(spawns));
    evidence.extend(hidden);
    Case::new(grade, title, evidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "manifest-rewrite";

    #[test]
    fn a_swapped_manifest_is_malicious() {
        let facts = Facts::new()
            .caps([write(PathClass::Package, "<package>/package.json"), delete(PathClass::Package, "setup.js")]);
        assert_eq!(facts.verdict(RULE), Verdict::Malicious);
    }

    #[test]
    fn switching_a_flag_is_notable_and_own_files_nothing() {
        assert_eq!(Facts::new().caps([write(PathClass::Package, "./package.json")]).verdict(RULE), Verdict::Notable);
        assert_eq!(Facts::new().caps([write(PathClass::Package, "lib/package.json")]).verdict(RULE), Verdict::Clean);
        assert_eq!(Facts::new().caps([write(PathClass::Project, "package.json")]).verdict(RULE), Verdict::Clean);
        let called = write(PathClass::Package, "package.json").at(Trigger::Call);
        assert_eq!(Facts::new().caps([called]).verdict(RULE), Verdict::Clean);
    }
}
