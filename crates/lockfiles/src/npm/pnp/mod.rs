//! Plug'n'Play: `.pnp.cjs` and `.pnp.data.json`, the map that Yarn installs
//! instead of `node_modules`.
//!
//! `packageRegistryData` lists every package by name and reference, with what
//! each of its names means. A package with peers has one *virtual* instance for
//! every set of them (`virtual:<hash>#npm:1.0.0`); here they are one package, which
//! has the edges of all. The map holds no ranges: those of the project and its
//! workspaces come from their manifests.
//! Format: <https://yarnpkg.com/advanced/pnp-spec>.

mod embedded;
mod locator;
mod registry;

use vetch_model::evidence::{Location, Span};
use vetch_model::outcome::Outcome;

use super::listing::{Listing, root_object, with_merge_hint};
use crate::error::{ReadError, ReadErrorKind};
use crate::files::{Files, beside, too_large};
use crate::format::{Format, Reading, required};
use crate::installed::flags::set_flags;
use crate::json::{Document, Limits, Lines, Syntax, parse_as};
use embedded::{Decoded, Found, find};

/// Largest map read, in bytes; a project of 10,000 packages has about 20 MB.
pub const MAX_BYTES: usize = 256 << 20;

/// Most JSON values in one map.
const MAX_VALUES: usize = 10_000_000;

const RESTORE: &str = "run `yarn install`, which writes it anew";

/// Reads the map `file` of a tree, with the manifests of the workspaces. The
/// program in `.pnp.cjs` is never run.
///
/// # Errors
/// When the file as a whole cannot be read: too large, no such map in it, an
/// unfinished merge. A bad entry is [`Outcome::incomplete`].
pub fn read_in(files: &dyn Files, file: &str) -> Result<Outcome<Reading>, ReadError> {
    let bytes = bounded(files, file)?;
    if file.ends_with(".json") {
        return read_at(files, file, &bytes, Syntax::Strict, None);
    }
    match find(&bytes) {
        Found::Text(decoded) => read_at(files, file, &bytes, Syntax::Strict, Some(&decoded)),
        Found::Literal(at) => read_at(files, file, &bytes, Syntax::Part(at), None),
        Found::Beside => {
            let data = beside(file, ".pnp.data.json");
            let bytes = bounded(files, &data)?;
            read_at(files, &data, &bytes, Syntax::Strict, None)
        }
        Found::Nowhere => Err(at(&bytes, file, 0, "it holds no map of packages in a form that is known")),
        Found::Broken(offset) => Err(at(&bytes, file, offset, "the text with the map of packages is broken here")),
    }
}

fn bounded(files: &dyn Files, file: &str) -> Result<Vec<u8>, ReadError> {
    let bytes = required(files, file, MAX_BYTES as u64)?;
    if bytes.len() > MAX_BYTES {
        return Err(too_large(file, bytes.len() as u64, MAX_BYTES as u64));
    }
    Ok(bytes)
}

fn at(bytes: &[u8], file: &str, offset: usize, problem: &str) -> ReadError {
    let start = offset as u32;
    let (line, column) = Lines::of(bytes).position(start);
    let location = Location { file: file.to_owned(), line, column, span: Span { start, end: start } };
    ReadError::new(ReadErrorKind::Shape, location, problem, RESTORE)
}

/// Reads the JSON: the file itself, a part of it, or a text within it.
fn read_at(
    files: &dyn Files,
    file: &str,
    bytes: &[u8],
    syntax: Syntax,
    decoded: Option<&Decoded>,
) -> Result<Outcome<Reading>, ReadError> {
    let limits = Limits { bytes: MAX_BYTES, values: MAX_VALUES };
    let text = decoded.map_or(bytes, |decoded| decoded.bytes.as_slice());
    let lines = Lines::of(bytes);
    let place = |span: Span| {
        let original = |at: u32| decoded.map_or(at, |decoded| decoded.original(at));
        lines.location(file, Span { start: original(span.start), end: original(span.end) })
    };
    let document: Document<'_> = parse_as(syntax, text, file, limits, RESTORE).map_err(|mut error| {
        error.location = place(error.location.span);
        with_merge_hint(error, "finish the merge: resolve package.json first, then run `yarn install`")
    })?;
    let object = root_object(&document, RESTORE)?;
    let mut listing = Listing::new(file, RESTORE);
    registry::read(files, object, &document, &place, &mut listing)?;
    set_flags(&mut listing.inventory);
    if let Some(start) = document.invalid_utf8 {
        let why = "a string holds bytes that are no UTF-8; they were read as U+FFFD";
        listing.report("", why, place(Span { start, end: start }));
    }
    Ok(listing.finish(Format::PlugNPlay, ""))
}
