//! Imports into a store on disk, and look-ups.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic here is a failed test")]

use std::fs;
use std::path::{Path, PathBuf};

use vetch_intel::{ImportError, ImportReport, IntelStore, Query, StoreError, Watcher};
use vetch_model::advisory::{Advisory, AdvisoryKind, Reach};
use vetch_model::history::Time;
use vetch_model::inventory::Ecosystem;

mod zips;

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

fn record(id: &str, modified: &str, package: &str, versions: &str, more: &str) -> String {
    format!(
        r#"{{"id": "{id}", "modified": "{modified}", "summary": "About {package}", "affected": [{{"package":
            {{"ecosystem": "npm", "name": "{package}"}}, "versions": {versions}}}] {more}}}"#
    )
}

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        Place { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join("in").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    fn import(&self, path: &Path) -> Result<ImportReport, ImportError> {
        let (mut store, _) = IntelStore::create(&self.state())?;
        store.import(&[path.to_owned()], Time(100), &mut Idle)
    }

    fn look_up(&self, ecosystem: &Ecosystem, name: &str, version: &str) -> Vec<Advisory> {
        let store = IntelStore::open(&self.state()).unwrap().unwrap();
        store.look_up(&[Query { ecosystem, name, version, known: Vec::new() }]).unwrap().remove(0)
    }

    fn npm(&self, name: &str, version: &str) -> Vec<Advisory> {
        self.look_up(&Ecosystem::Npm, name, version)
    }
}

fn data(name: &str) -> Option<PathBuf> {
    // Real records, where they are at hand.
    let folder = std::env::var_os("VETCH_OSV_DATA").map(PathBuf::from)?;
    Some(folder.join(name)).filter(|path| path.exists())
}

#[test]
fn a_record_is_replaced_by_a_newer_one_alone() {
    let place = Place::new();
    let file = place.file("a.json", record("MAL-1", "2026-01-02", "a", r#"["1.0.0"]"#, r#", "aliases": ["CVE-1"]"#));
    let report = place.import(&file).unwrap();
    assert_eq!((report.sources[0].added, report.sources[0].updated), (1, 0));
    let older = place.file("b.json", record("MAL-1", "2026-01-01", "a", r#"["9.0.0"]"#, ""));
    assert_eq!(place.import(&older).unwrap().sources[0].unchanged, 1);
    assert_eq!(place.npm("a", "1.0.0").first().map(|one| one.kind), Some(AdvisoryKind::Malware));
    let newer = place.file("c.json", record("MAL-1", "2026-01-03", "b", r#"["1.0.0"]"#, ""));
    assert_eq!(place.import(&newer).unwrap().sources[0].updated, 1);
    assert_eq!(place.npm("a", "1.0.0"), []);
    let now = place.npm("b", "1.0.0");
    assert_eq!((now[0].id.as_str(), now[0].imported, now[0].aliases.len()), ("MAL-1", Time(100), 0));
    let status = IntelStore::open(&place.state()).unwrap().unwrap().status().unwrap();
    assert_eq!((status.malware, status.packages, status.imported), (1, 1, Some(Time(100))));
}

#[test]
fn what_is_taken_back_is_kept_and_marked_and_alarms_nobody() {
    let place = Place::new();
    let first = place.file("a.json", record("MAL-1", "2026-01-02", "a", r#"["1.0.0"]"#, ""));
    place.import(&first).unwrap();
    let withdrawn = r#", "withdrawn": "2026-01-03T00:00:00Z""#;
    let then = place.file("a.json", record("MAL-1", "2026-01-03", "a", r#"["1.0.0"]"#, withdrawn));
    place.import(&then).unwrap();
    assert_eq!(place.npm("a", "1.0.0"), []);
    let store = IntelStore::open(&place.state()).unwrap().unwrap();
    assert!(store.search("a", 10).unwrap()[0].is_withdrawn);
    assert_eq!(store.show("MAL-1").unwrap()[0].record.withdrawn, Some(1_767_398_400_000_000));
}

#[test]
fn a_broken_record_is_named_and_takes_no_other_along() {
    let place = Place::new();
    place.file("db/npm/good.json", record("GHSA-1", "2026-01-02", "a", r#"["1.0.0"]"#, ""));
    place.file("db/npm/broken.json", "{");
    place.file("db/deep.json", "[".repeat(100_000));
    place.file("db/types.json", record("GHSA-2", "2026-01-02", "a", r#"{"1": 2}"#, ""));
    place.file("db/x.yaml", "id: [\n");
    place.file("db/README.md", "# Not a record");
    place.file("db/.git/config.json", "{");
    let report = place.import(&place.folder.path().join("in")).unwrap();
    let source = &report.sources[0];
    assert_eq!((source.added, source.failed, source.named.len()), (1, 4, 4), "{source:?}");
    assert!(source.named.iter().any(|named| named.place.ends_with("broken.json")));
    // The one file that is asked for is another matter.
    let error = place.import(&place.file("alone.json", "{")).unwrap_err();
    assert!(error.to_string().contains("alone.json") && !error.hint().is_empty(), "{error}");
}

#[test]
fn what_is_stopped_or_fails_leaves_what_was_there() {
    let place = Place::new();
    place.import(&place.file("a.json", record("GHSA-1", "2026-01-02", "a", r#"["1.0.0"]"#, ""))).unwrap();
    let many: Vec<(String, Vec<u8>)> = (0..600)
        .map(|n| (format!("{n}.json"), record(&format!("X-{n}"), "2026-01-02", "a", r#"["1.0.0"]"#, "").into_bytes()))
        .collect();
    let zip = place.file("all.zip", zips::zip(&many));
    let (mut store, _) = IntelStore::create(&place.state()).unwrap();
    assert!(matches!(store.import(std::slice::from_ref(&zip), Time(1), &mut Stop), Err(ImportError::Cancelled)));
    drop(store);
    assert_eq!(place.npm("a", "1.0.0").len(), 1);
    let (mut store, _) = IntelStore::create(&place.state()).unwrap();
    let gone = place.folder.path().join("gone.zip");
    assert!(store.import(&[zip.clone(), gone], Time(1), &mut Idle).is_err());
    assert_eq!(place.npm("a", "1.0.0").len(), 1);
    place.import(&zip).unwrap();
    assert_eq!(place.npm("a", "1.0.0").len(), 500, "what is told of one release is bounded");
}

#[test]
fn bombs_are_errors_that_name_the_file() {
    let place = Place::new();
    let zeros = vec![b' '; 3 << 20];
    let many: Vec<(String, Vec<u8>)> = (0..40).map(|n| (format!("{n}.json"), zeros.clone())).collect();
    let overlapping = zips::overlapping(&record("X-1", "2026-01-02", "a", "[]", "").repeat(3), 200_000);
    for (name, bytes) in [("ratio.zip", zips::zip(&many)), ("overlap.zip", overlapping), ("none.zip", vec![0; 100])] {
        let error = place.import(&place.file(name, bytes)).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
    // One entry that is too large is one record.
    let large = vec![("large.json".to_owned(), vec![b' '; 5 << 20])];
    let report = place.import(&place.file("large.zip", zips::zip(&large))).unwrap();
    assert_eq!(report.sources[0].failed, 1);
}

#[test]
fn catalogues_enrich() {
    let place = Place::new();
    let aliases = r#", "aliases": ["CVE-2021-44228"]"#;
    place.import(&place.file("a.json", record("GHSA-1", "2026-01-02", "a", r#"["1.0.0"]"#, aliases))).unwrap();
    let kev = r#"{"catalogVersion": "1", "vulnerabilities": [{"cveID": "CVE-2021-44228", "dateAdded": "2021-12-10",
        "knownRansomwareCampaignUse": "Known"}]}"#;
    assert_eq!(place.import(&place.file("kev.json", kev)).unwrap().sources[0].exploited, 1);
    let csv = "#model_version:v2026,score_date:2026-01-02\ncve,epss,percentile\nCVE-2021-44228,0.94358,0.99957\nx\n";
    let report = place.import(&place.file("epss.csv", csv)).unwrap();
    assert_eq!((report.sources[0].probabilities, report.sources[0].failed), (1, 1));
    place.import(&place.file("epss.csv.gz", zips::gzip(csv.as_bytes()))).unwrap();
    let found = place.npm("a", "1.0.0").remove(0);
    assert_eq!(found.probability, Some(94_358));
    assert!(found.exploited.is_some_and(|exploited| exploited.ransomware && exploited.since == "2021-12-10"));
    assert!(place.import(&place.file("other.csv", "a,b\n1,2\n")).is_err());
}

#[test]
fn a_damaged_file_is_told_and_set_aside_by_the_next_import() {
    let place = Place::new();
    fs::create_dir_all(place.state()).unwrap();
    assert!(IntelStore::open(&place.state()).unwrap().is_none());
    fs::write(place.state().join(vetch_intel::FILE_NAME), vec![b'x'; 8192]).unwrap();
    assert!(matches!(IntelStore::open(&place.state()), Err(StoreError::Damaged)));
    let (_, aside) = IntelStore::create(&place.state()).unwrap();
    assert!(aside.unwrap().exists());
    assert!(IntelStore::open(&place.state()).unwrap().is_none(), "nothing was imported yet");
    place.import(&place.file("a.json", record("GHSA-1", "2026-01-02", "a", r#"["1.0.0"]"#, ""))).unwrap();
    assert!(IntelStore::open(&place.state()).unwrap().is_some());
}

#[test]
fn a_second_importer_is_told() {
    let place = Place::new();
    let (_store, _) = IntelStore::create(&place.state()).unwrap();
    let other = rusqlite::Connection::open(place.state().join(vetch_intel::FILE_NAME)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let file = place.file("a.json", record("GHSA-1", "2026-01-02", "a", r#"["1.0.0"]"#, ""));
    let error = place.import(&file).unwrap_err();
    assert!(error.to_string().contains("another import"), "{error}");
}

#[test]
fn real_records_are_matched() {
    let (Some(npm), Some(pypi)) = (data("npm"), data("PyPI/all.zip")) else {
        println!("skipped: VETCH_OSV_DATA names no folder of OSV's records");
        return;
    };
    let place = Place::new();
    assert_eq!(place.import(&npm).unwrap().sources[0].added, 3);
    let report = place.import(&pypi).unwrap();
    assert_eq!((report.sources[0].failed, report.sources[0].added > 2_500), (0, true), "{report:?}");
    let axios = place.npm("axios", "1.14.1");
    assert_eq!((axios[0].id.as_str(), axios[0].reach), ("MAL-2026-2307", Reach::Named));
    assert_eq!(place.npm("axios", "1.14.0")[0].reach, Reach::OtherVersion);
    assert_eq!(place.npm("@ctrl/tinycolor", "4.1.2")[0].reach, Reach::Named);
    assert_eq!(place.npm("@ctrl/tinycolor", "4.1.0")[0].reach, Reach::ContradictedRange);
    let django = place.look_up(&Ecosystem::Pypi, "Django", "3.2.0");
    assert!(django.len() > 10 && django.iter().all(|one| one.safe.is_some()), "{django:#?}");
}
