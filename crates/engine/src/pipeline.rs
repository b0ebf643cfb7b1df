//! The one flow: targets → inventories → contents → rules → policy → report.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::SystemTime;

use vetch_detectors::input::{Note, TargetFacts};
use vetch_detectors::{all_rules, judge_target};
use vetch_lockfiles::npm::package_lock::{LockfileNote, LockfileNoteKind};
use vetch_model::finding::Finding;
use vetch_model::scan::{Scan, Target, TargetFinding, TargetKind};
use vetch_registries::{Environment, NpmConfig};
use vetch_sandbox::Cancel;

use crate::cache::Cache;
use crate::contents::{self, Contents, LocalSources, Run, Runner};
use crate::policy::{Policies, Session};
use crate::project::Project;
use crate::{ANALYSIS_VERSION, CacheMode, EngineError, Progress, ScanOptions, ScanReport, Stage, releases};

/// Scans everything that `options` names.
///
/// # Errors
/// When a target or the policy cannot be used at all, no worker can be started, or the user
/// cancels. Everything smaller is an `Incomplete` of the scan.
pub fn scan(options: &ScanOptions, progress: &dyn Progress, cancel: &Cancel) -> Result<ScanReport, EngineError> {
    let start = SystemTime::now();
    progress.stage(Stage::Inventory, options.targets.len() as u64);
    let mut projects = Vec::new();
    for target in &options.targets {
        projects.push(Project::open(target)?);
        progress.advance(1, &target.to_string_lossy());
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
    }
    let folders: Vec<Option<PathBuf>> = projects.iter().map(policy_folder).collect();
    let policies = Policies::load(&options.policy, &folders, all_rules().iter().map(|rule| rule.id))?;
    let mut scan = Scan { targets: projects.iter().map(target_of).collect(), ..Scan::default() };
    let runner = Runner::new(jobs(options), cancel, progress);
    let mut run = prepare(options, &projects, runner, start, &mut scan);
    let found = contents::finish(contents::gather(&mut run, &projects)?);
    progress.stage(Stage::Rules, found.len() as u64);
    let mut session = policies.session(options.today);
    scan.releases = releases::judge(&projects, &found, run.runner.jobs.get(), &mut session);
    judge_targets(&projects, session, &mut scan);
    gather_rest(projects, found, &mut scan);
    if cancel.is_cancelled() {
        return Err(EngineError::Cancelled);
    }
    Ok(ScanReport { scan, gates: policies.gates() })
}

fn jobs(options: &ScanOptions) -> NonZeroUsize {
    let asked = options.jobs.and_then(NonZeroUsize::new);
    asked.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN)
}

/// The folder whose `vetch.toml` counts. A package or an archive does not excuse itself.
fn policy_folder(project: &Project) -> Option<PathBuf> {
    match project.kind {
        TargetKind::Project | TargetKind::Lockfile => Some(project.folder.clone()),
        TargetKind::Package | TargetKind::Archive => None,
    }
}

fn target_of(project: &Project) -> Target {
    Target { path: project.shown.clone(), kind: project.kind }
}

/// Opens what a run needs: cache, settings of npm, local sources.
fn prepare<'r>(
    options: &ScanOptions,
    projects: &[Project],
    runner: Runner<'r>,
    start: SystemTime,
    scan: &mut Scan,
) -> Run<'r> {
    let folder = match &options.cache {
        CacheMode::Off => None,
        CacheMode::Dir(folder) => Some(folder),
    };
    let version = format!("{ANALYSIS_VERSION}.{}", vetch_behaviour::ANALYSIS_VERSION);
    let cache = folder.map(|folder| Cache::open(folder, &version, options.today));
    if let Some(cache) = &cache {
        runner.notices(cache);
    }
    let sources = LocalSources::new(options.archives.as_ref(), folder, &|| runner.cancel.is_cancelled());
    scan.incomplete.extend(sources.incomplete);
    let mut sources = sources.value;
    let mut told = Vec::new();
    let mut configs = Vec::new();
    for project in projects {
        let config = NpmConfig::load(&environment(options, project));
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
        configs.push(Some(config));
    }
    Run { runner, sources, cache, configs, offline: options.offline, start }
}

fn environment(options: &ScanOptions, project: &Project) -> Environment {
    let variables = options.environment.iter();
    let variables = variables.filter_map(|(key, value)| Some((key.to_str()?.to_owned(), value.to_str()?.to_owned())));
    Environment {
        variables: variables.collect(),
        home: options.home.clone(),
        project: Some(project.folder.clone()),
        trust_project: options.trust_project,
    }
}

fn judge_targets(projects: &[Project], session: Session<'_>, scan: &mut Scan) {
    for (number, project) in projects.iter().enumerate() {
        if matches!(project.kind, TargetKind::Package | TargetKind::Archive) {
            continue;
        }
        let notes = project.notes.iter().map(note).collect();
        let findings: Vec<Finding> = judge_target(&TargetFacts { inventory: &project.inventory, notes });
        scan.findings.extend(findings.into_iter().map(|finding| session.apply_to_target(number, finding)));
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

/// What belongs to no release.
fn gather_rest(projects: Vec<Project>, found: Vec<Contents>, scan: &mut Scan) {
    scan.incomplete.extend(projects.into_iter().flat_map(|project| project.incomplete));
    scan.incomplete.sort();
    scan.incomplete.dedup();
    scan.skipped.extend(found.into_iter().filter_map(|contents| contents.skipped));
    scan.skipped.sort();
    scan.skipped.dedup();
}
