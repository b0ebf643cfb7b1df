//! What tools list, and how to read it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::Value;

/// What a tool lists.
#[derive(Default)]
pub(super) struct Listing {
    /// `name@version` of every package.
    pub(super) packages: BTreeSet<String>,
    /// `name@version > name@version` of who asks for whom, in tools that say it.
    pub(super) edges: Option<BTreeSet<String>>,
    /// Packages of which it does not say for whom they ask.
    pub(super) unsaid: BTreeSet<String>,
}

impl Listing {
    fn insert(&mut self, package: String) {
        self.packages.insert(package);
    }

    fn link(&mut self, from: Option<&str>, to: &str) {
        let edges = self.edges.get_or_insert_default();
        edges.extend(from.map(|from| format!("{from} > {to}")));
    }
}

fn json(text: &str) -> Result<Value> {
    serde_json::from_str(text).context("the tool's listing")
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// A tree of `dependencies`: name → `{version, dependencies}`.
pub(super) fn npm(listing: &str) -> Result<Listing> {
    let mut found = Listing::default();
    let root = json(listing)?;
    let mut open = vec![(None::<String>, &root)];
    while let Some((parent, node)) = open.pop() {
        for (name, child) in node.get("dependencies").and_then(Value::as_object).into_iter().flatten() {
            // A missing optional dependency has no version.
            let Some(version) = child.get("version").and_then(Value::as_str) else {
                continue;
            };
            // An alias is told by the archive that it comes from, where that is known.
            let name = child.get("name").and_then(Value::as_str).unwrap_or(name);
            let label = format!("{name}@{version}");
            found.link(parent.as_deref(), &label);
            found.insert(label.clone());
            open.push((Some(label), child));
        }
    }
    Ok(found)
}

/// The same, an array of projects, with several kinds of dependencies; `from` is an alias' own name.
pub(super) fn pnpm(listing: &str) -> Result<Listing> {
    let mut found = Listing::default();
    let projects = json(listing)?;
    let mut open: Vec<(Option<String>, &Value)> =
        projects.as_array().into_iter().flatten().map(|project| (None, project)).collect();
    while let Some((parent, node)) = open.pop() {
        for field in ["dependencies", "devDependencies", "optionalDependencies", "unsavedDependencies"] {
            for (_, child) in node.get(field).and_then(Value::as_object).into_iter().flatten() {
                let label = format!("{}@{}", text(child, "from"), text(child, "version"));
                found.link(parent.as_deref(), &label);
                found.insert(label.clone());
                open.push((Some(label), child));
            }
        }
    }
    Ok(found)
}

/// A line of JSON with `trees`, whose `shadow` entries are ranges and no packages.
pub(super) fn yarn_classic(listing: &str) -> Result<Listing> {
    let mut found = Listing::default();
    for line in listing.lines().filter(|line| line.starts_with("{\"type\":\"tree\"")) {
        let line = json(line)?;
        let mut open: Vec<&Value> =
            line.pointer("/data/trees").and_then(Value::as_array).into_iter().flatten().collect();
        while let Some(node) = open.pop() {
            if node.get("shadow") != Some(&Value::Bool(true)) {
                found.insert(text(node, "name").to_owned());
            }
            open.extend(node.get("children").and_then(Value::as_array).into_iter().flatten());
        }
    }
    Ok(found)
}

/// One line of JSON a package, and one for each of those that peers make of it: `{"value": "name@npm:1.0.0", "children":
/// {"Version": "1.0.0", "Dependencies": [{"locator": "name@virtual:…#npm:1.0.0"}], "Peer dependencies": […]}}`.
pub(super) fn yarn_berry(listing: &str) -> Result<Listing> {
    let lines = listing.lines().filter(|line| line.starts_with('{')).map(json).collect::<Result<Vec<_>>>()?;
    let mut labels = BTreeMap::new();
    for line in &lines {
        let locator = physical(text(line, "value"));
        let version = line.pointer("/children/Version").and_then(Value::as_str).unwrap_or_default();
        let (name, reference) = split_locator(&locator);
        if !reference.starts_with("@workspace:") {
            let label = format!("{name}@{version}");
            labels.insert(locator, label);
        }
    }
    let mut found = Listing { packages: labels.values().cloned().collect(), ..Listing::default() };
    for line in &lines {
        let from = labels.get(&physical(text(line, "value")));
        let lists = ["/children/Dependencies", "/children/Peer dependencies"];
        let dependencies = lists.iter().filter_map(|list| line.pointer(list)?.as_array()).flatten();
        for to in dependencies
            .filter(|dependency| !is_implied(dependency))
            .filter_map(|dependency| labels.get(&physical(text(dependency, "locator"))))
        {
            found.link(from.map(String::as_str), to);
        }
    }
    Ok(found)
}

/// Whether Yarn made it up: it adds the types of every peer as a peer, for which no manifest asks.
fn is_implied(dependency: &Value) -> bool {
    let descriptor = text(dependency, "descriptor");
    descriptor.starts_with("@types/") && descriptor.ends_with("@*")
}

/// `@scope/name@reference` → `@scope/name`, `@reference`.
fn split_locator(locator: &str) -> (&str, &str) {
    let at = locator.get(1..).and_then(|rest| rest.find('@')).map_or(locator.len(), |at| at + 1);
    locator.split_at(at)
}

/// A package that its peers make several of, as the one that it is.
fn physical(locator: &str) -> String {
    let (name, reference) = split_locator(locator);
    match reference.strip_prefix("@virtual:").and_then(|rest| rest.split_once('#')) {
        Some((_, reference)) => format!("{name}@{reference}"),
        None => locator.to_owned(),
    }
}

/// `├── name@1.0.0`
pub(super) fn bun(listing: &str) -> Result<Listing> {
    let entries = listing.lines().filter_map(|line| line.split_once("── "));
    let packages = entries.map(|(_, entry)| entry.split_whitespace().next().unwrap_or_default().to_owned()).collect();
    Ok(Listing { packages, ..Listing::default() })
}

/// `name==1.0.0 ; marker`
pub(super) fn requirements(listing: &str) -> Result<Listing> {
    let packages = listing.lines().filter_map(requirement).collect();
    Ok(Listing { packages, ..Listing::default() })
}

fn requirement(line: &str) -> Option<String> {
    let (name, version) = line.split([';', ' ']).next()?.split_once("==")?;
    // Extras that a requirement asks for are no part of the name.
    Some(format!("{}@{version}", name.split('[').next().unwrap_or(name)))
}

/// The same, each with who asks for it below: `    # via name`, or `    # via` and lines of `    #   name`.
pub(super) fn annotated(listing: &str) -> Result<Listing> {
    let mut found = requirements(listing)?;
    let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for label in &found.packages {
        let name = label.split('@').next().unwrap_or(label);
        names.entry(name).or_default().push(label);
    }
    // Of a name that is there twice, nobody says which one asks.
    let vague = names.values().filter(|labels| labels.len() > 1).flatten();
    let unsaid = vague.map(|label| (*label).to_owned()).collect();
    let mut edges = BTreeSet::new();
    let mut asked = None;
    for line in listing.lines() {
        let Some(comment) = line.trim_start().strip_prefix('#') else {
            asked = requirement(line);
            continue;
        };
        let by = comment.trim().trim_start_matches("via").trim();
        if let (Some(to), Some([from])) = (&asked, names.get(by).map(Vec::as_slice)) {
            edges.insert(format!("{from} > {to}"));
        }
    }
    (found.edges, found.unsaid) = (Some(edges), unsaid);
    Ok(found)
}

/// `pip inspect`: the core metadata of what is installed.
pub(super) fn inspection(listing: &str) -> Result<Listing> {
    let report = json(listing)?;
    let mut found = Listing::default();
    for package in report.get("installed").and_then(Value::as_array).into_iter().flatten() {
        let metadata = package.get("metadata").context("no metadata")?;
        // Names are normalised as PEP 503 has it.
        let name = text(metadata, "name").to_lowercase().replace(['_', '.'], "-");
        found.insert(format!("{name}@{}", text(metadata, "version")));
    }
    Ok(found)
}

/// `name (!) 1.0.0 words`: the mark says that it is not installed.
pub(super) fn poetry(listing: &str) -> Result<Listing> {
    let mut found = Listing::default();
    for line in listing.lines() {
        let mut words = line.split_whitespace().filter(|word| *word != "(!)");
        if let (Some(name), Some(version)) = (words.next(), words.next()) {
            found.insert(format!("{name}@{version}"));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is listed: packages, then edges.
    fn listed(found: &Listing) -> Vec<&str> {
        found.packages.iter().chain(found.edges.iter().flatten()).map(String::as_str).collect()
    }

    #[test]
    fn trees_are_read() {
        let tree = r#"{"dependencies": {"a": {"version": "1", "dependencies": {"b": {"version": "2"}, "c": {}}}}}"#;
        assert_eq!(listed(&npm(tree).unwrap()), ["a@1", "b@2", "a@1 > b@2"]);
        let tree = r#"[{"devDependencies": {"x": {"from": "a", "version": "1", "dependencies": {"b": {"from": "b", "version": "2"}}}}}]"#;
        assert_eq!(listed(&pnpm(tree).unwrap()), ["a@1", "b@2", "a@1 > b@2"]);
        let tree = r#"{"type":"tree","data":{"trees":[{"name":"a@1","children":[{"name":"b@^2","shadow":true},{"name":"c@3"}]}]}}"#;
        assert_eq!(listed(&yarn_classic(tree).unwrap()), ["a@1", "c@3"]);
    }

    #[test]
    fn yarn_tells_peers_by_virtual_packages() {
        let lines = r#"{"value":"@s/a@npm:1","children":{"Version":"1","Dependencies":[{"descriptor":"b@npm:^2","locator":"b@npm:2"}]}}
{"value":"@s/a@virtual:0#npm:1","children":{"Version":"1","Peer dependencies":[{"descriptor":"c@>=3","locator":"c@npm:3"},{"descriptor":"@types/c@*","locator":"@types/c@npm:3"}]}}
{"value":"@types/c@npm:3","children":{"Version":"3"}}
{"value":"b@npm:2","children":{"Version":"2"}}
{"value":"c@npm:3","children":{"Version":"3"}}
{"value":"r@workspace:.","children":{"Version":"0.0.0-use.local"}}"#;
        let found = yarn_berry(lines).unwrap();
        assert_eq!(listed(&found), ["@s/a@1", "@types/c@3", "b@2", "c@3", "@s/a@1 > b@2", "@s/a@1 > c@3"]);
    }

    #[test]
    fn lists_are_read() {
        assert_eq!(listed(&bun("/x node_modules\n├── @s/a@1\n│   └── b@2\n").unwrap()), ["@s/a@1", "b@2"]);
        assert_eq!(listed(&requirements("# x\na[y]==1 ; python_version > '3'\n-e .\n").unwrap()), ["a@1"]);
        assert_eq!(listed(&poetry("a (!) 1 Words\nb 2 More\n").unwrap()), ["a@1", "b@2"]);
        let report = r#"{"installed": [{"metadata": {"name": "A_b", "version": "1"}}]}"#;
        assert_eq!(listed(&inspection(report).unwrap()), ["a-b@1"]);
    }

    #[test]
    fn notes_say_who_asks_unless_two_have_the_name() {
        let export = "a==1\n    # via project\nb==2\n    # via\n    #   a\n    #   c\nc==1 ; x\nc==2 ; y\n";
        let found = annotated(export).unwrap();
        assert_eq!(listed(&found), ["a@1", "b@2", "c@1", "c@2", "a@1 > b@2"]);
        assert_eq!(found.unsaid.iter().map(String::as_str).collect::<Vec<_>>(), ["c@1", "c@2"]);
    }
}
