//! Loops. While everything a loop touches is known it runs pass by pass, as an engine would: decoders need that.
//! Once a pass met something unknown, further passes only see more of the constants that the loop goes over: they are
//! paid from a budget of their own, a small part of it per loop, so that a loop whose end is not known costs little.
//! A loop around a `switch` over a known value is no repetition but a program that was cut to pieces: each piece runs
//! once, whatever is unknown in it.

use vetch_model::capability::{CapabilityId, Resource};
use vetch_syntax::ir::{BinaryOp, LoopKind, Module, Node, NodeId};

use super::{Activation, Completion, Context, Interp};
use crate::value::{Taint, Value};

/// Node evaluations that one loop may take after it has met something unknown, in one execution of it.
const BLURRED_STEPS: u64 = 12_000;

/// However deep: [`Interp::shallowest_doubt`] is one more where nothing unknown was met.
const ANY_DEPTH: usize = usize::MAX - 1;

/// How one execution of a loop goes.
struct Pace {
    /// Whether a pass met something unknown.
    blurred: bool,
    /// So many calls deep, or fewer, something unknown counts for this loop.
    depth: usize,
    /// [`Interp::shallowest_doubt`] of what came before the pass.
    met: usize,
    /// Node evaluations left for exact passes of this loop: not all there are, so that no loop starves those after it.
    exact_left: u64,
    /// Node evaluations left for blurred passes of this loop.
    blurred_left: u64,
    /// As the pass began: [`Fuel::steps`](super::Fuel::steps), [`Interp::loop_paid`], [`Interp::lost_switches`].
    before: (u64, u64, u64),
    /// Passes left in which what is unknown does not count, since a `switch` says what comes next.
    dispatches: usize,
}

/// The parts of a loop with a condition.
struct While {
    /// Nothing: forever.
    test: NodeId,
    update: NodeId,
    body: NodeId,
    body_first: bool,
}

impl Interp<'_> {
    pub(super) fn run_loop(
        &mut self,
        m: &Module,
        cx: &Context,
        act: &mut Activation,
        kind: LoopKind,
        parts: &[NodeId],
    ) -> Completion {
        let update = NodeId::NOTHING;
        self.note_endless(m, cx, kind, parts);
        match (kind, parts) {
            (LoopKind::For, &[init, test, update, body]) => {
                self.run(m, cx, act, init);
                self.run_while(m, cx, act, &While { test, update, body, body_first: false })
            }
            (LoopKind::While, &[test, body]) => {
                self.run_while(m, cx, act, &While { test, update, body, body_first: false })
            }
            (LoopKind::DoWhile, &[test, body]) => {
                self.run_while(m, cx, act, &While { test, update, body, body_first: true })
            }
            (LoopKind::ForIn | LoopKind::ForOf, &[target, iterated, body]) => {
                let value = self.eval(m, cx, iterated);
                let value = self.at(cx, iterated, |interp| interp.opened(value));
                let items = match kind {
                    LoopKind::ForIn => self.keys_of(&value).map(|keys| keys.into_iter().map(Value::str).collect()),
                    _ if self.is_python(cx.unit) => self.iterate_python(&value).or_else(|| self.iterate(&value)),
                    _ => self.iterate(&value),
                };
                let target = match m.node(target) {
                    Node::Declare { target, .. } => target,
                    _ => target,
                };
                match items {
                    Some(items) => self.run_for_each(m, cx, act, [target, body], items),
                    None => {
                        let taint = self.deep_taint(&value);
                        self.run_for_any(m, cx, act, [target, body], taint)
                    }
                }
            }
            _ => Completion::Normal,
        }
    }

    /// A loop that nothing can end, and that does nothing but print: whatever loads it never goes on.
    fn note_endless(&mut self, m: &Module, cx: &Context, kind: LoopKind, parts: &[NodeId]) {
        if !self.trigger.is_unasked() {
            return;
        }
        let (target, note) = match self.is_python(cx.unit) {
            true if is_flood(m, kind, parts) => {
                ("the machine, by a loop without an end that starts processes", "starts processes for ever")
            }
            false if is_hang(m, kind, parts) => ("the process, by a loop without an end", "loops for ever"),
            _ => return,
        };
        let body = parts.last().copied().unwrap_or(NodeId::NOTHING);
        self.at(cx, body, |interp| {
            interp.effect(CapabilityId::ProcessKill, Resource::Named(target.to_owned()), note);
        });
    }

    fn run_while(&mut self, m: &Module, cx: &Context, act: &mut Activation, parts: &While) -> Completion {
        // Whether the test says anything: `while (true)` ends by what is in its body.
        let is_endless = parts.test.is_nothing()
            || matches!(m.node(parts.test), Node::Bool(true) | Node::Number(_) | Node::Unary(..));
        // The end of such a loop is decided in it, by what it is told: what functions did not know on their way to
        // an answer is nothing to it. Rotations of string tables are written so, over decoders that test themselves.
        let mut pace = self.begin_loop(if is_endless { self.call_depth } else { ANY_DEPTH });
        pace.dispatches = pieces(m, parts.body);
        let completion = self.run_passes(m, cx, act, parts, is_endless, &mut pace);
        self.shallowest_doubt = self.shallowest_doubt.min(pace.met);
        completion
    }

    fn run_passes(
        &mut self,
        m: &Module,
        cx: &Context,
        act: &mut Activation,
        parts: &While,
        is_endless: bool,
        pace: &mut Pace,
    ) -> Completion {
        let mut skip_test = parts.body_first;
        loop {
            self.begin_pass(pace);
            let truth = match parts.test.is_nothing() || skip_test {
                true => Some(true),
                false => self.eval(m, cx, parts.test).truth(),
            };
            skip_test = false;
            let exact = match truth {
                Some(false) => return Completion::Normal,
                Some(true) => pace.exact_left > 0,
                None => false,
            };
            let returned_before = act.returned.is_some();
            let completion = match exact {
                true => self.run(m, cx, act, parts.body),
                false => self.perhaps(|interp| interp.run(m, cx, act, parts.body)),
            };
            match completion {
                Completion::Normal | Completion::Continue(None) => {}
                Completion::Break(None) => return Completion::Normal,
                other if exact => return other,
                _ => return Completion::Normal,
            }
            match exact {
                true => drop(self.eval(m, cx, parts.update)),
                false => drop(self.perhaps(|interp| interp.eval(m, cx, parts.update))),
            }
            let goes_on = self.end_pass(pace);
            // A loop that may have ended, or whose end does not depend on anything known, ran often enough.
            let may_have_left = act.returned.is_some() && !returned_before;
            if !exact || !goes_on || may_have_left || (is_endless && pace.blurred) || self.yielded_enough() {
                if is_endless && !waits(m, parts.body) {
                    self.note_name(cx, parts.body, false);
                }
                return Completion::Normal;
            }
        }
    }

    /// Runs a body once, for an item that is not known.
    fn run_for_any(
        &mut self,
        m: &Module,
        cx: &Context,
        act: &mut Activation,
        [target, body]: [NodeId; 2],
        taint: Taint,
    ) -> Completion {
        let item = self.unknown(taint);
        self.perhaps(|interp| {
            interp.bind_pattern(m, cx, target, item);
            match interp.run(m, cx, act, body) {
                Completion::Return | Completion::Throw => Completion::Normal,
                Completion::Break(None) | Completion::Continue(None) => Completion::Normal,
                other => other,
            }
        })
    }

    fn run_for_each(
        &mut self,
        m: &Module,
        cx: &Context,
        act: &mut Activation,
        [target, body]: [NodeId; 2],
        items: Vec<Value>,
    ) -> Completion {
        let mut pace = self.begin_loop(ANY_DEPTH);
        let mut completion = Completion::Normal;
        for item in items {
            self.begin_pass(&mut pace);
            self.bind_pattern(m, cx, target, item);
            match self.run(m, cx, act, body) {
                Completion::Normal | Completion::Continue(_) => {}
                Completion::Break(None) => break,
                other => {
                    completion = other;
                    break;
                }
            }
            if !self.end_pass(&mut pace) {
                break;
            }
        }
        self.shallowest_doubt = self.shallowest_doubt.min(pace.met);
        completion
    }

    /// `depth`: see [`Pace::depth`].
    fn begin_loop(&self, depth: usize) -> Pace {
        Pace {
            blurred: false,
            depth,
            met: self.shallowest_doubt,
            exact_left: self.fuel.loop_steps.div_ceil(2),
            blurred_left: BLURRED_STEPS.min(self.fuel.blurred_steps),
            before: (0, 0, 0),
            dispatches: 0,
        }
    }

    fn begin_pass(&mut self, pace: &mut Pace) {
        pace.met = pace.met.min(std::mem::replace(&mut self.shallowest_doubt, usize::MAX));
        pace.before = (self.fuel.steps, self.loop_paid, self.lost_switches);
    }

    /// Pays for a pass, less what loops within it have paid; whether there is enough for another.
    fn end_pass(&mut self, pace: &mut Pace) -> bool {
        let (steps, paid, lost) = pace.before;
        let used = steps.saturating_sub(self.fuel.steps);
        if self.lost_switches != lost {
            pace.dispatches = 0;
        }
        match pace.dispatches.checked_sub(1) {
            Some(left) => pace.dispatches = left,
            None => pace.blurred |= self.shallowest_doubt <= pace.depth,
        }
        let (fuel, left) = match pace.blurred {
            true => (&mut self.fuel.blurred_steps, &mut pace.blurred_left),
            false => (&mut self.fuel.loop_steps, &mut pace.exact_left),
        };
        *left = left.saturating_sub(used);
        let own = used.saturating_sub(self.loop_paid - paid);
        *fuel = fuel.saturating_sub(own);
        self.loop_paid += own;
        *left > 0 && *fuel > 0 && self.fuel.steps > 0
    }
}

/// How many passes a loop may take to run every piece of the `switch` that is all its body; 0 if it has another body.
fn pieces(m: &Module, body: NodeId) -> usize {
    let first = match m.node(body) {
        Node::Block(list) => m.list(list).first().copied().unwrap_or(NodeId::NOTHING),
        _ => body,
    };
    match m.node(first) {
        Node::Switch(parts) => 2 * m.list(parts).len(),
        _ => 0,
    }
}

/// Whether a body waits for something or gives something out before it goes on: such a loop ends when nobody wants more.
fn waits(m: &Module, body: NodeId) -> bool {
    const MAX_NODES: usize = 256;
    let mut pending = vec![body];
    for _ in 0..MAX_NODES {
        let Some(node) = pending.pop() else { break };
        if matches!(m.node(node), Node::Await(_) | Node::Yield(_)) {
            return true;
        }
        m.for_each_child(node, &mut |child| pending.push(child));
    }
    false
}

/// Whether a loop has no end by its form, and does nothing but start processes, for none of which it waits.
fn is_flood(m: &Module, kind: LoopKind, parts: &[NodeId]) -> bool {
    const MAX_NODES: usize = 64;
    const STARTS: &[&str] = &["fork", "Popen", "Process", "start", "startfile"];
    let (LoopKind::While, &[test, body]) = (kind, parts) else { return false };
    let is_endless = match m.node(test) {
        Node::Bool(true) => true,
        Node::Number(number) => number != 0.0,
        _ => false,
    };
    let (mut starts, mut pending) = (false, vec![body]);
    for _ in 0..MAX_NODES {
        let Some(node) = pending.pop().filter(|_| is_endless) else { return is_endless && starts };
        match m.node(node) {
            Node::Break(_) | Node::Return(_) | Node::Throw(_) | Node::Await(_) | Node::Yield(_) => return false,
            Node::Call { callee, .. } | Node::New { callee, .. } => {
                let name = match m.node(callee) {
                    Node::Member { name, .. } | Node::Global(name) => m.str(name),
                    Node::Var(symbol) => m.str(m.symbol(symbol).name),
                    _ => return false,
                };
                if !STARTS.contains(&name) {
                    return false;
                }
                starts = true;
            }
            _ => {}
        }
        m.for_each_child(node, &mut |child| pending.push(child));
    }
    false
}

/// Whether a loop has no end by its form, and only prints.
pub(crate) fn is_hang(m: &Module, kind: LoopKind, parts: &[NodeId]) -> bool {
    const MAX_NODES: usize = 256;
    let (test, body) = match (kind, parts) {
        (LoopKind::For, &[_, test, _, body]) => (test, body),
        (LoopKind::While, &[test, body]) => (test, body),
        _ => return false,
    };
    let is_infinity = |node: NodeId| matches!(m.node(node), Node::Global(name) if m.str(name) == "Infinity");
    let endless = match m.node(test) {
        Node::Nothing | Node::Bool(true) => true,
        Node::Number(number) => number != 0.0,
        Node::Binary { op: BinaryOp::Less | BinaryOp::LessEqual, right, .. } => is_infinity(right),
        _ => false,
    };
    let mut prints = false;
    let mut pending = vec![body];
    for _ in 0..MAX_NODES {
        if !endless {
            return false;
        }
        let Some(node) = pending.pop() else { return prints };
        match m.node(node) {
            Node::Break(_) | Node::Return(_) | Node::Throw(_) | Node::Await(_) | Node::Yield(_) | Node::New { .. } => {
                return false;
            }
            Node::Call { callee, .. } => {
                let of_console =
                    |object: NodeId| matches!(m.node(object), Node::Global(name) if m.str(name) == "console");
                match m.node(callee) {
                    Node::Member { object, .. } if of_console(object) => prints = true,
                    _ => return false,
                }
            }
            _ => {}
        }
        m.for_each_child(node, &mut |child| pending.push(child));
    }
    false
}
