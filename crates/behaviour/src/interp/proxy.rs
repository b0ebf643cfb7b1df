//! Proxies whose traps are known: reading a property runs `get`, calling runs `apply`.

use std::rc::Rc;

use super::Interp;
use crate::value::{Class, ObjectId, Slot, Value, join};

/// Hidden properties of a proxy: what it stands for, and its traps.
const TARGET: &str = "@@proxied";
const GET: &str = "@@get";
const APPLY: &str = "@@apply";

impl Interp<'_> {
    /// `new Proxy(target, handler)`. Without a trap that matters it is its target.
    pub(crate) fn proxy(&mut self, target: &Value, handler: &Value) -> Value {
        let traps = [("get", GET), ("apply", APPLY)].map(|(name, hidden)| (self.option(handler, name), hidden));
        if !traps.iter().any(|(trap, _)| trap.as_ref().is_some_and(|trap| self.is_callable(trap))) {
            return target.clone();
        }
        let proxy = self.alloc(Class::Plain);
        let taint = self.deep_taint(target);
        let object = self.object_mut(proxy);
        object.taint = taint;
        object.props.set(Rc::from(TARGET), Slot::Value(target.clone()));
        for (trap, hidden) in traps {
            if let Some(trap) = trap {
                object.props.set(Rc::from(hidden), Slot::Value(trap));
            }
        }
        Value::object(proxy)
    }

    pub(super) fn is_proxy(&self, id: ObjectId) -> bool {
        self.object(id).props.get(TARGET).is_some()
    }

    fn hidden(&self, id: ObjectId, name: &str) -> Option<Value> {
        match self.object(id).props.get(name) {
            Some(Slot::Value(value)) => Some(value.clone()),
            _ => None,
        }
    }

    pub(super) fn proxy_property(&mut self, id: ObjectId, name: &str) -> Value {
        let target = self.hidden(id, TARGET).unwrap_or(Value::UNKNOWN);
        let Some(trap) = self.hidden(id, GET) else { return self.read_member(&target, name) };
        let args = vec![target.clone(), Value::str(name), Value::object(id)];
        let got = self.call_value(&trap, Value::UNKNOWN, args);
        match got.is_unknown() {
            true => join(&self.read_member(&target, name), &got),
            false => got,
        }
    }

    pub(super) fn call_proxy(&mut self, id: ObjectId, this: Value, args: Vec<Value>) -> Value {
        let target = self.hidden(id, TARGET).unwrap_or(Value::UNKNOWN);
        match self.hidden(id, APPLY) {
            Some(trap) => {
                let given = self.array(args);
                self.call_value(&trap, Value::UNKNOWN, vec![target, this, given])
            }
            None => self.call_value(&target, this, args),
        }
    }
}
