//! Campaigns: attacks that belong together, and what a release has to do with them.

use serde::{Deserialize, Serialize};

use crate::capability::stable_ids;

stable_ids! {
    /// How likely a release is part of a campaign. Ordered from the surest.
    Likelihood {
        /// The campaign's description names this release.
        ListedRelease = "listed-release",
        /// Both show an indicator of compromise.
        SharedIndicator = "shared-indicator",
        /// They go about it alike, no more.
        Similar = "similar",
    }
}

/// A campaign that a release has to do with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correlation {
    /// The campaign's id, or its name where a feed tells of it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How likely.
    pub likelihood: Likelihood,
    /// What both have, in words.
    pub shared: Vec<String>,
    /// What makes it unsure, in words.
    pub uncertainty: String,
    /// Who told of the campaign.
    pub reported_by: Vec<String>,
    /// To whom it is attributed; nobody where there is only likeness.
    pub attributed: Vec<Attribution>,
}

/// To whom somebody attributes a campaign.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Attribution {
    /// Who says so.
    pub by: String,
    /// The group, as they name it.
    pub to: String,
}

impl Correlation {
    /// `matches axios, March 2026 (reported by GitHub): shared domain …; attributed by Google to UNC1069`.
    pub fn words(&self) -> String {
        let verb = if self.likelihood == Likelihood::Similar { "resembles" } else { "matches" };
        let reported = match self.reported_by.as_slice() {
            [] => String::new(),
            by => format!(" (reported by {})", by.join(", ")),
        };
        let attributed: Vec<String> =
            self.attributed.iter().map(|one| format!("attributed by {} to {}", one.by, one.to)).collect();
        let attributed = if attributed.is_empty() { String::new() } else { format!("; {}", attributed.join(", ")) };
        format!("{verb} {}{reported}: {}{attributed}", self.name, self.shared.join(", "))
    }
}
