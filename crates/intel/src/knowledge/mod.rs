//! What is shipped: landmark campaigns against package registries, as of a date, and the techniques of MITRE ATT&CK that
//! rules and campaigns name.
//!
//! It is data with sources, for what is known exactly: releases that it names are known malware ([`shipped_advisories`]), as
//! with records that were imported, and those that are found to be malicious or suspicious are compared with it
//! ([`correlate()`]). No rule about behaviour reads it.

mod correlate;
mod releases;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use vetch_model::campaign::Attribution;

pub use correlate::correlate;
pub use releases::shipped_advisories;

const CAMPAIGNS: &str = include_str!("../../knowledge/campaigns.toml");
const TECHNIQUES: &str = include_str!("../../knowledge/techniques.toml");

/// What is known of campaigns.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Knowledge {
    /// As of which day.
    pub as_of: String,
    /// Each, the oldest not always first.
    #[serde(rename = "campaign")]
    pub campaigns: Vec<Campaign>,
    /// By id.
    #[serde(skip)]
    pub techniques: BTreeMap<String, Technique>,
}

/// A campaign.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Campaign {
    /// Its permanent id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The day or month in which it began or was found.
    pub when: String,
    /// One line more.
    pub summary: String,
    /// How the attackers got in.
    pub vectors: Vec<String>,
    /// What the releases did.
    pub mechanisms: Vec<String>,
    /// Rules that see that.
    pub signs: Vec<String>,
    /// Ids of ATT&CK.
    pub techniques: Vec<String>,
    /// Releases, as purls.
    pub packages: Vec<String>,
    /// How long harmful releases could be installed.
    pub exposure: String,
    /// Names of the malware.
    pub malware: Vec<String>,
    /// Who told of it.
    pub reported_by: Vec<String>,
    /// Records of databases about it.
    pub records: Vec<String>,
    /// Where to read on.
    pub references: Vec<String>,
    /// To whom it is attributed, by whom.
    pub attributed: Vec<Attribution>,
    /// What it left behind.
    pub indicators: Vec<Indication>,
}

/// An indicator of a campaign.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indication {
    /// Its kind, as in lists.
    #[serde(rename = "type")]
    pub kind: String,
    /// Defanged.
    pub value: String,
    /// What it was used for.
    pub description: String,
}

/// A technique of ATT&CK.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Technique {
    /// Its name; of a sub-technique, behind that of the technique.
    pub name: String,
    /// Short names of its tactics (`initial-access`).
    pub tactics: Vec<String>,
}

/// All that is shipped.
pub fn knowledge() -> &'static Knowledge {
    static KNOWLEDGE: LazyLock<Knowledge> = LazyLock::new(|| {
        // A test reads both files, so they can be read.
        let mut all: Knowledge = toml::from_str(CAMPAIGNS).unwrap_or_default();
        let techniques: BTreeMap<String, Vec<String>> = toml::from_str(TECHNIQUES).unwrap_or_default();
        let technique = |(id, mut words): (String, Vec<String>)| {
            let tactics = words.split_off(words.len().min(1));
            (id, Technique { name: words.pop().unwrap_or_default(), tactics })
        };
        all.techniques = techniques.into_iter().map(technique).collect();
        all
    });
    &KNOWLEDGE
}

impl Knowledge {
    /// The campaign of an id, or of a record or malware that belongs to it.
    pub fn campaign(&self, id: &str) -> Option<&Campaign> {
        let is = |all: &[String]| all.iter().any(|own| own.eq_ignore_ascii_case(id));
        self.campaigns.iter().find(|one| one.id.eq_ignore_ascii_case(id) || is(&one.records) || is(&one.malware))
    }

    /// Campaigns whose name, malware, groups or packages hold the text.
    pub fn search(&self, text: &str) -> Vec<&Campaign> {
        let wanted = text.trim().to_lowercase();
        let holds = |own: &str| own.to_lowercase().contains(&wanted);
        let is_meant = |one: &&Campaign| {
            let words = [&one.id, &one.name].into_iter().chain(&one.malware).chain(&one.records).chain(&one.packages);
            words.map(String::as_str).chain(one.attributed.iter().map(|all| all.to.as_str())).any(holds)
        };
        if wanted.is_empty() { Vec::new() } else { self.campaigns.iter().filter(is_meant).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::indicator::list;

    #[test]
    fn all_of_it_can_be_read_and_is_whole() {
        toml::from_str::<Knowledge>(CAMPAIGNS).unwrap();
        let all = knowledge();
        assert!(all.campaigns.len() >= 30 && all.techniques.len() >= 80);
        let mut ids: Vec<&str> = all.campaigns.iter().map(|one| one.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all.campaigns.len());
        for one in &all.campaigns {
            assert!(!one.techniques.is_empty() && !one.mechanisms.is_empty() && !one.vectors.is_empty(), "{}", one.id);
            for technique in &one.techniques {
                assert!(all.techniques.contains_key(technique), "{}: {technique}", one.id);
            }
            for package in &one.packages {
                assert!(list::of_kind("purl", package).is_some(), "{}: {package}", one.id);
            }
            for indicator in &one.indicators {
                assert!(list::of_kind(&indicator.kind, &indicator.value).is_some(), "{}: {}", one.id, indicator.value);
                let is_network = ["domain", "url", "ip", "email"].contains(&indicator.kind.as_str());
                assert!(!is_network || indicator.value.contains("[.]"), "{} is not defanged", indicator.value);
            }
        }
        assert!(all.techniques.values().all(|one| !one.name.is_empty() && !one.tactics.is_empty()));
        assert_eq!(all.campaign("mal-2026-2307").map(|one| one.id.as_str()), Some("axios-2026"));
        assert_eq!(all.search("unc1069").len(), 1);
    }
}
