//! Which names a scope binds: what is assigned anywhere in it belongs to it (Python reference, 4.2).

use ruff_python_ast::visitor::{Visitor, walk_except_handler, walk_expr, walk_pattern, walk_stmt};
use ruff_python_ast::{ExceptHandler, Expr, ExprContext, Pattern, Stmt};

/// Names bound in a suite, and those that it declares to be others' (`global`, `nonlocal`).
#[derive(Default)]
pub(super) struct Bound<'a> {
    pub(super) names: Vec<&'a str>,
    pub(super) globals: Vec<&'a str>,
    pub(super) nonlocals: Vec<&'a str>,
    /// `yield` occurs: a generator.
    pub(super) yields: bool,
    /// In a comprehension, whose targets are its own.
    inner: u32,
}

impl<'a> Bound<'a> {
    pub(super) fn of(body: &'a [Stmt]) -> Bound<'a> {
        let mut bound = Bound::default();
        bound.visit_body(body);
        bound
    }

    /// Of a lambda's body or the like.
    pub(super) fn of_expression(expression: &'a Expr) -> Bound<'a> {
        let mut bound = Bound::default();
        bound.visit_expr(expression);
        bound
    }

    /// Names that a target binds.
    pub(super) fn of_target(target: &'a Expr) -> Vec<&'a str> {
        Bound::of_expression(target).names
    }

    fn bind(&mut self, name: &'a str) {
        self.names.push(name);
    }
}

impl<'a> Visitor<'a> for Bound<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(function) => {
                self.bind(&function.name);
                function.decorator_list.iter().for_each(|decorator| self.visit_expr(&decorator.expression));
                return;
            }
            Stmt::ClassDef(class) => {
                self.bind(&class.name);
                class.decorator_list.iter().for_each(|decorator| self.visit_expr(&decorator.expression));
                return;
            }
            Stmt::Import(import) => {
                for alias in &import.names {
                    let top = alias.name.split('.').next().unwrap_or_default();
                    self.bind(alias.asname.as_ref().map_or(top, |name| name.as_str()));
                }
            }
            Stmt::ImportFrom(import) => {
                for alias in import.names.iter().filter(|alias| alias.name.as_str() != "*") {
                    self.bind(alias.asname.as_ref().unwrap_or(&alias.name).as_str());
                }
            }
            Stmt::Global(global) => self.globals.extend(global.names.iter().map(|name| name.as_str())),
            Stmt::Nonlocal(nonlocal) => self.nonlocals.extend(nonlocal.names.iter().map(|name| name.as_str())),
            _ => {}
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Name(name) if name.ctx == ExprContext::Store && self.inner == 0 => self.bind(&name.id),
            // `(x := 1)` binds in the function around a comprehension.
            Expr::Named(named) if self.inner > 0 => {
                if let Expr::Name(name) = &*named.target {
                    self.bind(&name.id);
                }
            }
            Expr::Yield(_) | Expr::YieldFrom(_) => self.yields = true,
            Expr::Lambda(_) => return,
            Expr::ListComp(_) | Expr::SetComp(_) | Expr::DictComp(_) | Expr::Generator(_) => {
                self.inner += 1;
                walk_expr(self, expression);
                self.inner -= 1;
                return;
            }
            _ => {}
        }
        walk_expr(self, expression);
    }

    fn visit_except_handler(&mut self, handler: &'a ExceptHandler) {
        let ExceptHandler::ExceptHandler(inner) = handler;
        if let Some(name) = &inner.name {
            self.bind(name.as_str());
        }
        walk_except_handler(self, handler);
    }

    fn visit_pattern(&mut self, pattern: &'a Pattern) {
        let name = match pattern {
            Pattern::MatchAs(capture) => capture.name.as_ref(),
            Pattern::MatchStar(star) => star.name.as_ref(),
            Pattern::MatchMapping(mapping) => mapping.rest.as_ref(),
            _ => None,
        };
        if let Some(name) = name {
            self.bind(name.as_str());
        }
        walk_pattern(self, pattern);
    }
}
