//! One module per command.

pub(crate) mod cache;
pub(crate) mod completions;
pub(crate) mod diff;
pub(crate) mod doctor;
mod documents;
pub(crate) mod explain;
pub(crate) mod fix;
pub(crate) mod graph;
pub(crate) mod inspect;
pub(crate) mod intel;
pub(crate) mod lock;
pub(crate) mod man;
pub(crate) mod pin;
pub(crate) mod rules;
pub(crate) mod sbom;
pub(crate) mod scan;
mod scanning;
mod settings;
mod surroundings;
pub(crate) mod why;
