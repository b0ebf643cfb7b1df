//! What documents for others (advisories, VEX, records) say of who publishes them. The words and limits are CSAF's (2.0,
//! 3.2.1.8 and 3.2.1.5), which asks for most.

use crate::capability::stable_ids;

stable_ids! {
    /// What the publisher is to the products that a document is about.
    PublisherCategory {
        /// Coordinates between others.
        Coordinator = "coordinator",
        /// Found it.
        Discoverer = "discoverer",
        /// None of these.
        Other = "other",
        /// Translates what others publish.
        Translator = "translator",
        /// Uses the products.
        User = "user",
        /// Makes them.
        Vendor = "vendor",
    }
}

stable_ids! {
    /// Whom a document may be handed to (Traffic Light Protocol, as CSAF 2.0 writes it).
    Tlp {
        /// Nobody else.
        Red = "RED",
        /// The own organization and its clients.
        Amber = "AMBER",
        /// The community.
        Green = "GREEN",
        /// Everybody.
        White = "WHITE",
    }
}

/// Longest text of a setting, in characters.
const MAX_TEXT: usize = 200;
const MAX_PREFIX: usize = 32;
/// Ids begin with it where nothing else is set.
pub const DEFAULT_PREFIX: &str = "VETCH";

/// The settings, as far as they are set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentSettings {
    /// Who publishes.
    pub name: Option<String>,
    /// An address that stands for the publisher, `https://acme.example`; without a slash at its end.
    pub namespace: Option<String>,
    /// What the publisher is.
    pub category: Option<PublisherCategory>,
    /// How to reach the publisher.
    pub contact: Option<String>,
    /// What ids begin with: `ACME` makes `ACME-1F3A…`.
    pub prefix: Option<String>,
    /// Whom documents may be handed to.
    pub tlp: Option<Tlp>,
}

impl DocumentSettings {
    /// The keys by which they are set, all of which are texts.
    pub const KEYS: &'static [&'static str] = &["name", "namespace", "category", "contact", "prefix", "tlp"];

    /// Sets one of [`DocumentSettings::KEYS`].
    ///
    /// # Errors
    /// What is wrong with the text, in words; the settings then stay as they are.
    pub fn set(&mut self, key: &str, text: &str) -> Result<(), String> {
        let text = text.trim();
        if text.is_empty() || text.chars().count() > MAX_TEXT || text.chars().any(char::is_control) {
            return Err(format!("`{key}` has to be one line of 1 to {MAX_TEXT} characters"));
        }
        match key {
            "name" => self.name = Some(text.to_owned()),
            "contact" => self.contact = Some(text.to_owned()),
            "namespace" => self.namespace = Some(address(text)?),
            "prefix" => self.prefix = Some(prefix(text)?),
            "category" => self.category = Some(word(text, PublisherCategory::ALL, PublisherCategory::as_str)?),
            "tlp" => self.tlp = Some(word(text, Tlp::ALL, Tlp::as_str)?),
            _ => return Err(format!("unknown key `{key}`; known here: {}", DocumentSettings::KEYS.join(", "))),
        }
        Ok(())
    }

    /// These, and where they say nothing, the others.
    #[must_use]
    pub fn or(self, other: DocumentSettings) -> DocumentSettings {
        DocumentSettings {
            name: self.name.or(other.name),
            namespace: self.namespace.or(other.namespace),
            category: self.category.or(other.category),
            contact: self.contact.or(other.contact),
            prefix: self.prefix.or(other.prefix),
            tlp: self.tlp.or(other.tlp),
        }
    }

    /// What ids begin with.
    pub fn prefix(&self) -> &str {
        self.prefix.as_deref().unwrap_or(DEFAULT_PREFIX)
    }
}

fn address(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/%@+".contains(&byte);
    let has_host = rest.is_some_and(|rest| rest.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric()));
    if !has_host || !text.bytes().all(is_plain) {
        return Err("`namespace` has to be an address as `https://acme.example`".to_owned());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

fn prefix(text: &str) -> Result<String, String> {
    let is_first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !is_first || !is_plain || text.len() > MAX_PREFIX || text.ends_with('-') {
        return Err(format!("`prefix` has to be 1 to {MAX_PREFIX} letters, digits and `-`, as `ACME`"));
    }
    if text.eq_ignore_ascii_case("MAL") || text.to_ascii_uppercase().starts_with("MAL-") {
        return Err("`prefix` is that of OpenSSF's records, whose numbers only they give".to_owned());
    }
    Ok(text.to_owned())
}

fn word<T: Copy>(text: &str, all: &[T], name: fn(T) -> &'static str) -> Result<T, String> {
    all.iter().copied().find(|one| name(*one).eq_ignore_ascii_case(text)).ok_or_else(|| {
        let known: Vec<&str> = all.iter().map(|one| name(*one)).collect();
        format!("`{text}` is none of {}", known.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_checked_one_by_one() {
        let mut settings = DocumentSettings::default();
        for (key, text) in [
            ("name", "Acme"),
            ("namespace", "https://acme.invalid/"),
            ("category", "Vendor"),
            ("contact", "security@acme.invalid"),
            ("prefix", "ACME-2"),
            ("tlp", "green"),
        ] {
            settings.set(key, text).unwrap();
        }
        assert_eq!((settings.namespace.as_deref(), settings.prefix()), (Some("https://acme.invalid"), "ACME-2"));
        assert_eq!((settings.category, settings.tlp), (Some(PublisherCategory::Vendor), Some(Tlp::Green)));
        let before = settings.clone();
        for (key, text) in [
            ("name", ""),
            ("name", "a\nb"),
            ("namespace", "acme.invalid"),
            ("namespace", "https://"),
            ("namespace", "javascript:alert(1)"),
            ("namespace", "https://a b"),
            ("category", "king"),
            ("prefix", "1A"),
            ("prefix", "a b"),
            ("prefix", "mal"),
            ("tlp", "blue"),
            ("colour", "red"),
        ] {
            assert!(settings.set(key, text).is_err(), "{key} {text}");
        }
        assert_eq!(settings, before);
        assert_eq!(DocumentSettings::default().prefix(), "VETCH");
    }
}
