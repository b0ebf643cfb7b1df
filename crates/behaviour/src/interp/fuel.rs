//! What evaluation may cost.

/// Bounds on the work of one realm. Deterministic: nothing here is time.
pub(crate) struct Fuel {
    /// Node evaluations left.
    pub steps: u64,
    /// Node evaluations left for loops that run concretely.
    pub loop_steps: u64,
    /// Node evaluations left for loops that go on though something in them is unknown.
    pub blurred_steps: u64,
    /// Node evaluations left for runs of functions with arguments that are partly known.
    pub particular_steps: u64,
    /// Node evaluations left for runs of functions with exact arguments.
    pub exact_steps: u64,
    /// Node evaluations left for runs of inert functions that only make values more exact.
    pub inert_steps: u64,
    /// Bytes left that evaluation may build.
    pub bytes: u64,
    /// Objects left.
    pub objects: u32,
    /// Layers left to parse.
    pub layers: u32,
    /// Whether [`Fuel::allow_decoders`] was granted.
    for_decoders: bool,
    /// What ran out first, in words: the code …
    pub exhausted: Option<&'static str>,
}

impl Fuel {
    /// For a package of so many nodes.
    pub(super) fn new(nodes: u64) -> Fuel {
        Fuel {
            steps: 6_000_000 + nodes.saturating_mul(16),
            loop_steps: (300_000 + nodes.saturating_mul(40)).min(1_500_000),
            blurred_steps: (50_000 + nodes.saturating_mul(4)).min(400_000),
            particular_steps: 100_000 + nodes,
            exact_steps: 1_000_000,
            inert_steps: 50_000 + nodes / 8,
            bytes: 64 << 20,
            objects: 2_000_000,
            layers: 64,
            for_decoders: false,
            exhausted: None,
        }
    }

    /// Whether [`Fuel::allow_decoders`] was granted.
    pub(crate) fn has_decoders(&self) -> bool {
        self.for_decoders
    }

    /// More, once, for code that was written not to be read: its decoders run long. A table of a hundred
    /// strings under RC4 that rotates to its place takes some ten million node evaluations.
    pub(crate) fn allow_decoders(&mut self) {
        if self.has_decoders() {
            return;
        }
        self.for_decoders = true;
        self.steps = self.steps.saturating_mul(4).max(48_000_000);
        self.loop_steps = self.loop_steps.saturating_mul(8).max(24_000_000);
        self.particular_steps = self.particular_steps.saturating_mul(8);
        self.exact_steps = self.exact_steps.saturating_mul(8).max(24_000_000);
        self.inert_steps = self.inert_steps.saturating_mul(8);
    }
}
