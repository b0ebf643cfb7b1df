//! Servers of TAXII in the user's settings: what they have, and what is new there.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use vetch_engine::TaxiiCredentials;
use vetch_engine::intel::taxii::{self, TaxiiError, TaxiiOptions, TaxiiOutcome, TaxiiRoot, TaxiiServer};
use vetch_engine::intel::update;
use vetch_engine::{Secret, TaxiiAccess};
use vetch_model::history::Time;
use vetch_report::escape::terminal;

use super::super::settings::{self, Taxii};
use super::{Following, failed};
use crate::args::IntelFormat;
use crate::commands::surroundings;
use crate::exit::{Exit, Failure};
use crate::{interrupt, message, output};

/// What stands for all servers.
const ALL: &str = "all";

/// The server that a setting describes, with its secrets from the environment.
fn server(setting: &Taxii) -> Result<TaxiiServer, TaxiiError> {
    let wrong = |what: String, hint: &str| {
        let (server, hint) = (setting.name.clone(), hint.to_owned());
        TaxiiError { server, collection: None, what, hint, is_cancelled: false }
    };
    let one = "in your config.toml, give it `username` and `password-env`, or `token-env`, or `header` and `header-env`, or \
               none of them";
    let secret = |variable: &str| {
        let value = surroundings::environment().remove(std::ffi::OsStr::new(variable));
        let value = value.and_then(|value| value.into_string().ok()).filter(|value| !value.is_empty());
        let reason = || wrong(format!("the variable `{variable}` is not set"), "set it to the secret, and export it");
        value.map(Secret::new).ok_or_else(reason)
    };
    let Taxii { username, password_env, token_env, header, header_env, .. } = setting;
    let credentials = match (username, password_env, token_env, header, header_env) {
        (None, None, None, None, None) => TaxiiCredentials::None,
        (Some(username), Some(password), None, None, None) => {
            if username.contains(':') {
                return Err(wrong("a `username` has no colon".to_owned(), one));
            }
            TaxiiCredentials::Basic { username: username.clone(), password: secret(password)? }
        }
        (None, None, Some(token), None, None) => TaxiiCredentials::Bearer(secret(token)?),
        (None, None, None, Some(name), Some(value)) => {
            TaxiiCredentials::Header { name: name.clone(), value: secret(value)? }
        }
        _ => return Err(wrong("its credentials are incomplete, or of two kinds".to_owned(), one)),
    };
    let access = TaxiiAccess { url: setting.url.clone(), credentials, allows_http: setting.allow_http };
    Ok(TaxiiServer { name: setting.name.clone(), access, collections: setting.collections.clone() })
}

/// The settings of one server, or of all; none is an error where one was asked for.
fn chosen(name: Option<&str>) -> Result<Vec<Taxii>, Failure> {
    let all = settings::load()?.taxii()?;
    let Some(name) = name else { return Ok(all) };
    let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
    let names = names.join(", ");
    let hint = "a server is a part `[[intel.taxii]]` with `name` and `url` in your config.toml (docs/intel.md)";
    if all.is_empty() {
        return Err(Failure::new("no TAXII server is configured", hint));
    }
    if name == ALL {
        return Ok(all);
    }
    let found: Vec<Taxii> = all.into_iter().filter(|one| one.name == name).collect();
    match found.is_empty() {
        true => Err(Failure::new(format!("no TAXII server `{name}` is configured; there are: {names}"), hint)),
        false => Ok(found),
    }
}

/// Whether `vetch intel update` has servers to ask besides the mirror.
pub(super) fn is_configured() -> Result<bool, Failure> {
    Ok(!chosen(None)?.is_empty())
}

/// Brings in what is new. Every server is asked, whatever became of the others.
pub(super) fn update(folder: &Path, name: Option<&str>, following: &mut Following) -> Result<TaxiiOutcome, Failure> {
    let settings = chosen(name)?;
    let options = TaxiiOptions {
        folder: folder.to_owned(),
        environment: update::environment(surroundings::home(), &surroundings::environment()),
        now: Time(jiff::Timestamp::now().as_second()),
    };
    let cancel = following.cancel.clone();
    let mut whole = TaxiiOutcome::default();
    for setting in &settings {
        let server = match server(setting) {
            Ok(server) => server,
            Err(error) => {
                whole.errors.push(error);
                continue;
            }
        };
        let outcome = taxii::update(&server, &options, &cancel, following).map_err(|error| failed(folder, &error))?;
        whole.reports.extend(outcome.reports);
        whole.errors.extend(outcome.errors);
        if cancel.is_cancelled() {
            break;
        }
    }
    Ok(whole)
}

/// The first error ends the program, after all of them were told.
pub(super) fn ended(mut errors: Vec<TaxiiError>) -> Result<(), Failure> {
    let Some(last) = errors.pop() else { return Ok(()) };
    for error in errors {
        message::error(&error.to_string(), &error.hint);
    }
    Err(failure(last))
}

fn failure(error: TaxiiError) -> Failure {
    let exit = if error.is_cancelled { Exit::Cancelled } else { Exit::Error };
    Failure { message: error.to_string(), hint: error.hint, exit }
}

/// Tells what servers have: those of the settings, or one at an address.
pub(super) fn list(wanted: Option<&str>, is_offline: bool, format: IntelFormat) -> Result<Exit, Failure> {
    if is_offline {
        return Err(Failure::new("servers are asked over the network, which --offline switches off", ""));
    }
    let servers: Vec<Result<TaxiiServer, TaxiiError>> = match wanted.filter(|wanted| wanted.contains("://")) {
        Some(url) => vec![at(url)?],
        None => chosen(Some(wanted.unwrap_or(ALL)))?.iter().map(server).collect(),
    };
    let cancel = interrupt::watch()?;
    let environment = update::environment(surroundings::home(), &surroundings::environment());
    let (mut all, mut errors) = (Vec::new(), Vec::new());
    for server in servers {
        match server.and_then(|server| Ok((taxii::list(&server, &environment, &cancel)?, server))) {
            Ok((roots, server)) => all.push((server, roots)),
            Err(error) => errors.push(error),
        }
    }
    let text = match format {
        IntelFormat::Json => {
            let servers: Vec<Value> = all.iter().map(|(server, roots)| server_json(server, roots)).collect();
            format!("{:#}\n", json!({ "schema": "vetch.intel-taxii/1", "servers": servers }))
        }
        IntelFormat::Terminal => all.iter().map(|(server, roots)| server_text(server, roots)).collect(),
    };
    output::print(text.as_bytes())?;
    errors.extend(all.into_iter().flat_map(|(_, roots)| roots).filter_map(|root| root.content.err()));
    ended(errors)?;
    Ok(Exit::Passed)
}

/// A server at an address: one of the settings if it is theirs to the letter, else one that knows nobody.
fn at(url: &str) -> Result<Result<TaxiiServer, TaxiiError>, Failure> {
    let same = |one: &&Taxii| one.url.trim_end_matches('/') == url.trim_end_matches('/');
    if let Some(known) = settings::load()?.taxii()?.iter().find(same) {
        return Ok(server(known));
    }
    let access = TaxiiAccess { url: url.to_owned(), credentials: TaxiiCredentials::None, allows_http: false };
    let name = vetch_engine::url_without_secrets(url);
    Ok(Ok(TaxiiServer { name, access, collections: Vec::new() }))
}

fn server_text(server: &TaxiiServer, roots: &[TaxiiRoot]) -> String {
    let mut text = format!("{}\n", terminal(&server.name));
    for root in roots {
        let Ok((about, collections)) = &root.content else { continue };
        writeln!(text, "  {}  {}", terminal(&root.address), terminal(&about.title)).ok();
        for one in collections {
            let rights = match (one.can_read, one.can_write) {
                (true, true) => "read, write",
                (true, false) => "read",
                (false, true) => "write",
                (false, false) => "no access",
            };
            let alias = one.alias.as_deref().map(|alias| format!(", alias {}", terminal(alias))).unwrap_or_default();
            let forms = terminal(&one.media_types.join(", ")).to_string();
            writeln!(text, "    {}  {} ({rights}{alias})  {forms}", terminal(&one.id), terminal(one.shown())).ok();
        }
        if collections.is_empty() {
            text.push_str("    no collections\n");
        }
    }
    text
}

fn server_json(server: &TaxiiServer, roots: &[TaxiiRoot]) -> Value {
    let roots = roots.iter().map(|root| match &root.content {
        Ok((about, collections)) => json!({ "address": root.address, "about": about, "collections": collections }),
        Err(error) => json!({ "address": root.address, "error": error.what }),
    });
    json!({ "name": server.name, "roots": roots.collect::<Vec<_>>() })
}
