//! Converts values between the lab and wasmtime.

use wasmlab_engine::{call_args, func_text};
use wasmlab_protocol::{Call, Cause, Value};
use wasmtime::{FuncType, V128, Val, ValType};

use crate::api;

/// The arguments of `call`, for an export of type `ty`.
pub(crate) fn args(call: &Call, ty: &FuncType) -> Result<Vec<Val>, Cause> {
    call_args(call, ty.params(), |value, ty| from_lab(value, &ty), || text(ty))
}

/// A function type in the lab's notation.
pub(crate) fn text(ty: &FuncType) -> String {
    func_text(ty.params(), ty.results())
}

fn from_lab(value: &Value, ty: &ValType) -> Option<Val> {
    Some(match (value, ty) {
        (Value::I32(v), ValType::I32) => Val::I32(*v),
        (Value::I64(v), ValType::I64) => Val::I64(*v),
        (Value::F32(v), ValType::F32) => Val::F32(v.to_bits()),
        (Value::F64(v), ValType::F64) => Val::F64(v.to_bits()),
        (Value::V128(v), ValType::V128) => Val::V128(V128::from(u128::from_le_bytes(*v))),
        (Value::Ref { null: true }, ValType::Ref(ty)) if ty.is_nullable() => Val::null_ref(ty.heap_type()),
        _ => return None,
    })
}

/// A value from wasmtime in the lab's form.
pub(crate) fn to_lab(value: &Val) -> Value {
    match value {
        Val::I32(v) => Value::I32(*v),
        Val::I64(v) => Value::I64(*v),
        Val::F32(bits) => Value::F32(f32::from_bits(*bits)),
        Val::F64(bits) => Value::F64(f64::from_bits(*bits)),
        Val::V128(v) => Value::V128(v.as_u128().to_le_bytes()),
        Val::FuncRef(v) => Value::Ref { null: v.is_none() },
        Val::ExternRef(v) => Value::Ref { null: v.is_none() },
        Val::AnyRef(v) => Value::Ref { null: v.is_none() },
        other => Value::Ref { null: api::is_null(other) },
    }
}
