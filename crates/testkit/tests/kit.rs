//! The test kit itself: what it writes is what npm writes, and its registry
//! answers and misbehaves as asked.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is a failed test")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;
use vetch_testkit::{Fault, NpmRegistry, Pkg, Project, PyPkg, PythonIndex, SitePackages, integrity};

/// One request on an open connection; returns the head and the body.
fn ask(stream: &mut TcpStream, path: &str, headers: &str) -> (String, Vec<u8>) {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n").unwrap();
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length =
        head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).map_or(0, |text| text.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    (head, body)
}

fn connect(registry: &NpmRegistry) -> TcpStream {
    TcpStream::connect(registry.host()).unwrap()
}

#[test]
fn documents_come_in_two_forms_on_one_connection() {
    let pkg = Pkg::new("@a/b", "1.0.0").script("postinstall", "node x").publisher("eve").signature("SHA256:k", "c2ln");
    let registry = NpmRegistry::builder().package(pkg.clone()).package(Pkg::new("@a/b", "1.1.0")).start();
    let mut stream = connect(&registry);
    let (head, body) = ask(&mut stream, "/@a%2fb", "");
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("Vary: Accept"), "{head}");
    let full: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(full["dist-tags"]["latest"], "1.1.0");
    assert_eq!(full["time"]["1.0.0"], "2024-01-01T00:00:00.000Z");
    let first = &full["versions"]["1.0.0"];
    assert_eq!(first["_npmUser"]["name"], "eve");
    assert_eq!(first["dist"]["integrity"], pkg.integrity().as_str());
    assert_eq!(first["dist"]["signatures"][0]["keyid"], "SHA256:k");
    assert_eq!(first["hasInstallScript"], true);
    let (other, body) = ask(&mut stream, "/@a%2fb", "Accept: application/vnd.npm.install-v1+json\r\n");
    let short: Value = serde_json::from_slice(&body).unwrap();
    assert!(short.get("time").is_none() && short["versions"]["1.0.0"].get("_npmUser").is_none());
    let tag = |head: &str| head.lines().find(|line| line.starts_with("ETag")).unwrap().to_owned();
    assert_ne!(tag(&head), tag(&other));
    let (_, archive) = ask(&mut stream, &pkg.tarball_path(), "");
    assert_eq!(integrity(&archive), pkg.integrity());
    assert_eq!(registry.requests().len(), 3);
    assert_eq!(registry.paths()[0], "/@a/b");
}

#[test]
fn faults_come_in_order_and_run_out() {
    let pkg = Pkg::new("a", "1.0.0");
    let path = pkg.tarball_path();
    let registry = NpmRegistry::builder()
        .package(pkg.clone())
        .fault_times(&path, Fault::Status(429, Some("7".to_owned())), 1)
        .fault_times(&path, Fault::Html, 1)
        .start();
    let mut stream = connect(&registry);
    let (head, _) = ask(&mut stream, &path, "");
    assert!(head.starts_with("HTTP/1.1 429") && head.contains("Retry-After: 7"), "{head}");
    assert!(ask(&mut stream, &path, "").0.contains("text/html"));
    assert_eq!(ask(&mut stream, &path, "").1, pkg.tarball());
}

#[test]
fn a_token_is_asked_for_and_paths_can_be_below() {
    let pkg = Pkg::new("a", "1.0.0");
    let registry = NpmRegistry::builder().package(pkg.clone()).token("t0ken").below("/npm").start();
    let mut stream = connect(&registry);
    let path = format!("/npm{}", pkg.tarball_path());
    assert!(ask(&mut stream, &path, "").0.starts_with("HTTP/1.1 401"));
    assert!(ask(&mut stream, &path, "Authorization: Bearer t0ken\r\n").0.starts_with("HTTP/1.1 200"));
    assert!(registry.tarball_url(&pkg).ends_with(&path));
}

#[test]
fn a_registry_that_hangs_still_stops() {
    let registry = NpmRegistry::builder().fault("/a", Fault::Hang).start();
    let mut stream = connect(&registry);
    write!(stream, "GET /a HTTP/1.1\r\n\r\n").unwrap();
    while registry.requests().is_empty() {
        std::thread::yield_now();
    }
    drop(registry);
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).ok();
    assert!(rest.is_empty());
}

#[test]
fn a_project_has_what_npm_would_have_written() {
    let inner = Pkg::new("b", "2.0.0").file("index.js", "2");
    let outer = Pkg::new("a", "1.0.0").dep("b", "^2").script("install", "node .");
    let project = Project::builder("demo")
        .install(outer.clone())
        .install_at("node_modules/a/node_modules/b", inner.clone())
        .install_at("node_modules/alias", Pkg::new("real", "3.0.0"))
        .lock_only(Pkg::new("c", "1.0.0"))
        .install_unlocked(Pkg::new("stray", "1.0.0"))
        .dev("c")
        .archive(&outer)
        .cached(&inner)
        .npmrc("a=b\n")
        .edit_lockfile(|lock| lock["packages"]["node_modules/c"]["resolved"] = "http://198.51.100.1/c.tgz".into())
        .build();
    let lock: Value = serde_json::from_str(&project.read("package-lock.json")).unwrap();
    assert_eq!(lock["packages"][""]["dependencies"]["a"], "^1.0.0");
    assert_eq!(lock["packages"][""]["dependencies"]["alias"], "npm:real@^3.0.0");
    assert_eq!(lock["packages"][""]["devDependencies"]["c"], "^1.0.0");
    assert_eq!(lock["packages"]["node_modules/alias"]["name"], "real");
    assert_eq!(lock["packages"]["node_modules/a"]["hasInstallScript"], true);
    assert_eq!(lock["packages"]["node_modules/a/node_modules/b"]["integrity"], inner.integrity().as_str());
    assert_eq!(lock["packages"]["node_modules/c"]["resolved"], "http://198.51.100.1/c.tgz");
    assert!(lock["packages"].get("node_modules/stray").is_none());
    let hidden: Value = serde_json::from_str(&project.read("node_modules/.package-lock.json")).unwrap();
    assert!(hidden["packages"].get("node_modules/c").is_none() && hidden["packages"].get("node_modules/a").is_some());
    assert_eq!(project.read("node_modules/a/node_modules/b/index.js"), "2");
    assert!(project.root().join("node_modules/stray/package.json").is_file());
    assert_eq!(std::fs::read(project.archives().join("a-1.0.0.tgz")).unwrap(), outer.tarball());
    let cached = project.home().join(".npm").join(vetch_testkit::content_path(&inner.tarball()));
    assert_eq!(std::fs::read(cached).unwrap(), inner.tarball());
}

#[test]
fn old_lockfiles_nest() {
    let build = |version| {
        Project::builder("demo")
            .lockfile_version(version)
            .install(Pkg::new("a", "1.0.0").dep("b", "^2"))
            .install_at("node_modules/a/node_modules/b", Pkg::new("b", "2.0.0"))
            .build()
    };
    let one: Value = serde_json::from_str(&build(1).read("package-lock.json")).unwrap();
    assert!(one.get("packages").is_none());
    assert_eq!(one["dependencies"]["a"]["requires"]["b"], "^2");
    assert_eq!(one["dependencies"]["a"]["dependencies"]["b"]["version"], "2.0.0");
    let two: Value = serde_json::from_str(&build(2).read("package-lock.json")).unwrap();
    assert!(two["packages"].is_object() && two["dependencies"].is_object());
}

#[test]
fn a_python_index_answers_in_the_form_asked_for() {
    let pkg = PyPkg::new("Demo.Pkg", "1.0").file("demo_pkg.py", "x = 1\n").yanked("");
    let index = PythonIndex::builder().package(pkg.clone()).below("/py").start();
    let mut stream = TcpStream::connect(index.host()).unwrap();
    let accept = "Accept: application/vnd.pypi.simple.v1+json\r\n";
    let (head, body) = ask(&mut stream, "/py/simple/demo-pkg/", accept);
    assert!(head.contains("vnd.pypi.simple.v1+json"), "{head}");
    let page: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(page["files"][0]["filename"], "demo_pkg-1.0-py3-none-any.whl");
    assert_eq!(page["files"][0]["yanked"], true);
    let (head, body) = ask(&mut stream, "/py/simple/demo-pkg/", "");
    assert!(head.contains("text/html") && String::from_utf8(body).unwrap().contains("demo_pkg-1.0.tar.gz#sha256="));
    assert!(ask(&mut stream, "/py/simple/demo-pkg", "").0.starts_with("HTTP/1.1 301"));
    assert!(ask(&mut stream, "/py/simple/other/", "").0.starts_with("HTTP/1.1 404"));
    assert_eq!(ask(&mut stream, "/py/files/demo_pkg-1.0-py3-none-any.whl", "").1, pkg.wheel());
    assert_eq!(index.paths().len(), 5);
}

#[test]
fn an_installed_environment_is_what_pip_leaves_and_can_be_tampered_with() {
    let pkg = PyPkg::new("demo", "1.0").file("demo/__init__.py", "x = 1\n").entry_points("[console_scripts]\n");
    let site =
        SitePackages::new().install_direct(&pkg, "{}").write("demo/__init__.py", "evil").write("x.pth", "import os");
    let record = std::fs::read_to_string(site.folder().join("demo-1.0.dist-info/RECORD")).unwrap();
    // The digest of `x = 1` and a line break, as `hashlib` has it.
    assert!(record.contains("demo/__init__.py,sha256=nia_NpkRxFwkPGhBR7I_yeHc_PJX0pmhxjIBam_NM_Q,6\n"), "{record}");
    assert!(record.ends_with("demo-1.0.dist-info/RECORD,,\n") && !record.contains("x.pth"));
    assert_eq!(std::fs::read(site.folder().join("demo/__init__.py")).unwrap(), b"evil");
    assert!(site.folder().join("demo-1.0.dist-info/direct_url.json").is_file());
    let gone = site.remove("demo-1.0.dist-info/METADATA");
    assert!(!gone.folder().join("demo-1.0.dist-info/METADATA").exists());
}
