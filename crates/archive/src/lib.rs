//! Streaming reader of npm archives (`.tgz`, and plain `.tar`), with limits,
//! and the digests that name and verify contents. Nothing is ever unpacked.
//!
//! **What npm installs is what is read.** Tar readers disagree about damaged or
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
mod limits;
mod names;
mod paths;
mod pax;
mod reader;

pub use contents::{content_hash, digest_files, digest_reader};
pub use integrity::{IntegrityReader, Mismatch, VerifyError, verify, verify_bytes};
pub use limits::Limits;
pub use paths::NOT_INSTALLED;
pub use reader::{ArchiveSummary, FileEntry, ReadError, Visitor, read_tgz};
