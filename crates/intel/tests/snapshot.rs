//! Snapshots: packed, signed, taken in elsewhere, and refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic here is a failed test")]

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use vetch_intel::snapshot::keys::{NewKey, SigningKey, TrustedKey, generate};
use vetch_intel::{ImportError, ImportReport, IntelStore, Trust, Watcher};
use vetch_model::history::{DAY, Time};

/// Lets everything happen.
struct Idle;

impl Watcher for Idle {
    fn read(&mut self, _: &str, _: u64) {}
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// Stops at once.
struct Stop;

impl Watcher for Stop {
    fn read(&mut self, _: &str, _: u64) {}
    fn is_cancelled(&self) -> bool {
        true
    }
}

const NOW: Time = Time(1_775_600_000);

struct Team {
    folder: tempfile::TempDir,
    pair: NewKey,
}

impl Team {
    fn new() -> Team {
        Team { folder: tempfile::tempdir().unwrap(), pair: generate(None).unwrap() }
    }

    fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn trust(&self) -> Trust {
        Trust { keys: vec![TrustedKey::parse(&self.pair.public).unwrap()], allows_older: false }
    }

    /// A store of this name with these files imported.
    fn store(&self, name: &str, files: &[(&str, &str)], now: Time) -> IntelStore {
        let paths: Vec<PathBuf> = files.iter().map(|(file, text)| self.file(file, text.as_bytes())).collect();
        let mut store = IntelStore::create(&self.place(name)).unwrap().0;
        store.import(&paths, now, &mut Idle).unwrap();
        store
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        fs::write(self.place(name), bytes).unwrap();
        self.place(name)
    }

    /// Signed by the team's key.
    fn signed(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let key = SigningKey::parse(&self.pair.secret, None).unwrap();
        self.file(&format!("{name}.minisig"), key.sign(bytes, "a test").unwrap().as_bytes());
        self.file(name, bytes)
    }

    /// Takes it in, in another place.
    fn load(&self, name: &str, file: &Path, trust: &Trust) -> Result<ImportReport, ImportError> {
        let mut store = IntelStore::create(&self.place(name)).unwrap().0;
        store.import_trusting(&[file.to_owned()], trust, Time(NOW.0 + DAY / 2), &mut Idle)
    }

    #[track_caller]
    fn refused(&self, file: &Path, words: &str) {
        let error = self.load("here", file, &self.trust()).unwrap_err();
        let ImportError::Source { path, reason, hint } = error else { panic!("{error}") };
        assert!(reason.contains(words), "{words}: {reason}");
        assert!(path.contains(file.file_name().unwrap().to_str().unwrap()) && !hint.is_empty());
    }
}

fn bytes(store: &IntelStore) -> Vec<u8> {
    let mut bytes = Vec::new();
    store.pack(&mut Idle).unwrap().reader().unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

fn record(id: &str, modified: &str) -> String {
    format!(
        r#"{{"id": "{id}", "modified": "{modified}", "summary": "About {id}", "details": "More of it", "aliases": ["CVE-2026-1"],
        "references": [{{"type": "WEB", "url": "https://{id}.invalid/"}}], "affected": [
        {{"package": {{"ecosystem": "npm", "name": "b"}}, "ranges": [{{"type": "SEMVER", "events": [{{"introduced": "0"}}, {{"fixed": "1.2.0"}}]}}]}},
        {{"package": {{"ecosystem": "npm", "name": "a"}}, "versions": ["1.0.0"]}}],
        "database_specific": {{"iocs": {{"domains": ["{id}.invalid"]}}}}}}"#
    )
}

const LIST: &str = "type,value,description,campaign\ndomain,c2.invalid,server,March\nip,192.0.2.7,server,March\n";
const KEV: &str = r#"{"catalogVersion": "1", "vulnerabilities": [{"cveID": "CVE-2026-1", "dateAdded": "2026-01-02", "knownRansomwareCampaignUse": "Known"}]}"#;
const EPSS: &str = "#model_version:v1,score_date:2026-01-01\ncve,epss,percentile\nCVE-2026-1,0.5,0.9\n";

fn files() -> Vec<(&'static str, String)> {
    vec![
        ("b.json", record("MAL-2026-2", "2026-02-01T00:00:00Z")),
        ("a.json", record("MAL-2026-1", "2026-01-01T00:00:00Z")),
        ("list.csv", LIST.to_owned()),
        ("kev.json", KEV.to_owned()),
        ("epss.csv", EPSS.to_owned()),
    ]
}

fn full(team: &Team, name: &str, order: &[usize]) -> IntelStore {
    let all = files();
    let files: Vec<(&str, &str)> = order.iter().map(|at| (all[*at].0, all[*at].1.as_str())).collect();
    team.store(name, &files, NOW)
}

#[test]
fn a_snapshot_carries_everything_and_its_bytes_follow_from_the_content() {
    let team = Team::new();
    let (there, other) = (full(&team, "there", &[0, 1, 2, 3, 4]), full(&team, "other", &[4, 2, 1, 3, 0]));
    let packed = bytes(&there);
    assert_eq!(packed, bytes(&there), "the same again");
    assert_eq!(packed, bytes(&other), "the order of imports leaves no trace");
    let file = team.signed("all.vetch-intel", &packed);
    let report = team.load("here", &file, &team.trust()).unwrap();
    let (manifest, origin) = report.sources[0].snapshot.clone().unwrap();
    assert_eq!((manifest.counts.records, manifest.counts.indicators, manifest.counts.exploited), (2, 4, 1));
    assert_eq!((origin.key, origin.made), (team.pair.id.clone(), NOW));
    let here = IntelStore::open(&team.place("here")).unwrap().unwrap();
    assert_eq!(here.status().unwrap(), there.status().unwrap());
    assert_eq!(here.age().unwrap(), there.age().unwrap());
    assert_eq!(here.show("MAL-2026-1").unwrap(), there.show("MAL-2026-1").unwrap());
    assert_eq!(here.find_indicators("invalid", 9).unwrap(), there.find_indicators("invalid", 9).unwrap());
    assert!(here.watchlist().unwrap().is_some());
    assert_eq!(bytes(&here), packed, "and from there it is the same file again");
}

#[test]
fn what_was_there_before_is_replaced_and_what_comes_later_is_told() {
    let team = Team::new();
    let file = team.signed("all.vetch-intel", &bytes(&full(&team, "there", &[1])));
    drop(team.store("here", &[("own.csv", LIST)], NOW));
    team.load("here", &file, &team.trust()).unwrap();
    let mut here = IntelStore::create(&team.place("here")).unwrap().0;
    assert!(here.find_indicators("c2.invalid", 9).unwrap().is_empty());
    assert!(!here.origin().unwrap().unwrap().is_changed);
    here.import(&[team.file("own.csv", LIST.as_bytes())], Time(NOW.0 + DAY), &mut Idle).unwrap();
    assert!(here.origin().unwrap().unwrap().is_changed);
    assert_eq!(here.find_indicators("c2.invalid", 9).unwrap().len(), 1);
    // A list behind the snapshot adds to it, in the same transaction; a snapshot behind a list would undo that.
    let (own, trust) = (team.place("own.csv"), team.trust());
    let mut import = |paths: &[&PathBuf]| {
        let paths: Vec<PathBuf> = paths.iter().map(|path| (*path).clone()).collect();
        here.import_trusting(&paths, &trust, Time(NOW.0 + DAY), &mut Idle)
    };
    assert!(import(&[&own, &file]).unwrap_err().hint().contains("first"));
    assert!(import(&[&file, &file]).is_err());
    import(&[&file, &own]).unwrap();
    assert_eq!(here.find_indicators("c2.invalid", 9).unwrap().len(), 1);
    assert!(here.origin().unwrap().unwrap().is_changed);
}

#[test]
fn only_what_a_trusted_key_signed_counts() {
    let team = Team::new();
    let packed = bytes(&full(&team, "there", &[0, 2]));
    let file = team.file("unsigned.vetch-intel", &packed);
    team.refused(&file, "not signed");
    team.file("unsigned.vetch-intel.minisig", b"nothing of the kind");
    team.refused(&file, "no signature");
    let stranger = Team::new();
    let strange = stranger.signed("strange.vetch-intel", &packed);
    fs::copy(&strange, team.place("strange.vetch-intel")).unwrap();
    fs::copy(stranger.place("strange.vetch-intel.minisig"), team.place("strange.vetch-intel.minisig")).unwrap();
    team.refused(&team.place("strange.vetch-intel"), &stranger.pair.id);
    let error = team.load("here", &strange, &Trust::default()).unwrap_err();
    assert!(error.to_string().contains("you trust no key"), "{error}");
    // Every damage is noticed, before anything is unpacked.
    for at in (0..packed.len()).step_by(97).chain([packed.len() - 1]) {
        let mut damaged = packed.clone();
        damaged[at] ^= 1;
        let file = team.signed("damaged.vetch-intel", &packed);
        team.file("damaged.vetch-intel", &damaged);
        assert!(team.load("here", &file, &team.trust()).is_err(), "{at}");
    }
    for changed in [&packed[..packed.len() - 1], &[&packed[..], b"x"].concat()] {
        let file = team.signed("changed.vetch-intel", &packed);
        team.file("changed.vetch-intel", changed);
        team.refused(&file, "not of these bytes");
    }
    assert!(IntelStore::open(&team.place("here")).unwrap().is_none(), "nothing came of any of it");
}

/// The two first lines, and the entries as they are.
fn parts(packed: &[u8]) -> (String, Vec<u8>) {
    let end = packed.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(1).unwrap().0 + 1;
    let mut content = Vec::new();
    GzDecoder::new(&packed[end..]).read_to_end(&mut content).unwrap();
    (String::from_utf8(packed[..end].to_vec()).unwrap(), content)
}

fn put_together(first: &str, content: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(first.as_bytes().to_vec(), Compression::fast());
    gzip.write_all(content).unwrap();
    gzip.finish().unwrap()
}

#[test]
fn a_signature_does_not_make_nonsense_good() {
    let team = Team::new();
    let packed = bytes(&full(&team, "there", &[0, 1, 2]));
    let (first, content) = parts(&packed);
    let size = format!("\"bytes\":{}", content.len());
    assert!(first.contains(&size));
    let refused = |name: &str, bytes: &[u8], words: &str| team.refused(&team.signed(name, bytes), words);
    refused("longer", &put_together(&first, &[&content[..], &[0; 9000]].concat()), "cannot be unpacked");
    refused("bomb", &put_together(&first, &vec![0; 50_000_000]), "is none");
    refused("shorter", &put_together(&first, &content[..content.len() - 1]), "cannot be unpacked");
    refused("cut", &packed[..packed.len() - 4], "cannot be unpacked");
    refused("behind", &[&packed[..], b"more"].concat(), "more behind its end");
    refused("second", &[&packed[..], &packed[first.len()..]].concat(), "more behind its end");
    let small = first.replace(&size, "\"bytes\":10");
    refused("small", &put_together(&small, &content), "unpacked");
    refused("huge", first.replace(&size, "\"bytes\":99999999999999").as_bytes(), "more than");
    refused("form", first.replace("\"format\":1", "\"format\":2").as_bytes(), "a newer version of Vetch");
    refused("counts", &put_together(&first.replace("\"records\":2", "\"records\":3"), &content), "second line");
    let mut other = content.clone();
    *other.last_mut().unwrap() ^= 1;
    assert!(team.load("here", &team.signed("hash", &put_together(&first, &other)), &team.trust()).is_err());
    let mut length = content.clone();
    length[..4].copy_from_slice(&u32::MAX.to_le_bytes());
    refused("entry", &put_together(&first, &length), "an entry says");
    refused("empty", first.as_bytes(), "cannot be unpacked");
    refused("no gzip", &[first.as_bytes(), &content].concat(), "cannot be unpacked");
    assert!(IntelStore::open(&team.place("here")).unwrap().is_none(), "nothing came of any of it");
}

#[test]
fn signed_content_of_any_kind_is_taken_in_whole_or_not_at_all() {
    let team = Team::new();
    let packed = bytes(&full(&team, "there", &[0, 1, 2, 3, 4]));
    let (first, content) = parts(&packed);
    let sum = |content: &[u8]| hex::encode(<sha2::Sha256 as sha2::Digest>::digest(content));
    let mut taken = 0;
    for at in (0..content.len()).step_by(3) {
        let mut damaged = content.clone();
        damaged[at] ^= 0x41;
        let first = first.replace(&sum(&content), &sum(&damaged));
        let file = team.signed("damaged", &put_together(&first, &damaged));
        match team.load("here", &file, &Trust { allows_older: true, ..team.trust() }) {
            Ok(_) => taken += 1,
            Err(ImportError::Source { .. }) => {}
            Err(error) => panic!("{at}: {error}"),
        }
        // Whatever came in can be read.
        if let Some(here) = IntelStore::open(&team.place("here")).unwrap() {
            here.status().unwrap();
            here.search("MAL", 9).unwrap();
        }
    }
    assert!(taken > 0, "texts are anybody's to choose");
}

#[test]
fn the_clock_is_not_turned_back_unless_that_is_wanted() {
    let team = Team::new();
    let old = team.signed("old.vetch-intel", &bytes(&full(&team, "first", &[1])));
    let second = team.store("second", &[("b.json", &record("MAL-2026-2", "2026-02-01T00:00:00Z"))], Time(NOW.0 + 60));
    let new = team.signed("new.vetch-intel", &bytes(&second));
    team.load("here", &new, &team.trust()).unwrap();
    team.load("here", &new, &team.trust()).unwrap();
    team.refused(&old, "older than what is there");
    let here = || IntelStore::open(&team.place("here")).unwrap().unwrap();
    assert_eq!(here().show("MAL-2026-1").unwrap().len(), 0);
    team.load("here", &old, &Trust { allows_older: true, ..team.trust() }).unwrap();
    assert_eq!((here().show("MAL-2026-1").unwrap().len(), here().show("MAL-2026-2").unwrap().len()), (1, 0));
    // Records that were imported since are newer than it, too.
    let file = team.file("c.json", record("MAL-2026-3", "2026-03-01T00:00:00Z").as_bytes());
    IntelStore::create(&team.place("here")).unwrap().0.import(&[file], NOW, &mut Idle).unwrap();
    team.refused(&new, "older than what is there");
    let future = team.store("future", &[("list.csv", LIST)], Time(NOW.0 + 3 * DAY));
    team.refused(&team.signed("future.vetch-intel", &bytes(&future)), "in the future");
}

#[test]
fn one_that_is_stopped_leaves_what_was_there() {
    let team = Team::new();
    let many: String = (0..3_000).map(|number| format!("host-{number}.invalid\n")).collect();
    let packed = bytes(&team.store("there", &[("many.txt", &many)], NOW));
    let file = team.signed("many.vetch-intel", &packed);
    let mut here = team.store("here", &[("own.csv", LIST)], NOW);
    let stopped = here.import_trusting(&[file], &team.trust(), NOW, &mut Stop);
    assert!(matches!(stopped, Err(ImportError::Cancelled)));
    assert_eq!(here.find_indicators("c2.invalid", 9).unwrap().len(), 1);
    let there = IntelStore::open(&team.place("there")).unwrap().unwrap();
    assert!(there.pack(&mut Stop).is_err());
}
