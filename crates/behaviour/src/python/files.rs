//! Files and paths: `open`, `os`, `os.path`, `shutil`, `pathlib`, `tempfile`, `io`.

use vetch_model::capability::Trigger;

use super::codecs::passed;
use super::containers::CONTENTS;
use super::text;
use crate::apis::filesystem::read_effects;
use crate::apis::{Apis, Call};
use crate::interp::Interp;
use crate::paths::normalise;
use crate::value::{HOLE, Kind, Taint, Value};

pub(super) fn register(apis: &mut Apis) {
    files(apis);
    paths(apis);
}

fn files(apis: &mut Apis) {
    apis.add_python_function("open", open);
    for name in ["io", "codecs", "tempfile"] {
        let module = apis.add_python_module(&[name]);
        apis.add_functions(module, &["open"], open);
    }
    apis.add_python_function("file", open);
    let os = apis.add_python_module(&["os"]);
    apis.add_functions(os, &["fdopen"], open);
    apis.add_functions(os, &["remove", "unlink", "rmdir", "removedirs"], |interp, call| {
        let path = text(interp, &call.arg(0));
        interp.delete_effect(path.as_deref(), false);
        Value::UNDEFINED
    });
    apis.add_functions(os, &["walk", "fwalk"], walked);
    apis.add_functions(os, &["listdir", "scandir"], |interp, call| {
        let path = call.args.first().cloned().unwrap_or_else(|| Value::str("<project>"));
        let (_, taint) = read_effects(interp, &path);
        interp.unknown(taint)
    });
    apis.add_functions(os, &["rename", "replace", "link", "symlink"], moved);
    apis.add_functions(os, &["chmod", "makedirs", "mkdir", "chown", "utime", "umask"], |_, _| Value::UNDEFINED);
    apis.add_functions(os, &["chdir"], |interp, call| {
        interp.working_folder = Some(call.arg(0));
        Value::UNDEFINED
    });
    apis.add_functions(os, &["getcwd", "getcwdu"], |_, _| Value::str("<project>"));
    let glob = apis.add_python_module(&["glob"]);
    apis.add_functions(glob, &["glob", "iglob"], |interp, call| {
        let (_, taint) = read_effects(interp, &call.arg(0));
        // A path that matches is still that path, somewhere below.
        let path = part(interp, &call.arg(0), |path| path.trim_start_matches("**/").to_owned()).tainted(taint);
        interp.array(vec![path])
    });
    let shutil = apis.add_python_module(&["shutil"]);
    apis.add_functions(shutil, &["rmtree"], |interp, call| {
        let path = text(interp, &call.arg(0));
        interp.delete_effect(path.as_deref(), true);
        Value::UNDEFINED
    });
    apis.add_functions(shutil, &["copy", "copy2", "copyfile", "copytree", "copyfileobj"], |interp, call| {
        let (_, taint) = read_effects(interp, &call.arg(0));
        let data = interp.unknown(taint);
        interp.write_effects(&call.arg(1), &data);
        call.arg(1)
    });
    apis.add_functions(shutil, &["move"], moved);
    apis.add_functions(shutil, &["make_archive"], |interp, call| {
        let folder = call.get(interp, 2, "root_dir").unwrap_or(Value::UNKNOWN);
        let (_, taint) = read_effects(interp, &folder);
        let ending = call.arg(1).exact_str().map_or(String::new(), |format| format!(".{format}"));
        let archive = interp.concat_alternatives(&[call.arg(0), Value::str(ending)]);
        interp.write_effects(&archive, &Value::unknown(taint));
        archive
    });
    apis.add_functions(shutil, &["unpack_archive", "which"], passed);
    for name in ["BytesIO", "StringIO"] {
        let io = apis.add_python_module(&["io"]);
        apis.add_functions(io, &[name], |interp, call| {
            let taint = call.surrendered(interp);
            let buffer = interp.instance(call.api, None, taint);
            if matches!(call.arg(0).kind, Kind::Bytes(_) | Kind::Str(_)) {
                interp.set_property(&buffer, CONTENTS, call.arg(0));
            }
            buffer
        });
    }
    temporary(apis);
    let sqlite = apis.add_python_module(&["sqlite3", "aiosqlite"]);
    apis.add_functions(sqlite, &["connect"], |interp, call| {
        let (_, taint) = read_effects(interp, &call.arg(0));
        interp.unknown(taint)
    });
}

fn temporary(apis: &mut Apis) {
    let temp = apis.add_python_module(&["tempfile"]);
    apis.add_functions(temp, &["gettempdir", "mkdtemp", "mktemp", "gettempprefix"], |_, _| Value::str("<temp>/x"));
    // The number of an open file is its path here.
    apis.add_functions(temp, &["mkstemp"], |interp, _| interp.array(vec![Value::str("<temp>/file"); 2]));
    apis.add_functions(temp, &["NamedTemporaryFile", "TemporaryFile"], |interp, call| {
        let file = interp.instance(call.api, None, Taint::NONE);
        interp.set_property(&file, "name", Value::str("<temp>/file"));
        interp.set_property(&file, "path", Value::str("<temp>/file"));
        file
    });
}

/// `for root, folders, files in os.walk(top)`: the top itself, and any folder below.
fn walked(interp: &mut Interp<'_>, call: &Call) -> Value {
    let top = call.args.first().cloned().unwrap_or_else(|| Value::str("<project>"));
    let (_, taint) = read_effects(interp, &top);
    if text(interp, &top).is_none() {
        return interp.unknown(taint);
    }
    let name = Value::str(HOLE.to_string()).tainted(taint);
    let below = joined(interp, vec![top.clone(), name.clone()]);
    let root = crate::value::join(&top, &below).tainted(taint);
    let (folders, files) = (interp.array(vec![name.clone()]), interp.array(vec![name]));
    let step = interp.array(vec![root, folders, files]);
    interp.array(vec![step])
}

/// What is built is built in its own folder: names of files there are those of the package.
fn own_path(interp: &Interp<'_>, path: Value) -> Value {
    match path.exact_str() {
        Some(text)
            if interp.trigger == Trigger::Install && interp.package.file(text.trim_start_matches("./")).is_some() =>
        {
            Value::str(format!("<package>/{}", text.trim_start_matches("./"))).tainted(path.taint)
        }
        _ => path,
    }
}

/// `open(path, mode)`: read at once, or written to by methods.
fn open(interp: &mut Interp<'_>, call: &Call) -> Value {
    let path = call.get(interp, 0, "file").unwrap_or(Value::UNKNOWN);
    let path = own_path(interp, path);
    let mode = call.get(interp, 1, "mode").unwrap_or_else(|| Value::str("r"));
    let writes = mode.exact_str().is_some_and(|mode| mode.contains(['w', 'a', 'x', '+']));
    let file = match writes {
        true => {
            let effect = interp.write_effects(&path, &Value::UNDEFINED);
            let file = interp.instance(call.api, effect, Taint::NONE);
            let appends = mode.exact_str().is_some_and(|mode| mode.contains('a'));
            interp.set_property(&file, "appends", Value::bool(appends));
            file
        }
        false => {
            let (contents, taint) = read_effects(interp, &path);
            let file = interp.instance(call.api, None, taint);
            let is_binary = mode.exact_str().is_some_and(|mode| mode.contains('b'));
            let contents = contents.unwrap_or_else(|| Value::unknown(taint));
            let contents = match (&contents.kind, is_binary) {
                (Kind::Bytes(bytes), false) => Value::str(String::from_utf8_lossy(bytes)).tainted(contents.taint),
                _ => contents,
            };
            interp.set_property(&file, CONTENTS, contents.tainted(taint));
            file
        }
    };
    interp.set_property(&file, "path", path.clone());
    interp.set_property(&file, "name", path);
    file
}

/// Methods of an open file.
pub(super) fn file_method(interp: &mut Interp<'_>, receiver: &Value, name: &str, call: &Call) -> Option<Value> {
    let is_buffer = !matches!(receiver.kind, Kind::Object(id) if interp.object(id).props.get("path").is_some());
    Some(match name {
        // A buffer holds whatever was put into it.
        "read" | "getvalue" | "getbuffer" | "readlines" if is_buffer => {
            let taint = interp.deep_taint(receiver);
            let contents = interp.get_property(receiver, CONTENTS);
            let is_whole = matches!(interp.get_property(receiver, "held").kind, Kind::Undefined);
            match contents.kind {
                Kind::Bytes(_) | Kind::Str(_) if is_whole => contents.tainted(taint),
                _ => interp.unknown(taint),
            }
        }
        "write" if is_buffer => {
            let taint = interp.surrendered(&call.arg(0));
            interp.set_property(receiver, "held", Value::unknown(taint));
            Value::UNDEFINED
        }
        "read" | "readline" | "read1" | "getvalue" => interp.get_property(receiver, "contents"),
        "readlines" | "__iter__" => {
            let contents = interp.get_property(receiver, "contents");
            match contents.exact_str().map(str::to_owned) {
                Some(text) => {
                    let lines = text.lines().map(|line| Value::str(line).tainted(contents.taint)).collect();
                    interp.array(lines)
                }
                None => contents,
            }
        }
        "write" | "writelines" => {
            let path = interp.get_property(receiver, "path");
            let data = call.arg(0);
            if interp.get_property(receiver, "appends").truth() == Some(false) {
                interp.overwrite_effect(&path, &data);
            }
            interp.write_effects(&path, &data);
            Value::UNDEFINED
        }
        "close" | "flush" | "seek" | "truncate" => Value::UNDEFINED,
        "__enter__" => receiver.clone(),
        _ => return None,
    })
}

fn moved(interp: &mut Interp<'_>, call: &Call) -> Value {
    let from = text(interp, &call.arg(0));
    let data = from.as_deref().and_then(|path| interp.written_file(path)).unwrap_or(Value::UNKNOWN);
    interp.write_effects(&call.arg(1), &data);
    call.arg(1)
}

fn paths(apis: &mut Apis) {
    let os = apis.add_python_module(&["os"]);
    let path = apis.add_namespace(os, "path");
    for name in ["os.path", "posixpath", "ntpath"] {
        apis.python_modules.insert(name, path);
    }
    apis.add_functions(path, &["join"], |interp, call| joined(interp, call.args.clone()));
    apis.add_functions(path, &["expanduser", "expandvars"], |interp, call| expanded(interp, &call.arg(0)));
    apis.add_functions(path, &["abspath", "realpath", "normpath", "normcase", "relpath"], |_, call| call.arg(0));
    apis.add_functions(path, &["dirname"], |interp, call| {
        part(interp, &call.arg(0), |path| path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned())
    });
    apis.add_functions(path, &["basename"], |interp, call| {
        part(interp, &call.arg(0), |path| path.rsplit('/').next().unwrap_or_default().to_owned())
    });
    apis.add_functions(
        path,
        &["exists", "isfile", "isdir", "islink", "getsize", "getmtime", "splitext", "split"],
        |interp, _| interp.unknown(Taint::NONE),
    );
    apis.add_values(path, &["sep"], |_, _| Value::str("/"));
    apis.add_values(os, &["sep"], |_, _| Value::str("/"));
    apis.add_values(os, &["linesep"], |_, _| Value::str("\n"));
    let pathlib = apis.add_python_module(&["pathlib"]);
    let names = ["Path", "PurePath", "PosixPath", "WindowsPath"];
    apis.add_functions(pathlib, &names, |interp, call| joined(interp, call.args.clone()));
    for name in names {
        let class = apis.add_namespace(pathlib, name);
        apis.add_functions(class, &["home"], |_, _| Value::str("<home>"));
        apis.add_functions(class, &["cwd"], |_, _| Value::str("<project>"));
    }
    let dirs = apis.add_python_module(&["appdirs", "platformdirs"]);
    apis.add_functions(dirs, &["user_data_dir", "user_cache_dir", "user_config_dir"], |_, _| {
        Value::str("<home>/.config")
    });
}

/// Parts as one path.
pub(super) fn joined(interp: &mut Interp<'_>, parts: Vec<Value>) -> Value {
    let Some((first, rest)) = parts.split_first() else { return Value::str(".") };
    let mut pieces = vec![first.clone()];
    for part in rest {
        pieces.push(Value::str("/"));
        pieces.push(part.clone());
    }
    let path = interp.concat_alternatives(&pieces);
    part(interp, &path, normalise)
}

fn part(interp: &mut Interp<'_>, path: &Value, of: impl Fn(&str) -> String) -> Value {
    match text(interp, path) {
        Some(path_text) => Value::str(of(&path_text.replace('\\', "/"))).tainted(path.taint),
        None => interp.unknown(path.taint),
    }
}

fn expanded(interp: &mut Interp<'_>, path: &Value) -> Value {
    const VARIABLES: [(&str, &str); 6] = [
        ("%APPDATA%", "<home>/AppData/Roaming"),
        ("%LOCALAPPDATA%", "<home>/AppData/Local"),
        ("%USERPROFILE%", "<home>"),
        ("%TEMP%", "<temp>"),
        ("$HOME", "<home>"),
        ("${HOME}", "<home>"),
    ];
    part(interp, path, |path| {
        let path = match path.strip_prefix('~') {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("<home>{rest}"),
            _ => path.to_owned(),
        };
        VARIABLES.iter().fold(path, |path, (name, value)| path.replace(name, value))
    })
}

/// `path.parent`, `path.name`, `path.stem`, `path.suffix`.
pub(crate) fn part_of_path(path: &str, part: &str) -> Value {
    let (parent, name) = path.rsplit_once('/').unwrap_or((".", path));
    let (stem, suffix) = match name.rfind('.').filter(|dot| *dot > 0) {
        Some(dot) => name.split_at(dot),
        None => (name, ""),
    };
    Value::str(match part {
        "parent" => parent,
        "name" => name,
        "stem" => stem,
        _ => suffix,
    })
}

/// Methods of `pathlib.Path`, which is its text here.
pub(super) fn path_method(interp: &mut Interp<'_>, path: &Value, name: &str, call: &Call) -> Value {
    match name {
        "read_text" | "read_bytes" => {
            let path = own_path(interp, path.clone());
            let (contents, taint) = read_effects(interp, &path);
            match contents {
                Some(Value { kind: Kind::Bytes(bytes), taint: own }) if name == "read_text" => {
                    Value::str(String::from_utf8_lossy(&bytes)).tainted(taint.or(own))
                }
                Some(contents) => contents.tainted(taint),
                None => interp.unknown(taint),
            }
        }
        "write_text" | "write_bytes" => {
            interp.write_effects(path, &call.arg(0));
            Value::UNDEFINED
        }
        "open" => {
            let mut args = vec![path.clone()];
            args.extend(call.args.iter().cloned());
            open(interp, &Call { api: interp.apis.python_global("open").unwrap_or_default(), args, ..call.clone() })
        }
        "unlink" | "rmdir" => {
            let own = text(interp, path);
            interp.delete_effect(own.as_deref(), false);
            Value::UNDEFINED
        }
        "expanduser" => expanded(interp, path),
        "resolve" | "absolute" | "as_posix" => path.clone(),
        "iterdir" | "glob" | "rglob" => {
            let (_, taint) = read_effects(interp, path);
            let below = joined(interp, vec![path.clone(), Value::str(HOLE.to_string())]).tainted(taint);
            interp.array(vec![below])
        }
        "rename" => {
            interp.write_effects(&call.arg(0), &Value::UNKNOWN);
            call.arg(0)
        }
        "mkdir" | "touch" | "chmod" | "symlink_to" => Value::UNDEFINED,
        _ => interp.unknown(Taint::NONE),
    }
}
