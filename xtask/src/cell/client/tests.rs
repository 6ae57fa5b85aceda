//! Client steps against processes and servers started by the test: each step succeeding and failing.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{Contents, run_steps};
use wasmlab_model::observation::ClientProgress;
use wasmlab_model::scenario::Scenario;
use wasmlab_process::{self as process, CompletedProcess, ExitReason, Input, Limits, Running};

/// A guest: a shell that runs this script.
fn guest(script: &str) -> Running {
    let command = process::Command {
        program: PathBuf::from("/bin/sh"),
        args: vec!["-c".into(), script.into()],
        env: BTreeMap::new(),
        cwd: std::env::temp_dir(),
        stdin: Input::Piped,
        inherit: Vec::new(),
        sandbox: None,
        report: None,
        limits: Limits::compiler(Duration::from_secs(60)),
    };
    process::start(&command, None).unwrap()
}

/// A server that answers each of its connections with `answer` once it has received `wanted`.
fn server(expected: &'static str, answer: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let (mut received, mut buffer) = (Vec::new(), [0; 1024]);
                while !String::from_utf8_lossy(&received).contains(expected) {
                    match stream.read(&mut buffer) {
                        Ok(n) if n > 0 => received.extend_from_slice(&buffer[..n]),
                        _ => return,
                    }
                }
                // The client may already have closed the connection.
                let _ = stream.write_all(answer.as_bytes());
            });
        }
    });
    port
}

/// Runs steps, given in TOML, against a guest; `http` is the port's name.
fn run_script(script: &str, port: u16, steps: &str) -> (ClientProgress, CompletedProcess) {
    let text = format!(
        "schema = 1\ntitle = \"t\"\nfamily = \"f\"\nroute = \"r\"\n[build]\ntoolchain = \"wat\"\n\
         [[run.dir]]\nguest = \"/www\"\nfiles = {{ \"page\" = \"hello\" }}\n{steps}"
    );
    let spec = crate::scenario::parse(&text).unwrap_or_else(|e| panic!("{e:?}: {steps}"));
    let scenario = Scenario { name: "test".to_owned(), dir: PathBuf::new(), spec };
    let ports = BTreeMap::from([("http".to_owned(), port)]);
    let contents = Contents { scenario: &scenario, ports: &ports };
    let running = guest(script);
    let limit = Duration::from_secs(20);
    let progress = run_steps(&scenario.spec.step, &running, &ports, contents, limit, &|| true);
    (progress, running.wait())
}

/// Asserts that every step passes.
fn passes(script: &str, port: u16, steps: &str) -> CompletedProcess {
    let (progress, completed) = run_script(script, port, steps);
    assert_eq!((progress.failed, progress.steps_passed), (None, progress.steps), "{steps}");
    completed
}

/// Asserts that the last step fails for this reason.
fn fails(script: &str, port: u16, steps: &str, reason: &str) -> ClientProgress {
    let (progress, _) = run_script(script, port, steps);
    let failed = progress.failed.clone().unwrap_or_else(|| panic!("it holds: {steps}"));
    assert!(failed.contains(reason), "{failed} does not say {reason}");
    assert_eq!(progress.steps_passed + 1, progress.steps, "{steps}");
    progress
}

const WAIT: &str = "[[step]]\nop = \"wait\"\n";

#[test]
fn read_and_write_steps_use_the_guests_streams() {
    let script = "echo ready; read line; echo \"got $line\" >&2; exit 7";
    let steps = "[[step]]\nop = \"read\"\ncontains = \"ready\"\n[[step]]\nop = \"write\"\ndata = \"hello\\n\"\n\
                 [[step]]\nop = \"read\"\nstream = \"stderr\"\ncontains = \"got hello\"\n";
    assert_eq!(passes(script, 0, &format!("{steps}{WAIT}")).exit_reason, ExitReason::Exited(7));
    let never = "[[step]]\nop = \"read\"\ncontains = \"never\"\ntimeout_ms = 100\n";
    fails("echo ready; sleep 30", 0, never, "\"never\" did not arrive on stdout within 100 ms");
    let began = Instant::now();
    let long = never.replace("100", "20000");
    fails("echo ready", 0, &long, "did not arrive on stdout");
    assert!(began.elapsed() < Duration::from_secs(10), "a guest that has ended prints nothing more");
}

#[test]
fn kill_and_wait_steps_end_the_guest() {
    let trap = "trap 'exit 9' TERM; trap 'exit 10' INT; echo ready; while :; do sleep 0.05; done";
    let kill = |signal: &str| {
        let kill = format!("[[step]]\nop = \"kill\"\nsignal = \"{signal}\"\n");
        passes(trap, 0, &format!("[[step]]\nop = \"read\"\ncontains = \"ready\"\n{kill}{WAIT}")).exit_reason
    };
    assert_eq!(
        (kill("TERM"), kill("INT"), kill("KILL")),
        (ExitReason::Stopped, ExitReason::Stopped, ExitReason::Stopped)
    );
    let wait = "[[step]]\nop = \"wait\"\ntimeout_ms = 100\n";
    fails("sleep 30", 0, wait, "the guest did not finish within 100 ms");
    // Steps without a final step leave the guest half a second to exit.
    let began = Instant::now();
    assert_eq!(passes("sleep 30", 0, "").exit_reason, ExitReason::Stopped);
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn listen_step_waits_without_connecting() {
    let port = server("ping", "pong");
    let listen = "[[step]]\nop = \"listen\"\nsocket = \"http\"\ntimeout_ms = 200\n";
    passes("sleep 30", port, listen);
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert!(fails("sleep 30", unused, listen, "nothing listens on http").unreachable);
    let began = Instant::now();
    assert!(fails("exit 0", unused, &listen.replace("200", "20000"), "nothing listens").unreachable);
    assert!(began.elapsed() < Duration::from_secs(10), "a guest that has ended does not listen any more");
}

#[test]
fn connections_have_ids_and_limits() {
    let port = server("ping", "pong");
    let connect = "[[step]]\nop = \"connect\"\nsocket = \"http\"\nid = \"c\"\n";
    let send = "[[step]]\nop = \"send\"\nid = \"c\"\ndata = \"ping\"\n";
    let receive = "[[step]]\nop = \"recv\"\nid = \"c\"\ncontains = \"pong\"\ntimeout_ms = 2000\n";
    let close = "[[step]]\nop = \"close\"\nid = \"c\"\n";
    passes("sleep 30", port, &format!("{connect}{send}{receive}{close}"));
    fails("sleep 30", port, &format!("{connect}{close}{close}"), "no connection `c` is open");
    let silent = receive.replace("2000", "100");
    fails("sleep 30", port, &format!("{connect}{silent}"), "recv on c: \"pong\" did not arrive");
    let other = receive.replace("pong", "pang");
    fails("sleep 30", port, &format!("{connect}{send}{other}"), "recv on c: \"pang\" did not arrive");
    let unused = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert!(fails("sleep 30", unused, connect, "connect to http").unreachable);
}

#[test]
fn text_is_found_at_the_end_of_a_long_answer() {
    let long = format!("{}needle", "x".repeat(32 << 20)).leak();
    let steps = "[[step]]\nop = \"connect\"\nsocket = \"http\"\nid = \"c\"\n\
                 [[step]]\nop = \"send\"\nid = \"c\"\ndata = \"ping\"\n\
                 [[step]]\nop = \"recv\"\nid = \"c\"\ncontains = \"needle\"\ntimeout_ms = 20000\n";
    passes("sleep 30", server("ping", long), steps);
}

#[test]
fn response_is_compared_with_the_expectation() {
    let port = server("\r\n\r\n", "HTTP/1.1 200 OK\r\nx-lab: 1\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello");
    let request = |expect: &str| {
        format!("[[step]]\nop = \"request\"\nsocket = \"http\"\npath = \"/page\"\nexpect = {{ {expect} }}\n")
    };
    let all = "status = 200, headers = { X-Lab = \"1\" }, body = \"hello\", body_contains = [\"ell\"]";
    passes("sleep 30", port, &request(all));
    passes("sleep 30", port, &request("status = 200, body_file = \"/www/page\""));
    passes("sleep 30", port, &request(all).replace("expect =", "parallel = 5\nexpect ="));
    for (expect, reason) in [
        ("status = 404", "GET /page on http: status 200, expected 404"),
        ("status = 200, headers = { x-lab = \"2\" }", "header x-lab: \"1\", expected \"2\""),
        ("status = 200, headers = { etag = \"2\" }", "header etag: \"(none)\""),
        ("status = 200, body = \"hell\"", "the body is \"hello\", expected \"hell\""),
        ("status = 200, body_contains = [\"heaven\"]", "the body does not contain \"heaven\""),
        ("status = 200, body_file = \"/www/none\"", "`/www/none`"),
    ] {
        let progress = fails("sleep 30", port, &request(expect), reason);
        assert!(!progress.unreachable, "it was reached: {expect}");
    }
}
