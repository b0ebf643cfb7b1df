//! Runs of functions: which are made, what stands in for the others, and how one goes.

use vetch_syntax::ir::{FunctionId, Language, Module, Node, NodeId, TOP_LEVEL};

use super::given::name_of;
use super::property::perhaps;
use super::signature::GENERIC;
use super::{Activation, Completion, Context, Frame, FrameId, Interp, MAX_CALL_DEPTH, UnitId};
use crate::value::{Class, Kind, ObjectId, Slot, Value, join};

/// Most runs of one function with arguments that are only partly known.
const MAX_PARTICULAR_RUNS: u32 = 12;

/// Most runs of one function with exact arguments: decoders are called thousands of times.
const MAX_EXACT_RUNS: u32 = 20_000;

/// So often an inert function is run with exact arguments to see whether it decodes.
const MAX_TRIES: u32 = 1;

/// In code that was written not to be read operators and calls hide in small functions, each used in many places:
/// so many nodes make one small, and so many runs of it are made.
const SMALL: u32 = 24;
const MAX_SMALL_RUNS: u32 = 4096;

/// Most objects that one constructor builds from arguments that are only partly known.
const MAX_BUILDS: u32 = 20_000;

/// How deep and how wide a value is looked into for something that may act.
const ACT_DEPTH: u32 = 2;
const ACT_WIDTH: usize = 64;

/// How deep calls that are not run may nest in what they were given.
const MAX_STAND_INS: u32 = 4;

/// Deepest recursion of one function.
const MAX_RECURSION: u16 = 16;

impl Interp<'_> {
    /// Runs a function, unless that would tell nothing new.
    ///
    /// Every function runs once with nothing known about its arguments; that run
    /// stands for all others. Runs with particular arguments only add precision:
    /// they are made while their budget lasts. Exact arguments (decoders called
    /// with constants) always run anew, since what they read may have changed.
    /// Inert functions run for the sake of their values: within a budget of their
    /// own, decoders excepted, and once at least where `this` may have effects.
    pub(super) fn call_closure(
        &mut self,
        unit: UnitId,
        function: FunctionId,
        frame: FrameId,
        this: Value,
        args: Vec<Value>,
    ) -> Value {
        let exact = match args.is_empty() {
            false => args.iter().all(is_exact),
            // `(f(c) for c in s)` in a decoder: it is given nothing, but reads what its decoder was given.
            true => self.in_decoder && self.frames[frame.0 as usize].function != TOP_LEVEL,
        };
        let signature = self.signature_in(unit, function, frame, &args);
        let record = self.record(unit, function);
        let (runs, recursion, gives_text) = (record.particular_runs, record.active, record.gives_text);
        let known = self.known_result(unit, function, signature);
        let small = self.fuel.has_decoders() && self.is_small(unit, function);
        let most = if small { MAX_SMALL_RUNS } else { MAX_PARTICULAR_RUNS };
        let run = match (exact, signature) {
            (true, _) => runs < MAX_EXACT_RUNS && self.fuel.exact_steps > 0,
            // What another run has built is another object.
            (false, _) if known.is_some() && self.is_blank(&this) && self.are_given(&args) => {
                runs < MAX_BUILDS && self.fuel.particular_steps > 0
            }
            (false, GENERIC) => known.is_none(),
            (false, _) => known.is_none() && runs < most && self.fuel.particular_steps > 0,
        };
        let for_value = !small
            && self.is_inert(unit, function)
            && match (exact, signature) {
                (true, _) => !gives_text && runs >= MAX_TRIES,
                (false, GENERIC) => !self.may_act(&this, ACT_DEPTH),
                (false, _) => true,
            };
        let run = run && (!for_value || self.fuel.inert_steps > 0);
        if !run || recursion >= MAX_RECURSION || self.call_depth >= MAX_CALL_DEPTH || self.fuel.steps == 0 {
            return self.stand_in(unit, function, frame, this, &args, known);
        }
        if !exact {
            // A recursive call with the same arguments sees this placeholder.
            self.remember(unit, function, signature, Value::UNKNOWN);
        }
        if signature != GENERIC || known.is_some() {
            self.record(unit, function).particular_runs += 1;
        }
        let (before, decoded) = (self.fuel.steps, self.decoding_steps);
        let pays = for_value && !self.in_inert;
        self.in_inert |= pays;
        let decodes = exact && gives_text && !self.in_decoder;
        self.in_decoder |= decodes;
        let value = self.run_function(unit, function, frame, this, args);
        let used = before.saturating_sub(self.fuel.steps);
        if decodes {
            self.in_decoder = false;
            self.decoding_steps += used;
        }
        // Decoders are paid for by what calls them exactly.
        let own = used.saturating_sub(self.decoding_steps - decoded);
        if pays {
            self.in_inert = false;
            self.fuel.inert_steps = self.fuel.inert_steps.saturating_sub(own);
        }
        if exact {
            self.record(unit, function).gives_text |= matches!(value.kind, Kind::Str(_) | Kind::Bytes(_));
        }
        match (exact, signature) {
            (true, _) => self.fuel.exact_steps = self.fuel.exact_steps.saturating_sub(used),
            (false, GENERIC) => {}
            (false, _) => self.fuel.particular_steps = self.fuel.particular_steps.saturating_sub(own),
        }
        if !exact {
            self.remember(unit, function, signature, value.clone());
        }
        value
    }

    /// Whether a function only forwards: a call, an operator, a name by another name.
    fn is_small(&self, unit: UnitId, function: FunctionId) -> bool {
        let nodes = &self.unit(unit).module.function(function).nodes;
        nodes.end.saturating_sub(nodes.start) <= SMALL
    }

    /// Whether arguments are known to the last: plain values and functions.
    fn are_given(&self, args: &[Value]) -> bool {
        args.iter().all(|arg| match arg.kind {
            Kind::Object(id) => matches!(self.object(id).class, Class::Closure { .. }),
            _ => is_exact(arg),
        })
    }

    /// Whether a value is an object that is being constructed: of a class, and still empty.
    fn is_blank(&self, this: &Value) -> bool {
        let Kind::Object(id) = this.kind else { return false };
        let object = self.object(id);
        matches!(object.class, Class::Plain) && object.prototype.is_some() && object.props.entries.is_empty()
    }

    /// Keeps the result of a run for calls like it.
    fn remember(&mut self, unit: UnitId, function: FunctionId, signature: u64, value: Value) {
        match signature {
            GENERIC => self.record(unit, function).generic = Some(value),
            _ => drop(self.results.insert((unit, function, signature), value)),
        }
    }

    /// `@decorator` on a function. Most wrap what they are given; that is not called for it. One that is used more often
    /// than it is run does what it did before: if it called what it was given, so it does with this.
    pub(crate) fn decorate(&mut self, decorator: &Value, function: &Value) -> Value {
        if let Kind::OneOf(decorators) = &decorator.kind {
            let each = decorators.iter().map(|one| self.perhaps(|interp| interp.decorate(one, function)));
            return each.reduce(|earlier, one| join(&earlier, &one)).unwrap_or(Value::UNKNOWN);
        }
        let args = vec![function.clone()];
        let Some(own) = self.closure_place(decorator) else {
            return self.call_value(decorator, Value::UNDEFINED, args);
        };
        if self.record(own.0, own.1).particular_runs >= MAX_PARTICULAR_RUNS || self.fuel.particular_steps == 0 {
            if self.eager_decorators.contains(&own) {
                self.call_value(function, Value::UNDEFINED, vec![Value::UNKNOWN]);
            }
            return function.clone();
        }
        let given = function.alternatives().iter().find_map(|function| self.closure_place(function));
        let was_run = given.is_none_or(|given| self.record(given.0, given.1).executed);
        let value = self.call_value(decorator, Value::UNDEFINED, args);
        if !was_run && given.is_some_and(|given| self.record(given.0, given.1).executed) {
            self.eager_decorators.insert(own);
        }
        value
    }

    pub(super) fn closure_place(&self, value: &Value) -> Option<(UnitId, FunctionId)> {
        let Kind::Object(id) = value.kind else { return None };
        match self.object(id).class {
            Class::Closure { unit, function, .. } => Some((unit, function)),
            _ => None,
        }
    }

    /// The result of a call that is not run: that of the run that stands for it, made now if there is none yet.
    fn stand_in(
        &mut self,
        unit: UnitId,
        function: FunctionId,
        frame: FrameId,
        this: Value,
        args: &[Value],
        known: Option<Value>,
    ) -> Value {
        let taint = args.iter().fold(this.taint, |taint, arg| taint.or(self.deep_taint(arg)));
        match known.as_ref().filter(|_| args.is_empty()) {
            // Given nothing it gives the same object again: the table of strings of a decoder.
            Some(same) if matches!(same.kind, Kind::Object(_)) => {}
            // A plain value may be another one: to a loop that ends by it that is not known.
            Some(plain) if is_exact(plain) => self.doubt_loops(),
            _ => self.doubt(),
        }
        // What it was given may be called all the same. Bound functions may hold themselves.
        if self.stand_ins < MAX_STAND_INS && self.call_depth < MAX_CALL_DEPTH {
            self.stand_ins += 1;
            self.invoke_callbacks(args, taint);
            self.stand_ins -= 1;
        }
        let generic = known.or_else(|| self.record(unit, function).generic.clone());
        let is_spared = self.fuel.inert_steps == 0 && self.is_inert(unit, function) && !self.may_act(&this, ACT_DEPTH);
        if generic.is_none() && is_spared {
            return Value::unknown(taint);
        }
        let value = match generic {
            Some(value) => value,
            None if self.call_depth < MAX_CALL_DEPTH
                && self.fuel.steps > 0
                && self.record(unit, function).active == 0 =>
            {
                // Whose variables it closes over does not matter to a run that stands for all.
                let frame = self.record(unit, function).first_parent.unwrap_or(frame);
                // Nor that a decoder calls it, which would have it run exactly, or not at all.
                let before = std::mem::replace(&mut self.in_decoder, false);
                let value = self.call_closure(unit, function, frame, this, Vec::new());
                self.in_decoder = before;
                value
            }
            None => Value::UNKNOWN,
        };
        value.tainted(taint)
    }

    /// Whether a value may be, or hold, something that has effects when it is used.
    fn may_act(&self, value: &Value, depth: u32) -> bool {
        if !value.taint.is_empty() {
            return true;
        }
        let id = match &value.kind {
            Kind::Object(id) => *id,
            Kind::OneOf(values) => return values.iter().any(|value| self.may_act(value, depth)),
            kind => return matches!(kind, Kind::Api(_)),
        };
        let object = self.object(id);
        let items: &[Value] = match &object.class {
            Class::Plain => &[],
            Class::Array(items) => items,
            Class::Closure { unit, function, .. } => return !self.is_inert(*unit, *function),
            _ => return true,
        };
        let slots = object.props.entries.iter().map(|(_, slot)| match slot {
            Slot::Value(value) | Slot::Getter(value) => value,
        });
        !object.taint.is_empty()
            || items.len() + object.props.entries.len() > ACT_WIDTH
            || items.iter().chain(slots).any(|held| {
                matches!(held.kind, Kind::Object(_)) && depth == 0 || depth > 0 && self.may_act(held, depth - 1)
            })
    }

    pub(super) fn run_function(
        &mut self,
        unit: UnitId,
        function: FunctionId,
        parent: FrameId,
        this: Value,
        args: Vec<Value>,
    ) -> Value {
        let m = self.unit(unit).module.clone();
        let f = m.function(function);
        let generic = args.iter().all(|arg| arg.is_unknown());
        let frame = self.push_frame(&m, unit, function, parent);
        if f.uses_arguments && !f.is_arrow {
            let arguments = self.alloc(Class::Array(args.clone()));
            self.frames[frame.0 as usize].arguments = Some(arguments);
        }
        let this = match this.kind {
            Kind::Undefined if !m.is_esm => self.apis.global("globalThis").map_or(Value::UNKNOWN, Value::api),
            _ => this,
        };
        let cx = Context { unit, frame, this };
        self.call_depth += 1;
        let record = self.record(unit, function);
        record.executed = true;
        record.active += 1;
        self.bind_parameters(&m, &cx, m.list(f.params), args, generic);
        if let Some(symbol) = f.symbol
            && m.symbol(symbol).function == function
        {
            let itself = self.closure(&Context { frame: parent, ..cx.clone() }, &m, function);
            self.write_symbol(&cx, symbol, itself);
        }
        self.hoist(&m, &cx, m.list(f.body));
        let mut activation = Activation::default();
        if f.is_generator {
            self.yields.push(Vec::new());
        }
        let answering = self.given.answering;
        let completion = self.run_statements(&m, &cx, &mut activation, m.list(f.body));
        self.given.answering = answering;
        self.call_depth -= 1;
        self.record(unit, function).active -= 1;
        let value = match (activation.returned, completion) {
            (Some(value), Completion::Return) => value,
            (Some(value), _) => perhaps(value),
            (None, _) => Value::UNDEFINED,
        };
        match f.is_generator {
            true => {
                let yields = self.yields.pop().unwrap_or_default();
                self.generator_result(yields, value)
            }
            false => value,
        }
    }

    /// The variables of a run that begins.
    pub(super) fn push_frame(&mut self, m: &Module, unit: UnitId, function: FunctionId, parent: FrameId) -> FrameId {
        let f = m.function(function);
        let frame = FrameId(self.frames.len() as u32);
        // An arrow function has no `arguments` of its own.
        let arguments = if f.is_arrow { self.frames[parent.0 as usize].arguments } else { None };
        let (slots, depth) = (vec![Value::UNDEFINED; f.frame_size as usize], self.uncertain);
        self.frames.push(Frame { unit, function, parent, slots, depth, arguments });
        frame
    }

    fn bind_parameters(&mut self, m: &Module, cx: &Context, params: &[NodeId], args: Vec<Value>, generic: bool) {
        if m.language == Language::Python {
            return self.bind_python_parameters(m, cx, params, args, generic);
        }
        for (index, &param) in params.iter().enumerate() {
            let is_told = args.get(index).is_some_and(|arg| !arg.taint.is_empty());
            let value = match m.node(param) {
                _ if generic && !is_told => self.given(m, cx, param, index, params.len()),
                Node::Spread(_) => {
                    let rest = args.get(index..).unwrap_or_default().to_vec();
                    self.array(rest)
                }
                _ => match args.get(index) {
                    Some(value) => value.clone(),
                    None if generic => Value::UNKNOWN,
                    None => Value::UNDEFINED,
                },
            };
            self.bind_pattern(m, cx, param, value);
        }
    }

    /// Positional arguments in order, then keyword arguments by name (Python reference, 6.3.4).
    fn bind_python_parameters(&mut self, m: &Module, cx: &Context, params: &[NodeId], args: Vec<Value>, generic: bool) {
        let (args, keywords) = self.without_keywords(args);
        let mut positional = args.into_iter();
        for (index, &param) in params.iter().enumerate() {
            let (target, value) = match m.node(param) {
                Node::Spread(inner) => match m.node(inner) {
                    Node::Spread(target) => (target, self.keyword_rest(keywords)),
                    _ => {
                        let rest = positional.by_ref().collect();
                        (inner, self.array(rest))
                    }
                },
                _ => {
                    let given = positional.next().or_else(|| self.keyword_argument(m, param, keywords));
                    let value = match given {
                        // Called by somebody who is not there, perhaps as a method of something.
                        Some(given) if generic && matches!(given.kind, Kind::Unknown) && given.taint.is_empty() => None,
                        given => given,
                    };
                    let value = value.unwrap_or_else(|| match generic {
                        true => self.given(m, cx, param, index, params.len()),
                        false => Value::UNDEFINED,
                    });
                    (param, value)
                }
            };
            let is_rest = target != param;
            let value = if is_rest && generic { self.given_rest(m, cx, target) } else { value };
            self.bind_pattern(m, cx, target, value);
        }
    }

    /// The keyword arguments as `**rest` has them.
    fn keyword_rest(&mut self, keywords: Option<ObjectId>) -> Value {
        let rest = Value::object(self.alloc(Class::Plain));
        if let Some(keywords) = keywords {
            self.copy_properties(&Value::object(keywords), &rest);
        }
        rest
    }

    /// The keyword argument of a parameter's name.
    fn keyword_argument(&self, m: &Module, param: NodeId, keywords: Option<ObjectId>) -> Option<Value> {
        self.keyword(keywords?, name_of(m, param)?)
    }

    /// Whether running a function by itself can have no effects.
    pub(super) fn is_inert(&self, unit: UnitId, function: FunctionId) -> bool {
        self.unit(unit).inert.as_ref().is_some_and(|inert| inert[function.index()])
    }

    /// Runs every function that nothing has called, with nothing known of its arguments.
    pub(crate) fn run_uncalled(&mut self) {
        let mut next = 0;
        while next < self.closures.len() && self.fuel.steps > 0 {
            let id = self.closures[next];
            next += 1;
            let Class::Closure { unit, function, frame, ref this } = self.object(id).class else { continue };
            let this = this.as_ref().map(|this| (**this).clone());
            if !self.record(unit, function).executed && self.closure_may_act(unit, function, frame) {
                // By whom it is called, and how often, is not known.
                self.before_others = (self.frames.len(), self.heap.len());
                let this = this.unwrap_or_else(|| self.given_receiver(unit, function));
                self.call_closure(unit, function, frame, this, Vec::new());
                self.before_others = (0, 0);
            }
        }
    }
}

/// A primitive without unknown parts.
fn is_exact(value: &Value) -> bool {
    match &value.kind {
        Kind::Str(_) => value.exact_str().is_some(),
        Kind::Undefined | Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Bytes(_) => true,
        _ => false,
    }
}
