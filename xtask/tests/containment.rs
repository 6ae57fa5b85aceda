//! The sandbox around runtimes: a runtime that leaks or is compromised harms nothing on this machine.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[expect(dead_code, reason = "other tests write scripts")]
#[path = "common/programs.rs"]
mod programs;

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::path::Path;

use common::{Workspace, field, fixtures, measured};
use rustix::fs::{CWD, FileType, mknodat};

/// A port of this machine that no cell was given and nobody may connect to.
fn private_port() -> (TcpListener, u16) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[test]
fn compromised_runtime_is_contained() {
    let workspace = Workspace::new();
    let (listener, port) = private_port();
    workspace.scenario("guest", "(module (func (export \"_start\")))", "[expect]\nstdout = \"\"\n");
    workspace.write("private/victim", "whole");
    workspace.write("tools/port", port.to_string());
    let datagrams = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
    datagrams.set_nonblocking(true).unwrap();
    workspace.write("tools/udp-port", datagrams.local_addr().unwrap().port().to_string());
    programs::copy(&fixtures("fake-runtimes/escapes"), &workspace.path("tools/escapes"));
    let args = ["run-all", "--runtime", "wasmtime-cli", "--output", "json", "--no-cache"];
    let run = |sandbox: &str| {
        let mut command = workspace.command(&args);
        command.env("WASMLAB_WASMTIME", workspace.path("tools/escapes")).env("WASMLAB_SANDBOX", sandbox);
        let ran = common::result_of(command.output().unwrap());
        let report = ran.json();
        let cell = &report["cells"][0];
        eprintln!("{sandbox}: {}", cell["detail"]);
        let verdict = cell["verdict"].as_str().unwrap_or_default().to_owned();
        (
            verdict,
            fs::read_to_string(workspace.path("private/victim")).ok(),
            (listener.accept().is_ok(), datagrams.recv(&mut [0; 8]).is_ok()),
        )
    };
    assert_eq!(
        run(""),
        ("pass".to_owned(), Some("whole".to_owned()), (false, false)),
        "it prints which attempts succeeded"
    );
    // Without the sandbox the attempts succeed, so they are real and the sandbox stopped them.
    assert_eq!(run("off"), ("fail".to_owned(), None, (true, true)));
    let done = fs::read_to_string(workspace.path("tools/done")).unwrap();
    // A cell may consist of several processes.
    let attempts: std::collections::BTreeSet<&str> = done.lines().collect();
    assert_eq!(attempts.len(), 11, "{done}");
}

/// A directory that the guest replaced by a link is evidence, and what the link leads to is neither read nor copied.
#[test]
fn replaced_directory_is_an_escape_and_is_not_read() {
    let workspace = Workspace::new();
    let rest = "[[run.dir]]\nguest = \"/d\"\nfiles = { own = \"own\" }\n[[expect.file]]\npath = \"/d/secret\"\n";
    workspace.scenario("guest", "(module (func (export \"_start\")))", rest);
    workspace.write("private/secret", "somebody's");
    workspace.write("given/own", "own");
    programs::copy(&fixtures("fake-runtimes/swaps"), &workspace.path("tools/swaps"));
    let all: &[&str] = &["run-all", "--runtime", "wasmtime-cli"];
    let check: &[&str] = &[
        "check",
        "scenarios/guest/guest.wat",
        "--runtime",
        "wasmtime-cli",
        "--dir",
        "given::/d",
        "--keep-dirs",
        "kept",
    ];
    for args in [all, check] {
        let mut command = workspace.command(&[args, &["--output", "json", "--no-cache"]].concat());
        let ran = common::result_of(command.env("WASMLAB_WASMTIME", workspace.path("tools/swaps")).output().unwrap());
        let report = ran.json();
        let cell = &report["cells"][0];
        assert_eq!((&cell["code"], &cell["detail"]), (&"sandbox-escape".into(), &"replaced its directory `/d`".into()));
        assert!(!ran.stdout.contains("somebody's"), "{}", ran.stdout);
    }
    let copied = workspace.path("kept/guest/wasmtime-cli/d");
    assert_eq!(fs::read_to_string(copied.join("own")).unwrap(), "own");
    assert!(!copied.join("secret").exists());
}

/// Devices, pipes and huge files in a foreign repository neither block the lab nor fill its memory.
#[test]
fn pipes_devices_and_giants_are_not_read() {
    type Create<'a> = &'a dyn Fn(&Path);
    let hostile: [(&str, Create); 3] = [
        ("pipe", &|at| mknodat(CWD, at, FileType::Fifo, 0o600.into(), 0).unwrap()),
        ("device", &|at| std::os::unix::fs::symlink("/dev/zero", at).unwrap()),
        ("giant", &|at| fs::File::create(at).unwrap().set_len(1 << 40).unwrap()),
    ];
    let files: [(&str, &[&str]); 6] = [
        ("scenarios/guest/scenario.toml", &["list", "scenarios"]),
        ("report.json", &["report", "report.json"]),
        ("reports/latest/report.json", &["report"]),
        ("snapshots/matrix/node.snap", &["run-all", "--runtime", "node", "--output", "json"]),
        ("snapshots/profiles/node@1.0.0.json", &["capabilities", "proposals"]),
        ("snapshots/predictions.toml", &["run-all", "--runtime", "node", "--output", "json"]),
    ];
    for (kind, make) in hostile {
        for (file, args) in files {
            let workspace = Workspace::new();
            workspace.scenario("guest", "(module (func (export \"_start\")))", "");
            let at = workspace.path(file);
            fs::create_dir_all(at.parent().unwrap()).unwrap();
            let _ = fs::remove_file(&at);
            make(&at);
            let began = std::time::Instant::now();
            let ran = workspace.run(args);
            assert!(began.elapsed().as_secs() < 60, "{kind} as {file}");
            let printed = format!("{}{}", ran.stdout, ran.stderr);
            let expected = if kind == "giant" { "larger than" } else { "not a regular file" };
            assert!(printed.contains(expected), "{kind} as {file}: {printed}");
        }
    }
}

#[test]
fn names_and_messages_of_a_file_cannot_forge_lines() {
    let workspace = Workspace::new();
    let forged = r#"(module (import "env" "x\0a\0aruns on      every runtime" (func)) (func (export "y\0a  z")))"#;
    workspace.write("forged.wat", forged);
    let ran = workspace.run(&["inspect", "forged.wat"]);
    assert!(ran.stdout.contains(r"env.x\n\nruns on      every runtime: func"), "{}", ran.stdout);
    assert!(ran.stdout.lines().all(|line| !line.starts_with("runs on")), "{}", ran.stdout);
    let args = ["check", "forged.wat", "--engines", "built", "--runtime", "{node,wasmtime-cli}"];
    let ran = workspace.run(&args);
    assert!(!ran.stdout.contains("\nruns on      every runtime\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains(r"env.x\n\nruns on"), "{}", ran.stdout);
    // One line of five megabytes, which the parser's message quotes.
    workspace.write("long.wat", format!("(module {} bad)", " ".repeat(5 << 20)));
    let ran = workspace.run(&["inspect", "long.wat"]);
    assert_eq!((ran.code, ran.stderr.len() < 20_000), (2, true), "{} bytes", ran.stderr.len());
}

#[test]
fn paths_that_are_not_text_are_refused() {
    use std::os::unix::ffi::OsStrExt;
    let workspace = Workspace::new();
    let name = std::ffi::OsStr::from_bytes(b"tmp\xff");
    fs::create_dir(workspace.path("").join(name)).unwrap();
    workspace.write("app.wat", "(module (func (export \"_start\")))");
    let mut command = workspace.command(&["check", "app.wat", "--runtime", "node"]);
    let ran = common::result_of(command.env("TMPDIR", workspace.path("").join(name)).output().unwrap());
    assert_eq!((ran.code, ran.stderr.contains("TMPDIR is not UTF-8")), (2, true), "{}", ran.stderr);
}

#[test]
fn escape_by_absolute_link_is_detected() {
    let workspace = Workspace::new();
    workspace.write("victim", "whole");
    let guest = fs::read_to_string(fixtures("hostile/write-link.wat")).unwrap();
    let copies = fs::read_to_string(fixtures("hostile/copy-link.wat")).unwrap();
    let dir = |target: &str| format!("[[run.dir]]\nguest = \"/data\"\nlinks = {{ abs = \"{target}\" }}\n");
    workspace.scenario("machine", &guest, &dir(workspace.path("victim").to_str().unwrap()));
    workspace.scenario("seen", &guest, &dir("{outside}/wasmlab-secret"));
    workspace.scenario("kept", &copies, &dir("{outside}/wasmlab-secret"));
    let (ran, report) = workspace.run_all(&["--no-cache", "--runtime", "wamr-zig"]);
    assert_eq!(fs::read_to_string(workspace.path("victim")).unwrap(), "whole", "{}", ran.stderr);
    assert_eq!(ran.code, 1, "an escape fails the run");
    measured(&report);
    // node:wasi and wamr-zig follow links; the lab must notice what they let through.
    let cells = report["cells"].as_array().unwrap();
    let escaped = |runtime: &str| {
        let seen = cells.iter().find(|c| c["scenario"] == "seen" && c["runtime"] == runtime).unwrap();
        seen["verdict"] == "absent" || seen["code"] == "sandbox-escape"
    };
    assert!(["node", "deno", "wamr-zig"].into_iter().all(escaped), "{}", ran.stdout);
    // The others confine the guest and report nothing.
    let leaks = |c: &&serde_json::Value| c["code"] == "sandbox-escape" && c["scenario"] == "seen";
    let details = cells.iter().filter(|c| c["scenario"] == "kept" && c["code"] == "sandbox-escape");
    let mut details = details.map(|c| c["detail"].as_str().unwrap_or_default()).peekable();
    assert!(details.peek().is_some(), "{}", ran.stdout);
    assert!(details.all(|detail| detail == "read a file outside its directories and kept it in `/data/copy`"));
    let leaking: Vec<_> = cells.iter().filter(leaks).map(|c| c["runtime"].as_str().unwrap()).collect();
    assert!(leaking.iter().all(|runtime| ["node", "deno", "wamr-zig"].contains(runtime)), "{leaking:?}");
    assert!(cells.iter().any(|c| c["scenario"] == "seen" && c["verdict"] == "pass"), "{}", ran.stdout);
}

/// A component that sends a request by wasi:http, without a network.
#[test]
fn guest_without_network_is_isolated() {
    let workspace = Workspace::new();
    let (listener, port) = private_port();
    let guest = fixtures("rust-wasip2-http-client/rust-wasip2-http-client.wasm");
    let columns = "{wasmtime-cranelift,wasmtime-cli,node+jco,deno+jco,bun+jco,chromium+jco}";
    let guest = guest.to_str().unwrap();
    let address = format!("127.0.0.1:{port}");
    let args =
        ["check", guest, "--runtime", columns, "--engines", "built", "--no-cache", "--output", "json", "--", &address];
    let ran = workspace.run(&args);
    let report = ran.json();
    assert!(listener.accept().is_err(), "a guest without a network was here: {}", ran.stdout);
    for (runtime, verdict, code) in measured(&report) {
        // Each returns an error to its guest; none hangs.
        assert_ne!(code, "timeout", "{runtime}: {verdict}");
    }
    // A guest that came so far has tried it, and failed.
    let cells = report["cells"].as_array().unwrap();
    let printed = cells.iter().filter(|cell| cell["verdict"] == "pass").map(|cell| &cell["output"]["stdout"]);
    let printed: Vec<&str> = printed.filter_map(serde_json::Value::as_str).collect();
    assert!(!printed.is_empty(), "no guest sent its request: {}", ran.stdout);
    let has_failed = |text: &&str| text.starts_with("lab: http-request ") && !text.contains(" ok");
    assert!(printed.iter().all(has_failed), "{printed:?}");
}

/// The shim of WASI 0.3 has no switch for it, so the driver removes its network functions.
#[test]
fn wasi_0_3_server_without_network_is_isolated() {
    let workspace = Workspace::new();
    let guest = fixtures("rust-wasip3-tcp-echo/rust_wasip3_tcp_echo.wasm");
    let guest = guest.to_str().unwrap();
    let columns = "{wasmtime-cranelift,node+jco,deno+jco}";
    let args =
        ["check", guest, "--runtime", columns, "--engines", "built", "--no-cache", "--output", "json", "--", "20999"];
    let ran = workspace.run(&args);
    let report = ran.json();
    measured(&report);
    for cell in report["cells"].as_array().unwrap().iter().filter(|cell| cell["verdict"] != "absent") {
        assert_eq!((&cell["verdict"], &cell["subject"]), (&"not-attempted".into(), &"network".into()), "{cell}");
    }
}

/// A repository's own programs do not run as runtimes, whatever PATH says.
#[test]
fn programs_of_the_current_folder_are_not_found() {
    use std::os::unix::fs::PermissionsExt;
    let workspace = Workspace::new();
    workspace.write("app.wat", "(module (func (export \"_start\")))");
    for program in ["wasm-interp", "wasmtime", "node", "tools/wazero"] {
        workspace.write(program, format!("#!/bin/sh\ntouch {}\n", workspace.path("started").display()));
        fs::set_permissions(workspace.path(program), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!(".:tools::{}", std::env::var("PATH").unwrap());
    let mut command =
        workspace.command(&["check", "app.wat", "--runtime", "{wabt-interp,wasmtime-cli,node,wazero}", "--no-cache"]);
    let ran = common::result_of(command.env("PATH", path).output().unwrap());
    assert!(ran.stdout.contains("node"), "{}{}", ran.stdout, ran.stderr);
    assert!(!workspace.path("started").exists(), "{}", ran.stdout);
}

/// Names of files and exports that look like options.
#[test]
fn file_names_are_never_parsed_as_options() {
    let workspace = Workspace::new();
    workspace
        .write("-rf.wat", "(module (func (export \"_start\")) (func (export \"--help\") (result i32) (i32.const 7)))");
    let columns = ["--engines", "built", "--runtime", common::COLUMNS, "--no-cache", "--output", "json"];
    for (what, rest) in [("its program", &[][..]), ("its export", &["--invoke=--help", "--expect-stdout", "7"])] {
        let ran = workspace.run(&[&["check", "./-rf.wat"], &columns[..], rest].concat());
        let report = ran.json();
        for (runtime, verdict, _) in measured(&report) {
            assert_eq!(verdict, "pass", "{what} on {runtime}: {report}");
        }
    }
}

/// A guest's output is forwarded unchanged to a pipe; in the lab's own texts, control characters are made visible.
#[test]
fn printed_text_contains_no_control_characters() {
    let workspace = Workspace::new();
    let hostile = r#"(module (import "\1b[2J\c2\9b1A" "\1b]52;c;aGk=\07\e2\80\ae" (func)) (func (export "\1b[31mred") (unreachable)))"#;
    workspace.write("hostile.wat", hostile);
    let bad = ['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}'];
    let calls: [&[&str]; 6] = [
        &["inspect", "hostile.wat"],
        &["inspect", "hostile.wat", "--json"],
        &["inspect", "hostile.wat", "--bytes"],
        &["check", "hostile.wat", "--engines", "built", "--runtime", "{node,wasmtime-cli}"],
        &["check", "hostile.wat", "--engines", "built", "--runtime", "{node,wasmtime-cli}", "--output", "markdown"],
        &["check", "hostile.wat", "--engines", "built", "--runtime", "node", "--invoke", "\u{1b}[5m"],
    ];
    for args in calls {
        let ran = workspace.run(args);
        assert!(!ran.stdout.is_empty() || !ran.stderr.is_empty());
        for text in [&ran.stdout, &ran.stderr] {
            assert!(!text.contains(bad), "{args:?}: {text:?}");
        }
    }
}

/// A separate process without access to the machine reads the user's file, so a crash only affects that process.
#[test]
fn files_are_read_in_a_child_process() {
    let workspace = Workspace::new();
    workspace.write("app.wat", "(module (import \"a\" \"b\" (func)) (func (export \"_start\")))");
    let read = |form: &str, file: &str| {
        let file = workspace.path(file);
        common::result_of(workspace.command(&["read-in-child", form, file.to_str().unwrap()]).output().unwrap())
    };
    assert!(read("facts", "app.wat").stdout.starts_with("{\"kind\":\"module\""));
    assert!(read("wat", "app.wat").stdout.contains("(import \"a\" \"b\""));
    workspace.write("bad.wat", "(module");
    let ran = read("facts", "bad.wat");
    assert_eq!((ran.code, ran.stderr.contains("bad.wat:1:8")), (3, true), "{}", ran.stderr);
    // The commands print the message of the child and nothing else of it.
    for command in ["inspect", "check"] {
        let ran = common::result_of(
            workspace.command(&[command, workspace.path("bad.wat").to_str().unwrap()]).output().unwrap(),
        );
        assert_eq!((ran.code, ran.stderr.contains("bad.wat:1:8")), (2, true), "{command}: {}", ran.stderr);
    }
}

/// A full disk blames no guest, and the result is not cached.
#[test]
fn full_disk_is_a_lab_error() {
    let workspace = Workspace::new();
    workspace.scenario("guest", "(module (func (export \"_start\")))", "");
    let run = |free: &str| {
        let args = ["run-all", "--runtime", "node", "--output", "json", "--no-cache"];
        let ran = common::result_of(workspace.command(&args).env("WASMLAB_MIN_FREE", free).output().unwrap());
        let report = ran.json();
        let cell = &report["cells"][0];
        (field(cell, "verdict"), field(cell, "detail"))
    };
    let (verdict, detail) = run(&u64::MAX.to_string());
    assert!(verdict == "error" && detail.contains("almost full"), "{verdict}: {detail}");
    assert_eq!(run("1000").0, "pass");
}
