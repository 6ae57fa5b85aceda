//! Cases about modules, calls, imports, traps and limits.

use wasmlab_engine::MAX_HOST_CALLS;
use wasmlab_protocol::{Cause, Event, HostRefusal, Stage, TrapKind, Value};

use super::harness::{Cell, CellResult, EngineUnderTest};

/// Exports `add`, which takes two i32.
pub const ADD: &str = r#"(module (func (export "add") (param i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 1))))"#;

/// A command that writes `hello` and then runs `end`.
fn hello(end: &str) -> String {
    format!(
        r#"(module
            (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "\10\00\00\00\06\00\00\00") (data (i32.const 16) "hello\n")
            (func (export "_start")
                (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
                {end}))"#
    )
}

fn trap(seen: &CellResult) -> TrapKind {
    match seen.cause() {
        Cause::Trap { trap, message, .. } => {
            assert!(!message.is_empty());
            *trap
        }
        other => panic!("no trap: {other:?}"),
    }
}

pub fn adds(subject: EngineUnderTest) {
    let seen = Cell::new(subject, ADD).call("add", &["i32:2", "i32:40"]).call("add", &["i32:-1", "i32:0"]).run();
    assert_eq!(seen.cause(), &Cause::Returned);
    assert_eq!(seen.results(), ["i32:42", "i32:-1"]);
    let stages = seen.stages();
    assert!(stages.is_sorted(), "{stages:?}");
    for stage in [Stage::Load, Stage::Compile, Stage::Link, Stage::Instantiate, Stage::Run] {
        assert!(stages.contains(&stage), "{stage:?} of {stages:?}");
    }
    assert_eq!((seen.stdout.as_str(), seen.stderr.as_str()), ("", ""));
}

pub fn floats(subject: EngineUnderTest) {
    let values = [
        "f64:1.5",
        "f64:-0",
        "f64:inf",
        "f64:-inf",
        "f64:nan",
        "f64:0.1",
        "f64:1234567890123456800000000",
        "f64:0.00000001",
    ];
    let singles =
        ["f32:0.1", "f32:16777216", "f32:-0", "f32:nan", "f32:0.000000000000000000000000000000000000000000001"];
    let integers = ["i64:9223372036854775807", "i64:-1", "i32:-2147483648"];
    let mut cell = Cell::new(
        subject,
        r#"(module (func (export "f64") (param f64) (result f64) (local.get 0))
            (func (export "f32") (param f32) (result f32) (local.get 0))
            (func (export "i64") (param i64) (result i64) (local.get 0))
            (func (export "i32") (param i32) (result i32) (local.get 0))
            (func (export "two") (result i32 i64) (i32.const 1) (i64.const 2)))"#,
    );
    for value in values.iter().chain(&singles).chain(&integers) {
        cell = cell.call(&value[..3], &[value]);
    }
    let seen = cell.call("two", &[]).run();
    assert_eq!(seen.cause(), &Cause::Returned);
    let expected: Vec<_> = values.iter().chain(&singles).chain(&integers).chain(&["i32:1", "i64:2"]).collect();
    assert_eq!(seen.results().iter().collect::<Vec<_>>(), expected);
}

pub fn exits(subject: EngineUnderTest) {
    for code in [7, 0] {
        let seen = Cell::new(subject, &hello(&format!("(call $exit (i32.const {code}))"))).run();
        assert_eq!(seen.cause(), &Cause::Exit { code });
        assert_eq!((seen.stdout.as_str(), seen.stderr.as_str()), ("hello\n", ""));
    }
}

pub fn returns(subject: EngineUnderTest) {
    let seen = Cell::new(subject, &hello("")).run();
    assert_eq!(seen.cause(), &Cause::Returned);
    assert_eq!(seen.stdout, "hello\n");
    // A command without imports is just called.
    let seen = Cell::new(subject, r#"(module (func (export "_start")))"#).run();
    assert_eq!(seen.cause(), &Cause::Returned);
}

pub fn no_start(subject: EngineUnderTest) {
    let seen = Cell::new(subject, ADD).run();
    assert_eq!(seen.cause(), &Cause::MissingExport { name: "_start".to_owned() });
    let seen = Cell::new(subject, ADD).call("sub", &[]).run();
    assert_eq!(seen.cause(), &Cause::MissingExport { name: "sub".to_owned() });
    // A memory cannot be called, whatever its name.
    let seen = Cell::new(subject, r#"(module (memory (export "_start") 1))"#).run();
    assert_eq!(seen.cause(), &Cause::MissingExport { name: "_start".to_owned() });
}

pub fn initializes(subject: EngineUnderTest) {
    let module = r#"(module
        (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
        (memory (export "memory") 1)
        (global $ready (mut i32) (i32.const 0))
        (func (export "_initialize") (drop (call $yield)) (global.set $ready (i32.const 5)))
        (func (export "get") (result i32) (global.get $ready)))"#;
    assert_eq!(Cell::new(subject, module).call("get", &[]).run().results(), ["i32:5"]);
    // The same without WASI.
    let module = r#"(module (global $ready (mut i32) (i32.const 0))
        (func (export "_initialize") (global.set $ready (i32.const 6)))
        (func (export "get") (result i32) (global.get $ready)))"#;
    assert_eq!(Cell::new(subject, module).call("get", &[]).run().results(), ["i32:6"]);
}

pub fn wrong_calls(subject: EngineUnderTest) {
    for args in [&["i32:1"][..], &["i32:1", "f64:1"], &["i32:1", "i32:2", "i32:3"]] {
        let seen = Cell::new(subject, ADD).call("add", args).run();
        let Cause::EngineError { message } = seen.cause() else { panic!("{:?}", seen.cause()) };
        assert!(message.contains("add") && message.contains("func (i32, i32) -> i32"), "{message}");
    }
}

/// A WASI guest that exports no memory: the host reports it, and nothing crashes.
pub fn no_memory(subject: EngineUnderTest) {
    let module = r#"(module (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
        (func (export "f") (result i32) (call $yield)))"#;
    let seen = Cell::new(subject, module).call("f", &[]).run();
    // The browser's polyfill only accesses the memory when a call needs it, which this one does not.
    let lazy = subject.engine == "browser" && matches!(seen.cause(), Cause::Returned);
    let refused =
        matches!(seen.cause(), Cause::HostRefused { refusal: HostRefusal::NoMemory, message } if !message.is_empty());
    assert!(lazy || refused, "{:?}", seen.cause());
}

pub fn missing_imports(subject: EngineUnderTest) {
    let run = |rest: &str| {
        let module = format!(
            r#"(module
            (import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))
            (import "wasi_snapshot_preview1" "no_such" (func (param i64) (result i32)))
            (import "env" "mem" (memory 32))
            (import "env" "f" (func))
            {rest})"#
        );
        Cell::new(subject, &module).run()
    };
    let start = r#"(func (export "_start"))"#;
    // Some engines look for the imports of a large module before they compile it.
    let data = format!(r#"(data (i32.const 0) "{}")"#, "a".repeat(1 << 20));
    for rest in [start, &format!("{start} {data}")] {
        let seen = run(rest);
        let Cause::MissingImport { module, name, ty, missing_count } = seen.cause() else {
            panic!("{:?}", seen.cause())
        };
        assert_eq!((module.as_str(), name.as_str(), *missing_count), ("wasi_snapshot_preview1", "no_such", 3));
        assert_eq!(ty, "func (i64) -> i32");
        assert_eq!(seen.stage(), Some(Stage::Link));
    }
    // An invalid function comes first.
    let seen = run(&format!(r#"(func (export "_start") (result i32)) {data}"#));
    assert!(matches!(seen.cause(), Cause::Rejected { .. }), "{:?}", seen.cause());
}

pub fn import_mismatch(subject: EngineUnderTest) {
    let seen = Cell::new(
        subject,
        r#"(module (import "wasi_snapshot_preview1" "sched_yield" (func (param i64) (result i64)))
            (memory (export "memory") 1) (func (export "_start")))"#,
    )
    .run();
    match seen.cause() {
        Cause::ImportTypeMismatch { module, name, message } if subject.traits.typed_host_functions => {
            assert_eq!((module.as_str(), name.as_str()), ("wasi_snapshot_preview1", "sched_yield"));
            assert!(!message.is_empty());
        }
        // JavaScript functions have no types, so the module is instantiated and runs.
        Cause::Returned if !subject.traits.typed_host_functions => {}
        other => panic!("{other:?}"),
    }
}

pub fn traps(subject: EngineUnderTest) {
    let cases = [
        ("unreachable", TrapKind::Unreachable),
        ("(drop (i32.div_s (i32.const 1) (local.get 0)))", TrapKind::DivisionByZero),
        ("(drop (i32.rem_u (i32.const 1) (local.get 0)))", TrapKind::DivisionByZero),
        ("(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))", TrapKind::IntegerOverflow),
        ("(drop (i32.trunc_f64_s (f64.const nan)))", TrapKind::BadConversion),
        ("(drop (i32.load (i32.const 65536)))", TrapKind::MemoryOutOfBounds),
        ("(memory.fill (i32.const 65530) (i32.const 0) (i32.const 7))", TrapKind::MemoryOutOfBounds),
        ("(call_indirect (type $t) (i32.const 9))", TrapKind::TableOutOfBounds),
        ("(call_indirect (type $t) (i32.const 0))", TrapKind::NullReference),
        ("(call_indirect (type $t) (i32.const 1))", TrapKind::BadSignature),
    ];
    for (body, expected) in cases {
        let module = format!(
            r#"(module (type $t (func)) (memory 1) (table 2 funcref) (elem (i32.const 1) $other)
                (func $other (param i64)) (func (export "_start") (local i32) {body}))"#
        );
        let seen = Cell::new(subject, &module).run();
        // JavaScript engines report null and a wrong function type in a table as the same kind.
        let javascript = matches!(subject.engine, "node" | "bun");
        let in_table = |kind| matches!(kind, TrapKind::NullReference | TrapKind::BadSignature);
        // SpiderMonkey reports out-of-bounds accesses of memories and tables as the same kind.
        let spidermonkey = subject.mode.starts_with("firefox");
        let in_bounds = |kind| matches!(kind, TrapKind::MemoryOutOfBounds | TrapKind::TableOutOfBounds);
        let is_interchangeable = |kind| (javascript && in_table(kind)) || (spidermonkey && in_bounds(kind));
        let actual = trap(&seen);
        assert!(actual == expected || is_interchangeable(expected) && is_interchangeable(actual), "{body}: {actual:?}");
        assert_eq!(seen.stage(), Some(Stage::Run));
        assert_eq!(seen.stderr, "");
    }
}

pub fn endless_recursion(subject: EngineUnderTest) {
    let module = r#"(module (func $f (export "_start") (call $f) (call $f)))"#;
    assert_eq!(trap(&Cell::new(subject, module).run()), TrapKind::StackOverflow);
    // With stack frames of some size, so that no shortcut for functions without locals applies.
    let module = r#"(module (func $f (export "f") (param i64 i64 i64 i64) (result i64)
        (i64.add (call $f (local.get 3) (local.get 2) (local.get 0) (local.get 1)) (local.get 2))))"#;
    let seen = Cell::new(subject, module).call("f", &["i64:1", "i64:2", "i64:3", "i64:4"]).run();
    assert_eq!(trap(&seen), TrapKind::StackOverflow);
}

pub fn output_before_trap(subject: EngineUnderTest) {
    let seen = Cell::new(subject, &hello("unreachable")).run();
    assert_eq!(trap(&seen), TrapKind::Unreachable);
    assert_eq!((seen.stdout.as_str(), seen.stderr.as_str()), ("hello\n", ""));
}

pub fn host_functions(subject: EngineUnderTest) {
    let mut cell = Cell::new(
        subject,
        r#"(module (import "env.v1" "on.event" (func $on (param i32 f64) (result i64)))
            (func (export "_start") (if (i64.ne (call $on (i32.const 3) (f64.const 0.5)) (i64.const 0)) (then unreachable))))"#,
    );
    cell.spec.host_functions = vec!["env.v1.on.event".to_owned()];
    let seen = cell.run();
    assert_eq!(seen.cause(), &Cause::Returned);
    let call = Event::HostCall { function: "env.v1.on.event".to_owned(), args: vec![Value::I32(3), Value::F64(0.5)] };
    assert!(seen.events.contains(&call), "{:?}", seen.events);
}

/// A guest that calls forever must not fill the disk with events.
pub fn many_host_calls(subject: EngineUnderTest) {
    let mut cell = Cell::new(
        subject,
        r#"(module (import "env" "f" (func $f)) (func (export "_start") (local i32)
            (loop $again (call $f) (local.set 0 (i32.add (local.get 0) (i32.const 1)))
                (br_if $again (i32.lt_u (local.get 0) (i32.const 5000))))))"#,
    );
    cell.spec.host_functions = vec!["env.f".to_owned()];
    let seen = cell.run();
    assert_eq!(seen.cause(), &Cause::Returned);
    let calls = seen.events.iter().filter(|event| matches!(event, Event::HostCall { .. })).count();
    assert_eq!(u32::try_from(calls), Ok(MAX_HOST_CALLS));
}

pub fn memory_limit(subject: EngineUnderTest) {
    let module = r#"(module (memory 1) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#;
    let mut cell =
        Cell::new(subject, module).call("grow", &["i32:15"]).call("grow", &["i32:1"]).call("grow", &["i32:0"]);
    cell.spec.memory_limit = 1 << 20;
    let seen = cell.run();
    assert_eq!(seen.cause(), &Cause::Returned);
    let expected =
        if subject.traits.memory_limit { ["i32:1", "i32:-1", "i32:16"] } else { ["i32:1", "i32:16", "i32:17"] };
    assert_eq!(seen.results(), expected);
    // A table of four billion elements is refused by every engine.
    let module = r#"(module (table 1 funcref)
        (func (export "grow") (param i32) (result i32) (table.grow (ref.null func) (local.get 0))))"#;
    assert_eq!(Cell::new(subject, module).call("grow", &["i32:0xfffffffe"]).run().results(), ["i32:-1"]);
}

pub fn refused_memory(subject: EngineUnderTest) {
    let mut cell = Cell::new(subject, r#"(module (memory 32) (func (export "_start")))"#);
    cell.spec.memory_limit = 1 << 20;
    let seen = cell.run();
    if subject.traits.memory_limit {
        assert!(matches!(seen.cause(), Cause::ResourceLimit { .. }), "{:?}", seen.cause());
        assert_eq!(seen.stage(), Some(Stage::Instantiate));
    } else {
        assert_eq!(seen.cause(), &Cause::Returned);
    }
}

pub fn malformed(subject: EngineUnderTest) {
    let mut truncated = wat::parse_str(ADD).unwrap();
    truncated.pop();
    for bytes in [&b""[..], b"(module)", b"\0asm", b"\0asm\x01\0\0\0\xff", &truncated] {
        let seen = Cell::of_bytes(subject, bytes).run();
        let Cause::Rejected { message, .. } = seen.cause() else { panic!("{bytes:?}: {:?}", seen.cause()) };
        assert!(!message.is_empty());
        assert!(matches!(seen.stage(), Some(Stage::Validate | Stage::Compile)));
    }
    // Well-formed, but with an i64 where an i32 is expected, so there is an offset to report.
    let invalid = "(module (func (export \"_start\") (drop (i32.add (i32.const 1) (i64.const 1)))))";
    let seen = Cell::new(subject, invalid).run();
    // JavaScriptCore reports the function instead.
    let names_function = |message: &str| subject.engine == "bun" && message.contains("in function at index 0");
    assert!(
        matches!(seen.cause(), Cause::Rejected { offset, message } if offset.is_some() || names_function(message)),
        "{:?}",
        seen.cause()
    );
}

pub fn start_function(subject: EngineUnderTest) {
    let module = r#"(module (global $g (mut i32) (i32.const 0)) (func $s (global.set $g (i32.const 9))) (start $s)
        (func (export "get") (result i32) (global.get $g)))"#;
    assert_eq!(Cell::new(subject, module).call("get", &[]).run().results(), ["i32:9"]);
}

pub fn start_function_traps(subject: EngineUnderTest) {
    let seen = Cell::new(subject, r#"(module (func $s unreachable) (start $s) (func (export "_start")))"#).run();
    assert_eq!(trap(&seen), TrapKind::Unreachable);
    assert_eq!(seen.stage(), Some(Stage::Instantiate));
    // A data segment that does not fit also fails, which the specification calls a trap.
    let seen = Cell::new(subject, r#"(module (memory 1) (data (i32.const 65536) "x") (func (export "_start")))"#).run();
    assert_eq!(trap(&seen), TrapKind::MemoryOutOfBounds);
}

pub fn v128(subject: EngineUnderTest) {
    let module = r#"(module (func (export "f") (param v128) (result v128) (i8x16.add (local.get 0) (i8x16.splat (i32.const 1)))))"#;
    let seen = Cell::new(subject, module).call("f", &["v128:0x000102030405060708090a0b0c0d0e0f"]).run();
    if subject.traits.v128_values {
        assert_eq!(seen.results(), ["v128:0x0102030405060708090a0b0c0d0e0f10"]);
    } else {
        // JavaScript has no such values; a compiler that lacks the instructions fails earlier.
        let failed =
            matches!(seen.cause(), Cause::HostError { .. } | Cause::Rejected { .. } | Cause::CompileFailed { .. });
        assert!(failed, "{:?}", seen.cause());
    }
}

/// Proposals that every engine enables by default in every mode.
pub fn proposals_are_on(subject: EngineUnderTest) {
    for module in [
        r#"(module (func (export "_start") (drop (i32.extend8_s (i32.const 1)))))"#,
        r#"(module (func $two (result i32 i32) (i32.const 1) (i32.const 2)) (func (export "_start") (call $two) (drop) (drop)))"#,
        r#"(module (table 1 funcref) (func (export "_start") (table.set (i32.const 0) (ref.null func))))"#,
    ] {
        assert_eq!(Cell::new(subject, module).run().cause(), &Cause::Returned, "{module}");
    }
}

pub fn component(subject: EngineUnderTest) {
    let seen = Cell::of_bytes(subject, &wat::parse_str("(component)").unwrap()).run();
    if subject.traits.components {
        // It runs components, but this one has no `wasi:cli/run`.
        assert!(
            matches!(seen.cause(), Cause::MissingExport { name } if name.contains("wasi:cli/run")),
            "{:?}",
            seen.cause()
        );
    } else {
        // The engine rejects it with its own message, at the header.
        assert!(matches!(seen.cause(), Cause::Rejected { offset: None | Some(..=8), .. }), "{:?}", seen.cause());
    }
}
