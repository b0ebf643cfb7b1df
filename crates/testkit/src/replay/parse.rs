//! How a replay is written.
//!
//! Lines that start with `%% ` are directives, the rest is prose before the first release and contents after
//! `%% file`. A release is like the one of its name that precedes it, but for what its directives change.
//!
//! ```text
//! %% attack WORDS                        or: %% twin WORDS; the first directive
//! %% release npm:NAME@VERSION TIME       or: pypi:NAME==VERSION; then `attack` or `accomplice`, `from VERSION`
//! %% via workflow                        by a trusted publisher, with provenance; or: via NAME ADDRESS
//! %% maintainers NAME…
//! %% commit yes                          an account's releases name a commit too; or: no
//! %% set KEY JSON                        a field of package.json; unset KEY
//! %% dep NAME RANGE                      optional-dep NAME RANGE, undep NAME
//! %% script EVENT COMMAND                unscript EVENT
//! %% requires REQUIREMENT                Python's
//! %% sdist-only                          Python's, without a wheel, as it and those after it
//! %% file PATH [escaped] [times N]       contents follow; escaped: \u{200b} and \x7f; times N: again and again, {n}
//! %% remove PATH                         a file, or all of a folder with `/` at its end
//! ```

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Kind, Part, Replay};

/// A release as the replay tells it.
#[derive(Debug, Clone)]
pub(super) struct Recorded {
    pub(super) part: Part,
    pub(super) is_python: bool,
    pub(super) name: String,
    pub(super) version: String,
    pub(super) time: String,
    /// Name and address of the account; none is a workflow.
    pub(super) publisher: Option<(String, String)>,
    pub(super) maintainers: Vec<String>,
    pub(super) names_commit: bool,
    pub(super) manifest: Map<String, Value>,
    pub(super) requires: Vec<String>,
    pub(super) is_source_only: bool,
    pub(super) files: BTreeMap<String, Vec<u8>>,
}

/// Reads a replay; a problem names its line.
pub(super) fn replay(name: &str, text: &str) -> Result<Replay, String> {
    let mut releases: Vec<Recorded> = Vec::new();
    let mut head = None;
    let mut lines = text.lines().enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        let Some(directive) = line.strip_prefix("%% ") else { continue };
        let (word, rest) = directive.split_once(' ').unwrap_or((directive, ""));
        let mut contents = Vec::new();
        while let Some((_, line)) = lines.next_if(|(_, line)| !line.starts_with("%% ")) {
            contents.push(line);
        }
        let done = match (word, releases.last_mut()) {
            ("attack", None) => head.replace((Kind::Attack, rest.to_owned())).is_none().then_some(()),
            ("twin", None) => head.replace((Kind::Twin, rest.to_owned())).is_none().then_some(()),
            ("release", _) => release(rest, &releases).map(|release| releases.push(release)),
            (_, Some(release)) => change(release, word, rest, &contents),
            _ => None,
        };
        done.ok_or_else(|| format!("line {}: `{line}` is not understood", number + 1))?;
    }
    let (kind, words) = head.ok_or("neither attack nor twin")?;
    Ok(Replay { name: name.to_owned(), kind, words, releases })
}

fn release(text: &str, earlier: &[Recorded]) -> Option<Recorded> {
    let mut words = text.split(' ');
    let (target, time) = (words.next()?, words.next()?);
    let (is_python, name, version) = match target.split_once(':')? {
        ("npm", rest) => (false, rest.rsplit_once('@')?.0, rest.rsplit_once('@')?.1),
        ("pypi", rest) => (true, rest.split_once("==")?.0, rest.split_once("==")?.1),
        _ => return None,
    };
    let (mut part, mut from) = (Part::Honest, None);
    while let Some(word) = words.next() {
        match word {
            "attack" => part = Part::Attack,
            "accomplice" => part = Part::Accomplice,
            "from" => from = Some(words.next()?),
            _ => return None,
        }
    }
    let is_before = |other: &&Recorded| other.name == name && from.is_none_or(|from| other.version == from);
    let before = earlier.iter().rev().find(is_before).cloned();
    if from.is_some() && before.is_none() {
        return None;
    }
    let before = before.unwrap_or_else(|| Recorded::blank(name));
    // To the minute is how most of it is written.
    let time = if time.len() == 16 { format!("{time}:00Z") } else { time.to_owned() };
    Some(Recorded { part, is_python, name: name.to_owned(), version: version.to_owned(), time, ..before })
}

impl Recorded {
    fn blank(name: &str) -> Recorded {
        let manifest = json!({ "license": "MIT", "main": "index.js" });
        let own = name.trim_start_matches('@').replace('/', "-");
        Recorded {
            part: Part::Honest,
            is_python: false,
            name: name.to_owned(),
            version: String::new(),
            time: String::new(),
            publisher: Some((format!("{own}-author"), format!("{own}@author.invalid"))),
            maintainers: vec![format!("{own}-author")],
            names_commit: false,
            manifest: manifest.as_object().cloned().unwrap_or_default(),
            requires: Vec::new(),
            is_source_only: false,
            files: BTreeMap::new(),
        }
    }

    fn entry(&mut self, table: &str, key: &str, value: &str) {
        self.manifest.entry(table).or_insert_with(|| json!({}))[key] = json!(value);
    }

    fn drop_entry(&mut self, table: &str, key: &str) -> Option<()> {
        self.manifest.get_mut(table)?.as_object_mut()?.remove(key).map(drop)
    }
}

/// `None` if the directive is not understood, or changes nothing.
fn change(release: &mut Recorded, word: &str, rest: &str, contents: &[&str]) -> Option<()> {
    let pair = || rest.split_once(' ');
    match word {
        "via" if rest == "workflow" => release.publisher = None,
        "via" => release.publisher = Some(pair().map(|(name, address)| (name.to_owned(), address.to_owned()))?),
        "maintainers" => release.maintainers = rest.split(' ').map(str::to_owned).collect(),
        "commit" => release.names_commit = rest == "yes",
        "set" => drop(release.manifest.insert(pair()?.0.to_owned(), serde_json::from_str(pair()?.1).ok()?)),
        "unset" => drop(release.manifest.remove(rest)?),
        "dep" => release.entry("dependencies", pair()?.0, pair()?.1),
        "optional-dep" => release.entry("optionalDependencies", pair()?.0, pair()?.1),
        "undep" => release.drop_entry("dependencies", rest)?,
        "script" => release.entry("scripts", pair()?.0, pair()?.1),
        "unscript" => release.drop_entry("scripts", rest)?,
        "requires" => release.requires.push(rest.to_owned()),
        "sdist-only" => release.is_source_only = true,
        "file" => {
            let mut words = rest.split(' ');
            let path = words.next()?.to_owned();
            let text = text(contents);
            let (mut bytes, mut times) = (text.clone().into_bytes(), 1);
            while let Some(word) = words.next() {
                match word {
                    "escaped" => bytes = unescaped(&text)?,
                    "times" => times = words.next()?.parse().ok()?,
                    _ => return None,
                }
            }
            if times > 1 {
                let text = String::from_utf8(bytes).ok()?;
                bytes = (0..times).flat_map(|n| text.replace("{n}", &n.to_string()).into_bytes()).collect();
            }
            release.files.insert(path, bytes);
        }
        "remove" if rest.ends_with('/') => release.files.retain(|path, _| !path.starts_with(rest)),
        "remove" => drop(release.files.remove(rest)?),
        _ => return None,
    }
    Some(())
}

/// Blank lines before the next directive are for the eye.
fn text(lines: &[&str]) -> String {
    let text = lines.join("\n");
    format!("{}\n", text.trim_end_matches('\n'))
}

/// `\u{…}` is a character, `\x..` a byte; nothing else is special.
fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        bytes.extend(&rest.as_bytes()[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix("u{") {
            let (digits, after) = after.split_once('}')?;
            let character = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
            bytes.extend(character.encode_utf8(&mut [0; 4]).as_bytes());
            rest = after;
        } else if let Some(after) = rest.strip_prefix('x') {
            bytes.push(u8::from_str_radix(after.get(..2)?, 16).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(b'\\');
        }
    }
    bytes.extend(rest.as_bytes());
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORY: &str = "Prose.\n\n%% attack somebody else\n%% release npm:@a/b@1.0.0 2026-01-01T00:00\n%% via ann \
                         ann@a.invalid\n%% dep c ^1.0.0\n%% file index.js\nlet a;\n\n%% file b.bin escaped\n\\x7f\\u{200b}\\n\n\
                         %% release npm:@a/b@1.0.1 2026-01-02T00:00 attack\n%% undep c\n%% file n.js times 2\n{n};\n";

    #[test]
    fn a_release_is_like_the_one_before_but_for_what_is_said() {
        let replay = replay("x", STORY).unwrap();
        let [first, second] = replay.releases.as_slice() else { panic!("two releases") };
        assert_eq!((replay.kind, replay.words.as_str()), (Kind::Attack, "somebody else"));
        assert_eq!((first.part, second.part), (Part::Honest, Part::Attack));
        assert_eq!((second.name.as_str(), second.version.as_str()), ("@a/b", "1.0.1"));
        assert_eq!(second.time, "2026-01-02T00:00:00Z");
        assert_eq!(first.files["index.js"], b"let a;\n");
        assert_eq!(second.files["b.bin"], b"\x7f\xe2\x80\x8b\\n\n");
        assert_eq!(second.files["n.js"], b"0;\n1;\n");
        assert_eq!(second.publisher.as_ref().unwrap().0, "ann");
        assert_eq!(second.manifest["dependencies"], json!({}));
    }

    #[test]
    fn what_is_not_understood_has_a_line() {
        for (text, problem) in [
            ("%% attack a\n%% frobnicate", "line 2"),
            ("%% attack a\n%% release npm:a@1 2026-01-01T00:00\n%% undep b\n", "line 3"),
            ("%% attack a\n%% release npm:a@1 2026-01-01T00:00 from 0.9\n", "line 2"),
            ("text", "neither"),
        ] {
            let found = replay("x", text).unwrap_err();
            assert!(found.contains(problem), "{found}");
        }
    }
}
