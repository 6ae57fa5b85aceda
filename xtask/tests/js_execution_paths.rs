//! The driver's execution paths besides plain WebAssembly and WASI 0.1: a module's own glue, and components with jco,
//! on each installed JavaScript host, with the commands of its adapter. The glue here is a minimal version of what
//! toolchains generate; real glue is used in the scenarios (`*-js-*`, `*-bindgen-*`).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;

use libtest_mimic::Arguments;
use wasmlab_inspect as inspect;
use wasmlab_model::observation::{Observation, Outcome, ProcessRole};
use wasmlab_model::scenario::Scenario;
use wasmlab_protocol::{Cause, Event, Stage, TrapKind, Value};
use xtask::cell::{self, CellPlan, Limits};
use xtask::engines;
use xtask::scenario;

#[path = "common/columns.rs"]
mod columns;
#[expect(dead_code, reason = "other tests use the rest")]
mod common;
#[expect(dead_code, reason = "other tests need programs on PATH")]
#[path = "common/trials.rs"]
mod trials;

/// A test, and the columns on which it runs.
type Test = (&'static str, &'static [&'static str], fn(&str));

const HOSTS: &[&str] = &["node", "deno", "bun"];
const WITH_JCO: &[&str] = &["node+jco", "deno+jco", "bun+jco"];

const TESTS: &[Test] = &[
    ("glue_of_each_toolchain_runs_its_module_and_is_named", HOSTS, glue_of_each_toolchain_runs_its_module_and_is_named),
    ("errors_in_glue_have_causes", HOSTS, errors_in_glue_have_causes),
    ("glue_cannot_call_an_export", HOSTS, glue_cannot_call_an_export),
    ("glue_has_no_folder_for_compiled_code", &["node", "bun"], glue_has_no_folder_for_compiled_code),
    ("engine_is_asked_before_glue_is_started", HOSTS, engine_is_asked_before_glue_is_started),
    ("glue_on_deno_sees_no_environment", &["deno"], glue_on_deno_sees_no_environment),
    ("glue_on_deno_cannot_write_to_shared_folders", &["deno"], glue_on_deno_cannot_write_to_shared_folders),
    ("jco_runs_a_rust_component_and_caches_its_output", WITH_JCO, jco_runs_a_rust_component_and_caches_its_output),
    (
        "parallel_cells_transpile_a_component_into_one_folder",
        WITH_JCO,
        parallel_cells_transpile_a_component_into_one_folder,
    ),
    ("components_jco_cannot_run_have_causes", WITH_JCO, components_jco_cannot_run_have_causes),
    ("only_js_string_builtins_are_provided", &["deno", "bun"], only_js_string_builtins_are_provided),
];

fn main() {
    let each = |(name, columns, test): &Test| {
        columns.iter().map(|id| columns::trial(&name.replace('_', " "), id, *test)).collect::<Vec<_>>()
    };
    libtest_mimic::run(&Arguments::from_args(), TESTS.iter().flat_map(each).collect()).exit();
}

/// A guest, its glue, and the rest of its scenario.
struct Guest<'a> {
    module: Vec<u8>,
    glue: Option<(&'a str, &'a str)>,
    run: &'a str,
}

impl<'a> Guest<'a> {
    fn with_glue(wat: &str, name: &'a str, text: &'a str) -> Self {
        Self { module: wat::parse_str(wat).unwrap(), glue: Some((name, text)), run: "" }
    }

    fn component(module: Vec<u8>) -> Self {
        Self { module, glue: None, run: "" }
    }

    /// Observations of `times` runs in sequence.
    fn seen(&self, id: &str, times: usize) -> Vec<Observation> {
        self.observed(id, |observe| (0..times).map(|_| observe()).collect())
    }

    /// Observations of `times` runs in parallel.
    fn seen_together(&self, id: &str, times: usize) -> Vec<Observation> {
        self.observed(id, |observe| {
            std::thread::scope(|scope| {
                let running: Vec<_> = (0..times).map(|_| scope.spawn(observe)).collect();
                running.into_iter().map(|one| one.join().unwrap()).collect()
            })
        })
    }

    fn observed(
        &self,
        id: &str,
        run: impl FnOnce(&(dyn Fn() -> Observation + Sync)) -> Vec<Observation>,
    ) -> Vec<Observation> {
        let root = tempfile::tempdir().unwrap();
        let lab = columns::lab(root.path());
        let runtime = wasmlab_runtimes::find(id).unwrap();
        let tool = match engines::find_tool(&lab, runtime) {
            Ok(tool) => tool,
            Err(absence) => panic!("{id}: {}", absence.map(|absence| absence.reason).unwrap_or_default()),
        };
        let name = self.glue.map_or("none.js", |(name, _)| name);
        let text = format!(
            "schema = 1\ntitle = \"t\"\nfamily = \"f\"\nroute = \"r\"\n[build]\ntoolchain = \"wat\"\n\
             artifact = \"guest.wasm\"\ncompanions = [\"{name}\"]\n[run]\nargs = [\"one\"]\nenv = {{ GREETING = \"hello\" }}\n{}",
            self.run
        );
        let scenario =
            Scenario { name: "guest".to_owned(), dir: root.path().into(), spec: scenario::parse(&text).unwrap() };
        let guest = lab.cache.put_object(&self.module).unwrap();
        let put = |(name, text): (&str, &str)| (name.to_owned(), lab.cache.put_object(text.as_bytes()).unwrap());
        let companions: BTreeMap<String, String> = self.glue.map(put).into_iter().collect();
        let facts = inspect::facts(&self.module).ok();
        let plan = CellPlan {
            scenario: &scenario,
            runtime,
            tool: &tool,
            guest: &guest,
            facts: facts.as_ref(),
            companions: &companions,
            limits: Limits { run_ms: 60_000, ..Limits::default() },
            switches: &[],
        };
        run(&|| cell::observe(&lab, &plan, None, cell::Retention::default()).unwrap())
    }
}

fn cause(seen: &Observation) -> Cause {
    let Some(Event::End { cause, .. }) = seen.events.last() else {
        panic!("no last event: {:?} {:?} {}", seen.events, seen.outcome, seen.stderr);
    };
    assert_eq!(seen.outcome, Outcome::Exited(0), "{}", seen.stderr);
    cause.clone()
}

fn stages(seen: &Observation) -> Vec<Stage> {
    seen.events.iter().filter_map(|e| if let Event::Stage { stage, .. } = e { Some(*stage) } else { None }).collect()
}

const ALL_STAGES: [Stage; 5] = [Stage::Load, Stage::Compile, Stage::Link, Stage::Instantiate, Stage::Run];

const SAYS: &str = r#"(module (import "env" "say" (func $say)) (func (export "run") (call $say)))"#;

/// As Emscripten generates it, in the same order: `Module`, `ENV`, `preRun`, `quit`.
const EMSCRIPTEN: &str = r#"
var Module = typeof Module != 'undefined' ? Module : {};
var ENV = {};
var quit_ = Module['quit'];
function ExitStatus(code) { this.name = 'ExitStatus'; this.status = code; }
function say() { console.log([Module['thisProgram'], ...Module['arguments'], ENV.GREETING].join(' ')); }
var wasmBinary = Module['wasmBinary'];
WebAssembly.instantiate(wasmBinary, { env: { say } }).then(({ instance }) => {
  Module['preRun'].forEach((f) => f());
  try { instance.exports.run(); quit_(3, new ExitStatus(3)); } catch (e) { if (e.name != 'ExitStatus') throw e; }
});
"#;

const BINDGEN: &str = r#"
export default async function __wbg_init({ module_or_path }) {
  const { instance } = await WebAssembly.instantiate(module_or_path, { env: { say() { console.log('hello'); } } });
  instance.exports.run();
}
"#;

const ASSEMBLYSCRIPT: &str = r#"
async function instantiate(module, imports = {}) {
  const adaptedImports = { env: Object.setPrototypeOf({ say() { console.log('hello'); } }, imports.env ?? {}) };
  const { exports } = await WebAssembly.instantiate(module, adaptedImports);
  exports.run();
  return exports;
}
export const { run } = await (async (url) => {
  const { readFile } = await import('node:fs/promises');
  return instantiate(await WebAssembly.compile(await readFile(url)));
})(new URL('guest.wasm', import.meta.url));
"#;

const GO: &str = r#"
globalThis.Go = class {
  importObject = { env: { say: () => console.log([...this.argv, this.env.GREETING].join(' ')) } };
  async run(instance) { instance.exports.run(); this.exit(4); }
};
"#;

fn glue_of_each_toolchain_runs_its_module_and_is_named(id: &str) {
    for (name, text, path, end, stdout) in [
        ("guest.js", EMSCRIPTEN, "glue:emscripten", Cause::Exit { code: 3 }, "guest.wasm one hello\n"),
        ("guest.js", BINDGEN, "glue:wasm-bindgen", Cause::Returned, "hello\n"),
        ("guest.js", ASSEMBLYSCRIPT, "glue:assemblyscript", Cause::Returned, "hello\n"),
        ("wasm_exec.js", GO, "glue:go", Cause::Exit { code: 4 }, "guest.wasm one hello\n"),
    ] {
        for seen in Guest::with_glue(SAYS, name, text).seen(id, 1) {
            assert_eq!(cause(&seen), end, "{path} on {id}: {}", seen.stderr);
            assert_eq!((seen.execution_path(), seen.stdout.as_str()), (Some(path), stdout), "{path} on {id}");
            assert_eq!(stages(&seen), ALL_STAGES, "{path} on {id}");
        }
    }
}

fn errors_in_glue_have_causes(id: &str) {
    let traps = r#"(module (import "env" "say" (func $say)) (func (export "run") unreachable))"#;
    let more = r#"(module (import "env" "say" (func $say)) (import "env" "more" (func $m)) (func (export "run")))"#;
    let late =
        EMSCRIPTEN.replace("quit_(3, new ExitStatus(3));", "setTimeout(() => { throw new Error('too late'); }, 5);");
    let ours = "console.log('whose am I?');";
    let end = |wat: &str, text: &str| Guest::with_glue(wat, "guest.js", text).seen(id, 1).iter().map(cause).next();
    let trapped = end(traps, EMSCRIPTEN).unwrap();
    assert!(matches!(trapped, Cause::Trap { trap: TrapKind::Unreachable, .. }), "{id}: {trapped:?}");
    let trapped = end(traps, BINDGEN).unwrap();
    assert!(matches!(trapped, Cause::Trap { trap: TrapKind::Unreachable, .. }), "{id}: {trapped:?}");
    let lacking = end(more, EMSCRIPTEN).unwrap();
    let Cause::MissingImport { module, name, missing_count: missing, .. } = &lacking else {
        panic!("{id}: {lacking:?}")
    };
    assert_eq!((module.as_str(), name.as_str(), *missing), ("env", "more", 1), "{id}");
    let thrown = end(SAYS, &late).unwrap();
    assert!(matches!(&thrown, Cause::HostError { message } if message.contains("too late")), "{id}: {thrown:?}");
    let unknown = end(SAYS, ours).unwrap();
    assert!(matches!(&unknown, Cause::NotAttempted { subject, .. } if subject == "glue"), "{id}: {unknown:?}");
}

fn glue_cannot_call_an_export(id: &str) {
    let run = "entry = \"calls\"\n[[run.call]]\nexport = \"run\"\n";
    let guest = Guest { run, ..Guest::with_glue(SAYS, "guest.js", EMSCRIPTEN) };
    for seen in guest.seen(id, 1) {
        assert!(matches!(cause(&seen), Cause::NotAttempted { subject, .. } if subject == "calls-through-glue"), "{id}");
    }
}

/// If glue could write there, other cells would run what it wrote.
fn glue_has_no_folder_for_compiled_code(id: &str) {
    let asks = "const { code_cache } = JSON.parse(require('fs').readFileSync('../spec.json'));\nconsole.log(code_cache ?? 'none');";
    for seen in Guest::with_glue(SAYS, "guest.js", &format!("{asks}{EMSCRIPTEN}")).seen(id, 1) {
        assert!(seen.stdout.starts_with("none\n"), "{id}: {} {}", seen.stdout, seen.stderr);
    }
}

/// The driver asks the engine before it starts glue: anything reported later may come from the glue.
fn engine_is_asked_before_glue_is_started(id: &str) {
    let mut broken = wat::parse_str(SAYS).unwrap();
    broken.push(0xff);
    let guest = Guest { module: broken.clone(), ..Guest::with_glue(SAYS, "guest.js", EMSCRIPTEN) };
    for seen in guest.seen(id, 1) {
        assert!(matches!(cause(&seen), Cause::Rejected { .. }), "{id}: {:?}", seen.events);
        assert_eq!(stages(&seen), ALL_STAGES[..2], "{id}");
    }
}

/// Deno's permissions keep the environment of this machine from the guest.
fn glue_on_deno_sees_no_environment(id: &str) {
    let text = "export default async () => { '__wbg_'; console.log(Deno.env.get('PATH')); };";
    for seen in Guest::with_glue(SAYS, "guest.js", text).seen(id, 1) {
        let cause = cause(&seen);
        assert!(matches!(&cause, Cause::HostError { message } if message.contains("env access")), "{cause:?}");
    }
}

/// Deno's shared cache and the driver are out of a guest's reach.
fn glue_on_deno_cannot_write_to_shared_folders(id: &str) {
    for file in ["/x", "-deno/x"] {
        let text = format!(
            "export default async () => {{ '__wbg_'; const driver = new URL('.', Deno.mainModule).pathname; \
             Deno.writeTextFileSync(driver.slice(0, -1) + '{file}', ''); }};"
        );
        for seen in Guest::with_glue(SAYS, "guest.js", &text).seen(id, 1) {
            let cause = cause(&seen);
            assert!(matches!(&cause, Cause::HostError { message } if message.contains("write access")), "{cause:?}");
        }
    }
}

fn fixture(name: &str) -> Vec<u8> {
    fs::read(common::fixtures(name).join(format!("{name}.wasm"))).unwrap()
}

fn jco_runs_a_rust_component_and_caches_its_output(id: &str) {
    let seen = |module, times| Guest::component(module).seen(id, times);
    let seen = seen(fixture("rust-wasip2-hello"), 2);
    let transpiled = |seen: &Observation| seen.previous.iter().any(|process| process.role == ProcessRole::Precompile);
    for (index, seen) in seen.iter().enumerate() {
        assert!(
            matches!(cause(seen), Cause::Returned | Cause::Exit { code: 0 }),
            "{id}: {:?} {}",
            cause(seen),
            seen.stderr
        );
        assert_eq!((seen.execution_path(), transpiled(seen)), (Some("jco"), index == 0), "{id}");
        assert!(seen.stdout.starts_with("Hello"), "{id}: {}", seen.stdout);
        assert_eq!(stages(seen), ALL_STAGES, "{id}");
    }
}

/// Cells with the same guest share its transpiled output: the first one creates it, and none sees an incomplete one.
fn parallel_cells_transpile_a_component_into_one_folder(id: &str) {
    for seen in Guest::component(fixture("rust-wasip2-hello")).seen_together(id, 4) {
        let cause = cause(&seen);
        assert!(matches!(cause, Cause::Returned | Cause::Exit { code: 0 }), "{id}: {cause:?} {}", seen.stderr);
        assert!(seen.stdout.starts_with("Hello"), "{id}: {}", seen.stdout);
    }
}

fn components_jco_cannot_run_have_causes(id: &str) {
    let importing = |interface: &str, function: &str| {
        format!(
            r#"(component
            (import "{interface}" (instance $i (export "{function}" (func))))
            (core func $f (canon lower (func $i "{function}")))
            (core module $m (import "" "f" (func $f)) (func (export "run") (result i32) (call $f) (i32.const 0)))
            (core instance $c (instantiate $m (with "" (instance (export "f" (func $f))))))
            (func $run (result (result)) (canon lift (core func $c "run")))
            (instance $r (export "run" (func $run)))
            (export "wasi:cli/run@0.2.0" (instance $r)))"#
        )
    };
    let seen = |module, times| Guest::component(module).seen(id, times);
    let end = |wat: &str| seen(wat::parse_str(wat).unwrap(), 1).iter().map(cause).next();
    let nothing = end("(component)").unwrap();
    assert!(matches!(&nothing, Cause::MissingExport { name } if name == "wasi:cli/run"), "{id}: {nothing:?}");
    for (interface, function, from, name) in [
        ("foo:bar/baz@0.1.0", "f", "foo:bar/baz", ""),
        ("wasi:cli/environment@0.2.0", "nothing-like-it", "", "wasi:cli/environment@0.2#nothing-like-it"),
        ("wasi:cli/nothing-like-it@0.3.0", "f", "", "wasi:cli/nothing-like-it@0.3"),
    ] {
        let lacking = end(&importing(interface, function)).unwrap();
        let Cause::MissingImport { module, name: lacked, .. } = &lacking else { panic!("{id}: {lacking:?}") };
        assert_eq!((module.as_str(), lacked.as_str()), (from, name), "{id}");
    }
}

/// Builtins of the JavaScript engine are enabled. A module name that toolchains use for string constants is an ordinary
/// name if anything else is imported from it.
fn only_js_string_builtins_are_provided(id: &str) {
    let length = r#"(import "wasm:js-string" "length" (func $length (param externref) (result i32)))"#;
    let constant = |module: &str, ty: &str| format!(r#"(import "{module}" "abc" (global $abc {ty}))"#);
    let call = r#"(func (export "run") (result i32) (call $length (global.get $abc)))"#;
    let plain = r#"(func (export "run") (result i32) (i32.const 3))"#;
    let set = r#"(func (export "f") (global.set $abc (ref.null extern)))"#;
    let function = r#"(import "_" "f" (func))"#;
    let (usual, other) = (constant("_", "externref"), constant("S", "externref"));
    let (mutable, number) = (constant("_", "(mut externref)"), constant("_", "i32"));
    for (wat, lacks) in [
        (format!("{length}{usual}{call}"), None),
        (format!("{length}{other}{call}"), None),
        (format!("{usual}{plain}"), None),
        (format!("{other}{plain}"), Some("S.abc")),
        (format!("{length}{mutable}{call}{set}"), Some("_.abc")),
        (format!("{number}{plain}"), Some("_.abc")),
        (format!("{length}{usual}{function}{call}"), Some("_.abc")),
    ] {
        let module = wat::parse_str(format!("(module {wat})")).unwrap();
        // Node 20 does not have these builtins.
        let run = "entry = \"calls\"\n[[run.call]]\nexport = \"run\"\n";
        let guest = Guest { module: module.clone(), glue: None, run };
        for seen in guest.seen(id, 1) {
            match (cause(&seen), lacks) {
                (Cause::Returned, None) => {
                    let called = Event::CallReturned { export: "run".to_owned(), results: vec![Value::I32(3)] };
                    assert!(seen.events.contains(&called), "{id}: {wat}: {:?}", seen.events);
                }
                (Cause::MissingImport { module, name, .. }, Some(lacks)) => {
                    assert_eq!(format!("{module}.{name}"), lacks, "{id}: {wat}");
                }
                (cause, _) => panic!("{id}: {wat}: {cause:?}, expected {lacks:?} to be missing"),
            }
        }
    }
}
