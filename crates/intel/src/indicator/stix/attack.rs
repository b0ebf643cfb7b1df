//! Techniques of MITRE ATT&CK, as its STIX 2.1 bundles have them (<https://github.com/mitre-attack/attack-stix-data>):
//! `attack-pattern` objects with an external reference of the source `mitre-attack`.

use std::collections::BTreeMap;

use memchr::memmem;
use serde::Deserialize;

use crate::indicator::name;
use crate::knowledge::Technique;

/// What marks a reference and a tactic as ATT&CK's.
const SOURCE: &str = "mitre-attack";
/// Most tactics of one technique: the matrix has fourteen.
const MAX_TACTICS: usize = 32;

#[derive(Deserialize)]
struct Bundle {
    #[serde(default)]
    objects: Vec<Object>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Object {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    revoked: bool,
    x_mitre_deprecated: bool,
    external_references: Vec<Reference>,
    kill_chain_phases: Vec<Phase>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reference {
    source_name: String,
    external_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Phase {
    kill_chain_name: String,
    phase_name: String,
}

/// The techniques of a bundle by id, none if it has none. What is revoked or deprecated is left out.
///
/// # Errors
/// When something that ATT&CK's bundles have is of another form.
pub(super) fn techniques(bytes: &[u8]) -> Result<BTreeMap<String, Technique>, String> {
    // Other bundles are not read a second time.
    if memmem::find(bytes, SOURCE.as_bytes()).is_none() {
        return Ok(BTreeMap::new());
    }
    let bundle: Bundle = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let mut all: BTreeMap<String, Technique> = bundle.objects.into_iter().filter_map(technique).collect();
    let own: BTreeMap<String, String> = all.iter().map(|(id, one)| (id.clone(), one.name.clone())).collect();
    for (id, one) in &mut all {
        let above = id.split_once('.').and_then(|(above, _)| own.get(above));
        if let Some(above) = above {
            one.name = name(&format!("{above}: {}", one.name));
        }
    }
    Ok(all)
}

fn technique(object: Object) -> Option<(String, Technique)> {
    let Object { kind, name: called, revoked, x_mitre_deprecated, external_references, kill_chain_phases } = object;
    if kind != "attack-pattern" || revoked || x_mitre_deprecated {
        return None;
    }
    let own = external_references.into_iter().find(|reference| reference.source_name == SOURCE)?;
    let id = own.external_id.filter(|id| is_technique(id))?;
    let tactics = kill_chain_phases.into_iter().filter(|phase| phase.kill_chain_name == SOURCE);
    let tactics = tactics.map(|phase| name(&phase.phase_name)).take(MAX_TACTICS).collect();
    Some((id, Technique { name: name(&called), tactics }))
}

/// `T1195` or `T1195.002`.
fn is_technique(id: &str) -> bool {
    let is_number = |text: &str, digits: usize| text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(rest) = id.strip_prefix('T') else { return false };
    match rest.split_once('.') {
        Some((above, below)) => is_number(above, 4) && is_number(below, 3),
        None => is_number(rest, 4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(id: &str, name: &str, more: &str) -> String {
        format!(
            r#"{{"type": "attack-pattern", "name": "{name}", {more}
            "external_references": [{{"source_name": "capec", "external_id": "CAPEC-1"}},
            {{"source_name": "mitre-attack", "external_id": "{id}"}}],
            "kill_chain_phases": [{{"kill_chain_name": "mitre-attack", "phase_name": "initial-access"}},
            {{"kill_chain_name": "other", "phase_name": "x"}}]}}"#
        )
    }

    #[test]
    fn techniques_are_read_with_the_name_of_the_one_above() {
        let objects = [
            object("T1195.002", "Below", ""),
            object("T1195", "Above", ""),
            object("T1001", "Gone", "\"revoked\": true,"),
            object("T1002", "Old", "\"x_mitre_deprecated\": true,"),
            object("M1001", "A mitigation", ""),
            r#"{"type": "attack-pattern", "name": "foreign"}"#.to_owned(),
        ];
        let bundle = format!(r#"{{"type": "bundle", "objects": [{}]}}"#, objects.join(","));
        let all = techniques(bundle.as_bytes()).unwrap();
        assert_eq!(all.keys().collect::<Vec<_>>(), ["T1195", "T1195.002"]);
        assert_eq!(all["T1195.002"].name, "Above: Below");
        assert_eq!(all["T1195"].tactics, ["initial-access"]);
        assert!(techniques(br#"{"objects": "no bundle, and no ATT&CK"}"#).unwrap().is_empty());
        assert!(techniques(br#"{"objects": "mitre-attack"}"#).is_err());
    }
}
