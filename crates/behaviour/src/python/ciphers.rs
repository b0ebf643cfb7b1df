//! Ciphers under keys that the code carries: PyCryptodome, `cryptography`. What is deciphered is decoded data, known
//! or not.

use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};

use super::codecs::open_fernet;
use crate::apis::codecs::bytes_of;
use crate::apis::{Apis, Call};
use crate::interp::Interp;
use crate::value::{Kind, Taint, Value};

const BLOCK: usize = 16;

/// Where instances keep what they were given; no program can name it.
const KEY: &str = "@@key";
const IV: &str = "@@iv";
const MODE: &str = "@@mode";

/// Modes by PyCryptodome's numbers, with the names that `cryptography` has for them.
const MODES: [(&str, &str, f64); 4] =
    [("MODE_ECB", "ECB", 1.0), ("MODE_CBC", "CBC", 2.0), ("MODE_CTR", "CTR", 6.0), ("MODE_GCM", "GCM", 11.0)];

pub(super) fn register(apis: &mut Apis) {
    let aes = apis.add_python_module(&["Crypto.Cipher.AES", "Cryptodome.Cipher.AES"]);
    apis.add_functions(aes, &["new"], |interp, call| {
        let iv = ["iv", "IV", "nonce"].iter().find_map(|name| call.keyword(interp, name));
        let iv = call.args.get(2).cloned().or(iv).unwrap_or(Value::UNDEFINED);
        let mode = call.get(interp, 1, "mode").unwrap_or(Value::UNKNOWN);
        cipher(interp, call, call.get(interp, 0, "key").unwrap_or(Value::UNKNOWN), iv, mode)
    });
    for (name, _, number) in MODES {
        let read: crate::apis::Reader = match number as u8 {
            1 => |_, _| Value::number(1.0),
            2 => |_, _| Value::number(2.0),
            6 => |_, _| Value::number(6.0),
            _ => |_, _| Value::number(11.0),
        };
        apis.add_values(aes, &[name], read);
    }
    let padding = apis.add_python_module(&["Crypto.Util.Padding", "Cryptodome.Util.Padding"]);
    apis.add_functions(padding, &["unpad"], |interp, call| {
        let padded = call.arg(0);
        let taint = interp.deep_taint(&padded);
        let plain = bytes_of(interp, &padded).and_then(|bytes| {
            let padding = usize::from(*bytes.last()?);
            Some(bytes.get(..bytes.len().checked_sub(padding)?)?.to_vec())
        });
        plain.map_or_else(|| Value::unknown(taint), |plain| Value::bytes(plain).tainted(taint))
    });
    let ciphers = apis.add_python_module(&["cryptography.hazmat.primitives.ciphers"]);
    apis.add_functions(ciphers, &["Cipher"], |interp, call| {
        let algorithm = call.get(interp, 0, "algorithm").unwrap_or(Value::UNKNOWN);
        let mode = call.get(interp, 1, "mode").unwrap_or(Value::UNKNOWN);
        let (key, iv) = (interp.get_property(&algorithm, KEY), interp.get_property(&mode, IV));
        let number = interp.get_property(&mode, MODE);
        cipher(interp, call, key, iv, number)
    });
    let algorithms = apis.add_python_module(&["cryptography.hazmat.primitives.ciphers.algorithms"]);
    apis.add_functions(algorithms, &["AES"], |interp, call| {
        let algorithm = interp.instance(call.api, None, Taint::NONE);
        interp.set_property(&algorithm, KEY, call.arg(0));
        algorithm
    });
    let modes = apis.add_python_module(&["cryptography.hazmat.primitives.ciphers.modes"]);
    apis.add_functions(modes, &MODES.map(|(_, name, _)| name), |interp, call| {
        let name = interp.apis.name(call.api);
        let number = MODES.iter().find(|(_, own, _)| *own == name).map_or(0.0, |(.., number)| *number);
        let mode = interp.instance(call.api, None, Taint::NONE);
        interp.set_property(&mode, IV, call.arg(0));
        interp.set_property(&mode, MODE, Value::number(number));
        mode
    });
    let sealed = apis.add_python_module(&["cryptography.hazmat.primitives.ciphers.aead"]);
    apis.add_functions(sealed, &["AESGCM", "ChaCha20Poly1305"], |interp, call| {
        cipher(interp, call, call.arg(0), Value::UNDEFINED, Value::number(11.0))
    });
}

fn cipher(interp: &mut Interp<'_>, call: &Call, key: Value, iv: Value, mode: Value) -> Value {
    let taint = interp.deep_taint(&key);
    let cipher = interp.instance(call.api, None, taint);
    for (name, value) in [(KEY, key), (IV, iv), (MODE, mode)] {
        interp.set_property(&cipher, name, value);
    }
    cipher
}

/// Methods of ciphers. `None`: not one of theirs.
pub(super) fn method(interp: &mut Interp<'_>, path: &str, cipher: &Value, name: &str, call: &Call) -> Option<Value> {
    match name {
        "decryptor" => Some(cipher.clone()),
        "decrypt" if path == "cryptography.fernet.Fernet" => {
            let key = interp.get_property(cipher, "key");
            Some(open_fernet(interp, &key, &call.arg(0)))
        }
        "decrypt" if path.ends_with("AESGCM") => {
            interp.set_property(cipher, IV, call.arg(0));
            let sealed = call.arg(1);
            Some(deciphered(interp, cipher, &sealed, BLOCK))
        }
        "decrypt" | "update" => Some(deciphered(interp, cipher, &call.arg(0), 0)),
        "decrypt_and_verify" => Some(deciphered(interp, cipher, &call.arg(0), 0)),
        "finalize" => Some(Value::bytes(Vec::new())),
        _ => None,
    }
}

/// What `sealed` holds, but for the last bytes that vouch for it.
fn deciphered(interp: &mut Interp<'_>, cipher: &Value, sealed: &Value, tag: usize) -> Value {
    let taint = interp.deep_taint(cipher).or(interp.deep_taint(sealed)).or(Taint::DECODED);
    let mut part = |name: &str| {
        let value = interp.get_property(cipher, name);
        bytes_of(interp, &value)
    };
    let (key, iv) = (part(KEY), part(IV).unwrap_or_default());
    let mode = interp.get_property(cipher, MODE);
    let Kind::Number(mode) = mode.kind else { return interp.unknown(taint) };
    let sealed = bytes_of(interp, sealed).filter(|sealed| interp.burn_bytes(sealed.len() * 4));
    let plain = key.zip(sealed).and_then(|(key, mut sealed)| {
        sealed.truncate(sealed.len().checked_sub(tag)?);
        open(&key, &iv, mode as u8, &sealed)
    });
    match plain {
        Some(plain) => Value::bytes(plain).tainted(taint),
        None => interp.unknown(taint),
    }
}

fn open(key: &[u8], iv: &[u8], mode: u8, sealed: &[u8]) -> Option<Vec<u8>> {
    match key.len() {
        16 => aes::Aes128::new_from_slice(key).ok().and_then(|aes| open_with(&aes, iv, mode, sealed)),
        24 => aes::Aes192::new_from_slice(key).ok().and_then(|aes| open_with(&aes, iv, mode, sealed)),
        32 => aes::Aes256::new_from_slice(key).ok().and_then(|aes| open_with(&aes, iv, mode, sealed)),
        _ => None,
    }
}

fn open_with<C: BlockCipherDecrypt + BlockCipherEncrypt>(
    aes: &C,
    iv: &[u8],
    mode: u8,
    sealed: &[u8],
) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(sealed.len());
    let mut before = iv.to_vec();
    // CTR counts from 0 behind an eight-byte nonce, GCM from 2 behind one of twelve.
    let mut counter: u64 = if mode == 11 { 2 } else { 0 };
    for block in sealed.chunks(BLOCK) {
        let mut work = aes::cipher::Block::<C>::default();
        match mode {
            1 | 2 => {
                if block.len() < BLOCK {
                    return None;
                }
                work.copy_from_slice(block);
                aes.decrypt_block(&mut work);
                if mode == 2 {
                    out.extend(work.iter().zip(before.get(..BLOCK)?).map(|(a, b)| a ^ b));
                    before = block.to_vec();
                } else {
                    out.extend_from_slice(&work);
                }
            }
            _ => {
                let length = Some(iv.len()).filter(|length| (1..BLOCK).contains(length))?;
                let count = counter.to_be_bytes();
                let room = BLOCK - length;
                let (start, count) = (BLOCK - room.min(8), count.get(8usize.saturating_sub(room)..)?);
                work.get_mut(..length)?.copy_from_slice(iv);
                work.get_mut(start..)?.copy_from_slice(count);
                aes.encrypt_block(&mut work);
                out.extend(work.iter().zip(block).map(|(a, b)| a ^ b));
                counter += 1;
            }
        }
    }
    Some(out)
}
