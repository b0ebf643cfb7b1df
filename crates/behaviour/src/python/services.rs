//! Services that libraries of their own speak to: chats, clouds, container engines. The host is the library's, not
//! an argument.

use vetch_model::capability::{CapabilityId, Resource};

use crate::apis::filesystem::read_effects;
use crate::apis::network::connect_effect;
use crate::apis::{Apis, Call, Reader};
use crate::interp::Interp;
use crate::value::{Kind, Taint, Value};

/// Module, what makes a client in it, and the host that the client speaks to.
const CLIENTS: &[(&str, &[&str], &str)] = &[
    ("telebot", &["TeleBot", "AsyncTeleBot"], "api.telegram.org"),
    ("telegram", &["Bot"], "api.telegram.org"),
    ("telegram.ext", &["Updater", "ApplicationBuilder"], "api.telegram.org"),
    ("aiogram", &["Bot"], "api.telegram.org"),
    ("telepot", &["Bot"], "api.telegram.org"),
    ("pyrogram", &["Client"], "api.telegram.org"),
    ("telethon", &["TelegramClient"], "api.telegram.org"),
    ("telethon.sync", &["TelegramClient"], "api.telegram.org"),
    ("discord", &["Client", "Bot", "AutoShardedBot", "SyncWebhook"], "discord.com"),
    ("discord.ext.commands", &["Bot", "AutoShardedBot"], "discord.com"),
    ("nextcord", &["Client"], "discord.com"),
    ("slack_sdk", &["WebClient", "WebhookClient"], "slack.com"),
    ("boto3", &["client", "resource", "Session"], "amazonaws.com"),
    ("google.cloud.storage", &["Client"], "storage.googleapis.com"),
    ("azure.storage.blob", &["BlobServiceClient", "BlobClient", "ContainerClient"], "blob.core.windows.net"),
    ("dropbox", &["Dropbox"], "api.dropboxapi.com"),
    ("github", &["Github"], "api.github.com"),
    ("mega", &["Mega"], "mega.nz"),
];

/// Methods that send a file which they are given the path of.
const SENDS_FILES: &[&str] = &[
    "put",
    "upload",
    "upload_file",
    "upload_blob",
    "upload_from_filename",
    "fput_object",
    "send_file",
    "put_file",
    "sendfile",
];

/// Parts of the request that is being answered.
const REQUEST: &[(&str, Reader)] = &[
    ("args", |interp, _| part_of_request(interp, "request query")),
    ("query", |interp, _| part_of_request(interp, "request query")),
    ("headers", |interp, _| part_of_request(interp, "request")),
    ("cookies", |interp, _| part_of_request(interp, "request")),
    ("form", |interp, _| part_of_request(interp, "request body")),
    ("json", |interp, _| part_of_request(interp, "request body")),
    ("data", |interp, _| part_of_request(interp, "request body")),
    ("values", |interp, _| part_of_request(interp, "request body")),
];

fn part_of_request(interp: &mut Interp<'_>, part: &str) -> Value {
    let taint = interp.given_source(part.to_owned());
    interp.unknown(taint.or(Taint::WHOLE))
}

pub(super) fn register(apis: &mut Apis) {
    for (module, names, _) in CLIENTS {
        let module = apis.add_python_module(&[module]);
        apis.add_functions(module, names, client);
    }
    for name in ["flask", "quart", "bottle"] {
        let module = apis.add_python_module(&[name]);
        let request = apis.add_namespace(module, "request");
        for (part, read) in REQUEST {
            apis.add_values(request, &[part], *read);
        }
        apis.add_functions(request, &["get_json", "get_data"], |interp, _| part_of_request(interp, "request body"));
    }
    let docker = apis.add_python_module(&["docker"]);
    apis.add_functions(docker, &["from_env", "DockerClient", "APIClient"], |interp, call| {
        interp.instance(call.api, None, Taint::NONE)
    });
    let cron = apis.add_python_module(&["crontab"]);
    apis.add_functions(cron, &["CronTab"], |interp, call| interp.instance(call.api, None, Taint::NONE));
}

/// What it is given is how to log in; what is sent goes through its methods.
fn client(interp: &mut Interp<'_>, call: &Call) -> Value {
    let path = interp.apis.path(call.api);
    let host = CLIENTS.iter().find(|(module, names, _)| {
        path.strip_prefix(module).is_some_and(|name| names.contains(&name.trim_start_matches('.')))
    });
    let host = host.map_or("*", |(.., host)| host);
    let effect = connect_effect(interp, host.to_owned(), Taint::NONE);
    let received = interp.source(effect);
    interp.instance(call.api, Some(effect), received)
}

/// The contents of files that a client is told to send by their paths.
pub(super) fn sent_files(interp: &mut Interp<'_>, name: &str, call: &Call) -> Taint {
    let path = call.args.first().or(call.args.get(1));
    match path {
        Some(path) if SENDS_FILES.contains(&name) && matches!(path.kind, Kind::Str(_)) => {
            read_effects(interp, &path.clone()).1
        }
        _ => Taint::NONE,
    }
}

/// Methods of clients of a container engine. A container that is privileged or that sees the host's disk is the host.
pub(super) fn container_method(interp: &mut Interp<'_>, engine: &Value, name: &str, call: &Call) -> Option<Value> {
    if !matches!(name, "run" | "create" | "create_container" | "create_host_config") {
        return Some(engine.clone());
    }
    let is_set = |interp: &Interp<'_>, name: &str| {
        call.keyword(interp, name).is_some_and(|value| value.truth() == Some(true) || value.exact_str() == Some("host"))
    };
    let mounted = ["volumes", "binds", "mounts"].iter().find_map(|name| call.keyword(interp, name));
    let escapes = is_set(interp, "privileged")
        || is_set(interp, "pid_mode")
        || mounted.is_some_and(|volumes| mounts_host(interp, &volumes));
    if escapes {
        let engine = Resource::Named("docker.sock".to_owned());
        interp.effect(CapabilityId::HostProbe, engine, "starts a container that reaches into the host");
    }
    Some(engine.clone())
}

fn mounts_host(interp: &Interp<'_>, volumes: &Value) -> bool {
    let Kind::Object(id) = volumes.kind else { return false };
    let is_host = |source: &str| matches!(source, "/" | "/root" | "/etc" | "/home" | "/var/run/docker.sock");
    let keys = interp.object(id).props.entries.iter().any(|(key, _)| is_host(key));
    let listed = interp.elements(volumes).unwrap_or_default();
    keys || listed.iter().filter_map(Value::exact_str).any(|bind| is_host(bind.split(':').next().unwrap_or(bind)))
}

/// `CronTab(user=True).new(command=…)`
pub(super) fn cron_method(interp: &mut Interp<'_>, cron: &Value, name: &str, call: &Call) -> Option<Value> {
    if name == "new" {
        let mechanism = Resource::Named("cron".to_owned());
        interp.effect(CapabilityId::Persist, mechanism, "adds a command to those that cron runs");
        if let Some(line) = call.get(interp, 0, "command").as_ref().and_then(Value::exact_str) {
            crate::commands::run_line(interp, line, Default::default(), Taint::NONE);
        }
    }
    Some(cron.clone())
}
