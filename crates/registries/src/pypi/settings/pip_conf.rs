//! The ini dialect of `pip.conf`: Python's `configparser` without interpolation, as pip uses it.

/// One setting in a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    /// Lower-case section.
    pub(crate) section: String,
    /// Lower-case key with dashes, as pip normalises it.
    pub(crate) key: String,
    /// The value; continued lines are joined with line breaks.
    pub(crate) value: String,
    /// 1-based line of the key.
    pub(crate) line: u32,
}

/// Reads a file, and gives the lines that are no settings.
pub(crate) fn parse(text: &str) -> (Vec<Setting>, Vec<u32>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (mut settings, mut wrong) = (Vec::<Setting>::new(), Vec::new());
    let mut section: Option<String> = None;
    // Lines indented deeper than the key go on with its value.
    let mut open: Option<usize> = None;
    for (number, line) in (1u32..).zip(text.lines()) {
        let trimmed = line.trim();
        if trimmed.starts_with(['#', ';']) {
            continue;
        }
        if trimmed.is_empty() {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        if let (Some(depth), Some(last)) = (open, settings.last_mut())
            && indent > depth
        {
            last.value.push('\n');
            last.value.push_str(trimmed);
            continue;
        }
        open = None;
        if let Some(name) = trimmed.strip_prefix('[') {
            match name.split_once(']') {
                Some((name, _)) => section = Some(name.trim().to_ascii_lowercase()),
                None => wrong.push(number),
            }
            continue;
        }
        let parts = trimmed.find(['=', ':']).and_then(|at| Some((trimmed.get(..at)?, trimmed.get(at + 1..)?)));
        match (parts, &section) {
            (Some((key, value)), Some(section)) if !key.trim().is_empty() => {
                let key = key.trim().to_ascii_lowercase().replace('_', "-");
                let key = key.strip_prefix("--").map(str::to_owned).unwrap_or(key);
                let value = value.trim().to_owned();
                settings.push(Setting { section: section.clone(), key, value, line: number });
                open = Some(indent);
            }
            _ => wrong.push(number),
        }
    }
    (settings, wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_continuations_and_comments() {
        let text = "# c\n[global]\nindex_url = https://a.invalid/simple?x=1\n--no-index: yes\n\
                    extra-index-url =\n    https://b.invalid\n    ; not this\n\n    https://c.invalid\n[Install]\nfind-links=x\n";
        let (settings, wrong) = parse(text);
        let shown: Vec<String> =
            settings.iter().map(|s| format!("{} {}={} {}", s.section, s.key, s.value, s.line)).collect();
        assert_eq!(
            shown,
            [
                "global index-url=https://a.invalid/simple?x=1 3",
                "global no-index=yes 4",
                "global extra-index-url=\nhttps://b.invalid\nhttps://c.invalid 5",
                "install find-links=x 11",
            ]
        );
        assert!(wrong.is_empty());
    }

    #[test]
    fn nonsense_is_told_of_by_line() {
        assert_eq!(parse("a=1\n[global\n[global]\nwords\n=1\n").1, [1, 2, 4, 5]);
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "[\\PC\n\r\t=:;#\\[\\] ]{0,200}") {
            for setting in parse(&text).0 {
                assert!(!setting.key.is_empty() || setting.line > 0);
            }
        }
    }
}
