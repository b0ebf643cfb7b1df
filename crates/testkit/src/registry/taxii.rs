//! A server of TAXII 2.1 in this process: discovery, one API root, collections, pages; and every way of leading a client
//! astray.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::http::{Answer, decode};
use super::server::{Fault, LoggedRequest, Server, Site, State};
use super::tls::Identity;

const MEDIA_TYPE: &str = "application/taxii+json;version=2.1";

/// A collection.
#[derive(Debug, Clone, Default)]
pub struct TaxiiCollection {
    id: String,
    title: String,
    alias: Option<String>,
    is_closed: bool,
    objects: Vec<(String, Value)>,
}

impl TaxiiCollection {
    /// One that anybody may read.
    pub fn new(id: &str, title: &str) -> TaxiiCollection {
        TaxiiCollection { id: id.to_owned(), title: title.to_owned(), ..TaxiiCollection::default() }
    }

    /// Has another name.
    #[must_use]
    pub fn alias(mut self, alias: &str) -> Self {
        self.alias = Some(alias.to_owned());
        self
    }

    /// May not be read.
    #[must_use]
    pub fn closed(mut self) -> Self {
        self.is_closed = true;
        self
    }

    /// Adds an object, at this time: RFC 3339 in UTC, to the microsecond. In the order of times.
    #[must_use]
    pub fn object(mut self, added: &str, object: Value) -> Self {
        self.objects.push((added.to_owned(), object));
        self
    }
}

/// How a server leads astray, in all its pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaxiiQuirk {
    /// There is always more, and the mark of the next page is the same.
    SameNext,
    /// There is more, and nothing says how to get it.
    NoNext,
    /// There is more, and the time says how to get it.
    NextByTime,
    /// Empty pages without end, each with a mark of its own.
    EndlessPages,
    /// Everything was added in the future.
    FutureDates,
    /// Nothing says when anything was added.
    NoDates,
    /// Answers are called this.
    MediaType(&'static str),
}

#[derive(Default)]
struct Shape {
    collections: Vec<TaxiiCollection>,
    page: usize,
    quirk: Option<TaxiiQuirk>,
    roots: Vec<String>,
    versions: Option<String>,
    api_key: Option<(String, String)>,
}

/// Describes a server before it starts.
#[derive(Default)]
pub struct TaxiiServerBuilder {
    shape: Shape,
    state: State,
    authorization: Option<String>,
    identity: Option<Identity>,
}

impl TaxiiServerBuilder {
    /// Speaks TLS, with this certificate; [`NpmRegistry::AUTHORITY`](super::NpmRegistry::AUTHORITY) vouches for it.
    #[must_use]
    pub fn tls(mut self, identity: Identity) -> Self {
        self.identity = Some(identity);
        self
    }

    /// Has a collection.
    #[must_use]
    pub fn collection(mut self, collection: TaxiiCollection) -> Self {
        self.shape.collections.push(collection);
        self
    }

    /// Gives at most so many objects at once.
    #[must_use]
    pub fn page(mut self, objects: usize) -> Self {
        self.shape.page = objects;
        self
    }

    /// Leads astray.
    #[must_use]
    pub fn quirk(mut self, quirk: TaxiiQuirk) -> Self {
        self.shape.quirk = Some(quirk);
        self
    }

    /// Names this API root instead of its own.
    #[must_use]
    pub fn root(mut self, address: &str) -> Self {
        self.shape.roots.push(address.to_owned());
        self
    }

    /// Its API root speaks this version alone.
    #[must_use]
    pub fn version(mut self, version: &str) -> Self {
        self.shape.versions = Some(version.to_owned());
        self
    }

    /// Asks for exactly this `Authorization` value everywhere.
    #[must_use]
    pub fn authorization(mut self, value: &str) -> Self {
        self.authorization = Some(value.to_owned());
        self
    }

    /// Asks for a key in a header of this (lower-case) name.
    #[must_use]
    pub fn api_key(mut self, header: &str, key: &str) -> Self {
        self.shape.api_key = Some((header.to_owned(), key.to_owned()));
        self
    }

    /// Every request for `path` (decoded, with its query) meets this fault.
    #[must_use]
    pub fn fault(mut self, path: &str, fault: Fault) -> Self {
        self.state.plan(path, fault, None);
        self
    }

    /// The first `times` requests for `path` meet this fault.
    #[must_use]
    pub fn fault_times(mut self, path: &str, fault: Fault, times: u32) -> Self {
        self.state.plan(path, fault, Some(times));
        self
    }

    /// Starts it on a free port of 127.0.0.1.
    pub fn start(self) -> TaxiiServer {
        let shape = Arc::new(Mutex::new(self.shape));
        let site = Box::new(TaxiiSite(Arc::clone(&shape)));
        let server = Server::start(self.state, String::new(), self.authorization, self.identity, site);
        TaxiiServer { shape, server }
    }
}

/// A running server; it stops when dropped. Its discovery document is at `/taxii2/`, its API root at `/api1/`.
pub struct TaxiiServer {
    shape: Arc<Mutex<Shape>>,
    server: Server,
}

impl TaxiiServer {
    /// Describes one.
    pub fn builder() -> TaxiiServerBuilder {
        TaxiiServerBuilder::default()
    }

    /// `http://127.0.0.1:PORT/taxii2/`, or `https`.
    pub fn url(&self) -> String {
        format!("{}taxii2/", self.server.shared.url())
    }

    /// Adds an object to a collection while it runs.
    pub fn add(&self, collection: &str, added: &str, object: Value) {
        let mut shape = self.shape.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let one = shape.collections.iter_mut().find(|one| one.id == collection).expect("a collection of this id");
        one.objects.push((added.to_owned(), object));
    }

    /// From now on it behaves.
    pub fn behave(&self) {
        self.shape.lock().unwrap_or_else(std::sync::PoisonError::into_inner).quirk = None;
    }

    /// Every request so far, in order of arrival.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.server.shared.state().log.clone()
    }

    /// Decoded paths with their queries, in order of arrival, of requests for objects.
    pub fn pages(&self) -> Vec<String> {
        let requests = self.requests().into_iter().map(|request| decode(&request.path));
        requests.filter(|path| path.contains("/objects/")).collect()
    }
}

struct TaxiiSite(Arc<Mutex<Shape>>);

impl Site for TaxiiSite {
    fn answer(&self, _: &str, request: &LoggedRequest, path: &str) -> Option<Answer> {
        let shape = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((name, key)) = &shape.api_key
            && request.header(name) != Some(key)
        {
            return Some(Answer::new(401, MEDIA_TYPE, "{}"));
        }
        if request.header("accept") != Some(MEDIA_TYPE) {
            return Some(Answer::new(406, MEDIA_TYPE, "{}"));
        }
        let media_type = match shape.quirk {
            Some(TaxiiQuirk::MediaType(other)) => other,
            _ => MEDIA_TYPE,
        };
        let send = |value: Value| Some(Answer::new(200, media_type, value.to_string()));
        match path {
            "/taxii2/" => {
                let roots = if shape.roots.is_empty() { vec!["/api1/".to_owned()] } else { shape.roots.clone() };
                return send(json!({ "title": "A server", "default": roots[0], "api_roots": roots }));
            }
            "/api1/" => {
                let version = shape.versions.as_deref().unwrap_or(MEDIA_TYPE);
                return send(json!({ "title": "A root", "versions": [version], "max_content_length": 1_048_576 }));
            }
            "/api1/collections/" => {
                let all: Vec<Value> = shape.collections.iter().map(described).collect();
                return send(json!({ "collections": all }));
            }
            _ => {}
        }
        let id = path.strip_prefix("/api1/collections/")?.strip_suffix("/objects/")?;
        let collection = shape.collections.iter().find(|one| one.id == id)?;
        if collection.is_closed {
            return Some(Answer::new(403, MEDIA_TYPE, "{}"));
        }
        Some(page(&shape, collection, request, media_type))
    }
}

fn described(one: &TaxiiCollection) -> Value {
    json!({
        "id": one.id, "title": one.title, "alias": one.alias, "can_read": !one.is_closed, "can_write": false,
        "media_types": ["application/stix+json;version=2.1"],
    })
}

fn page(shape: &Shape, collection: &TaxiiCollection, request: &LoggedRequest, media_type: &str) -> Answer {
    let target = request.path.clone();
    let of = |name: &str| {
        let query = target.split_once('?').map(|(_, query)| query).unwrap_or_default();
        let pair = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        pair.map(decode)
    };
    let after = of("added_after");
    let from: usize = of("next").and_then(|next| next.parse().ok()).unwrap_or(0);
    let new = collection.objects.iter().filter(|(added, _)| after.as_ref().is_none_or(|after| added > after));
    let new: Vec<&(String, Value)> = new.collect();
    let size = if shape.page == 0 { 1_000 } else { shape.page };
    let some: Vec<&&(String, Value)> = match shape.quirk {
        Some(TaxiiQuirk::EndlessPages) => Vec::new(),
        _ => new.iter().skip(from).take(size).collect(),
    };
    let (mut more, mut next) = (from + some.len() < new.len(), Some((from + size).to_string()));
    match shape.quirk {
        Some(TaxiiQuirk::SameNext) => (more, next) = (true, Some("0".to_owned())),
        Some(TaxiiQuirk::NoNext) => (more, next) = (true, None),
        Some(TaxiiQuirk::NextByTime) => next = None,
        Some(TaxiiQuirk::EndlessPages) => (more, next) = (true, Some((from + 1).to_string())),
        _ => {}
    }
    let objects: Vec<&Value> = some.iter().map(|(_, object)| object).collect();
    let mut body = json!({ "more": more, "objects": objects });
    if let Some(next) = next.filter(|_| more) {
        body["next"] = next.into();
    }
    let answer = Answer::new(200, media_type, body.to_string());
    let (Some(first), Some(last)) = (some.first(), some.last()) else { return answer };
    match shape.quirk {
        Some(TaxiiQuirk::NoDates | TaxiiQuirk::NoNext) => answer,
        Some(TaxiiQuirk::FutureDates) => answer.with("X-TAXII-Date-Added-Last", "2099-01-01T00:00:00.000000Z"),
        _ => answer.with("X-TAXII-Date-Added-First", first.0.clone()).with("X-TAXII-Date-Added-Last", last.0.clone()),
    }
}
