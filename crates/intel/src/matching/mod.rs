//! Records against releases.

mod advisories;
mod reach;
mod safe;
mod words;

pub(crate) use advisories::{Head, Hit, hit_of, merge};
pub use advisories::{Query, match_records};
pub(crate) use reach::Subject;
pub(crate) use words::affected as in_words;
