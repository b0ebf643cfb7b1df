//! `cargo xtask corpus map`: what Vetch reads in a lockfile against what the tool that wrote it lists.
//!
//! The projects of `xtask/corpus/map` are locked by every tool of their ecosystem, in a cache folder, once. Nothing is
//! installed but by Yarn 1, which cannot lock without. Tools that are not there are left out, and said to be.

mod listings;
mod tools;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Deserialize;

use crate::repo;
use tools::Tool;

/// Most differences shown of each kind.
const SHOWN: usize = 8;

/// Which comparisons to run.
#[derive(Args)]
pub(crate) struct Map {
    /// Where projects are locked and listings kept [default: as for the other corpora]
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Only these tools
    #[arg(value_name = "TOOL")]
    tools: Vec<String>,
}

/// What `crates/graph/examples/inventory.rs` prints.
#[derive(Deserialize)]
struct Ours {
    packages: BTreeSet<String>,
    edges: BTreeSet<String>,
    /// `alias@version` → `name@version`; npm lists what is installed under an alias by that.
    aliases: BTreeMap<String, String>,
    incomplete: Vec<String>,
}

/// Compares and prints; fails if anything differs that is not known to.
pub(crate) fn run(options: &Map) -> Result<()> {
    let cache = options.cache.clone().map_or_else(|| Ok(repo::corpus_cache()?.join("map")), Ok::<_, anyhow::Error>)?;
    repo::run(repo::cargo().args([
        "build",
        "--release",
        "--locked",
        "--quiet",
        "--package",
        "vetch-graph",
        "--examples",
    ]))?;
    let program = repo::target_dir()?.join("release/examples/inventory");
    println!("{:<8} {:<10} {:<9} {:>7} {:>10} {:>12}", "tool", "project", "what", "equal", "only ours", "only theirs");
    let mut differing = 0;
    for tool in
        tools::ALL.iter().filter(|tool| options.tools.is_empty() || options.tools.iter().any(|name| name == tool.name))
    {
        for project in projects(tool)? {
            match compare(tool, &project, &cache, &program) {
                Ok(differs) => differing += usize::from(differs),
                Err(error) => println!("{:<8} {project:<10} left out: {error:#}", tool.name),
            }
        }
    }
    if differing > 0 {
        bail!("{differing} listings differ in what is not known to");
    }
    Ok(())
}

fn projects(tool: &Tool) -> Result<Vec<String>> {
    let folder = manifests(tool);
    let entries = std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut names =
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect::<Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

fn manifests(tool: &Tool) -> PathBuf {
    repo::root().join("xtask/corpus/map").join(tool.ecosystem)
}

/// Compares packages, and edges where the tool says them.
fn compare(tool: &Tool, project: &str, cache: &Path, program: &Path) -> Result<bool> {
    let folder = cache.join(tool.name.replace(' ', "-")).join(project);
    lock(tool, project, &folder)?;
    let theirs = (tool.read)(&listing(tool, &folder)?)?;
    let output = repo::output(Command::new(program).arg(tool.format).arg(folder.join(tool.lockfile)))?;
    let ours: Ours = serde_json::from_slice(&output).context("the example's output")?;
    let own_name = |listed: &str| match ours.aliases.get(listed) {
        Some(own) if !ours.packages.contains(listed) => own.clone(),
        _ => listed.to_owned(),
    };
    let packages = theirs.packages.iter().map(|listed| own_name(listed)).collect();
    println!("{:<8} {project:<10} {}", tool.name, row("packages", &ours.packages, &packages));
    let differs = [
        differ("only ours", ours.packages.difference(&packages), tool.known),
        differ("only theirs", packages.difference(&ours.packages), ""),
    ];
    for missing in ours.incomplete.iter().take(3) {
        println!("    incomplete: {missing}");
    }
    let Some(edges) = theirs.edges else {
        return Ok(differs.contains(&true));
    };
    let own_ends = |edge: &String| edge.split(" > ").map(own_name).collect::<Vec<_>>().join(" > ");
    let edges = edges.iter().map(own_ends).collect();
    let is_said = |edge: &String| edge.split(" > ").next().is_some_and(|from| !theirs.unsaid.contains(from));
    let said = ours.edges.into_iter().filter(is_said).collect();
    println!("{:<8} {project:<10} {}", tool.name, row("edges", &said, &edges));
    let edges_differ = [
        differ("only ours", said.difference(&edges), tool.known),
        differ("only theirs", edges.difference(&said), tool.known_edges),
    ];
    Ok(differs.contains(&true) || edges_differ.contains(&true))
}

fn row(what: &str, ours: &BTreeSet<String>, theirs: &BTreeSet<String>) -> String {
    let equal = ours.intersection(theirs).count();
    format!("{what:<9} {equal:>7} {:>10} {:>12}", ours.len() - equal, theirs.len() - equal)
}

/// Prints the first of what only one side has. Whether there is any, and no known reason.
fn differ<'n>(title: &str, names: impl Iterator<Item = &'n String>, known: &str) -> bool {
    let names: Vec<&str> = names.map(String::as_str).collect();
    if names.is_empty() {
        return false;
    }
    let more = if names.len() > SHOWN { ", …" } else { "" };
    println!("    {title}: {}{more}", names[..names.len().min(SHOWN)].join(", "));
    if !known.is_empty() {
        println!("    known: {known}");
    }
    known.is_empty()
}

/// Locks a project, unless that was done with the same manifest before.
fn lock(tool: &Tool, project: &str, folder: &Path) -> Result<()> {
    let name = if tool.ecosystem == "javascript" { "package.json" } else { "pyproject.toml" };
    let manifest = repo::read(&manifests(tool).join(project).join(name))?;
    let marker = folder.join(".locked");
    if std::fs::read_to_string(&marker).is_ok_and(|locked| locked == manifest) {
        return Ok(());
    }
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    repo::write(&folder.join(name), with_index(tool, &manifest).as_bytes())?;
    if tool.name == "yarn 4" {
        // Without a lockfile of its own, the folder would belong to a project above.
        repo::write(&folder.join(tool.lockfile), b"")?;
    }
    let output = command(tool, folder, tool.lock).output().context("the tool is not there")?;
    if !folder.join(tool.lockfile).metadata().is_ok_and(|file| file.len() > 0) {
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        let last = said.lines().rfind(|line| !line.trim().is_empty());
        bail!("no lockfile was made: {}", last.unwrap_or("the tool says nothing"));
    }
    repo::write(&marker, manifest.as_bytes())
}

/// Poetry asks PyPI, whatever other tools are told to ask, unless the project names another index.
fn with_index(tool: &Tool, manifest: &str) -> String {
    match std::env::var("POETRY_INDEX") {
        Ok(url) if tool.name == "poetry" && !url.is_empty() => {
            format!("{manifest}\n[[tool.poetry.source]]\nname = \"index\"\nurl = \"{url}\"\npriority = \"primary\"\n")
        }
        _ => manifest.to_owned(),
    }
}

/// What the tool lists, from the cache if it has said it before.
fn listing(tool: &Tool, folder: &Path) -> Result<String> {
    let kept = folder.join(".listing");
    if let Ok(listing) = std::fs::read_to_string(&kept) {
        return Ok(listing);
    }
    // Tools fail when they find something to complain of, such as unmet peers, and list all the same.
    let output = command(tool, folder, tool.list).output().context("the tool is not there")?;
    let listing = String::from_utf8_lossy(&output.stdout).into_owned();
    if listing.trim().is_empty() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("it lists nothing: {}", said.lines().last().unwrap_or("and says nothing"));
    }
    repo::write(&kept, listing.as_bytes())?;
    Ok(listing)
}

/// A variable may hold the program and its first arguments (`node …/yarn.js`).
fn command(tool: &Tool, folder: &Path, arguments: &[&str]) -> Command {
    let given = std::env::var(tool.variable).unwrap_or_default();
    let mut words = given.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or(tool.program));
    command.args(words).args(arguments).envs(tool.environment.iter().copied());
    // Yarn 4 takes every variable that begins like these for a setting, and refuses those that it does not know.
    command.env_remove("YARN_CLASSIC").env_remove("YARN_BERRY");
    command.current_dir(folder).stdin(Stdio::null());
    command
}
