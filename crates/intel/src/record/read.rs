//! From bytes to a record.

use std::collections::BTreeMap;

use serde_json::Value;
use vetch_model::advisory::AdvisoryKind;
use vetch_model::indicator::IndicatorKind;

use super::wire::{self, Wire};
use crate::indicator::{Listings, list};
use crate::vex::{VexDocument, VexForm};

use super::{Affected, AffectedPackage, Event, Range, Record, StoredRating, Text, World, severity, time, yaml};

/// Largest file of one record, in bytes. The largest that are published have less than 2 MB.
pub(crate) const MAX_RECORD: u64 = 4 << 20;
/// Most packages, versions, events and aliases of one record.
const MAX_PACKAGES: usize = 10_000;
const MAX_VERSIONS: usize = 100_000;
const MAX_EVENTS: usize = 20_000;
const MAX_ALIASES: usize = 256;
/// Longest texts that are kept, in bytes.
const MAX_ID: usize = 128;
const MAX_NAME: usize = 512;
const MAX_SUMMARY: usize = 300;
const MAX_DETAILS: usize = 2_000;
const MAX_URL: usize = 1_000;
const MAX_REFERENCES: usize = 12;
const MAX_INDICATORS: usize = 10_000;

/// Why a file is no record that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RecordError(pub(crate) String);

fn wrong<T>(why: impl Into<String>) -> Result<T, RecordError> {
    Err(RecordError(why.into()))
}

/// What a file turns out to be.
#[derive(Debug, PartialEq)]
pub(crate) enum Document {
    /// Indicators, from whatever they were.
    Indicators(Listings),
    /// A record, and what of it could not be understood.
    Record(Box<Record>, Option<String>),
    /// A record about other ecosystems.
    Foreign,
    /// A record that stands for one that is not numbered yet (`MAL-0000-…`).
    Unnumbered,
    /// CISA's catalogue: CVE, day, and whether ransomware uses it.
    Exploited(Vec<(String, String, bool)>),
    /// A STIX bundle.
    Stix,
    /// An event of MISP, or several.
    Misp,
    /// Judgements of vulnerabilities, of a form.
    VexForm(VexForm),
    /// Such judgements.
    Vex(Box<VexDocument>),
}

/// Reads JSON.
///
/// # Errors
/// When it is no record.
pub(crate) fn read_json(bytes: &[u8]) -> Result<Document, RecordError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let wire: Wire = serde_json::from_slice(bytes).map_err(|error| RecordError(error.to_string()))?;
    document(wire)
}

/// Reads YAML.
///
/// # Errors
/// When it is no record.
pub(crate) fn read_yaml(bytes: &[u8]) -> Result<Document, RecordError> {
    let text = std::str::from_utf8(bytes).map_err(|_| RecordError("it is no UTF-8".to_owned()))?;
    let value = yaml::read(text).map_err(RecordError)?;
    let wire: Wire = serde_json::from_value(value).map_err(|error| RecordError(error.to_string()))?;
    document(wire)
}

impl Record {
    /// Reads one record of OSV in JSON.
    ///
    /// # Errors
    /// When it is none, or none about packages of npm or PyPI.
    pub fn from_json(bytes: &[u8]) -> Result<Record, RecordError> {
        only_record(read_json(bytes)?)
    }

    /// Reads one record of OSV in YAML.
    ///
    /// # Errors
    /// As [`Record::from_json`].
    pub fn from_yaml(bytes: &[u8]) -> Result<Record, RecordError> {
        only_record(read_yaml(bytes)?)
    }
}

fn only_record(document: Document) -> Result<Record, RecordError> {
    match document {
        Document::Record(record, _) => Ok(*record),
        _ => wrong("it is no record about packages of npm or PyPI"),
    }
}

fn document(wire: Wire) -> Result<Document, RecordError> {
    if let (None, Some(_), Some(all)) = (&wire.id, &wire.catalog_version, &wire.vulnerabilities) {
        let entry = |entry: &wire::Exploited| {
            let cve = entry.cve.clone().filter(|cve| is_id(cve))?;
            let ransomware = entry.ransomware.as_deref().is_some_and(|word| word.eq_ignore_ascii_case("known"));
            Some((cve, cut(entry.added.as_deref().unwrap_or_default(), 32), ransomware))
        };
        return Ok(Document::Exploited(all.iter().filter_map(entry).collect()));
    }
    if wire.kind.as_ref().and_then(Value::as_str) == Some("bundle") || (wire.id.is_none() && wire.objects.is_some()) {
        return Ok(Document::Stix);
    }
    if let Some(form) = vex_form(&wire) {
        return Ok(Document::VexForm(form));
    }
    if wire.event.is_some() || wire.response.is_some() {
        return Ok(Document::Misp);
    }
    let Some(id) = wire.id.clone() else { return wrong("it has no `id`: it is no OSV record") };
    if !is_id(&id) {
        return wrong(format!("its id is empty, longer than {MAX_ID} bytes, or has blanks in it"));
    }
    if id.starts_with("MAL-0000-") {
        return Ok(Document::Unnumbered);
    }
    limits(&wire)?;
    let moment = |field: &str, text: &Option<String>| match text.as_deref().map(|text| (time::micros(text), text)) {
        None => Ok(None),
        Some((Some(moment), _)) => Ok(Some(moment)),
        Some((None, text)) => wrong(format!("`{field}` is no time: `{}`", cut(text, 40))),
    };
    let published = moment("published", &wire.published)?;
    let Some(modified) = moment("modified", &wire.modified)?.or(published) else {
        return wrong("it has no `modified`, which the schema requires");
    };
    let withdrawn = moment("withdrawn", &wire.withdrawn)?;
    let (affected, problem) = packages(&wire)?;
    if affected.is_empty() {
        return Ok(Document::Foreign);
    }
    let details = wire.details.as_deref().unwrap_or_default();
    let record = Record {
        modified,
        published,
        withdrawn,
        kind: kind(&id, &wire),
        rating: rating(&wire),
        summary: summary(wire.summary.as_deref(), details),
        aliases: aliases(&id, wire.aliases.as_deref().unwrap_or_default()),
        text: text(&wire),
        indicators: indicators(&wire),
        affected,
        id,
    };
    Ok(Document::Record(Box::new(record), problem))
}

/// Which form of VEX it is, if any: by what each has to state.
fn vex_form(wire: &Wire) -> Option<VexForm> {
    if wire.bom_format.as_ref().and_then(Value::as_str) == Some("CycloneDX") {
        return Some(VexForm::CycloneDx);
    }
    if wire.document.as_ref().is_some_and(|document| document.csaf_version.is_some()) {
        return Some(VexForm::Csaf);
    }
    let texts = |value: &Value| match value {
        Value::Array(all) => all.iter().any(|one| one.as_str().is_some_and(is_openvex)),
        one => one.as_str().is_some_and(is_openvex),
    };
    wire.context.as_ref().is_some_and(texts).then_some(VexForm::OpenVex)
}

fn is_openvex(context: &str) -> bool {
    context.starts_with("https://openvex.dev/ns")
}

/// `{"iocs": {"domains": […], "ips": […], "urls": […]}}`, as OpenSSF's records have it; beside them other kinds.
fn indicators(wire: &Wire) -> Vec<(IndicatorKind, String)> {
    let iocs = wire.database_specific.as_ref().and_then(|own| own.get("iocs")).and_then(Value::as_object);
    let mut all = Vec::new();
    for (word, values) in iocs.into_iter().flatten() {
        let texts = values.as_array().into_iter().flatten().filter_map(Value::as_str).take(MAX_INDICATORS);
        let word = word.strip_suffix('s').unwrap_or(word);
        all.extend(texts.filter_map(|text| list::of_kind(word, text)).map(|entry| (entry.kind, entry.value)));
    }
    all.sort_unstable();
    all.dedup();
    all
}

fn text(wire: &Wire) -> Text {
    let references = wire.references.iter().flatten();
    let references = references.filter_map(|reference| reference.url.clone().filter(|url| url.len() <= MAX_URL));
    let details = wire.details.as_deref().unwrap_or_default();
    Text { details: cut(details.trim(), MAX_DETAILS), references: references.take(MAX_REFERENCES).collect() }
}

fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= MAX_ID && !id.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// Counts that no honest record comes near.
fn limits(wire: &Wire) -> Result<(), RecordError> {
    let affected = wire.affected.as_deref().unwrap_or_default();
    let versions: usize = affected.iter().map(|one| one.versions.as_ref().map_or(0, Vec::len)).sum();
    let ranges = || affected.iter().flat_map(|one| one.ranges.iter().flatten());
    let events: usize = ranges().map(|range| 1 + range.events.as_ref().map_or(0, Vec::len)).sum();
    let aliases = wire.aliases.as_ref().map_or(0, Vec::len);
    let all = [
        ("packages", affected.len(), MAX_PACKAGES),
        ("versions", versions, MAX_VERSIONS),
        ("events", events, MAX_EVENTS),
        ("aliases", aliases, MAX_ALIASES),
    ];
    match all.iter().find(|(_, found, limit)| found > limit) {
        Some((what, found, limit)) => wrong(format!("it has {found} {what}, more than {limit}")),
        None => Ok(()),
    }
}

fn aliases(id: &str, all: &[String]) -> Vec<String> {
    let mut aliases: Vec<String> = all.iter().filter(|alias| is_id(alias) && *alias != id).cloned().collect();
    aliases.sort_unstable();
    aliases.dedup();
    aliases
}

/// A record of PyPA's has no summary; its first sentence serves.
fn summary(summary: Option<&str>, details: &str) -> String {
    let own = summary.map(str::trim).filter(|text| !text.is_empty());
    let text = own.or_else(|| details.lines().map(str::trim).find(|line| !line.is_empty())).unwrap_or_default();
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if own.is_some() || line.len() <= MAX_SUMMARY {
        return cut(&line, MAX_SUMMARY);
    }
    let start = cut(&line, MAX_SUMMARY - 4);
    format!("{} …", start.rsplit_once(' ').map_or(start.as_str(), |(before, _)| before))
}

/// At most `limit` bytes, whole characters.
fn cut(text: &str, limit: usize) -> String {
    let end = (0..=limit.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    text.get(..end).unwrap_or_default().to_owned()
}

/// Malware is told by its database (`MAL-`, OpenSSF's origins), its type, or CWE-506, "embedded malicious code".
fn kind(id: &str, wire: &Wire) -> AdvisoryKind {
    let own = wire.database_specific.as_ref();
    let from_malicious_packages = own.is_some_and(|own| own.get("malicious-packages-origins").is_some());
    let is_malware_type = own.and_then(|own| own.get("type")).and_then(Value::as_str) == Some("malware");
    let mut specifics = wire
        .affected
        .iter()
        .flatten()
        .flat_map(|one| [one.database_specific.as_ref(), one.ecosystem_specific.as_ref()])
        .chain([own])
        .flatten();
    if id.starts_with("MAL-") || from_malicious_packages || is_malware_type || specifics.any(has_cwe_506) {
        AdvisoryKind::Malware
    } else {
        AdvisoryKind::Vulnerability
    }
}

/// As `cwe_ids: ["CWE-506"]` (GitHub) or `cwes: [{"cweId": "CWE-506"}]` (OpenSSF).
fn has_cwe_506(specific: &Value) -> bool {
    let list = |key: &str| specific.get(key).and_then(Value::as_array).into_iter().flatten();
    let is_506 = |value: &Value| value.as_str() == Some("CWE-506");
    list("cwe_ids").any(is_506) || list("cwes").any(|cwe| cwe.get("cweId").is_some_and(is_506))
}

fn rating(wire: &Wire) -> Option<StoredRating> {
    let own = wire.severity.iter().flatten();
    let of_packages = wire.affected.iter().flatten().flat_map(|one| one.severity.iter().flatten());
    let mut vectors: Vec<(u8, &str)> = own
        .chain(of_packages)
        .take(64)
        .filter_map(|one| Some((severity::rank(one.kind.as_deref()?), one.score.as_deref()?)))
        .filter(|(rank, _)| *rank > 0)
        .collect();
    vectors.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
    let by_vector = vectors.iter().find_map(|(_, vector)| severity::of_vector(vector));
    let word = |specific: &Option<Value>| severity::of_word(specific.as_ref()?.get("severity")?.as_str()?);
    by_vector
        .or_else(|| word(&wire.database_specific))
        .or_else(|| wire.affected.iter().flatten().find_map(|one| word(&one.database_specific)))
}

type Packages = BTreeMap<(World, String), Affected<String>>;

/// The packages of our ecosystems, each once, and what of their ranges could not be understood.
fn packages(wire: &Wire) -> Result<(Vec<AffectedPackage>, Option<String>), RecordError> {
    let mut packages = Packages::new();
    let mut problem = None;
    for one in wire.affected.iter().flatten() {
        let Some(package) = &one.package else { continue };
        let Some(world) = package.ecosystem.as_deref().and_then(World::of_osv) else { continue };
        let Some(name) = package.name.as_deref().filter(|name| !name.trim().is_empty()) else {
            return wrong("it affects a package without a name");
        };
        if name.len() > MAX_NAME {
            return wrong(format!("a name in it is longer than {MAX_NAME} bytes"));
        }
        let entry = packages.entry((world, world.normal(name))).or_default();
        entry.versions.extend(one.versions.iter().flatten().cloned());
        for range in one.ranges.iter().flatten() {
            match range.kind.as_deref() {
                // Commits, of which releases say nothing.
                Some("GIT") => {}
                Some("SEMVER" | "ECOSYSTEM") => entry.ranges.extend(events(range, world, &mut problem)),
                kind => {
                    let kind = cut(kind.unwrap_or_default(), 20);
                    problem.get_or_insert(format!("it has a range of the type `{kind}`, which is not known"));
                }
            }
        }
    }
    let package = |((ecosystem, name), mut versions): (_, Affected<String>)| {
        versions.versions.sort_unstable();
        versions.versions.dedup();
        AffectedPackage { ecosystem, name, versions }
    };
    Ok((packages.into_iter().map(package).collect(), problem))
}

fn events(range: &wire::Range, world: World, problem: &mut Option<String>) -> Option<Range<String>> {
    let mut events = Vec::new();
    for event in range.events.iter().flatten() {
        let own = [
            event.introduced.clone().map(Event::Introduced),
            event.fixed.clone().map(Event::Fixed),
            event.last_affected.clone().map(Event::LastAffected),
            event.limit.clone().map(Event::Limit),
        ];
        events.extend(own.into_iter().flatten());
    }
    let ecosystem = world.ecosystem();
    let is_readable = |event: &Event<String>| match event {
        Event::Introduced(version) if version == "0" => true,
        Event::Limit(version) if version == "*" => true,
        event => vetch_versions::Sortable::parse(&ecosystem, event.version()).is_version(),
    };
    if let Some(odd) = events.iter().find(|event| !is_readable(event)) {
        let odd = cut(odd.version(), 40);
        problem.get_or_insert(format!("`{odd}` in a range of it is no version of {}", world.as_str()));
    }
    if events.is_empty() {
        problem.get_or_insert("a range of it has no events".to_owned());
        return None;
    }
    Some(Range { events })
}

#[cfg(test)]
mod tests {
    use super::*;
    use vetch_model::finding::Severity;

    fn record(text: &str) -> Record {
        match read_json(text.as_bytes()) {
            Ok(Document::Record(record, None)) => *record,
            other => panic!("{other:?}"),
        }
    }

    fn with(fields: &str) -> String {
        let affected = r#""affected": [{"package": {"ecosystem": "npm", "name": "a"}, "versions": ["1.0.0"]}]"#;
        format!(r#"{{"id": "X-1", "modified": "2026-01-01T00:00:00Z", {affected} {fields}}}"#)
    }

    #[test]
    fn unknown_and_missing_fields_are_passed_over() {
        let record = record(&with(
            r#", "schema_version": "9.9", "aliases": null, "new": {"deep": [1, 2, {"a": null}]}, "credits": 7"#,
        ));
        assert_eq!((record.id.as_str(), record.kind), ("X-1", AdvisoryKind::Vulnerability));
        assert_eq!(record.affected.len(), 1);
    }

    #[test]
    fn malware_is_known_by_any_of_its_marks() {
        let cases = [
            r#", "database_specific": {"cwe_ids": ["CWE-79", "CWE-506"]}"#,
            r#", "database_specific": {"type": "malware"}"#,
            r#", "database_specific": {"malicious-packages-origins": []}"#,
        ];
        for case in cases {
            assert_eq!(record(&with(case)).kind, AdvisoryKind::Malware, "{case}");
        }
        assert_eq!(record(&with("").replace("X-1", "MAL-2026-1")).kind, AdvisoryKind::Malware);
        let other = r#", "database_specific": {"cwe_ids": "CWE-506", "type": 7}"#;
        assert_eq!(record(&with(other)).kind, AdvisoryKind::Vulnerability);
    }

    #[test]
    fn severity_is_the_newest_vector_or_the_databases_word() {
        let both = r#", "severity": [{"type": "CVSS_V2", "score": "AV:N/AC:L/Au:N/C:P/I:P/A:P"},
            {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"},
            {"type": "CVSS_V4", "score": "nonsense"}], "database_specific": {"severity": "LOW"}"#;
        assert_eq!(record(&with(both)).rating.unwrap().score, Some(98));
        let word = r#", "database_specific": {"severity": "MODERATE"}"#;
        assert_eq!(record(&with(word)).rating.unwrap().severity, Severity::Medium);
        assert_eq!(record(&with("")).rating, None);
    }

    #[test]
    fn names_are_normal_and_packages_come_once() {
        let text = r#"{"id": "P", "modified": "2026-01-01", "affected": [
            {"package": {"ecosystem": "PyPI", "name": "Foo__Bar"}, "versions": ["2", "1"]},
            {"package": {"ecosystem": "pypi", "name": "foo.bar"}, "versions": ["2"]},
            {"package": {"ecosystem": "Maven", "name": "x:y"}}, {"ranges": []}]}"#;
        let record = record(text);
        let [only] = record.affected.as_slice() else { panic!("{record:?}") };
        assert_eq!((only.name.as_str(), only.versions.versions.join(" ")), ("foo-bar", "1 2".to_owned()));
    }

    #[test]
    fn what_is_no_record_is_told() {
        let why = |text: &str| read_json(text.as_bytes()).unwrap_err().0;
        assert!(why("{}").contains("no `id`"));
        assert!(why("7").contains("invalid type"));
        assert!(why(r#"{"id": "A"}"#).contains("`modified`"));
        assert!(why(r#"{"id": "A", "modified": "soon"}"#).contains("no time"));
        assert!(why(&with(r#", "aliases": [1]"#)).contains("invalid type"));
        assert!(
            why(&format!(r#"{{"database_specific": {}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000)))
                .contains("recursion")
        );
        let many = vec![r#"{"fixed": "1"}"#; MAX_EVENTS].join(",");
        let many = format!(r#"{{"id": "A", "affected": [{{"ranges": [{{"type": "SEMVER", "events": [{many}]}}]}}]}}"#);
        assert!(why(&many).contains("events, more than"));
    }

    #[test]
    fn ranges_that_are_not_understood_are_told_and_kept() {
        let text = r#"{"id": "A", "modified": "2026-01-01", "affected": [{"package": {"ecosystem": "npm", "name": "a"},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "one"}, {"fixed": "2.0.0"}]}, {"type": "GIT"}]}]}"#;
        let Ok(Document::Record(record, Some(problem))) = read_json(text.as_bytes()) else { panic!() };
        assert!(problem.contains("`one`"), "{problem}");
        assert_eq!(record.affected[0].versions.ranges.len(), 1);
    }

    #[test]
    fn other_documents_are_told_apart() {
        let foreign =
            r#"{"id": "A", "modified": "2026-01-01", "affected": [{"package": {"ecosystem": "Go", "name": "a"}}]}"#;
        assert_eq!(read_json(foreign.as_bytes()), Ok(Document::Foreign));
        assert_eq!(read_json(br#"{"id": "MAL-0000-a-b"}"#), Ok(Document::Unnumbered));
        let kev = r#"{"title": "CISA", "catalogVersion": "2026.01.01", "vulnerabilities": [
            {"cveID": "CVE-2021-44228", "dateAdded": "2021-12-10", "knownRansomwareCampaignUse": "Known"}, {}]}"#;
        let expected = vec![("CVE-2021-44228".to_owned(), "2021-12-10".to_owned(), true)];
        assert_eq!(read_json(kev.as_bytes()), Ok(Document::Exploited(expected)));
    }

    #[test]
    fn yaml_says_the_same_as_json() {
        let yaml = "id: PYSEC-1\nmodified: \"2021-07-02T02:41:32Z\"\ndetails: A thing. And more.\nunknown: {a: [1]}\n\
                    affected:\n- package:\n    ecosystem: PyPI\n    name: x\n  ranges:\n  - type: ECOSYSTEM\n    events:\n    \
                    - introduced: \"0\"\n    - fixed: 2.7.0\n  versions: [\"1.0\", 2.0]\n";
        let Ok(Document::Record(record, None)) = read_yaml(yaml.as_bytes()) else { panic!() };
        assert_eq!(record.affected[0].versions.versions, ["1.0", "2.0"]);
        assert_eq!(record.summary, "A thing. And more.");
        assert!(read_yaml(b"\xff").is_err());
    }
}
