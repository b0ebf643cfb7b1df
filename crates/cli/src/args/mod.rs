//! The command line, as `vetch --help` shows it.

mod hygiene;
mod intel;
mod map;
mod sbom;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::LazyLock;

use crate::commands::cache::parse_size;
use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use vetch_model::Verdict;

pub(crate) use hygiene::{DoctorArgs, FixArgs, HygieneFormat, PinArgs};
pub(crate) use intel::{IntelArgs, IntelCommand, IntelFormat};
pub(crate) use map::{DiffArgs, DiffFormat, GraphArgs, GraphFormat, WhyArgs, WhyFormat};
pub(crate) use sbom::{SbomArgs, SbomFormatName, SpecVersion};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXIT_STATUS: &str = "Exit status:
  0    nothing at or above the failing level
  1    something at or above the failing level (default: suspicious)
  2    usage or environment error
  3    something could not be checked, and nothing worse
  130  stopped with Ctrl-C";

/// Vets what you fetch: finds the releases among your dependencies that are not what they claim to be.
#[derive(Debug, Parser)]
#[command(name = "vetch", version = version(), styles = STYLES, arg_required_else_help = true)]
#[command(subcommand_required = true, after_help = EXIT_STATUS, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Show no progress and no notes
    #[arg(long, short, global = true, conflicts_with = "verbose", help_heading = "Global options")]
    pub(crate) quiet: bool,
    /// Leave nothing out
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub(crate) verbose: bool,
    /// When to use colours; NO_COLOR is honoured
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = "Global options")]
    pub(crate) color: ColorWhen,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorWhen {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Find dangerous releases in projects, packages, lockfiles, environments, SBOMs and archives
    Scan(ScanArgs),
    /// Tell everything that is known of one release: what it does and when, with the lines that show it
    Inspect(InspectArgs),
    /// Write or check vetch.lock: what every release that a project depends on may do
    Lock(LockArgs),
    /// Draw the dependency graph of a project, lockfile, environment or SBOM
    Graph(GraphArgs),
    /// Tell why a package is here: through what, by which ranges, and what would leave with it
    Why(WhyArgs),
    /// Write an SBOM of a project, lockfile or environment: CycloneDX or SPDX
    Sbom(SbomArgs),
    /// Tell what changed between two lockfiles, folders, environments, SBOMs or git revisions
    Diff(DiffArgs),
    /// Leave releases that are malicious or vulnerable: where to go, with the edits that do it
    Fix(FixArgs),
    /// Find what a project installs without having reviewed it: ranges, lockfiles, settings, workflows; mend it
    Pin(PinArgs),
    /// Look after credentials and settings: this host, a project, its CI, and Vetch itself
    Doctor(DoctorArgs),
    /// Tell what a rule means, why it matters and what to do
    Explain(ExplainArgs),
    /// List the rules; write and test your own
    Rules(RulesArgs),
    /// Import, search and show threat intelligence: known malware and vulnerabilities
    Intel(IntelArgs),
    /// Look after the cache
    Cache(CacheArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the manual, or write its pages to a folder
    Man(ManArgs),
}

#[derive(Debug, Args)]
#[command(after_help = EXIT_STATUS)]
pub(crate) struct ScanArgs {
    /// A folder (every project below it, or all archives in it), a lockfile, manifest, SBOM or installed
    /// environment of any format, an archive (.tgz, .whl, .tar.gz, .zip, .egg) or the folder that one was
    /// unpacked to [default: the current folder]
    #[arg(value_name = "TARGET", value_hint = ValueHint::AnyPath)]
    pub(crate) targets: Vec<PathBuf>,

    /// Form of the report
    #[arg(long, value_name = "FORMAT", default_value = "terminal", help_heading = "Report")]
    pub(crate) format: Format,
    /// Write the report to a file instead of standard output; records of OSV also to a folder (DIR/)
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Report")]
    pub(crate) output: Option<PathBuf>,
    /// Show only what is suspicious, malicious or incomplete
    #[arg(long, help_heading = "Report")]
    pub(crate) only_findings: bool,

    #[command(flatten)]
    pub(crate) contents: ContentsArgs,
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
}

/// Where the contents of releases come from.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Contents")]
pub(crate) struct ContentsArgs {
    /// Whose package an archive or a folder is, where it may be either [default: by its contents]
    #[arg(long, value_name = "ECOSYSTEM")]
    pub(crate) ecosystem: Option<EcosystemName>,
    /// Use no network; what is not at hand is incomplete
    #[arg(long)]
    pub(crate) offline: bool,
    /// Take archives (.tgz, .whl, .tar.gz, .zip) from this folder, matched by the lockfile's hashes
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) archives: Option<PathBuf>,
    /// Neither read nor write the cache
    #[arg(long, conflicts_with = "cache_dir")]
    pub(crate) no_cache: bool,
    /// Keep the cache in this folder
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) cache_dir: Option<PathBuf>,
    /// Ask no registry for the histories of packages, and judge without them
    #[arg(long)]
    pub(crate) no_history: bool,
    /// Judge without the threat intelligence that was imported
    #[arg(long, conflicts_with = "intel")]
    pub(crate) no_intel: bool,
    /// Take imported threat intelligence from this folder [default: the user's state folder]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) intel: Option<PathBuf>,
    /// Judge as one would have at this moment: later releases had not come yet
    #[arg(long, value_name = "TIME", conflicts_with = "no_history")]
    pub(crate) as_of: Option<String>,
    /// Number of workers [default: the number of cores]
    #[arg(long, short, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Trust the project's settings: let its .npmrc expand the environment and redirect
    /// registries. Remembered for this folder
    #[arg(long)]
    pub(crate) trust_project: bool,
}

/// An ecosystem whose packages are analysed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EcosystemName {
    /// JavaScript
    Npm,
    /// Python
    Pypi,
}

/// What fails.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Policy")]
pub(crate) struct PolicyArgs {
    /// Lowest verdict that fails [default: the policy's, or suspicious]
    #[arg(long, value_name = "LEVEL")]
    pub(crate) fail_on: Option<Level>,
    /// Let pass what could not be checked
    #[arg(long)]
    pub(crate) allow_incomplete: bool,
    /// Use this policy file instead of the project's vetch.toml
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// Take the policy from this git revision, e.g. the base of a pull request
    #[arg(long, value_name = "REV")]
    pub(crate) policy_from: Option<String>,
    #[command(flatten)]
    pub(crate) own: OwnRulesArgs,
}

/// Rules of the user's own.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct OwnRulesArgs {
    /// Judge by these rules of yours too: a file, or a folder of .toml files. May be given again
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) rules: Vec<PathBuf>,
    /// Try these YARA rules of yours on every file, and on what code decodes: a file, or a folder of .yar and
    /// .yara files. May be given again
    #[arg(long, value_name = "DIR", value_hint = ValueHint::AnyPath)]
    pub(crate) yara: Vec<PathBuf>,
    /// Compare names with this list of popular ones: a line `[npm]` or `[pypi]`, below it one name a line, the
    /// most downloaded first [default: popular.txt in the user's data folder, or the list that is shipped]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) popular: Option<PathBuf>,
}

const INSPECT_HELP: &str = "Examples:
  vetch inspect axios                          a release that the current project has
  vetch inspect debug@4.3.4 web                one of the project in `web`
  vetch inspect left-pad-1.3.0.tgz             an archive
  vetch inspect node_modules/x --format html --output x.html

Exit status:
  0    told
  2    usage or environment error
  3    told, but something of it could not be checked
  130  stopped with Ctrl-C";

#[derive(Debug, Args)]
#[command(after_help = INSPECT_HELP)]
pub(crate) struct InspectArgs {
    /// A package folder or archive (.tgz, .whl, .tar.gz, .zip, .egg); else a package of the project: name,
    /// name@version or purl
    #[arg(value_name = "TARGET", value_hint = ValueHint::AnyPath)]
    pub(crate) target: String,
    /// The project that has the package [default: the current folder]
    #[arg(value_name = "PROJECT", value_hint = ValueHint::AnyPath)]
    pub(crate) project: Option<PathBuf>,

    /// Form of the report
    #[arg(long, value_name = "FORMAT", default_value = "terminal", help_heading = "Report")]
    pub(crate) format: InspectFormat,
    /// Write the report to a file instead of standard output
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Report")]
    pub(crate) output: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) contents: ContentsArgs,
    #[command(flatten, next_help_heading = "Rules of yours")]
    pub(crate) own: OwnRulesArgs,
}

/// Form of an inspection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum InspectFormat {
    /// For people
    Terminal,
    /// vetch.inspect/1
    Json,
    /// One page, with nothing to fetch and no script
    Html,
}

const LOCK_HELP: &str = "Without --check and --accept, writes the file beside every lockfile of the target, and tells
what is new in it. A lock that would take in a release at or above the failing level is not written.

Examples:
  vetch lock                      write vetch.lock; commit it
  vetch lock --check              in CI: fail if a release can do what is not locked
  vetch lock --accept esbuild     take over what one package does now, and nothing else

Exit status:
  0    written, or nothing can do what is not locked
  1    a release can do what is not locked, or is at or above the failing level
  2    usage or environment error, or there is no lock to check
  3    something could not be checked, and nothing worse
  130  stopped with Ctrl-C";

#[derive(Debug, Args)]
#[command(after_help = LOCK_HELP)]
pub(crate) struct LockArgs {
    /// A folder (every project below it) or a lockfile [default: the current folder]
    #[arg(value_name = "TARGET", value_hint = ValueHint::AnyPath)]
    pub(crate) target: Option<PathBuf>,

    /// Write nothing; fail if a release can do what its vetch.lock does not have
    #[arg(long, conflicts_with = "accept")]
    pub(crate) check: bool,
    /// Take over what this package does now, and nothing else: name, name@version or purl
    #[arg(long, value_name = "PKG")]
    pub(crate) accept: Vec<String>,

    /// Form of the outcome
    #[arg(long, value_name = "FORMAT", default_value = "terminal", help_heading = "Report")]
    pub(crate) format: LockFormat,
    /// Write the outcome to a file instead of standard output
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Report")]
    pub(crate) output: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) contents: ContentsArgs,
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
}

/// Form of a lock's outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LockFormat {
    /// For people
    Terminal,
    /// vetch.lock-check/1
    Json,
    /// For a comment or a ticket
    Markdown,
}

/// Form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Terminal,
    /// vetch.report/1
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// For a comment on a pull request
    Markdown,
    /// One page: verdicts, evidence, paths, and the dependency graph
    Html,
    /// STIX 2.1, for a threat intelligence platform: what is malicious or suspicious
    Stix,
    /// OSV 1.7: a record of each malicious release; one a line, or a file each with --output DIR/
    Osv,
    /// OpenVEX 0.2.0: what advisories and bad releases mean to the project
    Openvex,
    /// CSAF 2.0, security advisory: the bad and vulnerable releases of the project
    Csaf,
    /// CSAF 2.0, VEX: what they mean to the project
    CsafVex,
}

/// A verdict that can fail a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Level {
    Malicious,
    Suspicious,
    Incomplete,
    Notable,
}

impl From<Level> for Verdict {
    fn from(level: Level) -> Verdict {
        match level {
            Level::Malicious => Verdict::Malicious,
            Level::Suspicious => Verdict::Suspicious,
            Level::Incomplete => Verdict::Incomplete,
            Level::Notable => Verdict::Notable,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The rule's id, as in a report
    #[arg(value_name = "RULE")]
    pub(crate) rule: String,
    /// Rules of yours that it may be one of: a file, or a folder of .toml files. May be given again
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) rules: Vec<PathBuf>,
    /// YARA rules of yours that it may be one of: a file, or a folder. May be given again
    #[arg(long, value_name = "DIR", value_hint = ValueHint::AnyPath)]
    pub(crate) yara: Vec<PathBuf>,
}

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct RulesArgs {
    #[command(subcommand)]
    pub(crate) command: RulesCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// List every rule with its severity and what it finds
    List {
        /// Form of the list
        #[arg(long, value_name = "FORMAT", default_value = "terminal")]
        format: ListFormat,
        /// Rules of yours: a file, or a folder of .toml files. May be given again
        #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
        rules: Vec<PathBuf>,
        /// YARA rules of yours: a file, or a folder of .yar and .yara files. May be given again
        #[arg(long, value_name = "DIR", value_hint = ValueHint::AnyPath)]
        yara: Vec<PathBuf>,
    },
    /// Write a rule of yours to begin with, with tests beside it
    New {
        /// Lower-case words with hyphens between them, e.g. `acme-no-telemetry`
        id: String,
        /// The folder to write it to
        #[arg(long, value_name = "DIR", default_value = "rules", value_hint = ValueHint::DirPath)]
        dir: PathBuf,
    },
    /// Run the tests that stand beside rules of yours
    Test {
        /// Files of rules, or folders of .toml files
        #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
        rules: Vec<PathBuf>,
    },
}

/// Form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    /// For people
    Terminal,
    /// vetch.rules/1
    Json,
}

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct CacheArgs {
    #[command(subcommand)]
    pub(crate) command: CacheCommand,
    /// The cache's folder, if not the default
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) cache_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// Print where the cache is
    Path,
    /// Remove what was not used for long, and the oldest of what is too much
    Prune {
        /// Remove what was not used for this many days
        #[arg(long, value_name = "DAYS", default_value_t = 30)]
        max_age: u32,
        /// Then keep at most this much, e.g. 500M or 2G
        #[arg(long, value_name = "SIZE", default_value = "2G", value_parser = parse_size)]
        max_size: u64,
    },
    /// Remove the cache
    Clear,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// Which shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// Write a page for every command to this folder
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) dir: Option<PathBuf>,
}

/// The program's version, and that of its analysis, on which cached facts depend.
fn version() -> &'static str {
    static VERSION: LazyLock<String> =
        LazyLock::new(|| format!("{} (analysis {})", env!("CARGO_PKG_VERSION"), vetch_engine::ANALYSIS_VERSION));
    &VERSION
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_option_of_the_contract_is_there() {
        let line = "vetch scan a b --format sarif --output f --offline --archives d --cache-dir c --jobs 2 \
                    --fail-on notable --config f --policy-from HEAD --allow-incomplete --only-findings --quiet";
        let cli = Cli::try_parse_from(line.split_whitespace()).unwrap();
        let Command::Scan(scan) = cli.command else { panic!("not a scan") };
        assert_eq!((scan.targets.len(), scan.format, scan.policy.fail_on), (2, Format::Sarif, Some(Level::Notable)));
        assert!(Cli::try_parse_from(["vetch", "scan", "--no-cache", "--cache-dir", "c"]).is_err());
        assert!(Cli::try_parse_from(["vetch", "scan", "--jobs", "0"]).is_err());
        assert!(Cli::try_parse_from(["vetch", "scan", "--fail-on", "clean"]).is_err());
    }
}
