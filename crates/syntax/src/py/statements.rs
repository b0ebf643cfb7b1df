//! Statements.

use ruff_python_ast::{ExceptHandler, Expr, Stmt, StmtIf, StmtImport, StmtImportFrom, StmtTry, StmtWith};
use ruff_text_size::{Ranged, TextRange};

use super::context::Context;
use crate::ir::{AssignOp, LoopKind, Node, NodeId, UnaryOp};

impl Context<'_> {
    pub(super) fn statements(&mut self, body: &[Stmt]) -> Vec<NodeId> {
        let mut items = Vec::with_capacity(body.len());
        for statement in body {
            self.statement(statement, &mut items);
        }
        items.retain(|item| !item.is_nothing());
        items
    }

    pub(super) fn suite(&mut self, body: &[Stmt], range: TextRange) -> NodeId {
        let items = self.statements(body);
        let list = self.list(&items);
        self.node(Node::Block(list), range)
    }

    fn statement(&mut self, statement: &Stmt, items: &mut Vec<NodeId>) {
        let range = statement.range();
        match statement {
            Stmt::FunctionDef(function) => items.push(self.function_definition(function)),
            Stmt::ClassDef(class) => self.class_definition(class, items),
            Stmt::Return(it) => {
                let value = self.optional(it.value.as_deref());
                items.push(self.node(Node::Return(value), range));
            }
            Stmt::Delete(it) => {
                for target in &it.targets {
                    let target = self.expression(target);
                    items.push(self.node(Node::Unary(UnaryOp::Delete, target), range));
                }
            }
            Stmt::Assign(it) => {
                let value = self.expression(&it.value);
                match it.targets.as_slice() {
                    [target] => items.push(self.assign(target, value, range)),
                    // `a = b = value`: the value is made once, and handed on.
                    targets => items.push(targets.iter().fold(value, |value, target| {
                        let target = self.target(target);
                        self.node(Node::Assign { op: AssignOp::Set, target, value }, range)
                    })),
                }
            }
            Stmt::AugAssign(it) => {
                let value = self.expression(&it.value);
                let target = self.target(&it.target);
                items.push(match super::expressions::binary(it.op) {
                    Some(op) => self.node(Node::Assign { op: AssignOp::Binary(op), target, value }, range),
                    None => self.node(Node::Assign { op: AssignOp::Set, target, value }, range),
                });
            }
            Stmt::AnnAssign(it) => {
                if let Some(value) = &it.value {
                    let value = self.expression(value);
                    items.push(self.assign(&it.target, value, range));
                }
            }
            Stmt::For(it) => {
                let iterated = self.expression(&it.iter);
                let target = self.target(&it.target);
                let body = self.suite(&it.body, range);
                let parts = self.list(&[target, iterated, body]);
                items.push(self.node(Node::Loop { kind: LoopKind::ForOf, parts }, range));
                items.extend(self.statements(&it.orelse));
            }
            Stmt::While(it) => {
                let test = self.expression(&it.test);
                let body = self.suite(&it.body, range);
                let parts = self.list(&[test, body]);
                items.push(self.node(Node::Loop { kind: LoopKind::While, parts }, range));
                items.extend(self.statements(&it.orelse));
            }
            Stmt::If(it) => items.push(self.if_statement(it)),
            Stmt::With(it) => self.with_statement(it, items),
            Stmt::Match(it) => self.match_statement(it, items),
            Stmt::Raise(it) => {
                let value = self.optional(it.exc.as_deref());
                items.push(self.node(Node::Throw(value), range));
            }
            Stmt::Try(it) => items.push(self.try_statement(it)),
            Stmt::Assert(it) => {
                items.push(self.expression(&it.test));
            }
            Stmt::Import(it) => self.import(it, items),
            Stmt::ImportFrom(it) => self.import_from(it, items),
            Stmt::Expr(it) => items.push(self.expression(&it.value)),
            Stmt::Break(_) => items.push(self.node(Node::Break(None), range)),
            Stmt::Continue(_) => items.push(self.node(Node::Continue(None), range)),
            Stmt::TypeAlias(_) | Stmt::Global(_) | Stmt::Nonlocal(_) | Stmt::Pass(_) | Stmt::IpyEscapeCommand(_) => {}
        }
    }

    fn optional(&mut self, expression: Option<&Expr>) -> NodeId {
        expression.map_or(NodeId::NOTHING, |expression| self.expression(expression))
    }

    fn if_statement(&mut self, it: &StmtIf) -> NodeId {
        let range = it.range();
        // In the order of the source, so that names are met as they are written.
        let test = self.expression(&it.test);
        let body = self.suite(&it.body, range);
        let clauses: Vec<(Option<NodeId>, NodeId, TextRange)> = it
            .elif_else_clauses
            .iter()
            .map(|clause| {
                let test = clause.test.as_ref().map(|test| self.expression(test));
                (test, self.suite(&clause.body, clause.range()), clause.range())
            })
            .collect();
        let mut rest = NodeId::NOTHING;
        for (test, body, range) in clauses.into_iter().rev() {
            rest = match test {
                None => body,
                Some(test) => {
                    let parts = self.list(&[test, body, rest]);
                    self.node(Node::If(parts), range)
                }
            };
        }
        let parts = self.list(&[test, body, rest]);
        self.node(Node::If(parts), range)
    }

    /// `with a as b`: what is entered is the thing itself, or what its `__enter__` gives.
    fn with_statement(&mut self, it: &StmtWith, items: &mut Vec<NodeId>) {
        let range = it.range();
        for item in &it.items {
            let context = self.expression(&item.context_expr);
            let entered = self.special("with", &[context], item.context_expr.range());
            items.push(match &item.optional_vars {
                Some(target) => self.assign(target, entered, range),
                None => entered,
            });
        }
        items.extend(self.statements(&it.body));
    }

    /// Any handler may be the one.
    fn try_statement(&mut self, it: &StmtTry) -> NodeId {
        let range = it.range();
        let mut body = self.statements(&it.body);
        body.extend(self.statements(&it.orelse));
        let list = self.list(&body);
        let body = self.node(Node::Block(list), range);
        let handlers: Vec<NodeId> = it.handlers.iter().map(|handler| self.handler(handler)).collect();
        let mut rest = NodeId::NOTHING;
        for handler in handlers.into_iter().rev() {
            rest = match rest.is_nothing() {
                true => handler,
                false => {
                    let test = self.special("except", &[], range);
                    let parts = self.list(&[test, handler, rest]);
                    self.node(Node::If(parts), range)
                }
            };
        }
        let finalizer = if it.finalbody.is_empty() { NodeId::NOTHING } else { self.suite(&it.finalbody, range) };
        let parts = self.list(&[body, NodeId::NOTHING, rest, finalizer]);
        self.node(Node::Try(parts), range)
    }

    fn handler(&mut self, handler: &ExceptHandler) -> NodeId {
        let ExceptHandler::ExceptHandler(handler) = handler;
        let range = handler.range();
        let mut items = Vec::new();
        if let Some(name) = &handler.name {
            let value = self.special("except", &[], range);
            items.push(self.bind(name.as_str(), value, range));
        }
        items.extend(self.statements(&handler.body));
        let list = self.list(&items);
        self.node(Node::Block(list), range)
    }

    /// `import a.b` runs `a` and `a.b` and binds `a`; `import a.b as c` binds `a.b`.
    fn import(&mut self, it: &StmtImport, items: &mut Vec<NodeId>) {
        for alias in &it.names {
            let range = alias.range();
            let name = alias.name.as_str();
            let whole = self.string(name, range);
            let module = self.node(Node::ImportCall(whole), range);
            match (&alias.asname, name.split_once('.')) {
                (Some(local), _) => items.push(self.bind(local.as_str(), module, range)),
                (None, None) => items.push(self.bind(name, module, range)),
                (None, Some((top, _))) => {
                    items.push(module);
                    let specifier = self.string(top, range);
                    let module = self.node(Node::ImportCall(specifier), range);
                    items.push(self.bind(top, module, range));
                }
            }
        }
    }

    fn import_from(&mut self, it: &StmtImportFrom, items: &mut Vec<NodeId>) {
        let dots = ".".repeat(it.level as usize);
        let from = format!("{dots}{}", it.module.as_ref().map_or("", |module| module.as_str()));
        for alias in &it.names {
            let range = alias.range();
            let from = self.string(&from, range);
            let name = self.string(alias.name.as_str(), range);
            let value = self.special("from", &[from, name], range);
            items.push(match alias.name.as_str() {
                "*" => value,
                name => self.bind(alias.asname.as_ref().map_or(name, |local| local.as_str()), value, range),
            });
        }
    }
}
