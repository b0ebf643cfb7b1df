//! Whatever a name, a path or a source line holds, no output obeys it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // all of it is test code

mod sample;

use proptest::prelude::*;
use vetch_model::scan::{PathStep, Scan, Skipped, Unavailable};
use vetch_model::{Evidence, Incomplete, Location, Purl, Span};
use vetch_report::escape::is_hidden;
use vetch_report::terminal::{Style, render};
use vetch_report::{json, markdown, sarif};

fn hostile_text() -> impl Strategy<Value = String> {
    let attack = prop_oneof![
        Just("\u{1b}[31mred"),
        Just("\u{1b}]0;title\u{7}"),
        Just("\u{9b}31m"),
        Just("\u{202e}\u{2066}"),
        Just("\r\n::error::x"),
        Just("::add-mask::x"),
        Just("##vso[task.setvariable]"),
        Just("##"),
        Just("[group]"),
        Just("<script>"),
        Just("</code><img src=x>"),
        Just("`"),
        Just("|"),
        Just("\n\n# heading"),
        Just("[a](https://x.invalid)"),
        Just("日本語é"),
    ];
    prop_oneof![any::<String>(), proptest::collection::vec(attack, 1..5).prop_map(|parts| parts.concat()),]
}

/// A scan in which one text stands wherever a text can stand.
fn filled_with(text: &str, mark: (u32, u32)) -> Scan {
    let mut scan = sample::small_scan();
    let location = Location { file: text.to_owned(), line: 3, column: 1, span: Span::default() };
    scan.targets[0].path = text.to_owned();
    let bad = &mut scan.releases[0];
    bad.purl = Purl::npm(text, Some(text));
    bad.locations[0].path = Some(text.to_owned());
    bad.locations[0].declared_at = Some(location.clone());
    bad.paths[0].push(PathStep { label: text.to_owned(), range: text.to_owned() });
    let finding = &mut bad.findings[0];
    finding.title = text.to_owned();
    finding.remedy = text.to_owned();
    let highlight = Span { start: mark.0, end: mark.1 };
    let (excerpt, note) = (text.to_owned(), text.to_owned());
    finding.evidence = vec![
        Evidence::Code { location: location.clone(), excerpt, highlight, layer: 1, note },
        Evidence::Field {
            location,
            field: text.to_owned(),
            found: text.to_owned(),
            expected: Some(text.to_owned()),
            note: text.to_owned(),
        },
        Evidence::File { location: Location::file(text), note: text.to_owned() },
    ];
    scan.incomplete.push(Incomplete::new(text, text, text));
    scan.skipped.push(Skipped { what: text.to_owned(), why: text.to_owned() });
    scan.unavailable.push(Unavailable { what: text.to_owned(), why: text.to_owned() });
    scan
}

/// Takes our own colours out of a text.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !(c.is_ascii_digit() || c == ';')).expect("a colour sequence ends");
        assert!(part[end..].starts_with('m'), "a sequence that is no colour: {part:?}");
        out.push_str(&part[end + 1..]);
    }
    out
}

fn assert_harmless(line: &str) {
    assert!(!line.contains(is_hidden), "{line:?}");
    assert!(!line.trim_start().starts_with("::"), "{line:?}");
    assert!(!line.contains("##[") && !line.contains("##vso["), "{line:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn terminal(text in hostile_text(), mark in (0u32..40, 0u32..60), width in 0usize..160, flags in any::<[bool; 3]>()) {
        let [color, unicode, verbose] = flags;
        let style = Style { color, width, unicode, verbose, only_findings: false };
        let out = render(&filled_with(&text, mark), &sample::rules(), style);
        let plain = without_colours(&out);
        prop_assert!(color || plain == out);
        prop_assert!(unicode || plain.is_ascii());
        for line in plain.lines() {
            assert_harmless(line);
        }
    }

    #[test]
    fn markdown_report(text in hostile_text()) {
        let out = markdown::render(&filled_with(&text, (0, 3)));
        prop_assert!(out.len() <= markdown::MAX_BYTES);
        let own = ["<code>", "</code>", "<details>", "</details>", "<summary>", "</summary>"];
        let rest = own.iter().fold(out, |out, tag| out.replace(tag, ""));
        for line in rest.lines() {
            assert_harmless(line);
            let tag = line.match_indices('<').any(|(at, _)| {
                line[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c))
            });
            prop_assert!(!tag, "{line:?}");
        }
    }

    #[test]
    fn json_and_sarif(text in hostile_text()) {
        let scan = filled_with(&text, (0, 3));
        let mut report = Vec::new();
        json::write(&scan, &sample::tool(), &mut report).unwrap();
        let mut log = Vec::new();
        sarif::write(&scan, &sample::rules(), &sample::tool(), Some("/root"), &mut log).unwrap();
        for out in [report, log] {
            let out = String::from_utf8(out).unwrap();
            out.lines().for_each(assert_harmless);
            prop_assert!(serde_json::from_str::<serde_json::Value>(&out).is_ok());
        }
    }
}
