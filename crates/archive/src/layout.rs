//! How the names of an archive become places of files: by what installs from it.

use crate::paths::{Place, place, place_as_named};

/// Which rule an installer follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// npm's: the first component is stripped, whatever it is called.
    Npm,
    /// As the entries are named: wheels and eggs.
    AsNamed,
    /// Below the folder that all entries share, which is stripped: source distributions, as pip
    /// unpacks them (`has_leading_dir`). Without a slash at its end; may have several components.
    Below(String),
}

impl Layout {
    /// Who would install by it, for messages.
    pub(crate) fn installer(&self) -> &'static str {
        match self {
            Layout::Npm => "npm",
            Layout::AsNamed | Layout::Below(_) => "pip",
        }
    }

    pub(crate) fn is_npm(&self) -> bool {
        matches!(self, Layout::Npm)
    }

    pub(crate) fn place(&self, written: &str) -> Place {
        match self {
            Layout::Npm => place(written),
            Layout::AsNamed => place_as_named(written, ""),
            Layout::Below(folder) => place_as_named(written, folder),
        }
    }
}
