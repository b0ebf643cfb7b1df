//! The one flow: targets → inventories → contents → rules → policy → report.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::SystemTime;

use vetch_detectors::input::{Note, TargetFacts};
use vetch_detectors::{all_rules, judge_target};
use vetch_graph::Graph;
use vetch_lockfiles::npm::package_lock::{LockfileNote, LockfileNoteKind};
use vetch_model::finding::Finding;
use vetch_model::inventory::{Ecosystem, Inventory, Package, PackageId};
use vetch_model::purl::Purl;
use vetch_model::scan::{Scan, Target, TargetFinding, TargetKind, Unavailable};
use vetch_names::Names;
use vetch_registries::{Environment, NpmConfig, PypiConfig};
use vetch_sandbox::Cancel;

use crate::cache::Cache;
use crate::contents::{self, Contents, LocalSources, RegistrySettings, Run, Runner};
use crate::history::past::Past;
use crate::history::{self, Compare, Histories};
use crate::intel::Intelligence;
use crate::naming::Naming;
use crate::naming::internal::Internal;
use crate::own_rules::OwnRules;
use crate::policy::{Policies, Session, Unparsed};
use crate::project::{self, Opened, Project, named};
use crate::releases::{self, Grouped, Judging, Known, OwnCode, Releases};
use crate::{CacheMode, EngineError, Progress, ScanOptions, ScanReport, Stage, analysis_version};

/// Scans everything that `options` names.
///
/// # Errors
/// When a target or the policy cannot be used at all, no worker can be started, or the user
/// cancels. Everything smaller is an `Incomplete` of the scan.
pub fn scan(options: &ScanOptions, progress: &dyn Progress, cancel: &Cancel) -> Result<ScanReport, EngineError> {
    // First, so that a mistake in them is told at once.
    let own = OwnRules::of_user(&options.rules, &options.yara)?;
    progress.stage(Stage::Inventory, options.targets.len() as u64);
    let mut targets = Vec::new();
    for (number, target) in options.targets.iter().enumerate() {
        targets.push(project::open(number, target, options.ecosystem.as_ref())?);
        progress.advance(1, &target.to_string_lossy());
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
    }
    examine(options, own, targets, progress, cancel)
}

/// Looks at some packages of one inventory, each beside the one that it replaces: what a change of a lockfile
/// brings in. The first of `options.targets` is where the inventory is from.
///
/// # Errors
/// As [`scan`].
pub fn review(
    inventory: Inventory,
    changed: BTreeMap<PackageId, Option<Package>>,
    options: &ScanOptions,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<ScanReport, EngineError> {
    let target = options.targets.first().cloned().unwrap_or_else(|| PathBuf::from("."));
    let own = OwnRules::of_user(&options.rules, &options.yara)?;
    examine(options, own, vec![project::reviewed(&target, inventory, changed)?], progress, cancel)
}

fn examine(
    options: &ScanOptions,
    mut own: OwnRules,
    mut targets: Vec<Opened>,
    progress: &dyn Progress,
    cancel: &Cancel,
) -> Result<ScanReport, EngineError> {
    let start = SystemTime::now();
    let mut naming = Naming::load(options.popular.as_deref())?;
    let intelligence = Intelligence::open(options, options.history.now)?;
    let mut projects: Vec<Project> =
        targets.iter_mut().flat_map(|target| std::mem::take(&mut target.projects)).collect();
    let folders: Vec<Option<PathBuf>> = targets.iter().map(policy_folder).collect();
    let unparsed = Unparsed::read(&options.policy, &folders)?;
    own.add_named(&unparsed.named()?)?;
    let mut runner = Runner::new(jobs(options), cancel, progress);
    own.compile(&mut runner)?;
    let ids = all_rules().iter().map(|rule| rule.id).chain(own.metas().map(|meta| meta.id));
    let policies = unparsed.parse(ids)?;
    let mut scan = Scan { targets: targets.iter().map(target_of).collect(), ..Scan::default() };
    for target in targets {
        scan.files.extend(target.files);
        scan.incomplete.extend(target.incomplete);
        scan.skipped.extend(target.skipped);
    }
    let mut run = prepare(options, &projects, runner, start, &mut scan);
    run.cache = run.cache.map(|cache| cache.with_rules(own.digest()));
    naming.internal = internal(&projects, &policies, &run.settings, naming.names());
    let mut histories = history::gather(&run, options, &projects, &naming.internal)?;
    complete(&mut projects, &histories);
    let found = contents::finish(contents::gather(&mut run, &projects, &naming.internal)?);
    let past = past(&mut run, &projects, &found, &histories, &naming.internal)?;
    let mut session = policies.session(options.today);
    let judging = Judging {
        own: &own,
        past: &past,
        policies: &policies,
        now: options.history.moment(),
        naming: &naming,
        threads: run.runner.jobs.get(),
    };
    let renamed = releases::renamed(&projects, &found);
    let mut grouped = Grouped::new(&projects, &found, &renamed);
    grouped.look_up(&Known { run: &run, intelligence: &intelligence }, &judging);
    let own_code = OwnCode::gather(&mut run, &projects, &grouped.with_advisories(), &naming.internal)?;
    grouped.tell_usage(&own_code);
    progress.stage(Stage::Rules, found.len() as u64);
    let known = Known { run: &run, intelligence: &intelligence };
    let Releases { results, facts, names, pasts, projects: scanned } =
        releases::judge(&grouped, &judging, &known, &mut session);
    scan.releases = results;
    judge_targets(&projects, &naming, session, &mut scan);
    drop((grouped, past));
    scan.unavailable = unavailable(&projects, &found);
    scan.unavailable.append(&mut histories.unavailable);
    scan.intelligence = intelligence.state;
    scan.unavailable.extend(intelligence.unavailable);
    gather_rest(projects, found, &mut scan);
    if cancel.is_cancelled() {
        return Err(EngineError::Cancelled);
    }
    let own_rules = own.metas().copied().collect();
    let (gates, documents) = (policies.gates(), policies.documents());
    Ok(ScanReport { scan, gates, projects: scanned, facts, names, pasts, own_rules, documents })
}

/// Releases that were named are told more exactly by their histories.
fn complete(projects: &mut [Project], histories: &Histories) {
    for (number, project) in projects.iter_mut().enumerate().filter(|(_, project)| project.is_named) {
        for index in 0..project.inventory.packages.len() {
            let id = PackageId(index as u32);
            if let (Some(history), Some(package)) =
                (histories.get(number, id), project.inventory.packages.get_mut(index))
            {
                named::complete(package, history);
            }
        }
        project.graph = Graph::new(&project.inventory);
    }
}

/// The place of every package among its releases, and the contents of those that came before.
fn past<'h>(
    run: &mut Run<'_>,
    projects: &[Project],
    found: &[Contents],
    histories: &'h Histories,
    internal: &[Internal],
) -> Result<Past<'h>, EngineError> {
    let lineages = history::past::lineages(projects, histories, run.runner.jobs.get());
    let mut befores = history::before::gather(run, projects, histories, &lineages, internal)?;
    if run.options.history.compare == Compare::Given {
        befores.extend(history::before::given(projects, found));
    }
    Ok(Past { histories, lineages, befores })
}

fn jobs(options: &ScanOptions) -> NonZeroUsize {
    let asked = options.jobs.and_then(NonZeroUsize::new);
    asked.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN)
}

/// The folder whose `vetch.toml` counts. A package or an archive does not excuse itself.
fn policy_folder(target: &Opened) -> Option<PathBuf> {
    match target.kind {
        TargetKind::Package | TargetKind::Archive | TargetKind::Release => None,
        _ => Some(target.folder.clone()),
    }
}

fn target_of(target: &Opened) -> Target {
    Target { path: target.shown.clone(), kind: target.kind }
}

/// Opens what a run needs: cache, settings of npm, local sources.
fn prepare<'r>(
    options: &'r ScanOptions,
    projects: &[Project],
    runner: Runner<'r>,
    start: SystemTime,
    scan: &mut Scan,
) -> Run<'r> {
    let folder = match &options.cache {
        CacheMode::Off => None,
        CacheMode::Dir(folder) => Some(folder),
    };
    let version = analysis_version();
    let cache = folder.map(|folder| Cache::open(folder, &version, options.today));
    if let Some(cache) = &cache {
        runner.notices(cache);
    }
    let sources = LocalSources::new(options.archives.as_ref(), folder, &|| runner.cancel.is_cancelled());
    scan.incomplete.extend(sources.incomplete);
    let mut sources = sources.value;
    let mut told = Vec::new();
    let mut settings = RegistrySettings::default();
    for project in projects {
        let has = |ecosystem| project.inventory.packages.iter().any(|package| package.ecosystem == ecosystem);
        let environment = environment(options, project);
        settings.pypi.push(has(Ecosystem::Pypi).then(|| PypiConfig::load(&environment)));
        if !has(Ecosystem::Npm) {
            settings.npm.push(None);
            continue;
        }
        let config = NpmConfig::load(&environment);
        for notice in &config.notices {
            let text = format!("{}; {}", notice.message, notice.hint);
            if !told.contains(&text) {
                runner.progress.notice(&text);
                told.push(text);
            }
        }
        if let Some(folder) = &config.cache {
            sources.add_npm_cache(folder.clone());
        }
        settings.npm.push(Some(config));
    }
    Run { runner, sources, cache, settings, options, start }
}

/// What is known of the internal names of every project. Nothing of it leaves this machine.
fn internal(projects: &[Project], policies: &Policies, settings: &RegistrySettings, names: &Names) -> Vec<Internal> {
    let of = |(number, project): (usize, &Project)| {
        let npm = settings.npm.get(number).and_then(Option::as_ref);
        let pypi = settings.pypi.get(number).and_then(Option::as_ref);
        Internal::new(project, policies.internal(project.target), npm, pypi, names)
    };
    projects.iter().enumerate().map(of).collect()
}

/// What the settings of a project's tools are read from.
fn environment(options: &ScanOptions, project: &Project) -> Environment {
    let variables = options.environment.iter();
    let variables = variables.filter_map(|(key, value)| Some((key.to_str()?.to_owned(), value.to_str()?.to_owned())));
    Environment {
        variables: variables.collect(),
        home: options.home.clone(),
        project: Some(project.own_folder()),
        trust_project: options.trust_project,
    }
}

fn judge_targets(projects: &[Project], naming: &Naming, session: Session<'_>, scan: &mut Scan) {
    for (number, project) in projects.iter().enumerate() {
        // What is said of a target as a whole was said of it when it was scanned.
        let is_part = project.only.is_some();
        if is_part || matches!(project.kind, TargetKind::Package | TargetKind::Archive | TargetKind::Release) {
            continue;
        }
        let findings: Vec<Finding> = judge_target(&TargetFacts {
            inventory: &project.inventory,
            format: project.format.as_str(),
            notes: project.notes.iter().map(note).collect(),
            environment: project.environment.as_ref(),
            unbound: naming.internal.get(number).map(|internal| internal.unbound(project)).unwrap_or_default(),
        });
        let target = project.target;
        scan.findings.extend(findings.into_iter().map(|finding| session.apply_to_target(target, finding)));
    }
    scan.findings.extend(session.finish());
    scan.findings.sort_by_key(|finding: &TargetFinding| finding.target);
}

fn note(note: &LockfileNote) -> Note<'_> {
    Note {
        kind: match note.kind {
            LockfileNoteKind::Contradiction => "contradiction",
            LockfileNoteKind::OnlyForOldClients => "only-for-old-clients",
            LockfileNoteKind::DuplicateKey => "duplicate-key",
            LockfileNoteKind::IgnoredLockfile => "ignored-lockfile",
            LockfileNoteKind::NoEdges => "no-edges",
            LockfileNoteKind::SourceOption => "source-option",
            LockfileNoteKind::LeftOut => "left-out",
        },
        field: &note.field,
        found: &note.found,
        expected: note.expected.as_deref(),
        location: &note.location,
    }
}

/// Whose contents nobody looked at, once for each target and ecosystem.
fn unavailable(projects: &[Project], found: &[Contents]) -> Vec<Unavailable> {
    let mut counted: BTreeMap<(usize, &Ecosystem), BTreeSet<Purl>> = BTreeMap::new();
    let mut seen: BTreeSet<(usize, Purl)> = BTreeSet::new();
    for contents in found {
        let Some(project) = projects.get(contents.project) else { continue };
        let package = project.inventory.package(contents.package);
        if package.ecosystem == Ecosystem::Npm {
            continue;
        }
        let purl = project.purl(package);
        if contents.is_listed {
            counted.entry((project.target, &package.ecosystem)).or_default().insert(purl);
        } else {
            seen.insert((project.target, purl));
        }
    }
    // What is only listed in one file may have been looked at for another.
    for ((target, _), purls) in &mut counted {
        purls.retain(|purl| !seen.contains(&(*target, purl.clone())));
    }
    counted.retain(|_, purls| !purls.is_empty());
    let shown = |target: usize| projects.iter().find(|project| project.target == target).map(|it| it.shown.as_str());
    let one = |((target, ecosystem), purls): ((usize, &Ecosystem), BTreeSet<Purl>)| {
        let what = match ecosystem {
            Ecosystem::Pypi => "contents of Python releases".to_owned(),
            Ecosystem::Other(kind) => format!("behaviour of packages of the kind `{kind}`"),
            Ecosystem::Npm => "behaviour of npm packages".to_owned(),
        };
        let releases = if purls.len() == 1 { "release" } else { "releases" };
        let place = shown(target).unwrap_or_default();
        let why = match ecosystem {
            Ecosystem::Pypi => "no archive of them is locked",
            _ => "it is not analysed yet",
        };
        let are = if purls.len() == 1 { "is" } else { "are" };
        let why = format!("{why}: {} {releases} in `{place}` {are} judged by what is locked alone", purls.len());
        Unavailable { what, why }
    };
    counted.into_iter().map(one).collect()
}

/// What belongs to no release.
fn gather_rest(projects: Vec<Project>, found: Vec<Contents>, scan: &mut Scan) {
    scan.incomplete.extend(projects.into_iter().flat_map(|project| project.incomplete));
    scan.incomplete.sort();
    scan.incomplete.dedup();
    scan.skipped.extend(found.into_iter().filter_map(|contents| contents.skipped));
    scan.skipped.sort();
    scan.skipped.dedup();
}
