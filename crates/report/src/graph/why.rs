//! Why a package is here: through which projects and packages, by which ranges, declared
//! where, and what would leave with it. Terminal, Markdown, JSON.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};

use vetch_graph::{Paths, Step};
use vetch_model::inventory::{Package, PackageId};

use super::merge::{declared, source};
use super::types::{Declared, WhyRelease, WhyReport, WhyStep};
use super::words::public;
use super::{MapView, WHY_SCHEMA_ID};
use crate::ToolInfo;
use crate::json;

pub use super::why_text::{markdown, terminal};

/// The answer, ready to be written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Why {
    /// What was asked for, as given.
    pub wanted: String,
    /// One for each release that was meant, in file order.
    pub releases: Vec<WhyHere>,
    /// Number of further releases that were meant.
    pub more_releases: usize,
    /// Names like the one asked for, if it is not there.
    pub similar: Vec<String>,
    /// What would leave with all that were meant together, themselves included.
    pub leaving: Vec<PackageId>,
}

/// Most releases answered for; someone may list thousands of versions of one name.
const MAX_RELEASES: usize = 100;

/// Why one release is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhyHere {
    /// All its places.
    pub places: Vec<PackageId>,
    /// The ways to it.
    pub paths: Paths,
    /// Projects and workspaces that it is in.
    pub projects: Vec<PackageId>,
    /// What would leave with it, itself included: releases none of whose places would stay.
    pub leaving: Vec<PackageId>,
}

impl Why {
    /// Asks the graph about these packages; at most `limit` paths to each release.
    pub fn ask(view: &MapView<'_>, wanted: &str, ids: &[PackageId], limit: usize) -> Why {
        let mut groups: Vec<Vec<PackageId>> = Vec::new();
        let mut numbers: HashMap<_, usize> = HashMap::new();
        let mut folders: Vec<PackageId> = ids.iter().map(|id| view.graph.folder_of(*id)).collect();
        folders.sort_unstable();
        folders.dedup();
        for id in &folders {
            let package = view.inventory.package(*id);
            let number = *numbers.entry((package.purl(), &package.source)).or_insert(groups.len());
            if number == groups.len() {
                groups.push(Vec::new());
            }
            if let Some(group) = groups.get_mut(number) {
                group.push(*id);
            }
        }
        let more_releases = groups.len().saturating_sub(MAX_RELEASES);
        groups.truncate(MAX_RELEASES);
        let leaving = |places: &[PackageId]| wholly(view, view.graph.leaves_with(places));
        let here = |places: Vec<PackageId>| WhyHere {
            paths: view.graph.paths_to_any(&places, limit),
            projects: view.graph.roots_of(&places),
            leaving: leaving(&places),
            places,
        };
        Why {
            wanted: wanted.to_owned(),
            releases: groups.into_iter().map(here).collect(),
            more_releases,
            similar: Vec::new(),
            leaving: if folders.is_empty() { Vec::new() } else { leaving(&folders) },
        }
    }
}

/// Without the releases that would stay at another place.
fn wholly(view: &MapView<'_>, mut leaving: Vec<PackageId>) -> Vec<PackageId> {
    let mut is_leaving = vec![false; view.graph.len()];
    for id in &leaving {
        if let Some(slot) = is_leaving.get_mut(id.0 as usize) {
            *slot = true;
        }
    }
    let release = |id: PackageId| {
        let package = view.inventory.package(id);
        (&package.ecosystem, package.name.as_str(), package.version.as_deref(), &package.source)
    };
    let is_staying = |id: &PackageId| !is_leaving.get(id.0 as usize).copied().unwrap_or(true);
    let names: HashSet<&str> = leaving.iter().map(|id| release(*id).1).collect();
    let staying: HashSet<_> =
        view.graph.packages().filter(is_staying).map(release).filter(|release| names.contains(release.1)).collect();
    leaving.retain(|id| !staying.contains(&release(*id)));
    leaving
}

/// What leaves besides the packages themselves, by label, each once.
pub(super) fn others(view: &MapView<'_>, leaving: &[PackageId], places: &[PackageId]) -> Vec<String> {
    let places: HashSet<PackageId> = places.iter().copied().collect();
    let mut names: Vec<String> = leaving
        .iter()
        .filter(|id| !places.contains(id))
        .map(|id| super::words::label(view.inventory.package(*id)))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Writes `vetch.why/1`, indented.
///
/// # Errors
/// What `out` reports.
pub fn write_json(view: &MapView<'_>, why: &Why, tool: &ToolInfo, out: impl Write) -> io::Result<()> {
    let report = WhyReport {
        schema: WHY_SCHEMA_ID,
        tool: json::tool(tool),
        target: view.target.to_owned(),
        package: why.wanted.clone(),
        releases: why.releases.iter().filter_map(|here| release(view, here)).collect(),
        more_releases: why.more_releases,
        similar: why.similar.clone(),
        leaving: purls(view, &why.leaving),
        incomplete: view.incomplete.iter().map(json::incomplete).collect(),
    };
    json::write_value(&report, out)
}

fn release(view: &MapView<'_>, here: &WhyHere) -> Option<WhyRelease> {
    let packages: Vec<&Package> = here.places.iter().map(|id| view.inventory.package(*id)).collect();
    let first = packages.first()?;
    let declared_in: Vec<Declared> =
        packages.iter().filter_map(|package| package.declared_at.as_ref()).map(declared).collect();
    let paths = packages.iter().map(|package| package.path.clone());
    Some(WhyRelease {
        purl: first.purl().to_string(),
        source: source(&first.source),
        declared_in,
        installed_at: paths.filter(|path| !path.is_empty()).collect(),
        projects: purls(view, &here.projects),
        paths: here.paths.paths.iter().map(|path| path.iter().map(|one| step(view, one)).collect()).collect(),
        more_paths: here.paths.more,
        leaving: purls(view, &here.leaving),
    })
}

fn step(view: &MapView<'_>, step: &Step) -> WhyStep {
    let edge = step.edge.and_then(|edge| view.inventory.edges.get(edge));
    let package = view.inventory.package(step.package);
    WhyStep {
        purl: package.purl().to_string(),
        range: edge.map(|edge| public(&edge.range).into_owned()),
        kind: edge.map(|edge| edge.kind.as_str()),
        condition: edge.and_then(|edge| edge.condition.clone()),
        declared_in: package.declared_at.as_ref().map(declared),
    }
}

/// Sorted, each once.
fn purls(view: &MapView<'_>, ids: &[PackageId]) -> Vec<String> {
    let mut purls: Vec<String> = ids.iter().map(|id| view.inventory.package(*id).purl().to_string()).collect();
    purls.sort_unstable();
    purls.dedup();
    purls
}
