//! Lines for a shell inside scripts of other languages.

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
