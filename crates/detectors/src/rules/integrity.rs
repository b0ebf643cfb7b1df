//! Whether the bytes are the right ones, and whether the lockfile can tell.

pub(crate) mod archive_anomaly;
pub(crate) mod conflicting_contents;
pub(crate) mod contradictory_lockfile;
pub(crate) mod installed_differs_from_lock;
pub(crate) mod installed_files_changed;
pub(crate) mod integrity_mismatch;
pub(crate) mod missing_integrity;
pub(crate) mod name_and_url_mismatch;
pub(crate) mod non_registry_source;
pub(crate) mod plain_http_source;
pub(crate) mod several_registry_hosts;

use vetch_model::evidence::{Evidence, Location};
use vetch_model::inventory::Package;

/// A field of a lockfile entry.
fn entry_evidence(package: &Package, field: &str, found: &str, note: &str) -> Evidence {
    Evidence::Field {
        location: package.declared_at.clone().unwrap_or_else(|| Location::file(package.path.clone())),
        field: format!("{}: {field}", package.path),
        found: found.to_owned(),
        expected: None,
        note: note.to_owned(),
    }
}
