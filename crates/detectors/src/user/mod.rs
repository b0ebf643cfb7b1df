//! Rules that users write: TOML over the vocabulary, with conditions in CEL (<https://cel.dev>).
//!
//! A rule names a capability or a flow, and may narrow it by a condition; what fulfils it is the evidence. Everything that
//! is wrong with a file is told with its line before anything is scanned.

mod bounds;
mod facts;
mod file;

use std::path::PathBuf;

use cel::{Context, Program, Value};
use vetch_model::capability::{Capability, Trigger};
use vetch_model::evidence::{Evidence, Location};
use vetch_model::finding::{Category, Finding};
use vetch_model::inventory::Ecosystem;
use vetch_model::profile::Flow;
use vetch_model::rule::RuleMeta;

use crate::input::ReleaseFacts;
pub use file::{RuleProblem, RuleTest, json_schema, parse};

/// Most capabilities or flows of one release that a condition is asked of.
const MAX_CANDIDATES: usize = 512;

/// Most evidence that one finding carries.
const MAX_EVIDENCE: usize = 6;

/// A rule of the user's.
pub struct UserRule {
    /// What reports know of it.
    pub meta: &'static RuleMeta,
    /// The file that it stands in.
    pub file: PathBuf,
    /// What it must find and must leave alone.
    pub tests: Vec<RuleTest>,
    ecosystem: Option<Ecosystem>,
    subject: Subject,
    condition: Option<Program>,
}

/// What a rule is about.
enum Subject {
    Capability(Pattern),
    Flow {
        source: Pattern,
        sink: Pattern,
        triggers: Vec<Trigger>,
        layer: u8,
    },
    /// The release as a whole.
    Release,
}

/// A capability in the vocabulary: `net.connect`, `fs.read(credentials)`, `process.spawn(curl*)`.
struct Pattern {
    id: vetch_model::capability::CapabilityId,
    /// With `*` for anything.
    resource: Option<String>,
    triggers: Vec<Trigger>,
    layer: u8,
}

impl Pattern {
    fn fits(&self, capability: &Capability) -> bool {
        let by_resource = self
            .resource
            .as_deref()
            .is_none_or(|pattern| facts::names_of(&capability.resource).iter().any(|name| is_match(pattern, name)));
        capability.id == self.id
            && by_resource
            && (self.triggers.is_empty() || self.triggers.contains(&capability.trigger))
            && capability.layer >= self.layer
    }
}

/// Whether a text is what a pattern says, in which `*` stands for anything. Case does not matter.
fn is_match(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_ascii_lowercase(), text.to_ascii_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

/// What the rules say of one release, each rule once; and by rule, why its condition has no answer: a field that is not
/// there, a value that is no truth.
pub fn check(rules: &[&UserRule], release: &ReleaseFacts<'_>) -> (Vec<Finding>, Vec<String>) {
    let (mut findings, mut unanswered) = (Vec::new(), Vec::new());
    if rules.is_empty() {
        return (findings, unanswered);
    }
    let facts = match variables(release) {
        Ok(facts) => facts,
        Err(why) => return (findings, vec![why]),
    };
    for rule in rules {
        match rule.evidence(release, &facts) {
            Ok(evidence) => {
                let mut evidence = evidence.into_iter();
                let title = || format!("{}: {}", release.package.label(), rule.meta.summary);
                let first = evidence.next();
                findings.extend(first.map(|first| Finding::new(rule.meta, title(), first).with_evidence(evidence)));
            }
            Err(why) => unanswered.push(format!("the condition of rule `{}`: {why}", rule.meta.id)),
        }
    }
    (findings, unanswered)
}

impl UserRule {
    /// What fulfils the rule; nothing, if nothing does.
    fn evidence(&self, release: &ReleaseFacts<'_>, facts: &Context<'static, 'static>) -> Result<Vec<Evidence>, String> {
        let of_another = self.ecosystem.as_ref().is_some_and(|own| *own != release.package.ecosystem);
        let Some(contents) = release.contents.filter(|_| !of_another) else { return Ok(Vec::new()) };
        let profile = &contents.profile;
        let asks = Asks { condition: self.condition.as_ref(), facts };
        let mut found = Vec::new();
        match &self.subject {
            Subject::Capability(pattern) => {
                let fitting = profile.capabilities.iter().filter(|capability| pattern.fits(capability));
                for capability in fitting.take(MAX_CANDIDATES) {
                    if asks.holds_of("capability", &self::facts::CapabilityFact::of(capability))? {
                        found.push(capability.evidence.clone());
                    }
                }
            }
            Subject::Flow { source, sink, triggers, layer } => {
                let fits = |flow: &&Flow| {
                    source.fits(&flow.source)
                        && sink.fits(&flow.sink)
                        && (triggers.is_empty() || triggers.contains(&flow.trigger.max(flow.sink.trigger)))
                        && flow.source.layer.max(flow.sink.layer) >= *layer
                };
                for flow in profile.flows.iter().filter(fits).take(MAX_CANDIDATES) {
                    if asks.holds_of("flow", &self::facts::FlowFact::of(flow))? {
                        found.extend([flow.source.evidence.clone(), flow.sink.evidence.clone()]);
                    }
                }
            }
            Subject::Release => {
                if asks.holds(asks.facts)? {
                    let file = if release.package.ecosystem == Ecosystem::Npm { "package.json" } else { "METADATA" };
                    found.push(Evidence::File {
                        location: Location::file(file),
                        note: "the release as a whole".to_owned(),
                    });
                }
            }
        }
        found.truncate(MAX_EVIDENCE);
        Ok(found)
    }
}

/// The condition of a rule, with the facts of a release.
struct Asks<'r> {
    condition: Option<&'r Program>,
    facts: &'r Context<'static, 'static>,
}

/// The facts of a release as variables of conditions.
fn variables(release: &ReleaseFacts<'_>) -> Result<Context<'static, 'static>, String> {
    let of = facts::ReleaseFact::of(release);
    let mut variables = Context::default();
    variables
        .add_variable("release", of.package)
        .and_then(|()| variables.add_variable("capabilities", of.capabilities))
        .and_then(|()| variables.add_variable("flows", of.flows))
        .and_then(|()| variables.add_variable("signals", of.signals))
        .map_err(|error| error.to_string())?;
    Ok(variables)
}

impl Asks<'_> {
    /// Whether the condition holds with `candidate` as the variable `name`.
    fn holds_of(&self, name: &'static str, candidate: &impl serde::Serialize) -> Result<bool, String> {
        let mut facts = self.facts.new_inner_scope();
        facts.add_variable(name, candidate).map_err(|error| error.to_string())?;
        self.holds(&facts)
    }

    fn holds(&self, facts: &Context<'_, '_>) -> Result<bool, String> {
        let Some(condition) = self.condition else { return Ok(true) };
        match condition.execute(facts) {
            Ok(Value::Bool(truth)) => Ok(truth),
            Ok(other) => Err(format!("it gives {:?}, which is neither true nor false", other.type_of())),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// The meta of a rule; it lives as long as the process, which reads its rules once.
fn leaked(own: file::Description) -> &'static RuleMeta {
    let text = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
    let techniques: Vec<&'static str> = own.techniques.into_iter().map(text).collect();
    let doc = format!(
        "{}.\n\nA rule of yours, in `{}`.\n\n## What it finds\n\n~~~toml\n{}~~~\n\n## What to do\n\n{}\n",
        own.summary.trim_end_matches('.'),
        own.file,
        own.demands,
        own.remedy
    );
    Box::leak(Box::new(RuleMeta {
        id: text(own.id),
        summary: text(own.summary),
        category: Category::Policy,
        severity: own.severity,
        confidence: own.confidence,
        techniques: Box::leak(techniques.into_boxed_slice()),
        remedy: text(own.remedy),
        doc: text(doc),
    }))
}

#[cfg(test)]
mod tests;
