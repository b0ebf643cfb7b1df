//! One entry of a zip: what the directory says, what its own header says, its contents.

use super::LOCAL;
use super::directory::{u16_at, u32_at, u64_at};
use flate2::read::DeflateDecoder;
use std::io::{self, Read};

const LOCAL_BYTES: usize = 30;

/// General purpose bits (APPNOTE.TXT 4.4.4).
const ENCRYPTED: u16 = 1;
const SIZES_FOLLOW: u16 = 1 << 3;
const PATCH: u16 = 1 << 5;
const STRONG: u16 = 1 << 6;
const UTF_8: u16 = 1 << 11;
const MASKED: u16 = 1 << 13;

/// Extra fields: 64-bit sizes, and a name in UTF-8 beside the other.
const ZIP_64: u16 = 0x0001;
const UNICODE_NAME: u16 = 0x7075;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// `create_system` of Unix: the upper half of the external attributes is then the mode.
const UNIX: u8 = 3;

/// An entry, as the directory has it.
#[derive(Debug)]
pub(super) struct Entry {
    /// Up to the first NUL, as `zipfile` has it.
    pub(super) name: String,
    raw_name: Vec<u8>,
    flags: u16,
    method: u16,
    crc: u32,
    packed: u64,
    /// Size in bytes, unpacked.
    pub(super) size: u64,
    mode: u32,
    /// Where its own header lies.
    pub(super) offset: usize,
    /// What other readers may see otherwise.
    pub(super) oddities: Vec<String>,
}

impl Entry {
    pub(super) fn central(record: &[u8], name: &[u8], extra: &[u8], shift: usize) -> Result<Entry, String> {
        let mut entry = Entry::common(record.get(8..).unwrap_or_default(), name);
        if record.get(5) == Some(&UNIX) {
            entry.mode = u32_at(record, 38) >> 16;
        }
        let mut offset = u64::from(u32_at(record, 42));
        entry.extra(extra, &mut offset)?;
        entry.set_name(name);
        let offset = usize::try_from(offset).ok().and_then(|offset| offset.checked_add(shift));
        entry.offset = offset.ok_or("an entry lies nowhere")?;
        Ok(entry)
    }

    /// What the directory and an entry's own header have alike, from the flags on.
    fn common(fields: &[u8], name: &[u8]) -> Entry {
        Entry {
            name: String::new(),
            raw_name: name.to_vec(),
            flags: u16_at(fields, 0),
            method: u16_at(fields, 2),
            crc: u32_at(fields, 8),
            packed: u64::from(u32_at(fields, 12)),
            size: u64::from(u32_at(fields, 16)),
            mode: 0,
            offset: 0,
            oddities: Vec::new(),
        }
    }

    fn set_name(&mut self, bytes: &[u8]) {
        let name = decoded(bytes, self.flags);
        if let Some((shown, hidden)) = name.split_once('\0') {
            self.oddities.push(format!("a NUL in its name, before `{}`: readers disagree where it ends", cut(hidden)));
            self.name = shown.to_owned();
        } else {
            self.name = name;
        }
    }

    /// Reads the extra fields that change what an entry is.
    fn extra(&mut self, mut extra: &[u8], offset: &mut u64) -> Result<(), String> {
        while extra.len() >= 4 {
            let (id, length) = (u16_at(extra, 0), usize::from(u16_at(extra, 2)));
            let field = extra.get(4..4 + length).ok_or("an extra field of an entry is cut short")?;
            match id {
                ZIP_64 => self.wide(field, offset)?,
                // A version and a checksum come first (APPNOTE.TXT 4.6.9).
                UNICODE_NAME if field.get(5..).is_some_and(|name| name != self.raw_name) => {
                    let other = String::from_utf8_lossy(field.get(5..).unwrap_or_default()).into_owned();
                    self.oddities.push(format!("a second name, `{}`, which some readers take", cut(&other)));
                }
                _ => {}
            }
            extra = extra.get(4 + length..).unwrap_or_default();
        }
        Ok(())
    }

    fn wide(&mut self, mut field: &[u8], offset: &mut u64) -> Result<(), String> {
        for number in [&mut self.size, &mut self.packed, offset] {
            if *number == u64::from(u32::MAX) {
                if field.len() < 8 {
                    return Err("the size of an entry is cut short".to_owned());
                }
                *number = u64_at(field, 0);
                field = field.get(8..).unwrap_or_default();
            }
        }
        Ok(())
    }

    pub(super) fn is_folder(&self) -> bool {
        self.name.ends_with('/')
    }

    fn kind(&self) -> u32 {
        self.mode & 0o170_000
    }

    pub(super) fn is_link(&self) -> bool {
        self.kind() == 0o120_000
    }

    pub(super) fn is_special(&self) -> bool {
        !matches!(self.kind(), 0 | 0o100_000 | 0o040_000 | 0o120_000)
    }

    pub(super) fn is_executable(&self) -> bool {
        self.mode & 0o111 != 0
    }

    /// Why its contents cannot be read.
    pub(super) fn unreadable(&self) -> Option<String> {
        if self.flags & (ENCRYPTED | STRONG | MASKED) != 0 {
            return Some("it is encrypted, and was not read".to_owned());
        }
        if self.flags & PATCH != 0 {
            return Some("it is a patch of another file, and was not read".to_owned());
        }
        match self.method {
            STORED | DEFLATED => None,
            method => Some(format!("it is compressed by method {method}, which is not read")),
        }
    }
}

/// Names are UTF-8 where a flag says so, else in code page 437, whose lower half is ASCII.
fn decoded(bytes: &[u8], flags: u16) -> String {
    if flags & UTF_8 != 0 || bytes.is_ascii() {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    bytes
        .iter()
        .map(|&byte| CODE_PAGE_437.get(usize::from(byte).wrapping_sub(128)).copied().unwrap_or(byte.into()))
        .collect()
}

/// The upper half of code page 437.
const CODE_PAGE_437: [char; 128] = [
    'Ç', 'ü', 'é', 'â', 'ä', 'à', 'å', 'ç', 'ê', 'ë', 'è', 'ï', 'î', 'ì', 'Ä', 'Å', 'É', 'æ', 'Æ', 'ô', 'ö', 'ò', 'û',
    'ù', 'ÿ', 'Ö', 'Ü', '¢', '£', '¥', '₧', 'ƒ', 'á', 'í', 'ó', 'ú', 'ñ', 'Ñ', 'ª', 'º', '¿', '⌐', '¬', '½', '¼', '¡',
    '«', '»', '░', '▒', '▓', '│', '┤', '╡', '╢', '╖', '╕', '╣', '║', '╗', '╝', '╜', '╛', '┐', '└', '┴', '┬', '├', '─',
    '┼', '╞', '╟', '╚', '╔', '╩', '╦', '╠', '═', '╬', '╧', '╨', '╤', '╥', '╙', '╘', '╒', '╓', '╫', '╪', '┘', '┌', '█',
    '▄', '▌', '▐', '▀', 'α', 'ß', 'Γ', 'π', 'Σ', 'σ', 'µ', 'τ', 'Φ', 'Θ', 'Ω', 'δ', '∞', 'φ', 'ε', '∩', '≡', '±', '≥',
    '≤', '⌠', '⌡', '÷', '≈', '°', '∙', '·', '√', 'ⁿ', '²', '■', '\u{a0}',
];

/// An entry's own header, and where its contents lie.
#[derive(Debug)]
pub(super) struct Local {
    /// Where the contents start.
    pub(super) start: usize,
    /// Where they end.
    pub(super) end_of_data: usize,
    /// Where the entry ends, with what follows the contents.
    pub(super) end: usize,
    /// What differs from the directory.
    pub(super) oddities: Vec<String>,
}

impl Local {
    /// The header of an entry of the directory, which starts at `directory`.
    pub(super) fn read(bytes: &[u8], entry: &Entry, directory: usize) -> Result<Local, String> {
        let lost = "its header is not where the directory says";
        let header = bytes.get(entry.offset..entry.offset.saturating_add(LOCAL_BYTES)).ok_or(lost)?;
        if !header.starts_with(LOCAL) {
            return Err(lost.to_owned());
        }
        let [name, extra] = [26, 28].map(|at| usize::from(u16_at(header, at)));
        let start = entry.offset + LOCAL_BYTES + name + extra;
        let packed = usize::try_from(entry.packed).unwrap_or(usize::MAX);
        let end_of_data = start.saturating_add(packed);
        if end_of_data > directory {
            return Err("its contents reach into the directory".to_owned());
        }
        let own_name = bytes.get(entry.offset + LOCAL_BYTES..entry.offset + LOCAL_BYTES + name).unwrap_or_default();
        let mut local = Local { start, end_of_data, end: end_of_data, oddities: Vec::new() };
        local.compare(entry, header, own_name);
        if u16_at(header, 6) & SIZES_FOLLOW != 0 {
            local.end += descriptor(bytes, end_of_data, entry);
        }
        Ok(local)
    }

    fn compare(&mut self, entry: &Entry, header: &[u8], name: &[u8]) {
        if name != entry.raw_name {
            let other = cut(&decoded(name, u16_at(header, 6))).to_owned();
            self.oddities.push(format!("its header calls it `{other}`, the directory `{}`", cut(&entry.name)));
        }
        let (flags, method) = (u16_at(header, 6), u16_at(header, 8));
        if method != entry.method || (flags ^ entry.flags) & (ENCRYPTED | SIZES_FOLLOW | UTF_8) != 0 {
            self.oddities.push("its header and the directory disagree how it is packed".to_owned());
        }
        let [crc, packed, size] = [14, 18, 22].map(|at| u32_at(header, at));
        let is = |own: u32, listed: u64| own == u32::MAX || u64::from(own) == listed;
        // Zero where the sizes follow the contents; some tools fill them in all the same.
        let follows = flags & SIZES_FOLLOW != 0;
        let agrees = is(packed, entry.packed) && is(size, entry.size) && crc == entry.crc;
        let is_left_out = follows && [crc, packed, size] == [0; 3];
        if !agrees && !is_left_out {
            self.oddities.push("its header and the directory disagree about its size or checksum".to_owned());
        }
    }

    /// An entry that only a streaming reader finds, before `end`. One whose size is not in its header
    /// takes all there is.
    pub(super) fn hidden(bytes: &[u8], offset: usize, end: usize) -> Option<(Entry, Local)> {
        let header = bytes.get(offset..offset.saturating_add(LOCAL_BYTES))?;
        let [name, extra] = [26, 28].map(|at| usize::from(u16_at(header, at)));
        let start = offset + LOCAL_BYTES + name + extra;
        let own_name = bytes.get(offset + LOCAL_BYTES..offset + LOCAL_BYTES + name)?;
        let mut entry = Entry { offset, ..Entry::common(header.get(6..)?, own_name) };
        entry.set_name(own_name);
        let end_of_data = start.checked_add(usize::try_from(entry.packed).ok()?)?;
        (start <= end && end_of_data <= end)
            .then_some((entry, Local { start, end_of_data, end: end_of_data, oddities: Vec::new() }))
    }
}

/// Length of the sizes that follow the contents: with or without signature, in 32 or 64 bits.
fn descriptor(bytes: &[u8], at: usize, entry: &Entry) -> usize {
    let field = bytes.get(at..).unwrap_or_default();
    let signed = if field.starts_with(b"PK\x07\x08") { 4 } else { 0 };
    if u32_at(field, signed) != entry.crc {
        return 0;
    }
    let is_wide = u64_at(field, signed + 4) == entry.packed && u64_at(field, signed + 12) == entry.size;
    let is_narrow = u64::from(u32_at(field, signed + 4)) == entry.packed;
    match (is_wide, is_narrow) {
        (true, _) => signed + 20,
        (false, true) => signed + 12,
        (false, false) => 0,
    }
}

fn cut(text: &str) -> &str {
    text.char_indices().nth(100).map_or(text, |(at, _)| text.get(..at).unwrap_or(text))
}

enum Source<'b> {
    Stored(&'b [u8]),
    Deflated(Box<DeflateDecoder<&'b [u8]>>),
}

/// The contents of an entry: exactly as many bytes as the directory says, or an error.
pub(super) struct Body<'b> {
    source: Source<'b>,
    left: u64,
    crc: u32,
    seen: flate2::Crc,
    hasher: blake3::Hasher,
    failed: Option<String>,
}

impl<'b> Body<'b> {
    pub(super) fn new(packed: &'b [u8], entry: &Entry) -> Body<'b> {
        let source = match entry.method {
            DEFLATED => Source::Deflated(Box::new(DeflateDecoder::new(packed))),
            _ => Source::Stored(packed),
        };
        Body {
            source,
            left: entry.size,
            crc: entry.crc,
            seen: flate2::Crc::new(),
            hasher: blake3::Hasher::new(),
            failed: None,
        }
    }

    fn source(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.source {
            Source::Stored(bytes) => bytes.read(buffer),
            Source::Deflated(decoder) => decoder.read(buffer),
        }
    }

    fn fail(&mut self, why: impl Into<String>) -> io::Error {
        let why = self.failed.get_or_insert(why.into());
        io::Error::new(io::ErrorKind::InvalidData, why.clone())
    }

    /// After everything was read: the BLAKE3 of the contents.
    pub(super) fn finish(mut self) -> Result<[u8; 32], String> {
        if let Some(why) = self.failed {
            return Err(why);
        }
        match self.source(&mut [0]) {
            Ok(0) => {}
            _ => return Err("it unpacks to more than the directory says".to_owned()),
        }
        match self.seen.sum() == self.crc {
            true => Ok(*self.hasher.finalize().as_bytes()),
            false => Err("its checksum is wrong".to_owned()),
        }
    }
}

impl Read for Body<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(why) = &self.failed {
            return Err(io::Error::new(io::ErrorKind::InvalidData, why.clone()));
        }
        let length = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let Some(part) = buffer.get_mut(..length).filter(|part| !part.is_empty()) else { return Ok(0) };
        let got = match self.source(part) {
            Ok(0) => return Err(self.fail("it ends before the size that the directory says")),
            Ok(got) => got,
            Err(error) => return Err(self.fail(format!("it cannot be decompressed: {error}"))),
        };
        self.left -= got as u64;
        let read = buffer.get(..got).unwrap_or_default();
        self.seen.update(read);
        self.hasher.update(read);
        Ok(got)
    }
}
