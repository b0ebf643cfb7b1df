//! What the names of a project's packages tell, for the rules of the category `name`.
//!
//! ```text
//! popular   the list of popular names: shipped, or the user's own
//! internal  which names are internal, and who serves them
//! indexes   which indexes Python's tools would ask
//! ```

mod indexes;
pub(crate) mod internal;
mod popular;

use vetch_detectors::input::{Dependent, NameFacts};
use vetch_model::inventory::{Package, Role};
use vetch_names::Names;

use crate::EngineError;
use internal::Internal;

/// The list that is asked, and the internal names of every project.
pub(crate) struct Naming {
    own: Option<Names>,
    /// By project.
    pub(crate) internal: Vec<Internal>,
}

impl Naming {
    /// With the user's list, if there is one.
    ///
    /// # Errors
    /// When that list cannot be read.
    pub(crate) fn load(list: Option<&std::path::Path>) -> Result<Naming, EngineError> {
        Ok(Naming { own: list.map(popular::read).transpose()?.map(Names::new), internal: Vec::new() })
    }

    pub(crate) fn names(&self) -> &Names {
        self.own.as_ref().unwrap_or_else(|| Names::shipped())
    }

    /// What the name of this package of this project tells.
    pub(crate) fn of(&self, project: usize, package: &Package, dependents: &[Dependent<'_>]) -> NameFacts {
        if package.role != Role::Dependency {
            return NameFacts::default();
        }
        let names = self.names();
        let lookalikes = names.lookalikes(&package.ecosystem, &package.name);
        let is_popular = |asking: &&Package| {
            asking.role == Role::Dependency && names.rank(&asking.ecosystem, &asking.name).is_some()
        };
        let asking = || dependents.iter().map(|dependent| dependent.package).find(is_popular);
        NameFacts {
            asked_for_by: if lookalikes.is_empty() { None } else { asking().map(|package| package.name.clone()) },
            lookalikes,
            internal: self.internal.get(project).and_then(|internal| internal.of(package)),
        }
    }
}
