//! Loading modules: files of the package, built-ins, and decoded layers.

use std::rc::Rc;

use vetch_model::Span;
use vetch_model::facts::{MAX_LAYERS, UnreadReason};
use vetch_syntax::ir::{Exported, Function, Imported, Language, Module, Node, NodeId, TOP_LEVEL};

use super::{Activation, Completion, Context, Frame, FrameId, Interp, Origin, Record, Site, Unit, UnitId, UnitState};
use crate::effects::LayerMet;
use crate::package::is_source;
use crate::resolve::{Resolution, resolve};
use crate::value::{Class, Kind, Slot, Taint, Value};

/// Deepest layer that is still analysed.
const MAX_LAYER: u8 = 12;

impl Interp<'_> {
    /// The unit of a file, made but not yet run. `None` if its IR is not there.
    pub(crate) fn unit_of(&mut self, file: usize) -> Option<UnitId> {
        if let Some(&unit) = self.unit_of_file.get(&file) {
            return Some(unit);
        }
        let module = self.package.module(file)?;
        let unit = self.add_unit(module, file, 0, None, None);
        self.unit_of_file.insert(file, unit);
        Some(unit)
    }

    fn add_unit(
        &mut self,
        module: Rc<Module>,
        file: usize,
        layer: u8,
        origin: Option<Origin>,
        source: Option<Rc<str>>,
    ) -> UnitId {
        let lowered =
            layer == 0 && self.package.files[file].module.as_ref().is_some_and(|kept| Rc::ptr_eq(kept, &module));
        let inert = lowered.then(|| self.package.inert_functions(file, &module));
        let unit = UnitId(self.units.len() as u32);
        let frame = FrameId(self.frames.len() as u32);
        self.frames.push(Frame {
            unit,
            function: TOP_LEVEL,
            parent: frame,
            slots: vec![Value::UNDEFINED; module.function(TOP_LEVEL).frame_size as usize],
            depth: 0,
            arguments: None,
        });
        let records = vec![Record::default(); module.functions.len()];
        self.units.push(Unit {
            module,
            file,
            layer,
            origin,
            source,
            inert,
            module_object: None,
            frame,
            state: UnitState::Fresh,
            records,
            stars: Vec::new(),
            is_main: false,
        });
        unit
    }

    /// A place that effects can be recorded at outside any code: a span of a manifest.
    pub(crate) fn site_in(&mut self, file: usize, span: Span) -> Site {
        let module = Module {
            nodes: vec![Node::Nothing, Node::Undefined],
            spans: vec![Span::default(), span],
            functions: vec![Function::top_level(span)],
            ..Module::default()
        };
        let unit = self.add_unit(Rc::new(module), file, 0, None, None);
        Site { unit, frame: self.unit(unit).frame, node: NodeId(1) }
    }

    /// Loads a file as an entry: runs it if it can have effects, else only notes it and what it loads.
    pub(crate) fn visit_file(&mut self, file: usize) {
        let mut pending = vec![file];
        while let Some(file) = pending.pop() {
            if !self.visited.insert(file) {
                continue;
            }
            let known = &self.package.files[file];
            if known.tells || known.module.is_none() {
                self.load_file(file);
            } else {
                self.loaded.insert(file);
                pending.extend(self.package.local_files(file));
            }
        }
    }

    /// Runs a file's top level, once; gives its exports.
    pub(crate) fn load_file(&mut self, file: usize) -> Value {
        self.loaded.insert(file);
        match self.unit_of(file) {
            Some(unit) => {
                self.run_unit(unit);
                self.exports_of(unit)
            }
            None => match self.json_module(file) {
                Some(value) => value,
                None => {
                    let file = &self.package.files[file];
                    let readable = file.contents.is_none() && file.source.is_none() && file.problem.is_none();
                    if readable && !file.path.ends_with(".json") && !is_source(&file.path) {
                        self.wanted_files.push(file.path.clone());
                    }
                    self.unknown(Taint::NONE)
                }
            },
        }
    }

    /// What `require` gives for a JSON file whose contents are at hand.
    fn json_module(&mut self, file: usize) -> Option<Value> {
        let path = &self.package.files[file].path;
        if !path.ends_with(".json") {
            return None;
        }
        let text = std::str::from_utf8(self.package.contents(path)?).ok()?.to_owned();
        crate::builtins::json::parse(self, &text)
    }

    fn exports_of(&mut self, unit: UnitId) -> Value {
        match self.unit(unit).module_object {
            Some(object) => self.get_property(&Value::object(object), "exports"),
            None => Value::UNKNOWN,
        }
    }

    fn run_unit(&mut self, unit: UnitId) {
        if self.unit(unit).state != UnitState::Fresh {
            return;
        }
        self.units[unit.0 as usize].state = UnitState::Running;
        let exports = Value::object(self.alloc(Class::Plain));
        let module_object = self.alloc(Class::Plain);
        self.object_mut(module_object).props.set(Rc::from("exports"), Slot::Value(exports.clone()));
        self.equip_module_object(module_object);
        self.units[unit.0 as usize].module_object = Some(module_object);
        let is_esm = self.unit(unit).module.is_esm;
        let this = if is_esm { Value::UNDEFINED } else { exports };
        self.run_top_level(unit, this);
        self.units[unit.0 as usize].state = UnitState::Done;
    }

    /// Runs a unit's top level on its frame; gives the value of its last expression statement.
    fn run_top_level(&mut self, unit: UnitId, this: Value) -> Value {
        if self.call_depth >= super::MAX_CALL_DEPTH {
            self.fuel.exhausted.get_or_insert("loads modules nested deeper than the analysis follows");
            return Value::UNKNOWN;
        }
        let module = self.unit(unit).module.clone();
        let frame = self.unit(unit).frame;
        let depth = self.uncertain;
        self.frames[frame.0 as usize].depth = depth;
        let cx = Context { unit, frame, this };
        self.call_depth += 1;
        self.record(unit, TOP_LEVEL).executed = true;
        self.bind_imports(&module, &cx);
        let body = module.function(TOP_LEVEL).body;
        self.hoist(&module, &cx, module.list(body));
        // Before running too, so that a module that is part of a cycle finds the functions.
        self.publish_exports(&module, &cx, false);
        let value = self.run_body(&module, &cx, module.list(body));
        self.publish_exports(&module, &cx, true);
        if module.language == Language::Python {
            self.publish_python(&cx);
        }
        self.call_depth -= 1;
        value
    }

    /// The names of a module become its namespace, those of a layer anybody's.
    fn publish_python(&mut self, cx: &Context) {
        let names = self.top_level_names(cx);
        if self.unit(cx.unit).layer > 0 {
            return self.globals.extend(names);
        }
        let Kind::Object(namespace) = self.exports_of(cx.unit).kind else { return };
        // PEP 562: whoever asks the module for a name that it does not have runs this.
        if let Some((_, hook)) = names.iter().find(|(name, _)| &**name == "__getattr__").cloned() {
            self.perhaps(|interp| interp.call_value(&hook, Value::UNDEFINED, vec![Value::UNKNOWN]));
        }
        for (name, value) in names {
            let taint = self.deep_taint(&value);
            let object = self.object_mut(namespace);
            object.taint = object.taint.or(taint);
            object.props.set(name, Slot::Value(value));
        }
    }

    /// Gives what `eval` would: the value of the last statement, if that is an expression.
    fn run_body(&mut self, module: &Module, cx: &Context, statements: &[NodeId]) -> Value {
        let mut activation = Activation::default();
        let Some((&last, first)) = statements.split_last() else { return Value::UNDEFINED };
        if self.run_statements(module, cx, &mut activation, first) == Completion::Normal {
            if module.node(last).is_expression() {
                return self.eval(module, cx, last);
            }
            self.run(module, cx, &mut activation, last);
        }
        activation.returned.unwrap_or(Value::UNDEFINED)
    }

    fn bind_imports(&mut self, module: &Module, cx: &Context) {
        for import in &module.imports {
            let specifier = module.str(import.specifier).to_owned();
            let namespace = self.require(cx, &specifier, import.span);
            let Some(local) = import.local else { continue };
            let value = match import.imported {
                Imported::Namespace | Imported::Effects => namespace,
                Imported::Default => self.default_of(&namespace),
                Imported::Named(name) => {
                    let name = module.str(name);
                    if name == "default" { self.default_of(&namespace) } else { self.get_property(&namespace, name) }
                }
            };
            if let Some((frame, slot)) = self.slot_of(cx, local) {
                self.frames[frame.0 as usize].slots[slot] = value;
            }
        }
    }

    /// The default export: of an ES module its `default`, of anything else itself.
    fn default_of(&mut self, namespace: &Value) -> Value {
        match &namespace.kind {
            Kind::Object(id) => match self.object(*id).props.get("default") {
                Some(_) => self.get_property(namespace, "default"),
                None => namespace.clone(),
            },
            _ => namespace.clone(),
        }
    }

    /// Fills the exports object. Default-exported expressions are evaluated `with_values` only: once, after the body.
    fn publish_exports(&mut self, module: &Module, cx: &Context, with_values: bool) {
        if module.exports.is_empty() {
            return;
        }
        let target = self.exports_of(cx.unit);
        for export in &module.exports {
            let value = match export.exported {
                Exported::Symbol(symbol) => self.read_symbol(cx, symbol),
                Exported::Value(node) if with_values => self.eval(module, cx, node),
                Exported::Value(_) => continue,
                Exported::From { specifier, imported } => {
                    let specifier = module.str(specifier).to_owned();
                    let namespace = self.require(cx, &specifier, export.span);
                    match imported {
                        Imported::Named(name) => {
                            let name = module.str(name);
                            if name == "default" {
                                self.default_of(&namespace)
                            } else {
                                self.get_property(&namespace, name)
                            }
                        }
                        Imported::Default => self.default_of(&namespace),
                        Imported::Namespace | Imported::Effects => namespace,
                    }
                }
            };
            match export.name {
                Some(name) => self.set_property(&target, module.str(name), value),
                None => self.copy_properties(&value, &target),
            }
        }
    }

    /// `require(specifier)` or `import … from`, from the unit of `cx`.
    pub(crate) fn require(&mut self, cx: &Context, specifier: &str, span: Span) -> Value {
        let file = self.unit(cx.unit).file;
        self.note_import(cx.unit, span, specifier);
        match resolve(self.package, file, specifier) {
            Resolution::Builtin(name) | Resolution::Package(name) => match self.apis.module(name) {
                Some(api) => Value::api(api),
                None => self.unknown(Taint::FOREIGN),
            },
            Resolution::File(file) => self.load_file(file),
            Resolution::Native(path) => {
                self.effect_native(&path);
                self.unknown(Taint::NONE)
            }
            Resolution::Missing(path) => match self.written_files.get(path.as_str()).cloned() {
                Some(written) => self.run_text(&written),
                None => self.unknown(Taint::NONE),
            },
        }
    }

    /// Runs text as code: a decoded layer. Gives the value of what it exports or returns.
    pub(crate) fn run_text(&mut self, text: &Value) -> Value {
        self.run_text_as(text, self.language_here())
    }

    /// Runs text as code of a language.
    pub(crate) fn run_text_as(&mut self, text: &Value, language: Language) -> Value {
        let mut result = Value::unknown(text.taint);
        for alternative in text.alternatives() {
            let source: Rc<str> = match &alternative.kind {
                Kind::Str(text) => text.clone(),
                Kind::Bytes(bytes) => Rc::from(String::from_utf8_lossy(bytes).as_ref()),
                _ => continue,
            };
            result = self.run_layer(source, text.taint.or(alternative.taint), language).tainted(text.taint);
        }
        result
    }

    fn run_layer(&mut self, source: Rc<str>, taint: Taint, language: Language) -> Value {
        let here = self.here;
        let layer = self.unit(here.unit).layer + 1;
        if let Some(value) = self.layers.get(&(source.clone(), self.trigger)) {
            return value.clone();
        }
        let holes = source.contains(crate::value::HOLE);
        if layer > MAX_LAYER || self.fuel.layers == 0 || !self.burn_bytes(source.len()) {
            // Text that is put together at run time comes in endless variants; what was decoded does not.
            if !holes && taint.is_decoded() {
                self.fuel.exhausted.get_or_insert("decodes more layers than the analysis allows");
            }
            return self.unknown(Taint::NONE);
        }
        self.fuel.layers -= 1;
        self.layers.insert((source.clone(), self.trigger), Value::UNKNOWN);
        let file = self.unit(here.unit).file;
        let parsed = self.package.parse_layer(&source, language);
        if self.layers_met.len() < MAX_LAYERS {
            let (text, is_understood) = (source.clone(), parsed.is_ok());
            self.layers_met.push(LayerMet { place: self.place(), trigger: self.trigger, layer, text, is_understood });
        }
        let module = match parsed {
            Ok(module) => Rc::new(module),
            Err(failure) => {
                // Text that is not wholly known need not parse; text that is known and does not is not JavaScript.
                if !holes && failure.reason != UnreadReason::SyntaxError {
                    self.fuel.exhausted.get_or_insert("decodes a layer that is too large or too deep to parse");
                }
                return self.unknown(Taint::NONE);
            }
        };
        self.fuel.steps = self.fuel.steps.saturating_add(module.nodes.len() as u64 * 12);
        if !self.fuel.has_decoders() && self.package.is_obfuscated_layer(&source, &module) {
            self.fuel.allow_decoders();
        }
        let unit = self.add_unit(
            module,
            file,
            layer,
            Some(Origin { unit: here.unit, node: here.node, frame: here.frame }),
            Some(source.clone()),
        );
        self.units[unit.0 as usize].module_object = self.unit(here.unit).module_object;
        self.units[unit.0 as usize].state = UnitState::Running;
        let value = self.run_top_level(unit, Value::UNKNOWN);
        self.units[unit.0 as usize].state = UnitState::Done;
        self.layers.insert((source, self.trigger), value.clone());
        value
    }
}
