//! What is told of a comparison, in order and in words: behaviour first.

use std::collections::BTreeSet;

use vetch_model::capability::Capability;
use vetch_model::change::{Change, FileChange};
use vetch_model::evidence::{Evidence, Location};
use vetch_model::history::{Channel, HistoricRelease, History, SignalSource, Time};

use super::{ChangeView, Published};
use crate::label::size;

/// Most rows of one section.
const MAX_ROWS: usize = 40;

/// Files named of one kind.
const MAX_FILES: usize = 6;

/// What became of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    New,
    Gone,
    Other,
}

impl Mark {
    pub(super) const fn sign(self) -> &'static str {
        match self {
            Mark::New => "+",
            Mark::Gone => "-",
            Mark::Other => "~",
        }
    }
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) mark: Mark,
    pub(super) text: String,
    /// `file:line`; empty if it has none.
    pub(super) place: String,
    /// The line of source; empty if there is none.
    pub(super) source: String,
}

/// Differences of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) heading: &'static str,
    pub(super) rows: Vec<Row>,
    /// Rows that are not shown.
    pub(super) left_out: usize,
}

/// Everything that differs, empty sections left out.
pub(super) fn sections(view: &ChangeView<'_>) -> Vec<Section> {
    let mut all = Vec::new();
    let mut add = |heading, rows: Vec<Row>| {
        let left_out = rows.len().saturating_sub(MAX_ROWS);
        if !rows.is_empty() {
            all.push(Section { heading, rows: rows.into_iter().take(MAX_ROWS).collect(), left_out });
        }
    };
    if let Some(change) = view.change {
        add("What it does", behaviour(change));
        add("What runs when it is installed", commands(change));
        add("What it brings along", dependencies(change));
        add("What its files look like", files(change));
    }
    if let Some(published) = &view.published {
        add("How it was published", publishing(published));
    }
    if let Some(change) = view.change {
        add("What it says of itself", fields(change));
    }
    all
}

fn row(mark: Mark, text: impl Into<String>) -> Row {
    Row { mark, text: text.into(), place: String::new(), source: String::new() }
}

fn shown(mark: Mark, text: impl Into<String>, evidence: &Evidence) -> Row {
    let source = match evidence {
        Evidence::Code { excerpt, .. } => excerpt.trim().to_owned(),
        _ => String::new(),
    };
    Row { place: place(evidence.location()), source, ..row(mark, text) }
}

fn place(location: &Location) -> String {
    match location.line {
        0 => location.file.clone(),
        line => format!("{}:{line}", location.file),
    }
}

fn behaviour(change: &Change) -> Vec<Row> {
    let words = |capability: &Capability| {
        let note = capability.evidence.note().trim();
        let said = if note.is_empty() { String::new() } else { format!(": {note}") };
        format!("{} ({}){said}", capability.label(), capability.trigger)
    };
    let mut rows: Vec<Row> =
        change.gained.iter().map(|capability| shown(Mark::New, words(capability), &capability.evidence)).collect();
    rows.extend(change.flows.iter().map(|flow| {
        let text = format!("{} → {} ({})", flow.source.label(), flow.sink.label(), flow.trigger);
        shown(Mark::New, text, &flow.sink.evidence)
    }));
    rows.extend(change.lost.iter().map(|capability| row(Mark::Gone, words(capability))));
    rows
}

fn commands(change: &Change) -> Vec<Row> {
    let text = |event: &str, command: &str| format!("{event}: {command}");
    let new = change
        .commands
        .iter()
        .map(|it| Row { place: place(&it.location), ..row(Mark::New, text(&it.event, &it.command)) });
    let gone = change.former_commands.iter().map(|it| row(Mark::Gone, text(&it.event, &it.command)));
    new.chain(gone).collect()
}

fn dependencies(change: &Change) -> Vec<Row> {
    let imported: BTreeSet<&str> = change.imports.iter().map(|import| import.name.as_str()).collect();
    let mut rows: Vec<Row> = change
        .dependencies
        .iter()
        .map(|(name, before, now)| match (before, now) {
            (None, Some(range)) => {
                let use_of = if imported.contains(name.as_str()) { "" } else { ", which no file of it newly imports" };
                row(Mark::New, format!("{name} {range}{use_of}"))
            }
            (Some(range), None) => row(Mark::Gone, format!("{name} {range}")),
            (before, now) => {
                let text = |range: &Option<String>| range.clone().unwrap_or_default();
                row(Mark::Other, format!("{name} {} → {}", text(before), text(now)))
            }
        })
        .collect();
    let asked: BTreeSet<&str> = change.dependencies.iter().map(|(name, ..)| name.as_str()).collect();
    let undeclared = change.imports.iter().filter(|import| !asked.contains(import.name.as_str()));
    rows.extend(
        undeclared
            .map(|import| Row { place: place(&import.location), ..row(Mark::New, format!("imports {}", import.name)) }),
    );
    rows
}

fn files(change: &Change) -> Vec<Row> {
    let mut rows: Vec<Row> = change
        .signals
        .iter()
        .map(|signal| {
            let note = signal.evidence.note().trim();
            let words = if note.is_empty() { signal.kind.to_string() } else { format!("{}: {note}", signal.kind) };
            shown(Mark::New, words, &signal.evidence)
        })
        .collect();
    if change.layers.1 > change.layers.0 {
        let (before, now) = change.layers;
        rows.push(row(Mark::New, format!("code that is decoded before it runs: {before} → {now} layers")));
    }
    rows.extend(change.reached.iter().map(|file| row(Mark::New, format!("{file} is run or loaded"))));
    rows.extend(contents(&change.contents));
    let (before, now) = (change.files, change.bytes);
    if before.0 != before.1 || now.0 != now.1 {
        let text = format!("{} → {} files, {} → {}", before.0, before.1, size(now.0), size(now.1));
        rows.push(row(Mark::Other, text));
    }
    rows
}

/// Files by what became of them, the first few by name; those that are no longer the same file by themselves.
fn contents(all: &[FileChange]) -> Vec<Row> {
    // What manifests say is told field by field.
    let is_manifest = |path: &str| {
        ["package.json", "PKG-INFO"].contains(&path) || path.contains(".dist-info/") || path.contains(".egg-info/")
    };
    let all: Vec<&FileChange> = all.iter().filter(|file| !is_manifest(&file.path)).collect();
    let jumps = all.iter().filter(|file| file.is_jump()).map(|file| {
        let (before, now) = (size(file.before.unwrap_or_default()), size(file.now.unwrap_or_default()));
        row(Mark::New, format!("{} grew from {before} to {now}", file.path))
    });
    let named = |words: &str, mark: Mark, is_meant: &dyn Fn(&FileChange) -> bool| {
        let files: Vec<&str> = all.iter().filter(|file| is_meant(file)).map(|file| file.path.as_str()).collect();
        let more = files.len().saturating_sub(MAX_FILES);
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        let first = files.get(..MAX_FILES.min(files.len())).unwrap_or_default().join(", ");
        (!files.is_empty()).then(|| row(mark, format!("{words}: {first}{rest}")))
    };
    let rows = [
        named("new code", Mark::New, &|file| file.before.is_none()),
        named("changed code", Mark::Other, &|file| file.before.is_some() && file.now.is_some()),
        named("code that is gone", Mark::Gone, &|file| file.now.is_none()),
    ];
    jumps.chain(rows.into_iter().flatten()).collect()
}

fn fields(change: &Change) -> Vec<Row> {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
    let fields = change.fields.iter();
    fields.map(|(name, before, now)| row(Mark::Other, format!("{name}: {} → {}", text(before), text(now)))).collect()
}

fn publishing(published: &Published<'_>) -> Vec<Row> {
    let Published { history, old, new } = published;
    let mut rows = Vec::new();
    let mut field = |name: &str, value: &dyn Fn(&HistoricRelease) -> Option<String>| {
        let (before, now) = (old.and_then(value), value(new));
        let text = match (&before, &now) {
            (_, None) if before.is_none() => return,
            (Some(before), Some(now)) if before == now => return,
            (Some(before), now) => format!("{name}: {before} → {}", now.as_deref().unwrap_or("nothing")),
            (None, now) => format!("{name}: {}", now.as_deref().unwrap_or("nothing")),
        };
        rows.push(row(if before.is_some() { Mark::Other } else { Mark::New }, text));
    };
    // What the registry strips or falsifies is not shown as if it were so.
    let told = |source, value: Option<String>| value.filter(|_| history.tells(source));
    field("published", &|release| told(SignalSource::Times, release.published.map(moment)));
    field("by", &|release| publisher(history, release));
    field("provenance", &|release| {
        told(SignalSource::Provenance, Some(if release.has_provenance { "yes" } else { "no" }.to_owned()))
    });
    field("commit", &|release| release.commit.clone());
    field("maintainers", &|release| {
        let names: Vec<&str> =
            release.maintainers.iter().filter_map(|index| Some(history.account(*index)?.name.as_str())).collect();
        (!names.is_empty()).then(|| names.join(", "))
    });
    field("deprecated", &|release| release.deprecated.clone());
    rows
}

fn publisher(history: &History, release: &HistoricRelease) -> Option<String> {
    let account = history.publisher(release).map(|account| format!("{} <{}>", account.name, account.email));
    match &release.channel {
        Channel::Trusted { provider, .. } if provider.is_empty() => Some("a trusted publisher".to_owned()),
        Channel::Trusted { provider, .. } => Some(format!("a trusted publisher ({provider})")),
        Channel::Account | Channel::Unknown => account,
    }
}

/// A moment in UTC, to the second.
pub(super) fn moment(time: Time) -> String {
    jiff::Timestamp::from_second(time.0).map_or_else(|_| time.0.to_string(), |moment| moment.to_string())
}
