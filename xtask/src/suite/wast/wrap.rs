//! Adds functions to a module that make a test's calls, so that no value has to pass through the host: JavaScript
//! cannot represent vectors, and hosts may change the payload of a NaN. Each passes constants and returns the results
//! as integers. The specification's own translation to JavaScript does the same with a module of its own
//! (<https://github.com/WebAssembly/spec/blob/main/interpreter/script/js.ml>); here nothing else of the module changes.

use std::ops::Range;
use std::sync::Arc;

use wasm_encoder::{AbstractHeapType, Encode, Function, HeapType, Instruction, RawSection, ValType};
use wasmparser::{AbstractHeapType as ReadHeapType, BinaryReader, Parser, UnpackedIndex};

use super::module::Module;

/// A constant argument, by its bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Constant {
    /// `i32`.
    I32(i32),
    /// `i64`.
    I64(i64),
    /// Bits of an `f32`.
    F32(u32),
    /// Bits of an `f64`.
    F64(u64),
    /// A vector, bytes in memory order.
    V128([u8; 16]),
    /// A null reference of this type.
    Null(HeapType),
}

/// How a result becomes integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// It is an integer: `i32`.
    I32,
    /// `i64`.
    I64,
    /// The bits of an `f32`.
    F32,
    /// The bits of an `f64`.
    F64,
    /// Both halves of a vector.
    V128,
    /// 1 if it is null.
    IsNull,
    /// 1 if it is not null.
    IsNotNull,
    /// 1 if it is a reference of this type.
    Is(AbstractHeapType),
    /// It is not needed.
    Drop,
}

/// The item that a wrapper uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The function of this index.
    Function(u32),
    /// The global of this index.
    Global(u32),
}

/// The wrappers of a module.
#[derive(Clone, Debug, Default)]
pub struct Wrappers {
    all: Vec<Wrapper>,
    prefix: String,
}

#[derive(Clone, Debug)]
struct Wrapper {
    results: Vec<ValType>,
    body: Function,
}

impl Wrappers {
    /// No wrappers yet, for this module.
    pub fn new(module: &Module) -> Self {
        let mut prefix = "wasmlab:".to_owned();
        // Names with this beginning follow it in order. A search of all names for each instance would take minutes.
        let first_from = |prefix: &String| module.exports.range(prefix.clone()..).next();
        while first_from(&prefix).is_some_and(|(name, _)| name.starts_with(&prefix)) {
            prefix.push(':');
        }
        Self { all: Vec::new(), prefix }
    }

    /// Adds a wrapper; returns the name of its export.
    pub fn add(&mut self, target: Target, args: &[Constant], results: &[Conversion]) -> String {
        let name = format!("{}{}", self.prefix, self.all.len());
        self.all.push(wrapper(target, args, results));
        name
    }

    /// The module with the wrappers.
    pub fn apply(&self, module: &Module) -> Arc<[u8]> {
        if self.all.is_empty() {
            return Arc::clone(&module.bytes);
        }
        let mut added = [const { Vec::new() }; 4];
        for (index, wrapper) in (0..).zip(&self.all) {
            let [types, functions, exports, code] = &mut added;
            types.push(0x60);
            types.push(0x00);
            wrapper.results.as_slice().encode(types);
            (module.types + index).encode(functions);
            format!("{}{index}", self.prefix).as_str().encode(exports);
            exports.push(0x00);
            (module.functions + index).encode(exports);
            wrapper.body.encode(code);
        }
        let count = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        append(&module.bytes, &std::array::from_fn(|at| (SECTIONS[at], count, std::mem::take(&mut added[at])))).into()
    }
}

/// Sections that wrappers are added to: types, functions, exports, code.
const SECTIONS: [u8; 4] = [1, 3, 7, 10];
/// The id of custom sections, which may be anywhere.
const CUSTOM_SECTION: u8 = 0;
/// Ids of the other sections in the required order.
const ORDER: [u8; 13] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

fn wrapper(target: Target, args: &[Constant], results: &[Conversion]) -> Wrapper {
    let mut locals = Vec::new();
    for result in results {
        locals.extend(match result {
            Conversion::I64 | Conversion::F64 => Some(ValType::I64),
            Conversion::V128 => Some(ValType::V128),
            Conversion::Drop => None,
            _ => Some(ValType::I32),
        });
    }
    let mut body = Function::new(locals.iter().map(|ty| (1, *ty)));
    for arg in args {
        body.instruction(&match *arg {
            Constant::I32(value) => Instruction::I32Const(value),
            Constant::I64(value) => Instruction::I64Const(value),
            Constant::F32(bits) => Instruction::F32Const(f32::from_bits(bits).into()),
            Constant::F64(bits) => Instruction::F64Const(f64::from_bits(bits).into()),
            Constant::V128(bytes) => Instruction::V128Const(i128::from_le_bytes(bytes)),
            Constant::Null(ty) => Instruction::RefNull(ty),
        });
    }
    body.instruction(&match target {
        Target::Function(index) => Instruction::Call(index),
        Target::Global(index) => Instruction::GlobalGet(index),
    });
    keep(&mut body, results, locals.len());
    let mut types = Vec::new();
    for (local, ty) in (0..).zip(&locals) {
        body.instruction(&Instruction::LocalGet(local));
        if *ty == ValType::V128 {
            body.instruction(&Instruction::I64x2ExtractLane(0));
            body.instruction(&Instruction::LocalGet(local));
            body.instruction(&Instruction::I64x2ExtractLane(1));
            types.push(ValType::I64);
        }
        types.push(if *ty == ValType::I32 { ValType::I32 } else { ValType::I64 });
    }
    body.instruction(&Instruction::End);
    Wrapper { results: types, body }
}

/// Converts the results on the stack, the last one first, and keeps them in locals.
fn keep(body: &mut Function, results: &[Conversion], locals: usize) {
    let mut local = u32::try_from(locals).unwrap_or(u32::MAX);
    for result in results.iter().rev() {
        match result {
            Conversion::I32 | Conversion::I64 | Conversion::V128 => {}
            Conversion::F32 => {
                body.instruction(&Instruction::I32ReinterpretF32);
            }
            Conversion::F64 => {
                body.instruction(&Instruction::I64ReinterpretF64);
            }
            Conversion::IsNull => {
                body.instruction(&Instruction::RefIsNull);
            }
            Conversion::IsNotNull => {
                body.instruction(&Instruction::RefIsNull);
                body.instruction(&Instruction::I32Eqz);
            }
            Conversion::Is(ty) => {
                let ty = HeapType::Abstract { shared: false, ty: *ty };
                body.instruction(&Instruction::RefTestNonNull(ty));
            }
            Conversion::Drop => {
                body.instruction(&Instruction::Drop);
                continue;
            }
        }
        local -= 1;
        body.instruction(&Instruction::LocalSet(local));
    }
}

/// Appends items to sections of a module, and adds the sections that it does not have. The content of the others stays
/// as it is.
fn append(bytes: &[u8], added: &[(u8, u32, Vec<u8>); 4]) -> Vec<u8> {
    let rank = |id: u8| ORDER.iter().position(|known| *known == id);
    let mut left = added.iter().peekable();
    let mut out = wasm_encoder::Module::new();
    for payload in Parser::new(0).parse_all(bytes).map_while(Result::ok) {
        let Some((id, range)) = payload.as_section() else { continue };
        let content = content(bytes, &range);
        let is_custom = id == CUSTOM_SECTION;
        while let Some((missing, count, items)) = left.next_if(|(next, ..)| !is_custom && rank(*next) < rank(id)) {
            section(&mut out, *missing, *count, &[], items);
        }
        match left.next_if(|(next, ..)| *next == id) {
            Some((_, count, items)) => {
                let (before, rest) = items_of(content).unwrap_or((0, content));
                section(&mut out, id, before.saturating_add(*count), rest, items);
            }
            None => _ = out.section(&RawSection { id, data: content }),
        }
    }
    for (id, count, items) in left {
        section(&mut out, *id, *count, &[], items);
    }
    out.finish()
}

fn section(out: &mut wasm_encoder::Module, id: u8, count: u32, before: &[u8], added: &[u8]) {
    let mut data = Vec::new();
    count.encode(&mut data);
    data.extend_from_slice(before);
    data.extend_from_slice(added);
    out.section(&RawSection { id, data: &data });
}

fn content<'a>(bytes: &'a [u8], range: &Range<u64>) -> &'a [u8] {
    let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
    bytes.get(at(range.start)..at(range.end)).unwrap_or_default()
}

/// The number of items in a section, and their bytes.
fn items_of(content: &[u8]) -> Option<(u32, &[u8])> {
    let mut reader = BinaryReader::new(content, 0);
    let count = reader.read_var_u32().ok()?;
    Some((count, reader.read_bytes(reader.bytes_remaining()).ok()?))
}

/// A heap type as it was read, for the encoder.
pub fn heap_type(ty: wasmparser::HeapType) -> Option<HeapType> {
    match ty {
        wasmparser::HeapType::Abstract { shared, ty } => Some(HeapType::Abstract { shared, ty: abstract_type(ty)? }),
        wasmparser::HeapType::Concrete(UnpackedIndex::Module(index)) => Some(HeapType::Concrete(index)),
        _ => None,
    }
}

fn abstract_type(ty: ReadHeapType) -> Option<AbstractHeapType> {
    Some(match ty {
        ReadHeapType::Func => AbstractHeapType::Func,
        ReadHeapType::Extern => AbstractHeapType::Extern,
        ReadHeapType::Any => AbstractHeapType::Any,
        ReadHeapType::None => AbstractHeapType::None,
        ReadHeapType::NoExtern => AbstractHeapType::NoExtern,
        ReadHeapType::NoFunc => AbstractHeapType::NoFunc,
        ReadHeapType::Eq => AbstractHeapType::Eq,
        ReadHeapType::Struct => AbstractHeapType::Struct,
        ReadHeapType::Array => AbstractHeapType::Array,
        ReadHeapType::I31 => AbstractHeapType::I31,
        ReadHeapType::Exn => AbstractHeapType::Exn,
        ReadHeapType::NoExn => AbstractHeapType::NoExn,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Constant, Conversion, Target, Wrappers};
    use crate::suite::wast::module::Module;

    /// The wrapped module is valid and prints these lines.
    fn check(text: &str, add: impl FnOnce(&mut Wrappers), lines: &[&str]) {
        let module = Module::read(wat::parse_str(text).unwrap()).unwrap();
        let mut wrappers = Wrappers::new(&module);
        add(&mut wrappers);
        let wrapped = wrappers.apply(&module);
        wasmparser::Validator::new().validate_all(&wrapped).unwrap();
        let printed = wasmlab_inspect::to_wat(&wrapped).unwrap();
        for line in lines {
            assert!(printed.contains(line), "{line}:\n{printed}");
        }
    }

    #[test]
    fn wrappers_pass_constants_and_return_bits() {
        check(
            r#"(module (func (export "f") (param f32 v128) (result f64 v128 i32) (f64.const 1) (local.get 1) (i32.const 2)))"#,
            |wrappers| {
                let args = [Constant::F32(0x7fa0_0000), Constant::V128([1; 16])];
                let results = [Conversion::F64, Conversion::V128, Conversion::I32];
                assert_eq!(wrappers.add(Target::Function(0), &args, &results), "wasmlab:0");
            },
            &["(export \"wasmlab:0\"", "f32.const nan:0x200000", "(result i64 i64 i64 i32)", "i64.reinterpret_f64"],
        );
        check(
            r#"(module (func (export "wasmlab:x") (param funcref) (result funcref) (local.get 0)))"#,
            |wrappers| {
                let null = Constant::Null(wasm_encoder::HeapType::FUNC);
                let name = wrappers.add(Target::Function(0), &[null], &[Conversion::IsNull]);
                assert_eq!(name, "wasmlab::0");
                wrappers.add(Target::Function(0), &[null], &[Conversion::Drop]);
            },
            &["ref.null func", "ref.is_null", "drop"],
        );
    }

    /// A module without functions or code gets these sections in their places.
    #[test]
    fn missing_sections_are_added_in_order() {
        check(
            r#"(module (global (export "g") f64 (f64.const 1)) (memory 1) (data (i32.const 0) "x"))"#,
            |wrappers| {
                wrappers.add(Target::Global(0), &[], &[Conversion::F64]);
            },
            &["global.get 0", "(data (;0;)"],
        );
    }
}
