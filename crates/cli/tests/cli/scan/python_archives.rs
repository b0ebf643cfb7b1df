//! Python archives that are broken or hostile: never clean, never a crash, and what lies beside them is
//! judged as ever.

use vetch_testkit::{Entry, PyPkg, bomb, raw_tarball, sdist_archive, zip_archive};

use super::python_targets::{folder, releases, rules, scanned};

const METADATA: &[u8] = b"Name: tool\nVersion: 1.0\n";

fn tool() -> PyPkg {
    PyPkg::new("tool", "1.0").file("tool/__init__.py", "x = 1\n")
}

/// The verdict on an archive of these bytes; what lies beside it is clean.
#[track_caller]
fn verdict(name: &str, bytes: &[u8]) -> String {
    let other = PyPkg::new("other", "1.0").file("other.py", "x = 1\n");
    let folder = folder(&[(name, bytes), (&other.wheel_name(), &other.wheel())]);
    let run = scanned(folder.path(), &["."]);
    assert!(matches!(run.status, 0 | 1 | 3), "{}", run.stderr);
    let all = releases(&run);
    let beside = format!("pkg:pypi/other@1.0 clean {}", other.wheel_name());
    assert!(all.contains(&beside), "{all:?}");
    let own = all.iter().find(|release| release.ends_with(&format!(" {name}"))).cloned().unwrap_or_default();
    own.split(' ').nth(1).unwrap_or("nothing").to_owned()
}

#[test]
fn damage() {
    let wheel = tool().file("tool/big.py", "x = 1\n".repeat(9000)).wheel();
    let sdist = tool().file("tool/big.py", "x = 1\n".repeat(9000)).sdist();
    for (name, whole) in [(tool().wheel_name(), &wheel), (tool().sdist_name(), &sdist)] {
        for length in [0, 3, 40, whole.len() / 2, whole.len() - 9] {
            assert_eq!(verdict(&name, &whole[..length]), "incomplete", "{name} of {length} bytes");
        }
    }
    for name in ["a.whl", "a.zip", "a.egg", "a.tar.gz"] {
        assert_eq!(verdict(name, b"<!doctype html><title>Sign in</title>"), "incomplete", "{name}");
    }
}

#[test]
fn contradictions() {
    let mut two = tool().wheel();
    two.extend(PyPkg::new("evil", "1.0").file("evil.py", "").wheel());
    assert_eq!(verdict("two-1.0-py3-none-any.whl", &two), "incomplete");
    let mut both = tool().sdist();
    both.extend(tool().wheel());
    assert_eq!(verdict("both-1.0.tar.gz", &both), "incomplete");
    // The name in the header before an entry is another than in the directory.
    let mut renamed = zip_archive(&[("tool.py", "x = 1\n"), ("tool-1.0.dist-info/METADATA", "Name: tool\n")]);
    renamed[30..37].copy_from_slice(b"evil.py");
    assert_eq!(verdict("tool-1.0-py3-none-any.whl", &renamed), "incomplete");
}

#[test]
fn names_that_lead_out() {
    for path in ["../evil.pth", "/etc/cron.d/evil", "a/../../evil.py", "C:/evil.py", "tool\\..\\..\\evil.py"] {
        let bytes = zip_archive(&[("tool-1.0.dist-info/METADATA", METADATA), (path, b"x = 1\n")]);
        assert_eq!(verdict("tool-1.0-py3-none-any.whl", &bytes), "suspicious", "{path}");
    }
}

#[test]
fn one_path_twice() {
    let files = [("tool.py", "x = 1\n"), ("tool.py", "x = 2\n"), ("tool-1.0.dist-info/METADATA", "Name: tool\n")];
    let folder = folder(&[("tool-1.0-py3-none-any.whl", &zip_archive(&files))]);
    let run = scanned(folder.path(), &["tool-1.0-py3-none-any.whl"]);
    assert_eq!(rules(&run), ["archive-anomaly"]);
}

#[test]
fn links_out_of_an_sdist() {
    for link in [
        Entry::Symlink("tool-1.0/setup.py", "/etc/passwd"),
        Entry::Symlink("tool-1.0/setup.py", "../../../outside.py"),
        Entry::Hardlink("tool-1.0/setup.py", "elsewhere/setup.py"),
    ] {
        let shown = format!("{link:?}");
        let bytes = raw_tarball(&[Entry::File("tool-1.0/PKG-INFO", METADATA), link]);
        assert_eq!(verdict("tool-1.0.tar.gz", &bytes), "incomplete", "{shown}");
    }
}

#[test]
fn bombs() {
    assert_eq!(verdict("bomb-1.0.tar.gz", &bomb(b"{}", 512 << 20)), "incomplete");
    let inner = sdist_archive("a-1.0", &[("setup.py", "x = 1\n")]);
    let nested = sdist_archive("tool-1.0", &[("PKG-INFO", METADATA), ("vendor/a-1.0.tar.gz", &inner)]);
    assert_ne!(verdict("tool-1.0.tar.gz", &nested), "nothing", "a nested archive is a file like any other");
}

#[test]
fn nul_bytes_and_odd_metadata() {
    let bytes =
        sdist_archive("tool-1.0", &[("PKG-INFO", &b"Name: to\0ol\nVersion: \xff\xfe\n"[..]), ("setup.py", b"\0\0")]);
    assert_ne!(verdict("tool-1.0.tar.gz", &bytes), "nothing");
    let bytes = zip_archive(&[("tool-1.0.dist-info/RECORD", &b"\0,\"\"\"\n,,,\n"[..]), ("tool.py", b"x = 1\n")]);
    assert_ne!(verdict("tool-1.0-py3-none-any.whl", &bytes), "clean");
}
