//! Reaches for other machines.

use std::collections::BTreeSet;

use crate::rules::prelude::*;
use crate::shell::program_of;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "lateral-movement",
    summary: "Scans the network or enters other machines when it is installed or imported",
    category: Category::Behaviour,
    severity: Severity::High,
    confidence: Confidence::Medium,
    techniques: &["T1021.004", "T1046", "T1570", "T1611"],
    remedy: CONTAIN,
    doc: include_str!("lateral_movement.md"),
};

/// So many hosts on administration ports make a scan.
const SCANNED_HOSTS: usize = 8;

/// Ports by which machines are administered: SSH, RPC, SMB, WinRM, RDP, VNC, Redis, Docker, Kubernetes.
const ADMINISTRATION_PORTS: &[u16] = &[22, 135, 139, 445, 2375, 3389, 5900, 5985, 6379, 6443, 10250];

/// Programs that log in to, or copy to, another machine.
const REMOTE_PROGRAMS: &[&str] = &["ssh", "scp", "sshpass", "plink", "pscp", "psexec", "winrs"];

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let triggers = [Trigger::Install, Trigger::Import];
    let scans = triggers.into_iter().filter_map(|trigger| scan(c, trigger));
    let entries = triggers.into_iter().flat_map(|trigger| c.at(trigger, CapabilityId::ProcessSpawn));
    let engines = triggers.into_iter().flat_map(|trigger| c.at(trigger, CapabilityId::HostProbe));
    let engines = engines.filter_map(|probe| commands_engine(c, probe));
    let tunnels = c.flows().filter_map(|flow| tunnel(c, flow));
    report_worst(out, &META, scans.chain(entries.filter_map(|spawn| enters(c, spawn))).chain(engines).chain(tunnels));
}

/// A stranger says which hosts are reached through this machine.
fn tunnel(c: &Contents<'_>, flow: &vetch_model::profile::Flow) -> Option<Case> {
    let is_tunnel = flow.source.id == CapabilityId::NetConnect && flow.sink.id == CapabilityId::HostProbe;
    let host = c.host(&flow.source);
    // Whoever asks for a tunnel knows where it begins.
    if !is_tunnel || !is_unasked(when(flow)) || !host.is_foreign() {
        return None;
    }
    let title =
        format!("{} lets {} reach hosts through this machine {}", c.label(), host.words(), when_words(when(flow)));
    Some(Case::new(HARMFUL, title, evidence_of([&flow.source, &flow.sink])))
}

fn scan(c: &Contents<'_>, trigger: Trigger) -> Option<Case> {
    let is_administration =
        |connection: &&Capability| c.host(connection).port.is_some_and(|port| ADMINISTRATION_PORTS.contains(&port));
    let connections: Vec<&Capability> = c.at(trigger, CapabilityId::NetConnect).filter(is_administration).collect();
    let hosts: BTreeSet<&str> = connections
        .iter()
        .filter_map(|connection| name_of(connection)?.rsplit_once(':'))
        .map(|(host, _)| host)
        .collect();
    if hosts.len() < SCANNED_HOSTS {
        return None;
    }
    let title = format!(
        "{} scans {} or more machines for ways to administer them {}",
        c.label(),
        SCANNED_HOSTS,
        when_words(trigger)
    );
    Some(Case::new(ALARMING, title, evidence_of(connections)))
}

/// Whoever speaks to a container engine can mount the host's disk.
fn commands_engine(c: &Contents<'_>, probe: &Capability) -> Option<Case> {
    let is_engine = name_of(probe).is_some_and(|name| name.contains(".sock") || name.contains("docker_engine"));
    let title = format!("{} speaks to the container engine {}", c.label(), when_words(probe.trigger));
    is_engine.then(|| Case::new(HARMFUL, title, evidence_of([probe])))
}

fn enters(c: &Contents<'_>, spawn: &Capability) -> Option<Case> {
    let program = program_of(name_of(spawn)?);
    if !REMOTE_PROGRAMS.contains(&program.as_str()) {
        return None;
    }
    let hidden = c.concealment(spawn);
    let known_hosts = c.at(spawn.trigger, CapabilityId::FsRead).find(|read| {
        class_of(read) == Some(PathClass::Credentials) && name_of(read).is_some_and(|path| path.contains(".ssh"))
    });
    let is_unchecked = words_of(spawn).contains("stricthostkeychecking");
    let grade = match (spawn.trigger, hidden.is_some(), known_hosts.is_some(), is_unchecked) {
        (_, true, ..) | (Trigger::Install, _, true, _) => HARMFUL,
        (Trigger::Install, _, _, true) => ALARMING,
        // `ssh -V` is asked of this machine too; the entry of a package is often its command.
        _ => ODD,
    };
    let title = format!("{} logs in to other machines by {program} {}", c.label(), when_words(spawn.trigger));
    let mut evidence = evidence_of([spawn].into_iter().chain(known_hosts));
    evidence.extend(hidden);
    Some(Case::new(grade, title, evidence))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "lateral-movement";

    #[test]
    fn many_hosts_make_a_scan() {
        let scan =
            |hosts: u8| Facts::new().caps((0..hosts).map(|host| net(&format!("192.0.2.{host}:22")))).verdict(RULE);
        assert_eq!(scan(2), Verdict::Clean);
        assert_eq!(scan(20), Verdict::Suspicious);
        let web = Facts::new().caps((0..20).map(|host| net(&format!("192.0.2.{host}:443"))));
        assert_eq!(web.verdict(RULE), Verdict::Clean);
    }

    #[test]
    fn logging_in_with_the_users_keys_is_malicious() {
        let hosts = read(PathClass::Credentials, "<home>/.ssh/known_hosts");
        assert_eq!(Facts::new().caps([hosts, spawn("scp")]).verdict(RULE), Verdict::Malicious);
        assert_eq!(Facts::new().caps([spawn("ssh -V")]).verdict(RULE), Verdict::Notable);
        assert_eq!(Facts::new().caps([spawn("ssh").at(Trigger::Bin)]).verdict(RULE), Verdict::Clean);
    }
}
