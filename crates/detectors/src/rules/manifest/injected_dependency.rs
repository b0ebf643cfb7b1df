//! A dependency that its dependents do not use and that acts at install.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "injected-dependency",
    summary: "Is never imported by those that depend on it, yet runs code at install",
    category: Category::Manifest,
    severity: Severity::High,
    confidence: Confidence::Medium,
    techniques: &["T1195.001", "T1195.002"],
    remedy: CONTAIN,
    doc: include_str!("injected_dependency.md"),
};

use super::binding_gyp_command::command_evidence;
use crate::input::Dependent;
use crate::installing::{acts, uses};

pub(crate) fn check(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>) {
    let Some(contents) = facts.contents else { return };
    let Some(unused) = unused_by_all(facts) else { return };
    let contents = Contents::new(facts, contents);
    let commands: Vec<_> =
        contents.install_commands().filter(|command| command.command.trim() != "node-gyp rebuild").collect();
    let Some(command) = commands.first() else { return };
    let acts = acts(&contents);
    let mut grade = match (acts.hostile.is_empty(), acts.connects, acts.spawns) {
        (false, ..) => HARMFUL,
        (true, true, true) => DOUBTFUL,
        (true, true, false) | (true, false, true) => UNCLEAR,
        (true, false, false) => ODD,
    };
    if unused.may_load_anything {
        grade.1 = Confidence::Low;
    }
    let hostile: Vec<&str> = acts.hostile.iter().map(|(words, _)| *words).collect();
    let doing = if hostile.is_empty() { String::new() } else { format!(" and {}", list(&hostile)) };
    let title = format!(
        "{} asks for {} but nothing in it imports it; its {} runs `{}`{doing}",
        unused.dependent.package.label(),
        facts.package.label(),
        command.event,
        command.command
    );
    let mut evidence = vec![edge_evidence(&unused.dependent), command_evidence(command, "runs when it is installed")];
    evidence.extend(acts.hostile.into_iter().map(|(_, evidence)| evidence));
    report(out, &META, grade, title, evidence);
}

struct Unused<'a> {
    dependent: Dependent<'a>,
    /// A dependent loads modules by computed names: it could be using it after all.
    may_load_anything: bool,
}

/// A dependent, if every package that asks for the release is published, known, and does not use it.
fn unused_by_all<'a>(facts: &ReleaseFacts<'a>) -> Option<Unused<'a>> {
    let asking: Vec<&Dependent<'a>> = facts
        .dependents
        .iter()
        .filter(|dependent| !matches!(dependent.edge.kind, EdgeKind::Peer | EdgeKind::PeerOptional))
        .collect();
    let first = (*asking.first()?).clone();
    let mut may_load_anything = false;
    for dependent in asking {
        let published = dependent.package.role == Role::Dependency;
        let wanted = matches!(dependent.edge.kind, EdgeKind::Production | EdgeKind::Optional);
        // What the user asks for is the user's choice, and what is not known cannot be held against anyone.
        if !published || !wanted || uses(dependent.contents?, facts.contents, &dependent.edge.name) {
            return None;
        }
        let contents = dependent.contents?;
        may_load_anything |= !contents.unread.is_empty()
            || contents
                .profile
                .of(CapabilityId::CodeLoad)
                .any(|load| load.trigger.is_reached() && name_of(load).is_none());
    }
    Some(Unused { dependent: first, may_load_anything })
}

fn edge_evidence(dependent: &Dependent<'_>) -> Evidence {
    let folder = &dependent.package.path;
    let file = if folder.is_empty() { "package.json".to_owned() } else { format!("{folder}/package.json") };
    Evidence::Field {
        location: Location::file(file),
        field: format!("dependencies.{}", dependent.edge.name),
        found: dependent.edge.range.clone(),
        expected: None,
        note: format!("no file of {} imports it", dependent.package.label()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "injected-dependency";

    fn hooked() -> Facts {
        Facts::new().install("postinstall", "node setup.js", &["setup.js"])
    }

    fn unused(facts: Facts) -> Facts {
        facts.dependent(Role::Dependency, EdgeKind::Production, Some(&["other"]))
    }

    #[test]
    fn a_dropper_behind_an_unused_dependency_is_malicious() {
        let dropper = hooked().caps([delete(PathClass::Package, "<package>/setup.js"), spawn("sh"), net("*")]);
        assert_eq!(unused(dropper).verdict(RULE), Verdict::Malicious);
        let obfuscated = hooked().signal(SignalKind::StringArray, Trigger::Install, "setup.js", 80);
        assert_eq!(unused(obfuscated).verdict(RULE), Verdict::Malicious);
    }

    #[test]
    fn plain_installers_are_judged_by_what_they_do() {
        assert_eq!(unused(hooked()).verdict(RULE), Verdict::Notable);
        assert_eq!(unused(hooked().caps([net("*")])).verdict(RULE), Verdict::Notable);
        assert_eq!(unused(hooked().caps([net("*"), spawn("sh")])).verdict(RULE), Verdict::Suspicious);
    }

    #[test]
    fn what_is_used_is_not_injected() {
        let dropper = || hooked().caps([delete(PathClass::Package, "setup.js"), spawn("sh")]);
        let clean = |facts: Facts| assert_eq!(facts.verdict(RULE), Verdict::Clean);
        clean(dropper().dependent(Role::Dependency, EdgeKind::Production, Some(&["tool"])));
        clean(dropper().dependent(Role::Dependency, EdgeKind::Production, None));
        clean(dropper().dependent(Role::Root, EdgeKind::Production, Some(&[])));
        clean(dropper().dependent(Role::Dependency, EdgeKind::Peer, Some(&[])));
        clean(unused(dropper()).dependent(Role::Dependency, EdgeKind::Production, Some(&["tool"])));
        clean(unused(Facts::new().caps([net("*")])));
    }

    #[test]
    fn native_builds_of_unused_packages_are_nothing() {
        let facts = Facts::new().install("binding.gyp", "node-gyp rebuild", &[]);
        assert_eq!(unused(facts).verdict(RULE), Verdict::Clean);
    }
}
