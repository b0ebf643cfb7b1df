//! Every fuzz target over its seeds and a bounded number of mutations of them: the
//! same ones in every run, so that a failure here is one that anybody can repeat.

use std::path::{Path, PathBuf};

/// Changed copies of each seed that a run tries.
const MUTATIONS: u64 = 400;

/// The same for targets that take every seed for several formats.
const FEW: u64 = 25;

/// What formats are made of; put in at random places.
const TOKENS: &[&[u8]] = &[
    b"../",
    b"/",
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"{",
    b"}",
    b"[",
    b"]",
    b"(",
    b"`",
    b"${",
    b"\"",
    b"\\",
    b"/*",
    b"*/",
    b"//",
    b"\n",
    b"=>",
    b"=",
    b"<",
    b"1e999",
    b"-1",
    b"99999999999999999999",
    b"null",
    b"\\u{d800}",
    b"<<EOF",
    b"ustar",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"package/",
    b"node_modules/",
    b"9 path=x",
    b"7777777",
];

#[test]
fn archive() {
    let files =
        [("package.json", "{\"name\":\"a\"}"), ("lib/index.js", "module.exports = 1;\n"), (".gitignore", "lib\n")];
    let mut seeds = vec![("tgz".to_owned(), vetch_testkit::tarball(&files))];
    seeds.push(("zip".to_owned(), vetch_testkit::zip_archive(&files)));
    seeds.extend([true, false].map(|links| (format!("tar, links: {links}"), plain_tar(links))));
    hold(vetch_fuzz::archive, &seeds, MUTATIONS * 10);
}

#[test]
fn lockfile() {
    hold(vetch_fuzz::lockfile, &fixtures(&["npm"]), MUTATIONS);
}

#[test]
fn javascript_lockfile() {
    let seeds = fixtures(&["yarn-classic", "yarn-berry", "pnpm", "bun", "deno", "pnp"]);
    hold(vetch_fuzz::javascript_lockfile, &seeds, FEW);
}

#[test]
fn python_lockfile() {
    hold(vetch_fuzz::python_lockfile, &fixtures(&["uv", "poetry", "pdm", "pipfile-lock", "pylock"]), FEW);
}

#[test]
fn manifest() {
    hold(vetch_fuzz::manifest, &fixtures(&["package-json", "requirements", "pyproject", "setup-cfg"]), FEW);
}

#[test]
fn sbom() {
    let seeds = fixtures(&["cyclonedx-json", "cyclonedx-xml", "spdx-json", "spdx-tag-value", "spdx3-json"]);
    hold(vetch_fuzz::sbom, &seeds, FEW);
}

#[test]
fn advisory() {
    hold(vetch_fuzz::advisory, &files_under("seeds/advisory"), MUTATIONS);
}

#[test]
fn indicators() {
    hold(vetch_fuzz::indicators, &files_under("seeds/indicators"), MUTATIONS);
}

#[test]
fn taxii() {
    hold(vetch_fuzz::taxii, &files_under("seeds/taxii"), MUTATIONS);
}

#[test]
fn judgements() {
    hold(vetch_fuzz::judgements, &files_under("seeds/judgements"), MUTATIONS);
}

#[test]
fn syntax() {
    hold(vetch_fuzz::syntax, &files_under("seeds/syntax"), MUTATIONS);
}

/// Without gzip in between, mutations reach the headers.
fn plain_tar(links: bool) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for path in ["package/package.json".to_owned(), format!("package/{}index.js", "deep/".repeat(40))] {
        let mut header = tar::Header::new_gnu();
        header.set_size(2);
        tar.append_data(&mut header, path, &b"{}"[..]).expect("writing to memory");
    }
    if links {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        tar.append_link(&mut header, "package/link", "../outside").expect("writing to memory");
    }
    tar.into_inner().expect("writing to memory")
}

/// Every file of these formats' fixtures.
fn fixtures(formats: &[&str]) -> Vec<(String, Vec<u8>)> {
    formats.iter().flat_map(|format| files_under(&format!("../crates/lockfiles/tests/fixtures/{format}"))).collect()
}

fn files_under(folder: &str) -> Vec<(String, Vec<u8>)> {
    let mut seeds = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                folders.push(path);
            } else {
                seeds.push((path.display().to_string(), std::fs::read(&path).expect("a readable seed")));
            }
        }
    }
    seeds
}

fn hold(target: fn(&[u8]), seeds: &[(String, Vec<u8>)], mutations: u64) {
    assert!(!seeds.is_empty(), "there are no seeds");
    for (name, seed) in seeds {
        for round in 0..=mutations {
            // Round 0 is the seed as it is.
            let bytes = if round == 0 { seed.clone() } else { mutate(seed, round) };
            let outcome = std::panic::catch_unwind(|| target(&bytes));
            assert!(outcome.is_ok(), "{name}, mutation {round}: {:?}", String::from_utf8_lossy(&bytes));
        }
    }
}

/// One to four changes, the same ones for the same round.
fn mutate(seed: &[u8], round: u64) -> Vec<u8> {
    let mut random = Random(round.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(4) {
        let (at, length) = (random.below(bytes.len() + 1), random.below(64));
        let end = (at + length).min(bytes.len());
        match random.below(6) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let copy = bytes[at..end].repeat(random.below(20) + 1);
                bytes.splice(at..at, copy);
            }
            3 => {
                let token = TOKENS[random.below(TOKENS.len())];
                bytes.splice(at..at, token.repeat(random.below(8) + 1));
            }
            4 => bytes[at..end].fill(random.below(256) as u8),
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
        }
    }
    bytes
}

/// xorshift64: enough to vary, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}
