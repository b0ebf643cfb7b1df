//! `vetch scan`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use vetch_engine::policy::{PolicyOptions, TrustStore, judge};
use vetch_engine::{CacheMode, EngineError, Progress, ScanOptions};
use vetch_model::Verdict;
use vetch_model::scan::Scan;
use vetch_report::{Style, ToolInfo, json, markdown, sarif, terminal};

use super::{rules, surroundings};
use crate::args::{Format, Global, ScanArgs};
use crate::exit::{Exit, Failure};
use crate::output::{self, OutputFile};
use crate::progress::Reporter;
use crate::{interrupt, screen};

/// Scans, writes the report, and says how it ends.
pub(crate) fn run(arguments: &ScanArgs, global: &Global) -> Result<Exit, Failure> {
    let file = arguments.output.as_deref().map(OutputFile::new).transpose()?;
    let cancel = interrupt::watch()?;
    let progress = Reporter::new(global);
    let options = options(arguments, &progress)?;
    let result = vetch_engine::scan(&options, &progress, &cancel);
    let reached = progress.reached();
    progress.finish();
    let report = result.map_err(|error| failed(error, &reached, arguments.no_cache))?;
    let style = if file.is_some() { screen::file_style(global) } else { screen::stdout_style(global) };
    let style = Style { only_findings: arguments.only_findings, ..style };
    let write = |out: &mut dyn Write| write_report(arguments.format, &report.scan, style, out);
    match file {
        Some(file) => file.write(write)?,
        None => {
            let mut bytes = Vec::new();
            write(&mut bytes).map_err(|error| Failure::new(format!("cannot make the report: {error}"), ""))?;
            output::print(&bytes)?;
        }
    }
    Ok(Exit::from(judge(&report.scan, &report.gates)))
}

fn failed(error: EngineError, reached: &str, no_cache: bool) -> Failure {
    if !matches!(error, EngineError::Cancelled) {
        return Failure::from(error);
    }
    let kept = if no_cache { "" } else { "; what was analysed is in the cache and need not be done again" };
    Failure {
        message: format!("stopped {reached}; nothing was judged and no report was written"),
        hint: format!("run the same command again for a result{kept}"),
        exit: Exit::Cancelled,
    }
}

fn options(arguments: &ScanArgs, progress: &dyn Progress) -> Result<ScanOptions, Failure> {
    let mut targets = arguments.targets.clone();
    if targets.is_empty() {
        targets.push(PathBuf::from("."));
    }
    let cache = match arguments.no_cache {
        true => CacheMode::Off,
        false => CacheMode::Dir(surroundings::cache_folder(arguments.cache_dir.as_ref())?),
    };
    let trust_project = trust(arguments.trust_project, &targets, progress);
    Ok(ScanOptions {
        targets,
        offline: arguments.offline,
        archives: arguments.archives.clone(),
        cache,
        jobs: arguments.jobs.map(usize::from),
        policy: PolicyOptions {
            file: arguments.config.clone(),
            revision: arguments.policy_from.clone(),
            fail_on: arguments.fail_on.map(Verdict::from),
            allow_incomplete: arguments.allow_incomplete,
        },
        trust_project,
        home: surroundings::home(),
        environment: surroundings::environment(),
        today: jiff::Zoned::now().date(),
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

fn write_report(format: Format, scan: &Scan, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let tool =
        ToolInfo { version: env!("CARGO_PKG_VERSION").to_owned(), analysis: vetch_engine::ANALYSIS_VERSION.to_owned() };
    let rules = rules::all();
    match format {
        Format::Terminal => out.write_all(terminal::render(scan, &rules, style).as_bytes()),
        Format::Json if style.only_findings => json::write_findings(scan, &tool, out),
        Format::Json => json::write(scan, &tool, out),
        Format::Sarif => {
            let root = std::env::current_dir().ok();
            sarif::write(scan, &rules, &tool, root.as_deref().and_then(Path::to_str), out)
        }
        Format::Markdown => out.write_all(markdown::render(scan).as_bytes()),
    }
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
