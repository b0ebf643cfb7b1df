//! Code points that a reader cannot see.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "invisible-code",
    summary: "Hides code or data in characters that show nothing or reorder text",
    category: Category::Behaviour,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    techniques: &["T1027", "T1036.002"],
    remedy: REVIEW,
    doc: include_str!("invisible_code.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let kinds = [SignalKind::BidiControl, SignalKind::InvisibleText];
    let cases = c.facts.signals.iter().filter(|signal| kinds.contains(&signal.kind)).map(|signal| judge(c, signal));
    report_worst(out, &META, cases);
}

fn judge(c: &Contents<'_>, signal: &vetch_model::facts::Signal) -> Case {
    let file = &signal.evidence.location().file;
    let executes = (signal.kind == SignalKind::InvisibleText)
        .then(|| {
            c.of(CapabilityId::CodeEval)
                .filter(|eval| eval.resource != Resource::Eval(EvalSource::Constant))
                .find(|eval| eval.evidence.location().file == *file)
        })
        .flatten();
    let decodes = executes.is_some_and(|eval| eval.resource == Resource::Eval(EvalSource::Decoded));
    let grade = match executes {
        Some(_) if decodes => HARMFUL,
        // Bundles hold tables of emoji beside template compilers: only a long text that runs unasked is telling.
        Some(eval) if signal.strength >= 80 && is_unasked(eval.trigger) => DOUBTFUL,
        _ if signal.trigger.is_reached() => ODD,
        // Test data and locale tables.
        _ => (Severity::Low, Confidence::Medium),
    };
    let what = if signal.kind == SignalKind::BidiControl {
        "characters that reorder what a reader sees"
    } else {
        "text that shows nothing"
    };
    let then = match (executes.is_some(), decodes) {
        (true, true) => " and executes what it decodes",
        (true, false) => " beside code that is made at run time",
        (false, _) => "",
    };
    let title = format!("{file} of {} holds {what}{then}", c.label());
    let mut evidence = vec![signal.evidence.clone()];
    evidence.extend(executes.map(|eval| eval.evidence.clone()));
    Case::new(grade, title, evidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "invisible-code";

    #[test]
    fn invisible_text_that_is_executed_is_malicious() {
        let facts = Facts::new().signal(SignalKind::InvisibleText, Trigger::Import, "setup.js", 90);
        assert_eq!(facts.verdict(RULE), Verdict::Notable);
        assert_eq!(facts.caps([eval(EvalSource::Decoded).at(Trigger::Import)]).verdict(RULE), Verdict::Malicious);
        let unclear = Facts::new().signal(SignalKind::InvisibleText, Trigger::Import, "setup.js", 90);
        assert_eq!(unclear.caps([eval(EvalSource::Dynamic).at(Trigger::Import)]).verdict(RULE), Verdict::Suspicious);
    }

    #[test]
    fn bundles_with_tables_of_emoji_are_notable() {
        let facts = Facts::new().signal(SignalKind::InvisibleText, Trigger::Import, "setup.js", 40).caps([
            eval(EvalSource::Dynamic).at(Trigger::Call),
            net("*").at(Trigger::Import),
            spawn("git").at(Trigger::Import),
        ]);
        assert_eq!(facts.overall(), Verdict::Notable);
    }

    #[test]
    fn bidirectional_text_beside_a_template_compiler_is_notable() {
        let facts = Facts::new()
            .signal(SignalKind::BidiControl, Trigger::Import, "setup.js", 90)
            .caps([eval(EvalSource::Dynamic).at(Trigger::Import)]);
        assert_eq!(facts.verdict(RULE), Verdict::Notable);
    }
}
