//! Snapshots: all that a store holds in one signed file, for networks that reach no feed.
//!
//! ```text
//! keys    signatures as minisign makes them, beside the file (`FILE.minisig`); keys that sign and that are trusted
//! form    the file: what comes first, and its entries
//! pack    store → file               the same store gives the same bytes
//! load    file, signature → store    in one transaction, in place of what was there
//! ```
//!
//! A snapshot holds records and not the database: it is read entry by entry, each checked, so that nobody's SQLite file is
//! ever opened, another version of the tables can read it, and the bytes follow from the content alone.

pub mod keys;

mod form;
mod load;
mod pack;

use vetch_model::history::Time;

pub use form::{Counts, Manifest, is_file};
pub(crate) use load::load;
pub use pack::{PackError, Packed};

use keys::TrustedKey;

/// What a snapshot has to meet before it is taken in.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Keys of which one has to have signed it.
    pub keys: Vec<TrustedKey>,
    /// Also one that is older than what is there.
    pub allows_older: bool,
}

/// Where what a store holds came from, if it came in a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The name of its file.
    pub file: String,
    /// The SHA-256 of its content, in hex.
    pub sha256: String,
    /// The key that signed it, as minisign shows keys: 16 digits in hex.
    pub key: String,
    /// When its content was last changed, where it was made.
    pub made: Time,
    /// When it was taken in here.
    pub loaded: Time,
    /// Whether something was imported since.
    pub is_changed: bool,
}
