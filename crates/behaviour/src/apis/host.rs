//! The host: `os`, `path`, input devices, credential stores.

use vetch_model::capability::{CapabilityId, PathClass, Resource};

use crate::apis::{Apis, Call};
use crate::interp::Interp;
use crate::paths::normalise;
use crate::value::{HOLE, Kind, Taint, Value};

pub(super) fn register(apis: &mut Apis) {
    let os = apis.add_module(&["os"]);
    const FACTS: &[&str] = &[
        "hostname",
        "userInfo",
        "networkInterfaces",
        "cpus",
        "totalmem",
        "freemem",
        "uptime",
        "release",
        "version",
        "machine",
        "loadavg",
    ];
    apis.add_functions(os, FACTS, system_info);
    apis.add_functions(os, &["homedir"], |_, _| Value::str("<home>"));
    apis.add_functions(os, &["tmpdir"], |_, _| Value::str("<temp>"));
    apis.add_functions(os, &["platform", "arch", "type", "endianness"], |interp, _| interp.unknown(Taint::NONE));
    apis.add_values(os, &["EOL"], |_, _| Value::str("\n"));
    for name in [
        "systeminformation",
        "node-machine-id",
        "macaddress",
        "getmac",
        "public-ip",
        "ip",
        "username",
        "os-info",
        "whoami",
    ] {
        let module = apis.add_module(&[name]);
        apis.set_call(module, system_info);
        apis.add_functions(
            module,
            &[
                "system",
                "osInfo",
                "users",
                "networkInterfaces",
                "machineId",
                "machineIdSync",
                "one",
                "all",
                "v4",
                "address",
                "getStaticData",
            ],
            system_info,
        );
    }
    let intl = apis.add_global(&["Intl"]);
    apis.add_functions(intl, &["DateTimeFormat", "NumberFormat"], |interp, call| {
        interp.instance(call.api, None, Taint::NONE)
    });
    register_process(apis);
    register_path(apis);
    register_inputs(apis);
}

fn register_process(apis: &mut Apis) {
    let process = apis.add_global(&["process"]);
    apis.add_functions(process, &["cwd"], |_, _| Value::str("<project>"));
    apis.add_values(process, &["execPath", "argv0"], |_, _| Value::str("node"));
    apis.add_values(
        process,
        &[
            "platform", "arch", "version", "versions", "pid", "ppid", "argv", "execArgv", "title", "release", "config",
            "features",
        ],
        |interp, _| interp.unknown(Taint::NONE),
    );
    apis.add_functions(
        process,
        &["uptime", "hrtime", "memoryUsage", "umask", "exit", "abort", "chdir", "emitWarning"],
        |interp, _| interp.unknown(Taint::NONE),
    );
    apis.add_functions(process, &["getuid", "geteuid", "getgid"], |interp, _| interp.unknown(Taint::NONE));
    let import_meta = apis.add_global(&["import.meta"]);
    apis.add_values(import_meta, &["url"], |interp, _| {
        let path = interp.own_path();
        Value::str(format!("file://{path}"))
    });
    apis.add_values(import_meta, &["filename"], |interp, _| Value::str(interp.own_path()));
    apis.add_values(import_meta, &["dirname"], |interp, _| {
        let path = interp.own_path();
        Value::str(path.rsplit_once('/').map_or("<package>", |(folder, _)| folder))
    });
}

fn system_info(interp: &mut Interp<'_>, call: &Call) -> Value {
    let item = interp.apis.name(call.api);
    let effect =
        interp.effect(CapabilityId::SystemInfo, Resource::Named(item.to_owned()), format!("reads {item} of the host"));
    let taint = match item {
        // What tells nothing of who or where flows nowhere of interest.
        "cpus" | "totalmem" | "freemem" | "uptime" | "loadavg" => Taint::NONE,
        _ => interp.source(effect),
    };
    interp.invoke_callbacks(&call.args, taint);
    interp.unknown(taint)
}

fn register_path(apis: &mut Apis) {
    let path = apis.add_module(&["path", "path/posix", "path/win32", "pathe", "upath", "path-browserify"]);
    apis.alias(path, "posix", path);
    apis.alias(path, "win32", path);
    apis.add_functions(path, &["join", "resolve"], join_path);
    apis.add_functions(path, &["normalize"], |interp, call| match interp.to_text(&call.arg(0)) {
        Some(text) => Value::str(normalise(&text)).tainted(call.arg(0).taint),
        None => interp.unknown(call.arg(0).taint),
    });
    apis.add_functions(path, &["dirname"], |interp, call| {
        part_of_path(interp, call, |text| text.rsplit_once('/').map_or(".", |(dir, _)| dir).to_owned())
    });
    apis.add_functions(path, &["basename"], |interp, call| {
        let suffix = call.arg(1).exact_str().unwrap_or_default().to_owned();
        part_of_path(interp, call, |text| {
            let name = text.rsplit('/').next().unwrap_or_default();
            name.strip_suffix(suffix.as_str()).unwrap_or(name).to_owned()
        })
    });
    apis.add_functions(path, &["extname"], |interp, call| {
        part_of_path(interp, call, |text| {
            text.rsplit('/').next().and_then(|name| name.rfind('.').map(|at| name[at..].to_owned())).unwrap_or_default()
        })
    });
    apis.add_values(path, &["sep"], |_, _| Value::str("/"));
    apis.add_values(path, &["delimiter"], |_, _| Value::str(":"));
    let url = apis.add_module(&["url"]);
    apis.add_functions(url, &["fileURLToPath", "pathToFileURL"], |interp, call| {
        let value = call.arg(0);
        match interp.to_text(&value) {
            Some(text) => Value::str(text.trim_start_matches("file://")).tainted(value.taint),
            None => interp.unknown(value.taint),
        }
    });
    let global = apis.add_global(&["URL"]);
    apis.alias(url, "URL", global);
    apis.set_call(global, |interp, call| {
        let base = call.arg(1);
        match (interp.to_text(&call.arg(0)), interp.to_text(&base)) {
            (Some(text), Some(base)) if base.starts_with("file://") && !text.contains("://") => {
                let folder = base.rsplit_once('/').map_or(&*base, |(folder, _)| folder);
                Value::str(format!("file://{}", normalise(&format!("{}/{text}", folder.trim_start_matches("file://")))))
            }
            (Some(text), Some(base)) if !text.contains("://") && base.contains("://") => {
                Value::str(format!("{}/{}", base.trim_end_matches('/'), text.trim_start_matches('/')))
                    .tainted(call.arg(0).taint)
            }
            (Some(text), _) => Value::str(text).tainted(call.arg(0).taint),
            _ => interp.unknown(call.arg(0).taint.or(base.taint)),
        }
    });
}

fn part_of_path(interp: &mut Interp<'_>, call: &Call, part: impl Fn(&str) -> String) -> Value {
    let value = call.arg(0);
    match interp.to_text(&value) {
        Some(text) if !matches!(value.kind, Kind::Undefined) => {
            Value::str(part(&text.replace('\\', "/"))).tainted(value.taint)
        }
        _ => interp.unknown(value.taint),
    }
}

fn join_path(interp: &mut Interp<'_>, call: &Call) -> Value {
    if let Some(at) = call.args.iter().position(|arg| matches!(arg.kind, Kind::OneOf(_))) {
        let mut result: Option<Value> = None;
        for alternative in call.args[at].alternatives() {
            let mut args = call.args.clone();
            args[at] = alternative.clone();
            let joined =
                join_path(interp, &Call { api: call.api, this: Value::UNDEFINED, args, is_new: false, keywords: None });
            result = Some(result.map_or_else(|| joined.clone(), |earlier| crate::value::join(&earlier, &joined)));
        }
        return result.unwrap_or(Value::UNKNOWN);
    }
    let resolves = interp.apis.name(call.api) == "resolve";
    let mut path = String::new();
    let mut taint = Taint::NONE;
    for arg in &call.args {
        taint = taint.or(arg.taint);
        let text = interp.to_text(arg).unwrap_or_else(|| HOLE.to_string().into());
        let rooted = text.starts_with('/') || text.starts_with('<');
        if resolves && rooted {
            path.clear();
        }
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(&text);
        if path.len() > 8192 {
            return interp.unknown(taint);
        }
    }
    let mut path = normalise(&path);
    if resolves && !path.starts_with(['/', '<', HOLE]) {
        path = normalise(&format!("<project>/{path}"));
    }
    if path.chars().all(|c| c == HOLE) {
        return interp.unknown(taint);
    }
    Value::str(path).tainted(taint)
}

fn register_inputs(apis: &mut Apis) {
    for (names, id) in [
        (
            &[
                "iohook",
                "uiohook-napi",
                "node-global-key-listener",
                "gkm",
                "keylogger.js",
                "iohook-raub",
                "asynckeystate",
            ][..],
            CapabilityId::InputKeyboard,
        ),
        (&["screenshot-desktop", "node-screenshots", "desktop-screenshot", "screenshots"], CapabilityId::InputScreen),
        (&["clipboardy", "copy-paste", "node-clipboardy", "clipboard-event"], CapabilityId::InputClipboard),
        (&["node-webcam"], CapabilityId::InputCamera),
        (&["node-record-lpcm16", "mic", "node-audiorecorder"], CapabilityId::InputMicrophone),
    ] {
        let module = apis.add_module(names);
        let call: crate::apis::Handler = match id {
            CapabilityId::InputKeyboard => |i, c| input(i, c, CapabilityId::InputKeyboard),
            CapabilityId::InputScreen => |i, c| input(i, c, CapabilityId::InputScreen),
            CapabilityId::InputClipboard => |i, c| input(i, c, CapabilityId::InputClipboard),
            CapabilityId::InputCamera => |i, c| input(i, c, CapabilityId::InputCamera),
            _ => |i, c| input(i, c, CapabilityId::InputMicrophone),
        };
        apis.set_call(module, call);
        apis.add_functions(
            module,
            &[
                "on",
                "start",
                "addListener",
                "registerShortcut",
                "GlobalKeyboardListener",
                "read",
                "readSync",
                "paste",
                "all",
                "capture",
                "record",
                "create",
                "default",
                "startRecording",
            ],
            call,
        );
    }
    let clipboard = apis.add_module(&["clipboardy"]);
    apis.add_functions(clipboard, &["write", "writeSync", "copy"], put_on_clipboard);
    let hook = apis.add_module(&["uiohook-napi"]);
    apis.alias(hook, "uIOhook", hook);
    let electron = apis.add_module(&["electron", "@electron/remote"]);
    let clipboard = apis.add_namespace(electron, "clipboard");
    apis.add_functions(clipboard, &["readText", "readHTML", "read"], |i, c| input(i, c, CapabilityId::InputClipboard));
    apis.add_functions(clipboard, &["writeText", "write", "writeHTML"], put_on_clipboard);
    let capturer = apis.add_namespace(electron, "desktopCapturer");
    apis.add_functions(capturer, &["getSources"], |i, c| input(i, c, CapabilityId::InputScreen));
    for names in [&["keytar"][..], &["node-keytar", "keychain", "@napi-rs/keyring"]] {
        let module = apis.add_module(names);
        apis.add_functions(module, &["getPassword", "findPassword", "findCredentials"], credentials);
    }
}

/// The clipboard is written.
pub(super) fn put_on_clipboard(interp: &mut Interp<'_>, call: &Call) -> Value {
    clipboard_written(interp, &call.arg(0));
    interp.unknown(Taint::NONE)
}

/// Records that the clipboard is written.
pub(crate) fn clipboard_written(interp: &mut Interp<'_>, put: &Value) {
    interp.effect(CapabilityId::InputClipboard, Resource::Named("written".to_owned()), "writes the clipboard");
    interp.note_put_address(put);
}

pub(super) fn input(interp: &mut Interp<'_>, call: &Call, id: CapabilityId) -> Value {
    let effect = interp.effect(id, Resource::None, format!("uses {}", interp.apis.path(call.api)));
    let taint = interp.source(effect);
    interp.invoke_callbacks(&call.args, taint);
    interp.instance(call.api, None, taint)
}

fn credentials(interp: &mut Interp<'_>, call: &Call) -> Value {
    let resource = Resource::Path { class: PathClass::Credentials, path: Some("system keychain".to_owned()) };
    let effect = interp.effect(CapabilityId::FsRead, resource, "reads the system keychain");
    let taint = interp.source(effect);
    interp.invoke_callbacks(&call.args, taint);
    interp.unknown(taint)
}

/// What `resolvedOptions()` tells: where in the world the host is.
pub(crate) fn locale(interp: &mut Interp<'_>) -> Value {
    let effect = interp.effect(
        CapabilityId::SystemInfo,
        Resource::Named("timezone".to_owned()),
        "reads the time zone and language",
    );
    let taint = interp.source(effect);
    interp.unknown(taint)
}

impl Interp<'_> {
    /// A comparison with what the host is: deciding by it whether to act is evasion.
    pub(crate) fn compared(&mut self, taint: Taint) {
        let located = self.sources_of(taint).into_iter().any(|source| {
            let effect = &self.effects.list[source as usize];
            effect.id == CapabilityId::SystemInfo && effect.resource == Resource::Named("timezone".to_owned())
        });
        if located {
            let mechanism = Resource::Named("timezone or locale check".to_owned());
            self.effect(CapabilityId::Evade, mechanism, "decides by where the host is");
        }
    }

    /// `<package>/path` of the file whose code is running.
    pub(crate) fn own_path(&self) -> String {
        self.units.get(self.here.unit.0 as usize).map_or_else(String::new, |unit| self.package.path_of(unit.file))
    }

    /// A native module is loaded.
    pub(crate) fn effect_native(&mut self, path: &str) {
        let name: String = path.replace(HOLE, "*").chars().take(160).collect();
        self.effect(CapabilityId::CodeNative, Resource::Named(name), "loads native code");
    }
}
