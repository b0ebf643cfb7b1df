//! Rules: facts in, findings out. A rule never fetches and never excuses a package by its name.
//!
//! [`registry`] lists every rule; [`judge_release`] and [`judge_target`] run them;
//! [`verdict_of`] and [`score`] sum the findings up. A rule is two files side by side
//! under `rules/<category>/`: the code, and a page whose examples `tests/specs.rs` executes.

mod contacts;
mod hosts;
mod imitation;
pub mod input;
mod installing;
mod judge;
pub mod lineage;
mod opacity;
mod query;
pub mod registry;
pub mod reputation;
mod rules;
mod secrets;
mod shell;
#[cfg(test)]
mod testing;
pub mod user;
pub mod yara;

pub use contacts::contacts;
pub use installing::uses;
pub use judge::{add_findings, judge_release, judge_target, score, verdict_of};
pub use registry::{all_rules, find_rule};
