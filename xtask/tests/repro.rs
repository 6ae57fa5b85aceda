//! `repro`: the folders it writes reproduce their cells without the lab.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/columns.rs"]
mod columns;
#[expect(dead_code, reason = "other tests use the rest")]
mod common;
#[expect(dead_code, reason = "other tests need programs on PATH")]
#[path = "common/trials.rs"]
mod trials;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{CommandResult, Workspace, result_of};
use libtest_mimic::Arguments;

/// Copies stdin to stdout and exits with 3.
const COPIES: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\40\00\00\00\20\00\00\00")
  (func (export "_start")
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 4)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (call $exit (i32.const 3))))"#;

const STDIN: &str = "[run]\nstdin = \"what it is given\"\n[expect]\nexit = 3\n";

/// What is tested, the runtime, and the test.
type Test = (&'static str, &'static str, fn(&str));

const TESTS: &[Test] = &[
    ("reproduces its cell", "node", |runtime| reproduces_its_cell(runtime, EXIT)),
    ("reproduces its cell", "deno", |runtime| reproduces_its_cell(runtime, EXIT)),
    ("reproduces its cell", "wasmtime-cli", |runtime| reproduces_its_cell(runtime, "exit code 3")),
    ("builds an embedded engine", "tinywasm", builds_an_embedded_engine),
    ("reports a missing program", "node", reports_a_missing_program),
];

fn main() {
    let trials = TESTS.iter().map(|(name, runtime, test)| columns::trial(name, runtime, *test)).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// The folder of a cell, moved away from the lab.
fn moved(workspace: &Workspace, scenario: &str, runtime: &str) -> PathBuf {
    let made = workspace.run(&["repro", scenario, runtime, "--offline"]);
    assert_eq!(made.code, 0, "{runtime}: {}{}", made.stdout, made.stderr);
    let moved = workspace.path(&format!("moved-{runtime}"));
    fs::rename(workspace.path(&format!("reports/repro/{scenario}-{runtime}")), &moved).unwrap();
    for file in files(&moved) {
        let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
        for place in [common::cache(), workspace.path(""), common::checkout::top()] {
            let place = place.to_str().unwrap().trim_end_matches('/');
            assert!(!text.contains(place), "{} names {place}", file.display());
        }
    }
    moved
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Runs the folder's script without any variable that names a program of the lab.
fn shown(folder: &Path, set: &[(&str, &Path)]) -> CommandResult {
    let mut command = Command::new(folder.join("run.sh"));
    result_of(command.envs(set.iter().copied()).current_dir("/").output().unwrap())
}

const EXIT: &str = r#"{"kind":"exit","code":3}"#;

fn reproduces_its_cell(runtime: &str, outcome: &str) {
    let workspace = Workspace::new();
    workspace.scenario("copies", COPIES, STDIN);
    let ran = shown(&moved(&workspace, "copies", runtime), &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (3, "what it is given"), "{runtime}: {}", ran.stderr);
    assert!(ran.stderr.ends_with(&format!("outcome: {outcome}\n")), "{runtime}: {}", ran.stderr);
}

/// Its program is built from the source in the folder, with the lock file there.
fn builds_an_embedded_engine(runtime: &str) {
    let workspace = Workspace::new();
    workspace.scenario("traps", "(module (func (export \"_start\") unreachable))", "");
    let folder = moved(&workspace, "traps", runtime);
    // Built once for all runs of this test.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("repro");
    // The guest runs one instruction, so optimization would only make the build longer.
    let ran = shown(&folder, &[("CARGO_TARGET_DIR", &target), ("CARGO_PROFILE_RELEASE_OPT_LEVEL", Path::new("0"))]);
    let end = ran.stderr.lines().last().unwrap_or_default();
    assert!(ran.code == 1 && end.starts_with(r#"outcome: {"kind":"trap","trap":"unreachable""#), "{}", ran.stderr);
}

fn reports_a_missing_program(runtime: &str) {
    let workspace = Workspace::new();
    workspace.scenario("copies", COPIES, STDIN);
    let folder = moved(&workspace, "copies", runtime);
    let tools = workspace.path("tools");
    fs::create_dir(&tools).unwrap();
    for tool in ["dirname", "sh"] {
        std::os::unix::fs::symlink(Path::new("/usr/bin").join(tool), tools.join(tool)).unwrap();
    }
    let ran = shown(&folder, &[("PATH", &tools)]);
    assert!(ran.code == 127 && ran.stderr.contains("node is not on PATH: install Node.js"), "{}", ran.stderr);
}
