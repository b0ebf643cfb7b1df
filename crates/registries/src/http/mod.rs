//! Fetching archives from registries: which URL, with what authority, how often,
//! and whether what came is what was asked for.

mod address;
mod attempt;
mod client;
mod error;
mod resolver;
mod retry;
mod target;
mod transport;

pub use attempt::Tarball;
pub use client::{ClientOptions, NpmClient};
pub use error::FetchError;
pub use target::TarballRequest;
