//! Files that are generated from the code: `schemas/`, the rule reference in `docs/`, and the
//! archives, lockfile and installed tree of `demo/axios`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::repo::{self, cargo};

/// Folders in which every file with this ending is generated; what is not, is left over.
const GENERATED: &[(&str, &str)] = &[("schemas", ".schema.json"), ("docs/rules", ".md")];

/// Path from the root → contents.
type Files = BTreeMap<String, String>;

/// Brings the files up to date, or names those that are not.
pub(crate) fn run(check: bool) -> Result<()> {
    let files =
        repo::output(cargo().args(["run", "--locked", "--quiet", "--package", "xtask", "--example", "generate"]))?;
    let files: Files = serde_json::from_slice(&files).context("the generator's output")?;
    let root = repo::root();
    let changes = changes(&root, &files)?;
    if check {
        let named =
            |what: &str, paths: &[String]| paths.iter().map(|path| format!("\n  {what}: {path}")).collect::<String>();
        if !changes.is_empty() {
            let list = named("stale", &changes.stale) + &named("left over", &changes.left_over);
            bail!("generated files are not current; run `cargo xtask codegen`{list}");
        }
        return demo(&["--", "--check"]).context("the demo is not current; run `cargo xtask codegen`");
    }
    for path in &changes.stale {
        repo::write(&root.join(path), files[path].as_bytes())?;
        println!("wrote {path}");
    }
    for path in &changes.left_over {
        std::fs::remove_file(root.join(path)).with_context(|| format!("cannot remove {path}"))?;
        println!("removed {path}");
    }
    demo(&[])
}

/// `demo/axios` is built by the test kit, which knows how npm writes archives.
fn demo(arguments: &[&str]) -> Result<()> {
    let example = ["run", "--locked", "--quiet", "--package", "vetch-testkit", "--example", "demo"];
    repo::run(cargo().args(example).args(arguments))
}

/// What differs between the files and what they should be.
#[derive(Debug, Default, PartialEq, Eq)]
struct Changes {
    stale: Vec<String>,
    left_over: Vec<String>,
}

impl Changes {
    fn is_empty(&self) -> bool {
        self.stale.is_empty() && self.left_over.is_empty()
    }
}

fn changes(root: &Path, files: &Files) -> Result<Changes> {
    let mut changes = Changes::default();
    for (path, contents) in files {
        let current = std::fs::read(root.join(path)).is_ok_and(|bytes| bytes == contents.as_bytes());
        if !current {
            changes.stale.push(path.clone());
        }
    }
    let mut there = BTreeSet::new();
    for (folder, ending) in GENERATED {
        let Ok(entries) = std::fs::read_dir(root.join(folder)) else { continue };
        for entry in entries {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.ends_with(ending) {
                there.insert(format!("{folder}/{name}"));
            }
        }
    }
    changes.left_over = there.into_iter().filter(|path| !files.contains_key(path)).collect();
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stale_missing_and_left_over_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| repo::write(&folder.path().join(path), text.as_bytes()).unwrap();
        put("schemas/a.schema.json", "{}");
        put("schemas/b.schema.json", "old");
        put("schemas/README.md", "by hand");
        put("docs/rules/gone.md", "# gone");
        let files: Files =
            [("schemas/a.schema.json", "{}"), ("schemas/b.schema.json", "new"), ("docs/rules.md", "# Rules")]
                .map(|(path, text)| (path.to_owned(), text.to_owned()))
                .into();
        let changes = changes(folder.path(), &files).unwrap();
        assert_eq!(changes.stale, ["docs/rules.md", "schemas/b.schema.json"]);
        assert_eq!(changes.left_over, ["docs/rules/gone.md"]);
    }
}
