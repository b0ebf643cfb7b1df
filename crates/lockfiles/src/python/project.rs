//! What the manifest in a project's folder calls it.

use crate::files::Files;
use crate::json::Limits;
use crate::python::ini::Ini;
use crate::toml_tree::{self, Value};

/// Largest manifest read, in bytes; honest ones stay below 200 KB.
pub(crate) const MAX_BYTES: usize = 4 << 20;

/// Bounds of a manifest.
pub(crate) const LIMITS: Limits = Limits { bytes: MAX_BYTES, values: 200_000 };

/// Name and version, each as far as it stands in a manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) name: Option<String>,
    pub(crate) version: Option<String>,
}

/// What `pyproject.toml`, else `setup.cfg`, in `folder` says. A manifest that cannot be
/// read says nothing: it is reported where it is read itself.
pub(crate) fn identity(files: &dyn Files, folder: &str) -> Identity {
    let path = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    let read = |name: &str| files.read(&path(name), MAX_BYTES as u64).ok().flatten();
    let from_toml = read("pyproject.toml").and_then(|bytes| {
        let document = toml_tree::parse(&bytes, "pyproject.toml", LIMITS, "").ok()?;
        let text = |field| {
            let places = [["project", field].to_vec(), ["tool", "poetry", field].to_vec()];
            places.iter().find_map(|place| document.root.at(place)).and_then(Value::as_str).map(str::to_owned)
        };
        Some(Identity { name: text("name"), version: text("version") })
    });
    let from_ini = || {
        let bytes = read("setup.cfg")?;
        let text = std::str::from_utf8(&bytes).ok()?;
        let ini = Ini::read(text, "setup.cfg");
        let value = |key| ini.get("metadata", key).and_then(<[_]>::first).map(|line| line.text.to_owned());
        // `attr:` and `file:` say where the version stands, not what it is.
        let version = value("version").filter(|version| !version.contains(':'));
        Some(Identity { name: value("name"), version })
    };
    from_toml.filter(|identity| identity.name.is_some()).or_else(from_ini).unwrap_or_default()
}
