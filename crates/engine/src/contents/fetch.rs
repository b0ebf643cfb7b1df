//! Fetches from the registries what no local place has, for packages that are not installed.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use vetch_model::inventory::Ecosystem;
use vetch_registries::{
    ArtifactRequest, ClientOptions, NpmClient, NpmConfig, PypiClient, PypiConfig, Tarball, TarballRequest,
    is_public_host,
};

use super::archives::{LARGEST_ARCHIVE, Missing, not_fetched, not_indexed};
use super::gather::Run;
use super::units::{Request, Units};
use crate::EngineError;
use crate::jobs::ArchiveKind;
use crate::naming::internal::Internal;
use crate::project::Project;

/// What one project asks for: archives, by their number, of each kind of registry.
#[derive(Default)]
struct Asked {
    npm: Vec<(usize, TarballRequest)>,
    python: Vec<(usize, ArtifactRequest)>,
}

/// Fetches every archive whose facts are wanted. What fails stays missing, with the reason.
///
/// # Errors
/// When the user cancels.
pub(crate) fn fetch(
    run: &mut Run<'_>,
    projects: &[Project],
    internal: &[Internal],
    units: &mut Units,
) -> Result<(), EngineError> {
    if run.options.offline {
        return Ok(());
    }
    let mut by_project: BTreeMap<usize, Asked> = BTreeMap::new();
    for (index, unit) in units.all.iter_mut().enumerate() {
        if !unit.wants_facts || !unit.missing.as_ref().is_some_and(|missing| missing.fetch) {
            continue;
        }
        match &unit.request {
            Some((project, Request::Npm(request))) => {
                by_project.entry(*project).or_default().npm.push((index, request.clone()));
            }
            Some((project, Request::Python(request))) => {
                by_project.entry(*project).or_default().python.push((index, request.as_ref().clone()));
            }
            None if matches!(unit.kind, ArchiveKind::Python(_)) => unit.missing = Some(Missing::unasked(unit.kind)),
            None => {}
        }
    }
    let mut told = BTreeSet::new();
    for (number, asked) in by_project {
        let Some(project) = projects.get(number) else { continue };
        let config = run.settings.npm.get(number).cloned().flatten();
        if let Some(config) = config.filter(|_| !asked.npm.is_empty()) {
            let wanted = keep_internal(&config, internal.get(number), asked.npm, units);
            from_npm(run, NpmClient::new(config, client_options()), project, wanted, units);
        }
        let config = run.settings.pypi.get(number).cloned().flatten();
        if let Some(config) = config.filter(|_| !asked.python.is_empty() && !run.runner.cancel.is_cancelled()) {
            from_indexes(run, config, project, asked.python, units, &mut told);
        }
        if run.runner.cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
    }
    Ok(())
}

/// Leaves out what the user calls internal and a public registry would be asked for: it must not learn the name.
fn keep_internal(
    config: &NpmConfig,
    internal: Option<&Internal>,
    wanted: Vec<(usize, TarballRequest)>,
    units: &mut Units,
) -> Vec<(usize, TarballRequest)> {
    let Some(internal) = internal else { return wanted };
    let kept = |request: &TarballRequest| {
        let pattern = internal.keeps(&Ecosystem::Npm, &request.name)?;
        let host = request.host(config).filter(|host| is_public_host(host))?;
        Some(format!("its name is internal (`{}`), and {host} would be asked for it", pattern.text))
    };
    let mut allowed = Vec::new();
    for (index, request) in wanted {
        let Some(why) = kept(&request) else {
            allowed.push((index, request));
            continue;
        };
        let hint = "bind the name to your registry in .npmrc, run `npm ci`, or pass --archives DIR".to_owned();
        units.miss(index, Missing { why, hint, mismatch: None, fetch: false });
    }
    allowed
}

fn client_options() -> ClientOptions {
    ClientOptions { tarball_limit: LARGEST_ARCHIVE, ..ClientOptions::default() }
}

fn from_npm(
    run: &Run<'_>,
    client: Result<NpmClient, vetch_registries::FetchError>,
    project: &Project,
    wanted: Vec<(usize, TarballRequest)>,
    units: &mut Units,
) {
    let (numbers, requests): (Vec<usize>, Vec<TarballRequest>) = wanted.into_iter().unzip();
    let client = match client {
        Ok(client) => client,
        Err(error) => return numbers.iter().for_each(|index| units.miss(*index, not_fetched(&error))),
    };
    let cancelled = || run.runner.cancel.is_cancelled();
    client.fetch_tarballs(requests, &cancelled, &mut |number, fetched| {
        if let Some(index) = numbers.get(number) {
            keep(run, project, units, *index, fetched.map_err(|error| not_fetched(&error)));
        }
        ControlFlow::Continue(())
    });
    tell_trouble(run);
}

/// From Python indexes, by the settings of the tool that wrote the lockfile. Each notice is `told` once.
fn from_indexes(
    run: &Run<'_>,
    config: PypiConfig,
    project: &Project,
    wanted: Vec<(usize, ArtifactRequest)>,
    units: &mut Units,
    told: &mut BTreeSet<String>,
) {
    for notice in &config.notices {
        let text = format!("{}; {}", notice.message, notice.hint);
        if told.insert(text.clone()) {
            run.runner.progress.notice(&text);
        }
    }
    let (numbers, requests): (Vec<usize>, Vec<ArtifactRequest>) = wanted.into_iter().unzip();
    let client = match PypiClient::new(config, client_options()) {
        Ok(client) => client,
        Err(error) => return numbers.iter().for_each(|index| units.miss(*index, not_indexed(&error, false))),
    };
    let cancelled = || run.runner.cancel.is_cancelled();
    client.fetch_all(requests, &cancelled, &mut |number, fetched| {
        if let Some(index) = numbers.get(number) {
            let is_locked = units.all.get(*index).is_some_and(|unit| unit.integrity.is_some());
            let fetched = fetched.map(|fetched| fetched.archive).map_err(|error| not_indexed(&error, is_locked));
            keep(run, project, units, *index, fetched);
        }
        ControlFlow::Continue(())
    });
    tell_trouble(run);
}

fn tell_trouble(run: &Run<'_>) {
    if let Some(reason) = run.sources.take_trouble() {
        run.runner.progress.notice(&format!(
            "the cache cannot keep the archives that were fetched ({reason}); the scan is not affected. \
             Free some space on its disk, or name another folder with --cache-dir"
        ));
    }
}

fn keep(run: &Run<'_>, project: &Project, units: &mut Units, index: usize, fetched: Result<Tarball, Missing>) {
    let Some(unit) = units.all.get_mut(index) else { return };
    let kept = fetched.and_then(|tarball| {
        run.sources.keep(tarball, unit.integrity.as_ref()).map_err(|error| Missing {
            why: format!("it was fetched, but could not be kept: {error}"),
            hint: "free some space in the temporary folder, or name another cache folder with --cache-dir".to_owned(),
            mismatch: None,
            fetch: false,
        })
    });
    match kept {
        Ok(integrity) => {
            // Which of those that are allowed it is, is known from now on.
            if !unit.alternatives.is_empty() {
                unit.integrity = Some(integrity.clone());
            }
            unit.missing = None;
            unit.fetched = Some(integrity);
        }
        Err(missing) => unit.missing = Some(missing),
    }
    let label = if unit.label.is_empty() { &project.shown } else { &unit.label };
    run.runner.progress.advance(0, label);
}
