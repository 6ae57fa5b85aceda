//! A browser process: started without a window on its own profile, and killed.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use wasmlab_protocol::browser_start;

/// Time limit for a browser to start listening. In most cells the lab's own limit is reached first.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A running browser, killed on drop.
pub struct Browser {
    child: Child,
    address: String,
}

impl Browser {
    /// Starts the browser and waits until `address` returns where its protocol listens, as `HOST:PORT/PATH`.
    ///
    /// # Errors
    /// Why it is not running.
    pub fn start(mut command: Command, address: impl Fn() -> Option<String>) -> Result<Self, String> {
        let shown = Path::new(command.get_program()).display().to_string();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // Distributions start browsers through a shell script, and killing the child alone would only kill the script.
        command.process_group(0);
        let child = command.spawn().map_err(|e| format!("{shown} {}: {e}", browser_start::CANNOT_START))?;
        let mut this = Self { child, address: String::new() };
        let began = Instant::now();
        loop {
            if let Some(address) = address() {
                this.address = address;
                return Ok(this);
            }
            if let Ok(Some(status)) = this.child.try_wait() {
                return Err(format!("{shown} {} with {status}", browser_start::ENDED));
            }
            if began.elapsed() > START_TIMEOUT {
                return Err(format!("{shown} {} within {} s", browser_start::SILENT, START_TIMEOUT.as_secs()));
            }
            sleep(Duration::from_millis(5));
        }
    }

    /// Waits until it exits.
    ///
    /// # Errors
    /// If it cannot be waited for.
    pub fn wait(mut self) -> Result<(), String> {
        self.child.wait().map(drop).map_err(|e| format!("failed to wait for the browser: {e}"))
    }

    /// Address of its protocol, `HOST:PORT/PATH`.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A graceful exit takes a second and has no advantage.
        kill_process_group(Pid::from_child(&self.child), Signal::KILL).ok();
        self.child.wait().ok();
    }
}

/// Creates an empty profile.
///
/// # Errors
/// If it cannot be created.
pub fn create_profile(profile: &Path) -> Result<(), String> {
    // A profile left by an earlier run contains the port of a browser that is gone.
    fs::remove_dir_all(profile).ok();
    fs::create_dir_all(profile).map_err(|e| format!("failed to make {}: {e}", profile.display()))
}
