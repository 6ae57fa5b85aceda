//! A browser's process: started without a window on a profile of its own, and ended.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// How long a browser may take until it listens. The lab's own limit comes first in most cells.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A running browser; it ends when this is dropped.
pub struct Browser {
    child: Child,
    address: String,
}

impl Browser {
    /// Starts it and waits until `address` finds where its protocol listens, as `HOST:PORT/PATH`.
    ///
    /// # Errors
    /// Why it does not run.
    pub fn start(mut command: Command, address: impl Fn() -> Option<String>) -> Result<Self, String> {
        let shown = Path::new(command.get_program()).display().to_string();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // Distributions start browsers through a shell script: to kill the child alone would kill the script.
        command.process_group(0);
        let child = command.spawn().map_err(|e| format!("{shown} cannot be started: {e}"))?;
        let mut this = Self { child, address: String::new() };
        let began = Instant::now();
        loop {
            if let Some(address) = address() {
                this.address = address;
                return Ok(this);
            }
            if let Ok(Some(status)) = this.child.try_wait() {
                return Err(format!("{shown} ended at its start with {status}"));
            }
            if began.elapsed() > START_TIMEOUT {
                return Err(format!("{shown} did not open its protocol within {} s", START_TIMEOUT.as_secs()));
            }
            sleep(Duration::from_millis(5));
        }
    }

    /// `HOST:PORT/PATH` of its protocol.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A polite end takes a second and leaves nothing better behind.
        kill_process_group(Pid::from_child(&self.child), Signal::KILL).ok();
        self.child.wait().ok();
    }
}

/// Makes an empty profile.
///
/// # Errors
/// When it cannot be made.
pub fn create_profile(profile: &Path) -> Result<(), String> {
    // One that an earlier run left names the port of a browser that is gone.
    fs::remove_dir_all(profile).ok();
    fs::create_dir_all(profile).map_err(|e| format!("failed to make {}: {e}", profile.display()))
}
