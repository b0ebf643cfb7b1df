//! Intercepts wallets and traffic in the browser.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {
    id: "browser-traffic-hook",
    summary: "Replaces wallet functions or traffic functions of the browser",
    category: Category::Behaviour,
    severity: Severity::High,
    confidence: Confidence::Medium,
    techniques: &["T1185", "T1056.003", "T1657"],
    remedy: CONTAIN,
    doc: include_str!("browser_traffic_hook.md"),
};

/// Functions and classes that carry what a page sends and gets.
const TRAFFIC: &[&str] = &["fetch", "xmlhttprequest", "xhr", "websocket", "sendbeacon"];

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let is_hook = |hook: &&Capability| !matches!(name_of(hook), Some("wallet payment" | "wallet address"));
    let hooks: Vec<&Capability> = c.of(CapabilityId::BrowserHook).filter(is_hook).collect();
    let wallets = of_kind(&hooks, &["ethereum", "wallet", "solana", "web3", "tron", "keplr", "phantom"]);
    let traffic = of_kind(&hooks, TRAFFIC);
    let hidden = wallets.iter().chain(&traffic).find_map(|hook| c.concealment(hook));
    let mut cases: Vec<Case> = c.flows().filter_map(|flow| leaking(c, flow)).collect();
    cases.extend(c.flows().filter_map(|flow| paying(c, flow)));
    let grade = match (wallets.is_empty(), traffic.is_empty(), hidden.is_some()) {
        (true, true, _) => None,
        (false, _, true) => Some(HARMFUL),
        (false, false, false) => Some(DOUBTFUL),
        (true, false, true) => Some(DOUBTFUL),
        // A wallet defines its own object; whoever replaces a method of it stands between it and its user.
        (false, true, false) if wallets.iter().any(|hook| is_method(hook) && is_unasked(hook.trigger)) => {
            Some(DOUBTFUL)
        }
        (false, true, false) => Some(ODD),
        // Error trackers, mocks and polyfills wrap `fetch`.
        (true, false, false) => None,
    };
    if let Some(grade) = grade {
        let hooked: Vec<&Capability> = wallets.into_iter().chain(traffic).collect();
        let names: std::collections::BTreeSet<&str> = hooked.iter().filter_map(|hook| name_of(hook)).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let why = because(if hidden.is_some() { &["in hidden code"] } else { &[] });
        let title = format!("{} replaces {} in the browser{why}", c.label(), list(&names));
        let mut evidence = evidence_of(hooked);
        evidence.extend(hidden);
        cases.push(Case::new(grade, title, evidence));
    }
    report_worst(out, &META, cases);
}

fn of_kind<'a>(hooks: &[&'a Capability], words: &[&str]) -> Vec<&'a Capability> {
    let is_kind = |name: &str| words.iter().any(|word| name.to_ascii_lowercase().contains(word));
    hooks.iter().copied().filter(|hook| name_of(hook).is_some_and(is_kind)).collect()
}

/// A function that carries what a page sends and gets.
fn is_traffic(hook: &Capability) -> bool {
    !of_kind(&[hook], TRAFFIC).is_empty()
}

/// `ethereum.request` rather than `ethereum`.
fn is_method(hook: &Capability) -> bool {
    name_of(hook).is_some_and(|name| name.contains('.'))
}

/// A host says what a wallet signs, as soon as a page is there.
fn paying(c: &Contents<'_>, flow: &vetch_model::profile::Flow) -> Option<Case> {
    let is_payment = flow.sink.id == CapabilityId::BrowserHook && name_of(&flow.sink) == Some("wallet payment");
    let host = c.host(&flow.source);
    if !is_payment || flow.source.id != CapabilityId::NetConnect || !is_unasked(when(flow)) || !host.is_foreign() {
        return None;
    }
    let title = format!("{} has the wallet of a page's visitor sign what {} says", c.label(), host.words());
    Some(Case::new(HARMFUL, title, evidence_of([&flow.source, &flow.sink])))
}

/// What a hook sees goes to a stranger.
fn leaking(c: &Contents<'_>, flow: &vetch_model::profile::Flow) -> Option<Case> {
    if flow.source.id != CapabilityId::BrowserHook || !is_network(flow.sink.id) {
        return None;
    }
    let host = c.host(&flow.sink);
    let hidden = c.concealment(&flow.sink);
    let is_typed = matches!(name_of(&flow.source), Some("form data" | "requests of the page"));
    let grade = match (hidden.is_some(), host.is_alarming()) {
        // Forms are read by those who show them; a page's fields as a whole are read to take them.
        _ if is_typed && is_unasked(when(flow)) && host.is_foreign() => HARMFUL,
        (true, true) => HARMFUL,
        // Trackers of errors and times do so once they are started.
        _ if is_traffic(&flow.source) && is_unasked(when(flow)) && host.is_foreign() => DOUBTFUL,
        (true, false) | (false, true) => DOUBTFUL,
        // Analytics on request.
        (false, false) => return None,
    };
    let title = format!("{} sends what it intercepts in the browser to {}", c.label(), host.words());
    let mut evidence = evidence_of([&flow.source, &flow.sink]);
    evidence.extend(hidden);
    Some(Case::new(grade, title, evidence))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "browser-traffic-hook";

    fn hook(object: &str) -> Capability {
        cap(CapabilityId::BrowserHook, named(object)).at(Trigger::Import)
    }

    #[test]
    fn clippers_are_malicious_when_hidden_and_suspicious_when_not() {
        let facts = Facts::new().caps([hook("ethereum.request"), hook("fetch")]);
        assert_eq!(facts.verdict(RULE), Verdict::Suspicious);
        assert_eq!(
            facts.signal(SignalKind::MangledNames, Trigger::Import, "setup.js", 90).verdict(RULE),
            Verdict::Malicious
        );
    }

    #[test]
    fn mocks_trackers_and_wallets_are_at_most_notable() {
        assert_eq!(Facts::new().caps([hook("fetch"), hook("XMLHttpRequest")]).verdict(RULE), Verdict::Clean);
        assert_eq!(Facts::new().caps([hook("ethereum")]).verdict(RULE), Verdict::Notable);
        assert_eq!(Facts::new().flow(hook("cookie"), net("stats.other.invalid")).verdict(RULE), Verdict::Clean);
    }
}
