//! Environment markers: `python_version < "3.9" and extra == "socks"`.
//!
//! Markers are kept as conditions and not evaluated, but for the extras they name.
//! The check of their syntax is one pass over the words with a counter for the
//! parentheses, so that no nesting can do harm.

use vetch_model::purl::normalised;

use crate::error::short;

/// A word of a marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word<'t> {
    Open,
    Close,
    And,
    Or,
    /// `==`, `<=`, `in`, `not in`, …
    Operator(&'t str),
    /// A variable: `python_version`.
    Name(&'t str),
    /// A quoted text, without its quotes.
    Text(&'t str),
    /// Something else.
    Odd(&'t str),
}

/// Variables of the specification, with the names that setuptools once had for them.
const VARIABLES: &[&str] = &[
    "python_version",
    "python_full_version",
    "os_name",
    "sys_platform",
    "platform_release",
    "platform_system",
    "platform_version",
    "platform_machine",
    "platform_python_implementation",
    "implementation_name",
    "implementation_version",
    "extra",
    "extras",
    "dependency_groups",
    "os.name",
    "sys.platform",
    "platform.version",
    "platform.machine",
    "platform.python_implementation",
    "python_implementation",
];

/// What is wrong with a marker, in words.
pub(crate) fn fault(marker: &str) -> Option<String> {
    let odd = |what: &str| Some(format!("the marker `{}` {what}", short(marker)));
    let words = words(marker);
    let mut rest = words.as_slice();
    let mut depth = 0usize;
    loop {
        // Here a comparison starts, perhaps behind parentheses.
        while let [Word::Open, after @ ..] = rest {
            depth += 1;
            rest = after;
        }
        let [left, Word::Operator(_), right, after @ ..] = rest else {
            return odd("is no comparison of a variable with a text");
        };
        if let Some(name) = [left, right].into_iter().find_map(|side| unknown(*side)) {
            return odd(&format!("has `{}`, which is no variable of markers", short(name)));
        }
        rest = after;
        while let [Word::Close, after @ ..] = rest {
            let Some(less) = depth.checked_sub(1) else { return odd("has a `)` too many") };
            depth = less;
            rest = after;
        }
        match rest {
            [] if depth == 0 => return None,
            [] => return odd("lacks a `)`"),
            [Word::And | Word::Or, after @ ..] => rest = after,
            _ => return odd("has neither `and` nor `or` between two comparisons"),
        }
    }
}

/// The word that can stand on neither side of a comparison.
fn unknown(word: Word<'_>) -> Option<&str> {
    match word {
        Word::Name(name) => (!VARIABLES.contains(&name)).then_some(name),
        Word::Text(_) => None,
        Word::Odd(text) | Word::Operator(text) => Some(text),
        Word::Open => Some("("),
        Word::Close => Some(")"),
        Word::And => Some("and"),
        Word::Or => Some("or"),
    }
}

/// The extras that a marker names in `extra == "x"`, normalised.
pub(crate) fn extras(marker: &str) -> Vec<String> {
    if !marker.contains("extra") {
        return Vec::new();
    }
    let words = words(marker);
    let mut found: Vec<String> = Vec::new();
    for three in words.windows(3) {
        if let [Word::Name("extra"), Word::Operator("=="), Word::Text(name)]
        | [Word::Text(name), Word::Operator("=="), Word::Name("extra")] = three
        {
            let name = normalised(name);
            if !found.contains(&name) {
                found.push(name);
            }
        }
    }
    found
}

fn words(marker: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut rest = marker.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, length) = next(rest, first);
        words.push(word);
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    words
}

/// The word that a non-empty text starts with, and its length in bytes.
fn next(rest: &str, first: char) -> (Word<'_>, usize) {
    let run = |is_in: fn(char) -> bool| {
        let end = rest.find(|letter| !is_in(letter)).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    };
    match first {
        '(' => (Word::Open, 1),
        ')' => (Word::Close, 1),
        '\'' | '"' => match rest.get(1..).and_then(|inside| inside.split_once(first)) {
            Some((text, _)) => (Word::Text(text), text.len() + 2),
            None => (Word::Odd(rest), rest.len()),
        },
        '<' | '>' | '=' | '!' | '~' => {
            let operator = run(|letter| matches!(letter, '<' | '>' | '=' | '!' | '~'));
            let is_known = matches!(operator, "<" | "<=" | "!=" | "==" | ">=" | ">" | "~=" | "===");
            (if is_known { Word::Operator(operator) } else { Word::Odd(operator) }, operator.len())
        }
        letter if letter.is_alphanumeric() || letter == '_' => {
            let name = run(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '.'));
            match name {
                "and" => (Word::And, 3),
                "or" => (Word::Or, 2),
                "in" => (Word::Operator("in"), 2),
                "not" => not_in(rest),
                _ => (Word::Name(name), name.len()),
            }
        }
        other => (Word::Odd(rest.get(..other.len_utf8()).unwrap_or_default()), other.len_utf8()),
    }
}

/// `not in`, of which `not` alone is nothing.
fn not_in(rest: &str) -> (Word<'_>, usize) {
    let after = rest.get(3..).unwrap_or_default();
    let gap = after.len() - after.trim_start().len();
    let is_in = after.trim_start().strip_prefix("in").is_some_and(|rest| !rest.starts_with(char::is_alphanumeric));
    if gap > 0 && is_in { (Word::Operator("not in"), 3 + gap + 2) } else { (Word::Odd("not"), 3) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extras_are_found_on_either_side() {
        assert_eq!(extras("extra == 'a' or (\"B_c\" == extra and os_name == 'nt')"), ["a", "b-c"]);
        assert_eq!(extras("extra != 'a' and os_name == 'extra'"), Vec::<String>::new());
    }

    #[test]
    fn nesting_costs_nothing() {
        let deep = format!("{}os_name == 'nt'{}", "(".repeat(500_000), ")".repeat(500_000));
        assert_eq!(fault(&deep), None);
        assert!(fault(&"(".repeat(500_000)).is_some());
    }
}
