//! Gets histories: from the store where they are fresh, else from the registries, and remembers them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use vetch_model::history::{History, SignalSource, Time};
use vetch_model::inventory::Package;
use vetch_model::scan::Unavailable;
use vetch_registries::{
    ClientOptions, NpmClient, NpmConfig, PackumentRequest, PypiClient, PypiConfig, history_of, is_public_host,
    read_packument,
};
use vetch_store::{HistoryStore, Key, Remembered, merge};

use super::wanted::{Request, wanted};
use super::{Histories, HistoryOptions};
use crate::contents::Run;
use crate::naming::internal::Internal;
use crate::project::Project;
use crate::{EngineError, ScanOptions, Stage};

/// How long an answer is good for. Releases appear at any moment; those that are locked are there already.
const FRESH: i64 = 6 * 3_600;
/// Histories written at once.
const BATCH: usize = 64;

/// Whether the registry may learn the name: a public one learns none that the user calls internal.
fn may_learn(internal: Option<&Internal>, package: &Package, key: &Key) -> bool {
    let is_public = url::Url::parse(&key.registry).is_ok_and(|url| url.host_str().is_some_and(is_public_host));
    !is_public || internal.is_none_or(|internal| internal.keeps(&package.ecosystem, &package.name).is_none())
}

/// The histories of all packages of the projects.
///
/// # Errors
/// When the user cancels.
pub(crate) fn gather(
    run: &Run<'_>,
    options: &ScanOptions,
    projects: &[Project],
    internal: &[Internal],
) -> Result<Histories, EngineError> {
    let mut histories = Histories::default();
    if !options.history.is_on {
        return Ok(histories);
    }
    let mut requests: BTreeMap<Key, (usize, Request)> = BTreeMap::new();
    for (number, project) in projects.iter().enumerate() {
        let (npm, pypi) = (run.settings.npm.get(number), run.settings.pypi.get(number));
        for (id, package) in project.inventory.iter().filter(|(id, _)| project.looks_at(*id)) {
            let asked = wanted(project, package, npm.and_then(Option::as_ref), pypi.and_then(Option::as_ref));
            let Some((key, request)) = asked.filter(|(key, _)| may_learn(internal.get(number), package, key)) else {
                continue;
            };
            histories.of.insert((number, id), key.clone());
            requests.entry(key).or_insert((number, request));
        }
    }
    if requests.is_empty() {
        return Ok(histories);
    }
    run.runner.progress.stage(Stage::History, requests.len() as u64);
    let mut memory = Memory::open(run, &options.history);
    let keys: Vec<Key> = requests.keys().cloned().collect();
    let known = memory.recall(run, &keys);
    let is_fresh = |remembered: &Remembered| options.history.now.since(remembered.checked) < FRESH;
    let stale: Vec<Key> = keys.iter().filter(|key| !known.get(key).is_some_and(is_fresh)).cloned().collect();
    let mut asking = Asking { run, now: options.history.now, known, memory, failed: BTreeMap::new() };
    if !run.options.offline {
        asking.npm(&stale, &requests, &run.settings.npm);
        asking.pypi(&stale, &requests, &run.settings.pypi);
    }
    if run.runner.cancel.is_cancelled() {
        return Err(EngineError::Cancelled);
    }
    asking.memory.flush(run);
    histories.unavailable = asking.unavailable(&keys);
    let as_of = options.history.as_of;
    let cut = |history: History| match as_of {
        Some(moment) => history.as_of(moment),
        None => history,
    };
    histories.known =
        asking.known.into_iter().map(|(key, remembered)| (key, Arc::new(cut(remembered.history)))).collect();
    Ok(histories)
}

/// The store, if there is one, and what is to be written to it.
struct Memory {
    store: Option<HistoryStore>,
    waiting: Vec<(Key, Remembered)>,
}

impl Memory {
    fn open(run: &Run<'_>, options: &HistoryOptions) -> Memory {
        let opened = options.folder.as_ref().map(|folder| (folder, HistoryStore::open(folder)));
        let store = match opened {
            Some((_, Ok((store, aside)))) => {
                if let Some(aside) = aside {
                    let aside = aside.display();
                    run.runner.progress.notice(&format!(
                        "the histories of packages were damaged and begun anew; the old file is `{aside}`"
                    ));
                }
                Some(store)
            }
            Some((folder, Err(error))) => {
                let folder = folder.display();
                run.runner.progress.notice(&format!("histories of packages are not remembered in `{folder}`: {error}"));
                None
            }
            None => None,
        };
        Memory { store, waiting: Vec::new() }
    }

    fn recall(&mut self, run: &Run<'_>, keys: &[Key]) -> BTreeMap<Key, Remembered> {
        let Some(store) = &self.store else { return BTreeMap::new() };
        match store.get_many(keys) {
            Ok(all) => keys.iter().cloned().zip(all).filter_map(|(key, found)| Some((key, found?))).collect(),
            Err(error) => {
                run.runner.progress.notice(&format!("the histories of packages cannot be read: {error}"));
                BTreeMap::new()
            }
        }
    }

    fn remember(&mut self, run: &Run<'_>, key: &Key, remembered: &Remembered) {
        if self.store.is_some() {
            self.waiting.push((key.clone(), remembered.clone()));
        }
        if self.waiting.len() >= BATCH {
            self.flush(run);
        }
    }

    fn flush(&mut self, run: &Run<'_>) {
        let waiting = std::mem::take(&mut self.waiting);
        let Some(store) = self.store.as_mut().filter(|_| !waiting.is_empty()) else { return };
        if let Err(error) = store.put_many(waiting.iter().map(|(key, remembered)| (key, remembered))) {
            run.runner.progress.notice(&format!("histories of packages cannot be remembered: {error}"));
            self.store = None;
        }
    }
}

struct Asking<'a, 'r> {
    run: &'a Run<'r>,
    now: Time,
    known: BTreeMap<Key, Remembered>,
    memory: Memory,
    /// By registry: how many, and why the first.
    failed: BTreeMap<String, (usize, String)>,
}

type Requests = BTreeMap<Key, (usize, Request)>;

impl Asking<'_, '_> {
    fn npm(&mut self, stale: &[Key], requests: &Requests, configs: &[Option<NpmConfig>]) {
        let mut by_project: BTreeMap<usize, Vec<(&Key, PackumentRequest)>> = BTreeMap::new();
        for key in stale {
            let Some((project, Request::Npm(archive))) = requests.get(key) else { continue };
            let tag = self.known.get(key).and_then(|remembered| remembered.tag.clone());
            by_project
                .entry(*project)
                .or_default()
                .push((key, PackumentRequest { archive: archive.clone(), known: tag }));
        }
        for (project, wanted) in by_project {
            let Some(Some(config)) = configs.get(project) else { continue };
            let client = match NpmClient::new(config.clone(), ClientOptions::default()) {
                Ok(client) => client,
                Err(error) => {
                    wanted.iter().for_each(|(key, _)| self.failed(key, error.to_string()));
                    continue;
                }
            };
            let (keys, asked): (Vec<&Key>, Vec<PackumentRequest>) = wanted.into_iter().unzip();
            let cancel = self.run.runner.cancel;
            client.fetch_packuments(asked, &|| cancel.is_cancelled(), &mut |index, answer| {
                let Some(key) = keys.get(index) else { return ControlFlow::Continue(()) };
                match answer {
                    Ok(packument) => match packument.bytes {
                        None => self.still(key, packument.tag),
                        Some(bytes) => match read_packument(&bytes, &key.name, &packument.registry, self.now) {
                            Ok(history) => self.learn(key, history, packument.tag),
                            Err(why) => self.failed(key, format!("its document cannot be read: {why}")),
                        },
                    },
                    Err(error) => self.failed(key, error.to_string()),
                }
                self.run.runner.progress.advance(1, &key.name);
                ControlFlow::Continue(())
            });
        }
    }

    fn pypi(&mut self, stale: &[Key], requests: &Requests, configs: &[Option<PypiConfig>]) {
        let mut by_project: BTreeMap<usize, Vec<(&Key, vetch_registries::ProjectRequest)>> = BTreeMap::new();
        for key in stale {
            let Some((project, Request::Pypi(request))) = requests.get(key) else { continue };
            by_project.entry(*project).or_default().push((key, request.clone()));
        }
        for (project, wanted) in by_project {
            let Some(Some(config)) = configs.get(project) else { continue };
            let client = match PypiClient::new(config.clone(), ClientOptions::default()) {
                Ok(client) => client,
                Err(error) => {
                    wanted.iter().for_each(|(key, _)| self.failed(key, error.to_string()));
                    continue;
                }
            };
            let (keys, asked): (Vec<&Key>, Vec<_>) = wanted.into_iter().unzip();
            client.projects(asked, &mut |index, answer| {
                let Some(key) = keys.get(index) else { return ControlFlow::Continue(()) };
                match answer.map(|pages| pages.value.first().map(history_of)) {
                    Ok(Some(history)) => self.learn(key, history, None),
                    Ok(None) => self.failed(key, "no index has it".to_owned()),
                    Err(error) => self.failed(key, error.to_string()),
                }
                self.run.runner.progress.advance(1, &key.name);
                match self.run.runner.cancel.is_cancelled() {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                }
            });
        }
    }

    fn learn(&mut self, key: &Key, history: History, tag: Option<String>) {
        let before = self.known.get(key).map(|remembered| &remembered.history);
        let history = merge(before, history, self.now);
        self.keep(key, Remembered { history, checked: self.now, tag });
    }

    fn still(&mut self, key: &Key, tag: Option<String>) {
        let Some(known) = self.known.get(key).cloned() else { return };
        let tag = tag.or(known.tag);
        self.keep(key, Remembered { checked: self.now, tag, history: known.history });
    }

    fn keep(&mut self, key: &Key, remembered: Remembered) {
        self.memory.remember(self.run, key, &remembered);
        self.known.insert(key.clone(), remembered);
    }

    fn failed(&mut self, key: &Key, why: String) {
        let entry = self.failed.entry(key.registry.clone()).or_insert((0, why));
        entry.0 += 1;
    }

    /// What could not be had, once for each registry.
    fn unavailable(&self, keys: &[Key]) -> Vec<Unavailable> {
        let mut all = Vec::new();
        let registries: BTreeSet<&str> = keys.iter().map(|key| key.registry.as_str()).collect();
        for registry in registries {
            let own = || keys.iter().filter(|key| key.registry == registry);
            let missing = own().filter(|key| !self.known.contains_key(key)).count();
            if missing > 0 {
                let why = match self.failed.get(registry) {
                    Some((_, why)) => why.clone(),
                    None => "no network is used, and they are not remembered".to_owned(),
                };
                let packages = if missing == 1 { "package" } else { "packages" };
                all.push(Unavailable { what: format!("the histories of {missing} {packages} of {registry}"), why });
            }
            let told: Vec<&Remembered> = own().filter_map(|key| self.known.get(key)).collect();
            let lacking: Vec<&str> = SignalSource::ALL
                .iter()
                .filter(|source| {
                    let without = told.iter().filter(|it| !it.history.tells(**source)).count();
                    without * 2 > told.len()
                })
                .map(|source| source.as_str())
                .collect();
            if !lacking.is_empty() {
                let why = "it does not tell them, or not as they were: nothing is concluded from them".to_owned();
                all.push(Unavailable { what: format!("{} of {registry}", lacking.join(", ")), why });
            }
        }
        all
    }
}
