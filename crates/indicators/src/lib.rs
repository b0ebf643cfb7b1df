//! Indicators of compromise: domains, addresses, hashes and the like, as reports and code write them.
//!
//! ```text
//! normal   the one form of each kind, so that two spellings of a thing are equal
//! host     names and addresses of machines
//! defang   hxxp://evil[.]example → http://evil.example
//! guess    which kind a text is
//! scan     text of code → what it names, in one pass
//! key      the keys under which an observable may be listed
//! ```
//!
//! Pure functions over text: nothing here does I/O, keeps state, or judges. Every input is hostile and bounded.

mod defang;
mod guess;
mod host;
mod key;
mod normal;
mod scan;
mod wallet;

pub use defang::refang;
pub use guess::guess;
pub use host::{Host, host};
pub use key::{host_in, keys, parents};
pub use normal::{MAX_VALUE, normal};
pub use scan::{Found, Style, scan};
pub use wallet::is_wallet;
