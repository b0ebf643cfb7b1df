//! The graph as a diagram: Graphviz DOT and Mermaid. Bounded to what an eye, and the
//! programs that draw, can take; a last node and a comment say what is left out.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt::Write as _;

use vetch_model::inventory::{Edge, EdgeKind, PackageId, Role};

use super::starts::{next, starts};
use super::{MapView, Shape, words};
use crate::escape;
use crate::label::counted;

/// The part of a graph that is drawn.
struct Drawing<'m> {
    view: &'m MapView<'m>,
    /// Nearest first.
    nodes: Vec<PackageId>,
    number: HashMap<PackageId, usize>,
    /// Those that are worth a look.
    marked: HashSet<PackageId>,
    left_out: usize,
}

impl<'m> Drawing<'m> {
    fn new(view: &'m MapView<'m>, shape: &Shape) -> Drawing<'m> {
        // What nobody asks for comes last, or it would crowd out what counts.
        let is_last = |id: &PackageId| !shape.reverse && view.graph.depth(*id).is_none();
        let (strays, own): (Vec<PackageId>, Vec<PackageId>) = starts(view, shape).into_iter().partition(is_last);
        let mut found = vec![false; view.graph.len()];
        let mut all = Vec::new();
        for starts in [own, strays] {
            nearest_first(view, shape, starts, &mut found, &mut all);
        }
        let nodes: Vec<PackageId> = all.iter().take(shape.max_nodes).copied().collect();
        let number = nodes.iter().enumerate().map(|(number, id)| (*id, number)).collect();
        let marked = view.risks.map(|risks| &risks.points).into_iter().flatten();
        let marked = marked.flat_map(|point| &point.packages).copied().collect();
        Drawing { view, left_out: all.len() - nodes.len(), nodes, number, marked }
    }

    /// Number of who asks, number of who answers, and how.
    fn edges(&self) -> impl Iterator<Item = (usize, usize, &'m Edge)> {
        self.nodes.iter().enumerate().flat_map(move |(from, id)| {
            let neighbours = self.view.graph.dependencies(*id).iter();
            neighbours.filter_map(move |neighbour| {
                let edge = self.view.inventory.edges.get(neighbour.edge)?;
                Some((from, *self.number.get(&neighbour.package)?, edge))
            })
        })
    }

    fn label(&self, id: PackageId) -> String {
        shortened(&words::label(self.view.inventory.package(id)), 120)
    }

    fn is_own(&self, id: PackageId) -> bool {
        self.view.inventory.package(id).role != Role::Dependency
    }

    fn note(&self) -> Option<String> {
        let what = counted(self.left_out, "package is not drawn", "packages are not drawn");
        (self.left_out > 0).then(|| format!("{what} (--max-nodes)"))
    }
}

fn nearest_first(
    view: &MapView<'_>,
    shape: &Shape,
    starts: Vec<PackageId>,
    found: &mut [bool],
    all: &mut Vec<PackageId>,
) {
    let mut queue = VecDeque::new();
    let mut meet = |id: PackageId, depth: u32, queue: &mut VecDeque<(PackageId, u32)>| {
        if let Some(is_found @ false) = found.get_mut(id.0 as usize) {
            *is_found = true;
            queue.push_back((id, depth));
        }
    };
    for start in starts {
        meet(start, 0, &mut queue);
    }
    while let Some((id, depth)) = queue.pop_front() {
        all.push(id);
        if shape.depth.is_none_or(|limit| depth < limit) {
            for neighbour in next(view.graph, shape.reverse, id) {
                meet(neighbour.package, depth + 1, &mut queue);
            }
        }
    }
}

fn shortened(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Whether an edge is drawn as a broken line: not everyone who installs follows it.
fn is_soft(kind: EdgeKind) -> bool {
    kind != EdgeKind::Production && kind != EdgeKind::Workspace
}

fn range(edge: &Edge) -> String {
    shortened(&words::edge(edge), 60)
}

/// Graphviz DOT (<https://graphviz.org/doc/info/lang.html>).
pub fn dot(view: &MapView<'_>, shape: &Shape) -> String {
    let drawing = Drawing::new(view, shape);
    let mut out = String::from("digraph dependencies {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n");
    for (number, id) in drawing.nodes.iter().enumerate() {
        let own = if drawing.is_own(*id) { ", style=bold" } else { "" };
        let marked = if drawing.marked.contains(id) { ", color=red, penwidth=2" } else { "" };
        let _ = writeln!(out, "  n{number} [label=\"{}\"{own}{marked}];", escape::dot(&drawing.label(*id)));
    }
    for (from, to, edge) in drawing.edges() {
        let soft = if is_soft(edge.kind) { ", style=dashed" } else { "" };
        let _ = writeln!(out, "  n{from} -> n{to} [label=\"{}\"{soft}];", escape::dot(&range(edge)));
    }
    if let Some(note) = drawing.note() {
        let _ = writeln!(out, "  // {note}\n  left_out [label=\"{}\", shape=plaintext];", escape::dot(&note));
    }
    out.push_str("}\n");
    out
}

/// A Mermaid flowchart (<https://mermaid.js.org/syntax/flowchart.html>).
pub fn mermaid(view: &MapView<'_>, shape: &Shape) -> String {
    let drawing = Drawing::new(view, shape);
    let mut out = String::from("flowchart LR\n");
    for (number, id) in drawing.nodes.iter().enumerate() {
        let class = match (drawing.marked.contains(id), drawing.is_own(*id)) {
            (true, _) => ":::risk",
            (false, true) => ":::own",
            (false, false) => "",
        };
        let _ = writeln!(out, "  n{number}[\"{}\"]{class}", escape::mermaid(&drawing.label(*id)));
    }
    for (from, to, edge) in drawing.edges() {
        let arrow = if is_soft(edge.kind) { "-.->" } else { "-->" };
        let text = escape::mermaid(&range(edge));
        let text = if text.is_empty() { String::new() } else { format!("|\"{text}\"|") };
        let _ = writeln!(out, "  n{from} {arrow}{text} n{to}");
    }
    if let Some(note) = drawing.note() {
        let _ = writeln!(out, "  %% {note}\n  left_out[\"{}\"]", escape::mermaid(&note));
    }
    out.push_str("  classDef own font-weight:bold\n  classDef risk stroke:#d00,stroke-width:3px\n");
    out
}
