//! From the model to the public types.

use vetch_model::hygiene::{Lint, Repair};

use super::types::{AfterwardsEntry, Area, Diff, DoctorReport, LintEntry, PinReport, RepairEntry};
use super::{DOCTOR_SCHEMA_ID, DoctorView, PinDeed, PinView};
use crate::ToolInfo;
use crate::json::{incomplete, tool};

pub(super) fn pin(view: &PinView<'_>, by: &ToolInfo) -> PinReport {
    let diff = view.diff.iter().map(|one| Diff {
        file: one.file.clone(),
        is_new: one.is_new,
        diff: one.lines.iter().map(|line| format!("{line}\n")).collect(),
    });
    let afterwards = view.afterwards.iter().map(|one| AfterwardsEntry {
        folder: one.folder.clone(),
        command: one.command.clone(),
        why: one.why.clone(),
    });
    PinReport {
        schema: view.command.schema(),
        tool: tool(by),
        target: view.target.to_owned(),
        deed: view.deed.as_str(),
        lints: view.lints.iter().map(lint).collect(),
        diffs: diff.collect(),
        written: if let PinDeed::Fixed(files) = &view.deed { files.clone() } else { Vec::new() },
        afterwards: afterwards.collect(),
        notes: view.notes.to_vec(),
        incomplete: view.incomplete.iter().map(incomplete).collect(),
    }
}

pub(super) fn doctor(view: &DoctorView<'_>, by: &ToolInfo) -> DoctorReport {
    let area = view.areas.iter().map(|area| Area {
        id: area.id,
        lints: area.lints.iter().map(lint).collect(),
        looked_at: area.looked_at.clone(),
        unavailable: area.unavailable.clone(),
    });
    DoctorReport {
        schema: DOCTOR_SCHEMA_ID,
        tool: tool(by),
        target: view.target.to_owned(),
        areas: area.collect(),
        incomplete: view.incomplete.iter().map(incomplete).collect(),
    }
}

fn lint(lint: &Lint) -> LintEntry {
    let (kind, text) = match &lint.repair {
        Repair::Edit(text) => ("edit", text),
        Repair::Command(text) => ("command", text),
        Repair::Decision(text) => ("decision", text),
    };
    LintEntry {
        id: lint.id.as_str(),
        severity: lint.id.severity().as_str(),
        what: lint.what.clone(),
        why: lint.id.why(),
        file: lint.location.file.clone(),
        line: lint.location.line,
        column: lint.location.column,
        repair: RepairEntry { kind, text: text.clone() },
    }
}
