//! Expressions.

use std::rc::Rc;

use vetch_syntax::ir::{
    BinaryOp, FunctionId, Key, Language, LogicalOp, Module, Node, NodeId, Properties, Property, PropertyKind, SymbolId,
    UnaryOp,
};

use super::{Context, Interp};
use crate::value::{Class, Kind, Slot, Taint, Value, join};

impl Interp<'_> {
    /// Evaluates an expression. Without fuel everything is unknown.
    pub(crate) fn eval(&mut self, m: &Module, cx: &Context, id: NodeId) -> Value {
        if !self.burn(1) {
            return Value::UNKNOWN;
        }
        self.nested(|interp| interp.eval_node(m, cx, id))
    }

    fn eval_node(&mut self, m: &Module, cx: &Context, id: NodeId) -> Value {
        match m.node(id) {
            Node::Nothing | Node::Undefined => Value::UNDEFINED,
            Node::Null => Value::new(Kind::Null),
            Node::Bool(truth) => Value::bool(truth),
            Node::Number(number) => Value::number(number),
            Node::BigInt(digits) if m.language == Language::Python => {
                crate::python::integer_literal(self, m.str(digits))
            }
            Node::BigInt(_) => self.unknown(Taint::NONE),
            Node::Str(text) => Value::new(Kind::Str(m.shared_str(text))),
            Node::Bytes(text) => Value::bytes(m.str(text).chars().map(|char| u32::from(char) as u8).collect()),
            Node::Keywords(properties) => self.keywords(m, cx, properties),
            Node::Regex { pattern, flags } => {
                Value::new(Kind::Regex(Rc::new((m.str(pattern).to_owned(), m.str(flags).to_owned()))))
            }
            Node::Concat(parts) => {
                let parts: Vec<Value> = m.list(parts).iter().map(|&part| self.eval(m, cx, part)).collect();
                self.concat_alternatives(&parts)
            }
            Node::Array(items) => {
                let items = self.eval_spread(m, cx, m.list(items));
                match items {
                    Ok(items) => self.array(items),
                    Err(taint) => {
                        let id = self.alloc(Class::Array(Vec::new()));
                        let object = self.object_mut(id);
                        object.open = true;
                        object.taint = taint;
                        Value::object(id)
                    }
                }
            }
            Node::Object(properties) => self.object_literal(m, cx, properties),
            Node::Var(symbol) => self.read_symbol(cx, symbol),
            Node::Global(name) => self.at(cx, id, |interp| interp.read_global(cx, m.str(name))),
            Node::This => cx.this.clone(),
            Node::Super => self.super_object(cx),
            Node::ImportMeta | Node::NewTarget => self.special(m.node(id)),
            Node::Member { object, name } => {
                let object = self.eval(m, cx, object);
                self.at(cx, id, |interp| interp.read_member(&object, m.str(name)))
            }
            Node::Index { object, index } => {
                let object = self.eval(m, cx, object);
                let key = self.eval(m, cx, index);
                self.note_computed_name(m, cx, id, index, !key.is_unknown());
                self.at(cx, id, |interp| interp.get_index(&object, &key))
            }
            Node::Call { .. } | Node::New { .. } | Node::Tagged { .. } => self.eval_call(m, cx, id),
            Node::ImportCall(specifier) => self.import_call(m, cx, id, specifier),
            Node::Unary(op, operand) => self.eval_unary(m, cx, op, operand),
            Node::Binary { op, left, right } => self.eval_binary(m, cx, op, left, right),
            Node::Logical { op, left, right } => self.eval_logical(m, cx, op, left, right),
            Node::Conditional(parts) => self.eval_conditional(m, cx, m.list(parts)),
            Node::Assign { op, target, value } => self.assign(m, cx, op, target, value),
            Node::Update { increment, prefix, target } => self.eval_update(m, cx, increment, prefix, target),
            Node::Sequence(list) => m.list(list).iter().fold(Value::UNDEFINED, |_, &item| self.eval(m, cx, item)),
            Node::Await(inner) => {
                let value = self.eval(m, cx, inner);
                self.settled(&value)
            }
            Node::Yield(inner) => {
                let value = self.eval(m, cx, inner);
                let value = self.settled(&value);
                self.keep_yielded(value.clone());
                value
            }
            Node::Spread(inner) => self.eval(m, cx, inner),
            Node::Function(function) => self.closure(cx, m, function),
            Node::Class { superclass, members } => self.class(m, cx, superclass, members, None),
            Node::Markup(parts) => self.markup(m, cx, m.list(parts)),
            _ => self.eval_statement(m, cx, id),
        }
    }

    fn keywords(&mut self, m: &Module, cx: &Context, properties: Properties) -> Value {
        let keywords = self.object_literal(m, cx, properties);
        if let Kind::Object(id) = keywords.kind {
            self.object_mut(id).class = Class::Keywords;
        }
        keywords
    }

    fn import_call(&mut self, m: &Module, cx: &Context, id: NodeId, specifier: NodeId) -> Value {
        let specifier = self.eval(m, cx, specifier);
        match specifier.exact_str() {
            Some(name) if self.is_python(cx.unit) => {
                let span = m.span(id);
                self.at(cx, id, |interp| interp.python_import(cx, name, span))
            }
            _ => self.at(cx, id, |interp| interp.require_value(&specifier)),
        }
    }

    /// Statements in expression position (a pattern evaluated as a target, a `Declare` in a `for`).
    fn eval_statement(&mut self, m: &Module, cx: &Context, id: NodeId) -> Value {
        match m.node(id) {
            Node::Declare { .. } | Node::Block(_) | Node::If(_) | Node::Loop { .. } | Node::DeclareClass { .. } => {
                self.run(m, cx, &mut super::Activation::default(), id);
                Value::UNDEFINED
            }
            _ => self.unknown(Taint::NONE),
        }
    }

    /// `super`, as an object to read from: what the superclass gives its instances, in a static method itself.
    fn super_object(&mut self, cx: &Context) -> Value {
        match self.superclass_here(cx) {
            Some(superclass) if matches!(superclass.kind, Kind::Object(_)) => match cx.this.kind {
                Kind::Object(id) if matches!(self.object(id).class, Class::Constructor { .. }) => superclass,
                _ => self.get_property(&superclass, "prototype"),
            },
            _ => self.unknown(Taint::NONE),
        }
    }

    fn special(&mut self, node: Node) -> Value {
        match node {
            Node::ImportMeta => self.apis.global("import.meta").map_or(Value::UNKNOWN, Value::api),
            _ => self.unknown(Taint::NONE),
        }
    }

    /// Values of a list with spreads opened; `Err` with the taint if a spread's items are not known.
    pub(crate) fn eval_spread(&mut self, m: &Module, cx: &Context, list: &[NodeId]) -> Result<Vec<Value>, Taint> {
        let mut values = Vec::with_capacity(list.len());
        let mut lost = None;
        for &item in list {
            match m.node(item) {
                Node::Spread(inner) => {
                    let spread = self.eval(m, cx, inner);
                    match self.iterate(&spread) {
                        Some(items) if values.len() + items.len() <= crate::value::MAX_ELEMENTS => values.extend(items),
                        _ => lost = Some(lost.unwrap_or(Taint::NONE).or(self.deep_taint(&spread))),
                    }
                }
                _ => values.push(self.eval(m, cx, item)),
            }
        }
        match lost {
            Some(taint) => Err(values.iter().fold(taint, |taint, value| taint.or(self.deep_taint(value)))),
            None => Ok(values),
        }
    }

    fn object_literal(&mut self, m: &Module, cx: &Context, properties: Properties) -> Value {
        let id = self.alloc(Class::Plain);
        let object = Value::object(id);
        for property in m.properties(properties) {
            let key = match property.key {
                Key::Name(name) => Some(m.shared_str(name)),
                Key::Computed(key) => {
                    let key = self.eval(m, cx, key);
                    self.property_name(&key)
                }
                Key::Spread => {
                    let source = self.eval(m, cx, property.value);
                    self.spread_into(&source, &object);
                    continue;
                }
            };
            let value = self.eval(m, cx, property.value);
            let taint = self.deep_taint(&value);
            let target = self.object_mut(id);
            target.taint = target.taint.or(taint);
            match (key, property.kind) {
                (Some(key), PropertyKind::Get) => target.props.set(key, Slot::Getter(value)),
                (Some(_), PropertyKind::Set) => {}
                (Some(key), _) => target.props.set(key, Slot::Value(value)),
                (None, _) => target.open = true,
            }
        }
        object
    }

    /// `{...source}`: the environment spread is a reading of the whole environment.
    fn spread_into(&mut self, source: &Value, target: &Value) {
        let source = match source.kind {
            Kind::Api(api) => self.enumerate_api(api).tainted(source.taint),
            _ => source.clone(),
        };
        self.copy_properties(&source, target);
    }

    pub(crate) fn closure(&mut self, cx: &Context, m: &Module, function: FunctionId) -> Value {
        let is_arrow = m.function(function).is_arrow;
        let this = is_arrow.then(|| Box::new(cx.this.clone()));
        let id = self.alloc(Class::Closure { unit: cx.unit, function, frame: cx.frame, this });
        self.closures.push(id);
        Value::object(id)
    }

    /// A class, by the name that its own members know it by.
    pub(super) fn class(
        &mut self,
        m: &Module,
        cx: &Context,
        superclass: NodeId,
        members: Properties,
        symbol: Option<SymbolId>,
    ) -> Value {
        let superclass = if superclass.is_nothing() { Value::UNDEFINED } else { self.eval(m, cx, superclass) };
        let prototype = self.alloc(Class::Plain);
        if self.is_callable(&superclass)
            && let Kind::Object(inherited) = self.get_property(&superclass, "prototype").kind
        {
            self.object_mut(prototype).prototype = Some(inherited);
        }
        let class = self.alloc(Class::Constructor { constructor: None, superclass: Box::new(superclass), prototype });
        if let Some(symbol) = symbol {
            self.write_symbol(cx, symbol, Value::object(class));
        }
        let inner = Context { this: Value::object(class), ..cx.clone() };
        // What is static runs when all methods are there (ECMA-262, ClassDefinitionEvaluation).
        let is_late = |member: &&Property| match member.kind {
            PropertyKind::StaticBlock => true,
            PropertyKind::Static => !matches!(m.node(member.value), Node::Function(_)),
            _ => false,
        };
        let members = m.properties(members);
        let (early, late) = (members.iter().filter(|member| !is_late(member)), members.iter().filter(is_late));
        for member in early.chain(late) {
            let key = match member.key {
                Key::Name(name) => Some(m.shared_str(name)),
                Key::Computed(key) => {
                    let key = self.eval(m, cx, key);
                    self.property_name(&key)
                }
                Key::Spread => None,
            };
            let value = self.eval(m, &inner, member.value);
            if let Node::Function(function) = m.node(member.value) {
                self.homes.insert((cx.unit, function), class);
            }
            let home = match member.kind {
                PropertyKind::Constructor => {
                    if let Class::Constructor { constructor, .. } = &mut self.object_mut(class).class {
                        *constructor = Some(Box::new(value));
                    }
                    continue;
                }
                PropertyKind::StaticBlock => {
                    if self.is_callable(&value) {
                        self.call_value(&value, Value::object(class), Vec::new());
                    }
                    continue;
                }
                PropertyKind::Static => class,
                _ => prototype,
            };
            let Some(key) = key else { continue };
            let slot = if member.kind == PropertyKind::Get { Slot::Getter(value) } else { Slot::Value(value) };
            self.object_mut(home).props.set(key, slot);
        }
        if self.is_python(cx.unit)
            && let Some(inherited) = self.object(prototype).prototype
        {
            self.run_hooks(&Value::object(inherited), &["__init_subclass__"]);
        }
        Value::object(class)
    }

    fn markup(&mut self, m: &Module, cx: &Context, parts: &[NodeId]) -> Value {
        let mut taint = Taint::NONE;
        for &part in parts {
            let value = self.eval(m, cx, part);
            taint = taint.or(self.deep_taint(&value));
        }
        self.unknown(taint)
    }

    fn eval_unary(&mut self, m: &Module, cx: &Context, op: UnaryOp, operand: NodeId) -> Value {
        if op == UnaryOp::Delete {
            match m.node(operand) {
                Node::Member { object, name } => {
                    let object = self.eval(m, cx, object);
                    self.delete_property(&object, m.str(name));
                }
                _ => {
                    self.eval(m, cx, operand);
                }
            }
            return Value::bool(true);
        }
        let value = self.eval(m, cx, operand);
        self.unary(op, &value)
    }

    fn delete_property(&mut self, object: &Value, name: &str) {
        if let Kind::Object(id) = object.kind
            && self.uncertain <= self.object(id).depth
        {
            self.object_mut(id).props.remove(name);
        }
    }

    /// Left-deep chains (`a + b + c + …`) are walked in a loop: bundles hold thousands of terms.
    fn eval_binary(&mut self, m: &Module, cx: &Context, op: BinaryOp, left: NodeId, right: NodeId) -> Value {
        if !matches!(m.node(left), Node::Binary { .. }) {
            let left = self.eval(m, cx, left);
            let right = self.eval(m, cx, right);
            return self.binary(op, &left, &right);
        }
        let mut pending = vec![(op, right)];
        let mut leftmost = left;
        while let Node::Binary { op, left, right } = m.node(leftmost) {
            pending.push((op, right));
            leftmost = left;
        }
        let mut value = self.eval(m, cx, leftmost);
        while let Some((op, right)) = pending.pop() {
            let right = self.eval(m, cx, right);
            value = self.binary(op, &value, &right);
        }
        value
    }

    fn eval_logical(&mut self, m: &Module, cx: &Context, op: LogicalOp, left: NodeId, right: NodeId) -> Value {
        let value = self.eval(m, cx, left);
        let keeps_left = match op {
            LogicalOp::And => value.truth().map(|truth| !truth),
            LogicalOp::Or => value.truth(),
            LogicalOp::Coalesce => value.is_nullish().map(|nullish| !nullish),
        };
        match keeps_left {
            Some(true) => value,
            Some(false) => self.eval(m, cx, right),
            None => {
                let other = self.perhaps(|interp| interp.eval(m, cx, right));
                self.join_default(&value, &other)
            }
        }
    }

    /// `unknown || []`: an empty default tells nothing of what is there otherwise.
    fn join_default(&self, value: &Value, default: &Value) -> Value {
        match value.is_unknown() && self.elements(default).is_some_and(|items| items.is_empty()) {
            true => value.clone().tainted(default.taint),
            false => join(value, default),
        }
    }

    fn eval_conditional(&mut self, m: &Module, cx: &Context, parts: &[NodeId]) -> Value {
        let &[test, yes, no] = parts else { return Value::UNKNOWN };
        match self.eval(m, cx, test).truth() {
            Some(true) => self.eval(m, cx, yes),
            Some(false) => self.eval(m, cx, no),
            None => {
                let first = self.perhaps(|interp| interp.eval(m, cx, yes));
                let second = self.perhaps(|interp| interp.eval(m, cx, no));
                if first.is_unknown() { self.join_default(&first, &second) } else { self.join_default(&second, &first) }
            }
        }
    }

    fn eval_update(&mut self, m: &Module, cx: &Context, increment: bool, prefix: bool, target: NodeId) -> Value {
        let old = self.eval(m, cx, target);
        let number = self.number_of(&old).filter(|_| !self.forget_count(m, cx, target));
        let Some(number) = number else {
            let value = self.unknown(old.taint);
            self.bind_pattern(m, cx, target, value.clone());
            return value;
        };
        let new = Value::number(if increment { number + 1.0 } else { number - 1.0 }).tainted(old.taint);
        self.bind_pattern(m, cx, target, new.clone());
        if prefix { new } else { Value::number(number).tainted(old.taint) }
    }

    /// What `await` gives.
    pub(crate) fn settled(&self, value: &Value) -> Value {
        match &value.kind {
            Kind::Object(id) => match &self.object(*id).class {
                Class::Promise(inner) => (**inner).clone().tainted(value.taint),
                _ => value.clone(),
            },
            _ => value.clone(),
        }
    }

    /// Joins string parts, spreading one level of alternatives out.
    pub(crate) fn concat_alternatives(&mut self, parts: &[Value]) -> Value {
        match parts.iter().position(|part| matches!(part.kind, Kind::OneOf(_))) {
            None => self.concat(parts),
            Some(at) => {
                let mut result: Option<Value> = None;
                for alternative in parts[at].alternatives().to_vec() {
                    let mut chosen = parts.to_vec();
                    chosen[at] = alternative;
                    let text = if chosen.iter().filter(|part| matches!(part.kind, Kind::OneOf(_))).count() > 2 {
                        self.concat(&chosen)
                    } else {
                        self.concat_alternatives(&chosen)
                    };
                    result = Some(result.map_or_else(|| super::property::perhaps(text.clone()), |r| join(&r, &text)));
                }
                result.unwrap_or(Value::UNKNOWN)
            }
        }
    }
}
