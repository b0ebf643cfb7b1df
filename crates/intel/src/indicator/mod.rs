//! Indicators of compromise: what STIX bundles, MISP events, OSV records and plain lists say of them.
//!
//! ```text
//! stix     a bundle of STIX 2.1, its patterns, and what objects have to do with each other
//! misp     events of MISP, by themselves or as a feed
//! memory   a list by itself, without a store
//! list     CSV and JSON of anybody, one indicator a line
//! ```
//!
//! Each document becomes listings: what one record says. A newer one of the same record replaces it as a whole.

pub(crate) mod list;
pub(crate) mod memory;
pub(crate) mod misp;
pub(crate) mod stix;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vetch_indicators::{normal, refang};
use vetch_model::indicator::{Context, IndicatorKind};

use crate::knowledge::Technique;

/// Most entries of one record, but for lists.
pub(crate) const MAX_ENTRIES: usize = 100_000;
/// Most that one entry is related to.
const MAX_CONTEXT: usize = 16;
/// Longest texts that are kept, in bytes.
const MAX_TEXT: usize = 300;
const MAX_NAME: usize = 120;

/// What one record says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Listing {
    /// The id under which it is replaced: of OSV, of a STIX object, of a MISP event, `list:` and the name of a list.
    pub(crate) record: String,
    /// Who says so.
    pub(crate) source: String,
    /// Last change, in microseconds since 1970.
    pub(crate) modified: i64,
    /// It was taken back.
    pub(crate) is_revoked: bool,
    /// What it names.
    pub(crate) entries: Vec<Entry>,
}

/// One indicator, without those who say so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: IndicatorKind,
    /// In its normal form.
    pub(crate) value: String,
    pub(crate) more: More,
    /// When it ends to count, in seconds since 1970.
    pub(crate) until: Option<i64>,
}

/// What is kept of an indicator besides its key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct More {
    pub(crate) description: String,
    pub(crate) context: Vec<Context>,
    pub(crate) confidence: Option<u8>,
    /// Who says so, where it is not the source of the whole list.
    pub(crate) source: Option<String>,
    /// It counts only together with all of these.
    pub(crate) with: Vec<(IndicatorKind, String)>,
}

impl More {
    /// Adds what it is related to, each once and not endlessly.
    pub(crate) fn relate(&mut self, context: Context) {
        if !context.name.is_empty() && self.context.len() < MAX_CONTEXT && !self.context.contains(&context) {
            self.context.push(context);
        }
    }
}

impl Entry {
    /// An entry of this kind, if the text is of it; defanged or not.
    pub(crate) fn new(kind: IndicatorKind, text: &str) -> Option<Entry> {
        let value = normal(kind, &refang(text))?;
        Some(Entry { kind, value, more: More::default(), until: None })
    }
}

/// What came of a document.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Listings {
    pub(crate) all: Vec<Listing>,
    /// Techniques of ATT&CK, by id.
    pub(crate) techniques: BTreeMap<String, Technique>,
    /// Objects and attributes that are no indicators, by design: reports, observations without a verdict, things that
    /// are not meant to be detected.
    pub(crate) passed_over: u64,
    /// Indicators of a kind, or in words, that are not understood.
    pub(crate) not_understood: u64,
    /// The first of those.
    pub(crate) example: Option<String>,
}

impl Listings {
    pub(crate) fn not_understood(&mut self, what: &str) {
        self.not_understood += 1;
        self.example.get_or_insert_with(|| cut(what, MAX_NAME));
    }
}

/// One line of at most so many bytes.
pub(crate) fn line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().take(MAX_TEXT).collect();
    cut(&words.join(" "), MAX_TEXT)
}

/// A name that is shown.
pub(crate) fn name(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().take(MAX_NAME).collect();
    cut(&words.join(" "), MAX_NAME)
}

fn cut(text: &str, limit: usize) -> String {
    text.get(..text.floor_char_boundary(limit)).unwrap_or_default().to_owned()
}

/// The kind that a word of a feed means; `None` if it has to be guessed.
pub(crate) fn kind_of_word(word: &str) -> Option<IndicatorKind> {
    use IndicatorKind as Kind;
    let word: String = word.trim().to_ascii_lowercase().replace(['_', ' '], "-");
    Some(match word.as_str() {
        "domain" | "domain-name" | "hostname" | "host" | "fqdn" => Kind::Domain,
        "ip" | "ip-addr" | "ipv4" | "ipv6" | "ipv4-addr" | "ipv6-addr" | "ip-src" | "ip-dst" | "ip:port" | "dst-ip" => {
            Kind::Ip
        }
        "url" | "uri" | "link" => Kind::Url,
        "email" | "email-addr" | "e-mail" | "mail" | "email-src" | "email-dst" => Kind::Email,
        "md5" | "md5-hash" => Kind::Md5,
        "sha1" | "sha-1" | "sha1-hash" => Kind::Sha1,
        "sha256" | "sha-256" | "sha256-hash" => Kind::Sha256,
        "sha512" | "sha-512" | "sha512-hash" => Kind::Sha512,
        "wallet" | "cryptocurrency-wallet" | "btc" | "xmr" | "eth" | "dash" => Kind::Wallet,
        "file-name" | "filename" => Kind::FileName,
        "file-path" | "filepath" | "path" | "directory" => Kind::FilePath,
        "account" | "user" | "publisher" | "user-account" | "maintainer" => Kind::Account,
        "package" | "purl" => Kind::Package,
        _ => return None,
    })
}
