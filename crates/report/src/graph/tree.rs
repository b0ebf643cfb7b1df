//! The graph as a tree for a terminal. What a package asks for is shown once; where the
//! package stands again, `(above)` points back.

use std::collections::HashMap;

use vetch_model::inventory::{Edge, PackageId, Role};

use super::starts::{next, starts};
use super::{MapView, Shape, words};
use crate::label::counted;
use crate::terminal::{Line, Page, Style, Tone};

/// Deepest level drawn: beyond it a line is mostly its own indentation.
const MAX_DEPTH: u32 = 100;

/// Most lines; more is for no one to read, and the JSON has them all.
const MAX_LINES: usize = 400_000;

/// Not shown yet.
const UNSHOWN: u32 = u32::MAX;

/// Draws the tree. Below it stands what is not in it.
pub fn tree(view: &MapView<'_>, shape: &Shape, style: Style) -> String {
    let mut tree = Tree::new(view, shape, style);
    let mut has_told = false;
    for start in starts(view, shape) {
        let is_stray = shape.starts.is_empty() && !shape.reverse && view.graph.depth(start).is_none();
        if is_stray && !has_told && view.graph.roots().next().is_some() {
            tree.page.blank();
            let line = tree.page.text("nobody asks for these:", Tone::Dim);
            tree.page.line(&line);
            has_told = true;
        }
        tree.grow(start);
    }
    tree.finish()
}

/// What can stand below a package.
enum Child<'m> {
    Package(PackageId, Option<&'m Edge>),
    /// Index into `Inventory::unresolved`.
    Missing(usize),
}

struct Tree<'m> {
    view: &'m MapView<'m>,
    reverse: bool,
    limit: u32,
    page: Page,
    lines: usize,
    /// By package: the level at which its children were shown.
    shown: Vec<u32>,
    /// By package: whether something below it was left out for depth.
    is_cut: Vec<bool>,
    missing: HashMap<PackageId, Vec<usize>>,
    indent: String,
    left_out: usize,
}

impl<'m> Tree<'m> {
    fn new(view: &'m MapView<'m>, shape: &Shape, style: Style) -> Tree<'m> {
        let mut missing: HashMap<PackageId, Vec<usize>> = HashMap::new();
        if !shape.reverse {
            for (index, unresolved) in view.inventory.unresolved.iter().enumerate() {
                missing.entry(view.graph.folder_of(unresolved.from)).or_default().push(index);
            }
        }
        Tree {
            view,
            reverse: shape.reverse,
            limit: shape.depth.unwrap_or(MAX_DEPTH).min(MAX_DEPTH),
            page: Page::new(style),
            lines: 0,
            shown: vec![UNSHOWN; view.graph.len()],
            is_cut: vec![false; view.graph.len()],
            missing,
            indent: String::new(),
            left_out: 0,
        }
    }

    fn children(&self, id: PackageId) -> Vec<Child<'m>> {
        let edges = &self.view.inventory.edges;
        let packages = next(self.view.graph, self.reverse, id).iter();
        let packages = packages.map(|neighbour| Child::Package(neighbour.package, edges.get(neighbour.edge)));
        packages.chain(self.missing.get(&id).into_iter().flatten().map(|index| Child::Missing(*index))).collect()
    }

    fn child_count(&self, id: PackageId) -> usize {
        next(self.view.graph, self.reverse, id).len() + self.missing.get(&id).map_or(0, Vec::len)
    }

    /// Draws one start and all below it.
    fn grow(&mut self, start: PackageId) {
        let mut open: Vec<(PackageId, std::vec::IntoIter<Child<'m>>)> = Vec::new();
        if self.package(start, None, "", &[]) {
            open.push((start, self.children(start).into_iter()));
        }
        while let Some((_, children)) = open.last_mut() {
            let Some(child) = children.next() else {
                open.pop();
                self.dedent();
                continue;
            };
            let is_last = children.len() == 0;
            let branch = match (self.page.style.unicode, is_last) {
                (true, false) => "├── ",
                (true, true) => "└── ",
                (false, false) => "|-- ",
                (false, true) => "`-- ",
            };
            let below = match child {
                Child::Missing(index) => {
                    self.unresolved(index, branch);
                    None
                }
                Child::Package(id, edge) => {
                    let above: Vec<PackageId> = open.iter().map(|(id, _)| *id).collect();
                    let is_open = self.package(id, edge, branch, &above);
                    is_open.then(|| (id, self.children(id).into_iter()))
                }
            };
            if let Some(below) = below {
                self.indent.push_str(match (is_last, self.page.style.unicode) {
                    (true, _) => "    ",
                    (false, true) => "│   ",
                    (false, false) => "|   ",
                });
                open.push(below);
            }
        }
    }

    fn dedent(&mut self) {
        for _ in 0..4 {
            self.indent.pop();
        }
    }

    /// Writes a package's line; whether its children are to be shown here.
    fn package(&mut self, id: PackageId, edge: Option<&Edge>, branch: &str, above: &[PackageId]) -> bool {
        let (at, level, children) = (id.0 as usize, above.len() as u32, self.child_count(id));
        let shown = self.shown[at];
        // What was cut short further down is shown again where there is more room.
        let is_above = shown != UNSHOWN && !(self.is_cut[at] && level < shown);
        let is_deep = level >= self.limit || self.lines >= MAX_LINES;
        let note = match (children, is_above, is_deep) {
            (0, _, _) | (_, false, false) => String::new(),
            (_, true, _) => "(above)".to_owned(),
            (_, false, true) => format!("(+{children})"),
        };
        self.line(id, edge, branch, &note);
        if children == 0 || is_above || is_deep {
            self.left_out += usize::from(children > 0 && is_deep && !is_above);
            if children > 0 && (is_deep || self.is_cut[at]) {
                for id in above {
                    self.is_cut[id.0 as usize] = true;
                }
            }
            return false;
        }
        self.shown[at] = level;
        self.is_cut[at] = false;
        true
    }

    fn line(&mut self, id: PackageId, edge: Option<&Edge>, branch: &str, note: &str) {
        self.lines += 1;
        let package = self.view.inventory.package(id);
        let mut line = self.page.text(&format!("{}{branch}", self.indent), Tone::Dim);
        let tone = if package.role == Role::Dependency { Tone::Plain } else { Tone::Bold };
        self.page.push(&mut line, &words::label(package), tone);
        let range = edge.map(words::edge).unwrap_or_default();
        let from = words::source(package).map(|source| format!("({source})"));
        let file = package.declared_at.as_ref().filter(|_| package.role == Role::Root).map(|at| at.file.clone());
        for (text, tone) in [
            (range, Tone::Dim),
            (from.unwrap_or_default(), Tone::Notable),
            (file.unwrap_or_default(), Tone::Dim),
            (note.to_owned(), Tone::Dim),
        ] {
            self.append(&mut line, &text, tone);
        }
        self.page.line(&line);
    }

    fn append(&self, line: &mut Line, text: &str, tone: Tone) {
        if !text.is_empty() {
            self.page.push(line, "  ", Tone::Plain);
            self.page.push(line, text, tone);
        }
    }

    fn unresolved(&mut self, index: usize, branch: &str) {
        self.lines += 1;
        let Some(missing) = self.view.inventory.unresolved.get(index) else { return };
        let mut line = self.page.text(&format!("{}{branch}", self.indent), Tone::Dim);
        self.page.push(&mut line, &missing.name, Tone::Plain);
        self.append(&mut line, &words::public(&missing.range), Tone::Dim);
        let how = words::kind(missing.kind).map_or("not there".to_owned(), |kind| format!("{kind}, not there"));
        self.append(&mut line, &format!("[{how}]"), Tone::Incomplete);
        self.page.line(&line);
    }

    fn finish(mut self) -> String {
        if self.left_out > 0 {
            let what = counted(self.left_out, "package is shown", "packages are shown");
            let text =
                format!("{what} without what they ask for: `(+n)` counts it. Raise --depth, or use --format json.");
            let text = if self.reverse { text.replace("what they ask for", "who asks for them") } else { text };
            self.page.blank();
            let (none, words) = (Line::default(), self.page.prose(&text, Tone::Dim));
            self.page.fill(&none, &none, &words);
        }
        self.page.finish()
    }
}
