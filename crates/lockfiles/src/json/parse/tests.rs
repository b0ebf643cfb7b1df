//! The parser by example, and against `serde_json`.

use super::*;
use proptest::prelude::*;

fn read(text: &[u8]) -> Result<Document<'_>, ReadError> {
    parse(text, "x.json", Limits { bytes: 1 << 20, values: 1000 }, "mend it")
}

/// Our tree as `serde_json` would hold it: last duplicate wins.
fn as_serde(value: &Value<'_>) -> serde_json::Value {
    match &value.kind {
        Kind::Null => serde_json::Value::Null,
        Kind::Bool(value) => (*value).into(),
        Kind::Number(text) => serde_json::from_str(text).unwrap_or_else(|_| (*text).into()),
        Kind::String(text) => text.as_ref().into(),
        Kind::Array(items) => items.iter().map(as_serde).collect(),
        Kind::Object(object) => {
            object.members.iter().map(|member| (member.key.to_string(), as_serde(&member.value))).collect()
        }
    }
}

/// The one difference by intent: a number beyond a double is `Infinity` to `JSON.parse`, and an error to `serde_json`.
fn is_out_of_range(error: &serde_json::Error) -> bool {
    error.to_string().starts_with("number out of range")
}

#[test]
fn a_number_beyond_a_double_is_taken() {
    for text in ["1e999", "-1e2000", "[1e2000]"] {
        assert!(is_out_of_range(&serde_json::from_str::<serde_json::Value>(text).unwrap_err()), "{text}");
        assert!(read(text.as_bytes()).is_ok(), "{text}");
    }
}

#[test]
fn spans_cover_values_and_members() {
    let text = "\u{feff}{\r\n  \"a\": [1, \"x\\u00e9\"]\r\n}".as_bytes();
    let document = read(text).unwrap();
    let member = &document.root.as_object().unwrap().members[0];
    assert_eq!(&text[member.span.start as usize..member.span.end as usize], b"\"a\": [1, \"x\\u00e9\"]");
    assert_eq!(document.location(member.span).line, 2);
    assert_eq!(document.location(member.span).column, 3);
    assert_eq!(member.value.as_array().unwrap()[1].as_str(), Some("xé"));
}

#[test]
fn what_javascript_takes_is_taken() {
    let document = read(b"[\"\\ud800\", \"a\xffb\", 1e999, \"\\ud83d\\ude00\", \"\\ud800\\u0041\"]").unwrap();
    let items = document.root.as_array().unwrap();
    assert_eq!(items[0].as_str(), Some("\u{fffd}"));
    assert_eq!(items[1].as_str(), Some("a\u{fffd}b"));
    assert_eq!(items[3].as_str(), Some("😀"));
    assert_eq!(items[4].as_str(), Some("\u{fffd}A"));
    assert_eq!(document.invalid_utf8, Some(12));
}

#[test]
fn errors_name_the_place() {
    let truncated = read(b"{\n \"a\": {\"b\"").unwrap_err();
    assert_eq!((truncated.kind, truncated.location.line), (ReadErrorKind::Syntax, 2));
    assert!(truncated.problem.contains("ends"), "{truncated}");
    let conflict = read(b"{\n<<<<<<< HEAD\n\"a\": 1\n=======\n").unwrap_err();
    assert_eq!((conflict.kind, conflict.location.line), (ReadErrorKind::Conflict, 2));
    assert_eq!(read(b" \n").unwrap_err().problem, "the file is empty");
    let bomb = "[".repeat(100_000);
    assert_eq!(read(bomb.as_bytes()).unwrap_err().kind, ReadErrorKind::TooDeep);
    let limits = |bytes, values| parse(b"[1]", "x", Limits { bytes, values }, "").map_err(|error| error.kind);
    assert_eq!(limits(2, 9).unwrap_err(), ReadErrorKind::TooLarge);
    assert_eq!(limits(9, 1).unwrap_err(), ReadErrorKind::TooLarge);
    assert!(limits(3, 2).is_ok());
}

#[test]
fn duplicates_are_kept_and_the_last_counts() {
    let document = read(br#"{"a": 1, "b": 2, "a": 3}"#).unwrap();
    let object = document.root.as_object().unwrap();
    assert_eq!(object.get("a").unwrap().kind, Kind::Number("3"));
    let (kept, dropped) = object.split_duplicates();
    assert_eq!(kept.len(), 2);
    assert_eq!(dropped[0].value.kind, Kind::Number("1"));
}

#[test]
fn relaxed_text_may_hold_comments_and_last_commas() {
    let relaxed = |text: &'static [u8]| {
        parse_as(Syntax::Relaxed, text, "x", Limits { bytes: 1 << 20, values: 1000 }, "").map_err(|error| error.kind)
    };
    let text = b"// a\n{ /* b */ \"a\": [1, /* , */ 2,], // c\n}\n// d";
    assert_eq!(as_serde(&relaxed(text).unwrap().root), serde_json::json!({"a": [1, 2]}));
    for text in [&b"[,]"[..], b"{,}", b"[1,,]", b"[1] /* open", b"/", b"[1] x"] {
        assert_eq!(relaxed(text).unwrap_err(), ReadErrorKind::Syntax, "{text:?}");
    }
    for text in [&b"[1,]"[..], b"{\"a\":1,}", b"[1] // x", b"/* */ 1"] {
        assert!(read(text).is_err(), "{text:?}");
    }
    let part = parse_as(Syntax::Part(2), b"x [1] y", "x", Limits { bytes: 99, values: 9 }, "").unwrap();
    assert_eq!(as_serde(&part.root), serde_json::json!([1]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn agrees_with_serde_json(text in r#"([\[\]{},:"\\ \n]|\\u00e9|\\n|"[ab]"|null|true|-?[0-9]{1,3}|0\.5|1e2|é){0,24}"#) {
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        let ours = read(text.as_bytes());
        // Digits that come to stand before `1e2` make numbers such as `1e2000`.
        prop_assume!(!theirs.as_ref().is_err_and(is_out_of_range));
        prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{}", text);
        if let (Ok(ours), Ok(theirs)) = (ours, theirs) {
            prop_assert_eq!(as_serde(&ours.root), theirs);
        }
    }

    #[test]
    fn agrees_on_values_that_were_written(keys in prop::collection::vec(("[a-c\"\\\\é😀]{0,3}", any::<i32>()), 0..8)) {
        let value: serde_json::Value = keys.into_iter().map(|(key, number)| (key, number.into())).collect::<serde_json::Map<_, _>>().into();
        let text = serde_json::to_string_pretty(&value).unwrap();
        prop_assert_eq!(as_serde(&read(text.as_bytes()).unwrap().root), value);
    }

    #[test]
    fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes);
    }
}
