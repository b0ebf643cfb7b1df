//! `ast`: code that is put together of nodes instead of text (library reference, `ast`). A node is the text that
//! `ast.unparse` would make of it, so that to compile a tree is to compile text.

use super::text;
use crate::apis::{Apis, Call};
use crate::interp::Interp;
use crate::value::{Kind, Value, has_hole, number_to_string};

/// Classes of nodes that are known. Whatever holds another is not known either.
const NODES: &[&str] = &[
    "Constant",
    "Str",
    "Num",
    "Bytes",
    "Name",
    "Attribute",
    "Call",
    "keyword",
    "Starred",
    "BinOp",
    "Subscript",
    "Index",
    "List",
    "Tuple",
    "Expr",
    "Expression",
    "Return",
    "Import",
    "ImportFrom",
    "alias",
    "Assign",
    "Module",
    "Interactive",
    "Add",
    "Sub",
    "Mult",
    "Mod",
    "BitXor",
];

/// Longest text that a tree becomes.
const MAX_TEXT: usize = 1 << 20;

pub(super) fn register(apis: &mut Apis) {
    let ast = apis.add_python_module(&["ast"]);
    apis.add_functions(ast, NODES, node);
    apis.add_functions(ast, &["fix_missing_locations", "copy_location", "unparse"], |_, call| call.arg(0));
}

fn node(interp: &mut Interp<'_>, call: &Call) -> Value {
    let taint = call.surrendered(interp);
    let class = interp.apis.name(call.api);
    match written(interp, call, class).filter(|text| text.len() <= MAX_TEXT && interp.burn_bytes(text.len())) {
        Some(text) => Value::str(text).tainted(taint),
        None => interp.unknown(taint),
    }
}

fn written(interp: &mut Interp<'_>, call: &Call, class: &str) -> Option<String> {
    let part = |index, name| {
        let value = call.get(interp, index, name)?;
        text(interp, &value).filter(|text| !has_hole(text))
    };
    Some(match class {
        "Constant" | "Str" | "Num" | "Bytes" => {
            let name = match class {
                "Num" => "n",
                "Constant" => "value",
                _ => "s",
            };
            literal(&call.get(interp, 0, name)?)?
        }
        "Name" => part(0, "id")?,
        "Expr" | "Index" => part(0, "value")?,
        "Expression" => part(0, "body")?,
        "Return" => format!("return {}", part(0, "value")?),
        "Starred" => format!("*{}", part(0, "value")?),
        "Attribute" => format!("{}.{}", part(0, "value")?, part(1, "attr")?),
        "Subscript" => format!("{}[{}]", part(0, "value")?, part(1, "slice")?),
        "BinOp" => format!("({} {} {})", part(0, "left")?, part(1, "op")?, part(2, "right")?),
        "keyword" => match part(0, "arg") {
            Some(name) => format!("{name}={}", part(1, "value")?),
            None => format!("**{}", part(1, "value")?),
        },
        "alias" => match part(1, "asname") {
            Some(other) => format!("{} as {other}", part(0, "name")?),
            None => part(0, "name")?,
        },
        "Call" => {
            let called = part(0, "func")?;
            let args = [parts(interp, call, 1, "args")?, parts(interp, call, 2, "keywords")?].concat();
            format!("{called}({})", args.join(", "))
        }
        "ImportFrom" => format!("from {} import {}", part(0, "module")?, parts(interp, call, 1, "names")?.join(", ")),
        "Import" => format!("import {}", parts(interp, call, 0, "names")?.join(", ")),
        "Assign" => {
            let value = part(1, "value")?;
            format!("{} = {value}", parts(interp, call, 0, "targets")?.join(" = "))
        }
        "List" => format!("[{}]", parts(interp, call, 0, "elts")?.join(", ")),
        "Tuple" => format!("({},)", parts(interp, call, 0, "elts")?.join(", ")),
        "Module" | "Interactive" => parts(interp, call, 0, "body")?.join("\n"),
        operator => sign(operator)?.to_owned(),
    })
}

/// Nodes in a list; none, where there is none.
fn parts(interp: &mut Interp<'_>, call: &Call, index: usize, name: &str) -> Option<Vec<String>> {
    let Some(list) = call.get(interp, index, name) else { return Some(Vec::new()) };
    let items = interp.elements(&list)?;
    items.iter().map(|item| text(interp, item).filter(|text| !has_hole(text))).collect()
}

fn sign(operator: &str) -> Option<&'static str> {
    Some(match operator {
        "Add" => "+",
        "Sub" => "-",
        "Mult" => "*",
        "Mod" => "%",
        "BitXor" => "^",
        _ => return None,
    })
}

/// A constant as it is written in Python.
fn literal(value: &Value) -> Option<String> {
    let escaped = |bytes: &[u8]| bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
    Some(match &value.kind {
        Kind::Str(text) if !has_hole(text) => {
            let chars = text.chars().map(|char| match char {
                ' '..='~' if char != '\'' && char != '\\' => char.to_string(),
                other => format!("\\U{:08x}", u32::from(other)),
            });
            format!("'{}'", chars.collect::<String>())
        }
        Kind::Bytes(bytes) => format!("b'{}'", escaped(bytes)),
        Kind::Number(number) => number_to_string(*number),
        Kind::Bool(true) => "True".to_owned(),
        Kind::Bool(false) => "False".to_owned(),
        Kind::Null | Kind::Undefined => "None".to_owned(),
        _ => return None,
    })
}
