//! Whatever nests, in whichever way, is parsed or refused; never does it exhaust the stack.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod common;

use common::{BRACKETS, CHAINS, Nest, SPINES};
use vetch_model::facts::UnreadReason;
use vetch_syntax::js::{Lowerer, ParseFailure};
use vetch_syntax::limits::{Limits, STACK_BYTES};

/// Lowers on a thread with half the stack that is asked for, to know that there is a reserve.
fn lower(source: String, path: &'static str, limits: Limits) -> Result<usize, ParseFailure> {
    std::thread::Builder::new()
        .stack_size(STACK_BYTES / 2)
        .spawn(move || Lowerer::new().js(&source, path, &limits).map(|module| module.nodes.len()))
        .unwrap()
        .join()
        .unwrap()
}

fn all() -> impl Iterator<Item = &'static Nest> {
    BRACKETS.iter().chain(CHAINS).chain(SPINES)
}

/// These take the parser cubic time: they are tried less deep.
fn is_slow(name: &str) -> bool {
    ["arrow parameters", "arrow parameters in typescript", "comparison in typescript"].contains(&name)
}

#[test]
fn depth_of_100_000_is_parsed_or_refused() {
    for (name, path, source) in all().filter(|(name, ..)| !is_slow(name)) {
        match lower(source(100_000), path, Limits::default()) {
            Ok(_) => {}
            Err(failure) => assert!(
                matches!(failure.reason, UnreadReason::TooDeep | UnreadReason::SyntaxError),
                "{name}: {failure}"
            ),
        }
    }
}

#[test]
fn depth_beyond_the_limit_is_refused() {
    let loops = ["if else", "decorators", "case", "type assertions", "optional types", "in", "generics"];
    let limits = Limits { max_depth: 300, max_chain: 300, ..Limits::default() };
    let mut refused = 0;
    for (name, path, source) in all().filter(|(name, ..)| !loops.contains(name)) {
        // Types are not lowered, and so not measured.
        let result = lower(source(600), path, limits.clone());
        if let Err(failure) = &result {
            refused += usize::from(failure.reason == UnreadReason::TooDeep);
            assert!(failure.line == 1 || failure.reason == UnreadReason::SyntaxError, "{name}: {failure}");
        }
    }
    assert!(refused > 70, "{refused}");
}

#[test]
fn honest_depth_passes() {
    for (name, path, source) in all() {
        if let Err(failure) = lower(source(250), path, Limits::default()) {
            assert_eq!(failure.reason, UnreadReason::SyntaxError, "{name}: {failure}");
        }
    }
    let long: &[(&str, usize)] = &[("else if", 2_500), ("sum", 10_000), ("sum of strings", 100_000), ("or", 10_000)];
    for (wanted, n) in long {
        let (_, path, source) = all().find(|(name, ..)| name == wanted).unwrap();
        lower(source(*n), path, Limits::default()).unwrap();
    }
}

#[test]
fn long_files_are_looked_at_by_their_tokens() {
    // Long enough for the worst that their bytes could spell not to fit the stack.
    let bundle =
        |inner: &str| format!("{}\nx = '{}';\n{inner}", "f(a, [b], { c: d });\n".repeat(20_000), "-".repeat(10_000));
    lower(bundle(""), "a.js", Limits::default()).unwrap();
    let failure = lower(bundle(&"[".repeat(60_000)), "a.js", Limits::default()).unwrap_err();
    assert_eq!((failure.reason, failure.line), (UnreadReason::TooDeep, 20_003));
    assert!(failure.detail.contains("nested deeper than"), "{failure}");
    // Leaning to the left takes little stack, but not none.
    for wanted in ["sum", "members", "calls", "tags"] {
        let (_, path, source) = SPINES.iter().find(|(name, ..)| *name == wanted).unwrap();
        let limits = Limits { max_memory: usize::MAX, ..Limits::default() };
        assert_eq!(lower(source(900_000), path, limits).unwrap_err().reason, UnreadReason::TooDeep, "{wanted}");
    }
}
