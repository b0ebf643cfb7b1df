//! What the commands that scan have in common: their options, and running it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use vetch_engine::policy::{PolicyOptions, TrustStore};
use vetch_engine::{CacheMode, Compare, EngineError, HistoryOptions, IntelOptions, Progress, ScanOptions, ScanReport};
use vetch_model::Verdict;
use vetch_model::history::Time;
use vetch_model::inventory::{Ecosystem, Inventory, Package, PackageId};
use vetch_report::ToolInfo;

use super::surroundings;
use crate::args::{ContentsArgs, EcosystemName, PolicyArgs};
use crate::exit::{Exit, Failure};
use crate::interrupt;
use crate::progress::Reporter;

/// Scans, until done or Ctrl-C.
pub(super) fn scan(options: &ScanOptions, progress: Reporter) -> Result<ScanReport, Failure> {
    let cancel = interrupt::watch()?;
    let result = vetch_engine::scan(options, &progress, &cancel);
    let reached = progress.reached();
    progress.finish();
    result.map_err(|error| failed(error, &reached, options))
}

/// Looks at what a change brings in, until done or Ctrl-C.
pub(super) fn review(
    inventory: Inventory,
    changed: BTreeMap<PackageId, Option<Package>>,
    options: &ScanOptions,
    progress: Reporter,
) -> Result<ScanReport, Failure> {
    let cancel = interrupt::watch()?;
    let result = vetch_engine::review(inventory, changed, options, &progress, &cancel);
    let reached = progress.reached();
    progress.finish();
    result.map_err(|error| failed(error, &reached, options))
}

fn failed(error: EngineError, reached: &str, options: &ScanOptions) -> Failure {
    if !matches!(error, EngineError::Cancelled) {
        return Failure::from(error);
    }
    let kept = if options.cache == CacheMode::Off {
        ""
    } else {
        "; what was analysed is in the cache and need not be done again"
    };
    Failure {
        message: format!("stopped {reached}; nothing was judged and no report was written"),
        hint: format!("run the same command again for a result{kept}"),
        exit: Exit::Cancelled,
    }
}

/// What a scan of these targets depends on.
pub(super) fn options(
    targets: &[PathBuf],
    contents: &ContentsArgs,
    policy: &PolicyArgs,
    progress: &dyn Progress,
) -> Result<ScanOptions, Failure> {
    let mut targets = targets.to_vec();
    if targets.is_empty() {
        targets.push(PathBuf::from("."));
    }
    let cache = match contents.no_cache {
        true => CacheMode::Off,
        false => CacheMode::Dir(surroundings::cache_folder(contents.cache_dir.as_ref())?),
    };
    let trust_project = trust(contents.trust_project, &targets, progress);
    Ok(ScanOptions {
        targets,
        ecosystem: contents.ecosystem.map(|ecosystem| match ecosystem {
            EcosystemName::Npm => Ecosystem::Npm,
            EcosystemName::Pypi => Ecosystem::Pypi,
        }),
        offline: contents.offline,
        archives: contents.archives.clone(),
        cache,
        jobs: contents.jobs.map(usize::from),
        history: history(contents)?,
        intel: intel(contents),
        rules: policy.own.rules.clone(),
        yara: policy.own.yara.clone(),
        popular: policy.own.popular.clone().or_else(surroundings::popular_list),
        policy: PolicyOptions {
            file: policy.config.clone(),
            revision: policy.policy_from.clone(),
            fail_on: policy.fail_on.map(Verdict::from),
            allow_incomplete: policy.allow_incomplete,
        },
        trust_project,
        home: surroundings::home(),
        environment: surroundings::environment(),
        today: jiff::Zoned::now().date(),
    })
}

/// Whether and which imported intelligence is used.
fn intel(contents: &ContentsArgs) -> IntelOptions {
    IntelOptions {
        is_on: !contents.no_intel,
        folder: contents.intel.clone().or_else(surroundings::state_folder),
        is_required: contents.intel.is_some(),
    }
}

/// Whether registries are asked for histories, and where those are remembered.
fn history(contents: &ContentsArgs) -> Result<HistoryOptions, Failure> {
    let moment = |text: &String| {
        let day = || text.parse::<jiff::civil::Date>().ok()?.at(23, 59, 59, 0).to_zoned(jiff::tz::TimeZone::UTC).ok();
        let time = text.parse::<jiff::Timestamp>().ok().or_else(|| Some(day()?.timestamp()));
        time.map(|time| Time(time.as_second())).ok_or_else(|| {
            Failure::new(format!("`{text}` is no moment"), "write it as 2026-03-31T00:21:00Z, or a day as 2026-03-31")
        })
    };
    let as_of = contents.as_of.as_ref().map(moment).transpose()?;
    Ok(HistoryOptions {
        is_on: !contents.no_history,
        folder: if contents.no_cache { None } else { surroundings::state_folder() },
        as_of,
        now: Time(jiff::Timestamp::now().as_second()),
        compare: Compare::WhereOdd,
    })
}

/// Whether all targets are trusted: by the flag, which is remembered, or because it was given before.
fn trust(given: bool, targets: &[PathBuf], progress: &dyn Progress) -> bool {
    let store = surroundings::state_folder().map(|folder| TrustStore::new(&folder));
    if !given {
        return store.is_some_and(|store| targets.iter().all(|target| store.is_trusted(project_of(target))));
    }
    for target in targets {
        let remembered = match &store {
            Some(store) => store.trust(project_of(target)).map_err(|error| error.to_string()),
            None => Err("there is no home folder".to_owned()),
        };
        if let Err(reason) = remembered {
            let target = target.display();
            progress.notice(&format!("`{target}` is trusted in this run, but that cannot be remembered: {reason}"));
        }
    }
    true
}

/// The folder of a target.
fn project_of(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !target.is_dir() && parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) if !target.is_dir() => parent,
        _ => target,
    }
}

/// Who writes.
pub(super) fn tool() -> ToolInfo {
    ToolInfo { version: env!("CARGO_PKG_VERSION").to_owned(), analysis: vetch_engine::ANALYSIS_VERSION.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_of_a_lockfile_is_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(project_of(folder.path()), folder.path());
        assert_eq!(project_of(&folder.path().join("package-lock.json")), folder.path());
        assert_eq!(project_of(Path::new("no-such-lock.json")), Path::new("."));
    }
}
