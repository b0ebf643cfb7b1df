//! Assignments, their targets, and binding patterns.

use oxc_ast::ast;
use oxc_span::GetSpan;

use super::context::Context;
use super::expressions::{Pending, binary_op, logical_op};
use crate::ir::{AssignOp, Key, Node, NodeId, PropertyKind, SymbolKind};

impl<'a> Context<'a, '_> {
    pub(super) fn assignment(&mut self, it: &'a ast::AssignmentExpression<'a>) -> NodeId {
        let target = self.target(&it.left);
        let value = self.expression(&it.right);
        self.node(Node::Assign { op: assign_op(it.operator), target, value }, it.span)
    }

    pub(super) fn target(&mut self, target: &'a ast::AssignmentTarget<'a>) -> NodeId {
        if !self.enter(target.span().start) {
            return NodeId::NOTHING;
        }
        let id = self.any_target(target);
        self.leave();
        id
    }

    fn any_target(&mut self, target: &'a ast::AssignmentTarget<'a>) -> NodeId {
        match target {
            ast::AssignmentTarget::ArrayAssignmentTarget(it) => self.array_target(it),
            ast::AssignmentTarget::ObjectAssignmentTarget(it) => self.object_target(it),
            _ => target.as_simple_assignment_target().map_or(NodeId::NOTHING, |simple| self.simple_target(simple)),
        }
    }

    pub(super) fn simple_target(&mut self, target: &'a ast::SimpleAssignmentTarget<'a>) -> NodeId {
        use ast::SimpleAssignmentTarget as Target;
        match target {
            Target::AssignmentTargetIdentifier(it) => self.written(it),
            Target::StaticMemberExpression(it) => self.member(Pending::Member(it), &it.object),
            Target::ComputedMemberExpression(it) => self.member(Pending::Index(it), &it.object),
            Target::PrivateFieldExpression(it) => self.member(Pending::Private(it), &it.object),
            Target::TSAsExpression(it) => self.wrapped_target(&it.expression),
            Target::TSSatisfiesExpression(it) => self.wrapped_target(&it.expression),
            Target::TSNonNullExpression(it) => self.wrapped_target(&it.expression),
            Target::TSTypeAssertion(it) => self.wrapped_target(&it.expression),
        }
    }

    /// `(x as T) = …`
    fn wrapped_target(&mut self, expression: &'a ast::Expression<'a>) -> NodeId {
        let id = self.expression(expression);
        if let Node::Var(symbol) = self.module.node(id) {
            self.write(symbol);
        }
        id
    }

    fn array_target(&mut self, it: &'a ast::ArrayAssignmentTarget<'a>) -> NodeId {
        let mark = self.mark();
        for element in &it.elements {
            let id = element.as_ref().map_or(NodeId::NOTHING, |element| self.target_or_default(element));
            self.push(id);
        }
        if let Some(rest) = &it.rest {
            let target = self.target(&rest.target);
            let id = self.node(Node::Spread(target), rest.span);
            self.push(id);
        }
        let list = self.list(mark);
        self.node(Node::ArrayPattern(list), it.span)
    }

    fn target_or_default(&mut self, target: &'a ast::AssignmentTargetMaybeDefault<'a>) -> NodeId {
        match target {
            ast::AssignmentTargetMaybeDefault::AssignmentTargetWithDefault(it) => {
                let target = self.target(&it.binding);
                let value = self.expression(&it.init);
                self.node(Node::Default { target, value }, it.span)
            }
            _ => target.as_assignment_target().map_or(NodeId::NOTHING, |target| self.target(target)),
        }
    }

    fn object_target(&mut self, it: &'a ast::ObjectAssignmentTarget<'a>) -> NodeId {
        let mark = self.mark_properties();
        for property in &it.properties {
            match property {
                ast::AssignmentTargetProperty::AssignmentTargetPropertyIdentifier(it) => {
                    let key = Key::Name(self.intern(&it.binding.name));
                    let mut target = self.written(&it.binding);
                    if let Some(init) = &it.init {
                        let value = self.expression(init);
                        target = self.node(Node::Default { target, value }, it.span);
                    }
                    self.property(key, target, PropertyKind::Value);
                }
                ast::AssignmentTargetProperty::AssignmentTargetPropertyProperty(it) => {
                    let key = self.key(&it.name, it.computed);
                    let target = self.target_or_default(&it.binding);
                    self.property(key, target, PropertyKind::Value);
                }
            }
        }
        if let Some(rest) = &it.rest {
            let target = self.target(&rest.target);
            self.property(Key::Spread, target, PropertyKind::Value);
        }
        let properties = self.property_list(mark);
        self.node(Node::ObjectPattern(properties), it.span)
    }

    /// A pattern that declares its names; as parameters, if `kind` says so.
    pub(super) fn binding(&mut self, pattern: &'a ast::BindingPattern<'a>, kind: Option<SymbolKind>) -> NodeId {
        if !self.enter(pattern.span().start) {
            return NodeId::NOTHING;
        }
        let id = self.any_binding(pattern, kind);
        self.leave();
        id
    }

    fn any_binding(&mut self, pattern: &'a ast::BindingPattern<'a>, kind: Option<SymbolKind>) -> NodeId {
        match pattern {
            ast::BindingPattern::BindingIdentifier(it) => self.binding_name(it, kind),
            ast::BindingPattern::ObjectPattern(it) => self.object_binding(it, kind),
            ast::BindingPattern::ArrayPattern(it) => self.array_binding(it, kind),
            ast::BindingPattern::AssignmentPattern(it) => {
                let target = self.binding(&it.left, kind);
                let value = self.expression(&it.right);
                self.node(Node::Default { target, value }, it.span)
            }
        }
    }

    pub(super) fn binding_name(&mut self, it: &ast::BindingIdentifier<'_>, kind: Option<SymbolKind>) -> NodeId {
        let Some(symbol) = self.declare(it) else { return self.global(&it.name, it.span) };
        if let Some(kind) = kind {
            self.module.symbols[symbol.index()].kind = kind;
        }
        self.node(Node::Var(symbol), it.span)
    }

    fn object_binding(&mut self, it: &'a ast::ObjectPattern<'a>, kind: Option<SymbolKind>) -> NodeId {
        let mark = self.mark_properties();
        for property in &it.properties {
            let key = self.key(&property.key, property.computed);
            let target = self.binding(&property.value, kind);
            self.property(key, target, PropertyKind::Value);
        }
        if let Some(rest) = &it.rest {
            let target = self.binding(&rest.argument, kind);
            self.property(Key::Spread, target, PropertyKind::Value);
        }
        let properties = self.property_list(mark);
        self.node(Node::ObjectPattern(properties), it.span)
    }

    fn array_binding(&mut self, it: &'a ast::ArrayPattern<'a>, kind: Option<SymbolKind>) -> NodeId {
        let mark = self.mark();
        for element in &it.elements {
            let id = element.as_ref().map_or(NodeId::NOTHING, |element| self.binding(element, kind));
            self.push(id);
        }
        if let Some(rest) = &it.rest {
            let id = self.rest(rest, kind);
            self.push(id);
        }
        let list = self.list(mark);
        self.node(Node::ArrayPattern(list), it.span)
    }

    pub(super) fn rest(&mut self, it: &'a ast::BindingRestElement<'a>, kind: Option<SymbolKind>) -> NodeId {
        let target = self.binding(&it.argument, kind);
        self.node(Node::Spread(target), it.span)
    }
}

fn assign_op(operator: ast::AssignmentOperator) -> AssignOp {
    if let Some(operator) = operator.to_binary_operator() {
        AssignOp::Binary(binary_op(operator))
    } else if let Some(operator) = operator.to_logical_operator() {
        AssignOp::Logical(logical_op(operator))
    } else {
        AssignOp::Set
    }
}
