//! Streaming reader of archives, with limits, and the digests that name and verify contents: npm's
//! (`.tgz`, and plain `.tar`), Python's (wheels, eggs, source distributions as `.tar.gz` and `.zip`).
//! Nothing is ever unpacked.
//!
//! **What the installer installs is what is read**, by the rule of a [`Layout`]. Tar readers disagree about damaged or
//! odd archives, and hostile archives live on that. The reader therefore follows
//! npm's own (`tar` 7.5, with the options of `pacote`: first path component
//! stripped, links left out, `.gitignore` renamed), and reports as anomalies the
//! places where another reader would see something else. What npm would leave
//! out is handed over too, marked as not installed, so that it is analysed.
//!
//! The crate has its own header reader because the `tar` crate stops at the
//! first zero block and at the first bad checksum (npm reads on behind both),
//! knows no global PAX headers, and reads extension headers without a limit.

mod anomalies;
mod contents;
mod header;
mod input;
mod integrity;
mod layout;
mod limits;
mod names;
mod paths;
mod pax;
mod reader;
mod shape;
mod tree;
mod zip;

pub use contents::{content_hash, digest_files, digest_reader};
pub use integrity::{IntegrityReader, Mismatch, VerifyError, verify, verify_bytes};
pub use layout::Layout;
pub use limits::Limits;
pub use paths::NOT_INSTALLED;
pub use reader::{ArchiveSummary, FileEntry, ReadError, Visitor, read_tar, read_tgz};
pub use shape::{Shape, Survey, survey};
pub use zip::{is_zip, read_zip};

/// Reads an archive of any kind that lies in memory, told apart by content. What begins as a tar
/// archive and ends as a zip is a zip, as pip has it, and the summary is not complete.
///
/// # Errors
/// When the visitor returns an error.
pub fn read(
    bytes: &[u8],
    layout: &Layout,
    limits: &Limits,
    visit: &mut Visitor<'_>,
) -> Result<ArchiveSummary, ReadError> {
    if is_zip(bytes) { read_zip(bytes, layout, limits, visit) } else { read_tar(bytes, layout, limits, visit) }
}
