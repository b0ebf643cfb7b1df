//! Techniques of ATT&CK, as `show` tells them.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use vetch_intel::{Campaign, IntelStore, Technique, knowledge};
use vetch_report::escape::terminal;

use crate::commands::rules;

/// Techniques of the bundle that was imported, and those that are shipped.
pub(in crate::commands) struct Techniques(Option<IntelStore>);

impl Techniques {
    /// A store that cannot be read is told of where records are asked of it.
    pub(in crate::commands) fn new(folder: Option<&Path>) -> Techniques {
        Techniques(folder.and_then(|folder| IntelStore::open(folder).ok().flatten()))
    }

    /// The technique of an id, as the imported bundle has it before all.
    pub(in crate::commands) fn named(&self, id: &str) -> Option<Technique> {
        let imported = self.0.as_ref().and_then(|store| store.technique(id).ok().flatten());
        imported.or_else(|| knowledge().techniques.get(id).cloned())
    }
}

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
