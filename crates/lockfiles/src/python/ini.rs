//! INI files as Python's `configparser` reads them: sections, `key = value` or
//! `key: value`, indented lines that go on with the value, comments that are whole lines.

use vetch_model::evidence::{Location, Span};

use crate::json::Lines;

/// A file's settings in order.
#[derive(Debug)]
pub(crate) struct Ini<'t> {
    pub(crate) settings: Vec<IniSetting<'t>>,
    /// Lines that are neither.
    pub(crate) odd: Vec<IniLine<'t>>,
    file: &'t str,
    lines: Lines,
}

/// One setting.
#[derive(Debug)]
pub(crate) struct IniSetting<'t> {
    pub(crate) section: &'t str,
    /// As written; looked up without regard to case, as `configparser` does.
    pub(crate) key: &'t str,
    /// What stands behind the `=`, then each line that goes on with it; none is empty.
    pub(crate) values: Vec<IniLine<'t>>,
}

/// A trimmed line or part of one, and its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IniLine<'t> {
    pub(crate) text: &'t str,
    pub(crate) span: Span,
}

impl<'t> Ini<'t> {
    pub(crate) fn read(text: &'t str, file: &'t str) -> Ini<'t> {
        let mut ini = Ini { settings: Vec::new(), odd: Vec::new(), file, lines: Lines::of(text.as_bytes()) };
        let mut section = "";
        let mut is_open = false;
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let start = at;
            at += line.len();
            // A byte-order mark is no letter of the first line.
            let bare = line.trim_start_matches('\u{feff}');
            let trimmed = bare.trim();
            if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
                continue;
            }
            let is_indented = bare.starts_with([' ', '\t']);
            let part = |text: &'t str| part(line, start, text);
            if is_indented && is_open {
                if let Some(setting) = ini.settings.last_mut() {
                    setting.values.push(part(trimmed));
                }
            } else if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                section = name.0;
                is_open = false;
                // `configparser` passes over what stands behind it.
                let rest = name.1.trim();
                if !rest.is_empty() && !rest.starts_with(['#', ';']) {
                    ini.odd.push(part(rest));
                }
            } else if let Some((key, value)) = trimmed.split_once(['=', ':']) {
                let value = value.trim();
                let values = if value.is_empty() { Vec::new() } else { vec![part(value)] };
                ini.settings.push(IniSetting { section, key: key.trim(), values });
                is_open = true;
            } else {
                ini.odd.push(part(trimmed));
                is_open = false;
            }
        }
        ini
    }

    /// The values of a key; the last setting counts.
    pub(crate) fn get(&self, section: &str, key: &str) -> Option<&[IniLine<'t>]> {
        let found = self
            .settings
            .iter()
            .rev()
            .find(|setting| setting.section == section && setting.key.eq_ignore_ascii_case(key));
        found.map(|setting| setting.values.as_slice())
    }

    pub(crate) fn location(&self, span: Span) -> Location {
        self.lines.location(self.file, span)
    }
}

/// `text`, which is a part of `line`, with its place.
fn part<'t>(line: &'t str, start: usize, text: &'t str) -> IniLine<'t> {
    let offset = start + (text.as_ptr() as usize).saturating_sub(line.as_ptr() as usize);
    IniLine { text, span: Span { start: offset as u32, end: (offset + text.len()) as u32 } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_go_on_where_lines_are_indented() {
        let text = "[metadata]\r\nName = x\n\n[options]\ninstall_requires =\n    a>=1\n    # remark\n\n    b; os_name == 'x'\nkey: v\nodd\n";
        let ini = Ini::read(text, "setup.cfg");
        let values: Vec<&str> = ini.get("options", "install_requires").unwrap().iter().map(|line| line.text).collect();
        assert_eq!(values, ["a>=1", "b; os_name == 'x'"]);
        assert_eq!(ini.get("metadata", "name").unwrap()[0].text, "x");
        let span = ini.get("options", "key").unwrap()[0].span;
        assert_eq!(&text[span.start as usize..span.end as usize], "v");
        assert_eq!(ini.location(ini.odd[0].span).line, 11);
    }
}
