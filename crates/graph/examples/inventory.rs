//! What Vetch makes of one lockfile, for comparisons with what its tool says: `inventory FORMAT FILE`.
//! Prints `{"packages": ["name@version", …], "edges": ["name@version > name@version", …],
//! "aliases": {"alias@version": "name@version"}, "incomplete": ["what: why", …]}`, without the project's own packages.

#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Error, Result};
use std::path::PathBuf;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use vetch_lockfiles::{DirFiles, Format, read};
use vetch_model::inventory::{Inventory, Role};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(format), Some(path)) = (arguments.next(), arguments.next().map(PathBuf::from)) else {
        return Err(Error::other("usage: inventory FORMAT FILE"));
    };
    let format = format.parse::<Format>().map_err(|_| Error::other(format!("{format} is no format")))?;
    let folder = Dir::open_ambient_dir(path.parent().unwrap_or(&path), ambient_authority())?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let outcome = read(&DirFiles(&folder), &name, format).map_err(|error| Error::other(error.to_string()))?;
    let packages = outcome.value.inventory.packages.iter().filter(|package| package.role == Role::Dependency);
    let aliases: BTreeMap<String, String> = packages
        .clone()
        .filter_map(|package| {
            let version = package.version.as_deref().unwrap_or_default();
            Some((format!("{}@{version}", package.alias.as_ref()?), package.label()))
        })
        .collect();
    let packages: BTreeSet<String> = packages.map(|package| package.label()).collect();
    let edges = edges(&outcome.value.inventory);
    let incomplete: Vec<String> =
        outcome.incomplete.iter().map(|missing| format!("{}: {}", missing.what, missing.why)).collect();
    let said =
        serde_json::json!({ "packages": packages, "edges": edges, "aliases": aliases, "incomplete": incomplete });
    println!("{said}");
    Ok(())
}

/// Which dependency asks for which; not that what is patched stands on its original, which has the same name.
fn edges(inventory: &Inventory) -> BTreeSet<String> {
    let ends = inventory.edges.iter().map(|edge| [edge.from, edge.to].map(|id| inventory.package(id)));
    let between = ends.filter(|ends| ends.iter().all(|package| package.role == Role::Dependency));
    let labels = between.map(|ends| ends.map(|package| package.label()));
    labels.filter(|[from, to]| from != to).map(|[from, to]| format!("{from} > {to}")).collect()
}
