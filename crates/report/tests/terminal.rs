//! The terminal form, from one sample, by snapshot; and what must never be in it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // all of it is test code

mod sample;

use vetch_report::terminal::{Style, render};

fn style(width: usize) -> Style {
    Style { width, ..Style::default() }
}

/// Snapshots must hold no escape character themselves.
fn shown(text: &str) -> String {
    text.replace('\u{1b}', "␛")
}

#[test]
fn plain_at_three_widths() {
    for width in [80, 100, 140] {
        insta::assert_snapshot!(format!("plain_{width}"), render(&sample::scan(), &sample::rules(), style(width)));
    }
}

#[test]
fn colour() {
    let text = render(&sample::scan(), &sample::rules(), Style { color: true, ..style(100) });
    insta::assert_snapshot!(shown(&text));
}

#[test]
fn ascii() {
    let text = render(&sample::scan(), &sample::rules(), Style { unicode: false, ..style(80) });
    assert!(text.is_ascii());
    insta::assert_snapshot!(text);
}

#[test]
fn verbose_leaves_nothing_out() {
    insta::assert_snapshot!(render(&sample::scan(), &sample::rules(), Style { verbose: true, ..style(100) }));
}

#[test]
fn only_findings() {
    insta::assert_snapshot!(render(&sample::scan(), &sample::rules(), Style { only_findings: true, ..style(100) }));
}

/// The last line is what most people read.
#[test]
fn the_last_sentence() {
    use vetch_model::scan::{Scan, Target, TargetKind};
    use vetch_model::{Incomplete, Purl, Verdict};
    let last = |verdicts: &[Verdict], missing: bool| {
        let releases = verdicts.iter().map(|verdict| sample::release(Purl::npm("a", Some("1.0.0")), *verdict, 0));
        let scan = Scan {
            targets: vec![Target { path: "x.tgz".into(), kind: TargetKind::Archive }],
            releases: releases.collect(),
            incomplete: missing.then(|| Incomplete::new("an entry", "it is odd", "Fix it.")).into_iter().collect(),
            ..Scan::default()
        };
        render(&scan, &[], style(100)).lines().last().unwrap_or_default().to_owned()
    };
    use Verdict::{Clean, Malicious, Notable, Suspicious};
    insta::assert_snapshot!(
        [
            last(&[], false),
            last(&[Clean], false),
            last(&[Clean, Notable], false),
            last(&[Clean], true),
            last(&[Verdict::Incomplete, Verdict::Incomplete], true),
            last(&[Suspicious, Clean], false),
            last(&[Malicious, Malicious, Suspicious], true),
        ]
        .join("\n")
    );
}

#[test]
fn long_paths_keep_both_ends() {
    let mut scan = sample::small_scan();
    let step = scan.releases[0].paths[0][1].clone();
    scan.releases[0].paths[0].splice(1..1, std::iter::repeat_n(step, 500));
    let text = render(&scan, &sample::rules(), style(100));
    assert!(text.contains("(495 more steps) ›") && text.contains("plain-crypto-js@4.2.1 (^4.2.1)"), "{text}");
    assert!(text.lines().count() < 120);
}
