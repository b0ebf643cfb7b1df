//! Whether the bytes are the right ones, and whether the lockfile can tell.

pub(crate) mod archive_anomaly;
pub(crate) mod conflicting_contents;
pub(crate) mod contradictory_lockfile;
pub(crate) mod environment_differs_from_lock;
pub(crate) mod extra_package_index;
pub(crate) mod installed_differs_from_lock;
pub(crate) mod installed_files_changed;
pub(crate) mod integrity_mismatch;
pub(crate) mod missing_integrity;
pub(crate) mod name_and_url_mismatch;
pub(crate) mod non_registry_source;
pub(crate) mod plain_http_source;
pub(crate) mod recorded_files_changed;
pub(crate) mod several_registry_hosts;
pub(crate) mod unrecorded_startup_code;

use vetch_model::evidence::{Evidence, Location};
use vetch_model::inventory::Package;

/// A field of a lockfile entry.
fn entry_evidence(package: &Package, field: &str, found: &str, note: &str) -> Evidence {
    Evidence::Field {
        location: package.declared_at.clone().unwrap_or_else(|| Location::file(package.path.clone())),
        field: match package.path.as_str() {
            "" => format!("{}: {field}", package.label()),
            path => format!("{path}: {field}"),
        },
        found: found.to_owned(),
        expected: None,
        note: note.to_owned(),
    }
}
