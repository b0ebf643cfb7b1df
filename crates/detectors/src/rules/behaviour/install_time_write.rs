//! Writes outside its own folder at install.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "install-time-write",
    summary: "Writes outside its own folder when it is installed",
    category: Category::Behaviour,
    severity: Severity::Low,
    confidence: Confidence::High,
    techniques: &["T1565.001"],
    remedy: KNOW,
    doc: include_str!("install_time_write.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let ids = [CapabilityId::FsWrite, CapabilityId::FsDelete];
    let cases = ids.into_iter().flat_map(|id| c.at(Trigger::Install, id)).filter_map(|write| judge(c, write));
    report_worst(out, &META, cases);
}

fn judge(c: &Contents<'_>, write: &Capability) -> Option<Case> {
    let class = class_of(write)?;
    let grade = match class {
        // Keys that let someone in, registries that packages come from.
        PathClass::Credentials if write.id == CapabilityId::FsWrite => DOUBTFUL,
        PathClass::Credentials | PathClass::Wallet | PathClass::Browser | PathClass::System => ODD,
        PathClass::Home | PathClass::Project | PathClass::Packages => FACT,
        // Own rules speak of the rest; temporary folders, caches and unknown places are what installers use.
        _ => return None,
    };
    let verb = if write.id == CapabilityId::FsDelete { "deletes" } else { "writes" };
    let path = name_of(write).map(|path| format!(" ({path})")).unwrap_or_default();
    let title = format!("{} {verb} outside its own folder when it is installed: {class}{path}", c.label());
    Some(Case::new(grade, title, vec![write.evidence.clone()]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    #[test]
    fn planted_keys_are_suspicious_and_other_places_a_fact() {
        let at = |class, path| Facts::new().caps([write(class, path)]).verdict(META.id);
        assert_eq!(at(PathClass::Credentials, "~/.ssh/authorized_keys"), Verdict::Suspicious);
        assert_eq!(at(PathClass::Packages, "node_modules/.client"), Verdict::Notable);
        assert_eq!(at(PathClass::Package, "build/x"), Verdict::Clean);
        assert_eq!(at(PathClass::Cache, "~/.cache/x"), Verdict::Clean);
    }
}
