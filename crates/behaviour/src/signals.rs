//! How files look: executables under false names, text that hides from a reader,
//! code that hides from everyone. Bytes and characters only; no parsing.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use vetch_model::Span;
use vetch_model::evidence::{Evidence, Location};
use vetch_model::facts::SignalKind;
use vetch_syntax::ir::Module;
use vetch_syntax::text::{LineIndex, excerpt};

/// A signal whose trigger is not known yet.
#[derive(Debug, Clone)]
pub(crate) struct RawSignal {
    pub kind: SignalKind,
    pub evidence: Evidence,
    pub strength: u8,
}

/// White space that pushes code out of sight, in characters.
const HIDING_RUN: usize = 150;

/// Invisible code points in a row that no honest text has.
const INVISIBLE_RUN: usize = 8;

/// Mangled names from which on a file counts as mangled.
const MANGLED_NAMES: usize = 24;

/// Signals of the first bytes of any file.
pub(crate) fn of_head(path: &str, head: &[u8]) -> Vec<RawSignal> {
    let extension = path.rsplit('/').next().unwrap_or(path).rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase());
    let extension = extension.unwrap_or_default();
    let signal = |kind, note: String, strength| RawSignal {
        kind,
        evidence: Evidence::File { location: Location::file(path), note },
        strength,
    };
    if let Some(format) = executable_format(head) {
        return match is_honest_binary_name(path, &extension, format) {
            true => vec![signal(SignalKind::NativeBinary, format!("{format} executable or library"), 30)],
            false => vec![signal(
                SignalKind::DisguisedExecutable,
                format!("an executable ({format}) named as .{extension}"),
                90,
            )],
        };
    }
    if is_media_name(&extension) && is_script_text(head) {
        return vec![signal(
            SignalKind::DisguisedFile,
            format!("text that looks like code, named as .{extension}"),
            70,
        )];
    }
    Vec::new()
}

/// ELF, PE, Mach-O or WebAssembly, by content.
fn executable_format(head: &[u8]) -> Option<&'static str> {
    match head {
        [0x7f, b'E', b'L', b'F', ..] => Some("ELF"),
        [0, b'a', b's', b'm', ..] => Some("WebAssembly"),
        [0xcf | 0xce, 0xfa, 0xed, 0xfe, ..] | [0xfe, 0xed, 0xfa, 0xcf | 0xce, ..] => Some("Mach-O"),
        // Java class files share this number; there the next word is a version above 44.
        [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, count, ..] if *count < 20 => Some("Mach-O"),
        [b'M', b'Z', ..] => {
            let at = head.get(0x3c..0x40).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]) as usize)?;
            (head.get(at..at.checked_add(4)?) == Some(b"PE\0\0")).then_some("PE")
        }
        _ => None,
    }
}

fn is_honest_binary_name(path: &str, extension: &str, format: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let versioned = name.contains(".so.") || name.contains(".dylib.") || name.contains(".dll.");
    let known = [
        "", "node", "so", "dylib", "dll", "exe", "bin", "com", "o", "a", "lib", "sys", "jnilib", "pyd", "wasm", "elf",
        "efi", "abi3", "mod", "run", "appimage", "out", "scr", "cpl", "ocx", "asi", "ko", "bundle", "dat", "musl",
        "gnu",
    ];
    // `tool-linux-x64`, `tool.linux`, `server-1.2`: platform and version are no file types.
    let platform = ["linux", "darwin", "macos", "win32", "x64", "x86", "arm", "amd64", "aarch64", "freebsd"]
        .iter()
        .any(|p| extension.contains(p));
    let numeric = !extension.is_empty() && extension.bytes().all(|b| b.is_ascii_digit());
    known.contains(&extension) || versioned || platform || numeric || (format == "WebAssembly" && extension == "wasm")
}

/// Whether a path is that of a picture, a font, a sound or an archive.
pub(crate) fn is_media_path(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, extension)| is_media_name(&extension.to_ascii_lowercase()))
}

fn is_media_name(extension: &str) -> bool {
    matches!(
        extension,
        "png"
            | "jpg"
            | "jpeg"
            | "gif"
            | "webp"
            | "ico"
            | "bmp"
            | "woff"
            | "woff2"
            | "ttf"
            | "otf"
            | "eot"
            | "mp3"
            | "mp4"
            | "wav"
            | "ogg"
            | "avi"
            | "webm"
            | "pdf"
            | "zip"
            | "gz"
    )
}

/// Text with the marks of a script.
fn is_script_text(head: &[u8]) -> bool {
    let head = &head[..head.len().min(1024)];
    let text = std::str::from_utf8(head).or_else(|error| std::str::from_utf8(&head[..error.valid_up_to()]));
    let Ok(text) = text else { return false };
    if text.len() < 40
        || text.contains('\0')
        || text.trim_start().starts_with('<')
        || text.starts_with("version https://git-lfs")
    {
        return false;
    }
    [
        "require(",
        "eval(",
        "function(",
        "function ",
        "const ",
        "var ",
        "import ",
        "=>",
        "exec(",
        "execSync(",
        "console.",
        "child_process",
        "process.",
    ]
    .iter()
    .filter(|mark| text.contains(**mark))
    .count()
        >= 2
}

/// Signals of a source text.
pub(crate) fn of_source(path: &str, text: &str) -> Vec<RawSignal> {
    let mut scan = Scan { path, text, lines: None, found: Vec::new() };
    let marks = Marks::of(text);
    scan.mangled_names(&marks);
    scan.escaped_strings(&marks);
    scan.self_defending(&marks);
    scan.hidden_by_whitespace();
    if !text.is_ascii() {
        scan.hidden_characters();
    }
    scan.found
}

/// Names that mix Latin letters with look-alikes of another script: `isАdmin`.
pub(crate) fn of_names(path: &str, text: &str, module: &Module) -> Vec<RawSignal> {
    let confusable = module.symbols.iter().map(|symbol| module.str(symbol.name)).find(|name| mixes_scripts(name));
    let Some((name, at)) = confusable.and_then(|name| text.find(name).map(|at| (name, at))) else { return Vec::new() };
    let mut scan = Scan { path, text, lines: None, found: Vec::new() };
    let note = "a name with letters of another script that look Latin".to_owned();
    scan.report(SignalKind::HomoglyphNames, at, at + name.len(), 60, note);
    scan.found
}

fn mixes_scripts(name: &str) -> bool {
    let latin = name.chars().any(|c| c.is_ascii_alphabetic());
    // Cyrillic and Greek letters that have a Latin double.
    latin && name.chars().any(|c| "АВЕЅІЈКМНОРСТУХаеорсухіјѕԁԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧοα".contains(c))
}

/// What one pass over a text counts.
#[derive(Default)]
struct Marks {
    mangled: usize,
    first_mangled: Option<(usize, usize)>,
    escaped: usize,
    first_escaped: Option<usize>,
    trap: Option<(usize, usize)>,
}

impl Marks {
    fn of(text: &str) -> Marks {
        static SOUGHT: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
            let traps = ["(((.+)+)+)+$", "while (true) {}\\\").constructor", "constructor(\"debugger\")"];
            let marks = ["_0x", "\\x"].into_iter().chain(traps);
            AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(marks).ok()
        });
        let mut marks = Marks::default();
        let bytes = text.as_bytes();
        for found in SOUGHT.iter().flat_map(|sought| sought.find_iter(text)) {
            let (start, after) = (found.start(), found.end());
            match found.pattern().as_u32() {
                0 => {
                    let digits = bytes[after..].iter().take(8).take_while(|b| b.is_ascii_hexdigit()).count();
                    if digits >= 4 {
                        marks.mangled += 1;
                        marks.first_mangled.get_or_insert((start, after + digits));
                    }
                }
                1 => {
                    let code = text.get(after..after + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
                    if code.is_some_and(|code| code.is_ascii_alphanumeric()) {
                        marks.escaped += 1;
                        marks.first_escaped.get_or_insert(start);
                    }
                }
                _ => drop(marks.trap.get_or_insert((start, after))),
            }
        }
        marks
    }
}

struct Scan<'t> {
    path: &'t str,
    text: &'t str,
    lines: Option<LineIndex<'t>>,
    found: Vec<RawSignal>,
}

impl Scan<'_> {
    fn report(&mut self, kind: SignalKind, start: usize, end: usize, strength: u8, note: String) {
        let span = Span { start: start as u32, end: end as u32 };
        let lines = self.lines.get_or_insert_with(|| LineIndex::new(self.text));
        let (line, column) = lines.position(span.start);
        let (excerpt, highlight) = excerpt(self.text, span);
        let location = Location { file: self.path.to_owned(), line, column, span };
        self.found.push(RawSignal {
            kind,
            evidence: Evidence::Code { location, excerpt, highlight, layer: 0, note },
            strength,
        });
    }

    /// `_0x3fa2b1`, throughout.
    fn mangled_names(&mut self, marks: &Marks) {
        let (count, Some((start, end))) = (marks.mangled, marks.first_mangled) else { return };
        if count < MANGLED_NAMES {
            return;
        }
        let share = count * 1000 / self.text.len().max(1);
        self.report(
            SignalKind::MangledNames,
            start,
            end,
            (40 + share * 4).min(100) as u8,
            format!("{count} names of the form _0x…"),
        );
        let rotates = ["['push'](", "[\"push\"]("].iter().any(|mark| self.text.contains(mark))
            && ["['shift']()", "[\"shift\"]()"].iter().any(|mark| self.text.contains(mark));
        if rotates {
            let note = "strings come out of a rotated array".to_owned();
            self.report(SignalKind::StringArray, start, end, 80, note);
        }
    }

    /// `\x72\x65\x71`: letters that nobody needs to escape.
    fn escaped_strings(&mut self, marks: &Marks) {
        let (count, Some(start), length) = (marks.escaped, marks.first_escaped, self.text.len()) else { return };
        if count < 60 || count * 4 * 20 < length.min(200_000) {
            return;
        }
        let strength = (count * 400 / length.max(1)).clamp(30, 100) as u8;
        let note = format!("{count} letters and digits written as \\x escapes");
        self.report(SignalKind::EscapedStrings, start, start + 4, strength, note);
    }

    /// Regular expressions and traps that obfuscators insert against being read.
    fn self_defending(&mut self, marks: &Marks) {
        let Some((start, end)) = marks.trap else { return };
        let note = "code that defends itself against being formatted or debugged".to_owned();
        self.report(SignalKind::SelfDefending, start, end, 70, note);
    }

    /// Code behind a long run of blanks on a line that already has code.
    fn hidden_by_whitespace(&mut self) {
        let bytes = self.text.as_bytes();
        const STEP: usize = HIDING_RUN / 2;
        let is_blank = |byte: u8| byte == b' ' || byte == b'\t';
        let mut at = STEP;
        // A run this long covers one of the probes.
        while at < bytes.len() {
            if !is_blank(bytes[at]) {
                at += STEP;
                continue;
            }
            let start = bytes[..at].iter().rposition(|&b| !is_blank(b)).map_or(0, |i| i + 1);
            let end = bytes[at..].iter().position(|&b| !is_blank(b)).map_or(bytes.len(), |i| at + i);
            let after_code = start > 0 && !matches!(bytes[start - 1], b'\n' | b'\r');
            let before_code = bytes
                .get(end)
                .is_some_and(|b| !matches!(b, b'\n' | b'\r' | b'/' | b'*' | b'\'' | b'"' | b'`' | b'\\' | b'|'));
            if end - start >= HIDING_RUN && after_code && before_code && !self.in_comment(start) {
                let to = (end..self.text.len()).find(|&i| bytes[i] == b'\n').unwrap_or(self.text.len()).min(end + 200);
                let to = (end..=to).rev().find(|&i| self.text.is_char_boundary(i)).unwrap_or(end);
                self.report(
                    SignalKind::HiddenByWhitespace,
                    end,
                    to,
                    80,
                    format!("code behind {} blanks on the same line", end - start),
                );
                return;
            }
            at = end + STEP;
        }
    }

    /// Whether the line up to `at` is a comment.
    fn in_comment(&self, at: usize) -> bool {
        let line_start = self.text[..at].rfind('\n').map_or(0, |i| i + 1);
        let line = self.text[line_start..at].trim_start();
        line.starts_with('*')
            || line.starts_with("//")
            || line.starts_with("/*")
            || line.contains("//") && !line.contains("://")
    }

    /// Bidirectional controls, and runs of what shows nothing.
    fn hidden_characters(&mut self) {
        let mut run = (0usize, 0usize);
        let mut invisible = None;
        let mut total = 0usize;
        let mut bidi = None;
        for (at, c) in self.text.char_indices() {
            if is_bidi_control(c) {
                bidi = bidi.or(Some((at, at + c.len_utf8())));
            }
            if is_invisible(c) && at > 0 {
                run = if run.0 == 0 { (1, at) } else { (run.0 + 1, run.1) };
                if run.0 == INVISIBLE_RUN {
                    invisible = invisible.or(Some(run.1));
                }
                if run.0 >= INVISIBLE_RUN {
                    total += 1;
                }
            } else {
                run = (0, 0);
            }
        }
        if let Some((start, end)) = bidi {
            self.report(
                SignalKind::BidiControl,
                start,
                end,
                60,
                "a control that reorders the text a reader sees".to_owned(),
            );
        }
        if let Some(start) = invisible {
            let count = total + INVISIBLE_RUN - 1;
            let strength = if count >= 64 { 95 } else { 60 };
            self.report(
                SignalKind::InvisibleText,
                start,
                start,
                strength,
                format!("at least {count} characters that show nothing"),
            );
        }
    }
}

fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{e0000}'..='\u{e007f}' | '\u{e0100}'..='\u{e01ef}' | '\u{3164}' | '\u{ffa0}' | '\u{115f}' | '\u{1160}' | '\u{180e}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(path: &str, text: &str) -> Vec<SignalKind> {
        of_source(path, text).into_iter().map(|signal| signal.kind).collect()
    }

    #[test]
    fn executables_are_known_by_content() {
        let elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0";
        assert_eq!(of_head("a.png", elf)[0].kind, SignalKind::DisguisedExecutable);
        assert_eq!(of_head("lib/a.node", elf)[0].kind, SignalKind::NativeBinary);
        assert_eq!(of_head("bin/tool-linux-x64", elf)[0].kind, SignalKind::NativeBinary);
        assert!(of_head("MZ.txt", b"MZ is a country code").is_empty());
    }

    #[test]
    fn code_in_a_font_is_disguised() {
        let code = b"const x = require('fs'); eval(function() { return 1 });";
        assert_eq!(of_head("icons.woff2", code)[0].kind, SignalKind::DisguisedFile);
        assert!(of_head("icons.svg", code).is_empty());
        assert!(of_head("photo.png", b"\x89PNG\r\n\x1a\n const require( eval(").is_empty());
    }

    #[test]
    fn code_behind_blanks_is_found_and_tables_are_not() {
        let hidden = format!("module.exports = 1;{}eval(x)\n", " ".repeat(400));
        assert_eq!(kinds("a.js", &hidden), [SignalKind::HiddenByWhitespace]);
        for honest in [
            format!("const a = 1;{}// note\n", " ".repeat(400)),
            format!("{}indented();\n", " ".repeat(400)),
            format!("const a = 1;{}\n", " ".repeat(400)),
            format!(" * comment{}end\n", " ".repeat(400)),
        ] {
            assert!(kinds("a.js", &honest).is_empty());
        }
    }

    #[test]
    fn invisible_runs_are_found_and_emoji_are_not() {
        let payload: String = (0..100).map(|i| char::from_u32(0xe0100 + i % 200).unwrap()).collect();
        assert_eq!(kinds("a.js", &format!("const s = `{payload}`;")), [SignalKind::InvisibleText]);
        assert!(kinds("a.js", "const s = '❤️👨‍👩‍👧 ok';").is_empty());
        assert_eq!(kinds("a.js", "if (x) { // \u{202e} admin \u{2066}"), [SignalKind::BidiControl]);
    }

    #[test]
    fn mangled_and_escaped_names_are_found() {
        let mangled = "var _0x3fa2b1 = 1;".repeat(30);
        assert_eq!(kinds("a.js", &mangled), [SignalKind::MangledNames]);
        let escaped = "f('\\x72\\x65\\x71\\x75\\x69');".repeat(20);
        assert_eq!(kinds("a.js", &escaped), [SignalKind::EscapedStrings]);
        assert!(kinds("a.js", "const table = 0x3fa2; x('\\x1b[31m');").is_empty());
    }
}
