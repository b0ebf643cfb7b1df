//! Capabilities that appeared.

use std::collections::{BTreeMap, BTreeSet};

use vetch_model::capability::{Capability, CapabilityId, EvalSource, PathClass, Resource};
use vetch_model::lock::LockedCapability;

use crate::input::ReleaseFacts;
use crate::lineage::Sign;
use crate::query::{Contents, class_of, evidence_of, is_unasked, reads_secrets, when_words};

/// From which weight on new capabilities are a strong sign: two that few honest releases gain, or one and two
/// that many do.
const STRONG: u32 = 4;

/// What the release can do without being asked for it that the one before could not. Told as `vetch.lock` tells it:
/// by capability, trigger and class of resource.
pub(crate) fn capabilities_appeared(facts: &ReleaseFacts<'_>) -> Option<Sign> {
    let (before, own) = (facts.before?, facts.contents?);
    let known = LockedCapability::all(&before.contents.profile);
    let known_ids: BTreeSet<CapabilityId> = known.iter().map(|capability| capability.id).collect();
    let mut new: BTreeMap<LockedCapability, &Capability> = BTreeMap::new();
    for capability in &own.profile.capabilities {
        let Some(locked) = LockedCapability::of(capability) else { continue };
        // What it did when asked for it is no new thing to be able to do, but to do it unasked is.
        let is_new =
            !known.contains(&locked) && (!known_ids.contains(&capability.id) || is_unasked(capability.trigger));
        if is_new {
            new.entry(locked).or_insert(capability);
        }
    }
    let contents = Contents::new(facts, own);
    let weighed = |capability: &&Capability| weight(&contents, capability, &known_ids);
    let mut telling: Vec<&Capability> = new.into_values().filter(|capability| weighed(capability) > 0).collect();
    telling.sort_by_key(|capability| (std::cmp::Reverse(weighed(capability)), capability.trigger));
    let first = telling.first()?;
    // Each kind counts once: ten new hosts are one new thing.
    let mut by_id: BTreeMap<CapabilityId, u32> = BTreeMap::new();
    for capability in &telling {
        let entry = by_id.entry(capability.id).or_default();
        *entry = (*entry).max(weighed(capability));
    }
    let total: u32 = by_id.values().sum();
    let ids: Vec<String> = by_id.keys().map(|id| format!("`{id}`")).collect();
    let words = format!("gained {} {}", ids.join(", "), when_words(first.trigger));
    Some(Sign { words, evidence: evidence_of(telling), is_strong: total >= STRONG })
}

/// How seldom honest releases gain it: 0 (it says nothing) to 3.
fn weight(contents: &Contents<'_>, capability: &Capability, known: &BTreeSet<CapabilityId>) -> u32 {
    let base = match capability.id {
        CapabilityId::Persist
        | CapabilityId::ProcessInject
        | CapabilityId::RegistryPublish
        | CapabilityId::AgentDrive
        | CapabilityId::CryptoMine
        | CapabilityId::InputKeyboard
        | CapabilityId::InputScreen
        | CapabilityId::InputClipboard => 3,
        CapabilityId::FsRead if reads_secrets(capability) => 3,
        CapabilityId::FsWrite if is_alien(class_of(capability)) => 3,
        CapabilityId::CodeEval => match capability.resource {
            Resource::Eval(EvalSource::Decoded | EvalSource::Downloaded) => 3,
            Resource::Eval(EvalSource::Dynamic) if !known.contains(&CapabilityId::CodeEval) => 1,
            _ => 0,
        },
        CapabilityId::ProcessSpawn if capability.attributes.detached || capability.attributes.hidden => 2,
        CapabilityId::ProcessSpawn if !known.contains(&CapabilityId::ProcessSpawn) => 1,
        CapabilityId::NetConnect if contents.host(capability).is_foreign() => 2,
        CapabilityId::NetConnect | CapabilityId::NetDns if !known.contains(&CapabilityId::NetConnect) => 1,
        CapabilityId::BrowserHook | CapabilityId::HostProbe | CapabilityId::CodeHook | CapabilityId::Evade
            if !known.contains(&capability.id) =>
        {
            2
        }
        CapabilityId::EnvEnumerate if !known.contains(&CapabilityId::EnvEnumerate) => 1,
        _ => 0,
    };
    match is_unasked(capability.trigger) {
        true => base,
        // Asked for, most of it is a feature.
        false => base / 3,
    }
}

/// Where no package has anything to write.
fn is_alien(class: Option<PathClass>) -> bool {
    matches!(
        class,
        Some(
            PathClass::Autostart
                | PathClass::VcsHooks
                | PathClass::CiWorkflows
                | PathClass::Agent
                | PathClass::Credentials
                | PathClass::Packages
        )
    )
}
