//! The report of a scan as one page: the answer first, then the evidence, then the graph.
//!
//! Whoever decides reads the top: how many of what, which releases, how they got in, what to do. Whoever has to check
//! it opens a release: the lines of source, the capabilities, every path, what was not looked at.

mod release;
mod rest;

use std::fmt::Write;
use std::io;

use vetch_model::Verdict;
use vetch_model::scan::{ReleaseResult, Scan};

use crate::ToolInfo;
use crate::escape::html as text;
use crate::graph::{self, MapView, Verdicts};
use crate::label::{count, counted, release_label};
use crate::page::{self, Kind, Page, THEME_BUTTON};
use crate::terminal::sentence;

/// Releases of one verdict told in full; a page of more is read by nobody, and JSON has all of them.
const MAX_TOLD: usize = 500;

/// The page. `maps` are the dependency maps of the targets that have one, with all their risk points; the releases
/// in them get the scan's verdicts.
///
/// # Errors
/// As `serde_json` reports of the graph's data.
pub fn html(scan: &Scan, maps: &[MapView<'_>], tool: &ToolInfo) -> io::Result<String> {
    let has_graph = maps.iter().any(|map| !map.graph.is_empty());
    let mut body = String::new();
    // Writing to a `String` does not fail.
    let _ = content(&mut body, scan, has_graph, tool);
    let data = match has_graph {
        true => Some(page::data(&graph::data(maps, Some(&Verdicts::of_scan(scan))))?),
        false => None,
    };
    let kind = if has_graph { Kind::ReportWithExplorer } else { Kind::Report };
    let title = format!("{}: {}", targets(scan), scan.verdict());
    Ok(page::render(&Page { kind, title: &title, body: &body, data: data.as_deref() }))
}

/// What was scanned. The current folder has no name of its own on a command line; the project at the root of a path has.
fn targets(scan: &Scan) -> String {
    if let [target] = scan.targets.as_slice()
        && target.path == "."
    {
        let path = scan.releases.iter().find_map(|release| release.paths.iter().find(|path| path.len() > 1));
        if let Some(root) = path.and_then(|path| path.first()) {
            return root.label.clone();
        }
    }
    let paths: Vec<String> = scan.targets.iter().map(|target| target.path.clone()).collect();
    graph::words::list(&paths, 3)
}

fn content(out: &mut String, scan: &Scan, has_graph: bool, tool: &ToolInfo) -> std::fmt::Result {
    let verdict = scan.verdict();
    writeln!(out, "<main class=\"sheet\">\n<header class=\"top\"><div>\n<h1>{}</h1>", text(&targets(scan)))?;
    writeln!(
        out,
        "<p class=\"headline\"><span class=\"verdict {verdict}\">{verdict}</span> {}</p>\n</div>{THEME_BUTTON}</header>",
        text(&sentence(scan))
    )?;
    tally(out, scan)?;
    in_short(out, scan)?;
    if has_graph {
        writeln!(out, "<p><a href=\"#graph\">The dependency graph</a> is at the end of this page.</p>")?;
    }
    rest::targets(out, scan)?;
    releases(out, scan)?;
    rest::rest(out, scan)?;
    writeln!(out, "<p class=\"dim\">vetch {}, analysis {}</p>", text(&tool.version), text(&tool.analysis))?;
    writeln!(out, "</main>")?;
    if has_graph {
        writeln!(out, "<div class=\"sheet\"><h2 id=\"graph\">Dependency graph</h2></div>\n{}", page::explorer(true))?;
    }
    Ok(())
}

/// How many of each verdict.
fn tally(out: &mut String, scan: &Scan) -> std::fmt::Result {
    writeln!(out, "<ul class=\"tally\" aria-label=\"Releases by verdict\">")?;
    for (verdict, number) in scan.summary() {
        let class = if number == 0 { "zero" } else { verdict.as_str() };
        writeln!(out, "<li class=\"{class}\"><strong>{}</strong>{verdict}</li>", count(number))?;
    }
    writeln!(out, "</ul>")
}

/// The releases that somebody has to do something about.
fn in_short(out: &mut String, scan: &Scan) -> std::fmt::Result {
    let bad: Vec<&ReleaseResult> =
        of(scan, Verdict::Malicious).into_iter().chain(of(scan, Verdict::Suspicious)).collect();
    if bad.is_empty() {
        return Ok(());
    }
    writeln!(out, "<h2>In short</h2>\n<table>\n<tr><th>release</th><th>why</th><th>how it got in</th></tr>")?;
    for release in bad.iter().take(MAX_TOLD) {
        let why = release.findings.first().map(|finding| finding.title.as_str()).unwrap_or_default();
        let way = release.paths.first().map(|path| release::steps(path)).unwrap_or_default();
        writeln!(
            out,
            "<tr><td><span class=\"verdict {0}\">{0}</span><br><a href=\"#{1}\">{2}</a></td><td>{3}</td><td>{way}</td></tr>",
            release.verdict,
            anchor(scan, release),
            text(&release_label(&release.purl)),
            text(why)
        )?;
    }
    writeln!(out, "</table>")
}

/// Releases of one verdict, the gravest first.
fn of(scan: &Scan, verdict: Verdict) -> Vec<&ReleaseResult> {
    let mut releases: Vec<_> = scan.releases.iter().filter(|release| release.verdict == verdict).collect();
    releases.sort_by_key(|release| std::cmp::Reverse(release.score));
    releases
}

/// The anchor of a release: its place among the scan's, which says nothing of its name.
fn anchor(scan: &Scan, release: &ReleaseResult) -> String {
    let at = scan.releases.iter().position(|other| std::ptr::eq(other, release)).unwrap_or_default();
    format!("release-{at}")
}

fn releases(out: &mut String, scan: &Scan) -> std::fmt::Result {
    if scan.releases.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<h2>Releases</h2>\n<p><input class=\"filter\" id=\"filter\" type=\"search\" aria-label=\"Filter releases by \
         name or verdict\" placeholder=\"Filter by name or verdict\" autocomplete=\"off\" spellcheck=\"false\"></p>\n\
         <p class=\"dim\" id=\"no-match\" hidden>No release matches.</p>"
    )?;
    for verdict in Verdict::ALL.iter().rev().copied() {
        let all = of(scan, verdict);
        if all.is_empty() {
            continue;
        }
        writeln!(out, "<section class=\"releases\">\n<h3>{verdict}: {}</h3>", count(all.len()))?;
        if verdict == Verdict::Clean {
            clean(out, &all)?;
        } else {
            for one in all.iter().take(MAX_TOLD) {
                release::release(out, scan, one)?;
            }
            if all.len() > MAX_TOLD {
                let more = counted(all.len() - MAX_TOLD, "more release", "more releases");
                writeln!(out, "<p class=\"dim\">and {more}; the JSON report has all of them</p>")?;
            }
        }
        writeln!(out, "</section>")?;
    }
    Ok(())
}

/// Of what is clean, names are enough.
fn clean(out: &mut String, releases: &[&ReleaseResult]) -> std::fmt::Result {
    let open = if releases.len() <= 30 { " open" } else { "" };
    writeln!(
        out,
        "<details{open}><summary>Everything of these was checked, and nothing found</summary>\n<ul class=\"plain\">"
    )?;
    for release in releases {
        let name = text(&release_label(&release.purl));
        writeln!(out, "<li class=\"release\" data-name=\"{name} clean\">{name}</li>")?;
    }
    writeln!(out, "</ul></details>")
}
