//! Measures speed; run with `cargo test -p wasmlab-inspect --lib proposals::tests::speed -- --ignored --nocapture`.

use crate::proposals::{bodies, flags, minimal, search};
use std::time::Instant;
use wasm_encoder::{
    CodeSection, Function, FunctionSection, InstructionSink, MemArg, MemorySection, MemoryType, Module, TypeSection,
    ValType,
};

/// Typical compiler output: arithmetic, loads and stores, calls, branches.
fn some_code(sink: &mut InstructionSink<'_>, round: u32) {
    let place = |offset| MemArg { offset, align: 2, target: wasm_encoder::MemArgTarget::Memory(0), ordering: None };
    sink.local_get(0).i32_const(round.cast_signed()).i32_add().local_tee(1).i32_load(place(16)).local_set(2);
    sink.block(wasm_encoder::BlockType::Empty).local_get(2).i32_eqz().br_if(0);
    sink.local_get(1).local_get(2).i32_const(7).i32_mul().i32_store(place(1024));
    sink.local_get(2).i64_extend_i32_u().i64_const(0x1234_5678).i64_xor().i32_wrap_i64().call(0).drop().end();
}

fn big_module(bytes: usize) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I32], [ValType::I32]);
    let mut functions = FunctionSection::new();
    let mut code = CodeSection::new();
    let mut index = 0_u32;
    while code.byte_len() < bytes {
        functions.function(0);
        let mut body = Function::new([(2, ValType::I32)]);
        let mut sink = body.instructions();
        for round in 0..12 {
            some_code(&mut sink, index.wrapping_mul(31).wrapping_add(round) & 0xffff);
        }
        // Each feature occurs in a single function, the last one as late as possible.
        match index {
            5 => sink.local_get(0).i32_extend8_s().local_set(1),
            900 => sink.i32_const(0).i32_const(0).i32_const(0).memory_fill(0),
            _ => &mut sink,
        };
        sink.local_get(1).end();
        code.function(&body);
        index += 1;
    }
    functions.function(0);
    let mut last = Function::new([]);
    last.instructions().local_get(0).return_call(0).end();
    code.function(&last);
    let mut memories = MemorySection::new();
    memories.memory(MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None });
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&memories).section(&code);
    module.finish()
}

#[test]
fn large_module_is_validated_in_chunks() {
    let found = minimal(&big_module(3 << 20)).unwrap();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["bulk-memory-opt", "sign-extension", "tail-call"]);
}

#[test]
#[ignore = "a measurement"]
fn speed() {
    let bytes = big_module(30 << 20);
    let megabytes = bytes.len() as f64 / 1e6;
    let time = |what: &str, work: &mut dyn FnMut()| {
        let best = (0..3)
            .map(|_| {
                let start = Instant::now();
                work();
                start.elapsed()
            })
            .min()
            .unwrap();
        println!("{what}: {best:?}, {:.0} MB/s", megabytes / best.as_secs_f64());
    };
    println!("{megabytes:.1} MB, {:?} processors", std::thread::available_parallelism());
    time("wasmparser's validate_all", &mut || {
        wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all()).validate_all(&bytes).unwrap();
    });
    time("the outline", &mut || {
        search::funcs(&bytes, flags::ALWAYS).unwrap();
    });
    let funcs = search::funcs(&bytes, flags::ALWAYS).unwrap();
    time("the bodies", &mut || {
        bodies::needs(&funcs, flags::ALWAYS).unwrap();
    });
    time("the whole", &mut || {
        minimal(&bytes).unwrap();
    });
}
