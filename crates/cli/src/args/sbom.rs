//! `vetch sbom`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

const SBOM_HELP: &str = "Examples:
  vetch sbom --output sbom.json                      CycloneDX 1.6 of the current folder
  vetch sbom --format spdx-json package-lock.json
  vetch sbom --format spdx3-json package-lock.json   SPDX 3.0.1
  vetch sbom --report scan.json --output sbom.json   with what a scan found
  vetch sbom --reproducible --output sbom.json       the same bytes every time, to keep beside the code

With SOURCE_DATE_EPOCH in the environment, that is the time of the SBOM, and its serial number follows from its contents.

Exit status:
  0    written
  2    usage or environment error
  3    written, but something of the target could not be read; the SBOM says so";

#[derive(Debug, Args)]
#[command(after_help = SBOM_HELP)]
pub(crate) struct SbomArgs {
    /// A folder, lockfile, manifest, installed environment or SBOM [default: the current folder]
    #[arg(value_name = "TARGET", value_hint = ValueHint::AnyPath)]
    pub(crate) target: Option<PathBuf>,

    /// Form of the SBOM
    #[arg(long, value_name = "FORMAT", default_value = "cyclonedx-json")]
    pub(crate) format: SbomFormatName,
    /// Version of the standard [default: 1.6 of CycloneDX, 2.3 of SPDX, 3.0.1 of SPDX 3]
    #[arg(long, value_name = "VERSION")]
    pub(crate) spec_version: Option<SpecVersion>,
    /// Write the SBOM to a file instead of standard output
    #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// A report of `vetch scan --format json`: its advisories and alarms go into the SBOM as vulnerabilities (CycloneDX)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) report: Option<PathBuf>,
    /// The same bytes for the same target: no time, and a serial number that follows from the contents
    #[arg(long)]
    pub(crate) reproducible: bool,
    /// End with 0 though something could not be read
    #[arg(long)]
    pub(crate) allow_incomplete: bool,
}

/// Form of an SBOM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SbomFormatName {
    /// CycloneDX, JSON
    #[value(name = "cyclonedx-json")]
    CycloneDxJson,
    /// CycloneDX, XML
    #[value(name = "cyclonedx-xml")]
    CycloneDxXml,
    /// SPDX, JSON
    SpdxJson,
    /// SPDX, lines of tags and values
    SpdxTagValue,
    /// SPDX 3, JSON-LD
    Spdx3Json,
}

/// Version of a standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SpecVersion {
    /// CycloneDX, what most consumers take
    #[value(name = "1.6")]
    CycloneDx16,
    /// CycloneDX, the newest
    #[value(name = "1.7")]
    CycloneDx17,
    /// SPDX, what most consumers take
    #[value(name = "2.3")]
    Spdx23,
    /// SPDX, the newest; in spdx3-json
    #[value(name = "3.0.1")]
    Spdx301,
}
