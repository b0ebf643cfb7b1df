//! Checks of the manifests, the lockfile and ARCHITECTURE.md against each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::Problem;
use super::exceptions::{Exceptions, Kind};
use crate::repo;

const ARCHITECTURE: &str = "ARCHITECTURE.md";

/// The only place that dependencies may come from.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Every check of manifests.
pub(super) fn check(root: &Path, exceptions: &mut Exceptions) -> Result<Vec<Problem>> {
    let workspace = parse(root, "Cargo.toml")?;
    let architecture = repo::read(&root.join(ARCHITECTURE))?;
    let packages = packages(root)?;

    let mut problems = Vec::new();
    for (folder, manifest) in &packages {
        problems.extend(package(folder, manifest, exceptions));
    }
    problems.extend(unnamed(&architecture, packages.keys()));
    let external = external(&workspace);
    problems.extend(dependency_table(&architecture, &external));
    problems.extend(unused(&external, packages.values()));
    problems.extend(sources(&parse(root, "Cargo.lock")?));
    Ok(problems)
}

fn parse(root: &Path, path: &str) -> Result<Table> {
    repo::read(&root.join(path))?.parse().with_context(|| format!("cannot parse {path}"))
}

/// Folder → manifest of every package of the workspace.
fn packages(root: &Path) -> Result<BTreeMap<String, Table>> {
    let mut folders = vec!["fuzz".to_owned(), "xtask".to_owned()];
    let crates = root.join("crates");
    for entry in std::fs::read_dir(&crates).with_context(|| format!("cannot read {}", crates.display()))? {
        folders.push(format!("crates/{}", entry?.file_name().to_string_lossy()));
    }
    folders.into_iter().map(|folder| Ok((folder.clone(), parse(root, &format!("{folder}/Cargo.toml"))?))).collect()
}

fn package(folder: &str, manifest: &Table, exceptions: &mut Exceptions) -> Vec<Problem> {
    let path = format!("{folder}/Cargo.toml");
    let mut problems = Vec::new();
    let description = manifest.get("package").and_then(|package| package.get("description")).and_then(Value::as_str);
    if description.is_none_or(|text| text.trim().len() < 10) {
        problems.push(Problem::new(&path, 0, "say in `description` what the crate is"));
    }
    let lints = manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(Value::as_bool);
    if lints != Some(true) && !exceptions.allow(Kind::OwnLints, folder) {
        problems.push(Problem::new(&path, 0, "take the lints of the workspace: `[lints] workspace = true`"));
    }
    problems
}

/// Packages that ARCHITECTURE.md does not speak of.
fn unnamed<'a>(architecture: &str, folders: impl Iterator<Item = &'a String>) -> Vec<Problem> {
    let unnamed = folders.filter(|folder| !architecture.contains(&format!("`{folder}`")));
    unnamed.map(|folder| Problem::new(ARCHITECTURE, 0, format!("say what `{folder}` is and may not do"))).collect()
}

/// Names of the dependencies that are not ours.
fn external(workspace: &Table) -> BTreeSet<String> {
    let dependencies = workspace.get("workspace").and_then(|table| table.get("dependencies")).and_then(Value::as_table);
    let external = dependencies.into_iter().flatten().filter(|(_, value)| value.get("path").is_none());
    external.map(|(name, _)| name.clone()).collect()
}

/// The table under `## Dependencies` lists every one of them, each with a reason, and nothing else.
fn dependency_table(architecture: &str, external: &BTreeSet<String>) -> Vec<Problem> {
    let mut listed = BTreeSet::new();
    let mut problems = Vec::new();
    let mut inside = false;
    for (index, line) in architecture.lines().enumerate() {
        if let Some(heading) = line.strip_prefix("## ") {
            inside = heading.trim() == "Dependencies";
        }
        let Some(name) = line.strip_prefix("| `").filter(|_| inside).and_then(|row| row.split('`').next()) else {
            continue;
        };
        let reason = line.split('|').nth(2).unwrap_or_default().trim();
        if !external.contains(name) {
            problems.push(Problem::new(ARCHITECTURE, index + 1, format!("`{name}` is no dependency of the workspace")));
        } else if !listed.insert(name.to_owned()) {
            problems.push(Problem::new(ARCHITECTURE, index + 1, format!("`{name}` is listed twice")));
        } else if reason.is_empty() {
            problems.push(Problem::new(ARCHITECTURE, index + 1, format!("say why `{name}` is needed")));
        }
    }
    let missing = external.difference(&listed);
    let message = |name: &String| format!("give the reason for `{name}` in the table under `## Dependencies`");
    problems.extend(missing.map(|name| Problem::new(ARCHITECTURE, 0, message(name))));
    problems
}

/// Dependencies that the workspace lists and no package takes.
fn unused<'a>(external: &BTreeSet<String>, packages: impl Iterator<Item = &'a Table>) -> Vec<Problem> {
    let used: BTreeSet<&String> = packages.flat_map(dependencies).collect();
    let unused = external.iter().filter(|name| !used.contains(name));
    unused.map(|name| Problem::new("Cargo.toml", 0, format!("no package uses `{name}`: remove it"))).collect()
}

/// What a package depends on, for whichever purpose and target.
fn dependencies(manifest: &Table) -> Vec<&String> {
    let targets = manifest.get("target").and_then(Value::as_table);
    let tables =
        std::iter::once(manifest).chain(targets.into_iter().flat_map(Table::values).filter_map(Value::as_table));
    let sections = tables.flat_map(|table| {
        ["dependencies", "dev-dependencies", "build-dependencies"]
            .map(|section| table.get(section))
            .into_iter()
            .flatten()
    });
    sections.filter_map(Value::as_table).flat_map(Table::keys).collect()
}

/// Every locked package is ours or from the one registry.
fn sources(lock: &Table) -> Vec<Problem> {
    let packages = lock.get("package").and_then(Value::as_array);
    let mut problems = Vec::new();
    for package in packages.into_iter().flatten() {
        let text = |field: &str| package.get(field).and_then(Value::as_str);
        if let Some(source) = text("source").filter(|source| *source != REGISTRY) {
            let name = text("name").unwrap_or("a package");
            problems.push(Problem::new("Cargo.lock", 0, format!("`{name}` is from {source}, not from crates.io")));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        text.parse().unwrap()
    }

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn messages(problems: &[Problem]) -> Vec<&str> {
        problems.iter().map(|problem| problem.message.as_str()).collect()
    }

    #[test]
    fn a_package_says_what_it_is_and_takes_the_lints() {
        let good = table("[package]\ndescription = 'What it is.'\n[lints]\nworkspace = true");
        assert!(package("crates/a", &good, &mut Exceptions::default()).is_empty());
        let bad = table("[package]\ndescription = ''");
        assert_eq!(package("crates/a", &bad, &mut Exceptions::default()).len(), 2);
        assert_eq!(package("crates/sandbox", &bad, &mut Exceptions::default()).len(), 1);
    }

    #[test]
    fn every_package_is_spoken_of() {
        let folders = ["crates/model".to_owned(), "crates/mod".to_owned()];
        let problems = unnamed("`crates/model`: words", folders.iter());
        assert_eq!(messages(&problems), ["say what `crates/mod` is and may not do"]);
    }

    #[test]
    fn the_dependency_table_is_exact() {
        let workspace =
            table("[workspace.dependencies]\nours = { path = 'x' }\na = '1'\nb = { version = '1' }\nc = '1'");
        let external = external(&workspace);
        assert_eq!(external, names(&["a", "b", "c"]));
        let text = "| `z` | elsewhere |\n## Dependencies\n| `a` | because |\n| `a` | again |\n| `b` | |\n| `d` | gone |\n## Next\n| `e` | no row |";
        let problems = dependency_table(text, &external);
        assert_eq!(
            messages(&problems),
            [
                "`a` is listed twice",
                "say why `b` is needed",
                "`d` is no dependency of the workspace",
                "give the reason for `c` in the table under `## Dependencies`",
            ]
        );
        assert!(dependency_table("## Dependencies\n| `a` | x |", &names(&["a"])).is_empty());
    }

    #[test]
    fn dependencies_of_every_section_count_as_used() {
        let packages = [
            table("[dependencies]\na.workspace = true\n[dev-dependencies]\nb.workspace = true"),
            table("[target.'cfg(unix)'.dependencies]\nc.workspace = true"),
        ];
        let problems = unused(&names(&["a", "b", "c", "d"]), packages.iter());
        assert_eq!(messages(&problems), ["no package uses `d`: remove it"]);
    }

    #[test]
    fn other_registries_are_found() {
        let lock = format!(
            "[[package]]\nname = 'ours'\n[[package]]\nname = 'a'\nsource = '{REGISTRY}'\n\
             [[package]]\nname = 'b'\nsource = 'registry+https://crates.example.invalid/index'"
        );
        let problems = sources(&table(&lock));
        assert_eq!(
            messages(&problems),
            ["`b` is from registry+https://crates.example.invalid/index, not from crates.io"]
        );
    }
}
