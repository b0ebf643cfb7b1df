//! Critical risk points: the releases whose compromise would hurt most, or would be
//! noticed least, ranked, each with the reasons that its score adds up from.
//!
//! A score says where to look first. It compares releases of one inventory, not
//! inventories, and it is no finding.

mod reasons;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use vetch_model::Purl;
use vetch_model::inventory::{Ecosystem, Inventory, Package, PackageId, Role, Source};

use crate::reach::Rings;
use crate::{Dominators, Graph};

vetch_model::stable_ids! {
    /// Why a release is a risk point.
    RiskKind {
        /// Much of the tree is there for it alone
        Dominates = "dominates",
        /// Much of the tree depends on it
        Dependants = "dependants",
        /// It runs code when it is installed
        InstallScript = "install-script",
        /// It comes from no registry
        Source = "source",
        /// Nothing says what its archive hashes to
        NoIntegrity = "no-integrity",
        /// It is there in several versions
        SeveralVersions = "several-versions",
        /// One person publishes it, or few publish much of the tree
        Publisher = "publisher",
        /// Nobody asks for it
        Extraneous = "extraneous",
        /// It is shipped inside another's archive
        Bundled = "bundled",
        /// Its author gave it up
        Deprecated = "deprecated",
    }
}

/// One part of a score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RiskReason {
    /// What kind.
    pub kind: RiskKind,
    /// What it adds to the score.
    pub points: u32,
    /// In words; raw, as it may quote URLs and names.
    pub text: String,
}

/// A release that many things hang on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RiskPoint {
    /// The release at all its places, in file order.
    pub packages: Vec<PackageId>,
    /// Sum of its reasons.
    pub score: u32,
    /// Heaviest first; never empty.
    pub reasons: Vec<RiskReason>,
    /// Edges from the nearest project; `None` if nobody asks for it.
    pub depth: Option<u32>,
    /// Packages that would leave with it, itself included, all places counted. For a release at
    /// several places at least so many: what hangs on two of them together is not counted.
    pub leaving: usize,
    /// Distinct releases that ask for it, projects included.
    pub direct_dependants: usize,
    /// Distinct releases that lead to it, projects included; `None` if the graph is too large to tell.
    pub dependants: Option<usize>,
    /// Projects and workspaces that lead to it; `None` if the graph is too large to tell.
    pub projects: Option<usize>,
}

/// How much of the tree one publisher holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublisherShare {
    /// As the registry names them.
    pub publisher: String,
    /// Releases that they can publish.
    pub releases: usize,
}

/// The risk points of an inventory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Risks {
    /// Highest score first, then by name and version.
    pub points: Vec<RiskPoint>,
    /// Releases with a score that are not in `points`.
    pub more: usize,
    /// Files in which no package at all has an integrity value: that is the file's fault, not a package's.
    pub files_without_integrity: Vec<String>,
    /// Who could publish most of the tree, first; empty where publishers are not known.
    pub publishers: Vec<PublisherShare>,
    /// Whether the graph was too large to count transitive dependants.
    pub is_limited: bool,
}

/// Who may publish each package, where that is known.
pub type Publishers = HashMap<PackageId, Vec<String>>;

/// Ranks the releases of an inventory; the `limit` highest are returned.
pub fn rank(inventory: &Inventory, graph: &Graph, publishers: &Publishers, limit: usize) -> Risks {
    let facts = Facts::new(inventory, graph, publishers);
    let mut points: Vec<RiskPoint> = (0..facts.groups.len())
        .filter_map(|group| {
            let reasons = reasons::of(&facts, group);
            (!reasons.is_empty()).then(|| point(&facts, group, reasons))
        })
        .collect();
    let label = |point: &RiskPoint| {
        point.packages.first().map(|id| inventory.package(*id)).map(|it| (it.name.as_str(), it.version.as_deref()))
    };
    points.sort_by(|left, right| {
        let by_score = right.score.cmp(&left.score);
        by_score.then_with(|| label(left).cmp(&label(right))).then_with(|| left.packages.cmp(&right.packages))
    });
    let more = points.len().saturating_sub(limit);
    points.truncate(limit);
    Risks {
        points,
        more,
        is_limited: facts.dependants.is_none(),
        files_without_integrity: facts.files_without_integrity.iter().map(|file| (*file).to_owned()).collect(),
        publishers: shares(&facts.by_publisher),
    }
}

fn point(facts: &Facts<'_>, group: usize, reasons: Vec<RiskReason>) -> RiskPoint {
    RiskPoint {
        packages: facts.groups[group].clone(),
        score: reasons.iter().map(|reason| reason.points).sum(),
        reasons,
        depth: facts.depth(group),
        leaving: facts.leaving(group),
        direct_dependants: facts.direct(group),
        dependants: facts.dependants.as_ref().map(|counts| counts[group] as usize),
        projects: facts.projects.as_ref().map(|counts| counts[group] as usize),
    }
}

fn shares(by_publisher: &BTreeMap<&str, usize>) -> Vec<PublisherShare> {
    let mut shares: Vec<PublisherShare> = by_publisher
        .iter()
        .map(|(publisher, releases)| PublisherShare { publisher: (*publisher).to_owned(), releases: *releases })
        .collect();
    shares.sort_by_key(|share| std::cmp::Reverse(share.releases));
    shares
}

/// What makes two packages the same release.
#[derive(PartialEq, Eq, Hash)]
struct Key<'i> {
    ecosystem: &'i Ecosystem,
    name: &'i str,
    version: Option<&'i str>,
    source: &'i Source,
    purl: Option<&'i Purl>,
}

/// Everything that reasons are made of.
struct Facts<'i> {
    inventory: &'i Inventory,
    graph: &'i Graph,
    dominators: Dominators,
    /// Releases of others: all their places.
    groups: Vec<Vec<PackageId>>,
    /// By package, own packages too: a number for each release.
    release_of: Vec<Option<u32>>,
    dependants: Option<Vec<u32>>,
    projects: Option<Vec<u32>>,
    /// Packages that a project leads to; projects are not counted.
    reached: usize,
    /// Number of projects and workspaces.
    roots: usize,
    versions: HashMap<(&'i Ecosystem, &'i str), BTreeSet<Option<&'i str>>>,
    files_without_integrity: BTreeSet<&'i str>,
    publishers: &'i Publishers,
    by_publisher: BTreeMap<&'i str, usize>,
}

impl<'i> Facts<'i> {
    fn new(inventory: &'i Inventory, graph: &'i Graph, publishers: &'i Publishers) -> Facts<'i> {
        let mut facts = Facts {
            inventory,
            graph,
            dominators: graph.dominators(),
            groups: Vec::new(),
            release_of: vec![None; graph.len()],
            dependants: None,
            projects: None,
            reached: 0,
            roots: graph.roots().count(),
            versions: HashMap::new(),
            files_without_integrity: files_without_integrity(inventory),
            publishers,
            by_publisher: BTreeMap::new(),
        };
        let own = facts.gather();
        facts.count(own);
        for members in &facts.groups {
            let names: BTreeSet<&str> =
                members.iter().filter_map(|id| publishers.get(id)).flatten().map(String::as_str).collect();
            for name in names {
                *facts.by_publisher.entry(name).or_default() += 1;
            }
        }
        facts
    }

    /// Packages into releases; returns the project's own packages.
    fn gather(&mut self) -> Vec<PackageId> {
        let (inventory, graph) = (self.inventory, self.graph);
        let mut numbers: HashMap<Key<'i>, u32> = HashMap::new();
        let mut own = Vec::new();
        for id in graph.packages() {
            let package = inventory.package(id);
            if graph.is_root(id) {
                own.push(id);
                continue;
            }
            self.reached += usize::from(graph.depth(id).is_some());
            let group = *numbers.entry(key(package)).or_insert(self.groups.len() as u32);
            if group as usize == self.groups.len() {
                self.groups.push(Vec::new());
            }
            self.groups[group as usize].push(id);
            self.release_of[id.0 as usize] = Some(group);
            self.versions.entry((&package.ecosystem, &package.name)).or_default().insert(package.version.as_deref());
        }
        own
    }

    /// Who leads to what.
    fn count(&mut self, own: Vec<PackageId>) {
        let groups = self.groups.len();
        let of_others = self.release_of.clone();
        let mut of_projects = vec![None; self.graph.len()];
        for (number, id) in own.iter().enumerate() {
            of_projects[id.0 as usize] = Some(number as u32);
            self.release_of[id.0 as usize] = Some((groups + number) as u32);
        }
        let rings = Rings::new(self.graph);
        let all = rings.seeds_above(&self.release_of, groups + own.len(), &of_others, groups);
        // A release leads to itself; that does not count.
        self.dependants = all.map(|counts| counts.into_iter().map(|count| count.saturating_sub(1)).collect());
        self.projects = rings.seeds_above(&of_projects, own.len(), &of_others, groups);
    }

    fn first(&self, group: usize) -> &'i Package {
        self.inventory.package(self.groups[group][0])
    }

    fn members(&self, group: usize) -> impl Iterator<Item = &'i Package> {
        let inventory = self.inventory;
        self.groups[group].iter().map(move |id| inventory.package(*id))
    }

    fn depth(&self, group: usize) -> Option<u32> {
        self.groups[group].iter().filter_map(|id| self.graph.depth(*id)).min()
    }

    /// What each of its places alone leads to, together; what only all of them lead to is not in it.
    fn leaving(&self, group: usize) -> usize {
        self.dominators.size_of_all(&self.groups[group])
    }

    fn direct(&self, group: usize) -> usize {
        let dependents = self.groups[group].iter().flat_map(|id| self.graph.dependents(*id));
        let mut releases: Vec<Option<u32>> =
            dependents.map(|neighbour| self.release_of[neighbour.package.0 as usize]).collect();
        releases.sort_unstable();
        releases.dedup();
        releases.len()
    }
}

fn key(package: &Package) -> Key<'_> {
    Key {
        ecosystem: &package.ecosystem,
        name: &package.name,
        version: package.version.as_deref(),
        source: &package.source,
        purl: package.stated_purl.as_ref(),
    }
}

/// Whether something says what its bytes are.
fn has_integrity(package: &Package) -> bool {
    package.integrity.is_some()
        || package.cache_checksum.is_some()
        || package.artifacts.iter().any(|artifact| artifact.integrity.is_some())
}

/// Whether an integrity value is to be expected at all.
fn wants_integrity(package: &Package) -> bool {
    package.role == Role::Dependency
        && !package.bundled
        && matches!(package.source, Source::Registry { .. } | Source::Tarball { .. })
}

fn file_of(package: &Package) -> &str {
    package.declared_at.as_ref().map_or("", |at| at.file.as_str())
}

fn files_without_integrity(inventory: &Inventory) -> BTreeSet<&str> {
    let mut files: BTreeMap<&str, bool> = BTreeMap::new();
    for package in inventory.packages.iter().filter(|package| wants_integrity(package)) {
        *files.entry(file_of(package)).or_default() |= has_integrity(package);
    }
    files.into_iter().filter(|(_, has)| !has).map(|(file, _)| file).collect()
}
