//! The file: a line that says what it is, a line of JSON that says what is in it, and the entries, as one gzip member.
//!
//! Each entry has its length before it (4 bytes, little-endian) and is postcard. Records come in the order of their ids,
//! then what is known of vulnerabilities by their ids, then listings by theirs, each before its indicators, then documents of
//! VEX by their authors and ids.

use std::fs::{self, File};
use std::io::{self, BufRead, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};
use vetch_model::history::Time;
use vetch_model::indicator::IndicatorKind;

use crate::indicator::More;
use crate::knowledge::Technique;
use crate::record::{Affected, Record, Text, World, micros};
use crate::vex::Statement;

/// The first line, without its end.
pub(super) const MAGIC: &str = "vetch-intel snapshot";
/// The version of the form of entries. Others are refused.
pub(super) const FORMAT: u32 = 1;
/// Longest second line, in bytes.
const MAX_MANIFEST: u64 = 64 << 10;
/// Largest entry, in bytes: the largest record that is read has 16 MiB of JSON.
pub(super) const MAX_ENTRY: u32 = 32 << 20;
/// Largest content, in bytes.
pub(super) const MAX_CONTENT: u64 = 16 << 30;

/// What the second line says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of what follows.
    pub format: u32,
    /// When the content was last changed, where it was packed (RFC 3339).
    pub made: String,
    /// When records last came in there.
    pub imported: String,
    /// When the newest record was changed, if there are records.
    pub newest: Option<String>,
    /// What there is of each.
    pub counts: Counts,
    /// Size of the content before it was compressed, in bytes.
    pub bytes: u64,
    /// Its SHA-256, in hex.
    pub sha256: String,
}

/// Entries of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Records of OSV.
    pub records: u64,
    /// Vulnerabilities known to be exploited.
    pub exploited: u64,
    /// Probabilities of exploitation.
    pub probabilities: u64,
    /// Documents that list indicators.
    pub listings: u64,
    /// Indicators.
    pub indicators: u64,
    /// Documents of VEX.
    pub judgements: u64,
    /// Techniques of ATT&CK. Snapshots of before do not count them: they have none.
    #[serde(default)]
    pub techniques: u64,
}

/// Times of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dates {
    pub(crate) made: Time,
    pub(crate) imported: Time,
    pub(crate) newest: Option<Time>,
}

impl Manifest {
    /// Its times; `None` if one of them is none.
    pub(crate) fn dates(&self) -> Option<Dates> {
        let time = |text: &str| Some(Time(micros(text)?.div_euclid(1_000_000)));
        let newest = match &self.newest {
            Some(newest) => Some(time(newest)?),
            None => None,
        };
        Some(Dates { made: time(&self.made)?, imported: time(&self.imported)?, newest })
    }
}

/// One entry, written from what the store holds and read into what it takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Entry {
    Record { imported: i64, record: Box<Record>, text: Text, affected: Vec<(World, String, Affected<String>)> },
    Exploited { cve: String, since: String, ransomware: bool },
    Probability { cve: String, hundred_thousandths: u32 },
    Listing { record: String, source: String, modified: i64, imported: i64 },
    Indicator { kind: IndicatorKind, value: String, until: Option<i64>, more: More },
    Judgements { author: String, id: String, modified: i64, version: i64, imported: i64, statements: Vec<Statement> },
    Technique { id: String, technique: Technique },
}

impl Counts {
    pub(super) fn count(&mut self, entry: &Entry) {
        *match entry {
            Entry::Record { .. } => &mut self.records,
            Entry::Exploited { .. } => &mut self.exploited,
            Entry::Probability { .. } => &mut self.probabilities,
            Entry::Listing { .. } => &mut self.listings,
            Entry::Indicator { .. } => &mut self.indicators,
            Entry::Judgements { .. } => &mut self.judgements,
            Entry::Technique { .. } => &mut self.techniques,
        } += 1;
    }
}

/// Whether a file is a snapshot, by its first bytes and whatever its name. What cannot be read is told by who reads it.
pub fn is_file(path: &Path) -> bool {
    let is_file = fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    let mut start = Vec::new();
    is_file
        && File::open(path).and_then(|file| file.take(MAGIC.len() as u64).read_to_end(&mut start)).is_ok()
        && start == MAGIC.as_bytes()
}

/// Reads the two lines.
///
/// # Errors
/// In words, when they are not what they should be.
pub(super) fn read_manifest(reader: &mut impl BufRead) -> Result<Manifest, String> {
    let first = read_line(reader).map_err(|error| error.to_string())?;
    if first != MAGIC.as_bytes() {
        return Err("it does not begin as a snapshot does".to_owned());
    }
    let second = read_line(reader).map_err(|error| error.to_string())?;
    let wrong = |error: serde_json::Error| format!("its second line does not say what is in it: {error}");
    let form: Form = serde_json::from_slice(&second).map_err(wrong)?;
    if form.format != FORMAT {
        let by = if form.format > FORMAT { "a newer" } else { "another" };
        return Err(format!(
            "it is of form {}, which {by} version of Vetch makes; this one reads {FORMAT}",
            form.format
        ));
    }
    let manifest: Manifest = serde_json::from_slice(&second).map_err(wrong)?;
    if manifest.bytes > MAX_CONTENT {
        return Err(format!("it says that it holds {} bytes, more than {MAX_CONTENT}", manifest.bytes));
    }
    Ok(manifest)
}

/// Of a manifest of any version.
#[derive(Deserialize)]
struct Form {
    format: u32,
}

fn read_line(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    reader.take(MAX_MANIFEST).read_until(b'\n', &mut line)?;
    match line.pop() {
        Some(b'\n') => Ok(line),
        _ => Err(io::Error::other("it ends within its first lines, or they are too long")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_lines_are_bounded_and_other_forms_are_told() {
        let read = |text: &str| read_manifest(&mut text.as_bytes());
        let good = r#"{"format": 1, "made": "2026-01-01T00:00:00Z", "imported": "2026-01-01T00:00:00Z", "newest": null,
            "counts": {"records": 0, "exploited": 0, "probabilities": 0, "listings": 0, "indicators": 0, "judgements": 0}, "bytes": 0, "sha256": ""}"#
            .replace('\n', " ");
        let manifest = read(&format!("{MAGIC}\n{good}\n")).unwrap();
        assert_eq!(manifest.dates().unwrap().made, Time(1_767_225_600));
        let newer = read(&format!("{MAGIC}\n{{\"format\": 7, \"new\": true}}\n")).unwrap_err();
        assert!(newer.contains("form 7") && newer.contains("a newer version"), "{newer}");
        let huge = good.replace("\"bytes\": 0", "\"bytes\": 99999999999999");
        for wrong in ["", "x\n", MAGIC, &format!("{MAGIC}\n"), &format!("{MAGIC}\n{{}}\n"), &format!("{MAGIC}\n{good}")]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert!(read(&format!("{MAGIC}\n{huge}\n")).unwrap_err().contains("more than"));
        assert!(read(&format!("{MAGIC}\n{}\n", " ".repeat(1 << 20))).is_err());
        let wrong_time = good.replace("\"made\": \"2026", "\"made\": \"soon");
        assert_eq!(read(&format!("{MAGIC}\n{wrong_time}\n")).unwrap().dates(), None);
    }
}
