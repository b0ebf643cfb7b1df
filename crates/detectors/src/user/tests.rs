//! What rules of users match, and how mistakes in them are told.

use super::*;
use crate::testing::*;
use vetch_model::capability::{CapabilityId, PathClass};

const RULES: &str = r#"
version = 1

[[rule]]
id = "acme-telemetry"
summary = "Speaks to the old telemetry host"
severity = "high"
capability = { is = "net.connect(*.telemetry.invalid*)", trigger = ["install", "import"] }

[[rule]]
id = "acme-keys"
summary = "Sends stored credentials"
severity = "critical"
confidence = "high"
flow = { source = "fs.read(credentials)", sink = "net.connect" }
when = 'flow.sink.resource != "vault.acme.invalid" && release.ecosystem == "npm"'

[[rule]]
id = "acme-size"
summary = "Does many things"
severity = "low"
ecosystem = "npm"
when = 'size(capabilities) > 2 && capabilities.exists(c, c.trigger == "install")'
"#;

fn rules(text: &str) -> Vec<UserRule> {
    parse("acme.toml".as_ref(), text, []).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn problems(text: &str) -> Vec<String> {
    match parse("acme.toml".as_ref(), text, ["taken"]) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

/// The ids of the rules that fire.
fn fired(facts: &Facts) -> Vec<&'static str> {
    let (findings, unanswered) = checked(RULES, facts);
    assert!(unanswered.is_empty(), "{unanswered:?}");
    findings.iter().map(|finding| finding.rule).collect()
}

fn checked(text: &str, facts: &Facts) -> (Vec<Finding>, Vec<String>) {
    let rules = rules(text);
    facts.with_release(|release| check(&rules.iter().collect::<Vec<_>>(), release))
}

#[test]
fn capabilities_are_matched_by_resource_and_trigger() {
    assert_eq!(fired(&Facts::new().caps([net("eu.telemetry.invalid:8080")])), ["acme-telemetry"]);
    assert!(fired(&Facts::new().caps([net("eu.telemetry.invalid").at(Trigger::Call)])).is_empty());
    assert!(fired(&Facts::new().caps([net("telemetry.other.invalid")])).is_empty());
}

#[test]
fn flows_are_narrowed_by_conditions() {
    let sent = |host: &str| Facts::new().flow(read(PathClass::Credentials, "<home>/.npmrc"), net(host));
    assert_eq!(fired(&sent("192.0.2.1")), ["acme-keys"]);
    assert!(fired(&sent("vault.acme.invalid")).is_empty());
}

#[test]
fn conditions_speak_of_the_release_as_a_whole() {
    let many = [net("a.invalid"), spawn("x"), cap(CapabilityId::EnvEnumerate, named("x"))];
    assert_eq!(fired(&Facts::new().caps(many)), ["acme-size"]);
}

#[test]
fn patterns_stand_for_anything() {
    for (pattern, text) in [("*", ""), ("a*", "ABC"), ("*c", "abc"), ("a*c*e", "abcde"), ("a*a", "aba"), ("abc", "abc")]
    {
        assert!(is_match(pattern, text), "{pattern} {text}");
    }
    for (pattern, text) in [("a*a", "a"), ("ab", "abc"), ("*b", "abc"), ("a*x*c", "abc")] {
        assert!(!is_match(pattern, text), "{pattern} {text}");
    }
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let rule = |rest: &str| format!("version = 1\n[[rule]]\nid = \"a\"\nsummary = \"x\"\nseverity = \"high\"\n{rest}");
    let told = |rest: &str, line: usize, part: &str| {
        let found = problems(&rule(rest));
        let start = format!("acme.toml:{line}: ");
        assert!(found.iter().any(|one| one.starts_with(&start) && one.contains(part)), "{rest}: {found:?}");
    };
    told("capability = { is = \"net.conect\" }", 6, "near it: net.connect");
    told("when = \"1 +\"", 6, "no CEL expression");
    told("whem = \"true\"", 6, "unknown field");
    told("capability = { is = \"net.dns\", trigger = [\"start\"] }", 6, "none of install");
    told("when = \"true\"\n[[rule.test]]\nexpect = true\nfiles = { \"../x\" = \"\" }", 7, "no path within");
    assert_eq!(problems(&rule("")), ["acme.toml:2: the rule has no condition: give `capability`, `flow` or `when`"]);
    assert_eq!(problems("version = 2"), ["acme.toml:1: this Vetch reads version 1"]);
    let twice = rule("when = \"true\"").replace("\"a\"", "\"taken\"");
    assert_eq!(problems(&twice), ["acme.toml:3: there is a rule `taken` already"]);
}

#[test]
fn a_condition_without_an_answer_is_told_and_leaves_the_other_rules_alone() {
    let rule = |id: &str, when: &str| {
        format!("[[rule]]\nid = \"{id}\"\nsummary = \"x\"\nseverity = \"high\"\nwhen = \"{when}\"\n")
    };
    let text = format!("version = 1\n{}{}", rule("a", "release.nam == ''"), rule("b", "size(capabilities) > 0"));
    let (findings, unanswered) = checked(&text, &Facts::new().caps([net("a.invalid")]));
    assert_eq!(findings.iter().map(|finding| finding.rule).collect::<Vec<_>>(), ["b"]);
    assert!(matches!(unanswered.as_slice(), [why] if why.starts_with("the condition of rule `a`: ")), "{unanswered:?}");
}

#[test]
fn conditions_that_walk_too_much_are_refused() {
    let rule = |when: &str| {
        format!("version = 1\n[[rule]]\nid = \"a\"\nsummary = \"x\"\nseverity = \"high\"\nwhen = '{when}'")
    };
    let exists = |within: &str| format!("capabilities.exists(c, {within})");
    let two = exists(&exists("c.id == \"net.dns\""));
    assert!(problems(&rule(&two)).is_empty(), "{:?}", problems(&rule(&two)));
    let three = problems(&rule(&exists(&two)));
    assert!(three[0].starts_with("acme.toml:6: ") && three[0].contains("2 are allowed"), "{three:?}");
    // Lists in the list that is walked are walked one after the other.
    let chained = "capabilities.filter(c, true).filter(c, true).exists(c, true)";
    assert!(problems(&rule(chained)).is_empty(), "{:?}", problems(&rule(chained)));
    let many = problems(&rule(&vec![exists("true"); 13].join(" || ")));
    assert!(many[0].contains("walks 13 lists"), "{many:?}");
}
