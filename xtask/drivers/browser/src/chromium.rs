//! Starts Chromium.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use wasmlab_driver::chromium::HEADLESS_SWITCHES;

use crate::browser::{Browser, create_profile};
use crate::ports;

/// Switches for this driver, in addition to those of every headless Chromium of the lab.
const SWITCHES: &[&str] = &["--disable-sync", "--disable-default-apps", "--mute-audio"];

/// Starts `program` on a new profile and waits until DevTools listens.
///
/// # Errors
/// Why it is not running.
pub fn start(program: &Path, profile: &Path, _: &[u16]) -> Result<Browser, String> {
    create_profile(profile)?;
    let mut command = Command::new(program);
    command.args(HEADLESS_SWITCHES).args(SWITCHES).arg(format!("--user-data-dir={}", profile.display()));
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
