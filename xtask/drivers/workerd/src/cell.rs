//! One cell, from its specification to its last event.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use lexopt::prelude::{Long, Value};
use wasmlab_engine::Recorder;
use wasmlab_protocol::{Cause, CellSpec, PROTOCOL_VERSION, Stage};

use crate::MODES;
use crate::config::{self, Files};
use crate::worker::{self, End};

/// The command line, read.
pub struct Request {
    spec: CellSpec,
    workerd: PathBuf,
    scripts: PathBuf,
    packages: Option<PathBuf>,
    component: Option<PathBuf>,
}

impl Request {
    /// Reads the specification and the options that follow `run`.
    ///
    /// # Errors
    /// What is missing or unusable.
    pub fn read(mut args: lexopt::Parser) -> Result<Self, String> {
        let (mut spec, mut workerd, mut scripts, mut packages, mut component) = (None, None, None, None, None);
        while let Some(arg) = args.next().map_err(|e| e.to_string())? {
            let field = match arg {
                Value(file) if spec.is_none() => {
                    spec = Some(PathBuf::from(file));
                    continue;
                }
                Long("workerd") => &mut workerd,
                Long("scripts") => &mut scripts,
                Long("packages") => &mut packages,
                Long("component") => &mut component,
                other => return Err(other.unexpected().to_string()),
            };
            *field = Some(PathBuf::from(args.value().map_err(|e| e.to_string())?));
        }
        let spec = spec.ok_or("the cell's specification is missing: name its file")?;
        Ok(Self {
            spec: read_spec(&spec).map_err(|e| format!("{}: {e}", spec.display()))?,
            workerd: workerd.ok_or("--workerd is missing: name a program")?,
            scripts: scripts.ok_or("--scripts is missing: name the folder of the lab's JavaScript")?,
            packages,
            component,
        })
    }

    /// Runs the cell.
    ///
    /// # Errors
    /// When the observation cannot be written; everything else is the cell's cause.
    pub fn run(self) -> Result<(), String> {
        let path = self.spec.events.clone();
        let mut recorder = Recorder::open(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let end = self.observe(&mut recorder).unwrap_or_else(|message| End::Cause(Cause::EngineError { message }));
        std::io::stdout().flush().ok();
        match end {
            End::Cause(cause) => recorder.end(cause).map_err(|e| format!("{}: {e}", path.display())),
            End::Crashed(why) => {
                // No last event and a signal: that is how an engine's crash looks, and this is one.
                eprintln!("driver-workerd: {why}");
                std::process::abort()
            }
        }
    }

    fn observe(self, recorder: &mut Recorder) -> Result<End, String> {
        recorder.stage(Stage::Load).ok();
        let module = &self.spec.module;
        let bytes = fs::read(module).map_err(|e| format!("failed to read {}: {e}", module.display()))?;
        // The lab's is a pipe, and the temporary folder that it names is the cell's own.
        let is_pipe = self.spec.events.starts_with("/dev");
        let beside = if is_pipe { std::env::temp_dir() } else { self.spec.events.with_file_name("") };
        let dir = beside.join("worker");
        let input = input();
        let files = Files {
            spec: &self.spec,
            module: &bytes,
            input: &input,
            scripts: &self.scripts,
            packages: self.packages.as_deref(),
            component: self.component.as_deref(),
        };
        let config = config::write(&files, &dir, &worker::release(&self.workerd)?)?;
        worker::run(&self.workerd, &config, recorder)
    }
}

/// How long the driver waits for the end of its standard input.
const INPUT_WAIT: Duration = Duration::from_millis(250);

/// What there is on standard input. A worker has none: what it may read is read before, and an input that stays open for
/// whoever talks to the guest gives nothing.
fn input() -> Vec<u8> {
    let (sender, whole) = mpsc::channel();
    std::thread::spawn(move || {
        let mut input = Vec::new();
        std::io::stdin().read_to_end(&mut input).ok();
        sender.send(input).ok();
    });
    whole.recv_timeout(INPUT_WAIT).unwrap_or_default()
}

fn read_spec(path: &Path) -> Result<CellSpec, String> {
    let text = fs::read(path).map_err(|e| e.to_string())?;
    // The protocol comes first: a newer specification has fields that this binary cannot know.
    let json: serde_json::Value = serde_json::from_slice(&text).map_err(|e| e.to_string())?;
    if json["protocol"].as_u64() != Some(u64::from(PROTOCOL_VERSION)) {
        return Err(format!("protocol {}, this driver speaks {PROTOCOL_VERSION}: build it again", json["protocol"]));
    }
    let spec: CellSpec = serde_json::from_value(json).map_err(|e| e.to_string())?;
    if !MODES.contains(&spec.mode.as_str()) {
        return Err(format!("no mode `{}`; there is {}", spec.mode, MODES.join(", ")));
    }
    Ok(spec)
}
