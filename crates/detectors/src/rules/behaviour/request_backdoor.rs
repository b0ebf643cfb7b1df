//! Runs what a request says.

use std::collections::BTreeSet;

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "request-backdoor",
    summary: "Runs as a command or as code what a request to the application holds",
    category: Category::Behaviour,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    techniques: &["T1505.003", "T1059"],
    remedy: CONTAIN,
    doc: include_str!("request_backdoor.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    report_worst(out, &META, c.flows().filter_map(|flow| judge(c, flow)));
}

fn judge(c: &Contents<'_>, flow: &vetch_model::profile::Flow) -> Option<Case> {
    if flow.source.id != CapabilityId::CallGiven {
        return None;
    }
    let part = name_of(&flow.source).filter(|name| name.starts_with("request"))?;
    if flow.sink.id == CapabilityId::FsDelete {
        return wipes(c, flow);
    }
    let is_body = part == "request body";
    let what = match flow.sink.id {
        // The whole command line: a program with an argument out of a request is what many servers run.
        CapabilityId::ProcessSpawn if flow.sink.resource == Resource::Any && flow.sink.attributes.shell => "commands",
        // Bodies of functions are `body`, too: compilers of templates make code of them.
        // Parts of an address are `query`, too: it has to be evaluated where it is read.
        CapabilityId::CodeEval if part == "request query" && !is_near(&flow.source, &flow.sink) => return None,
        CapabilityId::CodeEval if !is_body => "code",
        _ => return None,
    };
    let hidden = c.concealment(&flow.sink);
    if hidden.is_none() && goes_everywhere(c, flow) {
        return None;
    }
    let grade = match is_body {
        true if hidden.is_none() => DOUBTFUL,
        _ => HARMFUL,
    };
    let title = format!("{} runs {what} that it finds in requests to the application that uses it", c.label());
    let mut evidence = evidence_of([&flow.source, &flow.sink]);
    evidence.extend(hidden);
    Some(Case::new(grade, title, evidence))
}

/// All that the application's folder holds is deleted by a function that answers requests.
fn wipes(c: &Contents<'_>, flow: &vetch_model::profile::Flow) -> Option<Case> {
    let path = name_of(&flow.sink)?.trim_end_matches('/');
    if !matches!(path, "<project>" | "." | "<home>" | "~" | "/") {
        return None;
    }
    let title = format!("{} deletes the folder of the application that uses it when a request asks for it", c.label());
    Some(Case::new(HARMFUL, title, evidence_of([&flow.source, &flow.sink])))
}

/// Whether what is given ends up in code of other files that does all kinds of things: the server of a large tool, of whose
/// commands nobody can say that they are those of a request.
fn goes_everywhere(c: &Contents<'_>, flow: &vetch_model::profile::Flow) -> bool {
    const KINDS: usize = 3;
    let (from, to) = (flow.source.evidence.location(), flow.sink.evidence.location());
    let same = c.flows().filter(|other| other.trigger == flow.trigger && other.source.label() == flow.source.label());
    let runs = [CapabilityId::ProcessSpawn, CapabilityId::CodeEval];
    let others: BTreeSet<CapabilityId> = same.map(|other| other.sink.id).filter(|id| !runs.contains(id)).collect();
    from.file != to.file && others.len() >= KINDS
}

/// Whether both stand within a few lines of one file.
fn is_near(source: &Capability, sink: &Capability) -> bool {
    const NEAR: u32 = 2_000;
    stand_within(NEAR, source, sink)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::capability::Attributes;
    use vetch_model::verdict::Verdict;

    fn verdict(part: &str, mut sink: Capability, shell: bool) -> Verdict {
        sink.attributes = Attributes { shell, ..Attributes::default() };
        let given = cap(CapabilityId::CallGiven, named(part)).at(Trigger::Call);
        Facts::new().flow(given, sink.at(Trigger::Call)).verdict(META.id)
    }

    #[test]
    fn whole_commands_and_code_are_backdoors() {
        assert_eq!(verdict("request", spawn("*"), true), Verdict::Malicious);
        assert_eq!(verdict("request body", spawn("*"), true), Verdict::Suspicious);
        assert_eq!(verdict("request", eval(EvalSource::Decoded), false), Verdict::Malicious);
    }

    #[test]
    fn what_goes_everywhere_is_the_server_of_a_tool() {
        let given = || cap(CapabilityId::CallGiven, named("request")).at(Trigger::Call);
        let shell = || Capability {
            attributes: Attributes { shell: true, ..Attributes::default() },
            ..spawn("*").at(Trigger::Call)
        };
        let elsewhere = || Capability { evidence: code("lib/run.js", 1, "exec(line)", 0), ..shell() };
        let also = |facts: Facts, id: CapabilityId| facts.flow(given(), cap(id, named("x")).at(Trigger::Call));
        let others = [CapabilityId::NetConnect, CapabilityId::FsWrite, CapabilityId::CodeLoad];
        let all = |sink: Capability, count: usize| {
            others.into_iter().take(count).fold(Facts::new().flow(given(), sink), also).verdict(META.id)
        };
        assert_eq!(all(elsewhere(), 3), Verdict::Clean);
        assert_eq!(all(elsewhere(), 2), Verdict::Malicious);
        assert_eq!(all(shell(), 3), Verdict::Malicious);
    }

    #[test]
    fn arguments_of_programs_and_templates_are_not() {
        assert_eq!(verdict("request", spawn("git"), true), Verdict::Clean);
        assert_eq!(verdict("request", spawn("*"), false), Verdict::Clean);
        assert_eq!(verdict("request body", eval(EvalSource::Dynamic), false), Verdict::Clean);
        assert_eq!(verdict("argument privateKey", eval(EvalSource::Dynamic), false), Verdict::Clean);
    }
}
