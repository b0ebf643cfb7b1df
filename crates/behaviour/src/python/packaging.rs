//! `setup()`: what setuptools and distutils run when a package is built or installed.

use crate::apis::{Apis, Call};
use crate::interp::Interp;
use crate::value::{Class, Kind, Taint, Value};

pub(super) fn register(apis: &mut Apis) {
    for name in ["setuptools", "distutils.core", "distutils", "skbuild", "numpy.distutils.core"] {
        let module = apis.add_python_module(&[name]);
        apis.add_functions(module, &["setup"], setup);
        apis.add_functions(
            module,
            &["find_packages", "find_namespace_packages", "Extension", "Command"],
            |interp, _| interp.unknown(Taint::NONE),
        );
    }
}

/// Methods by which commands are run.
const STEPS: [&str; 3] = ["initialize_options", "finalize_options", "run"];

/// `setup(cmdclass={'install': Install})`: each command is made and run.
fn setup(interp: &mut Interp<'_>, call: &Call) -> Value {
    let commands = call.keyword(interp, "cmdclass").unwrap_or(Value::UNDEFINED);
    let Kind::Object(id) = commands.kind else { return Value::UNDEFINED };
    let classes: Vec<Value> = interp.object(id).props.values().map(|(_, value)| value.clone()).collect();
    for class in classes.iter().flat_map(|class| class.alternatives().to_vec()) {
        run_command(interp, &class);
    }
    Value::UNDEFINED
}

/// Makes and runs one command.
pub(crate) fn run_command(interp: &mut Interp<'_>, class: &Value) {
    let Kind::Object(id) = class.kind else { return };
    if !matches!(interp.object(id).class, Class::Constructor { .. }) {
        return;
    }
    let command = interp.construct(class, vec![Value::UNKNOWN]);
    for step in STEPS {
        let method = interp.get_property(&command, step);
        if interp.is_callable(&method) {
            interp.call_value(&method, command.clone(), Vec::new());
        }
    }
}
