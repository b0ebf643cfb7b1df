//! Hand-made tar bytes: every field can be wrong.
#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "helpers of tests are not seen as tests")]

pub(crate) mod zipped;

use flate2::{Compression, write::GzEncoder};
use std::io::Write;
use vetch_archive::{ArchiveSummary, Layout, Limits, read};
use vetch_model::facts::AnomalyKind;

/// A header block under construction.
#[derive(Clone)]
pub(crate) struct Block(pub(crate) [u8; 512]);

impl Block {
    pub(crate) fn new(path: &str, size: u64) -> Self {
        let mut block = Block([0; 512]);
        block
            .put(0, path.as_bytes())
            .put(100, b"0000644\0")
            .put(108, b"0000000\0")
            .put(116, b"0000000\0")
            .put(124, format!("{size:011o}\0").as_bytes())
            .put(136, b"00000000000\0")
            .put(156, b"0")
            .put(257, b"ustar\x0000");
        block
    }

    pub(crate) fn put(&mut self, at: usize, bytes: &[u8]) -> &mut Self {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    pub(crate) fn kind(mut self, flag: u8) -> Self {
        self.0[156] = flag;
        self
    }

    pub(crate) fn link(mut self, target: &str) -> Self {
        self.put(157, target.as_bytes());
        self
    }

    /// The block with its checksum.
    pub(crate) fn seal(mut self) -> Vec<u8> {
        self.0[148..156].fill(b' ');
        let sum: u32 = self.0.iter().map(|byte| u32::from(*byte)).sum();
        self.put(148, format!("{sum:06o}\0 ").as_bytes());
        self.0.to_vec()
    }

    /// The block, its checksum and these contents, padded.
    pub(crate) fn with(self, contents: &[u8]) -> Vec<u8> {
        let mut bytes = self.seal();
        bytes.extend_from_slice(contents);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
        bytes
    }
}

pub(crate) fn file(path: &str, contents: &str) -> Vec<u8> {
    Block::new(path, contents.len() as u64).with(contents.as_bytes())
}

/// An extension header (`x`, `g`, `L`, `K`).
pub(crate) fn extension(flag: u8, contents: &[u8]) -> Vec<u8> {
    Block::new("ext", contents.len() as u64).kind(flag).with(contents)
}

/// One PAX record with its length.
pub(crate) fn record(key: &str, value: &str) -> String {
    let rest = key.len() + value.len() + 3;
    let length = (1..).map(|digits| rest + digits).find(|length| length.to_string().len() == length - rest);
    format!("{} {key}={value}\n", length.unwrap())
}

pub(crate) fn pax(records: &[(&str, &str)]) -> Vec<u8> {
    let text: String = records.iter().map(|(key, value)| record(key, value)).collect();
    extension(b'x', text.as_bytes())
}

/// All parts and the two zero blocks.
pub(crate) fn tar(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = parts.concat();
    bytes.extend_from_slice(&[0; 1024]);
    bytes
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// What a visitor saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) contents: Vec<u8>,
    pub(crate) executable: bool,
    pub(crate) installed: bool,
}

pub(crate) struct Run {
    pub(crate) seen: Vec<Seen>,
    pub(crate) summary: ArchiveSummary,
}

impl Run {
    /// `(path, contents)` of the installed files, in the order of the archive.
    pub(crate) fn installed(&self) -> Vec<(&str, &str)> {
        let installed = self.seen.iter().filter(|seen| seen.installed);
        installed.map(|seen| (seen.path.as_str(), std::str::from_utf8(&seen.contents).unwrap())).collect()
    }

    pub(crate) fn kinds(&self) -> Vec<AnomalyKind> {
        self.summary.anomalies.iter().map(|anomaly| anomaly.kind).collect()
    }
}

pub(crate) fn run_with(bytes: &[u8], limits: &Limits) -> Run {
    run_as(bytes, &Layout::Npm, limits)
}

pub(crate) fn run_as(bytes: &[u8], layout: &Layout, limits: &Limits) -> Run {
    let mut seen = Vec::new();
    let summary = read(bytes, layout, limits, &mut |entry| {
        let mut contents = Vec::new();
        entry.body.read_to_end(&mut contents)?;
        assert_eq!(contents.len() as u64, entry.size);
        let (executable, installed) = (entry.executable, entry.installed);
        seen.push(Seen { path: entry.path.to_owned(), contents, executable, installed });
        Ok(())
    });
    Run { seen, summary: summary.unwrap() }
}

pub(crate) fn run(bytes: &[u8]) -> Run {
    run_with(bytes, &Limits::default())
}

/// As a wheel is installed.
pub(crate) fn run_named(bytes: &[u8]) -> Run {
    run_as(bytes, &Layout::AsNamed, &Limits::default())
}
