//! Explanations from the last messages of a guest and its host, and from what the guest was given.

use wasmlab_protocol::{Cause, Event, HostRefusal, Location, Stage, TrapKind};

use super::{facts, observation, spec, to};
use crate::{Evidence, judge};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::observation::{GuestProgress, Observation, Outcome};
use wasmlab_model::verdict::Judgement;

/// A guest of `wat` that ended with `cause`, after writing to stdout and stderr.
fn judge_end(wat: &str, cause: Cause, (stdout, stderr): (&str, &str), expect: &str) -> Judgement {
    let facts = facts(&format!("(module {wat})"));
    let seen =
        Observation { stderr: stderr.to_owned(), ..observation(Outcome::Exited(0), to(Stage::Run, cause), stdout) };
    judge(
        &Evidence { facts: Ok(&facts), observation: &seen, progress: &seen.reported_progress(), lab_guest: true },
        &spec(expect),
    )
}

fn check(found: &Judgement, code: Code, subject: Option<&str>, detail: &str, remedy: &str) {
    assert_eq!((found.code, found.subject.as_deref()), (Some(code), subject), "{found:?}");
    assert!(found.detail.contains(detail), "{} does not say {detail}", found.detail);
    let found_remedy = found.remedy.as_deref().unwrap_or(code.entry().remedy);
    assert!(found_remedy.contains(remedy), "{found_remedy} does not say {remedy}");
}

const PANIC: &str =
    "thread 'main' panicked at src/main.rs:3:5:\nconfig file missing\nnote: run with `RUST_BACKTRACE=1`\n";

#[test]
fn trap_detail_has_the_guests_message_and_location() {
    let trap = |location: Location| Cause::trap(TrapKind::Unreachable, "unreachable").at(Some(location));
    let place = Location { function_name: Some("parse".to_owned()), function_index: Some(3), offset: Some(0x65) };
    let found = judge_end("", trap(place), ("", PANIC), "");
    check(
        &found,
        Code::Trap,
        Some("unreachable"),
        "unreachable in `parse` (at 0x65)",
        "Fix what its own message reports",
    );
    assert!(
        found.detail.starts_with("thread 'main' panicked at src/main.rs:3:5: config file missing; then the trap: ")
    );
    let bounds = Cause::trap(TrapKind::MemoryOutOfBounds, "bounds")
        .at(Some(Location { function_name: Some("parse".to_owned()), ..Location::default() }));
    let found = judge_end("", bounds, ("", PANIC), "");
    check(&found, Code::Trap, Some("memory-out-of-bounds"), "bounds in `parse`", "Look at the function");
    let found = judge_end("", Cause::trap(TrapKind::Other, "WasmTrap"), ("", PANIC), "");
    check(
        &found,
        Code::Trap,
        Some("other"),
        "then the trap: WasmTrap",
        "reports neither the kind of trap nor its place",
    );
    let found = judge_end(
        "",
        trap(Location { function_index: Some(3), offset: Some(0x65), ..Location::default() }),
        ("", ""),
        "",
    );
    check(&found, Code::Trap, Some("unreachable"), "unreachable in function 3 (at 0x65)", "Build it with names");
    let found = judge_end("", trap(Location { offset: Some(0x65), ..Location::default() }), ("", ""), "");
    check(&found, Code::Trap, Some("unreachable"), "unreachable at 0x65", "Build it with names");
    let found = judge_end("", Cause::trap(TrapKind::Unreachable, "no place"), ("done\n", ""), "");
    check(&found, Code::Trap, Some("unreachable"), "no place", "does not report where");
    assert!(!found.detail.contains("done"), "it says nothing of an error: {}", found.detail);
    let found = judge_end("", Cause::trap(TrapKind::Unreachable, "x"), ("panic: index out of range\n", ""), "");
    check(
        &found,
        Code::Trap,
        Some("unreachable"),
        "panic: index out of range; then the trap: x",
        "Fix what its own message reports",
    );
}

#[test]
fn wrong_exit_code_shows_the_last_lines_of_both_streams() {
    let found = judge_end("", Cause::Exit { code: 2 }, ("one\ntwo\n", "warning\nno such table\n"), "");
    let detail = "exit code 2, expected 0: no such table; last on stdout: two";
    check(&found, Code::WrongExit, None, detail, "correct the expected one");
    let both = format!("one\ntwo\n{}\n", "X".repeat(1_000_000));
    let found = judge_end("", Cause::Exit { code: 7 }, (&both, &both), "");
    check(&found, Code::WrongExit, None, "exit code 7, expected 0: two", "");
    assert!(!found.detail.contains("stdout"), "{}", found.detail);
    let go = "panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/app/main.go:5\nexit status 2\n";
    check(&judge_end("", Cause::Exit { code: 2 }, ("", go), ""), Code::WrongExit, None, "expected 0: panic: boom", "");
}

#[test]
fn host_refusal_is_not_a_trap_of_the_guest() {
    let refused = |wat: &str, what, expect: &str, (subject, blame), detail: &str, remedy: &str| {
        let cause = Cause::HostRefused { refusal: what, message: "its words".to_owned() };
        let found = judge_end(wat, cause, ("", ""), expect);
        check(&found, Code::HostRefused, Some(subject), detail, remedy);
        assert_eq!(found.blame, [blame], "{wat}");
    };
    let code = ("exit-code", Blame::Runtime);
    refused("", HostRefusal::ExitCode, "", code, "exit code; its message: its words", "below 126");
    refused("", HostRefusal::ExitCode, "[expect]\nexit = 200", code, "; expected 200", "below 126");
    let memory = ("memory", Blame::Toolchain);
    refused("(memory 1)", HostRefusal::NoMemory, "", memory, "exports no memory", "under the name `memory`");
    refused("", HostRefusal::NoMemory, "", memory, "exports no memory", "Give the module a memory");
    let imported = "(import \"env\" \"memory\" (memory 1))";
    refused(imported, HostRefusal::NoMemory, "", memory, "exports no memory", "without `--import-memory`");
    let both = ("_start, _initialize", Blame::Toolchain);
    refused("", HostRefusal::TwoEntryPoints, "", both, "both `_start` and `_initialize`", "one of the two");
    let unset = || Cause::HostError { message: "this.memory not set".to_owned() };
    let wasi = "(import \"wasi_snapshot_preview1\" \"sched_yield\" (func (result i32)))";
    let found = judge_end(&format!("{wasi} (memory 1)"), unset(), ("", ""), "");
    check(&found, Code::HostRefused, Some("memory"), "exports no memory", "under the name `memory`");
    assert_eq!(found.blame, [Blame::Toolchain]);
    for guest in ["(memory 1)", &format!("{wasi} (memory (export \"memory\") 1)")] {
        let found = judge_end(guest, unset(), ("", ""), "");
        check(&found, Code::HostRefused, Some("host-error"), "a host function failed: this.memory not set", "");
    }
    let of_python = "wasmtime's C API has no type for v128, which `g` takes or returns".to_owned();
    let vector = "(func (export \"g\") (result v128) (v128.const i64x2 0 0))";
    let found = judge_end(vector, Cause::HostError { message: of_python }, ("", ""), "");
    check(&found, Code::HostRefused, Some("v128"), "the embedding API cannot pass a vector", "through memory");
    assert_eq!(found.blame, [Blame::Abi]);
    let found = judge_end("", Cause::HostError { message: "no".to_owned() }, ("", "reading a.txt\n"), "");
    check(
        &found,
        Code::HostRefused,
        Some("host-error"),
        "a host function failed: no; the guest's last message: reading a.txt",
        "",
    );
}

#[test]
fn linker_that_stops_first_does_not_hide_the_missing_host() {
    let stops = "Linker error: Main module is missing a required import: env.memory";
    let import = "(import \"env\" \"__assert_fail\" (func))";
    let found = judge_end(import, Cause::HostError { message: stops.to_owned() }, ("", ""), "");
    let detail = "whose linker says: Main module is missing a required import: env.memory; the module imports";
    check(&found, Code::NeedsJsGlue, Some("env.__assert_fail"), detail, "");
    let found = judge_end("", Cause::HostError { message: stops.to_owned() }, ("", ""), "");
    check(&found, Code::HostRefused, Some("host-error"), stops, "");
}

#[test]
fn runtime_crash_with_missing_import_mentions_both() {
    let judged = |imports: &str, stdout: &str, unchecked_imports: bool| {
        let facts = facts(&format!("(module {imports})"));
        let seen = observation(Outcome::Signaled(11), Vec::<Event>::new(), stdout);
        let progress = GuestProgress { unchecked_imports, stage: Some(Stage::Run), ..GuestProgress::default() };
        judge(&Evidence { facts: Ok(&facts), observation: &seen, progress: &progress, lab_guest: true }, &spec(""))
    };
    let setjmp = "(import \"env\" \"__wasm_setjmp\" (func))";
    let found = judged(setjmp, "", true);
    let expected = "this runtime does not check imports before it starts a module: its process is killed by SIGSEGV; the \
                    module imports env.__wasm_setjmp, which no WASI host defines";
    check(&found, Code::UnresolvedSymbol, Some("env.__wasm_setjmp"), expected, "-lsetjmp");
    assert_eq!(found.blame, [Blame::Toolchain]);
    assert_eq!(judged(setjmp, "", false).code, Some(Code::Crashed));
    // Nothing says which of several imports was called; the guest's own checks say how far it got.
    let two =
        "(import \"env\" \"abort\" (func)) (import \"env\" \"__syscall_rename\" (func)) (func (export \"_start\"))";
    let found = judged(two, "lab: args ok\nlab: dir-list ok\n", true);
    let expected = "is killed by SIGSEGV after its check dir-list; the module imports env.abort and env.__syscall_rename, \
                    which no WASI host defines; the runtime does not say which one the guest called";
    check(&found, found.code.unwrap(), None, expected, "");
    let wasix = "(import \"wasix_32v1\" \"sock_open\" (func))";
    let found = judged(wasix, "", true);
    check(
        &found,
        Code::MissingImport,
        Some("wasix_32v1.sock_open"),
        "which only a host of WASIX defines",
        "WASIX (wasmer)",
    );
    assert_eq!(found.blame, [Blame::Abi, Blame::Runtime]);
}

/// wamr-zig calls `main` of a module that was made for its glue: without the glue, that is a different program.
#[test]
fn trap_without_its_host_is_blamed_on_the_missing_host() {
    let facts = facts("(module (import \"env\" \"emscripten_resize_heap\" (func)) (func (export \"main\")))");
    let judged = |stderr: &str, unchecked_imports: bool| {
        let cause = Cause::trap(TrapKind::MemoryOutOfBounds, "OutOfBoundsMemoryAccess");
        let seen =
            Observation { stderr: stderr.to_owned(), ..observation(Outcome::Exited(1), to(Stage::Run, cause), "") };
        let progress = GuestProgress { unchecked_imports, ..seen.reported_progress() };
        judge(&Evidence { facts: Ok(&facts), observation: &seen, progress: &progress, lab_guest: true }, &spec(""))
    };
    let import = Some("env.emscripten_resize_heap");
    check(
        &judged("", true),
        Code::NeedsJsGlue,
        import,
        "the guest traps (OutOfBoundsMemoryAccess); the module imports",
        "STANDALONE",
    );
    let bounds = Some("memory-out-of-bounds");
    check(&judged("", false), Code::Trap, bounds, "OutOfBounds", "");
    check(&judged("Assertion failed\n", true), Code::Trap, bounds, "Assertion failed; then the trap", "");
}

const OPENS: &str = "(import \"wasi_snapshot_preview1\" \"path_open\" (func))";
const DATA: &str = "[[run.dir]]\nguest = \"/data\"";

#[test]
fn path_open_errno_counts_as_refusal_without_other_explanation() {
    let check = |wat: &str, code: i32, streams: (&str, &str), expect: &str, expected: Code, detail: &str| {
        let found = judge_end(wat, Cause::Exit { code }, streams, expect);
        assert_eq!(found.code, Some(expected), "{wat} {code}: {}", found.detail);
        assert!(found.detail.contains(detail), "{} does not say {detail}", found.detail);
        if expected == Code::CapabilityDenied {
            assert_eq!((found.subject.as_deref(), found.blame.as_slice()), (Some("path_open"), &[Blame::Guest][..]));
            assert!(found.remedy.is_some_and(|r| r.contains("`a.txt`, not `/a.txt`") && r.contains("`/data`")));
        }
    };
    let denied = Code::CapabilityDenied;
    check(OPENS, 63, ("", ""), DATA, denied, "it exits with EPERM (63), which path_open returns");
    check(OPENS, 76, ("", ""), DATA, denied, "it exits with ENOTCAPABLE (76), which path_open returns");
    let stderr = "Error: open /a.txt: Operation not permitted (os error 63)\n";
    check(
        OPENS,
        1,
        ("", stderr),
        DATA,
        denied,
        "Operation not permitted (os error 63); that is EPERM (63), which path_open",
    );
    check(
        OPENS,
        1,
        ("", "a.txt: Capabilities insufficient\n"),
        DATA,
        denied,
        "a.txt: Capabilities insufficient; that is ENOTCAPABLE (76)",
    );
    // It said something else, printed something, opens nothing, was given nothing, or ended with another code.
    check(OPENS, 63, ("", "63 problems\n"), DATA, Code::WrongExit, "exit code 63");
    check(OPENS, 63, ("63 found\n", ""), DATA, Code::WrongExit, "exit code 63");
    check("", 63, ("", ""), DATA, Code::WrongExit, "exit code 63");
    check(OPENS, 63, ("", ""), "", Code::WrongExit, "exit code 63");
    check(OPENS, 62, ("", ""), DATA, Code::WrongExit, "exit code 62");
    // The code that is expected is no refusal.
    let expected = judge_end(OPENS, Cause::Exit { code: 63 }, ("", ""), &format!("[expect]\nexit = 63\n{DATA}"));
    assert_eq!(expected.code, None, "{}", expected.detail);
}

#[test]
fn calling_an_export_before_startup_has_its_own_remedy() {
    let calls = "[run]\nentry = \"calls\"\n[[run.call]]\nexport = \"double\"";
    let command = "(func (export \"_start\")) (func (export \"double\"))";
    let trap = |trap| Cause::trap(trap, "words");
    let bounds = || trap(TrapKind::MemoryOutOfBounds);
    let found = judge_end(command, bounds(), ("", ""), calls);
    let expected = "its export was called before `_start` ran";
    check(&found, Code::Trap, Some("memory-out-of-bounds"), expected, "-mexec-model=reactor");
    for (wat, cause, expect) in [
        (command, trap(TrapKind::DivisionByZero), calls),
        (command, bounds(), ""),
        ("(func (export \"_start\")) (func (export \"_initialize\"))", bounds(), calls),
        ("(func (export \"double\"))", bounds(), calls),
    ] {
        let found = judge_end(wat, cause, ("", ""), expect);
        assert!(!found.detail.contains("_start"), "{wat}: {}", found.detail);
    }
}

#[test]
fn refused_memory_names_its_limit() {
    let trap = || Cause::trap(TrapKind::Unreachable, "unreachable");
    let stderr = "memory allocation of 1048576 bytes failed\n";
    let limited = "(memory (export \"memory\") 1 16)";
    let found = judge_end(limited, trap(), ("", stderr), "");
    check(&found, Code::OutOfMemory, Some("memory.grow"), "a maximum of 16 pages (1024 KiB)", "--max-memory=BYTES");
    let found = judge_end("(memory (export \"memory\") 1)", trap(), ("", stderr), "");
    check(&found, Code::OutOfMemory, Some("memory.grow"), "declares no maximum", "peak memory use");
    let go = "fatal error: runtime: out of memory\n\ngoroutine 1 [running]:\n";
    let found = judge_end(limited, Cause::Exit { code: 2 }, ("", go), "");
    check(&found, Code::OutOfMemory, Some("memory.grow"), "runtime: out of memory; its memory", "BYTES");
}

#[test]
fn wrong_answers_to_wasi_unstable_have_a_reason() {
    let old = "(import \"wasi_unstable\" \"path_filestat_get\" (func))";
    let found = judge_end(old, Cause::Exit { code: 0 }, ("size 1\n", ""), "[expect]\nstdout_contains = [\"size 7\"]");
    check(&found, Code::WrongOutput, None, "the new layout under the old name", "Rebuild");
    let same = "(import \"wasi_unstable\" \"fd_write\" (func))";
    let found = judge_end(same, Cause::Exit { code: 0 }, ("size 1\n", ""), "[expect]\nstdout_contains = [\"size 7\"]");
    assert!(!found.detail.contains("layout"), "{}", found.detail);
}

#[test]
fn release_candidate_is_named_with_its_release() {
    let facts = facts("(component (import \"wasi:http/types@0.2.0-rc-2023-12-05\" (instance (export \"f\" (func)))))");
    let (module, name) = ("wasi:http/types@0.2.0-rc-2023-12-05".to_owned(), "f".to_owned());
    let cause = Cause::MissingImport { module, name, ty: "instance".to_owned(), missing_count: 0 };
    let seen = observation(Outcome::Exited(0), to(Stage::Link, cause), "");
    let found = judge(
        &Evidence { facts: Ok(&facts), observation: &seen, progress: &seen.reported_progress(), lab_guest: true },
        &spec(""),
    );
    let expected = "0.2.0-rc-2023-12-05 is a pre-release of 0.2.0";
    check(
        &found,
        Code::MissingImport,
        Some("wasi:http/types@0.2.0-rc-2023-12-05"),
        expected,
        "Rebuild it with current tools",
    );
    assert_eq!(found.blame, [Blame::Toolchain]);
}

#[test]
fn first_argument_taken_for_a_function_is_no_missing_export() {
    let check = |wat: &str, argument: &str, subject: &str, blame: Blame, says: &str| {
        let cause = Cause::MissingExport { name: argument.to_owned() };
        let args = format!("[run]\nargs = [\"{argument}\"]");
        let found = judge_end(wat, cause, ("", ""), &args);
        assert_eq!((found.subject.as_deref(), &found.blame[..]), (Some(subject), &[blame][..]), "{found:?}");
        assert!(found.detail.contains(says), "{} does not say {says}", found.detail);
    };
    let takes =
        "exports no function `_start`, so this runtime takes the first argument, `--help`, as a function's name; it";
    check("(func (export \"f\"))", "--help", "_start", Blame::Guest, takes);
    check("(func (export \"f\"))", "f", "_start", Blame::Guest, "`f`, as a function's name; it exports `f`");
}
