//! What tells the runs of one function apart.

use std::hash::{Hash, Hasher};

use vetch_syntax::ir::FunctionId;

use super::{FrameId, Interp, UnitId};
use crate::value::{Class, Kind, Value};

/// The signature of arguments of which nothing is known.
pub(super) const GENERIC: u64 = 0;

impl Interp<'_> {
    /// The result of an earlier run like this one, unless it is to be made anew.
    pub(super) fn known_result(&mut self, unit: UnitId, function: FunctionId, signature: u64) -> Option<Value> {
        let known = match signature {
            GENERIC => self.record(unit, function).generic.clone(),
            _ => self.results.get(&(unit, function, signature)).cloned(),
        }?;
        // In another round of what runs again and again, what it calls runs anew as well.
        let is_anew = self.in_another_round && !std::mem::replace(&mut self.record(unit, function).was_resumed, true);
        (!is_anew).then_some(known)
    }

    /// Whether arguments say more than that they are there.
    fn tells(&self, args: &[Value]) -> bool {
        args.iter().any(|arg| {
            !arg.taint.is_empty()
                || match &arg.kind {
                    Kind::Unknown | Kind::Undefined | Kind::Null => false,
                    Kind::Object(id) => match &self.object(*id).class {
                        Class::Plain | Class::Array(_) => {
                            !self.object(*id).taint.is_empty()
                                || !self.object(*id).props.entries.is_empty()
                                || matches!(&self.object(*id).class, Class::Array(items) if !items.is_empty())
                        }
                        _ => true,
                    },
                    _ => true,
                }
        })
    }

    /// Tells runs apart by their arguments, and by whose variables they close over: `(answer) => resolve(answer)` settles
    /// another promise in every call of the function around it.
    pub(super) fn signature_in(&mut self, unit: UnitId, function: FunctionId, frame: FrameId, args: &[Value]) -> u64 {
        let signature = if self.tells(args) { self.signature(args) } else { GENERIC };
        let first = *self.record(unit, function).first_parent.get_or_insert(frame);
        if first == frame || !self.looks_further() {
            return signature;
        }
        let mut hasher = rustc_hash::FxHasher::default();
        (signature, frame).hash(&mut hasher);
        hasher.finish().max(GENERIC + 1)
    }

    /// Tells arguments apart as far as they matter to a run.
    fn signature(&self, args: &[Value]) -> u64 {
        let mut hasher = rustc_hash::FxHasher::default();
        for arg in args {
            arg.taint.data().hash(&mut hasher);
            std::mem::discriminant(&arg.kind).hash(&mut hasher);
            match &arg.kind {
                Kind::Bool(truth) => truth.hash(&mut hasher),
                Kind::Number(number) => number.to_bits().hash(&mut hasher),
                Kind::Str(text) => text.hash(&mut hasher),
                Kind::Bytes(bytes) => bytes.hash(&mut hasher),
                Kind::Api(api) => api.hash(&mut hasher),
                Kind::Object(id) => match &self.object(*id).class {
                    Class::Closure { unit, function, .. } => (unit, function).hash(&mut hasher),
                    _ => id.hash(&mut hasher),
                },
                _ => {}
            }
        }
        hasher.finish().max(GENERIC + 1)
    }
}
