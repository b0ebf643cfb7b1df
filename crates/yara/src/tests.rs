//! Rules as users write them, and as nobody should.

use std::time::Duration;

use vetch_model::finding::{Confidence, Severity};

use crate::{Cut, Problem, Rules, Source};

const LONG: Duration = Duration::from_secs(60);

fn source(path: &str, text: &str) -> Source {
    Source { shown: format!("rules/{path}"), path: path.to_owned(), root: 0, bytes: text.as_bytes().to_vec() }
}

fn compile(files: &[(&str, &str)]) -> Result<Rules, Vec<Problem>> {
    Rules::compile(files.iter().map(|(path, text)| source(path, text)).collect())
}

fn matched(rules: &Rules, path: &str, bytes: &[u8]) -> Vec<String> {
    let trial = rules.try_on(path, bytes, LONG);
    assert_eq!(trial.cut, None);
    trial.matched.iter().map(|matched| matched.rule.id.clone()).collect()
}

#[test]
fn a_rule_is_what_its_meta_says() {
    let rules = compile(&[(
        "team/acme one.yar",
        r#"private rule Base { condition: filesize > 2 }
        rule Beacon : net beacon {
          meta: description = "Calls
            home" severity = "critical" confidence = 80 author = "us"
          strings: $a = "beacon" nocase
          condition: Base and $a }
        rule Scored { meta: score = 55 condition: false }
        rule Plain { meta: severity = "Tier 1" condition: false }"#,
    )])
    .unwrap();
    let [beacon, scored, plain] = rules.rules() else { panic!("{:?}", rules.rules()) };
    assert_eq!(beacon.id, "yara:team/acme_one:Beacon");
    assert_eq!((beacon.severity, beacon.confidence), (Severity::Critical, Confidence::High));
    assert_eq!(beacon.summary, "Calls home");
    assert!(beacon.meta.contains(&("tags".to_owned(), "net, beacon".to_owned())), "{:?}", beacon.meta);
    assert_eq!((scored.severity, plain.severity), (Severity::Medium, Severity::High));
    let trial = rules.try_on("x.js", b"// a BEACON, another beacon", LONG);
    let hits: Vec<(usize, usize)> = trial.matched[0].hits.iter().map(|hit| (hit.offset, hit.length)).collect();
    assert_eq!(hits, [(5, 6), (21, 6)]);
    assert_eq!(trial.matched[0].hits[0].string, "$a");
}

#[test]
fn what_is_wrong_is_told_by_file_and_line() {
    let problems = compile(&[
        ("a.yar", "rule A { condition: true }"),
        ("b.yar", "rule B {\n  strings:\n    $x = /(/\n  condition: $x }"),
        ("c.yar", "import \"time\"\nrule C { condition: time.now() > 0 }"),
        ("d.yar", "\nrule D { condition: nothing_known == 1 }"),
        ("e.yar", "include \"../../etc/passwd\"\n"),
        ("f.yar", "\n\ninclude \"other.inc\"\n"),
    ])
    .err()
    .unwrap();
    let places: Vec<(&str, u32)> = problems.iter().map(|it| (it.file.as_str(), it.line)).collect();
    let expected =
        [("b", 3), ("c", 1), ("d", 2), ("e", 1), ("f", 3)].map(|(name, line)| (format!("rules/{name}.yar"), line));
    assert_eq!(places, expected.iter().map(|(name, line)| (name.as_str(), *line)).collect::<Vec<_>>(), "{problems:?}");
    assert!(problems[1].message.contains("known here: math"), "{}", problems[1].message);
    assert!(problems[2].message.contains("filename"), "{}", problems[2].message);
    assert!(problems[3].message.contains("may not leave the folder"), "{}", problems[3].message);
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let mut latin = source("a.yar", "rule A { condition: true }\n// ");
    latin.bytes.push(0xe9);
    let problems = Rules::compile(vec![latin]).err().unwrap();
    assert_eq!((problems[0].file.as_str(), problems[0].line), ("rules/a.yar", 2));
    assert!(problems[0].message.contains("not UTF-8"), "{}", problems[0].message);
}

#[test]
fn included_files_are_part_of_what_includes_them() {
    let rules = compile(&[
        ("index.yar", "include \"lib/base.yar\"\nrule Top { condition: Base and Deep }"),
        ("lib/base.yar", "include \"./deep.yar\"\nrule Base { condition: Deep }"),
        ("lib/deep.yar", "rule Deep { condition: filesize == 1 }"),
        ("lib/own.yar", "rule Deep { condition: filesize == 2 }"),
    ])
    .unwrap();
    assert_eq!(matched(&rules, "x", b"1"), ["yara:index:Deep", "yara:index:Base", "yara:index:Top"]);
    assert_eq!(matched(&rules, "x", b"12"), ["yara:lib/own:Deep"]);
    let circle = compile(&[("a.yar", "include \"b.yar\""), ("b.yar", "include \"a.yar\"")]).err().unwrap();
    assert!(circle[0].message.contains("break the circle"), "{circle:?}");
}

#[test]
fn rules_know_what_the_file_is_called() {
    let rules = compile(&[(
        "a.yar",
        r#"rule Named { condition: filename == "setup.py" and filepath matches /^pkg\// and extension == ".py" }"#,
    )])
    .unwrap();
    assert_eq!(matched(&rules, "pkg/setup.py", b"x"), ["yara:a:Named"]);
    assert!(matched(&rules, "setup.py", b"x").is_empty());
}

#[test]
fn what_is_not_counted_to_the_end_is_told() {
    let rules = compile(&[(
        "a.yar",
        r#"rule Many { strings: $a = "ab" condition: #a > 1000000 } rule Any { strings: $a = "ab" condition: $a }"#,
    )])
    .unwrap();
    let trial = rules.try_on("x", "ab".repeat(50_000).as_bytes(), LONG);
    assert_eq!(trial.cut, Some(Cut::Matches("yara:a:Many".to_owned())));
    assert_eq!(trial.matched.len(), 1);
}

#[test]
fn a_condition_without_end_is_ended() {
    let rules = compile(&[(
        "a.yar",
        "rule Slow { condition: for all i in (0..999999999): (for all j in (0..999999999): (i + j >= 0)) }",
    )])
    .unwrap();
    let trial = rules.try_on("x", b"x", Duration::from_millis(50));
    assert_eq!(trial.cut, Some(Cut::Time));
}
