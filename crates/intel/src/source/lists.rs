//! Lists in CSV, of any size: read line by line. The columns are named by the first line, by the last comment before it
//! (as abuse.ch has it), or not at all: then the first cell that is an indicator is one.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::{Import, hostile, unreadable};
use crate::ImportError;
use crate::indicator::{Entry, list};

/// Longest line, most lines, and most bytes when decompressed.
const MAX_LINE: u64 = 64 << 10;
const MAX_ENTRIES: u64 = 4_000_000;
const MAX_BYTES: u64 = 2 << 30;
/// Lines between two questions whether to stop.
const STRIDE: u64 = 4096;
/// Most columns that are looked at.
const MAX_COLUMNS: usize = 64;

/// Opens a list, packed or not.
pub(super) fn open(path: &Path) -> Result<Box<dyn BufRead>, ImportError> {
    let lost = |error: std::io::Error| unreadable(path, &error.to_string());
    let mut file = BufReader::new(File::open(path).map_err(lost)?);
    let is_packed = file.fill_buf().map_err(lost)?.starts_with(b"\x1f\x8b");
    let input: Box<dyn Read> = if is_packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    Ok(Box::new(BufReader::new(input.take(MAX_BYTES))))
}

/// Whether the first line that is no comment is the one of EPSS.
pub(super) fn is_epss(path: &Path) -> Result<bool, ImportError> {
    let mut lines = Lines::new(path)?;
    while let Some(line) = lines.next()? {
        if !line.is_empty() && !line.starts_with('#') {
            return Ok(line.to_ascii_lowercase().starts_with("cve,epss"));
        }
    }
    Ok(false)
}

struct Lines<'p> {
    path: &'p Path,
    input: Box<dyn BufRead>,
    number: u64,
    buffer: Vec<u8>,
}

impl<'p> Lines<'p> {
    fn new(path: &'p Path) -> Result<Lines<'p>, ImportError> {
        Ok(Lines { path, input: open(path)?, number: 0, buffer: Vec::new() })
    }

    fn next(&mut self) -> Result<Option<String>, ImportError> {
        self.buffer.clear();
        let got = (&mut self.input).take(MAX_LINE).read_until(b'\n', &mut self.buffer);
        let got = got.map_err(|error| unreadable(self.path, &error.to_string()))?;
        if got == 0 {
            return Ok(None);
        }
        self.number += 1;
        if got as u64 == MAX_LINE {
            return Err(hostile(self.path, &format!("line {} is longer than {MAX_LINE} bytes", self.number)));
        }
        if self.number > MAX_ENTRIES {
            return Err(hostile(self.path, &format!("it has more than {MAX_ENTRIES} lines")));
        }
        Ok(Some(String::from_utf8_lossy(&self.buffer).trim().trim_start_matches('\u{feff}').to_owned()))
    }
}

/// What the columns are called.
struct Columns {
    separator: char,
    /// Empty, if nobody says.
    names: Vec<String>,
}

impl Columns {
    fn of_header(line: &str) -> Option<Columns> {
        let separator = *[',', ';', '\t'].iter().max_by_key(|mark| line.matches(**mark).count())?;
        let names: Vec<String> =
            list::cells(line, separator).iter().take(MAX_COLUMNS).map(|cell| list::column(cell)).collect();
        names.iter().any(|name| list::is_column(name)).then_some(Columns { separator, names })
    }

    fn entry(&self, line: &str) -> Result<Entry, String> {
        let cells = list::cells(line, self.separator);
        if self.names.is_empty() {
            let found = cells.iter().take(MAX_COLUMNS).find_map(|cell| list::of_kind("", cell));
            return found.ok_or_else(|| "nothing in it is an indicator that is known".to_owned());
        }
        list::entry(&|name| cells.get(self.names.iter().position(|own| own == name)?).cloned())
    }
}

/// Imports a list, which replaces the one of the same file name that was imported before.
pub(super) fn import(import: &mut Import<'_, '_>, path: &Path) -> Result<(), ImportError> {
    let shown = path.display().to_string();
    let mut lines = Lines::new(path)?;
    let (mut comment, mut columns) = (None, None);
    let listing = list::new(&shown, import.writer.now().0.saturating_mul(1_000_000));
    let (mut open, removed) = import.writer.open_listing(&listing.record, &listing.source, listing.modified)?;
    let mut put = 0u64;
    while let Some(line) = lines.next()? {
        if lines.number.is_multiple_of(STRIDE) {
            import.watcher.read(&import.report.path, lines.number);
            if import.watcher.is_cancelled() {
                return Err(ImportError::Cancelled);
            }
        }
        if line.is_empty() {
            continue;
        }
        if let Some(text) = line.strip_prefix('#') {
            comment = Columns::of_header(text).or(comment);
            continue;
        }
        let columns = match &columns {
            Some(columns) => columns,
            None => {
                let header = Columns::of_header(&line);
                let is_header = header.is_some();
                let own = header.or(comment.take()).unwrap_or(Columns { separator: ',', names: Vec::new() });
                let own = columns.insert(own);
                if is_header {
                    continue;
                }
                own
            }
        };
        match columns.entry(&line) {
            Ok(entry) => {
                import.writer.put_entry(&mut open, &entry)?;
                put += 1;
            }
            Err(why) => import.failed(&format!("{shown}:{}", lines.number), why)?,
        }
    }
    // A page of HTML, a log: that nothing in it is an indicator means that it is no list.
    if put == 0 {
        return Err(unreadable(
            path,
            "no line of it holds an indicator: it is neither an EPSS list nor one of indicators",
        ));
    }
    import.report.indicators += put;
    import.report.replaced += removed;
    Ok(())
}
