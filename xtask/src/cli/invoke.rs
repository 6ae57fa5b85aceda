//! `--invoke`: the export to call and its arguments.

use std::path::Path;

use crate::reading;
use wasmlab_model::facts::{BinaryKind, Facts, Signature};
use wasmlab_model::text::{counted, form};
use wasmlab_protocol::Value;

mod values;

pub use values::typed;

/// The type of the export to call. `name`: the file's name in messages.
///
/// # Errors
/// If the file exports no such function: what it exports instead, and what to do.
pub fn signature<'a>(facts: &'a Facts, export: &str, name: &str, file: &Path) -> Result<&'a Signature, String> {
    let found = facts.exports.iter().find(|e| e.name == export);
    found.and_then(|e| e.signature.as_ref()).ok_or_else(|| {
        // If its interfaces cannot be read, the message names only its exports.
        let is_component = facts.kind == BinaryKind::Component;
        let interfaces = if is_component { reading::interfaces(file).unwrap_or_default() } else { Vec::new() };
        format!("{name} {}", wasmlab_judge::exports::not_callable(facts, export, &interfaces))
    })
}

/// The arguments as values of the function's parameter types.
///
/// # Errors
/// If there are too many or too few, or one is not of its type.
pub fn arguments(signature: &Signature, export: &str, args: &[String]) -> Result<Vec<Value>, String> {
    if signature.params.len() != args.len() {
        let wanted = signature.params.join(", ");
        let wanted = match signature.params.len() {
            0 => "no arguments".to_owned(),
            n => format!("{} ({wanted})", counted(n, "argument")),
        };
        let given = args.len();
        return Err(format!("`{export}` takes {wanted}, but {given} {} given", form(given, "was", "were")));
    }
    let value =
        |(ty, text): (&String, &String)| typed(ty, text).map_err(|why| format!("argument for `{export}`: {why}"));
    signature.params.iter().zip(args).map(value).collect()
}
