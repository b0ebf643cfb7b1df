//! Regular expressions, on exact texts, by an engine whose time is linear in the text. What it has not of
//! ECMAScript's language (look-around, back-references) stays unknown.

use std::rc::Rc;

use regex::{Captures, Regex, RegexBuilder};

use crate::interp::Interp;
use crate::value::{Class, HOLE, Kind, MAX_ELEMENTS, MAX_TEXT, Value};

/// Longest pattern that is compiled, in bytes.
const MAX_PATTERN: usize = 4096;

/// Longest text that is searched, in bytes.
const MAX_SUBJECT: usize = 1 << 18;

/// Largest compiled pattern, in bytes: counted repetitions multiply.
const MAX_COMPILED: usize = 1 << 18;

/// What compiling a pattern costs in steps.
const COMPILING: u64 = 2000;

/// Patterns that are kept compiled.
const MAX_KEPT: usize = 256;

/// How many bytes are searched for one step, as a power of two: what captures take is meant.
const BYTES_PER_STEP: u32 = 2;

/// A pattern that is ready to be searched for.
pub(super) struct Pattern {
    regex: Rc<Regex>,
    /// `g` or `y`.
    is_global: bool,
}

/// Compiles the pattern of a value, if it is a regular expression that the engine knows, for a text.
pub(super) fn pattern(interp: &mut Interp<'_>, value: &Value, text: &str) -> Option<Pattern> {
    let Kind::Regex(source) = &value.kind else { return None };
    if source.0.len() > MAX_PATTERN || text.len() > MAX_SUBJECT || text.contains(HOLE) {
        return None;
    }
    if !interp.burn(text.len() as u64 >> BYTES_PER_STEP) {
        return None;
    }
    let regex = match interp.regexes.get(&**source).cloned() {
        Some(known) => known,
        None if !interp.burn(COMPILING) => return None,
        None => {
            if interp.regexes.len() >= MAX_KEPT {
                interp.regexes.clear();
            }
            let made = compile(&source.0, &source.1).map(Rc::new);
            interp.regexes.insert((**source).clone(), made.clone());
            made
        }
    };
    Some(Pattern { regex: regex?, is_global: source.1.contains(['g', 'y']) })
}

fn compile(pattern: &str, flags: &str) -> Option<Regex> {
    let mut builder = RegexBuilder::new(&translated(pattern)?);
    builder.case_insensitive(flags.contains('i')).multi_line(flags.contains('m'));
    builder.dot_matches_new_line(flags.contains('s')).size_limit(MAX_COMPILED).dfa_size_limit(MAX_COMPILED);
    builder.build().ok()
}

/// A method of a regular expression. `None`: not modelled, or not known.
pub(super) fn method(interp: &mut Interp<'_>, regex: &Value, name: &str, args: &[Value]) -> Option<Value> {
    let text = args.first()?.exact_str()?.to_owned();
    match (name, pattern(interp, regex, &text)) {
        ("test", Some(pattern)) => Some(Value::bool(pattern.regex.is_match(&text))),
        // Where it goes on from is state of the expression.
        ("exec", Some(pattern)) if !pattern.is_global => Some(found(interp, &pattern, &text)),
        _ => {
            interp.doubt();
            None
        }
    }
}

/// `text.match(pattern)`
pub(super) fn matched(interp: &mut Interp<'_>, pattern: &Pattern, text: &str) -> Option<Value> {
    if !pattern.is_global {
        return Some(found(interp, pattern, text));
    }
    let all: Vec<Value> =
        pattern.regex.find_iter(text).take(MAX_ELEMENTS).map(|one| Value::str(one.as_str())).collect();
    if !interp.burn(all.len() as u64) {
        return None;
    }
    Some(if all.is_empty() { Value::new(Kind::Null) } else { interp.array(all) })
}

/// The first match with its groups, or `null`.
fn found(interp: &mut Interp<'_>, pattern: &Pattern, text: &str) -> Value {
    let Some(captures) = pattern.regex.captures(text) else { return Value::new(Kind::Null) };
    let groups = groups(&captures);
    let result = interp.array(groups);
    if let Some(whole) = captures.get(0) {
        interp.set_property(&result, "index", Value::number(super::string::units(&text[..whole.start()]) as f64));
    }
    let named: Vec<(String, Value)> = pattern
        .regex
        .capture_names()
        .flatten()
        .filter_map(|name| Some((name.to_owned(), Value::str(captures.name(name)?.as_str()))))
        .collect();
    if !named.is_empty() {
        let object = Value::object(interp.alloc(Class::Plain));
        for (name, value) in named {
            interp.set_property(&object, &name, value);
        }
        interp.set_property(&result, "groups", object);
    }
    result
}

fn groups(captures: &Captures<'_>) -> Vec<Value> {
    captures.iter().map(|group| group.map_or(Value::UNDEFINED, |group| Value::str(group.as_str()))).collect()
}

/// Where `text.search(pattern)` finds it, in UTF-16 code units.
pub(super) fn position(pattern: &Pattern, text: &str) -> f64 {
    pattern.regex.find(text).map_or(-1.0, |found| super::string::units(&text[..found.start()]) as f64)
}

/// The parts of `text.split(pattern)`.
pub(super) fn split<'t>(pattern: &Pattern, text: &'t str) -> Option<Vec<&'t str>> {
    // Groups would stand among the parts, and an empty match splits between characters.
    if pattern.regex.captures_len() > 1 || pattern.regex.is_match("") {
        return None;
    }
    Some(pattern.regex.split(text).take(MAX_ELEMENTS + 1).collect())
}

/// `text.replace(pattern, with)`
pub(super) fn replace(interp: &mut Interp<'_>, pattern: &Pattern, text: &str, with: &Value) -> Option<Value> {
    let most = if pattern.is_global { MAX_ELEMENTS } else { 1 };
    let mut result = String::with_capacity(text.len());
    let mut done = 0;
    for captures in pattern.regex.captures_iter(text).take(most) {
        let whole = captures.get(0)?;
        result.push_str(&text[done..whole.start()]);
        let piece = match interp.is_callable(with) {
            true => {
                let mut args = groups(&captures);
                args.extend([Value::number(super::string::units(&text[..whole.start()]) as f64), Value::str(text)]);
                let made = interp.call_value(with, Value::UNDEFINED, args);
                interp.to_text(&made).unwrap_or_else(|| HOLE.to_string().into())
            }
            false => expanded(&interp.to_text(with)?, &captures).into(),
        };
        if result.len() + piece.len() > MAX_TEXT || !interp.burn_bytes(piece.len()) || !interp.burn(1) {
            return None;
        }
        result.push_str(&piece);
        done = whole.end();
    }
    result.push_str(&text[done..]);
    Some(Value::str(result).tainted(interp.deep_taint(with)))
}

/// `$&`, `$1`, `$$` in a replacement (ECMAScript `GetSubstitution`).
fn expanded(with: &str, captures: &Captures<'_>) -> String {
    let mut text = String::with_capacity(with.len());
    let mut rest = with;
    while let Some(at) = rest.find('$') {
        text.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let digits = after.bytes().take(2).take_while(u8::is_ascii_digit).count();
        let group = (1..=digits).rev().find_map(|length| {
            let number: usize = after[..length].parse().ok()?;
            (number > 0 && number < captures.len()).then_some((number, length))
        });
        let length = match (after.as_bytes().first(), group) {
            (_, Some((number, length))) => {
                text.push_str(captures.get(number).map_or("", |group| group.as_str()));
                length
            }
            (Some(b'&'), _) => {
                text.push_str(captures.get(0).map_or("", |whole| whole.as_str()));
                1
            }
            (Some(b'$'), _) => {
                text.push('$');
                1
            }
            _ => {
                text.push('$');
                0
            }
        };
        rest = &after[length..];
    }
    text.push_str(rest);
    text
}

/// ECMAScript's syntax in that of the engine. `None`: says what the engine cannot.
fn translated(pattern: &str) -> Option<String> {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    let mut in_class = false;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            '\\' => escape(after, in_class, &mut out)?,
            '[' if in_class => plain(after, "\\[", &mut out),
            '[' if after.starts_with("^]") => plain(&after[2..], "(?s:.)", &mut out),
            '[' if after.starts_with(']') => return None,
            '[' => {
                in_class = true;
                plain(after, "[", &mut out)
            }
            ']' if in_class => {
                in_class = false;
                plain(after, "]", &mut out)
            }
            ']' => plain(after, "\\]", &mut out),
            '&' | '~' if in_class => {
                out.push('\\');
                plain(after, c.encode_utf8(&mut [0; 4]), &mut out)
            }
            '(' if !in_class && is_beyond(after) => return None,
            '{' if !in_class && !is_count(after) => plain(after, "\\{", &mut out),
            _ => plain(after, c.encode_utf8(&mut [0; 4]), &mut out),
        };
    }
    (!in_class).then_some(out)
}

fn plain<'p>(after: &'p str, text: &str, out: &mut String) -> &'p str {
    out.push_str(text);
    after
}

/// Look-around, after its parenthesis.
fn is_beyond(after: &str) -> bool {
    after.starts_with('?')
        && !after.starts_with("?:")
        && (!after.starts_with("?<") || after[2..].starts_with(['=', '!']))
}

/// `{2}`, `{2,}`, `{2,3}`, after the brace.
fn is_count(after: &str) -> bool {
    let Some(end) = after.find('}') else { return false };
    let (low, high) = after[..end].split_once(',').unwrap_or((&after[..end], ""));
    !low.is_empty() && low.bytes().chain(high.bytes()).all(|byte| byte.is_ascii_digit())
}

/// One escape, after its backslash; gives what follows it.
fn escape<'p>(after: &'p str, in_class: bool, out: &mut String) -> Option<&'p str> {
    let c = after.chars().next()?;
    let rest = &after[c.len_utf8()..];
    let text = match (c, in_class) {
        ('d', true) => "0-9",
        ('d', false) => "[0-9]",
        ('D', false) => "[^0-9]",
        ('w', true) => "0-9A-Za-z_",
        ('w', false) => "[0-9A-Za-z_]",
        ('W', false) => "[^0-9A-Za-z_]",
        ('b', false) => "(?-u:\\b)",
        ('b', true) => "\\x08",
        ('0', _) if !rest.starts_with(|c: char| c.is_ascii_digit()) => "\\x00",
        ('n' | 'r' | 't' | 'v' | 'f' | 's' | 'S', _) => return Some(plain(rest, &format!("\\{c}"), out)),
        ('x', _) if is_hexadecimal(rest, 2) => return Some(plain(&rest[2..], &format!("\\x{}", &rest[..2]), out)),
        ('u', _) if is_hexadecimal(rest, 4) => {
            return Some(plain(&rest[4..], &format!("\\u{{{}}}", &rest[..4]), out));
        }
        // Back-references, and classes that differ from the engine's.
        ('0'..='9' | 'k' | 'p' | 'P' | 'c' | 'B' | 'D' | 'W' | 'x' | 'u', _) => return None,
        (c, _) if c.is_ascii_alphanumeric() || matches!(c, '<' | '>') || !c.is_ascii() => {
            out.push(c);
            return Some(rest);
        }
        (c, _) => return Some(plain(rest, &format!("\\{c}"), out)),
    };
    Some(plain(rest, text, out))
}

fn is_hexadecimal(text: &str, digits: usize) -> bool {
    text.get(..digits).is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
