//! A bundle of STIX 2.1 (OASIS, 2021) of what a scan found: for each malicious and suspicious release an indicator, the
//! techniques, the campaigns that it has to do with, what to do, and a report that holds them together; beside them the
//! imported indicators that it met.
//!
//! Only what is malicious is called malware. The same scan and the same time give the same bytes.

mod id;
mod pattern;

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde_json::{Map, Value, json};
use vetch_model::campaign::{Correlation, Likelihood};
use vetch_model::history::Time;
use vetch_model::indicator::{ContextKind, Indicator};
use vetch_model::scan::{ReleaseResult, Scan};
use vetch_model::{Finding, Verdict};

use crate::label::release_label;
use crate::{TOOL_NAME, TOOL_URI};
use id::id;

/// Longest text of an object, in characters; findings that a description tells of.
const MAX_TEXT: usize = 2_000;
const MAX_FINDINGS: usize = 10;
/// How sure we are of what is malicious, and of what is suspicious (STIX 2.1, appendix A: high, low).
const MALICIOUS: u8 = 85;
const SUSPICIOUS: u8 = 30;

/// Name and tactics of a technique.
pub type Technique = (String, Vec<String>);

/// What a bundle needs besides the scan.
pub struct StixView<'s> {
    /// The scan.
    pub scan: &'s Scan,
    /// By number of the release: what its archives hash to (Subresource Integrity).
    pub integrity: &'s dyn Fn(usize) -> Vec<String>,
    /// Name and tactics of a technique of ATT&CK.
    pub technique: &'s dyn Fn(&str) -> Option<Technique>,
    /// The time that objects carry.
    pub now: Time,
}

/// Writes the bundle.
///
/// # Errors
/// What `out` reports.
pub fn write(view: &StixView<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut bundle = Bundle { view, time: time(view.now), objects: BTreeMap::new() };
    bundle.maker(TOOL_NAME, "system", TOOL_URI);
    for (number, release) in view.scan.releases.iter().enumerate() {
        if release.verdict >= Verdict::Suspicious {
            bundle.release(number, release);
        }
    }
    let objects: Vec<Value> = bundle.objects.into_values().collect();
    let ids: Vec<&str> = objects.iter().filter_map(|object| object["id"].as_str()).collect();
    let own = id("bundle", &ids);
    serde_json::to_writer_pretty(&mut *out, &json!({ "type": "bundle", "id": own, "objects": objects }))?;
    out.write_all(b"\n")
}

fn time(time: Time) -> String {
    let shown = jiff::Timestamp::from_second(time.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    shown.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

/// Without characters that show nothing, and not endless.
fn text(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || *c == '\n').take(MAX_TEXT).collect()
}

struct Bundle<'v> {
    view: &'v StixView<'v>,
    time: String,
    /// By id, which makes their order.
    objects: BTreeMap<String, Value>,
}

impl Bundle<'_> {
    /// Adds an object, unless it is there; gives its id.
    fn add(&mut self, kind: &str, parts: &[&str], fields: Value) -> String {
        let id = id(kind, parts);
        let mut object = Map::new();
        object.insert("type".to_owned(), kind.into());
        object.insert("spec_version".to_owned(), "2.1".into());
        object.insert("id".to_owned(), id.clone().into());
        object.insert("created".to_owned(), self.time.clone().into());
        object.insert("modified".to_owned(), self.time.clone().into());
        if let Value::Object(fields) = fields {
            object.extend(fields.into_iter().filter(|(_, value)| !value.is_null()));
        }
        self.objects.entry(id.clone()).or_insert(Value::Object(object));
        id
    }

    fn maker(&mut self, name: &str, class: &str, about: &str) -> String {
        let about = Some(about).filter(|about| !about.is_empty());
        self.add("identity", &[name], json!({ "name": text(name), "identity_class": class, "description": about }))
    }

    fn relate(&mut self, kind: &str, source: &str, target: &str) -> String {
        let fields = json!({
            "relationship_type": kind, "source_ref": source, "target_ref": target, "created_by_ref": id("identity", &[TOOL_NAME]),
        });
        self.add("relationship", &[kind, source, target], fields)
    }

    fn release(&mut self, number: usize, release: &ReleaseResult) {
        let own = id("identity", &[TOOL_NAME]);
        let hash = release.content_hash.map(|hash| hash.to_string()).unwrap_or_default();
        let (purl, label) = (release.purl.as_str(), release_label(&release.purl));
        let is_malicious = release.verdict == Verdict::Malicious;
        let findings: Vec<&Finding> =
            release.findings.iter().filter(|one| one.verdict() >= Verdict::Notable).take(MAX_FINDINGS).collect();
        let titles: Vec<&str> = findings.iter().map(|finding| finding.title.as_str()).collect();
        let description = text(&titles.join("\n"));
        let confidence = if is_malicious { MALICIOUS } else { SUSPICIOUS };
        let indicator = self.add(
            "indicator",
            &[purl, &hash],
            json!({
                "created_by_ref": own,
                "name": text(&label),
                "description": description,
                "indicator_types": [if is_malicious { "malicious-activity" } else { "anomalous-activity" }],
                "pattern": pattern::of_release(&release.purl, &(self.view.integrity)(number)),
                "pattern_type": "stix",
                "valid_from": self.time,
                "confidence": confidence,
                "external_references": [{ "source_name": "package-url", "external_id": purl }],
            }),
        );
        let mut members = vec![indicator.clone()];
        let malware = is_malicious.then(|| {
            let fields = json!({
                "created_by_ref": own, "name": text(&label), "description": description, "is_family": false,
                "malware_types": ["unknown"], "confidence": confidence,
            });
            self.add("malware", &[purl, &hash], fields)
        });
        if let Some(malware) = &malware {
            members.push(malware.clone());
            members.push(self.relate("indicates", &indicator, malware));
        }
        // What has the techniques: the malware, or what only shows it.
        let (subject, verb) = match &malware {
            Some(malware) => (malware.clone(), "uses"),
            None => (indicator.clone(), "indicates"),
        };
        for technique in findings.iter().flat_map(|finding| finding.techniques).collect::<BTreeSet<_>>() {
            let pattern = self.technique(technique);
            members.push(self.relate(verb, &subject, &pattern));
            members.push(pattern);
        }
        for remedy in findings
            .iter()
            .filter(|one| one.verdict() >= Verdict::Suspicious)
            .map(|one| one.remedy.as_str())
            .collect::<BTreeSet<_>>()
        {
            let fields = json!({ "created_by_ref": own, "name": text(&format!("What to do about {label}")), "description": text(remedy) });
            let action = self.add("course-of-action", &[purl, remedy], fields);
            members.push(self.relate("mitigates", &action, &subject));
            members.push(action);
        }
        for campaign in &release.campaigns {
            members.extend(self.campaign(campaign, &indicator));
        }
        for imported in release.indicators.iter().flat_map(|hit| &hit.indicators) {
            members.extend(self.imported(imported, malware.as_deref()));
        }
        let refs: BTreeSet<String> = members.into_iter().collect();
        self.add(
            "report",
            &[purl, &hash],
            json!({
                "created_by_ref": own,
                "name": text(&format!("{label} is {}", release.verdict)),
                "description": description,
                "report_types": [if is_malicious { "malware" } else { "indicator" }],
                "published": self.time,
                "confidence": confidence,
                "object_refs": refs,
            }),
        );
    }

    fn technique(&mut self, technique: &str) -> String {
        let known = (self.view.technique)(technique);
        let (name, tactics) = known.unwrap_or_else(|| (technique.to_owned(), Vec::new()));
        let phases: Vec<Value> =
            tactics.iter().map(|tactic| json!({ "kill_chain_name": "mitre-attack", "phase_name": tactic })).collect();
        let url = format!("https://attack.mitre.org/techniques/{}/", technique.replace('.', "/"));
        let fields = json!({
            "name": name,
            "kill_chain_phases": if phases.is_empty() { Value::Null } else { phases.into() },
            "external_references": [{ "source_name": "mitre-attack", "external_id": technique, "url": url }],
        });
        self.add("attack-pattern", &[technique], fields)
    }

    /// A campaign; a likeness is told in words, and ties nobody to it.
    fn campaign(&mut self, campaign: &Correlation, indicator: &str) -> Vec<String> {
        let fields = json!({
            "created_by_ref": id("identity", &[TOOL_NAME]),
            "name": text(&campaign.name),
            "description": text(&format!("{}: {} ({})", campaign.likelihood, campaign.shared.join(", "), campaign.uncertainty)),
        });
        let own =
            self.add("campaign", &[&campaign.id, campaign.likelihood.as_str(), &campaign.shared.join(", ")], fields);
        let mut members = vec![own.clone()];
        if campaign.likelihood == Likelihood::Similar {
            return members;
        }
        members.push(self.relate("indicates", indicator, &own));
        for one in &campaign.attributed {
            let maker = self.maker(&one.by, "organization", "");
            let fields = json!({ "created_by_ref": maker, "name": text(&one.to) });
            let group = self.add("intrusion-set", &[&one.by, &one.to], fields);
            members.push(self.relate("attributed-to", &own, &group));
            members.extend([group, maker]);
        }
        members
    }

    /// An indicator that was imported, as its source has it, with what that relates it to.
    fn imported(&mut self, one: &Indicator, malware: Option<&str>) -> Vec<String> {
        let Some(pattern) = pattern::of_indicator(one) else { return Vec::new() };
        let maker = self.maker(&one.source, "organization", "");
        let until = one.until.filter(|until| *until > self.view.now).map(time);
        let name = if one.description.is_empty() { &one.value } else { &one.description };
        let own = self.add(
            "indicator",
            &[&one.source, &one.record, one.kind.as_str(), &one.value],
            json!({
                "created_by_ref": maker,
                "name": text(name),
                "indicator_types": ["malicious-activity"],
                "pattern": pattern,
                "pattern_type": "stix",
                "valid_from": self.time,
                "valid_until": until,
                "confidence": one.confidence,
                "external_references": [{ "source_name": text(&one.source), "external_id": text(&one.record) }],
            }),
        );
        let mut members = vec![own.clone(), maker.clone()];
        for context in &one.context {
            let mut fields = json!({ "created_by_ref": maker, "name": text(&context.name) });
            match context.kind {
                ContextKind::ThreatActor => fields["threat_actor_types"] = json!(["unknown"]),
                ContextKind::Tool => fields["tool_types"] = json!(["unknown"]),
                ContextKind::Malware => {
                    fields["is_family"] = true.into();
                    fields["malware_types"] = json!(["unknown"]);
                }
                ContextKind::Campaign | ContextKind::IntrusionSet => {}
            }
            let related = self.add(context.kind.as_str(), &[&one.source, &context.name], fields);
            members.push(self.relate("indicates", &own, &related));
            members.push(related);
        }
        if let Some(malware) = malware {
            members.push(self.relate("indicates", &own, malware));
        }
        members
    }
}
