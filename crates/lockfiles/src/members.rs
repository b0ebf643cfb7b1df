//! Members of an object as JSON and YAML have them: in file order, duplicates included.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use vetch_model::evidence::Span;

/// One key and its value, of the syntax's own kind.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member<'a, V> {
    pub(crate) key: Cow<'a, str>,
    /// From the key's first to past the value's last byte.
    pub(crate) span: Span,
    pub(crate) value: V,
}

/// Members in file order, duplicates included.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Members<'a, V> {
    pub(crate) members: Vec<Member<'a, V>>,
    has_duplicates: bool,
}

// Derived, it would ask the same of `V`.
impl<V> Default for Members<'_, V> {
    fn default() -> Self {
        Members { members: Vec::new(), has_duplicates: false }
    }
}

impl<'a, V> Members<'a, V> {
    /// Whether a key stands twice is found out once, here.
    pub(crate) fn new(members: Vec<Member<'a, V>>) -> Members<'a, V> {
        // Most objects are small, and comparing a few keys is quicker than hashing them.
        let has_duplicates = if members.len() <= 16 {
            let mut pairs = members.iter().enumerate();
            pairs.any(|(index, member)| members.iter().take(index).any(|other| other.key == member.key))
        } else {
            let mut seen = HashSet::with_capacity(members.len());
            !members.iter().all(|member| seen.insert(member.key.as_ref()))
        };
        Members { members, has_duplicates }
    }

    /// The value that counts for `key`: the last one, as for `JSON.parse`. One step per member.
    pub(crate) fn get(&self, key: &str) -> Option<&V> {
        self.members.iter().rev().find(|member| member.key == key).map(|member| &member.value)
    }

    /// Whether a key stands twice.
    pub(crate) fn has_duplicates(&self) -> bool {
        self.has_duplicates
    }

    /// The members that count and, apart from them, those that a later duplicate overrides.
    pub(crate) fn split_duplicates(&self) -> (Vec<&Member<'a, V>>, Vec<&Member<'a, V>>) {
        if !self.has_duplicates {
            return (self.members.iter().collect(), Vec::new());
        }
        let mut last = HashMap::with_capacity(self.members.len());
        for (index, member) in self.members.iter().enumerate() {
            last.insert(member.key.as_ref(), index);
        }
        let mut index = 0;
        self.members.iter().partition(|member| {
            index += 1;
            last.get(member.key.as_ref()) == Some(&(index - 1))
        })
    }
}
