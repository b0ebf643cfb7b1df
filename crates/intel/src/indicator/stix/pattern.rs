//! Patterns of STIX 2.1 (section 9): `[domain-name:value = 'evil.example'] OR ([file:name = 'a'] AND [file:hashes.MD5 = '…'])`.
//!
//! A pattern becomes alternatives, each a set of things that have to be there together. What compares otherwise than with
//! `=` or `IN`, or names properties that a release does not show, makes its alternative one that cannot be judged; that is
//! told, and the others count. When things happen, and how often, is nothing that a release tells: qualifiers are passed
//! over, and `FOLLOWEDBY` means `AND`.

use vetch_indicators::{host, normal, refang};
use vetch_model::indicator::IndicatorKind;

/// Longest pattern, in bytes; the deepest nesting; most alternatives, and most things that one demands.
const MAX_PATTERN: usize = 1 << 20;
const MAX_DEPTH: usize = 32;
const MAX_ALTERNATIVES: usize = 20_000;
const MAX_TOGETHER: usize = 8;

/// Something to be there; `None` if it cannot be judged.
type Atom = Option<(IndicatorKind, String)>;
/// Things to be there together.
type Together = Vec<Atom>;

/// What a pattern asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pattern {
    /// Each suffices.
    pub(super) alternatives: Vec<Vec<(IndicatorKind, String)>>,
    /// Alternatives that cannot be judged.
    pub(super) not_understood: usize,
}

/// Reads a pattern.
///
/// # Errors
/// When it is none, or too large.
pub(super) fn parse(text: &str) -> Result<Pattern, String> {
    if text.len() > MAX_PATTERN {
        return Err(format!("a pattern of {} bytes, more than {MAX_PATTERN}", text.len()));
    }
    let mut parser = Parser { text, at: 0 };
    let all = parser.followed(0)?;
    parser.blank();
    if parser.at < text.len() {
        return Err(format!("a pattern that cannot be read from byte {} on", parser.at));
    }
    let mut pattern = Pattern::default();
    for together in all {
        match together.into_iter().collect::<Option<Vec<_>>>() {
            Some(mut known) if !known.is_empty() => {
                known.sort();
                known.dedup();
                pattern.alternatives.push(known);
            }
            _ => pattern.not_understood += 1,
        }
    }
    Ok(pattern)
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn blank(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn wrong<T>(&self, what: &str) -> Result<T, String> {
        Err(format!("a pattern without {what} at byte {}", self.at))
    }

    /// Takes a mark, if it is next.
    fn mark(&mut self, mark: &str) -> bool {
        self.blank();
        let is_next = self.rest().starts_with(mark);
        if is_next {
            self.at += mark.len();
        }
        is_next
    }

    /// Takes a word, if it is next and whole.
    fn word(&mut self, word: &str) -> bool {
        self.blank();
        let rest = self.rest();
        let is_next = rest.get(..word.len()).is_some_and(|own| own.eq_ignore_ascii_case(word))
            && !rest.get(word.len()..).unwrap_or_default().starts_with(|c: char| c.is_alphanumeric() || c == '_');
        if is_next {
            self.at += word.len();
        }
        is_next
    }

    fn followed(&mut self, depth: usize) -> Result<Vec<Together>, String> {
        let mut all = self.any(depth)?;
        while self.word("FOLLOWEDBY") {
            let next = self.any(depth)?;
            all = both(all, next)?;
        }
        Ok(all)
    }

    fn any(&mut self, depth: usize) -> Result<Vec<Together>, String> {
        let mut all = self.every(depth)?;
        while self.word("OR") {
            all.extend(self.every(depth)?);
            if all.len() > MAX_ALTERNATIVES {
                return Err(format!("a pattern with more than {MAX_ALTERNATIVES} alternatives"));
            }
        }
        Ok(all)
    }

    fn every(&mut self, depth: usize) -> Result<Vec<Together>, String> {
        let mut all = self.factor(depth)?;
        while self.word("AND") {
            let next = self.factor(depth)?;
            all = both(all, next)?;
        }
        Ok(all)
    }

    fn factor(&mut self, depth: usize) -> Result<Vec<Together>, String> {
        if depth > MAX_DEPTH {
            return Err(format!("a pattern that nests deeper than {MAX_DEPTH}"));
        }
        let all = if self.mark("(") {
            let all = self.followed(depth + 1)?;
            if !self.mark(")") {
                return self.wrong("`)`");
            }
            all
        } else if self.mark("[") {
            let all = self.followed(depth + 1)?;
            if !self.mark("]") {
                return self.wrong("`]`");
            }
            all
        } else {
            self.comparison()?
        };
        self.qualifiers()?;
        Ok(all)
    }

    /// `WITHIN 5 SECONDS`, `REPEATS 2 TIMES`, `START t'…' STOP t'…'`.
    fn qualifiers(&mut self) -> Result<(), String> {
        loop {
            let is_one = if self.word("WITHIN") {
                self.value()?;
                self.word("SECONDS")
            } else if self.word("REPEATS") {
                self.value()?;
                self.word("TIMES")
            } else if self.word("START") {
                self.value()?;
                let stops = self.word("STOP");
                self.value()?;
                stops
            } else {
                return Ok(());
            };
            if !is_one {
                return self.wrong("the rest of a qualifier");
            }
        }
    }

    fn comparison(&mut self) -> Result<Vec<Together>, String> {
        let is_existence = self.word("EXISTS");
        let path = self.path()?;
        if is_existence {
            return Ok(vec![vec![None]]);
        }
        let is_negated = self.word("NOT");
        let operator = ["!=", "<>", "<=", ">=", "==", "=", "<", ">"].iter().find(|mark| self.mark(mark));
        let is_equal = operator.is_some_and(|mark| mark.starts_with('='));
        if operator.is_some() {
            let value = self.value()?;
            let atom = value.filter(|_| is_equal && !is_negated).and_then(|value| atom(&path, &value));
            return Ok(vec![vec![atom]]);
        }
        if self.word("IN") {
            let values = self.set()?;
            if is_negated {
                return Ok(vec![vec![None]]);
            }
            return Ok(values
                .iter()
                .map(|value| vec![value.as_deref().and_then(|value| atom(&path, value))])
                .collect());
        }
        if ["LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET"].iter().any(|word| self.word(word)) {
            self.value()?;
            return Ok(vec![vec![None]]);
        }
        self.wrong("an operator")
    }

    /// `file:hashes.'SHA-256'`, with any indexes; in lower case, without quotes.
    fn path(&mut self) -> Result<String, String> {
        self.blank();
        let mut path = String::new();
        let mut quote = None;
        let mut length = 0;
        for c in self.rest().chars() {
            match quote {
                Some(open) if c == open => quote = None,
                Some(_) => path.push(c.to_ascii_lowercase()),
                None if matches!(c, '\'' | '"') => quote = Some(c),
                None if c.is_alphanumeric() || matches!(c, ':' | '.' | '_' | '-' | '[' | '*') => {
                    path.push(c.to_ascii_lowercase())
                }
                // The end of an index; of an observation, there was no operator.
                None if c == ']' && path.contains('[') => path.push(c),
                None => break,
            }
            length += c.len_utf8();
            if length > 1000 {
                return self.wrong("a path of ordinary length");
            }
        }
        if !path.contains(':') || quote.is_some() {
            return self.wrong("a path of an object");
        }
        self.at += length;
        Ok(path)
    }

    fn set(&mut self) -> Result<Vec<Option<String>>, String> {
        if !self.mark("(") {
            return self.wrong("`(`");
        }
        let mut all = Vec::new();
        loop {
            all.push(self.value()?);
            if all.len() > MAX_ALTERNATIVES {
                return Err(format!("a pattern with more than {MAX_ALTERNATIVES} alternatives"));
            }
            if self.mark(")") {
                return Ok(all);
            }
            if !self.mark(",") {
                return self.wrong("`,`");
            }
        }
    }

    /// A constant; its text, if it is a text.
    fn value(&mut self) -> Result<Option<String>, String> {
        self.blank();
        let is_typed = ["t'", "b'", "h'"].iter().any(|typed| self.rest().starts_with(typed));
        if is_typed {
            self.at += 1;
        }
        if !self.rest().starts_with('\'') {
            let word = self.rest().chars().take_while(|c| c.is_alphanumeric() || matches!(c, '+' | '-' | '.'));
            let length: usize = word.map(char::len_utf8).sum();
            if length == 0 {
                return self.wrong("a value");
            }
            self.at += length;
            return Ok(None);
        }
        let mut text = String::new();
        let mut is_escaped = false;
        for (at, c) in self.rest().char_indices().skip(1) {
            match c {
                _ if is_escaped => {
                    text.push(c);
                    is_escaped = false;
                }
                '\\' => is_escaped = true,
                '\'' => {
                    self.at += at + 1;
                    return Ok((!is_typed).then_some(text));
                }
                c => text.push(c),
            }
        }
        self.wrong("the end of a text")
    }
}

/// Both of these: every alternative of the one with every one of the other.
fn both(left: Vec<Together>, right: Vec<Together>) -> Result<Vec<Together>, String> {
    if left.len().saturating_mul(right.len()) > MAX_ALTERNATIVES {
        return Err(format!("a pattern with more than {MAX_ALTERNATIVES} alternatives"));
    }
    let mut all = Vec::with_capacity(left.len() * right.len());
    for one in &left {
        for other in &right {
            if one.len() + other.len() > MAX_TOGETHER {
                return Err(format!("a pattern that demands more than {MAX_TOGETHER} things together"));
            }
            all.push(one.iter().chain(other).cloned().collect());
        }
    }
    Ok(all)
}

/// What a comparison means for a release.
fn atom(path: &str, value: &str) -> Atom {
    use IndicatorKind as Kind;
    let (object, property) = path.split_once(':')?;
    let kind = match (object, property) {
        ("domain-name", "value") => Kind::Domain,
        ("ipv4-addr" | "ipv6-addr", "value") => Kind::Ip,
        ("url", "value") => Kind::Url,
        ("email-addr", "value") | ("email-message", "from_ref.value" | "sender_ref.value") => Kind::Email,
        ("network-traffic", "dst_ref.value" | "src_ref.value") => host(&refang(value))?.kind(),
        ("file" | "artifact", property) if property.starts_with("hashes.") => {
            hash_kind(property.strip_prefix("hashes.")?)?
        }
        ("file", "name") => Kind::FileName,
        ("directory", "path") | ("file", "parent_directory_ref.path") => Kind::FilePath,
        ("cryptocurrency-wallet" | "x-cryptocurrency-wallet", "value" | "address") => Kind::Wallet,
        ("user-account", "account_login" | "user_id") => Kind::Account,
        ("software" | "x-package" | "package", "purl" | "x_purl") => Kind::Package,
        _ => return None,
    };
    normal(kind, &refang(value)).map(|value| (kind, value))
}

/// By the name of its algorithm: `sha-256`, `sha256`.
pub(super) fn hash_kind(algorithm: &str) -> Option<IndicatorKind> {
    Some(match algorithm.to_ascii_lowercase().replace('-', "").as_str() {
        "md5" => IndicatorKind::Md5,
        "sha1" => IndicatorKind::Sha1,
        "sha256" => IndicatorKind::Sha256,
        "sha512" => IndicatorKind::Sha512,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> (Vec<String>, usize) {
        let pattern = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let one = |all: &Vec<(IndicatorKind, String)>| {
            all.iter().map(|(kind, value)| format!("{kind} {value}")).collect::<Vec<_>>().join(" + ")
        };
        (pattern.alternatives.iter().map(one).collect(), pattern.not_understood)
    }

    #[test]
    fn alternatives_and_what_belongs_together() {
        for (text, alternatives, unknown) in [
            ("[domain-name:value = 'Evil.Invalid']", &["domain evil.invalid"][..], 0),
            (
                "[ipv4-addr:value='192.0.2.1' OR ipv6-addr:value = '2001:DB8::1']",
                &["ip 192.0.2.1", "ip 2001:db8::1"],
                0,
            ),
            (
                "[file:name = 'setup.js' AND file:hashes.'MD5' = 'D41D8CD98F00B204E9800998ECF8427E']",
                &["md5 d41d8cd98f00b204e9800998ecf8427e + file-name setup.js"],
                0,
            ),
            (
                "([url:value = 'http://evil.invalid/a'] FOLLOWEDBY [domain-name:value = 'b.invalid']) WITHIN 600 SECONDS OR [email-addr:value = 'a@c.invalid']",
                &["domain b.invalid + url evil.invalid/a", "email a@c.invalid"],
                0,
            ),
            (
                "[domain-name:value IN ('a.invalid', 'b.invalid')] START t'2026-01-01T00:00:00Z' STOP t'2026-02-01T00:00:00Z'",
                &["domain a.invalid", "domain b.invalid"],
                0,
            ),
            ("[process:name = 'x' OR domain-name:value = 'a.invalid']", &["domain a.invalid"], 1),
            ("[domain-name:value = 'a.invalid' AND process:pid > 7]", &[], 1),
            ("[domain-name:value NOT = 'a.invalid']", &[], 1),
            ("[domain-name:value LIKE '%.invalid']", &[], 1),
            ("[file:hashes[*].'SHA-1' = 'x' OR network-traffic:dst_ref.value = '192.0.2.1']", &["ip 192.0.2.1"], 1),
            (r"[file:name = 'it\'s' AND directory:path = 'C:\\Temp\\x']", &["file-name it's + file-path c:/temp/x"], 0),
        ] {
            assert_eq!(shown(text), (alternatives.iter().map(|text| (*text).to_owned()).collect(), unknown), "{text}");
        }
    }

    #[test]
    fn hostile_patterns_are_refused_quickly() {
        let many = format!("[{}]", vec!["domain-name:value IN ('a.invalid','b.invalid')"; 20].join(" AND "));
        for text in [
            "",
            "[",
            "[domain-name:value = 'a.invalid'",
            "[domain-name:value = 'a.invalid",
            "[domain-name:value]",
            "[= 'a']",
            "[domain-name:value = 'a.invalid'] junk",
            "[é:é = 'é'] é",
            &"(".repeat(100_000),
            &many,
            &"[a:b = 'c'] ".repeat(200_000),
        ] {
            assert!(parse(text).is_err(), "{}", text.get(..20.min(text.len())).unwrap_or_default());
        }
    }
}
