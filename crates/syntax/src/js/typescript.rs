//! TypeScript's declarations that exist at run time.

use oxc_ast::ast;

use super::context::Context;
use crate::ir::{Key, Node, NodeId, PropertyKind, SymbolKind};

impl<'a> Context<'a, '_> {
    /// Pushes an enum, as the object that it becomes.
    pub(super) fn enumeration(&mut self, it: &'a ast::TSEnumDeclaration<'a>) {
        if it.declare {
            return;
        }
        let mark = self.mark_properties();
        for member in &it.body.members {
            let name = match &member.id {
                ast::TSEnumMemberName::Identifier(name) => self.intern(&name.name),
                ast::TSEnumMemberName::String(name) | ast::TSEnumMemberName::ComputedString(name) => {
                    self.literal_name(name)
                }
                ast::TSEnumMemberName::ComputedTemplateString(name) => {
                    let text = name.quasis.first().and_then(|quasi| quasi.value.cooked.as_ref());
                    self.intern(text.map_or("", |text| text.as_str()))
                }
            };
            let value = self.optional(member.initializer.as_ref());
            self.property(Key::Name(name), value, PropertyKind::Value);
        }
        let members = self.property_list(mark);
        let value = self.node(Node::Object(members), it.span);
        let target = self.binding_name(&it.id, None);
        let id = self.node(Node::Declare { target, value }, it.span);
        self.push(id);
    }

    /// Pushes a namespace: an object, and a block that fills it.
    pub(super) fn namespace_declaration(&mut self, it: &'a ast::TSNamespaceDeclaration<'a>) {
        let Some(symbol) = self.symbol_of(&it.id) else { return };
        if it.declare || !self.enter(it.span.start) {
            return;
        }
        let mark = self.mark();
        // A namespace may add to a function, class or namespace of its name.
        let kind = self.module.symbols[symbol.index()].kind;
        if !self.is_declared(symbol) && !matches!(kind, SymbolKind::Function | SymbolKind::Class) {
            let empty = self.mark_properties();
            let empty = self.property_list(empty);
            let value = self.node(Node::Object(empty), it.id.span);
            let target = self.binding_name(&it.id, None);
            let id = self.node(Node::Declare { target, value }, it.id.span);
            self.push(id);
        }
        let outer = self.namespace.replace(symbol);
        match &it.body {
            ast::TSNamespaceDeclarationBody::TSModuleBlock(block) => {
                self.directives(&block.directives);
                self.statements(&block.body);
            }
            ast::TSNamespaceDeclarationBody::TSNamespaceDeclaration(inner) => {
                self.namespace_declaration(inner);
                self.export_nested(inner);
            }
        }
        self.namespace = outer;
        self.leave();
        let list = self.list(mark);
        let id = self.node(Node::Block(list), it.span);
        self.push(id);
    }

    /// `namespace A.B {}` exports B from A.
    fn export_nested(&mut self, inner: &'a ast::TSNamespaceDeclaration<'a>) {
        if let (Some(outer), Some(symbol)) = (self.namespace, self.symbol_of(&inner.id)) {
            self.export_from_namespace(outer, symbol, inner.id.span);
        }
    }

    /// `import x = require("y")`, `import x = A.B`
    pub(super) fn import_equals(&mut self, it: &'a ast::TSImportEqualsDeclaration<'a>) {
        if it.import_kind.is_type() {
            return;
        }
        let value = match &it.module_reference {
            ast::TSModuleReference::ExternalModuleReference(reference) => {
                let callee = self.global("require", reference.span);
                let specifier = self.string_literal(&reference.expression);
                let args = self.list_of(&[specifier]);
                self.node(Node::Call { callee, args }, reference.span)
            }
            ast::TSModuleReference::IdentifierReference(reference) => self.reference(reference),
            ast::TSModuleReference::QualifiedName(name) => self.qualified_name(name),
        };
        let target = self.binding_name(&it.id, None);
        let id = self.node(Node::Declare { target, value }, it.span);
        self.push(id);
    }

    fn qualified_name(&mut self, it: &'a ast::TSQualifiedName<'a>) -> NodeId {
        let mut outer = vec![it];
        let mut left = &it.left;
        while let ast::TSTypeName::QualifiedName(inner) = left {
            outer.push(inner);
            left = &inner.left;
        }
        let mut value = match left {
            ast::TSTypeName::IdentifierReference(it) => self.reference(it),
            ast::TSTypeName::ThisExpression(it) => self.node(Node::This, it.span),
            ast::TSTypeName::QualifiedName(_) => NodeId::NOTHING,
        };
        for member in outer.into_iter().rev() {
            let name = self.intern(&member.right.name);
            value = self.node(Node::Member { object: value, name }, member.span);
        }
        value
    }
}
