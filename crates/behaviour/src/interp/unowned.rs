//! Methods of something that is not known, by names that only built-ins have: whatever `x` is, `x.execSync("…")` runs a
//! command. Bundles that lost a module, and loaders of computed names, leave such calls behind.

use super::Interp;
use crate::value::{Kind, Taint, Value};

/// Methods that one module alone has, by that module.
const UNMISTAKABLE: &[(&str, &[&str])] = &[
    ("child_process", &["execSync", "execFileSync", "spawnSync"]),
    ("fs", &["readFileSync", "writeFileSync", "appendFileSync", "createReadStream", "createWriteStream"]),
    ("os", &["homedir", "networkInterfaces"]),
    ("vm", &["runInThisContext", "runInNewContext"]),
];

/// Whether a method of this name is that of a built-in, whatever it is called on.
pub(crate) fn is_unmistakable(name: &str) -> bool {
    module_of(name).is_some()
}

fn module_of(name: &str) -> Option<&'static str> {
    UNMISTAKABLE.iter().find(|(_, names)| names.contains(&name)).map(|(module, _)| *module)
}

impl Interp<'_> {
    /// A picture of the package that something unknown is pointed at: it reads it.
    pub(super) fn shipped_media(&mut self, path: &Value) -> Taint {
        let is_media = |path: &str| {
            let own = path.strip_prefix("<package>/");
            own.is_some_and(|own| crate::signals::is_media_path(own) && self.package.file(own).is_some())
        };
        match path.exact_str().is_some_and(is_media) {
            true => crate::apis::filesystem::read_effects(self, path).1,
            false => Taint::NONE,
        }
    }

    /// `unknown.name(…args)`, where name and arguments say what it is. `None`: they do not.
    pub(super) fn call_unowned(&mut self, receiver: &Value, name: &str, args: &[Value]) -> Option<Value> {
        crate::apis::network::note_commit_method(self, name, args);
        let module = match module_of(name) {
            Some(module) => module,
            None if matches!(name, "request" | "get") && self.names_host(args.first()?) => "https",
            None => return None,
        };
        let tells = |value: &Value| value.alternatives().iter().any(|value| value.as_str().is_some());
        if !matches!(module, "os" | "https") && !args.first().is_some_and(tells) {
            return None;
        }
        let api = self.apis.member(self.apis.module(module)?, name)?;
        let result = self.call_api(api, receiver.clone(), args.to_vec(), false);
        Some(result.tainted(receiver.taint))
    }

    /// Whether a value is options of a request: it names a host.
    fn names_host(&mut self, options: &Value) -> bool {
        let Kind::Object(_) = options.kind else { return false };
        ["hostname", "host"].iter().any(|name| {
            let host = self.option(options, name);
            host.is_some_and(|host| host.exact_str().is_some_and(|host| host.contains('.')))
        })
    }
}
