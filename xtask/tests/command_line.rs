//! The lab as a command-line program: closed pipes and full disks, unwritable folders, files that are not modules,
//! damaged caches. Commands with the same output everywhere are files in `cmd/`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;
#[path = "common/programs.rs"]
mod programs;
#[path = "common/text.rs"]
mod text;

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use common::{CommandResult, Workspace};

const HEALTHY: &str = "(module (func (export \"_start\")))";

#[test]
fn closed_pipe_is_no_error_but_a_full_disk_is() {
    let workspace = Workspace::new();
    workspace.scenario("healthy", HEALTHY, "");
    for args in [&["list"][..], &["explain"], &["--help"], &["run-all", "--engines", "built"]] {
        let mut child = workspace.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert!(child.wait().unwrap().code() == Some(0) && !stderr.contains("panicked"), "{args:?}: {stderr}");
    }
    for args in [&["list"][..], &["--help"]] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = workspace.command(args).stdout(full).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(3) && stderr.contains("failed to write to stdout"), "{args:?}: {stderr}");
    }
}

#[test]
fn unwritable_report_is_an_error_and_the_matrix_is_still_shown() {
    let workspace = Workspace::new();
    workspace.scenario("healthy", HEALTHY, "");
    workspace.write("reports", "a file in the folder's place");
    let ran = workspace.run(&["run-all", "--engines", "built"]);
    assert!(ran.code == 3 && ran.stdout.contains("healthy"), "{}", ran.stdout);
    assert!(ran.stderr.contains("failed to save the report") && ran.stderr.contains("reports"), "{}", ran.stderr);
}

#[test]
fn unusable_snapshots_do_not_lose_the_matrix() {
    let workspace = Workspace::new();
    workspace.scenario("healthy", HEALTHY, "");
    workspace.write("snapshots", "a file in the folder's place: as on a full disk, nothing can be written below it");
    let ran = workspace.run(&["run-all", "--engines", "built"]);
    let shown = ran.stdout.contains("healthy") && ran.stdout.contains("not compared");
    assert!(ran.code == 3 && shown, "{}: {}{}", ran.code, ran.stdout, ran.stderr);
    assert!(workspace.path("reports/latest/report.json").is_file());
}

#[test]
fn missing_temporary_folder_is_a_lab_error() {
    let workspace = Workspace::new();
    workspace.scenario("healthy", HEALTHY, "");
    let mut command = workspace.command(&["run-all", "--engines", "built", "--no-cache"]);
    let ran = common::result_of(command.env("TMPDIR", workspace.path("nowhere")).output().unwrap());
    assert!(ran.code == 3 && !ran.stderr.contains("panicked"), "{} {}", ran.code, ran.stderr);
}

#[test]
fn colours_are_only_for_terminals_that_want_them() {
    let workspace = Workspace::new();
    workspace.scenario("healthy", HEALTHY, "");
    let ran = workspace.run(&["run-all", "--engines", "built"]);
    assert!(!ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'));
    let coloured = on_a_terminal(workspace.command(&["run-all", "--engines", "built"]).env_remove("NO_COLOR"));
    assert!(coloured.contains("\u{1b}["), "{coloured}");
    let plain = on_a_terminal(workspace.command(&["run-all", "--engines", "built"]).env("NO_COLOR", "1"));
    // Progress may move the cursor, but colours (`ESC [ … m`) are unwanted.
    let colour = plain
        .split("\u{1b}[")
        .skip(1)
        .any(|s| s.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').starts_with('m'));
    assert!(plain.contains("healthy") && !colour, "{plain}");
}

/// The output of a command on a terminal.
fn on_a_terminal(command: &mut std::process::Command) -> String {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    let open = || fs::OpenOptions::new().read(true).write(true).open(&name).unwrap();
    command.env("TERM", "xterm").stdin(Stdio::null()).stdout(open()).stderr(open());
    command_output(command, fs::File::from(master))
}

/// Reads `master` until the command, which has the other end of the terminal, exits.
fn command_output(command: &mut std::process::Command, mut master: fs::File) -> String {
    let mut child = command.spawn().unwrap();
    // The command's own copies of the terminal must be closed for reading to end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut bytes = Vec::new();
    // A terminal whose last user is gone returns an error instead of end of file.
    let _ = master.read_to_end(&mut bytes);
    assert!(child.wait().unwrap().success());
    String::from_utf8_lossy(&bytes).into_owned()
}

fn fails(ran: &CommandResult, code: i32, expected: &[&str]) {
    assert_eq!(ran.code, code, "{}", ran.stderr);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    for text in expected {
        assert!(ran.stderr.contains(text), "{} does not say {text}", ran.stderr);
    }
}

#[test]
fn json_output_is_a_report_or_an_error() {
    let workspace = Workspace::new();
    workspace.scenario("healthy", HEALTHY, "");
    let mut command = workspace.command(&["run-all", "--output", "json"]);
    let ran = common::result_of(command.env("WASMLAB_ROOT", workspace.path("scenarios")).output().unwrap());
    fails(&ran, 2, &["failed to use WASMLAB_ROOT"]);
    let printed = ran.json();
    let message = printed["error"]["message"].as_str().unwrap();
    assert!(printed["error"]["exit_code"] == 2 && ran.stderr.contains(message), "{printed}: {}", ran.stderr);
    // A matrix without cells is a report, and so is one that could not be saved.
    let absent = ["run-all", "--output", "json", "--engines", "built", "--runtime", "wazero"];
    for code in [4, 3] {
        let ran =
            common::result_of(workspace.command(&absent).env("WASMLAB_WAZERO", "/no/such/program").output().unwrap());
        let report = ran.json();
        assert_eq!((ran.code, &report["cells"][0]["verdict"]), (code, &"absent".into()), "{}", ran.stderr);
        let _ = fs::remove_dir_all(workspace.path("reports"));
        workspace.write("reports", "a file in the folder's place");
    }
}

/// `cmd/inspect.trycmd` has what `inspect` prints about such files.
#[test]
fn file_that_is_not_a_module_runs_nowhere() {
    let workspace = Workspace::new();
    let check = |name: &str, bytes: &[u8], code: i32, expected: &str| {
        workspace.write(name, bytes);
        let ran = workspace.run(&["check", "--engines", "built", name]);
        let text = text::unwrapped(&ran.stdout);
        assert!(ran.code == code && text.contains(expected), "{name}: {} {}", ran.code, ran.stdout);
    };
    check("empty.wasm", b"", 2, "empty.wasm invalid-file: ");
    check("text.wasm", b"hello, world\n", 2, "text.wasm invalid-file: ");
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n";
    check("pointer.wasm", pointer, 2, "→ Run `git lfs pull`");
    let whole = wat::parse_str("(module (func (export \"_start\") nop nop))").unwrap();
    check("cut.wasm", &whole[..whole.len() - 3], 2, "cut.wasm invalid-file: ");
    fails(&workspace.run(&["inspect", "cut.wasm"]), 2, &["truncated", "its code section"]);
    let invalid = wat::parse_str("(module (func (export \"_start\") drop))").unwrap();
    check("invalid.wasm", &invalid, 1, "malformed at ");
}

#[test]
fn required_but_absent_runtime_fails() {
    let workspace = Workspace::new();
    workspace.scenario("healthy", HEALTHY, "");
    let guest = workspace.path("scenarios/healthy/guest.wat").display().to_string();
    for args in [&["check", &guest][..], &["run-all"]] {
        let call = |more: &[&str]| {
            let chosen = ["--engines", "built", "--runtime", "node", "--runtime", "wazero"];
            let mut command = workspace.command(&[args, &chosen, more].concat());
            common::result_of(command.env("WASMLAB_WAZERO", "/no/such/program").output().unwrap())
        };
        assert_eq!(call(&[]).code, 0, "{args:?}: an absent runtime alone is not a failure");
        fails(&call(&["--require-present"]), 1, &["--require-present", "wazero", "/no/such/program"]);
    }
}

#[test]
fn selecting_runtimes_makes_no_annotation_stale() {
    let workspace = Workspace::new();
    let known = "[[known]]\nruntime = \"*\"\ncode = \"unsupported-proposal\"\nbecause = \"of another column\"\n";
    workspace.scenario("lacking", r#"(module (import "host" "f" (func)) (func (export "_start")))"#, known);
    let code = |args: &[&str]| workspace.run(&[&["run-all", "--engines", "built"], args].concat()).code;
    assert_eq!(code(&["--runtime", "node", "--runtime", "deno"]), 0);
    assert_eq!(code(&[]), 1, "an entry that matches nothing is stale");
}

#[test]
fn components_and_large_modules_can_be_inspected() {
    let workspace = Workspace::new();
    workspace.write("component.wasm", wat::parse_str("(component)").unwrap());
    let ran =
        workspace.run(&["check", "--engines", "built", "--output", "json", "--runtime", "node", "component.wasm"]);
    let report = ran.json();
    let cell = &report["cells"][0];
    assert_eq!(cell["code"], "needs-component-model", "this test needs Node.js: {cell}");

    let mut module = wasm_encoder::Module::new();
    let mut memories = wasm_encoder::MemorySection::new();
    memories.memory(wasm_encoder::MemoryType {
        minimum: 4000,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut data = wasm_encoder::DataSection::new();
    data.active(0, &wasm_encoder::ConstExpr::i32_const(0), vec![7; 200 << 20]);
    module.section(&memories).section(&data);
    workspace.write("large.wasm", module.finish());
    let ran = workspace.run(&["inspect", "large.wasm"]);
    assert!(ran.code == 0 && ran.stdout.contains("data 2097152"), "{}", ran.stderr);
}

#[test]
fn damaged_cache_entries_are_misses() {
    let workspace = Workspace::new();
    workspace.scenario("healthy", HEALTHY, "");
    let run = || {
        let args = ["run-all", "--runtime", "node", "--output", "json"];
        let ran =
            common::result_of(workspace.command(&args).env("WASMLAB_CACHE", workspace.path("cache")).output().unwrap());
        let report = ran.json();
        (ran.code, report["cells"][0]["verdict"].clone(), report["cells"][0]["cached"] == true)
    };
    let (code, verdict, _) = run();
    assert_ne!(verdict, "absent", "this test needs Node.js");
    assert_eq!(run(), (code, verdict.clone(), true));
    let damage = |dir: &Path| {
        for file in xtask::store::files::walk(dir, &[]).unwrap() {
            let mut bytes = fs::read(dir.join(&file)).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x55;
            fs::write(dir.join(file), bytes).unwrap();
        }
    };
    for folder in ["entries", "objects"] {
        damage(&workspace.path("cache").join(folder));
    }
    fs::write(workspace.path("cache/machine.json"), "{").unwrap();
    assert_eq!(run(), (code, verdict.clone(), false));
    assert_eq!(run(), (code, verdict, true));
}

#[test]
fn check_does_not_overwrite_the_report_of_a_run() {
    let workspace = Workspace::new();
    workspace.scenario("healthy", HEALTHY, "");
    workspace.scenario("other", HEALTHY, "");
    workspace.write("own.wat", HEALTHY);
    let choose = ["--scenario", "heal*", "--runtime", common::COLUMNS];
    assert_eq!(workspace.run(&[&["run-all", "--engines", "built"][..], &choose].concat()).code, 0);
    let ran = workspace.run(&["check", "--engines", "built", "own.wat"]);
    assert!(workspace.path("reports/check/report.json").is_file(), "{}", ran.stderr);
    let shown = |args: &[&str]| {
        let ran = workspace.run(&[&["report", "--output", "json"], args].concat());
        let report = ran.json();
        (report["command"].clone(), report["selected"].clone())
    };
    let selected = serde_json::json!({ "scenarios": ["heal*"], "runtimes": [common::COLUMNS] });
    assert_eq!(shown(&[]), ("run-all".into(), selected));
    assert_eq!(shown(&["reports/check/report.json"]), ("check".into(), serde_json::Value::Null));
    let markdown = workspace.run(&["report", "--output", "markdown"]).stdout;
    assert!(markdown.contains("\nSelected: `--scenario 'heal*' --runtime '{wasmi,"), "{markdown}");
}

#[test]
fn obsolete_snapshots_are_a_warning_and_bless_removes_them() {
    let workspace = Workspace::new();
    workspace.scenario("healthy", HEALTHY, "");
    workspace.scenario("gone", HEALTHY, "");
    let run = || workspace.run(&["run-all", "--engines", "built", "--runtime", "node"]);
    run();
    assert_eq!(workspace.run(&["accept"]).code, 0);
    fs::remove_dir_all(workspace.path("scenarios/gone")).unwrap();
    let ran = run();
    let is_reported = ran.stderr.contains("warning: snapshots/") && ran.stderr.contains("no scenario is named `gone`");
    assert!(ran.code == 0 && is_reported, "{} {}", ran.code, ran.stderr);
    // With a selection, the rest has not been reviewed.
    assert!(!workspace.run(&["accept", "--scenario", "healthy"]).stdout.contains("obsolete"));
    let accepted = workspace.run(&["accept"]);
    assert!(accepted.stdout.contains("snapshots/guests/gone.snap: 1 obsolete entry removed"), "{}", accepted.stdout);
    assert!(accepted.stdout.contains("snapshots/matrix/node.snap: 1 obsolete entry"), "{}", accepted.stdout);
    let ran = run();
    assert!(ran.code == 0 && !ran.stderr.contains("gone"), "{}", ran.stderr);
}

#[test]
fn a_new_scenario_is_ready_to_run() {
    let workspace = Workspace::new();
    let made = workspace.run(&["new", "my-scenario"]);
    assert!(made.code == 0 && made.stdout.contains("run-all --scenario my-scenario"), "{}{}", made.stdout, made.stderr);
    fails(&workspace.run(&["new", "my-scenario"]), 2, &["`scenarios/my-scenario` already exists"]);
    fails(&workspace.run(&["new", "My Scenario"]), 2, &["`My Scenario` is not a valid scenario name"]);
    let (ran, report) = workspace.run_all(&["--runtime", "node"]);
    let passes = report["cells"].as_array().unwrap().iter().filter(|c| c["verdict"] == "pass").count();
    assert!(ran.code == 0 && passes > 0, "{report}");
}

#[test]
fn two_runs_are_compared_and_worse_is_an_exit_code() {
    let workspace = Workspace::new();
    workspace.scenario("healthy", HEALTHY, "");
    let runs = ["--engines", "built", "--runtime", "node"];
    assert_eq!(workspace.run(&[&["run-all"][..], &runs].concat()).code, 0);
    fs::copy(workspace.path("reports/latest/report.json"), workspace.path("before.json")).unwrap();
    let same = workspace.run(&["diff", "before.json"]);
    assert_eq!((same.code, same.stdout.as_str()), (0, "nothing differs in 1 cell\n"));
    workspace.scenario("healthy", "(module (func (export \"_start\") unreachable))", "");
    let ran = workspace.run(&[&["run-all", "--baseline", "before.json"][..], &runs].concat());
    assert!(ran.code == 1 && ran.stdout.contains("healthy on node: gap trap"), "{} {}", ran.code, ran.stdout);
    let worse = workspace.run(&["diff", "before.json"]);
    assert!(worse.code == 1 && worse.stdout.starts_with("worse: 1\n  healthy on node: gap trap"), "{}", worse.stdout);
    assert!(worse.stdout.contains("guests that differ: 1\n  healthy: "), "{}", worse.stdout);
    let back = workspace.run(&["diff", "reports/latest/report.json", "before.json", "--output", "json"]);
    let json = back.json();
    assert!(back.code == 0 && json["cells"][0]["change"] == "fixed-gap", "{}", back.stdout);
    fails(
        &workspace.run(&["diff", "no-such-revision"]),
        2,
        &["`no-such-revision` is neither a file nor a git revision of the lab's folder"],
    );
    fails(&workspace.run(&["history", "before.json"]), 2, &["`before.json` is a file: give a folder"]);
    fs::remove_file(workspace.path("reports/latest/report.json")).unwrap();
    fails(&workspace.run(&["diff", "before.json"]), 2, &["there is nothing to compare with: give a second report"]);
}

#[test]
fn command_of_run_one_can_be_repeated() {
    let workspace = Workspace::new();
    workspace.scenario("healthy", HEALTHY, "");
    let ran = workspace.run(&["run-one", "healthy", "node"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let printed = ran.stderr.lines().skip_while(|line| *line != "# runs the guest").nth(1).unwrap();
    let again = std::process::Command::new("sh").args(["-c", printed]).output().unwrap();
    assert!(again.status.success(), "{printed}: {}", String::from_utf8_lossy(&again.stderr));
}

#[test]
fn history_reads_the_revisions_of_the_published_report() {
    let workspace = Workspace::new();
    let name = format!("reports/{}-{}.json", std::env::consts::OS, std::env::consts::ARCH);
    let git = |args: &[&str]| {
        let mut command = std::process::Command::new("git");
        command.args(["-c", "user.name=n", "-c", "user.email=a@b"]).args(args).current_dir(workspace.path(""));
        assert!(command.status().unwrap().success(), "{args:?}");
    };
    git(&["init", "--quiet"]);
    let sample = fs::read_to_string(common::checkout::top().join("xtask/model/sample.json")).unwrap();
    let worse = sample.replacen("\"verdict\": \"pass\"", "\"verdict\": \"gap\", \"code\": \"trap\"", 1);
    for text in [&sample, &worse] {
        workspace.write(&name, text);
        git(&["add", "--force", &name]);
        git(&["commit", "--quiet", "--message=report"]);
    }
    let ran = workspace.run(&["history"]);
    assert!(ran.code == 0 && ran.stdout.contains("2 reports"), "{}{}", ran.stdout, ran.stderr);
}

/// A program that ignores its arguments and ends well would pass every cell.
#[test]
fn a_program_that_is_not_the_runtime_is_refused() {
    let workspace = Workspace::new();
    workspace.write("app.wat", HEALTHY);
    for (name, prints) in
        [("silent", ""), ("tool", "echo tool 1.0"), ("broken", "exit 3"), ("own", "echo wasmtime 9.9.9")]
    {
        programs::script(&workspace.path(name), &format!("#!/bin/sh\n{prints}\n"));
    }
    let check = |name: &str| workspace.run(&["check", "app.wat", "--runtime", name, "--no-cache"]);
    for (name, says) in [
        ("wasmtime@silent", "silent` is not wasmtime: asked for its version (`--version`), it printed nothing"),
        ("node@tool", "tool` is not node: asked for its version (`--version`), it printed `tool 1.0`"),
        ("wazero@broken", "broken` is not wazero: it does not answer `version`"),
        ("wasmtime-winch@silent", "use a binary built from xtask/engines/wasmtime"),
    ] {
        fails(&check(name), 2, &[&format!("--runtime `{name}`: "), says]);
    }
    let ran = check("wasmtime@own");
    assert!(ran.code != 2 && ran.stdout.contains("wasmtime-cli@own"), "{}: {}{}", ran.code, ran.stdout, ran.stderr);
}

/// Which toolchains are installed depends on the machine; the other lists are in `cmd/list.trycmd`.
#[test]
fn lists_never_break_names_and_fit_the_terminal() {
    let workspace = Workspace::new();
    let name = "rust-wasip1-http-preopened-socket";
    workspace.scenario(name, HEALTHY, "");
    let ran = workspace.run(&["list", "toolchains"]);
    assert!(ran.stdout.lines().all(|line| line.chars().count() <= 80), "{}", ran.stdout);
    for toolchain in wasmlab_toolchains::ALL {
        let begins = |line: &str| line.split(' ').next() == Some(toolchain.id);
        assert!(ran.stdout.lines().any(begins), "{} is not in\n{}", toolchain.id, ran.stdout);
    }
    let built = workspace.run(&["build"]).stdout;
    assert!(built.contains(name), "{built}");
}

/// Other arguments of `inspect` are in `cmd/inspect-scenario.trycmd`.
#[test]
fn inspect_prefers_a_file_to_a_scenario() {
    let workspace = Workspace::new();
    workspace.scenario("healthy", HEALTHY, "");
    workspace.write("healthy", wat::parse_str("(module (func (export \"other\")))").unwrap());
    let ran = workspace.run(&["inspect", "healthy"]);
    assert!(ran.stdout.contains("other") && ran.stderr.is_empty(), "{}{}", ran.stdout, ran.stderr);
}
