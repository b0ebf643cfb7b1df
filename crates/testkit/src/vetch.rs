//! Runs the real binary in an environment that holds nothing of the machine's.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use serde_json::Value;
use tempfile::TempDir;

use crate::running::Running;

/// A command that runs the binary.
pub struct Vetch {
    program: PathBuf,
    arguments: Vec<OsString>,
    variables: BTreeMap<OsString, OsString>,
    folder: Option<PathBuf>,
    home: PathBuf,
    input: Vec<u8>,
    /// A program that runs the binary, with its arguments.
    wrapper: Vec<OsString>,
    unprivileged: bool,
    /// Keeps a home of its own alive.
    scratch: Arc<TempDir>,
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
            wrapper: Vec::new(),
            unprivileged: false,
            scratch: Arc::new(scratch),
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

    /// Runs it by another program, which gets the binary and its arguments after its own.
    #[must_use]
    pub fn through<A: Into<OsString>>(mut self, wrapper: impl IntoIterator<Item = A>) -> Vetch {
        self.wrapper = wrapper.into_iter().map(Into::into).collect();
        self
    }

    /// No file that it writes may be larger, which to the program is much like a full disk.
    #[cfg(unix)]
    #[must_use]
    pub fn file_limit(self, kilobytes: u32) -> Vetch {
        // `ulimit -f` counts in blocks of 512 bytes; without the trap, a signal would kill the program.
        let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", kilobytes * 2);
        self.through(["/bin/sh", "-c", &script])
    }

    /// Takes the superuser's rights away, if the tests have them: the superuser may read and write everything.
    /// The files that it needs have to be handed over: [`crate::Project::hand_over`].
    #[cfg(unix)]
    #[must_use]
    pub fn unprivileged(mut self) -> Vetch {
        self.unprivileged = true;
        self
    }

    #[cfg(unix)]
    fn loses_rights(&self) -> bool {
        self.unprivileged && crate::running::is_superuser()
    }

    /// The binary, at a place that its user can reach.
    fn program(&self) -> PathBuf {
        #[cfg(unix)]
        if self.loses_rights() {
            use std::fs;
            use std::os::unix::fs::PermissionsExt;
            let here = self.scratch.path().join("vetch");
            fs::set_permissions(self.scratch.path(), fs::Permissions::from_mode(0o755)).expect("our own folder");
            if !here.exists() && fs::hard_link(&self.program, &here).is_err() {
                fs::copy(&self.program, &here).expect("a copy of the binary");
            }
            return here;
        }
        self.program.clone()
    }

    fn command(&self) -> Command {
        let program = self.program();
        let mut words = self.wrapper.iter().map(OsString::as_os_str).chain([program.as_os_str()]);
        let mut command = Command::new(words.next().expect("at least the program"));
        command.args(words).args(&self.arguments);
        command.env_clear().env("HOME", &self.home).env("USERPROFILE", &self.home);
        command.env("XDG_CACHE_HOME", self.home.join(".cache")).env("XDG_CONFIG_HOME", self.home.join(".config"));
        command.env("PATH", "/usr/bin:/bin").env("NO_COLOR", "1").env("LC_ALL", "C").env("TZ", "UTC");
        if let Some(root) = std::env::var_os("SystemRoot") {
            command.env("SystemRoot", root);
        }
        command.envs(&self.variables);
        command.current_dir(self.folder.as_deref().unwrap_or(&self.home));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        if self.loses_rights() {
            use std::os::unix::process::CommandExt;
            command.uid(crate::running::NOBODY).gid(crate::running::NOBODY);
        }
        command
    }

    /// Starts it.
    pub fn start(&self) -> Running {
        let mut child = self.command().spawn().unwrap_or_else(|error| panic!("{}: {error}", self.program.display()));
        if let Some(mut stdin) = child.stdin.take() {
            let input = self.input.clone();
            // A program that does not read its input may close it; that is no failure.
            std::thread::spawn(move || std::io::Write::write_all(&mut stdin, &input).ok());
        }
        Running::new(child, Arc::clone(&self.scratch))
    }

    /// Runs it to the end. A run that hangs is killed and fails the test.
    pub fn run(&self) -> Run {
        self.start().end()
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
