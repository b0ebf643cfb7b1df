//! Each escaping by example, and the promise behind all of them by property.

use proptest::prelude::*;

use super::*;

/// Strings made of what attackers use, mixed with anything.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just("\u{1b}[31m".to_owned()),
        Just("\u{202e}".to_owned()),
        Just("\u{9b}2J".to_owned()),
        Just("\n::error::x".to_owned()),
        Just("##[group]".to_owned()),
        Just("##vso[task.complete]".to_owned()),
        Just("<script>alert(1)</script>".to_owned()),
        Just("`|`".to_owned()),
        Just("@everyone #1 https://x.invalid".to_owned()),
        Just("\u{e0041}\u{200b}\u{feff}".to_owned()),
        any::<String>(),
        any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(pieces, 0..6).prop_map(|pieces| pieces.concat())
}

#[test]
fn hidden_characters_are_written_out() {
    assert_eq!(terminal("a\u{202e}b\u{1b}[31m\u{200b}"), "a\\u{202e}b\\u{1b}[31m\\u{200b}");
    assert_eq!(terminal("one\r\ntwo\tthree"), "one\\r\\ntwo three");
    assert_eq!(terminal("naïve 日本 – ok"), "naïve 日本 – ok");
    assert_eq!(terminal_ascii("naïve…"), "na\\u{ef}ve\\u{2026}");
}

#[test]
fn marks_do_not_pile_up() {
    assert_eq!(visible("e\u{301}"), "e\u{301}");
    assert_eq!(visible("\u{301}e"), "\\u{301}e");
    assert_eq!(visible("e\u{301}\u{302}\u{303}"), "e\u{301}\u{302}\\u{303}");
}

#[test]
fn ci_commands_are_broken_up() {
    assert_eq!(terminal("::error file=x::boo"), "\\u{3a}:error file=x::boo");
    assert_eq!(ci_line("  \u{1b}[31m ::add-mask::x"), "  \u{1b}[31m \\u{3a}:add-mask::x");
    assert_eq!(terminal("x ##[error]y ##VSO[a] ###[b]"), "x \\u{23}#[error]y \\u{23}#VSO[a] #\\u{23}#[b]");
    assert_eq!(terminal("std::fmt ## heading"), "std::fmt ## heading");
}

#[test]
fn markdown_keeps_prose_readable_and_harmless() {
    assert_eq!(markdown("runs `node setup.js` at install"), "runs `node setup.js` at install");
    assert_eq!(markdown("see https://x.invalid now"), "see `https://x.invalid` now");
    assert_eq!(markdown("ask @octocat"), "ask `@octocat`");
    assert_eq!(markdown("<img src=x> *bold* [a](b)"), "&lt;img src=x&gt; \\*bold\\* \\[a\\](b)");
    assert_eq!(markdown("1. --- 1.14.1 tar-ball"), "1\\. \\-\\-\\- 1.14.1 tar-ball");
    assert_eq!(markdown("run `npm ci`."), "run `npm ci`.");
    assert_eq!(markdown_code("a | b"), "<code>a &#124; b</code>");
    assert_eq!(markdown_code("``x => y && z"), "``` ``x => y && z ```");
    assert_eq!(markdown_code("</code><script>"), "<code>&lt;/code&gt;&lt;script&gt;</code>");
    assert_eq!(markdown_code("<a>https://x"), "<code>&lt;a&gt;https:</code><code>//x</code>");
    assert_eq!(markdown_code("  "), "`(empty)`");
}

#[test]
fn html_cannot_leave_its_place() {
    assert_eq!(html("<a href=\"x\" b='y'>&"), "&lt;a href&#61;&quot;x&quot; b&#61;&#39;y&#39;&gt;&amp;");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn nothing_hidden_survives(text in hostile()) {
        for out in [visible(&text), terminal(&text), html(&text), markdown(&text), markdown_code(&text)] {
            prop_assert!(!out.contains(is_hidden), "{out:?}");
        }
        prop_assert!(terminal_ascii(&text).bytes().all(|b| matches!(b, b' '..=b'~')));
    }

    #[test]
    fn no_ci_command_survives(text in hostile()) {
        let out = terminal(&text);
        prop_assert!(!out.trim_start().starts_with("::"), "{out:?}");
        prop_assert!(!out.contains("##[") && !out.contains("##vso["), "{out:?}");
    }

    #[test]
    fn terminal_escaping_is_idempotent(text in hostile()) {
        let once = terminal(&text);
        prop_assert_eq!(terminal(&once), once);
    }

    #[test]
    fn no_markup_survives(text in hostile()) {
        prop_assert!(!html(&text).contains(['<', '>', '"', '\'']));
        for out in [markdown(&text), markdown_code(&text)] {
            let own = out.replace("<code>", "").replace("</code>", "");
            prop_assert!(!opens_tag(&own) && !own.contains('|'), "{out:?}");
        }
    }

    #[test]
    fn json_reads_back_as_it_was(text in hostile()) {
        let serialised = serde_json::to_string(&text).unwrap();
        let out = json_fragment(&serialised);
        prop_assert!(!out.contains(is_hidden) && !out.contains("##["), "{out:?}");
        prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
    }
}
