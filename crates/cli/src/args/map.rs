//! The commands that draw and compare dependency maps: `graph`, `why`, `diff`.

use std::path::PathBuf;

use super::{ContentsArgs, PolicyArgs};
use clap::{Args, ValueEnum, ValueHint};

const GRAPH_STATUS: &str = "Exit status:
  0    drawn
  2    usage or environment error
  3    drawn, but something of the target could not be read";

#[derive(Debug, Args)]
#[command(after_help = GRAPH_STATUS)]
pub(crate) struct GraphArgs {
    /// A folder, lockfile, manifest, installed environment or SBOM [default: the current folder]
    #[arg(value_name = "TARGET", value_hint = ValueHint::AnyPath)]
    pub(crate) target: Option<PathBuf>,

    /// Form of the graph
    #[arg(long, value_name = "FORMAT", default_value = "tree")]
    pub(crate) format: GraphFormat,
    /// Write the graph to a file instead of standard output
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// From packages to who asks for them; the JSON has both directions anyway
    #[arg(long)]
    pub(crate) reverse: bool,
    /// Most steps from where the drawing starts; the JSON is always whole
    #[arg(long, value_name = "N")]
    pub(crate) depth: Option<u32>,
    /// Start at this package: name, name@version or purl; the JSON is always whole
    #[arg(long, short, value_name = "PKG")]
    pub(crate) package: Option<String>,
    /// Most packages in a diagram [default: 1000 for dot, 150 for mermaid]
    #[arg(long, value_name = "N")]
    pub(crate) max_nodes: Option<usize>,
    /// List the releases that most hangs on, with reasons; in diagrams, mark them
    #[arg(long)]
    pub(crate) risks: bool,
    /// In the page: verdicts from a report of `vetch scan --format json`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) report: Option<PathBuf>,
    /// End with 0 though something could not be read
    #[arg(long)]
    pub(crate) allow_incomplete: bool,
}

/// Form of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphFormat {
    /// For people
    Tree,
    /// For Graphviz
    Dot,
    /// A flowchart, as forges show it in Markdown
    Mermaid,
    /// vetch.graph/1, with risk points
    Json,
    /// One page to look around in: search, paths, risk points, verdicts
    Html,
}

const WHY_STATUS: &str = "Exit status:
  0    the package is here
  1    it is not
  2    usage or environment error
  3    it is not in what could be read, and something could not";

#[derive(Debug, Args)]
#[command(after_help = WHY_STATUS)]
pub(crate) struct WhyArgs {
    /// The package: name, name@version or purl
    #[arg(value_name = "PKG")]
    pub(crate) package: String,
    /// A folder, lockfile, manifest, installed environment or SBOM [default: the current folder]
    #[arg(value_name = "TARGET", value_hint = ValueHint::AnyPath)]
    pub(crate) target: Option<PathBuf>,

    /// Form of the answer
    #[arg(long, value_name = "FORMAT", default_value = "terminal")]
    pub(crate) format: WhyFormat,
    /// Write the answer to a file instead of standard output
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// Most paths to each release, shortest first
    #[arg(long, value_name = "N", default_value = "5", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) paths: u16,
}

/// Form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WhyFormat {
    /// For people
    Terminal,
    /// vetch.why/1
    Json,
    /// For a comment or a ticket
    Markdown,
}

const DIFF_HELP: &str = "Two releases are compared by what they do, then by what they bring along and how they were published; each is
  npm:NAME@VERSION, pypi:NAME==VERSION or a purl, an archive, or a package folder

Else OLD and NEW are each the first of these that they can be:
  a folder, lockfile, manifest, installed environment or SBOM that is there
  A..B        two git revisions; A...B starts at their merge base
  REV:PATH    a folder or file of a git revision
  REV         a git revision, of the current folder, or of the path that it is compared with

Examples:
  vetch diff old/package-lock.json package-lock.json
  vetch diff main..HEAD              what the branch changes, and what its own code and CI workflows do that they did not
  vetch diff main..HEAD web          in one folder
  vetch diff HEAD                    what is changed and not committed
  vetch diff main..HEAD --review     and what every release that it brings in does, and did not before
  vetch diff npm:axios@1.14.0 npm:axios@1.14.1
  vetch diff --previous npm:axios@1.14.1         against the release before it in its line
  vetch diff old.tgz new.tgz --format markdown

Exit status:
  0    nothing alarming changed
  1    something that needs a look: a release that is suspicious or malicious; other contents or no more hash under the same version,
       another source, new install scripts, another package in its place
  2    usage or environment error
  3    something could not be read, and nothing worse";

#[derive(Debug, Args)]
#[command(after_help = DIFF_HELP)]
pub(crate) struct DiffArgs {
    /// What was
    #[arg(value_name = "OLD", value_hint = ValueHint::AnyPath)]
    pub(crate) old: String,
    /// What is [default: the current folder]; after A..B the folder or file to compare
    #[arg(value_name = "NEW", value_hint = ValueHint::AnyPath)]
    pub(crate) new: Option<String>,

    /// Judge every release that was added or moved to another version, beside the one that it replaces
    #[arg(long, conflicts_with = "previous")]
    pub(crate) review: bool,
    /// Leave the project's own source and CI workflows out, which are compared where OLD or NEW is a git revision
    #[arg(long, conflicts_with = "previous")]
    pub(crate) no_source: bool,
    /// Compare this one release with the one before it in its line
    #[arg(long, conflicts_with = "new")]
    pub(crate) previous: bool,

    /// Compare this one release with a checkout of its source: what it can do that the source cannot
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with_all = ["new", "previous", "review"])]
    pub(crate) source: Option<PathBuf>,

    /// Form of the comparison
    #[arg(long, value_name = "FORMAT", default_value = "terminal")]
    pub(crate) format: DiffFormat,
    /// Write the comparison to a file instead of standard output
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// Let pass what could not be read
    #[arg(long)]
    pub(crate) allow_incomplete: bool,

    #[command(flatten)]
    pub(crate) contents: ContentsArgs,
}

impl DiffArgs {
    /// As `vetch scan` takes them: of those a comparison has `--allow-incomplete` alone.
    pub(crate) fn policy(&self) -> PolicyArgs {
        PolicyArgs { allow_incomplete: self.allow_incomplete, ..PolicyArgs::default() }
    }
}

/// Form of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffFormat {
    /// For people
    Terminal,
    /// vetch.diff/1, or vetch.release-diff/1 of two releases
    Json,
    /// For a comment on a pull request
    Markdown,
    /// Of two releases: one page, with nothing to fetch and no script
    Html,
}
