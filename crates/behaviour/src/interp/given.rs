//! What functions are handed by callers that are not there: keys, which their parameters' names tell, and requests. Such a
//! value is a source only; where it flows nowhere, nothing is told of it.

use rustc_hash::{FxHashMap, FxHashSet};
use vetch_model::capability::{CapabilityId, Resource};
use vetch_syntax::ir::{FunctionId, Language, Module, Node, NodeId};

use super::keys::key_takers;
use super::{Context, Interp, UnitId};
use crate::value::{Class, Kind, ObjectId, Taint, Value};

/// Ends of names of parameters that hold a key to somebody's money or identity, without case and punctuation.
const KEYS: &[&str] = &[
    "privatekey",
    "secretkey",
    "mnemonic",
    "seedphrase",
    "mnemonicphrase",
    "recoveryphrase",
    "privkey",
    "walletseed",
    "seedwords",
    "secretphrase",
];

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
    "b58encode",
];

/// What a request is called that is sent on as a whole.
pub(crate) const WHOLE_REQUEST: &str = "request as a whole";

/// What a password or a token is called that is sent to a machine without a name.
pub(crate) const CREDENTIAL: &str = "password or token";

/// Ends of names of parameters by which somebody is let in, without case and punctuation.
const CREDENTIALS: &[&str] = &["password", "passwd", "apikey", "apitoken", "accesstoken", "bottoken", "token"];

/// What a decorator's function is called with in place of the one that it wraps.
const WRAPPED: &str = "arguments of functions that it wraps";

/// Most nodes of a function that are looked at for a call of what it wraps.
const MAX_WRAPPER: usize = 512;

/// Fields of requests that let somebody in, without case and punctuation.
const SECRET_FIELDS: &[&str] =
    &["password", "passwd", "pwd", "authorization", "cookie", "cvv", "cardnumber", "sessionid"];

/// What is known of callers that are not there.
#[derive(Default)]
pub(crate) struct Given {
    /// Keys that functions are handed.
    keys: Taint,
    /// The functions of each module that are handed keys by whatever name.
    key_takers: FxHashMap<UnitId, FxHashSet<FunctionId>>,
    /// Arguments of functions that decorators wrap.
    wrapped: Taint,
    /// The request that the function which runs has looked into, if any.
    pub answering: Taint,
}

impl Interp<'_> {
    /// The value of parameter `index` of `count`, of a call of which nothing is known.
    pub(super) fn given(&mut self, m: &Module, cx: &Context, param: NodeId, index: usize, count: usize) -> Value {
        let name = match key_name(m, param, self.parameters_here(m, cx)) {
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
        match is_handed {
            true if self.is_python_here() && is_server(m, self.parameters_here(m, cx)) => {
                Value::unknown(Taint::HANDED.or(Taint::WHOLE))
            }
            true => Value::unknown(Taint::HANDED),
            false if self.is_python_here() && is_credential(m, param) => Value::unknown(Taint::CREDENTIAL),
            false => Value::UNKNOWN,
        }
    }

    fn parameters_here<'m>(&self, m: &'m Module, cx: &Context) -> &'m [NodeId] {
        m.list(m.function(self.frames[cx.frame.0 as usize].function).params)
    }

    /// The value of `*args` and `**kwargs`, of a call of which nothing is known: what the callers of a decorated function
    /// hand over, where this one stands in its place.
    pub(super) fn given_rest(&mut self, m: &Module, cx: &Context, target: NodeId) -> Value {
        let function = self.frames[cx.frame.0 as usize].function;
        if !wraps(m, function) {
            return Value::UNKNOWN;
        }
        // As with keys: what the function gives back is its own.
        let wrapped = self.at(cx, target, |interp| interp.given_key(WRAPPED.to_owned()));
        self.given.wrapped = self.given.wrapped.or(wrapped);
        Value::unknown(wrapped)
    }

    /// What is handed on as it came, to the function that is wrapped: what that does with it is its own business.
    pub(super) fn hand_on(&self, m: &Module, nodes: &[NodeId], args: &mut [Value]) {
        let wrapped = self.given.wrapped;
        if !wrapped.is_empty() && nodes.iter().any(|&arg| matches!(m.node(arg), Node::Spread(_))) {
            args.iter_mut().for_each(|arg| arg.taint = arg.taint.without(wrapped));
        }
    }

    /// What a method is called on by somebody who is not there. Where it is handed what begins a flow it is some object of
    /// its class, whose other methods may be where that goes.
    pub(super) fn given_receiver(&mut self, unit: UnitId, function: FunctionId) -> Value {
        let Some(&class) = self.homes.get(&(unit, function)) else { return Value::UNKNOWN };
        let m = self.unit(unit).module.clone();
        let params = m.list(m.function(function).params);
        let begins = |&param: &NodeId| is_request(&m, param) || key_name(&m, param, params).is_some();
        match self.object(class).class {
            Class::Constructor { prototype, .. } if self.is_python(unit) && params.iter().any(begins) => {
                self.some_object_of(prototype)
            }
            _ => Value::UNKNOWN,
        }
    }

    /// Some object of a class, of which nothing else is known.
    pub(crate) fn some_object_of(&mut self, prototype: ObjectId) -> Value {
        let object = self.open_object(Taint::NONE);
        if let Kind::Object(id) = object.kind {
            self.object_mut(id).prototype = Some(prototype);
        }
        object
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
        // Names that servers alone have for it: clients have requests, too.
        let is_whole = self.is_python_here() && matches!(name, "META" | "COOKIES" | "GET" | "POST");
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
        let taint = self.given_source(what.to_owned()).or(if is_whole { Taint::WHOLE } else { Taint::NONE });
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
            false => taint.without(self.given.keys).without(Taint::HANDED.or(Taint::WHOLE).or(Taint::CREDENTIAL)),
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

/// Whether these are the parameters of what a server calls for each request (PEP 3333, ASGI).
fn is_server(m: &Module, params: &[NodeId]) -> bool {
    let has = |name: &str| params.iter().any(|&param| name_of(m, param) == Some(name));
    has("start_response") || has("receive") && has("send")
}

/// Whether a function calls one that a function around it was given: the form of decorators.
fn wraps(m: &Module, function: FunctionId) -> bool {
    let body = m.list(m.function(function).body);
    let mut pending = body.to_vec();
    for _ in 0..MAX_WRAPPER {
        let Some(node) = pending.pop() else { return false };
        if let Node::Call { callee, args } = m.node(node)
            && let Node::Var(symbol) = m.node(callee)
            && m.symbol(symbol).function != function
            && m.list(args).iter().any(|&arg| matches!(m.node(arg), Node::Spread(_)))
        {
            let around = m.function(m.symbol(symbol).function);
            return m.list(around.params).iter().any(|&param| matches!(m.node(param), Node::Var(own) if own == symbol));
        }
        m.for_each_child(node, &mut |child| pending.push(child));
    }
    false
}

/// The taint of a field of what has this one: of a request it is no longer the whole, unless it lets somebody in.
pub(super) fn field_taint(taint: Taint, name: &str) -> Taint {
    if !taint.is_whole() {
        return taint;
    }
    let plain = plain(name);
    match SECRET_FIELDS.iter().any(|field| plain.ends_with(field)) {
        true => taint,
        false => taint.without(Taint::WHOLE),
    }
}

/// Whether a parameter's name says that it lets somebody in.
fn is_credential(m: &Module, param: NodeId) -> bool {
    name_of(m, param).is_some_and(|name| CREDENTIALS.iter().any(|end| plain(name).ends_with(end)))
}

/// The name of a parameter that holds a key to somebody's money or identity. One that comes with its public part, or with a
/// certificate, is a server's, which services are given to work with.
fn key_name<'m>(m: &'m Module, param: NodeId, params: &[NodeId]) -> Option<&'m str> {
    let name = name_of(m, param)?;
    let plain = plain(name);
    if !KEYS.iter().any(|key| plain.trim_end_matches('s').ends_with(key)) {
        return None;
    }
    let names_server = |other: &str| other.contains("cert") || other.contains("publickey");
    let is_servers = m.language == Language::Python
        // What Python calls so is half of an account with a service.
        && (plain.ends_with("secretkey")
            || params.iter().filter_map(|&param| name_of(m, param)).any(|other| names_server(&self::plain(other))));
    (!is_servers).then_some(name)
}

/// A name without case and punctuation.
fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}
