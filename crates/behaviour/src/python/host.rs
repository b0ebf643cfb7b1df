//! The host: `platform`, input devices, native code, the registry.

use vetch_model::capability::{Attributes, CapabilityId, Resource};

use super::codecs::passed;
use super::text;
use crate::apis::filesystem::read_effects;
use crate::apis::{ApiId, Apis, Call};
use crate::interp::Interp;
use crate::value::{HOLE, Kind, Taint, Value};

pub(super) fn register(apis: &mut Apis) {
    facts(apis);
    devices(apis);
    native(apis);
}

/// Something about the host.
pub(super) fn fact(interp: &mut Interp<'_>, item: &'static str) -> Value {
    let note = format!("reads {item} of the host");
    let effect = interp.effect(CapabilityId::SystemInfo, Resource::Named(item.to_owned()), note);
    let taint = interp.source(effect);
    interp.unknown(taint)
}

fn facts(apis: &mut Apis) {
    let platform = apis.add_python_module(&["platform"]);
    apis.add_functions(platform, &["node"], |interp, _| fact(interp, "hostname"));
    apis.add_functions(platform, &["uname", "platform", "version", "release"], |interp, _| fact(interp, "release"));
    apis.add_functions(platform, &["system", "machine", "architecture", "python_version", "processor"], |interp, _| {
        interp.unknown(Taint::NONE)
    });
    let getpass = apis.add_python_module(&["getpass"]);
    apis.add_functions(getpass, &["getuser"], |interp, _| fact(interp, "userInfo"));
    apis.add_functions(getpass, &["getpass"], |interp, _| {
        let typed = interp.given_source("password that is typed".to_owned());
        interp.unknown(typed)
    });
    let os = apis.add_python_module(&["os"]);
    apis.add_functions(os, &["getlogin"], |interp, _| fact(interp, "userInfo"));
    apis.add_functions(os, &["uname"], |interp, _| fact(interp, "hostname"));
    let uuid = apis.add_python_module(&["uuid"]);
    apis.add_functions(uuid, &["getnode"], |interp, _| fact(interp, "networkInterfaces"));
    for name in ["psutil", "wmi", "cpuinfo", "GPUtil", "netifaces", "getmac", "machineid"] {
        let module = apis.add_python_module(&[name]);
        apis.add_functions(
            module,
            &[
                "net_if_addrs",
                "users",
                "virtual_memory",
                "cpu_count",
                "disk_partitions",
                "process_iter",
                "WMI",
                "get_cpu_info",
                "getGPUs",
                "interfaces",
                "ifaddresses",
                "get_mac_address",
                "id",
            ],
            |interp, _| fact(interp, "machine"),
        );
    }
    let sys = apis.add_python_module(&["sys"]);
    apis.add_values(sys, &["executable"], |_, _| Value::str("python"));
    apis.add_values(sys, &["platform", "argv", "version", "version_info", "stdin"], |interp, _| {
        interp.unknown(Taint::NONE)
    });
    apis.add_functions(sys, &["exit", "getsizeof", "setrecursionlimit"], |_, _| Value::UNDEFINED);
}

fn devices(apis: &mut Apis) {
    let keyboard = ["pynput.keyboard", "pynput", "keyboard", "pyxhook", "pyHook", "evdev"];
    for name in keyboard {
        let module = apis.add_python_module(&[name]);
        apis.add_functions(
            module,
            &[
                "Listener",
                "on_press",
                "on_release",
                "hook",
                "read_key",
                "record",
                "HookManager",
                "HookKeyboard",
                "InputDevice",
            ],
            |interp, call| device(interp, call, CapabilityId::InputKeyboard, "reads the keyboard"),
        );
    }
    let screen = ["PIL.ImageGrab", "pyscreenshot", "mss", "pyautogui", "dxcam", "d3dshot"];
    for name in screen {
        let module = apis.add_python_module(&[name]);
        apis.add_functions(module, &["grab", "mss", "screenshot", "create", "grabclipboard"], |interp, call| {
            device(interp, call, CapabilityId::InputScreen, "captures the screen")
        });
    }
    for name in ["pyperclip", "clipboard", "win32clipboard", "pyperclip3"] {
        let module = apis.add_python_module(&[name]);
        apis.add_functions(module, &["copy", "SetClipboardText", "SetClipboardData"], |interp, call| {
            let put = call.args.last().cloned().unwrap_or(Value::UNKNOWN);
            crate::apis::host::clipboard_written(interp, &put);
            Value::UNDEFINED
        });
        apis.add_functions(module, &["paste", "GetClipboardData", "waitForNewPaste"], |interp, call| {
            device(interp, call, CapabilityId::InputClipboard, "reads the clipboard")
        });
    }
    let tk = apis.add_python_module(&["tkinter", "Tkinter"]);
    apis.add_functions(tk, &["Tk", "Toplevel"], |interp, call| interp.instance(call.api, None, Taint::NONE));
    recorders(apis);
    for name in ["browser_cookie3", "browsercookie", "pycookiecheat"] {
        let module = apis.add_python_module(&[name]);
        apis.add_functions(
            module,
            &["chrome", "firefox", "edge", "opera", "load", "brave", "chrome_cookies"],
            |interp, _| {
                let path = Value::str("<home>/.config/google-chrome/Default/Cookies");
                let (_, taint) = read_effects(interp, &path);
                interp.unknown(taint)
            },
        );
    }
}

/// Methods of a window of Tk: every window reaches the clipboard.
pub(super) fn window_method(interp: &mut Interp<'_>, name: &str, call: &Call) -> Option<Value> {
    match name {
        "clipboard_get" | "selection_get" => {
            Some(device(interp, call, CapabilityId::InputClipboard, "reads the clipboard"))
        }
        "clipboard_append" => {
            crate::apis::host::clipboard_written(interp, &call.arg(0));
            Some(Value::UNDEFINED)
        }
        _ => None,
    }
}

/// Cameras and microphones.
fn recorders(apis: &mut Apis) {
    let camera = apis.add_python_module(&["cv2", "picamera", "picamera2", "pygame.camera"]);
    apis.add_functions(camera, &["VideoCapture", "PiCamera", "Camera"], |interp, call| match call.arg(0).kind {
        // A film.
        Kind::Str(_) => passed(interp, call),
        _ => device(interp, call, CapabilityId::InputCamera, "uses the camera"),
    });
    for name in ["sounddevice", "pyaudio", "speech_recognition", "soundcard"] {
        let module = apis.add_python_module(&[name]);
        let names = &["rec", "InputStream", "RawInputStream", "PyAudio", "Microphone", "default_microphone"];
        apis.add_functions(module, names, |interp, call| {
            device(interp, call, CapabilityId::InputMicrophone, "uses the microphone")
        });
    }
}

/// Native code, the registry of Windows, key stores.
fn native(apis: &mut Apis) {
    let ctypes = apis.add_python_module(&["ctypes", "cffi"]);
    apis.add_functions(ctypes, &["CDLL", "WinDLL", "OleDLL", "PyDLL", "dlopen"], |interp, call| {
        let name = text(interp, &call.arg(0));
        let resource = name.map_or(Resource::Any, |name| Resource::Named(name.chars().take(64).collect()));
        interp.effect(CapabilityId::CodeNative, resource, "loads a native library");
        interp.unknown(Taint::NONE)
    });
    let mapping = apis.add_python_module(&["mmap"]);
    apis.add_values(mapping, &["PROT_READ"], |_, _| Value::number(1.0));
    apis.add_values(mapping, &["PROT_WRITE"], |_, _| Value::number(2.0));
    apis.add_values(mapping, &["PROT_EXEC"], |_, _| Value::number(4.0));
    apis.add_functions(mapping, &["mmap"], |interp, call| {
        const EXECUTABLE: u64 = 4;
        let taint = call.surrendered(interp);
        let protection = call.get(interp, 3, "prot").and_then(|prot| prot.to_number()).unwrap_or(0.0) as u64;
        if protection & EXECUTABLE != 0 {
            let memory = Resource::Named("memory that is run".to_owned());
            interp.effect(CapabilityId::ProcessInject, memory, "asks for memory that can be run");
        }
        interp.unknown(taint)
    });
    windows(apis, ctypes);
}

/// What Windows has for native code, the registry and keys.
fn windows(apis: &mut Apis, ctypes: ApiId) {
    let windll = apis.add_namespace(ctypes, "windll");
    let kernel = apis.add_namespace(windll, "kernel32");
    apis.add_functions(
        kernel,
        &[
            "VirtualAlloc",
            "VirtualAllocEx",
            "WriteProcessMemory",
            "CreateRemoteThread",
            "RtlMoveMemory",
            "CreateThread",
        ],
        |interp, call| {
            let sent = call.surrendered(interp);
            let effect =
                interp.effect(CapabilityId::ProcessInject, Resource::Any, "writes code into memory and runs it");
            interp.flow(sent, effect);
            interp.unknown(Taint::NONE)
        },
    );
    let user = apis.add_namespace(windll, "user32");
    let keys = ["GetAsyncKeyState", "GetKeyState", "GetKeyboardState", "SetWindowsHookExA", "SetWindowsHookExW"];
    let win32 = apis.add_python_module(&["win32api", "win32con"]);
    for module in [user, win32] {
        apis.add_functions(module, &keys, |interp, call| {
            device(interp, call, CapabilityId::InputKeyboard, "reads the keyboard")
        });
    }
    apis.add_functions(user, &["GetClipboardData"], |interp, call| {
        device(interp, call, CapabilityId::InputClipboard, "reads the clipboard")
    });
    let shell = apis.add_namespace(windll, "shell32");
    apis.add_functions(shell, &["ShellExecuteW", "ShellExecuteA"], |interp, call| {
        let program = text(interp, &call.arg(2)).unwrap_or_else(|| HOLE.to_string());
        let words = text(interp, &call.arg(3)).unwrap_or_else(|| HOLE.to_string());
        let taint = call.surrendered(interp);
        let printed = crate::commands::run_line(interp, &format!("{program} {words}"), Attributes::default(), taint);
        interp.unknown(printed)
    });
    let winreg = apis.add_python_module(&["winreg", "_winreg"]);
    apis.add_functions(winreg, &["SetValueEx", "SetValue", "CreateKey", "CreateKeyEx", "OpenKey"], |interp, call| {
        let is_autostart = call
            .args
            .iter()
            .any(|arg| text(interp, arg).is_some_and(|text| text.to_lowercase().contains("currentversion\\run")));
        if is_autostart {
            let mechanism = Resource::Named("registry run key".to_owned());
            interp.effect(CapabilityId::Persist, mechanism, "opens a key by which Windows starts programs");
        }
        passed(interp, call)
    });
    let crypt = apis.add_python_module(&["win32crypt"]);
    apis.add_functions(crypt, &["CryptUnprotectData"], |interp, call| {
        let path = Value::str("<home>/AppData/Local/Google/Chrome/User Data/Local State");
        let (_, taint) = read_effects(interp, &path);
        let given = call.surrendered(interp);
        interp.unknown(taint.or(given))
    });
    let keyring = apis.add_python_module(&["keyring"]);
    apis.add_functions(keyring, &["get_password", "get_credential"], |interp, _| {
        let path = Value::str("<home>/Library/Keychains/login.keychain");
        let (_, taint) = read_effects(interp, &path);
        interp.unknown(taint)
    });
}

fn device(interp: &mut Interp<'_>, call: &Call, id: CapabilityId, note: &'static str) -> Value {
    let effect = interp.effect(id, Resource::None, note);
    let taint = interp.source(effect);
    call.call_back(interp, taint);
    interp.unknown(taint)
}
