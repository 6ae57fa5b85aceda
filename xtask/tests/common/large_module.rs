//! A large module.

use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, Function, FunctionSection, MemorySection,
    MemoryType, Module, TypeSection, ValType,
};

/// A module of 30 MB: 20,000 functions of 1,450 bytes, 1 MB of data.
pub fn thirty_megabytes() -> Vec<u8> {
    let (mut types, mut functions, mut code) = (TypeSection::new(), FunctionSection::new(), CodeSection::new());
    types.ty().function([ValType::I32, ValType::I32], [ValType::I32]);
    for n in 0..20_000 {
        functions.function(0);
        let mut body = Function::new([(2, ValType::I64)]);
        let mut sink = body.instructions();
        for step in 0..125 {
            sink.local_get(0).i32_const(n + step).i32_add().local_tee(0).local_get(1).i32_mul().local_set(1);
        }
        sink.local_get(1).end();
        code.function(&body);
    }
    let mut memories = MemorySection::new();
    memories.memory(MemoryType { minimum: 32, maximum: None, memory64: false, shared: false, page_size_log2: None });
    let mut exports = ExportSection::new();
    exports.export("run", ExportKind::Func, 0);
    let mut data = DataSection::new();
    data.active(0, &ConstExpr::i32_const(0), vec![7; 1 << 20]);
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&memories).section(&exports).section(&code).section(&data);
    module.finish()
}
