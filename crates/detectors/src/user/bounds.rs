//! How much work a condition may ask for: CEL always ends, but lists walked inside lists inside lists take their time.

use cel::common::ast::{EntryExpr, Expr};

/// Lists that may be walked inside each other (`exists`, `all`, `filter`, `map`).
const MAX_NESTED: usize = 2;

/// Lists that a condition may walk in all.
const MAX_WALKS: usize = 12;

/// What is too much about a condition, if anything is.
pub(super) fn excess(expression: &Expr) -> Option<String> {
    let mut walks = 0;
    let nested = nested(expression, &mut walks);
    if nested > MAX_NESTED {
        return Some(format!("the condition walks {nested} lists inside each other; {MAX_NESTED} are allowed"));
    }
    (walks > MAX_WALKS).then(|| format!("the condition walks {walks} lists; {MAX_WALKS} are allowed"))
}

/// How many lists are walked inside each other; `walks` counts them all. The parser bounds the depth.
fn nested(expression: &Expr, walks: &mut usize) -> usize {
    match expression {
        Expr::Call(call) => {
            let target = call.target.iter().map(|target| &target.expr);
            let parts = target.chain(call.args.iter().map(|argument| &argument.expr));
            parts.map(|part| nested(part, walks)).max().unwrap_or(0)
        }
        Expr::Comprehension(walk) => {
            *walks += 1;
            // The list itself is made once, the rest for each of its elements.
            let list = nested(&walk.iter_range.expr, walks);
            let body = [&walk.loop_cond, &walk.loop_step, &walk.accu_init, &walk.result];
            let body = body.map(|part| nested(&part.expr, walks)).into_iter().max().unwrap_or(0);
            list.max(body + 1)
        }
        Expr::List(list) => list.elements.iter().map(|element| nested(&element.expr, walks)).max().unwrap_or(0),
        Expr::Select(select) => nested(&select.operand.expr, walks),
        Expr::Map(map) => map.entries.iter().map(|entry| nested_entry(&entry.expr, walks)).max().unwrap_or(0),
        Expr::Struct(object) => object.entries.iter().map(|entry| nested_entry(&entry.expr, walks)).max().unwrap_or(0),
        Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => 0,
    }
}

fn nested_entry(entry: &EntryExpr, walks: &mut usize) -> usize {
    match entry {
        EntryExpr::StructField(field) => nested(&field.value.expr, walks),
        EntryExpr::MapEntry(entry) => nested(&entry.key.expr, walks).max(nested(&entry.value.expr, walks)),
    }
}
