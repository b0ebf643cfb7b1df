//! The graph as one page to look around in: a tree, a picture, and what is known of each package.
//!
//! The page gets every package and every edge once, as data; the program that shows them is in `page/`. Which package
//! leads to which, and the shortest ways, the page works out itself: listing them here would be quadratic.

use std::collections::HashMap;

use serde::Serialize;
use vetch_model::inventory::PackageId;

use super::merge::Merged;
use super::types::{Declared, GraphPackage, GraphSource};
use super::verdicts::{Judged, Verdicts};
use super::{MapView, convert};
use crate::ToolInfo;
use crate::escape::html as text;
use crate::label::counted;
use crate::page::{self, Kind, Page, shown};

/// Places listed of one package; a workspace may have one in hundreds.
const MAX_PLACES: usize = 8;

/// What the page's script reads.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Data {
    nodes: Vec<Node>,
    /// From, to, and the index of how it is asked for.
    edges: Vec<(usize, usize, usize)>,
    labels: Vec<String>,
    has_verdicts: bool,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    purl: String,
    role: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    source: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    declared: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    installed: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    install_script: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    deprecated: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    depth: Option<u32>,
    /// Packages that would leave with it, itself included.
    weight: usize,
    #[serde(skip_serializing_if = "is_zero")]
    risk: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<(u32, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<u8>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<(&'static str, String, String)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// The page. For colours of risk the view has to hold all risk points; for those of verdicts, `verdicts`.
///
/// # Errors
/// As `serde_json` reports.
pub fn html(view: &MapView<'_>, verdicts: Option<&Verdicts>, tool: &ToolInfo) -> std::io::Result<String> {
    let data = data(&[*view], verdicts);
    let (packages, edges) = (data.nodes.len(), data.edges.len());
    let own = data.nodes.iter().filter(|node| node.role != "dependency").count();
    let mut counts = vec![
        counted(packages - own, "package", "packages"),
        counted(edges, "edge", "edges"),
        counted(view.files.len(), "file read", "files read"),
    ];
    if !view.incomplete.is_empty() {
        counts.push(counted(view.incomplete.len(), "part could not be read", "parts could not be read"));
    }
    // The current folder has no name of its own on a command line; its project has.
    let project = data.nodes.iter().find(|node| node.role == "root").map(|node| node.name.as_str());
    let target = match view.target {
        "" | "." => project.unwrap_or("."),
        target => target,
    }
    .to_owned();
    let body = format!(
        "<header class=\"bar\"><h1>{}</h1><span class=\"dim\">{}</span><span class=\"space\"></span>\
         <span class=\"dim\">vetch {}</span></header>\n{}",
        text(&target),
        text(&counts.join(" · ")),
        text(&tool.version),
        page::explorer(false)
    );
    let data = page::data(&data)?;
    let title = format!("{target}: dependency graph");
    Ok(page::render(&Page { kind: Kind::Explorer, title: &title, body: &body, data: Some(&data) }))
}

/// Packages and edges of all views, one graph beside the other.
pub(crate) fn data(views: &[MapView<'_>], verdicts: Option<&Verdicts>) -> Data {
    let mut data = Data { has_verdicts: verdicts.is_some(), ..Data::default() };
    let mut labels = HashMap::new();
    for view in views {
        add(&mut data, &mut labels, view, verdicts);
    }
    data
}

fn add(data: &mut Data, labels: &mut HashMap<String, usize>, view: &MapView<'_>, verdicts: Option<&Verdicts>) {
    let first = data.nodes.len();
    let merged = Merged::new(view);
    let mut places: Vec<Vec<PackageId>> = vec![Vec::new(); merged.packages.len()];
    for id in view.graph.packages() {
        if let Some(places) = places.get_mut(merged.index(id)) {
            places.push(id);
        }
    }
    let dominators = view.graph.dominators();
    for (package, ids) in merged.packages.iter().zip(&places) {
        let judged = verdicts.and_then(|verdicts| verdicts.of(&package.purl));
        data.nodes.push(node(package, dominators.size_of_all(ids), judged));
    }
    for point in view.risks.iter().flat_map(|risks| &risks.points) {
        let Some(at) = point.packages.first().map(|id| merged.index(*id)) else { continue };
        if let Some(node) = data.nodes.get_mut(first.saturating_add(at)) {
            node.risk = point.score;
            node.reasons = point.reasons.iter().map(|reason| (reason.points, shown(&reason.text))).collect();
        }
    }
    let ids: HashMap<&str, usize> =
        merged.packages.iter().enumerate().map(|(at, package)| (package.id.as_str(), first + at)).collect();
    for edge in convert::edges(view, &merged) {
        let from = ids.get(edge.from_id.as_deref().unwrap_or(&edge.from));
        let to = ids.get(edge.to_id.as_deref().unwrap_or(&edge.to));
        if let (Some(from), Some(to)) = (from, to) {
            let label = edge_label(&edge);
            let label = *labels.entry(label).or_insert_with_key(|label| {
                data.labels.push(label.clone());
                data.labels.len() - 1
            });
            data.edges.push((*from, *to, label));
        }
    }
}

fn edge_label(edge: &super::types::GraphEdge) -> String {
    let kind = (edge.kind != "production").then_some(edge.kind);
    let notes: Vec<&str> = kind.into_iter().chain(edge.condition.as_deref()).collect();
    let notes = if notes.is_empty() { String::new() } else { format!(" [{}]", notes.join("; ")) };
    shown(format!("{}{notes}", edge.range).trim())
}

fn node(package: &GraphPackage, weight: usize, judged: Option<&Judged>) -> Node {
    let place = |declared: &Declared| match declared.line {
        Some(line) => format!("{}:{line}", declared.file),
        None => declared.file.clone(),
    };
    Node {
        name: shown(if package.name.is_empty() { &package.purl } else { &package.name }),
        version: package.version.as_deref().map(shown),
        purl: shown(&package.purl),
        role: package.role,
        source: shown(&source(&package.source)),
        groups: package.groups.iter().map(|group| shown(group)).collect(),
        declared: listed(package.declared_in.iter().map(place)),
        installed: listed(package.installed_at.iter().cloned()),
        aliases: listed(package.aliases.iter().cloned()),
        install_script: package.install_script == Some(true),
        deprecated: package.deprecated.as_deref().map(shown),
        depth: package.depth,
        weight,
        verdict: judged.map(|judged| judged.verdict),
        score: judged.map(|judged| judged.score),
        findings: judged.map(|judged| judged.findings.clone()).unwrap_or_default(),
        missing: judged.map(|judged| judged.missing.clone()).unwrap_or_default(),
        ..Node::default()
    }
}

/// The first few, and how many more there are.
fn listed(places: impl ExactSizeIterator<Item = String>) -> Vec<String> {
    let more = places.len().saturating_sub(MAX_PLACES);
    let mut shown: Vec<String> = places.take(MAX_PLACES).map(|place| shown(&place)).collect();
    if more > 0 {
        shown.push(format!("and {more} more"));
    }
    shown
}

fn source(source: &GraphSource) -> String {
    let at = [&source.url, &source.path, &source.index, &source.text].into_iter().find_map(Option::as_deref);
    let commit = source.commit.as_deref().map(|commit| format!("#{commit}")).unwrap_or_default();
    match at {
        Some(at) => format!("{} {at}{commit}", source.kind),
        None => source.kind.to_owned(),
    }
}
