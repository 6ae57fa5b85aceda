//! The process of workerd: started, listened to, ended.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use wasmlab_engine::Recorder;
use wasmlab_protocol::{Cause, Event};

/// How a cell ended.
pub enum End {
    /// It ended for this cause.
    Cause(Cause),
    /// The program crashed, with these words.
    Crashed(String),
}

/// A line that the script says.
#[derive(Deserialize)]
#[serde(untagged)]
enum Said {
    /// The guest's output, base64.
    Stdout {
        /// The bytes.
        stdout: String,
    },
    /// The guest's errors, base64.
    Stderr {
        /// The bytes.
        stderr: String,
    },
    /// A line of the observation.
    Event(Event),
}

/// How much of what the program says is kept, in bytes.
const WORDS: usize = 16 << 10;

/// The date of this release, which is its version: the behaviour that a worker written today asks for.
///
/// # Errors
/// When the program cannot be started, or says something else.
pub fn release(workerd: &Path) -> Result<String, String> {
    let said = Command::new(workerd).arg("--version").output();
    let said = said.map_err(|e| format!("failed to start {}: {e}", workerd.display()))?;
    let said = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    let date = said.rsplit(' ').next().filter(|word| word.split('-').count() == 3).map(str::to_owned);
    date.ok_or_else(|| format!("{} has no date as its version: `{said}`", workerd.display()))
}

/// Runs the worker of this configuration until its guest has ended.
///
/// # Errors
/// When the program cannot be started.
pub fn run(workerd: &Path, config: &Path, recorder: &mut Recorder) -> Result<End, String> {
    let mut command = Command::new(workerd);
    command.args(["test", "--no-verbose"]).arg(config).stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.as_mut().map_err(|e| format!("failed to start {}: {e}", workerd.display()))?;
    let stderr = child.stderr.take();
    let words = std::thread::spawn(move || {
        let mut words = Vec::new();
        let mut stderr = stderr?;
        // To its end, so that the program never waits; of a flood only the beginning is kept.
        stderr.by_ref().take(WORDS as u64).read_to_end(&mut words).ok();
        std::io::copy(&mut stderr, &mut std::io::sink()).ok();
        Some(String::from_utf8_lossy(&words).into_owned())
    });
    let cause = child.stdout.take().and_then(|out| record(BufReader::new(out), recorder));
    if let Some(cause) = cause {
        child.kill().ok();
        child.wait().ok();
        return Ok(End::Cause(cause));
    }
    Ok(without_an_end(child, &words.join().ok().flatten().unwrap_or_default()))
}

/// Records what the script says, up to the guest's end if it says that.
fn record(mut lines: impl BufRead, recorder: &mut Recorder) -> Option<Cause> {
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        match serde_json::from_slice(&line) {
            Ok(Said::Stdout { stdout }) => write(&mut std::io::stdout(), &stdout),
            Ok(Said::Stderr { stderr }) => write(&mut std::io::stderr(), &stderr),
            Ok(Said::Event(Event::End { cause, .. })) => return Some(cause),
            // The clock is the driver's: it began with the program's start.
            Ok(Said::Event(Event::Stage { stage, cached, .. })) => {
                recorder.write(&Event::Stage { stage, micros: recorder.micros(), cached }).ok();
            }
            Ok(Said::Event(event)) => _ = recorder.write(&event),
            // What the program itself says on this stream is no part of the guest's.
            Err(_) => _ = std::io::stderr().write_all(&line),
        }
        line.clear();
    }
    None
}

/// Writes the guest's output. That nobody reads it any more is no error.
fn write(to: &mut dyn Write, base64: &str) {
    let bytes = BASE64_STANDARD.decode(base64).unwrap_or_default();
    to.write_all(&bytes).and_then(|()| to.flush()).ok();
}

/// The program ended, and the script had not said that the guest had.
fn without_an_end(child: &mut Child, words: &str) -> End {
    let status = child.wait();
    let said: Vec<&str> = words.lines().filter(|line| !line.contains(": debug: [ ")).take(20).collect();
    let said = said.join("\n");
    match status {
        Ok(status) if status.code() == Some(1) => {
            End::Cause(Cause::EngineError { message: format!("workerd: {said}") })
        }
        Ok(status) if status.success() => {
            End::Cause(Cause::HostError { message: "the worker was done before the guest ended".to_owned() })
        }
        Ok(status) => End::Crashed(format!("workerd ended with {status}: {said}")),
        Err(error) => End::Cause(Cause::EngineError { message: format!("workerd cannot be waited for: {error}") }),
    }
}
