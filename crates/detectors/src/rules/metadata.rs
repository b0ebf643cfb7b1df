//! What the registry says of a release: who published it and how.

pub(crate) mod licence_or_repository_change;
pub(crate) mod publisher_change;
pub(crate) mod publishing_channel_change;
