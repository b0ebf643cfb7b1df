//! What runs a function that it is given, now or in a while: threads, pools, timers, exits, hooks of the interpreter.

use super::codecs::passed;
use crate::apis::{Apis, Call, Handler};
use crate::interp::Interp;
use crate::value::{Class, Taint, Value};

pub(super) fn register(apis: &mut Apis) {
    functions(apis);
    for (name, functions) in [
        ("threading", &["Thread", "Timer", "setprofile", "settrace"][..]),
        ("multiprocessing", &["Process"]),
        ("_thread", &["start_new_thread"]),
        ("thread", &["start_new_thread"]),
        ("atexit", &["register"]),
        ("asyncio", &["run", "create_task", "ensure_future", "gather", "get_event_loop", "to_thread"]),
        ("signal", &["signal"]),
        ("sys", &["settrace", "setprofile", "addaudithook"]),
        ("sched", &["scheduler"]),
    ] {
        let module = apis.add_python_module(&[name]);
        apis.add_functions(module, functions, start);
    }
    let weak = apis.add_python_module(&["weakref"]);
    apis.add_functions(weak, &["finalize"], |interp, call| {
        let args = call.args.get(2..).unwrap_or_default().to_vec();
        interp.call_value(&call.arg(1), Value::UNDEFINED, args)
    });
    let pool: Handler = |interp, call| {
        call.call_back(interp, Taint::NONE);
        interp.instance(call.api, None, Taint::NONE)
    };
    let futures = apis.add_python_module(&["concurrent.futures"]);
    apis.add_functions(futures, &["ThreadPoolExecutor", "ProcessPoolExecutor"], pool);
    for name in ["multiprocessing", "multiprocessing.pool", "multiprocessing.dummy"] {
        let module = apis.add_python_module(&[name]);
        apis.add_functions(module, &["Pool", "ThreadPool"], pool);
    }
    finders(apis);
}

fn start(interp: &mut Interp<'_>, call: &Call) -> Value {
    let target = ["target", "function"].iter().find_map(|name| call.keyword(interp, name));
    let first = call.args.iter().position(|arg| interp.is_callable(arg));
    let target = target.or_else(|| first.and_then(|at| call.args.get(at).cloned()));
    // `Timer(5, f, [1])`, `start_new_thread(f, (1,))`
    let positional = first.and_then(|at| call.args.get(at + 1)).and_then(|args| interp.elements(args));
    let args = call.keyword(interp, "args").and_then(|args| interp.elements(&args)).or(positional);
    let keywords = call.keyword(interp, "kwargs");
    match target {
        Some(target) if interp.is_callable(&target) && (args.is_some() || keywords.is_some()) => {
            let mut args = args.unwrap_or_default();
            args.extend(keywords.map(|keywords| as_keywords(interp, &keywords)));
            interp.call_value(&target, Value::UNDEFINED, args)
        }
        _ => {
            call.call_back(interp, Taint::NONE);
            passed(interp, call)
        }
    }
}

/// A dictionary as the keyword arguments of a call.
fn as_keywords(interp: &mut Interp<'_>, given: &Value) -> Value {
    let keywords = Value::object(interp.alloc(Class::Keywords));
    interp.copy_properties(given, &keywords);
    keywords
}

/// Methods of pools: `submit(f, *args)`, `map(f, items)`.
pub(super) fn pool_method(interp: &mut Interp<'_>, pool: &Value, name: &str, call: &Call) -> Option<Value> {
    let function = call.arg(0);
    Some(match name {
        "submit" | "apply" | "apply_async" if interp.is_callable(&function) => {
            let args = match name {
                "submit" => call.args.get(1..).unwrap_or_default().to_vec(),
                _ => interp.elements(&call.arg(1)).unwrap_or_default(),
            };
            let result = interp.call_value(&function, Value::UNDEFINED, args);
            interp.unknown(result.taint)
        }
        "map" | "map_async" | "imap" | "imap_unordered" | "starmap" => match interp.apis.python_global("map") {
            Some(map) => interp.call_value(&Value::api(map), Value::UNDEFINED, call.args.clone()),
            None => return None,
        },
        _ => pool.clone(),
    })
}

/// What is asked of finders, then of loaders (`importlib.abc`): they are often one object.
const FINDS: [&str; 5] = ["find_spec", "find_module", "create_module", "exec_module", "load_module"];

/// `sys.meta_path.insert(0, finder)`: it is asked for every module that is imported from then on.
fn finders(apis: &mut Apis) {
    let sys = apis.add_python_module(&["sys"]);
    for name in ["meta_path", "path_hooks"] {
        let list = apis.add_namespace(sys, name);
        apis.add_functions(list, &["append", "insert"], |interp, call| {
            if let Some(finder) = call.args.last().cloned() {
                call.call_back(interp, Taint::NONE);
                interp.run_hooks(&finder, &FINDS);
            }
            Value::UNDEFINED
        });
    }
    let machinery = apis.add_python_module(&["importlib.machinery", "importlib.util"]);
    apis.add_functions(machinery, &["ModuleSpec", "spec_from_loader"], |interp, call| {
        if let Some(loader) = call.get(interp, 1, "loader") {
            interp.run_hooks(&loader, &FINDS[2..]);
        }
        passed(interp, call)
    });
    // A module that is imported already.
    let modules = apis.add_namespace(sys, "modules");
    apis.set_any_member(modules, |interp, name| interp.python_builtin(name));
    apis.add_functions(modules, &["get", "setdefault"], |interp, call| match call.arg(0).exact_str() {
        Some(name) => interp.python_builtin(name),
        None => interp.unknown(Taint::NONE),
    });
}

fn functions(apis: &mut Apis) {
    let functools = apis.add_python_module(&["functools"]);
    // Decorators: what they give is what they are given.
    apis.add_functions(
        functools,
        &["wraps", "lru_cache", "cache", "cached_property", "singledispatch"],
        |interp, _| interp.unknown(Taint::NONE),
    );
    apis.add_functions(functools, &["partial", "partialmethod"], |interp, call| {
        let mut args = call.args.clone();
        args.extend(call.keywords.map(Value::object));
        if args.is_empty() {
            return interp.unknown(Taint::NONE);
        }
        let target = args.remove(0);
        let bound = Class::Bound { target: Box::new(target), this: Box::new(Value::UNDEFINED), args };
        Value::object(interp.alloc(bound))
    });
    apis.add_functions(functools, &["reduce"], |interp, call| {
        let Some(items) = interp.iterate_python(&call.arg(1)) else { return passed(interp, call) };
        let mut items = items.into_iter();
        let Some(first) = call.args.get(2).cloned().or_else(|| items.next()) else { return Value::UNKNOWN };
        items.fold(first, |total, item| interp.call_value(&call.arg(0), Value::UNDEFINED, vec![total, item]))
    });
}
