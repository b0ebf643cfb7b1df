//! The web platform: storage, clipboard, capture, and overriding what carries traffic.

use vetch_model::capability::{CapabilityId, EvalSource, Resource};

use crate::apis::{ApiId, Apis, Call, network};
use crate::interp::Interp;
use crate::value::{Kind, ObjectId, Taint, Value};

pub(super) fn register(apis: &mut Apis) {
    let window =
        apis.add_global(&["globalThis", "window", "self", "global", "top", "parent", "frames", "GLOBAL", "root"]);
    apis.entries[window.0 as usize].is_global_object = true;
    let document = apis.add_global(&["document"]);
    apis.add_values(document, &["cookie"], |interp, _| {
        let effect = interp.effect(CapabilityId::BrowserHook, Resource::Named("cookies".to_owned()), "reads cookies");
        let taint = interp.source(effect);
        interp.unknown(taint)
    });
    apis.add_functions(document, &["addEventListener"], listener);
    const FINDS: &[&str] =
        &["querySelector", "querySelectorAll", "getElementsByTagName", "getElementById", "getElementsByName"];
    apis.add_functions(document, FINDS, fields);
    apis.add_functions(document, &["createElement"], |interp, call| {
        let api = match call.arg(0).exact_str() {
            Some(tag) if tag.eq_ignore_ascii_case("script") => "HTMLScriptElement",
            Some(tag) if tag.eq_ignore_ascii_case("img") => "Image",
            Some(tag) if tag.eq_ignore_ascii_case("canvas") => "HTMLCanvasElement",
            _ => return interp.unknown(Taint::NONE),
        };
        match interp.apis.global(api) {
            Some(api) => interp.instance(api, None, Taint::NONE),
            None => Value::UNKNOWN,
        }
    });
    let location = apis.add_global(&["location"]);
    apis.alias(document, "location", location);
    apis.add_functions(location, &["assign", "replace"], |interp, call| {
        interp.leave_page(&call.arg(0));
        Value::UNDEFINED
    });
    let listen = apis.add_global(&["addEventListener"]);
    apis.set_call(listen, listener);
    apis.add_global(&["HTMLScriptElement"]);
    apis.add_global(&["HTMLCanvasElement"]);
    let image = apis.add_global(&["Image"]);
    apis.set_call(image, |interp, call| interp.instance(call.api, None, Taint::NONE));
    register_storage(apis);
    register_databases(apis);
    register_extensions(apis);
    register_devices(apis);
    register_traffic(apis);
}

fn register_storage(apis: &mut Apis) {
    for name in ["localStorage", "sessionStorage"] {
        let storage = apis.add_global(&[name]);
        apis.add_functions(storage, &["key"], |interp, _| stored(interp, "any that is stored"));
        apis.add_functions(storage, &["getItem"], |interp, call| {
            // A site reading its own entry is ordinary: only wallets, tokens and seeds tell.
            let key = call.arg(0);
            if !interp.deep_taint(&key).is_empty() {
                return interp.unknown(key.taint);
            }
            let telling = key.exact_str().is_some_and(|key| {
                let key = key.to_lowercase();
                ["token", "wallet", "seed", "mnemonic", "private", "auth", "session", "jwt"]
                    .iter()
                    .any(|word| key.contains(word))
            });
            if !telling {
                return interp.unknown(Taint::NONE);
            }
            let effect = interp.effect(
                CapabilityId::BrowserHook,
                Resource::Named("storage".to_owned()),
                "reads secrets in browser storage",
            );
            let taint = interp.source(effect);
            interp.unknown(taint)
        });
        apis.entries[storage.0 as usize].computed_member = Some(|interp, _| interp.unknown(Taint::NONE));
    }
}

/// Whatever a site keeps with its visitor, whoever of its scripts put it there.
pub(super) fn all_stored(interp: &mut Interp<'_>) -> Value {
    stored(interp, "all that is stored")
}

fn stored(interp: &mut Interp<'_>, what: &str) -> Value {
    let object = Resource::Named(what.to_owned());
    let effect = interp.effect(CapabilityId::BrowserHook, object, "reads what is kept in the browser for a site");
    let taint = interp.source(effect);
    interp.unknown(taint)
}

/// Databases of a site: one that is not opened by a name of its own is somebody else's.
fn register_databases(apis: &mut Apis) {
    let databases = apis.add_global(&["indexedDB"]);
    apis.add_functions(databases, &["databases"], |interp, _| all_stored(interp));
    apis.add_functions(databases, &["open"], |interp, call| {
        let taint = interp.deep_taint(&call.arg(0));
        interp.instance(call.api, None, taint)
    });
}

fn register_devices(apis: &mut Apis) {
    let navigator = apis.add_global(&["navigator"]);
    let clipboard = apis.add_namespace(navigator, "clipboard");
    apis.add_functions(clipboard, &["readText", "read"], |i, c| super::host::input(i, c, CapabilityId::InputClipboard));
    apis.add_functions(clipboard, &["writeText", "write"], super::host::put_on_clipboard);
    let devices = apis.add_namespace(navigator, "mediaDevices");
    apis.add_functions(devices, &["getUserMedia"], |interp, call| {
        let wants = |interp: &mut Interp<'_>, name: &str| {
            interp.option(&call.arg(0), name).is_some_and(|value| value.truth() != Some(false))
        };
        if wants(interp, "video") {
            interp.effect(CapabilityId::InputCamera, Resource::None, "uses the camera");
        }
        if wants(interp, "audio") {
            interp.effect(CapabilityId::InputMicrophone, Resource::None, "uses the microphone");
        }
        interp.unknown(Taint::NONE)
    });
    apis.add_functions(devices, &["getDisplayMedia"], |i, c| super::host::input(i, c, CapabilityId::InputScreen));
}

/// Objects whose overriding puts code between a page and its traffic or its wallet.
fn register_traffic(apis: &mut Apis) {
    for name in ["XMLHttpRequest", "WebSocket", "Response", "Request", "Storage", "EventSource", "Headers"] {
        let class = apis.add_global(&[name]);
        apis.add_namespace(class, "prototype");
    }
    let xhr = apis.add_global(&["XMLHttpRequest"]);
    let prototype = apis.add_namespace(xhr, "prototype");
    for name in ["open", "send", "setRequestHeader"] {
        apis.add_namespace(prototype, name);
    }
    for name in ["ethereum", "solana", "phantom", "tronWeb", "tronLink", "BinanceChain", "web3"] {
        let wallet = apis.add_global(&[name]);
        apis.add_functions(wallet, &["request", "send", "sendAsync"], pay);
        apis.add_functions(wallet, &["signTransaction", "signAllTransactions", "signAndSendTransaction"], pay);
        for method in
            ["request", "send", "sendAsync", "signTransaction", "signAndSendTransaction", "signMessage", "trx"]
        {
            apis.add_namespace(wallet, method);
        }
    }
}

/// A wallet is asked for something: what it is asked for may be another's wish.
fn pay(interp: &mut Interp<'_>, call: &Call) -> Value {
    let wish = interp.deep_taint_of(&call.args);
    if interp.comes_from(wish, CapabilityId::NetConnect) {
        let object = Resource::Named("wallet payment".to_owned());
        let effect = interp.effect(CapabilityId::BrowserHook, object, "has a wallet sign what a host says");
        interp.flow(wish, effect);
    }
    interp.invoke_callbacks(&call.args, Taint::NONE);
    interp.unknown(wish)
}

/// What browsers let their extensions see of all sites.
fn register_extensions(apis: &mut Apis) {
    for name in ["chrome", "browser"] {
        let browser = apis.add_global(&[name]);
        let cookies = apis.add_namespace(browser, "cookies");
        apis.add_functions(cookies, &["getAll"], |interp, call| handed(interp, call, "cookies"));
        let storage = apis.add_namespace(browser, "storage");
        for area in ["local", "sync"] {
            let area = apis.add_namespace(storage, area);
            apis.add_functions(area, &["get"], |interp, call| match call.arg(0).kind {
                Kind::Null | Kind::Undefined => handed(interp, call, "all that is stored"),
                _ => handed_nothing(interp, call),
            });
        }
    }
}

fn handed(interp: &mut Interp<'_>, call: &Call, what: &str) -> Value {
    let read = stored(interp, what);
    interp.invoke_callbacks(&call.args, read.taint);
    read
}

fn handed_nothing(interp: &mut Interp<'_>, call: &Call) -> Value {
    interp.invoke_callbacks(&call.args, Taint::NONE);
    interp.unknown(Taint::NONE)
}

/// Elements that a page's visitor fills in: their values are what was typed.
pub(super) fn fields(interp: &mut Interp<'_>, call: &Call) -> Value {
    let wanted = call.arg(0);
    // `$(function () { … })`
    interp.invoke_callbacks(&call.args, Taint::NONE);
    let typed = ["input", "password", "textarea", "ccnumber", "cardnumber", "creditcard", "cvv", "cvc"];
    let is_typed = |selector: &str| {
        let plain: String = selector.chars().filter(char::is_ascii_alphanumeric).collect();
        typed.iter().any(|word| plain.to_ascii_lowercase().contains(word))
    };
    if !wanted.exact_str().is_some_and(is_typed) {
        return interp.unknown(Taint::NONE);
    }
    let object = Resource::Named("form data".to_owned());
    let effect = interp.effect(CapabilityId::BrowserHook, object, "takes hold of the fields of the page");
    let taint = interp.source(effect);
    interp.unknown(taint)
}

/// Names whose overriding is a hook, under which object.
fn hooked(path: &str, name: &str) -> Option<String> {
    let traffic = matches!(name, "fetch" | "XMLHttpRequest" | "WebSocket") && path == "globalThis";
    let method = path == "XMLHttpRequest.prototype" && matches!(name, "open" | "send" | "setRequestHeader");
    let wallet =
        ["ethereum", "solana", "phantom", "tronWeb", "tronLink", "BinanceChain", "web3"].iter().any(|wallet| {
            path == *wallet || path.starts_with(&format!("{wallet}.")) || (path == "globalThis" && name == *wallet)
        });
    (traffic || method || wallet).then(|| match path {
        "globalThis" => name.to_owned(),
        _ => format!("{path}.{name}"),
    })
}

/// Key events of the whole document or window.
fn listener(interp: &mut Interp<'_>, call: &Call) -> Value {
    let event = call.arg(0);
    let taint = match event.exact_str() {
        Some("keydown" | "keyup" | "keypress" | "input" | "paste") => {
            let effect = interp.effect(CapabilityId::InputKeyboard, Resource::None, "listens to every key of the page");
            interp.source(effect)
        }
        Some("submit" | "change") => {
            let effect = interp.effect(
                CapabilityId::BrowserHook,
                Resource::Named("form data".to_owned()),
                "listens to every form of the page",
            );
            interp.source(effect)
        }
        // A service worker's: every request of the page passes through it.
        Some("fetch") => {
            let object = Resource::Named("requests of the page".to_owned());
            let effect = interp.effect(CapabilityId::BrowserHook, object, "sees every request of the page");
            interp.source(effect)
        }
        // What is copied may be exchanged by code that does nothing else.
        Some("copy" | "cut") => {
            interp.perhaps(|interp| interp.call_value(&call.arg(1), Value::UNKNOWN, vec![Value::UNKNOWN]));
            return Value::UNDEFINED;
        }
        _ => Taint::NONE,
    };
    interp.invoke(&call.arg(1), taint);
    Value::UNDEFINED
}

impl Interp<'_> {
    /// `builtin.name = value`
    pub(crate) fn effect_hook(&mut self, api: ApiId, name: &str, value: &Value) {
        let path = self.apis.path(api);
        if matches!(path.as_str(), "document" | "globalThis") && matches!(name, "onkeydown" | "onkeyup" | "onkeypress")
        {
            let effect = self.effect(CapabilityId::InputKeyboard, Resource::None, "listens to every key of the page");
            let typed = self.source(effect);
            self.invoke(value, typed);
        }
        if let Some(object) = hooked(&path, name).filter(|_| self.is_callable(value) || value.is_unknown()) {
            let note = format!("replaces {object}");
            let effect = self.effect(CapabilityId::BrowserHook, Resource::Named(object), note);
            let intercepted = self.source(effect);
            self.invoke(value, intercepted);
        }
        self.store_on_builtin(&path, name, value);
        if path == "process.env" || path == "document" && name == "cookie" {
            return;
        }
        if matches!((path.as_str(), name), ("globalThis", "location") | ("location", "href")) {
            self.leave_page(value);
        }
    }

    /// `location.href = url`, `location.replace(url)`
    fn leave_page(&mut self, url: &Value) {
        let taint = self.deep_taint(url);
        let is_elsewhere = url.alternatives().iter().any(|url| {
            url.as_str()
                .is_some_and(|url| url.starts_with("//") || url.starts_with("http://") || url.starts_with("https://"))
        });
        if is_elsewhere {
            let object = Resource::Named("location".to_owned());
            self.effect(CapabilityId::BrowserHook, object, "sends the page somewhere else");
        }
        if is_elsewhere || !taint.is_empty() {
            for host in network::hosts(self, url) {
                network::connect_effect(self, host, taint);
            }
        }
    }

    /// `instance.name = value`: an image or script whose source is set is fetched.
    pub(crate) fn effect_instance_store(&mut self, id: ObjectId, name: &str, value: &Value) {
        let crate::value::Class::Instance { api, .. } = self.object(id).class else { return };
        let path = self.apis.path(api);
        if !matches!(
            (path.as_str(), name),
            ("Image", "src") | ("HTMLScriptElement", "src" | "text" | "textContent" | "innerHTML")
        ) {
            if name.starts_with("on") && matches!(value.kind, Kind::Object(_)) {
                let taint = self.object(id).taint;
                self.invoke(value, taint);
            }
            return;
        }
        let taint = self.deep_taint(value);
        if name != "src" {
            self.evaluate_code(value);
            return;
        }
        for host in network::hosts(self, value) {
            let effect = network::connect_effect(self, host, taint);
            self.set_instance_effect(&Value::object(id), Some(effect));
            if path == "HTMLScriptElement" {
                let source = self.source(effect);
                let eval = self.effect(
                    CapabilityId::CodeEval,
                    Resource::Eval(EvalSource::Downloaded),
                    "loads a script from the network",
                );
                self.flow(source, eval);
            }
        }
    }
}
