//! `cargo xtask bench html`: the page of a large graph in Chromium: its size, and when it can first be used.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use clap::Args;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::repo;

/// What is allowed for 3,000 packages.
const USABLE_MS: u64 = 1_000;
const MEGABYTES: f64 = 3.0;

/// What to measure.
#[derive(Args)]
pub(crate) struct Html {
    /// Packages in the graph
    #[arg(long, value_name = "N", default_value_t = 3_000)]
    packages: usize,
    /// How often the page is opened; the median counts
    #[arg(long, value_name = "N", default_value_t = 5)]
    runs: usize,
    /// Keep the page here
    #[arg(long, value_name = "FILE")]
    keep: Option<std::path::PathBuf>,
}

/// What the example prints.
#[derive(Deserialize)]
struct Line {
    usable_ms: u64,
    slowest_ms: u64,
    choose_ms: f64,
}

/// Measures and prints.
pub(crate) fn run(options: &Html) -> Result<()> {
    let programs = repo::release_build(Some("page"))?;
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let (lock, page) = (folder.path().join("package-lock.json"), folder.path().join("page.html"));
    fs::write(&lock, lockfile(options.packages).to_string()).context("cannot write the lockfile")?;
    let mut command = Command::new(programs.join("vetch"));
    command.args(["graph", "--format", "html", "--output"]).arg(&page).arg(&lock);
    repo::run(command.current_dir(folder.path()))?;
    let bytes = fs::metadata(&page).context("the page")?.len();
    if let Some(keep) = &options.keep {
        fs::copy(&page, keep).with_context(|| format!("cannot write {}", keep.display()))?;
    }
    let output = repo::output(Command::new(programs.join("examples/page")).arg(&page).arg(options.runs.to_string()))?;
    let Line { usable_ms, slowest_ms, choose_ms } =
        serde_json::from_slice(&output).context("what the measurement prints")?;
    let megabytes = bytes as f64 / 1e6;
    println!("{} packages: {megabytes:.2} MB", options.packages);
    println!("first usable after {usable_ms} ms (slowest {slowest_ms} ms); choosing a package {choose_ms:.1} ms");
    let within = |held: bool| if held { "held" } else { "MISSED" };
    println!("first usable ≤ {USABLE_MS} ms: {}", within(usable_ms <= USABLE_MS));
    println!("page ≤ {MEGABYTES:.0} MB: {}", within(megabytes <= MEGABYTES));
    Ok(())
}

/// A lockfile of the shape that large applications have: a few dozen direct dependencies, most packages asked for by
/// one or two others, some by hundreds. The same every time.
fn lockfile(count: usize) -> Value {
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or_default() % below.max(1)
    };
    let name = |at: usize| {
        format!(
            "{}-{}-{at}",
            ["parse", "stream", "util", "core", "plugin"][at % 5],
            ["node", "css", "babel", "ast"][at % 4]
        )
    };
    let mut asks: Vec<Map<String, Value>> = vec![Map::new(); count];
    let mut direct = Map::new();
    for at in 0..count {
        if at < 40 || count <= 40 {
            direct.insert(name(at), "^1.0.0".into());
            continue;
        }
        // Those that come early are asked for often: what is old is what everything hangs on.
        let parents = if at % 50 == 0 { 60 } else { 1 + random(3) };
        for _ in 0..parents {
            let parent = if random(4) == 0 { random(at.min(200)) } else { random(at) };
            asks[parent].insert(name(at), "^1.0.0".into());
        }
    }
    let mut packages = Map::new();
    packages.insert(String::new(), json!({ "name": "shop", "version": "1.0.0", "dependencies": direct }));
    for (at, asks) in asks.into_iter().enumerate() {
        let name = name(at);
        let mut entry = json!({
            "version": format!("1.{}.{}", at % 7, at % 11),
            "resolved": format!("https://registry.npmjs.org/{name}/-/{name}-1.{}.{}.tgz", at % 7, at % 11),
            "integrity": "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
        });
        if !asks.is_empty() {
            entry["dependencies"] = Value::Object(asks);
        }
        if at % 97 == 0 {
            entry["hasInstallScript"] = true.into();
        }
        packages.insert(format!("node_modules/{name}"), entry);
    }
    json!({ "name": "shop", "version": "1.0.0", "lockfileVersion": 3, "requires": true, "packages": packages })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lockfile_has_every_package_once() {
        let lock = lockfile(300);
        assert_eq!(lock["packages"].as_object().map(Map::len), Some(301));
        assert_eq!(lock, lockfile(300));
    }
}
