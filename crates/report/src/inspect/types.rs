//! The public types of `vetch.inspect/1`. Fields are only ever added.
//!
//! Their documentation comments are the descriptions in the JSON Schema.

use schemars::JsonSchema;
use serde::Serialize;

use crate::json::types::{Evidence, Release, Tool};

/// Everything that is known of one release. Sorted and without times: the same input gives the same bytes.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Vetch inspection")]
pub struct InspectReport {
    /// `vetch.inspect/1`.
    pub schema: &'static str,
    /// What wrote it.
    pub tool: Tool,
    /// Verdict, findings, profile and way in, as a scan reports them.
    pub release: Release,
    /// What the history of the package says for and against trusting it; empty where no registry told one.
    pub reputation: Vec<Remark>,
    /// What the release says of itself; null if its manifest cannot be had or read.
    pub manifest: Option<Manifest>,
    /// What the release consists of; null if its contents could not be had.
    pub contents: Option<Contents>,
    /// What runs when it is installed.
    pub install_commands: Vec<InstallCommand>,
    /// Code that was not shipped as code: decoded, put together or downloaded, and run.
    pub layers: Vec<Layer>,
    /// The module graph: source files that something reaches.
    pub modules: Vec<Module>,
    /// Other packages that its code names.
    pub imports: Vec<Import>,
    /// What its files look like.
    pub signals: Vec<Signal>,
    /// What is wrong with the archive or folder itself.
    pub anomalies: Vec<Anomaly>,
}

/// One thing that the history of a package tells.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Remark {
    /// `age`, `cadence`, `publisher`, `channel`, `line`, `incidents` or `downloads`.
    pub aspect: &'static str,
    /// `for`, `neutral` or `against`.
    pub leaning: &'static str,
    /// The reason, in a sentence.
    pub words: String,
}

/// What a release says of itself. All of it may be a lie.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Manifest {
    /// Its name.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// Its licence.
    pub license: Option<String>,
    /// Its homepage.
    pub homepage: Option<String>,
    /// Its repository.
    pub repository: Option<String>,
}

/// What a release consists of.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Contents {
    /// Files.
    pub files: u32,
    /// Their size in bytes.
    pub bytes: u64,
    /// Source files.
    pub source_files: u32,
    /// Their size in bytes.
    pub source_bytes: u64,
    /// Source files that something reaches.
    pub reached_files: usize,
    /// Their size in bytes.
    pub reached_bytes: u64,
    /// Of these, files that were not understood, or not wholly.
    pub not_understood_files: usize,
    /// Their size in bytes.
    pub not_understood_bytes: u64,
    /// What was not understood, reached or not.
    pub not_understood: Vec<NotUnderstood>,
}

/// A file that was not understood.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NotUnderstood {
    /// Path within the package.
    pub path: String,
    /// When it runs.
    pub trigger: &'static str,
    /// `too-large`, `too-deep`, `syntax-error`, `encoding`, `worker-died`, `out-of-fuel`, `unreadable` or `missing`.
    pub reason: &'static str,
    /// In words.
    pub detail: String,
}

/// A command that runs at install.
#[derive(Debug, Serialize, JsonSchema)]
pub struct InstallCommand {
    /// `preinstall`, `install`, `postinstall`, `prepare` or `binding.gyp`.
    pub event: String,
    /// The shell line.
    pub command: String,
    /// Files of the package that it runs.
    pub runs: Vec<String>,
    /// Whether it runs when the release comes from a registry as somebody's dependency.
    pub for_dependents: bool,
}

/// Code that was not shipped as code.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Layer {
    /// The shipped file that runs it.
    pub file: String,
    /// 1-based line.
    pub line: u32,
    /// When.
    pub trigger: &'static str,
    /// How many decodings deep; at least 1.
    pub layer: u8,
    /// Size of the text in bytes.
    pub bytes: u64,
    /// Its beginning; what is not known of it is `…`.
    pub text: String,
    /// Whether it could be parsed, and so was followed.
    pub is_understood: bool,
}

/// A source file that something reaches.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Module {
    /// Path within the package.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// The first trigger that loads it.
    pub trigger: &'static str,
    /// Files of the package that it names.
    pub loads: Vec<String>,
}

/// A package that the code names.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Import {
    /// Package name.
    pub name: String,
    /// As the code names it.
    pub specifier: String,
    /// The first trigger.
    pub trigger: &'static str,
    /// First file that names it.
    pub file: String,
    /// 1-based line; null if the whole file is meant.
    pub line: Option<u32>,
}

/// How a file looks, as opposed to what it does.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Signal {
    /// `mangled-names`, `encoded-blob`, `disguised-file`, …
    pub kind: &'static str,
    /// When the file runs.
    pub trigger: &'static str,
    /// How strong, 0 to 100, within its kind.
    pub strength: u8,
    /// Where.
    pub evidence: Evidence,
}

/// Something wrong with the archive or folder itself.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Anomaly {
    /// `path-escape`, `link`, `duplicate-entry`, …
    pub kind: &'static str,
    /// The entry, as written.
    pub path: String,
    /// In words.
    pub detail: String,
}
