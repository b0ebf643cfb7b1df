//! What decides how much a name that imitates another counts: what the release does unasked, and whom it claims to be.

pub(crate) mod deeds;
pub(crate) mod identity;
