//! npm's documents of packages ("packuments"), read as histories.

mod packument;

pub use packument::{MAX_PACKUMENT, read_packument};
