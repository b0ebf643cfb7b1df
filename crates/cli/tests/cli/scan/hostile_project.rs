//! The scanned project is hostile: its settings, its lockfile, its policy.

use std::path::Path;
use std::process::Command;

use vetch_testkit::{Fault, NpmRegistry, Project};

use super::{dropper, harmless, offline, online, says, scan, settings, using, verdict};

const SECRET: &str = "npm_5ecretT0ken";

/// Every header of every request that a registry saw.
fn heard(registry: &NpmRegistry) -> String {
    format!("{:?}", registry.requests())
}

#[test]
fn a_projects_npmrc_expands_no_variable() {
    let attacker = NpmRegistry::builder().package(harmless("a")).start();
    let lines = format!(
        "registry={}${{NPM_TOKEN}}/\n{}:_authToken=${{NPM_TOKEN}}\n",
        attacker.url(),
        attacker.credential_prefix()
    );
    let project = Project::builder("demo").npmrc(&lines).lock_only(harmless("a")).build();
    let run = scan(&project, &["--format", "json"]).env("NPM_TOKEN", SECRET).run();
    assert_ne!(run.status, 0);
    assert!(!heard(&attacker).contains(SECRET));
    run.never_mentions(SECRET);
}

#[test]
fn a_projects_npmrc_gets_nobodys_token() {
    let mine = NpmRegistry::builder().package(harmless("good")).token(SECRET).start();
    let attacker = NpmRegistry::builder().package(harmless("@mine/secret")).start();
    let user = format!("{}{}:_authToken={SECRET}\n", settings(&mine), mine.credential_prefix());
    let project = Project::builder("demo")
        .registry(&mine.url())
        .user_npmrc(&user)
        .npmrc(&format!("@mine:registry={}\nreplace-registry-host=always\n", attacker.url()))
        .lock_only(harmless("@mine/secret"))
        .lock_only(harmless("good"))
        .build();
    let run = online(&project, &[]);
    assert_ne!(verdict(&run, "%40mine/secret"), "clean");
    assert!(!heard(&attacker).contains(SECRET), "{}", heard(&attacker));
    run.never_mentions(SECRET);
    let requests = mine.requests();
    assert!(requests.iter().any(|request| request.header("authorization") == Some(&format!("Bearer {SECRET}"))));
}

#[test]
fn a_projects_npmrc_decides_neither_proxy_nor_trust() {
    let good = harmless("good");
    let registry = NpmRegistry::builder().package(good.clone()).start();
    let proxy = NpmRegistry::builder().start();
    let lines = format!("proxy={0}\nhttps-proxy={0}\nstrict-ssl=false\ncafile=/etc/passwd\n", proxy.url());
    let project = using(&registry).npmrc(&lines).lock_only(good).build();
    let run = online(&project, &[]).expect(0);
    assert!(proxy.requests().is_empty() && registry.requests().len() == 1);
    assert!(run.stdout.contains("strict-ssl") || run.stderr.contains("strict-ssl"), "{}\n{}", run.stdout, run.stderr);
}

#[test]
fn lockfile_urls_to_places_inside_are_refused() {
    let inside = NpmRegistry::builder().package(harmless("a")).start();
    let port = inside.host().rsplit(':').next().unwrap().to_owned();
    for url in [
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        format!("http://127.0.0.1:{port}/a/-/a-1.0.0.tgz"),
        format!("http://localhost:{port}/a/-/a-1.0.0.tgz"),
        format!("http://[::ffff:127.0.0.1]:{port}/a/-/a-1.0.0.tgz"),
        format!("http://2130706433:{port}/a/-/a-1.0.0.tgz"),
        "http://192.168.0.1/a.tgz".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        let resolved = url.clone();
        let project = Project::builder("demo")
            .lock_only(harmless("a"))
            .edit_lockfile(move |lock| lock["packages"]["node_modules/a"]["resolved"] = resolved.into())
            .build();
        let run = online(&project, &[]);
        assert!(run.status != 0 && run.status != 2, "{url}: {}", run.stderr);
        assert_ne!(verdict(&run, "a"), "clean", "{url}");
        assert!(!super::incomplete(&run).is_empty(), "{url}");
    }
    assert_eq!(inside.requests(), []);
}

#[test]
fn a_redirect_carries_no_token_away() {
    let good = harmless("good");
    let elsewhere = NpmRegistry::builder().package(good.clone()).start();
    let registry =
        NpmRegistry::builder().fault(&good.tarball_path(), Fault::Redirect(elsewhere.tarball_url(&good))).start();
    // Both are the user's, so that the redirect is followed; the token belongs to one of them.
    let user = format!(
        "{}{}:_authToken={SECRET}\n@elsewhere:registry={}\n",
        settings(&registry),
        registry.credential_prefix(),
        elsewhere.url()
    );
    let project = Project::builder("demo").registry(&registry.url()).user_npmrc(&user).lock_only(good).build();
    let run = online(&project, &[]).expect(0);
    assert!(heard(&registry).contains(SECRET));
    assert_eq!(elsewhere.requests().len(), 1);
    assert!(!heard(&elsewhere).contains(SECRET), "{}", heard(&elsewhere));
    run.never_mentions(SECRET);
}

#[test]
fn a_redirect_to_a_place_inside_is_refused() {
    let good = harmless("good");
    let inside = NpmRegistry::builder().package(good.clone()).start();
    let registry =
        NpmRegistry::builder().fault(&good.tarball_path(), Fault::Redirect(inside.tarball_url(&good))).start();
    let project = using(&registry).lock_only(good).build();
    let run = online(&project, &[]).expect(3);
    assert_eq!(verdict(&run, "good"), "incomplete");
    assert_eq!(inside.requests(), []);
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "commit.gpgsign=false"]);
    command.args(arguments).current_dir(folder).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", folder);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_change_cannot_excuse_itself() {
    let project = Project::builder("demo").install(dropper("bad")).build();
    let root = project.root();
    project.write("vetch.toml", "fail-on = 'suspicious'\n");
    git(&root, &["init", "--quiet", "--initial-branch=main"]);
    git(&root, &["add", "vetch.toml"]);
    git(&root, &["commit", "--quiet", "--message", "policy"]);
    let report = offline(&project, &[]).expect(1).json();
    let bad = super::list(&report["releases"]).iter().find(|release| release["purl"] == "pkg:npm/bad@1.0.0").unwrap();
    let mut excuses = String::new();
    for finding in super::list(&bad["findings"]) {
        excuses += &format!(
            "[[exception]]\nrule = {}\npackage = 'pkg:npm/bad@1.0.0'\ncontent-hash = {}\nreason = 'trust me'\nexpires = 9999-01-01\n",
            finding["rule"], bad["content_hash"]
        );
    }
    project.write("vetch.toml", excuses);
    let excused = offline(&project, &[]).expect(0);
    assert!(!super::list(&excused.release("pkg:npm/bad@1.0.0")["excepted"]).is_empty(), "excused, and told of");
    let judged = offline(&project, &["--policy-from", "main"]).expect(1);
    assert_eq!(verdict(&judged, "bad"), "malicious");
    assert!(judged.stdout.contains("policy-changed"), "{}", judged.stdout);
}

#[test]
fn an_exception_is_for_these_contents_only() {
    let project = Project::builder("demo").install(dropper("bad")).build();
    let exception = "[[exception]]\nrule = 'download-and-execute'\npackage = 'pkg:npm/bad@1.0.0'\n\
                     content-hash = 'blake3:0000000000000000000000000000000000000000000000000000000000000000'\n\
                     reason = 'read by us'\nexpires = 9999-01-01\n";
    project.write("vetch.toml", exception);
    let run = offline(&project, &[]).expect(1);
    assert_eq!(verdict(&run, "bad"), "malicious");
    assert!(run.stdout.contains("stale-exception"), "{}", run.stdout);
}

#[cfg(unix)]
#[test]
fn links_lead_nobody_out_of_the_project() {
    use std::os::unix::fs::symlink;
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("package.json"), r#"{"name":"a","version":"1.0.0"}"#).unwrap();
    std::fs::write(outside.path().join("index.js"), "module.exports = 'private';\n").unwrap();
    let project = Project::builder("demo").lock_only(harmless("a")).install(harmless("b")).build();
    symlink(outside.path(), project.root().join("node_modules/a")).unwrap();
    symlink("../b", project.root().join("node_modules/b/ring")).unwrap();
    symlink("..", project.root().join("node_modules/b/up")).unwrap();
    symlink("loop", project.root().join("node_modules/b/loop")).unwrap();
    let run = offline(&project, &[]);
    assert!(run.status == 1 || run.status == 3, "{} {}", run.status, run.stderr);
    assert_ne!(verdict(&run, "a"), "clean");
    run.never_mentions("private");
    says(&run, &["node_modules/a"]);
}
