//! Targets of assignments, and `match`.

use ruff_python_ast::{Expr, MatchCase, Pattern, StmtMatch};
use ruff_text_size::{Ranged, TextRange};

use super::context::Context;
use crate::ir::{AssignOp, Node, NodeId};

impl Context<'_> {
    /// `target = value`, as statement or expression.
    pub(super) fn assign(&mut self, target: &Expr, value: NodeId, range: TextRange) -> NodeId {
        if let Expr::Name(name) = target {
            return self.bind(&name.id, value, range);
        }
        let target = self.target(target);
        self.node(Node::Assign { op: AssignOp::Set, target, value }, range)
    }

    /// A target as a pattern.
    pub(super) fn target(&mut self, target: &Expr) -> NodeId {
        let range = target.range();
        match target {
            Expr::Name(name) => {
                let symbol = match self.resolve(&name.id) {
                    Some(symbol) => symbol,
                    None => self.own(&name.id, crate::ir::SymbolKind::Variable),
                };
                self.assigns(symbol);
                self.node(Node::Var(symbol), range)
            }
            Expr::Tuple(tuple) => self.targets(&tuple.elts, range),
            Expr::List(list) => self.targets(&list.elts, range),
            Expr::Starred(starred) => {
                let inner = self.target(&starred.value);
                self.node(Node::Spread(inner), range)
            }
            _ => self.expression(target),
        }
    }

    fn targets(&mut self, targets: &[Expr], range: TextRange) -> NodeId {
        let targets: Vec<NodeId> = targets.iter().map(|target| self.target(target)).collect();
        let list = self.list(&targets);
        self.node(Node::ArrayPattern(list), range)
    }

    /// `match`: every case may be the one; what it captures comes from the subject.
    pub(super) fn match_statement(&mut self, statement: &StmtMatch, items: &mut Vec<NodeId>) {
        let range = statement.subject.range();
        let value = self.expression(&statement.subject);
        let (made, subject) = self.once(value, range);
        items.push(made);
        let mut rest = NodeId::NOTHING;
        for case in statement.cases.iter().rev() {
            rest = self.case(case, subject, rest);
        }
        items.push(rest);
    }

    fn case(&mut self, case: &MatchCase, subject: NodeId, rest: NodeId) -> NodeId {
        let range = case.range();
        let mut items = Vec::new();
        self.captures(&case.pattern, subject, &mut items);
        if let Some(guard) = &case.guard {
            items.push(self.expression(guard));
        }
        items.extend(self.statements(&case.body));
        let body = self.block(&items, range);
        let test = match &case.pattern {
            Pattern::MatchValue(value) => {
                let value = self.expression(&value.value);
                self.node(Node::Binary { op: crate::ir::BinaryOp::LooseEqual, left: subject, right: value }, range)
            }
            _ => self.special("except", &[], range),
        };
        let parts = self.list(&[test, body, rest]);
        self.node(Node::If(parts), range)
    }

    /// Names that a pattern captures, each with the subject as what it is a part of.
    fn captures(&mut self, pattern: &Pattern, subject: NodeId, items: &mut Vec<NodeId>) {
        let range = pattern.range();
        match pattern {
            Pattern::MatchAs(capture) => {
                if let Some(name) = &capture.name {
                    items.push(self.bind(name.as_str(), subject, range));
                }
                if let Some(inner) = &capture.pattern {
                    self.captures(inner, subject, items);
                }
            }
            Pattern::MatchStar(star) => {
                if let Some(name) = &star.name {
                    items.push(self.bind(name.as_str(), subject, range));
                }
            }
            Pattern::MatchSequence(sequence) => {
                for (at, inner) in sequence.patterns.iter().enumerate() {
                    let index = self.node(Node::Number(at as f64), range);
                    let part = self.node(Node::Index { object: subject, index }, range);
                    self.captures(inner, part, items);
                }
            }
            Pattern::MatchMapping(mapping) => {
                for (key, inner) in mapping.keys.iter().zip(&mapping.patterns) {
                    let index = self.expression(key);
                    let part = self.node(Node::Index { object: subject, index }, range);
                    self.captures(inner, part, items);
                }
            }
            Pattern::MatchClass(class) => {
                class.arguments.patterns.iter().for_each(|inner| self.captures(inner, subject, items));
                for keyword in &class.arguments.keywords {
                    let part = self.member(subject, keyword.attr.as_str(), range);
                    self.captures(&keyword.pattern, part, items);
                }
            }
            Pattern::MatchOr(or) => or.patterns.iter().for_each(|inner| self.captures(inner, subject, items)),
            Pattern::MatchValue(_) | Pattern::MatchSingleton(_) => {}
        }
    }
}
