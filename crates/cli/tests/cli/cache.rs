//! `vetch cache`.

use crate::{run, vetch};

#[test]
fn the_path_follows_the_environment_and_the_option() {
    let path = run(&["cache", "path"]).expect(0).stdout;
    assert!(path.trim_end().ends_with(".cache/vetch"), "{path}");
    let path = vetch(&["cache", "path"]).env("XDG_CACHE_HOME", "/elsewhere").run().expect(0).stdout;
    assert_eq!(path, "/elsewhere/vetch\n");
    assert_eq!(run(&["cache", "path", "--cache-dir", "/given"]).expect(0).stdout, "/given\n");
    assert_eq!(run(&["cache", "--cache-dir", "/given", "path"]).expect(0).stdout, "/given\n");
}

#[test]
fn pruning_and_clearing_take_only_what_is_the_caches() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("c");
    let in_cache = |arguments: &[&str]| vetch(arguments).dir(folder.path()).run();
    let nothing = in_cache(&["cache", "prune", "--cache-dir", "c"]).expect(0);
    assert!(nothing.stdout.contains("Nothing to remove") && !cache.exists());
    std::fs::create_dir_all(cache.join("archives/sha1")).unwrap();
    std::fs::write(cache.join("archives/sha1/00"), "archive").unwrap();
    std::fs::write(cache.join("mine.txt"), "").unwrap();
    let kept = in_cache(&["cache", "prune", "--cache-dir", "c"]).expect(0);
    assert!(kept.stdout.starts_with("Removed 0 entries; "), "{}", kept.stdout);
    let pruned = in_cache(&["cache", "prune", "--cache-dir", "c", "--max-size", "0"]).expect(0);
    assert!(pruned.stdout.starts_with("Removed 1 entry; "), "{}", pruned.stdout);
    in_cache(&["cache", "clear", "--cache-dir", "c"]).expect(0);
    in_cache(&["cache", "clear", "--cache-dir", "c"]).expect(0);
    let left: Vec<_> = std::fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["mine.txt"]);
}

#[test]
fn sizes_that_are_none_are_usage_errors() {
    let error = run(&["cache", "prune", "--max-size", "much"]).expect(2);
    assert!(error.stderr.contains("500M"), "{}", error.stderr);
}
