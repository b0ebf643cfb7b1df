//! Where installed packages lie, and what is looked for there: `site`, `sysconfig`, `sys.path`, a module's `__file__`.

use super::codecs::passed;
use crate::apis::{ApiId, Apis};
use crate::interp::Interp;
use crate::value::{HOLE, Value};

/// The folder of installed packages, as paths are shown.
const INSTALLED: &str = "site-packages";

pub(super) fn register(apis: &mut Apis) {
    for (module, names) in [
        ("site", &["getusersitepackages", "getuserbase"][..]),
        ("sysconfig", &["get_path"]),
        ("distutils.sysconfig", &["get_python_lib"]),
    ] {
        let module = apis.add_python_module(&[module]);
        apis.add_functions(module, names, |_, _| Value::str(INSTALLED));
    }
    let site = apis.add_python_module(&["site"]);
    apis.add_functions(site, &["getsitepackages"], |interp, _| interp.array(vec![Value::str(INSTALLED)]));
    apis.add_values(site, &["USER_SITE"], |_, _| Value::str(INSTALLED));
    let sysconfig = apis.add_python_module(&["sysconfig"]);
    apis.add_functions(sysconfig, &["get_paths"], |interp, _| {
        let paths = Value::object(interp.alloc(crate::value::Class::Plain));
        for name in ["purelib", "platlib"] {
            interp.set_property(&paths, name, Value::str(INSTALLED));
        }
        paths
    });
    let inspect = apis.add_python_module(&["inspect"]);
    apis.add_functions(inspect, &["getfile", "getsourcefile"], |interp, call| {
        interp.get_property(&call.arg(0), "__file__")
    });
    search_path(apis);
}

/// `sys.path.insert(0, folder)`: what is imported from then on may lie there.
fn search_path(apis: &mut Apis) {
    let sys = apis.add_python_module(&["sys"]);
    let path = apis.add_namespace(sys, "path");
    apis.add_functions(path, &["append", "insert"], |interp, call| {
        if let Some(folder) = call.args.last().cloned() {
            interp.search_path.push(folder);
        }
        passed(interp, call)
    });
}

impl Interp<'_> {
    /// `module.__file__`, of a module of another package.
    pub(crate) fn installed_file(&self, module: Option<ApiId>) -> Value {
        let name = module.map_or(HOLE.to_string(), |module| self.apis.path(module).replace('.', "/"));
        Value::str(format!("{INSTALLED}/{name}/__init__.py"))
    }
}
