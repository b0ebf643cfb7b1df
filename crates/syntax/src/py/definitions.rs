//! Functions, lambdas and classes.

use ruff_python_ast::{Expr, ExprLambda, Parameters, Stmt, StmtClassDef, StmtFunctionDef};
use ruff_text_size::{Ranged, TextRange};

use super::context::{Context, ScopeKind};
use super::names::Bound;
use crate::ir::{Node, NodeId, Property, PropertyKind, SymbolKind};

/// What a method's first parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Receiver {
    /// There is none: a function, or a static method.
    None,
    /// The instance, or the class of a class method.
    This,
}

impl Context<'_> {
    pub(super) fn function_definition(&mut self, it: &StmtFunctionDef) -> NodeId {
        let range = it.range();
        let mut defaults = self.defaults(&it.parameters);
        let mut items = Vec::new();
        // What calls something does so once, here, and not whenever the function is called.
        for default in defaults.iter_mut().flatten() {
            if matches!(self.module.nodes[default.index()], Node::Call { .. }) {
                let (made, kept) = self.once(*default, range);
                items.push(made);
                *default = kept;
            }
        }
        let function = self.function(it, Receiver::None, &defaults);
        let value = self.decorated(&it.decorator_list, function, range);
        items.push(self.bind(it.name.as_str(), value, range));
        self.block(&items, range)
    }

    fn decorated(&mut self, decorators: &[ruff_python_ast::Decorator], value: NodeId, range: TextRange) -> NodeId {
        decorators.iter().rev().fold(value, |value, decorator| {
            let decorator = self.expression(&decorator.expression);
            self.special("@", &[decorator, value], range)
        })
    }

    fn function(&mut self, it: &StmtFunctionDef, receiver: Receiver, defaults: &[Option<NodeId>]) -> NodeId {
        let range = it.range();
        let bound = Bound::of(&it.body);
        let around = self.begin_function(range);
        let function = &mut self.module.functions[self.function.index()];
        (function.is_async, function.is_generator) = (it.is_async, bound.yields);
        self.open_scope(ScopeKind::Function, &bound);
        let (params, mut body) = self.parameters(&it.parameters, defaults, receiver);
        body.extend(self.statements(&it.body));
        self.close_scope();
        self.end_function(around, &params, &body, range)
    }

    pub(super) fn lambda(&mut self, it: &ExprLambda) -> NodeId {
        let range = it.range();
        let defaults = it.parameters.as_ref().map(|parameters| self.defaults(parameters)).unwrap_or_default();
        let around = self.begin_function(range);
        let function = &mut self.module.functions[self.function.index()];
        function.is_arrow = true;
        self.open_scope(ScopeKind::Function, &Bound::of_expression(&it.body));
        let (params, mut body) = match &it.parameters {
            Some(parameters) => self.parameters(parameters, &defaults, Receiver::None),
            None => (Vec::new(), Vec::new()),
        };
        let value = self.expression(&it.body);
        body.push(self.node(Node::Return(value), range));
        self.close_scope();
        self.end_function(around, &params, &body, range)
    }

    /// Default values are made where the function is defined, in the order of parameters.
    fn defaults(&mut self, parameters: &Parameters) -> Vec<Option<NodeId>> {
        let with_defaults = parameters.posonlyargs.iter().chain(&parameters.args).chain(&parameters.kwonlyargs);
        with_defaults.map(|parameter| parameter.default.as_deref().map(|value| self.expression(value))).collect()
    }

    /// The parameters as patterns, and what the body begins with.
    fn parameters(
        &mut self,
        parameters: &Parameters,
        defaults: &[Option<NodeId>],
        receiver: Receiver,
    ) -> (Vec<NodeId>, Vec<NodeId>) {
        let (mut params, mut body) = (Vec::new(), Vec::new());
        let positional = parameters.posonlyargs.len() + parameters.args.len();
        let all = parameters.posonlyargs.iter().chain(&parameters.args).chain(&parameters.kwonlyargs);
        for (at, parameter) in all.enumerate() {
            let range = parameter.range();
            if at == positional {
                self.rest(parameters, &mut params);
            }
            let symbol = self.own(parameter.name().as_str(), SymbolKind::Parameter);
            self.assigns(symbol);
            let target = self.node(Node::Var(symbol), range);
            if at == 0 && positional > 0 && receiver == Receiver::This {
                let value = self.node(Node::This, range);
                body.push(self.node(Node::Declare { target, value }, range));
                continue;
            }
            params.push(match defaults.get(at).copied().flatten() {
                Some(value) => self.node(Node::Default { target, value }, range),
                None => target,
            });
        }
        if parameters.kwonlyargs.is_empty() {
            self.rest(parameters, &mut params);
        }
        if let Some(keywords) = &parameters.kwarg {
            let range = keywords.range();
            let symbol = self.own(keywords.name.as_str(), SymbolKind::Parameter);
            self.assigns(symbol);
            let target = self.node(Node::Var(symbol), range);
            let spread = self.node(Node::Spread(target), range);
            params.push(self.node(Node::Spread(spread), range));
        }
        (params, body)
    }

    fn rest(&mut self, parameters: &Parameters, params: &mut Vec<NodeId>) {
        let Some(rest) = &parameters.vararg else { return };
        let symbol = self.own(rest.name.as_str(), SymbolKind::Parameter);
        self.assigns(symbol);
        let target = self.node(Node::Var(symbol), rest.range());
        params.push(self.node(Node::Spread(target), rest.range()));
    }

    /// A class: its body runs where it stands; what it binds are its members.
    pub(super) fn class_definition(&mut self, it: &StmtClassDef, items: &mut Vec<NodeId>) {
        let range = it.range();
        let arguments = it.arguments.as_deref();
        let bases: Vec<NodeId> =
            arguments.iter().flat_map(|arguments| &arguments.args).map(|base| self.expression(base)).collect();
        for keyword in arguments.iter().flat_map(|arguments| &arguments.keywords) {
            let value = self.expression(&keyword.value);
            let is_metaclass = keyword.arg.as_ref().is_some_and(|name| name.as_str() == "metaclass");
            items.push(if is_metaclass { self.special("class", &[value], range) } else { value });
        }
        let bound = Bound::of(&it.body);
        self.open_scope(ScopeKind::Class, &bound);
        let mut members: Vec<Property> = Vec::new();
        let mut methods: Vec<&str> = Vec::new();
        for statement in &it.body {
            if let Stmt::FunctionDef(function) = statement {
                members.extend(self.method(function));
                methods.push(function.name.as_str());
            }
        }
        let rest: Vec<&Stmt> = it.body.iter().filter(|statement| !matches!(statement, Stmt::FunctionDef(_))).collect();
        for statement in rest {
            items.extend(self.statements(std::slice::from_ref(statement)));
        }
        for name in bound.names.iter().filter(|name| !methods.contains(name)) {
            let value = self.name(name, range);
            members.push(self.named(name, value, PropertyKind::Instance));
            members.push(self.named(name, value, PropertyKind::Static));
        }
        self.close_scope();
        let superclass = bases.first().copied().unwrap_or(NodeId::NOTHING);
        let members = self.properties(members);
        let class = self.node(Node::Class { superclass, members }, range);
        let value = self.decorated(&it.decorator_list, class, range);
        items.push(self.bind(it.name.as_str(), value, range));
    }

    fn method(&mut self, it: &StmtFunctionDef) -> Vec<Property> {
        let decorator = |name: &str| {
            let is = |expression: &Expr| matches!(expression, Expr::Name(found) if found.id.as_str() == name);
            it.decorator_list.iter().any(|decorator| is(&decorator.expression))
        };
        let name = it.name.as_str();
        let is_static = decorator("staticmethod");
        let defaults = self.defaults(&it.parameters);
        let function = self.function(it, if is_static { Receiver::None } else { Receiver::This }, &defaults);
        let known = ["staticmethod", "classmethod", "property"];
        let others: Vec<_> = it
            .decorator_list
            .iter()
            .filter(|decorator| !matches!(&decorator.expression, Expr::Name(name) if known.contains(&name.id.as_str())))
            .cloned()
            .collect();
        let value = self.decorated(&others, function, it.range());
        match name {
            "__init__" => vec![self.named("constructor", value, PropertyKind::Constructor)],
            _ if is_static || decorator("classmethod") => {
                vec![self.named(name, value, PropertyKind::Static), self.named(name, value, PropertyKind::Instance)]
            }
            _ if decorator("property") => vec![self.named(name, value, PropertyKind::Get)],
            _ => vec![self.named(name, value, PropertyKind::Instance)],
        }
    }
}
