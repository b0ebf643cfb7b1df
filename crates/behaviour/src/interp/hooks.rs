//! Code put between another module and those who call it: monkey patches of modules, loaders and prototypes.

use std::rc::Rc;

use vetch_model::capability::{CapabilityId, Resource};

use super::Interp;
use crate::apis::is_within;
use crate::value::{Class, Kind, Taint, Value};

/// Most names that are remembered as read of modules that are not at hand.
const MAX_NAMES: usize = 4096;

/// Built-in modules whose callers hand over what is worth having.
const HOOKABLE: &[&str] = &[
    "http",
    "https",
    "http2",
    "net",
    "tls",
    "crypto",
    "fs",
    "child_process",
    "module",
    "dns",
    // Clients of ledgers, whose callers hand over keys and payments.
    "@solana/web3.js",
    "ethers",
    "web3",
    "tronweb",
    "axios",
    "ws",
    // Of Python.
    "requests",
    "urllib",
    "urllib.request",
    "urllib3",
    "httpx",
    "aiohttp",
    "socket",
    "ssl",
    "smtplib",
    "hashlib",
    "http.client",
    "getpass",
    "subprocess",
    "builtins",
];

/// Methods that put listeners aside, and methods that call them.
const LISTENS: &[&str] = &["on", "once", "addListener", "prependListener", "addEventListener", "subscribe"];
const EMITS: &[&str] = &["emit", "dispatchEvent", "dispatch", "trigger", "publish", "fire"];

/// Most listeners that one emitter keeps.
const MAX_LISTENERS: usize = 64;

/// Hidden property of an emitter: what listens to it.
const LISTENERS: &str = "@@listeners";

/// Where the parameters of a payment say who gets it.
const RECIPIENTS: &[&str] = &["to", "recipient", "destination", "address", "toAddress", "toAccount"];

impl Interp<'_> {
    /// A property of something that is not at hand is read.
    pub(super) fn note_foreign_read(&mut self, object: &Value, name: &str) {
        if object.taint.is_foreign() && self.foreign_reads.len() < MAX_NAMES && !self.foreign_reads.contains(name) {
            self.foreign_reads.insert(Rc::from(name));
        }
    }

    /// `object.name = value` on something that is not at hand. A function that replaces what was read before stands
    /// between the module and its callers; one that was never read is an option or a listener.
    pub(super) fn store_on_unknown(&mut self, object: &Value, name: &str, value: &Value) {
        let replaces = object.taint.is_foreign() && self.foreign_reads.contains(name)
            || self.comes_from(object.taint, CapabilityId::CodeHook);
        if replaces {
            self.hook(name, value);
        } else if name.starts_with("on") && !object.taint.is_empty() {
            // `request.onsuccess = …`: it is handed what was asked for.
            self.invoke_callbacks(std::slice::from_ref(value), object.taint);
        }
        // What stands between a wallet and its user says where a payment goes.
        let is_intercepted = self.comes_from(object.taint, CapabilityId::BrowserHook)
            || self.comes_from(object.taint, CapabilityId::CodeHook);
        if is_intercepted && RECIPIENTS.contains(&name) {
            self.note_put_address(value);
        }
    }

    /// `builtin.name = value`, on the built-in at `path`.
    pub(crate) fn store_on_builtin(&mut self, path: &str, name: &str, value: &Value) {
        // Called by the interpreter itself.
        if self.is_python_here() && matches!((path, name), ("sys" | "threading", "excepthook" | "displayhook")) {
            self.perhaps(|interp| interp.invoke_callbacks(std::slice::from_ref(value), Taint::NONE));
        }
        if HOOKABLE.iter().any(|module| is_within(path, module)) {
            self.hook(&format!("{path}.{name}"), value);
        }
    }

    /// `Object.defineProperty(module.Class.prototype, name, { get })`: whoever asks for it asks this.
    pub(crate) fn replace_getter(&mut self, target: &Value, name: &str, getter: &Value) {
        match target.kind {
            Kind::Api(api) => {
                let path = self.apis.path(api);
                self.store_on_builtin(&path, name, getter);
            }
            _ if target.taint.is_foreign() => self.hook(name, getter),
            _ => {}
        }
    }

    /// A function that others will call in place of what it replaces: what they give it is intercepted.
    pub(crate) fn hook(&mut self, what: &str, value: &Value) {
        let is_closure = |value: &&Value| matches!(&value.kind, Kind::Object(id) if matches!(self.object(*id).class, Class::Closure { .. }));
        // One that was made under a condition is perhaps not there.
        let Some(value) = value.alternatives().iter().find(is_closure).cloned() else { return };
        let effect = self.effect(CapabilityId::CodeHook, Resource::Named(what.to_owned()), format!("replaces {what}"));
        let intercepted = self.source(effect);
        let mut args = vec![Value::unknown(intercepted); 4];
        if self.is_python_here() {
            let keywords = self.alloc(Class::Keywords);
            let object = self.object_mut(keywords);
            (object.open, object.taint) = (true, intercepted);
            args.push(Value::object(keywords));
        }
        let given = self.perhaps(|interp| interp.call_value(&value, Value::unknown(intercepted), args));
        // A function that it gives in place of another is called by the same callers.
        if self.is_callable(&given) && !self.is_python_here() {
            self.invoke(&given, intercepted);
        }
    }

    /// A method of an object of unknown kind, as an event emitter has them: a listener is kept, and what is emitted
    /// reaches the listeners.
    pub(crate) fn relay_events(&mut self, emitter: &Value, name: &str, args: &[Value]) {
        if LISTENS.contains(&name) {
            let Some(listener) = args.iter().rev().find(|arg| self.is_callable(arg)).cloned() else { return };
            let known = self.get_property(emitter, LISTENERS);
            let mut listeners = self.elements(&known).unwrap_or_default();
            if listeners.len() >= MAX_LISTENERS {
                return;
            }
            listeners.push(listener);
            let listeners = self.array(listeners);
            self.set_property(emitter, LISTENERS, listeners);
        } else if EMITS.contains(&name) && args.len() > 1 {
            let listeners = self.get_property(emitter, LISTENERS);
            for listener in self.elements(&listeners).unwrap_or_default() {
                self.perhaps(|interp| interp.call_value(&listener, emitter.clone(), args[1..].to_vec()));
            }
        }
    }
}
