//! Runs an engine on a small module and examines its events.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use wasmlab_protocol::{Call, Cause, CellSpec, EntryPoint, Event, Network, PROTOCOL_VERSION, Stage, Value};

/// No cell of these tests takes this long unless the engine hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// An engine in one of its modes, with its differences from other engines.
#[derive(Clone, Copy)]
pub struct EngineUnderTest {
    /// Starts the engine binary.
    pub command: fn() -> Command,
    /// Its name, as `info` reports it.
    pub engine: &'static str,
    /// The mode under test.
    pub mode: &'static str,
    /// Its differences, each found by trying.
    pub traits: EngineTraits,
}

/// Behaviour that differs between engines.
#[derive(Clone, Copy)]
pub struct EngineTraits {
    /// It runs components of WASI 0.2.
    pub components: bool,
    /// It caches compiled code.
    pub keeps_code: bool,
    /// It can pass a listening socket to the guest, which can accept on it.
    pub preopened_socket: bool,
    /// The lab defines its host functions, and their types are checked.
    pub typed_host_functions: bool,
    /// It limits linear memories to the cell's limit.
    pub memory_limit: bool,
    /// It can pass v128 values to and from the guest.
    pub v128_values: bool,
    /// Symbolic links out of a preopened directory that are followed: a real escape. `loop/secret` has one in the
    /// middle of the path; `out` has one at its end that the call asks *not* to follow.
    pub escapes_by: &'static [&'static str],
    /// Its switches are options of a program's command line, which the driver does not know.
    pub switches_of_program: bool,
    /// What its switches enable, of the features that the test of switches tries.
    pub enables: &'static [&'static str],
    /// Features of the engine's switches that this mode refuses.
    pub lacks: &'static [&'static str],
    /// The descriptor of the first directory: 3, unless a root of the engine's own comes first.
    pub first_dir: u32,
}

impl EngineTraits {
    /// An embedded interpreter of core modules. Others state how they differ from it.
    pub const EMBEDDED: Self = Self {
        components: false,
        keeps_code: false,
        preopened_socket: false,
        typed_host_functions: true,
        memory_limit: true,
        v128_values: true,
        escapes_by: &[],
        switches_of_program: false,
        enables: &[],
        lacks: &[],
        first_dir: 3,
    };
}

/// A cell to run.
pub struct Cell {
    subject: EngineUnderTest,
    dir: tempfile::TempDir,
    /// The engine's specification.
    pub spec: CellSpec,
}

/// The result of a cell.
pub struct CellResult {
    /// The engine's events.
    pub events: Vec<Event>,
    /// The guest's stdout.
    pub stdout: String,
    /// Stderr of the guest and the engine.
    pub stderr: String,
    /// Exit status of the engine's process.
    pub status: ExitStatus,
}

impl Cell {
    /// A cell that runs the command in `wat`.
    pub fn new(subject: EngineUnderTest, wat: &str) -> Self {
        Self::of_bytes(subject, &wat::parse_str(wat).unwrap())
    }

    /// A cell that runs the command in `bytes`.
    pub fn of_bytes(subject: EngineUnderTest, bytes: &[u8]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let module = dir.path().join("module.wasm");
        fs::write(&module, bytes).unwrap();
        let spec = CellSpec {
            protocol: PROTOCOL_VERSION,
            module,
            events: dir.path().join("events.jsonl"),
            mode: subject.mode.to_owned(),
            code_cache: None,
            entry: EntryPoint::Command,
            args: vec!["guest".to_owned()],
            env: [].into(),
            dirs: vec![],
            sockets: vec![],
            ports: vec![],
            connect_ports: vec![],
            glue: None,
            network: Network::None,
            host_functions: vec![],
            result_types: Default::default(),
            memory_limit: 64 << 20,
            switches: vec![],
        };
        Self { subject, dir, spec }
    }

    /// The cell's folder.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Calls `export` instead of running the command.
    pub fn call(mut self, export: &str, args: &[&str]) -> Self {
        let args = args.iter().map(|text| text.parse().unwrap()).collect();
        let call = Call { export: export.to_owned(), args };
        match &mut self.spec.entry {
            EntryPoint::Calls(calls) => calls.push(call),
            entry => *entry = EntryPoint::Calls(vec![call]),
        }
        self
    }

    /// Runs the engine and waits for it to exit.
    pub fn run(&self) -> CellResult {
        let path = self.write_spec();
        let mut command = (self.subject.command)();
        command.arg("run").arg(path);
        let status = self.wait(command);
        self.expect_no_process();
        let text = fs::read_to_string(&self.spec.events).unwrap_or_default();
        fs::remove_file(&self.spec.events).ok();
        let events = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let read = |name| fs::read_to_string(self.dir().join(name)).unwrap();
        CellResult { events, stdout: read("stdout"), stderr: read("stderr"), status }
    }

    /// Writes the specification, for tests that start the engine themselves.
    pub fn write_spec(&self) -> PathBuf {
        let path = self.dir().join("spec.json");
        fs::write(&path, serde_json::to_vec(&self.spec).unwrap()).unwrap();
        path
    }

    /// Checks that no process refers to the cell's folder; a browser has its profile there.
    fn expect_no_process(&self) {
        let dir = self.dir().to_str().unwrap().as_bytes();
        let names_dir = |process: &PathBuf| {
            let command_line = fs::read(process.join("cmdline")).unwrap_or_default();
            command_line.windows(dir.len()).any(|bytes| bytes == dir)
        };
        let left = || -> Vec<PathBuf> {
            let all = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path());
            all.filter(names_dir).collect()
        };
        // Killed processes take a moment to disappear.
        let end = Instant::now() + Duration::from_secs(5);
        while !left().is_empty() {
            assert!(Instant::now() < end, "left running: {:?}", left());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn wait(&self, mut command: Command) -> ExitStatus {
        let file = |name| File::create(self.dir().join(name)).unwrap();
        // Neither this process's environment nor its stdin may reach a guest.
        command.env("WASMLAB_CANARY", "host").stdin(std::process::Stdio::null());
        let mut child = command.stdout(file("stdout")).stderr(file("stderr")).spawn().unwrap();
        let end = Instant::now() + LIMIT;
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            if Instant::now() > end {
                child.kill().unwrap();
                panic!("the engine hangs: {}", fs::read_to_string(&self.spec.events).unwrap_or_default());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl CellResult {
    /// The cause in the last event; the engine's process must have exited normally.
    pub fn cause(&self) -> &Cause {
        let Some(Event::End { cause, .. }) = self.events.last() else {
            panic!("no last event: {:?} {} {}", self.events, self.status, self.stderr);
        };
        assert_eq!(self.status.code(), Some(0), "{}", self.stderr);
        cause
    }

    /// The last stage entered.
    pub fn stage(&self) -> Option<Stage> {
        self.stages().last().copied()
    }

    /// The stages entered, in order.
    pub fn stages(&self) -> Vec<Stage> {
        self.events
            .iter()
            .filter_map(|e| if let Event::Stage { stage, .. } = e { Some(*stage) } else { None })
            .collect()
    }

    /// Whether the compiled code came from the cell's folder.
    pub fn cached(&self) -> bool {
        self.events.iter().any(|e| matches!(e, Event::Stage { cached: true, .. }))
    }

    /// The results of the calls, as text.
    pub fn results(&self) -> Vec<String> {
        let results = self
            .events
            .iter()
            .filter_map(|e| if let Event::CallReturned { results, .. } = e { Some(results) } else { None });
        results.flatten().map(Value::to_string).collect()
    }
}

/// A listening socket, and a duplicate that children inherit as long as it exists.
pub fn inheritable_listener() -> (TcpListener, OwnedFd) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // Rust opens descriptors with close-on-exec; a plain duplicate does not have it.
    let inherited = rustix::io::dup(&listener).unwrap();
    (listener, inherited)
}
