//! The client against a registry that misbehaves, and against projects that would
//! make it reach where it must not.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is a failed test")]

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use vetch_model::Integrity;
use vetch_registries::{ClientOptions, Environment, FetchError, NpmClient, NpmConfig, TarballRequest, sri};
use vetch_testkit::{Fault, NpmRegistry, NpmRegistryBuilder, Pkg, Project, integrity};

/// Pauses of a millisecond, so that retries cost nothing.
const QUICK: &str = "fetch-retry-mintimeout=1\nfetch-retry-maxtimeout=5\n";

fn pkg() -> Pkg {
    Pkg::new("a", "1.0.0").file("index.js", "module.exports = 1;\n")
}

fn request(pkg: &Pkg, url: Option<String>) -> TarballRequest {
    TarballRequest {
        name: pkg.name().to_owned(),
        version: Some(pkg.version().to_owned()),
        url,
        remote: false,
        integrity: Some(Integrity::parse(&pkg.integrity()).unwrap()),
    }
}

fn client_of(user: &str, project: &str, options: ClientOptions) -> NpmClient {
    let project = Project::builder("demo").user_npmrc(&format!("{QUICK}{user}")).npmrc(project).build();
    let environment = Environment {
        variables: BTreeMap::new(),
        home: Some(project.home()),
        project: Some(project.root()),
        trust_project: false,
    };
    NpmClient::new(NpmConfig::load(&environment), options).unwrap()
}

fn client(user: &str) -> NpmClient {
    client_of(user, "", ClientOptions::default())
}

/// A client whose user names this registry.
fn client_for(registry: &NpmRegistry, more: &str) -> NpmClient {
    client(&format!("registry={}\n{more}", registry.url()))
}

/// A registry that has `pkg()` and meets its tarball with this fault.
fn faulty(fault: Fault) -> NpmRegistry {
    builder().fault(&pkg().tarball_path(), fault).start()
}

fn builder() -> NpmRegistryBuilder {
    NpmRegistry::builder().package(pkg())
}

fn fetch_error(registry: &NpmRegistry, more: &str) -> FetchError {
    let error = client_for(registry, more).fetch_tarball(request(&pkg(), None)).unwrap_err();
    assert!(!error.hint().is_empty());
    error
}

#[test]
fn an_archive_is_fetched_verified_and_streamed() {
    let registry = builder().start();
    let public = Some("https://registry.npmjs.org/a/-/a-1.0.0.tgz".to_owned());
    for url in [None, Some(registry.tarball_url(&pkg())), public] {
        let tarball = client_for(&registry, "").fetch_tarball(request(&pkg(), url)).unwrap();
        assert!(tarball.verified);
        assert_eq!(sri(&tarball.sha512), pkg().integrity());
        assert_eq!(tarball.len as usize, pkg().tarball().len());
        assert_eq!(tarball.into_bytes().unwrap(), pkg().tarball());
    }
    assert_eq!(registry.paths(), [pkg().tarball_path(), pkg().tarball_path(), pkg().tarball_path()]);
}

#[test]
fn large_archives_spill_to_disk_and_stay_whole() {
    let noise: Vec<u8> = (0u32..1_200_000).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let big = Pkg::new("big", "1.0.0").file("noise.bin", noise);
    let archive = big.tarball();
    assert!(archive.len() > 4 << 20, "larger than what is kept in memory");
    let registry = NpmRegistry::builder().file(&big.tarball_path(), archive.clone()).start();
    let wanted = Integrity::parse(&integrity(&archive)).unwrap();
    let request = TarballRequest { integrity: Some(wanted), ..request(&pkg(), Some(registry.tarball_url(&big))) };
    let tarball = client_for(&registry, "").fetch_tarball(request).unwrap();
    assert!(tarball.into_bytes().unwrap() == archive);
}

#[test]
fn many_archives_each_answer_once() {
    let packages: Vec<Pkg> = (0..60).map(|n| Pkg::new(&format!("p{n}"), "1.0.0")).collect();
    let registry = packages.iter().cloned().fold(NpmRegistry::builder(), NpmRegistryBuilder::package).start();
    let mut requests: Vec<TarballRequest> = packages.iter().map(|pkg| request(pkg, None)).collect();
    requests[30].name = "missing".to_owned();
    let mut results = BTreeMap::new();
    client_for(&registry, "").fetch_tarballs(requests, &|| false, &mut |index, result| {
        assert!(results.insert(index, result.map(|tarball| sri(&tarball.sha512))).is_none());
        ControlFlow::Continue(())
    });
    assert_eq!(results.len(), 60);
    for (index, result) in results {
        match result {
            Ok(hash) => assert_eq!(hash, packages[index].integrity()),
            Err(error) => assert!(index == 30 && matches!(error, FetchError::NotFound { status: 404, .. }), "{error}"),
        }
    }
}

#[test]
fn a_sink_can_break_off() {
    let registry = builder().start();
    let requests = vec![request(&pkg(), None); 40];
    let mut seen = 0;
    client_for(&registry, "").fetch_tarballs(requests, &|| false, &mut |_, _| {
        seen += 1;
        ControlFlow::Break(())
    });
    assert_eq!(seen, 1);
}

#[test]
fn offline_touches_nothing() {
    let registry = builder().start();
    let offline = ClientOptions { offline: true, ..ClientOptions::default() };
    let user = format!("registry={}\n", registry.url());
    for client in [NpmClient::offline(), client_of(&user, "", offline), client(&format!("{user}offline=true\n"))] {
        assert_eq!(client.fetch_tarball(request(&pkg(), None)).unwrap_err(), FetchError::Offline);
    }
    assert!(registry.requests().is_empty());
}

#[test]
fn busy_registries_are_asked_again() {
    for fault in [
        Fault::Status(429, Some("0".to_owned())),
        Fault::Status(503, None),
        Fault::Status(500, None),
        Fault::Truncated,
        Fault::Reset,
    ] {
        let registry = builder().fault_times(&pkg().tarball_path(), fault.clone(), 2).start();
        let tarball = client_for(&registry, "").fetch_tarball(request(&pkg(), None));
        assert!(tarball.is_ok(), "{fault:?}: {:?}", tarball.err());
        assert_eq!(registry.requests().len(), 3, "{fault:?}");
    }
}

#[test]
fn retries_end() {
    let error = fetch_error(&faulty(Fault::Status(429, Some("1".to_owned()))), "fetch-retries=0\n");
    assert!(
        matches!(error, FetchError::RateLimited { retry_after: Some(after), .. } if after == Duration::from_secs(1)),
        "{error}"
    );
    let registry = faulty(Fault::Status(503, None));
    assert!(matches!(fetch_error(&registry, ""), FetchError::Status { status: 503, .. }));
    assert_eq!(registry.requests().len(), 3);
    let patient = faulty(Fault::Status(503, Some("86400".to_owned())));
    assert!(matches!(fetch_error(&patient, ""), FetchError::Status { status: 503, .. }));
    assert_eq!(patient.requests().len(), 1, "a server that asks for a day gets no second visit");
    assert!(matches!(fetch_error(&faulty(Fault::Truncated), ""), FetchError::Interrupted { .. }));
}

#[test]
fn what_will_not_change_is_not_asked_again() {
    for (status, expected) in
        [(403, "forbids"), (404, "does not have it"), (410, "does not have it"), (400, "status 400")]
    {
        let registry = faulty(Fault::Status(status, None));
        let error = fetch_error(&registry, "");
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(registry.requests().len(), 1);
    }
}

#[test]
fn another_packages_bytes_are_a_mismatch() {
    let other = Pkg::new("other", "6.6.6").tarball();
    let registry = faulty(Fault::WrongBytes(other.clone()));
    let FetchError::IntegrityMismatch { expected, actual, .. } = fetch_error(&registry, "") else {
        panic!("no mismatch")
    };
    assert_eq!(expected.text, pkg().integrity());
    assert_eq!(sri(&actual), integrity(&other));
    assert_eq!(registry.requests().len(), 1, "asking again could only hide it");
}

#[test]
fn web_pages_are_called_by_their_name() {
    let error = fetch_error(&faulty(Fault::Html), "");
    assert!(matches!(error, FetchError::WebPage { .. }) && error.hint().contains("login page"), "{error}");
    let registry = faulty(Fault::WrongBytes(b"plain words".to_vec()));
    let unlocked = TarballRequest { integrity: None, ..request(&pkg(), None) };
    let error = client_for(&registry, "").fetch_tarball(unlocked).unwrap_err();
    assert!(matches!(error, FetchError::NotAnArchive { .. }), "{error}");
}

#[test]
fn a_registry_that_hangs_is_given_up() {
    let registry = faulty(Fault::Hang);
    let error = fetch_error(&registry, "fetch-timeout=50\nfetch-retries=1\n");
    assert!(matches!(error, FetchError::Timeout { .. }), "{error}");
    assert!(registry.requests().len() <= 2);
}

#[test]
fn a_registry_that_trickles_is_not_asked_again() {
    let registry = faulty(Fault::Slow { piece: 1, pause: Duration::from_millis(10) });
    let options = ClientOptions { silence_timeout: Duration::from_millis(700), ..ClientOptions::default() };
    let client = client_of(&format!("registry={}\nfetch-timeout=800\n", registry.url()), "", options);
    let error = client.fetch_tarball(request(&pkg(), None)).unwrap_err();
    assert!(matches!(error, FetchError::Timeout { .. }), "{error}");
    assert_eq!(registry.requests().len(), 1);
}

#[test]
fn a_silent_host_is_not_asked_for_every_package() {
    let short = Duration::from_millis(30);
    for (silence_timeout, more) in [(short, ""), (Duration::from_secs(15), "fetch-timeout=30\n")] {
        let registry = faulty(Fault::Hang);
        let options = ClientOptions { concurrency: 2, silence_timeout, ..ClientOptions::default() };
        let user = format!("registry={}\nfetch-retries=0\n{more}", registry.url());
        let mut errors = Vec::new();
        client_of(&user, "", options).fetch_tarballs(vec![request(&pkg(), None); 30], &|| false, &mut |_, result| {
            errors.push(result.unwrap_err());
            ControlFlow::Continue(())
        });
        assert_eq!(errors.len(), 30);
        assert!(
            errors.iter().all(|error| matches!(error, FetchError::Timeout { .. } | FetchError::Unresponsive { .. }))
        );
        assert!(registry.requests().len() <= 4, "{}", registry.requests().len());
    }
}

#[test]
fn a_slow_registry_is_waited_for() {
    let registry = faulty(Fault::Slow { piece: 64, pause: Duration::from_millis(2) });
    assert!(client_for(&registry, "").fetch_tarball(request(&pkg(), None)).is_ok());
}

#[test]
fn endless_answers_are_cut() {
    let registry = faulty(Fault::Endless(64 << 20));
    let options = ClientOptions { tarball_limit: 1 << 20, ..ClientOptions::default() };
    let client = client_of(&format!("registry={}\n", registry.url()), "", options);
    let error = client.fetch_tarball(request(&pkg(), None)).unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { limit, .. } if limit == 1 << 20), "{error}");
    let announced = faulty(Fault::WrongBytes(vec![0; 2 << 20]));
    let client = client_of(&format!("registry={}\n", announced.url()), "", options);
    assert!(matches!(client.fetch_tarball(request(&pkg(), None)), Err(FetchError::TooLarge { .. })));
}

#[test]
fn nobody_there_is_a_connection_problem() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let client = client(&format!("registry=http://127.0.0.1:{port}/\n"));
    let error = client.fetch_tarball(request(&pkg(), None)).unwrap_err();
    assert!(matches!(error, FetchError::Connect { .. }), "{error}");
}

#[test]
fn https_at_a_plain_port_is_an_error_too() {
    let registry = builder().start();
    let client = client(&format!("registry=https://{}/\n", registry.host()));
    let error = client.fetch_tarball(request(&pkg(), None)).unwrap_err();
    assert!(matches!(error, FetchError::NoTls { .. }), "{error}");
}

#[test]
fn credentials_of_every_kind_reach_their_registry() {
    for (setting, value) in [("_authToken=t0ken", "Bearer t0ken"), ("_auth=dTpw", "Basic dTpw")] {
        let registry = builder().authorization(value).below("/npm").start();
        let user = format!("{}:{setting}\n", registry.credential_prefix());
        assert!(client_for(&registry, &user).fetch_tarball(request(&pkg(), None)).is_ok(), "{setting}");
    }
    let registry = builder().authorization("Basic dTpw").start();
    let prefix = registry.credential_prefix();
    let user = format!("{prefix}:username=u\n{prefix}:_password=cA==\n");
    assert!(client_for(&registry, &user).fetch_tarball(request(&pkg(), None)).is_ok());
}

#[test]
fn missing_and_wrong_credentials_are_told_apart() {
    let registry = builder().token("right").start();
    assert!(matches!(fetch_error(&registry, ""), FetchError::Unauthorized { sent: false, .. }));
    let user = format!("{}:_authToken=wrong\n", registry.credential_prefix());
    let error = fetch_error(&registry, &user);
    assert!(matches!(error, FetchError::Unauthorized { sent: true, .. }), "{error}");
    assert!(!format!("{error:?}{error}{}", error.hint()).contains("wrong"));
}

#[test]
fn redirects_carry_no_credentials_away() {
    let store = builder().start();
    let registry =
        builder().token("t0ken").fault(&pkg().tarball_path(), Fault::Redirect(store.tarball_url(&pkg()))).start();
    // Both hosts are the user's and both have credentials: still none travels along.
    let user =
        format!("{}:_authToken=t0ken\n{}:_authToken=other\n", registry.credential_prefix(), store.credential_prefix());
    let tarball = client_for(&registry, &user).fetch_tarball(request(&pkg(), None)).unwrap();
    assert!(tarball.url.contains(&store.host()));
    assert_eq!(registry.requests()[0].header("authorization"), Some("Bearer t0ken"));
    assert_eq!(store.requests()[0].header("authorization"), None);
}

#[test]
fn redirects_to_local_addresses_are_refused() {
    let inner = builder().start();
    let to = inner.tarball_url(&pkg());
    let error = fetch_error(&faulty(Fault::Redirect(to)), "");
    assert!(matches!(error, FetchError::RefusedAddress { .. }), "{error}");
    assert!(inner.requests().is_empty());
    let metadata = Fault::Redirect("http://169.254.169.254/latest/meta-data/".to_owned());
    assert!(matches!(fetch_error(&faulty(metadata), ""), FetchError::RefusedAddress { .. }));
}

#[test]
fn a_stranger_cannot_redirect_into_the_users_own_registry() {
    let mine = builder().start();
    let far = "http://h.example.org/a.tgz";
    // A fake proxy plays the host far away.
    let proxy = NpmRegistry::builder().fault(far, Fault::Redirect(mine.tarball_url(&pkg()))).start();
    let client = client_for(&mine, &format!("proxy={}\n", proxy.url()));
    let error = client.fetch_tarball(request(&pkg(), Some(far.to_owned()))).unwrap_err();
    assert!(matches!(error, FetchError::RefusedAddress { .. }), "{error}");
    assert!(mine.requests().is_empty() && proxy.requests().len() == 1);
}

#[test]
fn redirects_end() {
    let error = fetch_error(&faulty(Fault::Redirect(pkg().tarball_path())), "");
    assert!(matches!(error, FetchError::TooManyRedirects { limit: 5, .. }), "{error}");
    let error = fetch_error(&faulty(Fault::Redirect("file:///etc/passwd".to_owned())), "");
    assert!(matches!(error, FetchError::RefusedRedirect { .. }), "{error}");
}

#[test]
fn a_lockfile_cannot_reach_this_machine() {
    let inner = builder().start();
    let port = inner.url().rsplit(':').next().unwrap().trim_end_matches('/').to_owned();
    let client = client("");
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0.0.0.0", "[::1]"] {
        for remote in [false, true] {
            let url = Some(format!("http://{host}:{port}{}", pkg().tarball_path()));
            let error = client.fetch_tarball(TarballRequest { remote, ..request(&pkg(), url) }).unwrap_err();
            assert!(matches!(error, FetchError::RefusedAddress { .. }), "{host}: {error}");
        }
    }
    assert!(inner.requests().is_empty());
}

#[test]
fn a_project_cannot_name_a_local_registry_or_borrow_credentials() {
    let inner = builder().start();
    let project = format!("registry={}\n", inner.url());
    let client = client_of("", &project, ClientOptions::default());
    assert!(matches!(client.fetch_tarball(request(&pkg(), None)), Err(FetchError::RefusedAddress { .. })));
    assert!(inner.requests().is_empty());
    // The user has credentials for one registry; the project takes a scope to another of the user's.
    let (mine, theirs) = (builder().start(), NpmRegistry::builder().package(Pkg::new("@s/b", "1.0.0")).start());
    let user = format!(
        "registry={}\n{}:_authToken=mine\n@x:registry={}\n",
        mine.url(),
        mine.credential_prefix(),
        theirs.url()
    );
    let client = client_of(&user, &format!("@s:registry={}\n", theirs.url()), ClientOptions::default());
    assert!(client.fetch_tarball(request(&Pkg::new("@s/b", "1.0.0"), None)).is_ok());
    assert_eq!(theirs.requests()[0].header("authorization"), None);
}

#[test]
fn plain_http_without_a_strong_hash_is_not_asked() {
    let url = Some("http://198.51.100.7/a.tgz".to_owned());
    let public = Some("http://h.example.org/a.tgz".to_owned());
    let weak = TarballRequest { integrity: None, ..request(&pkg(), public) };
    assert!(matches!(client("").fetch_tarball(weak), Err(FetchError::PlainHttp { .. })));
    assert!(matches!(client("").fetch_tarball(request(&pkg(), url)), Err(FetchError::RefusedAddress { .. })));
}

#[test]
fn a_proxy_is_used_but_is_no_registry_and_sees_nothing_local() {
    // A fake registry makes a fake proxy: it answers absolute targets by their path.
    let proxy = NpmRegistry::builder().file("http://h.example.org/a.tgz", pkg().tarball()).start();
    let user = format!("proxy={}\n", proxy.url());
    let through = request(&pkg(), Some("http://h.example.org/a.tgz".to_owned()));
    assert!(client(&user).fetch_tarball(through).is_ok());
    assert_eq!(proxy.requests().len(), 1);
    for hidden in ["http://169.254.169.254/x", "http://metadata.google.internal/x", "http://intranet/x"] {
        let error = client(&user).fetch_tarball(request(&pkg(), Some(hidden.to_owned()))).unwrap_err();
        assert!(matches!(error, FetchError::RefusedAddress { .. }), "{hidden}: {error}");
    }
    let local = builder().start();
    let direct = client_for(&local, &user).fetch_tarball(request(&pkg(), None));
    assert!(direct.is_ok(), "{:?}", direct.err());
    assert_eq!(proxy.requests().len(), 1, "what is meant for this machine goes past the proxy");
}

#[test]
fn bad_certificate_files_are_told_of() {
    let registry = builder().start();
    let client = client_for(&registry, "cafile=/nowhere/ca.pem\n");
    // The file is missing: a notice; the registry is plain http, so it still answers.
    assert!(client.fetch_tarball(request(&pkg(), None)).is_ok());
    let broken = client_for(&registry, "ca=-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\n");
    let error = broken.fetch_tarball(request(&pkg(), None));
    assert!(matches!(&error, Err(FetchError::Setup { .. })), "{:?}", error.err());
}
