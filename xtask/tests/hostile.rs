//! Guests and runtimes that misbehave. Each gets its code within its limit, and the working guest beside it passes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/processes.rs"]
mod processes;

use std::fs;
use std::time::{Duration, Instant};

use common::{CommandResult, Workspace, field, fixtures, measured};

fn hostile(name: &str) -> String {
    fs::read_to_string(fixtures("hostile").join(format!("{name}.wat"))).unwrap()
}

const HEALTHY: &str = "(module (func (export \"_start\")))";

/// A directory with two symbolic links that lead out of it.
const DIRS: &str = "[[run.dir]]\nguest = \"/data\"\nfiles = { \"a/b.txt\" = \"b\" }\n\
    links = { out = \"../wasmlab-secret\", up = \"..\" }\n[expect]\nstdout = \"\"\n";

/// A guest of `fixtures/hostile`, the code or verdict that every runtime gives it (empty: it passes), and runtimes, by
/// prefix of their ids, with another measured result; `a|b` if it depends on the machine's speed.
type Guest = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// Runtimes that the lab gives no limit for tables.
const TABLE: &[(&str, &str)] = &[
    ("wasmi-cli", "out-of-memory|timeout"),
    ("node", "implementation-limit"),
    ("deno", "implementation-limit"),
    ("bun", "implementation-limit"),
    ("tinywasm", "out-of-memory"),
    ("wamr-zig", "out-of-memory"),
];

const GUESTS: &[Guest] = &[
    ("loop", "timeout", &[]),
    ("start-loop", "timeout", &[]),
    ("silence", "timeout", &[]),
    ("recursion", "trap", &[("wamr-zig", "crashed")]),
    ("unreachable", "trap", &[]),
    ("division", "trap", &[]),
    ("bounds", "trap", &[]),
    // wasmi's command line has no limit for memory and tables; it continues until the lab ends it.
    ("memory", "trap", &[("wasmi-cli", "out-of-memory")]),
    ("table", "not-attempted", TABLE),
    ("exit-42", "wrong-exit", &[]),
    ("flood", "output-flood", &[]),
    ("environment", "", &[("wamr-zig", "sandbox-escape")]),
    // wamr follows links out of the directory, and its guests see the host's environment: holes that the lab must
    // detect.
    ("read-parent", "", &[]),
    ("read-grandparent", "", &[]),
    ("read-absolute", "", &[]),
    ("read-absolute-parent", "", &[]),
    ("read-link", "", &[("wamr-zig", "sandbox-escape")]),
    // node:wasi and Deno's WASI follow links out of the directory: known holes that the lab must detect.
    ("read-link-unfollowed", "", &[("node", "sandbox-escape"), ("deno", "sandbox-escape")]),
    ("read-link-folder", "", &[("node", "sandbox-escape"), ("wamr-zig", "sandbox-escape")]),
];

#[test]
fn hostile_guests_get_their_codes_and_harm_no_other_cell() {
    let workspace = Workspace::new();
    workspace.scenario("healthy", HEALTHY, "");
    for (name, _, _) in GUESTS {
        let rest = match *name {
            // On a busy machine, a guest to be refused memory must not reach the time limit first.
            "memory" => "[run]\ntimeout_ms = 30000\n",
            // These do nothing else until their limit.
            "loop" | "start-loop" | "silence" => "[run]\ntimeout_ms = 500\n",
            name if name.starts_with("read-") => DIRS,
            _ => "",
        };
        workspace.scenario(name, &hostile(name), rest);
    }
    let began = Instant::now();
    let (ran, report) = workspace.run_all(&["--timeout", "2", "--no-cache", "--runtime", "wamr-zig"]);
    assert!(began.elapsed() < Duration::from_secs(300), "nothing may hang the lab");
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let mut wrong = Vec::new();
    for cell in report["cells"].as_array().unwrap().iter().filter(|c| c["verdict"] != "absent") {
        let (scenario, runtime) = (field(cell, "scenario"), field(cell, "runtime"));
        let expected = GUESTS.iter().find(|(name, _, _)| *name == scenario).map_or("", |(_, code, other)| {
            other.iter().find(|(prefix, _)| runtime.starts_with(prefix)).map_or(*code, |(_, code)| *code)
        });
        let (verdict, code) = (field(cell, "verdict"), field(cell, "code"));
        if !expected.split('|').any(|w| w == code || w == verdict) || (expected.is_empty() && verdict != "pass") {
            wrong.push(format!(
                "{scenario} on {runtime}: {verdict} {code}, expected {expected}: {}",
                field(cell, "detail")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(!measured(&report).is_empty());
}

/// Runs the fake runtime with this behaviour; returns the result and the code of its cell.
fn fake(behaviour: &str) -> (CommandResult, String) {
    fake_as("runtime", behaviour, "node", "WASMLAB_NODE", "")
}

/// The same for a runtime that is judged by exit code and output.
fn fake_cli(behaviour: &str) -> String {
    fake_as("command-line", behaviour, "wasmtime-cli", "WASMLAB_WASMTIME", "").1
}

fn fake_as(file: &str, behaviour: &str, runtime: &str, variable: &str, expects: &str) -> (CommandResult, String) {
    let workspace = Workspace::new();
    workspace.scenario("healthy", HEALTHY, expects);
    let link = workspace.path(&format!("{file}-{behaviour}"));
    std::os::unix::fs::symlink(fixtures("fake-runtimes").join(file), &link).unwrap();
    // On a busy machine, a guest to reach the memory limit must not reach the time limit first.
    let timeout = if behaviour == "memory" { "30" } else { "2" };
    let args = ["run-all", "--runtime", runtime, "--output", "json", "--timeout", timeout, "--no-cache"];
    let began = Instant::now();
    let ran = common::result_of(workspace.command(&args).env(variable, &link).output().unwrap());
    assert!(began.elapsed() < Duration::from_secs(60), "{behaviour} held the lab");
    let report = ran.json();
    let cell = &report["cells"][0];
    let code = format!("{} {} {}", cell["verdict"], cell["code"], cell["subject"]).replace('"', "");
    (ran, code.replace(" null", ""))
}

/// What a fake runtime started does not outlive its cell: each `sleep` of so many seconds in its script.
fn all_ended(script: &str, seconds: &[u32]) {
    let text = fs::read_to_string(fixtures("fake-runtimes").join(script)).unwrap();
    for seconds in seconds {
        let line = format!("sleep {seconds}");
        assert!(text.contains(&line), "the script does not start `{line}`");
        assert!(processes::command_lines(|command_line, _| command_line == line).is_empty(), "`{line}` is still there");
    }
}

/// Compares what each behaviour gives with what is expected. All at once, because most of them only wait.
fn check_each(observe: fn(&str) -> String, expected: &[(&str, &str)]) {
    std::thread::scope(|scope| {
        for &(behaviour, expected) in expected {
            scope.spawn(move || assert_eq!(observe(behaviour), expected, "{behaviour}"));
        }
    });
}

#[test]
fn misbehaving_runtimes_are_distinguished() {
    let expected = [
        ("well", "pass"),
        ("banner", "pass"),
        ("segv", "gap crashed SIGSEGV"),
        ("killed", "gap crashed SIGKILL"),
        ("silent-exit", "gap crashed"),
        ("torn", "gap crashed"),
        ("nothing", "gap crashed"),
        ("stubborn", "gap timeout"),
        ("flood", "gap output-flood"),
        ("flood-stderr", "gap output-flood"),
        // One that waits, one that has closed its outputs, and one that never prints anything.
        ("hang", "gap timeout"),
        ("closes", "gap timeout"),
        ("mute", "gap timeout"),
    ];
    check_each(|behaviour| fake(behaviour).1, &expected);
    all_ended("runtime", &[4247, 4248, 4249]);
}

#[test]
fn descendants_of_a_runtime_do_not_outlive_its_cell() {
    assert_eq!(fake("children").1, "pass");
    assert_eq!(fake("holds-pipe").1, "pass");
    all_ended("runtime", &[4242, 4243, 4244]);
}

#[test]
fn misbehaving_command_lines_are_distinguished() {
    let expected = [
        ("well", "pass"),
        ("banner", "pass"),
        // Its guest may run for two seconds; compiling has its own limit.
        ("slow-compiler", "pass"),
        ("trap", "gap trap unreachable"),
        ("silent-1", "fail wrong-exit"),
        ("segv", "gap crashed SIGSEGV"),
        ("stubborn", "gap timeout"),
        ("flood", "gap output-flood"),
        ("flood-stderr", "gap output-flood"),
        ("hang", "gap timeout"),
        ("memory", "gap out-of-memory"),
        ("children", "pass"),
    ];
    check_each(fake_cli, &expected);
    all_ended("command-line", &[4245, 4246, 4250]);
    // Older versions of iwasm exit with 0 after a trap.
    let zero = fake_as("command-line", "trap-0", "iwasm", "WASMLAB_IWASM", "").1;
    assert_eq!(zero, "gap trap unreachable");
}

/// A runtime's messages on stdout cannot be told from its guest's output, so a banner is not removed.
#[test]
fn banner_on_stdout_is_part_of_the_guests_output() {
    let expects = "[expect]\nstdout = \"\"\n";
    for (file, runtime, variable) in
        [("runtime", "node", "WASMLAB_NODE"), ("command-line", "wasmtime-cli", "WASMLAB_WASMTIME")]
    {
        assert_eq!(fake_as(file, "well", runtime, variable, expects).1, "pass", "{file}");
        assert_eq!(fake_as(file, "banner", runtime, variable, expects).1, "fail wrong-output", "{file}");
    }
}

/// The guest was built from the source beside it with `cargo build --release --target wasm32-wasip2`.
#[test]
fn guest_with_loopback_network_gets_no_other() {
    let workspace = Workspace::new();
    let component = fs::read(fixtures("hostile/sockets-elsewhere").join("sockets-elsewhere.wasm")).unwrap();
    let names = ["bind-loopback", "bind-everywhere", "bind-everywhere-udp", "connect-elsewhere"];
    let run = "[run]\nargs = [\"{port:other}\", \"connect\"]\nnetwork = \"loopback\"\n[[run.port]]\nname = \"other\"\n";
    workspace.scenario("elsewhere", "", &format!("{run}[expect]\nchecks = {names:?}\n"));
    // A file that starts like a binary is treated as one, whatever its name.
    workspace.write("scenarios/elsewhere/guest.wat", component);
    // Only the lab's own hosts; any other may allow it.
    let columns = ["--runtime", "{wasmtime-cranelift,wasmtime-36-cranelift}"];
    let args = [&["run-all", "--engines", "built", "--output", "json"][..], &columns].concat();
    let ran = workspace.run(&args);
    let report = ran.json();
    for (runtime, verdict, code) in measured(&report) {
        assert_eq!((verdict.as_str(), code.as_str()), ("pass", ""), "{runtime}: {report}");
    }
}
