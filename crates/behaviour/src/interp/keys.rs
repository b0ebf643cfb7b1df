//! Functions that are handed a key whatever they call it: their own names, or the class that they build on, say so.

use rustc_hash::FxHashSet;
use vetch_syntax::ir::{FunctionId, Key, Module, Node, NodeId, PropertyKind};

/// Names of functions that make an account of a key or a recovery phrase, as libraries of ledgers have them, without case.
const TAKERS: &[&str] = &[
    "fromsecretkey",
    "fromprivatekey",
    "frommnemonic",
    "fromphrase",
    "fromseed",
    "fromseedphrase",
    "importmnemonic",
    "importprivatekey",
    "privatekeytoaccount",
    "mnemonictoaccount",
    "mnemonictoseed",
    "mnemonictoseedsync",
];

/// Ends of names of classes that stand for who owns such a key, without case.
const OWNERS: &[&str] = &["wallet", "keypair", "signingkey", "hdkey", "hdnode", "hdnodewallet"];

/// The functions of a module whose first argument is a key: those of telling names, and constructors of classes that extend
/// an owner of keys.
pub(super) fn key_takers(m: &Module) -> FxHashSet<FunctionId> {
    let mut found = FxHashSet::default();
    for node in &m.nodes {
        match *node {
            Node::DeclareFunction { symbol, function } if is_taker(m.str(m.symbol(symbol).name)) => {
                found.insert(function);
            }
            Node::Assign { target, value, .. } => {
                let taker = named(m, target).filter(|name| is_taker(name)).and_then(|_| function_of(m, value));
                found.extend(taker);
            }
            Node::Class { superclass, members } => {
                let is_owner = named(m, superclass).is_some_and(|name| ends_with_any(name, OWNERS));
                let constructors = m.properties(members).iter().filter(|it| it.kind == PropertyKind::Constructor);
                found.extend(constructors.filter(|_| is_owner).filter_map(|it| function_of(m, it.value)));
            }
            _ => {}
        }
    }
    let methods = m.properties.iter().filter(|it| matches!(it.key, Key::Name(name) if is_taker(m.str(name))));
    found.extend(methods.filter_map(|it| function_of(m, it.value)));
    found
}

fn is_taker(name: &str) -> bool {
    TAKERS.iter().any(|taker| name.eq_ignore_ascii_case(taker))
}

fn ends_with_any(name: &str, ends: &[&str]) -> bool {
    let name = name.to_ascii_lowercase();
    ends.iter().any(|end| name.ends_with(end))
}

/// The last part of a name that is written out.
fn named(m: &Module, node: NodeId) -> Option<&str> {
    match m.node(node) {
        Node::Member { name, .. } | Node::Global(name) => Some(m.str(name)),
        Node::Var(symbol) => Some(m.str(m.symbol(symbol).name)),
        _ => None,
    }
}

fn function_of(m: &Module, node: NodeId) -> Option<FunctionId> {
    match m.node(node) {
        Node::Function(function) => Some(function),
        _ => None,
    }
}
