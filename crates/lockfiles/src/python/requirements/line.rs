//! One logical line: a requirement with its options, or options alone.
//!
//! pip reads options with `optparse`, which takes any beginning of a long option
//! that is the beginning of no other: `--requirem other.txt` includes a file. So does this.

use super::via::Annotation;

/// What a line says, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// The specifier, path or URL before the options; empty if there is none.
    pub(super) requirement: String,
    /// The options.
    pub(super) options: Vec<Setting>,
    /// What is not as pip takes it, in words.
    pub(super) faults: Vec<String>,
    /// pip-tools' and uv's comment on who asked for it.
    pub(super) annotation: Annotation,
}

/// An option with its value, empty if it takes none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) option: &'static str,
    pub(super) value: String,
}

/// Long name, letter, whether it takes a value. Those of pip 25 and those it once had
/// (<https://pip.pypa.io/en/stable/reference/requirements-file-format/>).
const OPTIONS: &[(&str, &str, bool)] = &[
    ("--requirement", "r", true),
    ("--constraint", "c", true),
    ("--editable", "e", true),
    ("--index-url", "i", true),
    ("--pypi-url", "", true),
    ("--extra-index-url", "", true),
    ("--no-index", "", false),
    ("--find-links", "f", true),
    ("--no-binary", "", true),
    ("--only-binary", "", true),
    ("--prefer-binary", "", false),
    ("--require-hashes", "", false),
    ("--pre", "", false),
    ("--trusted-host", "", true),
    ("--use-feature", "", true),
    ("--hash", "", true),
    ("--config-settings", "C", true),
    ("--config-setting", "", true),
    ("--global-option", "", true),
    ("--install-option", "", true),
    ("--no-use-wheel", "", false),
    ("--use-wheel", "", false),
    ("--allow-external", "", true),
    ("--allow-unverified", "", true),
    ("--allow-all-external", "", false),
    ("--process-dependency-links", "", false),
    ("--always-unzip", "Z", false),
];

/// Reads a line's text.
pub(super) fn read(text: &str) -> Line {
    let at = options_start(text);
    let mut line = Line { requirement: text.get(..at).unwrap_or_default().trim().to_owned(), ..Line::default() };
    let mut words = words(text.get(at..).unwrap_or_default()).into_iter();
    while let Some(word) = words.next() {
        match option(&word) {
            Some((option, takes_value, inline)) => {
                let value = match (takes_value, inline) {
                    (true, Some(inline)) => inline,
                    (true, None) => words.next().unwrap_or_else(|| {
                        line.faults.push(format!("the option `{option}` has no value"));
                        String::new()
                    }),
                    (false, _) => String::new(),
                };
                line.options.push(Setting { option, value });
            }
            None => line.faults.push(format!("`{}` is no option that pip knows", crate::error::short(&word))),
        }
    }
    line
}

/// Where the first word with a leading `-` starts. pip breaks only at blanks.
fn options_start(text: &str) -> usize {
    let mut at = 0;
    for word in text.split(' ') {
        if word.starts_with('-') {
            return at;
        }
        at += word.len() + 1;
    }
    text.len()
}

/// The option that a word names, whether it takes a value, and the value inside the word.
fn option(word: &str) -> Option<(&'static str, bool, Option<String>)> {
    if let Some(rest) = word.strip_prefix("--") {
        let (name, inline) = match rest.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (rest, None),
        };
        let named = |long: &str| long.strip_prefix("--").is_some_and(|long| long == name);
        let begun = |long: &str| long.strip_prefix("--").is_some_and(|long| long.starts_with(name));
        let exact = OPTIONS.iter().find(|(long, ..)| named(long));
        let mut close = OPTIONS.iter().filter(|(long, ..)| begun(long) && !name.is_empty());
        // A beginning of several is refused.
        let only = close.next().filter(|_| close.next().is_none());
        let (long, _, takes_value) = exact.or(only)?;
        return Some((long, *takes_value, inline));
    }
    let rest = word.strip_prefix('-')?;
    let letter = rest.get(..1)?;
    let (long, _, takes_value) = OPTIONS.iter().find(|(_, short, _)| *short == letter)?;
    let inline = rest.get(1..).filter(|value| !value.is_empty()).map(str::to_owned);
    Some((long, *takes_value, inline))
}

/// Words as the shell (and Python's `shlex`) splits them; a quote left open ends with the line.
fn words(text: &str) -> Vec<String> {
    if !text.contains(['"', '\'', '\\']) {
        return text.split_whitespace().map(str::to_owned).collect();
    }
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (Some('"') | None, '\\') => word.get_or_insert_default().extend(letters.next()),
            (Some(_), _) => word.get_or_insert_default().push(letter),
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, _) if letter.is_whitespace() => words.extend(word.take()),
            (None, _) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let line = read(text);
        let options: Vec<String> = line.options.iter().map(|set| format!("{}={}", set.option, set.value)).collect();
        format!("{}|{}|{}", line.requirement, options.join(" "), line.faults.len())
    }

    #[test]
    fn options_are_read_as_by_optparse() {
        for (text, expected) in [
            (
                "a==1 ; os_name == 'x' --hash=sha256:0 --hash sha256:1",
                "a==1 ; os_name == 'x'|--hash=sha256:0 --hash=sha256:1|0",
            ),
            ("-r a.txt", "|--requirement=a.txt|0"),
            ("-ra.txt", "|--requirement=a.txt|0"),
            ("--requirement=a.txt", "|--requirement=a.txt|0"),
            ("--requirem 'a b.txt'", "|--requirement=a b.txt|0"),
            ("--extra-index https://x", "|--extra-index-url=https://x|0"),
            ("-e git+https://h/a@b#egg=c", "|--editable=git+https://h/a@b#egg=c|0"),
            ("--requir x", "||2"),
            ("--pre --no-index", "|--pre= --no-index=|0"),
            ("-r", "|--requirement=|1"),
            ("a -x", "a||1"),
            ("name-with-dash", "name-with-dash||0"),
            ("a --global-option=\"--x y\"", "a|--global-option=--x y|0"),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }
}
