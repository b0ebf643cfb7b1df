//! The format of a file of rules, and what may be wrong with one.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Component, Path, PathBuf};

use cel::Program;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;
use vetch_model::capability::{CapabilityId, Trigger};
use vetch_model::finding::{Confidence, Severity};
use vetch_model::inventory::Ecosystem;

use super::{Pattern, Subject, UserRule};

/// The version of the format.
const VERSION: i64 = 1;

/// Longest condition, in bytes.
const MAX_CONDITION: usize = 4096;

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleProblem {
    /// The file, as it was named.
    pub file: PathBuf,
    /// One-based.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for RuleProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.message)
    }
}

/// A package, and whether the rule must find something in it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleTest {
    /// Whether the rule must fire.
    pub expect: bool,
    /// By path: what the files hold.
    pub files: BTreeMap<String, String>,
}

/// What a rule says of itself.
pub(super) struct Description {
    pub id: String,
    pub summary: String,
    pub severity: Severity,
    pub confidence: Confidence,
    pub techniques: Vec<String>,
    pub remedy: String,
    /// What must hold, as the file writes it.
    pub demands: String,
    pub file: String,
}

/// Rules of your own for `vetch --rules`: docs/user-rules.md.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Written {
    /// Always 1.
    #[schemars(with = "i64")]
    version: Spanned<i64>,
    #[serde(default)]
    #[schemars(with = "Vec<WrittenRule>")]
    rule: Vec<Spanned<WrittenRule>>,
}

/// One rule.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    /// Lower-case words with hyphens between them.
    #[schemars(with = "String")]
    id: Spanned<String>,
    /// One line: what the rule finds.
    #[schemars(with = "String")]
    summary: Spanned<String>,
    /// critical, high, medium, low or info.
    #[schemars(with = "String")]
    severity: Spanned<String>,
    /// high, medium or low; medium if it is not given.
    #[schemars(with = "Option<String>")]
    confidence: Option<Spanned<String>>,
    /// MITRE ATT&CK technique ids.
    #[serde(default)]
    techniques: Vec<String>,
    /// What to do.
    remedy: Option<String>,
    /// npm or pypi; both if it is not given.
    #[schemars(with = "Option<String>")]
    ecosystem: Option<Spanned<String>>,
    /// A condition in CEL.
    #[schemars(with = "Option<String>")]
    when: Option<Spanned<String>>,
    #[schemars(with = "Option<WrittenCapability>")]
    capability: Option<Spanned<WrittenCapability>>,
    #[schemars(with = "Option<WrittenFlow>")]
    flow: Option<Spanned<WrittenFlow>>,
    #[serde(default)]
    #[schemars(with = "Vec<RuleTest>")]
    test: Vec<Spanned<RuleTest>>,
}

/// A capability that a release must have.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WrittenCapability {
    /// `id` or `id(resource)`.
    #[schemars(with = "String")]
    is: Spanned<String>,
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    trigger: Vec<Spanned<String>>,
    #[serde(default)]
    layer: u8,
}

/// Data that must get from one capability to another.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WrittenFlow {
    /// `id` or `id(resource)`.
    #[schemars(with = "String")]
    source: Spanned<String>,
    /// `id` or `id(resource)`.
    #[schemars(with = "String")]
    sink: Spanned<String>,
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    trigger: Vec<Spanned<String>>,
    #[serde(default)]
    layer: u8,
}

/// The JSON Schema of a file of rules, for editors.
pub fn json_schema() -> String {
    let schema = schemars::schema_for!(Written);
    serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n"
}

/// Reads the rules of a file. `taken` are the ids that are in use.
///
/// # Errors
/// Everything that is wrong with the file, by line.
pub fn parse<'i>(
    file: &Path,
    text: &str,
    taken: impl IntoIterator<Item = &'i str>,
) -> Result<Vec<UserRule>, Vec<RuleProblem>> {
    let mut reader = Reader { file, text, problems: Vec::new(), taken: taken.into_iter().map(str::to_owned).collect() };
    let written: Written = match toml::from_str(text) {
        Ok(written) => written,
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            reader.problem(at, error.message());
            return Err(reader.problems);
        }
    };
    if *written.version.get_ref() != VERSION {
        reader.problem(written.version.span().start, format!("this Vetch reads version {VERSION}"));
    }
    let rules: Vec<UserRule> = written.rule.into_iter().filter_map(|rule| reader.rule(rule)).collect();
    if reader.problems.is_empty() { Ok(rules) } else { Err(reader.problems) }
}

struct Reader<'t> {
    file: &'t Path,
    text: &'t str,
    problems: Vec<RuleProblem>,
    taken: Vec<String>,
}

impl Reader<'_> {
    fn problem(&mut self, at: usize, message: impl Into<String>) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        self.problems.push(RuleProblem { file: self.file.to_owned(), line, message: message.into() });
    }

    fn rule(&mut self, rule: Spanned<WrittenRule>) -> Option<UserRule> {
        let before = self.problems.len();
        let at = rule.span().start;
        let rule = rule.into_inner();
        self.id(&rule.id);
        if rule.summary.get_ref().is_empty() {
            self.problem(rule.summary.span().start, "the summary is empty; say what the rule finds");
        }
        let severity = self.one_of(&rule.severity, Severity::ALL, Severity::as_str);
        let confidence = match &rule.confidence {
            Some(written) => self.one_of(written, Confidence::ALL, Confidence::as_str),
            None => Some(Confidence::Medium),
        };
        let ecosystem = rule.ecosystem.as_ref().and_then(|written| self.ecosystem(written));
        let condition = rule.when.as_ref().and_then(|when| self.condition(when));
        let demands = self.demands(&rule);
        let subject = self.subject(rule.capability, rule.flow);
        if matches!(subject, Some(Subject::Release)) && rule.when.is_none() {
            self.problem(at, "the rule has no condition: give `capability`, `flow` or `when`");
        }
        for test in &rule.test {
            self.test(test);
        }
        if self.problems.len() > before {
            return None;
        }
        let meta = super::leaked(Description {
            id: rule.id.into_inner(),
            summary: rule.summary.into_inner(),
            severity: severity?,
            confidence: confidence?,
            techniques: rule.techniques,
            remedy: rule.remedy.unwrap_or_else(|| "Ask whoever keeps this rule.".to_owned()),
            demands,
            file: self.file.display().to_string(),
        });
        let tests = rule.test.into_iter().map(Spanned::into_inner).collect();
        Some(UserRule { meta, file: self.file.to_owned(), tests, ecosystem, subject: subject?, condition })
    }

    /// What a rule asks for, in the words of its file.
    fn demands(&self, rule: &WrittenRule) -> String {
        let spans = [
            rule.capability.as_ref().map(|written| ("capability", written.span())),
            rule.flow.as_ref().map(|written| ("flow", written.span())),
            rule.when.as_ref().map(|written| ("when", written.span())),
        ];
        let lines = spans.into_iter().flatten();
        lines.map(|(key, span)| format!("{key} = {}\n", self.text.get(span).unwrap_or_default())).collect()
    }

    fn id(&mut self, id: &Spanned<String>) {
        let text = id.get_ref();
        let is_kebab = !text.is_empty()
            && text.split('-').all(|part| {
                !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            });
        if !is_kebab {
            self.problem(id.span().start, format!("`{text}` is no id: lower-case words with hyphens between them"));
        } else if self.taken.contains(text) {
            self.problem(id.span().start, format!("there is a rule `{text}` already"));
        } else {
            self.taken.push(text.clone());
        }
    }

    fn one_of<T: Copy>(&mut self, written: &Spanned<String>, all: &[T], name: fn(T) -> &'static str) -> Option<T> {
        let found = all.iter().find(|one| name(**one) == written.get_ref()).copied();
        if found.is_none() {
            let all: Vec<&str> = all.iter().copied().map(name).collect();
            let message = format!("`{}` is none of {}", written.get_ref(), all.join(", "));
            self.problem(written.span().start, message);
        }
        found
    }

    fn ecosystem(&mut self, written: &Spanned<String>) -> Option<Ecosystem> {
        let found = [Ecosystem::Npm, Ecosystem::Pypi]
            .into_iter()
            .find(|one| super::facts::ecosystem_name(one) == *written.get_ref());
        if found.is_none() {
            self.problem(written.span().start, format!("`{}` is none of npm, pypi", written.get_ref()));
        }
        found
    }

    fn condition(&mut self, when: &Spanned<String>) -> Option<Program> {
        if when.get_ref().len() > MAX_CONDITION {
            self.problem(when.span().start, format!("a condition has at most {MAX_CONDITION} bytes"));
            return None;
        }
        match Program::compile(when.get_ref()) {
            Ok(program) => match super::bounds::excess(&program.expression().expr) {
                None => Some(program),
                Some(excess) => {
                    self.problem(when.span().start, excess);
                    None
                }
            },
            Err(errors) => {
                let first = errors.errors.first();
                let message = first.map_or_else(|| errors.to_string(), |error| error.msg.clone());
                self.problem(when.span().start, format!("the condition is no CEL expression: {message}"));
                None
            }
        }
    }

    fn subject(
        &mut self,
        capability: Option<Spanned<WrittenCapability>>,
        flow: Option<Spanned<WrittenFlow>>,
    ) -> Option<Subject> {
        match (capability, flow) {
            (Some(_), Some(flow)) => {
                self.problem(flow.span().start, "a rule is about a capability or a flow, not both");
                None
            }
            (Some(capability), None) => {
                let capability = capability.into_inner();
                let triggers = self.triggers(&capability.trigger);
                let pattern = self.pattern(&capability.is)?;
                Some(Subject::Capability(Pattern { triggers, layer: capability.layer, ..pattern }))
            }
            (None, Some(flow)) => {
                let flow = flow.into_inner();
                let triggers = self.triggers(&flow.trigger);
                let (source, sink) = (self.pattern(&flow.source), self.pattern(&flow.sink));
                Some(Subject::Flow { source: source?, sink: sink?, triggers, layer: flow.layer })
            }
            (None, None) => Some(Subject::Release),
        }
    }

    fn triggers(&mut self, written: &[Spanned<String>]) -> Vec<Trigger> {
        written.iter().filter_map(|trigger| self.one_of(trigger, Trigger::ALL, Trigger::as_str)).collect()
    }

    /// `net.connect`, `fs.read(credentials)`
    fn pattern(&mut self, written: &Spanned<String>) -> Option<Pattern> {
        let text = written.get_ref();
        let (id, resource) = match text.split_once('(') {
            Some((id, rest)) => (id, Some(rest.strip_suffix(')').unwrap_or(rest).to_owned())),
            None => (text.as_str(), None),
        };
        let found = CapabilityId::ALL.iter().find(|one| one.as_str() == id).copied();
        if found.is_none() {
            let near = CapabilityId::ALL.iter().map(|id| id.as_str()).filter(|one| {
                one.split('.').next() == id.split('.').next() || one.split('.').nth(1) == id.split('.').nth(1)
            });
            let near: Vec<&str> = near.collect();
            let advice = match near.as_slice() {
                [] => "the vocabulary is in docs/user-rules.md".to_owned(),
                near => format!("near it: {}", near.join(", ")),
            };
            self.problem(written.span().start, format!("`{id}` is no capability; {advice}"));
        }
        Some(Pattern { id: found?, resource, triggers: Vec::new(), layer: 0 })
    }

    fn test(&mut self, test: &Spanned<RuleTest>) {
        let leaves = |path: &&String| {
            let path = Path::new(path.as_str());
            path.as_os_str().is_empty() || !path.components().all(|part| matches!(part, Component::Normal(_)))
        };
        if let Some(path) = test.get_ref().files.keys().find(leaves) {
            self.problem(test.span().start, format!("`{path}` is no path within a package"));
        }
        if test.get_ref().files.is_empty() {
            self.problem(test.span().start, "a test needs files");
        }
    }
}
