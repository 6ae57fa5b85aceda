//! The protocol of engines, as implemented by the driver for JavaScript hosts. The tests of a host that is not
//! installed are ignored.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../engines/common/conformance.rs"]
mod conformance;
#[path = "../engines/common/driver.rs"]
mod driver;

use std::process::{Command, ExitCode};

use conformance::{EngineTraits, EngineUnderTest};

const DRIVER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/runtimes/src/js/driver.mjs");

const NODE: EngineUnderTest = EngineUnderTest {
    command: || {
        let mut command = Command::new("node");
        command.arg("--no-warnings").arg(DRIVER);
        command
    },
    engine: "node",
    mode: "node",
    traits: EngineTraits {
        typed_host_functions: false,
        memory_limit: false,
        v128_values: false,
        switches_of_program: true,
        escapes_by: &["loop/secret", "out"],
        ..EngineTraits::EMBEDDED
    },
};

const DENO: EngineUnderTest = EngineUnderTest {
    command: || {
        let mut command = Command::new("deno");
        // The adapter grants access to the cell's own folders; here each case has a different one.
        command.args(["run", "--quiet", "--no-prompt", "--no-config", "--allow-read", "--allow-write"]);
        command.arg(DRIVER);
        command
    },
    engine: "deno",
    mode: "deno",
    traits: EngineTraits { escapes_by: &["out"], ..NODE.traits },
};

const BUN: EngineUnderTest = EngineUnderTest {
    command: || {
        let mut command = Command::new("bun");
        command.args(["run", "--no-install"]).arg(DRIVER);
        command
    },
    engine: "bun",
    mode: "bun",
    traits: EngineTraits { escapes_by: &[], ..NODE.traits },
};

fn main() -> ExitCode {
    let tests = [NODE, DENO, BUN].into_iter().flat_map(|subject| {
        let mut cases: Vec<driver::Case> = conformance::conformance!(list);
        cases.push(("sleeping_guest_has_not_ended", sleeping_guest_has_not_ended));
        let missing = which::which(subject.engine).err().map(|_| subject.engine);
        driver::tests(subject.engine, subject, missing.as_slice(), cases)
    });
    driver::run(tests.collect())
}

/// A guest that waits with Binaryen's Asyncify: `main` returns at once, and is called again when the wait is over.
const SLEEPY: &str = r#"(module
    (import "env" "wait" (func $wait))
    (global $woken (mut i32) (i32.const 0))
    (func (export "main") (param i32 i32) (result i32)
        (call $wait)
        (select (i32.const 7) (i32.const 0) (global.get $woken)))
    (func (export "asyncify_start_unwind") (param i32))
    (func (export "asyncify_stop_rewind") (global.set $woken (i32.const 1))))"#;

/// The behaviour of Emscripten's glue: it calls `quit` as soon as `main` returns, and not afterwards.
const SLEEPY_GLUE: &str = "
    var guest, asleep = false;
    function wait() {
      if (asleep) guest.exports.asyncify_stop_rewind();
      else guest.exports.asyncify_start_unwind(0);
      asleep = !asleep;
    }
    guest = new WebAssembly.Instance(new WebAssembly.Module(Module.wasmBinary), { env: { wait } });
    var status = guest.exports.main(0, 0);
    setTimeout(() => guest.exports.main(0, 0), 50);
    try { Module.quit(status, new Error('exit')); } catch {}
";

fn sleeping_guest_has_not_ended(subject: EngineUnderTest) {
    let mut cell = conformance::harness::Cell::new(subject, SLEEPY);
    let glue = cell.dir().join("guest.js");
    std::fs::write(&glue, SLEEPY_GLUE).unwrap();
    cell.spec.glue = Some(glue);
    assert_eq!(*cell.run().cause(), wasmlab_protocol::Cause::Exit { code: 7 });
}
