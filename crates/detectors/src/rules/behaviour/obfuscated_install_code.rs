//! Obfuscated code that runs at install.

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
    let deeds: Vec<&Capability> = c
        .reached()
        .filter(|deed| deed.trigger == Trigger::Install && deed.evidence.location().file == *file && is_deed(deed))
        .collect();
    let kinds: std::collections::BTreeSet<&str> = deeds.iter().map(|deed| deed.id.as_str()).collect();
    let seen_through = !deeds.is_empty() && deeds.iter().all(|deed| is_plain(c, deed));
    let grade = match kinds.len() {
        // Some makers hide honest code: what it does is judged as if it were not hidden.
        _ if seen_through => ODD,
        2.. => HARMFUL,
        1 => ALARMING,
        _ => DOUBTFUL,
    };
    let kinds: Vec<&str> = kinds.into_iter().collect();
    let does = if kinds.is_empty() { String::new() } else { format!(" and uses {}", list(&kinds)) };
    let does = if seen_through { format!("{does}, all of it seen through") } else { does };
    let title = format!("{file} of {} runs when it is installed, is obfuscated ({}){does}", c.label(), signal.kind);
    let mut evidence = vec![signal.evidence.clone()];
    evidence.extend(evidence_of(deeds));
    Case::new(grade, title, evidence)
}

/// What is known to the last, and tells of nothing to hide: where it connects has to do with the package, what it starts
/// and writes has a name.
fn is_plain(c: &Contents<'_>, deed: &Capability) -> bool {
    match deed.id {
        CapabilityId::NetConnect => {
            let host = c.host(deed);
            !host.is_remote() || !host.name.is_empty() && !host.name.contains('*') && !host.is_foreign()
        }
        CapabilityId::ProcessSpawn | CapabilityId::FsWrite | CapabilityId::FsDelete => {
            let own = !matches!(class_of(deed), Some(PathClass::Home | PathClass::Autostart | PathClass::Unknown));
            own && name_of(deed).is_some_and(|name| !name.contains('*') && !crate::shell::is_interpreter(name))
        }
        CapabilityId::CodeEval => deed.resource == Resource::Eval(EvalSource::Constant),
        CapabilityId::SystemInfo => true,
        _ => false,
    }
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

    fn obfuscated(strength: u8) -> Facts {
        Facts::new().signal(SignalKind::StringArray, Trigger::Install, "setup.js", strength)
    }

    #[test]
    fn company_decides() {
        assert_eq!(obfuscated(80).verdict(RULE), Verdict::Suspicious);
        assert_eq!(obfuscated(80).caps([net("*"), spawn("sh")]).verdict(RULE), Verdict::Malicious);
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
