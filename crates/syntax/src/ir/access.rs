//! Looking things up in a module, and walking over it.

use std::rc::Rc;

use vetch_model::Span;

use super::{Function, FunctionId, Key, List, Module, Node, NodeId, Properties, Property, StrId, Symbol, SymbolId};

impl Module {
    /// The node with this id.
    pub fn node(&self, id: NodeId) -> Node {
        self.nodes[id.index()]
    }

    /// Where it stands in the source.
    pub fn span(&self, id: NodeId) -> Span {
        self.spans[id.index()]
    }

    /// The elements of a list.
    pub fn list(&self, list: List) -> &[NodeId] {
        &self.lists[list.start as usize..][..list.len as usize]
    }

    /// The elements of a property list.
    pub fn properties(&self, properties: Properties) -> &[Property] {
        &self.properties[properties.start as usize..][..properties.len as usize]
    }

    /// The string with this id.
    pub fn str(&self, id: StrId) -> &str {
        self.strings.get(id)
    }

    /// The string with this id, to keep.
    pub fn shared_str(&self, id: StrId) -> Rc<str> {
        self.strings.shared(id)
    }

    /// The function with this id.
    pub fn function(&self, id: FunctionId) -> &Function {
        &self.functions[id.index()]
    }

    /// The symbol with this id.
    pub fn symbol(&self, id: SymbolId) -> &Symbol {
        &self.symbols[id.index()]
    }

    /// Calls `visit` for each direct child of a node, in evaluation order. Nested functions are leaves.
    pub fn for_each_child(&self, id: NodeId, visit: &mut dyn FnMut(NodeId)) {
        let mut each = |child: NodeId| {
            if !child.is_nothing() {
                visit(child);
            }
        };
        match self.node(id) {
            Node::Nothing
            | Node::Undefined
            | Node::Null
            | Node::Bool(_)
            | Node::Number(_)
            | Node::BigInt(_)
            | Node::Bytes(_)
            | Node::Str(_)
            | Node::Regex { .. }
            | Node::Var(_)
            | Node::Global(_)
            | Node::This
            | Node::Super
            | Node::ImportMeta
            | Node::NewTarget
            | Node::Function(_)
            | Node::DeclareFunction { .. }
            | Node::Break(_)
            | Node::Continue(_)
            | Node::Debugger => {}
            Node::Concat(list)
            | Node::Array(list)
            | Node::Conditional(list)
            | Node::Sequence(list)
            | Node::Markup(list)
            | Node::ArrayPattern(list)
            | Node::If(list)
            | Node::Loop { parts: list, .. }
            | Node::Block(list)
            | Node::Switch(list)
            | Node::Case(list)
            | Node::Try(list) => {
                self.list(list).iter().copied().for_each(each);
            }
            Node::Object(properties) | Node::ObjectPattern(properties) | Node::Keywords(properties) => {
                self.for_each_property(properties, &mut each)
            }
            Node::Class { superclass, members } => {
                each(superclass);
                self.for_each_property(members, &mut each);
            }
            Node::Member { object, .. } => each(object),
            Node::Index { object: first, index: second }
            | Node::Binary { left: first, right: second, .. }
            | Node::Logical { left: first, right: second, .. }
            | Node::Assign { target: first, value: second, .. }
            | Node::Default { target: first, value: second }
            | Node::Declare { target: first, value: second }
            | Node::With { object: first, body: second } => {
                each(first);
                each(second);
            }
            Node::Call { callee, args } | Node::New { callee, args } | Node::Tagged { tag: callee, parts: args } => {
                each(callee);
                self.list(args).iter().copied().for_each(each);
            }
            Node::ImportCall(only)
            | Node::Unary(_, only)
            | Node::Update { target: only, .. }
            | Node::Spread(only)
            | Node::Await(only)
            | Node::Yield(only)
            | Node::Return(only)
            | Node::Throw(only)
            | Node::DeclareClass { class: only, .. }
            | Node::Labelled { body: only, .. } => each(only),
        }
    }

    fn for_each_property(&self, properties: Properties, each: &mut dyn FnMut(NodeId)) {
        for property in self.properties(properties) {
            if let Key::Computed(key) = property.key {
                each(key);
            }
            each(property.value);
        }
    }
}
