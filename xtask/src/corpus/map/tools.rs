//! The tools: how each locks a project, how it lists what it has locked, and how to read that.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde_json::Value;

/// `name@version` of every package that a tool lists.
pub(super) type Listing = BTreeSet<String>;

/// One package manager.
pub(super) struct Tool {
    pub(super) name: &'static str,
    /// Whose projects it takes: a folder of `xtask/corpus/map`.
    pub(super) ecosystem: &'static str,
    /// Vetch's format and the lockfile's name.
    pub(super) format: &'static str,
    pub(super) lockfile: &'static str,
    /// The variable that names its program, where it shares its name with another; else `PATH` is searched for it.
    pub(super) variable: &'static str,
    pub(super) program: &'static str,
    pub(super) lock: &'static [&'static str],
    pub(super) list: &'static [&'static str],
    pub(super) environment: &'static [(&'static str, &'static str)],
    pub(super) read: fn(&str) -> Result<Listing>,
    /// What its listing leaves out or names otherwise, known and looked into.
    pub(super) known: &'static str,
}

pub(super) const ALL: &[Tool] = &[
    Tool {
        name: "npm",
        ecosystem: "javascript",
        format: "package-lock",
        lockfile: "package-lock.json",
        variable: "NPM",
        program: "npm",
        lock: &[
            "install",
            "--package-lock-only",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel",
            "error",
            "--legacy-peer-deps",
        ],
        list: &["ls", "--all", "--json", "--package-lock-only"],
        environment: &[],
        read: npm,
        known: "",
    },
    Tool {
        name: "pnpm",
        ecosystem: "javascript",
        format: "pnpm",
        lockfile: "pnpm-lock.yaml",
        variable: "PNPM",
        program: "pnpm",
        lock: &["install", "--lockfile-only", "--ignore-scripts"],
        list: &["list", "--depth", "Infinity", "--json", "--lockfile-only"],
        environment: &[],
        read: pnpm,
        known: "it does not list what is shipped inside other packages' archives",
    },
    Tool {
        name: "yarn 1",
        ecosystem: "javascript",
        format: "yarn-classic",
        lockfile: "yarn.lock",
        variable: "YARN_CLASSIC",
        program: "yarn",
        lock: &["install", "--ignore-scripts", "--non-interactive", "--ignore-engines", "--silent"],
        list: &["list", "--json", "--silent", "--no-progress"],
        environment: &[],
        read: yarn_classic,
        known: "it lists no optional package of another platform",
    },
    Tool {
        name: "yarn 4",
        ecosystem: "javascript",
        format: "yarn-berry",
        lockfile: "yarn.lock",
        variable: "YARN_BERRY",
        program: "yarn",
        lock: &["install", "--mode=update-lockfile"],
        list: &["info", "-A", "-R", "--json"],
        environment: &[
            ("YARN_ENABLE_SCRIPTS", "0"),
            ("YARN_ENABLE_IMMUTABLE_INSTALLS", "0"),
            ("YARN_NPM_MINIMAL_AGE_GATE", "0"),
        ],
        read: yarn_berry,
        known: "",
    },
    Tool {
        name: "bun",
        ecosystem: "javascript",
        format: "bun",
        lockfile: "bun.lock",
        variable: "BUN",
        program: "bun",
        lock: &["install", "--lockfile-only", "--ignore-scripts"],
        list: &["pm", "ls", "--all"],
        environment: &[],
        read: bun,
        known: "",
    },
    Tool {
        name: "uv",
        ecosystem: "python",
        format: "uv",
        lockfile: "uv.lock",
        variable: "UV",
        program: "uv",
        lock: &["lock", "--quiet"],
        list: &[
            "export",
            "--frozen",
            "--no-hashes",
            "--all-groups",
            "--all-extras",
            "--no-emit-project",
            "--no-annotate",
            "--no-header",
            "--quiet",
        ],
        environment: &[],
        read: requirements,
        known: "",
    },
    Tool {
        name: "poetry",
        ecosystem: "python",
        format: "poetry",
        lockfile: "poetry.lock",
        variable: "POETRY",
        program: "poetry",
        lock: &["lock", "--no-interaction"],
        list: &["show", "--all", "--no-ansi", "--no-truncate", "--no-interaction"],
        environment: &[("POETRY_VIRTUALENVS_CREATE", "false")],
        read: poetry,
        known: "",
    },
    Tool {
        name: "pdm",
        ecosystem: "python",
        format: "pdm",
        lockfile: "pdm.lock",
        variable: "PDM",
        program: "pdm",
        lock: &["lock", "--quiet"],
        list: &["export", "--no-hashes", "--format", "requirements"],
        environment: &[("PDM_CHECK_UPDATE", "0")],
        read: requirements,
        known: "",
    },
];

fn json(text: &str) -> Result<Value> {
    serde_json::from_str(text).context("the tool's listing")
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// A tree of `dependencies`: name → `{version, dependencies}`.
fn npm(listing: &str) -> Result<Listing> {
    let mut found = Listing::new();
    let root = json(listing)?;
    let mut open = vec![&root];
    while let Some(node) = open.pop() {
        for (name, child) in node.get("dependencies").and_then(Value::as_object).into_iter().flatten() {
            // A missing optional dependency has no version.
            if let Some(version) = child.get("version").and_then(Value::as_str) {
                // An alias is told by the archive that it comes from, where that is known.
                let name = child.get("name").and_then(Value::as_str).unwrap_or(name);
                found.insert(format!("{name}@{version}"));
            }
            open.push(child);
        }
    }
    Ok(found)
}

/// The same, an array of projects, with several kinds of dependencies; `from` is an alias' own name.
fn pnpm(listing: &str) -> Result<Listing> {
    let mut found = Listing::new();
    let projects = json(listing)?;
    let mut open: Vec<&Value> = projects.as_array().into_iter().flatten().collect();
    while let Some(node) = open.pop() {
        for field in ["dependencies", "devDependencies", "optionalDependencies", "unsavedDependencies"] {
            for (_, child) in node.get(field).and_then(Value::as_object).into_iter().flatten() {
                found.insert(format!("{}@{}", text(child, "from"), text(child, "version")));
                open.push(child);
            }
        }
    }
    Ok(found)
}

/// A line of JSON with `trees`, whose `shadow` entries are ranges and no packages.
fn yarn_classic(listing: &str) -> Result<Listing> {
    let mut found = Listing::new();
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

/// One line of JSON a package: `{"value": "name@npm:1.0.0", "children": {"Version": "1.0.0"}}`.
fn yarn_berry(listing: &str) -> Result<Listing> {
    let mut found = Listing::new();
    for line in listing.lines().filter(|line| line.starts_with('{')) {
        let line = json(line)?;
        let locator = text(&line, "value");
        let at = locator.get(1..).and_then(|rest| rest.find('@')).map_or(locator.len(), |at| at + 1);
        let (name, reference) = locator.split_at(at);
        if !reference.starts_with("@workspace:") {
            let version = line.pointer("/children/Version").and_then(Value::as_str).unwrap_or_default();
            found.insert(format!("{name}@{version}"));
        }
    }
    Ok(found)
}

/// `├── name@1.0.0`
fn bun(listing: &str) -> Result<Listing> {
    let entries = listing.lines().filter_map(|line| line.split_once("── "));
    Ok(entries.map(|(_, entry)| entry.split_whitespace().next().unwrap_or_default().to_owned()).collect())
}

/// `name==1.0.0 ; marker`
fn requirements(listing: &str) -> Result<Listing> {
    let lines = listing.lines().map(|line| line.split([';', ' ']).next().unwrap_or_default());
    let pairs = lines.filter_map(|line| line.split_once("=="));
    // Extras that a requirement asks for are no part of the name.
    Ok(pairs.map(|(name, version)| format!("{}@{version}", name.split('[').next().unwrap_or(name))).collect())
}

/// `name (!) 1.0.0 words`: the mark says that it is not installed.
fn poetry(listing: &str) -> Result<Listing> {
    let mut found = Listing::new();
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

    fn listing(names: &[&str]) -> Listing {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn listings_are_read() {
        let tree = r#"{"dependencies": {"a": {"version": "1", "dependencies": {"b": {"version": "2"}, "c": {}}}}}"#;
        assert_eq!(npm(tree).unwrap(), listing(&["a@1", "b@2"]));
        let tree = r#"[{"devDependencies": {"x": {"from": "a", "version": "1", "dependencies": {"b": {"from": "b", "version": "2"}}}}}]"#;
        assert_eq!(pnpm(tree).unwrap(), listing(&["a@1", "b@2"]));
        let tree = r#"{"type":"tree","data":{"trees":[{"name":"a@1","children":[{"name":"b@^2","shadow":true},{"name":"c@3"}]}]}}"#;
        assert_eq!(yarn_classic(tree).unwrap(), listing(&["a@1", "c@3"]));
        let lines = "{\"value\":\"@s/a@npm:1\",\"children\":{\"Version\":\"1\"}}\n{\"value\":\"r@workspace:.\",\"children\":{}}";
        assert_eq!(yarn_berry(lines).unwrap(), listing(&["@s/a@1"]));
        assert_eq!(bun("/x node_modules\n├── @s/a@1\n│   └── b@2\n").unwrap(), listing(&["@s/a@1", "b@2"]));
        assert_eq!(requirements("# x\na[y]==1 ; python_version > '3'\n-e .\n").unwrap(), listing(&["a@1"]));
        assert_eq!(poetry("a (!) 1 Words\nb 2 More\n").unwrap(), listing(&["a@1", "b@2"]));
    }
}
