//! The language-neutral form that every source file is lowered to: a complete
//! program (nothing that could matter at run time is left out), with names
//! resolved to symbols, in flat arenas that are cheap to build and to walk.
//!
//! Statements and expressions share one node type. A function's body is a list
//! of nodes; a nested function is a leaf ([`Node::Function`]) of the body it
//! stands in, so that each body can be walked by itself.

use std::cell::RefCell;
use std::rc::Rc;

use vetch_model::Span;

mod access;
mod operators;

pub use operators::{AssignOp, BinaryOp, LogicalOp, LoopKind, UnaryOp};

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident,)+) => { $(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);
        impl $name {
            /// As an index.
            pub fn index(self) -> usize { self.0 as usize }
        }
    )+ };
}

ids! {
    /// Index into [`Module::nodes`]. 0 is [`Node::Nothing`].
    NodeId,
    /// Index into [`Strings`].
    StrId,
    /// Index into [`Module::symbols`].
    SymbolId,
    /// Index into [`Module::functions`]. 0 is the top level.
    FunctionId,
}

impl NodeId {
    /// Absent: no initialiser, no `else`, an array hole.
    pub const NOTHING: NodeId = NodeId(0);

    /// Whether this is [`NodeId::NOTHING`].
    pub fn is_nothing(self) -> bool {
        self == NodeId::NOTHING
    }
}

/// The top level of a module.
pub const TOP_LEVEL: FunctionId = FunctionId(0);

/// A run of [`Module::lists`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct List {
    /// First element.
    pub start: u32,
    /// Number of elements.
    pub len: u32,
}

/// A run of [`Module::properties`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Properties {
    /// First element.
    pub start: u32,
    /// Number of elements.
    pub len: u32,
}

/// Interned strings. Lone surrogates are kept as the parser gives them (U+FFFD).
#[derive(Debug, Clone, Default)]
pub struct Strings {
    /// All strings, one after the other.
    pub text: String,
    /// End offset of each string.
    pub ends: Vec<u32>,
    /// Strings that were asked for as values of their own.
    shared: RefCell<Vec<Option<Rc<str>>>>,
}

impl Strings {
    /// The string with this id.
    pub fn get(&self, id: StrId) -> &str {
        let end = self.ends[id.index()] as usize;
        let start = if id.0 == 0 { 0 } else { self.ends[id.index() - 1] as usize };
        &self.text[start..end]
    }

    /// The string with this id, to keep: every call gives the same allocation.
    pub fn shared(&self, id: StrId) -> Rc<str> {
        let mut shared = self.shared.borrow_mut();
        if shared.is_empty() {
            shared.resize(self.ends.len(), None);
        }
        shared[id.index()].get_or_insert_with(|| Rc::from(self.get(id))).clone()
    }
}

/// One source file, lowered.
#[derive(Debug, Clone, Default)]
pub struct Module {
    /// Statements, expressions, patterns.
    pub nodes: Vec<Node>,
    /// Byte range of each node in the source, in step with `nodes`.
    pub spans: Vec<Span>,
    /// Elements of all [`List`]s.
    pub lists: Vec<NodeId>,
    /// Elements of all [`Properties`].
    pub properties: Vec<Property>,
    /// Interned strings.
    pub strings: Strings,
    /// `functions[0]` is the top level.
    pub functions: Vec<Function>,
    /// Every binding, each with its own id however often its name recurs.
    pub symbols: Vec<Symbol>,
    /// Static imports.
    pub imports: Vec<Import>,
    /// Static exports.
    pub exports: Vec<Export>,
    /// Written with `import`/`export` (an ES module), as opposed to a script or CommonJS.
    pub is_esm: bool,
    /// Whose operators and methods are meant.
    pub language: Language,
}

/// The language of a source file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    /// JavaScript and TypeScript.
    #[default]
    JavaScript,
    /// Python 3.
    Python,
}

/// A function, method, accessor, or the top level.
#[derive(Debug, Clone)]
pub struct Function {
    /// The function it stands in; the top level stands in itself.
    pub parent: FunctionId,
    /// The symbol it is declared as, if any.
    pub symbol: Option<SymbolId>,
    /// Parameter patterns; a rest parameter is [`Node::Spread`] of its pattern.
    pub params: List,
    /// Statements. An arrow's expression body is one [`Node::Return`].
    pub body: List,
    /// `this` is the enclosing function's.
    pub is_arrow: bool,
    /// Returns a promise.
    pub is_async: bool,
    /// Returns an iterator.
    pub is_generator: bool,
    /// Names `arguments`, or holds an arrow function that does.
    pub uses_arguments: bool,
    /// Number of symbols that it holds.
    pub frame_size: u32,
    /// Its nodes and those of the functions in it: this range of [`Module::nodes`].
    pub nodes: std::ops::Range<u32>,
    /// The whole function in the source.
    pub span: Span,
}

impl Function {
    /// A top level without statements.
    pub fn top_level(span: Span) -> Function {
        Function {
            parent: TOP_LEVEL,
            symbol: None,
            params: List::default(),
            body: List::default(),
            is_arrow: false,
            is_async: false,
            is_generator: false,
            uses_arguments: false,
            frame_size: 0,
            nodes: 0..0,
            span,
        }
    }
}

/// What declares a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SymbolKind {
    /// `var`, `let`
    Variable,
    /// `const`
    Constant,
    /// A parameter, including names destructured from one.
    Parameter,
    /// A function declaration, or the own name of a function expression.
    Function,
    /// A class declaration, or the own name of a class expression.
    Class,
    /// A static import.
    Import,
    /// `catch (e)`
    Catch,
}

/// One binding.
#[derive(Debug, Clone)]
pub struct Symbol {
    /// Its name.
    pub name: StrId,
    /// What declares it.
    pub kind: SymbolKind,
    /// The function whose scope (or a block in it) holds it.
    pub function: FunctionId,
    /// Its place among the symbols of that function, from 0.
    pub slot: u32,
    /// Number of writes after its declaration: assignments, `++`, loop targets (also of
    /// `for (const x of …)`), and every further declaration of the same symbol.
    pub writes: u32,
}

/// What a static import brings in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// `import x from`
    Default,
    /// `import * as x from`
    Namespace,
    /// `import { name as x } from`
    Named(StrId),
    /// `import "x"`: nothing but its effects.
    Effects,
}

/// A static import.
#[derive(Debug, Clone)]
pub struct Import {
    /// The module specifier.
    pub specifier: StrId,
    /// What of it.
    pub imported: Imported,
    /// The local name; `None` for [`Imported::Effects`].
    pub local: Option<SymbolId>,
    /// Place of the statement.
    pub span: Span,
}

/// What a static export gives out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exported {
    /// A local binding.
    Symbol(SymbolId),
    /// `export default <expression>`
    Value(NodeId),
    /// `export { name } from "specifier"`
    From {
        /// The module specifier.
        specifier: StrId,
        /// What of it.
        imported: Imported,
    },
}

/// A static export.
#[derive(Debug, Clone)]
pub struct Export {
    /// The exported name; `default` for a default export; `None` for `export * from`.
    pub name: Option<StrId>,
    /// What.
    pub exported: Exported,
    /// Place of the statement.
    pub span: Span,
}

/// A property's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Written out (identifiers, strings and numbers alike).
    Name(StrId),
    /// `[expression]`
    Computed(NodeId),
    /// `...value`: no key at all.
    Spread,
}

/// What a property of an object literal, pattern or class is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PropertyKind {
    /// A value or method; in a pattern, the target.
    Value,
    /// A getter.
    Get,
    /// A setter.
    Set,
    /// A class member on instances (methods and fields).
    Instance,
    /// A class member on the class itself.
    Static,
    /// A class's constructor: runs with `new`.
    Constructor,
    /// Runs when the class is defined: `static { }` (a [`Node::Block`]), or the call of a
    /// member's decorator. Its key is the empty name.
    StaticBlock,
}

/// A property of an object literal, pattern or class.
#[derive(Debug, Clone, Copy)]
pub struct Property {
    /// Under which name.
    pub key: Key,
    /// What.
    pub value: NodeId,
    /// In which role.
    pub kind: PropertyKind,
}

/// A statement, expression or pattern.
#[derive(Debug, Clone, Copy, PartialEq)]
#[allow(missing_docs, reason = "each variant says what its fields are")]
pub enum Node {
    /// Absent.
    Nothing,

    // Literals
    /// `undefined` when it is certain, e.g. `void 0`; also an empty `return`.
    Undefined,
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// Any number.
    Number(f64),
    /// A BigInt, in decimal.
    BigInt(StrId),
    /// A string.
    Str(StrId),
    /// Bytes, each as the character of its number (Latin-1). Python.
    Bytes(StrId),
    /// A regular expression.
    Regex { pattern: StrId, flags: StrId },
    /// Strings and expressions joined: a template literal, an f-string, or a sum in which a
    /// string occurs (`"a" + b + c`; its first element may be a sum of non-strings). Flat, so
    /// that a sum of thousands of terms is not deep.
    Concat(List),
    /// An array literal; holes are [`NodeId::NOTHING`].
    Array(List),
    /// An object literal.
    Object(Properties),

    // Names
    /// A resolved name (also as a target).
    Var(SymbolId),
    /// A name that nothing in the file declares.
    Global(StrId),
    /// `this`
    This,
    /// `super`
    Super,
    /// `import.meta`
    ImportMeta,
    /// `new.target`
    NewTarget,

    // Expressions
    /// `object.name`, `object?.name` (also as a target)
    Member { object: NodeId, name: StrId },
    /// `object[index]` (also as a target)
    Index { object: NodeId, index: NodeId },
    /// `callee(args)`, `callee?.(args)`
    Call { callee: NodeId, args: List },
    /// `new callee(args)`
    New { callee: NodeId, args: List },
    /// ``tag`…` ``: `parts` alternate cooked strings and expressions, beginning and ending with a string.
    /// With `String.raw` the strings are raw.
    Tagged { tag: NodeId, parts: List },
    /// `import(specifier)`
    ImportCall(NodeId),
    /// An operator on one value.
    Unary(UnaryOp, NodeId),
    /// An operator on two values.
    Binary { op: BinaryOp, left: NodeId, right: NodeId },
    /// A short-circuiting operator.
    Logical { op: LogicalOp, left: NodeId, right: NodeId },
    /// `test ? yes : no`; see [`Module::lists`] for the three in order.
    Conditional(List),
    /// An assignment; the target may be a pattern.
    Assign { op: AssignOp, target: NodeId, value: NodeId },
    /// `++x`, `x--`
    Update { increment: bool, prefix: bool, target: NodeId },
    /// `a, b`: the last is the value.
    Sequence(List),
    /// `...x`. As a parameter, the rest of the arguments; a spread of a spread is the rest of the
    /// keyword arguments.
    Spread(NodeId),
    /// Keyword arguments, after all others: `f(key=value, **more)`. Python.
    Keywords(Properties),
    /// `await x`
    Await(NodeId),
    /// `yield x`
    Yield(NodeId),
    /// A function: leaf of the body it stands in.
    Function(FunctionId),
    /// A class: superclass or nothing, members (methods are [`Node::Function`]).
    Class { superclass: NodeId, members: Properties },
    /// Markup: element name (a string, empty for a fragment) or component; its attributes as
    /// a [`Node::Object`], always there; then its children.
    Markup(List),

    // Patterns
    /// `{a: x, ...rest}` as a target; a rest property has [`Key::Spread`].
    ObjectPattern(Properties),
    /// `[a, , ...rest]` as a target.
    ArrayPattern(List),
    /// `target = default` inside a pattern.
    Default { target: NodeId, value: NodeId },

    // Statements
    /// A declaration with or without a value.
    Declare { target: NodeId, value: NodeId },
    /// A function declaration: hoisted.
    DeclareFunction { symbol: SymbolId, function: FunctionId },
    /// A class declaration.
    DeclareClass { symbol: SymbolId, class: NodeId },
    /// `return x`
    Return(NodeId),
    /// `throw x`
    Throw(NodeId),
    /// `if`: test, consequent, alternate (or nothing).
    If(List),
    /// A loop. For `While`/`DoWhile`: test, body. `For`: init, test, update, body.
    /// `ForIn`/`ForOf`: target (a pattern, or [`Node::Declare`] without value), iterated value, body.
    Loop { kind: LoopKind, parts: List },
    /// `{ … }`
    Block(List),
    /// `switch`: discriminant, then [`Node::Case`]s.
    Switch(List),
    /// Test (nothing for `default`), then statements.
    Case(List),
    /// Block, parameter pattern, handler block, finalizer block; each may be nothing.
    Try(List),
    /// `break`
    Break(Option<StrId>),
    /// `continue`
    Continue(Option<StrId>),
    /// `label: body`
    Labelled { label: StrId, body: NodeId },
    /// `with (object) body`: names inside may mean the object's properties.
    With { object: NodeId, body: NodeId },
    /// `debugger`
    Debugger,
}

impl Node {
    /// Whether it has a value; statements and patterns have none.
    pub fn is_expression(&self) -> bool {
        !matches!(
            self,
            Node::Nothing
                | Node::ObjectPattern(_)
                | Node::ArrayPattern(_)
                | Node::Default { .. }
                | Node::Declare { .. }
                | Node::DeclareFunction { .. }
                | Node::DeclareClass { .. }
                | Node::Return(_)
                | Node::Throw(_)
                | Node::If(_)
                | Node::Loop { .. }
                | Node::Block(_)
                | Node::Switch(_)
                | Node::Case(_)
                | Node::Try(_)
                | Node::Break(_)
                | Node::Continue(_)
                | Node::Labelled { .. }
                | Node::With { .. }
                | Node::Debugger
        )
    }
}
