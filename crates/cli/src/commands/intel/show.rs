//! Answers about what there is.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use vetch_intel::snapshot::Origin;
use vetch_intel::{Found, IntelStore, Shown, ShownVex, Status, StoreError, knowledge};
use vetch_model::history::{DAY, Time};
use vetch_report::escape::terminal;

use super::technique::{self, Techniques};
use super::{campaign, failed, indicator, opened, vex};
use crate::args::IntelFormat;
use crate::exit::{Exit, Failure};
use crate::output;

/// Addresses that are listed.
const MAX_REFERENCES: usize = 5;
/// Indicators of one record, and judgements of one vulnerability, that are listed.
const MAX_INDICATORS: usize = 1_000;
const MAX_JUDGEMENTS: usize = 1_000;

pub(super) fn status(folder: &Path, format: IntelFormat) -> Result<Exit, Failure> {
    let store = opened(folder)?;
    let status = store.status().map_err(|error| failed(folder, &error))?;
    let indicators = store.indicator_counts().map_err(|error| failed(folder, &error))?;
    let origin = store.origin().map_err(|error| failed(folder, &error))?;
    let now = Time(jiff::Timestamp::now().as_second());
    let text = match format {
        IntelFormat::Json => format!("{:#}\n", status_json(&status, &indicators, origin.as_ref())),
        IntelFormat::Terminal => status_text(&status, &indicators, origin.as_ref(), now),
    };
    output::print(text.as_bytes())?;
    Ok(Exit::Passed)
}

fn status_text(status: &Status, indicators: &BTreeMap<String, u64>, origin: Option<&Origin>, now: Time) -> String {
    let mut text = format!(
        "{} records of malware and {} of vulnerabilities, about {} packages; {} withdrawn\n",
        status.malware, status.vulnerabilities, status.packages, status.withdrawn
    );
    if status.exploited > 0 {
        text.push_str(&format!("{} vulnerabilities known to be exploited\n", status.exploited));
    }
    if status.probabilities > 0 {
        text.push_str(&format!("{} probabilities of exploitation\n", status.probabilities));
    }
    if !indicators.is_empty() {
        let kinds: Vec<String> = indicators.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        text.push_str(&format!("{} indicators: {}\n", indicators.values().sum::<u64>(), kinds.join(", ")));
    }
    if status.vex_statements > 0 {
        let (statements, documents) = (status.vex_statements, status.vex_documents);
        text.push_str(&format!("{statements} judgements of vulnerabilities (VEX) in {documents} documents\n"));
    }
    for (what, time) in [("last import", status.imported), ("newest record", status.newest)] {
        if let Some(time) = time {
            let days = now.since(time).max(0) / DAY;
            let age = if days == 0 { "today".to_owned() } else { format!("{days} days ago") };
            text.push_str(&format!("{what}: {} ({age})\n", shown(time)));
        }
    }
    if let Some(origin) = origin {
        let (file, key) = (terminal(&origin.file), terminal(&origin.key));
        let also = if origin.is_changed { ", and what was imported since" } else { "" };
        let made = shown(origin.made);
        text.push_str(&format!("from the snapshot `{file}` of {made}, signed by {key}{also}\n"));
    }
    text
}

fn status_json(status: &Status, indicators: &BTreeMap<String, u64>, origin: Option<&Origin>) -> Value {
    json!({
        "schema": "vetch.intel-status/1",
        "malware": status.malware,
        "vulnerabilities": status.vulnerabilities,
        "withdrawn": status.withdrawn,
        "packages": status.packages,
        "exploited": status.exploited,
        "probabilities": status.probabilities,
        "indicators": indicators,
        "vex_documents": status.vex_documents,
        "vex_statements": status.vex_statements,
        "imported": status.imported.map(shown),
        "newest": status.newest.map(shown),
        "snapshot": origin.map(|origin| json!({
            "file": origin.file,
            "sha256": origin.sha256,
            "key": origin.key,
            "made": shown(origin.made),
            "loaded": shown(origin.loaded),
            "changed": origin.is_changed,
        })),
    })
}

pub(super) fn search(folder: &Path, text: &str, limit: usize, format: IntelFormat) -> Result<Exit, Failure> {
    let campaigns = knowledge().search(text);
    // What is shipped is there without a store.
    let store = match IntelStore::open(folder).map_err(|error| failed(folder, &error))? {
        None if campaigns.is_empty() => Some(opened(folder)?),
        store => store,
    };
    let found = store.as_ref().map(|store| store.search(text, limit)).transpose();
    let found = found.map_err(|error| failed(folder, &error))?.unwrap_or_default();
    let indicators = store.as_ref().map(|store| store.find_indicators(text, limit)).transpose();
    let indicators = indicators.map_err(|error| failed(folder, &error))?.unwrap_or_default();
    let judged = store.as_ref().map(|store| store.find_vex(text, limit)).transpose();
    let judged = judged.map_err(|error| failed(folder, &error))?.unwrap_or_default();
    let is_empty = found.is_empty() && indicators.is_empty() && campaigns.is_empty() && judged.is_empty();
    let answer = match format {
        IntelFormat::Json => {
            let records: Vec<Value> = found.iter().map(found_json).collect();
            let indicators: Vec<Value> = indicators.iter().map(indicator::json).collect();
            let campaigns: Vec<Value> = campaigns.iter().map(|one| campaign::json(one)).collect();
            let schema = "vetch.intel-search/1";
            let judged: Vec<Value> = judged.iter().map(vex::json).collect();
            let answer = json!({
                "schema": schema, "records": records, "indicators": indicators, "campaigns": campaigns, "vex": judged,
            });
            format!("{answer:#}\n")
        }
        IntelFormat::Terminal if is_empty => format!("Nothing found for `{}`.\n", terminal(text)),
        IntelFormat::Terminal => {
            let campaigns = campaigns.iter().map(|one| campaign::line(one));
            let records = found.iter().map(found_line).chain(indicators.iter().map(indicator::line));
            campaigns.chain(records).chain(judged.iter().map(vex::line)).collect::<Vec<_>>().concat()
        }
    };
    output::print(answer.as_bytes())?;
    Ok(if is_empty { Exit::Failed } else { Exit::Passed })
}

fn found_line(found: &Found) -> String {
    let packages = found.packages.iter().take(3).map(|name| terminal(name)).collect::<Vec<_>>().join(" ");
    let withdrawn = if found.is_withdrawn { " (withdrawn)" } else { "" };
    format!("{}  {}{withdrawn}  {packages}  {}\n", terminal(&found.id), found.kind, terminal(&found.summary))
}

fn found_json(found: &Found) -> Value {
    json!({
        "id": found.id,
        "kind": found.kind.as_str(),
        "withdrawn": found.is_withdrawn,
        "packages": found.packages,
        "summary": found.summary,
    })
}

pub(super) fn show(folder: &Path, id: &str, format: IntelFormat) -> Result<Exit, Failure> {
    if let Some(campaign) = knowledge().campaign(id).filter(|_| !is_record(folder, id)) {
        let answer = match format {
            IntelFormat::Json => {
                let campaigns = [campaign::json(campaign)];
                format!("{:#}\n", json!({ "schema": "vetch.intel-record/1", "campaigns": campaigns }))
            }
            IntelFormat::Terminal => campaign::text(campaign),
        };
        output::print(answer.as_bytes())?;
        return Ok(Exit::Passed);
    }
    if let Some(found) = Techniques::new(Some(folder)).named(id) {
        let shown = technique::Shown { id, technique: found };
        let answer = match format {
            IntelFormat::Json => {
                let techniques = [shown.json()];
                format!("{:#}\n", json!({ "schema": "vetch.intel-record/1", "techniques": techniques }))
            }
            IntelFormat::Terminal => shown.text(),
        };
        output::print(answer.as_bytes())?;
        return Ok(Exit::Passed);
    }
    let store = opened(folder)?;
    let records = store.show(id).map_err(|error| failed(folder, &error))?;
    let now = Time(jiff::Timestamp::now().as_second());
    let indicators = store.indicators_of(id, MAX_INDICATORS).map_err(|error| failed(folder, &error))?;
    let judged = judgements(&store, id, &records).map_err(|error| failed(folder, &error))?;
    let is_empty = records.is_empty() && indicators.is_empty() && judged.is_empty();
    let answer = match format {
        IntelFormat::Json => {
            let records: Vec<Value> = records.iter().map(shown_json).collect();
            let indicators: Vec<Value> = indicators.iter().map(indicator::json).collect();
            let judged: Vec<Value> = judged.iter().map(vex::json).collect();
            let schema = "vetch.intel-record/1";
            let answer = json!({ "schema": schema, "records": records, "indicators": indicators, "vex": judged });
            format!("{answer:#}\n")
        }
        IntelFormat::Terminal if is_empty => format!("There is no record `{}`.\n", terminal(id)),
        IntelFormat::Terminal => {
            let records = records.iter().map(shown_text);
            let indicators = indicators.iter().map(|one| indicator::text(one, now));
            records.chain(indicators).chain(judged.iter().map(vex::text)).collect::<Vec<_>>().join("\n")
        }
    };
    output::print(answer.as_bytes())?;
    Ok(if is_empty { Exit::Failed } else { Exit::Passed })
}

/// What others have judged of the vulnerability of this id, under all ids that records give it; or what a document of this
/// id says.
fn judgements(store: &IntelStore, id: &str, records: &[Shown]) -> Result<Vec<ShownVex>, StoreError> {
    let known =
        records.iter().flat_map(|one| std::iter::once(&one.record.id).chain(&one.record.aliases).chain(&one.same));
    let ids: Vec<&str> = std::iter::once(id.trim()).chain(known.map(String::as_str)).collect();
    store.vex_of(&ids, MAX_JUDGEMENTS)
}

/// Whether there is a record of this id, which then is what is meant.
fn is_record(folder: &Path, id: &str) -> bool {
    let store = IntelStore::open(folder).ok().flatten();
    store.and_then(|store| store.show(id).ok()).is_some_and(|records| !records.is_empty())
}

fn shown_text(shown_record: &Shown) -> String {
    let Shown { record, imported, affected, same, exploited, probability } = shown_record;
    let mut text = format!("{}  {}\n", terminal(&record.id), record.kind);
    let mut line = |what: &str, value: &str| {
        if !value.is_empty() {
            writeln!(text, "  {what:<12} {}", terminal(value)).ok();
        }
    };
    line("summary", &record.summary);
    line("aliases", &record.aliases.join(", "));
    line("also known", &same.join(", "));
    for (name, versions) in affected {
        line("affects", &format!("{name} {versions}"));
    }
    if let Some(rating) = &record.rating {
        line("severity", &format!("{} ({})", rating.severity, rating.source));
    }
    if let Some(exploited) = exploited {
        line("exploited", &format!("since {} (CISA KEV)", exploited.since));
    }
    if let Some(p) = probability {
        line("EPSS", &format!("{}.{}%", p / 1_000, p % 1_000 / 100));
    }
    line("withdrawn", &record.withdrawn.map(|at| shown(seconds(at))).unwrap_or_default());
    line("published", &record.published.map(|at| shown(seconds(at))).unwrap_or_default());
    line("modified", &shown(seconds(record.modified)));
    line("imported", &shown(*imported));
    for reference in record.text.references.iter().take(MAX_REFERENCES) {
        line("see", reference);
    }
    for part in record.text.details.lines() {
        writeln!(text, "    {}", terminal(part)).ok();
    }
    text
}

fn shown_json(shown_record: &Shown) -> Value {
    let Shown { record, imported, affected, same, exploited, probability } = shown_record;
    let affected: Vec<Value> =
        affected.iter().map(|(name, versions)| json!({ "package": name, "versions": versions })).collect();
    json!({
        "id": record.id,
        "kind": record.kind.as_str(),
        "aliases": record.aliases,
        "same": same,
        "summary": record.summary,
        "details": record.text.details,
        "affected": affected,
        "severity": record.rating.as_ref().map(|rating| rating.severity.as_str()),
        "severity_source": record.rating.as_ref().map(|rating| &rating.source),
        "exploited_since": exploited.as_ref().map(|exploited| &exploited.since),
        "exploit_probability": probability.map(|p| f64::from(p) / 100_000.0),
        "withdrawn": record.withdrawn.map(|at| shown(seconds(at))),
        "published": record.published.map(|at| shown(seconds(at))),
        "modified": shown(seconds(record.modified)),
        "imported": shown(*imported),
        "references": record.text.references,
    })
}

fn seconds(micros: i64) -> Time {
    Time(micros.div_euclid(1_000_000))
}

pub(super) fn shown(time: Time) -> String {
    jiff::Timestamp::from_second(time.0).map_or_else(|_| time.0.to_string(), |moment| moment.to_string())
}
