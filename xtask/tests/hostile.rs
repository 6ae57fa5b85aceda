//! Guests and runtimes that do what they must not. Each gets its code within its limit, and the healthy
//! guest beside it passes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::{CommandResult, Workspace, measured};

fn fixtures(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("fixtures").join(folder)
}

fn hostile(name: &str) -> String {
    fs::read_to_string(fixtures("hostile").join(format!("{name}.wat"))).unwrap()
}

const HEALTHY: &str = "(module (func (export \"_start\")))";

/// A directory with two symbolic links that lead out of it.
const DIRS: &str = "[[run.dir]]\nguest = \"/data\"\nfiles = { \"a/b.txt\" = \"b\" }\n\
    links = { out = \"../wasmlab-secret\", up = \"..\" }\n[expect]\nstdout = \"\"\n";

/// A guest of `fixtures/hostile`, the code (or the verdict) that every runtime gives it (empty: it passes), and the runtimes
/// that were measured to give another, by the beginning of their ids; `a|b` where the machine's speed decides.
type Guest = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const GUESTS: &[Guest] = &[
    ("loop", "timeout", &[]),
    ("start-loop", "timeout", &[]),
    ("silence", "timeout", &[]),
    ("recursion", "trap", &[("wamr-zig", "crashed")]),
    ("unreachable", "trap", &[]),
    ("division", "trap", &[]),
    ("bounds", "trap", &[]),
    // wasmi's command line has no bound for memory and tables: it goes on until the lab ends it.
    ("memory", "trap", &[("wasmi-cli", "out-of-memory")]),
    ("table", "out-of-memory", &[("wasmi-cli", "out-of-memory|timeout")]),
    ("exit-42", "wrong-exit", &[]),
    ("flood", "output-flood", &[]),
    ("environment", "", &[("wamr-zig", "sandbox-escape")]),
    // wamr follows links out of the directory, and its guests see
    // the host's environment: holes that the lab must see.
    ("read-parent", "", &[]),
    ("read-grandparent", "", &[]),
    ("read-absolute", "", &[]),
    ("read-absolute-parent", "", &[]),
    ("read-link", "", &[("wamr-zig", "sandbox-escape")]),
    // node:wasi and Deno's own follow links out of the directory: known holes of hosts, which the lab must see.
    ("read-link-unfollowed", "", &[("node", "sandbox-escape"), ("deno", "sandbox-escape")]),
    ("read-link-folder", "", &[("node", "sandbox-escape"), ("wamr-zig", "sandbox-escape")]),
];

#[test]
fn every_hostile_guest_gets_its_code_and_its_neighbour_is_unharmed() {
    let workspace = Workspace::new();
    workspace.scenario("healthy", HEALTHY, "");
    for (name, _, _) in GUESTS {
        let rest = match *name {
            // What is to be refused memory shall not reach the limit of time before, on a busy machine.
            "memory" => "[run]\ntimeout_ms = 30000\n",
            name if name.starts_with("read-") => DIRS,
            _ => "",
        };
        workspace.scenario(name, &hostile(name), rest);
    }
    let began = Instant::now();
    let (ran, report) = workspace.run_all(&["--timeout", "2", "--no-cache", "--runtime", "wamr-zig"]);
    assert!(began.elapsed() < Duration::from_secs(300), "nothing may hang the lab");
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let text = |cell: &serde_json::Value, key: &str| cell[key].as_str().unwrap_or_default().to_owned();
    let mut wrong = Vec::new();
    for cell in report["cells"].as_array().unwrap().iter().filter(|c| c["verdict"] != "absent") {
        let (scenario, runtime) = (text(cell, "scenario"), text(cell, "runtime"));
        let wanted = GUESTS.iter().find(|(name, _, _)| *name == scenario).map_or("", |(_, code, other)| {
            other.iter().find(|(prefix, _)| runtime.starts_with(prefix)).map_or(*code, |(_, code)| *code)
        });
        let (verdict, code) = (text(cell, "verdict"), text(cell, "code"));
        if !wanted.split('|').any(|w| w == code || w == verdict) || (wanted.is_empty() && verdict != "pass") {
            wrong.push(format!(
                "{scenario} on {runtime}: {verdict} {code}, expected {wanted}: {}",
                text(cell, "detail")
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(!measured(&report).is_empty());
}

/// One run on the fake runtime that behaves so: the call, and the code of its cell.
fn fake(behaviour: &str) -> (CommandResult, String) {
    fake_as("runtime", behaviour, "node", "WASMLAB_NODE", "")
}

/// The same for a runtime that is read by its exit code and its words.
fn fake_cli(behaviour: &str) -> String {
    fake_as("command-line", behaviour, "wasmtime-cli", "WASMLAB_WASMTIME", "").1
}

fn fake_as(file: &str, behaviour: &str, runtime: &str, variable: &str, expects: &str) -> (CommandResult, String) {
    let workspace = Workspace::new();
    workspace.scenario("healthy", HEALTHY, expects);
    let link = workspace.path(&format!("{file}-{behaviour}"));
    std::os::unix::fs::symlink(fixtures("fake-runtimes").join(file), &link).unwrap();
    // What is to reach the limit of memory shall not reach that of time before, on a busy machine.
    let timeout = if behaviour == "memory" { "30" } else { "2" };
    let args = ["run-all", "--runtime", runtime, "--output", "json", "--timeout", timeout, "--no-cache"];
    let began = Instant::now();
    let ran = common::result_of(workspace.command(&args).env(variable, &link).output().unwrap());
    assert!(began.elapsed() < Duration::from_secs(60), "{behaviour} held the lab");
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {}", ran.stderr));
    let cell = &report["cells"][0];
    let code = format!("{} {} {}", cell["verdict"], cell["code"], cell["subject"]).replace('"', "");
    (ran, code.replace(" null", ""))
}

/// Whether a process whose command line is `line` is alive.
fn alive(line: &str) -> bool {
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|e| fs::read(e.path().join("cmdline")).ok())
        .any(|c| String::from_utf8_lossy(&c).replace('\0', " ").trim() == line)
}

#[test]
fn runtimes_that_misbehave_are_told_apart() {
    let check = |behaviour: &str, wanted: &str| assert_eq!(fake(behaviour).1, wanted, "{behaviour}");
    check("well", "pass");
    check("banner", "pass");
    check("segv", "gap crashed SIGSEGV");
    check("killed", "gap crashed SIGKILL");
    check("silent-exit", "gap crashed");
    check("torn", "gap crashed");
    check("nothing", "gap crashed");
    check("stubborn", "gap timeout");
    check("flood", "gap output-flood");
    check("flood-stderr", "gap output-flood");
    // One that waits, one that has closed all that could be read of it, one that never said a word.
    check("hang", "gap timeout");
    check("closes", "gap timeout");
    check("mute", "gap timeout");
    assert!((4247..=4249).all(|seconds| !alive(&format!("sleep {seconds}"))), "a runtime that hangs outlives its cell");
}

#[test]
fn descendants_of_a_runtime_do_not_outlive_its_cell() {
    assert_eq!(fake("children").1, "pass");
    assert_eq!(fake("holds-pipe").1, "pass");
    for seconds in [4242, 4243, 4244] {
        assert!(!alive(&format!("sleep {seconds}")), "sleep {seconds} is still there");
    }
}

#[test]
fn command_lines_that_misbehave_are_told_apart() {
    let check = |behaviour: &str, wanted: &str| assert_eq!(fake_cli(behaviour), wanted, "{behaviour}");
    check("well", "pass");
    check("banner", "pass");
    // Its guest may run for two seconds; translating it has a limit of its own.
    check("slow-compiler", "pass");
    check("trap", "gap trap unreachable");
    check("silent-1", "fail wrong-exit");
    check("segv", "gap crashed SIGSEGV");
    check("stubborn", "gap timeout");
    check("flood", "gap output-flood");
    check("flood-stderr", "gap output-flood");
    check("hang", "gap timeout");
    check("memory", "gap out-of-memory");
    check("children", "pass");
    for seconds in [4245, 4246, 4250] {
        assert!(!alive(&format!("sleep {seconds}")), "sleep {seconds} is still there");
    }
    // Older versions of iwasm exit with 0 after a trap.
    let zero = fake_as("command-line", "trap-0", "iwasm", "WASMLAB_IWASM", "").1;
    assert_eq!(zero, "gap trap unreachable");
}

/// Nobody can tell a runtime's words on stdout from its guest's: a banner is not taken away.
#[test]
fn a_banner_on_stdout_stands_in_the_guests_output() {
    let expects = "[expect]\nstdout = \"\"\n";
    for (file, runtime, variable) in
        [("runtime", "node", "WASMLAB_NODE"), ("command-line", "wasmtime-cli", "WASMLAB_WASMTIME")]
    {
        assert_eq!(fake_as(file, "well", runtime, variable, expects).1, "pass", "{file}");
        assert_eq!(fake_as(file, "banner", runtime, variable, expects).1, "fail wrong-output", "{file}");
    }
}

/// The built guest lies beside its source: `cargo build --release --target wasm32-wasip2` there makes it anew.
#[test]
fn a_guest_that_was_given_the_loopback_address_gets_no_other() {
    let workspace = Workspace::new();
    let component = fs::read(fixtures("hostile/sockets-elsewhere").join("sockets-elsewhere.wasm")).unwrap();
    let names = ["bind-loopback", "bind-everywhere", "bind-everywhere-udp", "connect-elsewhere"];
    let run = "[run]\nargs = [\"{port:other}\", \"connect\"]\nnetwork = \"loopback\"\n[[run.port]]\nname = \"other\"\n";
    workspace.scenario("elsewhere", "", &format!("{run}[expect]\nlab = {names:?}\n"));
    // What begins as a binary is taken as one, whatever its name.
    workspace.write("scenarios/elsewhere/guest.wat", component);
    // The lab's own hosts alone: any other may let it pass.
    let columns = ["--runtime", "{wasmtime-cranelift,wasmtime-36-cranelift}"];
    let args = [&["run-all", "--engines", "built", "--output", "json"][..], &columns].concat();
    let ran = workspace.run(&args);
    let report = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {}", ran.stderr));
    for (runtime, verdict, code) in measured(&report) {
        assert_eq!((verdict.as_str(), code.as_str()), ("pass", ""), "{runtime}: {report}");
    }
}
