//! Events of MISP (core format, <https://www.misp-standard.org/rfc/misp-standard-core.html>), one by one, as the answer of
//! a server (`{"response": […]}`), or as a feed: a `manifest.json` with an event of each uuid beside it.
//!
//! An attribute counts if `to_ids` says that it is meant to be detected.

use serde::Deserialize;
use serde_json::Value;
use vetch_indicators::{host, refang};
use vetch_model::indicator::{Context, ContextKind, IndicatorKind};

use super::{Entry, Listing, Listings, MAX_ENTRIES, kind_of_word, line, name};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Document {
    #[serde(rename = "Event")]
    event: Option<Event>,
    response: Option<Vec<Document>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Event {
    uuid: String,
    info: String,
    timestamp: Option<Value>,
    #[serde(rename = "Orgc")]
    maker: Option<Named>,
    #[serde(rename = "Attribute")]
    attributes: Vec<Attribute>,
    #[serde(rename = "Object")]
    objects: Vec<Object>,
    #[serde(rename = "Tag")]
    tags: Vec<Named>,
    #[serde(rename = "Galaxy")]
    galaxies: Vec<Galaxy>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Object {
    deleted: Flag,
    #[serde(rename = "Attribute")]
    attributes: Vec<Attribute>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Attribute {
    #[serde(rename = "type")]
    kind: String,
    value: String,
    comment: Option<String>,
    to_ids: Flag,
    deleted: Flag,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Galaxy {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "GalaxyCluster")]
    clusters: Vec<Cluster>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cluster {
    value: String,
}

/// `true`, `1` or `"1"`: servers write all of them.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "Value")]
struct Flag(bool);

impl From<Value> for Flag {
    fn from(value: Value) -> Flag {
        Flag(value == true || value == 1 || matches!(value.as_str(), Some("1" | "true")))
    }
}

/// Reads events.
///
/// # Errors
/// When it is none.
pub(crate) fn read(bytes: &[u8], place: &str) -> Result<Listings, String> {
    let wrong = |error: serde_json::Error| error.to_string();
    let is_list = bytes.trim_ascii_start().starts_with(b"[");
    let documents: Vec<Document> = match is_list {
        true => serde_json::from_slice(bytes).map_err(wrong)?,
        false => vec![serde_json::from_slice(bytes).map_err(wrong)?],
    };
    let mut listings = Listings::default();
    let answers = documents.into_iter().flat_map(|document| {
        let Document { event, response } = document;
        event.into_iter().chain(response.into_iter().flatten().filter_map(|one| one.event)).collect::<Vec<_>>()
    });
    for event in answers {
        take(&event, place, &mut listings)?;
    }
    Ok(listings)
}

/// Whether a document is the manifest of a feed: events of which it says a little, by uuid.
pub(crate) fn is_manifest(bytes: &[u8]) -> bool {
    let head = String::from_utf8_lossy(bytes.get(..bytes.len().min(4096)).unwrap_or_default());
    let Some(key) = head.trim_start().strip_prefix('{').map(str::trim_start).and_then(|rest| rest.strip_prefix('"'))
    else {
        return false;
    };
    let id = key.get(..36).unwrap_or_default();
    let is_uuid = id.len() == 36 && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    is_uuid && ["\"Orgc\"", "\"info\"", "\"threat_level_id\""].iter().any(|field| head.contains(field))
}

fn take(event: &Event, place: &str, listings: &mut Listings) -> Result<(), String> {
    if event.uuid.is_empty() {
        return Err("an event in it has no `uuid`".to_owned());
    }
    let context = context(event);
    let own = event.attributes.iter();
    let of_objects = event.objects.iter().filter(|object| !object.deleted.0).flat_map(|object| &object.attributes);
    let mut entries = Vec::new();
    for attribute in own.chain(of_objects).filter(|attribute| !attribute.deleted.0) {
        if !attribute.to_ids.0 {
            listings.passed_over += 1;
            continue;
        }
        let found = parts(attribute);
        if found.is_empty() {
            listings.not_understood(&format!("{} `{}`", attribute.kind, attribute.value));
        }
        for mut entry in found {
            let comment = attribute.comment.as_deref().filter(|text| !text.trim().is_empty());
            entry.more.description = line(comment.unwrap_or(&event.info));
            context.iter().cloned().for_each(|one| entry.more.relate(one));
            entries.push(entry);
        }
        if entries.len() > MAX_ENTRIES {
            return Err(format!("an event in it has more than {MAX_ENTRIES} indicators"));
        }
    }
    let seconds = match &event.timestamp {
        Some(Value::String(text)) => text.parse().unwrap_or_default(),
        Some(value) => value.as_i64().unwrap_or_default(),
        None => 0i64,
    };
    let maker = event.maker.as_ref().map(|maker| maker.name.as_str()).filter(|maker| !maker.is_empty());
    listings.all.push(Listing {
        record: format!("misp:{}", name(&event.uuid)),
        source: name(maker.unwrap_or(place)),
        modified: seconds.saturating_mul(1_000_000),
        is_revoked: false,
        entries,
    });
    Ok(())
}

/// `ip-dst|port`, `filename|sha256`, `domain|ip`: the part that is telling enough, or each.
fn parts(attribute: &Attribute) -> Vec<Entry> {
    let kinds: Vec<&str> = attribute.kind.split('|').collect();
    let values: Vec<&str> = attribute.value.splitn(kinds.len(), '|').collect();
    let pairs: Vec<(&str, &str)> = kinds.iter().copied().zip(values.iter().copied()).collect();
    let is_hash = |kind: &str| kind_of_word(kind).is_some_and(IndicatorKind::is_hash);
    let has_hash = kinds.iter().any(|kind| is_hash(kind));
    let meant = pairs.into_iter().filter(|(kind, _)| !has_hash || is_hash(kind));
    meant.filter_map(|(kind, value)| Entry::new(kind_of(kind, value)?, value)).collect()
}

fn kind_of(kind: &str, value: &str) -> Option<IndicatorKind> {
    match kind {
        "hostname" | "domain" => Some(host(&refang(value))?.kind()),
        "github-username" | "github-organisation" => Some(IndicatorKind::Account),
        kind => kind_of_word(kind),
    }
}

fn context(event: &Event) -> Vec<Context> {
    let of_kind = |kind: &str| match kind {
        kind if kind.ends_with("threat-actor") => Some(ContextKind::ThreatActor),
        kind if kind.contains("intrusion-set") => Some(ContextKind::IntrusionSet),
        kind if kind.contains("campaign") => Some(ContextKind::Campaign),
        kind if kind.contains("malware")
            || kind.contains("malpedia")
            || kind.ends_with("stealer")
            || kind.ends_with("rat") =>
        {
            Some(ContextKind::Malware)
        }
        kind if kind.ends_with("tool") => Some(ContextKind::Tool),
        _ => None,
    };
    let galaxies = event.galaxies.iter().filter_map(|galaxy| Some((of_kind(&galaxy.kind)?, galaxy)));
    let clusters =
        galaxies.flat_map(|(kind, galaxy)| galaxy.clusters.iter().map(move |one| (kind, one.value.as_str())));
    // `misp-galaxy:threat-actor="Lazarus Group"`
    let tags = event.tags.iter().filter_map(|tag| {
        let (kind, value) = tag.name.strip_prefix("misp-galaxy:")?.split_once('=')?;
        Some((of_kind(kind)?, value.trim_matches('"')))
    });
    clusters.chain(tags).map(|(kind, text)| Context { kind, name: name(text) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"Event": {"uuid": "5f0c4b1e-0000-4000-8000-000000000001", "info": "Worm", "timestamp": "1700000000",
        "Orgc": {"name": "CIRCL"}, "Tag": [{"name": "tlp:clear"}, {"name": "misp-galaxy:threat-actor=\"UNC0\""}],
        "Attribute": [
            {"type": "domain", "value": "evil.invalid", "to_ids": true, "comment": "C2"},
            {"type": "ip-dst|port", "value": "192.0.2.1|8000", "to_ids": "1"},
            {"type": "filename|sha1", "value": "setup.js|da39a3ee5e6b4b0d3255bfef95601890afd80709", "to_ids": 1},
            {"type": "link", "value": "https://blog.invalid/", "to_ids": false},
            {"type": "mutex", "value": "x", "to_ids": true},
            {"type": "domain", "value": "gone.invalid", "to_ids": true, "deleted": true}],
        "Object": [{"name": "file", "Attribute": [{"type": "md5", "value": "d41d8cd98f00b204e9800998ecf8427e", "to_ids": true}]}]}}"#;

    #[test]
    fn attributes_that_are_meant_to_be_detected_count() {
        for text in [EVENT.to_owned(), format!("[{EVENT}]"), format!("{{\"response\": [{EVENT}]}}")] {
            let listings = read(text.as_bytes(), "e.json").unwrap();
            assert_eq!((listings.passed_over, listings.not_understood), (1, 1));
            let [event] = listings.all.as_slice() else { panic!() };
            let shown: Vec<String> = event.entries.iter().map(|one| format!("{} {}", one.kind, one.value)).collect();
            assert_eq!(
                shown,
                [
                    "domain evil.invalid",
                    "ip 192.0.2.1",
                    "sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709",
                    "md5 d41d8cd98f00b204e9800998ecf8427e"
                ]
            );
            assert_eq!((event.source.as_str(), event.modified), ("CIRCL", 1_700_000_000_000_000));
            assert_eq!(event.entries[0].more.description, "C2");
            assert_eq!(event.entries[1].more.context[0].name, "UNC0");
        }
    }

    #[test]
    fn a_manifest_is_known() {
        assert!(is_manifest(br#"{"5f0c4b1e-0000-4000-8000-000000000001": {"info": "x", "Orgc": {}}}"#));
        assert!(!is_manifest(EVENT.as_bytes()));
        assert!(!is_manifest(b"{}"));
        assert!(read(br#"{"Event": {"info": "x"}}"#, "e").is_err());
    }
}
