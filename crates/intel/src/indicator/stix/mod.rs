//! Bundles of STIX 2.1 (OASIS, 2021): indicators with what they have to do with campaigns, malware and groups.
//!
//! An *observable* (`domain-name`, `file`, …) is only something that was seen. It counts where the bundle relates it to an
//! indicator, malware, a campaign or a group; by itself it is passed over, as are observations and reports.

mod attack;
mod pattern;

use std::collections::btree_map::Entry as Place;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use vetch_model::indicator::{Context, ContextKind, IndicatorKind};

use super::{Entry, Listing, Listings, MAX_ENTRIES, More, line, name};
use crate::record::micros;

/// Most objects of one bundle. ATT&CK for enterprises has 25,000.
const MAX_OBJECTS: usize = 500_000;
/// Most that is followed from one object: a few campaigns and groups, not the whole bundle.
const MAX_STEPS: usize = 64;
/// Longest id of an object: a type, and a UUID.
const MAX_ID: usize = 200;
/// How far: indicator → malware → campaign → intrusion set → actor.
const MAX_DISTANCE: usize = 4;

/// A bundle, or the one object of a TAXII answer; `objects` is all that counts.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Bundle {
    objects: Vec<Object>,
}

/// Any object, as far as it is used.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Object {
    #[serde(rename = "type")]
    kind: String,
    id: String,
    created: Option<String>,
    modified: Option<String>,
    revoked: bool,
    name: Option<String>,
    description: Option<String>,
    created_by_ref: Option<String>,
    confidence: Option<u8>,
    // indicator
    pattern: Option<String>,
    pattern_type: Option<String>,
    valid_until: Option<String>,
    indicator_types: Option<Vec<String>>,
    // relationship
    relationship_type: Option<String>,
    source_ref: Option<String>,
    target_ref: Option<String>,
    // malware
    sample_refs: Option<Vec<String>>,
    // observables
    value: Option<String>,
    hashes: Option<BTreeMap<String, String>>,
    path: Option<Value>,
    account_login: Option<String>,
}

/// What objects have to do with each other.
struct Web<'b> {
    /// Each once, in its newest version.
    objects: BTreeMap<&'b str, &'b Object>,
    /// From an object to those that say more of it.
    edges: HashMap<&'b str, Vec<&'b str>>,
}

/// Reads a bundle.
///
/// # Errors
/// When it is none.
pub(crate) fn read(bytes: &[u8], place: &str) -> Result<Listings, String> {
    let bundle: Bundle = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if bundle.objects.len() > MAX_OBJECTS {
        return Err(format!("it has {} objects, more than {MAX_OBJECTS}", bundle.objects.len()));
    }
    let mut listings = listings(&Web::new(&bundle), |_| true, place);
    match attack::techniques(bytes) {
        Ok(techniques) => {
            listings.passed_over = listings.passed_over.saturating_sub(techniques.len() as u64);
            listings.techniques = techniques;
        }
        Err(why) => listings.not_understood(&format!("its techniques of ATT&CK: {why}")),
    }
    Ok(listings)
}

/// Reads objects that came by themselves; `related` are those of before, which only say more of them.
pub(crate) fn read_objects(objects: Vec<Object>, related: Vec<Object>, place: &str) -> Listings {
    let new: HashSet<String> = objects.iter().map(|object| object.id.clone()).collect();
    let mut bundle = Bundle { objects };
    bundle.objects.extend(related);
    listings(&Web::new(&bundle), |object| new.contains(&object.id), place)
}

fn listings(web: &Web<'_>, is_new: impl Fn(&Object) -> bool, place: &str) -> Listings {
    let mut listings = Listings::default();
    for object in web.objects.values().filter(|object| is_new(object)) {
        match object.kind.as_str() {
            "indicator" => indicator(object, web, place, &mut listings),
            "domain-name"
            | "ipv4-addr"
            | "ipv6-addr"
            | "url"
            | "email-addr"
            | "file"
            | "artifact"
            | "directory"
            | "user-account"
            | "cryptocurrency-wallet" => observable(object, web, place, &mut listings),
            "relationship" | "identity" | "marking-definition" => {}
            _ => listings.passed_over += 1,
        }
    }
    listings
}

impl Object {
    /// Reads one object by itself.
    ///
    /// # Errors
    /// In words, when it is none: its id has to say its type and be no longer than any id is.
    pub(crate) fn read(text: &str) -> Result<Object, String> {
        let object: Object = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let id = object.id.strip_prefix(object.kind.as_str()).and_then(|rest| rest.strip_prefix("--"));
        match id {
            Some(id) if !object.kind.is_empty() && !id.is_empty() && object.id.len() <= MAX_ID => Ok(object),
            _ => Err("its id is not that of a STIX object".to_owned()),
        }
    }

    /// Its id.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// When it was changed, in microseconds since 1970.
    pub(crate) fn modified_micros(&self) -> i64 {
        modified(self)
    }

    /// When it was changed, as written.
    pub(crate) fn version(&self) -> &str {
        self.modified.as_deref().or(self.created.as_deref()).unwrap_or_default()
    }

    /// What later objects may need of it: whom indicators are about, and how these belong together.
    pub(crate) fn related(&self) -> Option<Object> {
        let tells = |id: &Option<String>| {
            let kind = id.as_deref().and_then(|id| id.split_once("--")).map(|(kind, _)| kind);
            kind.is_some_and(|kind| kind.parse::<ContextKind>().is_ok())
        };
        let is_related = match self.kind.as_str() {
            "identity" => true,
            "relationship" => tells(&self.source_ref) && tells(&self.target_ref),
            _ => context_kind(self).is_some(),
        };
        is_related.then(|| Object {
            name: self.name.as_deref().map(name),
            description: None,
            pattern: None,
            path: None,
            hashes: None,
            ..self.clone()
        })
    }
}

fn newest(bundle: &Bundle) -> BTreeMap<&str, &Object> {
    let mut all: BTreeMap<&str, &Object> = BTreeMap::new();
    for object in bundle.objects.iter().filter(|object| !object.id.is_empty()) {
        match all.entry(&object.id) {
            Place::Vacant(place) => drop(place.insert(object)),
            Place::Occupied(mut known) if modified(object) > modified(known.get()) => drop(known.insert(object)),
            Place::Occupied(_) => {}
        }
    }
    all
}

fn modified(object: &Object) -> i64 {
    let time = object.modified.as_deref().or(object.created.as_deref());
    time.and_then(micros).unwrap_or_default()
}

fn context_kind(object: &Object) -> Option<ContextKind> {
    object.kind.parse().ok()
}

impl<'b> Web<'b> {
    fn new(bundle: &'b Bundle) -> Web<'b> {
        let objects = newest(bundle);
        let mut edges: HashMap<&str, Vec<&str>> = HashMap::new();
        for object in objects.values().filter(|object| !object.revoked) {
            if object.kind == "relationship"
                && let (Some(source), Some(target)) = (object.source_ref.as_deref(), object.target_ref.as_deref())
            {
                let (from, to) = match object.relationship_type.as_deref() {
                    // Whoever uses malware says more of it than it says of them.
                    Some(
                        "uses" | "communicates-with" | "drops" | "downloads" | "controls" | "hosts" | "owns"
                        | "consists-of" | "beacons-to" | "exfiltrates-to",
                    ) => (target, source),
                    Some(
                        "indicates" | "attributed-to" | "variant-of" | "based-on" | "related-to" | "detected-as"
                        | "impersonates" | "authored-by",
                    ) => (source, target),
                    _ => continue,
                };
                edges.entry(from).or_default().push(to);
                // What an indicator rests on is what the indicator is about.
                if object.relationship_type.as_deref() == Some("based-on") {
                    edges.entry(target).or_default().push(source);
                }
            }
            for sample in object.sample_refs.iter().flatten() {
                edges.entry(sample).or_default().push(&object.id);
            }
        }
        edges.values_mut().for_each(|to| to.sort_unstable());
        Web { objects, edges }
    }

    /// Campaigns, malware and groups that lie within reach, and whether an indicator does.
    fn context(&self, start: &Object) -> (Vec<Context>, bool) {
        let (mut all, mut has_indicator) = (Vec::new(), false);
        let mut seen: BTreeSet<&str> = BTreeSet::from([start.id.as_str()]);
        let mut now = vec![start.id.as_str()];
        for _ in 0..MAX_DISTANCE {
            let mut next = Vec::new();
            for to in now.iter().filter_map(|from| self.edges.get(from)).flatten() {
                let Some(object) = self.objects.get(to).filter(|object| !object.revoked) else { continue };
                if seen.len() >= MAX_STEPS || !seen.insert(to) {
                    continue;
                }
                has_indicator |= object.kind == "indicator";
                if let Some(kind) = context_kind(object) {
                    all.push(Context { kind, name: name(object.name.as_deref().unwrap_or(&object.id)) });
                }
                next.push(*to);
            }
            now = next;
        }
        (all, has_indicator)
    }

    /// Who made it.
    fn source(&self, object: &Object, place: &str) -> String {
        let maker = object.created_by_ref.as_deref().and_then(|id| self.objects.get(id));
        name(maker.and_then(|maker| maker.name.as_deref()).unwrap_or(place))
    }

    fn listing(&self, object: &Object, place: &str, entries: Vec<Entry>) -> Listing {
        Listing {
            record: name(&object.id),
            source: self.source(object, place),
            modified: modified(object),
            is_revoked: object.revoked,
            entries,
        }
    }
}

fn indicator(object: &Object, web: &Web<'_>, place: &str, listings: &mut Listings) {
    let is_benign = object.indicator_types.iter().flatten().any(|kind| kind == "benign");
    let is_pattern = object.pattern_type.as_deref().is_none_or(|kind| kind.eq_ignore_ascii_case("stix"));
    if object.revoked {
        listings.all.push(web.listing(object, place, Vec::new()));
        return;
    }
    if is_benign || !is_pattern {
        listings.passed_over += 1;
        return;
    }
    let shown = object.name.as_deref().unwrap_or(&object.id);
    let pattern = match pattern::parse(object.pattern.as_deref().unwrap_or_default()) {
        Ok(pattern) => pattern,
        Err(why) => return listings.not_understood(&format!("{shown}: {why}")),
    };
    if pattern.not_understood > 0 {
        listings.not_understood(&format!("{shown}: its pattern asks for what a release does not show"));
    }
    let until = match object.valid_until.as_deref().map(micros) {
        Some(None) => return listings.not_understood(&format!("{shown}: its `valid_until` is no time")),
        until => until.flatten().map(|micros| micros.div_euclid(1_000_000)),
    };
    let more = more(object, web.context(object).0);
    let entry = |together: Vec<(IndicatorKind, String)>| {
        let (first, rest) = most_specific(together)?;
        Some(Entry { kind: first.0, value: first.1, until, more: More { with: rest, ..more.clone() } })
    };
    let entries: Vec<Entry> = pattern.alternatives.into_iter().filter_map(entry).take(MAX_ENTRIES).collect();
    if !entries.is_empty() {
        listings.all.push(web.listing(object, place, entries));
    }
}

type Atom = (IndicatorKind, String);

/// The one of several things that fewest releases show.
fn most_specific(mut all: Vec<Atom>) -> Option<(Atom, Vec<Atom>)> {
    let rank = |kind: IndicatorKind| match kind {
        kind if kind.is_hash() => 0,
        IndicatorKind::Url | IndicatorKind::Wallet | IndicatorKind::Email => 1,
        IndicatorKind::Domain | IndicatorKind::Package | IndicatorKind::Account => 2,
        IndicatorKind::Ip | IndicatorKind::FilePath => 3,
        _ => 4,
    };
    all.sort_by_key(|(kind, _)| rank(*kind));
    let mut all = all.into_iter();
    Some((all.next()?, all.collect()))
}

fn more(object: &Object, context: Vec<Context>) -> More {
    let text = object.name.as_deref().or(object.description.as_deref()).unwrap_or_default();
    let mut more =
        More { description: line(text), confidence: object.confidence.filter(|all| *all <= 100), ..More::default() };
    context.into_iter().for_each(|one| more.relate(one));
    more
}

fn observable(object: &Object, web: &Web<'_>, place: &str, listings: &mut Listings) {
    let (context, has_indicator) = web.context(object);
    if context.is_empty() && !has_indicator {
        listings.passed_over += 1;
        return;
    }
    let more = more(object, context);
    let with = |entry: Option<Entry>| entry.map(|entry| Entry { more: more.clone(), ..entry });
    let value = object.value.as_deref().unwrap_or_default();
    let one = |kind: IndicatorKind, text: &str| with(Entry::new(kind, text));
    let path = object.path.as_ref().and_then(Value::as_str).unwrap_or_default();
    let hashes = object.hashes.iter().flatten();
    let entries: Vec<Entry> = match object.kind.as_str() {
        "domain-name" => one(IndicatorKind::Domain, value).into_iter().collect(),
        "ipv4-addr" | "ipv6-addr" => one(IndicatorKind::Ip, value).into_iter().collect(),
        "url" => one(IndicatorKind::Url, value).into_iter().collect(),
        "email-addr" => one(IndicatorKind::Email, value).into_iter().collect(),
        "directory" => one(IndicatorKind::FilePath, path).into_iter().collect(),
        "cryptocurrency-wallet" => one(IndicatorKind::Wallet, value).into_iter().collect(),
        "user-account" => {
            one(IndicatorKind::Account, object.account_login.as_deref().unwrap_or_default()).into_iter().collect()
        }
        _ => hashes.filter_map(|(algorithm, hash)| one(pattern::hash_kind(algorithm)?, hash)).collect(),
    };
    match entries.is_empty() {
        true => listings.not_understood(&format!("{}: it has no value that can be compared", object.id)),
        false => listings.all.push(web.listing(object, place, entries)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUNDLE: &str = r#"{"type": "bundle", "id": "bundle--1", "objects": [
        {"type": "identity", "id": "identity--1", "name": "Example CERT"},
        {"type": "indicator", "id": "indicator--1", "created_by_ref": "identity--1", "modified": "2026-04-01T00:00:00Z",
         "name": "C2 of the dropper", "pattern_type": "stix", "confidence": 80, "valid_until": "2027-01-01T00:00:00Z",
         "pattern": "[domain-name:value = 'c2.invalid'] OR [ipv4-addr:value = '192.0.2.1']"},
        {"type": "indicator", "id": "indicator--2", "revoked": true, "pattern": "[domain-name:value = 'old.invalid']"},
        {"type": "indicator", "id": "indicator--3", "pattern_type": "snort", "pattern": "alert tcp"},
        {"type": "malware", "id": "malware--1", "name": "DROPPER", "sample_refs": ["file--1"]},
        {"type": "campaign", "id": "campaign--1", "name": "March"},
        {"type": "intrusion-set", "id": "intrusion-set--1", "name": "UNC0"},
        {"type": "relationship", "id": "relationship--1", "relationship_type": "indicates", "source_ref": "indicator--1", "target_ref": "malware--1"},
        {"type": "relationship", "id": "relationship--2", "relationship_type": "uses", "source_ref": "campaign--1", "target_ref": "malware--1"},
        {"type": "relationship", "id": "relationship--3", "relationship_type": "attributed-to", "source_ref": "campaign--1", "target_ref": "intrusion-set--1"},
        {"type": "file", "id": "file--1", "hashes": {"SHA-256": "00000000000000000000000000000000000000000000000000000000000000AA", "TLSH": "x"}},
        {"type": "domain-name", "id": "domain-name--1", "value": "seen-somewhere.invalid"}, {"type": "x-new", "id": "x-new--1"}]}"#;

    #[test]
    fn indicators_come_with_what_they_belong_to() {
        let listings = read(BUNDLE.as_bytes(), "a.json").unwrap();
        assert_eq!((listings.not_understood, listings.passed_over), (0, 6));
        let [file, one, revoked] = listings.all.as_slice() else { panic!("{listings:?}") };
        assert_eq!((one.source.as_str(), one.entries.len(), one.is_revoked), ("Example CERT", 2, false));
        assert!(revoked.is_revoked && revoked.entries.is_empty());
        let names: Vec<String> =
            one.entries[0].more.context.iter().map(|one| format!("{} {}", one.kind, one.name)).collect();
        assert_eq!(names, ["malware DROPPER", "campaign March", "intrusion-set UNC0"]);
        assert_eq!((one.entries[0].until, one.entries[0].more.confidence), (Some(1_798_761_600), Some(80)));
        assert_eq!((file.entries[0].kind, file.entries[0].more.context.len()), (IndicatorKind::Sha256, 3));
    }

    #[test]
    fn circles_end_and_nonsense_is_told() {
        let circle = r#"{"type": "bundle", "objects": [
            {"type": "indicator", "id": "indicator--1", "pattern": "[broken"},
            {"type": "malware", "id": "malware--1", "name": "A"},
            {"type": "relationship", "id": "r1", "relationship_type": "related-to", "source_ref": "malware--1", "target_ref": "malware--1"},
            {"type": "url", "id": "url--1", "value": "nonsense"},
            {"type": "relationship", "id": "r2", "relationship_type": "related-to", "source_ref": "url--1", "target_ref": "malware--1"}]}"#;
        let listings = read(circle.as_bytes(), "a.json").unwrap();
        assert_eq!((listings.all.len(), listings.not_understood), (0, 2));
        assert!(read(b"{\"objects\": 7}", "a").is_err());
    }
}
