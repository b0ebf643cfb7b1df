//! "Did you mean": the nearest of a list of known words.

/// Longer words are no typing mistakes; also bounds the work on hostile keys.
const LONGEST: usize = 64;

/// The known word nearest to `word`, if it is near enough to be meant.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    if word.len() > LONGEST {
        return None;
    }
    let allowed = (word.chars().count() / 3).clamp(1, 4);
    known
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance in characters, with `_` and `-` taken as equal.
fn distance(left: &str, right: &str) -> usize {
    let normal = |c: char| if c == '_' { '-' } else { c.to_ascii_lowercase() };
    let right: Vec<char> = right.chars().map(normal).collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().map(normal).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let substituted = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_mistakes_are_recognised() {
        let known = ["fail-on", "allow-incomplete", "severity", "exception"];
        assert_eq!(nearest("fail_on", known), Some("fail-on"));
        assert_eq!(nearest("exceptions", known), Some("exception"));
        assert_eq!(nearest("severty", known), Some("severity"));
        assert_eq!(nearest("registry", known), None);
        assert_eq!(nearest(&"x".repeat(100_000), known), None);
    }
}
