//! Defanged notations: reports write `hxxps://evil[.]example` so that nobody follows it by mistake.

/// Longest text that is rewritten, in bytes.
const MAX: usize = 4096;

/// What a notation stands for. The longer of two that begin alike comes first.
const MARKS: &[(&str, &str)] = &[
    ("[://]", "://"),
    ("[:]//", "://"),
    ("[.]", "."),
    ("(.)", "."),
    ("{.}", "."),
    ("[dot]", "."),
    ("(dot)", "."),
    ("{dot}", "."),
    ("<dot>", "."),
    ("[.", "."),
    ("\\.", "."),
    ("[@]", "@"),
    ("(@)", "@"),
    ("[at]", "@"),
    ("(at)", "@"),
    ("{at}", "@"),
    ("<at>", "@"),
    ("[:]", ":"),
    ("[/]", "/"),
];

/// Schemes as they are broken, and what they are.
const SCHEMES: &[(&str, &str)] = &[
    ("hxxps:", "https:"),
    ("hxxp:", "http:"),
    ("hxtps:", "https:"),
    ("hxtp:", "http:"),
    ("h**ps:", "https:"),
    ("h**p:", "http:"),
    ("meow:", "http:"),
    ("fxp:", "ftp:"),
    ("wxs:", "ws:"),
    ("wxss:", "wss:"),
];

/// The text as it would be followed; brackets and quotes around it are taken away.
pub fn refang(text: &str) -> String {
    let text = text.trim().trim_matches(['"', '\'', '`', '<', '>']).trim();
    if text.len() > MAX {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let mark = MARKS.iter().find(|(mark, _)| starts_with(rest, mark));
        // `[2001:db8::1].` is an address in brackets.
        let mark = mark.filter(|(mark, _)| *mark != "[." || out.ends_with(|c: char| c.is_alphanumeric()));
        match mark {
            Some((mark, meaning)) => {
                out.push_str(meaning);
                rest = rest.get(mark.len()..).unwrap_or_default();
            }
            // The end of a pair whose beginning was one of ours.
            None if rest.starts_with(".]") && !out.contains('[') => {
                out.push('.');
                rest = rest.get(2..).unwrap_or_default();
            }
            None => {
                out.push(first);
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
            }
        }
    }
    let out = spaced(&out);
    match SCHEMES.iter().find(|(scheme, _)| starts_with(&out, scheme)) {
        Some((scheme, meaning)) => format!("{meaning}{}", out.get(scheme.len()..).unwrap_or_default()),
        None => out,
    }
}

/// `someone at evil dot example`, if it is one word by word.
fn spaced(text: &str) -> String {
    let has_word = |word: &str| text.split(' ').any(|part| part.eq_ignore_ascii_case(word));
    if !has_word("dot") || text.split(' ').any(str::is_empty) {
        return text.to_owned();
    }
    let joined = text.split(' ').map(|part| match part {
        part if part.eq_ignore_ascii_case("dot") => ".",
        part if part.eq_ignore_ascii_case("at") => "@",
        part => part,
    });
    joined.collect()
}

fn starts_with(text: &str, beginning: &str) -> bool {
    text.get(..beginning.len()).is_some_and(|own| own.eq_ignore_ascii_case(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notations_are_undone() {
        for (text, meaning) in [
            ("hxxps://evil[.]invalid/a", "https://evil.invalid/a"),
            ("hXXp[:]//evil[dot]invalid", "http://evil.invalid"),
            ("hxxp[://]evil(.)invalid:8000", "http://evil.invalid:8000"),
            ("evil[.invalid", "evil.invalid"),
            ("evil.]invalid", "evil.invalid"),
            ("evil\\.invalid", "evil.invalid"),
            ("evil(dot)invalid", "evil.invalid"),
            ("evil dot invalid", "evil.invalid"),
            ("mail at evil dot invalid", "mail@evil.invalid"),
            ("mail[at]evil[.]invalid", "mail@evil.invalid"),
            ("192[.]0[.]2[.]1", "192.0.2.1"),
            ("192.0.2[.]1", "192.0.2.1"),
            ("<https://evil.invalid/>", "https://evil.invalid/"),
            ("https://[2001:db8::1]/", "https://[2001:db8::1]/"),
            ("plain text", "plain text"),
            ("é[.]é", "é.é"),
        ] {
            assert_eq!(refang(text), meaning, "{text}");
        }
    }
}
