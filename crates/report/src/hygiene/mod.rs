//! Writes out what `vetch pin`, `vetch fix` and `vetch doctor` found: for people, and as `vetch.pin/1`, `vetch.fix/1` and
//! `vetch.doctor/1`.

mod convert;
mod terminal;
pub mod types;

use std::io::{self, Write};

use vetch_model::hygiene::{Afterwards, Area, FileDiff, Lint, Repair};
use vetch_model::outcome::Incomplete;

use crate::ToolInfo;
use crate::json::{schema_of, write_value};

pub use terminal::{doctor_terminal, pin_terminal};

/// The value of `schema` for `vetch pin`.
pub const PIN_SCHEMA_ID: &str = "vetch.pin/1";

/// The value of `schema` for `vetch fix`.
pub const FIX_SCHEMA_ID: &str = "vetch.fix/1";

/// The value of `schema` for `vetch doctor`.
pub const DOCTOR_SCHEMA_ID: &str = "vetch.doctor/1";

/// What was done with the edits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PinDeed {
    /// The diff is shown, and nothing was written.
    Shown,
    /// Only looked: neither diff nor writing.
    Checked,
    /// These files were written.
    Fixed(Vec<String>),
}

impl PinDeed {
    /// The stable id.
    pub const fn as_str(&self) -> &'static str {
        match self {
            PinDeed::Shown => "shown",
            PinDeed::Checked => "checked",
            PinDeed::Fixed(_) => "fixed",
        }
    }
}

/// Whose outcome it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinCommand {
    /// `vetch pin`.
    Pin,
    /// `vetch fix`.
    Fix,
}

impl PinCommand {
    /// The value of `schema`.
    const fn schema(self) -> &'static str {
        match self {
            PinCommand::Pin => PIN_SCHEMA_ID,
            PinCommand::Fix => FIX_SCHEMA_ID,
        }
    }

    /// The flag that writes.
    const fn flag(self) -> &'static str {
        match self {
            PinCommand::Pin => "--fix",
            PinCommand::Fix => "--write",
        }
    }

    /// What to type so that it is written.
    const fn words(self) -> &'static str {
        match self {
            PinCommand::Pin => "vetch pin --fix",
            PinCommand::Fix => "vetch fix --write",
        }
    }

    /// That nothing was found.
    const fn nothing(self) -> &'static str {
        match self {
            PinCommand::Pin => "everything that was looked at is pinned",
            PinCommand::Fix => "no release here is known or found to be bad",
        }
    }
}

/// The outcome of `vetch pin` or `vetch fix`, ready to be written.
#[derive(Debug, Clone)]
pub struct PinView<'p> {
    /// Whose.
    pub command: PinCommand,
    /// As given.
    pub target: &'p str,
    /// By place.
    pub lints: &'p [Lint],
    /// What is left as it is on purpose.
    pub notes: &'p [String],
    /// What the edits change; empty for a check.
    pub diff: &'p [FileDiff],
    /// To be run after the edits.
    pub afterwards: &'p [Afterwards],
    /// What could not be read.
    pub incomplete: &'p [Incomplete],
    /// What was done.
    pub deed: PinDeed,
}

impl PinView<'_> {
    fn fixable(&self) -> usize {
        self.lints.iter().filter(|lint| matches!(lint.repair, Repair::Edit(_))).count()
    }
}

/// The outcome of `vetch doctor`, ready to be written.
#[derive(Debug, Clone)]
pub struct DoctorView<'d> {
    /// As given.
    pub target: &'d str,
    /// In the order of the report.
    pub areas: &'d [Area],
    /// What could not be read.
    pub incomplete: &'d [Incomplete],
}

/// Writes `vetch.pin/1` or `vetch.fix/1`, indented, with a newline at the end.
///
/// # Errors
/// What `out` reports.
pub fn write_pin_json(view: &PinView<'_>, tool: &ToolInfo, out: impl Write) -> io::Result<()> {
    write_value(&convert::pin(view, tool), out)
}

/// Writes `vetch.doctor/1`, indented, with a newline at the end.
///
/// # Errors
/// What `out` reports.
pub fn write_doctor_json(view: &DoctorView<'_>, tool: &ToolInfo, out: impl Write) -> io::Result<()> {
    write_value(&convert::doctor(view, tool), out)
}

/// The JSON Schema (draft 2020-12), as `schemas/pin.schema.json` holds it.
pub fn pin_json_schema() -> String {
    schema_of::<types::PinReport>()
}

/// The JSON Schema (draft 2020-12), as `schemas/doctor.schema.json` holds it.
pub fn doctor_json_schema() -> String {
    schema_of::<types::DoctorReport>()
}
