//! A hostile guest of Emscripten's fastcomp ABI: it imports every function of the host and calls each with random
//! arguments. The host's own tests make many more such calls; here an engine is in between.

use std::fmt::Write;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use wasmlab_protocol::{Cause, Event, PreopenedDir};

use crate::conformance::EngineUnderTest;
use crate::conformance::harness::Cell;
use crate::names;

/// Number of calls per guest; `WASMLAB_FUZZ_CALLS` overrides it.
const CALLS: u64 = 20_000;
/// Functions that end the guest or remove the handler that ends its waits; never called at random.
const NEVER_CALLED: &[&str] = &[
    "___syscall1",
    "_exit",
    "__exit",
    "_abort",
    "abort",
    "abortStackOverflow",
    "nullFunc_ii",
    "_kill",
    "_raise",
    "proc_exit",
    "_emscripten_memcpy_big",
    "emscripten_memcpy_big",
    "_emscripten_memcpy_js",
    "_llvm_stackrestore",
    "_sigaction",
    "_sigprocmask",
    "_sigsuspend",
    "__call_sighandler",
];

/// Arguments: xorshift numbers, addresses of prepared data, small numbers.
const BODY: &str = r#"
    (global $seed (mut i64) (i64.const SEED))
    (global $heap (mut i32) (i32.const 8388608))
    (func $next (result i32)
        (global.set $seed (i64.xor (global.get $seed) (i64.shl (global.get $seed) (i64.const 13))))
        (global.set $seed (i64.xor (global.get $seed) (i64.shr_u (global.get $seed) (i64.const 7))))
        (global.set $seed (i64.xor (global.get $seed) (i64.shl (global.get $seed) (i64.const 17))))
        (i32.wrap_i64 (i64.shr_u (global.get $seed) (i64.const 16))))
    (func $any (result i32) (local $kind i32)
        (local.set $kind (i32.and (call $next) (i32.const 15)))
        (if (i32.eq (local.get $kind) (i32.const 0)) (then (return (call $next))))
        ;; Near the end of the memory.
        (if (i32.eq (local.get $kind) (i32.const 1))
            (then (return (i32.sub (i32.const 16777216) (i32.and (call $next) (i32.const 255))))))
        ;; A path; a block of arguments, which are of the same kinds; a buffer; a number.
        (if (i32.lt_u (local.get $kind) (i32.const 5))
            (then (return (i32.add (i32.const 2048) (i32.shl (i32.and (call $next) (i32.const 31)) (i32.const 6))))))
        (if (i32.lt_u (local.get $kind) (i32.const 9))
            (then (return (i32.add (i32.const 65536) (i32.shl (i32.and (call $next) (i32.const 255)) (i32.const 5))))))
        (if (i32.lt_u (local.get $kind) (i32.const 11))
            (then (return (i32.add (i32.const 131072) (i32.and (call $next) (i32.const 65535))))))
        (i32.and (call $next) (i32.const 31)))
    (func $plant (local $at i32)
        (local.set $at (i32.add (i32.const 65536) (i32.shl (i32.and (call $next) (i32.const 2047)) (i32.const 2))))
        (i32.store (local.get $at) (call $any)))
    (func (export "_main") (param i32 i32) (result i32) (local $left i32) (local $at i32)
        ;; Handles the alarm that the test sends, so that no wait is endless.
        (i32.store (i32.const 200000) (i32.const 77))
        (drop (call $_sigaction (i32.const 14) (i32.const 200000) (i32.const 0)))
        (local.set $at (i32.const 4096))
        (loop $fill (call $plant) (br_if $fill (local.tee $at (i32.sub (local.get $at) (i32.const 1)))))
        (local.set $left (i32.const CALLS))
        (loop $calls
            (call $plant) (call $plant)
            (drop (call_indirect (type $t) (call $any) (call $any) (call $any) (call $any) (call $any) (call $any)
                (i32.rem_u (call $next) (i32.const COUNT))))
            (br_if $calls (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
        (i32.const 0))
    (func (export "_malloc") (export "malloc") (param i32) (result i32)
        (if (i32.gt_u (local.get 0) (i32.const 65536)) (then (return (call $next))))
        (global.set $heap (i32.add (i32.const 8388608) (i32.and (i32.add (global.get $heap) (local.get 0)) (i32.const 4194303))))
        (global.get $heap))
    (func (export "_memalign") (param i32 i32) (result i32) (call $any))
    (func (export "_free") (param i32))
    (func (export "stackSave") (result i32) (i32.const 9000000))
    (func (export "stackRestore") (param i32))
    (func (export "stackAlloc") (param i32) (result i32) (i32.const 9000000))
    (func (export "___errno_location") (export "__errno_location") (result i32) (call $any))
    (func (export "dynCall_vi") (param i32 i32)
        ;; A handler calls the host again, but nothing that waits, because the alarm is blocked then.
        (drop (call $_sigaction (i32.const 15) (call $any) (call $any)))
        (call $plant))
    ;; A handler that was set with SA_SIGINFO by chance. Which signals reach it depends on timing.
    (func (export "dynCall_viii") (param i32 i32 i32 i32) (call $plant))
"#;

const PATHS: [&str; 16] = [
    "file",
    "sub",
    "sub/x",
    "new",
    "..",
    "../other/secret",
    "../other/new",
    "out",
    "out/secret",
    "out/new",
    "/etc/passwd",
    "/guest/..",
    "/dev/null",
    "",
    "/guest",
    "sub/../../other/secret",
];

fn module(seed: u64, calls: u64) -> String {
    let all = names::all();
    assert!(all.len() > 150, "only {} imports were found", all.len());
    let mut text = "(module (type $t (func (param i32 i32 i32 i32 i32 i32) (result i32)))\n".to_owned();
    let mut table = String::new();
    let mut count = 0;
    for (index, (module, name)) in all.iter().enumerate() {
        if name == "_sigaction" {
            text += "(import \"env\" \"_sigaction\" (func $_sigaction (param i32 i32 i32) (result i32)))\n";
            continue;
        }
        writeln!(text, "(import {module:?} {name:?} (func $f{index} (type $t)))").unwrap();
        if !NEVER_CALLED.contains(&name.as_str()) && !name.starts_with("nullFunc_") {
            write!(table, " $f{index}").unwrap();
            count += 1;
        }
    }
    text += "(import \"env\" \"memory\" (memory 256 256))\n";
    writeln!(text, "(table funcref (elem{table}))").unwrap();
    for (index, path) in PATHS.iter().cycle().take(32).enumerate() {
        writeln!(text, "(data (i32.const {}) \"{path}\\00\")", 2048 + index * 64).unwrap();
    }
    let body = BODY.replace("SEED", &(seed * 2 + 1).to_string()).replace("CALLS", &calls.to_string());
    text + &body.replace("COUNT", &count.to_string()) + ")"
}

/// The engine exits by itself and normally, and everything outside the guest's folder is unchanged.
pub fn every_import(subject: EngineUnderTest) {
    let calls = std::env::var("WASMLAB_FUZZ_CALLS").ok().map_or(CALLS, |text| text.parse().unwrap());
    for seed in 0..3 {
        let mut cell = Cell::new(subject, &module(seed, calls));
        let (given, other) = (cell.dir().join("given"), cell.dir().join("other"));
        fs::create_dir_all(given.join("sub")).unwrap();
        fs::create_dir(&other).unwrap();
        fs::write(given.join("file"), "some text").unwrap();
        fs::write(other.join("secret"), "nobody reads this").unwrap();
        std::os::unix::fs::symlink("../other", given.join("out")).unwrap();
        cell.spec.dirs = vec![PreopenedDir { host: given, guest: "/guest".to_owned() }];
        let cause = run_with_alarms(subject, &cell);
        assert!(matches!(cause, Cause::Exit { .. } | Cause::Returned), "seed {seed}: {cause:?}");
        assert_eq!(fs::read_to_string(other.join("secret")).unwrap(), "nobody reads this");
        assert_eq!(fs::read_dir(&other).unwrap().count(), 1);
    }
}

/// Runs the cell and sends it SIGALRM every few milliseconds, so that it never waits for long.
fn run_with_alarms(subject: EngineUnderTest, cell: &Cell) -> Cause {
    let mut command = (subject.command)();
    command.arg("run").arg(cell.write_spec());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let pid = Pid::from_child(&child);
    let end = Instant::now() + Duration::from_secs(120);
    // Before its handler is installed, SIGALRM would kill it.
    while child.try_wait().unwrap().is_none() && !handles_alarms(pid) && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(1));
    }
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > end {
            child.kill().unwrap();
            panic!("the engine waits without end");
        }
        kill_process(pid, Signal::ALARM).unwrap();
        std::thread::sleep(Duration::from_millis(5));
    }
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(0), "{status}");
    let text = fs::read_to_string(&cell.spec.events).unwrap();
    match serde_json::from_str(text.lines().last().unwrap()).unwrap() {
        Event::End { cause, .. } => cause,
        other => panic!("{other:?}"),
    }
}

/// Whether the process handles SIGALRM, according to the kernel's mask of caught signals.
fn handles_alarms(pid: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or_default();
    u64::from_str_radix(mask.trim(), 16).unwrap_or(0) & 1 << (Signal::ALARM.as_raw() - 1) != 0
}

/// A handler that raises its own signal ends without crashing the engine.
pub fn handlers_within_handlers(subject: EngineUnderTest) {
    let cell = Cell::new(
        subject,
        r#"(module
        (import "env" "_sigaction" (func $sigaction (param i32 i32 i32) (result i32)))
        (import "env" "_sigprocmask" (func $sigprocmask (param i32 i32 i32) (result i32)))
        (import "env" "_raise" (func $raise (param i32) (result i32)))
        (import "env" "memory" (memory 256 256))
        (func (export "stackAlloc") (param i32) (result i32) (i32.const 9000000))
        (func (export "dynCall_vi") (param i32 i32)
            (drop (call $sigprocmask (i32.const 2) (i32.const 4096) (i32.const 0)))
            (drop (call $raise (local.get 1))))
        (func (export "_main") (param i32 i32) (result i32)
            (i32.store (i32.const 2048) (i32.const 77))
            (drop (call $sigaction (i32.const 30) (i32.const 2048) (i32.const 0)))
            (call $raise (i32.const 30))))"#,
    );
    let seen = cell.run();
    assert!(format!("{:?}", seen.cause()).contains("more than 64 deep"), "{:?}", seen.cause());
}
