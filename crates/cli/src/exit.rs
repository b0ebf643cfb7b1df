//! The exit status: documented, stable.

use std::process::ExitCode;

use vetch_engine::EngineError;
use vetch_engine::policy::Judgement;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: nothing at or above the failing level.
    Passed,
    /// 1: something at or above the failing level.
    Failed,
    /// 2: usage or environment.
    Error,
    /// 3: something could not be checked, and nothing worse.
    Incomplete,
    /// 130: stopped by the user, as shells write it for Ctrl-C.
    Cancelled,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Passed => 0u8,
            Exit::Failed => 1,
            Exit::Error => 2,
            Exit::Incomplete => 3,
            Exit::Cancelled => 130,
        })
    }
}

impl From<Judgement> for Exit {
    fn from(judgement: Judgement) -> Exit {
        match judgement {
            Judgement::Passed => Exit::Passed,
            Judgement::Failed => Exit::Failed,
            Judgement::Incomplete => Exit::Incomplete,
        }
    }
}

/// Why there is no result, and what to do about it. Texts are raw: they are escaped when shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) message: String,
    /// Empty if there is nothing to say.
    pub(crate) hint: String,
    pub(crate) exit: Exit,
}

impl Failure {
    /// An error of usage or environment.
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<String>) -> Failure {
        Failure { message: message.into(), hint: hint.into(), exit: Exit::Error }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Failure {
        let exit = if matches!(error, EngineError::Cancelled) { Exit::Cancelled } else { Exit::Error };
        Failure { message: error.to_string(), hint: error.hint().to_owned(), exit }
    }
}
