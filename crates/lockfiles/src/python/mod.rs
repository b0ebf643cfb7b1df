//! Python: requirements, manifests, lockfiles.

pub(crate) mod requirement;
