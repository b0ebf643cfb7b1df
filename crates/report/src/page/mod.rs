//! The frame of every page of HTML: one file that asks nobody for anything.
//!
//! A page's policy is as narrow as browsers know (Content Security Policy Level 3): nothing may be loaded, styles and
//! scripts are allowed by the SHA-256 of their exact text, and no text may be made into markup by a script (Trusted
//! Types). Scanned strings come into a page in two ways only: as text through [`crate::escape::html`], or as data
//! through [`data`], of which the script makes nothing but text.

use std::fmt::Write;

use base64::Engine;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::escape::{html as text, json_fragment, visible};

/// What all pages look like.
const FRAME: &str = include_str!("frame.css");

/// The look of the explorer of a graph.
const EXPLORER_STYLE: &str = include_str!("explorer.css");

/// The look of a scan's report.
const REPORT_STYLE: &str = include_str!("report.css");

/// The program of the explorer. Its files are one script: each builds upon those before it.
const EXPLORER: &[&str] = &[
    include_str!("model.js"),
    include_str!("dom.js"),
    include_str!("tree.js"),
    include_str!("picture.js"),
    include_str!("details.js"),
    include_str!("search.js"),
    include_str!("explorer.js"),
];

/// The program of a scan's report.
const REPORT: &[&str] = &[include_str!("report.js")];

/// What a page is for, which settles its styles and scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A note to be read; no script at all.
    Note,
    /// Nothing but the explorer of a graph.
    Explorer,
    /// The report of a scan, without a graph.
    Report,
    /// The report of a scan with the explorer in it.
    ReportWithExplorer,
}

impl Kind {
    fn has_explorer(self) -> bool {
        matches!(self, Kind::Explorer | Kind::ReportWithExplorer)
    }

    fn is_report(self) -> bool {
        matches!(self, Kind::Report | Kind::ReportWithExplorer)
    }

    fn style(self) -> String {
        let mut style = FRAME.to_owned();
        // The report's buttons are the explorer's.
        if self != Kind::Note {
            style.push_str(EXPLORER_STYLE);
        }
        if self.is_report() {
            style.push_str(REPORT_STYLE);
        }
        style
    }

    fn script(self) -> Option<String> {
        let mut files: Vec<&str> = Vec::new();
        if self.is_report() {
            files.extend(REPORT);
        }
        if self.has_explorer() {
            files.extend(EXPLORER);
        }
        (!files.is_empty()).then(|| files.concat())
    }
}

/// One page. `title` is raw; `body` is markup whose texts are escaped.
pub(crate) struct Page<'p> {
    pub(crate) kind: Kind,
    pub(crate) title: &'p str,
    pub(crate) body: &'p str,
    /// What the script reads, as [`data`] makes it.
    pub(crate) data: Option<&'p str>,
}

/// Writes the page. The same content gives the same bytes.
pub(crate) fn render(page: &Page<'_>) -> String {
    let (style, script) = (page.kind.style(), page.kind.script());
    let policy = policy(&style, script.as_deref());
    let whole = if page.kind == Kind::Explorer { " class=\"whole\"" } else { "" };
    let mut out = String::with_capacity(page.body.len() + page.data.map_or(0, str::len) + style.len() + 64 * 1024);
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<title>{}</title>\n<style>{style}</style>\n</head>\n\
         <body{whole}>\n{}",
        text(page.title),
        page.body
    );
    if let Some(data) = page.data {
        let _ = writeln!(out, "<script type=\"application/json\" id=\"data\">{data}</script>");
    }
    if let Some(script) = script {
        let _ = writeln!(out, "<script>{script}</script>");
    }
    out.push_str("</body>\n</html>\n");
    out
}

/// The policy: nothing but this style and this script.
fn policy(style: &str, script: Option<&str>) -> String {
    let mut policy = format!("default-src 'none'; style-src '{}'", digest(style));
    if let Some(script) = script {
        let _ = write!(policy, "; script-src '{}'", digest(script));
    }
    policy.push_str("; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'");
    policy
}

/// A source expression of the policy for an inline element of exactly this text.
fn digest(text: &str) -> String {
    format!("sha256-{}", base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text.as_bytes())))
}

/// JSON that may stand in a `script` element: none of its strings can end the element, begin a comment, or hold
/// anything that cannot be seen. Outside strings compact JSON has none of these characters.
///
/// # Errors
/// As `serde_json` reports; values of this crate have nothing that it could refuse.
pub(crate) fn data(value: &impl Serialize) -> serde_json::Result<String> {
    let json = serde_json::to_string(value)?;
    let mut out = String::with_capacity(json.len() + json.len() / 16);
    for c in json_fragment(&json).chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            _ => out.push(c),
        }
    }
    Ok(out)
}

/// A scanned text as a page may show it: with everything hidden written out.
pub(crate) fn shown(text: &str) -> String {
    visible(text)
}

/// The explorer's elements; `framed` where it is one part of a longer page.
pub(crate) fn explorer(framed: bool) -> String {
    let frame = if framed { " framed" } else { "" };
    let theme = if framed { "" } else { THEME_BUTTON };
    include_str!("explorer.html").replace("{frame}", frame).replace("{theme}", theme)
}

/// The button that turns the theme around.
pub(crate) const THEME_BUTTON: &str =
    "<button type=\"button\" class=\"button\" id=\"theme\" title=\"Dark or light (t)\">Dark / light</button>";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_leave_its_element() {
        let hostile = ["</script><img src=x onerror=y>", "<!--<script>", "a\u{2028}b\u{2029}\u{202e}c", "&lt;"];
        let text = data(&hostile).unwrap();
        assert!(!text.contains(['<', '>', '&', '\u{2028}', '\u{2029}', '\u{202e}']), "{text}");
        let back: Vec<String> = serde_json::from_str(&text).unwrap();
        assert_eq!(back, hostile);
    }

    #[test]
    fn a_page_allows_its_own_style_and_script_and_nothing_else() {
        let body = "<p>x</p>";
        let note = render(&Page { kind: Kind::Note, title: "</title><b>", body, data: None });
        assert!(!note.contains("<script") && !note.contains("<b>") && !note.contains("unsafe"), "{note}");
        let page = render(&Page { kind: Kind::Explorer, title: "x", body, data: Some("{}") });
        let script = Kind::Explorer.script().unwrap();
        assert!(page.contains(&format!("script-src '{}'", digest(&script))));
        // Neither may hold what would end its element.
        for kind in [Kind::Explorer, Kind::ReportWithExplorer] {
            assert!(!kind.script().unwrap().contains("</") && !kind.script().unwrap().contains("<!--"));
            assert!(!kind.style().contains("</"));
        }
        // Text becomes elements in one way only.
        for forbidden in ["innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "fetch(", "import("] {
            assert!(!script.contains(forbidden), "{forbidden}");
        }
    }
}
