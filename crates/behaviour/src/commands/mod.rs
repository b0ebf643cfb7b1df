//! Command lines: what the programs they start do.

mod batch;
mod embedded;
mod interpreters;
mod machine;
mod mining;
mod own_script;
mod powershell;
mod programs;
mod protection;
mod variables;

use rustc_hash::FxHashMap;
use vetch_model::capability::{Attributes, CapabilityId, EvalSource, Resource};
use vetch_syntax::shell::{self, Command, Joint, Part, RedirectKind, Script, Word};

use self::own_script::OwnScript;
use crate::interp::Interp;
use crate::value::{HOLE, Taint, Value};

/// Deepest nesting of shells within shells.
const MAX_DEPTH: u32 = 6;

/// Programs that run another program given as their arguments.
const WRAPPERS: &[&str] = &[
    "sudo",
    "doas",
    "nohup",
    "setsid",
    "exec",
    "time",
    "env",
    "cross-env",
    "cross-env-shell",
    "command",
    "nice",
    "ionice",
    "stdbuf",
    "xargs",
    "busybox",
    "start",
    "call",
    "builtin",
    "eval",
    "caffeinate",
    "unbuffer",
    "if",
    "then",
    "else",
    "elif",
    "while",
    "until",
    "do",
    "!",
    "dotenv",
    "npx",
    "pnpx",
    "bunx",
    "@powershell",
];

/// Programs that run what they read from standard input.
const INTERPRETERS: &[&str] = &[
    "sh",
    "bash",
    "zsh",
    "dash",
    "ksh",
    "fish",
    "ash",
    "node",
    "nodejs",
    "bun",
    "deno",
    "python",
    "python2",
    "python3",
    "perl",
    "ruby",
    "php",
    "osascript",
    "powershell",
    "pwsh",
    "iex",
    "invoke-expression",
    "cmd",
    "wscript",
    "cscript",
    "mshta",
    "lua",
    "tclsh",
];

/// A shell line handed to a shell. Gives the taint of what it prints.
pub(crate) fn run_line(interp: &mut Interp<'_>, line: &str, attributes: Attributes, taint: Taint) -> Taint {
    Runner::new(interp, attributes, line).line(line, taint)
}

/// A program with its arguments, started without a shell. Gives the taint of what it prints.
pub(crate) fn run_words(
    interp: &mut Interp<'_>,
    program: &str,
    args: &[String],
    attributes: Attributes,
    taint: Taint,
) -> Taint {
    let words: Vec<String> = std::iter::once(program.to_owned()).chain(args.iter().cloned()).collect();
    Runner::new(interp, attributes, &words.join(" ")).words(&words, taint, Taint::NONE)
}

/// What a file does that something else starts later: a shell profile, a hook, a unit, a log-in script.
pub(crate) fn run_planted(interp: &mut Interp<'_>, path: &str, text: &str, taint: Taint) {
    let attributes = Attributes { shell: true, ..Attributes::default() };
    let mut runner = Runner::new(interp, attributes, text);
    let extension = path.rsplit('.').next().unwrap_or_default().to_lowercase();
    match extension.as_str() {
        "js" | "cjs" | "mjs" => {
            runner.interp.evaluate_code(&Value::str(text).tainted(taint));
        }
        "vbs" | "vbe" | "ps1" | "hta" | "plist" => {
            runner.foreign(text, taint);
        }
        "yml" | "yaml" => {
            for line in workflow_lines(text) {
                runner.line(line, taint);
            }
        }
        "service" | "desktop" | "timer" => {
            for line in text.lines().filter_map(|line| line.strip_prefix("Exec")?.split_once('=')) {
                runner.line(line.1, taint);
            }
        }
        _ => {
            runner.line(text, taint);
        }
    }
}

/// The shell lines of a CI workflow: after `run:`, and in the block that `run: |` begins.
fn workflow_lines(text: &str) -> Vec<&str> {
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '-']).len();
    let (mut found, mut block) = (Vec::new(), None);
    for line in text.lines() {
        let said = line.trim_start_matches([' ', '-']);
        match (said.strip_prefix("run:").map(str::trim), block) {
            (Some("|" | ">" | "|-" | ">-"), _) => block = Some(indent(line)),
            (Some(command), _) => {
                found.push(command);
                block = None;
            }
            (None, Some(outer)) if indent(line) > outer => found.push(said),
            (None, _) => block = None,
        }
    }
    found
}

/// Text that a process is fed, by the effect that started it: `spawn("python3", ["-"]).stdin.end("…")`.
pub(crate) fn run_fed(interp: &mut Interp<'_>, spawn: u32, text: &str, taint: Taint) {
    let Some(effect) = interp.effects.list.get(spawn as usize) else { return };
    let Resource::Named(program) = &effect.resource else { return };
    if effect.id != CapabilityId::ProcessSpawn || !INTERPRETERS.contains(&program.as_str()) {
        return;
    }
    let (words, attributes) = (vec![program.clone()], effect.attributes);
    Runner::new(interp, attributes, text).here_document(&words, text, taint);
}

/// Executes command lines on the interpreter's effects.
pub(crate) struct Runner<'a, 'p> {
    pub interp: &'a mut Interp<'p>,
    pub attributes: Attributes,
    depth: u32,
    /// The command as a reader sees it, for notes.
    shown: String,
    /// What went into the archives unpacked so far: programs run from their folders came with them.
    unpacked: Taint,
    /// What was assigned so far.
    variables: FxHashMap<String, (String, Taint)>,
    /// The script of the package that is being run.
    own_script: Option<OwnScript>,
}

impl<'a, 'p> Runner<'a, 'p> {
    /// A runner of `command`, which notes show.
    fn new(interp: &'a mut Interp<'p>, attributes: Attributes, command: &str) -> Self {
        Runner {
            interp,
            attributes,
            depth: 0,
            shown: shown(command),
            unpacked: Taint::NONE,
            variables: FxHashMap::default(),
            own_script: None,
        }
    }
}

impl Runner<'_, '_> {
    /// Runs a line; `taint` is what its text was made from. Gives the taint of its output.
    pub(crate) fn line(&mut self, line: &str, taint: Taint) -> Taint {
        if self.depth >= MAX_DEPTH || !self.interp.burn(16 + line.len() as u64 / 8) {
            self.interp.fuel.exhausted.get_or_insert("nests shells deeper than the analysis follows");
            return taint;
        }
        self.depth += 1;
        let output = match self.inline_script(line, taint) {
            Some(output) => output,
            None if batch::is_batch(line) => self.script(&shell::parse(&batch::expanded(line)), taint, false),
            None => self.script(&shell::parse(line), taint, line.trim_end().ends_with('&')),
        };
        self.depth -= 1;
        output
    }

    /// `rundll32 javascript:…`, `mshta vbscript:…`: the whole line is a script, whatever it would be to a shell.
    fn inline_script(&mut self, line: &str, taint: Taint) -> Option<Taint> {
        let lower = line.trim_start().to_ascii_lowercase();
        let program = base_name(lower.split_whitespace().next()?);
        let is_script = matches!(program.as_str(), "rundll32" | "mshta")
            && ["javascript:", "vbscript:"].iter().any(|scheme| lower.contains(scheme));
        is_script.then(|| self.words(&[program, line.to_owned()], taint, Taint::NONE))
    }

    /// `last_in_background`: the line ends with `&`.
    fn script(&mut self, script: &Script, taint: Taint, last_in_background: bool) -> Taint {
        let commands = &script.commands;
        let mut piped = Taint::NONE;
        let mut output = Taint::NONE;
        for (index, command) in commands.iter().enumerate() {
            if command.joined_by != Joint::Pipe {
                piped = Taint::NONE;
            }
            let in_background = match commands.get(index + 1) {
                Some(next) => next.joined_by == Joint::Background,
                None => last_in_background,
            };
            let attributes = self.attributes;
            self.attributes.detached |= in_background;
            self.attributes.hidden |= silenced(command);
            self.stand_at(command.span);
            piped = self.command(command, taint, piped);
            self.attributes = attributes;
            output = output.or(piped);
        }
        output
    }

    fn command(&mut self, command: &Command, mut taint: Taint, piped: Taint) -> Taint {
        let mut words = Vec::with_capacity(command.words.len());
        for word in &command.words {
            let (text, from) = self.word(word);
            taint = taint.or(from);
            words.push(text);
        }
        for (name, value) in &command.assignments {
            taint = taint.or(self.assign(name, value));
        }
        let output = self.words(&words, taint, piped);
        for redirect in &command.redirects {
            let (target, from) = self.word(&redirect.target);
            match redirect.kind {
                RedirectKind::Here => self.here_document(&words, &target, from),
                kind => self.redirect(kind, &target, output),
            }
        }
        output
    }

    /// Text given to an interpreter in the script itself.
    fn here_document(&mut self, words: &[String], text: &str, taint: Taint) {
        match words.first().map(|program| base_name(program)).as_deref() {
            Some("sh" | "bash" | "zsh" | "dash" | "ksh" | "ash") => {
                self.line(text, taint);
            }
            Some("node" | "nodejs" | "bun" | "deno") => {
                self.interp.evaluate_code(&Value::str(text).tainted(taint));
            }
            Some(program) if INTERPRETERS.contains(&program) => {
                self.foreign(text, taint);
            }
            _ => {}
        }
    }

    fn redirect(&mut self, kind: RedirectKind, target: &str, output: Taint) {
        let writes = matches!(kind, RedirectKind::Write | RedirectKind::Append);
        if let Some(address) = target.strip_prefix("/dev/tcp/").or_else(|| target.strip_prefix("/dev/udp/")) {
            let effect = self.connect(&format!("//{}", address.replacen('/', ":", 1)), Taint::NONE);
            self.reverse_shell(effect);
        } else if writes && !target.starts_with("/dev/") && !is_null(target) {
            let data = Value::unknown(output);
            self.interp.write_effects(&Value::str(target), &data);
        }
    }

    /// A shell whose input and output are a connection.
    pub(crate) fn reverse_shell(&mut self, connection: u32) {
        let taint = self.interp.source(connection);
        if let Some(shell) = self.interp.last_spawn {
            self.interp.flow(taint, shell);
        }
    }

    /// The text of a word and what flowed into it.
    fn word(&mut self, word: &Word) -> (String, Taint) {
        let (mut text, mut taint) = (String::new(), Taint::NONE);
        for part in &word.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Variable(name) => {
                    let (value, from) = self.variable(name);
                    text.push_str(&value);
                    taint = taint.or(from);
                }
                Part::Substitution(script) => {
                    self.depth += 1;
                    if self.depth < MAX_DEPTH {
                        let output = self.script(script, Taint::NONE, false);
                        taint = taint.or(output);
                    }
                    self.depth -= 1;
                    text.push(HOLE);
                }
            }
        }
        if let Some(rest) = text.strip_prefix("~/") {
            text = format!("<home>/{rest}");
        }
        (text, taint)
    }

    /// One program with its arguments. Gives the taint of its output.
    pub(crate) fn words(&mut self, words: &[String], taint: Taint, piped: Taint) -> Taint {
        let words = self.without_wrappers(words);
        let Some((first, args)) = words.split_first() else { return Taint::NONE };
        // The caret escapes in cmd.exe, and hides where it need not.
        let program = base_name(first).replace('^', "");
        let resource = match program.chars().all(|c| c == HOLE) {
            true => Resource::Any,
            false => Resource::Named(program.replace(HOLE, "*").chars().take(64).collect()),
        };
        let attributes = self.attributes;
        let note = match self.shown.trim_start_matches('*').trim() {
            "" => "starts a program whose name is computed".to_owned(),
            line if line == program => format!("starts {line}"),
            line => format!("starts {}: `{line}`", shown(&program)),
        };
        let spawn = self.interp.effect_with(CapabilityId::ProcessSpawn, resource, attributes, note);
        self.interp.last_spawn = Some(spawn);
        self.interp.flow(taint, spawn);
        self.run_written(first, spawn);
        let reads_script =
            INTERPRETERS.contains(&program.as_str()) && !args.iter().any(|arg| !arg.starts_with('-') && arg != "-");
        if reads_script && !piped.is_empty() {
            self.run_piped(piped, spawn);
        }
        // `bash <(curl …)`, `bash -c "$(curl …)"`
        if INTERPRETERS.contains(&program.as_str()) && self.interp.comes_from(taint, CapabilityId::NetConnect) {
            self.run_piped(taint, spawn);
        }
        if matches!(program.as_str(), "export" | "set" | "setx") {
            self.exported(args);
        }
        self.program(&program, first, args, taint, piped)
    }

    /// `export NODE_OPTIONS="--require …"`
    fn exported(&mut self, args: &[String]) {
        let line = args.join(" ");
        let Some((_, options)) = line.split_once("NODE_OPTIONS") else { return };
        for file in preloaded(options.trim_start_matches(['=', ' ', '"'])) {
            self.interp.run_program_file(file);
        }
    }

    /// A program that the code itself wrote before.
    fn run_written(&mut self, path: &str, spawn: u32) {
        if let Some(written) = self.interp.written_file(path) {
            self.interp.flow(written.taint, spawn);
            self.written_script(path, &written);
            if written.taint.is_decoded() && self.interp.is_python_here() {
                let decoded = Resource::Eval(EvalSource::Decoded);
                self.interp.effect(CapabilityId::CodeEval, decoded, "starts a program that it has decoded");
            }
        } else if let Some(unpacked) = self.unpacked_into(path) {
            self.interp.flow(unpacked, spawn);
        } else if path.contains(['/', '\\']) {
            self.interp.flow(self.unpacked, spawn);
        }
    }

    /// What was unpacked into a folder that a path lies in.
    fn unpacked_into(&mut self, path: &str) -> Option<Taint> {
        const MAX_FOLDERS: usize = 4;
        let mut folder = path;
        for _ in 0..MAX_FOLDERS {
            (folder, _) = folder.rsplit_once('/')?;
            if let Some(written) = self.interp.written_file(folder) {
                return Some(written.taint);
            }
        }
        None
    }

    /// An interpreter fed by a pipe.
    fn run_piped(&mut self, piped: Taint, spawn: u32) {
        self.interp.flow(piped, spawn);
        let source = self.interp.eval_source(piped, false);
        if source != EvalSource::Dynamic {
            let eval = self.interp.effect(CapabilityId::CodeEval, Resource::Eval(source), "runs what a pipe feeds it");
            self.interp.flow(piped, eval);
        }
    }

    fn without_wrappers<'w>(&self, words: &'w [String]) -> &'w [String] {
        let mut words = words;
        while let [first, rest @ ..] = words {
            let name = base_name(first);
            let is_assignment = first.split_once('=').is_some_and(|(name, _)| {
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            });
            let wraps = WRAPPERS.contains(&name.as_str()) || is_assignment || (name == "timeout" && rest.len() > 1);
            if !wraps || rest.is_empty() {
                break;
            }
            words = rest;
            // Options of the wrapper, and the title that `start` takes.
            while words.len() > 1
                && (words[0].is_empty()
                    || words[0].starts_with('-')
                    || (words[0].starts_with('/') && words[0].len() == 2))
            {
                words = &words[1..];
            }
            if name == "timeout" && words.len() > 1 {
                words = &words[1..];
            }
        }
        words
    }

    /// Records a connection; gives the effect.
    pub(crate) fn connect(&mut self, url: &str, sent: Taint) -> u32 {
        self.interp.note_url(url);
        let host = crate::apis::urls::host_of(url);
        crate::apis::network::connect_effect(self.interp, host, sent)
    }
}

/// The files that `NODE_OPTIONS` has every Node.js program run first.
pub(crate) fn preloaded(options: &str) -> Vec<&str> {
    const PRELOADS: &[&str] = &["--require", "-r", "--import", "--loader", "--experimental-loader"];
    let words: Vec<&str> = options.split_whitespace().map(|word| word.trim_matches(['"', '\''])).collect();
    let given = words
        .iter()
        .filter_map(|word| word.split_once('=').filter(|(option, _)| PRELOADS.contains(option)).map(|(_, file)| file));
    let following = words.windows(2).filter(|pair| PRELOADS.contains(&pair[0])).map(|pair| pair[1]);
    given.chain(following).collect()
}

/// A command line as notes show it: on one line, cut, `*` for what is not known.
fn shown(line: &str) -> String {
    const LONGEST: usize = 100;
    let flat: String = line.split_whitespace().collect::<Vec<_>>().join(" ").replace(HOLE, "*");
    match flat.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &flat[..end]),
        None => flat,
    }
}

/// Output thrown away: `>/dev/null 2>&1`.
fn silenced(command: &Command) -> bool {
    command.redirects.iter().any(|redirect| {
        matches!(redirect.kind, RedirectKind::Write | RedirectKind::Append | RedirectKind::Duplicate)
            && redirect.descriptor.unwrap_or(1) == 1
            && redirect.target.as_literal().is_some_and(is_null)
    })
}

fn is_null(target: &str) -> bool {
    target == "/dev/null" || target.eq_ignore_ascii_case("nul") || target.eq_ignore_ascii_case("$null")
}

/// `C:\Windows\System32\cmd.exe` → `cmd`
fn base_name(program: &str) -> String {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    let lower = name.to_lowercase();
    for suffix in [".exe", ".cmd", ".bat"] {
        if let Some(bare) = lower.strip_suffix(suffix) {
            return bare.to_owned();
        }
    }
    lower
}
