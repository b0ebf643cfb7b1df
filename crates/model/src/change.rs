//! What changed between two releases, behaviour first: facts in, differences out; nothing is judged.

use std::collections::{BTreeMap, BTreeSet};

use crate::capability::Capability;
use crate::facts::{ImportedPackage, InstallCommand, PackageFacts, Signal, SignalKind};
use crate::inventory::EdgeKind;
use crate::lock::LockedCapability;
use crate::profile::Flow;

/// What the new contents have that the old ones had not, and the other way round.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Change {
    /// What it can do now, worst trigger first; each once, as `vetch.lock` tells capabilities apart.
    pub gained: Vec<Capability>,
    /// What it could do and can no longer.
    pub lost: Vec<Capability>,
    /// From where to where data goes now.
    pub flows: Vec<Flow>,
    /// What runs at install now, and did not, or ran otherwise.
    pub commands: Vec<InstallCommand>,
    /// What ran at install and no longer does.
    pub former_commands: Vec<InstallCommand>,
    /// Dependencies: name, what was asked for, what is asked for now.
    pub dependencies: Vec<(String, Option<String>, Option<String>)>,
    /// Packages that its code imports now.
    pub imports: Vec<ImportedPackage>,
    /// How its files look now and did not: obfuscation, executables, hidden text.
    pub signals: Vec<Signal>,
    /// Decoded layers, before and now.
    pub layers: (usize, usize),
    /// Files, before and now.
    pub files: (u32, u32),
    /// Bytes, before and now.
    pub bytes: (u64, u64),
    /// Reached source files that are new.
    pub reached: Vec<String>,
    /// Files that differ, of those that are read whole (code, manifests, what they run or load); sorted by path.
    pub contents: Vec<FileChange>,
    /// Manifest fields that differ: name, before, now.
    pub fields: Vec<(&'static str, Option<String>, Option<String>)>,
}

impl Change {
    /// Compares the contents of two releases.
    pub fn between(old: &PackageFacts, new: &PackageFacts) -> Change {
        let (commands, former_commands) = commands(old, new);
        let known_imports: BTreeSet<&str> = old.imports.iter().map(|import| import.name.as_str()).collect();
        let known_files: BTreeSet<&str> = old.modules.iter().map(|file| file.path.as_str()).collect();
        let known_flows: BTreeSet<String> = old.profile.flows.iter().map(flow_key).collect();
        let known_signals: BTreeSet<SignalKind> = old.signals.iter().map(|signal| signal.kind).collect();
        let mut seen = BTreeSet::new();
        let flows = new.profile.flows.iter().filter(|flow| flow.trigger.is_reached());
        Change {
            gained: only_in(new, old),
            lost: only_in(old, new),
            flows: flows
                .filter(|flow| !known_flows.contains(&flow_key(flow)) && seen.insert(flow_key(flow)))
                .cloned()
                .collect(),
            commands,
            former_commands,
            dependencies: dependencies(old, new),
            imports: new.imports.iter().filter(|it| !known_imports.contains(it.name.as_str())).cloned().collect(),
            signals: new.signals.iter().filter(|signal| !known_signals.contains(&signal.kind)).cloned().collect(),
            layers: (old.layers.len(), new.layers.len()),
            files: (old.files, new.files),
            bytes: (old.bytes, new.bytes),
            reached: new
                .modules
                .iter()
                .filter(|file| !known_files.contains(file.path.as_str()))
                .map(|file| file.path.clone())
                .collect(),
            contents: contents(old, new),
            fields: fields(old, new),
        }
    }

    /// Compares a release with the source that it says it was made from. What a build makes of the source runs at other
    /// moments and lies in other files, so only what it does tells: whatever of it nothing in the source does at all.
    pub fn beyond_source(source: &PackageFacts, release: &PackageFacts) -> Change {
        let done =
            |capability: &Capability| (capability.id, LockedCapability::of(capability).and_then(|it| it.resource));
        let known: BTreeSet<_> = source.profile.capabilities.iter().map(done).collect();
        let ends = |flow: &Flow| (done(&flow.source), done(&flow.sink));
        let known_flows: BTreeSet<_> = source.profile.flows.iter().map(ends).collect();
        let mut change = Change::between(source, release);
        change.gained.retain(|capability| !known.contains(&done(capability)));
        change.flows.retain(|flow| !known_flows.contains(&ends(flow)));
        // What a build makes of the source has other bytes throughout.
        (change.lost, change.former_commands, change.reached, change.contents) = Default::default();
        change
    }

    /// Whether it can do more than before, or runs more when it is installed.
    pub fn is_more(&self) -> bool {
        !self.gained.is_empty() || !self.flows.is_empty() || !self.commands.is_empty()
    }
}

/// A file that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Path within the package.
    pub path: String,
    /// Its size before, in bytes; `None` if it is new.
    pub before: Option<u64>,
    /// Its size now; `None` if it is gone.
    pub now: Option<u64>,
}

impl FileChange {
    /// Whether it has become a different file in all but name: ten times as large, and not small.
    pub fn is_jump(&self) -> bool {
        const LARGE: u64 = 16 << 10;
        self.before.zip(self.now).is_some_and(|(before, now)| now >= LARGE && now / 10 >= before)
    }
}

fn contents(old: &PackageFacts, new: &PackageFacts) -> Vec<FileChange> {
    let by_path = |facts: &PackageFacts| -> BTreeMap<String, ([u8; 32], u64)> {
        facts.hashes.iter().map(|file| (file.path.clone(), (file.sha256, file.size))).collect()
    };
    let (old, new) = (by_path(old), by_path(new));
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let change = |path: &String| {
        let (before, now) = (old.get(path), new.get(path));
        let is_same = before.map(|file| file.0) == now.map(|file| file.0);
        let size = |file: Option<&([u8; 32], u64)>| file.map(|(_, size)| *size);
        (!is_same).then(|| FileChange { path: path.clone(), before: size(before), now: size(now) })
    };
    paths.into_iter().filter_map(change).collect()
}

fn flow_key(flow: &Flow) -> String {
    let end = |capability: &Capability| {
        LockedCapability::of(capability).map_or_else(|| capability.id.to_string(), |locked| locked.to_string())
    };
    format!("{} {} {}", end(&flow.source), end(&flow.sink), flow.trigger)
}

/// Capabilities that `one` has and `other` has not.
fn only_in(one: &PackageFacts, other: &PackageFacts) -> Vec<Capability> {
    let known = LockedCapability::all(&other.profile);
    let mut only: BTreeMap<LockedCapability, &Capability> = BTreeMap::new();
    for capability in &one.profile.capabilities {
        if let Some(locked) = LockedCapability::of(capability).filter(|locked| !known.contains(locked)) {
            only.entry(locked).or_insert(capability);
        }
    }
    only.into_values().cloned().collect()
}

fn commands(old: &PackageFacts, new: &PackageFacts) -> (Vec<InstallCommand>, Vec<InstallCommand>) {
    let of = |facts: &PackageFacts, other: &PackageFacts| -> Vec<InstallCommand> {
        let is_known = |command: &InstallCommand| {
            other.install_commands.iter().any(|known| known.event == command.event && known.command == command.command)
        };
        // What runs only for the package's own developers is none of its users' business.
        let own = facts.install_commands.iter().filter(|command| command.for_dependents);
        own.filter(|command| !is_known(command)).cloned().collect()
    };
    (of(new, old), of(old, new))
}

fn dependencies(old: &PackageFacts, new: &PackageFacts) -> Vec<(String, Option<String>, Option<String>)> {
    let of = |facts: &PackageFacts| -> BTreeMap<String, String> {
        let all = facts.manifest.iter().flat_map(|manifest| &manifest.dependencies);
        let wanted = all.filter(|it| matches!(it.kind, EdgeKind::Production | EdgeKind::Optional));
        wanted.map(|it| (it.name.clone(), it.range.clone())).collect()
    };
    let (before, now) = (of(old), of(new));
    let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    let changed = names.into_iter().filter(|name| before.get(*name) != now.get(*name));
    changed.map(|name| (name.clone(), before.get(name).cloned(), now.get(name).cloned())).collect()
}

fn fields(old: &PackageFacts, new: &PackageFacts) -> Vec<(&'static str, Option<String>, Option<String>)> {
    let (Some(before), Some(now)) = (&old.manifest, &new.manifest) else { return Vec::new() };
    let all = [
        ("license", &before.license, &now.license),
        ("repository", &before.repository, &now.repository),
        ("homepage", &before.homepage, &now.homepage),
        ("author", &before.author, &now.author),
    ];
    let changed = all.into_iter().filter(|(_, before, now)| before != now);
    changed.map(|(name, before, now)| (name, before.clone(), now.clone())).collect()
}
