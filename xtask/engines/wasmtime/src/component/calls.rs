//! Calls exports of a component, with numbers, booleans and strings.

use wasmlab_engine::{EventLog, call_args, not_attempted};
use wasmlab_protocol::{Call, Cause, CellSpec, Stage, Value};
use wasmtime::component::types::Type;
use wasmtime::component::{InstancePre, Val};

use super::host::{self, Host};
use crate::api;
use crate::cause::of_running;

/// A function type: parameters by name, and results.
pub(crate) struct Signature {
    pub(crate) params: Vec<(String, Type)>,
    pub(crate) results: Vec<Type>,
}

/// Makes `calls` on one instance.
pub(crate) async fn run(
    spec: &CellSpec,
    log: &EventLog,
    unlinked: InstancePre<Host>,
    calls: &[Call],
) -> Result<(), Cause> {
    let mut store = host::store(unlinked.engine(), spec)?;
    log.stage(Stage::Instantiate);
    let instance = unlinked.instantiate_async(&mut store).await.map_err(|e| of_running(&e, Stage::Instantiate))?;
    log.stage(Stage::Run);
    for call in calls {
        let no_export = || Cause::MissingExport { name: call.export.clone() };
        let func = instance.get_func(&mut store, call.export.as_str()).ok_or_else(no_export)?;
        let ty = api::signature(&func, &store);
        let args = args(call, &ty)?;
        let mut results = vec![Val::Bool(false); ty.results.len()];
        api::call(&func, &mut store, &args, &mut results).await.map_err(|e| of_running(&e, Stage::Run))?;
        let results = results.iter().map(to_lab).collect::<Result<_, _>>()?;
        log.call_returned(&call.export, results);
    }
    Ok(())
}

/// The arguments of `call`, for an export of type `ty`.
fn args(call: &Call, ty: &Signature) -> Result<Vec<Val>, Cause> {
    call_args(call, ty.params.iter(), |value, (_, ty)| from_lab(value, ty), || text(ty))
}

/// A function type in WIT notation.
fn text(ty: &Signature) -> String {
    let params: Vec<_> = ty.params.iter().map(|(name, ty)| format!("{name}: {}", type_name(ty))).collect();
    let results: Vec<_> = ty.results.iter().map(type_name).collect();
    let arrow = if results.is_empty() { "" } else { " -> " };
    format!("func({}){arrow}{}", params.join(", "), results.join(", "))
}

fn type_name(ty: &Type) -> String {
    format!("{ty:?}").split('(').next().unwrap_or_default().to_lowercase()
}

/// The lab's `i32` and `i64` stand for all integers of up to that many bits, signed or unsigned.
fn from_lab(value: &Value, ty: &Type) -> Option<Val> {
    Some(match (value, ty) {
        (Value::I32(v), Type::Bool) => Val::Bool(*v != 0),
        (Value::I32(v), Type::S8) => Val::S8((*v).try_into().ok()?),
        (Value::I32(v), Type::U8) => Val::U8((*v).try_into().ok()?),
        (Value::I32(v), Type::S16) => Val::S16((*v).try_into().ok()?),
        (Value::I32(v), Type::U16) => Val::U16((*v).try_into().ok()?),
        (Value::I32(v), Type::S32) => Val::S32(*v),
        (Value::I32(v), Type::U32) => Val::U32(v.cast_unsigned()),
        (Value::I64(v), Type::S64) => Val::S64(*v),
        (Value::I64(v), Type::U64) => Val::U64(v.cast_unsigned()),
        (Value::F32(v), Type::Float32) => Val::Float32(*v),
        (Value::F64(v), Type::Float64) => Val::Float64(*v),
        (Value::Text(v), Type::String) => Val::String(v.clone()),
        _ => return None,
    })
}

/// The reverse of [`from_lab`], for results.
fn to_lab(value: &Val) -> Result<Value, Cause> {
    Ok(match value {
        Val::Bool(v) => Value::I32((*v).into()),
        Val::S8(v) => Value::I32((*v).into()),
        Val::U8(v) => Value::I32((*v).into()),
        Val::S16(v) => Value::I32((*v).into()),
        Val::U16(v) => Value::I32((*v).into()),
        Val::S32(v) => Value::I32(*v),
        Val::U32(v) => Value::I32(v.cast_signed()),
        Val::S64(v) => Value::I64(*v),
        Val::U64(v) => Value::I64(v.cast_signed()),
        Val::Float32(v) => Value::F32(*v),
        Val::Float64(v) => Value::F64(*v),
        Val::String(v) => Value::Text(v.clone()),
        other => {
            let reason = format!("the lab cannot represent the result {other:?}");
            return Err(not_attempted("component-values", reason));
        }
    })
}
