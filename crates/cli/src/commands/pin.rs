//! `vetch pin`.

use std::io::{self, Write};
use std::path::Path;
use std::str::FromStr;

use vetch_engine::pin::{self, Pinning};
use vetch_engine::policy::suggest::nearest;
use vetch_model::hygiene::{LintId, Repair};
use vetch_report::hygiene::{PinCommand, PinDeed, PinView, pin_terminal, write_pin_json};

use super::scanning::tool;
use crate::args::{Global, HygieneFormat, PinArgs};
use crate::exit::{Exit, Failure};
use crate::output::{self, OutputFile};
use crate::screen;

/// Looks, shows what would change, and writes it if asked to.
pub(crate) fn run(arguments: &PinArgs, global: &Global) -> Result<Exit, Failure> {
    let file = arguments.outcome.output.as_deref().map(OutputFile::new).transpose()?;
    let allowed = allowed(&arguments.allow)?;
    let target = arguments.target.as_deref().unwrap_or(Path::new("."));
    let pinning = pin::review(target, &allowed)?;
    let diff = if arguments.check { Vec::new() } else { pinning.diff() };
    let deed = match (arguments.check, arguments.fix) {
        (true, _) => PinDeed::Checked,
        (_, true) => PinDeed::Fixed(Vec::new()),
        _ => PinDeed::Shown,
    };
    let mut view = PinView {
        command: PinCommand::Pin,
        target: &pinning.target,
        lints: &pinning.lints,
        notes: &pinning.notes,
        diff: &diff,
        afterwards: &pinning.afterwards,
        incomplete: &pinning.incomplete,
        deed,
    };
    // What is about to be written has been shown by then, also where writing fails.
    let failure = write(&pinning, &mut view).err();
    tell(arguments.outcome.format, global, file, &view)?;
    match failure {
        Some(failure) => Err(failure),
        None => Ok(status(&pinning, arguments.fix, arguments.allow_incomplete)),
    }
}

/// Writes the edits, if that is what is wanted.
pub(super) fn write(pinning: &Pinning, view: &mut PinView<'_>) -> Result<(), Failure> {
    if !matches!(view.deed, PinDeed::Fixed(_)) || !pinning.is_fixable() {
        return Ok(());
    }
    view.deed = PinDeed::Shown;
    let written = pinning.write().map_err(|error| Failure::new(error.to_string(), error.hint.clone()))?;
    view.deed = PinDeed::Fixed(written.files);
    Ok(())
}

/// What is left once edits are written, or not.
pub(super) fn status(pinning: &Pinning, is_written: bool, allow_incomplete: bool) -> Exit {
    let is_left = |repair: &Repair| !is_written || !matches!(repair, Repair::Edit(_));
    if pinning.lints.iter().any(|lint| is_left(&lint.repair)) {
        return Exit::Failed;
    }
    match pinning.incomplete.is_empty() || allow_incomplete {
        true => Exit::Passed,
        false => Exit::Incomplete,
    }
}

pub(super) fn allowed(ids: &[String]) -> Result<Vec<LintId>, Failure> {
    let one = |text: &String| {
        LintId::from_str(text).map_err(|_| {
            let known = nearest(text, LintId::ALL.iter().map(|id| id.as_str()));
            let hint = known.map_or("the ids stand before each fault in the report".to_owned(), |known| {
                format!("did you mean `{known}`?")
            });
            Failure::new(format!("there is no kind of fault `{text}`"), hint)
        })
    };
    ids.iter().map(one).collect()
}

pub(super) fn tell(
    format: HygieneFormat,
    global: &Global,
    file: Option<OutputFile>,
    view: &PinView<'_>,
) -> Result<(), Failure> {
    let style = if file.is_some() { screen::file_style(global) } else { screen::stdout_style(global) };
    output::write(file, |out: &mut dyn Write| -> io::Result<()> {
        match format {
            HygieneFormat::Terminal => out.write_all(pin_terminal(view, style).as_bytes()),
            HygieneFormat::Json => write_pin_json(view, &tool(), out),
        }
    })
}
