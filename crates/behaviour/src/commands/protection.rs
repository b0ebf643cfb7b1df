//! Programs that switch off what protects a system: virus scanners, firewalls, backups, logs.

use vetch_model::capability::{CapabilityId, Resource};

use super::Runner;

/// A program, words that all stand among its arguments, and what is switched off by them.
const SWITCHES: &[(&str, &[&str], &str)] = &[
    ("netsh", &["advfirewall", "off"], "the firewall"),
    ("ufw", &["disable"], "the firewall"),
    ("iptables", &["-f"], "the firewall"),
    ("vssadmin", &["delete", "shadows"], "copies for recovery"),
    ("wbadmin", &["delete"], "copies for recovery"),
    ("bcdedit", &["recoveryenabled", "no"], "recovery"),
    ("wevtutil", &["cl"], "the event log"),
    ("setenforce", &["0"], "access control"),
    ("spctl", &["--master-disable"], "the check of programs"),
    ("sc", &["stop", "windefend"], "the virus scanner"),
    ("sc", &["config", "windefend"], "the virus scanner"),
];

/// Words of PowerShell, and what they switch off. All of one line have to stand in the text.
const WORDS: &[(&[&str], &str)] = &[
    (&["add-mppreference", "exclusion"], "the virus scanner"),
    (&["set-mppreference", "disable"], "the virus scanner"),
    (&["set-netfirewallprofile", "false"], "the firewall"),
    (&["amsiutils"], "the scan of scripts"),
    (&["amsiinitfailed"], "the scan of scripts"),
    (&["clear-eventlog"], "the event log"),
];

impl Runner<'_, '_> {
    pub(super) fn switches_off(&mut self, program: &str, args: &[String]) {
        let lower: Vec<String> = args.iter().map(|arg| arg.to_lowercase()).collect();
        let given = |word: &&str| lower.iter().any(|arg| arg == word);
        let found = SWITCHES.iter().find(|(name, words, _)| *name == program && words.iter().all(given));
        if let Some((.., what)) = found {
            self.switched_off(what);
        }
    }

    /// `lower` is text of PowerShell in lower case.
    pub(super) fn script_switches_off(&mut self, lower: &str) {
        let found = WORDS.iter().find(|(words, _)| words.iter().all(|word| lower.contains(word)));
        if let Some((_, what)) = found {
            self.switched_off(what);
        }
    }

    fn switched_off(&mut self, what: &str) {
        let mechanism = Resource::Named(format!("protection: {what}"));
        self.interp.effect(CapabilityId::Evade, mechanism, format!("switches {what} off"));
    }
}
