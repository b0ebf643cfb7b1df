//! What is remembered over time, as opposed to what is cached: the histories of packages.
//!
//! A registry deletes and rewrites: versions are unpublished, tags moved back, files replaced. What was once
//! seen is kept ([`merge()`]), so that it can still be said afterwards. The database is SQLite in the user's
//! state folder; concurrent runs and a kill at any moment are its problem.

mod files;
mod history;
mod merge;

pub use files::{create_private, missing_is_fine};
pub use history::{HistoryStore, Key, Remembered, StoreError};
pub use merge::merge;
