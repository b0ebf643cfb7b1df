//! Any bytes: no panic, no more than the limits allow. Sound archives: what
//! went in comes out.

#![allow(clippy::unwrap_used, reason = "helpers of tests are not seen as tests")]

mod common;

use common::zipped::{Entry, zip};
use common::{Block, extension, file, gzip, pax, run, tar};
use proptest::prelude::*;
use std::collections::BTreeMap;
use vetch_archive::{Layout, Limits, content_hash, digest_files, digest_reader, read, survey};

/// Limits small enough to be met.
fn small() -> Limits {
    Limits {
        compressed_bytes: 20_000,
        total_bytes: 12_000,
        file_bytes: 3000,
        entries: 12,
        depth: 8,
        path_bytes: 300,
        all_path_bytes: 900,
        ratio: 40,
        ratio_floor: 6000,
        anomalies_per_kind: 3,
    }
}

fn check_limits(bytes: &[u8]) {
    for layout in [Layout::Npm, Layout::AsNamed, Layout::Below("package".to_owned())] {
        check_limits_as(bytes, &layout);
    }
    // Whatever it lists, it lists without panic and within limits.
    survey(bytes, &small()).shape();
}

fn check_limits_as(bytes: &[u8], layout: &Layout) {
    let limits = small();
    let mut handed_over = 0;
    let summary = read(bytes, layout, &limits, &mut |entry| {
        assert!(entry.path.len() <= limits.path_bytes + 40);
        assert!(!entry.path.starts_with('/') && entry.path.split(['/', '\\']).all(|part| part != ".."));
        let mut chunk = [0; 100];
        loop {
            // An error is the archive's: the visitor passes it on.
            match entry.body.read(&mut chunk)? {
                0 => return Ok(()),
                got => handed_over += got as u64,
            }
        }
    })
    .unwrap();
    assert!(handed_over <= summary.decompressed && summary.decompressed <= limits.total_bytes);
    assert!(summary.anomalies.len() <= 9 * (limits.anomalies_per_kind + 1));
    assert!(summary.files <= limits.entries);
}

/// An archive with some of everything.
fn sample() -> Vec<u8> {
    tar(&[
        file("package/package.json", "{}"),
        pax(&[("path", "package/pax"), ("size", "600")]),
        Block::new("package/short", 1).with(&[b'x'; 600]),
        extension(b'L', b"package/long/name\0"),
        file("package/n", "n"),
        extension(b'g', common::record("comment", "c").as_bytes()),
        Block::new("package/link", 0).kind(b'2').link("x").seal(),
        Block::new("package/folder/", 0).kind(b'5').seal(),
        file("package/last", &"y".repeat(2500)),
    ])
}

fn sample_zip() -> Vec<u8> {
    let link = Entry { mode: 0o120_777, ..Entry::new("package/link", "x") };
    let hidden = Entry { hidden: true, ..Entry::new("package/hidden.py", "h") };
    let streamed = Entry { streamed: true, ..Entry::new("package/streamed.py", "s".repeat(900)) };
    zip(&[
        Entry::new("package/a.py", "a = 1\n"),
        Entry::new("package/stored.py", "s").stored(),
        streamed,
        hidden,
        link,
        Entry::new("package/folder/", ""),
    ])
}

fn names() -> impl Strategy<Value = BTreeMap<String, Vec<u8>>> {
    let name = "[a-z]{1,8}(/[a-z]{1,60}){0,4}\\.js";
    proptest::collection::btree_map(name, proptest::collection::vec(any::<u8>(), 0..1500), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_archives(edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12), packed: bool, reseal: bool) {
        let mut bytes = sample();
        for (at, value) in edits {
            let at = at.index(bytes.len());
            bytes[at] = value;
            // Past the checksum, or few mutations would get anywhere.
            let start = at / 512 * 512;
            if reseal && &bytes[start + 257..start + 262] == b"ustar" {
                let mut block = Block([0; 512]);
                block.0.copy_from_slice(&bytes[start..start + 512]);
                bytes[start..start + 512].copy_from_slice(&block.seal());
            }
        }
        check_limits(&if packed { gzip(&bytes) } else { bytes });
    }

    #[test]
    fn mutated_gzip(edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), cut: prop::sample::Index) {
        let mut bytes = gzip(&sample());
        for (at, value) in edits {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        check_limits(&bytes);
        check_limits(&bytes[..cut.index(bytes.len())]);
    }

    #[test]
    fn mutated_zips(edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12), cut: prop::sample::Index) {
        let mut bytes = sample_zip();
        for (at, value) in edits {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        check_limits(&bytes);
        check_limits(&bytes[cut.index(bytes.len())..]);
        check_limits(&bytes[..cut.index(bytes.len())]);
    }

    #[test]
    fn zips_round_trip(files in names(), stored: bool, streamed: bool) {
        let entries = files.iter().map(|(name, contents)| {
            let entry = Entry { streamed, ..Entry::new(name, contents) };
            if stored { entry.stored() } else { entry }
        });
        let seen = common::run_named(&zip(&entries.collect::<Vec<_>>()));
        prop_assert_eq!(seen.kinds(), vec![]);
        let read: BTreeMap<String, Vec<u8>> = seen.seen.into_iter().map(|seen| (seen.path, seen.contents)).collect();
        // A file where another has its folder gives way.
        let is_folder = |name: &String| files.keys().any(|other| other.starts_with(&format!("{name}/")));
        if !files.keys().any(is_folder) {
            prop_assert_eq!(read, files);
        }
    }

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
        check_limits(&bytes);
    }

    #[test]
    fn round_trip(files in names(), gnu: bool) {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, contents) in &files {
            let path = format!("package/{name}");
            // Not `append_pax_extensions`: its headers have no path, and npm passes over such.
            let mut header = tar::Header::new_ustar();
            if gnu || header.set_path(&path).is_err() {
                header = tar::Header::new_gnu();
            }
            header.set_size(contents.len() as u64);
            header.set_mode(0o755);
            builder.append_data(&mut header, path, contents.as_slice()).unwrap();
        }
        let bytes = builder.into_inner().unwrap();
        let seen = run(&gzip(&bytes));
        prop_assert_eq!(&seen.summary.anomalies, &[]);
        prop_assert!(seen.seen.iter().all(|seen| seen.executable && seen.installed));
        let found: BTreeMap<String, Vec<u8>> = seen.seen.into_iter().map(|seen| (seen.path, seen.contents)).collect();
        prop_assert_eq!(&found, &files);
        let digests: Vec<_> = files.iter().map(|(path, contents)| digest_reader(path, contents.as_slice()).unwrap()).collect();
        let (found, _) = digest_files(bytes.as_slice(), &Limits::default()).unwrap();
        prop_assert_eq!(content_hash(&found), content_hash(&digests));
    }
}
