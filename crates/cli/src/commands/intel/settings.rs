//! What the user's own settings say of intelligence.
//!
//! ```toml
//! [intel]
//! mirror = "https://mirror.example/osv"
//! ```

use std::fs;
use std::io;

use serde::Deserialize;

use crate::commands::surroundings;
use crate::exit::Failure;

/// Largest file, in bytes.
const MAX_BYTES: u64 = 1 << 20;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    intel: Intel,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Intel {
    /// The mirror's address.
    mirror: Option<String>,
}

/// The mirror that the user chose, if any.
pub(super) fn mirror() -> Result<Option<String>, Failure> {
    let Some(file) = surroundings::settings_file() else { return Ok(None) };
    let hint = "it holds `mirror = \"https://…\"` under `[intel]`";
    let failed = |reason: String| Failure::new(format!("cannot use `{}`: {reason}", file.display()), hint);
    match fs::metadata(&file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error.to_string())),
        Ok(metadata) if metadata.len() > MAX_BYTES => return Err(failed("it is too large".to_owned())),
        Ok(_) => {}
    }
    let text = fs::read_to_string(&file).map_err(|error| failed(error.to_string()))?;
    let settings: Settings = toml::from_str(&text).map_err(|error| failed(error.to_string()))?;
    Ok(settings.intel.mirror)
}
