//! Dependencies that appeared, and those among them that were injected.

use std::collections::BTreeMap;

use vetch_model::capability::Capability;
use vetch_model::evidence::{Evidence, Location};
use vetch_model::facts::PackageFacts;
use vetch_model::history::DAY;
use vetch_model::inventory::EdgeKind;

use crate::input::{Asked, ReleaseFacts};
use crate::installing::{acts, uses};
use crate::lineage::{Lineage, duration, field};
use crate::query::{Contents, class_of, reads_secrets};

/// A version that is younger than that when somebody asks for it was hardly chosen for what it is.
const YOUNG_VERSION: i64 = 3 * DAY;
/// A name that is younger than that has no reputation.
const YOUNG_NAME: i64 = 30 * DAY;

/// A new dependency that has the marks of one that serves the publisher rather than the package.
#[derive(Debug, Clone)]
pub(crate) struct Injected {
    /// What it is called.
    pub name: String,
    /// What speaks against it, as parts of a sentence.
    pub words: Vec<String>,
    /// Strongest first.
    pub evidence: Vec<Evidence>,
    /// Whether it does at install what no honest installer does.
    pub is_hostile: bool,
    /// Whether honest releases hardly bring the like.
    pub is_strong: bool,
}

/// Every new dependency that something speaks against.
pub(crate) fn injected_dependencies(facts: &ReleaseFacts<'_>) -> Vec<Injected> {
    let Some(before) = before(facts) else { return Vec::new() };
    let new = now(facts).into_iter().filter(|(name, _)| !before.contains_key(name));
    new.filter_map(|(name, (range, evidence))| judged(facts, &name, &range, evidence)).collect()
}

type Ranges = BTreeMap<String, (String, Evidence)>;

fn now(facts: &ReleaseFacts<'_>) -> Ranges {
    if let Some(manifest) = facts.contents.and_then(|contents| contents.manifest.as_ref()) {
        let wanted =
            manifest.dependencies.iter().filter(|it| matches!(it.kind, EdgeKind::Production | EdgeKind::Optional));
        let entry = |dependency: &vetch_model::manifest::Dependency| {
            let location = Location { line: dependency.line, span: dependency.span, ..Location::file("package.json") };
            let evidence = Evidence::Field {
                location,
                field: format!("dependencies.{}", dependency.name),
                found: dependency.range.clone(),
                expected: Some("absent".to_owned()),
                note: "the release before it did not ask for it".to_owned(),
            };
            (dependency.name.clone(), (dependency.range.clone(), evidence))
        };
        return wanted.map(entry).collect();
    }
    let Some(lineage) = facts.lineage else { return Ranges::new() };
    let Some(declaration) = lineage.history.declaration(lineage.release) else { return Ranges::new() };
    let entry = |(name, range): (&String, &String)| {
        let evidence = field(
            lineage,
            &format!("dependencies.{name}"),
            range.clone(),
            Some("absent".to_owned()),
            "the release before it did not ask for it",
        );
        (name.clone(), (range.clone(), evidence))
    };
    declaration.dependencies.iter().map(entry).collect()
}

/// What the release before asked for; `None` if that is not known.
fn before(facts: &ReleaseFacts<'_>) -> Option<BTreeMap<String, String>> {
    if let Some(manifest) = facts.before.and_then(|before| before.contents.manifest.as_ref()) {
        let ranges = manifest.dependencies.iter().map(|it| (it.name.clone(), it.range.clone()));
        return Some(ranges.collect());
    }
    let lineage = facts.lineage?;
    Some(lineage.history.declaration(lineage.previous?)?.dependencies.clone())
}

fn judged(facts: &ReleaseFacts<'_>, name: &str, range: &str, evidence: Evidence) -> Option<Injected> {
    let asked = facts.dependencies.iter().find(|asked| asked.name == name);
    let unused = facts.contents.is_some_and(|contents| !uses(contents, asked.and_then(|asked| asked.contents), name));
    let may_load_anything = facts.contents.is_some_and(loads_anything);
    let mut words = Vec::new();
    let mut all = vec![evidence];
    let is_foreign = is_git_or_url(range);
    if is_foreign {
        words.push("comes from outside the registry".to_owned());
    }
    if unused {
        words.push("is imported by no file of it".to_owned());
    }
    let ages = asked.and_then(|asked| ages(facts, asked));
    let (young_version, young_name) = match &ages {
        Some(ages) => (ages.version < YOUNG_VERSION, ages.name.is_some_and(|name| name < YOUNG_NAME)),
        None => (false, false),
    };
    if let Some(ages) = ages.filter(|_| young_version || young_name) {
        words.push(ages.words());
        all.push(ages.evidence);
    }
    let at_install = asked.map(|asked| at_install(facts, asked)).unwrap_or_default();
    if let Some(text) = &at_install.words {
        words.push(text.clone());
    }
    all.extend(at_install.evidence);
    let at_import = asked.and_then(|asked| at_import(facts, asked)).filter(|_| young_version && young_name);
    let is_intrusive = at_import.is_some();
    if let Some((text, evidence)) = at_import {
        words.push(text.to_owned());
        all.push(evidence);
    }
    // What a package that nobody knows does unasked in its user's own folders weighs twice.
    let marks = [
        unused && !may_load_anything,
        young_version || young_name,
        at_install.runs,
        is_foreign,
        is_intrusive,
        is_intrusive,
    ];
    let count = marks.iter().filter(|mark| **mark).count();
    if words.is_empty() || (count < 2 && !at_install.is_hostile) {
        return None;
    }
    let is_strong = at_install.is_hostile || count >= 3 || (is_foreign && unused);
    let name = asked.map_or_else(|| name.to_owned(), |asked| asked.package.label());
    Some(Injected { name, words, evidence: all, is_hostile: at_install.is_hostile, is_strong })
}

fn loads_anything(contents: &PackageFacts) -> bool {
    use vetch_model::capability::{CapabilityId, Resource};
    let mut loads = contents.profile.of(CapabilityId::CodeLoad);
    loads.any(|load| load.trigger.is_reached() && load.resource == Resource::Any)
}

/// `git+ssh://…`, `github:a/b`, `a/b`, `https://…/x.tgz`.
fn is_git_or_url(range: &str) -> bool {
    let is_short = range.split_once('/').is_some_and(|(owner, rest)| {
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.#".contains(&byte));
        !owner.is_empty() && !owner.starts_with('@') && plain(owner) && !rest.is_empty() && plain(rest)
    });
    range.contains("://")
        || range.starts_with("github:")
        || range.starts_with("gitlab:")
        || range.starts_with("bitbucket:")
        || range.starts_with("gist:")
        || is_short
}

struct Ages {
    version: i64,
    name: Option<i64>,
    evidence: Evidence,
}

impl Ages {
    fn words(&self) -> String {
        match self.name {
            Some(name) if name < YOUNG_NAME => {
                format!("was {} old then, and its name {}", duration(self.version), duration(name))
            }
            _ => format!("was {} old then", duration(self.version)),
        }
    }
}

/// How old the dependency was when the release was published. What came later is of no age.
fn ages(facts: &ReleaseFacts<'_>, asked: &Asked<'_>) -> Option<Ages> {
    let at = facts.lineage.and_then(Lineage::published)?;
    let lineage = asked.lineage?;
    let published = lineage.published()?;
    let name = lineage.age_of_name().map(|age| (age + at.since(published)).max(0));
    let version = at.since(published).max(0);
    let shown = crate::lineage::moment(published);
    let evidence = field(lineage, "time", shown, None, &format!("published {} before", duration(version)));
    Some(Ages { version, name, evidence })
}

#[derive(Default)]
struct AtInstall {
    runs: bool,
    is_hostile: bool,
    words: Option<String>,
    evidence: Vec<Evidence>,
}

/// What the dependency does when it is installed.
fn at_install(facts: &ReleaseFacts<'_>, asked: &Asked<'_>) -> AtInstall {
    let Some(contents) = asked.contents else {
        let declaration = asked.lineage.and_then(|lineage| lineage.history.declaration(lineage.release));
        let runs = declaration.is_some_and(|declaration| declaration.has_install_script);
        return AtInstall {
            runs,
            words: runs.then(|| "runs a script when it is installed".to_owned()),
            ..AtInstall::default()
        };
    };
    // Its own commands are asked of its contents; whose dependency it is does not matter to them.
    let contents = Contents::new(facts, contents);
    let command = contents
        .facts
        .install_commands
        .iter()
        .find(|command| command.for_dependents && command.command.trim() != "node-gyp rebuild");
    let Some(command) = command else { return AtInstall::default() };
    let acts = acts(&contents);
    let mut words = format!("runs `{}` when it is installed", command.command);
    if let Some((doing, _)) = acts.hostile.first() {
        words = format!("{words}, which {doing}");
    }
    AtInstall {
        runs: true,
        is_hostile: !acts.hostile.is_empty(),
        words: Some(words),
        evidence: acts.hostile.into_iter().map(|(_, evidence)| evidence).collect(),
    }
}

/// What the dependency does as soon as it is imported that no library has a reason for.
fn at_import(facts: &ReleaseFacts<'_>, asked: &Asked<'_>) -> Option<(&'static str, Evidence)> {
    use vetch_model::capability::{CapabilityId, EvalSource, PathClass, Resource, Trigger};
    let contents = Contents::new(facts, asked.contents?);
    let words = |capability: &Capability| match capability.id {
        _ if capability.trigger != Trigger::Import => None,
        CapabilityId::FsRead if reads_secrets(capability) => Some("reads secrets as soon as it is imported"),
        CapabilityId::FsWrite => match class_of(capability)? {
            PathClass::Home | PathClass::System | PathClass::Autostart | PathClass::Agent | PathClass::CiWorkflows => {
                Some("writes outside the project as soon as it is imported")
            }
            _ => None,
        },
        CapabilityId::ProcessSpawn if capability.attributes.detached || capability.attributes.hidden => {
            Some("leaves a process running as soon as it is imported")
        }
        CapabilityId::CodeEval => match capability.resource {
            Resource::Eval(EvalSource::Decoded | EvalSource::Downloaded) => {
                Some("evaluates hidden code as soon as it is imported")
            }
            _ => None,
        },
        CapabilityId::Persist => Some("makes something start by itself as soon as it is imported"),
        _ => None,
    };
    contents.reached().find_map(|capability| Some((words(capability)?, capability.evidence.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_is_known_by_its_range() {
        for foreign in ["git+ssh://x", "github:a/b#c", "a/b", "a/b#semver:1", "https://x.invalid/a.tgz"] {
            assert!(is_git_or_url(foreign) || foreign.contains(':') && foreign.contains('#'), "{foreign}");
        }
        for plain in ["^1.0.0", "npm:@a/b@1", "workspace:*", "*", "latest", ">=1 <2", "@a/b"] {
            assert!(!is_git_or_url(plain), "{plain}");
        }
    }
}
