//! `cargo xtask bench intel`: makes 250,000 records with the shapes of OSV's own, imports them, and asks for 10,000
//! packages. Prints what each step took, and what the budgets are.
#![allow(clippy::print_stdout, reason = "what it prints is its result")]

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use vetch_intel::snapshot::keys::{self, SigningKey, TrustedKey};
use vetch_intel::{IntelStore, Query, Trust, Watcher};
use vetch_model::history::Time;
use vetch_model::inventory::Ecosystem;

const RECORDS: u64 = 250_000;
const QUERIES: usize = 10_000;

struct Idle;

impl Watcher for Idle {
    fn read(&mut self, _: &str, _: u64) {}
    fn is_cancelled(&self) -> bool {
        false
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let zip = folder.path().join("all.zip");
    let json = generate(&zip)?;
    let state = folder.path().join("state");
    let (mut store, _) = IntelStore::create(&state)?;
    println!("{RECORDS} records, {} MB of JSON, {} MB zipped", json >> 20, fs::metadata(&zip)?.len() >> 20);
    for what in ["import", "the same again"] {
        let (start, before) = (Instant::now(), computing());
        let report = store.import(std::slice::from_ref(&zip), Time(0), &mut Idle)?;
        let source = report.sources.first().ok_or("no source")?;
        println!(
            "{what}: {:.1} s, {:.1} s of them computing ({} added, {} unchanged, {} failed); budget 15 s; peak memory so far {} MB; budget 250 MB",
            start.elapsed().as_secs_f64(),
            (computing() - before).as_secs_f64(),
            source.added,
            source.unchanged,
            source.failed,
            peak_megabytes()
        );
    }
    println!("file: {} MB", fs::metadata(state.join(vetch_intel::FILE_NAME))?.len() >> 20);
    snapshot(folder.path(), &store)?;
    drop(store);
    look_up(&state)
}

/// Packs everything, signs it, and takes it in elsewhere.
fn snapshot(folder: &Path, store: &IntelStore) -> Result<(), Box<dyn Error>> {
    let file = folder.join("all.vetch-intel");
    let pair = keys::generate(None)?;
    let start = Instant::now();
    let mut packed = store.pack(&mut Idle)?;
    std::io::copy(&mut packed.reader()?, &mut File::create(&file)?)?;
    let signature = SigningKey::parse(&pair.secret, None)?.sign(File::open(&file)?, "bench")?;
    fs::write(folder.join("all.vetch-intel.minisig"), signature)?;
    println!("packed and signed: {:.1} s, {} MB", start.elapsed().as_secs_f64(), fs::metadata(&file)?.len() >> 20);
    let trust = Trust { keys: vec![TrustedKey::parse(&pair.public)?], allows_older: false };
    let (mut other, _) = IntelStore::create(&folder.join("other"))?;
    for what in ["loaded", "in place of the same"] {
        let start = Instant::now();
        other.import_trusting(std::slice::from_ref(&file), &trust, Time(0), &mut Idle)?;
        println!(
            "{what}: {:.1} s; budget 10 s; peak memory so far {} MB",
            start.elapsed().as_secs_f64(),
            peak_megabytes()
        );
    }
    Ok(())
}

fn look_up(state: &Path) -> Result<(), Box<dyn Error>> {
    let names: Vec<(Ecosystem, String, String)> = (0..QUERIES as u64).map(wanted).collect();
    for run in ["first", "second", "third"] {
        let start = Instant::now();
        let store = IntelStore::open(state)?.ok_or("no store")?;
        let opened = start.elapsed();
        let queries: Vec<Query<'_>> = names
            .iter()
            .filter(|n| match run {
                "q" => n.1.starts_with("quiet"),
                "l" => n.1.starts_with("lib"),
                _ => true,
            })
            .map(|(ecosystem, name, version)| Query { ecosystem, name, version, known: Vec::new() })
            .collect();
        let (start, before) = (Instant::now(), computing());
        let found = store.look_up(&queries)?;
        println!(
            "{run}: opened in {}, {QUERIES} packages in {}, {} computing ({} with advisories); budgets 20 ms and 100 ms",
            shown(opened),
            shown(start.elapsed()),
            shown(computing() - before),
            found.iter().filter(|advisories| !advisories.is_empty()).count()
        );
    }
    Ok(())
}

/// Time that this thread was computing, where the system tells it: others may be busy, too.
fn computing() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split_whitespace().next().and_then(|first| first.parse().ok()).unwrap_or_default())
}

fn shown(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1_000.0)
}

/// Of every third package something is known, as in a tree of popular ones; one in ten of these is old enough for it.
fn wanted(number: u64) -> (Ecosystem, String, String) {
    let ecosystem = if number.is_multiple_of(2) { Ecosystem::Npm } else { Ecosystem::Pypi };
    match number % 3 {
        0 => {
            let version = if number.is_multiple_of(30) { "1.2.3" } else { "1.9.3" };
            (ecosystem, format!("lib-{}", number % 4_000), version.to_owned())
        }
        _ => (ecosystem, format!("quiet-{number}"), "1.0.0".to_owned()),
    }
}

/// A number that looks random and is always the same.
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x1234_5678);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z ^ (z >> 27)
}

/// Nine of ten are malware of a package of its own, as in OSV's dump of npm; the others are vulnerabilities of libraries,
/// half with GitHub's ranges, half with PyPA's long lists.
fn record(number: u64) -> (String, String) {
    let random = mixed(number);
    if !number.is_multiple_of(10) {
        let id = format!("MAL-{}-{number}", 2022 + number % 5);
        let ecosystem = if random.is_multiple_of(5) { "PyPI" } else { "npm" };
        let affected = match random % 3 {
            0 => r#""versions": ["1.0.0", "1.0.1"]"#.to_owned(),
            1 => r#""ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]"#.to_owned(),
            _ => r#""ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}], "versions": ["1.0.0"]"#.to_owned(),
        };
        let digest = format!("{random:016x}").repeat(4);
        let text = format!(
            r#"{{"modified": "2026-01-02T03:04:05Z", "published": "2026-01-02T03:04:05Z", "schema_version": "1.7.4", "id": "{id}",
            "aliases": ["GHSA-{random:x}"], "summary": "Malicious code in pkg-{random:x} ({ecosystem})",
            "details": "\n---\n_-= Per source details. Do not edit below this line.=-_\n\n## Source: ghsa-malware ({digest})\nAny computer that has this package installed or running should be considered fully compromised. All secrets and keys stored on that computer should be rotated immediately from a different computer.\n",
            "affected": [{{"package": {{"ecosystem": "{ecosystem}", "name": "pkg-{random:x}"}}, {affected},
            "database_specific": {{"cwes": [{{"cweId": "CWE-506", "description": "The product contains code that appears to be malicious in nature.", "name": "Embedded Malicious Code"}}]}}}}],
            "references": [{{"type": "ADVISORY", "url": "https://advisories.invalid/{random:x}"}}],
            "credits": [{{"name": "Somebody", "type": "FINDER", "contact": ["https://somebody.invalid"]}}],
            "database_specific": {{"malicious-packages-origins": [{{"source": "ghsa-malware", "sha256": "{digest}", "import_time": "2026-01-02T03:04:05Z", "id": "GHSA-{random:x}", "modified_time": "2026-01-02T03:04:05Z", "versions": ["1.0.0", "1.0.1"]}}]}}}}"#
        );
        return (id, text);
    }
    let id = format!("GHSA-v{number}");
    let library = random % 4_000;
    let (ecosystem, versions) = match random % 2 {
        0 => ("npm", String::new()),
        _ => {
            let list: Vec<String> = (0..60).map(|n| format!("\"{}.{}.{}\"", n / 30, n % 30, n % 5)).collect();
            ("PyPI", format!(r#", "versions": [{}]"#, list.join(", ")))
        }
    };
    let text = format!(
        r#"{{"schema_version": "1.4.0", "id": "{id}", "modified": "2025-03-04T05:06:07.891011Z", "published": "2024-01-01T00:00:00Z",
        "aliases": ["CVE-2024-{number}", "PYSEC-2024-{number}"], "summary": "Something is wrong in lib-{library}", "details": "{}",
        "severity": [{{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}}],
        "affected": [{{"package": {{"ecosystem": "{ecosystem}", "name": "lib-{library}"}}, "ranges": [{{"type": "ECOSYSTEM",
        "events": [{{"introduced": "0"}}, {{"fixed": "1.{}.9"}}]}}, {{"type": "ECOSYSTEM", "events": [{{"introduced": "2.0.0"}}, {{"fixed": "2.{}.0"}}]}}]{versions}}}],
        "references": [{{"type": "WEB", "url": "https://nvd.invalid/{number}"}}, {{"type": "FIX", "url": "https://git.invalid/{number}"}}],
        "database_specific": {{"cwe_ids": ["CWE-79"], "severity": "HIGH", "github_reviewed": true}}}}"#,
        "An attacker who can send requests may read what they should not. ".repeat(12),
        random % 9,
        random % 5,
    );
    (id, text)
}

/// Writes the zip, and gives the size of all JSON.
fn generate(path: &Path) -> Result<u64, Box<dyn Error>> {
    let mut out = BufWriter::new(File::create(path)?);
    let (mut directory, mut at, mut total) = (Vec::new(), 0u64, 0u64);
    for number in 0..RECORDS {
        let (id, text) = record(number);
        let name = format!("{id}.json");
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes())?;
        let packed = encoder.finish()?;
        let mut crc = Crc::new();
        crc.update(text.as_bytes());
        let mut common = vec![20, 0, 0, 0, 8, 0, 0, 0, 0, 0];
        common.extend(crc.sum().to_le_bytes());
        common.extend(u32::try_from(packed.len())?.to_le_bytes());
        common.extend(u32::try_from(text.len())?.to_le_bytes());
        common.extend(u16::try_from(name.len())?.to_le_bytes());
        common.extend([0, 0]);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(u32::try_from(at)?.to_le_bytes());
        directory.extend(name.as_bytes());
        out.write_all(b"PK\x03\x04")?;
        out.write_all(&common)?;
        out.write_all(name.as_bytes())?;
        out.write_all(&packed)?;
        at += 4 + common.len() as u64 + name.len() as u64 + packed.len() as u64;
        total += text.len() as u64;
    }
    // More entries than 16 bits hold: the larger end record, as OSV's own zips have it.
    let (size, offset) = (directory.len() as u64, at);
    out.write_all(&directory)?;
    out.write_all(b"PK\x06\x06")?;
    out.write_all(&44u64.to_le_bytes())?;
    out.write_all(&[45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0])?;
    for number in [RECORDS, RECORDS, size, offset] {
        out.write_all(&number.to_le_bytes())?;
    }
    out.write_all(b"PK\x06\x07\0\0\0\0")?;
    out.write_all(&(offset + size).to_le_bytes())?;
    out.write_all(&1u32.to_le_bytes())?;
    out.write_all(b"PK\x05\x06\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0")?;
    out.flush()?;
    Ok(total)
}

/// The most memory that the process had, where the system tells it.
fn peak_megabytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok()).unwrap_or_default() / 1024
}
