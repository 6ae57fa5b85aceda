//! Signals to the lab, to its process group and to its guard, and inherited signal settings.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;
#[path = "common/processes.rs"]
mod processes;

use std::fs;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use common::Workspace;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

const HEALTHY: &str = "(module (func (export \"_start\")))";
const LOOP: &str = "(module (func (export \"_start\") (loop $l (br $l))))";

fn wait(mut done: impl FnMut() -> bool, what: &str) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < deadline, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// How many living processes have `part` in their command line.
fn alive(part: &str) -> usize {
    processes::command_lines(|command_line, _| command_line.contains(part)).len()
}

/// The signal of a terminal, a supervisor or `timeout` goes to the lab alone or to its whole process group. In the
/// latter case the lab receives it twice, because the front and the guard forward it.
#[test]
fn interrupted_run_keeps_results_and_the_next_run_continues() {
    interrupted_by(|pid| kill_process(pid, Signal::INT).unwrap());
    interrupted_by(|pid| kill_process_group(pid, Signal::TERM).unwrap());
    // The worst case: the kernel may merge the two signals or deliver them one after the other.
    interrupted_by(|front| {
        kill_process(only_child(only_child(front)), Signal::TERM).unwrap();
        std::thread::sleep(Duration::from_millis(30));
        kill_process(front, Signal::TERM).unwrap();
    });
}

fn interrupted_by(send: impl Fn(Pid)) {
    let workspace = Workspace::new();
    for name in ["a-healthy", "b-healthy"] {
        workspace.scenario(name, HEALTHY, "");
    }
    workspace.scenario("c-loop", LOOP, "[run]\ntimeout_ms = 60000\n");
    workspace.write("tmp/x", "");
    let args = ["run-all", "--engines", "built", "--jobs", "1", "--output", "json", "--no-cache"];
    let mut command = workspace.command(&args);
    command.env("TMPDIR", workspace.path("tmp")).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let child = command.spawn().unwrap();
    let place = workspace.path("tmp").display().to_string();
    // The endless guest's directory contains its events; it is running once it has instantiated.
    let looping = || {
        let cells = fs::read_dir(workspace.path("tmp")).unwrap().flatten();
        cells.filter_map(|c| fs::read_to_string(c.path().join("spec.json")).ok()).any(|s| s.contains("c-loop.wasm"))
    };
    wait(looping, "the endless guest's start");
    std::thread::sleep(Duration::from_millis(300));
    send(Pid::from_raw(child.id().cast_signed()).unwrap());
    let ran = common::result_of(child.wait_with_output().unwrap());
    assert_eq!(ran.code, 130, "{}", ran.stderr);
    assert!(ran.stderr.contains("interrupted"));
    assert_eq!(alive(&format!("{place}/wasmlab-")), 0, "children are gone");
    let folders = fs::read_dir(workspace.path("tmp")).unwrap().flatten().filter(|e| e.path().is_dir());
    assert_eq!(folders.count(), 0, "and their folders");
    let report = ran.json();
    assert_eq!(report["interrupted"], true);
    let passed = |report: &serde_json::Value, cached: bool| {
        let cells = report["cells"].as_array().unwrap().iter();
        cells.filter(|c| c["verdict"] == "pass" && (!cached || c["cached"] == true)).count()
    };
    assert!(passed(&report, false) >= 2, "what was measured is there");
    assert!(workspace.path("reports/latest/report.json").is_file());
    fs::remove_dir_all(workspace.path("scenarios/c-loop")).unwrap();
    let (_, report) = workspace.run_all(&[]);
    assert!(!common::measured(&report).is_empty());
    assert!(passed(&report, true) >= 2, "the next run takes it from the cache");
}

/// Starts a lab that runs one cell on a runtime of `fixtures/fake-runtimes`, named after its behaviour.
fn on_a_fake(name: &str) -> (Workspace, Child) {
    let workspace = Workspace::new();
    workspace.scenario("healthy", HEALTHY, "[run]\ntimeout_ms = 60000\n");
    let runtime = workspace.path(name);
    let fake = common::fixtures("fake-runtimes/runtime");
    std::os::unix::fs::symlink(fake, &runtime).unwrap();
    let mut command = workspace.command(&["run-all", "--runtime", "node", "--no-cache"]);
    let child = command
        .env("WASMLAB_NODE", &runtime)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    (workspace, child)
}

#[test]
fn second_ctrl_c_ends_everything_at_once() {
    // It ignores SIGTERM, so that the lab is still waiting for it when the second signal arrives.
    let (workspace, child) = on_a_fake("runtime-stubborn");
    let place = workspace.path("runtime-stubborn").display().to_string();
    wait(|| alive(&format!("{place} --no-warnings")) > 0, "the runtime's start");
    let pid = Pid::from_raw(child.id().cast_signed()).unwrap();
    for _ in 0..2 {
        kill_process(pid, Signal::INT).unwrap();
        // Earlier, it would count as the same signal.
        std::thread::sleep(Duration::from_millis(400));
    }
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    assert_eq!(alive(&place), 0, "nothing is left");
}

/// A runtime with children in their own sessions, one of them without the environment that marks it. `kill` kills a
/// part of the lab while it runs. Returns the exit status of the process that was started.
fn descendants_end_after(kill: impl Fn(Pid)) -> std::process::ExitStatus {
    let (_workspace, child) = on_a_fake("runtime-descendants");
    let descendants = || ["sleep 4254", "sleep 4252", "sleep 4253"].map(alive);
    wait(|| descendants().iter().all(|n| *n > 0), "the start of the descendants");
    kill(Pid::from_child(&child));
    let status = child.wait_with_output().unwrap().status;
    wait(|| descendants() == [0; 3], "the end of what the runtime left");
    status
}

/// The only child of a process: the guard of the front, the lab of the guard.
fn only_child(pid: Pid) -> Pid {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    Pid::from_raw(children.trim().parse().unwrap()).unwrap()
}

#[test]
fn killed_lab_leaves_no_descendants() {
    use std::os::unix::process::ExitStatusExt;
    let kill = |pid| kill_process(pid, Signal::KILL).unwrap();
    let kill_lab = |front| kill(only_child(only_child(front)));
    assert_eq!(descendants_end_after(kill_lab).signal(), Some(9), "the front ends as the lab did");
    assert_eq!(descendants_end_after(|front| kill(only_child(front))).signal(), Some(9), "the guard");
    assert_eq!(descendants_end_after(kill).signal(), Some(9), "the front");
    let kill_group = |front| kill_process_group(front, Signal::KILL).unwrap();
    assert_eq!(descendants_end_after(kill_group).signal(), Some(9), "front and lab");
}

#[test]
fn lab_works_with_sigchld_ignored_by_its_parent() {
    let workspace = Workspace::new();
    workspace.scenario("healthy", HEALTHY, "");
    let args = ["run-all", "--engines", "built", "--no-cache", "--output", "json", "--runtime", common::COLUMNS];
    let mut command = workspace.command(&args);
    // SAFETY: a system call that affects the child only, between fork and exec.
    unsafe {
        command.pre_exec(|| {
            libc::signal(libc::SIGCHLD, libc::SIG_IGN);
            Ok(())
        });
    }
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).unwrap();
        text
    });
    wait(|| child.try_wait().unwrap().is_some(), "the lab's end");
    let report: serde_json::Value = serde_json::from_str(&reader.join().unwrap()).unwrap();
    // The lab noticed the end of each child.
    for (runtime, verdict, code) in common::measured(&report) {
        assert_eq!((verdict.as_str(), code.as_str()), ("pass", ""), "{runtime}");
    }
}

/// Probes run in processes that live longer than one of them.
#[test]
fn an_interrupted_probe_leaves_no_process_and_no_folder() {
    let workspace = Workspace::new();
    workspace.write("tmp/x", "");
    let mut command = workspace.command(&["probe", "--runtime", "node", "--no-cache"]);
    command.env("TMPDIR", workspace.path("tmp")).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let child = command.spawn().unwrap();
    let place = workspace.path("tmp").display().to_string();
    wait(|| alive(&format!("{place}/wasmlab-")) > 0, "the start of a session");
    kill_process(Pid::from_raw(child.id().cast_signed()).unwrap(), Signal::INT).unwrap();
    let ran = common::result_of(child.wait_with_output().unwrap());
    assert_eq!(ran.code, 130, "{}", ran.stderr);
    assert_eq!(alive(&format!("{place}/wasmlab-")), 0, "processes are gone");
    let folders = fs::read_dir(workspace.path("tmp")).unwrap().flatten().filter(|e| e.path().is_dir());
    assert_eq!(folders.count(), 0, "and their folders");
    assert!(!workspace.path("snapshots/profiles").exists(), "a part of a profile is not saved");
}
