//! SBOMs as input: CycloneDX in JSON and XML, SPDX 2 in JSON and tag-value, SPDX 3 in JSON-LD.
//!
//! Five syntaxes, three vocabularies, one result. [`xml`] and [`tag_value`] turn
//! their syntax into the JSON of the same standard, spans included; [`cyclonedx`],
//! [`spdx`] and [`spdx3`] read that into a [`bom::Bom`]; [`assemble`] makes the inventory.
//! Formats: <https://cyclonedx.org/specification/overview/>, <https://spdx.github.io/spdx-spec/v2.3/>,
//! <https://spdx.github.io/spdx-spec/v3.0.1/>.

mod assemble;
mod bom;
mod cyclonedx;
mod hashes;
mod package;
mod relations;
mod report;
mod spdx;
mod spdx3;
mod tag_value;
mod xml;

use vetch_model::evidence::{Location, Span};
use vetch_model::outcome::Outcome;

use crate::error::{ReadError, ReadErrorKind};
use crate::files::Files;
use crate::format::{Format, Reading, required};
use crate::json::{Document, Limits, Lines, parse};
use report::Report;

/// Largest SBOM read, in bytes: those of big images have 100 MB.
pub const MAX_BYTES: usize = 512 << 20;

/// Most values in one SBOM; one of 10,000 components has about 300,000.
const MAX_VALUES: usize = 12_000_000;

/// Most components in one SBOM.
const MAX_COMPONENTS: usize = 1_000_000;

const LIMITS: Limits = Limits { bytes: MAX_BYTES, values: MAX_VALUES };

/// The next step for a file that is broken.
const REMAKE: &str = "restore the file, or have the tool that wrote the SBOM write it again";

/// What an SBOM is, by its first bytes and, where they do not tell, by its name.
pub(crate) fn detect(path: &str, head: &[u8]) -> Option<Format> {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let has = |text: &str| head.windows(text.len()).any(|window| window == text.as_bytes());
    let is_tag_value = || has("SPDXVersion:") && !start.starts_with(b"{") && !start.starts_with(b"<");
    if name.ends_with(".json") || (name.ends_with(".spdx") && start.starts_with(b"{")) {
        let is_cyclonedx = has("\"bomFormat\"") || has("\"CycloneDX\"") || has("cyclonedx.org/schema/bom");
        return match name.as_str() {
            _ if is_cyclonedx => Some(Format::CycloneDxJson),
            _ if has("\"spdxVersion\"") => Some(Format::SpdxJson),
            _ if has("spdx.org/rdf/3.") || name.ends_with(".spdx3.json") => Some(Format::Spdx3Json),
            "bom.json" => Some(Format::CycloneDxJson),
            _ if name.ends_with(".cdx.json") => Some(Format::CycloneDxJson),
            _ if name.ends_with(".spdx.json") || name.ends_with(".spdx") => Some(Format::SpdxJson),
            _ => None,
        };
    }
    if name.ends_with(".xml") {
        let is_named = name == "bom.xml" || name.ends_with(".cdx.xml");
        return (is_named || has("cyclonedx.org/schema/bom")).then_some(Format::CycloneDxXml);
    }
    let is_tag_value = name.ends_with(".spdx") || (name.ends_with(".spdx.txt") && is_tag_value());
    is_tag_value.then_some(Format::SpdxTagValue)
}

/// Reads CycloneDX in JSON.
///
/// # Errors
/// When the file as a whole cannot be read: too large, no UTF-8, no JSON, an
/// unfinished merge, nested too deeply, no SBOM. A bad entry is
/// [`Outcome::incomplete`], and still a package as far as it is known.
pub fn read_cyclonedx_json(files: &dyn Files, file: &str) -> Result<Outcome<Reading>, ReadError> {
    read_as(files, file, Format::CycloneDxJson)
}

/// Reads CycloneDX in XML. Document types and entities are refused, never expanded.
///
/// # Errors
/// As [`read_cyclonedx_json`].
pub fn read_cyclonedx_xml(files: &dyn Files, file: &str) -> Result<Outcome<Reading>, ReadError> {
    read_as(files, file, Format::CycloneDxXml)
}

/// Reads SPDX 2 in JSON, bare or in the `sbom` envelope of GitHub's dependency graph.
///
/// # Errors
/// As [`read_cyclonedx_json`].
pub fn read_spdx_json(files: &dyn Files, file: &str) -> Result<Outcome<Reading>, ReadError> {
    read_as(files, file, Format::SpdxJson)
}

/// Reads SPDX 3 in JSON-LD.
///
/// # Errors
/// As [`read_cyclonedx_json`].
pub fn read_spdx3_json(files: &dyn Files, file: &str) -> Result<Outcome<Reading>, ReadError> {
    read_as(files, file, Format::Spdx3Json)
}

/// Reads SPDX 2 in the tag-value format.
///
/// # Errors
/// As [`read_cyclonedx_json`].
pub fn read_spdx_tag_value(files: &dyn Files, file: &str) -> Result<Outcome<Reading>, ReadError> {
    read_as(files, file, Format::SpdxTagValue)
}

fn read_as(files: &dyn Files, file: &str, format: Format) -> Result<Outcome<Reading>, ReadError> {
    let bytes = required(files, file, MAX_BYTES as u64)?;
    let text = utf8(&bytes, file)?;
    let document = match format {
        Format::CycloneDxXml => xml::parse(text, file)?,
        Format::SpdxTagValue => tag_value::parse(text, file)?,
        _ => parse(&bytes, file, LIMITS, REMAKE).map_err(in_own_words)?,
    };
    let Some(object) = document.root.as_object() else {
        let problem = format!("it holds {} where an SBOM is an object", document.root.type_name());
        return Err(shape(&document, document.root.span, problem, REMAKE));
    };
    let mut report = Report::new(&document);
    if format == Format::SpdxTagValue && !text.ends_with('\n') {
        // The format has no end of its own.
        report.add_for_file("its last line has no end: it may have been cut short", REMAKE);
    }
    let format = match format {
        // The name of a file does not tell, and its first bytes may not.
        Format::SpdxJson if spdx3::is_such(object) => Format::Spdx3Json,
        format => format,
    };
    let bom = match format {
        Format::CycloneDxJson | Format::CycloneDxXml => cyclonedx::read(object, &mut report)?,
        Format::Spdx3Json => spdx3::read(object, &mut report)?,
        _ => spdx::read(object, &mut report)?,
    };
    if bom.components.len() > MAX_COMPONENTS {
        let problem = format!("it lists more than {MAX_COMPONENTS} components");
        return Err(ReadError::new(ReadErrorKind::TooLarge, Location::file(file), problem, REMAKE));
    }
    Ok(assemble::assemble(bom, report, format))
}

/// The error of a file that is something else than its name says.
fn shape(document: &Document<'_>, span: Span, problem: impl Into<String>, hint: &str) -> ReadError {
    ReadError::new(ReadErrorKind::Shape, document.location(span), problem, hint)
}

/// What the JSON parser says of an unfinished merge speaks of lockfiles.
fn in_own_words(error: ReadError) -> ReadError {
    ReadError { hint: REMAKE.to_owned(), ..error }
}

/// The place of an offset, before there is a document.
fn place(text: &[u8], file: &str, offset: usize) -> Location {
    let offset = u32::try_from(offset).unwrap_or(u32::MAX);
    let (line, column) = Lines::of(text).position(offset);
    Location { file: file.to_owned(), line, column, span: Span { start: offset, end: offset } }
}

/// The file as text. SBOMs are UTF-8 by their standards.
fn utf8<'b>(bytes: &'b [u8], file: &str) -> Result<&'b str, ReadError> {
    let is_utf16 = matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, b'<' | b'{', ..] | [b'<' | b'{', 0, ..]);
    if is_utf16 {
        let problem = "it is encoded in UTF-16; only UTF-8 is read";
        let hint = "convert it: `iconv -f UTF-16 -t UTF-8`";
        return Err(ReadError::new(ReadErrorKind::Syntax, Location::file(file), problem, hint));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let at = place(bytes, file, error.valid_up_to());
        ReadError::new(ReadErrorKind::Syntax, at, "a byte here is no UTF-8", REMAKE)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sboms_are_known_by_name_and_content() {
        let cases: &[(&str, &str, Option<Format>)] = &[
            ("bom.json", "", Some(Format::CycloneDxJson)),
            ("a/App.CDX.json", "{}", Some(Format::CycloneDxJson)),
            ("bom.json", "{\"spdxVersion\": \"SPDX-2.3\"", Some(Format::SpdxJson)),
            ("x.json", "\u{feff} {\"bomFormat\": \"CycloneDX\"", Some(Format::CycloneDxJson)),
            ("x.json", "{\"@context\": \"https://spdx.org/rdf/3.0.1/spdx-context.jsonld\"", Some(Format::Spdx3Json)),
            ("x.spdx3.json", "{}", Some(Format::Spdx3Json)),
            ("bom.spdx.json", "{\"@context\": [\"https://spdx.org/rdf/3.0.1/", Some(Format::Spdx3Json)),
            ("x.json", "{\"name\": \"@cyclonedx/cyclonedx-npm\"}", None),
            ("x.spdx.json", "{}", Some(Format::SpdxJson)),
            ("x.spdx", "{\"spdxVersion\"", Some(Format::SpdxJson)),
            ("x.spdx", "# nothing", Some(Format::SpdxTagValue)),
            ("x.spdx.txt", "SPDXVersion: SPDX-2.3", Some(Format::SpdxTagValue)),
            ("bom.xml", "", Some(Format::CycloneDxXml)),
            ("x.xml", "<bom xmlns=\"http://cyclonedx.org/schema/bom/1.5\">", Some(Format::CycloneDxXml)),
            ("pom.xml", "<project>", None),
            ("notes.txt", "SPDXVersion:", None),
        ];
        for (path, head, format) in cases {
            assert_eq!(detect(path, head.as_bytes()), *format, "{path} {head}");
        }
    }

    #[test]
    fn other_encodings_are_told() {
        assert!(utf8(b"\xff\xfe{\0", "f").unwrap_err().problem.contains("UTF-16"));
        assert_eq!(utf8(b"a\nb\xff", "f").unwrap_err().location.line, 2);
    }
}
