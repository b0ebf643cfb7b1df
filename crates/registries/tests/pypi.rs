//! The PyPI client against an index that misbehaves, and against settings and lockfiles that would
//! make it reach where it must not.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is a failed test")]

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::time::Duration;

use vetch_model::integrity::{HashAlgorithm, Integrity};
use vetch_registries::{
    ArtifactRequest, ClientOptions, CoreMetadata, Environment, FetchError, FileKind, Form, IndexError, ProjectPage,
    ProjectRequest, PypiClient, PypiConfig, PythonTool, Voucher, from_hex,
};
use vetch_testkit::{Fault, Project, PyPkg, PythonIndex, PythonIndexBuilder, PythonIndexForm, zip_archive};

fn pkg() -> PyPkg {
    PyPkg::new("Demo.Pkg", "1.0").file("demo_pkg/__init__.py", "x = 1\n").requires_python(">=3.8,<4")
}

fn builder() -> PythonIndexBuilder {
    PythonIndex::builder().package(pkg()).package(PyPkg::new("demo-pkg", "1.1").yanked("broken <&> \"bad\""))
}

/// A client with these variables, and these files in the project.
fn client_of(variables: &[(&str, &str)], files: &[(&str, &str)], options: ClientOptions) -> PypiClient {
    let project = files.iter().fold(Project::builder("demo"), |builder, (path, text)| builder.file(path, text)).build();
    let variables: BTreeMap<String, String> =
        variables.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let mut config = PypiConfig::load(&Environment {
        variables,
        home: Some(project.home()),
        project: Some(project.root()),
        trust_project: false,
    });
    config.fetch.first_pause = Duration::from_millis(1);
    config.fetch.longest_pause = Duration::from_millis(5);
    PypiClient::new(config, options).unwrap()
}

fn client(variables: &[(&str, &str)]) -> PypiClient {
    client_of(variables, &[], ClientOptions::default())
}

/// A client whose user names this index.
fn client_for(index: &PythonIndex) -> PypiClient {
    client(&[("PIP_INDEX_URL", &index.url()), ("UV_DEFAULT_INDEX", &index.url())])
}

fn request(tool: PythonTool) -> ProjectRequest {
    ProjectRequest { name: "demo_PKG".to_owned(), tool, index: None }
}

fn artifact(file: Option<&str>, url: Option<&str>, bytes: Option<&[u8]>) -> ArtifactRequest {
    let hex = |bytes| vetch_model::integrity::Digest { algorithm: HashAlgorithm::Sha256, bytes: sha256(bytes) };
    let integrity = bytes.map(|bytes| from_hex([("sha256", hex(bytes).to_hex().as_str())]).unwrap());
    ArtifactRequest {
        project: request(PythonTool::Pip),
        version: None,
        file: file.map(str::to_owned),
        url: url.map(str::to_owned),
        integrity,
    }
}

/// By way of the verification under test being told the wrong thing: its error names the right one.
fn sha256(bytes: &[u8]) -> Vec<u8> {
    let wrong = from_hex([("sha256", "0".repeat(64).as_str())]).unwrap();
    vetch_registries::verify(bytes, &wrong).unwrap_err().actual.bytes
}

fn page(client: &PypiClient) -> ProjectPage {
    let found = client.project(request(PythonTool::Pip)).unwrap();
    assert_eq!(found.incomplete, []);
    assert_eq!(found.value.len(), 1);
    found.value.into_iter().next().unwrap()
}

fn page_error(index: &PythonIndex) -> IndexError {
    let error = client_for(index).project(request(PythonTool::Pip)).unwrap_err();
    assert!(!error.hint().is_empty());
    error
}

#[test]
fn json_says_everything() {
    let index = builder().package(PyPkg::new("demo-pkg", "2.0").provenance("https://pypi.org/p")).start();
    let page = page(&client_for(&index));
    assert_eq!((page.name.as_str(), page.form, page.api_version), ("demo-pkg", Form::Json, Some((1, 4))));
    assert_eq!(page.versions.as_deref().unwrap(), ["1.0", "1.1", "2.0"]);
    let wheel = page.file(&pkg().wheel_name()).unwrap();
    assert_eq!((wheel.kind, wheel.version.as_deref()), (FileKind::Wheel, Some("1.0")));
    assert_eq!(wheel.requires_python.as_deref(), Some(">=3.8,<4"));
    assert_eq!(wheel.size, Some(pkg().wheel().len() as u64));
    assert_eq!(wheel.upload_time.unwrap().to_string(), "2024-01-01T00:00:00Z");
    assert!(matches!(wheel.core_metadata, CoreMetadata::Available(Some(_))));
    assert!(wheel.metadata_url().unwrap().path().ends_with(".whl.metadata"));
    assert_eq!(page.files[2].yanked.as_deref(), Some("broken <&> \"bad\""));
    assert_eq!(page.files[4].provenance.as_ref().unwrap().as_str(), "https://pypi.org/p");
    assert!(page.unavailable().is_empty());
    assert!(index.requests()[0].header("accept").unwrap().starts_with("application/vnd.pypi.simple.v1+json"));
    assert_eq!(index.paths(), ["/simple/demo-pkg/"]);
}

#[test]
fn html_says_the_same_but_for_what_it_cannot() {
    let json = page(&client_for(&builder().start()));
    for form in [PythonIndexForm::Html, PythonIndexForm::BareHtml, PythonIndexForm::NotAcceptable] {
        let index = builder().form(form).start();
        let html = page(&client_for(&index));
        assert_eq!(html.form, Form::Html);
        assert_eq!(html.unavailable(), ["upload-time", "size", "provenance", "versions"]);
        assert_eq!(html.files.len(), json.files.len());
        for (one, other) in html.files.iter().zip(&json.files) {
            assert_eq!(one.file_name, other.file_name);
            assert_eq!(one.integrity, other.integrity);
            assert_eq!(one.yanked, other.yanked);
            assert_eq!(one.requires_python, other.requires_python);
            assert_eq!(one.core_metadata, other.core_metadata);
        }
    }
}

#[test]
fn stripped_mirrors_and_quarantine_are_told_of() {
    let stripped = page(&client_for(&builder().stripped().start()));
    assert_eq!(stripped.unavailable(), ["upload-time", "size", "provenance", "versions"]);
    let index = PythonIndex::builder().package(pkg()).status("quarantined", "malware").start();
    let page = page(&client_for(&index));
    assert_eq!((page.status.as_deref(), page.status_reason.as_deref()), (Some("quarantined"), Some("malware")));
}

#[test]
fn archives_are_fetched_by_name_hash_or_url_and_verified() {
    let index = builder().start();
    let client = client_for(&index);
    let (wheel, name) = (pkg().wheel(), pkg().wheel_name());
    let url = index.file_url(&name);
    for (request, vouched_by) in [
        (artifact(Some(&name), None, Some(&wheel)), Voucher::Lockfile),
        (artifact(None, None, Some(&wheel)), Voucher::Lockfile),
        (artifact(Some(&name), None, None), Voucher::Index),
        (artifact(None, Some(&url), Some(&wheel)), Voucher::Lockfile),
        (artifact(None, Some(&url), None), Voucher::Nobody),
    ] {
        let fetched = client.fetch(request.clone()).unwrap();
        assert_eq!((fetched.vouched_by, fetched.file_name.as_str()), (vouched_by, name.as_str()), "{request:?}");
        assert_eq!(fetched.archive.verified, vouched_by != Voucher::Nobody);
        assert!(fetched.archive.into_bytes().unwrap() == wheel);
    }
    let hex: String = sha256(&wheel).iter().map(|byte| format!("{byte:02x}")).collect();
    let fetched = client.fetch(artifact(None, Some(&format!("{url}#egg=x&sha256={hex}")), None)).unwrap();
    assert_eq!(fetched.vouched_by, Voucher::Lockfile, "a direct reference brings its hash along");
    // Any of several hashes, and a version however it is written, leave a choice: what is installed.
    let both = [pkg().sdist(), wheel.clone()].map(|bytes| artifact(None, None, Some(&bytes)).integrity.unwrap());
    let digests = both.iter().flat_map(|one| one.digests.clone()).collect();
    let either = Integrity { digests, text: "either".to_owned() };
    let of_version = ArtifactRequest { version: Some("1.0.0".to_owned()), ..artifact(None, None, None) };
    for (request, vouched_by) in [
        (ArtifactRequest { integrity: Some(either), ..artifact(None, None, None) }, Voucher::Lockfile),
        (of_version.clone(), Voucher::Index),
    ] {
        let fetched = client.fetch(request).unwrap();
        assert_eq!((fetched.vouched_by, fetched.file_name.as_str()), (vouched_by, name.as_str()));
    }
    let missing = client.fetch(ArtifactRequest { version: Some("1.0.1".to_owned()), ..of_version }).unwrap_err();
    assert!(matches!(missing, IndexError::NoSuchFile { .. }), "{missing}");
    let missing = client.fetch(artifact(Some("demo_pkg-9.whl"), None, None)).unwrap_err();
    assert!(matches!(missing, IndexError::NoSuchFile { .. }), "{missing}");
}

#[test]
fn other_bytes_are_never_handed_out() {
    let name = pkg().wheel_name();
    let path = format!("/files/{name}");
    let other = PyPkg::new("other", "6.6.6").wheel();
    let index = builder().fault(&path, Fault::WrongBytes(other)).start();
    for request in [artifact(Some(&name), None, Some(&pkg().wheel())), artifact(Some(&name), None, None)] {
        let error = client_for(&index).fetch(request).unwrap_err();
        assert!(matches!(error, IndexError::Fetch(FetchError::IntegrityMismatch { .. })), "{error}");
    }
    // The index itself gives a wrong hash: what was locked decides.
    let index = PythonIndex::builder().package(pkg().wrong_hash()).start();
    assert!(client_for(&index).fetch(artifact(Some(&name), None, Some(&pkg().wheel()))).is_ok());
    let error = client_for(&index).fetch(artifact(Some(&name), None, None)).unwrap_err();
    assert!(matches!(error, IndexError::Fetch(FetchError::IntegrityMismatch { .. })), "{error}");
    let page = builder().fault(&path, Fault::Html).start();
    let error = client_for(&page).fetch(artifact(Some(&name), None, Some(&pkg().wheel()))).unwrap_err();
    assert!(matches!(error, IndexError::Fetch(FetchError::WebPage { .. })), "{error}");
    let words = builder().fault(&path, Fault::WrongBytes(b"words".to_vec())).start();
    let error = client_for(&words).fetch(artifact(None, Some(&words.file_url(&name)), None)).unwrap_err();
    assert!(matches!(error, IndexError::Fetch(FetchError::NotAnArchive { .. })), "{error}");
}

#[test]
fn what_is_no_page_is_called_by_its_name() {
    let faulty = |fault| builder().fault("/simple/demo-pkg/", fault).start();
    let error = page_error(&faulty(Fault::Html));
    assert!(matches!(&error, IndexError::NotAPage { reason, .. } if reason.contains("web page")), "{error}");
    let error = page_error(&faulty(Fault::WrongBytes(b"PK".to_vec())));
    assert!(matches!(&error, IndexError::NotAPage { reason, .. } if reason.contains("octet-stream")), "{error}");
    let error = page_error(&faulty(Fault::Status(403, None)));
    assert!(matches!(error, IndexError::Fetch(FetchError::Forbidden { .. })), "{error}");
    let error = page_error(&faulty(Fault::Status(404, None)));
    assert!(matches!(&error, IndexError::NotFound { asked, .. } if asked.len() == 1), "{error}");
    let error = page_error(&faulty(Fault::Endless(128 << 20)));
    assert!(matches!(error, IndexError::Fetch(FetchError::TooLarge { .. })), "{error}");
    let other = PythonIndex::builder().package(PyPkg::new("other", "1")).start();
    let fault = Fault::Redirect(format!("{}other/", other.url()));
    let index = faulty(fault);
    let both = client(&[("PIP_INDEX_URL", &index.url()), ("PIP_TRUSTED_HOST", &other.host())]);
    let error = both.project(request(PythonTool::Pip)).unwrap_err();
    assert!(matches!(&error, IndexError::OtherProject { name, .. } if name == "other"), "{error}");
}

#[test]
fn busy_and_silent_indexes() {
    let faulty = |fault, times| builder().fault_times("/simple/demo-pkg/", fault, times).start();
    for fault in [Fault::Status(429, Some("0".to_owned())), Fault::Status(503, None), Fault::Truncated, Fault::Reset] {
        let index = faulty(fault, 2);
        assert_eq!(page(&client_for(&index)).files.len(), 4);
        assert_eq!(index.requests().len(), 3);
    }
    let patient = faulty(Fault::Status(429, Some("86400".to_owned())), 9);
    assert!(matches!(page_error(&patient), IndexError::Fetch(FetchError::RateLimited { .. })));
    assert_eq!(patient.requests().len(), 1);
    let silent = faulty(Fault::Hang, 9);
    let options = ClientOptions { silence_timeout: Duration::from_millis(50), ..ClientOptions::default() };
    let client = client_of(&[("PIP_INDEX_URL", &silent.url()), ("PIP_RETRIES", "1")], &[], options);
    let error = client.project(request(PythonTool::Pip)).unwrap_err();
    assert!(matches!(error, IndexError::Fetch(FetchError::Timeout { .. })), "{error}");
}

#[test]
fn credentials_go_to_their_host_and_path_and_no_further() {
    let index = builder().authorization("Basic dTpwQHc=").below("/corp").start();
    let with = index.url_with("u", "p%40w");
    let client = client(&[("PIP_INDEX_URL", &with)]);
    let name = pkg().wheel_name();
    assert!(client.fetch(artifact(Some(&name), None, Some(&pkg().wheel()))).is_ok(), "also to the files beside");
    // Elsewhere on the same host they are not sent.
    let outside = format!("http://{}/other/{name}", index.host());
    let error = client.fetch(artifact(None, Some(&outside), Some(&pkg().wheel()))).unwrap_err();
    assert!(matches!(error, IndexError::Fetch(FetchError::Unauthorized { sent: false, .. })), "{error}");
    // Nor along a redirect.
    let store = PythonIndex::builder().file(&format!("/{name}"), pkg().wheel()).start();
    let path = format!("/files/{name}");
    let fault = Fault::Redirect(format!("http://{}/{name}", store.host()));
    let index = builder().fault(&path, fault).start();
    let user = [("PIP_INDEX_URL", index.url_with("u", "p")), ("PIP_EXTRA_INDEX_URL", store.url_with("u2", "p2"))];
    let user: Vec<(&str, &str)> = user.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let request = artifact(None, Some(&index.file_url(&name)), Some(&pkg().wheel()));
    assert!(client_of(&user, &[], ClientOptions::default()).fetch(request).is_ok());
    assert!(index.requests()[0].header("authorization").is_some());
    assert_eq!(store.requests()[0].header("authorization"), None);
}

#[test]
fn uv_credentials_by_name_are_not_for_the_projects_index() {
    let evil = builder().start();
    let project = format!("[[tool.uv.index]]\nname = \"corp\"\nurl = \"{}\"\ndefault = true\n", evil.url());
    let secrets = [("UV_INDEX_CORP_USERNAME", "u"), ("UV_INDEX_CORP_PASSWORD", "secret")];
    // A host that the user names, for another path, may hold another's index.
    let host = format!("http://{}/mine/simple/", evil.host());
    let known = [secrets[0], secrets[1], ("PIP_INDEX_URL", &host), ("UV_INDEX", &host)];
    let client = client_of(&known, &[("pyproject.toml", &project)], ClientOptions::default());
    assert!(client.project(request(PythonTool::Uv)).is_ok());
    assert!(evil.requests().iter().all(|request| request.header("authorization").is_none()));
    let evil = builder().start();
    let project =
        project.replace(&project[project.find("http").unwrap()..project.find("\"\ndefault").unwrap()], &evil.url());
    let client = client_of(&secrets, &[("pyproject.toml", &project)], ClientOptions::default());
    let error = client.project(request(PythonTool::Uv)).unwrap_err();
    assert!(matches!(error, IndexError::Fetch(FetchError::RefusedAddress { .. })), "{error}");
    assert!(evil.requests().is_empty());
    let mine = builder().authorization("Basic dTpzZWNyZXQ=").start();
    let named = format!("corp={}", mine.url());
    let user = [secrets[0], secrets[1], ("UV_INDEX", &named)];
    let client = client_of(&user, &[("pyproject.toml", &project)], ClientOptions::default());
    assert!(client.project(request(PythonTool::Uv)).is_ok(), "the user's own index of that name goes before");
    assert!(evil.requests().is_empty());
}

#[test]
fn a_private_name_stays_with_its_index() {
    let (private, public) = (PythonIndex::builder().start(), builder().start());
    let (first, second) = (private.url(), public.url());
    let user =
        [("PIP_INDEX_URL", second.as_str()), ("PIP_EXTRA_INDEX_URL", first.as_str()), ("UV_DEFAULT_INDEX", &second)];
    let client = client(&user);
    for tie in [first.as_str(), first.trim_end_matches('/')] {
        for tool in PythonTool::ALL {
            let request = ProjectRequest { index: Some(tie.to_owned()), ..request(tool) };
            let error = client.project(request).unwrap_err();
            assert!(matches!(error, IndexError::NotFound { .. }), "{error}");
        }
    }
    let unknown = ProjectRequest { index: Some("corp".to_owned()), ..request(PythonTool::Uv) };
    assert!(matches!(client.project(unknown), Err(IndexError::UnknownIndex { .. })));
    let project = "[tool.uv.sources]\n\"Demo.Pkg\" = { index = \"corp\" }\n";
    let tied = client_of(&user, &[("pyproject.toml", project)], ClientOptions::default());
    assert!(matches!(tied.project(request(PythonTool::Uv)), Err(IndexError::UnknownIndex { .. })));
    assert!(public.requests().is_empty(), "{:?}", public.paths());
}

#[test]
fn the_first_index_answers_alone_and_its_failure_ends_the_search() {
    let public = builder().start();
    let private = PythonIndex::builder().package(PyPkg::new("demo-pkg", "0.1")).start();
    let user = |private: &PythonIndex| {
        let variables = [("UV_INDEX", private.url()), ("UV_DEFAULT_INDEX", public.url())];
        let borrowed: Vec<(&str, &str)> = variables.iter().map(|(key, value)| (*key, value.as_str())).collect();
        client_of(&borrowed, &[], ClientOptions::default())
    };
    let found = user(&private).project(request(PythonTool::Uv)).unwrap().value;
    assert_eq!((found.len(), found[0].files.len()), (1, 2));
    assert!(public.requests().is_empty());
    let broken = PythonIndex::builder().fault("/simple/demo-pkg/", Fault::Status(401, None)).start();
    let error = user(&broken).project(request(PythonTool::Uv)).unwrap_err();
    assert!(matches!(error, IndexError::Fetch(FetchError::Unauthorized { .. })), "{error}");
    assert!(public.requests().is_empty());
    let empty = PythonIndex::builder().start();
    assert_eq!(user(&empty).project(request(PythonTool::Uv)).unwrap().value[0].files.len(), 4);
}

#[test]
fn pip_takes_all_indexes_together_and_says_which_failed() {
    let (one, two) = (builder().start(), PythonIndex::builder().package(PyPkg::new("demo-pkg", "9")).start());
    let broken = PythonIndex::builder().fault("/simple/demo-pkg/", Fault::Status(403, None)).start();
    let extra = format!("{} {}", two.url(), broken.url());
    let client = client(&[("PIP_INDEX_URL", &one.url()), ("PIP_EXTRA_INDEX_URL", &extra)]);
    let found = client.project(request(PythonTool::Pip)).unwrap();
    assert_eq!(found.value.len(), 2);
    assert_eq!(found.incomplete.len(), 1);
    assert!(found.incomplete[0].why.contains("403"), "{:?}", found.incomplete);
}

#[test]
fn an_unusable_index_is_no_leave_to_ask_the_next() {
    let public = builder().start();
    let project = "[[tool.pdm.source]]\nname = \"corp\"\nurl = \"https://${TOKEN}@corp.invalid/simple\"\n\
                   [[tool.poetry.source]]\nname = \"c\"\nurl = \"ftp://corp.invalid\"\n\
                   [[tool.uv.index]]\nurl = \"https://${TOKEN}.invalid/simple\"\n";
    let user = [("TOKEN", "secret"), ("UV_DEFAULT_INDEX", &public.url()), ("PDM_PYPI_URL", &public.url())];
    let client = client_of(&user, &[("pyproject.toml", project)], ClientOptions::default());
    for tool in [PythonTool::Pdm, PythonTool::Poetry, PythonTool::Uv] {
        let error = client.project(request(tool)).unwrap_err();
        assert!(matches!(&error, IndexError::UnusableIndex { .. }), "{tool:?} {error}");
        assert!(!error.to_string().contains("secret"));
    }
    assert!(public.requests().is_empty());
}

#[test]
fn hosts_that_the_user_did_not_name_stay_out_of_reach() {
    let inner = builder().start();
    let client = client(&[]);
    let name = pkg().wheel_name();
    for url in [inner.file_url(&name), "http://169.254.169.254/x.whl".to_owned(), "https://10.0.0.5/x.whl".to_owned()] {
        let error = client.fetch(artifact(None, Some(&url), Some(&pkg().wheel()))).unwrap_err();
        assert!(matches!(error, IndexError::Fetch(FetchError::RefusedAddress { .. })), "{url}: {error}");
    }
    // Plain http to a public host, with a hash or without.
    for bytes in [None, Some(pkg().wheel())] {
        let error = client.fetch(artifact(None, Some("http://h.example.org/x.whl"), bytes.as_deref())).unwrap_err();
        assert!(matches!(error, IndexError::Fetch(FetchError::PlainHttp { .. })), "{error}");
    }
    for url in ["file:///etc/passwd", "../x.whl", "git+https://h.invalid/x", ""] {
        let error = client.fetch(artifact(None, Some(url), None)).unwrap_err();
        assert!(matches!(error, IndexError::Fetch(FetchError::UnusableUrl { .. })), "{url}: {error}");
    }
    let tied = ProjectRequest { index: Some(inner.url()), ..request(PythonTool::Uv) };
    assert!(matches!(client.project(tied), Err(IndexError::Fetch(FetchError::RefusedAddress { .. }))));
    // An index of the user's may not lead elsewhere inside either.
    let fault = Fault::Redirect(format!("{}demo-pkg/", inner.url()));
    let mine = builder().fault("/simple/demo-pkg/", fault).start();
    assert!(matches!(page_error(&mine), IndexError::Fetch(FetchError::RefusedAddress { .. })));
    assert!(inner.requests().is_empty());
}

#[test]
fn names_that_are_none_are_asked_of_nobody() {
    let index = builder().start();
    for name in ["", "..", "a/b", "../../x", "a b", "é", "-"] {
        let request = ProjectRequest { name: name.to_owned(), ..request(PythonTool::Pip) };
        assert!(matches!(client_for(&index).project(request), Err(IndexError::UnusableName { .. })), "{name}");
    }
    assert!(index.requests().is_empty());
}

#[test]
fn offline_reads_folders_only() {
    let index = builder().start();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(pkg().wheel_name()), pkg().wheel()).unwrap();
    fs::write(folder.path().join("other-1.0.tar.gz"), "x").unwrap();
    let links = folder.path().display().to_string();
    let user = [("PIP_NO_INDEX", "1"), ("PIP_FIND_LINKS", &links), ("UV_DEFAULT_INDEX", &index.url())];
    let offline = client_of(&user, &[], ClientOptions { offline: true, ..ClientOptions::default() });
    let page = page(&offline);
    assert_eq!((page.form, page.files.len()), (Form::Links, 1));
    let fetched = offline.fetch(artifact(Some(&pkg().wheel_name()), None, Some(&pkg().wheel()))).unwrap();
    assert!(fetched.archive.into_bytes().unwrap() == pkg().wheel());
    let other = artifact(Some(&pkg().wheel_name()), None, Some(b"other"));
    let error = offline.fetch(other).unwrap_err();
    assert!(matches!(error, IndexError::Fetch(FetchError::IntegrityMismatch { .. })), "{error}");
    assert_eq!(offline.project(request(PythonTool::Uv)).unwrap_err(), IndexError::Fetch(FetchError::Offline));
    let empty = client(&[("PIP_NO_INDEX", "1")]);
    assert!(matches!(empty.project(request(PythonTool::Pip)), Err(IndexError::NoIndex { .. })));
    assert!(index.requests().is_empty());
}

#[test]
fn pages_of_links_are_read() {
    let name = pkg().wheel_name();
    let html = format!("<a href='files/{name}'>x</a><a href=other-1.0.tar.gz>y</a><a href='mailto:x'>z</a>");
    let index = PythonIndex::builder().package(pkg()).fault("/links", Fault::WrongBytes(html.into_bytes())).start();
    let links = format!("http://{}/links", index.host());
    let client = client(&[("PIP_NO_INDEX", "1"), ("PIP_FIND_LINKS", &links)]);
    let found = client.project(request(PythonTool::Pip)).unwrap();
    assert_eq!((found.value[0].files.len(), found.incomplete.len()), (1, 0));
    assert!(client.fetch(artifact(Some(&name), None, Some(&pkg().wheel()))).is_ok());
}

#[test]
fn many_projects_each_answer_once() {
    let index =
        (0..40).fold(PythonIndex::builder(), |builder, n| builder.package(PyPkg::new(&format!("p{n}"), "1"))).start();
    let requests = (0..41).map(|n| ProjectRequest { name: format!("p{n}"), ..request(PythonTool::Pip) }).collect();
    let mut results = BTreeMap::new();
    client_for(&index).projects(requests, &mut |place, result| {
        assert!(results.insert(place, result.is_ok()).is_none());
        ControlFlow::Continue(())
    });
    assert_eq!(results.len(), 41);
    assert_eq!(results.values().filter(|ok| !**ok).count(), 1);
}

#[test]
fn a_zip_of_the_kit_is_a_wheel_for_python_too() {
    let bytes = zip_archive(&[("a.txt", "x")]);
    assert!(bytes.starts_with(b"PK\x03\x04"));
    assert_eq!(pkg().wheel(), pkg().wheel());
    assert_eq!(pkg().sdist(), pkg().sdist());
}

#[test]
fn netrc_is_for_its_hosts_only() {
    let index = builder().authorization("Basic bmV0OnJj").start();
    let stranger = builder().start();
    let project = Project::builder("demo")
        .home_file(".netrc", "machine 127.0.0.1 login net password rc\ndefault login d password d\n")
        .build();
    let load = |variable: &str| {
        let variables = BTreeMap::from([("PIP_INDEX_URL".to_owned(), variable.to_owned())]);
        let environment = Environment { variables, home: Some(project.home()), project: None, trust_project: false };
        PypiClient::new(PypiConfig::load(&environment), ClientOptions::default()).unwrap()
    };
    assert!(load(&index.url()).project(request(PythonTool::Pip)).is_ok());
    let by_name = stranger.url().replace("127.0.0.1", "localhost");
    assert!(load(&by_name).project(request(PythonTool::Pip)).is_ok());
    assert_eq!(stranger.requests()[0].header("authorization"), None, "`default` is for nobody");
}
