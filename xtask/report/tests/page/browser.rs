//! A headless Chromium and one page in it, through the DevTools protocol on two pipes: no port, no WebSocket.
//! <https://chromedevtools.github.io/devtools-protocol/>
//!
//! A plain `Command`: this crate must not depend on `wasmlab-process`, and the page is the lab's own.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use wasmlab_driver::chromium::HEADLESS_SWITCHES;

/// Switches for these tests, in addition to those of every headless Chromium.
const SWITCHES: &[&str] = &["--remote-debugging-pipe", "--window-size=1280,900"];

/// No step takes this long; at the limit the browser is killed and the test fails.
const TIMEOUT: Duration = Duration::from_secs(600);

/// Chromium, as the lab finds it.
pub fn program() -> Option<PathBuf> {
    let chromium = wasmlab_runtimes::find("chromium").unwrap().source.program().unwrap();
    let named = std::env::var_os(chromium.variable).map(PathBuf::from);
    named.or_else(|| chromium.names.iter().find_map(|name| which::which(name).ok()))
}

/// A browser with one page; it ends when this is dropped.
pub struct Browser {
    child: Child,
    commands: File,
    answers: BufReader<File>,
    last_id: u64,
    session: Option<String>,
    /// The page's events: requests, console, exceptions.
    pub events: Vec<Value>,
    /// The folder for pages; removed at the end.
    pub dir: tempfile::TempDir,
}

impl Browser {
    /// Starts Chromium on a fresh profile.
    pub fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        // `mkfifo` is a system call that std lacks, and one line of a test is no reason for a dependency.
        let made = Command::new("mkfifo").args(["in", "out"]).current_dir(dir.path()).status().unwrap();
        assert!(made.success(), "mkfifo: {made}");
        let mut command = Command::new("sh");
        // Chromium reads commands on descriptor 3 and answers on 4.
        command.args(["-c", "exec \"$@\" 3<in 4>out", "sh"]).arg(program().expect("Chromium"));
        command
            .args(HEADLESS_SWITCHES)
            .args(SWITCHES)
            .arg(format!("--user-data-dir={}", dir.path().join("profile").display()));
        // Chromium refuses its sandbox to root.
        if std::fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0) {
            command.arg("--no-sandbox");
        }
        command.current_dir(dir.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // In other locales, Chromium cannot open files with non-ASCII names.
        command.env("LC_ALL", "C.UTF-8").process_group(0);
        let child = command.spawn().unwrap();
        let group = child.id();
        std::thread::spawn(move || {
            std::thread::sleep(TIMEOUT);
            kill(group);
        });
        // Each `open` blocks until the shell has opened the other end.
        let commands = OpenOptions::new().write(true).open(dir.path().join("in")).unwrap();
        let answers = BufReader::new(File::open(dir.path().join("out")).unwrap());
        let mut this = Self { child, commands, answers, last_id: 0, session: None, events: Vec::new(), dir };
        let target = this.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attached = this.call("Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true }));
        this.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Log", "Network"] {
            this.call(&format!("{domain}.enable"), json!({}));
        }
        this
    }

    /// Writes a page to disk and opens it, with `hash` after its path in the address.
    pub fn open(&mut self, page: &str, hash: &str) {
        let file = self.dir.path().join("index.html");
        std::fs::write(&file, page).unwrap();
        self.open_file(&file, hash);
    }

    /// Opens a file.
    pub fn open_file(&mut self, file: &Path, hash: &str) {
        // Start from another document, so that the same address is loaded again.
        for url in ["about:blank".to_owned(), format!("file://{}{hash}", file.display())] {
            self.call("Page.navigate", json!({ "url": url }));
            // The previous document is complete, too, so check the address as well.
            let scheme = url.split(':').next().unwrap_or_default();
            self.wait(&format!("location.protocol === '{scheme}:' && document.readyState === 'complete'"));
        }
    }

    /// Waits until an expression is true, at most a minute: on a busy machine, pages take many times longer.
    pub fn wait(&mut self, expression: &str) {
        for _ in 0..2400 {
            if self.value(expression) == json!(true) {
                return;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("{expression} never became true");
    }

    /// The value of an expression in the page.
    pub fn value(&mut self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", params);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    /// The text of an expression.
    pub fn text(&mut self, expression: &str) -> String {
        let value = self.value(expression);
        value.as_str().unwrap_or_else(|| panic!("{expression} is {value}")).to_owned()
    }

    /// Presses a key as a person does: `/`, `Enter`, `ArrowDown`.
    pub fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Enter" => (13, "\r"),
            "Escape" => (27, ""),
            "ArrowLeft" => (37, ""),
            "ArrowUp" => (38, ""),
            "ArrowRight" => (39, ""),
            "ArrowDown" => (40, ""),
            "Home" => (36, ""),
            "End" => (35, ""),
            "Tab" => (9, ""),
            sign => (0, sign),
        };
        let kind = if text.is_empty() { "rawKeyDown" } else { "keyDown" };
        let params = |kind: &str| json!({ "type": kind, "key": key, "text": text, "windowsVirtualKeyCode": code });
        self.call("Input.dispatchKeyEvent", params(kind));
        self.call("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": key, "windowsVirtualKeyCode": code }));
    }

    /// Types a text into the focused element.
    pub fn type_text(&mut self, text: &str) {
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// Sends a command and waits for its result.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let mut message = json!({ "id": self.last_id, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.commands.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let mut bytes = Vec::new();
            self.answers.read_until(0, &mut bytes).unwrap();
            assert_eq!(bytes.pop(), Some(0), "{method}: Chromium is gone");
            let answer: Value = serde_json::from_slice(&bytes).unwrap();
            if answer["id"] != json!(self.last_id) {
                self.events.push(answer);
                continue;
            }
            assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
            return answer["result"].clone();
        }
    }

    /// The page's errors: exceptions, errors and warnings on its console, refusals of its policy.
    pub fn complaints(&self) -> Vec<String> {
        let is_bad = |event: &&Value| match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => true,
            Some("Runtime.consoleAPICalled") => event["params"]["type"] != "log",
            Some("Log.entryAdded") => event["params"]["entry"]["level"] != "verbose",
            _ => false,
        };
        self.events.iter().filter(is_bad).map(|event| event["params"].to_string()).collect()
    }

    /// How long the page has kept its processor busy, milliseconds; `Performance` has to be enabled.
    pub fn busy_ms(&mut self) -> f64 {
        self.metric("TaskDuration") * 1000.0
    }

    /// One of the page's counters, as `Performance.getMetrics` names it: durations in seconds, the rest are counts.
    pub fn metric(&mut self, name: &str) -> f64 {
        let answer = self.call("Performance.getMetrics", json!({}));
        let metrics = answer["metrics"].as_array().cloned().unwrap_or_default();
        let found = metrics.iter().find(|metric| metric["name"] == name);
        found.and_then(|metric| metric["value"].as_f64()).unwrap_or_else(|| panic!("no metric {name}: {answer}"))
    }

    /// The addresses that were requested.
    pub fn requests(&self) -> Vec<String> {
        let sent = self.events.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
        sent.map(|event| event["params"]["request"]["url"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        kill(self.child.id());
        self.child.wait().ok();
    }
}

/// Kills the whole group, because distributions start browsers through a shell script.
fn kill(group: u32) {
    let group = format!("-{group}");
    Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status().ok();
}
