//! Facts → findings → verdicts: each release once per distinct contents, with every place it lies in.

mod grouped;
mod held;
mod known;
mod missing;
mod named;
mod usage;
mod way_out;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use vetch_detectors::input::{Asked, Before, Dependent, InstalledCopy, IntelFacts, Mismatch, Recorded, ReleaseFacts};
use vetch_detectors::{add_findings, judge_release, score, user, verdict_of, yara};
use vetch_model::advisory::Usage;
use vetch_model::facts::PackageFacts;
use vetch_model::history::Time;
use vetch_model::inventory::{Package, PackageId, Role};
use vetch_model::outcome::Incomplete;
use vetch_model::profile::Profile;
use vetch_model::scan::{PathStep, ReleaseLocation, ReleaseResult, TargetKind};
use vetch_model::{ContentHash, Verdict};

use crate::contents::Contents;
use crate::history::past::Past;
use crate::intel::{called, products};
use crate::naming::Naming;
use crate::own_rules::OwnRules;
use crate::policy::{Policies, Session};
use crate::project::Project;
use crate::{Member, Named, ReleasePast, ScannedProject};
use missing::missing;
pub(crate) use named::renamed;

pub(crate) use grouped::Grouped;
use grouped::{Group, Index};
pub(crate) use known::Known;
pub(crate) use usage::OwnCode;

/// Ways from the root listed of each release.
const MAX_PATHS: usize = 5;

/// One package at one place, and what was found there.
struct Place<'a> {
    project: &'a Project,
    contents: &'a Contents,
    package: &'a Package,
    patch: Option<String>,
}

impl<'a> Place<'a> {
    /// The facts that stand for it: those of what was locked, where that is known.
    fn facts(&self) -> Option<&'a Arc<PackageFacts>> {
        self.contents.facts()
    }

    /// Project and package.
    fn key(&self) -> (usize, PackageId) {
        (self.contents.project, self.contents.package)
    }

    /// Names what lies here: the installed contents, where something is installed.
    fn hash(&self) -> Option<ContentHash> {
        let installed = self.contents.installed.as_ref().map(|installed| &installed.facts);
        let facts = installed.or(self.contents.archive.as_ref())?;
        Some(facts.content_hash).filter(|hash| *hash != ContentHash::default())
    }

    fn location(&self) -> ReleaseLocation {
        let here = match (&self.project.archive, &self.contents.installed) {
            (Some(archive), _) => Some(archive.clone()),
            (None, Some(_)) if self.package.path.is_empty() => Some(".".to_owned()),
            (None, Some(_)) => Some(self.package.path.clone()),
            // An installed Python distribution is known by its metadata.
            (None, None) if self.project.environment.is_some() => Some(self.package.path.clone()),
            (None, None) => None,
        };
        ReleaseLocation { target: self.project.target, path: here, declared_at: self.package.declared_at.clone() }
    }
}

/// What rules say of a release, and what the report needs besides.
struct Judged {
    result: ReleaseResult,
    targets: Vec<usize>,
    /// The projects that have it as somebody else's code, as each has it.
    members: Vec<(usize, Member)>,
    facts: Option<Arc<PackageFacts>>,
    past: ReleasePast,
}

/// What releases are judged by, besides their contents.
pub(crate) struct Judging<'a> {
    /// The user's own rules.
    pub(crate) own: &'a OwnRules,
    /// What came before.
    pub(crate) past: &'a Past<'a>,
    /// What the user asks of releases.
    pub(crate) policies: &'a Policies,
    /// As of when.
    pub(crate) now: Time,
    /// What names tell.
    pub(crate) naming: &'a Naming,
    /// How many releases are judged at once.
    pub(crate) threads: usize,
}

/// What became of everything that was found.
pub(crate) struct Releases {
    pub(crate) results: Vec<ReleaseResult>,
    /// What is known of the contents of each.
    pub(crate) facts: Vec<Option<Arc<PackageFacts>>>,
    /// What each is called.
    pub(crate) names: Vec<Named>,
    /// What came before each.
    pub(crate) pasts: Vec<ReleasePast>,
    /// Which project has what.
    pub(crate) projects: Vec<ScannedProject>,
}

/// Judges everything that was found, in the order of purl and content hash.
pub(crate) fn judge(
    grouped: &Grouped<'_>,
    judging: &Judging<'_>,
    known: &Known<'_>,
    session: &mut Session<'_>,
) -> Releases {
    let Grouped { projects, all, groups, intel, index } = grouped;
    let numbers: Vec<usize> = (0..groups.len()).collect();
    let judged = crate::contents::installed::walk_all(&numbers, judging.threads, |number| {
        judge_group(groups, *number, index, judging, intel.get(*number))
    });
    let mut releases = Releases {
        results: Vec::new(),
        facts: Vec::new(),
        names: Vec::new(),
        pasts: Vec::new(),
        projects: scanned(projects, all),
    };
    for (mut judged, (_, places)) in judged.into_iter().zip(groups).filter_map(|(judged, group)| Some((judged?, group)))
    {
        let Some(place) = places.first() else { continue };
        held::hold(&mut judged, place, judging, known);
        judged.result.campaigns = known.campaigns(&judged.result, places, judging);
        judged.result.way_out = way_out::find(&judged, places, judging, known);
        let is_told = !judged.result.advisories.is_empty() || judged.result.verdict >= Verdict::Suspicious;
        for (number, member) in judged.members.drain(..) {
            if let Some(project) = releases.projects.get_mut(number) {
                let products = if is_told { products_of(places, number) } else { Vec::new() };
                project.members.push(Member { release: releases.results.len(), products, ..member });
            }
        }
        releases.facts.push(judged.facts.take());
        releases.names.push(called(place.project, place.package));
        releases.pasts.push(std::mem::take(&mut judged.past));
        releases.results.push(with_policy(judged, judging.policies, session));
    }
    releases
}

/// What asks for a release in one project.
fn products_of(places: &[Place<'_>], project: usize) -> Vec<Named> {
    let own = places.iter().filter(|place| place.contents.project == project && place.package.role == Role::Dependency);
    let all: BTreeSet<Named> = own.flat_map(|place| products(place.project, place.contents.package)).collect();
    all.into_iter().collect()
}

/// The projects, still without members.
fn scanned(projects: &[Project], all: &[Contents]) -> Vec<ScannedProject> {
    let of = |project: &Project| ScannedProject {
        target: project.target,
        root: project.folder.clone(),
        base: project.base.clone(),
        is_environment: project.environment.is_some(),
        members: Vec::new(),
        skipped: Vec::new(),
    };
    let mut scanned: Vec<ScannedProject> = projects.iter().map(of).collect();
    for contents in all.iter().filter(|contents| contents.skipped.is_some()) {
        let (Some(project), Some(scanned)) = (projects.get(contents.project), scanned.get_mut(contents.project)) else {
            continue;
        };
        scanned.skipped.push(project.purl(project.inventory.package(contents.package)));
    }
    scanned
}

/// What the projects have of a release; its number is not known yet.
fn members(places: &[Place<'_>]) -> Vec<(usize, Member)> {
    let mut members: BTreeMap<usize, Member> = BTreeMap::new();
    for place in places.iter().filter(|place| place.package.role == Role::Dependency) {
        let entry = members.entry(place.contents.project);
        let member = entry.or_insert_with(|| Member {
            release: 0,
            integrity: Vec::new(),
            is_analysed: true,
            products: Vec::new(),
        });
        member.is_analysed &= !place.contents.is_listed;
        let own = place.package.integrity.iter();
        let artifacts = place.package.artifacts.iter().filter_map(|artifact| artifact.integrity.as_ref());
        member.integrity.extend(own.chain(artifacts).map(ToString::to_string));
        member.integrity.sort_unstable();
        member.integrity.dedup();
    }
    members.into_iter().collect()
}

fn judge_group(
    groups: &[Group<'_>],
    number: usize,
    index: &Index<'_>,
    judging: &Judging<'_>,
    intel: Option<&IntelFacts>,
) -> Option<Judged> {
    let ((purl, hash), places) = groups.get(number)?;
    let first = places.first()?;
    let siblings = siblings(groups, number);
    let contents = first.facts().map(Arc::as_ref);
    let dependents: Vec<Dependent<'_>> = places.iter().flat_map(|place| dependents(place, index)).collect();
    let name = judging.naming.of(first.contents.project, first.package, &dependents);
    let release = ReleaseFacts {
        package: first.package,
        contents,
        contents_are_locked: first.contents.is_locked,
        installed: copies(places).chain(shadows(&siblings)).collect(),
        dependents,
        mismatches: places.iter().flat_map(mismatches).collect(),
        recorded: places.iter().filter_map(recorded).collect(),
        lineage: judging.past.lineages.get(&first.key()),
        before: before(first, judging.past),
        dependencies: asked(first, index, judging.past),
        name,
        intel: intel.cloned().unwrap_or_default(),
    };
    let mut findings = judge_release(&release);
    let mut incomplete: Vec<Incomplete> = places.iter().flat_map(missing).collect();
    let targets = targets(places);
    add_findings(&mut findings, yara::check(&judging.own.yara_for(&targets), &release));
    let (more, unanswered) = user::check(&judging.own.toml_for(&targets), &release);
    add_findings(&mut findings, more);
    let hint = "`vetch rules test` tries a rule on its tests";
    incomplete.extend(unanswered.into_iter().map(|why| Incomplete::new("rules of yours", why, hint)));
    incomplete.sort();
    incomplete.dedup();
    let (paths, more_paths) = paths(places);
    let mut locations: Vec<ReleaseLocation> = places.iter().map(Place::location).collect();
    locations.sort();
    locations.dedup();
    let result = ReleaseResult {
        purl: purl.clone(),
        verdict: verdict_of(&findings, !incomplete.is_empty()),
        score: 0,
        content_hash: *hash,
        locations,
        paths,
        more_paths,
        findings,
        excepted: Vec::new(),
        advisories: release.intel.advisories,
        usage: release.intel.usage,
        indicators: release.intel.indicators,
        campaigns: Vec::new(),
        way_out: None,
        profile: contents.map_or_else(Profile::default, |facts| facts.profile.clone()),
        incomplete,
    };
    Some(Judged {
        result,
        targets,
        members: members(places),
        facts: first.facts().cloned(),
        past: judging.past.of(first.key()),
    })
}

/// Which targets have it.
fn targets(places: &[Place<'_>]) -> Vec<usize> {
    let targets: BTreeSet<usize> = places.iter().map(|place| place.project.target).collect();
    targets.into_iter().collect()
}

fn with_policy(judged: Judged, policies: &Policies, session: &mut Session<'_>) -> ReleaseResult {
    let Judged { mut result, targets, .. } = judged;
    let mut findings = std::mem::take(&mut result.findings);
    if result.usage == Some(Usage::NotImported)
        && let Some(severity) = policies.unimported(&targets)
    {
        let vulnerabilities = findings.iter_mut().filter(|finding| finding.rule == "known-vulnerability");
        vulnerabilities.for_each(|finding| finding.severity = severity);
    }
    let applied = session.apply(&targets, &result.purl, result.content_hash, findings);
    result.verdict = verdict_of(&applied.kept, !result.incomplete.is_empty());
    result.score = score(&applied.kept);
    if result.verdict < Verdict::Suspicious {
        result.campaigns.clear();
    }
    (result.findings, result.excepted) = (applied.kept, applied.excepted);
    result
}

/// The installed folders. The user's own code is no installed copy of anything.
fn copies<'p>(places: &'p [Place<'_>]) -> impl Iterator<Item = InstalledCopy<'p>> {
    places.iter().filter(|place| place.project.kind == TargetKind::Project).filter_map(|place| {
        let installed = place.contents.installed.as_ref().filter(|installed| !installed.is_own)?;
        Some(InstalledCopy {
            path: &place.package.path,
            manifest: installed.facts.manifest.as_ref(),
            contents: Some(&installed.facts),
            difference: installed.difference.as_ref(),
            patch: place.patch.as_deref(),
        })
    })
}

/// Installed folders of the same name and version with other contents: releases of their own, of
/// which this one only has to know that they are others.
fn siblings<'g>(groups: &'g [Group<'_>], number: usize) -> Vec<(&'g str, PackageFacts)> {
    let Some(((purl, hash), _)) = groups.get(number) else { return Vec::new() };
    let before = groups.get(..number).unwrap_or_default().iter().rev().take_while(|((other, _), _)| other == purl);
    let after = groups.get(number + 1..).unwrap_or_default().iter().take_while(|((other, _), _)| other == purl);
    let mut siblings = Vec::new();
    for ((_, other), places) in before.chain(after).filter(|((_, other), _)| other.is_some() && hash.is_some()) {
        let Some(content_hash) = *other else { continue };
        for copy in copies(places) {
            let (files, bytes) = copy.contents.map_or((0, 0), |facts| (facts.files, facts.bytes));
            siblings.push((copy.path, PackageFacts { content_hash, files, bytes, ..PackageFacts::default() }));
        }
    }
    siblings
}

fn shadows<'s>(siblings: &'s [(&'s str, PackageFacts)]) -> impl Iterator<Item = InstalledCopy<'s>> {
    siblings.iter().map(|(path, facts)| InstalledCopy {
        path,
        manifest: None,
        contents: Some(facts),
        difference: None,
        patch: None,
    })
}

/// The release before, where its contents were looked at.
fn before<'a>(place: &Place<'_>, past: &'a Past<'a>) -> Option<Before<'a>> {
    let (version, contents) = past.befores.get(&place.key())?;
    Some(Before { version, contents })
}

/// What the release asks for, as the project has it.
fn asked<'a>(place: &Place<'a>, index: &Index<'a>, past: &'a Past<'a>) -> Vec<Asked<'a>> {
    let (number, inventory) = (place.contents.project, &place.project.inventory);
    let neighbours = place.project.graph.dependencies(place.contents.package).iter();
    let asked = |neighbour: &vetch_graph::Neighbour| {
        Some(Asked {
            name: inventory.edges.get(neighbour.edge)?.name.as_str(),
            package: inventory.package(neighbour.package),
            contents: index.facts(number, neighbour.package),
            lineage: past.lineages.get(&(number, neighbour.package)),
        })
    };
    neighbours.filter_map(asked).collect()
}

fn dependents<'a>(place: &Place<'a>, index: &Index<'a>) -> Vec<Dependent<'a>> {
    let neighbours = place.project.graph.dependents(place.contents.package).iter();
    let dependent = |neighbour: &vetch_graph::Neighbour| {
        Some(Dependent {
            package: place.project.inventory.package(neighbour.package),
            edge: place.project.inventory.edges.get(neighbour.edge)?,
            contents: index.facts(place.contents.project, neighbour.package),
        })
    };
    neighbours.filter_map(dependent).collect()
}

fn mismatches<'p>(place: &'p Place<'_>) -> impl Iterator<Item = Mismatch<'p>> {
    place.contents.mismatches.iter().map(|mismatch| Mismatch {
        source: &mismatch.source,
        expected: &mismatch.expected,
        found: &mismatch.found,
    })
}

/// The installed distribution beside its record.
fn recorded<'p>(place: &'p Place<'_>) -> Option<Recorded<'p>> {
    if let Some(checked) = place.project.records.get(&place.contents.package) {
        let is_installed = checked.is_installed;
        return Some(Recorded { path: &place.package.path, is_installed, difference: &checked.difference });
    }
    let (folder, difference) = place.facts()?.python.as_ref()?.record.as_ref()?;
    Some(Recorded { path: folder, is_installed: false, difference })
}

/// How it got in: the shortest ways from the roots, over all places.
fn paths(places: &[Place<'_>]) -> (Vec<Vec<PathStep>>, bool) {
    let mut all: Vec<Vec<PathStep>> = Vec::new();
    let mut more = false;
    for place in places {
        let found = place.project.graph.paths_to(place.contents.package, MAX_PATHS);
        more |= found.more;
        for path in found.paths {
            let steps: Vec<PathStep> = path.iter().map(|step| path_step(place.project, step)).collect();
            if !all.contains(&steps) {
                all.push(steps);
            }
        }
    }
    // Stable: those of one length stay in the order of places.
    all.sort_by_key(Vec::len);
    more |= all.len() > MAX_PATHS;
    all.truncate(MAX_PATHS);
    (all, more)
}

fn environment_label(project: &Project) -> String {
    match project.inventory.file.as_str() {
        "" => project.shown.clone(),
        file => file.to_owned(),
    }
}

fn path_step(project: &Project, step: &vetch_graph::Step) -> PathStep {
    let edge = step.edge.and_then(|edge| project.inventory.edges.get(edge));
    let package = project.inventory.package(step.package);
    // An environment has no name, but a place.
    let is_environment = project.environment.is_some() && package.role == Role::Root;
    PathStep {
        label: if is_environment { environment_label(project) } else { package.label() },
        range: edge.map(|edge| edge.range.clone()).unwrap_or_default(),
    }
}
