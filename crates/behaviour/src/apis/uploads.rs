//! Clients that carry messages and files to others: messengers, mail, FTP and SFTP, forms; and archives on their way.

use crate::apis::network::{connect_effect, hosts};
use crate::apis::{Apis, Call, filesystem, is_within};
use crate::builtins::pipe;
use crate::interp::Interp;
use crate::paths;
use crate::value::{Class, Kind, ObjectId, Taint, Value};
use vetch_model::capability::PathClass;

/// Modules of messengers, the classes that they export, and the service that they speak to.
const MESSENGERS: &[(&[&str], &[&str], &str)] = &[
    (&["node-telegram-bot-api", "telegraf", "grammy"], &["Telegraf", "Telegram", "Bot", "Api"], "api.telegram.org"),
    (&["discord.js", "discord-webhook-node"], &["WebhookClient", "Webhook"], "discord.com"),
    (&["@slack/webhook", "@slack/web-api"], &["IncomingWebhook", "WebClient"], "hooks.slack.com"),
];

/// Modules that move files to a server named in a call or in options.
const MOVERS: &[&[&str]] =
    &[&["basic-ftp"], &["ftp"], &["ssh2-sftp-client"], &["node-ssh"], &["jsftp"], &["promise-ftp"]];

/// Modules that pack files.
const PACKERS: &[&[&str]] = &[&["archiver"], &["adm-zip"], &["zip-a-folder"], &["zip-local"], &["easy-zip"]];

/// The module of forms that are sent.
const FORM: &str = "form-data";

/// Most levels of options in which names of files are looked for.
const MAX_DEPTH: usize = 3;

pub(super) fn register(apis: &mut Apis) {
    for (names, classes, _) in MESSENGERS {
        let module = apis.add_module(names);
        apis.set_call(module, opened);
        apis.add_functions(module, classes, opened);
    }
    let form = apis.add_module(&[FORM]);
    apis.set_call(form, opened);
    for names in MOVERS.iter().chain(PACKERS) {
        let module = apis.add_module(names);
        apis.set_call(module, opened);
        apis.add_functions(module, &["Client", "NodeSSH", "create", "zip"], opened);
    }
}

/// A client or an archive: what is put into it is told by later calls.
fn opened(interp: &mut Interp<'_>, call: &Call) -> Value {
    let client = interp.instance(call.api, None, Taint::NONE);
    if is_of(&interp.apis.path(call.api), MOVERS) && matches!(call.arg(0).kind, Kind::Object(_)) {
        connect(interp, &client, &call.arg(0));
    }
    client
}

/// A module is registered under the first of its names.
fn is_of(path: &str, modules: &[&[&str]]) -> bool {
    modules.iter().any(|names| is_within(path, names[0]))
}

fn connect(interp: &mut Interp<'_>, client: &Value, options: &Value) {
    let hosts = hosts(interp, options);
    let effect = hosts.into_iter().map(|host| connect_effect(interp, host, Taint::NONE)).last();
    interp.set_instance_effect(client, effect);
}

/// Methods of messengers, movers and archives. `None`: nothing of interest by that name.
pub(super) fn instance_method(interp: &mut Interp<'_>, path: &str, name: &str, call: &Call) -> Option<Value> {
    if path == FORM {
        return filled(interp, name, call);
    }
    if is_of(path, PACKERS) {
        return packed(interp, name, call);
    }
    if is_of(path, MOVERS) {
        return moved(interp, name, call);
    }
    let (.., host) = MESSENGERS.iter().find(|(names, ..)| is_of(path, &[names]))?;
    let sends = ["send", "post", "reply", "edit"].iter().any(|verb| name.starts_with(verb));
    if !sends {
        return None;
    }
    let sent = given(interp, &call.args);
    connect_effect(interp, (*host).to_owned(), sent);
    Some(call.this.clone())
}

/// A form is what is put into it, wherever it goes.
fn filled(interp: &mut Interp<'_>, name: &str, call: &Call) -> Option<Value> {
    match name {
        "append" => {
            let put = call.args.iter().fold(Taint::NONE, |taint, arg| taint.or(interp.surrendered(arg)));
            if let Kind::Object(form) = call.this.kind {
                let form = interp.object_mut(form);
                form.taint = form.taint.or(put);
            }
        }
        "submit" => {
            let sent = interp.deep_taint(&call.this);
            for host in hosts(interp, &call.arg(0)) {
                connect_effect(interp, host, sent);
            }
            interp.invoke_callbacks(&call.args, Taint::NONE);
        }
        _ => return None,
    }
    Some(Value::UNDEFINED)
}

fn moved(interp: &mut Interp<'_>, name: &str, call: &Call) -> Option<Value> {
    match name {
        "connect" | "access" => connect(interp, &call.this, &call.arg(0)),
        _ if ["put", "upload", "fastPut", "append", "send"].iter().any(|verb| name.starts_with(verb)) => {
            let sent = given(interp, &call.args);
            match interp.instance_effect(&call.this) {
                Some(effect) => interp.flow(sent, effect),
                None => drop(connect_effect(interp, "*".to_owned(), sent)),
            }
        }
        _ => return None,
    }
    Some(call.this.clone())
}

/// What goes into an archive comes out where the archive goes, also if it is piped there before.
fn packed(interp: &mut Interp<'_>, name: &str, call: &Call) -> Option<Value> {
    const TARGET: &str = "@@target";
    match name {
        "pipe" => {
            interp.set_property(&call.this, TARGET, call.arg(0));
            let taint = interp.deep_taint(&call.this);
            pipe(interp, &call.this, &call.arg(0), taint);
            return Some(call.arg(0));
        }
        "directory" | "file" | "glob" | "append" | "addLocalFolder" | "addLocalFile" | "addFile" | "zipFolder" => {
            let taint = given(interp, &call.args);
            if let Kind::Object(id) = call.this.kind {
                let object = interp.object_mut(id);
                object.taint = object.taint.or(taint);
            }
            let target = interp.get_property(&call.this, TARGET);
            if matches!(target.kind, Kind::Object(_)) {
                pipe(interp, &call.this, &target, taint);
            }
        }
        "writeZip" => {
            let taint = interp.deep_taint(&call.this);
            interp.write_effects(&call.arg(0), &Value::unknown(taint));
        }
        "toBuffer" => {
            let taint = interp.deep_taint(&call.this);
            return Some(interp.unknown(taint));
        }
        _ => return None,
    }
    Some(call.this.clone())
}

/// What flows out of arguments: their data, and what the files hold that they name.
pub(crate) fn given(interp: &mut Interp<'_>, args: &[Value]) -> Taint {
    let mut taint = Taint::NONE;
    for arg in args {
        taint = taint.or(interp.surrendered(arg)).or(named_files(interp, arg, 0));
    }
    taint
}

/// Mail to whomever a caller says, with a copy to somebody whom the code names: `sendMail({ to, bcc: "x@y.z", … })`.
pub(crate) fn note_copied_mail(interp: &mut Interp<'_>, name: &str, args: &[Value]) {
    let Some(options) = args.first().filter(|_| name.contains("send") || name.contains("Send")) else { return };
    let field = |interp: &mut Interp<'_>, names: [&str; 3]| names.iter().find_map(|name| interp.option(options, name));
    let (Some(to), Some(copy)) = (field(interp, ["to", "To", "TO"]), field(interp, ["bcc", "Bcc", "BCC"])) else {
        return;
    };
    let hidden = copy.alternatives().iter().find_map(|copy| copy.exact_str()?.rsplit_once('@'));
    let Some((_, domain)) = hidden.filter(|_| to.exact_str().is_none()) else { return };
    let domain = domain.trim_end_matches(['>', ' ']).to_owned();
    let mail = interp.given_source("mail that it is to send".to_owned());
    connect_effect(interp, domain, mail);
}

fn named_files(interp: &mut Interp<'_>, value: &Value, depth: usize) -> Taint {
    match &value.kind {
        Kind::OneOf(values) => {
            values.iter().fold(Taint::NONE, |taint, value| taint.or(named_files(interp, value, depth)))
        }
        Kind::Str(text) if is_telling(text) => filesystem::read_effects(interp, value).1,
        Kind::Object(id) if depth < MAX_DEPTH => {
            held(interp, *id).iter().fold(Taint::NONE, |taint, part| taint.or(named_files(interp, part, depth + 1)))
        }
        _ => Taint::NONE,
    }
}

fn held(interp: &Interp<'_>, id: ObjectId) -> Vec<Value> {
    const MOST: usize = 32;
    let object = interp.object(id);
    match &object.class {
        Class::Array(items) => items.iter().take(MOST).cloned().collect(),
        Class::Plain => object.props.values().take(MOST).map(|(_, value)| value.clone()).collect(),
        _ => Vec::new(),
    }
}

/// Whether a text names a place on this machine that data comes from.
fn is_telling(text: &str) -> bool {
    let is_path = text.starts_with(['<', '/', '~']) || text.as_bytes().get(1..3) == Some(b":\\");
    is_path && !matches!(paths::classify(text), PathClass::Unknown | PathClass::Package)
}
