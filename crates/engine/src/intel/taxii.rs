//! Servers of TAXII 2.1 that the user configured: what they have, and what is new there.
//!
//! Each collection by itself: one that fails takes no other along, and what came of it before stays.

use std::path::PathBuf;

use vetch_intel::taxii::{
    ApiRoot, Collection, Entrance, MAX_DOCUMENT, MAX_PAGE, Paging, check_media_type, read_api_root, read_collections,
    read_entrance,
};
use vetch_intel::{ImportError, IntelStore, SourceReport, StoreError, Watcher};
use vetch_model::history::Time;
use vetch_registries::{ClientOptions, Environment, FetchError, TaxiiAccess, TaxiiClient};

use crate::Cancel;

/// Most API roots that are looked at for one server.
const MAX_ROOTS: usize = 64;

/// A server.
#[derive(Debug, Clone)]
pub struct TaxiiServer {
    /// As the user calls it.
    pub name: String,
    /// Where it is, and who asks.
    pub access: TaxiiAccess,
    /// Ids, aliases or titles of the collections that are wanted; all that may be read if there are none.
    pub collections: Vec<String>,
}

/// What an update needs.
#[derive(Debug, Clone)]
pub struct TaxiiOptions {
    /// Where intelligence is kept.
    pub folder: PathBuf,
    /// Proxies and certificates.
    pub environment: Environment,
    /// Now.
    pub now: Time,
}

/// An API root, and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxiiRoot {
    /// Its address.
    pub address: String,
    /// What it says of itself, and its collections; or why it was not asked or does not tell.
    pub content: Result<(ApiRoot, Vec<Collection>), TaxiiError>,
}

/// What went wrong, with whom, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {what}", self.place())]
pub struct TaxiiError {
    /// The server, as the user calls it.
    pub server: String,
    /// The collection, if it is about one.
    pub collection: Option<String>,
    /// What is wrong.
    pub what: String,
    /// What to do next.
    pub hint: String,
    /// The user stopped it.
    pub is_cancelled: bool,
}

impl TaxiiError {
    fn place(&self) -> String {
        match &self.collection {
            Some(collection) => format!("TAXII server `{}`, collection `{collection}`", self.server),
            None => format!("TAXII server `{}`", self.server),
        }
    }
}

/// What came of one server.
#[derive(Debug, Default)]
pub struct TaxiiOutcome {
    /// By collection.
    pub reports: Vec<SourceReport>,
    /// What failed.
    pub errors: Vec<TaxiiError>,
}

/// One server that is being asked.
struct Asking<'a> {
    server: &'a TaxiiServer,
    client: TaxiiClient,
    cancel: &'a Cancel,
}

impl<'a> Asking<'a> {
    fn new(server: &'a TaxiiServer, environment: &Environment, cancel: &'a Cancel) -> Result<Asking<'a>, TaxiiError> {
        let client = TaxiiClient::new(&server.access, environment, ClientOptions::default());
        match client {
            Ok(client) => Ok(Asking { server, client, cancel }),
            Err(error) => Err(TaxiiError {
                server: server.name.clone(),
                collection: None,
                what: error.to_string(),
                hint: "correct `url`, and `header` if there is one, under `[[intel.taxii]]` in your config.toml"
                    .to_owned(),
                is_cancelled: false,
            }),
        }
    }

    fn error(&self, collection: Option<&Collection>, what: impl Into<String>, hint: &str) -> TaxiiError {
        TaxiiError {
            server: self.server.name.clone(),
            collection: collection.map(|one| one.shown().to_owned()),
            what: what.into(),
            hint: hint.to_owned(),
            is_cancelled: false,
        }
    }

    fn wrong(&self, collection: Option<&Collection>, what: impl Into<String>) -> TaxiiError {
        self.error(
            collection,
            what,
            "check `url` under `[[intel.taxii]]` in your config.toml; else tell who runs the server",
        )
    }

    /// Fetches a document that has to be TAXII's.
    fn get(
        &self,
        root: &str,
        path: &[&str],
        query: &[(&str, String)],
        (limit, collection): (u64, Option<&Collection>),
    ) -> Result<vetch_registries::TaxiiAnswer, TaxiiError> {
        let answer = self.client.get(root, path, query, limit, &|| self.cancel.is_cancelled());
        if self.cancel.is_cancelled() {
            let hint = "running the command again goes on where it stopped";
            let stopped = self.error(collection, "stopped before the end; what had come is kept", hint);
            return Err(TaxiiError { is_cancelled: true, ..stopped });
        }
        let answer = answer.map_err(|error| {
            let (what, hint) = self.explained(&error);
            self.error(collection, what, hint)
        })?;
        match check_media_type(&answer.content_type) {
            Ok(()) => Ok(answer),
            Err(why) => Err(self.wrong(collection, why)),
        }
    }

    /// The errors of registries, in the words of TAXII.
    fn explained(&self, error: &FetchError) -> (String, &'static str) {
        match error {
            FetchError::Unauthorized { url, sent, .. } if *sent => (
                format!("{url}: it does not accept your credentials (401)"),
                "check `username`, and the variable that `password-env`, `token-env` or `header-env` names",
            ),
            FetchError::Unauthorized { url, held_back, .. } if *held_back => (
                format!("{url}: it asks for credentials (401), and they are not sent over plain http"),
                "use the server's https address",
            ),
            FetchError::Unauthorized { url, .. } => (
                format!("{url}: it asks for credentials (401)"),
                "under `[[intel.taxii]]` in your config.toml, set `username` and `password-env`, `token-env`, or `header` \
                 and `header-env`",
            ),
            FetchError::Forbidden { url } => (
                format!("{url}: it does not allow you to read this (403)"),
                "ask who runs the server for access, or leave the collection out of `collections`",
            ),
            FetchError::NotFound { url, status } => (
                format!("{url}: there is nothing ({status})"),
                "check the address: it is that of the discovery document (often `…/taxii2/`) or of an API root",
            ),
            FetchError::Status { url, status: 406 | 415 } => (
                format!("{url}: it does not speak TAXII 2.1"),
                "servers of TAXII 1 and 2.0 cannot be asked; look for its address for 2.1",
            ),
            FetchError::RateLimited { url, retry_after } => {
                let after = retry_after.map(|after| format!(", and to come back in {} s", after.as_secs()));
                let after = after.unwrap_or_default();
                (format!("{url}: it asks for fewer requests (429){after}"), "run the command again later")
            }
            FetchError::Status { url, status } => (
                format!("{url}: it answered with status {status}"),
                "run the command again later; else tell who runs it",
            ),
            FetchError::PlainHttp { url } => (
                format!("{url} was not asked: over plain http, anyone on the way can read and change everything"),
                "use the server's https address; where there is none, and the network is yours alone, set \
                 `allow-http = true` beside its `url`",
            ),
            FetchError::RefusedRedirect { .. } => (
                error.to_string(),
                "if the server has moved there, write that address into `url`; its credentials go to no host that you \
                 did not name",
            ),
            FetchError::TooLarge { .. } => (error.to_string(), "tell who runs the server to answer in smaller pages"),
            FetchError::Timeout { .. } | FetchError::Unresponsive { .. } => (
                error.to_string(),
                "run the command again; `fetch-timeout` and `fetch-retries` in ~/.npmrc allow for a slow server",
            ),
            _ => (error.to_string(), "check `url`, the network, and proxies and certificates in ~/.npmrc"),
        }
    }

    /// Its API roots, each with its collections.
    fn roots(&self) -> Result<Vec<TaxiiRoot>, TaxiiError> {
        let answer = self.get(&self.client.address(), &[], &[], (MAX_DOCUMENT, None))?;
        // It may have led on to another place of the same host.
        let address = answer.url;
        let entrance = read_entrance(&answer.bytes).map_err(|why| self.wrong(None, format!("{address}: {why}")))?;
        let discovery = match entrance {
            Entrance::ApiRoot(root) => {
                let content = root.checked().map_err(|why| self.wrong(None, format!("{address}: {why}")));
                let content = content.and_then(|root| Ok((root, self.collections(&address)?)));
                return Ok(vec![TaxiiRoot { address, content }]);
            }
            Entrance::Discovery(discovery) => discovery,
        };
        let mut roots: Vec<TaxiiRoot> = Vec::new();
        for reference in discovery.api_roots.iter().take(MAX_ROOTS) {
            let root = match self.client.resolve(reference) {
                Ok(address) => TaxiiRoot { content: self.root(&address), address },
                Err(error) => {
                    let hint = "if you trust that host, configure it by itself, with its own `url`";
                    let address = reference.chars().take(300).collect();
                    TaxiiRoot { address, content: Err(self.error(None, error.to_string(), hint)) }
                }
            };
            if root.content.as_ref().is_err_and(|error| error.is_cancelled) {
                return root.content.map(|_| Vec::new());
            }
            if roots.iter().all(|known| known.address != root.address) {
                roots.push(root);
            }
        }
        Ok(roots)
    }

    fn root(&self, address: &str) -> Result<(ApiRoot, Vec<Collection>), TaxiiError> {
        let answer = self.get(address, &[], &[], (MAX_DOCUMENT, None))?;
        let root = read_api_root(&answer.bytes).map_err(|why| self.wrong(None, format!("{address}: {why}")))?;
        Ok((root, self.collections(address)?))
    }

    fn collections(&self, root: &str) -> Result<Vec<Collection>, TaxiiError> {
        let answer = self.get(root, &["collections"], &[], (MAX_DOCUMENT, None))?;
        match read_collections(&answer.bytes) {
            Ok((collections, 0)) => Ok(collections),
            Ok((_, left_out)) => {
                Err(self.wrong(None, format!("{root}: {left_out} of its collections have ids that are none")))
            }
            Err(why) => Err(self.wrong(None, format!("{root}collections/: {why}"))),
        }
    }

    /// The collections that are wanted, with their API roots; what cannot be had goes to `errors`.
    fn wanted(&self, roots: Vec<TaxiiRoot>, errors: &mut Vec<TaxiiError>) -> Vec<(String, Collection)> {
        let mut all = Vec::new();
        for root in roots {
            match root.content {
                Ok((_, collections)) => all.extend(collections.into_iter().map(|one| (root.address.clone(), one))),
                Err(error) => errors.push(error),
            }
        }
        let names = &self.server.collections;
        if names.is_empty() {
            all.retain(|(_, collection)| collection.can_read);
            if all.is_empty() && errors.is_empty() {
                let hint = "`vetch intel taxii NAME` lists what is there; ask who runs the server for access";
                errors.push(self.error(None, "it has no collection that you may read", hint));
            }
            return all;
        }
        for name in names {
            let hint = "`vetch intel taxii NAME` lists what is there; write its id into `collections`";
            match all.iter().filter(|(_, one)| one.is_called(name)).count() {
                0 => errors.push(self.error(None, format!("it has no collection `{name}`"), hint)),
                1 => {}
                many => errors.push(self.error(None, format!("it has {many} collections `{name}`"), hint)),
            }
        }
        let is_unique = |name: &&String| all.iter().filter(|(_, one)| one.is_called(name)).count() == 1;
        let unique: Vec<&String> = names.iter().filter(is_unique).collect();
        all.retain(|(_, one)| unique.iter().any(|name| one.is_called(name)));
        for (_, one) in all.iter().filter(|(_, one)| !one.can_read) {
            let hint = "ask who runs the server for access, or leave it out of `collections`";
            errors.push(self.error(Some(one), "you may not read it", hint));
        }
        all.retain(|(_, one)| one.can_read);
        all
    }

    /// Everything that is new in a collection. What came is taken in, also where it ends early.
    fn follow(
        &self,
        (root, collection): (&str, &Collection),
        store: &mut IntelStore,
        (now, watcher): (Time, &mut dyn Watcher),
    ) -> (SourceReport, Option<TaxiiError>) {
        let place = format!("{}: {}", self.server.name, collection.shown());
        // The same collection of another user may be another one.
        let feed = format!("taxii:{}:{root}collections/{}/", self.server.name, collection.id);
        let mut whole = SourceReport { path: place.clone(), ..SourceReport::default() };
        let before = match store.feed(&feed) {
            Ok(before) => before,
            Err(error) => return (whole, Some(self.lost(collection, &ImportError::Store(error)))),
        };
        let mut paging = Paging::new(before.as_ref());
        let mut failed = None;
        while let Some(query) = paging.query().filter(|_| failed.is_none()) {
            failed = self.page(root, collection, &query, &mut paging).err();
            let is_last = failed.is_some() || paging.query().is_none();
            if !is_last && !paging.held().are_many() {
                watcher.read(&place, whole.indicators + paging.held().len());
                continue;
            }
            let state = paging.state(now);
            if paging.held().is_empty() && state == before {
                continue;
            }
            let held = paging.hand_over();
            match store.take_in_objects((&feed, &place), held, state.as_ref(), now, &mut ToTheEnd(watcher)) {
                Ok(report) => whole.add(report),
                Err(error) => {
                    failed.get_or_insert_with(|| self.lost(collection, &error));
                }
            }
        }
        if let Some(complaint) = paging.complaint(now) {
            whole.complain(&place, complaint);
        }
        (whole, failed)
    }

    fn page(
        &self,
        root: &str,
        collection: &Collection,
        query: &[(&str, String)],
        paging: &mut Paging,
    ) -> Result<(), TaxiiError> {
        let path = ["collections", collection.id.as_str(), "objects"];
        let answer = self.get(root, &path, query, (MAX_PAGE, Some(collection)))?;
        let taken = paging.take(&answer.bytes, answer.added_last.as_deref());
        let hint = "what came before is kept; tell who runs the server";
        taken.map_err(|why| self.error(Some(collection), why, hint))
    }

    fn lost(&self, collection: &Collection, error: &ImportError) -> TaxiiError {
        let is_cancelled = matches!(error, ImportError::Cancelled);
        TaxiiError { is_cancelled, ..self.error(Some(collection), error.to_string(), error.hint()) }
    }
}

/// What has come is taken in also when the user stops the rest: it takes a moment.
struct ToTheEnd<'w>(&'w mut dyn Watcher);

impl Watcher for ToTheEnd<'_> {
    fn read(&mut self, source: &str, records: u64) {
        self.0.read(source, records);
    }

    fn is_cancelled(&self) -> bool {
        false
    }
}

/// What a server has.
///
/// # Errors
/// When it does not say.
pub fn list(server: &TaxiiServer, environment: &Environment, cancel: &Cancel) -> Result<Vec<TaxiiRoot>, TaxiiError> {
    Asking::new(server, environment, cancel)?.roots()
}

/// Takes in what is new at a server.
///
/// # Errors
/// When the store cannot be opened; what is wrong with the server is in the outcome.
pub fn update(
    server: &TaxiiServer,
    options: &TaxiiOptions,
    cancel: &Cancel,
    watcher: &mut dyn Watcher,
) -> Result<TaxiiOutcome, StoreError> {
    let (mut store, _) = IntelStore::create(&options.folder)?;
    let mut outcome = TaxiiOutcome::default();
    let asking = match Asking::new(server, &options.environment, cancel) {
        Ok(asking) => asking,
        Err(error) => {
            outcome.errors.push(error);
            return Ok(outcome);
        }
    };
    let wanted = match asking.roots() {
        Ok(roots) => asking.wanted(roots, &mut outcome.errors),
        Err(error) => {
            outcome.errors.push(error);
            return Ok(outcome);
        }
    };
    for (root, collection) in &wanted {
        let (report, error) = asking.follow((root, collection), &mut store, (options.now, watcher));
        outcome.reports.push(report);
        let is_cancelled = error.as_ref().is_some_and(|error| error.is_cancelled);
        outcome.errors.extend(error);
        if is_cancelled {
            break;
        }
    }
    // A reader may be in the way; the next update will do it.
    store.keep_log().ok();
    Ok(outcome)
}
