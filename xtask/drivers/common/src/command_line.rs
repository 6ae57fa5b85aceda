//! The command line of a driver: `info`, or `run SPEC` with the options that every driver takes.

use std::fs;
use std::io::{self, BufRead};
use std::path::PathBuf;

use lexopt::prelude::{Long, Value};
use wasmlab_engine::{print_info, read_spec};
use wasmlab_protocol::CellSpec;

use crate::{CellInput, Driver};

/// The options of `run`.
const OPTIONS: &str = "--program FILE --scripts DIR [--packages DIR] [--component DIR] [--session]";

/// The arguments of `run`.
struct RunArgs {
    /// The file with the cell's specification.
    spec: PathBuf,
    program: PathBuf,
    scripts: PathBuf,
    packages: Option<PathBuf>,
    component: Option<PathBuf>,
    /// Run a cell for each line on stdin, which names its folder in `component`.
    is_session: bool,
}

/// A cell that was requested.
pub struct CellRequest {
    /// Its specification.
    pub spec: CellSpec,
    program: PathBuf,
    scripts: PathBuf,
    packages: Option<PathBuf>,
    component: Option<PathBuf>,
}

impl Driver {
    /// Does what the command line asks for.
    ///
    /// # Errors
    /// If an argument is missing or invalid, or the event file cannot be written.
    pub(crate) fn execute(&self, mut args: lexopt::Parser) -> Result<(), String> {
        match args.next() {
            Ok(Some(Value(command))) if command == "info" => print_info(self.name, self.version, self.modes, &[]),
            Ok(Some(Value(command))) if command == "run" => self.run(&read(args)?),
            _ => Err(format!("usage: driver-{0} info | driver-{0} run SPEC.json {OPTIONS}", self.name)),
        }
    }

    fn run(&self, args: &RunArgs) -> Result<(), String> {
        if !args.is_session {
            return self.record(self.request(args, args.component.clone())?, self.run);
        }
        let open = self.open_session.ok_or_else(|| format!("driver-{} has no sessions", self.name))?;
        let mut session = None;
        for line in io::stdin().lock().lines() {
            let folder = line.map_err(|e| format!("stdin: {e}"))?;
            let component = args.component.as_ref().map(|component| component.join(folder));
            self.run_job(self.request(args, component)?, open, &mut session)?;
        }
        Ok(())
    }

    fn request(&self, args: &RunArgs, component: Option<PathBuf>) -> Result<CellRequest, String> {
        let spec = read_spec(&args.spec, self.modes)?;
        let RunArgs { program, scripts, packages, .. } = args;
        Ok(CellRequest {
            spec,
            program: program.clone(),
            scripts: scripts.clone(),
            packages: packages.clone(),
            component,
        })
    }
}

/// Reads the specification's name and the options after `run`.
fn read(mut args: lexopt::Parser) -> Result<RunArgs, String> {
    let (mut spec, mut program, mut scripts, mut packages, mut component) = (None, None, None, None, None);
    let mut is_session = false;
    while let Some(arg) = args.next().map_err(|e| e.to_string())? {
        let field = match arg {
            Value(file) if spec.is_none() => {
                spec = Some(PathBuf::from(file));
                continue;
            }
            Long("session") => {
                is_session = true;
                continue;
            }
            Long("program") => &mut program,
            Long("scripts") => &mut scripts,
            Long("packages") => &mut packages,
            Long("component") => &mut component,
            other => return Err(other.unexpected().to_string()),
        };
        *field = Some(PathBuf::from(args.value().map_err(|e| e.to_string())?));
    }
    Ok(RunArgs {
        spec: spec.ok_or("the cell's specification is missing: name its file")?,
        program: program.ok_or("--program is missing: name the program to start")?,
        scripts: scripts.ok_or("--scripts is missing: name the folder of the lab's JavaScript")?,
        packages,
        component,
        is_session,
    })
}

impl CellRequest {
    /// Reads the guest.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn load(self) -> Result<CellInput, String> {
        let Self { spec, program, scripts, packages, component } = self;
        let path = &spec.module;
        let module = fs::read(path).map_err(|e| format!("failed to read {}: {e}", path.display()))?;
        Ok(CellInput { spec, module, program, scripts, packages, component })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CellEnd;
    use wasmlab_protocol::{Cause, Event, PROTOCOL_VERSION};

    const DRIVER: Driver = Driver {
        name: "test",
        version: "1.0.0",
        modes: &["plain"],
        run: |cell, _| {
            let packages = cell.packages.is_some();
            Ok(CellEnd::Cause(Cause::HostError { message: format!("{} bytes, {packages}", cell.module.len()) }))
        },
        open_session: None,
    };

    fn execute(args: &[&str]) -> Result<(), String> {
        DRIVER.execute(lexopt::Parser::from_args(args))
    }

    /// A folder with a guest of four bytes and its specification.
    fn cell(change: impl FnOnce(&mut serde_json::Value)) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let path = |name| dir.path().join(name);
        fs::write(path("module.wasm"), b"\0asm").unwrap();
        let mut spec = serde_json::json!({
            "protocol": PROTOCOL_VERSION, "module": path("module.wasm"), "events": path("events"),
            "mode": "plain", "entry": "command", "memory_limit": 0,
        });
        change(&mut spec);
        fs::write(path("spec.json"), spec.to_string()).unwrap();
        dir
    }

    #[test]
    fn wrong_command_lines_say_what_is_missing() {
        let dir = cell(|_| {});
        let spec = dir.path().join("spec.json");
        let spec = spec.to_str().unwrap();
        for (args, message) in [
            (&["run"][..], "the cell's specification is missing: name its file"),
            (&["run", spec], "--program is missing: name the program to start"),
            (&["run", spec, "--program", "p"], "--scripts is missing: name the folder of the lab's JavaScript"),
            (&["run", spec, "--pages", "p"], "invalid option '--pages'"),
            (&["run", spec, "--program", "p", "--scripts", "s", "--session"], "driver-test has no sessions"),
        ] {
            assert_eq!(execute(args).unwrap_err(), message, "{args:?}");
        }
        for args in [&[][..], &["help"], &["--info"]] {
            assert!(execute(args).unwrap_err().starts_with("usage: driver-test info | "), "{args:?}");
        }
    }

    #[test]
    fn unusable_specifications_are_refused() {
        let run = |dir: &tempfile::TempDir| {
            let spec = dir.path().join("spec.json");
            execute(&["run", spec.to_str().unwrap(), "--program", "p", "--scripts", "s"]).unwrap_err()
        };
        let newer = cell(|spec| spec["protocol"] = 999.into());
        let expected = format!("protocol 999, this program speaks {PROTOCOL_VERSION}: build it again");
        assert!(run(&newer).ends_with(&expected), "{}", run(&newer));
        let other = cell(|spec| spec["mode"] = "fast".into());
        assert!(run(&other).ends_with("no mode `fast`; there is plain"), "{}", run(&other));
    }

    #[test]
    fn last_event_is_the_end_of_the_cell() {
        let last = |change: fn(&mut serde_json::Value)| -> Event {
            let dir = cell(change);
            let spec = dir.path().join("spec.json");
            execute(&["run", spec.to_str().unwrap(), "--program", "p", "--scripts", "s", "--packages", "n"]).unwrap();
            let events = fs::read_to_string(dir.path().join("events")).unwrap();
            serde_json::from_str(events.lines().last().unwrap()).unwrap()
        };
        let Event::End { cause, .. } = last(|_| {}) else { panic!() };
        assert_eq!(cause, Cause::HostError { message: "4 bytes, true".to_owned() });
        let Event::End { cause: Cause::EngineError { message }, .. } = last(|spec| spec["module"] = "/absent".into())
        else {
            panic!()
        };
        assert!(message.starts_with("failed to read /absent: "), "{message}");
    }
}
