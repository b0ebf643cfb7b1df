//! The state of a lowering: arenas being filled, scopes, the current function.

use std::collections::{HashMap, HashSet};

use ruff_python_ast::Stmt;
use ruff_text_size::{Ranged, TextRange};
use vetch_model::Span;

use super::names::Bound;
use crate::ir::{
    AssignOp, Function, FunctionId, Key, Language, List, Module, Node, NodeId, Properties, Property, PropertyKind,
    StrId, Symbol, SymbolId, SymbolKind, TOP_LEVEL,
};
use crate::strings::Interner;

/// What a scope belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScopeKind {
    Function,
    /// Its names are not seen by the functions in it.
    Class,
}

struct Scope {
    kind: ScopeKind,
    names: HashMap<String, SymbolId>,
    globals: HashSet<String>,
}

/// A lowering under way.
pub(super) struct Context<'a> {
    pub(super) module: Module,
    pub(super) source: &'a str,
    strings: Interner,
    scopes: Vec<Scope>,
    pub(super) function: FunctionId,
    /// Symbols that were given a value before.
    assigned: HashSet<SymbolId>,
}

pub(super) fn lower(suite: &[Stmt], source: &str, seed: u64) -> Module {
    let mut module = Module { language: Language::Python, ..Module::default() };
    module.nodes.push(Node::Nothing);
    module.spans.push(Span::default());
    module.functions.push(Function::top_level(Span { start: 0, end: source.len() as u32 }));
    let strings = Interner::new(seed, source.len() / 40);
    let mut context =
        Context { module, source, strings, scopes: Vec::new(), function: TOP_LEVEL, assigned: HashSet::new() };
    context.open_scope(ScopeKind::Function, &Bound::of(suite));
    let body = context.statements(suite);
    context.finish(body)
}

impl<'a> Context<'a> {
    fn finish(mut self, body: Vec<NodeId>) -> Module {
        let body = self.list(&body);
        let nodes = self.module.nodes.len() as u32;
        if let Some(top) = self.module.functions.first_mut() {
            (top.body, top.nodes) = (body, 0..nodes);
        }
        self.module.strings = self.strings.finish();
        self.module
    }

    // Scopes

    pub(super) fn open_scope(&mut self, kind: ScopeKind, bound: &Bound<'_>) {
        let globals: HashSet<String> = bound.globals.iter().map(|name| (*name).to_owned()).collect();
        let others: HashSet<&str> = bound.nonlocals.iter().copied().collect();
        self.scopes.push(Scope { kind, names: HashMap::new(), globals });
        for name in &bound.names {
            let is_own = !others.contains(name) && self.scopes.last().is_some_and(|it| !it.globals.contains(*name));
            if is_own {
                self.own(name, SymbolKind::Variable);
            }
        }
    }

    pub(super) fn close_scope(&mut self) {
        self.scopes.pop();
    }

    /// The symbol of a name in the current scope, made if it is not there yet.
    pub(super) fn own(&mut self, name: &str, kind: SymbolKind) -> SymbolId {
        let at = self.scopes.len().saturating_sub(1);
        self.symbol_in(at, name, kind)
    }

    fn symbol_in(&mut self, scope: usize, name: &str, kind: SymbolKind) -> SymbolId {
        if let Some(symbol) = self.scopes.get(scope).and_then(|scope| scope.names.get(name)) {
            return *symbol;
        }
        // The outermost scope is the top level's, whatever function is being lowered.
        let function = if scope == 0 { TOP_LEVEL } else { self.function };
        let slot = &mut self.module.functions[function.index()].frame_size;
        let symbol = SymbolId(self.module.symbols.len() as u32);
        let (name_id, own_slot) = (self.strings.intern(name), *slot);
        *slot += 1;
        self.module.symbols.push(Symbol { name: name_id, kind, function, slot: own_slot, writes: 0 });
        if let Some(scope) = self.scopes.get_mut(scope) {
            scope.names.insert(name.to_owned(), symbol);
        }
        symbol
    }

    /// The symbol that a name means here; `None` for built-ins and what nothing binds.
    pub(super) fn resolve(&mut self, name: &str) -> Option<SymbolId> {
        let innermost = self.scopes.len().saturating_sub(1);
        for at in (0..self.scopes.len()).rev() {
            let scope = &self.scopes[at];
            if scope.globals.contains(name) {
                return Some(self.symbol_in(0, name, SymbolKind::Variable));
            }
            if scope.kind == ScopeKind::Class && at != innermost {
                continue;
            }
            if let Some(symbol) = scope.names.get(name) {
                return Some(*symbol);
            }
        }
        None
    }

    /// Notes that a symbol is given a value; whether it is the first time.
    pub(super) fn assigns(&mut self, symbol: SymbolId) -> bool {
        if self.assigned.insert(symbol) {
            return true;
        }
        let writes = &mut self.module.symbols[symbol.index()].writes;
        *writes = writes.saturating_add(1);
        false
    }

    // Nodes

    pub(super) fn node(&mut self, node: Node, range: TextRange) -> NodeId {
        let id = NodeId(self.module.nodes.len() as u32);
        self.module.nodes.push(node);
        self.module.spans.push(Span { start: range.start().into(), end: range.end().into() });
        id
    }

    pub(super) fn intern(&mut self, text: &str) -> StrId {
        self.strings.intern(text)
    }

    pub(super) fn string(&mut self, text: &str, range: TextRange) -> NodeId {
        let id = self.intern(text);
        self.node(Node::Str(id), range)
    }

    pub(super) fn global(&mut self, name: &str, range: TextRange) -> NodeId {
        let name = self.intern(name);
        self.node(Node::Global(name), range)
    }

    pub(super) fn list(&mut self, items: &[NodeId]) -> List {
        let start = self.module.lists.len() as u32;
        self.module.lists.extend_from_slice(items);
        List { start, len: items.len() as u32 }
    }

    pub(super) fn properties(&mut self, items: Vec<Property>) -> Properties {
        let start = self.module.properties.len() as u32;
        let len = items.len() as u32;
        self.module.properties.extend(items);
        Properties { start, len }
    }

    pub(super) fn named(&mut self, name: &str, value: NodeId, kind: PropertyKind) -> Property {
        Property { key: Key::Name(self.intern(name)), value, kind }
    }

    pub(super) fn call(&mut self, callee: NodeId, args: &[NodeId], range: TextRange) -> NodeId {
        let args = self.list(args);
        self.node(Node::Call { callee, args }, range)
    }

    /// A call of what has no form of its own in the IR.
    pub(super) fn special(&mut self, name: &str, args: &[NodeId], range: TextRange) -> NodeId {
        let callee = self.global(name, range);
        self.call(callee, args, range)
    }

    pub(super) fn member(&mut self, object: NodeId, name: &str, range: TextRange) -> NodeId {
        let name = self.intern(name);
        self.node(Node::Member { object, name }, range)
    }

    pub(super) fn block(&mut self, items: &[NodeId], range: TextRange) -> NodeId {
        match items {
            [] => NodeId::NOTHING,
            [one] => *one,
            _ => {
                let list = self.list(items);
                self.node(Node::Block(list), range)
            }
        }
    }

    /// A name that is read.
    pub(super) fn name(&mut self, name: &str, range: TextRange) -> NodeId {
        match self.resolve(name) {
            Some(symbol) => self.node(Node::Var(symbol), range),
            None => self.global(name, range),
        }
    }

    /// Gives a name a value.
    pub(super) fn bind(&mut self, name: &str, value: NodeId, range: TextRange) -> NodeId {
        let symbol = match self.resolve(name) {
            Some(symbol) => symbol,
            None => self.own(name, SymbolKind::Variable),
        };
        let is_first = self.assigns(symbol);
        let target = self.node(Node::Var(symbol), range);
        match is_first {
            true => self.node(Node::Declare { target, value }, range),
            false => self.node(Node::Assign { op: AssignOp::Set, target, value }, range),
        }
    }

    /// A value that is needed several times and evaluated once: where it is made, and where it is read again.
    pub(super) fn once(&mut self, value: NodeId, range: TextRange) -> (NodeId, NodeId) {
        // A name that no program has.
        let symbol = self.own(&format!(".{}", value.0), SymbolKind::Variable);
        let target = self.node(Node::Var(symbol), range);
        let made = self.node(Node::Assign { op: AssignOp::Set, target, value }, range);
        (made, target)
    }

    /// Begins a function; gives the one around it, for [`Self::end_function`].
    pub(super) fn begin_function(&mut self, range: TextRange) -> FunctionId {
        let id = FunctionId(self.module.functions.len() as u32);
        let span = Span { start: range.start().into(), end: range.end().into() };
        let mut function = Function::top_level(span);
        function.parent = self.function;
        function.nodes = self.module.nodes.len() as u32..0;
        self.module.functions.push(function);
        std::mem::replace(&mut self.function, id)
    }

    /// Ends the current function; gives the node that stands for it.
    pub(super) fn end_function(
        &mut self,
        around: FunctionId,
        params: &[NodeId],
        body: &[NodeId],
        range: TextRange,
    ) -> NodeId {
        let (params, body) = (self.list(params), self.list(body));
        let nodes = self.module.nodes.len() as u32;
        let id = std::mem::replace(&mut self.function, around);
        let function = &mut self.module.functions[id.index()];
        (function.params, function.body, function.nodes.end) = (params, body, nodes);
        self.node(Node::Function(id), range)
    }

    pub(super) fn text(&self, item: &impl Ranged) -> &'a str {
        &self.source[item.range()]
    }
}
