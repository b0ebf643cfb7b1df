//! Names that code computes: `object[decode(7)](…)`. Where all of them could be made out, code that was written not to be
//! read was seen through; where one was not, what is called by it is not known. Only such code is watched.

use std::collections::BTreeMap;

use vetch_model::Span;
use vetch_syntax::ir::{Module, Node, NodeId};

use super::{Context, Interp};

/// Most computed names that one realm keeps.
const MAX_NAMES: usize = 1 << 16;

/// Most parts of a name that are looked at.
const MAX_PARTS: usize = 16;

/// A computed name, by where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ComputedName {
    /// Index of the shipped file.
    pub file: usize,
    /// 0 = as shipped.
    pub layer: u8,
    /// Where, in the file or the layer.
    pub start: u32,
    pub end: u32,
}

/// Which computed names were ever made out.
pub(crate) type Names = BTreeMap<ComputedName, bool>;

impl Interp<'_> {
    /// Notes a name that `index` computes by a call, and whether it is known now.
    pub(super) fn note_computed_name(&mut self, m: &Module, cx: &Context, node: NodeId, index: NodeId, is_known: bool) {
        if self.fuel.has_decoders() && is_computed(m, index) {
            self.note_name(cx, node, is_known);
        }
    }

    /// Notes that something by which names are made out is known, or is not.
    pub(super) fn note_name(&mut self, cx: &Context, node: NodeId, is_known: bool) {
        if !self.fuel.has_decoders() {
            return;
        }
        let unit = self.unit(cx.unit);
        let Span { start, end } = unit.module.span(node);
        let name = ComputedName { file: unit.file, layer: unit.layer, start, end };
        if self.names.len() < MAX_NAMES || self.names.contains_key(&name) {
            *self.names.entry(name).or_default() |= is_known;
        }
    }
}

/// Whether a call of a local function with constants takes part in making a name, as decoders are called.
fn is_computed(m: &Module, index: NodeId) -> bool {
    let mut pending = vec![index];
    for _ in 0..MAX_PARTS {
        let Some(part) = pending.pop() else { break };
        match m.node(part) {
            Node::Call { callee, args } => {
                let args = m.list(args);
                if matches!(m.node(callee), Node::Var(_)) && !args.is_empty() && args.iter().all(|&arg| is_said(m, arg))
                {
                    return true;
                }
            }
            Node::Binary { left, right, .. } => pending.extend([left, right]),
            Node::Concat(parts) => pending.extend(m.list(parts).iter().take(MAX_PARTS)),
            Node::Sequence(parts) => pending.extend(m.list(parts).last()),
            _ => {}
        }
    }
    false
}

/// Whether an argument stands in the code: a constant, or a member of a table of constants.
fn is_said(m: &Module, arg: NodeId) -> bool {
    !matches!(m.node(arg), Node::Var(_) | Node::Global(_) | Node::Call { .. } | Node::Function(_) | Node::Await(_))
}
