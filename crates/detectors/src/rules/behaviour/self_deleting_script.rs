//! An install script that removes itself.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "self-deleting-script",
    summary: "Deletes its own code after it has run",
    category: Category::Behaviour,
    severity: Severity::High,
    confidence: Confidence::Medium,
    techniques: &["T1070.004"],
    remedy: CONTAIN,
    doc: include_str!("self_deleting_script.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let cases = c.reached().filter(|capability| is_self_deletion(c, capability)).map(|capability| judge(c, capability));
    report_worst(out, &META, cases);
}

/// Whether a capability deletes the file that it stands in, a script that runs at install, or the manifest.
pub(crate) fn is_self_deletion(c: &Contents<'_>, capability: &Capability) -> bool {
    if evades(capability, &["self-del", "self_del", "selfdel"]) {
        return true;
    }
    if capability.id != CapabilityId::FsDelete {
        return false;
    }
    let Some(path) = own_path(capability) else { return false };
    path == capability.evidence.location().file
        || path == "package.json"
        || c.install_commands().any(|command| command.runs.iter().any(|run| run == path))
}

fn judge(c: &Contents<'_>, deletion: &Capability) -> Case {
    let deeds: Vec<&Capability> = c
        .reached()
        .filter(|deed| deed.trigger == deletion.trigger)
        .filter(|deed| {
            matches!(deed.id, CapabilityId::NetConnect | CapabilityId::ProcessSpawn | CapabilityId::NetDns)
                || is_hidden_eval(deed)
        })
        .collect();
    let hidden = c.concealment(deletion);
    let grade = match deletion.trigger {
        Trigger::Install if !deeds.is_empty() => CERTAIN,
        Trigger::Install | Trigger::Import if hidden.is_some() => HARMFUL,
        Trigger::Import if !deeds.is_empty() => HARMFUL,
        Trigger::Install | Trigger::Import => DOUBTFUL,
        _ => ODD,
    };
    let ids: std::collections::BTreeSet<&str> = deeds.iter().map(|deed| deed.id.as_str()).collect();
    let after =
        if ids.is_empty() { String::new() } else { format!(", after {}", list(&ids.into_iter().collect::<Vec<_>>())) };
    let title = format!("{} deletes its own code {}{after}", c.label(), when_words(deletion.trigger));
    let mut evidence = vec![deletion.evidence.clone()];
    evidence.extend(evidence_of(deeds.into_iter().take(4)));
    evidence.extend(hidden);
    Case::new(grade, title, evidence)
}

fn is_hidden_eval(capability: &Capability) -> bool {
    matches!(capability.resource, Resource::Eval(EvalSource::Decoded | EvalSource::Downloaded))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "self-deleting-script";

    #[test]
    fn act_and_vanish_is_malicious() {
        let facts = Facts::new().caps([delete(PathClass::Package, "<package>/setup.js"), spawn("curl")]);
        assert_eq!(facts.verdict(RULE), Verdict::Malicious);
        let named = Facts::new().caps([cap(CapabilityId::Evade, named("self-deletion")), net("*")]);
        assert_eq!(named.verdict(RULE), Verdict::Malicious);
    }

    #[test]
    fn vanishing_alone_is_suspicious() {
        let facts = Facts::new().caps([delete(PathClass::Package, "./first.js")]).install(
            "postinstall",
            "node first.js",
            &["first.js"],
        );
        assert_eq!(facts.verdict(RULE), Verdict::Suspicious);
    }

    #[test]
    fn cleaning_a_build_folder_is_nothing() {
        let facts =
            Facts::new().caps([delete(PathClass::Package, "build"), delete(PathClass::Temp, "/tmp/x"), spawn("make")]);
        assert_eq!(facts.verdict(RULE), Verdict::Clean);
    }
}
