//! Going through a collection (3.5, 5.4): pages of objects in the order in which they were added, from where the last
//! update ended.
//!
//! Where an update ends is the time at which the last object was added, by the server's clock
//! (`X-TAXII-Date-Added-Last`). In the middle it is a moment less: other objects of the same time may be on the next page.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use serde::Deserialize;
use serde_json::value::RawValue;
use vetch_model::history::Time;

use super::documents::check_object;
use crate::FeedState;
use crate::indicator::stix::Object;
use crate::record::micros;

/// Largest page, in bytes.
pub const MAX_PAGE: u64 = 64 << 20;
/// Objects that are asked for at once. Servers may give fewer.
const LIMIT: u32 = 1_000;
/// Most objects and pages of a collection in one update. The next one goes on from there.
const MAX_OBJECTS: u64 = 2_000_000;
const MAX_PAGES: u32 = 100_000;
/// Longest mark of the next page, in bytes.
const MAX_NEXT: usize = 4 << 10;
/// Pages in a row that may bring nothing new.
const MAX_IDLE: u32 = 3;
/// What is held before it is taken in: objects, and bytes of their pages.
const BATCH_OBJECTS: usize = 50_000;
const BATCH_BYTES: usize = 32 << 20;
/// How far the server's clock may be ahead, in microseconds.
const AHEAD: i64 = 3_600 * 1_000_000;
/// Objects that are no objects, and are named.
const MAX_NAMED: usize = 10;

/// An envelope (3.7).
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Envelope<'e> {
    more: bool,
    next: Option<String>,
    #[serde(borrow)]
    objects: Vec<&'e RawValue>,
}

/// Objects that came and are not taken in yet.
#[derive(Debug, Default)]
pub struct Objects {
    pub(crate) all: Vec<Object>,
    /// Those that are no objects, and why, of the first.
    pub(crate) failed: u64,
    pub(crate) named: Vec<String>,
    bytes: usize,
}

impl Objects {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty() && self.failed == 0
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.all.len() as u64
    }

    /// Whether it is time to take them in.
    pub fn are_many(&self) -> bool {
        self.all.len() >= BATCH_OBJECTS || self.bytes >= BATCH_BYTES
    }
}

/// Where an update of a collection is.
#[derive(Debug)]
pub struct Paging {
    /// The end of the last update, in microseconds.
    before: Option<i64>,
    /// Asked for: what was added after this.
    after: Option<i64>,
    next: Option<String>,
    is_done: bool,
    /// The newest time that the server told.
    reached: Option<i64>,
    /// Objects came of which the server did not tell when they were added.
    is_undated: bool,
    /// Objects and marks that came, by their hashes: nobody can choose collisions.
    hasher: RandomState,
    seen: HashSet<u64>,
    marks: HashSet<u64>,
    pages: u32,
    idle: u32,
    held: Objects,
}

impl Paging {
    /// Begins where the last update ended.
    pub fn new(before: Option<&FeedState>) -> Paging {
        let before = before.map(|before| before.seen);
        Paging {
            before,
            after: before,
            next: None,
            is_done: false,
            reached: None,
            is_undated: false,
            hasher: RandomState::new(),
            seen: HashSet::new(),
            marks: HashSet::new(),
            pages: 0,
            idle: 0,
            held: Objects::default(),
        }
    }

    /// What to ask for next; `None` at the end.
    pub fn query(&self) -> Option<Vec<(&'static str, String)>> {
        if self.is_done {
            return None;
        }
        let mut query = vec![("limit", LIMIT.to_string())];
        query.extend(self.after.and_then(shown).map(|after| ("added_after", after)));
        query.extend(self.next.clone().map(|next| ("next", next)));
        Some(query)
    }

    /// Takes a page in, with the time at which its last object was added as the server tells it.
    ///
    /// # Errors
    /// In words, when it is no page, or the server leads in a circle. What came before is still held.
    pub fn take(&mut self, bytes: &[u8], added_last: Option<&str>) -> Result<(), String> {
        let read = check_object(bytes).and_then(|()| serde_json::from_slice(bytes).map_err(|error| error.to_string()));
        let page: Envelope<'_> = read.map_err(|why| format!("it is no page: {why}"))?;
        let last = added_last.and_then(micros);
        self.reached = self.reached.max(last);
        self.is_undated |= !page.objects.is_empty() && last.is_none();
        self.pages += 1;
        let mut is_new = false;
        for raw in &page.objects {
            is_new |= self.hold(raw.get());
        }
        self.held.bytes = self.held.bytes.saturating_add(bytes.len());
        if !page.more {
            self.is_done = true;
            return Ok(());
        }
        self.idle = if is_new { 0 } else { self.idle + 1 };
        if self.idle > MAX_IDLE {
            return Err("page after page brings nothing new, and there is always one more".to_owned());
        }
        if self.seen.len() as u64 >= MAX_OBJECTS || self.pages >= MAX_PAGES {
            return Err(format!("it has more than {MAX_OBJECTS} objects or {MAX_PAGES} pages since the last update"));
        }
        self.turn(page.next, last, is_new)
    }

    /// On to the next page: by the server's mark, else by time (3.5). Some servers use one mark for all pages, so that one
    /// that was there before is a circle only where nothing new came.
    fn turn(&mut self, next: Option<String>, last: Option<i64>, is_new: bool) -> Result<(), String> {
        match next.filter(|next| !next.is_empty()) {
            Some(next) if next.len() > MAX_NEXT => Err("the mark of its next page is too long".to_owned()),
            Some(next) => {
                if !self.marks.insert(self.hasher.hash_one(&next)) && !is_new {
                    return Err("it leads in a circle: the mark of its next page was there before".to_owned());
                }
                self.next = Some(next);
                Ok(())
            }
            None if last > self.after && last.is_some() => {
                (self.after, self.next) = (last, None);
                Ok(())
            }
            None => Err("it says that there is more, and not how to ask for it".to_owned()),
        }
    }

    /// Whether the object did not come before.
    fn hold(&mut self, text: &str) -> bool {
        match Object::read(text) {
            Ok(object) => {
                let is_new = self.seen.insert(self.hasher.hash_one((object.id(), object.version())));
                if is_new {
                    self.held.all.push(object);
                }
                is_new
            }
            Err(why) => {
                let is_new = self.seen.insert(self.hasher.hash_one(text));
                self.held.failed += u64::from(is_new);
                if is_new && self.held.named.len() < MAX_NAMED {
                    self.held.named.push(why);
                }
                is_new
            }
        }
    }

    /// What came since this was last called.
    pub fn held(&self) -> &Objects {
        &self.held
    }

    /// Hands it over.
    pub fn hand_over(&mut self) -> Objects {
        std::mem::take(&mut self.held)
    }

    /// Up to where everything has come, to be kept together with what was handed over. A time of the future counts as now:
    /// it would keep what comes later from ever being asked for. (A clock that is a little ahead stays so, and does not.)
    pub fn state(&self, now: Time) -> Option<FeedState> {
        let now = now.0.saturating_mul(1_000_000);
        let told = |reached: i64| if reached > now.saturating_add(AHEAD) { now } else { reached };
        // Within one moment there may be more on the next page.
        let reached = self.reached.map(told).map(|reached| reached.saturating_sub(i64::from(!self.is_done)));
        // One that tells no times is asked for everything again.
        let seen = reached.filter(|_| !self.is_undated).max(self.before)?;
        Some(FeedState { tag: String::new(), seen })
    }

    /// What the user should know of the server's times.
    pub fn complaint(&self, now: Time) -> Option<String> {
        let ahead = self.reached.filter(|reached| *reached > now.0.saturating_mul(1_000_000).saturating_add(AHEAD));
        match ahead.and_then(shown) {
            Some(time) => Some(format!(
                "the server says that objects were added at {time}, which is in the future; the next update asks for what \
                 came after now (check both clocks)"
            )),
            None if self.is_undated => Some(
                "the server does not say when objects were added (X-TAXII-Date-Added-Last); the next update asks for \
                 everything again"
                    .to_owned(),
            ),
            None => None,
        }
    }
}

/// As TAXII writes times (3.2): to the microsecond.
fn shown(micros: i64) -> Option<String> {
    Some(format!("{:.6}", jiff::Timestamp::from_microsecond(micros).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_775_600_000);

    fn page(more: &str, ids: &[u32]) -> String {
        let objects: Vec<String> =
            ids.iter().map(|id| format!(r#"{{"type": "indicator", "id": "indicator--{id}"}}"#)).collect();
        format!(r#"{{{more} "objects": [{}]}}"#, objects.join(", "))
    }

    fn asked(paging: &Paging) -> String {
        let query = paging.query().unwrap();
        query.into_iter().map(|(key, value)| format!("{key}={value} ")).collect()
    }

    #[test]
    fn pages_follow_each_other_by_mark_or_by_time() {
        let mut paging = Paging::new(None);
        assert_eq!(asked(&paging), "limit=1000 ");
        paging.take(page(r#""more": true, "next": "a","#, &[1]).as_bytes(), Some("2026-01-01T00:00:00.5Z")).unwrap();
        assert_eq!(asked(&paging), "limit=1000 next=a ");
        // In the middle, others may have been added at the same moment.
        assert_eq!(shown(paging.state(NOW).unwrap().seen).unwrap(), "2026-01-01T00:00:00.499999Z");
        paging.take(page(r#""more": true,"#, &[2]).as_bytes(), Some("2026-01-02T00:00:00Z")).unwrap();
        assert_eq!(asked(&paging), "limit=1000 added_after=2026-01-02T00:00:00.000000Z ");
        paging.take(page("", &[3]).as_bytes(), Some("2026-01-03T00:00:00Z")).unwrap();
        assert_eq!((paging.query(), paging.held().all.len()), (None, 3));
        let state = paging.state(NOW).unwrap();
        assert_eq!(asked(&Paging::new(Some(&state))), "limit=1000 added_after=2026-01-03T00:00:00.000000Z ");
        // Nothing new: it stays as it was.
        let mut again = Paging::new(Some(&state));
        again.take(b"{}", None).unwrap();
        assert_eq!((again.state(NOW), again.complaint(NOW)), (Some(state), None));
    }

    #[test]
    fn circles_and_endless_roads_end() {
        let mut same = Paging::new(None);
        same.take(page(r#""more": true, "next": "a","#, &[1]).as_bytes(), None).unwrap();
        same.take(page(r#""more": true, "next": "a","#, &[2]).as_bytes(), None).unwrap();
        let again = same.take(page(r#""more": true, "next": "a","#, &[2]).as_bytes(), None);
        assert!(again.unwrap_err().contains("circle"));
        let mut nowhere = Paging::new(None);
        assert!(nowhere.take(page(r#""more": true,"#, &[1]).as_bytes(), None).unwrap_err().contains("not how"));
        let mut still = Paging::new(None);
        let times = Some("2026-01-01T00:00:00Z");
        still.take(page(r#""more": true,"#, &[1]).as_bytes(), times).unwrap();
        assert!(still.take(page(r#""more": true,"#, &[2]).as_bytes(), times).unwrap_err().contains("not how"));
        let mut idle = Paging::new(None);
        let turn = |number: u32| page(&format!(r#""more": true, "next": "{number}","#), &[7]);
        let ended = (0..100).find_map(|number| idle.take(turn(number).as_bytes(), None).err());
        assert!(ended.unwrap().contains("nothing new"));
        assert_eq!(idle.held().all.len(), 1, "what came is kept");
        let long = format!(r#"{{"more": true, "next": "{}"}}"#, "x".repeat(5_000));
        assert!(Paging::new(None).take(long.as_bytes(), None).unwrap_err().contains("too long"));
    }

    #[test]
    fn times_of_the_future_hide_nothing() {
        let before = FeedState { tag: String::new(), seen: 5_000_000 };
        let mut paging = Paging::new(Some(&before));
        paging.take(page("", &[1]).as_bytes(), Some("2099-01-01T00:00:00Z")).unwrap();
        assert_eq!(paging.state(NOW).unwrap().seen, NOW.0 * 1_000_000);
        assert!(paging.complaint(NOW).unwrap().contains("2099"));
        // Clocks differ a little: that of the server is the one that counts.
        let ahead = jiff::Timestamp::from_second(NOW.0 + 60).unwrap().to_string();
        let mut skewed = Paging::new(Some(&before));
        skewed.take(page("", &[1]).as_bytes(), Some(&ahead)).unwrap();
        assert_eq!(skewed.state(NOW).unwrap().seen, (NOW.0 + 60) * 1_000_000);
        assert_eq!(skewed.complaint(NOW), None);
        let mut backwards = Paging::new(Some(&before));
        backwards.take(page("", &[1]).as_bytes(), Some("1970-01-01T00:00:01Z")).unwrap();
        assert_eq!(backwards.state(NOW).unwrap().seen, 5_000_000);
        let mut undated = Paging::new(Some(&before));
        undated.take(page("", &[1]).as_bytes(), Some("tomorrow")).unwrap();
        assert_eq!(undated.state(NOW).unwrap().seen, 5_000_000);
        assert!(undated.complaint(NOW).unwrap().contains("X-TAXII-Date-Added-Last"));
        let mut never = Paging::new(None);
        never.take(page("", &[1]).as_bytes(), None).unwrap();
        assert_eq!(never.state(NOW), None);
    }

    #[test]
    fn one_bad_object_takes_no_other_along() {
        let nested = format!("{}1{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        let deep = format!(r#"{{"type": "file", "id": "file--1", "path": {nested}}}"#);
        let beside = format!(r#"{{"type": "file", "id": "file--2", "x_not_ours": {nested}}}"#);
        let objects = [
            r#"{"type": "indicator", "id": "indicator--1"}"#,
            r#"{"type": "indicator", "id": "MAL-2026-2307"}"#,
            r#"{"type": "indicator", "id": "malware--1"}"#,
            "7",
            &deep,
            &beside,
        ];
        let mut paging = Paging::new(None);
        paging.take(format!(r#"{{"objects": [{}]}}"#, objects.join(",")).as_bytes(), None).unwrap();
        assert_eq!((paging.held().all.len(), paging.held().failed, paging.held().named.len()), (2, 4, 4));
        for wrong in [&b"[]"[..], b"<html>", b"{\"objects\": {}}", b"{\"more\": 1}", b""] {
            assert!(Paging::new(None).take(wrong, None).is_err());
        }
    }
}
