//! What must hold for all versions and for any text: a total order, writing and
//! reading undo each other, and hostile texts neither panic nor take long.

use std::cmp::Ordering;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use vetch_model::inventory::Ecosystem;
use vetch_versions::{VersionErrorKind, npm, npm_alias, python, satisfies};

/// Versions that are close to each other, so that all rules of order are needed.
const NPM: &str = "[0-2]\\.[0-2]\\.[01](-([0-2]|a|b|a-|0a|90071992547409[0-9]{2})(\\.([01]|a)){0,2})?(\\+[ab])?";
const PYTHON: &str =
    "([01]!)?[0-2](\\.[0-2]){0,3}((a|b|rc|-alpha\\.)[01])?(\\.post[01]|-[01])?(\\.dev[01])?(\\+([01a])(\\.[01a])?)?";
/// Texts that almost mean something.
const ALMOST: &str = "[ v=<>~^*xX!|+a.,0-3\\-\u{a0}()]{0,40}";

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The laws of a total order, for any three values.
fn assert_ordered<T: Ord + Hash + std::fmt::Debug>(values: [&T; 3]) {
    for left in values {
        assert_eq!(left.cmp(left), Ordering::Equal);
        for right in values {
            assert_eq!(left.cmp(right), right.cmp(left).reverse(), "{left:?} {right:?}");
            assert_eq!(left.cmp(right) == Ordering::Equal, left == right, "{left:?} {right:?}");
            if left == right {
                assert_eq!(hash(left), hash(right), "{left:?} {right:?}");
            }
            for third in values {
                let holds = !(left <= right && right <= third) || left <= third;
                assert!(holds, "{left:?} {right:?} {third:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn npm_versions_are_in_total_order(left in NPM, middle in NPM, right in NPM) {
        let [left, middle, right] = [left, middle, right].map(|text| npm::Version::parse(&text).unwrap());
        assert_ordered([&left, &middle, &right]);
    }

    #[test]
    fn python_versions_are_in_total_order(left in PYTHON, middle in PYTHON, right in PYTHON) {
        let [left, middle, right] = [left, middle, right].map(|text| python::Version::parse(&text).unwrap());
        assert_ordered([&left, &middle, &right]);
    }

    #[test]
    fn versions_are_read_as_they_are_written(npm_text in NPM, python_text in PYTHON, almost in ALMOST) {
        for text in [&npm_text, &almost] {
            if let Ok(version) = npm::Version::parse_loose(text) {
                let written = version.to_string();
                let read = npm::Version::parse(&written).unwrap();
                prop_assert_eq!((&read, read.to_string()), (&version, written));
            }
        }
        for text in [&python_text, &almost] {
            if let Ok(version) = python::Version::parse(text) {
                let written = version.to_string();
                let read = python::Version::parse(&written).unwrap();
                prop_assert_eq!((&read, read.to_string()), (&version, written));
            }
        }
    }

    #[test]
    fn ranges_mean_the_same_as_written_out(range in ALMOST, version in NPM, loose: bool, include_prerelease: bool) {
        let options = npm::Options { loose, include_prerelease };
        if let Ok(range) = npm::Range::parse(&range, options) {
            let written = npm::Range::parse(&range.to_string(), options).unwrap();
            let version = npm::Version::parse(&version).unwrap();
            prop_assert_eq!(range.satisfied_by(&version), written.satisfied_by(&version));
            if let Some(lowest) = range.min_version() {
                prop_assert!(range.satisfied_by(&lowest));
            }
        }
    }

    #[test]
    fn exact_ranges_take_their_version(npm_text in NPM, python_text in PYTHON) {
        prop_assert_eq!(satisfies(&Ecosystem::Npm, &npm_text, &npm_text), Some(true));
        prop_assert_eq!(satisfies(&Ecosystem::Pypi, &python_text, &format!("=={python_text}")), Some(true));
        prop_assert_eq!(satisfies(&Ecosystem::Pypi, &python_text, &format!("!={python_text}")), Some(false));
    }

    #[test]
    fn no_text_makes_a_reader_panic(any in "\\PC{0,60}", almost in ALMOST, control in "[\\x00-\\x20\u{feff}\u{85}é🎉1.*-]{0,20}") {
        for text in [&any, &almost, &control] {
            read_all(text);
        }
    }
}

/// Reads a text as everything there is.
fn read_all(text: &str) {
    for loose in [false, true] {
        for include_prerelease in [false, true] {
            let options = npm::Options { loose, include_prerelease };
            let _ = npm::satisfies(text, text, options);
            if let Ok(range) = npm::Range::parse(text, options) {
                let _ = (range.min_version(), range.to_string(), range.satisfied_by(&npm::Version::new(1, 2, 3)));
            }
        }
    }
    for ecosystem in [Ecosystem::Npm, Ecosystem::Pypi] {
        let _ = (satisfies(&ecosystem, text, text), satisfies(&ecosystem, "1.2.3", text));
    }
    let _ = npm_alias(text);
}

/// As long as texts may be, and made to be read again and again by careless readers.
#[test]
fn long_texts_take_little_time() {
    let pieces = [
        "1",
        "0",
        "x",
        "*",
        "v",
        "=",
        " ",
        "<",
        ">",
        "~",
        "^",
        "-",
        "+",
        ".",
        "|",
        "||",
        " || ",
        "v=",
        "= ",
        "> ",
        "~ ",
        "^ ",
        "~>",
        " - ",
        "1.",
        "1.2.3-",
        "1.2.3-0",
        "-0",
        "0.",
        "+a",
        "+ ",
        ">=1 ",
        "^1.2.3 ",
        "1 - 2 || ",
        "1||",
        "a",
        "a.",
        ",",
        "==1,",
        "===a,",
        "1!",
        "==1.*,",
        "~=1.0,",
        "1_",
        "\u{a0}",
        "\u{feff}",
        "é",
        "1.2.3-0.0 ",
        "* ",
    ];
    let tails = ["", "1", "x", "!", "1.2.3", "-", "é"];
    for piece in pieces {
        for tail in tails {
            let limit = npm::MAX_RANGE - tail.len();
            let text = piece.repeat(limit / piece.len()) + tail;
            let started = Instant::now();
            read_all(&text);
            // A quadratic reader takes minutes here, a linear one milliseconds.
            assert!(started.elapsed() < Duration::from_secs(5), "{piece:?} {tail:?}: {:?}", started.elapsed());
        }
    }
}

#[test]
fn longer_texts_are_refused() {
    let long = "1||".repeat(npm::MAX_RANGE);
    assert_eq!(npm::Range::parse(&long, npm::Options::NPM).unwrap_err().kind, VersionErrorKind::TooLong);
    let long = ">=1,".repeat(python::MAX_SPECIFIERS);
    assert_eq!(python::SpecifierSet::parse(&long).unwrap_err().kind, VersionErrorKind::TooLong);
}

/// Valid texts with bytes changed, doubled and cut, in the manner of a fuzzer but the
/// same every time.
#[test]
fn changed_texts_are_read_or_refused() {
    let seeds = [
        "^1.2.3-beta.1+build || ~2.x || 3 - 4.5 || >=5 <6",
        "= v1.2.3 || >1.2.x || <=* || ^0.0.1",
        "~> 1 ^ 2 >= 3",
        "npm:@scope/name@^1.0.0 || 2",
        "9007199254740991.9007199254740991.9007199254740991-9007199254740993",
        "1!2.0a1.post2.dev3+local.4",
        ">=1.0,!=1.5.*,~=1.4.2,===foo,<2.0.post1",
        "(==1.0.* , >0.dev0)",
    ];
    let mut state: u32 = 0x9e37_79b9;
    let mut below = |limit: usize| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as usize % limit.max(1)
    };
    for seed in seeds {
        for _ in 0..4000 {
            let mut bytes = seed.as_bytes().to_vec();
            for _ in 0..=below(4) {
                let at = below(bytes.len());
                match below(4) {
                    0 => bytes.truncate(at),
                    1 => bytes.insert(at, b" v=<>~^*x|-+.,0129"[below(18)]),
                    2 => bytes.extend_from_within(at..),
                    _ if bytes.is_empty() => {}
                    _ => drop(bytes.remove(at)),
                }
            }
            read_all(&String::from_utf8_lossy(&bytes));
        }
    }
}
