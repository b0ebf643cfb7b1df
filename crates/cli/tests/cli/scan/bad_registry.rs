//! Registries that hang, lie or fall over.

use vetch_testkit::{Fault, Identity, NpmRegistry, Pkg, Run};

use super::{dropper, harmless, online, rules, says, settings, using, verdict};

/// `a` meets the fault; `other` is served well.
fn served(fault: Fault) -> Run {
    let (a, other) = (harmless("a"), harmless("other"));
    let registry =
        NpmRegistry::builder().package(a.clone()).package(other.clone()).fault(&a.tarball_path(), fault).start();
    let patience = format!("{}fetch-timeout=150\nfetch-retries=0\n", settings(&registry));
    let project = using(&registry).user_npmrc(&patience).lock_only(a).lock_only(other).build();
    let run = online(&project, &[]);
    assert_eq!(verdict(&run, "other"), "clean");
    assert_ne!(verdict(&run, "a"), "clean");
    run
}

#[test]
fn hangs() {
    says(&served(Fault::Hang).expect(3), &["a@1.0.0", "in time"]);
}

#[test]
fn answers_a_web_page() {
    says(&served(Fault::Html).expect(3), &["a@1.0.0", "web page"]);
}

#[test]
fn closes_too_early() {
    says(&served(Fault::Truncated).expect(3), &["a@1.0.0"]);
    says(&served(Fault::Reset).expect(3), &["a@1.0.0"]);
}

#[test]
fn refuses() {
    says(&served(Fault::Status(401, None)).expect(3), &["a@1.0.0", "401"]);
    says(&served(Fault::Status(404, None)).expect(3), &["a@1.0.0", "404"]);
    says(&served(Fault::Status(500, None)).expect(3), &["a@1.0.0", "500"]);
}

#[test]
fn sends_another_packages_bytes() {
    let run = served(Fault::WrongBytes(dropper("b").tarball())).expect(1);
    assert!(rules(&run, "a").iter().any(|rule| rule == "integrity-mismatch"), "{}", run.stdout);
}

#[test]
fn trickles() {
    let run = served(Fault::Slow { piece: 1, pause: std::time::Duration::from_millis(40) }).expect(3);
    says(&run, &["a@1.0.0", "in time"]);
}

#[test]
fn sends_nothing() {
    served(Fault::WrongBytes(Vec::new())).expect(1);
}

#[test]
fn sends_in_circles() {
    let (a, registry) = (harmless("a"), NpmRegistry::builder());
    let registry = registry.fault(&a.tarball_path(), Fault::Redirect(a.tarball_path())).start();
    let run = online(&using(&registry).lock_only(a).build(), &[]).expect(3);
    says(&run, &["a@1.0.0", "redirected more than"]);
}

/// Without an integrity only what is in the archive can tell.
#[test]
fn sends_another_packages_bytes_and_no_hash_is_locked() {
    let a = harmless("a");
    for fault in [
        Fault::WrongBytes(Pkg::new("b", "7.0.0").file("index.js", "module.exports = 1;\n").tarball()),
        Fault::WrongBytes(dropper("b").tarball()),
        Fault::WrongBytes(vec![0x1f, 0x8b, 8, 0]),
        Fault::WrongBytes(b"hello".to_vec()),
        Fault::WrongBytes(Vec::new()),
        Fault::Html,
    ] {
        let shown = format!("{fault:?}").chars().take(60).collect::<String>();
        let registry = NpmRegistry::builder().tls(Identity::Good).fault(&a.tarball_path(), fault).start();
        let trusting = format!("{}cafile=${{HOME}}/authority.pem\n", settings(&registry));
        let project = using(&registry)
            .user_npmrc(&trusting)
            .home_file("authority.pem", NpmRegistry::AUTHORITY)
            .lock_only(a.clone())
            .edit_lockfile(|lock| {
                lock["packages"]["node_modules/a"].as_object_mut().unwrap().remove("integrity");
            })
            .build();
        let run = online(&project, &[]);
        assert!(matches!(run.status, 1 | 3), "{shown}: {}\n{}", run.status, run.stdout);
        assert!(!matches!(verdict(&run, "a").as_str(), "clean" | "notable"), "{shown}: {}", run.stdout);
    }
}

#[test]
fn never_ends() {
    let run = served(Fault::Endless(64 << 20));
    assert!(run.status == 1 || run.status == 3, "{}", run.status);
}

#[test]
fn is_not_there() {
    let registry = NpmRegistry::builder().start();
    let settings = format!("{}fetch-retries=0\n", settings(&registry));
    let project = using(&registry).user_npmrc(&settings).lock_only(harmless("a")).build();
    drop(registry);
    says(&online(&project, &[]).expect(3), &["a@1.0.0"]);
}
