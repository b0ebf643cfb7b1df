//! Reads a package document (<https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md>).
//!
//! Every release is read by itself: one that is broken is told of and does not cost the others.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use vetch_model::history::{Account, Channel, DAY, Declaration, HistoricRelease, History, SignalSource, Time};
use vetch_model::inventory::Ecosystem;
use vetch_model::manifest::INSTALL_EVENTS;

use crate::clocks::are_falsified;
use crate::http::cut;

/// Largest document read, in bytes: the largest of the public registry has about fifty megabytes.
pub const MAX_PACKUMENT: u64 = 128 << 20;
/// Most releases read of one document.
const MAX_RELEASES: usize = 20_000;
/// Most tags, maintainers and dependencies kept of one entry.
const MAX_ENTRIES: usize = 2_000;
/// Most problems told of one document.
const MAX_PROBLEMS: usize = 20;

#[derive(Deserialize)]
struct Document<'t> {
    #[serde(borrow)]
    name: Option<&'t RawValue>,
    #[serde(borrow)]
    versions: Option<Entries<'t>>,
    #[serde(borrow)]
    time: Option<&'t RawValue>,
    #[serde(borrow, rename = "dist-tags")]
    tags: Option<&'t RawValue>,
}

/// An object whose values are read one by one; of equal keys the last counts, as everywhere in npm.
struct Entries<'t>(Vec<(String, &'t RawValue)>);

impl<'de: 't, 't> Deserialize<'de> for Entries<'t> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<'t>(std::marker::PhantomData<&'t ()>);
        impl<'de: 't, 't> serde::de::Visitor<'de> for Visitor<'t> {
            type Value = Entries<'t>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Entries<'t>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry::<String, &'de RawValue>()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Visitor(std::marker::PhantomData))
    }
}

/// What is read of one release. Every field may be of any type: what does not fit is as if it were not there.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Version {
    #[serde(rename = "_npmUser")]
    user: Value,
    maintainers: Value,
    #[serde(rename = "gitHead")]
    git_head: Value,
    dist: Value,
    #[serde(rename = "hasInstallScript")]
    has_install_script: Value,
    deprecated: Value,
    scripts: Value,
    dependencies: Value,
    #[serde(rename = "optionalDependencies")]
    optional_dependencies: Value,
    license: Value,
    repository: Value,
    homepage: Value,
    description: Value,
    author: Value,
}

/// Reads the document of `name` as `registry` gave it, at `now`.
///
/// # Errors
/// In words, when it is no package document or that of another package.
pub fn read_packument(bytes: &[u8], name: &str, registry: &str, now: Time) -> Result<History, String> {
    let document: Document<'_> = serde_json::from_slice(bytes).map_err(|error| cut(&error.to_string()))?;
    let stated = document.name.and_then(value);
    match stated.as_ref().and_then(Value::as_str) {
        Some(stated) if stated == name => {}
        Some(other) => return Err(format!("it is the document of `{}`", cut(other))),
        None => return Err("it has no `name`".to_owned()),
    }
    let Some(Entries(versions)) = document.versions else { return Err("it has no `versions`".to_owned()) };
    let mut history = History { name: name.to_owned(), registry: registry.to_owned(), ..History::default() };
    let times = times(document.time.and_then(value), now, &mut history);
    if versions.len() > MAX_RELEASES {
        let all = versions.len();
        note(&mut history, format!("`versions` has {all} entries; only the last {MAX_RELEASES} were read"));
    }
    let mut is_signed = false;
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for (version, raw) in versions.iter().skip(versions.len().saturating_sub(MAX_RELEASES)) {
        let parsed = match serde_json::from_str::<Version>(raw.get()) {
            Ok(parsed) => parsed,
            Err(error) => {
                note(&mut history, format!("`versions[\"{}\"]`: {}", cut(version), cut(&error.to_string())));
                continue;
            }
        };
        is_signed |= parsed.dist.get("signatures").and_then(Value::as_array).is_some_and(|all| !all.is_empty());
        let mut release = release(parsed, &mut history);
        release.version.clone_from(version);
        release.published = times.get(version.as_str()).copied();
        match known.get(version) {
            Some(at) => history.releases[*at] = release,
            None => {
                known.insert(version.clone(), history.releases.len());
                history.releases.push(release);
            }
        }
    }
    withdrawn(&times, &known, &mut history);
    history.tags = tags(document.tags.and_then(value));
    history.unavailable = unavailable(&history, is_signed);
    Ok(history)
}

fn value(raw: &RawValue) -> Option<Value> {
    serde_json::from_str(raw.get()).ok()
}

fn note(history: &mut History, problem: String) {
    if history.problems.len() < MAX_PROBLEMS {
        history.problems.push(problem);
    }
}

/// When each version was published. A moment that is still to come is no moment.
fn times(value: Option<Value>, now: Time, history: &mut History) -> BTreeMap<String, Time> {
    let Some(Value::Object(entries)) = value else { return BTreeMap::new() };
    let mut times = BTreeMap::new();
    for (key, moment) in entries {
        let Some(parsed) = moment.as_str().and_then(|text| text.parse::<Timestamp>().ok()) else {
            if moment.is_string() {
                note(history, format!("`time[\"{}\"]` is no time", cut(&key)));
            }
            continue;
        };
        let time = Time(parsed.as_second());
        if time.since(now) > DAY {
            note(history, format!("`time[\"{}\"]` lies in the future: {parsed}", cut(&key)));
            continue;
        }
        match key.as_str() {
            "created" => history.created = Some(time),
            "modified" | "unpublished" => {}
            _ => {
                times.insert(key, time);
            }
        }
    }
    times
}

/// Versions that have a time and nothing else were taken back (npm keeps the times).
fn withdrawn(times: &BTreeMap<String, Time>, known: &BTreeMap<String, usize>, history: &mut History) {
    for (version, time) in times.iter().filter(|(version, _)| !known.contains_key(*version)).take(MAX_ENTRIES) {
        let mut release =
            HistoricRelease { version: version.clone(), published: Some(*time), ..HistoricRelease::default() };
        release.fate.withdrawn = Some(*time);
        history.releases.push(release);
    }
}

fn tags(value: Option<Value>) -> BTreeMap<String, String> {
    let Some(Value::Object(entries)) = value else { return BTreeMap::new() };
    let tag = |(tag, version): (String, Value)| Some((tag, version.as_str()?.to_owned()));
    entries.into_iter().filter_map(tag).take(MAX_ENTRIES).collect()
}

fn release(version: Version, history: &mut History) -> HistoricRelease {
    let declaration = declaration(&version);
    let dist = &version.dist;
    let mut digests: Vec<String> = Vec::new();
    digests.extend(dist.get("integrity").and_then(Value::as_str).map(str::to_owned));
    if digests.is_empty() {
        digests.extend(dist.get("shasum").and_then(Value::as_str).map(|hex| format!("sha1-hex:{hex}")));
    }
    let number = |key: &str| dist.get(key).and_then(Value::as_u64);
    HistoricRelease {
        version: String::new(),
        published: None,
        channel: channel(&version.user),
        publisher: account(&version.user).map(|account| history.add_account(account)),
        maintainers: maintainers(&version.maintainers, history),
        has_provenance: dist.get("attestations").is_some_and(Value::is_object),
        commit: text(&version.git_head),
        digests,
        url: dist.get("tarball").and_then(Value::as_str).map(str::to_owned),
        files: number("fileCount"),
        bytes: number("unpackedSize"),
        declaration: Some(history.add_declaration(declaration)),
        deprecated: text(&version.deprecated),
        ..HistoricRelease::default()
    }
}

fn channel(user: &Value) -> Channel {
    let trusted = user.get("trustedPublisher").filter(|trusted| trusted.is_object());
    let field = |key: &str| trusted?.get(key)?.as_str().map(str::to_owned);
    match (trusted, user.is_object()) {
        (Some(_), _) => Channel::Trusted {
            provider: field("id").unwrap_or_default(),
            configuration: field("oidcConfigId").unwrap_or_default(),
        },
        (None, true) => Channel::Account,
        (None, false) => Channel::Unknown,
    }
}

fn account(user: &Value) -> Option<Account> {
    let field = |key: &str| user.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let account = match user {
        // `name <address>`, as old documents have it.
        Value::String(text) => {
            let (name, rest) = text.split_once('<').unwrap_or((text, ""));
            Account { name: name.trim().to_owned(), email: rest.trim_end_matches('>').trim().to_owned() }
        }
        _ => Account { name: field("name"), email: field("email") },
    };
    (!account.name.is_empty() || !account.email.is_empty()).then_some(account)
}

fn maintainers(value: &Value, history: &mut History) -> Vec<u32> {
    let all = value.as_array().into_iter().flatten().take(MAX_ENTRIES).filter_map(account);
    let indices: BTreeSet<u32> = all.map(|account| history.add_account(account)).collect();
    indices.into_iter().collect()
}

fn declaration(version: &Version) -> Declaration {
    let mut dependencies = table(&version.dependencies);
    dependencies.extend(table(&version.optional_dependencies));
    let mut install_scripts = table(&version.scripts);
    install_scripts.retain(|event, _| INSTALL_EVENTS.contains(&event.as_str()));
    let url_of = |value: &Value| text(value).or_else(|| text(value.get("url")?));
    Declaration {
        has_install_script: version.has_install_script == Value::Bool(true) || !install_scripts.is_empty(),
        dependencies,
        install_scripts,
        license: text(&version.license).or_else(|| text(version.license.get("type")?)),
        repository: url_of(&version.repository),
        homepage: url_of(&version.homepage),
        description: text(&version.description),
        author: text(&version.author).or_else(|| text(version.author.get("name")?)),
    }
}

fn table(value: &Value) -> BTreeMap<String, String> {
    let Value::Object(entries) = value else { return BTreeMap::new() };
    let entry = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
    entries.iter().filter_map(entry).take(MAX_ENTRIES).collect()
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// What no release of the document has cannot be told of any: mirrors strip it.
fn unavailable(history: &History, is_signed: bool) -> BTreeSet<SignalSource> {
    let present: Vec<&HistoricRelease> =
        history.releases.iter().filter(|release| release.fate.withdrawn.is_none()).collect();
    let none = |has: &dyn Fn(&HistoricRelease) -> bool| !present.iter().any(|release| has(release));
    let mut unavailable = BTreeSet::new();
    let mut lacks = |source: SignalSource, is_lacking: bool| {
        if is_lacking {
            unavailable.insert(source);
        }
    };
    lacks(SignalSource::Publishers, none(&|release| release.publisher.is_some()));
    lacks(SignalSource::Maintainers, none(&|release| !release.maintainers.is_empty()));
    lacks(SignalSource::Commits, none(&|release| release.commit.is_some()));
    // The public registry signs every release. Where there is no signature and no attestation, both were stripped.
    let has_origin =
        |release: &HistoricRelease| release.has_provenance || matches!(release.channel, Channel::Trusted { .. });
    lacks(SignalSource::Provenance, !is_signed && none(&has_origin));
    let is_timeless = none(&|release| release.published.is_some());
    lacks(SignalSource::Times, is_timeless || are_falsified(&Ecosystem::Npm, &history.releases));
    unavailable
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Time = Time(1_800_000_000);

    fn read(document: &Value) -> Result<History, String> {
        read_packument(document.to_string().as_bytes(), "axios", "https://r.invalid/", NOW)
    }

    fn document() -> Value {
        json!({
            "name": "axios",
            "dist-tags": {"latest": "1.14.0", "bad": 7},
            "time": {
                "created": "2014-08-29T23:08:36.810Z", "modified": "2026-03-30T00:00:00Z",
                "1.14.0": "2026-03-27T19:01:40.000Z", "1.13.0": "2026-01-02T00:00:00.000Z",
                "1.12.9": "2026-01-01T00:00:00.000Z", "9.9.9": "2199-01-01T00:00:00Z",
            },
            "versions": {
                "1.13.0": {"_npmUser": {"name": "jason", "email": "j@example.invalid"}, "dist": {"shasum": "00ff"}},
                "1.14.0": {
                    "_npmUser": {"name": "GitHub Actions", "email": "x@example.invalid",
                                 "trustedPublisher": {"id": "github", "oidcConfigId": "oidc:1"}},
                    "gitHead": "abc", "hasInstallScript": true, "maintainers": [{"name": "jason"}, 3, "a <a@b.invalid>"],
                    "dependencies": {"form-data": "^4.0.0", "odd": 3}, "license": {"type": "MIT"},
                    "repository": {"url": "git+https://example.invalid/axios.git"},
                    "dist": {"integrity": "sha512-xx", "attestations": {"url": "u"}, "signatures": [{}]},
                },
                "2.0.0": 17,
            },
        })
    }

    #[test]
    fn what_a_registry_tells_is_kept() {
        let history = read(&document()).unwrap();
        let new = history.release("1.14.0").unwrap();
        assert_eq!(new.channel, Channel::Trusted { provider: "github".to_owned(), configuration: "oidc:1".to_owned() });
        assert!(new.has_provenance && new.commit.as_deref() == Some("abc") && new.maintainers.len() == 2);
        assert_eq!(new.published, Some(Time(1_774_638_100)));
        let declared = history.declaration(new).unwrap();
        assert_eq!((declared.dependencies.len(), declared.license.as_deref()), (1, Some("MIT")));
        let old = history.release("1.13.0").unwrap();
        assert_eq!((&old.channel, old.digests[0].as_str()), (&Channel::Account, "sha1-hex:00ff"));
        assert_eq!(history.publisher(old).unwrap().name, "jason");
    }

    #[test]
    fn what_is_broken_costs_nothing_else() {
        let history = read(&document()).unwrap();
        let problems = history.problems.join("\n");
        assert!(problems.contains("2.0.0") && problems.contains("future"), "{problems}");
        assert_eq!(history.tags.len(), 1);
        assert!(history.release("1.12.9").unwrap().fate.withdrawn.is_some(), "it has a time and nothing else");
    }

    #[test]
    fn what_nobody_has_is_unavailable() {
        let mut stripped = document();
        for version in ["1.13.0", "1.14.0"] {
            stripped["versions"][version] = json!({"dist": {"integrity": "sha512-xx"}});
        }
        stripped.as_object_mut().unwrap().remove("time");
        let unavailable = read(&stripped).unwrap().unavailable;
        use SignalSource::*;
        assert_eq!(unavailable, BTreeSet::from([Times, Publishers, Maintainers, Provenance, Commits]));
    }

    #[test]
    fn other_documents_are_refused() {
        for bad in [json!({}), json!([]), json!({"name": "axios"}), json!({"name": "other", "versions": {}})] {
            assert!(read(&bad).is_err(), "{bad}");
        }
    }
}
