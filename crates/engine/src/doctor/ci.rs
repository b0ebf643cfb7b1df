//! Workflows: tokens that CI keeps for publishing, and installs that the lockfile does not decide.

use vetch_lockfiles::{Files, ListedKind};
use vetch_model::Location;
use vetch_model::hygiene::{Area, Lint, LintId, Repair};
use vetch_model::outcome::Incomplete;

use crate::map::join;
use crate::secrets::in_line;

const MAX_BYTES: u64 = 1 << 20;
const MAX_FILES: usize = 500;

/// Commands that install something else than the lockfile holds, and what to write instead.
const LOOSE: &[(&str, &str)] = &[
    ("npm install", "npm ci"),
    ("npm i", "npm ci"),
    ("pnpm install --no-frozen-lockfile", "pnpm install --frozen-lockfile"),
    ("yarn install --no-immutable", "yarn install --immutable"),
    ("uv sync", "uv sync --locked"),
    ("poetry update", "poetry sync"),
    ("pdm install", "pdm sync"),
    ("bun install", "bun ci"),
];

/// Options with which those commands do hold to the lockfile.
const STRICT: &[&str] = &["--locked", "--frozen", "--frozen-lockfile", "--immutable"];

pub(super) fn look(files: &dyn Files, workflows: Vec<Lint>, incomplete: &mut Vec<Incomplete>) -> Area {
    let mut area = Area { id: "ci", lints: workflows, looked_at: Vec::new(), unavailable: Vec::new() };
    let listed = files.list(".github/workflows").unwrap_or_default();
    let is_workflow = |name: &str| name.ends_with(".yml") || name.ends_with(".yaml");
    let mut paths: Vec<String> = listed
        .into_iter()
        .filter(|entry| entry.kind == ListedKind::File && is_workflow(&entry.name))
        .map(|entry| join(".github/workflows", &entry.name))
        .collect();
    paths.push(".gitlab-ci.yml".to_owned());
    let mut count = 0;
    for path in paths.iter().take(MAX_FILES) {
        match files.read(path, MAX_BYTES) {
            Ok(Some(bytes)) => {
                count += 1;
                workflow(path, &String::from_utf8_lossy(&bytes), &mut area.lints);
            }
            Ok(None) => {}
            Err(error) => incomplete.push(error.into_incomplete()),
        }
    }
    match count {
        0 => area.unavailable.push("no workflow of GitHub or GitLab was found".to_owned()),
        1 => area.looked_at.push("one workflow of GitHub or GitLab".to_owned()),
        _ => area.looked_at.push(format!("{count} workflows of GitHub and GitLab")),
    }
    area
}

fn workflow(file: &str, text: &str, lints: &mut Vec<Lint>) {
    let lines: Vec<&str> = text.lines().map(without_comment).collect();
    let says = |words: &[&str]| lines.iter().any(|line| words.iter().any(|word| line.contains(word)));
    let publishes_npm = says(&["npm publish", "pnpm publish", "yarn npm publish", "bun publish"]);
    let publishes_pypi = says(&["pypa/gh-action-pypi-publish", "twine upload", "uv publish", "poetry publish"]);
    let npm_tokens = ["NODE_AUTH_TOKEN", "NPM_TOKEN", "YARN_NPM_AUTH_TOKEN", "NPM_CONFIG_TOKEN"];
    let pypi_tokens =
        ["TWINE_PASSWORD", "UV_PUBLISH_TOKEN", "POETRY_PYPI_TOKEN", "password:", "PYPI_TOKEN", "PYPI_API_TOKEN"];
    for (number, line) in (1u32..).zip(&lines) {
        let location = || Location { line: number, ..Location::file(file) };
        let of = |tokens: &[&str]| line.contains("secrets.") && tokens.iter().any(|token| line.contains(token));
        let (is_npm, is_pypi) = (publishes_npm && of(&npm_tokens), publishes_pypi && of(&pypi_tokens));
        if is_npm || is_pypi {
            let (registry, how) = match is_npm {
                true => (
                    "npm",
                    "`npm trust github <package> --file <workflow>` or the package's settings on npmjs.com set it up; the job needs `id-token: write`",
                ),
                false => {
                    ("PyPI", "the project's page Publishing on pypi.org sets it up; the job needs `id-token: write`")
                }
            };
            let what = format!("the workflow publishes to {registry} with a token that is kept as a secret");
            lints.push(Lint {
                location: location(),
                id: LintId::TrustedPublishingUnused,
                what,
                repair: Repair::Command(format!("publish by trusted publishing, and delete the token: {how}")),
            });
        }
        if let Some((command, instead)) = loose(line) {
            lints.push(Lint {
                location: location(),
                id: LintId::LockfileNotEnforced,
                what: format!("`{command}` takes other releases where manifest and lockfile differ"),
                repair: Repair::Command(format!("write `{instead}` in its place")),
            });
        }
        for secret in in_line(line) {
            let repair = "revoke it first; then keep it as a secret of the repository: `gh secret set <name>`";
            lints.push(Lint {
                location: location(),
                id: LintId::SecretInProject,
                what: format!("{} {} stands here", secret.article(), secret.kind),
                repair: Repair::Command(repair.to_owned()),
            });
        }
    }
}

/// Without what follows a `#` that begins a comment.
fn without_comment(line: &str) -> &str {
    if line.trim_start().starts_with('#') { "" } else { line.split(" #").next().unwrap_or(line) }
}

/// A command that the lockfile does not decide, as it stands in a line.
fn loose(line: &str) -> Option<(&'static str, &'static str)> {
    let script = line.trim_start().trim_start_matches("- ").trim_start_matches("run:").trim();
    for part in script.split(['&', ';', '|']) {
        let part = part.trim().trim_matches(['"', '\'']);
        if STRICT.iter().any(|option| part.split_whitespace().any(|word| word == *option)) {
            continue;
        }
        for (command, instead) in LOOSE {
            let Some(rest) = part.strip_prefix(command).filter(|rest| rest.is_empty() || rest.starts_with(' ')) else {
                continue;
            };
            // A package or `-g` installs a tool, not the project.
            let installs_project = rest.split_whitespace().all(|word| word.starts_with("--") && word != "--global");
            if installs_project {
                return Some((command, instead));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loose_installs_are_told() {
        for (line, expected) in [
            ("      - run: npm install", Some("npm ci")),
            ("    npm i --no-audit && npm test", Some("npm ci")),
            ("      - run: npm ci", None),
            ("      - run: npm install -g pnpm", None),
            ("      - run: npm install typescript", None),
            ("      - run: uv sync --locked", None),
            ("      - run: uv sync", Some("uv sync --locked")),
            ("      - name: npm install", None),
        ] {
            assert_eq!(loose(line).map(|(_, instead)| instead), expected, "{line}");
        }
    }
}
