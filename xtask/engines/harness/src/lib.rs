//! Code that embedded engines share: command line, event log, cache of compiled code.
//!
//! An engine binary consists of an [`Engine`] constant and a function that runs a [`CellSpec`] and returns why it
//! ended. Everything that must be the same in all engines (what is recorded when, exit codes, messages) is here.

mod calls;
mod compiled;
mod event_log;
mod event_writer;
mod imports;
mod imports_only;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

pub use calls::{ModuleInstance, call_args, run_entry_point};
pub use compiled::{CompiledCode, load_or_compile};
pub use event_log::{EventLog, MAX_HOST_CALLS};
pub use event_writer::EventWriter;
pub use imports::{func_text, global_text, import_mismatch, memory_text, missing_imports, table_text};
pub use imports_only::{imports_only, try_imports_only};

use wasmlab_protocol::{
    Cause, CellSpec, EXIT_INVALID_SPEC, EngineInfo, PROTOCOL_VERSION, SOCKET_FD_PLACEHOLDER, Stage, Switch,
};

/// An engine binary.
#[derive(Clone, Copy, Debug)]
pub struct Engine {
    /// Its name, which is also the name of the library's crate: `wasmi`.
    pub name: &'static str,
    /// The version of the library in the engine's `Cargo.lock`: `env!("ENGINE_VERSION")`, from `engine_version.rs`.
    pub version: &'static str,
    /// Its modes.
    pub modes: &'static [&'static str],
    /// Features that its library disables by default and a specification may enable: the API call, and what it provides
    /// (a proposal, or [`wasmlab_protocol::STACK_DEPTH`]).
    pub switches: &'static [(&'static str, &'static str)],
    /// Runs a cell whose mode is one of [`Engine::modes`]. `Ok` means [`Cause::Returned`].
    pub run: fn(&CellSpec, &EventLog) -> Result<(), Cause>,
}

impl Engine {
    /// The `main` of an engine binary: `info`, or `run SPEC`.
    pub fn main(&self) -> ExitCode {
        let args: Vec<_> = std::env::args_os().skip(1).collect();
        let result = match args.iter().map(|arg| arg.to_str().unwrap_or_default()).collect::<Vec<_>>()[..] {
            ["info"] => print_info(self.name, self.version, self.modes, self.switches),
            ["run", _] => self.run_spec(Path::new(&args[1])),
            _ => Err(format!("usage: engine-{0} info | engine-{0} run SPEC.json", self.name)),
        };
        match result {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => {
                eprintln!("engine-{}: {message}", self.name);
                ExitCode::from(EXIT_INVALID_SPEC)
            }
        }
    }

    fn run_spec(&self, path: &Path) -> Result<(), String> {
        let spec = read_spec(path, self.modes)?;
        let is_known = |switch: &String| self.switches.iter().any(|(name, _)| name == switch);
        if let Some(unknown) = spec.switches.iter().find(|switch| !is_known(switch)) {
            return Err(format!("no switch `{unknown}`: `info` lists them"));
        }
        let log = EventLog::open(&spec.events).map_err(|e| format!("{}: {e}", spec.events.display()))?;
        let cause = (self.run)(&spec, &log).err().unwrap_or(Cause::Returned);
        // The guest's output must come before the last event, so that a reader of that event has all of the output.
        std::io::stdout().flush().ok();
        log.end(cause);
        Ok(())
    }
}

/// Prints what a binary of the protocol answers to `info`; `switches` are as in [`Engine::switches`].
///
/// # Errors
/// If stdout is closed or full.
pub fn print_info(name: &str, version: &str, modes: &[&str], switches: &[(&str, &str)]) -> Result<(), String> {
    let switch = |(name, enables): &(&str, &str)| Switch { name: (*name).to_owned(), enables: (*enables).to_owned() };
    let info = EngineInfo {
        protocol: PROTOCOL_VERSION,
        engine: name.to_owned(),
        version: version.to_owned(),
        modes: modes.iter().map(ToString::to_string).collect(),
        switches: switches.iter().map(switch).collect(),
    };
    info.print()
}

/// Reads a cell's specification, whose mode is one of `modes`.
///
/// # Errors
/// The file and what is wrong with it.
pub fn read_spec(path: &Path, modes: &[&str]) -> Result<CellSpec, String> {
    let spec = parse_spec(path).map_err(|e| format!("{}: {e}", path.display()))?;
    if !modes.contains(&spec.mode.as_str()) {
        return Err(format!("{}: no mode `{}`; there is {}", path.display(), spec.mode, modes.join(", ")));
    }
    Ok(spec)
}

fn parse_spec(path: &Path) -> Result<CellSpec, String> {
    let text = std::fs::read(path).map_err(|e| e.to_string())?;
    // Check the protocol version first: a newer specification has fields unknown to this binary.
    let json: serde_json::Value = serde_json::from_slice(&text).map_err(|e| e.to_string())?;
    match json.get("protocol").and_then(serde_json::Value::as_u64) {
        Some(protocol) if protocol == u64::from(PROTOCOL_VERSION) => {}
        other => {
            let other = other.map_or("none".to_owned(), |p| p.to_string());
            return Err(format!("protocol {other}, this program speaks {PROTOCOL_VERSION}: build it again"));
        }
    }
    serde_json::from_value(json).map_err(|e| e.to_string())
}

/// Reads the module, the first stage of every engine.
///
/// # Errors
/// [`Cause::EngineError`] if the file cannot be read.
pub fn load(spec: &CellSpec, log: &EventLog) -> Result<Vec<u8>, Cause> {
    log.stage(Stage::Load);
    std::fs::read(&spec.module)
        .map_err(|e| Cause::EngineError { message: format!("failed to read {}: {e}", spec.module.display()) })
}

/// Whether `bytes` start like a component (layer 1 in the version field).
#[must_use]
pub fn is_component(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\0asm") && bytes.get(6..8) == Some(&[1, 0])
}

/// The cause for a cell that the lab's program cannot run on its engine.
#[must_use]
pub fn not_attempted(subject: &str, reason: impl Into<String>) -> Cause {
    Cause::NotAttempted { subject: subject.to_owned(), message: reason.into() }
}

/// The cause for a module with a shared memory: the lab's host runs a single thread and cannot access such memories.
#[must_use]
pub fn no_threads() -> Cause {
    not_attempted("threads", "the lab's host runs one thread, and the module's memory is one that threads share")
}

/// The guest's arguments, with [`SOCKET_FD_PLACEHOLDER`] replaced by its descriptor of the first socket.
#[must_use]
pub fn guest_args(spec: &CellSpec, socket: Option<u32>) -> Vec<String> {
    let fd = socket.map(|fd| fd.to_string());
    spec.args
        .iter()
        .map(|arg| fd.as_ref().map_or_else(|| arg.clone(), |fd| arg.replace(SOCKET_FD_PLACEHOLDER, fd)))
        .collect()
}

/// The guest's first descriptor after the standard streams.
pub const FIRST_FD: usize = 3;

/// The guest's descriptor of the first preopened socket; `None` if there are no sockets. It follows the descriptors of
/// the directories, which start at `first_dir`.
#[must_use]
pub fn socket_fd(spec: &CellSpec, first_dir: usize) -> Option<u32> {
    (!spec.sockets.is_empty()).then(|| u32::try_from(first_dir + spec.dirs.len()).unwrap_or(u32::MAX))
}

/// Whether the specification asks the host to define the import `module`.`name`.
#[must_use]
pub fn wants_host_function(spec: &CellSpec, module: &str, name: &str) -> bool {
    spec.host_functions.iter().any(|function| {
        // Either part may contain dots, so the joined names are compared.
        function.strip_prefix(module).and_then(|rest| rest.strip_prefix('.')) == Some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_distinguished_from_modules() {
        assert!(is_component(b"\0asm\x0d\0\x01\0"));
        assert!(!is_component(b"\0asm\x01\0\0\0"));
        assert!(!is_component(b"\0asm"));
    }
}
