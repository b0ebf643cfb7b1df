//! A headless Chromium for pages that Vetch writes, driven through the DevTools protocol over its pipe: no port, no
//! driver program, no further dependency.
//!
//! <https://chromedevtools.github.io/devtools-protocol/>; `--remote-debugging-pipe` speaks JSON, each message ended by a
//! zero byte, on the descriptors 3 (to the browser) and 4 (from it).

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use base64::Engine;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Names it is installed under; `CHROMIUM` names another.
const PROGRAMS: &[&str] =
    &["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// For a machine that does much else; what hangs is to fail.
const PATIENCE: Duration = Duration::from_secs(90);

/// One page in a browser of its own.
pub struct Browser {
    child: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    session: String,
    next: u64,
    /// Everything that the page asked any address for, and what it complained of.
    requests: Vec<String>,
    complaints: Vec<String>,
    loaded: bool,
    _profile: TempDir,
}

impl Browser {
    /// The program, if one is installed.
    pub fn program() -> Option<PathBuf> {
        if let Some(named) = std::env::var_os("CHROMIUM") {
            return Some(PathBuf::from(named));
        }
        let path = std::env::var_os("PATH")?;
        let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        PROGRAMS.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file()))
    }

    /// A browser, or `None` with a printed note where none is installed. In CI (`CI` is set) that is a failure.
    #[allow(clippy::print_stderr, reason = "a skipped test says so")]
    pub fn start() -> Option<Browser> {
        let Some(program) = Browser::program() else {
            assert!(std::env::var_os("CI").is_none(), "no Chromium is installed; .ci/run installs one");
            eprintln!("skipped: no Chromium is installed (set CHROMIUM to the program)");
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        // The shell hands its own input and output on as the pipe's descriptors.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null"])
            .arg(program)
            .args(["--headless", "--no-sandbox", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu"])
            .args(["--disable-dev-shm-usage", "--disable-background-networking", "--window-size=1400,900"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .env("HOME", profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            for message in BufReader::new(output).split(0) {
                let message = message.ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
                if message.is_none_or(|message| sender.send(message).is_err()) {
                    return;
                }
            }
        });
        let mut browser = Browser {
            child,
            input,
            messages,
            session: String::new(),
            next: 0,
            requests: Vec::new(),
            complaints: Vec::new(),
            loaded: false,
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attached = json!({ "targetId": target["targetId"], "flatten": true });
        browser.session = browser.call("Target.attachToTarget", attached)["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Network", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Calls a method of the protocol and waits for its result.
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.next += 1;
        let mut message = json!({ "id": self.next, "method": method, "params": parameters });
        if !self.session.is_empty() {
            message["sessionId"] = self.session.clone().into();
        }
        self.input.write_all(format!("{message}\0").as_bytes()).unwrap();
        self.input.flush().unwrap();
        loop {
            let answer = self.messages.recv_timeout(PATIENCE).expect("the browser answers");
            if answer["id"].as_u64() == Some(self.next) {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            self.note(&answer);
        }
    }

    fn note(&mut self, event: &Value) {
        let parameters = &event["params"];
        match event["method"].as_str() {
            Some("Network.requestWillBeSent") => {
                self.requests.push(parameters["request"]["url"].as_str().unwrap_or_default().to_owned());
            }
            Some("Runtime.exceptionThrown" | "Runtime.consoleAPICalled" | "Log.entryAdded") => {
                self.complaints.push(parameters.to_string());
            }
            Some("Page.javascriptDialogOpening") => self.complaints.push(format!("a dialog: {parameters}")),
            Some("Page.loadEventFired") => self.loaded = true,
            _ => {}
        }
    }

    /// Opens a file and waits until the page says that it can be used (`data-ready`), or is loaded if it has no script.
    /// Returns the milliseconds that the page says it took.
    pub fn open(&mut self, file: &Path, has_script: bool) -> u64 {
        self.requests.clear();
        self.complaints.clear();
        self.loaded = false;
        let url = format!("file://{}", file.canonicalize().unwrap().display());
        self.call("Page.navigate", json!({ "url": url }));
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let ready = self.evaluate("document.documentElement?.dataset.ready || ''");
            if let Some(ready) = ready.as_str().and_then(|ready| ready.parse().ok()) {
                return ready;
            }
            if self.loaded && !has_script {
                return 0;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the page never became usable: {:?}", self.complaints);
    }

    /// The value of an expression in the page.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let result = self.call("Runtime.evaluate", parameters);
        assert!(result["exceptionDetails"].is_null(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].clone()
    }

    /// As [`Browser::evaluate`], for a text.
    pub fn text(&mut self, expression: &str) -> String {
        let value = self.evaluate(expression);
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    }

    /// Types text into whatever has the focus.
    pub fn type_text(&mut self, text: &str) {
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// Presses a key by its name (`ArrowDown`, `Enter`, `/`).
    pub fn press(&mut self, key: &str) {
        let code = match key {
            "Enter" => 13,
            "Escape" => 27,
            "ArrowLeft" => 37,
            "ArrowUp" => 38,
            "ArrowRight" => 39,
            "ArrowDown" => 40,
            "Home" => 36,
            "End" => 35,
            "Tab" => 9,
            _ => 0,
        };
        let key_event = |kind: &str| json!({ "type": kind, "key": key, "windowsVirtualKeyCode": code });
        self.call("Input.dispatchKeyEvent", key_event("rawKeyDown"));
        self.call("Input.dispatchKeyEvent", key_event("keyUp"));
    }

    /// Clicks the middle of the first element that the selector means.
    pub fn click(&mut self, selector: &str) {
        let place = format!(
            "(() => {{ const e = document.querySelector({selector:?}); e.scrollIntoView({{ block: 'nearest' }}); \
             const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; }})()"
        );
        let place = self.evaluate(&place);
        self.click_at(place[0].as_f64().unwrap(), place[1].as_f64().unwrap());
    }

    /// Clicks a place of the window, in CSS pixels.
    pub fn click_at(&mut self, x: f64, y: f64) {
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": x, "y": y, "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// Makes the window another size.
    pub fn resize(&mut self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// What the reader's system prefers: `light` or `dark`.
    pub fn prefer(&mut self, scheme: &str) {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", features);
    }

    /// A picture of the window, as PNG.
    pub fn screenshot(&mut self) -> Vec<u8> {
        let data = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        base64::engine::general_purpose::STANDARD.decode(data["data"].as_str().unwrap()).unwrap()
    }

    /// Everything the page asked for since it was opened, itself included.
    pub fn requests(&self) -> &[String] {
        &self.requests
    }

    /// Errors, warnings and whatever else the page told since it was opened.
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
