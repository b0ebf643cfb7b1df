//! Objects of a TAXII collection, into the store, with how far the collection was gone through.
//!
//! Malware, campaigns, groups and who made what are kept for what comes later: an update brings the indicator alone, and
//! the malware that it is about came with an earlier one. Of indicators that are there already nothing new is said by
//! relationships that come later by themselves.

use std::collections::HashSet;

use vetch_model::history::Time;

use super::{FeedState, Import, ImportError, SourceReport, Watcher};
use crate::indicator::stix::{self, Object};
use crate::record::Document;
use crate::store::IntelStore;
use crate::taxii::Objects;

/// Most related objects that are kept of one collection. ATT&CK for enterprises has 25,000.
const MAX_RELATED: usize = 100_000;

impl IntelStore {
    /// Takes in what came of a collection; `feed` is its address, `place` how it is shown. With `state`, everything up to
    /// there has come.
    ///
    /// # Errors
    /// As [`IntelStore::import`].
    pub fn take_in_objects(
        &mut self,
        (feed, place): (&str, &str),
        objects: Objects,
        state: Option<&FeedState>,
        now: Time,
        watcher: &mut dyn Watcher,
    ) -> Result<SourceReport, ImportError> {
        let report = SourceReport { path: place.to_owned(), failed: objects.failed, ..SourceReport::default() };
        let mut import = Import { writer: self.write(now)?, watcher, report, takes_vex: false };
        objects.named.into_iter().for_each(|why| import.report.name(place, why));
        let related: Vec<Object> = import.writer.related(feed)?;
        let mut known: HashSet<&str> = related.iter().map(Object::id).collect();
        for object in &objects.all {
            let has_room = known.len() < MAX_RELATED || known.contains(object.id());
            if let Some(kept) = object.related().filter(|_| has_room) {
                import.writer.relate(feed, &kept)?;
                known.insert(object.id());
            }
        }
        drop(known);
        let listings = stix::read_objects(objects.all, related, place);
        import.document(Document::Indicators(listings), place)?;
        if let Some(state) = state {
            import.writer.put_position(feed, state.seen)?;
        }
        let Import { writer, report, .. } = import;
        writer.commit()?;
        Ok(report)
    }
}
