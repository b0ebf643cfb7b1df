//! How far apart two names are: optimal string alignment, which counts a swap of neighbours as one slip.

use crate::confusable::look_alike;
use crate::list::LONGEST;

/// The one slip between two names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slip {
    /// A letter that looks like the right one.
    Lookalike,
    /// Two neighbours swapped.
    Swapped,
    /// A letter typed twice, or a double one once.
    Repeated,
    /// The key beside the right one.
    NeighbouringKey,
    /// A letter left out.
    Omitted,
    /// One bit of the letter differs: a name that damaged memory asks for.
    FlippedBit,
    /// A letter too many.
    Added,
    /// Another letter.
    Replaced,
    /// Two slips, in a long name.
    Two,
}

/// The slip by which `name` differs from `target`, if it is one and no more.
pub(crate) fn slip(name: &str, target: &str) -> Option<Slip> {
    let (name, target) = (name.as_bytes(), target.as_bytes());
    if name.len().abs_diff(target.len()) > 1 {
        return None;
    }
    let start = name.iter().zip(target).take_while(|(a, b)| a == b).count();
    let (name_rest, target_rest) = (&name[start..], &target[start..]);
    let end = name_rest.iter().rev().zip(target_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let (middle, wanted) = (&name_rest[..name_rest.len() - end], &target_rest[..target_rest.len() - end]);
    match (middle, wanted) {
        ([added], []) if is_beside(name, start, *added) => Some(Slip::Repeated),
        ([_], []) => Some(Slip::Added),
        ([], [omitted]) if is_beside(target, start, *omitted) => Some(Slip::Repeated),
        ([], [_]) => Some(Slip::Omitted),
        ([a], [b]) if look_alike(*a, *b) => Some(Slip::Lookalike),
        ([a], [b]) if are_neighbours(*a, *b) => Some(Slip::NeighbouringKey),
        ([a], [b]) if (a ^ b).is_power_of_two() => Some(Slip::FlippedBit),
        ([_], [_]) => Some(Slip::Replaced),
        ([a, b], [c, d]) if (a, b) == (d, c) => Some(Slip::Swapped),
        _ => None,
    }
}

/// Whether the letter at this place stands beside one like it.
fn is_beside(text: &[u8], place: usize, letter: u8) -> bool {
    let before = place.checked_sub(1).and_then(|before| text.get(before));
    before == Some(&letter) || text.get(place + 1) == Some(&letter)
}

/// Rows of a keyboard, each key above the gap that the next row leaves.
const ROWS: [&[u8]; 4] = [b"1234567890-", b"qwertyuiop", b"asdfghjkl", b"zxcvbnm"];

fn are_neighbours(a: u8, b: u8) -> bool {
    let place =
        |key: u8| ROWS.iter().enumerate().find_map(|(row, keys)| Some((row, keys.iter().position(|k| *k == key)?)));
    let (Some((row_a, at_a)), Some((row_b, at_b))) = (place(a), place(b)) else { return false };
    match row_a.abs_diff(row_b) {
        0 => at_a.abs_diff(at_b) == 1,
        // A key touches two of the row below: the one at its own place and the one before.
        1 => {
            let (upper, lower) = if row_a < row_b { (at_a, at_b) } else { (at_b, at_a) };
            upper == lower || upper == lower + 1
        }
        _ => false,
    }
}

/// Whether two names are at most two slips apart. Longer texts than names are not compared.
pub(crate) fn within_two(name: &str, target: &str) -> bool {
    const LIMIT: u8 = 2;
    const FAR: u8 = LIMIT + 1;
    let (name, target) = (name.as_bytes(), target.as_bytes());
    if name.len().abs_diff(target.len()) > usize::from(LIMIT) || name.len().max(target.len()) > LONGEST {
        return false;
    }
    // Rows of the table of distances: the last but one, the last, and this one. What is not near the diagonal is far.
    let mut rows = [[FAR; LONGEST + 1]; 3];
    for (place, distance) in rows[1].iter_mut().take(usize::from(FAR)).enumerate() {
        *distance = place as u8;
    }
    for (i, a) in name.iter().enumerate() {
        let [before, row, next] = &mut rows;
        let band = i.saturating_sub(usize::from(LIMIT))..(i + usize::from(FAR)).min(target.len());
        next[band.start] = if i < usize::from(LIMIT) { i as u8 + 1 } else { FAR };
        let mut nearest = next[band.start];
        for j in band.clone() {
            let replaced = row[j] + u8::from(*a != target[j]);
            let mut distance = replaced.min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && *a == target[j - 1] && name[i - 1] == target[j] {
                distance = distance.min(before[j - 1] + 1);
            }
            next[j + 1] = distance.min(FAR);
            nearest = nearest.min(next[j + 1]);
        }
        if let Some(behind) = next.get_mut(band.end + 1) {
            *behind = FAR;
        }
        if nearest > LIMIT {
            return false;
        }
        rows.rotate_left(1);
    }
    rows[1][target.len()] <= LIMIT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_named() {
        for (name, expected) in [
            ("reqeusts", Some(Slip::Swapped)),
            ("requestss", Some(Slip::Repeated)),
            ("request", Some(Slip::Omitted)),
            ("requwsts", Some(Slip::NeighbouringKey)),
            ("reguests", Some(Slip::Lookalike)),
            ("requesta", Some(Slip::NeighbouringKey)),
            ("sequests", Some(Slip::FlippedBit)),
            ("rxquests", Some(Slip::Replaced)),
            ("requestsx", Some(Slip::Added)),
            ("requests", None),
            ("rqeusets", None),
        ] {
            assert_eq!(slip(name, "requests"), expected, "{name}");
        }
        assert_eq!(slip("expres", "express"), Some(Slip::Repeated));
    }

    #[test]
    fn two_slips_are_two() {
        for (name, expected) in [
            ("tensorflow", true),
            ("tensrflwo", true),
            ("tesnorlfow", true),
            ("tnsrflw", false),
            ("tensorflowxxx", false),
        ] {
            assert_eq!(within_two(name, "tensorflow"), expected, "{name}");
        }
    }

    /// The whole table, as the definition has it.
    fn distance(name: &[u8], target: &[u8]) -> usize {
        let mut table = vec![vec![0; target.len() + 1]; name.len() + 1];
        for i in 0..=name.len() {
            for j in 0..=target.len() {
                table[i][j] = match (i, j) {
                    (0, _) => j,
                    (_, 0) => i,
                    _ => {
                        let replaced = table[i - 1][j - 1] + usize::from(name[i - 1] != target[j - 1]);
                        let one = replaced.min(table[i - 1][j] + 1).min(table[i][j - 1] + 1);
                        let is_swap = i > 1 && j > 1 && name[i - 1] == target[j - 2] && name[i - 2] == target[j - 1];
                        if is_swap { one.min(table[i - 2][j - 2] + 1) } else { one }
                    }
                };
            }
        }
        table[name.len()][target.len()]
    }

    proptest::proptest! {
        #[test]
        fn distances_are_those_of_the_definition(name in "[ab]{0,9}", target in "[ab]{0,9}") {
            let far = distance(name.as_bytes(), target.as_bytes());
            proptest::prop_assert_eq!(within_two(&name, &target), far <= 2, "{}", far);
            proptest::prop_assert_eq!(slip(&name, &target).is_some(), far == 1, "{}", far);
        }
    }
}
