//! The behaviour profile of a release: capabilities × triggers, and the flows between them.

use serde::{Deserialize, Serialize};

use crate::capability::{Capability, CapabilityId, Trigger};

/// What a release can do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Sorted and unique by (id, resource, trigger, layer, attributes); evidence is the first seen.
    pub capabilities: Vec<Capability>,
    /// Sources that reach sinks.
    pub flows: Vec<Flow>,
}

/// `source → sink`: what is read or fetched, and what is done with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// Where the data comes from.
    pub source: Capability,
    /// Where it ends.
    pub sink: Capability,
    /// When the chain starts.
    pub trigger: Trigger,
    /// Decoding layer at which the sink was seen: 0 = as shipped.
    pub layer: u8,
}

impl Profile {
    /// Capabilities of one id.
    pub fn of(&self, id: CapabilityId) -> impl Iterator<Item = &Capability> {
        self.capabilities.iter().filter(move |capability| capability.id == id)
    }

    /// Whether the profile has a capability of this id at this trigger.
    pub fn has_at(&self, id: CapabilityId, trigger: Trigger) -> bool {
        self.of(id).any(|capability| capability.trigger == trigger)
    }
}
