//! Changes the code of other installed packages.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "sibling-package-edit",
    summary: "Changes the code of another installed package when it is installed or imported",
    category: Category::Behaviour,
    severity: Severity::High,
    confidence: Confidence::Medium,
    techniques: &["T1554", "T1574", "T1195.001"],
    remedy: CONTAIN,
    doc: include_str!("sibling_package_edit.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let cases = c.of(CapabilityId::FsWrite).filter_map(|write| judge(c, write));
    report_worst(out, &META, cases);
}

fn judge(c: &Contents<'_>, write: &Capability) -> Option<Case> {
    let victim = victim_of(write).filter(|_| is_unasked(write.trigger))?;
    let hidden = c.concealment(write);
    let worse = c
        .flows()
        .find(|flow| flow.sink.id == CapabilityId::FsWrite && flow.source.id == CapabilityId::NetConnect)
        .map(|flow| &flow.source);
    let grade = if hidden.is_some() || worse.is_some() { HARMFUL } else { DOUBTFUL };
    let beside = if worse.is_some() { " with what it downloads" } else { "" };
    let title = format!("{} changes code of {victim}{beside} {}", c.label(), when_words(write.trigger));
    let mut evidence = evidence_of([write].into_iter().chain(worse));
    evidence.extend(hidden);
    Some(Case::new(grade, title, evidence))
}

/// The package whose code is written: what tools generate lies in folders that begin with a dot, and is theirs.
fn victim_of(write: &Capability) -> Option<String> {
    if class_of(write) != Some(PathClass::Packages) {
        return None;
    }
    let path = name_of(write)?.replace('\\', "/");
    let is_code =
        [".js", ".cjs", ".mjs", ".node", "package.json", ".py", ".so", ".pyd"].iter().any(|end| path.ends_with(end));
    let installed = ["node_modules/", "site-packages/"].iter().find_map(|folder| path.rsplit_once(folder));
    let below = installed.or_else(|| path.rsplit_once("../"))?.1;
    let mut parts = below.split('/');
    let first = parts.next()?;
    let name = if first.starts_with('@') { format!("{first}/{}", parts.next()?) } else { first.to_owned() };
    let is_known = !name.is_empty() && !name.contains('*') && !name.starts_with('.');
    (is_code && is_known && parts.next().is_some()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "sibling-package-edit";

    fn changed(path: &str, at: Trigger) -> Verdict {
        Facts::new().caps([write(PathClass::Packages, path).at(at)]).verdict(RULE)
    }

    #[test]
    fn code_of_others_is_not_ours_to_change() {
        assert_eq!(changed("<package>/../other/lib/index.js", Trigger::Install), Verdict::Suspicious);
        assert_eq!(changed("<project>/node_modules/@scope/other/index.mjs", Trigger::Import), Verdict::Suspicious);
        let planted = Facts::new().flow(net("x.invalid"), write(PathClass::Packages, "../other/index.js"));
        assert_eq!(planted.verdict(RULE), Verdict::Malicious);
    }

    #[test]
    fn generated_and_unknown_files_are_nothing() {
        assert_eq!(changed("<package>/../.client/index.js", Trigger::Install), Verdict::Clean);
        assert_eq!(changed("<package>/../other/data.txt", Trigger::Install), Verdict::Clean);
        assert_eq!(changed("<project>/node_modules/*/index.js", Trigger::Install), Verdict::Clean);
        assert_eq!(changed("<package>/../other/index.js", Trigger::Bin), Verdict::Clean);
    }
}
