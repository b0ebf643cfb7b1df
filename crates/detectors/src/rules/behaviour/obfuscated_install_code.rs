//! Obfuscated code that runs at install.

use crate::opacity::is_seen_through;
use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "obfuscated-install-code",
    summary: "Runs obfuscated code when it is installed",
    category: Category::Behaviour,
    severity: Severity::High,
    confidence: Confidence::Medium,
    techniques: &["T1027"],
    remedy: REVIEW,
    doc: include_str!("obfuscated_install_code.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let cases = c.obfuscation().filter(|signal| signal.trigger == Trigger::Install).map(|signal| judge(c, signal));
    report_worst(out, &META, cases);
}

fn judge(c: &Contents<'_>, signal: &vetch_model::facts::Signal) -> Case {
    let file = &signal.evidence.location().file;
    let all: Vec<&Capability> =
        c.reached().filter(|deed| deed.trigger == Trigger::Install && deed.evidence.location().file == *file).collect();
    let deeds: Vec<&Capability> = all.iter().copied().filter(|deed| is_deed(deed)).collect();
    let kinds: std::collections::BTreeSet<&str> = deeds.iter().map(|deed| deed.id.as_str()).collect();
    let seen_through = is_seen_through(c, file, &all);
    let grade = match kinds.len() {
        _ if seen_through => ODD,
        2.. => HARMFUL,
        1 => ALARMING,
        _ => DOUBTFUL,
    };
    let kinds: Vec<&str> = kinds.into_iter().collect();
    let does = if kinds.is_empty() { String::new() } else { format!(" and uses {}", list(&kinds)) };
    let does = match seen_through {
        true if deeds.is_empty() => ", but does nothing that matters".to_owned(),
        true => format!("{does}, all of it seen through"),
        false => does,
    };
    let title = format!("{file} of {} runs when it is installed, is obfuscated ({}){does}", c.label(), signal.kind);
    let mut evidence = vec![signal.evidence.clone()];
    evidence.extend(evidence_of(deeds));
    Case::new(grade, title, evidence)
}

/// What an install script may have to hide.
fn is_deed(deed: &Capability) -> bool {
    match deed.id {
        CapabilityId::NetConnect
        | CapabilityId::NetDns
        | CapabilityId::ProcessSpawn
        | CapabilityId::EnvEnumerate
        | CapabilityId::CodeEval
        | CapabilityId::FsDelete
        | CapabilityId::Persist
        | CapabilityId::AgentDrive
        | CapabilityId::RegistryPublish
        | CapabilityId::SystemInfo => true,
        CapabilityId::FsWrite => class_of(deed) != Some(PathClass::Cache),
        CapabilityId::FsRead => reads_secrets(deed),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "obfuscated-install-code";

    fn unresolved() -> Facts {
        obfuscated(80).signal(SignalKind::UnresolvedNames, Trigger::Install, "setup.js", 100)
    }

    fn obfuscated(strength: u8) -> Facts {
        Facts::new().signal(SignalKind::StringArray, Trigger::Install, "setup.js", strength)
    }

    #[test]
    fn company_decides() {
        assert_eq!(unresolved().verdict(RULE), Verdict::Suspicious);
        assert_eq!(obfuscated(80).caps([net("*"), spawn("sh")]).verdict(RULE), Verdict::Malicious);
        let connects = |host| obfuscated(80).caps([net(host)]).verdict(RULE);
        assert_eq!(connects("192.0.2.1"), Verdict::Suspicious);
    }

    #[test]
    fn what_was_seen_through_is_at_most_notable() {
        assert_eq!(obfuscated(80).verdict(RULE), Verdict::Notable);
        let plain = || obfuscated(80).caps([net("stats.invalid"), spawn("git")]);
        assert_eq!(plain().verdict(RULE), Verdict::Notable);
        assert_eq!(plain().caps([system("hostname")]).verdict(RULE), Verdict::Malicious);
    }

    #[test]
    fn weak_signs_encoded_blobs_and_other_triggers_are_nothing() {
        assert_eq!(obfuscated(20).caps([net("*"), spawn("sh")]).verdict(RULE), Verdict::Clean);
        let blob = Facts::new().signal(SignalKind::EncodedBlob, Trigger::Install, "setup.js", 100);
        assert_eq!(blob.verdict(RULE), Verdict::Clean);
        let import = Facts::new().signal(SignalKind::StringArray, Trigger::Import, "setup.js", 100);
        assert_eq!(import.verdict(RULE), Verdict::Clean);
    }
}
