//! What edits change, as a unified diff. It is made from the edits themselves: nothing has to be searched for.

use std::ops::Range;

use vetch_model::hygiene::FileDiff;

use super::{Change, Edit, EditSet};

/// Lines shown before and after a change.
const CONTEXT: usize = 3;

/// Hides what must not be shown of a line: a function, so that callers who show other things need not know secrets.
pub type Masked = fn(&str) -> String;

/// Consecutive lines of the original and what they become.
struct Block {
    old: Range<usize>,
    new: Vec<String>,
}

impl EditSet {
    /// What would change, file by file. Every line of a file goes through `masked`.
    pub fn diff(&self, masked: Masked) -> Vec<FileDiff> {
        let changes = self.changes.iter().filter(|(_, change)| !change.edits.is_empty());
        changes.map(|(file, change)| of_file(file, change, masked)).collect()
    }
}

fn of_file(file: &str, change: &Change, masked: Masked) -> FileDiff {
    let is_new = change.original.is_none();
    let old = split(&String::from_utf8_lossy(change.bytes()));
    let blocks = blocks(change, &old);
    let from = if is_new { "/dev/null".to_owned() } else { format!("a/{file}") };
    let mut lines = vec![format!("--- {from}"), format!("+++ b/{file}")];
    let mut moved = 0isize;
    let mut rest = blocks.as_slice();
    while let Some(first) = rest.first() {
        // Blocks whose contexts touch are one hunk.
        let mut count = 1;
        while let (Some(one), Some(next)) = (rest.get(count - 1), rest.get(count)) {
            if next.old.start > one.old.end + 2 * CONTEXT {
                break;
            }
            count += 1;
        }
        let (hunk, later) = rest.split_at(count);
        rest = later;
        let start = first.old.start.saturating_sub(CONTEXT);
        let end = hunk.last().map_or(start, |last| (last.old.end + CONTEXT).min(old.len()));
        moved += put(&mut lines, &old, hunk, start..end, moved, masked);
    }
    FileDiff { file: file.to_owned(), is_new, lines }
}

/// Writes one hunk; how many lines it adds to the file.
fn put(
    lines: &mut Vec<String>,
    old: &[String],
    hunk: &[Block],
    range: Range<usize>,
    moved: isize,
    masked: Masked,
) -> isize {
    let (mut body, mut at) = (Vec::new(), range.start);
    let mut grown = 0isize;
    let mut push = |sign: char, line: &str| {
        let text = line.strip_suffix('\n');
        body.push(format!("{sign}{}", masked(text.unwrap_or(line).trim_end_matches('\r'))));
        if text.is_none() {
            body.push("\\ No newline at end of file".to_owned());
        }
    };
    for block in hunk {
        old.get(at..block.old.start).unwrap_or_default().iter().for_each(|line| push(' ', line));
        old.get(block.old.clone()).unwrap_or_default().iter().for_each(|line| push('-', line));
        block.new.iter().for_each(|line| push('+', line));
        at = block.old.end;
        grown += block.new.len() as isize - block.old.len() as isize;
    }
    old.get(at..range.end).unwrap_or_default().iter().for_each(|line| push(' ', line));
    // An empty side counts from the line before it.
    let side = |start: isize, length: isize| match length {
        0 => format!("{start},0"),
        1 => format!("{}", start + 1),
        _ => format!("{},{length}", start + 1),
    };
    let (start, length) = (range.start as isize, range.len() as isize);
    lines.push(format!("@@ -{} +{} @@", side(start, length), side(start + moved, length + grown)));
    lines.append(&mut body);
    grown
}

/// The edits as blocks of whole lines, in file order.
fn blocks(change: &Change, old: &[String]) -> Vec<Block> {
    let bytes = change.bytes();
    let mut starts = vec![0];
    starts.extend(memchr_lines(bytes));
    let line_of = |offset: usize| starts.partition_point(|start| *start <= offset).saturating_sub(1);
    let mut groups: Vec<(Range<usize>, Vec<&Edit>)> = Vec::new();
    for edit in &change.edits {
        // Whole lines that come in before a line change none.
        let is_between = starts.contains_sorted(edit.span.start) || edit.span.start == bytes.len() && ends_line(bytes);
        let range = match edit.span.is_empty() && is_between && edit.text.ends_with('\n') {
            true => {
                let at = if edit.span.start == bytes.len() { old.len() } else { line_of(edit.span.start) };
                at..at
            }
            false => {
                line_of(edit.span.start).min(old.len())
                    ..(line_of(edit.span.end.max(edit.span.start)) + 1).min(old.len())
            }
        };
        match groups
            .last_mut()
            .filter(|(last, _)| *last == range || !range.is_empty() && !last.is_empty() && range.start <= last.end)
        {
            Some((last, edits)) => {
                last.end = last.end.max(range.end);
                edits.push(edit);
            }
            None => groups.push((range, vec![edit])),
        }
    }
    groups.into_iter().map(|(range, edits)| block(bytes, &starts, old, range, &edits)).collect()
}

fn block(bytes: &[u8], starts: &[usize], old: &[String], range: Range<usize>, edits: &[&Edit]) -> Block {
    let offset = |line: usize| starts.get(line).copied().unwrap_or(bytes.len());
    let (start, end) = (offset(range.start), offset(range.end));
    let (mut text, mut done) = (Vec::new(), start);
    for edit in edits {
        text.extend_from_slice(bytes.get(done..edit.span.start).unwrap_or_default());
        text.extend_from_slice(edit.text.as_bytes());
        done = edit.span.end;
    }
    text.extend_from_slice(bytes.get(done..end.max(done)).unwrap_or_default());
    let mut new = split(&String::from_utf8_lossy(&text));
    // Lines of the block that stay are context.
    let before = old.get(range.clone()).unwrap_or_default();
    let same = before.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let tail = before[same..].iter().rev().zip(new[same..].iter().rev()).take_while(|(old, new)| old == new).count();
    new.drain(..same);
    new.truncate(new.len() - tail);
    Block { old: range.start + same..range.end - tail, new }
}

fn ends_line(bytes: &[u8]) -> bool {
    bytes.is_empty() || bytes.ends_with(b"\n")
}

/// Offsets of the lines after the first, the one after the last line end aside.
fn memchr_lines(bytes: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    ends.filter(|start| *start < bytes.len())
}

/// Lines with their ends.
fn split(text: &str) -> Vec<String> {
    text.split_inclusive('\n').map(str::to_owned).collect()
}

trait Sorted {
    fn contains_sorted(&self, value: usize) -> bool;
}

impl Sorted for Vec<usize> {
    fn contains_sorted(&self, value: usize) -> bool {
        self.binary_search(&value).is_ok()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test's own helper")]
mod tests {
    use super::*;

    fn diff(original: Option<&str>, edits: &[(Range<usize>, &str)]) -> String {
        let mut set = EditSet::default();
        set.open("x", original.map(str::as_bytes), None);
        for (span, text) in edits {
            let edit = Edit { span: span.clone(), text: (*text).to_owned() };
            set.add("x", edit, &[]).unwrap();
        }
        set.diff(|line| line.replace("secret", "***"))[0].lines.join("\n")
    }

    #[test]
    fn lines_that_change_stand_among_those_that_stay() {
        let text: String = (1..=20).map(|line| format!("{line}\n")).collect();
        let at = |line: &str| text.find(&format!("\n{line}\n")).unwrap() + 1;
        let (five, fifteen) = (at("5"), at("15"));
        assert_eq!(
            diff(Some(&text), &[(five..five + 1, "five"), (fifteen..fifteen, "new\n")]),
            "--- a/x\n+++ b/x\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n@@ -12,6 +12,7 @@\n 12\n 13\n 14\n+new\n 15\n 16\n 17"
        );
    }

    #[test]
    fn ends_and_new_files() {
        assert_eq!(diff(None, &[(0..0, "a\nb\n")]), "--- /dev/null\n+++ b/x\n@@ -0,0 +1,2 @@\n+a\n+b");
        assert_eq!(diff(Some("a\n"), &[(2..2, "b\n")]), "--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n a\n+b");
        assert_eq!(
            diff(Some("a"), &[(1..1, "\nb\n")]),
            "--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-a\n\\ No newline at end of file\n+a\n+b"
        );
    }

    #[test]
    fn secrets_are_masked_in_context_too() {
        assert_eq!(diff(Some("secret\r\na\r\n"), &[(8..9, "b")]), "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n ***\n-a\n+b");
    }
}
