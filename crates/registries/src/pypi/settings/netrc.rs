//! `~/.netrc`: user names and passwords by host. Macros are passed over, and `default` entries
//! too: they would send a password to every host that a project names.

use std::collections::BTreeMap;

use crate::secret::Secret;

/// No more machines than this are kept.
const MAX_MACHINES: usize = 10_000;

/// Credentials by lower-case host.
#[derive(Debug, Clone, Default)]
pub(crate) struct Netrc(BTreeMap<String, (String, Secret)>);

impl Netrc {
    /// Reads the file's text. The first entry of a host holds, as in Python's `netrc` for `requests`.
    pub(crate) fn parse(text: &str) -> Netrc {
        let mut machines = BTreeMap::new();
        let mut tokens = tokens(text).into_iter().peekable();
        let mut current: Option<(String, Option<String>, Option<String>)> = None;
        let mut close = |entry: Option<(String, Option<String>, Option<String>)>| {
            let Some((host, login, Some(password))) = entry else { return };
            if !host.is_empty() && machines.len() < MAX_MACHINES {
                let value = (login.unwrap_or_default(), Secret::new(password));
                machines.entry(host.to_ascii_lowercase()).or_insert(value);
            }
        };
        while let Some(token) = tokens.next() {
            match token.as_str() {
                "machine" => {
                    close(current.take());
                    current = tokens.next().map(|host| (host, None, None));
                }
                "default" => {
                    close(current.take());
                    current = Some((String::new(), None, None));
                }
                "login" | "user" => {
                    let value = tokens.next();
                    if let Some((_, login, _)) = &mut current {
                        *login = value;
                    }
                }
                "password" => {
                    let value = tokens.next();
                    if let Some((_, _, password)) = &mut current {
                        *password = value;
                    }
                }
                "account" => drop(tokens.next()),
                _ => {}
            }
        }
        close(current);
        Netrc(machines)
    }

    /// User name and password for a host.
    pub(crate) fn get(&self, host: &str) -> Option<(&str, &Secret)> {
        self.0.get(&host.to_ascii_lowercase()).map(|(login, password)| (login.as_str(), password))
    }
}

/// Words, with quotes, backslashes and comments as Python's `netrc` reads them. A macro ends at
/// the next empty line.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut in_macro = false;
    for line in text.lines() {
        if in_macro {
            in_macro = !line.trim().is_empty();
            continue;
        }
        let mut letters = line.chars().peekable();
        while let Some(letter) = letters.next() {
            if letter.is_whitespace() {
                continue;
            }
            // A password may begin with `#`; a comment stands where a keyword would.
            let value_follows = matches!(
                tokens.last().map(String::as_str),
                Some("password" | "login" | "user" | "account" | "machine")
            );
            if letter == '#' && !value_follows {
                break;
            }
            let mut token = String::new();
            if letter == '"' {
                while let Some(next) = letters.next().filter(|next| *next != '"') {
                    token.push(if next == '\\' { letters.next().unwrap_or('\\') } else { next });
                }
            } else {
                token.push(if letter == '\\' { letters.next().unwrap_or('\\') } else { letter });
                while let Some(next) = letters.next_if(|next| !next.is_whitespace()) {
                    token.push(if next == '\\' { letters.next().unwrap_or('\\') } else { next });
                }
            }
            in_macro |= token == "macdef" && !value_follows;
            tokens.push(token);
            if in_macro {
                break;
            }
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(netrc: &Netrc, host: &str) -> Option<(String, String)> {
        netrc.get(host).map(|(login, password)| (login.to_owned(), password.expose().to_owned()))
    }

    #[test]
    fn machines_passwords_and_macros() {
        let text = "# c\nmachine A.invalid login u password p#1\nmacdef init\nmachine evil password x\n\n\
                    machine b.invalid\n  login \"u v\"\n  password #\\#x\ndefault login d password d\n\
                    machine c.invalid login only\nmachine a.invalid login late password late\n";
        let netrc = Netrc::parse(text);
        assert_eq!(pair(&netrc, "a.INVALID"), Some(("u".to_owned(), "p#1".to_owned())));
        assert_eq!(pair(&netrc, "b.invalid"), Some(("u v".to_owned(), "##x".to_owned())));
        for host in ["evil", "c.invalid", "other.invalid", ""] {
            assert_eq!(pair(&netrc, host), None, "{host}");
        }
        assert!(!format!("{netrc:?}").contains("p#1"));
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "(machine|password|login|macdef|[\\PC\n\"\\\\# ]){0,40}") {
            Netrc::parse(&text);
        }
    }
}
