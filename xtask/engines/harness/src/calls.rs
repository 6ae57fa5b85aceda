//! Calls of a module's exports.

use wasmlab_protocol::{Call, Cause, CellSpec, EntryPoint, Stage, Value};

use crate::EventLog;

/// An instance of a core module.
pub trait ModuleInstance {
    /// Calls `_initialize`, if it is exported.
    ///
    /// # Errors
    /// Why the call ended the guest.
    fn initialize(&mut self) -> Result<(), Cause>;

    /// Calls an export and returns its results.
    ///
    /// # Errors
    /// Why the export cannot be called, or why the call ended the guest.
    fn invoke(&mut self, call: &Call) -> Result<Vec<Value>, Cause>;
}

/// The run stage: calls `_start`, or `_initialize` and the specification's calls.
///
/// # Errors
/// Why a call ended the guest.
pub fn run_entry_point(spec: &CellSpec, log: &EventLog, instance: &mut dyn ModuleInstance) -> Result<(), Cause> {
    log.stage(Stage::Run);
    let calls = match &spec.entry {
        EntryPoint::Calls(calls) => calls,
        // Only components can handle HTTP.
        EntryPoint::Http { .. } => {
            return Err(Cause::MissingExport { name: "wasi:http/incoming-handler".to_owned() });
        }
        EntryPoint::Command => {
            return instance.invoke(&Call { export: "_start".to_owned(), args: vec![] }).map(drop);
        }
    };
    instance.initialize()?;
    for call in calls {
        let results = instance.invoke(call)?;
        log.call_returned(&call.export, results);
    }
    Ok(())
}

/// Converts the arguments of `call` to the engine's values, for an export with these parameter types. `type_text` is
/// the export's type, for the message.
///
/// # Errors
/// If the number or a type of the arguments is wrong.
pub fn call_args<T, V>(
    call: &Call,
    params: impl ExactSizeIterator<Item = T>,
    from_lab: impl Fn(&Value, T) -> Option<V>,
    type_text: impl Fn() -> String,
) -> Result<Vec<V>, Cause> {
    let wrong = || wrong_args(call, &type_text());
    // `_start` takes no parameters: an export of that name that does is not an entry point.
    if call.export == "_start" && call.args.is_empty() && params.len() > 0 {
        return Err(Cause::MissingExport { name: call.export.clone() });
    }
    if call.args.len() != params.len() {
        return Err(wrong());
    }
    call.args.iter().zip(params).map(|(value, ty)| from_lab(value, ty).ok_or_else(wrong)).collect()
}

/// The cause for a call whose arguments do not match the type of the export.
fn wrong_args(call: &Call, ty: &str) -> Cause {
    let args: Vec<_> = call.args.iter().map(ToString::to_string).collect();
    let message = format!("export `{}` is {ty}; the cell calls it with ({})", call.export, args.join(", "));
    Cause::EngineError { message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_must_match_in_number_and_type() {
        let args = |values: &[Value]| {
            let call = Call { export: "f".to_owned(), args: values.to_vec() };
            let from_lab = |value: &Value, ty: &str| match (value, ty) {
                (Value::I32(v), "i32") => Some(*v),
                _ => None,
            };
            call_args(&call, ["i32"].into_iter(), from_lab, || "func (i32)".to_owned())
        };
        assert_eq!(args(&[Value::I32(7)]), Ok(vec![7]));
        let wrong = |text: &str| {
            let message = format!("export `f` is func (i32); the cell calls it with ({text})");
            Err(Cause::EngineError { message })
        };
        assert_eq!(args(&[]), wrong(""));
        assert_eq!(args(&[Value::I64(7)]), wrong("i64:7"));
        assert_eq!(args(&[Value::I32(7), Value::I32(8)]), wrong("i32:7, i32:8"));
        let program = Call { export: "_start".to_owned(), args: vec![] };
        let called = call_args(&program, ["i32"].into_iter(), |_, _| Some(0), || "func (i32)".to_owned());
        assert_eq!(called, Err(Cause::MissingExport { name: "_start".to_owned() }));
    }
}
