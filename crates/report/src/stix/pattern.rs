//! Patterns of STIX 2.1 for what was seen.

use vetch_model::Integrity;
use vetch_model::indicator::{Indicator, IndicatorKind};
use vetch_model::integrity::HashAlgorithm;
use vetch_model::purl::{Purl, PurlParts};

/// A text in quotes.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

fn equal(path: &str, value: &str) -> String {
    format!("[{path} = {}]", quoted(value))
}

/// The pattern of an indicator; `None` if STIX has no object for its kind.
pub(super) fn of_indicator(indicator: &Indicator) -> Option<String> {
    let value = indicator.value.as_str();
    Some(match indicator.kind {
        IndicatorKind::Domain => equal("domain-name:value", value),
        IndicatorKind::Ip if value.contains(':') => equal("ipv6-addr:value", value),
        IndicatorKind::Ip => equal("ipv4-addr:value", value),
        IndicatorKind::Url if value.contains("://") => equal("url:value", value),
        // Both schemes are one thing to us.
        IndicatorKind::Url => {
            let (one, other) = (quoted(&format!("https://{value}")), quoted(&format!("http://{value}")));
            format!("[url:value = {one} OR url:value = {other}]")
        }
        IndicatorKind::Email => equal("email-addr:value", value),
        IndicatorKind::Md5 => equal("file:hashes.MD5", value),
        IndicatorKind::Sha1 => equal("file:hashes.'SHA-1'", value),
        IndicatorKind::Sha256 => equal("file:hashes.'SHA-256'", value),
        IndicatorKind::Sha512 => equal("file:hashes.'SHA-512'", value),
        IndicatorKind::FileName => equal("file:name", value),
        IndicatorKind::FilePath => equal("directory:path", value),
        IndicatorKind::Account => equal("user-account:account_login", value),
        IndicatorKind::Wallet | IndicatorKind::Package => return None,
    })
}

/// The pattern of a release: its name and version, or the hashes of its archives.
pub(super) fn of_release(purl: &Purl, integrity: &[String]) -> String {
    let named = PurlParts::parse(purl.as_str()).ok();
    let name = named.as_ref().map_or_else(|| purl.to_string(), PurlParts::full_name);
    let version = named.and_then(|parts| parts.version);
    let mut pattern = match version {
        Some(version) => {
            format!("[software:name = {} AND software:version = {}]", quoted(&name), quoted(&version))
        }
        None => equal("software:name", &name),
    };
    for digest in integrity.iter().filter_map(|text| Integrity::parse(text).ok()).flat_map(|all| all.digests) {
        let path = match digest.algorithm {
            HashAlgorithm::Sha1 => "file:hashes.'SHA-1'",
            HashAlgorithm::Sha256 => "file:hashes.'SHA-256'",
            HashAlgorithm::Sha512 => "file:hashes.'SHA-512'",
            HashAlgorithm::Sha384 => continue,
        };
        pattern.push_str(&format!(" OR {}", equal(path, &digest.to_hex())));
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_quoted_and_name_hashes() {
        assert_eq!(quoted(r"it's C:\x"), r"'it\'s C:\\x'");
        let integrity = Integrity::from_hex("sha1", &"0a".repeat(20)).unwrap().text;
        assert_eq!(
            of_release(&Purl::npm("@a/b", Some("1.0.0")), &[integrity, "nonsense".to_owned()]),
            format!(
                "[software:name = '@a/b' AND software:version = '1.0.0'] OR [file:hashes.'SHA-1' = '{}']",
                "0a".repeat(20)
            )
        );
    }
}
