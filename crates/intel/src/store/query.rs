//! Reading: releases against records, search, one record.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, params};
use vetch_model::advisory::{Advisory, AdvisoryKind, Exploited};
use vetch_model::history::Time;

use super::write::text_of;
use super::{IntelStore, StoreError, unpacked};
use crate::matching::{Head, Hit, Query, Subject, hit_of, merge};
use crate::record::{Affected, AffectedPackage, Record, World};

/// Most records that are looked at for one package. The longest list that is real has about 500.
const MAX_ROWS: usize = 20_000;
/// Names of one statement.
const PART: usize = 4_096;

/// A record that a search finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its id.
    pub id: String,
    /// What it is about.
    pub kind: AdvisoryKind,
    /// Whether it was taken back.
    pub is_withdrawn: bool,
    /// Its summary.
    pub summary: String,
    /// `npm:axios`, one or several.
    pub packages: Vec<String>,
}

/// One record with all that is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Itself.
    pub record: Record,
    /// When it was imported.
    pub imported: Time,
    /// For each package: its name, and the affected versions in words.
    pub affected: Vec<(String, String)>,
    /// Ids of other records that it or they call the same.
    pub same: Vec<String>,
    /// Known to be exploited.
    pub exploited: Option<Exploited>,
    /// Probability of exploitation, in hundred-thousandths.
    pub probability: Option<u32>,
}

/// Records in the order in which they were found, each once.
#[derive(Default)]
struct Numbers {
    all: Vec<i64>,
    seen: HashSet<i64>,
}

impl Numbers {
    fn add(&mut self, number: i64) {
        if self.seen.insert(number) {
            self.all.push(number);
        }
    }
}

type Heads = HashMap<i64, Option<Head>>;

impl IntelStore {
    /// What is known of each release, in the order of the queries.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn look_up(&self, queries: &[Query<'_>]) -> Result<Vec<Vec<Advisory>>, StoreError> {
        // One transaction: otherwise every query locks and unlocks the file.
        let transaction = self.connection.unchecked_transaction()?;
        let mut heads = Heads::new();
        let mut all = vec![Vec::new(); queries.len()];
        for world in [World::Npm, World::Pypi] {
            let mut own: Vec<Wanted<'_, '_>> = Vec::new();
            for (number, query) in queries.iter().enumerate() {
                if World::of(query.ecosystem) == Some(world) {
                    own.push(Wanted { name: world.normal(query.name), number, query });
                }
            }
            // In the order of the index, so that each page is read once.
            own.sort_by(|a, b| a.name.cmp(&b.name));
            for part in own.chunks(PART) {
                look_up_part(&transaction, world, part, &mut heads, &mut all)?;
            }
        }
        Ok(all)
    }

    /// Records whose id, alias or package is or begins with the text, or whose summary holds it; at most `limit`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn search(&self, text: &str, limit: usize) -> Result<Vec<Found>, StoreError> {
        let text = text.trim();
        let end = format!("{text}\u{10ffff}");
        let mut numbers = Numbers::default();
        let by_range = [
            "SELECT number FROM records WHERE id >= ?1 AND id < ?2 LIMIT ?3",
            "SELECT record FROM aliases WHERE alias >= ?1 AND alias < ?2 LIMIT ?3",
            "SELECT record FROM packages WHERE ecosystem = 0 AND name >= ?1 AND name < ?2 LIMIT ?3",
            "SELECT record FROM packages WHERE ecosystem = 1 AND name >= ?1 AND name < ?2 LIMIT ?3",
        ];
        for (index, query) in by_range.iter().enumerate() {
            let python = World::Pypi.normal(text);
            let (from, to) = if index == 3 {
                (python.clone(), format!("{python}\u{10ffff}"))
            } else {
                (text.to_owned(), end.clone())
            };
            let mut statement = self.connection.prepare_cached(query)?;
            let rows = statement.query_map(params![from, to, limit as i64], |row| row.get(0))?;
            for number in rows {
                numbers.add(number?);
            }
        }
        if numbers.all.len() < limit {
            self.search_summaries(text, limit, &mut numbers)?;
        }
        numbers.all.truncate(limit);
        numbers.all.iter().filter_map(|number| self.found(*number).transpose()).collect()
    }

    /// Goes through everything; there is no index of words.
    fn search_summaries(&self, text: &str, limit: usize, numbers: &mut Numbers) -> Result<(), StoreError> {
        let wanted = text.to_lowercase();
        let mut statement = self.connection.prepare_cached("SELECT number, value FROM records ORDER BY number")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let number = row.get(0)?;
            let record: Option<Record> = unpacked(row.get_ref(1)?.as_blob().unwrap_or_default());
            let is_meant = record.is_some_and(|record| record.summary.to_lowercase().contains(&wanted));
            if is_meant {
                numbers.add(number);
            }
            if numbers.all.len() >= limit {
                break;
            }
        }
        Ok(())
    }

    fn found(&self, number: i64) -> Result<Option<Found>, StoreError> {
        let Some((record, _)) = whole(&self.connection, number)? else { return Ok(None) };
        Ok(Some(Found {
            packages: record.affected.iter().map(|one| format!("{}:{}", one.ecosystem.as_str(), one.name)).collect(),
            id: record.id,
            kind: record.kind,
            is_withdrawn: record.withdrawn.is_some(),
            summary: record.summary,
        }))
    }

    /// The records of this id, or that call it an alias.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn show(&self, id: &str) -> Result<Vec<Shown>, StoreError> {
        let query = "SELECT number FROM records WHERE id = ?1 UNION SELECT record FROM aliases WHERE alias = ?1";
        let mut statement = self.connection.prepare_cached(query)?;
        let numbers = statement.query_map([id.trim()], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
        let mut all = Vec::new();
        for number in numbers {
            let Some((record, imported)) = whole(&self.connection, number)? else { continue };
            let mut head = Head::new(record.clone(), imported);
            enrich(&self.connection, &mut head)?;
            all.push(Shown {
                affected: record.affected.iter().map(shown).collect(),
                same: self.same(&record)?,
                exploited: head.exploited,
                probability: head.probability,
                record,
                imported,
            });
        }
        Ok(all)
    }

    /// Records that are known under one of its other ids, or that name it.
    fn same(&self, record: &Record) -> Result<Vec<String>, StoreError> {
        let query = "SELECT id FROM records WHERE id = ?1 UNION
            SELECT id FROM records JOIN aliases ON record = number WHERE alias = ?1";
        let mut statement = self.connection.prepare_cached(query)?;
        let mut same = Vec::new();
        for id in std::iter::once(&record.id).chain(&record.aliases) {
            let ids = statement.query_map([id], |row| row.get(0))?;
            same.extend(ids.collect::<rusqlite::Result<Vec<String>>>()?);
        }
        same.retain(|id| *id != record.id);
        same.sort_unstable();
        same.dedup();
        Ok(same)
    }
}

fn shown(affected: &AffectedPackage) -> (String, String) {
    let name = format!("{}:{}", affected.ecosystem.as_str(), affected.name);
    (name, crate::matching::in_words(&affected.versions))
}

/// A query, and its place among all.
struct Wanted<'w, 'q> {
    name: String,
    number: usize,
    query: &'w Query<'q>,
}

/// One statement for thousands of names: a statement for each costs ten times as much.
fn look_up_part(
    connection: &Connection,
    world: World,
    wanted: &[Wanted<'_, '_>],
    heads: &mut Heads,
    all: &mut [Vec<Advisory>],
) -> Result<(), StoreError> {
    let names: Vec<&str> = wanted.iter().map(|wanted| wanted.name.as_str()).collect();
    let names = serde_json::to_string(&names).unwrap_or_default();
    // The order of the loops is that of the tables, so the rows of one name follow each other.
    let select = "SELECT wanted.key, record, malware, packages.value FROM json_each(?2) AS wanted
        CROSS JOIN packages ON ecosystem = ?1 AND name = wanted.value WHERE withdrawn = 0";
    let mut statement = connection.prepare_cached(select)?;
    let mut rows = statement.query(params![world as u8, names])?;
    let mut open: Option<Open<'_, '_>> = None;
    while let Some(row) = rows.next()? {
        let place = usize::try_from(row.get::<_, i64>(0)?).unwrap_or(usize::MAX);
        if open.as_ref().is_none_or(|open| open.place != place) {
            close(world, open.take(), all);
            open = wanted.get(place).map(|wanted| Open::new(place, wanted));
        }
        let Some(open) = &mut open else { continue };
        open.rows += 1;
        let bytes = row.get_ref(3)?.as_blob().unwrap_or_default();
        let Some(versions) = unpacked::<Affected<&str>>(bytes).filter(|_| open.rows <= MAX_ROWS) else { continue };
        let kind = if row.get(2)? { AdvisoryKind::Malware } else { AdvisoryKind::Vulnerability };
        let Some(reach) = hit_of(kind, &versions, &open.subject) else { continue };
        if let Some(head) = head(connection, row.get(1)?, heads)? {
            open.hits.push(Hit { head, reach, versions: versions.owned() });
        }
    }
    close(world, open, all);
    Ok(())
}

/// A query whose rows are being read.
struct Open<'w, 'q> {
    place: usize,
    wanted: &'w Wanted<'w, 'q>,
    subject: Subject,
    rows: usize,
    hits: Vec<Hit>,
}

impl<'w, 'q> Open<'w, 'q> {
    fn new(place: usize, wanted: &'w Wanted<'w, 'q>) -> Self {
        let subject = Subject::new(wanted.query.ecosystem, wanted.query.version);
        Open { place, wanted, subject, rows: 0, hits: Vec::new() }
    }
}

fn close(world: World, open: Option<Open<'_, '_>>, all: &mut [Vec<Advisory>]) {
    let Some(open) = open.filter(|open| !open.hits.is_empty()) else { return };
    if let Some(place) = all.get_mut(open.wanted.number) {
        *place = merge(world, &open.subject, open.hits, &open.wanted.query.known);
    }
}

fn head(connection: &Connection, number: i64, heads: &mut Heads) -> Result<Option<Head>, StoreError> {
    if let Some(known) = heads.get(&number) {
        return Ok(known.clone());
    }
    let mut head = record(connection, number)?.map(|(record, imported)| Head::new(record, imported));
    if let Some(head) = &mut head {
        enrich(connection, head)?;
    }
    heads.insert(number, head.clone());
    Ok(head)
}

fn record(connection: &Connection, number: i64) -> Result<Option<(Record, Time)>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT imported, value FROM records WHERE number = ?1")?;
    let found = statement
        .query_row([number], |row| Ok(unpacked(row.get_ref(1)?.as_blob()?).zip(Some(Time(row.get(0)?)))))
        .optional()?;
    Ok(found.flatten())
}

/// A record with what is kept apart from it.
pub(crate) fn whole(connection: &Connection, number: i64) -> Result<Option<(Record, Time)>, StoreError> {
    let Some((mut record, imported)) = record(connection, number)? else { return Ok(None) };
    let Some((text, packages)) = text_of(connection, number)? else { return Ok(Some((record, imported))) };
    record.text = text;
    let select = "SELECT value FROM packages WHERE ecosystem = ?1 AND name = ?2 AND record = ?3";
    let mut statement = connection.prepare_cached(select)?;
    for (ecosystem, name) in packages {
        let read = |row: &rusqlite::Row<'_>| Ok(unpacked::<Affected<String>>(row.get_ref(0)?.as_blob()?));
        let versions = statement.query_row(params![ecosystem as u8, name, number], read).optional()?.flatten();
        record.affected.push(AffectedPackage { ecosystem, name, versions: versions.unwrap_or_default() });
    }
    Ok(Some((record, imported)))
}

/// What catalogues say of its CVE.
fn enrich(connection: &Connection, head: &mut Head) -> Result<(), StoreError> {
    let mut exploited = connection.prepare_cached("SELECT since, ransomware FROM exploited WHERE cve = ?1")?;
    let mut probability = connection.prepare_cached("SELECT probability FROM probabilities WHERE cve = ?1")?;
    for cve in std::iter::once(&head.id).chain(&head.aliases).filter(|id| id.starts_with("CVE-")) {
        if head.exploited.is_none() {
            let read = |row: &rusqlite::Row<'_>| Ok(Exploited { since: row.get(0)?, ransomware: row.get(1)? });
            head.exploited = exploited.query_row([cve], read).optional()?;
        }
        let found: Option<u32> = probability.query_row([cve], |row| row.get(0)).optional()?;
        head.probability = head.probability.max(found);
    }
    Ok(())
}
