//! Starts workerd, reads what the script reports, and kills it when the guest has ended.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use wasmlab_driver::{CellEnd, ScriptMessage};
use wasmlab_engine::EventWriter;
use wasmlab_protocol::{Cause, Event};

/// A line that the script prints: an event, or output of the guest in base64.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Stdout { stdout: String },
    Stderr { stderr: String },
    Event(Event),
}

impl From<Line> for ScriptMessage {
    fn from(line: Line) -> Self {
        let bytes = |base64: &str| BASE64_STANDARD.decode(base64).unwrap_or_default();
        match line {
            Line::Stdout { stdout } => Self::Stdout(bytes(&stdout)),
            Line::Stderr { stderr } => Self::Stderr(bytes(&stderr)),
            Line::Event(event) => Self::Event(event),
        }
    }
}

/// How much of workerd's stderr is kept for messages, in bytes.
const MAX_STDERR: u64 = 16 << 10;
/// How many of its lines a message quotes.
const MAX_LINES: usize = 20;

/// The date of this release, which is its version. As the compatibility date, it asks for current behaviour.
///
/// # Errors
/// If the program cannot be started, or its version is not a date.
pub fn release_date(workerd: &Path) -> Result<String, String> {
    let output = Command::new(workerd).arg("--version").output();
    let output = output.map_err(|e| format!("failed to start {}: {e}", workerd.display()))?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let date = version.rsplit(' ').next().filter(|word| word.split('-').count() == 3).map(str::to_owned);
    date.ok_or_else(|| format!("{} has no date as its version: `{version}`", workerd.display()))
}

/// Runs the worker of this configuration until its guest has ended.
///
/// # Errors
/// If the program cannot be started.
pub fn run(workerd: &Path, config: &Path, writer: &mut EventWriter) -> Result<CellEnd, String> {
    let mut command = Command::new(workerd);
    command.args(["test", "--no-verbose"]).arg(config).stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.as_mut().map_err(|e| format!("failed to start {}: {e}", workerd.display()))?;
    let stderr = child.stderr.take().map(collect);
    let cause = child.stdout.take().and_then(|out| record(BufReader::new(out), writer));
    if let Some(cause) = cause {
        child.kill().ok();
        child.wait().ok();
        return Ok(CellEnd::Cause(cause));
    }
    let stderr = stderr.and_then(|reader| reader.join().ok()).unwrap_or_default();
    Ok(end_without_report(child, &stderr))
}

/// Reads a stream to its end, so that its writer never blocks, and keeps the beginning.
fn collect(mut stream: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut captured = Vec::new();
        stream.by_ref().take(MAX_STDERR).read_to_end(&mut captured).ok();
        std::io::copy(&mut stream, &mut std::io::sink()).ok();
        String::from_utf8_lossy(&captured).into_owned()
    })
}

/// Records what the script reports. Returns the cause once the guest has ended; `None` if workerd exits before.
fn record(mut lines: impl BufRead, writer: &mut EventWriter) -> Option<Cause> {
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        match serde_json::from_slice::<Line>(&line) {
            Ok(line) => {
                if let Some(cause) = ScriptMessage::from(line).record(writer) {
                    return Some(cause);
                }
            }
            // Printed by workerd itself, not by the guest.
            Err(_) => _ = std::io::stderr().write_all(&line),
        }
        line.clear();
    }
    None
}

/// Workerd exited before the script reported the guest's end.
fn end_without_report(child: &mut Child, stderr: &str) -> CellEnd {
    let lines: Vec<&str> = stderr.lines().filter(|line| !line.contains(": debug: [ ")).take(MAX_LINES).collect();
    let message = lines.join("\n");
    match child.wait() {
        Ok(status) if status.code() == Some(1) => {
            CellEnd::Cause(Cause::EngineError { message: format!("workerd: {message}") })
        }
        Ok(status) if status.success() => {
            CellEnd::Cause(Cause::HostError { message: "the worker was done before the guest ended".to_owned() })
        }
        Ok(status) => CellEnd::Crashed(format!("workerd ended with {status}: {message}")),
        Err(error) => CellEnd::Cause(Cause::EngineError { message: format!("workerd cannot be waited for: {error}") }),
    }
}
