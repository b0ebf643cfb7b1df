//! Hand-made zip bytes: every field can be wrong.

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use std::io::Write;

/// One entry; the directory and the header before the entry can say different things.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    /// In the header before the entry, if that says otherwise.
    pub(crate) local_name: Option<Vec<u8>>,
    pub(crate) contents: Vec<u8>,
    pub(crate) method: u16,
    pub(crate) flags: u16,
    pub(crate) mode: u32,
    pub(crate) extra: Vec<u8>,
    /// As the directory has it.
    pub(crate) size: Option<u32>,
    pub(crate) crc: Option<u32>,
    pub(crate) local_size: Option<u32>,
    /// Left out of the directory.
    pub(crate) hidden: bool,
    /// Sizes behind the contents instead of before them.
    pub(crate) streamed: bool,
    /// Of the header, where the directory names another.
    pub(crate) offset: Option<u32>,
}

impl Entry {
    pub(crate) fn new(name: &str, contents: impl AsRef<[u8]>) -> Entry {
        Entry {
            name: name.as_bytes().to_vec(),
            local_name: None,
            contents: contents.as_ref().to_vec(),
            method: 8,
            flags: 0x0800,
            mode: 0o100_644,
            extra: Vec::new(),
            size: None,
            crc: None,
            local_size: None,
            hidden: false,
            streamed: false,
            offset: None,
        }
    }

    pub(crate) fn stored(self) -> Entry {
        Entry { method: 0, ..self }
    }

    fn packed(&self) -> Vec<u8> {
        if self.method != 8 {
            return self.contents.clone();
        }
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&self.contents).unwrap();
        encoder.finish().unwrap()
    }

    fn sum(&self) -> u32 {
        let mut crc = Crc::new();
        crc.update(&self.contents);
        crc.sum()
    }
}

/// The archive of these entries.
pub(crate) fn zip(entries: &[Entry]) -> Vec<u8> {
    let (mut bytes, mut directory, mut count) = (Vec::new(), Vec::new(), 0u16);
    for entry in entries {
        let offset = entry.offset.unwrap_or(bytes.len() as u32);
        let packed = entry.packed();
        let flags = entry.flags | if entry.streamed { 8 } else { 0 };
        let local_name = entry.local_name.as_ref().unwrap_or(&entry.name);
        let size = entry.contents.len() as u32;
        let sizes = match entry.streamed {
            true => [0; 3],
            false => [entry.sum(), packed.len() as u32, entry.local_size.unwrap_or(size)],
        };
        bytes.extend(b"PK\x03\x04\x14\x00");
        common(&mut bytes, flags, entry.method, sizes, local_name.len(), 0);
        bytes.extend(local_name);
        bytes.extend(&packed);
        if entry.streamed {
            bytes.extend(b"PK\x07\x08");
            [entry.sum(), packed.len() as u32, size].iter().for_each(|field| bytes.extend(field.to_le_bytes()));
        }
        if entry.hidden {
            continue;
        }
        count += 1;
        directory.extend(b"PK\x01\x02\x14\x03\x14\x00");
        let sizes = [entry.crc.unwrap_or(entry.sum()), packed.len() as u32, entry.size.unwrap_or(size)];
        common(&mut directory, flags, entry.method, sizes, entry.name.len(), entry.extra.len());
        [0u16; 3].iter().for_each(|field| directory.extend(field.to_le_bytes()));
        directory.extend((entry.mode << 16).to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(&entry.name);
        directory.extend(&entry.extra);
    }
    let start = bytes.len() as u32;
    bytes.extend(&directory);
    bytes.extend(end(count, directory.len() as u32, start, b""));
    bytes
}

fn common(bytes: &mut Vec<u8>, flags: u16, method: u16, sizes: [u32; 3], name: usize, extra: usize) {
    [flags, method, 0, 0x21].iter().for_each(|field| bytes.extend(field.to_le_bytes()));
    sizes.iter().for_each(|field| bytes.extend(field.to_le_bytes()));
    [name as u16, extra as u16].iter().for_each(|field| bytes.extend(field.to_le_bytes()));
}

/// An end record.
pub(crate) fn end(count: u16, length: u32, start: u32, comment: &[u8]) -> Vec<u8> {
    let mut bytes = b"PK\x05\x06\0\0\0\0".to_vec();
    [count, count].iter().for_each(|field| bytes.extend(field.to_le_bytes()));
    [length, start].iter().for_each(|field| bytes.extend(field.to_le_bytes()));
    bytes.extend((comment.len() as u16).to_le_bytes());
    bytes.extend(comment);
    bytes
}

/// A zip in which every size and the offset of one file are told in 64 bits.
pub(crate) fn zip_64(name: &str, contents: &[u8]) -> Vec<u8> {
    let entry = Entry::new(name, contents).stored();
    let plain = zip(std::slice::from_ref(&entry));
    let start = 30 + name.len() + contents.len();
    let mut bytes = plain[..start].to_vec();
    let mut extra = vec![1, 0, 24, 0];
    [contents.len() as u64, contents.len() as u64, 0].iter().for_each(|field| extra.extend(field.to_le_bytes()));
    let mut central = plain[start..start + 46].to_vec();
    central[20..28].fill(0xff);
    central[42..46].fill(0xff);
    central[30..32].copy_from_slice(&(extra.len() as u16).to_le_bytes());
    central.extend(name.as_bytes());
    central.extend(&extra);
    bytes.extend(&central);
    let record = bytes.len() as u64;
    bytes.extend(b"PK\x06\x06");
    bytes.extend(44u64.to_le_bytes());
    bytes.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    [1, 1, central.len() as u64, start as u64].iter().for_each(|field| bytes.extend(field.to_le_bytes()));
    bytes.extend(b"PK\x06\x07\0\0\0\0");
    bytes.extend(record.to_le_bytes());
    bytes.extend(1u32.to_le_bytes());
    bytes.extend(end(u16::MAX, u32::MAX, u32::MAX, b""));
    bytes
}
