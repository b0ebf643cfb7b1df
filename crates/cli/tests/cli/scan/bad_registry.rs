//! Registries that hang, lie or fall over.

use vetch_testkit::{Fault, NpmRegistry, Run};

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
