//! Translates the constants and expected results of a `.wast` file.

use wasm_encoder::AbstractHeapType;
use wasmlab_model::scenario::ExpectedValue;
use wasmlab_protocol::Value;
use wasmparser::{FuncType, ValType};
use wast::core::{NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wast::token::{F32, F64};
use wast::{WastArg, WastRet};

use super::wrap::{Constant, Conversion, heap_type};

/// Why a reference of the host cannot be passed or compared.
const HOST_REFERENCE: &str = "it needs a host reference, which only the host can create and compare";
const COMPONENT: &str = "it tests a component, and the lab's assertions are about modules";

/// The constant for a parameter of this type.
pub fn constant(arg: &WastArg, ty: Option<&ValType>) -> Result<Constant, String> {
    let WastArg::Core(arg) = arg else { return Err(COMPONENT.to_owned()) };
    Ok(match arg {
        WastArgCore::I32(value) => Constant::I32(*value),
        WastArgCore::I64(value) => Constant::I64(*value),
        WastArgCore::F32(value) => Constant::F32(value.bits),
        WastArgCore::F64(value) => Constant::F64(value.bits),
        WastArgCore::V128(value) => Constant::V128(value.to_le_bytes()),
        WastArgCore::RefNull(_) => {
            let found = match ty {
                Some(ValType::Ref(ty)) => heap_type(ty.heap_type()),
                _ => None,
            };
            Constant::Null(found.ok_or("the lab cannot write a null reference of this type")?)
        }
        WastArgCore::RefExtern(_) | WastArgCore::RefHost(_) => return Err(HOST_REFERENCE.to_owned()),
    })
}

/// Whether a number or a vector is a value of this type; references are checked where they are translated.
pub fn is_of(constant: &Constant, ty: &ValType) -> bool {
    match constant {
        Constant::I32(_) => *ty == ValType::I32,
        Constant::I64(_) => *ty == ValType::I64,
        Constant::F32(_) => *ty == ValType::F32,
        Constant::F64(_) => *ty == ValType::F64,
        Constant::V128(_) => *ty == ValType::V128,
        Constant::Null(_) => true,
    }
}

/// Whether a result of this type can be converted; references are checked where they are translated.
pub fn converts(conversion: &Conversion, ty: &ValType) -> bool {
    match conversion {
        Conversion::I32 => *ty == ValType::I32,
        Conversion::I64 => *ty == ValType::I64,
        Conversion::F32 => *ty == ValType::F32,
        Conversion::F64 => *ty == ValType::F64,
        Conversion::V128 => *ty == ValType::V128,
        Conversion::Drop => true,
        Conversion::IsNull | Conversion::IsNotNull | Conversion::Is(_) => matches!(ty, ValType::Ref(_)),
    }
}

/// The constant as the host passes it, if every host passes it unchanged.
pub fn integer(constant: Constant) -> Option<Value> {
    match constant {
        Constant::I32(value) => Some(Value::I32(value)),
        Constant::I64(value) => Some(Value::I64(value)),
        _ => None,
    }
}

/// Whether a function takes and returns only integers.
pub fn is_of_integers(ty: &FuncType) -> bool {
    ty.params().iter().chain(ty.results()).all(|ty| matches!(ty, ValType::I32 | ValType::I64))
}

/// The expected result of this type, and how to convert it to integers.
pub fn expected_value(expected: &WastRet, ty: &ValType) -> Result<(ExpectedValue, Conversion), String> {
    let WastRet::Core(expected) = expected else { return Err(COMPONENT.to_owned()) };
    core_value(expected, ty)
}

fn core_value(expected: &WastRetCore, ty: &ValType) -> Result<(ExpectedValue, Conversion), String> {
    let reference = |what, conversion| (ExpectedValue::Reference(what), conversion);
    let is_internal = !matches!(ty, ValType::Ref(ty) if ty.is_extern_ref() || ty.is_func_ref());
    let is = |what, ty| match is_internal {
        true => Ok(reference(what, Conversion::Is(ty))),
        false => Err(format!("it expects {what} where no such reference can be")),
    };
    Ok(match expected {
        WastRetCore::I32(value) => (ExpectedValue::Bits32(*value as u32), Conversion::I32),
        WastRetCore::I64(value) => (ExpectedValue::Bits64(*value as u64), Conversion::I64),
        WastRetCore::F32(pattern) => (f32(pattern), Conversion::F32),
        WastRetCore::F64(pattern) => (f64(pattern), Conversion::F64),
        WastRetCore::V128(pattern) => (v128(pattern), Conversion::V128),
        WastRetCore::RefNull(_) => reference("a null reference", Conversion::IsNull),
        WastRetCore::RefExtern(None) | WastRetCore::RefFunc(_) | WastRetCore::RefAny => {
            reference("a reference", Conversion::IsNotNull)
        }
        WastRetCore::RefEq => is("an eqref", AbstractHeapType::Eq)?,
        WastRetCore::RefArray => is("an arrayref", AbstractHeapType::Array)?,
        WastRetCore::RefStruct => is("a structref", AbstractHeapType::Struct)?,
        WastRetCore::RefI31 => is("an i31ref", AbstractHeapType::I31)?,
        WastRetCore::RefExtern(Some(_)) | WastRetCore::RefHost(_) => return Err(HOST_REFERENCE.to_owned()),
        WastRetCore::RefI31Shared => return Err("the lab cannot test a shared reference".to_owned()),
        WastRetCore::Either(cases) => {
            let cases: Vec<(ExpectedValue, Conversion)> =
                cases.iter().map(|case| core_value(case, ty)).collect::<Result<_, _>>()?;
            let Some(conversion) = cases.first().map(|(_, conversion)| *conversion) else {
                return Err("its `either` has no case".to_owned());
            };
            if cases.iter().any(|(_, other)| *other != conversion) {
                return Err("its `either` has cases of several kinds of references".to_owned());
            }
            (ExpectedValue::Either(cases.into_iter().map(|(wanted, _)| wanted).collect()), conversion)
        }
    })
}

fn f32(pattern: &NanPattern<F32>) -> ExpectedValue {
    match pattern {
        NanPattern::CanonicalNan => ExpectedValue::Canonical32,
        NanPattern::ArithmeticNan => ExpectedValue::Arithmetic32,
        NanPattern::Value(value) => ExpectedValue::Bits32(value.bits),
    }
}

fn f64(pattern: &NanPattern<F64>) -> ExpectedValue {
    match pattern {
        NanPattern::CanonicalNan => ExpectedValue::Canonical64,
        NanPattern::ArithmeticNan => ExpectedValue::Arithmetic64,
        NanPattern::Value(value) => ExpectedValue::Bits64(value.bits),
    }
}

fn v128(pattern: &V128Pattern) -> ExpectedValue {
    let words = |bytes: Vec<u8>| {
        let word = |chunk: &[u8]| chunk.iter().rev().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
        bytes.chunks(8).map(|chunk| ExpectedValue::Bits64(word(chunk))).collect()
    };
    ExpectedValue::Lanes(match pattern {
        V128Pattern::I8x16(lanes) => words(lanes.iter().flat_map(|lane| lane.to_le_bytes()).collect()),
        V128Pattern::I16x8(lanes) => words(lanes.iter().flat_map(|lane| lane.to_le_bytes()).collect()),
        V128Pattern::I32x4(lanes) => words(lanes.iter().flat_map(|lane| lane.to_le_bytes()).collect()),
        V128Pattern::I64x2(lanes) => words(lanes.iter().flat_map(|lane| lane.to_le_bytes()).collect()),
        V128Pattern::F32x4(lanes) => lanes.iter().map(f32).collect(),
        V128Pattern::F64x2(lanes) => lanes.iter().map(f64).collect(),
    })
}
