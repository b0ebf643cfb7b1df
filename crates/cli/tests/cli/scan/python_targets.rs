//! Python releases as targets: wheels, source distributions, eggs, unpacked folders; each is one release.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;
use vetch_testkit::{PyPkg, Run, SitePackages, sdist_archive, tarball, zip_archive};

use super::{incomplete, says};
use crate::vetch;

fn tool() -> PyPkg {
    PyPkg::new("My_Tool", "1.0.0")
        .file("my_tool/__init__.py", "def add(a, b):\n    return a + b\n")
        .file("my_tool/data.txt", "data\n")
}

pub(super) fn scanned(folder: &Path, arguments: &[&str]) -> Run {
    vetch(&["scan", "--offline", "--no-cache", "--format", "json"]).args(arguments.iter().copied()).dir(folder).run()
}

/// A folder with these files.
pub(super) fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

/// Purls, verdicts and places of all releases.
pub(super) fn releases(run: &Run) -> Vec<String> {
    let report = run.json();
    let one = |release: &Value| {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let place = text(&release["locations"][0]["path"]);
        format!("{} {} {place}", text(&release["purl"]), text(&release["verdict"]))
    };
    let mut all: Vec<String> = report["releases"].as_array().unwrap().iter().map(one).collect();
    // The report sorts by contents where the name is the same.
    all.sort();
    all
}

pub(super) fn rules(run: &Run) -> Vec<String> {
    let report = run.json();
    let findings = report["releases"].as_array().unwrap().iter().flat_map(|release| {
        release["findings"].as_array().unwrap().iter().map(|finding| finding["rule"].as_str().unwrap().to_owned())
    });
    findings.collect()
}

#[test]
fn every_form_of_archive() {
    let (wheel, sdist) = (tool().wheel(), tool().sdist());
    let zipped = [
        ("my_tool-1.0.0/PKG-INFO", tool().metadata()),
        ("my_tool-1.0.0/setup.py", "from setuptools import setup\nsetup()\n".to_owned()),
    ];
    let egg = [("EGG-INFO/PKG-INFO", tool().metadata()), ("my_tool/__init__.py", String::new())];
    for (name, bytes) in [
        (tool().wheel_name(), wheel),
        (tool().sdist_name(), sdist),
        ("my_tool-1.0.0.zip".to_owned(), zip_archive(&zipped)),
        ("my_tool-1.0.0-py3.11.egg".to_owned(), zip_archive(&egg)),
    ] {
        let folder = folder(&[(&name, &bytes)]);
        let run = scanned(folder.path(), &[&name]).expect(0);
        assert_eq!(releases(&run), [format!("pkg:pypi/my-tool@1.0.0 clean {name}")]);
        assert_eq!(run.json()["targets"][0]["kind"], "archive");
        assert!(run.json()["releases"][0]["content_hash"].is_string());
        let text = vetch(&["scan", "--offline", "--no-cache", &name]).dir(folder.path()).run();
        assert_eq!(text.status, 0, "{}", text.stdout);
    }
}

#[test]
fn without_metadata_the_name_of_the_archive_counts() {
    let files = [("setup.py", "import os\n"), ("tool/__init__.py", "")];
    let (sdist, bare) = (sdist_archive("x", &files), zip_archive(&[("tool/__init__.py", "")]));
    let folder = folder(&[("Some.Tool-2.0.tar.gz", &sdist), ("sample.zip", &bare)]);
    let run = scanned(folder.path(), &["Some.Tool-2.0.tar.gz", "sample.zip"]);
    assert_eq!(
        releases(&run),
        ["pkg:generic/sample.zip clean sample.zip", "pkg:pypi/some-tool@2.0 clean Some.Tool-2.0.tar.gz"]
    );
    assert_eq!(run.json()["targets"].as_array().unwrap().len(), 2);
}

#[test]
fn a_folder_full_of_archives() {
    let npm = tarball(&[("package.json", "{\"name\":\"a\",\"version\":\"1.0.0\"}")]);
    let folder = folder(&[
        (&tool().wheel_name(), &tool().wheel()),
        (&tool().sdist_name(), &tool().sdist()),
        ("a-1.0.0.tgz", &npm),
        ("notes.txt", b"not an archive"),
    ]);
    let run = scanned(folder.path(), &["."]).expect(0);
    assert_eq!(
        releases(&run),
        [
            "pkg:npm/a@1.0.0 clean a-1.0.0.tgz".to_owned(),
            format!("pkg:pypi/my-tool@1.0.0 clean {}", tool().wheel_name()),
            format!("pkg:pypi/my-tool@1.0.0 clean {}", tool().sdist_name()),
        ]
    );
    let mixed = folder.path().join("b.tar.bz2");
    fs::write(mixed, "BZh").unwrap();
    says(&scanned(folder.path(), &["."]).expect(3), &["b.tar.bz2", "not read"]);
}

#[test]
fn unpacked_folders() {
    let setup = b"from setuptools import setup\nsetup(name='my-tool', version='1.0.0')\n";
    let metadata = tool().metadata();
    let info = metadata.as_bytes();
    for (files, purl) in [
        (&[("x/PKG-INFO", info), ("x/setup.py", setup), ("x/my_tool/__init__.py", b"")][..], "pkg:pypi/my-tool@1.0.0"),
        (&[("x/my_tool-1.0.0.dist-info/METADATA", info), ("x/my_tool/__init__.py", b"")], "pkg:pypi/my-tool@1.0.0"),
        (&[("x/EGG-INFO/PKG-INFO", info), ("x/my_tool/__init__.py", b"")], "pkg:pypi/my-tool@1.0.0"),
        (&[("x/my_tool.egg-info/PKG-INFO", info), ("x/setup.py", setup)], "pkg:pypi/my-tool@1.0.0"),
        (
            &[("x/inner/my_tool-1.0.0/PKG-INFO", info), ("x/inner/my_tool-1.0.0/setup.py", setup)],
            "pkg:pypi/my-tool@1.0.0",
        ),
        (&[("x/setup.py", setup), ("x/my_tool/__init__.py", b"")], "pkg:generic/x"),
        (&[("x/my_tool/__init__.py", b""), ("x/my_tool/b.py", b"")], "pkg:generic/x"),
    ] {
        let folder = folder(files);
        let run = scanned(folder.path(), &["x"]).expect(0);
        let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
        assert_eq!(run.json()["releases"].as_array().unwrap().len(), 1, "{names:?}");
        assert_eq!(run.json()["releases"][0]["purl"], purl, "{names:?}");
        assert_eq!(run.json()["targets"][0]["kind"], "package", "{names:?}");
    }
}

#[test]
fn a_project_of_ones_own_stays_one() {
    let project = b"[project]\nname = \"own\"\nversion = \"1.0\"\n";
    let lock = b"version = 1\nrevision = 3\nrequires-python = \">=3.12\"\n";
    let locked = folder(&[("pyproject.toml", project), ("uv.lock", lock), ("own/__init__.py", b"")]);
    assert_eq!(scanned(locked.path(), &["."]).json()["targets"][0]["kind"], "project");
    let app = folder(&[("requirements.txt", b"a==1.0\n"), ("manage.py", b""), ("app/models.py", b"")]);
    assert_eq!(scanned(app.path(), &["."]).json()["targets"][0]["kind"], "project");
}

#[test]
fn doubt_is_said_and_settled() {
    let both = [("package.json", "{\"name\":\"both\",\"version\":\"1.0.0\"}"), ("setup.py", ""), ("index.js", "")];
    let folder = folder(&[("both.tar.gz", &sdist_archive("both-1.0.0", &both))]);
    let run = scanned(folder.path(), &["both.tar.gz"]).expect(3);
    says(&run, &["both.tar.gz", "a package of npm and one of Python"]);
    let npm = scanned(folder.path(), &["both.tar.gz", "--ecosystem", "npm"]).expect(0);
    assert_eq!(releases(&npm), ["pkg:npm/both@1.0.0 clean both.tar.gz"]);
    let python = scanned(folder.path(), &["both.tar.gz", "--ecosystem", "pypi"]).expect(0);
    assert_eq!(releases(&python), ["pkg:generic/both.tar.gz clean both.tar.gz"]);
    // What npm's registry serves is npm's.
    fs::rename(folder.path().join("both.tar.gz"), folder.path().join("both.tgz")).unwrap();
    assert_eq!(releases(&scanned(folder.path(), &["both.tgz"]).expect(0)), ["pkg:npm/both@1.0.0 clean both.tgz"]);
}

#[test]
fn doubt_about_a_folder() {
    let folder = folder(&[("x/package.json", b"{\"name\":\"both\"}"), ("x/setup.py", b""), ("x/both.py", b"")]);
    let python = scanned(folder.path(), &["x", "--ecosystem", "pypi"]).expect(0);
    assert_eq!(releases(&python), ["pkg:generic/x clean ."]);
    let npm = scanned(folder.path(), &["x", "--ecosystem", "npm"]).expect(0);
    assert_eq!(releases(&npm), ["pkg:npm/both clean ."]);
    assert!(!incomplete(&scanned(folder.path(), &["x"]).expect(3)).is_empty());
}

#[test]
fn a_record_that_lies() {
    let record = |text: &str| {
        let files = [
            ("my_tool/__init__.py", "x = 1\n"),
            ("my_tool-1.0.0.dist-info/METADATA", "Name: my-tool\nVersion: 1.0.0\n"),
            ("my_tool-1.0.0.dist-info/RECORD", text),
        ];
        zip_archive(&files)
    };
    let (right, wrong) = ("nia_NpkRxFwkPGhBR7I_yeHc_PJX0pmhxjIBam_NM_Q", "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
    let rest = "my_tool-1.0.0.dist-info/METADATA,,\nmy_tool-1.0.0.dist-info/RECORD,,\n";
    let name = "my_tool-1.0.0-py3-none-any.whl";
    for (lines, verdict, said) in [
        (format!("my_tool/__init__.py,sha256={right},6\n{rest}"), "clean", ""),
        (format!("my_tool/__init__.py,sha256={wrong},6\n{rest}"), "suspicious", "is not the one that was recorded"),
        (rest.to_owned(), "suspicious", "no build tool recorded it"),
        (
            format!("my_tool/__init__.py,sha256={right},6\nmy_tool/gone.py,sha256={right},6\n{rest}"),
            "notable",
            "are gone",
        ),
    ] {
        let bytes = record(&lines);
        let folder = folder(&[(name, &bytes)]);
        let run = scanned(folder.path(), &[name]);
        assert_eq!(releases(&run), [format!("pkg:pypi/my-tool@1.0.0 {verdict} {name}")], "{lines}");
        assert!(run.stdout.contains(said), "{said}: {}", run.stdout);
    }
}

#[test]
fn an_unpacked_wheel_beside_its_record() {
    let site = SitePackages::new().install(&tool()).remove("my_tool-1.0.0.dist-info/INSTALLER");
    let site = site.write("my_tool/added.py", "import os\n");
    let unpacked = site.root().join("unpacked");
    fs::rename(site.folder(), &unpacked).unwrap();
    let run = scanned(site.root(), &["unpacked"]).expect(1);
    assert_eq!(run.json()["targets"][0]["kind"], "package");
    assert!(rules(&run).iter().all(|rule| rule == "recorded-files-changed"), "{:?}", rules(&run));
    assert!(run.stdout.contains("my_tool/added.py lies among the files"), "{}", run.stdout);
}

#[test]
fn what_is_installed_has_its_contents_looked_at() {
    let site = SitePackages::new().install(&tool().file("my_tool/fast.so", b"\x7fELF\x02\x01\x01\0"));
    let run = scanned(site.root(), &["."]);
    let release = run.release("pkg:pypi/my-tool@1.0.0");
    assert!(release["content_hash"].is_string(), "{release}");
    // The same files, packed: the same contents, but for the record of the installer.
    let again = scanned(site.root(), &[".venv"]);
    assert_eq!(release["content_hash"], again.release("pkg:pypi/my-tool@1.0.0")["content_hash"]);
}
