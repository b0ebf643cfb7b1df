//! Classes and decorators.

use oxc_ast::ast;

use super::context::Context;
use crate::ir::{Key, Node, NodeId, PropertyKind};

impl<'a> Context<'a, '_> {
    /// Pushes a class declaration, and the calls of its decorators after it.
    pub(super) fn class_declaration(&mut self, it: &'a ast::Class<'a>) {
        let Some(symbol) = it.id.as_ref().and_then(|id| self.symbol_of(id)) else { return };
        if it.declare {
            return;
        }
        if let Some(id) = &it.id {
            self.declare(id);
        }
        let class = self.class(it);
        let id = self.node(Node::DeclareClass { symbol, class }, it.span);
        self.push(id);
        for decorator in &it.decorators {
            let callee = self.expression(&decorator.expression);
            let class = self.node(Node::Var(symbol), decorator.span);
            let args = self.list_of(&[class]);
            let call = self.node(Node::Call { callee, args }, decorator.span);
            self.push(call);
        }
    }

    /// A class as a value; a decorated one is what its decorators make of it.
    pub(super) fn class_expression(&mut self, it: &'a ast::Class<'a>) -> NodeId {
        if let Some(id) = &it.id {
            self.declare(id);
        }
        let mut value = self.class(it);
        for decorator in it.decorators.iter().rev() {
            let callee = self.expression(&decorator.expression);
            let args = self.list_of(&[value]);
            value = self.node(Node::Call { callee, args }, decorator.span);
        }
        value
    }

    fn class(&mut self, it: &'a ast::Class<'a>) -> NodeId {
        let superclass = self.optional(it.heritage.as_ref().map(|heritage| &heritage.expression));
        let mark = self.mark_properties();
        for element in &it.body.body {
            self.class_element(element);
        }
        let members = self.property_list(mark);
        self.node(Node::Class { superclass, members }, it.span)
    }

    fn class_element(&mut self, element: &'a ast::ClassElement<'a>) {
        match element {
            ast::ClassElement::MethodDefinition(it) => self.method(it),
            ast::ClassElement::StaticBlock(it) => self.static_block(it),
            ast::ClassElement::PropertyDefinition(it) => {
                let is_abstract = it.r#type == ast::PropertyDefinitionType::TSAbstractPropertyDefinition;
                if !it.declare && !is_abstract {
                    self.field(&it.key, it.computed, it.value.as_ref(), it.r#static);
                }
                self.member_decorators(&it.decorators);
            }
            ast::ClassElement::AccessorProperty(it) => {
                if it.r#type != ast::AccessorPropertyType::TSAbstractAccessorProperty {
                    self.field(&it.key, it.computed, it.value.as_ref(), it.r#static);
                }
                self.member_decorators(&it.decorators);
            }
            ast::ClassElement::TSIndexSignature(_) => {}
        }
    }

    fn method(&mut self, it: &'a ast::MethodDefinition<'a>) {
        if it.value.body.is_some() {
            let key = self.key(&it.key, it.computed);
            let value = self.function_expression(&it.value);
            let kind = match it.kind {
                ast::MethodDefinitionKind::Constructor => PropertyKind::Constructor,
                ast::MethodDefinitionKind::Get => PropertyKind::Get,
                ast::MethodDefinitionKind::Set => PropertyKind::Set,
                ast::MethodDefinitionKind::Method if it.r#static => PropertyKind::Static,
                ast::MethodDefinitionKind::Method => PropertyKind::Instance,
            };
            self.property(key, value, kind);
        }
        self.member_decorators(&it.decorators);
        for parameter in &it.value.params.items {
            self.member_decorators(&parameter.decorators);
        }
    }

    fn field(
        &mut self,
        key: &'a ast::PropertyKey<'a>,
        computed: bool,
        value: Option<&'a ast::Expression<'a>>,
        is_static: bool,
    ) {
        let key = self.key(key, computed);
        let value = self.optional(value);
        self.property(key, value, if is_static { PropertyKind::Static } else { PropertyKind::Instance });
    }

    fn static_block(&mut self, it: &'a ast::StaticBlock<'a>) {
        let mark = self.mark();
        self.statements(&it.body);
        let list = self.list(mark);
        let block = self.node(Node::Block(list), it.span);
        self.static_code(block);
    }

    /// The decorators of a member or parameter are called when the class is defined.
    fn member_decorators(&mut self, decorators: &'a [ast::Decorator<'a>]) {
        for decorator in decorators {
            let callee = self.expression(&decorator.expression);
            let this = self.node(Node::This, decorator.span);
            let args = self.list_of(&[this]);
            let call = self.node(Node::Call { callee, args }, decorator.span);
            self.static_code(call);
        }
    }

    fn static_code(&mut self, code: NodeId) {
        let name = self.intern("");
        self.property(Key::Name(name), code, PropertyKind::StaticBlock);
    }
}
