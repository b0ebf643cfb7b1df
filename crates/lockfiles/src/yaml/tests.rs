//! Both readers by example, against each other, and against hostile input.

use proptest::prelude::*;

use super::parse::MAX_DEPTH;
use super::*;
use crate::error::ReadErrorKind;

const LIMITS: Limits = Limits { bytes: 1 << 20, values: 10_000 };

fn parsed(text: &str) -> Stream<'_> {
    parse(text.as_bytes(), "x.yaml", LIMITS, "mend it").unwrap()
}

fn kind_of_error(text: &[u8]) -> (ReadErrorKind, u32) {
    let error = parse(text, "x.yaml", LIMITS, "mend it").unwrap_err();
    (error.kind, error.location.line)
}

const SAMPLE: &str = "\
# a comment
a:
  'b@1.0.0': {x: sha512-a+/=, 'y z': [p, \"q\"], e: {}}
  c: 1.10

  d: it's fine
  text: |-
    one
      two # no comment

    three
  empty:
list:
- one
- 'two'
deep:
  more:
    - >=1
---
second: {}
";

#[test]
fn the_quick_reader_knows_what_lockfiles_hold() {
    let sample = SAMPLE.replace("- >=1", "- '>=1'");
    let stream = parsed(&sample);
    assert!(block::read(&sample, 1000).is_some());
    let a = stream.documents[0].as_mapping().unwrap().get("a").unwrap().as_mapping().unwrap();
    assert_eq!(a.get("c").unwrap().as_str(), Some("1.10"));
    assert_eq!(a.get("d").unwrap().as_str(), Some("it's fine"));
    assert_eq!(a.get("text").unwrap().as_str(), Some("one\n  two # no comment\n\nthree"));
    assert!(a.get("empty").unwrap().is_null());
    let first = a.get("b@1.0.0").unwrap().as_mapping().unwrap();
    assert_eq!(first.get("y z").unwrap().as_sequence().unwrap()[1].as_str(), Some("q"));
    assert_eq!(stream.documents.len(), 2);
    let member = &stream.documents[0].as_mapping().unwrap().members[1];
    assert_eq!(&sample[member.span.start as usize..member.span.end as usize], "list:\n- one\n- 'two'");
    assert_eq!(stream.location(member.span).line, 13);
}

#[test]
fn the_rest_of_yaml_is_read_too() {
    assert!(block::read(SAMPLE, 1000).is_none(), "a folded text is not for the quick reader");
    for text in [
        "? long\n: v\n",
        "a: \"x\\ty\"\n",
        "a: &x 1\nb: *x\n",
        "a: >-\n  one\n  two\n",
        "%YAML 1.2\n---\na: 1\n",
        "\u{feff}a: 1\n",
        "- a: 1\n  b: 2\n",
        "a: two\n  lines\n",
        "{a: 1,\n b: 2}\n",
        "a: 1 # comment\n",
    ] {
        assert!(block::read(text, 1000).is_none(), "{text}");
        assert_eq!(parsed(text).documents.len(), 1, "{text}");
    }
    let stream = parsed("a: &x {k: v}\nb: *x\n");
    let root = stream.documents[0].as_mapping().unwrap();
    assert_eq!(root.get("b").unwrap().as_mapping().unwrap().get("k").unwrap().as_str(), Some("v"));
}

#[test]
fn quotes_tell_texts_from_words() {
    let stream = parsed("a: true\nb: 'true'\nc: null\nd: 'null'\n");
    let root = stream.documents[0].as_mapping().unwrap();
    assert_eq!(root.get("a").unwrap().as_bool(), Some(true));
    assert_eq!(root.get("b").unwrap().as_bool(), None);
    assert!(root.get("c").unwrap().is_null());
    assert!(!root.get("d").unwrap().is_null());
}

#[test]
fn duplicate_keys_stay_and_can_be_told() {
    for text in ["a: 1\nb: 2\na: 3\n", "{a: 1, b: 2, a: 3}\n"] {
        let stream = parsed(text);
        let root = stream.documents[0].as_mapping().unwrap();
        assert_eq!(root.members.len(), 3);
        assert_eq!(root.get("a").unwrap().as_str(), Some("3"));
        let (kept, overridden) = root.split_duplicates();
        assert_eq!((kept.len(), overridden.len()), (2, 1));
        assert_eq!(overridden[0].value.as_str(), Some("1"));
    }
}

#[test]
fn broken_files_are_errors_with_a_line() {
    assert_eq!(kind_of_error(b""), (ReadErrorKind::Syntax, 1));
    assert_eq!(kind_of_error(b"# only a comment\n"), (ReadErrorKind::Syntax, 1));
    assert_eq!(kind_of_error(b"a: 1\nb: \xff\n"), (ReadErrorKind::Syntax, 2));
    assert_eq!(kind_of_error(b"a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> x\n"), (ReadErrorKind::Conflict, 2));
    assert_eq!(kind_of_error(b"a: [1, 2\nb: 1\n").0, ReadErrorKind::Syntax);
    assert_eq!(kind_of_error(b"a: *nowhere\n").0, ReadErrorKind::Syntax);
    assert_eq!(kind_of_error(b"a: &x [*x]\n").0, ReadErrorKind::Syntax);
    assert_eq!(kind_of_error(b"? {a: 1}\n: 2\n").0, ReadErrorKind::Syntax);
}

#[test]
fn bombs_do_not_grow() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let below = format!("*a{}", level - 1);
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![below; 10].join(", ")));
    }
    assert_eq!(kind_of_error(bomb.as_bytes()).0, ReadErrorKind::TooLarge);
    let mut chain = "a0: &a0 [x]\n".to_owned();
    for level in 1..MAX_DEPTH + 5 {
        chain.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    assert_eq!(kind_of_error(chain.as_bytes()).0, ReadErrorKind::TooDeep);
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), vec!["*a"; 100].join(", "));
    assert_eq!(kind_of_error(long.as_bytes()).0, ReadErrorKind::TooLarge);
    assert_eq!(kind_of_error("[".repeat(100_000).as_bytes()).0, ReadErrorKind::TooDeep);
    assert_eq!(kind_of_error("- ".repeat(100_000).as_bytes()).0, ReadErrorKind::TooDeep);
    assert_eq!(kind_of_error("a:\n".repeat(20_000).as_bytes()).0, ReadErrorKind::TooLarge);
}

/// Pieces that lockfiles, and those who tamper with them, put together.
const PIECES: &[&str] = &[
    "a",
    "b: ",
    "c:\n",
    "  ",
    "    ",
    "\n",
    "- ",
    "-",
    "{",
    "}",
    "[",
    "]",
    ", ",
    ":",
    " #x",
    "#",
    "'",
    "\"",
    "''",
    "'q'",
    "|-\n",
    "|\n",
    "---\n",
    "key: value\n",
    "  k: {a: b, c: [d, 'e']}\n",
    "é",
    "\r\n",
    "<<: ",
    "&x ",
    "*x",
    "?",
    "/n@1.0.0(p@2):\n",
    ">=1",
    "1.10",
    "~",
    "null",
    "@",
    ".",
    "...",
    "...\n",
    "\u{2028}",
    "\u{85}",
    "!t ",
    "\t",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn both_readers_agree(pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..24)) {
        agree(&pieces.concat())?;
    }

    #[test]
    fn both_readers_agree_on_mutated_files(
        edits in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(PIECES.to_vec()), any::<bool>()), 0..4),
    ) {
        let mut text = SAMPLE.replace("- >=1", "- '>=1'");
        for (at, piece, is_removal) in edits {
            let mut at = at.index(text.len());
            while !text.is_char_boundary(at) { at -= 1; }
            if is_removal && text.len() > 1 { text.remove(at); } else { text.insert_str(at, piece); }
        }
        agree(&text)?;
    }
}

/// Where the quick reader does not give up, the other one must say the same.
fn agree(text: &str) -> Result<(), TestCaseError> {
    let full = events::read(text, 100_000);
    if let Some(quick) = block::read(text, 100_000) {
        let Ok((full, _)) = full else {
            return Err(TestCaseError::fail(format!("only the quick reader takes {text:?}")));
        };
        prop_assert_eq!(quick, full, "{:?}", text);
    }
    Ok(())
}
