//! `cargo xtask new-rule`: the two files of a rule, and the two lines that register it.

use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use crate::repo;

const RULES: &str = "crates/detectors/src/rules";
const REGISTRY: &str = "crates/detectors/src/registry.rs";

/// A rule to begin.
#[derive(Args)]
pub(crate) struct NewRule {
    /// A category that has rules: behaviour, integrity, manifest …
    category: String,
    /// Permanent id in kebab-case: the noun phrase of the danger, e.g. `covert-dns-channel`
    id: String,
    /// What it looks at
    #[arg(long, value_name = "WHAT", default_value = "contents")]
    check: Check,
}

/// What a rule looks at.
#[derive(Clone, Copy, ValueEnum)]
enum Check {
    /// One set of contents of one release
    Contents,
    /// One release, with its dependents and installed copies
    Release,
    /// A whole target
    Target,
}

/// Writes and registers it.
pub(crate) fn run(rule: &NewRule) -> Result<()> {
    create(&repo::root(), rule)?;
    println!("Now, in crates/detectors/src/rules/{}/{}:", rule.category, module(&rule.id));
    println!("  1. .md: say what it means; give a malicious example and its benign twin. They are tests.");
    println!("  2. .rs: summary, techniques, remedy, check.");
    println!("  3. cargo test --package vetch-detectors; cargo xtask codegen; cargo xtask corpus npm");
    Ok(())
}

fn create(root: &Path, rule: &NewRule) -> Result<()> {
    let folder = root.join(RULES).join(&rule.category);
    if !rule.category.bytes().all(|byte| byte.is_ascii_lowercase()) || !folder.is_dir() {
        bail!("there is no category `{}` in {RULES}", rule.category);
    }
    if !is_kebab_case(&rule.id) {
        bail!("`{}` is no kebab-case id of several words, such as `covert-dns-channel`", rule.id);
    }
    let module = module(&rule.id);
    let (code, page) = (folder.join(format!("{module}.rs")), folder.join(format!("{module}.md")));
    if code.exists() || page.exists() {
        bail!("the rule `{}` is there already", rule.id);
    }
    let modules = root.join(RULES).join(format!("{}.rs", rule.category));
    let registry = root.join(REGISTRY);
    let (prefix, check) = (format!("{}::", rule.category), words(rule.check).0);
    let new_modules = insert(&repo::read(&modules)?, "pub(crate) mod ", &format!("pub(crate) mod {module};"))
        .with_context(|| format!("{}: no module to put it beside", modules.display()))?;
    let new_registry = insert(&repo::read(&registry)?, &prefix, &format!("    {check} {prefix}{module},"))
        .with_context(|| format!("{REGISTRY}: no rule of this category to put it beside"))?;

    // The registration last: an interruption leaves files that the next run names.
    repo::write(&code, code_text(rule, &module).as_bytes())?;
    repo::write(&page, page_text(&rule.id).as_bytes())?;
    repo::write(&modules, new_modules.as_bytes())?;
    repo::write(&registry, new_registry.as_bytes())
}

fn is_kebab_case(id: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    id.contains('-') && id.split('-').all(word) && id.starts_with(|c: char| c.is_ascii_lowercase())
}

fn module(id: &str) -> String {
    id.replace('-', "_")
}

/// Puts a line among those that contain `prefix`, in the order of what follows it there.
fn insert(text: &str, prefix: &str, new: &str) -> Option<String> {
    let key = |line: &str| line.split_once(prefix).map(|(_, name)| name.trim_end_matches([';', ',']).to_owned());
    let mut lines: Vec<&str> = text.lines().collect();
    let wanted = key(new);
    let peers: Vec<usize> = (0..lines.len()).filter(|index| key(lines[*index]).is_some()).collect();
    let after = peers.iter().rev().find(|index| key(lines[**index]) < wanted).map(|index| index + 1);
    lines.insert(after.or(peers.first().copied())?, new);
    Some(lines.join("\n") + "\n")
}

/// Variant of `Check`, parameter, label of what is judged.
fn words(check: Check) -> (&'static str, &'static str, &'static str) {
    match check {
        Check::Contents => ("Contents", "c: &Contents<'_>", "c.label()"),
        Check::Release => ("Release", "facts: &ReleaseFacts<'_>", "facts.package.label()"),
        Check::Target => ("Target", "facts: &TargetFacts<'_>", "facts.inventory.packages.len()"),
    }
}

fn code_text(rule: &NewRule, module: &str) -> String {
    let (_, parameter, label) = words(rule.check);
    let mut category = rule.category.clone();
    if let Some(first) = category.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    format!(
        r#"//! What the rule finds, in a line.

use crate::rules::prelude::*;

pub(crate) static META: RuleMeta = RuleMeta {{
    id: "{id}",
    summary: "What it finds in the third person without a full stop",
    category: Category::{category},
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    techniques: &[],
    remedy: REVIEW,
    doc: include_str!("{module}.md"),
}};

pub(crate) fn check({parameter}, out: &mut Vec<Finding>) {{
    // What the finding rests on, strongest first; without evidence there is no finding.
    let evidence = Vec::new();
    report(out, &META, ODD, format!("{{}} does what", {label}), evidence);
}}
"#,
        id = rule.id,
    )
}

fn page_text(id: &str) -> String {
    let package = "=== package.json\n{\"name\": \"tool\", \"version\": \"1.0.0\"}\n=== index.js\nmodule.exports = 1;\n";
    format!(
        "# {id}\n\n## What it means\n\n## Why it matters\n\n## Malicious example\n\n\
         ```package malicious={id} verdict=suspicious\n{package}```\n\n\
         ## Benign twin\n\n```package benign\n{package}```\n\n\
         ## When it is a false alarm\n\n## What to do\n\n## References\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(category: &str, id: &str) -> NewRule {
        NewRule { category: category.to_owned(), id: id.to_owned(), check: Check::Release }
    }

    fn workspace() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| repo::write(&root.path().join(path), text.as_bytes()).unwrap();
        put(&format!("{RULES}/manifest.rs"), "//! M.\n\npub(crate) mod a_rule;\npub(crate) mod z_rule;\n");
        put(&format!("{RULES}/manifest/a_rule.rs"), "//! A.\n");
        put(
            REGISTRY,
            "rules! {\n    Contents behaviour::x_rule,\n    Contents manifest::a_rule,\n    Target manifest::z_rule,\n}\n",
        );
        root
    }

    #[test]
    fn a_rule_is_two_files_and_two_lines_in_order() {
        let root = workspace();
        create(root.path(), &rule("manifest", "new-danger")).unwrap();
        let text = |path: &str| std::fs::read_to_string(root.path().join(path)).unwrap();
        assert_eq!(
            text(&format!("{RULES}/manifest.rs")),
            "//! M.\n\npub(crate) mod a_rule;\npub(crate) mod new_danger;\npub(crate) mod z_rule;\n"
        );
        assert_eq!(
            text(REGISTRY),
            "rules! {\n    Contents behaviour::x_rule,\n    Contents manifest::a_rule,\n    \
             Release manifest::new_danger,\n    Target manifest::z_rule,\n}\n"
        );
        assert!(text(&format!("{RULES}/manifest/new_danger.rs")).contains("category: Category::Manifest"));
        assert!(text(&format!("{RULES}/manifest/new_danger.md")).starts_with("# new-danger\n"));
        assert!(create(root.path(), &rule("manifest", "new-danger")).is_err());
    }

    #[test]
    fn the_first_and_the_last_place_are_found() {
        assert_eq!(insert("m b;\nm d;\nend\n", "m ", "m a;").unwrap(), "m a;\nm b;\nm d;\nend\n");
        assert_eq!(insert("m b;\nm d;\nend\n", "m ", "m e;").unwrap(), "m b;\nm d;\nm e;\nend\n");
        assert_eq!(insert("end\n", "m ", "m e;"), None);
    }

    #[test]
    fn bad_names_change_nothing() {
        let root = workspace();
        for (category, id) in
            [("none", "a-b"), ("../x", "a-b"), ("manifest", "word"), ("manifest", "A-b"), ("manifest", "a--b")]
        {
            assert!(create(root.path(), &rule(category, id)).is_err(), "{category} {id}");
        }
        assert_eq!(std::fs::read_dir(root.path().join(RULES).join("manifest")).unwrap().count(), 1);
    }
}
