//! TOML settings whose values keep their lines.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::loading::Loading;
use super::{PythonLayer, SettingOrigin};

/// A parsed file. What is broken in it is told of, and the rest is read.
pub(super) struct TomlFile<'t> {
    text: &'t str,
    layer: PythonLayer,
    shown: String,
    root: DeTable<'t>,
    line_starts: Vec<usize>,
}

impl<'t> TomlFile<'t> {
    pub(super) fn parse(loading: &mut Loading<'_>, layer: PythonLayer, shown: &str, text: &'t str) -> TomlFile<'t> {
        let (root, errors) = DeTable::parse_recoverable(text);
        let line_starts =
            std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect::<Vec<usize>>();
        let mut file = TomlFile { text, layer, shown: shown.to_owned(), root: DeTable::new(), line_starts };
        if let Some(error) = errors.first() {
            let origin = file.origin(error.span().map_or(0, |span| span.start));
            let message = format!("{origin} is no TOML: {}", crate::http::cut(error.message()));
            loading.notice(&origin, message, "settings behind it may not be in force: correct the line");
        }
        file.root = root.into_inner();
        file
    }

    pub(super) fn root(&self) -> &DeTable<'t> {
        &self.root
    }

    /// The table at a path of keys.
    pub(super) fn table(&self, path: &[&str]) -> Option<&DeTable<'t>> {
        path.iter().try_fold(&self.root, |table, key| table.get(*key)?.get_ref().as_table())
    }

    fn origin(&self, offset: usize) -> SettingOrigin {
        let line = self.line_starts.partition_point(|start| *start <= offset.min(self.text.len()));
        SettingOrigin::new(self.layer, self.shown.clone(), u32::try_from(line).unwrap_or(u32::MAX))
    }

    /// Where a value stands.
    pub(super) fn of(&self, value: &Spanned<DeValue<'_>>) -> SettingOrigin {
        self.origin(value.span().start)
    }

    /// A key's value as text.
    pub(super) fn text<'a>(&self, table: &'a DeTable<'t>, key: &str) -> Option<(&'a str, SettingOrigin)> {
        let value = table.get(key)?;
        Some((value.get_ref().as_str()?, self.of(value)))
    }

    /// A key's value as a truth value.
    pub(super) fn truth(&self, table: &DeTable<'t>, key: &str) -> Option<(bool, SettingOrigin)> {
        let value = table.get(key)?;
        Some((value.get_ref().as_bool()?, self.of(value)))
    }

    /// A key's list of texts, or its single text.
    pub(super) fn texts(
        &self,
        loading: &mut Loading<'_>,
        table: &DeTable<'t>,
        key: &str,
    ) -> Vec<(String, SettingOrigin)> {
        let Some(value) = table.get(key) else { return Vec::new() };
        let items: Vec<&Spanned<DeValue<'_>>> = match value.get_ref() {
            DeValue::Array(items) => items.iter().collect(),
            _ => vec![value],
        };
        let mut texts = Vec::new();
        for item in items {
            match item.get_ref().as_str() {
                Some(text) => texts.push((text.to_owned(), self.of(item))),
                None => self.wrong(loading, item, key),
            }
        }
        texts
    }

    /// A key's list of tables.
    pub(super) fn tables<'a>(
        &self,
        loading: &mut Loading<'_>,
        table: &'a DeTable<'t>,
        key: &str,
    ) -> Vec<(&'a DeTable<'t>, SettingOrigin)> {
        let Some(value) = table.get(key) else { return Vec::new() };
        let Some(items) = value.get_ref().as_array() else {
            self.wrong(loading, value, key);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items.iter() {
            match item.get_ref().as_table() {
                Some(table) => tables.push((table, self.of(item))),
                None => self.wrong(loading, item, key),
            }
        }
        tables
    }

    fn wrong(&self, loading: &mut Loading<'_>, value: &Spanned<DeValue<'_>>, key: &str) {
        let origin = self.of(value);
        let kind = value.get_ref().type_str();
        loading.notice(
            &origin,
            format!("`{key}` in {origin} is of the wrong type ({kind}) and was ignored"),
            "correct it",
        );
    }
}
