//! Imports: of built-in modules, of what well-known packages offer, and of files of the package.

use std::rc::Rc;

use vetch_model::Span;
use vetch_model::capability::{CapabilityId, Resource};
use vetch_syntax::ir::{FunctionId, Language, Module, Node, SymbolId, TOP_LEVEL};

use crate::interp::{Context, Interp};
use crate::value::{Class, Kind, Taint, Value};

/// The text that a body begins with.
pub(crate) fn documentation(module: &Module, function: FunctionId) -> Value {
    let first = module.list(module.function(function).body).iter().find(|node| !node.is_nothing());
    match first.map(|first| module.node(*first)) {
        Some(Node::Str(text)) => Value::new(Kind::Str(module.shared_str(text))),
        _ => Value::UNKNOWN,
    }
}

impl Interp<'_> {
    /// `import name`, from the unit of `cx`; `name` may begin with dots.
    pub(crate) fn python_import(&mut self, cx: &Context, name: &str, span: Span) -> Value {
        let file = self.unit(cx.unit).file;
        let Some(absolute) = self.absolute_name(file, name) else { return self.unknown(Taint::NONE) };
        if !name.starts_with('.') {
            self.note_import(cx.unit, span, absolute.split('.').next().unwrap_or_default());
        }
        if let Some(value) = self.python_file(file, &absolute) {
            return value;
        }
        let value = self.python_builtin(&absolute);
        if matches!(value.kind, Kind::Unknown) {
            self.written_module(&absolute);
        }
        value
    }

    /// A module by the path of its file: of the package, or written by the code before.
    pub(crate) fn load_module_file(&mut self, path: &Value) -> Value {
        let taint = self.deep_taint(path);
        for path in path.alternatives().to_vec() {
            let Some(path) = path.exact_str() else { continue };
            let path = crate::paths::normalise(path);
            if let Some(written) = self.written_files.get(path.as_str()).cloned() {
                self.load_written(&path, &written);
            } else if let Some(own) = path.strip_prefix("<package>/")
                && let Some(file) = self.package.file(own)
            {
                if self.package.is_source(own) {
                    return self.load_file(file);
                }
                // Whatever it is called, it is run as Python.
                match self.package.contents(own).map(String::from_utf8_lossy) {
                    Some(text) => drop(self.run_text_as(&Value::str(text), Language::Python)),
                    None => self.wanted_files.push(own.to_owned()),
                }
            }
        }
        self.unknown(taint)
    }

    fn load_written(&mut self, path: &str, written: &Value) {
        let name: String = path.rsplit('/').next().unwrap_or(path).chars().take(64).collect();
        let id = if path.ends_with(".py") { CapabilityId::CodeEval } else { CapabilityId::CodeNative };
        let resource = match id {
            CapabilityId::CodeEval => Resource::Eval(self.eval_source(written.taint, false)),
            _ => Resource::Named(name),
        };
        let effect = self.effect(id, resource, "imports a file that it has written");
        self.flow(written.taint, effect);
        self.run_text_as(written, Language::Python);
    }

    /// `import name`, of a module that the code itself has put somewhere.
    fn written_module(&mut self, name: &str) {
        let files = [format!("/{name}.py"), format!("/{name}.so"), format!("/{name}.pyd")];
        let mut found: Vec<(Rc<str>, Value)> = self
            .written_files
            .iter()
            .filter(|(path, _)| files.iter().any(|file| path.ends_with(file)))
            .map(|(path, written)| (path.clone(), written.clone()))
            .collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        if let Some((path, written)) = found.into_iter().next() {
            self.load_written(&path, &written);
            return;
        }
        // An archive or folder of modules that was fetched.
        let fetched = self.search_path.iter().rev().find_map(|place| {
            let path = place.exact_str()?;
            let written = self.written_file(path)?;
            (!written.taint.is_empty()).then_some(written.taint)
        });
        if let Some(taint) = fetched {
            let source = Resource::Eval(self.eval_source(taint, false));
            let effect = self.effect(CapabilityId::CodeEval, source, "imports a module from what it has fetched");
            self.flow(taint, effect);
        }
    }

    /// A built-in module or one of a well-known package.
    pub(crate) fn python_builtin(&mut self, name: &str) -> Value {
        let mut parts = name.split('.');
        let known = self.apis.python_module(name).or_else(|| {
            let mut at = self.apis.python_module(parts.next()?)?;
            for part in parts {
                at = self.apis.member(at, part)?;
            }
            Some(at)
        });
        match known {
            Some(api) => Value::api(api),
            None => self.unknown(Taint::FOREIGN),
        }
    }

    /// `from name import item`.
    pub(crate) fn python_from(&mut self, cx: &Context, name: &str, item: &str, span: Span) -> Value {
        let module = self.python_import(cx, name, span);
        if item == "*" {
            let unit = cx.unit.0 as usize;
            if let Some(unit) = self.units.get_mut(unit) {
                unit.stars.push(module);
            }
            return Value::UNDEFINED;
        }
        if let Kind::Object(id) = module.kind
            && self.object(id).props.get(item).is_some()
        {
            return self.get_property(&module, item);
        }
        let separator = if name.ends_with('.') { "" } else { "." };
        let whole = format!("{name}{separator}{item}");
        let file = self.unit(cx.unit).file;
        if let Some(absolute) = self.absolute_name(file, &whole)
            && let Some(value) = self.python_file(file, &absolute)
        {
            return value;
        }
        match module.kind {
            Kind::Api(_) => self.read_member(&module, item),
            _ => self.unknown(module.taint),
        }
    }

    /// A name without leading dots, as the file at `file` means it: parts joined by dots.
    fn absolute_name(&self, file: usize, name: &str) -> Option<String> {
        let dots = name.len() - name.trim_start_matches('.').len();
        if dots == 0 {
            return Some(name.to_owned());
        }
        let path = &self.package.files.get(file)?.path;
        let mut folders: Vec<&str> = path.split('/').collect();
        folders.pop();
        for _ in 1..dots {
            folders.pop()?;
        }
        let rest = name.trim_start_matches('.');
        let folder = folders.join("/");
        // Marked by a slash: it is a path from the root of the files, and no name to look for.
        Some(format!("/{folder}/{}", rest.replace('.', "/")))
    }

    /// The file of the package that a name means: beside the importing file's root, or from the top.
    fn python_file(&mut self, from: usize, name: &str) -> Option<Value> {
        let candidates: Vec<String> = match name.strip_prefix('/') {
            Some(path) => vec![path.trim_matches('/').to_owned()],
            None => {
                let path = name.replace('.', "/");
                let own = self.package.files.get(from).map(|file| file.path.clone()).unwrap_or_default();
                let mut roots: Vec<&str> = vec![""];
                let mut folder = own.as_str();
                while let Some((parent, _)) = folder.rsplit_once('/') {
                    roots.push(parent);
                    folder = parent;
                }
                roots.push("src");
                roots.iter().map(|root| if root.is_empty() { path.clone() } else { format!("{root}/{path}") }).collect()
            }
        };
        let found = candidates.iter().find_map(|path| {
            let as_package = if path.is_empty() { "__init__.py".to_owned() } else { format!("{path}/__init__.py") };
            self.package.file(&format!("{path}.py")).or_else(|| self.package.file(&as_package))
        })?;
        // A package's parents run first.
        if let Some((parent, last)) = name.rsplit_once('.').filter(|_| !name.starts_with('/')) {
            let outer = self.python_file(from, parent);
            let module = self.load_file(found);
            if let Some(outer) = outer
                && matches!(outer.kind, Kind::Object(_))
            {
                self.set_property(&outer, last, module.clone());
            }
            return Some(module);
        }
        Some(self.load_file(found))
    }

    /// The names of a top level that have values.
    pub(crate) fn top_level_names(&mut self, cx: &Context) -> Vec<(Rc<str>, Value)> {
        let module = self.unit(cx.unit).module.clone();
        let own = (0u32..).zip(&module.symbols).filter(|(_, symbol)| symbol.function == TOP_LEVEL);
        let named =
            own.map(|(number, symbol)| (Rc::from(module.str(symbol.name)), self.read_symbol(cx, SymbolId(number))));
        named.filter(|(_, value)| !matches!(value.kind, Kind::Undefined)).collect()
    }

    /// A name that nothing in the file binds.
    pub(crate) fn python_global(&mut self, cx: &Context, name: &str) -> Value {
        match name {
            "__name__" => {
                let unit = self.unit(cx.unit);
                return match unit.is_main {
                    true => Value::str("__main__"),
                    false if self.trigger.is_reached() => Value::str("module"),
                    false => Value::UNKNOWN,
                };
            }
            "__file__" => return Value::str(self.package.path_of(self.unit(cx.unit).file)),
            "__doc__" => {
                let module = self.unit(cx.unit).module.clone();
                return documentation(&module, TOP_LEVEL);
            }
            "__package__" | "__spec__" | "__loader__" => return Value::UNKNOWN,
            _ => {}
        }
        if let Some(value) = self.outer_variable(cx, name) {
            return value;
        }
        for star in self.unit(cx.unit).stars.clone() {
            match &star.kind {
                Kind::Object(id) if self.object(*id).props.get(name).is_some() => {
                    return self.get_property(&star, name);
                }
                Kind::Api(api) if self.apis.member(*api, name).is_some() => return self.read_member(&star, name),
                _ => {}
            }
        }
        if let Some(value) = self.globals.get(name) {
            return value.clone();
        }
        match self.apis.python_global(name) {
            Some(api) => self.read_api(api),
            None => self.unknown(Taint::NONE),
        }
    }

    /// Methods that Python calls by itself, where an object has them.
    pub(crate) fn run_hooks(&mut self, object: &Value, names: &[&str]) {
        for name in names {
            let method = self.get_property(object, name);
            if self.is_callable(&method) {
                self.call_value(&method, object.clone(), vec![Value::UNKNOWN; 3]);
            }
        }
    }

    /// `with context`: what it gives when it is entered.
    pub(super) fn entered(&mut self, context: &Value) -> Value {
        if let Kind::Object(id) = context.kind
            && matches!(self.object(id).class, Class::Plain)
        {
            let enter = self.get_property(context, "__enter__");
            if self.is_callable(&enter) {
                let value = self.call_value(&enter, context.clone(), Vec::new());
                let exit = self.get_property(context, "__exit__");
                if self.is_callable(&exit) {
                    self.call_value(&exit, context.clone(), Vec::new());
                }
                return value;
            }
        }
        context.clone()
    }
}
