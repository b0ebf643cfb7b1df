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
    let args = call.keyword(interp, "args").and_then(|args| interp.elements(&args));
    match (call.keyword(interp, "target"), args) {
        (Some(target), Some(args)) if interp.is_callable(&target) => interp.call_value(&target, Value::UNDEFINED, args),
        _ => {
            call.call_back(interp, Taint::NONE);
            passed(interp, call)
        }
    }
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

/// `sys.meta_path.insert(0, finder)`: it is asked for every module that is imported from then on.
fn finders(apis: &mut Apis) {
    let sys = apis.add_python_module(&["sys"]);
    for name in ["meta_path", "path_hooks"] {
        let list = apis.add_namespace(sys, name);
        apis.add_functions(list, &["append", "insert"], |interp, call| {
            if let Some(finder) = call.args.last().cloned() {
                call.call_back(interp, Taint::NONE);
                interp.run_hooks(&finder, &["find_spec", "find_module"]);
            }
            Value::UNDEFINED
        });
    }
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
