//! Python files that are not what the `RECORD` of their release says.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "recorded-files-changed",
    summary: "Python files are not those that the RECORD of their release lists",
    category: Category::Integrity,
    severity: Severity::High,
    confidence: Confidence::Medium,
    techniques: &["T1554"],
    remedy: VERIFY_PYTHON,
    doc: include_str!("recorded_files_changed.md"),
};

use super::installed_files_changed::is_code;
use crate::input::{ChangedFile, Recorded};

pub(crate) fn check(facts: &ReleaseFacts<'_>, out: &mut Vec<Finding>) {
    for recorded in &facts.recorded {
        let cases =
            [changed(facts, recorded), overwritten(facts, recorded), extra(facts, recorded), missing(facts, recorded)];
        // Each by itself: what was planted is not what was changed.
        for case in cases.into_iter().flatten() {
            report(out, &META, case.grade, case.title, case.evidence);
        }
    }
}

/// Files with other contents: nothing but an installer writes them, and it records what it writes.
fn changed(facts: &ReleaseFacts<'_>, recorded: &Recorded<'_>) -> Option<Case> {
    let files = &recorded.difference.changed;
    let runs = |file: &&ChangedFile| runs(&file.path);
    let (code, rest): (Vec<&ChangedFile>, Vec<&ChangedFile>) = files.iter().partition(runs);
    let (grade, shown) = match (code.is_empty(), rest.is_empty()) {
        (true, true) => return None,
        (true, false) => (FACT, rest),
        (false, _) => (DOUBTFUL, code),
    };
    let label = facts.package.label();
    let (what, note) = match recorded.is_installed {
        true => ("installed", "changed after the installer recorded it"),
        false => ("recorded when it was built", "changed after the wheel was built"),
    };
    let title = match shown.as_slice() {
        [one] => format!("{} of {label} is not the one that was {what}", one.path),
        several => format!("{} files of {label} are not those that were {what}", several.len()),
    };
    let evidence = shown.iter().take(8).map(|file| Evidence::Field {
        location: file.recorded_at.clone(),
        field: file.path.clone(),
        found: file.found.clone(),
        expected: Some(file.expected.clone()),
        note: note.to_owned(),
    });
    Some(Case::new(grade, title, evidence.collect()))
}

/// Files that another release was installed over, as it recorded them: two releases claim the same places, and what lies
/// there is judged with the other.
fn overwritten(facts: &ReleaseFacts<'_>, recorded: &Recorded<'_>) -> Option<Case> {
    let files = &recorded.difference.overwritten;
    let (_, first) = files.first()?;
    let others = if files.iter().all(|(_, by)| by == first) { first.as_str() } else { "others" };
    let title = format!(
        "{} files of {} are those of {others}, which was installed over it",
        files.len(),
        facts.package.label()
    );
    let evidence = files.iter().take(8).map(|(file, by)| Evidence::Field {
        location: file.recorded_at.clone(),
        field: file.path.clone(),
        found: file.found.clone(),
        expected: Some(file.expected.clone()),
        note: format!("as {by} recorded it"),
    });
    Some(Case::new(FACT, title, evidence.collect()))
}

/// Files in the distribution's folders that nobody recorded.
fn extra(facts: &ReleaseFacts<'_>, recorded: &Recorded<'_>) -> Option<Case> {
    let files = &recorded.difference.extra;
    let code: Vec<&String> = files.iter().filter(|path| runs(path)).collect();
    let (grade, shown) = match (code.is_empty(), files.is_empty()) {
        (true, true) => return None,
        (true, false) => ((Severity::Info, Confidence::High), files.iter().collect()),
        // Packages write into their own installed folder; nothing but a build tool writes a wheel.
        (false, _) if recorded.is_installed => (ODD, code),
        (false, _) => (DOUBTFUL, code),
    };
    let label = facts.package.label();
    let who = if recorded.is_installed { "installer" } else { "build tool" };
    let title = match shown.as_slice() {
        [one] => format!("{one} lies among the files of {label}, and no {who} recorded it"),
        several => format!("{} files lie among those of {label}, and no {who} recorded them", several.len()),
    };
    let evidence = shown
        .iter()
        .take(8)
        .map(|path| Evidence::File { location: Location::file(path.as_str()), note: "in no RECORD".to_owned() });
    Some(Case::new(grade, title, evidence.collect()))
}

/// Files that are gone: pruned, most often.
fn missing(facts: &ReleaseFacts<'_>, recorded: &Recorded<'_>) -> Option<Case> {
    let files = &recorded.difference.missing;
    let (first, _) = files.first()?;
    let is_code = files.iter().any(|(path, _)| runs(path));
    let grade = if is_code { FACT } else { (Severity::Info, Confidence::High) };
    let what = if recorded.is_installed { "installed files" } else { "files" };
    let title = format!("{} {what} of {} are gone, {first} among them", files.len(), facts.package.label());
    let evidence = files.iter().take(8).map(|(path, location)| Evidence::File {
        location: location.clone(),
        note: format!("{path} is recorded, and not there"),
    });
    Some(Case::new(grade, title, evidence.collect()))
}

/// Whether Python or the system runs a file of that name.
fn runs(path: &str) -> bool {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    is_code(path) || matches!(ending, "pyc" | "pyo" | "pyd" | "pyw" | "pth" | "pyx")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::RecordDifference;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    fn verdict(change: impl FnOnce(&mut RecordDifference)) -> Verdict {
        let mut difference = RecordDifference::default();
        change(&mut difference);
        Facts::new().recorded(difference).verdict(META.id)
    }

    fn file(path: &str) -> ChangedFile {
        let recorded_at = Location::file("tool-1.0.dist-info/RECORD");
        ChangedFile { path: path.to_owned(), expected: "1 bytes".to_owned(), found: "2 bytes".to_owned(), recorded_at }
    }

    #[test]
    fn changed_code_is_suspicious_and_changed_data_notable() {
        assert_eq!(verdict(|it| it.changed.push(file("tool/__init__.py"))), Verdict::Suspicious);
        assert_eq!(verdict(|it| it.changed.push(file("tool/fast.pyd"))), Verdict::Suspicious);
        assert_eq!(verdict(|it| it.changed.push(file("tool/LICENSE.txt"))), Verdict::Notable);
        assert_eq!(verdict(|_| ()), Verdict::Clean);
    }

    #[test]
    fn what_another_release_was_installed_over_is_no_tampering() {
        let over = |path: &str| (file(path), "other@1.0".to_owned());
        assert_eq!(verdict(|it| it.overwritten.push(over("tool/__init__.py"))), Verdict::Notable);
        let both = |it: &mut RecordDifference| {
            it.overwritten.push(over("tool/a.py"));
            it.changed.push(file("tool/b.py"));
        };
        assert_eq!(verdict(both), Verdict::Suspicious);
    }

    #[test]
    fn planted_code_is_notable_and_planted_data_nothing() {
        assert_eq!(verdict(|it| it.extra.push("tool/x.py".to_owned())), Verdict::Notable);
        assert_eq!(verdict(|it| it.extra.push("tool/cache.json".to_owned())), Verdict::Clean);
    }

    #[test]
    fn nothing_is_added_to_a_wheel_after_it_was_built() {
        let planted = |path: &str| RecordDifference { extra: vec![path.to_owned()], ..RecordDifference::default() };
        let verdict = |path: &str| Facts::new().recorded_in_wheel(planted(path)).verdict(META.id);
        assert_eq!(verdict("tool.pth"), Verdict::Suspicious);
        assert_eq!(verdict("tool/data.json"), Verdict::Clean);
    }

    #[test]
    fn what_was_pruned_is_worth_knowing_where_it_ran() {
        let gone = |path: &str| (path.to_owned(), Location::file("tool-1.0.dist-info/RECORD"));
        assert_eq!(verdict(|it| it.missing.push(gone("tool/tests/a.py"))), Verdict::Notable);
        assert_eq!(verdict(|it| it.missing.push(gone("tool/docs/a.md"))), Verdict::Clean);
    }
}
