//! JSX, in the shape of the calls that it stands for: type, attributes, children.

use oxc_ast::ast;
use oxc_span::GetSpan;

use super::context::Context;
use crate::ir::{Key, Node, NodeId, PropertyKind};

impl<'a> Context<'a, '_> {
    pub(super) fn element(&mut self, it: &'a ast::JSXElement<'a>) -> NodeId {
        if !self.enter(it.span.start) {
            return NodeId::NOTHING;
        }
        let mark = self.mark();
        let name = self.element_name(&it.opening_element.name);
        self.push(name);
        let attributes = self.attributes(&it.opening_element);
        self.push(attributes);
        self.children(&it.children);
        self.leave();
        let list = self.list(mark);
        self.node(Node::Markup(list), it.span)
    }

    pub(super) fn fragment(&mut self, it: &'a ast::JSXFragment<'a>) -> NodeId {
        if !self.enter(it.span.start) {
            return NodeId::NOTHING;
        }
        let mark = self.mark();
        let span = it.opening_fragment.span;
        let name = self.string("", span);
        self.push(name);
        let none = self.mark_properties();
        let attributes = self.property_list(none);
        let attributes = self.node(Node::Object(attributes), span);
        self.push(attributes);
        self.children(&it.children);
        self.leave();
        let list = self.list(mark);
        self.node(Node::Markup(list), it.span)
    }

    fn element_name(&mut self, name: &'a ast::JSXElementName<'a>) -> NodeId {
        match name {
            ast::JSXElementName::Identifier(it) => self.string(&it.name, it.span),
            ast::JSXElementName::IdentifierReference(it) => self.reference(it),
            ast::JSXElementName::NamespacedName(it) => {
                self.string(&format!("{}:{}", it.namespace.name, it.name.name), it.span)
            }
            ast::JSXElementName::MemberExpression(it) => self.element_member(it),
            ast::JSXElementName::ThisExpression(it) => self.node(Node::This, it.span),
        }
    }

    fn element_member(&mut self, it: &'a ast::JSXMemberExpression<'a>) -> NodeId {
        let mut outer = vec![it];
        let mut object = &it.object;
        while let ast::JSXMemberExpressionObject::MemberExpression(inner) = object {
            outer.push(inner);
            object = &inner.object;
        }
        let mut value = match object {
            ast::JSXMemberExpressionObject::IdentifierReference(it) => self.reference(it),
            ast::JSXMemberExpressionObject::ThisExpression(it) => self.node(Node::This, it.span),
            ast::JSXMemberExpressionObject::MemberExpression(_) => NodeId::NOTHING,
        };
        for member in outer.into_iter().rev() {
            let name = self.intern(&member.property.name);
            value = self.node(Node::Member { object: value, name }, member.span);
        }
        value
    }

    fn attributes(&mut self, opening: &'a ast::JSXOpeningElement<'a>) -> NodeId {
        let mark = self.mark_properties();
        for attribute in &opening.attributes {
            match attribute {
                ast::JSXAttributeItem::Attribute(it) => {
                    let name = match &it.name {
                        ast::JSXAttributeName::Identifier(name) => self.intern(&name.name),
                        ast::JSXAttributeName::NamespacedName(name) => {
                            self.intern(&format!("{}:{}", name.namespace.name, name.name.name))
                        }
                    };
                    let value = match &it.value {
                        Some(value) => self.attribute_value(value),
                        None => self.node(Node::Bool(true), it.span),
                    };
                    self.property(Key::Name(name), value, PropertyKind::Value);
                }
                ast::JSXAttributeItem::SpreadAttribute(it) => {
                    let value = self.expression(&it.argument);
                    self.property(Key::Spread, value, PropertyKind::Value);
                }
            }
        }
        let properties = self.property_list(mark);
        self.node(Node::Object(properties), opening.span)
    }

    fn attribute_value(&mut self, value: &'a ast::JSXAttributeValue<'a>) -> NodeId {
        match value {
            ast::JSXAttributeValue::StringLiteral(it) => self.string_literal(it),
            ast::JSXAttributeValue::ExpressionContainer(it) => self.optional(it.expression.as_expression()),
            ast::JSXAttributeValue::Element(it) => self.element(it),
            ast::JSXAttributeValue::Fragment(it) => self.fragment(it),
        }
    }

    fn children(&mut self, children: &'a [ast::JSXChild<'a>]) {
        for child in children {
            let id = match child {
                ast::JSXChild::Text(it) if it.value.trim().is_empty() => continue,
                ast::JSXChild::Text(it) => self.string(it.value.trim(), it.span()),
                ast::JSXChild::Element(it) => self.element(it),
                ast::JSXChild::Fragment(it) => self.fragment(it),
                ast::JSXChild::ExpressionContainer(it) => match it.expression.as_expression() {
                    Some(expression) => self.expression(expression),
                    None => continue,
                },
                ast::JSXChild::Spread(it) => {
                    let value = self.expression(&it.expression);
                    self.node(Node::Spread(value), it.span)
                }
            };
            self.push(id);
        }
    }
}
