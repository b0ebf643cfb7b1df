//! The public types of `vetch.report/1`. Fields are only ever added.
//!
//! Their documentation comments are the descriptions in the JSON Schema.

use schemars::JsonSchema;
use serde::Serialize;

pub use super::way_out::{PassedOver, Usage, WayOut};

/// What a scan found. Sorted and without times: the same input gives the same bytes.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Vetch report")]
pub struct Report {
    /// `vetch.report/1`.
    pub schema: &'static str,
    /// What wrote the report.
    pub tool: Tool,
    /// What was asked for.
    pub targets: Vec<Target>,
    /// What was found in the targets and read. Absent where each target is nothing but one npm
    /// project, package or archive.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub files: Vec<ReadFile>,
    /// Number of releases of each verdict.
    pub summary: Summary,
    /// Every release, once per distinct contents.
    pub releases: Vec<Release>,
    /// Findings about a target rather than a release.
    pub findings: Vec<TargetFinding>,
    /// What could not be checked and belongs to no release.
    pub incomplete: Vec<Incomplete>,
    /// What was not applicable here.
    pub skipped: Vec<Reason>,
    /// Signals that the registry in use does not offer.
    pub unavailable: Vec<Reason>,
    /// The threat intelligence that releases were compared with. Absent if none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intelligence: Option<Intelligence>,
}

/// How much threat intelligence there was, and of when.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Intelligence {
    /// Number of indicators.
    pub indicators: u64,
    /// Number of records.
    pub records: u64,
    /// When records were last imported (RFC 3339).
    pub imported: String,
    /// When the newest record was changed (RFC 3339).
    pub newest: String,
}

/// What wrote the report.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Tool {
    /// `vetch`.
    pub name: &'static str,
    /// Its version.
    pub version: String,
    /// Version of the analysis.
    pub analysis: String,
}

/// One thing that was asked for.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Target {
    /// As given on the command line.
    pub path: String,
    /// `project`, `package`, `lockfile`, `environment`, `sbom` or `archive`.
    pub kind: &'static str,
}

/// One lockfile, manifest, SBOM or installed tree.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReadFile {
    /// Index into `targets`.
    pub target: usize,
    /// File or folder, relative to the target.
    pub file: String,
    /// What it is: `package-lock`, `pnpm`, `uv`, `site-packages`, `cyclonedx-json`, …
    pub format: &'static str,
    /// The version that it states of its format; null if it states none.
    pub version: Option<String>,
    /// Number of packages, without the user's own.
    pub packages: usize,
}

/// Number of releases of each verdict.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Summary {
    /// Act now.
    pub malicious: usize,
    /// A person must look.
    pub suspicious: usize,
    /// Could not be judged; never counts as clean.
    pub incomplete: usize,
    /// Worth knowing.
    pub notable: usize,
    /// Nothing found, everything checked.
    pub clean: usize,
}

/// One release.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Release {
    /// Package URL.
    pub purl: String,
    /// `malicious`, `suspicious`, `incomplete`, `notable` or `clean`.
    pub verdict: &'static str,
    /// 0 (nothing) to 100 (certain harm).
    pub score: u8,
    /// `blake3:<hex>` over the files; null where the contents could not be had.
    pub content_hash: Option<String>,
    /// Where it is installed or declared.
    pub locations: Vec<ReleaseLocation>,
    /// How it got in: chains from the root, shortest first.
    pub paths: Vec<Vec<PathStep>>,
    /// Whether there are more paths than are listed.
    pub more_paths: bool,
    /// Worst first.
    pub findings: Vec<Finding>,
    /// Findings that the policy in use excepts.
    pub excepted: Vec<Excepted>,
    /// What imported threat intelligence says of it, the gravest first. Absent if nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub advisories: Vec<Advisory>,
    /// Whether the project's own code gets to it. Absent where no advisory made that worth knowing, or it could not be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(default)]
    pub usage: Option<Usage>,
    /// Indicators of compromise that it meets, in the order in which it shows them. Absent if none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub indicators: Vec<Indicator>,
    /// Known campaigns that it has to do with, the surest first. Absent if none; only of malicious and suspicious releases.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub campaigns: Vec<Campaign>,
    /// Where to go from it. Absent unless it is known or found to be bad.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(default)]
    pub way_out: Option<WayOut>,
    /// What the code does.
    pub profile: Profile,
    /// What could not be checked and could have changed the verdict.
    pub incomplete: Vec<Incomplete>,
}

/// Where a release is.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReleaseLocation {
    /// Index into `targets`.
    pub target: usize,
    /// Folder or archive, relative to the target; null if it is only declared.
    pub path: Option<String>,
    /// Lockfile that declares it, relative to the target.
    pub file: Option<String>,
    /// 1-based line of that lockfile.
    pub line: Option<u32>,
}

/// One step of a path from the root.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PathStep {
    /// `name@version`.
    pub label: String,
    /// The range by which the step before asks for it; empty for the root.
    pub range: String,
}

/// What one rule says.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Finding {
    /// Permanent id of the rule.
    pub rule: &'static str,
    /// One line: what was found.
    pub title: String,
    /// `critical`, `high`, `medium`, `low` or `info`.
    pub severity: &'static str,
    /// `high`, `medium` or `low`.
    pub confidence: &'static str,
    /// Kind of fact: `behaviour`, `manifest`, `metadata`, `release`, `name`, `integrity`,
    /// `provenance`, `intelligence`, `vulnerability` or `policy`.
    pub category: &'static str,
    /// Never empty; the strongest first.
    pub evidence: Vec<Evidence>,
    /// MITRE ATT&CK technique ids.
    pub techniques: Vec<&'static str>,
    /// What to do next.
    pub remedy: String,
}

/// One advisory about a release. Records that call each other aliases are one.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Advisory {
    /// `malware` or `vulnerability`.
    pub kind: &'static str,
    /// The id by which it is known best.
    pub id: String,
    /// Its other ids, sorted.
    pub aliases: Vec<String>,
    /// One line.
    pub summary: String,
    /// How it reaches the release: `named`, `open-range`, `contradicted-range`, or `other-version` where it does not.
    pub reach: &'static str,
    /// The affected versions, in words.
    pub affected: String,
    /// The version to go to; `<1.14.1` where none is known to be there, and no record names any below that of the same line
    /// (major version, or `0.x`); null if there is nothing to go to.
    pub safe: Option<String>,
    /// `critical`, `high`, `medium` or `low`; null where no record says.
    pub severity: Option<&'static str>,
    /// CVSS score; null where there is no vector.
    pub score: Option<f32>,
    /// The day since which it is known to be exploited (CISA KEV); null if it is not.
    pub exploited_since: Option<String>,
    /// Probability of exploitation within 30 days (EPSS); null where not known.
    pub exploit_probability: Option<f64>,
    /// When it was last changed (RFC 3339).
    pub modified: String,
    /// When it was imported (RFC 3339).
    pub imported: String,
    /// Whether it is a finding: not if all imported statements (`vex`) that speak of it here say `not_affected` or `fixed`.
    pub counted: bool,
    /// What imported statements judge of it, the newest of each author; those that apply here come first.
    pub vex: Vec<VexStatement>,
}

/// A statement of VEX about an advisory: somebody's judgement of one vulnerability in one product.
#[derive(Debug, Serialize, JsonSchema)]
pub struct VexStatement {
    /// `not_affected`, `fixed`, `affected` or `under_investigation`.
    pub status: &'static str,
    /// Why it is not affected, by a label of its standard; null where none is given.
    pub justification: Option<String>,
    /// The same in words, or what to do; null where nothing is said.
    pub statement: Option<String>,
    /// Who says so.
    pub author: String,
    /// The id of the document.
    pub document: String,
    /// Since when it is so (RFC 3339).
    pub time: String,
    /// The id of the vulnerability, as the statement has it.
    pub vulnerability: String,
    /// The purl that it names.
    pub product: String,
    /// The product of which that is a part; null if it speaks of the package by itself.
    pub within: Option<String>,
    /// Whether it speaks of what is scanned; a part of another product is not.
    pub applies: bool,
}

/// An indicator of compromise that a release meets, as one source has it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Indicator {
    /// `domain`, `ip`, `url`, `email`, `md5`, `sha1`, `sha256`, `sha512`, `wallet`, `file-name`, `file-path`, `account` or
    /// `package`.
    pub kind: &'static str,
    /// In its normal form.
    pub value: String,
    /// What the release shows, where that is something below it: a host of a domain, an address on a host.
    pub shown: String,
    /// How the release shows it: `used` by its code, `own` (it is its contents, name, origin or maker), in text that was
    /// `decoded`, or `written` in a file.
    pub seen: &'static str,
    /// When the code runs that has it: `install`, `import`, `bin`, `call`, `test` or `unreached`.
    pub trigger: &'static str,
    /// Who says that it is one.
    pub source: String,
    /// The record that says so.
    pub record: String,
    /// One line, as the source has it.
    pub description: String,
    /// Campaigns, malware and groups that the source relates it to.
    pub context: Vec<IndicatorContext>,
    /// How sure the source is, 0 to 100; null where it does not say.
    pub confidence: Option<u8>,
    /// When it ends to count (RFC 3339); null where the source does not say.
    pub valid_until: Option<String>,
    /// When it was imported (RFC 3339).
    pub imported: String,
    /// Where it was seen.
    pub evidence: Evidence,
}

/// A known campaign that a release has to do with, and how likely.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Campaign {
    /// Its id, or its name where a feed tells of it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `listed-release`: it names this release; `shared-indicator`: both show an indicator; `similar`: likeness of method,
    /// by which nothing is attributed.
    pub likelihood: &'static str,
    /// What both have.
    pub shared: Vec<String>,
    /// What makes it unsure.
    pub uncertainty: String,
    /// Who told of the campaign.
    pub reported_by: Vec<String>,
    /// To whom it is attributed, each as somebody names them. Empty for what is only similar.
    pub attributed: Vec<Attribution>,
}

/// To whom a campaign is attributed, and by whom.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Attribution {
    /// Who says so.
    pub by: String,
    /// The group, as they name it.
    pub to: String,
}

/// What an indicator belongs to.
#[derive(Debug, Serialize, JsonSchema)]
pub struct IndicatorContext {
    /// `campaign`, `malware`, `intrusion-set`, `threat-actor` or `tool`.
    pub kind: &'static str,
    /// As the source names it.
    pub name: String,
}

/// A finding about a target.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TargetFinding {
    /// Index into `targets`.
    pub target: usize,
    /// What was found.
    pub finding: Finding,
}

/// A finding that the policy in use excepts.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Excepted {
    /// The rule.
    pub rule: &'static str,
    /// What it found.
    pub title: String,
    /// Why the policy excepts it.
    pub reason: String,
}

/// What a finding rests on. Paths are relative: to the package for its contents,
/// to the target for lockfiles. Lines and columns (in bytes) are 1-based and null
/// where the whole file or line is meant.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Evidence {
    /// A line of code, in the file or in a layer decoded from it.
    Code {
        /// Relative path.
        file: String,
        /// 1-based line.
        line: Option<u32>,
        /// 1-based column in bytes.
        column: Option<u32>,
        /// The source line, cut around the point of interest.
        excerpt: String,
        /// The point of interest.
        highlight: Highlight,
        /// Decoding layer: 0 = as shipped.
        layer: u8,
        /// What the line does.
        note: String,
    },
    /// A field whose value is the point.
    Field {
        /// Relative path.
        file: String,
        /// 1-based line.
        line: Option<u32>,
        /// 1-based column in bytes.
        column: Option<u32>,
        /// Path of the field, e.g. `scripts.postinstall`.
        field: String,
        /// The value found.
        found: String,
        /// The value expected, where one is known.
        expected: Option<String>,
        /// What that means.
        note: String,
    },
    /// A file as a whole.
    File {
        /// Relative path.
        file: String,
        /// 1-based line.
        line: Option<u32>,
        /// What about it.
        note: String,
    },
}

/// A half-open byte range of the excerpt (as UTF-8).
#[derive(Debug, Serialize, JsonSchema)]
pub struct Highlight {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// What the code of a release does.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Profile {
    /// Each with the first place it was seen.
    pub capabilities: Vec<Capability>,
    /// What is read or fetched, and what is done with it.
    pub flows: Vec<Flow>,
}

/// One thing that code can do.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Capability {
    /// Capability id, e.g. `net.connect`.
    pub id: &'static str,
    /// Host, command, variable, `path class[:path]` …; `*` if not known; null if the capability has none.
    pub resource: Option<String>,
    /// `shell`, `detached`, `hidden`.
    pub attributes: Vec<&'static str>,
    /// `install`, `import`, `bin`, `call`, `test` or `unreached`.
    pub trigger: &'static str,
    /// Decoding layer: 0 = as shipped.
    pub layer: u8,
    /// Where it was first seen.
    pub evidence: Evidence,
}

/// A source that reaches a sink.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Flow {
    /// E.g. `fs.read(credentials)`.
    pub source: String,
    /// E.g. `net.connect(*)`.
    pub sink: String,
    /// When the chain starts.
    pub trigger: &'static str,
    /// Decoding layer: 0 = as shipped.
    pub layer: u8,
}

/// Something that was not checked.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Incomplete {
    /// What.
    pub what: String,
    /// Why not.
    pub why: String,
    /// What supplies it.
    pub hint: String,
    /// Relative path of the file it stands in.
    pub file: Option<String>,
    /// 1-based line.
    pub line: Option<u32>,
}

/// A thing, and why.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Reason {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
}
