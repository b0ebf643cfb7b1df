//! Progress on standard error: only where somebody looks at it.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use vetch_engine::{Progress, Stage};
use vetch_report::escape::terminal;

use crate::args::Global;
use crate::message;

/// Longest name shown beside the bar, in characters.
const LONGEST: usize = 40;

/// Shows the engine's progress, and its notices unless `--quiet`.
pub(crate) struct Reporter {
    bar: ProgressBar,
    quiet: bool,
    /// Notices already shown: each is shown once.
    shown: Mutex<Vec<String>>,
}

impl Reporter {
    /// A bar if standard error is a terminal and `--quiet` is not given.
    pub(crate) fn new(global: &Global) -> Reporter {
        let bar = if global.quiet || !std::io::stderr().is_terminal() {
            ProgressBar::hidden()
        } else {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10))
        };
        Reporter { bar, quiet: global.quiet, shown: Mutex::default() }
    }

    /// How far it got, for who stopped it.
    pub(crate) fn reached(&self) -> String {
        let what = self.bar.prefix().to_lowercase();
        match self.bar.length() {
            Some(total) if total > 0 => format!("while {what}: {} of {total} done", self.bar.position()),
            _ => format!("while {what}"),
        }
    }

    /// Tells how many records were read, of how many nobody knows.
    pub(crate) fn counted(&self, count: u64, what: &str) {
        if self.bar.prefix().is_empty() {
            self.bar.set_prefix("Importing");
            if let Ok(style) = ProgressStyle::with_template("{prefix} {spinner} {pos} records {msg:.dim}") {
                self.bar.set_style(style);
            }
        }
        self.bar.set_position(count);
        self.bar.set_message(terminal(&what.chars().take(LONGEST).collect::<String>()));
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Reporter {
    fn stage(&self, stage: Stage, total: u64) {
        let what = match stage {
            Stage::Inventory => "Reading the project",
            Stage::History => "Asking for histories",
            Stage::Contents => "Analysing packages",
            Stage::Rules => "Judging",
        };
        self.bar.reset();
        self.bar.set_message("");
        self.bar.set_prefix(what);
        let template = if total > 0 {
            self.bar.set_length(total);
            "{prefix} {bar:24} {pos}/{len} {msg:.dim}"
        } else {
            self.bar.unset_length();
            "{prefix} {spinner} {msg:.dim}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style.progress_chars("━╸ "));
        }
        if !self.bar.is_hidden() {
            self.bar.enable_steady_tick(Duration::from_millis(120));
        }
    }

    fn advance(&self, steps: u64, what: &str) {
        self.bar.inc(steps);
        if !self.bar.is_hidden() {
            self.bar.set_message(terminal(&what.chars().take(LONGEST).collect::<String>()));
        }
    }

    fn notice(&self, text: &str) {
        if self.quiet {
            return;
        }
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if !shown.iter().any(|known| known == text) {
            shown.push(text.to_owned());
            self.bar.suspend(|| message::note(text));
        }
    }
}
