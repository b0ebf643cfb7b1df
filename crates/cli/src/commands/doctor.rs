//! `vetch doctor`.

use std::io::{self, Write};
use std::path::PathBuf;

use vetch_engine::doctor::{self, DoctorOptions};
use vetch_report::hygiene::{DoctorView, doctor_terminal, write_doctor_json};

use super::scanning::tool;
use super::{pin, surroundings};
use crate::args::{DoctorArgs, Global, HygieneFormat};
use crate::exit::{Exit, Failure};
use crate::output::{self, OutputFile};
use crate::screen;

/// Looks at host, project, CI and Vetch, and tells what to mend.
pub(crate) fn run(arguments: &DoctorArgs, global: &Global) -> Result<Exit, Failure> {
    let file = arguments.outcome.output.as_deref().map(OutputFile::new).transpose()?;
    let allowed = pin::allowed(&arguments.allow)?;
    let options = DoctorOptions {
        target: arguments.target.clone().unwrap_or_else(|| PathBuf::from(".")),
        home: surroundings::home(),
        environment: surroundings::environment(),
        cache: surroundings::cache_folder(None).ok(),
        state: surroundings::state_folder(),
        now: jiff::Timestamp::now().as_second(),
        asks_registries: arguments.ask_registries,
    };
    let mut diagnosis = doctor::diagnose(&options)?;
    for area in &mut diagnosis.areas {
        area.lints.retain(|lint| !allowed.contains(&lint.id));
    }
    let view = DoctorView { target: &diagnosis.target, areas: &diagnosis.areas, incomplete: &diagnosis.incomplete };
    let style = if file.is_some() { screen::file_style(global) } else { screen::stdout_style(global) };
    output::write(file, |out: &mut dyn Write| -> io::Result<()> {
        match arguments.outcome.format {
            HygieneFormat::Terminal => out.write_all(doctor_terminal(&view, style).as_bytes()),
            HygieneFormat::Json => write_doctor_json(&view, &tool(), out),
        }
    })?;
    Ok(match diagnosis.areas.iter().all(|area| area.lints.is_empty()) {
        false => Exit::Failed,
        true if diagnosis.incomplete.is_empty() || arguments.allow_incomplete => Exit::Passed,
        true => Exit::Incomplete,
    })
}
