//! `cargo xtask corpus robust`: whether verdicts survive what real tools do to code.
//!
//! Every case of `xtask/corpus/robust/cases` is an attack and its benign twin. Both go through real transformers
//! (`xtask/corpus/robust/transform.mjs`, for Python `xtask/corpus/robust-python`); each variant is scanned as a package of its own. Half of the cases, chosen by a
//! hash of their names, are held out: nothing may be tuned on them, and they are counted apart.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};
use clap::Args;

use super::tally::Verdict;
use crate::repo;

/// Least share of malicious variants that keep their verdict, in percent; of the high preset it is only said.
const LEAST_HELD: usize = 95;

/// Its variants may stay opaque, but never clean.
const HIGH: &str = "obfuscator-high";

/// The code as it was written: what the others are compared with.
const WRITTEN: &str = "written";

/// What to measure with.
#[derive(Args)]
pub(crate) struct Robust {
    /// Scan with this binary instead of a release build
    #[arg(long, value_name = "FILE")]
    vetch: Option<PathBuf>,
    /// Name the variants of the tuning half that do not hold
    #[arg(long)]
    show: bool,
    /// The cases of one language only
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    only: Option<Cases>,
}

/// Cases are kept by language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Cases {
    Javascript,
    Python,
}

/// Transforms, scans and prints the tables; fails if a bar is not met.
pub(crate) fn run(options: &Robust) -> Result<()> {
    let vetch = match &options.vetch {
        Some(vetch) => vetch.clone(),
        None => repo::release_build(None)?.join("vetch"),
    };
    let mut missed = Vec::new();
    for cases in
        [Cases::Javascript, Cases::Python].into_iter().filter(|cases| options.only.is_none_or(|it| it == *cases))
    {
        let variants = match cases {
            Cases::Javascript => vec![transform()?],
            Cases::Python => super::robust_python::archives()?,
        };
        let table = Table::of(&super::scan(&vetch, &variants)?.verdicts());
        print!("{cases:?}\n\n{table}");
        if options.show {
            table.losses.iter().for_each(|loss| println!("{loss}"));
        }
        missed.extend(table.missed());
    }
    if !missed.is_empty() {
        bail!("{}", missed.join("; "));
    }
    Ok(())
}

/// Installs the transformers, once, and makes the variants anew if a case changed.
fn transform() -> Result<PathBuf> {
    let given = repo::root().join("xtask/corpus/robust");
    let folder = repo::corpus_cache()?.join("robust");
    let lock = repo::read(&given.join("package-lock.json"))?;
    let marker = folder.join(".installed");
    for name in ["package.json", "package-lock.json", "transform.mjs"] {
        repo::write(&folder.join(name), repo::read(&given.join(name))?.as_bytes())?;
    }
    if !std::fs::read_to_string(&marker).is_ok_and(|installed| installed == lock) {
        println!("installing the transformers into {}", folder.display());
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]);
        repo::run(npm.current_dir(&folder).stdin(Stdio::null()))?;
        repo::write(&marker, lock.as_bytes())?;
    }
    let variants = folder.join("variants");
    let mut node = Command::new("node");
    node.arg("transform.mjs").arg(given.join("cases")).arg(&variants);
    repo::run(node.current_dir(&folder).stdin(Stdio::null()))?;
    Ok(variants)
}

/// What a variant's package is called: `<transformer>.<half>.<trigger>.<case>.<kind>`.
struct Variant<'a> {
    transformer: &'a str,
    half: &'a str,
    case: &'a str,
    malicious: bool,
}

impl<'a> Variant<'a> {
    fn of(name: &'a str) -> Option<Self> {
        let (transformer, rest) = name.split_once('.')?;
        let (half, rest) = rest.split_once('.')?;
        let (case, kind) = rest.rsplit_once('.')?;
        Some(Variant { transformer, half, case, malicious: kind == "malicious" })
    }
}

/// Of one transformer and one half.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Row {
    held: usize,
    malicious: usize,
    quiet: usize,
    benign: usize,
}

impl Row {
    fn add(&mut self, other: Row) {
        self.held += other.held;
        self.malicious += other.malicious;
        self.quiet += other.quiet;
        self.benign += other.benign;
    }
}

/// Half → transformer → counts.
#[derive(Default)]
struct Table {
    halves: BTreeMap<String, BTreeMap<String, Row>>,
    /// Variants of the tuning half that do not hold, in words.
    losses: Vec<String>,
}

impl Table {
    fn of(verdicts: &BTreeMap<String, Verdict>) -> Table {
        let mut table = Table::default();
        for (name, &verdict) in verdicts {
            let Some(variant) = Variant::of(name) else { continue };
            let written = format!("{WRITTEN}{}", &name[variant.transformer.len()..]);
            let written = verdicts.get(&written).copied().unwrap_or(Verdict::Clean);
            let fine = match variant.malicious {
                true => holds(variant.transformer, verdict, written),
                false => verdict < Verdict::Suspicious,
            };
            let halves = table.halves.entry(variant.half.to_owned()).or_default();
            let row = halves.entry(variant.transformer.to_owned()).or_default();
            let (good, all) = match variant.malicious {
                true => (&mut row.held, &mut row.malicious),
                false => (&mut row.quiet, &mut row.benign),
            };
            (*good, *all) = (*good + usize::from(fine), *all + 1);
            if !fine && variant.half == "tuning" {
                let kind = if variant.malicious { "malicious" } else { "benign" };
                table.losses.push(format!("{:<20} {} ({kind}): {verdict:?}", variant.transformer, variant.case));
            }
        }
        table
    }

    /// Everything but the high preset.
    fn total(rows: &BTreeMap<String, Row>) -> Row {
        let mut total = Row::default();
        rows.iter().filter(|(transformer, _)| *transformer != HIGH).for_each(|(_, row)| total.add(*row));
        total
    }

    /// The bars that are not met, in words.
    fn missed(&self) -> Vec<String> {
        let mut missed = Vec::new();
        for (half, rows) in &self.halves {
            let total = Self::total(rows);
            if total.held * 100 < total.malicious * LEAST_HELD {
                missed.push(format!("{half}: {} of {} hold", total.held, total.malicious));
            }
            if total.quiet < total.benign {
                missed.push(format!("{half}: {} of {} twins are quiet", total.quiet, total.benign));
            }
        }
        if self.halves.is_empty() {
            missed.push("nothing was scanned".to_owned());
        }
        missed
    }
}

/// At least as bad as the code as written, and an alarm. Of the high preset, not seen through is enough.
fn holds(transformer: &str, verdict: Verdict, written: Verdict) -> bool {
    let least = if transformer == HIGH { Verdict::Incomplete } else { written.max(Verdict::Suspicious) };
    verdict >= least
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (half, rows) in &self.halves {
            writeln!(f, "{half:<20} {:>10} {:>16}", "held", "twins quiet")?;
            for (transformer, row) in rows {
                show(f, transformer, *row)?;
            }
            show(f, "all but high", Self::total(rows))?;
            writeln!(f)?;
        }
        Ok(())
    }
}

fn show(f: &mut fmt::Formatter<'_>, name: &str, row: Row) -> fmt::Result {
    let held = format!("{}/{}", row.held, row.malicious);
    let quiet = format!("{}/{}", row.quiet, row.benign);
    let share = (row.held * 100).checked_div(row.malicious).unwrap_or_default();
    writeln!(f, "  {name:<18} {held:>10} {quiet:>16} {share:>5} %")
}

/// The purl of a variant → its name.
pub(super) fn name_of(purl: &str) -> Option<String> {
    let (name, _) = Path::new(purl).file_name()?.to_str()?.split_once('@')?;
    match purl.starts_with("pkg:pypi/") {
        true => super::robust_python::dotted(name),
        false => Some(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(verdicts: &[(&str, Verdict)]) -> Table {
        Table::of(&verdicts.iter().map(|&(name, verdict)| (name.to_owned(), verdict)).collect())
    }

    #[test]
    fn a_verdict_holds_if_it_is_as_bad_as_that_of_the_code_as_written() {
        let table = table(&[
            ("written.tuning.install.a.malicious", Verdict::Malicious),
            ("terser.tuning.install.a.malicious", Verdict::Malicious),
            ("babel.tuning.install.a.malicious", Verdict::Suspicious),
            ("terser.tuning.install.a.benign", Verdict::Notable),
            ("babel.tuning.install.a.benign", Verdict::Suspicious),
        ]);
        let rows = &table.halves["tuning"];
        assert_eq!(rows["terser"], Row { held: 1, malicious: 1, quiet: 1, benign: 1 });
        assert_eq!(rows["babel"], Row { held: 0, malicious: 1, quiet: 0, benign: 1 });
        assert_eq!(table.losses.len(), 2);
        assert_eq!(table.missed(), ["tuning: 2 of 3 hold", "tuning: 1 of 2 twins are quiet"]);
    }

    #[test]
    fn what_was_never_found_does_not_hold_and_the_high_preset_may_be_opaque() {
        let table = table(&[
            ("written.held-out.import.a.malicious", Verdict::Clean),
            ("terser.held-out.import.a.malicious", Verdict::Notable),
            ("obfuscator-high.held-out.import.a.malicious", Verdict::Incomplete),
        ]);
        let rows = &table.halves["held-out"];
        assert_eq!((rows["terser"].held, rows["obfuscator-high"].held), (0, 1));
        assert_eq!(Table::total(rows), Row { held: 0, malicious: 2, quiet: 0, benign: 0 });
        assert!(table.losses.is_empty(), "of the held-out half nothing is told but counts");
    }

    #[test]
    fn variants_are_known_by_their_purls() {
        assert_eq!(name_of("pkg:npm/babel.tuning.install.a.benign@1.0.0").unwrap(), "babel.tuning.install.a.benign");
        assert_eq!(name_of("pkg:generic/variants"), None);
        assert!(Variant::of("robust-variants").is_none());
    }
}
