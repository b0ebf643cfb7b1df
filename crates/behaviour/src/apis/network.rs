//! Connections: Node.js, the web platform, and popular HTTP clients.

use vetch_model::capability::{CapabilityId, Resource};

use crate::apis::urls::{host_of, is_url};
use crate::apis::{Apis, Call};
use crate::interp::Interp;
use crate::value::{Kind, Taint, Value};

pub(super) fn register(apis: &mut Apis) {
    for name in ["http", "https"] {
        let module = apis.add_module(&[name]);
        apis.add_functions(module, &["get", "request"], request);
        apis.add_functions(module, &["createServer"], server);
        for class in ["Server", "IncomingMessage", "ClientRequest", "ServerResponse"] {
            let class = apis.add_namespace(module, class);
            apis.add_namespace(class, "prototype");
        }
    }
    let follow = apis.add_module(&["follow-redirects"]);
    for scheme in ["http", "https"] {
        let namespace = apis.add_namespace(follow, scheme);
        apis.add_functions(namespace, &["get", "request"], request);
    }
    let http2 = apis.add_module(&["http2"]);
    apis.add_functions(http2, &["connect"], request);
    apis.add_functions(http2, &["createServer", "createSecureServer"], server);
    for name in ["net", "tls"] {
        let module = apis.add_module(&[name]);
        apis.add_functions(module, &["connect", "createConnection"], socket);
        apis.add_functions(module, &["Socket", "TLSSocket"], unconnected);
        let socket_class = apis.add_namespace(module, "Socket");
        apis.add_namespace(socket_class, "prototype");
        apis.add_functions(module, &["createServer"], server);
    }
    let dgram = apis.add_module(&["dgram"]);
    apis.add_functions(dgram, &["createSocket"], unconnected);
    register_clients(apis);
    register_web(apis);
    register_dns(apis);
}

/// Clients whose first argument is a URL or options, and whose verbs are members.
fn register_clients(apis: &mut Apis) {
    const VERBS: &[&str] = &[
        "get", "post", "put", "patch", "delete", "del", "head", "request", "stream", "postForm", "putForm", "getUri",
        "fetch", "json", "download", "pipeline",
    ];
    for names in [
        &["axios"][..],
        &["got"],
        &["request", "request-promise", "request-promise-native"],
        &["superagent"],
        &["needle"],
        &["phin"],
        &["bent"],
        &["node-fetch", "cross-fetch", "isomorphic-fetch", "whatwg-fetch", "node-fetch-native", "make-fetch-happen"],
        &["undici"],
        &["ky", "ky-universal"],
        &["wretch"],
        &["centra"],
        &["urllib"],
        &["simple-get"],
        &["download"],
        &["popsicle"],
        &["socket.io-client"],
        &["ofetch"],
        &["cross-fetch/polyfill"],
        &["sync-request"],
        &["then-request"],
        &["nugget"],
    ] {
        let module = apis.add_module(names);
        apis.set_call(module, request);
        apis.add_functions(module, VERBS, request);
        apis.add_functions(module, &["io", "connect"], request);
        apis.add_functions(module, &["create", "extend", "defaults", "instance"], client);
        let interceptors = apis.add_namespace(module, "interceptors");
        for direction in ["request", "response"] {
            let chain = apis.add_namespace(interceptors, direction);
            apis.add_functions(chain, &["use"], intercept);
        }
    }
    for name in ["$", "jQuery"] {
        let global = apis.add_global(&[name]);
        apis.set_call(global, super::browser::fields);
        apis.add_functions(global, &["ajax", "get", "post", "getJSON", "getScript"], request);
    }
    let ws = apis.add_module(&["ws", "websocket", "isomorphic-ws"]);
    apis.set_call(ws, request);
    apis.add_functions(ws, &["WebSocket", "client", "w3cwebsocket"], request);
    apis.add_functions(ws, &["Server", "WebSocketServer"], server);
    let publisher = apis.add_module(&["libnpmpublish"]);
    apis.add_functions(publisher, &["publish", "unpublish"], |interp, call| {
        let registry = Resource::Named("npm".to_owned());
        interp.effect(CapabilityId::RegistryPublish, registry, "publishes a package");
        interp.call_unknown(&Value::UNKNOWN, call.args.clone())
    });
    let mail = apis.add_module(&["nodemailer"]);
    apis.add_functions(mail, &["createTransport"], request);
    register_ledgers(apis);
}

/// Clients of blockchains, each made for the node that it asks: what it answers was put there by anybody.
fn register_ledgers(apis: &mut Apis) {
    for (names, classes) in [
        (&["@solana/web3.js"][..], &["Connection", "createSolanaRpc"][..]),
        (&["ethers"], &["JsonRpcProvider", "WebSocketProvider", "StaticJsonRpcProvider", "JsonRpcBatchProvider"]),
        (&["web3"], &["Web3"]),
        (&["viem"], &["http", "webSocket"]),
        (&["tronweb"], &["TronWeb"]),
        (&["@mysten/sui/client", "@mysten/sui.js", "@mysten/sui.js/client"], &["SuiClient", "JsonRpcProvider"]),
        (&["@aptos-labs/ts-sdk", "aptos"], &["AptosConfig", "AptosClient"]),
        (&["@ton/ton", "ton"], &["TonClient"]),
    ] {
        let module = apis.add_module(names);
        apis.add_functions(module, classes, node);
        let providers = apis.add_namespace(module, "providers");
        apis.add_functions(providers, classes, node);
    }
    let web3 = apis.add_module(&["web3"]);
    apis.set_call(web3, node);
    let ethers = apis.add_module(&["ethers"]);
    apis.alias(ethers, "ethers", ethers);
    for (module, class) in [("@solana/web3.js", "Connection"), ("@solana/web3.js", "Keypair"), ("ethers", "Wallet")] {
        let module = apis.add_module(&[module]);
        let class = apis.add_namespace(module, class);
        apis.add_namespace(class, "prototype");
    }
}

/// A client of the node that its arguments name; one that is named nowhere is the user's own.
fn node(interp: &mut Interp<'_>, call: &Call) -> Value {
    const URLS: &[&str] = &["url", "endpoint", "fullHost", "fullnode"];
    let mut named = vec![call.arg(0)];
    named.extend(URLS.iter().filter_map(|name| interp.option(&call.arg(0), name)));
    let urls = named.iter().flat_map(|value| value.alternatives().to_vec());
    let hosts: Vec<String> =
        urls.filter_map(|url| url.as_str().filter(|text| is_url(text)).map(|text| host_of(text))).collect();
    let mut received = Taint::NONE;
    for host in hosts {
        let effect = connect_effect(interp, host, Taint::NONE);
        received = received.or(interp.source(effect));
    }
    interp.unknown(received)
}

fn register_web(apis: &mut Apis) {
    for name in ["fetch", "WebSocket", "EventSource", "importScripts"] {
        let global = apis.add_global(&[name]);
        apis.set_call(global, request);
    }
    let xhr = apis.add_global(&["XMLHttpRequest"]);
    apis.set_call(xhr, unconnected);
    apis.modules.insert("xmlhttprequest", xhr);
    apis.alias(xhr, "XMLHttpRequest", xhr);
    let navigator = apis.add_global(&["navigator"]);
    apis.add_functions(navigator, &["sendBeacon"], request);
    let bun = apis.add_global(&["Bun"]);
    apis.add_functions(bun, &["connect"], socket);
    apis.add_functions(bun, &["serve", "listen"], |interp, call| {
        interp.effect(CapabilityId::NetListen, Resource::Any, "listens for connections");
        interp.call_unknown(&Value::UNKNOWN, call.args.clone())
    });
    let deno = apis.add_global(&["Deno"]);
    apis.add_functions(deno, &["connect", "connectTls"], socket);
}

fn register_dns(apis: &mut Apis) {
    const LOOKUPS: &[&str] = &[
        "lookup",
        "resolve",
        "resolve4",
        "resolve6",
        "resolveTxt",
        "resolveMx",
        "resolveAny",
        "resolveCname",
        "resolveNs",
        "resolveSrv",
        "reverse",
    ];
    let dns = apis.add_module(&["dns", "native-dns", "dns-socket"]);
    apis.add_functions(dns, LOOKUPS, lookup);
    let promises = apis.add_namespace(dns, "promises");
    apis.modules.insert("dns/promises", promises);
    apis.add_functions(promises, LOOKUPS, lookup);
    for module in [dns, promises] {
        apis.add_functions(module, &["Resolver"], |interp, call| interp.instance(call.api, None, Taint::NONE));
    }
    let deno = apis.add_global(&["Deno"]);
    apis.add_functions(deno, &["resolveDns"], lookup);
}

/// Hosts that an argument names: a URL, or an options object.
pub(crate) fn hosts(interp: &mut Interp<'_>, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for value in value.alternatives().to_vec() {
        match &value.kind {
            Kind::Str(text) => {
                interp.note_url(text);
                found.push(host_of(text));
            }
            Kind::Object(_) => found.push(host_in_options(interp, &value)),
            _ => found.push("*".to_owned()),
        }
    }
    found.sort();
    found.dedup();
    found
}

fn host_in_options(interp: &mut Interp<'_>, options: &Value) -> String {
    for name in ["url", "uri", "href", "baseURL", "baseUrl", "origin"] {
        if let Some(value) = interp.option(options, name) {
            for url in value.alternatives() {
                if let Some(text) = url.as_str().filter(|text| is_url(text)) {
                    interp.note_url(text);
                    return host_of(text);
                }
            }
        }
    }
    let host = ["hostname", "host"].iter().find_map(|name| interp.option(options, name));
    let Some(host) = host.and_then(|host| host.alternatives().first().and_then(|host| interp.to_text(host))) else {
        return "*".to_owned();
    };
    let port = interp.option(options, "port").and_then(|port| interp.to_text(&port));
    match port {
        Some(port) if !matches!(&*port, "80" | "443") && !host.contains(':') => host_of(&format!("//{host}:{port}")),
        _ => host_of(&format!("//{host}")),
    }
}

/// A request by URL or options: data in any argument leaves, what comes back is a download.
pub(crate) fn request(interp: &mut Interp<'_>, call: &Call) -> Value {
    let mut targets = hosts(interp, &call.arg(0));
    if targets.iter().all(|host| host == "*")
        && matches!(call.arg(1).kind, Kind::Object(_))
        && !interp.is_callable(&call.arg(1))
    {
        targets = hosts(interp, &call.arg(1));
    }
    if targets.iter().all(|host| host == "*")
        && let Some(base) = base_of(interp, &call.this)
    {
        targets = vec![base];
    }
    let callbacks: Vec<Value> = call.args.iter().filter(|arg| interp.is_callable(arg)).cloned().collect();
    let sent = call.args.iter().filter(|arg| !interp.is_callable(arg)).cloned().collect::<Vec<_>>();
    let sent = sent.iter().fold(Taint::NONE, |taint, arg| taint.or(interp.surrendered(arg)));
    let mut last = 0;
    let mut received = Taint::NONE;
    for index in [0, 1] {
        if let Some(socket) = interp.option(&call.arg(index), "socketPath") {
            note_engine(interp, &socket);
        }
    }
    let uploads = is_upload(interp, call);
    if uploads {
        note_commits(interp, &call.arg(0));
    }
    for host in targets {
        if uploads && is_registry(&host) {
            let registry = Resource::Named(host.clone());
            interp.effect(CapabilityId::RegistryPublish, registry, "uploads to a package registry");
        }
        last = connect_effect(interp, host, sent);
        received = received.or(interp.source(last));
    }
    for callback in &callbacks {
        interp.invoke(callback, received);
    }
    // The request itself: writing to it sends, what it gives is what was received.
    interp.instance(call.api, Some(last), received)
}

/// Notes that a socket is that of a container engine: whoever may speak to it is root on the host.
pub(crate) fn note_engine(interp: &mut Interp<'_>, path: &Value) {
    const ENGINES: &[&str] = &["docker.sock", "docker_engine", "containerd.sock", "podman.sock", "crio.sock"];
    let Some(path) = path.as_str().filter(|path| ENGINES.iter().any(|engine| path.contains(engine))) else { return };
    let socket = Resource::Named(path.to_string());
    interp.effect(CapabilityId::HostProbe, socket, "speaks to the container engine");
}

/// A file that a code host is asked to commit to a repository, where CI runs it:
/// `PUT /repos/{owner}/{repo}/contents/.github/workflows/x.yml`.
fn note_commits(interp: &mut Interp<'_>, path: &Value) {
    for path in path.alternatives().iter().filter_map(Value::as_str) {
        if let Some((_, name)) = path.split_once(".github/workflows/") {
            let path = Value::str(format!(".github/workflows/{name}"));
            interp.write_effects(&path, &Value::UNKNOWN);
        }
    }
}

/// The same, of methods of clients of code hosts.
pub(crate) fn note_commit_method(interp: &mut Interp<'_>, name: &str, args: &[Value]) {
    let options = match (name, args) {
        ("createOrUpdateFileContents" | "createOrUpdateTextFile", [options, ..]) => options,
        ("request", [route, options, ..]) if route.as_str().is_some_and(|it| it.starts_with("PUT /repos/")) => options,
        _ => return,
    };
    if let Some(path) = interp.option(options, "path") {
        note_commits(interp, &path);
    }
}

/// Whether a request puts something where it goes: `put(…)`, `{ method: "PUT" }`.
fn is_upload(interp: &mut Interp<'_>, call: &Call) -> bool {
    let is_put = |text: &str| text.eq_ignore_ascii_case("put");
    is_put(interp.apis.name(call.api))
        || [0, 1].into_iter().any(|index| {
            let method = interp.option(&call.arg(index), "method");
            method.is_some_and(|method| method.as_str().is_some_and(|method| is_put(method)))
        })
}

/// Hosts to which packages are published by being put there.
fn is_registry(host: &str) -> bool {
    host.starts_with("registry.") || host.starts_with("npm.pkg.") || host == "upload.pypi.org"
}

/// Records a connection that `sent` flows into.
pub(crate) fn connect_effect(interp: &mut Interp<'_>, host: String, sent: Taint) -> u32 {
    let bare = host.split(':').next().unwrap_or_default();
    if matches!(bare, "169.254.169.254" | "metadata.google.internal" | "100.100.100.200" | "169.254.170.2") {
        interp.effect(CapabilityId::HostProbe, Resource::Named(host.clone()), "asks the cloud metadata service");
    }
    if bare.contains("docker.sock") {
        interp.effect(
            CapabilityId::HostProbe,
            Resource::Named("docker.sock".to_owned()),
            "speaks to the container engine",
        );
    }
    let resource = if host == "*" { Resource::Any } else { Resource::Named(host) };
    let note = format!("connects to {resource}");
    let effect = interp.effect(CapabilityId::NetConnect, resource, note);
    interp.flow(sent, effect);
    effect
}

/// `axios.interceptors.request.use(…)`: of the client that everybody who loads the module shares.
fn intercept(interp: &mut Interp<'_>, call: &Call) -> Value {
    for handler in call.args.iter().take(2).filter(|arg| interp.is_callable(arg)).cloned().collect::<Vec<_>>() {
        interp.hook("requests of everybody who uses the client", &handler);
    }
    interp.unknown(Taint::NONE)
}

/// `axios.create({ baseURL })`: a client of its own.
fn client(interp: &mut Interp<'_>, call: &Call) -> Value {
    let host = hosts(interp, &call.arg(0)).into_iter().next().filter(|host| host != "*");
    let instance = interp.instance(call.api, None, Taint::NONE);
    if let Some(host) = host {
        interp.set_property(&instance, "baseURL", Value::str(format!("https://{host}")));
    }
    instance
}

fn base_of(interp: &mut Interp<'_>, this: &Value) -> Option<String> {
    let base = interp.option(this, "baseURL")?;
    Some(host_of(base.as_str()?))
}

/// Opens a socket.
pub(crate) fn socket(interp: &mut Interp<'_>, call: &Call) -> Value {
    let effect = socket_effect(interp, call);
    let received = interp.source(effect);
    let socket = interp.instance(call.api, Some(effect), received);
    call_listeners(interp, call);
    socket
}

fn call_listeners(interp: &mut Interp<'_>, call: &Call) {
    for arg in &call.args {
        if interp.is_callable(arg) {
            interp.invoke(arg, Taint::NONE);
        }
    }
}

/// `net.connect(port, host)`, `net.connect({ port, host })`, `net.connect(path)`.
fn socket_effect(interp: &mut Interp<'_>, call: &Call) -> u32 {
    let hosts = match &call.arg(0).kind {
        Kind::Object(_) => vec![host_in_options(interp, &call.arg(0))],
        _ => {
            let host = call.arg(1);
            let host = match interp.is_callable(&host) {
                true => None,
                false => interp.to_text(&host).filter(|host| &**host != "undefined"),
            };
            let port = interp.to_text(&call.arg(0));
            match (host, port) {
                (Some(host), Some(port)) => vec![host_of(&format!("//{host}:{port}"))],
                (Some(host), None) => vec![host_of(&format!("//{host}"))],
                (None, Some(port)) if port.bytes().all(|b| b.is_ascii_digit()) => vec![format!("localhost:{port}")],
                _ => vec!["*".to_owned()],
            }
        }
    };
    note_tunnel(interp, call);
    let mut effect = 0;
    for host in hosts {
        effect = connect_effect(interp, host, Taint::NONE);
    }
    effect
}

/// A socket to where another connection says: whoever is at its other end reaches hosts through this machine.
fn note_tunnel(interp: &mut Interp<'_>, call: &Call) {
    let named = interp.deep_taint(&call.arg(0)).or(interp.deep_taint(&call.arg(1)));
    if interp.comes_from(named, CapabilityId::NetConnect) {
        let target = Resource::Named("hosts that a connection names".to_owned());
        let effect = interp.effect(CapabilityId::HostProbe, target, "connects to where another connection says");
        interp.flow(named, effect);
    }
}

/// A socket or request that is opened by a later call.
fn unconnected(interp: &mut Interp<'_>, call: &Call) -> Value {
    interp.instance(call.api, None, Taint::NONE)
}

/// A server: listening is the capability; what it receives is a source.
fn server(interp: &mut Interp<'_>, call: &Call) -> Value {
    let instance = interp.instance(call.api, None, Taint::NONE);
    let received = interp.given_source("request".to_owned());
    interp.invoke_callbacks(&call.args, received);
    instance
}

fn lookup(interp: &mut Interp<'_>, call: &Call) -> Value {
    let name = call.arg(0);
    let taint = interp.deep_taint(&name);
    let resource = match interp.to_text(&name) {
        Some(text) => Resource::Named(host_of(&format!("//{text}"))),
        None => Resource::Any,
    };
    let effect = interp.effect(CapabilityId::NetDns, resource, "looks a name up");
    interp.flow(taint, effect);
    let received = interp.source(effect);
    for arg in &call.args {
        if interp.is_callable(arg) {
            interp.invoke(arg, received);
        }
    }
    interp.unknown(received)
}

/// Methods of sockets, requests and servers. `None`: nothing of interest by that name.
pub(super) fn instance_method(interp: &mut Interp<'_>, path: &str, name: &str, call: &Call) -> Option<Value> {
    match (path, name) {
        ("XMLHttpRequest", "open") => {
            let effect =
                hosts(interp, &call.arg(1)).into_iter().map(|host| connect_effect(interp, host, Taint::NONE)).last();
            interp.set_instance_effect(&call.this, effect);
            Some(Value::UNDEFINED)
        }
        ("net.Socket" | "tls.TLSSocket" | "tls.Socket", "connect") => {
            let effect = socket_effect(interp, call);
            // Before the callbacks, which use it.
            interp.set_instance_effect(&call.this, Some(effect));
            call_listeners(interp, call);
            Some(call.this.clone())
        }
        ("dgram.createSocket", "send") => {
            let texts: Vec<Value> = call.args.iter().filter(|arg| arg.exact_str().is_some()).cloned().collect();
            let host =
                texts.last().and_then(|text| text.exact_str().map(str::to_owned)).unwrap_or_else(|| "*".to_owned());
            let sent = interp.deep_taint(&call.arg(0));
            connect_effect(interp, host, sent);
            Some(Value::UNDEFINED)
        }
        ("dns.Resolver" | "dns.promises.Resolver", name) if name.starts_with("resolve") || name == "reverse" => {
            Some(lookup(interp, call))
        }
        (_, "listen") if path.ends_with("createServer") || path.ends_with("Server") => {
            let port = interp.to_text(&call.arg(0)).filter(|port| port.bytes().all(|b| b.is_ascii_digit()));
            let resource = port.map_or(Resource::Any, |port| Resource::Named(port.to_string()));
            interp.effect(CapabilityId::NetListen, resource, "listens for connections");
            interp.invoke_callbacks(&call.args, Taint::NONE);
            Some(call.this.clone())
        }
        (_, "get" | "post" | "put" | "request" | "patch" | "delete")
            if matches!(interp.apis.name(call.api), "create" | "extend" | "defaults" | "instance") =>
        {
            Some(request(interp, call))
        }
        _ => None,
    }
}
