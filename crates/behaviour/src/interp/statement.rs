//! Statements and control flow.

use vetch_model::capability::Trigger;
use vetch_syntax::ir::{Module, Node, NodeId};

use super::{Activation, Completion, Context, Interp};
use crate::value::{Class, Kind, Value, join};

impl Interp<'_> {
    /// Declares the functions of a body before it runs.
    pub(crate) fn hoist(&mut self, m: &Module, cx: &Context, statements: &[NodeId]) {
        for &statement in statements {
            if let Node::DeclareFunction { symbol, function } = m.node(statement) {
                let closure = self.closure(cx, m, function);
                self.write_symbol(cx, symbol, closure);
            }
        }
    }

    pub(crate) fn run_statements(
        &mut self,
        m: &Module,
        cx: &Context,
        act: &mut Activation,
        list: &[NodeId],
    ) -> Completion {
        for &statement in list {
            let completion = self.run(m, cx, act, statement);
            if completion != Completion::Normal {
                return completion;
            }
        }
        Completion::Normal
    }

    fn run_block(&mut self, m: &Module, cx: &Context, act: &mut Activation, list: &[NodeId]) -> Completion {
        self.hoist(m, cx, list);
        self.run_statements(m, cx, act, list)
    }

    /// Runs one statement. Expressions used as statements are evaluated for their effects.
    pub(crate) fn run(&mut self, m: &Module, cx: &Context, act: &mut Activation, id: NodeId) -> Completion {
        if id.is_nothing() || !self.burn(1) {
            return Completion::Normal;
        }
        match m.node(id) {
            Node::Declare { target, value } => {
                if !value.is_nothing() {
                    let value = self.eval(m, cx, value);
                    self.bind_pattern(m, cx, target, value);
                }
                Completion::Normal
            }
            Node::DeclareFunction { .. } | Node::Debugger => Completion::Normal,
            Node::DeclareClass { symbol, class } => {
                let class = match m.node(class) {
                    Node::Class { superclass, members } => self.class(m, cx, superclass, members, Some(symbol)),
                    _ => self.eval(m, cx, class),
                };
                self.write_symbol(cx, symbol, class);
                Completion::Normal
            }
            Node::Return(value) => {
                let value = if value.is_nothing() { Value::UNDEFINED } else { self.eval(m, cx, value) };
                act.returned = Some(match act.returned.take() {
                    Some(earlier) => join(&earlier, &value),
                    None => value,
                });
                Completion::Return
            }
            Node::Throw(value) => {
                let thrown = self.eval(m, cx, value);
                self.thrown = Some(match self.thrown.take() {
                    Some(earlier) => join(&earlier, &thrown),
                    None => thrown,
                });
                Completion::Throw
            }
            Node::If(parts) => {
                let &[test, yes, no] = m.list(parts) else { return Completion::Normal };
                self.run_if(m, cx, act, [test, yes, no])
            }
            Node::Loop { kind, parts } => self.run_loop(m, cx, act, kind, m.list(parts)),
            Node::Block(list) => self.run_block(m, cx, act, m.list(list)),
            Node::Switch(parts) => self.run_switch(m, cx, act, m.list(parts)),
            Node::Try(parts) => self.run_try(m, cx, act, m.list(parts)),
            Node::Break(label) => Completion::Break(label),
            Node::Continue(label) => Completion::Continue(label),
            Node::Labelled { label, body } => match self.run(m, cx, act, body) {
                Completion::Break(Some(target)) if target == label => Completion::Normal,
                other => other,
            },
            Node::With { object, body } => {
                self.eval(m, cx, object);
                self.perhaps(|interp| interp.run(m, cx, act, body))
            }
            _ => {
                self.eval(m, cx, id);
                Completion::Normal
            }
        }
    }

    fn run_if(&mut self, m: &Module, cx: &Context, act: &mut Activation, [test, yes, no]: [NodeId; 3]) -> Completion {
        let test = self.eval(m, cx, test);
        let is_asked = test.taint.is_asked();
        match test.truth() {
            Some(true) => self.run(m, cx, act, yes),
            Some(false) => self.run(m, cx, act, no),
            None => {
                // What depends on an answer of the user's is asked for.
                let trigger = self.trigger;
                if is_asked && trigger == Trigger::Import {
                    self.trigger = Trigger::Call;
                }
                let first = self.perhaps(|interp| interp.run(m, cx, act, yes));
                let second = self.perhaps(|interp| interp.run(m, cx, act, no));
                self.trigger = trigger;
                // Only what both branches do is certain; after a branch that may have left, the rest still runs.
                if first == second { first } else { Completion::Normal }
            }
        }
    }

    fn run_switch(&mut self, m: &Module, cx: &Context, act: &mut Activation, parts: &[NodeId]) -> Completion {
        let Some((&discriminant, cases)) = parts.split_first() else { return Completion::Normal };
        let value = self.eval(m, cx, discriminant);
        let exact = !matches!(value.kind, Kind::Unknown | Kind::OneOf(_) | Kind::Api(_));
        let chosen = if exact { self.chosen_case(m, cx, cases, &value) } else { None };
        let Some(chosen) = chosen else {
            self.lost_switches += 1;
            let mut ends_all = !cases.is_empty();
            for &case in cases {
                let completion = self.perhaps(|interp| interp.run_case(m, cx, act, case));
                ends_all &= completion == Completion::Return;
            }
            return if ends_all { Completion::Return } else { Completion::Normal };
        };
        for &case in &cases[chosen..] {
            match self.run_case(m, cx, act, case) {
                Completion::Normal => {}
                Completion::Break(None) => return Completion::Normal,
                other => return other,
            }
        }
        Completion::Normal
    }

    /// Index of the case that an exact value selects; past the end when none does. `None` if a test is unknown.
    fn chosen_case(&mut self, m: &Module, cx: &Context, cases: &[NodeId], value: &Value) -> Option<usize> {
        let mut default = cases.len();
        for (index, &case) in cases.iter().enumerate() {
            let Node::Case(list) = m.node(case) else { continue };
            let Some(&test) = m.list(list).first() else { continue };
            if test.is_nothing() {
                default = index;
                continue;
            }
            let test = self.eval(m, cx, test);
            if matches!(test.kind, Kind::Unknown | Kind::OneOf(_) | Kind::Api(_)) {
                return None;
            }
            if test.same(value) {
                return Some(index);
            }
        }
        Some(default)
    }

    fn run_case(&mut self, m: &Module, cx: &Context, act: &mut Activation, case: NodeId) -> Completion {
        let Node::Case(list) = m.node(case) else { return Completion::Normal };
        match m.list(list).split_first() {
            Some((_, statements)) => self.run_block(m, cx, act, statements),
            None => Completion::Normal,
        }
    }

    fn run_try(&mut self, m: &Module, cx: &Context, act: &mut Activation, parts: &[NodeId]) -> Completion {
        let &[block, parameter, handler, finalizer] = parts else { return Completion::Normal };
        let unknowns = self.unknowns;
        let outer = self.thrown.take();
        let mut completion = self.run(m, cx, act, block);
        let caught = std::mem::replace(&mut self.thrown, outer);
        let threw = completion == Completion::Throw;
        // Whatever was not exact may have thrown.
        if !handler.is_nothing() && (threw || self.unknowns != unknowns) {
            let error = self.unknown(crate::value::Taint::NONE);
            let error = caught.map_or(error.clone(), |caught| join(&error, &caught));
            if threw {
                self.bind_pattern(m, cx, parameter, error);
                completion = self.run(m, cx, act, handler);
            } else {
                self.perhaps(|interp| {
                    interp.bind_pattern(m, cx, parameter, error);
                    interp.run(m, cx, act, handler)
                });
            }
        }
        match self.run(m, cx, act, finalizer) {
            Completion::Normal => completion,
            other => other,
        }
    }

    /// Items of a value in a `for…of`, a spread or an array pattern, where they are known.
    pub(crate) fn iterate(&mut self, value: &Value) -> Option<Vec<Value>> {
        match &value.kind {
            Kind::Object(id) => match &self.object(*id).class {
                Class::Array(items) if !self.object(*id).open => Some(items.clone()),
                Class::Plain => self.iterate_own(value),
                _ => None,
            },
            Kind::Str(text) if value.exact_str().is_some() && text.len() <= crate::value::MAX_ELEMENTS => {
                Some(text.chars().map(|c| Value::str(c.to_string()).tainted(value.taint)).collect())
            }
            Kind::Bytes(bytes) if bytes.len() <= crate::value::MAX_ELEMENTS => {
                Some(bytes.iter().map(|&byte| Value::number(f64::from(byte)).tainted(value.taint)).collect())
            }
            _ => None,
        }
    }

    /// Items of an object that has an iterator of its own, a generator for one.
    fn iterate_own(&mut self, value: &Value) -> Option<Vec<Value>> {
        let method = ["@@iterator", "@@asyncIterator"].iter().find_map(|name| {
            let method = self.get_property(value, name);
            self.is_callable(&method).then_some(method)
        })?;
        let iterator = self.call_value(&method, value.clone(), Vec::new());
        self.elements(&iterator)
    }
}
