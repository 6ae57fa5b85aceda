//! Converts values between the lab and wasmi.

use wasmi::{F32, F64, FuncType, Nullable, V128, Val, ValType};
use wasmlab_engine::{call_args, func_text};
use wasmlab_protocol::{Call, Cause, Value};

/// The arguments of `call`, for an export of type `ty`.
pub(crate) fn args(call: &Call, ty: &FuncType) -> Result<Vec<Val>, Cause> {
    call_args(call, ty.params().iter().copied(), from_lab, || text(ty))
}

/// A function type in the lab's notation.
pub(crate) fn text(ty: &FuncType) -> String {
    func_text(ty.params().iter().map(|t| name(*t)), ty.results().iter().map(|t| name(*t)))
}

/// A value type in the notation of the text format.
pub(crate) fn name(ty: ValType) -> String {
    format!("{ty:?}").to_lowercase()
}

fn from_lab(value: &Value, ty: ValType) -> Option<Val> {
    Some(match (value, ty) {
        (Value::I32(v), ValType::I32) => Val::I32(*v),
        (Value::I64(v), ValType::I64) => Val::I64(*v),
        (Value::F32(v), ValType::F32) => Val::F32(F32::from(*v)),
        (Value::F64(v), ValType::F64) => Val::F64(F64::from(*v)),
        (Value::V128(v), ValType::V128) => Val::V128(V128::from(u128::from_le_bytes(*v))),
        (Value::Ref { null: true }, ValType::FuncRef | ValType::ExternRef) => Val::default_for_ty(ty),
        _ => return None,
    })
}

/// A value from wasmi in the lab's form.
pub(crate) fn to_lab(value: &Val) -> Value {
    match value {
        Val::I32(v) => Value::I32(*v),
        Val::I64(v) => Value::I64(*v),
        Val::F32(v) => Value::F32(v.to_float()),
        Val::F64(v) => Value::F64(v.to_float()),
        Val::V128(v) => Value::V128(v.as_u128().to_le_bytes()),
        Val::FuncRef(v) => Value::Ref { null: matches!(v, Nullable::Null) },
        Val::ExternRef(v) => Value::Ref { null: matches!(v, Nullable::Null) },
    }
}
