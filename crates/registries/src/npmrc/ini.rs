//! The ini dialect of `.npmrc`, as the npm packages `ini` 5/6 and
//! `@npmcli/config` read it.

/// One `key = value` line outside sections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The key; without the `[]` of a list.
    pub(crate) key: String,
    /// The value; `true` for a key without `=`.
    pub(crate) value: String,
    /// 1-based line.
    pub(crate) line: u32,
}

/// Reads a file. Lines that are neither a setting nor a comment are passed over, as npm does.
pub(crate) fn parse(text: &str) -> Vec<Setting> {
    let mut settings = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let numbered = (1u32..).zip(text.split('\n'));
    for (number, line) in numbered.flat_map(|(number, line)| line.split('\r').map(move |part| (number, part))) {
        // A header stands at the very start of a line, and holds no other bracket.
        let section = line.strip_prefix('[').and_then(|rest| rest.trim_end().strip_suffix(']'));
        let line = line.trim();
        if line.is_empty() || line.starts_with([';', '#']) {
            continue;
        }
        // npm has no sections in its settings: what follows a header is not one of them.
        if section.is_some_and(|name| !name.contains(']')) {
            break;
        }
        let (key, value) = match line.split_once('=') {
            Some((key, value)) => (plain(key), plain(value)),
            None => (plain(line), "true".to_owned()),
        };
        let key = key.strip_suffix("[]").filter(|rest| !rest.is_empty()).map(str::to_owned).unwrap_or(key);
        if !key.is_empty() {
            settings.push(Setting { key, value, line: number });
        }
    }
    settings
}

/// Removes quotes, escapes and a trailing comment (`unsafe` in the package `ini`).
fn plain(text: &str) -> String {
    let text = text.trim();
    let quoted = |mark: char| text.starts_with(mark) && text.ends_with(mark);
    if quoted('"') {
        return serde_json::from_str(text).unwrap_or_else(|_| text.to_owned());
    }
    if quoted('\'') {
        // A single quote is an empty text, as `slice(1, -1)` has it.
        let inner = text.get(1..text.len() - 1).unwrap_or_default();
        return serde_json::from_str::<String>(inner).unwrap_or_else(|_| inner.to_owned());
    }
    let mut value = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            ';' | '#' => break,
            '\\' => match characters.next() {
                Some(escaped @ ('\\' | ';' | '#')) => value.push(escaped),
                Some(other) => value.extend(['\\', other]),
                None => value.push('\\'),
            },
            _ => value.push(character),
        }
    }
    value.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        parse(text).into_iter().map(|setting| (setting.key, setting.value)).collect()
    }

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    #[test]
    fn settings_comments_quotes_and_lists() {
        let text = "\u{feff}; one\n# two\r\nregistry = https://a.invalid/ ; trailing\nstrict-ssl\n\
                    a=\"b;c\"\nb='d#e'\nc=x\\;y\\z\nca[]=one\nca[]=two\n=nothing\n\n//h/:_authToken=q=w==\n";
        let expected = [
            pair("registry", "https://a.invalid/"),
            pair("strict-ssl", "true"),
            pair("a", "b;c"),
            pair("b", "d#e"),
            pair("c", "x;y\\z"),
            pair("ca", "one"),
            pair("ca", "two"),
            pair("//h/:_authToken", "q=w=="),
        ];
        assert_eq!(pairs(text), expected);
        assert_eq!(parse(text)[0].line, 3);
    }

    #[test]
    fn sections_hold_no_settings() {
        assert_eq!(pairs("a=1\n[section]\nb=2\n"), [pair("a", "1")]);
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "[\\PC\n\r\t\"'\\\\;#=\\[\\]]{0,200}") {
            for setting in parse(&text) {
                assert!(!setting.key.is_empty() && setting.line as usize <= text.split('\n').count());
            }
        }
    }
}
