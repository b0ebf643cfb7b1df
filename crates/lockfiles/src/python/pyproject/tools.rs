//! Dependencies that tools keep in their own tables: uv, PDM, Hatch, Flit.

use vetch_model::inventory::EdgeKind;

use super::Reader;
use crate::toml_tree::Value;

/// Reads the tables of every tool but Poetry.
pub(super) fn read(reader: &mut Reader<'_>) {
    let legacy = reader.at(&["tool", "uv", "dev-dependencies"], "an array", Value::as_array);
    reader.list("tool.uv.dev-dependencies", legacy, EdgeKind::Development, Some("dev"));
    let groups = reader.at(&["tool", "pdm", "dev-dependencies"], "a table", Value::as_table);
    for (group, entries) in reader.lists("tool.pdm.dev-dependencies", groups) {
        reader.list(group, Some(entries), EdgeKind::Development, Some(group));
    }
    check_pdm(reader);
    read_hatch(reader);
    let requires = reader.at(&["tool", "flit", "metadata", "requires"], "an array", Value::as_array);
    reader.list("tool.flit.metadata.requires", requires, EdgeKind::Production, None);
    let extras = reader.at(&["tool", "flit", "metadata", "requires-extra"], "a table", Value::as_table);
    for (extra, entries) in reader.lists("tool.flit.metadata.requires-extra", extras) {
        reader.list(extra, Some(entries), EdgeKind::Optional, Some(extra));
    }
}

/// A table of lists that PDM does not have may be its misspelt `dev-dependencies`.
fn check_pdm(reader: &mut Reader<'_>) {
    let Some(table) = reader.document.root.at(&["tool", "pdm"]).and_then(Value::as_table) else { return };
    for member in table.members.iter().filter(|member| !["dev-dependencies", "options"].contains(&&*member.key)) {
        let members = member.value.as_table().map(|table| table.members.as_slice()).unwrap_or_default();
        if !members.is_empty() && members.iter().all(|member| member.value.as_array().is_some()) {
            reader.gap(&member.key, "PDM knows no such key here, so it is not read", member.span);
        }
    }
}

/// `tool.hatch.envs.<environment>.dependencies` and `extra-dependencies`.
fn read_hatch(reader: &mut Reader<'_>) {
    let Some(environments) = reader.at(&["tool", "hatch", "envs"], "a table", Value::as_table) else { return };
    for member in &environments.members {
        for key in ["dependencies", "extra-dependencies"] {
            let Some(value) = member.value.get(key) else { continue };
            match value.as_array() {
                Some(entries) => reader.list(key, Some(entries), EdgeKind::Development, Some(&member.key)),
                None => reader.gap(key, value.wrong_type(key, "an array"), value.span),
            }
        }
    }
}
