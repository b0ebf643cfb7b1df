//! EPSS: for each CVE, the probability that it is exploited within 30 days (<https://www.first.org/epss/data_stats>).
//! A line of comment, a line of names (`cve,epss,percentile`), then one line each; mostly gzipped.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::{Import, hostile, unreadable};
use crate::ImportError;

/// Longest line, and most bytes when decompressed: the whole list has about 10 MB.
const MAX_LINE: u64 = 1_000;
const MAX_BYTES: u64 = 1 << 30;
/// Most entries; there are a few hundred thousand CVEs.
const MAX_ENTRIES: u64 = 4_000_000;
/// Lines between two questions whether to stop.
const STRIDE: u64 = 4096;

/// Imports a list, which replaces the one before.
pub(super) fn import(import: &mut Import<'_, '_>, path: &Path) -> Result<(), ImportError> {
    let file = File::open(path).map_err(|error| unreadable(path, &error.to_string()))?;
    let mut file = BufReader::new(file);
    let is_packed = file.fill_buf().map_err(|error| unreadable(path, &error.to_string()))?.starts_with(b"\x1f\x8b");
    let input: Box<dyn Read> = if is_packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let mut input = BufReader::new(input.take(MAX_BYTES));
    let mut line = Vec::new();
    let (mut number, mut has_header) = (0u64, false);
    let shown = path.display().to_string();
    loop {
        line.clear();
        let got = (&mut input).take(MAX_LINE).read_until(b'\n', &mut line);
        let got = got.map_err(|error| unreadable(path, &error.to_string()))?;
        if got == 0 {
            break;
        }
        if got as u64 == MAX_LINE {
            return Err(hostile(path, &format!("line {} is longer than {MAX_LINE} bytes", number + 1)));
        }
        number += 1;
        if number > MAX_ENTRIES {
            return Err(hostile(path, &format!("it has more than {MAX_ENTRIES} lines")));
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if !has_header {
            if !text.to_ascii_lowercase().starts_with("cve,epss") {
                return Err(unreadable(path, "it has no line `cve,epss,percentile`: it is no EPSS list"));
            }
            has_header = true;
            import.writer.clear_probabilities()?;
            continue;
        }
        match entry(text) {
            Some((cve, probability)) => {
                import.writer.put_probability(cve, probability)?;
                import.report.probabilities += 1;
            }
            None => import.failed(&format!("{shown}:{number}"), "it is no `cve,probability,percentile`".to_owned())?,
        }
        if number.is_multiple_of(STRIDE) && import.watcher.is_cancelled() {
            return Err(ImportError::Cancelled);
        }
    }
    if !has_header {
        return Err(unreadable(path, "it has no line `cve,epss,percentile`: it is no EPSS list"));
    }
    if input.get_ref().limit() == 0 {
        return Err(hostile(path, &format!("it has more than {MAX_BYTES} bytes when decompressed")));
    }
    Ok(())
}

/// A CVE and its probability in hundred-thousandths, which is all the precision that is published.
fn entry(line: &str) -> Option<(&str, u32)> {
    let mut fields = line.split(',');
    let cve = fields.next().filter(|cve| cve.starts_with("CVE-") && cve.len() < 64)?;
    let probability: f64 = fields.next()?.trim().parse().ok()?;
    // Between 0 and 1, so the product fits.
    (0.0..=1.0).contains(&probability).then_some((cve, (probability * 100_000.0).round() as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read() {
        assert_eq!(entry("CVE-2021-44228,0.94358,0.99957"), Some(("CVE-2021-44228", 94_358)));
        for line in ["CVE-1", "CVE-1,x,0", "CVE-1,1.5,0", "CVE-1,NaN,0", "a,0.1,0", "CVE-1,-0.1"] {
            assert_eq!(entry(line), None, "{line}");
        }
    }
}
