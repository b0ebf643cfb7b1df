//! Zips made by hand, honest and hostile.

use std::io::Write;

use flate2::write::{DeflateEncoder, GzEncoder};
use flate2::{Compression, Crc};

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

struct Directory {
    bytes: Vec<u8>,
    count: u16,
}

impl Directory {
    fn add(&mut self, name: &str, packed: usize, contents: &[u8], offset: usize) {
        self.bytes.extend(b"PK\x01\x02\x14\x00\x14\x00");
        self.bytes.extend(common(name, packed, contents));
        self.bytes.extend([0; 10]);
        self.bytes.extend((offset as u32).to_le_bytes());
        self.bytes.extend(name.as_bytes());
        self.count = self.count.saturating_add(1);
    }

    fn end(self, mut archive: Vec<u8>) -> Vec<u8> {
        let offset = archive.len() as u32;
        let length = self.bytes.len() as u32;
        archive.extend(self.bytes);
        archive.extend(b"PK\x05\x06\0\0\0\0");
        archive.extend(self.count.to_le_bytes());
        archive.extend(self.count.to_le_bytes());
        archive.extend(length.to_le_bytes());
        archive.extend(offset.to_le_bytes());
        archive.extend([0, 0]);
        archive
    }
}

/// Flags, method, time, checksum, sizes, lengths.
fn common(name: &str, packed: usize, contents: &[u8]) -> Vec<u8> {
    let mut crc = Crc::new();
    crc.update(contents);
    let mut bytes = vec![0, 0, 8, 0, 0, 0, 0, 0];
    bytes.extend(crc.sum().to_le_bytes());
    bytes.extend((packed as u32).to_le_bytes());
    bytes.extend((contents.len() as u32).to_le_bytes());
    bytes.extend((name.len() as u16).to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

fn local(archive: &mut Vec<u8>, name: &str, contents: &[u8], packed: &[u8]) {
    archive.extend(b"PK\x03\x04\x14\x00");
    archive.extend(common(name, packed.len(), contents));
    archive.extend(name.as_bytes());
    archive.extend(packed);
}

pub(crate) fn zip(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = Vec::new();
    let mut directory = Directory { bytes: Vec::new(), count: 0 };
    for (name, contents) in entries {
        let packed = deflated(contents);
        directory.add(name, packed.len(), contents, archive.len());
        local(&mut archive, name, contents, &packed);
    }
    directory.end(archive)
}

/// Many entries that are all the same bytes.
pub(crate) fn overlapping(contents: &str, count: u32) -> Vec<u8> {
    let mut archive = Vec::new();
    let mut directory = Directory { bytes: Vec::new(), count: 0 };
    let packed = deflated(contents.as_bytes());
    local(&mut archive, "a.json", contents.as_bytes(), &packed);
    for _ in 0..count.min(60_000) {
        directory.add("a.json", packed.len(), contents.as_bytes(), 0);
    }
    directory.end(archive)
}
