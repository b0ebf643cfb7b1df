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

use std::collections::BTreeSet;

use super::binding_gyp_command::command_evidence;
use crate::input::Dependent;
use crate::rules::behaviour::manifest_rewrite::is_own_manifest;
use crate::rules::behaviour::self_deleting_script::is_self_deletion;

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
        if !published || !wanted || uses(dependent.contents?, facts, &dependent.edge.name) {
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

/// Whether a dependent's code imports the package, names it in a script or runs it as a command.
fn uses(dependent: &PackageFacts, facts: &ReleaseFacts<'_>, name: &str) -> bool {
    let bare = name.rsplit('/').next().unwrap_or(name);
    let bins = facts
        .contents
        .and_then(|contents| contents.manifest.as_ref())
        .into_iter()
        .flat_map(|manifest| &manifest.entries);
    let bins = bins.filter_map(|entry| entry.field.strip_prefix("bin.")).chain([bare]);
    let words: BTreeSet<&str> = bins.collect();
    let named = |text: &str| {
        text.split(|c: char| c.is_whitespace() || "/\\\"';&|()".contains(c)).any(|word| words.contains(word))
    };
    dependent.imports.iter().any(|import| import.name == name)
        || dependent.manifest.iter().flat_map(|manifest| &manifest.scripts).any(|script| named(&script.command))
        || dependent.profile.capabilities.iter().any(|capability| {
            let path =
                matches!(capability.id, CapabilityId::ProcessSpawn | CapabilityId::CodeLoad | CapabilityId::FsRead);
            path && name_of(capability).is_some_and(named)
        })
}

/// Starts a process beyond what the install command itself starts.
fn spawns_more(capability: &Capability) -> bool {
    capability.id == CapabilityId::ProcessSpawn && capability.evidence.location().file != "package.json"
}

struct Acts {
    connects: bool,
    spawns: bool,
    hostile: Vec<(&'static str, Evidence)>,
}

/// What it does at install. Connecting and spawning alone is what installers do.
fn acts(c: &Contents<'_>) -> Acts {
    let install: Vec<&Capability> = c.reached().filter(|capability| capability.trigger == Trigger::Install).collect();
    let sends_environment = c.flows().any(|flow| {
        flow.source.id == CapabilityId::EnvEnumerate && is_network(flow.sink.id) && when(flow) == Trigger::Install
    });
    let mut hostile: Vec<(&'static str, Evidence)> = Vec::new();
    for capability in &install {
        let words = match capability.id {
            _ if is_self_deletion(c, capability) => "deletes its own code",
            CapabilityId::FsWrite if is_own_manifest(capability) => "rewrites its own package.json",
            CapabilityId::ProcessSpawn if capability.attributes.detached => "leaves a process running",
            CapabilityId::CodeEval if capability.resource != Resource::Eval(EvalSource::Constant) => "evaluates code",
            CapabilityId::FsRead if reads_secrets(capability) => "reads secrets",
            CapabilityId::EnvEnumerate if sends_environment => "sends the environment away",
            CapabilityId::Persist => "makes something start by itself",
            CapabilityId::FsWrite | CapabilityId::ProcessSpawn if is_temporary(capability) => {
                "runs or writes in temporary folders"
            }
            CapabilityId::FsWrite
                if matches!(class_of(capability), Some(PathClass::Home | PathClass::System | PathClass::Autostart)) =>
            {
                "writes outside the project"
            }
            _ => continue,
        };
        if hostile.iter().all(|(known, _)| *known != words) {
            hostile.push((words, capability.evidence.clone()));
        }
    }
    let obfuscated = c.obfuscation().find(|signal| signal.trigger == Trigger::Install);
    hostile.extend(obfuscated.map(|signal| ("is obfuscated", signal.evidence.clone())));
    Acts {
        connects: install.iter().any(|capability| is_network(capability.id)),
        spawns: install.iter().any(|capability| spawns_more(capability)),
        hostile,
    }
}

/// Temporary folders are hostile ground only together with running things from them.
fn is_temporary(capability: &Capability) -> bool {
    capability.id == CapabilityId::ProcessSpawn
        && name_of(capability).is_some_and(|name| {
            ["<temp>", "/tmp/", "%temp%"].iter().any(|part| name.to_ascii_lowercase().contains(part))
        })
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
