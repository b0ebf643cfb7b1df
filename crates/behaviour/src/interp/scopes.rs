//! Where variables live: a symbol's frame and slot.

use vetch_syntax::ir::SymbolId;

use super::{Context, FrameId, Interp};

impl Interp<'_> {
    /// Frame and slot of a symbol, seen from `frame`.
    pub(crate) fn slot_of(&self, cx: &Context, symbol: SymbolId) -> Option<(FrameId, usize)> {
        let (function, slot) = {
            let symbol = self.unit(cx.unit).module.symbol(symbol);
            (symbol.function, symbol.slot as usize)
        };
        let mut at = cx.frame;
        loop {
            let frame = &self.frames[at.0 as usize];
            if frame.function == function && frame.unit == cx.unit {
                return (slot < frame.slots.len()).then_some((at, slot));
            }
            if frame.parent == at {
                return None;
            }
            at = frame.parent;
        }
    }
}
