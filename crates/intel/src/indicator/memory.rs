//! A list by itself: indicators without a store, for rules' examples and for what is shipped.

use std::collections::HashMap;

use vetch_model::history::Time;
use vetch_model::indicator::{Indicator, IndicatorKind};

use super::{Entry, list};
use crate::matching::Listed;
use crate::store::{Conditional, StoreError};

/// Indicators in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryList {
    all: HashMap<(IndicatorKind, String), Vec<Conditional>>,
}

impl MemoryList {
    /// Reads CSV with a line of names, as `vetch intel import` does.
    ///
    /// # Errors
    /// When a line is no indicator.
    pub fn from_csv(text: &str) -> Result<MemoryList, String> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let names: Vec<String> =
            list::cells(lines.next().unwrap_or_default(), ',').iter().map(|cell| list::column(cell)).collect();
        let mut all = MemoryList::default();
        for line in lines {
            let cells = list::cells(line, ',');
            let entry = list::entry(&|name| cells.get(names.iter().position(|own| own == name)?).cloned())?;
            all.add(entry, "list");
        }
        Ok(all)
    }

    /// Reads a document of any form that `vetch intel import` takes as JSON: STIX, MISP, a list.
    ///
    /// # Errors
    /// When it is none.
    pub fn from_json(bytes: &[u8]) -> Result<MemoryList, String> {
        let mut all = MemoryList::default();
        for listing in crate::source::listings(bytes)?.all {
            listing.entries.into_iter().for_each(|entry| all.add(entry, &listing.record));
        }
        Ok(all)
    }

    /// Kinds and values.
    pub fn values(&self) -> impl Iterator<Item = (IndicatorKind, &str)> {
        self.all.keys().map(|(kind, value)| (*kind, value.as_str()))
    }

    /// Adds what a record says.
    pub(crate) fn add(&mut self, entry: Entry, record: &str) {
        let Entry { kind, value, more, until } = entry;
        let indicator = Indicator {
            kind,
            value: value.clone(),
            source: more.source.unwrap_or_else(|| record.to_owned()),
            record: record.to_owned(),
            description: more.description,
            context: more.context,
            confidence: more.confidence,
            until: until.map(Time),
            imported: Time(0),
        };
        self.all.entry((kind, value)).or_default().push((indicator, more.with));
    }
}

impl Listed for MemoryList {
    fn may_hold(&self, kind: IndicatorKind, value: &str) -> bool {
        self.all.contains_key(&(kind, value.to_owned()))
    }

    fn may_hold_digest(&self, _: IndicatorKind, _: &[u8]) -> bool {
        true
    }

    fn find(&self, kind: IndicatorKind, value: &str, now: Time) -> Result<Vec<Conditional>, StoreError> {
        let all = self.all.get(&(kind, value.to_owned())).into_iter().flatten();
        Ok(all.filter(|(indicator, _)| indicator.until.is_none_or(|until| until > now)).cloned().collect())
    }
}
