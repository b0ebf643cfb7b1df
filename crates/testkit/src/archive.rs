//! Archives and their digests, made the same way every time.

use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::{Compression, GzBuilder};
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};

/// The time that npm gives every file it packs: 26 October 1985, 08:15 UTC.
const NPM_TIME: u64 = 499_162_500;

/// A `.tgz` as `npm pack` makes it: every path under `package/`, in the given
/// order, with fixed times, so that the same files give the same bytes.
pub fn tarball<P: AsRef<str>, C: AsRef<[u8]>>(files: &[(P, C)]) -> Vec<u8> {
    packed(files, Compression::new(6))
}

/// As [`tarball`], but not compressed: for archives that are committed, whose bytes must be
/// the same whatever the compressor's version and the processor are.
pub fn stored_tarball<P: AsRef<str>, C: AsRef<[u8]>>(files: &[(P, C)]) -> Vec<u8> {
    packed(files, Compression::none())
}

fn packed<P: AsRef<str>, C: AsRef<[u8]>>(files: &[(P, C)], compression: Compression) -> Vec<u8> {
    let gzip = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), compression);
    let mut tar = tar::Builder::new(gzip);
    for (path, contents) in files {
        let contents = contents.as_ref();
        let mut header = tar::Header::new_ustar();
        header.set_size(contents.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(NPM_TIME);
        header.set_entry_type(tar::EntryType::Regular);
        tar.append_data(&mut header, format!("package/{}", path.as_ref()), contents).expect("a path that tar can hold");
    }
    let mut gzip = tar.into_inner().expect("writing to memory");
    gzip.flush().expect("writing to memory");
    gzip.finish().expect("writing to memory")
}

/// SHA-256 in hexadecimal, as Python's tools write it.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// `sha512-…`, as `dist.integrity` and lockfiles write it.
pub fn integrity(bytes: &[u8]) -> String {
    format!("sha512-{}", STANDARD.encode(Sha512::digest(bytes)))
}

/// `sha1-…`, as old lockfiles write it.
pub fn sha1_integrity(bytes: &[u8]) -> String {
    format!("sha1-{}", STANDARD.encode(Sha1::digest(bytes)))
}

/// SHA-1 in hexadecimal, as `dist.shasum` writes it.
pub fn shasum(bytes: &[u8]) -> String {
    hex::encode(Sha1::digest(bytes))
}

/// Where npm's cache keeps these bytes, relative to the cache folder.
pub fn content_path(bytes: &[u8]) -> String {
    let name = hex::encode(Sha512::digest(bytes));
    format!("_cacache/content-v2/sha512/{}/{}/{}", &name[..2], &name[2..4], &name[4..])
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn the_same_files_give_the_same_bytes() {
        let files = [("package.json", "{}"), ("lib/index.js", "1")];
        assert_eq!(tarball(&files), tarball(&files));
        assert_ne!(tarball(&files), tarball(&[("package.json", "{}"), ("lib/index.js", "2")]));
        let stored = stored_tarball(&files);
        assert!(stored.windows(20).any(|part| part == b"package/package.json"), "readable as it is");
    }

    #[test]
    fn entries_lie_under_package_and_long_paths_survive() {
        let long = format!("{}/index.js", "deep/".repeat(60));
        let bytes = tarball(&[(long.as_str(), "x")]);
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(&bytes[..]));
        let mut entry = tar.entries().unwrap().next().unwrap().unwrap();
        assert_eq!(
            entry.path().unwrap().to_str().unwrap().replace("//", "/"),
            format!("package/{long}").replace("//", "/")
        );
        let mut contents = String::new();
        entry.read_to_string(&mut contents).unwrap();
        assert_eq!(contents, "x");
    }

    #[test]
    fn digests_are_those_of_the_standard() {
        assert_eq!(shasum(b""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        assert!(integrity(b"").starts_with(
            "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="
        ));
        assert!(content_path(b"").starts_with("_cacache/content-v2/sha512/cf/83/e1357eefb8bd"));
    }
}
