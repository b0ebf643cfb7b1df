//! Source as the archives that registries take, so that nothing but the one way of looking at releases is needed.

use std::collections::BTreeMap;

use serde_json::Value;

/// A package for npm. An application names no entry: what it consists of starts from a file that is added for it.
pub(super) fn npm(files: &BTreeMap<String, &[u8]>) -> std::io::Result<Vec<u8>> {
    let manifest = files.get("package.json").copied().unwrap_or(b"{\"name\":\"source\",\"version\":\"0.0.0\"}");
    let added = (!has_entry(manifest, files)).then_some("index.js");
    package(files, manifest.to_vec(), added)
}

/// A package for npm that loads every module of its source: where a build would begin is not there yet.
pub(super) fn whole(files: &BTreeMap<String, &[u8]>) -> std::io::Result<Vec<u8>> {
    const ENTRY: &str = "vetch-source.js";
    let mut manifest: Value =
        files.get("package.json").and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default();
    match manifest.as_object_mut() {
        Some(fields) => {
            for field in ["module", "exports", "browser", "bin", "types"] {
                fields.remove(field);
            }
            fields.insert("main".to_owned(), ENTRY.into());
        }
        None => manifest = serde_json::json!({ "name": "source", "version": "0.0.0", "main": ENTRY }),
    }
    package(files, manifest.to_string().into_bytes(), Some(ENTRY))
}

/// Files under their manifest, and under this name a module that loads them all.
fn package(files: &BTreeMap<String, &[u8]>, manifest: Vec<u8>, added: Option<&str>) -> std::io::Result<Vec<u8>> {
    let mut entries: BTreeMap<String, Vec<u8>> =
        files.iter().map(|(path, bytes)| (format!("package/{path}"), bytes.to_vec())).collect();
    entries.insert("package/package.json".to_owned(), manifest);
    if let Some(name) = added {
        entries.insert(format!("package/{name}"), entry(files).into_bytes());
    }
    archive(&entries)
}

/// A source distribution for PyPI.
pub(super) fn python(files: &BTreeMap<String, &[u8]>) -> std::io::Result<Vec<u8>> {
    let mut entries: BTreeMap<String, Vec<u8>> =
        files.iter().map(|(path, bytes)| (format!("source-0/{path}"), bytes.to_vec())).collect();
    let metadata = b"Metadata-Version: 2.1\nName: source\nVersion: 0\n";
    entries.entry("source-0/PKG-INFO".to_owned()).or_insert_with(|| metadata.to_vec());
    entries.insert("source-0/vetch_source/__init__.py".to_owned(), python_entry(files).into_bytes());
    archive(&entries)
}

/// A package that runs every script and module but tests and what builds: the tools of a project are named by nobody.
fn python_entry(files: &BTreeMap<String, &[u8]>) -> String {
    let is_module = |path: &str| path.ends_with(".py") && path.rsplit('/').next() != Some("setup.py");
    let runs = files.keys().filter(|path| is_module(path) && !is_test(path)).map(|path| {
        format!(
            "runpy.run_path(os.path.join(os.path.dirname(os.path.dirname(__file__)), {}))\n",
            Value::String(path.clone())
        )
    });
    std::iter::once("import os\nimport runpy\n".to_owned()).chain(runs).collect()
}

/// Whether a manifest says where its package begins.
fn has_entry(manifest: &[u8], files: &BTreeMap<String, &[u8]>) -> bool {
    let said: Value = serde_json::from_slice(manifest).unwrap_or_default();
    ["main", "module", "exports", "bin"].iter().any(|field| said.get(field).is_some()) || files.contains_key("index.js")
}

/// A module that loads every other one but tests and declarations.
fn entry(files: &BTreeMap<String, &[u8]>) -> String {
    let is_module = |path: &str| {
        super::kind_of(path) == super::Kind::JavaScript && !path.ends_with(".json") && !path.ends_with(".d.ts")
    };
    let modules = files.keys().filter(|path| is_module(path) && !is_test(path));
    modules.map(|path| format!("import {};\n", Value::String(format!("./{path}")))).collect()
}

fn is_test(path: &str) -> bool {
    const TESTS: &[&str] = &["test", "tests", "__tests__", "spec", "__mocks__", "fixtures", "cypress", "e2e"];
    let name = path.rsplit('/').next().unwrap_or(path);
    path.split('/').any(|part| TESTS.contains(&part))
        || [".test.", ".spec."].iter().any(|part| name.contains(part))
        || name.starts_with("test_")
        || name == "conftest.py"
}

/// A gzip-compressed tar archive.
pub(super) fn archive(entries: &BTreeMap<String, Vec<u8>>) -> std::io::Result<Vec<u8>> {
    let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for (path, bytes) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, bytes.as_slice())?;
    }
    builder.into_inner()?.finish()
}
