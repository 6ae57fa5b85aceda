//! Starts Chromium.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use crate::browser::{Browser, create_profile};
use crate::ports;

/// Limits Chromium to the cell: no window, no services, no traffic of its own.
const FLAGS: &[&str] = &[
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-breakpad",
    // In the headless shell, V8 handles out-of-bounds memory accesses only if the crash reporter is on; otherwise the
    // page crashes instead of trapping. Reports stay in the profile.
    "--enable-crash-reporter",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-proxy-server",
    "--mute-audio",
    // There are no secrets, and a desktop's keyring would prompt the user.
    "--password-store=basic",
];

/// Starts `program` on a new profile and waits until DevTools listens.
///
/// # Errors
/// Why it is not running.
pub fn start(program: &Path, profile: &Path, _: &[u16]) -> Result<Browser, String> {
    create_profile(profile)?;
    let mut command = Command::new(program);
    command.args(FLAGS).arg(format!("--user-data-dir={}", profile.display()));
    let port = ports::given().1;
    command.arg(format!("--remote-debugging-port={port}"));
    command.arg(format!("--crash-dumps-dir={}", profile.join("reports").display()));
    // Chromium refuses to use its sandbox as root; for other users it stays on.
    if fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0) {
        command.arg("--no-sandbox");
    }
    command.arg("about:blank");
    let file = profile.join("DevToolsActivePort");
    Browser::start(command, || {
        if port != 0 {
            return ports::devtools(port);
        }
        // Two lines: the port, and the path of the browser's socket.
        let text = fs::read_to_string(&file).ok()?;
        let (port, path) = text.split_once('\n')?;
        (!path.is_empty()).then(|| format!("127.0.0.1:{port}{}", path.trim_end()))
    })
}
