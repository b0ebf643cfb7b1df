//! Calls: of closures, bound functions, classes, built-ins, and of what is not known.

use std::rc::Rc;

use vetch_model::capability::Trigger;
use vetch_syntax::ir::{Module, Node, NodeId};

use super::property::perhaps;
use super::{Context, Interp};
use crate::value::{Class, Kind, ObjectId, Value, join};

/// Methods by which commands, routes and hooks are registered for later.
const REGISTERS: &[&str] = &[
    "action",
    "command",
    "addCommand",
    "option",
    "hook",
    "addHook",
    "use",
    "tap",
    "tapAsync",
    "tapPromise",
    "subscribe",
    "register",
    "route",
    "handler",
    "middleware",
    "positional",
    "builder",
    "parser",
];

impl Interp<'_> {
    pub(crate) fn eval_call(&mut self, m: &Module, cx: &Context, id: NodeId) -> Value {
        let (callee, args, is_new) = match m.node(id) {
            Node::Call { callee, args } => (callee, args, false),
            Node::New { callee, args } => (callee, args, true),
            Node::Tagged { tag, parts } => return self.eval_tagged(m, cx, id, tag, m.list(parts)),
            _ => return Value::UNKNOWN,
        };
        if matches!(m.node(callee), Node::Super) {
            return self.eval_super_call(m, cx, m.list(args));
        }
        let (receiver, method) = self.eval_callee(m, cx, callee);
        let nodes = m.list(args);
        let mut args = match self.eval_spread(m, cx, nodes) {
            Ok(args) => args,
            Err(taint) => vec![Value::unknown(taint); 3],
        };
        self.hand_on(m, nodes, &mut args);
        // Only functions are given functions over labels: the look is cheap.
        if !is_new
            && args.iter().take(2).any(|arg| matches!(arg.kind, Kind::Object(_)))
            && let Some(generator) = self.run_machine_among(&receiver, &args)
        {
            return generator;
        }
        self.at(cx, id, |interp| match (method, is_new) {
            (Some(name), false) => interp.call_method(&receiver, &name, args),
            (Some(name), true) => {
                let callee = interp.read_member(&receiver, &name);
                interp.construct(&callee, args)
            }
            (None, true) => interp.construct(&receiver, args),
            (None, false) => interp.call_value(&receiver, Value::UNDEFINED, args),
        })
    }

    fn eval_super_call(&mut self, m: &Module, cx: &Context, args: &[NodeId]) -> Value {
        let args = self.eval_spread(m, cx, args).unwrap_or_else(|taint| vec![Value::unknown(taint); 3]);
        if let Some(superclass) = self.superclass_here(cx) {
            self.construct_onto(&superclass, &cx.this, args);
        }
        cx.this.clone()
    }

    /// A callee: for a method call the receiver and the name, else the function itself.
    fn eval_callee(&mut self, m: &Module, cx: &Context, callee: NodeId) -> (Value, Option<Rc<str>>) {
        match m.node(callee) {
            // The method is that of the superclass, the receiver this very object.
            Node::Member { object, name } if matches!(m.node(object), Node::Super) => {
                let method = self.eval(m, cx, object);
                let method = self.read_member(&method, m.str(name));
                let (target, this) = (Box::new(method), Box::new(cx.this.clone()));
                (Value::object(self.alloc(Class::Bound { target, this, args: Vec::new() })), None)
            }
            Node::Member { object, name } => {
                let receiver = self.eval(m, cx, object);
                (receiver, Some(m.shared_str(name)))
            }
            Node::Index { object, index } => {
                let receiver = self.eval(m, cx, object);
                let key = self.eval(m, cx, index);
                let name = self.property_name(&key);
                self.note_computed_name(m, cx, callee, index, name.is_some());
                match name {
                    Some(name) => (receiver, Some(name)),
                    None => (self.at(cx, callee, |interp| interp.get_index(&receiver, &key)), None),
                }
            }
            _ => (self.eval(m, cx, callee), None),
        }
    }

    fn eval_tagged(&mut self, m: &Module, cx: &Context, id: NodeId, tag: NodeId, parts: &[NodeId]) -> Value {
        let (receiver, method) = self.eval_callee(m, cx, tag);
        let values: Vec<Value> = parts.iter().map(|&part| self.eval(m, cx, part)).collect();
        let joined = self.concat_alternatives(&values);
        let strings: Vec<Value> = values.iter().step_by(2).cloned().collect();
        let texts = self.array(strings);
        self.set_property(&texts, "raw", texts.clone());
        let mut args = vec![texts];
        args.extend(values.iter().skip(1).step_by(2).cloned());
        self.at(cx, id, |interp| {
            let callee = match &method {
                Some(name) => interp.read_member(&receiver, name),
                None => receiver.clone(),
            };
            match callee.kind {
                // Built-in tags (`String.raw`, zx's `$`) see the text as a whole.
                Kind::Api(api) => interp.call_api(api, receiver, vec![joined], false),
                _ => interp.call_value(&callee, receiver, args),
            }
        })
    }

    /// `receiver.name(…args)`
    pub(crate) fn call_method(&mut self, receiver: &Value, name: &str, args: Vec<Value>) -> Value {
        // Promises are not made where what they promise is at hand: `import(…)` gives the module itself.
        if matches!(name, "then" | "catch" | "finally") && self.is_settled(receiver, name) {
            return crate::builtins::promise_method(self, receiver, name, &args).unwrap_or(Value::UNKNOWN);
        }
        if self.is_python_here()
            && let Some(value) = crate::python::call_method(self, receiver, name, &args)
        {
            return value;
        }
        self.note_swapped_address(name, &args);
        crate::apis::note_copied_mail(self, name, &args);
        match &receiver.kind {
            Kind::Api(api) => {
                let callee = self.read_member(receiver, name);
                match callee.kind {
                    Kind::Object(_) => match self.as_method(&callee) {
                        Some(_) => self.call_function_method(&Value::api(*api), name, args),
                        None => self.call_value(&callee, receiver.clone(), args),
                    },
                    _ => self.call_value(&callee, receiver.clone(), args).tainted(receiver.taint),
                }
            }
            Kind::OneOf(values) => {
                let mut result: Option<Value> = None;
                for value in values.iter() {
                    let each = self.perhaps(|interp| interp.call_method(value, name, args.clone()));
                    result = Some(result.map_or_else(|| perhaps(each.clone()), |earlier| join(&earlier, &each)));
                }
                result.unwrap_or(Value::UNKNOWN)
            }
            Kind::Object(id) => self.call_object_method(*id, receiver, name, args),
            Kind::Unknown if matches!(name, "pipe" | "pipeTo" | "pipeThrough") => {
                let target = args.first().cloned().unwrap_or(Value::UNDEFINED);
                let taint = receiver.taint;
                crate::builtins::pipe(self, receiver, &target, taint);
                target.tainted(taint)
            }
            Kind::Unknown if name == "then" && matches!(args.first().map(|it| &it.kind), Some(Kind::Api(_))) => {
                self.call_value(&args[0], Value::UNDEFINED, vec![receiver.clone()])
            }
            Kind::Unknown if name == "then" && args.first().is_some_and(|arg| self.is_closure(arg)) => {
                self.then_unknown(receiver, args)
            }
            // What is registered with something unknown runs when its user asks for it.
            Kind::Unknown if REGISTERS.contains(&name) && self.trigger.is_unasked() => {
                let trigger = std::mem::replace(&mut self.trigger, Trigger::Call);
                let value = self.call_unknown(receiver, args);
                self.trigger = trigger;
                value
            }
            Kind::Unknown | Kind::Undefined | Kind::Null => match self.call_unowned(receiver, name, &args) {
                Some(value) => value,
                None => {
                    let value = self.call_unknown(receiver, args);
                    Value { taint: self.through_unknown(value.taint, Some(name)), ..value }
                }
            },
            _ => crate::builtins::call_primitive_method(self, receiver, name, args),
        }
    }

    /// `promise.then(callback)`, of a promise that is not known: it promises what the callback gives.
    fn then_unknown(&mut self, promise: &Value, mut args: Vec<Value>) -> Value {
        let callback = args.remove(0);
        let given = self.invoke(&callback, promise.taint);
        let given = self.settled(&given);
        let otherwise = self.call_unknown(promise, args);
        join(&given, &otherwise)
    }

    /// Whether a value stands for a promise of itself.
    fn is_settled(&self, value: &Value, name: &str) -> bool {
        match &value.kind {
            Kind::Api(api) => self.apis.member(*api, name).is_none(),
            Kind::Object(id) => matches!(self.object(*id).class, Class::Array(_)),
            Kind::Unknown | Kind::OneOf(_) => false,
            _ => true,
        }
    }

    fn call_object_method(&mut self, id: ObjectId, receiver: &Value, name: &str, args: Vec<Value>) -> Value {
        let own = self.get_property(receiver, name);
        if self.is_callable(&own) && self.as_method(&own).is_none() {
            return self.call_value(&own, receiver.clone(), args);
        }
        match self.object(id).class {
            Class::Closure { .. }
            | Class::Bound { .. }
            | Class::Constructor { .. }
            | Class::Resolver(_)
            | Class::Method { .. } => self.call_function_method(receiver, name, args),
            // What is registered with something unknown runs when its user asks for it.
            Class::Plain if own.is_unknown() && REGISTERS.contains(&name) && self.trigger.is_unasked() => {
                let trigger = std::mem::replace(&mut self.trigger, Trigger::Call);
                let value = self.call_unknown(receiver, args);
                self.trigger = trigger;
                value
            }
            _ => match own.kind {
                Kind::Api(_) => self.call_value(&own, receiver.clone(), args),
                _ => crate::builtins::call_object_method(self, id, receiver, name, args),
            },
        }
    }

    /// `f.call`, `f.apply`, `f.bind`.
    fn call_function_method(&mut self, function: &Value, name: &str, args: Vec<Value>) -> Value {
        let mut args = args.into_iter();
        let this = args.next().unwrap_or(Value::UNDEFINED);
        match name {
            "call" => self.call_value(function, this, args.collect()),
            "apply" => {
                let list = args.next().unwrap_or(Value::UNDEFINED);
                let list = match self.iterate(&list) {
                    Some(items) => items,
                    None if matches!(list.kind, Kind::Undefined | Kind::Null) => Vec::new(),
                    None => vec![Value::unknown(self.deep_taint(&list)); 3],
                };
                self.call_value(function, this, list)
            }
            "bind" => {
                let args = args.collect();
                let bound = Class::Bound { target: Box::new(function.clone()), this: Box::new(this), args };
                Value::object(self.alloc(bound))
            }
            "toString" => match self.to_text(function) {
                Some(text) if self.burn_bytes(text.len()) => Value::str(text),
                _ => self.call_unknown(function, args.collect()),
            },
            _ => self.call_unknown(function, args.collect()),
        }
    }

    /// A built-in method as a value.
    pub(crate) fn method(&mut self, receiver: &Value, name: &str) -> Value {
        Value::object(self.alloc(Class::Method { receiver: Box::new(receiver.clone()), name: Rc::from(name) }))
    }

    fn as_method(&self, value: &Value) -> Option<(Value, Rc<str>)> {
        match &value.kind {
            Kind::Object(id) => match &self.object(*id).class {
                Class::Method { receiver, name } => Some(((**receiver).clone(), name.clone())),
                _ => None,
            },
            _ => None,
        }
    }

    /// Calls any value.
    pub(crate) fn call_value(&mut self, callee: &Value, this: Value, args: Vec<Value>) -> Value {
        self.nested(|interp| interp.call_any(callee, this, args))
    }

    fn call_any(&mut self, callee: &Value, this: Value, args: Vec<Value>) -> Value {
        match &callee.kind {
            Kind::Api(api) => self.call_api(*api, this, args, false),
            Kind::OneOf(values) => {
                let mut result: Option<Value> = None;
                for value in values.iter() {
                    let each = self.perhaps(|interp| interp.call_value(value, this.clone(), args.clone()));
                    result = Some(result.map_or_else(|| perhaps(each.clone()), |earlier| join(&earlier, &each)));
                }
                result.unwrap_or(Value::UNKNOWN)
            }
            Kind::Object(id) => self.call_object(*id, callee, this, args),
            _ => {
                let this = if matches!(this.kind, Kind::Undefined) { callee.clone() } else { this };
                let value = self.call_unknown(&this, args);
                Value { taint: self.through_unknown(value.taint, None), ..value }
            }
        }
    }

    fn call_object(&mut self, id: ObjectId, callee: &Value, this: Value, args: Vec<Value>) -> Value {
        if let Class::Closure { unit, function, frame, this: bound } = &self.object(id).class {
            let (unit, function, frame) = (*unit, *function, *frame);
            let this = bound.as_ref().map_or(this, |bound| (**bound).clone());
            return self.call_closure(unit, function, frame, this, args);
        }
        match self.object(id).class.clone() {
            Class::Bound { target, this, args: mut first } => {
                first.extend(args);
                self.call_value(&target, *this, first)
            }
            Class::Method { receiver, name } => match &*name {
                super::machine::ITSELF => *receiver,
                super::machine::INSTRUCTION => self.instruction(args),
                _ => self.call_method(&receiver, &name, args),
            },
            Class::Resolver(promise) => {
                let value = args.into_iter().next().unwrap_or(Value::UNDEFINED);
                let value = self.settled(&value);
                if let Class::Promise(settled) = &self.object(promise).class {
                    let both = if matches!(settled.kind, Kind::Unknown) { value } else { join(settled, &value) };
                    self.object_mut(promise).class = Class::Promise(Box::new(both));
                }
                Value::UNDEFINED
            }
            Class::Constructor { .. } => self.construct(callee, args),
            Class::Plain if self.is_proxy(id) => self.call_proxy(id, this, args),
            Class::Plain if self.is_python_here() => {
                let method = self.get_property(callee, "__call__");
                match self.is_callable(&method) {
                    true => self.call_value(&method, callee.clone(), args),
                    false => self.call_unknown(callee, args),
                }
            }
            _ => self.call_unknown(callee, args),
        }
    }

    /// Something that is not known is called: it may call what it is given, and give back what it was given.
    pub(crate) fn call_unknown(&mut self, receiver: &Value, args: Vec<Value>) -> Value {
        let mut taint = self.deep_taint(receiver);
        for arg in &args {
            taint = taint.or(self.deep_taint(arg)).or(self.shipped_media(arg));
        }
        if self.is_python_here() {
            self.note_sealed_code(&args);
        }
        // What a module of Python gives to something unknown as it is imported is for later: routes, commands, signals.
        let trigger = self.trigger;
        if self.is_python_here() && trigger == Trigger::Import {
            self.trigger = Trigger::Call;
        }
        self.invoke_callbacks(&args, taint);
        self.trigger = trigger;
        self.unknown(taint)
    }

    /// `new callee(…args)`
    pub(crate) fn construct(&mut self, callee: &Value, args: Vec<Value>) -> Value {
        let made = self.nested(|interp| interp.construct_any(callee, args));
        // What a class of another package makes of a key is an account.
        let is_foreign = match &callee.kind {
            Kind::Api(api) => !self.apis.is_function(*api) && !self.apis.is_language(*api),
            _ => callee.taint.is_foreign() || self.as_method(callee).is_some(),
        };
        match made.kind {
            Kind::Unknown if is_foreign => Value { taint: self.through_unknown(made.taint, None), ..made },
            Kind::Object(id) if is_foreign && matches!(self.object(id).class, Class::Plain) => {
                let taint = self.object(id).taint;
                self.object_mut(id).taint = self.through_unknown(taint, None);
                made
            }
            _ => made,
        }
    }

    fn construct_any(&mut self, callee: &Value, args: Vec<Value>) -> Value {
        match &callee.kind {
            Kind::Api(api) => self.call_api(*api, Value::UNDEFINED, args, true),
            Kind::OneOf(values) => match values.first() {
                Some(first) => {
                    let first = first.clone();
                    perhaps(self.construct(&first, args))
                }
                None => Value::UNKNOWN,
            },
            Kind::Object(id) => match self.object(*id).class.clone() {
                Class::Closure { .. } => {
                    let instance = self.alloc(Class::Plain);
                    let prototype = self.get_property(callee, "prototype");
                    if let Kind::Object(prototype) = prototype.kind {
                        self.object_mut(instance).prototype = Some(prototype);
                    }
                    let returned = self.call_value(callee, Value::object(instance), args);
                    match returned.kind {
                        Kind::Object(_) => returned,
                        _ => Value::object(instance),
                    }
                }
                Class::Constructor { constructor, superclass, prototype } => {
                    let instance = self.alloc(Class::Plain);
                    self.object_mut(instance).prototype = Some(prototype);
                    match constructor {
                        Some(constructor) => {
                            self.call_value(&constructor, Value::object(instance), args);
                        }
                        None if matches!(superclass.kind, Kind::Api(_)) && !self.is_python_here() => {
                            return self.construct(&superclass, args);
                        }
                        None => self.construct_onto(&superclass, &Value::object(instance), args),
                    }
                    let instance = Value::object(instance);
                    if self.is_python_here() {
                        self.run_hooks(&instance, &["__new__", "__post_init__", "__del__"]);
                    }
                    instance
                }
                Class::Bound { target, args: mut first, .. } => {
                    first.extend(args);
                    self.construct(&target, first)
                }
                _ => self.call_unknown(callee, args),
            },
            _ => {
                // An object of a kind that is not known: what is put into it stays with it.
                let made = self.call_unknown(callee, args);
                self.open_object(made.taint)
            }
        }
    }

    /// Runs the constructor of `class` for an instance that is already there: `super(…)`.
    pub(super) fn construct_onto(&mut self, class: &Value, instance: &Value, args: Vec<Value>) {
        let Kind::Object(id) = class.kind else {
            if !matches!(class.kind, Kind::Undefined) {
                self.construct(class, args);
            }
            return;
        };
        match self.object(id).class.clone() {
            Class::Constructor { constructor: Some(constructor), .. } => {
                self.call_value(&constructor, instance.clone(), args);
            }
            // The superclass of one may be itself, in hostile code.
            Class::Constructor { superclass, .. } if superclass.kind_is_other_object(id) => {
                self.nested(|interp| {
                    interp.construct_onto(&superclass, instance, args);
                    Value::UNDEFINED
                });
            }
            Class::Constructor { .. } => {}
            _ => drop(self.call_value(class, instance.clone(), args)),
        }
    }

    /// The superclass of the class that the running method stands in.
    pub(super) fn superclass_here(&self, cx: &Context) -> Option<Value> {
        let mut frame = cx.frame;
        loop {
            let at = &self.frames[frame.0 as usize];
            if let Some(&class) = self.homes.get(&(at.unit, at.function))
                && let Class::Constructor { superclass, .. } = &self.object(class).class
            {
                return Some((**superclass).clone());
            }
            if at.parent == frame {
                return None;
            }
            frame = at.parent;
        }
    }
}
