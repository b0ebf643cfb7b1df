//! Fetching archives from registries: which URL, with what authority, how often,
//! and whether what came is what was asked for.

mod address;
mod attempt;
mod authority;
mod client;
mod error;
mod fetcher;
mod resolver;
mod retry;
mod target;
mod transport;

pub use attempt::Tarball;
pub(crate) use attempt::{Kind, Wanted};
pub(crate) use authority::Authority;
pub use client::{ClientOptions, NpmClient, Packument, PackumentRequest};
pub use error::FetchError;
pub(crate) use error::{cut, shown};
pub(crate) use fetcher::{Fetcher, Pool};
pub use target::TarballRequest;
pub(crate) use target::without_secrets;
