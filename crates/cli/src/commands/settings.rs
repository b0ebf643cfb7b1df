//! The user's own settings. A project has no part in them.
//!
//! ```toml
//! [intel]
//! mirror = "https://mirror.example/osv"
//!
//! [documents]
//! name = "Acme"
//! namespace = "https://acme.example"
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::io;

use serde::Deserialize;
use vetch_model::document::DocumentSettings;

use crate::commands::surroundings;
use crate::exit::Failure;

/// Largest file, in bytes.
const MAX_BYTES: u64 = 1 << 20;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    intel: Intel,
    documents: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Intel {
    /// The mirror's address.
    mirror: Option<String>,
}

/// The mirror that the user chose, if any.
pub(super) fn mirror() -> Result<Option<String>, Failure> {
    read(|settings| Ok(settings.intel.mirror))
}

/// Who publishes documents, as far as the user says.
pub(super) fn documents() -> Result<DocumentSettings, Failure> {
    read(|settings| {
        let mut documents = DocumentSettings::default();
        settings.documents.iter().try_for_each(|(key, text)| documents.set(key, text))?;
        Ok(documents)
    })
}

fn read<T: Default>(of: impl FnOnce(Settings) -> Result<T, String>) -> Result<T, Failure> {
    let Some(file) = surroundings::settings_file() else { return Ok(T::default()) };
    let hint = "it holds `mirror = \"https://…\"` under `[intel]`, and who publishes documents under `[documents]`";
    let failed = |reason: String| Failure::new(format!("cannot use `{}`: {reason}", file.display()), hint);
    match fs::metadata(&file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(T::default()),
        Err(error) => return Err(failed(error.to_string())),
        Ok(metadata) if metadata.len() > MAX_BYTES => return Err(failed("it is too large".to_owned())),
        Ok(_) => {}
    }
    let text = fs::read_to_string(&file).map_err(|error| failed(error.to_string()))?;
    let settings: Settings = toml::from_str(&text).map_err(|error| failed(error.to_string()))?;
    of(settings).map_err(failed)
}
