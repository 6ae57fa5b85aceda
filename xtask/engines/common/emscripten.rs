//! How a host for Emscripten's fastcomp ABI must behave with an engine between it and its guest.

use wasmlab_protocol::{Cause, PreopenedDir};

use super::conformance::EngineUnderTest;
use super::conformance::harness::{Cell, CellResult};

/// Generates a `#[test]` for each case, for a mode with this host. `$shared` tells whether a cause is what the engine
/// reports for a shared memory.
macro_rules! emscripten {
    ($subject:expr, $shared:expr) => {
        #[test]
        fn emscripten_ends() {
            crate::emscripten_host::ends($subject);
        }

        #[test]
        fn emscripten_needed_exports() {
            crate::emscripten_host::needed_exports($subject);
        }

        #[test]
        fn emscripten_shared_memory() {
            crate::emscripten_host::shared_memory($subject, $shared);
        }
    };
}
pub(crate) use emscripten;

/// Runs a module with the usual imports and exports, and `body`.
fn run(subject: EngineUnderTest, body: &str) -> CellResult {
    let mut cell = Cell::new(
        subject,
        &format!(
            r#"(module
            (import "env" "_exit" (func $exit (param i32)))
            (import "env" "__exit" (func $exit-now (param i32)))
            (import "env" "_getenv" (func $getenv (param i32) (result i32)))
            (import "env" "_sigaction" (func $sigaction (param i32 i32 i32) (result i32)))
            (import "env" "_raise" (func $raise (param i32) (result i32)))
            (import "env" "___syscall4" (func $write (param i32 i32) (result i32)))
            (import "env" "memory" (memory 256 256))
            (data (i32.const 2048) "\01\00\00\00\00\10\00\00\05\00\00\00")
            (data (i32.const 4096) "held\n")
            (data (i32.const 5000) "MINE\00")
            (data (i32.const 6000) "\4d\00\00\00")
            (func (export "stackAlloc") (param i32) (result i32) (i32.const 9000000))
            (func $print (drop (call $write (i32.const 4) (i32.const 2048))))
            {body})"#
        ),
    );
    cell.spec.env = [("MINE".to_owned(), "yes".to_owned())].into();
    cell.spec.dirs = vec![PreopenedDir { host: cell.dir().to_owned(), guest: "/guest".to_owned() }];
    cell.run()
}

/// C's `exit` first writes buffered stdio, by running code of the guest; `_exit` does not.
pub fn ends(subject: EngineUnderTest) {
    let fflush = r#"(func (export "_fflush") (param i32) (result i32) (call $print) (i32.const 0))"#;
    for (main, code, stdout) in [
        ("(call $exit (i32.const 3)) unreachable", 3, "held\n"),
        ("(call $exit-now (i32.const 3)) unreachable", 3, ""),
        ("(i32.const 3)", 3, "held\n"),
    ] {
        let seen = run(subject, &format!(r#"{fflush} (func (export "_main") (param i32 i32) (result i32) {main})"#));
        assert_eq!((seen.cause(), seen.stdout.as_str()), (&Cause::Exit { code }, stdout), "{main}");
    }
}

/// A missing export that a host call needs is named, and is not mistaken for a missing entry point.
pub fn needed_exports(subject: EngineUnderTest) {
    let ignored = r#"(func (export "_fflush") (param i32) (result i32) (i32.const 0))"#;
    let asks = r#"(func (export "_fflush") (param i32) (result i32) (call $getenv (i32.const 5000)))"#;
    let signal = "(call $sigaction (i32.const 30) (i32.const 6000) (i32.const 0)) drop (call $raise (i32.const 30))";
    for (main, other, name) in [
        ("(call $getenv (i32.const 5000))", ignored, "_malloc"),
        (signal, ignored, "dynCall_vi"),
        ("(i32.const 0)", asks, "_malloc"),
    ] {
        let main = format!(r#"(func (export "_main") (param i32 i32) (result i32) (call $print) {main})"#);
        let seen = run(subject, &format!("{main} {other}"));
        assert_eq!(seen.stdout, "held\n", "{main}");
        let named = matches!(seen.cause(), Cause::HostError { message } if message.contains(&format!("`{name}`")));
        assert!(named, "{main}: {:?}", seen.cause());
    }
    let seen = run(subject, r#"(func (export "_main") (param i64) (result i32) (i32.const 0))"#);
    assert_eq!(seen.cause(), &Cause::MissingExport { name: "_main".to_owned() });
}

/// A shared memory, imported or the module's own.
pub fn shared_memory(subject: EngineUnderTest, is_expected: fn(&Cause) -> bool) {
    for memory in [
        r#"(import "env" "memory" (memory 256 256 shared))"#,
        r#"(import "env" "memory" (memory $m 256 256 shared)) (export "memory" (memory $m))"#,
    ] {
        let text = format!(
            r#"(module (import "env" "_getenv" (func (param i32) (result i32))) {memory}
            (func (export "stackAlloc") (param i32) (result i32) (i32.const 9000000))
            (func (export "_main") (param i32 i32) (result i32) (i32.const 0)))"#
        );
        let seen = Cell::new(subject, &text).run();
        assert!(is_expected(seen.cause()), "{memory}: {:?}", seen.cause());
    }
    // From 3.x on, the module exports its memory.
    let seen = Cell::new(
        subject,
        r#"(module (import "env" "__syscall_getcwd" (func $getcwd (param i32 i32) (result i32)))
            (memory (export "memory") 1 1 shared)
            (func (export "_start") (if (i32.le_s (call $getcwd (i32.const 16) (i32.const 99)) (i32.const 0))
                (then unreachable))))"#,
    )
    .run();
    assert!(is_expected(seen.cause()), "exported: {:?}", seen.cause());
}
