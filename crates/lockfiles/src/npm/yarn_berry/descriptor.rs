//! Yarn's `name@range` and `name@reference`, and how ranges are normalised.
//! Source: `structUtils` of `@yarnpkg/core`.

/// Splits `@scope/name@rest` into the name and what is behind the `@`.
pub(super) fn split(text: &str) -> Option<(&str, &str)> {
    let at = text.char_indices().skip(1).find(|(_, character)| *character == '@')?.0;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// A range as Yarn 4 writes it: versions, ranges and tags are `npm:`.
pub(super) fn normalised(range: &str) -> String {
    let is_plain = !range.contains([':', '/']);
    if is_plain { format!("npm:{range}") } else { range.to_owned() }
}

/// A range as manifests have it: without the `npm:` that Yarn 4 adds (unless it is an alias).
pub(super) fn as_declared(range: &str) -> &str {
    match range.strip_prefix("npm:") {
        Some(rest) if !rest.contains('@') => rest,
        _ => range,
    }
}

/// What is behind `::` in a reference: `key=value` pairs, percent-encoded.
pub(super) fn parameter(reference: &str, name: &str) -> Option<String> {
    let (_, parameters) = reference.split_once("::")?;
    let value = parameters.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    Some(decoded(value))
}

/// A reference without its `::` parameters.
pub(super) fn without_parameters(reference: &str) -> &str {
    reference.split_once("::").map_or(reference, |(bare, _)| bare)
}

/// What a patch applies to: `patch:a@npm%3A1.0.0#x.patch` is of `a@npm:1.0.0`.
pub(super) fn patched(reference: &str) -> Option<String> {
    let inner = without_parameters(reference).strip_prefix("patch:")?;
    Some(decoded(inner.split_once('#').map_or(inner, |(inner, _)| inner)))
}

/// Percent-decoding; what is no UTF-8 after it stays as it was.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
        match (first, hex(after.first()), hex(after.get(1))) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// `encodeURIComponent`
pub(super) fn encoded(text: &str) -> String {
    use std::fmt::Write;
    let mut found = String::with_capacity(text.len() + 8);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            found.push(char::from(byte));
        } else {
            let _ = write!(found, "%{byte:02X}");
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_are_taken_apart() {
        assert_eq!(split("@s/a@npm:^1.0.0"), Some(("@s/a", "npm:^1.0.0")));
        assert_eq!(split("a@npm:@s/b@1.0.0"), Some(("a", "npm:@s/b@1.0.0")));
        assert_eq!(split("@s/a"), None);
        assert_eq!(split(""), None);
        assert_eq!(normalised("^1.0.0 || 2"), "npm:^1.0.0 || 2");
        assert_eq!(normalised("latest"), "npm:latest");
        assert_eq!(normalised("u/r"), "u/r");
        assert_eq!(as_declared("npm:^1.0.0"), "^1.0.0");
        assert_eq!(as_declared("npm:b@^1.0.0"), "npm:b@^1.0.0");
        let reference = "patch:a@npm%3A1.0.0#./x.patch::version=1.0.0&locator=shop%40workspace%3A.";
        assert_eq!(patched(reference).as_deref(), Some("a@npm:1.0.0"));
        assert_eq!(parameter(reference, "locator").as_deref(), Some("shop@workspace:."));
        assert_eq!(encoded("@s/a@workspace:packages/a"), "%40s%2Fa%40workspace%3Apackages%2Fa");
        assert_eq!(decoded("%zz%4"), "%zz%4");
    }
}
