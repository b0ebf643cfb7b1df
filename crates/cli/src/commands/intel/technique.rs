//! Techniques of ATT&CK, as `show` tells them.

use std::fmt::Write as _;

use serde_json::{Value, json};
use vetch_intel::{Campaign, Technique, knowledge};
use vetch_report::escape::terminal;

use crate::commands::rules;

/// What is known of a technique, and what here has to do with it.
pub(super) struct Shown<'t> {
    pub(super) id: &'t str,
    pub(super) technique: Technique,
}

impl Shown<'_> {
    fn rules(&self) -> Vec<&'static str> {
        rules::all().into_iter().filter(|rule| rule.techniques.contains(&self.id)).map(|rule| rule.id).collect()
    }

    fn campaigns(&self) -> impl Iterator<Item = &'static Campaign> {
        knowledge().campaigns.iter().filter(|one| one.techniques.iter().any(|id| id == self.id))
    }

    fn page(&self) -> String {
        format!("https://attack.mitre.org/techniques/{}/", self.id.replace('.', "/"))
    }

    pub(super) fn text(&self) -> String {
        let mut text = format!("{}  technique\n", self.id);
        let mut line = |what: &str, value: &str| {
            if !value.is_empty() {
                writeln!(text, "  {what:<12} {}", terminal(value)).ok();
            }
        };
        line("name", &self.technique.name);
        line("tactics", &self.technique.tactics.join(", "));
        line("rules", &self.rules().join(", "));
        self.campaigns().for_each(|one| line("campaign", &format!("{} {}", one.id, one.name)));
        line("see", &self.page());
        text
    }

    /// The same in fields.
    pub(super) fn json(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.technique.name,
            "tactics": self.technique.tactics,
            "rules": self.rules(),
            "campaigns": self.campaigns().map(|one| &one.id).collect::<Vec<_>>(),
            "url": self.page(),
        })
    }
}
