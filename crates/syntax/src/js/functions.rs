//! Functions: each gets a body of its own in [`crate::ir::Module::functions`].

use oxc_ast::ast;

use super::context::Context;
use crate::ir::{AssignOp, Function, FunctionId, List, Node, NodeId, SymbolId, SymbolKind};

impl<'a> Context<'a, '_> {
    /// Pushes a function declaration; one without a body only declares a type.
    pub(super) fn function_declaration(&mut self, it: &'a ast::Function<'a>) {
        let symbol = it.id.as_ref().and_then(|id| self.symbol_of(id));
        let (Some(body), Some(symbol)) = (&it.body, symbol) else { return };
        if it.declare {
            return;
        }
        if let Some(id) = &it.id {
            self.declare(id);
        }
        let function = self.function(it, body, Some(symbol));
        let id = self.node(Node::DeclareFunction { symbol, function }, it.span);
        self.push(id);
    }

    pub(super) fn function_expression(&mut self, it: &'a ast::Function<'a>) -> NodeId {
        let Some(body) = &it.body else { return NodeId::NOTHING };
        let symbol = it.id.as_ref().and_then(|id| self.declare(id));
        let function = self.function(it, body, symbol);
        self.node(Node::Function(function), it.span)
    }

    fn function(
        &mut self,
        it: &'a ast::Function<'a>,
        body: &'a ast::FunctionBody<'a>,
        symbol: Option<SymbolId>,
    ) -> FunctionId {
        let (id, outer) = self.begin(symbol, it.span);
        self.enter_scope(it.scope_id.get(), id);
        let params = self.parameters(&it.params);
        let mark = self.mark();
        self.directives(&body.directives);
        self.parameter_properties(&it.params);
        self.statements(&body.statements);
        let body = self.list(mark);
        self.end(id, outer, params, body);
        let function = &mut self.module.functions[id.index()];
        function.is_async = it.r#async;
        function.is_generator = it.generator;
        id
    }

    pub(super) fn arrow(&mut self, it: &'a ast::ArrowFunctionExpression<'a>) -> NodeId {
        let (id, outer) = self.begin(None, it.span);
        self.enter_scope(it.scope_id.get(), id);
        let params = self.parameters(&it.params);
        let body = match &it.body {
            ast::ArrowFunctionBody::FunctionBody(body) => {
                let mark = self.mark();
                self.directives(&body.directives);
                self.statements(&body.statements);
                self.list(mark)
            }
            body => {
                let value = self.optional(body.as_expression());
                let id = self.node(Node::Return(value), oxc_span::GetSpan::span(body));
                self.list_of(&[id])
            }
        };
        self.end(id, outer, params, body);
        let function = &mut self.module.functions[id.index()];
        function.is_arrow = true;
        function.is_async = it.r#async;
        self.node(Node::Function(id), it.span)
    }

    /// A function's number, given in order of the source; returns the enclosing one too.
    fn begin(&mut self, symbol: Option<SymbolId>, span: oxc_span::Span) -> (FunctionId, FunctionId) {
        let id = FunctionId(self.module.functions.len() as u32);
        let span = vetch_model::Span { start: span.start, end: span.end };
        let first = self.module.nodes.len() as u32;
        self.module.functions.push(Function {
            parent: self.function,
            symbol,
            nodes: first..first,
            ..Function::top_level(span)
        });
        (id, std::mem::replace(&mut self.function, id))
    }

    fn end(&mut self, id: FunctionId, outer: FunctionId, params: List, body: List) {
        let function = &mut self.module.functions[id.index()];
        function.nodes.end = self.module.nodes.len() as u32;
        function.params = params;
        function.body = body;
        self.function = outer;
    }

    fn parameters(&mut self, it: &'a ast::FormalParameters<'a>) -> List {
        let mark = self.mark();
        for parameter in &it.items {
            let mut target = self.binding(&parameter.pattern, Some(SymbolKind::Parameter));
            if let Some(initializer) = &parameter.initializer {
                let value = self.expression(initializer);
                target = self.node(Node::Default { target, value }, parameter.span);
            }
            self.push(target);
        }
        if let Some(rest) = &it.rest {
            let id = self.rest(&rest.rest, Some(SymbolKind::Parameter));
            self.push(id);
        }
        self.list(mark)
    }

    /// TypeScript's `constructor(private x)` means `this.x = x`.
    fn parameter_properties(&mut self, it: &'a ast::FormalParameters<'a>) {
        for parameter in &it.items {
            if parameter.accessibility.is_none() && !parameter.readonly && !parameter.r#override {
                continue;
            }
            let ast::BindingPattern::BindingIdentifier(name) = &parameter.pattern else { continue };
            let Some(symbol) = self.symbol_of(name) else { continue };
            let object = self.node(Node::This, parameter.span);
            let member = self.intern(&name.name);
            let target = self.node(Node::Member { object, name: member }, parameter.span);
            let value = self.node(Node::Var(symbol), name.span);
            let id = self.node(Node::Assign { op: AssignOp::Set, target, value }, parameter.span);
            self.push(id);
        }
    }
}
