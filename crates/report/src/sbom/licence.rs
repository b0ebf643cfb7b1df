//! Licences as their owners write them: expressions of SPDX, and everything else
//! (<https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/>).

use spdx::{Expression, ParseMode};

/// Longest text that is tried as an expression, in bytes.
const MAX_BYTES: usize = 1_000;

/// A declared licence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Licence {
    /// A valid expression of listed licences.
    Expression(String),
    /// Any other words (`SEE LICENSE IN x`, `UNLICENSED`), and what names a licence that the document does not hold.
    Named(String),
}

impl Licence {
    /// Tells the two apart. Nothing is mended: `GPL` may be any of several licences.
    pub(super) fn of(text: &str) -> Option<Licence> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let mode = ParseMode { allow_deprecated: true, ..ParseMode::STRICT };
        let is_plain = text.len() <= MAX_BYTES && !text.contains("LicenseRef-") && !text.contains("AdditionRef-");
        Some(match is_plain && Expression::parse_mode(text, mode).is_ok() {
            true => Licence::Expression(text.to_owned()),
            false => Licence::Named(text.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_licences_are_expressions() {
        for text in ["MIT", " MIT ", "(MIT OR Apache-2.0)", "GPL-2.0", "Apache-2.0 WITH LLVM-exception"] {
            assert_eq!(Licence::of(text), Some(Licence::Expression(text.trim().to_owned())));
        }
        for text in ["UNLICENSED", "SEE LICENSE IN x", "MIT/X11", "GPL", "LicenseRef-x", "MIT OR", "((((", "\u{1b}"] {
            assert_eq!(Licence::of(text), Some(Licence::Named(text.to_owned())));
        }
        let deep = format!("{}MIT{}", "(".repeat(100_000), ")".repeat(100_000));
        assert!(matches!(Licence::of(&deep), Some(Licence::Named(_))));
        assert_eq!(Licence::of("  "), None);
    }
}
