//! `cargo bench --bench speed`: throughput of reading binaries, and the cost of starting processes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use divan::Bencher;
use divan::counter::BytesCount;
use wasm_encoder::{
    CodeSection, DataSection, ExportKind, ExportSection, Function, FunctionSection, MemorySection, MemoryType, Module,
    TypeSection, ValType,
};
use wasmlab_inspect as inspect;
use wasmlab_process::{self as process, Command, Input, Limits};

fn main() {
    divan::main();
}

/// A module of about 30 MB: 20,000 functions of 1,400 bytes, 1 MB of data.
fn large() -> &'static [u8] {
    static MODULE: OnceLock<Vec<u8>> = OnceLock::new();
    MODULE.get_or_init(|| {
        let (mut types, mut functions, mut code) = (TypeSection::new(), FunctionSection::new(), CodeSection::new());
        types.ty().function([ValType::I32, ValType::I32], [ValType::I32]);
        for n in 0..20_000 {
            functions.function(0);
            let mut body = Function::new([(2, ValType::I64)]);
            let mut sink = body.instructions();
            for step in 0..120 {
                sink.local_get(0).i32_const(n + step).i32_add().local_tee(0).local_get(1).i32_mul().local_set(1);
            }
            sink.local_get(1).end();
            code.function(&body);
        }
        let mut memories = MemorySection::new();
        memories.memory(MemoryType {
            minimum: 32,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let mut exports = ExportSection::new();
        exports.export("run", ExportKind::Func, 0);
        let mut data = DataSection::new();
        data.active(0, &wasm_encoder::ConstExpr::i32_const(0), vec![7; 1 << 20]);
        let mut module = Module::new();
        module.section(&types).section(&functions).section(&memories).section(&exports).section(&code).section(&data);
        module.finish()
    })
}

/// Imports, exports, sections and sizes.
#[divan::bench]
fn outline(bencher: Bencher) {
    let bytes = large();
    bencher.counter(BytesCount::of_slice(bytes)).bench(|| inspect::outline(bytes).map(|f| f.sizes));
}

/// The same with validation and the minimal proposals.
#[divan::bench]
fn facts(bencher: Bencher) {
    let bytes = large();
    bencher.counter(BytesCount::of_slice(bytes)).bench(|| inspect::facts(bytes).map(|f| f.proposals));
}

const TRUE: &str = "/bin/true";

/// A bare spawn, for comparison.
#[divan::bench]
fn spawn_bare() -> bool {
    std::process::Command::new(TRUE).output().is_ok_and(|o| o.status.success())
}

/// The same under supervision.
#[divan::bench]
fn spawn_supervised() -> bool {
    let command = Command {
        program: PathBuf::from(TRUE),
        args: Vec::new(),
        env: BTreeMap::new(),
        cwd: std::env::temp_dir(),
        stdin: Input::Bytes(Vec::new()),
        inherit: Vec::new(),
        sandbox: None,
        report: None,
        limits: Limits::compiler(Duration::from_secs(10)),
    };
    process::run(&command).is_ok_and(|e| e.success())
}
