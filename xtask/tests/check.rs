//! `check`: what a guest is given, on the installed runtimes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use std::collections::BTreeSet;
use std::fs;
use std::time::UNIX_EPOCH;

use common::{COLUMNS, CommandResult, Workspace, measured};

/// Opens its directory `/data`, creates a file that must not exist yet, creates a directory, renames one file and
/// removes another; exits with the errno of the first failure.
const CHANGES: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_dir_name" (func $name (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename" (func $rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_unlink_file" (func $unlink (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "newsubmovedfirstsecond")
  (func $check (param i32) (if (local.get 0) (then (call $exit (local.get 0)))))
  (func (export "_start") (local $fd i32)
    (local.set $fd (i32.const 3))
    (loop $next
      (call $check (call $get (local.get $fd) (i32.const 0)))
      (call $check (call $name (local.get $fd) (i32.const 16) (i32.load (i32.const 4))))
      (if (i32.and (i32.ne (i32.load (i32.const 16)) (i32.const 0x61746164))
                   (i32.ne (i32.load (i32.const 17)) (i32.const 0x61746164))) (then
        (local.set $fd (i32.add (local.get $fd) (i32.const 1)))
        (br $next))))
    (call $check (call $open (local.get $fd) (i32.const 0) (i32.const 64) (i32.const 3) (i32.const 5)
      (i64.const 66) (i64.const 0) (i32.const 0) (i32.const 32)))
    (call $check (call $mkdir (local.get $fd) (i32.const 67) (i32.const 3)))
    (call $check (call $rename (local.get $fd) (i32.const 75) (i32.const 5) (local.get $fd) (i32.const 70) (i32.const 5)))
    (call $check (call $unlink (local.get $fd) (i32.const 80) (i32.const 6)))))"#;

/// A workspace with that guest and a folder for it.
fn workspace() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("changes.wat", CHANGES);
    for file in ["data/first", "data/second"] {
        workspace.write(file, "text");
    }
    workspace
}

/// Runs `check` with the engines that are built; returns the result and the JSON report.
fn check(workspace: &Workspace, args: &[&str]) -> (CommandResult, serde_json::Value) {
    let ran = workspace.run(&[&["check", "--engines", "built", "--output", "json"], args].concat());
    let report = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {}\n{}", ran.stdout, ran.stderr));
    (ran, report)
}

fn files(workspace: &Workspace, folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(workspace.path(folder)).unwrap_or_else(|e| panic!("{folder}: {e}"));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn each_cell_gets_a_copy_and_its_contents_are_part_of_the_key() {
    let workspace = workspace();
    let call = || check(&workspace, &["changes.wat", "--runtime", COLUMNS, "--dir", "data::/data"]).1;
    let passes = |report: &serde_json::Value| {
        let cells = measured(report);
        let others: Vec<_> =
            cells.iter().filter(|(_, verdict, _)| verdict != "pass" && verdict != "not-attempted").collect();
        assert!(cells.len() > 1 && others.is_empty(), "{others:?}");
        report["cells"].as_array().unwrap().iter().filter(|c| c["verdict"] == "pass").all(|c| c["cached"] == true)
    };
    assert!(!passes(&call()));
    assert_eq!(files(&workspace, "data"), names(&["first", "second"]));
    assert!(passes(&call()), "the same contents are measured once");
    workspace.write("data/third", "text");
    assert!(!passes(&call()), "other contents are another cell");
}

#[test]
fn keep_dirs_copies_the_guests_directories() {
    let workspace = workspace();
    let args = ["changes.wat", "--runtime", COLUMNS, "--dir", "data::/data", "--keep-dirs", "left"];
    let (ran, report) = check(&workspace, &args);
    for (runtime, ..) in measured(&report).iter().filter(|(_, verdict, _)| verdict == "pass") {
        let left = format!("left/changes/{runtime}/data");
        assert_eq!(files(&workspace, &left), names(&["moved", "new", "sub"]), "{runtime}");
    }
    assert!(ran.stderr.contains("left"), "{}", ran.stderr);
    let ran = workspace.run(&[&["check"], &args[..]].concat());
    assert!(ran.code == 2 && ran.stderr.contains("--keep-dirs `left` is not an empty folder"), "{}", ran.stderr);
}

#[test]
fn dir_rw_gives_one_runtime_the_directory_itself() {
    let workspace = workspace();
    let args = ["changes.wat", "--engines", "built", "--dir-rw", "data::/data", "--runtime"];
    for runtimes in ["{node,deno}", "*"] {
        let ran = workspace.run(&[&["check"], &args[..], &[runtimes]].concat());
        let told = ["--dir-rw", "1 file(s) on ", "--runtime"].iter().all(|words| ran.stderr.contains(words));
        assert!(ran.code == 2 && told, "{}", ran.stderr);
    }
    assert_eq!(files(&workspace, "data"), names(&["first", "second"]));
    let (_, report) = check(&workspace, &[&args[..1], &args[3..], &["node"]].concat());
    assert_eq!(measured(&report)[0].1, "pass");
    assert_eq!(files(&workspace, "data"), names(&["moved", "new", "sub"]));
    // The contents have changed, so no result of the first run may be reused.
    let (_, report) = check(&workspace, &[&args[..1], &args[3..], &["node"]].concat());
    assert_ne!(measured(&report)[0].1, "pass");
}

#[test]
fn invalid_and_oversized_directories_are_named() {
    let workspace = workspace();
    fs::File::create(workspace.path("data/large")).unwrap().set_len(300 << 20).unwrap();
    let fails = |args: &[&str], words: &[&str]| {
        let ran = workspace.run(&[&["check", "changes.wat", "--runtime", "node"], args].concat());
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        for words in words {
            assert!(ran.stderr.contains(words), "{} does not say {words}", ran.stderr);
        }
    };
    fails(
        &["--dir", "data::/data"],
        &["--dir `data::/data` has 300.0 MiB in 3 files", "at most 256 MiB", "`--dir-limit 301`"],
    );
    fails(&["--dir", "data", "--dir-limit", "10"], &["at most 10 MiB", "--dir-rw"]);
    fails(&["--dir", "none"], &["--dir `none` cannot be used: No such file"]);
    fails(&["--dir", "changes.wat"], &["--dir `changes.wat` is not a directory"]);
    fails(&["--dir-rw", "changes.wat"], &["--dir-rw `changes.wat` is not a directory"]);
}

/// Prints the name of its program.
const NAME: &str = r#"(module
  (import "wasi_snapshot_preview1" "args_get" (func $get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 2048) "UNIQUE")
  (func (export "_start")
    (drop (call $get (i32.const 0) (i32.const 64)))
    (i32.store (i32.const 16) (i32.const 64))
    (i32.store (i32.const 20) (i32.const 6))
    (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24)))))"#;

/// Cells run in parallel with a module that no cell has used before: they share its compiled code and nothing else.
/// Afterwards the lab's home and temporary folders are as empty as before.
#[test]
fn parallel_cells_of_one_module_share_only_its_code() {
    let workspace = Workspace::new();
    let now = UNIX_EPOCH.elapsed().unwrap().as_nanos();
    let names = ["a", "b", "c", "d"];
    for name in names {
        workspace.write(&format!("{name}.wat"), NAME.replace("UNIQUE", &format!("{now} {}", std::process::id())));
    }
    for folder in ["home", "temporary"] {
        fs::create_dir(workspace.path(folder)).unwrap();
    }
    let args = ["check", "a.wat", "b.wat", "c.wat", "d.wat", "--engines", "built", "--output", "json", "--runtime"];
    let mut command = workspace.command(&[&args[..], &[COLUMNS]].concat());
    let ran = common::result_of(
        command.env("HOME", workspace.path("home")).env("TMPDIR", workspace.path("temporary")).output().unwrap(),
    );
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    for (runtime, verdict, code) in measured(&report) {
        assert_eq!((verdict.as_str(), code.as_str()), ("pass", ""), "{runtime}: {}", ran.stdout);
    }
    for cell in report["cells"].as_array().unwrap().iter().filter(|cell| cell["verdict"] == "pass") {
        let printed = format!("{}.wasm", cell["scenario"].as_str().unwrap());
        // It passes the module's path to its guests, of which this one prints the beginning.
        if cell["runtime"] == "wasmi-cli" {
            continue;
        }
        assert_eq!(cell["output"]["stdout"], printed, "{}", cell["runtime"]);
    }
    for folder in ["home", "temporary"] {
        assert!(files(&workspace, folder).is_empty(), "{folder}: {:?}", files(&workspace, folder));
    }
}

fn fixture(name: &str, file: &str) -> String {
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("fixtures");
    fixtures.join(name).join(file).display().to_string()
}

/// Columns that run components of WASI 0.2 with sockets, and serve its handlers.
const COMPONENTS: &str = "{wasmtime-cranelift,wasmtime-cli,node+jco}";

#[test]
fn servers_get_requests_and_without_a_port_nobody_is_blamed() {
    let workspace = Workspace::new();
    let handler = fixture("rust-wasip2-http-handler", "rust_wasip2_http_handler.wasm");
    let echo = fixture("rust-wasip2-tcp-echo", "rust-wasip2-tcp-echo.wasm");
    let given = |args: &[&str], wanted: &str, subject: &str| {
        let (ran, report) = check(&workspace, &[&["--runtime", COMPONENTS], args].concat());
        for (runtime, verdict, _) in measured(&report) {
            assert_eq!(verdict, wanted, "{args:?} on {runtime}: {}", ran.stdout);
        }
        for cell in report["cells"].as_array().unwrap().iter().filter(|c| c["verdict"] == "not-attempted") {
            let detail = cell["detail"].as_str().unwrap();
            assert!(cell["subject"] == subject && detail.contains("run again with `--"), "{cell}");
            assert_eq!(cell["blame"].as_array().map_or(0, Vec::len), 0, "{cell}");
        }
    };
    given(&[&handler], "not-attempted", "request");
    given(&["--http", "--request", "GET / 200 hello", "--request", "GET /nowhere 404", &handler], "pass", "");
    given(&[&echo, "--", "8081"], "not-attempted", "network");
    given(&["--listen", "echo", &echo, "--", "{port:echo}"], "pass", "");
    let (_, report) = check(&workspace, &["--runtime", "node+jco", "--http", "--request", "GET / 404", &handler]);
    assert_eq!(measured(&report)[0].2, "wrong-output");
}

/// Prints one line by WASI 0.1.
const HELLO: &str = include_str!("../src/cli/new/guest.wat");

/// Columns with and without WASI 0.1.
const SOME: &str = "{wasmi,node,tinywasm}";

fn fails_for(ran: &CommandResult, words: &[&str]) {
    let text = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in words {
        assert!(
            ran.code == 1 && text.contains(words),
            "{} does not say {words}: {}{}",
            ran.code,
            ran.stdout,
            ran.stderr
        );
    }
}

#[test]
fn a_runtime_without_wasi_counts_only_with_must() {
    let workspace = Workspace::new();
    workspace.write("hello.wat", HELLO);
    let args = ["check", "hello.wat", "--engines", "built", "--runtime", SOME];
    let run = |more: &[&str]| workspace.run(&[&args, more].concat());
    let (ran, report) = check(&workspace, &["hello.wat", "--runtime", SOME]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let lacks = |runtime: &str| {
        let cells = report["cells"].as_array().unwrap();
        cells.iter().find(|c| c["runtime"] == runtime).unwrap()["lacks_abi"].clone()
    };
    assert_eq!((lacks("tinywasm"), lacks("wasmi")), ("WASI".into(), serde_json::Value::Null));
    fails_for(&run(&["--must", "tinywasm"]), &["required: hello.wat on tinywasm: missing-import"]);
    assert_eq!(run(&["--must", "wasmi", "--must", "node"]).code, 0);
    // No runtime that could run it does.
    let only = workspace.run(&["check", "hello.wat", "--engines", "built", "--runtime", "tinywasm"]);
    fails_for(&only, &["runs nowhere: hello.wat runs on none of the installed runtimes"]);
    // A runtime that lacks one function of an ABI still has the ABI.
    workspace.write(
        "lacking.wat",
        "(module (import \"wasi_snapshot_preview1\" \"no_such\" (func)) (func (export \"_start\")))",
    );
    let lacking = ["check", "lacking.wat", "--engines", "built", "--runtime", "wasmi", "--runtime", "node"];
    fails_for(&workspace.run(&lacking), &["does not run: lacking.wat on wasmi, node"]);
    let wrong = run(&["--must", "nodee"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("did you mean `node`"), "{}", wrong.stderr);
    let absent = || {
        let mut command = workspace
            .command(&[&args[..4], &["--runtime", "node", "--runtime", "wazero", "--must", "wazero"]].concat());
        common::result_of(command.env("WASMLAB_WAZERO", "/no/such/program").output().unwrap())
    };
    fails_for(&absent(), &["required: hello.wat on wazero: absent"]);
}

#[test]
fn allowed_failures_do_not_count() {
    let workspace = Workspace::new();
    // tinywasm has no SIMD that other columns have; whichever lacks what it needs is allowed to.
    workspace.write("exit.wat", "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $x (param i32))) (memory (export \"memory\") 1) (func (export \"_start\") (call $x (i32.const 3))))");
    let args = ["check", "exit.wat", "--engines", "built", "--runtime", "wasmi", "--runtime", "node"];
    let run = |more: &[&str]| workspace.run(&[&args, more].concat());
    assert_eq!(run(&["--expect-exit", "3"]).code, 0);
    fails_for(&run(&["--allow", "wasmi"]), &["wrong result: exit.wat on node: wrong-exit"]);
    fails_for(&run(&["--allow", "*:trap"]), &["wrong result: exit.wat on wasmi, node: wrong-exit"]);
    // Both are allowed to fail, but then it runs nowhere.
    fails_for(&run(&["--allow", "wasmi:wrong-exit", "--allow", "node"]), &["runs nowhere"]);
    let wrong = run(&["--allow", "node:trapp"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("did you mean `trap`?"), "{}", wrong.stderr);
}

#[test]
fn two_files_of_one_name_are_both_checked() {
    let workspace = Workspace::new();
    workspace.write("old/app.wat", HELLO);
    workspace.write("new/app.wat", NAME);
    let (ran, report) = check(&workspace, &["old/app.wat", "new/app.wat", "--runtime", "node"]);
    let names: Vec<_> =
        report["scenarios"].as_array().unwrap().iter().map(|s| (s["name"].clone(), s["title"].clone())).collect();
    assert_eq!(names, [("app".into(), "old/app.wat".into()), ("new-app".into(), "new/app.wat".into())]);
    assert!(ran.code == 0 && measured(&report).iter().all(|(_, verdict, _)| verdict == "pass"), "{}", ran.stdout);
}

#[test]
fn requirements_are_read_from_wasmlab_toml() {
    let workspace = Workspace::new();
    workspace.write("app/build/hello.wat", HELLO);
    // The file is looked for up to the root of the repository.
    workspace.write("app/.git/HEAD", "");
    let config = |rest: &str| {
        let head =
            "schema = 1\nruntimes = [\"wasmi\", \"node\"]\n[[file]]\npath = \"build/hello.wat\"\nmust = [\"node\"]\n";
        workspace.write("app/wasmlab.toml", format!("{head}{rest}"));
    };
    let run = |more: &[&str]| {
        let mut command = workspace.command(&[&["check", "--engines", "built"], more].concat());
        common::result_of(command.current_dir(workspace.path("app/build")).output().unwrap())
    };
    config("[file.budget]\nbytes = 10_000\nimports = 1\n");
    let ran = run(&[]);
    assert!(ran.code == 0 && ran.stdout.contains("hello.wat"), "{} {}{}", ran.code, ran.stdout, ran.stderr);
    config("[file.budget]\nbytes = 100\nforbidden_imports = [\"wasi_*\"]\nproposals = []\n");
    let over = run(&[]);
    fails_for(
        &over,
        &["over budget: hello.wat: has ", "imports wasi_snapshot_preview1.fd_write, which its budget forbids"],
    );
    config("[[file.allow]]\nruntime = \"wasmi\"\ncode = \"trap\"\nbecause = \"it may\"\n");
    let unused = run(&["--output", "github"]);
    assert!(unused.code == 0 && unused.stdout.contains("remove the entry"), "{}", unused.stdout);
    config("[[file.alow]]\n");
    let wrong = run(&[]);
    assert!(wrong.code == 2 && wrong.stderr.contains("wasmlab.toml:6: unknown field `alow`"), "{}", wrong.stderr);
    assert_eq!(run(&["--", "x"]).code, 2, "arguments belong to a file");
    fs::remove_file(workspace.path("app/wasmlab.toml")).unwrap();
    let none = run(&[]);
    assert!(
        none.code == 2 && none.stderr.contains("there is no wasmlab.toml here or in a parent folder"),
        "{}",
        none.stderr
    );
}

/// Names of a component that mean something in the JavaScript that jco makes of it.
#[test]
fn component_names_stay_names_in_jcos_output() {
    let workspace = Workspace::new();
    // A component with an `import`, and a function `add` that calls the core function `called` and is exported as more.
    let component = |import: &str, called: &str, exports: &str| {
        format!(
            "(component {import} (core module $m (import \"i\" \"f\" (func (result i32))) (export \"a\" (func 0))) \
             (core module $own (func (export \"f\") (result i32) i32.const 7)) (core instance $own (instantiate $own)) \
             (core instance $n (export \"f\" (func {called}))) (core instance $i (instantiate $m (with \"i\" (instance $n)))) \
             (func $f (result u32) (canon lift (core func $i \"a\"))) {exports})"
        )
    };
    let foreign = |name: &str, function: &str| {
        format!(
            "(import \"{name}\" (instance $q (export \"{function}\" (func (result u32))))) \
             (core func $c (canon lower (func $q \"{function}\")))"
        )
    };
    let invoked = |name: &str, wat: String, wanted: &dyn Fn(&serde_json::Value) -> bool| {
        workspace.write("app.wat", wat);
        let args = ["app.wat", "--runtime", "{node,deno,bun}+jco", "--invoke", name, "--expect-stdout", "7"];
        let (_, report) = check(&workspace, &args);
        for (runtime, ..) in measured(&report) {
            let cell = report["cells"].as_array().unwrap().iter().find(|c| c["runtime"] == runtime.as_str()).unwrap();
            assert!(wanted(cell), "{name}: {cell}");
        }
    };
    let own = "$own \"f\"";
    let add = "(export \"add\" (func $f))";
    for (name, function) in [("node:fs/promises", "read-file-sync"), ("constructor", "constructor")] {
        let wat = component(&foreign(name, function), "$c", add);
        invoked("add", wat, &|cell| cell["code"] == "custom-host" && cell["subject"] == name);
    }
    let wat = component("", own, "(export \"then\" (func $f))");
    invoked("then", wat, &|cell| cell["verdict"] == "pass");
    let wat = component("", own, &format!("{add} (export \"eval\" (func $f)) (export \"arguments\" (func $f))"));
    invoked("add", wat, &|cell| cell["verdict"] == "not-attempted" && cell["subject"] == "jco-output");
    // What would end a string is not given to jco at all.
    let import = "(core module (import \"q': (()=>{process.exit(0)})(), 'z\" \"f\" (func)))";
    invoked("add", component(import, own, add), &|cell| {
        let says = cell["detail"].as_str().unwrap_or_default();
        cell["verdict"] == "not-attempted" && says.contains("would run there as code")
    });
}

#[test]
fn with_a_baseline_only_regressions_count() {
    let workspace = Workspace::new();
    workspace.write("app.wat", HELLO);
    let args = ["check", "app.wat", "--engines", "built", "--runtime", SOME];
    assert_eq!(workspace.run(&args).code, 0);
    fs::copy(workspace.path("reports/check/report.json"), workspace.path("before.json")).unwrap();
    let run = |more: &[&str]| workspace.run(&[&args[..], &["--baseline", "before.json"], more].concat());
    assert_eq!(run(&[]).code, 0);
    let grown =
        HELLO.replace("(memory (export \"memory\") 1)", "(memory (export \"memory\") 1) (func $f (return_call $f))");
    workspace.write("app.wat", grown.replace("(then (unreachable))", "(then)"));
    let grew = run(&["--output", "comment"]);
    assert!(grew.stdout.contains("**app.wat** now needs tail-call; "), "{}", grew.stdout);
    workspace.write(
        "app.wat",
        HELLO
            .replace("(then (unreachable))", "(then)")
            .replace("(if (call $fd_write", "(unreachable) (if (call $fd_write"),
    );
    fails_for(&run(&[]), &["worse: app.wat on wasmi, node: trap"]);
}

/// What a shell did not expand, because it was quoted, or comes from an input of an action.
#[test]
fn globs_name_files() {
    let workspace = Workspace::new();
    for file in ["build/a.wat", "build/b.wat", "build/c[1].wat"] {
        workspace.write(file, "(module (func (export \"_start\")))");
    }
    let titles = |args: &[&str]| {
        let (_, report) = check(&workspace, &[args, &["--runtime", "wasmi"]].concat());
        let scenarios = report["scenarios"].as_array().unwrap();
        scenarios.iter().map(|scenario| scenario["title"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
    };
    assert_eq!(titles(&["build/*.wat"]), names(&["a.wat", "b.wat", "c[1].wat"]));
    assert_eq!(titles(&["build/c[1].wat"]), names(&["c[1].wat"]));
    assert_eq!(titles(&["build/[ab].wat", "build/*.wat"]), names(&["a.wat", "b.wat", "c[1].wat"]));
    workspace.write("wasmlab.toml", "schema = 1\n[[file]]\npath = \"build/[ab].wat\"\n");
    assert_eq!(titles(&[]), names(&["a.wat", "b.wat"]));
    let ran = workspace.run(&["check", "build/*.wasm"]);
    assert!(ran.code == 2 && ran.stderr.contains("`build/*.wasm` matches no file"), "{}: {}", ran.code, ran.stderr);
}

#[test]
fn a_library_passes_where_it_loads_if_that_is_all_it_has_to_do() {
    let workspace = Workspace::new();
    workspace.write(
        "lib.wat",
        "(module (func (export \"add\") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))",
    );
    workspace.write("app.wat", "(module (func (export \"_start\")))");
    let (ran, report) = check(&workspace, &["lib.wat", "--runtime", COLUMNS]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(measured(&report).iter().all(|(_, verdict, _)| verdict == "gap"), "{report}");
    let (ran, report) = check(&workspace, &["lib.wat", "--runtime", COLUMNS, "--load"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let cells = report["cells"].as_array().unwrap();
    let passes: Vec<_> = cells.iter().filter(|cell| cell["verdict"] == "pass").collect();
    assert!(!passes.is_empty() && passes.iter().all(|cell| cell["only_loaded"] == true), "{report}");
    workspace.write("wasmlab.toml", "schema = 1\n[[file]]\npath = \"lib.wat\"\nload = true\n");
    let ran = workspace.run(&["check", "--engines", "built", "--runtime", COLUMNS]);
    assert!(ran.code == 0 && ran.stdout.contains("loads on") && !ran.stdout.contains("runs on"), "{}", ran.stdout);
    let ran = workspace.run(&["check", "app.wat", "--load"]);
    assert!(ran.code == 2 && ran.stderr.contains("--load is only for"), "{}", ran.stderr);
}
