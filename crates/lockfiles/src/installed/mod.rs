//! What is on disk: installed trees, and the inventory they amount to.

mod build_hooks;
pub mod entry_points;
pub(crate) mod flags;
mod inventory;
pub mod node_modules;
pub mod record;
pub mod release;
pub mod site_packages;

pub use build_hooks::BuildHooks;
pub use inventory::from_installed;
