//! `process.env` and what stands in it.

use vetch_model::capability::{CapabilityId, Resource};

use crate::apis::{ApiId, Apis};
use crate::interp::Interp;
use crate::value::{Taint, Value};

pub(super) fn register(apis: &mut Apis) {
    let process = apis.add_global(&["process"]);
    apis.modules.insert("process", process);
    let env = apis.add_namespace(process, "env");
    let bun = apis.add_global(&["Bun"]);
    apis.alias(bun, "env", env);
    make_environment(apis, env);
    let deno = apis.add_global(&["Deno"]);
    let deno_env = apis.add_namespace(deno, "env");
    apis.add_functions(deno_env, &["get"], |interp, call| match call.arg(0).exact_str() {
        Some(name) => read_variable(interp, name),
        None => interp.unknown(Taint::NONE),
    });
    apis.add_functions(deno_env, &["toObject"], |interp, call| enumerate(interp, call.api));
}

/// Makes members of an entry the variables of the environment.
pub(super) fn make_environment(apis: &mut Apis, env: ApiId) {
    let entry = &mut apis.entries[env.0 as usize];
    entry.any_member = Some(read_variable);
    entry.computed_member = Some(|interp, _| read_some_variable(interp));
}

/// A name that is not known: any variable, but one at a time.
pub(crate) fn read_some_variable(interp: &mut Interp<'_>) -> Value {
    let effect =
        interp.effect(CapabilityId::EnvRead, Resource::Any, "reads an environment variable by a computed name");
    let taint = interp.source(effect);
    interp.unknown(taint)
}

/// Reads the environment as a whole.
pub(crate) fn enumerate(interp: &mut Interp<'_>, _: ApiId) -> Value {
    let effect = interp.effect(CapabilityId::EnvEnumerate, Resource::None, "reads all environment variables");
    let taint = interp.source(effect);
    interp.unknown(taint)
}

pub(crate) fn read_variable(interp: &mut Interp<'_>, name: &str) -> Value {
    let known = match name {
        "HOME" | "USERPROFILE" | "HOMEPATH" | "HOMEDRIVE" => Some("<home>"),
        "TMP" | "TEMP" | "TMPDIR" => Some("<temp>"),
        "APPDATA" => Some("<home>/AppData/Roaming"),
        "LOCALAPPDATA" => Some("<home>/AppData/Local"),
        "PROGRAMDATA" | "ProgramData" | "ALLUSERSPROFILE" => Some("C:/ProgramData"),
        "SystemRoot" | "SYSTEMROOT" | "windir" | "WINDIR" => Some("C:/Windows"),
        "XDG_CONFIG_HOME" => Some("<home>/.config"),
        "XDG_CACHE_HOME" => Some("<home>/.cache"),
        "INIT_CWD" | "PWD" => Some("<project>"),
        "npm_config_cache" => Some("<cache>/npm"),
        _ => None,
    };
    let effect = interp.effect(
        CapabilityId::EnvRead,
        Resource::Named(name.chars().take(64).collect()),
        "reads an environment variable",
    );
    match known {
        Some(text) => Value::str(text),
        None if is_secret(name) => {
            let taint = interp.source(effect);
            interp.unknown(taint)
        }
        None => interp.unknown(Taint::NONE),
    }
}

/// Whether a variable of this name holds a secret by common usage.
pub(crate) fn is_secret(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    [
        "TOKEN",
        "SECRET",
        "PASSWORD",
        "PASSWD",
        "PRIVATE_KEY",
        "API_KEY",
        "APIKEY",
        "ACCESS_KEY",
        "CREDENTIAL",
        "MNEMONIC",
        "AUTH",
    ]
    .iter()
    .any(|word| upper.contains(word))
}
