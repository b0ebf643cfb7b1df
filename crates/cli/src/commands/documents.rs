//! Documents for others of a scan, and where they go: OpenVEX and CSAF are one document, OSV is one record for each malicious
//! release.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use vetch_detectors::contacts;
use vetch_engine::{Named, ScanReport};
use vetch_model::Verdict;
use vetch_model::document::DocumentSettings;
use vetch_model::history::Time;
use vetch_model::indicator::IndicatorKind;
use vetch_report::documents::osv::{self, Record};
use vetch_report::documents::{DocumentError, DocumentView, Name, csaf, openvex};

use super::scanning;
use crate::args::Format;
use crate::exit::Failure;
use crate::message;
use crate::output::{self, OutputFile};

/// Where documents go. Checked before the scan rather than after.
#[derive(Debug)]
pub(super) enum Place {
    /// Standard output.
    Standard,
    /// One file.
    File(OutputFile),
    /// One file of records, a line each.
    Lines(OutputFile),
    /// A folder of records.
    Folder(PathBuf),
}

impl Place {
    /// Where the user wants it.
    pub(super) fn new(format: Format, path: Option<&Path>) -> Result<Place, Failure> {
        let Some(path) = path else { return Ok(Place::Standard) };
        if format != Format::Osv {
            return Ok(Place::File(OutputFile::new(path)?));
        }
        let is_folder = path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"/");
        if is_folder {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            return match path.is_dir() || parent.is_dir() {
                true => Ok(Place::Folder(path.to_owned())),
                false => Err(unwritable(path, "the folder that it lies in does not exist")),
            };
        }
        let is_lines = [Some(OsStr::new("jsonl")), Some(OsStr::new("ndjson"))].contains(&path.extension());
        let file = OutputFile::new(path)?;
        Ok(if is_lines { Place::Lines(file) } else { Place::File(file) })
    }
}

fn unwritable(path: &Path, reason: &str) -> Failure {
    Failure::new(format!("cannot write `{}`: {reason}", path.display()), "create the folder first, or name another")
}

/// Whether a format is one of these.
pub(super) fn is_document(format: Format) -> bool {
    matches!(format, Format::Osv | Format::Openvex | Format::Csaf | Format::CsafVex)
}

/// Makes what the format asks for, and writes it.
pub(super) fn write(
    format: Format,
    report: &ScanReport,
    own: DocumentSettings,
    now: Time,
    place: Place,
) -> Result<(), Failure> {
    // The project is hostile: what the user sets goes before what it says.
    let settings = own.or(report.documents.clone());
    let name = |named: &Named| Name {
        ecosystem: named.ecosystem.clone(),
        name: named.name.clone(),
        version: named.version.clone(),
        purl: named.purl.to_string(),
    };
    let names: Vec<Name> = report.names.iter().map(name).collect();
    let mut products = vec![Vec::new(); names.len()];
    for member in report.projects.iter().flat_map(|project| &project.members) {
        if let Some(own) = products.get_mut(member.release) {
            own.extend(member.products.iter().map(name));
            own.sort_unstable();
            own.dedup();
        }
    }
    let tool = scanning::tool();
    let view =
        DocumentView { scan: &report.scan, names: &names, products: &products, settings: &settings, tool: &tool, now };
    if format == Format::Osv {
        return records(&view, report, place);
    }
    let mut bytes = Vec::new();
    let made = match format {
        Format::Openvex => openvex::write(&view, &mut bytes),
        Format::CsafVex => csaf::write(&view, csaf::Profile::Vex, &mut bytes),
        _ => csaf::write(&view, csaf::Profile::SecurityAdvisory, &mut bytes),
    };
    made.map_err(|error: DocumentError| Failure::new(error.to_string(), error.hint()))?;
    match place {
        Place::File(file) | Place::Lines(file) => output::write(Some(file), |out| out.write_all(&bytes)),
        Place::Standard | Place::Folder(_) => output::print(&bytes),
    }
}

fn records(view: &DocumentView<'_>, report: &ScanReport, place: Place) -> Result<(), Failure> {
    let contacts = |number: usize| contacts_of(report, number);
    let (records, without) = osv::records(view, &contacts);
    for label in &without {
        message::note(&format!(
            "`{label}` is malicious, and gets no record: it has no version, or OSV's npm and PyPI do not have it"
        ));
    }
    if records.is_empty() {
        message::note("no release is malicious: there is no record to write");
    }
    let failed = |error: std::io::Error| Failure::new(format!("cannot make a record: {error}"), "");
    let lines = || -> Result<Vec<u8>, Failure> {
        Ok(records.iter().map(Record::to_line).collect::<Result<Vec<_>, _>>().map_err(failed)?.concat())
    };
    match place {
        Place::Standard => output::print(&lines()?),
        Place::Lines(file) => {
            let bytes = lines()?;
            output::write(Some(file), |out| out.write_all(&bytes))
        }
        Place::File(file) => {
            let [record] = records.as_slice() else {
                let message = format!("an OSV file holds one record, and there are {}", records.len());
                return Err(Failure::new(message, "name a folder (`--output DIR/`), or a file that ends in .jsonl"));
            };
            let bytes = record.to_json().map_err(failed)?;
            output::write(Some(file), |out| out.write_all(&bytes))
        }
        Place::Folder(folder) => {
            if !folder.is_dir() {
                fs::create_dir(&folder).map_err(|error| unwritable(&folder, &error.to_string()))?;
            }
            for record in &records {
                let bytes = record.to_json().map_err(failed)?;
                let file = OutputFile::new(&folder.join(format!("{}.json", record.id)))?;
                output::write(Some(file), |out| out.write_all(&bytes))?;
            }
            Ok(())
        }
    }
}

/// Whom the code contacts that makes a release bad.
fn contacts_of(report: &ScanReport, number: usize) -> Vec<(IndicatorKind, String)> {
    let Some(release) = report.scan.releases.get(number) else { return Vec::new() };
    let bad = release.findings.iter().filter(|finding| finding.verdict() >= Verdict::Suspicious);
    let files: BTreeSet<&str> =
        bad.flat_map(|finding| &finding.evidence).map(|evidence| evidence.location().file.as_str()).collect();
    let facts = report.facts.get(number).and_then(Option::as_ref);
    facts.map(|facts| contacts(facts, &files)).unwrap_or_default()
}
