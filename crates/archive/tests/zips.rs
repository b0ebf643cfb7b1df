//! Hostile and odd zip archives, byte by byte. What Python makes of each was checked against
//! `zipfile` of CPython 3.11.

#![allow(clippy::unwrap_used, reason = "helpers of tests are not seen as tests")]

mod common;

use common::zipped::{Entry, end, zip, zip_64};
use common::{Block, file, gzip, run_as, run_named, tar};
use vetch_archive::{Layout, Limits, is_zip, read};
use vetch_model::facts::AnomalyKind as Kind;

fn a() -> Entry {
    Entry::new("a/__init__.py", "a = 1\n")
}

fn details(run: &common::Run) -> String {
    run.summary.anomalies.iter().map(|anomaly| anomaly.detail.as_str()).collect::<Vec<_>>().join("; ")
}

#[test]
fn plain() {
    let script = Entry { mode: 0o100_755, ..Entry::new("a-1.data/scripts/run", "#!python\n").stored() };
    let streamed = Entry { streamed: true, ..Entry::new("a/b.py", "b".repeat(5000)) };
    let run = run_named(&zip(&[a(), Entry::new("a/", ""), script, streamed]));
    assert_eq!(run.summary.anomalies, []);
    assert_eq!(run.installed()[0], ("a/__init__.py", "a = 1\n"));
    assert_eq!((run.seen[1].path.as_str(), run.seen[1].executable), ("a-1.data/scripts/run", true));
    assert_eq!(run.seen[2].contents.len(), 5000);
    assert_eq!((run.summary.files, run.summary.bytes), (3, 5015));
    assert!(run.summary.is_complete());
}

#[test]
fn sizes_in_64_bits() {
    let run = run_named(&zip_64("a.py", b"a = 1\n"));
    assert_eq!((run.installed(), run.kinds()), (vec![("a.py", "a = 1\n")], vec![]));
}

#[test]
fn what_is_no_zip() {
    for bytes in [&b""[..], b"PK\x03\x04", b"PK\x05\x06", &[0; 3000], &zip(&[a()])[..40], &zip(&[a()])[10..]] {
        let summary = vetch_archive::read_zip(bytes, &Layout::AsNamed, &Limits::default(), &mut |_| Ok(())).unwrap();
        assert!(!summary.is_complete(), "{bytes:?}");
    }
    // An archive without entries is one.
    assert!(is_zip(&end(0, 0, 0, b"")));
}

#[test]
fn the_directory_and_the_header_disagree() {
    for (entry, said) in [
        (Entry { local_name: Some(b"a/other.py".to_vec()), ..a() }, "calls it `a/other.py`"),
        (Entry { local_size: Some(1), ..a() }, "disagree about its size"),
    ] {
        let run = run_named(&zip(&[entry]));
        assert_eq!(run.kinds(), [Kind::ContradictoryHeaders], "{said}");
        assert!(details(&run).contains(said) && !run.summary.is_complete(), "{}", details(&run));
    }
}

#[test]
fn an_entry_that_the_directory_does_not_have() {
    let hidden = Entry { hidden: true, ..Entry::new("evil.pth", "import evil\n") };
    let run = run_named(&zip(&[
        a(),
        hidden.clone(),
        Entry { name: b"b.py".to_vec(), ..hidden.clone() },
        Entry::new("c.py", ""),
    ]));
    assert_eq!(run.installed(), [("a/__init__.py", "a = 1\n"), ("c.py", "")]);
    let hidden: Vec<&str> = run.seen.iter().filter(|seen| !seen.installed).map(|seen| seen.path.as_str()).collect();
    assert_eq!(hidden, ["!not-installed/3/evil.pth", "!not-installed/4/b.py"], "it is looked at all the same");
    assert_eq!(run.kinds(), [Kind::ContradictoryHeaders]);
}

#[test]
fn bytes_that_belong_to_nothing() {
    let mut bytes = b"#!/bin/sh\nexec something\n".to_vec();
    bytes.extend(zip(&[a()]));
    let run = run_named(&bytes);
    assert_eq!(run.installed(), [("a/__init__.py", "a = 1\n")]);
    assert!(run.kinds().contains(&Kind::TrailingData) && run.summary.is_complete());
    let mut longer = zip(&[a()]);
    longer.extend(b"behind");
    let run = run_named(&longer);
    assert_eq!(run.installed().len(), 1);
    assert_eq!(run.kinds(), [Kind::ContradictoryHeaders], "{}", details(&run));
}

#[test]
fn two_archives_in_one() {
    // A reader that takes offsets as they are finds the first directory, Python the last.
    let (first, second) = (zip(&[Entry::new("a.py", "1")]), zip(&[Entry::new("b.py", "2")]));
    let mut bytes = first.clone();
    bytes.extend(&second);
    let run = run_named(&bytes);
    assert_eq!(run.installed(), [("b.py", "2")]);
    assert!(run.seen.iter().any(|seen| seen.path.ends_with("a.py") && !seen.installed));
    assert!(!run.summary.is_complete());
}

#[test]
fn tar_and_zip_at_once() {
    for first in [gzip(&tar(&[file("a-1/setup.py", "1")])), tar(&[file("a-1/setup.py", "1")])] {
        let mut bytes = first;
        bytes.extend(zip(&[Entry::new("a-1/setup.py", "2")]));
        assert!(is_zip(&bytes), "pip takes it for one");
        let run = run_as(&bytes, &Layout::Below("a-1".to_owned()), &Limits::default());
        assert_eq!(run.installed(), [("setup.py", "2")]);
        assert!(details(&run).contains("begins as a tar archive") && !run.summary.is_complete());
    }
    // Nor does it have to be at the end: `zipfile` looks for it in the last 64 KB.
    let nested = tar(&[Block::new("a-1/x.zip", zip(&[a()]).len() as u64).with(&zip(&[a()]))]);
    assert!(is_zip(&nested) && !run_named(&nested).summary.is_complete());
    assert!(!is_zip(&gzip(&nested)));
}

#[test]
fn duplicates() {
    let run = run_named(&zip(&[Entry::new("a.py", "1"), Entry::new("a.py", "2")]));
    assert_eq!(run.kinds(), [Kind::DuplicateEntry]);
    assert_eq!(run.summary.installed["a.py"].blake3, *blake3::hash(b"2").as_bytes(), "as `zipfile`, the last");
    let run = run_named(&zip(&[Entry::new("A.py", "1"), Entry::new("a.py", "2")]));
    assert_eq!(run.kinds(), [Kind::CollidingNames]);
}

#[test]
fn names_that_lead_out() {
    for name in ["../evil.pth", "/etc/cron.d/x", "a/../../b.py", "C:/x.py", "a\\..\\b.py"] {
        let run = run_named(&zip(&[Entry::new(name, "x"), a()]));
        assert_eq!(run.installed().len(), 1, "{name}");
        assert!(run.seen.iter().all(|seen| !seen.path.split(['/', '\\']).any(|part| part == "..")));
        assert_eq!(run.kinds(), [Kind::PathEscape], "{name}");
    }
}

#[test]
fn a_nul_ends_a_name() {
    let run = run_named(&zip(&[Entry::new("evil.py\0.txt", "x")]));
    assert_eq!(run.installed(), [("evil.py", "x")]);
    assert!(!run.summary.is_complete());
}

#[test]
fn names_of_another_time() {
    let entry = Entry { flags: 0, name: b"caf\x82.py".to_vec(), ..a() };
    assert_eq!(run_named(&zip(&[entry])).seen[0].path, "caf\u{e9}.py");
    let mut extra = vec![0x75, 0x70, 12, 0, 1, 0, 0, 0, 0];
    extra.extend(b"evil.py");
    let run = run_named(&zip(&[Entry { extra, ..a() }]));
    assert!(details(&run).contains("second name, `evil.py`"), "{}", details(&run));
}

#[test]
fn links_and_devices() {
    let link = Entry { mode: 0o120_777, ..Entry::new("a/link.py", "/etc/passwd") };
    let device = Entry { mode: 0o020_644, ..Entry::new("a/device", "") };
    let run = run_named(&zip(&[link, device]));
    assert_eq!(run.kinds(), [Kind::Link, Kind::SpecialFile]);
    assert_eq!(run.seen[0].contents, b"/etc/passwd", "as pip writes it");
}

#[test]
fn damage_is_one_entrys_alone() {
    for (entry, said) in [
        (Entry { crc: Some(1), local_name: None, ..a() }, "its checksum is wrong"),
        (Entry { size: Some(9), ..a() }, "ends before the size"),
        (Entry { size: Some(2), ..a() }, "unpacks to more"),
        (Entry { flags: 1, ..a() }, "encrypted"),
        (Entry { method: 14, ..a() }, "method 14"),
        (Entry { offset: Some(3), ..a() }, "not where the directory says"),
        (Entry { offset: Some(u32::MAX - 1), ..a() }, "not where the directory says"),
    ] {
        let bytes = zip(&[entry, Entry::new("b.py", "b")]);
        let mut seen = Vec::new();
        let summary = read(&bytes, &Layout::AsNamed, &Limits::default(), &mut |entry| {
            std::io::copy(entry.body, &mut std::io::sink())?;
            seen.push(entry.path.to_owned());
            Ok(())
        });
        let summary = summary.unwrap();
        let said_it = summary.anomalies.iter().any(|anomaly| anomaly.detail.contains(said));
        assert!(said_it && !summary.is_complete(), "{said}: {:?}", summary.anomalies);
        assert!(seen.contains(&"b.py".to_owned()), "{said}: {seen:?}");
    }
}

#[test]
fn bombs() {
    let limits = Limits { ratio_floor: 1 << 20, ..Limits::default() };
    let run = run_as(&zip(&[Entry::new("a.py", vec![0; 4 << 20])]), &Layout::AsNamed, &limits);
    assert_eq!((run.seen.len(), run.kinds()), (0, vec![Kind::LimitExceeded]));
    let huge = Entry { size: Some(u32::MAX - 1), ..a() };
    assert!(run_named_lenient(&zip(&[huge])).contains(&Kind::LimitExceeded), "said to be larger than it may be");
    // Many entries of one content: each would unpack it again.
    let shared = Entry { offset: Some(0), ..a() };
    let entries = [a(), shared.clone(), shared];
    assert_eq!(run_named(&zip(&entries)).kinds(), [Kind::Corrupt]);
    let limits = Limits { entries: 10, ..Limits::default() };
    let many: Vec<Entry> = (0..20).map(|number| Entry::new(&format!("{number}.py"), "")).collect();
    assert_eq!(run_as(&zip(&many), &Layout::AsNamed, &limits).kinds(), [Kind::LimitExceeded]);
}

fn run_named_lenient(bytes: &[u8]) -> Vec<Kind> {
    let summary = read(bytes, &Layout::AsNamed, &Limits::default(), &mut |_| Ok(())).unwrap();
    summary.anomalies.iter().map(|anomaly| anomaly.kind).collect()
}

#[test]
fn links_of_an_sdist_lead_somewhere() {
    let bytes = tar(&[
        file("a-1/real.txt", "import os\n"),
        Block::new("a-1/setup.py", 0).kind(b'2').link("real.txt").seal(),
        Block::new("a-1/hard.py", 0).kind(b'1').link("a-1/real.txt").seal(),
        Block::new("a-1/out.py", 0).kind(b'2').link("../../etc/passwd").seal(),
        Block::new("a-1/deep/up.py", 0).kind(b'2').link("../real.txt").seal(),
    ]);
    let run = run_as(&bytes, &Layout::Below("a-1".to_owned()), &Limits::default());
    let links: Vec<(&str, Option<&str>)> =
        run.summary.links.iter().map(|(path, target)| (path.as_str(), target.as_deref())).collect();
    let real = Some("real.txt");
    assert_eq!(links, [("deep/up.py", real), ("hard.py", real), ("out.py", None), ("setup.py", real)]);
}
