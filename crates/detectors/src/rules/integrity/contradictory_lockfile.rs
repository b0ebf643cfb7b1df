//! A lockfile that says two things.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "contradictory-lockfile",
    summary: "The lockfile says different things to different readers",
    category: Category::Integrity,
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    techniques: &["T1195.001"],
    remedy: RELOCK,
    doc: include_str!("contradictory_lockfile.md"),
};

pub(crate) fn check(facts: &TargetFacts<'_>, out: &mut Vec<Finding>) {
    let cases = facts.notes.iter().filter_map(judge);
    report_worst(out, &META, cases);
}

fn judge(note: &Note<'_>) -> Option<Case> {
    let (grade, title) = match note.kind {
        "contradiction" => (
            ODD,
            format!("the lockfile says two things of {}: old and new npm would install different packages", note.field),
        ),
        "duplicate-key" => {
            (ODD, format!("the lockfile names {} twice: the last counts, a reader sees the first", note.field))
        }
        "only-for-old-clients" => (FACT, format!("only old versions of npm would install {}", note.field)),
        "ignored-lockfile" => (FACT, format!("{} is ignored: another lockfile takes precedence", note.field)),
        _ => return None,
    };
    let evidence = Evidence::Field {
        location: note.location.clone(),
        field: note.field.to_owned(),
        found: note.found.to_owned(),
        expected: note.expected.map(str::to_owned),
        note: "what one reader takes for the truth, another does not see".to_owned(),
    };
    Some(Case::new(grade, title, vec![evidence]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    #[test]
    fn contradictions_are_notable_and_unknown_notes_nothing() {
        assert_eq!(judge_packages(Vec::new(), &[("contradiction", "1.0.0")]), [(META.id, Verdict::Notable)]);
        assert_eq!(judge_packages(Vec::new(), &[("something-new", "1.0.0")]), []);
    }
}
