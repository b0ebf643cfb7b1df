//! Plain lists, as CSV and JSON: one indicator each, under names of columns that feeds use.
//!
//! | column | other names | meaning |
//! |---|---|---|
//! | `value` | `indicator`, `ioc`, `ioc_value`, or the kind itself (`url`, `domain`, `dst_ip`, `sha256_hash` …) | defanged or not |
//! | `type` | `ioc_type`, `indicator_type`, `kind` | guessed where it is missing or unknown |
//! | `description` | `comment`, `threat`, `note`, `title` | one line |
//! | `source` | `reporter`, `provider`, `feed` | who says so; the file's name otherwise |
//! | `valid_until` | `expires`, `expiration` | RFC 3339 or a day |
//! | `confidence` | `confidence_level` | 0 to 100, or `low`, `medium`, `high` |
//! | `campaign`, `malware`, `actor`, `intrusion_set` | `malware_printable`, `signature`, `threat_actor` | what it belongs to |

use serde_json::Value;
use vetch_indicators::guess;
use vetch_model::indicator::{Context, ContextKind};

use super::{Entry, Listing, Listings, kind_of_word, line, name};
use crate::record::micros;

/// Most entries of a list in JSON, which is held in memory.
const MAX_ENTRIES: usize = 1_000_000;

/// Stands for the time of the import.
pub(crate) const UNDATED: i64 = i64::MIN;

const VALUE: &[&str] = &["value", "indicator", "ioc", "ioc_value"];
const TYPE: &[&str] = &["type", "ioc_type", "indicator_type", "kind"];
const TYPED: &[&str] = &[
    "url",
    "domain",
    "hostname",
    "host",
    "ip",
    "dst_ip",
    "ip_address",
    "email",
    "sha256",
    "sha256_hash",
    "sha512",
    "sha1",
    "sha1_hash",
    "md5",
    "md5_hash",
    "wallet",
    "file_path",
    "path",
    "file_name",
    "filename",
    "account",
    "package",
    "purl",
];
const DESCRIPTION: &[&str] = &["description", "comment", "comments", "threat", "note", "title"];
const SOURCE: &[&str] = &["source", "reporter", "provider", "feed"];
const UNTIL: &[&str] = &["valid_until", "expires", "expiration"];
const CONFIDENCE: &[&str] = &["confidence", "confidence_level"];
const CONTEXT: &[(ContextKind, &[&str])] = &[
    (ContextKind::Campaign, &["campaign"]),
    (ContextKind::Malware, &["malware", "malware_printable", "signature", "malware_family"]),
    (ContextKind::IntrusionSet, &["intrusion_set"]),
    (ContextKind::ThreatActor, &["actor", "threat_actor"]),
];

/// Whether a cell is the name of a column that says what an entry is.
pub(crate) fn is_column(cell: &str) -> bool {
    let cell = column(cell);
    [VALUE, TYPED].iter().any(|names| names.contains(&cell.as_str()))
}

/// The name of a column in its one form.
pub(crate) fn column(cell: &str) -> String {
    cell.trim().trim_start_matches('\u{feff}').to_ascii_lowercase().replace([' ', '-'], "_")
}

/// Reads an entry from its fields.
///
/// # Errors
/// When it has no value, or one that is of no kind.
pub(crate) fn entry(get: &dyn Fn(&str) -> Option<String>) -> Result<Entry, String> {
    let first = |names: &[&str]| names.iter().find_map(|name| get(name).filter(|text| !text.trim().is_empty()));
    let by_name =
        || TYPED.iter().find_map(|name| Some((Some(*name), get(name).filter(|text| !text.trim().is_empty())?)));
    let (column, text) =
        first(VALUE).map(|text| (None, text)).or_else(by_name).ok_or_else(|| "it has no value".to_owned())?;
    let word = first(TYPE).or_else(|| column.map(str::to_owned)).unwrap_or_default();
    let mut entry = of_kind(&word, &text).ok_or_else(|| format!("`{}` is no indicator that is known", name(&text)))?;
    entry.until = match first(UNTIL).as_deref().map(|text| (micros(text), text)) {
        Some((None, text)) => return Err(format!("`{}` is no time", name(text))),
        Some((Some(micros), _)) => Some(micros.div_euclid(1_000_000)),
        None => None,
    };
    entry.more.description = line(&first(DESCRIPTION).unwrap_or_default());
    entry.more.source = first(SOURCE).map(|source| name(&source));
    entry.more.confidence = first(CONFIDENCE).and_then(|text| match text.trim().to_ascii_lowercase().as_str() {
        "low" => Some(15),
        "medium" | "moderate" => Some(50),
        "high" => Some(85),
        number => number.parse().ok().filter(|number| *number <= 100),
    });
    for (kind, names) in CONTEXT {
        if let Some(text) = first(names) {
            entry.more.relate(Context { kind: *kind, name: name(&text) });
        }
    }
    Ok(entry)
}

/// By the word of the list, else as it looks.
pub(crate) fn of_kind(word: &str, text: &str) -> Option<Entry> {
    let by_word = kind_of_word(word).and_then(|kind| Entry::new(kind, text));
    let guessed = || guess(text).map(|(kind, value)| Entry { kind, value, more: Default::default(), until: None });
    by_word.or_else(guessed)
}

/// Whether JSON looks like a list: an array of texts or objects, or an object that holds one.
pub(crate) fn list_of(document: &Value) -> Option<Vec<&Value>> {
    let is_entry = |value: &&Value| match value {
        Value::String(_) => true,
        Value::Object(fields) => fields.keys().any(|key| is_column(key)),
        _ => false,
    };
    let of_array =
        |value: &'_ Value| value.as_array().is_some_and(|all| all.first().is_some_and(|first| is_entry(&first)));
    if of_array(document) {
        return document.as_array().map(|all| all.iter().collect());
    }
    let fields = document.as_object()?;
    if let Some(all) = ["indicators", "iocs", "data", "urls", "objects"].iter().find_map(|key| fields.get(*key)) {
        return of_array(all).then(|| all.as_array().into_iter().flatten().collect());
    }
    // ThreatFox: entries by their number.
    let is_numbered =
        !fields.is_empty() && fields.iter().all(|(key, all)| key.bytes().all(|b| b.is_ascii_digit()) && of_array(all));
    is_numbered.then(|| fields.values().filter_map(Value::as_array).flatten().collect())
}

/// Reads a list in JSON.
///
/// # Errors
/// When it is none, or too long.
pub(crate) fn read(document: &Value, place: &str) -> Result<Listings, String> {
    let all = list_of(document).ok_or("it is no list of indicators")?;
    if all.len() > MAX_ENTRIES {
        return Err(format!("it has {} entries, more than {MAX_ENTRIES}", all.len()));
    }
    let mut listings = Listings::default();
    let mut listing = new(place, UNDATED);
    for one in all {
        let read = match one {
            Value::String(text) => {
                of_kind("", text).ok_or_else(|| format!("`{}` is no indicator that is known", name(text)))
            }
            Value::Object(fields) => {
                let fields: Vec<(String, &Value)> = fields.iter().map(|(key, value)| (column(key), value)).collect();
                entry(&|name| match fields.iter().find(|(key, _)| key == name)?.1 {
                    Value::String(text) => Some(text.clone()),
                    Value::Number(number) => Some(number.to_string()),
                    _ => None,
                })
            }
            _ => Err("an entry that is neither a text nor an object".to_owned()),
        };
        match read {
            Ok(entry) => listing.entries.push(entry),
            Err(why) => listings.not_understood(&why),
        }
    }
    listings.all.push(listing);
    Ok(listings)
}

/// A list without entries: what it named when it was imported before counts no more.
pub(crate) fn new(place: &str, now: i64) -> Listing {
    let file = place.rsplit(['/', '\\']).next().unwrap_or_default();
    let source = file.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or(file);
    Listing {
        record: format!("list:{}", name(file)),
        source: name(source),
        modified: now,
        is_revoked: false,
        entries: Vec::new(),
    }
}

/// A line of CSV (RFC 4180), with this separator.
pub(crate) fn cells(text: &str, separator: char) -> Vec<String> {
    let mut cells = vec![String::new()];
    let (mut is_quoted, mut is_start) = (false, true);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let Some(cell) = cells.last_mut() else { break };
        match c {
            '"' if is_quoted && rest.peek() == Some(&'"') => {
                cell.push('"');
                rest.next();
            }
            '"' if is_quoted => is_quoted = false,
            '"' if is_start || cell.trim().is_empty() => {
                is_quoted = true;
                cell.clear();
            }
            c if c == separator && !is_quoted => {
                cells.push(String::new());
                is_start = true;
                continue;
            }
            c => cell.push(c),
        }
        is_start = false;
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_of_several_makers_are_read() {
        let shown = |document: Value| {
            let listings = read(&document, "a/feed.json").unwrap();
            let entries = listings.all[0].entries.iter();
            (
                entries.map(|one| format!("{} {}", one.kind, one.value)).collect::<Vec<_>>().join(", "),
                listings.not_understood,
            )
        };
        assert_eq!(
            shown(json!(["evil[.]invalid", "hxxp://evil.invalid/a", "nonsense"])),
            ("domain evil.invalid, url evil.invalid/a".to_owned(), 1)
        );
        assert_eq!(
            shown(
                json!({"indicators": [{"type": "ip:port", "value": "192.0.2.1:80"}, {"type": "?", "value": "a@b.invalid"}, {}]})
            ),
            ("ip 192.0.2.1, email a@b.invalid".to_owned(), 1)
        );
        let fox = json!({"17": [{"ioc_value": "evil.invalid", "ioc_type": "domain", "malware_printable": "X", "confidence_level": 75}]});
        let listings = read(&fox, "a/feed.json").unwrap();
        let entry = &listings.all[0].entries[0];
        assert_eq!((entry.more.confidence, entry.more.context[0].name.as_str()), (Some(75), "X"));
        assert_eq!((listings.all[0].record.as_str(), listings.all[0].source.as_str()), ("list:feed.json", "feed"));
        assert!(read(&json!({"id": "GHSA"}), "a").is_err() && read(&json!([]), "a").is_err());
    }

    #[test]
    fn cells_are_told_apart() {
        assert_eq!(cells(r#""a,b" ,"say ""x""",c"#, ','), ["a,b ", r#"say "x""#, "c"]);
        assert_eq!(cells("a;b;", ';'), ["a", "b", ""]);
        assert_eq!(cells("", ','), [""]);
    }

    #[test]
    fn times_and_words_are_checked() {
        let get = |until: &'static str| {
            move |name: &str| match name {
                "value" => Some("evil.invalid".to_owned()),
                "valid_until" => Some(until.to_owned()),
                "confidence" => Some("High".to_owned()),
                _ => None,
            }
        };
        let entry = super::entry(&get("2027-01-01")).unwrap();
        assert_eq!((entry.until, entry.more.confidence), (Some(1_798_761_600), Some(85)));
        assert!(super::entry(&get("soon")).unwrap_err().contains("no time"));
    }
}
