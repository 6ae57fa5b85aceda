//! Calls every import with arbitrary arguments (numbers, addresses, paths, useful sequences) from a guest whose own
//! exports lie and call back.
//!
//! The host must not panic, block, leak a descriptor, or access anything outside its directory. A run is determined by
//! its seed.
//!
//!   WASMLAB_FUZZ_CALLS    number of calls [default: 40,000]
//!   WASMLAB_FUZZ_SECONDS  time limit
//!   WASMLAB_FUZZ_SEED     seed [default: 1]
//!   WASMLAB_FUZZ_GUEST    number of the first guest, to repeat what a run found
//!
//! The calls are made in a separate process without standard streams, so that the guest's output is discarded and a
//! process that hangs or crashes is noticed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../guest/mod.rs"]
mod guest;

mod hostile;
#[path = "../names/mod.rs"]
mod names;
mod rng;
mod shapes;

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use guest::Folders;
use hostile::Hostile;
use rng::Rng;

/// Number of calls per guest.
const ROUND: u64 = 500;
/// Number of guests that share a directory.
const MAX_ROUNDS: u64 = 20;
/// The name of the test.
const NAME: &str = "fuzz";
/// The file to which the calling process reports.
const REPORT: &str = "WASMLAB_FUZZ_REPORT";

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

fn main() -> ExitCode {
    if let Some(report) = std::env::var_os(REPORT) {
        calls(Path::new(&report));
        return ExitCode::SUCCESS;
    }
    // The part of `cargo test`'s interface that filters and nextest need: one test, which is not ignored.
    let args: Vec<String> = std::env::args().skip(1).collect();
    let has = |option: &str| args.iter().any(|arg| arg == option);
    let mut filters = args.iter().filter(|arg| !arg.starts_with('-') && *arg != "terse").peekable();
    let is_wanted = |filter: &String| if has("--exact") { filter == NAME } else { NAME.contains(filter.as_str()) };
    let is_selected = !has("--ignored") && (filters.peek().is_none() || filters.any(is_wanted));
    if has("--list") {
        if is_selected {
            println!("{NAME}: test");
        }
        return ExitCode::SUCCESS;
    }
    println!("running {} test", u8::from(is_selected));
    if is_selected { watched() } else { ExitCode::SUCCESS }
}

/// Starts the calls and kills them if they take too long.
fn watched() -> ExitCode {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report");
    let errors = folder.path().join("errors");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .env(REPORT, &report)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(&errors).unwrap())
        .spawn()
        .unwrap();
    let mut last = (String::new(), Instant::now());
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break Some(status);
        }
        let now = fs::read_to_string(&report).unwrap_or_default();
        if now != last.0 {
            last = (now, Instant::now());
        } else if last.1.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            child.wait().unwrap();
            break None;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let seen = fs::read_to_string(&report).unwrap_or_default();
    // The guest writes to its stderr too.
    let errors = fs::read(&errors).unwrap_or_default();
    let errors = String::from_utf8_lossy(&errors);
    match status {
        Some(status) if status.success() && seen.contains("done") => {
            println!("fuzz: {}", seen.trim());
            ExitCode::SUCCESS
        }
        Some(status) => {
            let panic = errors.find("panicked at").map_or("", |at| &errors[at..errors.floor_char_boundary(at + 2000)]);
            println!("fuzz: {status}\n{seen}\n{panic}");
            ExitCode::FAILURE
        }
        None => {
            println!("fuzz: no call came back in 60 s\n{seen}");
            ExitCode::FAILURE
        }
    }
}

fn calls(report: &Path) {
    let (most, seed) = (number("WASMLAB_FUZZ_CALLS", 40_000), number("WASMLAB_FUZZ_SEED", 1));
    let until = Duration::from_secs(number("WASMLAB_FUZZ_SECONDS", 3_600));
    let imports = shapes::imports();
    let began = Instant::now();
    let (mut calls, mut good, mut nested) = (0, 0, 0);
    let mut round = number("WASMLAB_FUZZ_GUEST", 0) / MAX_ROUNDS * MAX_ROUNDS;
    let mut open = None;
    while calls < most && began.elapsed() < until {
        let folders = Folders::new();
        let ports = [free_port(), free_port()];
        for _ in 0..MAX_ROUNDS {
            round += 1;
            let mut guest = Hostile::new(folders.network(&ports), Rng::new(seed.wrapping_mul(1 << 32) + round));
            for _ in 0..ROUND {
                // Report the next call, in case it does not return.
                guest.plant(&imports, ports);
                let index = guest.rng.below(imports.len() as u64) as usize;
                let import = &imports[index];
                let args = guest.arguments(import);
                if calls % 64 == 0 {
                    let line = format!(
                        "seed {seed}, guest {round}, {calls} calls, of them {good} good and {nested} nested: {} {args:?}",
                        import.name
                    );
                    fs::write(report, line).unwrap();
                }
                good += u64::from(guest.make(import, &args));
                calls += 1;
            }
            nested += guest.nested;
            guest.check();
        }
        folders.untouched();
        // Earlier guests left no descriptor open. The first one opens what the standard library keeps.
        let now = fs::read_dir("/proc/self/fd").unwrap().count();
        assert!(*open.get_or_insert(now) >= now, "descriptors are lost: {open:?} were open, {now} are");
    }
    let line = format!(
        "done: {calls} calls of {} imports with seed {seed}, of them {good} without an error, and {nested} from within a call, in {} s",
        imports.len(),
        began.elapsed().as_secs()
    );
    fs::write(report, line).unwrap();
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
