//! What a registry tells of the account behind the user's own credentials: the second factor, and which tokens are out.
//! The answers are those that `npm profile get` and `npm token list` print (npm 11, `lib/commands/profile.js` and
//! `token.js`); a token comes with a name and an id, never whole.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use vetch_model::history::Time;

use crate::http::cut;

/// Largest answer read, in bytes: an account has at most about a thousand tokens.
pub(crate) const MAX_ANSWER: u64 = 4 << 20;
/// Most pages of tokens asked for.
pub(crate) const MAX_PAGES: usize = 20;
/// npm shows this much of a token's id, and takes as much for `npm token revoke`.
const SHOWN_ID: usize = 6;

/// What one registry said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NpmAccount {
    /// The registry, without secrets.
    pub registry: String,
    /// The second factor; the error says why it is not known.
    pub second_factor: Result<SecondFactor, String>,
    /// The tokens; the error says why they are not known.
    pub tokens: Result<Vec<NpmToken>, String>,
}

/// When a registry asks for a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondFactor {
    /// Never.
    Off,
    /// Never yet: it was begun, and not confirmed.
    Pending,
    /// At the login, and not when something is published (`auth-only`).
    Login,
    /// Also when something is published (`auth-and-writes`).
    Publishing,
}

/// A token that is out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NpmToken {
    /// The beginning of its id, as `npm token revoke` takes it.
    pub id: String,
    /// The name it was given.
    pub name: Option<String>,
    /// When it was made.
    pub created: Option<Time>,
    /// Whether it can only read.
    pub is_readonly: bool,
    /// Whether it publishes without a second factor.
    pub bypasses_second_factor: bool,
    /// Whether it works from some addresses only.
    pub is_bound_to_addresses: bool,
}

/// Reads the answer of `/-/npm/v1/user`.
pub(crate) fn second_factor(bytes: &[u8]) -> Result<SecondFactor, String> {
    let answer: Value = serde_json::from_slice(bytes).map_err(|_| "its answer is no JSON".to_owned())?;
    let state = answer.get("tfa").ok_or("its answer says nothing of a second factor")?;
    match state {
        Value::Null | Value::Bool(false) => Ok(SecondFactor::Off),
        Value::Object(state) if state.get("pending") == Some(&Value::Bool(true)) => Ok(SecondFactor::Pending),
        Value::Object(state) => match state.get("mode").and_then(Value::as_str) {
            Some("auth-and-writes") => Ok(SecondFactor::Publishing),
            Some("auth-only") => Ok(SecondFactor::Login),
            Some(other) => Err(format!("it names a mode of the second factor that is not known: `{}`", cut(other))),
            None => Err("it names no mode of the second factor".to_owned()),
        },
        _ => Err("what it says of the second factor has an unknown form".to_owned()),
    }
}

/// One page of tokens.
#[derive(Deserialize)]
struct Page {
    objects: Vec<Value>,
    #[serde(default)]
    urls: Urls,
}

#[derive(Default, Deserialize)]
struct Urls {
    next: Option<String>,
}

/// Reads one page of `/-/npm/v1/tokens`: its tokens, and where the next page is.
pub(crate) fn tokens(bytes: &[u8]) -> Result<(Vec<NpmToken>, Option<String>), String> {
    let page: Page = serde_json::from_slice(bytes).map_err(|_| "its answer is no list of tokens".to_owned())?;
    let tokens = page.objects.iter().map(token).collect::<Option<Vec<NpmToken>>>();
    let tokens = tokens.ok_or("an entry of its list of tokens has no id")?;
    Ok((tokens, page.urls.next.filter(|next| !next.is_empty())))
}

fn token(entry: &Value) -> Option<NpmToken> {
    let says = |name: &str| entry.get(name).and_then(Value::as_bool).unwrap_or_default();
    let text = |name: &str| entry.get(name).and_then(Value::as_str);
    let created = text("created").and_then(|text| text.parse::<Timestamp>().ok());
    Some(NpmToken {
        id: text("key")?.chars().take(SHOWN_ID).collect(),
        name: text("name").filter(|name| !name.is_empty()).map(cut),
        created: created.map(|created| Time(created.as_second())),
        is_readonly: says("readonly"),
        bypasses_second_factor: says("automation") || says("bypass_2fa"),
        is_bound_to_addresses: entry.get("cidr_whitelist").and_then(Value::as_array).is_some_and(|it| !it.is_empty()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_of_the_second_factor_is_told_apart() {
        for (answer, expected) in [
            (r#"{"tfa": null}"#, Ok(SecondFactor::Off)),
            (r#"{"tfa": false}"#, Ok(SecondFactor::Off)),
            (r#"{"tfa": {"pending": true, "mode": "auth-only"}}"#, Ok(SecondFactor::Pending)),
            (r#"{"tfa": {"pending": false, "mode": "auth-only"}}"#, Ok(SecondFactor::Login)),
            (r#"{"tfa": {"mode": "auth-and-writes"}}"#, Ok(SecondFactor::Publishing)),
        ] {
            assert_eq!(second_factor(answer.as_bytes()), expected, "{answer}");
        }
        // What is not said is not known, and never `Off`.
        for answer in
            ["", "[]", "{}", r#"{"name": "me"}"#, r#"{"tfa": {}}"#, r#"{"tfa": {"mode": "new"}}"#, r#"{"tfa": 1}"#]
        {
            assert!(second_factor(answer.as_bytes()).is_err(), "{answer}");
        }
    }

    #[test]
    fn tokens_are_read_without_their_secret() {
        let page = r#"{"objects": [
            {"token": "npm_aB", "key": "0123456789abcdef", "cidr_whitelist": null, "readonly": false,
             "automation": true, "created": "2025-01-02T03:04:05.678Z", "name": "ci"},
            {"token": "npm_cD", "key": "fedcba", "cidr_whitelist": ["192.0.2.0/24"], "readonly": true, "created": "soon"}
        ], "urls": {"next": "/-/npm/v1/tokens?page=1"}}"#;
        let (tokens, next) = super::tokens(page.as_bytes()).unwrap();
        assert_eq!(next.as_deref(), Some("/-/npm/v1/tokens?page=1"));
        assert_eq!((tokens[0].id.as_str(), tokens[0].name.as_deref()), ("012345", Some("ci")));
        assert_eq!(tokens[0].created, Some(Time(1_735_787_045)));
        assert!(tokens[0].bypasses_second_factor && !tokens[0].is_readonly);
        assert!(tokens[1].is_readonly && tokens[1].is_bound_to_addresses && tokens[1].created.is_none());
        assert!(!format!("{tokens:?}").contains("npm_"));
        for broken in ["", "{}", r#"{"objects": [{"token": "x"}]}"#, r#"{"objects": [7]}"#, r#"{"objects": {}}"#] {
            assert!(super::tokens(broken.as_bytes()).is_err(), "{broken}");
        }
    }
}
