//! Files: Node.js `fs`, its promise form, its popular supersets, Deno and Bun.

use std::rc::Rc;

use vetch_model::Trigger;
use vetch_model::capability::{CapabilityId, PathClass, Resource};

use crate::apis::codecs::bytes_of;
use crate::apis::{ApiId, Apis, Call};
use crate::commands;
use crate::effects::Place;
use crate::interp::Interp;
use crate::paths;
use crate::value::{Kind, Taint, Value};

const READ: &[&str] = &[
    "readFile",
    "readFileSync",
    "createReadStream",
    "readdir",
    "readdirSync",
    "opendir",
    "opendirSync",
    "readlink",
    "readlinkSync",
    "readJson",
    "readJSON",
    "readJsonSync",
    "readJSONSync",
];
const WRITE: &[&str] = &[
    "writeFile",
    "writeFileSync",
    "appendFile",
    "appendFileSync",
    "createWriteStream",
    "outputFile",
    "outputFileSync",
    "writeJson",
    "writeJSON",
    "writeJsonSync",
    "writeJSONSync",
    "outputJson",
    "outputJsonSync",
    "truncate",
    "truncateSync",
];
const DELETE: &[&str] =
    &["unlink", "unlinkSync", "rm", "rmSync", "rmdir", "rmdirSync", "remove", "removeSync", "emptyDir", "emptyDirSync"];
const COPY: &[&str] =
    &["copyFile", "copyFileSync", "cp", "cpSync", "copy", "copySync", "link", "linkSync", "symlink", "symlinkSync"];
const MOVE: &[&str] = &["rename", "renameSync", "move", "moveSync"];

pub(super) fn register(apis: &mut Apis) {
    let fs = apis.add_module(&["fs", "original-fs", "fs-extra", "graceful-fs"]);
    register_functions(apis, fs);
    let promises = apis.add_namespace(fs, "promises");
    register_functions(apis, promises);
    apis.modules.insert("fs/promises", promises);
    let deno = apis.add_global(&["Deno"]);
    apis.add_functions(deno, &["readTextFile", "readTextFileSync", "readFile", "readFileSync", "readDir"], read);
    apis.add_functions(deno, &["writeTextFile", "writeTextFileSync", "writeFile", "writeFileSync"], write);
    apis.add_functions(deno, &["remove", "removeSync"], delete);
    let bun = apis.add_global(&["Bun"]);
    apis.add_functions(bun, &["write"], write);
    apis.add_functions(bun, &["file"], read);
    for name in ["rimraf", "del"] {
        let module = apis.add_module(&[name]);
        apis.set_call(module, delete);
        apis.add_functions(
            module,
            &["sync", "rimraf", "rimrafSync", "deleteAsync", "deleteSync", "native", "manual"],
            delete,
        );
    }
}

fn register_functions(apis: &mut Apis, fs: ApiId) {
    apis.add_functions(fs, READ, read);
    apis.add_functions(fs, WRITE, write);
    apis.add_functions(fs, DELETE, delete);
    apis.add_functions(fs, COPY, copy);
    apis.add_functions(fs, MOVE, rename);
    apis.add_functions(fs, &["open", "openSync"], open);
}

/// The possible texts of a path argument; one `None` if nothing is known of it.
fn texts(interp: &Interp<'_>, value: &Value) -> Vec<Option<Rc<str>>> {
    value
        .alternatives()
        .iter()
        .map(|value| match &value.kind {
            Kind::Unknown => None,
            _ => interp.to_text(value).map(|text| Rc::from(strip_file_url(&text))),
        })
        .collect()
}

fn strip_file_url(path: &str) -> &str {
    path.strip_prefix("file://").unwrap_or(path)
}

/// Reads a file or a folder; what is read carries where it came from.
fn read(interp: &mut Interp<'_>, call: &Call) -> Value {
    let as_text = [1, 2].iter().any(|&index| is_encoding(interp, &call.arg(index)))
        || interp.apis.name(call.api).to_lowercase().contains("text");
    let (contents, taint) = read_effects(interp, &call.arg(0));
    let value = match contents.map(|contents| contents.kind) {
        Some(Kind::Bytes(bytes)) if as_text => Value::str(String::from_utf8_lossy(&bytes)).tainted(taint),
        Some(kind) => Value::new(kind).tainted(taint),
        None => interp.unknown(taint),
    };
    interp.finish_with(call, &value)
}

/// Records reading each path that `path` may be. Gives the contents as far as they are known (bytes, of a file of the
/// package), and the taint of what is read.
pub(crate) fn read_effects(interp: &mut Interp<'_>, path: &Value) -> (Option<Value>, Taint) {
    // A file that another's code meant to open is what that code would have read.
    let mut taint = if interp.comes_from(path.taint, CapabilityId::CodeHook) { path.taint } else { Taint::NONE };
    let mut contents: Option<Value> = None;
    for path in texts(interp, path) {
        let resource = paths::resource(path.as_deref());
        let class = class_of(&resource);
        if path.as_deref().is_some_and(is_process_memory) {
            let target = Resource::Named(path.as_deref().unwrap_or_default().replace(crate::value::HOLE, "*"));
            interp.effect(CapabilityId::ProcessInject, target, "reads the memory of a process");
        }
        let is_environment = path.as_deref().is_some_and(is_process_environment);
        let effect = match is_environment {
            true => interp.effect(CapabilityId::EnvEnumerate, Resource::None, "reads the environment of a process"),
            false => interp.effect(CapabilityId::FsRead, resource, format!("reads {}", describe(class))),
        };
        // Data of unknown origin would taint everything without telling anything.
        let of_project = |path: &str| is_dotenv(path) || interp.is_python_here() && is_any_of_project(path);
        if is_environment
            || matters(class)
            || matches!(class, PathClass::Project | PathClass::Unknown) && path.as_deref().is_some_and(of_project)
        {
            let source = interp.source(effect);
            taint = taint.or(source);
        }
        if let Some(path) = path {
            contents = contents.or_else(|| interp.known_contents(&path));
        }
    }
    let taint = contents.as_ref().map_or(taint, |contents| taint.or(contents.taint));
    (contents, taint)
}

/// `/proc/<pid>/environ`
fn is_process_environment(path: &str) -> bool {
    path.strip_prefix("/proc/").and_then(|rest| rest.split_once('/')).is_some_and(|(_, item)| item == "environ")
}

/// `/proc/<pid>/mem`, `/proc/<pid>/maps`
fn is_process_memory(path: &str) -> bool {
    path.strip_prefix("/proc/")
        .and_then(|rest| rest.split_once('/'))
        .is_some_and(|(_, item)| matches!(item, "mem" | "maps"))
}

/// `.env`, `.env.production`: where projects keep what they do not tell.
fn is_dotenv(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name == ".env" || name.starts_with(".env.") && !name.ends_with(".example")
}

/// Whatever lies in the project, by no name in particular.
fn is_any_of_project(path: &str) -> bool {
    path.starts_with("<project>/") && path.contains(crate::value::HOLE)
}

/// Whether data from there is worth following.
fn matters(class: PathClass) -> bool {
    !matches!(class, PathClass::Unknown | PathClass::Project | PathClass::Cache | PathClass::Packages)
}

fn class_of(resource: &Resource) -> PathClass {
    match resource {
        Resource::Path { class, .. } => *class,
        _ => PathClass::Unknown,
    }
}

fn describe(class: PathClass) -> &'static str {
    match class {
        PathClass::Package => "a file of the package",
        PathClass::Project => "a file of the project",
        PathClass::Packages => "a file of another package",
        PathClass::Temp => "a temporary file",
        PathClass::Cache => "a cached file",
        PathClass::Home => "a file in the home folder",
        PathClass::Credentials => "credentials",
        PathClass::Browser => "browser data",
        PathClass::Wallet => "wallet data",
        PathClass::Autostart => "a start-up entry",
        PathClass::VcsHooks => "a version-control hook",
        PathClass::CiWorkflows => "a CI workflow",
        PathClass::Editor => "editor settings",
        PathClass::Agent => "AI-agent configuration",
        PathClass::System => "a system file",
        PathClass::Unknown => "a file",
    }
}

/// Writes a file: what was written is kept, in case something runs it.
fn write(interp: &mut Interp<'_>, call: &Call) -> Value {
    let data = call.arg(1);
    let effect = interp.write_effects(&call.arg(0), &data);
    let name = interp.apis.name(call.api);
    if !name.starts_with("append") {
        interp.overwrite_effect(&call.arg(0), &data);
    }
    let stream = name == "createWriteStream";
    let result = if stream { interp.instance(call.api, effect, Taint::NONE) } else { Value::UNDEFINED };
    interp.finish_with(call, &Value::UNDEFINED);
    result
}

fn delete(interp: &mut Interp<'_>, call: &Call) -> Value {
    let recursive = match interp.option(&call.arg(1), "recursive") {
        Some(value) => value.truth() == Some(true),
        None => false,
    };
    for path in texts(interp, &call.arg(0)) {
        interp.delete_effect(path.as_deref(), recursive);
    }
    interp.finish_with(call, &Value::UNDEFINED)
}

fn copy(interp: &mut Interp<'_>, call: &Call) -> Value {
    let source = read(
        interp,
        &Call { api: call.api, this: Value::UNDEFINED, args: vec![call.arg(0)], is_new: false, keywords: None },
    );
    interp.write_effects(&call.arg(1), &source);
    interp.finish_with(call, &Value::UNDEFINED)
}

fn rename(interp: &mut Interp<'_>, call: &Call) -> Value {
    let mut source = Value::UNKNOWN;
    for path in texts(interp, &call.arg(0)).into_iter().flatten() {
        if let Some(contents) = interp.known_contents(&path) {
            source = contents;
        }
        // Moving a file away deletes it where it was; only that of its own package is telling.
        if paths::classify(&path) == PathClass::Package {
            interp.delete_effect(Some(&path), false);
        }
    }
    interp.write_effects(&call.arg(1), &source);
    interp.finish_with(call, &Value::UNDEFINED)
}

fn open(interp: &mut Interp<'_>, call: &Call) -> Value {
    let flags = call.arg(1);
    match flags.exact_str() {
        Some(flags) if flags.contains(['w', 'a', '+']) => {
            let effect = interp.write_effects(&call.arg(0), &Value::UNDEFINED);
            let handle = interp.instance(call.api, effect, Taint::NONE);
            interp.finish_with(call, &handle)
        }
        _ => read(interp, call),
    }
}

impl Interp<'_> {
    /// Records writing `data` to each path that `path` may be.
    pub(crate) fn write_effects(&mut self, path: &Value, data: &Value) -> Option<u32> {
        let taint = self.deep_taint(data);
        let mut last = None;
        for text in texts(self, path) {
            let resource = paths::resource(text.as_deref());
            let class = class_of(&resource);
            let effect = self.effect(CapabilityId::FsWrite, resource, format!("writes {}", describe(class)));
            self.flow(taint, effect);
            if class == PathClass::Autostart {
                let mechanism = Resource::Named("start-up entry".to_owned());
                self.effect(CapabilityId::Persist, mechanism, "writes a start-up entry");
            }
            // Lines of Python that run at every start; models of neural networks are called so, too.
            let is_code = || bytes_of(self, data).is_some_and(|bytes| bytes.starts_with(b"import "));
            if text.as_deref().is_some_and(|path| path.ends_with(".pth")) && is_code() {
                let mechanism = Resource::Named("start-up code of Python".to_owned());
                self.effect(CapabilityId::Persist, mechanism, "writes code that runs whenever Python starts");
            }
            if data.as_str().is_some_and(|text| text.contains("stratum+")) {
                self.effect(CapabilityId::CryptoMine, Resource::None, "writes the address of a mining pool");
            }
            self.planted(class, text.as_deref().unwrap_or_default(), data, taint);
            if let Some(text) = text {
                let key: Rc<str> = Rc::from(paths::normalise(&text));
                let kept = match self.written_files.get(&key) {
                    Some(earlier) => crate::value::join(earlier, data),
                    None => data.clone(),
                };
                if self.written_files.len() < 4096 {
                    self.written_files.insert(key, kept.tainted(taint));
                }
            }
            last = Some(effect);
        }
        last
    }

    /// What is written where something else runs it later, or reads it as an order.
    fn planted(&mut self, class: PathClass, path: &str, data: &Value, taint: Taint) {
        let Some(script) = data.alternatives().iter().find_map(|data| data.as_str().cloned()) else { return };
        if path.ends_with(".npmrc") && script.lines().any(names_program) {
            let order = Resource::Named("program that npm starts".to_owned());
            self.effect(CapabilityId::Persist, order, "has npm start a program of its own from now on");
        }
        let is_code = || {
            let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
            ["js", "cjs", "mjs", "sh", "bat", "cmd", "ps1", "vbs"].contains(&extension)
        };
        let runs = match class {
            PathClass::Autostart | PathClass::VcsHooks | PathClass::CiWorkflows => true,
            PathClass::Home | PathClass::System | PathClass::Agent | PathClass::Wallet | PathClass::Browser => {
                is_code()
            }
            _ => false,
        };
        if runs {
            commands::run_planted(self, path, &script, taint);
        }
        let order = match class {
            PathClass::Editor if script.contains("folderOpen") => "editor task",
            PathClass::Agent if script.contains("hooks") && script.contains("command") => "agent hook",
            _ => return,
        };
        self.effect(CapabilityId::Persist, Resource::Named(order.to_owned()), "has a command run for it from now on");
    }

    /// Whatever a folder that was listed holds is written over with the same contents: it is gone.
    pub(crate) fn overwrite_effect(&mut self, path: &Value, data: &Value) {
        let is_fixed = |data: &Value| data.exact_str().is_some() || matches!(data.kind, Kind::Bytes(_));
        if !data.alternatives().iter().all(is_fixed) || !self.sources_of(data.taint).is_empty() {
            return;
        }
        for text in texts(self, path).into_iter().flatten() {
            if let Some((listed, _)) = self.listed_folder(&text) {
                self.effect(CapabilityId::FsDelete, listed, "writes over every file of a folder");
            }
        }
    }

    /// The folder of a path that may be any of what the folder holds, and where it was listed: each is meant in turn.
    fn listed_folder(&mut self, path: &str) -> Option<(Resource, Place)> {
        let (folder, name) = path.rsplit_once('/')?;
        if name.is_empty() || !name.chars().all(|c| c == crate::value::HOLE) {
            return None;
        }
        // Every effect so far is looked at.
        self.burn(self.effects.list.len() as u64 >> 4);
        let folder = if folder.is_empty() { "/" } else { folder };
        let listed = paths::resource(Some(folder));
        let is_listing = |effect: &crate::effects::Effect| {
            effect.id == CapabilityId::FsRead && effect.resource == listed && effect.trigger == self.trigger
        };
        let place = self.effects.list.iter().find(|effect| is_listing(effect))?.place.clone();
        Some((listed, place))
    }

    /// What the code itself wrote to a path.
    pub(crate) fn written_file(&self, path: &str) -> Option<Value> {
        let path = paths::normalise(path);
        let written = self.written_files.get(path.as_str()).or_else(|| {
            // Scripts of the package run in its folder, so what they write by a bare name lies there.
            path.strip_prefix("<package>/").and_then(|bare| self.written_files.get(bare))
        });
        written.or_else(|| self.fetched_folder(&path)).cloned()
    }

    /// The folder around a path that was fetched as a whole: a repository that was cloned.
    fn fetched_folder(&self, path: &str) -> Option<&Value> {
        const MAX_HEIGHT: usize = 6;
        let above = path.match_indices('/').rev().take(MAX_HEIGHT).map(|(at, _)| &path[..at]);
        above.filter_map(|folder| self.fetched_folders.get(folder)).next()
    }

    /// Records deleting a path.
    pub(crate) fn delete_effect(&mut self, path: Option<&str>, recursive: bool) {
        let note = match recursive {
            true => "deletes a folder with all it holds",
            false => "deletes a file",
        };
        self.effect(CapabilityId::FsDelete, paths::resource(path), note);
        // Who cleans up may mean some of what is listed; who answers a request has nothing to clean up.
        let is_answer = recursive && !self.given.answering.is_empty();
        let listed = path.filter(|_| is_answer).and_then(|path| self.listed_folder(path));
        if let Some((listed, place)) = listed
            && is_near(&place, &self.place())
        {
            let whole = self.effect(CapabilityId::FsDelete, listed, "deletes all that a folder holds");
            self.flow(self.given.answering, whole);
        }
        let own = self.units.get(self.here.unit.0 as usize).map(|unit| self.package.path_of(unit.file));
        if let (Some(path), Some(own)) = (path, own)
            && paths::normalise(path) == own
        {
            let mechanism = Resource::Named("self-deletion".to_owned());
            self.effect(CapabilityId::Evade, mechanism, "deletes the file that is running");
        }
    }

    /// Contents of a file that the code itself wrote, or that the package ships.
    pub(crate) fn known_contents(&mut self, path: &str) -> Option<Value> {
        let path = paths::normalise(path);
        if let Some(written) = self.written_files.get(path.as_str()) {
            return Some(written.clone());
        }
        let own = match path.strip_prefix("<package>/") {
            Some(own) => own,
            None => self.beside_install_script(&path)?,
        };
        let Some(bytes) = self.package.contents(own) else {
            self.note_wanted(own);
            return None;
        };
        Some(Value::bytes(bytes.to_vec()))
    }

    /// The file of the package that a relative path means to an install script: package managers run those in its folder.
    fn beside_install_script<'p>(&self, path: &'p str) -> Option<&'p str> {
        let own = path.strip_prefix("<project>/").unwrap_or(path);
        let is_script = self.trigger == Trigger::Install && !self.is_python_here();
        (is_script && self.package.file(own).is_some()).then_some(own)
    }

    /// The result of a call that also goes to its callback, if it has one.
    pub(crate) fn finish_with(&mut self, call: &Call, result: &Value) -> Value {
        let callback = call.args.iter().rev().find(|arg| self.is_callable(arg) && matches!(arg.kind, Kind::Object(_)));
        if let Some(callback) = callback.cloned() {
            let args = vec![Value::new(Kind::Null), result.clone()];
            self.call_value(&callback, Value::UNDEFINED, args);
        }
        result.clone()
    }
}

/// Whether what is listed at one place may be meant at the other.
fn is_near(listed: &Place, used: &Place) -> bool {
    const NEAR: u32 = 1_000;
    listed.file == used.file && listed.shipped.start.abs_diff(used.shipped.start) < NEAR
}

/// Whether a line of npm's settings says which program npm starts, or what Node.js runs first.
pub(crate) fn names_program(line: &str) -> bool {
    const SETTINGS: &[&str] = &["git", "script-shell", "shell", "node-options", "init-module", "onload-script"];
    line.split_once('=').is_some_and(|(name, _)| SETTINGS.contains(&name.trim()))
}

fn is_encoding(interp: &mut Interp<'_>, value: &Value) -> bool {
    match &value.kind {
        Kind::Str(_) => true,
        Kind::Object(_) => interp.option(value, "encoding").is_some_and(|encoding| encoding.as_str().is_some()),
        _ => false,
    }
}
