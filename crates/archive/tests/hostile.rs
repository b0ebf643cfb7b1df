//! Hostile and odd archives, byte by byte. What npm makes of each was checked
//! against npm 11.19 (`tar` 7.5.22).

mod common;

use common::{Block, extension, file, gzip, pax, run, run_with, tar};
use std::io::{self, Read};
use vetch_archive::{Limits, ReadError, digest_files, read_tgz};
use vetch_model::facts::AnomalyKind as Kind;

fn first(text: &str) -> Vec<u8> {
    file("package/a", text)
}

#[test]
fn plain() {
    let bytes = tar(&[Block::new("package/bin/x.js", 2).with(b"hi"), file("other-root/b", "")]);
    for bytes in [gzip(&bytes), bytes] {
        let run = run(&bytes);
        assert_eq!(run.installed(), [("bin/x.js", "hi"), ("b", "")]);
        assert!(!run.seen[0].executable);
        assert_eq!(run.summary.anomalies, []);
        assert_eq!((run.summary.files, run.summary.bytes, run.summary.decompressed), (2, 2, 2560));
    }
    let mut executable = Block::new("package/run", 0);
    executable.put(100, b"0000755\0");
    assert!(run(&tar(&[executable.seal()])).seen[0].executable);
}

#[test]
fn what_is_no_archive() {
    for bytes in
        ["".as_bytes(), b"<html>no such package</html>", &[0; 1024], &[b'x'; 4096], b"\x1f\x8b", b"\x28\xb5\x2f\xfdzz"]
    {
        let run = run(bytes);
        assert!(run.kinds().contains(&Kind::Corrupt), "{bytes:?}");
        assert!(!run.summary.is_complete());
    }
}

#[test]
fn what_is_no_archive_is_said_to_be_none() {
    for (bytes, said) in [
        ("", "is empty"),
        ("<html>no such package</html>", "is no gzip archive"),
        (&"<p>no such package</p>".repeat(99), "is no gzip archive"),
    ] {
        let run = run(bytes.as_bytes());
        assert!(run.summary.anomalies.iter().any(|anomaly| anomaly.detail.starts_with(said)), "{bytes:?}");
    }
}

#[test]
fn duplicates() {
    for again in ["package/a", "other/a", "package/./a"] {
        let bytes = tar(&[first("1"), file(again, "2")]);
        let run = run(&bytes);
        assert_eq!(run.kinds(), [Kind::DuplicateEntry]);
        assert!(run.summary.anomalies[0].detail.contains("keeps the last"));
        let (files, _) = digest_files(bytes.as_slice(), &Limits::default()).unwrap();
        assert_eq!(files.len(), 1);
        assert_eq!(files[0].blake3, *blake3::hash(b"2").as_bytes());
    }
    // The same bytes again mislead nobody; real packages have such.
    let twice = run(&tar(&[first("1"), first("1")]));
    assert_eq!((twice.installed().len(), twice.kinds()), (2, vec![]));
}

#[test]
fn a_file_and_a_folder_of_one_name() {
    let seen = run(&tar(&[first("1"), file("package/a/b", "2")]));
    assert_eq!(seen.installed(), [("a", "1")]);
    assert_eq!((seen.seen[1].path.as_str(), seen.seen[1].installed), ("!not-installed/2/a/b", false));
    assert_eq!(seen.kinds(), [Kind::DuplicateEntry]);
    let seen = run(&tar(&[file("package/a/b", "1"), first("2")]));
    assert_eq!(seen.installed(), [("a/b", "1")]);
    // npm makes no folder for its own sake, so that the file stays.
    let seen = run(&tar(&[first("1"), Block::new("package/a/", 0).kind(b'5').seal()]));
    assert_eq!((seen.installed(), seen.kinds()), (vec![("a", "1")], vec![]));
}

#[test]
fn escapes() {
    for (path, handed_over, installed) in [
        ("/etc/passwd", "etc/passwd", true),
        ("/package/x", "package/x", true),
        ("package/../../x", "!not-installed/1/x", false),
        ("package/..\\x", "!not-installed/1/x", false),
        ("C:\\x", "!not-installed/1/C_/x", false),
        ("package/c:/x", "x", true),
        ("package/lib\\x", "lib\\x", true),
        ("../x", "x", true),
    ] {
        let seen = run(&tar(&[file(path, "body")]));
        assert_eq!(seen.kinds(), [Kind::PathEscape], "{path}");
        assert_eq!(seen.summary.anomalies[0].path, path);
        assert_eq!(seen.seen[0].contents, b"body", "nothing is lost");
        assert_eq!((seen.seen[0].path.as_str(), seen.seen[0].installed), (handed_over, installed), "{path}");
    }
}

#[test]
fn an_escaping_entry_never_hides_an_installed_one() {
    let seen = run(&tar(&[first("real"), file("package/../a", "fake"), file("package/../a", "fake again")]));
    let mut paths: Vec<&str> = seen.seen.iter().map(|seen| seen.path.as_str()).collect();
    paths.sort_unstable();
    paths.dedup();
    assert_eq!(paths.len(), 3);
    let seen = run(&tar(&[file("package/!not-installed/2/a", "planted"), file("package/../a", "x")]));
    assert!(seen.kinds().contains(&Kind::DuplicateEntry), "not even a planted name does it unseen");
}

#[test]
fn links_and_devices() {
    let seen = run(&tar(&[
        Block::new("package/sym", 0).kind(b'2').link("../../etc").seal(),
        Block::new("package/hard", 4).kind(b'1').link("package/a").with(b"body"),
        Block::new("package/dev", 0).kind(b'3').seal(),
        Block::new("package/pipe", 0).kind(b'6').seal(),
        Block::new("package/sparse", 4).kind(b'S').with(b"rest"),
        Block::new("package/odd", 3).kind(b'Z').with(b"odd"),
        first("1"),
    ]));
    assert_eq!(
        seen.kinds(),
        [Kind::Link, Kind::Link, Kind::SpecialFile, Kind::SpecialFile, Kind::SpecialFile, Kind::SpecialFile]
    );
    assert!(seen.summary.anomalies[0].detail.contains("../../etc"));
    assert_eq!(seen.installed(), [("a", "1")]);
    let bodies: Vec<&[u8]> = seen.seen.iter().map(|seen| seen.contents.as_slice()).collect();
    assert_eq!(bodies, [b"body".as_slice(), b"rest", b"odd", b"1"]);
}

#[test]
fn a_file_with_a_link_target() {
    let target = |target: &[u8]| extension(b'K', target);
    let seen = run(&tar(&[target(b"b"), first("1"), target(b"../../b"), file("package/c", "2")]));
    assert_eq!(seen.kinds(), [Kind::Link, Kind::Link]);
    assert_eq!(seen.installed(), [("a", "1")]);
    assert_eq!(seen.seen[1].contents, b"2");
}

#[test]
fn colliding_names() {
    for other in ["package/A", "package/\u{212b}"] {
        let seen = run(&tar(&[first("1"), file("package/\u{e5}", "2"), file(other, "3")]));
        assert_eq!(seen.kinds(), [Kind::CollidingNames], "{other}");
        assert_eq!(seen.installed().len(), 3);
    }
}

#[test]
fn long_names_and_pax() {
    let long = format!("package/{}/index.js", "d".repeat(300));
    let placed = long.strip_prefix("package/").unwrap();
    let data = || file("package/short", "data");
    let name = extension(b'L', format!("{long}\0").as_bytes());
    assert_eq!(run(&tar(&[name.clone(), data()])).installed(), [(placed, "data")]);
    assert_eq!(run(&tar(&[pax(&[("path", &long)]), data()])).installed(), [(placed, "data")]);
    // The later of the two counts.
    let other = || pax(&[("path", "package/pax")]);
    assert_eq!(run(&tar(&[other(), name.clone(), data()])).installed(), [(placed, "data")]);
    assert_eq!(run(&tar(&[name, other(), data()])).installed(), [("pax", "data")]);
    // Only for the next entry.
    assert_eq!(run(&tar(&[other(), data(), data()])).installed()[1], ("short", "data"));
    // The prefix does not apply to a PAX path.
    let mut prefixed = Block::new("file", 1);
    prefixed.put(345, b"package/lib");
    assert_eq!(run(&tar(&[prefixed.clone().with(b"1")])).installed(), [("lib/file", "1")]);
    assert_eq!(run(&tar(&[other(), prefixed.with(b"1")])).installed(), [("pax", "1")]);
}

#[test]
fn pax_sizes() {
    let body = "x".repeat(600);
    let big = Block::new("package/a", 5).with(body.as_bytes());
    let seen = run(&tar(&[pax(&[("size", "600")]), big, file("package/b", "2")]));
    assert_eq!(seen.installed(), [("a", body.as_str()), ("b", "2")]);
    assert_eq!(seen.summary.anomalies, []);
    // Not for the headers in between, or another archive would be seen.
    let name = extension(b'L', b"package/long\0");
    let big = Block::new("package/a", 5).with(body.as_bytes());
    assert_eq!(run(&tar(&[pax(&[("size", "600")]), name, big])).installed(), [("long", body.as_str())]);
    // But npm judges by it whether to heed them.
    let name = extension(b'L', b"package/long\0");
    let body = "x".repeat(2 << 20);
    let big = Block::new("package/a", 5).with(body.as_bytes());
    let seen = run(&tar(&[pax(&[("size", "2097152")]), name.clone(), big]));
    assert_eq!((seen.installed()[0].0, seen.kinds()), ("a", vec![Kind::LimitExceeded]));
    let seen = run(&tar(&[pax(&[("size", "0")]), name, Block::new("package/a", 5).seal()]));
    assert_eq!((seen.installed(), seen.kinds()), (vec![("a", "")], vec![Kind::Corrupt]));
    let global = extension(b'g', common::record("size", "3").as_bytes());
    assert_eq!(run(&tar(&[global, first("data"), first("more")])).installed(), [("a", "dat"), ("a", "mor")]);
    let seen = run(&tar(&[pax(&[("size", "0x3")]), first("data")]));
    assert_eq!((seen.kinds(), seen.seen.len()), (vec![Kind::Corrupt], 0));
    let seen = run(&tar(&[pax(&[("size", "9007199254740991")]), first("data")]));
    assert!(!seen.summary.is_complete());
}

#[test]
fn an_ambiguous_pax_header() {
    let hidden = common::record("path", "package/evil.js");
    let bytes = tar(&[pax(&[("comment", &format!("x\n{}", hidden.trim_end()))]), file("package/good.js", "1")]);
    let seen = run(&bytes);
    assert_eq!(seen.kinds(), [Kind::Corrupt]);
    assert_eq!(seen.installed(), [("evil.js", "1")], "npm's name");
}

#[test]
fn a_huge_extension_header_is_not_kept() {
    // 4 GB announced, and nothing there.
    let huge = Block::new("ext", 4 << 30).kind(b'L').seal();
    let seen = run(&tar(&[huge]));
    assert_eq!(seen.kinds(), [Kind::LimitExceeded, Kind::Corrupt]);
    let there = extension(b'x', &vec![b'x'; (1 << 20) + 1]);
    let seen = run(&tar(&[there, first("1")]));
    assert_eq!(seen.kinds(), [Kind::LimitExceeded]);
    assert_eq!(seen.installed(), [("a", "1")]);
}

#[test]
fn damaged_headers_are_passed_over_as_npm_does() {
    let mut broken = Block::new("package/bad", 512).seal();
    broken[0] ^= 1;
    // The contents of the broken entry are the next header: a smuggled file.
    let seen = run(&tar(&[broken, file("package/smuggled.js", "1")]));
    assert_eq!(seen.kinds(), [Kind::Corrupt]);
    assert_eq!(seen.installed(), [("smuggled.js", "1")]);
    let with_target = Block::new("package/f", 512).link("x").seal();
    assert_eq!(run(&tar(&[with_target, file("package/s", "1")])).installed(), [("s", "1")]);
    let mut bad_uid = Block::new("package/f", 512);
    bad_uid.put(108, &[0x81]);
    assert_eq!(run(&tar(&[bad_uid.seal(), file("package/s", "1")])).installed(), [("s", "1")]);
    // The same without a folder's slash: npm takes this for a folder, and its contents for headers.
    let folder = Block::new("package/d/", 1024).with(&file("package/s", "1"));
    assert_eq!(run(&tar(&[folder])).installed(), [("s", "1")]);
}

#[test]
fn truncated() {
    let whole = tar(&[first(&"x".repeat(2000))]);
    for length in [700, 1024, 2511] {
        let seen = run(&whole[..length]);
        assert_eq!((seen.kinds(), seen.seen.len()), (vec![Kind::Corrupt], 0), "{length}");
    }
    assert_eq!(run(&whole[..2560]).kinds(), [], "npm does without the end blocks");
    let packed = gzip(&whole);
    for length in 3..packed.len() {
        assert!(!run(&packed[..length]).summary.is_complete(), "{length}");
    }
    let mut wrong_crc = packed.clone();
    let at = wrong_crc.len() - 6;
    wrong_crc[at] ^= 1;
    assert!(!run(&wrong_crc).summary.is_complete());
}

#[test]
fn gzip_members() {
    let (one, two) = (first("1"), tar(&[file("package/b", "2")]));
    let seen = run(&[gzip(&one), gzip(&two)].concat());
    assert_eq!((seen.installed(), seen.kinds()), (vec![("a", "1"), ("b", "2")], vec![]));
    // In the middle of an entry, too.
    let all = [one.clone(), two.clone()].concat();
    let seen = run(&[gzip(&all[..515]), gzip(b""), gzip(&all[515..])].concat());
    assert_eq!(seen.installed(), [("a", "1"), ("b", "2")]);
    // What comes behind the end or behind padding is not installed: it is reported.
    let seen = run(&[gzip(&tar(std::slice::from_ref(&one))), gzip(&two)].concat());
    assert_eq!((seen.installed(), seen.kinds()), (vec![("a", "1")], vec![Kind::TrailingData]));
    let seen = run(&[gzip(&one), vec![0; 20], gzip(&two)].concat());
    assert_eq!((seen.installed(), seen.kinds()), (vec![("a", "1")], vec![Kind::TrailingData]));
    let seen = run(&[gzip(&tar(std::slice::from_ref(&one))), b"garbage".to_vec()].concat());
    assert_eq!(seen.kinds(), [Kind::TrailingData]);
    assert_eq!(run(&[gzip(&tar(&[one])), vec![0; 100_000]].concat()).kinds(), []);
}

#[test]
fn zero_blocks() {
    let seen = run(&tar(&[first("1"), vec![0; 512], file("package/b", "2")]));
    assert_eq!((seen.installed(), seen.kinds()), (vec![("a", "1"), ("b", "2")], vec![Kind::TrailingData]));
    let seen = run(&tar(&[first("1"), vec![0; 1024], file("package/b", "2")]));
    assert_eq!((seen.installed(), seen.kinds()), (vec![("a", "1")], vec![Kind::TrailingData]));
}

#[test]
fn gitignore() {
    let seen = run(&tar(&[file("p/.gitignore", "1"), file("p/x/.npmignore", "2"), file("p/x/.gitignore", "3")]));
    assert_eq!(seen.installed(), [(".npmignore", "1"), ("x/.npmignore", "2")]);
    assert_eq!((seen.seen[2].installed, seen.kinds()), (false, vec![]));
}

#[test]
fn limits() {
    let normal = tar(&[first(&"x".repeat(1000)), file("package/b/c", "2")]);
    let base = Limits { ratio_floor: 4096, ..Limits::default() };
    let over = [
        Limits { compressed_bytes: 50, ..base.clone() },
        Limits { total_bytes: 3000, ..base.clone() },
        Limits { file_bytes: 999, ..base.clone() },
        Limits { entries: 1, ..base.clone() },
        Limits { depth: 1, ..base.clone() },
        Limits { path_bytes: 10, ..base.clone() },
        Limits { all_path_bytes: 1, ..base.clone() },
    ];
    for limits in over {
        let seen = run_with(&gzip(&normal), &limits);
        assert_eq!(seen.kinds(), [Kind::LimitExceeded], "{limits:?}");
        assert!(seen.summary.decompressed <= limits.total_bytes);
    }
    let just = Limits {
        compressed_bytes: gzip(&normal).len() as u64,
        total_bytes: normal.len() as u64,
        file_bytes: 1000,
        entries: 2,
        depth: 2,
        path_bytes: 11,
        ..base.clone()
    };
    assert_eq!(run_with(&gzip(&normal), &just).kinds(), []);
    let bomb = gzip(&tar(&[first(&"x".repeat(1 << 20))]));
    assert_eq!(run_with(&bomb, &base).kinds(), [Kind::LimitExceeded]);
    assert_eq!(run_with(&bomb, &Limits { ratio_floor: 2 << 20, ..base.clone() }).kinds(), []);
    let behind = gzip(&tar(&[first("1"), vec![0; 1 << 20]]));
    assert_eq!(run_with(&behind, &base).kinds(), [Kind::LimitExceeded], "also behind the end");
}

#[test]
fn a_file_over_the_limit_does_not_hide_the_next() {
    let limits = Limits { file_bytes: 10, ..Limits::default() };
    let seen = run_with(&tar(&[first("longer than that"), file("package/b", "2")]), &limits);
    assert_eq!((seen.installed(), seen.kinds()), (vec![("b", "2")], vec![Kind::LimitExceeded]));
}

#[test]
fn a_flood_is_counted() {
    let link = Block::new("package/l", 0).kind(b'2').link("x").seal();
    let seen = run(&tar(&[link.repeat(5000)]));
    assert_eq!(seen.summary.anomalies.len(), 17);
    assert!(seen.summary.anomalies[16].detail.contains("4984 more"));
}

#[test]
fn errors_are_told_apart() {
    let bytes = gzip(&tar(&[first("1")]));
    let visitor = read_tgz(bytes.as_slice(), &Limits::default(), &mut |_| Err(io::Error::other("mine")));
    assert!(matches!(visitor, Err(ReadError::Visitor(error)) if error.to_string() == "mine"));

    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::from(io::ErrorKind::ConnectionReset))
        }
    }
    for length in [0, 2, 20, 600] {
        for bytes in [&bytes, &tar(&[first("1")])] {
            let part = &bytes[..length.min(bytes.len() - 20)];
            let input = read_tgz(part.chain(Failing), &Limits::default(), &mut |entry| {
                io::copy(entry.body, &mut io::sink()).map(drop)
            });
            let Err(ReadError::Input(error)) = input else { panic!("{length}: {input:?}") };
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        }
    }
    // Damage that the visitor meets is the archive's, whether it passes the error on or not.
    let whole = tar(&[first(&"x".repeat(2000))]);
    for swallow in [true, false] {
        let summary = read_tgz(&whole[..1500], &Limits::default(), &mut |entry| {
            let copied = io::copy(entry.body, &mut io::sink()).map(drop);
            if swallow { Ok(()) } else { copied }
        });
        assert!(!summary.unwrap().is_complete());
    }
}
