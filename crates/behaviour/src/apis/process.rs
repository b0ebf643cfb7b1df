//! Processes and dynamic code outside `eval`: child processes, workers, native modules.

use vetch_model::capability::{Attributes, CapabilityId, Resource};

use crate::apis::{Apis, Call};
use crate::commands;
use crate::interp::Interp;
use crate::value::{Kind, Taint, Value};

pub(super) fn register(apis: &mut Apis) {
    let child = apis.add_module(&["child_process", "mz/child_process", "child-process-promise"]);
    apis.add_functions(child, &["exec", "execSync"], shell);
    apis.add_functions(child, &["spawn", "spawnSync", "execFile", "execFileSync"], spawn);
    apis.add_functions(child, &["fork"], fork);
    let execa = apis.add_module(&[
        "execa",
        "cross-spawn",
        "cross-spawn-async",
        "nano-spawn",
        "tinyexec",
        "node-pty",
        "@lydell/node-pty",
    ]);
    apis.set_call(execa, spawn);
    apis.add_functions(execa, &["execa", "execaSync", "sync", "spawn", "x", "exec", "async"], spawn);
    apis.add_functions(
        execa,
        &["command", "commandSync", "execaCommand", "execaCommandSync", "shell", "shellSync", "$"],
        shell,
    );
    apis.add_functions(execa, &["node", "execaNode"], fork);
    let shelljs = apis.add_module(&["shelljs", "sudo-prompt", "child-process-es6-promise", "node-cmd"]);
    apis.add_functions(shelljs, &["exec", "get", "run", "runSync"], shell);
    apis.add_functions(shelljs, &["rm"], |interp, call| {
        let path = interp.to_text(call.args.last().unwrap_or(&Value::UNDEFINED));
        interp.delete_effect(path.as_deref(), call.args.len() > 1);
        Value::UNDEFINED
    });
    let zx = apis.add_module(&["zx", "zx/globals", "dax-sh"]);
    apis.add_functions(zx, &["$"], shell);
    let bun = apis.add_global(&["Bun"]);
    apis.modules.insert("bun", bun);
    apis.add_functions(bun, &["spawn", "spawnSync"], spawn);
    apis.add_functions(bun, &["$"], shell);
    let deno = apis.add_global(&["Deno"]);
    apis.add_functions(deno, &["run", "Command"], spawn);
    register_process(apis);
    register_workers(apis);
}

fn register_process(apis: &mut Apis) {
    let process = apis.add_global(&["process"]);
    apis.add_functions(process, &["kill"], |interp, call| {
        let target = call.arg(0);
        // `kill(pid, 0)` only asks whether the process is there.
        if call.arg(1).to_number() != Some(0.0) {
            let resource = interp.to_text(&target).map_or(Resource::Any, |text| Resource::Named(text.to_string()));
            interp.effect(CapabilityId::ProcessKill, resource, "ends a process");
        }
        Value::bool(true)
    });
    apis.add_functions(process, &["dlopen", "binding", "_linkedBinding"], |interp, call| {
        let name = if interp.apis.name(call.api) == "dlopen" { call.arg(1) } else { call.arg(0) };
        let name = interp.to_text(&name).unwrap_or_else(|| "*".into());
        interp.effect_native(&name);
        match &*name {
            "spawn_sync" | "process_wrap" => interp.instance(call.api, None, Taint::NONE),
            _ => interp.unknown(Taint::NONE),
        }
    });
    let inspector = apis.add_module(&["inspector"]);
    // A session inspects its own process; an open port lets others in.
    apis.add_functions(inspector, &["open"], |interp, call| {
        interp.effect(CapabilityId::NetListen, Resource::Named("inspector".to_owned()), "opens the debugger's port");
        interp.instance(call.api, None, Taint::NONE)
    });
    for name in ["ffi-napi", "koffi", "ref-napi", "node-ffi", "ffi", "bun:ffi", "memoryjs", "frida"] {
        let module = apis.add_module(&[name]);
        apis.set_call(module, native_library);
        apis.add_functions(module, &["Library", "DynamicLibrary", "load", "dlopen", "cc"], native_library);
        if matches!(name, "memoryjs" | "frida") {
            apis.add_functions(
                module,
                &["openProcess", "readMemory", "writeMemory", "injectDll", "attach", "inject"],
                |interp, call| {
                    interp.effect(
                        CapabilityId::ProcessInject,
                        Resource::Any,
                        "reads or writes another process's memory",
                    );
                    interp.call_unknown(&Value::UNKNOWN, call.args.clone())
                },
            );
        }
    }
    let wasm = apis.add_global(&["WebAssembly"]);
    apis.add_functions(
        wasm,
        &["instantiate", "compile", "instantiateStreaming", "compileStreaming", "Module"],
        |interp, call| {
            let kind = Resource::Named("WebAssembly".to_owned());
            let effect = interp.effect(CapabilityId::CodeNative, kind, "runs WebAssembly");
            call_imports(interp, &call.arg(1), effect);
            interp.call_unknown(&Value::UNKNOWN, call.args.clone())
        },
    );
}

/// What a module is given to call, by namespace and name: it calls that with whatever its bytes say.
fn call_imports(interp: &mut Interp<'_>, imports: &Value, effect: u32) {
    let said = interp.source(effect);
    for name in interp.keys_of(imports).unwrap_or_default() {
        let namespace = interp.get_property(imports, &name);
        interp.invoke_callbacks(&[namespace], said);
    }
}

fn register_workers(apis: &mut Apis) {
    let threads = apis.add_module(&["worker_threads"]);
    apis.add_functions(threads, &["Worker"], worker);
    let global = apis.add_global(&["Worker"]);
    apis.set_call(global, worker);
    apis.add_global(&["SharedWorker"]);
}

fn native_library(interp: &mut Interp<'_>, call: &Call) -> Value {
    let name = interp.to_text(&call.arg(0)).unwrap_or_else(|| "*".into());
    interp.effect_native(&name);
    // `ffi.Library("kernel32", { CreateThread: […] })`
    for function in interp.keys_of(&call.arg(1)).unwrap_or_default() {
        note_injection(interp, &function);
    }
    interp.invoke_callbacks(&call.args, Taint::NONE);
    interp.instance(call.api, None, Taint::NONE)
}

/// `library.func("void* CreateThread(…)")`: a function of the system that starts what was written into memory. `None`:
/// another method.
pub(super) fn library_method(interp: &mut Interp<'_>, path: &str, name: &str, call: &Call) -> Option<Value> {
    const DECLARES: &[&str] = &["func", "stdcall", "cdecl", "declare", "get", "symbol"];
    if !matches!(path, "koffi.load" | "ffi-napi.DynamicLibrary" | "ffi.DynamicLibrary") || !DECLARES.contains(&name) {
        return None;
    }
    for declared in call.args.iter().filter_map(Value::as_str).cloned().collect::<Vec<_>>() {
        note_injection(interp, &declared);
    }
    Some(interp.unknown(Taint::NONE))
}

/// Functions of Windows that run what lies in memory, of this process or another.
fn note_injection(interp: &mut Interp<'_>, declared: &str) {
    const RUNS: &[&str] = &["CreateThread", "CreateRemoteThread", "CreateThreadEx", "QueueUserAPC", "SetThreadContext"];
    if RUNS.iter().any(|function| declared.contains(function)) {
        let memory = Resource::Named("memory that is run".to_owned());
        interp.effect(CapabilityId::ProcessInject, memory, "starts what was written into memory");
    }
}

/// What `child_process` stands on: `process.binding("spawn_sync").spawn({ file, args })`, whose `args` begin with the
/// program's own name. `None`: another method.
pub(super) fn binding_method(interp: &mut Interp<'_>, name: &str, call: &Call) -> Option<Value> {
    if !matches!(interp.apis.name(call.api), "binding" | "_linkedBinding") {
        return None;
    }
    match name {
        "Process" => Some(call.this.clone()),
        "spawn" => {
            let options = call.arg(0);
            let program = interp.option(&options, "file").unwrap_or(Value::UNKNOWN);
            let args = interp.option(&options, "args").and_then(|args| interp.elements(&args)).unwrap_or_default();
            let words: Vec<String> = args.iter().skip(1).map(|word| text_or_hole(interp, word)).collect();
            let (program, taint) = (text_or_hole(interp, &program), interp.deep_taint(&options));
            let printed = commands::run_words(interp, &program, &words, Attributes::default(), taint);
            Some(interp.instance(call.api, interp.last_spawn, printed))
        }
        _ => None,
    }
}

/// A worker thread: a file of the package, or code given as text.
fn worker(interp: &mut Interp<'_>, call: &Call) -> Value {
    let eval = interp.option(&call.arg(1), "eval").is_some_and(|value| value.truth() == Some(true));
    let source = call.arg(0);
    match source.exact_str() {
        _ if eval => drop(interp.evaluate_code(&source)),
        Some(url) if url.starts_with("data:") => {
            let url = url.to_owned();
            interp.evaluate_data_url(&url, source.taint);
        }
        Some(path) => {
            let path = path.to_owned();
            interp.run_program_file(&path);
        }
        None => {}
    }
    interp.call_unknown(&Value::UNKNOWN, call.args.clone())
}

/// A whole command line: `exec("curl … | sh")`.
fn shell(interp: &mut Interp<'_>, call: &Call) -> Value {
    let line = call.arg(0);
    let options = options_of(interp, call, 1);
    let mut attributes = attributes_of(interp, &options);
    preload(interp, &options);
    attributes.shell = true;
    let mut printed = Taint::NONE;
    for alternative in line.alternatives().to_vec() {
        let text = match &alternative.kind {
            Kind::Str(text) => text.to_string(),
            _ => crate::value::HOLE.to_string(),
        };
        let taint = interp.deep_taint(&alternative);
        printed = printed.or(commands::run_line(interp, &text, attributes, taint));
    }
    finish(interp, call, printed)
}

/// A program and its arguments: `spawn("node", ["x.js"], { detached: true })`.
fn spawn(interp: &mut Interp<'_>, call: &Call) -> Value {
    let (program, args) = program_and_args(interp, call);
    let options = options_of(interp, call, 1);
    let attributes = attributes_of(interp, &options);
    preload(interp, &options);
    let taint = interp.deep_taint(&program).or(interp.deep_taint(&args));
    let mut printed = Taint::NONE;
    for (program, args) in pairs(&program, &args) {
        let words: Vec<String> = match interp.elements(args) {
            Some(items) => items.iter().map(|item| text_or_hole(interp, item)).collect(),
            None if matches!(args.kind, Kind::Undefined) => Vec::new(),
            None => vec![crate::value::HOLE.to_string()],
        };
        let program = text_or_hole(interp, program);
        let mut attributes = attributes;
        if attributes.shell && !program.contains(crate::value::HOLE) {
            let line = std::iter::once(program).chain(words.iter().cloned()).collect::<Vec<_>>().join(" ");
            printed = printed.or(commands::run_line(interp, &line, attributes, taint));
        } else {
            attributes.shell = false;
            printed = printed.or(commands::run_words(interp, &program, &words, attributes, taint));
        }
    }
    finish(interp, call, printed)
}

/// The command lines that alternatives stand for: in step where there are as many of both, since one condition
/// decided them, else each program with each list.
fn pairs<'v>(program: &'v Value, args: &'v Value) -> Vec<(&'v Value, &'v Value)> {
    let (programs, lists) = (program.alternatives(), args.alternatives());
    if programs.len() == lists.len() {
        return programs.iter().zip(lists).collect();
    }
    programs.iter().flat_map(|program| lists.iter().map(move |list| (program, list))).collect()
}

fn program_and_args(interp: &mut Interp<'_>, call: &Call) -> (Value, Value) {
    let first = call.arg(0);
    // `Bun.spawn(["cmd", "arg"])`, `Deno.run({ cmd: […] })`
    let list = match interp.option(&first, "cmd") {
        Some(list) => list,
        None => first.clone(),
    };
    if let Some(mut items) = interp.elements(&list) {
        if items.is_empty() {
            return (Value::UNKNOWN, Value::UNDEFINED);
        }
        let program = items.remove(0);
        return (program, interp.array(items));
    }
    let args = match interp.option(&call.arg(1), "args") {
        Some(args) => args,
        None => call.arg(1),
    };
    let has_list = args.alternatives().iter().any(|args| interp.elements(args).is_some());
    let args = if has_list || args.is_unknown() { args } else { Value::UNDEFINED };
    (first, args)
}

/// `{ env: { NODE_OPTIONS: "--require ./x.js" } }`: every Node.js program that is started runs the file first.
fn preload(interp: &mut Interp<'_>, options: &Value) {
    let Some(env) = interp.option(options, "env") else { return };
    let text = interp.option(&env, "NODE_OPTIONS").and_then(|text| text.exact_str().map(str::to_owned));
    for file in text.iter().flat_map(|text| commands::preloaded(text)) {
        interp.run_program_file(file);
    }
}

fn fork(interp: &mut Interp<'_>, call: &Call) -> Value {
    let options = options_of(interp, call, 1);
    let attributes = attributes_of(interp, &options);
    preload(interp, &options);
    // `{ execArgv: ["-e", code] }`: what Node.js is told before the program.
    let before = interp.option(&options, "execArgv").and_then(|words| interp.elements(&words)).unwrap_or_default();
    let mut words: Vec<String> = before.iter().map(|word| text_or_hole(interp, word)).collect();
    words.push(text_or_hole(interp, &call.arg(0)));
    let printed = commands::run_words(interp, "node", &words, attributes, call.arg(0).taint);
    finish(interp, call, printed)
}

fn options_of(interp: &Interp<'_>, call: &Call, from: usize) -> Value {
    let is_options = |value: &&Value| {
        matches!(value.kind, Kind::Object(_)) && !interp.is_callable(value) && interp.elements(value).is_none()
    };
    call.args.iter().skip(from).find(is_options).cloned().unwrap_or(Value::UNDEFINED)
}

fn attributes_of(interp: &mut Interp<'_>, options: &Value) -> Attributes {
    let truth = |interp: &mut Interp<'_>, name: &str| {
        interp.option(options, name).is_some_and(|value| match value.truth() {
            Some(truth) => truth,
            None => !value.is_unknown(),
        })
    };
    let stdio = interp.option(options, "stdio");
    let ignored = match &stdio {
        Some(value) if value.exact_str() == Some("ignore") => true,
        Some(value) => interp
            .elements(value)
            .is_some_and(|items| items.len() >= 3 && items.iter().all(|item| item.exact_str() == Some("ignore"))),
        None => false,
    };
    Attributes { shell: truth(interp, "shell"), detached: truth(interp, "detached"), hidden: ignored }
}

fn text_or_hole(interp: &Interp<'_>, value: &Value) -> String {
    let value = value.alternatives().first().unwrap_or(value);
    interp.to_text(value).map_or_else(|| crate::value::HOLE.to_string(), |text| text.to_string())
}

/// The child: its output is followed where it is known, its callbacks run.
fn finish(interp: &mut Interp<'_>, call: &Call, printed: Taint) -> Value {
    let effect = interp.last_spawn;
    let text = interp.printed.take().map(|text| Value::str(text).tainted(printed));
    let callbacks: Vec<Value> = call.args.iter().filter(|arg| interp.is_callable(arg)).cloned().collect();
    for callback in callbacks {
        match &text {
            Some(text) => drop(interp.call_value(&callback, Value::UNDEFINED, vec![Value::UNKNOWN, text.clone()])),
            None => drop(interp.invoke(&callback, printed)),
        }
    }
    if let Some(text) = text.filter(|_| matches!(interp.apis.name(call.api), "execSync" | "execFileSync")) {
        return text;
    }
    interp.instance(call.api, effect, printed)
}
