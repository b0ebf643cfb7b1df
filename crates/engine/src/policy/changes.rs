//! How the work tree's policy differs from the one in force.

use std::fmt::Display;

use vetch_model::{Evidence, Finding, Location};

use super::problem::PolicyError;
use super::rules::POLICY_CHANGED;
use super::{Exception, InternalName, Policy, Setting};

/// A finding if the two say different things; comments and order do not count.
pub(super) fn finding(
    file: &str,
    revision: &str,
    in_force: &Policy,
    here: Result<&Policy, &PolicyError>,
) -> Option<Finding> {
    let title = format!("`{file}` differs from the policy at `{revision}`, which is in force");
    let here = match here {
        Ok(here) => here,
        Err(error) => {
            let line = match error {
                PolicyError::Invalid { problems, .. } => problems.first().map_or(0, |problem| problem.line),
                _ => 0,
            };
            let note = "this file cannot be used as a policy".to_owned();
            return Some(Finding::new(&POLICY_CHANGED, title, Evidence::File { location: at(file, line), note }));
        }
    };
    let mut evidence = differences(file, in_force, here).into_iter();
    let first = evidence.next()?;
    Some(Finding::new(&POLICY_CHANGED, title, first).with_evidence(evidence))
}

fn differences(file: &str, in_force: &Policy, here: &Policy) -> Vec<Evidence> {
    let mut evidence = Vec::new();
    evidence.extend(setting(file, "fail-on", in_force.fail_on, here.fail_on));
    evidence.extend(setting(file, "allow-incomplete", in_force.allow_incomplete, here.allow_incomplete));
    evidence.extend(setting(file, "rules", in_force.rules.clone(), here.rules.clone()));
    evidence.extend(setting(file, "yara", in_force.yara.clone(), here.yara.clone()));
    let mut rules: Vec<&String> = in_force.severity.keys().chain(here.severity.keys()).collect();
    rules.sort_unstable();
    rules.dedup();
    for rule in rules {
        let (old, new) = (in_force.severity.get(rule).copied(), here.severity.get(rule).copied());
        evidence.extend(setting(file, &format!("severity.{rule}"), old, new));
    }
    evidence.extend(setting(file, "unimported-vulnerabilities", in_force.unimported, here.unimported));
    evidence.extend(setting(file, "cooldown", in_force.cooldown.clone(), here.cooldown.clone()));
    evidence.extend(internal_names(file, in_force, here));
    let missing_in = |list: &[Exception], it: &Exception| !list.iter().any(|other| it.says_the_same(other));
    for added in here.exceptions.iter().filter(|it| missing_in(&in_force.exceptions, it)) {
        evidence.push(field(file, added.line, "exception", added.label(), None, "an exception that is not in force"));
    }
    for removed in in_force.exceptions.iter().filter(|it| missing_in(&here.exceptions, it)) {
        let note = "an exception that is still in force";
        evidence.push(field(file, 0, "exception", ABSENT.to_owned(), Some(removed.label()), note));
    }
    evidence
}

/// Internal names that only one of the two has.
fn internal_names(file: &str, in_force: &Policy, here: &Policy) -> Vec<Evidence> {
    let only = |one: &Policy, other: &Policy| -> Vec<InternalName> {
        one.internal.iter().filter(|it| !other.internal.iter().any(|known| known.text == it.text)).cloned().collect()
    };
    let added = only(here, in_force)
        .into_iter()
        .map(|it| field(file, it.line, "names.internal", it.text, None, "an internal name that is not in force"));
    let removed = only(in_force, here).into_iter().map(|it| {
        field(file, 0, "names.internal", ABSENT.to_owned(), Some(it.text), "an internal name that is still in force")
    });
    added.chain(removed).collect()
}

const ABSENT: &str = "(not set)";

fn setting<T: Display + PartialEq>(
    file: &str,
    name: &str,
    in_force: Option<Setting<T>>,
    here: Option<Setting<T>>,
) -> Option<Evidence> {
    let line = here.as_ref().map_or(0, |setting| setting.line);
    let text = |setting: Option<Setting<T>>| setting.map(|setting| setting.value.to_string());
    let (old, new) = (text(in_force), text(here));
    let or_absent = |text: Option<String>| text.unwrap_or_else(|| ABSENT.to_owned());
    (old != new).then(|| field(file, line, name, or_absent(new), Some(or_absent(old)), "not what is in force"))
}

/// What a policy says at a line, as evidence.
pub(super) fn field(
    file: &str,
    line: u32,
    name: &str,
    found: String,
    expected: Option<String>,
    note: &str,
) -> Evidence {
    Evidence::Field { location: at(file, line), field: name.to_owned(), found, expected, note: note.to_owned() }
}

fn at(file: &str, line: u32) -> Location {
    Location { line, ..Location::file(file) }
}
