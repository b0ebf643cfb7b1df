//! An executable under a false name.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "disguised-executable",
    summary: "Ships an executable under a name that says otherwise",
    category: Category::Behaviour,
    severity: Severity::Medium,
    confidence: Confidence::High,
    techniques: &["T1036.008", "T1027.009"],
    remedy: REVIEW,
    doc: include_str!("disguised_executable.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let disguised = c.facts.signals.iter().filter(|signal| signal.kind == SignalKind::DisguisedExecutable);
    let cases = disguised.map(|signal| judge(c, signal));
    report_worst(out, &META, cases);
}

fn judge(c: &Contents<'_>, signal: &vetch_model::facts::Signal) -> Case {
    let file = &signal.evidence.location().file;
    let base = file.rsplit('/').next().unwrap_or(file);
    let runs = c.reached().find(|run| {
        matches!(run.id, CapabilityId::ProcessSpawn | CapabilityId::CodeNative | CapabilityId::CodeLoad)
            && name_of(run).is_some_and(|name| name.split_whitespace().any(|word| word.ends_with(base)))
    });
    let listed = c.install_commands().find(|command| command.runs.iter().any(|run| run == file));
    let copies = copied(c, base).filter(|_| runs.is_none());
    let grade = match (runs.or(copies).map(|run| run.trigger), listed.is_some()) {
        (Some(Trigger::Install | Trigger::Import), _) | (_, true) => HARMFUL,
        (Some(_), _) => DOUBTFUL,
        (None, false) => (Severity::Medium, Confidence::High),
    };
    let then = match (runs, copies) {
        (Some(run), _) => format!(" and runs it {}", when_words(run.trigger)),
        (None, Some(run)) => format!(", copies it and runs something {}", when_words(run.trigger)),
        (None, None) => String::new(),
    };
    let title = format!("{} ships {file}, an executable under a name that says otherwise{then}", c.label());
    let mut evidence = vec![signal.evidence.clone()];
    evidence.extend(runs.or(copies).map(|run| run.evidence.clone()));
    Case::new(grade, title, evidence)
}

/// What starts a process where the executable is read and something is written: under another name it is run from there.
fn copied<'a>(c: &'a Contents<'_>, base: &str) -> Option<&'a Capability> {
    let is_it = |read: &&Capability| {
        read.id == CapabilityId::FsRead
            && matches!(&read.resource, Resource::Path { path: Some(path), .. } if path.rsplit('/').next() == Some(base))
    };
    c.reached().filter(is_it).find_map(|read| {
        let there = |other: &Capability| {
            other.trigger == read.trigger && other.evidence.location().file == read.evidence.location().file
        };
        let writes = c.of(CapabilityId::FsWrite).any(there);
        c.of(CapabilityId::ProcessSpawn).find(|spawn| writes && there(spawn))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "disguised-executable";

    #[test]
    fn running_it_is_malicious_and_shipping_it_notable() {
        let facts = Facts::new().signal(SignalKind::DisguisedExecutable, Trigger::Unreached, "img/logo.png", 100);
        assert_eq!(facts.verdict(RULE), Verdict::Notable);
        assert_eq!(facts.caps([spawn("./img/logo.png --x")]).verdict(RULE), Verdict::Malicious);
    }

    #[test]
    fn running_a_copy_is_as_bad_and_reading_alone_is_not() {
        let shipped = || {
            let facts = Facts::new().signal(SignalKind::DisguisedExecutable, Trigger::Import, "tool/_build.py", 100);
            facts.caps([read(PathClass::Package, "<package>/tool/_build.py")])
        };
        assert_eq!(shipped().caps([spawn("git")]).verdict(RULE), Verdict::Notable);
        let copied = shipped().caps([write(PathClass::Temp, "<temp>/build.exe"), spawn("build")]);
        assert_eq!(copied.verdict(RULE), Verdict::Malicious);
    }

    #[test]
    fn honest_binaries_are_nothing() {
        let facts =
            Facts::new().signal(SignalKind::NativeBinary, Trigger::Import, "bin/tool", 100).caps([spawn("bin/tool")]);
        assert_eq!(facts.verdict(RULE), Verdict::Clean);
    }
}
