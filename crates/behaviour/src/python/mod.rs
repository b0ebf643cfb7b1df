//! Python: what its built-ins, methods and modules mean, on the same values and with the same capabilities as
//! JavaScript's.

mod ciphers;
mod code_objects;
mod codecs;
mod containers;
mod conversions;
mod files;
mod host;
mod iterables;
mod language;
mod later;
mod methods;
mod modules;
mod network;
mod operators;
mod packaging;
mod packed;
mod pickles;
mod places;
mod services;
mod strings;
mod syntax_trees;
mod system;
mod yaml;

use vetch_syntax::ir::Language;

use crate::apis::{Apis, Call};
use crate::interp::{Interp, UnitId};
use crate::value::{Kind, ObjectId, Slot, Taint, Value};

pub(crate) use files::part_of_path;
pub(crate) use methods::call_method;
pub(crate) use modules::documentation;
pub(crate) use operators::{binary, index};
pub(crate) use packaging::run_command;
pub(crate) use packed::literal as integer_literal;

pub(crate) fn register(apis: &mut Apis) {
    conversions::register(apis);
    iterables::register(apis);
    files::register(apis);
    // Last of what has global names: `builtins` has all of them.
    language::register(apis);
    codecs::register(apis);
    ciphers::register(apis);
    code_objects::register(apis);
    containers::register(apis);
    packed::register(apis);
    pickles::register(apis);
    syntax_trees::register(apis);
    yaml::register(apis);
    system::register(apis);
    host::register(apis);
    places::register(apis);
    later::register(apis);
    network::register(apis);
    services::register(apis);
    packaging::register(apis);
}

impl Interp<'_> {
    /// Whether a unit is Python.
    pub(crate) fn is_python(&self, unit: UnitId) -> bool {
        self.units.get(unit.0 as usize).is_some_and(|unit| unit.module.language == Language::Python)
    }

    /// Whether what is being evaluated is Python.
    pub(crate) fn is_python_here(&self) -> bool {
        self.is_python(self.here.unit)
    }

    /// A keyword argument.
    pub(crate) fn keyword(&self, keywords: ObjectId, name: &str) -> Option<Value> {
        match self.object(keywords).props.get(name)? {
            Slot::Value(value) => Some(value.clone()),
            Slot::Getter(_) => None,
        }
    }

    /// The language of what is being evaluated.
    pub(crate) fn language_here(&self) -> Language {
        if self.is_python_here() { Language::Python } else { Language::JavaScript }
    }
}

impl Call {
    /// An argument by its position or its keyword.
    fn get(&self, interp: &Interp<'_>, index: usize, name: &str) -> Option<Value> {
        self.args.get(index).cloned().or_else(|| self.keyword(interp, name))
    }

    /// The encoding that it names, at `index` or by its keyword.
    fn encoding(&self, interp: &Interp<'_>, index: usize) -> String {
        let given = self.get(interp, index, "encoding");
        given.as_ref().and_then(|encoding| encoding.exact_str()).unwrap_or("utf-8").to_owned()
    }

    /// A keyword argument.
    fn keyword(&self, interp: &Interp<'_>, name: &str) -> Option<Value> {
        interp.keyword(self.keywords?, name)
    }

    /// The values of all keyword arguments.
    fn keyword_values(&self, interp: &Interp<'_>) -> Vec<Value> {
        let Some(keywords) = self.keywords else { return Vec::new() };
        interp.object(keywords).props.values().map(|(_, value)| value.clone()).collect()
    }

    /// What flows out with everything that is given, the environment in it included.
    fn surrendered(&self, interp: &mut Interp<'_>) -> Taint {
        let mut taint = Taint::NONE;
        for value in self.args.iter().cloned().chain(self.keyword_values(interp)) {
            taint = taint.or(interp.surrendered(&value));
        }
        taint
    }

    /// Calls every function that is given, with `taint` on what they get.
    fn call_back(&self, interp: &mut Interp<'_>, taint: Taint) {
        let mut given = self.args.clone();
        given.extend(self.keyword_values(interp));
        interp.invoke_callbacks(&given, taint);
    }
}

/// Text of a value as a path or command; `None` if it is not known.
fn text(interp: &Interp<'_>, value: &Value) -> Option<String> {
    match &value.kind {
        Kind::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => interp.to_text(value.alternatives().first()?).map(|text| text.to_string()),
    }
}
