//! `entry_points.txt`: commands that a Python distribution puts on the path, and plugins that others load.
//! Format: <https://packaging.python.org/en/latest/specifications/entry-points/>.

use vetch_model::evidence::Location;

use crate::error::ReadError;
use crate::files::Files;
use crate::python::ini::Ini;

/// Largest file read, in bytes; honest ones stay below 50 KB.
const MAX_BYTES: u64 = 4 << 20;

/// One entry point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPoint {
    /// `console_scripts`, `gui_scripts`, or whatever another package looks for.
    pub group: String,
    /// The command, or what the plugin is called.
    pub name: String,
    /// `module:attribute`, as written.
    pub target: String,
    /// Where it stands.
    pub location: Location,
}

/// The entry points of an installed distribution, given the path of its `.dist-info`
/// folder; empty if it has none.
///
/// # Errors
/// When the file is there and cannot be read.
pub fn of(files: &dyn Files, dist_info: &str) -> Result<Vec<EntryPoint>, ReadError> {
    let file = format!("{dist_info}/entry_points.txt");
    let Some(bytes) = files.read(&file, MAX_BYTES)? else { return Ok(Vec::new()) };
    let text = String::from_utf8_lossy(&bytes);
    let ini = Ini::read(&text, &file);
    let entry = |setting: &crate::python::ini::IniSetting<'_>| EntryPoint {
        group: setting.section.to_owned(),
        name: setting.key.to_owned(),
        target: setting.values.iter().map(|line| line.text).collect::<Vec<_>>().join(" "),
        location: ini.location(setting.values.first().map(|line| line.span).unwrap_or_default()),
    };
    Ok(ini.settings.iter().map(entry).collect())
}
