//! A package, described once and used everywhere: as a tarball, as a folder in
//! `node_modules`, as a release in a registry document, as a lockfile entry.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::archive;

/// One release of a package.
#[derive(Debug, Clone)]
pub struct Pkg {
    name: String,
    version: String,
    files: BTreeMap<String, Vec<u8>>,
    fields: Map<String, Value>,
    bundled: Vec<Pkg>,
    published: Option<String>,
    publisher: String,
    address: Option<String>,
    is_trusted: bool,
    maintainers: Vec<String>,
    signatures: Vec<Value>,
}

impl Pkg {
    /// A release with nothing in it but its `package.json`.
    pub fn new(name: &str, version: &str) -> Pkg {
        Pkg {
            name: name.to_owned(),
            version: version.to_owned(),
            files: BTreeMap::new(),
            fields: Map::new(),
            bundled: Vec::new(),
            published: None,
            publisher: "maintainer".to_owned(),
            address: None,
            is_trusted: false,
            maintainers: vec!["maintainer".to_owned()],
            signatures: Vec::new(),
        }
    }

    /// Adds a file; a `package.json` added here is used as it is.
    #[must_use]
    pub fn file(mut self, path: &str, contents: impl AsRef<[u8]>) -> Pkg {
        self.files.insert(path.to_owned(), contents.as_ref().to_vec());
        self
    }

    /// Adds every file of a fixture folder.
    #[must_use]
    pub fn files_from(mut self, folder: impl AsRef<Path>) -> Pkg {
        let folder = folder.as_ref();
        let mut waiting = vec![folder.to_owned()];
        while let Some(next) = waiting.pop() {
            for entry in fs::read_dir(&next).unwrap_or_else(|error| panic!("{}: {error}", next.display())) {
                let path = entry.expect("a folder entry").path();
                if path.is_dir() {
                    waiting.push(path);
                    continue;
                }
                let relative =
                    path.strip_prefix(folder).expect("below the folder").to_string_lossy().replace('\\', "/");
                self.files.insert(relative, fs::read(&path).expect("a readable fixture"));
            }
        }
        self
    }

    /// Adds an entry to `scripts`.
    #[must_use]
    pub fn script(self, event: &str, command: &str) -> Pkg {
        self.entry("scripts", event, json!(command))
    }

    /// Adds an entry to `dependencies`.
    #[must_use]
    pub fn dep(self, name: &str, range: &str) -> Pkg {
        self.entry("dependencies", name, json!(range))
    }

    /// Adds an entry to `optionalDependencies`.
    #[must_use]
    pub fn optional_dep(self, name: &str, range: &str) -> Pkg {
        self.entry("optionalDependencies", name, json!(range))
    }

    /// Adds an entry to `peerDependencies`.
    #[must_use]
    pub fn peer_dep(self, name: &str, range: &str) -> Pkg {
        self.entry("peerDependencies", name, json!(range))
    }

    /// Sets any other field of `package.json`.
    #[must_use]
    pub fn field(mut self, key: &str, value: Value) -> Pkg {
        self.fields.insert(key.to_owned(), value);
        self
    }

    /// Sets the publish time (RFC 3339); releases without one get a fixed day each.
    #[must_use]
    pub fn published_at(mut self, time: &str) -> Pkg {
        self.published = Some(time.to_owned());
        self
    }

    /// Sets who published it (`_npmUser`).
    #[must_use]
    pub fn publisher(mut self, user: &str) -> Pkg {
        self.publisher = user.to_owned();
        self
    }

    /// Sets the address of who published it; without, it is made of the name.
    #[must_use]
    pub fn publisher_address(mut self, address: &str) -> Pkg {
        self.address = Some(address.to_owned());
        self
    }

    /// Has it published by a workflow that proved who it is, with provenance.
    #[must_use]
    pub fn trusted(mut self) -> Pkg {
        self.is_trusted = true;
        self
    }

    /// Sets who may publish it (`maintainers`).
    #[must_use]
    pub fn maintainers(mut self, users: &[&str]) -> Pkg {
        self.maintainers = users.iter().map(|user| (*user).to_owned()).collect();
        self
    }

    /// Adds a registry signature to `dist.signatures`.
    #[must_use]
    pub fn signature(mut self, keyid: &str, signature: &str) -> Pkg {
        self.signatures.push(json!({ "keyid": keyid, "sig": signature }));
        self
    }

    fn entry(mut self, table: &str, key: &str, value: Value) -> Pkg {
        let entries = self.fields.entry(table).or_insert_with(|| json!({}));
        entries[key] = value;
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Its publish time, or the day that its place among the releases gives it.
    pub(crate) fn time(&self, place: usize) -> String {
        let (month, day) = (place / 28 % 12 + 1, place % 28 + 1);
        self.published.clone().unwrap_or_else(|| format!("{}-{month:02}-{day:02}T00:00:00.000Z", 2024 + place / 336))
    }

    pub(crate) fn users(&self) -> (Value, Value) {
        let user = |name: &String| json!({ "name": name, "email": format!("{name}@example.invalid") });
        let mut publisher = user(&self.publisher);
        if let Some(address) = &self.address {
            publisher["email"] = json!(address);
        }
        if self.is_trusted {
            publisher = json!({
                "name": "GitHub Actions",
                "email": "npm-oidc-no-reply@github.com",
                "trustedPublisher": { "id": "github", "oidcConfigId": "oidc:0" },
            });
        }
        (publisher, self.maintainers.iter().map(user).collect())
    }

    pub(crate) fn is_trusted(&self) -> bool {
        self.is_trusted
    }

    pub(crate) fn signatures(&self) -> &[Value] {
        &self.signatures
    }

    /// A table of the manifest, e.g. `dependencies`.
    pub(crate) fn table(&self, key: &str) -> BTreeMap<String, Value> {
        let entries = self.manifest().get(key).and_then(Value::as_object).cloned().unwrap_or_default();
        entries.into_iter().collect()
    }

    /// `package.json` as an object: the file if one was added, else what was described.
    pub fn manifest(&self) -> Value {
        if let Some(Ok(written)) = self.files.get("package.json").map(|bytes| serde_json::from_slice(bytes)) {
            return written;
        }
        let mut manifest = Map::new();
        manifest.insert("name".to_owned(), json!(self.name));
        manifest.insert("version".to_owned(), json!(self.version));
        manifest.extend(self.fields.clone());
        Value::Object(manifest)
    }

    /// Whether npm would record `hasInstallScript`.
    pub fn has_install_script(&self) -> bool {
        let scripts = self.table("scripts");
        ["preinstall", "install", "postinstall"].iter().any(|event| scripts.contains_key(*event))
            || self.files.contains_key("binding.gyp")
    }

    /// Every file with its path in the package, `package.json` first.
    pub fn contents(&self) -> Vec<(String, Vec<u8>)> {
        let manifest = self.files.get("package.json").cloned().unwrap_or_else(|| {
            let mut text = serde_json::to_vec_pretty(&self.manifest()).expect("JSON");
            text.push(b'\n');
            text
        });
        let mut files = vec![("package.json".to_owned(), manifest)];
        files.extend(
            self.files
                .iter()
                .filter(|(path, _)| *path != "package.json")
                .map(|(path, bytes)| (path.clone(), bytes.clone())),
        );
        for inner in &self.bundled {
            let folder = format!("node_modules/{}", inner.name);
            files.extend(inner.contents().into_iter().map(|(path, bytes)| (format!("{folder}/{path}"), bytes)));
        }
        files
    }

    /// Ships another package inside this one's archive (`bundleDependencies`).
    #[must_use]
    pub fn bundle(mut self, inner: Pkg) -> Pkg {
        let mut names = self.fields.get("bundleDependencies").and_then(Value::as_array).cloned().unwrap_or_default();
        names.push(json!(inner.name));
        self.fields.insert("bundleDependencies".to_owned(), Value::Array(names));
        let (name, version) = (inner.name.clone(), inner.version.clone());
        self.bundled.push(inner);
        self.dep(&name, &version)
    }

    /// Its archive.
    pub fn tarball(&self) -> Vec<u8> {
        archive::tarball(&self.contents())
    }

    /// What its archive hashes to, as lockfiles write it.
    pub fn integrity(&self) -> String {
        archive::integrity(&self.tarball())
    }

    /// The name without its scope.
    pub(crate) fn base_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }

    /// `name-version.tgz`, as registries name it.
    pub fn file_name(&self) -> String {
        format!("{}-{}.tgz", self.base_name(), self.version)
    }

    /// The path of its tarball in a registry, with the leading `/`.
    pub fn tarball_path(&self) -> String {
        format!("/{}/-/{}", self.name, self.file_name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn described_fields_reach_the_manifest() {
        let pkg = Pkg::new("@a/b", "1.2.3").script("postinstall", "node x.js").dep("c", "^1").file("x.js", "1");
        let manifest = pkg.manifest();
        assert_eq!(manifest["scripts"]["postinstall"], "node x.js");
        assert_eq!(manifest["dependencies"]["c"], "^1");
        assert!(pkg.has_install_script());
        assert_eq!(pkg.tarball_path(), "/@a/b/-/b-1.2.3.tgz");
        assert_eq!(pkg.contents()[0].0, "package.json");
    }

    #[test]
    fn a_written_manifest_wins() {
        let pkg = Pkg::new("a", "1.0.0").file("package.json", r#"{"name":"other"}"#);
        assert_eq!(pkg.manifest()["name"], "other");
        assert_eq!(pkg.contents()[0].1, br#"{"name":"other"}"#);
    }

    #[test]
    fn bundled_packages_ship_inside() {
        let pkg = Pkg::new("a", "1.0.0").bundle(Pkg::new("b", "2.0.0"));
        assert!(pkg.contents().iter().any(|(path, _)| path == "node_modules/b/package.json"));
        assert_eq!(pkg.manifest()["bundleDependencies"][0], "b");
    }

    #[test]
    fn times_are_fixed_and_rise() {
        let pkg = Pkg::new("a", "1.0.0");
        assert_eq!(pkg.time(0), "2024-01-01T00:00:00.000Z");
        assert!(pkg.time(27) < pkg.time(28) && pkg.time(335) < pkg.time(336));
    }
}
