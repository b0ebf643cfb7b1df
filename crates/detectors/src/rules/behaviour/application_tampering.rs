//! Code is put into other programs.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "application-tampering",
    summary: "Writes into the files of another application, a wallet or a browser",
    category: Category::Behaviour,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    techniques: &["T1554", "T1195.002"],
    remedy: CONTAIN,
    doc: include_str!("application_tampering.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    report_worst(out, &META, c.of(CapabilityId::FsWrite).filter_map(|write| judge(c, write)));
}

fn judge(c: &Contents<'_>, write: &Capability) -> Option<Case> {
    let path = name_of(write)?.replace('\\', "/").to_ascii_lowercase();
    // Packagers of applications work on those that their callers name.
    if path.starts_with('*') && !is_unasked(write.trigger) {
        return None;
    }
    let victim = victim_of(class_of(write)?, &path)?;
    let hidden = c.concealment(write);
    let into = |flow: &&vetch_model::profile::Flow| flow.sink == *write && is_network(flow.source.id);
    let fetched = c.flows().find(into).map(|flow| &flow.source);
    let grade = match (is_unasked(write.trigger), fetched.is_some() || hidden.is_some()) {
        (true, _) | (false, true) => HARMFUL,
        (false, false) => DOUBTFUL,
    };
    let mut reasons = Vec::new();
    reasons.extend(fetched.is_some().then_some("with what it downloads"));
    reasons.extend(hidden.is_some().then_some("in hidden code"));
    let title = format!("{} writes over {victim} {}{}", c.label(), when_words(write.trigger), because(&reasons));
    let mut evidence = evidence_of([write].into_iter().chain(fetched));
    evidence.extend(hidden);
    Some(Case::new(grade, title, evidence))
}

/// Whether a path below the data of Windows' applications goes through folders whose names were looked up.
fn is_found_below_appdata(path: &str) -> bool {
    path.contains("/appdata/local/") && path.contains("/*/")
        || path.contains("/appdata/") && path.matches('*').count() > 1
}

/// Whose file it is, if it is a file that another program runs.
fn victim_of(class: PathClass, path: &str) -> Option<&'static str> {
    let is_code = [".js", ".cjs", ".mjs", ".asar", ".exe", ".dll", ".so", ".dylib", ".node"]
        .iter()
        .any(|end| path.ends_with(end));
    let is_application = [".app/contents/", "/program files", "/resources/app"].iter().any(|part| path.contains(part))
        // Versions of programs that lie in folders of their own, found by looking.
        || is_found_below_appdata(path) && (path.ends_with(".js") || path.ends_with(".asar"));
    match class {
        PathClass::Wallet if is_code => Some("a wallet's program"),
        PathClass::Browser if is_code => Some("a browser's program"),
        PathClass::Home | PathClass::System | PathClass::Unknown if is_code && is_application => {
            Some("the program of another application")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::Trigger;
    use vetch_model::verdict::Verdict;

    #[test]
    fn whose_program_is_written_decides() {
        let at = |class, path: &str| Facts::new().caps([write(class, path)]).verdict(META.id);
        assert_eq!(at(PathClass::Wallet, "<home>/AppData/Local/exodus/app-1/resources/app.asar"), Verdict::Malicious);
        assert_eq!(
            at(PathClass::System, "/Applications/Editor.app/Contents/Resources/app/main.js"),
            Verdict::Malicious
        );
        assert_eq!(at(PathClass::Home, "<home>/.tool/main.js"), Verdict::Clean);
        let packed = write(PathClass::Unknown, "*/Contents/Resources/app.asar").at(Trigger::Call);
        assert_eq!(Facts::new().caps([packed]).verdict(META.id), Verdict::Clean);
        assert_eq!(at(PathClass::Wallet, "<home>/.ethereum/notes.txt"), Verdict::Clean);
    }
}
