//! `cargo xtask calibrate BENIGN_DIR MALICIOUS_DIR`: how well verdicts tell harm from honest work.
//!
//! Most malware is copies, so that counting samples counts campaigns. Samples of one *family*, whose code has one shape
//! (the same capabilities at the same triggers, the same flows), count up to a cap. Families, not samples, are drawn into
//! the tuning and the held-out half, by a hash of their shape: a copy of what was tuned on is never held out. Nothing is
//! known of any sample but what Vetch reports of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Deserialize;

use crate::corpus;
use crate::repo;

/// What to measure with.
#[derive(Args)]
pub(crate) struct Calibrate {
    /// Archives and package folders that are honest
    #[arg(value_name = "BENIGN_DIR")]
    benign: PathBuf,
    /// Archives and package folders that are not
    #[arg(value_name = "MALICIOUS_DIR")]
    malicious: PathBuf,
    /// Most samples that count of one family
    #[arg(long, value_name = "N", default_value_t = 3)]
    cap: usize,
    /// Name what is missed and what is alarmed on in the tuning half
    #[arg(long)]
    show: bool,
}

/// Most samples of one scan.
const BATCH: usize = 200;

/// One release, as far as it matters here.
struct Sample {
    name: String,
    is_malicious: bool,
    family: u64,
    verdict: corpus::Verdict,
    rules: BTreeSet<String>,
}

/// Scans both folders and prints the tables.
pub(crate) fn run(options: &Calibrate) -> Result<()> {
    let vetch = repo::release_build(None)?.join("vetch");
    let mut samples = scanned(&vetch, &options.benign, false)?;
    samples.extend(scanned(&vetch, &options.malicious, true)?);
    let all = samples.len();
    let samples = capped(samples, options.cap);
    println!("{all} samples, of which {} count: at most {} of a family", samples.len(), options.cap);
    for (half, is_held_out) in [("tuning", false), ("held-out", true)] {
        let of_half: Vec<&Sample> = samples.iter().filter(|sample| is_held(sample.family) == is_held_out).collect();
        println!("\n{half}");
        for bar in [corpus::Verdict::Suspicious, corpus::Verdict::Malicious] {
            println!("  {bar:?} or worse: {}", Counts::of(&of_half, bar));
        }
        if !is_held_out {
            print!("{}", Rules::of(&of_half));
            if options.show {
                of_half.iter().filter(|sample| sample.is_wrong()).for_each(|sample| println!("  {}", sample.told()));
            }
        }
    }
    Ok(())
}

impl Sample {
    fn is_wrong(&self) -> bool {
        self.is_malicious != (self.verdict >= corpus::Verdict::Suspicious)
    }

    fn told(&self) -> String {
        let what = if self.is_malicious { "missed" } else { "false alarm" };
        let rules: Vec<&str> = self.rules.iter().map(String::as_str).collect();
        format!("{what}: {} ({:?}; {})", self.name, self.verdict, rules.join(", "))
    }
}

#[derive(Deserialize)]
struct Report {
    releases: Vec<Release>,
}

#[derive(Deserialize)]
struct Release {
    verdict: corpus::Verdict,
    locations: Vec<Location>,
    findings: Vec<Finding>,
    profile: Profile,
}

#[derive(Deserialize)]
struct Location {
    target: usize,
}

#[derive(Deserialize)]
struct Finding {
    rule: String,
}

#[derive(Deserialize)]
struct Profile {
    capabilities: Vec<Capability>,
    #[serde(default)]
    flows: Vec<Flow>,
}

#[derive(Deserialize)]
struct Capability {
    id: String,
    trigger: String,
}

#[derive(Deserialize)]
struct Flow {
    source: String,
    sink: String,
    trigger: String,
}

/// Every entry of a folder is a sample; what one target holds counts as its worst release.
fn scanned(vetch: &Path, folder: &Path, is_malicious: bool) -> Result<Vec<Sample>> {
    let names = repo::names_in(folder)?;
    if names.is_empty() {
        bail!("`{}` holds no samples", folder.display());
    }
    let mut samples = Vec::new();
    for batch in names.chunks(BATCH) {
        let targets: Vec<PathBuf> = batch.iter().map(|name| folder.join(name)).collect();
        let report = corpus::scan_as::<Report>(vetch, &targets)?;
        for (number, name) in batch.iter().enumerate() {
            let here = |release: &&Release| release.locations.iter().any(|place| place.target == number);
            let worst = report.releases.iter().filter(here).max_by_key(|release| release.verdict);
            let release = worst.with_context(|| format!("`{name}` is no package"))?;
            samples.push(Sample {
                name: name.clone(),
                is_malicious,
                family: shape(&release.profile),
                verdict: release.verdict,
                rules: release.findings.iter().map(|finding| finding.rule.clone()).collect(),
            });
        }
    }
    Ok(samples)
}

/// A hash of what code does, when, and what flows where; names, hosts and paths left out.
fn shape(profile: &Profile) -> u64 {
    let bare = |end: &str| end.split('(').next().unwrap_or_default().to_owned();
    let capabilities = profile.capabilities.iter().map(|it| format!("{}@{}", it.id, it.trigger));
    let flows = profile.flows.iter().map(|it| format!("{}>{}@{}", bare(&it.source), bare(&it.sink), it.trigger));
    let parts: BTreeSet<String> = capabilities.chain(flows).collect();
    parts.iter().fold(0xcbf2_9ce4_8422_2325, |hash, part| fnv1a(hash, part))
}

/// FNV-1a, which is the same on every machine and in every version.
fn fnv1a(hash: u64, text: &str) -> u64 {
    text.bytes().chain([0]).fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn is_held(family: u64) -> bool {
    family.count_ones() % 2 == 1
}

/// The first samples of each family, by name.
fn capped(samples: Vec<Sample>, cap: usize) -> Vec<Sample> {
    let mut counts: BTreeMap<(bool, u64), usize> = BTreeMap::new();
    samples
        .into_iter()
        .filter(|sample| {
            // Packages that do nothing at all have one shape, and are no copies of each other.
            let count = counts.entry((sample.is_malicious, sample.family)).or_default();
            *count += 1;
            !sample.is_malicious || *count <= cap
        })
        .collect()
}

/// How verdicts and truth meet.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    found: usize,
    missed: usize,
    alarmed: usize,
    quiet: usize,
}

impl Counts {
    fn of(samples: &[&Sample], bar: corpus::Verdict) -> Counts {
        let mut counts = Counts::default();
        for sample in samples {
            let place = match (sample.is_malicious, sample.verdict >= bar) {
                (true, true) => &mut counts.found,
                (true, false) => &mut counts.missed,
                (false, true) => &mut counts.alarmed,
                (false, false) => &mut counts.quiet,
            };
            *place += 1;
        }
        counts
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let recall = Share::of(self.found, self.found + self.missed);
        let precision = Share::of(self.found, self.found + self.alarmed);
        let alarms = Share::of(self.alarmed, self.alarmed + self.quiet);
        write!(f, "recall {recall}, precision {precision}, false alarms {alarms}")
    }
}

/// A share with its 95 % interval after Wilson (1927).
pub(crate) struct Share {
    part: usize,
    whole: usize,
}

impl Share {
    pub(crate) fn of(part: usize, whole: usize) -> Share {
        Share { part, whole }
    }

    fn interval(&self) -> (f64, f64) {
        const Z: f64 = 1.96;
        let (n, p) = (self.whole as f64, self.part as f64 / self.whole as f64);
        let middle = p + Z * Z / (2.0 * n);
        let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + Z * Z / n;
        (((middle - half) / scale).max(0.0), ((middle + half) / scale).min(1.0))
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.whole == 0 {
            return f.write_str("of none");
        }
        let (low, high) = self.interval();
        let percent = 100.0 * self.part as f64 / self.whole as f64;
        write!(f, "{}/{} = {percent:.1} % ({:.1} to {:.1})", self.part, self.whole, 100.0 * low, 100.0 * high)
    }
}

/// How often each rule speaks, of what.
struct Rules(BTreeMap<String, (usize, usize)>);

impl Rules {
    fn of(samples: &[&Sample]) -> Rules {
        let mut rules: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for sample in samples {
            for rule in &sample.rules {
                let (malicious, benign) = rules.entry(rule.clone()).or_default();
                *(if sample.is_malicious { malicious } else { benign }) += 1;
            }
        }
        Rules(rules)
    }
}

impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {:<36} {:>9} {:>7}", "rule", "malicious", "benign")?;
        let mut rules: Vec<_> = self.0.iter().collect();
        rules.sort_by_key(|(rule, (malicious, _))| (std::cmp::Reverse(*malicious), *rule));
        rules.iter().try_for_each(|(rule, (malicious, benign))| writeln!(f, "  {rule:<36} {malicious:>9} {benign:>7}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(is_malicious: bool, family: u64, verdict: corpus::Verdict) -> Sample {
        Sample { name: String::new(), is_malicious, family, verdict, rules: BTreeSet::new() }
    }

    #[test]
    fn copies_count_up_to_the_cap_and_honest_packages_are_no_copies() {
        let many = |is_malicious| (0..5).map(move |_| sample(is_malicious, 7, corpus::Verdict::Clean));
        let kept = capped(many(true).chain(many(false)).collect(), 2);
        assert_eq!(kept.iter().filter(|sample| sample.is_malicious).count(), 2);
        assert_eq!(kept.len(), 7);
    }

    #[test]
    fn shapes_leave_out_names() {
        let profile = |host: &str| Profile {
            capabilities: vec![Capability { id: "net.connect".to_owned(), trigger: "install".to_owned() }],
            flows: vec![Flow {
                source: "env.enumerate".to_owned(),
                sink: format!("net.connect({host})"),
                trigger: "install".to_owned(),
            }],
        };
        assert_eq!(shape(&profile("a.invalid")), shape(&profile("b.invalid")));
        assert_ne!(shape(&profile("a")), shape(&Profile { capabilities: Vec::new(), flows: Vec::new() }));
    }

    #[test]
    fn verdicts_meet_the_truth() {
        use corpus::Verdict::{Malicious, Notable, Suspicious};
        let all = [sample(true, 1, Malicious), sample(true, 2, Notable), sample(false, 3, Suspicious)];
        let all: Vec<&Sample> = all.iter().collect();
        assert_eq!(Counts::of(&all, Suspicious), Counts { found: 1, missed: 1, alarmed: 1, quiet: 0 });
        assert_eq!(Counts::of(&all, Malicious), Counts { found: 1, missed: 1, alarmed: 0, quiet: 1 });
    }

    /// The worked example of the interval: 9 of 10.
    #[test]
    fn intervals_are_those_of_wilson() {
        let (low, high) = Share::of(9, 10).interval();
        assert!((low - 0.596).abs() < 0.001 && (high - 0.982).abs() < 0.001, "{low} {high}");
        assert_eq!(Share::of(0, 0).to_string(), "of none");
    }
}
