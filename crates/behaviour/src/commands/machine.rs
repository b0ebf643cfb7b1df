//! Programs that act on the machine as a whole, or tell what is secret on it.

use vetch_model::capability::{CapabilityId, Resource};

use super::Runner;
use crate::value::{Taint, Value};

impl Runner<'_, '_> {
    /// Programs that act on the machine as a whole, and what is secret on it.
    pub(super) fn of_the_system(
        &mut self,
        program: &str,
        path: &str,
        args: &[String],
        taint: Taint,
        piped: Taint,
    ) -> Taint {
        match program {
            "crontab" | "launchctl" | "systemctl" | "schtasks" | "reg" | "at" | "defaults" => {
                self.persistence(program, args);
                Taint::NONE
            }
            "pbcopy" | "clip" | "wl-copy" | "set-clipboard" => self.put_on_clipboard(args),
            "xclip" | "xsel" if !args.iter().any(|arg| matches!(arg.as_str(), "-o" | "-out" | "--output")) => {
                self.put_on_clipboard(args)
            }
            "shutdown" | "reboot" | "poweroff" | "halt" | "stop-computer" | "restart-computer" => {
                let target = Resource::Named("the system".to_owned());
                self.interp.effect(CapabilityId::ProcessKill, target, "shuts the machine down");
                Taint::NONE
            }
            "pbpaste" | "xclip" | "xsel" | "wl-paste" => {
                self.interp.effect(CapabilityId::InputClipboard, Resource::None, "reads the clipboard");
                Taint::NONE
            }
            "screencapture" | "scrot" | "import" | "gnome-screenshot" => {
                self.interp.effect(CapabilityId::InputScreen, Resource::None, "captures the screen");
                Taint::NONE
            }
            "security" if args.iter().any(|arg| arg.starts_with("find-") || arg.starts_with("dump-")) => {
                self.credentials("the system keychain")
            }
            "git" if args.first().is_some_and(|verb| verb == "clone") => self.clone_repository(&args[1..], taint),
            "git" if args.first().is_some_and(|verb| verb == "rev-parse") => {
                self.interp.printed = place_of_git(args);
                Taint::NONE
            }
            "zenity" | "kdialog" if args.iter().any(|arg| arg.contains("password")) => {
                self.interp.given_source("password that it asks for".to_owned())
            }
            "git" if args.first().is_some_and(|verb| verb == "credential") => self.credentials("git credential"),
            "gh" | "gcloud" | "aws" if is_token_request(args) => {
                self.credentials(&format!("{program} {}", args.join(" ")))
            }
            "twine" if args.iter().any(|arg| arg == "upload") => self.publish("pypi"),
            "poetry" | "flit" | "hatch" | "uv" | "pdm" | "maturin"
                if args.iter().any(|arg| matches!(arg.as_str(), "publish" | "upload")) =>
            {
                self.publish("pypi")
            }
            "docker" | "podman" | "kubectl" => piped,
            _ => self.other(program, path, args, taint),
        }
    }

    pub(super) fn persistence(&mut self, program: &str, args: &[String]) {
        let line = args.join(" ").to_lowercase();
        let mechanism = match program {
            "crontab" if !line.starts_with("-l") => "cron",
            "launchctl" if line.contains("load") || line.contains("bootstrap") || line.contains("submit") => {
                "launch agent"
            }
            "systemctl" if line.contains("enable") => "systemd unit",
            "schtasks" if line.contains("create") => "scheduled task",
            "reg" if line.starts_with("add") && line.contains("run") => "registry run key",
            "at" if !line.is_empty() => "scheduled job",
            "defaults" if line.contains("loginhook") => "login hook",
            _ => return,
        };
        self.interp.effect(
            CapabilityId::Persist,
            Resource::Named(mechanism.to_owned()),
            format!("makes a {mechanism}"),
        );
    }

    pub(super) fn credentials(&mut self, of: &str) -> Taint {
        let effect = self.interp.effect(
            CapabilityId::FsRead,
            Resource::Path { class: vetch_model::PathClass::Credentials, path: Some(of.to_owned()) },
            "asks for stored credentials",
        );
        self.interp.source(effect)
    }

    pub(super) fn put_on_clipboard(&mut self, args: &[String]) -> Taint {
        let put = args.last().map_or(Value::UNKNOWN, Value::str);
        crate::apis::host::clipboard_written(self.interp, &put);
        Taint::NONE
    }

    pub(super) fn system_info(&mut self, item: &str) -> Taint {
        let effect =
            self.interp.effect(CapabilityId::SystemInfo, Resource::Named(item.to_owned()), "asks about the system");
        self.interp.source(effect)
    }

    pub(super) fn environment(&mut self) -> Taint {
        let effect = self.interp.effect(CapabilityId::EnvEnumerate, Resource::None, "prints all environment variables");
        self.interp.source(effect)
    }

    /// `config.sh --url … --token …`, as the runners of a CI service are set up.
    pub(super) fn runner_registration(&mut self, program: &str, args: &[String]) {
        let given = |wanted: &&str| args.iter().any(|arg| arg == wanted);
        if matches!(program, "config.sh" | "config") && ["--url", "--token"].iter().all(given) {
            let runner = Resource::Named("self-hosted CI runner".to_owned());
            self.interp.effect(CapabilityId::Persist, runner, "registers the machine as a runner of somebody's jobs");
        }
    }
}

/// Where git keeps what, of the project that a command runs in: `git rev-parse --git-path hooks`.
fn place_of_git(args: &[String]) -> Option<&'static str> {
    let is_asked = |wanted: &str| args.iter().any(|arg| arg == wanted);
    match () {
        () if is_asked("--show-toplevel") => Some("<project>"),
        () if is_asked("--git-path") && is_asked("hooks") => Some("<project>/.git/hooks"),
        () if is_asked("--git-path") => None,
        () if ["--git-dir", "--absolute-git-dir", "--git-common-dir"].into_iter().any(is_asked) => {
            Some("<project>/.git")
        }
        () => None,
    }
}

fn is_token_request(args: &[String]) -> bool {
    let line = args.join(" ");
    ["auth token", "auth print", "sts get", "secretsmanager", "configure get", "auth status"]
        .iter()
        .any(|verb| line.contains(verb))
}
