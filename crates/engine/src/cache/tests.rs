//! Tests of the cache.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::civil::date;
use vetch_model::integrity::HashAlgorithm;

use super::*;

const TODAY: Date = date(2026, 6, 15);

fn key(n: u8) -> FactsKey {
    FactsKey { content: ContentHash([n; 32]), flags: 0 }
}

fn facts(n: u8) -> PackageFacts {
    PackageFacts { content_hash: ContentHash([n; 32]), files: u32::from(n), ..PackageFacts::default() }
}

fn open(folder: &Path) -> Cache {
    Cache::open(folder, "1", TODAY)
}

fn filled(folder: &Path) -> Cache {
    let cache = open(folder);
    let all: Vec<PackageFacts> = (0..50).map(facts).collect();
    cache.put_facts(all.iter().enumerate().map(|(n, facts)| (key(n as u8), facts)));
    assert_eq!(cache.take_notices(), []);
    cache
}

fn hits(cache: &Cache) -> usize {
    let keys: Vec<FactsKey> = (0..50).map(key).collect();
    let found = cache.facts(&keys);
    assert_eq!(found.len(), keys.len());
    for (n, facts) in found.iter().enumerate() {
        assert!(facts.as_ref().is_none_or(|facts| *facts == self::facts(n as u8)), "a wrong entry");
    }
    found.iter().flatten().count()
}

#[test]
fn what_is_put_is_found_by_later_runs_in_the_order_asked() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path()));
    let cache = open(folder.path());
    assert_eq!(hits(&cache), 50);
    let found = cache.facts(&[key(7), key(200), key(3), key(7)]);
    let files: Vec<Option<u32>> = found.iter().map(|facts| facts.as_ref().map(|facts| facts.files)).collect();
    assert_eq!(files, [Some(7), None, Some(3), Some(7)]);
    assert!(cache.facts(&[]).is_empty());
}

#[test]
fn another_version_or_flag_is_another_key() {
    let folder = tempfile::tempdir().unwrap();
    let cache = filled(folder.path());
    assert!(cache.facts(&[FactsKey { flags: 1, ..key(1) }])[0].is_none());
    assert_eq!(hits(&Cache::open(folder.path(), "2", TODAY)), 0);
    assert_eq!(hits(&open(folder.path())), 50);
}

#[test]
fn identities_and_archives_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let cache = open(folder.path());
    cache.put_identities([(Fingerprint([1; 32]), ContentHash([2; 32]))]);
    assert_eq!(cache.identities(&[Fingerprint([2; 32]), Fingerprint([1; 32])]), [None, Some(ContentHash([2; 32]))]);
    let digest = Digest { algorithm: HashAlgorithm::Sha512, bytes: vec![3; 64] };
    let file = FileDigest { path: "a.js".to_owned(), size: 1, blake3: [4; 32] };
    let entry = ArchiveEntry { content_hash: ContentHash([5; 32]), files: vec![file] };
    cache.put_archives([(&digest, &entry)]);
    assert_eq!(cache.archives(&[&digest]), [Some(entry)]);
    let other = Digest { algorithm: HashAlgorithm::Sha256, ..digest };
    assert_eq!(cache.archives(&[&other]), [None]);
}

#[test]
fn a_tampered_or_swapped_entry_is_a_miss() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path()));
    let connection = rusqlite::Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let ids: Vec<i64> = {
        let mut statement = connection.prepare("SELECT id FROM facts ORDER BY id").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    connection.execute("UPDATE facts SET value = zeroblob(3) WHERE id = ?1", [ids[0]]).unwrap();
    connection.execute("UPDATE facts SET value = value || x'00' WHERE id = ?1", [ids[1]]).unwrap();
    connection
        .execute("UPDATE facts SET value = (SELECT value FROM facts WHERE id = ?2) WHERE id = ?1", [ids[2], ids[3]])
        .unwrap();
    drop(connection);
    let cache = open(folder.path());
    assert_eq!(hits(&cache), 47);
    assert_eq!(cache.take_notices(), []);
}

#[test]
fn a_file_that_is_no_database_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(FILE_NAME), "not a database, and long enough to be taken for one".repeat(99)).unwrap();
    let cache = filled_with_notice(folder.path());
    assert_eq!(hits(&cache), 50);
    assert!(folder.path().join(format!("{FILE_NAME}.damaged")).is_file());
}

#[test]
fn another_programs_database_is_set_aside_whole() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(FILE_NAME);
    rusqlite::Connection::open(&file)
        .unwrap()
        .execute_batch("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)")
        .unwrap();
    let cache = filled_with_notice(folder.path());
    assert_eq!(hits(&cache), 50);
    let theirs = rusqlite::Connection::open(folder.path().join(format!("{FILE_NAME}.damaged"))).unwrap();
    assert_eq!(theirs.query_row("SELECT x FROM theirs", [], |row| row.get::<_, i64>(0)).unwrap(), 1);
}

fn filled_with_notice(folder: &Path) -> Cache {
    let cache = open(folder);
    let notices = cache.take_notices();
    assert!(notices.len() == 1 && notices[0].0.contains("begun anew"), "{notices:?}");
    drop(cache);
    filled(folder)
}

#[test]
fn damage_anywhere_in_the_file_gives_misses_or_a_new_cache_but_never_a_wrong_entry() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path()));
    let file = folder.path().join(FILE_NAME);
    let sound = fs::read(&file).unwrap();
    for step in 0..24 {
        let mut bytes = sound.clone();
        let at = step * bytes.len() / 24;
        if step % 2 == 0 {
            bytes.truncate(at);
        } else {
            let end = (at + 700).min(bytes.len());
            bytes[at..end].fill(0x5a);
        }
        fs::write(&file, &bytes).unwrap();
        for extra in ["-wal", "-shm"] {
            fs::remove_file(folder.path().join(format!("{FILE_NAME}{extra}"))).ok();
        }
        let cache = open(folder.path());
        hits(&cache);
        let again = facts(1);
        cache.put_facts([(key(1), &again)]);
        drop(cache);
        // A later run works, whatever the damage was.
        let cache = open(folder.path());
        cache.put_facts([(key(1), &again)]);
        hits(&cache);
    }
}

#[test]
fn a_folder_that_cannot_be_used_is_a_notice() {
    let scratch = tempfile::tempdir().unwrap();
    let not_a_folder = scratch.path().join("file");
    fs::write(&not_a_folder, "").unwrap();
    let cache = open(&not_a_folder.join("cache"));
    let notices = cache.take_notices();
    assert!(notices.len() == 1 && notices[0].0.contains("--cache-dir"), "{notices:?}");
    cache.put_facts([(key(1), &facts(1))]);
    assert_eq!(hits(&cache), 0);
    assert!(cache.prune(Limits { days: None, bytes: None }).is_err());
    assert_eq!(cache.take_notices(), []);
}

#[test]
fn a_failing_write_is_one_notice_and_reading_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let cache = filled(folder.path());
    {
        let mut state = cache.lock();
        let connection = &state.database.as_mut().unwrap().connection;
        // A full disk, as far as SQLite is concerned.
        let pages = database::number(connection, "PRAGMA page_count").unwrap();
        connection.pragma_update(None, "max_page_count", pages).unwrap();
    }
    let big = PackageFacts { imports: Vec::new(), manifest: None, ..facts(60) };
    let many: Vec<FactsKey> = (0..20_000).map(|n| FactsKey { flags: n, ..key(60) }).collect();
    cache.put_facts(many.iter().map(|key| (*key, &big)));
    cache.put_facts([(key(61), &big)]);
    let notices = cache.take_notices();
    assert!(notices.len() == 1 && notices[0].0.contains("free some space"), "{notices:?}");
    assert!(cache.facts(&[many[0]])[0].is_none(), "all of a batch, or nothing");
    assert_eq!(hits(&cache), 50);
}

#[test]
fn concurrent_runs_share_one_folder() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let threads: Vec<_> = (0..6u8)
        .map(|run| {
            let folder = Arc::clone(&folder);
            std::thread::spawn(move || {
                let cache = open(folder.path());
                for n in 0..8 {
                    cache.put_facts([(key(run * 8 + n), &facts(run * 8 + n))]);
                    hits(&cache);
                }
                cache.take_notices()
            })
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), []);
    }
    assert_eq!(hits(&open(folder.path())), 48);
}

#[test]
fn a_transaction_that_was_cut_off_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let cache = filled(folder.path());
    {
        let mut state = cache.lock();
        let transaction = state.database.as_mut().unwrap().write().unwrap();
        transaction.execute("DELETE FROM facts", []).unwrap();
        // What a killed run leaves on the disk: everything but the commit.
        for name in ["", "-wal"] {
            let name = format!("{FILE_NAME}{name}");
            fs::create_dir_all(folder.path().join("copy")).unwrap();
            fs::copy(folder.path().join(&name), folder.path().join("copy").join(&name)).unwrap();
        }
    }
    assert_eq!(hits(&open(&folder.path().join("copy"))), 50);
}

#[test]
fn pruning_by_age_spares_what_was_used() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path()));
    let later = Cache::open(folder.path(), "1", date(2026, 9, 1));
    assert!(later.facts(&[key(4)])[0].is_some());
    let pruned = later.prune(Limits { days: Some(30), bytes: None }).unwrap();
    assert_eq!(pruned.entries, 49);
    assert_eq!(hits(&later), 1);
    assert_eq!(later.prune(Limits { days: Some(30), bytes: None }).unwrap().entries, 0);
}

#[test]
fn pruning_by_size_removes_the_oldest_and_gives_space_back() {
    let folder = tempfile::tempdir().unwrap();
    let old = Cache::open(folder.path(), "1", date(2026, 1, 1));
    let all: Vec<FactsKey> = (1..3000).map(|flags| FactsKey { flags, ..key(0) }).collect();
    let big = facts(9);
    old.put_facts(all.iter().map(|key| (*key, &big)));
    drop(old);
    let cache = filled(folder.path());
    let pruned = cache.prune(Limits { days: None, bytes: Some(50_000) }).unwrap();
    assert_eq!(pruned.entries, 2999);
    assert!(pruned.after < pruned.before / 3, "{pruned:?}");
    assert_eq!(hits(&cache), 50);
}

#[test]
fn archives_are_stored_whole_and_pruned() {
    let folder = tempfile::tempdir().unwrap();
    let store = ArchiveStore::new(folder.path());
    let digest = |n: u8| Digest { algorithm: HashAlgorithm::Sha1, bytes: vec![n; 20] };
    assert!(store.open(&digest(1)).is_none());
    for n in 1..=3 {
        store.put(&digest(n), &[n; 100]).unwrap();
    }
    let bytes = std::io::read_to_string(store.open(&digest(1)).unwrap()).unwrap();
    assert_eq!(bytes.as_bytes(), [1; 100]);
    let now = SystemTime::now();
    let age = |n: u8, days: u64| {
        let path = folder.path().join("archives/sha1").join(digest(n).to_hex());
        fs::File::options()
            .append(true)
            .open(path)
            .unwrap()
            .set_modified(now - Duration::from_secs(86_400 * days))
            .unwrap();
    };
    age(1, 40);
    age(2, 20);
    let pruned = store.prune(Limits { days: Some(30), bytes: None }, now).unwrap();
    assert_eq!((pruned.entries, pruned.before, pruned.after), (1, 300, 200));
    let pruned = store.prune(Limits { days: None, bytes: Some(150) }, now).unwrap();
    assert_eq!((pruned.entries, store.open(&digest(2)).is_none()), (1, true));
    store.remove(&digest(3)).unwrap();
    store.remove(&digest(3)).unwrap();
    assert!(store.open(&digest(3)).is_none());
}

#[test]
fn reading_an_archive_counts_as_use() {
    let folder = tempfile::tempdir().unwrap();
    let store = ArchiveStore::new(folder.path());
    let digest = Digest { algorithm: HashAlgorithm::Sha1, bytes: vec![1; 20] };
    store.put(&digest, b"x").unwrap();
    let path = folder.path().join("archives/sha1").join(digest.to_hex());
    let old = SystemTime::now() - Duration::from_secs(86_400 * 40);
    fs::File::options().append(true).open(&path).unwrap().set_modified(old).unwrap();
    assert!(store.open(&digest).is_some());
    assert_eq!(store.prune(Limits { days: Some(30), bytes: None }, SystemTime::now()).unwrap().entries, 0);
}

#[test]
fn clearing_removes_the_cache_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path()));
    ArchiveStore::new(folder.path()).put(&Digest { algorithm: HashAlgorithm::Sha1, bytes: vec![1; 20] }, b"x").unwrap();
    fs::write(folder.path().join("mine.txt"), "").unwrap();
    clear(folder.path()).unwrap();
    clear(folder.path()).unwrap();
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["mine.txt"]);
}

#[test]
fn the_default_folder_follows_xdg() {
    let home = Path::new("/home/u");
    assert_eq!(default_folder(Some(Path::new("/c")), Some(home)), Some(PathBuf::from("/c/vetch")));
    assert!(default_folder(Some(Path::new("relative")), Some(home)).unwrap().starts_with(home));
    assert_eq!(default_folder(None, None), None);
}
