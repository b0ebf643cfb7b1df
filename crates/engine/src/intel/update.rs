//! `vetch intel update`: follows the feed of a mirror. The only part of intelligence that touches the network.
//!
//! The first time, and where very much has changed, everything comes in one zip; else only the records that the list of
//! changes names. What was taken in stays when the rest is stopped; the list counts as followed only at the end.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;

use vetch_intel::{
    Change, FeedPart, FeedState, ImportError, IntelStore, MAX_CHANGES, SourceReport, StoreError, Watcher, read_changes,
};
use vetch_model::history::Time;
use vetch_registries::{ClientOptions, Environment, FeedClient, FeedRequest, FetchError};

use crate::Cancel;

/// OSV's public bucket.
pub const DEFAULT_MIRROR: &str = "https://osv-vulnerabilities.storage.googleapis.com";
/// The ecosystems that are followed, as OSV writes them.
const ECOSYSTEMS: [&str; 2] = ["npm", "PyPI"];
/// Changes above which the zip is cheaper than single records.
const MANY: usize = 2_000;
/// Records taken in at once.
const BATCH: usize = 200;
/// Largest answers, in bytes.
const MAX_ZIP: u64 = 4 << 30;
const MAX_RECORD: u64 = 4 << 20;
/// Records that cannot be had before an update gives up.
const MAX_FAILED: usize = 20;

/// What an update needs.
#[derive(Debug, Clone)]
pub struct UpdateOptions {
    /// Where intelligence is kept.
    pub folder: PathBuf,
    /// The mirror's address.
    pub mirror: String,
    /// The user's home and environment, for proxies and certificates.
    pub home: Option<PathBuf>,
    /// Variables.
    pub environment: BTreeMap<OsString, OsString>,
    /// Now.
    pub now: Time,
}

/// Why an update ended early. What was taken in before stands.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// The mirror does not give it.
    #[error("cannot update from the mirror: {0}")]
    Fetch(#[from] FetchError),
    /// What it gave is not what it should be.
    #[error("cannot update from the mirror: `{what}` {why}")]
    Content {
        /// Which document.
        what: String,
        /// What is wrong.
        why: String,
    },
    /// It cannot be taken in.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The user stopped it.
    #[error("stopped before the end; what had come is kept")]
    Cancelled,
}

impl From<StoreError> for UpdateError {
    fn from(error: StoreError) -> UpdateError {
        UpdateError::Import(ImportError::Store(error))
    }
}

impl UpdateError {
    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            UpdateError::Fetch(_) | UpdateError::Content { .. } => {
                "check the address (--mirror, or `mirror` under `[intel]` in config.toml) and the network; running the \
                 command again goes on where it stopped"
            }
            UpdateError::Import(error) => error.hint(),
            UpdateError::Cancelled => "running the command again goes on where it stopped",
        }
    }
}

/// Brings the store up to date with every feed of the mirror.
///
/// # Errors
/// See [`UpdateError`].
pub fn update(
    options: &UpdateOptions,
    cancel: &Cancel,
    watcher: &mut dyn Watcher,
) -> Result<Vec<SourceReport>, UpdateError> {
    let environment = environment(options.home.clone(), &options.environment);
    let client = FeedClient::new(&options.mirror, &environment, ClientOptions::default())?;
    let (store, _) = IntelStore::create(&options.folder)?;
    let mut update = Update { options, cancel, watcher, client, store };
    ECOSYSTEMS.iter().map(|ecosystem| update.follow(ecosystem)).collect()
}

/// What clients of feeds heed of the user's surroundings: proxies and certificates. No project has a part in it.
pub fn environment(home: Option<PathBuf>, variables: &BTreeMap<OsString, OsString>) -> Environment {
    let variables =
        variables.iter().filter_map(|(key, value)| Some((key.to_str()?.to_owned(), value.to_str()?.to_owned())));
    Environment { variables: variables.collect(), home, project: None, trust_project: false }
}

struct Update<'u> {
    options: &'u UpdateOptions,
    cancel: &'u Cancel,
    watcher: &'u mut dyn Watcher,
    client: FeedClient,
    store: IntelStore,
}

impl Update<'_> {
    fn follow(&mut self, ecosystem: &str) -> Result<SourceReport, UpdateError> {
        let address = format!("{}/{ecosystem}", self.options.mirror.trim_end_matches('/'));
        let before = self.store.feed(&address)?;
        let tag = before.as_ref().map(|before| before.tag.clone()).filter(|tag| !tag.is_empty());
        let name = "modified_id.csv";
        let answer = self.client.fetch(request(&[ecosystem, name], tag, MAX_CHANGES), &|| self.cancel.is_cancelled());
        let answer = self.checked(answer)?;
        let Some(body) = answer.body else {
            // Nothing is new, which is as good as having imported it now.
            return Ok(self.store.take_in(&address, &[], before.as_ref(), self.options.now, self.watcher)?);
        };
        let content = |why: String| UpdateError::Content { what: format!("{ecosystem}/{name}"), why };
        let bytes = body.into_bytes().map_err(|error| content(error.to_string()))?;
        let changes = read_changes(&bytes, before.as_ref().map(|before| before.seen));
        let changes = changes.map_err(|error| content(format!("cannot be read: {error}")))?;
        let newest = changes.iter().map(|(time, _)| *time).max();
        let seen = newest.or(before.as_ref().map(|before| before.seen)).unwrap_or_default();
        let state = FeedState { tag: answer.tag.unwrap_or_default(), seen };
        let is_first = before.is_none();
        let changes = self.store.unknown(changes)?;
        if is_first || changes.len() > MANY {
            return self.everything(ecosystem, &address, &state);
        }
        self.single(ecosystem, &address, &changes, &state)
    }

    /// The zip, by way of a file: it is larger than memory should hold.
    fn everything(&mut self, ecosystem: &str, address: &str, state: &FeedState) -> Result<SourceReport, UpdateError> {
        let answer = self.client.fetch(request(&[ecosystem, "all.zip"], None, MAX_ZIP), &|| self.cancel.is_cancelled());
        let Some(mut body) = self.checked(answer)?.body else {
            let what = format!("{ecosystem}/all.zip");
            return Err(UpdateError::Content { what, why: "did not come".to_owned() });
        };
        let lost = |error: io::Error| UpdateError::from(StoreError::Folder(error));
        let mut file = tempfile::NamedTempFile::with_suffix_in(".zip", &self.options.folder).map_err(lost)?;
        io::copy(&mut body, &mut file).map_err(lost)?;
        let part = [FeedPart::Zip(file.path())];
        Ok(self.store.take_in(address, &part, Some(state), self.options.now, self.watcher)?)
    }

    fn single(
        &mut self,
        ecosystem: &str,
        address: &str,
        changes: &[Change],
        state: &FeedState,
    ) -> Result<SourceReport, UpdateError> {
        let mut whole = SourceReport { path: address.to_owned(), ..SourceReport::default() };
        // The oldest first, so that what was stopped is a gap at the end.
        let changes: Vec<&Change> = changes.iter().rev().collect();
        for batch in changes.chunks(BATCH) {
            let records = self.records(ecosystem, batch)?;
            let part = [FeedPart::Records(records)];
            whole.add(self.store.take_in(address, &part, None, self.options.now, self.watcher)?);
        }
        whole.add(self.store.take_in(address, &[], Some(state), self.options.now, self.watcher)?);
        Ok(whole)
    }

    fn records(&self, ecosystem: &str, batch: &[&Change]) -> Result<Vec<(String, Vec<u8>)>, UpdateError> {
        let file = |id: &str| format!("{id}.json");
        let requests = batch.iter().map(|(_, id)| request(&[ecosystem, &file(id)], None, MAX_RECORD)).collect();
        let (mut records, mut failed, mut error) = (Vec::new(), 0, None);
        self.client.fetch_all(requests, &|| self.cancel.is_cancelled(), &mut |index, answer| {
            let Some((_, id)) = batch.get(index) else { return ControlFlow::Continue(()) };
            match answer.map(|feed| feed.body.map(vetch_registries::Tarball::into_bytes)) {
                Ok(Some(Ok(bytes))) => records.push((id.clone(), bytes)),
                // Taken away between the list and now: the next list will not have it.
                Err(FetchError::NotFound { .. }) => failed += 1,
                Ok(Some(Err(why))) => error = Some(UpdateError::from(StoreError::Folder(why))),
                Ok(None) => failed += 1,
                Err(why) => error = Some(UpdateError::from(why)),
            }
            if error.is_some() || failed > MAX_FAILED { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        match error {
            _ if self.cancel.is_cancelled() => Err(UpdateError::Cancelled),
            Some(error) => Err(error),
            None if failed > MAX_FAILED => Err(UpdateError::Content {
                what: format!("{ecosystem}/modified_id.csv"),
                why: "names many records that are not there".to_owned(),
            }),
            None => Ok(records),
        }
    }

    fn checked<T>(&self, answer: Result<T, FetchError>) -> Result<T, UpdateError> {
        if self.cancel.is_cancelled() {
            return Err(UpdateError::Cancelled);
        }
        Ok(answer?)
    }
}

fn request(path: &[&str], known: Option<String>, limit: u64) -> FeedRequest {
    FeedRequest { path: path.iter().map(|segment| (*segment).to_owned()).collect(), known, limit }
}
