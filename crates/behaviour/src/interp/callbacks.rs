//! Functions that are handed over to be called.

use super::Interp;
use crate::value::{Class, Kind, Slot, Taint, Value};

/// Most properties of an options object that are looked at for callbacks.
const MAX_OPTION_CALLBACKS: usize = 32;

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

    fn is_closure(&self, value: &Value) -> bool {
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
                Class::Closure { unit, function, .. } => self.is_inert(unit, function),
                _ => false,
            },
            _ => false,
        }
    }
}
