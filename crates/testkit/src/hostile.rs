//! Archives that no honest tool writes.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

/// One entry of a hand-made archive; paths and targets are written as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry<'e> {
    /// Path and contents.
    File(&'e str, &'e [u8]),
    /// Path and target of a symbolic link.
    Symlink(&'e str, &'e str),
    /// Path and target of a hard link.
    Hardlink(&'e str, &'e str),
}

/// A `.tgz` of exactly these entries: absolute paths, `..`, links, the same path twice.
pub fn raw_tarball(entries: &[Entry<'_>]) -> Vec<u8> {
    let mut tar = Vec::new();
    for entry in entries {
        match entry {
            Entry::File(path, contents) => {
                tar.extend(header(path, contents.len() as u64, b'0', ""));
                tar.extend_from_slice(contents);
                tar.resize(tar.len().next_multiple_of(512), 0);
            }
            Entry::Symlink(path, target) => tar.extend(header(path, 0, b'2', target)),
            Entry::Hardlink(path, target) => tar.extend(header(path, 0, b'1', target)),
        }
    }
    tar.extend([0; 1024]);
    gzip(&tar)
}

/// A `.tgz` with this `package.json` and one file of `size` zeros, of about a thousandth of that size.
pub fn bomb(manifest: &[u8], size: u64) -> Vec<u8> {
    const PIECE: usize = 1 << 20;
    let mut tar = header("package/package.json", manifest.len() as u64, b'0', "").to_vec();
    tar.extend_from_slice(manifest);
    tar.resize(tar.len().next_multiple_of(512), 0);
    tar.extend(header("package/zeros.js", size, b'0', ""));
    let mut bytes = gzip(&tar);
    // A gzip file may consist of several: one piece, compressed once, is repeated.
    let piece = gzip(&[0; PIECE]);
    for _ in 0..size.div_ceil(PIECE as u64) {
        bytes.extend_from_slice(&piece);
    }
    bytes
}

fn header(path: &str, size: u64, kind: u8, target: &str) -> [u8; 512] {
    let mut block = [0; 512];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, path.as_bytes());
    put(100, b"0000644\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    put(156, &[kind]);
    put(157, target.as_bytes());
    put(257, b"ustar\x0000");
    put(148, b"        ");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("writing to memory");
    encoder.finish().expect("writing to memory")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_written_as_they_are() {
        let bytes = raw_tarball(&[Entry::File("../../evil.js", b"1"), Entry::Symlink("package/etc", "/etc")]);
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&bytes[..]));
        let mut entries = archive.entries().unwrap().map(Result::unwrap);
        assert_eq!(entries.next().unwrap().path_bytes().as_ref(), b"../../evil.js");
        assert_eq!(entries.next().unwrap().link_name_bytes().unwrap().as_ref(), b"/etc");
    }

    #[test]
    fn a_bomb_is_small() {
        assert!(bomb(b"{}", 16 << 20).len() < 20_000);
    }
}
