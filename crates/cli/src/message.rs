//! Messages on standard error: `error: …`, `hint: …`, `note: …`. All of them may hold
//! hostile text (paths, names, words of a file), so every line is escaped.

use std::io::Write;

use clap::builder::styling::{AnsiColor, Style};
use vetch_report::escape::terminal;

/// What went wrong and what to do next. A message of several lines stays so.
pub(crate) fn error(message: &str, hint: &str) {
    labelled("error", AnsiColor::Red.on_default().bold(), message);
    if !hint.is_empty() {
        labelled("hint", AnsiColor::Cyan.on_default().bold(), hint);
    }
}

/// Something that the user should know and that changes no result.
pub(crate) fn note(message: &str) {
    labelled("note", AnsiColor::Yellow.on_default().bold(), message);
}

/// Something that could not be read, and so is not in the result.
pub(crate) fn incomplete(message: &str) {
    labelled("incomplete", AnsiColor::Magenta.on_default().bold(), message);
}

/// One line as it is.
pub(crate) fn plain(line: &str) {
    write(&terminal(line));
}

fn labelled(label: &str, style: Style, message: &str) {
    let mut lines = message.lines();
    let first = terminal(lines.next().unwrap_or_default());
    write(&format!("{style}{label}{style:#}: {first}"));
    for line in lines {
        write(&format!("{:width$}  {}", "", terminal(line), width = label.len()));
    }
}

fn write(line: &str) {
    // With standard error closed there is nobody left to tell.
    writeln!(anstream::stderr().lock(), "{line}").ok();
}
