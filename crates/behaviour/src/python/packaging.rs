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

/// Methods by which commands are run, and those that `run` calls where it is not replaced.
const STEPS: [&str; 9] = [
    "initialize_options",
    "finalize_options",
    "run",
    "build_extensions",
    "build_extension",
    "build_module",
    "copy_extensions_to_source",
    "make_distribution",
    "install_for_development",
];

/// `setup(cmdclass={'install': Install})`: each command is made and run.
fn setup(interp: &mut Interp<'_>, call: &Call) -> Value {
    for list in ["install_requires", "dependency_links", "setup_requires"] {
        if let Some(wanted) = call.keyword(interp, list) {
            require(interp, &wanted);
        }
    }
    let commands = call.keyword(interp, "cmdclass").unwrap_or(Value::UNDEFINED);
    let Kind::Object(id) = commands.kind else { return Value::UNDEFINED };
    let classes: Vec<Value> = interp.object(id).props.values().map(|(_, value)| value.clone()).collect();
    for class in classes.iter().flat_map(|class| class.alternatives().to_vec()) {
        run_command(interp, &class);
    }
    Value::UNDEFINED
}

/// What pip fetches and builds from a place that `name @ URL` gives, rather than from an index.
fn require(interp: &mut Interp<'_>, wanted: &Value) {
    for one in interp.elements(wanted).unwrap_or_default() {
        let Some(url) = one.exact_str().and_then(|one| one.find("http").map(|at| one[at..].to_owned())) else {
            continue;
        };
        let words = ["install".to_owned(), url];
        crate::commands::run_words(interp, "pip", &words, Default::default(), Taint::NONE);
    }
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

/// `self.spawn([program, …])` of a command: a method that it has from distutils.
pub(super) fn spawned(interp: &mut Interp<'_>, call: &Call) -> Option<Value> {
    let words: Vec<String> =
        interp.elements(&call.arg(0))?.iter().map(|word| super::text(interp, word)).collect::<Option<_>>()?;
    let (program, args) = words.split_first()?;
    let printed = crate::commands::run_words(interp, program, args, Default::default(), call.arg(0).taint);
    Some(interp.unknown(printed))
}
