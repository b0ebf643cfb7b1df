//! Where a path lies, as far as harm is concerned.
//!
//! Evaluation stands known roots in for `<home>`, `<temp>`, `<package>`,
//! `<project>`, `<cache>`; the rest of a path is as the code wrote it.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use vetch_model::capability::{PathClass, Resource};

use crate::value::HOLE;

/// Fragments of a path (lower case, `/`) that name what lies there, most telling first.
const FRAGMENTS: &[(PathClass, &[&str])] = &[
    (
        PathClass::Wallet,
        &[
            "wallet.dat",
            "/exodus",
            "/electrum",
            "/.ethereum",
            "/keystore",
            "/.bitcoin",
            "atomic/local storage",
            "/solana/id.json",
            "/ledger live",
            "metamask",
            "nkbihfbeogaeaoehlefnkodbefgpgknn",
            "/.config/solana",
            "/monero",
            "bfnaelmomeimhlpmgjnjophhpkkoljpa",
            "/coinomi",
            "/guarda",
            "/trezor",
        ],
    ),
    (
        PathClass::Browser,
        &[
            "/google/chrome",
            "/chromium/",
            "google-chrome",
            "/bravesoftware",
            "/microsoft/edge",
            "/mozilla/firefox",
            "/.mozilla",
            "/firefox/profiles",
            "/opera software",
            "/vivaldi",
            "/yandex/",
            "login data",
            "cookies.sqlite",
            "logins.json",
            "key4.db",
            "local extension settings",
            "/application support/google",
            "/safari/",
            "/user data/default",
        ],
    ),
    (
        PathClass::Credentials,
        &[
            "/.ssh",
            "id_rsa",
            "id_ed25519",
            "id_ecdsa",
            "/.aws",
            "/.npmrc",
            "/.pypirc",
            "/.netrc",
            "/_netrc",
            "/.git-credentials",
            "/.config/gcloud",
            "application_default_credentials",
            "/.azure",
            "/.kube",
            "/.docker/config",
            "/.gnupg",
            "/.config/gh/",
            "/.vault-token",
            "/.config/op",
            "/keychains",
            "/.password-store",
            "/.cargo/credentials",
            "/.gem/credentials",
            "/.terraform.d",
            "/.databricks",
            "/.m2/settings",
            "/.composer/auth",
            "/etc/shadow",
            "/.env",
            "/.pgpass",
            "/.my.cnf",
            "/.bash_history",
            "/.zsh_history",
            "/.yarnrc",
            "/discord/local storage",
            "/telegram desktop",
            "/.config/hub",
            "/var/run/secrets",
            "/.heroku",
            "/.oci/",
            "/.snowflake",
            "/.boto",
            "/.s3cfg",
            "/.rclone",
            "/filezilla",
            "/login.keychain",
            "/.1password",
            "/bitwarden",
        ],
    ),
    (
        PathClass::Autostart,
        &[
            "/launchagents",
            "/launchdaemons",
            "/.config/autostart",
            "/startup/",
            "start menu/programs/startup",
            "/etc/systemd",
            "/.config/systemd",
            "/systemd/user",
            "/etc/cron",
            "/var/spool/cron",
            "/etc/init.d",
            "/etc/rc.local",
            "/etc/profile",
            "/etc/ld.so.preload",
            "/currentversion/run",
        ],
    ),
    (
        PathClass::VcsHooks,
        &[
            "/.git/hooks",
            ".git/hooks",
            "/hooks/pre-push",
            "/hooks/pre-commit",
            "/hooks/post-checkout",
            "/hooks/post-merge",
            "/hooks/post-commit",
        ],
    ),
    (PathClass::CiWorkflows, &[".github/workflows", ".gitlab-ci.yml", ".circleci/", ".travis.yml", "/jenkinsfile"]),
    (
        PathClass::Agent,
        &[
            "/.claude",
            ".claude/",
            ".cursor/",
            "/.cursorrules",
            "claude.md",
            "agents.md",
            "/.gemini",
            "/.codex",
            "copilot-instructions",
            "/.windsurf",
            "/.aider",
            "mcp.json",
            "claude_desktop_config",
        ],
    ),
    (PathClass::Editor, &[".vscode/", ".idea/", "/code/user/", "/.vim", "/sublime text", "/.emacs"]),
    // What every start of Python runs.
    (PathClass::Autostart, &["/usercustomize.py", "/sitecustomize.py"]),
    (PathClass::Packages, &["node_modules/", "site-packages/"]),
];

/// Shell profiles: writing one is a way to run later.
const SHELL_PROFILES: &[&str] =
    &["/.bashrc", "/.zshrc", "/.profile", "/.bash_profile", "/.zprofile", "/.zshenv", "/.bash_login", "/.config/fish"];

/// Most `..` kept after a root.
const MAX_PARENTS: usize = 8;

/// Longest path kept in a resource.
const MAX_PATH: usize = 160;

/// The class of a path and, where it tells something, the path. `None`: the path is not known.
pub(crate) fn resource(path: Option<&str>) -> Resource {
    let Some(path) = path else { return Resource::Path { class: PathClass::Unknown, path: None } };
    let class = classify(path);
    let shown: String = path.replace(HOLE, "*").chars().take(MAX_PATH).collect();
    Resource::Path { class, path: (!shown.chars().all(|c| c == '*')).then_some(shown) }
}

/// The class of a path.
pub(crate) fn classify(path: &str) -> PathClass {
    let lower = path.replace('\\', "/").to_lowercase();
    // A leading slash, so that fragments anchored at a segment also match at the start.
    let anchored = if lower.starts_with('/') { lower.clone() } else { format!("/{lower}") };
    let rooted = lower.strip_prefix("<package>");
    // The package's own `.env` or `keystore` folder is its own business.
    let outside = rooted.is_none_or(|rest| rest.contains("/../../") || rest.contains(".."));
    if outside {
        if SHELL_PROFILES.iter().any(|profile| anchored.ends_with(profile)) {
            return PathClass::Autostart;
        }
        // A pod's namespace and its cluster's certificate lie beside its token, and are no secrets.
        let is_public = anchored.contains("/serviceaccount/")
            && ["/namespace", "/ca.crt"].iter().any(|end| anchored.ends_with(end));
        if let Some(class) = harmful(&anchored).filter(|_| !is_public) {
            return class;
        }
    }
    classify_root(&lower, rooted)
}

/// The most telling class of which a fragment stands in the path.
fn harmful(anchored: &str) -> Option<PathClass> {
    static SEARCH: LazyLock<Option<AhoCorasick>> =
        LazyLock::new(|| AhoCorasick::new(FRAGMENTS.iter().flat_map(|(_, fragments)| fragments.iter())).ok());
    static OWNERS: LazyLock<Vec<usize>> = LazyLock::new(|| {
        FRAGMENTS.iter().enumerate().flat_map(|(index, (_, fragments))| fragments.iter().map(move |_| index)).collect()
    });
    let found =
        SEARCH.as_ref()?.find_overlapping_iter(anchored).filter_map(|found| OWNERS.get(found.pattern().as_usize()));
    let first = found.copied().filter(|&owner| !is_own(FRAGMENTS[owner].0, anchored)).min()?;
    Some(FRAGMENTS[first].0)
}

/// `.env` in the working folder is the project's own, `node_modules` inside it as well.
fn is_own(class: PathClass, path: &str) -> bool {
    class == PathClass::Credentials
        && !path.contains("<home>")
        && !path.starts_with("/etc")
        && (path.ends_with("/.env")
            || path.contains("/.env.")
            || path.contains("/.yarnrc")
            || path.ends_with("/.npmrc"))
}

fn classify_root(lower: &str, rooted: Option<&str>) -> PathClass {
    if let Some(rest) = rooted {
        return if rest.contains("..") { PathClass::Packages } else { PathClass::Package };
    }
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| lower.starts_with(prefix));
    if starts(&["<temp>", "/tmp/", "/var/tmp/", "/dev/shm", "c:/windows/temp", "%temp%", "%tmp%", "$tmpdir"])
        || lower == "/tmp"
    {
        PathClass::Temp
    } else if starts(&["<cache>", "<home>/.cache", "<home>/library/caches", "/library/caches"]) {
        PathClass::Cache
    } else if starts(&[
        "<home>",
        "~",
        "$home",
        "%userprofile%",
        "%appdata%",
        "%localappdata%",
        "/home/",
        "/users/",
        "/root",
    ]) {
        PathClass::Home
    } else if starts(&["<project>", "./", "../"]) {
        PathClass::Project
    } else if starts(&["/", "c:/", "%programdata%", "%systemroot%", "%windir%", "\\\\"]) {
        PathClass::System
    } else if lower.is_empty() || lower.starts_with(HOLE) {
        PathClass::Unknown
    } else {
        // A relative path means the working folder.
        PathClass::Project
    }
}

/// Joins path segments as `path.join` does: `/`-separated, `.` and `..` resolved, roots kept.
pub(crate) fn normalise(path: &str) -> String {
    let path = path.replace('\\', "/");
    let absolute = path.starts_with('/');
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => match segments.last() {
                Some(&last) if last != ".." && !(segments.len() == 1 && last.starts_with('<')) => {
                    segments.pop();
                }
                _ if absolute && segments.is_empty() => {}
                // Walking up from a root whose place is not known ends somewhere.
                _ if segments.len() > MAX_PARENTS => {}
                _ => segments.push(".."),
            },
            _ => segments.push(segment),
        }
    }
    let joined = segments.join("/");
    if absolute { format!("/{joined}") } else { joined }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_their_class() {
        for (path, class) in [
            ("<home>/.ssh/id_rsa", PathClass::Credentials),
            ("<home>/.npmrc", PathClass::Credentials),
            (".npmrc", PathClass::Project),
            (".env", PathClass::Project),
            ("<home>/.bashrc", PathClass::Autostart),
            ("<home>/Library/LaunchAgents/a.plist", PathClass::Autostart),
            ("<home>/AppData/Local/Google/Chrome/User Data/Default/Login Data", PathClass::Browser),
            ("<home>/.config/Exodus/wallet", PathClass::Wallet),
            ("<temp>/x.js", PathClass::Temp),
            ("/tmp/ld.py", PathClass::Temp),
            ("<package>/lib/data.json", PathClass::Package),
            ("<package>/../other/index.js", PathClass::Packages),
            ("<project>/.git/hooks/pre-commit", PathClass::VcsHooks),
            (".github/workflows/x.yml", PathClass::CiWorkflows),
            ("<home>/.claude/settings.json", PathClass::Agent),
            ("/etc/passwd", PathClass::System),
            ("dist/out.js", PathClass::Project),
            ("\u{FFFC}/x", PathClass::Unknown),
        ] {
            assert_eq!(classify(path), class, "{path}");
        }
    }

    #[test]
    fn paths_normalise_as_node_does() {
        for (path, expected) in [
            ("<package>/a/../b", "<package>/b"),
            ("<package>/../x", "<package>/../x"),
            ("/a/../../b", "/b"),
            ("a/./b//c", "a/b/c"),
            ("<home>\\.ssh", "<home>/.ssh"),
        ] {
            assert_eq!(normalise(path), expected);
        }
    }
}
