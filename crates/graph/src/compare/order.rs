//! A total order to sort versions by, whatever they are. Which of two is really higher
//! says [`vetch_versions`], where it can be said.

use std::cmp::Ordering;

/// Numbers by their values, everything else by its characters: total, whatever the text.
pub(super) fn natural(left: &str, right: &str) -> Ordering {
    pieces(left).cmp(pieces(right)).then_with(|| left.cmp(right))
}

/// One run of digits or of other characters. Words sort before numbers, as `1.0-rc` does before `1.0.1`.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Piece<'a> {
    Word(&'a str),
    /// Digits, then the number of them: compared by length first.
    Number(usize, &'a str),
}

fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let is_digit = rest.chars().next()?.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(rest.len());
        let (piece, tail) = rest.split_at(end);
        rest = tail;
        Some(if is_digit { number(piece) } else { Piece::Word(piece) })
    })
}

fn number(digits: &str) -> Piece<'_> {
    let digits = digits.trim_start_matches('0');
    Piece::Number(digits.len(), digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_texts_have_an_order() {
        let ascending = ["", "1.0", "1.0-rc", "1.0.1", "1.2", "1.10", "999999999999999999999999", "é"];
        let mut sorted = ascending;
        sorted.reverse();
        sorted.sort_by(|left, right| natural(left, right));
        assert_eq!(sorted[2..5], ["1.0", "1.0-rc", "1.0.1"]);
        for left in ascending {
            for right in ascending {
                assert_eq!(natural(left, right), natural(right, left).reverse());
            }
        }
    }
}
