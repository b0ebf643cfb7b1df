//! Makes something start by itself.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "persistence-mechanism",
    summary: "Enters code into what starts by itself: log-in items, services, schedules, shell profiles, hooks",
    category: Category::Behaviour,
    severity: Severity::High,
    confidence: Confidence::Medium,
    techniques: &["T1547", "T1543", "T1053", "T1546.004"],
    remedy: CONTAIN,
    doc: include_str!("persistence_mechanism.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let cases = c.reached().filter_map(|capability| judge(c, capability));
    report_worst(out, &META, cases);
}

fn judge(c: &Contents<'_>, capability: &Capability) -> Option<Case> {
    let kind = kind_of(capability)?;
    let is_write = |write: &&Capability| write.evidence.location() == capability.evidence.location();
    if capability.id == CapabilityId::Persist
        && c.of(CapabilityId::FsWrite).any(|write| is_write(&write) && kind_of(write).is_some())
    {
        // The file that is written says which mechanism it is.
        return None;
    }
    let hidden = c.concealment(capability);
    let connections =
        || c.at(capability.trigger, CapabilityId::NetConnect).filter(|connects| c.host(connects).is_remote());
    let planted = connections().find(|connects| is_written_here(capability, connects));
    let connects = planted.or_else(|| connections().next());
    // What is made to start fetches something each time.
    let fetches = ["http://", "https://", "/dev/tcp/"].iter().any(|part| words_of(capability).contains(part));
    let grade = match (kind, capability.trigger) {
        (Kind::Autostart, Trigger::Install) if fetches => HARMFUL,
        // What the hook itself does is to tell somebody.
        (Kind::Hook, Trigger::Install | Trigger::Import) if planted.is_some() && hidden.is_none() => DOUBTFUL,
        (Kind::Hook, Trigger::Install) if hidden.is_none() => (Severity::Low, Confidence::Medium),
        (Kind::Hook, Trigger::Import) if hidden.is_none() => ODD,
        (Kind::Autostart, Trigger::Install) if hidden.is_some() || connects.is_some() => HARMFUL,
        (_, Trigger::Install | Trigger::Import) if hidden.is_some() => HARMFUL,
        // Whoever is imported has nothing to install.
        (Kind::Autostart, Trigger::Import) | (Kind::Key, Trigger::Install | Trigger::Import) => HARMFUL,
        (Kind::Autostart, Trigger::Install) => DOUBTFUL,
        (Kind::Key, _) => ODD,
        // Command-line tools have installed their completions so.
        (Kind::Profile, Trigger::Install) if connects.is_some() => DOUBTFUL,
        (Kind::Profile, Trigger::Import) if planted.is_some() => DOUBTFUL,
        (Kind::Profile, Trigger::Install | Trigger::Import) => UNCLEAR,
        (_, _) if hidden.is_some() => DOUBTFUL,
        (Kind::Autostart, _) => FACT,
        _ => return None,
    };
    let what = name_of(capability).map(|name| format!(": {name}")).unwrap_or_default();
    let title = format!("{} {} {}{what}", c.label(), kind.words(), when_words(capability.trigger));
    let mut evidence = vec![capability.evidence.clone()];
    evidence.extend(hidden);
    evidence.extend(connects.map(|connects| connects.evidence.clone()));
    Some(Case::new(grade, title, evidence))
}

/// Whether a connection is one of what is written: what a file does that others start is told where it gets its contents.
fn is_written_here(write: &Capability, connects: &Capability) -> bool {
    const NEAR: u32 = 200;
    stand_within(NEAR, write, connects)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Autostart,
    Key,
    Profile,
    Hook,
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Kind::Autostart => "makes something start with the system or session",
            Kind::Key => "lets someone log in with a key of its own",
            Kind::Profile => "changes what every shell runs at start",
            Kind::Hook => "installs version-control hooks",
        }
    }
}

fn kind_of(capability: &Capability) -> Option<Kind> {
    let name = name_of(capability).unwrap_or_default().to_ascii_lowercase();
    let profile = ["profile", "bashrc", "zshrc", "shell", "config/fish"].iter().any(|part| name.contains(part));
    match (capability.id, class_of(capability)) {
        (CapabilityId::FsWrite, Some(PathClass::Credentials)) if name.contains("authorized_keys") => Some(Kind::Key),
        // A rule of its own speaks of agents and editors.
        (CapabilityId::Persist, _) if name.starts_with("agent") || name.starts_with("editor") => None,
        (CapabilityId::Persist, _) if name.contains("hook") => Some(Kind::Hook),
        (CapabilityId::Persist, _) if profile => Some(Kind::Profile),
        (CapabilityId::Persist, _) => Some(Kind::Autostart),
        (CapabilityId::FsWrite, Some(PathClass::Autostart)) if profile => Some(Kind::Profile),
        (CapabilityId::FsWrite, Some(PathClass::Autostart)) => Some(Kind::Autostart),
        (CapabilityId::FsWrite, Some(PathClass::Home)) if profile => Some(Kind::Profile),
        (CapabilityId::FsWrite, Some(PathClass::VcsHooks)) => Some(Kind::Hook),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "persistence-mechanism";

    #[test]
    fn autostart_at_install_is_suspicious_or_worse() {
        let persist = || cap(CapabilityId::Persist, named("launch-agent"));
        assert_eq!(Facts::new().caps([persist()]).verdict(RULE), Verdict::Suspicious);
        assert_eq!(Facts::new().caps([persist(), net("*")]).verdict(RULE), Verdict::Malicious);
        assert_eq!(
            Facts::new().caps([write(PathClass::Autostart, "~/.config/systemd/user/x.service")]).verdict(RULE),
            Verdict::Suspicious
        );
    }

    #[test]
    fn hooks_and_completions_are_notable() {
        assert_eq!(
            Facts::new().caps([write(PathClass::VcsHooks, ".git/hooks/pre-commit")]).verdict(RULE),
            Verdict::Notable
        );
        assert_eq!(Facts::new().caps([write(PathClass::Home, "~/.bashrc")]).verdict(RULE), Verdict::Notable);
        assert_eq!(
            Facts::new().caps([cap(CapabilityId::Persist, named("systemd")).at(Trigger::Call)]).verdict(RULE),
            Verdict::Notable
        );
    }

    #[test]
    fn other_files_are_nothing() {
        assert_eq!(Facts::new().caps([write(PathClass::Home, "~/.tool/cache.json")]).verdict(RULE), Verdict::Clean);
    }
}
