//! How a release differs from those before it.

pub(crate) mod dormant_package_release;
pub(crate) mod emptied_package;
pub(crate) mod hijacked_release;
pub(crate) mod implausible_version;
pub(crate) mod new_capability;
pub(crate) mod new_install_script;
pub(crate) mod new_obfuscation;
pub(crate) mod registry_manifest_mismatch;
pub(crate) mod release_burst;
pub(crate) mod rewritten_release;
pub(crate) mod suspect_new_dependency;
