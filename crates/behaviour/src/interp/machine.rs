//! Generators and async functions as compilers write them for old engines: one function that is a `switch` over a
//! label, run again and again by a helper (TypeScript's `__generator`, regenerator, Babel's `_regenerator`). The helpers
//! keep their state in closures that a run with anything unknown in it cannot follow, so the helper is not run: the cases
//! are, once each in their order, which is that of the source.

use std::rc::Rc;

use vetch_syntax::ir::{FunctionId, LoopKind, Module, Node, NodeId, SymbolId};

use super::property::perhaps;
use super::{Activation, Completion, Context, FrameId, Interp, UnitId};
use crate::value::{Class, Kind, ObjectId, Slot, Value, join};

/// Method that gives what it was made of: `_a.sent()`.
pub(super) const ITSELF: &str = "@@itself";

/// Method that makes an instruction of its arguments: `_context.abrupt("return", value)`.
pub(super) const INSTRUCTION: &str = "@@instruction";

/// What a generator that has ended gives.
pub(super) const RETURNED: &str = "@@returned";

/// Most values of a generator that are kept; its loops end there.
const MAX_YIELDS: usize = 256;

/// Which compiler's conventions hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    /// `return [4, value]`, `_a.sent()`
    Instructions,
    /// `_context.next = 3; return value`, `_context.sent`
    Assignments,
}

/// A function that is such a switch.
struct Machine {
    unit: UnitId,
    function: FunctionId,
    frame: FrameId,
    /// The switch: what it is over, then the cases.
    switch: Vec<NodeId>,
    dialect: Dialect,
}

/// How one case ended.
struct Step {
    /// What it gave to whoever drives the generator.
    yielded: Option<Value>,
    /// What it returned for good.
    returned: Option<Value>,
    /// The label it certainly goes on with.
    jump: Option<f64>,
}

impl Interp<'_> {
    /// The result of a call that is given such a function: what its generator yields and returns.
    pub(super) fn run_machine_among(&mut self, this: &Value, args: &[Value]) -> Option<Value> {
        let machine = args.iter().take(2).find_map(|arg| self.machine_of(arg))?;
        let bound = args.first().filter(|_| machine.dialect == Dialect::Instructions).unwrap_or(this).clone();
        Some(self.run_machine(&machine, bound))
    }

    fn machine_of(&self, value: &Value) -> Option<Machine> {
        let Kind::Object(id) = value.kind else { return None };
        let Class::Closure { unit, function, frame, .. } = self.object(id).class else { return None };
        let (switch, dialect) = switch_of(&self.unit(unit).module, function)?;
        Some(Machine { unit, function, frame, switch, dialect })
    }

    fn run_machine(&mut self, machine: &Machine, this: Value) -> Value {
        let m = self.unit(machine.unit).module.clone();
        if self.call_depth >= super::MAX_CALL_DEPTH || self.record(machine.unit, machine.function).active > 0 {
            return self.unknown(crate::value::Taint::NONE);
        }
        let state = self.machine_state(machine.dialect);
        let frame = self.push_frame(&m, machine.unit, machine.function, machine.frame);
        let cx = Context { unit: machine.unit, frame, this };
        let parameter = m.list(m.function(machine.function).params)[0];
        self.bind_pattern(&m, &cx, parameter, Value::object(state));
        let body = m.list(m.function(machine.function).body);
        self.hoist(&m, &cx, body);
        self.call_depth += 1;
        let record = self.record(machine.unit, machine.function);
        record.executed = true;
        record.active += 1;
        let (yields, returned) = self.run_cases(&m, &cx, machine, state);
        self.record(machine.unit, machine.function).active -= 1;
        self.call_depth -= 1;
        self.generator_result(yields, returned)
    }

    /// The object that the switch is over.
    fn machine_state(&mut self, dialect: Dialect) -> ObjectId {
        let state = self.alloc(Class::Plain);
        let attempts = self.array(Vec::new());
        self.object_mut(state).props.set(Rc::from("trys"), Slot::Value(attempts));
        let instruction = self.method(&Value::object(state), INSTRUCTION);
        for name in ["abrupt", "a"] {
            self.object_mut(state).props.set(Rc::from(name), Slot::Value(instruction.clone()));
        }
        self.send(state, dialect, &Value::UNDEFINED);
        state
    }

    /// What the next case finds as the result of its `yield`.
    fn send(&mut self, state: ObjectId, dialect: Dialect, value: &Value) {
        let sent = match dialect {
            Dialect::Instructions => self.method(value, ITSELF),
            Dialect::Assignments => value.clone(),
        };
        let taint = self.deep_taint(value);
        let object = self.object_mut(state);
        object.taint = object.taint.or(taint);
        for name in ["sent", "v"] {
            object.props.set(Rc::from(name), Slot::Value(sent.clone()));
        }
    }

    fn run_cases(&mut self, m: &Module, cx: &Context, machine: &Machine, state: ObjectId) -> (Vec<Value>, Value) {
        let mut yields = Vec::new();
        let mut returned: Option<Value> = None;
        // The label up to which cases are not on the way, and whether the way is known at all.
        let (mut skipping, mut lost): (Option<f64>, bool) = (None, false);
        for &case in machine.switch.iter().skip(1) {
            let Node::Case(list) = m.node(case) else { continue };
            let Some((&test, statements)) = m.list(list).split_first() else { continue };
            let label = match m.node(test) {
                Node::Number(label) => Some(label),
                _ => None,
            };
            if skipping.is_some() && skipping == label {
                skipping = None;
            }
            let forks = self.forks;
            let step = match skipping.is_some() || lost {
                true => self.perhaps(|interp| interp.run_case_of(m, cx, machine, state, statements)),
                false => self.run_case_of(m, cx, machine, state, statements),
            };
            lost |= self.forks != forks && skipping.is_none();
            if let Some(value) = step.yielded {
                let value = self.settled(&value);
                self.send(state, machine.dialect, &value);
                if yields.len() < MAX_YIELDS {
                    yields.push(value);
                }
            }
            if let Some(value) = step.returned {
                returned = Some(returned.map_or_else(|| value.clone(), |earlier| join(&earlier, &value)));
            }
            skipping = skipping.or(step.jump.filter(|&to| !lost && label.is_some_and(|at| to > at)));
        }
        (yields, returned.unwrap_or(Value::UNDEFINED))
    }

    fn run_case_of(
        &mut self,
        m: &Module,
        cx: &Context,
        machine: &Machine,
        state: ObjectId,
        statements: &[NodeId],
    ) -> Step {
        let mut step = Step { yielded: None, returned: None, jump: None };
        let mut activation = Activation::default();
        let completion = self.run_statements(m, cx, &mut activation, statements);
        let Some(given) = activation.returned else {
            if completion == Completion::Break(None) {
                step.jump = self.label_of(state);
            }
            return step;
        };
        for value in given.alternatives().to_vec() {
            let (what, operand) = match self.elements(&value) {
                Some(items) if machine.dialect == Dialect::Instructions || self.is_instruction(&value) => {
                    (items.first().cloned(), items.get(1).cloned().unwrap_or(Value::UNDEFINED))
                }
                _ => (None, value),
            };
            let name = what.and_then(|what| self.to_text(&what));
            match name.as_deref() {
                Some("2" | "return") => step.returned = Some(perhaps_joined(step.returned.take(), operand)),
                Some("3" | "break" | "continue") => step.jump = operand.to_number().filter(|_| step.jump.is_none()),
                Some("4" | "5") | None => {
                    step.yielded = Some(perhaps_joined(step.yielded.take(), operand));
                    if machine.dialect == Dialect::Assignments {
                        step.jump = self.label_of(state);
                    }
                }
                _ => {}
            }
        }
        step
    }

    /// The label that was assigned last.
    fn label_of(&mut self, state: ObjectId) -> Option<f64> {
        ["next", "n"].iter().find_map(|name| self.get_property(&Value::object(state), name).to_number())
    }

    /// An instruction of [`INSTRUCTION`].
    pub(super) fn instruction(&mut self, args: Vec<Value>) -> Value {
        let instruction = self.array(args);
        if let Kind::Object(id) = instruction.kind {
            self.object_mut(id).props.set(Rc::from(INSTRUCTION), Slot::Value(Value::bool(true)));
        }
        instruction
    }

    fn is_instruction(&self, value: &Value) -> bool {
        matches!(value.kind, Kind::Object(id) if self.object(id).props.get(INSTRUCTION).is_some())
    }

    /// A generator that has run: the list of what it yields, which ends with what it returned.
    pub(super) fn generator_result(&mut self, mut yields: Vec<Value>, returned: Value) -> Value {
        yields.truncate(MAX_YIELDS);
        let taint = self.deep_taint(&returned);
        let generator = self.array(yields);
        if let Kind::Object(id) = generator.kind {
            let object = self.object_mut(id);
            object.taint = object.taint.or(taint);
            object.props.set(Rc::from(RETURNED), Slot::Value(returned));
        }
        generator
    }

    /// Whether an array stands for a generator that has run.
    pub(crate) fn is_iterated(&self, id: ObjectId) -> bool {
        self.object(id).props.get(RETURNED).is_some()
    }

    /// `generator.next()`: those who drive a generator want its end; those who go over it do not call this.
    pub(crate) fn generator_next(&mut self, id: ObjectId) -> Option<Value> {
        let Some(Slot::Value(returned)) = self.object(id).props.get(RETURNED) else { return None };
        let returned = returned.clone();
        let Class::Array(items) = &self.object(id).class else { return None };
        let (value, done) = match (&returned.kind, items.first()) {
            (Kind::Undefined, Some(first)) => (first.clone(), self.unknown(crate::value::Taint::NONE)),
            _ => (returned, Value::bool(true)),
        };
        Some(self.iteration(value, done))
    }

    /// What `next` gives.
    pub(crate) fn iteration(&mut self, value: Value, done: Value) -> Value {
        let result = Value::object(self.alloc(Class::Plain));
        self.set_property(&result, "value", value);
        self.set_property(&result, "done", done);
        result
    }

    /// Keeps what the running generator yields.
    pub(super) fn keep_yielded(&mut self, value: Value) {
        if let Some(yields) = self.yields.last_mut()
            && yields.len() < MAX_YIELDS
        {
            yields.push(value);
        }
    }

    /// Whether the running generator has yielded all that is kept.
    pub(super) fn yielded_enough(&self) -> bool {
        self.yields.last().is_some_and(|yields| yields.len() >= MAX_YIELDS)
    }
}

fn perhaps_joined(earlier: Option<Value>, value: Value) -> Value {
    match earlier {
        Some(earlier) => join(&earlier, &perhaps(value)),
        None => value,
    }
}

/// The switch that a function consists of, if it is one over its parameter's label.
fn switch_of(m: &Module, function: FunctionId) -> Option<(Vec<NodeId>, Dialect)> {
    let f = m.function(function);
    let &[parameter] = m.list(f.params) else { return None };
    let Node::Var(parameter) = m.node(parameter) else { return None };
    let &last = m.list(f.body).last()?;
    let (switch, looped) = match m.node(last) {
        Node::Loop { kind: LoopKind::While, parts } => (*m.list(parts).get(1)?, true),
        Node::Loop { kind: LoopKind::For, parts } => (*m.list(parts).get(3)?, true),
        _ => (last, false),
    };
    let switch = match m.node(switch) {
        Node::Block(list) => *m.list(list).first()?,
        _ => switch,
    };
    let Node::Switch(parts) = m.node(switch) else { return None };
    let parts = m.list(parts).to_vec();
    let over = member_of(m, *parts.first()?, parameter)?;
    let dialect = match (looped, over) {
        (false, "label") => Dialect::Instructions,
        (true, "prev" | "next" | "p" | "n") => Dialect::Assignments,
        _ => return None,
    };
    Some((parts, dialect))
}

/// The name in `parameter.name` or `parameter.name = …`.
fn member_of(m: &Module, node: NodeId, parameter: SymbolId) -> Option<&str> {
    let node = match m.node(node) {
        Node::Assign { target, .. } => target,
        _ => node,
    };
    match m.node(node) {
        Node::Member { object, name } if matches!(m.node(object), Node::Var(symbol) if symbol == parameter) => {
            Some(m.str(name))
        }
        _ => None,
    }
}
