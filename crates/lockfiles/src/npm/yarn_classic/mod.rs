//! `yarn.lock` of Yarn 1: entries by descriptor, without the project itself.
//!
//! What the project and its workspaces ask for stands in their `package.json`;
//! which entry answers `name@range` is the entry with that descriptor. Nothing
//! says which package needs development only: that follows from the edges.
//! Format: <https://classic.yarnpkg.com/lang/en/docs/yarn-lock/>.

mod entry;
mod resolve;
mod syntax;

use vetch_model::evidence::{Location, Span};
use vetch_model::outcome::Outcome;

use super::listing::Listing;
use super::project;
use crate::error::{ReadError, ReadErrorKind, short};
use crate::files::{Files, too_large};
use crate::format::{Format, Reading, required};
use crate::installed::flags::set_flags;
use crate::json::Lines;
use entry::Locked;
use resolve::Resolver;
use syntax::Parsed;

/// Largest lockfile read, in bytes; a project of 10,000 packages has about 4 MB.
pub const MAX_BYTES: usize = 128 << 20;

const RESTORE: &str = "restore it from version control, or run `yarn install`, which adds what is missing";

/// Whether the first bytes of a `yarn.lock` are those of Yarn 1.
pub fn is_classic(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(head);
    text.contains("# yarn lockfile v") || !text.contains("__metadata:")
}

/// Reads the lockfile `file` of a tree, with the manifests of the project.
///
/// # Errors
/// When the file as a whole cannot be read: too large, no UTF-8, an unfinished
/// merge, or not one line of Yarn's. A bad entry is [`Outcome::incomplete`].
pub fn read_in(files: &dyn Files, file: &str) -> Result<Outcome<Reading>, ReadError> {
    let bytes = required(files, file, MAX_BYTES as u64)?;
    if bytes.len() > MAX_BYTES {
        return Err(too_large(file, bytes.len() as u64, MAX_BYTES as u64));
    }
    let lines = Lines::of(&bytes);
    let place = |span: Span| lines.location(file, span);
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let at = error.valid_up_to() as u32;
        let location = place(Span { start: at, end: at });
        ReadError::new(ReadErrorKind::Syntax, location, "bytes that are no UTF-8 stand here", RESTORE)
    })?;
    let parsed = syntax::parse(text);
    check(&parsed, &place)?;
    let mut listing = Listing::new(file, RESTORE);
    tell_faults(&parsed, &mut listing, &place);
    let mut project = project::read(files, file);
    let own = project.add(&mut listing)?;
    let mut entries: Vec<Locked<'_, '_>> = Vec::with_capacity(parsed.entries.len());
    for entry in &parsed.entries {
        entries.push(entry::read(files, &project, entry, &mut listing, &place)?);
    }
    Resolver::new(&project, &own, &entries, &mut listing, &place).connect(files, &mut listing, &place);
    set_flags(&mut listing.inventory);
    Ok(listing.finish(Format::YarnClassic, parsed.version.unwrap_or_default()))
}

/// What keeps the file from being read at all.
fn check(parsed: &Parsed<'_>, place: &dyn Fn(Span) -> Location) -> Result<(), ReadError> {
    if let Some(start) = parsed.conflict {
        return Err(ReadError::new(
            ReadErrorKind::Conflict,
            place(Span { start, end: start }),
            "an unfinished merge left its conflict markers here",
            "finish the merge: resolve package.json first, then run `yarn install`, which merges a lockfile by itself",
        ));
    }
    match parsed.faults.first() {
        Some(fault) if parsed.good_entries == 0 => {
            let hint = "restore it from version control, or delete it and run `yarn install`";
            let problem = format!("it is no lockfile of Yarn: {}", fault.text);
            Err(ReadError::new(ReadErrorKind::Syntax, place(fault.span), problem, hint))
        }
        _ => Ok(()),
    }
}

fn tell_faults(parsed: &Parsed<'_>, listing: &mut Listing, place: &dyn Fn(Span) -> Location) {
    match parsed.version {
        Some("1") => {}
        Some(other) => {
            let why = format!("it is of version `{}`, not 1; it was read as version 1", short(other));
            listing.report("", why, Location::file(listing.file.clone()));
        }
        None => {
            let why = "it does not begin with `# yarn lockfile v1`; it was read as version 1";
            listing.report("", why, Location::file(listing.file.clone()));
        }
    }
    for fault in &parsed.faults {
        listing.report("a line", fault.text.clone(), place(fault.span));
    }
    if parsed.more_faults > 0 {
        let why = format!("{} more lines are none of Yarn's", parsed.more_faults);
        listing.report("", why, Location::file(listing.file.clone()));
    }
}
