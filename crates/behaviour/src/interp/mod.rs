//! Abstract execution of the IR: values are concrete where the code makes them
//! so and unknown elsewhere. Where a condition is unknown, both branches run,
//! one after the other, and what they write is joined. Nothing outside the
//! interpreter's own heap is ever touched; all work is bounded by fuel.

mod assign;
mod call;
mod callbacks;
mod expression;
mod fuel;
mod function;
mod given;
mod hooks;
mod keys;
mod loops;
mod machine;
mod module;
mod names;
mod operators;
mod property;
mod proxy;
mod rounds;
mod scopes;
mod signature;
mod statement;
mod unowned;

pub(crate) use operators::to_int32;
pub(crate) use property::perhaps;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use rustc_hash::FxHashMap;
use vetch_model::Span;
use vetch_model::capability::Trigger;
use vetch_syntax::ir::{FunctionId, Module, NodeId};

pub(crate) use fuel::Fuel;
use given::Given;
pub(crate) use given::{CREDENTIAL, WHOLE_REQUEST};
pub(crate) use loops::is_hang;
pub(crate) use names::{ComputedName, Names};
pub(crate) use unowned::is_unmistakable;

use crate::apis::Apis;
use crate::effects::{Effects, LayerMet};
use crate::package::Package;
use crate::value::{Class, Kind, Object, ObjectId, Props, Taint, Value};

/// Index into [`Interp::units`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct UnitId(pub u32);

/// Index into [`Interp::frames`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FrameId(pub u32);

/// A module of the package, or a layer decoded from one.
pub(crate) struct Unit {
    pub module: Rc<Module>,
    /// Index of the shipped file in the package.
    pub file: usize,
    /// 0 = as shipped.
    pub layer: u8,
    /// For a layer: what produced it.
    pub origin: Option<Origin>,
    /// Source text of a layer, for excerpts.
    pub source: Option<Rc<str>>,
    /// `module` object; its `exports` property is what `require` gives.
    pub module_object: Option<ObjectId>,
    pub frame: FrameId,
    pub state: UnitState,
    /// Which functions cannot have effects; `None` for layers, which all run.
    pub inert: Option<Rc<Vec<bool>>>,
    /// What is known of each function from its runs.
    pub records: Vec<Record>,
    /// Namespaces whose names count as its own: `from x import *`. Python.
    pub stars: Vec<Value>,
    /// Run by itself, not imported: `__name__` is `"__main__"`. Python.
    pub is_main: bool,
}

/// What is known of a function from its runs in one realm.
#[derive(Clone, Default)]
pub(crate) struct Record {
    pub executed: bool,
    /// Runs that are under way.
    pub active: u16,
    /// Runs with arguments that say something.
    pub particular_runs: u32,
    /// The result of the run with nothing known of its arguments.
    pub generic: Option<Value>,
    /// A run has made text: it may be a decoder.
    pub gives_text: bool,
    /// Where the variables live that it closed over when it first ran.
    pub first_parent: Option<FrameId>,
    /// It asked to be run again, and was.
    pub was_resumed: bool,
}

/// Where a layer was produced; its free names are looked up there, as direct `eval` does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin {
    pub unit: UnitId,
    pub node: NodeId,
    pub frame: FrameId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnitState {
    Fresh,
    Running,
    Done,
}

/// The variables of one run of a function.
pub(crate) struct Frame {
    pub unit: UnitId,
    pub function: FunctionId,
    pub parent: FrameId,
    pub slots: Vec<Value>,
    /// How uncertain the path was on which the frame was made.
    pub depth: u32,
    pub arguments: Option<ObjectId>,
}

/// Where execution is.
#[derive(Clone)]
pub(crate) struct Context {
    pub unit: UnitId,
    pub frame: FrameId,
    pub this: Value,
}

/// The expression being evaluated: where effects are recorded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Site {
    pub unit: UnitId,
    pub frame: FrameId,
    pub node: NodeId,
}

/// What one run of a function gives back.
#[derive(Default)]
pub(crate) struct Activation {
    pub returned: Option<Value>,
}

/// How a statement ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Completion {
    Normal,
    Return,
    Throw,
    Break(Option<vetch_syntax::ir::StrId>),
    Continue(Option<vetch_syntax::ir::StrId>),
}

/// Deepest nesting of calls.
const MAX_CALL_DEPTH: usize = 96;

/// Deepest nesting of evaluation as a whole: what [`vetch_syntax::limits::STACK_BYTES`] holds.
const MAX_NESTING: u32 = 12_000;

/// One realm: a heap, loaded modules, and what they did.
pub(crate) struct Interp<'p> {
    pub package: &'p Package,
    pub apis: &'static Apis,
    pub units: Vec<Unit>,
    pub unit_of_file: FxHashMap<usize, UnitId>,
    pub frames: Vec<Frame>,
    pub heap: Vec<Object>,
    /// Properties that code put on the global object.
    pub globals: HashMap<Rc<str>, Value>,
    /// Files that the code has written, by path, as far as they are known.
    pub written_files: HashMap<Rc<str>, Value>,
    pub effects: Effects,
    pub here: Site,
    pub trigger: Trigger,
    pub fuel: Fuel,
    /// How many unknown conditions the current path has taken.
    pub uncertain: u32,
    /// Counts results that are not known, to tell exact runs from others.
    pub unknowns: u64,
    /// Counts branches that were run as one of several.
    pub forks: u64,
    /// Where text ran of which nothing is known, and what it was made from.
    pub unknown_evals: Vec<(Site, Trigger, Taint)>,
    /// Where text ran that asks for the global object.
    pub global_requests: HashSet<(UnitId, NodeId)>,
    /// What is known of callers that are not there.
    pub given: Given,
    /// What the last command printed, where that is known whatever the machine.
    pub printed: Option<&'static str>,
    /// Counts switches over something that is not known.
    pub lost_switches: u64,
    /// Computed names of code that was written not to be read, and whether each was ever made out.
    pub names: FxHashMap<ComputedName, bool>,
    /// Node evaluations that went into runs of decoders.
    pub decoding_steps: u64,
    /// Whether a decoder runs.
    pub in_decoder: bool,
    /// How few calls deep something unknown was met, since a loop last looked.
    pub shallowest_doubt: usize,
    /// Regular expressions by pattern and flags; `None`: beyond the engine.
    pub regexes: FxHashMap<(String, String), Option<Rc<regex::Regex>>>,
    /// Node evaluations that loops have paid for so far.
    pub loop_paid: u64,
    /// Values of the layers that ran, by text and trigger.
    pub layers: HashMap<(Rc<str>, Trigger), Value>,
    /// The same layers, for people.
    pub layers_met: Vec<LayerMet>,
    /// How deep evaluation has nested.
    pub nesting: u32,
    pub call_depth: usize,
    /// How deep calls that are not run have nested.
    pub stand_ins: u32,
    /// Folders that were fetched as a whole, and what came with them.
    pub fetched_folders: FxHashMap<String, Value>,
    /// Python: folders and archives that modules are looked for in, besides those that always are.
    pub search_path: Vec<Value>,
    /// Python: the folder that the process was moved to.
    pub working_folder: Option<Value>,
    /// Whether a run is under way that is paid from [`Fuel::inert_steps`].
    pub in_inert: bool,
    /// The class that each method was last made for.
    pub homes: FxHashMap<(UnitId, FunctionId), ObjectId>,
    /// What was thrown since the innermost `try` began.
    pub thrown: Option<Value>,
    /// Names read of modules that are not at hand: what replaces one of these stands before it.
    pub foreign_reads: HashSet<Rc<str>>,
    /// Decorators that call what they decorate. Python.
    pub eager_decorators: HashSet<(UnitId, FunctionId)>,
    /// What the generators that are running have yielded so far, the innermost last.
    pub yields: Vec<Vec<Value>>,
    /// Closures made so far, for functions that nothing has called yet.
    pub closures: Vec<ObjectId>,
    /// See [`Interp::run_again`].
    pub in_another_round: bool,
    /// While a function runs that nothing in the package calls: so many frames and objects are older than its run.
    pub before_others: (usize, usize),
    /// Results of runs with particular arguments, by the function's place, its number and what was known.
    pub results: FxHashMap<(UnitId, FunctionId, u64), Value>,
    /// Files of the package whose contents flowed into execution and are wanted whole.
    pub wanted_files: Vec<String>,
    /// Files that were loaded, whether or not their IR was there.
    pub loaded: BTreeSet<usize>,
    /// Files that were looked at as entries, or loaded by inert ones.
    pub visited: HashSet<usize>,
    /// The unit that stands for the manifest while its scripts run.
    pub manifest_unit: Option<UnitId>,
    /// Files of the package that commands run but that are not there.
    pub missing_programs: Vec<String>,
    /// What standard input and output were made to come from. Python.
    pub standard_streams: Taint,
    /// The process started last.
    pub last_spawn: Option<u32>,
    /// Scripts of the manifest being run, against endless recursion.
    pub running_scripts: Vec<String>,
}

impl<'p> Interp<'p> {
    pub(crate) fn new(package: &'p Package, trigger: Trigger) -> Self {
        let mut fuel = Fuel::new(package.node_count());
        if package.is_obfuscated() {
            fuel.allow_decoders();
        }
        Interp {
            package,
            apis: Apis::get(),
            units: Vec::new(),
            unit_of_file: FxHashMap::default(),
            frames: Vec::new(),
            heap: Vec::new(),
            globals: HashMap::new(),
            written_files: HashMap::new(),
            effects: Effects::default(),
            here: Site { unit: UnitId(0), frame: FrameId(0), node: NodeId::NOTHING },
            trigger,
            fuel,
            uncertain: 0,
            unknowns: 0,
            unknown_evals: Vec::new(),
            global_requests: HashSet::new(),
            given: Given::default(),
            printed: None,
            lost_switches: 0,
            names: FxHashMap::default(),
            decoding_steps: 0,
            in_decoder: false,
            shallowest_doubt: usize::MAX,
            regexes: FxHashMap::default(),
            forks: 0,
            loop_paid: 0,
            call_depth: 0,
            in_inert: false,
            stand_ins: 0,
            fetched_folders: FxHashMap::default(),
            search_path: Vec::new(),
            working_folder: None,
            homes: FxHashMap::default(),
            thrown: None,
            foreign_reads: HashSet::new(),
            eager_decorators: HashSet::new(),
            yields: Vec::new(),
            closures: Vec::new(),
            in_another_round: false,
            before_others: (0, 0),
            results: FxHashMap::default(),
            layers: HashMap::new(),
            layers_met: Vec::new(),
            nesting: 0,
            wanted_files: Vec::new(),
            loaded: BTreeSet::new(),
            visited: HashSet::new(),
            manifest_unit: None,
            missing_programs: Vec::new(),
            standard_streams: Taint::NONE,
            last_spawn: None,
            running_scripts: Vec::new(),
        }
    }

    /// Takes `steps` of fuel; `false` once there is none.
    pub(crate) fn burn(&mut self, steps: u64) -> bool {
        if self.fuel.steps < steps {
            self.fuel.steps = 0;
            self.fuel.exhausted.get_or_insert("takes more steps to evaluate than the analysis allows");
            return false;
        }
        self.fuel.steps -= steps;
        true
    }

    /// Takes `bytes` of the text budget; `false` once there is none, or for one text that is too long:
    /// the text is then unknown, and whatever is done with it is still seen.
    pub(crate) fn burn_bytes(&mut self, bytes: usize) -> bool {
        if bytes > crate::value::MAX_TEXT || self.fuel.bytes < bytes as u64 {
            return false;
        }
        self.fuel.bytes -= bytes as u64;
        true
    }

    /// Where execution is, as a context and a place in the source.
    pub(crate) fn site(&self) -> (Context, Span) {
        let Site { unit, frame, node } = self.here;
        let span = self.units.get(unit.0 as usize).map(|unit| unit.module.span(node)).unwrap_or_default();
        (Context { unit, frame, this: Value::UNKNOWN }, span)
    }

    /// Makes one instance of a built-in another: a socket that is connected.
    pub(crate) fn become_instance(&mut self, receiver: &Value, other: &Value) {
        if let (Kind::Object(receiver), Kind::Object(other)) = (&receiver.kind, &other.kind) {
            let (class, taint) = (self.object(*other).class.clone(), self.object(*other).taint);
            let object = self.object_mut(*receiver);
            object.class = class;
            object.taint = object.taint.or(taint);
        }
    }

    /// Notes that something is not known here.
    pub(crate) fn doubt(&mut self) {
        self.unknowns += 1;
        self.doubt_loops();
    }

    /// Tells the loops that run here that something is not known.
    pub(crate) fn doubt_loops(&mut self) {
        self.shallowest_doubt = self.shallowest_doubt.min(self.call_depth);
    }

    /// Something that is not known, made from `taint`.
    pub(crate) fn unknown(&mut self, taint: Taint) -> Value {
        self.doubt();
        Value::unknown(taint)
    }

    /// An object of a kind that is not known: what is put into it stays with it.
    pub(crate) fn open_object(&mut self, taint: Taint) -> Value {
        let id = self.alloc(Class::Plain);
        let object = self.object_mut(id);
        (object.open, object.taint) = (true, taint);
        Value::object(id).tainted(taint)
    }

    pub(crate) fn alloc(&mut self, class: Class) -> ObjectId {
        if self.fuel.objects == 0 {
            // Object 0 stands for every object past the limit: open, and joined into.
            if !self.heap.is_empty() {
                self.heap[0].open = true;
                return ObjectId(0);
            }
        }
        self.fuel.objects = self.fuel.objects.saturating_sub(1);
        self.heap.push(Object {
            class,
            props: Props::default(),
            prototype: None,
            taint: Taint::NONE,
            depth: self.uncertain,
            open: false,
            grows: false,
        });
        ObjectId(self.heap.len() as u32 - 1)
    }

    pub(crate) fn object(&self, id: ObjectId) -> &Object {
        &self.heap[id.0 as usize]
    }

    pub(crate) fn object_mut(&mut self, id: ObjectId) -> &mut Object {
        &mut self.heap[id.0 as usize]
    }

    pub(crate) fn record(&mut self, unit: UnitId, function: FunctionId) -> &mut Record {
        &mut self.units[unit.0 as usize].records[function.index()]
    }

    pub(crate) fn unit(&self, id: UnitId) -> &Unit {
        &self.units[id.0 as usize]
    }

    /// An array value.
    pub(crate) fn array(&mut self, items: Vec<Value>) -> Value {
        let taint = self.deep_taint_of(&items);
        let id = self.alloc(Class::Array(items));
        self.object_mut(id).taint = taint;
        Value::object(id)
    }

    /// What flowed into a value, contents of objects included.
    pub(crate) fn deep_taint(&self, value: &Value) -> Taint {
        match &value.kind {
            Kind::Object(id) => value.taint.or(self.object(*id).taint),
            Kind::OneOf(values) => values.iter().fold(value.taint, |taint, v| taint.or(self.deep_taint(v))),
            _ => value.taint,
        }
    }

    /// Elements of an array whose contents are known, where they lie.
    pub(crate) fn items(&self, value: &Value) -> Option<&[Value]> {
        match &value.kind {
            Kind::Object(id) => match &self.object(*id).class {
                Class::Array(items) if !self.object(*id).open => Some(items),
                _ => None,
            },
            _ => None,
        }
    }

    /// A copy of the elements of an array whose contents are known.
    pub(crate) fn elements(&self, value: &Value) -> Option<Vec<Value>> {
        self.items(value).map(<[Value]>::to_vec)
    }

    /// A property of a plain object as an option (`{ shell: true }`), unknown ones as `None`.
    pub(crate) fn option(&mut self, value: &Value, name: &str) -> Option<Value> {
        match &value.kind {
            Kind::Object(id) if !matches!(self.object(*id).class, Class::Array(_)) => {
                let found = self.get_property(value, name);
                (!matches!(found.kind, Kind::Undefined)).then_some(found)
            }
            _ => None,
        }
    }

    /// Goes one level deeper; too deep, nothing is known any more.
    pub(crate) fn nested(&mut self, body: impl FnOnce(&mut Self) -> Value) -> Value {
        if self.nesting >= MAX_NESTING {
            self.fuel.exhausted.get_or_insert("nests deeper than the analysis follows");
            return Value::UNKNOWN;
        }
        self.nesting += 1;
        let value = body(self);
        self.nesting -= 1;
        value
    }

    /// Evaluates with `node` as the place that effects are recorded at.
    pub(crate) fn at<T>(&mut self, cx: &Context, node: NodeId, body: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.here, Site { unit: cx.unit, frame: cx.frame, node });
        let result = body(self);
        self.here = before;
        result
    }

    /// Runs `body` as one of several possibilities: what it writes outside is joined.
    pub(crate) fn perhaps<T>(&mut self, body: impl FnOnce(&mut Self) -> T) -> T {
        self.uncertain += 1;
        self.forks += 1;
        self.doubt_loops();
        let result = body(self);
        self.uncertain -= 1;
        result
    }
}
