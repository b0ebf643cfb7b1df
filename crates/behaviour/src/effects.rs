//! What a run did: effects, the data that flowed between them, and imports.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::Ipv4Addr;
use std::rc::Rc;

use vetch_model::Span;
use vetch_model::capability::{Attributes, CapabilityId, Resource, Trigger};

use crate::interp::{CREDENTIAL, Interp, UnitId, WHOLE_REQUEST};
use crate::value::{HOLE, Taint};

/// Most effects that one realm records; more are counted as exhausted fuel.
const MAX_EFFECTS: usize = 8192;

/// Bits of [`Taint`] that stand for sources.
const SOURCE_BITS: u32 = 58;

/// One thing that code did or would do.
#[derive(Debug, Clone)]
pub(crate) struct Effect {
    pub id: CapabilityId,
    pub resource: Resource,
    pub attributes: Attributes,
    pub trigger: Trigger,
    pub layer: u8,
    pub place: Place,
    pub note: String,
}

/// Where in a file, or in a layer decoded from it.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Index of the shipped file.
    pub file: usize,
    /// Byte range in the shipped file (for a layer: of the code that runs it).
    pub shipped: Span,
    /// For a layer: its text and the byte range in it.
    pub layer_text: Option<(Rc<str>, Span)>,
}

/// Text that was run as code.
#[derive(Debug, Clone)]
pub(crate) struct LayerMet {
    pub place: Place,
    pub trigger: Trigger,
    pub layer: u8,
    pub text: Rc<str>,
    /// Whether it could be parsed.
    pub is_understood: bool,
}

type Key = (CapabilityId, Resource, Attributes, Trigger, u8, usize);

/// Everything recorded in one realm.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    pub list: Vec<Effect>,
    index: HashMap<Key, u32>,
    /// `(source, sink)` by index.
    pub flows: BTreeSet<(u32, u32)>,
    /// Effect behind each source bit.
    pub sources: Vec<u32>,
    /// By specifier: first place and trigger.
    pub imports: BTreeMap<String, (Trigger, Place)>,
    /// Addresses that are connected to, as far as they are known: first trigger, layer and place.
    pub urls: BTreeMap<String, (Trigger, u8, Place)>,
}

/// Most addresses kept of one realm, and the longest.
const MAX_URLS: usize = 2_000;
const MAX_URL: usize = 2_048;

impl Interp<'_> {
    /// Keeps the whole address of a connection; the effect names the host alone.
    pub(crate) fn note_url(&mut self, url: &str) {
        let known = url.split(HOLE).next().unwrap_or_default();
        let is_whole = known.contains("://") && known.len() <= MAX_URL;
        if !is_whole || self.effects.urls.len() >= MAX_URLS || self.effects.urls.contains_key(known) {
            return;
        }
        let layer = self.units.get(self.here.unit.0 as usize).map_or(0, |unit| unit.layer);
        let place = self.place();
        self.effects.urls.insert(known.to_owned(), (self.trigger, layer, place));
    }

    /// Records an effect at the expression being evaluated; the same effect again gives the first one.
    pub(crate) fn effect(&mut self, id: CapabilityId, resource: Resource, note: impl Into<String>) -> u32 {
        self.effect_with(id, resource, Attributes::default(), note)
    }

    /// [`Interp::effect`] with attributes.
    pub(crate) fn effect_with(
        &mut self,
        id: CapabilityId,
        resource: Resource,
        attributes: Attributes,
        note: impl Into<String>,
    ) -> u32 {
        let (layer, file) = self.units.get(self.here.unit.0 as usize).map_or((0, 0), |unit| (unit.layer, unit.file));
        let key = (id, resource.clone(), attributes, self.trigger, layer, file);
        if let Some(&found) = self.effects.index.get(&key) {
            return found;
        }
        if self.effects.list.len() >= MAX_EFFECTS {
            self.fuel.exhausted.get_or_insert("records more effects than are kept");
            return MAX_EFFECTS as u32 - 1;
        }
        let place = self.place();
        let index = self.effects.list.len() as u32;
        self.effects.index.insert(key, index);
        self.effects.list.push(Effect {
            id,
            resource,
            attributes,
            trigger: self.trigger,
            layer,
            place,
            note: note.into(),
        });
        index
    }

    /// The taint that stands for data from this effect.
    pub(crate) fn source(&mut self, effect: u32) -> Taint {
        let sources = &mut self.effects.sources;
        let bit = match sources.iter().position(|&source| source == effect) {
            Some(bit) => bit as u32,
            None if (sources.len() as u32) < SOURCE_BITS => {
                sources.push(effect);
                sources.len() as u32 - 1
            }
            // Past the last bit, a source of the same kind stands in.
            None => {
                let id = self.effects.list[effect as usize].id;
                let list = &self.effects.list;
                match sources.iter().position(|&source| list[source as usize].id == id) {
                    Some(bit) => bit as u32,
                    None => return Taint::NONE,
                }
            }
        };
        Taint(1 << (bit + 1))
    }

    /// Records that data with this taint reached an effect.
    pub(crate) fn flow(&mut self, taint: Taint, sink: u32) {
        if taint.is_whole() && self.effects.list[sink as usize].id == CapabilityId::NetConnect {
            self.flow_given(WHOLE_REQUEST, sink);
        }
        if taint.is_credential() && self.is_bare_address(sink) {
            self.flow_given(CREDENTIAL, sink);
        }
        for source in self.sources_of(taint) {
            if source != sink {
                self.effects.flows.insert((source, sink));
            }
        }
    }

    /// Something of a caller's reached an effect that is known by a flag alone.
    fn flow_given(&mut self, what: &str, sink: u32) {
        let note = format!("is given: {what}");
        let source = self.effect(CapabilityId::CallGiven, Resource::Named(what.to_owned()), note);
        self.effects.flows.insert((source, sink));
    }

    /// Whether an effect connects to a machine that has no name: no service is reached so.
    fn is_bare_address(&self, effect: u32) -> bool {
        let effect = &self.effects.list[effect as usize];
        let Resource::Named(host) = &effect.resource else { return false };
        let address = host.rsplit_once(':').map_or(host.as_str(), |(address, _)| address).parse::<Ipv4Addr>();
        effect.id == CapabilityId::NetConnect
            && address.is_ok_and(|address| !address.is_loopback() && !address.is_private())
    }

    /// The effects that a taint stands for.
    pub(crate) fn sources_of(&self, taint: Taint) -> Vec<u32> {
        let bits = taint.data() >> 1;
        (0..self.effects.sources.len())
            .filter(|bit| bits >> bit & 1 == 1)
            .map(|bit| self.effects.sources[bit])
            .collect()
    }

    /// Whether data with this taint came from an effect of this kind.
    pub(crate) fn comes_from(&self, taint: Taint, id: CapabilityId) -> bool {
        self.sources_of(taint).iter().any(|&source| self.effects.list[source as usize].id == id)
    }

    /// Records that a module is named.
    pub(crate) fn note_import(&mut self, unit: UnitId, span: Span, specifier: &str) {
        if self.effects.imports.contains_key(specifier) || self.effects.imports.len() >= MAX_EFFECTS {
            return;
        }
        let at = self.unit(unit);
        let place = match at.origin {
            None => Place { file: at.file, shipped: span, layer_text: None },
            Some(_) => self.place(),
        };
        self.effects.imports.insert(specifier.to_owned(), (self.trigger, place));
    }

    /// The place of the expression being evaluated, led back to the shipped file.
    pub(crate) fn place(&self) -> Place {
        let Some(unit) = self.units.get(self.here.unit.0 as usize) else {
            return Place { file: 0, shipped: Span::default(), layer_text: None };
        };
        let span = unit.module.span(self.here.node);
        let layer_text = unit.source.clone().map(|text| (text, span));
        let (mut shipped, mut origin) = (span, unit.origin);
        while let Some(outer) = origin {
            let outer_unit = self.unit(outer.unit);
            shipped = outer_unit.module.span(outer.node);
            origin = outer_unit.origin;
        }
        Place { file: unit.file, shipped, layer_text }
    }
}
