//! Snapshots of intelligence: made with one home, taken in with another.

use std::fs;
use std::path::{Path, PathBuf};

use vetch_testkit::{Pkg, Project, Run};

use crate::vetch;

const RECORD: &str = r#"{"id": "MAL-2026-2307", "modified": "2026-04-07T14:41:20Z", "summary": "About kitchen-scales",
    "affected": [{"package": {"ecosystem": "npm", "name": "kitchen-scales"}, "versions": ["1.14.1"]}]}"#;

/// Of a vulnerability that no record names.
const JUDGEMENT: &str = r#"{"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://acme.invalid/vex-1", "author": "Acme",
    "timestamp": "2026-05-01T00:00:00Z", "version": 1, "statements": [{"vulnerability": {"name": "CVE-2026-1"},
    "products": [{"@id": "pkg:npm/kitchen-scales@1.14.1"}], "status": "fixed"}]}"#;

/// ATT&CK as MITRE gives it out, with a technique that is not shipped and other words for one that is.
const ATTACK: &str = r#"{"type": "bundle", "id": "bundle--1", "objects": [
    {"type": "attack-pattern", "id": "attack-pattern--1", "name": "Newest Trick",
     "external_references": [{"source_name": "mitre-attack", "external_id": "T9999"}],
     "kill_chain_phases": [{"kill_chain_name": "mitre-attack", "phase_name": "impact"}]},
    {"type": "attack-pattern", "id": "attack-pattern--2", "name": "Renamed",
     "external_references": [{"source_name": "mitre-attack", "external_id": "T1195.002"}]}]}"#;

struct Place {
    project: Project,
}

impl Place {
    /// A project with the release that the record means, and these settings of the user's.
    fn new(settings: Option<&str>) -> Place {
        let axios = Pkg::new("kitchen-scales", "1.14.1").file("index.js", "module.exports = 1;\n");
        let builder = Project::builder("demo").lock_only(axios.clone()).archive(&axios).file("mal.json", RECORD);
        let builder = builder.file("vex.json", JUDGEMENT).file("attack.json", ATTACK);
        let builder = match settings {
            Some(settings) => builder.home_file(".config/vetch/config.toml", settings),
            None => builder,
        };
        Place { project: builder.build() }
    }

    fn run(&self, arguments: &[&str]) -> Run {
        vetch(arguments).dir(self.project.root()).home(self.project.home()).run()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.project.root().join(name)
    }

    fn copy(&self, from: &Place, names: &[&str]) {
        for name in names {
            fs::copy(from.file(name), self.file(name)).unwrap();
        }
    }

    fn scan(&self) -> Run {
        let run = vetch(&["scan", "--offline", "--allow-incomplete", "--archives"]).args([self.project.archives()]);
        run.dir(self.project.root()).home(self.project.home()).run()
    }
}

/// One that has packed `all.vetch-intel`, signed with `team.key`.
fn packed() -> Place {
    let place = Place::new(None);
    place.run(&["intel", "import", "mal.json", "vex.json"]).expect(0);
    let run = place.run(&["intel", "key", "--output", "team.key", "--no-password"]).expect(0);
    assert!(run.stderr.contains("not protected by a password"), "{}", run.stderr);
    let run = place.run(&["intel", "pack", "--output", "all.vetch-intel", "--key", "team.key"]).expect(0);
    assert!(run.stdout.contains("1 records, 1 documents of judgements, signed by "), "{}", run.stdout);
    place
}

fn line(file: &Path) -> String {
    fs::read_to_string(file).unwrap().lines().nth(1).unwrap().to_owned()
}

const BOTH: [&str; 2] = ["all.vetch-intel", "all.vetch-intel.minisig"];

#[test]
fn a_closed_network_takes_in_what_its_team_signed() {
    let there = packed();
    let key = line(&there.file("team.key.pub"));
    let here = Place::new(Some(&format!("[intel]\ntrusted-keys = [\"{key}\"]\n")));
    here.copy(&there, &BOTH);
    here.scan().expect(0);
    // What a file is, its contents say.
    fs::rename(here.file(BOTH[0]), here.file("today")).unwrap();
    fs::rename(here.file(BOTH[1]), here.file("today.minisig")).unwrap();
    let run = here.run(&["intel", "import", "today"]).expect(0);
    assert!(
        run.stdout.contains("1 records, 1 documents of judgements, signed by") && run.stdout.contains("in place of"),
        "{}",
        run.stdout
    );
    let run = here.scan().expect(1);
    assert!(run.stdout.contains("MAL-2026-2307"), "{}", run.stdout);
    let status = here.run(&["intel", "status", "--format", "json"]).expect(0);
    let snapshot = &status.json()["snapshot"];
    assert_eq!((snapshot["file"].as_str(), snapshot["changed"].as_bool()), (Some("today"), Some(false)));
    assert_eq!(snapshot["key"].as_str().map(str::len), Some(16));
    assert_eq!(status.json()["vex_statements"], 1);
    let run = here.run(&["intel", "status"]).expect(0);
    let words = format!("signed by {}", snapshot["key"].as_str().unwrap());
    assert!(run.stdout.contains("from the snapshot `today`") && run.stdout.contains(&words), "{}", run.stdout);
    // The same content, packed here, is the same file.
    here.run(&["intel", "pack", "--output", "again"]).expect(0);
    assert_eq!(fs::read(here.file("again")).unwrap(), fs::read(there.file(BOTH[0])).unwrap());
    let none = there.run(&["intel", "status", "--format", "json"]).expect(0);
    assert!(none.json()["snapshot"].is_null());
}

#[test]
fn techniques_of_attack_are_shipped_imported_and_handed_on() {
    let (there, here) = (Place::new(None), Place::new(None));
    let shown = |place: &Place, id: &str| place.run(&["intel", "show", id]);
    let before = shown(&there, "T1195.002").expect(0).stdout;
    assert!(
        before.contains("Supply Chain Compromise: ") && before.contains("rules") && before.contains("axios"),
        "{before}"
    );
    shown(&there, "T9999").expect(2);
    let run = there.run(&["intel", "import", "attack.json"]).expect(0);
    assert!(run.stdout.contains("2 techniques of ATT&CK"), "{}", run.stdout);
    let after = shown(&there, "T1195.002").expect(0).stdout;
    assert!(after.contains("Renamed") && !after.contains("Supply Chain Compromise: "), "{after}");
    there.run(&["intel", "key", "--output", "team.key", "--no-password"]).expect(0);
    there.run(&["intel", "pack", "--output", BOTH[0], "--key", "team.key"]).expect(0);
    here.copy(&there, &BOTH);
    let key = line(&there.file("team.key.pub"));
    here.run(&["intel", "import", BOTH[0], "--key", &key]).expect(0);
    let json = here.run(&["intel", "show", "T9999", "--format", "json"]).expect(0).json();
    assert_eq!(
        (&json["techniques"][0]["name"], &json["techniques"][0]["tactics"][0]),
        (&"Newest Trick".into(), &"impact".into())
    );
}

#[test]
fn keys_are_named_as_lines_or_files_and_beside_the_settings() {
    let there = packed();
    let with = |settings: Option<&str>| {
        let here = Place::new(settings);
        here.copy(&there, &BOTH);
        here.copy(&there, &["team.key.pub"]);
        here
    };
    let here = with(None);
    here.run(&["intel", "import", BOTH[0], "--key", "team.key.pub"]).expect(0);
    here.run(&["intel", "import", BOTH[0], "--key", &line(&there.file("team.key.pub"))]).expect(0);
    let run = here.run(&["intel", "import", BOTH[0], "--key", "gone.pub"]).expect(2);
    assert!(run.stderr.contains("gone.pub") && run.stderr.contains("RW…"), "{}", run.stderr);
    let run = here.run(&["intel", "import", BOTH[0], "--key", "mal.json"]).expect(2);
    assert!(run.stderr.contains("no public key"), "{}", run.stderr);
    let beside = with(Some("[intel]\ntrusted-keys = [\"team.pub\"]\n"));
    beside.run(&["intel", "import", BOTH[0]]).expect(2);
    fs::copy(there.file("team.key.pub"), beside.project.home().join(".config/vetch/team.pub")).unwrap();
    beside.run(&["intel", "import", BOTH[0]]).expect(0);
}

#[test]
fn what_is_not_signed_by_them_is_refused_with_what_to_do() {
    let there = packed();
    let here = Place::new(None);
    here.copy(&there, &["all.vetch-intel"]);
    let import = |more: &[&str]| here.run(&[&["intel", "import", "all.vetch-intel"], more].concat()).expect(2).stderr;
    let error = import(&[]);
    assert!(error.contains("you trust no key") && error.contains("trusted-keys"), "{error}");
    let key = line(&there.file("team.key.pub"));
    let error = import(&["--key", &key]);
    assert!(error.contains("not signed") && error.contains("all.vetch-intel.minisig"), "{error}");
    here.copy(&there, &BOTH);
    here.run(&["intel", "key", "--output", "own.key", "--no-password"]).expect(0);
    let error = import(&["--key", "own.key.pub"]);
    assert!(error.contains("no key that you trust") && error.contains("ask them for its id"), "{error}");
    let mut bytes = fs::read(here.file(BOTH[0])).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(here.file(BOTH[0]), bytes).unwrap();
    let error = import(&["--key", &key]);
    assert!(error.contains("changed or damaged") && error.contains("fetch the snapshot again"), "{error}");
    here.run(&["intel", "status"]).expect(2);
    // A project has no say in whom its user trusts.
    let project = Project::builder("demo").file("vetch.toml", format!("[intel]\ntrusted-keys = [\"{key}\"]\n")).build();
    for name in BOTH {
        fs::copy(there.file(name), project.root().join(name)).unwrap();
    }
    let run = vetch(&["intel", "import", BOTH[0]]).dir(project.root()).home(project.home()).run().expect(2);
    assert!(run.stderr.contains("you trust no key"), "{}", run.stderr);
}

#[test]
fn older_ones_are_refused_unless_they_are_wanted() {
    let there = packed();
    let here = Place::new(None);
    here.copy(&there, &BOTH);
    let key = line(&there.file("team.key.pub"));
    let newer = RECORD.replace("MAL-2026-2307", "MAL-2026-9").replace("2026-04-07", "2026-05-07");
    fs::write(here.file("newer.json"), newer).unwrap();
    here.run(&["intel", "import", "newer.json"]).expect(0);
    let run = here.run(&["intel", "import", BOTH[0], "--key", &key]).expect(2);
    assert!(run.stderr.contains("older than what is there") && run.stderr.contains("--allow-older"), "{}", run.stderr);
    here.run(&["intel", "show", "MAL-2026-9"]).expect(0);
    here.run(&["intel", "import", BOTH[0], "--key", &key, "--allow-older"]).expect(0);
    here.run(&["intel", "show", "MAL-2026-9"]).expect(1);
}

#[test]
fn one_that_is_killed_leaves_what_was_there_or_is_there_whole() {
    const COUNT: u64 = 20_000;
    let there = packed();
    let list: String = (0..COUNT).map(|number| format!("host-{number}.invalid\n")).collect();
    fs::write(there.file("list.txt"), list).unwrap();
    there.run(&["intel", "import", "list.txt"]).expect(0);
    there.run(&["intel", "pack", "--output", BOTH[0], "--key", "team.key"]).expect(0);
    let here = Place::new(None);
    here.copy(&there, &BOTH);
    here.copy(&there, &["team.key.pub"]);
    fs::write(here.file("own.txt"), "own.invalid\n").unwrap();
    here.run(&["intel", "import", "own.txt"]).expect(0);
    let arguments = ["intel", "import", BOTH[0], "--key", "team.key.pub"];
    for pause in [0, 50, 150, 400, 900] {
        let mut running = vetch(&arguments).dir(here.project.root()).home(here.project.home()).start();
        std::thread::sleep(std::time::Duration::from_millis(pause));
        running.kill();
        running.end();
        let status = here.run(&["intel", "status", "--format", "json"]).expect(0).json();
        let (hosts, is_loaded) = (status["indicators"]["domain"].as_u64(), !status["snapshot"].is_null());
        assert!([(Some(1), false), (Some(COUNT), true)].contains(&(hosts, is_loaded)), "{status}");
    }
    here.run(&arguments).expect(0);
    here.run(&["intel", "show", "host-7.invalid"]).expect(0);
    here.run(&["intel", "show", "own.invalid"]).expect(1);
}

#[test]
fn keys_are_never_replaced_and_only_for_their_owner() {
    let place = packed();
    let before = fs::read(place.file("team.key")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |name: &str| fs::metadata(place.file(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode("team.key"), 0o600);
        fs::set_permissions(place.file("team.key"), fs::Permissions::from_mode(0o644)).unwrap();
        let run = place.run(&["intel", "pack", "--output", "x", "--key", "team.key"]).expect(0);
        assert!(run.stderr.contains("others may read `team.key`"), "{}", run.stderr);
    }
    let run = place.run(&["intel", "key", "--output", "team.key", "--no-password"]).expect(2);
    assert!(run.stderr.contains("never replaced"), "{}", run.stderr);
    assert_eq!(fs::read(place.file("team.key")).unwrap(), before);
    // Half a pair is not left behind.
    fs::write(place.file("half.pub"), "").unwrap();
    place.run(&["intel", "key", "--output", "half", "--no-password"]).expect(2);
    assert!(!place.file("half").exists());
    let run = place.run(&["intel", "pack", "--output", "y", "--key", "team.key.pub"]).expect(2);
    assert!(run.stderr.contains("team.key.pub") && !place.file("y").exists(), "{}", run.stderr);
    let run = place.run(&["intel", "pack", "--output", "z"]).expect(0);
    assert!(run.stderr.contains("it is not signed") && run.stderr.contains("minisign -S"), "{}", run.stderr);
    let run = place.run(&["intel", "pack", "--output", "no/such/z"]).expect(2);
    assert!(run.stderr.contains("create the folder"), "{}", run.stderr);
    place.run(&["intel", "--intel", "elsewhere", "pack", "--output", "z"]).expect(2);
}

#[test]
fn a_key_with_a_password_signs_with_that_password_alone() {
    let place = packed();
    let with = |password: &str, arguments: &[&str]| {
        let run = vetch(arguments).dir(place.project.root()).home(place.project.home());
        run.env("VETCH_KEY_PASSWORD", password).run()
    };
    let run = with("open sesame", &["intel", "key", "--output", "sealed.key"]).expect(0);
    run.never_mentions("open sesame");
    with("open sesame", &["intel", "pack", "--output", "s", "--key", "sealed.key"]).expect(0);
    place.run(&["intel", "import", "s", "--key", "sealed.key.pub"]).expect(0);
    let run = with("wrong", &["intel", "pack", "--output", "t", "--key", "sealed.key"]).expect(2);
    assert!(run.stderr.contains("the password does not open it") && !place.file("t").exists(), "{}", run.stderr);
}
