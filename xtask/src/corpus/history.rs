//! `cargo xtask corpus history`: the last releases of popular packages, each judged as one would have a minute after it was
//! published, with what came before it.
//!
//! Releases and their times are asked of npm and pip's index once and kept; contents and histories are fetched by the scans
//! and kept beside them. What is suspicious or worse is to be examined: these releases are honest.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use super::Verdict;
use super::tally::{Report, Tally};
use crate::calibrate::Share;
use crate::repo;

/// Releases judged of each package: the last ones.
const LAST: usize = 15;

#[derive(Debug, Args)]
pub(crate) struct History {
    /// A binary to use instead of a release build of this tree
    #[arg(long, value_name = "FILE")]
    vetch: Option<PathBuf>,
    /// Only these packages: `npm:axios`, `pypi:requests`
    #[arg(value_name = "PACKAGE")]
    only: Vec<String>,
}

/// A release, and when it was published (RFC 3339).
type Timed = (String, String);

pub(crate) fn run(options: &History) -> Result<()> {
    let vetch = match &options.vetch {
        Some(vetch) => vetch.clone(),
        None => repo::release_build(None)?.join("vetch"),
    };
    let cache = repo::corpus_cache()?.join("history");
    fs::create_dir_all(&cache).with_context(|| format!("cannot make {}", cache.display()))?;
    let mut tally = Tally::default();
    let mut failed = 0;
    for package in packages(&options.only)? {
        for (version, published) in releases(&cache, &package)? {
            match judge(&vetch, &cache, &format!("{package}@{version}"), &published) {
                Ok(report) => tally.add(&report, None),
                Err(error) => {
                    println!("not judged: {package}@{version}: {error:#}");
                    failed += 1;
                }
            }
        }
        println!("{package} done");
    }
    print!("{tally}");
    let (all, alarms) = (tally.count_all(), tally.count_of(Verdict::Suspicious) + tally.count_of(Verdict::Malicious));
    println!("alarms on honest releases: {}", Share::of(alarms, all));
    if tally.count_of(Verdict::Malicious) > 0 || alarms > 1 || failed * 20 > all {
        bail!("{alarms} of {all} releases alarm, {failed} could not be judged");
    }
    Ok(())
}

/// `npm:axios`, `pypi:requests`, …: those that are listed, or those of them that were asked for.
fn packages(only: &[String]) -> Result<Vec<String>> {
    let mut packages = Vec::new();
    for ecosystem in ["npm", "pypi"] {
        let list = repo::read(&repo::root().join(format!("xtask/corpus/history/{ecosystem}.txt")))?;
        let names = list.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        packages.extend(names.map(|name| format!("{ecosystem}:{name}")));
    }
    Ok(if only.is_empty() { packages } else { only.to_vec() })
}

/// The last releases of a package, the oldest first; asked once.
fn releases(cache: &Path, package: &str) -> Result<Vec<Timed>> {
    let file = cache.join(format!("{}.json", package.replace([':', '/'], "-")));
    if !file.exists() {
        let (ecosystem, name) = package.split_once(':').context("write npm:NAME or pypi:NAME")?;
        let all = if ecosystem == "npm" { of_npm(name)? } else { of_pypi(name)? };
        repo::write(&file, serde_json::to_string(&last(all))?.as_bytes())?;
    }
    serde_json::from_str(&repo::read(&file)?).with_context(|| format!("{} cannot be read", file.display()))
}

fn last(all: BTreeMap<String, String>) -> Vec<Timed> {
    // Prereleases have lines of their own.
    let is_release = |version: &str| version.chars().all(|c| c.is_ascii_digit() || c == '.');
    let mut all: Vec<Timed> = all.into_iter().filter(|(version, _)| is_release(version)).collect();
    // By number: mirrors tell of times at which they fetched.
    let numbers = |version: &str| version.split('.').map(|part| part.parse().unwrap_or(0)).collect::<Vec<u64>>();
    all.sort_by_key(|(version, _)| numbers(version));
    all.split_off(all.len().saturating_sub(LAST))
}

fn of_npm(name: &str) -> Result<BTreeMap<String, String>> {
    let times = repo::output(Command::new("npm").args(["view", name, "time", "--json"]))?;
    Ok(serde_json::from_slice(&times)?)
}

/// Of the index that pip uses, in its JSON (PEP 691, with the times of PEP 700).
fn of_pypi(name: &str) -> Result<BTreeMap<String, String>> {
    const ASK: &str = "import json, re, subprocess, sys, urllib.request\n\
        got = subprocess.run([sys.executable, '-m', 'pip', 'config', 'get', 'global.index-url'], capture_output=True, text=True)\n\
        index = got.stdout.strip() or 'https://pypi.org/simple'\n\
        ask = urllib.request.Request(f'{index}/{sys.argv[1]}/', headers={'Accept': 'application/vnd.pypi.simple.v1+json'})\n\
        times = {}\n\
        for file in json.load(urllib.request.urlopen(ask))['files']:\n\
        \x20   found = re.match(r'[^-]+-(\\d[\\d.]*?)(?:-|\\.tar|\\.zip)', file['filename'])\n\
        \x20   if found and file.get('upload-time'):\n\
        \x20       version, time = found.group(1), file['upload-time']\n\
        \x20       times[version] = min(time, times.get(version, time))\n\
        print(json.dumps(times))";
    let times = repo::output(Command::new("python3").args(["-c", ASK, name]))?;
    Ok(serde_json::from_slice(&times)?)
}

/// One release, as of a minute after it was published.
fn judge(vetch: &Path, cache: &Path, release: &str, published: &str) -> Result<Report> {
    let published: jiff::Timestamp = published.parse().with_context(|| format!("`{published}` is no time"))?;
    let moment = published.checked_add(jiff::SignedDuration::from_secs(60))?;
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let file = folder.path().join("report.json");
    let mut command = Command::new(vetch);
    command
        .args(["scan", "--format", "json", "--as-of", &moment.to_string(), "--cache-dir"])
        .arg(cache.join("contents"));
    // Histories are kept apart from those of whoever runs this.
    command.env("XDG_STATE_HOME", cache.join("state")).arg("--output").arg(&file).arg(release);
    let output = command.output().with_context(|| format!("cannot start {}", vetch.display()))?;
    if !matches!(output.status.code(), Some(0 | 1 | 3)) {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    serde_json::from_str(&repo::read(&file)?).context("the report cannot be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_releases_count_and_prereleases_do_not() {
        let all = (1..=20).map(|n| (format!("1.{n}.0"), format!("2026-01-{n:02}T00:00:00Z")));
        let odd = [("created", "2020"), ("2.0.0-rc.1", "2026-03-01"), ("modified", "2026-09-01")];
        let odd = odd.map(|(version, time)| (version.to_owned(), time.to_owned()));
        let last = last(all.chain(odd).collect());
        assert_eq!((last.len(), last[0].0.as_str(), last[14].0.as_str()), (15, "1.6.0", "1.20.0"));
    }

    #[test]
    fn about_forty_packages_are_listed() {
        assert!((35..=45).contains(&packages(&[]).unwrap().len()));
    }
}
