//! Runs the real binary in an environment that holds nothing of the machine's.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A run that takes longer has hung.
const LIMIT: Duration = Duration::from_secs(300);

/// A command that runs the binary.
pub struct Vetch {
    program: PathBuf,
    arguments: Vec<OsString>,
    variables: BTreeMap<OsString, OsString>,
    folder: Option<PathBuf>,
    home: PathBuf,
    input: Vec<u8>,
    /// Keeps a home of its own alive.
    _scratch: TempDir,
}

impl Vetch {
    /// Takes `env!("CARGO_BIN_EXE_vetch")`, which only the crate of the binary has.
    pub fn new(program: impl Into<PathBuf>) -> Vetch {
        let scratch = tempfile::tempdir().expect("a temporary folder");
        let home = scratch.path().join("home");
        std::fs::create_dir(&home).expect("a home folder");
        Vetch {
            program: program.into(),
            arguments: Vec::new(),
            variables: BTreeMap::new(),
            folder: None,
            home,
            input: Vec::new(),
            _scratch: scratch,
        }
    }

    /// Uses this home folder, e.g. [`crate::Project::home`], instead of an empty one.
    #[must_use]
    pub fn home(mut self, home: impl Into<PathBuf>) -> Vetch {
        self.home = home.into();
        self
    }

    /// Runs in this folder, else in the empty home.
    #[must_use]
    pub fn dir(mut self, folder: impl Into<PathBuf>) -> Vetch {
        self.folder = Some(folder.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Vetch {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, key: impl Into<OsString>, value: impl Into<OsString>) -> Vetch {
        self.variables.insert(key.into(), value.into());
        self
    }

    /// Gives it this on standard input.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Vetch {
        self.input = bytes.into();
        self
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env_clear().env("HOME", &self.home).env("USERPROFILE", &self.home);
        command.env("XDG_CACHE_HOME", self.home.join(".cache")).env("XDG_CONFIG_HOME", self.home.join(".config"));
        command.env("PATH", "/usr/bin:/bin").env("NO_COLOR", "1").env("LC_ALL", "C").env("TZ", "UTC");
        if let Some(root) = std::env::var_os("SystemRoot") {
            command.env("SystemRoot", root);
        }
        command.envs(&self.variables).args(&self.arguments);
        command.current_dir(self.folder.as_deref().unwrap_or(&self.home));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it to the end. A run that hangs is killed and fails the test.
    pub fn run(&self) -> Run {
        let mut child = self.command().spawn().unwrap_or_else(|error| panic!("{}: {error}", self.program.display()));
        let stdout = drain(child.stdout.take());
        let stderr = drain(child.stderr.take());
        if let Some(mut stdin) = child.stdin.take() {
            // A program that does not read its input may close it; that is no failure.
            std::io::Write::write_all(&mut stdin, &self.input).ok();
        }
        let status = wait(&mut child);
        let text =
            |thread: JoinHandle<Vec<u8>>| String::from_utf8(thread.join().expect("reader")).expect("UTF-8 output");
        let (stdout, stderr) = (text(stdout), text(stderr));
        let Some(status) = status else { panic!("vetch hung\n--- stdout\n{stdout}\n--- stderr\n{stderr}") };
        Run { status, stdout, stderr }
    }
}

fn drain(stream: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            stream.read_to_end(&mut bytes).ok();
        }
        bytes
    })
}

/// The exit code (-1 after a signal), or `None` if it had to be killed.
fn wait(child: &mut Child) -> Option<i32> {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(status) = child.try_wait().expect("a child to wait for") {
            return Some(status.code().unwrap_or(-1));
        }
        if Instant::now() > deadline {
            child.kill().ok();
            child.wait().ok();
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What a run gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Exit status; -1 after a signal.
    pub status: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Run {
    /// Standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!("no JSON: {error}\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr)
        })
    }

    /// Fails the test unless it ended with this status.
    #[track_caller]
    pub fn expect(self, status: i32) -> Run {
        assert_eq!(self.status, status, "exit status\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    /// The release of the report with this purl.
    #[track_caller]
    pub fn release(&self, purl: &str) -> Value {
        let report = self.json();
        let mut releases = report["releases"].as_array().into_iter().flatten();
        let found = releases.find(|release| release["purl"] == purl).cloned();
        found.unwrap_or_else(|| panic!("no release {purl} in\n{}", self.stdout))
    }

    /// Whether either stream mentions this.
    pub fn mentions(&self, text: &str) -> bool {
        self.stdout.contains(text) || self.stderr.contains(text)
    }

    /// Fails the test if either stream mentions this (a secret, a machine path).
    #[track_caller]
    pub fn never_mentions(&self, text: &str) {
        assert!(!self.mentions(text), "`{text}` leaked\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_clean() {
        let run = Vetch::new("/bin/sh").args(["-c", "env | cut -d= -f1 | sort | tr '\\n' ' '; exit 3"]).run().expect(3);
        for word in run.stdout.split_whitespace() {
            let known = ["HOME", "LC_ALL", "NO_COLOR", "PATH", "PWD", "OLDPWD", "SHLVL", "TZ", "USERPROFILE", "_"];
            assert!(known.contains(&word) || word.starts_with("XDG_"), "{word}");
        }
    }

    #[test]
    fn input_and_both_outputs_are_carried() {
        let run = Vetch::new("/bin/sh").args(["-c", "cat; echo problem >&2"]).stdin("[1]").run().expect(0);
        assert_eq!(run.json()[0], 1);
        assert_eq!(run.stderr, "problem\n");
        run.never_mentions("secret");
    }
}
