//! Built-in functions (Python library reference, "Built-in Functions"), and what the lowering has no form for.

use vetch_model::capability::{CapabilityId, Resource};
use vetch_syntax::ir::Language;

use super::codecs::passed;
use super::text;
use crate::apis::{Apis, Call};
use crate::interp::Interp;
use crate::value::{Class, Kind, Taint, Value};

pub(super) fn register(apis: &mut Apis) {
    forms(apis);
    objects(apis);
    dynamic(apis);
    for name in ["builtins", "__builtin__"] {
        let module = apis.add_python_module(&[name]);
        for name in apis.python_global_names() {
            if let Some(api) = apis.python_global(name) {
                apis.alias(module, name, api);
            }
        }
        apis.python_globals.insert("__builtins__", module);
    }
}

/// What is written with a keyword.
fn forms(apis: &mut Apis) {
    apis.add_python_function("from", |interp, call| {
        let (Some(name), Some(item)) = (text(interp, &call.arg(0)), text(interp, &call.arg(1))) else {
            return interp.unknown(Taint::NONE);
        };
        let (cx, span) = interp.site();
        interp.python_from(&cx, &name, &item, span)
    });
    apis.add_python_function("@", decorated);
    apis.add_python_function("with", |interp, call| interp.entered(&call.arg(0)));
    apis.add_python_function("except", passed);
    apis.add_python_function("slice", |interp, call| Value::object(interp.alloc(Class::Slice(call.args.clone()))));
    // `class C(metaclass=M)`: `M` makes the class.
    apis.add_python_function("class", |interp, call| {
        let prototype = interp.get_property(&call.arg(0), "prototype");
        if matches!(call.arg(0).kind, Kind::Object(_)) {
            interp.run_hooks(&prototype, &["__prepare__", "__new__", "__init__"]);
            interp.construct(&call.arg(0), vec![Value::UNKNOWN; 3]);
        }
        Value::UNDEFINED
    });
    apis.add_python_function("in", |interp, call| contains(interp, &call.arg(0), &call.arg(1)));
}

/// A decorator that is not known registers what it is given, or wraps it: it is not called here and now, but for what
/// a connection calls with what it receives.
fn decorated(interp: &mut Interp<'_>, call: &Call) -> Value {
    let (decorator, function) = (call.arg(0), call.arg(1));
    let value = match decorator.kind {
        Kind::Unknown => {
            if interp.comes_from(decorator.taint, CapabilityId::NetConnect) {
                interp.perhaps(|interp| interp.invoke_callbacks(std::slice::from_ref(&function), decorator.taint));
            }
            return function;
        }
        _ => interp.decorate(&decorator, &function),
    };
    match interp.is_callable(&value) {
        true => value,
        false => function,
    }
}

fn contains(interp: &mut Interp<'_>, item: &Value, container: &Value) -> Value {
    let length = interp.items(container).map_or(0, <[Value]>::len);
    interp.burn(length as u64 >> 3);
    let known = match &container.kind {
        Kind::Str(text) if !crate::value::has_hole(text) => item.exact_str().map(|item| text.contains(item)),
        Kind::Object(id) => match &interp.object(*id).class {
            Class::Array(items) if !interp.object(*id).open => {
                let is_known = |value: &Value| !matches!(value.kind, Kind::Unknown | Kind::OneOf(_) | Kind::Api(_));
                (is_known(item) && items.iter().all(is_known)).then(|| items.iter().any(|other| other.same(item)))
            }
            Class::Plain if !interp.object(*id).open => {
                interp.property_name(item).map(|name| interp.object(*id).props.get(&name).is_some())
            }
            _ => None,
        },
        _ => None,
    };
    match known {
        Some(truth) => Value::bool(truth),
        None => {
            let taint = item.taint.or(interp.deep_taint(container));
            if item.exact_str().is_some_and(|text| text.len() > 1) {
                interp.compared(taint);
            }
            interp.unknown(taint)
        }
    }
}

fn objects(apis: &mut Apis) {
    apis.add_python_function("getattr", |interp, call| {
        let (object, name) = (call.arg(0), call.arg(1));
        match name.exact_str() {
            Some(name) => interp.read_member(&object, name),
            None => interp.get_index(&object, &name),
        }
    });
    apis.add_python_function("setattr", |interp, call| {
        if let Some(name) = call.arg(1).exact_str() {
            interp.store(&call.arg(0), name, call.arg(2));
        }
        Value::UNDEFINED
    });
    // `type(name, bases, members)` makes a class: to call it is to call its `__init__`.
    apis.add_python_function("type", |interp, call| {
        let members = call.args.get(2).filter(|members| matches!(members.kind, Kind::Object(_))).cloned();
        let Some(members) = members else { return passed(interp, call) };
        let class = Value::object(interp.alloc(Class::Plain));
        interp.copy_properties(&members, &class);
        for maker in ["__init__", "__new__"] {
            let function = interp.get_property(&members, maker);
            if interp.is_callable(&function) {
                interp.set_property(&class, "__call__", function);
            }
        }
        class
    });
    apis.add_python_function("vars", |interp, call| match call.args.first() {
        Some(object) => object.clone(),
        None => interp.apis.python_global("globals").map_or(Value::UNKNOWN, Value::api),
    });
    // Called, they give themselves: what they hold is read by name.
    for name in ["globals", "locals"] {
        apis.add_python_function(name, |_, call| Value::api(call.api));
        if let Some(api) = apis.python_global(name) {
            apis.set_any_member(api, |interp, name| {
                let (cx, _) = interp.site();
                match interp.named_here(&cx, name) {
                    Some(value) => value,
                    None => interp.python_global(&cx, name),
                }
            });
        }
    }
    for name in [
        "isinstance",
        "issubclass",
        "hasattr",
        "callable",
        "id",
        "hash",
        "dir",
        "object",
        "property",
        "round",
        "divmod",
        "any",
        "all",
        "memoryview",
    ] {
        apis.add_python_function(name, passed);
    }
    for name in ["staticmethod", "classmethod"] {
        apis.add_python_function(name, |_, call| call.arg(0));
    }
    for name in ["print", "delattr", "help", "breakpoint", "exit", "quit"] {
        apis.add_python_function(name, |_, _| Value::UNDEFINED);
    }
    for name in ["input", "raw_input"] {
        apis.add_python_function(name, |interp, _| interp.unknown(Taint::ASKED));
    }
}

/// Text as code.
fn dynamic(apis: &mut Apis) {
    let ast = apis.add_python_module(&["ast"]);
    apis.add_functions(ast, &["literal_eval"], |interp, call| match &call.arg(0).kind {
        Kind::Str(_) => interp.run_text_as(&call.arg(0), Language::Python),
        _ => interp.unknown(call.arg(0).taint),
    });
    apis.add_functions(ast, &["parse"], |_, call| call.arg(0));
    for name in ["exec", "eval", "execfile"] {
        apis.add_python_function(name, |interp, call| interp.evaluate_code(&call.arg(0)));
    }
    apis.add_python_function("compile", |interp, call| {
        let source = call.get(interp, 0, "source").unwrap_or(Value::UNDEFINED);
        match source.kind {
            Kind::Undefined => interp.unknown(Taint::NONE),
            _ => source,
        }
    });
    apis.add_python_function("__import__", import);
    let importlib = apis.add_python_module(&["importlib"]);
    apis.add_functions(importlib, &["import_module", "__import__"], import);
    let types = apis.add_python_module(&["types"]);
    apis.add_functions(types, &["FunctionType", "LambdaType"], super::code_objects::function_of_code);
    apis.add_functions(types, &["CodeType"], |interp, call| {
        let taint = call.surrendered(interp);
        let effect = interp.effect(CapabilityId::CodeEval, Resource::Any, "makes a function of code objects");
        interp.flow(taint, effect);
        interp.unknown(taint)
    });
    let util = apis.add_python_module(&["importlib.util", "importlib.machinery", "imp"]);
    let loaders = ["spec_from_file_location", "load_source", "load_dynamic", "SourceFileLoader", "ExtensionFileLoader"];
    apis.add_functions(util, &loaders, |interp, call| interp.load_module_file(&call.arg(1)));
    let runpy = apis.add_python_module(&["runpy"]);
    apis.add_functions(runpy, &["run_path"], |interp, call| interp.load_module_file(&call.arg(0)));
    apis.add_functions(runpy, &["run_module"], import);
    let code = apis.add_python_module(&["code"]);
    apis.add_functions(code, &["InteractiveInterpreter", "InteractiveConsole"], |interp, call| {
        interp.instance(call.api, None, Taint::NONE)
    });
}

fn import(interp: &mut Interp<'_>, call: &Call) -> Value {
    let name = call.get(interp, 0, "name").unwrap_or(Value::UNDEFINED);
    let (cx, span) = interp.site();
    match name.exact_str() {
        Some(name) => {
            // `__import__("a.b")` gives `a`, `import_module("a.b")` gives `a.b`.
            let is_plain = interp.apis.path(call.api) == "__import__";
            let whole = interp.python_import(&cx, name, span);
            match name.split_once('.') {
                Some((top, _)) if is_plain => interp.python_import(&cx, top, span),
                _ => whole,
            }
        }
        None => {
            let taint = interp.deep_taint(&name);
            let effect = interp.effect(CapabilityId::CodeLoad, Resource::Any, "imports a module by a computed name");
            interp.flow(taint, effect);
            interp.unknown(taint)
        }
    }
}
