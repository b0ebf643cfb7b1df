//! The state of a lowering: arenas being filled, names, the current function.

use oxc_ast::ast;
use oxc_semantic::Scoping;
use oxc_syntax::scope::ScopeId;
use oxc_syntax::symbol::SymbolFlags;
use vetch_model::Span;

use super::ParseFailure;
use super::expressions::Pending;
use crate::ir::{
    Function, FunctionId, Key, List, Module, Node, NodeId, Properties, Property, PropertyKind, StrId, Symbol, SymbolId,
    SymbolKind, TOP_LEVEL,
};
use crate::limits::{Limits, too_deep};
use crate::strings::Interner;

/// Lowers a parsed program. `nodes` is the number of nodes of its tree.
pub(super) fn lower(
    program: &ast::Program<'_>,
    scoping: &Scoping,
    nodes: usize,
    seed: u64,
    limits: &Limits,
) -> Result<Module, ParseFailure> {
    let mut context = Context::new(program.source_text, scoping, nodes, seed);
    context.levels = limits.max_depth;
    context.max_chain = limits.max_chain as usize;
    context.top_level(program);
    match context.too_deep {
        Some(offset) => Err(too_deep(program.source_text, offset, limits.max_depth)),
        None => Ok(context.finish()),
    }
}

/// A lowering under way. `'a` is the life of the syntax tree.
pub(super) struct Context<'a, 's> {
    pub(super) module: Module,
    pub(super) source: &'a str,
    scoping: &'s Scoping,
    strings: Interner,
    /// Elements of lists not yet complete; each builder pops back to where it began.
    stack: Vec<NodeId>,
    properties: Vec<Property>,
    /// Operators whose left operand is still being lowered: see `expressions`.
    pub(super) pending: Vec<Pending<'a>>,
    pub(super) function: FunctionId,
    /// The function of each function scope; `None` for other scopes.
    scope_functions: Vec<Option<FunctionId>>,
    /// Symbols that already had their first declaration.
    declared: Vec<bool>,
    /// The TypeScript namespace whose body is being lowered.
    pub(super) namespace: Option<SymbolId>,
    /// Levels of nesting still allowed.
    levels: u32,
    pub(super) max_chain: usize,
    /// Where nesting went beyond the limit.
    too_deep: Option<u32>,
}

impl<'a, 's> Context<'a, 's> {
    fn new(source: &'a str, scoping: &'s Scoping, nodes: usize, seed: u64) -> Self {
        let mut strings = Interner::new(seed, nodes / 8);
        let mut module = Module::default();
        module.nodes.reserve(nodes + 1);
        module.spans.reserve(nodes + 1);
        module.nodes.push(Node::Nothing);
        module.spans.push(Span::default());
        module.symbols.reserve(scoping.symbols_len());
        for id in scoping.symbol_ids() {
            module.symbols.push(Symbol {
                name: strings.intern(scoping.symbol_name(id)),
                kind: kind(scoping.symbol_flags(id)),
                function: TOP_LEVEL,
                slot: 0,
                writes: 0,
            });
        }
        Context {
            module,
            source,
            scoping,
            strings,
            stack: Vec::new(),
            properties: Vec::new(),
            pending: Vec::new(),
            function: TOP_LEVEL,
            scope_functions: vec![None; scoping.scopes_len()],
            declared: vec![false; scoping.symbols_len()],
            namespace: None,
            levels: 0,
            max_chain: 0,
            too_deep: None,
        }
    }

    /// Goes down a level, if there is one left; each is to be left with [`Self::leave`].
    pub(super) fn enter(&mut self, offset: u32) -> bool {
        if self.levels == 0 {
            self.refuse(offset);
            return false;
        }
        self.levels -= 1;
        true
    }

    pub(super) fn leave(&mut self) {
        self.levels += 1;
    }

    /// Notes the first place that is too deep; what is built from then on is thrown away.
    pub(super) fn refuse(&mut self, offset: u32) {
        self.too_deep.get_or_insert(offset);
    }

    fn top_level(&mut self, program: &'a ast::Program<'a>) {
        self.module.functions.push(Function::top_level(Span { start: 0, end: self.source.len() as u32 }));
        self.enter_scope(program.scope_id.get(), TOP_LEVEL);
        let mark = self.mark();
        self.directives(&program.directives);
        self.statements(&program.body);
        let body = self.list(mark);
        if let Some(top) = self.module.functions.first_mut() {
            top.body = body;
            top.nodes = 0..self.module.nodes.len() as u32;
        }
    }

    /// Gives each symbol the function that holds it, now that all functions are known.
    fn finish(mut self) -> Module {
        let mut holders = vec![TOP_LEVEL; self.scope_functions.len()];
        // A scope's id is higher than its parent's.
        for scope in self.scoping.scope_descendants_from_root() {
            let inherited = self.scoping.scope_parent_id(scope).map_or(TOP_LEVEL, |parent| holders[parent.index()]);
            holders[scope.index()] = self.scope_functions[scope.index()].unwrap_or(inherited);
        }
        for id in self.scoping.symbol_ids() {
            let holder = holders[self.scoping.symbol_scope_id(id).index()];
            let size = &mut self.module.functions[holder.index()].frame_size;
            let symbol = &mut self.module.symbols[id.index()];
            (symbol.function, symbol.slot) = (holder, *size);
            *size += 1;
        }
        self.inherit_arguments();
        self.module.strings = self.strings.finish();
        self.module
    }

    /// An arrow function's `arguments` are those of the function around it.
    fn inherit_arguments(&mut self) {
        // A function's number is higher than that of the one around it.
        for index in (1..self.module.functions.len()).rev() {
            let function = &self.module.functions[index];
            if function.is_arrow && function.uses_arguments {
                let parent = function.parent.index();
                self.module.functions[parent].uses_arguments = true;
            }
        }
    }

    /// Notes that a scope is a function's own.
    pub(super) fn enter_scope(&mut self, scope: Option<ScopeId>, function: FunctionId) {
        if let Some(scope) = scope {
            self.scope_functions[scope.index()] = Some(function);
        }
    }

    // Nodes

    pub(super) fn node(&mut self, node: Node, span: oxc_span::Span) -> NodeId {
        let id = NodeId(self.module.nodes.len() as u32);
        self.module.nodes.push(node);
        self.module.spans.push(Span { start: span.start, end: span.end });
        id
    }

    pub(super) fn intern(&mut self, text: &str) -> StrId {
        self.strings.intern(text)
    }

    pub(super) fn string(&mut self, text: &str, span: oxc_span::Span) -> NodeId {
        let id = self.intern(text);
        self.node(Node::Str(id), span)
    }

    pub(super) fn global(&mut self, name: &str, span: oxc_span::Span) -> NodeId {
        // Code given to a direct `eval` sees them too.
        if matches!(name, "arguments" | "eval") {
            self.module.functions[self.function.index()].uses_arguments = true;
        }
        let name = self.intern(name);
        self.node(Node::Global(name), span)
    }

    // Lists: mark, push, then list(mark)

    pub(super) fn mark(&self) -> usize {
        self.stack.len()
    }

    pub(super) fn push(&mut self, id: NodeId) {
        self.stack.push(id);
    }

    pub(super) fn list(&mut self, mark: usize) -> List {
        let start = self.module.lists.len() as u32;
        let len = (self.stack.len() - mark) as u32;
        self.module.lists.extend_from_slice(&self.stack[mark..]);
        self.stack.truncate(mark);
        List { start, len }
    }

    pub(super) fn list_of(&mut self, items: &[NodeId]) -> List {
        let start = self.module.lists.len() as u32;
        self.module.lists.extend_from_slice(items);
        List { start, len: items.len() as u32 }
    }

    /// What was pushed since `mark` as one node: nothing, the node itself, or a block.
    pub(super) fn single(&mut self, mark: usize, span: oxc_span::Span) -> NodeId {
        match self.stack.len() - mark {
            0 => NodeId::NOTHING,
            1 => self.stack.pop().unwrap_or(NodeId::NOTHING),
            _ => {
                let list = self.list(mark);
                self.node(Node::Block(list), span)
            }
        }
    }

    // Properties: likewise

    pub(super) fn mark_properties(&self) -> usize {
        self.properties.len()
    }

    pub(super) fn property(&mut self, key: Key, value: NodeId, kind: PropertyKind) {
        self.properties.push(Property { key, value, kind });
    }

    pub(super) fn property_list(&mut self, mark: usize) -> Properties {
        let start = self.module.properties.len() as u32;
        let len = (self.properties.len() - mark) as u32;
        self.module.properties.extend_from_slice(&self.properties[mark..]);
        self.properties.truncate(mark);
        Properties { start, len }
    }

    // Names

    /// The symbol that a reference means, if the file declares it.
    pub(super) fn resolve(&self, reference: &ast::IdentifierReference<'_>) -> Option<SymbolId> {
        let id = reference.reference_id.get()?;
        self.scoping.get_reference(id).symbol_id().map(|symbol| SymbolId(symbol.index() as u32))
    }

    /// A name that is read.
    pub(super) fn reference(&mut self, reference: &ast::IdentifierReference<'_>) -> NodeId {
        match self.resolve(reference) {
            Some(symbol) => self.node(Node::Var(symbol), reference.span),
            None => self.global(&reference.name, reference.span),
        }
    }

    /// A name that is written.
    pub(super) fn written(&mut self, reference: &ast::IdentifierReference<'_>) -> NodeId {
        if let Some(symbol) = self.resolve(reference) {
            self.write(symbol);
        }
        self.reference(reference)
    }

    pub(super) fn write(&mut self, symbol: SymbolId) {
        let writes = &mut self.module.symbols[symbol.index()].writes;
        *writes = writes.saturating_add(1);
    }

    /// The symbol of a binding; one declaration more than the first counts as a write,
    /// for then the first value is not the only one.
    pub(super) fn declare(&mut self, binding: &ast::BindingIdentifier<'_>) -> Option<SymbolId> {
        let symbol = self.symbol_of(binding)?;
        if std::mem::replace(&mut self.declared[symbol.index()], true) {
            self.write(symbol);
        }
        Some(symbol)
    }

    pub(super) fn symbol_of(&self, binding: &ast::BindingIdentifier<'_>) -> Option<SymbolId> {
        binding.symbol_id.get().map(|symbol| SymbolId(symbol.index() as u32))
    }

    /// Whether a declaration of this symbol was lowered already.
    pub(super) fn is_declared(&self, symbol: SymbolId) -> bool {
        self.declared[symbol.index()]
    }
}

fn kind(flags: SymbolFlags) -> SymbolKind {
    if flags.contains(SymbolFlags::CatchVariable) {
        SymbolKind::Catch
    } else if flags.intersects(SymbolFlags::Import | SymbolFlags::TypeImport) {
        SymbolKind::Import
    } else if flags.contains(SymbolFlags::Class) {
        SymbolKind::Class
    } else if flags.intersects(SymbolFlags::Variable) {
        if flags.contains(SymbolFlags::ConstVariable) { SymbolKind::Constant } else { SymbolKind::Variable }
    } else if flags.contains(SymbolFlags::Function) {
        SymbolKind::Function
    } else {
        SymbolKind::Variable
    }
}

/// The text that stands for lone surrogates in the parser's strings is U+FFFD and
/// four hexadecimal digits; both they and real U+FFFD become U+FFFD.
pub(super) fn without_surrogates(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split('\u{fffd}');
    out.push_str(parts.next().unwrap_or(""));
    for part in parts {
        out.push('\u{fffd}');
        out.push_str(part.get(4..).unwrap_or(""));
    }
    out
}
