//! What can be wrong with a policy, said so that it can be mended.

use std::fmt;

/// One mistake in a policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// 1-based.
    pub line: u32,
    /// 1-based, in characters.
    pub column: u32,
    /// What is wrong. Words taken from the file are escaped and cut.
    pub message: String,
}

/// Why there is no policy to go by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The file says something that is not understood. Nothing of it is in force.
    #[error("{}", invalid(.file, .problems))]
    Invalid {
        /// The file, as the user would name it.
        file: String,
        /// At least one, in file order.
        problems: Vec<Problem>,
    },
    /// The file cannot be read.
    #[error("cannot read the policy `{file}`: {reason}")]
    Unreadable {
        /// The file, as the user would name it.
        file: String,
        /// Why.
        reason: String,
        /// What to do next.
        hint: &'static str,
    },
    /// The revision cannot be read.
    #[error("cannot read the policy at revision `{revision}`: {reason}")]
    Revision {
        /// As given.
        revision: String,
        /// Why.
        reason: String,
        /// What to do next.
        hint: &'static str,
    },
}

impl PolicyError {
    /// What to do next.
    pub fn hint(&self) -> &str {
        match self {
            PolicyError::Invalid { .. } => "correct the file; nothing was scanned, because no part of it is in force",
            PolicyError::Unreadable { hint, .. } | PolicyError::Revision { hint, .. } => hint,
        }
    }
}

fn invalid(file: &str, problems: &[Problem]) -> String {
    let lines: Vec<String> =
        problems.iter().map(|it| format!("{file}:{}:{}: {}", it.line, it.column, it.message)).collect();
    lines.join("\n")
}

/// A word from a hostile file, for a message: escaped, and cut to 60 characters.
pub(crate) struct Shown<'a>(pub(crate) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 60;
        f.write_str("`")?;
        for c in self.0.chars().take(LONGEST) {
            match c {
                '\'' | '"' | '\\' => write!(f, "{c}")?,
                _ => write!(f, "{}", c.escape_debug())?,
            }
        }
        f.write_str(if self.0.chars().nth(LONGEST).is_some() { "…`" } else { "`" })
    }
}

/// 1-based line and column (in characters) of a byte offset.
pub(crate) fn position(text: &str, offset: usize) -> (u32, u32) {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &text[..offset];
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before[start..].chars().count() + 1;
    (u32::try_from(line).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters() {
        assert_eq!(position("a\nñb", 4), (2, 2));
        assert_eq!(position("", 9), (1, 1));
    }

    #[test]
    fn shown_words_cannot_act() {
        let shown = Shown("\u{1b}[2J\u{202e}x\ny").to_string();
        assert!(!shown.contains(['\u{1b}', '\u{202e}', '\n']), "{shown:?}");
        assert!(Shown(&"x".repeat(999)).to_string().len() < 80);
    }
}
