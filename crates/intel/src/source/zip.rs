//! OSV's zip of an ecosystem: `<ID>.json`, hundreds of thousands of them, read one by one without ever holding more
//! than one. By the directory at its end (APPNOTE.TXT 6.3.10); entries are stored or deflated.
//!
//! A bomb is refused as a whole: entries that overlap, that unpack to far more than they are, or too many of them.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};

use flate2::{Decompress, FlushDecompress, Status};

use super::{Import, Kind, hostile, kind_of, read, unreadable};
use crate::ImportError;
use crate::record::{Document, MAX_RECORD};

/// Most entries, and most bytes of all of them.
const MAX_ENTRIES: u64 = 2_000_000;
const MAX_TOTAL: u64 = 16 << 30;
/// Decompressed bytes for each compressed one, above a floor: records are small and alike, but not that much.
const MAX_RATIO: u64 = 100;
const RATIO_FLOOR: u64 = 64 << 20;
/// Longest comment behind the end record, and the record itself.
const TAIL: u64 = 65_535 + 22;

/// Bytes of records that are handed over together.
const BATCH: usize = 256 << 10;

const END: &[u8; 4] = b"PK\x05\x06";
const LOCATOR_64: &[u8; 4] = b"PK\x06\x07";
const END_64: &[u8; 4] = b"PK\x06\x06";
const CENTRAL: &[u8; 4] = b"PK\x01\x02";
const LOCAL: &[u8; 4] = b"PK\x03\x04";

/// An entry, as the directory has it.
struct Entry {
    name: String,
    flags: u16,
    method: u16,
    packed: u64,
    size: u64,
    offset: u64,
}

/// Imports every record of an archive.
pub(super) fn import(import: &mut Import<'_, '_>, path: &Path) -> Result<(), ImportError> {
    let mut archive = Archive::open(path)?;
    // Unpacking and parsing take about as long as writing: each has a thread of its own.
    let (send, receive) = sync_channel::<Vec<Item>>(2);
    std::thread::scope(|scope| {
        let reader = scope.spawn(move || {
            let mut batch = Batch { items: Vec::new(), bytes: 0, send };
            archive.read(&mut batch).map(|()| batch.flush())
        });
        for (place, read) in receive.into_iter().flatten() {
            match read {
                Ok(document) => import.document(document, &place)?,
                Err(why) => import.failed(&place, why)?,
            }
        }
        match reader.join() {
            Ok(read) => read.map(|_| ()),
            Err(_) => Err(hostile(path, "it cannot be read")),
        }
    })
}

/// The name of an entry, and what it is.
type Item = (String, Result<Document, String>);

/// Entries that are handed over together; bounded by bytes, for what is large once parsed is larger still.
struct Batch {
    items: Vec<Item>,
    bytes: usize,
    send: SyncSender<Vec<Item>>,
}

impl Batch {
    /// Whether anybody still listens.
    fn add(&mut self, item: Item, bytes: usize) -> bool {
        self.items.push(item);
        self.bytes += bytes;
        self.bytes < BATCH || self.flush()
    }

    fn flush(&mut self) -> bool {
        self.bytes = 0;
        self.send.send(std::mem::take(&mut self.items)).is_ok()
    }
}

struct Archive<'p> {
    path: &'p Path,
    directory: BufReader<File>,
    data: BufReader<File>,
    /// Where the next byte is read from `data`.
    at: u64,
    length: u64,
    /// One for all entries: it is large.
    decoder: Decompress,
    /// The entry as it is packed.
    buffer: Vec<u8>,
    entries: u64,
    packed: u64,
    unpacked: u64,
}

impl<'p> Archive<'p> {
    fn open(path: &'p Path) -> Result<Archive<'p>, ImportError> {
        let lost = |error: std::io::Error| unreadable(path, &error.to_string());
        let mut file = File::open(path).map_err(lost)?;
        let length = file.metadata().map_err(lost)?.len();
        let start = length.saturating_sub(TAIL);
        file.seek(SeekFrom::Start(start)).map_err(lost)?;
        let mut tail = Vec::new();
        (&mut file).take(TAIL).read_to_end(&mut tail).map_err(lost)?;
        let none = || hostile(path, "it has no directory at its end: it is no zip archive, or cut short");
        let at = tail.windows(4).rposition(|four| four == END).ok_or_else(none)?;
        let record = tail.get(at..at + 22).ok_or_else(none)?;
        let (mut entries, mut offset) = (u64::from(u16_at(record, 10)), u64::from(u32_at(record, 16)));
        let locator = at.checked_sub(20).and_then(|at| tail.get(at..at + 20)).filter(|it| it.starts_with(LOCATOR_64));
        if let Some(locator) = locator {
            let mut wide = [0u8; 56];
            file.seek(SeekFrom::Start(u64_at(locator, 8))).map_err(lost)?;
            file.read_exact(&mut wide).map_err(lost)?;
            if !wide.starts_with(END_64) {
                return Err(none());
            }
            (entries, offset) = (u64_at(&wide, 32), u64_at(&wide, 48));
        }
        if entries > MAX_ENTRIES {
            return Err(hostile(path, &format!("it has {entries} entries, more than {MAX_ENTRIES}")));
        }
        if offset > length {
            return Err(hostile(path, "its directory lies behind its end"));
        }
        let data = BufReader::new(File::open(path).map_err(lost)?);
        let mut directory = BufReader::with_capacity(1 << 16, file);
        directory.seek(SeekFrom::Start(offset)).map_err(lost)?;
        let (decoder, buffer) = (Decompress::new(false), Vec::new());
        Ok(Archive { path, directory, data, at: 0, length, decoder, buffer, entries, packed: 0, unpacked: 0 })
    }

    fn read(&mut self, batch: &mut Batch) -> Result<(), ImportError> {
        let mut bytes = Vec::new();
        for _ in 0..self.entries {
            let entry = self.next()?;
            let kind = kind_of(Path::new(&entry.name));
            if entry.name.ends_with('/') || !matches!(kind, Kind::Json | Kind::Yaml) {
                continue;
            }
            self.account(&entry)?;
            let contents = self.contents(&entry, &mut bytes);
            let document = contents.and_then(|()| read(&bytes, kind, &entry.name).map_err(|error| error.to_string()));
            if !batch.add((entry.name, document), bytes.len()) {
                break;
            }
        }
        Ok(())
    }

    /// What only a bomb has.
    fn account(&mut self, entry: &Entry) -> Result<(), ImportError> {
        self.packed = self.packed.saturating_add(entry.packed);
        self.unpacked = self.unpacked.saturating_add(entry.size);
        if self.packed > self.length {
            return Err(hostile(self.path, "its entries overlap: it is a zip bomb"));
        }
        if self.unpacked > MAX_TOTAL {
            return Err(hostile(self.path, &format!("it unpacks to more than {MAX_TOTAL} bytes")));
        }
        if self.unpacked > RATIO_FLOOR && self.unpacked / MAX_RATIO > self.packed {
            let why = format!("it unpacks to more than {MAX_RATIO} times its size: it is a zip bomb");
            return Err(hostile(self.path, &why));
        }
        Ok(())
    }

    fn next(&mut self) -> Result<Entry, ImportError> {
        let cut = || hostile(self.path, "its directory is damaged or cut short");
        let mut record = [0u8; 46];
        self.directory.read_exact(&mut record).map_err(|_| cut())?;
        if !record.starts_with(CENTRAL) {
            return Err(cut());
        }
        let mut name = vec![0u8; usize::from(u16_at(&record, 28))];
        let mut extra = vec![0u8; usize::from(u16_at(&record, 30))];
        self.directory.read_exact(&mut name).map_err(|_| cut())?;
        self.directory.read_exact(&mut extra).map_err(|_| cut())?;
        self.directory.seek_relative(i64::from(u16_at(&record, 32))).map_err(|_| cut())?;
        let mut entry = Entry {
            name: String::from_utf8_lossy(&name).into_owned(),
            flags: u16_at(&record, 8),
            method: u16_at(&record, 10),
            packed: u64::from(u32_at(&record, 20)),
            size: u64::from(u32_at(&record, 24)),
            offset: u64::from(u32_at(&record, 42)),
        };
        entry.widen(&extra);
        Ok(entry)
    }

    /// The contents, or why they cannot be had.
    fn contents(&mut self, entry: &Entry, bytes: &mut Vec<u8>) -> Result<(), String> {
        bytes.clear();
        if entry.flags & 1 != 0 {
            return Err("it is encrypted".to_owned());
        }
        if entry.size > MAX_RECORD {
            return Err(format!("it has {} bytes, more than {MAX_RECORD}", entry.size));
        }
        let mut local = [0u8; 30];
        self.seek(entry.offset)?;
        self.data.read_exact(&mut local).map_err(|_| "its header is not where the directory says")?;
        if !local.starts_with(LOCAL) {
            return Err("its header is not where the directory says".to_owned());
        }
        self.at += 30;
        let skipped = u64::from(u16_at(&local, 26)) + u64::from(u16_at(&local, 28));
        self.seek(self.at + skipped)?;
        // A little is added to what cannot be made smaller.
        if entry.packed > MAX_RECORD + (1 << 16) {
            return Err(format!("it has {} bytes, more than {MAX_RECORD}", entry.packed));
        }
        self.buffer.clear();
        let got = (&mut self.data).take(entry.packed).read_to_end(&mut self.buffer);
        let got = got.map_err(|error| format!("it cannot be read: {error}"))? as u64;
        self.at += got;
        let is_whole = match entry.method {
            0 => {
                std::mem::swap(&mut self.buffer, bytes);
                true
            }
            8 => self.inflate(entry.size, bytes)?,
            method => return Err(format!("it is compressed by method {method}, which is not read")),
        };
        match is_whole && got == entry.packed && bytes.len() as u64 == entry.size {
            true => Ok(()),
            false => Err("it does not unpack to the size that the directory says".to_owned()),
        }
    }

    /// Unpacks what is in the buffer, one byte more than it should be at most. Whether it came to an end.
    fn inflate(&mut self, size: u64, bytes: &mut Vec<u8>) -> Result<bool, String> {
        self.decoder.reset(false);
        bytes.reserve_exact(usize::try_from(size + 1).unwrap_or(usize::MAX));
        let status = self.decoder.decompress_vec(&self.buffer, bytes, FlushDecompress::Finish);
        Ok(status.map_err(|error| format!("it cannot be decompressed: {error}"))? == Status::StreamEnd)
    }

    /// Entries mostly follow each other: then the buffer is kept.
    fn seek(&mut self, to: u64) -> Result<(), String> {
        let lost = "its contents lie nowhere";
        let by = i64::try_from(to).map_err(|_| lost)? - i64::try_from(self.at).map_err(|_| lost)?;
        self.data.seek_relative(by).map_err(|_| lost)?;
        self.at = to;
        Ok(())
    }
}

impl Entry {
    /// Sizes and offsets beyond 32 bits (APPNOTE.TXT 4.5.3).
    fn widen(&mut self, mut extra: &[u8]) {
        while extra.len() >= 4 {
            let (id, length) = (u16_at(extra, 0), usize::from(u16_at(extra, 2)));
            let mut field = extra.get(4..4 + length).unwrap_or_default();
            if id == 1 {
                for number in [&mut self.size, &mut self.packed, &mut self.offset] {
                    if *number == u64::from(u32::MAX) && field.len() >= 8 {
                        *number = u64_at(field, 0);
                        field = field.get(8..).unwrap_or_default();
                    }
                }
            }
            extra = extra.get(4 + length..).unwrap_or_default();
        }
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |two| u16::from_le_bytes([two[0], two[1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
