//! Verdicts follow the evidence, whatever the scenario, its annotations, its snapshots or the cache say.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;
#[path = "common/programs.rs"]
mod programs;
#[path = "common/text.rs"]
mod text;

use std::fs;

use common::{Workspace, measured};

const HELLO: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 8) "\10\00\00\00\06\00\00\00hello\n")
  (func (export "_start") (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 0)))))"#;

const EXIT_1: &str = r#"(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (call $exit (i32.const 1))))"#;

const EXPECT_HELLO: &str = "[expect]\nstdout = \"hello\\n\"\n";

#[test]
fn silent_guest_fails_everywhere_despite_known_entries() {
    let codes: Vec<&str> = wasmlab_model::codes::CATALOGUE.iter().map(|e| e.id).collect();
    let known: String = codes
        .iter()
        .map(|code| format!("[[known]]\nruntime = \"*\"\ncode = \"{code}\"\nbecause = \"so they say\"\n"))
        .collect();
    let workspace = Workspace::new();
    workspace.scenario("hello", EXIT_1, &format!("{EXPECT_HELLO}{known}"));
    let (ran, report) = workspace.run_all(&[]);
    for (runtime, verdict, code) in measured(&report) {
        assert_eq!((verdict.as_str(), code.as_str()), ("fail", "wrong-exit"), "{runtime}");
    }
    assert!(report["cells"].as_array().unwrap().iter().all(|c| c["known"].is_null()));
    assert_eq!(ran.code, 1);
}

/// A module that prints `message` on stderr and exits with 1.
fn prints_and_fails(message: &str) -> String {
    let bytes: String = message.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    let length: String = (message.len() as u32).to_le_bytes().iter().map(|byte| format!("\\{byte:02x}")).collect();
    format!(
        r#"(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "{bytes}")
  (data (i32.const 0) "\10\00\00\00{length}")
  (func (export "_start")
    (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))
    (call $exit (i32.const 1))))"#
    )
}

/// A guest that prints a runtime's refusal of a module is not believed.
const RUNTIME_MESSAGES: &[&str] = &[
    "Error: failed to run main module `x.wasm`\n\nCaused by:\n    0: failed to instantiate\n    1: unknown import: \
     `env::foo` has not been defined\n",
    "Error: failed to compile module\n\nCaused by:\n    gc support is not enabled (at offset 0x20)\n",
    "[2026-11-26 10:40:30.908] [error] loading failed: malformed module, Code: 0x200\n[2026-11-26 10:40:30.908] [error] \
     This instruction or syntax requires enabling GC proposal\n",
    "error compiling wasm binary: section code: feature \"gc\" is disabled\n",
    "error instantiating wasm binary: import[0] func[env.foo]: missing\n",
    "Error: failed to parse: invalid gc (at offset 0x0)\n",
    "Error: failed during execution of x: i32 exit: invalid exit status outside of [0..126)\n",
    "WASM module load failed: unsupported opcode gc\n",
];

#[test]
fn runtime_messages_printed_by_a_guest_are_the_guests() {
    let workspace = Workspace::new();
    for (index, message) in RUNTIME_MESSAGES.iter().enumerate() {
        workspace.scenario(&format!("message-{index}"), &prints_and_fails(message), "");
    }
    let columns = "{wasmtime-cranelift,wasmtime-cli,wasmi,wasmi-cli,wasmedge,wazero,wamr-zig,node}";
    let (_, report) = workspace.run_all(&["--runtime", columns]);
    let columns: Vec<String> = measured(&report).into_iter().map(|(runtime, ..)| runtime).collect();
    for cell in report["cells"].as_array().unwrap().iter().filter(|cell| cell["verdict"] != "absent") {
        assert_eq!(cell["code"], "wrong-exit", "{cell}");
        assert_eq!(cell["blame"], serde_json::json!(["guest"]), "{cell}");
    }
    // Without another column, what the lab knows of the module has to do.
    for (scenario, runtime) in
        [("message-0", "wasmtime-cli"), ("message-1", "wasmtime-cli"), ("message-5", "wasmi-cli")]
    {
        if !columns.iter().any(|column| column == runtime) {
            // The run above has failed if CI requires it.
            continue;
        }
        let ran = workspace.run(&["run-all", "--runtime", runtime, "--scenario", scenario, "--output", "json"]);
        let report = ran.json();
        let cell = &report["cells"][0];
        assert_eq!(cell["code"], "wrong-exit", "{cell}");
    }
}

#[test]
fn client_that_sends_no_request_fails() {
    let workspace = Workspace::new();
    let server = "[run]\nnetwork = \"loopback\"\n[[run.server]]\nname = \"api\"\n";
    let expected_request = "[[expect.request]]\nserver = \"api\"\npath = \"/hello\"\n";
    workspace.scenario("hello", HELLO, &format!("{server}{EXPECT_HELLO}{expected_request}"));
    let (ran, report) = workspace.run_all(&[]);
    assert!(measured(&report).iter().all(|(_, verdict, code)| verdict == "fail" && code == "wrong-output"));
    let cells = report["cells"].as_array().unwrap();
    let expected = "the server `api` did not receive \"GET /hello\"";
    assert!(cells.iter().filter(|c| c["verdict"] == "fail").all(|c| c["detail"] == expected), "{}", ran.stderr);
}

/// Exits with 1 if the file `conf` of its first directory begins with a brace.
const READS_CONF: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 16) "conf")
    (data (i32.const 32) "\40\00\00\00\10\00\00\00")
    (func (export "_start")
        (if (call $open (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 4) (i32.const 0) (i64.const 2)
            (i64.const 0) (i32.const 0) (i32.const 8)) (then unreachable))
        (if (call $read (i32.load (i32.const 8)) (i32.const 32) (i32.const 1) (i32.const 12)) (then unreachable))
        (call $exit (i32.eq (i32.load8_u (i32.const 64)) (i32.const 123)))))"#;

/// A configuration file may contain the port of the server that the guest sends requests to.
#[test]
fn port_placeholders_in_files_are_replaced() {
    let workspace = Workspace::new();
    let run = "[run]\nnetwork = \"loopback\"\n[[run.server]]\nname = \"api\"\n\
               [[run.dir]]\nguest = \"/www\"\nfiles = { conf = \"{port:api}\" }\n";
    workspace.scenario("conf", READS_CONF, run);
    let (ran, report) = workspace.run_all(&[]);
    let measured = measured(&report);
    // In some runtimes, descriptors start at another number. If the placeholder were not replaced, none would pass.
    assert!(measured.iter().any(|(_, verdict, _)| verdict == "pass"), "{}", ran.stderr);
}

#[test]
fn snapshot_life_cycle() {
    let workspace = Workspace::new();
    workspace.scenario("hello", HELLO, EXPECT_HELLO);
    let (ran, report) = workspace.run_all(&[]);
    assert_eq!(ran.code, 0, "new passes are not regressions: {}", ran.stderr);
    // One scenario: one file for each column in which it was measured.
    let columns = measured(&report).len();
    assert_eq!(workspace.run(&["accept"]).code, 0);
    assert_eq!(fs::read_dir(workspace.path("snapshots/matrix")).unwrap().count(), columns);

    let (ran, report) = workspace.run_all(&[]);
    assert_eq!(ran.code, 0);
    let all = report["cells"].as_array().unwrap();
    assert!(all.iter().filter(|c| c["verdict"] == "pass").all(|c| c["cached"] == true && c["change"] == "same"));

    workspace.write("scenarios/hello/guest.wat", HELLO.replace("hello", "hollo"));
    let (ran, report) = workspace.run_all(&[]);
    assert_eq!(ran.code, 1);
    assert!(measured(&report).iter().all(|(_, verdict, code)| verdict == "fail" && code == "wrong-output"));
    assert!(
        report["cells"].as_array().unwrap().iter().any(|c| c["change"] == "worse" && c["accepted_result"] == "pass")
    );

    workspace.run(&["accept"]);
    workspace.write("scenarios/hello/guest.wat", HELLO);
    let (ran, report) = workspace.run_all(&[]);
    assert!(report["cells"].as_array().unwrap().iter().any(|c| c["change"] == "fixed-gap"));
    assert_eq!(ran.code, 1, "a fixed gap counts as a regression");

    fs::remove_dir_all(workspace.path("scenarios/hello")).unwrap();
    workspace.scenario("other", HELLO, EXPECT_HELLO);
    let ran = workspace.run(&["run-all", "--engines", "built"]);
    assert!(ran.code == 0 && ran.stderr.contains("no scenario is named `hello`"), "{} {}", ran.code, ran.stderr);
    workspace.run(&["accept"]);
    let left = fs::read_dir(workspace.path("snapshots/matrix")).unwrap();
    let left: Vec<_> = left.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
    assert!(left.iter().all(|text| text.contains("other") && !text.contains("hello")), "{left:?}");
}

/// The scenario of a Rust guest whose target no toolchain has, with its prebuilt guest.
fn prebuilt(workspace: &Workspace) {
    let toml = "schema = 1\ntitle = \"t\"\nfamily = \"test\"\nroute = \"rust\"\n[build]\ntoolchain = \"rust\"\n\
        target = \"wasm32-no-such-target\"\nartifact = \"hello.wasm\"\n[expect]\nstdout = \"hello\\n\"\n";
    workspace.write("scenarios/hello/scenario.toml", toml);
    workspace.write("scenarios/hello/src/main.rs", "fn main() { println!(\"hello\") }\n");
    let scenario = xtask::scenario::load(&workspace.path("scenarios/hello")).unwrap();
    let cache = xtask::store::cache::Cache::new(workspace.path("cache"));
    let machine = xtask::machine::Machine::new(workspace.path("machine.json"));
    let lab = xtask::lab::Lab::new(workspace.path(""), cache, machine);
    let wasm = wat::parse_str(HELLO).unwrap();
    let provenance = format!(
        "schema = 1\nfile = \"hello.wasm\"\nsha256 = \"{}\"\nbytes = {}\nsources = \"{}\"\ntoolchain = \"rustc\"\ncommand = \"cargo build\"\n",
        xtask::machine::sha256(&wasm),
        wasm.len(),
        xtask::guest::sources_hash(&lab, &scenario).unwrap()
    );
    workspace.write("fixtures/hello/hello.wasm", wasm);
    workspace.write("fixtures/hello/provenance.toml", provenance);
}

fn check_prebuilt(
    change: impl FnOnce(&Workspace),
    args: &[&str],
    verdict: &str,
    code: &str,
    exit: i32,
    expected: &str,
) {
    let workspace = Workspace::new();
    prebuilt(&workspace);
    change(&workspace);
    let (ran, report) = workspace.run_all(args);
    for (runtime, found, found_code) in measured(&report) {
        assert_eq!((found.as_str(), found_code.as_str()), (verdict, code), "{runtime}");
    }
    let details: String = report["cells"].as_array().unwrap().iter().map(|c| c["detail"].to_string()).collect();
    assert!(details.contains(expected), "{details} does not say {expected}");
    assert_eq!(ran.code, exit, "{}", ran.stderr);
}

#[test]
fn prebuilt_guest_is_used_and_marked() {
    check_prebuilt(|_| (), &[], "pass", "", 0, "hello");
}

#[test]
fn changed_source_makes_the_prebuilt_guest_stale() {
    let change = |w: &Workspace| w.write("scenarios/hello/src/main.rs", "fn main() {}\n");
    check_prebuilt(change, &[], "not-built", "prebuilt-stale", 1, "the sources changed");
}

#[test]
fn modified_prebuilt_guest_is_refused() {
    let change = |w: &Workspace| w.write("fixtures/hello/hello.wasm", wat::parse_str(EXIT_1).unwrap());
    check_prebuilt(change, &[], "not-built", "prebuilt-stale", 1, "does not match its provenance.toml");
}

#[test]
fn without_toolchain_and_prebuilt_guest_nothing_is_run() {
    let change = |w: &Workspace| fs::remove_dir_all(w.path("fixtures")).unwrap();
    check_prebuilt(change, &[], "not-built", "toolchain-missing", 4, "there is no prebuilt guest");
    check_prebuilt(
        |_| (),
        &["--require-built"],
        "not-built",
        "toolchain-missing",
        4,
        "--require-built does not allow prebuilt guests",
    );
}

#[test]
fn compile_error_quotes_the_compiler_and_affects_only_its_row() {
    let workspace = Workspace::new();
    workspace.scenario("hello", HELLO, EXPECT_HELLO);
    workspace.scenario("broken", "(module (func (nonsense)))", "");
    let (ran, report) = workspace.run_all(&[]);
    assert_eq!(ran.code, 1);
    for cell in report["cells"].as_array().unwrap().iter().filter(|c| c["verdict"] != "absent") {
        let broken = cell["scenario"] == "broken";
        assert_eq!((cell["verdict"] == "not-built", cell["code"] == "compile-error"), (broken, broken), "{cell}");
        assert!(!broken || cell["detail"].as_str().unwrap().contains("nonsense"));
    }
}

#[test]
fn json_on_stdout_matches_the_schema() {
    let workspace = Workspace::new();
    workspace.scenario("hello", HELLO, EXPECT_HELLO);
    workspace.scenario("exit", EXIT_1, "");
    let (_, report) = workspace.run_all(&[]);
    let schema = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/schema/report.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let errors: Vec<_> = validator.iter_errors(&report).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let saved: serde_json::Value =
        serde_json::from_slice(&fs::read(workspace.path("reports/latest/report.json")).unwrap()).unwrap();
    assert_eq!(saved, report);
    let again = workspace.run(&["report", "--output", "json"]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&again.stdout).unwrap(), report);
    assert!(workspace.run(&["report", "--output", "markdown"]).stdout.starts_with("# Where WebAssembly runs"));
}

#[test]
fn check_answers_first() {
    let workspace = Workspace::new();
    workspace.write("hello.wat", HELLO);
    workspace.write(
        "add.wat",
        "(module (func (export \"add\") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))",
    );
    let check = |args: &[&str], code: i32, expected: &str| {
        let ran = workspace.run(&[&["check", "--engines", "built", "--runtime", common::COLUMNS], args].concat());
        let all = format!("{}{}", text::unwrapped(&ran.stdout), ran.stderr);
        assert!(
            ran.code == code && all.contains(expected),
            "{args:?}: exit {}, {all} does not say {expected}",
            ran.code
        );
    };
    check(&["hello.wat"], 0, "hello.wat module · command · WASI 0.1");
    check(&["hello.wat", "--expect-stdout", "hello"], 0, "runs on ");
    check(&["hello.wat", "--expect-stdout", "goodbye"], 1, "wrong-output at run (");
    check(&["hello.wat", "--expect-exit", "3"], 1, "exit code 0, expected 3");
    check(&["add.wat", "--invoke", "add", "--expect-stdout", "5", "--", "2", "3"], 0, "add = [i32:5]");
    check(&["add.wat", "--invoke", "add", "--", "2"], 2, "takes 2 arguments (i32, i32), but 1 was given");
    check(&["add.wat", "--invoke", "add", "--", "2", "x"], 2, "is not a value");
    check(&["add.wat", "--invoke", "sub"], 2, "exports no function `sub`; it exports `add`");
    check(&["nothing.wasm"], 2, "failed to read `nothing.wasm`");
}

#[test]
fn second_run_starts_no_runtime() {
    let node = std::process::Command::new("node").args(["-p", "process.execPath"]).output();
    let node = node.expect("this test needs Node.js on PATH");
    let node = String::from_utf8(node.stdout).unwrap();
    let workspace = Workspace::new();
    workspace.scenario("hello", HELLO, EXPECT_HELLO);
    let started = workspace.path("started");
    let wrapper = format!("#!/bin/sh\necho $1 >> {}\nexec {} \"$@\"\n", started.display(), node.trim());
    programs::script(&workspace.path("node"), &wrapper);
    let run = || {
        let args = ["run-all", "--runtime", "node", "--output", "json"];
        let mut command = workspace.command(&args);
        command.env("WASMLAB_NODE", workspace.path("node")).env("WASMLAB_CACHE", workspace.path("cache"));
        // In the sandbox, the wrapper of the cell could not write its line.
        command.env("WASMLAB_SANDBOX", "off");
        let ran = common::result_of(command.output().unwrap());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        fs::read_to_string(&started).unwrap()
    };
    let first = run();
    let lines: Vec<&str> = first.lines().collect();
    assert_eq!(lines, ["--version", "--v8-options", "--help", "--no-warnings"], "its version, its switches, the cell");
    assert_eq!(run(), first, "the second run starts nothing");
}

#[test]
fn timeout_is_measured_twice_and_then_cached() {
    let workspace = Workspace::new();
    // A module unique to this run: the cache is shared with other runs of this test, whose results stay.
    let unique = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    let guest = format!("(module (func (export \"_start\") (drop (i64.const {unique})) (loop $l (br $l))))");
    workspace.scenario("loop", &guest, "[run]\ntimeout_ms = 300\n");
    let check = |options: &[&str], cached: Option<bool>| {
        let began = std::time::Instant::now();
        let (_, report) = workspace.run_all(options);
        for (runtime, _, code) in measured(&report) {
            assert_eq!(code, "timeout", "{runtime}");
        }
        let mut present = report["cells"].as_array().unwrap().iter().filter(|c| c["verdict"] != "absent");
        assert!(cached.is_none_or(|cached| present.all(|c| c["cached"] == cached)), "{report}");
        began.elapsed()
    };
    assert!(check(&["--jobs", "256"], Some(false)).as_millis() >= 600, "the outcome is confirmed in the same run");
    // On a busy machine a cell may take so long that the next run has to confirm it.
    check(&[], None);
    check(&[], Some(true));
    check(&["--no-cache"], Some(false));
    check(&[], None);
    check(&[], Some(true));
}

#[test]
fn published_report_is_compared_with_later_runs() {
    let workspace = Workspace::new();
    workspace.scenario("hello", HELLO, EXPECT_HELLO);
    let measure = || workspace.run(&["run-all", "--engines", "built", "--output", "json"]);
    let publish = |code: u8, message: &str| {
        let ran = workspace.run(&["report", "--publish"]);
        assert!(ran.code == i32::from(code) && format!("{}{}", ran.stdout, ran.stderr).contains(message), "{ran:?}");
    };
    let check = |code: u8, message: &str| {
        let ran = workspace.run(&["report", "--check"]);
        assert!(ran.code == i32::from(code) && ran.stderr.contains(message), "{ran:?}");
    };
    measure();
    publish(1, "differ from their snapshots");
    check(1, "`cargo xtask report --publish` updates it");
    workspace.run(&["accept"]);
    workspace.run(&["run-all", "--engines", "built", "--runtime", common::COLUMNS]);
    publish(1, "not from a complete run-all");
    measure();
    publish(0, "published");
    check(0, "");
    let file = |extension: &str| {
        workspace.path(&format!("reports/{}-{}.{extension}", std::env::consts::OS, std::env::consts::ARCH))
    };
    let first = fs::read_to_string(file("json")).unwrap();
    assert!(!first.contains(&workspace.path("").display().to_string()));
    // Measuring everything again publishes the same bytes.
    workspace.run(&["run-all", "--engines", "built", "--no-cache"]);
    publish(0, "published");
    assert_eq!(fs::read_to_string(file("json")).unwrap(), first);

    let markdown = fs::read_to_string(file("md")).unwrap();
    fs::write(file("md"), markdown.replace("hello", "hallo")).unwrap();
    check(1, "does not match its JSON");
    fs::write(file("md"), markdown).unwrap();
    workspace.write("scenarios/hello/guest.wat", HELLO.replace("hello", "hollo"));
    assert_eq!(measure().code, 1);
    check(1, "published pass, now fail wrong-output");
}
