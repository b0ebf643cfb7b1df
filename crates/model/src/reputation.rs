//! What the history of a package says for and against trusting a release, before anybody has looked at its contents.

use crate::capability::stable_ids;

stable_ids! {
    /// What a remark is about.
    Aspect {
        /// How long the name and the release have been there.
        Age = "age",
        /// How often the package is released.
        Cadence = "cadence",
        /// Who published it, and since when they do.
        Publisher = "publisher",
        /// How it was published.
        Channel = "channel",
        /// How settled its line of versions is.
        Line = "line",
        /// What happened to the package before.
        Incidents = "incidents",
        /// How many take it.
        Downloads = "downloads",
    }
}

stable_ids! {
    /// Which way a remark points.
    Leaning {
        /// It is a reason to trust the release.
        For = "for",
        /// It is neither.
        Neutral = "neutral",
        /// It is a reason to look closer; alone it proves nothing.
        Against = "against",
    }
}

/// One thing that the history tells, in a sentence. There is no score: each stands for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// What it is about.
    pub aspect: Aspect,
    /// Which way it points.
    pub leaning: Leaning,
    /// The sentence, without a stop.
    pub words: String,
}
