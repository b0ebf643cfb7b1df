//! `vetch diff OLD NEW`.

mod own;
mod releases;
mod review;
mod source;

use std::io::{self, Write};
use std::path::Path;

use vetch_engine::map::git::{Revision, split_path};
use vetch_engine::map::{self, Map};
use vetch_engine::own_source::{self, Source};
use vetch_graph::compare::compare;
use vetch_model::inventory::Inventory;
use vetch_report::comparison::{self, DiffView};
use vetch_report::graph::MapFile;

use super::scanning::tool;
use crate::args::{DiffArgs, DiffFormat, Global};
use crate::exit::{Exit, Failure};
use crate::output::{self, OutputFile};
use crate::{message, screen};

/// Compares, and says whether what changed needs a look.
pub(crate) fn run(arguments: &DiffArgs, global: &Global) -> Result<Exit, Failure> {
    if let Some(releases) = releases::meant(arguments)? {
        return releases::run(&releases, arguments, global);
    }
    let file = arguments.output.as_deref().map(OutputFile::new).transpose()?;
    let [old, new] = sides(&arguments.old, arguments.new.as_deref())?;
    let comparison = compare(&old.inventory, &new.inventory);
    let review = match arguments.review {
        true => Some(review::run(&comparison, [&old.inventory, &new.inventory], arguments, global)?),
        false => None,
    };
    let reviews = review.as_ref().map(review::Review::views);
    let sources = match (&old.origin, &new.origin) {
        (Some(old), Some(new)) if !arguments.no_source => Some([old.source()?, new.source()?]),
        _ => None,
    };
    let own = sources.as_ref().map(|[old, new]| own::run(old, new, arguments, global)).transpose()?;
    let own = own.as_ref().map(own::Own::views);
    let view = DiffView {
        old: old.view(),
        new: new.view(),
        comparison: &comparison,
        reviews: reviews.as_deref(),
        own: own.as_deref(),
    };
    let style = if file.is_some() { screen::file_style(global) } else { screen::stdout_style(global) };
    let write = |out: &mut dyn Write| -> io::Result<()> {
        match arguments.format {
            DiffFormat::Terminal => out.write_all(comparison::terminal(&view, style).as_bytes()),
            DiffFormat::Markdown => out.write_all(comparison::markdown(&view).as_bytes()),
            DiffFormat::Json => comparison::write_json(&view, &tool(), out),
            DiffFormat::Html => Err(io::Error::other("only two releases are compared as HTML")),
        }
    };
    output::write(file, write)?;
    let ignored = old.map.ignored.len().max(new.map.ignored.len());
    if ignored > 0 && !global.quiet {
        message::note(&format!(
            "{ignored} lockfiles or manifests are left out by ignore files; `vetch graph` names them"
        ));
    }
    let releases = || reviews.iter().chain(&own).flatten().map(|view| view.new);
    let is_alarming =
        comparison.is_alarming() || releases().any(|release| release.verdict >= vetch_model::Verdict::Suspicious);
    let is_known = releases().all(|release| release.incomplete.is_empty());
    let is_read = sources.iter().flatten().all(|source| source.incomplete.is_empty());
    let is_whole = old.map.incomplete.is_empty() && new.map.incomplete.is_empty() && is_known && is_read;
    Ok(match (is_alarming, is_whole || arguments.allow_incomplete) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::Passed,
        (false, false) => Exit::Incomplete,
    })
}

/// One of the two, read.
struct Side {
    shown: String,
    commit: Option<String>,
    map: Map,
    inventory: Inventory,
    files: Vec<MapFile>,
    /// Where the project's own files are, where two times of one project are compared.
    origin: Option<Origin>,
}

/// Where the project's own files are to be had.
enum Origin {
    /// Below this path of the repository.
    Revision(Box<Revision>, String),
    /// On disk.
    Folder(String),
}

impl Origin {
    fn source(&self) -> Result<Source, Failure> {
        Ok(match self {
            Origin::Revision(revision, path) => revision.source(path)?,
            Origin::Folder(path) => own_source::of_folder(Path::new(path))?,
        })
    }
}

impl Side {
    fn new(shown: &str, commit: Option<String>, map: Map, origin: Option<Origin>) -> Side {
        let file = |reading: &vetch_lockfiles::Reading| MapFile {
            file: reading.inventory.file.clone(),
            format: reading.format.as_str().to_owned(),
            version: reading.format_version.clone(),
            packages: reading.inventory.packages.len(),
        };
        let (inventory, files) = (map.inventory(), map.readings.iter().map(file).collect());
        Side { shown: shown.to_owned(), commit, map, inventory, files, origin }
    }

    fn view(&self) -> comparison::Side<'_> {
        comparison::Side {
            target: &self.shown,
            commit: self.commit.as_deref(),
            inventory: &self.inventory,
            files: &self.files,
            incomplete: &self.map.incomplete,
        }
    }
}

/// What an argument means. A path that is there is a path, whatever else it could be.
#[derive(Debug, PartialEq, Eq)]
enum Operand<'a> {
    Path(&'a str),
    /// `A..B`, `A...B`.
    Range {
        left: &'a str,
        right: &'a str,
        from_merge_base: bool,
    },
    Revision(&'a str),
}

fn operand(text: &str, exists: impl Fn(&str) -> bool) -> Result<Operand<'_>, Failure> {
    if exists(text) {
        return Ok(Operand::Path(text));
    }
    if ["npm:", "pypi:", "pkg:"].iter().any(|prefix| text.starts_with(prefix)) {
        return Err(Failure::new(
            format!("the release `{text}` can only be compared with another release"),
            "name two releases, e.g. `vetch diff npm:a@1.0.0 npm:a@1.0.1`, or one with --previous",
        ));
    }
    let is_path = text.starts_with(['/', '.', '~']) && !text.starts_with("..") || text.starts_with("../");
    if is_path || text.is_empty() {
        let hint = "check the path; git revisions are named as git does, e.g. `main` or `HEAD~3:web`";
        return Err(Failure::new(format!("there is no `{text}`"), hint));
    }
    let or_head = |text| if str::is_empty(text) { "HEAD" } else { text };
    let (revision, _) = split_path(text);
    if let Some((left, right)) = revision.split_once("...") {
        return Ok(Operand::Range { left: or_head(left), right: or_head(right), from_merge_base: true });
    }
    Ok(match revision.split_once("..") {
        Some((left, right)) => Operand::Range { left: or_head(left), right: or_head(right), from_merge_base: false },
        None => Operand::Revision(text),
    })
}

/// Reads both sides.
fn sides(old: &str, new: Option<&str>) -> Result<[Side; 2], Failure> {
    let exists = |text: &str| Path::new(text).symlink_metadata().is_ok();
    let second = new.map(|new| operand(new, exists));
    match (operand(old, exists)?, second.transpose()) {
        (Operand::Range { left, right, from_merge_base }, _) => range(left, right, from_merge_base, new.unwrap_or(".")),
        (_, Err(failure)) => Err(failure),
        (_, Ok(Some(Operand::Range { .. }))) => Err(Failure::new(
            format!("`{}` names two revisions by itself", new.unwrap_or_default()),
            "write `vetch diff A..B [TARGET]`, with the target last",
        )),
        (Operand::Path(path), Ok(None)) => Err(Failure::new(
            format!("nothing to compare `{path}` with"),
            format!(
                "name a second one, e.g. `vetch diff {path} NEW`; for what is not committed, `vetch diff HEAD {path}`"
            ),
        )),
        (Operand::Path(old), Ok(Some(Operand::Path(new)))) => Ok([of_path(old)?, of_path(new)?]),
        (Operand::Path(old), Ok(Some(Operand::Revision(new)))) => {
            let [revision, path] = path_and_revision(old, new)?;
            Ok([path, revision])
        }
        (Operand::Revision(old), Ok(Some(Operand::Path(new)))) => path_and_revision(new, old),
        (Operand::Revision(old), Ok(None)) => path_and_revision(".", old),
        (Operand::Revision(old), Ok(Some(Operand::Revision(new)))) => {
            both([revision(old, ".")?, revision(new, ".")?], ".")
        }
    }
}

fn of_path(path: &str) -> Result<Side, Failure> {
    Ok(Side::new(path, None, map::open(Path::new(path))?, None))
}

/// A revision, and what is on disk now. Where one has nothing, the other is all new.
fn path_and_revision(path: &str, name: &str) -> Result<[Side; 2], Failure> {
    let then = revision(name, path)?;
    let now = map::open_any(Path::new(path))?;
    let origin = Origin::Folder(path.to_owned());
    both([then, Opened { shown: path.to_owned(), commit: None, map: Some(now), origin }], path)
}

/// `A..B` for one target.
fn range(left: &str, right: &str, from_merge_base: bool, target: &str) -> Result<[Side; 2], Failure> {
    let then = match from_merge_base {
        true => {
            let base = Revision::merge_base(Path::new(target), left, right)?;
            let (map, within) = (base.map(base.within())?, base.within().to_owned());
            let (shown, commit) = (format!("{left}...{right}"), Some(base.commit()));
            Opened { shown, commit, map, origin: Origin::Revision(Box::new(base), within) }
        }
        false => revision(left, target)?,
    };
    both([then, revision(right, target)?], target)
}

/// One side, if there is anything at that path.
struct Opened {
    shown: String,
    commit: Option<String>,
    map: Option<Map>,
    origin: Origin,
}

/// `REV`, or `REV:PATH`, whose path is relative to the top of the repository.
fn revision(text: &str, target: &str) -> Result<Opened, Failure> {
    let (name, path) = split_path(text);
    let opened = Revision::open(Path::new(target), name)?;
    let map = match path {
        // Named by its path, it has to be there.
        Some(_) => Some(map::open_revision(Path::new(target), text)?),
        None => opened.map(opened.within())?,
    };
    let within = path.unwrap_or(opened.within()).trim_end_matches('/').to_owned();
    let (shown, commit) = (text.to_owned(), Some(opened.commit()));
    Ok(Opened { shown, commit, map, origin: Origin::Revision(Box::new(opened), within) })
}

/// What is on one side only was added or removed; what is on neither is a mistake.
fn both(sides: [Opened; 2], target: &str) -> Result<[Side; 2], Failure> {
    if sides.iter().all(|side| side.map.is_none()) {
        let [old, new] = sides.map(|side| side.shown);
        let message = format!("neither `{old}` nor `{new}` has a `{target}`");
        return Err(Failure::new(message, "check the path; it is relative to the current folder"));
    }
    Ok(sides.map(|side| Side::new(&side.shown, side.commit, side.map.unwrap_or_default(), Some(side.origin))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(text: &str) -> Result<Operand<'_>, Failure> {
        operand(text, |path| ["web", "a..b", "main:x"].contains(&path))
    }

    #[test]
    fn what_is_there_comes_first() {
        assert_eq!(meant("web"), Ok(Operand::Path("web")));
        assert_eq!(meant("a..b"), Ok(Operand::Path("a..b")));
        assert_eq!(meant("main:x"), Ok(Operand::Path("main:x")));
    }

    #[test]
    fn then_ranges_then_revisions() {
        let range = |left, right, from_merge_base| Ok(Operand::Range { left, right, from_merge_base });
        assert_eq!(meant("main..HEAD"), range("main", "HEAD", false));
        assert_eq!(meant("main.."), range("main", "HEAD", false));
        assert_eq!(meant("..topic"), range("HEAD", "topic", false));
        assert_eq!(meant("main...topic"), range("main", "topic", true));
        assert_eq!(meant("main"), Ok(Operand::Revision("main")));
        assert_eq!(meant("main:a/../b"), Ok(Operand::Revision("main:a/../b")));
    }

    #[test]
    fn the_rest_is_an_error_with_a_hint() {
        for text in ["npm:a@1.0.0", "pkg:npm/a@1.0.0", "../gone", "./gone", "/gone", ""] {
            let failure = meant(text).unwrap_err();
            assert!(!failure.hint.is_empty(), "{failure:?}");
        }
    }
}
