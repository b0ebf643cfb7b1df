//! The user's own settings. A project has no part in them.
//!
//! ```toml
//! [intel]
//! mirror = "https://mirror.example/osv"
//! trusted-keys = ["RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3", "team.pub"]
//!
//! [[intel.taxii]]
//! name = "cert"
//! url = "https://taxii.example/taxii2/"
//! collections = ["Indicators"]
//! username = "me"
//! password-env = "CERT_PASSWORD"
//!
//! [documents]
//! name = "Acme"
//! namespace = "https://acme.example"
//! ```
//!
//! Secrets stand in variables, never in the file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;

use serde::Deserialize;
use vetch_model::document::DocumentSettings;

use crate::commands::surroundings;
use crate::exit::Failure;

/// Largest file, in bytes.
const MAX_BYTES: u64 = 1 << 20;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Document {
    intel: Settings,
    documents: BTreeMap<String, String>,
}

/// The part `[intel]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(super) struct Settings {
    /// The mirror's address.
    pub(super) mirror: Option<String>,
    /// Public keys whose snapshots are taken in: each by itself, or a file that holds it.
    trusted_keys: Vec<String>,
    /// Servers of TAXII.
    taxii: Vec<Taxii>,
    /// Where the file lies.
    #[serde(skip)]
    folder: PathBuf,
}

/// A part `[[intel.taxii]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Taxii {
    /// What the user calls it.
    pub(super) name: String,
    /// The address of its discovery document or of an API root.
    pub(super) url: String,
    /// Ids, aliases or titles; all that may be read if there are none.
    #[serde(default)]
    pub(super) collections: Vec<String>,
    /// For basic authentication.
    pub(super) username: Option<String>,
    /// The variable with the password.
    pub(super) password_env: Option<String>,
    /// The variable with a token.
    pub(super) token_env: Option<String>,
    /// The header of an API key.
    pub(super) header: Option<String>,
    /// The variable with the key.
    pub(super) header_env: Option<String>,
    /// Ask over plain http, with the credentials in the clear.
    #[serde(default)]
    pub(super) allow_http: bool,
}

impl Settings {
    /// The servers, if they can be told apart.
    pub(super) fn taxii(self) -> Result<Vec<Taxii>, Failure> {
        let mut names = BTreeSet::new();
        for one in &self.taxii {
            let is_name = !one.name.trim().is_empty() && one.name != "all" && !one.name.contains("://");
            if !is_name || !names.insert(one.name.as_str()) {
                let what = format!("`{}` cannot be the `name` of a TAXII server in your config.toml", one.name);
                return Err(Failure::new(what, "give each server a name of its own; `all` stands for all of them"));
            }
        }
        Ok(self.taxii)
    }

    /// The keys as they are written, and the folder that files among them are relative to.
    pub(super) fn trusted_keys(self) -> (Vec<String>, PathBuf) {
        (self.trusted_keys, self.folder)
    }
}

/// What the user chose of intelligence; nothing where there are no settings.
pub(super) fn load() -> Result<Settings, Failure> {
    read(|document| Ok(document.intel))
}

/// Who publishes documents, as far as the user says.
pub(super) fn documents() -> Result<DocumentSettings, Failure> {
    read(|document| {
        let mut documents = DocumentSettings::default();
        document.documents.iter().try_for_each(|(key, text)| documents.set(key, text))?;
        Ok(documents)
    })
}

fn read<T: Default>(of: impl FnOnce(Document) -> Result<T, String>) -> Result<T, Failure> {
    let Some(file) = surroundings::settings_file() else { return Ok(T::default()) };
    let hint = "docs/intel.md tells what may stand under `[intel]`, docs/documents.md what under `[documents]`";
    let failed = |reason: String| Failure::new(format!("cannot use `{}`: {reason}", file.display()), hint);
    let mut text = String::new();
    match File::open(&file).and_then(|open| open.take(MAX_BYTES + 1).read_to_string(&mut text)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(T::default()),
        Err(error) => return Err(failed(error.to_string())),
        Ok(length) if length as u64 > MAX_BYTES => return Err(failed("it is too large".to_owned())),
        Ok(_) => {}
    }
    // Without the line itself, as the library would show it: somebody may have written a secret there.
    let mut document: Document = toml::from_str(&text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        failed(format!("line {}: {}", before.matches('\n').count() + 1, error.message()))
    })?;
    let folder = fs::canonicalize(&file).unwrap_or_else(|_| file.clone());
    document.intel.folder = folder.parent().map(PathBuf::from).unwrap_or_default();
    of(document).map_err(failed)
}
