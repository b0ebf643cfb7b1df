//! The environment and processes: `os`, `subprocess`, `pty`.

use vetch_model::capability::{Attributes, CapabilityId, Resource};

use super::text;
use crate::apis::{Apis, Call};
use crate::commands;
use crate::interp::Interp;
use crate::value::{HOLE, Kind, Taint, Value};

pub(super) fn register(apis: &mut Apis) {
    environment(apis);
    processes(apis);
}

fn environment(apis: &mut Apis) {
    let os = apis.add_python_module(&["os", "posix", "nt"]);
    let env = apis.add_namespace(os, "environ");
    apis.alias(os, "environb", env);
    apis.set_environment(env);
    apis.add_functions(env, &["get", "pop", "setdefault", "__getitem__"], variable);
    apis.add_functions(env, &["items", "copy", "values", "keys"], |interp, call| {
        crate::apis::env::enumerate(interp, call.api)
    });
    apis.add_functions(os, &["getenv", "getenvb"], variable);
    let dotenv = apis.add_python_module(&["dotenv", "decouple"]);
    apis.add_functions(dotenv, &["load_dotenv", "dotenv_values", "config"], |interp, _| interp.unknown(Taint::NONE));
}

fn variable(interp: &mut Interp<'_>, call: &Call) -> Value {
    let name = call.get(interp, 0, "key").unwrap_or(Value::UNKNOWN);
    match name.exact_str() {
        Some(name) => crate::apis::env::read_variable(interp, name),
        None => crate::apis::env::read_some_variable(interp),
    }
}

fn processes(apis: &mut Apis) {
    let os = apis.add_python_module(&["os"]);
    apis.add_functions(os, &["system", "popen", "startfile"], |interp, call| run(interp, call, true));
    apis.add_functions(
        os,
        &["execl", "execle", "execlp", "execv", "execve", "execvp", "execvpe", "posix_spawn", "posix_spawnp"],
        |interp, call| {
            let program = call.arg(0);
            let rest = match interp.elements(&call.arg(1)) {
                Some(items) => items.get(1..).unwrap_or_default().to_vec(),
                None => call.args.get(2..).unwrap_or_default().to_vec(),
            };
            spawn(interp, call, &program, &rest, Attributes::default())
        },
    );
    apis.add_functions(os, &["spawnl", "spawnle", "spawnlp", "spawnv", "spawnve", "spawnvp"], |interp, call| {
        let rest = match interp.elements(&call.arg(2)) {
            Some(items) => items.get(1..).unwrap_or_default().to_vec(),
            None => call.args.get(3..).unwrap_or_default().to_vec(),
        };
        spawn(interp, call, &call.arg(1), &rest, Attributes::default())
    });
    // A file that only memory holds: what is run of it leaves no trace.
    apis.add_functions(os, &["memfd_create"], |_, _| Value::str("/proc/self/fd/0"));
    apis.add_functions(os, &["write", "pwrite"], |interp, call| {
        if call.arg(0).exact_str().is_some() {
            interp.write_effects(&call.arg(0), &call.arg(1));
        }
        Value::UNDEFINED
    });
    apis.add_functions(os, &["kill", "killpg"], |interp, call| {
        let resource = text(interp, &call.arg(0)).map_or(Resource::Any, Resource::Named);
        if call.arg(1).to_number() != Some(0.0) {
            interp.effect(CapabilityId::ProcessKill, resource, "ends a process");
        }
        Value::UNDEFINED
    });
    // Standard input and output become what they are given: a connection, for a shell that is started next.
    apis.add_functions(os, &["dup2"], |interp, call| {
        interp.standard_streams = interp.standard_streams.or(interp.deep_taint(&call.arg(0)));
        interp.unknown(Taint::NONE)
    });
    let subprocess = apis.add_python_module(&["subprocess", "commands", "popen2"]);
    apis.add_functions(subprocess, &["run", "call", "check_call", "check_output", "Popen"], |interp, call| {
        run(interp, call, false)
    });
    apis.add_functions(subprocess, &["getoutput", "getstatusoutput"], |interp, call| run(interp, call, true));
    apis.add_values(subprocess, &["PIPE", "STDOUT"], |_, _| Value::number(-1.0));
    apis.add_values(subprocess, &["DEVNULL"], |_, _| Value::str("ignore"));
    apis.add_values(subprocess, &["CREATE_NO_WINDOW"], |_, _| Value::number(f64::from(0x0800_0000)));
    let asyncio = apis.add_python_module(&["asyncio"]);
    apis.add_functions(asyncio, &["create_subprocess_shell"], |interp, call| run(interp, call, true));
    apis.add_functions(asyncio, &["create_subprocess_exec"], |interp, call| {
        let rest = call.args.get(1..).unwrap_or_default().to_vec();
        spawn(interp, call, &call.arg(0), &rest, Attributes::default())
    });
    let pty = apis.add_python_module(&["pty", "pexpect"]);
    apis.add_functions(pty, &["spawn", "run"], |interp, call| run(interp, call, false));
    let sh = apis.add_python_module(&["pip", "pip._internal", "pip._internal.cli.main"]);
    apis.add_functions(sh, &["main"], |interp, call| {
        let rest = interp.elements(&call.arg(0)).unwrap_or_default();
        spawn(interp, call, &Value::str("pip"), &rest, Attributes::default())
    });
}

/// `subprocess.run(line, shell=True)`, `subprocess.run([program, …])`.
fn run(interp: &mut Interp<'_>, call: &Call, by_shell: bool) -> Value {
    let command = call.get(interp, 0, "args").unwrap_or(Value::UNKNOWN);
    let truth =
        |name: &str, interp: &Interp<'_>| call.keyword(interp, name).is_some_and(|value| value.truth() == Some(true));
    let hidden = |name: &str, interp: &Interp<'_>| {
        call.keyword(interp, name).is_some_and(|value| value.exact_str() == Some("ignore"))
    };
    let flags = call.keyword(interp, "creationflags").and_then(|flags| flags.to_number()).unwrap_or(0.0) as u64;
    let attributes = Attributes {
        shell: by_shell || truth("shell", interp),
        detached: truth("start_new_session", interp) || flags & 0x8 != 0,
        hidden: hidden("stdout", interp) && hidden("stderr", interp) || flags & 0x0800_0000 != 0,
    };
    let parts = interp.elements(&command);
    match parts.as_deref() {
        Some([program, rest @ ..]) => spawn(interp, call, program, rest, attributes),
        _ => {
            let mut printed = Taint::NONE;
            for alternative in command.alternatives().to_vec() {
                let line = text(interp, &alternative).unwrap_or_else(|| HOLE.to_string());
                let taint = interp.deep_taint(&alternative);
                printed = printed.or(commands::run_line(interp, &line, attributes, taint));
            }
            started(interp, call, printed)
        }
    }
}

fn spawn(interp: &mut Interp<'_>, call: &Call, program: &Value, rest: &[Value], attributes: Attributes) -> Value {
    let mut taint = interp.deep_taint(program);
    let mut words = Vec::with_capacity(rest.len());
    for word in rest {
        taint = taint.or(interp.deep_taint(word));
        words.push(text(interp, word).unwrap_or_else(|| HOLE.to_string()));
    }
    let program = match program.kind {
        Kind::Api(_) => "python".to_owned(),
        _ => text(interp, program).unwrap_or_else(|| HOLE.to_string()),
    };
    if program.starts_with("/proc/self/fd/") || program.starts_with("/dev/fd/") {
        let memory = Resource::Named("a program in memory".to_owned());
        let effect = interp.effect(CapabilityId::ProcessInject, memory, "runs a program that no file holds");
        interp.flow(taint, effect);
    }
    let attributes = Attributes { shell: false, ..attributes };
    let printed = commands::run_words(interp, &program, &words, attributes, taint);
    started(interp, call, printed)
}

fn started(interp: &mut Interp<'_>, call: &Call, printed: Taint) -> Value {
    let effect = interp.last_spawn;
    let mut sent = interp.standard_streams;
    for name in ["input", "stdin"] {
        if let Some(given) = call.keyword(interp, name) {
            sent = sent.or(interp.surrendered(&given));
        }
    }
    if let Some(effect) = effect {
        interp.flow(sent, effect);
    }
    let process = interp.instance(call.api, effect, printed);
    let output = interp.unknown(printed);
    for name in ["stdout", "stderr"] {
        interp.set_property(&process, name, output.clone());
    }
    process
}
