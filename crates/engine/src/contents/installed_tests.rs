//! Tests of the walk and of the identity that warm runs trust.

use super::*;
use std::fs;
use std::os::fd::AsFd;
use std::os::unix::fs::symlink;
use std::path::Path;

fn walked(folder: &Path) -> Walked {
    walk(fs::File::open(folder).unwrap().into(), Scope::Package)
}

fn paths(walked: &Walked) -> Vec<&str> {
    walked.files.iter().map(|file| file.path.as_str()).collect()
}

#[test]
fn other_packages_are_left_out_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    for path in ["index.js", "lib/b.js", "lib/node_modules/inner/x.js", "node_modules/other/index.js", ".hidden/a"] {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "1").unwrap();
    }
    assert_eq!(paths(&walked(folder.path())), [".hidden/a", "index.js", "lib/b.js", "lib/node_modules/inner/x.js"]);
    let own = walk(fs::File::open(folder.path()).unwrap().into(), Scope::OwnCode);
    assert_eq!(paths(&own), [".hidden/a", "index.js", "lib/b.js"]);
}

#[test]
fn links_are_told_of_and_not_followed() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "1").unwrap();
    let folder = tempfile::tempdir().unwrap();
    symlink(outside.path(), folder.path().join("folder")).unwrap();
    symlink(outside.path().join("secret"), folder.path().join("file")).unwrap();
    symlink(".", folder.path().join("ring")).unwrap();
    let walked = walked(folder.path());
    assert!(walked.files.is_empty());
    assert_eq!(walked.anomalies.len(), 3);
    assert!(walked.anomalies.iter().all(|anomaly| anomaly.kind == AnomalyKind::Link && !anomaly.loses_contents()));
}

#[test]
fn a_link_on_the_way_to_a_folder_is_refused() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("real/inner")).unwrap();
    symlink("real", root.path().join("link")).unwrap();
    let handle = fs::File::open(root.path()).unwrap();
    assert!(open_folder(handle.as_fd(), "real/inner").is_ok());
    assert!(open_folder(handle.as_fd(), "link/inner").is_err());
    assert!(open_folder(handle.as_fd(), "real/../real").is_err());
}

#[test]
fn every_change_changes_the_fingerprint() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.js");
    fs::write(&file, "one").unwrap();
    let before = walked(folder.path());
    assert_eq!(before.fingerprint(), walked(folder.path()).fingerprint());
    // The same size, and the time of modification put back: the time of status change tells.
    let time = fs::metadata(&file).unwrap().modified().unwrap();
    std::thread::sleep(Duration::from_millis(20));
    fs::write(&file, "two").unwrap();
    fs::File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
    let after = walked(folder.path());
    assert_eq!(before.files[0].identity.modified, after.files[0].identity.modified);
    assert_ne!(before.fingerprint(), after.fingerprint());
    assert!(open_file(fs::File::open(folder.path()).unwrap().as_fd(), &before.files[0]).is_err());
}

#[test]
fn fresh_files_are_not_settled() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.js"), "1").unwrap();
    let walked = walked(folder.path());
    let now = SystemTime::now();
    assert!(!walked.is_settled(now));
    assert!(walked.is_settled(now + RACY + Duration::from_secs(1)));
}

#[test]
fn a_flood_of_links_hides_no_loss() {
    let mut walked = Walked::default();
    for number in 0..1000 {
        walked.note(AnomalyKind::Link, &number.to_string(), "");
    }
    walked.note(AnomalyKind::Corrupt, "a", "");
    let walked = walked.finish();
    assert!(walked.anomalies.len() == MAX_ANOMALIES + 2);
    assert!(walked.anomalies.iter().any(ContainerAnomaly::loses_contents));
}

#[test]
fn many_folders_come_back_in_order() {
    let root = tempfile::tempdir().unwrap();
    let folders: Vec<_> = (0..20).map(|number| root.path().join(number.to_string())).collect();
    for (number, folder) in folders.iter().enumerate().filter(|(number, _)| number % 5 != 0) {
        fs::create_dir(folder).unwrap();
        fs::write(folder.join(format!("f{number}")), "").unwrap();
    }
    let all = walk_all(&folders, 4, |folder| std::io::Result::Ok(walk(fs::File::open(folder)?.into(), Scope::Package)));
    for (number, walked) in all.iter().enumerate() {
        match walked {
            Ok(walked) => assert_eq!(walked.files[0].path, format!("f{number}")),
            Err(_) => assert_eq!(number % 5, 0),
        }
    }
}
