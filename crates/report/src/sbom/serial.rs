//! The UUID by which a document is known (RFC 9562).

/// Of these contents and, unless the same contents are to have the same one, of these random bytes.
pub(super) fn uuid(contents: &[u8], entropy: Option<[u8; 16]>) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(contents);
    hasher.update(&entropy.unwrap_or_default());
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    // Version 4 is random, 8 whatever its maker defines.
    let version = if entropy.is_some() { 0x40 } else { 0x80 };
    crate::uuid::text(bytes, version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_variants_stand_where_they_belong() {
        let derived = uuid(b"a", None);
        assert_eq!(derived, uuid(b"a", None));
        assert_ne!(derived, uuid(b"b", None));
        let random = uuid(b"a", Some([1; 16]));
        assert_ne!(random, uuid(b"a", Some([2; 16])));
        for (uuid, version) in [(derived, "8"), (random, "4")] {
            assert_eq!((uuid.len(), uuid.get(14..15)), (36, Some(version)));
            assert!(["8", "9", "a", "b"].contains(&uuid.get(19..20).unwrap()), "{uuid}");
        }
    }
}
