//! The documents that say what a server has.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Largest of them, in bytes.
pub const MAX_DOCUMENT: u64 = 4 << 20;
/// Most API roots and collections.
const MAX_LISTED: usize = 10_000;
/// Longest texts that are kept, in characters.
const MAX_TEXT: usize = 300;
/// Longest id, in bytes. It is a UUID by the standard, and something short elsewhere.
const MAX_ID: usize = 200;

/// What is found at the address that a user has (4.1, 4.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entrance {
    /// A list of API roots.
    Discovery(Discovery),
    /// One of them.
    ApiRoot(ApiRoot),
}

/// A discovery document (4.1.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Discovery {
    /// What the server is called.
    pub title: String,
    /// Addresses of API roots, whole or relative.
    pub api_roots: Vec<String>,
}

/// An API root (4.2.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ApiRoot {
    /// What it is called.
    pub title: String,
    /// The versions of TAXII that it speaks, as media types.
    pub versions: Vec<String>,
    /// Largest request that it takes, in bytes.
    pub max_content_length: Option<u64>,
}

/// A collection (5.1.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Collection {
    /// What it is asked for by.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// What is in it.
    pub description: Option<String>,
    /// Another name for its id.
    pub alias: Option<String>,
    /// Whether this user may read it.
    pub can_read: bool,
    /// Whether this user may add to it.
    pub can_write: bool,
    /// The forms of its objects.
    pub media_types: Vec<String>,
}

impl Collection {
    /// Whether a user means this one: by its id, alias or title.
    pub fn is_called(&self, name: &str) -> bool {
        self.id == name || self.alias.as_deref() == Some(name) || self.title.eq_ignore_ascii_case(name)
    }

    /// Its title, else its id.
    pub fn shown(&self) -> &str {
        if self.title.is_empty() { &self.id } else { &self.title }
    }
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Wire {
    title: Option<String>,
    default: Option<String>,
    api_roots: Option<Vec<String>>,
    versions: Option<Vec<String>>,
    max_content_length: Option<u64>,
}

#[derive(Deserialize)]
struct Collections {
    #[serde(default)]
    collections: Vec<Collection>,
}

/// Every document of TAXII is an object. (Serde would take an array for one, too.)
pub(super) fn check_object(bytes: &[u8]) -> Result<(), String> {
    match bytes.trim_ascii_start().first() {
        Some(b'{') => Ok(()),
        _ => Err("it is no JSON object".to_owned()),
    }
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    check_object(bytes)?;
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

/// Reads what is at an address: a discovery document or an API root, by what it says.
///
/// # Errors
/// In words, when it is neither.
pub fn read_entrance(bytes: &[u8]) -> Result<Entrance, String> {
    let wire: Wire = read(bytes)?;
    if wire.versions.is_some() {
        return Ok(Entrance::ApiRoot(api_root(wire)));
    }
    let mut api_roots = wire.api_roots.unwrap_or_default();
    if let Some(default) = wire.default.filter(|default| !api_roots.contains(default)) {
        api_roots.insert(0, default);
    }
    if api_roots.is_empty() {
        return Err("it is neither a discovery document that names API roots, nor an API root".to_owned());
    }
    api_roots.truncate(MAX_LISTED);
    Ok(Entrance::Discovery(Discovery { title: cut(&wire.title.unwrap_or_default()), api_roots }))
}

/// Reads an API root.
///
/// # Errors
/// In words, when it is none, or speaks other versions alone.
pub fn read_api_root(bytes: &[u8]) -> Result<ApiRoot, String> {
    match read_entrance(bytes)? {
        Entrance::ApiRoot(root) => root.checked(),
        Entrance::Discovery(_) => Err("it is a discovery document where an API root should be".to_owned()),
    }
}

fn api_root(wire: Wire) -> ApiRoot {
    let versions = wire.versions.unwrap_or_default().iter().take(64).map(|version| cut(version)).collect();
    ApiRoot { title: cut(&wire.title.unwrap_or_default()), versions, max_content_length: wire.max_content_length }
}

impl ApiRoot {
    /// Itself, if it speaks TAXII 2.1.
    ///
    /// # Errors
    /// In words, if not.
    pub fn checked(self) -> Result<ApiRoot, String> {
        let is_ours = |version: &String| version.ends_with("2.1") || version.contains("version=2.1");
        if self.versions.iter().any(is_ours) {
            return Ok(self);
        }
        Err(format!("it speaks {} and not TAXII 2.1", self.versions.join(", ")))
    }
}

/// Reads a list of collections. Those whose id can be none are left out: the second value.
///
/// # Errors
/// In words, when it is none.
pub fn read_collections(bytes: &[u8]) -> Result<(Vec<Collection>, usize), String> {
    let Collections { collections } = read(bytes)?;
    if collections.len() > MAX_LISTED {
        return Err(format!("it has {} collections, more than {MAX_LISTED}", collections.len()));
    }
    let all = collections.len();
    let is_id =
        |id: &str| !id.is_empty() && id.len() <= MAX_ID && id != "." && id != ".." && !id.chars().any(char::is_control);
    let kept: Vec<Collection> = collections
        .into_iter()
        .filter(|collection| is_id(&collection.id))
        .map(|collection| Collection {
            title: cut(&collection.title),
            description: collection.description.as_deref().map(cut),
            alias: collection.alias.as_deref().map(cut),
            media_types: collection.media_types.iter().take(16).map(|kind| cut(kind)).collect(),
            ..collection
        })
        .collect();
    let left_out = all - kept.len();
    Ok((kept, left_out))
}

/// Whether an answer says that it is TAXII 2.1.
///
/// # Errors
/// In words, if not.
pub fn check_media_type(content_type: &str) -> Result<(), String> {
    let mut parts = content_type.split(';').map(|part| part.trim().to_ascii_lowercase());
    let kind = parts.next().unwrap_or_default();
    let version = parts.find_map(|part| Some(part.strip_prefix("version=")?.trim_matches('"').to_owned()));
    match (kind.as_str(), version.as_deref()) {
        ("application/taxii+json", None | Some("2.1")) => Ok(()),
        ("application/taxii+json" | "application/vnd.oasis.taxii+json" | "application/vnd.oasis.stix+json", _) => {
            Err(format!("it answers in another version of TAXII (`{}`)", cut(content_type)))
        }
        _ => Err(format!("its answer is no TAXII (`{}`)", cut(content_type))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entrance_is_known_by_what_it_says() {
        let discovery = br#"{"title": "T", "default": "/api1/", "api_roots": ["/api1/", "https://t.invalid/api2/"]}"#;
        let Entrance::Discovery(found) = read_entrance(discovery).unwrap() else { panic!() };
        assert_eq!(found.api_roots, ["/api1/", "https://t.invalid/api2/"]);
        assert!(read_api_root(discovery).is_err());
        let root = br#"{"title": "R", "versions": ["application/taxii+json;version=2.1"], "max_content_length": 9}"#;
        assert_eq!(read_api_root(root).unwrap().max_content_length, Some(9));
        let old = br#"{"title": "R", "versions": ["taxii-2.0"], "max_content_length": 9}"#;
        assert!(read_api_root(old).unwrap_err().contains("taxii-2.0"));
        let deep = [b"{\"x\": ".as_slice(), &b"[".repeat(100_000)].concat();
        for wrong in [&b"{}"[..], b"[]", b"<html>", b"{\"api_roots\": 7}", b"", &deep] {
            assert!(read_entrance(wrong).is_err());
        }
    }

    #[test]
    fn collections_are_called_by_id_alias_or_title() {
        let list = br#"{"collections": [{"id": "91a7b528", "title": "High Value", "alias": "high", "can_read": true},
            {"id": ".."}, {"id": ""}, {"id": "a\u0000b"}, {"id": "../x"}]}"#;
        let (found, left_out) = read_collections(list).unwrap();
        assert_eq!((found.len(), left_out), (2, 3));
        for name in ["91a7b528", "high", "high value"] {
            assert!(found[0].is_called(name) && !found[1].is_called(name), "{name}");
        }
        assert_eq!((found[1].shown(), found[1].can_read), ("../x", false));
        assert_eq!(read_collections(b"{}").unwrap().0, []);
        assert!(read_collections(b"[1]").is_err() && read_collections(b"[]").is_err());
    }

    #[test]
    fn other_media_types_are_told_apart() {
        for good in
            ["application/taxii+json;version=2.1", "application/taxii+json", "Application/TAXII+JSON; version=\"2.1\""]
        {
            assert_eq!(check_media_type(good), Ok(()), "{good}");
        }
        assert!(check_media_type("application/taxii+json;version=2.0").unwrap_err().contains("another version"));
        assert!(check_media_type("application/vnd.oasis.taxii+json; version=2.0").unwrap_err().contains("another"));
        for wrong in ["text/html; charset=utf-8", "application/json", ""] {
            assert!(check_media_type(wrong).unwrap_err().contains("no TAXII"), "{wrong}");
        }
    }
}
