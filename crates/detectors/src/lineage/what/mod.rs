//! What a release brings that the one before it did not have.

mod capabilities;
mod contents;
mod dependencies;
mod scripts;

pub(crate) use capabilities::capabilities_appeared;
pub(crate) use contents::{contents_removed, is_emptied_silently, obfuscation_appeared, size_jump, terms_changed};
pub(crate) use dependencies::injected_dependencies;
pub(crate) use scripts::{install_script_appeared, manifest_mismatch};
