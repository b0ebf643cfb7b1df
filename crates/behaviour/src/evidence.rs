//! Effects to capabilities with evidence: the place in the shipped file, the line, the words.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use vetch_model::Span;
use vetch_model::capability::{Attributes, Capability, CapabilityId, Resource, Trigger};
use vetch_model::evidence::{Evidence, Location};
use vetch_model::facts::{DecodedLayer, MAX_LAYER_TEXT, MAX_LAYERS};
use vetch_model::profile::{Flow, Profile};
use vetch_syntax::text::{LineIndex, excerpt};

use crate::LayerText;
use crate::effects::{Effect, LayerMet, Place};
use crate::interp::{ComputedName, Interp, Names};
use crate::package::Package;
use crate::value::HOLE;

/// What one realm or one file did, with evidence.
#[derive(Debug, Clone, Default)]
pub(crate) struct Resolved {
    pub capabilities: Vec<Capability>,
    /// `(source, sink)` by index into `capabilities`.
    pub flows: Vec<(usize, usize)>,
    /// By specifier.
    pub imports: BTreeMap<String, (Trigger, Location)>,
    /// Addresses that are connected to, with trigger and layer.
    pub urls: Vec<(String, Trigger, u8, Location)>,
    /// In the order in which they were met.
    pub layers: Vec<DecodedLayer>,
    /// By layer: its whole text.
    pub texts: Vec<Rc<str>>,
    /// Of code that was written not to be read.
    pub names: Names,
}

impl Resolved {
    /// The same, as it is when the file is loaded under `trigger`.
    pub(crate) fn under(&self, trigger: Trigger) -> Resolved {
        let shift = |own: Trigger| match own {
            Trigger::Import => trigger,
            Trigger::Call if !trigger.is_reached() => trigger,
            other => other,
        };
        let mut shifted = self.clone();
        shifted.capabilities.iter_mut().for_each(|capability| capability.trigger = shift(capability.trigger));
        shifted.urls.iter_mut().for_each(|(_, own, _, _)| *own = shift(*own));
        shifted.imports.values_mut().for_each(|(own, _)| *own = shift(*own));
        shifted.layers.iter_mut().for_each(|layer| layer.trigger = shift(layer.trigger));
        shifted
    }
}

/// Line indexes are made once per file.
#[derive(Default)]
struct Lines<'p>(HashMap<usize, LineIndex<'p>>);

impl<'p> Lines<'p> {
    fn position(&mut self, package: &'p Package, file: usize, offset: u32) -> (u32, u32) {
        let Some(text) = package.text(file) else { return (0, 0) };
        self.0.entry(file).or_insert_with(|| LineIndex::new(text)).position(offset)
    }
}

/// Turns effects into capabilities.
pub(crate) fn resolve_effects(package: &Package, interp: Interp<'_>) -> Resolved {
    let Interp { effects, layers_met, names, .. } = interp;
    let mut lines = Lines::default();
    // What is handed over and goes nowhere is nothing that code does.
    let flowing: BTreeSet<u32> = effects.flows.iter().map(|&(source, _)| source).collect();
    let is_told = |index: u32, effect: &Effect| effect.id != CapabilityId::CallGiven || flowing.contains(&index);
    let told: Vec<&Effect> =
        (0..).zip(&effects.list).filter(|(index, effect)| is_told(*index, effect)).map(|(_, effect)| effect).collect();
    let numbers: BTreeMap<u32, usize> = (0..)
        .zip(&effects.list)
        .filter(|(index, effect)| is_told(*index, effect))
        .map(|(index, _)| index)
        .zip(0..)
        .collect();
    let capabilities = told
        .into_iter()
        .map(|effect| Capability {
            id: effect.id,
            resource: effect.resource.clone(),
            attributes: effect.attributes,
            trigger: effect.trigger,
            layer: effect.layer,
            evidence: evidence_at(package, &mut lines, &effect.place, effect.layer, &effect.note),
        })
        .collect();
    let flows =
        effects.flows.iter().filter_map(|(source, sink)| Some((*numbers.get(source)?, *numbers.get(sink)?))).collect();
    let imports = effects
        .imports
        .iter()
        .map(|(specifier, (trigger, place))| (specifier.clone(), (*trigger, location(package, &mut lines, place))))
        .collect();
    let urls = effects
        .urls
        .iter()
        .map(|(url, (trigger, layer, place))| (url.clone(), *trigger, *layer, location(package, &mut lines, place)))
        .collect();
    let texts = layers_met.iter().map(|met| met.text.clone()).collect();
    let layers = layers_met.iter().map(|met| decoded_layer(location(package, &mut lines, &met.place), met)).collect();
    Resolved { capabilities, flows, imports, urls, layers, texts, names: names.into_iter().collect() }
}

fn decoded_layer(location: Location, met: &LayerMet) -> DecodedLayer {
    let text = met.text[..met.text.floor_char_boundary(MAX_LAYER_TEXT)].replace(HOLE, "…");
    let (trigger, layer, bytes) = (met.trigger, met.layer, met.text.len() as u64);
    DecodedLayer { location, trigger, layer, bytes, text, is_understood: met.is_understood }
}

/// Each layer once, at its first trigger, in the order of places.
pub(crate) fn layers(results: &[Resolved]) -> Vec<DecodedLayer> {
    let mut all: Vec<DecodedLayer> = results.iter().flat_map(|result| result.layers.iter().cloned()).collect();
    all.sort();
    all.dedup_by(|later, first| {
        (&later.location, later.layer, later.bytes, &later.text)
            == (&first.location, first.layer, first.bytes, &first.text)
    });
    all.truncate(MAX_LAYERS);
    all
}

/// The whole text of each layer once, with its first place.
pub(crate) fn layer_texts(results: &[Resolved]) -> Vec<LayerText> {
    let mut all: BTreeMap<Rc<str>, LayerText> = BTreeMap::new();
    for (layer, text) in results.iter().flat_map(|result| result.layers.iter().zip(&result.texts)) {
        let found = LayerText { location: layer.location.clone(), layer: layer.layer, text: text.clone() };
        let first = all.entry(text.clone()).or_insert_with(|| found.clone());
        if found.location < first.location {
            *first = found;
        }
    }
    let mut all: Vec<LayerText> = all.into_values().collect();
    all.sort_by(|a, b| (&a.location, a.layer).cmp(&(&b.location, b.layer)));
    all
}

/// Per file: how many computed names were never made out, and the first of them, with the layer in which it stands.
pub(crate) fn unresolved_names(results: &[Resolved]) -> BTreeMap<usize, (u32, ComputedName)> {
    let mut all = Names::new();
    for (&name, &is_known) in results.iter().flat_map(|result| &result.names) {
        *all.entry(name).or_default() |= is_known;
    }
    let mut unresolved: BTreeMap<usize, (u32, ComputedName)> = BTreeMap::new();
    for (name, _) in all.into_iter().filter(|(_, is_known)| !is_known) {
        unresolved.entry(name.file).or_insert((0, name)).0 += 1;
    }
    unresolved
}

/// What is told of a file in which names were not made out.
pub(crate) fn unresolved_evidence(package: &Package, count: u32, first: ComputedName) -> Evidence {
    let shipped = if first.layer == 0 { Span { start: first.start, end: first.end } } else { Span::default() };
    let place = Place { file: first.file, shipped, layer_text: None };
    let note = match count {
        1 => "a name that the code computes could not be made out".to_owned(),
        count => format!("{count} names that the code computes could not be made out"),
    };
    evidence_at(package, &mut Lines::default(), &place, 0, &note)
}

fn location<'p>(package: &'p Package, lines: &mut Lines<'p>, place: &Place) -> Location {
    let Some(file) = package.files.get(place.file) else { return Location::file("package.json") };
    let (line, column) = lines.position(package, place.file, place.shipped.start);
    Location { file: file.path.clone(), line, column, span: place.shipped }
}

fn evidence_at<'p>(package: &'p Package, lines: &mut Lines<'p>, place: &Place, layer: u8, note: &str) -> Evidence {
    let location = location(package, lines, place);
    let shipped = package.text(place.file);
    let (excerpt, highlight) = match (&place.layer_text, shipped) {
        (Some((text, span)), _) => excerpt(text, *span),
        (None, Some(text)) => excerpt(text, place.shipped),
        (None, None) => Default::default(),
    };
    Evidence::Code { location, excerpt, highlight, layer, note: note.to_owned() }
}

type Key = (CapabilityId, Resource, Trigger, u8, Attributes);

fn key_of(capability: &Capability) -> Key {
    (capability.id, capability.resource.clone(), capability.trigger, capability.layer, capability.attributes)
}

/// Merges the results of all realms into one profile, sorted and without repetition.
/// `opaque` names the files that look obfuscated.
pub(crate) fn profile(results: &[Resolved], opaque: &BTreeSet<&str>) -> Profile {
    let mut capabilities: BTreeMap<Key, Capability> = BTreeMap::new();
    let mut flows: BTreeMap<(Key, Key), Flow> = BTreeMap::new();
    for result in results {
        for capability in &result.capabilities {
            keep_first(&mut capabilities, key_of(capability), capability, opaque);
        }
        for &(source, sink) in &result.flows {
            let (source, sink) = (&result.capabilities[source], &result.capabilities[sink]);
            let flow = Flow { source: source.clone(), sink: sink.clone(), trigger: sink.trigger, layer: sink.layer };
            flows.entry((key_of(source), key_of(sink))).or_insert(flow);
        }
    }
    Profile { capabilities: capabilities.into_values().collect(), flows: flows.into_values().collect() }
}

/// Keeps the most telling occurrence: in an `opaque` (obfuscated) file before any other, then the first in file order.
fn keep_first(
    capabilities: &mut BTreeMap<Key, Capability>,
    key: Key,
    capability: &Capability,
    opaque: &BTreeSet<&str>,
) {
    match capabilities.entry(key) {
        std::collections::btree_map::Entry::Vacant(place) => {
            place.insert(capability.clone());
        }
        std::collections::btree_map::Entry::Occupied(mut place) => {
            let earlier = |c: &Capability| {
                let location = c.evidence.location();
                (!opaque.contains(location.file.as_str()), location.file.clone(), location.span.start)
            };
            if earlier(capability) < earlier(place.get()) {
                place.insert(capability.clone());
            }
        }
    }
}
