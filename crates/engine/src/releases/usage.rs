//! Whether the user's own code gets to a package that an advisory names: by imports, commands and scripts, from the
//! project's own files through the packages that they import.
//!
//! Own code is looked at only where there is such a package. What is not known of one package on the way leaves open
//! what lies behind it: nothing is then said.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fs;
use std::sync::Arc;

use vetch_detectors::uses;
use vetch_model::CapabilityId;
use vetch_model::advisory::Usage;
use vetch_model::capability::Resource;
use vetch_model::evidence::Location;
use vetch_model::facts::PackageFacts;
use vetch_model::inventory::{Ecosystem, PackageId, Role};
use vetch_model::scan::TargetKind;

use super::Index;
use crate::EngineError;
use crate::contents::{self, Run};
use crate::map::join;
use crate::naming::internal::Internal;
use crate::own_source;
use crate::project::{self, Project};

/// Packages told on the way to one.
const MAX_THROUGH: usize = 12;

/// The user's own code, by number of the project.
#[derive(Default)]
pub(crate) struct OwnCode(BTreeMap<usize, Own>);

/// What is known of one project's own code.
#[derive(Default)]
struct Own {
    /// Facts of its parts, with the folder of each.
    parts: Vec<(String, Arc<PackageFacts>)>,
    /// Something of it could not be read.
    is_partial: bool,
}

impl OwnCode {
    /// Looks at the own code of these projects.
    ///
    /// # Errors
    /// When no worker can be started, or the user cancels.
    pub(crate) fn gather(
        run: &mut Run<'_>,
        projects: &[Project],
        wanted: &BTreeSet<usize>,
        internal: &[Internal],
    ) -> Result<OwnCode, EngineError> {
        let mut own = OwnCode::default();
        let mut packed: Vec<Project> = Vec::new();
        let mut places: Vec<(usize, String)> = Vec::new();
        // Without a place for the archives nothing is said of usage.
        let Ok(scratch) = tempfile::tempdir() else { return Ok(own) };
        for &number in wanted {
            let project = projects.get(number).filter(|project| project.kind == TargetKind::Project);
            let Some(source) = project.and_then(|project| own_source::of_folder(&project.own_folder()).ok()) else {
                continue;
            };
            let entry = own.0.entry(number).or_default();
            entry.is_partial = !source.incomplete.is_empty();
            for (folder, archive, bytes) in own_source::packed(&source) {
                let place = scratch.path().join(packed.len().to_string());
                let file = place.join(archive);
                let written = fs::create_dir(&place).and_then(|()| fs::write(&file, bytes));
                match written.ok().and_then(|()| project::open(packed.len(), &file, None).ok()) {
                    Some(opened) if opened.projects.len() == 1 => {
                        packed.extend(opened.projects);
                        places.push((number, folder));
                    }
                    _ => entry.is_partial = true,
                }
            }
        }
        for contents in contents::finish(contents::gather(run, &packed, internal)?) {
            let Some((number, folder)) = places.get(contents.project) else { continue };
            let Some(entry) = own.0.get_mut(number) else { continue };
            match contents.archive {
                Some(facts) => entry.parts.push((folder.clone(), facts)),
                None => entry.is_partial = true,
            }
        }
        Ok(own)
    }
}

/// Who is reached, and from where.
pub(super) struct Usages<'a> {
    projects: &'a [Project],
    reached: BTreeMap<usize, Reached>,
}

#[derive(Default)]
struct Reached {
    /// The package before, if any; the first import; whether all on the way is known.
    from: HashMap<PackageId, (Option<PackageId>, Location, bool)>,
    /// All own code is known, and loads nothing by a computed name.
    is_whole: bool,
}

impl<'a> Usages<'a> {
    pub(super) fn new(projects: &'a [Project], index: &Index<'_>, own: &OwnCode) -> Usages<'a> {
        let reached = own.0.iter().filter_map(|(number, own)| {
            let walk = Walk { number: *number, project: projects.get(*number)?, index, own };
            Some((*number, walk.run()))
        });
        Usages { projects, reached: reached.collect() }
    }

    /// Of a release at these places: the first that is imported; not imported only where none is.
    pub(super) fn of(&self, places: &[(usize, PackageId)]) -> Option<Usage> {
        let told: Option<Vec<Usage>> = places.iter().map(|(number, id)| self.of_place(*number, *id)).collect();
        let told = told?;
        let imported = told.iter().find(|usage| matches!(usage, Usage::Imported { .. }));
        imported.or(told.first()).cloned()
    }

    fn of_place(&self, number: usize, id: PackageId) -> Option<Usage> {
        let (project, reached) = (self.projects.get(number)?, self.reached.get(&number)?);
        let package = project.inventory.package(id);
        let Some((_, at, is_sure)) = reached.from.get(&id) else {
            // What modules a Python distribution brings need not be called like it.
            let is_known = reached.is_whole && package.ecosystem == Ecosystem::Npm;
            return is_known.then_some(Usage::NotImported);
        };
        let mut through = vec![package.label()];
        let mut current = id;
        while let Some((Some(before), ..)) = reached.from.get(&current) {
            through.push(project.inventory.package(*before).label());
            current = *before;
            if through.len() >= MAX_THROUGH {
                break;
            }
        }
        through.reverse();
        is_sure.then(|| Usage::Imported { at: at.clone(), through })
    }
}

/// One walk from a project's own code.
struct Walk<'w> {
    number: usize,
    project: &'w Project,
    index: &'w Index<'w>,
    own: &'w Own,
}

impl Walk<'_> {
    fn run(&self) -> Reached {
        let mut reached = Reached { is_whole: self.is_whole(), ..Reached::default() };
        let mut ahead: VecDeque<PackageId> = VecDeque::new();
        let inventory = &self.project.inventory;
        let own = inventory.iter().filter(|(_, package)| package.role != Role::Dependency);
        for neighbour in own.flat_map(|(id, _)| self.project.graph.dependencies(id)) {
            let Some(edge) = inventory.edges.get(neighbour.edge) else { continue };
            let facts = self.index.facts(self.number, neighbour.package);
            let Some(at) = self.own.parts.iter().find_map(|part| place(part, facts, &edge.name)) else { continue };
            if inventory.package(neighbour.package).role == Role::Dependency
                && !reached.from.contains_key(&neighbour.package)
            {
                reached.from.insert(neighbour.package, (None, at, true));
                ahead.push_back(neighbour.package);
            }
        }
        while let Some(id) = ahead.pop_front() {
            let Some((_, at, is_sure)) = reached.from.get(&id).cloned() else { continue };
            let facts = self.index.facts(self.number, id);
            for neighbour in self.project.graph.dependencies(id) {
                let Some(edge) = inventory.edges.get(neighbour.edge) else { continue };
                let behind = self.index.facts(self.number, neighbour.package);
                let is_used = facts.is_none_or(|facts| loads_anything(facts) || uses(facts, behind, &edge.name));
                if is_used && !reached.from.contains_key(&neighbour.package) {
                    let is_sure = is_sure && facts.is_some_and(|facts| uses(facts, behind, &edge.name));
                    reached.from.insert(neighbour.package, (Some(id), at.clone(), is_sure));
                    ahead.push_back(neighbour.package);
                }
            }
        }
        reached
    }

    fn is_whole(&self) -> bool {
        !self.own.is_partial
            && !self.own.parts.is_empty()
            && !self.own.parts.iter().any(|(_, facts)| loads_anything(facts))
    }
}

/// Whether code imports something that nobody can tell.
fn loads_anything(facts: &PackageFacts) -> bool {
    let loads = |id: CapabilityId, resource: &Resource| id == CapabilityId::CodeLoad && *resource == Resource::Any;
    facts.profile.capabilities.iter().any(|capability| loads(capability.id, &capability.resource))
}

/// Where own code uses a package.
fn place((folder, own): &(String, Arc<PackageFacts>), package: Option<&PackageFacts>, name: &str) -> Option<Location> {
    let imports = own.imports.iter().filter(|import| import.name == name);
    // The file that was added to load all of it is none of the user's.
    let first = imports.min_by_key(|import| (&import.location.file, import.location.line));
    let in_folder = |location: &Location| Location { file: join(folder, &location.file), ..location.clone() };
    match first {
        Some(import) => Some(in_folder(&import.location)),
        None => uses(own, package, name).then(|| in_folder(&Location::file("package.json"))),
    }
}
