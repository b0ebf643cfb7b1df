//! Questions that a command asks whoever runs it.

use crate::apis::{Apis, Call};
use crate::interp::Interp;
use crate::value::{Class, Kind, Taint, Value};

/// Modules that ask, and what they ask by.
const ASKERS: &[&[&str]] = &[
    &["prompts"],
    &["inquirer"],
    &["enquirer"],
    &["@inquirer/prompts"],
    &["@clack/prompts"],
    &["readline-sync"],
    &["prompt-sync"],
    &["password-prompt"],
];
const ASKS: &[&str] = &["prompt", "input", "password", "text", "question", "hidden", "ask"];

/// Words of questions for what gives somebody's money away.
const KEYS: &[&str] = &["private key", "seed phrase", "recovery phrase", "secret phrase", "mnemonic", "secret key"];

/// Most levels of a question, and most parts of a level, that are read.
const MAX_DEPTH: usize = 3;
const MAX_PARTS: usize = 16;

pub(super) fn register(apis: &mut Apis) {
    for names in ASKERS {
        let module = apis.add_module(names);
        apis.set_call(module, ask);
        apis.add_functions(module, ASKS, ask);
    }
}

/// The answer: a source if the question is for a key.
fn ask(interp: &mut Interp<'_>, call: &Call) -> Value {
    let is_key = call.args.iter().any(|question| asks_for_key(interp, question, 0));
    let taint = if is_key { interp.given_key("password or key that it asks for".to_owned()) } else { Taint::NONE };
    interp.invoke_callbacks(&call.args, taint);
    interp.unknown(taint)
}

fn asks_for_key(interp: &Interp<'_>, question: &Value, depth: usize) -> bool {
    match &question.kind {
        Kind::Str(text) => {
            let text = text.to_lowercase();
            KEYS.iter().any(|key| text.contains(key))
        }
        Kind::Object(id) if depth < MAX_DEPTH => {
            let object = interp.object(*id);
            let items = match &object.class {
                Class::Array(items) => items.as_slice(),
                _ => &[],
            };
            let parts = items.iter().chain(object.props.values().map(|(_, value)| value));
            parts.take(MAX_PARTS).any(|part| asks_for_key(interp, part, depth + 1))
        }
        _ => false,
    }
}
