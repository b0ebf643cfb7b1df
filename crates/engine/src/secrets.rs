//! Secrets in text: known by their own form, or by the name that they are given. What is found is told by kind and
//! place; the secret itself never leaves this module.

use std::ops::Range;

/// A secret's kind, by the start of its text, the letters it goes on with, and how many of them at least.
struct Form {
    kind: &'static str,
    start: &'static str,
    least: usize,
}

/// Sources: the documentation of each service on the form of its tokens.
const FORMS: &[Form] = &[
    Form { kind: "npm token", start: "npm_", least: 36 },
    Form { kind: "PyPI token", start: "pypi-AgEI", least: 50 },
    Form { kind: "PyPI token", start: "pypi-AgEN", least: 50 },
    Form { kind: "GitHub token", start: "ghp_", least: 36 },
    Form { kind: "GitHub token", start: "gho_", least: 36 },
    Form { kind: "GitHub token", start: "ghs_", least: 36 },
    Form { kind: "GitHub token", start: "ghu_", least: 36 },
    Form { kind: "GitHub token", start: "ghr_", least: 36 },
    Form { kind: "GitHub token", start: "github_pat_", least: 60 },
    Form { kind: "GitLab token", start: "glpat-", least: 20 },
    Form { kind: "Slack token", start: "xoxb-", least: 20 },
    Form { kind: "Slack token", start: "xoxp-", least: 20 },
    Form { kind: "Stripe key", start: "sk_live_", least: 16 },
    Form { kind: "Stripe key", start: "rk_live_", least: 16 },
    Form { kind: "AWS access key", start: "AKIA", least: 16 },
    Form { kind: "Google API key", start: "AIza", least: 35 },
    Form { kind: "Anthropic key", start: "sk-ant-", least: 40 },
    Form { kind: "OpenAI key", start: "sk-proj-", least: 40 },
    Form { kind: "Docker Hub token", start: "dckr_pat_", least: 20 },
];

/// Names of settings whose value is a secret.
const NAMES: &[(&str, &str)] = &[
    ("_authtoken", "registry token"),
    ("_password", "registry password"),
    ("npmauthtoken", "registry token"),
    ("npmauthident", "registry password"),
    ("_auth", "registry password"),
];

/// Where a secret stands, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Secret {
    pub(crate) kind: &'static str,
    /// Bytes of the line.
    pub(crate) place: Range<usize>,
}

impl Secret {
    /// The article that its kind takes.
    pub(crate) fn article(&self) -> &'static str {
        let is_open = self.kind.starts_with(['A', 'O']) || self.kind.starts_with("npm");
        if is_open { "an" } else { "a" }
    }
}

/// Every secret of a line, in order.
pub(crate) fn in_line(line: &str) -> Vec<Secret> {
    let mut found = Vec::new();
    for form in FORMS {
        for (at, _) in line.match_indices(form.start) {
            let is_start = !line[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
            let rest = &line[at + form.start.len()..];
            let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte)).count();
            if is_start && length >= form.least && !is_example(&rest[..length]) {
                found.push(Secret { kind: form.kind, place: at..at + form.start.len() + length });
            }
        }
    }
    if let Some(at) = line.find("-----BEGIN ").filter(|at| line[*at..].contains("PRIVATE KEY")) {
        found.push(Secret { kind: "private key", place: at..line.len() });
    }
    found.extend(named(line));
    found.extend(in_url(line));
    found.sort_by_key(|secret| secret.place.start);
    // One within another, or told twice, is one.
    let mut end = 0;
    found.retain(|secret| {
        let is_new = secret.place.start >= end;
        end = end.max(secret.place.end);
        is_new
    });
    found
}

/// `//host/:_authToken=value`, `password = value`, `npmAuthToken: value`.
fn named(line: &str) -> Option<Secret> {
    let trimmed = line.trim_start();
    if trimmed.starts_with(['#', ';']) {
        return None;
    }
    // The first of them ends the name; that of a URL comes with `//` behind it.
    let at = line.find('=').or_else(|| line.find(": ").or_else(|| line.strip_suffix(':').map(str::len)))?;
    let (name, value) = (line[..at].trim().trim_matches('"').to_ascii_lowercase(), line.get(at + 1..)?);
    let kind = NAMES.iter().find(|(ending, _)| {
        name.strip_suffix(ending).is_some_and(|rest| rest.is_empty() || rest.ends_with(':') || rest.ends_with('_'))
    });
    let kind = kind.map(|(_, kind)| *kind).or_else(|| (name == "password").then_some("registry password"))?;
    let bare = value.trim().trim_matches(['"', '\'', ',']);
    let is_reference = bare.starts_with("${") || bare.starts_with('$') || bare.is_empty();
    if is_reference || is_example(bare) {
        return None;
    }
    let start = at + 1 + value.find(bare)?;
    Some(Secret { kind, place: start..start + bare.len() })
}

/// `https://user:password@host`.
fn in_url(line: &str) -> Option<Secret> {
    let at = line.find("://")? + 3;
    let rest = line.get(at..)?;
    let authority = rest.split(['/', '?', '#', ' ', '"', '\'']).next()?;
    let (user, _) = authority.rsplit_once('@')?;
    let (name, password) = user.split_once(':').unwrap_or(("", user));
    let is_reference =
        password.contains("${") || password.starts_with('$') || password.starts_with('<') || password.is_empty();
    // `git@host` is no secret.
    if is_reference || name.is_empty() && password.len() < 16 || is_example(password) {
        return None;
    }
    let start = at + if name.is_empty() { 0 } else { name.len() + 1 };
    Some(Secret { kind: "password in a URL", place: start..start + password.len() })
}

/// What documentation writes in the place of a secret.
fn is_example(text: &str) -> bool {
    let mut letters = text.bytes().filter(|byte| byte.is_ascii_alphanumeric());
    let first = letters.next();
    let is_one = first.is_none() || letters.all(|byte| Some(byte) == first);
    let lower = text.to_ascii_lowercase();
    is_one || ["xxxx", "example", "your", "changeme", "placeholder"].iter().any(|word| lower.contains(word))
}

/// A line with every secret in it exchanged for `***`.
pub(crate) fn masked(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut done = 0;
    for secret in in_line(line) {
        out.push_str(line.get(done..secret.place.start).unwrap_or_default());
        out.push_str("***");
        done = secret.place.end;
    }
    out.push_str(line.get(done..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_and_masked() {
        let token = format!("npm_{}", "a1B2c3D4e5".repeat(4));
        for (line, expected) in [
            (format!("//registry.npmjs.org/:_authToken={token}"), "//registry.npmjs.org/:_authToken=***"),
            ("//h.invalid/:_authToken=abc-def-123".to_owned(), "//h.invalid/:_authToken=***"),
            ("//h.invalid/:_authToken=${NPM_TOKEN}".to_owned(), "//h.invalid/:_authToken=${NPM_TOKEN}"),
            ("_auth = \"dXNlcjpwYXNz\"".to_owned(), "_auth = \"***\""),
            ("password = hunter2".to_owned(), "password = ***"),
            ("npmAuthToken: abcdef12345".to_owned(), "npmAuthToken: ***"),
            (
                "index-url = https://user:s3cr3t@h.invalid/simple".to_owned(),
                "index-url = https://user:***@h.invalid/simple",
            ),
            ("url = git+ssh://git@github.com/a/b".to_owned(), "url = git+ssh://git@github.com/a/b"),
            (format!("const t = '{token}' // x"), "const t = '***' // x"),
            ("GH=ghp_XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX".to_owned(), "GH=ghp_XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"),
            ("-----BEGIN RSA PRIVATE KEY-----".to_owned(), "***"),
            ("# password = x".to_owned(), "# password = x"),
        ] {
            assert_eq!(masked(&line), expected);
        }
    }
}
