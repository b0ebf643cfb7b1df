//! What the machine trusts is changed: names of hosts, who may act as root, where packages come from.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "host-configuration-change",
    summary: "Changes what the machine trusts: host names, rights, log-in, registries of packages",
    category: Category::Behaviour,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    techniques: &["T1565.001", "T1548.003", "T1556", "T1195.001"],
    remedy: CONTAIN,
    doc: include_str!("host_configuration_change.md"),
};

/// Ends or parts of paths below the system's folders, and what they decide.
const SYSTEM: &[(&str, &str)] = &[
    ("/etc/hosts", "which hosts names stand for"),
    ("/etc/resolv.conf", "who answers for names of hosts"),
    ("/etc/sudoers", "who may act as root"),
    ("/etc/pam.d/", "how people log in"),
    ("/etc/ssh/", "who may log in from elsewhere"),
    ("/etc/passwd", "who has an account"),
    ("/etc/shadow", "who has an account"),
    ("/etc/ca-certificates", "whose certificates are trusted"),
    ("/ca-certificates/", "whose certificates are trusted"),
    ("/etc/apt/", "where programs come from"),
    ("/etc/yum.repos.d/", "where programs come from"),
    ("/etc/pip.conf", "where packages come from"),
];

/// The same in the home folder.
const HOME: &[(&str, &str)] = &[
    ("/pip.conf", "where packages come from"),
    ("/pip.ini", "where packages come from"),
    ("/uv.toml", "where packages come from"),
    ("/.npmrc", "where packages come from"),
    ("/.yarnrc", "where packages come from"),
    ("/.yarnrc.yml", "where packages come from"),
    ("/.condarc", "where packages come from"),
    ("/.pypirc", "where packages are published"),
    ("/.gitconfig", "where repositories come from"),
    ("/.ssh/config", "which hosts are reached"),
];

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    report_worst(out, &META, c.of(CapabilityId::FsWrite).filter_map(|write| judge(c, write)));
}

fn judge(c: &Contents<'_>, write: &Capability) -> Option<Case> {
    let path = name_of(write)?.replace('\\', "/").to_ascii_lowercase();
    let (what, is_system) = decided_by(class_of(write)?, &path)?;
    let hidden = c.concealment(write);
    let grade = match (is_unasked(write.trigger), is_system, hidden.is_some()) {
        (true, true, _) | (true, false, true) => HARMFUL,
        (true, false, false) => DOUBTFUL,
        (false, _, true) => DOUBTFUL,
        // Tools that administer machines or log people in do this when they are told to.
        (false, true, false) => FACT,
        (false, false, false) => return None,
    };
    let title = format!("{} changes {what} {}: {path}", c.label(), when_words(write.trigger));
    let mut evidence = vec![write.evidence.clone()];
    evidence.extend(hidden);
    Some(Case::new(grade, title, evidence))
}

/// What a file decides, and whether it does for the whole machine.
fn decided_by(class: PathClass, path: &str) -> Option<(&'static str, bool)> {
    let of_system = || SYSTEM.iter().find(|(part, _)| path.contains(part)).map(|&(_, what)| (what, true));
    let of_home = || HOME.iter().find(|(end, _)| path.ends_with(end)).map(|&(_, what)| (what, false));
    match class {
        PathClass::System => of_system(),
        PathClass::Home => of_home(),
        PathClass::Credentials => of_system().or_else(of_home),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    fn at(class: PathClass, path: &str, trigger: Trigger) -> Verdict {
        Facts::new().caps([write(class, path).at(trigger)]).verdict(META.id)
    }

    #[test]
    fn what_a_machine_trusts_is_not_a_packages_to_change() {
        assert_eq!(at(PathClass::System, "/etc/hosts", Trigger::Install), Verdict::Malicious);
        assert_eq!(
            at(PathClass::System, "C:\\Windows\\System32\\drivers\\etc\\hosts", Trigger::Import),
            Verdict::Malicious
        );
        assert_eq!(at(PathClass::Home, "<home>/.config/pip/pip.conf", Trigger::Install), Verdict::Suspicious);
        assert_eq!(at(PathClass::Credentials, "<home>/.npmrc", Trigger::Import), Verdict::Suspicious);
    }

    #[test]
    fn tools_do_it_when_they_are_told_to() {
        assert_eq!(at(PathClass::Credentials, "<home>/.npmrc", Trigger::Bin), Verdict::Clean);
        assert_eq!(at(PathClass::System, "/etc/hosts", Trigger::Call), Verdict::Notable);
        assert_eq!(at(PathClass::Project, ".npmrc", Trigger::Install), Verdict::Clean);
    }
}
