//! Writes a dependency map as an SBOM: CycloneDX 1.6 and 1.7, SPDX 2.3 and 3.0.1.
//!
//! [`document`] makes of the map what every form says; [`cyclonedx`], [`spdx`] and [`spdx3`] are the vocabularies, typed after
//! their schemas; the first two have a second syntax beside their JSON. Nothing in a map can make a document invalid: references
//! are made here, addresses are encoded or left to properties, and names are escaped for the syntax that they go to.

mod address;
mod cyclonedx;
mod cyclonedx_xml;
mod document;
mod licence;
mod properties;
mod serial;
mod spdx;
mod spdx3;
mod spdx_tag_value;
mod vulnerabilities;

use std::io::{self, Write};

use vetch_graph::Graph;
use vetch_model::Incomplete;
use vetch_model::inventory::Inventory;

use crate::ToolInfo;
use crate::graph::MapFile;
use crate::json::write_value;
use document::Document;
pub use vulnerabilities::Reported;

/// A dependency map, ready to be written as an SBOM.
#[derive(Debug, Clone, Copy)]
pub struct SbomView<'m> {
    /// What the target is called, where it does not say so itself: its folder or file.
    pub name: &'m str,
    /// Packages of all files.
    pub inventory: &'m Inventory,
    /// Of that inventory.
    pub graph: &'m Graph,
    /// What was read.
    pub files: &'m [MapFile],
    /// What could not be read.
    pub incomplete: &'m [Incomplete],
    /// What a scan found; only CycloneDX has a place for it.
    pub reported: Option<&'m Reported>,
}

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SbomFormat {
    /// <https://cyclonedx.org/docs/1.6/json/>
    CycloneDxJson(CycloneDxVersion),
    /// <https://cyclonedx.org/docs/1.6/xml/>
    CycloneDxXml(CycloneDxVersion),
    /// SPDX 2.3, JSON: <https://spdx.github.io/spdx-spec/v2.3/>
    SpdxJson,
    /// SPDX 2.3, tag-value.
    SpdxTagValue,
    /// SPDX 3.0.1, JSON-LD: <https://spdx.github.io/spdx-spec/v3.0.1/>
    Spdx3Json,
}

/// A version of CycloneDX.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CycloneDxVersion {
    /// What most consumers take.
    #[default]
    V1_6,
    /// The newest.
    V1_7,
}

impl CycloneDxVersion {
    const fn as_str(self) -> &'static str {
        match self {
            CycloneDxVersion::V1_6 => "1.6",
            CycloneDxVersion::V1_7 => "1.7",
        }
    }
}

/// By what one document is told from another of the same contents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stamp {
    /// When it was made; CycloneDX then leaves it out, SPDX, which must have it, writes the year 1970.
    pub created: Option<jiff::Timestamp>,
    /// Of a random serial number; without it the number follows from the contents.
    pub entropy: Option<[u8; 16]>,
}

/// Writes the map in one form.
///
/// # Errors
/// What `out` reports.
pub fn write(
    view: &SbomView<'_>,
    format: SbomFormat,
    stamp: Stamp,
    tool: &ToolInfo,
    mut out: impl Write,
) -> io::Result<()> {
    let document = Document::new(view);
    match format {
        SbomFormat::CycloneDxJson(version) => write_value(&cyclonedx::bom(&document, view, version, stamp, tool)?, out),
        SbomFormat::CycloneDxXml(version) => {
            let bom = cyclonedx::bom(&document, view, version, stamp, tool)?;
            out.write_all(cyclonedx_xml::text(&bom).as_bytes())
        }
        SbomFormat::SpdxJson => write_value(&spdx::document(&document, view, stamp, tool)?, out),
        SbomFormat::Spdx3Json => write_value(&spdx3::document(&document, view, stamp, tool)?, out),
        SbomFormat::SpdxTagValue => {
            let spdx = spdx::document(&document, view, stamp, tool)?;
            out.write_all(spdx_tag_value::text(&spdx).as_bytes())
        }
    }
}

/// What could not be read, each in one line.
fn gaps(incomplete: &[Incomplete]) -> impl Iterator<Item = String> {
    incomplete.iter().map(|one| format!("{}: {}", one.what, one.why))
}
