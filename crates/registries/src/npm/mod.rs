//! npm's documents: of packages ("packuments"), read as histories, and of the user's own account.

mod account;
mod packument;

pub(crate) use account::{MAX_ANSWER, MAX_PAGES, second_factor, tokens};
pub use account::{NpmAccount, NpmToken, SecondFactor};
pub use packument::{MAX_PACKUMENT, read_packument};
