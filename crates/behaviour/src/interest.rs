//! Which code can have effects at all. Most code of most packages only computes:
//! running it abstractly would cost time and tell nothing, so it runs only where
//! code that can have effects calls it.
//!
//! A function is *inert* if neither it nor anything in it names a global with
//! effects, a module with effects, or a variable that may hold one. What it is
//! given may still have effects: such calls come from code that is not inert.

mod plain;

use std::collections::HashMap;

use vetch_syntax::ir::{Exported, FunctionId, Module, Node, NodeId, SymbolId, SymbolKind, TOP_LEVEL, UnaryOp};

use self::plain::{PLAIN_GLOBAL_MEMBERS, PLAIN_PROCESS, PURE_GLOBALS, PURE_MODULES, TIMERS};
use crate::apis::Apis;
use crate::resolve::is_builtin;

/// Whether a module specifier by itself brings effects; files of the package are the caller's business.
pub(crate) fn is_telling_module(specifier: &str) -> bool {
    let bare = specifier.strip_prefix("node:").unwrap_or(specifier);
    if PURE_MODULES.contains(&bare) {
        return false;
    }
    is_builtin(bare)
        || Apis::get().module(bare).is_some()
        || specifier.starts_with("data:")
        || specifier.ends_with(".node")
}

/// What matters of one expression or body: whether it names something with effects
/// itself, and what else it names.
#[derive(Default)]
struct Mentions {
    telling: bool,
    symbols: Vec<SymbolId>,
    functions: Vec<FunctionId>,
}

/// Whether anything in a file names something with effects, files of the package aside.
/// One pass over the nodes; says yes a little more often than [`inert_functions`].
pub(crate) fn tells(m: &Module) -> bool {
    let survey = Survey { m, is_telling: &is_telling_module };
    let mut excused = vec![false; m.nodes.len()];
    // Parents come after their children in the arena or before them: so excuses are gathered first.
    for &node in &m.nodes {
        match node {
            Node::Member { object, name } if survey.is_plain_member(object, m.str(name)) => {
                excused[object.index()] = true;
                if let Node::Member { object, .. } = m.node(object) {
                    excused[object.index()] = true;
                }
            }
            Node::Unary(UnaryOp::Typeof, operand) => excused[operand.index()] = true,
            Node::Call { callee, args } | Node::New { callee, args } => match survey.call_tells(callee, m.list(args)) {
                Some(true) => return true,
                Some(false) => excused[callee.index()] = true,
                None => {}
            },
            _ => {}
        }
    }
    let named = m.nodes.iter().zip(&excused).any(|(node, excused)| match *node {
        Node::Global(name) => !excused && is_telling_global(m.str(name)),
        Node::ImportMeta | Node::With { .. } => true,
        Node::ImportCall(specifier) => match m.node(specifier) {
            Node::Str(text) => is_telling_module(m.str(text)),
            _ => true,
        },
        _ => false,
    });
    let from = |export: &vetch_syntax::ir::Export| match export.exported {
        Exported::From { specifier, .. } => is_telling_module(m.str(specifier)),
        _ => false,
    };
    named || m.imports.iter().any(|import| is_telling_module(m.str(import.specifier))) || m.exports.iter().any(from)
}

/// For each function of a module (the top level first) whether it is inert.
/// `is_telling` answers for specifiers, those of local files included.
pub(crate) fn inert_functions(m: &Module, is_telling: &dyn Fn(&str) -> bool) -> Vec<bool> {
    let survey = Survey { m, is_telling };
    let mut bodies: Vec<Mentions> = Vec::with_capacity(m.functions.len());
    let mut definitions: Vec<(SymbolId, Mentions)> = Vec::new();
    for (index, function) in m.functions.iter().enumerate() {
        let mut mentions = Mentions::default();
        for list in [function.params, function.body] {
            for &node in m.list(list) {
                survey.walk(node, &mut mentions, Some(&mut definitions));
            }
        }
        if let Some(symbol) = function.symbol {
            let own = Mentions { functions: vec![FunctionId(index as u32)], ..Mentions::default() };
            definitions.push((symbol, own));
        }
        bodies.push(mentions);
    }
    survey.module_level(&mut bodies, &mut definitions);
    settle(m, &bodies, &definitions)
}

/// Spreads "telling" over names and nesting until nothing changes.
fn settle(m: &Module, bodies: &[Mentions], definitions: &[(SymbolId, Mentions)]) -> Vec<bool> {
    let mut symbols = vec![false; m.symbols.len()];
    let mut functions: Vec<bool> = bodies.iter().map(|mentions| mentions.telling).collect();
    let tells = |mentions: &Mentions, symbols: &[bool], functions: &[bool]| {
        mentions.telling
            || mentions.symbols.iter().any(|symbol| symbols[symbol.index()])
            || mentions.functions.iter().any(|function| functions[function.index()])
    };
    loop {
        let mut changed = false;
        for (symbol, mentions) in definitions {
            if !symbols[symbol.index()] && tells(mentions, &symbols, &functions) {
                symbols[symbol.index()] = true;
                changed = true;
            }
        }
        for (index, mentions) in bodies.iter().enumerate().rev() {
            if !functions[index] && tells(mentions, &symbols, &functions) {
                functions[index] = true;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    functions.into_iter().map(|telling| !telling).collect()
}

struct Survey<'m> {
    m: &'m Module,
    is_telling: &'m dyn Fn(&str) -> bool,
}

impl Survey<'_> {
    /// Notes what a body or expression names, and where `definitions` is given what its
    /// variables are given. Nested functions are noted, not entered.
    fn walk(&self, root: NodeId, mentions: &mut Mentions, mut definitions: Option<&mut Vec<(SymbolId, Mentions)>>) {
        let m = self.m;
        let mut pending = vec![root];
        while let Some(id) = pending.pop() {
            if id.is_nothing() {
                continue;
            }
            match m.node(id) {
                Node::Var(symbol) => mentions.symbols.push(symbol),
                Node::Function(function) | Node::DeclareFunction { function, .. } => mentions.functions.push(function),
                Node::Global(name) => mentions.telling |= is_telling_global(m.str(name)),
                Node::ImportMeta | Node::ImportCall(_) | Node::With { .. } => mentions.telling |= self.import_tells(id),
                Node::Member { object, name } if self.is_plain_member(object, m.str(name)) => continue,
                Node::Unary(UnaryOp::Typeof, operand) if matches!(m.node(operand), Node::Global(_)) => continue,
                Node::Call { callee, args } | Node::New { callee, args } => {
                    if let Some(telling) = self.call_tells(callee, m.list(args)) {
                        mentions.telling |= telling;
                        pending.extend(m.list(args));
                        continue;
                    }
                }
                Node::Declare { target, value } | Node::Assign { target, value, .. } => {
                    if let Some(definitions) = definitions.as_deref_mut() {
                        self.define(target, value, definitions);
                    }
                }
                Node::DeclareClass { symbol, class } => {
                    if let Some(definitions) = definitions.as_deref_mut() {
                        self.define_symbol(symbol, class, definitions);
                    }
                }
                _ => {}
            }
            m.for_each_child(id, &mut |child| pending.push(child));
        }
    }

    fn define(&self, target: NodeId, value: NodeId, definitions: &mut Vec<(SymbolId, Mentions)>) {
        let mut targets = vec![target];
        while let Some(target) = targets.pop() {
            match self.m.node(target) {
                Node::Var(symbol) => self.define_symbol(symbol, value, definitions),
                // `object.x = value` may make the object hold it.
                Node::Member { object, .. } | Node::Index { object, .. } => targets.push(object),
                Node::ObjectPattern(properties) => {
                    targets.extend(self.m.properties(properties).iter().map(|property| property.value));
                }
                Node::ArrayPattern(list) => targets.extend(self.m.list(list)),
                Node::Default { target, .. } | Node::Spread(target) => targets.push(target),
                _ => {}
            }
        }
    }

    fn define_symbol(&self, symbol: SymbolId, value: NodeId, definitions: &mut Vec<(SymbolId, Mentions)>) {
        if value.is_nothing()
            || matches!(self.m.node(value), Node::Str(_) | Node::Number(_) | Node::Bool(_) | Node::Null)
        {
            return;
        }
        // Definitions inside the value are found by the walk over the body itself.
        let mut mentions = Mentions::default();
        self.walk(value, &mut mentions, None);
        definitions.push((symbol, mentions));
    }

    /// Static imports and re-exports.
    fn module_level(&self, bodies: &mut [Mentions], definitions: &mut Vec<(SymbolId, Mentions)>) {
        for import in &self.m.imports {
            let telling = (self.is_telling)(self.m.str(import.specifier));
            if let Some(local) = import.local {
                definitions.push((local, Mentions { telling, ..Mentions::default() }));
            }
            if let Some(top) = bodies.get_mut(TOP_LEVEL.index()) {
                top.telling |= telling;
            }
        }
        for export in &self.m.exports {
            if let (Exported::From { specifier, .. }, Some(top)) = (export.exported, bodies.get_mut(TOP_LEVEL.index()))
            {
                top.telling |= (self.is_telling)(self.m.str(specifier));
            }
        }
    }

    fn import_tells(&self, id: NodeId) -> bool {
        match self.m.node(id) {
            Node::ImportCall(specifier) => match self.m.node(specifier) {
                Node::Str(text) => (self.is_telling)(self.m.str(text)),
                _ => true,
            },
            _ => true,
        }
    }

    /// `typeof`-like uses and members that carry nothing.
    fn is_plain_member(&self, object: NodeId, name: &str) -> bool {
        match self.m.node(object) {
            Node::Global(global) => match self.m.str(global) {
                "process" => PLAIN_PROCESS.contains(&name),
                "window" | "self" | "globalThis" | "global" | "document" | "navigator" => {
                    PLAIN_GLOBAL_MEMBERS.contains(&name)
                }
                "require" => matches!(name, "resolve" | "cache" | "extensions"),
                "module" => {
                    matches!(name, "exports" | "id" | "filename" | "hot" | "parent" | "children" | "paths" | "loaded")
                }
                _ => false,
            },
            // `process.env.NODE_ENV` says nothing of anyone.
            Node::Member { object, name: env } => {
                name == "NODE_ENV"
                    && self.m.str(env) == "env"
                    && matches!(self.m.node(object), Node::Global(global) if self.m.str(global) == "process")
            }
            _ => false,
        }
    }

    /// Calls that need a look at their arguments. `None`: an ordinary call.
    fn call_tells(&self, callee: NodeId, args: &[NodeId]) -> Option<bool> {
        match self.m.node(callee) {
            Node::Global(name) if self.m.str(name) == "require" => match args.first().map(|&arg| self.m.node(arg)) {
                Some(Node::Str(text)) => Some((self.is_telling)(self.m.str(text))),
                _ => Some(true),
            },
            Node::Global(name) if TIMERS.contains(&self.m.str(name)) => {
                Some(!args.first().is_some_and(|&arg| self.is_certainly_no_text(arg)))
            }
            // `x.constructor("code")`: the way to `Function` without its name.
            Node::Member { object, name } if self.m.str(name) == "constructor" => {
                (!matches!(self.m.node(object), Node::This | Node::Super | Node::Var(_))).then_some(true)
            }
            _ => None,
        }
    }

    /// What a timer is given that cannot be code as text.
    fn is_certainly_no_text(&self, arg: NodeId) -> bool {
        match self.m.node(arg) {
            Node::Function(_) => true,
            Node::Var(symbol) => matches!(
                self.m.symbol(symbol).kind,
                SymbolKind::Function | SymbolKind::Parameter | SymbolKind::Class | SymbolKind::Import
            ),
            // `this.tick`, `a.b`: an object seldom holds code as text, and one that does was filled by other code.
            Node::Member { .. } => true,
            _ => false,
        }
    }
}

fn is_telling_global(name: &str) -> bool {
    // `module` is no API of its own, but leads to `require` and to the compiler.
    let leads_on = name == "module" || Apis::get().global(name).is_some();
    leads_on && !PURE_GLOBALS.contains(&name) && !TIMERS.contains(&name)
}

/// Files that can have effects, by index: by themselves, or through files they load.
pub(crate) fn telling_files(
    count: usize,
    direct: impl Fn(usize) -> bool,
    loads: &HashMap<usize, Vec<usize>>,
) -> Vec<bool> {
    let mut dependents: HashMap<usize, Vec<usize>> = HashMap::new();
    for (&from, targets) in loads {
        for &target in targets {
            dependents.entry(target).or_default().push(from);
        }
    }
    let mut telling = vec![false; count];
    let mut pending: Vec<usize> = (0..count).filter(|&file| direct(file)).collect();
    while let Some(file) = pending.pop() {
        if !std::mem::replace(&mut telling[file], true)
            && let Some(more) = dependents.get(&file)
        {
            pending.extend(more);
        }
    }
    telling
}
