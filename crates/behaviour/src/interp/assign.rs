//! Names, patterns and assignment.

use std::rc::Rc;

use vetch_syntax::ir::{AssignOp, Key, LogicalOp, Module, Node, NodeId, SymbolId, SymbolKind};

use super::{Context, Interp};
use crate::value::{Class, Kind, Slot, Taint, Value, join};

impl Interp<'_> {
    pub(crate) fn read_symbol(&mut self, cx: &Context, symbol: SymbolId) -> Value {
        match self.slot_of(cx, symbol) {
            Some((frame, slot)) => self.frames[frame.0 as usize].slots[slot].clone(),
            None => self.unknown(Taint::NONE),
        }
    }

    /// Writes a variable: weakly, if its frame is older than the uncertainty of the path.
    pub(crate) fn write_symbol(&mut self, cx: &Context, symbol: SymbolId, value: Value) {
        if let Some((frame, slot)) = self.slot_of(cx, symbol) {
            let weak = self.uncertain > self.frames[frame.0 as usize].depth
                && !self.rewrites_itself(cx, symbol, &self.frames[frame.0 as usize].slots[slot], &value);
            let place = &mut self.frames[frame.0 as usize].slots[slot];
            *place = if weak { join(place, &value) } else { value };
        }
    }

    /// Whether a function puts one that it holds in its own place, as those do that prepare themselves when they are first
    /// called: `function f() { const table = …; f = function (at) { return table[at]; }; return f(…); }`. Whether or not it
    /// was called before, it is the same function from then on.
    fn rewrites_itself(&self, cx: &Context, symbol: SymbolId, old: &Value, new: &Value) -> bool {
        let m = &self.unit(cx.unit).module;
        if m.symbol(symbol).kind != SymbolKind::Function {
            return false;
        }
        let nodes_of = |value: &Value| match &value.kind {
            Kind::Object(id) => match self.object(*id).class {
                Class::Closure { unit, function, .. } if unit == cx.unit => Some(&m.function(function).nodes),
                _ => None,
            },
            _ => None,
        };
        let (Some(old), Some(new)) = (nodes_of(old), nodes_of(new)) else { return false };
        old.start <= new.start && new.end <= old.end
    }

    /// A name that the file does not declare.
    pub(crate) fn read_global(&mut self, cx: &Context, name: &str) -> Value {
        if self.is_python(cx.unit) {
            return self.python_global(cx, name);
        }
        match name {
            "undefined" => return Value::UNDEFINED,
            "NaN" => return Value::number(f64::NAN),
            "Infinity" => return Value::number(f64::INFINITY),
            "arguments" => return self.arguments_object(cx),
            "module" => {
                if let Some(object) = self.unit(cx.unit).module_object {
                    return Value::object(object);
                }
            }
            "exports" => {
                if let Some(object) = self.unit(cx.unit).module_object {
                    return self.get_property(&Value::object(object), "exports");
                }
            }
            "__dirname" => return Value::str(self.package.directory_of(self.unit(cx.unit).file)),
            "__filename" => return Value::str(self.package.path_of(self.unit(cx.unit).file)),
            _ => {}
        }
        if let Some(value) = self.outer_variable(cx, name) {
            return value;
        }
        if let Some(value) = self.globals.get(name) {
            return value.clone();
        }
        match self.apis.global(name) {
            Some(api) => self.read_api(api),
            None => self.unknown(Taint::NONE),
        }
    }

    /// For a decoded layer: the variable of this name in the code that runs it.
    pub(crate) fn outer_variable(&mut self, cx: &Context, name: &str) -> Option<Value> {
        let origin = self.unit(cx.unit).origin?;
        self.named_here(&Context { unit: origin.unit, frame: origin.frame, this: Value::UNKNOWN }, name)
    }

    /// The variable that a name means to code at `cx`.
    pub(crate) fn named_here(&mut self, cx: &Context, name: &str) -> Option<Value> {
        let outer = cx.clone();
        let module = self.unit(cx.unit).module.clone();
        let mut frame = cx.frame;
        loop {
            let function = self.frames[frame.0 as usize].function;
            let found =
                module.symbols.iter().position(|symbol| symbol.function == function && module.str(symbol.name) == name);
            if let Some(found) = found {
                return Some(self.read_symbol(&outer, SymbolId(found as u32)));
            }
            let parent = self.frames[frame.0 as usize].parent;
            if parent == frame {
                return None;
            }
            frame = parent;
        }
    }

    fn arguments_object(&mut self, cx: &Context) -> Value {
        match self.frames[cx.frame.0 as usize].arguments {
            Some(object) => Value::object(object),
            None => self.unknown(Taint::NONE),
        }
    }

    pub(crate) fn assign(&mut self, m: &Module, cx: &Context, op: AssignOp, target: NodeId, value: NodeId) -> Value {
        match op {
            AssignOp::Set => {
                let value = self.eval(m, cx, value);
                self.bind_pattern(m, cx, target, value.clone());
                value
            }
            AssignOp::Binary(op) => {
                let old = self.eval(m, cx, target);
                let new = self.eval(m, cx, value);
                let result = match matches!(old.kind, Kind::Number(_)) && self.forget_count(m, cx, target) {
                    true => self.unknown(old.taint.or(new.taint)),
                    false => self.binary(op, &old, &new),
                };
                self.bind_pattern(m, cx, target, result.clone());
                result
            }
            AssignOp::Logical(op) => {
                let old = self.eval(m, cx, target);
                let decided = match op {
                    LogicalOp::And => old.truth().map(|truth| !truth),
                    LogicalOp::Or => old.truth(),
                    LogicalOp::Coalesce => old.is_nullish().map(|nullish| !nullish),
                };
                match decided {
                    Some(true) => old,
                    Some(false) => {
                        let new = self.eval(m, cx, value);
                        self.bind_pattern(m, cx, target, new.clone());
                        new
                    }
                    None => {
                        let new = self.perhaps(|interp| interp.eval(m, cx, value));
                        let both = join(&old, &new);
                        self.bind_pattern(m, cx, target, both.clone());
                        both
                    }
                }
            }
        }
    }

    /// Stores a value in a target: a name, a property, or a pattern of them.
    pub(crate) fn bind_pattern(&mut self, m: &Module, cx: &Context, target: NodeId, value: Value) {
        if target.is_nothing() || !self.burn(1) {
            return;
        }
        match m.node(target) {
            Node::Var(symbol) => self.write_symbol(cx, symbol, value),
            Node::Global(name) => self.write_global(m.str(name), value),
            Node::Member { object, name } => {
                let object = self.eval(m, cx, object);
                self.at(cx, target, |interp| interp.store(&object, m.str(name), value));
            }
            Node::Index { object, index } => {
                let object = self.eval(m, cx, object);
                let key = self.eval(m, cx, index);
                self.at(cx, target, |interp| interp.store_index(&object, &key, value));
            }
            Node::Default { target, value: default } => {
                let value = match value.kind {
                    Kind::Undefined => self.eval(m, cx, default),
                    Kind::Unknown => {
                        let default = self.perhaps(|interp| interp.eval(m, cx, default));
                        join(&default, &value)
                    }
                    _ => value,
                };
                self.bind_pattern(m, cx, target, value);
            }
            Node::ObjectPattern(properties) => {
                for property in m.properties(properties) {
                    let part = match property.key {
                        Key::Name(name) => self.read_member(&value, m.str(name)),
                        Key::Computed(key) => {
                            let key = self.eval(m, cx, key);
                            self.get_index(&value, &key)
                        }
                        Key::Spread => value.clone(),
                    };
                    self.bind_pattern(m, cx, property.value, part);
                }
            }
            Node::ArrayPattern(list) => self.bind_array_pattern(m, cx, m.list(list), &value),
            Node::Spread(inner) => self.bind_pattern(m, cx, inner, value),
            _ => {}
        }
    }

    fn bind_array_pattern(&mut self, m: &Module, cx: &Context, targets: &[NodeId], value: &Value) {
        let items = self.iterate(value);
        for (index, &target) in targets.iter().enumerate() {
            let part = match (&items, m.node(target)) {
                (Some(items), Node::Spread(_)) => {
                    let rest = items.get(index..).unwrap_or_default().to_vec();
                    self.array(rest)
                }
                (Some(items), _) => items.get(index).cloned().unwrap_or(Value::UNDEFINED),
                (None, _) => {
                    let taint = self.deep_taint(value);
                    self.unknown(taint)
                }
            };
            self.bind_pattern(m, cx, target, part);
        }
    }

    fn write_global(&mut self, name: &str, value: Value) {
        let value = match self.globals.get(name) {
            Some(old) if self.uncertain > 0 => join(old, &value),
            _ => value,
        };
        if self.globals.len() < crate::value::MAX_ELEMENTS {
            self.globals.insert(Rc::from(name), value);
        }
    }

    /// `object.name = value`, with what it does to a built-in or to what is not at hand.
    pub(crate) fn store(&mut self, object: &Value, name: &str, value: Value) {
        if let Kind::OneOf(alternatives) = &object.kind {
            for object in alternatives.clone().iter() {
                self.store(object, name, value.clone());
            }
            return;
        }
        match &object.kind {
            Kind::Api(api) => {
                self.effect_hook(*api, name, &value);
                if self.apis.is_global_object(*api) {
                    self.write_global(name, value);
                }
            }
            Kind::Object(id) if matches!(self.object(*id).class, Class::Instance { .. }) => {
                self.effect_instance_store(*id, name, &value);
                self.set_property(object, name, value);
            }
            Kind::Unknown => self.store_on_unknown(object, name, &value),
            _ => self.set_property(object, name, value),
        }
    }

    fn store_index(&mut self, object: &Value, key: &Value, value: Value) {
        match self.property_name(key) {
            Some(name) => self.store(object, &name, value),
            None => {
                let taint = self.deep_taint(&value).or(key.taint);
                for object in object.alternatives().to_vec() {
                    if let Kind::Object(id) = object.kind {
                        let target = self.object_mut(id);
                        target.open = true;
                        target.taint = target.taint.or(taint);
                    }
                }
            }
        }
    }

    /// Sets a property: weakly, if the object is older than the uncertainty of the path.
    pub(crate) fn set_property(&mut self, object: &Value, name: &str, value: Value) {
        let Kind::Object(id) = object.kind else { return };
        let taint = self.deep_taint(&value);
        let weak = self.uncertain > self.object(id).depth;
        let target = self.object_mut(id);
        target.taint = target.taint.or(taint);
        if let Class::Array(items) = &mut target.class
            && let Ok(index) = name.parse::<usize>()
        {
            if index < items.len() {
                items[index] = if weak { join(&items[index], &value) } else { value };
            } else if index <= items.len() + 4096 && index < crate::value::MAX_ELEMENTS {
                items.resize(index, Value::UNDEFINED);
                items.push(value);
            } else {
                target.open = true;
            }
            return;
        }
        if let (Class::Array(items), "length", Some(length)) = (&mut target.class, name, value.to_number()) {
            items.truncate(length.max(0.0) as usize);
            return;
        }
        let value = match target.props.get(name) {
            Some(Slot::Value(old)) if weak => join(old, &value),
            _ => value,
        };
        target.props.set(Rc::from(name), Slot::Value(value));
    }
}
