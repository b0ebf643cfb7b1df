//! Python: requirements, manifests, lockfiles, and what they share: specifiers
//! ([`requirement`]), markers ([`marker`]) and sources ([`source`]).

pub(crate) mod marker;
pub(crate) mod requirement;
pub(crate) mod source;
