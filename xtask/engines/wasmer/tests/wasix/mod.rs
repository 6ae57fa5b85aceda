//! Cases for wasmer only: WASIX sockets limited to the cell's network, and wasi-threads.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Instant;

use wasmlab_protocol::{Cause, Network, TrapKind};

use crate::conformance::EngineUnderTest;
use crate::conformance::harness::Cell;

/// Each export opens a socket and returns the errno of what it does with it. Addresses are IPv4, as one little-endian
/// number.
const SOCKETS: &str = r#"(module
    (import "wasix_32v1" "sock_open" (func $open (param i32 i32 i32 i32) (result i32)))
    (import "wasix_32v1" "sock_bind" (func $sock_bind (param i32 i32) (result i32)))
    (import "wasix_32v1" "sock_listen" (func $sock_listen (param i32 i32) (result i32)))
    (import "wasix_32v1" "sock_connect" (func $sock_connect (param i32 i32) (result i32)))
    (import "wasix_32v1" "resolve" (func $sock_resolve (param i32 i32 i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 256) "localhost")
    (func $tcp (result i32)
        (if (call $open (i32.const 1) (i32.const 1) (i32.const 6) (i32.const 0)) (then unreachable))
        (i32.load (i32.const 0)))
    (func $udp (result i32)
        (if (call $open (i32.const 1) (i32.const 2) (i32.const 17) (i32.const 0)) (then unreachable))
        (i32.load (i32.const 0)))
    ;; Writes an address of family 1 (inet4) and returns where.
    (func $address (param $ip i32) (param $port i32) (result i32)
        (i32.store16 (i32.const 64) (i32.const 1))
        (i32.store16 (i32.const 66) (local.get $port))
        (i32.store (i32.const 68) (local.get $ip))
        (i32.const 64))
    (func (export "bind") (param i32 i32) (result i32)
        (call $sock_bind (call $tcp) (call $address (local.get 0) (local.get 1))))
    (func (export "listen") (param i32 i32) (result i32) (local $fd i32)
        (local.set $fd (call $tcp))
        (drop (call $sock_bind (local.get $fd) (call $address (local.get 0) (local.get 1))))
        (call $sock_listen (local.get $fd) (i32.const 1)))
    (func (export "connect") (param i32 i32) (result i32)
        (call $sock_connect (call $tcp) (call $address (local.get 0) (local.get 1))))
    (func (export "connect-from") (param i32 i32 i32 i32) (result i32) (local $fd i32)
        (local.set $fd (call $tcp))
        (if (call $sock_bind (local.get $fd) (call $address (local.get 0) (local.get 1))) (then unreachable))
        (call $sock_connect (local.get $fd) (call $address (local.get 2) (local.get 3))))
    (func (export "bind-udp") (param i32 i32) (result i32)
        (call $sock_bind (call $udp) (call $address (local.get 0) (local.get 1))))
    (func (export "resolve") (result i32)
        (call $sock_resolve (i32.const 256) (i32.const 9) (i32.const 80) (i32.const 512) (i32.const 4) (i32.const 8))))"#;

const LOCALHOST: &str = "i32:0x0100007f";
const ANY: &str = "i32:0";
/// 192.0.2.1, an address reserved for documentation.
const ELSEWHERE: &str = "i32:0x010200c0";
const PERMISSION: &str = "i32:63";
const NOT_SUPPORTED: &str = "i32:58";

/// The guest can use the cell's own port and nothing else.
pub fn network(subject: EngineUnderTest) {
    let own_port = free_port();
    // Some other server on this machine.
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let (own, foreign) = (format!("i32:{own_port}"), format!("i32:{}", other.local_addr().unwrap().port()));
    let (own, foreign) = (own.as_str(), foreign.as_str());
    // A test server of the lab for the guest.
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let server_port = server.local_addr().unwrap().port();
    let allowed = format!("i32:{server_port}");
    let calls: &[(&str, &[&str], &str)] = &[
        ("listen", &[LOCALHOST, own], "i32:0"),
        ("bind", &[LOCALHOST, foreign], PERMISSION),
        ("bind", &[LOCALHOST, "i32:0"], PERMISSION),
        ("bind", &[ANY, own], PERMISSION),
        ("connect", &[LOCALHOST, foreign], PERMISSION),
        ("connect", &[LOCALHOST, &allowed], "i32:0"),
        ("connect", &[ELSEWHERE, &allowed], PERMISSION),
        ("bind", &[LOCALHOST, &allowed], PERMISSION),
        ("connect", &[ELSEWHERE, "i32:80"], PERMISSION),
        ("connect", &[ELSEWHERE, own], PERMISSION),
        ("connect-from", &[LOCALHOST, own, LOCALHOST, foreign], PERMISSION),
        ("bind-udp", &[LOCALHOST, own], NOT_SUPPORTED),
        ("resolve", &[], NOT_SUPPORTED),
    ];
    for (export, args, errno) in calls {
        // Each in its own process, because ports stay bound.
        let mut cell = Cell::new(subject, SOCKETS).call(export, args);
        cell.spec.network = Network::Loopback;
        cell.spec.ports = vec![own_port];
        cell.spec.connect_ports = vec![server_port];
        let started = Instant::now();
        let seen = cell.run();
        assert_eq!(seen.results(), [*errno], "{export} {args:?}: {:?} {}", seen.events, seen.stderr);
        assert!(started.elapsed().as_secs() < 5, "{export} {args:?} was not refused, it timed out");
    }
    other.set_nonblocking(true).unwrap();
    assert!(other.accept().is_err(), "somebody connected");
    // Without a network nothing works, whatever the ports.
    let mut cell = Cell::new(subject, SOCKETS).call("listen", &[LOCALHOST, own]).call("connect", &[LOCALHOST, foreign]);
    cell.spec.ports = vec![own_port];
    assert!(!cell.run().results().contains(&"i32:0".to_owned()));
    assert!(other.accept().is_err(), "somebody connected");
}

/// A port below the ephemeral ports of every system, so that no outgoing connection takes it before the guest does.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    let mut ports = std::iter::repeat_with(|| first + NEXT.fetch_add(1, Ordering::Relaxed)).take(1000);
    ports.find(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok()).expect("a free port")
}

/// A command with threads: `thread` is the body of each thread, `main` that of the main thread. The word at address 0
/// is shared. The memory may grow to 1 GiB, as Rust declares it.
fn threads(thread: &str, main: &str) -> String {
    format!(
        r#"(module
            (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (import "env" "memory" (memory 1 16384 shared))
            (export "memory" (memory 0))
            (func (export "wasi_thread_start") (param $id i32) (param $n i32) {thread})
            (func $wait (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))
            (func $wake (i32.atomic.store (i32.const 0) (i32.const 1))
                (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))
            (func (export "_start") {main}))"#
    )
}

const SPAWN: &str = "(if (i32.le_s (call $spawn (i32.const 5)) (i32.const 0)) (then (call $exit (i32.const 90))))";

/// Threads share the memory and get an id; the main thread can wait for them.
pub fn thread_ends(subject: EngineUnderTest) {
    let thread = "(i32.store (i32.const 8) (local.get $n)) (call $wake)";
    let main = format!("{SPAWN} (call $wait) (call $exit (i32.load (i32.const 8)))");
    let seen = Cell::new(subject, &threads(thread, &main)).run();
    assert_eq!(seen.cause(), &Cause::Exit { code: 5 }, "{}", seen.stderr);
}

/// A trapping thread ends the program, even if others wait for it forever.
pub fn thread_traps(subject: EngineUnderTest) {
    let seen = Cell::new(subject, &threads("unreachable", &format!("{SPAWN} (call $wait)"))).run();
    assert!(matches!(seen.cause(), Cause::Trap { trap: TrapKind::Unreachable, .. }), "{:?}", seen.cause());
}

/// An exit in a thread exits the program.
pub fn thread_exits(subject: EngineUnderTest) {
    let seen = Cell::new(subject, &threads("(call $exit (i32.const 7))", &format!("{SPAWN} (call $wait)"))).run();
    assert_eq!(seen.cause(), &Cause::Exit { code: 7 });
}

/// The program ends with its main thread, whatever the others do.
pub fn thread_left_behind(subject: EngineUnderTest) {
    let seen =
        Cell::new(subject, &threads("(call $wake) (loop $ever (br $ever))", &format!("{SPAWN} (call $wait)"))).run();
    assert_eq!(seen.cause(), &Cause::Returned, "{}", seen.stderr);
}

/// The memory limit applies in every thread, below the module's declared maximum.
pub fn thread_memory_limit(subject: EngineUnderTest) {
    // 64 MiB are 1024 pages: growing by 1000 works once, but not twice.
    let thread = "(i32.store (i32.const 8) (memory.grow (i32.const 1000)))
        (i32.store (i32.const 12) (memory.grow (i32.const 1000))) (call $wake)";
    let main = format!(
        "{SPAWN} (call $wait) (if (i32.ne (i32.load (i32.const 8)) (i32.const 1)) (then (call $exit (i32.const 91))))
        (if (i32.ne (i32.load (i32.const 12)) (i32.const -1)) (then (call $exit (i32.const 92))))
        (if (i32.ne (memory.size) (i32.const 1001)) (then (call $exit (i32.const 93))))"
    );
    let seen = Cell::new(subject, &threads(thread, &main)).run();
    assert_eq!(seen.cause(), &Cause::Returned, "{}", seen.stderr);
}
