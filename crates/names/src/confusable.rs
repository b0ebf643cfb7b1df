//! Letters that look like others.

use unicode_normalization::UnicodeNormalization;

/// Letters of other scripts that look like a Latin one, after compatibility decomposition (which takes care of full
/// width, mathematical and accented letters). The common subset of Unicode's `confusables.txt` (UTS #39).
const LETTERS: &[(&str, char)] = &[
    ("аɑα", 'a'),
    ("ЬƄ", 'b'),
    ("сϲⅽᴄ", 'c'),
    ("ԁⅾɗ", 'd'),
    ("еҽ", 'e'),
    ("ſ", 'f'),
    ("ɡց", 'g'),
    ("һհ", 'h'),
    ("іıɩι", 'i'),
    ("јϳ", 'j'),
    ("κкᴋ", 'k'),
    ("ⅼӏǀ", 'l'),
    ("ⅿ", 'm'),
    ("ոп", 'n'),
    ("оοσօᴏ", 'o'),
    ("рρ", 'p'),
    ("ԛ", 'q'),
    ("гᴦ", 'r'),
    ("ѕꜱ", 's'),
    ("тτ", 't'),
    ("υսᴜ", 'u'),
    ("ѵνᴠ", 'v'),
    ("ԝѡᴡ", 'w'),
    ("хχ", 'x'),
    ("уүγ", 'y'),
    ("ᴢ", 'z'),
    ("‐‑‒–—−", '-'),
];

/// What the name looks like: equal for names that a reader takes for the same.
pub(crate) fn skeleton(name: &str) -> String {
    if name.is_ascii() {
        return as_read(name);
    }
    // Without marks that stand on letters and what shows nothing.
    let shown = name.nfkd().filter(|c| !is_unseen(*c));
    as_read(&shown.map(latin).flat_map(char::to_lowercase).collect::<String>())
}

/// Runs of letters that look like one, and digits that look like letters, as people read them in most fonts.
fn as_read(name: &str) -> String {
    let mut read = String::with_capacity(name.len());
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        let (letter, takes_next) = match (letter, letters.peek()) {
            ('r', Some('n')) => ('m', true),
            ('v', Some('v')) => ('w', true),
            ('0', _) => ('o', false),
            ('1', _) => ('l', false),
            (letter, _) => (letter, false),
        };
        if takes_next {
            letters.next();
        }
        read.push(letter);
    }
    read
}

fn latin(letter: char) -> char {
    if letter.is_ascii() {
        return letter;
    }
    LETTERS.iter().find(|(like, _)| like.contains(letter)).map_or(letter, |(_, latin)| *latin)
}

/// Combining marks, joiners, selectors and other characters without a picture of their own.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Whether one of two ASCII letters is read as the other: `l`, `1`, `i` (a capital `I`), `o` and `0`.
pub(crate) fn look_alike(a: u8, b: u8) -> bool {
    let class = |byte: u8| match byte {
        b'l' | b'1' | b'i' | b'!' => 1,
        b'o' | b'0' => 2,
        b's' | b'5' => 3,
        b'b' | b'8' => 4,
        b'z' | b'2' => 5,
        b'q' | b'9' | b'g' => 6,
        _ => 0,
    };
    class(a) != 0 && class(a) == class(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_the_same_has_one_skeleton() {
        for (name, like) in [
            ("lоdash", "lodash"),
            ("ｒｅａｃｔ", "react"),
            ("𝐫eact", "react"),
            ("reаct‑dom", "react-dom"),
            ("ré\u{200b}act", "react"),
            ("nurnpy", "numpy"),
            ("c0lors", "colors"),
            ("vvebpack", "webpack"),
        ] {
            assert_eq!(skeleton(name), skeleton(like), "{name}");
        }
        assert_ne!(skeleton("react"), skeleton("preact"));
    }
}
