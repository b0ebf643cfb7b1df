//! What each construct of JavaScript and TypeScript lowers to.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use insta::assert_snapshot;
use proptest::prelude::*;
use vetch_model::facts::UnreadReason;
use vetch_syntax::dump::dump;
use vetch_syntax::ir::{Module, SymbolKind};
use vetch_syntax::js::Lowerer;
use vetch_syntax::limits::Limits;

fn module_as(path: &str, source: &str) -> Module {
    Lowerer::new().js(source, path, &Limits::default()).unwrap_or_else(|failure| panic!("{failure}\n{source}"))
}

fn js(source: &str) -> String {
    dump(&module_as("a.js", source))
}

fn ts(source: &str) -> String {
    dump(&module_as("a.ts", source))
}

#[test]
fn literals() {
    assert_snapshot!(js(
        r#"null; true; 1.5; 0x10; 10n; "a\x62"; /a\/b/gi; void 0; undefined; `plain`; ``; [1,,2]; "\ud800-\ufffd""#
    ));
}

#[test]
fn names() {
    assert_snapshot!(js(
        "var a = b; a = a; function f(a) { return [a, arguments, this, new.target, g] } f.x; let c; { let c; c }"
    ));
}

#[test]
fn members_and_calls() {
    assert_snapshot!(js(
        r#"a.b["c"][0]["d" + e](1, ...f)?.g?.[h]?.(i); new J(k); new L; (0, m.n)(); a[`t`]; delete a.b; (a?.b).c"#
    ));
}

#[test]
fn operators() {
    assert_snapshot!(js(
        "-a + +b; !c; ~d; typeof e; void f(); a ?? b; a && b || c; a ** b; a instanceof b; 'x' in y; a >>> 1; i++; --i; a ? b : c; a, b"
    ));
}

#[test]
fn assignments() {
    assert_snapshot!(js(
        "let a; a = 1; a += 2; a ??= 3; b.c = d; [a, b.c = 1, , ...d] = e; ({ a, b: c, ['d' + 1]: f = 2, ...g } = h)"
    ));
}

#[test]
fn sums_with_strings_are_flat() {
    assert_snapshot!(js("'a' + b + c; a + b + 'c' + d - e; a + (b + 'c'); `x${y}` + z + 1"));
}

#[test]
fn templates() {
    assert_snapshot!(js(r"`a${b}c${`d${e}`}`; tag`a${b}\n`; String.raw`\x${1}`"));
}

#[test]
fn objects() {
    assert_snapshot!(js(
        "({ a, 'b': 1, 1e3: 2, [c]: 3, ['d']: 4, get e() { return 1 }, set e(v) {}, f() {}, async *g() {}, ...h, __proto__: null })"
    ));
}

#[test]
fn functions() {
    assert_snapshot!(js(
        "function f(a, { b, c: [d = 1] }, ...e) { 'use strict'; return; } async x => await x; function* g() { yield; yield* y; } (async () => {})(); const h = function own() { own() }"
    ));
}

#[test]
fn classes() {
    assert_snapshot!(js(
        "class A extends B { #p = 1; static s = 2; x; 'y' = 3; [z] = 4; constructor() { super(); this.#p; #p in this } static m() {} get g() {} set g(v) {} static { f() } #q() {} } const C = class D {}"
    ));
}

#[test]
fn declarations() {
    assert_snapshot!(js("var a, b = 1; let { c, d: { e = 2 }, ...f } = g; const [h, , ...i] = j; using k = l"));
}

#[test]
fn control_flow() {
    assert_snapshot!(js(
        "if (a) b; else if (c) { d } else; for (var i = 0, n = 1; i < n; i++) continue; for (;;) break; o: for (const [k, v] of m) { continue o } for (x in y) ; for await (z of w) ; while (a) b; do { c } while (d); switch (e) { case 1: f; break; default: g } throw h; debugger"
    ));
}

#[test]
fn exceptions() {
    assert_snapshot!(js("try { a } catch ({ b }) { b } finally { c } try { d } catch { e } try { f } finally { g }"));
}

#[test]
fn sloppy_scripts() {
    assert_snapshot!(js(
        "#!/usr/bin/env node\nwith (a) { b }\n010; '\\07';\n<!-- comment\nvar await = 1, let = 2, yield = 3; await;\n--> comment\nreturn await"
    ));
}

#[test]
fn imports_and_exports() {
    let module = module_as(
        "a.mjs",
        "import a, { b as c, default as d } from 'm'; import * as e from 'n'; import 'o'; export { c, c as f, g as 'h i' } from 'p'; export * from 'q'; export * as r from 's'; export const t = 1, { u: [v] } = a; export function w() {} export class X {} export default a + 1; export { e as y }; import.meta.url; import('z'); import('w', { with: {} }); await 1",
    );
    assert!(module.is_esm);
    assert_snapshot!(dump(&module));
}

#[test]
fn default_exports() {
    assert_snapshot!(js("export default function () {}"), @r"
    (function (params))
    (export default (function (params)))
    ");
    assert_snapshot!(js("export default function f() {}"), @r"
    (declare-function f.0 (params))
    (export default f.0)
    ");
    assert_snapshot!(js("export default class {}"), @r"
    (class _ (members))
    (export default (class _ (members)))
    ");
}

#[test]
fn markup() {
    assert_snapshot!(js("<a href='x' on:b={c} d {...e}>text {f}<G.H.i/>{/* none */}<></></a>; <J k=<l/>/>"));
}

#[test]
fn typescript_types_vanish() {
    assert_snapshot!(ts(
        "type A = B; interface C {} declare const d: E; declare function f(): void; abstract class G { abstract h(): void; declare i: J; k!: L } import type M from 'm'; import { type N } from 'n'; export type { O } from 'p'; declare module 'q' {} declare global {} (r as S)!.t<U>(v satisfies W); <X>y; z<A>; function over(): void; function over(a?: any): void { (a as any) = 1 }"
    ));
}

#[test]
fn typescript_values() {
    assert_snapshot!(ts(
        "enum A { B, C = 'c', 'd' = B } namespace E.F { export const g = 1; h() } namespace E { export function i() {} } import j = require('k'); import l = E.F.g; export = j; class M { constructor(private n: string, readonly o = 1) { p() } accessor q = 1 } export import r = E.F"
    ));
}

#[test]
fn decorators() {
    assert_snapshot!(ts("@a @b(1) class C { @d() e = 1; @f g(@h i) {} } const j = @k class {}"));
}

#[test]
fn symbols_know_their_function_kind_and_writes() {
    let module = module_as(
        "a.js",
        "const a = 1; function f(b) { let c; c = 1; c++; { var d = 1; var d = 2 } return () => { const e = b } } try {} catch (g) {} for (const h of a) {} class I {}",
    );
    let of = |name: &str| {
        let symbol = module.symbols.iter().find(|symbol| module.str(symbol.name) == name).unwrap();
        (symbol.kind, symbol.function.0, symbol.writes)
    };
    assert_eq!(of("a"), (SymbolKind::Constant, 0, 0));
    assert_eq!(of("f"), (SymbolKind::Function, 0, 0));
    assert_eq!(of("b"), (SymbolKind::Parameter, 1, 0));
    assert_eq!(of("c"), (SymbolKind::Variable, 1, 2));
    assert_eq!(of("d"), (SymbolKind::Variable, 1, 1), "a second declaration is a write");
    assert_eq!(of("e"), (SymbolKind::Constant, 2, 0));
    assert_eq!(of("g"), (SymbolKind::Catch, 0, 0));
    assert_eq!(of("h"), (SymbolKind::Constant, 0, 1), "a loop writes its target");
    assert_eq!(of("I"), (SymbolKind::Class, 0, 0));
    assert_eq!(module.functions[2].parent.0, 1);
}

#[test]
fn spans_are_byte_offsets() {
    let source = "/* é */ eval('x')";
    let module = module_as("a.js", source);
    let call = module.list(module.functions[0].body)[0];
    let span = module.span(call);
    assert_eq!(&source[span.start as usize..span.end as usize], "eval('x')");
}

#[test]
fn the_dialect_is_found_out() {
    assert!(!module_as("a.js", "module.exports = 1").is_esm);
    assert!(module_as("a.js", "export {}").is_esm);
    assert!(module_as("a.cjs", "import x from 'y'").is_esm, "whatever the extension says");
    module_as("a.mjs", "with (a) b");
    module_as("a.js", "let x: number = 1 as any");
    module_as("a.ts", "<div>text</div>");
    module_as("a.ts", "let f = <T>(x: T) => <T>x");
    module_as("no-extension", "#!/usr/bin/env node\nf()");
}

#[test]
fn errors_that_the_parser_recovers_from_do_not_stop_it() {
    module_as("a.mjs", "let a; let a; delete a; break; return 1; new.target; yield; '\\01'; 01");
}

#[test]
fn failures_name_the_place() {
    let failure = Lowerer::new().js("a;\n  b c", "a.js", &Limits::default()).unwrap_err();
    assert_eq!((failure.reason, failure.line), (UnreadReason::SyntaxError, 2));
    assert!(failure.detail.ends_with(" at 2:4"), "{}", failure.detail);
}

#[test]
fn a_lowerer_is_reusable() {
    let mut lowerer = Lowerer::new();
    let first = dump(&lowerer.js("a(b)", "a.js", &Limits::default()).unwrap());
    lowerer.js("syntax error", "a.js", &Limits::default()).unwrap_err();
    assert_eq!(dump(&lowerer.js("a(b)", "a.js", &Limits::default()).unwrap()), first);
}

/// Pieces that, put together at random, reach odd corners of the grammar.
const PIECES: &[&str] = &[
    "a",
    "b",
    "1",
    "'s'",
    "`t${",
    "}`",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "=>",
    "=",
    "...",
    ",",
    ";",
    "\n",
    ".",
    "?.",
    "?",
    ":",
    "+",
    "-",
    "!",
    "/",
    "/re/",
    "<",
    ">",
    "</a>",
    "<a>",
    "@",
    "#p",
    "async ",
    "await ",
    "yield ",
    "function ",
    "class ",
    "extends ",
    "static ",
    "get ",
    "var ",
    "let ",
    "const ",
    "using ",
    "if(",
    "else ",
    "for(",
    " of ",
    " in ",
    "while(",
    "do ",
    "try{",
    "catch",
    "finally{",
    "switch(",
    "case ",
    "default:",
    "return ",
    "throw ",
    "new ",
    "new.target",
    "super",
    "this",
    "import ",
    "import(",
    "export ",
    " from 'm'",
    " as ",
    "enum ",
    "namespace ",
    "declare ",
    "abstract ",
    "interface ",
    "type ",
    "constructor",
    "with(",
    "delete ",
    "typeof ",
    "void ",
    "0n",
    "\u{2028}",
    "<!--",
    "-->",
    "*",
    "**",
];

/// A bit of everything, in ASCII.
const VARIED: &str = "import a, { b as c } from 'm'; export default class D extends a { #p = 1; static { f(this) } get g() { return this.#p } constructor(private x = 1) { super(...arguments) } } var { h, ...i } = `t${a}u`, [j = 1, , ...k] = l; for (const m of n) { o: while (p) continue o } q: try { r?.s?.[t]?.(u) } catch ({ v }) { throw v } finally { break q } switch (w) { case 1: default: x } async function* y(z, { A = 2 }) { yield* await B; with (C) E } if (F) G; else if (H) I; else do J++; while (!K); export { i as L }; enum M { N = 1 } namespace O.P { export let Q = R as any } label: { [S.T, U] = [U, S.T] } V = W => ({ X, [Y]: Z, get a() { return 1 } });";

proptest! {
    #[test]
    fn whatever_the_tokens_nothing_panics(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40),
        path in prop::sample::select(&["a.js", "a.mjs", "a.cjs", "a.ts", "a.tsx", "a.d.ts"][..]),
    ) {
        let source = pieces.concat();
        if let Ok(module) = Lowerer::new().js(&source, path, &Limits::default()) {
            consistent(&module, &source);
        }
    }

    #[test]
    fn whatever_is_cut_out_nothing_panics(cuts in prop::collection::vec((0usize..600, 1usize..6), 0..3), path in prop::sample::select(&["a.js", "a.ts"][..])) {
        let mut source = VARIED.to_owned();
        for (at, length) in cuts {
            let at = at % source.len();
            source.replace_range(at..(at + length).min(source.len()), "");
        }
        if let Ok(module) = Lowerer::new().js(&source, path, &Limits::default()) {
            consistent(&module, &source);
        }
    }

    #[test]
    fn whatever_the_text_nothing_panics(source in any::<String>()) {
        let _ = Lowerer::new().js(&source, "a.js", &Limits::default());
    }
}

/// Every id leads somewhere, every span lies in the source.
fn consistent(module: &Module, source: &str) {
    dump(module);
    assert_eq!(module.nodes.len(), module.spans.len());
    for span in &module.spans {
        assert!(source.get(span.start as usize..span.end as usize).is_some());
    }
    for function in &module.functions {
        assert!(function.parent.index() < module.functions.len());
        assert!(
            module
                .list(function.params)
                .iter()
                .chain(module.list(function.body))
                .all(|id| id.index() < module.nodes.len())
        );
    }
}

#[test]
fn the_varied_source_is_valid() {
    let module = module_as("a.js", VARIED);
    assert!(module.nodes.len() > 120, "{}", module.nodes.len());
    consistent(&module, VARIED);
}
