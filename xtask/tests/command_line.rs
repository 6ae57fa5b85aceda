//! The lab as a command-line program: closed and full outputs, folders that cannot be written, wrong input of
//! every kind, damaged caches.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use common::{CommandResult, Workspace};

const HEALTHY: &str = "(module (func (export \"_start\")))";

#[test]
fn a_reader_that_goes_away_is_no_error_and_a_full_disk_is_one() {
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
fn a_report_that_cannot_be_written_is_said_and_the_matrix_is_shown_all_the_same() {
    let workspace = Workspace::new();
    workspace.scenario("healthy", HEALTHY, "");
    workspace.write("reports", "a file in the folder's place");
    let ran = workspace.run(&["run-all", "--engines", "built"]);
    assert!(ran.code == 3 && ran.stdout.contains("healthy"), "{}", ran.stdout);
    assert!(ran.stderr.contains("failed to save the report") && ran.stderr.contains("reports"), "{}", ran.stderr);
}

#[test]
fn snapshots_that_cannot_be_used_cost_the_comparison_and_not_the_matrix() {
    let workspace = Workspace::new();
    workspace.scenario("healthy", HEALTHY, "");
    workspace.write("snapshots", "a file in the folder's place: as on a full disk, nothing can be written below it");
    let ran = workspace.run(&["run-all", "--engines", "built"]);
    let shown = ran.stdout.contains("healthy") && ran.stdout.contains("not compared");
    assert!(ran.code == 3 && shown, "{}: {}{}", ran.code, ran.stdout, ran.stderr);
    assert!(workspace.path("reports/latest/report.json").is_file());
}

#[test]
fn a_temporary_folder_that_is_not_there_is_the_labs_error() {
    let workspace = Workspace::new();
    workspace.scenario("healthy", HEALTHY, "");
    let mut command = workspace.command(&["run-all", "--engines", "built", "--no-cache"]);
    let ran = common::result_of(command.env("TMPDIR", workspace.path("nowhere")).output().unwrap());
    assert!(ran.code == 3 && !ran.stderr.contains("panicked"), "{} {}", ran.code, ran.stderr);
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let workspace = Workspace::new();
    workspace.scenario("healthy", HEALTHY, "");
    let ran = workspace.run(&["run-all", "--engines", "built"]);
    assert!(!ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'));
    let coloured = on_a_terminal(workspace.command(&["run-all", "--engines", "built"]).env_remove("NO_COLOR"));
    assert!(coloured.contains("\u{1b}["), "{coloured}");
    let plain = on_a_terminal(workspace.command(&["run-all", "--engines", "built"]).env("NO_COLOR", "1"));
    // Progress moves the cursor; colours (`ESC [ … m`) are what nobody wants.
    let colour = plain
        .split("\u{1b}[")
        .skip(1)
        .any(|s| s.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').starts_with('m'));
    assert!(plain.contains("healthy") && !colour, "{plain}");
}

/// What a command prints on a terminal of its own.
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

/// Reads `master` until the command, which holds the other end, has ended.
fn command_output(command: &mut std::process::Command, mut master: fs::File) -> String {
    let mut child = command.spawn().unwrap();
    // The command's own copies of the terminal go with it, so that the reading ends.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut bytes = Vec::new();
    // A terminal whose last user is gone ends with an error instead of an end of file.
    let _ = master.read_to_end(&mut bytes);
    assert!(child.wait().unwrap().success());
    String::from_utf8_lossy(&bytes).into_owned()
}

fn fails(ran: &CommandResult, code: i32, words: &[&str]) {
    assert_eq!(ran.code, code, "{}", ran.stderr);
    assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    for word in words {
        assert!(ran.stderr.contains(word), "{} does not say {word}", ran.stderr);
    }
}

#[test]
fn a_wrong_scenario_names_file_line_and_key() {
    let check = |rest: &str, words: &[&str]| {
        let workspace = Workspace::new();
        workspace.scenario("hello", HEALTHY, rest);
        fails(&workspace.run(&["run-all", "--engines", "built"]), 2, words);
    };
    check("colour = \"blue\"\n", &["scenarios/hello/scenario.toml:5: ", "unknown field `colour`"]);
    check("[run]\ntimeout_ms = \"long\"\n", &["scenario.toml:6: ", "invalid type"]);
    check("[run]\nentry = \"calls\"\n", &["`run.entry`", "[[run.call]]"]);
    let workspace = Workspace::new();
    fs::create_dir(workspace.path("scenarios/empty")).unwrap();
    fails(&workspace.run(&["run-all"]), 2, &["scenarios/empty/scenario.toml", "cannot be read"]);
    fails(&workspace.run(&["dance"]), 2, &["unrecognized subcommand"]);
}

#[test]
fn json_on_stdout_says_why_there_is_no_report() {
    let workspace = Workspace::new();
    workspace.scenario("healthy", HEALTHY, "");
    let check = |args: &[&str], code: i32, words: &str| {
        let ran = workspace.run(args);
        fails(&ran, code, &[words]);
        let said: serde_json::Value =
            serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {}", ran.stdout));
        assert_eq!((&said["schema"], &said["error"]["code"]), (&3.into(), &code.into()), "{said}");
        let message = said["error"]["message"].as_str().unwrap();
        assert!(ran.stderr.contains(message) && message.contains(words), "{message}: {}", ran.stderr);
    };
    check(&["run-all", "--output", "json", "--runtime", "nobody"], 2, "matches none of");
    check(&["run-all", "--output=json", "--colour"], 2, "unexpected argument '--colour'");
    check(&["check", "--output", "json", "nobody.wasm"], 2, "nobody.wasm");
    check(&["report", "--output", "json", "nobody.json"], 2, "nobody.json");
    check(&["inspect", "--json", "nobody.wasm"], 2, "nobody.wasm");
    workspace.write("snapshots/artifacts/gone.snap", "");
    check(&["run-all", "--output", "json"], 3, "no scenario is named `gone`");
    fs::remove_dir_all(workspace.path("snapshots")).unwrap();
    // A matrix in which nothing was run is a report, and so is one that could not be saved.
    let absent = ["run-all", "--output", "json", "--engines", "built", "--runtime", "wazero"];
    for code in [4, 3] {
        let ran =
            common::result_of(workspace.command(&absent).env("WASMLAB_WAZERO", "/no/such/program").output().unwrap());
        let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!((ran.code, &report["cells"][0]["verdict"]), (code, &"absent".into()), "{}", ran.stderr);
        let _ = fs::remove_dir_all(workspace.path("reports"));
        workspace.write("reports", "a file in the folder's place");
    }
}

#[test]
fn files_that_are_no_modules_are_told_by_their_bytes() {
    let workspace = Workspace::new();
    let check = |name: &str, bytes: &[u8], words: &[&str], wanted: &str| {
        workspace.write(name, bytes);
        fails(&workspace.run(&["inspect", name]), 2, words);
        let ran = workspace.run(&["check", "--engines", "built", name]);
        let told = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(ran.code == 1 && told.contains(wanted), "{name}: {} {}", ran.code, ran.stdout);
    };
    let file = "runs nowhere invalid-file: ";
    check("empty.wasm", b"", &["the file is empty"], file);
    check("text.wasm", b"hello, world\n", &["not a WebAssembly binary", "(text)"], file);
    check("page.wasm", b"<!DOCTYPE html><title>404</title>\n", &["not a WebAssembly binary (an HTML page)"], file);
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n";
    check("pointer.wasm", pointer, &["a Git LFS pointer"], "→ Run `git lfs pull`");
    let whole = wat::parse_str("(module (func (export \"_start\") nop nop))").unwrap();
    check("cut.wasm", &whole[..whole.len() - 3], &["truncated", "its code section"], file);
    let invalid = wat::parse_str("(module (func (export \"_start\") drop))").unwrap();
    check("invalid.wasm", &invalid, &["invalid at byte 0x"], "malformed at ");
    fs::create_dir(workspace.path("folder.wasm")).unwrap();
    fails(&workspace.run(&["inspect", "folder.wasm"]), 2, &["folder.wasm", "directory"]);
    fails(&workspace.run(&["check", "folder.wasm"]), 2, &["folder.wasm", "directory"]);
    fails(&workspace.run(&["check", "broken.wat"]), 2, &["broken.wat"]);
    workspace.write("broken.wat", "(module (func $f (nonsense)))");
    fails(&workspace.run(&["check", "broken.wat"]), 2, &["broken.wat", "nonsense"]);
}

#[test]
fn a_runtime_that_is_required_and_absent_fails() {
    let workspace = Workspace::new();
    workspace.scenario("healthy", HEALTHY, "");
    let guest = workspace.path("scenarios/healthy/guest.wat").display().to_string();
    for args in [&["check", &guest][..], &["run-all"]] {
        let call = |more: &[&str]| {
            let chosen = ["--engines", "built", "--runtime", "node", "--runtime", "wazero"];
            let mut command = workspace.command(&[args, &chosen, more].concat());
            common::result_of(command.env("WASMLAB_WAZERO", "/no/such/program").output().unwrap())
        };
        assert_eq!(call(&[]).code, 0, "{args:?}: absent is not wrong by itself");
        fails(&call(&["--require-present"]), 1, &["--require-present", "wazero", "/no/such/program"]);
    }
}

#[test]
fn a_selection_makes_no_annotation_stale() {
    let workspace = Workspace::new();
    let known = "[[known]]\nruntime = \"*\"\ncode = \"unsupported-proposal\"\nbecause = \"of another column\"\n";
    workspace.scenario("lacking", r#"(module (import "host" "f" (func)) (func (export "_start")))"#, known);
    let code = |args: &[&str]| workspace.run(&[&["run-all", "--engines", "built"], args].concat()).code;
    assert_eq!(code(&["--runtime", "node", "--runtime", "deno"]), 0);
    assert_eq!(code(&[]), 1, "nobody ever said so");
}

#[test]
fn a_component_and_a_large_module_are_ordinary() {
    let workspace = Workspace::new();
    workspace.write("component.wasm", wat::parse_str("(component)").unwrap());
    let ran =
        workspace.run(&["check", "--engines", "built", "--output", "json", "--runtime", "node", "component.wasm"]);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let cell = &report["cells"][0];
    assert!(cell["verdict"] == "absent" || cell["code"] == "needs-component-model", "{cell}");

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
        let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        (ran.code, report["cells"][0]["verdict"].clone(), report["cells"][0]["cached"] == true)
    };
    let (code, verdict, _) = run();
    if verdict == "absent" {
        eprintln!("not tested: node is not here");
        return;
    }
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

/// Codes that nothing can produce yet, with the reason.
const RESERVED: &[(&str, &str)] = &[];

#[test]
fn every_code_is_produced_by_a_test_or_reserved() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut tests = String::new();
    for dir in ["src", "tests", "judge/src"] {
        for file in xtask::store::files::walk(&root.join(dir), &[]).unwrap() {
            let name = file.to_string_lossy().into_owned();
            let is_test = name.ends_with("tests.rs") || name.starts_with("tests/") || dir == "tests";
            if is_test || name.ends_with("lab.rs") {
                tests += &fs::read_to_string(root.join(dir).join(file)).unwrap();
            }
        }
    }
    let reserved: BTreeSet<&str> = RESERVED.iter().map(|(code, _)| *code).collect();
    for entry in wasmlab_model::codes::CATALOGUE {
        // In code, by itself, or after its verdict: `"not-built compile-error"`.
        let ways = [format!("Code::{:?}", entry.code), format!("\"{}\"", entry.id), format!(" {}\"", entry.id)];
        let named = ways.iter().any(|way| tests.contains(way));
        assert!(
            named != reserved.contains(entry.id),
            "{}: no test produces it, or it is reserved for nothing",
            entry.id
        );
    }
}

#[test]
fn a_check_leaves_the_report_of_the_last_run_alone() {
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
        let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        (report["command"].clone(), report["selected"].clone())
    };
    let selected = serde_json::json!({ "scenarios": ["heal*"], "runtimes": [common::COLUMNS] });
    assert_eq!(shown(&[]), ("run-all".into(), selected));
    assert_eq!(shown(&["reports/check/report.json"]), ("check".into(), serde_json::Value::Null));
    let markdown = workspace.run(&["report", "--output", "markdown"]).stdout;
    assert!(markdown.contains("\nSelected: `--scenario 'heal*' --runtime '{wasmi,"), "{markdown}");
}

#[test]
fn names_in_lists_stay_whole_and_lines_fit() {
    let workspace = Workspace::new();
    let name = "rust-wasip1-http-preopened-socket";
    workspace.scenario(name, HEALTHY, "");
    for (what, names) in [
        ("scenarios", vec![name]),
        ("runtimes", wasmlab_runtimes::proven().map(|r| r.id()).collect()),
        ("--unproven", wasmlab_runtimes::all().iter().filter(|r| r.unproven).map(|r| r.id()).collect()),
        ("toolchains", wasmlab_toolchains::ALL.iter().map(|t| t.id).collect()),
    ] {
        let ran = workspace.run(&["list", what]);
        assert!(ran.stdout.lines().all(|line| line.chars().count() <= 80), "{}", ran.stdout);
        for name in names {
            let begins = |line: &str| line.split(' ').next() == Some(name);
            assert!(ran.stdout.lines().any(begins), "{name} is not in\n{}", ran.stdout);
        }
    }
    assert!(workspace.run(&["list", "toolchains"]).stdout.contains("Go -> WASI 0.1"));
    let built = workspace.run(&["build"]).stdout;
    assert!(built.contains(name), "{built}");
}

#[test]
fn inspect_reads_a_file_or_the_guest_of_a_scenario() {
    let workspace = Workspace::new();
    workspace.scenario("healthy", HEALTHY, "");
    let check = |what: &str, words: &str| {
        let ran = workspace.run(&["inspect", what]);
        assert!(ran.code == 0 && ran.stdout.contains("_start"), "{what}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains(words), "{what}: {} does not say {words}", ran.stderr);
    };
    for what in ["healthy", "scenarios/healthy", "scenarios/healthy/"] {
        check(what, "reads the guest of healthy (");
    }
    check("scenarios/healthy/guest.wat", "");
    // A file of that name is what is meant.
    workspace.write("healthy", wat::parse_str("(module (func (export \"other\")))").unwrap());
    let ran = workspace.run(&["inspect", "healthy"]);
    assert!(ran.stdout.contains("other") && ran.stderr.is_empty(), "{}{}", ran.stdout, ran.stderr);
    fails(&workspace.run(&["inspect", "nobody"]), 2, &["failed to read `nobody`", "cargo xtask list scenarios"]);
    workspace.scenario("broken", "(module (nonsense))", "");
    let words = ["broken has no guest", "compile-error", "cargo xtask build --scenario broken"];
    fails(&workspace.run(&["inspect", "broken"]), 2, &words);
}
