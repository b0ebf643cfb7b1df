//! Code that runs again and again: timers, handlers, functions that ask to be called back, what others call. What it does
//! in a later round it need not do in the first.

use std::rc::Rc;

use vetch_syntax::ir::{Module, Node, NodeId};

use super::{Context, Interp, MAX_CALL_DEPTH};
use crate::value::{Class, Kind, Slot, Value};

impl Interp<'_> {
    /// Whether later rounds are looked at, and whose variables a closure holds. Not of code that was written not to be
    /// read: its decoders count and wrap in exactly these ways, and have to be followed to the last step.
    pub(crate) fn looks_further(&self) -> bool {
        !self.fuel.has_decoders()
    }

    /// Whether a function runs at this moment: `function poll() { if (i++ < 20) return setTimeout(poll); … }` asks for
    /// another round while it does.
    pub(crate) fn is_under_way(&mut self, callback: &Value) -> bool {
        self.closure_place(callback).is_some_and(|(unit, function)| self.record(unit, function).active > 0)
    }

    /// Another round of what runs again and again: what it does in later rounds it need not do in the first. Once for each
    /// function, with everything that it counts on forgotten.
    pub(crate) fn run_again(&mut self, callback: &Value) {
        let Kind::Object(id) = callback.kind else { return };
        let Class::Closure { unit, function, frame, ref this } = self.object(id).class else { return };
        let this = this.as_ref().map_or(Value::UNKNOWN, |this| (**this).clone());
        let was_resumed = std::mem::replace(&mut self.record(unit, function).was_resumed, true);
        if !was_resumed && self.looks_further() && self.call_depth < MAX_CALL_DEPTH && self.fuel.steps > 0 {
            let before = std::mem::replace(&mut self.in_another_round, true);
            self.perhaps(|interp| interp.run_function(unit, function, frame, this, Vec::new()));
            self.in_another_round = before;
        }
    }

    /// Forgets a number that is counted on by code that runs again and again, as handlers and timers do, outside of which
    /// it lives: how far it has come by then is not known. Says whether it was such a number.
    pub(super) fn forget_count(&mut self, m: &Module, cx: &Context, target: NodeId) -> bool {
        if !self.looks_further() {
            return false;
        }
        match m.node(target) {
            Node::Var(symbol) => {
                let Some((frame, slot)) = self.slot_of(cx, symbol).filter(|(frame, _)| *frame != cx.frame) else {
                    return false;
                };
                let is_older = (frame.0 as usize) < self.before_others.0;
                let uncertain = self.uncertain;
                let owner = &mut self.frames[frame.0 as usize];
                let counts = is_older || uncertain > owner.depth;
                if counts {
                    owner.slots[slot] = Value::unknown(owner.slots[slot].taint);
                }
                counts
            }
            Node::Member { object, name } => {
                let Kind::Object(id) = self.eval(m, cx, object).kind else { return false };
                let counts = (id.0 as usize) < self.before_others.1 || self.uncertain > self.object(id).depth;
                if counts {
                    self.object_mut(id).props.set(Rc::from(m.str(name)), Slot::Value(Value::UNKNOWN));
                }
                counts
            }
            _ => false,
        }
    }
}
