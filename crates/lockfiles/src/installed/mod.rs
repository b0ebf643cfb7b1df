//! What is on disk: installed trees, and the inventory they amount to.

pub(crate) mod flags;
mod inventory;
pub mod node_modules;

pub use inventory::from_installed;
