//! Statements. One may lower to none (types), one, or several nodes (`var a, b`).

use oxc_ast::ast::{self, Statement};
use oxc_span::GetSpan;

use super::context::Context;
use crate::ir::{LoopKind, Node, NodeId, SymbolKind};

impl<'a> Context<'a, '_> {
    pub(super) fn directives(&mut self, directives: &'a [ast::Directive<'a>]) {
        for directive in directives {
            let id = self.string_literal(&directive.expression);
            self.push(id);
        }
    }

    pub(super) fn statements(&mut self, statements: &'a [Statement<'a>]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    /// A statement where one node is wanted, such as a loop's body.
    pub(super) fn body(&mut self, statement: &'a Statement<'a>) -> NodeId {
        let mark = self.mark();
        self.statement(statement);
        self.single(mark, statement.span())
    }

    /// Pushes the nodes of a statement.
    pub(super) fn statement(&mut self, statement: &'a Statement<'a>) {
        if self.enter(statement.span().start) {
            self.any_statement(statement);
            self.leave();
        }
    }

    fn any_statement(&mut self, statement: &'a Statement<'a>) {
        let id = match statement {
            Statement::ExpressionStatement(it) => self.expression(&it.expression),
            Statement::ReturnStatement(it) => self.return_statement(it),
            Statement::IfStatement(it) => self.if_statement(it),
            Statement::BlockStatement(it) => self.block(it),
            Statement::ForStatement(it) => self.for_statement(it),
            Statement::ForInStatement(it) => self.for_each(LoopKind::ForIn, &it.left, &it.right, &it.body, it.span),
            Statement::ForOfStatement(it) => self.for_each(LoopKind::ForOf, &it.left, &it.right, &it.body, it.span),
            Statement::WhileStatement(it) => self.while_loop(LoopKind::While, &it.test, &it.body, it.span),
            Statement::DoWhileStatement(it) => self.while_loop(LoopKind::DoWhile, &it.test, &it.body, it.span),
            Statement::ThrowStatement(it) => {
                let value = self.expression(&it.argument);
                self.node(Node::Throw(value), it.span)
            }
            Statement::SwitchStatement(it) => self.switch(it),
            Statement::TryStatement(it) => self.try_statement(it),
            Statement::BreakStatement(it) => {
                let label = it.label.as_ref().map(|label| self.intern(&label.name));
                self.node(Node::Break(label), it.span)
            }
            Statement::ContinueStatement(it) => {
                let label = it.label.as_ref().map(|label| self.intern(&label.name));
                self.node(Node::Continue(label), it.span)
            }
            Statement::LabeledStatement(it) => self.labelled(it),
            Statement::WithStatement(it) => self.with(it),
            Statement::DebuggerStatement(it) => self.node(Node::Debugger, it.span),
            Statement::EmptyStatement(_) => return,
            _ => return self.declaration_or_module(statement),
        };
        self.push(id);
    }

    fn declaration_or_module(&mut self, statement: &'a Statement<'a>) {
        if let Some(declaration) = statement.as_declaration() {
            self.declaration(declaration);
        } else if let Some(declaration) = statement.as_module_declaration() {
            self.module_declaration(declaration);
        }
    }

    pub(super) fn declaration(&mut self, declaration: &'a ast::Declaration<'a>) {
        match declaration {
            ast::Declaration::VariableDeclaration(it) => self.variables(it),
            ast::Declaration::FunctionDeclaration(it) => self.function_declaration(it),
            ast::Declaration::ClassDeclaration(it) => self.class_declaration(it),
            ast::Declaration::TSEnumDeclaration(it) => self.enumeration(it),
            ast::Declaration::TSNamespaceDeclaration(it) => self.namespace_declaration(it),
            ast::Declaration::TSImportEqualsDeclaration(it) => self.import_equals(it),
            // Types, and ambient modules (which may only be declared): nothing at run time.
            ast::Declaration::TSTypeAliasDeclaration(_)
            | ast::Declaration::TSInterfaceDeclaration(_)
            | ast::Declaration::TSExternalModuleDeclaration(_)
            | ast::Declaration::TSGlobalDeclaration(_) => {}
        }
    }

    pub(super) fn variables(&mut self, it: &'a ast::VariableDeclaration<'a>) {
        if it.declare {
            return;
        }
        for declarator in &it.declarations {
            // `var x;` after another declaration of x changes nothing.
            let again = match (&declarator.id, &declarator.init) {
                (ast::BindingPattern::BindingIdentifier(name), None) => {
                    self.symbol_of(name).filter(|symbol| self.is_declared(*symbol))
                }
                _ => None,
            };
            let target = match again {
                Some(symbol) => self.node(Node::Var(symbol), declarator.id.span()),
                None => self.binding(&declarator.id, None),
            };
            let value = self.optional(declarator.init.as_ref());
            let id = self.node(Node::Declare { target, value }, declarator.span);
            self.push(id);
        }
    }

    fn return_statement(&mut self, it: &'a ast::ReturnStatement<'a>) -> NodeId {
        let value = match &it.argument {
            Some(argument) => self.expression(argument),
            None => self.node(Node::Undefined, it.span),
        };
        self.node(Node::Return(value), it.span)
    }

    fn if_statement(&mut self, it: &'a ast::IfStatement<'a>) -> NodeId {
        let test = self.expression(&it.test);
        let yes = self.body(&it.consequent);
        let no = it.alternate.as_ref().map_or(NodeId::NOTHING, |alternate| self.body(alternate));
        let list = self.list_of(&[test, yes, no]);
        self.node(Node::If(list), it.span)
    }

    pub(super) fn block(&mut self, it: &'a ast::BlockStatement<'a>) -> NodeId {
        let mark = self.mark();
        self.statements(&it.body);
        let list = self.list(mark);
        self.node(Node::Block(list), it.span)
    }

    fn while_loop(
        &mut self,
        kind: LoopKind,
        test: &'a ast::Expression<'a>,
        body: &'a Statement<'a>,
        span: oxc_span::Span,
    ) -> NodeId {
        let test = self.expression(test);
        let body = self.body(body);
        let parts = self.list_of(&[test, body]);
        self.node(Node::Loop { kind, parts }, span)
    }

    fn for_statement(&mut self, it: &'a ast::ForStatement<'a>) -> NodeId {
        let mark = self.mark();
        let init = match &it.init {
            Some(ast::ForStatementInit::VariableDeclaration(declaration)) => {
                self.variables(declaration);
                self.single(mark, declaration.span)
            }
            Some(init) => self.optional(init.as_expression()),
            None => NodeId::NOTHING,
        };
        let test = self.optional(it.test.as_ref());
        let update = self.optional(it.update.as_ref());
        let body = self.body(&it.body);
        let parts = self.list_of(&[init, test, update, body]);
        self.node(Node::Loop { kind: LoopKind::For, parts }, it.span)
    }

    fn for_each(
        &mut self,
        kind: LoopKind,
        left: &'a ast::ForStatementLeft<'a>,
        right: &'a ast::Expression<'a>,
        body: &'a Statement<'a>,
        span: oxc_span::Span,
    ) -> NodeId {
        let target = match left {
            ast::ForStatementLeft::VariableDeclaration(declaration) => self.for_each_declaration(declaration),
            _ => left.as_assignment_target().map_or(NodeId::NOTHING, |target| self.target(target)),
        };
        let right = self.expression(right);
        let body = self.body(body);
        let parts = self.list_of(&[target, right, body]);
        self.node(Node::Loop { kind, parts }, span)
    }

    /// The loop writes the names that its head declares: a write each.
    fn for_each_declaration(&mut self, it: &'a ast::VariableDeclaration<'a>) -> NodeId {
        let Some(declarator) = it.declarations.first() else { return NodeId::NOTHING };
        let first = self.module.nodes.len();
        let target = self.binding(&declarator.id, None);
        if let Node::Var(symbol) = self.module.node(target) {
            self.write(symbol);
        } else {
            self.write_all(first);
        }
        // `for (var x = 1 in y)`, an old leniency.
        let value = self.optional(declarator.init.as_ref());
        self.node(Node::Declare { target, value }, declarator.span)
    }

    /// Counts a write for each name among the nodes from `first` on: names in default
    /// values are counted too, which errs on the side of "may change".
    fn write_all(&mut self, first: usize) {
        for at in first..self.module.nodes.len() {
            if let Node::Var(symbol) = self.module.nodes[at] {
                self.write(symbol);
            }
        }
    }

    fn switch(&mut self, it: &'a ast::SwitchStatement<'a>) -> NodeId {
        let mark = self.mark();
        let discriminant = self.expression(&it.discriminant);
        self.push(discriminant);
        for case in &it.cases {
            let inner = self.mark();
            let test = self.optional(case.test.as_ref());
            self.push(test);
            self.statements(&case.consequent);
            let list = self.list(inner);
            let id = self.node(Node::Case(list), case.span);
            self.push(id);
        }
        let list = self.list(mark);
        self.node(Node::Switch(list), it.span)
    }

    fn try_statement(&mut self, it: &'a ast::TryStatement<'a>) -> NodeId {
        let block = self.block(&it.block);
        let (mut parameter, mut handler) = (NodeId::NOTHING, NodeId::NOTHING);
        if let Some(clause) = &it.handler {
            if let Some(pattern) = clause.param.as_ref().map(|param| &param.pattern) {
                parameter = self.binding(pattern, Some(SymbolKind::Catch));
            }
            handler = self.block(&clause.body);
        }
        let finalizer = it.finalizer.as_ref().map_or(NodeId::NOTHING, |block| self.block(block));
        let list = self.list_of(&[block, parameter, handler, finalizer]);
        self.node(Node::Try(list), it.span)
    }

    fn labelled(&mut self, it: &'a ast::LabeledStatement<'a>) -> NodeId {
        let label = self.intern(&it.label.name);
        let body = self.body(&it.body);
        self.node(Node::Labelled { label, body }, it.span)
    }

    fn with(&mut self, it: &'a ast::WithStatement<'a>) -> NodeId {
        let object = self.expression(&it.object);
        let body = self.body(&it.body);
        self.node(Node::With { object, body }, it.span)
    }
}
