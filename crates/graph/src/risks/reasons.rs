//! The reasons, and what each weighs.
//!
//! How much hangs on a release weighs up to 25 twice (what it brings, what depends on it);
//! what makes a compromise easier or less visible weighs 1 to 20 each. So a hub with an
//! install script outranks both a plain hub and a leaf with a script.

use vetch_model::inventory::{Package, Source};

use super::{Facts, RiskKind, RiskReason, file_of, has_integrity, wants_integrity};

/// What a share of the whole tree weighs.
const WHOLE_TREE: usize = 25;

/// Share of the releases that one publisher holds from which on it is told, as 1/n.
const LARGE_SHARE: usize = 10;

/// All reasons of a release, heaviest first.
pub(super) fn of(facts: &Facts<'_>, group: usize) -> Vec<RiskReason> {
    let checks = [
        dominates,
        dependants,
        install_script,
        source,
        no_integrity,
        several_versions,
        publisher,
        extraneous,
        bundled,
        deprecated,
    ];
    let mut reasons: Vec<RiskReason> = checks
        .iter()
        .filter_map(|check| check(facts, group))
        .map(|(kind, points, text)| RiskReason { kind, points: points as u32, text })
        .collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.points));
    reasons
}

type Reason = Option<(RiskKind, usize, String)>;

/// By the root of the share: a quarter of the tree weighs half as much as all of it, or
/// the few packages that hold nearly everything would leave nothing to tell the others apart.
fn share(part: usize, whole: usize) -> usize {
    (WHOLE_TREE * WHOLE_TREE * part / whole.max(1)).isqrt().clamp(1, WHOLE_TREE)
}

fn percent(part: usize, whole: usize) -> String {
    match (100 * part / whole.max(1)).min(100) {
        0 if part > 0 => "< 1".to_owned(),
        percent => percent.to_string(),
    }
}

fn dominates(facts: &Facts<'_>, group: usize) -> Reason {
    let brought = facts.leaving(group).saturating_sub(facts.groups[group].len());
    let text = format!(
        "{} here for it alone ({} % of all)",
        if brought == 1 { "1 package is".to_owned() } else { format!("{brought} packages are") },
        percent(brought, facts.reached)
    );
    (brought > 0).then(|| (RiskKind::Dominates, share(brought, facts.reached), text))
}

fn dependants(facts: &Facts<'_>, group: usize) -> Reason {
    let direct = facts.direct(group);
    let all = facts.groups.len() + facts.roots;
    let reach = facts.dependants.as_ref().map(|counts| counts[group] as usize);
    // One project that asks for it is what every package has.
    if direct < 2 && reach.unwrap_or(0) < 3 {
        return None;
    }
    let mut text =
        format!("{direct} {} it directly", if direct == 1 { "release asks for" } else { "releases ask for" });
    if let Some(reach) = reach {
        text.push_str(&format!(", {reach} in all ({} %)", percent(reach, all)));
    }
    if let Some(projects) = facts.projects.as_ref().map(|counts| counts[group]).filter(|_| facts.roots > 1) {
        text.push_str(&format!("; it reaches {projects} of {} projects and workspaces", facts.roots));
    }
    Some((RiskKind::Dependants, share(reach.unwrap_or(direct), all), text))
}

fn install_script(facts: &Facts<'_>, group: usize) -> Reason {
    facts.members(group).find(|package| package.has_install_script == Some(true))?;
    let (extra, text) = match facts.depth(group) {
        Some(depth @ 2..) => (2 * (depth.min(6) as usize - 1), format!("runs an install script, {depth} levels deep")),
        _ => (0, "runs an install script".to_owned()),
    };
    Some((RiskKind::InstallScript, 10 + extra, text))
}

fn source(facts: &Facts<'_>, group: usize) -> Reason {
    let package = facts.first(group);
    let (points, text) = match &package.source {
        Source::Git { commit: None, .. } => (20, "comes from a git repository, at no fixed commit".to_owned()),
        Source::Git { commit: Some(_), .. } => (10, "comes from a git repository, not a registry".to_owned()),
        Source::Tarball { url } if is_plain(url) => (20, "is fetched from a URL, without encryption".to_owned()),
        Source::Tarball { .. } => (12, "is fetched from a URL, not a registry".to_owned()),
        Source::File { .. } => (5, "comes from an archive beside the project".to_owned()),
        Source::Registry { url: Some(url), .. } if is_plain(url) => (10, "is fetched without encryption".to_owned()),
        Source::Unknown { text } if !text.is_empty() => (8, "its source is not understood".to_owned()),
        _ => return None,
    };
    Some((RiskKind::Source, points, text))
}

/// `http:` to another machine.
fn is_plain(url: &str) -> bool {
    let rest = url.get(..7).filter(|start| start.eq_ignore_ascii_case("http://")).and_then(|_| url.get(7..));
    rest.is_some_and(|rest| !["localhost", "127.0.0.1", "[::1]"].iter().any(|host| rest.starts_with(host)))
}

fn no_integrity(facts: &Facts<'_>, group: usize) -> Reason {
    let lacks = |package: &Package| wants_integrity(package) && !has_integrity(package);
    let mut lacking = facts.members(group).filter(|package| lacks(package));
    lacking.find(|package| !facts.files_without_integrity.contains(file_of(package)))?;
    Some((RiskKind::NoIntegrity, 8, "has no integrity value, though others in its file do".to_owned()))
}

fn several_versions(facts: &Facts<'_>, group: usize) -> Reason {
    let package = facts.first(group);
    let versions = facts.versions.get(&(&package.ecosystem, package.name.as_str()))?.len();
    let text = format!("{versions} versions of it are here");
    (versions > 1).then(|| (RiskKind::SeveralVersions, (versions - 1).min(3), text))
}

fn publisher(facts: &Facts<'_>, group: usize) -> Reason {
    let known: Vec<&String> = facts.groups[group].iter().find_map(|id| facts.publishers.get(id))?.iter().collect();
    let held = |name: &&String| facts.by_publisher.get(name.as_str()).copied().unwrap_or(0);
    let widest = known.iter().copied().max_by_key(held)?;
    let (releases, all) = (held(&widest), facts.groups.len());
    // Of a handful of releases anyone holds a large share.
    let is_large = releases > 2 && releases * LARGE_SHARE >= all;
    let mut text = match (known.len(), is_large) {
        (1, _) => format!("only {widest} publishes it"),
        (_, true) => format!("{widest} is one of {} who publish it", known.len()),
        _ => return None,
    };
    let mut points = if known.len() == 1 { 4 } else { 0 };
    if is_large {
        points += share(releases, all) / 2 + 1;
        text.push_str(&format!(", and {releases} of {all} releases here"));
    }
    Some((RiskKind::Publisher, points, text))
}

fn extraneous(facts: &Facts<'_>, group: usize) -> Reason {
    let is_extraneous = facts.depth(group).is_none() && facts.roots > 0;
    is_extraneous.then(|| (RiskKind::Extraneous, 8, "nobody asks for it".to_owned()))
}

fn bundled(facts: &Facts<'_>, group: usize) -> Reason {
    let is_bundled = facts.members(group).any(|package| package.bundled);
    is_bundled.then(|| (RiskKind::Bundled, 5, "is shipped inside another package's archive".to_owned()))
}

fn deprecated(facts: &Facts<'_>, group: usize) -> Reason {
    let is_deprecated = facts.members(group).any(|package| package.deprecated.is_some());
    is_deprecated.then(|| (RiskKind::Deprecated, 3, "is deprecated".to_owned()))
}
