//! Files of the user are sent away.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "personal-file-theft",
    summary: "Sends files that it gathers in the home folder",
    category: Category::Behaviour,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    techniques: &["T1005", "T1083", "T1041"],
    remedy: CONTAIN,
    doc: include_str!("personal_file_theft.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    report_worst(out, &META, c.flows().filter_map(|flow| judge(c, flow)));
}

fn judge(c: &Contents<'_>, flow: &vetch_model::profile::Flow) -> Option<Case> {
    let path = name_of(&flow.source).filter(|_| flow.source.id == CapabilityId::FsRead)?;
    let is_wanted = match class_of(&flow.source)? {
        PathClass::Home => is_gathered(path),
        // Whatever lies in the project that the package is used in.
        PathClass::Project => is_unasked(when(flow)) && path.contains('*'),
        // Who has an account on the machine.
        PathClass::System => path == "/etc/passwd",
        _ => false,
    };
    if !is_wanted || !is_network(flow.sink.id) {
        return None;
    }
    let host = c.host(&flow.sink);
    let hidden = c.concealment(&flow.sink).or_else(|| c.concealment(&flow.source));
    let grade = sent_grade(when(flow), &host, hidden.is_some())?;
    let title = format!(
        "{} gathers files of the {} and sends them to {} {}",
        c.label(),
        match class_of(&flow.source) {
            Some(PathClass::Home) => "home folder",
            Some(PathClass::Project) => "project",
            _ => "system's accounts",
        },
        host.words(),
        when_words(when(flow))
    );
    Some(Case::sent(grade, &title, [&flow.source, &flow.sink], hidden))
}

/// Whatever lies there, rather than a file that is the package's own.
fn is_gathered(path: &str) -> bool {
    let path = path.replace('\\', "/").to_ascii_lowercase();
    let rest = path.trim_start_matches("<home>").trim_start_matches('~');
    let first = rest.trim_start_matches('/').split('/').next().unwrap_or_default();
    matches!(first, "*" | "documents" | "desktop" | "downloads" | "pictures" | "library" | "onedrive")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    #[test]
    fn what_is_gathered_is_told_from_what_is_its_own() {
        let from = |path: &str| Facts::new().flow(read(PathClass::Home, path), net("192.0.2.1")).verdict(META.id);
        assert_eq!(from("<home>/*/*"), Verdict::Malicious);
        assert_eq!(from("<home>/Documents"), Verdict::Malicious);
        assert_eq!(from("<home>/.tool/settings.json"), Verdict::Clean);
    }
}
