//! Static imports and exports.

use oxc_ast::ast;

use super::context::Context;
use crate::ir::{AssignOp, Export, Exported, Import, Imported, Node, StrId, SymbolId};

impl<'a> Context<'a, '_> {
    /// Notes an import or export, and pushes what it declares or evaluates.
    pub(super) fn module_declaration(&mut self, declaration: &'a ast::ModuleDeclaration<'a>) {
        match declaration {
            ast::ModuleDeclaration::ImportDeclaration(it) => self.import(it),
            ast::ModuleDeclaration::ExportAllDeclaration(it) => self.export_all(it),
            ast::ModuleDeclaration::ExportDefaultDeclaration(it) => self.export_default(it),
            ast::ModuleDeclaration::ExportDeclaration(it) => self.export_declaration(it),
            ast::ModuleDeclaration::ExportNamedDeclaration(it) => self.export_named(it),
            ast::ModuleDeclaration::ExportFromDeclaration(it) => self.export_from(it),
            ast::ModuleDeclaration::TSExportAssignment(it) => self.export_assignment(it),
            ast::ModuleDeclaration::TSNamespaceExportDeclaration(_) => {}
        }
    }

    fn import(&mut self, it: &'a ast::ImportDeclaration<'a>) {
        if it.import_kind.is_type() {
            return;
        }
        let specifier = self.literal_name(&it.source);
        let before = self.module.imports.len();
        for import in it.specifiers.iter().flatten() {
            let (imported, local) = match import {
                ast::ImportDeclarationSpecifier::ImportSpecifier(it) => {
                    if it.import_kind.is_type() {
                        continue;
                    }
                    let name = self.export_name(&it.imported);
                    (self.imported(name), &it.local)
                }
                ast::ImportDeclarationSpecifier::ImportDefaultSpecifier(it) => (Imported::Default, &it.local),
                ast::ImportDeclarationSpecifier::ImportNamespaceSpecifier(it) => (Imported::Namespace, &it.local),
            };
            let local = self.declare(local);
            self.module.imports.push(Import { specifier, imported, local, span: span(it.span) });
        }
        if self.module.imports.len() == before {
            let imported = Imported::Effects;
            self.module.imports.push(Import { specifier, imported, local: None, span: span(it.span) });
        }
    }

    fn imported(&mut self, name: StrId) -> Imported {
        if name == self.intern("default") { Imported::Default } else { Imported::Named(name) }
    }

    fn export_name(&mut self, name: &ast::ModuleExportName<'_>) -> StrId {
        match name {
            ast::ModuleExportName::IdentifierName(it) => self.intern(&it.name),
            ast::ModuleExportName::IdentifierReference(it) => self.intern(&it.name),
            ast::ModuleExportName::StringLiteral(it) => self.literal_name(it),
        }
    }

    fn export(&mut self, name: Option<StrId>, exported: Exported, place: oxc_span::Span) {
        self.module.exports.push(Export { name, exported, span: span(place) });
    }

    fn export_all(&mut self, it: &'a ast::ExportAllDeclaration<'a>) {
        if it.export_kind.is_type() {
            return;
        }
        let specifier = self.literal_name(&it.source);
        let name = it.exported.as_ref().map(|name| self.export_name(name));
        self.export(name, Exported::From { specifier, imported: Imported::Namespace }, it.span);
    }

    fn export_from(&mut self, it: &'a ast::ExportFromDeclaration<'a>) {
        if it.export_kind.is_type() {
            return;
        }
        let specifier = self.literal_name(&it.source);
        let values = it.specifiers.iter().filter(|specifier| !specifier.export_kind.is_type());
        let before = self.module.exports.len();
        for export in values {
            let local = self.export_name(&export.local);
            let imported = self.imported(local);
            let name = self.export_name(&export.exported);
            self.export(Some(name), Exported::From { specifier, imported }, it.span);
        }
        if self.module.exports.len() == before {
            // `export {} from "x"` still runs x.
            let imported = Imported::Effects;
            self.module.imports.push(Import { specifier, imported, local: None, span: span(it.span) });
        }
    }

    fn export_named(&mut self, it: &'a ast::ExportNamedDeclaration<'a>) {
        if it.export_kind.is_type() {
            return;
        }
        for export in &it.specifiers {
            if export.export_kind.is_type() {
                continue;
            }
            let name = self.export_name(&export.exported);
            let exported = match &export.local {
                ast::ModuleExportName::IdentifierReference(local) => match self.resolve(local) {
                    Some(symbol) => Exported::Symbol(symbol),
                    None => Exported::Value(self.reference(local)),
                },
                local => {
                    let local = self.export_name(local);
                    Exported::Value(self.node(Node::Global(local), export.span))
                }
            };
            self.export(Some(name), exported, it.span);
        }
    }

    fn export_default(&mut self, it: &'a ast::ExportDefaultDeclaration<'a>) {
        let name = Some(self.intern("default"));
        match &it.declaration {
            ast::ExportDefaultDeclarationKind::FunctionDeclaration(function) => {
                if function.body.is_none() {
                    return;
                }
                if let Some(symbol) = function.id.as_ref().and_then(|id| self.symbol_of(id)) {
                    self.function_declaration(function);
                    return self.export(name, Exported::Symbol(symbol), it.span);
                }
                let value = self.function_expression(function);
                self.push(value);
                self.export(name, Exported::Value(value), it.span);
            }
            ast::ExportDefaultDeclarationKind::ClassDeclaration(class) => {
                if let Some(symbol) = class.id.as_ref().and_then(|id| self.symbol_of(id)) {
                    self.class_declaration(class);
                    return self.export(name, Exported::Symbol(symbol), it.span);
                }
                let value = self.class_expression(class);
                self.push(value);
                self.export(name, Exported::Value(value), it.span);
            }
            ast::ExportDefaultDeclarationKind::TSInterfaceDeclaration(_) => {}
            declaration => {
                let value = self.optional(declaration.as_expression());
                self.push(value);
                self.export(name, Exported::Value(value), it.span);
            }
        }
    }

    /// `export const a = 1, { b } = c;`, `export function f() {}`, …
    fn export_declaration(&mut self, it: &'a ast::ExportDeclaration<'a>) {
        self.declaration(&it.declaration);
        match &it.declaration {
            ast::Declaration::VariableDeclaration(variables) if !variables.declare => {
                for declarator in &variables.declarations {
                    self.export_pattern(&declarator.id, it.span);
                }
            }
            ast::Declaration::FunctionDeclaration(function) if function.body.is_some() && !function.declare => {
                self.export_binding(function.id.as_ref(), it.span);
            }
            ast::Declaration::ClassDeclaration(class) if !class.declare => {
                self.export_binding(class.id.as_ref(), it.span);
            }
            ast::Declaration::TSEnumDeclaration(item) if !item.declare => {
                self.export_binding(Some(&item.id), it.span);
            }
            ast::Declaration::TSNamespaceDeclaration(item) if !item.declare => {
                self.export_binding(Some(&item.id), it.span);
            }
            ast::Declaration::TSImportEqualsDeclaration(item) if !item.import_kind.is_type() => {
                self.export_binding(Some(&item.id), it.span);
            }
            _ => {}
        }
    }

    fn export_pattern(&mut self, pattern: &'a ast::BindingPattern<'a>, place: oxc_span::Span) {
        match pattern {
            ast::BindingPattern::BindingIdentifier(it) => self.export_binding(Some(it), place),
            ast::BindingPattern::AssignmentPattern(it) => self.export_pattern(&it.left, place),
            ast::BindingPattern::ObjectPattern(it) => {
                for property in &it.properties {
                    self.export_pattern(&property.value, place);
                }
                if let Some(rest) = &it.rest {
                    self.export_pattern(&rest.argument, place);
                }
            }
            ast::BindingPattern::ArrayPattern(it) => {
                for element in it.elements.iter().flatten() {
                    self.export_pattern(element, place);
                }
                if let Some(rest) = &it.rest {
                    self.export_pattern(&rest.argument, place);
                }
            }
        }
    }

    fn export_binding(&mut self, binding: Option<&ast::BindingIdentifier<'a>>, place: oxc_span::Span) {
        let Some(symbol) = binding.and_then(|binding| self.symbol_of(binding)) else { return };
        match self.namespace {
            Some(namespace) => self.export_from_namespace(namespace, symbol, place),
            None => {
                let name = self.module.symbols[symbol.index()].name;
                self.export(Some(name), Exported::Symbol(symbol), place);
            }
        }
    }

    /// `namespace N { export const x = 1 }` means `N.x = x` after the declaration.
    pub(super) fn export_from_namespace(&mut self, namespace: SymbolId, symbol: SymbolId, place: oxc_span::Span) {
        let name = self.module.symbols[symbol.index()].name;
        let object = self.node(Node::Var(namespace), place);
        let target = self.node(Node::Member { object, name }, place);
        let value = self.node(Node::Var(symbol), place);
        let id = self.node(Node::Assign { op: AssignOp::Set, target, value }, place);
        self.push(id);
    }

    /// `export = x` means `module.exports = x`.
    fn export_assignment(&mut self, it: &'a ast::TSExportAssignment<'a>) {
        let object = self.global("module", it.span);
        let name = self.intern("exports");
        let target = self.node(Node::Member { object, name }, it.span);
        let value = self.expression(&it.expression);
        let id = self.node(Node::Assign { op: AssignOp::Set, target, value }, it.span);
        self.push(id);
    }
}

fn span(span: oxc_span::Span) -> vetch_model::Span {
    vetch_model::Span { start: span.start, end: span.end }
}
