//! Cases about what WASI 0.1 provides to a guest, and what it must not provide.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::time::Duration;

use wasmlab_protocol::SOCKET_FD_PLACEHOLDER;
use wasmlab_protocol::{Cause, PreopenedDir, PreopenedSocket};

use super::harness::{Cell, EngineUnderTest, inheritable_listener};

/// A reactor around WASI functions, whose calls return what WASI returned.
fn reactor(imports: &str, body: &str) -> String {
    format!("(module {imports} (memory (export \"memory\") 1) {body})")
}

pub fn arguments_and_environment(subject: EngineUnderTest) {
    let module = reactor(
        r#"(import "wasi_snapshot_preview1" "args_sizes_get" (func $args (param i32 i32) (result i32)))
           (import "wasi_snapshot_preview1" "environ_sizes_get" (func $env (param i32 i32) (result i32)))"#,
        r#"(func (export "args") (result i32 i32 i32) (call $args (i32.const 0) (i32.const 4)) (i32.load (i32.const 0)) (i32.load (i32.const 4)))
           (func (export "env") (result i32 i32 i32) (call $env (i32.const 0) (i32.const 4)) (i32.load (i32.const 0)) (i32.load (i32.const 4)))"#,
    );
    let mut cell = Cell::new(subject, &module).call("args", &[]).call("env", &[]);
    cell.spec.args = vec!["guest".to_owned(), "two words".to_owned(), String::new()];
    // The test's own environment is not empty, but the guest sees none of it.
    assert_eq!(cell.run().results(), ["i32:0", "i32:3", "i32:17", "i32:0", "i32:0", "i32:0"]);
    cell.spec.env = [("A".to_owned(), "b=c".to_owned())].into();
    assert_eq!(cell.run().results()[3..], ["i32:0", "i32:1", "i32:6"]);
}

pub fn clocks_and_random(subject: EngineUnderTest) {
    let module = reactor(
        r#"(import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
           (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))"#,
        r#"(func (export "clock") (param i32) (result i32 i32)
             (call $clock (local.get 0) (i64.const 1) (i32.const 0)) (i64.ne (i64.load (i32.const 0)) (i64.const 0)))
           (func (export "random") (result i32 i32)
             (call $random (i32.const 8) (i32.const 16))
             (i64.ne (i64.or (i64.load (i32.const 8)) (i64.load (i32.const 16))) (i64.const 0)))"#,
    );
    let seen =
        Cell::new(subject, &module).call("clock", &["i32:0"]).call("clock", &["i32:1"]).call("random", &[]).run();
    assert_eq!(seen.results(), ["i32:0", "i32:1", "i32:0", "i32:1", "i32:0", "i32:1"], "{:?}", seen.events);
}

pub fn no_escape(subject: EngineUnderTest) {
    // `open` opens a name below the given directory for reading and returns the errno.
    let paths = ["inside", "../secret", "out", "sub/../../secret", "/etc/passwd", "loop/secret", "sub/../inside"];
    let mut data = String::new();
    for (index, path) in paths.iter().enumerate() {
        data += &format!("(data (i32.const {}) \"{path}\")", 1024 + 64 * index);
    }
    let dir = subject.traits.first_dir;
    let module = reactor(
        r#"(import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))"#,
        &format!(
            r#"{data} (func (export "open") (param i32 i32 i32) (result i32)
                (call $open (i32.const {dir}) (local.get 2) (local.get 0) (local.get 1) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 0)))"#
        ),
    );
    let mut cell = Cell::new(subject, &module);
    let given = cell.dir().join("given");
    fs::create_dir_all(given.join("sub")).unwrap();
    fs::write(given.join("inside"), "here").unwrap();
    fs::write(cell.dir().join("secret"), "not here").unwrap();
    std::os::unix::fs::symlink("../secret", given.join("out")).unwrap();
    std::os::unix::fs::symlink(cell.dir(), given.join("loop")).unwrap();
    cell.spec.dirs = vec![PreopenedDir { host: given, guest: "/given".to_owned() }];
    for follow in ["i32:0", "i32:1"] {
        for (index, path) in paths.iter().enumerate() {
            cell = cell.call("open", &[&format!("i32:{}", 1024 + 64 * index), &format!("i32:{}", path.len()), follow]);
        }
    }
    let seen = cell.run();
    let results = seen.results();
    assert_eq!(results.len(), 2 * paths.len(), "{:?}", seen.events);
    for (index, errno) in results.iter().enumerate() {
        let path = paths[index % paths.len()];
        // A link that is followed although the call does not ask for it, and a directory that is a link.
        let leads_out = path == "loop/secret" || (path == "out" && index < paths.len());
        let opens = path.ends_with("inside") || (leads_out && subject.traits.escapes_by.contains(&path));
        assert_eq!(opens, errno == "i32:0", "{path} (call {index}): errno {errno}");
    }
}

pub fn standard_input(subject: EngineUnderTest) {
    // The harness provides an empty stdin: end of file at once, without an error.
    let module = reactor(
        r#"(import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
           (data (i32.const 0) "\10\00\00\00\20\00\00\00")"#,
        r#"(func (export "read") (result i32 i32) (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.load (i32.const 8)))"#,
    );
    assert_eq!(Cell::new(subject, &module).call("read", &[]).run().results(), ["i32:0", "i32:0"]);
}

pub fn preopened_socket(subject: EngineUnderTest) {
    // Accepts once on the descriptor given by the digit in its second argument, reads four bytes, writes them back, and
    // exits with the first errno that is not 0.
    let module = r#"(module
        (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "sock_accept" (func $accept (param i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "\10\00\00\00\04\00\00\00")
        (func $check (param i32) (if (local.get 0) (then (call $exit (local.get 0)))))
        (func (export "_start") (local $fd i32)
            (call $check (call $args (i32.const 64) (i32.const 128)))
            (local.set $fd (i32.sub (i32.load8_u (i32.load (i32.const 68))) (i32.const 48)))
            (call $check (call $accept (local.get $fd) (i32.const 0) (i32.const 32)))
            (local.set $fd (i32.load (i32.const 32)))
            (call $check (call $read (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)))
            (call $check (call $write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)))
            (call $exit (i32.const 99))))"#;
    let mut cell = Cell::new(subject, module);
    let (listener, inherited) = inheritable_listener();
    let address = listener.local_addr().unwrap();
    let given = cell.dir().join("given");
    fs::create_dir(&given).unwrap();
    cell.spec.dirs = vec![PreopenedDir { host: given, guest: "/given".to_owned() }];
    cell.spec.sockets = vec![PreopenedSocket { fd: inherited.as_raw_fd(), address: address.to_string() }];
    cell.spec.args.push(SOCKET_FD_PLACEHOLDER.to_owned());
    if !subject.traits.preopened_socket {
        // Either it runs without the socket and exits with the errno of `sock_accept`, or the host lacks this function.
        let seen = cell.run();
        let lacks = matches!(seen.cause(), Cause::MissingImport { name, .. } if name == "sock_accept")
            || matches!(seen.cause(), Cause::Unsupported { feature, .. } if feature == "sock_accept");
        assert!(lacks || matches!(seen.cause(), Cause::Exit { code: 1..=76 }), "{:?}", seen.cause());
        return;
    }
    // The socket already listens, so the connection is queued until the guest accepts.
    let client = std::thread::spawn(move || {
        let limit = Duration::from_secs(20);
        let mut stream = TcpStream::connect_timeout(&address, limit).unwrap();
        stream.set_read_timeout(Some(limit)).unwrap();
        stream.write_all(b"ping").unwrap();
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).map(|()| answer)
    });
    let seen = cell.run();
    drop(listener);
    drop(inherited);
    assert_eq!(seen.cause(), &Cause::Exit { code: 99 });
    assert_eq!(&client.join().unwrap().unwrap(), b"ping");
}
