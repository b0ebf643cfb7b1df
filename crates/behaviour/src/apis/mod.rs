//! Built-ins and well-known packages, as a tree of names with what each does.
//! Knowledge of APIs, not of packages: nothing here excuses anyone.

mod browser;
mod call;
pub(crate) mod codecs;
mod containers;
mod crypto;
pub(crate) mod env;
pub(crate) mod filesystem;
pub(crate) mod host;
mod language;
pub(crate) mod network;
mod process;
mod prompts;
mod uploads;
pub(crate) mod urls;

pub(crate) use crypto::open_aes_cbc;
pub(crate) use host::locale;
pub(crate) use uploads::{given, note_copied_mail};

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use crate::interp::Interp;
use crate::value::{ObjectId, Value};

/// Index into [`Apis::entries`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ApiId(pub u32);

/// A call of a built-in.
#[derive(Clone)]
pub(crate) struct Call {
    pub api: ApiId,
    pub this: Value,
    pub args: Vec<Value>,
    pub is_new: bool,
    /// Keyword arguments. Python.
    pub keywords: Option<ObjectId>,
}

/// Methods of instances of the built-in with this path. `None`: nothing of interest by that name.
pub(crate) fn instance_method(interp: &mut Interp<'_>, path: &str, name: &str, call: &Call) -> Option<Value> {
    crypto::instance_method(interp, path, name, call)
        .or_else(|| process::binding_method(interp, name, call))
        .or_else(|| process::library_method(interp, path, name, call))
        .or_else(|| network::instance_method(interp, path, name, call))
        .or_else(|| uploads::instance_method(interp, path, name, call))
}

/// Whether a dotted path is that of a module or of something in it.
pub(crate) fn is_within(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

impl Call {
    /// The argument at `index`, `undefined` past the end.
    pub(crate) fn arg(&self, index: usize) -> Value {
        self.args.get(index).cloned().unwrap_or(Value::UNDEFINED)
    }
}

/// What calling a built-in does.
pub(crate) type Handler = fn(&mut Interp<'_>, &Call) -> Value;

/// What reading a built-in gives, where that is more than the built-in itself.
pub(crate) type Reader = fn(&mut Interp<'_>, ApiId) -> Value;

#[derive(Default)]
struct Entry {
    /// Last segment of its path.
    name: &'static str,
    parent: Option<ApiId>,
    members: FxHashMap<&'static str, ApiId>,
    /// Members in order of registration.
    order: Vec<&'static str>,
    call: Option<Handler>,
    read: Option<Reader>,
    /// What a member that is not listed gives (`process.env.ANYTHING`).
    any_member: Option<fn(&mut Interp<'_>, &str) -> Value>,
    /// What a computed member gives when its name is not known.
    computed_member: Option<Handler>,
    is_global_object: bool,
    /// Part of the language: there wherever code runs.
    is_language: bool,
}

/// The tree.
pub(crate) struct Apis {
    entries: Vec<Entry>,
    modules: FxHashMap<&'static str, ApiId>,
    globals: FxHashMap<&'static str, ApiId>,
    /// Modules of Python, by their dotted names.
    pub(crate) python_modules: FxHashMap<&'static str, ApiId>,
    /// Built-in names of Python.
    pub(crate) python_globals: FxHashMap<&'static str, ApiId>,
}

impl Apis {
    /// The tree, built once per process.
    pub(crate) fn get() -> &'static Apis {
        static APIS: OnceLock<Apis> = OnceLock::new();
        APIS.get_or_init(|| {
            let mut apis = Apis {
                entries: Vec::new(),
                modules: FxHashMap::default(),
                globals: FxHashMap::default(),
                python_modules: FxHashMap::default(),
                python_globals: FxHashMap::default(),
            };
            language::register(&mut apis);
            codecs::register(&mut apis);
            crypto::register(&mut apis);
            filesystem::register(&mut apis);
            containers::register(&mut apis);
            network::register(&mut apis);
            process::register(&mut apis);
            env::register(&mut apis);
            host::register(&mut apis);
            browser::register(&mut apis);
            uploads::register(&mut apis);
            prompts::register(&mut apis);
            crate::python::register(&mut apis);
            apis
        })
    }

    /// A module by the name that `require` takes, without `node:`.
    pub(crate) fn module(&self, name: &str) -> Option<ApiId> {
        self.modules.get(name).copied()
    }

    /// The names of all global built-ins.
    pub(crate) fn global_names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.globals.keys().copied()
    }

    /// A module of Python.
    pub(crate) fn python_module(&self, name: &str) -> Option<ApiId> {
        self.python_modules.get(name).copied()
    }

    /// A built-in name of Python.
    pub(crate) fn python_global(&self, name: &str) -> Option<ApiId> {
        self.python_globals.get(name).copied()
    }

    /// The built-in names of Python that are there so far, sorted.
    pub(crate) fn python_global_names(&self) -> Vec<&'static str> {
        let mut names: Vec<&'static str> = self.python_globals.keys().copied().collect();
        names.sort_unstable();
        names
    }

    /// A global name.
    pub(crate) fn global(&self, name: &str) -> Option<ApiId> {
        self.globals.get(name).copied()
    }

    pub(crate) fn member(&self, api: ApiId, name: &str) -> Option<ApiId> {
        self.entry(api).members.get(name).copied()
    }

    pub(crate) fn members(&self, api: ApiId) -> &[&'static str] {
        &self.entry(api).order
    }

    /// Whether it has members besides those that are listed, as the environment has.
    pub(crate) fn holds_anything(&self, api: ApiId) -> bool {
        self.entry(api).computed_member.is_some()
    }

    pub(crate) fn is_global_object(&self, api: ApiId) -> bool {
        self.entry(api).is_global_object
    }

    pub(crate) fn is_function(&self, api: ApiId) -> bool {
        self.entry(api).call.is_some()
    }

    /// Part of the language itself, so that it is certainly there.
    pub(crate) fn is_language(&self, api: ApiId) -> bool {
        self.entry(api).is_language
    }

    /// Last segment of its path: `readFile`.
    pub(crate) fn name(&self, api: ApiId) -> &'static str {
        self.entry(api).name
    }

    /// Dotted path: `fs.promises.readFile`.
    pub(crate) fn path(&self, api: ApiId) -> String {
        match self.entry(api).parent {
            Some(parent) => format!("{}.{}", self.path(parent), self.name(api)),
            None => self.name(api).to_owned(),
        }
    }

    fn entry(&self, api: ApiId) -> &Entry {
        &self.entries[api.0 as usize]
    }

    // Registration

    fn add(&mut self, name: &'static str, parent: Option<ApiId>) -> ApiId {
        if let Some(parent) = parent
            && let Some(existing) = self.member(parent, name)
        {
            return existing;
        }
        let id = ApiId(self.entries.len() as u32);
        self.entries.push(Entry { name, parent, ..Entry::default() });
        if let Some(parent) = parent {
            let parent = &mut self.entries[parent.0 as usize];
            parent.members.insert(name, id);
            parent.order.push(name);
        }
        id
    }

    /// A module under one or more names.
    fn add_module(&mut self, names: &[&'static str]) -> ApiId {
        let id = match names.iter().find_map(|name| self.module(name)) {
            Some(id) => id,
            None => self.add(names.first().copied().unwrap_or_default(), None),
        };
        for name in names {
            self.modules.insert(name, id);
        }
        id
    }

    /// A module of Python under one or more names.
    pub(crate) fn add_python_module(&mut self, names: &[&'static str]) -> ApiId {
        let id = match names.iter().find_map(|name| self.python_module(name)) {
            Some(id) => id,
            None => self.add(names.first().copied().unwrap_or_default(), None),
        };
        for name in names {
            self.python_modules.insert(name, id);
            self.add_to_parent(name, id);
        }
        id
    }

    /// Makes a module a member of the one that its name says it is in.
    fn add_to_parent(&mut self, name: &'static str, id: ApiId) {
        let Some((parent, own)) = name.rsplit_once('.') else { return };
        let parent_id = match self.python_module(parent) {
            Some(parent) => parent,
            None => {
                let made = self.add(parent, None);
                self.python_modules.insert(parent, made);
                self.add_to_parent(parent, made);
                made
            }
        };
        self.alias(parent_id, own, id);
    }

    /// A built-in function of Python.
    pub(crate) fn add_python_function(&mut self, name: &'static str, call: Handler) {
        let id = match self.python_global(name) {
            Some(id) => id,
            None => self.add(name, None),
        };
        self.entries[id.0 as usize].call = Some(call);
        self.python_globals.insert(name, id);
    }

    /// What a member that is not listed gives.
    pub(crate) fn set_any_member(&mut self, id: ApiId, read: fn(&mut Interp<'_>, &str) -> Value) {
        self.entries[id.0 as usize].any_member = Some(read);
    }

    /// Makes an entry the environment, as `process.env` is.
    pub(crate) fn set_environment(&mut self, id: ApiId) {
        env::make_environment(self, id);
    }

    /// A global under one or more names.
    fn add_global(&mut self, names: &[&'static str]) -> ApiId {
        let id = match names.iter().find_map(|name| self.global(name)) {
            Some(id) => id,
            None => self.add(names.first().copied().unwrap_or_default(), None),
        };
        for name in names {
            self.globals.insert(name, id);
        }
        id
    }

    /// A member that is only a namespace.
    pub(crate) fn add_namespace(&mut self, parent: ApiId, name: &'static str) -> ApiId {
        self.add(name, Some(parent))
    }

    /// Functions that all do the same.
    pub(crate) fn add_functions(&mut self, parent: ApiId, names: &[&'static str], call: Handler) {
        for name in names {
            let id = self.add(name, Some(parent));
            self.entries[id.0 as usize].call = Some(call);
        }
    }

    /// Says that an entry and its members are part of the language.
    fn set_language(&mut self, id: ApiId) {
        let members: Vec<ApiId> = self.entry(id).members.values().copied().collect();
        for id in members.into_iter().chain([id]) {
            self.entries[id.0 as usize].is_language = true;
        }
    }

    /// Makes an entry itself callable.
    fn set_call(&mut self, id: ApiId, call: Handler) {
        self.entries[id.0 as usize].call = Some(call);
    }

    /// Members that give a value when read.
    pub(crate) fn add_values(&mut self, parent: ApiId, names: &[&'static str], read: Reader) {
        for name in names {
            let id = self.add(name, Some(parent));
            self.entries[id.0 as usize].read = Some(read);
        }
    }

    /// Another name for a member.
    pub(crate) fn alias(&mut self, parent: ApiId, name: &'static str, target: ApiId) {
        let entry = &mut self.entries[parent.0 as usize];
        entry.members.insert(name, target);
        entry.order.push(name);
    }
}
