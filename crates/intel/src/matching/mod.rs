//! Records against releases.

mod advisories;
mod reach;
mod safe;
mod sightings;
mod vex;
mod words;

pub(crate) use advisories::{Head, Hit, hit_of, merge};
pub use advisories::{Query, match_records};
pub(crate) use reach::Subject;
pub use sightings::{Listed, Shower, sightings};
pub(crate) use vex::{Made, judged};
pub(crate) use words::affected as in_words;
