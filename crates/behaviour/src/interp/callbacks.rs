//! Functions that are handed over to be called.

use vetch_syntax::ir::{FunctionId, Node, NodeId};

use super::{Context, FrameId, Interp, UnitId};
use crate::value::{Class, Kind, Slot, Taint, Value};

/// Most properties of an options object that are looked at for callbacks.
const MAX_OPTION_CALLBACKS: usize = 32;

/// Most nodes of a function that are looked at for what it closes over.
const MAX_LOOKED_AT: u32 = 512;

impl Interp<'_> {
    /// Whether a value can be called.
    pub(crate) fn is_callable(&self, value: &Value) -> bool {
        match &value.kind {
            Kind::Object(id) => matches!(
                self.object(*id).class,
                Class::Closure { .. }
                    | Class::Bound { .. }
                    | Class::Constructor { .. }
                    | Class::Resolver(_)
                    | Class::Method { .. }
            ),
            Kind::Api(api) => self.apis.is_function(*api),
            Kind::OneOf(values) => values.iter().any(|value| self.is_callable(value)),
            _ => false,
        }
    }

    /// Calls every function among the arguments, options objects included.
    pub(crate) fn invoke_callbacks(&mut self, args: &[Value], taint: Taint) {
        for arg in args {
            if self.is_closure(arg) {
                self.invoke(arg, taint);
                continue;
            }
            let Kind::Object(id) = arg.kind else { continue };
            if !matches!(self.object(id).class, Class::Plain | Class::Keywords) {
                continue;
            }
            let callbacks: Vec<Value> = self
                .object(id)
                .props
                .entries
                .iter()
                .take(MAX_OPTION_CALLBACKS)
                .filter_map(|(_, slot)| match slot {
                    Slot::Value(value) => Some(value.clone()),
                    Slot::Getter(_) => None,
                })
                .collect();
            for callback in callbacks {
                if self.is_closure(&callback) {
                    self.invoke(&callback, taint);
                }
            }
        }
    }

    pub(super) fn is_closure(&self, value: &Value) -> bool {
        matches!(&value.kind, Kind::Object(id) if matches!(self.object(*id).class, Class::Closure { .. } | Class::Bound { .. }))
    }

    /// Calls a callback with arguments of which only the taint is known.
    pub(crate) fn invoke(&mut self, callback: &Value, taint: Taint) -> Value {
        if taint.is_empty() && self.closure_is_inert(callback) {
            return Value::UNKNOWN;
        }
        let args = vec![Value::unknown(taint); 4];
        if self.is_under_way(callback) {
            self.run_again(callback);
        }
        self.perhaps(|interp| interp.call_value(callback, Value::unknown(taint), args))
    }

    fn closure_is_inert(&self, value: &Value) -> bool {
        match &value.kind {
            Kind::Object(id) => match self.object(*id).class {
                Class::Closure { unit, function, frame, .. } => !self.closure_may_act(unit, function, frame),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether running a closure can have effects.
    pub(super) fn closure_may_act(&self, unit: UnitId, function: FunctionId, frame: FrameId) -> bool {
        !self.is_inert(unit, function) || self.holds_builtin(unit, function, frame)
    }

    /// Whether a function closes over a built-in that was handed to those around it, as the modules of a bundle are: nothing
    /// in the text of such a function tells.
    fn holds_builtin(&self, unit: UnitId, function: FunctionId, frame: FrameId) -> bool {
        let m = &self.unit(unit).module;
        let nodes = &m.function(function).nodes;
        let cx = Context { unit, frame, this: Value::UNDEFINED };
        (nodes.start..nodes.end.min(nodes.start + MAX_LOOKED_AT)).any(|node| match m.node(NodeId(node)) {
            Node::Var(symbol) => self.slot_of(&cx, symbol).is_some_and(|(frame, slot)| {
                let held = self.frames[frame.0 as usize].slots[slot].alternatives();
                held.iter().any(|held| matches!(held.kind, Kind::Api(api) if !self.apis.is_language(api)))
            }),
            _ => false,
        })
    }
}
