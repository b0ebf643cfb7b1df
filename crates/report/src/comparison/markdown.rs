//! For a comment on a pull request: what needs a look, then a table of each kind of
//! change, within the length that GitHub accepts, saying what was left out.

use vetch_graph::compare::Change;

use super::{DiffView, words};
use crate::changes::reviews_markdown;
use crate::escape::{markdown as prose, markdown_code};
use crate::label::count;
use crate::markdown::{MAX_BYTES, cut};

/// Kept free for the note on what was left out.
const RESERVE: usize = 512;

/// Longest piece of a hostile text, in characters.
const MAX_TEXT: usize = 200;

/// Rows of one table.
const MAX_ROWS: usize = 100;

/// The comparison.
pub fn markdown(view: &DiffView<'_>) -> String {
    let mut out = Bounded { text: heading(view), left_out: 0 };
    let alarming: Vec<&Change> = view.comparison.changes.iter().filter(|change| change.is_alarming).collect();
    if !alarming.is_empty() {
        out.push("\n### Needs a look\n\n".to_owned());
        alarming.iter().for_each(|change| out.push(alarm(view, change)));
    }
    for (kind, title) in words::SECTIONS {
        let of_kind = |change: &&Change| change.kind == *kind && !change.is_alarming;
        let changes: Vec<&Change> = view.comparison.changes.iter().filter(of_kind).collect();
        table(&mut out, view, title, &changes);
    }
    ranges(&mut out, view);
    incomplete(&mut out, view);
    for all in [view.own, view.reviews].into_iter().flatten() {
        out.push(reviews_markdown(all));
    }
    out.finish()
}

/// Text that does not outgrow the limit.
struct Bounded {
    text: String,
    left_out: usize,
}

impl Bounded {
    fn push(&mut self, block: String) {
        if self.text.len() + block.len() > MAX_BYTES - RESERVE {
            self.left_out += 1;
        } else {
            self.text.push_str(&block);
        }
    }

    fn finish(mut self) -> String {
        if self.left_out > 0 {
            let number = count(self.left_out);
            self.text.push_str(&format!("\n> Left out for length: {number} entries. Run `vetch diff` to see all.\n"));
        }
        self.text
    }
}

fn heading(view: &DiffView<'_>) -> String {
    let side = |side: &super::Side<'_>| match side.commit {
        Some(commit) => format!("{} ({})", code(side.target), code(&commit[..commit.len().min(12)])),
        None => code(side.target),
    };
    let (old, new) = (side(&view.old), side(&view.new));
    format!("## Vetch: {}\n\n{old} → {new}: {}\n", prose(&words::sentence(view)), words::numbers(view))
}

/// One that needs a look, as a list entry with its details.
fn alarm(view: &DiffView<'_>, change: &Change) -> String {
    let kind = change.kind.as_str();
    let name = code(&words::name(view, change));
    let mut text = format!("- **{kind}** {name} {}", code(&words::versions(view, change)));
    if let Some(place) = words::place(view, change) {
        text.push_str(&format!(" ({})", code(&place)));
    }
    text.push('\n');
    for difference in &change.differences {
        text.push_str(&format!("  - {}\n", prose(&cut(&words::difference(difference, change.kind), MAX_TEXT))));
    }
    if let Some(names) = words::via(view, change) {
        text.push_str(&format!("  - via {}\n", chain(&names)));
    }
    text
}

fn table(out: &mut Bounded, view: &DiffView<'_>, title: &str, changes: &[&Change]) {
    if changes.is_empty() {
        return;
    }
    let number = count(changes.len());
    out.push(format!("\n### {title} ({number})\n\n| package | version | via | what else |\n|---|---|---|---|\n"));
    for change in changes.iter().take(MAX_ROWS) {
        let via = words::via(view, change).map(|names| chain(&names)).unwrap_or_default();
        let else_: Vec<String> =
            change.differences.iter().map(|one| prose(&cut(&words::difference(one, change.kind), MAX_TEXT))).collect();
        let (name, versions) = (code(&words::name(view, change)), code(&words::versions(view, change)));
        out.push(format!("| {name} | {versions} | {via} | {} |\n", else_.join("<br>")));
    }
    out.left_out += changes.len().saturating_sub(MAX_ROWS);
}

fn ranges(out: &mut Bounded, view: &DiffView<'_>) {
    let ranges = &view.comparison.ranges;
    if ranges.is_empty() {
        return;
    }
    let number = count(ranges.len());
    out.push(format!("\n### Asked for otherwise ({number})\n\n| package | was | is | by |\n|---|---|---|---|\n"));
    for change in ranges.iter().take(MAX_ROWS) {
        let (old, new) = (words::ask(change.old.as_ref()), words::ask(change.new.as_ref()));
        let project = view.new.inventory.package(change.new_project).label();
        out.push(format!("| {} | {} | {} | {} |\n", code(&change.name), code(&old), code(&new), code(&project)));
    }
    out.left_out += ranges.len().saturating_sub(MAX_ROWS);
}

fn incomplete(out: &mut Bounded, view: &DiffView<'_>) {
    let all: Vec<_> = view.incomplete().collect();
    if all.is_empty() {
        return;
    }
    out.push("\n### Not read, and so not compared\n\n".to_owned());
    for (side, one) in all {
        let line = one.location.as_ref().filter(|at| at.line > 0).map(|at| format!(":{}", at.line)).unwrap_or_default();
        let what = code(&format!("{}{line}", one.what));
        out.push(format!(
            "- {side}: {what}: {}; {}\n",
            prose(&cut(&one.why, MAX_TEXT)),
            prose(&cut(&one.hint, MAX_TEXT))
        ));
    }
}

fn chain(names: &[String]) -> String {
    names.iter().map(|name| code(name)).collect::<Vec<_>>().join(" › ")
}

fn code(text: &str) -> String {
    markdown_code(&cut(text, MAX_TEXT))
}
