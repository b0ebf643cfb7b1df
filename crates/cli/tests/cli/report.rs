//! Where a report goes.

use std::fs;
use std::process::{Command, Stdio};

use crate::vetch;

/// A project without dependencies: what is scanned does not matter here.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let lock =
        r#"{"name":"demo","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"demo","version":"1.0.0"}}}"#;
    fs::write(folder.path().join("package-lock.json"), lock).unwrap();
    fs::write(folder.path().join("package.json"), r#"{"name":"demo","version":"1.0.0"}"#).unwrap();
    folder
}

#[test]
fn a_file_gets_the_same_bytes_as_standard_output() {
    let folder = project();
    for format in ["json", "sarif", "markdown", "terminal"] {
        let printed = vetch(&["scan", "--offline", "--format", format]).dir(folder.path()).run().expect(0);
        assert!(!printed.stdout.is_empty());
        let line = ["scan", "--offline", "--format", format, "--output", "report"];
        let written = vetch(&line).dir(folder.path()).run().expect(0);
        assert_eq!((written.stdout.as_str(), written.stderr.as_str()), ("", ""));
        assert_eq!(fs::read_to_string(folder.path().join("report")).unwrap(), printed.stdout, "{format}");
    }
}

#[test]
fn an_impossible_place_is_refused_before_the_scan() {
    let folder = project();
    for place in ["no/such/report.json", "."] {
        let run = vetch(&["scan", "--offline", "--output", place]).dir(folder.path()).run().expect(2);
        assert!(run.stderr.starts_with("error: cannot write") && run.stderr.contains("hint: "), "{}", run.stderr);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_and_not_half_a_report() {
    let folder = project();
    let run =
        vetch(&["scan", "--offline", "--format", "json", "--output", "/dev/full"]).dir(folder.path()).run().expect(2);
    assert!(run.stderr.contains("free some space"), "{}", run.stderr);
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_vetch"));
    let output = command.args(["rules", "list"]).env_clear().stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write to standard output"));
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_gone_is_no_error() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_vetch"));
    let output = command.args(["rules", "list"]).env_clear().stdout(writer).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
