//! `vetch intel`: threat intelligence in the state folder.

mod campaign;
mod indicator;
mod show;
mod snapshot;
mod taxii;
mod technique;
mod vex;

use std::path::{Path, PathBuf};

use vetch_engine::Cancel;
use vetch_engine::intel::update::{self, DEFAULT_MIRROR, UpdateError, UpdateOptions};
use vetch_intel::{ImportError, IntelStore, SourceReport, StoreError, Trust, Watcher};
use vetch_model::history::Time;
use vetch_report::escape::terminal;

pub(super) use technique::Techniques;

use super::{settings, surroundings};
use crate::args::{Global, IntelArgs, IntelCommand};
use crate::exit::{Exit, Failure};
use crate::progress::Reporter;
use crate::{interrupt, message, output};

/// Imports, tells, finds.
pub(crate) fn run(arguments: &IntelArgs, global: &Global) -> Result<Exit, Failure> {
    let folder = folder(arguments.intel.as_ref())?;
    match &arguments.command {
        IntelCommand::Import { paths, keys, allow_older } => {
            import(&folder, paths, &snapshot::trust(paths, keys, *allow_older)?, global)
        }
        IntelCommand::Pack { output, key } => snapshot::pack(&folder, output, key.as_deref(), global),
        IntelCommand::Key { output, no_password } => snapshot::key(output, !no_password),
        IntelCommand::Update { mirror, taxii, offline } => {
            update(&folder, mirror.as_deref(), taxii.as_deref(), *offline, global)
        }
        IntelCommand::Taxii { server, offline, format } => taxii::list(server.as_deref(), *offline, *format),
        IntelCommand::Status { format } => show::status(&folder, *format),
        IntelCommand::Search { text, limit, format } => show::search(&folder, text, usize::from(*limit), *format),
        IntelCommand::Show { id, format } => show::show(&folder, id, *format),
    }
}

fn folder(given: Option<&PathBuf>) -> Result<PathBuf, Failure> {
    given.cloned().or_else(surroundings::state_folder).ok_or_else(|| {
        Failure::new("there is no home folder to keep threat intelligence in", "set HOME, or pass --intel DIR")
    })
}

/// The store to read from.
fn opened(folder: &Path) -> Result<IntelStore, Failure> {
    match IntelStore::open(folder) {
        Ok(Some(store)) => Ok(store),
        Ok(None) => Err(Failure::new(
            format!("there is no threat intelligence in `{}`", folder.display()),
            "`vetch intel import PATH` brings it",
        )),
        Err(error) => Err(failed(folder, &error)),
    }
}

fn failed(folder: &Path, error: &StoreError) -> Failure {
    Failure::new(format!("cannot use the threat intelligence in `{}`: {error}", folder.display()), error.hint())
}

/// Shows how far it is, and listens for Ctrl-C.
struct Following {
    progress: Reporter,
    cancel: Cancel,
}

impl Watcher for Following {
    fn read(&mut self, source: &str, records: u64) {
        self.progress.counted(records, source);
    }

    fn is_cancelled(&self) -> bool {
        self.cancel.is_cancelled()
    }
}

fn import(folder: &Path, paths: &[PathBuf], trust: &Trust, global: &Global) -> Result<Exit, Failure> {
    let (mut store, aside) = IntelStore::create(folder).map_err(|error| failed(folder, &error))?;
    if let Some(aside) = aside {
        message::note(&format!("what was there is damaged, and is begun anew; the old file is `{}`", aside.display()));
    }
    let mut following = Following { progress: Reporter::new(global), cancel: interrupt::watch()? };
    let now = Time(jiff::Timestamp::now().as_second());
    let imported = store.import_trusting(paths, trust, now, &mut following);
    following.progress.finish();
    let report = imported.map_err(|error| match error {
        ImportError::Store(error) => failed(folder, &error),
        ImportError::Cancelled => {
            Failure { message: error.to_string(), hint: "run the same command again".to_owned(), exit: Exit::Cancelled }
        }
        ImportError::Source { .. } => Failure::new(error.to_string(), error.hint()),
    })?;
    tell(&report.sources)
}

/// The mirror and the servers of TAXII, or only what was named. Each is asked, whatever became of the other.
fn update(
    folder: &Path,
    mirror: Option<&str>,
    server: Option<&str>,
    is_offline: bool,
    global: &Global,
) -> Result<Exit, Failure> {
    if is_offline {
        return Err(Failure::new(
            "an update needs the network, which --offline switches off",
            "fetch the zips elsewhere, and take them in with `vetch intel import`",
        ));
    }
    let asks_servers = mirror.is_none() && (server.is_some() || taxii::is_configured()?);
    let mut following = Following { progress: Reporter::new(global), cancel: interrupt::watch()? };
    let from_mirror = match server {
        None => from_mirror(folder, mirror, &mut following),
        Some(_) => Ok(Vec::new()),
    };
    let is_cancelled = following.cancel.is_cancelled();
    let outcome = (asks_servers && !is_cancelled).then(|| taxii::update(folder, server, &mut following)).transpose();
    following.progress.finish();
    let mut failure = None;
    let mut sources = from_mirror.unwrap_or_else(|error| {
        failure = Some(error);
        Vec::new()
    });
    let errors = match outcome {
        Ok(outcome) => {
            let outcome = outcome.unwrap_or_default();
            sources.extend(outcome.reports);
            taxii::ended(outcome.errors)
        }
        Err(error) => Err(error),
    };
    if !sources.is_empty() {
        tell(&sources)?;
    }
    match (failure, errors) {
        (Some(first), Err(second)) => {
            message::error(&first.message, &first.hint);
            Err(second)
        }
        (Some(failure), Ok(())) => Err(failure),
        (None, errors) => errors.map(|()| Exit::Passed),
    }
}

fn from_mirror(folder: &Path, mirror: Option<&str>, following: &mut Following) -> Result<Vec<SourceReport>, Failure> {
    let mirror = match mirror {
        Some(mirror) => mirror.to_owned(),
        None => settings::load()?.mirror.unwrap_or_else(|| DEFAULT_MIRROR.to_owned()),
    };
    let options = UpdateOptions {
        folder: folder.to_owned(),
        mirror,
        home: surroundings::home(),
        environment: surroundings::environment(),
        now: Time(jiff::Timestamp::now().as_second()),
    };
    let cancel = following.cancel.clone();
    update::update(&options, &cancel, following).map_err(|error| {
        let is_cancelled = matches!(error, UpdateError::Cancelled | UpdateError::Import(ImportError::Cancelled));
        let exit = if is_cancelled { Exit::Cancelled } else { Exit::Error };
        Failure { message: error.to_string(), hint: error.hint().to_owned(), exit }
    })
}

/// What came of it: problems on standard error, the counts on standard output.
fn tell(sources: &[SourceReport]) -> Result<Exit, Failure> {
    problems(sources);
    let lines: Vec<String> = sources.iter().map(|source| format!("{}\n", line(source))).collect();
    output::print(lines.concat().as_bytes())?;
    Ok(Exit::Passed)
}

/// What was broken, on standard error.
fn problems(sources: &[SourceReport]) {
    for source in sources {
        for named in &source.named {
            message::incomplete(&format!("`{}`: {}", named.place, named.why));
        }
        let left = (source.failed + source.partial).saturating_sub(source.named.len() as u64);
        if left > 0 {
            message::incomplete(&format!("and {left} more in `{}`", source.path));
        }
    }
}

/// `all.zip: 2661 records added, 0 updated, …`; what there is none of is left out.
fn line(source: &SourceReport) -> String {
    if let Some((manifest, origin)) = &source.snapshot {
        return format!("{}: {}", terminal(&source.path), snapshot::taken(manifest, origin));
    }
    let counts = [
        (source.added, "added"),
        (source.updated, "updated"),
        (source.unchanged, "known already"),
        (source.foreign, "about other ecosystems, passed over"),
        (source.unnumbered, "without a number yet, passed over"),
        (source.failed, "broken"),
        (source.partial, "understood in part"),
        (source.exploited, "exploited vulnerabilities"),
        (source.probabilities, "probabilities of exploitation"),
        (source.indicators, "indicators"),
        (source.techniques, "techniques of ATT&CK"),
        (source.replaced, "indicators replaced or taken back"),
        (source.known, "documents of indicators known already"),
        (source.statements, "judgements (VEX)"),
        (source.statements_replaced, "judgements replaced"),
        (source.older, "documents of judgements known in a newer form"),
        (source.passed_over, "objects that are no indicators, passed over"),
    ];
    let words: Vec<String> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let words = if words.is_empty() { "no records".to_owned() } else { words.join(", ") };
    format!("{}: {words}", terminal(&source.path))
}
