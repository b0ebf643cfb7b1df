//! SARIF 2.1.0 for code scanning: every finding at the line of the lockfile that
//! declares the release, so that it shows on the pull request, with the code in
//! the package as related locations.
//!
//! Source of the limits: GitHub, "SARIF support for code scanning" (25,000
//! results a run of which 5,000 are shown, 25,000 rules, 20 tags a rule, 1,000
//! locations a result, 10 MB compressed).

mod limits;
mod result;
mod rules;
mod uri;

use std::io::{self, Write};

use serde_json::{Value, json};
use vetch_model::scan::Scan;
use vetch_model::{Incomplete, RuleMeta};

use crate::escape::visible;
use crate::json::write_value;
use crate::label::{counted, release_label};
use crate::{TOOL_NAME, TOOL_URI, ToolInfo};
use limits::{Budget, MAX_NOTIFICATIONS, cut};

/// Writes the log. `root` is the folder that paths are written relative to (the
/// repository, usually the current folder), for targets given as absolute paths.
///
/// # Errors
/// What `out` reports.
pub fn write(scan: &Scan, rules: &[RuleMeta], tool: &ToolInfo, root: Option<&str>, out: impl Write) -> io::Result<()> {
    write_value(&log(scan, rules, tool, root), out)
}

fn log(scan: &Scan, rules: &[RuleMeta], tool: &ToolInfo, root: Option<&str>) -> Value {
    let bases: Vec<String> = scan.targets.iter().map(|target| uri::base(target, root)).collect();
    let rules = &rules[..rules.len().min(limits::MAX_RULES)];
    let mut budget = Budget::default();
    let results = result::results(scan, rules, &bases, &mut budget);
    let notifications = notifications(scan, &bases, &budget);
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": TOOL_NAME,
                "version": tool.version,
                "informationUri": TOOL_URI,
                "rules": rules.iter().map(rules::descriptor).collect::<Vec<_>>(),
                "properties": { "analysis": tool.analysis },
            } },
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {
                "%SRCROOT%": { "description": { "text": "The root of the repository." } },
                uri::PACKAGES: { "description": {
                    "text": "Releases that are not installed in the project: each under its name@version."
                } },
            },
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    })
}

/// What is not a result, but must not be taken for nothing found.
fn notifications(scan: &Scan, bases: &[String], budget: &Budget) -> Vec<Value> {
    let mut all = budget.notes().into_iter().map(|text| notification("limit", "warning", &text)).collect::<Vec<_>>();
    let general = scan.incomplete.iter().map(|missing| (None, missing));
    let of_releases =
        scan.releases.iter().flat_map(|release| release.incomplete.iter().map(move |missing| (Some(release), missing)));
    let mut left = 0;
    for (release, missing) in general.chain(of_releases) {
        if all.len() >= MAX_NOTIFICATIONS {
            left += 1;
            continue;
        }
        let name = release.map(|release| format!("{}: ", release_label(&release.purl))).unwrap_or_default();
        let mut value = notification("incomplete", "warning", &format!("{name}{}", incomplete_text(missing)));
        // Without a release, the place is in a target; with several, it is not known in which.
        if let (None, Some(at), [base]) = (release, &missing.location, bases) {
            value["locations"] = json!([uri::physical(&uri::in_project(base, &at.file), at.line, None)]);
        }
        all.push(value);
    }
    if left > 0 {
        let text = format!(
            "{} not listed here.",
            counted(left, "more part could not be judged and is", "more parts could not be judged and are")
        );
        all.push(notification("limit", "warning", &text));
    }
    all.extend(asides(scan));
    all
}

fn incomplete_text(missing: &Incomplete) -> String {
    format!("{} was not checked: {}. {}", missing.what, missing.why, missing.hint)
}

/// Exceptions, and signals that were not to be had.
fn asides(scan: &Scan) -> Vec<Value> {
    let mut all = Vec::new();
    let excepted: usize = scan.releases.iter().map(|release| release.excepted.len()).sum();
    if excepted > 0 {
        let text =
            format!("{} by the policy in use.", counted(excepted, "finding is excepted", "findings are excepted"));
        all.push(notification("excepted", "note", &text));
    }
    if !scan.skipped.is_empty() {
        let text = format!("{} not applicable here.", counted(scan.skipped.len(), "thing was", "things were"));
        all.push(notification("skipped", "note", &text));
    }
    for one in scan.unavailable.iter().take(MAX_NOTIFICATIONS) {
        all.push(notification("unavailable", "note", &format!("{}: {}", one.what, one.why)));
    }
    all
}

fn notification(id: &str, level: &str, text: &str) -> Value {
    json!({ "descriptor": { "id": id }, "level": level, "message": { "text": message(text) } })
}

/// Message text: visible, bounded, and with no embedded links but our own
/// (SARIF 3.11.6: brackets and backslashes are escaped with a backslash).
fn message(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in cut(&visible(text), limits::MAX_MESSAGE).chars() {
        if matches!(c, '[' | ']' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
