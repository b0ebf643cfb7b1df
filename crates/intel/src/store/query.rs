//! Reading: releases against records, search, one record.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};
use vetch_model::advisory::{Advisory, AdvisoryKind, Exploited};
use vetch_model::history::Time;

use super::{IntelStore, StoreError, unpacked};
use crate::matching::{Head, Hit, Query, Subject, hit_of, merge};
use crate::record::{Affected, Record, World};

/// Most records that are looked at for one package. The longest list that is real has about 500.
const MAX_ROWS: i64 = 20_000;

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
        let mut all = Vec::with_capacity(queries.len());
        for query in queries {
            all.push(one(&transaction, query, &mut heads)?);
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
        let mut numbers: Vec<i64> = Vec::new();
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
                let number = number?;
                if !numbers.contains(&number) {
                    numbers.push(number);
                }
            }
        }
        if numbers.len() < limit {
            self.search_summaries(text, limit, &mut numbers)?;
        }
        numbers.truncate(limit);
        numbers.iter().filter_map(|number| self.found(*number).transpose()).collect()
    }

    /// Goes through everything; there is no index of words.
    fn search_summaries(&self, text: &str, limit: usize, numbers: &mut Vec<i64>) -> Result<(), StoreError> {
        let wanted = text.to_lowercase();
        let mut statement = self.connection.prepare_cached("SELECT number, value FROM records ORDER BY number")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let number = row.get(0)?;
            let record: Option<Record> = unpacked(row.get_ref(1)?.as_blob().unwrap_or_default());
            let is_meant = record.is_some_and(|record| record.summary.to_lowercase().contains(&wanted));
            if is_meant && !numbers.contains(&number) {
                numbers.push(number);
            }
            if numbers.len() >= limit {
                break;
            }
        }
        Ok(())
    }

    fn found(&self, number: i64) -> Result<Option<Found>, StoreError> {
        let Some((record, _)) = record(&self.connection, number)? else { return Ok(None) };
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
            let Some((record, imported)) = record(&self.connection, number)? else { continue };
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

fn shown(affected: &crate::record::AffectedPackage) -> (String, String) {
    let name = format!("{}:{}", affected.ecosystem.as_str(), affected.name);
    (name, crate::matching::in_words(&affected.versions))
}

fn one(connection: &Connection, query: &Query<'_>, heads: &mut Heads) -> Result<Vec<Advisory>, StoreError> {
    let Some(world) = World::of(query.ecosystem) else { return Ok(Vec::new()) };
    let select = "SELECT record, malware, value FROM packages
        WHERE ecosystem = ?1 AND name = ?2 AND withdrawn = 0 ORDER BY record LIMIT ?3";
    let mut statement = connection.prepare_cached(select)?;
    let mut rows = statement.query(params![world as u8, world.normal(query.name), MAX_ROWS])?;
    let mut subject = None;
    let mut hits = Vec::new();
    while let Some(row) = rows.next()? {
        let (number, is_malware): (i64, bool) = (row.get(0)?, row.get(1)?);
        let kind = if is_malware { AdvisoryKind::Malware } else { AdvisoryKind::Vulnerability };
        let Some(versions) = unpacked::<Affected<&str>>(row.get_ref(2)?.as_blob().unwrap_or_default()) else {
            continue;
        };
        let subject = subject.get_or_insert_with(|| Subject::new(query.ecosystem, query.version));
        let Some(reach) = hit_of(kind, &versions, subject) else { continue };
        if let Some(head) = head(connection, number, heads)? {
            hits.push(Hit { head, reach, versions: versions.owned() });
        }
    }
    Ok(match subject {
        Some(subject) if !hits.is_empty() => merge(world, &subject, hits, &query.known),
        _ => Vec::new(),
    })
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
