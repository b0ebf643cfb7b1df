//! Tests of the estimate of nesting depth.

use super::*;

/// The highest estimate for a source.
fn depth(source: &str) -> u32 {
    let exceeded = |limit| exceeds(source.as_bytes(), true, limit).is_some();
    (0..).find(|limit| !exceeded(*limit)).unwrap()
}

#[test]
fn brackets_count_while_open() {
    assert_eq!(depth("a()[0]; {}"), 1);
    assert_eq!(depth("f([{}])"), 3);
    assert_eq!(depth("`${`${a}`}` + `${b}`"), 2);
}

#[test]
fn what_is_no_code_does_not_count() {
    assert_eq!(depth("'(((' + \"[[[\" // {{{\n/* ((( */; x = /[(]\\/((/; y = `((`"), 1);
    assert_eq!(depth("a / (b) / (c)"), 1);
    assert_eq!(depth("if (a) /(/.test(b)"), 1 + 1);
}

#[test]
fn right_leaning_operators_count_until_their_statement_ends() {
    assert_eq!(depth("a = b = c = d"), 3);
    assert_eq!(depth("a = b; c = d; e = f"), 1);
    assert_eq!(depth("a = b\nc = d\ne = f\n"), 1);
    assert_eq!(depth("x(a => b, c => d)"), 2);
    assert_eq!(depth("a => b => c => d"), 3);
    assert_eq!(depth("!!!a"), 3);
    assert_eq!(depth("- - -a"), 3);
    assert_eq!(depth("a - b - c"), 0);
    assert_eq!(depth("a ? b : c ? d : e"), 4);
    assert_eq!(depth("a?.b?.c ?? d ?? e"), 0);
    assert_eq!(depth("a === b, c !== d, e >= f"), 0);
}

#[test]
fn a_dozen_links_to_the_left_are_a_level() {
    assert_eq!(depth(&"a+".repeat(25)), 2);
    assert_eq!(depth(&format!("a{}", ".b".repeat(25))), 2);
    assert_eq!(depth(&format!("a{}", "()".repeat(25))), 2 + 1);
    assert_eq!(depth(&format!("a{}", "``".repeat(25))), 2);
    assert_eq!(depth(&"a + b;".repeat(25)), 0);
}

#[test]
fn statements_in_statements_count() {
    assert_eq!(depth("if (a) b; else if (c) d; else if (e) f"), 1 + 5);
    assert_eq!(depth("if (a) {} else if (c) {} else {}"), 1 + 4);
    assert_eq!(depth("if (a) b; if (c) d; if (e) f"), 1 + 1);
    assert_eq!(depth("for (;;) {} for (;;) {} function f() {}"), 1 + 1);
    assert_eq!(depth("if (a)\nif (b)\nif (c)\nd"), 3 + 1);
}

#[test]
fn text_of_markup_hides_nothing() {
    assert!(depth("x = <a>it's {[[[[[b]]]]]} 'quoted'</a>") >= 7);
    assert!(depth("x = <a>// {[[[[[b]]]]]}\n</a>") >= 7);
    assert!(depth("x = <a>` {[[[[[b]]]]]} ` </a>") >= 7);
    assert_eq!(depth("<a><b/><c></c></a>"), 2);
    assert_eq!(depth("1 << a; 2 << b; for (is = 0; is < n;) /* (((( */;"), 1 + 1 + 1);
}

#[test]
fn without_markup_a_less_sign_asserts_a_type() {
    let exceeded = |limit| exceeds(b"x = <A><B>c; d(); /* ((( */ <C>e", false, limit).is_some();
    assert!(exceeded(3) && !exceeded(4));
}

#[test]
fn an_endless_string_or_template_hides_nothing() {
    assert_eq!(depth("' ((((\n"), 4);
    assert_eq!(depth("` ((((\n"), 4);
    assert_eq!(depth("/* ((((\n"), 4);
}
