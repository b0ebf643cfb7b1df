//! The format of examples on rule pages.
//!
//! A fenced block with one of these info strings is an executable example:
//!
//! ````text
//! ```package malicious=<rule-id> verdict=<verdict>     one package: rule fires with exactly that verdict
//! ```package benign                                    one package: rule stays below, all stay below suspicious
//! ```package-lock malicious=… | benign                 a package-lock.json; `internal=@scope`: of internal names
//! ```requirements malicious=… | benign                 a requirements.txt
//! ```environment malicious=… | benign                  what was seen of an installed Python environment
//! ````
//!
//! `package [escaped]` expands `\u{HEX*COUNT}` in every file. A package is files, each begun by a line
//! `=== path`; `=== path [hex]` holds bytes in hexadecimal. Paths that begin with `@` are not files of the package:
//! `@dependent/…` is a published package that depends on it, `@installed/…` and `@installed-2/…` are installed
//! copies (the package itself is then the locked archive), and `@lock` holds `key = value` lines:
//! `has-install-script = true|false`, `archive = absent`, `patch = PATH`, `mismatch = URL`, `anomaly = KIND PATH`,
//! `internal = PATTERN`. `@before/…` is the release before it, `@dependency/…` a package that it depends on, `@history`
//! what its registry tells of its releases ([`history`]), `@history/NAME` the same of a dependency. `@intel` and `@intel/…` are
//! records of OSV that were imported, `@indicators` is a list of indicators in CSV.
//!
//! An environment is `key = value` lines: `changed|missing|extra = PATH` of an installed distribution against its
//! `RECORD`; `pth = PATH CODE`, `module = PATH`, `virtualenv = PATH`; `differing = NAME VERSION`, `unlocked = NAME`,
//! `absent = NAME` against a lockfile.
#![allow(dead_code, reason = "each test uses the part it needs")]

use vetch_model::verdict::Verdict;

pub(crate) mod history;

/// One example.
pub(crate) struct Example {
    /// Rule id of the page.
    pub(crate) rule: String,
    /// Page and line.
    pub(crate) place: String,
    /// What it holds.
    pub(crate) body: Body,
    /// For a malicious one: the rule and the verdict that its findings must carry.
    pub(crate) expected: Option<(String, Verdict)>,
}

/// What an example holds.
pub(crate) enum Body {
    /// Files of a package.
    Package(Vec<(String, Vec<u8>)>),
    /// The text of a lockfile, and a scope that is internal and bound to no registry.
    PackageLock(String, Option<String>),
    /// The text of a list of Python requirements.
    Requirements(String),
    /// What is odd about an installed Python environment: key, value.
    Environment(Vec<(String, String)>),
}

/// Every example of a page; errors name the line.
pub(crate) fn examples(rule: &str, page: &str, text: &str) -> Result<Vec<Example>, String> {
    let mut examples = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(info) = line.strip_prefix("```").filter(|info| !info.is_empty()) else { continue };
        let body: Vec<&str> = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
        // Settings that the page shows are no examples.
        if info == "toml" {
            continue;
        }
        let place = format!("{page}:{}", number + 1);
        examples.push(example(rule, place.clone(), info, &body).map_err(|error| format!("{place}: {error}"))?);
    }
    Ok(examples)
}

fn example(rule: &str, place: String, info: &str, lines: &[&str]) -> Result<Example, String> {
    let words: Vec<&str> = info.split_whitespace().collect();
    let value = |key: &str| words.iter().find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
    let expected = match (value("malicious"), value("verdict"), words.contains(&"benign")) {
        (Some(rule), Some(verdict), false) => {
            Some((rule.to_owned(), verdict.parse().map_err(|_| format!("no verdict `{verdict}`"))?))
        }
        (None, None, true) => None,
        _ => return Err(format!("`{info}` says neither `benign` nor `malicious=<rule> verdict=<verdict>`")),
    };
    let body = match words.first() {
        Some(&"package") => Body::Package(files(lines, words.contains(&"[escaped]"))?),
        Some(&"package-lock") => Body::PackageLock(lines.join("\n"), value("internal").map(str::to_owned)),
        Some(&"requirements") => Body::Requirements(lines.join("\n")),
        Some(&"environment") => Body::Environment(pairs(lines)?),
        _ => return Err(format!("`{info}` is no kind of example")),
    };
    Ok(Example { rule: rule.to_owned(), place, body, expected })
}

fn pairs(lines: &[&str]) -> Result<Vec<(String, String)>, String> {
    let pair = |line: &&str| {
        let (key, value) = line.split_once(" = ").ok_or_else(|| format!("`{line}` is no `key = value`"))?;
        Ok((key.to_owned(), value.to_owned()))
    };
    lines.iter().map(pair).collect()
}

fn files(lines: &[&str], escaped: bool) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut files: Vec<(String, String)> = Vec::new();
    for line in lines {
        match (line.strip_prefix("=== "), files.last_mut()) {
            (Some(path), _) => files.push((path.to_owned(), String::new())),
            (None, Some((_, text))) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => return Err("a package begins with a line `=== path`".to_owned()),
        }
    }
    let finish = |(path, text): (String, String)| match path.strip_suffix(" [hex]") {
        Some(path) => Ok((path.to_owned(), hex(&text)?)),
        None if escaped => Ok((path, expand(&text)?.into_bytes())),
        None => Ok((path, text.into_bytes())),
    };
    files.into_iter().map(finish).collect()
}

fn hex(text: &str) -> Result<Vec<u8>, String> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap_or_default(), 16);
    digits.chunks(2).map(pair).collect::<Result<_, _>>().map_err(|error| format!("bad hexadecimal: {error}"))
}

/// `\u{20*300}`: code point, then how often.
fn expand(text: &str) -> Result<String, String> {
    let mut pieces = text.split("\\u{");
    let mut expanded = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (inside, rest) = piece.split_once('}').ok_or("an escape is not closed")?;
        let (code, count) = inside.split_once('*').unwrap_or((inside, "1"));
        let code =
            u32::from_str_radix(code, 16).ok().and_then(char::from_u32).ok_or(format!("no code point `{code}`"))?;
        let count: usize = count.parse().map_err(|_| format!("no count `{count}`"))?;
        expanded.extend(std::iter::repeat_n(code, count));
        expanded.push_str(rest);
    }
    Ok(expanded)
}
