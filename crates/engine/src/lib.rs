//! The engine: one flow from targets to a [`Scan`](vetch_model::scan::Scan).
//!
//! ```text
//! project   targets → inventories       each project in them: what is locked, what is installed
//! contents  packages → facts            from disk, archives, registries; by confined workers
//! history   packages → histories        what registries tell of all their releases, and the releases before
//! intel     releases → advisories       what imported records say of them
//! map       targets → inventories       of every ecosystem: what `graph`, `why` and `diff` look at
//! doctor    hygiene of host, project, CI and of Vetch itself
//! edit      edits of the user's own files: diff, checks, written whole or not at all
//! pin       what a project installs without having reviewed it, and the edits that mend that
//! own_source  source → releases           the project's own code at two times
//! naming    names → what they may be mistaken for, which are internal
//! releases  facts → findings, verdicts  each release once, with places and paths
//! pipeline  the whole
//! ```
//!
//! Nothing here reads the process environment, prints, or decides an exit code on
//! its own: the caller passes everything in [`ScanOptions`] and gets a [`ScanReport`].
//! The program has to hand [`WORKER_COMMAND`] over to [`worker_main`].

mod api;
pub mod cache;
mod contents;
pub mod doctor;
pub mod edit;
mod history;
pub mod intel;
mod jobs;
pub mod lock;
pub mod map;
mod naming;
pub mod own_rules;
pub mod own_source;
pub mod pin;
mod pipeline;
pub mod policy;
mod project;
mod releases;
mod secrets;
mod worker;

pub use api::{
    CacheMode, EngineError, Member, Named, Progress, Quiet, ReleasePast, ScanOptions, ScanReport, ScannedProject, Stage,
};
pub use history::{Compare, HistoryOptions};
pub use intel::IntelOptions;
pub use pipeline::{review, scan};
pub use project::is_release;
pub use vetch_registries::{Secret, TaxiiAccess, TaxiiCredentials, url_without_secrets};
pub use vetch_sandbox::Cancel;
#[doc(hidden)]
pub use worker::worker_main_observed;
pub use worker::{WORKER_COMMAND, worker_main};

/// Version of the analysis. Facts of different versions are not comparable; part of every cache key.
pub const ANALYSIS_VERSION: &str = "1";

/// The whole version of the analysis, on which facts and profiles depend.
pub fn analysis_version() -> String {
    format!("{ANALYSIS_VERSION}.{}", vetch_behaviour::ANALYSIS_VERSION)
}
