//! Which of two versions is higher, and a total order to sort them by.

use std::cmp::Ordering;

use vetch_model::inventory::Ecosystem;

/// By the rules of the ecosystem; `None` where there is no order or it is not known.
pub(super) fn compare(ecosystem: &Ecosystem, left: &str, right: &str) -> Option<Ordering> {
    match ecosystem {
        Ecosystem::Npm => Some(semver(left)?.cmp(&semver(right)?)),
        Ecosystem::Pypi => Some(pep440(left)?.cmp(&pep440(right)?)),
        Ecosystem::Other(_) => Some(natural(left, right)),
    }
}

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

/// Release, then whether it is final, then the pre-release's identifiers.
type Semver<'a> = (Vec<Piece<'a>>, bool, Vec<(bool, Piece<'a>)>);

fn semver(text: &str) -> Option<Semver<'_>> {
    let text = text.split('+').next()?.trim_start_matches(['v', '=']);
    let (release, pre) = text.split_once('-').map_or((text, ""), |(release, pre)| (release, pre));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let numbers: Option<Vec<_>> = release.split('.').map(|part| is_number(part).then(|| number(part))).collect();
    let numbers = numbers.filter(|numbers| numbers.len() == 3)?;
    let identifiers = pre.split('.').filter(|part| !part.is_empty());
    // Numeric identifiers sort below others (semver 11.4).
    let identifiers = identifiers.map(|part| match is_number(part) {
        true => (false, number(part)),
        false => (true, Piece::Word(part)),
    });
    Some((numbers, pre.is_empty(), identifiers.collect()))
}

/// Epoch, release without trailing zeros, then the suffixes in order.
type Pep440<'a> = (Piece<'a>, Vec<Piece<'a>>, Vec<(u8, Piece<'a>)>);

fn pep440(text: &str) -> Option<Pep440<'_>> {
    let text = text.split('+').next()?.trim_start_matches('v');
    let (epoch, rest) = text.split_once('!').unwrap_or(("0", text));
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let (release, suffix) = rest.split_at(end);
    let mut numbers: Vec<_> = release.split('.').filter(|part| !part.is_empty()).map(number).collect();
    if numbers.is_empty() {
        return None;
    }
    while numbers.len() > 1 && numbers.last() == Some(&number("0")) {
        numbers.pop();
    }
    let mut suffixes = Vec::new();
    let mut words = pieces(suffix).peekable();
    while let Some(word) = words.next() {
        let Piece::Word(word) = word else { return None };
        let rank = match word.trim_matches(['.', '-', '_']).to_ascii_lowercase().as_str() {
            "dev" => 0,
            "a" | "alpha" => 1,
            "b" | "beta" => 2,
            "c" | "rc" | "pre" | "preview" => 3,
            "" | "post" | "r" | "rev" => 5,
            _ => return None,
        };
        suffixes.push((rank, words.next_if(|next| matches!(next, Piece::Number(..))).unwrap_or(number("0"))));
    }
    // The final release stands after its pre-releases and before its post-releases.
    suffixes.push((4, number("0")));
    Some((number(epoch), numbers, suffixes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn ascending(ecosystem: &Ecosystem, versions: &[&str]) {
        for pair in versions.windows(2) {
            assert_eq!(compare(ecosystem, pair[0], pair[1]), Some(Ordering::Less), "{pair:?}");
            assert_eq!(compare(ecosystem, pair[1], pair[0]), Some(Ordering::Greater), "{pair:?}");
        }
    }

    #[test]
    fn versions_ascend() {
        ascending(&Ecosystem::Npm, &["1.0.0-1", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0", "1.2.0", "1.10.0", "2.0.0"]);
        ascending(
            &Ecosystem::Pypi,
            &["1.0.dev1", "1.0a1.dev1", "1.0a1", "1.0b2", "1.0rc1", "1.0", "1.0.post1", "1.0.1", "1.10", "1!0.1"],
        );
        assert_eq!(compare(&Ecosystem::Pypi, "1.0", "1.0.0"), Some(Ordering::Equal));
        assert_eq!(compare(&Ecosystem::Npm, "latest", "1.0.0"), None);
        assert_eq!(compare(&Ecosystem::Npm, "999999999999999999999999.0.0", "1.0.0"), Some(Ordering::Greater));
    }
}
