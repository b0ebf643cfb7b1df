//! Reads secrets of the user and sends them away.

use std::collections::BTreeSet;

use crate::hosts::Host;
use crate::rules::prelude::*;
use crate::secrets::{family_of, is_home_of};

pub(crate) static META: RuleMeta = RuleMeta {
    id: "credential-theft",
    summary: "Reads stored credentials, wallets or browser profiles and sends them away",
    category: Category::Behaviour,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    techniques: &["T1552.001", "T1555", "T1041"],
    remedy: CONTAIN,
    doc: include_str!("credential_theft.md"),
};

/// What nobody reads but to use it for its owner, or to steal it.
const LOOT: &[&str] = &["wallet", "browser profile", "SSH", "GnuPG", "key chain", "shell history", "GitHub", "AWS"];

/// Of these, what the clients of a service send to wherever it runs.
const HELD_BY_CLIENTS: &[&str] = &["GitHub", "AWS"];

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let variables: BTreeSet<&str> = c
        .flows()
        .filter(|flow| is_network(flow.sink.id) && is_unasked(when(flow)) && flow.source.id == CapabilityId::EnvRead)
        .filter_map(|flow| family_of(&flow.source))
        .collect();
    let mut cases: Vec<Case> = c.flows().filter_map(|flow| sent(c, flow, variables.len())).collect();
    cases.extend(
        [Trigger::Install, Trigger::Import, Trigger::Call].into_iter().filter_map(|trigger| collected(c, trigger)),
    );
    report_worst(out, &META, cases);
}

/// A secret that is followed into the network.
fn sent(c: &Contents<'_>, flow: &vetch_model::profile::Flow, variables: usize) -> Option<Case> {
    let family = family_of(&flow.source)?;
    if !is_network(flow.sink.id) {
        return None;
    }
    let host = c.host(&flow.sink);
    let hidden = c.concealment(&flow.sink).or_else(|| c.concealment(&flow.source));
    let trigger = when(flow);
    let is_home = hidden.is_none() && is_home_of(family, &host.name);
    // No library asks another program for its user's token as it is imported, wherever it takes it.
    let is_asked_of_program = is_unasked(trigger) && name_of(&flow.source).is_some_and(|name| name.contains(" auth "));
    if !host.is_remote() || is_home && !is_asked_of_program {
        return None;
    }
    // A service already knows the token that is named after it: a bot logs in with it.
    if hidden.is_none() && flow.source.id == CapabilityId::EnvRead && is_named_after(flow, &host.name) {
        return None;
    }
    let grade = match flow.source.id {
        _ if is_home => DOUBTFUL,
        // With these a job of CI asks who it is: to publish, or to log in somewhere.
        CapabilityId::EnvRead if trigger == Trigger::Install && is_identity(flow) => DOUBTFUL,
        CapabilityId::EnvRead => variable_grade(variables, trigger, &host, hidden.is_some())?,
        CapabilityId::BrowserHook if is_all_stored(flow) && is_unasked(trigger) && host.is_foreign() => HARMFUL,
        CapabilityId::BrowserHook => session_grade(trigger, &host, hidden.is_some())?,
        _ if is_any_of_folder(flow) && host.is_foreign() && trigger == Trigger::Call => DOUBTFUL,
        _ => file_grade(family, trigger, &host, hidden.is_some()),
    };
    let title =
        format!("{} reads {} secrets and sends them to {} {}", c.label(), family, host.words(), when_words(trigger));
    Some(Case::sent(grade, &title, [&flow.source, &flow.sink], hidden))
}

/// Whether a variable bears the name of the host as a word of its own: `DISCORD_TOKEN` and `discord.com`.
fn is_named_after(flow: &vetch_model::profile::Flow, host: &str) -> bool {
    let own = host.rsplit('.').skip(1).find(|label| label.len() > 3);
    let (Some(variable), Some(own)) = (name_of(&flow.source), own) else { return false };
    variable.split('_').any(|word| word.eq_ignore_ascii_case(own))
}

fn is_identity(flow: &vetch_model::profile::Flow) -> bool {
    name_of(&flow.source).is_some_and(|name| name.starts_with("ACTIONS_ID_TOKEN_"))
}

/// Whatever a folder of secrets holds, where a client would read what it needs.
fn is_any_of_folder(flow: &vetch_model::profile::Flow) -> bool {
    class_of(&flow.source) == Some(PathClass::Credentials)
        && name_of(&flow.source).is_some_and(|path| path.ends_with("/*"))
}

/// What every script of a site keeps in the browser, rather than what one looks for.
fn is_all_stored(flow: &vetch_model::profile::Flow) -> bool {
    name_of(&flow.source) == Some("all that is stored")
}

/// Files: nobody who is only installed or imported has business with them.
fn file_grade(family: &str, trigger: Trigger, host: &Host, hidden: bool) -> Grade {
    let loot = LOOT.contains(&family) && !HELD_BY_CLIENTS.contains(&family);
    match trigger {
        Trigger::Install if hidden || host.is_foreign() => CERTAIN,
        Trigger::Install => HARMFUL,
        Trigger::Import if hidden || host.is_foreign() => HARMFUL,
        Trigger::Import => DOUBTFUL,
        _ if hidden || host.is_alarming() => HARMFUL,
        _ if loot && host.is_foreign() => DOUBTFUL,
        // A library is told its settings; those of the project it only reads to use them.
        Trigger::Call if family == "project" && host.is_foreign() => DOUBTFUL,
        // What every client of a cloud does when it is told to.
        _ => FACT,
    }
}

/// Cookies go with every request to where they are from; elsewhere, analytics send them once they are started.
fn session_grade(trigger: Trigger, host: &Host, hidden: bool) -> Option<Grade> {
    match (is_unasked(trigger), hidden || host.is_alarming()) {
        (true, true) => Some(HARMFUL),
        (true, false) if host.is_foreign() => Some(DOUBTFUL),
        (false, true) => Some(DOUBTFUL),
        _ => None,
    }
}

/// Variables are how programs are given secrets; only several of them, or odd receivers, are theft.
fn variable_grade(families: usize, trigger: Trigger, host: &Host, hidden: bool) -> Option<Grade> {
    if !is_unasked(trigger) {
        return hidden.then_some(DOUBTFUL);
    }
    Some(match () {
        () if hidden || host.is_alarming() || families >= 3 => HARMFUL,
        () if host.is_foreign() => DOUBTFUL,
        () => UNCLEAR,
    })
}

/// Several unrelated kinds of secrets collected by code that also has the network: what thieves do, whether
/// or not the data can be followed.
fn collected(c: &Contents<'_>, trigger: Trigger) -> Option<Case> {
    let reads: Vec<&Capability> = c.at(trigger, CapabilityId::FsRead).filter(|read| reads_secrets(read)).collect();
    let families: BTreeSet<&str> = reads.iter().filter_map(|read| family_of(read)).collect();
    let connection = c
        .at(trigger, CapabilityId::NetConnect)
        .chain(c.at(trigger, CapabilityId::NetDns))
        .find(|connection| c.host(connection).is_remote());
    let hidden = reads.iter().find_map(|read| c.concealment(read));
    let is_loot = families.iter().any(|family| LOOT.contains(family));
    let is_foreign = connection.is_some_and(|connection| c.host(connection).is_foreign());
    let grade = match (trigger, families.len(), connection.is_some(), hidden.is_some()) {
        (_, 0, ..) => return None,
        (Trigger::Install, 3.., true, _) | (Trigger::Install, _, true, true) => HARMFUL,
        (Trigger::Install, 2, true, _) | (Trigger::Install, 3.., false, _) => DOUBTFUL,
        (Trigger::Import, 2.., true, true) => HARMFUL,
        (Trigger::Import, 3.., true, false) => DOUBTFUL,
        (Trigger::Call, 3.., true, true) => DOUBTFUL,
        // Keys, wallets and browser profiles are no configuration that an installer may want to know.
        (Trigger::Install, 1, true, _) if is_loot => DOUBTFUL,
        (Trigger::Import, 1.., true, false) if is_loot && is_foreign => DOUBTFUL,
        (Trigger::Install, ..) => ODD,
        _ => return None,
    };
    let families: Vec<&str> = families.into_iter().collect();
    let network = if connection.is_some() { ", and connects to the network" } else { "" };
    let title = format!("{} reads secrets of {} {}{network}", c.label(), list(&families), when_words(trigger));
    let mut evidence = evidence_of(reads.into_iter().take(5).chain(connection));
    evidence.extend(hidden);
    Some(Case::new(grade, title, evidence))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "credential-theft";

    fn stolen(trigger: Trigger, host: &str) -> Verdict {
        let source = read(PathClass::Credentials, "~/.ssh/id_rsa").at(trigger);
        Facts::new().flow(source, net(host).at(trigger)).verdict(RULE)
    }

    #[test]
    fn theft_at_install_is_malicious() {
        assert_eq!(stolen(Trigger::Install, "collect.other.invalid"), Verdict::Malicious);
        assert_eq!(stolen(Trigger::Install, "*"), Verdict::Malicious);
        assert_eq!(stolen(Trigger::Import, "collect.other.invalid"), Verdict::Malicious);
    }

    #[test]
    fn sending_to_this_machine_is_nothing() {
        assert_eq!(stolen(Trigger::Import, "127.0.0.1:80"), Verdict::Clean);
    }

    #[test]
    fn cloud_clients_are_at_most_notable() {
        assert_eq!(stolen(Trigger::Call, "*"), Verdict::Notable);
        let source = read(PathClass::Credentials, "~/.aws/credentials").at(Trigger::Bin);
        let asked = Facts::new().flow(source, net("api.other.invalid").at(Trigger::Bin));
        assert_eq!(asked.verdict(RULE), Verdict::Notable);
        let late = Facts::new()
            .flow(read(PathClass::Credentials, "~/.aws/config").at(Trigger::Import), net("*").at(Trigger::Call));
        assert_eq!(late.verdict(RULE), Verdict::Notable);
    }

    #[test]
    fn no_client_sends_the_key_of_a_shell() {
        assert_eq!(stolen(Trigger::Bin, "api.other.invalid"), Verdict::Suspicious);
        let any = Facts::new()
            .flow(read(PathClass::Credentials, "<home>/.config/gcloud/*").at(Trigger::Call), net("api.other.invalid"));
        assert_eq!(any.verdict(RULE), Verdict::Suspicious);
    }

    #[test]
    fn a_bot_logs_in_with_the_token_of_its_service() {
        let to = |variable: &str, host: &str| {
            let source = cap(CapabilityId::EnvRead, named(variable)).at(Trigger::Import);
            Facts::new().flow(source, net(host).at(Trigger::Import)).verdict(RULE)
        };
        assert_eq!(to("DISCORD_TOKEN", "discord.com"), Verdict::Clean);
        assert_eq!(to("DISCORD_TOKEN", "hooks.slack.com"), Verdict::Malicious);
        assert_eq!(to("NPM_TOKEN", "discord.com"), Verdict::Malicious);
    }

    #[test]
    fn registry_clients_send_tokens_to_registries() {
        let at = Trigger::Import;
        let facts =
            Facts::new().flow(read(PathClass::Credentials, "~/.npmrc").at(at), net("registry.npmjs.org").at(at));
        assert_eq!(facts.verdict(RULE), Verdict::Clean);
    }

    #[test]
    fn collections_of_secrets_are_judged_without_a_flow() {
        let all = ["~/.aws/credentials", "~/.ssh/id_rsa", "~/.npmrc"].map(|path| read(PathClass::Credentials, path));
        assert_eq!(Facts::new().caps(all.clone()).caps([net("*")]).verdict(RULE), Verdict::Malicious);
        assert_eq!(Facts::new().caps(all).verdict(RULE), Verdict::Suspicious);
        let one = Facts::new().caps([read(PathClass::Credentials, "~/.npmrc"), net("*")]);
        assert_eq!(one.verdict(RULE), Verdict::Notable);
    }

    #[test]
    fn variables_need_more() {
        let one = |host: &str| Facts::new().flow(env("GITHUB_TOKEN"), net(host)).verdict(RULE);
        assert_eq!(one("api.github.com"), Verdict::Clean);
        assert_eq!(one("*"), Verdict::Notable);
        assert_eq!(one("collect.other.invalid"), Verdict::Suspicious);
        assert_eq!(one("192.0.2.4"), Verdict::Malicious);
        let called = Facts::new().flow(env("OPENAI_API_KEY").at(Trigger::Call), net("*").at(Trigger::Call));
        assert_eq!(called.verdict(RULE), Verdict::Clean);
    }

    #[test]
    fn hidden_theft_is_malicious_even_in_a_function() {
        let facts = Facts::new()
            .flow(read(PathClass::Wallet, "~/.config/wallet").at(Trigger::Call), net("*").at(Trigger::Call))
            .signal(SignalKind::MangledNames, Trigger::Call, "setup.js", 80);
        assert_eq!(facts.verdict(RULE), Verdict::Malicious);
    }
}
