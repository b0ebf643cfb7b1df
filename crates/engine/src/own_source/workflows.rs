//! What CI runs, as the install script of a package: unasked, with the secrets of the project in reach.
//!
//! Of a workflow only the commands are kept, at the lines where they stand, so that findings point at them. What it uses of
//! others is told as dependencies.

use std::collections::BTreeMap;

use serde_json::json;

/// Keys whose values, or the items below them, are commands: GitHub's, GitLab's, CircleCI's.
const COMMANDS: &[&str] = &["run", "script", "before_script", "after_script", "command"];

/// Whether a file says what CI runs.
pub(super) fn is_workflow(path: &str) -> bool {
    let is_yaml = path.ends_with(".yml") || path.ends_with(".yaml");
    is_yaml
        && (path.starts_with(".github/workflows/")
            || path.starts_with(".github/actions/")
            || matches!(path, "action.yml" | "action.yaml" | ".gitlab-ci.yml" | ".circleci/config.yml"))
}

pub(super) fn pack(files: &BTreeMap<String, &[u8]>) -> std::io::Result<Vec<u8>> {
    let mut entries = BTreeMap::new();
    let mut commands = Vec::new();
    let mut used = BTreeMap::new();
    for (path, bytes) in files {
        used.extend(actions(&String::from_utf8_lossy(bytes)));
        entries.insert(format!("package/{path}"), script(&String::from_utf8_lossy(bytes)).into_bytes());
        commands.push(format!("sh {path}"));
    }
    let manifest = json!({
        "name": "ci-workflows",
        "version": "0.0.0",
        "scripts": { "install": commands.join("; ") },
        "dependencies": used,
    });
    entries.insert("package/package.json".to_owned(), manifest.to_string().into_bytes());
    super::pack::archive(&entries)
}

/// `uses: owner/action@ref`: what others run there, as dependencies.
fn actions(text: &str) -> Vec<(String, String)> {
    let used = text.lines().filter_map(|line| match key_of(line.trim_start()) {
        Some(("uses", value)) => unquoted(value.split(" #").next().unwrap_or(value).trim()).split_once('@'),
        _ => None,
    });
    used.map(|(action, reference)| (action.to_owned(), reference.to_owned())).collect()
}

/// The commands of a workflow, each on its line; every other line is empty.
fn script(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // The indentation of the key whose block or list this is.
    let mut within: Option<usize> = None;
    for line in text.lines() {
        let plain = line.trim_start();
        let indent = line.len() - plain.len();
        if within.is_some_and(|key| !plain.is_empty() && indent <= key && !is_item_at(plain, indent, key)) {
            within = None;
        }
        let command = match (within, key_of(plain)) {
            (Some(_), _) => Some(plain.strip_prefix("- ").unwrap_or(plain)),
            (None, Some((key, value))) if COMMANDS.contains(&key) => match value {
                "" | "|" | ">" | "|-" | ">-" | "|+" | ">+" => {
                    within = Some(indent + (plain.len() - plain.trim_start_matches("- ").len()));
                    None
                }
                value => Some(value),
            },
            _ => None,
        };
        let command = command.unwrap_or_default();
        out.push_str(&" ".repeat(indent.min(200)));
        out.push_str(&variables(unquoted(command)));
        out.push('\n');
    }
    out
}

/// `- item` at the very indentation of its key, as YAML allows.
fn is_item_at(plain: &str, indent: usize, key: usize) -> bool {
    indent == key && plain.starts_with("- ") && key_of(plain).is_none_or(|(name, _)| !is_step(name))
}

/// Keys that begin another step.
fn is_step(name: &str) -> bool {
    COMMANDS.contains(&name) || matches!(name, "name" | "uses" | "if" | "id" | "with" | "env")
}

/// `key: value`, also as the first of a list's item.
fn key_of(plain: &str) -> Option<(&str, &str)> {
    let (key, value) = plain.trim_start_matches("- ").split_once(':')?;
    let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    (is_key && (value.is_empty() || value.starts_with(' '))).then(|| (key, value.trim()))
}

fn unquoted(value: &str) -> &str {
    let quoted = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    quoted('"').or_else(|| quoted('\'')).unwrap_or(value)
}

/// `${{ secrets.TOKEN }}` as the variable that it is to a shell.
fn variables(command: &str) -> String {
    let mut out = String::with_capacity(command.len());
    let mut rest = command;
    while let Some((before, after)) = rest.split_once("${{") {
        let Some((expression, tail)) = after.split_once("}}") else { break };
        out.push_str(before);
        let expression = expression.trim();
        let name = ["secrets.", "env.", "vars."].iter().find_map(|prefix| expression.strip_prefix(prefix));
        match name.filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')) {
            Some(name) => out.push_str(&format!("${{{name}}}")),
            // All secrets at once.
            None if expression.starts_with("toJSON(secrets") || expression.starts_with("toJson(secrets") => {
                out.push_str("$(env)");
            }
            None => out.push_str("$CI_EXPRESSION"),
        }
        rest = tail;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_stay_on_their_lines() {
        let text = "jobs:\n  a:\n    steps:\n      - uses: a/b@v1\n      - run: make \"x\"\n      - name: n\n        run: |\n          \
                    curl a\n          sh b\n      - uses: c/d@v1\n";
        let lines: Vec<String> = script(text).lines().map(|line| line.trim().to_owned()).collect();
        assert_eq!(lines, ["", "", "", "", "make \"x\"", "", "", "curl a", "sh b", ""]);
    }

    #[test]
    fn lists_of_commands_are_read() {
        let text = "test:\n  script:\n    - npm ci\n    - npm test\n  stage: test\n";
        let lines: Vec<String> = script(text).lines().map(|line| line.trim().to_owned()).collect();
        assert_eq!(lines, ["", "", "npm ci", "npm test", ""]);
    }

    #[test]
    fn secrets_are_variables() {
        assert_eq!(variables("x ${{ secrets.NPM_TOKEN }} y"), "x ${NPM_TOKEN} y");
        assert_eq!(variables("echo '${{ toJSON(secrets) }}'"), "echo '$(env)'");
        assert_eq!(variables("a ${{ matrix.node }}"), "a $CI_EXPRESSION");
        assert_eq!(variables("a ${{ open"), "a ${{ open");
    }
}
