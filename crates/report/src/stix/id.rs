//! Ids that follow from what an object is (UUID version 5, RFC 9562): the same finding has the same id everywhere.

use sha1::{Digest, Sha1};

/// The name space of our objects, chosen once.
const NAMESPACE: [u8; 16] =
    [0x5f, 0x1d, 0x3c, 0x62, 0x0b, 0x7a, 0x5e, 0x0d, 0x9c, 0x41, 0x7e, 0x2a, 0x86, 0xd4, 0x19, 0xb3];

/// `kind--uuid` of an object that is known by these texts.
pub(super) fn id(kind: &str, parts: &[&str]) -> String {
    let mut hasher = Sha1::new();
    hasher.update(NAMESPACE);
    for part in std::iter::once(&kind).chain(parts) {
        // With its length, so that two texts never are another two.
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    let digest: [u8; 20] = hasher.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    format!("{kind}--{}", crate::uuid::text(bytes, 0x50))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_from_what_they_name() {
        let one = id("malware", &["a", "b"]);
        assert_eq!(one, id("malware", &["a", "b"]));
        assert_ne!(one, id("malware", &["ab", ""]));
        assert_ne!(one.split_once("--").unwrap().1, id("report", &["a", "b"]).split_once("--").unwrap().1);
        let uuid = one.strip_prefix("malware--").unwrap();
        assert_eq!((uuid.len(), &uuid[14..15]), (36, "5"));
    }
}
