//! Converts values between the lab and wasmer.

use wasmer::{FunctionType, Type, Value as Val};
use wasmlab_engine::{call_args, func_text};
use wasmlab_protocol::{Call, Cause, Value};

/// The arguments of `call`, for an export of type `ty`.
pub(crate) fn args(call: &Call, ty: &FunctionType) -> Result<Vec<Val>, Cause> {
    call_args(call, ty.params().iter().copied(), from_lab, || text(ty))
}

/// A function type in the lab's notation.
pub(crate) fn text(ty: &FunctionType) -> String {
    func_text(ty.params().iter().map(|t| name(*t)), ty.results().iter().map(|t| name(*t)))
}

/// A value type in the notation of the text format.
pub(crate) fn name(ty: Type) -> String {
    ty.to_string().to_lowercase()
}

/// Zero, or the null reference, of a type.
pub(crate) fn zero(ty: Type) -> Val {
    match ty {
        Type::I32 => Val::I32(0),
        Type::I64 => Val::I64(0),
        Type::F32 => Val::F32(0.0),
        Type::F64 => Val::F64(0.0),
        Type::V128 => Val::V128(0),
        Type::ExternRef => Val::ExternRef(None),
        Type::FuncRef => Val::FuncRef(None),
        Type::ExceptionRef => Val::ExceptionRef(None),
    }
}

fn from_lab(value: &Value, ty: Type) -> Option<Val> {
    Some(match (value, ty) {
        (Value::I32(v), Type::I32) => Val::I32(*v),
        (Value::I64(v), Type::I64) => Val::I64(*v),
        (Value::F32(v), Type::F32) => Val::F32(*v),
        (Value::F64(v), Type::F64) => Val::F64(*v),
        (Value::V128(v), Type::V128) => Val::V128(u128::from_le_bytes(*v)),
        (Value::Ref { null: true }, Type::ExternRef | Type::FuncRef | Type::ExceptionRef) => zero(ty),
        _ => return None,
    })
}

/// A value from wasmer in the lab's form.
pub(crate) fn to_lab(value: &Val) -> Value {
    match value {
        Val::I32(v) => Value::I32(*v),
        Val::I64(v) => Value::I64(*v),
        Val::F32(v) => Value::F32(*v),
        Val::F64(v) => Value::F64(*v),
        Val::V128(v) => Value::V128(v.to_le_bytes()),
        Val::ExternRef(v) => Value::Ref { null: v.is_none() },
        Val::FuncRef(v) => Value::Ref { null: v.is_none() },
        Val::ExceptionRef(v) => Value::Ref { null: v.is_none() },
    }
}
