//! A compact S-expression form of the IR, for snapshots and for looking at a file.
//!
//! Names carry their symbol's number (`x.3`), globals none; functions stand in full
//! where they are. Recursive: not for hostile input.

use std::fmt::Write as _;

use crate::ir::{
    Exported, FunctionId, Imported, Key, LoopKind, Module, Node, NodeId, Properties, PropertyKind, SymbolId, TOP_LEVEL,
};

/// The module as text: imports, exports, then one line per statement of the top level.
pub fn dump(module: &Module) -> String {
    let mut dumper = Dumper { module, out: String::new() };
    dumper.module();
    dumper.out
}

struct Dumper<'m> {
    module: &'m Module,
    out: String,
}

impl Dumper<'_> {
    fn module(&mut self) {
        for import in &self.module.imports {
            let what = self.imported(import.imported);
            let local = import.local.map_or(String::new(), |local| format!(" {}", self.symbol(local)));
            let _ = writeln!(self.out, "(import {:?} {what}{local})", self.module.str(import.specifier));
        }
        for &statement in self.module.list(self.module.function(TOP_LEVEL).body) {
            self.node(statement);
            self.out.push('\n');
        }
        for export in &self.module.exports {
            let name = export.name.map_or("*", |name| self.module.str(name));
            let _ = write!(self.out, "(export {name} ");
            match export.exported {
                Exported::Symbol(symbol) => {
                    let name = self.symbol(symbol);
                    self.out.push_str(&name);
                }
                Exported::Value(value) => self.node(value),
                Exported::From { specifier, imported } => {
                    let what = self.imported(imported);
                    let _ = write!(self.out, "{what} from {:?}", self.module.str(specifier));
                }
            }
            self.out.push_str(")\n");
        }
    }

    fn imported(&self, imported: Imported) -> String {
        match imported {
            Imported::Default => "default".to_owned(),
            Imported::Namespace => "*".to_owned(),
            Imported::Named(name) => self.module.str(name).to_owned(),
            Imported::Effects => "effects".to_owned(),
        }
    }

    fn symbol(&self, id: SymbolId) -> String {
        let symbol = self.module.symbol(id);
        let writes = "!".repeat(symbol.writes as usize);
        format!("{}.{}{writes}", self.module.str(symbol.name), id.0)
    }

    fn form(&mut self, head: &str, children: &[NodeId]) {
        let _ = write!(self.out, "({head}");
        for &child in children {
            self.out.push(' ');
            self.node(child);
        }
        self.out.push(')');
    }

    fn text(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn node(&mut self, id: NodeId) {
        match self.module.node(id) {
            Node::Nothing => self.text("_"),
            Node::Undefined => self.text("undefined"),
            Node::Null => self.text("null"),
            Node::Bool(value) => self.text(if value { "true" } else { "false" }),
            Node::Number(value) => self.text(&value.to_string()),
            Node::BigInt(digits) => self.text(&format!("{}n", self.module.str(digits))),
            Node::Str(value) => self.text(&format!("{:?}", self.module.str(value))),
            Node::Regex { pattern, flags } => {
                self.text(&format!("/{}/{}", self.module.str(pattern), self.module.str(flags)));
            }
            Node::Var(symbol) => self.text(&self.symbol(symbol)),
            Node::Global(name) => self.text(self.module.str(name)),
            Node::This => self.text("this"),
            Node::Super => self.text("super"),
            Node::ImportMeta => self.text("import.meta"),
            Node::NewTarget => self.text("new.target"),
            Node::Debugger => self.text("(debugger)"),
            Node::Break(label) => self.jump("break", label),
            Node::Continue(label) => self.jump("continue", label),
            _ => self.compound(id),
        }
    }

    fn jump(&mut self, word: &str, label: Option<crate::ir::StrId>) {
        let label = label.map_or(String::new(), |label| format!(" {}", self.module.str(label)));
        self.text(&format!("({word}{label})"));
    }

    fn compound(&mut self, id: NodeId) {
        match self.module.node(id) {
            Node::Member { object, name } => self.form(&format!(".{}", self.module.str(name)), &[object]),
            Node::Index { object, index } => self.form("index", &[object, index]),
            Node::Call { callee, args } => self.with_list("call", callee, args),
            Node::New { callee, args } => self.with_list("new", callee, args),
            Node::Tagged { tag, parts } => self.with_list("tagged", tag, parts),
            Node::ImportCall(value) => self.form("import", &[value]),
            Node::Unary(op, value) => self.form(&format!("{op:?}"), &[value]),
            Node::Binary { op, left, right } => self.form(&format!("{op:?}"), &[left, right]),
            Node::Logical { op, left, right } => self.form(&format!("{op:?}"), &[left, right]),
            Node::Assign { op, target, value } => self.form(&format!("assign {op:?}"), &[target, value]),
            Node::Update { increment, prefix, target } => {
                let sign = if increment { "++" } else { "--" };
                self.form(&if prefix { format!("pre{sign}") } else { format!("post{sign}") }, &[target]);
            }
            Node::Spread(value) => self.form("...", &[value]),
            Node::Await(value) => self.form("await", &[value]),
            Node::Yield(value) => self.form("yield", &[value]),
            Node::Function(function) => self.function("function", function),
            Node::DeclareFunction { symbol, function } => {
                let head = format!("declare-function {}", self.symbol(symbol));
                self.function(&head, function);
            }
            Node::Class { superclass, members } => self.class(superclass, members),
            Node::DeclareClass { symbol, class } => {
                let head = format!("declare-class {}", self.symbol(symbol));
                self.form(&head, &[class]);
            }
            Node::Object(properties) => self.properties("object", properties),
            Node::Keywords(properties) => self.properties("keywords", properties),
            Node::ObjectPattern(properties) => self.properties("object-pattern", properties),
            Node::Default { target, value } => self.form("default", &[target, value]),
            Node::Declare { target, value } => self.form("declare", &[target, value]),
            Node::Return(value) => self.form("return", &[value]),
            Node::Throw(value) => self.form("throw", &[value]),
            Node::Labelled { label, body } => self.form(&format!("label {}", self.module.str(label)), &[body]),
            Node::With { object, body } => self.form("with", &[object, body]),
            _ => self.listed(id),
        }
    }

    fn listed(&mut self, id: NodeId) {
        let (head, list) = match self.module.node(id) {
            Node::Concat(list) => ("concat", list),
            Node::Array(list) => ("array", list),
            Node::Conditional(list) => ("?", list),
            Node::Sequence(list) => ("seq", list),
            Node::Markup(list) => ("markup", list),
            Node::ArrayPattern(list) => ("array-pattern", list),
            Node::If(list) => ("if", list),
            Node::Block(list) => ("block", list),
            Node::Switch(list) => ("switch", list),
            Node::Case(list) => ("case", list),
            Node::Try(list) => ("try", list),
            Node::Loop { kind, parts } => match kind {
                LoopKind::While => ("while", parts),
                LoopKind::DoWhile => ("do-while", parts),
                LoopKind::For => ("for", parts),
                LoopKind::ForIn => ("for-in", parts),
                LoopKind::ForOf => ("for-of", parts),
            },
            _ => return,
        };
        self.form(head, self.module.list(list));
    }

    fn with_list(&mut self, head: &str, first: NodeId, rest: crate::ir::List) {
        let mut children = vec![first];
        children.extend_from_slice(self.module.list(rest));
        self.form(head, &children);
    }

    fn function(&mut self, head: &str, id: FunctionId) {
        let function = self.module.function(id);
        self.text(&format!("({head}"));
        for (is, word) in [(function.is_async, " async"), (function.is_generator, " *"), (function.is_arrow, " =>")] {
            if is {
                self.text(word);
            }
        }
        self.text(" ");
        self.form("params", self.module.list(function.params));
        for &statement in self.module.list(function.body) {
            self.text(" ");
            self.node(statement);
        }
        self.text(")");
    }

    fn class(&mut self, superclass: NodeId, members: Properties) {
        self.text("(class ");
        self.node(superclass);
        self.text(" ");
        self.properties("members", members);
        self.text(")");
    }

    fn properties(&mut self, head: &str, properties: Properties) {
        let _ = write!(self.out, "({head}");
        for property in self.module.properties(properties) {
            let role = match property.kind {
                PropertyKind::Value | PropertyKind::Instance => "",
                PropertyKind::Get => "get ",
                PropertyKind::Set => "set ",
                PropertyKind::Static => "static ",
                PropertyKind::Constructor => "constructor ",
                PropertyKind::StaticBlock => "static-block ",
            };
            let _ = write!(self.out, " {role}");
            match property.key {
                Key::Name(name) => {
                    let _ = write!(self.out, "{}:", self.module.str(name));
                }
                Key::Computed(key) => {
                    self.text("[");
                    self.node(key);
                    self.text("]:");
                }
                Key::Spread => self.text("..."),
            }
            self.node(property.value);
        }
        self.text(")");
    }
}
