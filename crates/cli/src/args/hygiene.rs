//! Arguments of `vetch pin`, `vetch fix` and `vetch doctor`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::{ContentsArgs, PolicyArgs};

const PIN_HELP: &str =
    "Without --check and --fix, tells what is wrong and shows the diff of what --fix would write. No network is
used, and no program is run. What only another tool can mend is told with its command.

Examples:
  vetch pin                        what is wrong, and what would change
  vetch pin --fix                  show the diff, and write it
  vetch pin --check                in CI: fail if anything is to be mended
  vetch pin --check --allow ranges-saved

Exit status:
  0    nothing is left to mend
  1    something can be mended, or has to be decided
  2    usage or environment error, or a file may not be written
  3    something could not be read, and nothing worse
  130  stopped with Ctrl-C";

#[derive(Debug, Args)]
#[command(after_help = PIN_HELP)]
pub(crate) struct PinArgs {
    /// A folder (every project below it), a lockfile or a manifest [default: the current folder]
    #[arg(value_name = "TARGET", value_hint = ValueHint::AnyPath)]
    pub(crate) target: Option<PathBuf>,

    /// Show no diff and write nothing; fail if anything is to be mended
    #[arg(long, conflicts_with = "fix")]
    pub(crate) check: bool,
    /// Write what can be mended, all files or none
    #[arg(long)]
    pub(crate) fix: bool,
    /// Leave out this kind of fault, by its id. May be given again
    #[arg(long, value_name = "LINT")]
    pub(crate) allow: Vec<String>,
    /// Let pass what could not be read
    #[arg(long)]
    pub(crate) allow_incomplete: bool,

    #[command(flatten)]
    pub(crate) outcome: OutcomeArgs,
}

/// Where the outcome goes, and how.
#[derive(Debug, Args)]
pub(crate) struct OutcomeArgs {
    /// Form of the outcome
    #[arg(long, value_name = "FORMAT", default_value = "terminal", help_heading = "Report")]
    pub(crate) format: HygieneFormat,
    /// Write the outcome to a file instead of standard output
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Report")]
    pub(crate) output: Option<PathBuf>,
}

/// Form of the outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum HygieneFormat {
    /// For people
    Terminal,
    /// vetch.pin/1, vetch.fix/1 or vetch.doctor/1
    Json,
}

const FIX_HELP: &str =
    "Scans as `vetch scan` does, and chooses for each release that is malicious, or that an advisory names, the nearest
version that nothing known speaks against: for malware downwards, for a vulnerability upwards, within all declared
ranges where there is one, and never one that is known to be bad or that a [cooldown] of vetch.toml holds back.
Shows the diff of package.json (ranges, overrides), package-lock.json and requirements files; other lockfiles are
left to their own tools, with the command. A machine that installed malware stays compromised whatever is edited.

Examples:
  vetch fix                        where to go, and what would change
  vetch fix --write                write it, all files or none
  vetch fix --offline --intel DIR  by what is at hand

Exit status:
  0    nothing is left to leave
  1    something can be mended, or has to be decided
  2    usage or environment error, or a file may not be written
  3    something could not be checked, and nothing worse
  130  stopped with Ctrl-C";

#[derive(Debug, Args)]
#[command(after_help = FIX_HELP)]
pub(crate) struct FixArgs {
    /// A folder (every project below it), a lockfile or a requirements file [default: the current folder]
    #[arg(value_name = "TARGET", value_hint = ValueHint::AnyPath)]
    pub(crate) target: Option<PathBuf>,

    /// Write the edits, all files or none
    #[arg(long)]
    pub(crate) write: bool,

    #[command(flatten)]
    pub(crate) outcome: OutcomeArgs,

    #[command(flatten)]
    pub(crate) contents: ContentsArgs,
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
}

const DOCTOR_HELP: &str =
    "Reads only, and asks nobody: no network is used, no program is run, and no secret is printed. With --ask-registries
the npm registries that you have credentials for are asked, with these, whether your account has a second factor and
which of its tokens are out. Nothing but the question is sent.

Examples:
  vetch doctor                     this host, the project in the current folder, its CI, and Vetch
  vetch doctor --ask-registries    and what npm's registries know of your accounts
  vetch doctor web --format json

Exit status:
  0    nothing is wrong
  1    something is to be mended
  2    usage or environment error
  3    something could not be read, and nothing worse
  130  stopped with Ctrl-C";

#[derive(Debug, Args)]
#[command(after_help = DOCTOR_HELP)]
pub(crate) struct DoctorArgs {
    /// The folder of a project [default: the current folder]
    #[arg(value_name = "TARGET", value_hint = ValueHint::DirPath)]
    pub(crate) target: Option<PathBuf>,

    /// Ask the npm registries that you have credentials for about your account
    #[arg(long)]
    pub(crate) ask_registries: bool,
    /// Leave out this kind of fault, by its id. May be given again
    #[arg(long, value_name = "LINT")]
    pub(crate) allow: Vec<String>,
    /// Let pass what could not be read
    #[arg(long)]
    pub(crate) allow_incomplete: bool,

    #[command(flatten)]
    pub(crate) outcome: OutcomeArgs,
}
