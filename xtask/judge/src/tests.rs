//! The judge's table: evidence, expectation, verdict.

use proptest::prelude::*;
use wasmlab_protocol::{Cause, Event, Stage, TrapKind, Value};

use super::{Evidence, judge};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::facts::Facts;
use wasmlab_model::observation::{Limit, Observation, Outcome, PREOPENED_SOCKET, Progress, Script};
use wasmlab_model::scenario::ScenarioFile;
use wasmlab_model::verdict::{Judgement, Verdict};

fn spec(extra: &str) -> ScenarioFile {
    let text = format!(
        "schema = 1\ntitle = \"t\"\nfamily = \"f\"\nroute = \"r\"\n[build]\ntoolchain = \"wat\"\nsource = \"a.wat\"\n{extra}"
    );
    toml::from_str(&text).unwrap()
}

fn observation(outcome: Outcome, events: Vec<Event>, stdout: &str) -> Observation {
    Observation { events, outcome, stdout: stdout.to_owned(), ..Observation::nothing() }
}

fn to(stage: Stage, cause: Cause) -> Vec<Event> {
    vec![Event::Stage { stage, micros: 1, cached: false }, Event::End { cause, micros: 2 }]
}

fn facts(wat: &str) -> Facts {
    wasmlab_inspect::facts(&wat::parse_str(wat).unwrap()).unwrap()
}

fn verdict(facts: Result<&Facts, &str>, observation: &Observation, spec: &ScenarioFile) -> Judgement {
    judge(&Evidence { facts, observation, progress: &observation.reported() }, spec)
}

/// A guest that ran to `cause` after printing `stdout`, under the expectation `expect`.
fn ran(cause: Cause, stdout: &str, expect: &str) -> (Verdict, Option<Code>) {
    let facts = facts("(module)");
    let observation = observation(Outcome::Exited(0), to(Stage::Run, cause), stdout);
    let judgement = verdict(Ok(&facts), &observation, &spec(expect));
    (judgement.verdict, judgement.code)
}

const PASS: (Verdict, Option<Code>) = (Verdict::Pass, None);
const EXIT: (Verdict, Option<Code>) = (Verdict::Fail, Some(Code::WrongExit));
const OUTPUT: (Verdict, Option<Code>) = (Verdict::Fail, Some(Code::WrongOutput));

#[test]
fn a_guest_that_does_what_is_expected_passes() {
    assert_eq!(ran(Cause::Returned, "", ""), PASS);
    assert_eq!(ran(Cause::Exit { code: 0 }, "hi\n", "[expect]\nstdout = \"hi\\n\""), PASS);
    assert_eq!(ran(Cause::Exit { code: 7 }, "", "[expect]\nexit = 7"), PASS);
    assert_eq!(ran(Cause::Returned, "lab: args ok\n", "[expect]\nlab = [\"args\"]"), PASS);
}

#[test]
fn a_guest_that_does_something_else_fails() {
    assert_eq!(ran(Cause::Exit { code: 1 }, "", ""), EXIT);
    assert_eq!(ran(Cause::Returned, "", "[expect]\nexit = 7"), EXIT);
    assert_eq!(ran(Cause::Returned, "ho\n", "[expect]\nstdout = \"hi\\n\""), OUTPUT);
    assert_eq!(ran(Cause::Returned, "", "[expect]\nlab = [\"args\"]"), OUTPUT);
    assert_eq!(ran(Cause::Returned, "", "[expect]\nstdout_contains = [\"x\"]"), OUTPUT);
}

#[test]
fn no_annotation_excuses_a_silent_exit() {
    let known = "[[known]]\nruntime = \"*\"\ncode = \"sockets-unsupported\"\nbecause = \"x\"";
    assert_eq!(ran(Cause::Exit { code: 1 }, "", known), EXIT);
}

#[test]
fn the_guests_own_words_are_evidence() {
    let words = "lab: socket-bind no-errno operation not supported\n";
    assert_eq!(
        ran(Cause::Exit { code: 1 }, words, "[expect]\nlab = [\"socket-bind\"]"),
        (Verdict::Gap, Some(Code::SocketsUnsupported))
    );
}

#[test]
fn results_and_host_calls_are_compared() {
    let facts = facts("(module)");
    let check = |results: Vec<Value>, calls: Vec<Value>, wanted| {
        let mut events = vec![Event::Stage { stage: Stage::Run, micros: 1, cached: false }];
        events.push(Event::HostCall { function: "env.f".to_owned(), args: calls });
        events.push(Event::Called { export: "add".to_owned(), results });
        events.push(Event::End { cause: Cause::Returned, micros: 2 });
        let spec = spec(
            "[run]\nentry = \"calls\"\n[[run.call]]\nexport = \"add\"\nresults = [\"i32:5\"]\n[expect]\nhost_calls = [{ function = \"env.f\", args = [\"i32:7\"] }]",
        );
        let judgement = verdict(Ok(&facts), &observation(Outcome::Exited(0), events, ""), &spec);
        assert_eq!((judgement.verdict, judgement.code), wanted, "{}", judgement.detail);
    };
    check(vec![Value::I32(5)], vec![Value::I32(7)], PASS);
    check(vec![Value::I32(6)], vec![Value::I32(7)], OUTPUT);
    check(vec![Value::I32(5)], vec![Value::I32(8)], OUTPUT);
    check(vec![], vec![Value::I32(7)], OUTPUT);
}

#[test]
fn limits_signals_and_silence_have_their_codes() {
    let facts = facts("(module)");
    let check = |outcome, events, code| {
        let judgement = verdict(Ok(&facts), &observation(outcome, events, ""), &spec(""));
        assert_eq!(judgement.code, Some(code), "{}", judgement.detail);
    };
    let running = || vec![Event::Stage { stage: Stage::Run, micros: 1, cached: false }];
    check(Outcome::Limit(Limit::Time(10)), running(), Code::Timeout);
    check(Outcome::Limit(Limit::CompileTime(10)), vec![], Code::CompileTimeout);
    check(Outcome::Limit(Limit::Output(10)), running(), Code::OutputFlood);
    check(Outcome::Limit(Limit::Memory(10)), running(), Code::OutOfMemory);
    check(Outcome::Signaled(11), running(), Code::Crashed);
    check(Outcome::Signaled(9), running(), Code::Crashed);
    check(Outcome::Exited(0), running(), Code::Crashed);
    check(Outcome::Exited(101), vec![], Code::Crashed);
}

#[test]
fn a_missing_import_is_judged_by_its_abi() {
    let check = |module: &str, name: &str, code| {
        let facts = facts(&format!("(module (import \"{module}\" \"{name}\" (func)))"));
        let cause =
            Cause::MissingImport { module: module.to_owned(), name: name.to_owned(), ty: String::new(), missing: 1 };
        let judgement = verdict(Ok(&facts), &observation(Outcome::Exited(0), to(Stage::Link, cause), ""), &spec(""));
        assert_eq!((judgement.code, judgement.stage), (Some(code), Some(Stage::Link)), "{module}.{name}");
        assert_eq!(judgement.subject, Some(format!("{module}.{name}")));
    };
    check("wasi_snapshot_preview1", "sock_accept", Code::MissingImport);
    check("wasix_32v1", "sock_open", Code::MissingImport);
    check("wasi", "thread-spawn", Code::MissingImport);
    check("env", "on_event", Code::CustomHost);
    check("env", "__syscall_bind", Code::NeedsJsGlue);
    check("a", "b", Code::NeedsJsGlue);
    check("wbg", "f", Code::NeedsJsGlue);
    check("env", "___syscall102", Code::NeedsEmscriptenHost);
    check("env", "napi_create_object", Code::NeedsNapiHost);
}

/// A module, the import that is missing, and what is said of it: the first import of a kind, the code, whom it blames,
/// words of the detail and of the remedy.
fn missing(wat: &str, import: &str, wanted: (Code, &[Blame]), words: (&str, &str)) {
    let facts = facts(&format!("(module {wat})"));
    let (module, name) = import.rsplit_once('.').unwrap();
    let (module, name) = (module.to_owned(), name.to_owned());
    let cause = Cause::MissingImport { module, name, ty: String::new(), missing: 1 };
    let judgement = verdict(Ok(&facts), &observation(Outcome::Exited(0), to(Stage::Link, cause), ""), &spec(""));
    let remedy = judgement.remedy.unwrap_or_else(|| judgement.code.unwrap().entry().remedy.to_owned());
    assert_eq!((judgement.code, &judgement.blame[..]), (Some(wanted.0), wanted.1), "{wat}");
    assert!(judgement.detail.contains(words.0), "{} does not say {}", judgement.detail, words.0);
    assert!(remedy.contains(words.1), "{remedy} does not say {}", words.1);
}

#[test]
fn what_a_linker_let_through_is_no_host_of_its_own() {
    let symbol = (Code::UnresolvedSymbol, &[Blame::Toolchain][..]);
    let wasi = "(import \"wasi_snapshot_preview1\" \"proc_exit\" (func (param i32)))";
    let check = |item: &str, ty: &str, detail: &str, remedy: &str| {
        missing(&format!("{wasi} (import \"env\" \"{item}\" {ty})"), &format!("env.{item}"), symbol, (detail, remedy));
    };
    check("getpwuid", "(func (param i32) (result i32))", "let through", "Link what defines `getpwuid`");
    check("socket", "(func (param i32 i32 i32) (result i32))", "env.socket", "wasm32-wasip2");
    check("__wasm_setjmp", "(func (param i32 i32 i32))", "env.__wasm_setjmp", "`-lsetjmp`");
    check("__c_longjmp", "(tag (param i32))", "a tag", "`-lsetjmp`");
    check("saveSetjmp", "(func (param i32 i32 i32 i32) (result i32))", "env.saveSetjmp", "LLVM 19");
    check("getpid", "(func (result i32))", "env.getpid", "-lwasi-emulated-getpid");
    check("_ZN3app4saveEv", "(func)", "_ZN3app4saveEv", "clang++");
    let object = "(@custom \"linking\" \"\\02\") (import \"env\" \"helper\" (func))";
    missing(object, "env.helper", symbol, ("object file", "leave out `-c`"));
}

#[test]
fn each_kind_of_missing_import_has_its_own_remedy() {
    let toolchain = &[Blame::Toolchain][..];
    let abi = &[Blame::Abi][..];
    let memory = (Code::MissingImport, toolchain);
    missing("(import \"env\" \"memory\" (memory 2))", "env.memory", memory, ("a memory: memory 2", "--import-memory"));
    let table = "(import \"env\" \"__indirect_function_table\" (table 1 funcref))";
    missing(table, "env.__indirect_function_table", memory, ("a table", "--import-table"));
    let side = "(@custom \"dylink.0\" (before first) \"\") (import \"env\" \"__memory_base\" (global i32))";
    missing(
        side,
        "env.__memory_base",
        (Code::SideModule, abi),
        ("a global: global i32; it is a side module", "main module"),
    );
    let main = "(import \"GOT.mem\" \"x\" (global (mut i32))) (import \"env\" \"callback\" (func))";
    missing(main, "env.callback", (Code::NeedsJsGlue, toolchain), ("main module", "no standalone form"));
    let string = "(import \"wasm:js-string\" \"length\" (func (param externref) (result i32)))";
    missing(string, "wasm:js-string.length", (Code::MissingImport, abi), ("built in", "js-string"));
    let raw = "(import \"__wbindgen_placeholder__\" \"__wbindgen_describe\" (func (param i32)))";
    let bindgen = (Code::NeedsJsGlue, toolchain);
    missing(raw, "__wbindgen_placeholder__.__wbindgen_describe", bindgen, ("what cargo built", "Run `wasm-bindgen`"));
    let old = "(import \"wasi_unstable\" \"fd_write\" (func))";
    let blamed = (Code::MissingImport, &[Blame::Toolchain, Blame::Runtime][..]);
    missing(old, "wasi_unstable.fd_write", blamed, ("first snapshot", "Rebuild"));
    missing(
        "(import \"plugin\" \"level\" (global i32))",
        "plugin.level",
        (Code::CustomHost, abi),
        ("a global", "Embed"),
    );
    let plugin = "(import \"extism:host/env\" \"input_length\" (func (result i64)))";
    missing(
        plugin,
        "extism:host/env.input_length",
        (Code::CustomHost, abi),
        ("it is an Extism plug-in", "extism call"),
    );
    // A runtime that reads the module's name no further than its first dot.
    let cut = "(import \"./app_bg.js\" \"__wbg_log\" (func))";
    let glue = (Code::NeedsJsGlue, &[Blame::Toolchain, Blame::Abi][..]);
    missing(cut, "/app_bg.js.__wbg_log", glue, ("./app_bg.js.__wbg_log", "wrote beside it"));
    // Nothing of Emscripten's is advised to another toolchain.
    for (module, name) in [("wbg", "f"), ("gojs", "runtime.wasmExit"), ("a", "b")] {
        let facts = facts(&format!("(module (import \"{module}\" \"{name}\" (func)))"));
        let judged = super::imports::missing(Some(&facts), module, name, "", 1);
        assert_eq!(judged.code, Some(Code::NeedsJsGlue), "{module}");
        let remedy = judged.remedy.unwrap_or_else(|| Code::NeedsJsGlue.entry().remedy.to_owned());
        assert!(!remedy.contains("STANDALONE"), "{module}: {remedy}");
    }
}

#[test]
fn a_missing_import_is_never_reported_as_a_missing_entry_point() {
    let check = |wat: &str, name: &str, linked: bool, code, subject: &str| {
        let facts = facts(&format!("(module {wat})"));
        let stage = if linked { Stage::Run } else { Stage::Link };
        // What an adapter reads from a command line leaves no events behind.
        let seen = observation(Outcome::Exited(1), if linked { to(stage, Cause::Returned) } else { Vec::new() }, "");
        let cause = Some(Cause::NoExport { name: name.to_owned() });
        let progress = Progress { stage: Some(stage), cause, ..Progress::default() };
        let judged = judge(&Evidence { facts: Ok(&facts), observation: &seen, progress: &progress }, &spec(""));
        assert_eq!((judged.code, judged.subject.as_deref()), (Some(code), Some(subject)), "{wat}: {}", judged.detail);
    };
    let go = "(import \"gojs\" \"runtime.wasmExit\" (func (param i32))) (func (export \"run\"))";
    check(go, "_start", false, Code::NeedsJsGlue, "gojs.runtime.wasmExit");
    check(go, "run", false, Code::NeedsJsGlue, "gojs.runtime.wasmExit");
    check(go, "rum", false, Code::NoEntryPoint, "rum");
    // An engine that got past linking has all imports.
    check(go, "_start", true, Code::NoEntryPoint, "_start");
    check("(func (export \"run\"))", "_start", false, Code::NoEntryPoint, "_start");
    let wasi = "(import \"wasi_snapshot_preview1\" \"proc_exit\" (func (param i32)))";
    check(wasi, "_start", false, Code::NoEntryPoint, "_start");
    let side = "(@custom \"dylink.0\" (before first) \"\") (import \"env\" \"memory\" (memory 1))";
    check(side, "_start", false, Code::SideModule, "env.memory");
}

/// Imports as emcc 3.1.6 left them in a standalone server, and in a module of -O3.
#[test]
fn emscriptens_modules_need_their_glue_or_a_host_where_they_have_none() {
    let check = |module: &str, name: &str, exports: &str, wanted, words: &str| {
        let facts = facts(&format!("(module (import \"{module}\" \"{name}\" (func)) {exports})"));
        let cause =
            Cause::MissingImport { module: module.to_owned(), name: name.to_owned(), ty: String::new(), missing: 3 };
        let judgement = verdict(Ok(&facts), &observation(Outcome::Exited(0), to(Stage::Link, cause), ""), &spec(""));
        assert_eq!(judgement.code, Some(wanted), "{module}.{name}");
        assert!(judgement.detail.contains(words), "{}", judgement.detail);
    };
    let start = "(func (export \"_start\"))";
    check("env", "__syscall_bind", start, Code::NeedsEmscriptenHost, "env.__syscall_bind, and 2 more imports");
    check("env", "__syscall_bind", "(func (export \"main\"))", Code::NeedsJsGlue, "env.__syscall_bind");
    check("a", "a", "(func (export \"c\"))", Code::NeedsJsGlue, "names minified");
}

#[test]
fn causes_before_the_run_have_their_codes() {
    let simd = facts("(module (func (result v128) (v128.const i64x2 0 0)))");
    let plain = facts("(module)");
    let words = || "words".to_owned();
    let check = |facts: Result<&Facts, &str>, cause, verdict_code: (Verdict, Option<Code>)| {
        let judgement = verdict(facts, &observation(Outcome::Exited(0), to(Stage::Compile, cause), ""), &spec(""));
        assert_eq!((judgement.verdict, judgement.code), verdict_code, "{}", judgement.detail);
    };
    let gap = |code| (Verdict::Gap, Some(code));
    let refused = || Cause::Refused { message: words(), offset: None };
    check(Ok(&simd), refused(), gap(Code::UnsupportedProposal));
    check(Ok(&plain), refused(), gap(Code::EngineCompileError));
    check(Err("malformed at byte 0x8"), refused(), gap(Code::Malformed));
    check(Ok(&plain), Cause::CompileFailed { message: words() }, gap(Code::EngineCompileError));
    let component = facts("(component)");
    let at = |offset| Cause::Refused { message: words(), offset };
    check(Ok(&component), at(None), gap(Code::NeedsComponentModel));
    check(Ok(&component), at(Some(4)), gap(Code::NeedsComponentModel));
    check(Ok(&component), at(Some(40)), gap(Code::UnsupportedProposal));
    check(Ok(&plain), Cause::NoExport { name: words() }, gap(Code::NoEntryPoint));
    check(Ok(&plain), Cause::ResourceLimit { message: words() }, gap(Code::OutOfMemory));
    check(Ok(&plain), Cause::Trap { trap: TrapKind::Unreachable, message: words() }, gap(Code::Trap));
    let unsupported = |what: &str| Cause::Unsupported { what: what.to_owned(), message: words() };
    check(Ok(&plain), unsupported("network"), gap(Code::SocketsUnsupported));
    check(Ok(&plain), unsupported("switch"), gap(Code::NotImplemented));
    let mismatch = Cause::ImportTypeMismatch { module: words(), name: words(), message: words() };
    check(Ok(&plain), mismatch, gap(Code::ImportTypeMismatch));
    check(Ok(&plain), Cause::EngineError { message: words() }, (Verdict::Error, None));
}

#[test]
fn what_reading_foresaw_is_the_reason_of_every_refusal() {
    let check = |facts: &Facts, cause: Cause, wanted: Option<(Code, &str)>| {
        let seen = observation(Outcome::Exited(0), to(Stage::Compile, cause.clone()), "");
        let judged = super::diagnose(&Evidence { facts: Ok(facts), observation: &seen, progress: &seen.reported() });
        let found = judged.as_ref().map(|j| (j.code.unwrap(), j.subject.as_deref().unwrap_or_default()));
        assert_eq!(found, wanted, "{cause:?}");
    };
    let words = || "words".to_owned();
    let old = wasmlab_inspect::facts(b"\0asm\x0a\0\x01\0").unwrap();
    let version = Some((Code::FormatVersion, "0xa"));
    check(&old, Cause::Refused { message: words(), offset: None }, version);
    check(&old, Cause::HostError { message: words() }, version);
    check(&old, Cause::Returned, None);
    let many = facts(&format!("(module (func $big (local{})))", " i32".repeat(50_001)));
    let limit = Some((Code::ImplementationLimit, "locals"));
    check(&many, Cause::Refused { message: words(), offset: None }, limit);
    check(&many, Cause::CompileFailed { message: words() }, limit);
    check(&many, Cause::Returned, None);
    check(&many, Cause::Trap { trap: TrapKind::Unreachable, message: words() }, Some((Code::Trap, "unreachable")));
}

#[test]
fn an_escape_outweighs_everything() {
    let facts = facts("(module)");
    let mut escaped = observation(Outcome::Exited(0), to(Stage::Run, Cause::Returned), "");
    escaped.escapes.push("read a file outside its directories".to_owned());
    assert_eq!(verdict(Ok(&facts), &escaped, &spec("")).code, Some(Code::SandboxEscape));
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        (0..256i32).prop_map(Outcome::Exited),
        (1..32i32).prop_map(Outcome::Signaled),
        (1..9u64).prop_map(|n| Outcome::Limit(Limit::Time(n))),
        (1..9u64).prop_map(|n| Outcome::Limit(Limit::Memory(n))),
        Just(Outcome::Stopped),
        Just(Outcome::Interrupted),
        ".{0,8}".prop_map(Outcome::NotStarted),
    ]
}

fn any_cause() -> impl Strategy<Value = Cause> {
    prop_oneof![
        Just(Cause::Returned),
        (-2..300i32).prop_map(|code| Cause::Exit { code }),
        ".{0,8}".prop_map(|message| Cause::Trap { trap: TrapKind::Other, message }),
        ".{0,8}".prop_map(|message| Cause::Refused { message, offset: None }),
        ("[a-z]{0,4}", "[a-z]{0,4}").prop_map(|(module, name)| Cause::MissingImport {
            module,
            name,
            ty: String::new(),
            missing: 2
        }),
        ".{0,8}".prop_map(|message| Cause::EngineError { message }),
        ".{0,8}".prop_map(|message| Cause::NotAttempted { what: "glue".to_owned(), message }),
    ]
}

fn any_stage() -> impl Strategy<Value = Stage> {
    prop::sample::select(vec![
        Stage::Load,
        Stage::Validate,
        Stage::Compile,
        Stage::Link,
        Stage::Instantiate,
        Stage::Run,
    ])
}

proptest! {
    /// For any observation there is exactly one verdict, and a pass only with evidence: the guest was run,
    /// came to its end as expected, nothing escaped, no capability failed, and the script held.
    #[test]
    fn no_pass_without_evidence(
        outcome in any_outcome(),
        stages in prop::collection::vec(any_stage(), 0..4),
        cause in prop::option::of(any_cause()),
        stdout in prop_oneof![Just(String::new()), ".{0,20}", Just("lab: args ok\n".to_owned()), Just("lab: args errno=52\n".to_owned())],
        exit in 0..3i32,
        lab in any::<bool>(),
        failed in prop::option::of(Just("step".to_owned())),
        scripted in any::<bool>(),
        readable in any::<bool>(),
        unreachable in any::<bool>(),
        withheld in any::<bool>(),
    ) {
        let facts = facts("(module)");
        let mut events: Vec<Event> = stages.iter().map(|s| Event::Stage { stage: *s, micros: 1, cached: false }).collect();
        events.extend(cause.clone().map(|cause| Event::End { cause, micros: 2 }));
        let mut seen = observation(outcome.clone(), events, &stdout);
        seen.withheld = withheld.then(|| PREOPENED_SOCKET.to_owned()).into_iter().collect();
        seen.script = scripted.then(|| Script { done: 0, steps: 1, failed: failed.clone(), unreachable });
        let wanted = if lab { format!("[expect]\nexit = {exit}\nlab = [\"args\"]") } else { format!("[expect]\nexit = {exit}") };
        let judgement = verdict(if readable { Ok(&facts) } else { Err("malformed") }, &seen, &spec(&wanted));
        if matches!(outcome, Outcome::NotStarted(_)) {
            // Nobody is blamed for a process that never ran.
            prop_assert!(judgement.verdict == Verdict::Error && judgement.blame.is_empty() && judgement.code.is_none());
        }
        if judgement.verdict == Verdict::Pass {
            prop_assert!(judgement.code.is_none());
            prop_assert!(matches!(outcome, Outcome::Exited(_) | Outcome::Stopped));
            prop_assert!(outcome == Outcome::Stopped || stages.last() == Some(&Stage::Run));
            let ended = cause.as_ref().map(|c| match c { Cause::Returned => Some(0), Cause::Exit { code } => Some(*code), _ => None });
            prop_assert!(outcome == Outcome::Stopped || ended == Some(Some(exit)));
            prop_assert!(!stdout.contains("errno=52") && (!lab || stdout.contains("args ok")));
            prop_assert!(!scripted || failed.is_none());
        } else if judgement.verdict == Verdict::NotAttempted {
            let is_asked = !matches!(cause, Some(Cause::NotAttempted { .. }));
            prop_assert!(!is_asked);
            prop_assert!(judgement.code.is_none() && judgement.blame.is_empty() && judgement.stage.is_none());
        } else {
            prop_assert!(judgement.code.is_some() || judgement.verdict == Verdict::Error);
        }
    }
}

#[test]
fn a_component_lacks_an_interface_by_name_and_version() {
    let check = |interface: &str, code: Code| {
        let facts = facts(&format!(r#"(component (import "{interface}" (instance (export "f" (func)))))"#));
        // As the engine of wasmtime reports it.
        let (module, name) = (interface.to_owned(), "f".to_owned());
        let cause = Cause::MissingImport { module, name, ty: "instance".to_owned(), missing: 0 };
        let observation = observation(Outcome::Exited(0), to(Stage::Link, cause), "");
        let judgement = verdict(Ok(&facts), &observation, &spec(""));
        assert_eq!((judgement.code, judgement.subject.as_deref()), (Some(code), Some(interface)));
        assert!(judgement.detail.contains(&format!("{interface}#f")), "{}", judgement.detail);
    };
    check("wasi:keyvalue/store@0.2.0-draft", Code::MissingImport);
    check("wasi:cli/run@0.3.0", Code::MissingImport);
    check("my:host/events@0.1.0", Code::CustomHost);
}

/// What Go's `net` for wasip1 does: `Listen` gives no error, and there is no socket.
#[test]
fn a_guest_that_says_it_listens_where_nobody_can_connect_has_no_sockets() {
    let steps = "[[run.port]]\nname = \"http\"\n[[step]]\nop = \"listen\"\nsocket = \"http\"\n[[step]]\nop = \"request\"\nsocket = \"http\"\nexpect = { status = 200 }";
    let judged = |stdout: &str, done: usize| {
        let mut observation = observation(Outcome::Stopped, to(Stage::Run, Cause::Returned), stdout);
        let failed = Some("nobody listens on http".to_owned());
        observation.script = Some(Script { done, steps: 2, failed, unreachable: done == 0 });
        verdict(Ok(&facts("(module)")), &observation, &spec(steps))
    };
    let silent = judged("lab: socket-listen ok\n", 0);
    assert_eq!((silent.code, silent.subject.as_deref()), (Some(Code::SocketsUnsupported), Some("socket-listen")));
    assert_eq!(judged("lab: args ok\n", 0).code, Some(Code::WrongOutput), "it never said that it listens");
    assert_eq!(judged("lab: socket-listen ok\n", 1).code, Some(Code::WrongOutput), "it listens, and answers wrongly");
}

#[test]
fn what_the_lab_cannot_ask_blames_nobody() {
    let cause = Cause::NotAttempted { what: "component-calls".to_owned(), message: "no way to ask".to_owned() };
    let seen = observation(Outcome::Exited(0), to(Stage::Link, cause), "");
    let judged = verdict(Ok(&facts("(component)")), &seen, &spec(""));
    assert_eq!((judged.verdict, judged.code, judged.blame.len(), judged.stage), (Verdict::NotAttempted, None, 0, None));
    assert_eq!((judged.subject.as_deref(), judged.detail.as_str()), (Some("component-calls"), "no way to ask"));
    // Nothing was started: whatever is expected, that is no gap.
    let none = verdict(Ok(&facts("(module)")), &Observation::nothing(), &spec("[expect]\nexit = 1"));
    assert_eq!((none.verdict, none.code), (Verdict::Error, None));
}

/// A guest that was started without the socket that its scenario gives it.
#[test]
fn a_socket_that_a_runtime_cannot_hand_over_is_judged_by_what_the_guest_says() {
    let check = |cause: Cause, stdout: &str, failed: Option<&str>, wanted: Option<&str>| {
        let mut seen = observation(Outcome::Exited(0), to(Stage::Run, cause), stdout);
        seen.withheld = vec![PREOPENED_SOCKET.to_owned()];
        seen.script = Some(Script { done: 1, steps: 2, failed: failed.map(str::to_owned), unreachable: false });
        let judged = verdict(Ok(&facts("(module)")), &seen, &spec(""));
        let Some(words) = wanted else { return assert_ne!(judged.code, Some(Code::SocketsUnsupported), "{stdout}") };
        assert_eq!((judged.code, judged.blame.as_slice()), (Some(Code::SocketsUnsupported), &[Blame::Runtime][..]));
        assert_eq!(judged.subject.as_deref(), Some(PREOPENED_SOCKET));
        assert!(judged.detail.ends_with(words), "{}", judged.detail);
    };
    let refused = Some("GET / on http: connection refused");
    let exit = |code| Cause::Exit { code };
    check(
        exit(1),
        "ready\nlab: sock-accept errno=8 sock_accept\n",
        refused,
        Some("sock-accept: sock_accept answers EBADF (8)"),
    );
    check(
        exit(1),
        "ready\nlab: sock-accept errno=58 sock_accept\n",
        refused,
        Some("sock-accept: sock_accept answers ENOTSUP (58)"),
    );
    check(exit(71), "", refused, Some("it exits with 71"));
    check(Cause::Returned, "", refused, Some("connection refused"));
    check(Cause::Returned, "lab: sock-accept ok\n", None, None);
    // What comes before the socket is the reason.
    let trap = Cause::Trap { trap: TrapKind::Unreachable, message: "unreachable".to_owned() };
    check(trap, "lab: sock-accept errno=8 sock_accept\n", refused, None);
}
