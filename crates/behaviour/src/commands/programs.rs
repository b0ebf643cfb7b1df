//! What well-known programs do with their arguments.

use vetch_model::capability::{CapabilityId, Resource};

use super::Runner;
use super::embedded::{lines_of_vbscript, shell_lines_of_applescript};
use super::mining::mines;
use super::powershell::addresses;
use crate::paths;
use crate::value::{HOLE, Taint, Value};

/// Local AI command-line tools.
const AGENTS: &[&str] =
    &["claude", "gemini", "codex", "cursor-agent", "aider", "opencode", "goose", "copilot", "amp", "qwen", "crush"];

impl Runner<'_, '_> {
    /// Effects of `program args`; `piped` is what its standard input carries. Gives the taint of its output.
    pub(super) fn program(&mut self, program: &str, path: &str, args: &[String], taint: Taint, piped: Taint) -> Taint {
        self.runner_registration(program, args);
        self.switches_off(program, args);
        match program {
            "sh" | "bash" | "zsh" | "dash" | "ksh" | "ash" | "fish" | "cmd" => self.nested_shell(program, args, taint),
            "powershell" | "pwsh" => self.powershell(args, taint),
            "invoke-webrequest" | "iwr" | "irm" | "invoke-restmethod" | "curl" | "wget" | "aria2c" | "fetch"
            | "http" | "lwp-download" => self.download(args, taint.or(piped)),
            "bitsadmin" | "certutil" => self.download_to_last(args, taint.or(piped)),
            "node" | "nodejs" | "bun" | "deno" | "tsx" | "ts-node" | "esno" | "babel-node" => self.node(args, taint),
            "npm" | "yarn" | "pnpm" | "lerna" | "pip" | "pip3" | "easy_install" if names_source(args) => {
                self.remote_scriptlet(args, taint)
            }
            "npm" | "yarn" | "pnpm" | "lerna" => self.package_manager(program, args),
            "code" | "codium" | "cursor" | "windsurf" if args.iter().any(|arg| arg == "--install-extension") => {
                let order = Resource::Named("editor extension".to_owned());
                self.interp.effect(CapabilityId::Persist, order, "installs an extension into the editor");
                Taint::NONE
            }
            "mshta" | "rundll32" | "regsvr32" | "msiexec" | "wmic" if args.iter().any(|arg| arg.contains("://")) => {
                self.remote_scriptlet(args, taint)
            }
            "python" | "python2" | "python3" | "py" | "pythonw" => self.python(args, taint),
            "perl" | "ruby" | "php" | "osascript" | "mshta" | "wscript" | "cscript" | "rundll32" | "regsvr32" => {
                self.foreign_program(program, args, taint)
            }
            "rm" | "del" | "rmdir" | "rd" | "rimraf" | "shred" | "unlink" | "erase" => self.remove(args),
            "cat" | "type" | "head" | "tail" | "less" | "more" | "strings" => self.read_files(args).or(piped),
            "tar" | "zip" | "7z" | "7za" | "rar" | "unzip" | "expand-archive" => self.pack(program, args, piped),
            "base64" | "openssl" | "xxd" | "gunzip" | "rev" | "tr" => self.decode(args, piped),
            "echo" | "printf" => taint,
            // Run when its name is typed, which stands for another program.
            "alias" => args.iter().fold(Taint::NONE, |output, arg| match arg.split_once('=') {
                Some((_, line)) => output.or(self.line(line, taint)),
                None => output,
            }),
            "env" | "printenv" | "set" | "export" if args.is_empty() => self.environment(),
            "whoami" | "hostname" | "uname" | "id" | "ifconfig" | "ipconfig" | "systeminfo" | "ip" | "arp"
            | "netstat" | "dscl" | "sw_vers" | "system_profiler" | "ioreg" | "wmic" | "net" => {
                self.system_info(program)
            }
            "kill" | "pkill" | "killall" | "taskkill" => {
                let target = args.last().map_or(Resource::Any, |target| Resource::Named(target.replace(HOLE, "*")));
                self.interp.effect(CapabilityId::ProcessKill, target, "ends processes");
                Taint::NONE
            }
            "nc" | "ncat" | "netcat" | "socat" | "telnet" => self.netcat(args, taint.or(piped)),
            "ssh" | "scp" | "sftp" | "rsync" | "nmap" | "masscan" => self.remote(program, args, taint.or(piped)),
            "netsh" if args.iter().any(|arg| arg.eq_ignore_ascii_case("key=clear")) => {
                self.credentials("keys of wireless networks")
            }
            "cmdkey" | "vaultcmd" if args.iter().any(|arg| arg.to_ascii_lowercase().starts_with("/list")) => {
                self.credentials("the Windows vault")
            }
            "nslookup" | "dig" | "host" | "ping" => {
                let name = args.iter().rfind(|arg| arg.contains('.'));
                let resource = name.map_or(Resource::Any, |name| Resource::Named(name.replace(HOLE, "*")));
                let effect = self.interp.effect(CapabilityId::NetDns, resource, "looks a name up");
                self.interp.flow(taint, effect);
                Taint::NONE
            }
            _ => self.of_the_system(program, path, args, taint, piped),
        }
    }

    pub(super) fn other(&mut self, program: &str, path: &str, args: &[String], taint: Taint) -> Taint {
        if AGENTS.contains(&program) || (program == "q" && args.iter().any(|arg| arg == "chat")) {
            let effect = self.interp.effect(
                CapabilityId::AgentDrive,
                Resource::Named(program.to_owned()),
                "drives a local AI tool",
            );
            self.interp.flow(taint, effect);
        }
        if mines(program, args) {
            self.interp.effect(CapabilityId::CryptoMine, Resource::None, "mines cryptocurrency");
        }
        // A script or program of the package itself.
        if [".sh", ".bat", ".cmd"].iter().any(|end| path.to_ascii_lowercase().ends_with(end)) {
            self.script_file(path, taint);
        } else if path.contains('/') || path.ends_with(".js") {
            self.interp.run_program_file(path);
        }
        Taint::NONE
    }

    fn nested_shell(&mut self, program: &str, args: &[String], taint: Taint) -> Taint {
        let is_command = |arg: &String| match program {
            "cmd" => arg.eq_ignore_ascii_case("/c") || arg.eq_ignore_ascii_case("/k"),
            _ => arg.starts_with('-') && !arg.starts_with("--") && arg.ends_with('c'),
        };
        match args.iter().position(is_command) {
            Some(at) if program == "cmd" => self.line(&args[at + 1..].join(" "), taint),
            Some(at) => args.get(at + 1).map_or(Taint::NONE, |line| self.line(line, taint)),
            None => {
                if let Some(file) = args.iter().find(|arg| !arg.starts_with('-')) {
                    self.script_file(file, taint);
                }
                Taint::NONE
            }
        }
    }

    /// A shell script: of the package, or written before.
    fn script_file(&mut self, file: &str, taint: Taint) {
        let path = self.interp.package_path(file);
        if let Some(written) = self.interp.written_file(&path) {
            if let Some(spawn) = self.interp.last_spawn {
                self.interp.flow(written.taint.or(taint), spawn);
            }
            if let Some(text) = written.as_str() {
                self.lines(&text.clone(), written.taint);
            }
            return;
        }
        let Some(own) = path.strip_prefix("<package>/") else { return };
        match self.interp.package.contents(own).map(|bytes| String::from_utf8_lossy(bytes).into_owned()) {
            Some(text) => self.own_lines(own, &text),
            None => self.interp.note_wanted(own),
        }
    }

    /// A script of several lines.
    pub(super) fn lines(&mut self, text: &str, taint: Taint) {
        const MAX_SCRIPT: usize = 256 << 10;
        let end = (0..=text.len().min(MAX_SCRIPT)).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        if end < text.len() {
            self.interp.fuel.exhausted.get_or_insert("runs a script longer than the analysis reads");
        }
        self.line(&text[..end], taint);
    }

    fn download(&mut self, args: &[String], sent: Taint) -> Taint {
        let mut received = Taint::NONE;
        let mut output = None;
        for (at, arg) in args.iter().enumerate() {
            if matches!(arg.as_str(), "-o" | "--output" | "-O" | "--output-document" | "-OutFile" | "-outfile") {
                output =
                    args.get(at + 1).filter(|next| !next.starts_with('-') && !next.contains("://")).cloned().or(output);
            }
            let is_upload = matches!(arg.as_str(), "-T" | "--upload-file" | "--post-file" | "-InFile");
            let uploaded = args.get(at + 1).filter(|_| is_upload).map(String::as_str);
            if let Some(file) =
                uploaded.or_else(|| arg.strip_prefix('@')).or_else(|| arg.split_once("=@").map(|(_, file)| file))
            {
                let effect =
                    self.interp.effect(CapabilityId::FsRead, paths::resource(Some(file)), "reads a file to send it");
                let source = self.interp.source(effect);
                received = received.or(source);
            }
        }
        let uploads = received;
        let urls = addresses_among(args);
        for url in &urls {
            let effect = self.connect(url, sent.or(uploads));
            received = received.or(self.interp.source(effect));
        }
        if urls.is_empty() && args.iter().any(|arg| arg.contains(HOLE)) {
            let effect = self.connect("//*", sent.or(uploads));
            received = received.or(self.interp.source(effect));
        }
        if let Some(output) = output {
            self.interp.write_effects(&Value::str(output), &Value::unknown(received));
        }
        received
    }

    /// `certutil -urlcache -f URL FILE`, `bitsadmin /transfer JOB URL FILE`
    /// `git clone URL [FOLDER]`: what lies in the folder from then on came from there.
    pub(super) fn clone_repository(&mut self, args: &[String], sent: Taint) -> Taint {
        let mut named = args.iter().filter(|arg| !arg.starts_with('-'));
        let Some(url) = named.find(|arg| arg.contains(':') || arg.contains(HOLE)) else { return Taint::NONE };
        let folder = named.next().cloned().unwrap_or_else(|| {
            let name = url.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            name.trim_end_matches(".git").to_owned()
        });
        let effect = self.connect(url, sent);
        let received = self.interp.source(effect);
        let contents = Value::unknown(received);
        self.interp.write_effects(&Value::str(&*folder), &contents);
        let folder = self.interp.package_path(&folder);
        self.interp.fetched_folders.insert(folder, contents);
        received
    }

    fn download_to_last(&mut self, args: &[String], sent: Taint) -> Taint {
        let received = self.download(args, sent);
        if let Some(file) = args.last().filter(|file| !file.contains("://") && !file.starts_with(['-', '/'])) {
            self.interp.write_effects(&Value::str(file), &Value::unknown(received));
        }
        received
    }

    /// A package is published to a registry.
    pub(super) fn publish(&mut self, registry: &str) -> Taint {
        let registry = Resource::Named(registry.to_owned());
        self.interp.effect(CapabilityId::RegistryPublish, registry, "publishes a package");
        Taint::NONE
    }

    fn package_manager(&mut self, program: &str, args: &[String]) -> Taint {
        let verb = args.iter().find(|arg| !arg.starts_with('-')).map(String::as_str).unwrap_or_default();
        let rest: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).skip(1).collect();
        match verb {
            "publish" => return self.publish("npm"),
            "run" | "run-script" | "rum" | "exec" => {
                if let Some(name) = rest.first() {
                    self.interp.run_manifest_script(name);
                }
            }
            "start" | "test" | "stop" | "restart" if program == "npm" => self.interp.run_manifest_script(verb),
            "token" | "whoami" | "access" | "owner" => {
                self.interp.effect(
                    CapabilityId::FsRead,
                    paths::resource(Some("<home>/.npmrc")),
                    "asks for the registry account",
                );
            }
            _ if program != "npm" && !verb.is_empty() => self.interp.run_manifest_script(verb),
            _ => {}
        }
        Taint::NONE
    }

    fn foreign_program(&mut self, program: &str, args: &[String], taint: Taint) -> Taint {
        let mut output = Taint::NONE;
        if matches!(program, "rundll32" | "regsvr32") {
            self.library(args);
        }
        for arg in args {
            let inline = arg.contains([' ', '\n', ';', '(']) || arg.contains("://");
            if inline {
                output = output.or(self.foreign(arg, taint));
                for quoted in shell_lines_of_applescript(arg) {
                    output = output.or(self.line(quoted, taint));
                }
            } else if !arg.starts_with('-') {
                // `rundll32 file,entry`
                let path = self.interp.package_path(arg.split(',').next().unwrap_or(arg));
                if let (Some(written), Some(spawn)) = (self.interp.written_file(&path), self.interp.last_spawn) {
                    self.interp.flow(written.taint, spawn);
                    for text in written.alternatives().iter().filter_map(Value::as_str) {
                        output = output.or(self.foreign(text, written.taint));
                        for line in lines_of_vbscript(text) {
                            output = output.or(self.line(&line, written.taint));
                        }
                    }
                }
            }
        }
        output
    }

    /// `rundll32 folder/file,Entry`: native code that is not the system's.
    fn library(&mut self, args: &[String]) {
        let of_folder = |arg: &&str| arg.contains(['/', '\\']) && !arg.starts_with('/') && !arg.contains("://");
        let files = args.iter().map(|arg| arg.split(',').next().unwrap_or(arg)).filter(of_folder);
        for file in files.filter(|file| !file.to_ascii_lowercase().contains("system32")) {
            let library = Resource::Named(format!("rundll32 {}", file.replace(HOLE, "*")));
            self.interp.effect(CapabilityId::CodeNative, library, "has the system run code out of a file");
        }
    }

    /// System programs that fetch what an address names and run it at once (`mshta http://…`, `msiexec /i http://…`).
    fn remote_scriptlet(&mut self, args: &[String], taint: Taint) -> Taint {
        let mut received = taint;
        for url in args.iter().flat_map(|arg| addresses(arg)) {
            // `/i:http://…`, `script:http://…`
            let start = url.rfind(":http").map_or(0, |at| at + 1);
            let effect = self.connect(&url[start..], taint);
            received = received.or(self.interp.source(effect));
        }
        if let Some(spawn) = self.interp.last_spawn {
            self.interp.flow(received, spawn);
        }
        received
    }

    fn remove(&mut self, args: &[String]) -> Taint {
        let recursive = args.iter().any(|arg| {
            (arg.starts_with('-') && arg.to_lowercase().contains('r'))
                || matches!(arg.to_lowercase().as_str(), "/s" | "--recursive")
        });
        for path in args.iter().filter(|arg| !(arg.starts_with('-') || arg.starts_with('/') && arg.len() == 2)) {
            let path = self.interp.package_path(path);
            // All of a folder with all below it is the folder.
            let whole = path.strip_suffix('*').filter(|_| recursive).map(|path| path.trim_end_matches(['/', '\\']));
            let here = if path == "*" { "<project>" } else { path.as_str() };
            self.interp.delete_effect(Some(whole.filter(|path| !path.is_empty()).unwrap_or(here)), recursive);
        }
        Taint::NONE
    }

    fn read_files(&mut self, args: &[String]) -> Taint {
        let mut taint = Taint::NONE;
        for path in args.iter().filter(|arg| !arg.starts_with('-') && arg.contains(['/', '.', '\\'])) {
            let effect = self.interp.effect(CapabilityId::FsRead, paths::resource(Some(path)), "reads a file");
            taint = taint.or(self.interp.source(effect));
        }
        taint
    }

    /// Files put into an archive, which carries what they hold; one that is unpacked is only read.
    fn pack(&mut self, program: &str, args: &[String], piped: Taint) -> Taint {
        let makes = |arg: &String| match program {
            "tar" => arg.trim_start_matches('-').starts_with('c') || arg == "--create",
            "zip" => true,
            _ => arg == "a",
        };
        if !args.iter().any(makes) {
            let archives = args.iter().filter_map(|arg| self.interp.written_file(arg));
            self.unpacked = archives.fold(self.unpacked.or(piped), |taint, archive| taint.or(archive.taint));
            return self.read_files(args);
        }
        let is_archive = |arg: &String| {
            let name = arg.to_lowercase();
            [".zip", ".tar", ".gz", ".tgz", ".xz", ".bz2", ".7z", ".rar"].iter().any(|end| name.ends_with(end))
        };
        let inputs: Vec<String> = args.iter().filter(|arg| !is_archive(arg)).cloned().collect();
        let packed = self.read_files(&inputs);
        if let Some(archive) = args.iter().find(|arg| is_archive(arg)) {
            self.interp.write_effects(&Value::str(archive), &Value::unknown(packed));
        }
        packed
    }

    fn decode(&mut self, args: &[String], piped: Taint) -> Taint {
        let decodes = args.iter().any(|arg| matches!(arg.as_str(), "-d" | "-D" | "--decode" | "-r" | "enc"));
        if decodes { piped.or(Taint::DECODED) } else { piped }
    }

    fn netcat(&mut self, args: &[String], sent: Taint) -> Taint {
        let host = args.iter().find(|arg| !arg.starts_with('-') && arg.contains('.'));
        let port = args.iter().rfind(|arg| arg.bytes().all(|b| b.is_ascii_digit()) && !arg.is_empty());
        let url = match (host, port) {
            (Some(host), Some(port)) => format!("//{host}:{port}"),
            (Some(host), None) => format!("//{host}"),
            _ => "//*".to_owned(),
        };
        let effect = self.connect(&url, sent);
        if args.iter().any(|arg| arg == "-e" || arg == "-c" || arg.to_lowercase().starts_with("exec:")) {
            self.reverse_shell(effect);
        }
        self.interp.source(effect)
    }

    fn remote(&mut self, program: &str, args: &[String], sent: Taint) -> Taint {
        let target =
            args.iter().find(|arg| arg.contains('@') || arg.contains('.')).cloned().unwrap_or_else(|| "*".to_owned());
        self.interp.effect(CapabilityId::HostProbe, Resource::Named(program.to_owned()), "reaches other hosts");
        let host = target.split([':', '/']).next().unwrap_or("*").to_owned();
        let effect = self.connect(&format!("//{host}"), sent);
        self.interp.source(effect)
    }
}

/// `pip install --index-url URL`, `npm install URL`: packages of a source that the command names.
fn names_source(args: &[String]) -> bool {
    args.iter().any(|arg| matches!(arg.as_str(), "install" | "i" | "add")) && args.iter().any(|arg| arg.contains("://"))
}

/// Arguments that are addresses, values of options (`-d`, `-H`, `-A` …) left out.
fn addresses_among(args: &[String]) -> Vec<&String> {
    const WITH_VALUE: &[&str] = &[
        "-d",
        "--data",
        "--data-raw",
        "--data-binary",
        "--data-urlencode",
        "-F",
        "--form",
        "-H",
        "--header",
        "-A",
        "--user-agent",
        "-e",
        "--referer",
        "-o",
        "--output",
        "-O",
        "--output-document",
        "-u",
        "--user",
        "-b",
        "--cookie",
        "-T",
        "--post-data",
        "--post-file",
        "--body-data",
        "-Body",
        "-Headers",
        "-UserAgent",
        "-OutFile",
        "-Method",
        "-X",
        "--request",
        "--connect-timeout",
        "-m",
        "--max-time",
    ];
    let mut found = Vec::new();
    let mut is_value = false;
    for (at, arg) in args.iter().enumerate() {
        // `-O` takes a value in wget and none in curl: an address is one either way.
        let named = at > 0 && args[at - 1] == "-O" && arg.contains("://");
        if (!is_value || named) && looks_like_address(arg) {
            found.push(arg);
        }
        is_value = WITH_VALUE.contains(&arg.as_str());
    }
    found
}

/// A URL, or a bare `host/path` as curl takes it.
fn looks_like_address(arg: &str) -> bool {
    if arg.contains("://") {
        return !addresses(arg).is_empty() || arg.contains(HOLE);
    }
    let host = arg.split('/').next().unwrap_or_default();
    !arg.starts_with('-') && arg.contains('/') && host.contains('.') && !host.starts_with('.') && !host.starts_with('<')
}
