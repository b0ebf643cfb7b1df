//! The flow of this module: plan, look up, analyse, compare, fetch, analyse the rest.

use std::collections::HashSet;
use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use vetch_model::facts::{FileDigest, InstalledDifference, PackageFacts};
use vetch_model::integrity::ContentHash;
use vetch_model::outcome::Incomplete;
use vetch_registries::{NpmConfig, PypiConfig};
use vetch_sandbox::WorkerError;

use super::archives::LocalSources;
use super::compare;
use super::drive::Attempts;
use super::installed::{Scope, Walked, listed, open_folder, walk, walk_all};
use super::jobs::{Done, FolderDone, Job, Runner, Subject, Task};
use super::plan::{Plan, What, plans};
use super::read::Hashed;
use super::units::{Units, folder_flags, is_irregular, runs_prepare};
use super::work::{Driver, Known};
use crate::cache::{Cache, FactsKey, Fingerprint};
use crate::naming::internal::Internal;
use crate::project::Project;
use crate::{EngineError, ScanOptions, Stage};

/// What a run has at hand.
pub(crate) struct Run<'r> {
    pub(crate) runner: Runner<'r>,
    pub(crate) sources: LocalSources,
    pub(crate) cache: Option<Cache>,
    /// By project.
    pub(crate) settings: RegistrySettings,
    pub(crate) options: &'r ScanOptions,
    pub(crate) start: SystemTime,
}

/// The settings of the registries of every project, where it has packages of that ecosystem.
#[derive(Default)]
pub(crate) struct RegistrySettings {
    pub(crate) npm: Vec<Option<NpmConfig>>,
    pub(crate) pypi: Vec<Option<PypiConfig>>,
}

/// What was found out, for [`super::finish()`] to put together.
pub(crate) struct Gathered<'p> {
    pub(crate) plans: Vec<Plan<'p>>,
    pub(crate) listings: Vec<Listing>,
    /// By plan.
    pub(crate) states: Vec<State>,
    pub(crate) units: Units,
}

/// A folder, listed.
pub(crate) enum Listing {
    /// There is none to list.
    None,
    Folder(Walked),
    Lost(io::Error),
}

impl Listing {
    pub(crate) fn folder(&self) -> Option<&Walked> {
        match self {
            Listing::Folder(walked) => Some(walked),
            Listing::None | Listing::Lost(_) => None,
        }
    }
}

/// What is known of one plan.
#[derive(Default)]
pub(crate) struct State {
    /// Of settled folders.
    fingerprint: Option<Fingerprint>,
    hash: Option<ContentHash>,
    /// Hashed in this run, with every file readable.
    is_fresh: bool,
    digests: Option<Vec<FileDigest>>,
    pub(crate) facts: Option<Arc<PackageFacts>>,
    pub(crate) difference: Option<InstalledDifference>,
    pub(crate) lost: Option<Incomplete>,
}

/// Finds out what is in every package of the projects.
///
/// # Errors
/// When no worker can be started, or the user cancels.
pub(crate) fn gather<'p>(
    run: &mut Run<'_>,
    projects: &'p [Project],
    internal: &[Internal],
) -> Result<Gathered<'p>, EngineError> {
    let mut units = Units::default();
    let mut plans = plans(projects, &mut units, !run.options.offline);
    let listings = list(run, projects, &plans);
    if run.runner.cancel.is_cancelled() {
        return Err(EngineError::Cancelled);
    }
    for (plan, listing) in plans.iter_mut().zip(&listings) {
        plan.see(listing.folder().is_some_and(Walked::is_empty));
    }
    let states = plans.iter().zip(&listings).map(|(plan, listing)| State::new(run, plan, listing)).collect();
    run.runner.progress.stage(Stage::Contents, plans.len() as u64);
    let mut gather = Gather { projects, known: Known::default(), found: Gathered { plans, listings, states, units } };
    gather.look_up(run);
    gather.found.units.miss_absent(&run.sources);
    let jobs = gather.folder_jobs().chain(gather.found.units.jobs(false)).collect();
    let done = gather.round(run, jobs)?;
    gather.apply(run, done);
    gather.compare_all();
    super::fetch::fetch(run, projects, internal, &mut gather.found.units)?;
    gather.found.units.look_up_facts(run.cache.as_ref());
    let jobs = gather.found.units.jobs(true).collect();
    let done = gather.round(run, jobs)?;
    gather.apply(run, done);
    gather.keep(run);
    Ok(gather.found)
}

/// Lists the folders that are to be looked at, on all threads.
fn list(run: &Run<'_>, projects: &[Project], plans: &[Plan<'_>]) -> Vec<Listing> {
    walk_all(plans, run.runner.jobs.get(), |plan: &Plan<'_>| {
        let Some(project) = projects.get(plan.project) else { return Listing::None };
        let scope = match plan.what {
            // What lies beside the release is not its own, be it called `node_modules` or `.git`.
            What::Folder if project.python.is_some() => Scope::OwnCode,
            What::Folder | What::Distribution => Scope::Package,
            What::OwnScripts => Scope::OwnCode,
            _ => return Listing::None,
        };
        let recorded = project.records.get(&plan.id).filter(|_| matches!(plan.what, What::Distribution));
        match open_folder(project.dir.as_fd(), plan.folder()) {
            Ok(folder) => Listing::Folder(match recorded {
                Some(checked) => listed(&folder, &checked.files),
                None => walk(folder, scope),
            }),
            Err(error) => Listing::Lost(error),
        }
    })
}

impl State {
    fn new(run: &Run<'_>, plan: &Plan<'_>, listing: &Listing) -> State {
        let lost = match listing {
            Listing::Lost(error) => {
                let why = format!("its folder cannot be opened: {error}");
                Some(Incomplete::new(
                    format!("the contents of {}", plan.package.label()),
                    why,
                    "correct its permissions",
                ))
            }
            Listing::None | Listing::Folder(_) => None,
        };
        let settled = listing
            .folder()
            .filter(|walked| run.cache.is_some() && plan.what.is_whole() && walked.is_settled(run.start));
        State { fingerprint: settled.map(Walked::fingerprint), lost, ..State::default() }
    }

    fn apply(&mut self, plan: &Plan<'_>, result: Result<Done, WorkerError>) {
        let what = || format!("the contents of {}", plan.package.label());
        match result {
            Ok(Done::Folder(FolderDone { hash, digests, facts, is_complete })) => {
                self.hash = Some(hash);
                self.is_fresh = is_complete;
                self.digests = plan.place.map(|_| digests);
                self.facts = Some(facts);
            }
            Ok(Done::Lost(why)) => self.lost = Some(Incomplete::new(what(), why, "correct its permissions")),
            Ok(Done::Archive { .. } | Done::Missing(_)) => {}
            Err(error) => self.lost = Some(gave_up(what(), &error)),
        }
    }
}

/// What came of a round, by subject.
type Outcomes = Vec<(Subject, Result<Done, WorkerError>)>;

struct Gather<'p> {
    projects: &'p [Project],
    known: Known,
    found: Gathered<'p>,
}

impl Gather<'_> {
    /// What earlier runs found out, in a few large queries.
    fn look_up(&mut self, run: &Run<'_>) {
        let Gathered { plans, states, units, .. } = &mut self.found;
        for plan in plans.iter().filter(|plan| matches!(plan.what, What::Archive)) {
            units.want_facts(plan.place);
        }
        units.settle(&run.sources, run.cache.as_ref());
        units.look_up_entries(run.cache.as_ref());
        units.look_up_facts(run.cache.as_ref());
        let Some(cache) = &run.cache else { return };
        let settled: Vec<(usize, Fingerprint)> =
            states.iter().enumerate().filter_map(|(index, state)| Some((index, state.fingerprint?))).collect();
        let fingerprints: Vec<Fingerprint> = settled.iter().map(|(_, fingerprint)| *fingerprint).collect();
        let hashes = settled.iter().zip(cache.identities(&fingerprints));
        let key = |plan: &Plan<'_>, hash| {
            let python = self.projects.get(plan.project).and_then(|project| plan.python(project));
            FactsKey { content: hash, flags: folder_flags(runs_prepare(plan.package), python) }
        };
        let known = hashes.filter_map(|((index, _), hash)| Some((*index, key(plans.get(*index)?, hash?))));
        let known: Vec<(usize, FactsKey)> = known.collect();
        let keys: Vec<FactsKey> = known.iter().map(|(_, key)| *key).collect();
        let mut shared = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for ((index, key), facts) in known.into_iter().zip(cache.facts(&keys)) {
            let (Some(facts), Some(state)) = (facts, states.get_mut(index)) else { continue };
            let facts = Arc::new(PackageFacts { content_hash: key.content, ..facts });
            shared.insert(key, Arc::clone(&facts));
            (state.hash, state.facts) = (Some(key.content), Some(facts));
        }
    }

    fn folder_jobs(&self) -> impl Iterator<Item = Job<'_>> {
        let found = &self.found;
        let all = found.plans.iter().zip(&found.listings).zip(&found.states).enumerate();
        all.filter_map(|(index, ((plan, listing), state))| {
            let project = self.projects.get(plan.project)?;
            let (root, path) = (project.dir.as_fd(), plan.folder());
            let task = match (&plan.what, listing.folder()) {
                (What::Folder | What::Distribution, Some(walked)) if state.facts.is_none() => {
                    let (runs_prepare, python) = (runs_prepare(plan.package), plan.python(project));
                    Task::Folder { root, path, walked, runs_prepare, python }
                }
                (What::OwnScripts, Some(walked)) => Task::OwnCode { root, path, walked },
                _ => return None,
            };
            Some(Job { subject: Subject::Plan(index), task, attempts: Attempts::default() })
        })
    }

    /// Runs jobs; what came of them, in order of subject.
    fn round<'a>(&'a self, run: &Run<'_>, jobs: Vec<Job<'a>>) -> Result<Outcomes, EngineError> {
        let driver = Driver {
            projects: self.projects,
            sources: &run.sources,
            cache: run.cache.as_ref(),
            known: &self.known,
            is_tried: run.runner.yara.is_some(),
            unwritten: Mutex::default(),
        };
        let mut done = Vec::with_capacity(jobs.len());
        let ran = run.runner.run(
            jobs,
            |talk, job| driver.drive(talk, job),
            |job, result| {
                if let Subject::Plan(index) = job.subject {
                    let label = self.found.plans.get(index).map(|plan| plan.package.label());
                    run.runner.progress.advance(1, &label.unwrap_or_default());
                }
                done.push((job.subject, result));
            },
        );
        // After Ctrl-C as well: what was analysed need not be analysed again.
        driver.flush();
        ran?;
        done.sort_by_key(|(subject, _)| *subject);
        Ok(done)
    }

    fn apply(&mut self, run: &Run<'_>, done: Outcomes) {
        let mut cacheable_units = Vec::new();
        for (subject, result) in done {
            match (subject, result) {
                (Subject::Plan(index), result) => {
                    let Gathered { plans, states, .. } = &mut self.found;
                    if let (Some(plan), Some(state)) = (plans.get(index), states.get_mut(index)) {
                        state.apply(plan, result);
                    }
                }
                (Subject::Unit(index), Ok(Done::Archive { reply, cacheable })) => {
                    self.found.units.take(index, reply);
                    cacheable_units.extend(cacheable.then_some(index));
                }
                (Subject::Unit(index), Ok(Done::Missing(missing))) => self.found.units.miss(index, missing),
                (Subject::Unit(index), Err(error)) => self.found.units.fail(index, &error),
                (Subject::Unit(_), Ok(Done::Folder(_) | Done::Lost(_))) => {}
            }
        }
        if let Some(cache) = &run.cache {
            self.found.units.keep(&cacheable_units, cache);
        }
    }

    /// Compares every installed folder with its archive, where there is one.
    fn compare_all(&mut self) {
        for index in 0..self.found.plans.len() {
            let difference = self.compare(index);
            let (Some(plan), Some(state)) = (self.found.plans.get(index), self.found.states.get_mut(index)) else {
                continue;
            };
            let Some((difference, is_irregular)) = difference else { continue };
            if is_irregular || !difference.is_empty() {
                self.found.units.want_facts(plan.place);
            }
            state.difference = Some(difference);
        }
    }

    /// The difference, and whether the archive has more to it than its files.
    fn compare(&self, index: usize) -> Option<(InstalledDifference, bool)> {
        let plan = self.found.plans.get(index).filter(|plan| matches!(plan.what, What::Folder))?;
        let state = self.found.states.get(index)?;
        let hash = state.hash?;
        let place = plan.place?;
        let unit = self.found.units.all.get(place.unit)?;
        let entry = unit.entry.as_ref()?;
        if entry.content_hash == hash {
            return Some((InstalledDifference::default(), false));
        }
        let archived = compare::files_of(&entry.files, &unit.roots, place.root);
        if vetch_archive::content_hash(&archived) == hash {
            return Some((InstalledDifference::default(), is_irregular(entry)));
        }
        let walked = self.found.listings.get(index)?.folder()?;
        let root = self.projects.get(plan.project)?.dir.as_fd();
        let hashed = Hashed::new(open_folder(root, &plan.package.path).ok()?, walked);
        let digests = state.digests.clone().unwrap_or_else(|| hashed.digests());
        let read: HashSet<&str> = digests.iter().map(|file| file.path.as_str()).collect();
        let seen = walked.files.iter().map(|file| file.path.as_str());
        let unreadable: HashSet<&str> = seen.filter(|path| !read.contains(path)).collect();
        let mut difference = compare::difference(&archived, &digests, &unreadable);
        difference.changed.retain(|path| !is_fixed_command(&hashed, walked, &archived, path));
        Some((difference, is_irregular(entry)))
    }

    /// Keeps what was found out for the next run.
    fn keep(&self, run: &Run<'_>) {
        let Some(cache) = &run.cache else { return };
        // Only of folders that were hashed in this run: those that were known need not be written again.
        let fresh = self.found.states.iter().filter(|state| state.is_fresh);
        cache.put_identities(fresh.filter_map(|state| Some((state.fingerprint?, state.hash?))));
        run.runner.notices(cache);
    }
}

fn is_fixed_command(hashed: &Hashed<'_>, walked: &Walked, archived: &[FileDigest], path: &str) -> bool {
    let index = walked.files.binary_search_by(|file| file.path.as_str().cmp(path));
    let archived = archived.binary_search_by(|file| file.path.as_str().cmp(path)).map(|found| archived.get(found));
    let (Ok(index), Ok(Some(archived))) = (index, archived) else { return false };
    hashed.with_bytes(index, usize::MAX, |bytes| compare::is_fixed_command(bytes, archived)).unwrap_or(false)
}

/// What it means that no worker could do a job.
pub(crate) fn gave_up(what: String, error: &WorkerError) -> Incomplete {
    let hint = "look at the package by other means before you trust it, and report it as a bug of Vetch";
    Incomplete::new(what, error.to_string(), hint)
}
