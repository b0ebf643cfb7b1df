//! Verdicts.

use crate::capability::stable_ids;

stable_ids! {
    /// One per release, the worst that holds. Ordered from best to worst.
    Verdict {
        /// Nothing found, everything checked.
        Clean = "clean",
        /// Worth knowing; never fails a build by default.
        Notable = "notable",
        /// Something that could have changed the verdict was not checked.
        Incomplete = "incomplete",
        /// A person must look.
        Suspicious = "suspicious",
        /// Act now.
        Malicious = "malicious",
    }
}

impl Default for Verdict {
    /// Nothing is clean before it was looked at.
    fn default() -> Self {
        Verdict::Incomplete
    }
}
