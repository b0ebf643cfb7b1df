//! `pickle`: a program for a small stack machine, of which only what calls something counts
//! (<https://docs.python.org/3/library/pickletools.html>).

use vetch_model::capability::{CapabilityId, EvalSource, Resource};

use super::containers::contents_of;
use crate::apis::codecs::bytes_of;
use crate::apis::{Apis, Call};
use crate::interp::Interp;
use crate::value::{Kind, Taint, Value};

/// Most instructions that are followed.
const MAX_STEPS: usize = 100_000;

pub(super) fn register(apis: &mut Apis) {
    for name in ["pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib"] {
        let module = apis.add_python_module(&[name]);
        apis.add_functions(module, &["loads", "load"], loads);
        apis.add_functions(module, &["dumps"], super::codecs::passed);
    }
    for (name, reader) in [("torch", "load"), ("numpy", "load"), ("pandas", "read_pickle")] {
        let module = apis.add_python_module(&[name]);
        apis.add_functions(module, &[reader], loads);
    }
}

fn loads(interp: &mut Interp<'_>, call: &Call) -> Value {
    let data = match call.arg(0).kind {
        Kind::Object(_) | Kind::Str(_) => contents_of(interp, &call.arg(0)),
        _ => call.arg(0),
    };
    let taint = interp.deep_taint(&call.arg(0)).or(data.taint);
    interp.want_sources_of(taint);
    // Whoever sends a pickle says what is called.
    if interp.comes_from(taint, CapabilityId::NetConnect) {
        let source = Resource::Eval(EvalSource::Downloaded);
        let effect =
            interp.effect(CapabilityId::CodeEval, source, "unpickles what was downloaded, which can run anything");
        interp.flow(taint, effect);
    }
    if let Some(bytes) = bytes_of(interp, &data)
        && interp.burn_bytes(bytes.len())
    {
        let mut machine = Machine { bytes: &bytes, at: 0, stack: Vec::new(), memo: Vec::new() };
        for _ in 0..MAX_STEPS {
            if machine.step(interp).is_none() {
                break;
            }
        }
    }
    interp.unknown(taint)
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Item>,
    memo: Vec<Value>,
}

enum Item {
    Mark,
    Value(Value),
}

impl Machine<'_> {
    fn take(&mut self, length: usize) -> Option<&[u8]> {
        let taken = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(taken)
    }

    fn number(&mut self, bytes: usize) -> Option<usize> {
        let taken = self.take(bytes)?;
        Some(taken.iter().rev().fold(0usize, |number, byte| number.wrapping_shl(8) | usize::from(*byte)))
    }

    fn line(&mut self) -> Option<String> {
        let length = self.bytes.get(self.at..)?.iter().position(|byte| *byte == b'\n')?;
        let line = String::from_utf8_lossy(self.take(length)?).into_owned();
        self.at += 1;
        Some(line)
    }

    fn pop(&mut self) -> Value {
        match self.stack.pop() {
            Some(Item::Value(value)) => value,
            _ => Value::UNKNOWN,
        }
    }

    fn push(&mut self, value: Value) {
        self.stack.push(Item::Value(value));
    }

    /// Everything above the last mark.
    fn marked(&mut self) -> Vec<Value> {
        let mut items = Vec::new();
        while let Some(Item::Value(value)) = self.stack.pop() {
            items.push(value);
        }
        items.reverse();
        items
    }

    fn text(&mut self, length: usize) -> Option<()> {
        let text = String::from_utf8_lossy(self.take(length)?).into_owned();
        self.push(Value::str(text));
        Some(())
    }

    fn data(&mut self, length: usize) -> Option<()> {
        let bytes = self.take(length)?.to_vec();
        self.push(Value::bytes(bytes));
        Some(())
    }

    fn recall(&mut self, at: usize) {
        let value = self.memo.get(at).cloned().unwrap_or(Value::UNKNOWN);
        self.push(value);
    }

    fn keep(&mut self, at: usize) {
        if let Some(Item::Value(value)) = self.stack.last()
            && at < MAX_STEPS
        {
            let value = value.clone();
            self.memo.resize(self.memo.len().max(at + 1), Value::UNKNOWN);
            self.memo[at] = value;
        }
    }

    fn tuple(&mut self, interp: &mut Interp<'_>, length: usize) {
        let mut items: Vec<Value> = (0..length).map(|_| self.pop()).collect();
        items.reverse();
        let tuple = interp.array(items);
        self.push(tuple);
    }

    /// One instruction; `None` at the end.
    fn step(&mut self, interp: &mut Interp<'_>) -> Option<()> {
        let code = self.number(1)? as u8;
        match code {
            b'(' => self.stack.push(Item::Mark),
            b'0' => drop(self.pop()),
            b'1' => drop(self.marked()),
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.global(interp, &module, &name);
            }
            0x93 => {
                let (name, module) = (self.pop(), self.pop());
                let (name, module) = (name.exact_str().unwrap_or_default(), module.exact_str().unwrap_or_default());
                self.global(interp, module, name);
            }
            b'i' => {
                let (module, name, args) = (self.line()?, self.line()?, self.marked());
                self.global(interp, &module, &name);
                self.call(interp, args);
            }
            b'o' => {
                let mut args = self.marked();
                let callee = if args.is_empty() { Value::UNKNOWN } else { args.remove(0) };
                self.push(callee);
                self.call(interp, args);
            }
            b'R' | 0x81 => {
                let args = self.pop();
                let args = interp.elements(&args).unwrap_or_else(|| vec![args]);
                self.call(interp, args);
            }
            b'b' => drop(self.pop()),
            b'S' | b'V' | b'F' | b'I' | b'L' => {
                let line = self.line()?;
                self.push(Value::str(line.trim_matches(['\'', '"'])));
            }
            0x8c => return self.number(1).and_then(|length| self.text(length)),
            b'X' | b'T' => return self.number(4).and_then(|length| self.text(length)),
            0x8d => return self.number(8).and_then(|length| self.text(length)),
            b'U' => return self.number(1).and_then(|length| self.text(length)),
            b'C' | 0x8a => return self.number(1).and_then(|length| self.data(length)),
            b'B' | 0x8b => return self.number(4).and_then(|length| self.data(length)),
            0x8e | 0x96 => return self.number(8).and_then(|length| self.data(length)),
            b'K' => return self.number(1).map(|number| self.push(Value::number(number as f64))),
            b'M' => return self.number(2).map(|number| self.push(Value::number(number as f64))),
            b'J' => return self.number(4).map(|number| self.push(Value::number(number as f64))),
            b'G' => return self.number(8).map(|_| self.push(Value::UNKNOWN)),
            b't' | b'l' | b'd' => {
                let items = self.marked();
                let items = interp.array(items);
                self.push(items);
            }
            b'a' | b's' => drop(self.pop()),
            b'e' | b'u' | 0x90 => drop(self.marked()),
            b')' | b']' | b'}' | 0x8f => self.tuple(interp, 0),
            0x85..=0x87 => self.tuple(interp, usize::from(code - 0x84)),
            0x94 => self.keep(self.memo.len()),
            b'q' => return self.number(1).map(|at| self.keep(at)),
            b'r' => return self.number(4).map(|at| self.keep(at)),
            b'p' => return self.line().map(|at| self.keep(at.parse().unwrap_or(usize::MAX))),
            b'h' => return self.number(1).map(|at| self.recall(at)),
            b'j' => return self.number(4).map(|at| self.recall(at)),
            b'g' => return self.line().map(|at| self.recall(at.parse().unwrap_or(usize::MAX))),
            0x80 => drop(self.number(1)?),
            0x95 => drop(self.number(8)?),
            b'N' | 0x88 | 0x89 => self.push(Value::UNKNOWN),
            _ => return None,
        }
        Some(())
    }

    fn global(&mut self, interp: &mut Interp<'_>, module: &str, name: &str) {
        let module = interp.python_builtin(if matches!(module, "posix" | "nt") { "os" } else { module });
        let value = name.split('.').fold(module, |object, name| interp.read_member(&object, name));
        self.push(value);
    }

    fn call(&mut self, interp: &mut Interp<'_>, args: Vec<Value>) {
        let callee = self.pop();
        let value = match callee.kind {
            Kind::Api(_) => interp.call_value(&callee, Value::UNDEFINED, args),
            _ => Value::unknown(Taint::NONE),
        };
        self.push(value);
    }
}
