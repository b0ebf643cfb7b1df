//! Replays: attacks on registries and honest upgrades, rebuilt inertly as histories of releases.
//!
//! `replays/` has a file for each ([`parse`] says how it is written). A replay shows the shape of what happened: who
//! published what, when and how, and what it would have done. Nothing in it works: hosts do not exist, and payloads
//! are missing. [`Replay::judge`] asks the binary what it thinks of a release as of a moment.

mod judge;
mod parse;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use crate::python::PyPkg;
use crate::{Pkg, integrity};
pub use judge::{Judgement, Verdict};
use parse::Recorded;

/// What is asked of the binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One release is harmful; those before it are not.
    Attack,
    /// Looks like an attack from afar; no release is harmful.
    Twin,
}

/// What a release is in its replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Honest.
    Honest,
    /// The one to recognise.
    Attack,
    /// Another release of the attackers: it is served, and nothing is asked of it.
    Accomplice,
}

/// A history with a moral.
#[derive(Debug)]
pub struct Replay {
    /// The name of its file.
    pub name: String,
    /// Attack or twin.
    pub kind: Kind,
    /// Of an attack the way in, of a twin what is honest about it.
    pub words: String,
    releases: Vec<Recorded>,
}

impl Replay {
    /// Every replay of the test kit, by name.
    pub fn all() -> Vec<Replay> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("replays");
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a folder entry").path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
        paths.sort();
        paths.iter().map(|path| Replay::read(path)).collect()
    }

    fn read(path: &Path) -> Replay {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        parse::replay(&name, &text).unwrap_or_else(|problem| panic!("{}: {problem}", path.display()))
    }

    /// Whether it is kept apart: a third of the replays, by a hash of the name. Nothing may be tuned on them.
    pub fn is_frozen(&self) -> bool {
        // FNV-1a, which is the same on every machine and in every version.
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        self.name.bytes().fold(0xcbf2_9ce4_8422_2325, step) % 3 == 0
    }

    /// The releases of which a verdict is asked, in the order of their publication, and what each is.
    pub fn asked(&self) -> impl Iterator<Item = (usize, Part)> {
        let asked = self.releases.iter().enumerate().filter(|(_, release)| release.part != Part::Accomplice);
        asked.map(|(place, release)| (place, release.part))
    }

    /// Whether two releases came before this one, so that its history can say something.
    pub fn has_history(&self, place: usize) -> bool {
        let name = &self.releases[place].name;
        self.releases[..place].iter().filter(|other| other.name == *name).count() >= 2
    }

    /// How a release is named on the command line.
    pub fn target(&self, place: usize) -> String {
        self.releases[place].target()
    }
}

/// Judges releases of many replays, on as many threads as there are cores; in the order of `jobs`.
pub fn judge_all(program: &Path, replays: &[Replay], jobs: &[(usize, usize)]) -> Vec<Judgement> {
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            let sender = sender.clone();
            let next = &next;
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(&(replay, place)) = jobs.get(number) else { return };
                    let judgement = replays[replay].judge(program, place);
                    sender.send((number, judgement)).expect("somebody who waits");
                }
            });
        }
    });
    drop(sender);
    let mut judgements: Vec<(usize, Judgement)> = receiver.into_iter().collect();
    judgements.sort_by_key(|(number, _)| *number);
    judgements.into_iter().map(|(_, judgement)| judgement).collect()
}

impl Recorded {
    fn target(&self) -> String {
        match self.is_python {
            true => format!("pypi:{}=={}", self.name, self.version),
            false => format!("npm:{}@{}", self.name, self.version),
        }
    }

    fn purl(&self) -> String {
        let kind = if self.is_python { "pypi" } else { "npm" };
        format!("pkg:{kind}/{}@{}", self.name.replace('@', "%40"), self.version)
    }

    fn npm(&self) -> Pkg {
        let maintainers: Vec<&str> = self.maintainers.iter().map(String::as_str).collect();
        let mut pkg = Pkg::new(&self.name, &self.version).published_at(&self.time).maintainers(&maintainers);
        for (key, value) in &self.manifest {
            pkg = pkg.field(key, value.clone());
        }
        for (path, bytes) in &self.files {
            pkg = pkg.file(path, bytes);
        }
        if self.names_commit || self.publisher.is_none() {
            // Of what it holds, so that each release names another.
            pkg = pkg.field("gitHead", integrity(self.version.as_bytes())[7..47].into());
        }
        match &self.publisher {
            None => pkg.trusted(),
            Some((name, address)) => pkg.publisher(name).publisher_address(address),
        }
    }

    fn python(&self) -> PyPkg {
        let pkg = PyPkg::new(&self.name, &self.version).uploaded_at(&self.time);
        let pkg = self.files.iter().fold(pkg, |pkg, (path, bytes)| pkg.file(path, bytes));
        let pkg = self.requires.iter().fold(pkg, |pkg, requirement| pkg.requires(requirement));
        let pkg = if self.is_source_only { pkg.sdist_only() } else { pkg };
        match &self.publisher {
            None => pkg.provenance(&format!("https://index.invalid/integrity/{}/{}", self.name, self.version)),
            Some(_) => pkg,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_as_the_measure_asks_for() {
        let replays = Replay::all();
        let count = |kind: Kind| replays.iter().filter(|replay| replay.kind == kind).count();
        assert!(count(Kind::Attack) >= 32 && count(Kind::Twin) >= 12, "{} replays", replays.len());
        let frozen = replays.iter().filter(|replay| replay.is_frozen()).count();
        let share = frozen * 100 / replays.len();
        assert!((25..=42).contains(&share), "{share} % are kept apart");
    }

    /// An attack without honest releases before it would say nothing about alarms; squats have none.
    #[test]
    fn an_attack_is_one_release_after_honest_ones() {
        for replay in Replay::all() {
            let parts: Vec<Part> = replay.asked().map(|(_, part)| part).collect();
            let attacks = parts.iter().filter(|part| **part == Part::Attack).count();
            assert_eq!(attacks, usize::from(replay.kind == Kind::Attack), "{}", replay.name);
            assert!(
                parts.len() >= 3 || ["squat", "confusion"].iter().any(|one| replay.name.starts_with(one)),
                "{}",
                replay.name
            );
        }
    }

    /// Nothing in them may reach a host that somebody could own.
    #[test]
    fn nothing_in_them_names_a_real_host() {
        let is_inert = |host: &str| {
            let host =
                host.split([':', '/', '\'', '"', '`', ' ', ')', '@', '?', ';', '\\', '<']).next().unwrap_or_default();
            host.ends_with(".invalid")
                || host.starts_with("192.0.2.")
                || ["127.0.0.1", "localhost", "169.254.169.254"].contains(&host)
                || host.contains("${")
                || host.is_empty()
        };
        for replay in Replay::all() {
            for release in &replay.releases {
                for (path, bytes) in &release.files {
                    let text = String::from_utf8_lossy(bytes);
                    let hosts = text.split("://").skip(1);
                    let known = ["github.com", "registry.npmjs.org", "api.github.com", "www.apache.org"];
                    for host in hosts.filter(|host| !known.iter().any(|known| host.starts_with(known))) {
                        assert!(is_inert(host), "{}: {path}: {}", replay.name, host.get(..30).unwrap_or(host));
                    }
                }
            }
        }
    }
}
