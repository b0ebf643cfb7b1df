//! The same note as one page of HTML, with nothing to fetch and no script: it can be kept with an incident's files.

use std::fmt::Write;

use vetch_model::facts::PackageFacts;
use vetch_model::{Finding, Trigger};

use super::{InspectView, words};
use crate::ToolInfo;
use crate::escape::html as text;
use crate::label::{release_label, size};
use crate::page::{self, Kind, Page};

/// The page.
pub fn html(view: &InspectView<'_>, tool: &ToolInfo) -> String {
    let mut body = String::new();
    // Writing to a `String` does not fail.
    let _ = content(&mut body, view, tool);
    let title = format!("{}: {}", release_label(&view.release.purl), view.release.verdict);
    page::render(&Page { kind: Kind::Note, title: &title, body: &body, data: None })
}

fn content(out: &mut String, view: &InspectView<'_>, tool: &ToolInfo) -> std::fmt::Result {
    let name = text(&release_label(&view.release.purl));
    let verdict = view.release.verdict.as_str();
    writeln!(out, "<main class=\"sheet\">")?;
    writeln!(
        out,
        "<h1>{name}</h1>\n<p><span class=\"verdict {verdict}\">{verdict}</span> <span class=\"dim\">score {}</span></p>",
        view.release.score
    )?;
    if let Some(facts) = view.facts {
        writeln!(out, "<p>{}</p>", text(&words::says_of_itself(facts)))?;
        writeln!(out, "<p class=\"dim\">{}</p>", text(&words::consists_of(facts)))?;
    }
    writeln!(out, "<p><strong>{}</strong></p>", text(&words::sentence(view)))?;
    findings(out, view)?;
    reputation(out, view)?;
    for trigger in Trigger::ALL {
        deeds(out, view, *trigger)?;
    }
    flows(out, view)?;
    if let Some(facts) = view.facts {
        layers(out, facts)?;
        modules(out, facts)?;
    }
    not_understood(out, view)?;
    way_in(out, view)?;
    let hash = view.release.content_hash.map(|hash| hash.to_string()).unwrap_or_default();
    let (version, analysis) = (text(&tool.version), text(&tool.analysis));
    writeln!(out, "<p class=\"dim\">vetch {version}, analysis {analysis}; contents {}</p>", text(&hash))?;
    out.write_str("</main>\n")
}

fn findings(out: &mut String, view: &InspectView<'_>) -> std::fmt::Result {
    if view.release.findings.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2>What speaks against it</h2>")?;
    view.release.findings.iter().try_for_each(|one| finding(out, one))
}

fn reputation(out: &mut String, view: &InspectView<'_>) -> std::fmt::Result {
    if view.reputation.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2>Its history</h2>\n<table>")?;
    for remark in view.reputation {
        let (aspect, leaning, words) = (remark.aspect.as_str(), remark.leaning.as_str(), text(&remark.words));
        writeln!(out, "<tr><td>{aspect}</td><td class=\"dim\">{leaning}</td><td>{words}</td></tr>")?;
    }
    writeln!(out, "</table>")
}

fn finding(out: &mut String, finding: &Finding) -> std::fmt::Result {
    let verdict = finding.verdict().as_str();
    writeln!(out, "<h3 class=\"{verdict}\">{}</h3>", text(&finding.title))?;
    let techniques = finding.techniques.join(", ");
    writeln!(
        out,
        "<p class=\"dim\">{} · {} severity, {} confidence{}</p>\n<table>",
        text(finding.rule),
        finding.severity,
        finding.confidence,
        if techniques.is_empty() { String::new() } else { format!(" · {techniques}") }
    )?;
    for evidence in &finding.evidence {
        let at = evidence.location();
        let code = match evidence {
            vetch_model::Evidence::Code { excerpt, .. } => format!("<pre>{}</pre>", text(excerpt.trim())),
            vetch_model::Evidence::Field { field, found, .. } => format!("<pre>{}: {}</pre>", text(field), text(found)),
            vetch_model::Evidence::File { .. } => String::new(),
        };
        let (file, note) = (text(&at.file), text(evidence.note()));
        writeln!(out, "<tr><td><code>{file}:{}</code></td><td>{code}{note}</td></tr>", at.line)?;
    }
    writeln!(out, "</table>\n<p>{}</p>", text(&finding.remedy))
}

fn deeds(out: &mut String, view: &InspectView<'_>, trigger: Trigger) -> std::fmt::Result {
    let capabilities = view.capabilities(trigger);
    let commands = view.facts.iter().flat_map(|facts| &facts.install_commands);
    let commands: Vec<_> = commands.filter(|command| trigger == Trigger::Install && command.for_dependents).collect();
    if capabilities.is_empty() && commands.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2>{}</h2>", words::when(trigger))?;
    for command in commands {
        writeln!(out, "<p>{}</p>", text(&words::install_command(command)))?;
    }
    writeln!(out, "<table>\n<tr><th>where</th><th>what</th><th>capability</th></tr>")?;
    for deed in words::deeds(&capabilities) {
        let code = words::excerpt(deed.first).map(|code| format!("<pre>{}</pre>", text(code))).unwrap_or_default();
        let (place, words) = (text(&words::place(deed.first)), text(&deed.text));
        let labels: Vec<String> = deed.labels.iter().map(|label| format!("<code>{}</code>", text(label))).collect();
        let labels = labels.join("<br>");
        writeln!(out, "<tr><td><code>{place}</code></td><td>{words}{code}</td><td>{labels}</td></tr>")?;
    }
    writeln!(out, "</table>")
}

fn flows(out: &mut String, view: &InspectView<'_>) -> std::fmt::Result {
    let flows = &view.release.profile.flows;
    if flows.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2>What is read, and where it goes</h2>\n<table>")?;
    for flow in flows {
        let (source, sink) = (text(&flow.source.label()), text(&flow.sink.label()));
        writeln!(
            out,
            "<tr><td><code>{source}</code></td><td>→ <code>{sink}</code></td><td>{}</td></tr>",
            flow.trigger
        )?;
    }
    writeln!(out, "</table>")
}

fn layers(out: &mut String, facts: &PackageFacts) -> std::fmt::Result {
    if facts.layers.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2>Code that is not shipped as code</h2>")?;
    for layer in &facts.layers {
        let parsed = if layer.is_understood { "" } else { ", not understood" };
        let (file, line) = (text(&layer.location.file), layer.location.line);
        let (number, bytes, trigger) = (layer.layer, size(layer.bytes), layer.trigger);
        writeln!(out, "<h3>layer {number}: <code>{file}:{line}</code>, {trigger}, {bytes}{parsed}</h3>")?;
        let rows: Vec<String> = layer.text.lines().map(text).collect();
        writeln!(out, "<pre>{}</pre>", rows.join("\n"))?;
    }
    Ok(())
}

fn modules(out: &mut String, facts: &PackageFacts) -> std::fmt::Result {
    if facts.modules.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2>Which files run</h2>\n<table>\n<tr><th>file</th><th>when</th><th>size</th><th>loads</th></tr>")?;
    for module in &facts.modules {
        let loads = module.loads.iter().filter_map(|number| facts.modules.get(*number as usize));
        let loads: Vec<String> = loads.map(|module| format!("<code>{}</code>", text(&module.path))).collect();
        let (path, trigger, bytes) = (text(&module.path), module.trigger, size(module.bytes));
        let loads = loads.join(" ");
        writeln!(out, "<tr><td><code>{path}</code></td><td>{trigger}</td><td>{bytes}</td><td>{loads}</td></tr>")?;
    }
    writeln!(out, "</table>")
}

fn not_understood(out: &mut String, view: &InspectView<'_>) -> std::fmt::Result {
    writeln!(out, "<h2>What was not understood</h2>")?;
    let Some(facts) = view.facts else {
        return writeln!(out, "<p class=\"incomplete\">all of it: its contents could not be had</p>");
    };
    writeln!(out, "<p>{}</p>\n<ul>", text(&words::not_understood(view)))?;
    for unread in &facts.unread {
        writeln!(out, "<li class=\"incomplete\">{}</li>", text(&words::unread(unread)))?;
    }
    for anomaly in &facts.anomalies {
        writeln!(out, "<li>{}: {}: {}</li>", anomaly.kind, text(&anomaly.path), text(&anomaly.detail))?;
    }
    writeln!(out, "</ul>")
}

fn way_in(out: &mut String, view: &InspectView<'_>) -> std::fmt::Result {
    if view.release.paths.iter().all(|path| path.len() < 2) {
        return Ok(());
    }
    writeln!(out, "<h2>How it got in</h2>\n<ul>")?;
    for path in &view.release.paths {
        let steps: Vec<String> = path.iter().map(|step| format!("<code>{}</code>", text(&step.label))).collect();
        writeln!(out, "<li>{}</li>", steps.join(" › "))?;
    }
    writeln!(out, "</ul>")
}
