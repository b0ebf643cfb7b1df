//! Keys and signatures in minisign's form (<https://jedisct1.github.io/minisign/>), so that its own program makes and
//! checks them, too. Only signatures over the BLAKE2b of a file count, as it makes them since 2021.
//!
//! Signing and verifying are two libraries of the same author: the one that signs does not survive every damaged
//! signature, and the one that verifies holds no secrets.

use std::fmt;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minisign::{KeyPair, SecretKey, SecretKeyBox};
use minisign_verify::{PublicKey, Signature};

/// What is put behind the name of a signed file.
pub const SIGNATURE_SUFFIX: &str = ".minisig";
/// Longest file of a key or a signature, in bytes.
pub const MAX_KEY_FILE: u64 = 16 << 10;
/// A key in base64: `RW…`, two bytes of algorithm, eight of its id, 32 of itself.
const KEY_LENGTH: usize = 56;
/// Where the id lies in keys and in signatures.
const ID: std::ops::Range<usize> = 2..10;
/// Bytes read at once.
const PIECE: usize = 64 << 10;

/// Why a key or a signature is none, or does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text is no key.
    #[error("it is no public key of minisign")]
    NoKey,
    /// The text is no key that signs.
    #[error("it is no secret key of minisign: {0}")]
    NoSecretKey(String),
    /// The key is sealed with a password, and none was given.
    #[error("it is protected by a password")]
    NeedsPassword,
    /// The password does not open it.
    #[error("the password does not open it")]
    WrongPassword,
    /// The text is no signature.
    #[error("it is no signature of minisign")]
    NoSignature,
    /// None of the keys that are trusted.
    #[error("it is signed by {0}, which is no key that you trust")]
    UnknownKey(String),
    /// The signature is of other bytes.
    #[error("the signature by {0} is not of these bytes: they were changed or damaged, or it belongs to another file")]
    Mismatch(String),
    /// The signature is of a kind that is refused.
    #[error(
        "the signature is of minisign's old kind, over the bytes themselves; sign again with minisign 0.10 or newer"
    )]
    OldKind,
    /// The bytes or chance cannot be had.
    #[error("{0}")]
    System(String),
}

/// A key whose signatures count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedKey {
    id: String,
    key: PublicKey,
}

impl TrustedKey {
    /// Reads a public key: its base64, or the two lines of its file.
    ///
    /// # Errors
    /// [`KeyError::NoKey`].
    pub fn parse(text: &str) -> Result<TrustedKey, KeyError> {
        let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("untrusted comment:"));
        let line = line.filter(|line| line.len() == KEY_LENGTH).ok_or(KeyError::NoKey)?;
        let key = PublicKey::from_base64(line).map_err(|_| KeyError::NoKey)?;
        Ok(TrustedKey { id: id_of(line).ok_or(KeyError::NoKey)?, key })
    }

    /// Its id, as minisign shows it: 16 digits in hex.
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// The id in a line of base64.
fn id_of(line: &str) -> Option<String> {
    let bytes = STANDARD.decode(line).ok()?;
    let id: [u8; 8] = bytes.get(ID)?.try_into().ok()?;
    Some(format!("{:016X}", u64::from_le_bytes(id)))
}

/// Reads `content` to its end, handing each piece on, and says which of the keys signed it.
///
/// # Errors
/// See [`KeyError`]; what was handed on is then worth nothing.
pub(crate) fn verify(
    keys: &[TrustedKey],
    signature: &str,
    content: &mut dyn Read,
    mut piece: impl FnMut(&[u8]) -> std::io::Result<()>,
) -> Result<String, KeyError> {
    let id = signature.lines().nth(1).and_then(|line| id_of(line.trim())).ok_or(KeyError::NoSignature)?;
    let signature = Signature::decode(signature).map_err(|_| KeyError::NoSignature)?;
    let system = |error: std::io::Error| KeyError::System(error.to_string());
    let mut verifiers = Vec::new();
    // Two keys may have one id, which anybody may choose.
    for key in keys.iter().filter(|key| key.id == id) {
        verifiers.push(key.key.verify_stream(&signature).map_err(|error| match error {
            minisign_verify::Error::UnsupportedLegacyMode => KeyError::OldKind,
            _ => KeyError::UnknownKey(id.clone()),
        })?);
    }
    if verifiers.is_empty() {
        return Err(KeyError::UnknownKey(id));
    }
    let mut buffer = vec![0; PIECE];
    loop {
        let count = content.read(&mut buffer).map_err(system)?;
        let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else { break };
        verifiers.iter_mut().for_each(|verifier| verifier.update(read));
        piece(read).map_err(system)?;
    }
    match verifiers.iter_mut().any(|verifier| verifier.finalize().is_ok()) {
        true => Ok(id),
        false => Err(KeyError::Mismatch(id)),
    }
}

/// A key that signs.
pub struct SigningKey {
    secret: SecretKey,
    id: String,
}

impl fmt::Debug for SigningKey {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Reads the file of a secret key. Opening one that is sealed takes a second or several, and a gigabyte of memory.
    ///
    /// # Errors
    /// [`KeyError::NeedsPassword`] where it is sealed and no password was given, and others.
    pub fn parse(text: &str, password: Option<String>) -> Result<SigningKey, KeyError> {
        let wrong = |error: minisign::PError| KeyError::NoSecretKey(error.to_string());
        let line = text.lines().nth(1).ok_or_else(|| KeyError::NoSecretKey("it has no second line".to_owned()))?;
        let bytes = STANDARD.decode(line.trim()).map_err(|_| KeyError::NoSecretKey("it is no base64".to_owned()))?;
        let mut secret = SecretKey::from_bytes(&bytes).map_err(wrong)?;
        if secret.is_encrypted() {
            let password = password.ok_or(KeyError::NeedsPassword)?;
            let sealed = SecretKeyBox::from_string(text).map_err(wrong)?;
            secret = sealed.into_secret_key(Some(password)).map_err(|error| match error.kind() {
                minisign::ErrorKind::Verify => KeyError::WrongPassword,
                _ => wrong(error),
            })?;
        }
        let public = minisign::PublicKey::from_secret_key(&secret).map_err(wrong)?;
        let public = TrustedKey::parse(&public.to_base64())?;
        let key = SigningKey { secret, id: public.id.clone() };
        // minisign's own program leaves the checksum of keys without password empty: what a key signs tells whether it is whole.
        let trial = key.sign(&b"trial"[..], "trial")?;
        match verify(&[public], &trial, &mut &b"trial"[..], |_| Ok(())) {
            Ok(_) => Ok(key),
            Err(_) => Err(KeyError::NoSecretKey("it is damaged".to_owned())),
        }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The file that says that these bytes are signed, with a comment that is signed, too.
    ///
    /// # Errors
    /// When the bytes cannot be read, or the system has no chance to give.
    pub fn sign(&self, content: impl Read, comment: &str) -> Result<String, KeyError> {
        let untrusted = format!("signature of a snapshot by {}", self.id);
        let signed = minisign::sign(None, &self.secret, content, Some(comment), Some(&untrusted));
        signed.map(|signature| signature.to_string()).map_err(|error| KeyError::System(error.to_string()))
    }
}

/// A new pair, as the texts of its files.
pub struct NewKey {
    /// The file of the secret key.
    pub secret: String,
    /// The file of the public one: two lines.
    pub public: String,
    /// The public one by itself, as it stands in settings.
    pub line: String,
    /// Its id.
    pub id: String,
}

/// Makes a pair of keys; with a password, the secret one is sealed, which takes a second or several, and a gigabyte of
/// memory for that time.
///
/// # Errors
/// When the system has no chance to give, or too little memory.
pub fn generate(password: Option<String>) -> Result<NewKey, KeyError> {
    let system = |error: minisign::PError| KeyError::System(error.to_string());
    let comment =
        if password.is_some() { "minisign encrypted secret key" } else { "minisign secret key, not encrypted" };
    let pair = match password {
        Some(password) => KeyPair::generate_encrypted_keypair(Some(password)),
        None => KeyPair::generate_unencrypted_keypair(),
    };
    let pair = pair.map_err(system)?;
    let secret = pair.sk.to_box(Some(comment)).map_err(system)?.into_string();
    let public = pair.pk.to_box().map_err(system)?.into_string();
    let line = pair.pk.to_base64();
    let id = id_of(&line).ok_or(KeyError::NoKey)?;
    Ok(NewKey { secret, public, line, id })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of minisign's own documentation, over `test`.
    const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    const NEW: &str = "untrusted comment: signature from minisign secret key
RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=
trusted comment: timestamp:1556193335\tfile:test
y/rUw2y8/hOUYjZU71eHp/Wo1KZ40fGy2VJEDl34XMJM+TX48Ss/17u3IvIfbVR1FkZZSNCisQbuQY+bHwhEBg==";
    const OLD: &str = "untrusted comment: signature from minisign secret key
RWQf6LRCGA9i59SLOFxz6NxvASXDJeRtuZykwQepbDEGt87ig1BNpWaVWuNrm73YiIiJbq71Wi+dP9eKL8OC351vwIasSSbXxwA=
trusted comment: timestamp:1555779966\tfile:test
QtKMXWyYcwdpZAlPF7tE2ENJkRd1ujvKjlj1m9RtHTBnZPa5WKU5uWRs5GoP5M/VqE81QFuMKI5k/SfNQUaOAA==";

    fn check(keys: &[TrustedKey], signature: &str, mut content: &[u8]) -> Result<String, KeyError> {
        verify(keys, signature, &mut content, |_| Ok(()))
    }

    #[test]
    fn signatures_of_minisign_itself_are_checked() {
        let key = TrustedKey::parse(KEY).unwrap();
        assert_eq!(key.id(), "E7620F1842B4E81F");
        let of_file = format!("untrusted comment: minisign public key E7620F1842B4E81F\r\n{KEY}\r\n");
        assert_eq!(TrustedKey::parse(&of_file).unwrap(), key);
        let keys = [key];
        assert_eq!(check(&keys, NEW, b"test").unwrap(), "E7620F1842B4E81F");
        assert!(matches!(check(&keys, NEW, b"Test"), Err(KeyError::Mismatch(_))));
        let comment = NEW.replace("file:test", "file:other");
        assert!(matches!(check(&keys, &comment, b"test"), Err(KeyError::Mismatch(_))), "comments are signed");
        assert_eq!(check(&keys, OLD, b"test"), Err(KeyError::OldKind));
        assert!(matches!(check(&[], NEW, b"test"), Err(KeyError::UnknownKey(_))));
    }

    #[test]
    fn what_is_signed_here_is_valid_and_secrets_are_not_shown() {
        let pair = generate(None).unwrap();
        let key = SigningKey::parse(&pair.secret, None).unwrap();
        assert!(!format!("{key:?}").contains(pair.secret.lines().nth(1).unwrap()));
        let signature = key.sign(&b"content"[..], "made:now").unwrap();
        let trusted = [TrustedKey::parse(&pair.public).unwrap()];
        assert_eq!(check(&trusted, &signature, b"content").unwrap(), pair.id);
        let other = [TrustedKey::parse(&generate(None).unwrap().line).unwrap()];
        assert_eq!(check(&other, &signature, b"content"), Err(KeyError::UnknownKey(pair.id)));
    }

    #[test]
    fn keys_of_minisign_itself_sign() {
        // `minisign -G -W`, 0.11, made for this test.
        let key = SigningKey::parse("untrusted comment: minisign encrypted secret key\nRWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAHvChtUoorRRddub8/ymnengP0Obr9IkZabY0Vg1YAy/VlzdPiwjkTPBTuXRzzCe3uL323mtDn0z5CPeZ3JMGCz+S3YESxUTxAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", None).unwrap();
        let signature = key.sign(&b"content"[..], "made:now").unwrap();
        let trusted = [TrustedKey::parse("RWQe8KG1SiitFPBTuXRzzCe3uL323mtDn0z5CPeZ3JMGCz+S3YESxUTx").unwrap()];
        assert_eq!(check(&trusted, &signature, b"content").as_deref(), Ok(key.id()));
    }

    #[test]
    fn damaged_keys_and_signatures_are_errors() {
        let keys = [TrustedKey::parse(KEY).unwrap()];
        for end in 0..NEW.len() {
            assert!(check(&keys, &NEW[..end], b"test").is_err(), "{end}");
        }
        for at in 0..NEW.len() {
            let mut bytes = NEW.as_bytes().to_vec();
            bytes[at] ^= 1;
            let is_untrusted_comment = at < NEW.find('\n').unwrap();
            let result = String::from_utf8(bytes).map(|text| check(&keys, &text, b"test"));
            assert!(is_untrusted_comment || result.is_ok_and(|result| result.is_err()), "{at}");
        }
        for text in ["", "untrusted comment: x", &KEY[1..], &KEY.replace('R', "S"), &"é".repeat(28)] {
            assert_eq!(TrustedKey::parse(text), Err(KeyError::NoKey), "{text}");
        }
        let pair = generate(None).unwrap();
        for end in [0, 10, 40, pair.secret.len() - 20] {
            assert!(matches!(SigningKey::parse(&pair.secret[..end], None), Err(KeyError::NoSecretKey(_))), "{end}");
        }
        // The seed lies behind the algorithms, a salt, two limits and the id.
        let (comment, line) = pair.secret.split_once('\n').unwrap();
        let mut bytes = STANDARD.decode(line.trim()).unwrap();
        bytes[70] ^= 1;
        let damaged = SigningKey::parse(&format!("{comment}\n{}\n", STANDARD.encode(&bytes)), None);
        assert!(matches!(damaged, Err(KeyError::NoSecretKey(_))), "{damaged:?}");
    }
}
