//! Starting Chromium without a window, with a profile of its own, and ending it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long Chromium may take until it listens. The lab's own limit comes first in most cells.
const START: Duration = Duration::from_secs(60);

/// What keeps Chromium to the cell: no window, no services, no traffic of its own.
const FLAGS: &[&str] = &[
    "--headless",
    "--remote-debugging-port=0",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-breakpad",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-proxy-server",
    "--mute-audio",
    // Nothing here is secret, and a desktop's keyring would ask a person.
    "--password-store=basic",
];

/// A running Chromium; it ends when this is dropped.
pub struct Chromium {
    child: Child,
    address: String,
}

impl Chromium {
    /// Starts `program` on a fresh profile and waits until its DevTools listen.
    ///
    /// # Errors
    /// Why it does not run.
    pub fn start(program: &Path, profile: &Path) -> Result<Self, String> {
        let shown = program.display();
        // One that an earlier run left names the port of a browser that is gone.
        fs::remove_dir_all(profile).ok();
        fs::create_dir_all(profile).map_err(|e| format!("failed to make {}: {e}", profile.display()))?;
        let mut command = Command::new(program);
        command.args(FLAGS).arg(format!("--user-data-dir={}", profile.display()));
        // Chromium refuses its sandbox to root; for anyone else the sandbox stays.
        if fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0) {
            command.arg("--no-sandbox");
        }
        command.arg("about:blank").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().map_err(|e| format!("{shown} cannot be started: {e}"))?;
        let mut this = Self { child, address: String::new() };
        let file = profile.join("DevToolsActivePort");
        let began = Instant::now();
        loop {
            // Two lines: the port, and the path of the browser's own socket.
            let text = fs::read_to_string(&file).unwrap_or_default();
            if let Some((port, path)) = text.split_once('\n')
                && !path.is_empty()
            {
                this.address = format!("127.0.0.1:{port}{}", path.trim_end());
                return Ok(this);
            }
            if let Ok(Some(status)) = this.child.try_wait() {
                return Err(format!("{shown} ended at its start with {status}"));
            }
            if began.elapsed() > START {
                return Err(format!("{shown} did not open its DevTools within {} s", START.as_secs()));
            }
            sleep(Duration::from_millis(5));
        }
    }

    /// `HOST:PORT/PATH` of the DevTools.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // Its helpers end when they lose it; a polite end takes a second and leaves nothing better behind.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
