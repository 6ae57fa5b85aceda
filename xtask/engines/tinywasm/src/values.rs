//! Converts values between the lab and tinywasm.

use tinywasm::types::{FuncType, WasmType, WasmValue};
use wasmlab_engine::{call_args, func_text};
use wasmlab_protocol::{Call, Cause, Value};

/// The arguments of `call`, for an export of type `ty`.
pub(crate) fn args(call: &Call, ty: &FuncType) -> Result<Vec<WasmValue>, Cause> {
    call_args(call, ty.params().iter().copied(), from_lab, || text(ty))
}

/// A function type in the lab's notation.
pub(crate) fn text(ty: &FuncType) -> String {
    func_text(ty.params().iter().map(|t| name(*t)), ty.results().iter().map(|t| name(*t)))
}

/// A value type in the notation of the text format.
pub(crate) fn name(ty: WasmType) -> &'static str {
    match ty {
        WasmType::I32 => "i32",
        WasmType::I64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
        WasmType::V128 => "v128",
        WasmType::RefFunc => "funcref",
        WasmType::RefExtern => "externref",
    }
}

fn from_lab(value: &Value, ty: WasmType) -> Option<WasmValue> {
    Some(match (value, ty) {
        (Value::I32(v), WasmType::I32) => WasmValue::I32(*v),
        (Value::I64(v), WasmType::I64) => WasmValue::I64(*v),
        (Value::F32(v), WasmType::F32) => WasmValue::F32(*v),
        (Value::F64(v), WasmType::F64) => WasmValue::F64(*v),
        (Value::V128(bytes), WasmType::V128) => WasmValue::V128(*bytes),
        (Value::Ref { null: true }, WasmType::RefFunc | WasmType::RefExtern) => ty.default_value(),
        _ => return None,
    })
}

/// A value from tinywasm in the lab's form.
pub(crate) fn to_lab(value: &WasmValue) -> Value {
    match value {
        WasmValue::I32(v) => Value::I32(*v),
        WasmValue::I64(v) => Value::I64(*v),
        WasmValue::F32(v) => Value::F32(*v),
        WasmValue::F64(v) => Value::F64(*v),
        WasmValue::V128(bytes) => Value::V128(*bytes),
        WasmValue::RefFunc(v) => Value::Ref { null: v.is_null() },
        WasmValue::RefExtern(v) => Value::Ref { null: v.is_null() },
    }
}
