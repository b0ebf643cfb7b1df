//! Registries that speak TLS, well or not.

use vetch_testkit::{Fault, Identity, NpmRegistry, NpmRegistryBuilder, Project, Run};

use super::{harmless, incomplete, online, says, settings, verdict};

fn serving(identity: Identity) -> NpmRegistryBuilder {
    NpmRegistry::builder().package(harmless("a")).tls(identity)
}

/// A scan of a user of this registry who trusts its authority, or not.
fn scanned(registry: &NpmRegistry, trusts: bool) -> Run {
    let cafile = if trusts { "cafile=${HOME}/authority.pem\n" } else { "" };
    let project = Project::builder("demo")
        .registry(&registry.url())
        .user_npmrc(&format!("{}{cafile}fetch-timeout=3000\n", settings(registry)))
        .home_file("authority.pem", NpmRegistry::AUTHORITY)
        .lock_only(harmless("a"))
        .build();
    online(&project, &[])
}

#[track_caller]
fn unjudged(run: &Run, words: &[&str]) {
    assert_eq!(verdict(run, "a"), "incomplete", "{}", run.stdout);
    says(run, words);
}

/// What the report advises.
fn hint(run: &Run) -> String {
    run.release("pkg:npm/a@1.0.0")["incomplete"][0]["hint"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn an_authority_that_nobody_knows() {
    let registry = serving(Identity::Good).start();
    let run = scanned(&registry, false).expect(3);
    unjudged(&run, &["a@1.0.0", "certificate is not accepted"]);
    assert!(hint(&run).contains("`cafile`"), "{}", hint(&run));
    assert!(registry.requests().is_empty(), "nothing is asked of a stranger");
}

#[test]
fn an_authority_that_the_user_names() {
    let registry = serving(Identity::Good).start();
    let run = scanned(&registry, true).expect(0);
    assert_eq!(verdict(&run, "a"), "clean");
    assert_eq!(registry.requests().len(), 1);
}

#[test]
fn a_certificate_of_another_host() {
    let run = scanned(&serving(Identity::OtherHost).start(), true).expect(3);
    unjudged(&run, &["a@1.0.0", "certificate is not accepted", "elsewhere.invalid"]);
    assert!(hint(&run).contains("not the one it should be"), "{}", hint(&run));
}

#[test]
fn a_certificate_that_has_expired() {
    let run = scanned(&serving(Identity::Expired).start(), true).expect(3);
    unjudged(&run, &["a@1.0.0", "certificate is not accepted", "expired"]);
    assert!(hint(&run).contains("clock"), "{}", hint(&run));
}

#[test]
fn an_answer_that_breaks_off() {
    for fault in [Fault::Truncated, Fault::Reset] {
        let run = scanned(&serving(Identity::Good).fault(&harmless("a").tarball_path(), fault).start(), true).expect(3);
        unjudged(&run, &["a@1.0.0", "127.0.0.1"]);
        assert_eq!(incomplete(&run).len(), 1, "{:?}", incomplete(&run));
    }
}

#[test]
fn plain_http_where_tls_should_be() {
    let plain = NpmRegistry::builder().package(harmless("a")).start();
    let url = plain.url().replace("http:", "https:");
    let project = Project::builder("demo")
        .registry(&url)
        .user_npmrc(&format!("registry={url}\nfetch-retries=0\nfetch-timeout=3000\n"))
        .lock_only(harmless("a"))
        .build();
    let run = online(&project, &[]).expect(3);
    unjudged(&run, &["a@1.0.0", "TLS"]);
    assert!(hint(&run).contains("plain http"), "{}", hint(&run));
}
