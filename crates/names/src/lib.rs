//! Which popular package a name may be mistaken for.
//!
//! ```text
//! list        names of the most-downloaded packages, most first: shipped, or the user's own file
//! form        a name as its registry compares names; tokens; scopes
//! words       which tokens are words of their own, and how common
//! distance    how far apart two names are, and by which slip
//! confusable  letters that look like others
//! index       a list, ready to be asked for names one or two slips away
//! lookalikes  a name → the popular packages that it may be mistaken for, and why
//! ```
//!
//! Start at [`Names::lookalikes`]. A name says little by itself: whoever judges combines it with what the
//! release does. Nothing here reads a file, and work per name is bounded whatever the name.

mod confusable;
mod distance;
mod form;
mod index;
mod list;
mod lookalikes;
mod words;

pub use distance::Slip;
pub use form::{normal, scope_of};
pub use list::{ListError, Lists, MAX_LIST_BYTES};
pub use lookalikes::{How, Lookalike, Names};
