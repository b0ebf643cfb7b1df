//! Known campaigns, as `search` and `show` tell them.

use std::fmt::Write as _;

use serde_json::{Value, json};
use vetch_intel::{Campaign, knowledge};

/// `axios-2026  campaign  axios, March 2026`.
pub(super) fn line(campaign: &Campaign) -> String {
    format!("{}  campaign  {}\n", campaign.id, campaign.name)
}

/// All that is known of it. It is shipped, so nothing of it is hostile.
pub(super) fn text(campaign: &Campaign) -> String {
    let mut text = format!("{}  campaign\n", campaign.id);
    let mut line = |what: &str, value: &str| {
        if !value.is_empty() {
            writeln!(text, "  {what:<12} {value}").ok();
        }
    };
    line("name", &campaign.name);
    line("when", &campaign.when);
    line("summary", &campaign.summary);
    line("vectors", &campaign.vectors.join("; "));
    line("mechanisms", &campaign.mechanisms.join("; "));
    line("exposure", &campaign.exposure);
    line("malware", &campaign.malware.join(", "));
    for one in &campaign.attributed {
        line("attributed", &format!("by {} to {}", one.by, one.to));
    }
    line("reported by", &campaign.reported_by.join(", "));
    line("records", &campaign.records.join(", "));
    for package in &campaign.packages {
        line("package", package);
    }
    for one in &campaign.indicators {
        line("indicator", &format!("{} {} ({})", one.kind, one.value, one.description));
    }
    for id in &campaign.techniques {
        let technique = knowledge().techniques.get(id);
        line("technique", &format!("{id} {}", technique.map_or("", |technique| technique.name.as_str())));
    }
    line("seen by", &campaign.signs.join(", "));
    for reference in &campaign.references {
        line("see", reference);
    }
    line("as of", &knowledge().as_of);
    text
}

/// The same in fields.
pub(super) fn json(campaign: &Campaign) -> Value {
    let techniques: Vec<Value> = campaign
        .techniques
        .iter()
        .map(|id| {
            let technique = knowledge().techniques.get(id);
            json!({
                "id": id,
                "name": technique.map(|one| &one.name),
                "tactics": technique.map(|one| &one.tactics),
            })
        })
        .collect();
    let indicators: Vec<Value> = campaign
        .indicators
        .iter()
        .map(|one| json!({ "kind": one.kind, "value": one.value, "description": one.description }))
        .collect();
    json!({
        "id": campaign.id,
        "name": campaign.name,
        "when": campaign.when,
        "summary": campaign.summary,
        "vectors": campaign.vectors,
        "mechanisms": campaign.mechanisms,
        "exposure": campaign.exposure,
        "malware": campaign.malware,
        "attributed": campaign.attributed.iter().map(|one| json!({ "by": one.by, "to": one.to })).collect::<Vec<_>>(),
        "reported_by": campaign.reported_by,
        "records": campaign.records,
        "packages": campaign.packages,
        "indicators": indicators,
        "techniques": techniques,
        "signs": campaign.signs,
        "references": campaign.references,
        "as_of": knowledge().as_of,
    })
}
