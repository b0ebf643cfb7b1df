//! The form for a browser: one page, with nothing to fetch and no script.

use std::fmt::Write;

use super::ChangeView;
use super::sections::{Section, sections};
use crate::ToolInfo;
use crate::escape::html as text;
use crate::label::release_label;
use crate::page::{self, Kind, Page};

/// The page.
pub fn html(view: &ChangeView<'_>, tool: &ToolInfo) -> String {
    let mut body = String::new();
    // Writing to a `String` does not fail.
    let _ = content(&mut body, view, tool);
    let title = format!("{} → {}: {}", view.old, release_label(&view.new.purl), view.new.verdict);
    page::render(&Page { kind: Kind::Note, title: &title, body: &body, data: None })
}

fn content(out: &mut String, view: &ChangeView<'_>, tool: &ToolInfo) -> std::fmt::Result {
    let (old, new) = (text(view.old), text(&release_label(&view.new.purl)));
    let verdict = view.new.verdict.as_str();
    writeln!(
        out,
        "<main class=\"sheet\">\n<h1>{old} → {new}</h1>\n\
         <p><span class=\"verdict {verdict}\">{verdict}</span> <span class=\"dim\">score {}</span></p>",
        view.new.score
    )?;
    if !view.new.findings.is_empty() {
        writeln!(out, "<h2>What speaks against it</h2>\n<ul>")?;
        for finding in &view.new.findings {
            writeln!(
                out,
                "<li><strong>{}</strong> <span class=\"dim\">{} · {}</span></li>",
                text(&finding.title),
                finding.verdict(),
                text(finding.rule)
            )?;
        }
        writeln!(out, "</ul>")?;
    }
    for section in sections(view) {
        one(out, &section)?;
    }
    for missing in view.incomplete() {
        let (what, why) = (text(&missing.what), text(&missing.why));
        writeln!(out, "<p><span class=\"incomplete\">not checked</span> {what}: {why}</p>")?;
    }
    writeln!(out, "<p class=\"dim\">vetch {} (analysis {})</p>\n</main>", text(&tool.version), text(&tool.analysis))
}

fn one(out: &mut String, section: &Section) -> std::fmt::Result {
    writeln!(out, "<h2>{}</h2>\n<table>", text(section.heading))?;
    for row in &section.rows {
        write!(out, "<tr><td>{}</td><td>{}", text(row.mark.sign()), text(&row.text))?;
        if !row.source.is_empty() {
            write!(out, "<pre>{}</pre>", text(&row.source))?;
        }
        writeln!(out, "</td><td class=\"dim\">{}</td></tr>", text(&row.place))?;
    }
    if section.left_out > 0 {
        writeln!(out, "<tr><td></td><td class=\"dim\">and {} more</td><td></td></tr>", section.left_out)?;
    }
    writeln!(out, "</table>")
}
