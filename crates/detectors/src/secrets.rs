//! Which secrets a path or a variable holds, and which facts about a host identify it.

use vetch_model::capability::{Capability, CapabilityId, PathClass, Resource};

use crate::query::{class_of, name_of};

/// Parts of paths, and whose secret lies there. The first that matches counts.
const PATH_FAMILIES: &[(&str, &str)] = &[
    (".npmrc", "npm"),
    (".yarnrc", "npm"),
    (".pypirc", "PyPI"),
    (".aws", "AWS"),
    ("gcloud", "Google Cloud"),
    ("application_default_credentials", "Google Cloud"),
    (".azure", "Azure"),
    (".kube", "Kubernetes"),
    ("serviceaccount", "Kubernetes"),
    (".docker", "Docker"),
    (".ssh", "SSH"),
    ("id_rsa", "SSH"),
    ("id_ed25519", "SSH"),
    (".git-credentials", "git"),
    (".gitconfig", "git"),
    ("gh/hosts", "GitHub"),
    ("gh auth", "GitHub"),
    (".netrc", "netrc"),
    (".vault", "Vault"),
    ("terraform", "Terraform"),
    (".gnupg", "GnuPG"),
    (".env", "dotenv"),
    ("shadow", "system accounts"),
    ("keychain", "key chain"),
    ("keyring", "key chain"),
    ("_history", "shell history"),
];

/// Parts of variable names, and whose secret they hold.
const VARIABLE_FAMILIES: &[(&str, &str)] = &[
    ("NPM_TOKEN", "npm"),
    ("NODE_AUTH_TOKEN", "npm"),
    ("NPM_CONFIG__AUTH", "npm"),
    ("GITHUB_TOKEN", "GitHub"),
    ("GH_TOKEN", "GitHub"),
    ("GITHUB_PAT", "GitHub"),
    ("GITLAB_TOKEN", "GitLab"),
    ("CI_JOB_TOKEN", "GitLab"),
    ("AWS_SECRET", "AWS"),
    ("AWS_ACCESS_KEY", "AWS"),
    ("AWS_SESSION_TOKEN", "AWS"),
    ("AZURE_CLIENT_SECRET", "Azure"),
    ("GOOGLE_APPLICATION_CREDENTIALS", "Google Cloud"),
    ("GOOGLE_API_KEY", "Google Cloud"),
    ("DOCKER_PASSWORD", "Docker"),
    ("VAULT_TOKEN", "Vault"),
    ("SLACK_TOKEN", "Slack"),
    ("OPENAI_API_KEY", "OpenAI"),
    ("ANTHROPIC_API_KEY", "Anthropic"),
    ("STRIPE_SECRET", "Stripe"),
    ("DATABASE_URL", "database"),
    ("MNEMONIC", "wallet"),
    ("PRIVATE_KEY", "private key"),
    ("TOKEN", "token"),
    ("SECRET", "secret"),
    ("PASSWORD", "password"),
    ("API_KEY", "API key"),
];

/// Hosts to which a family's secret honestly goes; suffixes.
const HOMES: &[(&str, &[&str])] = &[
    ("npm", &["npmjs.org", "npmjs.com", "yarnpkg.com", "npmmirror.com", "npm.pkg.github.com"]),
    ("GitHub", &["github.com", "githubusercontent.com"]),
    ("GitLab", &["gitlab.com"]),
    ("AWS", &["amazonaws.com"]),
    ("Azure", &["azure.com", "microsoftonline.com", "windows.net"]),
    ("Google Cloud", &["googleapis.com"]),
    ("Docker", &["docker.io", "docker.com"]),
    ("Slack", &["slack.com"]),
    ("OpenAI", &["openai.com"]),
    ("Anthropic", &["anthropic.com"]),
    ("Stripe", &["stripe.com"]),
];

/// Variables that name the user or the host.
const IDENTIFYING_VARIABLES: &[&str] = &[
    "USER",
    "USERNAME",
    "LOGNAME",
    "HOSTNAME",
    "COMPUTERNAME",
    "USERDOMAIN",
    "HOME",
    "USERPROFILE",
    "INIT_CWD",
    "PWD",
];

/// Items of `system.info` that name the user, the host or its network, by part of the item's name.
/// Platform, architecture, versions and sizes are what every installer of prebuilt binaries asks for.
const IDENTIFYING_ITEMS: &[(&str, &str)] = &[
    ("hostname", "host name"),
    ("userinfo", "user"),
    ("user", "user"),
    ("homedir", "home folder"),
    ("home", "home folder"),
    ("network", "network interfaces"),
    ("interface", "network interfaces"),
    ("macaddr", "hardware address"),
    ("getmac", "hardware address"),
    // Not `machine`: that is the architecture.
    ("machineid", "machine id"),
    ("address", "address"),
    ("dns", "DNS servers"),
    ("getservers", "DNS servers"),
    ("cwd", "working folder"),
    ("whoami", "user"),
    ("ifconfig", "network interfaces"),
    ("ipconfig", "network interfaces"),
];

/// Whose secret a read of a file or a variable takes; `None` if it takes none.
pub(crate) fn family_of(capability: &Capability) -> Option<&'static str> {
    match (capability.id, class_of(capability)) {
        (CapabilityId::FsRead, Some(PathClass::Wallet)) => Some("wallet"),
        (CapabilityId::FsRead, Some(PathClass::Browser)) => Some("browser profile"),
        (CapabilityId::FsRead, Some(PathClass::Credentials)) => Some(path_family(name_of(capability))),
        (CapabilityId::FsRead, Some(PathClass::Project | PathClass::Unknown)) if is_dotenv(name_of(capability)?) => {
            Some("project")
        }
        (CapabilityId::EnvRead, _) => variable_family(name_of(capability)?),
        (CapabilityId::BrowserHook, _)
            if matches!(name_of(capability)?, "cookies" | "all that is stored" | "any that is stored") =>
        {
            Some("browser session")
        }
        _ => None,
    }
}

/// `.env`, `.env.production`
fn is_dotenv(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name == ".env" || name.starts_with(".env.")
}

fn path_family(path: Option<&str>) -> &'static str {
    let path = path.unwrap_or_default().replace('\\', "/").to_ascii_lowercase();
    PATH_FAMILIES.iter().find(|(part, _)| path.contains(part)).map_or("stored credentials", |(_, family)| family)
}

fn variable_family(variable: &str) -> Option<&'static str> {
    let variable = variable.to_ascii_uppercase();
    VARIABLE_FAMILIES.iter().find(|(part, _)| variable.contains(part)).map(|(_, family)| *family)
}

/// Whether a host is where a family's secret honestly goes.
pub(crate) fn is_home_of(family: &str, host: &str) -> bool {
    let suffixes = HOMES.iter().find(|(name, _)| *name == family).map_or(&[][..], |(_, suffixes)| suffixes);
    suffixes.iter().any(|suffix| host == *suffix || host.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.')))
}

/// What a read of system information tells about who and where this is; `None` for harmless items.
pub(crate) fn identifying_item(capability: &Capability) -> Option<&'static str> {
    let name = name_of(capability)?;
    match (capability.id, &capability.resource) {
        (CapabilityId::SystemInfo, _) => {
            let name = name.to_ascii_lowercase();
            IDENTIFYING_ITEMS.iter().find(|(part, _)| name.contains(part)).map(|(_, item)| *item)
        }
        (CapabilityId::EnvRead, Resource::Named(_)) => match name {
            "USER" | "USERNAME" | "LOGNAME" => Some("user"),
            "HOSTNAME" | "COMPUTERNAME" | "USERDOMAIN" => Some("host name"),
            "HOME" | "USERPROFILE" => Some("home folder"),
            _ if IDENTIFYING_VARIABLES.contains(&name) => Some("working folder"),
            _ => None,
        },
        _ => None,
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn list(items: &[&str]) -> String {
    match items {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{env, read, system};

    #[test]
    fn families_are_told_apart() {
        assert_eq!(family_of(&read(PathClass::Credentials, "~/.aws/credentials")), Some("AWS"));
        assert_eq!(family_of(&read(PathClass::Credentials, "~\\.ssh\\id_rsa")), Some("SSH"));
        assert_eq!(family_of(&read(PathClass::Wallet, "~/x")), Some("wallet"));
        assert_eq!(family_of(&read(PathClass::Package, "x.json")), None);
        assert_eq!(family_of(&env("npm_config_user_agent")), None);
        assert_eq!(family_of(&env("MY_GITHUB_TOKEN")), Some("GitHub"));
    }

    #[test]
    fn platform_identifies_nobody() {
        assert_eq!(identifying_item(&system("platform")), None);
        assert_eq!(identifying_item(&system("arch")), None);
        assert_eq!(identifying_item(&system("machine")), None);
        assert_eq!(identifying_item(&system("hostname")), Some("host name"));
        assert_eq!(identifying_item(&env("USER")), Some("user"));
        assert_eq!(identifying_item(&env("npm_config_arch")), None);
    }

    #[test]
    fn homes_are_exact() {
        assert!(is_home_of("GitHub", "api.github.com"));
        assert!(!is_home_of("GitHub", "api.github.com.evil.invalid"));
        assert!(!is_home_of("SSH", "github.com"));
    }

    #[test]
    fn lists_read_well() {
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
    }
}
