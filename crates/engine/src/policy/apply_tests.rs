//! Tests of exceptions and severities.

use jiff::civil::date;
use vetch_model::{Category, Confidence, RuleMeta, Severity};

use super::*;
use crate::policy::{FILE_NAME, PolicyOptions};

static NETWORK: RuleMeta = RuleMeta {
    id: "install-time-network",
    summary: "",
    category: Category::Behaviour,
    severity: Severity::High,
    confidence: Confidence::High,
    techniques: &[],
    remedy: "look",
    doc: "",
};

const HASH: ContentHash = ContentHash([0xab; 32]);
const OTHER: ContentHash = ContentHash([0xcd; 32]);
const TODAY: Date = date(2026, 12, 31);

fn exception(package: &str, extra: &str) -> String {
    let hash = "ab".repeat(32);
    format!(
        "[[exception]]\nrule = 'install-time-network'\npackage = '{package}'\ncontent-hash = 'blake3:{hash}'\n\
         reason = 'fetches its binary'\nexpires = 2027-01-01\n{extra}"
    )
}

/// One target per text.
fn policies(texts: &[&str]) -> Policies {
    let folders: Vec<tempfile::TempDir> = texts.iter().map(|_| tempfile::tempdir().unwrap()).collect();
    for (folder, text) in folders.iter().zip(texts) {
        std::fs::write(folder.path().join(FILE_NAME), text).unwrap();
    }
    let paths: Vec<_> = folders.iter().map(|folder| Some(folder.path().to_owned())).collect();
    Policies::load(&PolicyOptions::default(), &paths, ["install-time-network"]).unwrap()
}

fn finding(files: &[&str]) -> Finding {
    let mut evidence = files.iter().map(|file| Evidence::File { location: Location::file(*file), note: String::new() });
    Finding::new(&NETWORK, "fetches", evidence.next().unwrap()).with_evidence(evidence)
}

fn purl() -> Purl {
    Purl::npm("a", Some("1.0.0"))
}

/// How many are kept and excepted, and the rules of what is left over.
fn judge(text: &str, purl: &Purl, hash: Option<ContentHash>, today: Date) -> (usize, usize, Vec<&'static str>) {
    let policies = policies(&[text]);
    let mut session = policies.session(today);
    let applied = session.apply(&[0], purl, hash, vec![finding(&["lib/a.js", "lib/b.js"])]);
    let left = session.finish().iter().map(|it| it.finding.rule).collect();
    (applied.kept.len(), applied.excepted.len(), left)
}

#[test]
fn an_exception_holds_for_its_release_and_contents_only() {
    let text = exception("pkg:npm/a@1.0.0", "");
    assert_eq!(judge(&text, &purl(), Some(HASH), TODAY), (0, 1, vec![]));
    assert_eq!(judge(&text, &purl(), Some(OTHER), TODAY), (1, 0, vec!["stale-exception"]));
    assert_eq!(judge(&text, &Purl::npm("a", Some("1.0.1")), Some(HASH), TODAY), (1, 0, vec!["stale-exception"]));
    assert_eq!(judge(&text, &Purl::npm("ab", Some("1.0.0")), Some(HASH), TODAY), (1, 0, vec!["stale-exception"]));
    let any_version = exception("pkg:npm/a", "");
    assert_eq!(judge(&any_version, &Purl::npm("a", Some("9.9.9")), Some(HASH), TODAY), (0, 1, vec![]));
}

#[test]
fn contents_that_could_not_be_had_make_nothing_stale_and_excuse_nothing() {
    let text = exception("pkg:npm/a@1.0.0", "");
    assert_eq!(judge(&text, &purl(), None, TODAY), (1, 0, vec![]));
}

#[test]
fn an_exception_ends_on_its_day() {
    let text = exception("pkg:npm/a@1.0.0", "");
    assert_eq!(judge(&text, &purl(), Some(HASH), date(2027, 1, 1)), (1, 0, vec!["expired-exception"]));
    assert_eq!(judge("", &purl(), Some(HASH), TODAY), (1, 0, vec![]));
}

#[test]
fn a_path_must_cover_all_the_evidence() {
    let covers = exception("pkg:npm/a@1.0.0", "path = 'lib/*.js'\n");
    assert_eq!(judge(&covers, &purl(), Some(HASH), TODAY), (0, 1, vec![]));
    let covers_half = exception("pkg:npm/a@1.0.0", "path = 'lib/a.js'\n");
    assert_eq!(judge(&covers_half, &purl(), Some(HASH), TODAY), (1, 0, vec!["stale-exception"]));
}

#[test]
fn every_target_has_to_except_it() {
    let text = exception("pkg:npm/a@1.0.0", "");
    let policies = policies(&[&text, ""]);
    let mut session = policies.session(TODAY);
    assert_eq!(session.apply(&[0], &purl(), Some(HASH), vec![finding(&["a"])]).excepted.len(), 1);
    assert_eq!(session.apply(&[0, 1], &purl(), Some(HASH), vec![finding(&["a"])]).kept.len(), 1);
    assert_eq!(session.apply(&[], &purl(), Some(HASH), vec![finding(&["a"])]).kept.len(), 1);
    assert_eq!(session.finish(), []);
}

#[test]
fn severities_are_the_users_and_the_worst_of_several_targets() {
    let policies = policies(&["[severity]\ninstall-time-network = 'info'\nstale-exception = 'critical'", ""]);
    let mut session = policies.session(TODAY);
    let mut severity =
        |targets: &[usize]| session.apply(targets, &purl(), Some(HASH), vec![finding(&["a"])]).kept[0].severity;
    assert_eq!(severity(&[0]), Severity::Info);
    assert_eq!(severity(&[1]), Severity::High);
    assert_eq!(severity(&[0, 1]), Severity::High);
    let stale =
        Finding::new(&STALE_EXCEPTION, "", Evidence::File { location: Location::file("a"), note: String::new() });
    assert_eq!(session.apply_to_target(0, stale).finding.severity, Severity::Critical);
}

#[test]
fn what_is_left_over_says_where_and_why() {
    let policies = policies(&[&exception("pkg:npm/a@1.0.0", "")]);
    let mut session = policies.session(TODAY);
    session.apply(&[0], &purl(), Some(OTHER), vec![finding(&["a"])]);
    let found = session.finish().remove(0);
    assert_eq!(found.target, 0);
    assert_eq!(found.finding.title, "The exception of install-time-network for pkg:npm/a@1.0.0 excuses nothing");
    let evidence = &found.finding.evidence[0];
    assert_eq!((evidence.location().file.as_str(), evidence.location().line), ("vetch.toml", 1));
    assert_eq!(evidence.note(), format!("the finding is there, but the contents are now {OTHER}"));
}
