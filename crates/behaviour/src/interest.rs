//! Which code can have effects at all. Most code of most packages only computes:
//! running it abstractly would cost time and tell nothing, so it runs only where
//! code that can have effects calls it.
//!
//! A function is *inert* if neither it nor anything in it names a global with
//! effects, a module with effects, or a variable that may hold one. What it is
//! given may still have effects: such calls come from code that is not inert.

mod plain;

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use rustc_hash::FxHashSet;
use vetch_syntax::ir::{Exported, FunctionId, Module, Node, NodeId, SymbolId, SymbolKind, TOP_LEVEL, UnaryOp};

use self::plain::{PLAIN_GLOBAL_MEMBERS, PLAIN_PROCESS, PURE_GLOBALS, PURE_MODULES, TIMERS};
use crate::apis::Apis;
use crate::interp::{is_hang, is_unmistakable};
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

/// Something that effects can come from, or spread to, within a file.
#[derive(Clone, Copy)]
enum Holder {
    /// What a variable may hold.
    Symbol(SymbolId),
    /// What running a function does.
    Function(FunctionId),
}

/// Whether anything in a file names something with effects, files of the package aside.
/// One pass over the nodes; says yes a little more often than [`inert_functions`].
pub(crate) fn tells(m: &Module) -> bool {
    let survey = Survey { m, is_telling: &is_telling_module };
    let from = |export: &vetch_syntax::ir::Export| match export.exported {
        Exported::From { specifier, .. } => is_telling_module(m.str(specifier)),
        _ => false,
    };
    let Some(excused) = survey.excused(|_| ControlFlow::Break(())) else { return true };
    (0..m.nodes.len()).any(|index| !excused[index] && survey.names_effects(NodeId(index as u32)))
        || m.imports.iter().any(|import| is_telling_module(m.str(import.specifier)))
        || m.exports.iter().any(from)
}

/// For each function of a module (the top level first) whether it is inert.
/// `is_telling` answers for specifiers, those of local files included.
pub(crate) fn inert_functions(m: &Module, is_telling: &dyn Fn(&str) -> bool) -> Vec<bool> {
    let survey = Survey { m, is_telling };
    let mut spread = Spread::new(m);
    let mut calls = Vec::new();
    let Some(excused) = survey.excused(|call| {
        calls.push(call);
        ControlFlow::Continue(())
    }) else {
        return vec![false; m.functions.len()];
    };
    let holders = function_of_each_node(m);
    let mut seed = |id: NodeId| spread.seed(Holder::Function(holders[id.index()]));
    calls.into_iter().for_each(&mut seed);
    for (index, node) in m.nodes.iter().enumerate() {
        let (id, holder) = (NodeId(index as u32), Holder::Function(holders[index]));
        match *node {
            _ if excused[index] => {}
            Node::Var(symbol) => spread.lead(Holder::Symbol(symbol), holder),
            Node::Function(function) | Node::DeclareFunction { function, .. } => {
                spread.lead(Holder::Function(function), holder);
            }
            Node::Declare { target, value } | Node::Assign { target, value, .. } => {
                survey.define(target, value, &excused, &mut spread);
            }
            Node::DeclareClass { symbol, class } => survey.define_symbol(symbol, class, None, &excused, &mut spread),
            _ if survey.names_effects(id) => spread.seed(holder),
            _ => {}
        }
    }
    survey.module_level(&mut spread);
    spread.settle().into_iter().map(|telling| !telling).collect()
}

/// The innermost function of each node.
fn function_of_each_node(m: &Module) -> Vec<FunctionId> {
    let mut around = vec![TOP_LEVEL];
    let mut later = m.functions.iter().enumerate().skip(1).peekable();
    let mut holders = Vec::with_capacity(m.nodes.len());
    for node in 0..m.nodes.len() as u32 {
        // A function's number is higher than that of the one around it.
        while let Some((index, _)) = later.next_if(|(_, function)| function.nodes.start <= node) {
            around.push(FunctionId(index as u32));
        }
        while around.last().is_some_and(|&last| last != TOP_LEVEL && m.function(last).nodes.end <= node) {
            around.pop();
        }
        holders.push(around.last().copied().unwrap_or(TOP_LEVEL));
    }
    holders
}

/// How effects spread over the names and functions of a file.
struct Spread {
    symbols: usize,
    telling: Vec<bool>,
    pending: Vec<u32>,
    /// From, to.
    leads: Vec<(u32, u32)>,
}

impl Spread {
    fn new(m: &Module) -> Spread {
        let symbols = m.symbols.len();
        let telling = vec![false; symbols + m.functions.len()];
        Spread { symbols, telling, pending: Vec::new(), leads: Vec::with_capacity(m.nodes.len() / 4) }
    }

    fn index(&self, holder: Holder) -> u32 {
        match holder {
            Holder::Symbol(symbol) => symbol.0,
            Holder::Function(function) => self.symbols as u32 + function.0,
        }
    }

    fn seed(&mut self, holder: Holder) {
        let index = self.index(holder);
        if !std::mem::replace(&mut self.telling[index as usize], true) {
            self.pending.push(index);
        }
    }

    fn lead(&mut self, from: Holder, to: Holder) {
        let edge = (self.index(from), self.index(to));
        self.leads.push(edge);
    }

    /// Follows all leads; which functions have effects in the end.
    fn settle(mut self) -> Vec<bool> {
        if !self.pending.is_empty() {
            let mut starts = vec![0u32; self.telling.len() + 1];
            for &(from, _) in &self.leads {
                starts[from as usize + 1] += 1;
            }
            for index in 1..starts.len() {
                starts[index] += starts[index - 1];
            }
            let mut next = starts.clone();
            let mut targets = vec![0u32; self.leads.len()];
            for &(from, to) in &self.leads {
                let at = &mut next[from as usize];
                targets[*at as usize] = to;
                *at += 1;
            }
            while let Some(from) = self.pending.pop() {
                for &to in &targets[starts[from as usize] as usize..starts[from as usize + 1] as usize] {
                    if !std::mem::replace(&mut self.telling[to as usize], true) {
                        self.pending.push(to);
                    }
                }
            }
        }
        self.telling.split_off(self.symbols)
    }
}

struct Survey<'m> {
    m: &'m Module,
    is_telling: &'m dyn Fn(&str) -> bool,
}

impl Survey<'_> {
    /// Which names are used in a way that carries nothing. `on_call` is told of calls that by
    /// themselves have effects; `None` if it breaks off.
    fn excused(&self, mut on_call: impl FnMut(NodeId) -> ControlFlow<()>) -> Option<Vec<bool>> {
        let m = self.m;
        let mut excused = vec![false; m.nodes.len()];
        for (index, &node) in m.nodes.iter().enumerate() {
            match node {
                Node::Member { object, name } if self.is_plain_member(object, m.str(name)) => {
                    excused[object.index()] = true;
                    if let Node::Member { object, .. } = m.node(object) {
                        excused[object.index()] = true;
                    }
                }
                Node::Unary(UnaryOp::Typeof, operand) => {
                    excused[operand.index()] |= matches!(m.node(operand), Node::Global(_));
                }
                Node::Call { callee, args } | Node::New { callee, args } => {
                    let telling = self.call_tells(callee, m.list(args));
                    excused[callee.index()] |= telling.is_some() && matches!(m.node(callee), Node::Global(_));
                    if telling == Some(true) && on_call(NodeId(index as u32)).is_break() {
                        return None;
                    }
                }
                _ => {}
            }
        }
        Some(excused)
    }

    /// Whether a node by itself names something with effects.
    fn names_effects(&self, id: NodeId) -> bool {
        match self.m.node(id) {
            // What never ends is an effect: nothing that loads it goes on.
            Node::Loop { kind, parts } => is_hang(self.m, kind, self.m.list(parts)),
            Node::Global(name) => is_telling_global(self.m.str(name)),
            Node::Member { object, name } => match self.m.str(name) {
                // Of a function it is `Function`.
                "constructor" => {
                    matches!(self.m.node(object), Node::Function(_) | Node::Member { .. })
                        && !matches!(self.m.node(object), Node::Member { object, .. } if matches!(self.m.node(object), Node::This))
                }
                name => is_unmistakable(name),
            },
            Node::ImportMeta | Node::ImportCall(_) | Node::With { .. } => self.import_tells(id),
            _ => false,
        }
    }

    /// What a target is given, it may hold.
    fn define(&self, target: NodeId, value: NodeId, excused: &[bool], spread: &mut Spread) {
        if value.is_nothing()
            || matches!(self.m.node(value), Node::Str(_) | Node::Number(_) | Node::Bool(_) | Node::Null)
        {
            return;
        }
        // A value that is lowered after its target follows it in the arena.
        let first = (target < value).then_some(target.0 + 1);
        let mut targets = vec![target];
        while let Some(target) = targets.pop() {
            match self.m.node(target) {
                Node::Var(symbol) => self.define_symbol(symbol, value, first, excused, spread),
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

    /// Whatever `value` names leads to the symbol. Its nodes begin at `first`, where that is known.
    fn define_symbol(
        &self,
        symbol: SymbolId,
        value: NodeId,
        first: Option<u32>,
        excused: &[bool],
        spread: &mut Spread,
    ) {
        let held = Holder::Symbol(symbol);
        let mut mention = |id: NodeId| match self.m.node(id) {
            _ if excused[id.index()] => {}
            Node::Var(named) => spread.lead(Holder::Symbol(named), held),
            Node::Function(function) | Node::DeclareFunction { function, .. } => {
                spread.lead(Holder::Function(function), held);
            }
            Node::Call { callee, args } | Node::New { callee, args }
                if self.call_tells(callee, self.m.list(args)) == Some(true) =>
            {
                spread.seed(held);
            }
            _ if self.names_effects(id) => spread.seed(held),
            _ => {}
        };
        let Some(first) = first else {
            let mut pending = vec![value];
            while let Some(id) = pending.pop() {
                mention(id);
                self.m.for_each_child(id, &mut |child| pending.push(child));
            }
            return;
        };
        let mut at = value.0;
        while at >= first {
            mention(NodeId(at));
            at = match self.m.nodes[at as usize] {
                // Nested functions speak for themselves.
                Node::Function(function) | Node::DeclareFunction { function, .. } => {
                    self.m.function(function).nodes.start.min(at)
                }
                _ => at,
            };
            let Some(before) = at.checked_sub(1) else { break };
            at = before;
        }
    }

    /// Static imports and re-exports.
    fn module_level(&self, spread: &mut Spread) {
        for import in &self.m.imports {
            if (self.is_telling)(self.m.str(import.specifier)) {
                spread.seed(Holder::Function(TOP_LEVEL));
                if let Some(local) = import.local {
                    spread.seed(Holder::Symbol(local));
                }
            }
        }
        for export in &self.m.exports {
            if let Exported::From { specifier, .. } = export.exported
                && (self.is_telling)(self.m.str(specifier))
            {
                spread.seed(Holder::Function(TOP_LEVEL));
            }
        }
        for (index, function) in self.m.functions.iter().enumerate() {
            if let Some(symbol) = function.symbol {
                spread.lead(Holder::Function(FunctionId(index as u32)), Holder::Symbol(symbol));
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
    static TELLING: LazyLock<FxHashSet<&'static str>> = LazyLock::new(|| {
        // `module` is no API of its own, but leads to `require` and to the compiler.
        let leads_on = Apis::get().global_names().chain(["module"]);
        leads_on.filter(|name| !PURE_GLOBALS.contains(name) && !TIMERS.contains(name)).collect()
    });
    TELLING.contains(name)
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
