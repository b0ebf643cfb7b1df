//! Starts processes at install.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "install-time-process",
    summary: "Starts processes when it is installed",
    category: Category::Behaviour,
    severity: Severity::Low,
    confidence: Confidence::High,
    techniques: &["T1059"],
    remedy: KNOW,
    doc: include_str!("install_time_process.md"),
};

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let used: Vec<&Capability> = c.at(Trigger::Install, CapabilityId::ProcessSpawn).collect();
    let commands: std::collections::BTreeSet<&str> = used.iter().filter_map(|used| name_of(used)).collect();
    let commands: Vec<&str> = commands.into_iter().take(4).collect();
    let which = if commands.is_empty() { String::new() } else { format!(": {}", list(&commands)) };
    if let Some(library) = c.at(Trigger::Install, CapabilityId::CodeNative).find_map(loaded_by_system) {
        let title = format!("{} has the system run code out of {} when it is installed", c.label(), library.0);
        return report(out, &META, DOUBTFUL, title, evidence_of([library.1]));
    }
    report(out, &META, FACT, format!("{} starts processes when it is installed{which}", c.label()), evidence_of(used));
}

/// Native code that a program of Windows is told to run: what is honest is loaded as an addon.
fn loaded_by_system(library: &Capability) -> Option<(&str, &Capability)> {
    Some((name_of(library)?.strip_prefix("rundll32 ")?, library))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    #[test]
    fn a_fact_at_install_only() {
        assert_eq!(Facts::new().caps([spawn("make")]).verdict(META.id), Verdict::Notable);
        assert_eq!(Facts::new().caps([spawn("make").at(Trigger::Call)]).verdict(META.id), Verdict::Clean);
    }
}
