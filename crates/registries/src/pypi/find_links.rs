//! Folders of archives that settings name as `find-links`.

use std::fs;
use std::path::Path;

use vetch_model::Outcome;

use super::error::IndexError;
use super::simple::{
    CoreMetadata, Faults, FileKind, FileLocation, Form, MAX_FILES, ProjectFile, ProjectPage, file_name,
};

/// The archives of one project that lie directly in a folder, sorted by name; `None` if there are
/// none. Links are not followed: one could lead anywhere.
///
/// # Errors
/// When the folder cannot be read.
pub(crate) fn in_folder(folder: &Path, name: &str) -> Result<Option<Outcome<ProjectPage>>, IndexError> {
    let shown = folder.display().to_string();
    let unreadable = |error: std::io::Error| IndexError::Local { path: shown.clone(), reason: error.to_string() };
    let mut faults = Faults::new(&shown, name);
    let mut files = Vec::new();
    for (place, entry) in fs::read_dir(folder).map_err(unreadable)?.enumerate() {
        if place >= MAX_FILES {
            faults.add("the folder", format!("more than {MAX_FILES} entries; the rest was not read"));
            break;
        }
        let entry = entry.map_err(unreadable)?;
        let Ok(own) = entry.file_name().into_string() else { continue };
        let Some(version) = file_name::version(&own, name) else { continue };
        let metadata = entry.metadata().map_err(unreadable)?;
        if !metadata.is_file() {
            faults.add(&own, "it is no regular file (links are not followed)");
            continue;
        }
        files.push(ProjectFile {
            kind: FileKind::of(&own),
            version: Some(version.to_owned()),
            location: FileLocation::Local(entry.path()),
            integrity: None,
            requires_python: None,
            upload_time: None,
            size: Some(metadata.len()),
            yanked: None,
            core_metadata: CoreMetadata::Absent,
            provenance: None,
            file_name: own,
        });
    }
    files.sort_by(|one, other| one.file_name.cmp(&other.file_name));
    let incomplete = faults.finish();
    if files.is_empty() && incomplete.is_empty() {
        return Ok(None);
    }
    Ok(Some(Outcome { value: page_of_links(name, &shown, files), incomplete }))
}

/// A page for the links of one project.
pub(crate) fn page_of_links(name: &str, place: &str, files: Vec<ProjectFile>) -> ProjectPage {
    ProjectPage {
        name: name.to_owned(),
        index: place.to_owned(),
        form: Form::Links,
        api_version: None,
        files,
        versions: None,
        status: None,
        status_reason: None,
    }
}
