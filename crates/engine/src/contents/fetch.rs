//! Fetches from the registries what no local place has, for packages that are not installed.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use vetch_model::inventory::Ecosystem;
use vetch_registries::{ClientOptions, FetchError, NpmClient, Tarball, is_public_host};

use super::archives::{LARGEST_ARCHIVE, Missing, not_fetched};
use super::gather::Run;
use super::units::Units;
use crate::EngineError;
use crate::naming::internal::Internal;
use crate::project::Project;

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
    if run.offline {
        return Ok(());
    }
    let mut by_project: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, unit) in units.all.iter().enumerate() {
        let is_missing = unit.missing.as_ref().is_some_and(|missing| missing.fetch);
        if let Some((project, _)) = unit.request.as_ref().filter(|_| unit.wants_facts && is_missing) {
            by_project.entry(*project).or_default().push(index);
        }
    }
    for (project, mut wanted) in by_project {
        keep_internal(run, project, internal.get(project), &mut wanted, units);
        fetch_for(run, projects, project, &wanted, units);
        if run.runner.cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
    }
    Ok(())
}

/// Leaves out what the user calls internal and a public registry would be asked for: it must not learn the name.
fn keep_internal(
    run: &Run<'_>,
    project: usize,
    internal: Option<&Internal>,
    wanted: &mut Vec<usize>,
    units: &mut Units,
) {
    let (Some(internal), Some(Some(config))) = (internal, run.configs.get(project)) else { return };
    wanted.retain(|index| {
        let request = units.all.get(*index).and_then(|unit| unit.request.as_ref());
        let kept = request.and_then(|(_, request)| {
            let pattern = internal.keeps(&Ecosystem::Npm, &request.name)?;
            let host = request.host(config).filter(|host| is_public_host(host))?;
            Some(format!("its name is internal (`{}`), and {host} would be asked for it", pattern.text))
        });
        let Some(why) = kept else { return true };
        let hint = "bind the name to your registry in .npmrc, run `npm ci`, or pass --archives DIR".to_owned();
        units.miss(*index, Missing { why, hint, mismatch: None, fetch: false });
        false
    });
}

fn fetch_for(run: &mut Run<'_>, projects: &[Project], project: usize, wanted: &[usize], units: &mut Units) {
    let Some(config) = run.configs.get_mut(project).and_then(Option::take) else { return };
    let options = ClientOptions { tarball_limit: LARGEST_ARCHIVE, ..ClientOptions::default() };
    let client = match NpmClient::new(config, options) {
        Ok(client) => client,
        Err(error) => {
            wanted.iter().for_each(|index| units.miss(*index, not_fetched(&error)));
            return;
        }
    };
    let requests = wanted.iter().filter_map(|index| Some(units.all.get(*index)?.request.as_ref()?.1.clone()));
    let requests = requests.collect();
    let shown = projects.get(project).map_or("", |project| project.shown.as_str());
    let cancelled = || run.runner.cancel.is_cancelled();
    client.fetch_tarballs(requests, &cancelled, &mut |number, fetched| {
        if let Some(index) = wanted.get(number) {
            keep(run, units, *index, fetched);
            let label = units.all.get(*index).map_or(shown, |unit| unit.label.as_str());
            run.runner.progress.advance(0, label);
        }
        ControlFlow::Continue(())
    });
    if let Some(reason) = run.sources.take_trouble() {
        run.runner.progress.notice(&format!(
            "the cache cannot keep the archives that were fetched ({reason}); the scan is not affected. \
             Free some space on its disk, or name another folder with --cache-dir"
        ));
    }
}

fn keep(run: &Run<'_>, units: &mut Units, index: usize, fetched: Result<Tarball, FetchError>) {
    let Some(unit) = units.all.get_mut(index) else { return };
    let kept = match fetched {
        Ok(tarball) => run.sources.keep(tarball, unit.integrity.as_ref()).map_err(|error| Missing {
            why: format!("it was fetched, but could not be kept: {error}"),
            hint: "free some space in the temporary folder, or name another cache folder with --cache-dir".to_owned(),
            mismatch: None,
            fetch: false,
        }),
        Err(error) => Err(not_fetched(&error)),
    };
    match kept {
        Ok(integrity) => {
            unit.missing = None;
            unit.fetched = Some(integrity);
        }
        Err(missing) => unit.missing = Some(missing),
    }
}
