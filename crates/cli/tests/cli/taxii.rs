//! Servers of TAXII: what they have, what is new there, and what a bad one cannot do.

use std::time::Duration;

use serde_json::{Value, json};
use vetch_testkit::{
    Fault, Identity, NpmRegistry, Pkg, Project, Run, TaxiiCollection, TaxiiQuirk, TaxiiServer, TaxiiServerBuilder,
};

use crate::vetch;

const ID: &str = "91a7b528-80eb-42ed-a74d-c6fbd5a26116";
const FIRST: &str = "/api1/collections/91a7b528-80eb-42ed-a74d-c6fbd5a26116/objects/?limit=1000";

/// An indicator of this host.
fn indicator(number: u32, host: &str) -> Value {
    json!({
        "type": "indicator", "spec_version": "2.1", "id": format!("indicator--00000000-0000-4000-8000-{number:012}"),
        "created": "2026-04-01T00:00:00Z", "modified": "2026-04-01T00:00:00Z", "name": format!("Server {number}"),
        "pattern_type": "stix", "pattern": format!("[domain-name:value = '{host}']"), "valid_from": "2026-04-01T00:00:00Z",
    })
}

fn object(kind: &str, name: &str) -> Value {
    json!({ "type": kind, "id": format!("{kind}--1"), "name": name, "modified": "2026-04-01T00:00:00Z" })
}

fn relationship(number: u32, kind: &str, from: &str, to: &str) -> Value {
    json!({
        "type": "relationship", "id": format!("relationship--{number}"), "relationship_type": kind, "source_ref": from,
        "target_ref": to, "modified": "2026-04-01T00:00:00Z",
    })
}

fn time(day: u32) -> String {
    format!("2026-04-{day:02}T12:00:00.000000Z")
}

/// Three hosts, added on three days.
fn hosts() -> TaxiiCollection {
    (1..=3).fold(TaxiiCollection::new(ID, "Indicators"), |all, number| {
        all.object(&time(number), indicator(number, &format!("host-{number}.invalid")))
    })
}

fn with_hosts() -> TaxiiServerBuilder {
    TaxiiServer::builder().collection(hosts())
}

/// A user with these settings.
struct User {
    project: Project,
}

/// Patience and attempts as in the user's own settings of npm.
const ONCE: &str = "fetch-retries=0\nfetch-timeout=400\n";

impl User {
    fn new(settings: &str) -> User {
        User::patient(settings, "fetch-retry-mintimeout=10\n")
    }

    fn patient(settings: &str, npmrc: &str) -> User {
        let builder = Project::builder("demo").home_file(".config/vetch/config.toml", settings).user_npmrc(npmrc);
        User { project: builder.build() }
    }

    /// Of one server that speaks TLS, whose authority is trusted.
    fn trusting(server: &TaxiiServer) -> User {
        let settings = setting("cert", &server.url(), "");
        let builder = Project::builder("demo").home_file(".config/vetch/config.toml", settings);
        let builder = builder.user_npmrc(&format!("cafile=${{HOME}}/authority.pem\n{ONCE}"));
        User { project: builder.home_file("authority.pem", NpmRegistry::AUTHORITY).build() }
    }

    /// Of one server, with more settings.
    fn of(server: &TaxiiServer, more: &str) -> User {
        User::new(&setting("cert", &server.url(), more))
    }

    fn vetch(&self, arguments: &[&str]) -> vetch_testkit::Vetch {
        vetch(&["intel"]).args(arguments.iter().copied()).dir(self.project.root()).home(self.project.home())
    }

    fn run(&self, arguments: &[&str]) -> Run {
        self.vetch(arguments).run()
    }

    fn update(&self) -> Run {
        self.run(&["update", "--taxii", "cert"])
    }

    /// Hosts that are listed.
    fn hosts(&self) -> u64 {
        let status = self.run(&["status", "--format", "json"]);
        if status.status == 0 { status.json()["indicators"]["domain"].as_u64().unwrap_or(0) } else { 0 }
    }

    /// An update that fails with these words, and says what to do.
    #[track_caller]
    fn fails(&self, words: &[&str]) -> Run {
        let run = self.update().expect(2);
        for words in words.iter().chain(&["TAXII server `cert`", "hint: "]) {
            assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
        }
        run
    }
}

fn setting(name: &str, url: &str, more: &str) -> String {
    format!("[[intel.taxii]]\nname = \"{name}\"\nurl = \"{url}\"\n{more}\n")
}

#[test]
fn what_a_server_has_is_listed() {
    let closed = TaxiiCollection::new("52892447-4d7e-4f70-b94d-d7f22742ff63", "Draft\u{1b}[31m").closed();
    let server = with_hosts().collection(closed.alias("drafts")).start();
    let user = User::new("");
    let run = user.run(&["taxii", &server.url()]).expect(0);
    for words in ["A root", ID, "Indicators (read)", "(no access, alias drafts)", "application/stix+json;version=2.1"] {
        assert!(run.stdout.contains(words), "{words}: {}", run.stdout);
    }
    assert!(!run.stdout.contains('\u{1b}'));
    // An API root by itself, by the name of the settings, as JSON.
    let root = server.url().replace("taxii2", "api1");
    let user = User::new(&setting("cert", &root, ""));
    let listed = user.run(&["taxii", "cert", "--format", "json"]).expect(0).json();
    let collection = &listed["servers"][0]["roots"][0]["collections"][0];
    assert_eq!((collection["id"].as_str(), collection["can_read"].as_bool()), (Some(ID), Some(true)));
    user.run(&["taxii"]).expect(0);
    let run = user.run(&["taxii", "other"]).expect(2);
    assert!(run.stderr.contains("there are: cert"), "{}", run.stderr);
    user.run(&["taxii", "--offline"]).expect(2);
    let run = user.run(&["taxii", &server.url().replace("taxii2", "nothing")]).expect(2);
    assert!(run.stderr.contains("there is nothing (404)") && run.stderr.contains("/taxii2/"), "{}", run.stderr);
}

#[test]
fn an_update_asks_only_for_what_is_newer_than_the_last() {
    let server = with_hosts().page(2).start();
    let user = User::of(&server, "");
    let run = user.update().expect(0);
    assert!(run.stdout.contains("cert: Indicators: 3 indicators"), "{}", run.stdout);
    assert_eq!(server.pages(), [FIRST.to_owned(), format!("{FIRST}&next=2")]);
    user.run(&["show", "host-2[.]invalid"]).expect(0);
    server.add(ID, &time(4), indicator(4, "host-4.invalid"));
    let run = user.update().expect(0);
    assert!(run.stdout.contains("cert: Indicators: 1 indicators"), "{}", run.stdout);
    assert_eq!(server.pages()[2..], [format!("{FIRST}&added_after={}", time(3))]);
    let run = user.update().expect(0);
    assert!(run.stdout.contains("no records"), "{}", run.stdout);
    assert_eq!(server.pages()[3..], [format!("{FIRST}&added_after={}", time(4))]);
    assert_eq!(user.hosts(), 4);
}

#[test]
fn what_indicators_are_about_is_known_across_pages_and_updates() {
    let all = TaxiiCollection::new(ID, "Indicators")
        .object(&time(1), object("campaign", "March"))
        .object(&time(2), relationship(1, "uses", "campaign--1", "malware--1"))
        .object(&time(3), indicator(1, "host-1.invalid"))
        .object(&time(4), relationship(2, "indicates", "indicator--00000000-0000-4000-8000-000000000001", "malware--1"))
        .object(&time(5), object("malware", "DROPPER"));
    let server = TaxiiServer::builder().collection(all).page(1).start();
    let user = User::of(&server, "");
    user.update().expect(0);
    let told = |host: &str| {
        let shown = user.run(&["show", host, "--format", "json"]).expect(0).json().to_string();
        ["March", "DROPPER"].map(|name| shown.contains(name))
    };
    assert_eq!(told("host-1.invalid"), [true, true]);
    // The indicator comes now, and what it is about came then.
    server.add(ID, &time(6), indicator(2, "host-2.invalid"));
    let about = "indicator--00000000-0000-4000-8000-000000000002";
    server.add(ID, &time(6), relationship(3, "indicates", about, "malware--1"));
    user.update().expect(0);
    assert_eq!(told("host-2.invalid"), [true, true]);
}

#[test]
fn collections_are_chosen_by_id_alias_or_title_and_one_that_fails_takes_no_other_along() {
    let second =
        TaxiiCollection::new("second", "Others").alias("rest").object(&time(1), indicator(9, "host-9.invalid"));
    let closed = TaxiiCollection::new("third", "Closed").closed();
    let server = with_hosts().collection(second).collection(closed).start();
    User::of(&server, "collections = [\"rest\"]").update().expect(0);
    assert!(server.pages().iter().all(|page| page.contains("/second/")), "{:?}", server.pages());
    let user = User::of(&server, "");
    user.update().expect(0);
    assert_eq!(user.hosts(), 4, "all that may be read");
    let user = User::of(&server, "collections = [\"nothing\", \"closed\", \"INDICATORS\"]");
    let run =
        user.fails(&["no collection `nothing`", "collection `Closed`", "you may not read it", "vetch intel taxii"]);
    assert!(run.stdout.contains("cert: Indicators: 3 indicators"), "{}", run.stdout);
    let broken = with_hosts()
        .collection(TaxiiCollection::new("bad", "Bad"))
        .fault("/api1/collections/bad/objects/?limit=1000", Fault::Status(500, None))
        .start();
    let user = User::patient(&setting("cert", &broken.url(), ""), ONCE);
    user.fails(&["collection `Bad`", "status 500"]);
    assert_eq!(user.hosts(), 3);
}

#[test]
fn credentials_are_sent_as_the_settings_say_and_never_shown() {
    let basic = with_hosts().authorization("Basic bWU6b3BlbiBzZXNhbWU=").start();
    let bearer = with_hosts().authorization("Bearer open sesame").start();
    let key = with_hosts().api_key("x-api-key", "open sesame").start();
    let forms = [
        (&basic, "username = \"me\"\npassword-env = \"SECRET\""),
        (&bearer, "token-env = \"SECRET\""),
        (&key, "header = \"X-Api-Key\"\nheader-env = \"SECRET\""),
    ];
    for (server, form) in forms {
        let user = User::of(server, form);
        let update = |secret: &str| user.vetch(&["update", "--taxii", "cert"]).env("SECRET", secret).run();
        let wrong = update("open barley").expect(2);
        assert!(wrong.stderr.contains("does not accept your credentials"), "{}", wrong.stderr);
        wrong.never_mentions("open barley");
        update("open sesame").expect(0).never_mentions("sesame");
        assert_eq!(user.hosts(), 3, "{form}");
        let run = user.update().expect(2);
        assert!(run.stderr.contains("`SECRET` is not set"), "{}", run.stderr);
        User::of(server, "").fails(&["it asks for credentials (401)", "password-env"]);
    }
    // A secret in the file is refused, and not repeated.
    let run = User::of(&basic, "token = \"open sesame\"").update().expect(2);
    assert!(run.stderr.contains("config.toml`: line 4: unknown field `token`"), "{}", run.stderr);
    run.never_mentions("sesame");
    for incomplete in ["username = \"me\"", "token-env = \"SECRET\"\nheader = \"x\"", "header-env = \"SECRET\""] {
        let run = User::of(&basic, incomplete).update().expect(2);
        assert!(run.stderr.contains("credentials are incomplete"), "{}", run.stderr);
    }
}

#[test]
fn credentials_go_to_no_other_host() {
    let other = with_hosts().start();
    let form = "token-env = \"SECRET\"";
    let update = |server: &TaxiiServer| {
        let user = User::of(server, form);
        user.vetch(&["update", "--taxii", "cert"]).env("SECRET", "open sesame").run().expect(2)
    };
    let elsewhere = other.url().replace("taxii2/", "api1/");
    for path in ["/taxii2/", "/api1/", "/api1/collections/", FIRST] {
        let server = with_hosts().fault(path, Fault::Redirect(elsewhere.clone())).start();
        let run = update(&server);
        assert!(run.stderr.contains("another host"), "{path}: {}", run.stderr);
    }
    let server = with_hosts().root(&elsewhere).start();
    let run = update(&server);
    assert!(run.stderr.contains("another host") && run.stderr.contains("configure it by itself"), "{}", run.stderr);
    assert!(other.requests().is_empty(), "{:?}", other.requests());
    // On the same host, a redirect is followed.
    let moved = with_hosts().fault("/taxii2/", Fault::Redirect("/api1/".to_owned())).start();
    User::of(&moved, "").update().expect(0);
}

#[test]
fn plain_http_stays_on_this_machine_unless_that_is_wanted() {
    let url = "http://taxii.invalid/taxii2/";
    User::patient(&setting("cert", url, ""), ONCE).fails(&["over plain http", "allow-http"]);
    let wanted = User::patient(&setting("cert", url, "allow-http = true"), ONCE);
    let run = wanted.update().expect(2);
    assert!(!run.stderr.contains("plain http"), "{}", run.stderr);
    for url in ["taxii.invalid", "ftp://taxii.invalid/", "https://me:hidden@taxii.invalid/"] {
        let run = User::new(&setting("cert", url, "")).fails(&["`url`"]);
        run.never_mentions("hidden");
    }
}

#[test]
fn servers_that_lead_in_circles_are_left_and_what_came_stays() {
    let cases = [
        (TaxiiQuirk::SameNext, "leads in a circle", 3),
        (TaxiiQuirk::NoNext, "not how to ask for it", 3),
        (TaxiiQuirk::EndlessPages, "nothing new", 0),
    ];
    for (quirk, words, hosts) in cases {
        let server = with_hosts().quirk(quirk).start();
        let user = User::of(&server, "");
        user.fails(&["collection `Indicators`", words]);
        assert_eq!(user.hosts(), hosts, "{quirk:?}");
        assert!(server.pages().len() < 10, "{quirk:?}");
    }
    let by_time = with_hosts().page(1).quirk(TaxiiQuirk::NextByTime).start();
    let user = User::of(&by_time, "");
    user.update().expect(0);
    assert_eq!((user.hosts(), by_time.pages().len()), (3, 3));
}

#[test]
fn times_of_the_future_hide_nothing_that_comes_later() {
    let server = with_hosts().quirk(TaxiiQuirk::FutureDates).start();
    let user = User::of(&server, "");
    let run = user.update().expect(0);
    assert!(run.stderr.contains("in the future") && run.stderr.contains("2099"), "{}", run.stderr);
    server.behave();
    // Later than this run, and long before that future.
    server.add(ID, "2098-01-01T00:00:00.000000Z", indicator(4, "host-4.invalid"));
    user.update().expect(0);
    assert_eq!(user.hosts(), 4);
    let undated = with_hosts().quirk(TaxiiQuirk::NoDates).start();
    let user = User::of(&undated, "");
    let run = user.update().expect(0);
    assert!(run.stderr.contains("X-TAXII-Date-Added-Last"), "{}", run.stderr);
    user.update().expect(0);
    assert_eq!(undated.pages(), [FIRST, FIRST], "everything again");
}

#[test]
fn an_update_that_is_stopped_goes_on_from_there() {
    let third = format!("{FIRST}&next=2");
    let server = with_hosts().page(1).fault_times(&third, Fault::Reset, 1).start();
    let user = User::patient(&setting("cert", &server.url(), ""), ONCE);
    user.fails(&["collection `Indicators`"]);
    assert_eq!(user.hosts(), 2, "what came is kept");
    user.update().expect(0);
    assert_eq!(user.hosts(), 3);
    // From the last moment of which all may not have come.
    assert_eq!(server.pages()[3], format!("{FIRST}&added_after=2026-04-02T11:59:59.999999Z"));
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_what_came() {
    let second = format!("{FIRST}&next=1");
    let server = with_hosts().page(1).fault(&second, Fault::Hang).start();
    let user = User::of(&server, "");
    let running = user.vetch(&["update", "--taxii", "cert"]).start();
    vetch_testkit::eventually("the second page", || server.pages().contains(&second).then_some(()));
    running.interrupt();
    let run = running.end().expect(130);
    assert!(run.stderr.contains("what had come is kept"), "{}", run.stderr);
    assert_eq!(user.hosts(), 1);
}

#[test]
fn busy_servers_are_asked_again_and_silent_ones_left() {
    let busy = || Fault::Status(503, Some("0".to_owned()));
    let server = with_hosts().fault_times(FIRST, busy(), 2).start();
    User::of(&server, "").update().expect(0);
    assert_eq!(server.pages().len(), 3);
    let server = with_hosts().fault(FIRST, Fault::Status(429, Some("3600".to_owned()))).start();
    User::of(&server, "").fails(&["fewer requests (429)", "3600 s", "later"]);
    assert_eq!(server.pages().len(), 1, "nobody waits an hour, and nobody comes back before");
    let server = with_hosts().fault(FIRST, Fault::Hang).start();
    User::patient(&setting("cert", &server.url(), ""), ONCE).fails(&["no answer in time", "fetch-timeout"]);
    let pause = Duration::from_millis(100);
    let server = with_hosts().fault(FIRST, Fault::Slow { piece: 1, pause }).start();
    User::patient(&setting("cert", &server.url(), ""), ONCE).fails(&["no answer in time"]);
}

#[test]
fn answers_that_are_none_are_told() {
    let faults = [
        (Fault::Html, "no TAXII"),
        (Fault::Endless(80 << 20), "larger than"),
        (Fault::Truncated, "broke off"),
        (Fault::Status(406, None), "does not speak TAXII 2.1"),
        (Fault::Status(404, None), "there is nothing"),
        (Fault::Status(403, None), "does not allow you"),
    ];
    for (fault, words) in faults {
        for path in ["/taxii2/", "/api1/collections/", FIRST] {
            let server = with_hosts().fault(path, fault.clone()).start();
            User::patient(&setting("cert", &server.url(), ""), "fetch-retries=0\n").fails(&[words]);
        }
    }
    let old = with_hosts().quirk(TaxiiQuirk::MediaType("application/vnd.oasis.taxii+json; version=2.0")).start();
    User::of(&old, "").fails(&["another version of TAXII"]);
    let old = with_hosts().version("taxii-2.0").start();
    User::of(&old, "").fails(&["speaks taxii-2.0"]);
}

#[test]
fn hostile_objects_and_ids_harm_nothing() {
    let nested = (0..200).fold(json!(1), |inner, _| json!([inner]));
    let hostile = "../../../secret#y z";
    let collection = TaxiiCollection::new(hostile, "Hostile\u{1b}[31m")
        .object(&time(1), json!({ "type": "file", "id": "file--1", "path": nested }))
        .object(&time(1), json!({ "type": "indicator", "id": "MAL-2026-2307", "revoked": true }))
        .object(&time(1), json!(7))
        .object(&time(1), json!({ "type": "indicator", "id": "indicator--1", "pattern": "[broken" }))
        .object(&time(1), indicator(1, "host-1.invalid"));
    let server = TaxiiServer::builder().collection(collection).start();
    let user = User::of(&server, "");
    let run = user.update().expect(0);
    assert!(run.stdout.contains("1 indicators") && run.stdout.contains("3 broken"), "{}", run.stdout);
    assert!(run.stderr.contains("not that of a STIX object"), "{}", run.stderr);
    run.never_mentions("\u{1b}");
    assert_eq!(user.hosts(), 1);
    // The id stays one segment of the address.
    let sent: Vec<String> = server.requests().into_iter().map(|request| request.path).collect();
    let expected = "/api1/collections/..%2F..%2F..%2Fsecret%23y%20z/objects/?limit=1000";
    assert_eq!(sent.last().map(String::as_str), Some(expected), "{sent:?}");
    let dots = TaxiiServer::builder().collection(TaxiiCollection::new("..", "Dots")).start();
    User::of(&dots, "").fails(&["ids that are none"]);
}

#[test]
fn updates_ask_the_mirror_and_every_server_whatever_becomes_of_the_others() {
    let empty = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let mirror = ["npm", "PyPI"].iter().fold(NpmRegistry::builder().package(Pkg::new("x", "1.0.0")), |all, name| {
        all.file(&format!("/{name}/modified_id.csv"), "").file(&format!("/{name}/all.zip"), &empty[..])
    });
    let mirror = mirror.start();
    let server = with_hosts().start();
    let gone = with_hosts().fault("/taxii2/", Fault::Status(404, None)).start();
    let both = format!("{}{}", setting("gone", &gone.url(), ""), setting("cert", &server.url(), ""));
    let settings = format!("[intel]\nmirror = \"{}\"\n{both}", mirror.url());
    let user = User::new(&settings);
    let run = user.run(&["update"]).expect(2);
    assert!(run.stderr.contains("TAXII server `gone`") && run.stdout.contains("cert: Indicators"), "{}", run.stdout);
    assert!(run.stdout.contains("/npm: "), "{}", run.stdout);
    assert_eq!(user.hosts(), 3);
    User::new(&settings).run(&["update", "--taxii", "all"]).expect(2);
    let asked = server.requests().len();
    user.run(&["update", "--mirror", &mirror.url()]).expect(0);
    user.run(&["update", "--taxii", "cert", "--offline"]).expect(2);
    assert_eq!(server.requests().len(), asked, "who names a mirror means the mirror; offline nobody is asked");
    let run = user.run(&["update", "--taxii", "nobody"]).expect(2);
    assert!(run.stderr.contains("there are: gone, cert"), "{}", run.stderr);
    // One whose secret is missing takes no other along.
    let locked = setting("locked", &server.url(), "token-env = \"MISSING\"");
    let other = User::new(&format!("{locked}{}", setting("cert", &server.url(), "")));
    let run = other.run(&["update", "--taxii", "all"]).expect(2);
    assert!(run.stderr.contains("`locked`: the variable `MISSING` is not set"), "{}", run.stderr);
    assert_eq!(other.hosts(), 3);
    let run = other.run(&["taxii"]).expect(2);
    assert!(run.stderr.contains("`MISSING`") && run.stdout.contains(ID), "{}", run.stdout);
    for twice in [format!("{both}{both}"), setting("all", "https://taxii.invalid/", "")] {
        let run = User::new(&twice).run(&["update", "--taxii", "all"]).expect(2);
        assert!(run.stderr.contains("name of its own"), "{}", run.stderr);
    }
    // A project has no say in whom its user asks.
    let project = Project::builder("demo").file("vetch.toml", setting("cert", &server.url(), "")).build();
    let run = vetch(&["intel", "update", "--taxii", "cert"]).dir(project.root()).home(project.home()).run().expect(2);
    assert!(run.stderr.contains("no TAXII server is configured"), "{}", run.stderr);
}

#[test]
fn over_tls_only_a_server_that_an_authority_vouches_for_is_heard() {
    let server = with_hosts().tls(Identity::Good).start();
    assert!(server.url().starts_with("https://"));
    let user = User::trusting(&server);
    user.update().expect(0);
    assert_eq!(user.hosts(), 3);
    let stranger = User::of(&server, "");
    let asked = server.requests().len();
    stranger.fails(&["certificate is not accepted"]);
    assert_eq!(server.requests().len(), asked, "nothing is asked of a stranger");
    for identity in [Identity::OtherHost, Identity::Expired] {
        let server = with_hosts().tls(identity).start();
        User::trusting(&server).fails(&["certificate is not accepted"]);
        assert!(server.requests().is_empty());
    }
}
