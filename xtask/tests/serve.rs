//! `serve`: a scenario's server for a person, from its start to Ctrl-C.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Stdio;

use common::Workspace;

/// A pinned file that exists nowhere.
const FETCHED: &str = "schema = 1\ntitle = \"t\"\nfamily = \"f\"\nroute = \"r\"\n\
    [build]\ntoolchain = \"fetched\"\nartifact = \"a.wasm\"\n\
    [build.fetch]\nurl = \"https://example.org/a.wasm\"\nbytes = 3\nfixture = \"none/a.wasm\"\n";
const SERVER: &str = "[run]\nserve = { port = \"http\" }\n[[run.port]]\nname = \"http\"\n";

fn fails(workspace: &Workspace, args: &[&str], expected: &[&str]) {
    let ran = workspace.run(args);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    for text in expected {
        assert!(ran.stderr.contains(text), "{} does not say {text}", ran.stderr);
    }
}

#[test]
fn unservable_scenarios_are_refused_before_building() {
    let workspace = Workspace::new();
    workspace.scenario("page", "(module)", SERVER);
    workspace.scenario("plain", "(module)", "");
    fails(&workspace, &["serve", "nothing"], &["no server is named `nothing`", "page"]);
    fails(&workspace, &["serve", "plain"], &["no [run.serve]"]);
    fails(&workspace, &["serve", "page", "--root", "/"], &["serves no folder"]);
    fails(&workspace, &["serve", "page", "--port", "0"], &["--port"]);
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    fails(&workspace, &["serve", "page", "--port", &port], &[&format!("port {port} cannot be used"), "--port"]);
    let root = "[run]\nserve = { port = \"http\", root = \"/www\" }\n[[run.port]]\nname = \"http\"\n[[run.dir]]\nguest = \"/www\"\n";
    workspace.scenario("files", "(module)", root);
    fails(&workspace, &["serve", "files", "--root", "/no/such"], &["--root `/no/such`"]);
    workspace.scenario("wrong", "(module)", &root.replace("root = \"/www\"", "root = \"/else\""));
    fails(&workspace, &["serve", "files"], &["scenario.toml", "`run.serve.root`"]);
}

#[test]
fn fetched_module_is_located_and_checked_by_hash() {
    let workspace = Workspace::new();
    let pinned = xtask::machine::sha256(b"one");
    workspace.write("scenarios/theirs/scenario.toml", format!("{FETCHED}sha256 = \"{pinned}\"\n"));
    let check = |report: &serde_json::Value, expected: &str| {
        for (runtime, verdict, code) in common::measured(report) {
            assert_eq!((verdict.as_str(), code.as_str()), ("not-built", "not-fetched"), "{runtime}");
        }
        let cell = report["cells"][0].to_string();
        assert!(cell.contains(expected) && cell.contains("cargo xtask setup"), "{cell}");
    };
    check(&workspace.run_all(&[]).1, &pinned);
    workspace.write("given/none/a.wasm", "two");
    let args = ["run-all", "--engines", "built", "--output", "json", "--runtime", common::COLUMNS];
    let mut command = workspace.command(&args);
    command.env("WASMLAB_FIXTURES", workspace.path("given"));
    let ran = common::result_of(command.output().unwrap());
    let report = ran.json();
    check(&report, "is another file");
}

#[test]
fn server_runs_until_ctrl_c() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let number = port.to_string();
    let args = ["serve", "rust-wasip2-http-handler", "--runtime", "wasmtime-cranelift", "--port", &number];
    let mut command = Workspace::new().command(&args);
    command.env("WASMLAB_ROOT", root).current_dir(root).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // If the engine is not built yet, it is built first. If the lab gives up, it closes its stdout.
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut printed = String::new();
    stdout.read_line(&mut printed).unwrap();
    assert!(printed.contains(&format!("http://127.0.0.1:{port}/ is served by")), "{printed}");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("hello"), "{answer}");
    let pid = rustix::process::Pid::from_raw(child.id().cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    printed.clear();
    stdout.read_to_string(&mut printed).unwrap();
    let ran = common::result_of(child.wait_with_output().unwrap());
    assert_eq!((ran.code, printed.as_str()), (0, "stopped\n"), "{}", ran.stderr);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "it outlives the lab");
}
