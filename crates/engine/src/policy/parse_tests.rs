//! Tests of the policy parser.

use super::*;
use proptest::prelude::*;

const RULES: &[&str] = &["install-time-network", "injected-dependency", "stale-exception"];

fn read(text: &str) -> Result<Policy, PolicyError> {
    parse("vetch.toml", text, Some(&RULES.iter().copied().collect()))
}

fn problems(text: &str) -> Vec<String> {
    match read(text) {
        Err(PolicyError::Invalid { problems, .. }) => {
            problems.iter().map(|it| format!("{}:{}: {}", it.line, it.column, it.message)).collect()
        }
        other => panic!("expected problems, got {other:?}"),
    }
}

fn full() -> String {
    format!(
        r#"
fail-on = "malicious"
allow-incomplete = true
[severity]
"install-time-network" = "low"
[[exception]]
rule = "injected-dependency"
package = "pkg:npm/@scope/name@1.2.3"
path = "lib/**"
content-hash = "blake3:{}"
reason = " looked at "
expires = 2027-01-01
"#,
        "0a".repeat(32)
    )
}

#[test]
fn the_full_file_is_read() {
    let policy = read(&full()).unwrap();
    assert_eq!(policy.fail_on, Some(Setting { value: Verdict::Malicious, line: 2 }));
    assert_eq!(policy.allow_incomplete, Some(Setting { value: true, line: 3 }));
    assert_eq!(policy.severity["install-time-network"], Setting { value: Severity::Low, line: 5 });
    let exception = &policy.exceptions[0];
    assert_eq!(exception.package, Purl::npm("@scope/name", Some("1.2.3")));
    assert_eq!(exception.content_hash, ContentHash([10; 32]));
    assert_eq!((exception.reason.as_str(), exception.line), ("looked at", 6));
    assert_eq!(exception.expires, jiff::civil::date(2027, 1, 1));
    assert!(exception.path.as_ref().unwrap().matches("lib/x/a.js"));
}

#[test]
fn an_empty_file_is_the_default() {
    let policy = read("\u{feff}# nothing\n").unwrap();
    assert!(policy.fail_on.is_none() && policy.severity.is_empty() && policy.exceptions.is_empty());
}

#[test]
fn mistakes_are_placed_and_mended() {
    insta::assert_snapshot!(problems("fail_on = 'x'\n[[exceptions]]\n[severty]\nz = 1\n").join("\n"), @r"
    1:1: unknown key `fail_on`; did you mean `fail-on`?
    2:3: unknown key `exceptions`; did you mean `exception`?
    3:2: unknown key `severty`; did you mean `severity`?
    ");
    insta::assert_snapshot!(problems("fail-on = 'suspicous'\nallow-incomplete = 'yes'\nwhatever-else = 1").join("\n"), @r"
    1:11: unknown level `suspicous`; did you mean `suspicious`?
    2:20: expected true or false, found a string
    3:1: unknown key `whatever-else`; known here: fail-on, allow-incomplete, rules, yara, severity, unimported-vulnerabilities, names, cooldown, documents, exception
    ");
    insta::assert_snapshot!(problems("fail-on = 'clean'\n[severity]\ninstall-time-netwrk = 'low'\nelse = 'none'").join("\n"), @r"
    1:11: unknown level `clean`; known are malicious, suspicious, incomplete, notable
    3:1: unknown rule `install-time-netwrk`; did you mean `install-time-network`?
    4:1: unknown rule `else`; `vetch rules list` shows them
    4:8: unknown severity `none`; known are critical, high, medium, low, info
    ");
    insta::assert_snapshot!(problems("a = = 1").join("\n"), @"1:5: extra `=`, expected nothing");
}

#[test]
fn an_exception_needs_all_its_parts() {
    insta::assert_snapshot!(problems("[[exception]]\npath = '../x'\n").join("\n"), @r"
    1:1: this exception has no `rule`: the id of the rule
    1:1: this exception has no `package`: the purl of the release
    1:1: this exception has no `content-hash`: the content hash of what was looked at
    1:1: this exception has no `reason`: why it is accepted
    1:1: this exception has no `expires`: the day it ends
    2:8: a glob is relative to the package, with `/` and without `..`
    ");
    for (right, wrong) in [
        ("reason = \" looked at \"", "reason = \"  \""),
        ("expires = 2027-01-01", "expires = \"2027-01-01\""),
        ("expires = 2027-01-01", "expires = 2027-01-01T00:00:00Z"),
        ("blake3:0a", "blake3:0A"),
        ("blake3:0a", "sha256:0a"),
        ("pkg:npm/@scope/name@1.2.3", "name@1.2.3"),
        ("rule = \"injected-dependency\"", "rule = \"no-such-rule\""),
    ] {
        let text = full();
        assert!(text.contains(right));
        assert_eq!(problems(&text.replace(right, wrong)).len(), 1, "{wrong}");
    }
}

#[test]
fn messages_are_short_and_inert() {
    let text = format!("\"\\u001b[2J{}\" = 1", "x".repeat(100_000));
    let problems = problems(&text);
    assert!(problems[0].len() < 250 && !problems[0].contains('\u{1b}'), "{problems:?}");
    let many: String = (0..1000).map(|n| format!("key-{n} = 1\n")).collect();
    assert_eq!(self::problems(&many).len(), MOST_PROBLEMS);
}

#[test]
fn deep_nesting_is_refused() {
    assert!(read(&format!("a = {}", "[".repeat(100_000))).is_err());
    assert!(read(&format!("{}1", "a.".repeat(100_000))).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_damage_is_survived(cut in 0usize..400, byte in any::<u8>()) {
        let mut bytes = full().into_bytes();
        let at = cut % bytes.len();
        bytes[at] = byte;
        if let Ok(text) = String::from_utf8(bytes)
            && let Err(PolicyError::Invalid { problems, .. }) = read(&text)
        {
            prop_assert!(!problems.is_empty());
        }
    }
}
