//! `vetch lock`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use vetch_engine::ScanReport;
use vetch_engine::lock::{self, LockError, LockFile, Present};
use vetch_engine::policy::suggest::nearest;
use vetch_engine::policy::{Judgement, judge, judge_release};
use vetch_graph::Selector;
use vetch_model::Purl;
use vetch_model::lock::{BehaviourLock, FILE_NAME, LockCheck};
use vetch_model::scan::ReleaseResult;
use vetch_report::lock::{Deed, LockView, LockedFolder};
use vetch_report::release_label;

use super::scanning;
use crate::args::{Global, LockArgs, LockFormat};
use crate::exit::{Exit, Failure};
use crate::output::{self, OutputFile};
use crate::progress::Reporter;
use crate::{message, screen};

/// Releases named in an error.
const MAX_NAMED: usize = 5;

/// Scans, compares with what is locked, writes the lock unless it is only checked, and tells what is new.
pub(crate) fn run(arguments: &LockArgs, global: &Global) -> Result<Exit, Failure> {
    let file = arguments.output.as_deref().map(OutputFile::new).transpose()?;
    let progress = Reporter::new(global);
    let target = arguments.target.clone().unwrap_or_else(|| PathBuf::from("."));
    let options = scanning::options(&[target], &arguments.contents, &arguments.policy, &progress)?;
    let report = scanning::scan(&options, progress)?;
    let present = lock::present(&report)?;
    if present.is_empty() {
        let hint = "a vetch.lock belongs beside a project's lockfile: name the project's folder";
        return Err(Failure::new("there is no project in the target that has dependencies", hint));
    }
    let mut folders = present.iter().map(|one| Folder::open(one, arguments)).collect::<Result<Vec<_>, _>>()?;
    if !arguments.accept.is_empty() {
        accept(&mut folders, &arguments.accept)?;
    }
    let bad = bad_releases(&report, &folders, arguments);
    if !arguments.check && bad.is_empty() {
        folders.iter_mut().try_for_each(Folder::write)?;
    }
    if arguments.check || bad.is_empty() {
        tell(arguments, global, file, &report, &folders)?;
    }
    if !bad.is_empty() {
        return Err(refused(&bad, arguments.check));
    }
    let is_failing = arguments.check && folders.iter().any(|folder| folder.check.is_failing());
    let is_incomplete = judge(&report.scan, &report.gates) == Judgement::Incomplete;
    Ok(match (is_failing, is_incomplete) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::Incomplete,
        (false, false) => Exit::Passed,
    })
}

/// One project's folder, its lock as it is, and as it is to be.
struct Folder<'p> {
    present: &'p Present,
    shown: String,
    before: Option<LockFile>,
    check: LockCheck,
    wanted: BehaviourLock,
    deed: Deed,
    /// There is a file, but what it says cannot be used.
    is_replaced: bool,
}

impl<'p> Folder<'p> {
    fn open(present: &'p Present, arguments: &LockArgs) -> Result<Folder<'p>, Failure> {
        let shown = shown(&present.folder.join(FILE_NAME));
        let must_be_there = arguments.check || !arguments.accept.is_empty();
        let (before, is_replaced) = match lock::read(&present.folder, &shown) {
            Ok(None) if must_be_there => {
                let hint = "run `vetch lock`, read what it writes, and commit it";
                return Err(Failure::new(format!("there is no `{shown}`"), hint));
            }
            Ok(before) => (before, false),
            Err(error) if !must_be_there && error.may_be_replaced() => {
                message::note(&format!("what is there cannot be used, and is written anew: {error}"));
                (None, true)
            }
            Err(error) => return Err(failed(&error)),
        };
        let locked = before.as_ref().map(|before| &before.lock);
        let check = lock::compare(locked.unwrap_or(&BehaviourLock::default()), present);
        let wanted = present.to_write(locked);
        Ok(Folder { present, shown, before, check, wanted, deed: Deed::Checked, is_replaced })
    }

    fn view(&self) -> LockedFolder<'_> {
        LockedFolder {
            file: self.shown.clone(),
            deed: self.deed,
            lock: &self.wanted,
            check: &self.check,
            results: &self.present.results,
        }
    }

    fn write(&mut self) -> Result<(), Failure> {
        let text = lock::write(&self.wanted);
        self.deed = match &self.before {
            Some(before) if before.text == text => Deed::Unchanged,
            Some(_) => Deed::Updated,
            None if self.is_replaced => Deed::Updated,
            None => Deed::Created,
        };
        if self.deed != Deed::Unchanged {
            let file = OutputFile::new(&self.present.folder.join(FILE_NAME))?;
            file.write(|out| out.write_all(text.as_bytes()))?;
        }
        Ok(())
    }
}

fn failed(error: &LockError) -> Failure {
    Failure::new(error.to_string(), error.hint())
}

/// The path as a user in the current folder would name it.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().and_then(|here| here.canonicalize()).ok();
    let relative = here.as_deref().and_then(|here| path.strip_prefix(here).ok());
    relative.unwrap_or(path).display().to_string()
}

/// Leaves of what is new only what is accepted.
fn accept(folders: &mut [Folder<'_>], packages: &[String]) -> Result<(), Failure> {
    for folder in folders.iter_mut() {
        folder.wanted = folder.before.as_ref().map(|before| before.lock.clone()).unwrap_or_default();
    }
    for package in packages {
        let mut is_known = false;
        for folder in folders.iter_mut() {
            if let Some(accepted) = lock::accept(&folder.wanted, folder.present, package) {
                folder.wanted = accepted;
                is_known = true;
            }
        }
        if !is_known {
            return Err(unknown(package, folders));
        }
    }
    for folder in folders {
        let left = lock::compare(&folder.wanted, folder.present);
        folder.check.changes.retain(|change| is_meant(&change.purl, packages));
        folder.check.removed.retain(|purl| is_meant(purl, packages));
        if left.is_failing() {
            let shown = &folder.shown;
            message::note(&format!("there is more that `{shown}` does not have; `vetch lock --check` tells"));
        }
    }
    Ok(())
}

fn is_meant(purl: &Purl, packages: &[String]) -> bool {
    packages.iter().any(|package| Selector::parse(package).means(purl))
}

fn unknown(package: &str, folders: &[Folder<'_>]) -> Failure {
    let names = folders.iter().flat_map(|folder| folder.present.lock.releases.keys().map(lock::name_of));
    let names: Vec<String> = names.collect();
    let hint = match nearest(package, names.iter().map(String::as_str)) {
        Some(name) => format!("did you mean `{name}`?"),
        None => "`vetch lock --check` lists what there is to accept".to_owned(),
    };
    Failure::new(format!("there is no package `{package}` in the target"), hint)
}

/// Releases that fail the policy and would be locked: all, or those that are to be accepted.
fn bad_releases<'r>(report: &'r ScanReport, folders: &[Folder<'_>], arguments: &LockArgs) -> Vec<&'r ReleaseResult> {
    let is_asked = |result: &ReleaseResult| arguments.accept.is_empty() || is_meant(&result.purl, &arguments.accept);
    let is_locked = |result: &ReleaseResult| folders.iter().any(|it| it.wanted.releases.contains_key(&result.purl));
    let fails = |result: &ReleaseResult| judge_release(result, &report.gates) == Judgement::Failed;
    report.scan.releases.iter().filter(|result| is_locked(result) && is_asked(result) && fails(result)).collect()
}

fn refused(bad: &[&ReleaseResult], is_check: bool) -> Failure {
    let named =
        bad.iter().take(MAX_NAMED).map(|result| format!("`{}` is {}", release_label(&result.purl), result.verdict));
    let mut named = named.collect::<Vec<_>>().join(", ");
    if bad.len() > MAX_NAMED {
        named.push_str(&format!(", and {} more", bad.len() - MAX_NAMED));
    }
    let consequence = if is_check { "" } else { "; nothing was written, because a lock would approve of it" };
    Failure {
        message: format!("{named}{consequence}"),
        hint: "`vetch scan` tells why and what to do; what is wrong about it is excepted in vetch.toml".to_owned(),
        exit: Exit::Failed,
    }
}

fn tell(
    arguments: &LockArgs,
    global: &Global,
    file: Option<OutputFile>,
    report: &ScanReport,
    folders: &[Folder<'_>],
) -> Result<(), Failure> {
    let view = LockView { scan: &report.scan, folders: folders.iter().map(Folder::view).collect() };
    let style = if file.is_some() { screen::file_style(global) } else { screen::stdout_style(global) };
    let write = |out: &mut dyn Write| -> io::Result<()> {
        match arguments.format {
            LockFormat::Terminal => out.write_all(vetch_report::lock::terminal(&view, style).as_bytes()),
            LockFormat::Markdown => out.write_all(vetch_report::lock::markdown(&view).as_bytes()),
            LockFormat::Json => vetch_report::lock::write_json(&view, &scanning::tool(), out),
        }
    };
    output::write(file, write)
}
