//! What holds other data: compressed streams, archives, sound files, and the data files of a package.

use std::io::Read;

use lzma_rust2::{LzmaReader, XzReader};

use super::codecs::{decompressed, passed};
use super::text;
use crate::apis::codecs::bytes_of;
use crate::apis::filesystem::read_effects;
use crate::apis::{Apis, Call, Handler};
use crate::interp::Interp;
use crate::value::{Kind, Taint, Value};

/// Most that is unpacked of one stream, in bytes.
const MAX_UNPACKED: u64 = 16 << 20;

/// Memory that unpacking may take, in KiB: the dictionary of the strongest preset of xz.
const MAX_MEMORY: u32 = 80 << 10;

/// What an open file or stream was made from.
pub(super) const CONTENTS: &str = "contents";

pub(super) fn register(apis: &mut Apis) {
    for (name, readers, decompressors) in [
        ("gzip", &["open", "GzipFile"][..], &[][..]),
        ("bz2", &["open", "BZ2File"], &["BZ2Decompressor"]),
        ("lzma", &["open", "LZMAFile"], &["LZMADecompressor"]),
        ("zlib", &[], &["decompressobj"]),
    ] {
        let module = apis.add_python_module(&[name]);
        apis.add_functions(module, readers, stream);
        apis.add_functions(module, decompressors, |interp, call| interp.instance(call.api, None, Taint::NONE));
    }
    let wave = apis.add_python_module(&["wave"]);
    apis.add_functions(wave, &["open"], sound);
    let image = apis.add_python_module(&["PIL.Image", "imageio", "cv2"]);
    apis.add_functions(image, &["open", "imread"], |interp, call| {
        let (_, taint) = read_effects(interp, &call.arg(0));
        interp.unknown(taint)
    });
    archives(apis);
    resources(apis);
}

/// xz, LZMA or bzip2, whichever its first bytes say.
pub(super) fn unpack(bytes: &[u8]) -> Option<Vec<u8>> {
    fn all(reader: impl Read) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        reader.take(MAX_UNPACKED + 1).read_to_end(&mut out).ok()?;
        (out.len() as u64 <= MAX_UNPACKED).then_some(out)
    }
    match bytes {
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => all(XzReader::new_mem_limit(bytes, true, MAX_MEMORY)),
        [b'B', b'Z', b'h', ..] => all(bzip2_rs::DecoderReader::new(bytes)),
        [0x5d, 0, 0, ..] => all(LzmaReader::new_mem_limit(bytes, MAX_MEMORY, None).ok()?),
        _ => None,
    }
}

/// `gzip.open(path)`, `GzipFile(fileobj=stream)`: read at once; what is written is only named.
fn stream(interp: &mut Interp<'_>, call: &Call) -> Value {
    let source = call.keyword(interp, "fileobj").or_else(|| call.get(interp, 0, "filename"));
    let source = source.unwrap_or(Value::UNKNOWN);
    let mode = call.get(interp, 1, "mode");
    if mode.is_some_and(|mode| mode.exact_str().is_some_and(|mode| mode.contains(['w', 'a', 'x']))) {
        let effect = interp.write_effects(&source, &Value::UNDEFINED);
        let file = interp.instance(call.api, effect, Taint::NONE);
        interp.set_property(&file, "path", source);
        return file;
    }
    let packed = contents_of(interp, &source);
    let unpacked = decompressed(interp, &packed);
    opened(interp, call, unpacked)
}

/// A stream over what is known to be in it.
fn opened(interp: &mut Interp<'_>, call: &Call, contents: Value) -> Value {
    let file = interp.instance(call.api, None, contents.taint);
    interp.set_property(&file, CONTENTS, contents);
    file
}

/// What is in a file that was opened, or in one that is named.
pub(super) fn contents_of(interp: &mut Interp<'_>, file: &Value) -> Value {
    let taint = interp.deep_taint(file);
    match &file.kind {
        Kind::Object(_) => {
            let contents = interp.get_property(file, CONTENTS);
            match contents.kind {
                Kind::Str(_) | Kind::Bytes(_) => contents.tainted(taint),
                _ => interp.unknown(taint),
            }
        }
        Kind::Str(_) => {
            let (contents, read) = read_effects(interp, file);
            contents.unwrap_or(Value::UNKNOWN).tainted(read)
        }
        _ => interp.unknown(taint),
    }
}

/// `wave.open(path)`: its frames are all that is in its `data` chunk.
fn sound(interp: &mut Interp<'_>, call: &Call) -> Value {
    let file = contents_of(interp, &call.arg(0));
    let frames = match &file.kind {
        Kind::Bytes(bytes) => frames(bytes).map(|frames| Value::bytes(frames.to_vec()).tainted(file.taint)),
        _ => None,
    };
    let frames = frames.unwrap_or_else(|| interp.unknown(file.taint));
    opened(interp, call, frames)
}

fn frames(riff: &[u8]) -> Option<&[u8]> {
    let at = memchr::memmem::find(riff.get(..4096.min(riff.len()))?, b"data")?;
    let length = u32::from_le_bytes(riff.get(at + 4..at + 8)?.try_into().ok()?) as usize;
    let rest = riff.get(at + 8..)?;
    rest.get(..length.min(rest.len()))
}

/// Archives that are filled: what is put in goes where they are kept.
fn archives(apis: &mut Apis) {
    let zip = apis.add_python_module(&["zipfile", "tarfile", "py7zr", "rarfile", "pyzipper"]);
    let names = &["ZipFile", "open", "TarFile", "SevenZipFile", "AESZipFile"];
    apis.add_functions(zip, names, |interp, call| {
        let mode = call.get(interp, 1, "mode");
        if !mode.is_some_and(|mode| mode.exact_str().is_some_and(|mode| mode.starts_with(['w', 'a', 'x']))) {
            return passed(interp, call);
        }
        let archive = interp.instance(call.api, None, Taint::NONE);
        interp.set_property(&archive, "target", call.arg(0));
        archive
    });
}

/// Methods of an archive that is filled.
pub(super) fn archive_method(interp: &mut Interp<'_>, archive: &Value, name: &str, call: &Call) -> Option<Value> {
    let taint = match name {
        "write" | "add" | "writeall" => read_effects(interp, &call.arg(0)).1,
        "writestr" | "addfile" | "writef" => call.surrendered(interp),
        _ => return None,
    };
    let target = interp.get_property(archive, "target");
    match target.kind {
        Kind::Object(_) => interp.set_property(&target, "held", Value::unknown(taint)),
        _ => drop(interp.write_effects(&target, &Value::unknown(taint))),
    }
    Some(Value::UNDEFINED)
}

/// `pkgutil`, `importlib.resources`, `pkg_resources`: files that lie beside the code.
fn resources(apis: &mut Apis) {
    const READS: &[(&str, &[&str])] = &[
        ("pkgutil", &["get_data"]),
        ("importlib.resources", &["read_binary", "read_text", "open_binary", "open_text"]),
        ("importlib_resources", &["read_binary", "read_text"]),
        ("pkg_resources", &["resource_string", "resource_stream"]),
    ];
    let read: Handler = |interp, call| {
        let path = beside(interp, call);
        let contents = contents_of(interp, &path);
        let as_text = interp.apis.name(call.api).ends_with("text");
        let contents = match &contents.kind {
            Kind::Bytes(bytes) if as_text => Value::str(String::from_utf8_lossy(bytes)).tainted(contents.taint),
            _ => contents,
        };
        match interp.apis.name(call.api).starts_with("open") || interp.apis.name(call.api).ends_with("stream") {
            true => opened(interp, call, contents),
            false => contents,
        }
    };
    for (module, names) in READS {
        let module = apis.add_python_module(&[module]);
        apis.add_functions(module, names, read);
        apis.add_functions(module, &["files", "path", "resource_filename"], beside);
    }
}

/// The path of a file in the package that the first argument names; it is this one, if that is not known.
fn beside(interp: &mut Interp<'_>, call: &Call) -> Value {
    let named = text(interp, &call.arg(0)).map(|name| name.replace('.', "/"));
    let (cx, _) = interp.site();
    let own = interp.package.directory_of(interp.unit(cx.unit).file);
    let is_there = |name: &str| interp.package.file(&format!("{name}/__init__.py")).is_some();
    let folder = named.filter(|name| is_there(name)).map_or(own, |name| format!("<package>/{name}"));
    match call.args.get(1) {
        Some(file) => super::files::joined(interp, vec![Value::str(folder), file.clone()]),
        None => Value::str(folder),
    }
}

/// Methods of streams that are open for reading, and of decompressors.
pub(super) fn stream_method(interp: &mut Interp<'_>, stream: &Value, name: &str, call: &Call) -> Option<Value> {
    Some(match name {
        "decompress" => {
            let packed = match bytes_of(interp, &call.arg(0)) {
                Some(bytes) => Value::bytes(bytes).tainted(call.arg(0).taint),
                None => call.arg(0),
            };
            decompressed(interp, &packed)
        }
        "flush" => Value::bytes(Vec::new()),
        "readframes" => interp.get_property(stream, CONTENTS),
        "read" if matches!(interp.get_property(stream, CONTENTS).kind, Kind::Bytes(_) | Kind::Str(_)) => {
            interp.get_property(stream, CONTENTS)
        }
        "getnframes" => Value::UNKNOWN,
        _ => return super::files::file_method(interp, stream, name, call),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `xz`, `lzma` (alone) and `bzip2` of `hello`.
    const PACKED: [&str; 3] = [
        "fd377a585a000004e6d6b4460200210116000000742fe5a301000468656c6c6f00000000b137b9dbe5da1e9b00011d05b82d80af1fb6f37d010000000004595a",
        "5d00008000ffffffffffffffff00341949ee8e6821ffffffb9e00000",
        "425a68393141592653591931653d00000081000244a000219a68334d07338bb9229c28480c98b29e80",
    ];

    #[test]
    fn hostile_streams_are_refused() {
        for packed in PACKED {
            let bytes = hex::decode(packed).unwrap();
            assert_eq!(unpack(&bytes).as_deref(), Some(&b"hello"[..]));
            for end in 0..bytes.len() {
                assert!(unpack(&bytes[..end]).is_none_or(|out| out.len() <= 5));
                let mut changed = bytes.clone();
                changed[end] ^= 0x41;
                assert!(unpack(&changed).is_none_or(|out| out.len() <= MAX_UNPACKED as usize));
            }
        }
        assert_eq!(unpack(b"hello"), None);
    }

    #[test]
    fn sound_files_hold_their_frames() {
        assert_eq!(frames(b"RIFF....WAVEdata\x03\0\0\0abcd"), Some(&b"abc"[..]));
        assert_eq!(frames(b"RIFF....WAVEdata\xff\xff\xff\xffab"), Some(&b"ab"[..]));
        assert_eq!(frames(b"data"), None);
    }
}
