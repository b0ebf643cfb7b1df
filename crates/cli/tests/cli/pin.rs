//! `vetch pin`.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use vetch_testkit::Run;

use crate::vetch;

const SHA512: &str = "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn read(folder: &TempDir, path: &str) -> String {
    fs::read_to_string(folder.path().join(path)).unwrap()
}

fn pin(folder: &Path, arguments: &[&str]) -> Run {
    vetch(&[&["pin"], arguments].concat()).dir(folder).run()
}

/// The JSON outcome of a run that ends with `status`.
fn outcome(folder: &TempDir, arguments: &[&str], status: i32) -> Value {
    let run = pin(folder.path(), &[arguments, &["--format", "json"]].concat()).expect(status);
    serde_json::from_str(&run.stdout).unwrap()
}

/// `id file:line` of every lint.
fn told(outcome: &Value) -> Vec<String> {
    let lints = outcome["lints"].as_array().unwrap();
    let one =
        |lint: &Value| format!("{} {}:{}", lint["id"].as_str().unwrap(), lint["file"].as_str().unwrap(), lint["line"]);
    lints.iter().map(one).collect()
}

fn lint<'v>(outcome: &'v Value, id: &str) -> &'v Value {
    let lints = outcome["lints"].as_array().unwrap();
    lints.iter().find(|lint| lint["id"] == id).unwrap_or_else(|| panic!("no {id} in {:?}", told(outcome)))
}

fn entry(name: &str, version: &str, more: Value) -> Value {
    let file = name.rsplit('/').next().unwrap();
    let mut entry = json!({
        "version": version,
        "resolved": format!("https://registry.npmjs.org/{name}/-/{file}-{version}.tgz"),
        "integrity": SHA512,
    });
    entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    entry
}

fn lockfile(root: Value, packages: &[(&str, Value)]) -> String {
    let mut all = serde_json::Map::new();
    all.insert(String::new(), root);
    all.extend(packages.iter().map(|(path, entry)| (format!("node_modules/{path}"), entry.clone())));
    if packages.iter().any(|(path, _)| *path == "own") {
        all.insert("own".to_owned(), json!({ "name": "own" }));
    }
    format!("{:#}\n", json!({ "name": "shop", "lockfileVersion": 3, "requires": true, "packages": all }))
}

const NPMRC: &str = "ignore-scripts=true\nmin-release-age=7\nsave-exact=true\n";

const MANIFEST: &str = "\u{feff}{\r\n\t\"name\": \"shop\",\r\n\t\"private\": true,\r\n\t\"dependencies\": { \"ms\":\"^2.1.0\",\r\n\
                        \t\t\"short\" : \"npm:is-odd@latest\"  , \"exact\": \"1.0.0\", \"own\": \"file:own\" }\r\n}\r\n";

fn shop() -> TempDir {
    let root = json!({
        "name": "shop",
        "dependencies": { "ms": "^2.1.0", "short": "npm:is-odd@latest", "exact": "1.0.0", "own": "file:own" },
    });
    let packages = [
        ("ms", entry("ms", "2.1.3", json!({}))),
        ("short", entry("is-odd", "3.0.1", json!({ "name": "is-odd" }))),
        ("exact", entry("exact", "1.0.0", json!({}))),
        ("own", json!({ "resolved": "own", "link": true })),
    ];
    folder(&[
        ("package.json", MANIFEST),
        ("package-lock.json", &lockfile(root, &packages)),
        ("own/package.json", "{\"name\": \"own\", \"private\": true}"),
        (".npmrc", NPMRC),
    ])
}

#[test]
fn ranges_are_pinned_where_they_stand() {
    let folder = shop();
    let before = read(&folder, "package-lock.json");
    let shown = pin(folder.path(), &[]).expect(1);
    for text in [
        "package.json:4",
        "`ms` takes `^2.1.0`; locked is 2.1.3",
        "-    \"dependencies\": { \"ms\":\"^2.1.0\",",
        "--fix",
    ] {
        assert!(shown.stdout.contains(text), "{text}\n{}", shown.stdout);
    }
    let checked = outcome(&folder, &["--check"], 1);
    assert_eq!(told(&checked), ["unpinned-range package.json:4", "unpinned-range package.json:5"]);
    assert_eq!((&checked["deed"], &checked["diffs"]), (&json!("checked"), &json!([])));
    assert_eq!(
        (read(&folder, "package.json"), read(&folder, "package-lock.json")),
        (MANIFEST.to_owned(), before.clone())
    );

    let fixed = outcome(&folder, &["--fix"], 0);
    assert_eq!(fixed["written"], json!(["package-lock.json", "package.json"]));
    let wanted = MANIFEST.replace("\"^2.1.0\"", "\"2.1.3\"").replace("npm:is-odd@latest", "npm:is-odd@3.0.1");
    assert_eq!(read(&folder, "package.json"), wanted);
    let wanted = before.replace("\"^2.1.0\"", "\"2.1.3\"").replace("npm:is-odd@latest", "npm:is-odd@3.0.1");
    assert_eq!(read(&folder, "package-lock.json"), wanted);
    let checked = pin(folder.path(), &["--check"]).expect(0);
    assert!(checked.stdout.contains("everything that was looked at is pinned"), "{}", checked.stdout);
}

#[test]
fn what_others_install_keeps_its_ranges() {
    let manifest = json!({ "name": "lib", "version": "1.0.0", "dependencies": { "ms": "^2" }, "devDependencies": { "tool": "^1" } });
    let lock = lockfile(
        manifest.clone(),
        &[("ms", entry("ms", "2.1.3", json!({}))), ("tool", entry("tool", "1.2.0", json!({ "dev": true })))],
    );
    let folder = folder(&[("package.json", &format!("{manifest:#}")), ("package-lock.json", &lock), (".npmrc", NPMRC)]);
    let fixed = outcome(&folder, &["--fix"], 0);
    let manifest: Value = serde_json::from_str(&read(&folder, "package.json")).unwrap();
    assert_eq!(
        (&manifest["dependencies"]["ms"], &manifest["devDependencies"]["tool"]),
        (&json!("^2"), &json!("1.2.0"))
    );
    assert!(fixed["notes"][0].as_str().unwrap().contains("package for others"));
}

#[test]
fn lockfiles_of_other_tools_follow() {
    let manifest = "{\"name\": \"shop\", \"private\": true, \"packageManager\": \"pnpm@10.20.0\", \"dependencies\": {\"ms\": \"^2.1.0\"}}\n";
    let lock = "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    dependencies:\n      ms:\n        specifier: ^2.1.0\n        version: 2.1.3\n\n\
                packages:\n\n  ms@2.1.3:\n    resolution: {integrity: sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==}\n\n\
                snapshots:\n\n  ms@2.1.3: {}\n";
    let pnpm = folder(&[
        ("package.json", manifest),
        ("pnpm-lock.yaml", lock),
        ("pnpm-workspace.yaml", "# mine\nminimumReleaseAge: 7\n"),
    ]);
    let fixed = outcome(&pnpm, &["--fix"], 0);
    assert!(lint(&fixed, "release-age-unit")["what"].as_str().unwrap().contains("counts minutes"));
    assert_eq!(read(&pnpm, "pnpm-lock.yaml"), lock.replace("specifier: ^2.1.0", "specifier: 2.1.3"));
    assert_eq!(read(&pnpm, "pnpm-workspace.yaml"), "# mine\nminimumReleaseAge: 10080\n");

    let manifest = "{\"name\": \"shop\", \"private\": true, \"dependencies\": {\"ms\": \"^2.1.0\"}}\n";
    let lock = "{\n  \"lockfileVersion\": 1,\n  \"workspaces\": {\n    \"\": {\n      \"name\": \"shop\",\n      \"dependencies\": {\n        \"ms\": \"^2.1.0\",\n      },\n    },\n  },\n  \
                \"packages\": {\n    \"ms\": [\"ms@2.1.3\", \"\", {}, \"sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==\"],\n  }\n}\n";
    let bun = folder(&[("package.json", manifest), ("bun.lock", lock)]);
    outcome(&bun, &["--fix"], 0);
    assert_eq!(read(&bun, "bun.lock"), lock.replace("\"^2.1.0\"", "\"2.1.3\""));
    assert_eq!(read(&bun, "bunfig.toml"), "[install]\nminimumReleaseAge = 604800\nexact = true\n");

    let lock = "# yarn lockfile v1\n\n\nms@^2.1.0:\n  version \"2.1.3\"\n  resolved \"https://registry.yarnpkg.com/ms/-/ms-2.1.3.tgz#574c8138ce1d2b5861f0b44579dbadd60c6615b2\"\n  integrity sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==\n";
    let yarn = folder(&[("package.json", manifest), ("yarn.lock", lock), (".yarnrc", "ignore-scripts true\n")]);
    let fixed = outcome(&yarn, &["--fix"], 0);
    assert_eq!(read(&yarn, "yarn.lock"), lock);
    assert_eq!(fixed["afterwards"][0]["command"], "yarn install --ignore-scripts");
}

const UV_LOCK: &str = r#"version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "app"
version = "0.1.0"
source = { virtual = "." }
dependencies = [
    { name = "idna" },
]

[package.dev-dependencies]
dev = [
    { name = "iniconfig" },
]

[package.metadata]
requires-dist = [{ name = "idna", specifier = ">=3" }]

[package.metadata.requires-dev]
dev = [{ name = "iniconfig", specifier = ">=2" }]

[[package]]
name = "idna"
version = "3.10"
source = { registry = "https://pypi.org/simple" }
wheels = [
    { url = "https://files.pythonhosted.org/packages/idna-3.10-py3-none-any.whl", hash = "sha256:946d195a0d259cbba61165e88e65941f16e9b36ea6ddb97f00452bae8b1287d3", size = 70442, upload-time = "2024-09-15T18:07:37Z" },
]

[[package]]
name = "iniconfig"
version = "2.0.0"
source = { registry = "https://pypi.org/simple" }
wheels = [
    { url = "https://files.pythonhosted.org/packages/iniconfig-2.0.0-py3-none-any.whl", hash = "sha256:b6a85871a79d2e3b22d2d1b94ac2824226a63c6b741c88f7ae975f18b6778374", size = 5892, upload-time = "2023-01-07T11:08:09Z" },
]
"#;

#[test]
fn python_is_pinned_from_its_lockfile() {
    let manifest = "[project]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n  'idna >=3', # names\n]\n\n[dependency-groups]\ndev = [\"iniconfig>=2\"]\n";
    let list = "# list\nidna  # why\niniconfig>=2 ; python_version > '3'\n";
    let folder = folder(&[("pyproject.toml", manifest), ("uv.lock", UV_LOCK), ("requirements.txt", list)]);
    let fixed = outcome(&folder, &["--fix"], 0);
    assert_eq!(fixed["afterwards"][0]["command"], "uv lock", "{fixed:#}");
    let wanted = manifest.replace("'idna >=3'", "'idna ==3.10'").replace("iniconfig>=2", "iniconfig==2.0.0");
    assert_eq!(read(&folder, "pyproject.toml"), format!("{wanted}\n[tool.uv]\nexclude-newer = \"7 days\"\n"));
    let wanted = UV_LOCK
        .replace("specifier = \">=3\"", "specifier = \"==3.10\"")
        .replace("specifier = \">=2\"", "specifier = \"==2.0.0\"");
    assert_eq!(read(&folder, "uv.lock"), wanted);
    assert_eq!(
        read(&folder, "requirements.txt"),
        "# list\nidna==3.10 \\\n    --hash=sha256:946d195a0d259cbba61165e88e65941f16e9b36ea6ddb97f00452bae8b1287d3  # why\n\
         iniconfig==2.0.0 ; python_version > '3' \\\n    --hash=sha256:b6a85871a79d2e3b22d2d1b94ac2824226a63c6b741c88f7ae975f18b6778374\n"
    );
    outcome(&folder, &["--check"], 0);
}

#[test]
fn hashes_are_added_for_all_or_for_none() {
    // `idna` alone would leave pip without a hash for what it asks for.
    let lock = UV_LOCK.replace("size = 70442", "size = 1").replace(
        "source = { registry = \"https://pypi.org/simple\" }\nwheels = [\n    { url = \"https://files.pythonhosted.org/packages/idna",
        "source = { registry = \"https://pypi.org/simple\" }\ndependencies = [\n    { name = \"iniconfig\" },\n]\nwheels = [\n    { url = \"https://files.pythonhosted.org/packages/idna",
    );
    let folder = folder(&[("uv.lock", &lock), ("requirements.txt", "idna==3.10\n")]);
    let checked = outcome(&folder, &["--check"], 1);
    let repair = lint(&checked, "requirement-without-hash")["repair"].clone();
    assert_eq!(repair["kind"], "command");
    assert!(repair["text"].as_str().unwrap().contains("`iniconfig`"), "{repair}");
}

#[test]
fn lockfiles_are_looked_through() {
    let git = json!({ "version": "1.0.0", "resolved": "git+https://user:hunter2@git.invalid/a/native.git#main" });
    let packages = [
        ("bare", json!({ "version": "1.0.0", "resolved": "https://registry.npmjs.org/bare/-/bare-1.0.0.tgz" })),
        ("weak", entry("weak", "1.0.0", json!({ "integrity": "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=" }))),
        ("plain", entry("plain", "1.0.0", json!({ "resolved": "http://registry.npmjs.org/plain/-/plain-1.0.0.tgz" }))),
        ("odd", entry("odd", "1.0.0", json!({ "resolved": "https://mirror.invalid/odd/-/odd-1.0.0.tgz" }))),
        ("other", entry("other", "1.0.0", json!({ "resolved": "https://registry.npmjs.org/evil/-/evil-1.0.0.tgz" }))),
        ("newer", entry("newer", "1.0.0", json!({ "resolved": "https://registry.npmjs.org/newer/-/newer-1.0.1.tgz" }))),
        ("native", git),
        (
            "@acme/own",
            entry(
                "@acme/own",
                "1.0.0",
                json!({ "resolved": "https://npm.acme.invalid/repo/@acme/own/-/own-1.0.0.tgz" }),
            ),
        ),
        ("quiet", json!({ "version": "1.0.0", "integrity": SHA512 })),
    ];
    let lock = lockfile(json!({ "name": "shop" }), &packages);
    let folder = folder(&[
        ("package.json", "{\"name\": \"shop\", \"private\": true}"),
        ("package-lock.json", &lock),
        (".npmrc", NPMRC),
    ]);
    let checked = outcome(&folder, &["--check"], 1);
    let mut ids: Vec<&str> =
        checked["lints"].as_array().unwrap().iter().map(|lint| lint["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    let wanted = [
        "missing-integrity",
        "mutable-git-reference",
        "name-and-url-mismatch",
        "name-and-url-mismatch",
        "plain-http-source",
        "unbound-scope",
        "unexpected-registry-host",
        "unexpected-registry-host",
        "weak-integrity",
    ];
    assert_eq!(ids, wanted, "{:#?}", told(&checked));
    assert!(!checked.to_string().contains("hunter2"));
    outcome(&folder, &["--fix"], 1);
    assert!(read(&folder, "package-lock.json").contains("https://registry.npmjs.org/plain/-/plain-1.0.0.tgz"));
    assert_eq!(read(&folder, ".npmrc"), format!("{NPMRC}@acme:registry=https://npm.acme.invalid/repo/\n"));
    // A scope that is bound is expected there.
    let checked = outcome(&folder, &["--check"], 1);
    assert!(!told(&checked).iter().any(|told| told.starts_with("unbound-scope")), "{:?}", told(&checked));
}

#[test]
fn settings_are_read_in_their_units() {
    let lock = lockfile(
        json!({ "name": "shop" }),
        &[("native", entry("native", "1.0.0", json!({ "hasInstallScript": true })))],
    );
    let npmrc = "//registry.npmjs.org/:_authToken=npm_a1B2c3D4e5f6G7h8I9j0a1B2c3D4e5f6G7h8\r\nmin-release-age = 10080\r\npackage-lock=false\r\nstrict-ssl=false\r\nregistry=http://npm.invalid/\r\n";
    let npm = folder(&[("package.json", "{\"private\": true}"), ("package-lock.json", &lock), (".npmrc", npmrc)]);
    let run = pin(npm.path(), &["--fix"]).expect(1);
    assert!(!run.stdout.contains("npm_a1B2") && run.stdout.contains("_authToken=***"), "{}", run.stdout);
    assert!(run.stdout.contains("npm rebuild native"), "{}", run.stdout);
    let wanted = npmrc.replace("10080", "7").replace("package-lock=false", "package-lock=true");
    assert_eq!(read(&npm, ".npmrc"), format!("{wanted}save-exact=true\r\n"));

    let berry = "__metadata:\n  version: 8\n  cacheKey: 10c0\n\n\"shop@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"shop@workspace:.\"\n  languageName: unknown\n  linkType: soft\n";
    let yarn = folder(&[
        ("package.json", "{\"name\": \"shop\", \"private\": true}"),
        ("yarn.lock", berry),
        (
            ".yarnrc.yml",
            "enableScripts: false\nchecksumBehavior: ignore\nnpmMinimalAgeGate: 3d\nenableStrictSsl: false # why\n",
        ),
    ]);
    outcome(&yarn, &["--fix"], 0);
    assert_eq!(
        read(&yarn, ".yarnrc.yml"),
        "enableScripts: false\nchecksumBehavior: throw\nnpmMinimalAgeGate: 3d\nenableStrictSsl: true # why\ndefaultSemverRangePrefix: \"\"\n"
    );

    let pip = folder(&[(
        "requirements.txt",
        "--extra-index-url https://pip.invalid/simple\n--trusted-host pip.invalid\nidna==3.10 --hash=sha256:946d195a0d259cbba61165e88e65941f16e9b36ea6ddb97f00452bae8b1287d3\n",
    )]);
    let checked = outcome(&pip, &["--check"], 1);
    assert_eq!(told(&checked), ["extra-package-index requirements.txt:1", "check-switched-off requirements.txt:2"]);
}

#[test]
fn workflows_and_missing_lockfiles() {
    let workflow = "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    container: node:22\n    steps:\n      - uses: actions/checkout@v4\n      - uses: ./.github/actions/own\n      - uses: a/b@0123456789012345678901234567890123456789 # v1\n";
    let folder = folder(&[
        (".github/workflows/ci.yml", workflow),
        (
            "package.json",
            "{\"name\": \"shop\", \"private\": true, \"packageManager\": \"pnpm@11.0.0\", \"dependencies\": {\"ms\": \"^2\"}}",
        ),
        ("py/pyproject.toml", "[project]\nname = \"a\"\nversion = \"1\"\ndependencies = [\"idna>=3\"]\n"),
    ]);
    let checked = outcome(&folder, &["--check"], 1);
    let told = told(&checked);
    for wanted in [
        "unpinned-action .github/workflows/ci.yml:5",
        "unpinned-action .github/workflows/ci.yml:7",
        "missing-lockfile package.json:0",
        "missing-lockfile py/pyproject.toml:0",
        "trust-policy-missing pnpm-workspace.yaml:0",
    ] {
        assert!(told.iter().any(|told| told == wanted), "{wanted}: {told:?}");
    }
    assert_eq!(told.iter().filter(|told| told.starts_with("unpinned-action")).count(), 2);
    assert!(checked.to_string().contains("git ls-remote https://github.com/actions/checkout v4"));
    let allowed = outcome(&folder, &["--check", "--allow", "unpinned-action"], 1);
    assert!(!allowed.to_string().contains("unpinned-action"));
    let wrong = pin(folder.path(), &["--allow", "unpinned-actions"]).expect(2);
    assert!(wrong.stderr.contains("did you mean `unpinned-action`?"), "{}", wrong.stderr);
}

#[cfg(unix)]
#[test]
fn what_must_not_be_written_is_not() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = shop();
    let at = |name: &str| folder.path().join(name);
    let before = read(&folder, "package-lock.json");
    fs::rename(at("package.json"), at("real.json")).unwrap();
    symlink("real.json", at("package.json")).unwrap();
    let run = pin(folder.path(), &["--fix"]).expect(2);
    assert!(run.stderr.contains("it is a link") && run.stderr.contains("nothing was written"), "{}", run.stderr);
    assert_eq!((read(&folder, "real.json"), read(&folder, "package-lock.json")), (MANIFEST.to_owned(), before.clone()));
    fs::remove_file(at("package.json")).unwrap();
    fs::rename(at("real.json"), at("package.json")).unwrap();
    fs::set_permissions(at("package.json"), fs::Permissions::from_mode(0o444)).unwrap();
    let run = pin(folder.path(), &["--fix"]).expect(2);
    assert!(run.stderr.contains("read-only"), "{}", run.stderr);
    assert_eq!((read(&folder, "package.json"), read(&folder, "package-lock.json")), (MANIFEST.to_owned(), before));
}

#[test]
fn broken_and_hostile_files() {
    let folder = shop();
    fs::write(folder.path().join("package.json"), "{\n<<<<<<< a\n\"private\": true\n=======\n>>>>>>> b\n}\n").unwrap();
    let checked = outcome(&folder, &["--check"], 3);
    assert!(checked["incomplete"].to_string().contains("unfinished merge"), "{checked:#}");

    let folder = shop();
    let twice = MANIFEST.replace("\"exact\": \"1.0.0\"", "\"ms\": \"~2.1.0\"");
    fs::write(folder.path().join("package.json"), &twice).unwrap();
    outcome(&folder, &["--fix"], 0);
    assert_eq!(read(&folder, "package.json").matches("\"ms\": \"2.1.3\"").count(), 1);

    let folder = shop();
    let npmrc = "a=1\n<<<<<<< ours\nb=1\n=======\nb=2\n>>>>>>> theirs\n";
    fs::write(folder.path().join(".npmrc"), npmrc).unwrap();
    let fixed = outcome(&folder, &["--fix"], 3);
    assert!(fixed["incomplete"].to_string().contains("unfinished merge"), "{fixed:#}");
    assert_eq!(read(&folder, ".npmrc"), npmrc);

    // An anchor that others refer to: changing it would change them too.
    let lock = lockfile(json!({ "name": "shop" }), &[]);
    let settings = "minimumReleaseAge: &a 7\nother: *a\n";
    let pnpm = folder_of_pnpm(settings);
    let fixed = outcome(&pnpm, &["--fix"], 1);
    assert_eq!(read(&pnpm, "pnpm-workspace.yaml"), settings, "{fixed:#}");
    let deep = "[".repeat(200_000);
    let hostile = self::folder(&[
        ("package-lock.json", &lock),
        ("package.json", &deep),
        (".npmrc", "\0\u{1b}[31m=\n[\n=x\n"),
        ("bunfig.toml", "[[["),
    ]);
    let run = pin(hostile.path(), &[]);
    assert!([1, 3].contains(&run.status), "{}", run.status);
    assert!(!run.stdout.contains('\u{1b}') && !run.stderr.contains("panicked"), "{}", run.stderr);
    let empty = tempfile::tempdir().unwrap();
    let run = pin(empty.path(), &[]).expect(2);
    assert!(run.stderr.contains("nothing was found in it that could be pinned"), "{}", run.stderr);
}

fn folder_of_pnpm(settings: &str) -> TempDir {
    let manifest = "{\"name\": \"shop\", \"private\": true, \"packageManager\": \"pnpm@10.20.0\"}\n";
    folder(&[
        ("package.json", manifest),
        ("pnpm-lock.yaml", "lockfileVersion: '9.0'\n\nimporters:\n\n  .: {}\n"),
        ("pnpm-workspace.yaml", settings),
    ])
}
