//! Hashes and ciphers of Node.js' `crypto` with everything known: payloads are shipped sealed, with their key beside them.
//! What is deciphered is decoded data, known or not.

use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockModeDecrypt, KeyIvInit};
use sha1::Digest;

use crate::apis::codecs::{bytes_of, to_bytes, to_string};
use crate::apis::{Apis, Call};
use crate::interp::Interp;
use crate::value::{Kind, Taint, Value};

/// Bytes of an AES block.
const BLOCK: usize = 16;

/// Where instances keep what they were given; no script can name it.
const DATA: &str = "@@data";
const KEY: &str = "@@key";
const IV: &str = "@@iv";
const ALGORITHM: &str = "@@algorithm";
const GIVEN: &str = "@@given";

pub(super) fn register(apis: &mut Apis) {
    let crypto = apis.add_module(&["crypto"]);
    apis.add_functions(crypto, &["createHash"], |interp, call| {
        let hash = interp.instance(call.api, None, Taint::NONE);
        interp.set_property(&hash, ALGORITHM, call.arg(0));
        interp.set_property(&hash, DATA, Value::bytes(Vec::new()));
        hash
    });
    apis.add_functions(crypto, &["createDecipheriv", "createDecipher", "privateDecrypt"], |interp, call| {
        let decipher = interp.instance(call.api, None, Taint::DECODED);
        for (name, value) in [(ALGORITHM, call.arg(0)), (KEY, call.arg(1)), (IV, call.arg(2))] {
            interp.set_property(&decipher, name, value);
        }
        interp.set_property(&decipher, DATA, Value::bytes(Vec::new()));
        interp.set_property(&decipher, GIVEN, Value::number(0.0));
        decipher
    });
    // crypto-js: `AES.decrypt(sealed, key)`; its own key derivation is not followed.
    let js = apis.add_module(&["crypto-js"]);
    for name in ["AES", "TripleDES", "DES", "RC4", "Rabbit"] {
        let cipher = apis.add_namespace(js, name);
        apis.add_functions(cipher, &["decrypt"], |interp, _| interp.unknown(Taint::DECODED));
    }
}

/// Methods of hashes and deciphers. `None`: not modelled.
pub(super) fn instance_method(interp: &mut Interp<'_>, path: &str, name: &str, call: &Call) -> Option<Value> {
    match (path, name) {
        ("crypto.createHash", "update") => {
            absorb(interp, call);
            Some(call.this.clone())
        }
        ("crypto.createHash", "digest") => Some(digest(interp, call)),
        ("crypto.createDecipheriv", "update") => {
            absorb(interp, call);
            Some(deciphered(interp, call, &call.arg(2), false))
        }
        ("crypto.createDecipheriv", "final") => Some(deciphered(interp, call, &call.arg(0), true)),
        ("crypto.createDecipheriv", "setAutoPadding" | "setAuthTag" | "setAAD") => Some(call.this.clone()),
        ("crypto.createDecipher" | "crypto.privateDecrypt", _) => Some(interp.unknown(Taint::DECODED)),
        _ => None,
    }
}

/// Adds the first argument, in the encoding that the second names, to what an instance was given.
fn absorb(interp: &mut Interp<'_>, call: &Call) {
    let more = given_bytes(interp, &call.arg(0), &call.arg(1));
    let all = match (kept(interp, &call.this, DATA), more) {
        (Some(mut all), Some(more)) if interp.burn_bytes(all.len() + more.len()) => {
            all.extend(more);
            Value::bytes(all)
        }
        _ => Value::UNKNOWN,
    };
    interp.set_property(&call.this, DATA, all);
}

fn given_bytes(interp: &Interp<'_>, value: &Value, encoding: &Value) -> Option<Vec<u8>> {
    match (&value.kind, encoding.exact_str()) {
        (Kind::Str(_), Some(encoding)) => to_bytes(value.exact_str()?, encoding).map(|(bytes, _)| bytes),
        _ => bytes_of(interp, value),
    }
}

fn kept(interp: &mut Interp<'_>, instance: &Value, name: &str) -> Option<Vec<u8>> {
    let value = interp.get_property(instance, name);
    bytes_of(interp, &value)
}

/// In an encoding, if one is named.
fn encoded(bytes: Vec<u8>, encoding: &Value) -> Value {
    match encoding.exact_str() {
        Some(encoding) if encoding != "buffer" => Value::str(to_string(&bytes, encoding)),
        _ => Value::bytes(bytes),
    }
}

fn digest(interp: &mut Interp<'_>, call: &Call) -> Value {
    let algorithm = interp.get_property(&call.this, ALGORITHM);
    let name = algorithm.exact_str().map(|name| name.to_ascii_lowercase().replace('-', ""));
    let taint = interp.deep_taint(&call.this);
    let hashed = kept(interp, &call.this, DATA).and_then(|data| match name?.as_str() {
        "sha1" => Some(sha1::Sha1::digest(&data).to_vec()),
        "sha256" => Some(sha2::Sha256::digest(&data).to_vec()),
        "sha384" => Some(sha2::Sha384::digest(&data).to_vec()),
        "sha512" => Some(sha2::Sha512::digest(&data).to_vec()),
        _ => None,
    });
    match hashed {
        Some(hash) => encoded(hash, &call.arg(0)).tainted(taint),
        None => interp.unknown(taint),
    }
}

/// What `update` and `final` give: all whole blocks but the last, and the last without its padding (PKCS #7).
fn deciphered(interp: &mut Interp<'_>, call: &Call, encoding: &Value, is_final: bool) -> Value {
    let taint = interp.deep_taint(&call.this).or(interp.deep_taint(&call.arg(0))).or(Taint::DECODED);
    let given = interp.get_property(&call.this, GIVEN).to_number().unwrap_or(0.0) as usize;
    let Some(plain) = plain_text(interp, &call.this) else {
        return interp.unknown(taint);
    };
    let end = match (is_final, plain.last()) {
        (true, Some(&padding)) if (1..=BLOCK).contains(&usize::from(padding)) => plain.len() - usize::from(padding),
        (true, _) => plain.len(),
        (false, _) => plain.len().saturating_sub(BLOCK),
    };
    interp.set_property(&call.this, GIVEN, Value::number(end as f64));
    let part = plain.get(given..end).unwrap_or_default().to_vec();
    encoded(part, encoding).tainted(taint)
}

/// Everything that a decipher was given, deciphered; padding and all.
fn plain_text(interp: &mut Interp<'_>, decipher: &Value) -> Option<Vec<u8>> {
    let algorithm = interp.get_property(decipher, ALGORITHM).exact_str()?.to_ascii_lowercase();
    let (key, iv) = (kept(interp, decipher, KEY)?, kept(interp, decipher, IV)?);
    let mut data = kept(interp, decipher, DATA)?;
    data.truncate(data.len() / BLOCK * BLOCK);
    if !interp.burn(data.len() as u64 / 64) {
        return None;
    }
    let key_bytes = match algorithm.as_str() {
        "aes-128-cbc" | "aes128" => 16,
        "aes-192-cbc" | "aes192" => 24,
        "aes-256-cbc" | "aes256" => 32,
        _ => return None,
    };
    (key.len() == key_bytes).then(|| aes_cbc(&key, &iv, data))?
}

/// AES-CBC, its variant by the length of the key; padding and all.
fn aes_cbc(key: &[u8], iv: &[u8], data: Vec<u8>) -> Option<Vec<u8>> {
    match key.len() {
        16 => decrypt::<cbc::Decryptor<aes::Aes128>>(key, iv, data),
        24 => decrypt::<cbc::Decryptor<aes::Aes192>>(key, iv, data),
        _ => decrypt::<cbc::Decryptor<aes::Aes256>>(key, iv, data),
    }
}

fn decrypt<C: KeyIvInit + BlockModeDecrypt>(key: &[u8], iv: &[u8], mut data: Vec<u8>) -> Option<Vec<u8>> {
    let cipher = C::new_from_slices(key, iv).ok()?;
    cipher.decrypt_padded::<NoPadding>(&mut data).ok()?;
    Some(data)
}

/// What AES-CBC under this key hides, its padding taken off (PKCS #7).
pub(crate) fn open_aes_cbc(key: &[u8], iv: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
    let sealed = sealed.get(..sealed.len() / BLOCK * BLOCK)?.to_vec();
    let mut plain = aes_cbc(key, iv, sealed)?;
    let padding = usize::from(*plain.last()?);
    plain.truncate(plain.len().checked_sub(padding)?);
    Some(plain)
}
