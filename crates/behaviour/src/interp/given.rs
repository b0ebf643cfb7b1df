//! What functions are handed by callers that are not there: keys, which their parameters' names tell, and requests. Such a
//! value is a source only; where it flows nowhere, nothing is told of it.

use rustc_hash::{FxHashMap, FxHashSet};
use vetch_model::capability::{CapabilityId, Resource};
use vetch_syntax::ir::{FunctionId, Module, Node, NodeId};

use super::keys::key_takers;
use super::{Context, Interp, UnitId};
use crate::value::{Taint, Value};

/// Ends of names of parameters that hold a key to somebody's money or identity, without case and punctuation.
const KEYS: &[&str] =
    &["privatekey", "secretkey", "mnemonic", "seedphrase", "mnemonicphrase", "recoveryphrase", "privkey", "walletseed"];

/// Methods that only write the same in another way: what else a key is given to makes something else of it.
const REWRITES: &[&str] = &[
    "toString",
    "trim",
    "toLowerCase",
    "split",
    "join",
    "concat",
    "replace",
    "slice",
    "toJSON",
    "encode",
    "toHex",
    "bytesToHex",
    "hexlify",
    "stringify",
    "encodeBase64",
    "encodeBase58",
];

/// What is known of callers that are not there.
#[derive(Default)]
pub(crate) struct Given {
    /// Keys that functions are handed.
    keys: Taint,
    /// The functions of each module that are handed keys by whatever name.
    key_takers: FxHashMap<UnitId, FxHashSet<FunctionId>>,
    /// The request that the function which runs has looked into, if any.
    pub answering: Taint,
}

impl Interp<'_> {
    /// The value of parameter `index` of `count`, of a call of which nothing is known.
    pub(super) fn given(&mut self, m: &Module, cx: &Context, param: NodeId, index: usize, count: usize) -> Value {
        let name = match key_name(m, param) {
            None if index == 0 && !self.is_python_here() && self.takes_key(m, cx) => {
                name_of(m, param).filter(|name| !is_setting(name))
            }
            named => named,
        };
        if let Some(name) = name {
            let key = self.at(cx, param, |interp| interp.given_key(format!("argument {name}")));
            return Value::unknown(key);
        }
        let is_handed = match self.is_python_here() {
            true => is_request(m, param),
            false => index == 0 && (count > 1 || matches!(name_of(m, param), Some("req" | "request"))),
        };
        if is_handed { Value::unknown(Taint::HANDED) } else { Value::UNKNOWN }
    }

    /// Whether the function that runs is one that is handed a key.
    fn takes_key(&mut self, m: &Module, cx: &Context) -> bool {
        let function = self.frames[cx.frame.0 as usize].function;
        self.given.key_takers.entry(cx.unit).or_insert_with(|| key_takers(m)).contains(&function)
    }

    /// What a caller hands over, as a source.
    pub(crate) fn given_source(&mut self, what: String) -> Taint {
        let note = format!("is given: {what}");
        let effect = self.effect(CapabilityId::CallGiven, Resource::Named(what), note);
        self.source(effect)
    }

    /// A key that is handed over, as a source: what is made of it is another thing.
    pub(crate) fn given_key(&mut self, what: String) -> Taint {
        let key = self.given_source(what);
        self.given.keys = self.given.keys.or(key);
        key
    }

    /// `request.headers` and the like, of something that was handed over. `None`: another property.
    pub(super) fn part_of_request(&mut self, object: &Value, name: &str) -> Option<Value> {
        if !object.taint.is_handed() {
            let is_typed = matches!(name, "password" | "passwd" | "pwd") && self.is_body(object.taint);
            return is_typed
                .then(|| Value::unknown(self.given_source("password in a request".to_owned()).or(object.taint)));
        }
        let what = match name {
            "headers" | "cookies" => "request",
            "query" => "request query",
            "body" => "request body",
            _ if !self.is_python_here() => return None,
            "META" | "COOKIES" => "request",
            "GET" | "args" | "query_params" | "query_string" => "request query",
            "POST" | "form" | "json" | "data" | "values" => "request body",
            _ => return None,
        };
        let taint = self.given_source(what.to_owned());
        self.given.answering = taint;
        Some(Value::unknown(object.taint.without(Taint::HANDED).or(taint)))
    }

    /// Whether something is out of the body of a request.
    fn is_body(&self, taint: Taint) -> bool {
        !taint.is_empty()
            && self.sources_of(taint).iter().any(|&source| {
                self.effects.list[source as usize].resource == Resource::Named("request body".to_owned())
            })
    }

    /// What is left of a taint in what a function that is not at hand makes of it: signatures and addresses are made of
    /// keys and are none.
    pub(super) fn through_unknown(&self, taint: Taint, method: Option<&str>) -> Taint {
        match method.is_some_and(|name| REWRITES.contains(&name)) {
            true => taint,
            false => taint.without(self.given.keys).without(Taint::HANDED),
        }
    }
}

/// Whether a parameter holds where to connect to or how, rather than a key.
fn is_setting(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["opt", "config", "setting", "provider", "props", "param", "client", "network", "chain", "address"]
        .iter()
        .any(|word| name.contains(word))
}

/// The name of a parameter.
pub(super) fn name_of(m: &Module, param: NodeId) -> Option<&str> {
    let target = match m.node(param) {
        Node::Default { target, .. } => target,
        _ => param,
    };
    let Node::Var(symbol) = m.node(target) else { return None };
    Some(m.str(m.symbol(symbol).name))
}

/// Whether a parameter holds a request, by the names that frameworks of Python give it (PEP 3333, ASGI).
fn is_request(m: &Module, param: NodeId) -> bool {
    name_of(m, param).is_some_and(|name| matches!(name, "request" | "req" | "environ" | "scope"))
}

/// The name of a parameter that holds a key.
fn key_name(m: &Module, param: NodeId) -> Option<&str> {
    let name = name_of(m, param)?;
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    KEYS.iter().any(|key| plain.ends_with(key)).then_some(name)
}
