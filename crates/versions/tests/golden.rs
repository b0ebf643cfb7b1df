//! What the ecosystems' own tools answered on generated versions and ranges, and
//! what Vetch answers. The files, and the scripts that made them, are in `golden/`.

// Clippy takes only `#[test]` functions for tests, not their helpers.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fmt::Write as _;

use vetch_versions::npm::{Options, Range, Version, max_satisfying};

/// The columns of the lines of one kind.
fn lines<'a>(golden: &'a str, kind: &'a str) -> impl Iterator<Item = Vec<&'a str>> {
    golden.lines().filter(|line| !line.starts_with('#')).filter_map(move |line| {
        let mut columns = line.split('\t');
        (columns.next() == Some(kind)).then(|| columns.collect())
    })
}

/// Bits as the golden files write them: four to a hexadecimal digit, first one highest.
fn hexadecimal(bits: &[bool]) -> String {
    bits.chunks(4).fold(String::new(), |mut text, four| {
        let digit = four.iter().fold(0, |digit, bit| digit * 2 + u8::from(*bit));
        write!(text, "{digit:x}").unwrap();
        text
    })
}

/// Reports all differences at once, cut to a readable number.
#[track_caller]
fn assert_same(differences: &[String]) {
    let shown: Vec<_> = differences.iter().take(40).map(String::as_str).collect();
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), shown.join("\n"));
}

mod npm {
    use super::*;

    const GOLDEN: &str = include_str!("golden/npm.tsv");
    const WITHIN: usize = 128;

    fn pool() -> Vec<(usize, Version)> {
        lines(GOLDEN, "P")
            .map(|columns| (columns[0].parse().unwrap(), Version::parse(columns[1]).expect(columns[1])))
            .collect()
    }

    #[test]
    fn order_is_node_semvers() {
        let pool = pool();
        assert!(pool.len() >= 500);
        for (rank, version) in &pool {
            for (other_rank, other) in &pool {
                assert_eq!(version.cmp(other), rank.cmp(other_rank), "{version} {other}");
            }
        }
    }

    #[test]
    fn texts_are_versions_where_they_are_for_node_semver() {
        let mut differences = Vec::new();
        let mut count = 0;
        for columns in lines(GOLDEN, "V") {
            let [text, strict, loose] = columns[..] else { panic!("{columns:?}") };
            let loose = if loose == "=" { strict } else { loose };
            let shown = |found: Result<Version, _>| found.map_or_else(|_| "!".to_owned(), |found| found.to_string());
            for (expected, found) in [(strict, Version::parse(text)), (loose, Version::parse_loose(text))] {
                let found = shown(found);
                if found != expected {
                    differences.push(format!("{text:?}: {found} instead of {expected}"));
                }
            }
            count += 1;
        }
        assert_same(&differences);
        assert!(count >= 3000);
    }

    #[test]
    fn ranges_hold_for_what_they_hold_for_in_node_semver() {
        let pool: Vec<Version> = pool().into_iter().take(WITHIN).map(|(_, version)| version).collect();
        let mut differences = Vec::new();
        let mut count = 0;
        for columns in lines(GOLDEN, "R") {
            let [text, answers @ .., normal, minimum] = &columns[..] else { panic!("{columns:?}") };
            let mut expected = "";
            for (index, answer) in answers.iter().enumerate() {
                expected = if *answer == "=" { expected } else { answer };
                let options = Options { loose: index >= 2, include_prerelease: index % 2 == 1 };
                let found = Range::parse(text, options);
                if found.as_ref().map_or("!".to_owned(), |range| within(&pool, range)) != expected {
                    let found = found.map(|range| range.to_string());
                    differences.push(format!("{text:?} {options:?}: {found:?}, expected {normal:?}"));
                }
            }
            let range = Range::parse(text, Options::NPM).ok();
            let shown = range.as_ref().map_or("!".to_owned(), ToString::to_string);
            let shown = if shown.is_empty() { "*" } else { &shown };
            let lowest = range.and_then(|range| range.min_version()).map_or("!".to_owned(), |found| found.to_string());
            if shown != *normal || lowest != *minimum {
                differences.push(format!("{text:?}: {shown} from {lowest}, expected {normal} from {minimum}"));
            }
            count += 1;
        }
        assert_same(&differences);
        assert!(count >= 2500);
    }

    fn within(pool: &[Version], range: &Range) -> String {
        let bits: Vec<bool> = pool.iter().map(|version| range.satisfied_by(version)).collect();
        let highest = pool.iter().zip(&bits).filter(|(_, bit)| **bit).map(|(version, _)| version).max();
        assert_eq!(max_satisfying(pool, range), highest);
        hexadecimal(&bits)
    }
}

mod python {
    use super::*;
    use vetch_versions::VersionErrorKind;
    use vetch_versions::python::{Prereleases, SpecifierSet, Version};

    const GOLDEN: &str = include_str!("golden/python.tsv");
    const WITHIN: usize = 128;

    fn pool() -> Vec<(usize, &'static str, Version)> {
        lines(GOLDEN, "P")
            .map(|columns| (columns[0].parse().unwrap(), columns[1], Version::parse(columns[1]).expect(columns[1])))
            .collect()
    }

    #[test]
    fn order_is_packagings() {
        let pool = pool();
        assert!(pool.len() >= 500);
        for (rank, _, version) in &pool {
            for (other_rank, _, other) in &pool {
                assert_eq!(version.cmp(other), rank.cmp(other_rank), "{version} {other}");
            }
        }
    }

    #[test]
    fn texts_are_versions_where_they_are_for_packaging() {
        let mut differences = Vec::new();
        let mut count = 0;
        for columns in lines(GOLDEN, "V") {
            let [text, expected] = columns[..] else { panic!("{columns:?}") };
            let found = match Version::parse(text) {
                Ok(version) => version.to_string(),
                // Python's numbers have no end: the one thing that is read there alone.
                Err(error) if error.kind == VersionErrorKind::Number => continue,
                Err(_) => "!".to_owned(),
            };
            if found != expected {
                differences.push(format!("{text:?}: {found} instead of {expected}"));
            }
            count += 1;
        }
        assert_same(&differences);
        assert!(count >= 3900);
    }

    #[test]
    fn specifiers_hold_for_what_they_hold_for_in_packaging() {
        let pool: Vec<_> = pool().into_iter().take(WITHIN).collect();
        let mut differences = Vec::new();
        let mut count = 0;
        for columns in lines(GOLDEN, "R") {
            let [text, expected @ ..] = &columns[..] else { panic!("{columns:?}") };
            if SpecifierSet::parse(text).is_err_and(|error| error.kind == VersionErrorKind::Number) {
                continue;
            }
            let found = answers(text, &pool);
            let mut previous = "";
            for (index, column) in expected.iter().enumerate() {
                previous = if *column == "=" { previous } else { column };
                if found[index] != previous {
                    differences.push(format!("{text:?} [{index}]: {} instead of {previous}", found[index]));
                }
            }
            count += 1;
        }
        assert_same(&differences);
        assert!(count >= 3900);
    }

    fn answers(text: &str, pool: &[(usize, &str, Version)]) -> [String; 4] {
        let Ok(set) = SpecifierSet::parse(text) else { return ["!", "!", "!", "!"].map(str::to_owned) };
        let bits = |holds: &dyn Fn(&str, &Version) -> bool| {
            hexadecimal(&pool.iter().map(|(_, text, version)| holds(text, version)).collect::<Vec<_>>())
        };
        let kept = set.filter(pool.iter().map(|(_, _, version)| version), Prereleases::Default);
        [
            bits(&|text, _| set.contains_text(text, Prereleases::Default)),
            bits(&|text, _| set.contains_text(text, Prereleases::Excluded)),
            bits(&|_, version| set.contains(version, Prereleases::Default)),
            bits(&|_, version| kept.iter().any(|one| std::ptr::eq(*one, version))),
        ]
    }
}
