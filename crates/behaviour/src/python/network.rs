//! Connections: `requests` and its like, `urllib`, `socket`, mail and chat.

use vetch_model::capability::{CapabilityId, Resource};

use super::text;
use crate::apis::network::connect_effect;
use crate::apis::urls::host_of;
use crate::apis::{ApiId, Apis, Call};
use crate::interp::Interp;
use crate::value::{Class, HOLE, Kind, Taint, Value};

/// Functions that ask a URL.
const VERBS: &[&str] = &["get", "post", "put", "patch", "delete", "head", "options", "stream"];

pub(super) fn register(apis: &mut Apis) {
    for name in [
        "requests",
        "httpx",
        "cloudscraper",
        "tls_client",
        "curl_cffi.requests",
        "requests_html",
        "requests_unixsocket",
    ] {
        let module = apis.add_python_module(&[name]);
        apis.add_functions(module, VERBS, |interp, call| request(interp, call, 0));
        apis.add_functions(module, &["request"], |interp, call| request(interp, call, 1));
        apis.add_functions(module, SESSIONS, instance);
        apis.add_functions(module, &["Request"], asked);
        for session in ["Session", "Client"] {
            let class = apis.add_namespace(module, session);
            apis.add_functions(class, VERBS, |interp, call| request(interp, call, 1));
            apis.add_functions(class, &["send"], |interp, call| request(interp, call, 1));
            apis.add_functions(class, &["request"], |interp, call| request(interp, call, 2));
        }
    }
    clients(apis);
    let paramiko = apis.add_python_module(&["paramiko"]);
    let files = apis.add_namespace(paramiko, "SFTPClient");
    apis.add_functions(files, &["from_transport"], |interp, call| match instance_of(interp, &call.arg(0)) {
        Some((_, effect)) => interp.instance(call.api, effect, Taint::NONE),
        None => interp.unknown(Taint::NONE),
    });
    standard(apis);
    socket(apis);
}

/// Libraries whose clients keep one connection.
fn clients(apis: &mut Apis) {
    for name in [
        "aiohttp",
        "urllib3",
        "treq",
        "pycurl",
        "websocket",
        "websockets",
        "socketio",
        "paramiko",
        "ftplib",
        "smtplib",
        "telnetlib",
        "imaplib",
        "poplib",
        "xmlrpc.client",
        "pymongo",
        "redis",
        "scapy.all",
        "asyncssh",
        "paho.mqtt.client",
        "pika",
        "stomp",
        "fabric",
    ] {
        let module = apis.add_python_module(&[name]);
        apis.add_functions(module, VERBS, |interp, call| request(interp, call, 0));
        apis.add_functions(module, &["request"], |interp, call| request(interp, call, 1));
        apis.add_functions(module, SESSIONS, instance);
        apis.add_functions(
            module,
            &[
                "connect",
                "create_connection",
                "Transport",
                "FTP",
                "FTP_TLS",
                "SMTP",
                "SMTP_SSL",
                "Telnet",
                "IMAP4_SSL",
                "MongoClient",
                "Redis",
                "ServerProxy",
                "WebSocketApp",
            ],
            client,
        );
    }
}

/// Modules of the standard library, and what only fetches files.
fn standard(apis: &mut Apis) {
    let webhook = apis.add_python_module(&["discord_webhook", "dhooks"]);
    apis.add_functions(webhook, &["DiscordWebhook", "Webhook"], client);
    let old = apis.add_python_module(&["urllib"]);
    apis.add_functions(old, &["urlopen"], |interp, call| request(interp, call, 0));
    let urllib = apis.add_python_module(&["urllib.request", "urllib2"]);
    apis.add_functions(urllib, &["urlopen", "build_opener"], |interp, call| request(interp, call, 0));
    apis.add_functions(urllib, &["Request"], asked);
    apis.add_functions(urllib, &["urlretrieve"], |interp, call| {
        let received = request(interp, call, 0);
        if let Some(path) = call.get(interp, 1, "filename") {
            interp.write_effects(&path, &received);
        }
        received
    });
    for name in ["wget", "gdown"] {
        let module = apis.add_python_module(&[name]);
        apis.add_functions(module, &["download"], |interp, call| {
            let received = request(interp, call, 0);
            if let Some(path) = call.get(interp, 1, "out") {
                interp.write_effects(&path, &received);
            }
            received
        });
    }
    let http = apis.add_python_module(&["http.client", "httplib"]);
    apis.add_functions(http, &["HTTPConnection", "HTTPSConnection"], client);
}

/// `urllib.request.Request(url, data)`, `requests.Request(method, url, …)`: sent later.
fn asked(interp: &mut Interp<'_>, call: &Call) -> Value {
    let sent = call.surrendered(interp);
    let at = usize::from(call.arg(0).exact_str().is_some_and(|first| VERBS.contains(&&*first.to_lowercase())));
    let url = call.get(interp, at, "url").unwrap_or(Value::UNKNOWN);
    let asked = interp.instance(call.api, None, sent);
    interp.set_property(&asked, "full_url", url);
    asked
}

const SESSIONS: &[&str] = &[
    "Session",
    "session",
    "Client",
    "AsyncClient",
    "ClientSession",
    "PoolManager",
    "SSHClient",
    "create_scraper",
    "HTMLSession",
    "AsyncSession",
];

fn socket(apis: &mut Apis) {
    let socket = apis.add_python_module(&["socket"]);
    apis.add_functions(socket, &["socket", "socketpair"], instance);
    apis.add_functions(socket, &["create_connection"], client);
    apis.add_functions(socket, &["create_server"], server);
    for name in ["http.server", "BaseHTTPServer", "SimpleHTTPServer", "socketserver", "SocketServer", "xmlrpc.server"] {
        let module = apis.add_python_module(&[name]);
        let servers = ["HTTPServer", "ThreadingHTTPServer", "TCPServer", "ThreadingTCPServer", "SimpleXMLRPCServer"];
        apis.add_functions(module, &servers, server);
        apis.add_functions(module, &["SimpleHTTPRequestHandler"], instance);
    }
    let asyncio = apis.add_python_module(&["asyncio"]);
    apis.add_functions(asyncio, &["start_server"], |interp, call| {
        let address = interp.array(vec![call.arg(1), call.arg(2)]);
        listen(interp, call, &address)
    });
    apis.add_functions(asyncio, &["open_connection"], |interp, call| {
        let stream = client(interp, call);
        interp.array(vec![stream.clone(), stream])
    });
    apis.add_functions(socket, &["gethostname", "getfqdn"], |interp, _| super::host::fact(interp, "hostname"));
    apis.add_functions(socket, &["gethostbyname", "gethostbyname_ex", "getaddrinfo", "gethostbyaddr"], lookup);
    for name in ["dns.resolver", "dns", "dnspython"] {
        let module = apis.add_python_module(&[name]);
        apis.add_functions(module, &["resolve", "query", "Resolver"], lookup);
    }
}

fn instance(interp: &mut Interp<'_>, call: &Call) -> Value {
    interp.instance(call.api, None, Taint::NONE)
}

/// A server: what its clients send comes from there, what it gives them goes there.
fn server(interp: &mut Interp<'_>, call: &Call) -> Value {
    let address = call.args.first().cloned().unwrap_or(Value::UNKNOWN);
    let folder = call.args.iter().find_map(|arg| served_folder(interp, arg));
    let listening = listen(interp, call, &address);
    answer(interp, call, &listening);
    if let (Some(folder), Some(effect)) = (folder, instance_of(interp, &listening).and_then(|(_, effect)| effect)) {
        let (_, read) = crate::apis::filesystem::read_effects(interp, &folder);
        interp.flow(read, effect);
    }
    listening
}

/// The folder that a handler gives the files of; `partial(SimpleHTTPRequestHandler, directory=…)`.
fn served_folder(interp: &Interp<'_>, handler: &Value) -> Option<Value> {
    let (api, given) = match &handler.kind {
        Kind::Api(api) => (*api, None),
        Kind::Object(id) => match &interp.object(*id).class {
            Class::Bound { target, args, .. } => {
                let Kind::Api(api) = target.kind else { return None };
                let keywords = args.iter().find_map(|arg| match arg.kind {
                    Kind::Object(id) if matches!(interp.object(id).class, Class::Keywords) => Some(id),
                    _ => None,
                });
                (api, keywords.and_then(|keywords| interp.keyword(keywords, "directory")))
            }
            _ => return None,
        },
        _ => return None,
    };
    let serves = interp.apis.path(api).ends_with("SimpleHTTPRequestHandler");
    serves.then(|| given.or_else(|| interp.working_folder.clone()).unwrap_or_else(|| Value::str("<project>")))
}

/// A class of the package's own whose objects answer requests (`socketserver`, `http.server`): their streams are the connection.
fn answer(interp: &mut Interp<'_>, call: &Call, listening: &Value) {
    const ANSWERS: &[&str] = &["handle", "do_GET", "do_POST", "do_PUT"];
    let class = call.keyword(interp, "RequestHandlerClass").or_else(|| call.args.get(1).cloned());
    let Some(class) = class.filter(|class| matches!(class.kind, Kind::Object(_))) else { return };
    let prototype = interp.get_property(&class, "prototype");
    let (Kind::Object(prototype), received) = (prototype.kind, interp.deep_taint(listening)) else { return };
    let handler = interp.some_object_of(prototype);
    for stream in ["rfile", "wfile", "request"] {
        interp.set_property(&handler, stream, listening.clone());
    }
    for part in ["headers", "path"] {
        interp.set_property(&handler, part, Value::unknown(received));
    }
    interp.run_hooks(&handler, ANSWERS);
}

/// Waits for connections at `(host, port)`.
fn listen(interp: &mut Interp<'_>, call: &Call, address: &Value) -> Value {
    let port = interp.elements(address).and_then(|parts| parts.get(1)?.to_number());
    let resource = port.map_or(Resource::Any, |port| Resource::Named(format!("{port:.0}")));
    let effect = interp.effect(CapabilityId::NetListen, resource, "listens for connections");
    let received = interp.source(effect);
    call.call_back(interp, received);
    interp.instance(call.api, Some(effect), received)
}

/// What a client was told to do with what arrives: `client.on_message = f`.
fn run_handlers(interp: &mut Interp<'_>, client: &Value, received: Taint) {
    const HANDLERS: &[&str] = &["on_message", "on_data", "on_open", "on_connect", "on_event", "on_response"];
    for name in HANDLERS {
        let handler = interp.get_property(client, name);
        if interp.is_callable(&handler) {
            interp.invoke_callbacks(&[handler], received);
        }
    }
}

/// A name is looked up: what is in it is sent.
fn lookup(interp: &mut Interp<'_>, call: &Call) -> Value {
    let name = call.get(interp, 0, "qname").unwrap_or(Value::UNKNOWN);
    let sent = interp.surrendered(&name);
    let shown = text(interp, &name).map(|name| name.replace(HOLE, "*"));
    // One's own name is asked for in passing.
    if shown.is_none() && sent.is_empty() {
        return interp.unknown(Taint::NONE);
    }
    let resource = shown.map_or(Resource::Any, |name| Resource::Named(name.chars().take(128).collect()));
    let effect = interp.effect(CapabilityId::NetDns, resource, "looks up a name");
    interp.flow(sent, effect);
    let received = interp.source(effect);
    interp.unknown(received)
}

/// Asks the URL at `index`; everything else that is given is sent.
fn request(interp: &mut Interp<'_>, call: &Call, index: usize) -> Value {
    let url = call.get(interp, index, "url").unwrap_or(Value::UNKNOWN);
    let url = match url.kind {
        // `urlopen(Request(url, data))`
        Kind::Object(_) => {
            let inner = interp.get_property(&url, "full_url");
            let taint = interp.deep_taint(&url);
            inner.tainted(taint)
        }
        _ => url,
    };
    // A session sends with every request what it was told once.
    let kept = interp.deep_taint(&call.this);
    let sent = call.surrendered(interp).or(interp.deep_taint(&url)).or(kept);
    let mut received = Taint::NONE;
    for host in hosts(interp, &url) {
        let effect = connect_effect(interp, host, sent);
        received = received.or(interp.source(effect));
    }
    call.call_back(interp, received);
    interp.unknown(received)
}

fn hosts(interp: &mut Interp<'_>, url: &Value) -> Vec<String> {
    let alternatives = url.alternatives().iter();
    let mut hosts: Vec<String> = alternatives
        .map(|url| match text(interp, url) {
            Some(url) => {
                interp.note_url(&url);
                host_of(&url)
            }
            None => "*".to_owned(),
        })
        .collect();
    hosts.sort();
    hosts.dedup();
    hosts
}

/// A client of one host: `FTP("host")`, `HTTPSConnection("host")`, `Webhook(url)`.
fn client(interp: &mut Interp<'_>, call: &Call) -> Value {
    let target = ["host", "url", "base_url"].iter().find_map(|name| call.keyword(interp, name));
    let target = call.args.first().cloned().or(target).unwrap_or(Value::UNKNOWN);
    // `create_connection((host, port))`
    let target = interp.elements(&target).and_then(|items| items.first().cloned()).unwrap_or(target);
    let sent = call.surrendered(interp);
    let host = hosts(interp, &target).into_iter().next().unwrap_or_else(|| "*".to_owned());
    let effect = connect_effect(interp, host, sent);
    let received = interp.source(effect);
    call.call_back(interp, received);
    interp.instance(call.api, Some(effect), received)
}

/// Methods of sessions, clients and sockets.
pub(super) fn instance_method(
    interp: &mut Interp<'_>,
    path: &str,
    receiver: &Value,
    effect: Option<u32>,
    name: &str,
    call: &Call,
) -> Option<Value> {
    match name {
        "connect" if effect.is_some() && call.args.is_empty() => Some(Value::UNDEFINED),
        // `@client.on("name")`: a decorator, for what a server will send once it is connected to.
        "on" | "event" if effect.is_none() && path.starts_with("socketio.") => Some(told_of_events(interp, call)),
        "bind" if path == "socket.socket" => {
            let listening =
                listen(interp, &Call { api: instance_of(interp, receiver)?.0, ..call.clone() }, &call.arg(0));
            interp.become_instance(receiver, &listening);
            Some(Value::UNDEFINED)
        }
        "accept" => Some(interp.array(vec![receiver.clone(), Value::UNKNOWN])),
        "loop_start" | "loop_forever" | "run_forever" | "start_consuming" | "wait" if effect.is_some() => {
            let received = interp.source(effect?);
            run_handlers(interp, receiver, received);
            Some(Value::UNDEFINED)
        }
        "connect" | "connect_ex" => {
            crate::apis::network::note_engine(interp, &call.arg(0));
            let connected = client(interp, &Call { api: instance_of(interp, receiver)?.0, ..call.clone() });
            // It becomes the connection: what is written to it afterwards is sent.
            interp.become_instance(receiver, &connected);
            Some(match path {
                "socket.socket" | "paramiko.SSHClient" => Value::UNDEFINED,
                _ => connected,
            })
        }
        _ if effect.is_none() && (VERBS.contains(&name) || name == "urlopen") => Some(request(interp, call, 0)),
        "request" if effect.is_none() => Some(request(interp, call, 1)),
        "update" if effect.is_none() => {
            let taint = call.surrendered(interp);
            interp.set_property(receiver, "held", Value::unknown(taint));
            Some(Value::UNDEFINED)
        }
        "add_header" | "set_header" | "headers" | "mount" | "settimeout" | "setsockopt" => Some(Value::UNDEFINED),
        "prepare" if effect.is_none() => Some(receiver.clone()),
        // Without a connection: each piece has its own address, which stands last.
        "sendto" | "sendmsg" if effect.is_none() => {
            let sent = call.surrendered(interp);
            let address = call.args.last().cloned().unwrap_or(Value::UNKNOWN);
            let address = interp.elements(&address).and_then(|parts| parts.first().cloned()).unwrap_or(address);
            for host in hosts(interp, &address) {
                connect_effect(interp, host, sent);
            }
            Some(Value::UNKNOWN)
        }
        "fileno" if effect.is_some() => {
            let received = effect.map_or(Taint::NONE, |effect| interp.source(effect));
            Some(Value::unknown(received))
        }
        "recv" | "recvfrom" | "makefile" | "read" | "getresponse" | "recv_into" | "communicate" | "readlines" => {
            // Of a process: what it is told, and what it prints.
            if let (true, Some(effect)) = (name == "communicate", effect) {
                let told = call.surrendered(interp);
                interp.flow(told, effect);
            }
            let received = interp.deep_taint(receiver);
            let received = received.or(effect.map_or(Taint::NONE, |effect| interp.source(effect)));
            Some(interp.unknown(received))
        }
        _ => {
            let effect = effect?;
            let sent = call.surrendered(interp).or(super::services::sent_files(interp, name, call));
            interp.flow(sent, effect);
            let received = interp.source(effect).or(interp.deep_taint(receiver));
            call.call_back(interp, received);
            Some(interp.unknown(received))
        }
    }
}

/// What is called for what a server will send.
fn told_of_events(interp: &mut Interp<'_>, call: &Call) -> Value {
    let connection = connect_effect(interp, "*".to_owned(), Taint::NONE);
    let received = interp.source(connection);
    call.call_back(interp, received);
    interp.unknown(received)
}

/// What made an object, and the connection that it stands for.
fn instance_of(interp: &Interp<'_>, value: &Value) -> Option<(ApiId, Option<u32>)> {
    let Kind::Object(id) = value.kind else { return None };
    match interp.object(id).class {
        Class::Instance { api, effect } => Some((api, effect)),
        _ => None,
    }
}
