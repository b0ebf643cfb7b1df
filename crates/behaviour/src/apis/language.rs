//! The language itself: dynamic code, modules, timers, promises, reflection.

use vetch_model::capability::{CapabilityId, EvalSource, PathClass, Resource};

use vetch_syntax::ir::Language;

use crate::apis::codecs::bytes_of;
use crate::apis::{Apis, Call};
use crate::interp::{Context, Interp};
use crate::value::{Class, HOLE, Kind, Slot, Taint, Value, join};

/// Globals that every engine of the last ten years has.
const LANGUAGE: &[&str] = &[
    "Array", "Boolean", "Function", "JSON", "Math", "Number", "Object", "Promise", "Proxy", "Reflect", "RegExp",
    "String", "Symbol",
];

/// Where `require.resolve` finds other packages, and the file of those that are asked for as a whole.
const INSTALLED: &str = "<project>/node_modules/";
const MAIN: &str = "/index.js";

/// Well-known symbols. A symbol is text of its own kind: `@@` before its name.
const SYMBOLS: &[&str] = &["iterator", "asyncIterator", "toPrimitive", "toStringTag", "hasInstance", "species"];

fn register_symbols(apis: &mut Apis) {
    let symbol = apis.add_global(&["Symbol"]);
    apis.add_values(symbol, SYMBOLS, |interp, api| Value::str(format!("@@{}", interp.apis.name(api))));
    apis.set_call(symbol, |interp, call| match interp.to_text(&call.arg(0)) {
        Some(name) => Value::str(format!("@@{name}")),
        None => interp.unknown(Taint::NONE),
    });
    apis.add_functions(symbol, &["for"], |interp, call| match interp.to_text(&call.arg(0)) {
        Some(name) => Value::str(format!("@@{name}")),
        None => interp.unknown(Taint::NONE),
    });
}

pub(super) fn register(apis: &mut Apis) {
    let eval = apis.add_global(&["eval"]);
    apis.set_call(eval, |interp, call| match call.arg(0).kind {
        Kind::Str(_) | Kind::Unknown | Kind::OneOf(_) | Kind::Bytes(_) => interp.evaluate_code(&call.arg(0)),
        _ => call.arg(0),
    });
    let function = apis.add_global(&["Function", "AsyncFunction", "GeneratorFunction"]);
    apis.set_call(function, function_constructor);
    register_timers(apis);
    register_modules(apis);
    register_vm(apis);
    register_reflection(apis);
    register_promises(apis);
    register_symbols(apis);
    crate::builtins::register_globals(&mut |namespace, names, handler| {
        match namespace {
            "" => {
                for name in names {
                    let id = apis.add_global(&[name]);
                    apis.set_call(id, handler);
                }
            }
            namespace => {
                let id = apis.add_global(&[namespace]);
                apis.add_functions(id, names, handler);
            }
        };
    });
    for name in LANGUAGE {
        let id = apis.add_global(&[name]);
        apis.set_language(id);
    }
}

fn register_timers(apis: &mut Apis) {
    for name in
        ["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "requestAnimationFrame", "requestIdleCallback"]
    {
        let id = apis.add_global(&[name]);
        apis.set_call(id, timer);
    }
    let process = apis.add_global(&["process"]);
    apis.add_functions(process, &["nextTick"], timer);
    let timers = apis.add_module(&["timers"]);
    apis.add_functions(timers, &["setTimeout", "setInterval", "setImmediate"], timer);
    let promises = apis.add_module(&["timers/promises"]);
    apis.add_functions(promises, &["setTimeout", "setImmediate"], |_, _| Value::UNDEFINED);
}

fn timer(interp: &mut Interp<'_>, call: &Call) -> Value {
    let callback = call.arg(0);
    match &callback.kind {
        Kind::Str(_) => {
            interp.evaluate_code(&callback);
        }
        _ => {
            let args = call.args.get(2..).unwrap_or_default().to_vec();
            let again = interp.is_under_way(&callback) || interp.apis.name(call.api) == "setInterval";
            // Later, but certainly: not a possibility among others.
            interp.call_value(&callback, Value::UNKNOWN, args);
            if again {
                interp.run_again(&callback);
            }
        }
    }
    interp.unknown(Taint::NONE)
}

fn register_modules(apis: &mut Apis) {
    let require = apis.add_global(&["require", "__non_webpack_require__", "nodeRequire"]);
    apis.set_call(require, |interp, call| interp.require_value(&call.arg(0)));
    apis.add_functions(require, &["resolve"], |interp, call| match call.arg(0).exact_str() {
        Some(text) if text.starts_with('.') => {
            let folder = interp.own_path();
            let folder = folder.rsplit_once('/').map_or("<package>", |(folder, _)| folder);
            Value::str(crate::paths::normalise(&format!("{folder}/{text}")))
        }
        Some(text) if text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '@') && !text.contains(':') => {
            let is_bare = text.matches('/').count() == usize::from(text.starts_with('@'));
            Value::str(format!("{INSTALLED}{text}{}", if is_bare { MAIN } else { "" }))
        }
        _ => call.arg(0),
    });
    apis.add_values(require, &["cache"], |interp, _| interp.unknown(Taint::FOREIGN));
    let main = apis.add_namespace(require, "main");
    apis.alias(main, "require", require);
    let process = apis.add_global(&["process"]);
    let main_module = apis.add_namespace(process, "mainModule");
    apis.alias(main_module, "require", require);
    apis.add_functions(process, &["getBuiltinModule"], |interp, call| interp.require_value(&call.arg(0)));
    let module = apis.add_module(&["module"]);
    apis.add_functions(module, &["createRequire", "createRequireFromPath"], |interp, _| {
        interp.apis.global("require").map_or(Value::UNKNOWN, Value::api)
    });
    apis.add_functions(module, &["_load"], |interp, call| interp.require_value(&call.arg(0)));
    apis.add_functions(module, &["_compile"], |interp, call| interp.evaluate_code(&call.arg(0)));
    let prototype = apis.add_namespace(module, "prototype");
    apis.add_functions(prototype, &["_compile"], |interp, call| interp.evaluate_code(&call.arg(0)));
    apis.alias(prototype, "require", require);
    // Hooks of the loader: what they export runs with every import from now on.
    apis.add_functions(module, &["register", "registerHooks"], |interp, call| {
        let hooks = match call.arg(0).kind {
            Kind::Object(_) => call.arg(0),
            _ => interp.require_value(&call.arg(0)),
        };
        for name in ["initialize", "resolve", "load"] {
            let hook = interp.get_property(&hooks, name);
            interp.invoke(&hook, Taint::NONE);
        }
        Value::UNDEFINED
    });
    apis.add_functions(module, &["wrap"], |_, call| call.arg(0));
    apis.alias(module, "Module", module);
    apis.set_call(module, |interp, call| interp.instance(call.api, None, Taint::NONE));
    for name in ["require-from-string", "node-eval", "import-fresh", "_eval"] {
        let id = apis.add_module(&[name]);
        apis.set_call(id, |interp, call| match interp.apis.name(call.api) {
            "import-fresh" => interp.require_value(&call.arg(0)),
            _ => interp.evaluate_code(&call.arg(0)),
        });
    }
}

fn register_vm(apis: &mut Apis) {
    let vm = apis.add_module(&["vm", "vm2"]);
    apis.add_functions(
        vm,
        &["runInThisContext", "runInNewContext", "runInContext", "Script", "compileFunction", "SourceTextModule"],
        |interp, call| {
            note_compiled(interp, &call.arg(0), &call.arg(1));
            let value = interp.evaluate_code(&call.arg(0));
            match call.is_new {
                true => interp.instance(call.api, None, value.taint),
                false => value,
            }
        },
    );
    apis.add_functions(vm, &["createContext"], |_, call| call.arg(0));
}

fn register_reflection(apis: &mut Apis) {
    let reflect = apis.add_global(&["Reflect"]);
    apis.add_functions(reflect, &["apply"], |interp, call| {
        let args = interp.iterate(&call.arg(2)).unwrap_or_else(|| vec![Value::unknown(call.arg(2).taint); 3]);
        interp.call_value(&call.arg(0), call.arg(1), args)
    });
    apis.add_functions(reflect, &["construct"], |interp, call| {
        let args = interp.iterate(&call.arg(1)).unwrap_or_else(|| vec![Value::unknown(call.arg(1).taint); 3]);
        let made = interp.construct(&call.arg(0), args);
        // What it is an instance of may be another class: subclasses for old engines are made so.
        let class = call.arg(2);
        if interp.is_callable(&class)
            && let (Kind::Object(made), Kind::Object(prototype)) =
                (&made.kind, interp.get_property(&class, "prototype").kind)
        {
            interp.object_mut(*made).prototype = Some(prototype);
        }
        made
    });
    apis.add_functions(reflect, &["get"], |interp, call| interp.get_index(&call.arg(0), &call.arg(1)));
    apis.add_functions(reflect, &["set"], |interp, call| {
        if let Some(name) = interp.property_name(&call.arg(1)) {
            interp.set_property(&call.arg(0), &name, call.arg(2));
        }
        Value::bool(true)
    });
    let proxy = apis.add_global(&["Proxy"]);
    apis.set_call(proxy, |interp, call| {
        interp.invoke_callbacks(&call.args[call.args.len().min(1)..], Taint::NONE);
        interp.proxy(&call.arg(0), &call.arg(1))
    });
    let util = apis.add_module(&["util", "pify", "es6-promisify", "thenify", "bluebird"]);
    apis.add_functions(util, &["promisify", "callbackify", "deprecate", "debuglog"], |_, call| call.arg(0));
    apis.set_call(util, |_, call| call.arg(0));
    let util_inspect: &[&str] = &["inspect", "format"];
    apis.add_functions(util, util_inspect, |interp, call| {
        let taint = interp.deep_taint_of(&call.args);
        interp.unknown(taint)
    });
}

fn register_promises(apis: &mut Apis) {
    let promise = apis.add_global(&["Promise"]);
    apis.set_call(promise, |interp, call| {
        let id = interp.alloc(Class::Promise(Box::new(Value::UNKNOWN)));
        let resolver = Value::object(interp.alloc(Class::Resolver(id)));
        let rejecter = Value::UNKNOWN;
        interp.call_value(&call.arg(0), Value::UNDEFINED, vec![resolver, rejecter]);
        Value::object(id)
    });
    apis.add_functions(promise, &["resolve", "reject"], |_, call| call.arg(0));
    apis.add_functions(promise, &["all", "allSettled", "race", "any"], |interp, call| {
        match interp.iterate(&call.arg(0)) {
            Some(items) => {
                let items = items.iter().map(|item| interp.settled(item)).collect();
                interp.array(items)
            }
            None => {
                let taint = interp.deep_taint(&call.arg(0));
                interp.unknown(taint)
            }
        }
    });
}

/// `new Function("a", "b", body)`
fn function_constructor(interp: &mut Interp<'_>, call: &Call) -> Value {
    let Some((body, params)) = call.args.split_last() else { return Value::UNKNOWN };
    let params: Vec<String> =
        params.iter().map(|param| interp.to_text(param).map_or_else(String::new, |text| text.to_string())).collect();
    let mut result: Option<Value> = None;
    for body in body.alternatives() {
        let made = match interp.to_text(body) {
            Some(text) if !text.chars().all(|c| c == HOLE) => {
                let source = format!("(function anonymous({}\n) {{\n{text}\n}})", params.join(","));
                let taint = interp.deep_taint(body);
                let literal = body.exact_str().is_some() && !taint.is_decoded();
                interp.evaluate_as(&Value::str(source).tainted(taint), literal, Language::JavaScript)
            }
            _ => interp.evaluate_code(body),
        };
        result = Some(result.map_or_else(|| made.clone(), |earlier| join(&earlier, &made)));
    }
    result.unwrap_or(Value::UNKNOWN)
}

impl Interp<'_> {
    /// `require(value)`, `import(value)`.
    pub(crate) fn require_value(&mut self, specifier: &Value) -> Value {
        let cx = Context { unit: self.here.unit, frame: self.here.frame, this: Value::UNKNOWN };
        let span = self.unit(self.here.unit).module.span(self.here.node);
        let mut result: Option<Value> = None;
        for specifier in specifier.alternatives() {
            let loaded = match specifier.exact_str() {
                Some(text) if text.starts_with("data:") => self.evaluate_data_url(text, specifier.taint),
                Some(text) => {
                    let text = text
                        .strip_prefix(INSTALLED)
                        .map_or(text, |own| own.strip_suffix(MAIN).unwrap_or(own))
                        .to_owned();
                    self.require(&cx, &text, span)
                }
                // `import("data:text/javascript;base64," + code)`
                None if specifier.as_str().is_some_and(|text| text.starts_with("data:")) => {
                    self.evaluate_code(&Value::unknown(specifier.taint))
                }
                None => {
                    let text = self.to_text(specifier).map_or_else(|| "*".to_owned(), |text| text.replace(HOLE, "*"));
                    let resource = if text.chars().all(|c| c == '*') {
                        Resource::Any
                    } else {
                        Resource::Named(text.chars().take(160).collect())
                    };
                    let effect = self.effect(CapabilityId::CodeLoad, resource, "loads a module by a computed name");
                    self.flow(specifier.taint, effect);
                    self.unknown(specifier.taint.or(Taint::FOREIGN))
                }
            };
            result = Some(result.map_or_else(|| loaded.clone(), |earlier| join(&earlier, &loaded)));
        }
        result.unwrap_or(Value::UNKNOWN)
    }

    pub(crate) fn evaluate_data_url(&mut self, url: &str, taint: Taint) -> Value {
        let Some((head, data)) = url.split_once(',') else { return Value::UNKNOWN };
        let (text, is_hidden) = match head.ends_with(";base64") {
            true => {
                let bytes = crate::apis::codecs::decode_base64(data);
                (bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()), true)
            }
            false => (Some(crate::apis::codecs::decode_percent(data)), escapes_letters(data)),
        };
        let taint = if is_hidden { taint.or(Taint::DECODED) } else { taint };
        match text {
            Some(text) => self.evaluate_code(&Value::str(text).tainted(taint)),
            None => Value::UNKNOWN,
        }
    }

    /// Where code that is about to run came from.
    pub(crate) fn eval_source(&self, taint: Taint, literal: bool) -> EvalSource {
        let fetched = self.comes_from(taint, CapabilityId::NetConnect) || self.comes_from(taint, CapabilityId::NetDns);
        match (fetched, taint.is_decoded(), literal) {
            (true, _, _) => EvalSource::Downloaded,
            (false, true, _) => EvalSource::Decoded,
            (false, false, true) => EvalSource::Constant,
            _ => EvalSource::Dynamic,
        }
    }

    /// Text runs as code: records it, and runs it as a layer where it is known.
    pub(crate) fn evaluate_code(&mut self, code: &Value) -> Value {
        self.evaluate_code_as(code, self.language_here())
    }

    /// The same, for code of a certain language.
    pub(crate) fn evaluate_code_as(&mut self, code: &Value, language: Language) -> Value {
        let literal = code.exact_str().is_some();
        self.evaluate_as(code, literal, language)
    }

    fn evaluate_as(&mut self, code: &Value, literal: bool, language: Language) -> Value {
        const MOST_PENDING: usize = 4096;
        let taint = self.deep_taint(code);
        // A `bytearray` is text, too.
        if language == Language::Python
            && let Kind::Object(_) = code.kind
            && let Some(bytes) = bytes_of(self, code).filter(|bytes| !bytes.is_empty())
        {
            return self.evaluate_as(&Value::bytes(bytes).tainted(taint), false, language);
        }
        if matches!(code.kind, Kind::Unknown) && self.unknown_evals.len() < MOST_PENDING {
            self.unknown_evals.push((self.here, self.trigger, taint));
            self.want_sources_of(taint);
            return self.unknown(taint);
        }
        let source = match code.as_str().is_some_and(|text| asks_for_global(text)) {
            true => {
                self.global_requests.insert((self.here.unit, self.here.node));
                EvalSource::Constant
            }
            false => self.eval_source(taint, literal),
        };
        let effect = self.effect(CapabilityId::CodeEval, Resource::Eval(source), eval_note(source));
        self.flow(taint, effect);
        self.want_sources_of(taint);
        match &code.kind {
            Kind::Str(_) | Kind::OneOf(_) | Kind::Bytes(_) => self.run_text_as(code, language),
            _ => self.run_code_object(code),
        }
    }

    /// Records where text ran of which nothing was known, but for the places that another run has shown to ask for the
    /// global object: whatever runs them knows less of the same.
    pub(crate) fn conclude_evals(&mut self) {
        for (here, trigger, taint) in std::mem::take(&mut self.unknown_evals) {
            if self.global_requests.contains(&(here.unit, here.node)) {
                continue;
            }
            (self.here, self.trigger) = (here, trigger);
            let source = self.eval_source(taint, false);
            let effect = self.effect(CapabilityId::CodeEval, Resource::Eval(source), eval_note(source));
            self.flow(taint, effect);
        }
    }

    /// Package files whose contents flow into execution are wanted whole.
    pub(crate) fn want_sources_of(&mut self, taint: Taint) {
        for source in self.sources_of(taint) {
            let effect = &self.effects.list[source as usize];
            if let (CapabilityId::FsRead, Resource::Path { path: Some(path), .. }) = (effect.id, &effect.resource)
                && let Some(own) = path.strip_prefix("<package>/")
            {
                let own = own.to_owned();
                self.wanted_files.push(own);
            }
        }
    }

    /// A package file is read whose contents are not at hand.
    pub(crate) fn note_wanted(&mut self, own: &str) {
        if self.package.is_shell_script(own) {
            self.wanted_files.push(own.to_owned());
        }
    }

    /// Attaches what `require` hangs on `module`.
    pub(crate) fn equip_module_object(&mut self, module: crate::value::ObjectId) {
        let (require, constructor) = (self.apis.global("require"), self.apis.module("module"));
        let object = self.object_mut(module);
        if let Some(require) = require {
            object.props.set("require".into(), Slot::Value(Value::api(require)));
        }
        if let Some(constructor) = constructor {
            object.props.set("constructor".into(), Slot::Value(Value::api(constructor)));
        }
    }
}

/// `{ cachedData }` out of a file of the package, with a source that is blank or made to be as long as that says: what is run
/// is what was compiled before.
fn note_compiled(interp: &mut Interp<'_>, source: &Value, options: &Value) {
    let Some(compiled) = interp.option(options, "cachedData") else { return };
    let taint = interp.deep_taint(&compiled);
    let is_blank = source.exact_str().is_some_and(|text| text.trim().is_empty());
    let is_measured = !source.taint.is_empty() && source.taint.without(taint).is_empty();
    if !is_blank && !is_measured {
        return;
    }
    let own = interp.sources_of(taint).into_iter().find_map(|source| {
        let effect = interp.effects.list.get(source as usize)?;
        match &effect.resource {
            Resource::Path { class: PathClass::Package, path } if effect.id == CapabilityId::FsRead => path.clone(),
            _ => None,
        }
    });
    if let Some(path) = own {
        let what = Resource::Named(format!("compiled code of {path}"));
        interp.effect(CapabilityId::CodeNative, what, "runs code that was compiled before, in place of its source");
    }
}

fn eval_note(source: EvalSource) -> &'static str {
    match source {
        EvalSource::Constant => "runs a literal as code",
        EvalSource::Decoded => "runs decoded text as code",
        EvalSource::Downloaded => "runs downloaded text as code",
        EvalSource::Dynamic => "runs computed text as code",
    }
}

/// Whether code only gives the global object, as older compilers and obfuscators ask for it:
/// `return this`, `return (function() {}.constructor("return this")( ));`. Parts of it may not be known.
fn asks_for_global(code: &str) -> bool {
    const LONGEST: usize = 96;
    const FORMS: &[&str] =
        &["this", "returnthis", "returnfunction{}.constructorreturnthis", "returnfunction{returnthis}"];
    /// So much of it must be known.
    const TELLING: usize = 8;
    // As `Function` makes a function of it.
    let body = code.strip_prefix("(function anonymous(\n) {\n").and_then(|rest| rest.strip_suffix("\n})"));
    let code = body.unwrap_or(code);
    let is_said = |c: &char| !c.is_whitespace() && !matches!(c, '(' | ')' | ';' | '"' | '\\');
    let bare: String = code.chars().take(LONGEST + 1).filter(is_said).collect();
    if bare.len() > LONGEST {
        return false;
    }
    let known: Vec<&str> = bare.split(HOLE).filter(|part| !part.is_empty()).collect();
    match known.as_slice() {
        [whole] if whole.len() == bare.len() => FORMS.contains(whole),
        parts => {
            parts.iter().map(|part| part.len()).sum::<usize>() >= TELLING && FORMS.iter().any(|form| holds(form, parts))
        }
    }
}

/// Whether the parts stand in a text one after the other.
fn holds(text: &str, parts: &[&str]) -> bool {
    let mut rest = text;
    parts.iter().all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

/// Whether letters or digits are escaped: text has to be escaped in a URL, and is read as it is; letters never have to.
fn escapes_letters(data: &str) -> bool {
    data.split('%').skip(1).any(|rest| {
        let code = rest.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        code.is_some_and(|code| code.is_ascii_alphanumeric())
    })
}
