//! A server of TAXII that others made: OASIS's own, medallion (<https://github.com/oasis-open/cti-taxii-server>).

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use serde_json::{Value, json};
use vetch_testkit::{Project, Run};

use crate::vetch;

const ID: &str = "91a7b528-80eb-42ed-a74d-c6fbd5a26116";
/// A Python that has just been installed compiles itself first.
const PATIENCE: Duration = Duration::from_secs(60);

/// `MEDALLION` names the program; else it may be installed like any other.
fn program() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("MEDALLION").filter(|named| !named.is_empty()) {
        return Some(PathBuf::from(named));
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("medallion")).find(|file| file.is_file())
}

struct Medallion {
    child: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Drop for Medallion {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Medallion {
    /// A server with one collection, or `None` with a printed note where none is installed. In CI that is a failure.
    #[allow(clippy::print_stderr, reason = "a skipped test says so")]
    fn start() -> Option<Medallion> {
        let Some(program) = program() else {
            assert!(std::env::var_os("CI").is_none(), "medallion is not installed; .ci/run installs it");
            eprintln!("skipped: medallion is not installed (set MEDALLION to the program)");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let data = json!({
            "/discovery": { "title": "Some TAXII Server", "default": "/trustgroup1/", "api_roots": ["/trustgroup1/"] },
            "trustgroup1": {
                "information": {
                    "title": "A trust group", "versions": ["application/taxii+json;version=2.1"],
                    "max_content_length": 9_765_625,
                },
                "status": [],
                "collections": [{
                    "id": ID, "title": "High Value Indicators", "can_read": true, "can_write": true, "media_types": [],
                    "objects": [], "manifest": [],
                }],
            },
        });
        let file = folder.path().join("data.json");
        fs::write(&file, data.to_string()).unwrap();
        let settings = json!({
            "backend": { "module": "medallion.backends.memory_backend", "module_class": "MemoryBackend", "filename": file },
            "users": { "admin": "open sesame" },
            "taxii": { "max_page_size": 2 },
        });
        let config = folder.path().join("config.json");
        fs::write(&config, settings.to_string()).unwrap();
        // It has to be told a port: one that was free a moment ago.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Command::new(&program)
            .args(["--host", "127.0.0.1", "--port", &address.port().to_string()])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let mut medallion = Medallion { child, address, _folder: folder };
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < deadline, "medallion never listens");
            assert!(medallion.child.try_wait().unwrap().is_none(), "medallion ended");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(medallion)
    }

    /// As a producer adds objects (5.5).
    fn add(&self, objects: &[Value]) {
        let body = json!({ "objects": objects }).to_string();
        let user = base64::engine::general_purpose::STANDARD.encode("admin:open sesame");
        let kind = "application/taxii+json;version=2.1";
        let mut stream = TcpStream::connect(self.address).unwrap();
        write!(
            stream,
            "POST /trustgroup1/collections/{ID}/objects/ HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAuthorization: \
             Basic {user}\r\nAccept: {kind}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains(" 202 ") && answer.contains("\"failure_count\": 0"), "{answer}");
    }
}

fn indicator(number: u32) -> Value {
    json!({
        "type": "indicator", "spec_version": "2.1", "id": format!("indicator--00000000-0000-4000-8000-{number:012}"),
        "created": "2026-04-01T00:00:00.000Z", "modified": "2026-04-01T00:00:00.000Z", "name": format!("Server {number}"),
        "pattern_type": "stix", "pattern": format!("[domain-name:value = 'host-{number}.invalid']"),
        "valid_from": "2026-04-01T00:00:00Z",
    })
}

#[test]
fn a_server_that_others_made_is_understood() {
    let Some(medallion) = Medallion::start() else { return };
    let first: Vec<Value> = (1..=7).map(indicator).collect();
    medallion.add(&first);
    let url = format!("http://{}/taxii2/", medallion.address);
    let settings = format!(
        "[[intel.taxii]]\nname = \"cert\"\nurl = \"{url}\"\nusername = \"admin\"\npassword-env = \"SECRET\"\n\
         collections = [\"high value indicators\"]\n"
    );
    let project = Project::builder("demo").home_file(".config/vetch/config.toml", &settings).build();
    let with = |secret: &str, arguments: &[&str]| -> Run {
        let run = vetch(&["intel"]).args(arguments.iter().copied()).dir(project.root()).home(project.home());
        run.env("SECRET", secret).run()
    };
    let run = with("open barley", &["update", "--taxii", "cert"]).expect(2);
    assert!(run.stderr.contains("does not accept your credentials"), "{}", run.stderr);
    let run = with("open sesame", &["taxii"]).expect(0);
    assert!(run.stdout.contains(ID) && run.stdout.contains("(read, write)"), "{}", run.stdout);
    let update = || with("open sesame", &["update", "--taxii", "cert"]).expect(0).stdout;
    // Four pages, the last of one object.
    assert_eq!(update(), "cert: High Value Indicators: 7 indicators\n");
    assert_eq!(update(), "cert: High Value Indicators: no records\n");
    medallion.add(&[indicator(8)]);
    assert_eq!(update(), "cert: High Value Indicators: 1 indicators\n");
    with("", &["show", "host-8.invalid"]).expect(0);
}
