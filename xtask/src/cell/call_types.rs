//! Compares the calls of a scenario with the types of the module's exports. A call of the wrong type is the scenario's
//! fault, so no runtime is asked to make it.

use wasmlab_model::facts::{Facts, Signature};
use wasmlab_model::scenario::ExpectedCall;
use wasmlab_model::verdict::NotAttempted;
use wasmlab_protocol::Value;

/// The reason why a call cannot be made, if its values do not have the types of its export. An export that is missing
/// is left to the runtimes.
pub fn not_attempted(calls: &[ExpectedCall], facts: &Facts) -> Option<NotAttempted> {
    let mismatch = |(index, call): (usize, &ExpectedCall)| {
        let export = facts.exports.iter().find(|export| export.name == call.export)?;
        let why = mismatch(call, export.signature.as_ref()?)?;
        Some(format!("`run.call[{index}]` in scenario.toml: {why}: correct the call"))
    };
    let reason = calls.iter().enumerate().find_map(mismatch)?;
    Some(NotAttempted { subject: "call", reason })
}

fn mismatch(call: &ExpectedCall, signature: &Signature) -> Option<String> {
    let Signature { params, results } = signature;
    if !are_of(&call.args, params) {
        return Some(format!("`{}` takes ({}), and gets ({})", call.export, params.join(", "), types(&call.args)));
    }
    let expected = call.results.as_ref().filter(|expected| !are_of(expected, results))?;
    Some(format!("`{}` returns ({}), and ({}) is expected", call.export, results.join(", "), types(expected)))
}

fn are_of(values: &[Value], types: &[String]) -> bool {
    values.len() == types.len() && std::iter::zip(values, types).all(|(value, ty)| is_of(value, ty))
}

/// Whether a value can have this type of a module or component.
fn is_of(value: &Value, ty: &str) -> bool {
    match (value, ty) {
        (_, "i32" | "i64" | "f32" | "f64" | "v128") => type_of(value) == ty,
        (Value::Text(_), ty) => ty == "string",
        (_, "string") => false,
        _ => true,
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::I32(_) => "i32",
        Value::I64(_) => "i64",
        Value::F32(_) => "f32",
        Value::F64(_) => "f64",
        Value::V128(_) => "v128",
        Value::Ref { .. } => "a reference",
        Value::Text(_) => "string",
    }
}

fn types(values: &[Value]) -> String {
    values.iter().map(type_of).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::not_attempted;
    use wasmlab_model::scenario::ExpectedCall;

    #[test]
    fn a_call_of_another_type_is_not_made() {
        let module = wat::parse_str(
            "(module (func (export \"add\") (param i32 i64) (result i32) (i32.const 0)) (func (export \"none\")))",
        );
        let facts = wasmlab_inspect::facts(&module.unwrap()).unwrap();
        let check = |call: serde_json::Value, expected: Option<&str>| {
            let call: ExpectedCall = serde_json::from_value(call.clone()).unwrap();
            let found = not_attempted(&[call], &facts).map(|found| found.reason);
            let expected = expected.map(|why| format!("`run.call[0]` in scenario.toml: {why}: correct the call"));
            assert_eq!(found, expected);
        };
        let call = |export: &str, args: &[&str], results: &[&str]| serde_json::json!({ "export": export, "args": args, "results": results });
        check(call("add", &["i32:1", "i64:2"], &["i32:3"]), None);
        check(call("none", &[], &[]), None);
        check(call("absent", &["i32:1"], &[]), None);
        check(call("add", &["i32:1"], &["i32:3"]), Some("`add` takes (i32, i64), and gets (i32)"));
        check(call("add", &["i32:1", "f64:2"], &["i32:3"]), Some("`add` takes (i32, i64), and gets (i32, f64)"));
        check(call("add", &["i32:1", "i64:2"], &["i64:3"]), Some("`add` returns (i32), and (i64) is expected"));
        check(call("none", &[], &["i32:1"]), Some("`none` returns (), and (i32) is expected"));
    }
}
