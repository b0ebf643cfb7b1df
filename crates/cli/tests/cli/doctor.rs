//! `vetch doctor`.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;
use vetch_testkit::NpmRegistry;

use crate::vetch;

/// Tokens of the right form that are nobody's.
const NPM: &str = "npm_a1B2c3D4e5f6G7h8I9j0a1B2c3D4e5f6G7h8";
const PYPI: &str =
    "pypi-AgEIcHlwaS5vcmcCJDAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwMAACKlszLCIwMDAwMDAwMC0wMDAwIl0AAAYgAAAA";

fn put(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

struct Room {
    home: TempDir,
    project: TempDir,
}

impl Room {
    fn new(home: &[(&str, &str)], project: &[(&str, &str)]) -> Room {
        let room = Room { home: tempfile::tempdir().unwrap(), project: tempfile::tempdir().unwrap() };
        put(room.home.path(), home);
        put(room.project.path(), project);
        room
    }

    fn run(&self, arguments: &[&str]) -> vetch_testkit::Run {
        vetch(&[&["doctor"], arguments].concat()).home(self.home.path()).dir(self.project.path()).run()
    }

    /// `id file:line` of every lint of an area.
    fn told(&self, area: &str) -> Vec<String> {
        let run = self.run(&["--format", "json"]);
        let outcome: Value = serde_json::from_str(&run.stdout).unwrap();
        let areas = outcome["areas"].as_array().unwrap();
        let area = areas.iter().find(|one| one["id"] == area).unwrap();
        let home = format!("{}/", self.home.path().display());
        let one = |lint: &Value| {
            format!(
                "{} {}:{}",
                lint["id"].as_str().unwrap(),
                lint["file"].as_str().unwrap().replace(&home, "~/"),
                lint["line"]
            )
        };
        area["lints"].as_array().unwrap().iter().map(one).collect()
    }
}

#[cfg(unix)]
#[test]
fn tokens_of_the_host_are_told_and_never_printed() {
    use std::os::unix::fs::PermissionsExt;
    let npmrc = format!("//registry.npmjs.org/:_authToken={NPM}\n//npm.invalid/:_authToken=${{NPM_TOKEN}}\n");
    let pypirc = format!("[pypi]\nusername = __token__\npassword = {PYPI}\n");
    let netrc = "machine h.invalid login me password hunter2hunter2\n";
    let old = "//registry.npmjs.org/:_password=aHVudGVyMg==\n";
    let room = Room::new(
        &[(".npmrc", &npmrc), (".pypirc", &pypirc), (".netrc", netrc), (".config/pnpm/rc", old), (".npm/x", "")],
        &[],
    );
    let set = |name: &str, mode: u32| {
        fs::set_permissions(room.home.path().join(name), fs::Permissions::from_mode(mode)).unwrap()
    };
    set(".npmrc", 0o644);
    set(".pypirc", 0o600);
    set(".netrc", 0o600);
    set(".config/pnpm/rc", 0o600);
    set(".npm", 0o777);
    let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_600_000_000);
    fs::File::options().write(true).open(room.home.path().join(".pypirc")).unwrap().set_modified(long_ago).unwrap();
    let told = room.told("host");
    for wanted in [
        "plaintext-token ~/.npmrc:1",
        "readable-secret ~/.npmrc:0",
        "plaintext-token ~/.pypirc:3",
        "old-token ~/.pypirc:0",
        "plaintext-token ~/.netrc:1",
        "legacy-token ~/.config/pnpm/rc:1",
        "writable-cache ~/.npm:0",
        "release-age-missing ~/.npmrc:0",
    ] {
        assert!(told.iter().any(|told| told == wanted), "{wanted}: {told:#?}");
    }
    assert!(
        !told.iter().any(|told| told == "plaintext-token ~/.npmrc:2" || told.starts_with("readable-secret ~/.pypirc")),
        "{told:#?}"
    );
    let terminal = room.run(&["--verbose"]).expect(1);
    let json = room.run(&["--format", "json"]).expect(1);
    for secret in [NPM, PYPI, "hunter2", "aHVudGVyMg"] {
        assert!(!terminal.stdout.contains(secret) && !json.stdout.contains(secret), "{secret}");
    }
    let words = terminal.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("chmod 600") && words.contains("all projects of the account"), "{words}");
}

/// A registry below a path that knows an account, and the home folder of its user.
fn with_account(user: &str, tokens: &[(&str, &str)]) -> (NpmRegistry, Room) {
    let below = |path: &str| format!("/repository/npm{path}");
    let registry = NpmRegistry::builder().below("/repository/npm").token(NPM).file(&below("/-/npm/v1/user"), user);
    let registry = tokens.iter().fold(registry, |registry, (path, page)| registry.file(&below(path), *page)).start();
    let npmrc = format!("registry={}\n{}:_authToken={NPM}\n", registry.url(), registry.credential_prefix());
    let room = Room::new(&[(".npmrc", &npmrc)], &[]);
    (registry, room)
}

#[test]
fn registries_are_asked_about_the_account_when_told_to() {
    let first = r#"{"objects": [{"key": "0123456789", "token": "npm_aB", "name": "ci", "automation": true,
        "created": "2020-01-01T00:00:00.000Z"}], "urls": {"next": "/-/npm/v1/page2"}}"#;
    let second = r#"{"objects": [{"key": "fedcba9876", "token": "npm_cD", "readonly": true}], "urls": {}}"#;
    let pages = [("/-/npm/v1/tokens", first), ("/-/npm/v1/page2", second)];
    let (registry, room) = with_account(r#"{"tfa": {"pending": false, "mode": "auth-only"}}"#, &pages);
    // Unasked, nobody is asked.
    let unasked = room.run(&["--verbose"]).expect(1);
    assert!(unasked.stdout.contains("--ask-registries") && registry.requests().is_empty(), "{}", unasked.stdout);
    let asked = room.run(&["--verbose", "--ask-registries"]).expect(1);
    let words = asked.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for wanted in
        ["at the login only", "two-factor-off", "`ci` (012345) was made", "second-factor-bypassed", "2 tokens"]
    {
        assert!(words.contains(wanted), "{wanted}: {words}");
    }
    assert!(words.contains("npm token revoke 012345") && !words.contains("fedcba") && !words.contains(NPM), "{words}");
    assert_eq!(registry.paths(), ["page2", "tokens", "user"].map(|last| format!("/repository/npm/-/npm/v1/{last}")));
}

#[test]
fn what_a_registry_does_not_tell_is_not_known_and_no_fault() {
    let elsewhere = r#"{"objects": [], "urls": {"next": "https://192.0.2.1/steal"}}"#;
    let (registry, room) = with_account(r#"{"tfa": {"mode": "auth-and-writes"}}"#, &[("/-/npm/v1/tokens", elsewhere)]);
    let json = room.run(&["--format", "json", "--ask-registries"]);
    let outcome: Value = serde_json::from_str(&json.stdout).unwrap();
    let host = outcome["areas"].as_array().unwrap().iter().find(|area| area["id"] == "host").unwrap();
    let unavailable = host["unavailable"].to_string();
    assert!(unavailable.contains("which tokens of your account") && unavailable.contains("another host"), "{host}");
    assert!(host["looked_at"].to_string().contains("also when you publish"), "{host}");
    assert!(!host["lints"].to_string().contains("two-factor"), "{host}");
    assert_eq!(registry.paths().len(), 2);
    // A registry that has none of it.
    let (_registry, room) = with_account("<html>", &[]);
    let run = room.run(&["--verbose", "--ask-registries"]);
    let words = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("has a second factor: its answer is no JSON"), "{words}");
}

#[test]
fn the_project_and_its_package_are_searched() {
    let token = format!("const token = '{NPM}';\n");
    let room = Room::new(
        &[],
        &[
            ("package.json", "{\"name\": \"lib\", \"version\": \"1.0.0\", \"files\": [\"dist\", \".env\"]}"),
            ("dist/index.js", &token),
            ("src/ignored.js", &token),
            (".gitignore", "src/\n"),
            (".env", "A=1\n"),
            (".env.example", "A=\n"),
            (
                ".github/workflows/release.yml",
                "jobs:\n  a:\n    steps:\n      - run: npm install\n      - run: npm publish\n        env:\n          NODE_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }}\n      - uses: a/b@v1\n",
            ),
        ],
    );
    let told = room.told("project");
    for wanted in ["secret-in-project dist/index.js:1", "secret-in-package dist/index.js:1", "secret-in-package .env:0"]
    {
        assert!(told.iter().any(|told| told == wanted), "{wanted}: {told:#?}");
    }
    assert!(!told.iter().any(|told| told.contains("ignored.js") || told.contains("example")), "{told:#?}");
    let ci = room.told("ci");
    let file = ".github/workflows/release.yml";
    let wanted = [
        format!("lockfile-not-enforced {file}:4"),
        format!("trusted-publishing-unused {file}:7"),
        format!("unpinned-action {file}:8"),
    ];
    assert_eq!(ci, wanted);
    assert!(room.told("vetch").iter().any(|told| told.starts_with("old-intelligence")));
    let run = room.run(&[]).expect(1);
    assert!(!run.stdout.contains(NPM) && run.stdout.contains("vetch intel update"), "{}", run.stdout);
}

#[test]
fn a_missing_folder_is_an_error() {
    let room = Room::new(&[], &[]);
    let run = room.run(&["nowhere"]).expect(2);
    assert!(run.stderr.contains("nowhere") && run.stderr.contains("hint"), "{}", run.stderr);
}

/// Files of every kind that npm knows a rule for.
const TREE: &[&str] = &[
    "index.js",
    "lib/a.js",
    "lib/a.test.js",
    "lib/deep/b.js",
    "lib/.npmignore",
    "README",
    "readme.md",
    "LICENSE-MIT",
    "License.txt",
    "COPYING",
    "CHANGELOG.md",
    ".npmrc",
    ".env",
    ".gitignore",
    "package-lock.json",
    "yarn.lock",
    "x.orig",
    ".DS_Store",
    "._x",
    "node_modules/m/index.js",
    "lib/node_modules/n/index.js",
    "dist/out.js",
    "dist/out.js.map",
    "docs/README.md",
    "docs/package-lock.json",
    "bin/run",
    "src/main.ts",
    "lib/.npmrc",
    "npm-debug.log",
    "a.swp",
    ".a.swp",
    "CVS/x",
    "build/config.gypi",
];

/// Manifests, and files beside them: what npm would pack, by npm itself and by us.
#[test]
fn npm_packs_what_we_say() {
    if Command::new("npm").arg("--version").output().is_err() {
        return;
    }
    for (name, fields, ignore) in [
        ("bare", "", None),
        ("files", ", \"files\": [\"lib\", \"!lib/**/*.test.js\"]", None),
        ("glob", ", \"files\": [\"*.js\", \"dist/*.js\"]", None),
        (
            "rooted",
            ", \"files\": [\"/lib/\", \"./dist\"], \"main\": \"index.js\", \"bin\": {\"x\": \"./bin/run\"}",
            None,
        ),
        ("npmignore", "", Some("docs\n*.map\n!dist/out.js.map\n/src/\n")),
        ("both", ", \"files\": [\"dist\", \"docs\"]", Some("dist\n")),
        ("named", ", \"files\": [\".env\", \"x.orig\", \"docs\", \".DS_Store\"]", None),
        ("empty", ", \"files\": []", None),
        ("all", ", \"files\": [\"**\"]", None),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for path in TREE {
            put(folder.path(), &[(*path, "x\n")]);
        }
        put(folder.path(), &[(".gitignore", "dist/\n"), ("lib/.npmignore", "deep\n")]);
        put(folder.path(), &[("package.json", &format!("{{\"name\": \"p\", \"version\": \"1.0.0\"{fields}}}"))]);
        if let Some(text) = ignore {
            put(folder.path(), &[(".npmignore", text)]);
        }
        let output = Command::new("npm")
            .args(["pack", "--dry-run", "--json", "--offline", "--ignore-scripts"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        let Ok(said) = serde_json::from_slice::<Value>(&output.stdout) else { return };
        let listed = said
            .as_array()
            .and_then(|all| all.first())
            .or_else(|| said.as_object().and_then(|map| map.values().next()));
        let mut theirs: Vec<String> = listed.unwrap()["files"]
            .as_array()
            .unwrap()
            .iter()
            .map(|file| file["path"].as_str().unwrap().to_owned())
            .collect();
        theirs.sort();
        assert_eq!(packed(folder.path()), theirs, "{name}");
    }
}

fn packed(folder: &Path) -> Vec<String> {
    vetch_engine::doctor::packed(folder).unwrap()
}
