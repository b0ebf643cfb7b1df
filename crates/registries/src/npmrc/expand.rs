//! `${VARIABLE}` in settings, as `@npmcli/config` expands it: `${NAME}` stays as
//! it is when the variable is not set, `${NAME?}` becomes empty, and an odd
//! number of backslashes before it makes it literal (half of them are kept).

/// Whether a text holds anything that [`expand`] would look up.
pub(crate) fn has_variable(text: &str) -> bool {
    pieces(text).iter().any(|piece| matches!(piece, Piece::Variable { .. }))
}

/// Replaces the variables that `lookup` knows, and says whether all that must be
/// there were.
pub(crate) fn expand<'v>(text: &str, lookup: impl Fn(&str) -> Option<&'v str>) -> (String, bool) {
    let (mut expanded, mut complete) = (String::with_capacity(text.len()), true);
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => expanded.push_str(text),
            Piece::Variable { name, optional } => match lookup(name) {
                Some(value) => expanded.push_str(value),
                None if optional => {}
                None => {
                    complete = false;
                    expanded.extend(["${", name, "}"]);
                }
            },
        }
    }
    (expanded, complete)
}

enum Piece<'t> {
    Text(&'t str),
    Variable { name: &'t str, optional: bool },
}

/// Cuts a text into literal parts and variables. Linear: each `${` is looked at
/// once, and its end is searched only up to the next brace or dollar.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    // What is not cut off yet begins at `done`; the search goes on at `from`.
    let (mut done, mut from) = (0, 0);
    while let Some(found) = text[from..].find("${") {
        let start = from + found;
        from = start + 2;
        let Some(length) = text[from..].find(['$', '{', '}']) else { break };
        let end = from + length;
        let (name, optional) = match text[from..end].strip_suffix('?') {
            Some(name) => (name, true),
            None => (&text[from..end], false),
        };
        if !text[end..].starts_with('}') || name.is_empty() || name.contains('?') {
            continue;
        }
        // Pairs of backslashes stand for one each; one left over makes the rest literal.
        let slashes = text[done..start].bytes().rev().take_while(|byte| *byte == b'\\').count();
        pieces.push(Piece::Text(&text[done..start - slashes.div_ceil(2)]));
        done = start;
        if slashes % 2 == 0 {
            pieces.push(Piece::Variable { name, optional });
            done = end + 1;
        }
        from = end + 1;
    }
    pieces.push(Piece::Text(&text[done..]));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_a(text: &str) -> String {
        expand(text, |name| (name == "A").then_some("value")).0
    }

    #[test]
    fn variables_expand_as_npm_does() {
        let cases = [
            ("${A}", "value"),
            ("x${A}y${A}", "xvalueyvalue"),
            ("${B}", "${B}"),
            ("${B?}", ""),
            ("${A?}", "value"),
            ("\\${A}", "${A}"),
            ("\\\\${A}", "\\value"),
            ("\\\\\\${A}", "\\${A}"),
            ("${${A}}", "${value}"),
            ("${", "${"),
            ("${}", "${}"),
            ("$A", "$A"),
            ("${A", "${A"),
        ];
        for (text, expected) in cases {
            assert_eq!(with_a(text), expected, "{text}");
        }
        assert!(has_variable("a${B?}") && !has_variable("$B {B} ${"));
    }

    proptest::proptest! {
        #[test]
        fn text_without_known_variables_survives(text in "[a$\\{\\}\\\\?]{0,60}") {
            let (unknown, complete) = expand(&text, |_| None);
            if !has_variable(&text) {
                assert!(complete);
            }
            if !text.contains(['?', '\\']) {
                assert_eq!(unknown, text);
            }
        }
    }
}
