//! Comprehensions and generator expressions: a function that gathers, called on the spot.

use ruff_python_ast::{Comprehension, Expr};
use ruff_text_size::TextRange;

use super::context::{Context, ScopeKind};
use super::names::Bound;
use crate::ir::{AssignOp, LoopKind, Node, NodeId, SymbolKind};

/// What a comprehension gathers.
#[derive(Clone, Copy)]
pub(super) enum Gathered<'a> {
    Item(&'a Expr),
    Entry { key: Option<&'a Expr>, value: &'a Expr },
}

impl Context<'_> {
    pub(super) fn comprehension(
        &mut self,
        gathered: Gathered<'_>,
        loops: &[Comprehension],
        range: TextRange,
    ) -> NodeId {
        // The outermost iterable is evaluated outside (Python reference, 6.2.4).
        let first = loops.first().map(|first| self.expression(&first.iter));
        let around = self.begin_function(range);
        self.module.functions[self.function.index()].is_arrow = true;
        let mut bound = Bound::default();
        for one in loops {
            bound.names.extend(Bound::of_target(&one.target));
        }
        self.open_scope(ScopeKind::Function, &bound);
        let result = self.own(".0", SymbolKind::Constant);
        let target = self.node(Node::Var(result), range);
        let empty = match gathered {
            Gathered::Item(_) => {
                let list = self.list(&[]);
                self.node(Node::Array(list), range)
            }
            Gathered::Entry { .. } => {
                let properties = self.properties(Vec::new());
                self.node(Node::Object(properties), range)
            }
        };
        let declared = self.node(Node::Declare { target, value: empty }, range);
        let body = self.loops(gathered, loops, first, target, range);
        let returned = self.node(Node::Return(target), range);
        self.close_scope();
        let function = self.end_function(around, &[], &[declared, body, returned], range);
        self.call(function, &[], range)
    }

    fn loops(
        &mut self,
        gathered: Gathered<'_>,
        loops: &[Comprehension],
        first: Option<NodeId>,
        result: NodeId,
        range: TextRange,
    ) -> NodeId {
        let Some((outer, inner)) = loops.split_first() else { return self.gather(gathered, result, range) };
        let iterated = match first {
            Some(first) => first,
            None => self.expression(&outer.iter),
        };
        let target = self.target(&outer.target);
        let tests: Vec<NodeId> = outer.ifs.iter().map(|test| self.expression(test)).collect();
        let body = self.loops(gathered, inner, None, result, range);
        let body = tests.into_iter().rev().fold(body, |body, test| {
            let parts = self.list(&[test, body, NodeId::NOTHING]);
            self.node(Node::If(parts), range)
        });
        let parts = self.list(&[target, iterated, body]);
        self.node(Node::Loop { kind: LoopKind::ForOf, parts }, range)
    }

    fn gather(&mut self, gathered: Gathered<'_>, result: NodeId, range: TextRange) -> NodeId {
        match gathered {
            Gathered::Item(item) => {
                let item = self.expression(item);
                let append = self.member(result, "append", range);
                self.call(append, &[item], range)
            }
            Gathered::Entry { key, value } => {
                let index = key.map_or(NodeId::NOTHING, |key| self.expression(key));
                let value = self.expression(value);
                let target = self.node(Node::Index { object: result, index }, range);
                self.node(Node::Assign { op: AssignOp::Set, target, value }, range)
            }
        }
    }
}
