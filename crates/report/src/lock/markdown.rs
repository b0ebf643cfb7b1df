//! For a comment on a pull request, within the length that GitHub accepts.

use vetch_model::lock::Change;

use super::{LockView, LockedFolder, words};
use crate::escape::{markdown as prose, markdown_code};
use crate::label::{count, release_label};
use crate::markdown::{MAX_BYTES, cut};

/// Kept free for the note on what was left out.
const RESERVE: usize = 512;

/// Longest piece of a hostile text, in characters.
const MAX_TEXT: usize = 200;

/// The outcome.
pub fn markdown(view: &LockView<'_>) -> String {
    let (mut out, mut left_out) = (String::new(), 0);
    for folder in &view.folders {
        out.push_str(&format!("## Vetch: {}\n", prose(&cut(&words::sentence(folder), MAX_TEXT))));
        for change in words::shown(folder) {
            let block = one(view, folder, change);
            if out.len() + block.len() > MAX_BYTES - RESERVE {
                left_out += 1;
            } else {
                out.push_str(&block);
            }
        }
        if let Some(advice) = words::advice(folder) {
            out.push_str(&format!("\n{}.\n", prose(advice)));
        }
    }
    if view.is_incomplete() {
        out.push_str("\n> Something could not be checked: there may be more. `vetch lock --check` tells what.\n");
    }
    if left_out > 0 {
        out.push_str(&format!("\n> Left out for length: {} releases.\n", count(left_out)));
    }
    out
}

fn one(view: &LockView<'_>, folder: &LockedFolder<'_>, change: &Change) -> String {
    let mut text = format!("\n### {}\n\n{}\n\n", code(&release_label(&change.purl)), prose(&words::known(change)));
    for (gained, seen) in view.gained(folder, change) {
        let at = seen.map(|seen| seen.evidence.location());
        let at = at.map(|at| format!(" ({})", code(&format!("{}:{}", at.file, at.line)))).unwrap_or_default();
        text.push_str(&format!("- **{}** {}{at}\n", gained.trigger, code(&gained.to_string())));
    }
    for remark in words::remarks(change) {
        text.push_str(&format!("- {}\n", prose(&cut(&remark, MAX_TEXT))));
    }
    if let Some(names) = words::via(view, folder, change) {
        let names: Vec<String> = names.iter().map(|name| code(name)).collect();
        text.push_str(&format!("- via {}\n", names.join(" › ")));
    }
    text
}

fn code(text: &str) -> String {
    markdown_code(&cut(text, MAX_TEXT))
}
