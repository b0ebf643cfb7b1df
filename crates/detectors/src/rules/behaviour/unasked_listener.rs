//! Waits for somebody to connect, without being asked to, and gives them files or a shell.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "unasked-listener",
    summary: "Opens a port without being asked, and hands files out or runs what it is sent",
    category: Category::Behaviour,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    techniques: &["T1571", "T1059", "T1005"],
    remedy: CONTAIN,
    doc: include_str!("unasked_listener.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    report_worst(out, &META, c.flows().filter_map(|flow| judge(c, flow)));
}

fn judge(c: &Contents<'_>, flow: &vetch_model::profile::Flow) -> Option<Case> {
    let trigger = when(flow);
    let hidden = c.concealment(&flow.source).or_else(|| c.concealment(&flow.sink));
    let deed = match (flow.source.id, flow.sink.id) {
        (CapabilityId::NetListen, CapabilityId::ProcessSpawn | CapabilityId::CodeEval) => "runs what it is sent",
        (CapabilityId::FsRead, CapabilityId::NetListen) if is_of_the_user(&flow.source) => {
            "hands out files of the user"
        }
        (CapabilityId::EnvEnumerate, CapabilityId::NetListen) => "hands out the environment",
        _ => return None,
    };
    let grade = match (is_unasked(trigger), hidden.is_some()) {
        (true, true) => CERTAIN,
        (true, false) => HARMFUL,
        (false, true) => DOUBTFUL,
        // Servers for development do this when they are started.
        (false, false) => return None,
    };
    let title = format!("{} waits for connections and {deed} {}", c.label(), when_words(trigger));
    let mut evidence = evidence_of([&flow.source, &flow.sink]);
    evidence.extend(hidden);
    Some(Case::new(grade, title, evidence))
}

fn is_of_the_user(read: &Capability) -> bool {
    reads_secrets(read) || class_of(read) == Some(PathClass::Home)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    fn listen() -> Capability {
        cap(CapabilityId::NetListen, named("8000"))
    }

    #[test]
    fn who_opens_a_port_unasked_lets_somebody_in() {
        let shell = |at| Facts::new().flow(listen().at(at), spawn("sh").at(at)).verdict(META.id);
        assert_eq!(shell(Trigger::Import), Verdict::Malicious);
        assert_eq!(shell(Trigger::Bin), Verdict::Clean);
        let home = Facts::new().flow(read(PathClass::Home, "<home>"), listen());
        assert_eq!(home.verdict(META.id), Verdict::Malicious);
        let own = Facts::new().flow(read(PathClass::Package, "<package>/index.html"), listen());
        assert_eq!(own.verdict(META.id), Verdict::Clean);
    }
}
