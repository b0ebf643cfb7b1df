//! Lines for a shell inside scripts of other languages.

use super::Runner;
use crate::value::Value;

impl Runner<'_, '_> {
    /// A script for Windows, which a program of the system runs when it is opened.
    pub(super) fn written_script(&mut self, path: &str, written: &Value) {
        let extension = path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        for text in written.alternatives().iter().filter_map(Value::as_str) {
            match extension.as_str() {
                "vbs" | "vbe" | "wsf" | "hta" | "js" | "jse" => {
                    self.foreign(text, written.taint);
                    for line in lines_of_vbscript(text) {
                        self.line(&line, written.taint);
                    }
                }
                "bat" | "cmd" => {
                    self.line(text, written.taint);
                }
                _ => {}
            }
        }
    }
}

/// `do shell script "…"`
pub(super) fn shell_lines_of_applescript(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("do shell script \"") {
        rest = &rest[at + 17..];
        let end = rest.find('"').unwrap_or(rest.len());
        lines.push(&rest[..end]);
        rest = &rest[end..];
    }
    lines
}

/// What VBScript starts: `shell.Run "…"`, `shell.Exec("…")`; a quote in a text is written twice.
pub(super) fn lines_of_vbscript(text: &str) -> Vec<String> {
    const MAX_LINES: usize = 32;
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    for verb in [".run", ".exec", "shellexecute"] {
        for (at, _) in lower.match_indices(verb).take(MAX_LINES) {
            let rest = text.get(at + verb.len()..).unwrap_or_default().trim_start_matches([' ', '(']);
            let Some(rest) = rest.strip_prefix('"') else { continue };
            let line = rest.replace("\"\"", "\u{0}");
            found.extend(line.split('"').next().map(|line| line.replace('\u{0}', "\"")));
        }
    }
    found
}
