//! `vetch cache path|prune|clear`.

use std::path::Path;
use std::time::SystemTime;

use vetch_engine::cache::{self, ArchiveStore, Cache, Limits, Pruned};

use super::surroundings;
use crate::args::{CacheArgs, CacheCommand};
use crate::exit::{Exit, Failure};
use crate::{message, output};

/// Looks after the cache.
pub(crate) fn run(arguments: &CacheArgs) -> Result<Exit, Failure> {
    let folder = surroundings::cache_folder(arguments.cache_dir.as_ref())?;
    match arguments.command {
        CacheCommand::Path => output::print(format!("{}\n", folder.display()).as_bytes())?,
        CacheCommand::Prune { max_age, max_size } => prune(&folder, max_age, max_size)?,
        CacheCommand::Clear => cache::clear(&folder).map_err(|error| failed("clear", &folder, &error.to_string()))?,
    }
    Ok(Exit::Passed)
}

fn prune(folder: &Path, days: u32, bytes: u64) -> Result<(), Failure> {
    if !folder.exists() {
        return output::print(b"Nothing to remove: there is no cache.\n");
    }
    let opened = Cache::open(folder, vetch_engine::ANALYSIS_VERSION, jiff::Zoned::now().date());
    for notice in opened.take_notices() {
        message::note(&notice.0);
    }
    let limits = Limits { days: Some(days), bytes: Some(bytes) };
    let facts = opened.prune(limits).map_err(|error| failed("prune", folder, &error))?;
    // Archives can be fetched again; facts cost more. So archives get what facts leave.
    let limits = Limits { bytes: Some(bytes.saturating_sub(facts.after)), ..limits };
    let archives = ArchiveStore::new(folder).prune(limits, SystemTime::now());
    let archives = archives.map_err(|error| failed("prune", folder, &error.to_string()))?;
    let Pruned { entries, before, after } = facts + archives;
    let entries = if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") };
    let text = format!("Removed {entries}; {} of {} left.\n", shown_size(after), shown_size(before));
    output::print(text.as_bytes())
}

fn failed(what: &str, folder: &Path, reason: &str) -> Failure {
    let hint = "check who may write there, and that no other program holds it; its folder may also be deleted by hand";
    Failure::new(format!("cannot {what} the cache in `{}`: {reason}", folder.display()), hint)
}

/// `500M`, `2G`, `1000000`: bytes, in powers of 1024.
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is not a size; write a number with K, M, G or T, such as 500M");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match text[digits.len()..].to_ascii_uppercase().trim_end_matches('B').trim_end_matches('I') {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        _ => return Err(wrong()),
    };
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    number.checked_mul(1 << shift).ok_or_else(wrong)
}

/// A size for people, with one decimal.
fn shown_size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut unit = None;
    let mut tenths = bytes.saturating_mul(10);
    for name in UNITS {
        if tenths < 10_240 {
            break;
        }
        tenths /= 1024;
        unit = Some(name);
    }
    match unit {
        Some(unit) => format!("{}.{} {unit}", tenths / 10, tenths % 10),
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_shown() {
        assert_eq!(parse_size("0"), Ok(0));
        assert_eq!(parse_size("500M"), Ok(500 << 20));
        assert_eq!(parse_size("2g"), Ok(2 << 30));
        assert_eq!(parse_size("1KiB"), Ok(1024));
        for wrong in ["", "M", "-1", "1.5G", "2X", "99999999999T"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
        assert_eq!(shown_size(1023), "1023 bytes");
        assert_eq!(shown_size(1536), "1.5 KiB");
        assert_eq!(shown_size(2 << 30), "2.0 GiB");
    }
}
